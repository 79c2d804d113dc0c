//! `/v1/images/generations` and `/v1/images/edits`, and the question that is asked there
//! (<https://platform.openai.com/docs/api-reference/images>).

use std::borrow::Cow;

use wayleave_model::Usage;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use super::events::Events;
use super::passed::Passed;
use super::request::{Form, Request, is_image};
use super::{bedrock, gemini, imagen, size, stability, vendors};
use crate::task::{
    Body, Callee, Consumes, FormWriter, Given, Grammar, Question, Reader, Wire, Written, splice,
};
use crate::{Losses, Malformed};

/// Tokens of one picture that is sent along, at most: OpenAI counts 6,240 for a picture that is to
/// be kept faithfully (<https://developers.openai.com/api/docs/guides/image-generation>).
const MOST_SENT: u64 = 8_192;
/// Tokens of one picture that is made, at most, where the model does not say.
const MOST_MADE: u64 = 32_768;

/// Reads a request for pictures from words.
///
/// # Errors
/// What is missing or of the wrong type.
pub fn read_generation(given: &Given<'_>) -> Result<Box<dyn Question>, Malformed> {
    Ok(Box::new(Request::read(given, false)?))
}

/// Reads a request for pictures from pictures: a form, or JSON with addresses.
///
/// # Errors
/// As [`read_generation`].
pub fn read_edit(given: &Given<'_>) -> Result<Box<dyn Question>, Malformed> {
    Ok(Box::new(Request::read(given, true)?))
}

impl Question for Request {
    fn model(&self) -> &str {
        &self.model
    }

    fn asked(&self) -> Asked {
        Asked {
            stream: self.stream,
            vision: self.edit,
            bytes: self.bytes(),
            estimated_input: self.words(),
            ..Asked::default()
        }
    }

    fn end_user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    fn consumes(&self, facts: &ModelFacts) -> Consumes {
        let sent = Usage { input: self.words(), ..Usage::default() };
        let pictures =
            if self.edit { self.pictures().map_or(1, |it| it.len() as u64 + 1) } else { 0 };
        let words =
            self.prompt.len() as u64 + self.negative.as_ref().map_or(0, |it| it.len() as u64);
        let n = u64::from(self.n);
        let most = Usage {
            // Where one request becomes several, its words are sent with each.
            input: pictures
                .saturating_mul(MOST_SENT)
                .saturating_add(words + 1_024)
                .saturating_mul(n),
            output: facts.max_output.unwrap_or(MOST_MADE).saturating_mul(n),
            images: n,
            variant: size::variant(self.pixels().ok().flatten(), self.quality.as_deref()),
            ..Usage::default()
        };
        Consumes { sent, most }
    }

    fn write(&self, to: &Callee<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
        match to.grammar {
            Grammar::OpenAi => self.pass(to),
            Grammar::Gemini | Grammar::Vertex if imagen::is_imagen(to.model) => {
                imagen::write(self, to, losses)
            }
            Grammar::Gemini | Grammar::Vertex => gemini::write(self, to, losses),
            Grammar::Stability => stability::write(self, to, losses),
            Grammar::Bedrock => bedrock::write(self, to, losses),
            _ => match vendors::of(to.grammar) {
                Some(vendor) => vendors::write(self, vendor, to, losses),
                None => Err(Malformed::new("no pictures are asked for in this grammar")),
            },
        }
    }
}

impl Request {
    fn bytes(&self) -> u64 {
        match &self.body {
            Body::Json(body) => body.len() as u64,
            Body::Form { fields, files } => {
                let texts = fields.iter().map(|(name, text)| (name.len() + text.len()) as u64);
                texts.chain(files.iter().map(|it| it.len())).sum()
            }
        }
    }

    /// Tokens of its words, estimated.
    fn words(&self) -> u64 {
        (self.prompt.len() as u64).div_ceil(4)
    }

    /// The client's own bytes, for a provider that speaks the same.
    fn pass(&self, to: &Callee<'_>) -> Result<Written, Malformed> {
        // GPT image models know no choice and send base64; old clients ask for it all the same.
        let formless = is_formless(to.model) || to.facts.refuses("response_format");
        if formless && self.form == Some(Form::Url) {
            return Err(Malformed::incapable(
                "response_format",
                format!("`{}` sends pictures, not addresses of them: ask for b64_json", to.model),
            ));
        }
        let (wire, edits) = match &self.body {
            Body::Json(body) => splice::changed(body, to.model, |edits| {
                let own = formless && self.form.is_some();
                let formless = own.then_some("response_format").into_iter();
                let refused = to.facts.refuses.iter().map(String::as_str);
                for field in formless.chain(refused.filter(|it| *it != "response_format")) {
                    edits.remove(field, format!("-{field}"));
                }
            })?,
            Body::Form { .. } => self.form_for(to, formless),
        };
        let reader = if self.stream {
            Reader::Stream(Box::new(Events::of(self)))
        } else {
            Reader::Whole(Box::new(Passed::of(self)))
        };
        Ok(Written { wires: vec![wire], edits, reader })
    }

    /// The form for that model.
    fn form_for(&self, to: &Callee<'_>, formless: bool) -> (Wire, Vec<Cow<'static, str>>) {
        let mut edits: Vec<Cow<'static, str>> = Vec::new();
        let mut form = FormWriter::unforeseen();
        let Body::Form { fields, files } = &self.body else {
            return (Wire::new("", Vec::new()), edits);
        };
        form.field("model", to.model);
        if self.model != to.model {
            edits.push("model".into());
        }
        for (name, text) in fields.iter().filter(|(name, _)| name != "model") {
            if to.facts.refuses(name) || (formless && name == "response_format") {
                edits.push(format!("-{name}").into());
            } else {
                form.field(name, text);
            }
        }
        for file in files {
            let known = is_image(&file.field) || file.field == "mask";
            let mime = size::mime(&file.head).filter(|_| known);
            let said = file.content_type.as_deref().unwrap_or("application/octet-stream");
            let filename = match (&file.filename, mime) {
                (Some(name), _) if !name.is_empty() => name.clone(),
                (_, mime) => format!("image.{}", size::format(mime.unwrap_or("image/png"))),
            };
            form.file(&file.field, &filename, mime.unwrap_or(said), file.at.clone());
        }
        let (content_type, pieces) = form.end();
        (Wire::new(content_type, pieces), edits)
    }
}

/// Whether a model of OpenAI's sends base64 and refuses to be told so
/// (<https://platform.openai.com/docs/api-reference/images/create#images-create-response_format>).
fn is_formless(model: &str) -> bool {
    ["gpt-image-", "chatgpt-image-"].iter().any(|it| model.starts_with(it))
}
