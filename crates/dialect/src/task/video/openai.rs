//! OpenAI's Videos, as a provider speaks it
//! (<https://platform.openai.com/docs/api-reference/videos>, and the SDK's `Video`).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use super::request::{Reference, VideoRequest, mime};
use super::{Status, VideoState};
use crate::error::Fault;
use crate::task::{Body, FormWriter, Wire, splice};
use crate::{Malformed, task};

/// The client's own bytes where it speaks the same; else in OpenAI's fields.
pub(super) fn write(
    it: &VideoRequest,
    model: &str,
    seed: &str,
) -> Result<(Wire, Vec<Cow<'static, str>>), Malformed> {
    match &it.own {
        Some(Body::Json(body)) => splice::for_model(body, model),
        Some(Body::Form { fields, files }) => {
            let mut form = FormWriter::new(seed);
            let mut edits = Vec::new();
            for (name, value) in fields {
                let model = (name == "model").then_some(model);
                if model.is_some_and(|model| model != value) {
                    edits.push(Cow::Borrowed("model"));
                }
                form.field(name, model.unwrap_or(value));
            }
            for file in files {
                // The name and the type are the client's word: only what the bytes say travels.
                let name = file.filename.as_deref().unwrap_or("input_reference");
                form.file(&file.field, name, mime(file), file.at.clone());
            }
            let (content_type, pieces) = form.end();
            Ok((Wire::new(content_type, pieces), edits))
        }
        None => written(it, model, seed),
    }
}

fn written(
    it: &VideoRequest,
    model: &str,
    seed: &str,
) -> Result<(Wire, Vec<Cow<'static, str>>), Malformed> {
    if let Some(Reference::File(file)) = &it.reference {
        let mut form = FormWriter::new(seed);
        form.field("model", model);
        form.field("prompt", &it.prompt);
        if let Some(seconds) = it.seconds {
            form.field("seconds", &seconds.to_string());
        }
        if let Some(size) = it.size_text() {
            form.field("size", &size);
        }
        form.file("input_reference", "input_reference", mime(file), file.at.clone());
        let (content_type, pieces) = form.end();
        return Ok((Wire::new(content_type, pieces), Vec::new()));
    }
    let mut body = json!({ "model": model, "prompt": it.prompt });
    let mut set = |name: &str, value: Value| {
        if let Value::Object(fields) = &mut body {
            fields.insert(name.to_owned(), value);
        }
    };
    if let Some(seconds) = it.seconds {
        set("seconds", Value::from(seconds.to_string()));
    }
    if let Some(size) = it.size_text() {
        set("size", Value::from(size));
    }
    if let Some(user) = &it.end_user {
        set("user", Value::from(user.as_str()));
    }
    match &it.reference {
        Some(Reference::Url(url)) => set("input_reference", json!({ "image_url": url })),
        Some(Reference::Data(mime, base64)) => {
            let url = format!("data:{mime};base64,{base64}");
            set("input_reference", json!({ "image_url": url }));
        }
        Some(Reference::Id(id)) => set("input_reference", json!({ "file_id": id })),
        Some(Reference::File(_)) | None => {}
    }
    Ok((Wire::json(vec![super::json(&body)]), Vec::new()))
}

#[derive(Deserialize)]
struct Video {
    #[serde(default)]
    id: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    progress: Option<f64>,
    #[serde(default)]
    seconds: Option<Value>,
    #[serde(default)]
    size: Option<String>,
    #[serde(default)]
    expires_at: Option<f64>,
    #[serde(default)]
    error: Option<Value>,
}

/// Reads a `video`.
pub(super) fn read(body: &[u8]) -> Result<VideoState, Fault> {
    let video: Video = serde_json::from_slice(body)
        .map_err(|_| Fault::unreadable("the provider's answer is no video"))?;
    if video.id.is_empty() {
        return Err(match task::error::read(body) {
            Some((code, message)) => Fault::reported(code, message),
            None => Fault::unreadable("the provider's answer is no video"),
        });
    }
    let status = match video.status.as_deref().unwrap_or("queued") {
        "queued" | "pending" => Status::Queued,
        "completed" | "succeeded" => Status::Completed,
        "failed" | "expired" => Status::Failed,
        "cancelled" | "canceled" => Status::Cancelled,
        _ => Status::Running,
    };
    let error = match video.error {
        Some(Value::Object(error)) => {
            let of = |name: &str| error.get(name).and_then(Value::as_str);
            let message = of("message").unwrap_or("the provider gave no reason").to_owned();
            Some((of("code").unwrap_or("video_failed").to_owned(), message))
        }
        Some(Value::String(message)) => Some(("video_failed".to_owned(), message)),
        _ => None,
    };
    let seconds = match video.seconds {
        Some(Value::String(text)) => text.parse::<f64>().ok(),
        Some(Value::Number(number)) => number.as_f64(),
        _ => None,
    };
    Ok(VideoState {
        id: video.id,
        status,
        progress: video.progress.map(percent),
        seconds: seconds.and_then(seconds_of),
        size: video.size.filter(|it| it.len() <= 32),
        expires_at: video.expires_at.filter(|it| it.is_finite()).map(|it| it as i64),
        error,
        content: None,
    })
}

