//! ElevenLabs: speech both ways, with its key in a header of its own.

use http::{HeaderMap, HeaderName, StatusCode};
use wayleave_model::provider::{ModelType, Operation};
use wayleave_model::target::ModelFacts;

use super::compatible::{
    API_KEY, API_KEY_FIELD, BASE_URL_FIELD, BEARER, OVERRIDE_FIELD, below, secret_value,
};
use super::deepgram::without_version;
use crate::address::BaseUrl;
use crate::listing::{Listing, Shape};
use crate::manifest::{Field, Manifest};
use crate::{Account, BadAccount, Offer, ProviderKind, Refused, Verdict};

/// Addresses and headers: <https://elevenlabs.io/docs/api-reference/authentication>.
pub(super) struct ElevenLabs;

static MANIFEST: Manifest = Manifest {
    id: "elevenlabs",
    label: "ElevenLabs",
    summary: "ElevenLabs' voices, and its models that write speech down.",
    docs_url: "https://elevenlabs.io/docs/api-reference/introduction",
    default_base_url: Some("https://api.elevenlabs.io"),
    version_path: None,
    provider_form: &[Field {
        placeholder: Some("https://api.elevenlabs.io"),
        help: Some("As the vendor prints it, with or without /v1."),
        ..BASE_URL_FIELD
    }],
    credential_form: &[Field { placeholder: Some("sk_…"), ..API_KEY_FIELD }, OVERRIDE_FIELD],
    model_types: &[ModelType::TextToSpeech, ModelType::SpeechToText],
    ..BEARER
};

impl ProviderKind for ElevenLabs {
    fn manifest(&self) -> &'static Manifest {
        &MANIFEST
    }

    fn base_url(&self, typed: &str) -> Result<BaseUrl, BadAccount> {
        without_version(typed, &["/v1"])
    }

    fn offers(&self, _operation: Operation, _facts: &ModelFacts) -> &'static [Offer] {
        &[]
    }

    fn url(
        &self,
        account: &Account<'_>,
        offer: &Offer,
        _model: &str,
        _stream: bool,
    ) -> Result<String, BadAccount> {
        below(account.base_url, offer.path)
    }

    fn listing(&self, account: &Account<'_>) -> Result<Option<Listing>, BadAccount> {
        Listing::below(account, "/v1/models", Shape::ElevenLabs)
    }

    fn headers(&self, account: &Account<'_>) -> Result<HeaderMap, BadAccount> {
        let key = account.secrets.get(API_KEY);
        let key = key.ok_or_else(|| BadAccount::at(API_KEY, "the credential has no API key"))?;
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static("xi-api-key");
        headers.insert(name, secret_value(API_KEY, b"", key)?);
        Ok(headers)
    }

    /// Credits that are used up are said with 401, and a voice that is not there with 404, the status
    /// of models: <https://elevenlabs.io/docs/developers/resources/error-messages>.
    fn diagnose(&self, refused: &Refused<'_>) -> Verdict {
        let status = match refused.code {
            Some("quota_exceeded") => StatusCode::PAYMENT_REQUIRED,
            Some("voice_not_found" | "invalid_uid") => StatusCode::BAD_REQUEST,
            _ => refused.status,
        };
        Verdict::of(&Refused { status, ..*refused })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use wayleave_dialect::task::Grammar;
    use wayleave_model::Secret;
    use wayleave_model::credential::SecretFields;

    use super::*;
    use crate::failure::{Blame, Elsewhere, Show};

    #[test]
    fn its_key_travels_in_a_header_of_its_own() {
        let secrets = SecretFields::new([(API_KEY.to_owned(), Secret::new("canary"))]);
        let settings = BTreeMap::new();
        let base_url = ElevenLabs.base_url("https://api.elevenlabs.io/v1").expect("an address").url;
        let account = Account { base_url: &base_url, settings: &settings, secrets: &secrets };
        let headers = ElevenLabs.headers(&account).expect("a key");
        assert_eq!(headers.get("xi-api-key").expect("sent"), "canary");
        assert!(!format!("{headers:?}").contains("canary"));
        for (operation, url) in [
            (Operation::Transcribe, "https://api.elevenlabs.io/v1/speech-to-text"),
            (Operation::Speech, "https://api.elevenlabs.io/v1/text-to-speech"),
        ] {
            let offer = ElevenLabs.tasks(operation, "scribe_v2")[0];
            assert_eq!(offer.grammar, Grammar::ElevenLabs);
            assert_eq!(ElevenLabs.task_url(&account, offer.path, "scribe_v2").as_deref(), Ok(url));
        }
    }

    #[test]
    fn a_voice_that_is_not_there_is_the_callers_and_credits_are_the_accounts() {
        let headers = HeaderMap::new();
        let verdict = |status, code| {
            let refused = Refused { status, headers: &headers, code: Some(code), message: "no" };
            ElevenLabs.diagnose(&refused)
        };
        let voice = verdict(StatusCode::NOT_FOUND, "voice_not_found");
        assert_eq!(
            (voice.show, voice.blame, voice.elsewhere),
            (Show::Caller, Blame::None, Elsewhere::No)
        );
        let credits = verdict(StatusCode::UNAUTHORIZED, "quota_exceeded");
        assert_eq!((credits.blame, credits.elsewhere), (Blame::Credential, Elsewhere::Credential));
        let model = verdict(StatusCode::NOT_FOUND, "model_not_found");
        assert_eq!(model.show, Show::ModelMissing);
    }
}
