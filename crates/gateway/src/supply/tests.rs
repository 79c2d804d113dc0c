//! Who serves a supplied model, for each state of its quotas and of the workspace's own credentials.

use std::sync::atomic::{AtomicU64, Ordering};

use uuid::Uuid;
use wayleave_model::id::{CredentialId, GrantId, PoolEntryId, ProviderId, QuotaId, RequestId};
use wayleave_model::pool::{Pool, PoolEntry, Strategy};
use wayleave_model::supply::{Grant, QuotaType};
use wayleave_store::grants::Supply;
use wayleave_store::{Snapshot, WorkspaceSnapshot};

use super::*;
use crate::pool::Healths;
use crate::route;
use crate::testing::{self, HASH, NOON};
use crate::world::World;
use QuotaType::{Free, Paid, Trial};
use QuotaUnit::{Calls, Tokens};

fn quota(quota_type: QuotaType, unit: QuotaUnit, limit: i64, used: i64) -> Quota {
    let id = QuotaId(Uuid::from_u128(quota_type as u128 + 1));
    Quota { id, quota_type, unit, limit, expires_at: None, used }
}

/// Workspace 100, whose only provider is supplied by provider 901 of the system.
fn part(quotas: Vec<Quota>) -> WorkspaceSnapshot {
    let mut part = testing::part(100);
    part.models[0].custom = false;
    let (credential, secrets) = testing::credential(902, "house");
    part.supplies = vec![Supply {
        grant: Grant {
            id: GrantId(Uuid::from_u128(990)),
            workspace: part.workspace.id,
            provider: part.providers[0].id,
            system_provider: ProviderId(Uuid::from_u128(901)),
            models: None,
            enabled: true,
            quotas,
            version: 1,
            created_at: NOON,
            updated_at: NOON,
        },
        provider: testing::provider(900),
        credential: Some((credential, secrets)),
    }];
    part
}

/// The same without a credential of its own.
fn bare(quotas: Vec<Quota>) -> WorkspaceSnapshot {
    let mut part = part(quotas);
    part.credentials.clear();
    part.providers[0].default_credential = None;
    part
}

fn prefers(preference: Supplier, mut part: WorkspaceSnapshot) -> WorkspaceSnapshot {
    part.providers[0].preference = Some(preference);
    part
}

/// The route `fast`, drawn with those healths.
fn drawn(part: WorkspaceSnapshot, healths: &Healths) -> Arc<Route> {
    healths.meters().look(NOON);
    let world = World::new(Snapshot { revision: 1, workspaces: vec![part] }, healths);
    Arc::clone(&world.key(&HASH).unwrap().tenant.aliases["fast"])
}

fn fast(part: WorkspaceSnapshot) -> Arc<Route> {
    drawn(part, &Healths::default())
}

fn named(target: &Target) -> &'static str {
    match target.label.supply {
        Some(supply) => supply.quota_type.as_str(),
        None => "own",
    }
}

/// Who is chosen: a quota's type, `own`, or the code of the refusal.
fn chosen(route: &Route) -> String {
    match route::order(route, "test", Tick::default(), 0) {
        Ok(targets) => {
            let all: Vec<_> = targets.iter().map(|it| named(it)).collect();
            all.join(" ")
        }
        Err(refusal) => format!("{} {}", refusal.status.as_u16(), refusal.code),
    }
}

#[test]
fn d1_paid_serves_before_free_before_trial() {
    let prefer = |quotas| chosen(&fast(prefers(Supplier::System, part(quotas))));
    let three = |paid: i64, free: i64, trial: i64| {
        vec![
            quota(Paid, Tokens, 5, paid),
            quota(Free, Calls, 5, free),
            quota(Trial, Calls, 5, trial),
        ]
    };
    assert_eq!(prefer(three(4, 0, 0)), "paid");
    assert_eq!(prefer(three(5, 0, 0)), "free");
    assert_eq!(prefer(three(5, 5, 0)), "trial");
    assert_eq!(prefer(three(5, 5, 5)), "own");
    assert_eq!(prefer(vec![quota(Paid, Tokens, UNLIMITED, i64::MAX)]), "paid");
    assert_eq!(prefer(vec![quota(Paid, Tokens, 0, 0), quota(Trial, Calls, 1, 0)]), "trial");
}

