//! One page of a list: items and where the next page begins.

use serde::Serialize;

/// Some items of a longer list, newest first, with an opaque cursor for the rest.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    /// What is on this page.
    pub items: Vec<T>,
    /// Pass it as `cursor` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
