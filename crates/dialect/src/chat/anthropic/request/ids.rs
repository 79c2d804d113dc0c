//! Ids of tool calls that Anthropic accepts: `^[a-zA-Z0-9_-]{1,64}$`, each used once.
//!
//! Other dialects allow more, and some clients use one id for every call. Ids that fit and are
//! new stay as they are; the others get one that depends on nothing but the conversation, so that
//! the provider's prompt cache still matches on the next turn.

use std::collections::{HashMap, HashSet};

const LONGEST: usize = 64;

/// The calls of a conversation, by the ids of both sides.
#[derive(Default)]
pub(in crate::chat) struct Ids {
    used: HashSet<String>,
    /// The client's id, to the calls that bear it.
    calls: HashMap<String, Vec<Call>>,
    answered: HashSet<String>,
}

/// A call that may be answered.
#[derive(Clone)]
pub(in crate::chat) struct Call {
    /// Its id on the wire.
    pub(in crate::chat) id: String,
    /// Which message it stands in.
    pub(in crate::chat) message: usize,
}

impl Ids {
    /// The wire id of a new call in `message`.
    pub(in crate::chat) fn call(&mut self, client: &str, message: usize) -> String {
        let plain = fit(client);
        let numbered = (2..).map(|n: u32| {
            let tail = format!("_{n}");
            format!("{}{tail}", &plain[..plain.len().min(LONGEST - tail.len())])
        });
        let free = std::iter::once(plain.clone()).chain(numbered);
        let id = free.into_iter().find(|id| !self.used.contains(id)).unwrap_or(plain.clone());
        self.used.insert(id.clone());
        let call = Call { id: id.clone(), message };
        self.calls.entry(client.to_owned()).or_default().push(call);
        id
    }

    /// The call that a result answers, if there is one: the first without an answer in the newest
    /// message that calls by this id. Where all have theirs, the newest call.
    pub(in crate::chat) fn answered(&self, client: &str) -> Option<Call> {
        let calls = self.calls.get(client)?;
        let newest = calls.last()?;
        let waits =
            |call: &&Call| call.message == newest.message && !self.answered.contains(&call.id);
        calls.iter().find(waits).or(Some(newest)).cloned()
    }

    /// Whether this is the first result for a wire id; Anthropic refuses a second.
    pub(in crate::chat) fn first_answer(&mut self, id: &str) -> bool {
        self.answered.insert(id.to_owned())
    }
}

/// `client` itself if it fits, else its legible part and a mark of the rest.
pub(in crate::chat) fn fit(client: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !client.is_empty() && client.len() <= LONGEST && client.chars().all(legal) {
        return client.to_owned();
    }
    let legible = client.chars().filter(|c| legal(*c)).take(LONGEST - 9).collect::<String>();
    format!("{legible}_{:08x}", mark(client))
}

/// FNV-1a: tells apart ids that are legible alike.
fn mark(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_fits_stays() {
        assert_eq!(fit("toolu_01A-b"), "toolu_01A-b");
        assert_eq!(fit(&"x".repeat(64)), "x".repeat(64));
    }

    #[test]
    fn an_id_that_does_not_fit_becomes_legal_and_stays_apart() {
        let ids = ["", "a b", "a:b", "ü", &"x".repeat(65), &"x".repeat(400)];
        let fitted: HashSet<String> = ids.iter().map(|id| fit(id)).collect();
        assert_eq!(fitted.len(), ids.len());
        for id in fitted {
            assert!((1..=LONGEST).contains(&id.len()), "{id}");
            assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'));
        }
    }

    #[test]
    fn one_id_for_every_call_becomes_many() {
        let mut ids = Ids::default();
        assert_eq!(ids.call("call", 1), "call");
        assert_eq!(ids.answered("call").unwrap().id, "call");
        assert_eq!(ids.call("call", 3), "call_2");
        let answered = ids.answered("call").unwrap();
        assert_eq!((&*answered.id, answered.message), ("call_2", 3));
        assert!(ids.first_answer("call_2"));
        assert!(!ids.first_answer("call_2"));
        assert!(ids.answered("other").is_none());
    }

    #[test]
    fn calls_side_by_side_under_one_id_are_answered_in_order() {
        let mut ids = Ids::default();
        ids.call("x", 1);
        ids.call("x", 1);
        for expected in ["x", "x_2"] {
            let id = ids.answered("x").unwrap().id;
            assert_eq!(id, expected);
            assert!(ids.first_answer(&id));
        }
        let again = ids.answered("x").unwrap().id;
        assert!(!ids.first_answer(&again));
    }
}
