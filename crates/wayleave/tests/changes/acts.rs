//! What a writer does next: a change that must succeed, and what is so after it.

use serde_json::{Value, json};
use wayleave_testkit::Random;

use super::things::Things;

/// One change.
#[derive(Debug)]
pub(crate) struct Act {
    pub(crate) method: &'static str,
    /// Below `/api/v1`; `{model}` stands for the model's id.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
    /// Provider and name of the model that it is about.
    pub(crate) model: Option<(String, String)>,
    /// What is so once it is done.
    pub(crate) after: Things,
}

impl Act {
    fn new(method: &'static str, path: &str, body: Option<Value>, after: Things) -> Act {
        Act { method, path: format!("/workspaces/{path}"), body, model: None, after }
    }

    fn about(self, place: &str) -> Option<Act> {
        let (provider, name) = place.split_once('/')?;
        Some(Act { model: Some((provider.to_owned(), name.to_owned())), ..self })
    }
}

/// Makes up acts, the same in each run as long as they are done the same.
pub(crate) struct Writer {
    /// All its things begin so.
    pub(crate) name: String,
    upstream: String,
    random: Random,
    count: u64,
}

impl Writer {
    pub(crate) fn new(name: &str, upstream: &str, seed: u64) -> Writer {
        let (name, upstream) = (name.to_owned(), upstream.to_owned());
        Writer { name, upstream, random: Random(seed), count: 0 }
    }

    /// The next change of what is so now.
    pub(crate) fn next(&mut self, now: &Things) -> Act {
        loop {
            self.count += 1;
            let act = match self.random.below(18) {
                0 => self.add_provider(now),
                1 => self.turn_provider(now),
                2 => self.remove_provider(now),
                3 | 4 => self.add_credential(now),
                5 => self.turn_credential(now),
                6 => self.choose_default(now),
                7 => self.remove_credential(now),
                8 => self.add_model(now),
                9 => self.change_model(now),
                10 => self.remove_model(now),
                11 => self.put_pool(now),
                12 => self.turn_pool_off(now),
                13 => self.point_alias(now),
                14 => self.remove_alias(now),
                15 => self.change_key(now),
                16 => self.change_member(now),
                _ => self.apply_file(now),
            };
            if let Some(act) = act {
                return act;
            }
        }
    }

    fn one(&mut self, all: &[String]) -> Option<String> {
        self.random.of(all).cloned()
    }

    /// A name of a few that may be there or not.
    fn some(&mut self, what: &str, of: u64) -> String {
        format!("{what}{}", self.random.below(of))
    }

    fn provider(&mut self, now: &Things) -> Option<String> {
        self.one(&now.below("provider/"))
    }

    fn add_provider(&mut self, now: &Things) -> Option<Act> {
        let name = self.some(&format!("{}-p", self.name), 2);
        let place = format!("provider/{name}");
        let url = format!("{}/v1", self.upstream);
        let body = json!({"name": name, "kind": "openai-compatible", "base_url": url});
        let after = now.with(&place, json!({"enabled": true, "default": null}));
        let act = Act::new("POST", "main/providers", Some(body), after);
        (!now.has(&place)).then_some(act)
    }

    fn turn_provider(&mut self, now: &Things) -> Option<Act> {
        let name = self.provider(now)?;
        let place = format!("provider/{name}");
        let enabled = now.get(&place)?["enabled"] != true;
        let path = format!("main/providers/{name}");
        let after = now.set(&place, "enabled", json!(enabled));
        Some(Act::new("PATCH", &path, Some(json!({"enabled": enabled})), after))
    }

    fn remove_provider(&mut self, now: &Things) -> Option<Act> {
        let name = self.provider(now)?;
        if led_to(now, &format!("{name}/")) {
            return None;
        }
        let mut after = now.without(&format!("provider/{name}"));
        for noun in ["credential", "model", "pool"] {
            after = after.without(&format!("{noun}/{name}/"));
        }
        Some(Act::new("DELETE", &format!("main/providers/{name}"), None, after))
    }

    fn add_credential(&mut self, now: &Things) -> Option<Act> {
        let (provider, name) = (self.provider(now)?, self.some("c", 4));
        let place = format!("credential/{provider}/{name}");
        let first = now.below(&format!("credential/{provider}/")).is_empty();
        let secret = format!("sk-{provider}-{name}-{}", self.count);
        let body = json!({"name": name, "fields": {"api_key": secret}, "skip_validation": true});
        let mut after = now.with(&place, json!({"enabled": true}));
        if first {
            after = after.set(&format!("provider/{provider}"), "default", json!(name));
        }
        let path = format!("main/providers/{provider}/credentials");
        (!now.has(&place)).then(|| Act::new("POST", &path, Some(body), after))
    }

    fn credential(&mut self, now: &Things) -> Option<(String, String)> {
        let place = self.one(&now.below("credential/"))?;
        let (provider, name) = place.split_once('/')?;
        Some((provider.to_owned(), name.to_owned()))
    }

