//! A credential is proven before it is saved: what may be called for that, and what a proof means.

use serde::Deserialize;
use utoipa::ToSchema;
use wayleave_model::Timestamp;
use wayleave_model::credential::{Checks, CredentialStatus, Validated};
use wayleave_model::id::{CredentialId, ProviderId, WorkspaceId};
use wayleave_model::provider::{ModelType, Provider};
use wayleave_model::target::{Model, ModelFacts};
use wayleave_model::usage::UsageSource;
use wayleave_provider::proof::{Callee, Claim, Outcome, Proof};
use wayleave_provider::{ProviderKind, kind};
use wayleave_store::proofs::{Budgeted, ProofDraft, ProofEnd};
use wayleave_store::{Actor, Tx, models, workspace_settings};

use http::StatusCode;

use crate::catalog::in_force;
use crate::error::{FieldError, Problem};
use crate::state::AdminState;
use crate::view::ProofView;

/// How far a proof may go. Without it nothing is called that costs.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProofWish {
    /// The model to call, by the provider's name for it; of a custom model's credential that model,
    /// if absent.
    model: Option<String>,
    /// What that model does, if neither workspace nor catalog knows it; `llm` if absent.
    #[serde(rename = "type")]
    #[schema(value_type = Option<String>, example = "llm")]
    model_type: Option<ModelType>,
    /// The smallest call of the model may be made, at the cost of a few tokens.
    paid: bool,
}

/// The kind of a stored provider. One of a later version may be unknown here.
pub(crate) fn known(provider: &Provider) -> Result<&'static dyn ProviderKind, Problem> {
    kind(&provider.kind).ok_or_else(|| {
        let detail = format!("this version does not know the kind `{}`", provider.kind);
        Problem::new(StatusCode::CONFLICT, "unknown_kind", detail)
    })
}

impl ProofWish {
    /// The model to call, if one may be called.
    pub(crate) async fn callee(
        self,
        tx: &mut Tx,
        at: WorkspaceId,
        provider: &Provider,
        own: Option<&Model>,
    ) -> Result<Option<Callee>, Problem> {
        if !self.paid {
            let wrong = "is called only with `paid: true`: it costs a few tokens";
            return match self.model {
                Some(_) => Err(Problem::field("validate.model", wrong)),
                None => Ok(None),
            };
        }
        let Some(name) = self.model.or_else(|| own.map(|it| it.name.clone())) else {
            return Err(Problem::field("validate.model", "name the model to call"));
        };
        let asked = self.model_type;
        let known = match own.filter(|it| it.name == name) {
            Some(model) => Some((model.model_type, model.facts.clone())),
            None => known_model(tx, at, provider, &name, asked).await?,
        };
        let (model_type, facts) =
            known.unwrap_or_else(|| (asked.unwrap_or(ModelType::Llm), ModelFacts::default()));
        Ok(Some(Callee { model: name, model_type, facts }))
    }
}

/// What workspace or catalog know of a model of that name.
async fn known_model(
    tx: &mut Tx,
    at: WorkspaceId,
    provider: &Provider,
    name: &str,
    asked: Option<ModelType>,
) -> Result<Option<(ModelType, ModelFacts)>, Problem> {
    for of in ModelType::ALL.into_iter().filter(|it| asked.is_none_or(|asked| asked == *it)) {
        if let Some(model) = models::by_name(tx, at, provider.id, name, of).await? {
            return Ok(Some((model.model_type, model.facts)));
        }
    }
    let row = in_force(tx).await?.find(&provider.kind, name);
    let row = row.filter(|it| asked.is_none_or(|asked| asked == it.model_type));
    Ok(row.map(|it| (it.model_type, it.fill(&ModelFacts::default()))))
}

/// On whose behalf a provider is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// Who asks.
    pub(crate) by: &'a str,
    /// The provider's name.
    pub(crate) provider_name: &'a str,
    /// The provider, if it is stored.
    pub(crate) provider: Option<ProviderId>,
    /// The credential, if it is stored.
    pub(crate) credential: Option<CredentialId>,
}

impl<'a> Asked<'a> {
    /// A credential of a stored provider.
    pub(crate) fn of(
        by: &'a Actor,
        provider: &'a Provider,
        credential: Option<CredentialId>,
    ) -> Asked<'a> {
        let provider_name = &provider.name;
        Asked { by: &by.name, provider_name, provider: Some(provider.id), credential }
    }
}

