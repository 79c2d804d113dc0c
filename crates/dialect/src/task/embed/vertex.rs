//! Google's vectors in Vertex AI: `embedContent` and `batchEmbedContents` for Gemini's models,
//! `predict` for the older ones, as the `google-genai` package tells them apart
//! (<https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Rows, Told};
use super::gemini;
use super::question::{Ask, Carried};
use super::request::{Input, Truncate};
use super::vector::Vector;
use crate::error::Fault;
use crate::json::{self, Object};
use crate::task::{Said, Wire, Written, said};
use crate::{Losses, Malformed};

/// The most texts of one `predict`.
const MOST: usize = 250;

/// Writes the request.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    let mut carried = vec![Carried::Dimensions, Carried::Purpose, Carried::Title];
    if ask.request.truncate.is_some_and(|(_, it)| it != Truncate::Start) {
        carried.push(Carried::Truncate);
    }
    ask.leave(&carried, losses)?;
    let task = gemini::task(ask, losses);
    let name = ask.to.model.rsplit('/').next().unwrap_or_default();
    if !name.contains("gemini") {
        return ask.wires(ask.batch(MOST), read, |first, batch| predict(ask, task, first, batch));
    }
    ask.wires(ask.batch(gemini::MOST), gemini::read, |first, batch| {
        let mut requests = Vec::with_capacity(batch.len());
        for (at, input) in batch.iter().enumerate() {
            requests.push(one(ask, task, input, first + at)?);
        }
        if let [one] = requests.as_slice() {
            return Ok(Wire::json(vec![one.clone().into()]).at(":embedContent"));
        }
        let mut body = Vec::new();
        json::object(&mut body, |object| {
            object.list("requests", requests);
        });
        Ok(Wire::json(vec![body.into()]).at(":batchEmbedContents"))
    })
}

/// One of Gemini's, with its settings in an object of their own.
fn one(ask: &Ask<'_>, task: Option<&str>, input: &Input, at: usize) -> Result<Vec<u8>, Malformed> {
    let content = gemini::content(input, at)?;
    let mut out = Vec::new();
    json::object(&mut out, |object| {
        object.bytes("content", &content);
        let mut config = Vec::new();
        json::object(&mut config, |it| {
            gemini::settings(ask, task, it);
            truncate(ask, it);
        });
        if config != b"{}" {
            object.bytes("embedContentConfig", &config);
        }
    });
    Ok(out)
}

fn truncate(ask: &Ask<'_>, object: &mut Object<'_>) {
    match ask.request.truncate {
        Some((_, Truncate::Never)) => object.raw("autoTruncate", "false"),
        Some((_, Truncate::End)) => object.raw("autoTruncate", "true"),
        Some((_, Truncate::Start)) | None => object,
    };
}

fn predict(
    ask: &Ask<'_>,
    task: Option<&str>,
    first: usize,
    batch: &[Input],
) -> Result<Wire, Malformed> {
    let mut instances = Vec::with_capacity(batch.len());
    for (at, input) in batch.iter().enumerate() {
        let text = input.only_text(first + at)?;
        let mut out = Vec::new();
        json::object(&mut out, |object| {
            object.text("content", &text);
            if let Some(task) = task {
                object.text("task_type", task);
            }
            if let Some(title) = &ask.request.title {
                object.text("title", title);
            }
        });
        instances.push(out);
    }
    let mut body = Vec::new();
    json::object(&mut body, |object| {
        object.list("instances", instances);
        let mut parameters = Vec::new();
        json::object(&mut parameters, |it| {
            truncate(ask, it);
            if let Some(dimensions) = ask.request.dimensions {
                it.count("outputDimensionality", dimensions);
            }
        });
        if parameters != b"{}" {
            object.bytes("parameters", &parameters);
        }
    });
    Ok(Wire::json(vec![body.into()]).at(":predict"))
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    predictions: Vec<Prediction<'a>>,
}

#[derive(Deserialize)]
struct Prediction<'a> {
    #[serde(borrow)]
    embeddings: Embeddings<'a>,
}

#[derive(Deserialize)]
struct Embeddings<'a> {
    #[serde(borrow)]
    values: &'a RawValue,
    #[serde(default)]
    statistics: Option<Statistics>,
}

#[derive(Deserialize)]
struct Statistics {
    #[serde(default)]
    token_count: Option<f64>,
}

fn read(said: &Said) -> Result<Rows, Fault> {
    let answer: Answer<'_> = said::read(said, "vectors")?;
    let mut rows = Rows::default();
    let mut input = Some(0_u64);
    for prediction in &answer.predictions {
        let embeddings = &prediction.embeddings;
        rows.vectors.push(Vector::read(embeddings.values.get())?);
        let told = embeddings.statistics.as_ref().and_then(|it| said::figure(it.token_count));
        input = input.zip(told).map(|(sum, told)| sum + told);
    }
    rows.told = Told { input, ..Told::default() };
    Ok(rows)
}
