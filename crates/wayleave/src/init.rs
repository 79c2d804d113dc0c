//! The first start: folder, key file, database, admin token, and a workspace in which the first
//! call works. A later start finds all of it and changes nothing.

use std::collections::BTreeMap;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use wayleave_admin::keyfile;
use wayleave_model::alias::{Group, Policy, WeightedTarget};
use wayleave_model::credential::{Checks, CredentialStatus, SecretFields};
use wayleave_model::id::{ModelId, ProviderId, SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::member::Role;
use wayleave_model::workspace::OwnerKind;
use wayleave_model::{Clock, Secret};
use wayleave_provider::kinds;
use wayleave_provider::manifest::KnownModel;
use wayleave_store::aliases::{self, AliasDraft};
use wayleave_store::credentials::{self, CredentialDraft};
use wayleave_store::keys::{self, KeyDraft};
use wayleave_store::models::{self, ModelDraft};
use wayleave_store::owners::{self, OwnerDraft};
use wayleave_store::prices::PriceDraft;
use wayleave_store::providers::{self, ProviderDraft};
use wayleave_store::tokens::{self, TokenDraft};
use wayleave_store::workspaces::{self, WorkspaceDraft};
use wayleave_store::{Actor, Change, Keyring, Store, StoreError};

use crate::config::{Config, KekSource};
use crate::exit::Failure;

/// The workspace of a first start.
pub const WORKSPACE: &str = "main";
/// The kind whose models need no account.
const SANDBOX: &str = "sandbox";

/// What a first start shows, once.
pub struct FirstRun {
    /// A key for all aliases of the first workspace.
    pub client_key: Secret,
    /// A token for the management API.
    pub admin_token: Secret,
    /// Where the data is.
    pub data: PathBuf,
}

/// Makes the data folder, for its owner only.
///
/// # Errors
/// When it cannot be made.
pub fn folder(data: &Path) -> Result<(), Failure> {
    let fail = |err: std::io::Error| Failure::Refused(format!("--data {}: {err}", data.display()));
    if data.is_dir() {
        let mode = std::fs::metadata(data).map_err(fail)?.permissions().mode();
        if mode & 0o077 != 0 {
            tracing::warn!(folder = %data.display(), "others than its owner may enter the data folder: chmod 700 it");
        }
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(fail)
}

/// Opens the database, with the keys that its secrets are sealed by. Makes the key file only
/// beside a database that is new.
///
/// # Errors
/// Names the key id that is missing, or the migration that is due.
pub async fn open(config: &Config, clock: Clock) -> Result<Store, Failure> {
    if config.migrate {
        wayleave_store::migrate(&config.database, &clock).await?;
    }
    let keyring = keyring(config, &clock)?;
    Ok(Store::open(&config.database, keyring, clock).await?)
}

fn keyring(config: &Config, clock: &Clock) -> Result<Keyring, Failure> {
    let path = match &config.kek {
        KekSource::Given(text) => return Ok(Keyring::parse(text)?),
        KekSource::File(path) => path,
    };
    let known_database = config.database.file().is_some_and(Path::exists);
    if !path.exists() && known_database {
        return Err(Failure::Refused(format!(
            "{}: the key-encryption key is missing, and the database was sealed by it: put it back, or name it with --kek FILE",
            path.display()
        )));
    }
    keyfile::ensure(path, clock.now())?;
    if keyfile::is_open_to_others(path)? {
        tracing::warn!(file = %path.display(), "others than its owner may read the key file: chmod 600 it");
    }
    Ok(keyfile::read(path)?)
}

/// On an empty instance: an admin token, a workspace, the sandbox with an alias for each of its
/// models, and a key. `None` when the instance was set up before.
///
/// # Errors
/// What the store refuses.
pub async fn ensure(config: &Config, store: &Store) -> Result<Option<FirstRun>, Failure> {
    let actor = Actor::system("init");
    let mut change = store.change(SYSTEM_WORKSPACE, &actor, "first start").await?;
    // Read under the change's lock: of two nodes that start at once, one sets up.
    let known = workspaces::list(change.tx(), &wayleave_store::Listing::longest()).await?;
    if known.items.iter().any(|it| it.id != SYSTEM_WORKSPACE) {
        return Ok(None);
    }
    let draft = WorkspaceDraft { name: WORKSPACE.to_owned(), time_zone: "UTC".to_owned() };
    let workspace = workspaces::create(&mut change, &draft).await?;
    let token = TokenDraft {
        name: "first".to_owned(),
        role: Role::Operator,
        scopes: None,
        expires_at: None,
    };
    let (_, admin_token) = tokens::mint(&mut change, &token).await?;
    change.commit().await?;
    let client_key = furnish(store, workspace.id, &actor).await?;
    Ok(Some(FirstRun { client_key, admin_token, data: config.data.clone() }))
}

/// The first workspace's owner, sandbox, aliases and key.
async fn furnish(
    store: &Store,
    workspace: WorkspaceId,
    actor: &Actor,
) -> Result<Secret, StoreError> {
    let mut change = store.change(workspace, actor, "first start").await?;
    let owner = OwnerDraft { name: "platform".to_owned(), kind: OwnerKind::Team, managed_by: None };
    let owner = owners::create(&mut change, &owner).await?;
    if let Some(kind) = kinds::kind(SANDBOX) {
        let provider = sandbox(&mut change).await?;
        for known in kind.models() {
            alias(&mut change, provider, known).await?;
        }
    }
    let key = KeyDraft {
        name: "first".to_owned(),
        owner: owner.id,
        environment: "development".to_owned(),
        purpose: "trying Wayleave out".to_owned(),
        aliases: None,
        tags: Vec::new(),
        enabled: true,
        expires_at: None,
        losses: None,
        managed_by: None,
    };
    let (_, secret) = keys::mint(&mut change, &key).await?;
    change.commit().await?;
    Ok(secret)
}

async fn sandbox(change: &mut Change) -> Result<ProviderId, StoreError> {
    let draft = ProviderDraft {
        name: SANDBOX.to_owned(),
        kind: SANDBOX.to_owned(),
        base_url: None,
        settings: BTreeMap::new(),
        default_credential: None,
        preference: None,
        enabled: true,
        new_models: false,
        managed_by: None,
    };
    let provider = providers::create(change, &draft).await?;
    let credential = CredentialDraft {
        provider: provider.id,
        model: None,
        name: "built-in".to_owned(),
        settings: BTreeMap::new(),
        enabled: true,
        status: CredentialStatus::Active,
        checks: Checks::default(),
        managed_by: None,
    };
    credentials::create(change, &credential, &SecretFields::default()).await?;
    Ok(provider.id)
}

async fn alias(
    change: &mut Change,
    provider: ProviderId,
    known: &KnownModel,
) -> Result<(), StoreError> {
    let draft = ModelDraft {
        provider,
        name: known.name.to_owned(),
        model_type: known.model_type,
        custom: false,
        enabled: true,
        facts: known.facts.clone(),
        managed_by: None,
    };
    let model = models::create(change, &draft).await?;
    let free = PriceDraft {
        free: known.free,
        rates: Vec::new(),
        effective_from: None,
        source: "the sandbox costs nothing".to_owned(),
        verified_at: None,
    };
    models::set_price(change, model.id, None, &free).await?;
    aliases::create(change, &route(&format!("{SANDBOX}/{}", known.name), model.id)).await?;
    Ok(())
}

fn route(name: &str, model: ModelId) -> AliasDraft {
    AliasDraft {
        name: name.to_owned(),
        enabled: true,
        groups: vec![Group {
            targets: vec![WeightedTarget {
                model,
                credential: None,
                environments: BTreeMap::new(),
                weight: 1,
            }],
        }],
        policy: Policy::default(),
        managed_by: None,
    }
}
