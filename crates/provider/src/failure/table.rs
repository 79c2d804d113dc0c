//! The table of refusals: status, vendor code and wording on the left, the verdict on the right.
//!
//! The first row that matches decides, so the particular stands above the general. A row that
//! blames a credential looks only at what the vendor wrote itself (the status, the code, the
//! *beginning* of the message): a caller whose text is quoted back must not be able to put a
//! shared credential to rest.
//!
//! Sources: OpenAI <https://platform.openai.com/docs/guides/error-codes> and
//! <https://help.openai.com/en/articles/6614457>, Anthropic <https://docs.claude.com/en/api/errors>,
//! OpenRouter <https://openrouter.ai/docs/api/reference/errors-and-debugging>, and the wording seen
//! in public issue trackers.

use std::time::Duration;

use super::{
    Blame, Elsewhere, LONGEST_REST, REFUSED_REST, Show, THROTTLED_REST, Verdict, retry_after,
};
use crate::Refused;

/// One row. Empty lists match anything.
struct Row {
    status: &'static [u16],
    code: &'static [&'static str],
    says: Says,
    then: Then,
}

/// What the message must say, in lower case.
enum Says {
    Anything,
    Begins(&'static [&'static str]),
    Holds(&'static [&'static str]),
}

/// The right side of a row.
#[derive(Clone, Copy)]
struct Then {
    show: Show,
    elsewhere: Elsewhere,
    blame: Blame,
    rest: Rest,
}

/// How long the blamed one rests.
#[derive(Clone, Copy)]
enum Rest {
    /// As the pool judges.
    Pool,
    /// This long.
    For(Duration),
    /// As the provider says, else this.
    Told(Option<Duration>),
}

const CALLER: Then =
    Then { show: Show::Caller, elsewhere: Elsewhere::No, blame: Blame::None, rest: Rest::Pool };
const CONTEXT: Then = Then {
    show: Show::ContextLength,
    elsewhere: Elsewhere::LargerWindow,
    blame: Blame::None,
    rest: Rest::Pool,
};
const CREDENTIAL: Then = Then {
    show: Show::AuthFailed,
    elsewhere: Elsewhere::Credential,
    blame: Blame::Credential,
    rest: Rest::For(REFUSED_REST),
};
/// Money ran out: waiting a little does not help, another account does.
const UNPAID: Then = Then { rest: Rest::For(THROTTLED_REST), ..CREDENTIAL };
const MODEL: Then = Then {
    show: Show::ModelMissing,
    elsewhere: Elsewhere::Target,
    blame: Blame::Model,
    rest: Rest::Pool,
};
/// Providers limit per model, so the credential's other models go on.
const THROTTLED: Then = Then {
    show: Show::RateLimited,
    elsewhere: Elsewhere::Credential,
    blame: Blame::Model,
    rest: Rest::Told(Some(THROTTLED_REST)),
};
/// More tokens in one request than the account may send in a minute: smaller requests go on.
const TOO_MUCH_AT_ONCE: Then = Then { blame: Blame::None, rest: Rest::Pool, ..THROTTLED };
const OVERLOADED: Then = Then {
    show: Show::Overloaded,
    elsewhere: Elsewhere::Target,
    blame: Blame::Model,
    rest: Rest::Told(None),
};
const BROKEN: Then =
    Then { show: Show::Error, elsewhere: Elsewhere::Target, blame: Blame::Model, rest: Rest::Pool };
/// A matter of the moment (request timeout, conflict, too early): nobody's fault.
const PASSING: Then = Then { blame: Blame::None, ..BROKEN };

