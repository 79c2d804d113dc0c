//! The lines of one frame that did not pass at a glance.

use bytes::Bytes;
use serde::Deserialize;

use super::error;
use crate::error::Fault;

/// Names of events that this dialect has.
const NAMES: [&str; 8] = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "ping",
    "error",
];

/// How a frame is built.
pub(super) enum Shape {
    /// Comments, or nothing: no event.
    Silent,
    /// One event. `glued`: with a comment between its lines.
    One {
        /// Whether there is a comment.
        glued: bool,
    },
    /// Several events without the blank lines between them, each a frame of its own now.
    Several(Vec<Bytes>),
}

/// Looks at the lines of `frame`.
pub(super) fn shape(frame: &Bytes) -> Shape {
    let (mut comments, mut has_event, mut has_data) = (false, false, false);
    let mut cuts = Vec::new();
    let mut at = 0;
    for line in frame.split_inclusive(|byte| *byte == b'\n') {
        let field = line.split(|byte| matches!(byte, b':' | b'\n')).next().unwrap_or_default();
        match field {
            b"" if line.starts_with(b":") => comments = true,
            b"event" => {
                if has_data {
                    cuts.push(at);
                    has_data = false;
                }
                has_event = true;
            }
            b"data" => has_data = true,
            _ => (),
        }
        at += line.len();
    }
    match (has_event || has_data, cuts.is_empty()) {
        (false, _) => Shape::Silent,
        (true, true) => Shape::One { glued: comments },
        (true, false) => Shape::Several(apart(frame, &cuts)),
    }
}

fn apart(frame: &Bytes, cuts: &[usize]) -> Vec<Bytes> {
    let starts = [0].iter().chain(cuts);
    let ends = cuts.iter().chain([const { &usize::MAX }]);
    let part = |(start, end): (&usize, &usize)| {
        let mut part = frame.slice(*start..(*end).min(frame.len())).to_vec();
        while part.last() == Some(&b'\n') {
            part.pop();
        }
        part.extend_from_slice(b"\n\n");
        Bytes::from(part)
    };
    starts.zip(ends).map(part).collect()
}

/// The event's name, if it is one of ours.
pub(super) fn name(event: &[u8]) -> Option<&'static str> {
    NAMES.into_iter().find(|name| name.as_bytes() == event)
}

/// The event's name, by its data. Fails on what is no event of this dialect: an error in another
/// form, something that is not JSON.
pub(super) fn kind(data: &[u8]) -> Result<&'static str, Fault> {
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        kind: String,
    }
    serde_json::from_slice::<Kind>(data)
        .ok()
        .and_then(|kind| name(kind.kind.as_bytes()))
        .ok_or_else(|| error::not_an_answer(data))
}

/// The frame of an event, from its name and its data in pieces.
pub(super) fn write(name: &str, data: Vec<Bytes>) -> Vec<Bytes> {
    let mut pieces = Vec::with_capacity(data.len() + 2);
    pieces.push(Bytes::from(format!("event: {name}\ndata: ")));
    pieces.extend(data.into_iter().map(one_line));
    pieces.push(Bytes::from_static(b"\n\n"));
    pieces
}

/// Between the tokens of JSON a line feed is as good as a space; inside them there is none.
fn one_line(data: Bytes) -> Bytes {
    if memchr::memchr(b'\n', &data).is_none() {
        return data;
    }
    data.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }).collect()
}
