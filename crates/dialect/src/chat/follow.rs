//! Messages in the making, where the result of a tool must stand right behind the message that
//! called it, wherever the client put it.

use std::collections::HashMap;

use super::json;
use crate::{Losses, Severity};

/// Messages, each as JSON.
#[derive(Default)]
pub(super) struct Follow {
    list: Vec<Message>,
    /// The calls of an id, oldest first.
    calls: HashMap<String, Vec<Call>>,
}

#[derive(Default)]
struct Message {
    json: Vec<u8>,
    /// Where in the order of its calls each result belongs, and the result.
    results: Vec<(usize, Vec<u8>)>,
    /// What results hold that only a user's message can.
    shown: Vec<Vec<u8>>,
}

struct Call {
    message: usize,
    /// Its place among the message's calls.
    place: usize,
    name: String,
    answered: bool,
}

/// Where a result belongs.
pub(super) struct Place {
    message: usize,
    place: usize,
    /// What was called; unknown where no call has that id.
    pub(super) name: Option<String>,
}

impl Follow {
    /// Adds a message.
    pub(super) fn push(&mut self, json: Vec<u8>) {
        self.list.push(Message { json, ..Message::default() });
    }

    /// Adds a message that makes `calls`: the id and the name of each.
    pub(super) fn push_calls(&mut self, json: Vec<u8>, calls: Vec<(String, String)>) {
        self.push(json);
        let message = self.list.len() - 1;
        for (place, (id, name)) in calls.into_iter().enumerate() {
            let call = Call { message, place, name, answered: false };
            self.calls.entry(id).or_default().push(call);
        }
    }

    /// Where the result for the call `id` belongs: behind the newest message that calls by that id,
    /// for its first call that waits. One that answers no call stays where it is, for the provider
    /// to judge. `None`: the call has its answer already, which is noted.
    pub(super) fn place(&mut self, id: &str, losses: &mut Losses) -> Option<Place> {
        let Some(calls) = self.calls.get_mut(id) else {
            self.push(Vec::new());
            return Some(Place { message: self.list.len() - 1, place: 0, name: None });
        };
        let newest = calls.last().map_or(0, |call| call.message);
        let waits = |call: &&mut Call| call.message == newest && !call.answered;
        let Some(call) = calls.iter_mut().find(waits) else {
            losses.note("messages[].tool_call_id", "a call was answered twice", Severity::Hint);
            return None;
        };
        call.answered = true;
        let name = Some(call.name.clone());
        Some(Place { message: newest, place: call.place, name })
    }

    /// Puts a result in its place; `shown` are parts of a user's message that follows it.
    pub(super) fn answer(&mut self, at: &Place, json: Vec<u8>, shown: Vec<Vec<u8>>) {
        let Some(message) = self.list.get_mut(at.message) else { return };
        message.results.push((at.place, json));
        message.shown.extend(shown);
    }

    /// The messages in order. `show` makes a user's message of what results hold.
    pub(super) fn write(self, out: &mut Vec<u8>, show: impl Fn(&[Vec<u8>]) -> Vec<u8>) {
        let mut all = Vec::with_capacity(self.list.len());
        for mut message in self.list {
            if !message.json.is_empty() {
                all.push(message.json);
            }
            message.results.sort_by_key(|(place, _)| *place);
            all.extend(message.results.into_iter().map(|(_, json)| json));
            if !message.shown.is_empty() {
                all.push(show(&message.shown));
            }
        }
        json::list(out, all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(follow: Follow) -> String {
        let mut out = Vec::new();
        follow.write(&mut out, |parts| [b"show:", parts.concat().as_slice()].concat());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn results_follow_their_calls_in_the_order_of_the_calls() {
        let mut follow = Follow::default();
        let mut losses = Losses::default();
        let named = |id: &str| (id.to_owned(), format!("f_{id}"));
        follow.push_calls(b"calls".to_vec(), vec![named("a"), named("b")]);
        follow.push(b"user".to_vec());
        for (id, shown) in [("b", vec![b"picture".to_vec()]), ("a", vec![])] {
            let place = follow.place(id, &mut losses).unwrap();
            assert_eq!(place.name.as_deref(), Some(&*format!("f_{id}")));
            follow.answer(&place, id.as_bytes().to_vec(), shown);
        }
        assert!(losses.is_empty());
        assert_eq!(written(follow), "[calls,a,b,show:picture,user]");
    }

    #[test]
    fn one_id_for_every_call_is_answered_one_by_one() {
        let mut follow = Follow::default();
        let mut losses = Losses::default();
        let call = |name: &str| ("x".to_owned(), name.to_owned());
        follow.push_calls(b"1".to_vec(), vec![call("f"), call("g")]);
        for expected in ["f", "g"] {
            let place = follow.place("x", &mut losses).unwrap();
            assert_eq!(place.name.as_deref(), Some(expected));
            follow.answer(&place, expected.as_bytes().to_vec(), Vec::new());
        }
        assert!(losses.is_empty());
        assert!(follow.place("x", &mut losses).is_none());
        assert_eq!(losses.iter().count(), 1);
        assert_eq!(written(follow), "[1,f,g]");
    }

    #[test]
    fn a_result_without_a_call_stays_where_it_is() {
        let mut follow = Follow::default();
        follow.push(b"1".to_vec());
        let place = follow.place("x", &mut Losses::default()).unwrap();
        follow.answer(&place, b"r".to_vec(), Vec::new());
        follow.push(b"2".to_vec());
        assert_eq!(written(follow), "[1,r,2]");
    }
}
