//! How long something rests, who may try it, and what is shown of it.

use std::sync::Arc;

use wayleave_model::health::HealthState::{Due, Ready, Resting, Trying};
use wayleave_provider::failure::Elsewhere;

use super::super::{Lease, Member};
use super::*;

const SECOND: u64 = 1_000_000;

fn member() -> Member {
    Member { credential: Arc::default(), model: Arc::default() }
}

fn at(seconds: u64) -> Tick {
    Tick::default().plus_micros(seconds * SECOND)
}

fn throttled(seconds: u64) -> Verdict {
    let rest = Some(Duration::from_secs(seconds));
    let blame = Blame::Model;
    Verdict { show: Show::RateLimited, elsewhere: Elsewhere::Credential, blame, rest }
}

fn refused() -> Verdict {
    let rest = Some(Duration::from_secs(10));
    let blame = Blame::Credential;
    Verdict { show: Show::AuthFailed, elsewhere: Elsewhere::Credential, blame, rest }
}

fn broken() -> Verdict {
    Verdict::cut()
}

#[track_caller]
fn lease(member: &Member, now: Tick) -> Lease {
    member.lease(now).expect("it may be used")
}

#[track_caller]
fn rest(member: &Member, now: Tick) -> u64 {
    let Fitness::Resting { micros, .. } = member.fitness(now) else { panic!("it rests") };
    micros
}

#[test]
fn a_throttled_model_rests_and_the_credential_serves_others() {
    let one = member();
    let other = Member { credential: Arc::clone(&one.credential), model: Arc::default() };
    lease(&one, at(5)).failed(&throttled(60), at(5));
    assert_eq!(one.fitness(at(5)), Fitness::Resting { micros: 60 * SECOND, throttled: true });
    assert_eq!(other.fitness(at(5)), Fitness::Ready);
    assert!(one.lease(at(64)).is_none());
    assert_eq!(one.fitness(at(65)), Fitness::Due);
}

#[test]
fn a_refused_credential_rests_for_every_model() {
    let one = member();
    let other = Member { credential: Arc::clone(&one.credential), model: Arc::default() };
    lease(&one, at(5)).failed(&refused(), at(5));
    assert!(other.lease(at(14)).is_none());
    assert!(other.lease(at(15)).is_some());
}

#[test]
fn rests_grow_until_a_success() {
    let one = member();
    let mut now = at(1);
    let mut rests = Vec::new();
    for _ in 0..10 {
        let (trial, straggler) = (lease(&one, now), one.lease_anyway(now).unwrap());
        trial.failed(&broken(), now);
        // Of the same moment: the rest is the same.
        straggler.failed(&broken(), now);
        rests.push(rest(&one, now) / 1_000);
        now = now.plus_micros(rest(&one, now));
    }
    let longest = 120_000;
    assert_eq!(rests, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, longest, longest]);
    lease(&one, now).succeeded(None);
    assert_eq!(one.fitness(now), Fitness::Ready);
    lease(&one, now).failed(&broken(), now);
    assert_eq!(rest(&one, now), SECOND / 2);
}

#[test]
fn after_a_rest_exactly_one_request_tries() {
    let one = member();
    lease(&one, at(1)).failed(&refused(), at(1));
    let trial = lease(&one, at(11));
    assert!(one.lease(at(11)).is_none() && one.lease(at(60)).is_none());
    assert_eq!(one.fitness(at(12)), Fitness::Resting { micros: SECOND, throttled: false });
    trial.succeeded(Some(5));
    let (a, b) = (lease(&one, at(12)), lease(&one, at(12)));
    drop((a, b, trial));
    assert_eq!(one.fitness(at(12)), Fitness::Ready);
}

#[test]
fn of_many_threads_one_tries() {
    for _ in 0..200 {
        let one = member();
        lease(&one, at(1)).failed(&throttled(1), at(1));
        let barrier = std::sync::Barrier::new(4);
        let tried = std::thread::scope(|scope| {
            let race = || {
                barrier.wait();
                one.lease(at(2))
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(race)).collect();
            // All held until all have come: a lease that is dropped lets the next one in.
            let leases: Vec<_> = threads.into_iter().map(|it| it.join().unwrap()).collect();
            leases.iter().flatten().count()
        });
        assert_eq!(tried, 1);
    }
}

