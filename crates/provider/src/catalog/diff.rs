//! What is different between two catalogs, before one takes the other's place.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::iter::Peekable;

use serde::Serialize;
use serde_json::Value;

use super::public::price_key;
use super::{Catalog, CatalogModel};

/// Which model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Key {
    /// The kind's id.
    pub provider: String,
    /// The vendor's name for the model.
    pub model: String,
}

/// One model's difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// Only the newer one has it.
    Added(Key),
    /// Only the older one has it.
    Removed(Key),
    /// Both have it and differ.
    Changed {
        /// Which model.
        #[serde(flatten)]
        key: Key,
        /// Each field that differs, by name. Prices are named as the public catalog names them.
        fields: Vec<FieldChange>,
    },
}

/// A field's old and new value, as JSON; `None` where it is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Its name: `max_output`, `abilities.tools`, `prices.input_per_1m`.
    pub field: String,
    /// In the older catalog.
    pub old: Option<String>,
    /// In the newer one.
    pub new: Option<String>,
}

impl Change {
    /// Whether it says more than that the same was read again from another source or on another day.
    pub fn is_news(&self) -> bool {
        let Change::Changed { fields, .. } = self else { return true };
        fields.iter().any(|it| !matches!(it.field.as_str(), "source" | "as_of"))
    }
}

/// Every difference, sorted by provider and model.
pub fn diff(old: &Catalog, new: &Catalog) -> Vec<Change> {
    let (mut old, mut new) = (old.models().peekable(), new.models().peekable());
    let mut changes = Vec::new();
    while let Some(change) = step(&mut old, &mut new) {
        changes.extend(change);
    }
    changes
}

/// One row of the older, of the newer or of both; `None` at the end of both.
fn step(
    old: &mut Peekable<impl Iterator<Item = CatalogModel>>,
    new: &mut Peekable<impl Iterator<Item = CatalogModel>>,
) -> Option<Option<Change>> {
    let order = match (old.peek(), new.peek()) {
        (Some(one), Some(other)) => key(one).cmp(&key(other)),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => return None,
    };
    Some(match order {
        Ordering::Less => Some(Change::Removed(key(&old.next()?))),
        Ordering::Greater => Some(Change::Added(key(&new.next()?))),
        Ordering::Equal => changed(&old.next()?, &new.next()?),
    })
}

fn key(row: &CatalogModel) -> Key {
    Key { provider: row.provider.clone(), model: row.model.clone() }
}

fn changed(old: &CatalogModel, new: &CatalogModel) -> Option<Change> {
    if old == new {
        return None;
    }
    let (before, mut after) = (fields(old), fields(new));
    let mut fields = Vec::new();
    for (field, old) in before {
        let new = after.remove(&field);
        if new.as_ref() != Some(&old) {
            fields.push(FieldChange { field, old: Some(old), new });
        }
    }
    fields.extend(after.into_iter().map(|(field, it)| FieldChange {
        field,
        old: None,
        new: Some(it),
    }));
    fields.sort_by(|one, other| one.field.cmp(&other.field));
    (!fields.is_empty()).then(|| Change::Changed { key: key(new), fields })
}

/// A row as flat names and values.
fn fields(row: &CatalogModel) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    let Ok(Value::Object(map)) = serde_json::to_value(row) else { return flat };
    for (name, value) in map {
        match value {
            Value::Object(inner) => {
                flat.extend(
                    inner.into_iter().map(|(it, value)| (format!("{name}.{it}"), shown(&value))),
                );
            }
            _ if name == "prices" => {}
            value => {
                flat.insert(name, shown(&value));
            }
        }
    }
    let prices =
        row.prices.iter().map(|it| (format!("prices.{}", price_key(it)), it.amount.to_string()));
    flat.extend(prices);
    flat
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `+ openai/gpt-6`, `- openai/gpt-4`, `~ openai/gpt-5: prices.input_per_1m 1.25 -> 1`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added(key) => write!(f, "+ {key}"),
            Change::Removed(key) => write!(f, "- {key}"),
            Change::Changed { key, fields } => {
                write!(f, "~ {key}: ")?;
                for (index, it) in fields.iter().enumerate() {
                    let comma = if index > 0 { ", " } else { "" };
                    let text =
                        |it: &Option<String>| it.clone().unwrap_or_else(|| "unknown".to_owned());
                    write!(f, "{comma}{} {} -> {}", it.field, text(&it.old), text(&it.new))?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}
