//! What this process closed lately, so that its follower need not read it back from the spool.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wayleave_model::record::Closed;
use wayleave_spool::Position;

/// Most requests that are kept, some 4 MiB: more than are closed while the follower lets a batch
/// gather. What comes beyond, while the database is away, is read from the spool as ever.
const MOST: usize = 4_096;

/// How many of them are a batch, with room for those that come until the follower looks: it need not
/// wait for more, which would only drive what the next requests need out of the CPU's caches.
const ENOUGH: usize = 400;

/// Requests beside the records that closed them. Only a shortcut: a record without one is read.
#[derive(Debug, Default)]
pub struct Recent {
    kept: Mutex<VecDeque<(Position, Arc<Closed>)>>,
    enough: Notify,
}

impl Recent {
    /// Keeps what the record at `place` says.
    pub fn keep(&self, place: Position, closed: Closed) {
        let mut kept = self.kept();
        if kept.len() < MOST {
            // Two threads may come here in another order than they wrote.
            let at = kept.iter().rposition(|(other, _)| *other < place).map_or(0, |at| at + 1);
            kept.insert(at, (place, Arc::new(closed)));
            if kept.len() == ENOUGH {
                drop(kept);
                self.enough.notify_one();
            }
        }
    }

    /// Ends when there are enough for a batch.
    pub async fn batch(&self) {
        loop {
            let more = self.enough.notified();
            if self.kept().len() >= ENOUGH {
                return;
            }
            more.await;
        }
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<(Position, Arc<Closed>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Moves everything kept behind what is in `taken`.
    pub fn take(&self, taken: &mut VecDeque<(Position, Arc<Closed>)>) {
        let mut kept = self.kept();
        if taken.is_empty() {
            std::mem::swap(&mut *kept, taken);
        } else {
            taken.append(&mut kept);
        }
    }
}

/// What the record at `place` said, where that was kept. Asked for in the order of the spool.
pub(crate) fn at(
    taken: &mut VecDeque<(Position, Arc<Closed>)>,
    place: Position,
) -> Option<Arc<Closed>> {
    while let Some((kept, _)) = taken.front() {
        match (*kept).cmp(&place) {
            // Its record was read before this came: it had to be understood from its bytes.
            std::cmp::Ordering::Less => taken.pop_front(),
            std::cmp::Ordering::Equal => return taken.pop_front().map(|(_, closed)| closed),
            std::cmp::Ordering::Greater => return None,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use super::*;
    use crate::testing;

    fn place(offset: u32) -> Position {
        Position { segment: 1, offset }
    }

    fn closed(number: u32) -> Closed {
        let mut closed = testing::closed();
        closed.asked.bytes = number.into();
        closed
    }

    fn found(taken: &mut VecDeque<(Position, Arc<Closed>)>, offset: u32) -> Option<u64> {
        at(taken, place(offset)).map(|closed| closed.asked.bytes)
    }

    #[test]
    fn each_place_gives_what_was_kept_for_it() {
        let recent = Recent::default();
        let mut taken = VecDeque::new();
        // The second of two threads comes first.
        recent.keep(place(20), closed(20));
        recent.keep(place(10), closed(10));
        recent.take(&mut taken);
        recent.keep(place(40), closed(40));
        recent.take(&mut taken);
        assert_eq!(found(&mut taken, 10), Some(10));
        assert_eq!(found(&mut taken, 20), Some(20));
        assert_eq!(found(&mut taken, 30), None);
        assert_eq!(found(&mut taken, 40), Some(40));
        assert_eq!(found(&mut taken, 50), None);
    }

    #[tokio::test]
    async fn a_batch_is_there_when_there_are_enough_and_not_before() {
        let recent = Recent::default();
        let there = |recent: &Recent| {
            let batch = std::pin::pin!(recent.batch());
            batch.poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        for offset in 1..ENOUGH as u32 {
            recent.keep(place(offset), closed(offset));
        }
        assert!(!there(&recent));
        let (waiting, ()) = tokio::join!(recent.batch(), async {
            recent.keep(place(900), closed(900));
        });
        assert_eq!(waiting, ());
        assert!(there(&recent));
        // What woke it once wakes it for nothing less.
        recent.keep(place(901), closed(901));
        recent.take(&mut VecDeque::new());
        assert!(!there(&recent));
    }

    #[test]
    fn what_came_too_late_is_dropped() {
        let mut taken = VecDeque::from([(place(10), Arc::new(closed(10)))]);
        taken.push_back((place(20), Arc::new(closed(20))));
        assert_eq!(found(&mut taken, 20), Some(20));
        assert!(taken.is_empty());
    }

    #[test]
    fn no_more_is_kept_than_stated() {
        let recent = Recent::default();
        for offset in 1..=5_000 {
            recent.keep(place(offset), closed(offset));
        }
        let mut taken = VecDeque::new();
        recent.take(&mut taken);
        assert_eq!(taken.len(), MOST);
        assert_eq!(found(&mut taken, 1), Some(1));
    }
}
