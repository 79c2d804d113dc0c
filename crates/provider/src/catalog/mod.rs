//! The catalog: what is publicly known of models, with a source and a date for every row.
//!
//! The rows are one text in the binary, a model per line, sorted: a model is found by halving it, and
//! nothing parsed is kept, so the catalog costs no memory while nobody asks. `docs/catalog.md` says
//! where the rows are from and how they are refreshed.

mod diff;
mod file;
mod fill;
mod price;
mod public;
mod row;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::OnceLock;

use aws_lc_rs::digest;

pub use diff::{Change, FieldChange, Key, diff};
pub use file::{BadCatalog, MAX_BYTES, MAX_MODELS};
pub use price::{Amount, CatalogPrice, Currency, RateDraft};
pub use public::{public_json, public_row};
pub use row::{Abilities, CatalogModel, Modality, Verified};

/// The rows that this version was built with.
static BUILT_IN: &str = include_str!("../../catalog/models.json");

/// Rows of models, checked, sorted by provider and model, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// `[`, a row per line, `]`: the form that `file` makes and the tests hold the built-in one to.
    text: Cow<'static, str>,
}

impl Catalog {
    /// The rows that this version was built with.
    pub const fn built_in() -> Catalog {
        Catalog { text: Cow::Borrowed(BUILT_IN) }
    }

    /// A catalog from outside: a JSON array of rows, in any order and layout.
    ///
    /// # Errors
    /// [`BadCatalog`]: which row, which field, and what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Catalog, BadCatalog> {
        Ok(Catalog { text: Cow::Owned(file::canonical(bytes)?) })
    }

    /// The catalog whose [`Catalog::as_str`] was kept: it was checked when it was read, and is not
    /// checked again. Rows of another version that this one cannot read are as if they were not there.
    pub fn kept(text: String) -> Catalog {
        Catalog { text: Cow::Owned(text) }
    }

    /// SHA-256 of [`Catalog::as_str`], as lower-case hex: two catalogs with the same rows have the
    /// same.
    pub fn digest(&self) -> Cow<'static, str> {
        static OF_BUILT_IN: OnceLock<String> = OnceLock::new();
        match &self.text {
            Cow::Borrowed(text) => Cow::Borrowed(OF_BUILT_IN.get_or_init(|| sha256(text))),
            Cow::Owned(text) => Cow::Owned(sha256(text)),
        }
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        file::lines(&self.text).count()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        file::lines(&self.text).next().is_none()
    }

    /// The text that [`Catalog::read`] takes: a JSON array, one row per line.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The row of a kind's model, by the vendor's own name for it.
    pub fn find(&self, kind: &str, model: &str) -> Option<CatalogModel> {
        file::find(&self.text, kind, model).and_then(parse)
    }

    /// Every row, parsed one at a time.
    pub fn models(&self) -> impl Iterator<Item = CatalogModel> + '_ {
        file::lines(&self.text).filter_map(parse)
    }

    /// The rows of one kind.
    pub fn of_kind<'a>(&'a self, kind: &str) -> impl Iterator<Item = CatalogModel> + use<'a> {
        file::lines_of(&self.text, kind).filter_map(parse)
    }
}

/// The row of a kind's model in the built-in catalog.
pub fn find(kind: &str, model: &str) -> Option<CatalogModel> {
    Catalog::built_in().find(kind, model)
}

/// Every row of the built-in catalog, parsed one at a time.
pub fn all() -> impl Iterator<Item = CatalogModel> {
    file::lines(BUILT_IN).filter_map(parse)
}

fn sha256(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// No row is lost here: what `file` let in parses, and a test parses every built-in line.
fn parse(line: &str) -> Option<CatalogModel> {
    serde_json::from_str(line).ok()
}
