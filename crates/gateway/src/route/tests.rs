//! Who is tried, in which order, and what is said when nobody can be.

use std::collections::BTreeMap;

use wayleave_provider::Verdict;
use wayleave_provider::failure::{Blame, Elsewhere, Show};
use wayleave_store::WorkspaceSnapshot;

use super::*;
use crate::testing;

fn now() -> Tick {
    Tick::default().plus_micros(1_000_000)
}

/// Groups of (model, weight) behind the alias `fast`.
fn route(groups: &[&[(&str, u32)]]) -> Arc<Route> {
    let mut part = testing::part(100);
    let names: Vec<&str> =
        groups.iter().flat_map(|group| group.iter().map(|(name, _)| *name)).collect();
    part.models =
        names.iter().zip(0..).map(|(name, at)| testing::model(110 + at * 2, name)).collect();
    let mut models = part.models.iter();
    let groups: Vec<Vec<_>> = groups
        .iter()
        .map(|group| group.iter().map(|(_, weight)| (models.next().unwrap(), *weight)).collect())
        .collect();
    let groups: Vec<&[_]> = groups.iter().map(Vec::as_slice).collect();
    let alias = testing::alias(105, "fast", &groups);
    part.aliases = vec![alias];
    behind(part)
}

fn behind(part: WorkspaceSnapshot) -> Arc<Route> {
    Arc::clone(&testing::entry(part).tenant.aliases["fast"])
}

fn names(order: Result<Vec<Arc<Target>>, Refusal>) -> Vec<String> {
    order.unwrap().iter().map(|target| target.label.model_name.clone()).collect()
}

fn target<'r>(route: &'r Route, name: &str) -> &'r Target {
    let all = route.groups.iter().flatten();
    let found = all.filter_map(|choice| match &choice.candidate {
        Candidate::Ready(target) => Some(target),
        _ => None,
    });
    found.into_iter().find(|target| target.label.model_name == name).unwrap()
}

/// Puts a target to rest for so many seconds.
fn rest(route: &Route, name: &str, show: Show, seconds: u64) {
    let rest = Some(Duration::from_secs(seconds));
    let verdict = Verdict { show, elsewhere: Elsewhere::Target, blame: Blame::Model, rest };
    target(route, name).member.lease(now()).unwrap().failed(&verdict, now());
}

#[test]
fn groups_keep_their_order() {
    let route = route(&[&[("a", 1)], &[("b", 9)], &[("c", 1)]]);
    for draw in [0, u64::MAX / 2, u64::MAX] {
        assert_eq!(names(order(&route, "test", now(), draw)), ["a", "b", "c"]);
    }
}

#[test]
fn a_draw_picks_by_weight_and_the_others_follow() {
    let route = route(&[&[("a", 1), ("b", 2), ("c", 1)]]);
    let first = |share: f64| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of the range"
        )]
        let draw = (u64::MAX as f64 * share) as u64;
        names(order(&route, "test", now(), draw)).join("")
    };
    assert_eq!(first(0.0), "abc");
    assert_eq!(first(0.24), "abc");
    assert_eq!(first(0.26), "bac");
    assert_eq!(first(0.74), "bac");
    assert_eq!(first(0.76), "cab");
    assert_eq!(first(1.0), "cab");
}

#[test]
fn the_ids_of_requests_draw_in_proportion() {
    let route = route(&[&[("a", 3), ("b", 1)]]);
    let mut drawn: BTreeMap<String, u32> = BTreeMap::new();
    for _ in 0..4_000 {
        // As the gateway draws: the random half of an id, without its two fixed bits. All of one
        // moment, so that only what is random differs.
        let lot = wayleave_model::id::RequestId::new(testing::NOON).0.as_u64_pair().1;
        *drawn.entry(names(order(&route, "test", now(), lot << 2)).remove(0)).or_default() += 1;
    }
    assert!((2_800..3_200).contains(&drawn["a"]), "{drawn:?}");
}

#[test]
fn a_weight_of_nothing_is_only_a_reserve() {
    let route = route(&[&[("a", 0), ("b", 1)]]);
    for draw in [0, u64::MAX / 2, u64::MAX] {
        assert_eq!(names(order(&route, "test", now(), draw)), ["b", "a"]);
    }
}

#[test]
fn one_that_rests_is_left_out_until_it_has_rested() {
    let route = route(&[&[("a", 1)], &[("b", 1)]]);
    rest(&route, "a", Show::Error, 10);
    assert_eq!(names(order(&route, "test", now(), 0)), ["b"]);
    let later = now().plus_micros(10_000_000);
    assert_eq!(names(order(&route, "test", later, 0)), ["a", "b"]);
}

