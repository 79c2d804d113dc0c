//! Streamed answers in the two dialects: a preamble, one write per event, an end.

use crate::answers::{WORD_COUNT, word};
use crate::behaviour::Behaviour;
use crate::clock::now_us;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n\
                    cache-control: no-cache\r\nx-request-id: req_mock\r\n\
                    transfer-encoding: chunked\r\n\r\n";

const MESSAGE_START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_mock0001\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-mock\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}}\n\n";
const BLOCK_START: &str = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
const PING: &str = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
const BLOCK_STOP: &str =
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
const MESSAGE_STOP: &str = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// The grammar of a stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    OpenAi,
    Anthropic,
}

/// Writes one whole stream.
///
/// # Errors
/// When the other side has gone.
pub async fn send(
    socket: &mut TcpStream,
    behaviour: Behaviour,
    dialect: Dialect,
) -> std::io::Result<()> {
    let ready: Vec<Vec<u8>> = (0..WORD_COUNT).map(|i| dialect.delta(word(i))).collect();
    socket.write_all(&dialect.preamble()).await?;
    let mut due = tokio::time::Instant::now();
    for i in 0..behaviour.chunks {
        if behaviour.chunk_delay_us > 0 {
            due += Duration::from_micros(behaviour.chunk_delay_us);
            tokio::time::sleep_until(due).await;
        } else {
            // One write per event, as a model would, but other connections get their turn.
            tokio::task::yield_now().await;
        }
        if behaviour.stamped {
            socket.write_all(&dialect.delta(&format!(" @{}@", now_us()))).await?;
        } else {
            socket.write_all(&ready[i % WORD_COUNT]).await?;
        }
    }
    socket.write_all(&dialect.end(behaviour.chunks)).await
}

impl Dialect {
    fn preamble(self) -> Vec<u8> {
        let mut bytes = HEAD.as_bytes().to_vec();
        match self {
            Dialect::OpenAi => {
                bytes.extend(frame(&chunk(r#"{"role":"assistant","content":""}"#, "null")));
            }
            Dialect::Anthropic => {
                for event in [MESSAGE_START, BLOCK_START, PING] {
                    bytes.extend(frame(event));
                }
            }
        }
        bytes
    }

    fn delta(self, text: &str) -> Vec<u8> {
        frame(&match self {
            Dialect::OpenAi => chunk(&format!(r#"{{"content":"{text}"}}"#), "null"),
            Dialect::Anthropic => format!(
                "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
            ),
        })
    }

    fn end(self, tokens: usize) -> Vec<u8> {
        let events = match self {
            Dialect::OpenAi => [
                chunk("{}", r#""stop""#),
                format!(
                    "data: {{\"id\":\"chatcmpl-mock0001\",\"object\":\"chat.completion.chunk\",\"created\":1750000000,\"model\":\"mock-model\",\"choices\":[],\"usage\":{{\"prompt_tokens\":25,\"completion_tokens\":{tokens},\"total_tokens\":{}}}}}\n\n",
                    tokens + 25
                ),
                "data: [DONE]\n\n".to_owned(),
            ],
            Dialect::Anthropic => [
                BLOCK_STOP.to_owned(),
                format!(
                    "event: message_delta\ndata: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"end_turn\",\"stop_sequence\":null}},\"usage\":{{\"output_tokens\":{tokens}}}}}\n\n"
                ),
                MESSAGE_STOP.to_owned(),
            ],
        };
        let mut bytes: Vec<u8> = events.iter().flat_map(|event| frame(event)).collect();
        bytes.extend_from_slice(b"0\r\n\r\n");
        bytes
    }
}

fn chunk(delta: &str, finish: &str) -> String {
    format!(
        "data: {{\"id\":\"chatcmpl-mock0001\",\"object\":\"chat.completion.chunk\",\"created\":1750000000,\"model\":\"mock-model\",\"system_fingerprint\":\"fp_mock\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"logprobs\":null,\"finish_reason\":{finish}}}]}}\n\n"
    )
}

/// One event as one HTTP chunk.
fn frame(event: &str) -> Vec<u8> {
    format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()
}