/// Percent as whole ones.
pub(super) fn percent(said: f64) -> u8 {
    // `as` stops at the ends of the range, and makes nothing of what is no number.
    said.clamp(0.0, 100.0) as u8
}

/// Seconds, begun ones as whole ones.
pub(super) fn seconds_of(said: f64) -> Option<u64> {
    (said.is_finite() && (0.0..=86_400.0).contains(&said)).then(|| said.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wayleave_model::target::ModelFacts;

    use super::*;
    use crate::Losses;
    use crate::chat::Head;
    use crate::task::video::{read_generations, read_openai};
    use crate::task::{Callee, FormFile, Given, Grammar, Piece};

    fn rendered(read_as_family: bool, body: &Body) -> (String, Vec<Cow<'static, str>>, Losses) {
        let given = Given { head: Head { model: None, stream: None, list: false }, body };
        let it = if read_as_family { read_generations(&given) } else { read_openai(&given) };
        let to = Callee { grammar: Grammar::OpenAi, model: "sora-2", facts: &ModelFacts::UNKNOWN };
        let mut losses = Losses::default();
        let it = it.expect("a request");
        let (wire, edits) = it.write(&to, "req_7", &mut losses).expect("a wire");
        let text = wire.body.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => format!("<{other:?}>"),
        });
        (text.collect(), edits, losses)
    }

    #[test]
    fn openais_own_json_passes_with_unknown_fields() {
        let body = Body::Json(Bytes::from_static(br#"{"model":"film","prompt":"p", "new":[1]}"#));
        let (text, edits, losses) = rendered(false, &body);
        assert_eq!(text, r#"{"model":"sora-2","prompt":"p", "new":[1]}"#);
        assert_eq!(edits, ["model"]);
        assert!(losses.is_empty());
    }

    #[test]
    fn openais_own_form_passes_with_its_file_and_another_model() {
        let file = FormFile {
            field: "input_reference".into(),
            filename: Some("a.png".into()),
            content_type: None,
            head: Bytes::from_static(b"\x89PNG"),
            at: 3..9,
        };
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let body = Body::Form {
            fields: vec![field("model", "film"), field("prompt", "p"), field("new", "1")],
            files: vec![file],
        };
        let (text, edits, _) = rendered(false, &body);
        assert!(text.contains("name=\"model\"\r\n\r\nsora-2\r\n"), "{text}");
        assert!(text.contains("name=\"new\"\r\n\r\n1\r\n"), "{text}");
        assert!(text.contains("Content-Type: image/png\r\n\r\n<File(3..9)>\r\n"), "{text}");
        assert_eq!(edits, ["model"]);
    }

    #[test]
    fn the_familys_request_is_written_in_openais_fields() {
        let body = Body::Json(Bytes::from_static(
            br#"{"model":"film","prompt":"p","duration":8,"size":"720x1280","seed":1,
                "image":"https://x.test/a.png","user":"u"}"#,
        ));
        let (text, _, losses) = rendered(true, &body);
        let expected = r#"{"input_reference":{"image_url":"https://x.test/a.png"},"model":"sora-2","prompt":"p","seconds":"8","size":"720x1280","user":"u"}"#;
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(value(&text), value(expected));
        assert_eq!(losses.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), ["seed"]);
    }

    #[test]
    fn a_video_is_read_with_what_it_says() {
        let state = read(
            br#"{"id":"video_1","object":"video","status":"in_progress","progress":33,
                "seconds":"8","size":"1280x720","created_at":1,"expires_at":null,"error":null}"#,
        );
        let state = state.expect("a video");
        assert_eq!((state.status, state.progress), (Status::Running, Some(33)));
        assert_eq!((state.seconds, state.size.as_deref()), (Some(8), Some("1280x720")));
        let failed = read(
            br#"{"id":"v","status":"failed","error":{"code":"moderation_blocked","message":"no"}}"#,
        );
        let failed = failed.expect("a video");
        assert_eq!(failed.error, Some(("moderation_blocked".to_owned(), "no".to_owned())));
        assert!(read(b"<html>").is_err());
        let fault = read(br#"{"error":{"code":"x","message":"broken"}}"#).expect_err("an error");
        assert_eq!((fault.code.as_deref(), fault.message.as_str()), (Some("x"), "broken"));
    }
}
