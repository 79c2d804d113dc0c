//! Setup documents: a workspace made as a file says, in one transaction. No provider is called, unless
//! it is asked for that credentials be proven first.
//!
//! `document.rs` is the grammar, `wanted.rs` its meaning, `plan.rs` the steps from what is there to
//! what is wanted, `execute.rs` the writing; `pool.rs` is all of that for pools, `default_model.rs` for
//! default models, `known.rs` completes models from the catalog, `prove.rs` asks providers. What an apply
//! made is marked [`OWNER`]: only that is
//! changed or removed by later ones, unless they may adopt.

mod compare;
mod default_model;
pub mod document;
mod execute;
mod known;
pub mod plan;
mod pool;
mod price;
mod prove;
mod prune;
mod resolve;
mod secret_text;
mod settings;
pub mod wanted;

use serde::Serialize;
use utoipa::ToSchema;
use wayleave_model::Clock;
use wayleave_model::alias::Group;
use wayleave_model::id::{SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_provider::catalog::Catalog;
use wayleave_store::workspaces::{self, WorkspaceDraft};
use wayleave_store::{
    Actor, Store, Tx, aliases, credentials, default_models, keys, models, owners, pools, providers,
    workspace_settings,
};

use self::document::{Document, Hidden, Sent, TargetDecl};
use self::plan::{Action, Change, Current, Digests, Plan, Rules, plan};
pub(crate) use self::price::{Declared, PriceDecl};
pub(crate) use self::prove::Asker;
pub use self::prove::{CredentialProof, Validate};
use self::prove::{Proven, overtaken};
use self::resolve::Resolver;
use self::wanted::Wanted;
use crate::catalog::in_force;
use crate::error::{FieldError, Problem};
use crate::lookup::every;
use crate::state::AdminState;

/// What stands in `managed_by` of everything that a setup document made.
pub const OWNER: &str = "apply";

/// How far an apply goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Plan, but change nothing.
    pub dry_run: bool,
    /// Remove what an earlier apply made and the document no longer has.
    pub prune: bool,
    /// Take over what was made otherwise.
    pub adopt: bool,
}

/// What an apply did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct Applied {
    /// Nothing was changed: this is the plan.
    pub dry_run: bool,
    /// A line for each thing of the document, and for each that is removed.
    pub changes: Vec<Change>,
    /// What an earlier apply made, the document no longer has, and was left alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Change>,
    /// What is worth knowing about prices that were taken from the catalog.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Credentials that were proven first, and by what.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub proven: Vec<String>,
    /// Keys that were minted, with secrets that are shown only now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Minted>,
    /// The configuration's number it made; absent if nothing was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

/// A key that was minted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Minted {
    /// Its name.
    pub key: String,
    /// Its secret, shown only now.
    #[schema(value_type = String)]
    pub secret: Sent,
}

/// Makes the workspace as `document` says, without a call to any provider.
///
/// # Errors
/// A problem that names every mistake by its path in the document; then nothing was changed.
pub async fn run(
    store: &Store,
    clock: &Clock,
    actor: &Actor,
    document: Document<Hidden>,
    options: Options,
) -> Result<Applied, Problem> {
    run_asking(store, clock, actor, document, options, None).await
}

/// The same, with its credentials proven first.
///
/// # Errors
/// As [`run`], and 422 with the transcript of each credential that is not proven.
pub(crate) async fn run_proven(
    state: &AdminState,
    actor: &Actor,
    document: Document<Hidden>,
    options: Options,
    validate: Option<Validate>,
) -> Result<Applied, Problem> {
    let asking = validate.map(|validate| (state, validate));
    run_asking(&state.store, &state.clock, actor, document, options, asking).await
}

