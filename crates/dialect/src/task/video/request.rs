//! What clients ask: OpenAI's `/v1/videos` and the one-api family's `/v1/video/generations`.
//!
//! OpenAI: <https://platform.openai.com/docs/api-reference/videos/create> (and the SDK's
//! `VideoCreateParams`); the family:
//! <https://docs.newapi.pro/en/docs/api/ai-model/videos/create-video-generation>.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::{Map, Value};
use wayleave_model::record::Asked;

use super::{Vendor, openai, runway, veo};
use crate::task::{Body, Callee, FormFile, Given, Wire};
use crate::{Losses, Malformed, Severity};

/// A video that is asked for.
#[derive(Clone, Debug)]
pub struct VideoRequest {
    /// The public name asked for.
    pub model: String,
    /// What it shall show.
    pub prompt: String,
    /// How long; `None`: as the provider does unasked.
    pub seconds: Option<u64>,
    /// Width and height; `None`: as the provider does unasked.
    pub size: Option<(u16, u16)>,
    /// The picture it begins with.
    pub reference: Option<Reference>,
    /// The client's name for its end user.
    pub end_user: Option<String>,
    /// Fields without a word here: lost where the grammar is another.
    pub(super) rest: Vec<String>,
    /// What the client itself sent, where it speaks OpenAI's.
    pub(super) own: Option<Body>,
    bytes: u64,
}

/// A picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A file of the form.
    File(FormFile),
    /// It stands at an address.
    Url(String),
    /// Its type and its bytes in base64.
    Data(String, String),
    /// The provider has it under this id.
    Id(String),
}

/// Another video from a finished one.
#[derive(Clone, Debug)]
pub struct Remix {
    /// What shall be otherwise.
    pub prompt: String,
    /// The client's own bytes.
    pub body: Bytes,
}

/// Reads a request as OpenAI's clients send it, as JSON or as a form.
///
/// # Errors
/// What is missing or of the wrong type.
pub fn read_openai(given: &Given<'_>) -> Result<VideoRequest, Malformed> {
    let (mut fields, bytes) = fields(given)?;
    let mut it = VideoRequest::begun(&mut fields, bytes)?;
    it.seconds = whole(&mut fields, "seconds")?;
    it.size = size(&mut fields)?;
    it.reference = match fields.remove("input_reference") {
        None | Some(Value::Null) => None,
        Some(value) => Some(reference("input_reference", value)?),
    };
    if let Body::Form { files, .. } = given.body {
        for file in files {
            match file.field.as_str() {
                "input_reference" if it.reference.is_none() => it.reference = Some(picture(file)?),
                name => it.rest.push(name.to_owned()),
            }
        }
    }
    it.rest.extend(fields.keys().cloned());
    it.own = Some(given.body.clone());
    Ok(it)
}

/// Reads a request as the one-api family's clients send it.
///
/// # Errors
/// What is missing or of the wrong type; more than one video.
pub fn read_generations(given: &Given<'_>) -> Result<VideoRequest, Malformed> {
    let (mut fields, bytes) = fields(given)?;
    let mut it = VideoRequest::begun(&mut fields, bytes)?;
    it.seconds = match whole(&mut fields, "duration")? {
        Some(seconds) => Some(seconds),
        None => whole(&mut fields, "seconds")?,
    };
    let (width, height) = (whole(&mut fields, "width")?, whole(&mut fields, "height")?);
    it.size = match (width, height) {
        (Some(width), Some(height)) => Some(pixels("width", width, height)?),
        _ => size(&mut fields)?,
    };
    it.reference = match fields.remove("image") {
        None | Some(Value::Null) => None,
        Some(value) => Some(reference("image", value)?),
    };
    if whole(&mut fields, "n")?.is_some_and(|n| n > 1) {
        return Err(Malformed::unsupported(
            "n",
            "one video is made per request: ask once for each",
        ));
    }
    it.rest.extend(fields.keys().cloned());
    if let Body::Form { files, .. } = given.body {
        it.rest.extend(files.iter().map(|file| file.field.clone()));
    }
    Ok(it)
}

/// Reads a request for another video from a finished one.
///
/// # Errors
/// What is missing or of the wrong type.
pub fn read_remix(given: &Given<'_>) -> Result<Remix, Malformed> {
    let (mut fields, _) = fields(given)?;
    let prompt = text(&mut fields, "prompt")?.unwrap_or_default();
    if prompt.trim().is_empty() {
        return Err(Malformed::at("prompt", "`prompt` is missing: say what shall be otherwise"));
    }
    let body = match given.body {
        Body::Json(body) => body.clone(),
        Body::Form { .. } => super::json(&serde_json::json!({ "prompt": prompt })),
    };
    Ok(Remix { prompt, body })
}

