//! The table of routes: method and path to what is wanted, and in which dialect.

use http::Method;
use wayleave_dialect::ClientDialect;
use wayleave_model::provider::Operation;

use crate::job::{Form, Verb};
use crate::task::{self, TaskSurface};

/// What a path of the data plane is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// An operation on a model.
    Operation {
        /// What is wanted.
        operation: Operation,
        /// In which dialect it is asked and answered.
        dialect: ClientDialect,
        /// The path as rows name it.
        path: &'static str,
    },
    /// An operation that is no conversation.
    Task(&'static TaskSurface),
    /// Videos, which are made later.
    Job(Verb),
    /// How many tokens a conversation has.
    Count {
        /// In which dialect it is asked and answered.
        dialect: ClientDialect,
        /// The path as rows name it.
        path: &'static str,
    },
    /// A response that its provider has stored.
    Stored(Stored),
    /// What would be sent where, without sending it.
    Explain,
    /// A WebSocket that some clients try first.
    Socket,
    /// The models this key may call.
    Models,
    /// One of them.
    Model,
    /// Something a client may expect here that is not served.
    Unsupported {
        /// What it is.
        what: &'static str,
        /// What to use instead.
        instead: &'static str,
    },
    /// The process is alive.
    Healthz,
    /// What is degraded, and why.
    Readyz,
    /// `HEAD /` and `GET /`: something answers here.
    Root,
}

/// What is wanted of a stored response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The response itself.
    Get,
    /// What it was asked with.
    InputItems,
    /// That it stops.
    Cancel,
    /// That it is forgotten.
    Delete,
}

/// A path that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// What it is for.
    pub surface: Surface,
    /// What a path names: the model of `models/{id}`, the id of a response.
    pub rest: String,
    /// Whether the path asks for a stream, where that is said there.
    pub stream: Option<bool>,
    /// The path had a repeated `/v1`: served, and worth telling the client's owner.
    pub doubled: bool,
}

/// A path or method that is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// The path is served, with other methods: the `Allow` header.
    Method(&'static str),
    /// An operation was pasted into the base URL.
    Pasted {
        /// The operation that stands twice or once too often.
        operation: &'static str,
    },
    /// Nothing like it is served.
    Unknown,
}

struct Entry {
    path: &'static str,
    method: Method,
    surface: Surface,
}

const fn chat(path: &'static str, full: &'static str, dialect: ClientDialect) -> Entry {
    let surface = Surface::Operation { operation: Operation::Chat, dialect, path: full };
    Entry { path, method: Method::POST, surface }
}

const fn task(path: &'static str, surface: &'static TaskSurface) -> Entry {
    Entry { path, method: Method::POST, surface: Surface::Task(surface) }
}

const fn count(path: &'static str, full: &'static str, dialect: ClientDialect) -> Entry {
    Entry { path, method: Method::POST, surface: Surface::Count { dialect, path: full } }
}

const fn job(path: &'static str, method: Method, verb: Verb) -> Entry {
    Entry { path, method, surface: Surface::Job(verb) }
}

const fn unsupported(path: &'static str, what: &'static str, instead: &'static str) -> Entry {
    Entry { path, method: Method::POST, surface: Surface::Unsupported { what, instead } }
}

