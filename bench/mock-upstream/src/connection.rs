//! One connection: reads requests from raw bytes, answers each, keeps count.

use crate::answers::{Answers, whole};
use crate::behaviour::{Behaviour, wants_stream};
use crate::stream::{self, Dialect};
use bytes::BytesMut;
use memchr::memmem;
use std::cell::Cell;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What all connections share.
pub struct State {
    defaults: Behaviour,
    answers: Answers,
    accepted: Cell<u64>,
    open: Cell<u64>,
    requests: Cell<u64>,
    streams: Cell<u64>,
    aborted: Cell<u64>,
}

impl State {
    pub fn new(defaults: Behaviour, body_bytes: usize) -> Self {
        State {
            defaults,
            answers: Answers::new(body_bytes),
            accepted: Cell::new(0),
            open: Cell::new(0),
            requests: Cell::new(0),
            streams: Cell::new(0),
            aborted: Cell::new(0),
        }
    }

    fn stats(&self) -> Vec<u8> {
        let body = format!(
            r#"{{"conns":{},"open":{},"requests":{},"streams":{},"aborted":{}}}"#,
            self.accepted.get(),
            self.open.get(),
            self.requests.get(),
            self.streams.get(),
            self.aborted.get()
        );
        whole("200 OK", &body)
    }
}

fn count(cell: &Cell<u64>) {
    cell.set(cell.get() + 1);
}

/// Serves `socket` until either side has had enough.
pub async fn serve(mut socket: TcpStream, state: &State) {
    // Without it a kernel may hold the second event of a stream back for 40 ms.
    if socket.set_nodelay(true).is_err() {
        return;
    }
    count(&state.accepted);
    count(&state.open);
    let mut buffer = BytesMut::with_capacity(16 * 1024);
    while let Some(request) = read(&mut socket, &mut buffer).await {
        count(&state.requests);
        if answer(&mut socket, state, &request).await.is_none() || request.head.close {
            break;
        }
    }
    state.open.set(state.open.get() - 1);
}

#[derive(Clone, Copy)]
enum Path {
    Chat,
    Messages,
    Embeddings,
    Models,
    Health,
    Stats,
    Unknown,
}

struct Head {
    get: bool,
    path: Path,
    length: usize,
    chunked: bool,
    close: bool,
    expect: bool,
}

struct Request {
    head: Head,
    body: BytesMut,
}

async fn answer(socket: &mut TcpStream, state: &State, request: &Request) -> Option<()> {
    let behaviour =
        if request.head.get { state.defaults } else { state.defaults.for_body(&request.body) };
    if behaviour.delay_us > 0 {
        tokio::time::sleep(Duration::from_micros(behaviour.delay_us)).await;
    }
    let dialect = match request.head.path {
        Path::Chat => Some(Dialect::OpenAi),
        Path::Messages => Some(Dialect::Anthropic),
        _ => None,
    };
    if let Some(dialect) = dialect.filter(|_| wants_stream(&request.body)) {
        count(&state.streams);
        let sent = stream::send(socket, behaviour, dialect).await;
        if sent.is_err() {
            count(&state.aborted);
        }
        return sent.ok();
    }
    let stats;
    let bytes = match request.head.path {
        Path::Chat => &state.answers.chat,
        Path::Messages => &state.answers.message,
        Path::Embeddings => &state.answers.embeddings,
        Path::Models => &state.answers.models,
        Path::Health => &state.answers.health,
        Path::Stats => {
            stats = state.stats();
            &stats
        }
        Path::Unknown => &state.answers.not_found,
    };
    socket.write_all(bytes).await.ok()
}

async fn read(socket: &mut TcpStream, buffer: &mut BytesMut) -> Option<Request> {
    let end = loop {
        match memmem::find(buffer, b"\r\n\r\n") {
            Some(at) => break at + 4,
            None => fill(socket, buffer).await?,
        }
    };
    let head = parse(&buffer[..end])?;
    let _ = buffer.split_to(end);
    if head.expect {
        socket.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await.ok()?;
    }
    let body = if head.chunked {
        chunked_body(socket, buffer).await?
    } else {
        buffer.reserve(head.length.saturating_sub(buffer.len()));
        while buffer.len() < head.length {
            fill(socket, buffer).await?;
        }
        buffer.split_to(head.length)
    };
    Some(Request { head, body })
}

fn parse(bytes: &[u8]) -> Option<Head> {
    let mut headers = [httparse::EMPTY_HEADER; 96];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(bytes).ok()?;
    let path = match request.path?.split('?').next()? {
        p if p.ends_with("/chat/completions") => Path::Chat,
        p if p.ends_with("/messages") => Path::Messages,
        p if p.ends_with("/embeddings") => Path::Embeddings,
        p if p.ends_with("/models") => Path::Models,
        "/health" => Path::Health,
        "/__stats" => Path::Stats,
        _ => Path::Unknown,
    };
    let get = request.method == Some("GET");
    let mut head = Head { get, path, length: 0, chunked: false, close: false, expect: false };
    for header in request.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            head.length = std::str::from_utf8(header.value).ok()?.trim().parse().ok()?;
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            head.chunked = header.value.eq_ignore_ascii_case(b"chunked");
        } else if header.name.eq_ignore_ascii_case("connection") {
            head.close = header.value.eq_ignore_ascii_case(b"close");
        } else if header.name.eq_ignore_ascii_case("expect") {
            head.expect = true;
        }
    }
    Some(head)
}

/// Takes one chunked request body off the front of `buffer`.
async fn chunked_body(socket: &mut TcpStream, buffer: &mut BytesMut) -> Option<BytesMut> {
    let mut body = BytesMut::new();
    loop {
        let line = loop {
            match memmem::find(buffer, b"\r\n") {
                Some(at) => break at,
                None => fill(socket, buffer).await?,
            }
        };
        let size = std::str::from_utf8(&buffer[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        while buffer.len() < line + 2 + size + 2 {
            fill(socket, buffer).await?;
        }
        let _ = buffer.split_to(line + 2);
        let data = buffer.split_to(size);
        let _ = buffer.split_to(2);
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(&data);
    }
}

async fn fill(socket: &mut TcpStream, buffer: &mut BytesMut) -> Option<()> {
    matches!(socket.read_buf(buffer).await, Ok(n) if n > 0).then_some(())
}
