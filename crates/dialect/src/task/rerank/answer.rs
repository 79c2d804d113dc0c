//! Joins the answers to one request for an order, and writes the client's: Cohere's and Jina's forms
//! in one.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::value::RawValue;
use wayleave_model::Usage;
use wayleave_model::usage::UsageSource;

use super::request::RerankRequest;
use crate::error::Fault;
use crate::json::{self, Object};
use crate::task::{Context, ReadAnswer, Said, Spoken, said};

/// What one answer of a provider holds.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    /// The documents, in any order.
    pub(super) ranks: Vec<Rank>,
    /// What was consumed, as far as it says.
    pub(super) told: Told,
    /// The name of the model, where it says one.
    pub(super) model: Option<String>,
}

/// One document's place.
#[derive(Clone, Debug)]
pub(super) struct Rank {
    /// Which document.
    pub(super) index: usize,
    /// How relevant it is.
    pub(super) score: f64,
    /// The score as it was written.
    pub(super) json: String,
}

/// What a provider says was consumed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    /// Tokens.
    pub(super) input: Option<u64>,
    /// Searches.
    pub(super) searches: Option<u64>,
}

/// Reads one answer.
pub(super) type ReadRanks = fn(&Said) -> Result<Ranks, Fault>;

/// What a provider charges by, where its answer does not say how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counts {
    /// Tokens.
    Tokens,
    /// A search for each hundred documents.
    Searches,
}

/// Answers to several wires, as they come in.
pub(super) struct Joined {
    read: ReadRanks,
    /// How many documents each wire still to be answered has.
    sizes: VecDeque<usize>,
    /// The place of the next wire's first document.
    first: usize,
    /// The documents as the client sent them, where they are wanted back.
    documents: Option<Vec<String>>,
    top_n: usize,
    ranks: Vec<Rank>,
    usage: Summed,
    model: Option<String>,
}

impl Joined {
    /// For batches of `sizes` documents.
    pub(super) fn new(
        read: ReadRanks,
        sizes: impl IntoIterator<Item = usize>,
        counts: Counts,
        request: &RerankRequest,
    ) -> Joined {
        Joined {
            read,
            sizes: sizes.into_iter().collect(),
            first: 0,
            documents: documents(request),
            top_n: top_n(request),
            ranks: Vec::new(),
            usage: Summed::new(counts, request),
            model: None,
        }
    }
}

impl ReadAnswer for Joined {
    fn read(&mut self, said: Said) -> Result<(), Fault> {
        let size = self.sizes.pop_front().unwrap_or_default();
        let ranks = (self.read)(&said)?;
        check(&ranks.ranks, size)?;
        let first = self.first;
        self.ranks
            .extend(ranks.ranks.into_iter().map(|rank| Rank { index: rank.index + first, ..rank }));
        self.first += size;
        self.usage.add(ranks.told);
        self.model = self.model.take().or(ranks.model);
        Ok(())
    }

    fn end(mut self: Box<Self>, context: &Context) -> Result<Spoken, Fault> {
        let mut repairs = Vec::new();
        if squash(&mut self.ranks) {
            repairs.push("relevance_score");
        }
        self.ranks.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.index.cmp(&b.index)));
        self.ranks.truncate(self.top_n);
        let (usage, source) = self.usage.total();
        let mut results = Vec::with_capacity(self.ranks.len());
        for rank in &self.ranks {
            let mut out = Vec::new();
            json::object(&mut out, |it| {
                it.count("index", rank.index as u64).raw("relevance_score", &rank.json);
                let document = self.documents.as_ref().and_then(|all| all.get(rank.index));
                if let Some(document) = document {
                    it.raw("document", document);
                }
            });
            results.push(out);
        }
        let model = context.answer_model.as_deref().or(self.model.as_deref());
        let mut body = Vec::new();
        json::object(&mut body, |it| {
            it.text("id", &context.id).text("object", "list");
            it.text("model", model.unwrap_or_else(|| context.model()));
            it.list("results", results);
            consumed(it, &usage);
        });
        Ok(Spoken { body: body.into(), usage, source, repairs, ..Spoken::default() })
    }
}

/// Both families' words for what was consumed.
fn consumed(object: &mut Object<'_>, usage: &Usage) {
    object.nest("usage", |it| {
        it.count("prompt_tokens", usage.input).count("total_tokens", usage.input);
    });
    object.nest("meta", |meta| {
        meta.nest("api_version", |it| {
            it.text("version", "2");
        });
        meta.nest("billed_units", |it| {
            if usage.searches > 0 {
                it.count("search_units", usage.searches);
            } else {
                it.count("input_tokens", usage.input);
            }
        });
    });
}

