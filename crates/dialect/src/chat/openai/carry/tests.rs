//! Tests of the carrier: what passes untouched, what is mended, what is a fault.

use proptest::prelude::*;

use super::*;
use crate::error::FaultKind;

/// What came out of a carrier.
#[derive(Debug, PartialEq)]
struct Out {
    text: String,
    end: Option<Result<(), Fault>>,
    semantic: bool,
    usage: Option<u64>,
    content_bytes: u64,
    repairs: Vec<&'static str>,
}

fn carried<C: AsRef<[u8]>>(answer: &Answer, chunks: &[C]) -> Out {
    let mut carrier = Carrier::new(answer);
    let mut out = Carried::default();
    for chunk in chunks {
        if out.end.is_none() {
            carrier.push(Bytes::copy_from_slice(chunk.as_ref()), &mut out);
        }
    }
    if out.end.is_none() {
        carrier.end(&mut out);
    }
    let seen = carrier.seen().clone();
    let mut repairs = seen.repairs;
    repairs.sort_unstable();
    Out {
        text: String::from_utf8(out.bytes.concat()).unwrap(),
        end: out.end,
        semantic: seen.semantic,
        usage: seen.usage.map(|usage| usage.total()),
        content_bytes: seen.content_bytes,
        repairs,
    }
}

fn with_usage() -> Answer {
    Answer { include_usage: true, ..Answer::default() }
}

/// A chunk with a delta.
fn chunk(delta: &str) -> String {
    format!(
        r#"data: {{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"up","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#
    ) + "\n\n"
}

fn finish(reason: &str) -> String {
    format!(
        r#"data: {{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"up","choices":[{{"index":0,"delta":{{}},"finish_reason":"{reason}"}}]}}"#
    ) + "\n\n"
}

const USAGE: &str = "data: {\"id\":\"chatcmpl-1\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
const END: &str = "data: [DONE]\n\n";

