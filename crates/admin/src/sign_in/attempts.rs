//! Limits on attempts to sign in, which nobody can turn against somebody else.
//!
//! A limit per person would stop guessing, and would let any stranger lock out anybody whose address
//! they know. So nothing is ever counted by person alone:
//!
//! - **Person and network address together**: five attempts, then one in three minutes. A stranger
//!   elsewhere uses up their own attempts, not those of the person.
//! - **Network address**: fifty attempts, then one in twenty seconds, over all people, against one
//!   machine that tries one password with many names.
//! - **Known browser**: a browser in which somebody signed in before carries a cookie that says so,
//!   and has attempts of its own, outside of both. So somebody at the same address (an office, or a
//!   proxy that Wayleave was not told of) cannot lock out a person who uses their own browser. It is
//!   OWASP's device cookie
//!   (<https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies>).
//!
//! Somebody with many addresses gets five guesses at each, all through the two hashes that are made at
//! a time; against twelve characters that is nothing, and no reason to lock the door from inside.
//! IPv6 counts by /64, which is what one subscriber has.
//!
//! The counts are this process's own, and gone when it ends: on several nodes a guesser has that many
//! times the attempts. An attempt counts when it begins, so many at once do not pass by; one that
//! succeeds is given back.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use wayleave_model::Timestamp;

/// So many at once, then one in each interval (microseconds).
#[derive(Debug, Clone, Copy)]
struct Limit {
    burst: i64,
    interval: i64,
}

const MINUTE: i64 = 60_000_000;
const OF_A_PAIR: Limit = Limit { burst: 5, interval: 3 * MINUTE };
const OF_A_BROWSER: Limit = Limit { burst: 5, interval: 3 * MINUTE };
const OF_AN_ADDRESS: Limit = Limit { burst: 50, interval: MINUTE / 3 };
/// The most counts that are kept. One address adds few, for it is limited itself.
const MOST: usize = 100_000;

/// Whose attempt it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Pair(String, Network),
    Browser(String, String),
    Address(Network),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Network {
    V4([u8; 4]),
    V6([u8; 8]),
    /// No address is known: the local socket.
    None,
}

/// One attempt that has begun.
#[derive(Debug)]
pub(crate) struct Attempt {
    counted: Vec<Who>,
}

/// Every count.
#[derive(Default)]
pub(crate) struct Attempts {
    /// When each has all its attempts again (the "theoretical arrival time" of the generic cell rate
    /// algorithm, ITU-T I.371).
    full_at: Mutex<HashMap<Who, i64>>,
}

impl Attempts {
    /// Begins an attempt to be `email`, from `addr`, in a browser that is known to be theirs. Seconds
    /// to wait if there were too many.
    pub(crate) fn begin(
        &self,
        email: &str,
        addr: Option<&str>,
        browser: Option<&str>,
        now: Timestamp,
    ) -> Result<Attempt, u64> {
        let network = network(addr);
        let email = email.to_owned();
        let counted = match browser {
            Some(browser) => vec![(Who::Browser(email, browser.to_owned()), OF_A_BROWSER)],
            None => {
                vec![(Who::Pair(email, network), OF_A_PAIR), (Who::Address(network), OF_AN_ADDRESS)]
            }
        };
        let now = now.as_micros();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= MOST {
            full_at.retain(|_, at| *at > now);
            // Somebody with so many addresses has their guesses anyway; what matters is that a
            // look at all counts is rare.
            if full_at.len() > MOST / 2 {
                full_at.clear();
            }
        }
        // Checked first, counted then: a refusal by one costs nothing at the other.
        let next: Vec<i64> = counted
            .iter()
            .map(|(who, limit)| full_at.get(who).map_or(now, |at| now.max(*at)) + limit.interval)
            .collect();
        let waits = counted.iter().zip(&next);
        let wait = waits.map(|((_, limit), at)| at - now - limit.burst * limit.interval).max();
        match wait {
            Some(wait) if wait > 0 => Err(wait.unsigned_abs().div_ceil(1_000_000)),
            _ => {
                let counted: Vec<Who> = counted.into_iter().map(|(who, _)| who).collect();
                full_at.extend(counted.iter().cloned().zip(next));
                Ok(Attempt { counted })
            }
        }
    }

