//! The values of one row on their way into a statement, whichever engine takes it.

use serde::Serialize;
use sqlx::Postgres;
use sqlx::query_builder::Separated;
use sqlx::types::Json;
use uuid::Uuid;

/// Takes the values of one row, in the order of its statement's columns. `None` is NULL.
pub(crate) trait Row {
    fn id(&mut self, value: impl Into<Option<Uuid>>) -> &mut Self;
    fn int(&mut self, value: impl Into<Option<i64>>) -> &mut Self;
    fn flag(&mut self, value: bool) -> &mut Self;
    fn text<'t>(&mut self, value: impl Into<Option<&'t str>>) -> &mut Self;
    fn json(&mut self, value: &impl Serialize) -> &mut Self;
}

impl Row for Separated<'_, Postgres, &'static str> {
    fn id(&mut self, value: impl Into<Option<Uuid>>) -> &mut Self {
        self.push_bind(value.into())
    }

    fn int(&mut self, value: impl Into<Option<i64>>) -> &mut Self {
        self.push_bind(value.into())
    }

    fn flag(&mut self, value: bool) -> &mut Self {
        self.push_bind(value)
    }

    fn text<'t>(&mut self, value: impl Into<Option<&'t str>>) -> &mut Self {
        self.push_bind(value.into())
    }

    fn json(&mut self, value: &impl Serialize) -> &mut Self {
        self.push_bind(Json(value))
    }
}