#[test]
fn d1_a_preference_decides_and_gives_way_where_it_cannot_be_had() {
    let left = || vec![quota(Free, Calls, 5, 0)];
    let spent = || vec![quota(Free, Calls, 5, 5)];
    // Its own once it has one; the system's until then.
    assert_eq!(chosen(&fast(part(left()))), "own");
    assert_eq!(chosen(&fast(bare(left()))), "free");
    assert_eq!(chosen(&fast(bare(spent()))), "402 quota_exceeded");
    // Preferred, and had.
    assert_eq!(chosen(&fast(prefers(Supplier::System, part(left())))), "free");
    assert_eq!(chosen(&fast(prefers(Supplier::Custom, part(left())))), "own");
    // Preferred, and not to be had.
    assert_eq!(chosen(&fast(prefers(Supplier::System, part(spent())))), "own");
    assert_eq!(chosen(&fast(prefers(Supplier::Custom, bare(left())))), "free");
}

#[test]
fn d7_a_default_left_unset_goes_to_the_system_unless_a_person_chose_custom() {
    let unset = |quota: i64| {
        let mut part = part(vec![self::quota(Free, Calls, quota, 0)]);
        part.providers[0].default_credential = None;
        part
    };
    assert_eq!(chosen(&fast(unset(5))), "free");
    assert_eq!(chosen(&fast(unset(0))), "402 quota_exceeded");
    let meant = fast(prefers(Supplier::Custom, unset(5)));
    assert_eq!(chosen(&meant), "503 no_default_credential");
}

#[test]
fn only_predefined_models_that_the_grant_covers_are_supplied() {
    let left = || prefers(Supplier::System, part(vec![quota(Free, Calls, 5, 0)]));
    let mut custom = left();
    custom.models[0].custom = true;
    assert_eq!(chosen(&fast(custom)), "own");
    let mut others = left();
    others.supplies[0].grant.models = Some(vec!["gpt-y".into()]);
    assert_eq!(chosen(&fast(others)), "own");
    let mut covered = left();
    covered.supplies[0].grant.models = Some(vec!["gpt-y".into(), "gpt-x".into()]);
    assert_eq!(chosen(&fast(covered)), "free");
    let mut by_name = left();
    let target = &mut by_name.aliases[0].route.groups[0].targets[0];
    target.credential = Some(CredentialId(Uuid::from_u128(102)));
    assert_eq!(chosen(&fast(by_name)), "own", "a route that names a credential means it");
    for (environment, who) in [("test", "own"), ("production", "free")] {
        let mut named = left();
        let target = &mut named.aliases[0].route.groups[0].targets[0];
        let credential = CredentialId(Uuid::from_u128(102));
        target.environments.insert(environment.into(), credential);
        assert_eq!(chosen(&fast(named)), who, "the key is of `test`, the target of {environment}");
    }
    let mut none = left();
    none.supplies[0].grant.quotas.clear();
    assert_eq!(chosen(&fast(none)), "own");
}

#[test]
fn without_a_grant_nothing_is_decided_for_each_call() {
    let route = fast(testing::part(100));
    assert!(matches!(route.groups[0][0].candidate, Candidate::Ready(_)));
    assert_eq!(route.supplied().count(), 0);
}

#[test]
fn a_system_that_cannot_serve_leaves_the_workspaces_own_and_tells_nothing_of_itself() {
    let left = || vec![quota(Free, Calls, 5, 0)];
    let broken: [fn(&mut Supply); 4] = [
        |it| it.credential = None,
        |it| it.provider.enabled = false,
        |it| it.credential.as_mut().unwrap().0.enabled = false,
        |it| it.provider.base_url = Some("no address of theirs".into()),
    ];
    for break_it in broken {
        let mut both = prefers(Supplier::System, part(left()));
        break_it(&mut both.supplies[0]);
        assert_eq!(chosen(&fast(both)), "own");
        let mut alone = bare(left());
        break_it(&mut alone.supplies[0]);
        let refusal = route::order(&fast(alone), "test", Tick::default(), 0).err().unwrap();
        assert_eq!(refusal.code, "all_targets_unavailable");
        assert!(refusal.message.contains("supplied by the operator"), "{}", refusal.message);
        assert!(!refusal.message.contains("theirs"), "{}", refusal.message);
    }
}

