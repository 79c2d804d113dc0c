//! What becomes of each thing, and what stands in the way.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wayleave_model::Timestamp;
use wayleave_model::alias::{Group, Policy, Route, WeightedTarget};
use wayleave_model::credential::CredentialStatus;
use wayleave_model::id::{
    AliasId, CredentialId, KeyId, ModelId, OwnerId, PriceVersionId, ProviderId, RouteVersionId,
};
use wayleave_model::key::KeyVersion;
use wayleave_model::price::{PriceVersion, Rate, Unit};
use wayleave_model::provider::ModelType;
use wayleave_model::target::ModelFacts;
use wayleave_model::workspace::OwnerKind;

use super::*;
use crate::apply::document::{Document, Hidden};
use crate::apply::wanted::wanted;

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
const SECRET: &str = "wl_ci_0123456789abcdef0123456789abcdef";

fn document() -> Value {
    json!({
        "version": 1,
        "workspace": "main",
        "providers": [{"name": "p", "kind": "openai", "credentials": [{"name": "prod", "api_key": "sk-1"}]}],
        "models": [{"provider": "p", "name": "gpt-x", "type": "llm", "price": {"input": "0.15"}}],
        "aliases": [{"name": "fast", "targets": [{"provider": "p", "model": "gpt-x"}]}],
        "keys": [{"name": "ci", "secret": SECRET, "owner": "platform", "environment": "test", "aliases": ["fast"]}],
    })
}

/// What `document` makes, as it is afterwards.
fn made(managed_by: Option<&str>) -> Current {
    let managed_by = managed_by.map(str::to_owned);
    let owner = OwnerId::new(NOW);
    let provider = ProviderId::new(NOW);
    let credential = CredentialId::new(NOW);
    let model = ModelId::new(NOW);
    let alias = AliasId::new(NOW);
    let groups = vec![Group {
        targets: vec![WeightedTarget {
            model,
            credential: None,
            environments: BTreeMap::new(),
            weight: 1,
        }],
    }];
    let rates = vec![Rate {
        unit: Unit::Input,
        variant: None,
        amount: "0.15".parse().unwrap(),
        per: 1_000_000,
    }];
    Current {
        settings: WorkspaceSettings::default(),
        owners: vec![Owner {
            id: owner,
            name: "platform".into(),
            kind: OwnerKind::Team,
            managed_by: managed_by.clone(),
            version: 1,
            created_at: NOW,
        }],
        providers: vec![Provider {
            id: provider,
            name: "p".into(),
            kind: "openai".into(),
            base_url: None,
            settings: Default::default(),
            default_credential: Some(credential),
            preference: None,
            enabled: true,
            new_models: false,
            managed_by: managed_by.clone(),
            version: 1,
            created_at: NOW,
            updated_at: NOW,
        }],
        credentials: vec![Credential {
            id: credential,
            provider,
            model: None,
            name: "prod".into(),
            settings: Default::default(),
            masked: Default::default(),
            fingerprint: "api_key=sk-1".into(),
            enabled: true,
            status: CredentialStatus::Active,
            checks: Default::default(),
            last_used_at: None,
            managed_by: managed_by.clone(),
            version: 1,
            created_at: NOW,
            updated_at: NOW,
        }],
        models: vec![Model {
            id: model,
            provider,
            name: "gpt-x".into(),
            model_type: ModelType::Llm,
            custom: true,
            enabled: true,
            facts: ModelFacts::default(),
            price: Some(PriceVersion { id: PriceVersionId::new(NOW), free: false, rates }),
            default_credential: None,
            managed_by: managed_by.clone(),
            version: 1,
            created_at: NOW,
            updated_at: NOW,
        }],
        aliases: vec![Alias {
            id: alias,
            name: "fast".into(),
            enabled: true,
            route: Route {
                id: RouteVersionId::new(NOW),
                number: 1,
                groups,
                policy: Policy::default(),
                author: "x".into(),
                reason: String::new(),
                created_at: NOW,
            },
            managed_by: managed_by.clone(),
            version: 1,
            created_at: NOW,
            updated_at: NOW,
        }],
        pools: Vec::new(),
        default_models: Vec::new(),
        keys: vec![Key {
            id: KeyId::new(NOW),
            name: "ci".into(),
            owner,
            owner_name: "platform".into(),
            environment: "test".into(),
            purpose: String::new(),
            aliases: Some(vec![alias]),
            tags: Vec::new(),
            enabled: true,
            expires_at: None,
            losses: None,
            versions: vec![KeyVersion {
                number: 1,
                hash: digest(SECRET.as_bytes()),
                prefix: "wl_ci_".into(),
                last_four: "cdef".into(),
                created_at: NOW,
                expires_at: None,
                revoked_at: None,
            }],
            managed_by,
            version: 1,
            created_at: NOW,
            updated_at: NOW,
        }],
    }
}

