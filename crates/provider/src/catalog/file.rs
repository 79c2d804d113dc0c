//! The catalog's text: reading one from outside into its sorted form, and finding lines in it.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::price::CatalogPrice;
use super::row::CatalogModel;

/// Most bytes of a catalog from outside.
pub const MAX_BYTES: usize = 16 << 20;
/// Most rows of one.
pub const MAX_MODELS: usize = 20_000;
const MAX_NAME: usize = 256;
const MAX_SOURCE: usize = 512;
const MAX_LIST: usize = 64;

/// Why a catalog from outside is not taken. Nothing of it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCatalog {
    /// More bytes than a catalog may have.
    #[error("{0} bytes: a catalog has at most {MAX_BYTES}")]
    TooLarge(usize),
    /// More rows than a catalog may have.
    #[error("{0} rows: a catalog has at most {MAX_MODELS}")]
    TooMany(usize),
    /// Not a JSON array.
    #[error("a catalog is a JSON array of rows: {0}")]
    NotAnArray(String),
    /// A row that is none.
    #[error("row {row}{}, {field}: {why}", named(.name))]
    Row {
        /// 1 is the first.
        row: usize,
        /// Its `provider/model`, where it has both.
        name: String,
        /// The field, as a path.
        field: String,
        /// What is wrong with it.
        why: String,
    },
    /// The same model twice.
    #[error(
        "row {row} ({name}): this model is in the catalog already; a row is a (provider, model)"
    )]
    Twice {
        /// 1 is the first.
        row: usize,
        /// Its `provider/model`.
        name: String,
    },
}

fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" ({name})") }
}

/// What a line is sorted and found by.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    provider: Cow<'a, str>,
    #[serde(borrow)]
    model: Cow<'a, str>,
}

/// The text of a catalog from outside: every row checked, sorted, one per line.
pub(super) fn canonical(bytes: &[u8]) -> Result<String, BadCatalog> {
    if bytes.len() > MAX_BYTES {
        return Err(BadCatalog::TooLarge(bytes.len()));
    }
    let not_an_array = |error: serde_json::Error| BadCatalog::NotAnArray(error.to_string());
    let raw: Vec<&RawValue> = serde_json::from_slice(bytes).map_err(not_an_array)?;
    if raw.len() > MAX_MODELS {
        return Err(BadCatalog::TooMany(raw.len()));
    }
    let mut rows = Vec::with_capacity(raw.len());
    for (index, text) in raw.iter().enumerate() {
        rows.push((index + 1, checked(index + 1, text.get())?));
    }
    let key = |row: &CatalogModel| (row.provider.clone(), row.model.clone());
    rows.sort_by_key(|(_, row)| key(row));
    if let Some([_, (row, it)]) = rows.windows(2).find(|it| key(&it[0].1) == key(&it[1].1)) {
        return Err(BadCatalog::Twice { row: *row, name: format!("{}/{}", it.provider, it.model) });
    }
    Ok(written(rows.iter().map(|(_, row)| row)))
}

