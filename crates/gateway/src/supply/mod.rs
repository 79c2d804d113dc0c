//! Models that the operator supplies: whose credential serves a call, the system's within a quota or the
//! workspace's own, decided when the call is admitted.
//!
//! Quotas run out between pictures of the configuration, so a picture holds both, made ready, and the
//! rule ([`wayleave_model::supply::Standing`]). What is used is counted by [`Meter`]s, which outlive
//! pictures. Calls that nobody supplies pass by all of this.

mod meter;

use std::sync::Arc;

use http::StatusCode;
use wayleave_model::NanoUsd;
use wayleave_model::supply::{Quota, QuotaUnit, Standing, Supplier, UNLIMITED};
use wayleave_model::time::Tick;

pub use meter::{Meter, Meters, Seat};

use crate::refusal::Refusal;
use crate::world::{Candidate, Route, Target};

/// A model that the operator supplies, and the workspace's own way to it.
pub struct Supplied {
    /// What was decided by people; whether a quota is valid is asked for each call.
    pub standing: Standing,
    /// In the order in which they serve; never empty.
    pub allowances: Vec<Allowance>,
    /// The workspace's own.
    pub own: Candidate,
}

/// A quota, and what is called within it.
pub struct Allowance {
    /// The system's credential, under the names of the workspace.
    pub target: Arc<Target>,
    /// How much may be used.
    pub quota: Quota,
    /// How much is.
    pub meter: Arc<Meter>,
}

/// Who serves a supplied model at some moment.
pub enum Serving<'s> {
    /// The system, within that quota.
    System(&'s Allowance),
    /// The workspace's own.
    Own(&'s Candidate),
    /// Nobody: every quota is used up or expired, and the workspace has nothing of its own.
    Exceeded,
}

impl Supplied {
    /// Who serves now.
    pub fn serving(&self) -> Serving<'_> {
        let valid = self.allowances.iter().find(|it| it.is_valid());
        let standing = Standing { has_quota: valid.is_some(), ..self.standing };
        match (valid, &self.own) {
            (Some(allowance), _) if standing.using() == Supplier::System => {
                Serving::System(allowance)
            }
            (None, Candidate::Unusable(_)) if standing.lacks_quota() => Serving::Exceeded,
            _ => Serving::Own(&self.own),
        }
    }

    /// What a caller is told when every quota is used up: the last one is named.
    pub fn exceeded(&self, model: &str) -> Refusal {
        let message = match self.allowances.last() {
            Some(it) => {
                format!("the quota behind `{model}` does not allow this: {}; {AFTER}", it.said())
            }
            None => format!("`{model}` has no quota; {AFTER}"),
        };
        Refusal::new(StatusCode::PAYMENT_REQUIRED, "quota_exceeded", message)
    }
}

/// What can be done about it.
const AFTER: &str = "it does not reset by itself: ask the operator for more, or have an admin add a \
                     credential of your own";

impl Allowance {
    /// Whether it serves another call.
    pub fn is_valid(&self) -> bool {
        self.quota.is_valid(self.meter.used(), self.meter.now())
    }

    /// A place for one call; `None`: it serves no more.
    pub fn seat(&self) -> Option<Seat> {
        let now = self.meter.now();
        Meter::seat(&self.meter, |used| self.quota.is_valid(used, now))
    }

    /// Type, unit, limit, what is used and when it expires, in words.
    fn said(&self) -> String {
        let amount = |it: i64| match self.quota.unit {
            QuotaUnit::Money => format!("{} USD", NanoUsd(it)),
            unit => format!("{it} {}", unit.as_str()),
        };
        let limit = match self.quota.limit {
            UNLIMITED => "without a limit".to_owned(),
            limit => format!("of {}", amount(limit)),
        };
        let (kind, used) = (self.quota.quota_type.as_str(), amount(self.meter.used()));
        let end = self.quota.expires_at.filter(|it| *it <= self.meter.now());
        let end = end.map(|it| format!(", expired at {it}")).unwrap_or_default();
        format!("{kind} quota {limit}, {used} used{end}")
    }
}

/// With whom a call is made, and its place there if that is counted.
pub struct Place {
    /// Whom to call.
    pub target: Arc<Target>,
    /// To be kept while the call lasts.
    pub seat: Option<Seat>,
}

/// Takes a place for a call of `target`, which is supplied. Where its quota ran out since it was chosen,
/// the next one, or the workspace's own, takes its place; with `only`, nobody does.
///
/// # Errors
/// Nobody serves it now; with a refusal, if that is what the caller is to be told.
pub fn take(
    route: &Route,
    target: &Arc<Target>,
    now: Tick,
    only: bool,
) -> Result<Place, Option<Refusal>> {
    let found = route.supplied().find_map(|it| {
        let allowance = it.allowances.iter().find(|it| Arc::ptr_eq(&it.target, target))?;
        Some((it, allowance))
    });
    let Some((supplied, allowance)) = found else { return Err(None) };
    let exceeded = || Some(supplied.exceeded(&route.name));
    if only {
        let seat = allowance.seat().ok_or_else(exceeded)?;
        return Ok(Place { target: Arc::clone(target), seat: Some(seat) });
    }
    // Each turn finds another quota used up.
    for _ in 0..=supplied.allowances.len() {
        match supplied.serving() {
            Serving::System(allowance) => {
                let target = Arc::clone(&allowance.target);
                if let Some(seat) = allowance.seat() {
                    return Ok(Place { target, seat: Some(seat) });
                }
            }
            Serving::Own(own) => return own_place(own, now).ok_or(None),
            Serving::Exceeded => break,
        }
    }
    Err(exceeded())
}

fn own_place(own: &Candidate, now: Tick) -> Option<Place> {
    let target = match own {
        Candidate::Ready(target) => Some(Arc::clone(target)),
        Candidate::Pool(pool) => {
            let mut order = Vec::new();
            pool.order(now, &mut order).ok()?;
            order.into_iter().next()
        }
        Candidate::Supplied(_) | Candidate::Unusable(_) => None,
    };
    target.map(|target| Place { target, seat: None })
}

#[cfg(test)]
mod tests;
