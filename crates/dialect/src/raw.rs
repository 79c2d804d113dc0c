//! Reads a JSON object one level deep and edits it in place, leaving every other byte as the
//! client sent it. This is what lets unknown fields survive.
//!
//! The whole body is held to RFC 8259, not only what is read of it: a body that two parsers could
//! understand differently must not be judged by one and paid for by the other. One thing the
//! grammar allows and most decoders refuse is passed on unread: a lone surrogate (`"\ud800"`)
//! inside a value. It is refused where it must be decoded: in a top-level key, in
//! [`RawObject::string`] and in [`RawObject::parse`].

mod edits;
mod scan;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;

use crate::Malformed;
pub use edits::Edits;
pub(crate) use scan::plain;

/// A JSON object indexed one level deep. Borrows the client's bytes.
pub struct RawObject<'a> {
    text: &'a str,
    /// Just after the opening brace: where a field can be added.
    open: usize,
    fields: Vec<Field<'a>>,
}

/// A field and where its bytes are.
struct Field<'a> {
    key: Cow<'a, str>,
    /// From its key's opening quote to the end of its value.
    span: Range<usize>,
    /// Where in that the value begins.
    value: usize,
}

/// More top-level keys than any client sends; what bounds the index of a hostile body.
const MOST_KEYS: usize = 256;

impl<'a> RawObject<'a> {
    /// Indexes `body`, whose every byte is checked: grammar, escapes and UTF-8, at any depth.
    ///
    /// Fails, with the offset and what was expected there, on what is not one JSON object, on a
    /// key repeated at the top level in any spelling, and on more than 256 of them.
    pub fn read(body: &'a [u8]) -> Result<RawObject<'a>, Malformed> {
        let text = std::str::from_utf8(body).map_err(|error| {
            Malformed::new(format!("the body is not UTF-8 at byte {}", error.valid_up_to()))
        })?;
        RawObject::of(text)
    }

    /// As [`RawObject::read`], of text: what is known to be UTF-8 is not checked again.
    ///
    /// # Errors
    /// As [`RawObject::read`].
    pub fn of(text: &'a str) -> Result<RawObject<'a>, Malformed> {
        let body = text.as_bytes();
        let at = scan::space(body, 0);
        let open = scan::byte(body, at, b'{', "a JSON object")?;
        let mut fields = Vec::with_capacity(12);
        let mut at = scan::space(body, open);
        if body.get(at) == Some(&b'}') {
            at += 1;
        } else {
            loop {
                let field = field(text, at)?;
                at = scan::space(body, field.span.end);
                if fields.len() == MOST_KEYS {
                    return Err(Malformed::new(format!(
                        "more than {MOST_KEYS} top-level keys, the next at byte {}",
                        field.span.start
                    )));
                }
                fields.push(field);
                match body.get(at) {
                    Some(b',') => at = scan::space(body, at + 1),
                    Some(b'}') => break at += 1,
                    _ => return Err(scan::expected(body, at, "`,` or `}`")),
                }
            }
        }
        let end = scan::space(body, at);
        if end != body.len() {
            return Err(scan::expected(body, end, "the end of the body"));
        }
        refuse_repeats(&fields)?;
        Ok(RawObject { text, open, fields })
    }

    /// The bytes that were read.
    pub fn body(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The JSON text of `key`'s value, `null` included.
    pub fn raw(&self, key: &str) -> Option<&'a str> {
        let field = self.fields.iter().find(|field| field.key == key)?;
        Some(&self.text[field.value..field.span.end])
    }

    /// Whether `key` is present and not null.
    pub fn has(&self, key: &str) -> bool {
        self.present(key).is_some()
    }

    /// The string at `key`: absent or null is `None`, anything else an error.
    pub fn string(&self, key: &str) -> Option<Result<Cow<'a, str>, Malformed>> {
        let raw = self.present(key)?;
        Some(match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(plain) if memchr::memchr(b'\\', plain.as_bytes()).is_none() => {
                Ok(Cow::Borrowed(plain))
            }
            Some(_) => decode(raw).map(Cow::Owned).ok_or_else(|| surrogate(key)),
            None => Err(mismatch(key, "a string", raw)),
        })
    }

