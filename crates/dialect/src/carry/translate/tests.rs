//! Events in, frames out: with a toy grammar, so that only the carrying is tested.

use proptest::prelude::*;
use wayleave_model::Usage;

use super::*;
use crate::chat::PartKind;
use crate::frame::Frame;

/// `begin`, `text X`, `finish`, `usage N`, `stop` and `error X`, one to a frame or line.
#[derive(Default)]
struct Toy {
    done: bool,
    lost: Vec<&'static str>,
}

impl Toy {
    fn word(&mut self, text: &str, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "begin" => out.push(ChatEvent::Begin { id: "id".into(), model: "m".into() }),
            "open" => out.push(ChatEvent::Open { choice: 0, index: 0, part: PartKind::Text }),
            "text" => out.push(ChatEvent::Delta { choice: 0, index: 0, text: rest.into() }),
            "finish" => {
                out.push(ChatEvent::Finish { choice: 0, reason: Finish::Stop, stop: None });
            }
            "usage" => {
                let input = rest.parse().unwrap();
                out.push(ChatEvent::Usage(Usage { input, ..Usage::default() }));
            }
            "stop" => self.done = true,
            _ => return Err(Fault::unreadable(text)),
        }
        Ok(())
    }
}

impl ReadEvents for Toy {
    fn frame(&mut self, frame: &Frame, out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        self.word(std::str::from_utf8(&frame.data).unwrap(), out)
    }

    fn done(&self) -> bool {
        self.done
    }

    fn end(&mut self, _: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        Ok(())
    }

    fn whole(&mut self, body: &[u8], out: &mut Vec<ChatEvent>) -> Result<(), Fault> {
        let body: std::collections::BTreeMap<String, Vec<String>> =
            serde_json::from_slice(body).map_err(|_| Fault::unreadable("toy"))?;
        body["a"].iter().try_for_each(|word| self.word(word, out))
    }
}

impl WriteEvents for Toy {
    fn event(&mut self, event: &ChatEvent, out: &mut Vec<u8>) {
        match event {
            ChatEvent::Begin { .. } => out.extend_from_slice(b"<"),
            ChatEvent::Delta { text, .. } if text == "unspeakable" => {
                self.lost = vec!["answer.words"];
            }
            ChatEvent::Delta { text, .. } => out.extend_from_slice(text.as_bytes()),
            ChatEvent::Finish { .. } => out.extend_from_slice(b"|"),
            _ => (),
        }
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(b">");
    }

    fn whole(&mut self, _: &[ChatEvent]) -> Vec<u8> {
        Vec::new()
    }

    fn losses(&self) -> &[&'static str] {
        &self.lost
    }
}

type Told = (String, Option<Result<(), Fault>>, Seen);

/// What the client reads of `chunks`, how it ended, and what was seen.
fn told<'c>(chunks: impl IntoIterator<Item = &'c [u8]>) -> Told {
    let (from, to) = (Dialect::OpenAiChat, ClientDialect::OpenAiChat);
    let crossing = Crossing::new(from, to, &Answer::default());
    let mut carrier =
        Translate::between(crossing, Box::new(Toy::default()), Box::new(Toy::default()));
    let mut bytes = Vec::new();
    let mut end = None;
    let mut step = |carried: Carried| {
        bytes.extend(carried.bytes.concat());
        assert!(end.is_none() || (carried.end.is_none() && carried.bytes.is_empty()));
        if carried.end.is_some() {
            end = carried.end;
        }
    };
    for chunk in chunks {
        let mut carried = Carried::default();
        carrier.push(Bytes::copy_from_slice(chunk), &mut carried);
        step(carried);
    }
    let mut carried = Carried::default();
    carrier.end(&mut carried);
    step(carried);
    (String::from_utf8(bytes).unwrap(), end, carrier.seen().clone())
}

