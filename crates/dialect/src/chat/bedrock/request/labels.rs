//! Whose call it is, in which class it runs, and everything that has no field here.

use serde_json::value::RawValue;

use crate::chat::json::Object;
use crate::chat::{ChatRequest, rest};
use crate::raw::RawObject;
use crate::{Losses, Severity};

/// Most labels of a call.
const MOST_LABELS: usize = 16;

/// Longest name and longest value of a label.
const LONGEST_LABEL: usize = 256;

/// Writes `requestMetadata` and `serviceTier`, and notes what stays behind.
pub(super) fn write(request: &ChatRequest, body: &mut Object<'_>, losses: &mut Losses) {
    if let Some(metadata) = request.metadata.as_deref() {
        labels(metadata, body, losses);
    }
    match request.service_tier.as_deref() {
        None | Some("auto") => (),
        Some("default" | "standard" | "standard_only") => tier("default", body),
        Some("flex") => tier("flex", body),
        Some("priority") => tier("priority", body),
        Some("reserved") => tier("reserved", body),
        Some(_) => losses.note("service_tier", "no such class", Severity::Hint),
    }
    note_rest(request, losses);
}

fn tier(name: &str, body: &mut Object<'_>) {
    body.nest("serviceTier", |tier| {
        tier.text("type", name);
    });
}

/// Labels are stored with the log of the call. Those that Bedrock would refuse stay behind.
fn labels(metadata: &RawValue, body: &mut Object<'_>, losses: &mut Losses) {
    let object = RawObject::read(metadata.get().as_bytes()).ok();
    let keys = || object.iter().flat_map(RawObject::keys);
    let fitting = keys().filter_map(|key| {
        let value = object.as_ref()?.string(key)?.ok()?;
        (!key.is_empty() && fits(key) && fits(&value)).then_some((key, value))
    });
    let kept: Vec<_> = fitting.take(MOST_LABELS).collect();
    if object.is_none() || kept.len() < keys().count() {
        let reason = "only 16 labels of 256 plain characters are stored";
        losses.note("metadata", reason, Severity::Hint);
    }
    if !kept.is_empty() {
        body.nest("requestMetadata", |labels| {
            for (key, value) in &kept {
                labels.text(key, value);
            }
        });
    }
}

fn fits(text: &str) -> bool {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b" \t\n\r:_@$#=/+,-.".contains(&b);
    text.len() <= LONGEST_LABEL && text.bytes().all(legal)
}

fn note_rest(request: &ChatRequest, losses: &mut Losses) {
    if request.end_user.as_ref().is_some_and(|user| !user.is_empty()) {
        losses.note("user", "no such field", Severity::Hint);
    }
    if request.cache_key.is_some() {
        losses.note("prompt_cache_key", "no such field", Severity::Hint);
    }
    for (name, json) in &request.rest {
        losses.note(name, "no such field", rest::severity(name, json));
    }
}
