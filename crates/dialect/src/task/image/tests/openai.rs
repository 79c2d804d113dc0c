//! OpenAI's own, and those who took its paths.

use serde_json::json;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::*;
use crate::task::Fetch;

const ASKED: &str = r#"{"prompt":"a cat","model":"m", "n":2,"size":"1024x1536","quality":"high","complexity":"low"}"#;

#[test]
fn the_clients_bytes_pass_with_the_models_name_changed() {
    let (written, losses) = write(&*asks(ASKED), Grammar::OpenAi, "gpt-image-2").expect("written");
    assert_eq!(
        text(&written.wires[0].body),
        r#"{"prompt":"a cat","model":"gpt-image-2", "n":2,"size":"1024x1536","quality":"high","complexity":"low"}"#
    );
    assert_eq!((written.wires.len(), losses.len()), (1, 0));
    assert_eq!(written.edits, ["model"]);
}

#[test]
fn an_answer_passes_and_says_what_it_took() {
    let told = concat!(
        r#"{"created":1,"data":[{"b64_json":"AAAA"}, {"b64_json":"BBBB"}],"size":"1024x1024","quality":"low","#,
        r#""usage":{"input_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40},"output_tokens":272,"total_tokens":322},"new":1}"#
    );
    let (written, _) = write(&*asks(ASKED), Grammar::OpenAi, "gpt-image-2").expect("written");
    let spoken = answered(written, &[told]).expect("an answer");
    assert_eq!(spoken.body, told);
    let usage = Usage {
        input: 50,
        image_input: 40,
        output: 272,
        image_output: 272,
        images: 2,
        variant: Some("1024x1024/low".parse().expect("a variant")),
        ..Usage::default()
    };
    assert_eq!((spoken.usage, spoken.source), (usage, UsageSource::Provider));
}

#[test]
fn what_reports_no_tokens_is_counted_by_what_was_asked() {
    let (written, _) = write(&*asks(ASKED), Grammar::OpenAi, "dall-e-3").expect("written");
    let told = r#"{"created":1,"data":[{"url":"https://x/1"}],"usage":null,"quality":7}"#;
    let spoken = answered(written, &[told]).expect("an answer");
    let variant = Some("1024x1536/high".parse().expect("a variant"));
    let usage = Usage { images: 1, variant, ..Usage::default() };
    assert_eq!((spoken.usage, spoken.source), (usage, UsageSource::Counted));
    assert_eq!(spoken.body, told);
}

#[test]
fn drawings_count_their_author() {
    let told = concat!(
        r#"{"data":[{"b64_json":"AAAA"}],"usage":{"input_tokens":1,"output_tokens":2},"#,
        r#""svg_usage":{"input_tokens":10,"output_tokens":20,"reasoning_tokens":5,"total_tokens":30,"model":"x"}}"#
    );
    let (written, _) = write(&*asks(ASKED), Grammar::OpenAi, "m").expect("written");
    let usage = answered(written, &[told]).expect("an answer").usage;
    assert_eq!((usage.input, usage.output, usage.reasoning, usage.image_output), (11, 22, 5, 2));
}