    /// The attempt succeeded: it does not count, nor do those of the same person before it.
    pub(crate) fn succeeded(&self, attempt: Attempt) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        for who in attempt.counted {
            match who {
                Who::Address(_) => {
                    if let Some(at) = full_at.get_mut(&who) {
                        *at -= OF_AN_ADDRESS.interval;
                    }
                }
                Who::Pair(..) | Who::Browser(..) => drop(full_at.remove(&who)),
            }
        }
    }
}

fn network(addr: Option<&str>) -> Network {
    match addr.and_then(|it| it.parse::<IpAddr>().ok()).map(|it| it.to_canonical()) {
        Some(IpAddr::V4(it)) => Network::V4(it.octets()),
        Some(IpAddr::V6(it)) => {
            let mut subscriber = [0; 8];
            subscriber.copy_from_slice(&it.octets()[..8]);
            Network::V6(subscriber)
        }
        None => Network::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    const HOME: Option<&str> = Some("192.0.2.1");
    const ELSEWHERE: Option<&str> = Some("198.51.100.7");

    #[test]
    fn a_stranger_uses_up_their_own_attempts_only() {
        let attempts = Attempts::default();
        for _ in 0..5 {
            attempts.begin("ada", ELSEWHERE, None, at(0)).unwrap();
        }
        assert_eq!(attempts.begin("ada", ELSEWHERE, None, at(0)).unwrap_err(), 180);
        assert!(attempts.begin("ada", HOME, None, at(0)).is_ok());
        assert!(attempts.begin("ada", ELSEWHERE, None, at(179)).is_err());
        assert!(attempts.begin("ada", ELSEWHERE, None, at(180)).is_ok());
        assert!(attempts.begin("ada", ELSEWHERE, None, at(180)).is_err());
    }

    #[test]
    fn a_known_browser_gets_in_although_others_at_its_address_are_stopped() {
        let attempts = Attempts::default();
        for at_most in 0..60 {
            let _ = attempts.begin(&format!("p{at_most}"), HOME, None, at(0));
        }
        assert!(attempts.begin("ada", HOME, None, at(0)).is_err());
        for _ in 0..5 {
            attempts.begin("ada", HOME, Some("browser"), at(0)).unwrap();
        }
        assert!(attempts.begin("ada", HOME, Some("browser"), at(0)).is_err());
    }

    #[test]
    fn one_address_tries_few_names() {
        let attempts = Attempts::default();
        let tried = (0..100)
            .filter(|n| attempts.begin(&format!("p{n}"), Some("2001:db8::1"), None, at(0)).is_ok());
        assert_eq!(tried.count(), 50);
        let neighbour = attempts.begin("ada", Some("2001:db8::ffff"), None, at(0));
        assert_eq!(neighbour.unwrap_err(), 20);
        assert!(attempts.begin("ada", Some("2001:db8:0:1::1"), None, at(0)).is_ok());
    }

    #[test]
    fn success_is_given_back() {
        let attempts = Attempts::default();
        for _ in 0..200 {
            let attempt = attempts.begin("ada", HOME, None, at(0)).unwrap();
            attempts.succeeded(attempt);
        }
        for _ in 0..4 {
            attempts.begin("ada", HOME, None, at(0)).unwrap();
        }
        attempts.succeeded(attempts.begin("ada", HOME, None, at(0)).unwrap());
        for _ in 0..5 {
            attempts.begin("ada", HOME, None, at(0)).unwrap();
        }
    }

    #[test]
    fn counts_do_not_grow_for_ever() {
        for (later, left) in [(0, 2), (3_600, 2)] {
            let attempts = Attempts::default();
            for n in 0..MOST / 2 {
                let addr = IpAddr::from(u32::try_from(n).unwrap().to_be_bytes()).to_string();
                attempts.begin("ada", Some(&addr), None, at(0)).unwrap();
            }
            assert_eq!(attempts.full_at.lock().unwrap().len(), MOST);
            attempts.begin("ada", HOME, None, at(later)).unwrap();
            assert_eq!(attempts.full_at.lock().unwrap().len(), left);
        }
    }
}
