//! Vendors that took OpenAI's paths and gave the fields other names, as data.

use serde_json::{Map, Value, json};

use super::passed::{Passed, Wish};
use super::picture::{Body, Picture};
use super::request::{Form, MOST, Request};
use crate::error::Fault;
use crate::raw::RawObject;
use crate::task::{
    Body as Given, Callee, Context, Grammar, ReadAnswer, Reader, Said, Spoken, Wire, Written, said,
};
use crate::{Losses, Malformed, Severity};

/// How one of them differs.
pub(super) struct Vendor {
    grammar: Grammar,
    /// The field of how many, and the most of one call.
    count: (&'static str, u32),
    size: Sized,
    /// The word of `response_format` for bytes; `None`: there are only addresses.
    base64: Option<&'static str>,
    /// Fields of OpenAI's, and others that many have, which it has too.
    has: &'static [&'static str],
    /// How pictures are sent along.
    sends: Sends,
}

/// How the size is said.
enum Sized {
    /// As OpenAI's, under another name.
    Named(&'static str),
    /// `width` and `height`.
    Sides,
    /// `aspect_ratio` and `resolution`.
    Ratio(&'static [&'static str]),
}

/// How pictures are sent along: always in JSON.
enum Sends {
    /// One, as an address or a data address in the field of that name.
    Named(&'static str),
    /// As `image` or `images`, objects with an address or a data address.
    Objects,
}

/// Each with its vendor's page.
const VENDORS: &[Vendor] = &[
    // https://docs.together.ai/docs/images-overview
    Vendor {
        grammar: Grammar::Together,
        count: ("n", 4),
        size: Sized::Sides,
        base64: Some("base64"),
        has: &["seed", "negative_prompt", "output_format"],
        sends: Sends::Named("image_url"),
    },
    // https://docs.siliconflow.cn/cn/api-reference/images/images-generations
    Vendor {
        grammar: Grammar::SiliconFlow,
        count: ("batch_size", 4),
        size: Sized::Named("image_size"),
        base64: None,
        has: &["seed", "negative_prompt"],
        sends: Sends::Named("image"),
    },
    // https://docs.x.ai/developers/model-capabilities/images/generation
    Vendor {
        grammar: Grammar::Xai,
        count: ("n", 10),
        size: Sized::Ratio(&[
            "1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2", "1:2", "2:1", "9:20", "20:9",
        ]),
        base64: Some("b64_json"),
        has: &["user"],
        sends: Sends::Objects,
    },
];

/// The vendor of that grammar.
pub(super) fn of(grammar: Grammar) -> Option<&'static Vendor> {
    VENDORS.iter().find(|it| it.grammar == grammar)
}

/// Renders a request. What the client says beside OpenAI's fields is meant for the vendor.
pub(super) fn write(
    request: &Request,
    vendor: &Vendor,
    to: &Callee<'_>,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    if request.n > MOST {
        return Err(Malformed::at("n", format!("`n` is at most {MOST} with this provider")));
    }
    if request.is_masked() {
        let why = "this provider cannot be told which part to change: leave `mask` out";
        return Err(Malformed::incapable("mask", why));
    }
    if request.stream && vendor.base64.is_none() {
        let why = "this provider sends addresses of pictures, which no event of a stream holds";
        return Err(Malformed::incapable("stream", why));
    }
    let mut fields = Map::new();
    fields.insert("model".to_owned(), to.model.into());
    fields.insert("prompt".to_owned(), request.prompt.as_str().into());
    sized(request, vendor, &mut fields, losses)?;
    worded(request, vendor, &mut fields, losses);
    let form = if request.stream { Some(Form::Base64) } else { request.form };
    match (form, vendor.base64) {
        (Some(Form::Base64), Some(word)) => {
            fields.insert("response_format".to_owned(), word.into())
        }
        (Some(Form::Url), Some(_)) => fields.insert("response_format".to_owned(), "url".into()),
        _ => None,
    };
    others(request, &mut fields)?;
    let pictures = if request.edit { request.pictures()? } else { Vec::new() };
    let mut left = request.n;
    let mut wires = Vec::new();
    while left > 0 {
        let now = left.min(vendor.count.1);
        left -= now;
        fields.insert(vendor.count.0.to_owned(), now.into());
        wires.push(wire(&fields, vendor, &pictures)?);
    }
    let wish = Wish { form, ..Wish::of(request) };
    let (edit, stream) = (request.edit, request.stream);
    let reader = Reader::Whole(Box::new(Answers { wish, edit, stream, data: Vec::new() }));
    Ok(Written { wires, edits: Vec::new(), reader })
}

fn sized(
    request: &Request,
    vendor: &Vendor,
    fields: &mut Map<String, Value>,
    losses: &mut Losses,
) -> Result<(), Malformed> {
    match &vendor.size {
        Sized::Named(name) => {
            if let Some(size) = &request.size {
                fields.insert((*name).to_owned(), size.as_str().into());
            }
        }
        Sized::Sides => {
            if let Some(size) = request.pixels()? {
                fields.insert("width".to_owned(), size.width.into());
                fields.insert("height".to_owned(), size.height.into());
            }
        }
        Sized::Ratio(ratios) => {
            let Some(size) = request.pixels()? else { return Ok(()) };
            if let Some((ratio, _)) = size.nearest(ratios) {
                fields.insert("aspect_ratio".to_owned(), ratio.into());
            }
            if size.thousands() != "1K" {
                fields.insert("resolution".to_owned(), "2k".into());
            }
            let exact = size.width == size.height && matches!(size.width, 1024 | 2048);
            if !exact {
                let reason = "the nearest ratio and resolution are asked for";
                losses.note("size", reason, Severity::Meaning);
            }
        }
    }
    Ok(())
}

