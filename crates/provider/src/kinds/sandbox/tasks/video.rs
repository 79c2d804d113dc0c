//! `sandbox/video`: a film of a second, promised at once and there two seconds later.
//!
//! What was asked, and when, stands in the id: the sandbox remembers nothing. The file in `assets/`
//! was made with ffmpeg, for this purpose.

use http::Method;
use serde_json::{Value, json};
use wayleave_dialect::task::Wire;

use super::{Complaint, Done, at_hand, field, json as body_of};

/// Until the film is there, microseconds.
const WORK: i64 = 2_000_000;
/// As OpenAI makes them unasked.
const SECONDS: u64 = 4;
const SIZE: &str = "720x1280";

static FILM: &[u8] = include_bytes!("../assets/film.mp4");

/// The answer to a request of OpenAI's Videos (<https://platform.openai.com/docs/api-reference/videos>).
pub(super) fn done(wire: &Wire, now: i64) -> Result<Done, Complaint> {
    let path: Vec<&str> = wire.suffix.split('/').skip(1).collect();
    match (&wire.method, path.as_slice()) {
        (&Method::POST, []) => {
            let (prompt, seconds, size) = asked(wire)?;
            if prompt.is_empty() {
                let message = "`prompt` must be a text that is not empty.";
                return Err(Complaint::invalid(Some("prompt"), message));
            }
            Ok(Done::json(&shown(&Made { at: now, seconds, size }, now)))
        }
        (&Method::POST, [id, "remix"]) => {
            Ok(Done::json(&shown(&Made { at: now, ..made(id)? }, now)))
        }
        (&Method::GET, [id]) => Ok(Done::json(&shown(&made(id)?, now))),
        (&Method::GET, [id, "content"]) => {
            made(id)?;
            Ok(Done::of("video/mp4", FILM))
        }
        (&Method::DELETE, [id]) => {
            made(id)?;
            Ok(Done::json(&json!({ "id": id, "object": "video.deleted", "deleted": true })))
        }
        _ => Err(Complaint::invalid(None, "The sandbox does no such thing with a video.")),
    }
}

/// What an id says.
struct Made {
    at: i64,
    seconds: u64,
    size: String,
}

fn made(id: &str) -> Result<Made, Complaint> {
    let read = || {
        let mut parts = id.strip_prefix("sandbox-")?.splitn(3, '-');
        let (at, seconds) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Made { at, seconds, size: parts.next()?.to_owned() })
    };
    read().ok_or_else(|| Complaint::invalid(Some("id"), "The sandbox has made no such video."))
}

fn shown(it: &Made, now: i64) -> Value {
    let age = now.saturating_sub(it.at).clamp(0, WORK);
    let status = match age {
        0 => "queued",
        WORK => "completed",
        _ => "in_progress",
    };
    json!({
        "id": format!("sandbox-{}-{}-{}", it.at, it.seconds, it.size),
        "object": "video",
        "model": "video",
        "status": status,
        "progress": age * 100 / WORK,
        "created_at": it.at / 1_000_000,
        "seconds": it.seconds.to_string(),
        "size": it.size,
    })
}

/// Prompt, seconds and size, of JSON or of a form.
fn asked(wire: &Wire) -> Result<(String, u64, String), Complaint> {
    let (prompt, seconds, size) = if wire.content_type.starts_with("multipart/form-data") {
        let bytes = at_hand(wire);
        let form = String::from_utf8_lossy(&bytes);
        let of = |name| field(&form, name).unwrap_or_default();
        (of("prompt"), of("seconds"), of("size"))
    } else {
        let body = body_of(wire)?;
        let of = |name: &str| match &body[name] {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        (of("prompt"), of("seconds"), of("size"))
    };
    let plain =
        |it: &String| it.len() < 12 && it.bytes().all(|it| it.is_ascii_digit() || it == b'x');
    let size = Some(size).filter(|it| !it.is_empty() && plain(it));
    Ok((prompt, seconds.parse().unwrap_or(SECONDS), size.unwrap_or_else(|| SIZE.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(wire: &Wire, now: i64) -> Value {
        let done = done(wire, now).unwrap_or_else(|_| panic!("an answer"));
        serde_json::from_slice(&done.pieces[0]).expect("JSON")
    }

    #[test]
    fn a_film_is_there_two_seconds_later() {
        let body = json!({ "prompt": "p", "seconds": "8", "size": "1280x720" });
        let asked = Wire::json(vec![body.to_string().into()]);
        let video = told(&asked, 5_000_000);
        assert_eq!((&video["status"], &video["seconds"]), (&json!("queued"), &json!("8")));
        let id = video["id"].as_str().expect("an id");
        let get =
            |suffix: String| Wire { method: Method::GET, ..Wire::json(Vec::new()).at(suffix) };
        let later = told(&get(format!("/{id}")), 6_000_000);
        assert_eq!((&later["status"], &later["progress"]), (&json!("in_progress"), &json!(50)));
        let ready = told(&get(format!("/{id}")), 7_000_000);
        assert_eq!((&ready["status"], &ready["size"]), (&json!("completed"), &json!("1280x720")));
        let film = done(&get(format!("/{id}/content")), 7_000_000);
        let film = film.unwrap_or_else(|_| panic!("a film"));
        assert_eq!((film.content_type, &film.pieces[0][4..8]), ("video/mp4", &b"ftyp"[..]));
        assert!(done(&get("/other".to_owned()), 0).is_err());
        assert!(done(&Wire::json(vec!["{}".into()]), 0).is_err());
    }
}
