//! A reply that is read piece by piece: bytes, or frames of server-sent events as they stand.

use super::connection::Connection;
use super::reply::{Head, header};

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has not yet.
    Open,
    /// As its framing says.
    Clean,
    /// The connection ended before the body did.
    Cut,
}

/// A reply whose head was read. Dropped, it closes the connection: the client has left.
pub struct Streaming<C = Connection> {
    /// The status.
    pub status: u16,
    /// Names in lower case and values, in order.
    pub headers: Vec<(String, String)>,
    connection: C,
    framing: Framing,
    ending: Ending,
    /// Of the body, read and not yet asked for.
    body: Vec<u8>,
}

enum Framing {
    /// Bytes left of the chunk under way.
    Chunked(usize),
    /// Bytes left.
    Length(usize),
    UntilClose,
}

impl Streaming {
    pub(super) fn new(connection: Connection, head: Head) -> Streaming {
        Streaming::over(connection, head)
    }
}

impl<C: std::borrow::BorrowMut<Connection>> Streaming<C> {
    pub(super) fn over(connection: C, head: Head) -> Streaming<C> {
        let framing = match (
            header(&head.headers, "content-length"),
            header(&head.headers, "transfer-encoding"),
        ) {
            (_, Some(_)) => Framing::Chunked(0),
            (Some(length), _) => Framing::Length(length.parse().expect("a length")),
            _ if head.status == 204 => Framing::Length(0),
            _ => Framing::UntilClose,
        };
        let Head { status, headers } = head;
        Streaming { status, headers, connection, framing, ending: Ending::Open, body: Vec::new() }
    }

    /// The first header of that name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// How the body ended, as far as it was read.
    pub fn ending(&self) -> Ending {
        self.ending
    }

    /// The next frame as it stands, with the blank line that ends it; at the end of the body, what
    /// is left over, then `None`.
    pub async fn frame(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.body.windows(2).position(|it| it == b"\n\n") {
                let frame: Vec<u8> = self.body.drain(..at + 2).collect();
                return Some(String::from_utf8_lossy(&frame).into_owned());
            }
            if !self.read().await {
                let rest = std::mem::take(&mut self.body);
                return (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned());
            }
        }
    }

    /// The next frame that is no comment and no ping.
    pub async fn event(&mut self) -> Option<String> {
        loop {
            let frame = self.frame().await?;
            if !frame.starts_with(':') && !frame.starts_with("event: ping") {
                return Some(frame);
            }
        }
    }

    /// All frames up to the end.
    pub async fn frames(&mut self) -> Vec<String> {
        let mut frames = Vec::new();
        while let Some(frame) = self.frame().await {
            frames.push(frame);
        }
        frames
    }

    /// Everything up to the end.
    pub async fn rest(&mut self) -> Vec<u8> {
        while self.read().await {}
        std::mem::take(&mut self.body)
    }

    /// Everything up to the end, as text.
    pub async fn text(&mut self) -> String {
        String::from_utf8_lossy(&self.rest().await).into_owned()
    }

    /// Reads a piece of the body; `false` at its end.
    async fn read(&mut self) -> bool {
        while self.ending == Ending::Open {
            if self.take() {
                return true;
            }
            if self.ending != Ending::Open {
                break;
            }
            if !matches!(self.connection.borrow_mut().more().await, Ok(true)) {
                let whole = matches!(self.framing, Framing::UntilClose);
                self.ending = if whole { Ending::Clean } else { Ending::Cut };
            }
        }
        false
    }

    /// Moves what is there from the connection's buffer to the body.
    fn take(&mut self) -> bool {
        let buffer = &mut self.connection.borrow_mut().buffer;
        let before = self.body.len();
        match &mut self.framing {
            Framing::UntilClose => self.body.append(buffer),
            Framing::Length(left) => {
                let here = buffer.len().min(*left);
                self.body.extend(buffer.drain(..here));
                *left -= here;
                if *left == 0 {
                    self.ending = Ending::Clean;
                }
            }
            Framing::Chunked(left) => {
                while *left > 0 || chunk_head(buffer, left, &mut self.ending) {
                    // The two bytes after a chunk are counted in and cut off again.
                    let here = buffer.len().min(*left);
                    let data = here.min(left.saturating_sub(2));
                    self.body.extend(buffer.drain(..here).take(data));
                    *left -= here;
                    if *left > 0 {
                        break;
                    }
                }
            }
        }
        self.body.len() > before
    }
}

/// Reads a chunk's size line, if it is here; sets the size with the two bytes that follow its data.
fn chunk_head(buffer: &mut Vec<u8>, left: &mut usize, ending: &mut Ending) -> bool {
    let Some(at) = buffer.windows(2).position(|it| it == b"\r\n") else { return false };
    let text = String::from_utf8_lossy(&buffer[..at]).into_owned();
    let size = usize::from_str_radix(text.split(';').next().unwrap_or_default().trim(), 16)
        .expect("a chunk's size");
    if size == 0 {
        if buffer.len() < at + 4 {
            return false;
        }
        buffer.drain(..at + 4);
        *ending = Ending::Clean;
        return false;
    }
    buffer.drain(..at + 2);
    *left = size + 2;
    true
}
