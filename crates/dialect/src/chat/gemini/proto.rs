//! An object of Google's JSON: every field may be spelled `camelCase` or `snake_case`.
//!
//! Proto3's JSON mapping takes both on input, and whole numbers in quotes
//! (<https://protobuf.dev/programming-guides/json/>). A field in both spellings is refused: two
//! parsers may disagree on which one counts.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::Malformed;
use crate::chat::node::{Node, keep, list};

/// One object of the request. Keys are asked for in `camelCase`.
pub(super) struct Message<'a> {
    node: Node<'a>,
    path: String,
}

impl<'a> Message<'a> {
    /// Reads the object that stands at `path`; the whole request stands at the empty path.
    pub(super) fn read(json: &'a str, path: String) -> Result<Message<'a>, Malformed> {
        Ok(Message { node: Node::read(json, path.clone())?, path })
    }

    /// The path of one of its fields.
    pub(super) fn path(&self, key: &str) -> String {
        self.node.path(key)
    }

    /// The value's JSON text; `null` counts as absent.
    pub(super) fn raw(&self, key: &str) -> Result<Option<&'a str>, Malformed> {
        Ok(self.node.raw(&self.spelled(key)?))
    }

    /// The value's own JSON, to keep.
    pub(super) fn json(&self, key: &str) -> Result<Option<Box<RawValue>>, Malformed> {
        Ok(self.raw(key)?.and_then(keep))
    }

    /// A string.
    pub(super) fn text(&self, key: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        self.node.text(&self.spelled(key)?)
    }

    /// A string that must be there.
    pub(super) fn required(&self, key: &str) -> Result<String, Malformed> {
        self.text(key)?.map(Cow::into_owned).ok_or_else(|| self.missing(key))
    }

    /// A boolean.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>, Malformed> {
        self.node.flag(&self.spelled(key)?)
    }

    /// A whole number, which may be negative and may stand in quotes.
    pub(super) fn whole(&self, key: &str) -> Result<Option<i64>, Malformed> {
        let Some(number) = self.number(key)? else { return Ok(None) };
        if number.fract() == 0.0 && number.abs() <= 9e15 {
            return Ok(Some(number as i64));
        }
        Err(self.wrong(key, "a whole number"))
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self, key: &str) -> Result<Option<u64>, Malformed> {
        let wrong = |_| self.wrong(key, "a whole number that is not negative");
        self.whole(key)?.map(u64::try_from).transpose().map_err(wrong)
    }

    /// Any number, which may stand in quotes.
    pub(super) fn number(&self, key: &str) -> Result<Option<f64>, Malformed> {
        let spelled = self.spelled(key)?;
        match self.node.raw(&spelled) {
            Some(raw) if raw.starts_with('"') => {
                let number = raw.trim_matches('"').parse::<f64>().ok().filter(|n| n.is_finite());
                number.map(Some).ok_or_else(|| self.wrong(key, "a number"))
            }
            _ => self.node.number(&spelled),
        }
    }

    /// A list of values, each still JSON.
    pub(super) fn list(&self, key: &str) -> Result<Vec<&'a str>, Malformed> {
        self.raw(key)?.map_or_else(|| Ok(Vec::new()), |json| list(json, &self.path(key)))
    }

    /// A list of strings.
    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, Malformed> {
        let Some(json) = self.raw(key)? else { return Ok(Vec::new()) };
        serde_json::from_str(json).map_err(|_| self.wrong(key, "a list of strings"))
    }

    /// An object.
    pub(super) fn message(&self, key: &str) -> Result<Option<Message<'a>>, Malformed> {
        self.raw(key)?.map(|json| Message::read(json, self.path(key))).transpose()
    }

    /// The fields that are not among `known` and not null, under their `camelCase` names.
    pub(super) fn others(&self, known: &[&str]) -> Vec<(String, Box<RawValue>)> {
        let fields = self.node.others(&[]).into_iter();
        let named = fields.map(|(key, json)| (camel(&key), json));
        named.filter(|(key, _)| !known.contains(&&**key)).collect()
    }

    /// The complaint that a field is not there.
    pub(super) fn missing(&self, key: &str) -> Malformed {
        self.node.missing(key)
    }

    /// A complaint about a field.
    pub(super) fn wrong(&self, key: &str, expected: &str) -> Malformed {
        self.node.wrong(key, expected)
    }

    /// A complaint about the object itself.
    pub(super) fn odd(&self, message: &str) -> Malformed {
        Malformed::at(self.path.clone(), format!("`{}` {message}", self.path))
    }

    /// The key as the client spells it.
    fn spelled<'k>(&self, key: &'k str) -> Result<Cow<'k, str>, Malformed> {
        let other = snake(key);
        if other == key || self.node.raw(&other).is_none() {
            return Ok(Cow::Borrowed(key));
        }
        if self.node.raw(key).is_some() {
            let path = self.path(key);
            let message = format!("`{path}` is there twice, the other time as `{other}`");
            return Err(Malformed::at(path, message));
        }
        Ok(Cow::Owned(other))
    }
}

/// `camelCase` as `snake_case`.
pub(super) fn snake(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// `snake_case` as `camelCase`.
pub(super) fn camel(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut raise = false;
    for letter in key.chars() {
        if letter == '_' && !out.is_empty() {
            raise = true;
        } else if std::mem::take(&mut raise) {
            out.push(letter.to_ascii_uppercase());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(json: &str) -> Message<'_> {
        Message::read(json, "a".to_owned()).unwrap()
    }

    #[test]
    fn both_spellings_are_one_field() {
        for json in [r#"{"topK":"40","x_y":1}"#, r#"{"top_k":40,"xY":1}"#] {
            let message = message(json);
            assert_eq!(message.count("topK"), Ok(Some(40)));
            let others: Vec<String> = message.others(&["topK"]).into_iter().map(|o| o.0).collect();
            assert_eq!(others, ["xY"]);
        }
    }

    #[test]
    fn a_field_in_both_spellings_is_refused() {
        let error = message(r#"{"topK":1,"top_k":2}"#).count("topK").unwrap_err();
        assert_eq!(error.param.as_deref(), Some("a.topK"));
    }

    #[test]
    fn numbers_may_stand_in_quotes_and_nonsense_may_not() {
        assert_eq!(message(r#"{"seed":"-7"}"#).whole("seed"), Ok(Some(-7)));
        assert!(message(r#"{"seed":"x"}"#).whole("seed").is_err());
        assert!(message(r#"{"seed":1.5}"#).whole("seed").is_err());
        assert!(message(r#"{"topK":-1}"#).count("topK").is_err());
        assert!(message(r#"{"topK":"NaN"}"#).count("topK").is_err());
    }
}
