//! What is sent to a provider: relative to where it does the operation, with its body in pieces.

use std::ops::Range;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};

/// One request for a provider.
#[derive(Clone, Debug)]
pub struct Wire {
    /// How.
    pub method: Method,
    /// Goes on from the operation's path, percent-encoded: `/{voice}`, `:batchEmbedContents`.
    pub suffix: String,
    /// The query, percent-encoded, without `?`; empty: none.
    pub query: String,
    /// Headers of this request alone.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the body is; empty: there is none.
    pub content_type: String,
    /// The body.
    pub body: Vec<Piece>,
}

/// A piece of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes at hand.
    Bytes(Bytes),
    /// That part of what the client uploaded.
    File(Range<u64>),
    /// That part of what the client uploaded, as base64 (RFC 4648, section 4).
    Base64(Range<u64>),
}

impl Piece {
    /// How many bytes it is.
    pub fn len(&self) -> u64 {
        match self {
            Piece::Bytes(bytes) => bytes.len() as u64,
            Piece::File(range) => range.end.saturating_sub(range.start),
            Piece::Base64(range) => range.end.saturating_sub(range.start).div_ceil(3) * 4,
        }
    }

    /// Whether it is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Wire {
    /// A `POST` of JSON.
    pub fn json(body: Vec<Bytes>) -> Wire {
        Wire::new("application/json", body.into_iter().map(Piece::Bytes).collect())
    }

    /// A `POST` of anything.
    pub fn new(content_type: impl Into<String>, body: Vec<Piece>) -> Wire {
        Wire {
            method: Method::POST,
            suffix: String::new(),
            query: String::new(),
            headers: Vec::new(),
            content_type: content_type.into(),
            body,
        }
    }

    /// The same at a path that goes on.
    #[must_use]
    pub fn at(mut self, suffix: impl Into<String>) -> Wire {
        self.suffix = suffix.into();
        self
    }

    /// Where it goes, when the operation is at `url`: its continuation before the query, its query
    /// after the address's own.
    pub fn address(&self, url: &str) -> String {
        let (path, own) = url.split_once('?').unwrap_or((url, ""));
        let mut address = format!("{path}{}", self.suffix);
        let mut mark = '?';
        for query in [own, &self.query].into_iter().filter(|it| !it.is_empty()) {
            address.push(mark);
            address.push_str(query);
            mark = '&';
        }
        address
    }

    /// The same with a query.
    #[must_use]
    pub fn asking(mut self, pairs: &[(&str, &str)]) -> Wire {
        self.query = query(pairs);
        self
    }
}

/// Pairs as a query, percent-encoded (RFC 3986, section 2).
pub fn query(pairs: &[(&str, &str)]) -> String {
    let each = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    each.collect::<Vec<_>>().join("&")
}

/// One segment of a path or one part of a query, percent-encoded.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_know_their_length_before_they_are_read() {
        assert_eq!(Piece::Bytes(Bytes::from_static(b"abc")).len(), 3);
        assert_eq!(Piece::File(10..14).len(), 4);
        assert_eq!(Piece::Base64(10..14).len(), 8);
        assert!(Piece::Base64(3..3).is_empty());
    }

    #[test]
    fn a_wire_goes_on_from_the_operations_address_before_its_query() {
        let wire = Wire::json(Vec::new()).at("/v1").asking(&[("a", "b")]);
        assert_eq!(wire.address("https://h/x?version=1"), "https://h/x/v1?version=1&a=b");
        assert_eq!(wire.address("https://h/x"), "https://h/x/v1?a=b");
        assert_eq!(Wire::json(Vec::new()).address("https://h/x?y"), "https://h/x?y");
        assert_eq!(Wire::json(Vec::new()).address("https://h/x"), "https://h/x");
    }

    #[test]
    fn what_a_client_said_cannot_add_to_a_query() {
        assert_eq!(query(&[("model", "a&b=c"), ("x", "é/ ")]), "model=a%26b%3Dc&x=%C3%A9%2F%20");
    }
}