    fn turn_credential(&mut self, now: &Things) -> Option<Act> {
        let (provider, name) = self.credential(now)?;
        let place = format!("credential/{provider}/{name}");
        let enabled = now.get(&place)?["enabled"] != true;
        let path = format!("main/providers/{provider}/credentials/{name}");
        let after = now.set(&place, "enabled", json!(enabled));
        Some(Act::new("PATCH", &path, Some(json!({"enabled": enabled})), after))
    }

    fn choose_default(&mut self, now: &Things) -> Option<Act> {
        let (provider, name) = self.credential(now)?;
        let place = format!("provider/{provider}");
        if now.get(&place)?["default"] == name.as_str() {
            return None;
        }
        let path = format!("main/providers/{provider}/credentials/{name}/default");
        Some(Act::new("POST", &path, None, now.set(&place, "default", json!(name))))
    }

    /// A default goes with a word about the next; pools lose the entry.
    fn remove_credential(&mut self, now: &Things) -> Option<Act> {
        let (provider, name) = self.credential(now)?;
        let (place, of) = (format!("credential/{provider}/{name}"), format!("provider/{provider}"));
        let mut after = now.without(&place);
        let mut path = format!("main/providers/{provider}/credentials/{name}");
        if now.get(&of)?["default"] == name.as_str() {
            let others = after.below(&format!("credential/{provider}/"));
            let next = self.one(&others).filter(|_| self.count.is_multiple_of(2));
            path += &match &next {
                Some(next) => format!("?successor={next}"),
                None => "?leave_unset=true".to_owned(),
            };
            after = after.set(&of, "default", json!(next));
        }
        for model in now.below(&format!("pool/{provider}/")) {
            let pool = format!("pool/{provider}/{model}");
            let mut entries = now.get(&pool)?["entries"].as_array()?.clone();
            entries.retain(|it| it != name.as_str());
            after = after.set(&pool, "entries", Value::Array(entries));
        }
        Some(Act::new("DELETE", &path, None, after))
    }

    fn add_model(&mut self, now: &Things) -> Option<Act> {
        let (provider, name) = (self.provider(now)?, self.some("m", 2));
        let place = format!("model/{provider}/{name}");
        let price = self.count.to_string();
        let body = json!({
            "provider": provider, "name": name, "type": "llm",
            "price": {"input": price, "output": price},
        });
        let after = now.with(&place, json!({"enabled": true, "price": price}));
        let act = Act::new("POST", "main/models", Some(body), after);
        (!now.has(&place)).then_some(act)
    }

    fn change_model(&mut self, now: &Things) -> Option<Act> {
        let place = self.one(&now.below("model/"))?;
        let name = format!("model/{place}");
        if self.count.is_multiple_of(2) {
            let enabled = now.get(&name)?["enabled"] != true;
            let after = now.set(&name, "enabled", json!(enabled));
            let body = json!({"enabled": enabled});
            return Act::new("PATCH", "main/models/{model}", Some(body), after).about(&place);
        }
        let price = self.count.to_string();
        let body = json!({"price": {"input": price, "output": price}});
        let after = now.set(&name, "price", json!(price));
        Act::new("POST", "main/models/{model}/price", Some(body), after).about(&place)
    }

    fn remove_model(&mut self, now: &Things) -> Option<Act> {
        let place = self.one(&now.below("model/"))?;
        if led_to(now, &place) {
            return None;
        }
        let after = now.without(&format!("model/{place}")).without(&format!("pool/{place}"));
        Act::new("DELETE", "main/models/{model}", None, after).about(&place)
    }

    fn put_pool(&mut self, now: &Things) -> Option<Act> {
        let place = self.one(&now.below("model/"))?;
        let (provider, _) = place.split_once('/')?;
        let credentials = now.below(&format!("credential/{provider}/"));
        let default = now.get(&format!("provider/{provider}"))?["default"].clone();
        let mut entries = vec![Value::Null];
        for _ in 0..=self.random.below(3) {
            entries.extend(self.one(&credentials).map(Value::String));
        }
        let serves = |it: &&Value| {
            let name = if it.is_null() { default.as_str() } else { it.as_str() };
            let of = name.and_then(|it| now.get(&format!("credential/{provider}/{it}")));
            of.is_some_and(|it| it["enabled"] == true)
        };
        let enabled = entries.iter().filter(serves).count() >= 2;
        let wishes: Vec<Value> = entries.iter().map(|it| json!({ "credential": it })).collect();
        let body = json!({"enabled": enabled, "entries": wishes});
        let name = format!("pool/{place}");
        let after = now.with(&name, json!({"enabled": enabled, "entries": entries}));
        Act::new("PUT", "main/models/{model}/pool", Some(body), after).about(&place)
    }

    fn turn_pool_off(&mut self, now: &Things) -> Option<Act> {
        let place = self.one(&now.below("pool/"))?;
        let name = format!("pool/{place}");
        if now.get(&name)?["enabled"] == false {
            return None;
        }
        let (body, after) = (json!({"enabled": false}), now.set(&name, "enabled", json!(false)));
        Act::new("PATCH", "main/models/{model}/pool", Some(body), after).about(&place)
    }

