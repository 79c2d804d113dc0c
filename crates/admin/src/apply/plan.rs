//! From what is there and what is wanted to the steps between them. Pure: nothing is read or
//! written here, and digests of secrets are made by functions that are handed in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::alias::Alias;
use wayleave_model::credential::{Credential, SecretFields};
use wayleave_model::editor_limits::EditorLimits;
use wayleave_model::id::CredentialId;
use wayleave_model::key::Key;
use wayleave_model::pool::Pool;
use wayleave_model::provider::Provider;
use wayleave_model::secret::Secret;
use wayleave_model::target::{DefaultModel, Model};
use wayleave_model::workspace::{KeepResponses, Owner, ProofsPerHour, WorkspaceSettings};

use super::compare;
use super::default_model::WantedDefault;
use super::pool::WantedPool;
use super::prune::leftovers;
use super::resolve::Resolver;
use super::settings;
use super::wanted::{
    Wanted, WantedAlias, WantedCredential, WantedKey, WantedModel, WantedOwner, WantedProvider,
};
use crate::error::FieldError;

/// What a workspace holds.
#[derive(Debug, Default)]
pub struct Current {
    /// What it decides for itself.
    pub settings: WorkspaceSettings,
    /// Owners of keys.
    pub owners: Vec<Owner>,
    /// Providers.
    pub providers: Vec<Provider>,
    /// Credentials of all providers.
    pub credentials: Vec<Credential>,
    /// Models of all providers.
    pub models: Vec<Model>,
    /// Pools of all models.
    pub pools: Vec<Pool>,
    /// Default models.
    pub default_models: Vec<DefaultModel>,
    /// Aliases with the route in force.
    pub aliases: Vec<Alias>,
    /// Keys.
    pub keys: Vec<Key>,
}

/// Who applies, and what they may touch.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// What stands in `managed_by` of everything this owner made.
    pub owner: &'a str,
    /// Remove what this owner made and the document no longer has.
    pub prune: bool,
    /// Take over what others made.
    pub adopt: bool,
}

/// Digests of secrets, to compare them without knowing them.
#[derive(Clone, Copy)]
pub struct Digests<'a> {
    /// Of a credential's secret fields.
    pub fingerprint: &'a (dyn Fn(&SecretFields) -> String + Sync),
    /// Of a key's secret.
    pub key: &'a (dyn Fn(&Secret) -> [u8; 32] + Sync),
}

/// What becomes of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
    /// It is as it should be.
    Unchanged,
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// What becomes of it.
    pub action: Action,
    /// What it is: workspace, setting, owner, provider, credential, model, pool, default model, alias or key.
    pub noun: String,
    /// Its name; `provider/name` for credentials, models and their pools.
    pub name: String,
    /// The fields that change, for an update.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// A line and what is to be done for it.
#[derive(Debug)]
pub struct Step<'a> {
    /// The line.
    pub change: Change,
    /// What to do.
    pub work: Work<'a>,
}