/// Paths below `/v1`, or below the root.
static OPERATIONS: &[Entry] = &[
    chat("/chat/completions", "/v1/chat/completions", ClientDialect::OpenAiChat),
    chat("/responses", "/v1/responses", ClientDialect::OpenAiResponses),
    Entry { path: "/responses", method: Method::GET, surface: Surface::Socket },
    chat("/messages", "/v1/messages", ClientDialect::AnthropicMessages),
    chat("/completions", "/v1/completions", ClientDialect::OpenAiCompletions),
    count("/messages/count_tokens", "/v1/messages/count_tokens", ClientDialect::AnthropicMessages),
    count("/responses/input_tokens", "/v1/responses/input_tokens", ClientDialect::OpenAiResponses),
    Entry { path: "/explain", method: Method::POST, surface: Surface::Explain },
    Entry { path: "/models", method: Method::GET, surface: Surface::Models },
    unsupported("/files", "files", "send the content in the request"),
    unsupported("/batches", "batches", "send the requests one by one"),
    unsupported("/realtime", "the realtime interface", "stream over /v1/chat/completions"),
    unsupported("/responses/compact", "compaction", "send the conversation itself"),
    unsupported("/conversations", "conversations", "send the conversation itself"),
    task("/embeddings", &task::EMBEDDINGS),
    task("/audio/transcriptions", &task::TRANSCRIPTIONS),
    task("/audio/translations", &task::TRANSLATIONS),
    task("/audio/speech", &task::SPEECH),
    task("/images/generations", &task::IMAGES),
    task("/images/edits", &task::IMAGE_EDITS),
    task("/rerank", &task::RERANK),
    task("/moderations", &task::MODERATIONS),
    job("/videos", Method::POST, Verb::Create(Form::OpenAi)),
    job("/videos", Method::GET, Verb::List),
    job("/video/generations", Method::POST, Verb::Create(Form::Family)),
    unsupported("/images/variations", "variations of images", "ask at /v1/images/edits"),
];

/// Finds what `path` is for. Served under `/v1`, at the root, and under a repeated `/v1`; Gemini's
/// also under `/v1beta`.
pub fn find(method: &Method, path: &str) -> Result<Match, Miss> {
    let fixed = |surface| Ok(Match { surface, rest: String::new(), stream: None, doubled: false });
    match path {
        "/" if method == Method::HEAD || method == Method::GET => return fixed(Surface::Root),
        "/" => return Err(Miss::Method("GET, HEAD")),
        "/healthz" | "/readyz" if method != Method::GET && method != Method::HEAD => {
            return Err(Miss::Method("GET, HEAD"));
        }
        "/healthz" => return fixed(Surface::Healthz),
        "/readyz" => return fixed(Surface::Readyz),
        _ => {}
    }
    // Cohere's clients name the version of its interface.
    let path = if path == "/v2/rerank" { "/v1/rerank" } else { path };
    let (tail, depth) = below_version(path);
    let doubled = depth > 1;
    let tail = if tail.len() > 1 { tail.strip_suffix('/').unwrap_or(tail) } else { tail };
    let found =
        |surface, rest: &str| Match { surface, rest: rest.to_owned(), stream: None, doubled };
    let mut entries = OPERATIONS.iter().filter(|entry| entry.path == tail).peekable();
    if entries.peek().is_some() {
        let served = |entry: &&Entry| {
            entry.method == method
                || matches!(entry.surface, Surface::Unsupported { .. })
                || (entry.method == Method::GET && method == Method::HEAD)
        };
        let with = |method| entries.clone().any(|it| it.method == method);
        let jobs = entries.clone().any(|it| matches!(it.surface, Surface::Job(_)));
        let wrong = match (with(Method::POST), with(Method::GET)) {
            (true, true) if jobs => "GET, POST",
            (true, _) => "POST",
            _ => "GET, HEAD",
        };
        return entries.find(served).map(|it| found(it.surface, "")).ok_or(Miss::Method(wrong));
    }
    if let Some(rest) = tail.strip_prefix("/responses/").filter(|rest| !rest.is_empty()) {
        return stored(method, rest).map(|(verb, id)| found(Surface::Stored(verb), id));
    }
    if let Some(rest) = tail.strip_prefix("/videos/").filter(|rest| !rest.is_empty()) {
        return video(method, rest).map(|(verb, id)| found(Surface::Job(verb), id));
    }
    if let Some(id) = tail.strip_prefix("/video/generations/").filter(|id| !id.is_empty()) {
        return match (id.contains('/'), method) {
            (true, _) => Err(pasted(tail)),
            (false, &Method::GET) => Ok(found(Surface::Job(Verb::Get(Form::Family)), id)),
            (false, _) => Err(Miss::Method("GET")),
        };
    }
    if let Some(model) = tail.strip_prefix("/models/").filter(|model| !model.is_empty()) {
        if let Some(of) = gemini(model) {
            let (surface, model, stream) = of;
            let served = method == Method::POST;
            let found = Match { stream, ..found(surface, model) };
            return if served { Ok(found) } else { Err(Miss::Method("POST")) };
        }
        let served = method == Method::GET || method == Method::HEAD;
        let found = found(Surface::Model, model);
        return if served { Ok(found) } else { Err(Miss::Method("GET, HEAD")) };
    }
    Err(pasted(tail))
}