#[test]
fn d15_a_quota_that_is_used_up_is_named_with_its_limit_and_what_was_used() {
    let refusal =
        |quota: Quota| route::order(&fast(bare(vec![quota])), "test", Tick::default(), 0).err();
    let told = refusal(quota(Trial, Calls, 5, 7)).unwrap();
    assert_eq!((told.status.as_u16(), told.code.as_str()), (402, "quota_exceeded"));
    assert_eq!(
        told.message,
        "the quota behind `fast` does not allow this: trial quota of 5 calls, 7 calls used; it does \
         not reset by itself: ask the operator for more, or have an admin add a credential of your own"
    );
    let told = refusal(quota(Paid, QuotaUnit::Money, 1_500_000_000, 1_500_000_001)).unwrap();
    assert!(told.message.contains("paid quota of 1.5 USD, 1.500000001 USD used"), "{told:?}");
    let over = Quota { expires_at: Some(NOON), ..quota(Free, Tokens, UNLIMITED, 3) };
    let told = refusal(over).unwrap();
    assert!(
        told.message.contains(
            "free quota without a limit, 3 tokens used, expired at 2026-11-21T12:00:00.000000Z"
        ),
        "{told:?}"
    );
}

#[test]
fn d15_the_next_target_of_a_route_serves_where_a_quota_is_used_up() {
    let mut part = bare(vec![quota(Free, Calls, 1, 1)]);
    let other = testing::provider(100 + 40);
    let (credential, secrets) = testing::credential(102, "prod");
    let credential = wayleave_model::credential::Credential { provider: other.id, ..credential };
    let model =
        wayleave_model::target::Model { provider: other.id, ..testing::model(120, "gpt-z") };
    part.aliases = vec![testing::alias(105, "fast", &[&[(&part.models[0], 1)], &[(&model, 1)]])];
    part.providers.push(wayleave_model::provider::Provider {
        default_credential: Some(credential.id),
        ..other
    });
    part.credentials.push((credential, secrets));
    part.models.push(model);
    let targets = route::order(&fast(part), "test", Tick::default(), 0).unwrap();
    let names: Vec<_> = targets.iter().map(|it| it.label.model_name.as_str()).collect();
    assert_eq!(names, ["gpt-z"]);
}

#[test]
fn a_pool_is_idle_while_the_system_serves_and_serves_when_it_no_longer_does() {
    let pooled = |used| {
        let mut part = prefers(Supplier::System, part(vec![quota(Free, Calls, 5, used)]));
        let second = testing::credential(104, "second");
        let entry = |number: u128, credential: u128| PoolEntry {
            id: PoolEntryId(Uuid::from_u128(number)),
            credential: Some(CredentialId(Uuid::from_u128(credential))),
            weight: 1,
            enabled: true,
        };
        part.credentials.push(second);
        part.pools.push(Pool {
            model: part.models[0].id,
            enabled: true,
            strategy: Strategy::RoundRobin,
            entries: vec![entry(1, 102), entry(2, 104)],
            managed_by: None,
            version: 1,
            created_at: NOON,
            updated_at: NOON,
        });
        chosen(&fast(part))
    };
    assert_eq!(pooled(0), "free");
    assert_eq!(pooled(5), "own own");
}

/// What becomes of a call of the target that was chosen.
fn taken(route: &Route) -> Result<Place, Option<Refusal>> {
    let target = route.supplied().next().unwrap().allowances[0].target.clone();
    take(route, &target, Tick::default(), false)
}

#[test]
fn d15_calls_are_counted_from_their_beginning_so_that_none_is_too_many() {
    let quotas = vec![quota(Paid, Calls, 2, 0), quota(Trial, Calls, 1, 0)];
    let route = fast(bare(quotas));
    let first = taken(&route).unwrap();
    let second = taken(&route).unwrap();
    assert_eq!((named(&first.target), named(&second.target)), ("paid", "paid"));
    let third = taken(&route).unwrap();
    assert_eq!(named(&third.target), "trial", "the next quota takes its place");
    let refused = taken(&route).err().flatten().unwrap();
    assert_eq!(refused.code, "quota_exceeded");
    // One that used nothing gives its place back; one that used something does not.
    drop(first);
    let again = taken(&route).unwrap();
    assert_eq!(named(&again.target), "paid");
    let request = RequestId::new(NOON);
    again.seat.unwrap().close(request, 1);
    second.seat.unwrap().close(request, 0);
    assert_eq!(named(&taken(&route).unwrap().target), "paid");
}

