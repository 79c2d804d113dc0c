//! Frames do not depend on how they arrive, and are what the standard says.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// The standard's own words, over the whole stream at once. Like ours, it gives out a last frame
/// that lacks its blank line.
fn reference(stream: &[u8]) -> Vec<Frame> {
    let stream = stream.strip_prefix(BOM).unwrap_or(stream);
    let text: Vec<u8> = {
        let mut out = Vec::new();
        let mut bytes = stream.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            if byte == b'\r' {
                bytes.next_if_eq(&b'\n');
                out.push(b'\n');
            } else {
                out.push(byte);
            }
        }
        out
    };
    let mut frames = Vec::new();
    let (mut event, mut data) = (Vec::new(), None::<Vec<u8>>);
    for line in text.split(|b| *b == b'\n').chain([&b""[..]]) {
        if line.is_empty() {
            let event = std::mem::take(&mut event);
            if let Some(data) = data.take() {
                frames.push(Frame { event: event.into(), data: data.into() });
            }
            continue;
        }
        let (name, value) = match line.iter().position(|b| *b == b':') {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"event" => event = value.to_vec(),
            b"data" => match &mut data {
                Some(data) => data.extend([b"\n", value].concat()),
                None => data = Some(value.to_vec()),
            },
            _ => (),
        }
    }
    frames
}

fn read<'c>(chunks: impl IntoIterator<Item = &'c [u8]>) -> Vec<Frame> {
    let mut sse = Sse::default();
    let mut frames = Vec::new();
    for chunk in chunks {
        sse.push(Bytes::copy_from_slice(chunk));
        while let Some(frame) = sse.next_frame().unwrap() {
            frames.push(frame);
        }
    }
    frames.extend(sse.finish());
    frames
}

fn frame(event: &'static str, data: &'static str) -> Frame {
    Frame { event: Bytes::from_static(event.as_bytes()), data: Bytes::from_static(data.as_bytes()) }
}

#[test]
fn frames_are_what_the_standard_says() {
    let stream = "\u{feff}: hello\n\nevent: a\ndata: {\"x\":1}\n\nid: 7\nretry: 5\nevent: lost\n\n\
                  data:one\r\ndata:  two\r\rdata\n\ndata:\nevent:b\n\ndata: [DONE]";
    let expected = [
        frame("a", "{\"x\":1}"),
        frame("", "one\n two"),
        frame("", ""),
        frame("b", ""),
        frame("", "[DONE]"),
    ];
    assert_eq!(read([stream.as_bytes()]), expected);
    assert_eq!(reference(stream.as_bytes()), expected);
}

#[test]
fn a_carriage_return_at_the_end_of_a_chunk_ends_its_frame_at_once() {
    let mut sse = Sse::default();
    sse.push(Bytes::from_static(b"data: x\r\n\r"));
    assert_eq!(sse.next_frame(), Ok(Some(frame("", "x"))));
    sse.push(Bytes::from_static(b"\ndata: y\n\n"));
    assert_eq!(sse.next_frame(), Ok(Some(frame("", "y"))));
    assert_eq!(sse.next_frame(), Ok(None));
}

#[test]
fn a_frame_inside_one_chunk_is_not_copied() {
    let chunk = Bytes::from_static(b"event: a\ndata: xyz\n\n");
    let mut sse = Sse::default();
    sse.push(chunk.clone());
    let frame = sse.next_frame().unwrap().unwrap();
    assert_eq!(frame.data.as_ptr(), chunk[15..].as_ptr());
    assert_eq!(frame.event.as_ptr(), chunk[7..].as_ptr());
}

#[test]
fn chunks_pushed_before_frames_are_taken_are_not_lost() {
    let mut sse = Sse::default();
    sse.push(Bytes::from_static(b"data: x\n"));
    sse.push(Bytes::from_static(b"\ndata: y\n\n"));
    assert_eq!(sse.next_frame(), Ok(Some(frame("", "x"))));
    assert_eq!(sse.next_frame(), Ok(Some(frame("", "y"))));
}

#[test]
fn an_endless_frame_is_an_error() {
    let mib = Bytes::from(vec![b'x'; 1 << 20]);
    for prefix in [&b"data: "[..], b": ", b"data: x\ndata: "] {
        let mut sse = Sse::default();
        sse.push(Bytes::copy_from_slice(prefix));
        let mut pushed = 0;
        while sse.next_frame() == Ok(None) {
            sse.push(mib.clone());
            pushed += 1;
        }
        assert_eq!(pushed, 16);
        assert_eq!(sse.next_frame(), Err(FrameTooLong));
        assert_eq!(sse.finish(), None);
    }
}

#[test]
fn comments_without_end_are_not_kept() {
    let mut sse = Sse::default();
    for _ in 0..300 {
        sse.push(Bytes::from(b": ping\n".repeat(10_000)));
        assert_eq!(sse.next_frame(), Ok(None));
    }
}

/// Streams made of the pieces events are made of.
pub(crate) fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::sample::select(vec![
            "data",
            "data:",
            "data: ",
            "event",
            "event: ",
            "id: 1",
            ":",
            ": ping",
            " ",
            "\n",
            "\n\n",
            "\r",
            "\r\n",
            "\r\n\r\n",
            "{\"a\":1}",
            "[DONE]",
            "é漢\u{1f600}",
            "\u{feff}",
            "data: {}\n\n",
            "retry: 9",
            "data: {}\n",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        vec(any::<u8>(), 0..3),
    ];
    vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_stream_in_any_chunks_reads_by_the_standard(stream in stream(), sizes in vec(1..9_usize, 1..9)) {
        let expected = reference(&stream);
        prop_assert_eq!(&read([&stream[..]]), &expected);
        prop_assert_eq!(&read(stream.chunks(1)), &expected);
        let mut rest = &stream[..];
        let mut sizes = sizes.iter().cycle();
        let chunks = std::iter::from_fn(|| {
            let size = rest.len().min(*sizes.next()?);
            let (chunk, tail) = rest.split_at(size);
            rest = tail;
            (size > 0).then_some(chunk)
        });
        prop_assert_eq!(&read(chunks), &expected);
    }
}