/// `{model}:{verb}`, as Gemini's clients ask.
fn gemini(text: &str) -> Option<(Surface, &str, Option<bool>)> {
    const GENERATE: &str = "/v1beta/models/{model}:generateContent";
    const STREAM: &str = "/v1beta/models/{model}:streamGenerateContent";
    const COUNT: &str = "/v1beta/models/{model}:countTokens";
    let (model, verb) = text.rsplit_once(':')?;
    let dialect = ClientDialect::Gemini;
    let chat = |path| Surface::Operation { operation: Operation::Chat, dialect, path };
    match verb {
        "generateContent" => Some((chat(GENERATE), model, Some(false))),
        "streamGenerateContent" => Some((chat(STREAM), model, Some(true))),
        "embedContent" => Some((Surface::Task(&task::EMBED_CONTENT), model, None)),
        "batchEmbedContents" => Some((Surface::Task(&task::BATCH_EMBED_CONTENTS), model, None)),
        "countTokens" => Some((Surface::Count { dialect, path: COUNT }, model, None)),
        _ => None,
    }
}

/// `{id}`, `{id}/input_items` and `{id}/cancel`.
fn stored<'p>(method: &Method, rest: &'p str) -> Result<(Stored, &'p str), Miss> {
    match rest.split_once('/') {
        None if method == Method::GET => Ok((Stored::Get, rest)),
        None if method == Method::DELETE => Ok((Stored::Delete, rest)),
        None => Err(Miss::Method("GET, DELETE")),
        Some((id, "input_items")) if method == Method::GET => Ok((Stored::InputItems, id)),
        Some((_, "input_items")) => Err(Miss::Method("GET")),
        Some((id, "cancel")) if method == Method::POST => Ok((Stored::Cancel, id)),
        Some((_, "cancel")) => Err(Miss::Method("POST")),
        Some(("responses", _)) => Err(Miss::Pasted { operation: "/responses" }),
        Some(_) => Err(Miss::Unknown),
    }
}

/// `{id}`, `{id}/content` and `{id}/remix`.
fn video<'p>(method: &Method, rest: &'p str) -> Result<(Verb, &'p str), Miss> {
    match rest.split_once('/') {
        None if method == Method::GET => Ok((Verb::Get(Form::OpenAi), rest)),
        None if method == Method::DELETE => Ok((Verb::Delete, rest)),
        None => Err(Miss::Method("GET, DELETE")),
        Some((id, "content")) if method == Method::GET => Ok((Verb::Content, id)),
        Some((_, "content")) => Err(Miss::Method("GET")),
        Some((id, "remix")) if method == Method::POST => Ok((Verb::Remix, id)),
        Some((_, "remix")) => Err(Miss::Method("POST")),
        Some(("videos", _)) => Err(Miss::Pasted { operation: "/videos" }),
        Some(_) => Err(Miss::Unknown),
    }
}

