//! What an upstream's refusal means: three questions kept apart, from one table.
//!
//! What does the caller see? May another credential or target be tried? Whom does it count against?

mod retry_after;
mod table;

use std::time::Duration;

use crate::Refused;

pub use retry_after::retry_after;

/// How long a credential rests that the provider refused, or whose address cannot be reached.
pub const REFUSED_REST: Duration = Duration::from_secs(10);

/// How long a throttled or unpaid one rests when the provider does not say.
pub const THROTTLED_REST: Duration = Duration::from_secs(60);

/// The longest rest that a provider's word is taken for.
pub const LONGEST_REST: Duration = Duration::from_secs(600);

/// The three answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the caller sees.
    pub show: Show,
    /// Where else the request may be tried.
    pub elsewhere: Elsewhere,
    /// Whom it counts against.
    pub blame: Blame,
    /// How long the blamed one rests; `None`: as the pool judges.
    pub rest: Option<Duration>,
}

impl Verdict {
    /// The verdict on an answer that is not a success, from the one table of rows.
    ///
    /// An error that came under a 2xx status (in a body, or in a stream before its first event) is
    /// judged by its code, as if that had been its status.
    pub fn of(refused: &Refused<'_>) -> Verdict {
        table::judge(refused)
    }

    /// No connection: refused, unresolved, a failed handshake. The address serves every model, so
    /// the credential rests for all of them.
    pub const fn connect() -> Verdict {
        Verdict {
            show: Show::Error,
            elsewhere: Elsewhere::Credential,
            blame: Blame::Credential,
            rest: Some(REFUSED_REST),
        }
    }

    /// One of our timers ran out while the provider was silent.
    pub const fn timeout() -> Verdict {
        Verdict {
            show: Show::Timeout,
            elsewhere: Elsewhere::Target,
            blame: Blame::Model,
            rest: None,
        }
    }

    /// The connection broke, or the body ended before the answer did.
    pub const fn cut() -> Verdict {
        Verdict { show: Show::Error, elsewhere: Elsewhere::Target, blame: Blame::Model, rest: None }
    }

    /// The answer is not of its grammar: a web page, broken JSON, an endless frame.
    pub const fn unreadable() -> Verdict {
        Verdict::cut()
    }
}

/// What the caller sees, in the words of the taxonomy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// The request itself was refused: the provider's own status and message.
    Caller,
    /// `context_length_exceeded`, 400.
    ContextLength,
    /// `upstream_auth_failed`, 502: the credential, never the caller's key.
    AuthFailed,
    /// `upstream_model_missing`, 502.
    ModelMissing,
    /// `upstream_rate_limited`, 429.
    RateLimited,
    /// `overloaded`, 503 (529 on the Anthropic surface).
    Overloaded,
    /// `upstream_error`, 502.
    Error,
    /// `upstream_timeout`, 504.
    Timeout,
}

/// Where else a request may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// Nowhere: every provider would refuse it.
    No,
    /// At another credential or target.
    Credential,
    /// At another target.
    Target,
    /// At a target with a larger context window.
    LargerWindow,
}

/// Whom a failure counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// Nobody: the caller's own mistake.
    None,
    /// The credential, for every model.
    Credential,
    /// The credential for this model.
    Model,
}