#[test]
fn a_trial_that_shows_nothing_leaves_the_next_request_to_try() {
    let one = member();
    lease(&one, at(1)).failed(&throttled(10), at(1));
    // Its client left.
    drop(lease(&one, at(11)));
    assert_eq!(one.fitness(at(11)), Fitness::Due);
    // The caller's own mistake says nothing of the limit.
    let own = Verdict { show: Show::Caller, blame: Blame::None, rest: None, ..broken() };
    let trial = lease(&one, at(11));
    trial.failed(&own, at(12));
    drop(trial);
    assert_eq!(one.fitness(at(12)), Fitness::Due);
    assert!(one.lease(at(12)).is_some());
}

#[test]
fn what_began_before_a_rest_neither_ends_nor_shortens_it() {
    let one = member();
    let (early, late) = (lease(&one, at(1)), lease(&one, at(1)));
    lease(&one, at(1)).failed(&throttled(60), at(1));
    early.succeeded(Some(9));
    assert_eq!(rest(&one, at(1)), 60 * SECOND);
    late.failed(&broken(), at(2));
    assert_eq!(one.fitness(at(2)), Fitness::Resting { micros: 59 * SECOND, throttled: true });
    // It may be told to rest for longer.
    let stragglers = member();
    let (a, b) = (lease(&stragglers, at(1)), lease(&stragglers, at(1)));
    a.failed(&broken(), at(1));
    b.failed(&throttled(60), at(1));
    assert_eq!(rest(&stragglers, at(1)), 60 * SECOND);
    assert_eq!(stragglers.model.report(at(1), Timestamp::default()).failures, 1);
}

#[test]
fn a_model_that_is_throttled_shows_that_its_credential_is_accepted() {
    let one = member();
    lease(&one, at(1)).failed(&refused(), at(1));
    let trial = lease(&one, at(11));
    trial.failed(&throttled(60), at(11));
    drop(trial);
    assert_eq!(one.credential.fitness(at(11)), Fitness::Ready);
    assert!(matches!(one.model.fitness(at(11)), Fitness::Resting { throttled: true, .. }));
}

#[test]
fn a_credential_that_is_refused_again_and_again_is_quarantined_and_said_so_once() {
    let one = member();
    let mut now = at(1);
    let mut told = Vec::new();
    let mut rests = Vec::new();
    for _ in 0..5 {
        let trial = lease(&one, now);
        told.push(trial.failed(&refused(), now).quarantined);
        rests.push(rest(&one, now) / SECOND);
        now = now.plus_micros(rest(&one, now));
    }
    assert_eq!(told, [false, false, true, false, false]);
    assert_eq!(rests, [10, 10, 300, 300, 300]);
    assert!(one.credential.is_quarantined());
    let trial = lease(&one, now);
    assert!(trial.succeeded(Some(7)).released);
    drop(trial);
    assert!(!one.credential.is_quarantined());
    assert_eq!(one.fitness(now), Fitness::Ready);
}

#[test]
fn failures_of_other_kinds_make_no_quarantine() {
    let one = member();
    let mut now = at(1);
    for _ in 0..6 {
        lease(&one, now).failed(&broken(), now);
        now = now.plus_micros(rest(&one, now));
    }
    let report = one.model.report(now, Timestamp::default());
    assert_eq!((report.quarantined, report.failures), (false, 6));
}

#[test]
fn a_person_puts_it_to_rest_and_says_when_all_is_well() {
    let one = member();
    one.credential.say(Override::Rest { seconds: Some(30) }, at(1));
    assert!(one.lease(at(2)).is_none() && one.lease_anyway(at(2)).is_none());
    assert_eq!(one.fitness(at(31)), Fitness::Due);
    one.credential.say(Override::Rest { seconds: None }, at(2));
    let shown = one.credential.report(at(9), Timestamp::from_micros(9_000_000));
    assert_eq!(
        (shown.state, shown.cause, shown.seconds_left),
        (Resting, Some(Cause::ByHand), None)
    );
    assert_eq!(shown.since, Some(Timestamp::from_micros(2_000_000)));
    assert!(one.is_by_hand() && one.lease_anyway(at(999_999)).is_none());
    one.credential.say(Override::Clear, at(9));
    assert_eq!(one.fitness(at(9)), Fitness::Ready);
}

