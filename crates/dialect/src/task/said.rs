//! Reads a provider's whole answer: its JSON, its error under a status of success, its headers.

use serde::Deserialize;

use super::{Said, error};
use crate::error::Fault;

/// The JSON of an answer; `what` is what it should hold, for the complaint.
pub(super) fn read<'a, T: Deserialize<'a>>(said: &'a Said, what: &str) -> Result<T, Fault> {
    serde_json::from_slice(&said.body).map_err(|_| none(said, what))
}

/// The complaint about an answer that does not hold `what`: in the provider's own words, where it
/// has some.
pub(super) fn none(said: &Said, what: &str) -> Fault {
    match error::read(&said.body) {
        Some((code, message)) => Fault::reported(code, message),
        None => Fault::unreadable(format!("the provider's answer has no {what}")),
    }
}

/// A whole number that a header holds.
pub(super) fn count(said: &Said, header: &str) -> Option<u64> {
    said.head.headers.get(header)?.to_str().ok()?.trim().parse().ok()
}

/// A figure that a provider writes as any number: `3`, `3.0` or `null`.
pub(super) fn figure(number: Option<f64>) -> Option<u64> {
    let number = number.filter(|it| it.is_finite() && *it >= 0.0 && *it < 1e15)?;
    Some(number.ceil() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_under_a_status_of_success_is_the_providers() {
        let said = |body: &'static str| Said { body: body.into(), ..Said::default() };
        let read = |body| read::<Vec<u8>>(&said(body), "numbers");
        assert_eq!(read("[1]"), Ok(vec![1]));
        let fault = read(r#"{"error":{"message":"no such model","code":"x"}}"#).expect_err("one");
        assert_eq!(fault, Fault::reported(Some("x".to_owned()), "no such model"));
        let fault = read("<html>").expect_err("a page");
        assert_eq!(fault, Fault::unreadable("the provider's answer has no numbers"));
    }

    #[test]
    fn figures_are_whole_and_never_less() {
        assert_eq!(figure(Some(2.0)), Some(2));
        assert_eq!(figure(Some(2.1)), Some(3));
        assert_eq!((figure(Some(-1.0)), figure(Some(f64::NAN)), figure(None)), (None, None, None));
    }
}
