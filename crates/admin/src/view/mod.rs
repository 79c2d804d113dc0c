//! Things as the API shows them: instants as RFC 3339, money as decimal strings, no secrets.

mod credential;
mod default_model;
mod health;
mod job;
mod key;
mod person;
mod pool;
mod proof;
mod route;
mod scene;
mod supply;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::page::Page;
use wayleave_model::price::PriceVersion;
use wayleave_model::target::{Model, ModelFacts};
use wayleave_model::workspace::{Owner, Workspace};

pub(crate) use credential::{CredentialView, Surroundings};
pub(crate) use default_model::DefaultModelView;
pub(crate) use health::{FareView, HealthView};
pub(crate) use job::JobView;
pub(crate) use key::KeyView;
pub(crate) use person::{InvitationView, MemberView, PersonView, SessionView};
pub(crate) use pool::{Around, PoolView};
pub(crate) use proof::ProofView;
pub(crate) use route::{AliasView, Names, RouteView};
pub(crate) use scene::{ReachedView, Scene, day};
pub(crate) use supply::{ProviderView, QuotaView};

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PageView<T> {
    /// What is on this page, newest first.
    pub(crate) items: Vec<T>,
    /// Pass it as `cursor` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

impl<T> PageView<T> {
    pub(crate) fn of<U>(page: Page<U>, view: impl FnMut(U) -> T) -> PageView<T> {
        PageView {
            items: page.items.into_iter().map(view).collect(),
            next_cursor: page.next_cursor,
        }
    }

    /// A list that is short enough to be one page.
    pub(crate) fn whole(items: Vec<T>) -> PageView<T> {
        PageView { items, next_cursor: None }
    }
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkspaceView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) time_zone: String,
    /// The id of the plan it was granted; `null`: everything is granted.
    pub(crate) plan: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: String,
}

impl From<Workspace> for WorkspaceView {
    fn from(it: Workspace) -> WorkspaceView {
        WorkspaceView {
            id: it.id.to_string(),
            name: it.name,
            time_zone: it.time_zone,
            plan: it.plan.map(|id| id.to_string()),
            version: it.version,
            created_at: it.created_at.to_string(),
        }
    }
}

/// A team or a service account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnerView {
    pub(crate) id: String,
    pub(crate) name: String,
    /// `team` or `service`.
    pub(crate) kind: &'static str,
    pub(crate) managed_by: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: String,
}

impl From<Owner> for OwnerView {
    fn from(it: Owner) -> OwnerView {
        OwnerView {
            id: it.id.to_string(),
            name: it.name,
            kind: it.kind.as_str(),
            managed_by: it.managed_by,
            version: it.version,
            created_at: it.created_at.to_string(),
        }
    }
}

/// A model of a provider.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelView {
    pub(crate) id: String,
    /// Its provider's name.
    pub(crate) provider: String,
    pub(crate) provider_id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) model_type: &'static str,
    /// Made by the workspace; `false`: enabled from the catalog.
    pub(crate) custom: bool,
    #[schema(value_type = crate::shape::configuration::Facts)]
    pub(crate) facts: ModelFacts,
    /// The endpoint families that its provider serves it at: `chat`, `responses`, `embeddings` and so
    /// on; empty: unknown, taken for chat.
    pub(crate) families: Vec<&'static str>,
    /// The price in force; `null`: none, so every request to it is refused.
    pub(crate) price: Option<PriceView>,
    /// The price in a few words.
    pub(crate) price_summary: String,
    pub(crate) enabled: bool,
    /// It can be called.
    pub(crate) available: bool,
    /// Why not: `provider_disabled`, `model_disabled`, `no_price`, `no_default_credential`,
    /// `credential_disabled` or `unknown_kind`.
    pub(crate) unavailable_because: Option<&'static str>,
    /// The first day on which its vendor no longer serves it, as the catalog knows.
    pub(crate) deprecates_on: Option<String>,
    /// That day has come.
    pub(crate) deprecated: bool,
    /// The aliases that lead to it, and whether they can.
    pub(crate) reached_by: Vec<ReachedView>,
    /// Its pool is switched on.
    pub(crate) load_balancing_enabled: bool,
    /// Its pool serves; switched on and not active, the default credential serves.
    pub(crate) load_balancing_active: bool,
    /// An enabled entry of its pool cannot serve, or its credential was refused.
    pub(crate) has_invalid_load_balancing_entries: bool,
    pub(crate) managed_by: Option<String>,
    pub(crate) version: i64,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
}

impl ModelView {
    pub(crate) fn of(it: Model, scene: &Scene) -> ModelView {
        let price = it.price.as_ref().map(PriceView::from);
        let marks = scene.around.marks(&it);
        let because = scene.obstacle(&it, None).map(|it| it.as_str());
        let (deprecates_on, deprecated) = scene.deprecation(&it).unzip();
        ModelView {
            reached_by: scene.reached(&it),
            available: because.is_none(),
            unavailable_because: because,
            deprecates_on,
            deprecated: deprecated.unwrap_or_default(),
            families: it.facts.families.iter().map(|it| it.as_str()).collect(),
            id: it.id.to_string(),
            provider: scene.around.name_of(it.provider).to_owned(),
            provider_id: it.provider.to_string(),
            name: it.name,
            model_type: it.model_type.as_str(),
            custom: it.custom,
            facts: it.facts,
            price_summary: summary(price.as_ref()),
            price,
            enabled: it.enabled,
            load_balancing_enabled: marks.enabled,
            load_balancing_active: marks.active,
            has_invalid_load_balancing_entries: marks.has_invalid,
            managed_by: it.managed_by,
            version: it.version,
            created_at: it.created_at.to_string(),
            updated_at: it.updated_at.to_string(),
        }
    }
}

/// One version of a model's prices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PriceView {
    pub(crate) id: String,
    pub(crate) free: bool,
    /// Dollars by unit: per million tokens or characters, else per piece. Of images and seconds of
    /// video the unit may be of a size or quality: `image@1024x1024/hd`.
    pub(crate) price: BTreeMap<String, String>,
}

impl From<&PriceVersion> for PriceView {
    fn from(it: &PriceVersion) -> PriceView {
        let price = it
            .rates
            .iter()
            .map(|rate| (rate.meter().to_string(), rate.amount.to_string()))
            .collect();
        PriceView { id: it.id.to_string(), free: it.free, price }
    }
}

fn summary(price: Option<&PriceView>) -> String {
    match price {
        None => "none: refused".to_owned(),
        Some(price) if price.free => "free".to_owned(),
        Some(price) => {
            let parts: Vec<String> =
                price.price.iter().map(|(unit, amount)| format!("{unit}={amount}")).collect();
            parts.join(" ")
        }
    }
}
