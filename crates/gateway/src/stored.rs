//! Responses that a provider has stored: read, cancelled and deleted by the ids we sealed.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use wayleave_dialect::carry::{SealId, Seen};
use wayleave_dialect::raw::{Edits, RawObject};
use wayleave_dialect::{ClientDialect, Dialect};
use wayleave_model::Usage;
use wayleave_model::id::{CredentialId, ProviderId, WorkspaceId};
use wayleave_model::record::StreamEnd;
use wayleave_store::{ResponseIds, ResponseRef};

use crate::call::Call;
use crate::refusal::Refusal;
use crate::side::parameters;
use crate::surface::Stored;
use crate::trail::Trail;
use crate::world::{Endpoint, KeyEntry, Target};
use crate::{gateway::Gateway, outbound};

/// Query parameters of the interface that travel
/// (<https://platform.openai.com/docs/api-reference/responses>).
const PARAMETERS: [&str; 6] = ["include", "include[]", "after", "limit", "order", "before"];

/// Seals the ids of one target's responses.
#[derive(Debug)]
pub struct Sealer {
    ids: ResponseIds,
    workspace: WorkspaceId,
    provider: ProviderId,
    credential: CredentialId,
}

impl Sealer {
    /// For what `target` answers in `workspace`.
    pub fn new(ids: ResponseIds, workspace: WorkspaceId, target: &Target) -> Sealer {
        let (provider, credential) = (target.label.provider, target.label.credential);
        Sealer { ids, workspace, provider, credential }
    }
}

impl SealId for Sealer {
    fn seal(&self, id: &str) -> String {
        let of = ResponseRef {
            workspace: self.workspace,
            provider: self.provider,
            credential: self.credential,
            id: id.to_owned(),
        };
        // An id longer than any is no id: what cannot come back leads nowhere.
        self.ids.seal(&of).unwrap_or_else(|| "resp_unknown".to_owned())
    }
}

/// What a client's id stands for, in its own workspace: another's is as unknown as none.
pub fn open(ids: &ResponseIds, key: &KeyEntry, id: &str) -> Result<ResponseRef, Refusal> {
    let own = |it: &ResponseRef| it.workspace == key.caller.workspace;
    ids.open(id).filter(own).ok_or_else(|| unknown(id))
}

/// The refusal of an id that leads to nothing.
pub fn unknown(id: &str) -> Refusal {
    let message = format!(
        "no response `{}` is known: nobody keeps it, its time is over, or it is not of this workspace. Send the conversation itself",
        shown(id)
    );
    Refusal::new(StatusCode::NOT_FOUND, "response_not_found", message)
}

/// An id as messages repeat it.
pub fn shown(id: &str) -> String {
    id.chars().filter(|it| !it.is_control()).take(64).collect()
}

/// Whether `target` is where `of` is stored.
pub fn holds(target: &Target, of: &ResponseRef) -> bool {
    target.label.provider == of.provider && target.label.credential == of.credential
}

/// The refusal of an id whose credential serves nothing any more.
pub fn gone() -> Refusal {
    let message = "the credential that this response was made with no longer serves any model of this key: send the conversation itself";
    Refusal::new(StatusCode::GONE, "response_gone", message)
}

/// The refusal of an id whose response the providers behind `alias` do not have, while those behind
/// another do.
pub fn elsewhere(alias: &str, other: &str) -> Refusal {
    let message = format!(
        "no provider of `{alias}` has that response: ask `{other}`, which does, or send the conversation itself"
    );
    Refusal::new(StatusCode::BAD_REQUEST, "unsupported_parameter", message)
}

/// What its provider does not have is not found, as it is for those whose id is unknown here.
fn missing(refusal: Refusal) -> Refusal {
    if refusal.provider_status != Some(404) {
        return refusal;
    }
    let message = "its provider no longer has this response: send the conversation itself";
    Refusal {
        status: StatusCode::NOT_FOUND,
        code: "response_not_found".to_owned(),
        message: message.to_owned(),
        verbatim: None,
        ..refusal
    }
}

/// What a client wants of a stored response.
pub struct Wish<'a> {
    /// What.
    pub verb: Stored,
    /// The id as the client has it.
    pub id: &'a str,
    /// The query, as sent.
    pub query: &'a str,
    /// The client's headers.
    pub headers: &'a HeaderMap,
}

