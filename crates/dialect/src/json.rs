//! Writes JSON straight into a buffer: no tree is built, and raw pieces go in as they are.

use crate::raw;

/// An object being written.
pub(crate) struct Object<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl<'o> Object<'o> {
    /// Begins one.
    pub(crate) fn open(out: &'o mut Vec<u8>) -> Object<'o> {
        out.push(b'{');
        Object { out, empty: true }
    }

    /// A string.
    pub(crate) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key);
        quote(self.out, value);
        self
    }

    /// A value that is JSON already.
    pub(crate) fn raw(&mut self, key: &str, json: &str) -> &mut Self {
        self.key(key);
        self.out.extend_from_slice(json.as_bytes());
        self
    }

    /// A value that is JSON already, in bytes.
    pub(crate) fn bytes(&mut self, key: &str, json: &[u8]) -> &mut Self {
        self.with(key, |out| out.extend_from_slice(json))
    }

    /// A whole number.
    pub(crate) fn count(&mut self, key: &str, value: u64) -> &mut Self {
        self.with(key, |out| digits(out, value))
    }

    /// A value that `write` writes.
    pub(crate) fn with(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        self.key(key);
        write(self.out);
        self
    }

    /// An object that `fill` fills.
    pub(crate) fn nest(&mut self, key: &str, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        self.with(key, |out| object(out, fill))
    }

    /// A list of values that are JSON already.
    pub(crate) fn list<T: AsRef<[u8]>>(
        &mut self,
        key: &str,
        items: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        self.with(key, |out| list(out, items))
    }

    /// Ends it.
    pub(crate) fn close(self) {
        self.out.push(b'}');
    }

    fn key(&mut self, key: &str) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        quote(self.out, key);
        self.out.push(b':');
    }
}

fn digits(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends an object that `fill` fills.
pub(crate) fn object(out: &mut Vec<u8>, fill: impl FnOnce(&mut Object<'_>)) {
    let mut object = Object::open(out);
    fill(&mut object);
    object.close();
}

/// Appends a list of values that are JSON already.
pub(crate) fn list<T: AsRef<[u8]>>(out: &mut Vec<u8>, items: impl IntoIterator<Item = T>) {
    each(out, items, |out, item| out.extend_from_slice(item.as_ref()));
}

/// Appends a list of what `write` makes of each of `items`.
pub(crate) fn each<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}

/// Appends `text` as a JSON string.
pub(crate) fn quote(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape(out, text);
    out.push(b'"');
}

/// Appends the inside of a JSON string. Pieces escaped one by one join up to the whole escaped.
pub(crate) fn escape(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let bytes = text.as_bytes();
    let mut done = 0;
    loop {
        let at = raw::plain(bytes, done);
        out.extend_from_slice(&bytes[done..at]);
        let Some(&byte) = bytes.get(at) else { return };
        let short = match byte {
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            0x00..=0x1f => b'u',
            same => same,
        };
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            let digit = |nibble: u8| HEX[usize::from(nibble & 15)];
            out.extend_from_slice(&[b'0', b'0', digit(byte >> 4), digit(byte)]);
        }
        done = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_serde_does() {
        let text: String = (0..0x250_u32).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        quote(&mut out, &text);
        assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn escapes_in_texts_of_any_length() {
        let alike = |text: &str| {
            let mut out = Vec::new();
            quote(&mut out, text);
            assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(text).unwrap());
        };
        for length in 0..80 {
            let text = "!~".repeat(40)[..length].to_owned();
            alike(&text);
            for at in 0..length {
                for bad in ["\"", "\\", "\n", "\0", "\u{1f}", "\u{7f}"] {
                    alike(&format!("{}{bad}{}", &text[..at], &text[at + 1..]));
                }
            }
        }
    }

    #[test]
    fn escapes_wherever_the_escape_stands() {
        for at in 0..150 {
            for bad in ["\"", "\\", "\n", "\u{1}", "ü\u{1f}"] {
                let text = format!("{}{bad}{}", "x".repeat(at), "y".repeat(150 - at));
                let mut out = Vec::new();
                quote(&mut out, &text);
                assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
            }
        }
    }

    #[test]
    fn writes_objects_lists_and_raw_pieces() {
        let mut out = Vec::new();
        object(&mut out, |o| {
            o.text("a", "x\"y").raw("b", "1.50").count("c", 7).list("d", ["1", "{}"]);
            o.nest("e", |e| {
                e.raw("f", "null");
            });
        });
        assert_eq!(out, br#"{"a":"x\"y","b":1.50,"c":7,"d":[1,{}],"e":{"f":null}}"#);
    }

    #[test]
    fn numbers_keep_their_ends() {
        let mut out = Vec::new();
        object(&mut out, |o| {
            o.count("a", 0).count("b", 10).count("c", u64::MAX);
        });
        assert_eq!(out, br#"{"a":0,"b":10,"c":18446744073709551615}"#);
    }
}
