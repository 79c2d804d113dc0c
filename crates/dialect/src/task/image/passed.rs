//! Answers of providers that speak OpenAI's grammar, passed on; what was consumed is read from them
//! (<https://platform.openai.com/docs/api-reference/images/object>).

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::request::{Form, Request};
use super::size::{self, Size};
use crate::error::Fault;
use crate::raw::RawObject;
use crate::task::{Context, Fetch, ReadAnswer, Said, Spoken, said};

/// Reads one answer.
pub(super) struct Passed {
    wish: Wish,
    said: Said,
}

/// What must be known of the request to read its answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) form: Option<Form>,
    pub(super) size: Option<Size>,
    pub(super) quality: Option<String>,
}

impl Wish {
    pub(super) fn of(request: &Request) -> Wish {
        Wish {
            form: request.form,
            size: request.pixels().ok().flatten(),
            quality: request.quality.clone(),
        }
    }
}

/// What is looked at of an answer, or of the last event of a stream.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Told<'a> {
    #[serde(borrow)]
    data: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    size: Option<&'a RawValue>,
    #[serde(borrow)]
    quality: Option<&'a RawValue>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    svg_usage: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ToldUsage {
    #[serde(alias = "prompt_tokens")]
    input_tokens: Option<u64>,
    #[serde(alias = "completion_tokens")]
    output_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    input_tokens_details: Option<Details>,
    output_tokens_details: Option<Details>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Details {
    image_tokens: Option<u64>,
    cached_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Item<'a> {
    #[serde(borrow)]
    b64_json: Option<&'a RawValue>,
    url: Option<String>,
}

impl Told<'_> {
    /// What `images` pictures took, and who says so.
    pub(super) fn usage(&self, images: u64, wish: &Wish) -> (Usage, UsageSource) {
        // What is written strangely costs only itself.
        let size = self.size.and_then(read::<String>).and_then(|it| Size::parse(&it));
        let size = size.or(wish.size);
        let quality = self.quality.and_then(read::<String>);
        let quality = quality.as_deref().or(wish.quality.as_deref());
        let counted = Usage { images, variant: size::variant(size, quality), ..Usage::default() };
        let told = self.usage.and_then(read::<ToldUsage>).filter(ToldUsage::is_told);
        let Some(told) = told else { return (counted, UsageSource::Counted) };
        let image = |details: &Option<Details>| details.as_ref().and_then(|it| it.image_tokens);
        let input = told.input_tokens.unwrap_or(0);
        let output = told.output_tokens.unwrap_or(0);
        let details = told.input_tokens_details.as_ref();
        let cached = details.and_then(|it| it.cached_tokens).unwrap_or(0).min(input);
        let mut usage = Usage {
            input,
            cached,
            image_input: image(&told.input_tokens_details).unwrap_or(0).min(input - cached),
            output,
            // Nothing else is said to come back than pictures.
            image_output: image(&told.output_tokens_details).unwrap_or(output).min(output),
            ..counted
        };
        // Who draws by a program is told apart.
        if let Some(author) = self.svg_usage.and_then(read::<ToldUsage>) {
            let output = author.output_tokens.unwrap_or(0);
            usage.input = usage.input.saturating_add(author.input_tokens.unwrap_or(0));
            usage.output = usage.output.saturating_add(output);
            usage.reasoning = author.reasoning_tokens.unwrap_or(0).min(output);
        }
        (usage, UsageSource::Provider)
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a RawValue) -> Option<T> {
    serde_json::from_str(json.get()).ok()
}

impl ToldUsage {
    fn is_told(&self) -> bool {
        self.input_tokens.unwrap_or(0) > 0 || self.output_tokens.unwrap_or(0) > 0
    }
}

impl Passed {
    pub(super) fn of(request: &Request) -> Passed {
        Passed { wish: Wish::of(request), said: Said::default() }
    }

    pub(super) fn with(wish: Wish, said: Said) -> Passed {
        Passed { wish, said }
    }
}

impl ReadAnswer for Passed {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        self.said = said;
        Ok(())
    }

    fn end(self: Box<Self>, _context: &Context) -> Result<Spoken, Fault> {
        let told: Told<'_> = said::read(&self.said, "pictures")?;
        let nothing = || said::none(&self.said, "pictures");
        let items = told.data.as_ref().filter(|it| !it.is_empty()).ok_or_else(nothing)?;
        let mut read = Vec::with_capacity(items.len());
        for item in items {
            let of: Item<'_> = serde_json::from_str(item.get()).map_err(|_| nothing())?;
            let bytes = of.b64_json.is_some_and(|it| it.get().len() > 2);
            if !bytes && of.url.as_deref().is_none_or(str::is_empty) {
                return Err(nothing());
            }
            read.push((item.get(), of.url.filter(|_| !bytes)));
        }
        let (usage, source) = told.usage(items.len() as u64, &self.wish);
        let mut spoken = Spoken { usage, source, ..Spoken::default() };
        let elsewhere = read.iter().any(|(_, url)| url.is_some());
        if self.wish.form == Some(Form::Base64) && elsewhere {
            spoken.repairs.push("fetched_images");
            (spoken.body, spoken.fetch) = with_holes(&self.said.body, &read)?;
        } else {
            if self.wish.form == Some(Form::Url) && !elsewhere {
                spoken.losses.push("answer.url");
            }
            spoken.body = self.said.body.clone();
        }
        Ok(spoken)
    }
}

/// The answer with room for the bytes of every picture that is named by its address.
fn with_holes(
    body: &Bytes,
    items: &[(&str, Option<String>)],
) -> Result<(Bytes, Vec<Fetch>), Fault> {
    let none = || Fault::unreadable("the provider's answer has no pictures");
    let object = RawObject::read(body).map_err(|_| none())?;
    let data = object.raw("data").ok_or_else(none)?;
    let from = data.as_ptr() as usize - body.as_ptr() as usize;
    let mut out = body[..from].to_vec();
    let mut fetch = Vec::new();
    out.push(b'[');
    for (at, (item, url)) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let Some(url) = url else {
            out.extend_from_slice(item.as_bytes());
            continue;
        };
        let mut rest: Value = serde_json::from_str(item).map_err(|_| none())?;
        if let Some(fields) = rest.as_object_mut() {
            fields.remove("url");
            fields.remove("b64_json");
        }
        out.extend_from_slice(b"{\"b64_json\":\"");
        fetch.push(Fetch { url: url.clone(), at: out.len() });
        out.push(b'"');
        let rest = rest.to_string();
        if rest.len() > 2 {
            out.push(b',');
            out.extend_from_slice(&rest.as_bytes()[1..rest.len() - 1]);
        }
        out.push(b'}');
    }
    out.push(b']');
    out.extend_from_slice(&body[from + data.len()..]);
    Ok((out.into(), fetch))
}
