//! The generation config, read: sampling, limits, shape of the answer, thinking.

use super::super::proto::Message;
use super::read::keep_rest;
use super::schema;
use crate::Malformed;
use crate::chat::{ChatRequest, OutputFormat, Reasoning, ReasoningAmount, Sampling};

/// Its fields with a common word. What is not among them goes to `rest`.
const KNOWN: [&str; 16] = [
    "temperature",
    "topP",
    "topK",
    "candidateCount",
    "maxOutputTokens",
    "stopSequences",
    "presencePenalty",
    "frequencyPenalty",
    "seed",
    "responseMimeType",
    "responseSchema",
    "responseJsonSchema",
    "responseLogprobs",
    "logprobs",
    "thinkingConfig",
    "responseModalities",
];

/// Reads `generationConfig` into `request`.
pub(super) fn read(message: &Message<'_>, request: &mut ChatRequest) -> Result<(), Malformed> {
    let Some(config) = message.message("generationConfig")? else { return Ok(()) };
    let top_k = config.number("topK")?.map(|k| k.max(0.0).round() as u64);
    request.sampling = Sampling {
        temperature: config.number("temperature")?,
        top_p: config.number("topP")?,
        top_k,
        frequency_penalty: config.number("frequencyPenalty")?,
        presence_penalty: config.number("presencePenalty")?,
        seed: config.whole("seed")?,
    };
    request.max_output = config.count("maxOutputTokens")?;
    request.stop = config.texts("stopSequences")?;
    let choices = config.count("candidateCount")?.unwrap_or_default();
    request.choices = u32::try_from(choices).unwrap_or(u32::MAX);
    if config.flag("responseLogprobs")? == Some(true) {
        let count = config.count("logprobs")?.unwrap_or_default();
        request.logprobs = Some(u32::try_from(count).unwrap_or(u32::MAX));
    }
    request.output = output(&config)?;
    request.reasoning = thinking(&config)?;
    only_text(&config)?;
    keep_rest("generationConfig", config.others(&KNOWN), request);
    Ok(())
}

fn output(config: &Message<'_>) -> Result<OutputFormat, Malformed> {
    let mime = config.text("responseMimeType")?;
    let schema = match config.json("responseJsonSchema")? {
        Some(schema) => Some(schema),
        None => match config.raw("responseSchema")? {
            Some(json) => Some(schema::to_json_schema(json, &config.path("responseSchema"))?),
            None => None,
        },
    };
    match (mime.as_deref(), schema) {
        (None | Some("" | "text/plain"), None) => Ok(OutputFormat::Text),
        (Some("application/json"), None) => Ok(OutputFormat::JsonObject),
        (None | Some("" | "application/json"), Some(schema)) => Ok(OutputFormat::JsonSchema {
            name: "response".to_owned(),
            description: None,
            schema,
            // Google has no lax mode: what it is given, the answer fits.
            strict: Some(true),
        }),
        (Some(_), _) => {
            let path = config.path("responseMimeType");
            Err(Malformed::incapable(path, "this model answers in text or in JSON only"))
        }
    }
}

/// Budget, level and whether thoughts are shown are one wish elsewhere.
fn thinking(config: &Message<'_>) -> Result<Option<Reasoning>, Malformed> {
    let Some(thinking) = config.message("thinkingConfig")? else { return Ok(None) };
    let budget = thinking.whole("thinkingBudget")?;
    let level = thinking.text("thinkingLevel")?.map(|level| level.to_ascii_lowercase());
    let level = level.filter(|level| level != "thinking_level_unspecified");
    let shown = thinking.flag("includeThoughts")? == Some(true);
    let amount = match (level, budget) {
        (Some(level), _) => ReasoningAmount::Effort(level),
        (None, Some(0)) => ReasoningAmount::Off,
        (None, Some(budget)) => {
            u64::try_from(budget).map_or(ReasoningAmount::Adaptive, ReasoningAmount::Budget)
        }
        (None, None) if shown => ReasoningAmount::Adaptive,
        (None, None) => return Ok(None),
    };
    Ok(Some(Reasoning { amount, show: shown.then(|| "auto".to_owned()) }))
}

/// Sound and pictures in the answer are another question: a model of another dialect would leave
/// them out.
fn only_text(config: &Message<'_>) -> Result<(), Malformed> {
    let wanted = config.texts("responseModalities")?;
    if wanted.iter().all(|it| matches!(&*it.to_ascii_uppercase(), "TEXT" | "MODALITY_UNSPECIFIED"))
    {
        return Ok(());
    }
    let path = config.path("responseModalities");
    Err(Malformed::incapable(path, "this model answers in text only"))
}
