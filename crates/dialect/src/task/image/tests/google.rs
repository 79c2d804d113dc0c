//! Gemini and Imagen, in AI Studio and in Vertex AI.

use serde_json::json;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::*;

#[test]
fn gemini_draws_one_picture_at_a_time() {
    let asked = r#"{"model":"m","prompt":"a \"cat\"","n":2,"size":"1536x1024","quality":"high","seed":7,"user":"u","style":"vivid"}"#;
    let (written, losses) = write(&*asks(asked), Grammar::Gemini, "gemini-image").expect("written");
    assert_eq!(written.wires.len(), 2);
    assert_eq!(written.wires[0].suffix, ":generateContent");
    assert_eq!(
        json(&written, 0),
        json!({
            "contents": [{"role": "user", "parts": [{"text": "a \"cat\""}]}],
            "generationConfig": {"responseModalities": ["IMAGE"],
                "imageConfig": {"aspectRatio": "3:2"}, "seed": 7},
        })
    );
    assert_eq!(losses, ["user", "style", "quality", "size"]);
    assert_eq!(json(&written, 0), json(&written, 1));
}

#[test]
fn a_square_of_a_thousand_pixels_loses_nothing() {
    let asked = asks(r#"{"model":"m","prompt":"a","size":"2048x2048","background":"auto","n":1}"#);
    let (written, losses) = write(&*asked, Grammar::Gemini, "gemini-image").expect("written");
    let config = &json(&written, 0)["generationConfig"]["imageConfig"];
    assert_eq!(config, &json!({"aspectRatio": "1:1", "imageSize": "2K"}));
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn gemini_starts_from_files_that_are_never_held() {
    let fields = [("model", "m"), ("prompt", "more hats")];
    let question = read_edit(&given(&form(&fields, &["image[]", "image[]"]))).expect("a request");
    let (written, losses) = write(&*question, Grammar::Vertex, "gemini-image").expect("written");
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": "<base64 10..50>"}});
    let parts = json!([picture, picture, {"text": "more hats"}]);
    assert_eq!(json(&written, 0)["contents"][0]["parts"], parts);
    assert!(losses.is_empty());
}

#[test]
fn vertex_is_told_the_format() {
    let asked = asks(
        r#"{"model":"m","prompt":"a","output_format":"jpeg","output_compression":70,"size":"1024x1024"}"#,
    );
    let (written, losses) = write(&*asked, Grammar::Vertex, "gemini-image").expect("written");
    let options = json!({"mimeType": "image/jpeg", "compressionQuality": 70});
    let config = json!({"aspectRatio": "1:1", "imageOutputOptions": options});
    assert_eq!(json(&written, 0)["generationConfig"]["imageConfig"], config);
    assert!(losses.is_empty());
    let (_, losses) = write(&*asked, Grammar::Gemini, "gemini-image").expect("written");
    assert_eq!(losses, ["output_format", "output_compression"]);
}

#[test]
fn what_no_translation_carries_is_refused() {
    for (asked, param) in [
        (r#"{"model":"m","prompt":"a","response_format":"url"}"#, "response_format"),
        (r#"{"model":"m","prompt":"a","output_format":"svg"}"#, "output_format"),
    ] {
        let (code, named) = refused(&*asks(asked), Grammar::Gemini, "gemini-image");
        assert_eq!((code.as_str(), named.as_str()), ("capability_not_supported", param));
    }
    let odd = asks(r#"{"model":"m","prompt":"a","size":"2K"}"#);
    assert_eq!(refused(&*odd, Grammar::Gemini, "g").0, "unsupported_parameter");
    let many = asks(r#"{"model":"m","prompt":"a","n":11}"#);
    assert_eq!(refused(&*many, Grammar::Gemini, "g").1, "n");
    for (asked, param) in [
        (r#"{"model":"m","prompt":"a","images":[{"image_url":"https://x/1"}]}"#, "image"),
        (r#"{"model":"m","prompt":"a","images":[{"file_id":"file_1"}]}"#, "image"),
    ] {
        assert_eq!(refused(&*edits(asked), Grammar::Gemini, "g").1, param);
    }
    let fields = [("model", "m"), ("prompt", "a")];
    let masked = read_edit(&given(&form(&fields, &["image", "mask"]))).expect("a request");
    assert_eq!(refused(&*masked, Grammar::Gemini, "g").1, "mask");
}

#[test]
fn what_gemini_drew_is_told_as_openai_tells_it() {
    let answer = |tokens: u64| {
        json!({
            "candidates": [{"content": {"role": "model", "parts": [
                {"text": "thinking", "thought": true},
                {"text": "Here it is:"},
                {"inlineData": {"mimeType": "image/png", "data": PNG}}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 20, "candidatesTokenCount": tokens,
                "thoughtsTokenCount": 30,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 8}, {"modality": "IMAGE", "tokenCount": 12}],
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}]},
        })
        .to_string()
    };
    let asked = asks(r#"{"model":"m","prompt":"a","n":2}"#);
    let (written, _) = write(&*asked, Grammar::Gemini, "gemini-image").expect("written");
    let spoken = answered(written, &[&answer(1295), &answer(1290)]).expect("an answer");
    let usage = Usage {
        input: 40,
        image_input: 24,
        output: 2 * 30 + 1295 + 1290,
        reasoning: 60,
        image_output: 2 * 1290,
        images: 2,
        variant: Some("1024x1536".parse().expect("a variant")),
        ..Usage::default()
    };
    assert_eq!((spoken.usage, spoken.source), (usage, UsageSource::Provider));
    assert_eq!(spoken.losses, ["answer.thoughts", "answer.text"]);
    assert_eq!(
        body(&spoken),
        json!({
            "created": 1_700_000_000, "data": [{"b64_json": PNG}, {"b64_json": PNG}],
            "output_format": "png", "size": "1024x1536",
            "usage": {"input_tokens": 40, "output_tokens": 2645, "total_tokens": 2685,
                "input_tokens_details": {"image_tokens": 24, "text_tokens": 16},
                "output_tokens_details": {"image_tokens": 2580, "text_tokens": 65}},
        })
    );
}

#[test]
fn what_gemini_would_not_draw_says_why() {
    let asked = asks(r#"{"model":"m","prompt":"a"}"#);
    for (told, code) in [
        (r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}}"#, Some("PROHIBITED_CONTENT")),
        (r#"{"candidates":[{"finishReason":"IMAGE_SAFETY"}]}"#, Some("IMAGE_SAFETY")),
        (r#"{"candidates":[{"content":{"parts":[{"text":"no"}]}}]}"#, Some("NO_IMAGE")),
        (r#"{"candidates":[]}"#, None),
    ] {
        let (written, _) = write(&*asked, Grammar::Gemini, "gemini-image").expect("written");
        assert_eq!(answered(written, &[told]).expect_err(told).code.as_deref(), code);
    }
}

#[test]
fn imagen_draws_four_at_a_time() {
    let asked = asks(
        r#"{"model":"m","prompt":"a","n":6,"size":"1792x1024","seed":7,"negative_prompt":"dogs"}"#,
    );
    let (written, losses) = write(&*asked, Grammar::Vertex, "imagen-4.0").expect("written");
    assert_eq!(written.wires[0].suffix, ":predict");
    assert_eq!(
        json(&written, 0),
        json!({
            "instances": [{"prompt": "a"}],
            "parameters": {"sampleCount": 4, "aspectRatio": "16:9", "sampleImageSize": "2K",
                "seed": 7, "addWatermark": false, "negativePrompt": "dogs"},
        })
    );
    assert_eq!(json(&written, 1)["parameters"]["sampleCount"], 2);
    assert_eq!(losses, ["size"]);
    let (written, losses) = write(&*asked, Grammar::Gemini, "imagen-4.0").expect("written");
    let parameters = json!({"sampleCount": 4, "aspectRatio": "16:9", "sampleImageSize": "2K"});
    assert_eq!(json(&written, 0)["parameters"], parameters);
    assert_eq!(losses, ["size", "seed", "negative_prompt"]);
}

#[test]
fn imagen_changes_pictures_in_vertex_only() {
    let fields = [("model", "m"), ("prompt", "a")];
    let question = read_edit(&given(&form(&fields, &["image"]))).expect("a request");
    let (written, _) =
        write(&*question, Grammar::Vertex, "imagen-3.0-capability").expect("written");
    let reference = json!({"referenceType": "REFERENCE_TYPE_RAW", "referenceId": 1,
        "referenceImage": {"bytesBase64Encoded": "<base64 10..50>"}});
    let want = json!([{"prompt": "a", "referenceImages": [reference]}]);
    assert_eq!(json(&written, 0)["instances"], want);
    assert_eq!(refused(&*question, Grammar::Gemini, "imagen-4.0").1, "image");
}

#[test]
fn what_imagen_held_back_is_told() {
    let asked = asks(r#"{"model":"m","prompt":"a","n":2}"#);
    let made = || write(&*asked, Grammar::Vertex, "imagen-4.0").expect("written").0;
    let one = json!({"predictions": [
        {"mimeType": "image/png", "bytesBase64Encoded": PNG, "prompt": "a better cat"},
        {"raiFilteredReason": "unsafe"}]});
    let spoken = answered(made(), &[&one.to_string()]).expect("an answer");
    assert_eq!(spoken.losses, ["answer.filtered_images"]);
    assert_eq!((spoken.usage.images, spoken.source), (1, UsageSource::Counted));
    assert_eq!(body(&spoken)["data"], json!([{"b64_json": PNG, "revised_prompt": "a better cat"}]));
    assert_eq!(body(&spoken).get("usage"), None);
    let none = r#"{"predictions":[{"raiFilteredReason":"unsafe"}]}"#;
    let fault = answered(made(), &[none]).expect_err("held back");
    assert_eq!(
        (fault.code.as_deref(), fault.message.as_str()),
        (Some("content_filtered"), "unsafe")
    );
    assert_eq!(
        answered(made(), &["{}"]).expect_err("nothing").code.as_deref(),
        Some("content_filtered")
    );
}
