//! OpenAI's answers made of others' pictures: whole, or as the one event of each picture
//! (<https://platform.openai.com/docs/api-reference/images/object>).

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::passed::Wish;
use super::picture;
use super::request::Request;
use super::size::{self, Size};
use crate::error::Fault;
use crate::task::{Context, Spoken};

/// A picture that a provider made.
#[derive(Debug)]
pub(super) struct Made {
    /// Its bytes.
    pub(super) base64: String,
    /// What it was made of, where the provider wrote the words anew.
    pub(super) revised: Option<String>,
}

/// What must be known of a request to answer it.
#[derive(Clone, Debug, Default)]
pub(super) struct Brief {
    pub(super) wish: Wish,
    pub(super) n: u32,
    edit: bool,
    stream: bool,
}

impl Brief {
    pub(super) fn of(request: &Request) -> Brief {
        let (edit, stream) = (request.edit, request.stream);
        Brief { wish: Wish::of(request), n: request.n, edit, stream }
    }

    /// The client's answer. `told`: what the provider reports; without it the pictures are counted.
    ///
    /// # Errors
    /// There is no picture, or it is none.
    pub(super) fn spoken(
        &self,
        made: &[Made],
        told: Option<Usage>,
        losses: Vec<&'static str>,
        context: &Context,
    ) -> Result<Spoken, Fault> {
        let Some(first) = made.first() else {
            return Err(Fault::unreadable("the provider's answer has no pictures"));
        };
        if !made.iter().all(|it| picture::is_base64(&it.base64)) {
            return Err(Fault::unreadable("the provider's picture is no base64"));
        }
        let head = picture::head(&first.base64).unwrap_or_default();
        let size = Size::of_file(&head);
        let mime = size::mime(&head).unwrap_or("image/png");
        let variant = size::variant(size.or(self.wish.size), self.wish.quality.as_deref());
        let usage = Usage { images: made.len() as u64, variant, ..told.unwrap_or_default() };
        let source = told.map_or(UsageSource::Counted, |_| UsageSource::Provider);
        let mut body = format!("{{\"created\":{},\"data\":[", context.created);
        for (at, it) in made.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            body.push_str(comma);
            body.push_str("{\"b64_json\":\"");
            body.push_str(&it.base64);
            body.push('"');
            if let Some(revised) = &it.revised {
                body.push_str(&format!(",\"revised_prompt\":{}", Value::from(revised.as_str())));
            }
            body.push('}');
        }
        body.push_str(&format!("],\"output_format\":\"{}\"", size::format(mime)));
        if let Some(size) = size {
            body.push_str(&format!(",\"size\":\"{size}\""));
        }
        if told.is_some() {
            body.push_str(&format!(",\"usage\":{}", figures(&usage)));
        }
        body.push('}');
        let (body, content_type) = if self.stream {
            let events = events_of(body.as_bytes(), self.edit, context.created, &usage)?;
            (events, "text/event-stream")
        } else {
            (Bytes::from(body), "")
        };
        let content_type = content_type.into();
        Ok(Spoken { content_type, body, usage, source, losses, ..Spoken::default() })
    }
}

/// Tokens as OpenAI tells them.
fn figures(usage: &Usage) -> Value {
    let split = |all: u64, image: u64| json!({"image_tokens": image, "text_tokens": all.saturating_sub(image)});
    json!({
        "input_tokens": usage.input,
        "input_tokens_details": split(usage.input, usage.image_input),
        "output_tokens": usage.output,
        "output_tokens_details": split(usage.output, usage.image_output),
        "total_tokens": usage.total(),
    })
}

/// A whole answer as the events of a stream: one for each picture, the last with what was consumed.
///
/// # Errors
/// The answer cannot be read.
pub(super) fn events_of(
    body: &[u8],
    edit: bool,
    created: i64,
    usage: &Usage,
) -> Result<Bytes, Fault> {
    let none = || Fault::unreadable("the provider's answer has no pictures");
    let text = std::str::from_utf8(body).map_err(|_| none())?;
    let object = crate::raw::RawObject::of(text).map_err(|_| none())?;
    let data = object.parse::<Vec<&RawValue>>("data").transpose().ok().flatten();
    let data = data.ok_or_else(none)?;
    let kind = if edit { "image_edit.completed" } else { "image_generation.completed" };
    let of = |name: &str, else_: &str| {
        let said = object.string(name).and_then(Result::ok);
        Value::from(said.unwrap_or_else(|| else_.into()).as_ref())
    };
    let mut out = Vec::with_capacity(body.len() + 512 * data.len());
    for (at, item) in data.iter().enumerate() {
        let item = item.get().trim();
        let inner = item.strip_prefix('{').and_then(|it| it.strip_suffix('}')).ok_or_else(none)?;
        let told = if at + 1 == data.len() { *usage } else { Usage::default() };
        let rest = json!({
            "type": kind,
            "created_at": created,
            "background": of("background", "auto"),
            "output_format": of("output_format", "png"),
            "quality": of("quality", "auto"),
            "size": of("size", "auto"),
            "usage": figures(&told),
        });
        let rest = rest.to_string();
        out.extend_from_slice(format!("event: {kind}\ndata: {{").as_bytes());
        out.extend(inner.bytes().filter(|it| !matches!(it, b'\n' | b'\r')));
        out.push(b',');
        out.extend_from_slice(&rest.as_bytes()[1..]);
        out.extend_from_slice(b"\n\n");
    }
    Ok(out.into())
}