#[test]
fn an_answer_passes_and_is_counted() {
    let stream =
        b"data: begin\n\ndata: usage 1\n\ndata: open\n\ndata: text hello\n\ndata: text you\n\n\
                   data: finish\n\n";
    let (text, end, seen) = told([&stream[..]]);
    assert_eq!((text.as_str(), end), ("<helloyou|>", Some(Ok(()))));
    assert_eq!((seen.semantic, seen.content_bytes), (true, 8));
    assert_eq!(seen.usage.unwrap().input, 1);
}

#[test]
fn a_later_usage_replaces_an_earlier_one_and_what_it_covers() {
    let (_, _, seen) =
        told([&b"data: usage 1\n\ndata: text hello\n\ndata: usage 2\n\ndata: text x\n\n"[..]]);
    assert_eq!((seen.usage.unwrap().input, seen.content_bytes), (2, 1));
}

#[test]
fn a_preamble_is_not_semantic() {
    assert!(!told([&b": hi\n\ndata: begin\n\ndata: usage 1\n\n"[..]]).2.semantic);
    assert!(told([&b"data: open\n\n"[..]]).2.semantic);
}

#[test]
fn what_the_writer_cannot_say_is_seen_once() {
    let word = "data: text unspeakable\n\n";
    let stream = ["data: text a\n\n", word, word, "data: finish\n\n"];
    let (text, end, seen) = told(stream.map(str::as_bytes));
    assert_eq!((text.as_str(), end), ("a|>", Some(Ok(()))));
    assert_eq!(seen.losses, ["answer.words"]);
    assert!(told([stream[0].as_bytes()]).2.losses.is_empty());
}

/// Between the real grammars, what the writers note comes out of both carriers.
#[test]
fn a_translated_answer_names_its_losses() {
    let (from, to) = (Dialect::AnthropicMessages, ClientDialect::OpenAiChat);
    let body = br#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"thinking","thinking":"hm","signature":"Eq=="},{"type":"text","text":"a","citations":[{"type":"char_location","cited_text":"b"}]}],"stop_reason":"stop_sequence","stop_sequence":"."}"#;
    let expected = ["answer.signature", "answer.citations", "answer.stop_sequence"];
    let whole = translate_whole(from, to, &Answer::default(), body).unwrap();
    assert_eq!(whole.losses, expected);
    let mut carrier = Translate::new(from, to, &Answer::default());
    carrier.push(Bytes::from_static(body), &mut Carried::default());
    carrier.end(&mut Carried::default());
    assert_eq!(carrier.seen().losses, expected);
}

#[test]
fn a_stream_that_says_done_ends_without_its_connection() {
    let (from, to) = (Dialect::OpenAiChat, ClientDialect::AnthropicMessages);
    let mut carrier = Translate::new(from, to, &Answer::default());
    let chunk = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n";
    let mut out = Carried::default();
    carrier.push(Bytes::from_static(chunk.as_bytes()), &mut out);
    assert_eq!(out.end, None);
    carrier.push(Bytes::from_static(b"data: [DONE]\n\n"), &mut out);
    assert_eq!(out.end, Some(Ok(())));
    assert!(out.bytes.concat().ends_with(b"data: {\"type\":\"message_stop\"}\n\n"));
}

#[test]
fn the_providers_last_word_ends_the_answer() {
    let (text, end, _) =
        told([&b"data: text a\n\ndata: finish\n\ndata: stop\n\ndata: text b\n\n"[..]]);
    assert_eq!((text.as_str(), end), ("a|>", Some(Ok(()))));
}

#[test]
fn an_end_before_the_finish_is_a_cut() {
    for stream in ["", "\n \n", "data: text a\n\n", "data: text a\n\ndata: stop\n\n"] {
        let (text, end, _) = told([stream.as_bytes()]);
        assert!(!text.contains('>'));
        assert_eq!(end, Some(Err(Fault::cut())), "{stream:?}");
    }
}

#[test]
fn what_came_before_a_fault_is_written_and_nothing_after() {
    let (text, end, _) = told([&b"data: text a\n\ndata: nonsense\n\ndata: finish\n\n"[..]]);
    assert_eq!((text.as_str(), end), ("a", Some(Err(Fault::unreadable("nonsense")))));
}

