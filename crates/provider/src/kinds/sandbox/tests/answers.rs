//! What the models answer, whole and streamed.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::PlayEnd;

#[test]
fn echo_says_what_it_is_and_repeats_the_last_user_message() {
    let play = play("echo", &says("Hi \"you\""));
    assert_eq!(play.head_after, Duration::from_millis(50));
    assert_eq!(play.headers["content-type"], "application/json");
    let id = text(&play)[16..32].to_owned();
    assert_eq!(
        text(&play),
        format!(
            r#"{{"id":"chatcmpl-{id}","object":"chat.completion","created":1795295640,"model":"sandbox-echo","system_fingerprint":"wayleave-sandbox","choices":[{{"index":0,"message":{{"role":"assistant","content":"This is the Wayleave sandbox; no model was called. You said: Hi \"you\"","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":6,"completion_tokens":19,"total_tokens":25,"prompt_tokens_details":{{"cached_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0}}}}}}"#
        )
    );
}

#[test]
fn a_stream_is_framed_and_timed_like_a_real_one() {
    let play = play("echo", &streamed(says("#sandbox tokens=2#")));
    let id = text(&play)[22..38].to_owned();
    let chunk = |choices: &str| {
        format!(
            "data: {{\"id\":\"chatcmpl-{id}\",\"object\":\"chat.completion.chunk\",\"created\":1795295640,\"model\":\"sandbox-echo\",\"system_fingerprint\":\"wayleave-sandbox\",\"choices\":{choices}}}\n\n"
        )
    };
    let delta = |delta: &str, finish: &str| {
        chunk(&format!(
            r#"[{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}]"#
        ))
    };
    let usage = r#"[],"usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}"#;
    let millis = Duration::from_millis;
    let want = [
        (millis(0), delta(r#"{"role":"assistant","content":""}"#, "null")),
        (millis(40), delta(r#"{"content":"the"}"#, "null")),
        (millis(15), delta(r#"{"content":" sand"}"#, "null")),
        (millis(0), delta("{}", "\"stop\"")),
        (millis(0), chunk(usage)),
        (millis(0), "data: [DONE]\n\n".to_owned()),
    ];
    assert_eq!(play.steps, want.map(|(pause, text)| (pause, Bytes::from(text))));
    assert_eq!((play.head_after, play.end), (millis(40), PlayEnd::Clean));
    assert_eq!(play.headers["content-type"], "text/event-stream");
}

#[test]
fn usage_is_not_streamed_to_those_who_did_not_ask() {
    let mut body = says("hi");
    body["stream"] = json!(true);
    assert!(chunks(&play("echo", &body)).iter().all(|it| it.get("usage").is_none()));
}

#[test]
fn slow_takes_its_time_streamed_or_not() {
    let play_streamed = play("slow", &streamed(says("hi")));
    let first: Duration =
        play_streamed.head_after + play_streamed.steps[1].0 + play_streamed.steps[0].0;
    assert_eq!(first, Duration::from_secs(2));
    assert_eq!(play_streamed.steps[2].0, Duration::from_millis(200));
    let tokens = whole("slow", &says("hi"))["usage"]["completion_tokens"].as_u64().expect("tokens");
    let wait = Duration::from_millis(2_000 + 200 * (tokens - 1));
    assert_eq!(play("slow", &says("hi")).head_after, wait);
}

#[test]
fn tools_calls_the_first_tool_and_then_answers_with_its_result() {
    let mut body = says("What is the weather?");
    body["tools"] = json!([weather()]);
    let answer = whole("tools", &body);
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    let call = &answer["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(answer["choices"][0]["message"]["content"], Value::Null);
    assert_eq!(
        call["function"],
        json!({"name": "weather", "arguments": r#"{"city":"sample city"}"#})
    );
    let id = call["id"].as_str().expect("an id");
    assert!(id.len() <= 40 && id.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_'));

    let turns = body["messages"].as_array_mut().expect("messages");
    turns.push(answer["choices"][0]["message"].clone());
    turns.push(json!({"role": "tool", "tool_call_id": id, "content": "21 degrees"}));
    assert_eq!(message("tools", &body)["content"], "The tool said: 21 degrees");
}

#[test]
fn tools_calls_several_at_once_only_where_that_is_allowed() {
    let mut body = says("In parallel, please.");
    body["tools"] = json!([weather(), {"type": "function", "function": {"name": "now"}}]);
    let names = |body: &Value| -> Vec<String> {
        let message = message("tools", body);
        let calls = message["tool_calls"].as_array().expect("calls");
        calls.iter().map(|it| it["function"]["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&body), ["weather", "now"]);
    body["parallel_tool_calls"] = json!(false);
    assert_eq!(names(&body), ["weather"]);
    body["tool_choice"] = json!({"type": "function", "function": {"name": "now"}});
    assert_eq!(names(&body), ["now"]);
    body["tool_choice"] = json!("none");
    assert!(message("tools", &body).get("tool_calls").is_none());
    assert!(message("tools", &says("hi"))["content"].as_str().expect("text").contains("No tool"));
}

#[test]
fn every_model_calls_a_tool_when_it_must() {
    let mut body = says("hi");
    body["tools"] = json!([weather()]);
    assert!(message("echo", &body).get("tool_calls").is_none());
    body["tool_choice"] = json!("required");
    assert_eq!(message("echo", &body)["tool_calls"][0]["function"]["name"], "weather");
}

#[test]
fn json_fits_the_schema_it_is_given() {
    let mut body = says("hi");
    let schema =
        json!({"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}});
    body["response_format"] =
        json!({"type": "json_schema", "json_schema": {"name": "r", "schema": schema}});
    for model in ["json", "echo", "reasoning"] {
        assert_eq!(message(model, &body)["content"], r#"{"ok":true}"#);
    }
    body["response_format"] = json!({"type": "json_object"});
    assert_eq!(message("json", &body)["content"], r#"{"sandbox":true,"you_said":"hi"}"#);
}

#[test]
fn reasoning_comes_first_and_is_counted() {
    let answer = whole("reasoning", &says("hi"));
    let reasoning = answer["choices"][0]["message"]["reasoning_content"].as_str().expect("some");
    let counted = &answer["usage"]["completion_tokens_details"]["reasoning_tokens"];
    assert_eq!(*counted, json!(tokens::count(reasoning)));
    let chunks = chunks(&play("reasoning", &streamed(says("hi"))));
    let content = |it: &Value| it["choices"][0]["delta"]["content"].is_string();
    let first = chunks.iter().position(content).expect("content");
    let after = &chunks[first..];
    assert!(after.iter().all(|it| it["choices"][0]["delta"].get("reasoning_content").is_none()));
}

#[test]
fn vision_says_what_it_got_and_the_others_say_they_cannot() {
    let image = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let body = |parts: Value| json!({"messages": [{"role": "user", "content": parts}]});
    let two = body(json!([
        {"type": "text", "text": "what?"},
        image("data:image/png;base64,iVBORw0KGgo="),
        image("https://example.com/cat.jpg")
    ]));
    let want = "This is the Wayleave sandbox. I got 2 images: image/png, by address.";
    assert_eq!(message("vision", &two)["content"], want);
    let refused = play("echo", &two);
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        text(&refused),
        r#"{"error":{"message":"This model takes no images; `sandbox/vision` does.","type":"invalid_request_error","param":"messages","code":null}}"#
    );
    assert_eq!(play("vision", &body(json!([image("file:///x")]))).status, StatusCode::BAD_REQUEST);
}

#[test]
fn long_empty_and_refusal_do_what_they_say() {
    assert_eq!(whole("long", &says("hi"))["usage"]["completion_tokens"], 500);
    let empty = whole("empty", &says("hi"));
    assert_eq!(empty["choices"][0]["message"]["content"], "");
    assert_eq!(empty["usage"]["completion_tokens"], 0);
    let refusal = message("refusal", &says("hi"));
    assert_eq!(refusal["content"], Value::Null);
    assert!(refusal["refusal"].as_str().expect("one").contains("sandbox"));
}

#[test]
fn a_limit_ends_the_answer_with_length() {
    for name in ["max_tokens", "max_completion_tokens"] {
        let mut body = says("hi");
        body[name] = json!(3);
        let answer = whole("echo", &body);
        assert_eq!(answer["choices"][0]["message"]["content"], "This is the");
        assert_eq!(answer["choices"][0]["finish_reason"], "length");
        assert_eq!(answer["usage"]["completion_tokens"], 3);
    }
}

#[test]
fn a_stop_text_ends_the_answer_before_it() {
    let mut body = says("one two three");
    body["stop"] = json!(["three", " two"]);
    let answer = whole("echo", &body);
    let content = answer["choices"][0]["message"]["content"].as_str().expect("text");
    assert!(content.ends_with("You said: one"), "{content}");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

proptest! {
    #[test]
    fn a_stream_adds_up_to_the_whole_answer(
        model in prop::sample::select(vec!["echo", "tools", "json", "reasoning", "refusal", "empty"]),
        said in "[^#]{0,60}",
        limit in prop::option::of(1_u64..40),
        stop in prop::option::of("[a-z ]{1,3}"),
        tools in any::<bool>(),
    ) {
        let mut body = says(&said);
        if let Some(limit) = limit {
            body["max_tokens"] = json!(limit);
        }
        if let Some(stop) = stop {
            body["stop"] = json!(stop);
        }
        if tools {
            body["tools"] = json!([weather()]);
        }
        let whole = whole(model, &body);
        let mut chunks = chunks(&play(model, &streamed(body)));
        let last = chunks.pop().expect("the usage chunk");
        prop_assert_eq!(&last["usage"], &whole["usage"]);
        prop_assert_eq!(&last["choices"], &json!([]));
        let (mut streamed, finish) = folded(&chunks);
        let mut want = unfolded(&whole["choices"][0]["message"]);
        // Ids are made of the request's bytes, and `stream` is one of them.
        for message in [&mut streamed, &mut want] {
            for call in message["calls"].as_array_mut().expect("a list") {
                call[0] = json!("id");
            }
        }
        prop_assert_eq!(streamed, want);
        prop_assert_eq!(&finish, &whole["choices"][0]["finish_reason"]);
        if let Some(limit) = limit {
            prop_assert!(whole["usage"]["completion_tokens"].as_u64() <= Some(limit));
        }
    }
}
