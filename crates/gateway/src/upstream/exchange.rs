//! One request of the control plane to a system that the operator set up: whole body out, whole
//! answer back.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};

use super::Upstream;
use super::body::{Pieces, Unread};

/// How long it may take, all of it.
const PATIENCE: Duration = Duration::from_secs(20);
/// The most bytes of an answer: documents and keys of an issuer have a few thousand.
const MOST: usize = 1 << 20;

/// Sends `request` by the rules of all outbound requests. Redirects are not followed: they are
/// answers.
///
/// # Errors
/// Why no answer came, in one line that does not repeat the address.
pub async fn exchange(
    client: &Upstream,
    request: Request<Vec<u8>>,
) -> Result<Response<Vec<u8>>, String> {
    match tokio::time::timeout(PATIENCE, send(client, request)).await {
        Ok(done) => done,
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

async fn send(client: &Upstream, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, String> {
    let mut request = request.map(|body| match body.is_empty() {
        true => Pieces::default(),
        false => Pieces::new(vec![Bytes::from(body)]),
    });
    let headers = request.headers_mut();
    headers.insert(header::USER_AGENT, HeaderValue::from_static("wayleave"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let answer = client.send(request, PATIENCE).await.map_err(|err| err.to_string())?;
    let body = answer.body.at_most(MOST).await.map_err(|err| match err {
        Unread::TooLong => format!("the answer has more than {MOST} bytes"),
        Unread::Broken(why) => why.to_string(),
    })?;
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[tokio::test]
    async fn an_address_that_upstreams_may_not_have_is_not_called() {
        let client = Upstream::new(&Settings::default()).unwrap();
        for url in ["http://127.0.0.1:9/token", "https://169.254.169.254/token"] {
            let request = Request::post(url).body(b"code=secret".to_vec()).unwrap();
            let said = exchange(&client, request).await.unwrap_err();
            assert!(said.contains("address") || said.contains("never called"), "{url}: {said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
