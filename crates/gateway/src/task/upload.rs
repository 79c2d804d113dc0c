//! What a client uploads: fields at hand, files in one unlinked temporary file.
//!
//! Nothing of a file is held in memory, and nothing of it is left on the disk when the request is
//! over or the process dies. A retry reads it again from there.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::{HeaderMap, StatusCode, header};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use multer::{Constraints, Field, Multipart, SizeLimit};
use wayleave_dialect::task::{Body, FormFile};

use crate::intake;
use crate::refusal::Refusal;

/// Bytes of all fields that are no files, together.
const MOST_TEXT: u64 = 1 << 20;
/// Fields and files of one form.
const MOST_PARTS: usize = 128;
/// Bytes of a file that tell what it is.
const HEAD: usize = 512;
/// Bytes that are written at a time.
const STEP: usize = 256 << 10;
/// How long a client may pause while it sends.
const PAUSE: Duration = Duration::from_secs(30);

/// How much of the disk uploads may take, all requests together.
#[derive(Debug)]
pub struct Uploads {
    limit: u64,
    used: Arc<AtomicU64>,
}

impl Uploads {
    /// At most `limit` bytes at a time.
    pub fn new(limit: u64) -> Uploads {
        Uploads { limit, used: Arc::default() }
    }

    /// An empty upload in `folder`.
    fn begin(&self, folder: &Path) -> io::Result<Upload> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Upload { file, length: 0, used: Arc::clone(&self.used) })
    }

    /// Sets `more` bytes aside, if there is room.
    fn reserve(&self, more: u64) -> bool {
        let room = |used: u64| used.checked_add(more).filter(|sum| *sum <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_ok()
    }
}

/// The files of one request, one after the other.
#[derive(Debug)]
pub struct Upload {
    file: File,
    length: u64,
    used: Arc<AtomicU64>,
}

impl Upload {
    /// Those bytes. Blocks.
    pub(crate) fn read(&self, range: Range<u64>) -> io::Result<Bytes> {
        let length = usize::try_from(range.end.saturating_sub(range.start));
        let mut bytes = BytesMut::zeroed(length.map_err(io::Error::other)?);
        self.file.read_exact_at(&mut bytes, range.start)?;
        Ok(bytes.freeze())
    }

    #[cfg(test)]
    pub(crate) fn of(bytes: &[u8]) -> io::Result<Upload> {
        let uploads = Uploads::new(u64::MAX);
        let mut upload = uploads.begin(&std::env::temp_dir())?;
        uploads.reserve(bytes.len() as u64);
        upload.file.write_all_at(bytes, 0)?;
        upload.length = bytes.len() as u64;
        Ok(upload)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.used.fetch_sub(self.length, Ordering::Relaxed);
    }
}

/// Where and how much.
pub struct Room<'a> {
    /// All uploads of the process.
    pub uploads: &'a Uploads,
    /// Where their files are, until they are closed.
    pub folder: &'a Path,
    /// Most bytes of one request.
    pub limit: u64,
}

/// The boundary of a form, if that is what is sent.
pub fn boundary(headers: &HeaderMap) -> Option<String> {
    let content_type = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    multer::parse_boundary(content_type).ok()
}

/// Reads a form: its fields, and its files into an upload.
///
/// # Errors
/// What is wrong with it, and what is still to be read so that its sender reads the refusal.
pub async fn read(
    headers: &HeaderMap,
    body: Incoming,
    boundary: String,
    room: &Room<'_>,
) -> Result<(Body, Option<Arc<Upload>>), (Refusal, Option<Incoming>)> {
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|it| *it != "identity") {
        let message = format!("send the body without compression, not as {encoding:?}");
        let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", message);
        return Err((refusal.at("content-encoding"), Some(body)));
    }
    if body.size_hint().exact().is_some_and(|size| size > room.limit) {
        let asks_first = headers.contains_key(header::EXPECT);
        return Err((intake::too_large(room.limit), Some(body).filter(|_| !asks_first)));
    }
    // A refusal of what comes in the middle closes the connection: the rest may be very long.
    form(chunks(body), boundary, room).await.map_err(|refusal| (refusal, None))
}