/// The dialect of the operation that a path names or begins with, whether or not it is served so.
pub fn speaks(path: &str) -> Option<ClientDialect> {
    if path.starts_with("/v1beta/") {
        return Some(ClientDialect::Gemini);
    }
    let (tail, _) = below_version(path);
    if tail.strip_prefix("/models/").is_some_and(|model| gemini(model).is_some()) {
        return Some(ClientDialect::Gemini);
    }
    OPERATIONS.iter().find_map(|entry| match &entry.surface {
        Surface::Operation { dialect, .. } | Surface::Task(TaskSurface { dialect, .. }) => {
            let dialect = *dialect;
            let rest = tail.strip_prefix(entry.path)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(dialect)
        }
        Surface::Job(_) => {
            let rest = tail.strip_prefix(entry.path)?;
            let dialect = ClientDialect::OpenAiChat;
            (rest.is_empty() || rest.starts_with('/')).then_some(dialect)
        }
        _ => None,
    })
}

/// The path without its leading `/v1`s (or one `/v1beta`), and how many there were.
fn below_version(mut path: &str) -> (&str, usize) {
    if let Some(rest) = path.strip_prefix("/v1beta").filter(|rest| rest.starts_with('/')) {
        return (rest, 1);
    }
    let mut depth = 0;
    while let Some(rest) =
        path.strip_prefix("/v1").filter(|rest| rest.starts_with('/') || rest.is_empty())
    {
        path = rest;
        depth += 1;
    }
    (path, depth)
}

