//! The ranking of Hugging Face's text-embeddings-inference
//! (<https://huggingface.github.io/text-embeddings-inference/>): `texts`, a bare list, and tokens in
//! the header `x-compute-tokens`. Scores are asked for from 0 to 1 (`raw_scores: false`).

use super::answer::{Consumed, Counts, Ranks, Scored};
use super::ask::Ask;
use crate::error::Fault;
use crate::json::Object;
use crate::task::{Said, Wire, Written, said};
use crate::{Losses, Malformed};

/// Its own limit, unless its operator raised it (`--max-client-batch-size`).
const MOST: usize = 32;

/// Writes the request. A server has one model, so none is named; it ranks all, and the first are
/// taken here.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    ask.leave(true, false, losses);
    let query = ask.query()?;
    ask.wires(ask.batch(Some(MOST))?, read, Counts::Tokens, |first, batch| {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        object.text("query", query).list("texts", ask.texts(first, batch)?);
        object.raw("raw_scores", "false");
        if let Some((_, truncate)) = ask.request.truncate {
            object.raw("truncate", if truncate { "true" } else { "false" });
        }
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })
}

fn read(said: &Said) -> Result<Ranks, Fault> {
    let answer: Vec<Scored<'_>> = said::read(said, "ranks")?;
    let ranks = answer.iter().map(Scored::rank).collect::<Result<_, _>>()?;
    Ok(Ranks { ranks, told: Consumed::default().told(said), model: None })
}
