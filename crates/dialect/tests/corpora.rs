//! Runs what the fuzzers start from, and what they found, through the checks: no fuzzer needed.

mod checks;

use std::path::{Path, PathBuf};

use proptest::prelude::*;

/// What the client wants (two bits), times chunks of at most so many bytes.
const SEEDS: std::ops::Range<u64> = 0..4 * 32;

/// Every how many seeds a file is run through all pairs of dialects. Odd, so that each wish of the
/// client is among them; files differ in where they begin, so that all chunk sizes are.
const STRIDE: usize = 23;

fn corpus(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn run(name: &str) {
    run_each(name, 1);
}

fn run_each(name: &str, stride: usize) {
    let (_, check) = checks::CHECKS.iter().find(|(known, _)| *known == name).unwrap();
    let files = corpus(name);
    assert!(files.len() >= 3, "a corpus of {} files", files.len());
    for (at, file) in files.into_iter().enumerate() {
        let data = std::fs::read(&file).unwrap();
        // Byte by byte in any case: that is seed 0.
        let seeds = std::iter::once(0).chain(SEEDS.skip(at % stride).step_by(stride));
        for seed in seeds {
            let checked = std::panic::catch_unwind(|| check(&data, seed));
            assert!(checked.is_ok(), "{} with seed {seed}", file.display());
        }
    }
}

#[test]
fn raw_object() {
    run("raw_object");
}

#[test]
fn sse_frames() {
    run("sse_frames");
}

#[test]
fn openai_carry() {
    run("openai_carry");
}

#[test]
fn anthropic_carry() {
    run("anthropic_carry");
}

#[test]
fn gemini_carry() {
    run("gemini_carry");
}

#[test]
fn gemini_request() {
    run("gemini_request");
}

#[test]
fn openai_request() {
    run("openai_request");
}

#[test]
fn anthropic_request() {
    run("anthropic_request");
}

#[test]
fn completions_carry() {
    run("completions_carry");
}

#[test]
fn completions_request() {
    run("completions_request");
}

#[test]
fn responses_carry() {
    run("responses_carry");
}

#[test]
fn responses_request() {
    run("responses_request");
}

#[test]
fn translate() {
    run_each("translate", STRIDE);
}

#[test]
fn every_check_has_a_corpus_and_a_fuzz_target() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    for (name, _) in checks::CHECKS {
        assert!(!corpus(name).is_empty(), "{name}");
        assert!(targets.join(name).with_extension("rs").exists(), "{name}");
    }
}

/// What streams are made of, whole and in pieces.
const PIECES: [&str; 24] = [
    "data: ",
    "data: \n\n",
    "data\n",
    "event: error\n",
    ": x\n",
    ": x\n\n",
    "\n",
    "\n\n",
    "\r\n",
    "\u{feff}",
    "data: [DONE]\n\n",
    "{",
    "}",
    "[",
    "\"",
    "<",
    " ",
    r#"{"error":"x"}"#,
    "data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"type\":\"response.created\",\"response\":{\"id\":\"r\"}}\n\n",
    "data: {\"type\":\"response.completed\",\"response\":{\"output\":[]}}\n\n",
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n",
    "data: {\"candidates\":[{\"finishReason\":\"STOP\"}]}\n\n",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]
    #[test]
    fn whatever_a_stream_is_made_of(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..10), seed in 0..128_u64,
    ) {
        let soup = pieces.concat();
        for (name, check) in checks::CHECKS.iter().filter(|(name, _)| name.ends_with("_carry")) {
            let checked = std::panic::catch_unwind(|| check(soup.as_bytes(), seed));
            prop_assert!(checked.is_ok(), "{} of {:?}", name, soup);
        }
    }
}
