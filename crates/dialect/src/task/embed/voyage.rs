//! Voyage's vectors (<https://docs.voyageai.com/reference/embeddings-api>,
//! <https://docs.voyageai.com/reference/multimodal-embeddings-api>; the `voyageai` package).

use super::question::{Ask, Carried, no_word};
use super::request::{Part, Purpose, Truncate};
use super::{plain, rows};
use crate::json::{self, Object};
use crate::task::{Wire, Written};
use crate::{Losses, Malformed};

/// The most inputs of one call.
const MOST: usize = 1000;

/// Writes the request. Models that see stand at a path of their own.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    let mut carried = vec![Carried::Dimensions, Carried::Dtype, Carried::Purpose];
    if ask.request.truncate.is_some_and(|(_, it)| it != Truncate::Start) {
        carried.push(Carried::Truncate);
    }
    ask.leave(&carried, losses)?;
    let kind = input_type(ask, losses);
    let sees = ask.to.model.starts_with("voyage-multimodal");
    ask.wires(ask.batch(MOST), rows::read, |first, batch| {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        object.text("model", ask.to.model);
        if sees {
            let mut inputs = Vec::with_capacity(batch.len());
            for (at, input) in batch.iter().enumerate() {
                inputs.push(content(&input.parts(first + at)?));
            }
            object.list("inputs", inputs);
        } else {
            object.list("input", plain::texts(batch, first)?);
        }
        if let Some(kind) = kind {
            object.text("input_type", kind);
        }
        options(ask, &mut object);
        object.close();
        let path = if sees { "/multimodalembeddings" } else { "/embeddings" };
        Ok(Wire::json(vec![body.into()]).at(path))
    })
}

fn options(ask: &Ask<'_>, object: &mut Object<'_>) {
    match ask.request.truncate {
        Some((_, Truncate::Never)) => object.raw("truncation", "false"),
        Some((_, Truncate::End)) => object.raw("truncation", "true"),
        Some((_, Truncate::Start)) | None => object,
    };
    if let Some(dimensions) = ask.request.dimensions {
        object.count("output_dimension", dimensions);
    }
    if let Some((_, dtype)) = ask.request.dtype {
        object.text("output_dtype", dtype.word());
    }
}

fn input_type(ask: &Ask<'_>, losses: &mut Losses) -> Option<&'static str> {
    let (field, purpose) = ask.request.purpose.as_ref()?;
    match purpose {
        Purpose::Query | Purpose::Question | Purpose::Fact | Purpose::CodeQuery => Some("query"),
        Purpose::Document | Purpose::CodePassage => Some("document"),
        _ => {
            no_word(field, losses);
            None
        }
    }
}

/// The parts of one input.
fn content(parts: &[Part]) -> Vec<u8> {
    let part = |part: &Part| {
        let mut out = Vec::new();
        json::object(&mut out, |it| {
            match part {
                Part::Text(text) => it.text("type", "text").text("text", text),
                Part::Image(data) if data.starts_with("data:") => {
                    it.text("type", "image_base64").text("image_base64", data)
                }
                Part::Image(address) => it.text("type", "image_url").text("image_url", address),
            };
        });
        out
    };
    let mut out = Vec::new();
    json::object(&mut out, |it| {
        it.list("content", parts.iter().map(part));
    });
    out
}
