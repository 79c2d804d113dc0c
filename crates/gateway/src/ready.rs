//! `GET /readyz`: whether requests can be served, and what is degraded and why.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use serde_json::json;
use wayleave_model::time::Tick;

use crate::gateway::Gateway;

/// A database that has been silent for longer than its poll is worth a word.
const SILENCE: Duration = Duration::from_secs(5);

/// 200 with what is degraded while requests can be served; 503 only when they cannot: draining,
/// no configuration, or a spool that takes no more.
pub fn report(gateway: &Gateway) -> (StatusCode, Vec<u8>) {
    let mut degraded = Vec::new();
    let heard = Tick::default().plus_micros(gateway.confirmed.load(Ordering::Relaxed));
    let silence = Duration::from_micros(gateway.recorder.clock.tick().micros_since(heard));
    if silence > SILENCE {
        let text = format!("the database has not answered for {} s: usage waits in the spool", silence.as_secs());
        degraded.push(json!({"code": "database_unavailable", "message": text}));
    }
    let mut down = Vec::new();
    if gateway.draining.load(Ordering::Relaxed) {
        down.push(json!({"code": "draining", "message": "the process is shutting down"}));
    }
    let world = gateway.world.load();
    if world.revision == 0 {
        down.push(json!({"code": "no_configuration", "message": "no configuration has been read yet"}));
    }
    if let Err(err) = gateway.recorder.spool.writable() {
        down.push(json!({"code": "spool_not_writable", "message": err.to_string()}));
    }
    let status = if down.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let (workspaces, aliases, keys) = world.sizes();
    let body = json!({
        "status": if !down.is_empty() { "unavailable" } else if degraded.is_empty() { "ready" } else { "degraded" },
        "degraded": degraded,
        "unavailable": down,
        "revision": world.revision,
        "workspaces": workspaces,
        "aliases": aliases,
        "keys": keys,
    });
    (status, body.to_string().into_bytes())
}
