//! One immutable picture of the configuration. A request loads it once and never sees it change.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use http::{HeaderMap, Uri};
use wayleave_dialect::task::Grammar;
use wayleave_dialect::{ClientDialect, Dialect};
use wayleave_model::Timestamp;
use wayleave_model::alias::{Losses, Policy};
use wayleave_model::credential::{Credential, SecretFields};
use wayleave_model::id::{AliasId, RouteVersionId, WorkspaceId};
use wayleave_model::key::{Key, KeyVersion};
use wayleave_model::price::PriceVersion;
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::record::{Caller, Said, TargetLabel};
use wayleave_model::target::ModelFacts;
use wayleave_model::time::Tick;
use wayleave_model::workspace::WorkspaceSettings;
use wayleave_provider::{Account, ProviderKind};
use wayleave_store::{Snapshot, WorkspaceSnapshot};

use crate::pool::{Healths, Lease, Member, Pool};
use crate::supply::Supplied;

mod pooled;
mod supplied;
mod targets;

use targets::Targets;

/// The configuration of the whole instance at one revision.
#[derive(Default)]
pub struct World {
    /// Which state of the store it shows.
    pub revision: i64,
    tenants: HashMap<WorkspaceId, Arc<Tenant>>,
    keys: HashMap<[u8; 32], KeyEntry, BuildHasherDefault<Digest>>,
}

/// One workspace's part.
pub struct Tenant {
    /// Its name.
    pub name: String,
    /// Its aliases by name, matched exactly.
    pub aliases: BTreeMap<String, Arc<Route>>,
    /// What it decides for itself.
    pub settings: WorkspaceSettings,
}

/// A secret of a key, as it is recognised.
#[derive(Clone)]
pub struct KeyEntry {
    /// The key's part of a usage row.
    pub caller: Arc<Caller>,
    /// The workspace it belongs to.
    pub tenant: Arc<Tenant>,
    /// The aliases it may call; `None`: all.
    pub scope: Option<Arc<HashSet<AliasId>>>,
    /// Refused from then on.
    pub expires_at: Option<Timestamp>,
    /// Refused at once.
    pub revoked: bool,
    /// What becomes of its requests of which something would be lost; `None`: what the route says.
    pub losses: Option<Losses>,
}

/// What an alias stands for.
pub struct Route {
    /// The alias.
    pub alias: AliasId,
    /// Its public name.
    pub name: String,
    /// The route version, as usage rows name it.
    pub version: RouteVersionId,
    /// The type of its models.
    pub model_type: ModelType,
    /// Unix seconds when the alias was made, for `GET /v1/models`.
    pub created: i64,
    /// Tried in order; within a group by weight.
    pub groups: Vec<Vec<Choice>>,
    /// How many targets a request may have of it, those of pools included.
    pub width: usize,
    /// How requests over it behave.
    pub policy: Policy,
}

/// What a group may choose.
pub struct Choice {
    /// Its share within the group.
    pub weight: u32,
    /// What serves, unless the key's environment has its own.
    pub candidate: Candidate,
    /// What serves the keys of an environment, by its name; of most choices empty.
    pub environments: Vec<(String, Candidate)>,
}

/// A target, or why there is none.
#[derive(Clone)]
pub enum Candidate {
    /// It can be called.
    Ready(Arc<Target>),
    /// Several credentials share its load.
    Pool(Arc<Pool>),
    /// The operator supplies it, within quotas; or the workspace serves it itself.
    Supplied(Arc<Supplied>),
    /// It cannot, for a reason a person can mend.
    Unusable(Unusable),
}

/// Why a target cannot be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The provider has no default credential.
    NoCredential {
        /// Which provider.
        provider: String,
    },
    /// Anything else, in one line: what is wrong and what to do.
    Broken(String),
}

/// A model and the credential that serves it, with everything a request needs made ready.
pub struct Target {
    /// As rows name it.
    pub label: Arc<TargetLabel>,
    /// What kind of provider it is.
    pub kind: &'static dyn ProviderKind,
    /// The dialects it can be spoken to in, best first.
    pub offers: Vec<Endpoint>,
    /// The grammars in which it does what is no conversation, best first.
    pub tasks: Vec<TaskEndpoint>,
    /// What the model takes and gives.
    pub facts: ModelFacts,
    /// What it costs.
    pub price: PriceVersion,
    /// Its credential is exchanged for a token.
    pub exchanges: bool,
    /// Its health.
    pub member: Member,
    /// It is one of a pool: while it rests, it is not called.
    pub pooled: bool,
    account: AccountData,
}

