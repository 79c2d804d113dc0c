//! What a client wants a picture to be, out of JSON or a form of OpenAI's.

use bytes::Bytes;
use serde_json::Value;

use super::picture::Picture;
use super::size::Size;
use crate::raw::RawObject;
use crate::task::{Body, FormFile, Given};
use crate::{Losses, Malformed, Severity};

/// Most pictures of one request, where one request becomes several.
pub(super) const MOST: u32 = 10;

/// The fields that are understood here; all others are the provider's own.
const KNOWN: &[&str] = &[
    "model",
    "prompt",
    "n",
    "size",
    "quality",
    "background",
    "output_format",
    "output_compression",
    "moderation",
    "style",
    "response_format",
    "user",
    "safety_identifier",
    "stream",
    "partial_images",
    "input_fidelity",
    "seed",
    "negative_prompt",
    "image",
    "image[]",
    "images",
    "mask",
];

/// In what form pictures are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Where they stand.
    Url,
    /// Their bytes, as base64.
    Base64,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// From other pictures.
    pub(super) edit: bool,
    pub(super) model: String,
    pub(super) prompt: String,
    pub(super) n: u32,
    /// As it was asked for; `auto` is `None`.
    pub(super) size: Option<String>,
    pub(super) quality: Option<String>,
    pub(super) background: Option<String>,
    pub(super) output_format: Option<String>,
    pub(super) compression: Option<u64>,
    pub(super) moderation: Option<String>,
    pub(super) style: Option<String>,
    pub(super) form: Option<Form>,
    pub(super) user: Option<String>,
    pub(super) stream: bool,
    pub(super) partial_images: u64,
    pub(super) fidelity: Option<String>,
    pub(super) seed: Option<i64>,
    pub(super) negative: Option<String>,
    /// Fields that are not understood here.
    pub(super) rest: Vec<String>,
    /// The client's own bytes.
    pub(super) body: Body,
}

impl Request {
    /// Reads one.
    ///
    /// # Errors
    /// What is missing or of the wrong type.
    pub(super) fn read(given: &Given<'_>, edit: bool) -> Result<Request, Malformed> {
        let fields = match given.body {
            Body::Json(body) => json(body)?,
            Body::Form { fields, files } => {
                if !edit {
                    given.json()?;
                }
                form(fields, files)
            }
        };
        let of = Fields(&fields);
        let required = |name: &str| {
            let text = of.text(name)?.filter(|it| !it.is_empty());
            text.ok_or_else(|| Malformed::at(name, format!("`{name}` is missing")))
        };
        // `auto` is what happens without it.
        let word = |name: &str| -> Result<Option<String>, Malformed> {
            Ok(of.text(name)?.filter(|it| !it.is_empty() && it != "auto"))
        };
        let n = of.number("n")?.unwrap_or(1);
        let form = word("response_format")?;
        let strange = form.as_deref().is_some_and(|it| !matches!(it, "url" | "b64_json"));
        let rest = fields.iter().filter(|(name, value)| {
            let known = KNOWN.contains(&name.as_str()) && (name != "response_format" || !strange);
            !known && !value.is_null()
        });
        let request = Request {
            edit,
            model: required("model")?,
            prompt: required("prompt")?,
            n: u32::try_from(n).ok().filter(|it| *it > 0).ok_or_else(|| {
                Malformed::at("n", "`n` is how many pictures to make: a whole number from 1")
            })?,
            size: word("size")?,
            quality: word("quality")?,
            background: word("background")?,
            output_format: word("output_format")?,
            compression: of.number("output_compression").unwrap_or_default(),
            moderation: word("moderation")?,
            style: word("style")?,
            form: match form.as_deref() {
                Some("url") => Some(Form::Url),
                Some("b64_json") => Some(Form::Base64),
                _ => None,
            },
            user: word("safety_identifier")?.or(word("user")?),
            stream: of.flag("stream")?,
            partial_images: of.number("partial_images").unwrap_or_default().unwrap_or(0),
            fidelity: word("input_fidelity")?,
            seed: of.whole("seed"),
            negative: word("negative_prompt")?,
            rest: rest.map(|(name, _)| name.clone()).collect(),
            body: given.body.clone(),
        };
        if edit {
            request.starts_from_some()?;
        }
        Ok(request)
    }

