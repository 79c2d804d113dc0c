//! A file at an address that the operator named: a catalog, above all.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};

use super::Upstream;
use super::body::{Pieces, Unread};

/// How long a file may take, all of it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Fetches what stands at `url`, over https, without following redirects.
///
/// # Errors
/// Why nothing came, in one line that does not repeat the address: secrets stand in some.
pub async fn download(client: &Upstream, url: &str, most: usize) -> Result<Bytes, String> {
    match tokio::time::timeout(PATIENCE, get(client, url, most)).await {
        Ok(done) => done,
        Err(_) => Err(format!("it was not there within {} s", PATIENCE.as_secs())),
    }
}

async fn get(client: &Upstream, url: &str, most: usize) -> Result<Bytes, String> {
    if !url.starts_with("https://") {
        return Err("expected an address that begins with https://".to_owned());
    }
    let uri: Uri = url.parse().map_err(|_| "it is no address".to_owned())?;
    if uri.authority().is_none_or(|it| it.as_str().contains('@')) {
        return Err("expected an address without a name and a password".to_owned());
    }
    let mut request = Request::get(uri).body(Pieces::default()).map_err(text)?;
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("wayleave"));
    let answer = client.send(request, PATIENCE).await.map_err(text)?;
    if answer.status.is_redirection() {
        return Err("it redirects: give the address that it leads to".to_owned());
    }
    if !answer.status.is_success() {
        return Err(format!("its server answered {}", answer.status.as_u16()));
    }
    match answer.body.at_most(most).await {
        Ok(bytes) => Ok(Bytes::from(bytes)),
        Err(Unread::TooLong) => Err(format!("it has more than {most} bytes")),
        Err(Unread::Broken(why)) => Err(why.to_string()),
    }
}

fn text(err: impl std::fmt::Display) -> String {
    err.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[tokio::test]
    async fn only_https_without_a_password_is_fetched() {
        let client = Upstream::new(&Settings::default()).unwrap();
        for (url, why) in [
            ("http://catalog.example/c.json", "begins with https://"),
            ("file:///etc/passwd", "begins with https://"),
            ("c.json", "begins with https://"),
            ("https://u:secret@catalog.example/c.json", "without a name and a password"),
            ("https://127.0.0.1/c.json", "private address"),
            ("https://169.254.169.254/latest", "never called"),
        ] {
            let said = download(&client, url, 1 << 20).await.unwrap_err();
            assert!(said.contains(why), "{url}: {said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }
}
