//! The limits of editors: as a table, and over the API.

use http::{Method, header};
use serde_json::{Value, json};
use wayleave_model::id::{AliasId, KeyId, OwnerId};

use super::*;
use crate::testing::{Api, Reply};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
const DAY: i64 = 86_400_000_000;

/// A key of an environment that ends after so many days, for one alias or all.
fn draft(environment: &str, days: Option<i64>, one_alias: bool) -> KeyDraft {
    KeyDraft {
        name: "k".to_owned(),
        owner: OwnerId::new(NOW),
        environment: environment.to_owned(),
        purpose: String::new(),
        aliases: one_alias.then(|| vec![AliasId::new(NOW)]),
        tags: Vec::new(),
        enabled: true,
        expires_at: days.map(|it| NOW.plus_micros(it * DAY)),
        losses: None,
        managed_by: None,
    }
}

fn stored(it: &KeyDraft) -> Key {
    Key {
        id: KeyId::new(NOW),
        name: it.name.clone(),
        owner: it.owner,
        owner_name: "o".to_owned(),
        environment: it.environment.clone(),
        purpose: String::new(),
        aliases: it.aliases.clone(),
        tags: Vec::new(),
        enabled: true,
        expires_at: it.expires_at,
        losses: None,
        versions: Vec::new(),
        managed_by: None,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn fields(limits: &Value, asked: &Asked<'_>) -> Vec<String> {
    let limits = serde_json::from_value(limits.clone()).unwrap();
    outside(&limits, asked).into_iter().map(|it| it.field).collect()
}

#[test]
fn each_limit_binds_the_keys_that_are_made() {
    let tests = json!({"environments": ["test", "dev"]});
    let none = json!({"environments": []});
    let days = json!({"key_days": 30});
    let named = json!({"aliases_per_key": true});
    let all = json!({"environments": ["test"], "key_days": 30, "aliases_per_key": true});
    let prod = || draft("production", None, false);
    let table: &[(&Value, KeyDraft, &[&str])] = &[
        (&json!({}), prod(), &[]),
        (&tests, draft("test", None, false), &[]),
        (&tests, draft("dev", None, false), &[]),
        (&tests, draft("Test", None, false), &["environment"]),
        (&tests, prod(), &["environment"]),
        (&none, draft("test", None, false), &["environment"]),
        (&days, draft("production", Some(30), false), &[]),
        (&days, draft("production", Some(31), false), &["expires_at"]),
        (&days, prod(), &["expires_at"]),
        (&named, draft("production", None, true), &[]),
        (&named, prod(), &["aliases"]),
        (&all, draft("test", Some(1), true), &[]),
        (&all, prod(), &["environment", "expires_at", "aliases"]),
    ];
    for (limits, key, expected) in table {
        assert_eq!(fields(limits, &Asked::Make(key, NOW)), *expected, "{limits} {key:?}");
    }
}

#[test]
fn a_key_is_changed_from_within_to_within() {
    let all = json!({"environments": ["test"], "key_days": 30, "aliases_per_key": true});
    let inside = || draft("test", Some(9), true);
    let table: &[(KeyDraft, KeyDraft, &[&str])] = &[
        (inside(), inside(), &[]),
        (inside(), draft("production", Some(9), true), &["environment"]),
        (draft("production", Some(9), true), inside(), &["environment"]),
        (inside(), draft("test", None, true), &["expires_at"]),
        (draft("test", None, true), draft("test", None, true), &["expires_at"]),
        (draft("test", None, true), inside(), &[]),
        (inside(), draft("test", Some(9), false), &["aliases"]),
        // An admin made it for all; that it is so is not the change.
        (draft("test", Some(9), false), draft("test", Some(9), false), &[]),
    ];
    for (before, after, expected) in table {
        let asked = Asked::Change(&stored(before), after, NOW);
        assert_eq!(fields(&all, &asked), *expected, "{before:?} {after:?}");
    }
    let touch = |it: KeyDraft| fields(&all, &Asked::Touch(&stored(&it)));
    assert_eq!(touch(draft("production", Some(9), true)), ["environment"]);
    assert!(touch(draft("test", None, false)).is_empty(), "only its environment counts");
}

#[test]
fn aliases_lead_to_the_models_that_are_allowed() {
    let lead = |names: &[&str]| -> Vec<(String, String)> {
        let field =
            |(at, name): (usize, &&str)| (format!("targets[{at}].model"), (*name).to_owned());
        names.iter().enumerate().map(field).collect()
    };
    let some = json!({"models": ["p/gpt-x", "p/org/gpt-y"]});
    assert!(fields(&some, &Asked::Lead(&lead(&["p/org/gpt-y", "p/gpt-x"]))).is_empty());
    let wrong = lead(&["p/gpt-x", "q/gpt-x", "gpt-x"]);
    let expected = ["targets[1].model", "targets[2].model"];
    assert_eq!(fields(&some, &Asked::Lead(&wrong)), expected);
    assert!(fields(&json!({"key_days": 1}), &Asked::Lead(&wrong)).is_empty());
}

#[test]
fn a_refusal_tells_what_was_asked_and_what_is_allowed() {
    let many: Vec<String> = (0..22).map(|it| format!("e{it}")).collect();
    let told = |limits: Value| {
        let limits = serde_json::from_value(limits).unwrap();
        let key = draft("production", None, false);
        outside(&limits, &Asked::Make(&key, NOW))[0].message.clone()
    };
    assert_eq!(
        told(json!({"environments": ["test", "dev"]})),
        "`production` was asked for; editors have the keys of `test`, `dev`"
    );
    assert!(told(json!({"environments": many})).ends_with("`e19`, 2 more"));
    assert!(told(json!({"environments": []})).ends_with("editors have the keys of nothing"));
    assert_eq!(
        told(json!({"key_days": 1})),
        "a key without an end was asked for; keys of editors expire within 1 days: by \
         2026-11-19T11:06:40.000000Z at the latest"
    );
}

const MAIN: &str = "/api/v1/workspaces/main";

/// An API whose editors are limited, with somebody who calls it in a role.
struct Limited {
    api: Api,
    editor: String,
    admin: String,
}

impl Limited {
    async fn to(limits: Value) -> Limited {
        let api = Api::new().await;
        api.furnish("main").await;
        let second = json!({"provider": "p", "name": "gpt-y", "type": "llm", "free": true});
        api.post(&format!("{MAIN}/models"), second).await.created();
        let editor = format!("Bearer {}", api.token_of("main", Role::Editor).await);
        let admin = format!("Bearer {}", api.token_of("main", Role::Admin).await);
        let it = Limited { api, editor, admin };
        let set = json!({ "editor_limits": limits });
        it.send(&it.admin, Method::PATCH, "/settings", set).await.ok();
        it
    }

    async fn send(&self, who: &str, method: Method, rest: &str, body: Value) -> Reply {
        let body = (!body.is_null()).then_some(body);
        let path = format!("{MAIN}{rest}");
        self.api.call(method, &path, body, &[(header::AUTHORIZATION, who)]).await
    }

    async fn editor(&self, method: Method, rest: &str, body: Value) -> Reply {
        self.send(&self.editor, method, rest, body).await
    }

    async fn admin(&self, method: Method, rest: &str, body: Value) -> Reply {
        self.send(&self.admin, method, rest, body).await
    }

    /// The fields that an editor is refused by; an admin may do the same.
    async fn refused(&self, method: Method, rest: &str, body: Value) -> Vec<String> {
        let refused = self.editor(method.clone(), rest, body.clone()).await;
        let refused = refused.refused(403, "outside_editor_limits");
        let done = self.admin(method, rest, body).await;
        assert!(done.status.is_success(), "{}", done.text);
        let errors = refused.body["errors"].as_array().unwrap();
        errors.iter().map(|it| it["field"].as_str().unwrap().to_owned()).collect()
    }
}

fn key(name: &str, environment: &str) -> Value {
    json!({"name": name, "owner": "o", "environment": environment})
}

#[tokio::test]
async fn editors_have_the_keys_of_their_environments() {
    let it = Limited::to(json!({"environments": ["test"]})).await;
    assert_eq!(it.refused(Method::POST, "/keys", key("prod", "production")).await, ["environment"]);
    it.editor(Method::POST, "/keys", key("mine", "test")).await.created();
    for (method, rest, body) in [
        (Method::PATCH, "", json!({"purpose": "x"})),
        (Method::PATCH, "", json!({"environment": "production"})),
        (Method::POST, "/rotate", json!({})),
        (Method::POST, "/revoke", json!({"version": 1})),
        (Method::DELETE, "", json!(null)),
    ] {
        let rest = format!("/keys/prod{rest}");
        assert_eq!(it.refused(method, &rest, body).await, ["environment"], "{rest}");
    }
    let outside = json!({"environment": "production"});
    let refused = it.editor(Method::PATCH, "/keys/mine", outside).await;
    refused.refused(403, "outside_editor_limits");
    it.editor(Method::PATCH, "/keys/mine", json!({"purpose": "x"})).await.ok();
    it.editor(Method::POST, "/keys/mine/rotate", json!({})).await.ok();
    it.editor(Method::POST, "/keys/mine/revoke", json!({})).await.ok();
    it.editor(Method::DELETE, "/keys/mine", json!(null)).await.is(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn keys_of_editors_end_and_name_their_aliases() {
    let it = Limited::to(json!({"key_days": 30, "aliases_per_key": true})).await;
    let alias = json!({"name": "fast", "targets": [{"provider": "p", "model": "gpt-y"}]});
    it.editor(Method::POST, "/aliases", alias).await.created();
    let asked = it.refused(Method::POST, "/keys", key("all", "test")).await;
    assert_eq!(asked, ["expires_at", "aliases"]);
    let mut wish = key("mine", "test");
    wish["aliases"] = json!(["fast"]);
    wish["expires_at"] = json!("2026-12-18T11:06:41Z");
    let asked = it.editor(Method::POST, "/keys", wish.clone()).await;
    let asked = asked.refused(403, "outside_editor_limits");
    assert_eq!(
        asked.body["errors"],
        json!([{"field": "expires_at", "message": "`2026-12-18T11:06:41.000000Z` was asked for; \
            keys of editors expire within 30 days: by 2026-12-18T11:06:40.000000Z at the latest"}])
    );
    wish["expires_at"] = json!("2026-12-18T11:06:40Z");
    it.editor(Method::POST, "/keys", wish).await.created();
    it.editor(Method::PATCH, "/keys/mine", json!({"purpose": "x"})).await.ok();
    let rotated = it.editor(Method::POST, "/keys/mine/rotate", json!({})).await.ok();
    assert_eq!(rotated.body["expires_at"], "2026-12-18T11:06:40.000000Z");
    for (change, field) in
        [(json!({"expires_at": null}), "expires_at"), (json!({"aliases": null}), "aliases")]
    {
        let refused = it.editor(Method::PATCH, "/keys/mine", change).await;
        let refused = refused.refused(403, "outside_editor_limits");
        assert_eq!(refused.body["errors"][0]["field"], field);
    }
    // One that an admin made without an end gets one with the first change.
    let purpose = json!({"purpose": "x"});
    assert_eq!(it.refused(Method::PATCH, "/keys/all", purpose).await, ["expires_at"]);
    let soon = json!({"purpose": "y", "expires_at": "2026-11-30T00:00:00Z"});
    it.editor(Method::PATCH, "/keys/all", soon).await.ok();
}

#[tokio::test]
async fn aliases_of_editors_lead_to_the_models_of_the_list() {
    let it = Limited::to(json!({"models": ["p/gpt-y", "p/not-there-yet"]})).await;
    let target = |name: &str| json!({"provider": "p", "model": name});
    let alias = |name: &str, to: &[&str]| json!({"name": name, "targets": to.iter().map(|it| target(it)).collect::<Vec<_>>()});
    let asked = it.refused(Method::POST, "/aliases", alias("big", &["gpt-y", "gpt-x"])).await;
    assert_eq!(asked, ["targets[1].model"]);
    // Groups put targets in another order than that in which they were sent.
    let mixed = json!({"name": "mixed", "targets": [
        {"provider": "p", "model": "gpt-y", "group": 1},
        {"provider": "p", "model": "gpt-x", "credential": "main"},
        {"provider": "p", "model": "gpt-y", "credential": "main", "group": 1},
    ]});
    assert_eq!(it.refused(Method::POST, "/aliases", mixed).await, ["targets[1].model"]);
    it.editor(Method::POST, "/aliases", alias("mine", &["gpt-y"])).await.created();
    it.editor(Method::PATCH, "/aliases/mine", json!({"enabled": false})).await.ok();

    // What leads elsewhere already is changed by leading it inside, or not at all.
    let off = json!({"enabled": false});
    assert_eq!(it.refused(Method::PATCH, "/aliases/big", off).await, ["targets"]);
    let to = json!({"targets": [target("gpt-x")]});
    assert_eq!(it.refused(Method::PATCH, "/aliases/mine", to).await, ["targets[0].model"]);
    let back = json!({"targets": [target("gpt-y")]});
    it.editor(Method::PATCH, "/aliases/mine", back).await.ok();
    let asked = it.refused(Method::POST, "/aliases/mine/restore", json!({"number": 2})).await;
    assert_eq!(asked, ["number"]);
    it.editor(Method::POST, "/aliases/mine/restore", json!({"number": 1})).await.ok();
    it.editor(Method::DELETE, "/aliases/mine", json!(null)).await.is(StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn people_are_bound_by_their_role_and_nobody_else_is() {
    let it = Limited::to(json!({"environments": ["test"]})).await;
    let editor = it.api.person("ed@b", false).await;
    let owner = it.api.person("owner@b", false).await;
    for (email, role) in [("ed@b", "editor"), ("owner@b", "owner")] {
        let new = json!({"person": email, "role": role});
        it.api.post(&format!("{MAIN}/members"), new).await.created();
    }
    let path = format!("{MAIN}/keys");
    let wish = |name: &str| Some(key(name, "production"));
    let refused = it.api.browse(Method::POST, &path, wish("a"), &editor).await;
    refused.refused(403, "outside_editor_limits");
    it.api.browse(Method::POST, &path, wish("a"), &owner).await.created();
    it.api.post(&path, key("b", "production")).await.created();
    // An editor sees the limits, and does not lift them; nor by a setup file.
    let seen = it.editor(Method::GET, "/settings", json!(null)).await.ok();
    assert_eq!(seen.body["editor_limits"]["environments"], json!(["test"]));
    let lift = json!({"editor_limits": null});
    it.editor(Method::PATCH, "/settings", lift.clone()).await.refused(403, "forbidden");
    let file = json!({"version": 1, "workspace": "main", "settings": lift});
    it.editor(Method::POST, "/apply", file.clone()).await.refused(403, "forbidden");
    it.admin(Method::POST, "/apply", file).await.ok();
    it.editor(Method::POST, "/keys", key("c", "production")).await.created();
}
