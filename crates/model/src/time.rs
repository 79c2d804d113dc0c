//! The only place that reads a clock. Instants are UTC microseconds; spans are monotonic.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

/// An instant: microseconds since 1970-01-01T00:00:00Z. Shown as RFC 3339 with microseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Timestamp {
        Timestamp(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, as protocols want them in `created`.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This instant moved by `micros`, stopping at the ends of the range.
    pub const fn plus_micros(self, micros: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(micros))
    }

    /// Reads RFC 3339, any offset.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let at: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp(at.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(at) => write!(f, "{at:.6}"),
            Err(_) => write!(f, "{}µs", self.0),
        }
    }
}

/// A point on a clock that never goes back: microseconds since an arbitrary start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

impl Tick {
    /// Microseconds from `earlier` to this, 0 if `earlier` is later.
    pub const fn micros_since(self, earlier: Tick) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This point moved later by `micros`.
    pub const fn plus_micros(self, micros: u64) -> Tick {
        Tick(self.0.saturating_add(micros))
    }
}

/// Tells the time. Handed to everything that needs it, so that a test can move it.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Clock {
        Clock(Source::System)
    }

    /// A clock that stands still until [`Clock::advance`].
    pub fn manual(start: Timestamp) -> Clock {
        Clock(Source::Manual(Arc::new(AtomicI64::new(start.0))))
    }

    /// Moves a manual clock; no effect on the machine's.
    pub fn advance(&self, micros: i64) {
        if let Source::Manual(at) = &self.0 {
            at.fetch_add(micros, Ordering::SeqCst);
        }
    }

    /// Now, as a calendar instant.
    #[allow(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                Timestamp(since.map_or(0, |it| i64::try_from(it.as_micros()).unwrap_or(i64::MAX)))
            }
            Source::Manual(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }

    /// Now, for measuring spans.
    #[allow(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn tick(&self) -> Tick {
        static START: OnceLock<std::time::Instant> = OnceLock::new();
        match &self.0 {
            Source::System => {
                let start = START.get_or_init(std::time::Instant::now);
                Tick(u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX))
            }
            Source::Manual(at) => Tick(at.load(Ordering::SeqCst).max(0).unsigned_abs()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_shown_in_utc_to_the_microsecond() {
        let at = Timestamp::from_micros(1_795_295_640_000_001);
        assert_eq!(at.to_string(), "2026-11-21T21:14:00.000001Z");
        assert_eq!(Timestamp::parse("2026-11-22T02:59:00.000001+05:45"), Some(at));
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = Clock::manual(Timestamp::from_micros(5));
        let (now, tick) = (clock.now(), clock.tick());
        clock.advance(10);
        assert_eq!(clock.now(), now.plus_micros(10));
        assert_eq!(clock.tick().micros_since(tick), 10);
    }
}
