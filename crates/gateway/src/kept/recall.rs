//! What a request of `/v1/responses` goes on from, put before its own input; and what of it is to
//! be kept.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use memchr::memmem;
use wayleave_dialect::ClientDialect;
use wayleave_dialect::carry::Stored;
use wayleave_dialect::chat::responses::kept::{self, Item};
use wayleave_dialect::raw::RawObject;
use wayleave_model::id::ResponseId;
use wayleave_store::{Chain, MAX_CHAIN, MAX_RESPONSE, StoreError, Whose};

use super::{Forgotten, Keep, Memory, Record, not_found};
use crate::gateway::Gateway;
use crate::origin::Origin;
use crate::refusal::Refusal;
use crate::vault::PATIENCE;
use crate::world::KeyEntry;

/// The most items of one input that are found again one by one.
const MOST_ITEMS: usize = 2_000;

impl Gateway {
    /// The body with all it goes on from in it, as far as that is kept here.
    pub(crate) async fn recall(
        &self,
        key: &KeyEntry,
        origin: &Origin,
        body: Bytes,
    ) -> Result<(Bytes, Memory), Box<Forgotten>> {
        let names = |word: &str| memmem::find(&body, word.as_bytes()).is_some();
        let keeps = key.tenant.settings.keep_responses.is_some();
        let concerned = origin.dialect == ClientDialect::OpenAiResponses
            && (keeps || names("\"previous_response_id\""));
        if !concerned {
            return Ok((body, Memory::default()));
        }
        // What cannot be read is refused by who reads it for an answer.
        let Ok(request) = RawObject::read(&body) else { return Ok((body, Memory::default())) };
        match Box::pin(self.recalled(key, origin, &request, &body)).await {
            Ok((None, memory)) => Ok((body, memory)),
            Ok((Some(whole), memory)) => Ok((whole, memory)),
            Err(refusal) => {
                let model = request.string("model").and_then(Result::ok).unwrap_or_default();
                Err(Box::new(Forgotten { refusal, model: model.into_owned() }))
            }
        }
    }

    async fn recalled(
        &self,
        key: &KeyEntry,
        origin: &Origin,
        request: &RawObject<'_>,
        body: &Bytes,
    ) -> Result<(Option<Bytes>, Memory), Refusal> {
        let previous = match request.string("previous_response_id") {
            Some(Ok(named)) => named.parse::<ResponseId>().ok(),
            _ => None,
        };
        let keep = key.tenant.settings.keep_responses;
        if previous.is_none() && keep.is_none() {
            return Ok((None, Memory::default()));
        }
        let id = ResponseId(origin.id.0);
        let Ok(mut input) = kept::input(request, &id.to_string()) else {
            return Ok((None, Memory::default()));
        };
        let whose = (key.caller.workspace, key.caller.owner);
        let before = match previous {
            Some(previous) => self.chain(whose, previous).await?,
            None => Vec::new(),
        };
        let (resolved, holders) = match keep {
            Some(_) => self.resolve(whose, &mut input).await?,
            None => (false, Vec::new()),
        };
        let recalled = previous.is_some() || resolved;
        let whole = recalled.then(|| {
            let mut items: Vec<&str> = Vec::new();
            let outputs: Vec<_> = before.iter().map(|it| output(it)).collect();
            for (record, output) in before.iter().zip(&outputs) {
                items.extend(record.input.iter().map(|json| json.get()));
                items.extend(output.iter().map(|(_, json)| *json));
            }
            items.extend(input.iter().map(|it| it.json.get()));
            kept::with_input(request, body, items)
        });
        if whole.as_ref().is_some_and(|whole| whole.len() > self.settings.max_body) {
            return Err(too_large(self.settings.max_body));
        }
        let keep = keep.filter(|_| kept::is_to_be_stored(request));
        let keep = keep.map(|keep| {
            let fits = input.iter().map(|it| it.json.get().len()).sum::<usize>() < MAX_RESPONSE
                && input.len() <= MOST_ITEMS;
            let stored = || Arc::new(Stored::new(id.to_string(), request));
            let micros = keep.days.micros();
            Arc::new(Keep { whose, id, previous, micros, stored: fits.then(stored), input })
        });
        let records = before.into_iter().chain(holders);
        let thoughts = records.filter_map(|record| record.thoughts).collect();
        Ok((whole, Memory { keep, recalled, thoughts }))
    }

