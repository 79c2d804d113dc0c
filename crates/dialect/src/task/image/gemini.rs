//! Google's Gemini models that draw, in AI Studio and in Vertex AI: a conversation of one turn whose
//! answer is a picture (<https://ai.google.dev/gemini-api/docs/image-generation>,
//! <https://ai.google.dev/api/generate-content#ImageConfig>).

use serde::Deserialize;
use serde_json::{Map, Value, json};
use wayleave_model::Usage;

use super::answer::{Brief, Made};
use super::picture::{Body, Picture};
use super::request::Request;
use super::size::Size;
use crate::error::Fault;
use crate::task::{
    Callee, Context, Grammar, ReadAnswer, Reader, Said, Spoken, Wire, Written, said,
};
use crate::{Losses, Malformed, Severity};

const RATIOS: &[&str] = &["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"];

/// Renders a request: one for each picture, for a model draws one at a time.
pub(super) fn write(
    request: &Request,
    to: &Callee<'_>,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    request.translated(losses)?;
    request.no_quality(losses);
    request.no_background(losses);
    let mut config = Map::new();
    let mut image = Map::new();
    if let Some(size) = request.pixels()? {
        shape(size, &mut image, losses);
    }
    if to.grammar == Grammar::Vertex {
        output(request, &mut image, losses);
    } else {
        request.only_png(losses);
    }
    config.insert("responseModalities".to_owned(), json!(["IMAGE"]));
    if !image.is_empty() {
        config.insert("imageConfig".to_owned(), Value::Object(image));
    }
    if let Some(seed) = request.seed {
        config.insert("seed".to_owned(), seed.into());
    }
    request.no_negative(losses);
    let pictures = if request.edit { request.pictures()? } else { Vec::new() };
    let wires =
        (0..request.n).map(|_| wire(request, &pictures, &config)).collect::<Result<_, _>>()?;
    let reader = Reader::Whole(Box::new(Answers {
        brief: Brief::of(request),
        made: Vec::new(),
        usage: None,
        losses: Vec::new(),
    }));
    Ok(Written { wires, edits: Vec::new(), reader })
}

fn wire(
    request: &Request,
    pictures: &[Picture],
    config: &Map<String, Value>,
) -> Result<Wire, Malformed> {
    let mut body = Body::default();
    body.raw("{\"contents\":[{\"role\":\"user\",\"parts\":[");
    for picture in pictures {
        body.raw("{\"inlineData\":{\"mimeType\":").value(&picture.mime()?.into());
        body.raw(",\"data\":").picture(picture)?.raw("}},");
    }
    body.value(&json!({"text": request.prompt})).raw("]}],\"generationConfig\":");
    body.value(&Value::Object(config.clone())).raw("}");
    Ok(body.wire().at(":generateContent"))
}

/// The nearest ratio, and the thousands of pixels.
fn shape(size: Size, image: &mut Map<String, Value>, losses: &mut Losses) {
    let Some((ratio, _)) = size.nearest(RATIOS) else { return };
    image.insert("aspectRatio".to_owned(), ratio.into());
    // Every model makes 1K, and some are told nothing of the kind.
    let thousands = size.thousands();
    if thousands != "1K" {
        image.insert("imageSize".to_owned(), thousands.into());
    }
    // Squares are of exactly so many pixels; of all else the model chooses nearly so many.
    let exact = size.width == size.height && matches!(size.width, 1024 | 2048 | 4096);
    if !exact {
        let reason = "the nearest ratio and resolution are asked for";
        losses.note("size", reason, Severity::Meaning);
    }
}

/// <https://docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerationConfig#ImageConfig>
fn output(request: &Request, image: &mut Map<String, Value>, losses: &mut Losses) {
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
        image.insert("imageOutputOptions".to_owned(), Value::Object(options));
    }
}

struct Answers {
    brief: Brief,
    made: Vec<Made>,
    usage: Option<Usage>,
    losses: Vec<&'static str>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Answer {
    candidates: Vec<Candidate>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Report>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
    finish_message: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Content {
    parts: Vec<Part>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    thought: bool,
    inline_data: Option<Inline>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Inline {
    data: String,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
    block_reason_message: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Report {
    prompt_token_count: u64,
    cached_content_token_count: u64,
    candidates_token_count: u64,
    thoughts_token_count: u64,
    prompt_tokens_details: Vec<Detail>,
    candidates_tokens_details: Vec<Detail>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    modality: String,
    token_count: u64,
}

impl Report {
    fn usage(&self) -> Option<Usage> {
        let of = |details: &[Detail]| {
            let image = details.iter().filter(|it| it.modality == "IMAGE");
            image.fold(0_u64, |sum, it| sum.saturating_add(it.token_count))
        };
        let (input, thoughts) = (self.prompt_token_count, self.thoughts_token_count);
        let cached = self.cached_content_token_count.min(input);
        let output = self.candidates_token_count.saturating_add(thoughts);
        let drawn = of(&self.candidates_tokens_details);
        // Without a split all of the answer is the picture.
        let drawn = if self.candidates_tokens_details.is_empty() {
            self.candidates_token_count
        } else {
            drawn.min(self.candidates_token_count)
        };
        (input > 0 || output > 0).then(|| Usage {
            input,
            cached,
            image_input: of(&self.prompt_tokens_details).min(input - cached),
            output,
            reasoning: thoughts,
            image_output: drawn,
            ..Usage::default()
        })
    }
}

impl Answers {
    fn lose(&mut self, name: &'static str) {
        if !self.losses.contains(&name) {
            self.losses.push(name);
        }
    }
}

impl ReadAnswer for Answers {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        let answer: Answer = said::read(&said, "picture")?;
        if let Some(usage) = answer.usage_metadata.as_ref().and_then(Report::usage) {
            let before = self.usage.unwrap_or_default();
            self.usage = Some(Usage {
                input: before.input.saturating_add(usage.input),
                cached: before.cached.saturating_add(usage.cached),
                image_input: before.image_input.saturating_add(usage.image_input),
                output: before.output.saturating_add(usage.output),
                reasoning: before.reasoning.saturating_add(usage.reasoning),
                image_output: before.image_output.saturating_add(usage.image_output),
                ..Usage::default()
            });
        }
        let reason = answer.prompt_feedback.as_ref().and_then(|it| it.block_reason.clone());
        if let Some(reason) = reason {
            let told = answer.prompt_feedback.and_then(|it| it.block_reason_message);
            let message = told.unwrap_or_else(|| format!("the request was blocked: {reason}"));
            return Err(Fault::reported(Some(reason), message));
        }
        let Some(candidate) = answer.candidates.into_iter().next() else {
            return Err(said::none(&said, "picture"));
        };
        let before = self.made.len();
        for part in candidate.content.unwrap_or_default().parts {
            match part.inline_data {
                // Sketches on the way to the picture.
                Some(_) if part.thought => self.lose("answer.thoughts"),
                Some(inline) => self.made.push(Made { base64: inline.data, revised: None }),
                None if part.thought => self.lose("answer.thoughts"),
                None if part.text.is_some_and(|it| !it.trim().is_empty()) => {
                    self.lose("answer.text");
                }
                None => (),
            }
        }
        if self.made.len() > before {
            return Ok(());
        }
        let reason = candidate.finish_reason.unwrap_or_else(|| "NO_IMAGE".to_owned());
        let told = candidate.finish_message;
        let message = told.unwrap_or_else(|| format!("no picture was made: {reason}"));
        Err(Fault::reported(Some(reason), message))
    }

    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        self.brief.spoken(&self.made, self.usage, self.losses, context)
    }
}
