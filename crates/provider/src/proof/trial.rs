//! The smallest question to a model that holds no conversation: one word, one document, half a
//! second of silence.

use bytes::Bytes;
use serde_json::{Value, json};
use wayleave_dialect::chat::Head;
use wayleave_dialect::task::{Body, Callee, FormFile, Given, Piece, Question, Written};
use wayleave_dialect::{Losses, Malformed, task};
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use super::Unmade;
use crate::{ProviderKind, TaskOffer};

/// A question that is about to be asked.
pub struct Trial {
    /// Where, and in which grammar.
    pub offer: TaskOffer,
    /// What is sent, every byte of it at hand, and who reads the answer.
    pub written: Written,
}

/// The smallest question to a model of that type. `None`: the smallest answer of such a model costs
/// more than a proof may (a picture, a film), so it is not asked.
///
/// # Errors
/// [`Unmade`].
pub fn trial(
    kind: &dyn ProviderKind,
    model: &str,
    model_type: ModelType,
    facts: &ModelFacts,
) -> Result<Option<Trial>, Unmade> {
    let Some((operation, question)) = question(model, model_type, facts) else { return Ok(None) };
    let unwritable = |why: Malformed| Unmade::Unwritable(why.message);
    let question = question.map_err(unwritable)?;
    let offer = *kind.tasks(operation, model).first().ok_or(Unmade::NotOffered {
        label: kind.manifest().label,
        model_type: model_type.as_str(),
    })?;
    let callee = Callee { grammar: offer.grammar, model, facts };
    let mut written = question.write(&callee, &mut Losses::default()).map_err(unwritable)?;
    for wire in &mut written.wires {
        for piece in &mut wire.body {
            at_hand(piece);
        }
    }
    Ok(Some(Trial { offer, written }))
}

type Asked = Result<Box<dyn Question>, Malformed>;

fn question(model: &str, model_type: ModelType, facts: &ModelFacts) -> Option<(Operation, Asked)> {
    let json = |read: task::ReadQuestion, body: Value| {
        let body = Body::Json(Bytes::from(body.to_string()));
        read(&Given { head: Head::default(), body: &body })
    };
    Some(match model_type {
        ModelType::Embedding => {
            let body = json!({ "model": model, "input": "ping" });
            (Operation::Embed, json(task::embed::read_openai, body))
        }
        ModelType::Rerank => {
            let body = json!({ "model": model, "query": "ping", "documents": ["ping"] });
            (Operation::Rerank, json(task::rerank::read, body))
        }
        ModelType::Moderation => {
            let body = json!({ "model": model, "input": "ping" });
            (Operation::Moderate, json(task::moderate::read, body))
        }
        ModelType::SpeechToText => {
            let fields = vec![("model".to_owned(), model.to_owned())];
            let body = Body::Form { fields, files: vec![recording()] };
            let read = task::transcribe::read_transcription;
            (Operation::Transcribe, read(&Given { head: Head::default(), body: &body }))
        }
        ModelType::TextToSpeech => {
            let voice = facts.voices.first().map_or("alloy", String::as_str);
            let body = json!({ "model": model, "input": "Test.", "voice": voice });
            (Operation::Speech, json(task::speak::read_openai, body))
        }
        // The smallest answer of these costs more than a proof may.
        ModelType::Image | ModelType::Video => return None,
        // Conversations have a smallest call of their own.
        ModelType::Llm => return None,
    })
}

/// Half a second of silence, 8,000 samples a second: the smallest file that every vendor takes.
fn silence() -> Bytes {
    const RATE: u32 = 8_000;
    const SAMPLES: u32 = RATE;
    let mut out = b"RIFF".to_vec();
    out.extend_from_slice(&(SAMPLES + 36).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    out.extend_from_slice(&RATE.to_le_bytes());
    out.extend_from_slice(&(RATE * 2).to_le_bytes());
    out.extend_from_slice(b"\x02\0\x10\0data");
    out.extend_from_slice(&SAMPLES.to_le_bytes());
    out.resize(out.len() + SAMPLES as usize, 0);
    out.into()
}

/// A form's file that holds it.
fn recording() -> FormFile {
    let silence = silence();
    FormFile {
        field: "file".to_owned(),
        filename: Some("silence.wav".to_owned()),
        content_type: Some("audio/wav".to_owned()),
        head: silence.slice(..512),
        at: 0..silence.len() as u64,
    }
}

/// Puts the recording's bytes where a piece of a file stands.
fn at_hand(piece: &mut Piece) {
    use base64::Engine as _;
    let part = |range: &std::ops::Range<u64>| {
        let whole = silence();
        let at = |it: u64| usize::try_from(it).unwrap_or(usize::MAX).min(whole.len());
        whole.slice(at(range.start)..at(range.end))
    };
    let bytes = match piece {
        Piece::Bytes(_) => return,
        Piece::File(range) => part(range),
        Piece::Base64(range) => {
            base64::engine::general_purpose::STANDARD.encode(part(range)).into()
        }
    };
    *piece = Piece::Bytes(bytes);
}
