//! Vectors of Hugging Face's text-embeddings-inference, by its own route
//! (<https://huggingface.github.io/text-embeddings-inference/>): that of OpenAI's form cannot say
//! what is done with long inputs. Tokens stand in the header `x-compute-tokens`.

use serde_json::value::RawValue;

use super::answer::{Rows, Told};
use super::question::{Ask, Carried};
use super::request::{Input, Truncate};
use super::vector::Vector;
use crate::error::Fault;
use crate::json::{self, Object};
use crate::task::{Said, Wire, Written, said};
use crate::{Losses, Malformed};

/// Its own limit, unless its operator raised it (`--max-client-batch-size`).
const MOST: usize = 32;

/// Writes the request. A server has one model, so none is named.
pub(super) fn write(ask: &Ask<'_>, losses: &mut Losses) -> Result<Written, Malformed> {
    ask.leave(&[Carried::Dimensions, Carried::Truncate, Carried::Normalize], losses)?;
    let request = ask.request;
    ask.wires(ask.batch(MOST), read, |first, batch| {
        let mut inputs = Vec::with_capacity(batch.len());
        for (at, input) in batch.iter().enumerate() {
            let mut out = Vec::new();
            match input {
                Input::Tokens(ids) => out.extend_from_slice(ids.as_bytes()),
                other => json::quote(&mut out, &other.only_text(first + at)?),
            }
            inputs.push(out);
        }
        let mut body = Vec::new();
        let mut object = Object::open(&mut body);
        object.list("inputs", inputs);
        if let Some((_, truncate)) = request.truncate {
            object.raw("truncate", if truncate == Truncate::Never { "false" } else { "true" });
            if truncate == Truncate::Start {
                object.text("truncation_direction", "Left");
            }
        }
        if let Some((_, normalize)) = request.normalize {
            object.raw("normalize", if normalize { "true" } else { "false" });
        }
        if let Some(dimensions) = request.dimensions {
            object.count("dimensions", dimensions);
        }
        object.close();
        Ok(Wire::json(vec![body.into()]))
    })
}

fn read(said: &Said) -> Result<Rows, Fault> {
    let rows: Vec<&RawValue> = said::read(said, "vectors")?;
    let vectors = rows.iter().map(|row| Vector::read(row.get())).collect::<Result<_, _>>()?;
    let input = said::count(said, "x-compute-tokens");
    Ok(Rows { vectors, told: Told { input, ..Told::default() }, model: None })
}
