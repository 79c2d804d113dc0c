//! The whole answers, built once.

const WORDS: [&str; 8] = [" the", " quick", " brown", " fox", " jumps", " over", " a", " lazy"];

const CHAT_HEAD: &str = r#"{"id":"chatcmpl-mock0001","object":"chat.completion","created":1750000000,"model":"mock-model","choices":[{"index":0,"message":{"role":"assistant","content":""#;
const CHAT_TAIL: &str = r#"","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":25,"completion_tokens":100,"total_tokens":125,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}},"system_fingerprint":"fp_mock"}"#;
const MESSAGE_HEAD: &str = r#"{"id":"msg_mock0001","type":"message","role":"assistant","model":"claude-mock","content":[{"type":"text","text":""#;
const MESSAGE_TAIL: &str = r#""}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":25,"output_tokens":100}}"#;
const MODELS: &str = r#"{"object":"list","data":[{"id":"mock-model","object":"model","created":1750000000,"owned_by":"mock"}]}"#;
const NOT_FOUND: &str = r#"{"error":{"message":"no such path","type":"invalid_request_error"}}"#;

/// Every answer that does not depend on its request, head and body.
pub struct Answers {
    pub chat: Vec<u8>,
    pub message: Vec<u8>,
    pub embeddings: Vec<u8>,
    pub models: Vec<u8>,
    pub health: Vec<u8>,
    pub not_found: Vec<u8>,
}

impl Answers {
    /// Chat answers have bodies of about `size` bytes.
    pub fn new(size: usize) -> Self {
        Answers {
            chat: whole("200 OK", &padded(CHAT_HEAD, CHAT_TAIL, size)),
            message: whole("200 OK", &padded(MESSAGE_HEAD, MESSAGE_TAIL, size)),
            embeddings: whole("200 OK", &embeddings()),
            models: whole("200 OK", MODELS),
            health: whole("200 OK", r#"{"ok":true}"#),
            not_found: whole("404 Not Found", NOT_FOUND),
        }
    }
}

/// An answer with a length.
pub fn whole(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-request-id: req_mock\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// The `i`-th word of the text that all answers say.
pub fn word(i: usize) -> &'static str {
    WORDS[i % WORDS.len()]
}

/// How many words there are before they repeat.
pub const WORD_COUNT: usize = WORDS.len();

fn padded(head: &str, tail: &str, size: usize) -> String {
    let room = size.saturating_sub(head.len() + tail.len());
    let mut text = String::with_capacity(room + 8);
    for i in 0.. {
        if text.len() >= room {
            break;
        }
        text.push_str(word(i));
    }
    text.truncate(room);
    format!("{head}{text}{tail}")
}

fn embeddings() -> String {
    let component = |i: i32| format!("{:.8}", f64::from(i * 7919 % 2000 - 1000) / 12345.0);
    let vector = (0..1536).map(component).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"object":"list","data":[{{"object":"embedding","index":0,"embedding":[{vector}]}}],"model":"mock-embed","usage":{{"prompt_tokens":8,"total_tokens":8}}}}"#
    )
}
