//! What a scripted upstream answers: a head, and steps in their order.

use std::io::Write;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::sync::watch;

/// An answer, built up step by step. It ends properly unless a step says otherwise.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) framing: Framing,
    /// What is waited for before the head.
    pub(super) before: Vec<Step>,
    pub(super) steps: Vec<Step>,
}

/// How the end of the body is told (HTTP/1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Each piece is a chunk of its own.
    Chunked,
    /// A length that is announced.
    Length(usize),
    /// By closing the connection.
    Close,
    /// Not at all: every byte, the head too, is in the steps.
    Raw,
}

/// One thing after the other.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// A piece of the body.
    Piece(Bytes),
    /// Bytes on the wire, as they are.
    Wire(Bytes),
    Pause(Duration),
    Wait(Gate),
    /// Nothing more, for as long as the peer stays.
    Silence,
    /// The connection is closed as if the body were whole.
    Cut,
    /// The connection is reset.
    Reset,
}

impl Step {
    /// Waits, if that is what the step is.
    pub(super) async fn wait(&self) {
        match self {
            Step::Pause(time) => tokio::time::sleep(*time).await,
            Step::Wait(gate) => gate.passed().await,
            _ => {}
        }
    }
}

impl Answer {
    fn new(status: u16, framing: Framing) -> Answer {
        Answer { status, headers: Vec::new(), framing, before: Vec::new(), steps: Vec::new() }
    }

    /// A whole body of JSON.
    pub fn json(status: u16, body: impl Into<String>) -> Answer {
        Answer::whole(status, "application/json", body.into())
    }

    /// A whole body of any type.
    pub fn whole(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let body = Bytes::from(body.into());
        let mut answer = Answer::new(status, Framing::Length(body.len()));
        answer.steps.push(Step::Piece(body));
        answer.header("content-type", content_type)
    }

    /// The head of a stream of events; its pieces are chunks.
    pub fn events() -> Answer {
        Answer::chunks("text/event-stream")
    }

    /// The head of a stream of any type; its pieces are chunks.
    pub fn chunks(content_type: &str) -> Answer {
        Answer::new(200, Framing::Chunked).header("content-type", content_type)
    }

    /// A stream of events, each in a chunk of its own.
    pub fn stream(frames: impl IntoIterator<Item = impl Into<String>>) -> Answer {
        frames.into_iter().fold(Answer::events(), |answer, frame| answer.piece(frame.into()))
    }

    /// Bytes on the wire from the first on, head included; then the connection is closed.
    pub fn wire(bytes: impl Into<Vec<u8>>) -> Answer {
        let mut answer = Answer::new(0, Framing::Raw);
        answer.steps.push(Step::Wire(Bytes::from(bytes.into())));
        answer
    }

    /// No byte at all, for as long as the peer stays.
    pub fn never() -> Answer {
        Answer::new(0, Framing::Raw).silence()
    }

    /// With that status instead.
    pub fn status(mut self, status: u16) -> Answer {
        self.status = status;
        self
    }

    /// With that header.
    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The end of the body is told by closing the connection.
    pub fn until_close(mut self) -> Answer {
        self.framing = Framing::Close;
        self
    }

    /// A piece of the body.
    pub fn piece(mut self, bytes: impl Into<Vec<u8>>) -> Answer {
        self.steps.push(Step::Piece(Bytes::from(bytes.into())));
        self
    }

    /// `bytes` as pieces of `size`.
    pub fn pieces_of(self, size: usize, bytes: &[u8]) -> Answer {
        bytes.chunks(size).fold(self, |answer, piece| answer.piece(piece))
    }

    /// Bytes on the wire, with no framing of their own.
    pub fn raw(mut self, bytes: impl Into<Vec<u8>>) -> Answer {
        self.steps.push(Step::Wire(Bytes::from(bytes.into())));
        self
    }

    /// Nothing for so many milliseconds.
    pub fn pause(mut self, millis: u64) -> Answer {
        self.steps.push(Step::Pause(Duration::from_millis(millis)));
        self
    }

    /// Nothing, not even the head, for so many milliseconds.
    pub fn late(mut self, millis: u64) -> Answer {
        self.before.push(Step::Pause(Duration::from_millis(millis)));
        self
    }

    /// Nothing, not even the head, until the gate opens.
    pub fn held(mut self, gate: &Gate) -> Answer {
        self.before.push(Step::Wait(gate.clone()));
        self
    }

    /// Nothing until the gate opens.
    pub fn wait(mut self, gate: &Gate) -> Answer {
        self.steps.push(Step::Wait(gate.clone()));
        self
    }

    /// Nothing more, for as long as the peer stays.
    pub fn silence(mut self) -> Answer {
        self.steps.push(Step::Silence);
        self
    }

    /// The connection is closed without the end of the body.
    pub fn cut(mut self) -> Answer {
        self.steps.push(Step::Cut);
        self
    }

    /// The connection is reset.
    pub fn reset(mut self) -> Answer {
        self.steps.push(Step::Reset);
        self
    }

    /// The same answer with its pieces compressed, each flushed on its own.
    ///
    /// # Panics
    /// Never: it writes to memory.
    pub fn gzip(mut self) -> Answer {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        for step in &mut self.steps {
            if let Step::Piece(bytes) = step {
                encoder.write_all(bytes).and_then(|()| encoder.flush()).expect("memory");
                *bytes = Bytes::from(std::mem::take(encoder.get_mut()));
            }
        }
        let tail = encoder.finish().expect("memory");
        self = self.piece(tail);
        if let Framing::Length(length) = &mut self.framing {
            *length = self
                .steps
                .iter()
                .map(|it| if let Step::Piece(it) = it { it.len() } else { 0 })
                .sum();
        }
        self.header("content-encoding", "gzip")
    }
}

/// Holds answers back until the test opens it, for all who wait at once.
#[derive(Clone, Debug)]
pub struct Gate(std::sync::Arc<watch::Sender<bool>>);

impl Gate {
    /// A closed gate.
    pub fn closed() -> Gate {
        Gate(std::sync::Arc::new(watch::Sender::new(false)))
    }

    /// Opens it for good.
    pub fn open(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn passed(&self) {
        // The sender lives in this gate, so the wait can only end with an open gate.
        let _ = self.0.subscribe().wait_for(|open| *open).await;
    }
}
