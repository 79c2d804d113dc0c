//! Pictures that a provider named by their address, fetched for a client that wants their bytes: an
//! address expires.

use wayleave_dialect::task::Spoken;

use crate::media;
use crate::upstream::Upstream;

/// What stands before the place of a picture's bytes.
const FIELD: &str = "\"b64_json\":\"";

/// Puts the pictures into the body. One that cannot be had stays an address: it was made and is paid
/// for.
pub(super) async fn fill(client: &Upstream, spoken: &mut Spoken) {
    if spoken.fetch.is_empty() {
        return;
    }
    let (mut out, mut from) = (Vec::with_capacity(spoken.body.len()), 0);
    for wish in std::mem::take(&mut spoken.fetch) {
        let Some(before) = spoken.body.get(from..wish.at) else { continue };
        match media::made(client, &wish.url).await {
            Ok(base64) => {
                out.extend_from_slice(before);
                out.extend_from_slice(base64.as_bytes());
            }
            Err(why) => {
                tracing::warn!(%why, "a picture could not be fetched: its address is passed on");
                let text = serde_json::Value::from(wish.url.as_str()).to_string();
                let kept = before.strip_suffix(FIELD.as_bytes()).unwrap_or(before);
                out.extend_from_slice(kept);
                // The closing quote is there.
                out.extend_from_slice(b"\"url\":");
                out.extend_from_slice(&text.as_bytes()[..text.len() - 1]);
                if !spoken.losses.contains(&"answer.b64_json") {
                    spoken.losses.push("answer.b64_json");
                }
            }
        }
        from = wish.at;
    }
    out.extend_from_slice(spoken.body.get(from..).unwrap_or_default());
    spoken.body = out.into();
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use wayleave_dialect::task::Fetch;

    use super::*;
    use crate::settings::Settings;

    #[tokio::test]
    async fn what_cannot_be_fetched_stays_an_address() {
        let client = Upstream::for_media(&Settings::default()).unwrap();
        let body = r#"{"data":[{"b64_json":""},{"b64_json":"","x":1}]}"#;
        let at = |nth: usize| body.match_indices("\"\"").nth(nth).unwrap().0 + 1;
        let wish = |url: &str, at| Fetch { url: url.to_owned(), at };
        let mut spoken = Spoken {
            body: Bytes::from_static(body.as_bytes()),
            fetch: vec![wish("http://127.0.0.1:9/a\"b", at(0)), wish("ftp://x/2", at(1))],
            ..Spoken::default()
        };
        fill(&client, &mut spoken).await;
        let want = r#"{"data":[{"url":"http://127.0.0.1:9/a\"b"},{"url":"ftp://x/2","x":1}]}"#;
        assert_eq!(spoken.body, want);
        assert_eq!(spoken.losses, ["answer.b64_json"]);
        assert!(spoken.fetch.is_empty());
    }
}
