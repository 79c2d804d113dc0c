//! Jina's vectors: OpenAI's form with fields of its own (<https://api.jina.ai/redoc>,
//! <https://jina.ai/embeddings/>).

use super::question::{Ask, Carried, no_word};
use super::request::{Dtype, Input, Part, Purpose, Truncate};
use super::rows;
use crate::json::{self, Object};
use crate::task::{Wire, Written};
use crate::{Losses, Malformed};

/// The most inputs of one call.
const MOST: usize = 512;

/// Writes the request.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    let request = ask.request;
    let mut carried = vec![
        Carried::Dimensions,
        Carried::Dtype,
        Carried::Purpose,
        Carried::Normalize,
        Carried::LateChunking,
    ];
    if request.truncate.is_some_and(|(_, it)| it != Truncate::Start) {
        carried.push(Carried::Truncate);
    }
    ask.leave(&carried, losses)?;
    if let Some((field, Dtype::Int8 | Dtype::Uint8)) = request.dtype {
        let message = "this model's vectors are floats, binary or ubinary";
        return Err(Malformed::unsupported(field, message));
    }
    let task = task(ask, losses);
    // Inputs of one document cannot be cut into calls.
    let size = if request.late_chunking == Some(true) {
        request.inputs.len().max(1)
    } else {
        ask.batch(MOST)
    };
    let objects = request.inputs.iter().any(|input| matches!(input, Input::Parts(_)));
    ask.wires(size, rows::read, |first, batch| {
        let mut inputs = Vec::with_capacity(batch.len());
        for (at, input) in batch.iter().enumerate() {
            inputs.push(one(input, first + at, objects)?);
        }
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        object.text("model", ask.to.model).list("input", inputs);
        if let Some(task) = task {
            object.text("task", task);
        }
        options(ask, &mut object);
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })
}

fn options(ask: &Ask<'_>, object: &mut Object<'_>) {
    let flag = |it: bool| if it { "true" } else { "false" };
    let request = ask.request;
    if let Some(dimensions) = request.dimensions {
        object.count("dimensions", dimensions);
    }
    match request.dtype {
        Some((_, dtype)) if dtype != Dtype::Float => {
            object.text("embedding_type", dtype.word());
        }
        _ => {}
    }
    if let Some((_, truncate)) = request.truncate.filter(|(_, it)| *it != Truncate::Start) {
        object.raw("truncate", flag(truncate == Truncate::End));
    }
    if let Some((_, normalize)) = request.normalize {
        object.raw("normalized", flag(normalize));
    }
    if let Some(late) = request.late_chunking {
        object.raw("late_chunking", flag(late));
    }
}

/// Jina's word for a purpose; code has words of its own at models made for it.
fn task(ask: &Ask<'_>, losses: &mut Losses) -> Option<&'static str> {
    let (field, purpose) = ask.request.purpose.as_ref()?;
    let code = ask.to.model.contains("code");
    let older = ask.to.model.contains("-v3");
    Some(match purpose {
        Purpose::Query if code => "nl2code.query",
        Purpose::Document if code => "nl2code.passage",
        Purpose::Query | Purpose::Question | Purpose::Fact => "retrieval.query",
        Purpose::Document => "retrieval.passage",
        Purpose::Similarity => "text-matching",
        Purpose::CodeQuery if code => "nl2code.query",
        Purpose::CodePassage if code => "nl2code.passage",
        Purpose::CodeQuery => "code.query",
        Purpose::CodePassage => "code.passage",
        Purpose::Classification if older => "classification",
        Purpose::Clustering if older => "separation",
        _ => {
            no_word(field, losses);
            return None;
        }
    })
}

/// A text, or an object where one of the inputs is one; an image stands alone.
fn one(input: &Input, at: usize, object: bool) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::new();
    if let Input::Parts(parts) = input
        && let [Part::Image(address)] = parts.as_slice()
    {
        // Its own field takes an address or bare base64.
        let data = address.strip_prefix("data:").and_then(|it| it.split_once(','));
        json::object(&mut out, |it| {
            it.text("image", data.map_or(address.as_str(), |(_, data)| data));
        });
        return Ok(out);
    }
    if input.has_image() {
        let message = "this model makes a vector of a text or of an image, not of both together";
        return Err(Malformed::incapable(format!("input[{at}]"), message));
    }
    let text = input.only_text(at)?;
    if object {
        json::object(&mut out, |it| {
            it.text("text", &text);
        });
    } else {
        json::quote(&mut out, &text);
    }
    Ok(out)
}
