//! What a client sent: JSON, or a form of which the files stand elsewhere.

use std::ops::Range;

use bytes::Bytes;

use crate::Malformed;
use crate::chat::Head;

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    /// What the address says of it.
    pub head: Head<'a>,
    /// Its body.
    pub body: &'a Body,
}

/// A body.
#[derive(Clone, Debug)]
pub enum Body {
    /// JSON, or what is taken for it.
    Json(Bytes),
    /// `multipart/form-data` (RFC 7578).
    Form {
        /// The fields that are no files, in order.
        fields: Vec<(String, String)>,
        /// The files, in order.
        files: Vec<FormFile>,
    },
}

/// The fields and the files of a form, each in order.
pub type Parts<'a> = (&'a [(String, String)], &'a [FormFile]);

/// A file of a form. Its bytes stand in the upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormFile {
    /// The field's name.
    pub field: String,
    /// The name it was sent under; not to be believed.
    pub filename: Option<String>,
    /// The type it was sent as; not to be believed.
    pub content_type: Option<String>,
    /// Its first bytes, at most 512: what it is.
    pub head: Bytes,
    /// Where its bytes stand.
    pub at: Range<u64>,
}

impl FormFile {
    /// How many bytes it is.
    pub fn len(&self) -> u64 {
        self.at.end.saturating_sub(self.at.start)
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'a> Given<'a> {
    /// The body as JSON.
    ///
    /// # Errors
    /// It is a form.
    pub fn json(&self) -> Result<&'a Bytes, Malformed> {
        match self.body {
            Body::Json(bytes) => Ok(bytes),
            Body::Form { .. } => {
                Err(Malformed::new("send JSON (Content-Type: application/json), not a form"))
            }
        }
    }

    /// The fields and the files of a form.
    ///
    /// # Errors
    /// It is none.
    pub fn form(&self) -> Result<Parts<'a>, Malformed> {
        match self.body {
            Body::Form { fields, files } => Ok((fields, files)),
            Body::Json(_) => {
                Err(Malformed::new("send a form with the file in it (multipart/form-data)"))
            }
        }
    }
}
