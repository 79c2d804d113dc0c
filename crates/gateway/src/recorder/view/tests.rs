//! What is written reads back as what it shows, and the bytes that are shared are those of the value.

use std::sync::Arc;

use wayleave_model::price::Unit;
use wayleave_model::record::{Opened, Record, TargetLabel};

use super::*;
use crate::testing;

fn attempt(n: u32, target: &Arc<TargetLabel>) -> Attempt {
    let line = |unit, quantity| Line {
        unit,
        variant: None,
        quantity,
        cost: NanoUsd(7),
        unpriced: unit == Unit::Output,
    };
    Attempt {
        start: AttemptStart {
            n,
            started_at: Timestamp::from_micros(i64::from(n)),
            target: Arc::clone(target),
            max_cost: NanoUsd(9),
        },
        total_us: 5,
        first_byte_us: Some(1),
        first_token_us: Some(2),
        status: Some(200),
        verdict: "ok".into(),
        upstream_request_id: Some("req \"1\"".into()),
        usage: Usage { input: 100, output: 3, ..Usage::default() },
        usage_source: UsageSource::Provider,
        lines: vec![line(Unit::Input, 100), line(Unit::Output, 3)],
        cost: NanoUsd(14),
    }
}

fn closed() -> Closed {
    let target = testing::target(testing::part(100));
    let mut closed = testing::closed();
    closed.identity.client = Some("codex".into());
    closed.identity.client_request_id = Some("theirs".into());
    closed.identity.trace_id = Some("0af7651916cd43dd8448eb211c80319c".into());
    closed.identity.person = Some(Person { client_addr: Some("::1".into()), end_user: None });
    closed.identity.probe = true;
    closed.attempts = vec![attempt(1, &target.label), attempt(2, &target.label)];
    closed
}

fn read(record: &Writing<'_>) -> Record {
    serde_json::from_slice(&json::bytes(record).unwrap()).unwrap()
}

#[test]
fn a_record_reads_back_as_what_it_shows() {
    let closed = closed();
    let fresh = Writing::Closed(ClosedView::new(&closed, None).unwrap());
    assert_eq!(read(&fresh), Record::Closed(closed.clone()));

    let mut made = Prepared::new(&closed.identity).unwrap();
    for (earlier, attempt) in closed.attempts.iter().enumerate() {
        let opened = made.open(earlier, &attempt.start, &closed.asked, &attempt.lines).unwrap();
        let expected = Opened {
            identity: closed.identity.clone(),
            asked: closed.asked,
            attempt: attempt.start.clone(),
            prompt_lines: attempt.lines.clone(),
        };
        assert_eq!(read(&Writing::Opened(opened)), Record::Opened(expected));
    }
    let again = Writing::Closed(ClosedView::new(&closed, Some(&made)).unwrap());
    assert_eq!(json::bytes(&again).unwrap(), json::bytes(&fresh).unwrap());
}

#[test]
fn an_attempt_that_was_begun_and_not_sent_is_none() {
    let closed = closed();
    let mut made = Prepared::new(&closed.identity).unwrap();
    for at in [1, 0, 1] {
        let start = &closed.attempts[at].start;
        made.open(at, start, &closed.asked, &[]).unwrap();
    }
    let view = Writing::Closed(ClosedView::new(&closed, Some(&made)).unwrap());
    assert_eq!(read(&view), Record::Closed(closed.clone()));
    // Recorded before the second was begun: that is made anew.
    made.open(0, &closed.attempts[0].start, &closed.asked, &[]).unwrap();
    let view = Writing::Closed(ClosedView::new(&closed, Some(&made)).unwrap());
    assert_eq!(read(&view), Record::Closed(closed.clone()));
}

#[test]
fn what_is_written_is_what_the_values_say_but_for_counts_of_nothing() {
    let closed = closed();
    let ours = json::bytes(&Writing::Closed(ClosedView::new(&closed, None).unwrap())).unwrap();
    let theirs = serde_json::to_string(&Record::Closed(closed)).unwrap();
    let zeros = r#""cached":0,"cache_write":0,"cache_write_1h":0,"audio_input":0,"#;
    let theirs = theirs.replace(zeros, "").replace(r#","reasoning":0,"audio_output":0"#, "");
    assert_eq!(String::from_utf8(ours).unwrap(), theirs);
}

#[test]
fn a_copy_that_is_changed_says_what_it_is() {
    let closed = closed();
    let before = json::bytes(&Writing::Closed(ClosedView::new(&closed, None).unwrap())).unwrap();
    let mut other = closed.clone();
    let mut caller = (*closed.identity.caller).clone();
    caller.key_name = "another".into();
    other.identity.caller = Arc::new(caller);
    let after = Writing::Closed(ClosedView::new(&other, None).unwrap());
    assert_ne!(json::bytes(&after).unwrap(), before);
    assert_eq!(read(&after), Record::Closed(other));
}

/// As the release before wrote it, with a zero for each count of nothing.
#[test]
fn an_older_releases_record_is_read() {
    let older = concat!(
        r#"{"closed":{"identity":{"request":"req_01m81dmw21ejbrb04t7jq1hqj7","started_at":1795344199745291,"#,
        r#""node":"node_01m81dggt3f0gbcxrgtg4prtv8","revision":4,"caller":{"workspace":"ws_01m81dghatf3csxeq0ddthax62","#,
        r#""key":"key_01m81dghevevtsp14nv0q1rnd4","key_name":"bench","key_version":1,"#,
        r#""owner":"own_01m81dghevevttn0ccmnr3qewc","owner_name":"bench","environment":"test"},"#,
        r#""surface":"/v1/chat/completions","operation":"chat","alias":"a","#,
        r#""alias_id":"als_01m81dghevevts5vj17e2mp0xp","route":"rtv_01m81dghevevtv9nxahb8kg9jk","#,
        r#""person":{"client_addr":"127.0.0.1"}},"asked":{"bytes":1008,"estimated_input":252},"#,
        r#""outcome":{"status":200,"stream_end":"done","total_us":4408,"overhead_us":14},"#,
        r#""attempts":[{"start":{"n":1,"started_at":1795344199745301,"target":{"#,
        r#""provider":"prov_01m81dghevevtsnskymf9t19vd","provider_name":"p","model":"mdl_01m81dghevevtts5gy93tw2jp9","#,
        r#""model_name":"m","credential":"cred_01m81dghevevtvw7stbpdy7eyq","price":"prc_01m81dghevevtryf2ec9mfbaj2"},"#,
        r#""max_cost":6864000},"total_us":4394,"first_byte_us":4388,"status":200,"verdict":"ok","#,
        r#""usage":{"input":25,"cached":0,"cache_write":0,"cache_write_1h":0,"audio_input":0,"output":100,"#,
        r#""reasoning":0,"audio_output":0},"usage_source":"provider","lines":[{"unit":"input","quantity":25,"cost":75000}],"#,
        r#""cost":75000}]}}"#,
    );
    let Ok(Record::Closed(closed)) = serde_json::from_str(older) else { panic!("not read") };
    assert_eq!(closed.attempts[0].usage, Usage { input: 25, output: 100, ..Usage::default() });
    let ours = Writing::Closed(ClosedView::new(&closed, None).unwrap());
    assert!(json::bytes(&ours).unwrap().len() < older.len() - 60);
    assert_eq!(read(&ours), Record::Closed(closed.clone()));
}
