//! Asks a provider of OpenAI's grammar what came in another one
//! (<https://platform.openai.com/docs/api-reference/embeddings/create>).

use super::question::{Ask, Carried};
use super::request::{EmbedRequest, Input};
use super::rows;
use crate::json::{self, Object};
use crate::task::{Wire, Written};
use crate::{Losses, Malformed};

/// OpenAI's own limit.
pub(super) const MOST: usize = 2048;

/// Writes the request.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    ask.leave(&[Carried::Dimensions, Carried::User], losses)?;
    ask.wires(ask.batch(MOST), rows::read, |first, batch| {
        let mut body = Vec::new();
        let texts = texts(batch, first)?;
        json::object(&mut body, |object| {
            object.text("model", ask.to.model).list("input", &texts);
            options(ask.request, object);
        });
        Ok(Wire::json(vec![body.into()]))
    })
}

fn options(request: &EmbedRequest, object: &mut Object<'_>) {
    if let Some(dimensions) = request.dimensions {
        object.count("dimensions", dimensions);
    }
    if let Some(user) = &request.user {
        object.text("user", user);
    }
    object.text("encoding_format", "float");
}

/// A batch as JSON strings; `first` is the place of its first input.
pub(super) fn texts(batch: &[Input], first: usize) -> Result<Vec<Vec<u8>>, Malformed> {
    let quote = |(at, input): (usize, &Input)| {
        let mut out = Vec::new();
        json::quote(&mut out, &input.only_text(first + at)?);
        Ok(out)
    };
    batch.iter().enumerate().map(quote).collect()
}
