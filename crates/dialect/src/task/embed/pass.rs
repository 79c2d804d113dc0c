//! Both sides speak the same: the client's own bytes with named edits, in as many calls as the model
//! needs, and the provider's answer with what is missing or of another form put right.

use bytes::Bytes;
use serde_json::Value;
use wayleave_model::target::ModelFacts;

use super::answer::{Joined, Summed, counted};
use super::gemini;
use super::plain;
use super::question::{Ask, Surface};
use super::request::{Dtype, EmbedRequest};
use super::rows::ListUsage;
use super::vector::Vector;
use crate::Malformed;
use crate::error::Fault;
use crate::json;
use crate::node;
use crate::raw::{Edits, RawObject};
use crate::task::{Context, ReadAnswer, Reader, Said, Spoken, Wire, Written, said, splice};

/// OpenAI's client, a provider of OpenAI's grammar.
pub(super) fn openai(ask: &Ask<'_>, body: &Bytes) -> Result<Written, Malformed> {
    let size = ask.batch(plain::MOST);
    let object = RawObject::read(body)?;
    let batches = batches(&object, "input", size, ask.request.inputs.len())?;
    let mut wires = Vec::with_capacity(batches.len());
    let mut edits = Vec::new();
    let mut expected = Vec::with_capacity(batches.len());
    for (batch, count) in batches {
        let mut refused = Ok(());
        let (wire, names) = splice::changed(body, ask.to.model, |edits| {
            if let Some(batch) = batch {
                edits.set("input", batch, "input");
            }
            refused = refuses(ask.to.facts, &object, edits);
        })?;
        refused?;
        edits = names;
        wires.push(wire);
        expected.push(count);
    }
    let reader = Passed::new(expected, ask.request);
    Ok(Written { wires, edits, reader: Reader::Whole(Box::new(reader)) })
}

/// Takes out what the model is known to refuse, where vectors are the same without it. Base64 is
/// made here then.
fn refuses(facts: &ModelFacts, object: &RawObject<'_>, edits: &mut Edits) -> Result<(), Malformed> {
    for field in facts.refuses.iter().filter(|field| object.has(field)) {
        if matches!(field.as_str(), "dimensions" | "input" | "input_type" | "task") {
            let message = format!("this model refuses `{field}`");
            return Err(Malformed::unsupported(field.clone(), message));
        }
        edits.remove(field, field.clone());
    }
    Ok(())
}

/// The list at `key` in batches: its JSON, `None` where all of it fits, and how many are in each.
fn batches(
    object: &RawObject<'_>,
    key: &str,
    size: usize,
    count: usize,
) -> Result<Vec<(Option<String>, usize)>, Malformed> {
    let list = object.raw(key).filter(|json| json.starts_with('['));
    let (Some(list), true) = (list, count > size) else { return Ok(vec![(None, count)]) };
    let items = node::list(list, key)?;
    Ok(items.chunks(size).map(|it| (Some(format!("[{}]", it.join(","))), it.len())).collect())
}

/// Google's client, a provider of Google's grammar: each request's `model` follows the target.
pub(super) fn gemini(ask: &Ask<'_>, body: &Bytes, surface: Surface) -> Result<Written, Malformed> {
    let model = ask.to.model.strip_prefix("models/").unwrap_or(ask.to.model);
    let model = format!("models/{model}");
    let mut edits = Vec::new();
    let (wires, expected) = if surface == Surface::GeminiBatch {
        let object = RawObject::read(body)?;
        let items = node::list(object.raw("requests").unwrap_or("[]"), "requests")?;
        let mut renamed = Vec::with_capacity(items.len());
        for item in items {
            renamed.push(with_model(&Bytes::copy_from_slice(item.as_bytes()), &model, &mut edits)?);
        }
        let mut wires = Vec::new();
        let mut expected = Vec::new();
        for batch in renamed.chunks(ask.batch(gemini::MOST)) {
            let mut list = Vec::new();
            json::list(&mut list, batch);
            let mut change = Edits::default();
            let text = String::from_utf8_lossy(&list).into_owned();
            change.set("requests", text, "requests");
            let pieces = change.apply(&object, body);
            wires.push(Wire::json(pieces).at(":batchEmbedContents"));
            expected.push(batch.len());
        }
        if wires.len() > 1 {
            edits.push("requests".into());
        }
        (wires, expected)
    } else {
        let body = with_model(body, &model, &mut edits)?;
        (vec![Wire::json(vec![body]).at(":embedContent")], vec![1])
    };
    edits.dedup();
    let reader = Joined::new(gemini::read, expected, ask.form, ask.request).passing();
    Ok(Written { wires, edits, reader: Reader::Whole(Box::new(reader)) })
}

/// A request of Google's with the target's name, where it has one.
fn with_model(
    body: &Bytes,
    model: &str,
    edits: &mut Vec<std::borrow::Cow<'static, str>>,
) -> Result<Bytes, Malformed> {
    let object = RawObject::read(body)?;
    let Some(said) = object.string("model").transpose()? else { return Ok(body.clone()) };
    if said == model {
        return Ok(body.clone());
    }
    let mut change = Edits::default();
    change.set("model", Value::from(model).to_string(), "model");
    edits.push("model".into());
    Ok(change.apply(&object, body).concat().into())
}

/// OpenAI's own answers, passed on.
struct Passed {
    /// How many vectors each wire asked for.
    expected: Vec<usize>,
    base64: bool,
    numbers: Dtype,
    estimate: u64,
    bodies: Vec<Bytes>,
    usage: Summed,
}

