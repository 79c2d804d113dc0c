//! Names of credentials: which are taken, and the next that nobody chose.

use wayleave_model::id::{ModelId, ProviderId};

use crate::change::Change;
use crate::db::on;
use crate::error::StoreError;

/// What comes before the number of a name that nobody chose.
const STEM: &str = "API KEY ";

/// `API KEY n` for a new credential of a provider, or of one custom model: one more than the
/// highest number there is.
///
/// # Errors
/// [`StoreError::Unavailable`].
pub async fn next_name(
    change: &mut Change,
    provider: ProviderId,
    model: Option<ModelId>,
) -> Result<String, StoreError> {
    let taken = all(change, provider, model).await?;
    Ok(next_of(&taken))
}

/// The same beside `names`.
pub(super) fn next_of(names: &[String]) -> String {
    format!("{STEM}{}", highest(names) + 1)
}

/// Every name of the credentials of a provider that belong to no single model, or of one model.
pub(super) async fn all(
    change: &mut Change,
    provider: ProviderId,
    model: Option<ModelId>,
) -> Result<Vec<String>, StoreError> {
    const SQL: &str = "SELECT name FROM credentials WHERE workspace_id = $1 AND provider_id = $2
        AND ((model_id IS NULL AND $3 IS NULL) OR model_id = $3)";
    let workspace = change.workspace.0;
    let names = on!(change.tx.conn, it => {
        sqlx::query_scalar(SQL)
            .bind(workspace)
            .bind(provider.0)
            .bind(model.map(|it| it.0))
            .fetch_all(&mut *it)
            .await
    })?;
    Ok(names)
}

/// Numbers of ten digits and more are names that somebody chose.
fn highest(names: &[String]) -> u64 {
    let number = |name: &String| {
        let digits = name.strip_prefix(STEM)?;
        let plain = digits.len() < 10 && digits.bytes().all(|it| it.is_ascii_digit());
        if plain { digits.parse().ok() } else { None }
    };
    names.iter().filter_map(number).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::create;
    use crate::testing::{credential_draft, each_engine, fields};

    #[test]
    fn only_names_of_the_same_pattern_count() {
        let names = ["API KEY 2", "API KEY x", "api key 7", "API KEY 99999999999", "main"];
        assert_eq!(highest(&names.map(str::to_owned)), 2);
        assert_eq!(highest(&[]), 0);
    }

    #[tokio::test]
    async fn d6_a_name_that_nobody_chose_is_one_more_than_the_highest() {
        each_engine(|bench| async move {
            let shop = bench.shop("main", "s1").await;
            let mut change = bench.change(shop.workspace).await;
            let provider = shop.provider.id;
            assert_eq!(next_name(&mut change, provider, None).await.unwrap(), "API KEY 1");
            let draft = credential_draft(&shop.provider, "API KEY 4");
            create(&mut change, &draft, &fields("s2")).await.unwrap();
            assert_eq!(next_name(&mut change, provider, None).await.unwrap(), "API KEY 5");
            let of_model = next_name(&mut change, provider, Some(shop.model.id)).await;
            assert_eq!(of_model.unwrap(), "API KEY 1", "each model counts for itself");
        })
        .await;
    }
}
