//! Answers read and written.

mod reading;
mod round;
mod writing;

use bytes::Bytes;

use super::{Reader, Writer};
use crate::carry::Answer;
use crate::chat::{ChatEvent, ReadEvents, WriteEvents};
use crate::error::Fault;
use crate::frame::sse::Sse;

fn answer() -> Answer {
    Answer { id: "req_1".to_owned(), ..Answer::default() }
}

/// Reads a stream to its end.
fn read_stream(stream: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
    let mut sse = Sse::default();
    sse.push(Bytes::copy_from_slice(stream));
    let (mut reader, mut events) = (Reader::new(&answer()), Vec::new());
    while let Some(frame) = sse.next_frame()? {
        reader.frame(&frame, &mut events)?;
    }
    reader.end(&mut events)?;
    Ok(events)
}

/// Reads chunks as a stream.
fn read_chunks(chunks: &[&str]) -> Result<Vec<ChatEvent>, Fault> {
    let stream: String = chunks.iter().map(|chunk| format!("data: {chunk}\r\n\r\n")).collect();
    read_stream(stream.as_bytes())
}

/// Reads a body.
fn read_whole(body: &[u8]) -> Result<Vec<ChatEvent>, Fault> {
    let mut events = Vec::new();
    Reader::new(&answer()).whole(body, &mut events)?;
    Ok(events)
}

/// Writes a stream.
fn write_stream(events: &[ChatEvent], answer: &Answer) -> String {
    let (mut writer, mut out) = (Writer::new(answer), Vec::new());
    events.iter().for_each(|event| writer.event(event, &mut out));
    writer.end(&mut out);
    String::from_utf8(out).unwrap()
}

/// The same answer with deltas of a part as one, and only the last report.
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
