//! Byte for byte what `serde_json` writes.

use std::collections::BTreeMap;

use serde::Serialize;
use wayleave_model::price::{Line, Unit};
use wayleave_model::record::{Attempt, AttemptStart, Opened, Person, Record, Tried};
use wayleave_model::usage::{Usage, UsageSource};
use wayleave_model::{NanoUsd, Timestamp};

use super::*;
use crate::testing;

fn same(value: &impl Serialize) {
    let mut out = Vec::new();
    append(&mut out, value).unwrap();
    let expected = serde_json::to_string(value).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Shape {
    Unit,
    New(u8),
    Two(i8, bool),
    Named { a: Option<u16>, b: () },
}

#[test]
fn every_shape_is_written_alike() {
    same(&[Shape::Unit, Shape::New(7), Shape::Two(-7, true)]);
    same(&[Shape::Named { a: None, b: () }, Shape::Named { a: Some(1), b: () }]);
    same(&(1_u64, "two", 'é', (), Vec::<u8>::new(), [[0_i32; 2]; 2]));
}

#[test]
fn numbers_keep_their_ends() {
    same(&(0_u8, u8::MAX, u16::MAX, u32::MAX, u64::MAX));
    same(&(i8::MIN, i16::MIN, i32::MIN, i64::MIN, i64::MAX, -1_i64, 10_i64));
}

#[test]
fn text_is_escaped_wherever_the_escape_stands() {
    for bad in ["\"", "\\", "\n", "\u{1}", "\u{1f}", "\u{7f}", "ü", "\u{1F600}", "/"] {
        for before in 0..40 {
            same(&format!("{}{bad}{}", "x".repeat(before), "y".repeat(40 - before)));
        }
    }
    same(&"");
}

#[test]
fn records_are_written_alike() {
    let target = testing::target(testing::part(100));
    let start = AttemptStart {
        n: 1,
        started_at: Timestamp::from_micros(-5),
        target: std::sync::Arc::clone(&target.label),
        max_cost: NanoUsd(500_000),
    };
    let line = |unit, unpriced| Line {
        unit,
        variant: None,
        quantity: 12,
        cost: NanoUsd(i64::MAX),
        unpriced,
    };
    let attempt = Attempt {
        start: start.clone(),
        total_us: u64::MAX,
        first_byte_us: Some(1),
        first_token_us: None,
        status: Some(200),
        verdict: "ok".into(),
        upstream_request_id: Some("req \"1\"".into()),
        usage: Usage { input: 100, reasoning: 3, ..Usage::default() },
        usage_source: UsageSource::Estimated,
        lines: vec![line(Unit::Input, false), line(Unit::Reasoning, true)],
        cost: NanoUsd(-1),
    };
    let mut closed = testing::closed();
    closed.outcome.first_token_us = Some(9);
    closed.outcome.edits = vec!["model".into(), "max_tokens→x".into()];
    closed.outcome.losses = vec!["a\nb".into()];
    closed.outcome.cache_hit = true;
    closed.identity.alias = "no\0such".into();
    closed.identity.client = Some("codex".into());
    closed.identity.person = Some(Person { client_addr: Some("::1".into()), end_user: None });
    closed.identity.probe = true;
    same(&Record::Closed(closed.clone()));
    closed.attempts = vec![attempt.clone(), attempt.clone()];
    same(&Record::Closed(closed.clone()));
    let (request, identity) = (closed.identity.request, closed.identity);
    same(&Record::Tried(Tried { request, attempt }));
    let prompt_lines = vec![line(Unit::Input, false)];
    let asked = testing::asked();
    same(&Record::Opened(Opened { identity, asked, attempt: start, prompt_lines }));
}

#[test]
fn what_was_made_before_goes_in_as_it_is() {
    let mut out = Vec::new();
    append(&mut out, &(Made(b"{\"a\":1}"), 2)).unwrap();
    assert_eq!(out, b"[{\"a\":1},2]");
}

#[test]
fn what_no_record_holds_is_an_error() {
    assert!(append(&mut Vec::new(), &0.5).is_err());
    assert!(append(&mut Vec::new(), &BTreeMap::from([(1, 2)])).is_err());
}
