//! Providers that speak a client's own grammar: Jina's, as most servers do, and Cohere's version 2.
//! The client's bytes go up with named edits, the provider's come down with what breaks clients put
//! right: `data` for `results`, `score` for `relevance_score`, raw scores, another order.

use bytes::Bytes;
use serde_json::Value;

use super::answer::{Consumed, Counts, Rank, Scored, Summed, check, documents, squash, top_n};
use super::ask::Ask;
use super::request::{Document, RerankRequest};
use crate::error::Fault;
use crate::json;
use crate::node;
use crate::raw::{Edits, RawObject};
use crate::task::{Context, ReadAnswer, Reader, Said, Spoken, Written, said, splice};
use crate::{Losses, Malformed, Severity};

/// A provider of Jina's grammar.
pub(super) fn jina(ask: &Ask<'_>, body: &Bytes) -> Result<Written, Malformed> {
    let object = RawObject::read(body)?;
    let refused: Vec<&String> =
        ask.to.facts.refuses.iter().filter(|field| object.has(field)).collect();
    write(ask, body, &object, Counts::Tokens, |edits, _, _| {
        for field in &refused {
            edits.remove(field, (*field).clone());
        }
        Ok(())
    })
}

/// A provider of Cohere's grammar: documents are texts there, and are given back from here.
pub(super) fn cohere(
    ask: &Ask<'_>,
    body: &Bytes,
    losses: &mut Losses,
) -> Result<Written, Malformed> {
    let object = RawObject::read(body)?;
    let request = ask.request;
    if let Some((field, _)) = request.truncate {
        let reason = "the provider decides what is done with a long document";
        losses.note(field, reason, Severity::Meaning);
    }
    if object.has("max_chunks_per_doc") {
        losses.note("max_chunks_per_doc", "no such field in version 2", Severity::Meaning);
    }
    if request.user.is_some() {
        losses.note("user", "no such field", Severity::Hint);
    }
    let objects = request.documents.iter().any(Document::is_object);
    let query = request.query.is_object();
    write(ask, body, &object, Counts::Searches, |edits, first, batch| {
        if query {
            edits.set("query", Value::from(ask.query()?).to_string(), "query");
        }
        if objects {
            let mut list = Vec::new();
            json::list(&mut list, ask.texts(first, batch)?);
            let list = String::from_utf8_lossy(&list).into_owned();
            edits.set("documents", list, "documents");
        }
        let first_version = [
            "return_documents",
            "rank_fields",
            "max_chunks_per_doc",
            "truncate",
            "truncation",
            "user",
        ];
        for field in first_version.into_iter().filter(|field| object.raw(field).is_some()) {
            edits.remove(field, field);
        }
        Ok(())
    })
}

/// The client's bytes, in as many calls as the model needs.
fn write(
    ask: &Ask<'_>,
    body: &Bytes,
    object: &RawObject<'_>,
    counts: Counts,
    mut change: impl FnMut(&mut Edits, usize, &[Document]) -> Result<(), Malformed>,
) -> Result<Written, Malformed> {
    let all = &ask.request.documents;
    let size = ask.batch(None)?;
    let mut wires = Vec::with_capacity(all.len().div_ceil(size));
    let mut names = Vec::new();
    for (at, batch) in all.chunks(size).enumerate() {
        let mut changed = Ok(());
        let (wire, edits) = splice::changed(body, ask.to.model, |edits| {
            if all.len() > size {
                let items: Vec<&str> = batch.iter().map(|it| it.json.as_str()).collect();
                edits.set("documents", format!("[{}]", items.join(",")), "documents");
            }
            most(ask.request, object, batch.len() as u64, edits);
            changed = change(edits, at * size, batch);
        })?;
        changed?;
        names = edits;
        wires.push(wire);
    }
    let mut told = std::collections::BTreeSet::new();
    names.retain(|name| told.insert(name.clone()));
    let sizes: Vec<usize> = all.chunks(size).map(<[Document]>::len).collect();
    let reader = Passed::new(sizes, counts, ask.request);
    Ok(Written { wires, edits: names, reader: Reader::Whole(Box::new(reader)) })
}

/// `top_n` under that name, and never more than there are: several servers refuse it, or `null`.
fn most(request: &RerankRequest, object: &RawObject<'_>, batch: u64, edits: &mut Edits) {
    if object.raw("top_k").is_some() {
        edits.rename("top_k", "top_n", "top_k");
    }
    let field = if object.has("top_n") { "top_n" } else { "top_k" };
    match request.top_n.map(|it| it.min(batch)) {
        None if object.raw("top_n").is_some() || object.raw("top_k").is_some() => {
            edits.remove("top_n", "top_n");
        }
        None => {}
        Some(wanted) => {
            let said = object.u64(field).and_then(Result::ok);
            if said != Some(wanted) {
                edits.set("top_n", wanted.to_string(), "top_n");
            }
        }
    }
}

/// A provider's own answers, passed on.
struct Passed {
    sizes: Vec<usize>,
    documents: Option<Vec<String>>,
    top_n: usize,
    bodies: Vec<Bytes>,
    ranks: Vec<(Rank, Bytes)>,
    usage: Summed,
    first: usize,
    repairs: Vec<&'static str>,
}

