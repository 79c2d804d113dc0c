//! A load test's wishes, in the last user message: `#sandbox tokens=50 pause_ms=20 first_ms=100
//! status=429#`.

use std::time::Duration;

use super::models::MAX_OUTPUT;
use super::render::Complaint;

/// What the prompt asks for; each wish may be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    /// Tokens of the answer.
    pub(super) tokens: Option<usize>,
    /// Between two tokens.
    pub(super) pause: Option<Duration>,
    /// Until the first token.
    pub(super) first: Option<Duration>,
    /// An error of this status in place of an answer.
    pub(super) status: Option<u16>,
}

impl Script {
    /// The wishes in a text; all absent where it holds none. A wish that is not understood is an
    /// error: a load test must not measure something else than it asked for.
    pub(super) fn read(text: &str) -> Result<Script, Complaint> {
        let mut script = Script::default();
        let Some((_, wishes)) = text.split_once("#sandbox ") else { return Ok(script) };
        let Some((wishes, _)) = wishes.split_once('#') else {
            return Err(Complaint::script("`#sandbox …` must end with `#`"));
        };
        for wish in wishes.split_whitespace() {
            let (name, value) = wish.split_once('=').unwrap_or((wish, ""));
            match name {
                "tokens" => script.tokens = Some(number(name, value, 0, MAX_OUTPUT)?),
                "pause_ms" => script.pause = Some(millis(name, value, 60_000)?),
                "first_ms" => script.first = Some(millis(name, value, 600_000)?),
                "status" => script.status = Some(number(name, value, 400, 599)?),
                _ => {
                    let message = "`#sandbox …#` knows tokens, pause_ms, first_ms and status";
                    return Err(Complaint::script(message));
                }
            }
        }
        Ok(script)
    }
}

fn number<T>(name: &str, value: &str, least: T, most: T) -> Result<T, Complaint>
where
    T: Copy + std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let fits = |it: &T| *it >= least && *it <= most;
    value.parse().ok().filter(fits).ok_or_else(|| {
        Complaint::script(&format!(
            "`#sandbox {name}=` takes a whole number from {least} to {most}"
        ))
    })
}

fn millis(name: &str, value: &str, most: u64) -> Result<Duration, Complaint> {
    number(name, value, 0, most).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wish_is_read() {
        let script = "Hi #sandbox tokens=50 pause_ms=20 first_ms=100 status=429# there";
        let want = Script {
            tokens: Some(50),
            pause: Some(Duration::from_millis(20)),
            first: Some(Duration::from_millis(100)),
            status: Some(429),
        };
        assert_eq!(Script::read(script), Ok(want));
        assert_eq!(Script::read("#sandboxes are nice"), Ok(Script::default()));
    }

    #[test]
    fn a_wish_that_is_not_understood_is_an_error() {
        let message = |text| Script::read(text).expect_err("an error").message;
        assert_eq!(message("#sandbox tokens=5"), "`#sandbox …` must end with `#`");
        assert_eq!(
            message("#sandbox token=5#"),
            "`#sandbox …#` knows tokens, pause_ms, first_ms and status"
        );
        assert_eq!(
            message("#sandbox status=200#"),
            "`#sandbox status=` takes a whole number from 400 to 599"
        );
        assert_eq!(
            message("#sandbox tokens=-1#"),
            "`#sandbox tokens=` takes a whole number from 0 to 10000"
        );
    }
}
