//! Mistral's judgements in OpenAI's form (types of the `mistralai` package,
//! `ClassificationRequest` and `ModerationResponse`;
//! <https://docs.mistral.ai/capabilities/guardrailing/>).
//!
//! Mistral's categories are others: those that mean the same get OpenAI's name too, all keep their
//! own, and OpenAI's that Mistral does not judge are false, which is a loss.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::pass::counted;
use super::request::{Moderation, Part};
use crate::error::Fault;
use crate::json::{self, Object};
use crate::task::{Callee, Context, ReadAnswer, Reader, Said, Spoken, Wire, Written, said};
use crate::{Losses, Malformed, Severity};

/// OpenAI's categories, and Mistral's that mean the same: of its first model and of the second.
const CATEGORIES: [(&str, &[&str]); 13] = [
    ("harassment", &[]),
    ("harassment/threatening", &[]),
    ("hate", &["hate_and_discrimination"]),
    ("hate/threatening", &[]),
    ("illicit", &["dangerous_and_criminal_content", "dangerous", "criminal"]),
    ("illicit/violent", &[]),
    ("self-harm", &["selfharm"]),
    ("self-harm/instructions", &[]),
    ("self-harm/intent", &[]),
    ("sexual", &["sexual"]),
    ("sexual/minors", &[]),
    ("violence", &["violence_and_threats"]),
    ("violence/graphic", &[]),
];

pub(super) fn write(
    asked: &Moderation,
    to: &Callee<'_>,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    if asked.user.is_some() {
        losses.note("user", "no such field", Severity::Hint);
    }
    for field in &asked.rest {
        losses.note(field.clone(), "no such field", Severity::Meaning);
    }
    let mut texts = Vec::with_capacity(asked.inputs.len());
    for input in &asked.inputs {
        let mut lines = Vec::with_capacity(input.len());
        for (at, part) in input.iter().enumerate() {
            match part {
                Part::Text(text) => lines.push(text.as_str()),
                Part::Image => {
                    let message = "this model judges texts only";
                    return Err(Malformed::incapable(format!("input[{at}]"), message));
                }
            }
        }
        let mut out = Vec::new();
        json::quote(&mut out, &lines.join("\n"));
        texts.push(out);
    }
    let mut body = Vec::new();
    json::object(&mut body, |object| {
        object.text("model", to.model).list("input", texts);
    });
    let reader = Judged {
        expected: asked.inputs.len(),
        estimate: asked.tokens().0,
        results: Vec::new(),
        answer: (None, None, None),
    };
    let wires = vec![Wire::json(vec![body.into()])];
    Ok(Written { wires, edits: Vec::new(), reader: Reader::Whole(Box::new(reader)) })
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    model: Option<String>,
    results: Vec<Judgement>,
    #[serde(default)]
    usage: Option<Consumed>,
}

/// One input's judgement: each category with its verdict and its score as written.
#[derive(Deserialize)]
struct Judgement {
    #[serde(default)]
    categories: BTreeMap<String, bool>,
    #[serde(default)]
    category_scores: BTreeMap<String, Box<RawValue>>,
}

#[derive(Deserialize)]
struct Consumed {
    #[serde(default)]
    prompt_tokens: Option<f64>,
}

struct Judged {
    expected: usize,
    estimate: u64,
    results: Vec<Judgement>,
    /// The answer's id, its model and what it consumed.
    answer: (Option<String>, Option<String>, Option<u64>),
}

impl ReadAnswer for Judged {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        let answer: Answer = said::read(&said, "judgements")?;
        counted(answer.results.len(), self.expected)?;
        let input = answer.usage.and_then(|it| said::figure(it.prompt_tokens));
        self.results = answer.results;
        self.answer = (answer.id, answer.model, input.filter(|it| *it > 0));
        Ok(())
    }

    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        let (id, model, input) = &self.answer;
        let model = context.answer_model.as_ref().or(model.as_ref());
        let mut body = Vec::new();
        json::object(&mut body, |object| {
            object.text("id", id.as_deref().unwrap_or(&context.id));
            object.text("model", model.map_or_else(|| context.model(), String::as_str));
            object.list("results", self.results.iter().map(result));
        });
        let source = input.map_or(UsageSource::Estimated, |_| UsageSource::Provider);
        let usage = Usage { input: input.unwrap_or(self.estimate), ..Usage::default() };
        let losses = vec!["answer.categories"];
        Ok(Spoken { body: body.into(), usage, source, losses, ..Spoken::default() })
    }
}

/// One judgement in OpenAI's form
/// (<https://platform.openai.com/docs/api-reference/moderations/object>).
fn result(judgement: &Judgement) -> Vec<u8> {
    let own: Vec<&String> = {
        let named = judgement.categories.keys().chain(judgement.category_scores.keys());
        let others = named.filter(|name| !CATEGORIES.iter().any(|(theirs, _)| theirs == name));
        others.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    };
    let mut out = Vec::new();
    json::object(&mut out, |object| {
        let flagged = judgement.categories.values().any(|it| *it);
        object.raw("flagged", boolean(flagged));
        object.nest("categories", |it| {
            each(it, &own, |names| boolean(names.iter().any(|name| judged(judgement, name))));
        });
        object.nest("category_scores", |it| each(it, &own, |names| highest(judgement, names)));
        object.nest("category_applied_input_types", |it| {
            each(it, &own, |names| {
                let known = names.iter().any(|name| judgement.category_scores.contains_key(*name));
                if known { "[\"text\"]" } else { "[]" }
            });
        });
    });
    out
}

/// Every category of OpenAI's, then Mistral's own, each with what `of` makes of Mistral's names.
fn each<'j>(object: &mut Object<'_>, own: &[&String], of: impl Fn(&[&str]) -> &'j str) {
    for (theirs, names) in CATEGORIES {
        object.raw(theirs, of(names));
    }
    for name in own {
        object.raw(name, of(&[name.as_str()]));
    }
}

fn judged(judgement: &Judgement, name: &str) -> bool {
    judgement.categories.get(name).copied().unwrap_or_default()
}

/// The highest of several scores, as it was written.
fn highest<'j>(judgement: &'j Judgement, names: &[&str]) -> &'j str {
    let scores = names.iter().filter_map(|name| judgement.category_scores.get(*name));
    let scores = scores.filter_map(|json| Some((json.get().parse::<f64>().ok()?, json.get())));
    scores.max_by(|a, b| a.0.total_cmp(&b.0)).map_or("0", |(_, json)| json)
}

fn boolean(it: bool) -> &'static str {
    if it { "true" } else { "false" }
}
