//! Named changes to a body, applied in one go to the client's own bytes.

use std::borrow::Cow;

use bytes::Bytes;

use super::RawObject;

/// Named changes to a body, in the order they are made: each sees what those before it left.
#[derive(Debug, Default)]
pub struct Edits(Vec<Edit>);

#[derive(Debug)]
struct Edit {
    key: Cow<'static, str>,
    change: Change,
    /// What the caller is told.
    name: Cow<'static, str>,
}

#[derive(Debug)]
enum Change {
    Set(String),
    Rename(&'static str),
    Remove,
}

impl Edits {
    /// Gives `key` the value `json`, adding the field if it is not there. `name` is what the
    /// caller is told.
    pub fn set(&mut self, key: &'static str, json: String, name: impl Into<Cow<'static, str>>) {
        self.push(Cow::Borrowed(key), Change::Set(json), name.into());
    }

    /// Calls the field `key`, if it is there, `to`. A field that had that name gives way.
    pub fn rename(
        &mut self,
        key: &'static str,
        to: &'static str,
        name: impl Into<Cow<'static, str>>,
    ) {
        self.push(Cow::Borrowed(key), Change::Rename(to), name.into());
    }

    /// Takes the field `key` out, if it is there.
    pub fn remove(&mut self, key: &str, name: impl Into<Cow<'static, str>>) {
        self.push(Cow::Owned(key.to_owned()), Change::Remove, name.into());
    }

    /// Whether the body goes out as it came in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the caller is told, in the order of the changes.
    pub fn names(&self) -> impl Iterator<Item = &Cow<'static, str>> {
        self.0.iter().map(|edit| &edit.name)
    }

    /// `body`, which `object` was read from, with the changes: slices of it and replacement
    /// texts, in order. Nothing of the client's is copied.
    pub fn apply(&self, object: &RawObject<'_>, body: &Bytes) -> Vec<Bytes> {
        debug_assert_eq!(object.body(), &body[..], "the object was read from another body");
        if self.is_empty() {
            return vec![body.clone()];
        }
        Draft::new(object, self).write(body)
    }

    fn push(&mut self, key: Cow<'static, str>, change: Change, name: Cow<'static, str>) {
        self.0.push(Edit { key, change, name });
    }
}

/// The fields as they will be: the client's first, in its order, then those added.
struct Draft<'d> {
    object: &'d RawObject<'d>,
    fields: Vec<DraftField<'d>>,
}

struct DraftField<'d> {
    key: &'d str,
    renamed: bool,
    /// A value in place of the client's.
    json: Option<&'d str>,
    removed: bool,
}

impl<'d> Draft<'d> {
    fn new(object: &'d RawObject<'d>, edits: &'d Edits) -> Draft<'d> {
        let field = |key| DraftField { key, renamed: false, json: None, removed: false };
        let fields = object.keys().map(field).collect();
        let mut draft = Draft { object, fields };
        for edit in &edits.0 {
            draft.change(edit);
        }
        draft
    }

    fn change(&mut self, edit: &'d Edit) {
        let find = |key: &str| self.fields.iter().position(|f| !f.removed && f.key == key);
        let at = find(&edit.key);
        match (&edit.change, at) {
            (Change::Set(json), Some(at)) => self.fields[at].json = Some(json),
            (Change::Set(json), None) => self.fields.push(DraftField {
                key: &edit.key,
                renamed: false,
                json: Some(json),
                removed: false,
            }),
            (Change::Rename(to), Some(at)) => {
                if let Some(other) = find(to).filter(|other| *other != at) {
                    self.fields[other].removed = true;
                }
                self.fields[at].key = to;
                self.fields[at].renamed = true;
            }
            (Change::Remove, Some(at)) => self.fields[at].removed = true,
            (Change::Rename(_) | Change::Remove, None) => (),
        }
    }

    fn write(&self, body: &Bytes) -> Vec<Bytes> {
        let (own, added) = self.fields.split_at(self.object.fields.len());
        let last_kept = own.iter().rposition(|field| !field.removed);
        let mut out = Pieces { body, done: 0, pieces: Vec::with_capacity(2 * self.fields.len()) };
        self.write_added(added, last_kept.is_some(), &mut out);
        for (at, (field, place)) in own.iter().zip(&self.object.fields).enumerate() {
            if field.removed {
                let after_last_kept = last_kept.is_none_or(|last| at > last);
                // Up to the next field, so that its comma goes too; the fields after the last
                // one kept take the comma before them instead.
                if !after_last_kept {
                    out.replace(place.span.start, self.object.fields[at + 1].span.start, "");
                }
                continue;
            }
            if field.renamed {
                let key_end = place.span.start + key_len(body, place.span.start);
                out.replace(place.span.start, key_end, &quote(field.key));
            }
            if let Some(json) = field.json {
                out.replace(place.value, place.span.end, json);
            }
        }
        if let Some(last) = self.object.fields.last() {
            let from = match last_kept {
                Some(at) => self.object.fields[at].span.end,
                None => self.object.fields[0].span.start,
            };
            out.replace(from, last.span.end, "");
        }
        out.finish()
    }

    /// New fields go first: right after the brace, wherever the rest ends.
    fn write_added(&self, added: &[DraftField<'_>], any_kept: bool, out: &mut Pieces<'_>) {
        let mut text = String::new();
        for field in added.iter().filter(|field| !field.removed) {
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(&quote(field.key));
            text.push(':');
            text.push_str(field.json.unwrap_or("null"));
        }
        if any_kept && !text.is_empty() {
            text.push(',');
        }
        out.replace(self.object.open, self.object.open, &text);
    }
}

/// The body so far: its own slices up to `done`, with the replacements between.
struct Pieces<'b> {
    body: &'b Bytes,
    done: usize,
    pieces: Vec<Bytes>,
}

impl Pieces<'_> {
    /// Puts `text` in place of `from..to`, which must not lie before what is done.
    fn replace(&mut self, from: usize, to: usize, text: &str) {
        if from == to && text.is_empty() {
            return;
        }
        if from > self.done {
            self.pieces.push(self.body.slice(self.done..from));
        }
        if !text.is_empty() {
            self.pieces.push(Bytes::copy_from_slice(text.as_bytes()));
        }
        self.done = to;
    }

    fn finish(mut self) -> Vec<Bytes> {
        if self.done < self.body.len() {
            self.pieces.push(self.body.slice(self.done..));
        }
        self.pieces
    }
}

/// The length of the quoted key that begins at `at` of a body that was read.
fn key_len(body: &[u8], at: usize) -> usize {
    super::scan::string(body, at + 1).map_or(0, |end| end - at)
}

fn quote(key: &str) -> String {
    serde_json::Value::from(key).to_string()
}
