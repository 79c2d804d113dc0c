//! A film that stands in JSON, in base64: taken out as it passes, so that nobody holds it whole.

use crate::error::Fault;

/// The field that holds it.
const FIELD: &[u8] = b"bytesBase64Encoded";
/// The most bytes beside it.
const MOST: usize = 1 << 20;

/// Takes the first film out of an answer that passes, and keeps what stands around it.
#[derive(Debug, Default)]
pub struct Inline {
    /// The answer with nothing in place of films.
    around: Vec<u8>,
    place: Place,
    /// The string that ended last, as far as it may be the field's name.
    last: Vec<u8>,
    /// A colon follows that string.
    colon: bool,
    bits: u32,
    held: u8,
    /// One was taken: others are passed over.
    taken: bool,
    any: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    Text,
    Escaped,
    Film,
}

impl Inline {
    /// Takes the next bytes; what of them is film goes to `film`.
    ///
    /// # Errors
    /// What is there is no base64, or too much stands around it.
    pub fn push(&mut self, bytes: &[u8], film: &mut Vec<u8>) -> Result<(), Fault> {
        for &byte in bytes {
            if self.place == Place::Film {
                if byte == b'"' {
                    self.taken = true;
                    self.place = Place::Outside;
                    self.around.push(byte);
                } else {
                    self.decode(byte, film)?;
                }
                continue;
            }
            self.around.push(byte);
            self.pass(byte);
        }
        if self.around.len() > MOST {
            return Err(Fault::unreadable("the provider's answer is too long"));
        }
        Ok(())
    }

    /// The answer without its films.
    pub fn around(&self) -> &[u8] {
        &self.around
    }

    /// Whether there was a film of at least a byte.
    pub fn found(&self) -> bool {
        self.any
    }

    fn pass(&mut self, byte: u8) {
        match (self.place, byte) {
            (Place::Text, b'\\') => self.place = Place::Escaped,
            (Place::Text, b'"') => self.place = Place::Outside,
            (Place::Text, _) => {
                if self.last.len() <= FIELD.len() {
                    self.last.push(byte);
                }
            }
            (Place::Escaped, _) => {
                self.place = Place::Text;
                // No name of ours has an escape.
                self.last.resize(FIELD.len() + 1, 0);
            }
            (_, b'"') if self.colon && self.last == FIELD => {
                self.place = Place::Film;
                (self.bits, self.held, self.colon) = (0, 0, false);
            }
            (_, b'"') => {
                self.place = Place::Text;
                self.last.clear();
                self.colon = false;
            }
            (_, b':') => self.colon = true,
            (_, b' ' | b'\t' | b'\r' | b'\n') => {}
            _ => {
                self.colon = false;
                self.last.clear();
            }
        }
    }

    fn decode(&mut self, byte: u8, film: &mut Vec<u8>) -> Result<(), Fault> {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            // A slash may be escaped in JSON.
            b'=' | b'\\' => return Ok(()),
            _ => return Err(Fault::unreadable("the provider's film is no base64")),
        };
        self.bits = self.bits << 6 | u32::from(value);
        self.held += 6;
        if self.held >= 8 {
            self.held -= 8;
            if !self.taken {
                self.any = true;
                film.push((self.bits >> self.held & 0xff) as u8);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"{"name":"o\"bytesBase64Encoded","done":true,"x":"bytesBase64Encoded","response":{"videos":[{"bytesBase64Encoded" : "AAEC\/\/8=","mimeType":"video/mp4"},{"bytesBase64Encoded":"AAAA"}]}}"#;

    #[test]
    fn the_first_film_is_taken_however_the_bytes_arrive() {
        for step in [1, 2, 3, 7, ANSWER.len()] {
            let (mut inline, mut film) = (Inline::default(), Vec::new());
            for chunk in ANSWER.as_bytes().chunks(step) {
                inline.push(chunk, &mut film).expect("a film");
            }
            assert_eq!(film, [0, 1, 2, 0xff, 0xff], "{step}");
            let around: serde_json::Value =
                serde_json::from_slice(inline.around()).expect("still JSON");
            assert_eq!(around["response"]["videos"][0]["bytesBase64Encoded"], "");
            assert_eq!(around["response"]["videos"][0]["mimeType"], "video/mp4");
            assert!(inline.found());
        }
    }

    #[test]
    fn what_has_no_film_is_kept_as_it_is_and_what_is_no_base64_is_a_fault() {
        let (mut inline, mut film) = (Inline::default(), Vec::new());
        inline.push(br#"{"name":"o","done":false}"#, &mut film).expect("no film");
        assert_eq!(inline.around(), br#"{"name":"o","done":false}"#);
        assert!(film.is_empty() && !inline.found());
        let fault = Inline::default().push(br#"{"bytesBase64Encoded":"a*"}"#, &mut film);
        assert!(fault.is_err());
        let long = vec![b' '; MOST + 1];
        assert!(Inline::default().push(&long, &mut film).is_err());
    }
}
