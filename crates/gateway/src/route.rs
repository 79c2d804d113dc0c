//! From an alias to the targets to try, in order. Pure: health and chance are arguments.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use wayleave_model::time::Tick;

use crate::pool::Fitness;
use crate::refusal::Refusal;
use crate::supply::{Serving, Supplied};
use crate::world::{Candidate, Choice, KeyEntry, Route, Target, Unusable};

/// A rest of a day or more ends when a person says so: nobody is told to wait for it.
const LONGEST_WAIT: u64 = 86_400;

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

/// The targets to try for a key of `environment`, best first.
///
/// Groups keep their order. Within a group `draw` (uniform over all `u64`) picks by weight.
/// Targets that rest are left out while another can serve. When all rest: throttled ones, and those
/// of pools, are not tried, the caller is told when to come back; of the other unwell ones the first
/// to recover is.
pub fn order(
    route: &Route,
    environment: &str,
    now: Tick,
    draw: u64,
) -> Result<Vec<Arc<Target>>, Refusal> {
    let mut ready = Vec::with_capacity(route.width.max(1));
    let mut asleep = Asleep::default();
    for group in &route.groups {
        let first = drawn(group, environment, now, draw);
        let others = group.iter().enumerate().filter(|(at, _)| Some(*at) != first);
        let first = first.and_then(|at| group.get(at));
        for choice in first.into_iter().chain(others.map(|(_, it)| it)) {
            asleep.or_ready(choice.of(environment), now, &mut ready);
        }
    }
    if ready.is_empty() { asleep.instead(&route.name) } else { Ok(ready) }
}

/// The targets that `may` serve a key of `environment`, one of a pool like any other: nobody else has
/// what is asked for.
pub fn only(
    route: &Route,
    environment: &str,
    now: Tick,
    may: &dyn Fn(&Target) -> bool,
) -> Result<Vec<Arc<Target>>, Refusal> {
    let (mut ready, mut asleep) = (Vec::with_capacity(1), Asleep::default());
    for target in route.targets(environment).filter(|it| may(it)) {
        asleep.or_one(target, now, &mut ready);
    }
    if ready.is_empty() { asleep.instead(&route.name) } else { Ok(ready) }
}

/// Those that rest, while nobody is found who does not.
#[derive(Default)]
struct Asleep<'r> {
    /// The first that may be tried although it rests.
    unwell: Option<(u64, &'r Arc<Target>)>,
    /// After how many microseconds the first returns of those that may not, and whether it is
    /// throttled.
    back: Option<(u64, bool)>,
    unusable: Option<&'r Unusable>,
    /// The operator supplies it, and its quotas are used up.
    exceeded: Option<&'r Supplied>,
}

impl<'r> Asleep<'r> {
    /// Adds what `candidate` can serve with to `ready`, or notes why it cannot.
    fn or_ready(&mut self, candidate: &'r Candidate, now: Tick, ready: &mut Vec<Arc<Target>>) {
        match candidate {
            Candidate::Unusable(why) => {
                self.unusable.get_or_insert(why);
            }
            Candidate::Ready(target) => self.or_one(target, now, ready),
            Candidate::Pool(pool) => {
                if let Err((micros, throttled)) = pool.order(now, ready) {
                    self.add(micros, throttled, None);
                }
            }
            Candidate::Supplied(supplied) => match supplied.serving() {
                Serving::System(allowance) => self.or_one(&allowance.target, now, ready),
                Serving::Own(own) => self.or_ready(own, now, ready),
                Serving::Exceeded => {
                    self.exceeded.get_or_insert(supplied);
                }
            },
        }
    }

    fn or_one(&mut self, target: &'r Arc<Target>, now: Tick, ready: &mut Vec<Arc<Target>>) {
        match target.member.fitness(now) {
            Fitness::Ready | Fitness::Due => ready.push(Arc::clone(target)),
            Fitness::Resting { micros, throttled } => self.add(micros, throttled, Some(target)),
        }
    }

    /// `target`: it stands alone, and so may be tried although it rests.
    fn add(&mut self, micros: u64, throttled: bool, target: Option<&'r Arc<Target>>) {
        // A provider that failed may be well again; one that said when to come back means it.
        match target.filter(|it| !throttled && !it.member.is_by_hand()) {
            Some(target) if self.unwell.is_none_or(|(known, _)| micros < known) => {
                self.unwell = Some((micros, target));
            }
            None if self.back.is_none_or(|(known, _)| micros < known) => {
                self.back = Some((micros, throttled));
            }
            _ => {}
        }
    }

    fn instead(self, model: &str) -> Result<Vec<Arc<Target>>, Refusal> {
        match (self.unwell, self.back, self.exceeded) {
            (Some((_, target)), ..) => Ok(vec![Arc::clone(target)]),
            (None, Some((micros, throttled)), _) => {
                Err(resting(model, Duration::from_micros(micros), throttled))
            }
            (None, None, Some(supplied)) => Err(supplied.exceeded(model)),
            (None, None, None) => Err(none_usable(model, self.unusable)),
        }
    }
}

/// The place of the one that is drawn by weight, of those that do not rest.
fn drawn(group: &[Choice], environment: &str, now: Tick, draw: u64) -> Option<usize> {
    if group.len() < 2 {
        return None;
    }
    let weight = |choice: &Choice| match is_awake(choice.of(environment), now) {
        true => u64::from(choice.weight),
        false => 0,
    };
    let total: u64 = group.iter().map(weight).sum();
    // A multiply-shift maps the draw to 0..total without the bias of a remainder.
    let mut left = u64::try_from((u128::from(draw) * u128::from(total)) >> 64).unwrap_or(0);
    group.iter().position(|member| {
        let weight = weight(member);
        let it_is = left < weight;
        left = left.saturating_sub(weight);
        it_is
    })
}

fn is_awake(candidate: &Candidate, now: Tick) -> bool {
    let rests = |it: &Target| matches!(it.member.fitness(now), Fitness::Resting { .. });
    match candidate {
        Candidate::Unusable(_) => false,
        Candidate::Ready(it) => !rests(it),
        Candidate::Pool(pool) => pool.is_awake(now),
        Candidate::Supplied(supplied) => match supplied.serving() {
            Serving::System(allowance) => !rests(&allowance.target),
            Serving::Own(own) => is_awake(own, now),
            Serving::Exceeded => false,
        },
    }
}

/// All that could serve rest. What the first to return rests for decides what is said.
fn resting(model: &str, rest: Duration, throttled: bool) -> Refusal {
    let seconds = rest.as_secs_f64().ceil();
    let refusal = if throttled {
        let message =
            format!("every provider of `{model}` is rate limited; try again in {seconds:.0} s");
        Refusal::new(StatusCode::TOO_MANY_REQUESTS, "upstream_rate_limited", message)
    } else {
        let again = match rest.as_secs() < LONGEST_WAIT {
            true => format!("; try again in {seconds:.0} s"),
            false => String::new(),
        };
        let message = format!("every credential behind `{model}` rests after failures{again}");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "all_targets_unavailable", message)
    };
    let known = rest.as_secs() < LONGEST_WAIT;
    Refusal { retry_after: known.then_some(rest), ..refusal }
}

fn none_usable(model: &str, unusable: Option<&Unusable>) -> Refusal {
    match unusable {
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
