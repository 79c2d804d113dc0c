//! A world that follows the store, also through its absences.

use std::collections::BTreeMap;

use tempfile::TempDir;
use wayleave_model::credential::{Checks, CredentialStatus, SecretFields};
use wayleave_model::id::{SYSTEM_WORKSPACE, WorkspaceId};
use wayleave_model::key::Key;
use wayleave_model::workspace::OwnerKind;
use wayleave_model::{Clock, Secret};
use wayleave_store::credentials::{self, CredentialDraft};
use wayleave_store::keys::{self, KeyDraft};
use wayleave_store::owners::{self, OwnerDraft};
use wayleave_store::providers::{self, ProviderDraft};
use wayleave_store::workspaces::{self, WorkspaceDraft};
use wayleave_store::{Actor, Change, DatabaseUrl, Keyring};

use super::*;
use crate::testing::{self, NOON};

struct Bench {
    clock: Clock,
    store: Store,
    gateway: Arc<Gateway>,
    healths: Arc<Healths>,
    /// Last: it goes when nothing writes there any more.
    folder: TempDir,
}

impl Bench {
    async fn new() -> Bench {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Clock::manual(NOON));
        let store = testing::store(folder.path(), &clock).await;
        let healths = Arc::new(Healths::default());
        let world = read(&store, &healths).await.unwrap();
        let gateway = testing::gateway(folder.path(), &clock, &store, world);
        Bench { folder, clock, store, gateway, healths }
    }

    fn keeper(&self) -> Keeper {
        Keeper::new(Arc::clone(&self.gateway), self.store.clone(), Arc::clone(&self.healths))
    }

    async fn change(&self, workspace: WorkspaceId) -> Change {
        self.store.change(workspace, &Actor::system("test"), "").await.unwrap()
    }

    async fn workspace(&self, name: &str) -> WorkspaceId {
        let mut change = self.change(SYSTEM_WORKSPACE).await;
        let draft = WorkspaceDraft { name: name.into(), time_zone: "UTC".into() };
        let made = workspaces::create(&mut change, &draft).await.unwrap();
        change.commit().await.unwrap();
        made.id
    }

    async fn key(&self, workspace: WorkspaceId) -> Key {
        let mut change = self.change(workspace).await;
        let draft = OwnerDraft { name: "platform".into(), kind: OwnerKind::Team, managed_by: None };
        let owner = owners::create(&mut change, &draft).await.unwrap();
        let draft = KeyDraft {
            name: "ci".into(),
            owner: owner.id,
            environment: "test".into(),
            purpose: String::new(),
            aliases: None,
            tags: Vec::new(),
            enabled: true,
            expires_at: None,
            losses: None,
            managed_by: None,
        };
        let (key, _) = keys::mint(&mut change, &draft).await.unwrap();
        change.commit().await.unwrap();
        key
    }

    fn revoked(&self, hash: &[u8; 32]) -> bool {
        self.gateway.world.load().key(hash).is_some_and(|it| it.revoked)
    }

    /// Adds a credential, through `store`.
    async fn credential(&self, store: &Store, workspace: WorkspaceId) {
        let mut change = store.change(workspace, &Actor::system("test"), "").await.unwrap();
        let draft = ProviderDraft {
            name: "p".into(),
            kind: "openai".into(),
            base_url: None,
            settings: BTreeMap::new(),
            default_credential: None,
            preference: None,
            enabled: true,
            new_models: false,
            managed_by: None,
        };
        let provider = providers::create(&mut change, &draft).await.unwrap();
        let draft = CredentialDraft {
            provider: provider.id,
            model: None,
            name: "c".into(),
            settings: BTreeMap::new(),
            enabled: true,
            status: CredentialStatus::Unverified,
            checks: Checks::default(),
            managed_by: None,
        };
        let fields = SecretFields::new([("api_key".to_owned(), Secret::new("sk-1"))]);
        credentials::create(&mut change, &draft, &fields).await.unwrap();
        change.commit().await.unwrap();
    }

    fn keys(&self) -> usize {
        self.gateway.world.load().sizes().2
    }

    async fn until(&self, done: impl Fn() -> bool) {
        let waiting = async {
            while !done() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("in time");
    }
}