fn digest(secret: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    secret.iter().zip(&mut hash).for_each(|(byte, slot)| *slot = *byte);
    hash[31] = secret.len() as u8;
    hash
}

/// The plan as lines, or the errors as `path: message`.
fn planned(
    current: &Current,
    document: Value,
    prune: bool,
    adopt: bool,
) -> Result<Vec<String>, Vec<String>> {
    let document: Document<Hidden> = serde_json::from_value(document).unwrap();
    let shown = |errors: Vec<FieldError>| {
        errors.into_iter().map(|it| format!("{}: {}", it.field, it.message)).collect::<Vec<_>>()
    };
    let wanted = wanted(document).map_err(shown)?;
    let fingerprint = |fields: &SecretFields| {
        let parts =
            fields.iter().map(|(id, secret)| format!("{id}={}", secret.expose_str().unwrap()));
        parts.collect::<Vec<_>>().join(",")
    };
    let digests = Digests { fingerprint: &fingerprint, key: &|secret| digest(secret.expose()) };
    let rules = Rules { owner: "apply", prune, adopt };
    let plan = plan(current, &wanted, rules, digests).map_err(shown)?;
    let line = |it: &Change| {
        let action = serde_json::to_value(it.action).unwrap();
        format!("{} {} {} {}", action.as_str().unwrap(), it.noun, it.name, it.fields.join(","))
            .trim_end()
            .to_owned()
    };
    let left = plan.left.iter().map(|it| format!("left {} {}", it.noun, it.name));
    Ok(plan
        .changes()
        .iter()
        .filter(|it| it.action != Action::Unchanged)
        .map(line)
        .chain(left)
        .collect())
}

#[test]
fn everything_is_made_in_an_order_that_works() {
    let lines = planned(&Current::default(), document(), false, false).unwrap();
    assert_eq!(
        lines,
        [
            "create owner platform",
            "create provider p",
            "create credential p/prod",
            "create model p/gpt-x",
            "create alias fast",
            "create key ci",
        ]
    );
}

