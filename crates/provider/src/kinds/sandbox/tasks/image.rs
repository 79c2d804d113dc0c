//! `sandbox/image`: draws a picture of the wanted size, in colours that come of the prompt.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use wayleave_dialect::task::{Piece, Wire};

use super::words::vector;
use super::{Complaint, Done, at_hand, field};

/// Most pictures of one request, as OpenAI makes.
const MOST: u64 = 10;

pub(super) fn done(asked: &Value, now: i64) -> Result<Done, Complaint> {
    let text = |name: &str| asked[name].as_str();
    let count = if asked["n"].is_null() { Some(1) } else { asked["n"].as_u64() };
    made(text("prompt"), text("size"), count, text("response_format"), now)
}

/// The same for a form with a picture in it.
pub(super) fn edited(wire: &Wire, now: i64) -> Result<Done, Complaint> {
    let form = at_hand(wire);
    let form = String::from_utf8_lossy(&form);
    if wire.body.iter().all(|it| matches!(it, Piece::Bytes(_))) {
        return Err(Complaint::invalid(Some("image"), "There is no picture in the form."));
    }
    let text = |name: &str| field(&form, name);
    let count = text("n").map_or(Some(1), |it| it.parse().ok());
    let (prompt, size, format) = (text("prompt"), text("size"), text("response_format"));
    made(prompt.as_deref(), size.as_deref(), count, format.as_deref(), now)
}

fn made(
    prompt: Option<&str>,
    size: Option<&str>,
    count: Option<u64>,
    format: Option<&str>,
    now: i64,
) -> Result<Done, Complaint> {
    let wrong = |name, message| Complaint::invalid(Some(name), message);
    let prompt = prompt
        .filter(|it| !it.is_empty())
        .ok_or_else(|| wrong("prompt", "`prompt` must be a text that is not empty."))?;
    if format.is_some_and(|it| it != "b64_json") {
        return Err(wrong(
            "response_format",
            "The sandbox has no place to keep pictures at: ask for `b64_json`.",
        ));
    }
    let count = count
        .filter(|it| (1..=MOST).contains(it))
        .ok_or_else(|| wrong("n", "`n` must be a whole number from 1 to 10."))?;
    let (width, height) = measures(size.unwrap_or("auto")).ok_or_else(|| {
        wrong("size", "`size` must be `auto` or like `256x256`, at most 2048 each.")
    })?;
    let picture = |at| json!({ "b64_json": STANDARD.encode(png(prompt, at, width, height)) });
    let data: Vec<Value> = (0..count).map(picture).collect();
    Ok(Done::json(&json!({ "created": now, "data": data, "size": format!("{width}x{height}") })))
}

fn measures(size: &str) -> Option<(u32, u32)> {
    if size == "auto" {
        return Some((1_024, 1_024));
    }
    let (width, height) = size.split_once('x')?;
    let measure = |text: &str| text.parse().ok().filter(|it| (1..=2_048).contains(it));
    Some((measure(width)?, measure(height)?))
}

/// Stripes from one colour to another, as a PNG file (ISO/IEC 15948): eight bits, three colours.
fn png(prompt: &str, at: u64, width: u32, height: u32) -> Vec<u8> {
    let seed = format!("{prompt} {at}");
    let colours = vector(seed.chars().map(|it| it.to_string()), 6);
    // From 0 to 1, and so from 0 to 255.
    let colour = |at: usize| (colours[at].clamp(0.0, 1.0) * 255.0) as u8;
    let mix = |from: u8, to: u8, y: u32| {
        let (from, to) = (u64::from(from), u64::from(to));
        let (part, rest) = (u64::from(y), u64::from(height - y));
        u8::try_from((from * rest + to * part) / u64::from(height)).unwrap_or(u8::MAX)
    };
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::fast());
    for y in 0..height {
        let pixel = [0, 1, 2].map(|it| mix(colour(it), colour(it + 3), y));
        // A row begins with the name of its filter: none. Writing to memory does not fail.
        let row: Vec<u8> = std::iter::once(0).chain(pixel.repeat(width as usize)).collect();
        drop(rows.write_all(&row));
    }
    let mut head = [width.to_be_bytes(), height.to_be_bytes()].concat();
    head.extend_from_slice(&[8, 2, 0, 0, 0]);
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut out, b"IHDR", &head);
    chunk(&mut out, b"IDAT", &rows.finish().unwrap_or_default());
    chunk(&mut out, b"IEND", b"");
    out
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    let body = [name.as_slice(), data].concat();
    out.extend_from_slice(&body);
    out.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
}
