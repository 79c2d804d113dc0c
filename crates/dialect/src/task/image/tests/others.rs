//! Stability, and Bedrock.

use serde_json::json;
use wayleave_model::usage::UsageSource;

use super::*;

fn part(name: &str, value: &str) -> String {
    format!("name=\"{name}\"\r\n\r\n{value}\r\n")
}

#[test]
fn stability_gets_a_form_for_each_picture() {
    let asked = asks(
        r#"{"model":"m","prompt":"a cat","n":2,"size":"1792x1024","output_format":"webp","seed":7,"quality":"hd"}"#,
    );
    let (written, losses) =
        write(&*asked, Grammar::Stability, "stable-image-core").expect("written");
    assert_eq!(written.wires.len(), 2);
    assert_eq!(written.wires[0].headers[0].1, "application/json");
    assert!(written.wires[0].content_type.starts_with("multipart/form-data; boundary=wayleave"));
    for (at, seed) in ["7", "8"].into_iter().enumerate() {
        let sent = text(&written.wires[at].body);
        for (name, value) in [
            ("prompt", "a cat"),
            ("aspect_ratio", "16:9"),
            ("output_format", "webp"),
            ("seed", seed),
        ] {
            assert!(sent.contains(&part(name, value)), "{name}: {sent}");
        }
        assert!(!sent.contains("\"model\""));
    }
    assert_eq!(losses, ["quality", "size"]);
}

