//! What one request wants of the mock, read from its body without parsing it.
//!
//! A prompt carries its wishes through any gateway as text:
//! `#mock chunks=50 chunk_delay_us=100000 delay_us=0 ts=1#`.

use memchr::memmem;

/// How an answer is given.
#[derive(Clone, Copy)]
pub struct Behaviour {
    /// Content events in a stream.
    pub chunks: usize,
    /// Pause before each of them.
    pub chunk_delay_us: u64,
    /// Pause before the answer's head.
    pub delay_us: u64,
    /// Whether each delta carries its send time as `@microseconds@`.
    pub stamped: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Behaviour { chunks: 100, chunk_delay_us: 0, delay_us: 0, stamped: false }
    }
}

impl Behaviour {
    /// These defaults, changed by the directive in `body` if there is one.
    pub fn for_body(mut self, body: &[u8]) -> Self {
        let Some(directive) = edges(body).into_iter().find_map(directive) else { return self };
        for (key, value) in directive.split_whitespace().filter_map(|pair| pair.split_once('=')) {
            let value: u64 = value.parse().unwrap_or(0);
            match key {
                "chunks" => self.chunks = value as usize,
                "chunk_delay_us" => self.chunk_delay_us = value,
                "delay_us" => self.delay_us = value,
                "ts" => self.stamped = value != 0,
                _ => {}
            }
        }
        self
    }
}

fn directive(part: &[u8]) -> Option<String> {
    let rest = &part[memmem::find(part, b"#mock ")? + 6..];
    let end = memchr::memchr(b'#', rest).unwrap_or(rest.len());
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// Whether the body has `"stream": true`.
pub fn wants_stream(body: &[u8]) -> bool {
    const FIELD: &[u8] = b"\"stream\"";
    edges(body).iter().any(|part| {
        memmem::find_iter(part, FIELD).any(|at| {
            let rest = part[at + FIELD.len()..].iter().copied();
            rest.filter(|b| !b.is_ascii_whitespace() && *b != b':').take(4).eq(*b"true")
        })
    })
}

/// Only the first and last 8 KiB of a body are searched, so that big prompts stay cheap here.
fn edges(body: &[u8]) -> [&[u8]; 2] {
    const WINDOW: usize = 8192;
    if body.len() <= 2 * WINDOW {
        [body, b""]
    } else {
        [&body[..WINDOW], &body[body.len() - WINDOW..]]
    }
}
