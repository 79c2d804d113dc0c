//! Amazon Bedrock's `InvokeModel` of models that draw: Stability's, and Amazon's own
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-stability-diffusion.html>).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::amazon;
use super::answer::{Brief, Made};
use super::picture::Body;
use super::request::Request;
use super::stability::{self, Wish};
use crate::error::Fault;
use crate::task::{Callee, Context, ReadAnswer, Reader, Said, Spoken, Wire, Written, said};
use crate::{Losses, Malformed};

/// Renders a request for the family that the model's id names.
pub(super) fn write(
    request: &Request,
    to: &Callee<'_>,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    // Profiles of several regions stand before it: `us.stability.…`, or an ARN.
    let id = to.model.rsplit('/').next().unwrap_or(to.model);
    let family = ["stability.", "amazon."].iter().find_map(|it| id.find(it).map(|at| &id[at..]));
    let wires = match family {
        Some(model) if model.starts_with("stability.") => stable(request, model, losses)?,
        Some(model) => amazon::wires(request, model, losses)?,
        None => {
            let why = format!("`{}` is no model of Stability's or Amazon's that draws", to.model);
            return Err(Malformed::incapable("model", why));
        }
    };
    let reader = Reader::Whole(Box::new(Answers { brief: Brief::of(request), made: Vec::new() }));
    Ok(Written { wires, edits: Vec::new(), reader })
}

/// The fields of Stability's form as JSON, a request for each picture.
fn stable(request: &Request, model: &str, losses: &mut Losses) -> Result<Vec<Wire>, Malformed> {
    // Amazon's names: `stable-image-ultra-v1:1`, `sd3-5-large-v1:0`, `stable-image-inpaint-v1:0`.
    let wish = Wish::of(request, model, losses)?;
    let pictures = if request.edit { request.pictures()? } else { Vec::new() };
    (0..request.n)
        .map(|at| {
            let mut fields = Map::new();
            for (name, text) in wish.fields(request, at) {
                let value = match name {
                    // The model stands in the address.
                    "model" => continue,
                    "seed" | "strength" => serde_json::from_str(&text).unwrap_or(Value::Null),
                    _ => Value::from(text),
                };
                fields.insert(name.to_owned(), value);
            }
            let fields = Value::Object(fields).to_string();
            let mut body = Body::default();
            body.raw(fields.strip_suffix('}').unwrap_or(&fields));
            for picture in &pictures {
                body.raw(",\"image\":").picture(picture)?;
            }
            body.raw("}");
            Ok(body.wire())
        })
        .collect()
}

struct Answers {
    brief: Brief,
    made: Vec<Made>,
}

/// Both families answer so.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    images: Option<Vec<String>>,
    finish_reasons: Vec<Option<String>>,
    error: Option<String>,
}

impl ReadAnswer for Answers {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        let answer: Answer = said::read(&said, "pictures")?;
        let images = answer.images.unwrap_or_default();
        if let Some(reason) = answer.finish_reasons.iter().flatten().next() {
            return Err(stability::filtered(reason));
        }
        if images.is_empty() {
            // Amazon's models tell so what they held back.
            return Err(match answer.error {
                Some(error) => stability::filtered(&error),
                None => said::none(&said, "pictures"),
            });
        }
        let made = images.into_iter().map(|base64| Made { base64, revised: None });
        self.made.extend(made);
        Ok(())
    }

    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        let fewer = (self.made.len() as u64) < u64::from(self.brief.n);
        let losses = if fewer { vec!["answer.filtered_images"] } else { Vec::new() };
        self.brief.spoken(&self.made, None, losses, context)
    }
}
