//! A request as an upstream received it.

use serde_json::Value;

/// One request, to the byte.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// Its number, counted from 0 over all connections.
    pub n: usize,
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    /// Whether that connection speaks HTTP/2.
    pub h2: bool,
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Names in lower case and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, without its transfer coding.
    pub body: Vec<u8>,
}

impl Received {
    /// The first header of that name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the upstream received JSON")
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
