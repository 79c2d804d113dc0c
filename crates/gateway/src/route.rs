//! From an alias to the targets to try, in order. Pure: health and chance are arguments.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use wayleave_model::time::Tick;

use crate::pool::Fitness;
use crate::refusal::Refusal;
use crate::world::{Candidate, KeyEntry, Route, Target, Unusable};

/// The route behind `model`, if this key may call it.
pub fn find<'w>(key: &'w KeyEntry, model: &str) -> Result<&'w Arc<Route>, Refusal> {
    let Some(route) = key.tenant.aliases.get(model) else {
        return Err(unknown(key, model));
    };
    if !key.may_call(route.alias) {
        let message = format!(
            "the key `{}` may not call the model `{}`: its scope lists other models; ask its owner, {}",
            key.caller.key_name,
            clip(model),
            key.caller.owner_name
        );
        return Err(Refusal::new(StatusCode::FORBIDDEN, "model_not_allowed", message).at("model"));
    }
    Ok(route)
}

/// 404 with the nearest names that this key may see.
fn unknown(key: &KeyEntry, model: &str) -> Refusal {
    let mut near: Vec<(usize, &str)> = key
        .routes()
        .take(2_000)
        .map(|route| (distance(model, &route.name), route.name.as_str()))
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 4))
        .collect();
    near.sort_unstable();
    let names: Vec<String> = near.iter().take(3).map(|(_, name)| format!("`{name}`")).collect();
    let hint = if names.is_empty() {
        "GET /v1/models lists what this key may call".to_owned()
    } else {
        format!("did you mean {}?", names.join(", "))
    };
    let message = format!("no model `{}` is offered to this key; {hint}", clip(model));
    Refusal::new(StatusCode::NOT_FOUND, "model_not_found", message).at("model")
}

/// The first 128 characters: a message is one readable line.
fn clip(model: &str) -> String {
    model.chars().take(128).filter(|it| !it.is_control()).collect()
}

/// Levenshtein over the first 64 bytes, letters' case ignored.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (&a.as_bytes()[..a.len().min(64)], &b.as_bytes()[..b.len().min(64)]);
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = usize::from(!x.eq_ignore_ascii_case(y));
            let next = (diagonal + cost).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

/// The targets to try, best first.
///
/// Groups keep their order. Within a group `draw` (uniform over all `u64`) picks by weight.
/// Targets that rest are left out while another can serve. When all rest: throttled ones are not
/// tried, the caller is told when to come back; of the unwell ones the first to recover is.
pub fn order(route: &Route, now: Tick, draw: u64) -> Result<Vec<Arc<Target>>, Refusal> {
    order_of(route, now, draw, &|_| true)
}

/// The same of those targets only that `may` serve.
pub fn order_of(
    route: &Route,
    now: Tick,
    draw: u64,
    may: &dyn Fn(&Target) -> bool,
) -> Result<Vec<Arc<Target>>, Refusal> {
    let mut ready = Vec::with_capacity(2);
    let mut resting: Vec<(u64, bool, &Arc<Target>)> = Vec::new();
    let mut unusable: Vec<&Unusable> = Vec::new();
    for group in &route.groups {
        let start = ready.len();
        for (weight, candidate) in group {
            match candidate {
                Candidate::Unusable(why) => unusable.push(why),
                Candidate::Ready(target) if !may(target) => {}
                Candidate::Ready(target) => match target.member.fitness(now) {
                    Fitness::Ready => ready.push((*weight, Arc::clone(target))),
                    Fitness::Resting { micros, throttled } => {
                        resting.push((micros, throttled, target))
                    }
                },
            }
        }
        shuffle(&mut ready[start..], draw);
    }
    if !ready.is_empty() {
        return Ok(ready.into_iter().map(|(_, target)| target).collect());
    }
    // A provider that failed may be well again; one that said when to come back means it.
    match resting.iter().min_by_key(|(micros, throttled, _)| (*throttled, *micros)) {
        Some((_, false, target)) => Ok(vec![Arc::clone(target)]),
        Some((micros, true, _)) => Err(throttled(&route.name, Duration::from_micros(*micros))),
        None => Err(none_usable(&route.name, &unusable)),
    }
}

/// Puts one drawn by weight first; the others follow as they stand.
fn shuffle(group: &mut [(u32, Arc<Target>)], draw: u64) {
    let total: u64 = group.iter().map(|(weight, _)| u64::from(*weight)).sum();
    if group.len() < 2 || total == 0 {
        return;
    }
    // A multiply-shift maps the draw to 0..total without the bias of a remainder.
    let mut left = u64::try_from((u128::from(draw) * u128::from(total)) >> 64).unwrap_or(0);
    for at in 0..group.len() {
        let weight = u64::from(group[at].0);
        if left < weight {
            group[..=at].rotate_right(1);
            return;
        }
        left -= weight;
    }
}

fn throttled(model: &str, rest: Duration) -> Refusal {
    let seconds = rest.as_secs_f64().ceil();
    let message =
        format!("every provider of `{model}` is rate limited; try again in {seconds:.0} s");
    Refusal {
        retry_after: Some(rest),
        ..Refusal::new(StatusCode::TOO_MANY_REQUESTS, "upstream_rate_limited", message)
    }
}

fn none_usable(model: &str, unusable: &[&Unusable]) -> Refusal {
    match unusable.first() {
        Some(Unusable::NoCredential { provider }) => Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "no_default_credential",
            format!(
                "the provider {provider} behind `{model}` has no default credential: an admin must choose one"
            ),
        ),
        Some(Unusable::Broken(why)) => Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "all_targets_unavailable",
            format!("`{model}` cannot be served: {why}"),
        ),
        None => Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "all_targets_unavailable",
            format!("the route of `{model}` has no targets"),
        ),
    }
}

#[cfg(test)]
mod tests;