#[tokio::test]
async fn a_change_is_in_force_at_once_and_so_is_its_end() {
    let bench = Bench::new().await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(bench.keeper().run(stop.clone()));
    let workspace = bench.workspace("main").await;
    let key = bench.key(workspace).await;
    bench.until(|| bench.keys() == 1).await;
    let hash = key.versions[0].hash;
    assert!(!bench.gateway.world.load().key(&hash).unwrap().revoked);

    let mut change = bench.change(workspace).await;
    keys::revoke_version(&mut change, key.id, None, 1).await.unwrap();
    change.commit().await.unwrap();
    bench.until(|| bench.revoked(&hash)).await;
    assert_eq!(bench.gateway.world.load().revision, bench.store.revision().await.unwrap());
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_workspace_that_cannot_be_read_holds_up_no_other_and_is_read_when_it_can() {
    let bench = Bench::new().await;
    let (broken, sound) = (bench.workspace("broken").await, bench.workspace("sound").await);
    let (theirs, ours) = (bench.key(broken).await, bench.key(sound).await);
    let stop = CancellationToken::new();
    let running = tokio::spawn(bench.keeper().run(stop.clone()));
    bench.until(|| bench.keys() == 2).await;

    // Somebody with a newer key file adds a credential that this process cannot open, and then
    // revokes a key of either workspace.
    let (_, newer) = Keyring::mint_line(NOON).unwrap();
    let older = std::fs::read(bench.folder.path().join("kek")).unwrap();
    let both = [newer.expose(), &older].concat();
    let ring = || Keyring::parse(&Secret::new(both.clone())).unwrap();
    let url = DatabaseUrl::sqlite(bench.folder.path().join("wayleave.db"));
    let other = Store::open(&url, ring(), bench.clock.clone()).await.unwrap();
    bench.credential(&other, broken).await;
    for (workspace, key) in [(broken, &theirs), (sound, &ours)] {
        let mut change = bench.change(workspace).await;
        keys::revoke_version(&mut change, key.id, None, 1).await.unwrap();
        change.commit().await.unwrap();
    }
    bench.until(|| bench.revoked(&ours.versions[0].hash)).await;
    assert!(!bench.revoked(&theirs.versions[0].hash));

    // Nothing changes but the key file: what was announced before is read all the same.
    bench.store.use_keyring(ring()).await.unwrap();
    bench.until(|| bench.revoked(&theirs.versions[0].hash)).await;
    let revision = bench.store.revision().await.unwrap();
    bench.until(|| bench.gateway.world.load().revision == revision).await;
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn the_databases_silence_is_measured() {
    let bench = Bench::new().await;
    let keeper = bench.keeper();
    keeper.note_silence();
    let tick = |bench: &Bench| bench.clock.tick().micros_since(Tick::default());
    assert_eq!(bench.gateway.confirmed.load(Ordering::Relaxed), tick(&bench));
    let heard = tick(&bench);
    bench.clock.advance(7_000_000);
    keeper.note_silence();
    assert_eq!(bench.gateway.confirmed.load(Ordering::Relaxed), heard);
    bench.store.revision().await.unwrap();
    keeper.note_silence();
    assert_eq!(bench.gateway.confirmed.load(Ordering::Relaxed), tick(&bench));
}

#[tokio::test]
async fn a_node_says_what_it_is_and_what_it_sees() {
    let bench = Bench::new().await;
    bench.keeper().beat().await;
    let mut tx = bench.store.read().await.unwrap();
    let nodes = wayleave_store::nodes::list(&mut tx).await.unwrap();
    assert_eq!((nodes.len(), nodes[0].id), (1, bench.gateway.node));
    assert_eq!(nodes[0].revision_seen, bench.gateway.world.load().revision);
}
