//! Amazon Bedrock's Converse and ConverseStream, which only providers speak.
//!
//! Reference: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>
//! and `API_runtime_ConverseStream.html`; shapes as in botocore 1.44.5,
//! `data/bedrock-runtime/2023-09-30/service-2.json`.

mod answer;
mod error;
mod request;
mod usage;

use wayleave_model::target::ModelFacts;

use super::{ChatDialect, ChatRequest, Media, ReadEvents, Written};
use crate::carry::Answer;
use crate::frame::Framing;
use crate::{Losses, Malformed};

/// The grammar of `/model/{id}/converse` and `/model/{id}/converse-stream`. The model's id and
/// whether the answer is streamed stand in the path, not in the body.
pub struct Bedrock;

impl ChatDialect for Bedrock {
    fn framing(&self) -> Framing {
        Framing::AmazonEvents
    }

    /// Media travels as bytes or stands in S3: no other address is fetched.
    fn fetches(&self, media: &Media) -> bool {
        let scheme = match media {
            Media::Url(url) => url.split_once("://").map_or("", |(scheme, _)| scheme),
            Media::Inline { .. } | Media::FileId(_) => "",
        };
        !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https")
    }

    fn write_request(
        &self,
        request: &ChatRequest,
        model: &str,
        facts: &ModelFacts,
        losses: &mut Losses,
    ) -> Result<Written, Malformed> {
        request::write(request, model, facts, losses)
    }

    fn reader(&self, _answer: &Answer) -> Box<dyn ReadEvents> {
        Box::new(answer::Reader::default())
    }

    fn read_error(&self, body: &[u8]) -> Option<(Option<String>, String)> {
        error::read(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_in_s3_or_in_the_request_needs_no_fetching() {
        let fetches = |url: &str| Bedrock.fetches(&Media::Url(url.to_owned()));
        assert!(!fetches("https://x.test/a.png"));
        assert!(!fetches("HTTP://x.test/a.png"));
        assert!(fetches("s3://bucket/a.png"));
        assert!(fetches("data:image/png;base64,iVBORw0KGgo="));
    }
}
