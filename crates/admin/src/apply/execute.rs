//! A plan's steps, written in one change. Ids of what is made on the way are remembered for the
//! steps behind.

use std::collections::HashMap;

use wayleave_model::Timestamp;
use wayleave_model::alias::{Group, WeightedTarget};
use wayleave_model::credential::Credential;
use wayleave_model::id::{AliasId, CredentialId, ModelId, OwnerId, ProviderId};
use wayleave_model::key::Key;
use wayleave_model::plan::{Feature, Plan};
use wayleave_model::pool::Pool;
use wayleave_model::provider::{ModelType, Provider};
use wayleave_model::target::Model;
use wayleave_store::aliases::AliasDraft;
use wayleave_store::credentials::{CredentialDraft, Instead};
use wayleave_store::keys::KeyDraft;
use wayleave_store::models::ModelDraft;
use wayleave_store::owners::OwnerDraft;
use wayleave_store::prices::PriceDraft;
use wayleave_store::providers::ProviderDraft;
use wayleave_store::{
    Change, KeyHasher, StoreError, aliases, credentials, default_models, keys, models, owners,
    plans, pools, providers, workspace_settings, workspaces,
};

use super::default_model::WantedDefault;
use super::document::Sent;
use super::plan::{Current, Plan as Steps, Work};
use super::pool::WantedPool;
use super::prove::Proven;
use super::resolve::Resolver;
use super::wanted::{
    WantedAlias, WantedCredential, WantedKey, WantedModel, WantedOwner, WantedProvider,
    WantedTarget,
};
use super::{Minted, OWNER};
use crate::error::{FieldError, Problem};

/// Ids by name: of what was there, and of what was made so far. Things that were there are found
/// by their id's text too.
pub(super) struct Ids {
    owners: HashMap<String, OwnerId>,
    providers: HashMap<String, ProviderId>,
    credentials: HashMap<(ProviderId, String), CredentialId>,
    models: HashMap<(ProviderId, String, ModelType), ModelId>,
    aliases: HashMap<String, AliasId>,
}

impl Ids {
    pub(super) fn of(current: &Current) -> Ids {
        Ids {
            owners: current.owners.iter().map(|it| (it.name.clone(), it.id)).collect(),
            providers: both(current.providers.iter().map(|it| (it.name.clone(), it.id))),
            credentials: current
                .credentials
                .iter()
                .filter(|it| it.model.is_none())
                .flat_map(|it| {
                    [it.name.clone(), it.id.to_string()].map(|name| ((it.provider, name), it.id))
                })
                .collect(),
            models: current
                .models
                .iter()
                .flat_map(|it| {
                    [it.name.clone(), it.id.to_string()]
                        .map(|name| ((it.provider, name, it.model_type), it.id))
                })
                .collect(),
            aliases: both(current.aliases.iter().map(|it| (it.name.clone(), it.id))),
        }
    }

    fn provider(&self, path: &str, name: &str) -> Result<ProviderId, FieldError> {
        self.providers.get(name).copied().ok_or_else(|| gone(format!("{path}.provider"), name))
    }

    fn target(&self, target: &WantedTarget) -> Result<WeightedTarget, FieldError> {
        let provider = self.provider(&target.path, &target.provider)?;
        let typed = |of: ModelType| target.model_type.is_none_or(|wanted| wanted == of);
        let named = |(at, name, of): &&(ProviderId, String, ModelType)| {
            *at == provider && *name == target.model && typed(*of)
        };
        let model = self.models.keys().find(named).and_then(|key| self.models.get(key)).copied();
        let model = model.ok_or_else(|| gone(format!("{}.model", target.path), &target.model))?;
        let named = |field: &str, name: &String| {
            let found = self.credentials.get(&(provider, name.clone())).copied();
            found.ok_or_else(|| gone(format!("{}.{field}", target.path), name))
        };
        let credential =
            target.credential.as_ref().map(|it| named("credential", it)).transpose()?;
        let environments = target.environments.iter().map(|(environment, name)| {
            let id = named(&format!("environments.{environment}"), name)?;
            Ok((environment.clone(), id))
        });
        let environments = environments.collect::<Result<_, FieldError>>()?;
        Ok(WeightedTarget { model, credential, environments, weight: target.weight })
    }
}

