//! Google's Imagen, in AI Studio and in Vertex AI: `predict`
//! (<https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api>,
//! <https://ai.google.dev/gemini-api/docs/imagen>).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer::{Brief, Made};
use super::picture::Body;
use super::request::Request;
use crate::error::Fault;
use crate::task::{Callee, Context, Grammar, ReadAnswer, Reader, Said, Spoken, Written, said};
use crate::{Losses, Malformed, Severity};

const RATIOS: &[&str] = &["1:1", "3:4", "4:3", "9:16", "16:9"];
/// Pictures of one call.
const MOST: u32 = 4;

/// Whether a model of Google's is one of these.
pub(super) fn is_imagen(model: &str) -> bool {
    model.rsplit('/').next().is_some_and(|name| name.starts_with("imagen"))
}

/// Renders a request; more than four pictures are asked for in several.
pub(super) fn write(
    request: &Request,
    to: &Callee<'_>,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    request.translated(losses)?;
    request.no_quality(losses);
    request.no_background(losses);
    let vertex = to.grammar == Grammar::Vertex;
    let mut parameters = Map::new();
    if let Some(size) = request.pixels()? {
        if let Some((ratio, _)) = size.nearest(RATIOS).filter(|_| !request.edit) {
            parameters.insert("aspectRatio".to_owned(), ratio.into());
        }
        let large = size.thousands() != "1K" && !request.edit;
        if large {
            parameters.insert("sampleImageSize".to_owned(), "2K".into());
        }
        // Squares are of exactly so many pixels.
        let exact = size.width == size.height && matches!(size.width, 1024 | 2048);
        if request.edit || !exact {
            let reason = "the nearest ratio and resolution are asked for";
            losses.note("size", reason, Severity::Meaning);
        }
    }
    output(request, &mut parameters, losses);
    if vertex {
        // A seed is taken only without a watermark.
        if let Some(seed) = request.seed {
            parameters.insert("seed".to_owned(), seed.into());
            parameters.insert("addWatermark".to_owned(), false.into());
        }
        if let Some(negative) = &request.negative {
            parameters.insert("negativePrompt".to_owned(), negative.as_str().into());
        }
    } else {
        request.no_seed(losses);
        request.no_negative(losses);
        if request.edit {
            return Err(Malformed::incapable("image", "Imagen changes pictures in Vertex AI only"));
        }
    }
    let pictures = if request.edit { request.pictures()? } else { Vec::new() };
    let mut left = request.n;
    let mut wires = Vec::new();
    while left > 0 {
        let now = left.min(MOST);
        left -= now;
        parameters.insert("sampleCount".to_owned(), now.into());
        let mut body = Body::default();
        body.raw("{\"instances\":[{\"prompt\":").value(&request.prompt.as_str().into());
        for (at, picture) in pictures.iter().enumerate() {
            body.raw(if at == 0 { ",\"referenceImages\":[" } else { "," });
            body.raw("{\"referenceType\":\"REFERENCE_TYPE_RAW\",\"referenceId\":");
            body.value(&json!(at + 1)).raw(",\"referenceImage\":{\"bytesBase64Encoded\":");
            body.picture(picture)?.raw("}}");
        }
        body.raw(if pictures.is_empty() { "}],\"parameters\":" } else { "]}],\"parameters\":" });
        body.value(&Value::Object(parameters.clone())).raw("}");
        wires.push(body.wire().at(":predict"));
    }
    let reader = Reader::Whole(Box::new(Answers {
        brief: Brief::of(request),
        made: Vec::new(),
        lost: false,
    }));
    Ok(Written { wires, edits: Vec::new(), reader })
}

fn output(request: &Request, parameters: &mut Map<String, Value>, losses: &mut Losses) {
    let mut options = Map::new();
    match request.output_format.as_deref() {
        None => (),
        Some(format @ ("png" | "jpeg")) => {
            options.insert("mimeType".to_owned(), format!("image/{format}").into());
        }
        Some(_) => losses.note("output_format", "png or jpeg", Severity::Meaning),
    }
    match request.compression {
        Some(quality) if request.output_format.as_deref() == Some("jpeg") => {
            options.insert("compressionQuality".to_owned(), quality.into());
        }
        _ => request.no_compression(losses),
    }
    if !options.is_empty() {
        parameters.insert("outputOptions".to_owned(), Value::Object(options));
    }
}

struct Answers {
    brief: Brief,
    made: Vec<Made>,
    /// Some were made and held back.
    lost: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    predictions: Vec<Prediction>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Prediction {
    bytes_base64_encoded: Option<String>,
    rai_filtered_reason: Option<String>,
    /// The words as they were written anew.
    prompt: Option<String>,
}

impl ReadAnswer for Answers {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        let answer: Answer = said::read(&said, "pictures")?;
        let before = self.made.len();
        let mut filtered = None;
        for it in answer.predictions {
            match it.bytes_base64_encoded {
                Some(base64) => self.made.push(Made { base64, revised: it.prompt }),
                None => filtered = filtered.or(it.rai_filtered_reason),
            }
        }
        self.lost |= filtered.is_some();
        if self.made.len() > before {
            return Ok(());
        }
        match filtered {
            Some(reason) => Err(Fault::reported(Some("content_filtered".to_owned()), reason)),
            // What it answers when it held back everything and was not asked why.
            None if crate::task::error::read(&said.body).is_none() => Err(Fault::reported(
                Some("content_filtered".to_owned()),
                "no picture was made: the provider's filters held it back",
            )),
            None => Err(said::none(&said, "pictures")),
        }
    }

    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        let fewer = self.lost || (self.made.len() as u64) < u64::from(self.brief.n);
        let losses = if fewer { vec!["answer.filtered_images"] } else { Vec::new() };
        self.brief.spoken(&self.made, None, losses, context)
    }
}
