//! `wayleave whoami`: who asks, and what they may do.

use serde_json::Value;

use crate::cli::Context;
use crate::exit::Failure;
use crate::output::{Out, cell};

/// Says it.
pub async fn run(context: &Context<'_>, out: &mut Out<'_>) -> Result<(), Failure> {
    let me = context.client()?.get("/api/v1/me").await?.body;
    let mut lines = cell(me.get("name"));
    if me["operator"] == true {
        lines.push_str(", operator of the instance");
    }
    for place in me["workspaces"].as_array().into_iter().flatten() {
        let text = |name: &str| place.get(name).and_then(Value::as_str).unwrap_or_default();
        lines.push_str(&format!("\n{} of {}", text("role"), text("name")));
    }
    out.said(&me, &lines)?;
    Ok(())
}
