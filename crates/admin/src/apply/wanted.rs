//! What a document means, checked as far as it can be without knowing what is there.

use std::collections::{BTreeMap, BTreeSet};

use wayleave_model::alias::{Losses, MAX_ENVIRONMENTS, Policy};
use wayleave_model::credential::SecretFields;
use wayleave_model::key::{MAX_LENGTH, MIN_LENGTH};
use wayleave_model::price::Rate;
use wayleave_model::provider::ModelType;
use wayleave_model::supply::Supplier;
use wayleave_model::target::ModelFacts;
use wayleave_model::workspace::OwnerKind;
use wayleave_model::{Secret, Timestamp};

use super::default_model::{WantedDefault, wanted as default_model};
use super::document::{
    AliasDecl, CredentialDecl, DefaultModelDecl, Document, Hidden, KeyDecl, ModelDecl, PoolDecl,
    ProviderDecl, SettingsDecl, TargetDecl,
};
use super::pool::{WantedPool, wanted as pool};
use super::price::Declared;
use crate::error::FieldError;
use crate::form;

/// A document whose every part can be written.
#[derive(Debug, Default)]
pub struct Wanted {
    /// The workspace's name.
    pub workspace: String,
    /// The settings that it names.
    pub settings: SettingsDecl,
    /// Owners, declared or named by keys.
    pub owners: Vec<WantedOwner>,
    /// Providers.
    pub providers: Vec<WantedProvider>,
    /// Credentials of all providers.
    pub credentials: Vec<WantedCredential>,
    /// Custom models.
    pub models: Vec<WantedModel>,
    /// Pools.
    pub pools: Vec<WantedPool>,
    /// Default models.
    pub default_models: Vec<WantedDefault>,
    /// Aliases.
    pub aliases: Vec<WantedAlias>,
    /// Keys.
    pub keys: Vec<WantedKey>,
}

/// An owner of keys.
#[derive(Debug, PartialEq, Eq)]
pub struct WantedOwner {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OwnerKind,
}

/// A provider.
#[derive(Debug)]
pub struct WantedProvider {
    /// Where it stands in the document, like `providers[0]`.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its kind's id.
    pub kind: String,
    /// Normalised.
    pub base_url: Option<String>,
    /// Checked against the kind's form.
    pub settings: BTreeMap<String, String>,
    /// Whose credentials shall serve; `None`: as it is.
    pub preference: Option<Supplier>,
    /// The name of the credential that serves by default.
    pub default_credential: Option<String>,
    /// Whether models that the catalog comes to know are enabled; `None`: as it was.
    pub new_models: Option<bool>,
}

/// A credential.
#[derive(Debug)]
pub struct WantedCredential {
    /// Where it stands in the document.
    pub path: String,
    /// The provider's name.
    pub provider: String,
    /// Its name.
    pub name: String,
    /// Checked against the kind's form.
    pub settings: BTreeMap<String, String>,
    /// Its secrets.
    pub secrets: SecretFields,
}

/// A custom model.
#[derive(Debug)]
pub struct WantedModel {
    /// Where it stands in the document.
    pub path: String,
    /// The provider's name.
    pub provider: String,
    /// Its name.
    pub name: String,
    /// What it does.
    pub model_type: ModelType,
    /// What it can do: as declared, until `known` completes it.
    pub facts: ModelFacts,
    /// Its form, for `known` to check: the kind of its provider may be in the workspace only.
    pub settings: BTreeMap<String, String>,
    /// Its price is the catalog's, for `known` to fill in.
    pub from_catalog: bool,
    /// Without charge.
    pub free: bool,
    /// Its prices; empty if free.
    pub rates: Vec<Rate>,
    /// Where the prices are from.
    pub source: String,
}

/// An alias.
#[derive(Debug)]
pub struct WantedAlias {
    /// Where it stands in the document.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Tried in order; within a group by weight.
    pub groups: Vec<Vec<WantedTarget>>,
    /// How requests behave.
    pub policy: Policy,
}

/// A target by names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedTarget {
    /// Where it stands in the document.
    pub path: String,
    /// The provider, by name or id.
    pub provider: String,
    /// The model, by name or id.
    pub model: String,
    /// Which of several models of that name.
    pub model_type: Option<ModelType>,
    /// The credential, by name or id.
    pub credential: Option<String>,
    /// The credential for the keys of an environment, by name or id.
    pub environments: BTreeMap<String, String>,
    /// Its share.
    pub weight: u32,
}

/// A key.
#[derive(Debug)]
pub struct WantedKey {
    /// Where it stands in the document.
    pub path: String,
    /// Its name.
    pub name: String,
    /// The declared secret; `None`: minted.
    pub secret: Option<Secret>,
    /// The owner's name.
    pub owner: String,
    /// Like `production`.
    pub environment: String,
    /// What it is for.
    pub purpose: String,
    /// Aliases by name; `None`: all.
    pub aliases: Option<Vec<String>>,
    /// Labels.
    pub tags: Vec<String>,
    /// Refused from then on.
    pub expires_at: Option<Timestamp>,
    /// What becomes of what would be lost; `None`: what the alias says.
    pub losses: Option<Losses>,
}