impl VideoRequest {
    fn begun(fields: &mut Map<String, Value>, bytes: u64) -> Result<VideoRequest, Malformed> {
        let model = text(fields, "model")?.unwrap_or_default();
        if model.is_empty() {
            return Err(Malformed::at("model", "`model` is missing"));
        }
        let prompt = text(fields, "prompt")?.unwrap_or_default();
        if prompt.trim().is_empty() {
            return Err(Malformed::at("prompt", "`prompt` is missing: say what shall be seen"));
        }
        Ok(VideoRequest {
            model,
            prompt,
            seconds: None,
            size: None,
            reference: None,
            end_user: text(fields, "user")?,
            rest: Vec::new(),
            own: None,
            bytes,
        })
    }

    /// Figures and flags for the usage row.
    pub fn asked(&self) -> Asked {
        Asked {
            bytes: self.bytes,
            estimated_input: (self.prompt.len() as u64).div_ceil(4),
            vision: self.reference.is_some(),
            ..Asked::default()
        }
    }

    /// The address whose bytes a provider of this grammar must be given instead; `None`: nothing
    /// has to be fetched.
    pub fn to_fetch(&self, vendor: Vendor) -> Option<&str> {
        match (&self.reference, vendor) {
            (Some(Reference::Url(url)), Vendor::Gemini | Vendor::Vertex) => Some(url),
            _ => None,
        }
    }

    /// The same with a picture's bytes in place of its address.
    #[must_use]
    pub fn with_picture(&self, mime: &str, base64: String) -> VideoRequest {
        let reference = Some(Reference::Data(mime.to_owned(), base64));
        VideoRequest { reference, ..self.clone() }
    }

    /// Width and height as they are written.
    pub fn size_text(&self) -> Option<String> {
        self.size.map(|(width, height)| format!("{width}x{height}"))
    }

    /// Renders it for one target: the request, and the named changes to the client's own bytes.
    /// `seed` makes a form's boundary: something that its sender could not know.
    ///
    /// # Errors
    /// What the target cannot be asked: another may be able to.
    pub fn write(
        &self,
        to: &Callee<'_>,
        seed: &str,
        losses: &mut Losses,
    ) -> Result<(Wire, Vec<Cow<'static, str>>), Malformed> {
        let Some(vendor) = Vendor::of(to.grammar) else {
            return Err(Malformed::incapable("model", "no videos are asked for in this grammar"));
        };
        if vendor != Vendor::OpenAi || self.own.is_none() {
            for name in &self.rest {
                losses.note(name.clone(), "the provider has no such field", Severity::Meaning);
            }
            if self.end_user.is_some() && vendor != Vendor::OpenAi {
                losses.note("user", "the provider has no such field", Severity::Hint);
            }
        }
        match vendor {
            Vendor::OpenAi => openai::write(self, to.model, seed),
            Vendor::Gemini => veo::write(self, Some(to.model), losses),
            Vendor::Vertex => veo::write(self, None, losses),
            Vendor::Runway => runway::write(self, to.model, losses),
        }
    }
}

/// The fields of JSON or of a form, and how many bytes were sent.
fn fields(given: &Given<'_>) -> Result<(Map<String, Value>, u64), Malformed> {
    match given.body {
        Body::Json(body) => {
            // Reads the grammar strictly: no key twice, in any spelling.
            crate::raw::RawObject::read(body)?;
            let fields = serde_json::from_slice(body)
                .map_err(|err| Malformed::new(format!("the body is no JSON object: {err}")))?;
            Ok((fields, body.len() as u64))
        }
        Body::Form { fields, files } => {
            let mut out = Map::new();
            let mut bytes = files.iter().map(FormFile::len).sum::<u64>();
            for (name, value) in fields {
                bytes += value.len() as u64;
                if let Some((outer, inner)) =
                    name.strip_suffix(']').and_then(|name| name.split_once('['))
                {
                    // `input_reference[image_url]`, as OpenAI's SDKs write what is nested.
                    let nested = out.entry(outer).or_insert_with(|| Value::Object(Map::new()));
                    if let Value::Object(nested) = nested {
                        nested.insert(inner.to_owned(), Value::from(value.as_str()));
                    }
                    continue;
                }
                if out.insert(name.clone(), Value::from(value.as_str())).is_some() {
                    return Err(Malformed::at(name.clone(), format!("`{name}` stands twice")));
                }
            }
            Ok((out, bytes))
        }
    }
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Malformed> {
    match fields.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Malformed::at(name, format!("`{name}` must be a string"))),
    }
}