/// An operation inside a path that goes on: the client's base URL already held it.
fn pasted(tail: &str) -> Miss {
    OPERATIONS
        .iter()
        .filter(|entry| matches!(entry.surface, Surface::Operation { .. } | Surface::Task(_)))
        .find(|entry| tail.strip_prefix(entry.path).is_some_and(|rest| rest.starts_with('/')))
        .map_or(Miss::Unknown, |entry| Miss::Pasted { operation: entry.path })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Option<bool> {
        match find(&Method::POST, path) {
            Ok(Match {
                surface: Surface::Operation { dialect: ClientDialect::OpenAiChat, .. },
                doubled,
                ..
            }) => Some(doubled),
            _ => None,
        }
    }

    #[test]
    fn an_operation_is_served_under_v1_at_the_root_and_under_a_doubled_v1() {
        assert_eq!(found("/v1/chat/completions"), Some(false));
        assert_eq!(found("/chat/completions"), Some(false));
        assert_eq!(found("/v1/chat/completions/"), Some(false));
        assert_eq!(found("/v1/v1/chat/completions"), Some(true));
        assert_eq!(found("/v10/chat/completions"), None);
    }

    #[test]
    fn a_pasted_operation_is_named() {
        let miss = find(&Method::POST, "/v1/chat/completions/chat/completions").unwrap_err();
        assert_eq!(miss, Miss::Pasted { operation: "/chat/completions" });
        let miss = find(&Method::GET, "/v1/chat/completions/models").unwrap_err();
        assert_eq!(miss, Miss::Pasted { operation: "/chat/completions" });
        assert_eq!(find(&Method::GET, "/v1/nothing").unwrap_err(), Miss::Unknown);
    }

    #[test]
    fn a_wrong_method_says_which_are_served() {
        assert_eq!(find(&Method::GET, "/v1/messages").unwrap_err(), Miss::Method("POST"));
        assert_eq!(find(&Method::DELETE, "/v1/models/x").unwrap_err(), Miss::Method("GET, HEAD"));
    }

    #[test]
    fn a_path_tells_its_dialect_even_where_it_is_not_served() {
        for path in [
            "/v1/messages",
            "/messages",
            "/v1/v1/messages/",
            "/v1/messages/count_tokens",
            "/v1/messages/messages",
        ] {
            assert_eq!(speaks(path), Some(ClientDialect::AnthropicMessages), "{path}");
        }
        assert_eq!(speaks("/v1/chat/completions"), Some(ClientDialect::OpenAiChat));
        assert_eq!(
            (speaks("/v1/messagesx"), speaks("/v1/models"), speaks("/")),
            (None, None, None)
        );
    }

    #[test]
    fn geminis_clients_name_the_model_in_the_path() {
        let found = find(&Method::POST, "/v1beta/models/team/fast:streamGenerateContent").unwrap();
        assert_eq!((found.rest.as_str(), found.stream), ("team/fast", Some(true)));
        let found = find(&Method::POST, "/v1/models/fast:countTokens").unwrap();
        assert!(matches!(found.surface, Surface::Count { dialect: ClientDialect::Gemini, .. }));
        let miss = find(&Method::GET, "/v1beta/models/fast:generateContent").unwrap_err();
        assert_eq!(miss, Miss::Method("POST"));
        assert_eq!(speaks("/v1beta/models"), Some(ClientDialect::Gemini));
        assert_eq!(speaks("/models/fast:generateContent"), Some(ClientDialect::Gemini));
    }

    #[test]
    fn a_stored_response_is_found_by_its_id() {
        let verb = |method: Method, path: &str| match find(&method, path) {
            Ok(Match { surface: Surface::Stored(verb), rest, .. }) => Some((verb, rest)),
            _ => None,
        };
        let id = || "resp_1".to_owned();
        assert_eq!(verb(Method::GET, "/v1/responses/resp_1"), Some((Stored::Get, id())));
        assert_eq!(verb(Method::DELETE, "/responses/resp_1"), Some((Stored::Delete, id())));
        assert_eq!(verb(Method::POST, "/v1/responses/resp_1/cancel"), Some((Stored::Cancel, id())));
        let items = verb(Method::GET, "/v1/responses/resp_1/input_items");
        assert_eq!(items, Some((Stored::InputItems, id())));
        assert_eq!(verb(Method::POST, "/v1/responses/resp_1/other"), None);
        let pasted = find(&Method::POST, "/v1/responses/responses/x").unwrap_err();
        assert_eq!(pasted, Miss::Pasted { operation: "/responses" });
        let socket = find(&Method::GET, "/v1/responses").unwrap();
        assert_eq!(socket.surface, Surface::Socket);
    }

    #[test]
    fn a_video_is_found_by_its_id() {
        let verb = |method: Method, path: &str| match find(&method, path) {
            Ok(Match { surface: Surface::Job(verb), rest, .. }) => Ok((verb, rest)),
            Ok(_) => panic!("{path}"),
            Err(miss) => Err(miss),
        };
        let of = |verb| Ok((verb, "v1".to_owned()));
        assert_eq!(verb(Method::GET, "/v1/videos/v1"), of(Verb::Get(Form::OpenAi)));
        assert_eq!(verb(Method::DELETE, "/videos/v1"), of(Verb::Delete));
        assert_eq!(verb(Method::GET, "/v1/videos/v1/content"), of(Verb::Content));
        assert_eq!(verb(Method::POST, "/v1/videos/v1/remix"), of(Verb::Remix));
        assert_eq!(verb(Method::GET, "/v1/video/generations/v1"), of(Verb::Get(Form::Family)));
        assert_eq!(verb(Method::POST, "/v1/videos/v1"), Err(Miss::Method("GET, DELETE")));
        assert_eq!(verb(Method::PUT, "/v1/videos"), Err(Miss::Method("GET, POST")));
        assert_eq!(verb(Method::GET, "/v1/video/generations"), Err(Miss::Method("POST")));
        assert_eq!(verb(Method::GET, "/v1/videos/v1/x"), Err(Miss::Unknown));
        let list = verb(Method::GET, "/v1/videos/").unwrap();
        assert_eq!(list, (Verb::List, String::new()));
        assert_eq!(speaks("/v1/videos/v1/content"), Some(ClientDialect::OpenAiChat));
    }

    #[test]
    fn a_model_id_may_hold_slashes() {
        let found = find(&Method::GET, "/v1/models/sandbox/echo").unwrap();
        assert_eq!((found.surface, found.rest.as_str()), (Surface::Model, "sandbox/echo"));
    }
}