    /// Makes an alias, or leads it elsewhere: a new version of its route.
    fn point_alias(&mut self, now: &Things) -> Option<Act> {
        let name = self.some(&format!("{}-a", self.name), 2);
        let place = format!("alias/{name}");
        let mut to = now.below("model/");
        let first = self.one(&to)?;
        to.retain(|it| *it != first);
        let all: Vec<String> = [Some(first), self.one(&to)].into_iter().flatten().collect();
        let target = |it: &String| {
            let (provider, model) = it.split_once('/').unwrap_or_default();
            json!({"provider": provider, "model": model})
        };
        let targets: Vec<Value> = all.iter().map(target).collect();
        let Some(before) = now.get(&place) else {
            let body = json!({"name": name, "targets": targets});
            let after = now.with(&place, json!({"targets": all, "number": 1}));
            return Some(Act::new("POST", "main/aliases", Some(body), after));
        };
        if before["targets"] == json!(all) {
            return None;
        }
        let number = before["number"].as_u64()? + 1;
        let after = now.with(&place, json!({"targets": all, "number": number}));
        let body = json!({"targets": targets});
        Some(Act::new("PATCH", &format!("main/aliases/{name}"), Some(body), after))
    }

    fn remove_alias(&mut self, now: &Things) -> Option<Act> {
        let name = self.one(&now.below("alias/"))?;
        let named = now.below("key/").iter().any(|key| {
            now.get(&format!("key/{key}")).is_some_and(|it| it["aliases"] == json!([name]))
        });
        let act = || {
            let after = now.without(&format!("alias/{name}"));
            Act::new("DELETE", &format!("main/aliases/{name}"), None, after)
        };
        (!named).then(act)
    }

    fn change_key(&mut self, now: &Things) -> Option<Act> {
        let name = self.some(&format!("{}-k", self.name), 2);
        let place = format!("key/{name}");
        let path = format!("main/keys/{name}");
        let Some(before) = now.get(&place) else {
            let alias = self.one(&now.below("alias/")).map(|it| json!([it]));
            let team = format!("{}-team", self.name);
            let body =
                json!({"name": name, "owner": team, "environment": "test", "aliases": alias});
            let so = json!({"enabled": true, "versions": 1, "aliases": alias});
            let after = now.with(&place, so);
            return Some(Act::new("POST", "main/keys", Some(body), after));
        };
        let versions = before["versions"].as_u64()?;
        match self.random.below(3) {
            0 if versions < 3 => {
                let after = now.set(&place, "versions", json!(versions + 1));
                Some(Act::new("POST", &format!("{path}/rotate"), Some(json!({})), after))
            }
            1 => Some(Act::new("DELETE", &path, None, now.without(&place))),
            _ => {
                let enabled = before["enabled"] != true;
                let after = now.set(&place, "enabled", json!(enabled));
                Some(Act::new("PATCH", &path, Some(json!({"enabled": enabled})), after))
            }
        }
    }

    fn change_member(&mut self, now: &Things) -> Option<Act> {
        let roles = ["admin", "editor", "viewer", "finance", "auditor"];
        let role = *self.random.of(&roles)?;
        if now.get("member")?["role"] == role {
            return None;
        }
        let path = format!("main/members/{}@example.com", self.name);
        Some(Act::new(
            "PATCH",
            &path,
            Some(json!({"role": role})),
            now.set("member", "role", json!(role)),
        ))
    }

    /// Many things at once, all of which bear one number.
    fn apply_file(&mut self, now: &Things) -> Option<Act> {
        let number = self.count;
        let name = format!("{}-file", self.name);
        let url = format!("{}/n{number}/v1", self.upstream);
        let credential =
            |it: &str| json!({"name": it, "api_key": format!("sk-{it}-{number}-0123")});
        let provider = |it: &str| {
            json!({
                "name": it, "kind": "openai-compatible", "base_url": url,
                "credentials": [credential("c"), credential("d")],
            })
        };
        let price = number.to_string();
        let model = |it: &str| {
            json!({
                "provider": "p", "name": it, "type": "llm",
                "price": {"input": price, "output": price}, "facts": {"context_window": number},
            })
        };
        let target = json!({"provider": "p", "model": "m"});
        let body = json!({
            "version": 1, "workspace": name,
            "providers": [provider("p"), provider("q")],
            "models": [model("m"), model("n"), model("o")],
            "aliases": [{"name": "a", "targets": [target]}],
        });
        let after = now.with("file", json!([number]));
        Some(Act::new("POST", &format!("{name}/apply"), Some(body), after))
    }
}

/// Whether an alias leads to what begins so.
fn led_to(now: &Things, start: &str) -> bool {
    now.below("alias/").iter().any(|name| {
        let to = now.get(&format!("alias/{name}")).and_then(|it| it["targets"].as_array());
        to.is_some_and(|to| to.iter().any(|it| it.as_str().is_some_and(|it| it.starts_with(start))))
    })
}
