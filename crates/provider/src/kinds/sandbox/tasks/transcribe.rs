//! `sandbox/transcription`: says what it was sent, and that it did not listen.

use serde_json::json;
use wayleave_dialect::task::{Piece, Wire};

use super::{Complaint, Done, at_hand, field};

pub(super) fn done(wire: &Wire) -> Result<Done, Complaint> {
    let form = at_hand(wire);
    let form = String::from_utf8_lossy(&form);
    let length: u64 =
        wire.body.iter().filter(|it| !matches!(it, Piece::Bytes(_))).map(Piece::len).sum();
    if length == 0 {
        return Err(Complaint::invalid(Some("file"), "The file is empty."));
    }
    let content_type = form.split_once("Content-Type: ").and_then(|(_, it)| it.split_once("\r\n"));
    let content_type = content_type.map_or("no type", |(it, _)| it);
    let text = format!("This is the Wayleave sandbox. It got {length} bytes of {content_type}.");
    let format = field(&form, "response_format").unwrap_or_else(|| "json".to_owned());
    if field(&form, "stream").is_some_and(|it| it == "true") {
        let delta = json!({ "type": "transcript.text.delta", "delta": text });
        let done = json!({ "type": "transcript.text.done", "text": text });
        let events = format!("data: {delta}\n\ndata: {done}\n\n");
        return Ok(Done::of("text/event-stream", events));
    }
    Ok(match format.as_str() {
        "json" => Done::json(&json!({ "text": text })),
        "text" => Done::of("text/plain; charset=utf-8", format!("{text}\n")),
        "srt" => Done::of(
            "text/plain; charset=utf-8",
            format!("1\n00:00:00,000 --> 00:00:01,000\n{text}\n\n"),
        ),
        "vtt" => Done::of(
            "text/plain; charset=utf-8",
            format!("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n{text}\n\n"),
        ),
        "verbose_json" => Done::json(&json!({
            "task": "transcribe",
            "language": field(&form, "language").unwrap_or_else(|| "english".to_owned()),
            "duration": 1.0,
            "text": text,
            "segments": [{
                "id": 0, "seek": 0, "start": 0.0, "end": 1.0, "text": text, "tokens": [],
                "temperature": 0.0, "avg_logprob": 0.0, "compression_ratio": 1.0, "no_speech_prob": 0.0,
            }],
        })),
        _ => {
            let message = "`response_format` must be json, text, srt, vtt or verbose_json.";
            return Err(Complaint::invalid(Some("response_format"), message));
        }
    })
}
