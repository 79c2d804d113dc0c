//! Money: integer billionths of a US dollar in memory and in SQL, a decimal string outside.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const PER_DOLLAR: i64 = 1_000_000_000;

/// Billionths of a US dollar. Sums saturate: an account that is full is wrong by less than one
/// that wrapped round.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct NanoUsd(pub i64);

impl NanoUsd {
    /// Nothing.
    pub const ZERO: NanoUsd = NanoUsd(0);

    /// What `quantity` units cost at this amount for each `per` units, rounded up; one rounding.
    pub fn for_quantity(self, quantity: u64, per: u64) -> NanoUsd {
        let per = i128::from(per.max(1));
        let exact = i128::from(quantity) * i128::from(self.0);
        let up = exact.div_euclid(per) + i128::from(exact.rem_euclid(per) != 0);
        NanoUsd(i64::try_from(up).unwrap_or(i64::MAX))
    }
}

impl Add for NanoUsd {
    type Output = NanoUsd;

    fn add(self, other: NanoUsd) -> NanoUsd {
        NanoUsd(self.0.saturating_add(other.0))
    }
}

impl AddAssign for NanoUsd {
    fn add_assign(&mut self, other: NanoUsd) {
        *self = *self + other;
    }
}

impl Sub for NanoUsd {
    type Output = NanoUsd;

    fn sub(self, other: NanoUsd) -> NanoUsd {
        NanoUsd(self.0.saturating_sub(other.0))
    }
}

impl Sum for NanoUsd {
    fn sum<I: Iterator<Item = NanoUsd>>(amounts: I) -> NanoUsd {
        amounts.fold(NanoUsd::ZERO, Add::add)
    }
}

/// Dollars without an exponent and without needless zeros: `0.15`, `3`, `-0.000000001`.
impl fmt::Display for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let (whole, rest) = (nanos / PER_DOLLAR.unsigned_abs(), nanos % PER_DOLLAR.unsigned_abs());
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{rest:09}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// Text that is not an amount of dollars.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an amount in dollars: expected digits with at most nine decimals, like 0.15")]
pub struct BadAmount(String);

impl FromStr for NanoUsd {
    type Err = BadAmount;

    fn from_str(text: &str) -> Result<NanoUsd, BadAmount> {
        read(text).map(NanoUsd).ok_or_else(|| BadAmount(text.chars().take(40).collect()))
    }
}

fn read(text: &str) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || decimals.len() > 9 || !all_digits(whole) || !all_digits(decimals) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let nanos: i64 = format!("{decimals:0<9}").parse().ok()?;
    let total = whole.checked_mul(PER_DOLLAR)?.checked_add(nanos)?;
    Some(if negative { -total } else { total })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_shown_without_floats() {
        for text in ["0", "0.15", "3", "12.000000001", "-0.5", "9223372036.854775807"] {
            assert_eq!(text.parse::<NanoUsd>().unwrap().to_string(), text);
        }
        for text in ["", ".5", "1e3", "0.0000000001", "+1", "1,5", "9223372036.854775808"] {
            assert!(text.parse::<NanoUsd>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_cost_is_rounded_up_once() {
        assert_eq!(NanoUsd(1).for_quantity(1, 1_000_000), NanoUsd(1));
        assert_eq!(NanoUsd(150_000_000).for_quantity(7, 1_000_000), NanoUsd(1_050));
        assert_eq!(NanoUsd(150_000_000).for_quantity(0, 1_000_000), NanoUsd(0));
        assert_eq!(NanoUsd(i64::MAX).for_quantity(u64::MAX, 1), NanoUsd(i64::MAX));
    }
}
