//! Models of a workspace that fit what is asked, page by page.

use wayleave_model::id::{ProviderId, WorkspaceId};
use wayleave_model::page::Page;
use wayleave_model::provider::ModelType;
use wayleave_model::target::Model;

use super::{priced, rows};
use crate::db::Tx;
use crate::error::StoreError;
use crate::page::{Listing, by_id};

/// Which models of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelFilter {
    /// Only those of this provider.
    pub provider: Option<ProviderId>,
    /// Only those of this type.
    pub model_type: Option<ModelType>,
    /// Only those that are enabled, or are not.
    pub enabled: Option<bool>,
    /// Only those that the workspace made, or the catalog.
    pub custom: Option<bool>,
}

/// The models of a workspace that fit `filter` and of which `keep` says so.
///
/// # Errors
/// [`StoreError::BadCursor`].
pub async fn search(
    tx: &mut Tx,
    workspace: WorkspaceId,
    filter: &ModelFilter,
    keep: &(dyn Fn(&Model) -> bool + Sync),
    listing: &Listing,
) -> Result<Page<Model>, StoreError> {
    let wanted = usize::try_from(listing.fetch()).unwrap_or(usize::MAX);
    let mut before = listing.before()?;
    let mut found = Vec::new();
    loop {
        let rows = rows(tx, workspace, filter, before, listing.fetch()).await?;
        let (count, last) = (rows.len(), rows.last().map(|row| row.id));
        found.extend(priced(tx, workspace, rows).await?.into_iter().filter(|it| keep(it)));
        match last {
            Some(last) if count == wanted && found.len() < wanted => before = last,
            _ => break,
        }
    }
    Ok(listing.page(found, |it: &Model| by_id(it.id.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ModelDraft, create};
    use crate::testing::{each_engine, model_draft};

    #[tokio::test]
    async fn g7_models_are_found_by_what_they_are_and_no_page_misses_one() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s").await;
            let mut change = bench.change(shop.workspace).await;
            for at in 0..20 {
                let draft = ModelDraft {
                    model_type: [ModelType::Llm, ModelType::Embedding][at % 2],
                    custom: at % 4 < 2,
                    enabled: at % 5 > 0,
                    ..model_draft(&shop.provider, &format!("m{at}"))
                };
                create(&mut change, &draft).await.unwrap();
            }
            let tx = change.tx();
            let all = ModelFilter { provider: Some(shop.provider.id), ..ModelFilter::default() };
            let of = |model_type| ModelFilter { model_type: Some(model_type), ..all.clone() };
            let catalogs = ModelFilter { custom: Some(false), ..of(ModelType::Embedding) };
            let off = ModelFilter { enabled: Some(false), ..ModelFilter::default() };
            let few = |it: &Model| it.name.ends_with('7') || it.name.ends_with('3');
            for (filter, keep, count) in [
                (&all, &(|_: &Model| true) as &(dyn Fn(&Model) -> bool + Sync), 21),
                (&of(ModelType::Embedding), &|_| true, 10),
                (&catalogs, &|_| true, 5),
                (&off, &|_| true, 4),
                (&all, &few, 4),
                (&all, &|_| false, 0),
            ] {
                for limit in [1, 2, 3, 4, 50] {
                    let mut listing = Listing { limit, ..Listing::default() };
                    let mut found = Vec::new();
                    loop {
                        let page = search(tx, shop.workspace, filter, keep, &listing).await;
                        let page = page.unwrap();
                        assert!(page.items.len() <= limit as usize);
                        found.extend(page.items.into_iter().map(|it| it.id.0));
                        match page.next_cursor {
                            Some(cursor) => listing.cursor = Some(cursor),
                            None => break,
                        }
                    }
                    assert!(found.is_sorted_by(|one, other| one > other), "{filter:?} {limit}");
                    assert_eq!(found.len(), count, "{filter:?} {limit}");
                }
            }
        })
        .await;
    }
}
