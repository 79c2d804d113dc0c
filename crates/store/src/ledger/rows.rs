//! What stands in each column of a request, its attempts, its lines and its people.

use std::borrow::Cow;
use std::collections::BTreeMap;

use wayleave_model::Meter;
use wayleave_model::price::Line;
use wayleave_model::record::{Attempt, Closed, Person};
use wayleave_model::usage::{Usage, UsageSource};

use crate::ledger::row::Row;
use crate::text::storable;

pub(crate) const REQUESTS: &str = "INSERT INTO usage_requests (
    workspace_id, request_id, started_at, node_id, revision, key_id, key_name, key_version,
    owner_id, owner_name, environment, tags, surface, operation, alias, alias_id,
    route_version_id, client, client_request_id, trace_id, probe, asked_stream, asked_tools,
    asked_vision, asked_json_schema, asked_reasoning, asked_bytes, estimated_input,
    provider_name, model_name, status, error_code, stream_end, total_us, first_token_us,
    overhead_us, edits, repairs, losses, cache_hit, attempts, input_tokens, output_tokens,
    cached_tokens, cache_write_tokens, reasoning_tokens, cost_nanos, usage_source,
    supply, quota_type) ";

pub(crate) const ATTEMPTS: &str = "INSERT INTO usage_attempts (
    workspace_id, request_id, n, started_at, provider_id, provider_name, model_id, model_name,
    credential_id, price_version_id, max_cost_nanos, total_us, first_byte_us, first_token_us,
    status, verdict, upstream_request_id, usage, usage_source, cost_nanos, supply,
    quota_type, quota_id) ";

pub(crate) const LINES: &str = "INSERT INTO usage_lines (
    workspace_id, request_id, n, unit, quantity, price_version_id, cost_nanos, unpriced) ";

pub(crate) const PEOPLE: &str =
    "INSERT INTO usage_people (workspace_id, request_id, client_addr, end_user) ";

/// What is there already stays as it is.
pub(crate) const SKIP: &str = " ON CONFLICT DO NOTHING";

pub(crate) fn request(row: &mut impl Row, it: &Closed) {
    let (who, asked, end) = (&it.identity, &it.asked, &it.outcome);
    let caller = &who.caller;
    let last = it.attempts.last().map(|attempt| &*attempt.start.target);
    let tokens = Tokens::of(it);
    key(row, it)
        .int(who.started_at.as_micros())
        .id(who.node.0)
        .int(who.revision)
        .id(caller.key.0)
        .text(&*storable(&caller.key_name))
        .int(caller.key_version)
        .id(caller.owner.0)
        .text(&*storable(&caller.owner_name))
        .text(&*storable(&caller.environment))
        .json(&texts(&caller.tags))
        .text(&*storable(&who.surface))
        .text(who.operation.as_str())
        .text(&*storable(&who.alias))
        .id(who.alias_id.map(|id| id.0))
        .id(who.route.map(|id| id.0))
        .text(text(who.client.as_deref()).as_deref())
        .text(text(who.client_request_id.as_deref()).as_deref())
        .text(text(who.trace_id.as_deref()).as_deref())
        .flag(who.probe)
        .flag(asked.stream)
        .flag(asked.tools)
        .flag(asked.vision)
        .flag(asked.json_schema)
        .flag(asked.reasoning)
        .int(signed(asked.bytes))
        .int(signed(asked.estimated_input))
        .text(text(last.map(|it| it.provider_name.as_str())).as_deref())
        .text(text(last.map(|it| it.model_name.as_str()).filter(|it| !it.is_empty())).as_deref())
        .int(i64::from(end.status))
        .text(text(end.error_code.as_deref()).as_deref())
        .text(end.stream_end.as_str())
        .int(signed(end.total_us))
        .int(end.first_token_us.map(signed))
        .int(signed(end.overhead_us))
        .json(&texts(&end.edits))
        .json(&texts(&end.repairs))
        .json(&texts(&end.losses))
        .flag(end.cache_hit)
        .int(signed(it.attempts.len() as u64))
        .int(tokens.input)
        .int(tokens.output)
        .int(tokens.cached)
        .int(tokens.cache_write)
        .int(tokens.reasoning)
        .int(it.cost().0)
        .text(source(it).as_str())
        .text(last.map(|it| it.supplier().as_str()))
        .text(last.and_then(|it| it.supply.as_ref()).map(|it| it.quota_type.as_str()));
}

