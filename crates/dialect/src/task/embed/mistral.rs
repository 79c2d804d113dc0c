//! Mistral's vectors: OpenAI's form with names of its own (types of the `mistralai` package,
//! `EmbeddingRequest`; <https://docs.mistral.ai/api/#tag/embeddings>). Unknown fields are refused
//! there (status 422).

use super::question::{Ask, Carried};
use super::{plain, rows};
use crate::json::Object;
use crate::task::{Wire, Written};
use crate::{Losses, Malformed};

/// No number is documented, only 16,384 tokens: so many texts of a paragraph.
const MOST: usize = 128;

/// Writes the request.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    ask.leave(&[Carried::Dimensions, Carried::Dtype], losses)?;
    ask.wires(ask.batch(MOST), rows::read, |first, batch| {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        object.text("model", ask.to.model).list("input", plain::texts(batch, first)?);
        if let Some(dimensions) = ask.request.dimensions {
            object.count("output_dimension", dimensions);
        }
        if let Some((_, dtype)) = ask.request.dtype {
            object.text("output_dtype", dtype.word());
        }
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })
}
