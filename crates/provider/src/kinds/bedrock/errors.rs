//! What Bedrock's refusals mean, by the name of the error.
//!
//! The name stands in the header `x-amzn-errortype`, or in a stream as the name of the exception.
//! Names and causes:
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html> and
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html>.

use std::time::Duration;

use http::StatusCode;

use crate::failure::{
    Blame, Elsewhere, LONGEST_REST, REFUSED_REST, Show, THROTTLED_REST, retry_after,
};
use crate::{Refused, Verdict};

/// The first rule that holds; what none of them knows is judged by the table for every vendor.
pub(super) fn judge(refused: &Refused<'_>) -> Verdict {
    let header = refused.headers.get("x-amzn-errortype").and_then(|it| it.to_str().ok());
    let name = header.map(bare).or(refused.code).unwrap_or_default();
    let says = refused.message.trim_start().to_ascii_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|start| says.starts_with(start));
    let told = retry_after(refused.headers).map(|told| told.min(LONGEST_REST));
    // In a stream the names begin with a small letter.
    match capital(name).as_str() {
        "ThrottlingException" if begins(&["too many tokens per day"]) => {
            throttled(told.unwrap_or(LONGEST_REST))
        }
        "ThrottlingException" | "ServiceQuotaExceededException" => {
            throttled(told.unwrap_or(THROTTLED_REST))
        }
        "ModelNotReadyException" | "ServiceUnavailableException" => {
            verdict(Show::Overloaded, Elsewhere::Target, Blame::Model, told)
        }
        "ModelTimeoutException" => Verdict::timeout(),
        // No access to this model: another account may have it.
        "AccessDeniedException"
            if begins(&["you don't have access to the model", "model access is denied"]) =>
        {
            verdict(Show::ModelMissing, Elsewhere::Credential, Blame::Model, None)
        }
        // A policy that names models; the others may go on.
        "AccessDeniedException" if begins(&["user: "]) => {
            verdict(Show::AuthFailed, Elsewhere::Credential, Blame::Model, None)
        }
        "AccessDeniedException"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "IncompleteSignatureException"
        | "InvalidClientTokenId"
        | "ExpiredTokenException"
        | "MissingAuthenticationTokenException"
        | "OptInRequired"
        | "NotAuthorized" => {
            let rest = Some(REFUSED_REST);
            verdict(Show::AuthFailed, Elsewhere::Credential, Blame::Credential, rest)
        }
        "ResourceNotFoundException" => {
            verdict(Show::ModelMissing, Elsewhere::Target, Blame::Model, None)
        }
        "ValidationException"
            if begins(&[
                "the provided model identifier is invalid",
                "invocation of model id",
                "operation not allowed",
                "the model is not supported in this region",
            ]) =>
        {
            verdict(Show::ModelMissing, Elsewhere::Target, Blame::Model, None)
        }
        "ValidationException"
            if begins(&["input tokens exceeded", "input is too long", "too many input tokens"]) =>
        {
            verdict(Show::ContextLength, Elsewhere::LargerWindow, Blame::None, None)
        }
        name => Verdict::of(&Refused { status: status(refused.status, name), ..*refused }),
    }
}

/// The status that an error stands for that came in a stream which had begun with a success.
fn status(said: StatusCode, name: &str) -> StatusCode {
    match name {
        _ if !said.is_success() => said,
        "ValidationException" => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// `ThrottlingException:http://internal.amazon.com/…` without its address.
fn bare(kind: &str) -> &str {
    let name = kind.split(':').next().unwrap_or(kind);
    name.rsplit('#').next().unwrap_or(name)
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        let rest = letters.as_str();
        format!("{}{rest}", first.to_ascii_uppercase())
    })
}

/// Quotas are counted per model and account.
fn throttled(rest: Duration) -> Verdict {
    verdict(Show::RateLimited, Elsewhere::Credential, Blame::Model, Some(rest))
}

