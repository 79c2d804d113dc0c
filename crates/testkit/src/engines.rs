//! One test on both databases.

use crate::postgres::Postgres;
use crate::{Gateway, Setup, Start};

/// Runs the test against a server on SQLite, then against one on PostgreSQL, each with that setup.
///
/// # Panics
/// When a server does not come up, as where PostgreSQL is not installed: nothing is left out in silence.
pub async fn on_each_engine(binary: &str, setup: &Setup, test: impl AsyncFn(Gateway)) {
    let start = || Start::new(binary).setup(&setup.text());
    test(start().up().await).await;
    let postgres = Postgres::start().await;
    test(start().flag("--database", postgres.url()).switch("--migrate").up().await).await;
}
