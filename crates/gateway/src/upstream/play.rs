//! Plays a scripted answer with its timing: the sandbox's stand-in for a network.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, Sleep};
use wayleave_provider::{Play, PlayEnd};

use super::body::Broken;

/// A scripted body on its way.
pub struct Player {
    steps: VecDeque<(Duration, Bytes)>,
    end: PlayEnd,
    /// When the next step is due: pauses add up from the start, so that a late wake-up is made up.
    due: Instant,
    pause: Pin<Box<Sleep>>,
}

impl Player {
    /// Starts now.
    pub fn new(play: Play) -> Player {
        let due = Instant::now() + play.steps.first().map_or(Duration::ZERO, |(pause, _)| *pause);
        Player {
            steps: play.steps.into(),
            end: play.end,
            due,
            pause: Box::pin(tokio::time::sleep_until(due)),
        }
    }

    /// The next piece, when it is due.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Broken>>> {
        if self.steps.is_empty() {
            return match self.end {
                PlayEnd::Clean => Poll::Ready(None),
                PlayEnd::Reset => {
                    Poll::Ready(Some(Err(Broken("the connection was reset".to_owned()))))
                }
                PlayEnd::Silence => Poll::Pending,
            };
        }
        ready!(self.pause.as_mut().poll(cx));
        let (_, piece) = self.steps.pop_front().unwrap_or_default();
        if let Some((pause, _)) = self.steps.front() {
            self.due += *pause;
            self.pause.as_mut().reset(self.due);
        }
        Poll::Ready(Some(Ok(piece)))
    }
}