/// The documents to give back: a text as an object, as Cohere and Jina have it.
pub(super) fn documents(request: &RerankRequest) -> Option<Vec<String>> {
    if request.return_documents != Some(true) {
        return None;
    }
    let one = |json: &String| {
        if json.starts_with('{') { json.clone() } else { format!(r#"{{"text":{json}}}"#) }
    };
    Some(request.documents.iter().map(|it| one(&it.json)).collect())
}

/// How many results the client gets.
pub(super) fn top_n(request: &RerankRequest) -> usize {
    let most = request.top_n.and_then(|it| usize::try_from(it).ok());
    most.unwrap_or(request.documents.len())
}

/// Each document once, and none that was not sent.
pub(super) fn check(ranks: &[Rank], size: usize) -> Result<(), Fault> {
    if ranks.is_empty() {
        return Err(Fault::unreadable("the provider ranked no document"));
    }
    let mut seen = vec![false; size];
    for rank in ranks {
        match seen.get_mut(rank.index) {
            Some(seen) if !*seen => *seen = true,
            _ => {
                let index = rank.index;
                let message = format!("the provider ranked document {index} of {size} wrongly");
                return Err(Fault::unreadable(message));
            }
        }
        if !rank.score.is_finite() {
            return Err(Fault::unreadable("a score in the provider's answer is no number"));
        }
    }
    Ok(())
}

/// Scores that are not from 0 to 1 are a model's raw ones (llama.cpp): the logistic function, which
/// the others apply themselves, brings them there and keeps their order. Whether it had to.
pub(super) fn squash(ranks: &mut [Rank]) -> bool {
    if ranks.iter().all(|rank| (0.0..=1.0).contains(&rank.score)) {
        return false;
    }
    for rank in ranks {
        rank.score = 1.0 / (1.0 + (-rank.score).exp());
        rank.json = rank.score.to_string();
    }
    true
}

/// What several answers say was consumed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summed {
    counts: Counts,
    estimate: u64,
    searches: u64,
    told: Told,
    /// One of them did not say.
    silent: bool,
}

impl Summed {
    pub(super) fn new(counts: Counts, request: &RerankRequest) -> Summed {
        let (estimate, searches) = (request.tokens().0, request.searches());
        Summed { counts, estimate, searches, told: Told::default(), silent: false }
    }

    /// One more answer.
    pub(super) fn add(&mut self, told: Told) {
        self.silent |= told.input.is_none() && told.searches.is_none();
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or_default() + b.unwrap_or_default()),
        };
        self.told.input = sum(self.told.input, told.input);
        self.told.searches = sum(self.told.searches, told.searches);
    }

    /// All of it, and who says so. Where searches are charged, tokens beside them are not.
    pub(super) fn total(self) -> (Usage, UsageSource) {
        if let (Some(searches), false) = (self.told.searches.filter(|it| *it > 0), self.silent) {
            return (Usage { searches, ..Usage::default() }, UsageSource::Provider);
        }
        match (self.counts, self.told.input) {
            (Counts::Searches, _) => {
                let usage = Usage { searches: self.searches, ..Usage::default() };
                (usage, UsageSource::Estimated)
            }
            (Counts::Tokens, Some(input)) if !self.silent => {
                (Usage { input, ..Usage::default() }, UsageSource::Provider)
            }
            (Counts::Tokens, told) => {
                let input = self.estimate.max(told.unwrap_or_default());
                (Usage { input, ..Usage::default() }, UsageSource::Estimated)
            }
        }
    }
}

/// A result as most vendors write it; some give the score two names.
#[derive(Deserialize)]
pub(super) struct Scored<'a> {
    pub(super) index: usize,
    #[serde(borrow, default)]
    relevance_score: Option<&'a RawValue>,
    #[serde(borrow, default)]
    score: Option<&'a RawValue>,
}

impl Scored<'_> {
    /// Its place.
    pub(super) fn rank(&self) -> Result<Rank, Fault> {
        let json = self.relevance_score.or(self.score).map_or("", RawValue::get);
        let score = json
            .parse()
            .map_err(|_| Fault::unreadable("a score in the provider's answer is no number"))?;
        Ok(Rank { index: self.index, score, json: json.to_owned() })
    }
}

/// What most vendors say was consumed.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Consumed {
    #[serde(default)]
    usage: Option<TokenUsage>,
    #[serde(default)]
    meta: Option<Meta>,
    /// SiliconFlow's and others', beside the results.
    #[serde(default)]
    tokens: Option<MetaTokens>,
}

#[derive(Debug, Deserialize)]
struct TokenUsage {
    #[serde(default)]
    total_tokens: Option<f64>,
    #[serde(default)]
    prompt_tokens: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Meta {
    #[serde(default)]
    billed_units: Option<Billed>,
    #[serde(default)]
    tokens: Option<MetaTokens>,
}

#[derive(Debug, Deserialize)]
struct Billed {
    #[serde(default)]
    search_units: Option<f64>,
    #[serde(default)]
    input_tokens: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct MetaTokens {
    #[serde(default)]
    input_tokens: Option<f64>,
}

impl Consumed {
    /// In the one convention.
    pub(super) fn told(self, said: &Said) -> Told {
        let usage = self.usage.and_then(|it| {
            said::figure(it.total_tokens).filter(|it| *it > 0).or(said::figure(it.prompt_tokens))
        });
        let (billed, tokens) = self.meta.map_or((None, None), |it| (it.billed_units, it.tokens));
        let searches = billed.as_ref().and_then(|it| said::figure(it.search_units));
        let billed = billed.and_then(|it| said::figure(it.input_tokens));
        let tokens = tokens.or(self.tokens).and_then(|it| said::figure(it.input_tokens));
        let header = said::count(said, "x-compute-tokens");
        let input = usage.or(billed).or(tokens).or(header).filter(|it| *it > 0);
        Told { input, searches }
    }
}
