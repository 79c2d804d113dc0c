//! A whole body of this dialect passed on to a client of the same, and what a chunk of a stream
//! has in common with it.

use bytes::Bytes;
use memchr::memmem;

use super::error;
use super::usage::Tally;
use crate::carry::{Answer, Whole};
use crate::error::Fault;
use crate::raw::{Edits, RawObject};

/// What surrounds the text of a candidate, so that content can be counted without reading it.
const AROUND: usize = r#"[{"content":{"parts":[{"text":""}],"role":"model"},"index":0}]"#.len();

/// Passes `body` on, byte for byte but for the model's name where the route asks for another.
pub(super) fn carry(answer: &Answer, body: &Bytes) -> Result<Whole, Fault> {
    let mut tally = Tally::default();
    let seen = look(body, answer.model.as_deref(), &mut tally)?;
    if !seen.answers {
        return Err(error::not_an_answer(body));
    }
    let body = seen.edited.map_or_else(|| body.clone(), |pieces| pieces.concat().into());
    let content_bytes = seen.content_bytes;
    let usage = tally.usage();
    Ok(Whole { body, usage, content_bytes, repairs: Vec::new(), losses: Vec::new(), kept: None })
}

/// What a chunk holds.
pub(super) struct Seen {
    /// It, where it had to change.
    pub(super) edited: Option<Vec<Bytes>>,
    /// There is an answer in it, or the word that there will be none.
    pub(super) answers: bool,
    /// It counts the tokens of the answer so far.
    pub(super) counted: bool,
    /// It says why the answer ended.
    pub(super) finished: bool,
    /// Bytes of content, roughly.
    pub(super) content_bytes: u64,
}

/// Looks at one chunk, takes in its report, and renames its model.
pub(super) fn look(data: &Bytes, model: Option<&str>, tally: &mut Tally) -> Result<Seen, Fault> {
    let Ok(chunk) = RawObject::read(data) else { return Err(error::not_an_answer(data)) };
    if chunk.has("error") {
        return Err(error::fault(data));
    }
    let candidates = chunk.raw("candidates").filter(|json| json.len() > "[]".len());
    let candidates = candidates.filter(|json| json.starts_with('['));
    let blocked = chunk.raw("promptFeedback").is_some_and(|it| it.contains("\"blockReason\""));
    let counted = chunk.raw("usageMetadata").is_some_and(|report| tally.add_json(report));
    let reason = |json: &str| memmem::find(json.as_bytes(), b"\"finishReason\"").is_some();
    let edited = model.filter(|_| chunk.has("modelVersion") || candidates.is_some()).map(|model| {
        let mut edits = Edits::default();
        edits.set("modelVersion", serde_json::Value::from(model).to_string(), "model");
        edits.apply(&chunk, data)
    });
    Ok(Seen {
        edited,
        answers: candidates.is_some() || blocked,
        counted,
        finished: blocked || candidates.is_some_and(reason),
        content_bytes: candidates.map_or(0, |json| json.len().saturating_sub(AROUND)) as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FaultKind;

    fn carried(body: &'static str, model: Option<&str>) -> Result<Whole, Fault> {
        let answer = Answer { model: model.map(str::to_owned), ..Answer::default() };
        carry(&answer, &Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn a_good_body_is_not_touched() {
        let body = "{\n  \"candidates\": [{\"content\":{\"parts\":[{\"text\":\"Hi\",\"new\":1.0}]},\"finishReason\":\"STOP\"}],\n  \"usageMetadata\": {\"promptTokenCount\": 3, \"candidatesTokenCount\": 5}, \"modelVersion\": \"g\"\n}\n";
        let whole = carried(body, None).unwrap();
        assert_eq!(whole.body.as_ptr(), body.as_ptr());
        assert_eq!(whole.body, body);
        let usage = whole.usage.unwrap();
        assert_eq!((usage.input, usage.output), (3, 5));
    }

    #[test]
    fn the_model_is_renamed_only_when_asked() {
        let body = r#"{"candidates":[{"finishReason":"STOP"}],"modelVersion":"a","x":1.0}"#;
        let expected = r#"{"candidates":[{"finishReason":"STOP"}],"modelVersion":"fast","x":1.0}"#;
        assert_eq!(carried(body, Some("fast")).unwrap().body, expected);
    }

    #[test]
    fn a_blocked_prompt_is_an_answer() {
        let body =
            r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}}"#;
        assert_eq!(carried(body, None).unwrap().body, body);
    }

    #[test]
    fn what_is_no_answer_is_a_fault() {
        let error = r#"[{"error":{"code":503,"message":"Busy","status":"UNAVAILABLE"}}]"#;
        let fault = carried(error, None).unwrap_err();
        assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Reported, Some("UNAVAILABLE")));
        assert_eq!(fault.message, "Busy");
        let inside = r#"{"error":{"code":429,"message":"Slow","status":"RESOURCE_EXHAUSTED"}}"#;
        assert_eq!(carried(inside, None).unwrap_err().message, "Slow");
        for page in ["<!doctype html><p>hi", "", "[1]", r#"{"choices":[]}"#, r#"{"candi"#] {
            assert_eq!(carried(page, None).unwrap_err().kind, FaultKind::Unreadable, "{page}");
        }
    }
}