static ROWS: &[Row] = &[
    // Money. OpenAI says it with 429 (images: 400), Anthropic with 402, 400 or 429.
    Row {
        status: &[],
        code: &[
            "insufficient_quota",
            "credit_balance_exhausted",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
            "billing_hard_limit_reached",
            "billing_not_active",
            "billing_error",
            "enforced_spend_limit_reached",
        ],
        says: Says::Anything,
        then: UNPAID,
    },
    Row {
        status: &[400],
        code: &[],
        says: Says::Begins(&[
            "your credit balance is too low",
            "you have reached your specified api usage limits",
            "you have reached your specified workspace api usage limits",
        ]),
        then: UNPAID,
    },
    Row { status: &[402], code: &[], says: Says::Anything, then: UNPAID },
    // A key that is wrong, said with 400 (Gemini, xAI).
    Row {
        status: &[400],
        code: &["invalid_api_key", "API_KEY_INVALID"],
        says: Says::Anything,
        then: CREDENTIAL,
    },
    Row {
        status: &[400],
        code: &[],
        says: Says::Begins(&["incorrect api key provided", "api key not valid"]),
        then: CREDENTIAL,
    },
    // An account that Google does not serve from where its requests come.
    Row {
        status: &[400],
        code: &[],
        says: Says::Begins(&["user location is not supported"]),
        then: CREDENTIAL,
    },
    // The prompt does not fit this model's window.
    Row {
        status: &[400, 413, 422],
        code: &[
            "context_length_exceeded",
            "exceed_context_size_error",
            "model_max_prompt_tokens_exceeded",
        ],
        says: Says::Anything,
        then: CONTEXT,
    },
    Row {
        status: &[400, 413, 422],
        code: &[],
        says: Says::Holds(&[
            "maximum context length",               // OpenAI, vLLM, OpenRouter, DeepSeek
            "reduce the length of the messages",    // OpenAI, Groq
            "prompt is too long",                   // Anthropic
            "exceed context limit",                 // Anthropic, with max_tokens
            "exceeds the maximum number of tokens", // Gemini
            "maximum prompt length",                // xAI
            "too large for model with",             // Mistral
            "input is too long",                    // Bedrock
            "exceeds the available context size",   // llama.cpp
            "context length exceeded",
        ]),
        then: CONTEXT,
    },
    Row {
        status: &[413, 429],
        code: &[],
        says: Says::Begins(&["request too large for"]), // OpenAI and Groq, on tokens per minute
        then: TOO_MUCH_AT_ONCE,
    },
    // The model is not there for this account.
    Row {
        status: &[400, 403, 404],
        code: &["model_not_found", "model_not_available", "DeploymentNotFound"],
        says: Says::Anything,
        then: MODEL,
    },
    Row {
        status: &[400],
        code: &[],
        says: Says::Begins(&["model not exist", "invalid model"]), // DeepSeek, Mistral
        then: MODEL,
    },
    Row { status: &[404], code: &[], says: Says::Anything, then: MODEL },
    // Content refused by a moderator (OpenRouter): the text's fault, not the credential's.
    Row { status: &[403], code: &[], says: Says::Holds(&["input was flagged"]), then: CALLER },
    Row { status: &[401, 403, 407], code: &[], says: Says::Anything, then: CREDENTIAL },
    Row { status: &[400, 413, 422], code: &[], says: Says::Anything, then: CALLER },
    Row { status: &[408, 409, 425], code: &[], says: Says::Anything, then: PASSING },
    Row { status: &[429], code: &[], says: Says::Anything, then: THROTTLED },
    Row { status: &[503, 529], code: &[], says: Says::Anything, then: OVERLOADED },
    // 500, 502, 504 and whatever else: a redirect, a wrong path, a status nobody documents.
    Row { status: &[], code: &[], says: Says::Anything, then: BROKEN },
];

/// The status that an error's code stands for, for errors that come under a status of success.
static SPOKEN: &[(&str, u16)] = &[
    ("invalid_request_error", 400),
    ("context_length_exceeded", 400),
    ("authentication_error", 401),
    ("invalid_api_key", 401),
    ("billing_error", 402),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("model_not_found", 404),
    ("request_too_large", 413),
    ("insufficient_quota", 429),
    ("rate_limit_error", 429),
    ("rate_limit_exceeded", 429),
    ("api_error", 500),
    ("server_error", 500),
    ("overloaded", 503),
    ("timeout_error", 504),
    ("overloaded_error", 529),
    // Google's words (<https://cloud.google.com/apis/design/errors>).
    ("INVALID_ARGUMENT", 400),
    ("FAILED_PRECONDITION", 400),
    ("API_KEY_INVALID", 400),
    ("UNAUTHENTICATED", 401),
    ("PERMISSION_DENIED", 403),
    ("NOT_FOUND", 404),
    ("RESOURCE_EXHAUSTED", 429),
    ("INTERNAL", 500),
    ("UNAVAILABLE", 503),
    ("DEADLINE_EXCEEDED", 504),
];

/// Needles stand near the beginning; a page of HTML need not be searched.
const SEARCHED: usize = 2048;

/// The first row that matches.
pub(super) fn judge(refused: &Refused<'_>) -> Verdict {
    let status = spoken_status(refused);
    let message: String =
        refused.message.chars().take(SEARCHED).flat_map(char::to_lowercase).collect();
    let row = ROWS.iter().find(|row| row.matches(status, refused.code, message.trim_start()));
    let then = row.map_or(BROKEN, |row| row.then);
    let rest = match then.rest {
        Rest::Pool => None,
        Rest::For(time) => Some(time),
        Rest::Told(other) => {
            retry_after(refused.headers).map(|told| told.min(LONGEST_REST)).or(other)
        }
    };
    Verdict { show: then.show, elsewhere: then.elsewhere, blame: then.blame, rest }
}

/// Its status; under a 2xx, what its code stands for (OpenRouter sends the number itself).
fn spoken_status(refused: &Refused<'_>) -> u16 {
    if !refused.status.is_success() {
        return refused.status.as_u16();
    }
    let code = refused.code.unwrap_or_default();
    let named = SPOKEN.iter().find(|(name, _)| *name == code).map(|(_, status)| *status);
    let number = code.parse().ok().filter(|status| (400..600).contains(status));
    named.or(number).unwrap_or(502)
}

impl Row {
    fn matches(&self, status: u16, code: Option<&str>, message: &str) -> bool {
        let said = match self.says {
            Says::Anything => true,
            Says::Begins(needles) => needles.iter().any(|it| message.starts_with(it)),
            Says::Holds(needles) => needles.iter().any(|it| message.contains(it)),
        };
        said && (self.status.is_empty() || self.status.contains(&status))
            && (self.code.is_empty() || code.is_some_and(|code| self.code.contains(&code)))
    }
}

#[cfg(test)]
mod tests;
