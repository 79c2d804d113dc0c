//! Amazon's own models that draw: Nova Canvas and Titan Image Generator
//! (<https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html>).

use serde_json::{Map, Value, json};

use super::picture::Body;
use super::request::Request;
use crate::task::Wire;
use crate::{Losses, Malformed, Severity};

/// Pictures of one call.
const MOST: u32 = 5;
/// Pictures that one may start from.
const MOST_SENT: usize = 5;

/// The requests: one for five pictures at most.
pub(super) fn wires(
    request: &Request,
    model: &str,
    losses: &mut Losses,
) -> Result<Vec<Wire>, Malformed> {
    if !(model.contains("image") || model.contains("canvas")) {
        return Err(Malformed::incapable("model", format!("`{model}` draws no pictures")));
    }
    request.translated(losses)?;
    request.no_background(losses);
    request.only_png(losses);
    let mut config = Map::new();
    if let Some(size) = request.pixels()? {
        config.insert("width".to_owned(), size.width.into());
        config.insert("height".to_owned(), size.height.into());
    }
    match request.quality.as_deref() {
        None => (),
        Some("standard" | "premium") => {
            config.insert("quality".to_owned(), request.quality.clone().into());
        }
        Some(other) => {
            let better = matches!(other, "high" | "hd" | "xhigh" | "max");
            let word = if better { "premium" } else { "standard" };
            config.insert("quality".to_owned(), word.into());
            losses.note("quality", "standard or premium, the nearer", Severity::Hint);
        }
    }
    if let Some(seed) = request.seed {
        config.insert("seed".to_owned(), seed.into());
    }
    let mut words = Map::new();
    words.insert("text".to_owned(), request.prompt.as_str().into());
    if let Some(negative) = &request.negative {
        words.insert("negativeText".to_owned(), negative.as_str().into());
    }
    let mut left = request.n;
    let mut wires = Vec::new();
    while left > 0 {
        let now = left.min(MOST);
        left -= now;
        config.insert("numberOfImages".to_owned(), now.into());
        wires.push(wire(request, &words, &config)?);
    }
    Ok(wires)
}

fn wire(
    request: &Request,
    words: &Map<String, Value>,
    config: &Map<String, Value>,
) -> Result<Wire, Malformed> {
    let mut body = Body::default();
    if request.edit {
        let pictures = request.pictures()?;
        if pictures.len() > MOST_SENT {
            let why = format!("this provider starts from {MOST_SENT} pictures at most");
            return Err(Malformed::incapable("image", why));
        }
        let words = Value::Object(words.clone()).to_string();
        body.raw("{\"taskType\":\"IMAGE_VARIATION\",\"imageVariationParams\":");
        body.raw(words.strip_suffix('}').unwrap_or(&words)).raw(",\"images\":[");
        for (at, picture) in pictures.iter().enumerate() {
            body.raw(if at > 0 { "," } else { "" }).picture(picture)?;
        }
        body.raw("]}");
    } else {
        body.raw("{\"taskType\":\"TEXT_IMAGE\",\"textToImageParams\":").value(&json!(words));
    }
    body.raw(",\"imageGenerationConfig\":").value(&json!(config)).raw("}");
    Ok(body.wire())
}
