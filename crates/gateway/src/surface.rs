//! The table of routes: method and path to what is wanted, and in which dialect.

use http::Method;
use wayleave_dialect::ClientDialect;
use wayleave_model::provider::Operation;

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

/// A path that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    /// What it is for.
    pub surface: Surface,
    /// What follows a prefix route: the model of `models/{id}`.
    pub rest: String,
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

const fn unsupported(path: &'static str, what: &'static str, instead: &'static str) -> Entry {
    Entry { path, method: Method::POST, surface: Surface::Unsupported { what, instead } }
}

/// Paths below `/v1`, or below the root.
static OPERATIONS: &[Entry] = &[
    chat("/chat/completions", "/v1/chat/completions", ClientDialect::OpenAiChat),
    chat("/messages", "/v1/messages", ClientDialect::AnthropicMessages),
    Entry { path: "/models", method: Method::GET, surface: Surface::Models },
    unsupported("/files", "files", "send the content in the request"),
    unsupported("/batches", "batches", "send the requests one by one"),
    unsupported("/realtime", "the realtime interface", "stream over /v1/chat/completions"),
    unsupported("/responses", "the Responses interface", "use /v1/chat/completions"),
    unsupported("/completions", "legacy completions", "use /v1/chat/completions"),
    unsupported("/messages/count_tokens", "token counting", "read `usage` in the answer"),
    unsupported("/embeddings", "embeddings", "only chat models are served: /v1/chat/completions"),
    unsupported("/rerank", "rerank", "only chat models are served: /v1/chat/completions"),
    unsupported("/audio/speech", "speech", "only chat models are served: /v1/chat/completions"),
    unsupported(
        "/audio/transcriptions",
        "transcription",
        "only chat models are served: /v1/chat/completions",
    ),
    unsupported(
        "/images/generations",
        "images",
        "only chat models are served: /v1/chat/completions",
    ),
    unsupported("/moderations", "moderation", "only chat models are served: /v1/chat/completions"),
];

/// Finds what `path` is for. Served under `/v1`, at the root, and under a repeated `/v1`.
pub fn find(method: &Method, path: &str) -> Result<Match, Miss> {
    let fixed = |surface| Ok(Match { surface, rest: String::new(), doubled: false });
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
    let (tail, depth) = below_v1(path);
    let doubled = depth > 1;
    let tail = if tail.len() > 1 { tail.strip_suffix('/').unwrap_or(tail) } else { tail };
    if let Some(entry) = OPERATIONS.iter().find(|entry| entry.path == tail) {
        let served = entry.method == method || matches!(entry.surface, Surface::Unsupported { .. });
        return if served || (entry.method == Method::GET && method == Method::HEAD) {
            Ok(Match { surface: entry.surface, rest: String::new(), doubled })
        } else {
            Err(Miss::Method(if entry.method == Method::GET { "GET, HEAD" } else { "POST" }))
        };
    }
    if let Some(model) = tail.strip_prefix("/models/").filter(|model| !model.is_empty()) {
        let served = method == Method::GET || method == Method::HEAD;
        let found = Match { surface: Surface::Model, rest: model.to_owned(), doubled };
        return if served { Ok(found) } else { Err(Miss::Method("GET, HEAD")) };
    }
    Err(pasted(tail))
}

/// The dialect of the operation that a path names or begins with, whether or not it is served so.
pub fn speaks(path: &str) -> Option<ClientDialect> {
    let (tail, _) = below_v1(path);
    OPERATIONS.iter().find_map(|entry| match entry.surface {
        Surface::Operation { dialect, .. } => {
            let rest = tail.strip_prefix(entry.path)?;
            (rest.is_empty() || rest.starts_with('/')).then_some(dialect)
        }
        _ => None,
    })
}

/// The path without its leading `/v1`s, and how many there were.
fn below_v1(mut path: &str) -> (&str, usize) {
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
        .filter(|entry| matches!(entry.surface, Surface::Operation { .. }))
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
    fn a_model_id_may_hold_slashes() {
        let found = find(&Method::GET, "/v1/models/sandbox/echo").unwrap();
        assert_eq!((found.surface, found.rest.as_str()), (Surface::Model, "sandbox/echo"));
    }
}
