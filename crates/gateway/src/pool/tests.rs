//! Pools as routes use them: order, trials, and what is said when all rest.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use uuid::Uuid;
use wayleave_model::id::{CredentialId, PoolEntryId};
use wayleave_model::pool::{self as noun, PoolEntry, Strategy};
use wayleave_provider::Verdict;
use wayleave_provider::failure::{Blame, Elsewhere, Show};
use wayleave_store::WorkspaceSnapshot;

use super::*;
use crate::route;
use crate::testing;
use crate::world::{Candidate, Route};

fn now() -> Tick {
    Tick::default().plus_micros(1_000_000)
}

fn later(seconds: u64) -> Tick {
    now().plus_micros(seconds * 1_000_000)
}

fn entry(number: u128, credential: Option<u128>) -> PoolEntry {
    PoolEntry {
        id: PoolEntryId(Uuid::from_u128(number)),
        credential: credential.map(|it| CredentialId(Uuid::from_u128(it))),
        weight: 1,
        enabled: true,
    }
}

/// The default `prod` and `a`, `b`, `c`: a pool over all of them, in that order.
fn part(strategy: Strategy) -> WorkspaceSnapshot {
    let mut part = testing::part(100);
    let names = ["a", "b", "c"];
    part.credentials.extend((130..).zip(names).map(|(id, name)| testing::credential(id, name)));
    let entries =
        vec![entry(1, None), entry(2, Some(130)), entry(3, Some(131)), entry(4, Some(132))];
    let pool = noun::Pool::none(part.models[0].id);
    part.pools = vec![noun::Pool { enabled: true, strategy, entries, ..pool }];
    part
}

fn route_of(part: WorkspaceSnapshot) -> Arc<Route> {
    Arc::clone(&testing::entry(part).tenant.aliases["fast"])
}

fn names(order: &[Arc<Target>]) -> String {
    let name = |it: &Arc<Target>| match it.label.credential.0.as_u128() {
        102 => "d",
        130 => "a",
        131 => "b",
        _ => "c",
    };
    order.iter().map(name).collect()
}

fn order(route: &Route, now: Tick) -> String {
    names(&route::order(route, "test", now, 0).expect("somebody serves"))
}

fn target<'r>(route: &'r Route, name: &str) -> &'r Arc<Target> {
    route.targets("test").find(|it| names(std::slice::from_ref(it)) == name).unwrap()
}

fn fail(route: &Route, name: &str, show: Show, seconds: u64, now: Tick) {
    let rest = Some(Duration::from_secs(seconds));
    let blame = if show == Show::RateLimited { Blame::Model } else { Blame::Credential };
    let verdict = Verdict { show, elsewhere: Elsewhere::Credential, blame, rest };
    target(route, name).lease(now, false).unwrap().failed(&verdict, now);
}

#[test]
fn d9_a_pool_serves_a_target_without_a_credential_of_its_own() {
    let route = route_of(part(Strategy::RoundRobin));
    assert_eq!(route.width, 4);
    let orders: Vec<String> = (0..5).map(|_| order(&route, now())).collect();
    assert_eq!(orders, ["dabc", "abcd", "bcda", "cdab", "dabc"]);
    let mut named = part(Strategy::RoundRobin);
    named.aliases[0].route.groups[0].targets[0].credential =
        Some(CredentialId(Uuid::from_u128(131)));
    assert_eq!(order(&route_of(named), now()), "b");
}

#[test]
fn d9_default_config_follows_a_switch_without_edits() {
    assert_eq!(order(&route_of(part(Strategy::Priority)), now()), "dabc");
    let mut part = part(Strategy::Priority);
    part.providers[0].default_credential = Some(CredentialId(Uuid::from_u128(131)));
    // It stands for `b` now; `b`'s own entry adds no second place to try.
    assert_eq!(order(&route_of(part), now()), "bac");
}

#[test]
fn d9_default_config_of_a_model_with_credentials_of_its_own_is_one_of_them_or_none() {
    let own = |chosen: Option<u128>| {
        let mut part = part(Strategy::Priority);
        let model = part.models[0].id;
        let at = part.credentials.iter().position(|(it, _)| it.name == "b").unwrap();
        part.credentials[at].0.model = Some(model);
        part.models[0].default_credential = chosen.map(|it| CredentialId(Uuid::from_u128(it)));
        part
    };
    assert_eq!(order(&route_of(own(Some(131))), now()), "bac");
    assert_eq!(order(&route_of(own(None)), now()), "abc", "never the provider's");
}

