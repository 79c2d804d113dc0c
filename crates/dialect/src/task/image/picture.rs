//! Pictures that a client sends along, and bodies of JSON around them.

use bytes::Bytes;
use serde_json::Value;

use super::size;
use crate::Malformed;
use crate::task::{FormFile, FormWriter, Piece, Wire, audio::base64};

/// A picture, as a client sends it.
#[derive(Clone, Debug)]
pub(super) enum Picture {
    /// A file of the form.
    File(FormFile),
    /// Its type, and its bytes as base64.
    Data(&'static str, String),
    /// Where it stands.
    Url(String),
    /// A file that a provider keeps.
    Id,
}

impl Picture {
    /// One of a body of JSON: an address, a data address, bare base64, or OpenAI's object of one of
    /// them or of a file's id.
    ///
    /// # Errors
    /// It is none of that.
    pub(super) fn read(name: &str, value: &Value) -> Result<Picture, Malformed> {
        let wrong = || {
            let why = "must be a picture: an http address, a data address, or {\"image_url\": …}";
            Malformed::at(name, format!("`{name}` {why}"))
        };
        let text = match value {
            Value::String(text) => text.as_str(),
            Value::Object(object) => {
                let of = |key: &str| object.get(key).and_then(Value::as_str);
                match (of("image_url").or_else(|| of("url")), of("file_id")) {
                    (Some(url), _) => url,
                    (None, Some(_)) => return Ok(Picture::Id),
                    _ => return Err(wrong()),
                }
            }
            _ => return Err(wrong()),
        };
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Picture::Url(text.to_owned()));
        }
        let base64 = match text.strip_prefix("data:") {
            Some(data) => data.split_once(";base64,").ok_or_else(wrong)?.1,
            None => text,
        };
        let mime = head(base64).as_deref().and_then(size::mime).ok_or_else(wrong)?;
        if !is_base64(base64) {
            return Err(wrong());
        }
        Ok(Picture::Data(mime, base64.to_owned()))
    }

    /// One of a form's files.
    ///
    /// # Errors
    /// It is empty, or not what a picture begins with.
    pub(super) fn of_form(file: &FormFile) -> Result<Picture, Malformed> {
        let name = file.field.trim_end_matches("[]");
        if file.is_empty() {
            return Err(Malformed::at(name, format!("`{name}` is an empty file")));
        }
        if size::mime(&file.head).is_none() {
            let why = "is no picture: PNG, JPEG, WebP or GIF";
            return Err(Malformed::at(name, format!("`{name}` {why}")));
        }
        Ok(Picture::File(file.clone()))
    }

    /// Its type, where its bytes are at hand.
    ///
    /// # Errors
    /// They are elsewhere, and this target cannot look there.
    pub(super) fn mime(&self) -> Result<&'static str, Malformed> {
        match self {
            Picture::File(file) => Ok(size::mime(&file.head).unwrap_or("image/png")),
            Picture::Data(mime, _) => Ok(mime),
            Picture::Url(_) => Err(Malformed::incapable(
                "image",
                "this provider takes no addresses of pictures: send the picture itself, in a form or as a data address",
            )),
            Picture::Id => Err(Malformed::incapable(
                "image",
                "a `file_id` names a file of OpenAI's, which this provider does not have: send the picture itself",
            )),
        }
    }

    /// Adds it to a form.
    ///
    /// # Errors
    /// Its bytes are elsewhere.
    pub(super) fn add_to(&self, form: &mut FormWriter, name: &str) -> Result<(), Malformed> {
        let mime = self.mime()?;
        let filename = format!("{name}.{}", size::format(mime));
        match self {
            Picture::File(file) => form.file(name, &filename, mime, file.at.clone()),
            Picture::Data(_, text) => {
                let mut bytes = Vec::new();
                let mut decoder = base64::Decoder::default();
                // What it is made of was looked at when it was read.
                let _ = decoder.push(text.as_bytes(), &mut bytes);
                decoder.end(&mut bytes);
                form.bytes(name, &filename, mime, Bytes::from(bytes));
            }
            Picture::Url(_) | Picture::Id => (),
        }
        Ok(())
    }
}

/// Whether a JSON string may hold it as it stands.
pub(super) fn is_base64(text: &str) -> bool {
    let digit =
        |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/' | b'=' | b'-' | b'_');
    !text.is_empty() && text.bytes().all(digit)
}

/// The first bytes of a file in base64: as far as a JPEG's size usually is.
pub(super) fn head(base64: &str) -> Option<Vec<u8>> {
    const LONGEST: usize = 64 << 10;
    let text = base64.as_bytes();
    let mut bytes = Vec::new();
    let mut decoder = base64::Decoder::default();
    decoder.push(&text[..text.len().min(LONGEST)], &mut bytes).ok()?;
    Some(bytes)
}

/// A body of JSON that is written piece by piece: pictures are not copied into it.
#[derive(Debug, Default)]
pub(super) struct Body {
    text: Vec<u8>,
    pieces: Vec<Piece>,
}

impl Body {
    /// JSON as it stands.
    pub(super) fn raw(&mut self, json: &str) -> &mut Body {
        self.text.extend_from_slice(json.as_bytes());
        self
    }

    /// A value.
    pub(super) fn value(&mut self, value: &Value) -> &mut Body {
        self.raw(&value.to_string())
    }

    /// The base64 of a picture, in quotes.
    ///
    /// # Errors
    /// Its bytes are elsewhere.
    pub(super) fn picture(&mut self, picture: &Picture) -> Result<&mut Body, Malformed> {
        picture.mime()?;
        self.raw("\"");
        self.base64(picture);
        Ok(self.raw("\""))
    }

    /// A picture as a data address (RFC 2397), in quotes.
    ///
    /// # Errors
    /// Its bytes are elsewhere.
    pub(super) fn data_address(&mut self, picture: &Picture) -> Result<(), Malformed> {
        self.raw(&format!("\"data:{};base64,", picture.mime()?));
        self.base64(picture);
        self.raw("\"");
        Ok(())
    }

    fn base64(&mut self, picture: &Picture) {
        match picture {
            Picture::File(file) => {
                let text = std::mem::take(&mut self.text);
                self.pieces.push(Piece::Bytes(text.into()));
                self.pieces.push(Piece::Base64(file.at.clone()));
            }
            Picture::Data(_, base64) => self.text.extend_from_slice(base64.as_bytes()),
            Picture::Url(_) | Picture::Id => (),
        }
    }

    /// The request.
    pub(super) fn wire(mut self) -> Wire {
        self.pieces.push(Piece::Bytes(self.text.into()));
        Wire::new("application/json", self.pieces)
    }
}