    /// There is a picture to start from; what it is, the provider may judge.
    fn starts_from_some(&self) -> Result<(), Malformed> {
        let some = match &self.body {
            Body::Form { files, .. } => {
                let mut ours = files.iter().filter(|it| is_image(&it.field)).peekable();
                let some = ours.peek().is_some();
                if ours.any(FormFile::is_empty) {
                    return Err(Malformed::at("image", "`image` is an empty file"));
                }
                some
            }
            Body::Json(body) => {
                let object = RawObject::read(body)?;
                object.has("image") || object.has("images")
            }
        };
        let missing = || Malformed::at("image", "`image` is missing: the picture to change");
        some.then_some(()).ok_or_else(missing)
    }

    /// The size in pixels, where it is written so.
    ///
    /// # Errors
    /// It is written in another way, which is the provider's own.
    pub(super) fn pixels(&self) -> Result<Option<Size>, Malformed> {
        let Some(text) = &self.size else { return Ok(None) };
        Size::parse(text).map(Some).ok_or_else(|| {
            Malformed::unsupported("size", "this provider is told a size in pixels, like 1024x1536")
        })
    }

    /// The pictures it starts from.
    ///
    /// # Errors
    /// What is none.
    pub(super) fn pictures(&self) -> Result<Vec<Picture>, Malformed> {
        match &self.body {
            Body::Form { files, .. } => {
                let ours = files.iter().filter(|it| is_image(&it.field));
                ours.map(Picture::of_form).collect()
            }
            Body::Json(body) => {
                let object = RawObject::read(body)?;
                let mut pictures = Vec::new();
                for name in ["images", "image"] {
                    match object.parse::<Value>(name).transpose()? {
                        None | Some(Value::Null) => (),
                        Some(Value::Array(items)) => {
                            for item in &items {
                                pictures.push(Picture::read(name, item)?);
                            }
                        }
                        Some(one) => pictures.push(Picture::read(name, &one)?),
                    }
                }
                Ok(pictures)
            }
        }
    }

    /// Whether only a part of the picture may be changed.
    pub(super) fn is_masked(&self) -> bool {
        match &self.body {
            Body::Form { files, .. } => files.iter().any(|it| it.field == "mask"),
            Body::Json(body) => RawObject::read(body)
                .is_ok_and(|it| it.raw("mask").is_some_and(|mask| mask.trim() != "null")),
        }
    }

    /// Refuses what no translation can carry, and notes what none of them can.
    ///
    /// # Errors
    /// The answer would not be what was asked for.
    pub(super) fn translated(&self, losses: &mut Losses) -> Result<(), Malformed> {
        if self.form == Some(Form::Url) {
            return Err(Malformed::incapable(
                "response_format",
                "this provider sends pictures, not addresses of them: ask for b64_json",
            ));
        }
        if self.n > MOST {
            return Err(Malformed::at("n", format!("`n` is at most {MOST} with this provider")));
        }
        if self.is_masked() {
            return Err(Malformed::incapable(
                "mask",
                "this provider marks what to change in another way than by transparent pixels: leave `mask` out and say in words what to change",
            ));
        }
        let pictures = if self.edit { self.pictures()? } else { Vec::new() };
        pictures.iter().try_for_each(|it| it.mime().map(drop))?;
        if self.output_format.as_deref().is_some_and(|it| matches!(it, "svg" | "gif")) {
            let why = "this provider makes no drawings and no animations: ask for png";
            return Err(Malformed::incapable("output_format", why));
        }
        for name in &self.rest {
            losses.note(name.as_str(), "not a field of this provider's", Severity::Meaning);
        }
        if self.stream && self.partial_images > 0 {
            losses.note("partial_images", "pictures come only when done", Severity::Hint);
        }
        if self.user.is_some() {
            losses.note("user", "no field for it", Severity::Hint);
        }
        if self.fidelity.is_some() {
            losses.note("input_fidelity", "no field for it", Severity::Hint);
        }
        if self.moderation.is_some() {
            losses.note("moderation", "no field for it", Severity::Hint);
        }
        if self.style.is_some() {
            losses.note("style", "no field for it", Severity::Meaning);
        }
        Ok(())
    }