#[test]
fn d10_a_pool_that_fell_below_two_leaves_the_default_to_serve() {
    let mut few = part(Strategy::RoundRobin);
    for credential in &mut few.credentials[2..] {
        credential.0.enabled = false;
    }
    assert_eq!(order(&route_of(few), now()), "da");
    let mut fewer = part(Strategy::RoundRobin);
    for credential in &mut fewer.credentials[1..] {
        credential.0.enabled = false;
    }
    assert_eq!(order(&route_of(fewer), now()), "d");
}

#[test]
fn d12_a_pool_that_is_off_leaves_the_default_to_serve() {
    let mut off = part(Strategy::RoundRobin);
    off.pools[0].enabled = false;
    assert_eq!(order(&route_of(off), now()), "d");
}

#[test]
fn d14_a_plan_without_pools_leaves_the_default_to_serve() {
    let plan = |features| wayleave_model::plan::Plan {
        id: wayleave_model::id::PlanId(Uuid::from_u128(9)),
        name: "small".into(),
        features,
        version: 1,
        created_at: testing::NOON,
        updated_at: testing::NOON,
    };
    let mut small = part(Strategy::RoundRobin);
    small.plan = Some(plan(Vec::new()));
    assert_eq!(order(&route_of(small), now()), "d");
    let mut large = part(Strategy::RoundRobin);
    large.plan = Some(plan(vec![wayleave_model::plan::Feature::Pools]));
    assert_eq!(order(&route_of(large), now()), "dabc");
}

#[test]
fn d13_shares_are_even_while_one_rests() {
    let route = route_of(part(Strategy::RoundRobin));
    fail(&route, "a", Show::RateLimited, 60, now());
    let mut firsts: BTreeMap<char, u32> = BTreeMap::new();
    for _ in 0..301 {
        *firsts.entry(order(&route, now()).chars().next().unwrap()).or_default() += 1;
    }
    assert_eq!(firsts.keys().collect::<String>(), "bcd");
    assert!(firsts.values().all(|it| (100..=101).contains(it)), "{firsts:?}");
}

