//! The forms of `/v1/audio/transcriptions` and `/v1/audio/translations`
//! (<https://platform.openai.com/docs/api-reference/audio/createTranscription>).

use super::{Format, Transcribe, length};
use crate::Malformed;
use crate::task::{FormFile, Given, Question};

/// Reads a form that asks for a transcript.
///
/// # Errors
/// What is missing or of the wrong type.
pub fn read_transcription(given: &Given<'_>) -> Result<Box<dyn Question>, Malformed> {
    Ok(Box::new(read(given, false)?))
}

/// Reads a form that asks for a transcript in English.
///
/// # Errors
/// As [`read_transcription`].
pub fn read_translation(given: &Given<'_>) -> Result<Box<dyn Question>, Malformed> {
    Ok(Box::new(read(given, true)?))
}

pub(super) fn read(given: &Given<'_>, into_english: bool) -> Result<Transcribe, Malformed> {
    let (fields, files) = given.form()?;
    let last = |name: &str| {
        let values = fields.iter().rev().find(|(key, _)| key == name);
        values.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    };
    let Some(model) = last("model") else {
        return Err(Malformed::at("model", "`model` is missing"));
    };
    let (file, others) = the_file(fields, files)?;
    let stream = match last("stream").map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => return Err(Malformed::at("stream", "`stream` must be true or false")),
    };
    let grains: Vec<&str> = fields
        .iter()
        .filter(|(key, _)| key.strip_suffix("[]").unwrap_or(key) == "timestamp_granularities")
        .flat_map(|(_, value)| value.split(','))
        .map(str::trim)
        .collect();
    let words = grains.contains(&"word");
    Ok(Transcribe {
        into_english,
        model: model.to_owned(),
        fields: fields.to_vec(),
        length: length::of(&file),
        file,
        others,
        language: last("language").map(str::to_owned),
        prompt: last("prompt").map(str::to_owned),
        temperature: last("temperature").map(str::to_owned),
        format: last("response_format").map_or(Format::Json, Format::of),
        stream,
        words,
        segments: grains.contains(&"segment") || !words,
    })
}

/// The sound, and the files beside it.
fn the_file(
    fields: &[(String, String)],
    files: &[FormFile],
) -> Result<(FormFile, Vec<FormFile>), Malformed> {
    let (mut ours, others): (Vec<FormFile>, Vec<FormFile>) =
        files.iter().cloned().partition(|file| file.field == "file");
    let Some(file) = ours.pop() else {
        let as_text = fields.iter().any(|(name, _)| name == "file");
        return Err(Malformed::at(
            "file",
            if as_text {
                "`file` is a text: send it as a file, with a filename"
            } else {
                "`file` is missing: the sound to write down"
            },
        ));
    };
    if !ours.is_empty() {
        return Err(Malformed::at("file", "one `file` at a time: send one request for each"));
    }
    if file.is_empty() {
        return Err(Malformed::at("file", "`file` is empty: it has 0 bytes"));
    }
    Ok((file, others))
}
