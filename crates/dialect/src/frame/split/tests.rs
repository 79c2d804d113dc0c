//! Runs put together are the stream, and frames do not depend on how they arrive.

use proptest::prelude::*;

use super::*;
use crate::frame::sse::tests::stream;

fn runs<'c>(mut splitter: Splitter, chunks: impl IntoIterator<Item = &'c [u8]>) -> Vec<Bytes> {
    let mut runs = Vec::new();
    for chunk in chunks {
        runs.extend(splitter.push(Bytes::copy_from_slice(chunk)).unwrap());
    }
    runs.extend(splitter.finish());
    runs
}

fn frames_of(runs: &[Bytes]) -> Vec<Frame> {
    runs.iter().flat_map(frames).filter_map(|frame| read(&frame)).collect()
}

#[test]
fn whole_frames_go_out_as_the_chunk_they_came_in() {
    let mut splitter = Splitter::default();
    assert_eq!(splitter.push(Bytes::from_static(b": a\n\n")).unwrap().count(), 1);
    let chunk = Bytes::from_static(b"data: 1\n\ndata: 2\n\n");
    let runs: Vec<Bytes> = splitter.push(chunk.clone()).unwrap().collect();
    assert_eq!(runs, [&chunk]);
    assert_eq!(runs[0].as_ptr(), chunk.as_ptr());
}

#[test]
fn an_incomplete_frame_waits_for_its_end() {
    let mut splitter = Splitter::default();
    let mut push = |chunk: &'static str| -> Vec<Bytes> {
        splitter.push(Bytes::from_static(chunk.as_bytes())).unwrap().collect()
    };
    assert_eq!(push("data: 1\n\ndata: 2\n\ndat"), ["data: 1\n\ndata: 2\n\n"]);
    assert_eq!(push("a: 3"), [""; 0]);
    assert_eq!(push("\n"), [""; 0]);
    assert_eq!(push("\ndata: 4\n\ndata: 5"), ["data: 3\n\n", "data: 4\n\n"]);
    assert_eq!(splitter.finish().unwrap(), "data: 5\n\n");
    assert!(!splitter.normalised());
}

#[test]
fn line_ends_become_line_feeds() {
    let stream = b"\xef\xbb\xbfdata: 1\r\n\r\ndata: 2\r\rdata: 3\n\r\n";
    for size in 1..stream.len() {
        let runs = runs(Splitter::default(), stream.chunks(size));
        assert_eq!(runs.concat(), b"data: 1\n\ndata: 2\n\ndata: 3\n\n", "in chunks of {size}");
    }
}

#[test]
fn shapes_are_told_at_a_glance() {
    for (run, is_plain, is_named) in [
        ("data: 1\n\ndata: 2\n\n", true, false),
        ("event: a\ndata: 1\n\nevent: b\ndata: 2\n\n", false, true),
        ("data: 1\n\nevent: b\ndata: 2\n\n", false, false),
        ("data: 1\ndata: 2\n\n", false, false),
        ("data:1\n\n", false, false),
        (": c\n\n", false, false),
        ("\ndata: 1\n\n", false, false),
        ("data: 1\n", false, false),
        ("data: 1", false, false),
    ] {
        assert_eq!((plain(run.as_bytes()), named(run.as_bytes())), (is_plain, is_named), "{run:?}");
    }
}

#[test]
fn a_run_is_taken_apart_into_frames() {
    let run = Bytes::from_static(b"\n\ndata: 1\n\n: c\nevent: e\ndata: 2\n\n\ndata: 3\n\n");
    let all: Vec<Bytes> = frames(&run).collect();
    assert_eq!(all, ["data: 1\n\n", ": c\nevent: e\ndata: 2\n\n", "data: 3\n\n"]);
    assert_eq!(read(&all[1]).unwrap().event, "e");
    assert_eq!(read(&Bytes::from_static(b": only a comment\n\n")), None);
}

#[test]
fn events_with_a_single_line_feed_between_do_not_wait_for_a_blank_line() {
    let mut splitter = Splitter::by_lines();
    let mut push = |chunk: &'static str| -> Vec<Bytes> {
        splitter.push(Bytes::from_static(chunk.as_bytes())).unwrap().collect()
    };
    assert_eq!(push("data: {\"a\":1}\nda"), [""; 0]);
    assert_eq!(push("ta: {\"b\":\ndata: 2}"), ["data: {\"a\":1}\n\n"]);
    assert_eq!(
        push("\ndata: {\"c\":3}\n\ndata: {}\ndata: [DONE]\n"),
        ["data: {\"b\":\ndata: 2}\ndata: {\"c\":3}\n\n", "data: {}\n\n"]
    );
    assert!(splitter.broken());
    assert_eq!(splitter.finish().unwrap(), "data: [DONE]\n\n");
    let joined = Bytes::from_static(b"data: {}\ndata: {}\ndata: [DONE]\n\n");
    assert_eq!(apart(&joined), "data: {}\n\ndata: {}\n\ndata: [DONE]\n\n");
    let together = Bytes::from_static(b"data: {\"a\":\ndata: 1}\n\n");
    assert_eq!(apart(&together), together);
}

#[test]
fn an_endless_frame_is_an_error() {
    for mut splitter in [Splitter::default(), Splitter::by_lines()] {
        let chunk = Bytes::from(b"data: {\ndata: x\n".repeat(1 << 16));
        let failed = (0..20).position(|_| splitter.push(chunk.clone()).is_err());
        assert_eq!(failed, Some(16));
    }
}

proptest! {
    #[test]
    fn runs_put_together_are_the_stream(stream in stream(), size in 1..40_usize) {
        let stream: Vec<u8> = stream.into_iter().filter(|b| *b != b'\r').collect();
        prop_assume!(!stream.starts_with(BOM));
        let runs = runs(Splitter::default(), stream.chunks(size)).concat();
        let same = runs.iter().zip(&stream).take_while(|(a, b)| a == b).count();
        prop_assert!(stream[same..].trim_ascii().is_empty(), "only the last blank line differs");
    }

    #[test]
    fn frames_are_those_of_the_reader_in_any_chunks(stream in stream(), size in 1..40_usize) {
        let mut sse = Sse::default();
        sse.push(stream.clone().into());
        let mut expected: Vec<Frame> = std::iter::from_fn(|| sse.next_frame().unwrap()).collect();
        expected.extend(sse.finish());
        prop_assert_eq!(frames_of(&runs(Splitter::default(), [&stream[..]])), expected.clone());
        prop_assert_eq!(frames_of(&runs(Splitter::default(), stream.chunks(size))), expected);
    }

    #[test]
    fn lines_come_apart_in_the_same_places_in_any_chunks(stream in stream(), size in 1..40_usize) {
        let apart = |runs: Vec<Bytes>| -> Vec<Frame> {
            let whole: Vec<Bytes> = runs.iter().flat_map(frames).map(|frame| apart(&frame)).collect();
            frames_of(&whole)
        };
        let unsplit = apart(runs(Splitter::by_lines(), [&stream[..]]));
        prop_assert_eq!(apart(runs(Splitter::by_lines(), stream.chunks(size))), unsplit);
    }
}