#[test]
fn stable_diffusion_is_named_in_the_form() {
    let asked = asks(r#"{"model":"m","prompt":"a","output_format":"webp"}"#);
    let (written, losses) = write(&*asked, Grammar::Stability, "sd3.5-large").expect("written");
    let sent = text(&written.wires[0].body);
    assert!(sent.contains(&part("model", "sd3.5-large")));
    assert!(sent.contains(&part("mode", "text-to-image")) && !sent.contains("webp"));
    assert_eq!(losses, ["output_format"]);
}

#[test]
fn stability_starts_from_one_picture_where_the_model_can() {
    let fields = [("model", "m"), ("prompt", "a"), ("size", "512x512")];
    let question = read_edit(&given(&form(&fields, &["image"]))).expect("a request");
    let (written, losses) = write(&*question, Grammar::Stability, "sd3.5-large").expect("written");
    let sent = text(&written.wires[0].body);
    assert!(
        sent.contains(&part("mode", "image-to-image")) && sent.contains(&part("strength", "0.65"))
    );
    let file =
        "name=\"image\"; filename=\"image.png\"\r\nContent-Type: image/png\r\n\r\n<10..50>\r\n";
    assert!(sent.contains(file) && !sent.contains("aspect_ratio"), "{sent}");
    assert_eq!(losses, ["size"]);
    let (written, _) = write(&*question, Grammar::Stability, "inpaint").expect("written");
    assert!(!text(&written.wires[0].body).contains("strength"));
    assert_eq!(refused(&*question, Grammar::Stability, "stable-image-core").1, "image");
    let two = read_edit(&given(&form(&fields, &["image", "image"]))).expect("a request");
    assert_eq!(refused(&*two, Grammar::Stability, "sd3.5-large").1, "image");
    // The same out of a data address.
    let data = format!(r#"{{"model":"m","prompt":"a","image":"data:image/png;base64,{PNG}"}}"#);
    let (written, _) = write(&*edits(&data), Grammar::Stability, "inpaint").expect("written");
    assert!(text(&written.wires[0].body).contains("filename=\"image.png\""));
}

#[test]
fn what_stability_made_is_told_as_openai_tells_it() {
    let asked = asks(r#"{"model":"m","prompt":"a"}"#);
    let made = || write(&*asked, Grammar::Stability, "stable-image-core").expect("written").0;
    let told = json!({"image": PNG, "finish_reason": "SUCCESS", "seed": 7}).to_string();
    let spoken = answered(made(), &[&told]).expect("an answer");
    assert_eq!(
        body(&spoken),
        json!({"created": 1_700_000_000, "data": [{"b64_json": PNG}], "output_format": "png", "size": "1024x1536"})
    );
    let usage = spoken.usage;
    assert_eq!((usage.images, usage.total(), spoken.source), (1, 0, UsageSource::Counted));
    assert_eq!(usage.variant.map(|it| it.to_string()).as_deref(), Some("1024x1536"));
    let fault = answered(made(), &[r#"{"image":"AAAA","finish_reason":"CONTENT_FILTERED"}"#]);
    assert_eq!(fault.expect_err("filtered").code.as_deref(), Some("content_filtered"));
    let fault = answered(made(), &[r#"{"name":"bad_request","errors":["no such ratio"]}"#]);
    assert_eq!(fault.expect_err("an error").message, "no such ratio");
}

#[test]
fn bytes_in_place_of_json_are_taken_too() {
    let asked = asks(r#"{"model":"m","prompt":"a"}"#);
    let (written, _) = write(&*asked, Grammar::Stability, "stable-image-core").expect("written");
    let mut reader = whole(written);
    let head = SaidHead { content_type: "image/png".to_owned(), ..SaidHead::default() };
    let bytes =
        Bytes::from_static(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x04\0\0\0\x06\0\x08\x02\0\0\0");
    reader.read(Said { head, body: bytes }).expect("a picture");
    let spoken = reader.end(&context()).expect("an answer");
    assert_eq!(body(&spoken)["data"][0]["b64_json"], PNG);
}

#[test]
fn nova_draws_five_at_a_time() {
    let asked = asks(
        r#"{"model":"m","prompt":"a","n":6,"size":"1280x720","quality":"high","negative_prompt":"dogs","seed":7}"#,
    );
    let (written, losses) =
        write(&*asked, Grammar::Bedrock, "us.amazon.nova-canvas-v1:0").expect("written");
    assert_eq!(
        json(&written, 0),
        json!({
            "taskType": "TEXT_IMAGE",
            "textToImageParams": {"text": "a", "negativeText": "dogs"},
            "imageGenerationConfig": {"numberOfImages": 5, "width": 1280, "height": 720,
                "quality": "premium", "seed": 7},
        })
    );
    assert_eq!(json(&written, 1)["imageGenerationConfig"]["numberOfImages"], 1);
    assert_eq!(losses, ["quality"]);
    let five = json!({"images": [PNG, PNG, PNG, PNG, PNG]}).to_string();
    let spoken = answered(written, &[&five, &json!({"images": [PNG]}).to_string()]);
    assert_eq!(spoken.expect("an answer").usage.images, 6);
}

#[test]
fn nova_varies_pictures() {
    let fields = [("model", "m"), ("prompt", "a")];
    let question = read_edit(&given(&form(&fields, &["image", "image"]))).expect("a request");
    let (written, _) =
        write(&*question, Grammar::Bedrock, "amazon.nova-canvas-v1:0").expect("written");
    assert_eq!(
        json(&written, 0),
        json!({
            "taskType": "IMAGE_VARIATION",
            "imageVariationParams": {"text": "a", "images": ["<base64 10..50>", "<base64 10..50>"]},
            "imageGenerationConfig": {"numberOfImages": 1},
        })
    );
}

#[test]
fn stability_at_amazon_takes_the_fields_as_json() {
    let asked = asks(r#"{"model":"m","prompt":"a","size":"1024x1024","seed":7,"n":2}"#);
    let (written, losses) =
        write(&*asked, Grammar::Bedrock, "stability.stable-image-core-v1:1").expect("written");
    assert_eq!(json(&written, 0), json!({"prompt": "a", "aspect_ratio": "1:1", "seed": 7}));
    assert_eq!(json(&written, 1)["seed"], 8);
    assert!(losses.is_empty());
    let fields = [("model", "m"), ("prompt", "a")];
    let question = read_edit(&given(&form(&fields, &["image"]))).expect("a request");
    let model = "arn:aws:bedrock:us-west-2:1:inference-profile/us.stability.sd3-5-large-v1:0";
    let (written, _) = write(&*question, Grammar::Bedrock, model).expect("written");
    assert_eq!(
        json(&written, 0),
        json!({"prompt": "a", "mode": "image-to-image", "strength": 0.65, "image": "<base64 10..50>"})
    );
    let told = json!({"seeds": [1], "finish_reasons": [null], "images": [PNG]}).to_string();
    assert_eq!(answered(written, &[&told]).expect("an answer").usage.images, 1);
}

#[test]
fn what_bedrock_held_back_says_why() {
    let asked = asks(r#"{"model":"m","prompt":"a"}"#);
    for (told, message) in [
        (
            r#"{"finish_reasons":["Filter reason: prompt"]}"#,
            "no picture was made: Filter reason: prompt",
        ),
        (
            r#"{"images":null,"error":"Blocked by policy"}"#,
            "no picture was made: Blocked by policy",
        ),
        (r#"{"message":"Malformed input"}"#, "Malformed input"),
    ] {
        let (written, _) =
            write(&*asked, Grammar::Bedrock, "amazon.titan-image-generator-v2:0").expect("written");
        assert_eq!(answered(written, &[told]).expect_err(told).message, message);
    }
    let other = refused(&*asked, Grammar::Bedrock, "anthropic.claude");
    assert_eq!(other.1, "model");
}
