//! Ids for calls that have none: at most 40 characters of `[A-Za-z0-9_-]`.
//!
//! Google pairs calls and responses by name and order and gives ids only lately. Other dialects
//! cannot do without. What is made here depends on nothing but the conversation, so that the
//! provider's prompt cache still matches on the next turn.

const LONGEST: usize = 40;

/// The id of the call that is number `at` of its conversation or answer; `of` says which.
pub(super) fn mint(of: &str, at: usize) -> String {
    let tail = format!("_{at}");
    let legal = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let room = LONGEST - "call_".len() - tail.len();
    let letters: Vec<char> = of.chars().filter(legal).collect();
    // The end of an answer's id tells it apart, its beginning says only what it is.
    let legible: String = letters[letters.len().saturating_sub(room)..].iter().collect();
    format!("call_{legible}{tail}")
}

/// The calls of a conversation that is being read, and which of them are answered.
#[derive(Default)]
pub(super) struct Calls(Vec<Call>);

struct Call {
    id: String,
    name: String,
    answered: bool,
}

impl Calls {
    /// The id of a new call: its own, else one made of its name and place.
    pub(super) fn call(&mut self, id: Option<&str>, name: &str) -> String {
        let own = id.filter(|id| !id.is_empty()).map(str::to_owned);
        let id = own.unwrap_or_else(|| mint(name, self.0.len()));
        self.0.push(Call { id: id.clone(), name: name.to_owned(), answered: false });
        id
    }

    /// The id of the call that a response answers: by its own id, else the first call of that name
    /// without an answer, else the newest of that name (clients repeat themselves).
    pub(super) fn answer(&mut self, id: Option<&str>, name: &str) -> String {
        let id = id.filter(|id| !id.is_empty());
        let by_id = |call: &Call| id.is_some_and(|id| call.id == id);
        let waiting = |call: &Call| call.name == name && !call.answered;
        let found = self
            .0
            .iter()
            .position(|call| by_id(call) && !call.answered)
            .or_else(|| self.0.iter().rposition(by_id))
            .or_else(|| self.0.iter().position(waiting))
            .or_else(|| self.0.iter().rposition(|call| call.name == name));
        match (found, id) {
            (Some(at), _) => {
                self.0[at].answered = true;
                self.0[at].id.clone()
            }
            (None, Some(id)) => id.to_owned(),
            (None, None) => mint(name, self.0.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minted_ids_fit_every_dialect() {
        assert_eq!(mint("get_weather", 3), "call_get_weather_3");
        let long = mint(&"x.y:z".repeat(30), 12);
        assert_eq!(long.len(), 40);
        assert!(long.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        assert_eq!(mint("ü", 0), "call__0");
    }

    #[test]
    fn responses_find_their_calls_by_name_and_order() {
        let mut calls = Calls::default();
        let ids = [calls.call(None, "a"), calls.call(None, "b"), calls.call(None, "a")];
        assert_eq!(calls.answer(None, "a"), ids[0]);
        assert_eq!(calls.answer(None, "a"), ids[2]);
        assert_eq!(calls.answer(Some("unknown"), "b"), ids[1]);
        // A repeated response belongs to the newest call.
        assert_eq!(calls.answer(None, "a"), ids[2]);
        assert_eq!(calls.answer(None, "c"), "call_c_3");
    }

    #[test]
    fn ids_that_are_there_are_kept() {
        let mut calls = Calls::default();
        assert_eq!(calls.call(Some("x1"), "a"), "x1");
        assert_eq!(calls.call(Some("x2"), "a"), "x2");
        assert_eq!(calls.answer(Some("x2"), "a"), "x2");
        assert_eq!(calls.answer(Some(""), "a"), "x1");
        assert_eq!(calls.answer(Some("zz"), "other"), "zz");
    }
}
