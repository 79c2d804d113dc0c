//! Kept responses read, listed, cancelled and deleted.

use bytes::Bytes;
use http::StatusCode;
use serde_json::json;
use serde_json::value::RawValue;
use wayleave_dialect::raw::RawObject;
use wayleave_model::id::ResponseId;
use wayleave_model::record::StreamEnd;

use super::Record;
use super::recall::within;
use crate::gateway::Gateway;
use crate::refusal::Refusal;
use crate::side::parameters;
use crate::stored::{Wish, not_streamed, unknown};
use crate::surface::Stored;
use crate::trail::Trail;
use crate::world::KeyEntry;

/// Items of a page where the client does not say
/// (<https://platform.openai.com/docs/api-reference/responses/input-items>).
const USUAL: usize = 20;
/// The most items of a page.
const MOST: usize = 100;

impl Gateway {
    /// Does what `wish` says with a response that is kept here.
    pub(crate) async fn kept(
        &self,
        key: &KeyEntry,
        id: ResponseId,
        wish: &Wish<'_>,
        trail: &mut Trail,
    ) -> Result<Bytes, Refusal> {
        let whose = (key.caller.workspace, key.caller.owner);
        let (store, now) = (self.vault.store(), self.recorder.clock.now());
        let record = within(store.kept_response(whose, id, now)).await?;
        let record = record.ok_or_else(|| unknown(wish.id))?;
        let record: Record =
            serde_json::from_slice(record.expose()).map_err(|_| unknown(wish.id))?;
        not_streamed(wish)?;
        let body = match wish.verb {
            Stored::Get => record.response.get().to_owned(),
            Stored::InputItems => page(&record.input, wish.query)?,
            Stored::Cancel => return Err(ended()),
            Stored::Delete => {
                if !within(store.forget_response(whose, id, now)).await? {
                    return Err(unknown(wish.id));
                }
                json!({"id": id, "object": "response", "deleted": true}).to_string()
            }
        };
        trail.close(200, StreamEnd::Done, None, None);
        Ok(body.into())
    }
}

/// The refusal to cancel: what is kept has ended.
fn ended() -> Refusal {
    let message =
        "only a response that is made in the background can be cancelled: this one has ended";
    Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message)
}

/// One page of `items`, which are in the order in which they were said.
fn page(items: &[Box<RawValue>], query: &str) -> Result<String, Refusal> {
    let asked = |wanted: &str| {
        let found = parameters(query).filter(|(name, value)| *name == wanted && !value.is_empty());
        found.last().map(|(_, value)| value)
    };
    let limit = match asked("limit") {
        None => USUAL,
        Some(text) => {
            text.parse().ok().filter(|it| (1..=MOST).contains(it)).ok_or_else(|| {
                wrong("limit", &format!("`limit` must be a number from 1 to {MOST}"))
            })?
        }
    };
    let mut all: Vec<(String, &str)> = items.iter().map(|it| (id_of(it), it.get())).collect();
    match asked("order") {
        None | Some("desc") => all.reverse(),
        Some("asc") => {}
        Some(_) => return Err(wrong("order", "`order` must be `asc` or `desc`")),
    }
    let place = |parameter: &str| -> Result<Option<usize>, Refusal> {
        let Some(id) = asked(parameter) else { return Ok(None) };
        let at = all.iter().position(|(known, _)| known == id);
        at.map(Some).ok_or_else(|| {
            wrong(parameter, &format!("`{parameter}` names no item of this response"))
        })
    };
    let first = place("after")?.map_or(0, |at| at + 1);
    let end = place("before")?.unwrap_or(all.len()).max(first);
    // The page before an item is the one next to it.
    let first =
        if asked("before").is_some() { first.max(end.saturating_sub(limit)) } else { first };
    let shown = &all[first..end.min(first + limit)];
    let more = if asked("before").is_some() { first > 0 } else { first + shown.len() < end };
    let id = |item: Option<&(String, &str)>| item.map_or(json!(null), |(id, _)| json!(id));
    let data: Vec<&str> = shown.iter().map(|(_, json)| *json).collect();
    Ok(format!(
        r#"{{"object":"list","data":[{}],"first_id":{},"last_id":{},"has_more":{more}}}"#,
        data.join(","),
        id(shown.first()),
        id(shown.last()),
    ))
}

fn id_of(item: &RawValue) -> String {
    let item = RawObject::read(item.get().as_bytes()).ok();
    let id = item.and_then(|item| item.string("id")?.ok().map(std::borrow::Cow::into_owned));
    id.unwrap_or_default()
}

fn wrong(parameter: &str, message: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message).at(parameter)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn listed(query: &str) -> Result<(Vec<String>, bool), Option<String>> {
        let item = |n: u32| RawValue::from_string(format!(r#"{{"id":"msg_{n}"}}"#)).unwrap();
        let items: Vec<_> = (1..=25).map(item).collect();
        let page: Value =
            serde_json::from_str(&page(&items, query).map_err(|it| it.param)?).unwrap();
        let data = page["data"].as_array().unwrap().iter();
        let ids: Vec<String> =
            data.map(|it| it["id"].as_str().unwrap()["msg_".len()..].to_owned()).collect();
        let at = |id: Option<&String>| id.map_or(Value::Null, |id| format!("msg_{id}").into());
        assert_eq!((&page["first_id"], &page["last_id"]), (&at(ids.first()), &at(ids.last())));
        Ok((ids, page["has_more"].as_bool().unwrap()))
    }

    fn ids(numbers: impl Iterator<Item = u32>) -> Vec<String> {
        numbers.map(|it| it.to_string()).collect()
    }

    #[test]
    fn items_come_newest_first_in_pages() {
        assert_eq!(listed("").unwrap(), (ids((6..=25).rev()), true));
        assert_eq!(listed("after=msg_6").unwrap(), (ids((1..=5).rev()), false));
        assert_eq!(listed("order=asc&limit=2&include[]=x").unwrap(), (ids(1..=2), true));
        assert_eq!(listed("order=asc&limit=2&after=msg_2").unwrap(), (ids(3..=4), true));
        assert_eq!(listed("order=asc&limit=100").unwrap(), (ids(1..=25), false));
        assert_eq!(listed("order=asc&limit=2&before=msg_5").unwrap(), (ids(3..=4), true));
        assert_eq!(listed("order=asc&limit=9&before=msg_3").unwrap(), (ids(1..=2), false));
        assert_eq!(listed("after=msg_1").unwrap(), (Vec::new(), false));
    }

    #[test]
    fn a_page_that_cannot_be_is_refused_by_its_parameter() {
        for (query, parameter) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=x", "limit"),
            ("order=up", "order"),
            ("after=msg_26", "after"),
            ("before=", ""),
        ] {
            let refused = listed(query).err().flatten().unwrap_or_default();
            assert_eq!(refused, parameter, "{query}");
        }
    }
}
