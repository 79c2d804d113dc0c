//! Vertex AI's ranking
//! (<https://cloud.google.com/generative-ai-app-builder/docs/reference/rest/v1/projects.locations.rankingConfigs/rank>).
//! Documents have ids, which are their places here; a search is up to a hundred of them.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Counts, Rank, Ranks, Told};
use super::ask::Ask;
use crate::error::Fault;
use crate::json::{self, Object};
use crate::task::{Said, Wire, Written, said};
use crate::{Losses, Malformed};

/// The most records of one call.
const MOST: usize = 200;

/// Writes the request.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    ask.leave(false, false, losses);
    let query = ask.query()?;
    ask.wires(ask.batch(Some(MOST))?, read, Counts::Searches, |first, batch| {
        let mut records = Vec::with_capacity(batch.len());
        for (at, text) in ask.texts(first, batch)?.into_iter().enumerate() {
            let mut out = Vec::new();
            json::object(&mut out, |it| {
                it.text("id", &at.to_string()).bytes("content", &text);
            });
            records.push(out);
        }
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        object.text("model", ask.to.model).text("query", query).list("records", records);
        if let Some(top_n) = ask.request.top_n {
            object.count("topN", top_n.min(batch.len() as u64));
        }
        object.raw("ignoreRecordDetailsInResponse", "true");
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    records: Vec<Record<'a>>,
}

#[derive(Deserialize)]
struct Record<'a> {
    id: String,
    /// Proto3's JSON leaves out a zero.
    #[serde(borrow, default)]
    score: Option<&'a RawValue>,
}

fn read(said: &Said) -> Result<Ranks, Fault> {
    let answer: Answer<'_> = said::read(said, "ranks")?;
    let broken = || Fault::unreadable("a record in the provider's answer cannot be read");
    let mut ranks = Vec::with_capacity(answer.records.len());
    for record in &answer.records {
        let json = record.score.map_or("0", RawValue::get);
        ranks.push(Rank {
            index: record.id.parse().map_err(|_| broken())?,
            score: json.parse().map_err(|_| broken())?,
            json: json.to_owned(),
        });
    }
    Ok(Ranks { ranks, told: Told::default(), model: None })
}
