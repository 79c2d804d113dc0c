//! HTTP/1.1 by hand: reads requests and plays answers, byte for byte (RFC 9112).

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

use super::answer::{Answer, Framing, Step};
use super::io::Io;
use super::received::Received;
use super::{Ended, Shared};

/// What becomes of the connection after an answer.
#[derive(PartialEq, Eq)]
enum After {
    Keep,
    Close,
    Reset,
}

pub(super) async fn serve(shared: &Shared, connection: usize, io: Io) {
    let (mut read, mut write) = tokio::io::split(io);
    let mut buffer = Vec::new();
    // A peer that goes in the middle of its request is simply gone.
    while let Ok(Some(mut received)) = request(&mut read, &mut buffer).await {
        received.connection = connection;
        let (received, answer) = shared.note(received);
        let (ended, after) = tokio::select! {
            biased;
            played = play(&answer, &mut write) => match played {
                Ok(after) => (Ended::Played, after),
                Err(_) => (Ended::PeerLeft, After::Close),
            },
            () = gone(&mut read, &mut buffer) => (Ended::PeerLeft, After::Close),
        };
        shared.note_end(received.n, ended);
        match after {
            After::Keep => continue,
            After::Close => return,
            After::Reset => return read.unsplit(write).reset(),
        }
    }
}

/// The next request; `None` when the peer is done.
async fn request(read: &mut ReadHalf<Io>, buffer: &mut Vec<u8>) -> io::Result<Option<Received>> {
    let head = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break buffer.drain(..at + 4).collect::<Vec<u8>>();
        }
        if read.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut received = Received {
        method: first.next().unwrap_or_default().to_owned(),
        path: first.next().unwrap_or_default().to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        ..Received::default()
    };
    received.body = match received.header("transfer-encoding") {
        Some(_) => chunked(read, buffer).await?,
        None => {
            let length =
                received.header("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
            take(read, buffer, length).await?
        }
    };
    Ok(Some(received))
}

async fn chunked(read: &mut ReadHalf<Io>, buffer: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let at = loop {
            match find(buffer, b"\r\n") {
                Some(at) => break at,
                None if read.read_buf(buffer).await? == 0 => {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                None => {}
            }
        };
        let line: Vec<u8> = buffer.drain(..at + 2).collect();
        let size =
            std::str::from_utf8(&line[..at]).ok().and_then(|it| usize::from_str_radix(it, 16).ok());
        let size = size.ok_or(io::ErrorKind::InvalidData)?;
        body.extend(take(read, buffer, size).await?);
        take(read, buffer, 2).await?;
        if size == 0 {
            return Ok(body);
        }
    }
}

async fn take(read: &mut ReadHalf<Io>, buffer: &mut Vec<u8>, length: usize) -> io::Result<Vec<u8>> {
    while buffer.len() < length {
        if read.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(buffer.drain(..length).collect())
}

/// Ends when the peer closes its side.
async fn gone(read: &mut ReadHalf<Io>, buffer: &mut Vec<u8>) {
    while !matches!(read.read_buf(buffer).await, Ok(0) | Err(_)) {}
}

async fn play(answer: &Answer, write: &mut WriteHalf<Io>) -> io::Result<After> {
    for step in &answer.before {
        step.wait().await;
    }
    if answer.framing != Framing::Raw {
        write.write_all(head(answer).as_bytes()).await?;
        write.flush().await?;
    }
    for step in &answer.steps {
        match step {
            Step::Piece(bytes) if bytes.is_empty() => {}
            Step::Piece(bytes) if answer.framing == Framing::Chunked => {
                let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
                chunk.extend_from_slice(bytes);
                chunk.extend_from_slice(b"\r\n");
                write.write_all(&chunk).await?;
            }
            Step::Piece(bytes) | Step::Wire(bytes) => write.write_all(bytes).await?,
            Step::Pause(_) | Step::Wait(_) => step.wait().await,
            Step::Silence => std::future::pending().await,
            Step::Cut => {
                write.shutdown().await?;
                return Ok(After::Close);
            }
            Step::Reset => return Ok(After::Reset),
        }
        write.flush().await?;
    }
    match answer.framing {
        Framing::Chunked => write.write_all(b"0\r\n\r\n").await?,
        Framing::Length(_) => {}
        Framing::Close | Framing::Raw => {
            write.shutdown().await?;
            return Ok(After::Close);
        }
    }
    write.flush().await?;
    Ok(After::Keep)
}

fn head(answer: &Answer) -> String {
    let mut head = format!("HTTP/1.1 {} Scripted\r\n", answer.status);
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match answer.framing {
        Framing::Chunked => head.push_str("transfer-encoding: chunked\r\n"),
        Framing::Length(length) => head.push_str(&format!("content-length: {length}\r\n")),
        Framing::Close | Framing::Raw => head.push_str("connection: close\r\n"),
    }
    head + "\r\n"
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|it| it == what)
}
