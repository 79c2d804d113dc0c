//! Setup files for the server under test. JSON is YAML, so nothing has to be quoted by hand.

use serde_json::{Value, json};

/// What one workspace should hold.
#[derive(Clone, Debug)]
pub struct Setup(Value);

/// The key of [`Setup::simple`].
pub const KEY: &str = "wl_test_0123456789abcdef0123456789abcdef";
/// The credential of [`Setup::simple`].
pub const CREDENTIAL: &str = "sk-upstream-0123456789abcdef";

impl Setup {
    /// An empty workspace.
    pub fn workspace(name: &str) -> Setup {
        Setup(json!({
            "version": 1, "workspace": name, "providers": [], "models": [], "pools": [], "aliases": [],
            "keys": [],
        }))
    }

    /// One provider of OpenAI's grammar and one of Anthropic's, at the same upstream: the aliases
    /// `openai` and `anthropic`, and the key [`KEY`].
    pub fn simple(upstream: &str) -> Setup {
        Setup::workspace("main")
            .openai("openai", upstream)
            .anthropic("anthropic", upstream)
            .key("test", KEY)
    }

    /// A provider of OpenAI's grammar with the model `m`, and an alias of its own name for it.
    pub fn openai(self, name: &str, upstream: &str) -> Setup {
        self.provider(name, "openai-compatible", &format!("{upstream}/v1"), CREDENTIAL)
            .model(name, "m")
            .alias(name, &[(name, "m")])
    }

    /// A provider of Anthropic's grammar with the model `m`, and an alias of its own name for it.
    pub fn anthropic(self, name: &str, upstream: &str) -> Setup {
        self.provider(name, "anthropic", upstream, CREDENTIAL)
            .model(name, "m")
            .alias(name, &[(name, "m")])
    }

    /// A provider with one credential.
    pub fn provider(self, name: &str, kind: &str, base_url: &str, api_key: &str) -> Setup {
        let credentials = json!([{"name": "main", "api_key": api_key}]);
        self.with(
            "providers",
            json!({"name": name, "kind": kind, "base_url": base_url, "credentials": credentials}),
        )
    }

    /// A model at 1 dollar per million tokens of input and 2 of output: 1,000 and 2,000 nano-dollars
    /// a token.
    pub fn model(self, provider: &str, name: &str) -> Setup {
        let price = json!({"input": "1", "output": "2"});
        self.with(
            "models",
            json!({"provider": provider, "name": name, "type": "llm", "price": price}),
        )
    }

    /// An alias for these (provider, model), tried in order.
    pub fn alias(self, name: &str, targets: &[(&str, &str)]) -> Setup {
        self.alias_with(name, targets, &json!({}))
    }

    /// The same with a policy of its own.
    pub fn alias_with(self, name: &str, targets: &[(&str, &str)], policy: &Value) -> Setup {
        let target =
            |(provider, model): &(&str, &str)| json!({"provider": provider, "model": model});
        let targets: Vec<Value> = targets.iter().map(target).collect();
        self.with("aliases", json!({"name": name, "targets": targets, "policy": policy}))
    }

    /// A client key that may call every alias.
    pub fn key(self, name: &str, secret: &str) -> Setup {
        self.with(
            "keys",
            json!({"name": name, "secret": secret, "owner": "team", "environment": "test"}),
        )
    }

    /// With responses kept for so many days.
    pub fn keep_responses(mut self, days: u16) -> Setup {
        self.0["settings"] = json!({"keep_responses": {"days": days}});
        self
    }

    /// Adds to one of the document's lists.
    ///
    /// # Panics
    /// When there is no such list.
    pub fn with(mut self, list: &str, value: Value) -> Setup {
        self.0[list].as_array_mut().expect("a list of the setup").push(value);
        self
    }

    /// The file's text.
    pub fn text(&self) -> String {
        self.0.to_string()
    }

    /// The file's text with another workspace's after it.
    pub fn and(&self, other: &Setup) -> String {
        format!("{}\n---\n{}\n", self.0, other.0)
    }
}