impl Passed {
    fn new(expected: Vec<usize>, request: &EmbedRequest) -> Passed {
        Passed {
            expected,
            base64: request.base64,
            numbers: request.numbers(),
            estimate: request.tokens().0,
            bodies: Vec::new(),
            usage: Summed::default(),
        }
    }
}

impl ReadAnswer for Passed {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        let object = RawObject::read(&said.body).map_err(|_| said::none(&said, "vectors"))?;
        let data = object.raw("data").filter(|json| json.starts_with('['));
        let data = data.ok_or_else(|| said::none(&said, "vectors"))?;
        let items = node::list(data, "data").map_err(|_| said::none(&said, "vectors"))?;
        let expected = self.expected.get(self.bodies.len()).copied().unwrap_or_default();
        counted(items.len(), expected)?;
        self.usage.add(usage(&object).told());
        self.bodies.push(said.body);
        Ok(())
    }

    fn end(self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        let broken = || Fault::unreadable("the provider's answer has no vectors");
        let (usage, source) = self.usage.total(self.estimate);
        let first = self.bodies.first().ok_or_else(broken)?;
        let object = RawObject::read(first).map_err(|_| broken())?;
        let mut mending = Mending { repairs: Vec::new(), changed: self.bodies.len() > 1 };
        let data = self.data(&mut mending)?;
        let mut edits = Edits::default();
        if mending.changed {
            edits.set("data", data, "data");
        }
        let named = object.string("model").and_then(Result::ok);
        if let Some(model) = &context.answer_model {
            edits.set("model", Value::from(model.as_str()).to_string(), "model");
        } else if named.is_none_or(|it| it.is_empty()) {
            edits.set("model", Value::from(context.model()).to_string(), "model");
            mending.repairs.push("model");
        }
        if !object.has("object") {
            edits.set("object", "\"list\"".to_owned(), "object");
            mending.repairs.push("object");
        }
        if self.bodies.len() > 1 || !complete(&object) {
            let json = format!(r#"{{"prompt_tokens":{0},"total_tokens":{0}}}"#, usage.input);
            edits.set("usage", json, "usage");
            if !complete(&object) {
                mending.repairs.push("usage");
            }
        }
        let body = edits.apply(&object, first);
        let body = match body.as_slice() {
            [one] => one.clone(),
            several => several.concat().into(),
        };
        Ok(Spoken { body, usage, source, repairs: mending.repairs, ..Spoken::default() })
    }
}

/// What was changed in an answer.
struct Mending {
    repairs: Vec<&'static str>,
    changed: bool,
}

impl Mending {
    fn repair(&mut self, name: &'static str) {
        self.changed = true;
        if !self.repairs.contains(&name) {
            self.repairs.push(name);
        }
    }
}

impl Passed {
    /// Every answer's rows, in order, numbered through, in the form that was asked for.
    fn data(&self, mending: &mut Mending) -> Result<String, Fault> {
        let broken = || Fault::unreadable("the provider's answer has no vectors");
        let mut out = String::from("[");
        let mut at = 0;
        for body in &self.bodies {
            let object = RawObject::read(body).map_err(|_| broken())?;
            let items = node::list(object.raw("data").unwrap_or_default(), "data");
            let items = items.map_err(|_| broken())?;
            let mut rows = Vec::with_capacity(items.len());
            for item in items {
                let row = RawObject::of(item).map_err(|_| broken())?;
                let index = row.u64("index").and_then(Result::ok);
                rows.push((index, row, item));
            }
            // Some clients read by place, not by number.
            if !rows.is_sorted_by_key(|(index, ..)| *index) {
                mending.repair("data_order");
                rows.sort_by_key(|(index, ..)| *index);
            }
            let first = at;
            for (index, row, item) in rows {
                if index != Some(at - first) {
                    mending.repair("index");
                }
                if at > 0 {
                    out.push(',');
                }
                out.push_str(&self.row(&row, item, at, index == Some(at), mending)?);
                at += 1;
            }
        }
        out.push(']');
        Ok(out)
    }

    fn row(
        &self,
        row: &RawObject<'_>,
        item: &str,
        at: u64,
        numbered: bool,
        mending: &mut Mending,
    ) -> Result<String, Fault> {
        let json = row.raw("embedding").ok_or_else(|| {
            Fault::unreadable("the provider gave something else in place of a vector")
        })?;
        let fits = json.starts_with(if self.base64 { '"' } else { '[' });
        if fits && numbered {
            return Ok(item.to_owned());
        }
        let mut edits = Edits::default();
        if !fits {
            mending.repair("encoding_format");
            let vector = Vector::read(json)?;
            let json = if self.base64 {
                format!("\"{}\"", vector.packed(self.numbers)?)
            } else {
                vector.list(self.numbers)?.into_owned()
            };
            edits.set("embedding", json, "embedding");
        }
        if !numbered {
            edits.set("index", at.to_string(), "index");
        }
        let item = Bytes::copy_from_slice(item.as_bytes());
        let pieces = edits.apply(row, &item).concat();
        String::from_utf8(pieces).map_err(|_| Fault::unreadable("a vector cannot be read"))
    }
}

fn usage(object: &RawObject<'_>) -> ListUsage {
    object.parse("usage").and_then(Result::ok).unwrap_or_default()
}

/// Whether clients find both figures that they read.
fn complete(object: &RawObject<'_>) -> bool {
    usage(object).is_complete()
}
