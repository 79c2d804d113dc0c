//! `wayleave version`: which binary this is, and which schema it was written for.

use serde_json::json;

use crate::exit::Failure;
use crate::output::Out;

/// Prints it.
pub fn run(out: &mut Out<'_>) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let value = json!({"version": version, "schema": wayleave_store::SCHEMA});
    Ok(out.said(&value, &format!("wayleave {version}"))?)
}