async fn run_asking(
    store: &Store,
    clock: &Clock,
    actor: &Actor,
    document: Document<Hidden>,
    options: Options,
    asking: Option<(&AdminState, Validate)>,
) -> Result<Applied, Problem> {
    let mut wanted = wanted::wanted(document).map_err(Problem::invalid)?;
    let rules = Rules { owner: OWNER, prune: options.prune, adopt: options.adopt };
    let hasher = store.hasher();
    let digests = Digests {
        fingerprint: &|fields| hasher.fingerprint(fields),
        key: &|secret| hasher.hash_key(secret.expose()),
    };
    let mut tx = store.read().await?;
    let there = workspaces::by_name(&mut tx, &wanted.workspace).await?;
    // Read before the change begins: it takes a while.
    let catalog =
        if wanted.models.is_empty() { Catalog::built_in() } else { in_force(&mut tx).await? };
    let before = match (&there, &asking) {
        (Some(workspace), Some(_)) => current(&mut tx, workspace.id).await?,
        _ => Current::default(),
    };
    drop(tx);
    let mut proofs = None;
    let made = there.is_none();
    if made || asking.is_some() {
        // Planned before anything is made or asked, so that a document with mistakes does neither.
        let notes = known::complete(&mut wanted, &before, &catalog);
        let plan = whole(notes, plan(&before, &wanted, rules, digests))?;
        if let Some((state, validate)) = asking {
            let workspace = there.as_ref().map_or(SYSTEM_WORKSPACE, |it| it.id);
            let asker = Asker { state, validate, by: &actor.name, workspace };
            proofs = Some(prove::prove(&asker, &plan.1, &before, &wanted).await?);
        }
        if made && options.dry_run {
            let (applied, _) = answer(plan, Some(&wanted.workspace), true);
            return Ok(Applied { proven: proofs.unwrap_or_default().1, ..applied });
        }
    }
    let id = match there {
        Some(workspace) => workspace.id,
        None => make_workspace(store, actor, &wanted.workspace).await?,
    };
    let mut change = store.change(id, actor, "apply").await?;
    let current = current(change.tx(), id).await?;
    let notes = known::complete(&mut wanted, &current, &catalog);
    let plan = whole(notes, plan(&current, &wanted, rules, digests))?;
    let name = made.then_some(wanted.workspace.as_str());
    let (mut applied, plan) = answer(plan, name, options.dry_run);
    let (proven, lines) = match proofs {
        Some((proven, _)) if !proven.covers(&plan) => return Err(overtaken()),
        Some(proofs) => proofs,
        None => (Proven::default(), Vec::new()),
    };
    applied.proven = lines;
    if options.dry_run {
        return Ok(applied);
    }
    let now = clock.now();
    applied.secrets = execute::execute(&mut change, &current, &plan, &hasher, &proven, now).await?;
    if !change.is_empty() {
        applied.revision = Some(change.commit().await?);
    }
    Ok(applied)
}

/// The groups of a route, from targets by name or id; and where each of their targets was named, in
/// the order of the groups.
pub(crate) async fn groups(
    tx: &mut Tx,
    at: WorkspaceId,
    targets: Vec<TargetDecl>,
) -> Result<(Vec<Group>, Vec<String>), Problem> {
    let mut wrong = Vec::new();
    let groups = wanted::groups("targets", targets, &mut wrong);
    let (current, wanted) = (current(tx, at).await?, Wanted::default());
    let resolver = Resolver::new(&current, &wanted);
    let ids = execute::Ids::of(&current);
    let mut found = Vec::new();
    for members in &groups {
        match execute::group(members, &resolver, &ids) {
            Ok(group) => found.push(group),
            Err(error) => wrong.push(error),
        }
    }
    let paths = groups.into_iter().flatten().map(|it| it.path).collect();
    if wrong.is_empty() { Ok((found, paths)) } else { Err(Problem::invalid(wrong)) }
}

/// A plan with the notes of its models, or every mistake of both.
fn whole<'a>(
    notes: Result<Vec<String>, Vec<FieldError>>,
    plan: Result<Plan<'a>, Vec<FieldError>>,
) -> Result<(Vec<String>, Plan<'a>), Problem> {
    match (notes, plan) {
        (Ok(notes), Ok(plan)) => Ok((notes, plan)),
        (notes, plan) => {
            let wrong = notes.err().into_iter().chain(plan.err()).flatten();
            Err(Problem::invalid(wrong.collect()))
        }
    }
}

fn answer<'a>(
    (notes, plan): (Vec<String>, Plan<'a>),
    new_workspace: Option<&str>,
    dry_run: bool,
) -> (Applied, Plan<'a>) {
    let workspace = new_workspace.map(|name| Change {
        action: Action::Create,
        noun: "workspace".to_owned(),
        name: name.to_owned(),
        fields: Vec::new(),
    });
    let changes = workspace.into_iter().chain(plan.changes()).collect();
    let (left, secrets) = (plan.left.clone(), Vec::new());
    let proven = Vec::new();
    (Applied { dry_run, changes, left, notes, proven, secrets, revision: None }, plan)
}

async fn make_workspace(store: &Store, actor: &Actor, name: &str) -> Result<WorkspaceId, Problem> {
    let mut change = store.change(SYSTEM_WORKSPACE, actor, "apply").await?;
    let draft = WorkspaceDraft { name: name.to_owned(), time_zone: "UTC".to_owned() };
    let made = workspaces::create(&mut change, &draft).await?;
    change.commit().await?;
    Ok(made.id)
}

async fn current(tx: &mut Tx, at: WorkspaceId) -> Result<Current, Problem> {
    Ok(Current {
        settings: workspace_settings::get(tx, at).await?,
        owners: every!(page => owners::list(tx, at, &page)),
        providers: every!(page => providers::list(tx, at, &page)),
        credentials: every!(page => credentials::list(tx, at, None, &page)),
        models: every!(page => models::list(tx, at, None, &page)),
        pools: pools::all(tx, at).await?,
        default_models: default_models::all(tx, at).await?,
        aliases: every!(page => aliases::list(tx, at, &page)),
        keys: every!(page => keys::list(tx, at, None, &page)),
    })
}
