//! `application/vnd.amazon.eventstream`: binary messages with headers and checksums.
//!
//! A message is: total length and headers' length (four bytes each, big-endian), the CRC-32 of
//! those eight, the headers, the payload, and the CRC-32 of all before it
//! (<https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html>).

use bytes::{Buf, Bytes, BytesMut};

use super::{Frame, LONGEST};
use crate::error::Fault;

/// Length fields and their checksum.
const PRELUDE: usize = 12;
/// Prelude and the closing checksum: a message without headers or payload.
const SHORTEST: usize = PRELUDE + 4;

/// Cuts a stream into messages. A frame's event is the message's `:event-type`, or the
/// `:exception-type` (`:error-code`) where the message is one; its data is the payload.
#[derive(Debug, Default)]
pub struct AmazonEvents {
    held: BytesMut,
}

impl AmazonEvents {
    /// Takes what has come.
    pub fn push(&mut self, chunk: &[u8]) {
        self.held.extend_from_slice(chunk);
    }

    /// The next whole message.
    ///
    /// # Errors
    /// A checksum or length that is wrong: what follows cannot be read.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Fault> {
        let Some(prelude) = self.held.get(..PRELUDE) else { return Ok(None) };
        let (total, headers) = (word(prelude, 0) as usize, word(prelude, 4) as usize);
        if crc32fast::hash(&prelude[..8]) != word(prelude, 8) {
            return Err(damaged("the checksum of a message's beginning is wrong"));
        }
        if !(SHORTEST..=LONGEST).contains(&total) || headers > total - SHORTEST {
            return Err(damaged("a message's length is impossible"));
        }
        if self.held.len() < total {
            return Ok(None);
        }
        let mut message = self.held.split_to(total).freeze();
        if crc32fast::hash(&message[..total - 4]) != word(&message, total - 4) {
            return Err(damaged("the checksum of a message is wrong"));
        }
        message.advance(PRELUDE);
        let names = message.split_to(headers);
        message.truncate(message.len() - 4);
        Ok(Some(Frame { event: event(names)?, data: message }))
    }

    /// Whether the stream ended where a message did.
    ///
    /// # Errors
    /// It ended inside one.
    pub fn finish(&mut self) -> Result<(), Fault> {
        if self.held.is_empty() { Ok(()) } else { Err(Fault::cut()) }
    }
}

/// What the message is called: the value of the header that says so.
fn event(mut headers: Bytes) -> Result<Bytes, Fault> {
    let mut found = Bytes::new();
    while let Some((name, value)) = header(&mut headers)? {
        if matches!(&*name, b":event-type" | b":exception-type" | b":error-code") {
            found = value;
        }
    }
    Ok(found)
}

/// The next header: its name, and its value where that is text (type 7) or bytes (type 6).
fn header(from: &mut Bytes) -> Result<Option<(Bytes, Bytes)>, Fault> {
    if from.is_empty() {
        return Ok(None);
    }
    let length = usize::from(from.get_u8());
    let name = take(from, length)?;
    let kind = take(from, 1)?[0];
    let length = match kind {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        6 | 7 => usize::from(take(from, 2)?.get_u16()),
        9 => 16,
        _ => return Err(damaged("a header has a type that is unknown")),
    };
    let value = take(from, length)?;
    Ok(Some((name, if matches!(kind, 6 | 7) { value } else { Bytes::new() })))
}

fn take(from: &mut Bytes, length: usize) -> Result<Bytes, Fault> {
    if from.len() < length {
        return Err(damaged("a header goes beyond its message"));
    }
    Ok(from.split_to(length))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|it| it.try_into().ok()).map_or(0, u32::from_be_bytes)
}

fn damaged(what: &str) -> Fault {
    Fault::unreadable(format!("the provider's event stream is damaged: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FaultKind;

    /// A message as the specification has it.
    fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
        let mut names = Vec::new();
        for (name, value) in headers {
            names.push(u8::try_from(name.len()).unwrap());
            names.extend_from_slice(name.as_bytes());
            names.push(7);
            names.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
            names.extend_from_slice(value.as_bytes());
        }
        let total = u32::try_from(SHORTEST + names.len() + payload.len()).unwrap();
        let mut out = total.to_be_bytes().to_vec();
        out.extend_from_slice(&u32::try_from(names.len()).unwrap().to_be_bytes());
        out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
        out.extend_from_slice(&names);
        out.extend_from_slice(payload);
        out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
        out
    }

    fn read(bytes: &[u8], size: usize) -> Result<Vec<(String, String)>, Fault> {
        let mut events = AmazonEvents::default();
        let mut out = Vec::new();
        let text = |bytes: Bytes| String::from_utf8_lossy(&bytes).into_owned();
        for chunk in bytes.chunks(size) {
            events.push(chunk);
            while let Some(frame) = events.next_frame()? {
                out.push((text(frame.event), text(frame.data)));
            }
        }
        events.finish().map(|()| out)
    }

    #[test]
    fn messages_are_the_same_in_any_chunks() {
        let mut stream = message(
            &[(":message-type", "event"), (":event-type", "messageStart")],
            br#"{"role":"assistant"}"#,
        );
        stream.extend(message(&[(":exception-type", "throttlingException")], b"{}"));
        let expected = vec![
            ("messageStart".to_owned(), r#"{"role":"assistant"}"#.to_owned()),
            ("throttlingException".to_owned(), "{}".to_owned()),
        ];
        for size in [1, 2, 7, 64, 4096] {
            assert_eq!(read(&stream, size).unwrap(), expected, "{size}");
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed_wherever_it_is() {
        let whole = message(&[(":event-type", "contentBlockDelta")], b"{\"a\":1}");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            assert!(read(&damaged, 4096).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_stream_that_ends_inside_a_message_was_cut() {
        let whole = message(&[(":event-type", "messageStop")], b"{}");
        let error = read(&whole[..whole.len() - 1], 4096).unwrap_err();
        assert_eq!(error.kind, FaultKind::Cut);
    }

    /// The example of the specification: no headers, no payload.
    #[test]
    fn the_empty_message_of_the_specification_is_read() {
        let empty = [0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
        assert_eq!(read(&empty, 16).unwrap(), [(String::new(), String::new())]);
    }
}