/// A whole number, also as text or with a fraction of nothing.
fn whole(fields: &mut Map<String, Value>, name: &str) -> Result<Option<u64>, Malformed> {
    let wrong = || Malformed::at(name, format!("`{name}` must be a whole number"));
    let number = match fields.remove(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().map_err(|_| wrong())?,
        Some(Value::Number(number)) => match (number.as_u64(), number.as_f64()) {
            (Some(number), _) => number,
            (None, Some(number)) if number >= 0.0 && number.fract() == 0.0 && number < 1e9 => {
                format!("{number:.0}").parse().map_err(|_| wrong())?
            }
            _ => return Err(wrong()),
        },
        Some(_) => return Err(wrong()),
    };
    if number > 3_600 && matches!(name, "seconds" | "duration") {
        return Err(Malformed::at(name, format!("`{name}` is more than an hour")));
    }
    Ok(Some(number))
}

fn size(fields: &mut Map<String, Value>) -> Result<Option<(u16, u16)>, Malformed> {
    let Some(text) = text(fields, "size")?.filter(|it| !it.is_empty() && it != "auto") else {
        return Ok(None);
    };
    let wrong = || Malformed::at("size", "`size` must be like 1280x720");
    let (width, height) = text.split_once(['x', '*', ':']).ok_or_else(wrong)?;
    let figure = |it: &str| it.trim().parse::<u64>().map_err(|_| wrong());
    pixels("size", figure(width)?, figure(height)?).map(Some)
}

fn pixels(name: &str, width: u64, height: u64) -> Result<(u16, u16), Malformed> {
    match (u16::try_from(width), u16::try_from(height)) {
        (Ok(width @ 1..), Ok(height @ 1..)) => Ok((width, height)),
        _ => Err(Malformed::at(name, "width and height must be 1 to 65535 pixels")),
    }
}

/// An address, a data address, bare base64, or OpenAI's object of one of them or of a file's id.
fn reference(name: &str, value: Value) -> Result<Reference, Malformed> {
    let text = match value {
        Value::String(text) => text,
        Value::Object(object) => {
            let of = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
            match (of("image_url").or_else(|| of("url")), of("file_id")) {
                (Some(url), _) => url,
                (None, Some(id)) => return Ok(Reference::Id(id)),
                _ => return Err(Malformed::at(name, format!("`{name}` names no picture"))),
            }
        }
        _ => return Err(Malformed::at(name, format!("`{name}` must be an address or a file"))),
    };
    if text.starts_with("http://") || text.starts_with("https://") {
        return Ok(Reference::Url(text));
    }
    let (mime, base64) = match text.strip_prefix("data:") {
        Some(data) => data.split_once(";base64,").ok_or_else(|| {
            Malformed::at(name, "write a data address as data:image/png;base64,…")
        })?,
        None => (sniffed(text.as_bytes()).unwrap_or_default(), text.as_str()),
    };
    let sound = |it: u8| it.is_ascii_alphanumeric() || b"+/=-_".contains(&it);
    if !mime.starts_with("image/") || base64.is_empty() || !base64.bytes().all(sound) {
        let message = format!("`{name}` must be an http address or a picture in base64");
        return Err(Malformed::at(name, message));
    }
    Ok(Reference::Data(mime.to_owned(), base64.to_owned()))
}

/// A file of the form, of which the bytes say that it is a picture.
fn picture(file: &FormFile) -> Result<Reference, Malformed> {
    if file.is_empty() {
        return Err(Malformed::at("input_reference", "the file is empty"));
    }
    Ok(Reference::File(file.clone()))
}

/// A picture's type by its first bytes in base64.
fn sniffed(base64: &[u8]) -> Option<&'static str> {
    [
        (&b"iVBORw0KGgo"[..], "image/png"),
        (b"/9j/", "image/jpeg"),
        (b"UklGR", "image/webp"),
        (b"R0lGOD", "image/gif"),
    ]
    .into_iter()
    .find(|(head, _)| base64.starts_with(head))
    .map(|(_, mime)| mime)
}

