//! A client that controls every byte it sends and sees every byte it gets.

mod connection;
mod reply;
mod request;
mod streaming;

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ClientConfig;
use serde_json::Value;

pub use connection::Connection;
pub use reply::Reply;
pub use request::Request;
pub use streaming::{Ending, Streaming};

/// Talks to one server with one key; each call is a connection of its own.
#[derive(Clone)]
pub struct Client {
    addr: SocketAddr,
    key: String,
    tls: Option<Arc<ClientConfig>>,
}

impl Client {
    /// For the server at `addr`, presenting `key` as a bearer token.
    pub fn new(addr: SocketAddr, key: &str) -> Client {
        Client { addr, key: key.to_owned(), tls: None }
    }

    /// The same over TLS, to `localhost`.
    pub fn tls(mut self, config: Arc<ClientConfig>) -> Client {
        self.tls = Some(config);
        self
    }

    /// The same with another key.
    pub fn with_key(&self, key: &str) -> Client {
        Client { key: key.to_owned(), ..self.clone() }
    }

    /// A request with this client's key, to be altered and sent.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let request = Request::new(method, path);
        if self.key.is_empty() {
            request
        } else {
            request.header("authorization", &format!("Bearer {}", self.key))
        }
    }

    /// A new connection.
    ///
    /// # Panics
    /// When there is nothing to connect to.
    pub async fn connect(&self) -> Connection {
        match &self.tls {
            None => Connection::open(self.addr).await,
            Some(config) => Connection::open_tls(self.addr, Arc::clone(config)).await,
        }
    }

    /// Sends `request` and reads the whole reply.
    ///
    /// # Panics
    /// When there is no reply.
    pub async fn send(&self, request: &Request) -> Reply {
        let mut connection = self.connect().await;
        connection.send(&request.bytes()).await;
        connection.reply().await
    }

    /// Sends `request` and reads the reply's head; the body is read piece by piece.
    ///
    /// # Panics
    /// When there is no reply.
    pub async fn stream(&self, request: &Request) -> Streaming {
        let mut connection = self.connect().await;
        connection.send(&request.bytes()).await;
        connection.streaming().await
    }

    /// The same with a server that may be gone.
    pub async fn try_stream(&self, request: &Request) -> Option<Streaming> {
        let mut connection = Connection::try_open(self.addr).await?;
        connection.try_send(&request.bytes()).await.ok()?;
        connection.maybe_streaming().await
    }

    /// `GET path`.
    ///
    /// # Panics
    /// When there is no reply.
    pub async fn get(&self, path: &str) -> Reply {
        self.send(&self.request("GET", path)).await
    }

    /// `POST path` with a body of JSON.
    ///
    /// # Panics
    /// When there is no reply.
    pub async fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Reply {
        self.send(&self.request("POST", path).json(body)).await
    }

    /// `method path` without a body.
    ///
    /// # Panics
    /// When there is no reply.
    pub async fn ask(&self, method: &str, path: &str) -> Reply {
        self.send(&self.request(method, path)).await
    }

    /// A plain call on the chat-completions surface.
    ///
    /// # Panics
    /// When there is no reply.
    pub async fn chat(&self, model: &str, prompt: &str) -> Reply {
        self.post(CHAT, chat_body(model, prompt, false).to_string()).await
    }

    /// A streamed call on the chat-completions surface.
    ///
    /// # Panics
    /// When there is no reply.
    pub async fn chat_stream(&self, model: &str, prompt: &str) -> Streaming {
        let body = chat_body(model, prompt, true).to_string();
        self.stream(&self.request("POST", CHAT).json(body)).await
    }

    /// A plain call on the messages surface.
    ///
    /// # Panics
    /// When there is no reply.
    pub async fn messages(&self, model: &str, prompt: &str) -> Reply {
        self.post(MESSAGES, messages_body(model, prompt, false).to_string()).await
    }

    /// A streamed call on the messages surface.
    ///
    /// # Panics
    /// When there is no reply.
    pub async fn messages_stream(&self, model: &str, prompt: &str) -> Streaming {
        let body = messages_body(model, prompt, true).to_string();
        self.stream(&self.request("POST", MESSAGES).json(body)).await
    }
}

/// The chat-completions surface.
pub const CHAT: &str = "/v1/chat/completions";
/// The messages surface.
pub const MESSAGES: &str = "/v1/messages";

/// A request of the chat-completions surface.
pub fn chat_body(model: &str, prompt: &str, stream: bool) -> Value {
    serde_json::json!({"model": model, "messages": [{"role": "user", "content": prompt}], "stream": stream})
}

/// A request of the messages surface.
pub fn messages_body(model: &str, prompt: &str, stream: bool) -> Value {
    serde_json::json!({
        "model": model,
        "max_tokens": 64,
        "messages": [{"role": "user", "content": prompt}],
        "stream": stream,
    })
}
