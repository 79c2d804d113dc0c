//! What one writer's part of the configuration is, by names like `credential/p/c`.

use std::collections::BTreeMap;

use serde_json::Value;

/// Each thing by its name, and what is so of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Things(pub(crate) BTreeMap<String, Value>);

impl Things {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The rest of the names that begin so.
    pub(crate) fn below(&self, start: &str) -> Vec<String> {
        let names = self.0.keys().filter_map(|it| it.strip_prefix(start));
        names.map(str::to_owned).collect()
    }

    /// The same with one thing so.
    pub(crate) fn with(&self, name: &str, value: Value) -> Things {
        let mut all = self.clone();
        all.0.insert(name.to_owned(), value);
        all
    }

    /// The same with one field of a thing so.
    pub(crate) fn set(&self, name: &str, field: &str, value: Value) -> Things {
        let mut all = self.clone();
        if let Some(thing) = all.0.get_mut(name) {
            thing[field] = value;
        }
        all
    }

    /// The same without the things whose names begin so.
    pub(crate) fn without(&self, start: &str) -> Things {
        let mut all = self.clone();
        all.0.retain(|name, _| !name.starts_with(start));
        all
    }
}