/// Checks `document`; every mistake is named with its path.
///
/// # Errors
/// All of them, not only the first.
pub fn wanted(document: Document<Hidden>) -> Result<Wanted, Vec<FieldError>> {
    let mut wrong = Vec::new();
    unique("owners", document.owners.iter().map(|it| it.name.clone()), &mut wrong);
    unique("providers", document.providers.iter().map(|it| it.name.clone()), &mut wrong);
    let model_name =
        |it: &ModelDecl| format!("{}/{} ({})", it.provider, it.name, it.model_type.as_str());
    unique("models", document.models.iter().map(model_name), &mut wrong);
    let pool_name = |it: &PoolDecl| format!("{}/{}", it.provider, it.model);
    let pool_key = |it: &PoolDecl| match it.model_type {
        None => pool_name(it),
        Some(of) => format!("{} ({})", pool_name(it), of.as_str()),
    };
    unique("pools", document.pools.iter().map(pool_key), &mut wrong);
    let of = |it: &DefaultModelDecl| it.model_type.as_str().to_owned();
    unique("default_models", document.default_models.iter().map(of), &mut wrong);
    unique("aliases", document.aliases.iter().map(|it| it.name.clone()), &mut wrong);
    unique("keys", document.keys.iter().map(|it| it.name.clone()), &mut wrong);
    let owners = owners(&document);
    let mut providers = Vec::new();
    let mut credentials = Vec::new();
    for (at, declared) in document.providers.into_iter().enumerate() {
        let (provider, its) = provider(format!("providers[{at}]"), declared, &mut wrong);
        providers.push(provider);
        credentials.extend(its);
    }
    let numbered = |noun: &'static str| move |at: usize| format!("{noun}[{at}]");
    let models = each(document.models, numbered("models"), |path, it| model(path, it, &mut wrong));
    let pools = each(document.pools, numbered("pools"), |path, it| pool(path, it, &mut wrong));
    let default_models = each(document.default_models, numbered("default_models"), default_model);
    let aliases =
        each(document.aliases, numbered("aliases"), |path, it| alias(path, it, &mut wrong));
    let keys = each(document.keys, numbered("keys"), |path, it| key(path, it, &mut wrong));
    if wrong.is_empty() {
        Ok(Wanted {
            workspace: document.workspace,
            settings: document.settings,
            owners,
            providers,
            credentials,
            models,
            pools,
            default_models,
            aliases,
            keys,
        })
    } else {
        Err(wrong)
    }
}

/// Groups of a target list: the same number shares the load, no number stands alone.
///
/// `list` is the path of the list itself, for errors.
pub fn groups(
    list: &str,
    targets: Vec<TargetDecl>,
    wrong: &mut Vec<FieldError>,
) -> Vec<Vec<WantedTarget>> {
    if targets.is_empty() {
        wrong.push(FieldError::new(list, "expected at least one target"));
    }
    let mut groups: Vec<(Option<u32>, Vec<WantedTarget>)> = Vec::new();
    for (at, it) in targets.into_iter().enumerate() {
        let path = format!("{list}[{at}]");
        let weight = it.weight.unwrap_or(1);
        if !(1..=1000).contains(&weight) {
            wrong.push(FieldError::new(format!("{path}.weight"), "expected 1 to 1000"));
        }
        if it.environments.len() > MAX_ENVIRONMENTS {
            let why = format!("expected at most {MAX_ENVIRONMENTS}");
            wrong.push(FieldError::new(format!("{path}.environments"), why));
        }
        let target = WantedTarget {
            path,
            provider: it.provider,
            model: it.model,
            model_type: it.model_type,
            credential: it.credential,
            environments: it.environments,
            weight,
        };
        let same = groups.iter_mut().find(|(number, _)| number.is_some() && *number == it.group);
        match same {
            Some((_, members)) => members.push(target),
            None => groups.push((it.group, vec![target])),
        }
    }
    groups.into_iter().map(|(_, members)| members).collect()
}

fn owners(document: &Document<Hidden>) -> Vec<WantedOwner> {
    let mut owners: Vec<WantedOwner> = document
        .owners
        .iter()
        .map(|it| WantedOwner { name: it.name.clone(), kind: it.kind })
        .collect();
    for key in &document.keys {
        if !owners.iter().any(|it| it.name == key.owner) {
            owners.push(WantedOwner { name: key.owner.clone(), kind: OwnerKind::Team });
        }
    }
    owners
}

