//! References by name (or id): to what is there, and to what the document itself brings.

use std::collections::BTreeMap;

use wayleave_model::credential::Credential;
use wayleave_model::id::{AliasId, CredentialId, ModelId, OwnerId, ProviderId};
use wayleave_model::target::Model;

use super::plan::Current;
use super::wanted::{Wanted, WantedTarget};
use crate::error::FieldError;

/// Looks names up in a workspace and in a document.
pub(super) struct Resolver<'a> {
    current: &'a Current,
    wanted: &'a Wanted,
}

/// What a target stands for, as ids; `None` where it will only be made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) model: Option<ModelId>,
    pub(super) credential: Option<CredentialId>,
    /// Those of environments that are there.
    pub(super) environments: BTreeMap<String, CredentialId>,
    /// A credential is named that will only be made.
    pub(super) new_credential: bool,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(current: &'a Current, wanted: &'a Wanted) -> Resolver<'a> {
        Resolver { current, wanted }
    }

    /// The provider of that name or id, if it is there.
    pub(super) fn provider(&self, name: &str) -> Option<ProviderId> {
        self.current
            .providers
            .iter()
            .find(|it| it.name == name || it.id.to_string() == name)
            .map(|it| it.id)
    }

    pub(super) fn has_provider(&self, name: &str) -> bool {
        self.provider(name).is_some() || self.wanted.providers.iter().any(|it| it.name == name)
    }

    /// The alias of that name or id, if it is there.
    pub(super) fn alias(&self, name: &str) -> Option<AliasId> {
        self.current
            .aliases
            .iter()
            .find(|it| it.name == name || it.id.to_string() == name)
            .map(|it| it.id)
    }

    pub(super) fn has_alias(&self, name: &str) -> bool {
        self.alias(name).is_some() || self.wanted.aliases.iter().any(|it| it.name == name)
    }

    /// The owner of that name, if it is there.
    pub(super) fn owner(&self, name: &str) -> Option<OwnerId> {
        self.current.owners.iter().find(|it| it.name == name).map(|it| it.id)
    }

    /// The model and credential of a target.
    pub(super) fn target(&self, target: &WantedTarget) -> Result<Found, FieldError> {
        let wrong =
            |field: &str, why: String| FieldError::new(format!("{}.{field}", target.path), why);
        if !self.has_provider(&target.provider) {
            let why = format!(
                "there is no provider `{}`, neither in the document nor in the workspace",
                target.provider
            );
            return Err(wrong("provider", why));
        }
        let (there, brought) = (self.models(target), self.brought(target));
        let model = match there.as_slice() {
            [] if brought == 0 => {
                let why =
                    format!("the provider `{}` has no model `{}`", target.provider, target.model);
                return Err(wrong("model", why));
            }
            [] if brought == 1 => None,
            [one] => Some(one.id),
            _ => {
                let why = format!(
                    "the provider `{}` has several models `{}`: say `type`",
                    target.provider, target.model
                );
                return Err(wrong("model", why));
            }
        };
        let named = |field: &str, name: &str| {
            self.named(&target.provider, name).map_err(|why| wrong(field, why))
        };
        let (mut credential, mut environments) = (None, BTreeMap::new());
        let mut new_credential = false;
        if let Some(name) = &target.credential {
            credential = named("credential", name)?;
            new_credential |= credential.is_none();
        }
        for (environment, name) in &target.environments {
            match named(&format!("environments.{environment}"), name)? {
                Some(id) => drop(environments.insert(environment.clone(), id)),
                None => new_credential = true,
            }
        }
        Ok(Found { model, credential, environments, new_credential })
    }

    /// The credential of that name or id; `None`: it will only be made.
    fn named(&self, provider: &str, name: &str) -> Result<Option<CredentialId>, String> {
        let found = self.credential(provider, name);
        let brought =
            |it: &super::wanted::WantedCredential| it.provider == provider && it.name == name;
        if found.is_none() && !self.wanted.credentials.iter().any(brought) {
            return Err(format!("the provider `{provider}` has no credential `{name}`"));
        }
        Ok(found)
    }

    fn models(&self, target: &WantedTarget) -> Vec<&'a Model> {
        let Some(provider) = self.provider(&target.provider) else { return Vec::new() };
        let named = |it: &&Model| it.name == target.model || it.id.to_string() == target.model;
        let typed = |it: &&Model| target.model_type.is_none_or(|wanted| wanted == it.model_type);
        self.current
            .models
            .iter()
            .filter(|it| it.provider == provider)
            .filter(named)
            .filter(typed)
            .collect()
    }

    /// How many models of the document, that are not there yet, a target may mean.
    fn brought(&self, target: &WantedTarget) -> usize {
        let there = self.models(target);
        let fresh = |it: &&super::wanted::WantedModel| {
            !there.iter().any(|model| model.model_type == it.model_type)
        };
        let typed = |it: &&super::wanted::WantedModel| {
            target.model_type.is_none_or(|wanted| wanted == it.model_type)
        };
        let same = |it: &&super::wanted::WantedModel| {
            it.provider == target.provider && it.name == target.model
        };
        self.wanted.models.iter().filter(same).filter(typed).filter(fresh).count()
    }

    fn credential(&self, provider: &str, name: &str) -> Option<CredentialId> {
        let provider = self.provider(provider)?;
        let named = |it: &&Credential| it.name == name || it.id.to_string() == name;
        self.current
            .credentials
            .iter()
            .filter(|it| it.provider == provider)
            .find(named)
            .map(|it| it.id)
    }
}