/// What to do: the wanted thing beside the one that is there, if it is.
#[derive(Debug)]
pub enum Work<'a> {
    /// Nothing.
    Keep,
    /// Keep responses for so long, or not any more.
    KeepResponses(Option<KeepResponses>),
    /// Allow so many paid proofs an hour.
    ProofsPerHour(ProofsPerHour),
    /// Limit editors so, or not any more.
    EditorLimits(Option<EditorLimits>),
    /// Make an owner.
    Owner(&'a WantedOwner),
    /// Make or change a provider.
    Provider(&'a WantedProvider, Option<&'a Provider>),
    /// Make or change a credential.
    Credential(&'a WantedCredential, Option<&'a Credential>),
    /// Make or change a model.
    Model(&'a WantedModel, Option<&'a Model>),
    /// Make or change a pool.
    Pool(&'a WantedPool, Option<&'a Pool>),
    /// Make a model the default of its type.
    DefaultModel(&'a WantedDefault),
    /// Make or change an alias.
    Alias(&'a WantedAlias, Option<&'a Alias>),
    /// Make or change a key.
    Key(&'a WantedKey, Option<&'a Key>),
    /// Make this credential, by name, the default of this provider.
    Default(&'a WantedProvider),
    /// Remove a key.
    DeleteKey(&'a Key),
    /// Remove an alias.
    DeleteAlias(&'a Alias),
    /// Leave a type without a default model.
    UnsetDefault(&'a DefaultModel),
    /// Remove a pool.
    DeletePool(&'a Pool),
    /// Remove a model.
    DeleteModel(&'a Model),
    /// Remove a credential.
    DeleteCredential(&'a Credential),
    /// Remove a provider.
    DeleteProvider(&'a Provider),
    /// Remove an owner.
    DeleteOwner(&'a Owner),
}

/// The steps, in an order in which each finds what it needs.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// All of them, the unchanged ones included.
    pub steps: Vec<Step<'a>>,
    /// What this owner made, the document does not have, and stays because nothing is pruned.
    pub left: Vec<Change>,
}

impl Plan<'_> {
    /// The lines of the plan.
    pub fn changes(&self) -> Vec<Change> {
        self.steps
            .iter()
            .filter(|it| !matches!(it.work, Work::Default(_)))
            .map(|it| it.change.clone())
            .collect()
    }
}

/// Plans how `current` becomes as `wanted`.
///
/// # Errors
/// Everything that stands in the way, each with its path in the document: references to nothing,
/// and things of the same name that others made.
pub fn plan<'a>(
    current: &'a Current,
    wanted: &'a Wanted,
    rules: Rules<'_>,
    digests: Digests<'_>,
) -> Result<Plan<'a>, Vec<FieldError>> {
    let mut planner = Planner {
        rules,
        resolver: Resolver::new(current, wanted),
        steps: Vec::new(),
        wrong: Vec::new(),
    };
    planner.steps.extend(settings::steps(&current.settings, &wanted.settings));
    planner.owners(current, wanted);
    planner.providers(current, wanted);
    planner.credentials(current, wanted, digests);
    planner.defaults(current, wanted);
    planner.models(current, wanted);
    planner.pools(current, wanted);
    planner.default_models(current, wanted);
    planner.aliases(current, wanted);
    planner.keys(current, wanted, digests);
    if !planner.wrong.is_empty() {
        return Err(planner.wrong);
    }
    let mut gone = leftovers(current, wanted, rules.owner);
    if rules.prune {
        planner.steps.append(&mut gone);
    }
    let left = gone.into_iter().map(|it| it.change).collect();
    Ok(Plan { steps: planner.steps, left })
}

struct Planner<'a, 'r> {
    rules: Rules<'r>,
    resolver: Resolver<'a>,
    steps: Vec<Step<'a>>,
    wrong: Vec<FieldError>,
}

impl<'a> Planner<'a, '_> {
    fn owners(&mut self, current: &'a Current, wanted: &'a Wanted) {
        for it in &wanted.owners {
            let there = current.owners.iter().any(|owner| owner.name == it.name);
            let work = if there { Work::Keep } else { Work::Owner(it) };
            self.step("owner", it.name.clone(), there, Vec::new(), work);
        }
    }

    fn providers(&mut self, current: &'a Current, wanted: &'a Wanted) {
        for it in &wanted.providers {
            let there = current.providers.iter().find(|provider| provider.name == it.name);
            let fields = there.map(|there| compare::provider(there, it));
            if there.is_some_and(|there| there.kind != it.kind) {
                let why = "cannot change: delete the provider first, or give this one another name";
                self.wrong.push(FieldError::new(format!("{}.kind", it.path), why));
            }
            self.managed(
                "provider",
                it.name.clone(),
                &it.path,
                there.map(|it| &it.managed_by),
                fields,
                |_| Work::Provider(it, there),
            );
        }
    }

    fn credentials(&mut self, current: &'a Current, wanted: &'a Wanted, digests: Digests<'_>) {
        for it in &wanted.credentials {
            let there = self.resolver.provider(&it.provider).and_then(|provider| {
                let its = |credential: &&Credential| {
                    credential.provider == provider && credential.model.is_none()
                };
                current.credentials.iter().filter(its).find(|credential| credential.name == it.name)
            });
            let fields = there
                .map(|there| compare::credential(there, it, &(digests.fingerprint)(&it.secrets)));
            let name = format!("{}/{}", it.provider, it.name);
            self.managed(
                "credential",
                name,
                &it.path,
                there.map(|it| &it.managed_by),
                fields,
                |_| Work::Credential(it, there),
            );
        }
    }

    /// Which credential is the default is the provider's field, but can be set only after the
    /// credential was made; a step of its own, shown as the provider's change.
    fn defaults(&mut self, current: &'a Current, wanted: &'a Wanted) {
        for it in wanted.providers.iter().filter(|it| it.default_credential.is_some()) {
            let there = current.providers.iter().find(|provider| provider.name == it.name);
            let now: Option<CredentialId> = there.and_then(|it| it.default_credential);
            let name_now = now
                .and_then(|id| current.credentials.iter().find(|it| it.id == id))
                .map(|it| &it.name);
            if name_now == it.default_credential.as_ref() {
                continue;
            }
            if there.is_some() {
                self.note_field("provider", &it.name, "default_credential");
            }
            self.steps.push(Step {
                change: line(
                    Action::Update,
                    "provider",
                    it.name.clone(),
                    vec!["default_credential".to_owned()],
                ),
                work: Work::Default(it),
            });
        }
    }

    fn models(&mut self, current: &'a Current, wanted: &'a Wanted) {
        for it in &wanted.models {
            if !self.resolver.has_provider(&it.provider) {
                self.missing(&it.path, "provider", "provider", &it.provider);
            }
            let there = self.resolver.provider(&it.provider).and_then(|provider| {
                let same = |model: &&Model| {
                    model.provider == provider && model.model_type == it.model_type
                };
                current.models.iter().filter(same).find(|model| model.name == it.name)
            });
            let fields = there.map(|there| compare::model(there, it));
            let name = format!("{}/{}", it.provider, it.name);
            self.managed("model", name, &it.path, there.map(|it| &it.managed_by), fields, |_| {
                Work::Model(it, there)
            });
        }
    }

    fn pools(&mut self, current: &'a Current, wanted: &'a Wanted) {
        for it in &wanted.pools {
            let found = it.find(&self.resolver);
            let model = found.unwrap_or_else(|errors| {
                self.wrong.extend(errors);
                None
            });
            let there = current.pools.iter().find(|pool| Some(pool.model) == model);
            let fields = there.map(|there| it.differs(there, &self.resolver));
            let managed_by = there.map(|it| &it.managed_by);
            self.managed("pool", it.name(), &it.path, managed_by, fields, |()| {
                Work::Pool(it, there)
            });
        }
    }

    fn default_models(&mut self, current: &'a Current, wanted: &'a Wanted) {
        for it in &wanted.default_models {
            if let Err(error) = self.resolver.target(&it.target) {
                self.wrong.push(error);
            }
            let mut all = current.default_models.iter();
            let there = all.find(|default| default.model_type == it.model_type);
            let fields = there.map(|there| it.differs(there, &self.resolver));
            let name = it.model_type.as_str().to_owned();
            let managed_by = there.map(|it| &it.managed_by);
            self.managed("default model", name, &it.path, managed_by, fields, |()| {
                Work::DefaultModel(it)
            });
        }
    }

    fn aliases(&mut self, current: &'a Current, wanted: &'a Wanted) {
        for it in &wanted.aliases {
            for target in it.groups.iter().flatten() {
                if let Err(error) = self.resolver.target(target) {
                    self.wrong.push(error);
                }
            }
            let there = current.aliases.iter().find(|alias| alias.name == it.name);
            let fields = there.map(|there| compare::alias(there, it, &self.resolver));
            self.managed(
                "alias",
                it.name.clone(),
                &it.path,
                there.map(|it| &it.managed_by),
                fields,
                |_| Work::Alias(it, there),
            );
        }
    }

    fn keys(&mut self, current: &'a Current, wanted: &'a Wanted, digests: Digests<'_>) {
        for it in &wanted.keys {
            for (at, alias) in it.aliases.iter().flatten().enumerate() {
                if !self.resolver.has_alias(alias) {
                    self.missing(&it.path, &format!("aliases[{at}]"), "alias", alias);
                }
            }
            let there = current.keys.iter().find(|key| key.name == it.name);
            let hash = it.secret.as_ref().map(|secret| (digests.key)(secret));
            let fields = there.map(|there| compare::key(there, it, hash.as_ref(), &self.resolver));
            self.managed(
                "key",
                it.name.clone(),
                &it.path,
                there.map(|it| &it.managed_by),
                fields,
                |_| Work::Key(it, there),
            );
        }
    }

    /// A step for something that has an owner: made, changed, kept, or in the way.
    fn managed(
        &mut self,
        noun: &'static str,
        name: String,
        path: &str,
        there: Option<&Option<String>>,
        fields: Option<Vec<String>>,
        work: impl FnOnce(()) -> Work<'a>,
    ) {
        let mut fields = fields.unwrap_or_default();
        let others = there.filter(|it| it.as_deref() != Some(self.rules.owner));
        if let Some(managed_by) = others {
            if !self.rules.adopt {
                let by = managed_by
                    .as_deref()
                    .map_or_else(|| "by hand".to_owned(), |it| format!("by `{it}`"));
                let why = format!(
                    "the {noun} `{name}` exists and was made {by}: take it over with --adopt, or give this one another name"
                );
                self.wrong.push(FieldError::conflict(path.to_owned(), why));
                return;
            }
            fields.push("managed_by".to_owned());
        }
        let work = if there.is_some() && fields.is_empty() { Work::Keep } else { work(()) };
        self.step(noun, name, there.is_some(), fields, work);
    }

    fn step(
        &mut self,
        noun: &'static str,
        name: String,
        there: bool,
        fields: Vec<String>,
        work: Work<'a>,
    ) {
        let action = match (there, fields.is_empty()) {
            (false, _) => Action::Create,
            (true, true) => Action::Unchanged,
            (true, false) => Action::Update,
        };
        self.steps.push(Step { change: line(action, noun, name, fields), work });
    }

    fn note_field(&mut self, noun: &str, name: &str, field: &str) {
        let step =
            self.steps.iter_mut().find(|it| it.change.noun == noun && it.change.name == name);
        if let Some(step) = step {
            step.change.action = Action::Update;
            step.change.fields.push(field.to_owned());
        }
    }

    fn missing(&mut self, path: &str, field: &str, noun: &str, name: &str) {
        let why =
            format!("there is no {noun} `{name}`, neither in the document nor in the workspace");
        self.wrong.push(FieldError::new(format!("{path}.{field}"), why));
    }
}

pub(super) fn line(action: Action, noun: &str, name: String, fields: Vec<String>) -> Change {
    Change { action, noun: noun.to_owned(), name, fields }
}

#[cfg(test)]
mod tests;
