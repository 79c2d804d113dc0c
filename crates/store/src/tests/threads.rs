//! Futures of the store can be spawned and awaited in handlers.

use wayleave_model::id::{AliasId, ModelId, ProviderId};

use crate::*;

fn crosses_threads<T: Send>(future: T) -> T {
    future
}

/// Compiled, never run: what is promised is a type.
#[expect(dead_code, reason = "the compiler is the test")]
async fn every_kind_of_call_crosses_threads(store: Store, mut change: Change, id: ProviderId) {
    let workspace = change.workspace();
    drop(crosses_threads(store.append(&[])).await);
    drop(crosses_threads(store.snapshot()).await);
    drop(crosses_threads(store.rewrap()).await);
    drop(crosses_threads(store.backup_to(std::path::Path::new("x"))).await);
    drop(crosses_threads(store.feed(0).changed()).await);
    drop(crosses_threads(store.change(workspace, &Actor::system("x"), "")).await);
    drop(crosses_threads(providers::delete(&mut change, id, None)).await);
    drop(crosses_threads(models::delete(&mut change, ModelId(id.0), None)).await);
    drop(crosses_threads(aliases::restore(&mut change, AliasId(id.0), None, 1)).await);
    let mut tx = store.read().await;
    if let Ok(tx) = &mut tx {
        drop(crosses_threads(audit::verify(tx, workspace)).await);
        let filter = usage::UsageFilter::all(workspace);
        drop(crosses_threads(usage::list(tx, &filter)).await);
    }
    drop(crosses_threads(change.commit()).await);
}
