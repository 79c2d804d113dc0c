//! Credentials of a document are proven before anything of it is saved, where that is asked for.

use std::collections::{HashMap, HashSet};

use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wayleave_model::Secret;
use wayleave_model::credential::{Checks, CredentialStatus, SecretFields};
use wayleave_model::id::WorkspaceId;
use wayleave_model::provider::ModelType;
use wayleave_model::target::ModelFacts;
use wayleave_provider::kind;
use wayleave_provider::proof::{Callee, Claim, Outcome};

use super::plan::{Current, Plan, Work};
use super::wanted::{Wanted, WantedCredential, WantedProvider};
use crate::error::{FieldError, Problem};
use crate::routes::credentials::validation::{self, Asked};
use crate::state::AdminState;
use crate::view::ProofView;

/// How far the credentials of a document are proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Validate {
    /// By what costs nothing.
    Free,
    /// By the smallest call, too: of the document's first chat model of the provider, else of the
    /// workspace's.
    Paid,
}

/// What was tried with one credential of a document.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CredentialProof {
    /// Where it stands in the document, like `providers[0].credentials[1]`.
    pub field: String,
    /// `provider/name`.
    pub name: String,
    /// The transcript.
    pub proof: ProofView,
}

/// What is known of proven credentials, by their place in the document.
#[derive(Debug, Default)]
pub(super) struct Proven(HashMap<String, (CredentialStatus, Checks)>);

/// Who asks, and for whom.
pub(crate) struct Asker<'a> {
    /// What proves.
    pub(crate) state: &'a AdminState,
    /// How far.
    pub(crate) validate: Validate,
    /// Who is named as the one who had them proven.
    pub(crate) by: &'a str,
    /// Who may pay for it.
    pub(crate) workspace: WorkspaceId,
}

impl Proven {
    /// What a credential is saved with: unasked if nobody asked.
    pub(super) fn of(&self, path: &str) -> (CredentialStatus, Checks) {
        self.0.get(path).cloned().unwrap_or((CredentialStatus::Unverified, Checks::default()))
    }

    /// Whether every credential that `plan` writes was proven: somebody may have changed one since.
    pub(super) fn covers(&self, plan: &Plan<'_>) -> bool {
        written(plan).all(|it| self.0.contains_key(&it.path))
    }
}

/// Proves every credential that `plan` makes or changes, and those of a provider whose address or
/// settings it changes.
///
/// # Errors
/// 422 with the transcript of each that is not proven.
pub(super) async fn prove(
    asker: &Asker<'_>,
    plan: &Plan<'_>,
    current: &Current,
    wanted: &Wanted,
) -> Result<(Proven, Vec<String>), Problem> {
    let (mut proven, mut lines) = (Proven::default(), Vec::new());
    let (mut wrong, mut proofs) = (Vec::new(), Vec::new());
    for it in concerned(plan, wanted) {
        let Some(provider) = wanted.providers.iter().find(|own| own.name == it.provider) else {
            continue;
        };
        let Some(claim) = claim(asker.validate, provider, it, current, wanted) else { continue };
        let there = current.providers.iter().find(|own| own.name == it.provider);
        let asked = Asked {
            by: asker.by,
            provider_name: &it.provider,
            provider: there.map(|it| it.id),
            credential: None,
        };
        let proof = validation::prove(asker.state, asker.workspace, asked, &claim).await?;
        let name = format!("{}/{}", it.provider, it.name);
        if proof.outcome == Outcome::Proven {
            let now = asker.state.clock.now();
            lines.push(format!("{name}: {}", proof.summary));
            proven.0.insert(it.path.clone(), validation::proven(&proof, asker.by, now));
            continue;
        }
        let problem = validation::refusal(&claim, proof);
        let field = problem.errors.first().map(|error| format!("{}.{}", it.path, error.field));
        let field = field.unwrap_or_else(|| it.path.clone());
        wrong.push(FieldError::new(field, problem.detail));
        let proof = problem.proof.map(|proof| *proof);
        let place = it.path.clone();
        proofs.extend(proof.map(|proof| CredentialProof { field: place, name, proof }));
    }
    if wrong.is_empty() {
        return Ok((proven, lines));
    }
    let detail = match wrong.as_slice() {
        [one] => format!("{}: {}", one.field, one.message),
        many => format!("{} credentials are not proven: nothing was saved", many.len()),
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let problem = Problem::new(status, "credentials_not_proven", detail);
    Err(Problem { errors: wrong, proofs, ..problem })
}

/// What an apply says that found other credentials than it had proven.
pub(super) fn overtaken() -> Problem {
    let detail = "the workspace was changed while credentials were being proven: try again";
    Problem::new(StatusCode::CONFLICT, "conflict", detail)
}

fn written<'a, 'p>(plan: &'p Plan<'a>) -> impl Iterator<Item = &'a WantedCredential> + 'p {
    plan.steps.iter().filter_map(|step| match step.work {
        Work::Credential(it, _) => Some(it),
        _ => None,
    })
}

fn concerned<'a>(plan: &Plan<'a>, wanted: &'a Wanted) -> Vec<&'a WantedCredential> {
    let mut paths: HashSet<&str> = written(plan).map(|it| it.path.as_str()).collect();
    for step in &plan.steps {
        let moved = step.change.fields.iter().any(|it| it == "base_url" || it == "settings");
        if let (Work::Provider(provider, Some(_)), true) = (&step.work, moved) {
            let own = wanted.credentials.iter().filter(|it| it.provider == provider.name);
            paths.extend(own.map(|it| it.path.as_str()));
        }
    }
    wanted.credentials.iter().filter(|it| paths.contains(it.path.as_str())).collect()
}

/// The account that requests will be made with. `None`: a kind that is unknown here, which the plan
/// has refused.
fn claim(
    validate: Validate,
    provider: &WantedProvider,
    it: &WantedCredential,
    current: &Current,
    wanted: &Wanted,
) -> Option<Claim> {
    let kind = kind(&provider.kind)?;
    let call = match validate {
        Validate::Free => None,
        Validate::Paid => callee(provider, current, wanted),
    };
    // A copy for as long as the proof takes: what is proven is what will be written.
    let copies = it.secrets.iter().map(|(id, it)| (id.to_owned(), Secret::new(it.expose())));
    let secrets = SecretFields::new(copies);
    Some(Claim::at(
        kind,
        provider.base_url.as_deref(),
        &provider.settings,
        &it.settings,
        secrets,
        call,
    ))
}

fn callee(provider: &WantedProvider, current: &Current, wanted: &Wanted) -> Option<Callee> {
    let chats = |of: ModelType| of == ModelType::Llm;
    let brought = wanted.models.iter();
    let brought = brought.filter(|it| it.provider == provider.name && chats(it.model_type));
    let there = current.providers.iter().find(|it| it.name == provider.name).map(|it| it.id);
    let known = current.models.iter();
    let known = known.filter(|it| Some(it.provider) == there && it.enabled && chats(it.model_type));
    let brought = brought.map(|it| (&it.name, &it.facts));
    let mut all = brought.chain(known.map(|it| (&it.name, &it.facts)));
    let (name, facts): (&String, &ModelFacts) = all.next()?;
    let model_type = ModelType::Llm;
    Some(Callee { model: name.clone(), model_type, facts: facts.clone() })
}
