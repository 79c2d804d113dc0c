//! Requests read and written.

mod reading;
mod writing;

use wayleave_model::target::ModelFacts;

use super::{read, write};
use crate::chat::{ChatRequest, Head};
use crate::{Losses, Malformed};

const HEAD: Head<'static> =
    Head { model: Some("gemini-3.6-flash"), stream: Some(true), list: false };

fn reading(body: &str) -> Result<ChatRequest, Malformed> {
    read(&HEAD, body.as_bytes())
}

/// The request as it goes to `model`, and the paths of what was lost.
fn written(
    request: &ChatRequest,
    model: &str,
) -> Result<(serde_json::Value, Vec<String>), Malformed> {
    let mut losses = Losses::default();
    let body = write(request, model, &ModelFacts::default(), &mut losses)?;
    let lost = losses.iter().map(|loss| loss.path.clone()).collect();
    Ok((serde_json::from_slice(&body).unwrap(), lost))
}
