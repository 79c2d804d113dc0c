//! The command line, and the request it describes as bytes ready to send.

use std::fmt::Write as _;
use std::str::FromStr;

#[derive(Clone, Copy)]
pub enum Mode {
    Stream,
    Rate,
}

pub struct Args {
    pub mode: Mode,
    /// `host:port` to connect to.
    pub host: String,
    /// Head and body of the request.
    pub request: Vec<u8>,
    pub connections: usize,
    pub seconds: f64,
    /// Streams to start at most.
    pub total: u64,
    /// Requests per second of `rate`.
    pub per_second: f64,
    /// Events that make a stream whole; 0: its terminator does.
    pub chunks: u32,
    /// Time over which the connections start.
    pub ramp_ms: u64,
}

impl Args {
    pub fn from_env() -> Result<Args, String> {
        let mut words = std::env::args().skip(1);
        let mode = match words.next().as_deref() {
            Some("stream") => Mode::Stream,
            Some("rate") => Mode::Rate,
            _ => return Err("the first argument is stream or rate".to_owned()),
        };
        let mut args = Args {
            mode,
            host: String::new(),
            request: Vec::new(),
            connections: 32,
            seconds: 5.0,
            total: u64::MAX,
            per_second: 200.0,
            chunks: 0,
            ramp_ms: 0,
        };
        let (mut url, mut body, mut headers) = (String::new(), Vec::new(), String::new());
        while let Some(flag) = words.next() {
            let value = words.next().ok_or_else(|| format!("{flag} needs a value"))?;
            match flag.as_str() {
                "--url" => url = value,
                "--body" => body = std::fs::read(&value).map_err(|e| format!("{value}: {e}"))?,
                "-H" => headers.push_str(&format!("{value}\r\n")),
                "-c" => args.connections = number(&value)?,
                "-d" => args.seconds = number(&value)?,
                "-n" => args.total = number(&value)?,
                "-q" => args.per_second = number(&value)?,
                "--chunks" => args.chunks = number(&value)?,
                "--ramp-ms" => args.ramp_ms = number(&value)?,
                _ => return Err(format!("unknown flag {flag}")),
            }
        }
        let rest = url.strip_prefix("http://").ok_or("--url is http://host:port/path")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        args.host = host.to_owned();
        args.request = request(host, path, &headers, &body);
        Ok(args)
    }
}

fn number<T: FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("not a number: {value}"))
}

fn request(host: &str, path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut head = String::new();
    let _ = write!(
        head,
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         accept: */*\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
