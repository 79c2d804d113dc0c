//! Fuzzes the check `gemini_carry`.
#![no_main]

#[path = "../../crates/dialect/tests/checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::fuzz("gemini_carry", data));
