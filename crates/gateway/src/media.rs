//! Pictures, sounds and documents at an address, fetched for a provider that takes only bytes.
//!
//! The address is the caller's, so the client that fetches it reaches public addresses only,
//! whatever upstreams may be private.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Request, Uri, header};
use wayleave_dialect::Malformed;
use wayleave_dialect::chat::{ChatDialect, ChatRequest, Media, Part, is_media_type};

use crate::upstream::Upstream;
use crate::upstream::body::{Pieces, Unread};

/// Files of one request.
const MOST_FILES: usize = 20;
/// Bytes of one file.
const MOST_BYTES: usize = 20 << 20;
/// Bytes of all files of one request.
const MOST_TOGETHER: usize = 50 << 20;
/// How long one file may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Hops to another path of the same host.
const MOST_HOPS: usize = 3;
/// What a file may be, as the beginnings of its type.
type Kinds = &'static [&'static str];
const DOCUMENTS: Kinds =
    &["image/", "audio/", "video/", "text/", "application/pdf", "application/json"];

/// Replaces every address that providers of `dialect` would not fetch by what stands there.
///
/// # Errors
/// A file that cannot be fetched or is no medium: a refusal that names the address.
pub async fn fetch(
    client: &Upstream,
    dialect: &dyn ChatDialect,
    request: &mut ChatRequest,
) -> Result<(), Malformed> {
    let mut left = MOST_TOGETHER;
    let parts = request.turns.iter_mut().flat_map(|turn| &mut turn.parts);
    let fetched = parts.flat_map(media_of).filter(|(media, _)| !dialect.fetches(media));
    for (nth, (media, kinds)) in fetched.enumerate() {
        let Media::Url(url) = media else { continue };
        if nth >= MOST_FILES {
            return Err(refused(url, &format!("at most {MOST_FILES} files are fetched")));
        }
        // On the heap: every translation waits in this future, and few have anything to fetch.
        let got = tokio::time::timeout(PATIENCE, Box::pin(get(client, url, kinds, left))).await;
        let (mime, bytes) = match got {
            Ok(Ok(found)) => found,
            Ok(Err(why)) => return Err(refused(url, &why)),
            Err(_) => {
                return Err(refused(url, &format!("nothing within {} s", PATIENCE.as_secs())));
            }
        };
        left -= bytes.len();
        *media = Media::Inline { mime, base64: STANDARD.encode(bytes) };
    }
    Ok(())
}

/// The type and the bytes, in base64, of a picture at `url`.
///
/// # Errors
/// As [`fetch`].
pub async fn picture(client: &Upstream, url: &str) -> Result<(String, String), Malformed> {
    let got = tokio::time::timeout(PATIENCE, get(client, url, &["image/"], MOST_BYTES)).await;
    let why = match got {
        Ok(Ok((mime, bytes))) => return Ok((mime, STANDARD.encode(bytes))),
        Ok(Err(why)) => why,
        Err(_) => format!("nothing within {} s", PATIENCE.as_secs()),
    };
    Err(Malformed { param: Some("input_reference".to_owned()), ..refused(url, &why) })
}

/// A picture that a provider made and keeps at `url`, in base64.
///
/// # Errors
/// Why it cannot be had.
pub(crate) async fn made(client: &Upstream, url: &str) -> Result<String, String> {
    // Stores of objects do not always know what they keep.
    const KINDS: Kinds = &["image/", "application/octet-stream", "binary/octet-stream"];
    match tokio::time::timeout(PATIENCE, get(client, url, KINDS, MOST_BYTES)).await {
        Ok(found) => found.map(|(_, bytes)| STANDARD.encode(bytes)),
        Err(_) => Err(format!("nothing within {} s", PATIENCE.as_secs())),
    }
}

/// Puts empty files in place of addresses that providers of `dialect` would not fetch: for a
/// request that is only shown.
pub fn leave_out(dialect: &dyn ChatDialect, request: &mut ChatRequest) {
    for part in request.turns.iter_mut().flat_map(|turn| &mut turn.parts) {
        let mime = match part {
            Part::Image { .. } => "image/png",
            Part::Audio { .. } => "audio/wav",
            Part::Video { .. } => "video/mp4",
            _ => "application/pdf",
        };
        for (media, _) in media_of(part).into_iter().filter(|(it, _)| !dialect.fetches(it)) {
            if matches!(media, Media::Url(_)) {
                *media = Media::Inline { mime: mime.to_owned(), base64: String::new() };
            }
        }
    }
}

