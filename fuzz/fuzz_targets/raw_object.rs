//! Fuzzes the check `raw_object`.
#![no_main]

#[path = "../../crates/dialect/tests/checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::fuzz("raw_object", data));
