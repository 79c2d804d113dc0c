//! What a client of the sandbox can observe.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::PlayEnd;
use crate::failure::{Elsewhere, Show};

const NOW: Timestamp = Timestamp::from_micros(1_795_295_640_000_001);

fn play(model: &str, body: &Value) -> Play {
    Sandbox.play(model, body.to_string().as_bytes(), NOW).expect("the sandbox always plays")
}

fn says(text: &str) -> Value {
    json!({"model": "x", "messages": [{"role": "user", "content": text}]})
}

fn streamed(mut body: Value) -> Value {
    body["stream"] = json!(true);
    body["stream_options"] = json!({"include_usage": true});
    body
}

fn text(play: &Play) -> String {
    let bytes: Vec<u8> = play.steps.iter().flat_map(|(_, bytes)| bytes.to_vec()).collect();
    String::from_utf8(bytes).expect("UTF-8")
}

fn whole(model: &str, body: &Value) -> Value {
    let play = play(model, body);
    assert_eq!(play.status, StatusCode::OK, "{}", text(&play));
    serde_json::from_str(&text(&play)).expect("JSON")
}

fn message(model: &str, body: &Value) -> Value {
    whole(model, body)["choices"][0]["message"].clone()
}

/// Every chunk of a stream that ended as it should.
fn chunks(play: &Play) -> Vec<Value> {
    let text = text(play);
    let frames = text.strip_suffix("data: [DONE]\n\n").expect("ends with [DONE]");
    frames.split_terminator("\n\n").map(frame).collect()
}

fn frame(text: &str) -> Value {
    serde_json::from_str(text.strip_prefix("data: ").expect("a data line")).expect("JSON")
}

/// What the chunks add up to, in the shape of a whole message.
fn folded(chunks: &[Value]) -> (Value, Value) {
    let mut message = json!({"content": "", "reasoning": "", "refusal": "", "calls": []});
    let mut finish = Value::Null;
    for choice in chunks.iter().filter_map(|it| it["choices"].get(0)) {
        for (field, to) in
            [("content", "content"), ("reasoning_content", "reasoning"), ("refusal", "refusal")]
        {
            if let Some(more) = choice["delta"][field].as_str() {
                message[to] = json!(message[to].as_str().expect("text").to_owned() + more);
            }
        }
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = call["index"].as_u64().expect("an index") as usize;
            let calls = message["calls"].as_array_mut().expect("a list");
            if calls.len() == index {
                calls.push(json!([call["id"], call["function"]["name"], ""]));
            }
            let more = call["function"]["arguments"].as_str().expect("a piece");
            calls[index][2] = json!(calls[index][2].as_str().expect("text").to_owned() + more);
        }
        if !choice["finish_reason"].is_null() {
            finish = choice["finish_reason"].clone();
        }
    }
    (message, finish)
}

fn unfolded(message: &Value) -> Value {
    let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
    let calls = message["tool_calls"].as_array().into_iter().flatten();
    let calls: Vec<_> = calls
        .map(|it| json!([it["id"], it["function"]["name"], it["function"]["arguments"]]))
        .collect();
    json!({
        "content": text("content"), "reasoning": text("reasoning_content"),
        "refusal": text("refusal"), "calls": calls
    })
}

fn weather() -> Value {
    let schema = json!({
        "type": "object", "required": ["city"],
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}
    });
    json!({"type": "function", "function": {"name": "weather", "parameters": schema}})
}

