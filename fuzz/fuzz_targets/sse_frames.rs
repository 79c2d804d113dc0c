//! Fuzzes the check `sse_frames`.
#![no_main]

#[path = "../../crates/dialect/tests/checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::fuzz("sse_frames", data));