/// The fields that it has, and notes on those that it has not.
fn worded(
    request: &Request,
    vendor: &Vendor,
    fields: &mut Map<String, Value>,
    losses: &mut Losses,
) {
    let text = |it: &Option<String>| it.as_deref().map(Value::from);
    let transparent = request.background.as_deref().filter(|it| *it == "transparent");
    for (name, value, severity) in [
        ("seed", request.seed.map(Value::from), Severity::Meaning),
        ("negative_prompt", text(&request.negative), Severity::Meaning),
        ("output_format", text(&request.output_format), Severity::Meaning),
        ("quality", text(&request.quality), Severity::Meaning),
        ("style", text(&request.style), Severity::Meaning),
        ("background", transparent.map(Value::from), Severity::Meaning),
        ("output_compression", request.compression.map(Value::from), Severity::Hint),
        ("moderation", text(&request.moderation), Severity::Hint),
        ("input_fidelity", text(&request.fidelity), Severity::Hint),
        ("user", text(&request.user), Severity::Hint),
    ] {
        let Some(value) = value else { continue };
        if vendor.has.contains(&name) {
            fields.insert(name.to_owned(), value);
        } else {
            losses.note(name, "no field for it", severity);
        }
    }
    if request.stream && request.partial_images > 0 {
        losses.note("partial_images", "pictures come only when done", Severity::Hint);
    }
}

/// The client's own fields, as they stand.
fn others(request: &Request, fields: &mut Map<String, Value>) -> Result<(), Malformed> {
    for name in &request.rest {
        let value = match &request.body {
            Given::Json(body) => RawObject::read(body)?.parse::<Value>(name).transpose()?,
            Given::Form { fields, .. } => {
                let found = fields.iter().rev().find(|(key, _)| key == name);
                found.map(|(_, text)| Value::from(text.as_str()))
            }
        };
        if let Some(value) = value.filter(|_| !fields.contains_key(name)) {
            fields.insert(name.clone(), value);
        }
    }
    Ok(())
}

fn wire(
    fields: &Map<String, Value>,
    vendor: &Vendor,
    pictures: &[Picture],
) -> Result<Wire, Malformed> {
    let text = json!(fields).to_string();
    let mut body = Body::default();
    body.raw(text.strip_suffix('}').unwrap_or(&text));
    match (&vendor.sends, pictures) {
        (_, []) => (),
        (Sends::Named(name), [one]) => {
            body.raw(",").value(&(*name).into()).raw(":");
            address(&mut body, one)?;
        }
        (Sends::Named(_), _) => {
            let why = "this provider starts from one picture";
            return Err(Malformed::incapable("image", why));
        }
        (Sends::Objects, [one]) => {
            body.raw(",\"image\":");
            object(&mut body, one)?;
        }
        (Sends::Objects, several) => {
            for (at, picture) in several.iter().enumerate() {
                body.raw(if at == 0 { ",\"images\":[" } else { "," });
                object(&mut body, picture)?;
            }
            body.raw("]");
        }
    }
    body.raw("}");
    Ok(body.wire())
}

fn object(body: &mut Body, picture: &Picture) -> Result<(), Malformed> {
    body.raw("{\"type\":\"image_url\",\"url\":");
    address(body, picture)?;
    body.raw("}");
    Ok(())
}

fn address(body: &mut Body, picture: &Picture) -> Result<(), Malformed> {
    if let Picture::Url(url) = picture {
        body.value(&url.as_str().into());
        return Ok(());
    }
    body.data_address(picture)
}

struct Answers {
    wish: Wish,
    edit: bool,
    stream: bool,
    data: Vec<Value>,
}

impl ReadAnswer for Answers {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        let answer: Value = said::read(&said, "pictures")?;
        let list = ["data", "images"].iter().find_map(|name| answer.get(name)?.as_array());
        let none = || said::none(&said, "pictures");
        let list = list.filter(|it| !it.is_empty()).ok_or_else(none)?;
        for it in list {
            let mut picture = Map::new();
            for name in ["b64_json", "url", "revised_prompt"] {
                if let Some(text) = it.get(name).filter(|it| it.is_string()) {
                    picture.insert(name.to_owned(), text.clone());
                }
            }
            self.data.push(Value::Object(picture));
        }
        Ok(())
    }

    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        let body = json!({"created": context.created, "data": self.data}).to_string();
        let said = Said { body: body.into(), ..Said::default() };
        let mut spoken = Box::new(Passed::with(self.wish, said)).end(context)?;
        if self.stream {
            if !spoken.fetch.is_empty() {
                return Err(Fault::unreadable("the provider sent addresses in place of pictures"));
            }
            spoken.body =
                super::answer::events_of(&spoken.body, self.edit, context.created, &spoken.usage)?;
            spoken.content_type = "text/event-stream".into();
        }
        Ok(spoken)
    }
}