#[test]
fn a_second_time_changes_nothing() {
    assert_eq!(
        planned(&made(Some("apply")), document(), true, false).unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn each_difference_is_named() {
    let with = |pointer: &str, value: Value| {
        let mut changed = document();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        changed.pointer_mut(parent).unwrap()[key] = value;
        planned(&made(Some("apply")), changed, false, false).unwrap()
    };
    assert_eq!(
        with("/providers/0/base_url", json!("https://x.example/v1")),
        ["update provider p base_url"]
    );
    assert_eq!(
        with("/providers/0/credentials/0/api_key", json!("sk-2")),
        ["update credential p/prod secrets"]
    );
    assert_eq!(with("/models/0/price", json!({"input": "0.2"})), ["update model p/gpt-x price"]);
    assert_eq!(with("/models/0/facts", json!({"vision": true})), ["update model p/gpt-x facts"]);
    assert_eq!(
        with("/aliases/0/policy", json!({"answer_model": "alias"})),
        ["update alias fast policy"]
    );
    assert_eq!(
        with("/aliases/0/targets/0/credential", json!("prod")),
        ["update alias fast targets"]
    );
    assert_eq!(
        with("/aliases/0/targets/0/environments", json!({"production": "prod"})),
        ["update alias fast targets"]
    );
    assert_eq!(with("/keys/0/environment", json!("prod")), ["update key ci environment"]);
    assert_eq!(
        with("/keys/0/secret", json!("wl_another_0123456789abcdef")),
        ["update key ci secret"]
    );
    assert_eq!(with("/keys/0/aliases", Value::Null), ["update key ci aliases"]);
    assert_eq!(with("/keys/0/losses", json!("refuse")), ["update key ci losses"]);
}

#[test]
fn another_default_credential_is_the_providers_change() {
    let mut two = document();
    two["providers"][0]["credentials"] = json!([{"name": "prod", "api_key": "sk-1"}, {"name": "new", "api_key": "sk-2", "default": true}]);
    let lines = planned(&made(Some("apply")), two, false, false).unwrap();
    assert_eq!(lines, ["update provider p default_credential", "create credential p/new"]);
}

#[test]
fn what_others_made_is_taken_over_only_when_asked() {
    let errors = planned(&made(None), document(), false, false).unwrap_err();
    assert_eq!(
        errors[0],
        "providers[0]: the provider `p` exists and was made by hand: take it over with --adopt, or give this one another name"
    );
    assert_eq!(errors.len(), 5);
    let lines = planned(&made(None), document(), false, true).unwrap();
    assert_eq!(lines[0], "update provider p managed_by");
    assert_eq!(lines.len(), 5);
    let errors = planned(&made(Some("console")), document(), false, false).unwrap_err();
    assert!(errors[0].contains("made by `console`"), "{}", errors[0]);
}

#[test]
fn only_what_apply_made_is_pruned_and_only_when_asked() {
    let empty = || json!({"version": 1, "workspace": "main"});
    let all = [
        "key ci",
        "alias fast",
        "model p/gpt-x",
        "credential p/prod",
        "provider p",
        "owner platform",
    ];
    let deleted: Vec<String> = all.iter().map(|it| format!("delete {it}")).collect();
    assert_eq!(planned(&made(Some("apply")), empty(), true, false).unwrap(), deleted);
    let left: Vec<String> = all.iter().map(|it| format!("left {it}")).collect();
    assert_eq!(planned(&made(Some("apply")), empty(), false, false).unwrap(), left);
    assert_eq!(planned(&made(None), empty(), true, true).unwrap(), Vec::<String>::new());
    assert_eq!(planned(&made(Some("console")), empty(), true, true).unwrap(), Vec::<String>::new());
}

#[test]
fn an_owner_that_somebody_elses_key_needs_is_not_pruned() {
    let mut current = made(Some("apply"));
    current.keys[0].managed_by = None;
    let lines = planned(&current, json!({"version": 1, "workspace": "main"}), true, false).unwrap();
    assert!(!lines.iter().any(|it| it.contains("owner")), "{lines:?}");
}

#[test]
fn a_provider_that_holds_what_others_made_is_not_pruned() {
    let mut current = made(Some("apply"));
    current.credentials[0].managed_by = None;
    let lines = planned(&current, json!({"version": 1, "workspace": "main"}), true, false).unwrap();
    assert_eq!(
        lines,
        ["delete key ci", "delete alias fast", "delete model p/gpt-x", "delete owner platform"]
    );
}

#[test]
fn references_to_nothing_are_named_by_their_path() {
    let mut wrong = document();
    wrong["aliases"][0]["targets"] = json!([
        {"provider": "p", "model": "gpt-x"},
        {"provider": "p", "model": "gpt-y"},
        {"provider": "q", "model": "gpt-x"},
        {"provider": "p", "model": "gpt-x", "credential": "none"},
        {"provider": "p", "model": "gpt-x", "environments": {"a": "prod", "b": "none"}},
    ]);
    wrong["models"][0]["provider"] = json!("r");
    wrong["keys"][0]["aliases"] = json!(["fast", "slow"]);
    let errors = planned(&made(Some("apply")), wrong, false, false).unwrap_err();
    assert_eq!(
        errors,
        [
            "models[0].provider: there is no provider `r`, neither in the document nor in the workspace",
            "aliases[0].targets[1].model: the provider `p` has no model `gpt-y`",
            "aliases[0].targets[2].provider: there is no provider `q`, neither in the document nor in the workspace",
            "aliases[0].targets[3].credential: the provider `p` has no credential `none`",
            "aliases[0].targets[4].environments.b: the provider `p` has no credential `none`",
            "keys[0].aliases[1]: there is no alias `slow`, neither in the document nor in the workspace",
        ]
    );
}

#[test]
fn targets_may_name_what_is_there_already() {
    let only_alias = json!({
        "version": 1,
        "workspace": "main",
        "aliases": [{"name": "other", "targets": [{"provider": "p", "model": "gpt-x", "credential": "prod"}]}],
    });
    assert_eq!(planned(&made(None), only_alias, false, false).unwrap(), ["create alias other"]);
}

#[test]
fn a_target_names_at_most_sixteen_environments() {
    let wrong = |count: usize| {
        let named: BTreeMap<String, &str> = (0..count).map(|it| (it.to_string(), "prod")).collect();
        let target = json!({"provider": "p", "model": "gpt-x", "environments": named});
        let mut wrong = Vec::new();
        let list = vec![serde_json::from_value(target).unwrap()];
        crate::apply::wanted::groups("targets", list, &mut wrong);
        wrong.into_iter().map(|it| it.field).collect::<Vec<_>>()
    };
    assert_eq!(wrong(16), [""; 0]);
    assert_eq!(wrong(17), ["targets[0].environments"]);
}

#[test]
fn equal_groups_share_and_others_follow() {
    let mut wrong = Vec::new();
    let target = |model: &str, group: Option<u32>| {
        serde_json::from_value(json!({"provider": "p", "model": model, "group": group})).unwrap()
    };
    let list =
        vec![target("a", Some(1)), target("b", None), target("c", Some(1)), target("d", None)];
    let groups = crate::apply::wanted::groups("targets", list, &mut wrong);
    let names: Vec<Vec<&str>> =
        groups.iter().map(|group| group.iter().map(|it| it.model.as_str()).collect()).collect();
    assert_eq!(names, [vec!["a", "c"], vec!["b"], vec!["d"]]);
    assert!(wrong.is_empty());
}

#[test]
fn mistakes_in_the_document_are_all_named() {
    let wrong = json!({
        "version": 1,
        "workspace": "main",
        "providers": [
            {"name": "p", "kind": "opnai"},
            {"name": "p", "kind": "openai-compatible", "credentials": [{"name": "c", "fields": {"apikey": "sk-canary"}}]},
        ],
        "models": [{"provider": "p", "name": "x", "type": "llm"}, {"provider": "p", "name": "y", "type": "llm", "free": true, "price": {"input": "1"}}],
        "aliases": [{"name": "a", "targets": []}],
        "keys": [{"name": "k", "secret": "too-short-canary", "owner": "o", "environment": "e"}],
    });
    let errors = planned(&Current::default(), wrong, false, false).unwrap_err();
    let paths: Vec<&str> = errors.iter().filter_map(|it| it.split(": ").next()).collect();
    assert_eq!(
        paths,
        [
            "providers[1]",
            "providers[0].kind",
            "providers[1].base_url",
            "providers[1].credentials[0].fields.apikey",
            "models[0]",
            "models[1]",
            "aliases[0].targets",
            "keys[0].secret",
        ]
    );
    assert!(!errors.join(" ").contains("canary"));
}

#[test]
fn the_kind_of_a_provider_cannot_change() {
    let mut current = made(Some("apply"));
    current.providers[0].kind = "anthropic".into();
    let errors = planned(&current, document(), false, false).unwrap_err();
    assert!(errors[0].starts_with("providers[0].kind: cannot change"), "{errors:?}");
}
