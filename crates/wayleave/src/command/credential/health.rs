//! How a credential fares on one node, as `wayleave credential health` shows it.

use serde_json::{Value, json};

use crate::exit::Failure;
use crate::output::Out;

/// How a credential fares: for all models, and for each.
pub(super) fn shown(fares: &Value, out: &mut Out<'_>) -> Result<(), Failure> {
    if out.is_json() {
        return Ok(out.said(fares, "")?);
    }
    let mut rows = Vec::new();
    if let Some(all) = fares.get("all_models").filter(|it| !it.is_null()) {
        let mut all = all.clone();
        all["model"] = json!("(all)");
        rows.push(all);
    }
    rows.extend(fares["models"].as_array().into_iter().flatten().cloned());
    let columns = [
        ("MODEL", "/model"),
        ("STATE", "/state"),
        ("CAUSE", "/cause"),
        ("SINCE", "/since"),
        ("SECONDS LEFT", "/seconds_left"),
        ("FAILURES", "/failures"),
        ("QUARANTINED", "/quarantined"),
        ("IN FLIGHT", "/in_flight"),
        ("FIRST BYTE MS", "/first_byte_ms"),
    ];
    Ok(out.list(&rows, &columns)?)
}