#[test]
fn what_a_person_says_stands_against_calls_under_way() {
    let one = member();
    let (a, b) = (lease(&one, at(1)), lease(&one, at(1)));
    one.credential.say(Override::Rest { seconds: None }, at(1));
    a.failed(&refused(), at(2));
    b.succeeded(Some(1));
    assert!(one.is_by_hand());
}

#[test]
fn a_quarantine_that_is_ended_leaves_one_request_to_try() {
    let one = member();
    let mut now = at(1);
    one.credential.say(Override::EndQuarantine, now);
    assert_eq!(one.fitness(now), Fitness::Ready, "there was none");
    for _ in 0..3 {
        lease(&one, now).failed(&refused(), now);
        now = now.plus_micros(10 * SECOND);
    }
    assert!(one.lease(now).is_none());
    one.credential.say(Override::EndQuarantine, now);
    assert!(!one.credential.is_quarantined());
    let trial = lease(&one, now);
    assert!(one.lease(now).is_none());
    assert!(!trial.failed(&refused(), now).quarantined);
    assert_eq!(rest(&one, now), 10 * SECOND);
}

#[test]
fn cause_since_and_seconds_left_are_shown() {
    let one = member();
    let wall = |seconds: i64| Timestamp::from_micros(1_000_000_000 + seconds * 1_000_000);
    let shown = |seconds: u64| one.model.report(at(seconds), wall(seconds as i64));
    let held = lease(&one, at(1));
    held.succeeded(Some(1_234_567));
    let well = shown(2);
    assert_eq!((well.state, well.cause, well.since, well.seconds_left), (Ready, None, None, None));
    assert_eq!((well.in_flight, well.first_byte_ms), (1, Some(1_235)));
    lease(&one, at(3)).failed(&throttled(60), at(3));
    let unwell = shown(10);
    assert_eq!((unwell.state, unwell.cause), (Resting, Some(Cause::Throttled)));
    assert_eq!((unwell.since, unwell.seconds_left), (Some(wall(3)), Some(53)));
    assert_eq!((shown(63).state, shown(63).seconds_left), (Due, None));
    let trial = lease(&one, at(64));
    assert_eq!((shown(65).state, shown(65).since), (Trying, Some(wall(3))));
    drop(trial);
    assert_eq!(shown(65).state, Due);
}

#[test]
fn causes_are_told_apart() {
    let caused = |verdict: Verdict| {
        let one = member();
        lease(&one, at(1)).failed(&verdict, at(1));
        let of = |it: &Health| it.report(at(1), Timestamp::default()).cause;
        of(&one.credential).or(of(&one.model)).unwrap().as_str()
    };
    let missing = Verdict { show: Show::ModelMissing, ..broken() };
    let overloaded = Verdict { show: Show::Overloaded, ..broken() };
    assert_eq!(caused(throttled(1)), "throttled");
    assert_eq!(caused(refused()), "refused");
    assert_eq!(caused(Verdict::connect()), "unreachable");
    assert_eq!(caused(Verdict::timeout()), "timeout");
    assert_eq!(caused(broken()), "unavailable");
    assert_eq!(caused(overloaded), "unavailable");
    assert_eq!(caused(missing), "model_missing");
}

#[test]
fn another_secret_or_address_is_judged_anew() {
    let health = Arc::new(Health::default());
    let one = Member { credential: Arc::clone(&health), model: Arc::default() };
    health.of_account(7);
    lease(&one, at(1)).failed(&refused(), at(1));
    health.of_account(7);
    assert!(one.lease(at(2)).is_none());
    health.of_account(8);
    assert!(one.lease(at(2)).is_some());
    health.say(Override::Rest { seconds: None }, at(2));
    health.of_account(9);
    assert!(one.lease(at(2)).is_none(), "what a person said stands");
}

#[test]
fn the_usual_time_to_the_first_byte_follows_what_is_measured() {
    let health = Health::default();
    health.measured(1_000);
    assert_eq!(health.first_byte(), 1_000);
    health.measured(2_000);
    assert_eq!(health.first_byte(), 1_250);
    for _ in 0..40 {
        health.measured(2_000);
    }
    assert!((1_990..=2_000).contains(&health.first_byte()), "{}", health.first_byte());
}

#[test]
fn a_dropped_lease_gives_its_place_back() {
    let one = member();
    let held = lease(&one, at(1));
    assert_eq!(one.model.in_flight(), 1);
    drop(held);
    assert_eq!((one.model.in_flight(), one.credential.in_flight()), (0, 0));
}