fn call(index: u32, rest: &str) -> String {
    chunk(&format!(r#"{{"tool_calls":[{{"index":{index},{rest}}}]}}"#))
}

fn begin(index: u32, id: &str, arguments: &str) -> String {
    call(
        index,
        &format!(
            r#""id":"{id}","type":"function","function":{{"name":"f{index}","arguments":"{arguments}"}}"#
        ),
    )
}

fn more(index: u32, arguments: &str) -> String {
    call(index, &format!(r#""function":{{"arguments":"{arguments}"}}"#))
}

/// Everything a good provider may send.
fn good() -> String {
    [
        ": processing\n\n".to_owned(),
        chunk(r#"{"role":"assistant","content":"","refusal":null}"#),
        chunk(r#"{"reasoning_content":"h\u00e4m \u2028"}"#),
        chunk(r#"{"content":"a \"quoted\" {word} äö\n"}"#),
        begin(0, "call_a", ""),
        more(0, r#"{\"x\":\"}"#),
        more(0, r#"\"}"#),
        begin(1, "call_b", r#"{\"y\":[1,{}]}"#),
        ": ping\n\n".to_owned(),
        finish("tool_calls"),
        USAGE.to_owned(),
        END.to_owned(),
    ]
    .concat()
}

fn case(stream: &str, expected: &str, repairs: &[&'static str]) {
    let out = carried(&with_usage(), &[stream]);
    assert_eq!(out.text, expected);
    assert_eq!((out.end, &out.repairs[..]), (Some(Ok(())), repairs));
}

#[test]
fn a_good_stream_is_the_same_bytes() {
    let out = carried(&with_usage(), &[good()]);
    let expected = Out {
        text: good(),
        end: Some(Ok(())),
        semantic: true,
        usage: Some(5),
        content_bytes: 0,
        repairs: Vec::new(),
    };
    assert_eq!(out, expected);
}

#[test]
fn a_good_chunk_is_not_copied() {
    let mut carrier = Carrier::new(&Answer::default());
    let text = [chunk(r#"{"content":"a"}"#), chunk(r#"{"content":"b"}"#)].concat();
    for _ in 0..3 {
        let bytes = Bytes::from(text.clone());
        let mut out = Carried::default();
        carrier.push(bytes.clone(), &mut out);
        assert_eq!(out.bytes.len(), 1);
        assert_eq!((out.bytes[0].as_ptr(), out.bytes[0].len()), (bytes.as_ptr(), bytes.len()));
        assert!(out.end.is_none());
    }
    assert_eq!(carrier.seen().content_bytes, 6);
}

#[test]
fn usage_nobody_asked_for_is_kept_back() {
    let stream = [chunk(r#"{"content":"a"}"#), finish("stop"), USAGE.to_owned(), END.to_owned()];
    let out = carried(&Answer::default(), &[stream.concat()]);
    assert_eq!(out.text, [&stream[0], &stream[1], &stream[3]].map(String::as_str).concat());
    assert_eq!((out.usage, out.repairs), (Some(5), vec![]));
}

#[test]
fn usage_beside_choices_stays() {
    let last = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
    let stream = [&chunk(r#"{"content":"a"}"#), last, END].concat();
    let out = carried(&Answer::default(), &[&stream]);
    assert_eq!((out.text, out.usage), (stream, Some(5)));
}

#[test]
fn usage_after_the_finish_is_awaited_and_done_ends_all() {
    let mut carrier = Carrier::new(&with_usage());
    let mut out = Carried::default();
    carrier.push(Bytes::from([chunk(r#"{"content":"a"}"#), finish("stop")].concat()), &mut out);
    assert!(out.end.is_none());
    carrier.push(Bytes::from([USAGE, END, "data: late\n\n"].concat()), &mut out);
    assert_eq!(out.end, Some(Ok(())));
    assert!(out.bytes.concat().ends_with(END.as_bytes()));
}

#[test]
fn the_model_is_the_routes_where_it_says_so() {
    let answer = Answer { model: Some("fa\"st".to_owned()), ..with_usage() };
    let out = carried(&answer, &[good()]);
    assert_eq!(out.text, good().replace(r#""model":"up""#, r#""model":"fa\"st""#));
    assert_eq!((out.end, out.repairs), (Some(Ok(())), vec![]));
}

#[test]
fn a_preamble_says_nothing() {
    let mut carrier = Carrier::new(&Answer::default());
    let mut out = Carried::default();
    let filter = "data: {\"id\":\"\",\"choices\":[],\"prompt_filter_results\":[{}]}\n\n";
    let preamble = [": hi\n\n", filter, &chunk(r#"{"role":"assistant","content":""}"#)].concat();
    carrier.push(preamble.clone().into(), &mut out);
    assert!(!carrier.seen().semantic);
    assert_eq!(out.bytes.concat(), preamble.as_bytes());
    carrier.push(chunk(r#"{"content":"a"}"#).into(), &mut out);
    assert!(carrier.seen().semantic);
    assert!(carrier.seen().repairs.is_empty());
}

#[test]
fn framing_is_brought_to_what_clients_read() {
    let [a, b] = ["a", "b"].map(|text| chunk(&format!(r#"{{"content":"{text}"}}"#)));
    let end = [finish("stop"), END.to_owned()].concat();
    let good = [&*a, &*b, &*end].concat();
    case(&good.replace('\n', "\r\n"), &good, &["crlf"]);
    case(&good.replace('\n', "\r"), &good, &["crlf"]);
    case(&good.replace("\n\n", "\n"), &good, &["frame_break"]);
    case(&good.replace("data:", "event: message\nid: 7\nretry: 1\ndata:"), &good, &["event_lines"]);
    case(good.trim_end(), &good, &["frame_break"]);
    case(&format!("\u{feff}{good}"), &good, &["crlf"]);
    let glued = [": c\n", &*a, &*b.replace("\n\n", "\n: d\n\n"), &end].concat();
    let apart = [": c\n\n", &*a, ": d\n\n", &*b, &end].concat();
    case(&glued, &apart, &["comment"]);
    let lines = good.replacen(r#","choices""#, ",\ndata: \"choices\"", 1);
    case(&lines, &good.replacen(r#","choices""#, r#", "choices""#, 1), &["data_lines"]);
    case(&["event: ping\n\n", &good].concat(), &good, &["event_lines"]);
    case(&["\n\n", &good].concat(), &good, &["frame_break"]);
    let tight = good.replace("data: ", "data:");
    case(&tight, &tight, &[]);
}

#[test]
fn members_are_there_as_clients_expect() {
    let end = [finish("stop"), END.to_owned()].concat();
    let with = |frame: &str| format!("data: {frame}\n\n{end}");
    case(
        &with(r#"{"choices":[{"delta":null}]}"#),
        &with(r#"{"choices":[{"delta":{}}]}"#),
        &["delta"],
    );
    case(&with(r#"{"id":"x"}"#), &with(r#"{"choices":[],"id":"x"}"#), &["choices"]);
    case(
        &with(r#"{"usage":{"prompt_tokens":1,"completion_tokens":1},"choices":null}"#),
        &with(
            r#"{"usage":{"total_tokens":2,"prompt_tokens":1,"completion_tokens":1},"choices":[]}"#,
        ),
        &["choices", "usage_null"],
    );
    case(&with(r#"{"choices":[],"usage":{"prompt_tokens":null}}"#), &end, &["usage_null"]);
}

#[test]
fn a_missing_done_is_added_after_a_finish() {
    let stream = [chunk(r#"{"content":"a"}"#), finish("stop")].concat();
    case(&stream, &[&stream, END].concat(), &["done_missing"]);
    case(&[&stream, USAGE].concat(), &[&stream, USAGE, END].concat(), &["done_missing"]);
    case(&[&stream, "data: [DON"].concat(), &[&stream, END].concat(), &["done_missing"]);
}

#[test]
fn calls_that_come_interleaved_go_out_one_by_one() {
    let end = [finish("tool_calls"), END.to_owned()].concat();
    let stream = [
        begin(0, "a", ""),
        begin(1, "b", ""),
        more(0, r#"{\"x\":"#),
        more(1, r#"{\"y\":"#),
        more(0, "1}"),
        more(1, "2}"),
        end.clone(),
    ];
    let expected = [
        begin(0, "a", ""),
        more(0, r#"{\"x\":"#),
        more(0, "1}"),
        begin(1, "b", ""),
        more(1, r#"{\"y\":"#),
        more(1, "2}"),
        end,
    ];
    case(&stream.concat(), &expected.concat(), &["tool_calls_interleaved"]);
}

#[test]
fn calls_without_arguments_wait_but_are_not_changed() {
    let stream = [
        begin(0, "a", ""),
        begin(1, "b", ""),
        begin(2, "c", "{}"),
        finish("tool_calls"),
        END.into(),
    ];
    case(&stream.concat(), &stream.concat(), &[]);
}

#[test]
fn one_frame_with_interleaved_calls_is_taken_apart() {
    let both = |a: &str, b: &str| {
        chunk(&format!(
            r#"{{"tool_calls":[{{"index":0,"function":{{"arguments":"{a}"}}}},{{"index":1,"function":{{"arguments":"{b}"}}}}]}}"#
        ))
    };
    let end = [finish("tool_calls"), END.to_owned()].concat();
    let stream =
        [begin(0, "a", ""), begin(1, "b", ""), both("{", "["), both("}", "]"), end.clone()];
    let expected = [
        begin(0, "a", ""),
        more(0, "{"),
        more(0, "}"),
        begin(1, "b", ""),
        more(1, "["),
        more(1, "]"),
        end,
    ];
    case(&stream.concat(), &expected.concat(), &["tool_calls_interleaved"]);
}

#[test]
fn whole_calls_in_one_frame_pass() {
    let both = chunk(
        r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}},{"index":1,"id":"b","function":{"name":"f","arguments":"{}"}}]}"#,
    );
    let stream = [both, finish("tool_calls"), END.to_owned()].concat();
    case(&stream, &stream, &[]);
}

#[test]
fn calls_that_share_an_index_are_told_apart() {
    let end = [finish("tool_calls"), END.to_owned()].concat();
    let stream = [begin(0, "a", ""), more(0, "{}"), begin(0, "b", "{"), more(0, "}"), end.clone()];
    let second = begin(0, "b", "{").replace(r#"calls":[{"index":0"#, r#"calls":[{"index":1"#);
    let expected = [begin(0, "a", ""), more(0, "{}"), second, more(1, "}"), end.clone()];
    case(&stream.concat(), &expected.concat(), &["tool_call_index"]);
    let without = |frame: String| frame.replace(r#"calls":[{"index":0,"#, r#"calls":[{"#);
    let stream = [without(begin(0, "a", "{")), without(more(0, "}")), end.clone()];
    case(&stream.concat(), &[begin(0, "a", "{"), more(0, "}"), end].concat(), &["tool_call_index"]);
}

#[test]
fn a_call_that_nobody_could_answer_is_given_an_id() {
    let end = [finish("tool_calls"), END.to_owned()].concat();
    let stream = [begin(0, "", r#"{}"#), end.clone()].concat();
    let expected = [begin(0, "call_chatcmpl1_0_0", r#"{}"#), end].concat();
    case(&stream, &expected, &["tool_call_id"]);
}

#[test]
fn arguments_as_an_object_become_a_text() {
    let end = [finish("tool_calls"), END.to_owned()].concat();
    let object = begin(0, "a", "X").replace(r#""X""#, r#"{"x": 1}"#);
    let text = begin(0, "a", r#"{\"x\": 1}"#);
    case(&[&object, &*end].concat(), &[&text, &*end].concat(), &["tool_arguments"]);
}

fn fault(stream: &str) -> (String, FaultKind, Option<String>, String) {
    let out = carried(&Answer::default(), &[stream]);
    let fault = out.end.unwrap().unwrap_err();
    (out.text, fault.kind, fault.code, fault.message)
}

#[test]
fn an_error_in_the_stream_is_a_fault_and_not_passed_on() {
    let said = chunk(r#"{"content":"a"}"#);
    for error in [
        "data: {\"error\":{\"message\":\"m\",\"code\":\"c\"}}\n\n",
        "data: {\"error\":{\"message\":\"m\",\"code\":\"c\"},\"choices\":[]}\n\n",
        "event: error\ndata: {\"code\":\"c\",\"message\":\"m\"}\n\n",
        "{\"error\":{\"message\":\"m\",\"code\":\"c\"}}\n\n",
    ] {
        let expected = (said.clone(), FaultKind::Reported, Some("c".to_owned()), "m".to_owned());
        assert_eq!(fault(&[&said, error, END].concat()), expected, "{error}");
    }
}

#[test]
fn what_comes_in_place_of_a_stream_is_a_fault() {
    assert_eq!(fault("\n <!DOCTYPE html><p>").1, FaultKind::Unreadable);
    let expected = (String::new(), FaultKind::Reported, Some("c".to_owned()), "m".to_owned());
    assert_eq!(fault(" {\"error\":{\"message\":\"m\",\n\n\"code\":\"c\"}}\n"), expected);
    assert_eq!(fault("").1, FaultKind::Cut);
    assert_eq!(fault("data: [1]\n\n").1, FaultKind::Unreadable);
}

#[test]
fn a_stream_that_ends_before_its_answer_is_cut() {
    let said = chunk(r#"{"content":"a"}"#);
    assert_eq!(fault(&said).1, FaultKind::Cut);
    let (text, kind, ..) = fault(&[&said, &*finish("stop")].concat()[..said.len() + 40]);
    assert_eq!((text, kind), (said.clone(), FaultKind::Cut));
    let half = [&said, "data: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]"].concat();
    assert_eq!(fault(&half).0, said);
}

#[test]
fn a_whole_answer_in_place_of_a_stream_is_made_into_one() {
    let body = r#"{"id":"chatcmpl-1","model":"up","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#;
    let out = carried(&Answer { created: 1, ..Answer::default() }, &[body]);
    let expected = [
        chunk(r#"{"role":"assistant","content":""}"#),
        chunk(r#"{"content":"hi"}"#),
        finish("stop"),
        END.to_owned(),
    ];
    assert_eq!(out.text, expected.concat());
    assert_eq!((out.usage, out.semantic, out.repairs), (Some(5), true, vec!["not_streamed"]));
}

#[test]
fn a_byte_order_mark_in_pieces_hides_no_body() {
    let body = "\u{feff}{\"error\":{\"message\":\"m\",\"code\":\"c\"}}";
    let whole = carried(&Answer::default(), &[body]);
    assert_eq!(whole.end.as_ref().unwrap().as_ref().unwrap_err().code.as_deref(), Some("c"));
    for size in 1..8 {
        let chunks: Vec<&[u8]> = body.as_bytes().chunks(size).collect();
        assert_eq!(carried(&Answer::default(), &chunks), whole, "in pieces of {size}");
    }
    let list: Vec<&[u8]> = "\n\u{feff}\n[1]".as_bytes().chunks(1).collect();
    let end = carried(&Answer::default(), &list).end.unwrap();
    assert_eq!(end.unwrap_err().kind, FaultKind::Unreadable);
    let stream = format!("\u{feff}{}", good());
    let chunks: Vec<&[u8]> = stream.as_bytes().chunks(1).collect();
    assert_eq!(carried(&with_usage(), &chunks).text, good());
}

#[test]
fn an_event_without_data_says_nothing_wherever_it_stands() {
    for empty in ["data: \n\n", "data:\n\n", "data:   \n\n"] {
        let stream = [": x\n\n", empty, &good(), empty].concat();
        let expected = [": x\n\n", &good()].concat();
        for size in [1, 5, stream.len()] {
            let chunks: Vec<&[u8]> = stream.as_bytes().chunks(size).collect();
            let out = carried(&with_usage(), &chunks);
            assert_eq!(
                (out.text, out.end),
                (expected.clone(), Some(Ok(()))),
                "in pieces of {size}"
            );
            assert_eq!(out.repairs, ["event_lines"]);
        }
        assert_eq!(fault(&[empty, ": x\n\n", empty].concat()).1, FaultKind::Cut);
    }
}

#[test]
fn an_older_call_in_a_whole_answer_stays_one_in_its_stream() {
    let body = r#"{"id":"chatcmpl-1","model":"up","choices":[{"index":0,"message":{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},"finish_reason":"function_call"}]}"#;
    let out = carried(&Answer { created: 1, ..Answer::default() }, &[body]);
    let expected = [
        chunk(r#"{"role":"assistant","content":""}"#),
        chunk(r#"{"function_call":{"name":"f","arguments":""}}"#),
        chunk(r#"{"function_call":{"arguments":"{}"}}"#),
        finish("function_call"),
        END.to_owned(),
    ];
    assert_eq!(out.text, expected.concat());
}

#[test]
fn content_is_counted_until_usage_comes() {
    let stream = [
        chunk(r#"{"role":"assistant"}"#),
        chunk(r#"{"content":"abc"}"#),
        chunk(r#"{"reasoning":"de"}"#),
        begin(0, "a", "{}"),
        finish("tool_calls"),
    ]
    .concat();
    assert_eq!(carried(&Answer::default(), &[&*stream]).content_bytes, 7);
    assert_eq!(carried(&Answer::default(), &[&*stream, USAGE]).content_bytes, 0);
}

/// Streams of every kind: good, mended and at fault.
fn streams() -> Vec<String> {
    let good = good();
    let calls = [
        begin(0, "a", ""),
        begin(1, "b", ""),
        more(0, "{"),
        more(1, "{}"),
        more(0, "}"),
        finish("tool_calls"),
    ]
    .concat();
    let broken = [
        chunk("null"),
        chunk(r#"{"content":[{"type":"text","text":"x"}]}"#),
        "event: x\n: y\ndata: {\"id\":\"x\"}\n\n".to_owned(),
        finish("stop"),
    ]
    .concat();
    vec![
        good.replace('\n', "\r\n"),
        good.replace('\n', "\r"),
        good.replace("\n\n", "\n"),
        good.replace("data: ", "data:"),
        good.replacen(r#","choices""#, ",\ndata: \"choices\"", 3),
        good[..good.len() - 20].to_owned(),
        good[..good.len() / 2].to_owned(),
        [&calls, END].concat(),
        broken.replace('\n', "\r\n"),
        broken,
        calls,
        [": a\n\n", &chunk(r#"{"content":"a"}"#), "data: {\"error\":\"x\"}\n\n"].concat(),
        " \n{\"error\":{\"message\":\"m\"}}".to_owned(),
        "<html>".to_owned(),
        good,
    ]
}

proptest! {
    #[test]
    fn it_does_not_matter_how_the_bytes_arrive(
        which in 0..15_usize,
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..24),
        include_usage: bool,
        rename: bool,
    ) {
        let stream = streams().swap_remove(which);
        let model = rename.then(|| "public".to_owned());
        let answer = Answer { include_usage, model, created: 7, ..Answer::default() };
        let mut places: Vec<usize> =
            cuts.drain(..).map(|cut| cut.index(stream.len() + 1)).collect();
        places.extend([0, stream.len()]);
        places.sort_unstable();
        let chunks: Vec<&[u8]> =
            places.windows(2).map(|pair| &stream.as_bytes()[pair[0]..pair[1]]).collect();
        prop_assert_eq!(carried(&answer, &chunks), carried(&answer, &[&*stream]));
    }

    #[test]
    fn good_streams_come_out_as_they_went_in(
        texts in prop::collection::vec(".{0,20}", 1..8),
        spaced: bool,
    ) {
        let mut stream = String::new();
        for text in texts {
            stream += &chunk(&format!(r#"{{"content":{}}}"#, serde_json::to_string(&text).unwrap()));
        }
        stream += &[&finish("length"), USAGE, END].concat();
        let stream = if spaced { stream.replace("\":", "\": ") } else { stream };
        let out = carried(&with_usage(), &[&*stream]);
        prop_assert_eq!(out.repairs, Vec::<&str>::new());
        prop_assert_eq!(out.text, stream);
    }

    #[test]
    fn damage_harms_nothing_else(
        which in 0..15_usize,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut: prop::sample::Index,
    ) {
        let mut stream = streams().swap_remove(which).into_bytes();
        for (at, byte) in damage {
            let at = at.index(stream.len());
            stream[at] = byte;
        }
        let (head, tail) = stream.split_at(cut.index(stream.len()));
        for answer in [Answer::default(), Answer { model: Some("m".to_owned()), ..with_usage() }] {
            let mut carrier = Carrier::new(&answer);
            let mut out = Carried::default();
            carrier.push(Bytes::copy_from_slice(head), &mut out);
            carrier.push(Bytes::copy_from_slice(tail), &mut out);
            carrier.end(&mut out);
            prop_assert!(out.end.is_some());
        }
        let (mut reader, mut events) = (Reader::default(), Vec::new());
        for frame in split::frames(&Bytes::from(stream)).filter_map(|frame| split::read(&frame)) {
            if reader.frame(&frame, &mut events).is_err() {
                break;
            }
        }
    }

    #[test]
    fn no_bytes_can_harm_it(bytes in prop::collection::vec(any::<u8>(), 0..400), json in ".{0,200}") {
        let mut carrier = Carrier::new(&Answer::default());
        let mut out = Carried::default();
        carrier.push(bytes.into(), &mut out);
        carrier.push(format!("data: {json}\n\n").into(), &mut out);
        carrier.end(&mut out);
        prop_assert!(out.end.is_some());
    }
}
