//! Pages of a list, newest first: the cursor is the id of the last item seen.

use uuid::Uuid;
use wayleave_model::page::Page;

use crate::error::StoreError;

/// The most items of one page.
pub const MAX_LIMIT: u32 = 500;

/// Which page of a list.
#[derive(Clone, Debug)]
pub struct Listing {
    /// `next_cursor` of the page before; `None`: the first page.
    pub cursor: Option<String>,
    /// At most so many items, 1 to [`MAX_LIMIT`]; more or less is taken as the nearest.
    pub limit: u32,
}

impl Default for Listing {
    fn default() -> Listing {
        Listing { cursor: None, limit: 50 }
    }
}

impl Listing {
    /// The first page, as long as pages can be.
    pub fn longest() -> Listing {
        Listing { cursor: None, limit: MAX_LIMIT }
    }

    /// Ids of this page are below that one. The highest id of all is never minted.
    pub(crate) fn before(&self) -> Result<Uuid, StoreError> {
        match &self.cursor {
            None => Ok(Uuid::max()),
            Some(text) => Uuid::try_parse(text).map_err(|_| StoreError::BadCursor),
        }
    }

    /// The same for lists that are numbered within something.
    pub(crate) fn before_number(&self) -> Result<i64, StoreError> {
        match &self.cursor {
            None => Ok(i64::MAX),
            Some(text) => text.parse().map_err(|_| StoreError::BadCursor),
        }
    }

    pub(crate) fn limit(&self) -> u32 {
        self.limit.clamp(1, MAX_LIMIT)
    }

    /// One more than the page holds: whether it is there tells whether another page is.
    pub(crate) fn fetch(&self) -> i64 {
        i64::from(self.limit()) + 1
    }

    /// The page of what [`Listing::fetch`] brought.
    pub(crate) fn page<T>(&self, mut items: Vec<T>, cursor: impl Fn(&T) -> String) -> Page<T> {
        let limit = self.limit() as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = items.last().filter(|_| more).map(cursor);
        Page { items, next_cursor }
    }
}

/// The cursor of a list that is ordered by id.
pub(crate) fn by_id(id: Uuid) -> String {
    id.simple().to_string()
}