/// One dialect of a target, with its address and headers.
pub struct Endpoint {
    /// The dialect.
    pub dialect: Dialect,
    /// Where an unstreamed call goes.
    pub uri: Uri,
    /// Where a streamed call goes.
    pub stream_uri: Uri,
    /// What every call carries: authorisation, version.
    pub headers: HeaderMap,
}

/// One operation of a target that is no conversation, with its address and headers.
pub struct TaskEndpoint {
    /// What is done there.
    pub operation: Operation,
    /// In which grammar.
    pub grammar: Grammar,
    /// Where: what one request adds comes after it, before its query.
    pub url: String,
    /// What every call carries: authorisation, version.
    pub headers: HeaderMap,
}

struct AccountData {
    base_url: String,
    settings: BTreeMap<String, String>,
    secrets: Arc<SecretFields>,
}

impl World {
    /// The picture that `snapshot` draws. Healths are found by id, so they outlive pictures.
    pub fn new(snapshot: Snapshot, healths: &Healths) -> World {
        let mut world = World { revision: snapshot.revision, ..World::default() };
        for part in snapshot.workspaces {
            world.add(part, healths);
        }
        world
    }

    /// This picture with some workspaces drawn anew; `None` in place of one that is gone.
    pub fn changed(
        &self,
        revision: i64,
        parts: Vec<(WorkspaceId, Option<WorkspaceSnapshot>)>,
        healths: &Healths,
    ) -> World {
        let mut world = World { revision, tenants: self.tenants.clone(), keys: self.keys.clone() };
        let ids: HashSet<WorkspaceId> = parts.iter().map(|(id, _)| *id).collect();
        world.keys.retain(|_, key| !ids.contains(&key.caller.workspace));
        for (id, part) in parts {
            match part {
                Some(part) => world.add(part, healths),
                None => drop(world.tenants.remove(&id)),
            }
        }
        world
    }

    /// The key of that hash: one look-up.
    pub fn key(&self, hash: &[u8; 32]) -> Option<&KeyEntry> {
        self.keys.get(hash)
    }

    /// A workspace's part.
    pub fn tenant(&self, workspace: WorkspaceId) -> Option<&Tenant> {
        self.tenants.get(&workspace).map(|it| &**it)
    }

    /// How many workspaces, aliases and key secrets there are.
    pub fn sizes(&self) -> (usize, usize, usize) {
        let aliases = self.tenants.values().map(|tenant| tenant.aliases.len()).sum();
        (self.tenants.len(), aliases, self.keys.len())
    }

    fn add(&mut self, part: WorkspaceSnapshot, healths: &Healths) {
        let id = part.workspace.id;
        let keys = part.keys;
        let name = part.workspace.name;
        let mut targets = Targets::new(part.providers, part.credentials, part.models, healths);
        targets.share(part.pools, part.plan.as_ref());
        targets.supply(part.supplies);
        let aliases = part.aliases.into_iter().filter(|alias| alias.enabled);
        let aliases = aliases.map(|alias| (alias.name.clone(), Arc::new(targets.route(alias))));
        let tenant = Arc::new(Tenant { name, aliases: aliases.collect(), settings: part.settings });
        self.tenants.insert(id, Arc::clone(&tenant));
        for key in keys {
            self.add_key(id, &key, &tenant);
        }
    }

    fn add_key(&mut self, workspace: WorkspaceId, key: &Key, tenant: &Arc<Tenant>) {
        let scope = key.aliases.as_ref().map(|aliases| Arc::new(aliases.iter().copied().collect()));
        for version in &key.versions {
            let entry = KeyEntry {
                caller: Arc::new(caller(workspace, key, version)),
                tenant: Arc::clone(tenant),
                scope: scope.clone(),
                expires_at: [key.expires_at, version.expires_at].into_iter().flatten().min(),
                revoked: !key.enabled || version.revoked_at.is_some(),
                losses: key.losses,
            };
            self.keys.insert(version.hash, entry);
        }
    }
}

