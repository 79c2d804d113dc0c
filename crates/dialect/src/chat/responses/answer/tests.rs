//! Answers, read and written: shapes as in the examples of
//! <https://platform.openai.com/docs/api-reference/responses-streaming>.

mod reading;
mod round;
mod writing;

use bytes::Bytes;

use super::{Reader, Writer};
use crate::carry::Answer;
use crate::chat::{ChatEvent, PartKind, ReadEvents, Seal, SealKind, WriteEvents};
use crate::error::Fault;
use crate::frame::Frame;

/// Reads the frames whose data these are.
fn read(frames: &[&str]) -> Result<Vec<ChatEvent>, Fault> {
    let (mut reader, mut events) = (Reader::default(), Vec::new());
    for data in frames {
        let data = Bytes::copy_from_slice(data.as_bytes());
        reader.frame(&Frame { event: Bytes::new(), data }, &mut events)?;
    }
    reader.end(&mut events).map(|()| events)
}

fn whole(body: &str) -> Result<Vec<ChatEvent>, Fault> {
    let mut events = Vec::new();
    Reader::default().whole(body.as_bytes(), &mut events).map(|()| events)
}

fn answer() -> Answer {
    Answer { id: "req_01ab".to_owned(), created: 1_750_000_000, ..Answer::default() }
}

/// The frames of `events`: each event's name and its data.
fn write(answer: &Answer, events: &[ChatEvent]) -> Vec<(String, String)> {
    let (mut writer, mut out) = (Writer::new(answer), Vec::new());
    events.iter().for_each(|event| writer.event(event, &mut out));
    writer.end(&mut out);
    let text = String::from_utf8(out).unwrap();
    let frames = text.strip_suffix("\n\n").unwrap().split("\n\n");
    let parts = frames.map(|frame| frame.split_once("\ndata: ").unwrap());
    parts.map(|(name, data)| (name["event: ".len()..].to_owned(), data.to_owned())).collect()
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

fn note(index: u32, kind: &str, json: &str) -> ChatEvent {
    ChatEvent::Annotation { choice: 0, index, kind: kind.to_owned(), json: json.to_owned() }
}

fn sealed(index: u32, kind: SealKind, bytes: &'static str) -> ChatEvent {
    let bytes = Bytes::from_static(bytes.as_bytes());
    ChatEvent::Seal { choice: 0, index, seal: Seal { kind, bytes } }
}

fn call(id: &str, name: &str, custom: bool) -> PartKind {
    PartKind::ToolCall { id: id.to_owned(), name: name.to_owned(), custom }
}
