//! The settings file: TOML, flattened to dotted keys that remember where they stand.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layers::SETTINGS;

/// A settings file that was read.
#[derive(Debug, Default)]
pub struct File {
    values: BTreeMap<String, (Vec<String>, String)>,
}

/// A settings file that cannot be used: `path:line:column: what is wrong`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {message}")]
pub struct BadFile {
    at: String,
    message: String,
}

impl File {
    /// Reads `text`; `path` is only for messages. Keys that nothing knows are refused.
    pub fn parse(path: &Path, text: &str) -> Result<File, BadFile> {
        let place = |span: &Range<usize>| place(path, text, span.start);
        let table = DeTable::parse(text).map_err(|error| BadFile {
            at: place(&error.span().unwrap_or_default()),
            message: error.message().to_owned(),
        })?;
        let mut values = BTreeMap::new();
        flatten("", table.get_ref(), &place, &mut values)?;
        Ok(File { values })
    }

    /// The texts under a dotted key, and where they stand.
    pub fn get(&self, key: &str) -> Option<(&[String], String)> {
        self.values.get(key).map(|(texts, at)| (texts.as_slice(), at.clone()))
    }
}

fn flatten(
    prefix: &str,
    table: &DeTable<'_>,
    place: &dyn Fn(&Range<usize>) -> String,
    values: &mut BTreeMap<String, (Vec<String>, String)>,
) -> Result<(), BadFile> {
    for (name, value) in table.iter() {
        let key = format!("{prefix}{}", name.get_ref());
        if let DeValue::Table(inner) = value.get_ref() {
            let section = format!("{key}.");
            if !SETTINGS.iter().any(|it| it.key.starts_with(&section)) {
                return Err(unknown(&key, place(&name.span())));
            }
            flatten(&section, inner, place, values)?;
            continue;
        }
        let Some(setting) = SETTINGS.iter().find(|it| it.key == key) else {
            return Err(unknown(&key, place(&name.span())));
        };
        let at = place(&value.span());
        let texts =
            texts(value, setting.list).map_err(|message| BadFile { at: at.clone(), message })?;
        values.insert(key, (texts, at));
    }
    Ok(())
}

fn texts(value: &Spanned<DeValue<'_>>, list: bool) -> Result<Vec<String>, String> {
    match value.get_ref() {
        DeValue::Array(items) if list => items.iter().map(scalar).collect(),
        DeValue::Array(_) => Err("expected one value, not a list".to_owned()),
        _ => scalar(value).map(|it| vec![it]),
    }
}

fn scalar(value: &Spanned<DeValue<'_>>) -> Result<String, String> {
    match value.get_ref() {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) => Ok(number.as_str().to_owned()),
        DeValue::Boolean(on) => Ok(on.to_string()),
        other => {
            Err(format!("expected text, a whole number or true/false, not {}", other.type_str()))
        }
    }
}

fn unknown(key: &str, at: String) -> BadFile {
    let known: Vec<&str> = SETTINGS.iter().map(|it| it.key).collect();
    BadFile { at, message: format!("unknown key `{key}`; known are {}", known.join(", ")) }
}

fn place(path: &Path, text: &str, offset: usize) -> String {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
    format!("{}:{line}:{column}", path.display())
}
