//! Google's Veo, in AI Studio and in Vertex AI: long-running operations.
//!
//! <https://ai.google.dev/gemini-api/docs/video>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/veo-video-generation>; the
//! shapes of answers are also in `google-genai` (`_operations_converters`).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::openai::percent;
use super::request::{Reference, VideoRequest, mime};
use super::{Status, VideoState};
use crate::error::Fault;
use crate::task::wire::encoded;
use crate::task::{Piece, Wire};
use crate::{Losses, Malformed, Severity, task};

/// Stands in the JSON where the picture's bytes go.
const PICTURE: &str = "\u{1}picture\u{1}";

/// `model`: the name, where it stands in the path that goes on from the operation's.
pub(super) fn write(
    it: &VideoRequest,
    model: Option<&str>,
    losses: &mut Losses,
) -> Result<(Wire, Vec<Cow<'static, str>>), Malformed> {
    let mut instance = json!({ "prompt": it.prompt });
    let mut file = None;
    let image = match &it.reference {
        None => None,
        Some(Reference::Data(mime, base64)) => Some((mime.as_str(), base64.as_str())),
        Some(Reference::File(picture)) => {
            file = Some(picture.at.clone());
            Some((mime(picture), PICTURE))
        }
        Some(Reference::Url(_)) => {
            let message = "this provider takes a picture's bytes, not its address";
            return Err(Malformed::incapable("input_reference", message));
        }
        Some(Reference::Id(_)) => {
            let message = "this provider does not know that file: send the picture itself";
            return Err(Malformed::unsupported("input_reference", message));
        }
    };
    if let Some((mime, base64)) = image {
        instance["image"] = json!({ "bytesBase64Encoded": base64, "mimeType": mime });
    }
    let mut parameters = Map::new();
    if let Some(seconds) = it.seconds {
        parameters.insert("durationSeconds".to_owned(), seconds.into());
    }
    if let Some(size) = it.size {
        let (ratio, resolution, exact) = shape(size);
        parameters.insert("aspectRatio".to_owned(), ratio.into());
        parameters.insert("resolution".to_owned(), resolution.into());
        if !exact {
            losses.note("size", "made as 16:9 or 9:16 at 720p, 1080p or 4k", Severity::Meaning);
        }
    }
    // AI Studio makes one and knows no such field.
    if model.is_none() {
        parameters.insert("sampleCount".to_owned(), 1.into());
    }
    let mut body = json!({ "instances": [instance] });
    if !parameters.is_empty() {
        body["parameters"] = Value::Object(parameters);
    }
    let wire = Wire::new("application/json", pieces(&body.to_string(), file));
    let model = model.map(|it| it.strip_prefix("models/").unwrap_or(it));
    let suffix = match model {
        Some(model) => format!("/models/{}:predictLongRunning", encoded(model)),
        None => ":predictLongRunning".to_owned(),
    };
    Ok((wire.at(suffix), Vec::new()))
}

/// The body with the file's bytes in its place.
fn pieces(text: &str, file: Option<std::ops::Range<u64>>) -> Vec<Piece> {
    let whole = |text: &str| Piece::Bytes(bytes::Bytes::from(text.to_owned()));
    // A control character is escaped in JSON: nothing that a client said looks like it, since what
    // it says is escaped once more.
    let mark = Value::from(PICTURE).to_string();
    match (file, text.split_once(&mark)) {
        (Some(at), Some((before, after))) => {
            vec![whole(&format!("{before}\"")), Piece::Base64(at), whole(&format!("\"{after}"))]
        }
        _ => vec![whole(text)],
    }
}

/// Ratio and resolution of a size, and whether that is exactly it.
fn shape((width, height): (u16, u16)) -> (&'static str, &'static str, bool) {
    let (long, short) = (width.max(height), width.min(height));
    let ratio = if width >= height { "16:9" } else { "9:16" };
    let resolution = match short {
        0..=720 => "720p",
        721..=1080 => "1080p",
        _ => "4k",
    };
    (ratio, resolution, matches!((long, short), (1280, 720) | (1920, 1080) | (3840, 2160)))
}