/// One group of a route. `resolver` says what is wrong with a target, better than a missing id does.
pub(super) fn group(
    members: &[WantedTarget],
    resolver: &Resolver<'_>,
    ids: &Ids,
) -> Result<Group, FieldError> {
    let targets = members.iter().map(|it| {
        resolver.target(it)?;
        ids.target(it)
    });
    Ok(Group { targets: targets.collect::<Result<_, _>>()? })
}

/// Does the steps; the change is the caller's to commit.
pub(super) async fn execute(
    change: &mut Change,
    current: &Current,
    plan: &Steps<'_>,
    hasher: &KeyHasher,
    proven: &Proven,
    now: Timestamp,
) -> Result<Vec<Minted>, Problem> {
    let ids = Ids::of(current);
    let mut writer = Writer { change, hasher, proven, ids, now, minted: Vec::new() };
    for step in &plan.steps {
        writer.work(&step.work).await?;
    }
    Ok(writer.minted)
}

struct Writer<'c> {
    change: &'c mut Change,
    hasher: &'c KeyHasher,
    proven: &'c Proven,
    ids: Ids,
    now: Timestamp,
    minted: Vec<Minted>,
}

impl Writer<'_> {
    async fn work(&mut self, work: &Work<'_>) -> Result<(), Problem> {
        match work {
            Work::Keep => Ok(()),
            Work::KeepResponses(keep) => {
                Ok(workspace_settings::set_keep_responses(self.change, *keep).await?)
            }
            Work::ProofsPerHour(most) => {
                Ok(workspace_settings::set_proofs_per_hour(self.change, *most).await?)
            }
            Work::EditorLimits(limits) => {
                Ok(workspace_settings::set_editor_limits(self.change, limits.as_ref()).await?)
            }
            Work::Owner(it) => self.owner(it).await,
            Work::Provider(it, there) => self.provider(it, *there).await,
            Work::Credential(it, there) => self.credential(it, *there).await,
            Work::Default(it) => self.default(it).await,
            Work::Model(it, there) => self.model(it, *there).await,
            Work::Pool(it, there) => self.pool(it, *there).await,
            Work::DefaultModel(it) => self.default_model(it).await,
            Work::UnsetDefault(it) => {
                Ok(default_models::unset(self.change, it.model_type, None).await?)
            }
            Work::Alias(it, there) => self.alias(it, there.map(|it| it.id)).await,
            Work::Key(it, there) => self.key(it, *there).await,
            Work::DeleteKey(it) => Ok(keys::delete(self.change, it.id, None).await?),
            Work::DeleteAlias(it) => Ok(aliases::delete(self.change, it.id, None).await?),
            Work::DeletePool(it) => Ok(pools::delete(self.change, it.model).await?),
            Work::DeleteModel(it) => Ok(models::delete(self.change, it.id, None).await?),
            Work::DeleteCredential(it) => self.delete_credential(it).await,
            Work::DeleteProvider(it) => Ok(providers::delete(self.change, it.id, None).await?),
            Work::DeleteOwner(it) => Ok(owners::delete(self.change, it.id, None).await?),
        }
    }

    async fn owner(&mut self, it: &WantedOwner) -> Result<(), Problem> {
        let draft = OwnerDraft { name: it.name.clone(), kind: it.kind, managed_by: mark() };
        let made =
            owners::create(self.change, &draft).await.map_err(|error| at("owners", error))?;
        self.ids.owners.insert(made.name, made.id);
        Ok(())
    }

    async fn provider(
        &mut self,
        it: &WantedProvider,
        there: Option<&Provider>,
    ) -> Result<(), Problem> {
        let draft = ProviderDraft {
            name: it.name.clone(),
            kind: it.kind.clone(),
            base_url: it.base_url.clone(),
            settings: it.settings.clone(),
            default_credential: there.and_then(|there| there.default_credential),
            preference: it.preference.or(there.and_then(|there| there.preference)),
            enabled: true,
            new_models: it.new_models.or(there.map(|it| it.new_models)).unwrap_or_default(),
            managed_by: mark(),
        };
        let done = match there {
            Some(there) => providers::update(self.change, there.id, None, &draft).await,
            None => providers::create(self.change, &draft).await,
        };
        let done = done.map_err(|error| at(&it.path, error))?;
        self.ids.providers.insert(done.name, done.id);
        Ok(())
    }

    async fn credential(
        &mut self,
        it: &WantedCredential,
        there: Option<&Credential>,
    ) -> Result<(), Problem> {
        let provider = self.ids.provider(&it.path, &it.provider).map_err(one)?;
        let (status, checks) = self.proven.of(&it.path);
        let draft = CredentialDraft {
            provider,
            model: None,
            name: it.name.clone(),
            settings: it.settings.clone(),
            enabled: true,
            status,
            checks,
            managed_by: mark(),
        };
        let done = match there {
            Some(there) => {
                credentials::update(self.change, there.id, None, &draft, Some(&it.secrets)).await
            }
            None => credentials::create(self.change, &draft, &it.secrets).await,
        };
        let done = done.map_err(|error| at(&it.path, error))?;
        self.ids.credentials.insert((provider, done.name), done.id);
        Ok(())
    }

    /// A default that goes leaves none: its provider then serves only targets that name another.
    async fn delete_credential(&mut self, it: &Credential) -> Result<(), Problem> {
        Ok(credentials::delete(self.change, it.id, None, Instead::Nothing).await?)
    }

    async fn default(&mut self, it: &WantedProvider) -> Result<(), Problem> {
        let provider = self.ids.provider(&it.path, &it.name).map_err(one)?;
        let name = it.default_credential.clone().unwrap_or_default();
        let credential = self.ids.credentials.get(&(provider, name)).copied();
        let workspace = self.change.workspace();
        let Some(there) = providers::get(self.change.tx(), workspace, provider).await? else {
            return Err(one(gone(it.path.clone(), &it.name)));
        };
        let draft = ProviderDraft { default_credential: credential, ..ProviderDraft::from(&there) };
        providers::update(self.change, provider, None, &draft)
            .await
            .map_err(|error| at(&it.path, error))?;
        Ok(())
    }

    async fn model(&mut self, it: &WantedModel, there: Option<&Model>) -> Result<(), Problem> {
        let provider = self.ids.provider(&it.path, &it.provider).map_err(one)?;
        let draft = ModelDraft {
            provider,
            name: it.name.clone(),
            model_type: it.model_type,
            custom: there.is_none_or(|there| there.custom),
            enabled: true,
            facts: it.facts.clone(),
            managed_by: mark(),
        };
        let done = match there {
            Some(there) => models::update(self.change, there.id, None, &draft).await,
            None => models::create(self.change, &draft).await,
        };
        let done = done.map_err(|error| at(&it.path, error))?;
        let price = PriceDraft {
            free: it.free,
            rates: it.rates.clone(),
            effective_from: None,
            source: it.source.clone(),
            verified_at: None,
        };
        // Prices that are in force already make no new version.
        models::set_price(self.change, done.id, None, &price)
            .await
            .map_err(|error| at(&it.path, error))?;
        self.ids.models.insert((provider, done.name, done.model_type), done.id);
        Ok(())
    }

    async fn pool(&mut self, it: &WantedPool, there: Option<&Pool>) -> Result<(), Problem> {
        let target = |target: &WantedTarget| self.ids.target(target).map_err(one);
        let model = target(&it.target)?.model;
        let named = it.entries.iter().map(|(entry, _)| target(entry));
        let credentials = named.map(|it| it.map(|it| it.credential)).collect::<Result<_, _>>()?;
        let draft = it.draft(credentials, there);
        let switched_on = draft.enabled && !there.is_some_and(|there| there.enabled);
        if switched_on && !granted(self.change).await? {
            let why = "this workspace's plan has no pools: say `enabled: false`";
            return Err(one(FieldError::conflict(format!("{}.enabled", it.path), why)));
        }
        let done = pools::put(self.change, model, None, &draft).await;
        done.map(drop).map_err(|error| at(&it.path, error))
    }

    async fn default_model(&mut self, it: &WantedDefault) -> Result<(), Problem> {
        let model = self.ids.target(&it.target).map_err(one)?.model;
        let of = it.model_type;
        let done = default_models::set(self.change, of, model, Some(OWNER), None).await;
        done.map(drop).map_err(|error| at(&it.path, error))
    }

    async fn alias(&mut self, it: &WantedAlias, there: Option<AliasId>) -> Result<(), Problem> {
        let ids = &self.ids;
        let group = |members: &Vec<WantedTarget>| -> Result<Group, FieldError> {
            Ok(Group {
                targets: members.iter().map(|it| ids.target(it)).collect::<Result<_, _>>()?,
            })
        };
        let groups = it.groups.iter().map(group).collect::<Result<_, _>>().map_err(one)?;
        let draft = AliasDraft {
            name: it.name.clone(),
            enabled: true,
            groups,
            policy: it.policy.clone(),
            managed_by: mark(),
        };
        let done = match there {
            Some(id) => aliases::update(self.change, id, None, &draft).await,
            None => aliases::create(self.change, &draft).await,
        };
        let done = done.map_err(|error| at(&it.path, error))?;
        self.ids.aliases.insert(done.name, done.id);
        Ok(())
    }

    async fn key(&mut self, it: &WantedKey, there: Option<&Key>) -> Result<(), Problem> {
        let draft = self.key_draft(it).map_err(one)?;
        let failed = |error| at(&it.path, error);
        match (there, &it.secret) {
            (None, Some(secret)) => {
                drop(keys::import(self.change, &draft, secret).await.map_err(failed)?)
            }
            (None, None) => {
                let (_, secret) = keys::mint(self.change, &draft).await.map_err(failed)?;
                self.minted.push(Minted { key: it.name.clone(), secret: Sent(secret) });
            }
            (Some(there), _) => {
                keys::update(self.change, there.id, None, &draft).await.map_err(failed)?;
                self.secret(it, there).await.map_err(failed)?;
            }
        }
        Ok(())
    }

    /// A file names one secret: another one replaces what was there, now.
    async fn secret(&mut self, it: &WantedKey, there: &Key) -> Result<(), StoreError> {
        let Some(secret) = &it.secret else { return Ok(()) };
        let hash = self.hasher.hash_key(secret.expose());
        if super::compare::has_secret(there, &hash) {
            return Ok(());
        }
        keys::import_version(self.change, there.id, None, secret, Some(self.now)).await.map(drop)
    }

    fn key_draft(&self, it: &WantedKey) -> Result<KeyDraft, FieldError> {
        let owner = self.ids.owners.get(&it.owner).copied();
        let alias = |(index, name): (usize, &String)| {
            let found = self.ids.aliases.get(name).copied();
            found.ok_or_else(|| gone(format!("{}.aliases[{index}]", it.path), name))
        };
        let aliases =
            it.aliases.as_ref().map(|names| names.iter().enumerate().map(alias).collect());
        Ok(KeyDraft {
            name: it.name.clone(),
            owner: owner.ok_or_else(|| gone(format!("{}.owner", it.path), &it.owner))?,
            environment: it.environment.clone(),
            purpose: it.purpose.clone(),
            aliases: aliases.transpose()?,
            tags: it.tags.clone(),
            enabled: true,
            expires_at: it.expires_at,
            losses: it.losses,
            managed_by: mark(),
        })
    }
}

