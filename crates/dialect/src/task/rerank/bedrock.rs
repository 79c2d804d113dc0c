//! Ranking by way of Amazon Bedrock's `InvokeModel`: Cohere's and Amazon's models
//! (<https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-supported.html>). Charged by the
//! search (<https://aws.amazon.com/bedrock/pricing/>), which the answer does not say.

use serde::Deserialize;

use super::answer::{Consumed, Counts, Ranks, Scored};
use super::ask::Ask;
use crate::error::Fault;
use crate::json::Object;
use crate::task::{Said, Wire, Written, said};
use crate::{Losses, Malformed};

/// The most documents of one call.
const MOST: usize = 1000;

/// The version of Cohere's API that its models on Bedrock are asked in.
const VERSION: u64 = 2;

/// Writes the request; the id of the model says whose it is.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    let cohere = ask.to.model.contains("cohere.rerank");
    if !cohere && !ask.to.model.contains("amazon.rerank") {
        let message = "of Bedrock's models that rank Cohere's and Amazon's are served";
        return Err(Malformed::incapable("model", message));
    }
    ask.leave(false, cohere, losses);
    let query = ask.query()?;
    ask.wires(ask.batch(Some(MOST))?, read, Counts::Searches, |first, batch| {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        object.text("query", query).list("documents", ask.texts(first, batch)?);
        if let Some(top_n) = ask.request.top_n {
            object.count("top_n", top_n.min(batch.len() as u64));
        }
        if cohere {
            object.count("api_version", VERSION);
            if let Some(most) = ask.request.max_tokens_per_doc {
                object.count("max_tokens_per_doc", most);
            }
        }
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    results: Vec<Scored<'a>>,
}

fn read(said: &Said) -> Result<Ranks, Fault> {
    let answer: Answer<'_> = said::read(said, "ranks")?;
    let consumed: Consumed = said::read(said, "ranks")?;
    let ranks = answer.results.iter().map(Scored::rank).collect::<Result<_, _>>()?;
    Ok(Ranks { ranks, told: consumed.told(said), model: None })
}
