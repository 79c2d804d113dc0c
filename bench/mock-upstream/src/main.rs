//! mock-upstream: a very cheap HTTP/1.1 stand-in for an LLM provider, for load tests.
//!
//! | request | answer |
//! |---|---|
//! | `POST */chat/completions` | OpenAI chat, whole or SSE (`"stream":true`) with a usage chunk and `[DONE]` |
//! | `POST */embeddings` | OpenAI embeddings, 1,536 floats |
//! | `POST */messages` | Anthropic messages, whole or SSE |
//! | `GET */models`, `/health` | small answers |
//! | `GET /__stats` | connections accepted and open, requests, streams, streams cut by the other side |
//!
//! One thread, raw sockets, prebuilt answers: about one read and one write per plain request.
//! Each SSE event is its own write (its own HTTP chunk and, with `TCP_NODELAY`, its own segment).
//! Flags set the defaults; a prompt may override them for its own request (see `behaviour`).

mod answers;
mod behaviour;
mod clock;
mod connection;
mod stream;

use behaviour::Behaviour;
use connection::State;
use std::rc::Rc;
use tokio::net::TcpListener;

const USAGE: &str = "usage: mock-upstream [--port 9001] [--body-bytes 1024] [--delay-us 0] \
                     [--chunks 100] [--chunk-delay-us 0]";

struct Options {
    port: u16,
    body_bytes: usize,
    defaults: Behaviour,
}

fn options() -> Option<Options> {
    let mut options = Options { port: 9001, body_bytes: 1024, defaults: Behaviour::default() };
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let value: u64 = args.next()?.parse().ok()?;
        match flag.as_str() {
            "--port" => options.port = u16::try_from(value).ok()?,
            "--body-bytes" => options.body_bytes = value as usize,
            "--delay-us" => options.defaults.delay_us = value,
            "--chunks" => options.defaults.chunks = value as usize,
            "--chunk-delay-us" => options.defaults.chunk_delay_us = value,
            _ => return None,
        }
    }
    Some(options)
}

async fn run(options: Options) -> std::io::Result<()> {
    let state = Rc::new(State::new(options.defaults, options.body_bytes));
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    eprintln!("mock-upstream on {}", listener.local_addr()?);
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        let state = state.clone();
        tokio::task::spawn_local(async move { connection::serve(socket, &state).await });
    }
}

fn main() -> std::io::Result<()> {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        std::process::exit(2)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    tokio::task::LocalSet::new().block_on(&runtime, run(options))
}