/// The body's data, as it comes.
fn chunks(body: Incoming) -> impl Stream<Item = Result<Bytes, Stopped>> + Send {
    futures_util::stream::unfold(Some(body), |body| async move {
        let mut body = body?;
        loop {
            return match tokio::time::timeout(PAUSE, body.frame()).await {
                Err(_) => Some((Err(Stopped::Paused), None)),
                Ok(None) => None,
                Ok(Some(Err(err))) => Some((Err(Stopped::Broken(err.to_string())), None)),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => Some((Ok(data), Some(body))),
                    Err(_trailers) => continue,
                },
            };
        }
    })
}

/// Why no more of the body comes.
#[derive(Debug, thiserror::Error)]
enum Stopped {
    #[error("nothing came for {} s while the body was read", PAUSE.as_secs())]
    Paused,
    #[error("the body could not be read: {0}")]
    Broken(String),
}

async fn form(
    chunks: impl Stream<Item = Result<Bytes, Stopped>> + Send + 'static,
    boundary: String,
    room: &Room<'_>,
) -> Result<(Body, Option<Arc<Upload>>), Refusal> {
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(room.limit));
    let mut parts = Multipart::with_constraints(chunks, boundary, limits);
    let (mut fields, mut files, mut upload, mut text) = (Vec::new(), Vec::new(), None, 0_u64);
    while let Some(mut part) = parts.next_field().await.map_err(|err| refused(&err, room))? {
        if fields.len() + files.len() == MOST_PARTS {
            let message = format!("the form has more than {MOST_PARTS} parts");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message));
        }
        let name = part.name().unwrap_or_default().to_owned();
        if !is_file(&part) {
            let value = value(&mut part, &mut text, room).await?;
            fields.push((name, value));
            continue;
        }
        let upload = match &mut upload {
            Some(upload) => upload,
            none => none.insert(room.uploads.begin(room.folder).map_err(|err| no_disk(&err))?),
        };
        files.push(file(&mut part, name, upload, room).await?);
    }
    Ok((Body::Form { fields, files }, upload.map(Arc::new)))
}

/// A part with a name of a file, or of a type that is no text: some clients send no name.
fn is_file(part: &Field<'_>) -> bool {
    let text = |it: &mime::Mime| it.type_() == mime::TEXT || it.subtype() == mime::JSON;
    part.file_name().is_some() || part.content_type().is_some_and(|it| !text(it))
}

async fn value(part: &mut Field<'_>, text: &mut u64, room: &Room<'_>) -> Result<String, Refusal> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(|err| refused(&err, room))? {
        *text += chunk.len() as u64;
        if *text > MOST_TEXT {
            return Err(intake::too_large(MOST_TEXT));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| {
        let message = "a field of the form is not UTF-8";
        let refusal = Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message);
        refusal.at(part.name().unwrap_or_default())
    })
}

async fn file(
    part: &mut Field<'_>,
    field: String,
    upload: &mut Upload,
    room: &Room<'_>,
) -> Result<FormFile, Refusal> {
    let filename = part.file_name().map(str::to_owned);
    let content_type = part.content_type().map(|it| it.essence_str().to_owned());
    let (start, mut head, mut held) = (upload.length, Vec::new(), BytesMut::new());
    while let Some(chunk) = part.chunk().await.map_err(|err| refused(&err, room))? {
        head.extend(chunk.iter().take(HEAD.saturating_sub(head.len())));
        held.extend_from_slice(&chunk);
        if held.len() >= STEP {
            write(upload, held.split().freeze(), room).await?;
        }
    }
    if !held.is_empty() {
        write(upload, held.freeze(), room).await?;
    }
    let at = start..upload.length;
    Ok(FormFile { field, filename, content_type, head: Bytes::from(head), at })
}

