//! One answer as it arrives: HTTP/1.1 head, body framing, and the SSE lines in it, in any chunking.

use memchr::{memchr, memmem};
use std::time::Instant;

/// Lines longer than this are not kept whole (a plain JSON body is one line).
const LINE_MAX: usize = 1 << 20;

/// Reads one answer.
#[derive(Default)]
pub struct Decoder {
    pub status: u16,
    /// The answer has ended as its framing says.
    pub done: bool,
    /// Its framing is wrong.
    pub bad: bool,
    /// The connection cannot be used again.
    pub close: bool,
    pub body_bytes: usize,
    /// `data:` lines.
    pub events: u32,
    /// Send times found in them.
    pub stamped: u32,
    /// Saw `[DONE]` or `message_stop`.
    pub finished: bool,
    /// Age on arrival of each stamped event, microseconds.
    pub ages: Vec<u32>,
    pub first_event_at: Option<Instant>,
    pub headers_at: Option<Instant>,
    head: Vec<u8>,
    in_body: bool,
    chunked: bool,
    /// Bytes left in this chunk, or in a body with a length.
    left: Option<usize>,
    size_line: Vec<u8>,
    /// Bytes of the line end after a chunk that are still to come.
    skip: usize,
    last_chunk: bool,
    line: Vec<u8>,
}

impl Decoder {
    /// Takes what one read brought, at `at` (`at_us` on the clock the mock stamps with).
    pub fn feed(&mut self, mut data: &[u8], at: Instant, at_us: u64) {
        if !self.in_body {
            match self.head(data, at) {
                Some(taken) => data = &data[taken..],
                None => return,
            }
        }
        while !data.is_empty() && !self.done {
            let taken = if !self.chunked {
                self.plain(data, at, at_us)
            } else if self.skip > 0 {
                self.line_end(data)
            } else if let Some(left) = self.left {
                self.in_chunk(&data[..left.min(data.len())], left, at, at_us)
            } else {
                self.chunk_size(data)
            };
            data = &data[taken..];
        }
    }

    /// The other side closed. A body without a length ends so.
    pub fn eof(&mut self) {
        if self.in_body && !self.chunked && self.left.is_none() {
            self.done = true;
        }
        self.close = true;
    }

    fn head(&mut self, data: &[u8], at: Instant) -> Option<usize> {
        let from = self.head.len().saturating_sub(3);
        let before = self.head.len();
        self.head.extend_from_slice(data);
        let end = memmem::find(&self.head[from..], b"\r\n\r\n")? + from + 4;
        self.headers_at = Some(at);
        let mut headers = [httparse::EMPTY_HEADER; 128];
        let mut response = httparse::Response::new(&mut headers);
        if response.parse(&self.head[..end]).is_err() {
            (self.bad, self.done) = (true, true);
            return None;
        }
        self.status = response.code.unwrap_or(0);
        for header in response.headers.iter() {
            if header.name.eq_ignore_ascii_case("content-length") {
                self.left =
                    std::str::from_utf8(header.value).ok().and_then(|v| v.trim().parse().ok());
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                self.chunked = header.value.eq_ignore_ascii_case(b"chunked");
            } else if header.name.eq_ignore_ascii_case("connection") {
                self.close = header.value.eq_ignore_ascii_case(b"close");
            }
        }
        if self.chunked {
            self.left = None;
        }
        self.in_body = true;
        self.done = !self.chunked && self.left == Some(0);
        Some(end - before)
    }

    fn plain(&mut self, data: &[u8], at: Instant, at_us: u64) -> usize {
        let taken = self.left.map_or(data.len(), |left| left.min(data.len()));
        self.payload(&data[..taken], at, at_us);
        if let Some(left) = self.left.as_mut() {
            *left -= taken;
            self.done = *left == 0;
        }
        taken
    }

    fn line_end(&mut self, data: &[u8]) -> usize {
        let taken = self.skip.min(data.len());
        self.skip -= taken;
        self.done = self.last_chunk && self.skip == 0;
        taken
    }

    fn in_chunk(&mut self, data: &[u8], left: usize, at: Instant, at_us: u64) -> usize {
        self.payload(data, at, at_us);
        if data.len() == left {
            (self.left, self.skip) = (None, 2);
        } else {
            self.left = Some(left - data.len());
        }
        data.len()
    }

    fn chunk_size(&mut self, data: &[u8]) -> usize {
        let newline = memchr(b'\n', data);
        let taken = newline.map_or(data.len(), |at| at + 1);
        self.size_line.extend_from_slice(&data[..taken]);
        if newline.is_some() {
            let line = String::from_utf8_lossy(&self.size_line);
            let size = usize::from_str_radix(line.split(';').next().unwrap_or("").trim(), 16);
            match size {
                Ok(0) => (self.last_chunk, self.skip) = (true, 2),
                Ok(n) => self.left = Some(n),
                Err(_) => (self.bad, self.done) = (true, true),
            }
            self.size_line.clear();
        }
        taken
    }

    fn payload(&mut self, mut data: &[u8], at: Instant, at_us: u64) {
        self.body_bytes += data.len();
        while let Some(end) = memchr(b'\n', data) {
            self.line.extend_from_slice(&data[..end]);
            data = &data[end + 1..];
            if self.line.starts_with(b"data:") {
                self.event(at, at_us);
            }
            self.line.clear();
        }
        if self.line.len() + data.len() < LINE_MAX {
            self.line.extend_from_slice(data);
        }
    }

    fn event(&mut self, at: Instant, at_us: u64) {
        self.events += 1;
        self.first_event_at.get_or_insert(at);
        if let Some(start) = memchr(b'@', &self.line) {
            let mut rest = &self.line[start + 1..];
            while let Some(end) = memchr(b'@', rest) {
                let stamp =
                    std::str::from_utf8(&rest[..end]).ok().and_then(|t| t.parse::<u64>().ok());
                if let Some(sent_us) = stamp {
                    self.stamped += 1;
                    self.ages.push(at_us.saturating_sub(sent_us) as u32);
                }
                rest = &rest[end + 1..];
            }
        }
        let is_last = |mark: &[u8]| memmem::find(&self.line, mark).is_some();
        self.finished |= is_last(b"[DONE]") || is_last(b"message_stop");
    }
}
