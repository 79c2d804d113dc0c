//! What Google's `generateContent` says beside the words or the sound: what was consumed, and why
//! there is no answer (<https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse>).

use serde::Deserialize;
use wayleave_model::Usage;

use crate::error::Fault;

/// An answer.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::task) struct Answer {
    /// What it answers; only the first is asked for.
    pub(in crate::task) candidates: Vec<Candidate>,
    prompt_feedback: Option<Feedback>,
    usage_metadata: Option<Report>,
    error: Option<serde_json::Value>,
}

/// One answer of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::task) struct Candidate {
    content: Option<Content>,
    finish_reason: Option<String>,
    finish_message: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Content {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Part {
    text: Option<String>,
    thought: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Feedback {
    block_reason: Option<String>,
    block_reason_message: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Report {
    prompt_token_count: u64,
    candidates_token_count: u64,
    thoughts_token_count: u64,
    cached_content_token_count: u64,
    prompt_tokens_details: Vec<Detail>,
    candidates_tokens_details: Vec<Detail>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Detail {
    modality: String,
    token_count: u64,
}

impl Answer {
    /// Reads one.
    ///
    /// # Errors
    /// It is none, or an error under a status of success.
    pub(in crate::task) fn read(body: &[u8]) -> Result<Answer, Fault> {
        let answer = serde_json::from_slice::<Answer>(body);
        match answer {
            Ok(answer) if answer.error.is_none() => Ok(answer),
            _ => Err(super::super::error::in_place_of_an_answer(body)),
        }
    }

    /// What was written, without what was thought.
    pub(in crate::task) fn text(&self) -> Option<String> {
        let parts = &self.candidates.first()?.content.as_ref()?.parts;
        let said = parts.iter().filter(|part| !part.thought);
        let texts: Vec<&str> = said.filter_map(|part| part.text.as_deref()).collect();
        (!texts.is_empty()).then(|| texts.concat())
    }

    /// Whether the answer ended as it should.
    ///
    /// # Errors
    /// It was blocked, or cut at the limit of its tokens.
    pub(in crate::task) fn finished(&self) -> Result<(), Fault> {
        if let Some(reason) = self.prompt_feedback.as_ref().and_then(|it| it.block_reason.clone()) {
            let feedback = self.prompt_feedback.as_ref();
            let said = feedback.and_then(|it| it.block_reason_message.clone());
            let message = said.unwrap_or_else(|| format!("the request was blocked: {reason}"));
            return Err(Fault::reported(Some(reason), message));
        }
        let candidate = self.candidates.first();
        let reason = candidate.and_then(|it| it.finish_reason.as_deref());
        match reason {
            None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => Ok(()),
            Some(reason) => {
                let said = candidate.and_then(|it| it.finish_message.clone());
                let message = said.unwrap_or_else(|| format!("the answer was ended: {reason}"));
                Err(Fault::reported(Some(reason.to_owned()), message))
            }
        }
    }

    /// What was consumed; `None`: it does not say.
    pub(in crate::task) fn usage(&self) -> Option<Usage> {
        let report = self.usage_metadata.as_ref()?;
        let audio = |details: &[Detail]| {
            let sound = details.iter().filter(|it| it.modality == "AUDIO");
            sound.fold(0_u64, |sum, it| sum.saturating_add(it.token_count))
        };
        let output = report.candidates_token_count.saturating_add(report.thoughts_token_count);
        let usage = Usage {
            input: report.prompt_token_count,
            cached: report.cached_content_token_count.min(report.prompt_token_count),
            audio_input: audio(&report.prompt_tokens_details).min(report.prompt_token_count),
            output,
            reasoning: report.thoughts_token_count,
            audio_output: audio(&report.candidates_tokens_details).min(output),
            ..Usage::default()
        };
        (!usage.is_zero()).then_some(usage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_figures_and_reasons_are_read() {
        let answer = Answer::read(
            br#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"Good "},
                {"text":"day."}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{
                "promptTokenCount":40,"candidatesTokenCount":3,"thoughtsTokenCount":2,
                "promptTokensDetails":[{"modality":"AUDIO","tokenCount":32},
                {"modality":"TEXT","tokenCount":8}]},"modelVersion":"gemini"}"#,
        )
        .expect("an answer");
        assert_eq!(answer.text().as_deref(), Some("Good day."));
        assert_eq!(answer.finished(), Ok(()));
        let usage = answer.usage().expect("a report");
        assert_eq!((usage.input, usage.audio_input, usage.output, usage.reasoning), (40, 32, 5, 2));
    }

    #[test]
    fn what_was_blocked_or_cut_says_why() {
        let blocked = Answer::read(br#"{"promptFeedback":{"blockReason":"SAFETY"}}"#);
        let fault = blocked.expect("an answer").finished().expect_err("blocked");
        assert_eq!(fault.code.as_deref(), Some("SAFETY"));
        let cut = Answer::read(br#"{"candidates":[{"finishReason":"MAX_TOKENS"}]}"#);
        let fault = cut.expect("an answer").finished().expect_err("cut");
        assert_eq!(fault.message, "the answer was ended: MAX_TOKENS");
        let error = Answer::read(br#"{"error":{"code":400,"message":"no","status":"X"}}"#);
        assert_eq!(error.expect_err("an error").message, "no");
    }
}
