//! An object of a request together with where it stands, so that every complaint names its path.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::Malformed;
use crate::raw::RawObject;

/// Deeper than any client nests, and shallow enough for every decoder behind us.
const DEEPEST: usize = 128;

/// One object of the request.
pub(crate) struct Node<'a> {
    object: RawObject<'a>,
    path: String,
}

impl<'a> Node<'a> {
    /// Reads the object that stands at `path`; the whole request stands at the empty path.
    pub(crate) fn read(json: &'a str, path: String) -> Result<Node<'a>, Malformed> {
        match RawObject::of(json) {
            Ok(object) => Ok(Node { object, path }),
            Err(error) if path.is_empty() => Err(error),
            Err(error) => Err(Malformed::at(path, error.message)),
        }
    }

    /// The path of one of its fields.
    pub(crate) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value's JSON text; `null` counts as absent.
    pub(crate) fn raw(&self, key: &str) -> Option<&'a str> {
        self.object.raw(key).filter(|raw| *raw != "null")
    }

    /// The value's own JSON, to keep.
    pub(crate) fn json(&self, key: &str) -> Option<Box<RawValue>> {
        keep(self.raw(key)?)
    }

    /// A string.
    pub(crate) fn text(&self, key: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        self.place(self.object.string(key), key)
    }

    /// A string that must be there.
    pub(crate) fn required(&self, key: &str) -> Result<String, Malformed> {
        self.text(key)?.map(Cow::into_owned).ok_or_else(|| self.missing(key))
    }

    /// A boolean.
    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, Malformed> {
        self.place(self.object.bool(key), key)
    }

    /// A whole number.
    pub(crate) fn count(&self, key: &str) -> Result<Option<u64>, Malformed> {
        self.place(self.object.u64(key), key)
    }

    /// Any number.
    pub(crate) fn number(&self, key: &str) -> Result<Option<f64>, Malformed> {
        self.place(self.object.parse::<f64>(key), key)
    }

    /// A list of values, each still JSON.
    pub(crate) fn list(&self, key: &str) -> Result<Option<Vec<&'a str>>, Malformed> {
        match self.raw(key) {
            None => Ok(None),
            Some(json) => list(json, &self.path(key)).map(Some),
        }
    }

    /// An object.
    pub(crate) fn node(&self, key: &str) -> Result<Option<Node<'a>>, Malformed> {
        self.raw(key).map(|json| Node::read(json, self.path(key))).transpose()
    }

    /// The fields that are not among `known` and not null.
    ///
    /// One of the whole request whose name holds a dot is named in quotes. What is kept of a
    /// request is told by its path, and such a name is none: it must not pass for what stands there.
    pub(crate) fn others(&self, known: &[&str]) -> Vec<(String, Box<RawValue>)> {
        let named = |key: &str| match self.path.is_empty() && key.contains('.') {
            true => format!("\"{key}\""),
            false => key.to_owned(),
        };
        let unknown = self.object.keys().filter(|key| !known.contains(key));
        unknown.filter_map(|key| Some((named(key), self.json(key)?))).collect()
    }

    /// The complaint that a field is not there.
    pub(crate) fn missing(&self, key: &str) -> Malformed {
        Malformed::at(self.path(key), format!("`{}` is missing", self.path(key)))
    }

    /// A complaint about a field.
    pub(crate) fn wrong(&self, key: &str, expected: &str) -> Malformed {
        let path = self.path(key);
        Malformed::at(path.clone(), format!("`{path}` must be {expected}"))
    }

    fn place<T>(
        &self,
        value: Option<Result<T, Malformed>>,
        key: &str,
    ) -> Result<Option<T>, Malformed> {
        value.transpose().map_err(|error| {
            let path = self.path(key);
            let message = error.message.replacen(&format!("`{key}`"), &format!("`{path}`"), 1);
            Malformed::at(path, message)
        })
    }
}

/// The values of the list that stands at `path`.
pub(crate) fn list<'a>(json: &'a str, path: &str) -> Result<Vec<&'a str>, Malformed> {
    let items: Vec<&RawValue> = serde_json::from_str(json)
        .map_err(|_| Malformed::at(path, format!("`{path}` must be a list")))?;
    Ok(items.into_iter().map(RawValue::get).collect())
}

/// JSON that was read once, kept as it is. `None` is not reached: it was valid.
pub(crate) fn keep(json: &str) -> Option<Box<RawValue>> {
    RawValue::from_string(json.to_owned()).ok()
}

/// Refuses what nests deeper than a decoder will follow. Needs no valid JSON.
pub(crate) fn refuse_depth(body: &[u8]) -> Result<(), Malformed> {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = body.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => at = after_string(body, at),
            _ => (),
        }
        if depth > DEEPEST {
            let message = format!("the body nests deeper than {DEEPEST} levels at byte {}", at - 1);
            return Err(Malformed::new(message));
        }
    }
    Ok(())
}

/// Just after the string whose inside begins at `at`.
fn after_string(body: &[u8], mut at: usize) -> usize {
    while let Some(skip) = memchr::memchr2(b'"', b'\\', &body[at.min(body.len())..]) {
        at += skip + 1;
        if body[at - 1] == b'"' {
            return at;
        }
        at += 1;
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(refuse_depth(nested(128).as_bytes()).is_ok());
        assert!(refuse_depth(nested(129).as_bytes()).is_err());
        let quoted = format!(r#"{{"a":"{}\"{}"}}"#, "[".repeat(200), "{".repeat(200));
        assert!(refuse_depth(quoted.as_bytes()).is_ok());
        assert!(refuse_depth(br#"{"a":"unended \"#).is_ok());
    }

    #[test]
    fn complaints_name_the_path() {
        let node = Node::read(r#"{"a":7}"#, "messages[2]".to_owned()).unwrap();
        let error = node.text("a").unwrap_err();
        assert_eq!(error.param.as_deref(), Some("messages[2].a"));
        assert_eq!(error.message, "`messages[2].a` must be a string, found a number");
        assert_eq!(node.required("b").unwrap_err().message, "`messages[2].b` is missing");
    }
}