fn verdict(show: Show, elsewhere: Elsewhere, blame: Blame, rest: Option<Duration>) -> Verdict {
    Verdict { show, elsewhere, blame, rest }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::*;

    fn judged(status: u16, name: &str, message: &str) -> Verdict {
        let mut headers = HeaderMap::new();
        let kind = format!("{name}:http://internal.amazon.com/coral/com.amazon.bedrock/");
        headers.insert("x-amzn-errortype", HeaderValue::from_str(&kind).expect("a header"));
        let status = StatusCode::from_u16(status).expect("a status");
        judge(&Refused { status, headers: &headers, code: None, message })
    }

    fn in_stream(name: &str, message: &str) -> Verdict {
        let headers = HeaderMap::new();
        judge(&Refused { status: StatusCode::OK, headers: &headers, code: Some(name), message })
    }

    fn rests(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn a_quota_rests_the_model_of_one_account_whatever_its_status() {
        let quota = verdict(Show::RateLimited, Elsewhere::Credential, Blame::Model, rests(60));
        let slow = "Too many requests, please wait before trying again.";
        assert_eq!(judged(429, "ThrottlingException", slow), quota);
        assert_eq!(judged(400, "ServiceQuotaExceededException", "…"), quota);
        assert_eq!(in_stream("throttlingException", slow), quota);
        let daily = "Too many tokens per day, please wait before trying again.";
        assert_eq!(judged(429, "ThrottlingException", daily).rest, rests(600));
    }

    #[test]
    fn a_model_that_is_not_ready_or_late_is_not_the_accounts_fault() {
        let busy = verdict(Show::Overloaded, Elsewhere::Target, Blame::Model, None);
        assert_eq!(judged(429, "ModelNotReadyException", "…"), busy);
        assert_eq!(judged(503, "ServiceUnavailableException", "…"), busy);
        assert_eq!(in_stream("serviceUnavailableException", "…"), busy);
        assert_eq!(judged(408, "ModelTimeoutException", "…"), Verdict::timeout());
        for broken in [
            judged(424, "ModelErrorException", "…"),
            judged(500, "InternalServerException", "…"),
            in_stream("internalServerException", "…"),
            in_stream("modelStreamErrorException", "…"),
        ] {
            assert_eq!(broken, verdict(Show::Error, Elsewhere::Target, Blame::Model, None));
        }
    }

    #[test]
    fn keys_that_are_refused_rest_and_a_model_out_of_reach_does_not_stop_the_others() {
        let refused =
            verdict(Show::AuthFailed, Elsewhere::Credential, Blame::Credential, rests(10));
        let expired = "The security token included in the request is expired";
        assert_eq!(judged(403, "ExpiredTokenException", expired), refused);
        assert_eq!(judged(400, "IncompleteSignatureException", "…"), refused);
        assert_eq!(judged(403, "AccessDeniedException", "Bearer Token has expired"), refused);
        let access = "You don't have access to the model with the specified model ID.";
        let missing = verdict(Show::ModelMissing, Elsewhere::Credential, Blame::Model, None);
        assert_eq!(judged(403, "AccessDeniedException", access), missing);
        let policy =
            "User: arn:aws:iam::1:user/u is not authorized to perform: bedrock:InvokeModel";
        assert_eq!(judged(403, "AccessDeniedException", policy).blame, Blame::Model);
    }

    #[test]
    fn a_model_that_is_not_there_is_not_the_callers_mistake() {
        let missing = verdict(Show::ModelMissing, Elsewhere::Target, Blame::Model, None);
        for message in [
            "The provided model identifier is invalid.",
            "Invocation of model ID meta.llama3 with on-demand throughput isn’t supported.",
        ] {
            assert_eq!(judged(400, "ValidationException", message), missing);
        }
        assert_eq!(judged(404, "ResourceNotFoundException", "…"), missing);
    }

    #[test]
    fn the_callers_own_mistake_is_theirs() {
        let caller = verdict(Show::Caller, Elsewhere::No, Blame::None, None);
        let message = "Malformed input request: #: required key [messages] not found";
        assert_eq!(judged(400, "ValidationException", message), caller);
        assert_eq!(in_stream("validationException", message), caller);
        let quoted = "The text holds: the provided model identifier is invalid";
        assert_eq!(judged(400, "ValidationException", quoted), caller);
        let long = judged(400, "ValidationException", "Input is too long for requested model.");
        assert_eq!(long.show, Show::ContextLength);
    }
}
