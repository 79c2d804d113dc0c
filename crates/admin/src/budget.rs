//! Proofs that cost are counted: so many an hour in each workspace, on each node.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use wayleave_model::Timestamp;
use wayleave_model::id::WorkspaceId;

/// Paid proofs of a workspace within an hour.
const AN_HOUR: usize = 60;
const HOUR_MICROS: i64 = 3_600_000_000;

/// When each workspace had something proven at a cost, within the last hour. Cheap to clone: all
/// clones count together.
#[derive(Clone, Debug, Default)]
pub struct ProofBudget(Arc<Mutex<HashMap<WorkspaceId, VecDeque<Timestamp>>>>);

impl ProofBudget {
    /// Takes one; or says in how many seconds there will be one again.
    pub(crate) fn take(&self, workspace: WorkspaceId, now: Timestamp) -> Result<(), u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = all.entry(workspace).or_default();
        let age = |at: Timestamp| now.as_micros().saturating_sub(at.as_micros());
        while taken.front().is_some_and(|at| age(*at) >= HOUR_MICROS) {
            taken.pop_front();
        }
        match taken.front() {
            Some(oldest) if taken.len() >= AN_HOUR => {
                let left = (HOUR_MICROS - age(*oldest)).max(0);
                Err(u64::try_from(left).unwrap_or_default().div_ceil(1_000_000))
            }
            _ => {
                taken.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_has_so_many_and_the_next_comes_when_the_oldest_is_an_hour_old() {
        let at = |seconds: i64| Timestamp::from_micros(1_795_000_000_000_000 + seconds * 1_000_000);
        let (red, blue) = (WorkspaceId::new(at(0)), WorkspaceId::new(at(1)));
        let budget = ProofBudget::default();
        for second in 0..60 {
            assert_eq!(budget.clone().take(red, at(second)), Ok(()));
        }
        assert_eq!(budget.take(red, at(100)), Err(3_500));
        assert_eq!(budget.take(blue, at(100)), Ok(()), "each workspace has its own");
        assert_eq!(budget.take(red, at(3_600)), Ok(()));
        assert_eq!(budget.take(red, at(3_600)), Err(1));
    }
}
