//! Takes the sound out of Google's JSON as it comes, so that it is never whole in memory.
//!
//! What is left is small: the same JSON with an empty text wherever `data` stood. That is read when
//! the body has ended (<https://ai.google.dev/gemini-api/docs/speech-generation>).

use crate::error::Fault;
use crate::task::audio::base64::Decoder;

/// The most bytes of JSON beside the sound.
const LARGEST: usize = 1 << 20;

/// Reads one body.
#[derive(Debug, Default)]
pub(super) struct Skeleton {
    kept: Vec<u8>,
    at: At,
    /// The newest text was a key: this one.
    key: Vec<u8>,
    /// A colon came since then.
    value: bool,
    decoder: Decoder,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    Between,
    /// In a text that is kept, from there.
    Text(usize),
    /// The same, after a backslash.
    Escape(usize),
    /// In the sound.
    Sound,
    /// The same, after a backslash: base64 has a slash, which JSON may escape.
    SoundEscape,
}

impl Skeleton {
    /// Appends to `sound` what `chunk` holds of it.
    ///
    /// # Errors
    /// It is no base64, or there is too much beside it.
    pub(super) fn push(&mut self, chunk: &[u8], sound: &mut Vec<u8>) -> Result<(), Fault> {
        let mut rest = chunk;
        while let Some((&byte, after)) = rest.split_first() {
            if self.at == At::Sound {
                let end = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                let pushed = self.decoder.push(&rest[..end], sound);
                pushed.map_err(|_| Fault::unreadable("the provider's sound is no base64"))?;
                match rest.get(end) {
                    Some(b'"') => {
                        self.decoder.end(sound);
                        self.kept.push(b'"');
                        self.at = At::Between;
                        self.key.clear();
                    }
                    Some(_) => self.at = At::SoundEscape,
                    None => {}
                }
                rest = rest.get(end + 1..).unwrap_or_default();
                continue;
            }
            self.byte(byte, sound)?;
            rest = after;
        }
        if self.kept.len() > LARGEST {
            return Err(Fault::unreadable("the provider's answer holds more than sound"));
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8, sound: &mut Vec<u8>) -> Result<(), Fault> {
        if self.at == At::SoundEscape {
            self.at = At::Sound;
            let pushed = self.decoder.push(&[byte], sound);
            return pushed.map_err(|_| Fault::unreadable("the provider's sound is no base64"));
        }
        self.kept.push(byte);
        self.at = match (self.at, byte) {
            (At::Between, b'"') if self.value && self.key == b"data" => At::Sound,
            (At::Between, b'"') => At::Text(self.kept.len()),
            (At::Between, other) => {
                match other {
                    b':' => self.value = true,
                    b',' | b'{' | b'[' | b'}' | b']' => self.value = false,
                    _ => {}
                }
                At::Between
            }
            (At::Text(from), b'\\') => At::Escape(from),
            (At::Escape(from), _) => At::Text(from),
            (At::Text(from), b'"') => {
                if !self.value {
                    self.key = self.kept[from..self.kept.len() - 1].to_vec();
                }
                At::Between
            }
            (at, _) => at,
        };
        Ok(())
    }

    /// The type that the sound is said to be, if that stands before it.
    pub(super) fn media_type(&self) -> Option<String> {
        let text = std::str::from_utf8(&self.kept).ok()?;
        let (_, after) = text.rsplit_once("\"mimeType\"")?;
        let after = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        let (word, _) = after.split_once('"')?;
        Some(word.replace("\\/", "/"))
    }

    /// The JSON without its sound, when the body has ended.
    pub(super) fn end(&mut self) -> Vec<u8> {
        std::mem::take(self).kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"candidates":[{"content":{"parts":[{"inlineData":{"mimeType":"audio\/L16;codec=pcm;rate=24000","data":"AAEC\/wME"}}]},"x":"data","finishReason":"STOP"}],"note":"a \"data\":\"x"}"#;

    #[test]
    fn the_sound_comes_out_however_the_body_comes_in() {
        for size in 1..BODY.len() {
            let (mut skeleton, mut sound) = (Skeleton::default(), Vec::new());
            for chunk in BODY.as_bytes().chunks(size) {
                skeleton.push(chunk, &mut sound).expect("sound");
            }
            assert_eq!(sound, [0, 1, 2, 0xff, 3, 4], "{size}");
            let kept = String::from_utf8(skeleton.end()).expect("text");
            assert_eq!(kept, BODY.replace("AAEC\\/wME", ""));
        }
    }

    #[test]
    fn the_type_is_known_when_the_sound_begins() {
        let (mut skeleton, mut sound) = (Skeleton::default(), Vec::new());
        let at = BODY.find("AAEC").expect("sound") + 4;
        skeleton.push(&BODY.as_bytes()[..at], &mut sound).expect("sound");
        assert_eq!(sound, [0, 1, 2]);
        let kind = skeleton.media_type();
        assert_eq!(kind.as_deref(), Some("audio/L16;codec=pcm;rate=24000"));
    }

    #[test]
    fn what_is_no_sound_is_a_fault() {
        let mut skeleton = Skeleton::default();
        assert!(skeleton.push(br#"{"data":"<html>"}"#, &mut Vec::new()).is_err());
        let mut skeleton = Skeleton::default();
        let long = format!("{{\"x\":\"{}", "y".repeat(LARGEST));
        assert!(skeleton.push(long.as_bytes(), &mut Vec::new()).is_err());
    }
}
