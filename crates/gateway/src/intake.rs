//! Reads a request's body, within bounds.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::refusal::Refusal;

/// How long a client may pause while it sends.
const PAUSE: Duration = Duration::from_secs(30);
/// What is still read of a body that is refused, so that its sender reads the refusal.
const DISCARD_BYTES: usize = 256 << 20;
/// How long.
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// The whole body, at most `limit` bytes; or why not, and what is still to be read of it so that
/// its sender reads the refusal.
pub async fn read(
    headers: &HeaderMap,
    mut body: Incoming,
    limit: usize,
) -> Result<Bytes, (Refusal, Option<Incoming>)> {
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|it| *it != "identity") {
        let message = format!("send the body without compression, not as {encoding:?}");
        let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", message);
        return Err((refusal.at("content-encoding"), Some(body)));
    }
    let announced = body.size_hint().exact().and_then(|size| usize::try_from(size).ok());
    if announced.is_some_and(|size| size > limit) {
        let refusal = too_large(limit as u64);
        // A client that asks first is told, and sends nothing: reading would be the word to begin.
        let asks_first = headers.contains_key(header::EXPECT);
        return Err((refusal, Some(body).filter(|_| !asks_first)));
    }
    let mut first: Option<Bytes> = None;
    let mut rest: Vec<u8> = Vec::new();
    while let Some(chunk) = next(&mut body).await.map_err(|refusal| (refusal, None))? {
        let held = first.as_ref().map_or(rest.len(), Bytes::len);
        if held + chunk.len() > limit {
            return Err((too_large(limit as u64), Some(body)));
        }
        match first.take() {
            None if rest.is_empty() => first = Some(chunk),
            None => {
                make_room(&mut rest, chunk.len(), limit);
                rest.extend_from_slice(&chunk);
            }
            Some(first) => {
                // The size announced is believed only as far as bytes do come.
                rest.reserve(announced.unwrap_or(0).min(8 << 20).max(first.len() + chunk.len()));
                rest.extend_from_slice(&first);
                rest.extend_from_slice(&chunk);
            }
        }
    }
    Ok(first.unwrap_or_else(|| rest.into()))
}

/// Doubles a buffer that is full, but never beyond what is taken at all.
fn make_room(buffer: &mut Vec<u8>, more: usize, limit: usize) {
    if buffer.capacity() - buffer.len() < more {
        let most = limit.saturating_sub(buffer.len());
        buffer.reserve_exact(buffer.len().min(most).max(more));
    }
}

/// Reads on, within bounds, before the refusal is sent: a client that still writes when the
/// connection closes would see a reset and not the reason. On the heap, as it is rare.
pub fn discard(
    mut body: Incoming,
    refusal: Refusal,
) -> Pin<Box<dyn Future<Output = Refusal> + Send>> {
    Box::pin(async move {
        let mut left = DISCARD_BYTES;
        let rest = async {
            while let Ok(Some(chunk)) = next(&mut body).await {
                left = left.saturating_sub(chunk.len());
                if left == 0 {
                    return;
                }
            }
        };
        // Cut short or not, the refusal is what is left to say.
        let _ = tokio::time::timeout(DISCARD_TIME, rest).await;
        refusal
    })
}

async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Refusal> {
    loop {
        let frame = tokio::time::timeout(PAUSE, body.frame()).await.map_err(|_| {
            let message = format!("nothing came for {} s while the body was read", PAUSE.as_secs());
            Refusal::new(StatusCode::REQUEST_TIMEOUT, "invalid_request", message)
        })?;
        return match frame {
            None => Ok(None),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => Ok(Some(data)),
                Err(_trailers) => continue,
            },
            Some(Err(err)) => {
                let message = format!("the body could not be read: {err}");
                Err(Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message))
            }
        };
    }
}

/// 413, with the limit.
pub(crate) fn too_large(limit: u64) -> Refusal {
    let message = format!(
        "the body is larger than {} MiB ({limit} bytes), the most that is taken",
        limit >> 20
    );
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
}
