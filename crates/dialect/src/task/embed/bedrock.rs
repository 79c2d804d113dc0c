//! Vectors by way of Amazon Bedrock's `InvokeModel`: Titan's and Cohere's own bodies.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html>. Tokens stand
//! in Titan's answer and, for both, in the header `x-amzn-bedrock-input-token-count`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Rows, Told};
use super::cohere;
use super::question::{Ask, Carried};
use super::request::{Input, Part, Truncate};
use super::vector::Vector;
use crate::error::Fault;
use crate::json::Object;
use crate::task::{Said, Wire, Written, said};
use crate::{Losses, Malformed};

const TOKENS: &str = "x-amzn-bedrock-input-token-count";

/// The most texts of one call of Cohere's.
const MOST: usize = 96;

/// Writes the request; the id of the model says whose it is.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    let model = ask.to.model;
    if model.contains("cohere.embed") {
        return of_cohere(ask, losses);
    }
    if model.contains("titan-embed-image") {
        return with_images(ask, losses);
    }
    if model.contains("titan-embed-text-v1") || model.contains("titan-embed-g1-text") {
        return of_titan(ask, losses, &[]);
    }
    if model.contains("titan-embed-text") {
        return of_titan(ask, losses, &[Carried::Dimensions, Carried::Normalize]);
    }
    let message = "of Bedrock's models that make vectors Titan's and Cohere's are served";
    Err(Malformed::incapable("model", message))
}

/// One text in a call.
fn of_titan(ask: &Ask<'_>, losses: &mut Losses, carried: &[Carried]) -> Result<Written, Malformed> {
    ask.leave(carried, losses)?;
    let request = ask.request;
    let second = !carried.is_empty();
    ask.wires(1, titan, |first, batch| {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        for (at, input) in batch.iter().enumerate() {
            object.text("inputText", &input.only_text(first + at)?);
        }
        if second {
            if let Some(dimensions) = request.dimensions {
                object.count("dimensions", dimensions);
            }
            if let Some((_, normalize)) = request.normalize {
                object.raw("normalize", if normalize { "true" } else { "false" });
            }
        }
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })
}

/// Titan's multimodal model: a text, an image or one of each.
fn with_images(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    ask.leave(&[Carried::Dimensions], losses)?;
    ask.wires(1, titan, |first, batch| {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        for input in batch {
            let (text, image) = text_and_image(input, first)?;
            if let Some(text) = text {
                object.text("inputText", &text);
            }
            if let Some(image) = image {
                object.text("inputImage", &image);
            }
        }
        if let Some(dimensions) = ask.request.dimensions {
            object.nest("embeddingConfig", |it| {
                it.count("outputEmbeddingLength", dimensions);
            });
        }
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })
}

/// The texts of an input, and the base64 of its image.
fn text_and_image(input: &Input, at: usize) -> Result<(Option<String>, Option<String>), Malformed> {
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    for part in input.parts(at)? {
        match part {
            Part::Text(text) => texts.push(text),
            Part::Image(address) => {
                let address = cohere::data_address(&address, at)?;
                images.push(address.split_once(',').map_or("", |(_, data)| data).to_owned());
            }
        }
    }
    if images.len() > 1 {
        let message = "this model makes a vector of one image at most";
        return Err(Malformed::incapable(format!("input[{at}]"), message));
    }
    Ok(((!texts.is_empty()).then(|| texts.join("\n")), images.pop()))
}

/// Cohere's body without the model, and with words of its own from version 4 on.
fn of_cohere(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    let third = ask.to.model.contains("-v3");
    let carried: &[Carried] = if third {
        &[Carried::Dtype, Carried::Purpose, Carried::Truncate]
    } else {
        cohere::CARRIED
    };
    ask.leave(carried, losses)?;
    let kind = cohere::input_type(ask, losses);
    let images = ask.request.has_images();
    let size = if third && images { 1 } else { ask.batch(MOST) };
    let mut written = ask.wires(size, of_cohere_read, |first, batch| {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        cohere::inputs(&mut object, batch, first, kind, third && images, image)?;
        if let Some((_, truncate)) = ask.request.truncate {
            object.text(
                "truncate",
                match truncate {
                    Truncate::Start if !third => "LEFT",
                    Truncate::End if !third => "RIGHT",
                    same => same.word(),
                },
            );
        }
        cohere::options(ask, &mut object);
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })?;
    if ask.request.purpose.is_none() {
        written.edits.push("input_type".into());
    }
    Ok(written)
}

/// Bedrock's spelling of an image in a part.
fn image(part: &mut Object<'_>, address: &str) {
    part.text("image_url", address);
}

/// Cohere's answer; its tokens stand in a header.
fn of_cohere_read(said: &Said) -> Result<Rows, Fault> {
    let mut rows = cohere::read(said)?;
    rows.told.input = rows.told.input.or(said::count(said, TOKENS));
    Ok(rows)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Titan<'a> {
    #[serde(borrow, default)]
    embedding: Option<&'a RawValue>,
    #[serde(default)]
    input_text_token_count: Option<f64>,
    /// What went wrong, of the multimodal model.
    #[serde(default)]
    message: Option<String>,
}

/// Titan's answer.
fn titan(said: &Said) -> Result<Rows, Fault> {
    let answer: Titan<'_> = said::read(said, "vector")?;
    if let Some(message) = answer.message.filter(|it| !it.is_empty()) {
        return Err(Fault::reported(None, message));
    }
    let input = said::figure(answer.input_text_token_count).or(said::count(said, TOKENS));
    let vector = answer.embedding.ok_or_else(|| said::none(said, "vector"))?;
    let vectors = vec![Vector::read(vector.get())?];
    Ok(Rows { vectors, told: Told { input, ..Told::default() }, model: None })
}