/// A file's type by its first bytes; what it was sent as is not believed.
pub(super) fn mime(file: &FormFile) -> &'static str {
    match file.head.as_ref() {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Head;

    fn json(text: &str) -> Body {
        Body::Json(Bytes::from(text.to_owned()))
    }

    fn given(body: &Body) -> Given<'_> {
        Given { head: Head { model: None, stream: None, list: false }, body }
    }

    #[test]
    fn seconds_and_size_are_read_as_clients_write_them() {
        for (text, seconds, size) in [
            (
                r#"{"model":"m","prompt":"p","seconds":"8","size":"1280x720"}"#,
                Some(8),
                Some((1280, 720)),
            ),
            (r#"{"model":"m","prompt":"p","seconds":8.0,"size":"auto"}"#, Some(8), None),
            (r#"{"model":"m","prompt":"p"}"#, None, None),
        ] {
            let it = read_openai(&given(&json(text))).expect("a request");
            assert_eq!((it.seconds, it.size), (seconds, size), "{text}");
        }
        for (text, param) in [
            (r#"{"prompt":"p"}"#, "model"),
            (r#"{"model":"m","prompt":" "}"#, "prompt"),
            (r#"{"model":"m","prompt":"p","seconds":"eight"}"#, "seconds"),
            (r#"{"model":"m","prompt":"p","seconds":99999}"#, "seconds"),
            (r#"{"model":"m","prompt":"p","size":"big"}"#, "size"),
            (r#"{"model":"m","prompt":"p","input_reference":"x"}"#, "input_reference"),
            (r#"{"model":1,"prompt":"p"}"#, "model"),
        ] {
            let error = read_openai(&given(&json(text))).expect_err(text);
            assert_eq!(error.param.as_deref(), Some(param), "{text}");
        }
    }

    #[test]
    fn a_form_holds_the_picture_and_nested_fields() {
        let file = FormFile {
            field: "input_reference".into(),
            filename: Some("a.jpg".into()),
            content_type: Some("text/plain".into()),
            head: Bytes::from_static(b"\x89PNG\r\n"),
            at: 5..90,
        };
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let body = Body::Form {
            fields: vec![field("model", "m"), field("prompt", "p"), field("seconds", "4")],
            files: vec![file.clone()],
        };
        let it = read_openai(&given(&body)).expect("a request");
        assert_eq!(it.reference, Some(Reference::File(file.clone())));
        assert_eq!((it.seconds, it.asked().bytes, mime(&file)), (Some(4), 88, "image/png"));
        let body = Body::Form {
            fields: vec![
                field("model", "m"),
                field("prompt", "p"),
                field("input_reference[image_url]", "https://x.test/a.png"),
            ],
            files: vec![],
        };
        let it = read_openai(&given(&body)).expect("a request");
        assert_eq!(it.reference, Some(Reference::Url("https://x.test/a.png".into())));
        let body = Body::Form {
            fields: vec![field("model", "m"), field("prompt", "p"), field("model", "dear")],
            files: vec![],
        };
        assert_eq!(read_openai(&given(&body)).expect_err("twice").param.as_deref(), Some("model"));
    }

    #[test]
    fn the_familys_fields_are_read_and_what_is_unknown_is_known_as_lost() {
        let text = r#"{"model":"m","prompt":"p","duration":5,"width":1280,"height":720,"fps":24,
            "image":"data:image/png;base64,iVBORw0KGgo=","metadata":{"style":"x"},"n":1}"#;
        let it = read_generations(&given(&json(text))).expect("a request");
        assert_eq!((it.seconds, it.size), (Some(5), Some((1280, 720))));
        assert_eq!(it.reference, Some(Reference::Data("image/png".into(), "iVBORw0KGgo=".into())));
        assert_eq!(it.rest, ["fps", "metadata"]);
        let two = r#"{"model":"m","prompt":"p","n":2}"#;
        let error = read_generations(&given(&json(two))).expect_err("two videos");
        assert_eq!(
            (error.param.as_deref(), error.code),
            (Some("n"), Some("unsupported_parameter"))
        );
    }

    #[test]
    fn a_remix_needs_a_prompt() {
        let it = read_remix(&given(&json(r#"{"prompt":"at night","x":1}"#))).expect("a remix");
        assert_eq!(
            (it.prompt.as_str(), it.body.as_ref()),
            ("at night", &br#"{"prompt":"at night","x":1}"#[..])
        );
        assert!(read_remix(&given(&json("{}"))).is_err());
    }
}