#[test]
fn echo_says_what_it_is_and_repeats_the_last_user_message() {
    let play = play("echo", &says("Hi \"you\""));
    assert_eq!(play.head_after, Duration::from_millis(50));
    assert_eq!(play.headers["content-type"], "application/json");
    let id = text(&play)[16..32].to_owned();
    assert_eq!(
        text(&play),
        format!(
            r#"{{"id":"chatcmpl-{id}","object":"chat.completion","created":1795295640,"model":"sandbox-echo","system_fingerprint":"wayleave-sandbox","choices":[{{"index":0,"message":{{"role":"assistant","content":"This is the Wayleave sandbox; no model was called. You said: Hi \"you\"","refusal":null}},"logprobs":null,"finish_reason":"stop"}}],"usage":{{"prompt_tokens":6,"completion_tokens":20,"total_tokens":26,"prompt_tokens_details":{{"cached_tokens":0}},"completion_tokens_details":{{"reasoning_tokens":0}}}}}}"#
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

#[test]
fn errors_are_openais_with_the_status_in_the_name() {
    for (model, kind, code) in [
        ("error-400", "invalid_request_error", "null"),
        ("error-401", "invalid_request_error", "\"invalid_api_key\""),
        ("error-404", "invalid_request_error", "\"model_not_found\""),
        ("error-429", "requests", "\"rate_limit_exceeded\""),
        ("error-500", "server_error", "null"),
        ("error-503", "server_error", "\"overloaded\""),
    ] {
        let play = play(model, &streamed(says("hi")));
        let status = &model[6..];
        assert_eq!(play.status.as_str(), status);
        assert_eq!(
            text(&play),
            format!(
                r#"{{"error":{{"message":"The sandbox answers {status}: this model always does.","type":"{kind}","param":null,"code":{code}}}}}"#
            )
        );
        let told = play.headers.get("retry-after").map(|it| it.to_str().expect("text"));
        assert_eq!(told, (status == "429").then_some("1"));
    }
}

#[test]
fn error_stream_breaks_off_with_an_error_frame_after_five_tokens() {
    let play = play("error-stream", &streamed(says("hi")));
    let text = text(&play);
    assert_eq!(play.steps.len(), 1 + 5 + 1);
    let last = text.split_terminator("\n\n").next_back().expect("a frame");
    assert_eq!(
        last,
        r#"data: {"error":{"message":"The sandbox breaks off: this model always does.","type":"server_error","param":null,"code":null}}"#
    );
    assert_eq!(play.end, PlayEnd::Clean);
    assert_eq!(super::tests::play("error-stream", &says("hi")).status.as_u16(), 500);
}

#[test]
fn cut_breaks_the_connection_before_the_answer_is_complete() {
    let streamed = play("cut", &streamed(says("hi")));
    assert_eq!((streamed.steps.len(), streamed.end), (1 + 5, PlayEnd::Reset));
    assert!(!text(&streamed).contains("finish_reason\":\""));
    let whole = play("cut", &says("hi"));
    assert_eq!((whole.status, whole.end), (StatusCode::OK, PlayEnd::Reset));
    assert!(serde_json::from_str::<Value>(&text(&whole)).is_err());
}

#[test]
fn silent_sends_a_head_and_hang_not_even_that() {
    for body in [says("hi"), streamed(says("hi"))] {
        let silent = play("silent", &body);
        assert_eq!((silent.steps.len(), silent.end), (0, PlayEnd::Silence));
        assert!(silent.head_after < Duration::from_secs(1));
        let hang = play("hang", &body);
        assert_eq!((hang.steps.len(), hang.end), (0, PlayEnd::Silence));
        assert!(hang.head_after > Duration::from_secs(3_600));
    }
}

#[test]
fn a_load_test_scripts_echo_by_its_prompt() {
    let timed = says("Hi #sandbox tokens=50 pause_ms=20 first_ms=100#");
    let play_streamed = play("echo", &streamed(timed.clone()));
    assert_eq!(play_streamed.steps.len(), 1 + 50 + 3);
    let total: Duration = play_streamed.steps.iter().map(|(pause, _)| *pause).sum();
    assert_eq!(play_streamed.head_after + total, Duration::from_millis(100 + 49 * 20));
    assert_eq!(play("echo", &timed).head_after, Duration::from_millis(100 + 49 * 20));

    let throttled = play("echo", &says("#sandbox status=429 first_ms=20000#"));
    assert_eq!(throttled.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(throttled.head_after, Duration::from_secs(20));
    assert_eq!(play("echo", &says("#sandbox speed=9#")).status, StatusCode::BAD_REQUEST);
    assert_eq!(play("long", &says("#sandbox status=429#")).status, StatusCode::OK);
}

#[test]
fn staged_failures_never_count_against_the_credential() {
    let judged = |play: &Play| {
        Sandbox.diagnose(&Refused {
            status: play.status,
            headers: &play.headers,
            code: Some("invalid_api_key"),
            message: "staged",
        })
    };
    let named = judged(&play("error-401", &says("hi")));
    assert_eq!(
        (named.show, named.elsewhere, named.blame),
        (Show::AuthFailed, Elsewhere::Credential, Blame::Model)
    );
    let asked = judged(&play("echo", &says("#sandbox status=401#")));
    assert_eq!((asked.show, asked.blame, asked.rest), (Show::AuthFailed, Blame::None, None));
    let throttled = judged(&play("error-429", &says("hi")));
    assert_eq!((throttled.blame, throttled.rest), (Blame::Model, Some(Duration::from_secs(1))));
}

#[test]
fn a_bad_request_is_refused_with_the_field_that_is_to_blame() {
    let refused = |change: fn(&mut Value)| {
        let mut body = says("hi");
        change(&mut body);
        let play = play("echo", &body);
        assert_eq!(play.status, StatusCode::BAD_REQUEST, "{}", text(&play));
        let error: Value = serde_json::from_str(&text(&play)).expect("JSON");
        assert_eq!(error["error"]["type"], "invalid_request_error");
        error["error"]["param"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(refused(|it| it["messages"] = json!([])), "messages");
    assert_eq!(refused(|it| it["messages"][0]["role"] = json!("boss")), "messages[0].role");
    assert_eq!(refused(|it| it["messages"][0]["content"] = json!(7)), "messages[0].content");
    assert_eq!(
        refused(|it| it["messages"][0]["content"] = json!([{"type": "input_audio"}])),
        "messages[0].content[0].type"
    );
    assert_eq!(refused(|it| it["stream"] = json!("yes")), "stream");
    assert_eq!(refused(|it| it["n"] = json!(2)), "n");
    assert_eq!(refused(|it| it["max_tokens"] = json!(0)), "max_tokens");
    assert_eq!(refused(|it| it["stop"] = json!({})), "stop");
    assert_eq!(refused(|it| it["stop"] = json!(["a", 1])), "stop");
    assert_eq!(refused(|it| it["tools"] = json!([{"type": "web_search"}])), "tools[0]");
    assert_eq!(refused(|it| it["tool_choice"] = json!("required")), "tool_choice");
    assert_eq!(refused(|it| it["functions"] = json!([])), "functions");
    assert_eq!(refused(|it| it["logprobs"] = json!(true)), "logprobs");
    assert_eq!(refused(|it| it["stream_options"] = json!({})), "stream_options");
    assert_eq!(
        refused(|it| it["response_format"] = json!({"type": "json_schema", "json_schema": {}})),
        "response_format.json_schema.name"
    );
    assert_eq!(refused(|it| it["response_format"] = json!({"type": "x"})), "response_format.type");
    for body in [&b""[..], b"{", b"[]", b"{\"messages\":[]} x", b"\xff"] {
        let play = Sandbox.play("echo", body, NOW).expect("an answer");
        assert_eq!(play.status, StatusCode::BAD_REQUEST);
    }
}

#[test]
fn a_model_it_does_not_have_is_404_and_names_those_it_has() {
    let play = play("gpt-9", &says("hi"));
    assert_eq!(play.status, StatusCode::NOT_FOUND);
    assert!(text(&play).contains("no model `gpt-9`; it has echo, slow, "));
}

#[test]
fn a_prompt_beyond_the_window_is_told_so_in_openais_words() {
    let play = play("echo", &says(&"abcd ".repeat(1_000_001)));
    assert_eq!(play.status, StatusCode::BAD_REQUEST);
    assert!(text(&play).contains(r#""code":"context_length_exceeded""#));
    assert!(text(&play).contains("maximum context length is 1000000 tokens"));
}

#[test]
fn a_huge_prompt_gives_no_huge_answer() {
    let play = play("echo", &streamed(says(&"word ".repeat(500_000))));
    assert!(play.steps.len() < 1_200, "{}", play.steps.len());
}

#[test]
fn it_has_no_other_address() {
    assert_eq!(Sandbox.base_url("sandbox:").expect("its own").url, "sandbox:");
    assert!(Sandbox.base_url("http://127.0.0.1").is_err());
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

    #[test]
    fn no_body_makes_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Sandbox.play("echo", &body, NOW).is_some());
    }
}