#[test]
fn d15_of_many_calls_at_once_exactly_as_many_as_the_quota_allows_are_supplied() {
    let route = fast(prefers(Supplier::System, part(vec![quota(Free, Calls, 100, 0)])));
    let (system, own) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let place = taken(&route).unwrap();
                    let count = if place.seat.is_some() { &system } else { &own };
                    count.fetch_add(1, Ordering::Relaxed);
                    if let Some(seat) = place.seat {
                        seat.close(RequestId::new(NOON), 1);
                    }
                }
            });
        }
    });
    assert_eq!((system.into_inner(), own.into_inner()), (100, 100));
}

#[test]
fn tokens_in_flight_do_not_count_and_a_conversation_that_goes_on_stays_with_its_quota() {
    let quotas = vec![quota(Paid, Tokens, 2, 0), quota(Trial, Calls, 1, 0)];
    let route = fast(bare(quotas));
    let places: Vec<_> = (0..9).map(|_| taken(&route).unwrap()).collect();
    assert!(places.iter().all(|it| named(&it.target) == "paid"));
    let paid = Arc::clone(&places[0].target);
    for place in places {
        place.seat.unwrap().close(RequestId::new(NOON), 10);
    }
    assert_eq!(named(&taken(&route).unwrap().target), "trial");
    let refused = take(&route, &paid, Tick::default(), true).err().flatten().unwrap();
    assert_eq!(refused.code, "quota_exceeded");
}

#[test]
fn what_is_used_outlives_a_picture_of_the_configuration() {
    let healths = Healths::default();
    let part = || bare(vec![quota(Paid, Calls, 2, 0)]);
    let first = drawn(part(), &healths);
    let place = taken(&first).unwrap();
    place.seat.unwrap().close(RequestId::new(NOON), 1);
    let second = drawn(part(), &healths);
    let _last = taken(&second).unwrap();
    assert!(taken(&second).is_err());
    drop((first, second));
}

#[test]
fn d15_what_the_store_says_and_what_it_does_not_have_yet_are_one_sum() {
    let meters = Meters::default();
    let meter = meters.of(&quota(Paid, Tokens, 9, 3));
    assert_eq!(meter.used(), 3);
    let mut closed = testing::closed();
    let label = testing::target(testing::part(100)).label.without_model();
    let supply = wayleave_model::supply::SupplyLabel {
        quota: quota(Paid, Tokens, 9, 3).id,
        quota_type: Paid,
        unit: Tokens,
    };
    let label = Arc::new(wayleave_model::record::TargetLabel { supply: Some(supply), ..label });
    closed.attempts = vec![wayleave_model::record::Attempt {
        start: wayleave_model::record::AttemptStart {
            n: 1,
            started_at: NOON,
            target: label,
            max_cost: NanoUsd::ZERO,
        },
        total_us: 0,
        first_byte_us: None,
        first_token_us: None,
        status: None,
        verdict: "ok".into(),
        upstream_request_id: None,
        usage: wayleave_model::Usage::default(),
        usage_source: wayleave_model::usage::UsageSource::None,
        lines: Vec::new(),
        cost: NanoUsd::ZERO,
    }];
    let seat = Meter::seat(&meter, |used| used == 3).unwrap();
    seat.close(closed.identity.request, 4);
    assert_eq!(meter.used(), 7);
    meters.stored([&closed]);
    assert_eq!(meter.used(), 7, "moved, not added");
    meters.stored([&closed]);
    assert_eq!(meter.used(), 7, "and once");
    // Another node used two more.
    meters.said(&[(supply.quota, 9)]);
    assert_eq!(meter.used(), 9);
    meters.said(&[]);
    assert_eq!(meter.used(), 0);
}

#[test]
fn meters_that_nobody_refers_to_are_forgotten_once_their_use_is_stored() {
    let meters = Meters::default();
    let it = quota(Paid, Tokens, 9, 0);
    let seat = Meter::seat(&meters.of(&it), |_| true).unwrap();
    meters.sweep();
    assert!(!meters.is_empty(), "a call is under way");
    seat.close(RequestId::new(NOON), 1);
    meters.sweep();
    assert!(!meters.is_empty(), "its use is not stored");
    let unused = Meters::default();
    drop(unused.of(&it));
    unused.sweep();
    assert!(unused.is_empty());
}
