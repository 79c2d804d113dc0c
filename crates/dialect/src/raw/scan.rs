//! The grammar of RFC 8259 as a scan: where things end, without reading what they say.
//!
//! Nothing recurses, so depth costs a bit per level, and strings are passed over in blocks.

use crate::Malformed;

/// The first byte at or after `at` that is not white space.
#[inline]
pub(super) fn space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
        at += 1;
    }
    at
}

/// Just after `wanted`, which must stand at `at`.
#[inline]
pub(super) fn byte(text: &[u8], at: usize, wanted: u8, name: &str) -> Result<usize, Malformed> {
    if text.get(at) == Some(&wanted) { Ok(at + 1) } else { Err(expected(text, at, name)) }
}

/// Just after the value that begins at `at`.
pub(super) fn value(text: &[u8], mut at: usize) -> Result<usize, Malformed> {
    let mut nesting = Nesting::default();
    'value: loop {
        match text.get(at) {
            Some(b'"') => at = string(text, at + 1)?,
            Some(b'{') => {
                at = space(text, at + 1);
                if text.get(at) == Some(&b'}') {
                    at += 1;
                } else {
                    nesting.push(Within::Object);
                    at = key(text, at)?;
                    continue 'value;
                }
            }
            Some(b'[') => {
                at = space(text, at + 1);
                if text.get(at) == Some(&b']') {
                    at += 1;
                } else {
                    nesting.push(Within::Array);
                    continue 'value;
                }
            }
            Some(b'-' | b'0'..=b'9') => at = number(text, at)?,
            Some(b't') => at = word(text, at, "true")?,
            Some(b'f') => at = word(text, at, "false")?,
            Some(b'n') => at = word(text, at, "null")?,
            _ => return Err(expected(text, at, "a value")),
        }
        loop {
            let Some(within) = nesting.top() else { return Ok(at) };
            at = space(text, at);
            match (within, text.get(at)) {
                (Within::Array, Some(b',')) => {
                    at = space(text, at + 1);
                    continue 'value;
                }
                (Within::Object, Some(b',')) => {
                    at = key(text, space(text, at + 1))?;
                    continue 'value;
                }
                (Within::Array, Some(b']')) | (Within::Object, Some(b'}')) => {
                    nesting.pop();
                    at += 1;
                }
                (Within::Array, _) => return Err(expected(text, at, "`,` or `]`")),
                (Within::Object, _) => return Err(expected(text, at, "`,` or `}`")),
            }
        }
    }
}

/// Where the value of the key that begins at `at` begins.
fn key(text: &[u8], at: usize) -> Result<usize, Malformed> {
    let end = string(text, byte(text, at, b'"', "a key in quotes")?)?;
    let colon = byte(text, space(text, end), b':', "`:` after a key")?;
    Ok(space(text, colon))
}

/// Just after the closing quote of the string whose first character is at `at`.
#[inline]
pub(super) fn string(text: &[u8], mut at: usize) -> Result<usize, Malformed> {
    loop {
        at = plain(text, at);
        match text.get(at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape(text, at + 1)?,
            Some(_) => return Err(expected(text, at, "an escaped control character")),
            None => return Err(expected(text, at, "the end of a string")),
        }
    }
}

/// The first byte at or after `at` that a string may not hold as it is: `"`, `\` or a control
/// character. Long strings (pictures, documents) are passed in blocks that the compiler turns
/// into vector instructions, short ones a word at a time.
#[inline]
pub(crate) fn plain(text: &[u8], mut at: usize) -> usize {
    const BLOCK: usize = 64;
    for _ in 0..4 {
        match text.get(at..at + 8) {
            Some(word) => match first_special(word) {
                8 => at += 8,
                n => return at + n,
            },
            None => return at + tail(&text[at.min(text.len())..]),
        }
    }
    let (blocks, _) = text[at..].as_chunks::<BLOCK>();
    let clean = |block: &[u8; BLOCK]| {
        !block.iter().fold(false, |any, b| any | (*b == b'"') | (*b == b'\\') | (*b < 0x20))
    };
    at += BLOCK * blocks.iter().take_while(|block| clean(block)).count();
    loop {
        match text.get(at..at + 8) {
            Some(word) => match first_special(word) {
                8 => at += 8,
                n => return at + n,
            },
            None => return at + tail(&text[at.min(text.len())..]),
        }
    }
}