fn provider(
    path: String,
    declared: ProviderDecl<Hidden>,
    wrong: &mut Vec<FieldError>,
) -> (WantedProvider, Vec<WantedCredential>) {
    let ProviderDecl { name, kind, base_url, settings, credentials, new_models, preference } =
        declared;
    let checked = form::provider(&kind, base_url.as_deref(), &settings);
    let (base_url, settings) = checked.unwrap_or_else(|errors| {
        wrong.extend(errors.into_iter().map(|it| it.under(&path)));
        (None, BTreeMap::new())
    });
    let list = format!("{path}.credentials");
    unique(&list, credentials.iter().map(|it| it.name.clone()), wrong);
    let marked: Vec<&str> =
        credentials.iter().filter(|it| it.default).map(|it| it.name.as_str()).collect();
    if marked.len() > 1 {
        wrong.push(FieldError::new(list.clone(), "more than one has `default: true`"));
    }
    let default =
        marked.first().copied().or_else(|| credentials.first().map(|it| it.name.as_str()));
    let default_credential = default.map(str::to_owned);
    let credentials = each(
        credentials,
        |at| format!("{list}[{at}]"),
        |path, it| credential(path, &name, &kind, it, wrong),
    );
    let wanted = WantedProvider {
        path,
        name,
        kind,
        base_url,
        settings,
        preference,
        default_credential,
        new_models,
    };
    (wanted, credentials)
}

fn credential(
    path: String,
    provider: &str,
    kind: &str,
    declared: CredentialDecl<Hidden>,
    wrong: &mut Vec<FieldError>,
) -> WantedCredential {
    let CredentialDecl { name, api_key, fields, settings, .. } = declared;
    if api_key.is_some() && fields.contains_key("api_key") {
        wrong.push(FieldError::new(
            format!("{path}.fields.api_key"),
            "is given twice: keep `api_key` alone",
        ));
    }
    let short = api_key.map(|it| ("api_key".to_owned(), it.0));
    let secrets = fields.into_iter().map(|(id, it)| (id, it.0)).chain(short);
    let checked = form::credential(kind, &settings, &SecretFields::new(secrets), None);
    let (settings, secrets) = checked.unwrap_or_else(|errors| {
        wrong.extend(errors.into_iter().map(|it| it.under(&path)));
        (BTreeMap::new(), SecretFields::default())
    });
    WantedCredential { path, provider: provider.to_owned(), name, settings, secrets }
}

fn model(path: String, declared: ModelDecl, wrong: &mut Vec<FieldError>) -> WantedModel {
    let declared_price = Declared::of(declared.price.as_ref(), declared.free);
    let declared_price = declared_price.unwrap_or_else(|why| {
        wrong.push(FieldError::new(path.clone(), why));
        Declared::Free
    });
    let (free, rates, from_catalog) = match declared_price {
        Declared::Free => (true, Vec::new(), false),
        Declared::Rates(rates) => (false, rates, false),
        Declared::Catalog => (false, Vec::new(), true),
    };
    let ModelDecl { provider, name, model_type, facts, settings, .. } = declared;
    let source = "setup file".to_owned();
    WantedModel {
        path,
        provider,
        name,
        model_type,
        facts,
        settings,
        from_catalog,
        free,
        rates,
        source,
    }
}

fn alias(path: String, declared: AliasDecl, wrong: &mut Vec<FieldError>) -> WantedAlias {
    let groups = groups(&format!("{path}.targets"), declared.targets, wrong);
    WantedAlias { path, name: declared.name, groups, policy: declared.policy }
}

fn key(path: String, declared: KeyDecl<Hidden>, wrong: &mut Vec<FieldError>) -> WantedKey {
    let secret = declared.secret.map(|it| it.0);
    if let Some(Err(why)) = secret.as_ref().map(key_secret) {
        wrong.push(FieldError::new(format!("{path}.secret"), why));
    }
    WantedKey {
        path,
        name: declared.name,
        secret,
        owner: declared.owner,
        environment: declared.environment,
        purpose: declared.purpose,
        aliases: declared.aliases,
        tags: declared.tags,
        expires_at: declared.expires_at.map(|it| it.0),
        losses: declared.losses,
    }
}

/// Whether a client could present `secret` in a header.
///
/// # Errors
/// What to change.
pub fn key_secret(secret: &Secret) -> Result<(), String> {
    let bytes = secret.expose();
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&bytes.len()) {
        return Err(format!("expected {MIN_LENGTH} to {MAX_LENGTH} characters"));
    }
    if !bytes.iter().all(u8::is_ascii_graphic) {
        return Err("expected printable ASCII without blanks".to_owned());
    }
    Ok(())
}

fn unique(list: &str, names: impl Iterator<Item = String>, wrong: &mut Vec<FieldError>) {
    let mut seen = BTreeSet::new();
    for (at, name) in names.enumerate() {
        if !seen.insert(name.clone()) {
            wrong.push(FieldError::new(
                format!("{list}[{at}]"),
                format!("`{name}` is declared twice"),
            ));
        }
    }
}

fn each<T, U>(
    items: Vec<T>,
    path: impl Fn(usize) -> String,
    mut turn: impl FnMut(String, T) -> U,
) -> Vec<U> {
    items.into_iter().enumerate().map(|(at, it)| turn(path(at), it)).collect()
}