#[test]
fn an_only_target_is_tried_although_it_rests() {
    let route = route(&[&[("a", 1)]]);
    rest(&route, "a", Show::AuthFailed, 10);
    assert_eq!(names(order(&route, "test", now(), 0)), ["a"]);
}

#[test]
fn of_those_that_rest_the_first_to_recover_is_tried() {
    let route = route(&[&[("a", 1)], &[("b", 1)]]);
    rest(&route, "a", Show::Error, 20);
    rest(&route, "b", Show::Error, 10);
    assert_eq!(names(order(&route, "test", now(), 0)), ["b"]);
}

#[test]
fn where_all_are_throttled_the_caller_is_told_when_the_first_is_back() {
    let route = route(&[&[("a", 1)], &[("b", 1)]]);
    rest(&route, "a", Show::RateLimited, 20);
    rest(&route, "b", Show::RateLimited, 7);
    let refusal = order(&route, "test", now(), 0).err().unwrap();
    assert_eq!((refusal.status.as_u16(), refusal.code.as_str()), (429, "upstream_rate_limited"));
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(7)));
    assert_eq!(refusal.message, "every provider of `fast` is rate limited; try again in 7 s");
}

#[test]
fn one_that_was_unwell_is_tried_before_the_caller_is_told_to_wait() {
    let route = route(&[&[("a", 1)], &[("b", 1)]]);
    rest(&route, "a", Show::RateLimited, 5);
    rest(&route, "b", Show::Error, 10);
    assert_eq!(names(order(&route, "test", now(), 0)), ["b"]);
}

#[test]
fn an_unusable_target_is_passed_over_and_named_when_it_is_the_only_one() {
    let mut part = testing::part(100);
    part.models.push(testing::model(110, "b"));
    part.aliases[0] =
        testing::alias(105, "fast", &[&[(&part.models[0], 1)], &[(&part.models[1], 1)]]);
    part.models[0].price = None;
    assert_eq!(names(order(&behind(part), "test", now(), 0)), ["b"]);

    let code = |change: &dyn Fn(&mut WorkspaceSnapshot)| {
        let mut part = testing::part(100);
        change(&mut part);
        let refusal = order(&behind(part), "test", now(), 0).err().unwrap();
        assert_eq!(refusal.status, StatusCode::SERVICE_UNAVAILABLE);
        (refusal.code, refusal.message)
    };
    let (word, message) = code(&|part| part.models[0].price = None);
    assert_eq!(word, "all_targets_unavailable");
    assert_eq!(
        message,
        "`fast` cannot be served: model gpt-x has no price: set one or mark it free"
    );
    let (word, message) = code(&|part| part.providers[0].default_credential = None);
    assert_eq!(word, "no_default_credential");
    assert!(message.contains("openai-main"), "{message}");
    let (word, message) = code(&|part| part.aliases[0].route.groups.clear());
    assert_eq!(word, "all_targets_unavailable");
    assert_eq!(message, "the route of `fast` has no targets");
}

#[test]
fn a_key_finds_what_it_may_call_and_learns_of_nothing_else() {
    let mut part = testing::part(100);
    part.aliases.push(testing::alias(120, "fast-secret", &[&[(&part.models[0], 1)]]));
    part.keys[0].aliases = Some(vec![part.aliases[0].id]);
    let key = testing::entry(part);
    assert_eq!(find(&key, "fast").ok().unwrap().name, "fast");
    let refusal = find(&key, "fast-secret").err().unwrap();
    assert_eq!((refusal.status.as_u16(), refusal.code.as_str()), (403, "model_not_allowed"));
    let refusal = find(&key, "fast-secre").err().unwrap();
    assert_eq!((refusal.status.as_u16(), refusal.code.as_str()), (404, "model_not_found"));
    assert!(!refusal.message.contains("secret`"), "{}", refusal.message);
    let refusal = find(&key, "fats").err().unwrap();
    assert_eq!(refusal.message, "no model `fats` is offered to this key; did you mean `fast`?");
    assert_eq!(refusal.param.as_deref(), Some("model"));
}

#[test]
fn a_name_is_repeated_in_one_short_line() {
    let key = testing::entry(testing::part(100));
    let message = find(&key, &format!("a\n\u{1b}{}", "b".repeat(9_999))).err().unwrap().message;
    assert!(message.len() < 300 && !message.contains(char::is_control), "{message}");
}

#[test]
fn near_names_are_near() {
    assert_eq!(distance("sandbox/ecko", "sandbox/echo"), 1);
    assert_eq!(distance("GPT-5", "gpt-5"), 0);
    assert_eq!(distance("", "abc"), 3);
}
