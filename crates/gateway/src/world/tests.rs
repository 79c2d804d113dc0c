//! Which keys, aliases and targets a world has, and what a change of it leaves alone.

use uuid::Uuid;
use wayleave_model::Secret;
use wayleave_model::id::{AliasId, CredentialId, PoolEntryId, ProviderId};
use wayleave_model::pool::{self, PoolEntry};

use super::*;
use crate::auth;
use crate::route;
use crate::testing::{self, HASH, NOON};

fn part() -> WorkspaceSnapshot {
    testing::part(100)
}

fn code(part: WorkspaceSnapshot) -> String {
    let world = testing::world(vec![part]);
    auth::check(&world, &HASH, "wl_x", NOON).err().map(|it| it.refusal.code).unwrap_or_default()
}

/// Why the alias `fast` cannot be served.
fn unusable(part: WorkspaceSnapshot) -> Unusable {
    let entry = testing::entry(part);
    match &entry.tenant.aliases["fast"].groups[0][0].candidate {
        Candidate::Unusable(why) => why.clone(),
        _ => panic!("it can be served"),
    }
}

#[test]
fn a_key_is_found_by_its_hash_and_by_no_other() {
    let world = testing::world(vec![part()]);
    assert_eq!(world.key(&HASH).unwrap().caller.key_name, "ci");
    let mut other = HASH;
    other[31] ^= 1;
    assert!(world.key(&other).is_none());
    assert_eq!(world.sizes(), (1, 1, 1));
}

#[test]
fn a_revoked_disabled_or_expired_key_is_refused_with_its_reason() {
    assert_eq!(code(part()), "");
    let mut revoked = part();
    revoked.keys[0].versions[0].revoked_at = Some(NOON);
    assert_eq!(code(revoked), "revoked_api_key");
    let mut disabled = part();
    disabled.keys[0].enabled = false;
    assert_eq!(code(disabled), "revoked_api_key");
    let mut expired = part();
    expired.keys[0].expires_at = Some(NOON);
    assert_eq!(code(expired), "expired_api_key");
    let mut old = part();
    old.keys[0].expires_at = Some(NOON.plus_micros(9));
    old.keys[0].versions[0].expires_at = Some(NOON.plus_micros(-9));
    assert_eq!(code(old), "expired_api_key");
    let mut soon = part();
    soon.keys[0].expires_at = Some(NOON.plus_micros(1));
    assert_eq!(code(soon), "");
}

#[test]
fn each_version_of_a_key_lives_and_ends_by_itself() {
    let mut rotated = part();
    let mut second = testing::key_version([8; 32]);
    second.number = 2;
    rotated.keys[0].versions[0].revoked_at = Some(NOON);
    rotated.keys[0].versions.push(second);
    let world = testing::world(vec![rotated]);
    assert!(auth::check(&world, &HASH, "k", NOON).is_err());
    let entry = auth::check(&world, &[8; 32], "k", NOON).ok().unwrap();
    assert_eq!(entry.caller.key_version, 2);
}

#[test]
fn a_scope_names_what_a_key_may_call() {
    let mut narrow = part();
    narrow.aliases.push(testing::alias(120, "slow", &[&[(&narrow.models[0], 1)]]));
    let all = testing::entry(testing::part(100));
    assert_eq!(all.routes().count(), 1);
    narrow.keys[0].aliases = Some(vec![AliasId(Uuid::from_u128(120))]);
    let entry = testing::entry(narrow);
    let names: Vec<&str> = entry.routes().map(|route| route.name.as_str()).collect();
    assert_eq!(names, ["slow"]);
    let mut nothing = part();
    nothing.keys[0].aliases = Some(Vec::new());
    assert_eq!(testing::entry(nothing).routes().count(), 0);
}

#[test]
fn a_disabled_alias_is_not_there() {
    let mut part = part();
    part.aliases[0].enabled = false;
    assert!(testing::entry(part).tenant.aliases.is_empty());
}

