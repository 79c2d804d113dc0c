//! Answers read: shapes from the reference of ConverseStream and of Converse
//! (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>) and
//! from the service model in botocore 1.44.5.

mod carried;
mod odd;
mod streams;
mod whole;

use bytes::Bytes;
use wayleave_model::Usage;

use super::Reader;
use crate::chat::{ChatEvent, Finish, PartKind, ReadEvents, Seal, SealKind};
use crate::error::Fault;
use crate::frame::Frame;

/// Reads a stream, given as names and payloads.
fn read_stream(events: &[(&str, &str)]) -> Result<Vec<ChatEvent>, Fault> {
    let (mut reader, mut out) = (Reader::default(), Vec::new());
    for (name, payload) in events {
        let (event, data) =
            (Bytes::copy_from_slice(name.as_bytes()), Bytes::copy_from_slice(payload.as_bytes()));
        reader.frame(&Frame { event, data }, &mut out)?;
    }
    reader.end(&mut out)?;
    Ok(out)
}

/// Reads a body.
fn read_whole(body: &str) -> Result<Vec<ChatEvent>, Fault> {
    let mut out = Vec::new();
    Reader::default().whole(body.as_bytes(), &mut out)?;
    Ok(out)
}

/// The same answer with deltas of a part as one, and the report last.
fn folded(events: &[ChatEvent]) -> Vec<ChatEvent> {
    let mut out: Vec<ChatEvent> = Vec::new();
    let mut usage = None;
    for event in events {
        match (out.last_mut(), event) {
            (_, ChatEvent::Usage(report)) => usage = Some(*report),
            (
                Some(ChatEvent::Delta { index, text, .. }),
                ChatEvent::Delta { index: same, text: more, .. },
            ) if index == same => text.push_str(more),
            _ => out.push(event.clone()),
        }
    }
    out.extend(usage.map(ChatEvent::Usage));
    out
}

fn begin() -> ChatEvent {
    ChatEvent::Begin { id: String::new(), model: String::new() }
}

fn open(index: u32, part: PartKind) -> ChatEvent {
    ChatEvent::Open { choice: 0, index, part }
}

fn delta(index: u32, text: &str) -> ChatEvent {
    ChatEvent::Delta { choice: 0, index, text: text.to_owned() }
}

fn close(index: u32) -> ChatEvent {
    ChatEvent::Close { choice: 0, index }
}

fn seal(index: u32, kind: SealKind, proof: &'static str) -> ChatEvent {
    ChatEvent::Seal { choice: 0, index, seal: Seal { kind, bytes: proof.into() } }
}

fn finish(reason: Finish) -> ChatEvent {
    ChatEvent::Finish { choice: 0, reason, stop: None }
}

fn call(id: &str, name: &str) -> PartKind {
    PartKind::ToolCall { id: id.to_owned(), name: name.to_owned(), custom: false }
}

fn usage(input: u64, output: u64) -> ChatEvent {
    ChatEvent::Usage(Usage { input, output, ..Usage::default() })
}
