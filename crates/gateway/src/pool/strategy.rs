//! Which entry of a pool is next. Pure: who can serve, and what is known of each, are arguments.
//!
//! Entries are known by their place, those that can serve are the bits of a [`Set`]: a pool has at
//! most 64.

/// Places of a pool's entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Set(u64);

/// The share of an entry of weight 1: what its account grows by with each turn. Divided by its
/// weight it is still a large number, and a turn a microsecond fills no `u64` in a lifetime.
const SHARE: u64 = 1 << 20;

/// Of how many turns one goes to look at another than the quickest.
pub const EXPLORED: u64 = 16;

impl Set {
    /// With `place` in it.
    pub fn with(self, place: usize) -> Set {
        Set(self.0 | 1 << (place & 63))
    }

    /// Whether `place` is in it.
    pub fn has(self, place: usize) -> bool {
        self.0 >> (place & 63) & 1 == 1
    }

    /// Whether none is.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many are.
    pub fn len(self) -> u64 {
        u64::from(self.0.count_ones())
    }

    /// Each of them, in order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..64).filter(move |place| self.has(*place))
    }

    /// The one that `nth` of them stand before, counted round.
    fn nth(self, nth: u64) -> Option<usize> {
        let nth = usize::try_from(nth.checked_rem(self.len())?).ok()?;
        self.iter().nth(nth)
    }
}

/// Whose turn it is where each has the number of its last one: the one whose is longest ago, of
/// several the first; and that number.
///
/// While the same can serve they take turns in one order, so no two ever differ by more than one; one
/// that comes back is next, and does not catch up.
pub fn longest_ago(ready: Set, last: impl Fn(usize) -> u64) -> Option<(usize, u64)> {
    ready.iter().map(|place| (last(place), place)).min().map(|(last, place)| (place, last))
}

/// A turn in a weighted sequence: whose it is, and the accounts before and after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whose.
    pub place: usize,
    /// What stood in its account.
    pub before: u64,
    /// Where the turn begins: what the whole pool has reached.
    pub begins: u64,
    /// What stands in its account from now on.
    pub after: u64,
}

/// Whose turn it is where each has an account of the turns it had, divided by its weight: the one
/// with the least in it, of several the first.
///
/// One that could not serve for a while begins where the pool is (`reached`): it does not catch up.
pub fn weighted(
    ready: Set,
    reached: u64,
    account: impl Fn(usize) -> u64,
    weight: impl Fn(usize) -> u32,
) -> Option<Turn> {
    let of = |place: usize| {
        let before = account(place);
        let turn = SHARE / u64::from(weight(place).clamp(1, 1_000));
        let begins = before.max(reached);
        Turn { place, before, begins, after: begins.saturating_add(turn) }
    };
    ready.iter().map(of).min_by_key(|turn| (turn.begins, turn.place))
}

/// The one with the fewest calls under way; of several, each in turn.
pub fn least_busy(ready: Set, turn: u64, in_flight: impl Fn(usize) -> u32) -> Option<usize> {
    let least = ready.iter().map(&in_flight).min()?;
    let idlest = ready.iter().filter(|place| in_flight(*place) == least);
    // Calls come and go while this counts.
    idlest.fold(Set::default(), Set::with).nth(turn).or_else(|| ready.nth(turn))
}

/// The one that usually begins to answer first. One that was never measured goes before it, with
/// one call, and each [`EXPLORED`]th turn goes to one after the other, however slow it was: it may
/// be quick now.
pub fn quickest(
    ready: Set,
    turn: u64,
    first_byte: impl Fn(usize) -> u64,
    in_flight: impl Fn(usize) -> u32,
) -> Option<usize> {
    if turn % EXPLORED == EXPLORED - 1 {
        return ready.nth(turn / EXPLORED);
    }
    let key = |place: usize| {
        let busy = in_flight(place);
        let expected = match first_byte(place) {
            0 if busy > 0 => u64::MAX,
            usual => usual,
        };
        (expected, busy, place)
    };
    ready.iter().min_by_key(|place| key(*place))
}

/// The first in order.
pub fn first(ready: Set) -> Option<usize> {
    ready.nth(0)
}

#[cfg(test)]
mod tests;
