//! Google's vectors in AI Studio (<https://ai.google.dev/api/embeddings>; types of the
//! `google-genai` package).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Rows, Told};
use super::question::{Ask, Carried, no_word};
use super::request::{Input, Part, Purpose};
use super::vector::Vector;
use crate::error::Fault;
use crate::json::{self, Object};
use crate::task::{Said, Wire, Written, said};
use crate::{Losses, Malformed};

/// The most requests of one `batchEmbedContents`.
pub(super) const MOST: usize = 100;

/// Writes the request: always a batch, as Google's own package does.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    ask.leave(&[Carried::Dimensions, Carried::Purpose, Carried::Title], losses)?;
    let task = task(ask, losses);
    let model = ask.to.model.strip_prefix("models/").unwrap_or(ask.to.model);
    let model = format!("models/{model}");
    ask.wires(ask.batch(MOST), read, |first, batch| {
        let mut requests = Vec::with_capacity(batch.len());
        for (at, input) in batch.iter().enumerate() {
            let content = content(input, first + at)?;
            let mut out = Vec::new();
            let mut object = Object::open(&mut out);
            object.text("model", &model).bytes("content", &content);
            settings(ask, task, &mut object);
            object.close();
            requests.push(out);
        }
        let mut body = Vec::new();
        json::object(&mut body, |object| {
            object.list("requests", requests);
        });
        Ok(Wire::json(vec![body.into()]).at(":batchEmbedContents"))
    })
}

/// What is wanted of one vector.
pub(super) fn settings(ask: &Ask<'_>, task: Option<&str>, object: &mut Object<'_>) {
    if let Some(task) = task {
        object.text("taskType", task);
    }
    if let Some(title) = &ask.request.title {
        object.text("title", title);
    }
    if let Some(dimensions) = ask.request.dimensions {
        object.count("outputDimensionality", dimensions);
    }
}

/// Google's word for a purpose.
pub(super) fn task(ask: &Ask<'_>, losses: &mut Losses) -> Option<&'static str> {
    let (field, purpose) = ask.request.purpose.as_ref()?;
    Some(match purpose {
        Purpose::Query => "RETRIEVAL_QUERY",
        Purpose::Document | Purpose::CodePassage => "RETRIEVAL_DOCUMENT",
        Purpose::Similarity => "SEMANTIC_SIMILARITY",
        Purpose::Classification => "CLASSIFICATION",
        Purpose::Clustering => "CLUSTERING",
        Purpose::CodeQuery => "CODE_RETRIEVAL_QUERY",
        Purpose::Question => "QUESTION_ANSWERING",
        Purpose::Fact => "FACT_VERIFICATION",
        Purpose::Other(_) => {
            no_word(field, losses);
            return None;
        }
    })
}

/// An input as Google's content.
pub(super) fn content(input: &Input, at: usize) -> Result<Vec<u8>, Malformed> {
    let mut parts = Vec::new();
    for part in input.parts(at)? {
        let mut out = Vec::new();
        match &part {
            Part::Text(text) => json::object(&mut out, |it| {
                it.text("text", text);
            }),
            Part::Image(address) => {
                let (kind, data) = data(address, at)?;
                json::object(&mut out, |it| {
                    it.nest("inlineData", |it| {
                        it.text("mimeType", kind).text("data", data);
                    });
                });
            }
        }
        parts.push(out);
    }
    let mut out = Vec::new();
    json::object(&mut out, |it| {
        it.list("parts", parts);
    });
    Ok(out)
}

/// The type and the base64 of an image that comes with the request.
fn data(address: &str, at: usize) -> Result<(&str, &str), Malformed> {
    let address = super::cohere::data_address(address, at)?;
    let split = address.strip_prefix("data:").and_then(|it| it.split_once(";base64,"));
    split.ok_or_else(|| {
        Malformed::at(format!("input[{at}]"), "a data: address of an image must be base64")
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow, default)]
    embeddings: Option<Vec<Embedding<'a>>>,
    #[serde(borrow, default)]
    embedding: Option<Embedding<'a>>,
    #[serde(default)]
    usage_metadata: Option<Usage>,
}

#[derive(Deserialize)]
struct Embedding<'a> {
    #[serde(borrow)]
    values: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usage {
    #[serde(default)]
    prompt_token_count: Option<f64>,
    #[serde(default)]
    prompt_tokens_details: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    #[serde(default)]
    modality: String,
    #[serde(default)]
    token_count: Option<f64>,
}

/// Reads an answer to one or to several.
pub(super) fn read(said: &Said) -> Result<Rows, Fault> {
    let answer: Answer<'_> = said::read(said, "vectors")?;
    let rows = answer.embeddings.or(answer.embedding.map(|one| vec![one]));
    let rows = rows.ok_or_else(|| said::none(said, "vectors"))?;
    let vectors = rows.iter().map(|row| Vector::read(row.values.get()));
    let vectors = vectors.collect::<Result<_, _>>()?;
    let told = answer.usage_metadata.as_ref().map(told).unwrap_or_default();
    Ok(Rows { vectors, told, model: None })
}

fn told(usage: &Usage) -> Told {
    let images = usage.prompt_tokens_details.iter().filter(|it| it.modality == "IMAGE");
    let image_input = images.filter_map(|it| said::figure(it.token_count)).sum();
    Told { input: said::figure(usage.prompt_token_count), image_input, images: 0 }
}
