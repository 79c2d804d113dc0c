//! Requests read, written, and read again.

mod layout;
mod reading;
mod writing;

use wayleave_model::target::ModelFacts;

use super::{read, write};
use crate::chat::{ChatRequest, Head};
use crate::{Losses, Malformed};

/// Reads a request.
fn request(body: &str) -> ChatRequest {
    read(&Head::default(), body.as_bytes()).unwrap()
}

/// The complaint about a request.
fn refused(body: &str) -> Malformed {
    read(&Head::default(), body.as_bytes()).unwrap_err()
}

/// Writes a request: the body, and the paths of what was lost.
fn written(request: &ChatRequest, facts: &ModelFacts) -> Result<(String, Vec<String>), Malformed> {
    let mut losses = Losses::default();
    let body = write(request, "claude", facts, &mut losses)?;
    let paths = losses.iter().map(|loss| loss.path.clone()).collect();
    Ok((String::from_utf8(body).unwrap(), paths))
}

/// The value at `key` of a body, as JSON.
fn field(body: &str, key: &str) -> String {
    let object = crate::raw::RawObject::read(body.as_bytes()).unwrap();
    object.raw(key).unwrap_or("(absent)").to_owned()
}
