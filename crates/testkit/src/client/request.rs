//! A request, kept as what it is on the wire.

/// A request to be sent; its bytes can be split and bent by the test.
#[derive(Clone, Debug)]
pub struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    length: Option<String>,
}

impl Request {
    /// A request with a `host` and no body.
    pub fn new(method: &str, path: &str) -> Request {
        Request {
            line: format!("{method} {path} HTTP/1.1"),
            headers: vec![("host".to_owned(), "localhost".to_owned())],
            body: Vec::new(),
            length: None,
        }
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without the headers of that name.
    pub fn without(mut self, name: &str) -> Request {
        self.headers.retain(|(it, _)| it != name);
        self
    }

    /// With that body, called JSON whether it is or not.
    pub fn json(mut self, body: impl AsRef<[u8]>) -> Request {
        self.body = body.as_ref().to_vec();
        self.header("content-type", "application/json")
    }

    /// Announces that length instead of the real one.
    pub fn claiming(mut self, length: &str) -> Request {
        self.length = Some(length.to_owned());
        self
    }

    /// The head, up to and with its blank line.
    pub fn head(&self) -> String {
        let mut head = format!("{}\r\n", self.line);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let has_body =
            !self.body.is_empty() || self.length.is_some() || self.line.starts_with("POST");
        if has_body && !self.headers.iter().any(|(name, _)| name == "transfer-encoding") {
            let length = self.length.clone().unwrap_or_else(|| self.body.len().to_string());
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        head + "\r\n"
    }

    /// All of it.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head().into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