/// Vertex AI's way to ask for an operation's state, and for its bytes.
pub(super) fn fetch(name: &str) -> Wire {
    let body = json!({ "operationName": name });
    Wire::json(vec![super::json(&body)]).at(":fetchPredictOperation")
}

#[derive(Deserialize)]
struct Operation {
    #[serde(default)]
    name: String,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    error: Option<Status1>,
    #[serde(default)]
    response: Option<Response>,
}

#[derive(Deserialize)]
struct Status1 {
    #[serde(default)]
    code: Option<i64>,
    #[serde(default)]
    message: String,
}

/// AI Studio's stands one level deeper than Vertex AI's.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Response {
    generate_video_response: Option<Made>,
    #[serde(flatten)]
    own: Made,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Made {
    generated_samples: Vec<Sample>,
    videos: Vec<Film>,
    rai_media_filtered_reasons: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Sample {
    video: Film,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Film {
    uri: Option<String>,
    gcs_uri: Option<String>,
}

/// Reads an operation. The bytes of a film need not be in it: see [`super::Inline`].
pub(super) fn read(body: &[u8]) -> Result<VideoState, Fault> {
    let operation: Operation = serde_json::from_slice(body)
        .map_err(|_| Fault::unreadable("the provider's answer is no operation"))?;
    if operation.name.is_empty() {
        return Err(match task::error::read(body) {
            Some((code, message)) => Fault::reported(code, message),
            None => Fault::unreadable("the provider's answer is no operation"),
        });
    }
    let progress = operation.metadata.get("progressPercent").and_then(Value::as_f64).map(percent);
    let mut state = VideoState { id: operation.name, progress, ..VideoState::default() };
    if let Some(error) = operation.error {
        let code = error.code.map_or("video_failed".to_owned(), |code| format!("google_{code}"));
        (state.status, state.error) = (Status::Failed, Some((code, error.message)));
        return Ok(state);
    }
    if !operation.done {
        state.status = Status::Running;
        return Ok(state);
    }
    let response = operation.response.unwrap_or_default();
    let made = response.generate_video_response.unwrap_or(response.own);
    let samples = made.generated_samples.into_iter().map(|it| it.video);
    match samples.chain(made.videos).next() {
        Some(film) => {
            state.status = Status::Completed;
            state.progress = Some(100);
            state.content = film.uri.or(film.gcs_uri);
        }
        None => {
            let why = made.rai_media_filtered_reasons.join("; ");
            let message = if why.is_empty() {
                "the provider made no video and gave no reason".to_owned()
            } else {
                why
            };
            state.status = Status::Failed;
            state.error = Some(("content_filtered".to_owned(), message));
        }
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wayleave_model::target::ModelFacts;

    use super::*;
    use crate::chat::Head;
    use crate::task::video::read_openai;
    use crate::task::{Body, Callee, FormFile, Given, Grammar};

    fn rendered(grammar: Grammar, body: &Body) -> Result<(String, String, Vec<String>), Malformed> {
        let given = Given { head: Head { model: None, stream: None, list: false }, body };
        let it = read_openai(&given)?;
        let to = Callee { grammar, model: "veo-3.1", facts: &ModelFacts::UNKNOWN };
        let mut losses = Losses::default();
        let (wire, _) = it.write(&to, "seed", &mut losses)?;
        let text = wire.body.iter().map(|piece| match piece {
            Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => format!("<{other:?}>"),
        });
        let lost = losses.iter().map(|it| it.path.clone()).collect();
        Ok((wire.suffix.clone(), text.collect(), lost))
    }

    fn json(text: &'static str) -> Body {
        Body::Json(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn a_request_becomes_an_instance_and_its_parameters() {
        let body = json(
            r#"{"model":"film","prompt":"p","seconds":"8","size":"720x1280","user":"u","x":1}"#,
        );
        let (suffix, text, lost) = rendered(Grammar::Gemini, &body).expect("a wire");
        assert_eq!(suffix, "/models/veo-3.1:predictLongRunning");
        assert_eq!(
            text,
            r#"{"instances":[{"prompt":"p"}],"parameters":{"aspectRatio":"9:16","durationSeconds":8,"resolution":"720p"}}"#
        );
        assert_eq!(lost, ["x", "user"]);
        let body = json(r#"{"model":"film","prompt":"p","size":"1792x1024"}"#);
        let (suffix, text, lost) = rendered(Grammar::Vertex, &body).expect("a wire");
        assert_eq!(suffix, ":predictLongRunning");
        assert_eq!(
            text,
            r#"{"instances":[{"prompt":"p"}],"parameters":{"aspectRatio":"16:9","resolution":"1080p","sampleCount":1}}"#
        );
        assert_eq!(lost, ["size"]);
    }

    #[test]
    fn a_picture_goes_as_base64_and_an_address_does_not_go() {
        let body = json(
            r#"{"model":"m","prompt":"p","input_reference":{"image_url":"data:image/png;base64,iVBORw0KGgo="}}"#,
        );
        let (_, text, _) = rendered(Grammar::Gemini, &body).expect("a wire");
        assert_eq!(
            text,
            r#"{"instances":[{"image":{"bytesBase64Encoded":"iVBORw0KGgo=","mimeType":"image/png"},"prompt":"p"}]}"#
        );
        let file = FormFile {
            field: "input_reference".into(),
            filename: None,
            content_type: None,
            head: Bytes::from_static(b"\xff\xd8\xff"),
            at: 3..9,
        };
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let body = Body::Form {
            fields: vec![field("model", "m"), field("prompt", "\u{1}picture\u{1}")],
            files: vec![file],
        };
        let (_, text, _) = rendered(Grammar::Gemini, &body).expect("a wire");
        assert_eq!(
            text,
            r#"{"instances":[{"image":{"bytesBase64Encoded":"<Base64(3..9)>","mimeType":"image/jpeg"},"prompt":"\u0001picture\u0001"}]}"#
        );
        for (text, code) in [
            (
                r#"{"model":"m","prompt":"p","input_reference":"https://x.test/a.png"}"#,
                "capability_not_supported",
            ),
            (
                r#"{"model":"m","prompt":"p","input_reference":{"file_id":"f"}}"#,
                "unsupported_parameter",
            ),
        ] {
            let error = rendered(Grammar::Gemini, &json(text)).expect_err("no picture");
            assert_eq!((error.param.as_deref(), error.code), (Some("input_reference"), Some(code)));
        }
    }

    #[test]
    fn operations_are_read_from_both_places() {
        let at = |text: &str| read(text.as_bytes()).expect("an operation");
        let running = at(r#"{"name":"models/veo/operations/1","metadata":{"progressPercent":40}}"#);
        assert_eq!((running.status, running.progress), (Status::Running, Some(40)));
        let done = at(
            r#"{"name":"o","done":true,"response":{"@type":"t","generateVideoResponse":{"generatedSamples":[{"video":{"uri":"https://g.test/v1beta/files/1:download?alt=media"}}]}}}"#,
        );
        assert_eq!(done.status, Status::Completed);
        assert_eq!(
            done.content.as_deref(),
            Some("https://g.test/v1beta/files/1:download?alt=media")
        );
        let inline = at(
            r#"{"name":"o","done":true,"response":{"raiMediaFilteredCount":0,"videos":[{"bytesBase64Encoded":"","mimeType":"video/mp4"}]}}"#,
        );
        assert_eq!((inline.status, inline.content), (Status::Completed, None));
        let filtered = at(
            r#"{"name":"o","done":true,"response":{"generateVideoResponse":{"raiMediaFilteredCount":1,"raiMediaFilteredReasons":["no people"]}}}"#,
        );
        assert_eq!(filtered.error, Some(("content_filtered".into(), "no people".into())));
        let failed = at(r#"{"name":"o","done":true,"error":{"code":3,"message":"bad"}}"#);
        assert_eq!(failed.error, Some(("google_3".into(), "bad".into())));
        assert_eq!(at(r#"{"name":"o","done":true}"#).status, Status::Failed);
        assert!(read(br#"{"error":{"code":404,"message":"m"}}"#).is_err());
    }
}