#[test]
fn what_cannot_be_called_says_what_to_mend() {
    let broken = |why: &str| Unusable::Broken(why.to_owned());
    let mut it = part();
    it.models.clear();
    assert_eq!(unusable(it), broken("the model was removed: point the alias to another"));
    let mut it = part();
    it.providers.clear();
    assert_eq!(unusable(it), broken("the provider of model gpt-x was removed"));
    let mut it = part();
    it.models[0].enabled = false;
    assert_eq!(unusable(it), broken("gpt-x is disabled: enable it or change the route"));
    let mut it = part();
    it.providers[0].enabled = false;
    assert_eq!(unusable(it), broken("openai-main is disabled: enable it or change the route"));
    let mut it = part();
    it.providers[0].kind = "of-the-future".into();
    assert_eq!(
        unusable(it),
        broken("provider openai-main is of kind of-the-future, which this version does not know")
    );
    let mut it = part();
    it.models[0].price = None;
    assert_eq!(unusable(it), broken("model gpt-x has no price: set one or mark it free"));
    let mut it = part();
    it.credentials[0].0.enabled = false;
    assert_eq!(unusable(it), broken("credential prod of openai-main is disabled"));
    let mut it = part();
    it.providers[0].default_credential = None;
    assert_eq!(unusable(it), Unusable::NoCredential { provider: "openai-main".into() });
    let mut it = part();
    it.credentials.clear();
    assert_eq!(unusable(it), Unusable::NoCredential { provider: "openai-main".into() });
}

#[test]
fn a_credential_is_the_routes_then_the_models_then_the_default() {
    let credential = |part: WorkspaceSnapshot| testing::target(part).label.credential;
    let mut it = part();
    assert_eq!(credential(part()), it.credentials[0].0.id);
    let mut own = testing::credential(130, "own");
    own.0.model = Some(it.models[0].id);
    it.credentials.push(own);
    it.models[0].default_credential = Some(CredentialId(Uuid::from_u128(130)));
    assert_eq!(credential(it), CredentialId(Uuid::from_u128(130)));

    let mut it = part();
    it.credentials.push(testing::credential(131, "named"));
    it.aliases[0].route.groups[0].targets[0].credential = Some(CredentialId(Uuid::from_u128(131)));
    assert_eq!(credential(it), CredentialId(Uuid::from_u128(131)));
}

/// `part` with a pool of two, a credential for `production` and a disabled one for `staging`.
fn of_environments() -> WorkspaceSnapshot {
    let mut it = part();
    for (id, name) in [(130, "prod-eu"), (131, "staging-eu"), (132, "shared")] {
        it.credentials.push(testing::credential(id, name));
    }
    it.credentials[2].0.enabled = false;
    let entry = |number: u128, credential: Option<u128>| PoolEntry {
        id: PoolEntryId(Uuid::from_u128(number)),
        credential: credential.map(|it| CredentialId(Uuid::from_u128(it))),
        weight: 1,
        enabled: true,
    };
    let pool = pool::Pool::none(it.models[0].id);
    let entries = vec![entry(1, None), entry(2, Some(132))];
    it.pools = vec![pool::Pool { enabled: true, entries, ..pool }];
    it.aliases[0].route.groups[0].targets[0].environments = BTreeMap::from([
        ("production".to_owned(), CredentialId(Uuid::from_u128(130))),
        ("staging".to_owned(), CredentialId(Uuid::from_u128(131))),
    ]);
    it
}

#[test]
fn a_key_is_served_by_the_credential_of_its_environment_and_by_no_other_ones() {
    let entry = testing::entry(of_environments());
    let route = &entry.tenant.aliases["fast"];
    let ids = |targets: &[Arc<Target>]| -> Vec<u128> {
        targets.iter().map(|it| it.label.credential.0.as_u128()).collect()
    };
    let order = |environment: &str| {
        let found = route::order(route, environment, Tick::default(), 0);
        found.map(|it| ids(&it)).map_err(|it| it.message)
    };
    assert_eq!(order("production"), Ok(vec![130]), "not the pool");
    assert_eq!(order("Production"), Ok(vec![102, 132]), "matched exactly");
    assert_eq!(order("test"), Ok(vec![132, 102]), "the pool, in turn");
    let why = "`fast` cannot be served: credential staging-eu of openai-main is disabled";
    assert_eq!(order("staging"), Err(why.to_owned()), "never the default instead");
    let listed = |environment: &str| {
        let all: Vec<_> = route.targets(environment).cloned().collect();
        ids(&all)
    };
    assert_eq!(listed("production"), [130]);
    assert_eq!(listed("staging"), [0; 0]);
    assert_eq!(listed("test"), [102, 132]);
    assert_eq!(route.width, 2, "the most that one request may have");
    let of = |id: u128| move |it: &Target| it.label.credential.0.as_u128() == id;
    let only = |environment: &str, id: u128| {
        route::only(route, environment, Tick::default(), &of(id)).is_ok_and(|it| ids(&it) == [id])
    };
    assert!(only("production", 130) && only("test", 132));
    assert!(!only("test", 130) && !only("production", 132));
}