/// The media of a part and what each may be, those of a tool's result included.
fn media_of(part: &mut Part) -> Vec<(&mut Media, Kinds)> {
    match part {
        Part::Image { media, .. } => vec![(media, &["image/"])],
        Part::Audio { media } => vec![(media, &["audio/"])],
        Part::Video { media } => vec![(media, &["video/"])],
        Part::File { media, .. } => vec![(media, DOCUMENTS)],
        Part::ToolResult { parts, .. } => parts.iter_mut().flat_map(media_of).collect(),
        _ => Vec::new(),
    }
}

fn refused(url: &str, why: &str) -> Malformed {
    let shown: String = url.chars().take(200).collect();
    // The guard names the flag for upstreams: media have one of their own.
    let why = why.replace("--upstream-allow", "--media-allow");
    let message = format!(
        "{shown} could not be fetched for the provider, which takes no addresses: {why}. Send the file's bytes instead"
    );
    Malformed::at("messages", message)
}

/// The type and the bytes of what stands at `url`.
async fn get(
    client: &Upstream,
    url: &str,
    kinds: Kinds,
    left: usize,
) -> Result<(String, Vec<u8>), String> {
    let mut uri: Uri = url.parse().map_err(|_| "it is no address".to_owned())?;
    for _ in 0..=MOST_HOPS {
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err("only http and https are fetched".to_owned());
        }
        let mut request = Request::get(uri.clone()).body(Pieces::default()).map_err(text)?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT_ENCODING, header::HeaderValue::from_static("identity"));
        headers.insert(header::USER_AGENT, header::HeaderValue::from_static("wayleave"));
        let answer = client.send(request, PATIENCE).await.map_err(text)?;
        if answer.status.is_redirection() {
            uri = next(&uri, &answer.headers)?;
            continue;
        }
        if !answer.status.is_success() {
            return Err(format!("its server answered {}", answer.status.as_u16()));
        }
        let mime = mime(&answer.headers, kinds)?;
        let most = MOST_BYTES.min(left);
        return match answer.body.at_most(most).await {
            Ok(bytes) => Ok((mime, bytes)),
            Err(Unread::TooLong) => Err(format!("larger than {most} bytes")),
            Err(Unread::Broken(why)) => Err(why.to_string()),
        };
    }
    Err("too many redirects".to_owned())
}

/// Where a redirect leads: to the same host, or nowhere.
fn next(from: &Uri, headers: &HeaderMap) -> Result<Uri, String> {
    let to = headers.get(header::LOCATION).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let to = if to.starts_with('/') && !to.starts_with("//") {
        let base = from.authority().map(ToString::to_string).unwrap_or_default();
        format!("{}://{base}{to}", from.scheme_str().unwrap_or("https"))
    } else {
        to.to_owned()
    };
    let to: Uri = to.parse().map_err(|_| "it redirects to no address".to_owned())?;
    if to.authority() == from.authority() {
        Ok(to)
    } else {
        Err("it redirects to another host".to_owned())
    }
}

fn mime(headers: &HeaderMap, kinds: Kinds) -> Result<String, String> {
    let said =
        headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let mime = said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if is_media_type(&mime) && kinds.iter().any(|kind| mime.starts_with(kind)) {
        return Ok(mime);
    }
    Err(format!("its type is `{mime}`, expected {}", kinds.join(", ")))
}

fn text(err: impl std::fmt::Display) -> String {
    err.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(from: &str, location: &str) -> Result<String, String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, location.parse().unwrap());
        next(&from.parse().unwrap(), &headers).map(|uri| uri.to_string())
    }

    #[test]
    fn a_redirect_stays_with_its_host() {
        let from = "https://a.example/x.png";
        assert_eq!(led(from, "/y.png").unwrap(), "https://a.example/y.png");
        assert_eq!(led(from, "https://a.example/z.png").unwrap(), "https://a.example/z.png");
        for other in ["https://b.example/x.png", "//b.example/x.png", "http://127.0.0.1/", ""] {
            assert!(led(from, other).is_err(), "{other}");
        }
    }

    #[test]
    fn only_media_are_fetched() {
        let typed = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            mime(&headers, DOCUMENTS)
        };
        assert_eq!(typed("image/PNG; q=1").unwrap(), "image/png");
        assert_eq!(typed("application/pdf").unwrap(), "application/pdf");
        assert!(typed("application/octet-stream").is_err());
        assert!(typed("image/a,b").is_err());
        assert!(mime(&HeaderMap::new(), DOCUMENTS).is_err());
    }

    #[tokio::test]
    async fn private_addresses_are_not_fetched_though_upstreams_may_be_private() {
        let settings = crate::settings::Settings::default();
        let client = Upstream::for_media(&settings).unwrap();
        for url in
            ["http://127.0.0.1:9/x.png", "http://169.254.169.254/latest", "file:///etc/passwd"]
        {
            assert!(get(&client, url, DOCUMENTS, 1 << 20).await.is_err(), "{url}");
        }
    }
}
