//! Tokens that credentials are exchanged for: one exchange at a time, kept until shortly before
//! they expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use wayleave_model::id::CredentialId;
use wayleave_model::{Secret, Timestamp};
use wayleave_provider::Token;
use wayleave_provider::exchange::{Exchange, FORM};

use crate::upstream::Upstream;
use crate::upstream::body::{Pieces, Unread};
use crate::world::Target;

/// How long a token service may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of its answer that are read.
const MOST: usize = 64 << 10;

type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// The tokens of this process, by credential.
#[derive(Default)]
pub struct Tokens(Mutex<HashMap<CredentialId, Slot>>);

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct NoToken {
    /// As if the provider itself had answered with it.
    pub status: StatusCode,
    /// One line.
    pub message: String,
}

impl Tokens {
    /// The `Authorization` header for `target`, where its kind needs a token.
    ///
    /// # Errors
    /// The token service refused, or could not be reached.
    pub async fn authorization(
        &self,
        client: &Upstream,
        target: &Target,
        now: Timestamp,
    ) -> Result<Option<HeaderValue>, NoToken> {
        let refused = |message: String| NoToken { status: StatusCode::UNAUTHORIZED, message };
        if !target.exchanges {
            return Ok(None);
        }
        let slot = self.slot(target.label.credential);
        let mut slot = slot.lock().await;
        if let Some(token) = slot.as_ref().filter(|token| token.expires > now) {
            return token.authorization().map(Some).map_err(|err| refused(err.to_string()));
        }
        *slot = None;
        let exchange = target.kind.exchange(&target.account(), now);
        let Some(exchange) = exchange.map_err(|err| refused(err.to_string()))? else {
            return Ok(None);
        };
        let token = fetch(client, exchange, now).await?;
        let header = token.authorization().map_err(|err| refused(err.to_string()))?;
        *slot = Some(token);
        Ok(Some(header))
    }

    /// The provider refused the credential's token: the next request gets a new one.
    pub async fn forget(&self, credential: CredentialId) {
        let slot = self.slot(credential);
        *slot.lock().await = None;
    }

    fn slot(&self, credential: CredentialId) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(credential).or_default())
    }
}

/// Exchanges a credential for a token.
pub(crate) async fn fetch(
    client: &Upstream,
    exchange: Exchange,
    now: Timestamp,
) -> Result<Token, NoToken> {
    let away = |message: String| NoToken {
        status: StatusCode::SERVICE_UNAVAILABLE,
        message: format!("the token service could not be asked: {message}"),
    };
    let form = Bytes::copy_from_slice(exchange.body.expose());
    // What it was asked with is as good as the credential for a while.
    let told = |message: String| without(&message, &exchange.body);
    let request = Request::post(exchange.url.as_str())
        .header(header::CONTENT_TYPE, FORM)
        .header(header::ACCEPT, "application/json")
        .body(Pieces::new(vec![form]))
        .map_err(|err| away(err.to_string()))?;
    let answer = client.send(request, PATIENCE).await.map_err(|err| away(err.to_string()))?;
    let status = answer.status;
    let bytes = answer.body.at_most(MOST).await.map_err(|why| match why {
        Unread::TooLong => away("its answer is too long".to_owned()),
        Unread::Broken(why) => away(why.to_string()),
    })?;
    Token::read(status, &bytes, now).map_err(|why| NoToken {
        status: if why.final_word {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        },
        message: told(why.to_string()),
    })
}

/// What a token service says, without the values of the form it was asked with.
fn without(message: &str, form: &Secret) -> String {
    let pairs = form.expose_str().unwrap_or_default().split('&');
    let values = pairs.filter_map(|pair| pair.split_once('=')).map(|(_, value)| value);
    // A shorter one is no secret.
    values
        .filter(|value| value.len() >= 16)
        .fold(message.to_owned(), |text, value| text.replace(value, "***"))
}