async fn granted(change: &mut Change) -> Result<bool, Problem> {
    let at = change.workspace();
    let plan = workspaces::get(change.tx(), at).await?.and_then(|it| it.plan);
    let plan = match plan {
        Some(plan) => plans::get(change.tx(), plan).await?,
        None => None,
    };
    Ok(Plan::grants(plan.as_ref(), Feature::Pools))
}

fn mark() -> Option<String> {
    Some(OWNER.to_owned())
}

fn both<T: Copy + ToString>(items: impl Iterator<Item = (String, T)>) -> HashMap<String, T> {
    items.flat_map(|(name, id)| [(name, id), (id.to_string(), id)]).collect()
}

fn gone(path: String, name: &str) -> FieldError {
    FieldError::new(path, format!("there is no `{name}`"))
}

fn one(error: FieldError) -> Problem {
    Problem::invalid(vec![error])
}

/// A store's refusal, with the place in the document that caused it.
fn at(path: &str, error: StoreError) -> Problem {
    match error {
        StoreError::Invalid { field, why } => Problem::field(format!("{path}.{field}"), why),
        StoreError::NameTaken { .. }
        | StoreError::SecretTaken { .. }
        | StoreError::InUse { .. } => {
            Problem::invalid(vec![FieldError::conflict(path, error.to_string())])
        }
        other => other.into(),
    }
}
