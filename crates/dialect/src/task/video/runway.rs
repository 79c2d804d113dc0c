//! Runway's tasks (<https://docs.dev.runwayml.com/api/>; shapes as in `runwayml` on PyPI).

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::openai::percent;
use super::request::{Reference, VideoRequest, mime};
use super::{Status, Vendor, VideoState};
use crate::error::Fault;
use crate::task::{Piece, Wire};
use crate::{Losses, Malformed, task};

/// The picture's shape where none was asked for: OpenAI's own default.
const RATIO: &str = "720:1280";

/// Seconds and shape are required there: what was not asked for is what OpenAI makes unasked.
pub(super) fn write(
    it: &VideoRequest,
    model: &str,
    _losses: &mut Losses,
) -> Result<(Wire, Vec<Cow<'static, str>>), Malformed> {
    let ratio = it.size.map_or(RATIO.to_owned(), |(width, height)| format!("{width}:{height}"));
    let seconds = it.seconds.unwrap_or(Vendor::Runway.default_seconds());
    let body = json!({
        "model": model, "promptText": it.prompt, "ratio": ratio, "duration": seconds,
    });
    let suffix = if it.reference.is_some() { "/image_to_video" } else { "/text_to_video" };
    let text = body.to_string();
    let open = text.strip_suffix('}').unwrap_or(&text);
    let bytes = |text: String| Piece::Bytes(Bytes::from(text));
    let pieces = match &it.reference {
        None => vec![bytes(text)],
        Some(Reference::Url(url)) => {
            vec![bytes(format!("{open},\"promptImage\":{}}}", Value::from(url.as_str())))]
        }
        Some(Reference::Data(mime, base64)) => {
            let url = Value::from(format!("data:{mime};base64,{base64}"));
            vec![bytes(format!("{open},\"promptImage\":{url}}}"))]
        }
        Some(Reference::File(file)) => vec![
            bytes(format!("{open},\"promptImage\":\"data:{};base64,", mime(file))),
            Piece::Base64(file.at.clone()),
            bytes("\"}".to_owned()),
        ],
        Some(Reference::Id(_)) => {
            let message = "this provider does not know that file: send the picture itself";
            return Err(Malformed::unsupported("input_reference", message));
        }
    };
    Ok((Wire::new("application/json", pieces).at(suffix), Vec::new()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Task {
    #[serde(default)]
    id: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    progress: Option<f64>,
    #[serde(default)]
    failure: Option<String>,
    #[serde(default)]
    failure_code: Option<String>,
    #[serde(default)]
    output: Vec<String>,
}

/// Reads a task. One that was just made says its id alone.
pub(super) fn read(body: &[u8]) -> Result<VideoState, Fault> {
    let task: Task = serde_json::from_slice(body)
        .map_err(|_| Fault::unreadable("the provider's answer is no task"))?;
    if task.id.is_empty() {
        return Err(match task::error::read(body) {
            Some((code, message)) => Fault::reported(code, message),
            None => Fault::unreadable("the provider's answer is no task"),
        });
    }
    let status = match task.status.as_deref() {
        None | Some("PENDING" | "THROTTLED") => Status::Queued,
        Some("SUCCEEDED") => Status::Completed,
        Some("FAILED") => Status::Failed,
        Some("CANCELLED") => Status::Cancelled,
        Some(_) => Status::Running,
    };
    let mut state = VideoState {
        id: task.id,
        status,
        progress: task.progress.map(|it| percent(it * 100.0)),
        ..VideoState::default()
    };
    if status == Status::Completed {
        state.content = task.output.into_iter().next();
        if state.content.is_none() {
            return Err(Fault::unreadable("the provider's task succeeded without a video"));
        }
    }
    if status == Status::Failed {
        let message = task.failure.unwrap_or_else(|| "the provider gave no reason".to_owned());
        let code = task.failure_code.unwrap_or_else(|| "video_failed".to_owned());
        state.error = Some((code, message));
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use wayleave_model::target::ModelFacts;

    use super::*;
    use crate::chat::Head;
    use crate::task::video::read_openai;
    use crate::task::{Body, Callee, FormFile, Given, Grammar};

    fn rendered(body: &Body) -> (String, String) {
        let given = Given { head: Head { model: None, stream: None, list: false }, body };
        let it = read_openai(&given).expect("a request");
        let to = Callee { grammar: Grammar::Runway, model: "gen4.5", facts: &ModelFacts::UNKNOWN };
        let (wire, _) = it.write(&to, "seed", &mut Losses::default()).expect("a wire");
        let text = wire.body.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => format!("<{other:?}>"),
        });
        (wire.suffix.clone(), text.collect())
    }

    #[test]
    fn seconds_and_ratio_are_always_said() {
        let body = Body::Json(Bytes::from_static(br#"{"model":"m","prompt":"p"}"#));
        let (suffix, text) = rendered(&body);
        assert_eq!(suffix, "/text_to_video");
        assert_eq!(text, r#"{"duration":4,"model":"gen4.5","promptText":"p","ratio":"720:1280"}"#);
        let body = Body::Json(Bytes::from_static(
            br#"{"model":"m","prompt":"p","seconds":8,"size":"1280x720","input_reference":"https://x.test/a.png"}"#,
        ));
        let (suffix, text) = rendered(&body);
        assert_eq!(suffix, "/image_to_video");
        assert_eq!(
            text,
            r#"{"duration":8,"model":"gen4.5","promptText":"p","ratio":"1280:720","promptImage":"https://x.test/a.png"}"#
        );
    }

    #[test]
    fn a_file_goes_as_a_data_address() {
        let file = FormFile {
            field: "input_reference".into(),
            filename: None,
            content_type: None,
            head: Bytes::from_static(b"\x89PNG"),
            at: 0..4,
        };
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let fields = vec![field("model", "m"), field("prompt", "p")];
        let (_, text) = rendered(&Body::Form { fields, files: vec![file] });
        assert!(
            text.ends_with(r#","promptImage":"data:image/png;base64,<Base64(0..4)>"}"#),
            "{text}"
        );
    }

    #[test]
    fn tasks_are_read_in_every_state() {
        let at = |text: &str| read(text.as_bytes()).expect("a task");
        assert_eq!(at(r#"{"id":"t","estimatedCost":{"credits":5}}"#).status, Status::Queued);
        let running = at(r#"{"id":"t","status":"RUNNING","progress":0.5,"createdAt":"x"}"#);
        assert_eq!((running.status, running.progress), (Status::Running, Some(50)));
        let done = at(r#"{"id":"t","status":"SUCCEEDED","output":["https://c.test/v.mp4?sig=1"]}"#);
        assert_eq!(done.content.as_deref(), Some("https://c.test/v.mp4?sig=1"));
        let failed = at(r#"{"id":"t","status":"FAILED","failure":"no","failureCode":"SAFETY.X"}"#);
        assert_eq!(failed.error, Some(("SAFETY.X".into(), "no".into())));
        assert_eq!(at(r#"{"id":"t","status":"CANCELLED"}"#).status, Status::Cancelled);
        assert!(read(br#"{"id":"t","status":"SUCCEEDED","output":[]}"#).is_err());
        assert!(read(br#"{"error":"no such task"}"#).is_err());
    }
}
