//! Whose credentials serve, and what an attempt uses of a quota.

use std::sync::Arc;

use uuid::Uuid;

use super::Supplier::{Custom, System};
use super::*;
use crate::id::{CredentialId, ModelId};
use crate::money::NanoUsd;
use crate::record::{AttemptStart, Said, TargetLabel};
use crate::usage::{Usage, UsageSource};

/// Preference; an own credential, a default among them, a valid quota; whose serves; whether only a
/// quota is missing.
type Case = (Option<Supplier>, [bool; 3], Supplier, bool);

#[test]
fn d1_whose_credentials_serve_is_one_table() {
    let (no, yes) = (false, true);
    let table: [Case; 18] = [
        // Without a wish: the workspace's own once it has one.
        (None, [no, no, no], Custom, yes),
        (None, [no, no, yes], System, no),
        (None, [yes, no, no], Custom, yes),
        (None, [yes, no, yes], System, no),
        (None, [yes, yes, no], Custom, no),
        (None, [yes, yes, yes], Custom, no),
        // The system's: while there is a quota.
        (Some(System), [no, no, no], Custom, yes),
        (Some(System), [no, no, yes], System, no),
        (Some(System), [yes, no, no], Custom, yes),
        (Some(System), [yes, no, yes], System, no),
        (Some(System), [yes, yes, no], Custom, yes),
        (Some(System), [yes, yes, yes], System, no),
        // The workspace's own: the system's only where nothing at all is configured.
        (Some(Custom), [no, no, no], Custom, yes),
        (Some(Custom), [no, no, yes], System, no),
        (Some(Custom), [yes, no, no], Custom, no),
        (Some(Custom), [yes, no, yes], Custom, no),
        (Some(Custom), [yes, yes, no], Custom, no),
        (Some(Custom), [yes, yes, yes], Custom, no),
    ];
    for (preference, [has_own, has_default, has_quota], using, lacks) in table {
        let it = Standing { preference, has_own, has_default, has_quota };
        assert_eq!((it.using(), it.lacks_quota()), (using, lacks), "{it:?}");
    }
}

fn quota(limit: i64, expires_at: Option<i64>) -> Quota {
    Quota {
        id: QuotaId(Uuid::from_u128(1)),
        quota_type: QuotaType::Free,
        unit: QuotaUnit::Tokens,
        limit,
        expires_at: expires_at.map(Timestamp::from_micros),
        used: 0,
    }
}

#[test]
fn d1_a_quota_is_valid_below_its_limit_until_it_expires_and_minus_one_is_no_limit() {
    let at = Timestamp::from_micros;
    assert!(quota(10, None).is_valid(9, at(5)) && !quota(10, None).is_valid(10, at(5)));
    assert!(!quota(0, None).is_valid(0, at(5)));
    assert!(quota(UNLIMITED, None).is_valid(i64::MAX, at(5)));
    assert!(quota(UNLIMITED, Some(6)).is_valid(0, at(5)));
    assert!(!quota(UNLIMITED, Some(5)).is_valid(0, at(5)));
    assert_eq!((quota(10, None).left(4), quota(10, None).left(14)), (Some(6), Some(0)));
    assert_eq!(quota(UNLIMITED, None).left(14), None);
}

fn attempt(unit: QuotaUnit, status: Option<u16>, verdict: &'static str) -> Attempt {
    let supply = SupplyLabel { quota: QuotaId(Uuid::nil()), quota_type: QuotaType::Paid, unit };
    let target = TargetLabel {
        provider: ProviderId(Uuid::from_u128(1)),
        provider_name: "p".into(),
        model: ModelId(Uuid::from_u128(2)),
        model_name: "m".into(),
        credential: CredentialId(Uuid::from_u128(3)),
        price: None,
        supply: Some(supply),
        said: Said::default(),
    };
    Attempt {
        start: AttemptStart {
            n: 1,
            started_at: Timestamp::default(),
            target: Arc::new(target),
            max_cost: NanoUsd::ZERO,
        },
        total_us: 0,
        first_byte_us: None,
        first_token_us: None,
        status,
        verdict: verdict.into(),
        upstream_request_id: None,
        usage: Usage { input: 100, cached: 60, output: 20, reasoning: 5, ..Usage::default() },
        usage_source: UsageSource::Provider,
        lines: Vec::new(),
        cost: NanoUsd(42),
    }
}

#[test]
fn d15_money_tokens_and_calls_are_counted_as_the_row_says() {
    let amount = |unit, status, verdict| {
        let attempt = attempt(unit, status, verdict);
        attempt.start.target.supply.map(|it| it.amount(&attempt))
    };
    assert_eq!(amount(QuotaUnit::Money, Some(200), "ok"), Some(42));
    assert_eq!(amount(QuotaUnit::Tokens, Some(200), "ok"), Some(120));
    assert_eq!(amount(QuotaUnit::Calls, Some(200), "ok"), Some(1));
    assert_eq!(amount(QuotaUnit::Calls, Some(500), "upstream_error"), Some(1));
    // It never left, or nobody can say that it did not.
    assert_eq!(amount(QuotaUnit::Calls, None, "upstream_error"), Some(0));
    for verdict in ["upstream_timeout", "client_gone", "interrupted"] {
        assert_eq!(amount(QuotaUnit::Calls, None, verdict), Some(1), "{verdict}");
    }
}

#[test]
fn reading_what_is_stored_counts_for_nothing() {
    let mut it = attempt(QuotaUnit::Calls, Some(200), "ok");
    it.start.target = Arc::new(it.start.target.without_model());
    assert_eq!(it.start.target.supply.map(|supply| supply.amount(&it)), Some(0));
}

#[test]
fn words_are_read_back() {
    for it in QuotaType::ALL {
        assert_eq!(QuotaType::parse(it.as_str()), Some(it));
    }
    for it in QuotaUnit::ALL {
        assert_eq!(QuotaUnit::parse(it.as_str()), Some(it));
    }
    for it in [System, Custom] {
        assert_eq!(Supplier::parse(it.as_str()), Some(it));
    }
    assert!(QuotaType::Paid < QuotaType::Free && QuotaType::Free < QuotaType::Trial);
}