#[test]
fn without_environments_nothing_is_decided_for_each_key() {
    let entry = testing::entry(part());
    let choice = &entry.tenant.aliases["fast"].groups[0][0];
    assert!(choice.environments.is_empty() && choice.environments.capacity() == 0);
    assert!(std::ptr::eq(choice.of("production"), &raw const choice.candidate));
}

#[test]
fn d7_a_model_whose_own_default_is_unset_does_not_fall_back_to_its_providers() {
    let mut it = part();
    let mut own = testing::credential(130, "own");
    own.0.model = Some(it.models[0].id);
    it.credentials.push(own);
    let provider = "openai-main (for its own model gpt-x)".into();
    assert_eq!(unusable(it), Unusable::NoCredential { provider });
}

#[test]
fn a_secret_never_goes_to_another_providers_address() {
    let mut it = part();
    let mut foreign = testing::credential(130, "foreign");
    foreign.0.provider = ProviderId(Uuid::from_u128(999));
    it.credentials.push(foreign);
    it.aliases[0].route.groups[0].targets[0].credential = Some(CredentialId(Uuid::from_u128(130)));
    let why = "credential foreign does not belong to gpt-x of openai-main";
    assert_eq!(unusable(it), Unusable::Broken(why.to_owned()));
}

#[test]
fn a_credential_overrides_its_providers_address() {
    let mut it = part();
    it.credentials[0].0.settings.insert("base_url".into(), "http://127.0.0.1:8/v2".into());
    let target = testing::target(it);
    let endpoint = target.endpoint(wayleave_dialect::ClientDialect::OpenAiChat).unwrap();
    assert_eq!(endpoint.uri.to_string(), "http://127.0.0.1:8/v2/chat/completions");
    assert!(endpoint.headers.values().all(http::HeaderValue::is_sensitive));
}

fn other() -> WorkspaceSnapshot {
    let mut other = testing::part(200);
    other.keys[0].versions[0].hash = [9; 32];
    other
}

#[test]
fn a_change_of_one_workspace_leaves_the_others_as_they_are() {
    let before = testing::world(vec![part(), other()]);
    let (mine, theirs) = (part().workspace.id, other().workspace.id);
    let mut changed = part();
    changed.keys[0].versions[0].revoked_at = Some(NOON);
    let after = before.changed(2, vec![(mine, Some(changed))], &Healths::default());
    assert_eq!((before.revision, after.revision), (1, 2));
    assert!(!before.key(&HASH).unwrap().revoked && after.key(&HASH).unwrap().revoked);
    let (was, is) = (before.key(&[9; 32]).unwrap(), after.key(&[9; 32]).unwrap());
    assert!(Arc::ptr_eq(&was.tenant, &is.tenant) && is.caller.workspace == theirs);
}

#[test]
fn a_removed_key_and_a_removed_workspace_are_gone() {
    let before = testing::world(vec![part(), other()]);
    let mut without = part();
    without.keys.clear();
    let id = part().workspace.id;
    let after = before.changed(2, vec![(id, Some(without))], &Healths::default());
    assert!(after.key(&HASH).is_none());
    assert_eq!(after.sizes(), (2, 2, 1));
    let after = after.changed(3, vec![(other().workspace.id, None)], &Healths::default());
    assert_eq!(after.sizes(), (1, 1, 0));
}

#[test]
fn a_credential_keeps_its_health_across_changes() {
    let healths = Healths::default();
    let world = |snapshot| World::new(snapshot, &healths);
    let first = world(Snapshot { revision: 1, workspaces: vec![part()] });
    let target = |world: &World| match &world.key(&HASH).unwrap().tenant.aliases["fast"].groups[0]
        [0]
    .candidate
    {
        Candidate::Ready(target) => Arc::clone(target),
        other => panic!("{}", other.width()),
    };
    let held = target(&first).member.lease(Tick::default());
    let second = first.changed(2, vec![(part().workspace.id, Some(part()))], &healths);
    assert_eq!(target(&second).member.model.in_flight(), 1);
    drop(held);
    assert_eq!(target(&second).member.model.in_flight(), 0);
}

#[test]
fn the_account_holds_what_the_credential_has() {
    let mut it = part();
    it.credentials[0].1 = SecretFields::new([("api_key".to_owned(), Secret::new("sk-new"))]);
    let target = testing::target(it);
    let endpoint = target.endpoint(wayleave_dialect::ClientDialect::OpenAiChat).unwrap();
    assert_eq!(endpoint.headers[http::header::AUTHORIZATION], "Bearer sk-new");
}