    /// The responses that one goes on from and itself, oldest first.
    async fn chain(&self, whose: Whose, from: ResponseId) -> Result<Vec<Record>, Refusal> {
        let now = self.recorder.clock.now();
        let most = self.settings.max_body;
        let chain = self.vault.store().kept_chain(whose, from, most, now);
        match within(chain).await? {
            Chain::Whole(all) => all
                .iter()
                .map(|(id, record)| {
                    let record = serde_json::from_slice(record.expose());
                    record.map_err(|_| not_found(&id.to_string()))
                })
                .collect(),
            Chain::Missing(id) => Err(not_found(&id.to_string())),
            Chain::TooLarge => Err(too_large(most)),
            Chain::TooLong => {
                let message = format!(
                    "the conversation goes on from more than {MAX_CHAIN} responses: begin another with its items in `input`"
                );
                let refusal = Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message);
                Err(refusal.at("previous_response_id"))
            }
        }
    }

    /// Puts what is kept here in the place of items that only name it; whether there was any, and
    /// the responses it is from. What is not here is left to whom it is sent to.
    async fn resolve(
        &self,
        whose: Whose,
        input: &mut [Item],
    ) -> Result<(bool, Vec<Record>), Refusal> {
        let named = input.iter().filter(|it| it.is_reference).map(|it| it.id.clone());
        let named: Vec<String> = named.collect();
        if named.is_empty() {
            return Ok((false, Vec::new()));
        }
        if named.len() > MOST_ITEMS {
            let message = format!("at most {MOST_ITEMS} items of an input may only name others");
            return Err(
                Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message).at("input")
            );
        }
        let (store, now) = (self.vault.store(), self.recorder.clock.now());
        // What cannot be looked up is left to whom it is sent to as well: it may be its own.
        let holders = within(store.kept_items(whose, &named, now)).await.unwrap_or_default();
        let mut records: HashMap<ResponseId, Record> = HashMap::new();
        let mut bytes = 0;
        for &id in holders.iter().flatten() {
            if records.contains_key(&id) {
                continue;
            }
            let record = within(store.kept_response(whose, id, now)).await.unwrap_or_default();
            if let Some(record) = record {
                bytes += record.expose().len();
                if bytes > self.settings.max_body {
                    return Err(too_large(self.settings.max_body));
                }
                records.extend(serde_json::from_slice(record.expose()).map(|it| (id, it)).ok());
            }
        }
        let mut resolved = false;
        let references = input.iter_mut().filter(|it| it.is_reference);
        for (item, holder) in references.zip(holders) {
            let record = holder.and_then(|id| records.get(&id));
            if let Some(json) = record.and_then(|record| find(record, &item.id)) {
                (item.json, item.is_reference, resolved) = (json, false, true);
            }
        }
        let mut records: Vec<_> = records.into_iter().collect();
        // Ids are in the order of time.
        records.sort_by_key(|(id, _)| *id);
        Ok((resolved, records.into_iter().map(|(_, record)| record).collect()))
    }
}

/// The items of an answer, with their ids; an empty one where an item has none.
pub(super) fn output(record: &Record) -> Vec<(String, &str)> {
    let response = RawObject::read(record.response.get().as_bytes());
    response.map(|response| kept::output(&response)).unwrap_or_default()
}

fn find(record: &Record, id: &str) -> Option<Box<serde_json::value::RawValue>> {
    let is_it = |json: &str| {
        let item = RawObject::read(json.as_bytes()).ok();
        item.and_then(|item| item.string("id")?.ok()).is_some_and(|it| it == id)
    };
    let input = record.input.iter().map(|json| json.get());
    let mut all = output(record).into_iter().map(|(_, json)| json).chain(input);
    let json = all.find(|json| is_it(json))?;
    serde_json::value::RawValue::from_string(json.to_owned()).ok()
}

fn too_large(most: usize) -> Refusal {
    let message = format!(
        "the conversation with all it goes on from is larger than {most} bytes: begin another with what of it matters"
    );
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
        .at("previous_response_id")
}

/// What the store answers, in time.
pub(super) async fn within<T>(
    look: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, Refusal> {
    let away = |why: &str| {
        tracing::warn!(why, "kept responses could not be read");
        Refusal::dependency("the database that responses are kept in does not answer")
    };
    match tokio::time::timeout(PATIENCE, look).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(err)) => Err(away(&err.to_string())),
        Err(_) => Err(away("the database is slow")),
    }
}