    /// Notes that the quality has no word there.
    pub(super) fn no_quality(&self, losses: &mut Losses) {
        if self.quality.is_some() {
            losses.note("quality", "no field for it", Severity::Meaning);
        }
    }

    /// Notes that there is no choice of what is behind things.
    pub(super) fn no_background(&self, losses: &mut Losses) {
        if self.background.as_deref() == Some("transparent") {
            losses.note("background", "no field for it", Severity::Meaning);
        }
    }

    /// Notes that it always comes as PNG.
    pub(super) fn only_png(&self, losses: &mut Losses) {
        if self.output_format.as_deref().is_some_and(|it| it != "png") {
            losses.note("output_format", "this provider chooses it", Severity::Meaning);
        }
        self.no_compression(losses);
    }

    /// Notes that the size of a file cannot be chosen.
    pub(super) fn no_compression(&self, losses: &mut Losses) {
        if self.compression.is_some() {
            losses.note("output_compression", "no field for it", Severity::Hint);
        }
    }

    /// Notes that chance cannot be fixed.
    pub(super) fn no_seed(&self, losses: &mut Losses) {
        if self.seed.is_some() {
            losses.note("seed", "no field for it", Severity::Meaning);
        }
    }

    /// Notes that what is not wanted cannot be said.
    pub(super) fn no_negative(&self, losses: &mut Losses) {
        if self.negative.is_some() {
            losses.note("negative_prompt", "no field for it", Severity::Meaning);
        }
    }
}

/// Whether a field holds pictures to start from: `image`, `image[]`, `image[0]`.
pub(super) fn is_image(field: &str) -> bool {
    field == "image" || field.starts_with("image[")
}

fn json(body: &Bytes) -> Result<Vec<(String, Value)>, Malformed> {
    let object = RawObject::read(body)?;
    let mut fields = Vec::new();
    for key in object.keys() {
        // Pictures are large, and read where they are needed.
        let value = match key {
            "image" | "images" | "mask" => Value::Bool(true),
            _ => object.parse::<Value>(key).transpose()?.unwrap_or(Value::Null),
        };
        fields.push((key.to_owned(), value));
    }
    Ok(fields)
}

fn form(fields: &[(String, String)], files: &[FormFile]) -> Vec<(String, Value)> {
    let texts = fields.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str())));
    let known = |name: &str| is_image(name) || name == "mask";
    let others = files.iter().filter(|it| !known(&it.field));
    texts.chain(others.map(|it| (it.field.clone(), Value::Bool(true)))).collect()
}

/// Fields of either: in a form all are texts.
struct Fields<'a>(&'a [(String, Value)]);

impl Fields<'_> {
    fn of(&self, name: &str) -> Option<&Value> {
        let found = self.0.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value).filter(|it| !it.is_null())
    }

    fn text(&self, name: &str) -> Result<Option<String>, Malformed> {
        match self.of(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Malformed::at(name, format!("`{name}` must be a text"))),
        }
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Malformed> {
        let number = match self.of(name) {
            None => return Ok(None),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => text.parse().ok(),
            Some(value) => value.as_u64(),
        };
        let wrong = || Malformed::at(name, format!("`{name}` must be a whole number from 0"));
        number.map(Some).ok_or_else(wrong)
    }

    /// A whole number that may be below zero; what is none is the provider's to judge.
    fn whole(&self, name: &str) -> Option<i64> {
        match self.of(name)? {
            Value::String(text) => text.parse().ok(),
            value => value.as_i64(),
        }
    }

    fn flag(&self, name: &str) -> Result<bool, Malformed> {
        match self.of(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
                "true" | "1" => Ok(true),
                "false" | "0" | "" => Ok(false),
                _ => Err(Malformed::at(name, format!("`{name}` must be true or false"))),
            },
            Some(_) => Err(Malformed::at(name, format!("`{name}` must be true or false"))),
        }
    }
}
