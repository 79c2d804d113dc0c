//! Cohere's vectors, version 2 (<https://docs.cohere.com/reference/embed>; types of the `cohere`
//! package).
//!
//! Cohere demands an `input_type`: where the client says none, `search_document` is sent, a named
//! edit. Models of version 3 take texts or one image in a call, later ones both in one input.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Rows, Told};
use super::plain;
use super::question::{Ask, Carried, no_word};
use super::request::{Input, Part, Purpose};
use super::vector::Vector;
use crate::error::Fault;
use crate::json::{self, Object};
use crate::task::{Said, Wire, Written, said};
use crate::{Losses, Malformed};

/// The most inputs of one call.
const MOST: usize = 96;

/// What its requests carry.
pub(super) const CARRIED: &[Carried] =
    &[Carried::Dimensions, Carried::Dtype, Carried::Purpose, Carried::Truncate];

/// Writes the request.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    ask.leave(CARRIED, losses)?;
    let kind = input_type(ask, losses);
    let third = ask.to.model.contains("-v3");
    let images = ask.request.has_images();
    let size = if third && images { 1 } else { ask.batch(MOST) };
    let mut written = ask.wires(size, read, |first, batch| {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        object.text("model", ask.to.model);
        inputs(&mut object, batch, first, kind, third && images, image_object)?;
        if let Some((_, truncate)) = ask.request.truncate {
            object.text("truncate", truncate.word());
        }
        options(ask, &mut object);
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })?;
    if ask.request.purpose.is_none() {
        written.edits.push("input_type".into());
    }
    Ok(written)
}

/// How many dimensions, and of what.
pub(super) fn options(ask: &Ask<'_>, object: &mut Object<'_>) {
    if let Some(dimensions) = ask.request.dimensions {
        object.count("output_dimension", dimensions);
    }
    object.with("embedding_types", |out| {
        out.push(b'[');
        json::quote(out, ask.request.numbers().word());
        out.push(b']');
    });
}

/// The word that Cohere demands.
pub(super) fn input_type(ask: &Ask<'_>, losses: &mut Losses) -> &'static str {
    let Some((field, purpose)) = &ask.request.purpose else { return "search_document" };
    match purpose {
        Purpose::Query | Purpose::Question | Purpose::Fact | Purpose::CodeQuery => "search_query",
        Purpose::Document | Purpose::CodePassage => "search_document",
        Purpose::Classification => "classification",
        Purpose::Clustering => "clustering",
        Purpose::Other(word) if word == "image" => "search_document",
        Purpose::Similarity | Purpose::Other(_) => {
            no_word(field, losses);
            "search_document"
        }
    }
}

/// How an image stands in a part.
type WriteImage = fn(&mut Object<'_>, &str);

/// `texts`, `images` or, where an input has both, `inputs`; and what they are for.
pub(super) fn inputs(
    object: &mut Object<'_>,
    batch: &[Input],
    first: usize,
    kind: &str,
    apart: bool,
    image: WriteImage,
) -> Result<(), Malformed> {
    if !batch.iter().any(Input::has_image) {
        object.text("input_type", kind).list("texts", plain::texts(batch, first)?);
        return Ok(());
    }
    if apart {
        let Some(address) = batch.first().and_then(only_image) else {
            return Err(Malformed::incapable(
                format!("input[{first}]"),
                "this model makes a vector of a text or of an image, not of both together",
            ));
        };
        let mut quoted = Vec::new();
        json::quote(&mut quoted, data_address(address, first)?);
        object.text("input_type", "image").list("images", [quoted]);
        return Ok(());
    }
    let mut items = Vec::with_capacity(batch.len());
    for (at, input) in batch.iter().enumerate() {
        let mut parts = Vec::new();
        for part in input.parts(first + at)? {
            let mut out = Vec::new();
            let mut each = Object::open(&mut out);
            match &part {
                Part::Text(text) => {
                    each.text("type", "text").text("text", text);
                }
                Part::Image(address) => {
                    each.text("type", "image_url");
                    image(&mut each, data_address(address, first + at)?);
                }
            }
            each.close();
            parts.push(out);
        }
        let mut out = Vec::new();
        json::object(&mut out, |it| {
            it.list("content", parts);
        });
        items.push(out);
    }
    object.text("input_type", kind).list("inputs", items);
    Ok(())
}

/// Cohere's own: an object with the address.
fn image_object(part: &mut Object<'_>, address: &str) {
    part.nest("image_url", |it| {
        it.text("url", address);
    });
}

/// An image that is nothing but that.
fn only_image(input: &Input) -> Option<&str> {
    match input {
        Input::Parts(parts) => match parts.as_slice() {
            [Part::Image(address)] => Some(address),
            _ => None,
        },
        _ => None,
    }
}

/// An image must come with the request.
pub(super) fn data_address(address: &str, at: usize) -> Result<&str, Malformed> {
    if address.starts_with("data:") {
        return Ok(address);
    }
    Err(Malformed::incapable(
        format!("input[{at}]"),
        "this provider fetches no images: send it as a data: address",
    ))
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    embeddings: &'a RawValue,
    #[serde(default)]
    meta: Option<Meta>,
}

/// A list of vectors by the kind of their numbers.
type ByType<'a> = BTreeMap<String, Option<Vec<&'a RawValue>>>;

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    billed_units: Option<Billed>,
}

#[derive(Deserialize)]
struct Billed {
    #[serde(default)]
    input_tokens: Option<f64>,
    #[serde(default)]
    image_tokens: Option<f64>,
    #[serde(default)]
    images: Option<f64>,
}

impl Billed {
    /// Images are counted where their tokens are not. `input_tokens` leaves out those of images.
    fn told(self) -> Told {
        let texts = said::figure(self.input_tokens);
        let tokens = said::figure(self.image_tokens).unwrap_or_default();
        let images = said::figure(self.images).unwrap_or_default();
        let input = match (texts, tokens) {
            (None, 0) => None,
            (texts, tokens) => Some(texts.unwrap_or_default() + tokens),
        };
        Told { input, image_input: tokens, images: if tokens == 0 { images } else { 0 } }
    }
}

/// Reads an answer, by type or, as older ones are, a bare list.
pub(super) fn read(said: &Said) -> Result<Rows, Fault> {
    let answer: Answer<'_> = said::read(said, "vectors")?;
    let json = answer.embeddings.get();
    let rows: Option<Vec<&RawValue>> = if json.starts_with('[') {
        serde_json::from_str(json).ok()
    } else {
        let by_type: Option<ByType<'_>> = serde_json::from_str(json).ok();
        by_type.and_then(|it| it.into_values().flatten().find(|rows| !rows.is_empty()))
    };
    let rows = rows.ok_or_else(|| said::none(said, "vectors"))?;
    let told = answer.meta.and_then(|it| it.billed_units).map(Billed::told).unwrap_or_default();
    let vectors = rows.iter().map(|row| Vector::read(row.get())).collect::<Result<_, _>>()?;
    Ok(Rows { vectors, told, model: None })
}
