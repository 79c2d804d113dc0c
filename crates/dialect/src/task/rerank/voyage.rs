//! Voyage's ranking (<https://docs.voyageai.com/reference/reranker-api>; the `voyageai` package).

use serde::Deserialize;

use super::answer::{Consumed, Counts, Ranks, Scored};
use super::ask::Ask;
use crate::error::Fault;
use crate::json::Object;
use crate::task::{Said, Wire, Written, said};
use crate::{Losses, Malformed};

/// The most documents of one call.
const MOST: usize = 1000;

/// Writes the request.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    ask.leave(true, false, losses);
    let query = ask.query()?;
    ask.wires(ask.batch(Some(MOST))?, read, Counts::Tokens, |first, batch| {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        object.text("model", ask.to.model).text("query", query);
        object.list("documents", ask.texts(first, batch)?);
        if let Some(top_n) = ask.request.top_n {
            object.count("top_k", top_n.min(batch.len() as u64));
        }
        if let Some((_, truncate)) = ask.request.truncate {
            object.raw("truncation", if truncate { "true" } else { "false" });
        }
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Vec<Scored<'a>>,
    #[serde(default)]
    model: Option<String>,
}

fn read(said: &Said) -> Result<Ranks, Fault> {
    let answer: Answer<'_> = said::read(said, "ranks")?;
    let consumed: Consumed = said::read(said, "ranks")?;
    let ranks = answer.data.iter().map(Scored::rank).collect::<Result<_, _>>()?;
    Ok(Ranks { ranks, told: consumed.told(said), model: answer.model })
}