/// Asks the provider, within what the workspace may spend on that. What costs is a line of its own:
/// nobody's key pays for it.
pub(crate) async fn prove(
    state: &AdminState,
    at: WorkspaceId,
    asked: Asked<'_>,
    claim: &Claim,
) -> Result<Proof, Problem> {
    let Some(call) = &claim.call else { return Ok(state.prove.prove(claim).await) };
    let mut tx = state.store.read().await?;
    let an_hour = workspace_settings::get(&mut tx, at).await?.proofs_per_hour.0;
    let model = match asked.provider {
        Some(provider) => {
            models::by_name(&mut tx, at, provider, &call.model, call.model_type).await?
        }
        None => None,
    };
    drop(tx);
    let draft = ProofDraft {
        asked_by: asked.by.to_owned(),
        provider: asked.provider,
        provider_name: asked.provider_name.to_owned(),
        credential: asked.credential,
        model: model.as_ref().map(|it| it.id),
        model_name: call.model.clone(),
    };
    let id = match state.store.begin_proof(at, &draft, an_hour, state.clock.now()).await? {
        Budgeted::Begun(id) => id,
        Budgeted::Spent(seconds) => return Err(too_many(Some(seconds))),
        Budgeted::Never => return Err(too_many(None)),
    };
    let proof = state.prove.prove(claim).await;
    let price = model.and_then(|it| it.price).filter(|_| proof.spent.source != UsageSource::None);
    let end = ProofEnd {
        outcome: proof.outcome.as_str(),
        calls: proof.spent.calls,
        usage: proof.spent.usage,
        usage_source: proof.spent.source,
        price: price.as_ref().map(|it| it.id),
        lines: price.map(|it| it.lines(&proof.spent.usage)).unwrap_or_default(),
    };
    state.store.end_proof(at, id, &end).await?;
    Ok(proof)
}

fn too_many(seconds: Option<u64>) -> Problem {
    let detail = match seconds {
        Some(seconds) => format!(
            "this workspace has had its paid proofs of this hour (`proofs_per_hour` in its \
             settings): try again in {seconds} s, or without `paid`"
        ),
        None => {
            "this workspace allows no paid proofs (`proofs_per_hour` in its settings is 0): try \
                 again without `paid`"
                .to_owned()
        }
    };
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_paid_proofs", detail);
    Problem { retry_after: seconds, ..problem }
}

/// What a good proof says of the credential that it is for.
pub(crate) fn proven(proof: &Proof, by: &str, now: Timestamp) -> (CredentialStatus, Checks) {
    let checks = Checks {
        validated: Some(Validated::Proven),
        proof: Some(proof.summary.clone()),
        proven_by: Some(by.to_owned()),
        last_proven_at: Some(now),
        last_checked_at: Some(now),
    };
    (CredentialStatus::Active, checks)
}

/// What is said of a credential that is saved unasked.
pub(crate) fn skipped() -> (CredentialStatus, Checks) {
    let checks = Checks { validated: Some(Validated::Skipped), ..Checks::default() };
    (CredentialStatus::Unverified, checks)
}

/// Why a credential is not saved: 422 with the transcript, unless it was proven.
pub(crate) fn refusal(claim: &Claim, proof: Proof) -> Problem {
    let code = match proof.outcome {
        Outcome::Refused => "credential_refused",
        Outcome::Unreachable => "credential_unreachable",
        Outcome::Unusable => "credential_unusable",
        Outcome::ModelMissing => "credential_model_missing",
        Outcome::Unproven => "credential_unproven",
        Outcome::Failed | Outcome::Proven => "credential_failed",
    };
    let field = blamed(claim, &proof);
    let mut problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, proof.summary.clone());
    problem.errors =
        field.into_iter().map(|it| FieldError::new(it, proof.summary.clone())).collect();
    problem.proof = Some(Box::new(ProofView::from(proof)));
    problem
}

/// The field of the request's body to blame. An address that the provider has is in no body here.
fn blamed(claim: &Claim, proof: &Proof) -> Option<String> {
    let is_secret =
        |id: &str| crate::form::secret_fields(claim.kind.manifest().id).any(|it| it.id == id);
    match (&proof.field, proof.outcome) {
        (Some(id), _) if is_secret(id) => Some(format!("fields.{id}")),
        (Some(id), _) if claim.settings.contains_key(id) => Some(format!("settings.{id}")),
        (Some(_), _) => None,
        (None, Outcome::Refused) => {
            claim.secrets.iter().next().map(|(id, _)| format!("fields.{id}"))
        }
        (None, Outcome::ModelMissing) => Some("validate.model".to_owned()),
        (None, _) => None,
    }
}

/// The account was proven with the provider as it was then: nothing is saved if it moved meanwhile.
pub(crate) fn same_place(then: &Provider, now: &Provider) -> Result<(), Problem> {
    if (&then.base_url, &then.settings) == (&now.base_url, &now.settings) {
        return Ok(());
    }
    let detail = "the provider was changed while the credential was being proven: try again";
    Err(Problem::new(StatusCode::CONFLICT, "conflict", detail))
}
