//! The cheap reading of a request, and the closed list of edits to it.

use serde_json::value::RawValue;
use wayleave_model::record::Asked;
use wayleave_model::target::ModelFacts;

use crate::Malformed;
use crate::chat::openai::amend::{include_usage, quoted, within};
use crate::chat::openai::ask;
use crate::chat::{Ask, Head};
use crate::raw::{Edits, RawObject};

/// Reads what routing, limits and the usage row need to know.
pub(super) fn ask<'a>(head: &Head<'a>, body: RawObject<'a>) -> Result<Ask<'a>, Malformed> {
    let model = match (body.string("model").transpose()?, head.model) {
        (Some(model), _) => model.into_owned(),
        (None, Some(model)) => model.to_owned(),
        (None, None) => return Err(Malformed::at("model", "`model` is missing")),
    };
    if model.is_empty() {
        return Err(Malformed::at("model", "`model` must not be empty"));
    }
    let prompts = prompts(&body)?;
    let stream = body.bool("stream").transpose()?.or(head.stream).unwrap_or(false);
    // `best_of` answers are made and billed for each prompt, however few of them are given out.
    let each = body.u64("n").transpose()?.unwrap_or(1);
    let each = each.max(body.u64("best_of").transpose()?.unwrap_or(1)).max(1);
    let choices = each.checked_mul(prompts).and_then(|choices| u32::try_from(choices).ok());
    let choices =
        choices.ok_or_else(|| Malformed::at("n", "`n` is more answers than anyone can read"))?;
    let bytes = body.body().len() as u64;
    Ok(Ask {
        model,
        stream,
        include_usage: ask::include_usage(&body),
        max_output: body.u64("max_tokens").transpose()?,
        choices,
        asked: Asked { stream, bytes, estimated_input: bytes.div_ceil(4), ..Asked::default() },
        end_user: ask::end_user(&body),
        continues: None,
        list: false,
        body,
    })
}

/// How many prompts there are: a text, a list of tokens, or a list of either.
fn prompts(body: &RawObject<'_>) -> Result<u64, Malformed> {
    let wrong = || Malformed::at("prompt", "`prompt` must be a string or a list");
    match body.raw("prompt") {
        None if body.has("messages") => {
            let message = "`prompt` is missing: `messages` go to /v1/chat/completions";
            Err(Malformed::at("prompt", message))
        }
        None => Err(Malformed::at("prompt", "`prompt` is missing")),
        Some("null") => Ok(1),
        Some(text) if text.starts_with('"') => Ok(1),
        Some(list) if list.starts_with('[') => {
            let list: Vec<&RawValue> = serde_json::from_str(list).map_err(|_| wrong())?;
            let tokens = list.iter().all(|it| it.get().bytes().all(|b| b.is_ascii_digit()));
            Ok(if tokens { 1 } else { list.len() as u64 })
        }
        Some(_) => Err(wrong()),
    }
}

/// Notes what this target demands, each by name; everything else stays the client's bytes.
pub(super) fn amend(ask: &Ask<'_>, model: &str, facts: &ModelFacts, edits: &mut Edits) {
    if ask.model != model || !ask.body.has("model") {
        edits.set("model", quoted(model), "model");
    }
    let refused = |field: &str| facts.refuses.iter().any(|refused| refused == field);
    if ask.stream && !ask.include_usage && !refused("stream_options") {
        include_usage(&ask.body, edits);
    }
    // The limit has one name here, whatever the model's newer dialect calls it.
    if let Some(asked) = ask.max_output.filter(|_| !refused("max_tokens")) {
        let fits = within(asked, facts);
        if fits != asked {
            edits.set("max_tokens", fits.to_string(), format!("max_tokens: {asked}->{fits}"));
        }
    }
    for field in &facts.refuses {
        if ask.body.raw(field).is_some() && !matches!(&**field, "model" | "prompt") {
            edits.remove(field, format!("-{field}"));
        }
    }
}