impl Passed {
    fn new(sizes: Vec<usize>, counts: Counts, request: &RerankRequest) -> Passed {
        Passed {
            sizes,
            documents: documents(request),
            top_n: top_n(request),
            bodies: Vec::new(),
            ranks: Vec::new(),
            usage: Summed::new(counts, request),
            first: 0,
            repairs: Vec::new(),
        }
    }

    fn repair(&mut self, name: &'static str) {
        if !self.repairs.contains(&name) {
            self.repairs.push(name);
        }
    }
}

impl ReadAnswer for Passed {
    fn read(&mut self, mut said: Said) -> Result<(), Fault> {
        // SGLang's: the bare list.
        if said.body.starts_with(b"[") {
            said.body = [b"{\"results\":", &said.body[..], b"}"].concat().into();
            self.repair("results");
        }
        let none = || said::none(&said, "ranks");
        let object = RawObject::read(&said.body).map_err(|_| none())?;
        let list = |key: &str| object.raw(key).filter(|json| json.starts_with('['));
        let results = list("results").or_else(|| list("data")).ok_or_else(none)?;
        if list("results").is_none() {
            self.repair("results");
        }
        let size = self.sizes.get(self.bodies.len()).copied().unwrap_or_default();
        let mut ranks = Vec::new();
        for item in node::list(results, "results").map_err(|_| none())? {
            let scored: Scored<'_> = serde_json::from_str(item).map_err(|_| none())?;
            let mut rank = scored.rank()?;
            if RawObject::of(item).is_ok_and(|it| !it.has("relevance_score")) {
                self.repair("relevance_score");
            }
            rank.index += self.first;
            ranks.push((rank, Bytes::copy_from_slice(item.as_bytes())));
        }
        let first = self.first;
        let local: Vec<Rank> = ranks
            .iter()
            .map(|(rank, _)| Rank { index: rank.index - first, ..rank.clone() })
            .collect();
        check(&local, size)?;
        self.ranks.extend(ranks);
        let consumed: Consumed = serde_json::from_slice(&said.body).unwrap_or_default();
        self.usage.add(consumed.told(&said));
        self.first += size;
        self.bodies.push(said.body);
        Ok(())
    }

    fn end(mut self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        let broken = || Fault::unreadable("the provider's answer has no ranks");
        let (usage, source) = self.usage.total();
        let mut ranks: Vec<Rank> = self.ranks.iter().map(|(rank, _)| rank.clone()).collect();
        if squash(&mut ranks) {
            self.repair("relevance_score");
        }
        let items: Vec<Bytes> = self.ranks.iter().map(|(_, item)| item.clone()).collect();
        let mut order: Vec<usize> = (0..ranks.len()).collect();
        order.sort_by(|a, b| ranks[*b].score.total_cmp(&ranks[*a].score));
        if self.bodies.len() == 1 && !order.is_sorted() {
            self.repair("results_order");
        }
        if order.len() > self.top_n {
            order.truncate(self.top_n);
            if self.bodies.len() == 1 {
                self.repair("top_n");
            }
        }
        let mut results = Vec::with_capacity(order.len());
        let mut changed = !self.repairs.is_empty() || self.bodies.len() > 1;
        for at in order {
            let (rank, item) = (&ranks[at], &items[at]);
            let edited = self.item(rank, item).ok_or_else(broken)?;
            changed |= edited != *item;
            results.push(edited);
        }
        let first = self.bodies.first().ok_or_else(broken)?;
        let object = RawObject::read(first).map_err(|_| broken())?;
        let mut edits = Edits::default();
        if changed {
            let mut list = Vec::new();
            json::list(&mut list, results);
            let list = String::from_utf8(list).map_err(|_| broken())?;
            if !object.has("results") {
                edits.rename("data", "results", "results");
            }
            edits.set("results", list, "results");
        }
        if self.bodies.len() > 1 && object.has("usage") {
            let json = format!(r#"{{"prompt_tokens":{0},"total_tokens":{0}}}"#, usage.input);
            edits.set("usage", json, "usage");
        }
        if let Some(name) = context.answer_model.as_deref().filter(|_| object.has("model")) {
            edits.set("model", Value::from(name).to_string(), "model");
        }
        let body = edits.apply(&object, first);
        let body = match body.as_slice() {
            [one] => one.clone(),
            several => several.concat().into(),
        };
        Ok(Spoken { body, usage, source, repairs: self.repairs, ..Spoken::default() })
    }
}

impl Passed {
    /// One result, with what clients read of it.
    fn item(&self, rank: &Rank, item: &Bytes) -> Option<Bytes> {
        let object = RawObject::read(item).ok()?;
        let mut edits = Edits::default();
        if object.u64("index").and_then(Result::ok) != Some(rank.index as u64) {
            edits.set("index", rank.index.to_string(), "index");
        }
        if !object.has("relevance_score") {
            edits.rename("score", "relevance_score", "relevance_score");
        }
        if object.raw("relevance_score") != Some(rank.json.as_str()) {
            edits.set("relevance_score", rank.json.clone(), "relevance_score");
        }
        if let Some(document) = self.documents.as_ref().and_then(|all| all.get(rank.index))
            && !object.has("document")
        {
            edits.set("document", document.clone(), "document");
        }
        Some(edits.apply(&object, item).concat().into())
    }
}
