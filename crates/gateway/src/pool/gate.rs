//! The one word that says whether something may be used: read by every request, written when it
//! fails, is tried again, or recovers.

use wayleave_model::time::Tick;

/// The provider said it was too much.
const THROTTLED: u64 = 1;
/// One request tries it.
const TRIAL: u64 = 2;
/// A person said so.
const BY_HAND: u64 = 4;
/// The tick stands above the marks.
const MARKS: u32 = 3;
/// For ever, as far as a process lives.
const NEVER: u64 = u64::MAX >> MARKS;
/// A trial ends with its lease; should one be held for ever, others try after so long.
const TRIAL_PATIENCE: u64 = 600_000_000;
/// When to come back while somebody else tries.
const SOON: u64 = 1_000_000;

/// Whether something may be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fitness {
    /// Yes.
    Ready,
    /// It has rested: by one request.
    Due,
    /// It rests for so many microseconds more.
    Resting {
        /// Until it may be tried again.
        micros: u64,
        /// Because the provider said it was too much.
        throttled: bool,
    },
}

/// Open, or shut until a tick for a reason. Fits into an atomic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gate(pub(super) u64);

impl Gate {
    pub(super) const OPEN: Gate = Gate(0);

    /// At rest until that tick.
    pub(super) fn rest(until: Tick, throttled: bool) -> Gate {
        Gate::shut(until.micros_since(Tick::default()), if throttled { THROTTLED } else { 0 })
    }

    /// At rest because a person said so; `None`: until they say otherwise.
    pub(super) fn by_hand(until: Option<Tick>) -> Gate {
        Gate::shut(until.map_or(NEVER, |it| it.micros_since(Tick::default())), BY_HAND)
    }

    /// The same while one request tries it.
    pub(super) fn tried(self, now: Tick) -> Gate {
        let until = now.plus_micros(TRIAL_PATIENCE).micros_since(Tick::default());
        Gate::shut(until, TRIAL | (self.0 & THROTTLED))
    }

    /// Never 0: that is open.
    fn shut(until: u64, marks: u64) -> Gate {
        Gate(until.clamp(1, NEVER) << MARKS | marks)
    }

    pub(super) fn is_open(self) -> bool {
        self == Gate::OPEN
    }

    pub(super) fn is_trial(self) -> bool {
        self.0 & TRIAL != 0
    }

    pub(super) fn is_by_hand(self) -> bool {
        self.0 & BY_HAND != 0
    }

    pub(super) fn is_throttled(self) -> bool {
        self.0 & THROTTLED != 0
    }

    /// Until a person says otherwise.
    pub(super) fn is_for_good(self) -> bool {
        self.0 >> MARKS == NEVER
    }

    /// The tick it is shut until.
    pub(super) fn until(self) -> Tick {
        Tick::default().plus_micros(self.0 >> MARKS)
    }

    /// Whether what stands behind it may be used at `now`.
    pub(super) fn fitness(self, now: Tick) -> Fitness {
        if self.is_open() {
            return Fitness::Ready;
        }
        match self.until().micros_since(now) {
            0 => Fitness::Due,
            micros => {
                let micros = if self.is_trial() { micros.min(SOON) } else { micros };
                Fitness::Resting { micros, throttled: self.is_throttled() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(micros: u64) -> Tick {
        Tick::default().plus_micros(micros)
    }

    #[test]
    fn a_rest_ends_and_leaves_one_request_to_try() {
        let gate = Gate::rest(at(100), true);
        assert_eq!(gate.fitness(at(60)), Fitness::Resting { micros: 40, throttled: true });
        assert_eq!(gate.fitness(at(100)), Fitness::Due);
        let tried = gate.tried(at(100));
        let soon = Fitness::Resting { micros: SOON, throttled: true };
        assert_eq!(tried.fitness(at(101)), soon);
        assert_eq!(Gate::OPEN.fitness(at(0)), Fitness::Ready);
    }

    #[test]
    fn a_rest_of_no_length_is_still_a_rest() {
        assert_eq!(Gate::rest(Tick::default(), false).fitness(at(1)), Fitness::Due);
    }

    #[test]
    fn a_person_may_say_for_good() {
        let gate = Gate::by_hand(None);
        assert!(gate.is_for_good() && gate.is_by_hand() && !gate.is_throttled());
        // As far as a clock can go that began in 1970.
        let far = at(100 * 365 * 86_400 * 1_000_000);
        assert!(matches!(gate.fitness(far), Fitness::Resting { throttled: false, .. }));
        assert_eq!(Gate::by_hand(Some(at(5))).fitness(at(5)), Fitness::Due);
    }
}