#[test]
fn an_answer_without_pictures_is_a_fault() {
    for (told, message) in [
        (r#"{"created":1,"data":[]}"#, "the provider's answer has no pictures"),
        (r#"{"created":1,"data":[{"b64_json":""}]}"#, "the provider's answer has no pictures"),
        (r#"{"created":1}"#, "the provider's answer has no pictures"),
        (r#"{"error":{"message":"no credit","code":"x"}}"#, "no credit"),
        ("<html>", "the provider's answer has no pictures"),
        ("", "the provider's answer has no pictures"),
    ] {
        let (written, _) = write(&*asks(ASKED), Grammar::OpenAi, "m").expect("written");
        assert_eq!(answered(written, &[told]).expect_err(told).message, message);
    }
}

#[test]
fn an_address_is_fetched_where_bytes_are_wanted() {
    let asked = r#"{"prompt":"a","model":"m","response_format":"b64_json"}"#;
    let (written, _) = write(&*asks(asked), Grammar::OpenAi, "m").expect("written");
    let told = r#"{"created":1,"data":[{"url":"https://x/1","revised_prompt":"b"},{"b64_json":"BBBB"},{"url":"https://x/2"}],"z":1}"#;
    let spoken = answered(written, &[told]).expect("an answer");
    let want = r#"{"created":1,"data":[{"b64_json":"","revised_prompt":"b"},{"b64_json":"BBBB"},{"b64_json":""}],"z":1}"#;
    assert_eq!(spoken.body, want);
    let quote = |nth: usize| want.match_indices("\"\"").nth(nth).expect("a hole").0 + 1;
    let fetch = |url: &str, at| Fetch { url: url.to_owned(), at };
    assert_eq!(spoken.fetch, [fetch("https://x/1", quote(0)), fetch("https://x/2", quote(1))]);
    assert_eq!(spoken.repairs, ["fetched_images"]);
    // As it comes, where nothing was said.
    let (written, _) = write(&*asks(ASKED), Grammar::OpenAi, "m").expect("written");
    assert!(answered(written, &[told]).expect("an answer").fetch.is_empty());
}

#[test]
fn a_field_that_the_model_refuses_is_taken_out() {
    let facts = ModelFacts { refuses: vec!["response_format".to_owned()], ..ModelFacts::UNKNOWN };
    let bytes = asks(r#"{"model":"m","prompt":"a","response_format":"b64_json"}"#);
    let (written, _) = write_as(&*bytes, Grammar::OpenAi, "m", &facts).expect("written");
    assert_eq!(text(&written.wires[0].body), r#"{"model":"m","prompt":"a"}"#);
    assert_eq!(written.edits, ["-response_format"]);
    // OpenAI's own are known by their names.
    let (written, _) = write(&*bytes, Grammar::OpenAi, "gpt-image-2").expect("written");
    assert_eq!(written.edits, ["model", "-response_format"]);
    let address = asks(r#"{"model":"m","prompt":"a","response_format":"url"}"#);
    let refusal = write_as(&*address, Grammar::OpenAi, "m", &facts).err().expect("refused");
    assert_eq!(refusal.code, Some("capability_not_supported"));
}

#[test]
fn a_form_passes_with_the_true_type_of_its_pictures() {
    let fields = [("model", "m"), ("prompt", "a cat"), ("n", "1"), ("svg[model]", "x")];
    let sent = form(&fields, &["image[]", "image[]", "mask"]);
    let question = read_edit(&given(&sent)).expect("a request");
    assert!(question.asked().vision && !question.asked().stream);
    let (written, _) = write(&*question, Grammar::OpenAi, "gpt-image-2").expect("written");
    let sent = text(&written.wires[0].body);
    let part = |name: &str, value: &str| format!("name=\"{name}\"\r\n\r\n{value}\r\n");
    assert!(sent.contains(&part("model", "gpt-image-2")) && !sent.contains(&part("model", "m")));
    assert!(sent.contains(&part("prompt", "a cat")) && sent.contains(&part("svg[model]", "x")));
    let file = |name: &str| {
        format!("name=\"{name}\"; filename=\"cat.bin\"\r\nContent-Type: image/png\r\n\r\n<10..50>")
    };
    assert_eq!(sent.matches(&file("image[]")).count(), 2);
    assert_eq!(sent.matches(&file("mask")).count(), 1);
    assert_eq!(written.edits, ["model"]);
}

#[test]
fn what_is_missing_or_wrong_is_named() {
    let param = |body: &Body, edit: bool| {
        let read = if edit { read_edit(&given(body)) } else { read_generation(&given(body)) };
        read.err().expect("refused").param.unwrap_or_default()
    };
    let json = |text: &str| Body::Json(Bytes::from(text.to_owned()));
    assert_eq!(param(&json(r#"{"prompt":"a"}"#), false), "model");
    assert_eq!(param(&json(r#"{"model":"m"}"#), false), "prompt");
    assert_eq!(param(&json(r#"{"model":"m","prompt":""}"#), false), "prompt");
    assert_eq!(param(&json(r#"{"model":"m","prompt":"a","n":0}"#), false), "n");
    assert_eq!(param(&json(r#"{"model":"m","prompt":"a","n":1.5}"#), false), "n");
    assert_eq!(param(&json(r#"{"model":"m","prompt":"a","stream":"maybe"}"#), false), "stream");
    assert_eq!(param(&json(r#"{"model":"m","prompt":"a"}"#), true), "image");
    assert_eq!(param(&form(&[("model", "m"), ("prompt", "a")], &["mask"]), true), "image");
    // What a picture is, the provider may judge, if it speaks the same.
    let strange = edits(r#"{"model":"m","prompt":"a","images":["no picture"]}"#);
    assert!(write(&*strange, Grammar::OpenAi, "m").is_ok());
    assert_eq!(refused(&*strange, Grammar::Gemini, "m").1, "images");
}

#[test]
fn the_most_it_can_take_holds_every_picture() {
    let question = asks(ASKED);
    let consumes = question.consumes(&ModelFacts::UNKNOWN);
    assert_eq!((consumes.sent.input, consumes.most.images), (2, 2));
    assert_eq!(consumes.most.output, 2 * 32_768);
    let facts = ModelFacts { max_output: Some(5_000), ..ModelFacts::UNKNOWN };
    assert_eq!(question.consumes(&facts).most.output, 10_000);
}

#[test]
fn together_is_told_sides_and_another_word_for_bytes() {
    let asked = r#"{"model":"m","prompt":"a","n":5,"size":"1024x768","quality":"hd","response_format":"b64_json","steps":4,"seed":7}"#;
    let (written, losses) = write(&*asks(asked), Grammar::Together, "flux").expect("written");
    assert_eq!(
        json(&written, 0),
        json!({"model": "flux", "prompt": "a", "n": 4, "width": 1024, "height": 768,
            "response_format": "base64", "steps": 4, "seed": 7})
    );
    assert_eq!(json(&written, 1)["n"], 1);
    assert_eq!(losses, ["quality"]);
    let one = r#"{"id":"x","data":[{"index":0,"b64_json":"AAAA"}]}"#;
    let spoken = answered(written, &[one, one]).expect("an answer");
    let data = json!([{"b64_json": "AAAA"}, {"b64_json": "AAAA"}]);
    assert_eq!(body(&spoken), json!({"created": 1_700_000_000, "data": data}));
    assert_eq!((spoken.usage.images, spoken.source), (2, UsageSource::Counted));
}

#[test]
fn siliconflow_sends_addresses_that_are_fetched() {
    let asked = r#"{"model":"m","prompt":"a","size":"1024x1024","response_format":"b64_json"}"#;
    let (written, _) = write(&*asks(asked), Grammar::SiliconFlow, "Kolors").expect("written");
    let want =
        json!({"model": "Kolors", "prompt": "a", "image_size": "1024x1024", "batch_size": 1});
    assert_eq!(json(&written, 0), want);
    let spoken = answered(written, &[r#"{"images":[{"url":"https://x/1"}],"seed":1}"#]);
    assert_eq!(spoken.expect("an answer").fetch[0].url, "https://x/1");
    let stream = asks(r#"{"model":"m","prompt":"a","stream":true}"#);
    let (code, param) = refused(&*stream, Grammar::SiliconFlow, "Kolors");
    assert_eq!((code.as_str(), param.as_str()), ("capability_not_supported", "stream"));
}

#[test]
fn xai_is_told_a_ratio_and_sent_pictures_in_json() {
    let fields = [("model", "m"), ("prompt", "a"), ("size", "1536x1024"), ("user", "u")];
    let question = read_edit(&given(&form(&fields, &["image"]))).expect("a request");
    let (written, losses) = write(&*question, Grammar::Xai, "grok-imagine").expect("written");
    assert_eq!(
        json(&written, 0),
        json!({"model": "grok-imagine", "prompt": "a", "n": 1, "aspect_ratio": "3:2", "user": "u",
            "image": {"type": "image_url", "url": "data:image/png;base64,<base64 10..50>"}})
    );
    assert_eq!(losses, ["size"]);
    let address = edits(r#"{"model":"m","prompt":"a","images":[{"image_url":"https://x/1"}]}"#);
    let (written, _) = write(&*address, Grammar::Xai, "grok-imagine").expect("written");
    assert_eq!(json(&written, 0)["image"]["url"], "https://x/1");
}