#[test]
fn a_last_frame_without_its_blank_line_counts() {
    let (text, end, _) = told([&b"data: text a\r\n\r\ndata: finish"[..]]);
    assert_eq!((text.as_str(), end), ("a|>", Some(Ok(()))));
}

#[test]
fn a_web_page_is_no_answer() {
    for page in ["<html>", "\n\u{feff} <!doctype"] {
        let (text, end, _) = told([page.as_bytes()]);
        assert_eq!((text.as_str(), end), ("", Some(Err(web_page()))));
    }
}

#[test]
fn a_function_that_stood_for_a_custom_tool_is_answered_as_that_tool() {
    let answer = Answer { custom_tools: vec!["patch".to_owned()], ..Answer::default() };
    let call = r#"{"index":0,"id":"c","type":"function","function":{"name":"patch","arguments":"{\"input\":\"a\\nb\"}"}}"#;
    let stream = [
        format!(
            r#"{{"id":"1","model":"m","choices":[{{"index":0,"delta":{{"tool_calls":[{call}]}}}}]}}"#
        ),
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#.to_owned(),
        "[DONE]".to_owned(),
    ]
    .map(|data| format!("data: {data}\n\n"));
    let mut carrier = Translate::new(Dialect::OpenAiChat, ClientDialect::OpenAiResponses, &answer);
    let mut out = Carried::default();
    carrier.push(stream.concat().into(), &mut out);
    assert_eq!(out.end, Some(Ok(())));
    let text = String::from_utf8(out.bytes.concat()).unwrap();
    assert!(text.contains(r#""type":"custom_tool_call""#), "{text}");
    assert!(text.contains(r#""input":"a\nb""#) && !text.contains("function_call\""), "{text}");
    let body = format!(
        r#"{{"id":"1","model":"m","choices":[{{"index":0,"message":{{"role":"assistant","tool_calls":[{call}]}},"finish_reason":"tool_calls"}}]}}"#
    );
    let (from, to) = (Dialect::OpenAiChat, ClientDialect::OpenAiResponses);
    let whole = translate_whole(from, to, &answer, body.as_bytes()).unwrap();
    let text = String::from_utf8(whole.body.to_vec()).unwrap();
    assert!(text.contains(r#""type":"custom_tool_call""#), "{text}");
    assert!(text.contains(r#""input":"a\nb""#), "{text}");
}

#[test]
fn a_whole_answer_in_place_of_a_stream_is_streamed() {
    let body = br#"{"a":["begin","open","text hi","finish","usage 3"]}"#;
    for size in 1..body.len() {
        let (text, end, seen) = told(body.chunks(size));
        assert_eq!((text.as_str(), end), ("<hi|>", Some(Ok(()))));
        assert_eq!(seen.repairs, ["not_streamed"]);
        assert_eq!(seen.usage.unwrap().input, 3);
    }
    let (_, end, _) = told([&br#"{"a":nonsense}"#[..]]);
    assert_eq!(end, Some(Err(Fault::unreadable("toy"))));
}

proptest! {
    #[test]
    fn any_chunks_carry_what_the_whole_carries(
        words in prop::collection::vec(prop::sample::select(vec![
            "data: begin\n\n", "data: open\n\n", "data: text é1\r\n\r\n", "data: text 2\n\n", "data: finish\n\n",
            "data: usage 7\n\n", "data: stop\n\n", "data: bad\n\n", ": ping\n\n", "\n", " ", "{", "<",
        ]), 0..12),
        size in 1..30_usize,
    ) {
        let stream = words.concat();
        let (text, end, seen) = told([stream.as_bytes()]);
        let (again, end_again, seen_again) = told(stream.as_bytes().chunks(size));
        prop_assert_eq!((again, end_again), (text, end));
        prop_assert_eq!(seen_again.usage, seen.usage);
        prop_assert_eq!(seen_again.content_bytes, seen.content_bytes);
    }
}
