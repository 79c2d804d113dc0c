//! A PostgreSQL of a test's own, which it may stop and start again.

use std::path::Path;

use tempfile::TempDir;
use tokio::process::Command;

/// The repository's script that runs throwaway servers.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres.sh");

/// A server in a folder of its own. Dropped, it is stopped.
pub struct Postgres {
    folder: TempDir,
    url: String,
}

impl Postgres {
    /// A new server.
    ///
    /// # Panics
    /// When it does not come up, as where PostgreSQL is not installed: nothing is left out in silence.
    pub async fn start() -> Postgres {
        let folder = TempDir::with_prefix("wayleave-postgres-").expect("a folder");
        let url = script("start", folder.path()).await;
        Postgres { folder, url }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it, whoever is connected. Not by a crash: the server was set up to be fast and would
    /// lose what it had committed, which is nothing that those who wrote it could mend.
    ///
    /// # Panics
    /// When it cannot be stopped.
    pub async fn stop(&self) {
        let output =
            Command::new(SCRIPT).arg("stop").arg(self.folder.path()).arg("fast").output().await;
        assert!(output.is_ok_and(|it| it.status.success()), "PostgreSQL could not be stopped");
    }

    /// Starts it again, at the same URL.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start_again(&self) {
        assert_eq!(script("start", self.folder.path()).await, self.url);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A server that was stopped already is no failure.
        let _ = std::process::Command::new(SCRIPT)
            .arg("stop")
            .arg(self.folder.path())
            .arg("immediate")
            .output();
    }
}

async fn script(verb: &str, folder: &Path) -> String {
    let output =
        Command::new(SCRIPT).arg(verb).arg(folder).output().await.expect("scripts/postgres.sh");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "PostgreSQL: {stderr}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
