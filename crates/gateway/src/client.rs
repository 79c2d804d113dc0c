//! What a request tells of its client: dialect, program, address.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;
use wayleave_dialect::ClientDialect;
use wayleave_dialect::chat::Ask;

use crate::surface;

/// The dialect a client reads: that of the operation in its path, even where it is asked for in the
/// wrong way; else what its headers suggest.
pub fn dialect(path: &str, headers: &HeaderMap) -> ClientDialect {
    match surface::speaks(path) {
        Some(dialect) => dialect,
        None if headers.contains_key("anthropic-version") => ClientDialect::AnthropicMessages,
        None => ClientDialect::OpenAiChat,
    }
}

/// Programs by the beginning of their user agent, as measured.
const PROGRAMS: [(&str, &str); 12] = [
    ("claude-cli", "claude-code"),
    ("codex", "codex"),
    ("GeminiCLI", "gemini-cli"),
    ("opencode", "opencode"),
    ("OpenAI/Python", "openai-python"),
    ("AsyncOpenAI/Python", "openai-python"),
    ("OpenAI/JS", "openai-node"),
    ("Anthropic/Python", "anthropic-python"),
    ("AsyncAnthropic/Python", "anthropic-python"),
    ("Anthropic/JS", "anthropic-node"),
    ("python-requests", "python-requests"),
    ("curl", "curl"),
];

/// The client program, where its user agent is known.
pub fn recognise(headers: &HeaderMap) -> Option<&'static str> {
    let agent = headers.get(http::header::USER_AGENT)?.to_str().ok()?;
    PROGRAMS.iter().find(|(prefix, _)| agent.starts_with(prefix)).map(|&(_, name)| name)
}

/// Longer requests are no checks.
const LONGEST_CHECK: usize = 1_024;
/// Clients that check a model ask for 5, 16 or 20 tokens.
const LARGEST_CHECK: u64 = 32;

/// Whether a request looks like the check of a model that a client makes when somebody saves it, as
/// Dify does: the word `ping`, for an answer of some tokens. For display and diagnosis only; it is
/// limited and billed as any other.
pub fn is_check(ask: &Ask<'_>) -> bool {
    let body = ask.body.body();
    let says_ping = || {
        ["messages", "input", "prompt", "contents"]
            .iter()
            .any(|key| ask.body.raw(key).is_some_and(|said| said.contains("\"ping\"")))
    };
    body.len() <= LONGEST_CHECK
        && ask.max_output.is_some_and(|most| most <= LARGEST_CHECK)
        && !ask.asked.tools
        && says_ping()
}

/// The client's address: the peer's, or what a trusted proxy says of it. Read from the right:
/// the first address that is no trusted proxy's is the client's.
pub fn address(headers: &HeaderMap, peer: IpAddr, trusted: &[IpNet]) -> IpAddr {
    // A socket that takes both families shows IPv4 peers as IPv6 addresses.
    let peer = peer.to_canonical();
    let is_trusted = |ip: &IpAddr| trusted.iter().any(|net| net.contains(ip));
    if !is_trusted(&peer) {
        return peer;
    }
    let values = headers.get_all("x-forwarded-for").iter().filter_map(|it| it.to_str().ok());
    let hops: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let mut client = peer;
    for hop in hops.iter().rev() {
        match hop_address(hop) {
            Some(ip) => client = ip.to_canonical(),
            None => break,
        }
        if !is_trusted(&client) {
            break;
        }
    }
    client
}

/// An address in words: what its own [`Display`](std::fmt::Display) says, which for IPv4 costs more
/// than all else that is found out of a client.
pub fn shown(address: IpAddr) -> String {
    let IpAddr::V4(v4) = address else { return address.to_string() };
    let mut out = String::with_capacity(15);
    for (at, octet) in v4.octets().into_iter().enumerate() {
        if at > 0 {
            out.push('.');
        }
        for (least, unit) in [(100, 100), (10, 10), (0, 1)] {
            if octet >= least {
                out.push(char::from(b'0' + octet / unit % 10));
            }
        }
    }
    out
}

/// `192.0.2.1`, `2001:db8::1`, and with a port, as some proxies write it.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let plain = hop.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(hop);
    plain.parse().ok().or_else(|| hop.parse().ok().map(|with_port: SocketAddr| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.2".parse().unwrap());
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let address = |peer: &str| address(&headers, peer.parse().unwrap(), &trusted).to_string();
        assert_eq!(address("10.0.0.1"), "203.0.113.9");
        assert_eq!(address("198.51.100.7"), "198.51.100.7");
    }

    #[test]
    fn an_address_is_shown_as_the_library_shows_it() {
        for octet in 0..=u8::MAX {
            let address = IpAddr::from([octet, 0, 255, octet]);
            assert_eq!(shown(address), address.to_string());
        }
        let six: IpAddr = "2001:db8::7".parse().unwrap();
        assert_eq!(shown(six), "2001:db8::7");
    }

    #[test]
    fn addresses_are_read_as_proxies_and_sockets_write_them() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap()];
        let client = |said: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", said.parse().unwrap());
            address(&headers, "::ffff:10.0.0.1".parse().unwrap(), &trusted).to_string()
        };
        assert_eq!(client("203.0.113.9"), "203.0.113.9");
        assert_eq!(client("203.0.113.9:4711"), "203.0.113.9");
        assert_eq!(client("[2001:db8::7]:443"), "2001:db8::7");
        assert_eq!(client("[2001:db8::7]"), "2001:db8::7");
        assert_eq!(client("::ffff:203.0.113.9"), "203.0.113.9");
        assert_eq!(client("203.0.113.9, unknown"), "10.0.0.1");
    }
}
