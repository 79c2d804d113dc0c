//! `sandbox/speech`: a recording that says what it is, in the format that was asked for.
//!
//! The files in `assets/` were made with espeak-ng and ffmpeg, for this purpose.

use bytes::Bytes;
use serde_json::Value;

use super::{Complaint, Done};

/// Bytes that come at a time.
const PIECE: usize = 2_048;
/// Where the samples of the WAV file begin.
const WAV_HEAD: usize = 44;
/// The file has 8,000 samples a second; OpenAI's `pcm` and `wav` have 24,000.
const TIMES: usize = 3;

static MP3: &[u8] = include_bytes!("../assets/voice.mp3");
static OPUS: &[u8] = include_bytes!("../assets/voice.opus");
static AAC: &[u8] = include_bytes!("../assets/voice.aac");
static FLAC: &[u8] = include_bytes!("../assets/voice.flac");
static WAV: &[u8] = include_bytes!("../assets/voice.wav");

pub(super) fn done(asked: &Value) -> Result<Done, Complaint> {
    let said = asked["input"].as_str().is_some_and(|it| !it.is_empty());
    if !said {
        let message = "`input` must be a text that is not empty.";
        return Err(Complaint::invalid(Some("input"), message));
    }
    let (content_type, bytes) = match asked["response_format"].as_str().unwrap_or("mp3") {
        "mp3" => ("audio/mpeg", Bytes::from_static(MP3)),
        "opus" => ("audio/opus", Bytes::from_static(OPUS)),
        "aac" => ("audio/aac", Bytes::from_static(AAC)),
        "flac" => ("audio/flac", Bytes::from_static(FLAC)),
        "wav" => ("audio/wav", wav(&samples())),
        "pcm" => ("audio/pcm", samples().into()),
        _ => {
            let message = "`response_format` must be mp3, opus, aac, flac, wav or pcm.";
            return Err(Complaint::invalid(Some("response_format"), message));
        }
    };
    let pieces = (0..bytes.len()).step_by(PIECE);
    let pieces = pieces.map(|at| bytes.slice(at..bytes.len().min(at + PIECE))).collect();
    Ok(Done { content_type, pieces })
}

/// The recording's samples, 24,000 a second, 16 bits, the lower byte first.
fn samples() -> Vec<u8> {
    let own = WAV.get(WAV_HEAD..).unwrap_or_default();
    own.chunks_exact(2)
        .flat_map(|sample| std::iter::repeat_n(sample, TIMES))
        .flatten()
        .copied()
        .collect()
}

/// Samples with the head of a WAV file (RIFF, PCM).
fn wav(samples: &[u8]) -> Bytes {
    const RATE: u32 = 24_000;
    let length = u32::try_from(samples.len()).unwrap_or(u32::MAX - 36);
    let mut out = Vec::with_capacity(WAV_HEAD + samples.len());
    out.extend_from_slice(b"RIFF");
    out.extend_from_slice(&(length + 36).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    out.extend_from_slice(&RATE.to_le_bytes());
    out.extend_from_slice(&(RATE * 2).to_le_bytes());
    out.extend_from_slice(b"\x02\0\x10\0data");
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(samples);
    out.into()
}
