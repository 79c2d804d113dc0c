//! Writes forms (`multipart/form-data`, RFC 7578) whose files stand elsewhere.

use std::hash::{BuildHasher, RandomState};
use std::ops::Range;

use bytes::Bytes;

use super::Piece;

/// A form that is being written.
#[derive(Debug)]
pub struct FormWriter {
    boundary: String,
    text: Vec<u8>,
    pieces: Vec<Piece>,
}

impl FormWriter {
    /// An empty form. `seed` makes the boundary: an id that is in none of the parts.
    pub fn new(seed: &str) -> FormWriter {
        let letters = seed.chars().filter(char::is_ascii_alphanumeric).take(40);
        let boundary = format!("wayleave{}", letters.collect::<String>());
        FormWriter { boundary, text: Vec::new(), pieces: Vec::new() }
    }

    /// An empty form whose boundary nobody can foresee. Were it known, a file could hold it and add
    /// fields to the form: another model than the one that is paid for.
    pub fn unforeseen() -> FormWriter {
        // Keyed with chance by the standard library, anew for each.
        let half = || RandomState::new().hash_one(0_u8);
        FormWriter::new(&format!("{:016x}{:016x}", half(), half()))
    }

    /// Adds a field.
    pub fn field(&mut self, name: &str, value: &str) {
        self.open(name, None, None);
        self.text.extend_from_slice(value.as_bytes());
        self.text.extend_from_slice(b"\r\n");
    }

    /// Adds a file whose bytes stand in the upload.
    pub fn file(&mut self, name: &str, filename: &str, content_type: &str, at: Range<u64>) {
        self.open(name, Some(filename), Some(content_type));
        let text = std::mem::take(&mut self.text);
        self.pieces.push(Piece::Bytes(Bytes::from(text)));
        self.pieces.push(Piece::File(at));
        self.text.extend_from_slice(b"\r\n");
    }

    /// Adds a file whose bytes are at hand.
    pub fn bytes(&mut self, name: &str, filename: &str, content_type: &str, bytes: Bytes) {
        self.open(name, Some(filename), Some(content_type));
        let text = std::mem::take(&mut self.text);
        self.pieces.push(Piece::Bytes(Bytes::from(text)));
        self.pieces.push(Piece::Bytes(bytes));
        self.text.extend_from_slice(b"\r\n");
    }

    /// The form's `Content-Type` and its body.
    pub fn end(mut self) -> (String, Vec<Piece>) {
        self.text.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        self.pieces.push(Piece::Bytes(Bytes::from(self.text)));
        (format!("multipart/form-data; boundary={}", self.boundary), self.pieces)
    }

    fn open(&mut self, name: &str, filename: Option<&str>, content_type: Option<&str>) {
        let mut head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{}\"",
            self.boundary,
            quoted(name)
        );
        if let Some(filename) = filename {
            head.push_str(&format!("; filename=\"{}\"", quoted(filename)));
        }
        if let Some(content_type) = content_type {
            head.push_str(&format!("\r\nContent-Type: {content_type}"));
        }
        head.push_str("\r\n\r\n");
        self.text.extend_from_slice(head.as_bytes());
    }
}

/// What may stand between quotes, as browsers escape it (HTML, section 4.10.21.8).
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_around_files_that_stand_elsewhere() {
        let mut form = FormWriter::new("req_7");
        form.field("model", "whisper-1");
        form.file("file", "a\"b.wav", "audio/wav", 5..9);
        let (content_type, pieces) = form.end();
        assert_eq!(content_type, "multipart/form-data; boundary=wayleavereq7");
        let text = |at: usize| match &pieces[at] {
            Piece::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(
            text(0),
            "--wayleavereq7\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n\
             --wayleavereq7\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22b.wav\"\r\n\
             Content-Type: audio/wav\r\n\r\n"
        );
        assert_eq!(pieces[1], Piece::File(5..9));
        assert_ne!(FormWriter::unforeseen().boundary, FormWriter::unforeseen().boundary);
        assert_eq!(text(2), "\r\n--wayleavereq7--\r\n");
    }
}
