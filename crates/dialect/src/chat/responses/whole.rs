//! A whole body of this dialect passed on to a client of the same, and what bodies and the events
//! of a stream that hold the response have in common.

use bytes::Bytes;
use wayleave_model::Usage;

use super::answer::Response;
use super::splice::{Cuts, join};
use super::{error, usage};
use crate::carry::{Answer, Whole};
use crate::error::Fault;
use crate::raw::RawObject;

/// Passes `body` on, byte for byte but for its id and, where the route says so, its model.
pub(super) fn carry(answer: &Answer, body: &Bytes) -> Result<Whole, Fault> {
    let no_answer = || error::not_an_answer(body);
    let object = RawObject::read(body).map_err(|_| no_answer())?;
    let response: Response<'_> = serde_json::from_slice(body).map_err(|_| no_answer())?;
    if response.failed() || response.output.is_none() {
        return Err(no_answer());
    }
    let mut cuts = Cuts::default();
    Names::new(answer).cut(&object, body, &mut cuts);
    let output = object.raw("output").unwrap_or_default();
    let content_bytes = output.len().saturating_sub(AROUND) as u64;
    let usage = response.usage.and_then(|raw| usage::read(raw.get()));
    let body = join(cuts.apply(body));
    Ok(Whole { body, usage, content_bytes, repairs: Vec::new(), losses: Vec::new(), kept: None })
}

/// What surrounds the text of the smallest output.
const AROUND: usize = r#"[{"type":"message","content":[{"type":"output_text","text":""}]}]"#.len();

/// What an answer is called on its way to the client.
pub(super) struct Names<'a> {
    answer: &'a Answer,
}

impl<'a> Names<'a> {
    /// As `answer` says.
    pub(super) fn new(answer: &'a Answer) -> Names<'a> {
        Names { answer }
    }

    /// Notes in `cuts` what changes in `response`, which stands in `piece`.
    pub(super) fn cut(&self, response: &RawObject<'_>, piece: &[u8], cuts: &mut Cuts) {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        // Its own, and that of the response it goes on from: clients ask for either.
        for field in ["id", "previous_response_id"] {
            if let (Some(ids), Some(raw)) = (&self.answer.ids, response.raw(field))
                && let Some(Ok(id)) = response.string(field)
            {
                cuts.replace(piece, raw, quoted(&ids.seal(&id)));
            }
        }
        if let (Some(model), Some(raw)) = (&self.answer.model, response.raw("model")) {
            cuts.replace(piece, raw, quoted(model));
        }
    }
}

/// What the response within an event reports.
pub(super) fn reported(response: &RawObject<'_>) -> Option<Usage> {
    usage::read(response.raw("usage")?)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::carry::SealId;
    use crate::error::FaultKind;

    #[derive(Debug)]
    struct Ours;

    impl SealId for Ours {
        fn seal(&self, id: &str) -> String {
            format!("resp_ours_{id}")
        }
    }

    #[test]
    fn a_good_body_is_the_same_bytes() {
        let body = Bytes::from_static(
            br#" {"id":"resp_1", "object":"response","status":"completed","error":null,"model":"m","x":[1.50],
            "output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}],
            "usage":{"input_tokens":3,"output_tokens":2,"total_tokens":5}} "#,
        );
        let whole = carry(&Answer::default(), &body).unwrap();
        assert_eq!(whole.body.as_ptr(), body.as_ptr());
        assert_eq!((whole.content_bytes, whole.usage.map(|it| it.total())), (5, Some(5)));
        assert!(whole.repairs.is_empty() && whole.losses.is_empty());
    }

    #[test]
    fn only_ids_of_responses_and_the_model_change_and_only_where_asked() {
        let body = Bytes::from_static(
            br#"{"id": "resp_1","model":"m","previous_response_id":"resp_0","output":[{"id":"msg_1"}]}"#,
        );
        let mut answer = Answer { ids: Some(Arc::new(Ours)), ..Answer::default() };
        let sealed = r#"{"id": "resp_ours_resp_1","model":"m","previous_response_id":"resp_ours_resp_0","output":[{"id":"msg_1"}]}"#;
        assert_eq!(carry(&answer, &body).unwrap().body, sealed);
        answer.model = Some("fast".to_owned());
        let renamed = sealed.replace(r#""m""#, r#""fast""#);
        assert_eq!(carry(&answer, &body).unwrap().body, renamed);
    }

    #[test]
    fn an_answer_in_the_background_is_passed_on() {
        let body = br#"{"id":"resp_1","status":"queued","output":[],"usage":null}"#;
        let whole = carry(&Answer::default(), &Bytes::from_static(body)).unwrap();
        assert_eq!((&whole.body[..], whole.usage), (&body[..], None));
    }

    #[test]
    fn what_is_no_answer_is_a_fault() {
        let fault = |body: &'static str| {
            carry(&Answer::default(), &Bytes::from_static(body.as_bytes())).unwrap_err()
        };
        let failed = fault(
            r#"{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"m"},"output":[]}"#,
        );
        assert_eq!(
            (failed.kind, failed.code.as_deref()),
            (FaultKind::Reported, Some("server_error"))
        );
        assert_eq!(fault(r#"{"error":{"message":"m","code":"c"}}"#).kind, FaultKind::Reported);
        for other in ["<html>", "", "[]", r#"{"choices":[]}"#, r#"{"output":[]"#] {
            assert_eq!(fault(other).kind, FaultKind::Unreadable, "{other}");
        }
    }
}
