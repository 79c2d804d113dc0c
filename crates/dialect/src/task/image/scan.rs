//! Lines whose long texts are cut short: what a stream of pictures is without its pictures.

/// Bytes of one text that are kept.
const KEPT_TEXT: usize = 1 << 10;
/// Bytes of one line that are kept: more than any event has beside its picture.
const KEPT_LINE: usize = 64 << 10;

/// Reads lines, keeping of each text in quotes only its beginning.
#[derive(Debug, Default)]
pub(super) struct Scan {
    line: Vec<u8>,
    /// Inside quotes: how much of the text was kept.
    text: Option<usize>,
    /// After a backslash.
    escaped: bool,
    /// After a carriage return, which ends a line with a line feed or without.
    returned: bool,
}

impl Scan {
    /// Takes what belongs together, and says how much that is and whether a line ended with it.
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        if std::mem::take(&mut self.returned) && bytes[0] == b'\n' {
            return (1, false);
        }
        let stop = |at: &u8| matches!(at, b'"' | b'\\' | b'\n' | b'\r');
        let plain = match self.text {
            // Long runs of base64.
            Some(_) => memchr::memchr3(b'"', b'\\', b'\n', bytes),
            None => bytes.iter().position(stop),
        };
        let plain = if self.escaped { 0 } else { plain.unwrap_or(bytes.len()) };
        if plain > 0 {
            self.keep(&bytes[..plain]);
            return (plain, false);
        }
        let byte = bytes[0];
        if byte == b'\n' || (byte == b'\r' && self.text.is_none()) {
            (self.text, self.escaped) = (None, false);
            self.returned = byte == b'\r';
            return (1, true);
        }
        self.mark(byte);
        (1, false)
    }

    fn mark(&mut self, byte: u8) {
        let escaped = std::mem::take(&mut self.escaped);
        match (byte, self.text) {
            (b'"', None) => {
                self.text = Some(0);
                self.line.push(byte);
            }
            (b'"', Some(_)) if !escaped => {
                self.text = None;
                self.line.push(byte);
            }
            // An escape is kept whole, or not at all.
            (b'\\', Some(kept)) if !escaped => {
                self.escaped = true;
                if kept < KEPT_TEXT {
                    self.line.push(byte);
                }
            }
            (_, Some(kept)) if escaped => {
                if kept < KEPT_TEXT {
                    self.line.push(byte);
                    self.text = Some(kept + 2);
                }
            }
            _ => self.keep(&[byte]),
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = KEPT_LINE.saturating_sub(self.line.len());
        match &mut self.text {
            None => self.line.extend_from_slice(&bytes[..bytes.len().min(room)]),
            Some(kept) => {
                let left = KEPT_TEXT.saturating_sub(*kept).min(room).min(bytes.len());
                self.line.extend_from_slice(&bytes[..left]);
                *kept += left;
            }
        }
    }

    /// The line, as far as it was kept.
    pub(super) fn end(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(chunks: &[&[u8]]) -> Vec<String> {
        let mut scan = Scan::default();
        let mut lines = Vec::new();
        for chunk in chunks {
            let mut rest = *chunk;
            while !rest.is_empty() {
                let (used, ended) = scan.take(rest);
                rest = &rest[used..];
                if ended {
                    lines.push(String::from_utf8(scan.end()).expect("text"));
                }
            }
        }
        lines.push(String::from_utf8(scan.end()).expect("text"));
        lines
    }

    #[test]
    fn long_texts_lose_their_ends_and_nothing_else() {
        let long = "A".repeat(5_000);
        let line = format!("data: {{\"b\":\"{long}\",\"c\":\"x\\\"y\",\"d\":1}}\r\n\r\nevent: z\n");
        let short =
            format!("data: {{\"b\":\"{}\",\"c\":\"x\\\"y\",\"d\":1}}", "A".repeat(KEPT_TEXT));
        let expected = vec![short, String::new(), "event: z".to_owned(), String::new()];
        assert_eq!(kept(&[line.as_bytes()]), expected);
        for size in [1, 2, 7, 1_000] {
            let chunks: Vec<&[u8]> = line.as_bytes().chunks(size).collect();
            assert_eq!(kept(&chunks), expected, "{size}");
        }
    }
}
