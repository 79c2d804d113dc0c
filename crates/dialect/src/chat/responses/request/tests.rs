//! Requests, read and written.

mod reading;
mod writing;

use wayleave_model::target::ModelFacts;

use crate::chat::{ChatRequest, Head};
use crate::{Losses, Malformed};

fn read(body: &str) -> Result<ChatRequest, Malformed> {
    super::read::read(&Head::default(), body.as_bytes())
}

fn with(fields: &str) -> Result<ChatRequest, Malformed> {
    read(&format!(r#"{{"model":"m","input":"hi"{fields}}}"#))
}

fn items(items: &str) -> Result<ChatRequest, Malformed> {
    read(&format!(r#"{{"model":"m","input":[{items}]}}"#))
}

/// The request as it is sent, and the paths of what was lost.
fn write(request: &ChatRequest, facts: &ModelFacts) -> Result<(String, Vec<String>), Malformed> {
    let mut losses = Losses::default();
    let body = super::write::write(request, "up", facts, &mut losses)?;
    let paths = losses.iter().map(|loss| loss.path.clone()).collect();
    Ok((String::from_utf8(body).unwrap(), paths))
}