/// Appends to the file, on a thread that may wait for the disk.
async fn write(upload: &mut Upload, bytes: Bytes, room: &Room<'_>) -> Result<(), Refusal> {
    let more = bytes.len() as u64;
    if !room.uploads.reserve(more) {
        let message = "other uploads fill the room that there is for them: try again soon";
        let refusal = Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", message);
        return Err(Refusal { retry_after: Some(Duration::from_secs(5)), ..refusal });
    }
    let at = upload.length;
    // Counted first: what is set aside is given back when the upload ends, written or not.
    upload.length += more;
    let file = upload.file.try_clone().map_err(|err| no_disk(&err))?;
    let written = tokio::task::spawn_blocking(move || file.write_all_at(&bytes, at)).await;
    written.unwrap_or_else(|stopped| Err(io::Error::other(stopped))).map_err(|err| no_disk(&err))
}

fn no_disk(err: &io::Error) -> Refusal {
    tracing::error!(%err, "an upload could not be written to a temporary file");
    Refusal::dependency("the upload could not be stored: the server's disk is full or broken")
}

fn refused(err: &multer::Error, room: &Room<'_>) -> Refusal {
    let bad = |message: String| Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", message);
    match err {
        multer::Error::StreamSizeExceeded { .. } | multer::Error::FieldSizeExceeded { .. } => {
            intake::too_large(room.limit)
        }
        multer::Error::StreamReadFailed(why) => match why.downcast_ref::<Stopped>() {
            Some(Stopped::Paused) => {
                Refusal::new(StatusCode::REQUEST_TIMEOUT, "invalid_request", why.to_string())
            }
            _ => bad(why.to_string()),
        },
        other => bad(format!("the form cannot be read: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n\
        RIFFdata\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--b--\r\n";

    async fn read(
        body: &'static str,
        limit: u64,
        quota: u64,
    ) -> Result<(Body, Option<Arc<Upload>>), Refusal> {
        let uploads = Uploads::new(quota);
        let folder = std::env::temp_dir();
        let room = Room { uploads: &uploads, folder: &folder, limit };
        let chunks = body.as_bytes().chunks(7).map(|it| Ok(Bytes::from_static(it)));
        let chunks: Vec<Result<Bytes, Stopped>> = chunks.collect();
        form(futures_util::stream::iter(chunks), "b".to_owned(), &room).await
    }

    #[tokio::test]
    async fn the_model_may_follow_the_file() {
        let (body, upload) = read(FORM, 1 << 20, 1 << 20).await.unwrap();
        let Body::Form { fields, files } = body else { panic!("a form") };
        assert_eq!(fields, [("model".to_owned(), "whisper".to_owned())]);
        let file = &files[0];
        assert_eq!((file.filename.as_deref(), file.content_type.as_deref()), (Some("a.mp3"), None));
        assert_eq!((&file.head[..], file.at.clone()), (&b"RIFFdata"[..], 0..8));
        assert_eq!(upload.unwrap().read(0..8).unwrap(), "RIFFdata");
    }

    #[tokio::test]
    async fn what_is_too_large_or_cut_is_refused_with_its_reason() {
        let code = |got: Result<_, Refusal>| got.map(|_: (Body, _)| ()).unwrap_err();
        let refusal = code(read(FORM, 100, 1 << 20).await);
        assert_eq!((refusal.status.as_u16(), refusal.code.as_str()), (413, "request_too_large"));
        let refusal = code(read(FORM, 1 << 20, 4).await);
        assert_eq!((refusal.status.as_u16(), refusal.code.as_str()), (503, "overloaded"));
        let refusal =
            code(read("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\nab", 99, 99).await);
        assert_eq!((refusal.status.as_u16(), refusal.code.as_str()), (400, "invalid_request"));
    }

    #[tokio::test]
    async fn room_is_given_back_when_a_request_is_over() {
        let uploads = Uploads::new(10);
        let folder = std::env::temp_dir();
        let room = Room { uploads: &uploads, folder: &folder, limit: 100 };
        let mut upload = uploads.begin(&folder).unwrap();
        write(&mut upload, Bytes::from_static(b"12345678"), &room).await.unwrap();
        assert!(!uploads.reserve(3));
        drop(upload);
        assert!(uploads.reserve(10));
    }
}
