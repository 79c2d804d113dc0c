//! Ollama's vectors (<https://docs.ollama.com/api/embed>).

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{Rows, Told};
use super::plain;
use super::question::{Ask, Carried};
use super::request::Truncate;
use super::vector::Vector;
use crate::error::Fault;
use crate::json::Object;
use crate::task::{Said, Wire, Written, said};
use crate::{Losses, Malformed};

/// No limit is documented; a server of one's own need not hold more at once.
const MOST: usize = 512;

/// Writes the request. Ollama cuts a long input at its end unless told not to.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    let mut carried = vec![Carried::Dimensions];
    if ask.request.truncate.is_some_and(|(_, it)| it != Truncate::Start) {
        carried.push(Carried::Truncate);
    }
    ask.leave(&carried, losses)?;
    ask.wires(ask.batch(MOST), read, |first, batch| {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        object.text("model", ask.to.model).list("input", plain::texts(batch, first)?);
        match ask.request.truncate {
            Some((_, Truncate::Never)) => object.raw("truncate", "false"),
            Some((_, Truncate::End)) => object.raw("truncate", "true"),
            Some((_, Truncate::Start)) | None => &mut object,
        };
        if let Some(dimensions) = ask.request.dimensions {
            object.count("dimensions", dimensions);
        }
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    embeddings: Vec<&'a RawValue>,
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    prompt_eval_count: Option<f64>,
}

fn read(said: &Said) -> Result<Rows, Fault> {
    let answer: Answer<'_> = said::read(said, "vectors")?;
    let vectors = answer.embeddings.iter().map(|row| Vector::read(row.get()));
    Ok(Rows {
        vectors: vectors.collect::<Result<_, _>>()?,
        told: Told { input: said::figure(answer.prompt_eval_count), ..Told::default() },
        model: answer.model,
    })
}
