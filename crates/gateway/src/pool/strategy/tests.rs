//! Whose turn it is, for each strategy, with some at rest and from many threads.

use std::cell::RefCell;

use super::*;

fn set(places: &[usize]) -> Set {
    places.iter().fold(Set::default(), |set, place| set.with(*place))
}

/// Accounts as a pool keeps them.
#[derive(Default)]
struct Ledger {
    accounts: RefCell<[u64; 8]>,
    reached: RefCell<u64>,
    /// None: each in turn.
    weights: Option<[u32; 8]>,
}

impl Ledger {
    fn of(weights: &[u32]) -> Ledger {
        let mut all = [1; 8];
        all[..weights.len()].copy_from_slice(weights);
        Ledger { weights: Some(all), ..Ledger::default() }
    }

    fn next(&self, ready: Set) -> usize {
        let (mut accounts, mut reached) = (self.accounts.borrow_mut(), self.reached.borrow_mut());
        let Some(weights) = self.weights else {
            *reached += 1;
            let (place, _) = longest_ago(ready, |it| accounts[it]).unwrap();
            accounts[place] = *reached;
            return place;
        };
        let turn = weighted(ready, *reached, |it| accounts[it], |it| weights[it]).unwrap();
        accounts[turn.place] = turn.after;
        *reached = turn.begins.max(*reached);
        turn.place
    }

    fn sequence(&self, ready: Set, turns: usize) -> Vec<usize> {
        (0..turns).map(|_| self.next(ready)).collect()
    }

    fn counts(&self, ready: Set, turns: usize) -> [usize; 8] {
        let mut counts = [0; 8];
        self.sequence(ready, turns).into_iter().for_each(|it| counts[it] += 1);
        counts
    }
}

/// How far the shares of those in `ready` are apart.
fn apart(counts: [usize; 8], ready: Set) -> usize {
    let shares = || ready.iter().map(|it| counts[it]);
    shares().max().unwrap() - shares().min().unwrap()
}

#[test]
fn d13_each_has_its_turn_before_anybody_has_a_second() {
    let ledger = Ledger::default();
    assert_eq!(ledger.sequence(set(&[0, 1, 2]), 7), [0, 1, 2, 0, 1, 2, 0]);
}

#[test]
fn d13_after_any_number_of_calls_shares_differ_by_one_at_most() {
    let ready = set(&[0, 1, 2, 3, 4]);
    for turns in 1..200 {
        assert!(apart(Ledger::default().counts(ready, turns), ready) <= 1, "{turns}");
    }
}

#[test]
fn d13_whoever_rests_and_returns_shares_differ_by_one_at_most_from_then_on() {
    // Every way in which some of four can serve, after every other, for any number of calls.
    for before in 1..16_u64 {
        for after in 1..16_u64 {
            for (first, then) in [(3, 5), (4, 9), (7, 2), (50, 50)] {
                let ledger = Ledger::default();
                ledger.sequence(set(&[0, 1, 2, 3]), 2);
                ledger.sequence(Set(before), first);
                let counts = ledger.counts(Set(after), then);
                assert!(apart(counts, Set(after)) <= 1, "{before} {after} {counts:?}");
            }
        }
    }
}

#[test]
fn one_that_comes_back_takes_its_turn_and_does_not_catch_up() {
    let ledger = Ledger::default();
    ledger.sequence(set(&[0, 1]), 1_000);
    assert_eq!(ledger.sequence(set(&[0, 1, 2]), 7), [2, 0, 1, 2, 0, 1, 2]);
    let ledger = Ledger::of(&[1; 3]);
    ledger.sequence(set(&[0, 1]), 1_000);
    let counts = ledger.counts(set(&[0, 1, 2]), 30);
    assert!(counts[..3].iter().all(|it| (9..=11).contains(it)), "{counts:?}");
}

#[test]
fn weights_are_kept_and_spread() {
    let ledger = Ledger::of(&[5, 1, 1]);
    let sequence = ledger.sequence(set(&[0, 1, 2]), 7);
    assert_eq!(sequence.iter().filter(|it| **it == 0).count(), 5);
    let counts = Ledger::of(&[5, 1, 1]).counts(set(&[0, 1, 2]), 700);
    assert!(counts[0].abs_diff(500) <= 1 && apart(counts, set(&[1, 2])) <= 1, "{counts:?}");
    let even = Ledger::of(&[2, 1]).sequence(set(&[0, 1]), 6);
    assert_eq!(even, [0, 1, 0, 0, 1, 0]);
}

#[test]
fn d13_the_same_credential_twice_has_twice_the_share() {
    let counts = Ledger::default().counts(set(&[0, 1, 2]), 300);
    assert_eq!(counts[0] + counts[1], 2 * counts[2]);
}

#[test]
fn the_least_busy_is_chosen_and_equals_take_turns() {
    let busy = [3, 1, 2, 1];
    let next = |ready, turn| least_busy(ready, turn, |it| busy[it]);
    let all = set(&[0, 1, 2, 3]);
    let chosen: Vec<_> = (0..4).map(|turn| next(all, turn).unwrap()).collect();
    assert_eq!(chosen, [1, 3, 1, 3]);
    assert_eq!(next(set(&[0, 2]), 9), Some(2));
    assert_eq!(next(Set::default(), 0), None);
}

#[test]
fn the_quickest_is_chosen_and_now_and_then_another() {
    let usual = [900, 100, 300];
    let all = set(&[0, 1, 2]);
    let next = |turn| quickest(all, turn, |it| usual[it], |_| 0).unwrap();
    let chosen: Vec<usize> = (0..3 * EXPLORED).map(next).collect();
    let counts: Vec<_> = (0..3).map(|it| chosen.iter().filter(|at| **at == it).count()).collect();
    // Each was seen once in three rounds; all other turns went to the quickest.
    assert_eq!(counts, [1, 46, 1]);
}

#[test]
fn one_that_was_never_measured_is_measured_with_one_call() {
    let usual = [100, 0];
    let next = |busy: [u32; 2]| quickest(set(&[0, 1]), 0, |it| usual[it], |it| busy[it]);
    assert_eq!(next([0, 0]), Some(1));
    assert_eq!(next([0, 1]), Some(0));
    // Where none is measured they share.
    assert_eq!(quickest(set(&[0, 1]), 0, |_| 0, |it| [2, 1][it]), Some(1));
}

#[test]
fn the_first_in_order_serves_and_the_others_stand_by() {
    assert_eq!(first(set(&[0, 1, 2])), Some(0));
    assert_eq!(first(set(&[2, 1])), Some(1));
    assert_eq!(first(Set::default()), None);
}

#[test]
fn a_set_holds_the_places_of_the_largest_pool() {
    let all = (0..64).fold(Set::default(), Set::with);
    assert_eq!((all.len(), all.iter().last()), (64, Some(63)));
    assert!(set(&[63]).has(63) && !set(&[63]).has(62));
}