fn caller(workspace: WorkspaceId, key: &Key, version: &KeyVersion) -> Caller {
    Caller {
        workspace,
        key: key.id,
        key_name: key.name.clone(),
        key_version: version.number,
        owner: key.owner,
        owner_name: key.owner_name.clone(),
        environment: key.environment.clone(),
        tags: key.tags.clone(),
        said: Said::default(),
    }
}

impl KeyEntry {
    /// Whether the key may call that alias.
    pub fn may_call(&self, alias: AliasId) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.contains(&alias))
    }

    /// The routes this key may call, by name.
    pub fn routes(&self) -> impl Iterator<Item = &Arc<Route>> {
        self.tenant.aliases.values().filter(|route| self.may_call(route.alias))
    }
}

impl Route {
    /// Its targets that can be called by keys of `environment`, at rest or not; of a supplied model
    /// all, whoever serves it now.
    pub fn targets(&self, environment: &str) -> impl Iterator<Item = &Arc<Target>> {
        self.groups.iter().flatten().flat_map(move |choice| {
            let (allowances, own) = match choice.of(environment) {
                Candidate::Supplied(it) => (it.allowances.as_slice(), &it.own),
                own => ([].as_slice(), own),
            };
            let (alone, shared) = match own {
                Candidate::Ready(target) => (Some(target), [].as_slice()),
                Candidate::Pool(pool) => (None, pool.entries.as_slice()),
                Candidate::Unusable(_) | Candidate::Supplied(_) => (None, [].as_slice()),
            };
            let own = alone.into_iter().chain(shared.iter().map(|entry| &entry.target));
            allowances.iter().map(|it| &it.target).chain(own)
        })
    }

    /// Its models that the operator supplies.
    pub fn supplied(&self) -> impl Iterator<Item = &Arc<Supplied>> {
        // Whoever serves an environment is named, and so the workspace's own.
        self.groups.iter().flatten().filter_map(|choice| match &choice.candidate {
            Candidate::Supplied(it) => Some(it),
            _ => None,
        })
    }
}

impl Target {
    /// The account, for a signature that covers the request.
    pub fn account(&self) -> Account<'_> {
        self.account.view()
    }

    /// A place at it, taken for one call; `None`: it must not be called now. `alone`: nobody else
    /// is left, so that one at rest is better than none, unless it is of a pool.
    pub fn lease(&self, now: Tick, alone: bool) -> Option<Lease> {
        match alone && !self.pooled {
            true => self.member.lease_anyway(now),
            false => self.member.lease(now),
        }
    }

    /// The endpoint in the client's dialect, else the best one.
    pub fn endpoint(&self, dialect: ClientDialect) -> Option<&Endpoint> {
        self.offers.iter().find(|it| it.dialect == dialect).or_else(|| self.offers.first())
    }
}

impl Choice {
    /// What serves the keys of `environment`.
    pub fn of(&self, environment: &str) -> &Candidate {
        let own = self.environments.iter().find(|(name, _)| name == environment);
        own.map_or(&self.candidate, |(_, candidate)| candidate)
    }

    /// How many targets it may be, for one key.
    fn width(&self) -> usize {
        let own = self.environments.iter().map(|(_, candidate)| candidate.width());
        own.fold(self.candidate.width(), usize::max)
    }
}

impl Candidate {
    /// How many targets it may be.
    fn width(&self) -> usize {
        match self {
            Candidate::Ready(_) => 1,
            Candidate::Pool(pool) => pool.entries.len(),
            Candidate::Supplied(it) => it.own.width().max(1),
            Candidate::Unusable(_) => 0,
        }
    }
}

impl AccountData {
    fn view(&self) -> Account<'_> {
        Account { base_url: &self.base_url, settings: &self.settings, secrets: &self.secrets }
    }

    /// Another one for another address, other settings or other secrets. Not 0.
    fn digest(&self, credential: &Credential) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.base_url, &self.settings, &credential.fingerprint).hash(&mut hasher);
        hasher.finish().max(1)
    }
}

/// A hash of something that is a keyed digest already: its first eight bytes.
#[derive(Default)]
pub struct Digest(u64);

impl Hasher for Digest {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut first = [0; 8];
        let length = bytes.len().min(8);
        first[..length].copy_from_slice(&bytes[..length]);
        self.0 ^= u64::from_le_bytes(first);
    }

    // The length prefix of an array's hash carries nothing.
    fn write_usize(&mut self, _: usize) {}
}

#[cfg(test)]
mod tests;
