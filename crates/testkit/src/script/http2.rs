//! The same script over HTTP/2, with the limit on streams that most servers set.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::mpsc;

use super::answer::{Answer, Step};
use super::io::Io;
use super::received::Received;
use super::{Ended, H2_STREAMS, Shared};

pub(super) async fn serve(shared: Arc<Shared>, connection: usize, io: Io) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { answer(&shared, connection, request).await }
    });
    // A connection that breaks is seen by whoever made it.
    let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(H2_STREAMS)
        .serve_connection(TokioIo::new(io), service)
        .await;
}

async fn answer(
    shared: &Arc<Shared>,
    connection: usize,
    request: Request<Incoming>,
) -> Result<Response<Pieces>, hyper::Error> {
    let (head, body) = request.into_parts();
    let headers = head.headers.iter();
    let received = Received {
        connection,
        h2: true,
        method: head.method.to_string(),
        path: head.uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
        headers: headers
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect(),
        body: body.collect().await?.to_bytes().to_vec(),
        ..Received::default()
    };
    let (received, answer) = shared.note(received);
    for step in &answer.before {
        step.wait().await;
    }
    let (send, pieces) = mpsc::channel(1);
    let mut response = Response::builder().status(answer.status.max(200));
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let ended = if play(&answer, &send).await { Ended::Played } else { Ended::PeerLeft };
        shared.note_end(received.n, ended);
    });
    Ok(response.body(Pieces(pieces)).expect("headers of the script"))
}

/// Whether it was sent to its end.
async fn play(answer: &Answer, send: &mpsc::Sender<Bytes>) -> bool {
    for step in &answer.steps {
        match step {
            Step::Piece(bytes) | Step::Wire(bytes) => {
                if send.send(bytes.clone()).await.is_err() {
                    return false;
                }
            }
            Step::Pause(_) | Step::Wait(_) => step.wait().await,
            Step::Silence => {
                send.closed().await;
                return false;
            }
            Step::Cut | Step::Reset => return true,
        }
    }
    true
}

struct Pieces(mpsc::Receiver<Bytes>);

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }
}