    /// The boolean at `key`: absent or null is `None`, anything else an error.
    pub fn bool(&self, key: &str) -> Option<Result<bool, Malformed>> {
        let raw = self.present(key)?;
        Some(match raw {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(mismatch(key, "true or false", raw)),
        })
    }

    /// The whole number at `key`, also when it is spelled `16.0` or `1e3`: absent or null is
    /// `None`, anything else an error.
    pub fn u64(&self, key: &str) -> Option<Result<u64, Malformed>> {
        /// Up to here every whole number is its own `f64`.
        const EXACT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
        let raw = self.present(key)?;
        Some(match (raw.parse::<u64>(), raw.parse::<f64>()) {
            (Ok(number), _) => Ok(number),
            (_, Ok(number)) if number.fract() == 0.0 && (0.0..=EXACT).contains(&number) => {
                Ok(number as u64)
            }
            _ => Err(mismatch(key, "a whole number that is not negative", raw)),
        })
    }

    /// The value at `key` as a `T`: absent or null is `None`.
    pub fn parse<T: Deserialize<'a>>(&self, key: &str) -> Option<Result<T, Malformed>> {
        let raw = self.present(key)?;
        Some(serde_json::from_str(raw).map_err(|error| {
            Malformed::at(key, format!("`{key}` cannot be read: {error} of the value"))
        }))
    }

    /// Every key, in the order sent.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| &*field.key)
    }

    fn present(&self, key: &str) -> Option<&'a str> {
        self.raw(key).filter(|raw| *raw != "null")
    }
}

/// Names and sizes only: a body is never printed.
impl fmt::Debug for RawObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = self.fields.iter().map(|field| (&field.key, field.span.end - field.value));
        f.debug_map().entries(sizes).finish()
    }
}

/// The field whose key begins at `at`.
fn field(text: &str, at: usize) -> Result<Field<'_>, Malformed> {
    let body = text.as_bytes();
    let inside = scan::byte(body, at, b'"', "a key in quotes")?;
    let end = scan::string(body, inside)?;
    let plain = &text[inside..end - 1];
    let key = if memchr::memchr(b'\\', plain.as_bytes()).is_none() {
        Cow::Borrowed(plain)
    } else {
        decode(&text[at..end])
            .map(Cow::Owned)
            .ok_or_else(|| scan::expected(body, at, "a key without a lone surrogate"))?
    };
    let colon = scan::byte(body, scan::space(body, end), b':', "`:` after a key")?;
    let value = scan::space(body, colon);
    Ok(Field { key, span: at..scan::value(body, value)?, value })
}

/// Two readers may disagree on which of two equal keys counts: one would check the cheap model,
/// the other bill the dear one. Sorts, so that many keys cost no more than few.
fn refuse_repeats(fields: &[Field<'_>]) -> Result<(), Malformed> {
    let mut order = [0_u16; MOST_KEYS];
    let order = &mut order[..fields.len()];
    order.iter_mut().zip(0..).for_each(|(slot, at)| *slot = at);
    let key = |at: u16| &*fields[usize::from(at)].key;
    order.sort_unstable_by(|a, b| key(*a).cmp(key(*b)).then(a.cmp(b)));
    match order.windows(2).find(|pair| key(pair[0]) == key(pair[1])) {
        None => Ok(()),
        Some(pair) => {
            let again = &fields[usize::from(pair[1])];
            let shown: String = again.key.chars().take(64).collect();
            let at = again.span.start;
            Err(Malformed::at(shown.clone(), format!("repeated key {shown:?} at byte {at}")))
        }
    }
}

/// The string that `quoted`, valid JSON, stands for; `None` for a lone surrogate.
fn decode(quoted: &str) -> Option<String> {
    serde_json::from_str(quoted).ok()
}

#[cold]
fn mismatch(key: &str, wanted: &str, raw: &str) -> Malformed {
    let found = match raw.as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    };
    let found = if wanted.contains("number") && found == "a number" { "another" } else { found };
    Malformed::at(key, format!("`{key}` must be {wanted}, found {found}"))
}

#[cold]
fn surrogate(key: &str) -> Malformed {
    Malformed::at(key, format!("`{key}` has a lone surrogate, which stands for no character"))
}

#[cfg(test)]
mod tests;