pub(crate) fn attempt(row: &mut impl Row, it: &Closed, attempt: &Attempt) {
    let (start, target) = (&attempt.start, &attempt.start.target);
    key(row, it)
        .int(i64::from(start.n))
        .int(start.started_at.as_micros())
        .id(target.provider.0)
        .text(&*storable(&target.provider_name))
        .id(target.model.0)
        .text(&*storable(&target.model_name))
        .id(target.credential.0)
        .id(target.price.map(|id| id.0))
        .int(start.max_cost.0)
        .int(signed(attempt.total_us))
        .int(attempt.first_byte_us.map(signed))
        .int(attempt.first_token_us.map(signed))
        .int(attempt.status.map(i64::from))
        .text(&*storable(&attempt.verdict))
        .text(text(attempt.upstream_request_id.as_deref()).as_deref())
        .json(&attempt.usage)
        .text(attempt.usage_source.as_str())
        .int(attempt.cost.0)
        .text(target.supplier().as_str())
        .text(target.supply.as_ref().map(|it| it.quota_type.as_str()))
        .id(target.supply.as_ref().map(|it| it.quota.0));
}

pub(crate) fn line(row: &mut impl Row, it: &Closed, attempt: &Attempt, line: &Line) {
    key(row, it)
        .int(i64::from(attempt.start.n))
        .text(&*line.meter().word())
        .int(signed(line.quantity))
        .id(attempt.start.target.price.map(|id| id.0))
        .int(line.cost.0)
        .flag(line.unpriced);
}

pub(crate) fn person(row: &mut impl Row, it: &Closed, person: &Person) {
    key(row, it)
        .text(text(person.client_addr.as_deref()).as_deref())
        .text(text(person.end_user.as_deref()).as_deref());
}

fn key<'r, R: Row>(row: &'r mut R, it: &Closed) -> &'r mut R {
    row.id(it.identity.caller.workspace.0).id(it.identity.request.0)
}

fn text(it: Option<&str>) -> Option<Cow<'_, str>> {
    it.map(storable)
}

fn texts(them: &[impl AsRef<str>]) -> Vec<Cow<'_, str>> {
    them.iter().map(|it| storable(it.as_ref())).collect()
}

/// Columns are signed; no real count comes near their end.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Token sums over attempts, as columns hold them.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tokens {
    pub(crate) input: i64,
    pub(crate) output: i64,
    pub(crate) cached: i64,
    pub(crate) cache_write: i64,
    pub(crate) reasoning: i64,
}

impl Tokens {
    pub(crate) fn of(it: &Closed) -> Tokens {
        let mut sum = Tokens::default();
        for attempt in &it.attempts {
            sum.add(&attempt.usage);
        }
        sum
    }

    pub(crate) fn add(&mut self, usage: &Usage) {
        let add = |to: &mut i64, count: u64| *to = to.saturating_add(signed(count));
        add(&mut self.input, usage.input);
        add(&mut self.output, usage.output);
        add(&mut self.cached, usage.cached);
        add(&mut self.cache_write, usage.cache_write.saturating_add(usage.cache_write_1h));
        add(&mut self.reasoning, usage.reasoning);
    }
}

/// A sum is as good as its worst part.
fn source(it: &Closed) -> UsageSource {
    let has = |source| it.attempts.iter().any(|attempt| attempt.usage_source == source);
    let worst_first = [UsageSource::Estimated, UsageSource::Provider, UsageSource::Counted];
    worst_first.into_iter().find(|&it| has(it)).unwrap_or_default()
}

/// One line per unit and variant, whatever came: two would be one row's key.
pub(crate) fn merged(lines: &[Line]) -> Vec<Line> {
    let mut by_unit: BTreeMap<Meter, Line> = BTreeMap::new();
    for line in lines {
        by_unit
            .entry(line.meter())
            .and_modify(|sum| {
                sum.quantity = sum.quantity.saturating_add(line.quantity);
                sum.cost += line.cost;
                sum.unpriced |= line.unpriced;
            })
            .or_insert(*line);
    }
    by_unit.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_of_one_unit_become_one() {
        use wayleave_model::NanoUsd;
        use wayleave_model::price::Unit;
        let line = |unit, quantity, cost| Line {
            unit,
            variant: None,
            quantity,
            cost: NanoUsd(cost),
            unpriced: false,
        };
        let lines = [line(Unit::Output, 1, 5), line(Unit::Input, 2, 6), line(Unit::Output, 3, 7)];
        assert_eq!(merged(&lines), [line(Unit::Input, 2, 6), line(Unit::Output, 4, 12)]);
    }
}
