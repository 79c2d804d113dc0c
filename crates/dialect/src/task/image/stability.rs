//! Stability's Stable Image, version 2 beta: a form for each picture, and JSON with it
//! (<https://platform.stability.ai/docs/api-reference#tag/Generate>).

use http::{HeaderValue, header};
use serde::Deserialize;

use super::answer::{Brief, Made};
use super::request::Request;
use crate::base64;
use crate::error::Fault;
use crate::task::{
    Callee, Context, FormWriter, ReadAnswer, Reader, Said, Spoken, Wire, Written, said,
};
use crate::{Losses, Malformed, Severity};

/// In which every model of Stability's draws.
pub(super) const RATIOS: &[&str] =
    &["16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"];

/// How far from the picture it was given one may go, from 0 (not at all) to 1: the vendor demands a
/// figure, and clients have no word for it.
pub(super) const STRENGTH: &str = "0.65";

/// Renders a request: one for each picture.
pub(super) fn write(
    request: &Request,
    to: &Callee<'_>,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    let wish = Wish::of(request, to.model, losses)?;
    let wires = (0..request.n)
        .map(|at| {
            let mut form = FormWriter::unforeseen();
            for (name, value) in wish.fields(request, at) {
                form.field(name, &value);
            }
            if request.edit {
                for picture in &request.pictures()? {
                    picture.add_to(&mut form, "image")?;
                }
            }
            let (content_type, pieces) = form.end();
            let mut wire = Wire::new(content_type, pieces);
            wire.headers.push((header::ACCEPT, HeaderValue::from_static("application/json")));
            Ok(wire)
        })
        .collect::<Result<_, Malformed>>()?;
    let reader = Reader::Whole(Box::new(Answers { brief: Brief::of(request), made: Vec::new() }));
    Ok(Written { wires, edits: Vec::new(), reader })
}

/// What Stability is asked, there and at Amazon.
pub(super) struct Wish {
    ratio: Option<&'static str>,
    format: Option<String>,
    model: Option<String>,
    /// It starts from a picture by a figure of how much of it may change.
    strength: bool,
}

impl Wish {
    /// # Errors
    /// What cannot be left out.
    pub(super) fn of(
        request: &Request,
        model: &str,
        losses: &mut Losses,
    ) -> Result<Wish, Malformed> {
        request.translated(losses)?;
        request.no_quality(losses);
        request.no_background(losses);
        request.no_compression(losses);
        if request.edit && request.pictures()?.len() > 1 {
            let why = "this provider changes one picture at a time";
            return Err(Malformed::incapable("image", why));
        }
        let name = model.strip_prefix("stability.").unwrap_or(model);
        // Transparent parts of the picture are what it fills; it is told nothing else.
        let fills = name.contains("inpaint");
        let takes = fills || name.contains("ultra") || name.starts_with("sd3");
        if request.edit && !takes {
            let why = format!("`{model}` draws from words only: ask Ultra, SD 3.5 or inpaint");
            return Err(Malformed::incapable("image", why));
        }
        if fills && !request.edit {
            let why = format!("`{model}` changes a picture: ask at /v1/images/edits");
            return Err(Malformed::incapable("prompt", why));
        }
        let from_words = !request.edit;
        let ratio = match request.pixels()? {
            Some(size) if from_words => {
                let exact = size.width == 1024 && size.height == 1024;
                if !exact {
                    losses.note("size", "the nearest ratio is asked for", Severity::Meaning);
                }
                size.nearest(RATIOS).map(|(ratio, _)| ratio)
            }
            Some(_) => {
                losses.note("size", "the picture's own size stays", Severity::Meaning);
                None
            }
            None => None,
        };
        let diffusion = name.starts_with("sd3");
        let format = request.output_format.clone().filter(|it| {
            let known = it == "png" || it == "jpeg" || (it == "webp" && !diffusion);
            if !known {
                losses.note("output_format", "this model does not make it", Severity::Meaning);
            }
            known
        });
        let strength = request.edit && !fills;
        let model = diffusion.then(|| name.to_owned());
        Ok(Wish { ratio, format, model, strength })
    }

    /// Field by field; the pictures of one request differ by their seed.
    pub(super) fn fields(&self, request: &Request, at: u32) -> Vec<(&'static str, String)> {
        let mut fields = vec![("prompt", request.prompt.clone())];
        if let Some(model) = &self.model {
            fields.push(("model", model.clone()));
            let mode = if request.edit { "image-to-image" } else { "text-to-image" };
            fields.push(("mode", mode.to_owned()));
        }
        fields.extend(self.ratio.map(|it| ("aspect_ratio", it.to_owned())));
        fields.extend(self.format.clone().map(|it| ("output_format", it)));
        fields.extend(request.negative.clone().map(|it| ("negative_prompt", it)));
        if let Some(seed) = request.seed {
            fields.push(("seed", seed.saturating_add(i64::from(at)).to_string()));
        }
        if self.strength {
            fields.push(("strength", STRENGTH.to_owned()));
        }
        fields
    }
}

struct Answers {
    brief: Brief,
    made: Vec<Made>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    image: Option<String>,
    finish_reason: Option<String>,
}

/// The fault of a picture that was held back.
pub(super) fn filtered(reason: &str) -> Fault {
    let message = format!("no picture was made: {reason}");
    Fault::reported(Some("content_filtered".to_owned()), message)
}

impl ReadAnswer for Answers {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        let image = if said.head.content_type.starts_with("image/") {
            let reason = said.head.headers.get("finish-reason").and_then(|it| it.to_str().ok());
            if reason.is_some_and(|it| it != "SUCCESS") {
                return Err(filtered(reason.unwrap_or_default()));
            }
            Some(base64::encode(&said.body)).filter(|it| !it.is_empty())
        } else {
            let answer: Answer = said::read(&said, "picture")?;
            if let Some(reason) = answer.finish_reason.filter(|it| it != "SUCCESS") {
                return Err(filtered(&reason));
            }
            answer.image
        };
        let base64 = image.ok_or_else(|| said::none(&said, "picture"))?;
        self.made.push(Made { base64, revised: None });
        Ok(())
    }

    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        self.brief.spoken(&self.made, None, Vec::new(), context)
    }
}