impl Gateway {
    /// Passes `wish` on to the provider that stored the response.
    pub(crate) async fn stored(
        &self,
        key: &KeyEntry,
        wish: &Wish<'_>,
        trail: &mut Trail,
    ) -> Result<(Bytes, Option<String>), Refusal> {
        if let Ok(id) = wish.id.parse() {
            return Ok((self.kept(key, id, wish, trail).await?, None));
        }
        let ids = self.vault.response_ids();
        let of = open(&ids, key, wish.id)?;
        let (target, at) = find(key, &of).ok_or_else(gone)?;
        let endpoint = &target.offers[at];
        not_streamed(wish)?;
        let uri = address(endpoint, &of, wish).map_err(Refusal::dependency)?;
        let method = match wish.verb {
            Stored::Get | Stored::InputItems => Method::GET,
            Stored::Cancel => Method::POST,
            Stored::Delete => Method::DELETE,
        };
        trail.open_stored(&target).map_err(|err| Refusal::dependency(err.to_string()))?;
        let dialect = ClientDialect::OpenAiResponses;
        let forwarded = outbound::forwarded(wish.headers, dialect, 0);
        let call = Call { method, uri, body: Bytes::new(), forwarded: &forwarded };
        let called = self.call(&target, endpoint, dialect, call).await;
        let called = called.map_err(|failed| missing(failed.refusal))?;
        trail.head(200, called.upstream_request_id.clone());
        // Reading consumes nothing: what the response itself consumed is on record.
        let seen = Seen { usage: Some(Usage::default()), ..Seen::default() };
        trail.close(200, StreamEnd::Done, None, Some(&seen));
        let sealer = Sealer::new(ids, key.caller.workspace, &target);
        Ok((renamed(called.body, wish.id, &sealer), called.upstream_request_id))
    }
}

/// Refuses a stream of what is stored.
pub fn not_streamed(wish: &Wish<'_>) -> Result<(), Refusal> {
    if parameters(wish.query).any(|(name, value)| name == "stream" && value == "true") {
        let message = "a stored response is not streamed again: leave `stream` out";
        let refusal = Refusal::new(StatusCode::BAD_REQUEST, "unsupported_parameter", message);
        return Err(refusal.at("stream"));
    }
    Ok(())
}

/// A target this key may use that has the response, and its endpoint for it.
fn find(key: &KeyEntry, of: &ResponseRef) -> Option<(Arc<Target>, usize)> {
    let environment = &key.caller.environment;
    key.routes().flat_map(|route| route.targets(environment)).filter(|it| holds(it, of)).find_map(
        |target| {
            let at = target.offers.iter().position(|it| it.dialect == Dialect::OpenAiResponses)?;
            Some((Arc::clone(target), at))
        },
    )
}

/// The address of the stored response: the provider's id has no say in where the request goes.
fn address(endpoint: &Endpoint, of: &ResponseRef, wish: &Wish<'_>) -> Result<Uri, String> {
    let safe = |it: &u8| it.is_ascii_alphanumeric() || b"_-".contains(it);
    if of.id.is_empty() || !of.id.as_bytes().iter().all(safe) {
        return Err("the provider's id of this response cannot stand in an address".to_owned());
    }
    let tail = match wish.verb {
        Stored::Get | Stored::Delete => "",
        Stored::InputItems => "/input_items",
        Stored::Cancel => "/cancel",
    };
    let whole = endpoint.uri.to_string();
    let (path, fixed) = whole.split_once('?').unwrap_or((&whole, ""));
    let mut query = fixed.to_owned();
    for (name, value) in parameters(wish.query).filter(|(name, _)| PARAMETERS.contains(name)) {
        if !query.is_empty() {
            query.push('&');
        }
        query.push_str(name);
        query.push('=');
        query.push_str(value);
    }
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{path}/{}{tail}{mark}{query}", of.id).parse().map_err(|err| format!("{err}"))
}

/// The body with the ids of responses as the client knows them.
fn renamed(body: Bytes, id: &str, sealer: &Sealer) -> Bytes {
    let Ok(object) = RawObject::read(&body) else { return body };
    let mut edits = Edits::default();
    // A list of input items has no id of its own.
    if object.has("id") {
        edits.set("id", format!("\"{id}\""), "id");
    }
    if let Some(Ok(before)) = object.string("previous_response_id") {
        edits.set("previous_response_id", format!("\"{}\"", sealer.seal(&before)), "id");
    }
    edits.apply(&object, &body).concat().into()
}
