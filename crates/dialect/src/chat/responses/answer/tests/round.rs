//! What is written can be read again, whole or streamed, in any pieces.

use proptest::prelude::*;
use wayleave_model::Usage;

use super::*;
use crate::carry::{Carried, Carry, Translate};
use crate::chat::Finish;
use crate::raw::RawObject;
use crate::{ClientDialect, Dialect};

/// Events of everything that this dialect can say.
fn everything() -> Vec<ChatEvent> {
    let cited = r#"{"type":"url_citation","url_citation":{"start_index":0,"end_index":2,"url":"u","title":"t"}}"#;
    let search = r#"{"type":"web_search_call","id":"ws_1","status":"completed"}"#;
    let usage = Usage { input: 9, cached: 3, output: 7, reasoning: 2, ..Usage::default() };
    vec![
        ChatEvent::Begin { id: "resp_1".to_owned(), model: "m".to_owned() },
        open(0, PartKind::Reasoning),
        delta(0, "Hm.\n\nWell."),
        sealed(0, SealKind::Encrypted, "rs_1\ngAAA"),
        close(0),
        open(1, PartKind::Vendor { kind: "web_search_call".to_owned() }),
        delta(1, search),
        close(1),
        open(2, PartKind::Text),
        delta(2, "Héllo \u{1f600}"),
        note(2, "annotation", cited),
        note(2, "logprobs", r#"{"content":[{"token":"H","logprob":-1.5,"bytes":[72]}]}"#),
        close(2),
        open(3, PartKind::Refusal),
        delta(3, "No."),
        close(3),
        open(4, call("c1", "ns_-_f", false)),
        delta(4, "{\"a\":\"\\n\"}"),
        close(4),
        open(5, call("c2", "patch", true)),
        delta(5, "*** free\ntext"),
        close(5),
        open(6, PartKind::Image { mime: "image/png".to_owned() }),
        delta(6, "aGk="),
        close(6),
        ChatEvent::Finish { choice: 0, reason: Finish::ToolCalls, stop: None },
        ChatEvent::Usage(usage),
    ]
}

#[test]
fn a_whole_answer_is_the_fold_of_its_stream() {
    let events = everything();
    let frames = write(&answer(), &events);
    let body = Writer::new(&answer()).whole(&events);
    let last = &frames.last().unwrap().1;
    assert!(last.ends_with(&format!(r#""response":{}}}"#, String::from_utf8(body).unwrap())));
}

#[test]
fn what_is_written_is_read_as_it_was_whole_and_streamed() {
    let events = everything();
    let frames = write(&answer(), &events);
    let data: Vec<&str> = frames.iter().map(|(_, data)| data.as_str()).collect();
    assert_eq!(read(&data).unwrap(), events);
    let body = String::from_utf8(Writer::new(&answer()).whole(&events)).unwrap();
    assert_eq!(whole(&body).unwrap(), events);
    // With nothing but its end, and with nothing but its items.
    assert_eq!(read(&data[data.len() - 1..]).unwrap(), events);
    let is_item = |data: &&&str| data.contains("output_item.done") || data.contains("completed\"");
    let items: Vec<&str> =
        [&data[0]].into_iter().chain(data.iter().filter(is_item)).copied().collect();
    assert_eq!(read(&items).unwrap(), events);
}

/// Deltas that follow each other as one.
fn folded(events: Vec<ChatEvent>) -> Vec<ChatEvent> {
    events.into_iter().fold(Vec::new(), |mut all, event| {
        match (all.last_mut(), event) {
            (Some(ChatEvent::Delta { text, .. }), ChatEvent::Delta { text: more, .. }) => {
                text.push_str(&more);
            }
            (_, event) => all.push(event),
        }
        all
    })
}

#[test]
fn a_providers_stream_says_what_its_whole_answer_says() {
    let streams = [
        include_str!("../../../../../../../fuzz/corpus/responses_carry/text.sse"),
        include_str!("../../../../../../../fuzz/corpus/responses_carry/reasoning-tools.sse"),
        include_str!("../../../../../../../fuzz/corpus/responses_carry/web-search.sse"),
        include_str!("../../../../../../../fuzz/corpus/responses_carry/refusal-incomplete.sse"),
        include_str!("../../../../../../../fuzz/corpus/responses_carry/interleaved.sse"),
    ];
    for stream in streams {
        let data: Vec<&str> =
            stream.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
        let last = RawObject::read(data.last().unwrap().as_bytes()).unwrap();
        let streamed = folded(read(&data).unwrap());
        assert!(streamed.len() > 4, "{streamed:?}");
        assert_eq!(streamed, folded(whole(last.raw("response").unwrap()).unwrap()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_stream_means_the_same_in_any_pieces(cuts in prop::collection::vec(1..400_usize, 1..60)) {
        let (mut writer, mut stream) = (Writer::new(&answer()), Vec::new());
        everything().iter().for_each(|event| writer.event(event, &mut stream));
        writer.end(&mut stream);
        let carried = |chunks: Vec<Bytes>| {
            let client = Answer { include_usage: true, ..answer() };
            let mut carry =
                Translate::new(Dialect::OpenAiResponses, ClientDialect::OpenAiChat, &client);
            let mut bytes = Vec::new();
            for chunk in chunks {
                let mut out = Carried::default();
                carry.push(chunk, &mut out);
                bytes.extend(out.bytes.concat());
                if let Some(end) = out.end {
                    end.unwrap();
                    return bytes;
                }
            }
            panic!("the stream has no end");
        };
        let mut rest = Bytes::from(stream);
        let once = carried(vec![rest.clone()]);
        let mut chunks = Vec::new();
        for cut in cuts.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            chunks.push(rest.split_to(cut.min(rest.len())));
        }
        prop_assert_eq!(carried(chunks), once);
    }
}
