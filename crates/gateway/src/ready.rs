//! `GET /readyz`: whether requests can be served, and what is degraded and why.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use crate::gateway::Gateway;

/// A database that has been silent for longer than its poll is worth a word.
const SILENCE: Duration = Duration::from_secs(5);

/// 200 with what is degraded while requests can be served; 503 only when they cannot: draining,
/// no configuration, or a spool that takes no more.
pub fn report(gateway: &Gateway) -> (StatusCode, Vec<u8>) {
    let mut degraded = Vec::new();
    let silence = gateway.database_silence();
    if silence > SILENCE {
        let text = format!(
            "the database has not answered for {} s: usage waits in the spool",
            silence.as_secs()
        );
        degraded.push(json!({"code": "database_unavailable", "message": text}));
    }
    let mut down = Vec::new();
    if gateway.draining.load(Ordering::Relaxed) {
        down.push(json!({"code": "draining", "message": "the process is shutting down"}));
    }
    let world = gateway.world.load();
    if world.revision == 0 {
        down.push(
            json!({"code": "no_configuration", "message": "no configuration has been read yet"}),
        );
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;
    use wayleave_model::Clock;

    use super::*;
    use crate::testing::{self, NOON};
    use crate::world::World;

    struct Bench {
        clock: Clock,
        gateway: Arc<Gateway>,
        /// Last: it goes when nothing writes there any more.
        _folder: tempfile::TempDir,
    }

    impl Bench {
        async fn new(world: World) -> Bench {
            let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::manual(NOON));
            let store = testing::store(folder.path(), &clock).await;
            let gateway = testing::gateway(folder.path(), &clock, &store, world);
            Bench { _folder: folder, clock, gateway }
        }

        /// Status, word, and what is wrong.
        fn report(&self) -> (u16, String, Vec<String>) {
            let (status, body) = report(&self.gateway);
            let body: Value = serde_json::from_slice(&body).unwrap();
            let codes =
                ["degraded", "unavailable"].iter().flat_map(|list| body[list].as_array().unwrap());
            let codes = codes.map(|it| it["code"].as_str().unwrap().to_owned()).collect();
            (status.as_u16(), body["status"].as_str().unwrap().to_owned(), codes)
        }
    }

    #[tokio::test]
    async fn a_node_that_serves_is_ready() {
        let bench = Bench::new(testing::world(vec![testing::part(100)])).await;
        assert_eq!(bench.report(), (200, "ready".into(), vec![]));
        let (_, body) = report(&bench.gateway);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((&body["keys"], &body["aliases"]), (&Value::from(1), &Value::from(1)));
    }

    #[tokio::test]
    async fn a_silent_database_degrades_and_does_not_stop_a_node() {
        let bench = Bench::new(testing::world(vec![])).await;
        bench.clock.advance(5_000_000);
        assert_eq!(bench.report().1, "ready");
        bench.clock.advance(1_000_000);
        assert_eq!(bench.report(), (200, "degraded".into(), vec!["database_unavailable".into()]));
    }

    #[tokio::test]
    async fn a_node_on_its_way_out_or_without_a_world_is_not_ready() {
        let bench = Bench::new(testing::world(vec![])).await;
        bench.gateway.draining.store(true, Ordering::Relaxed);
        assert_eq!(bench.report(), (503, "unavailable".into(), vec!["draining".into()]));
        let bench = Bench::new(World::default()).await;
        assert_eq!(bench.report(), (503, "unavailable".into(), vec!["no_configuration".into()]));
    }

    #[tokio::test]
    async fn a_full_spool_makes_a_node_unready() {
        let bench = Bench::new(testing::world(vec![])).await;
        for size in [30_000, 100, 0] {
            while bench.gateway.recorder.spool.append(1, &[b'x'; 30_000][..size]).is_ok() {}
        }
        assert_eq!(bench.report(), (503, "unavailable".into(), vec!["spool_not_writable".into()]));
    }
}