/// The same for less than eight bytes: put into a word whose rest is zeros, which are special too.
/// Most strings are that short, and where a loop over them ends is hard to foresee.
#[inline]
fn tail(rest: &[u8]) -> usize {
    let (at, count) = (|at: usize| u64::from(rest[at]) << (8 * at), rest.len());
    let word = match (rest.first_chunk(), rest.last_chunk()) {
        // The two halves overlap in bytes that are alike.
        (Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            u64::from(first) | u64::from(last) << (8 * (count - 4))
        }
        _ if count == 0 => 0,
        _ => at(0) | at(count / 2) | at(count - 1),
    };
    special(word)
}

/// The index of the first special byte of eight, or 8. A lane's mark may be wrong only above a
/// lane that is right, so the lowest mark is always right.
#[inline]
fn first_special(word: &[u8]) -> usize {
    special(word.try_into().map_or(0, u64::from_le_bytes))
}

#[inline]
fn special(word: u64) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * b'"' as u64);
    let slash = word ^ (ONES * b'\\' as u64);
    let marks = (quote.wrapping_sub(ONES) & !quote)
        | (slash.wrapping_sub(ONES) & !slash)
        | (word.wrapping_sub(ONES * 0x20) & !word);
    ((marks & TOPS).trailing_zeros() / 8) as usize
}

/// Just after the escape whose letter is at `at`.
fn escape(text: &[u8], at: usize) -> Result<usize, Malformed> {
    match text.get(at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => match text.get(at + 1..at + 5) {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(at + 5),
            _ => Err(expected(text, at, "`u` and four hex digits")),
        },
        _ => Err(expected(text, at, "an escape")),
    }
}

/// Just after the number that begins at `at`.
fn number(text: &[u8], mut at: usize) -> Result<usize, Malformed> {
    if text[at] == b'-' {
        at += 1;
    }
    at = if text.get(at) == Some(&b'0') { at + 1 } else { digits(text, at)? };
    if text.get(at) == Some(&b'.') {
        at = digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = digits(text, at)?;
    }
    Ok(at)
}

/// Just after one or more digits.
fn digits(text: &[u8], at: usize) -> Result<usize, Malformed> {
    let count = text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 { Err(expected(text, at, "a digit")) } else { Ok(at + count) }
}

fn word(text: &[u8], at: usize, word: &'static str) -> Result<usize, Malformed> {
    if text[at..].starts_with(word.as_bytes()) {
        Ok(at + word.len())
    } else {
        Err(expected(text, at, word))
    }
}

/// Says in one line what should have stood at `at`.
#[cold]
pub(super) fn expected(text: &[u8], at: usize, name: &str) -> Malformed {
    let found = match text.get(at) {
        None => "the end of the body".to_owned(),
        Some(b @ 0x21..=0x7e) => format!("`{}`", char::from(*b)),
        Some(b) => format!("byte 0x{b:02x}"),
    };
    Malformed::new(format!("invalid JSON at byte {at}: expected {name}, found {found}"))
}

/// What a value stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Array,
    Object,
}

/// A stack of [`Within`], a bit each: 64 levels in a word, the rest on the heap.
#[derive(Default)]
struct Nesting {
    depth: usize,
    /// The levels since the last multiple of 64, the innermost lowest.
    word: u64,
    full: Vec<u64>,
}

impl Nesting {
    fn push(&mut self, within: Within) {
        if self.depth.is_multiple_of(64) && self.depth > 0 {
            self.full.push(self.word);
        }
        self.word = self.word << 1 | u64::from(within == Within::Object);
        self.depth += 1;
    }

    fn top(&self) -> Option<Within> {
        let within = if self.word & 1 == 1 { Within::Object } else { Within::Array };
        (self.depth > 0).then_some(within)
    }

    fn pop(&mut self) {
        self.word >>= 1;
        self.depth -= 1;
        if self.depth.is_multiple_of(64) {
            self.word = self.full.pop().unwrap_or(0);
        }
    }
}