fn written<'a>(rows: impl Iterator<Item = &'a CatalogModel>) -> String {
    let lines: Vec<String> = rows.filter_map(|row| serde_json::to_string(row).ok()).collect();
    if lines.is_empty() {
        return "[\n]\n".to_owned();
    }
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// A row that says what a row must say.
fn checked(row: usize, text: &str) -> Result<CatalogModel, BadCatalog> {
    let name = serde_json::from_str::<Head<'_>>(text)
        .map_or_else(|_| String::new(), |head| format!("{}/{}", head.provider, head.model));
    let name: String = name.chars().filter(|it| !it.is_control()).take(80).collect();
    let wrong = |field: &str, why: String| BadCatalog::Row {
        row,
        name: name.clone(),
        field: field.to_owned(),
        why,
    };
    let reader = &mut serde_json::Deserializer::from_str(text);
    let model: CatalogModel = serde_path_to_error::deserialize(reader)
        .map_err(|error| wrong(&error.path().to_string(), error.inner().to_string()))?;
    match complaint(&model) {
        Some((field, why)) => Err(wrong(&field, why)),
        None => Ok(model),
    }
}

/// What no type of a field can say: lengths, and what contradicts another field.
fn complaint(it: &CatalogModel) -> Option<(String, String)> {
    let kind = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_id = !it.provider.is_empty() && it.provider.bytes().all(kind);
    let limits = [
        ("context_window", it.context_window),
        ("max_output", it.max_output),
        ("min_output", it.min_output),
    ];
    let lists = [
        ("families", it.families.len()),
        ("refuses", it.refuses.len()),
        ("input", it.input.len()),
        ("output", it.output.len()),
        ("prices", it.prices.len()),
    ];
    let no = |field: &str, why: &str| Some((field.to_owned(), why.to_owned()));
    if !is_id || it.provider.len() > MAX_NAME {
        return no("provider", "expected a kind's id: lower-case letters, digits and hyphens");
    }
    for (field, text, most) in [("model", &it.model, MAX_NAME), ("source", &it.source, MAX_SOURCE)]
    {
        if text.trim() != text || text.is_empty() || text.len() > most {
            return no(field, "expected text without spaces around it, of a bearable length");
        }
        if text.chars().any(char::is_control) {
            return no(field, "control characters");
        }
    }
    if it.families.is_empty() {
        return no("families", "expected at least one: where is it served?");
    }
    if let Some((field, _)) = lists.into_iter().find(|&(_, len)| len > MAX_LIST) {
        return no(field, "a list of more than 64 entries");
    }
    if let Some((field, _)) = limits.into_iter().find(|&(_, limit)| limit == Some(0)) {
        return no(field, "0 tokens: leave out what is not known");
    }
    if it.free && !it.prices.is_empty() {
        return no("free", "it has prices");
    }
    repeated(&it.prices)
        .map(|at| (format!("prices[{at}]"), "this unit has a price already".to_owned()))
}

/// The place of a price whose unit, tier and currency another has before it.
fn repeated(prices: &[CatalogPrice]) -> Option<usize> {
    let key = |it: &CatalogPrice| (it.unit, it.above_context, it.batch, it.currency);
    (1..prices.len()).find(|&at| prices[..at].iter().any(|it| key(it) == key(&prices[at])))
}

/// The rows of a canonical text.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    rows(text).lines().map(row)
}

/// The rows of one kind.
pub(super) fn lines_of<'a>(text: &'a str, kind: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    let text = rows(text);
    let start = first_not(text, |head| head.provider.as_ref() < kind);
    let end = first_not(text, |head| head.provider.as_ref() <= kind);
    text.get(start..end).unwrap_or_default().lines().map(row)
}

/// The row of one model.
pub(super) fn find<'a>(text: &'a str, kind: &str, model: &str) -> Option<&'a str> {
    let text = rows(text);
    let order = |head: &Head<'_>| (head.provider.as_ref(), head.model.as_ref()).cmp(&(kind, model));
    let start = first_not(text, |head| order(head) == Ordering::Less);
    let line = row(text.get(start..)?.lines().next()?);
    let head: Head<'_> = serde_json::from_str(line).ok()?;
    (order(&head) == Ordering::Equal).then_some(line)
}

/// Where the first row starts that is not `before`, by halving: about eleven rows are looked at.
fn first_not(text: &str, before: impl Fn(&Head<'_>) -> bool) -> usize {
    let (mut low, mut high) = (0, text.len());
    while low < high {
        let bytes = text.as_bytes();
        let middle = low + (high - low) / 2;
        let start =
            bytes[low..middle].iter().rposition(|&it| it == b'\n').map_or(low, |at| low + at + 1);
        let end = bytes[start..]
            .iter()
            .position(|&it| it == b'\n')
            .map_or(text.len(), |at| start + at + 1);
        let head =
            text.get(start..end).and_then(|it| serde_json::from_str(row(it.trim_end())).ok());
        if head.is_some_and(|it| before(&it)) {
            low = end;
        } else {
            high = start;
        }
    }
    low
}

/// A canonical text without its brackets.
fn rows(text: &str) -> &str {
    text.strip_prefix("[\n").and_then(|it| it.strip_suffix("]\n")).unwrap_or_default()
}

fn row(line: &str) -> &str {
    line.strip_suffix(',').unwrap_or(line)
}