#[test]
fn d13_shares_are_even_from_many_threads() {
    let route = route_of(part(Strategy::RoundRobin));
    let counts: [AtomicU64; 4] = Default::default();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1_001 {
                    let first = order(&route, now()).chars().next().unwrap();
                    counts["dabc".find(first).unwrap()].fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    let counts = counts.map(AtomicU64::into_inner);
    assert!(counts.iter().all(|it| it.abs_diff(1_001) <= 1), "{counts:?}");
}

#[test]
fn d13_the_same_credential_twice_is_tried_once_and_chosen_twice_as_often() {
    let mut twice = part(Strategy::RoundRobin);
    twice.pools[0].entries = vec![entry(1, Some(130)), entry(2, Some(131)), entry(3, Some(130))];
    let route = route_of(twice);
    let orders: Vec<String> = (0..6).map(|_| order(&route, now())).collect();
    assert_eq!(orders, ["ab", "ba", "ab", "ab", "ba", "ab"]);
}

#[test]
fn weights_count_where_they_are_asked_for() {
    let mut heavy = part(Strategy::Weighted);
    heavy.pools[0].entries[1].weight = 3;
    let route = route_of(heavy);
    let firsts: String = (0..600).map(|_| order(&route, now()).remove(0)).collect();
    assert_eq!(firsts.matches('a').count(), 300);
}

#[test]
fn the_idlest_and_the_quickest_are_chosen() {
    let route = route_of(part(Strategy::LeastBusy));
    let held: Vec<_> =
        ["d", "a", "c"].map(|it| target(&route, it).lease(now(), false).unwrap()).into();
    assert_eq!(order(&route, now()), "bcda");
    drop(held);
    let route = route_of(part(Strategy::LowestLatency));
    for (name, micros) in [("d", 900), ("a", 400), ("b", 90), ("c", 300)] {
        target(&route, name).lease(now(), false).unwrap().succeeded(Some(micros));
    }
    assert_eq!(order(&route, now()), "bcda");
}

#[test]
fn after_its_rest_one_request_tries_a_credential_and_the_others_avoid_it() {
    let route = route_of(part(Strategy::Priority));
    fail(&route, "b", Show::RateLimited, 60, now());
    assert_eq!(order(&route, later(59)), "dac");
    // Due: it is the first that the next request tries.
    assert_eq!(order(&route, later(60)), "bdac");
    let trial = target(&route, "b").lease(later(60), false).unwrap();
    assert_eq!(order(&route, later(60)), "dac");
    assert!(target(&route, "b").lease(later(60), true).is_none(), "not even as the last one");
    trial.succeeded(Some(1));
    assert_eq!(order(&route, later(60)), "dabc");
}

#[test]
fn d13_when_all_rest_the_caller_is_told_at_once_when_to_come_back() {
    let refused = |route: &Route, now| {
        let it = route::order(route, "test", now, 0).err().expect("all rest");
        (it.status, it.code, it.retry_after.map(|it| it.as_secs()))
    };
    let throttled = |seconds| {
        let code = "upstream_rate_limited".to_owned();
        (StatusCode::TOO_MANY_REQUESTS, code, Some(seconds))
    };
    let route = route_of(part(Strategy::RoundRobin));
    for (name, seconds) in [("d", 30), ("a", 20), ("b", 25), ("c", 40)] {
        fail(&route, name, Show::RateLimited, seconds, now());
    }
    assert_eq!(refused(&route, now()), throttled(20));

    let route = route_of(part(Strategy::RoundRobin));
    for name in ["d", "a", "b", "c"] {
        fail(&route, name, Show::AuthFailed, 10, now());
    }
    let unavailable = |seconds| {
        let code = "all_targets_unavailable".to_owned();
        (StatusCode::SERVICE_UNAVAILABLE, code, seconds)
    };
    assert_eq!(refused(&route, now()), unavailable(Some(10)));
    // While one is tried, soon.
    let trials: Vec<_> =
        ["d", "a", "b", "c"].map(|it| target(&route, it).lease(later(10), false).unwrap()).into();
    assert_eq!(refused(&route, later(10)), unavailable(Some(1)));
    drop(trials);

    // What the first to return rests for decides.
    let route = route_of(part(Strategy::RoundRobin));
    for (name, show, seconds) in [
        ("d", Show::AuthFailed, 10),
        ("a", Show::RateLimited, 5),
        ("b", Show::AuthFailed, 10),
        ("c", Show::RateLimited, 60),
    ] {
        fail(&route, name, show, seconds, now());
    }
    assert_eq!(refused(&route, now()), throttled(5));
    // What a person put to rest, nobody is told to wait for.
    let route = route_of(part(Strategy::RoundRobin));
    for name in ["d", "a", "b", "c"] {
        let rest = wayleave_model::health::Override::Rest { seconds: None };
        target(&route, name).member.credential.say(rest, now());
    }
    assert_eq!(refused(&route, now()), unavailable(None));
}

#[test]
fn g18_a_limited_credential_is_not_met_while_another_is_well() {
    let route = route_of(part(Strategy::RoundRobin));
    for name in ["d", "a", "c"] {
        fail(&route, name, Show::RateLimited, 60, now());
    }
    for _ in 0..10 {
        assert_eq!(order(&route, now()), "b");
    }
}

#[test]
fn a_pool_is_one_target_of_its_group() {
    let mut mixed = part(Strategy::RoundRobin);
    let other = testing::model(110, "other");
    mixed.aliases[0] = testing::alias(105, "fast", &[&[(&mixed.models[0], 1), (&other, 1)]]);
    mixed.models.push(other);
    let route = route_of(mixed);
    let models = |draw| {
        let order = route::order(&route, "test", now(), draw).ok().unwrap();
        order.iter().map(|it| it.label.model_name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(models(0), ["gpt-x", "gpt-x", "gpt-x", "gpt-x", "other"]);
    assert_eq!(models(u64::MAX), ["other", "gpt-x", "gpt-x", "gpt-x", "gpt-x"]);
}

#[test]
fn turns_and_healths_outlive_a_picture_of_the_configuration() {
    let healths = Healths::default();
    let world = |part| {
        let snapshot = wayleave_store::Snapshot { revision: 1, workspaces: vec![part] };
        let world = crate::world::World::new(snapshot, &healths);
        Arc::clone(&world.key(&testing::HASH).unwrap().tenant.aliases["fast"])
    };
    let first = world(part(Strategy::RoundRobin));
    assert_eq!([order(&first, now()), order(&first, now())], ["dabc", "abcd"]);
    fail(&first, "c", Show::RateLimited, 60, now());
    let second = world(part(Strategy::RoundRobin));
    drop(first);
    healths.sweep();
    assert_eq!(order(&second, now()), "bda");
    drop(second);
    healths.sweep();
    assert_eq!(order(&world(part(Strategy::RoundRobin)), now()), "dabc");
}

#[test]
fn a_stored_response_is_asked_of_the_one_of_the_pool_that_has_it() {
    let route = route_of(part(Strategy::RoundRobin));
    fail(&route, "b", Show::AuthFailed, 10, now());
    let only = |it: &Target| it.label.credential.0.as_u128() == 131;
    let found = route::only(&route, "test", now(), &only).ok().unwrap();
    assert_eq!(names(&found), "b");
    assert!(matches!(route.groups[0][0].candidate, Candidate::Pool(_)));
}
