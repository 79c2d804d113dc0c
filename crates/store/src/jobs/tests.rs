//! Jobs on both engines: committed, claimed by one, settled once, seen by their owner alone.

use std::sync::Arc;

use uuid::Uuid;
use wayleave_model::NanoUsd;
use wayleave_model::id::{JobId, NodeId, OwnerId, RequestId};
use wayleave_model::price::PriceVersion;
use wayleave_model::record::Caller;

use super::*;
use crate::testing::{NOON, Shop, each_engine};

const ONE: NodeId = NodeId(Uuid::from_u128(1));
const TWO: NodeId = NodeId(Uuid::from_u128(2));
const SECOND: i64 = 1_000_000;

fn at(seconds: i64) -> Timestamp {
    NOON.plus_micros(seconds * SECOND)
}

fn made(shop: &Shop, micros: i64) -> Job {
    let closed = shop.closed(micros);
    let now = NOON.plus_micros(micros);
    Job {
        workspace: shop.workspace,
        id: JobId::new(now),
        state: JobState::Accepted,
        origin: JobOrigin {
            caller: Arc::clone(&closed.identity.caller),
            request: RequestId::new(now),
            surface: "/v1/videos".into(),
            alias: "film".into(),
            alias_id: shop.alias.id,
            route: shop.alias.route.id,
            target: Arc::clone(&closed.attempts[0].start.target),
            price: PriceVersion {
                id: wayleave_model::id::PriceVersionId::new(NOON),
                free: true,
                rates: Vec::new(),
            },
            grammar: "openai".into(),
            max_cost: NanoUsd(7),
            seconds: 8,
            size: Some("1280x720".into()),
            digest: "00".into(),
            remixed_from: None,
        },
        vendor_id: None,
        news: JobNews::default(),
        settled: false,
        due_at: None,
        lease: None,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    }
}

fn step(state: JobState, due: Option<Timestamp>) -> JobStep {
    JobStep { state, news: JobNews::default(), settled: false, due_at: due }
}

#[tokio::test]
async fn a_job_is_claimed_by_one_node_until_its_lease_is_over() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let (store, job) = (&bench.store, made(&shop, 0));
        let it = (job.workspace, job.id);
        store.insert_job(&job, ONE, at(60)).await.unwrap();
        // What is being sent is nobody else's.
        assert_eq!(store.claim_jobs(TWO, (at(90), at(120)), 9).await.unwrap(), []);
        let due = step(JobState::Submitted, Some(at(2)));
        store.submit_job(it, "vid_1", &due, at(1)).await.unwrap();
        assert_eq!(store.claim_jobs(ONE, (at(1), at(31)), 9).await.unwrap(), []);
        let other = bench.reopen(&bench.keys).await.unwrap();
        let (one, two) = tokio::join!(
            store.claim_jobs(ONE, (at(2), at(32)), 9),
            other.claim_jobs(TWO, (at(2), at(32)), 9)
        );
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.len() + two.len(), 1);
        let (holder, idle) = if one.is_empty() { (TWO, ONE) } else { (ONE, TWO) };
        let claimed = one.into_iter().chain(two).next().unwrap();
        assert_eq!(claimed.vendor_id.as_deref(), Some("vid_1"));
        assert_eq!((&claimed.origin, claimed.lease), (&job.origin, Some((holder, at(32)))));
        // Renewed, it is nobody else's; let go by another, it stays.
        assert!(store.renew_job(it, holder, at(60)).await.unwrap());
        assert!(!store.renew_job(it, idle, at(90)).await.unwrap());
        assert_eq!(store.claim_jobs(idle, (at(33), at(63)), 9).await.unwrap(), []);
        let running = step(JobState::Running, Some(at(70)));
        assert!(!store.step_job(it, idle, &running, at(34)).await.unwrap());
        // The holder died: the other goes on, and what the first says later counts no more.
        let taken = store.claim_jobs(idle, (at(61), at(91)), 9).await.unwrap();
        assert_eq!(taken.len(), 1);
        assert!(!store.step_job(it, holder, &running, at(62)).await.unwrap());
        assert!(store.step_job(it, idle, &running, at(62)).await.unwrap());
        let found = get(&mut store.read().await.unwrap(), it.0, it.1).await.unwrap().unwrap();
        assert_eq!(
            (found.state, found.due_at, found.lease),
            (JobState::Running, Some(at(70)), None)
        );
    })
    .await;
}

#[tokio::test]
async fn a_job_that_was_being_sent_when_its_node_died_is_orphaned_and_never_due() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let store = &bench.store;
        let (mine, late, other) = (made(&shop, 0), made(&shop, 1), made(&shop, 2));
        store.insert_job(&mine, ONE, at(60)).await.unwrap();
        store.insert_job(&late, TWO, at(5)).await.unwrap();
        store.insert_job(&other, TWO, at(60)).await.unwrap();
        assert_eq!(store.orphan_jobs(at(6), Some(ONE)).await.unwrap(), 2);
        assert_eq!(store.orphan_jobs(at(6), Some(ONE)).await.unwrap(), 0);
        let mut tx = store.read().await.unwrap();
        for (job, state) in
            [(&mine, JobState::Orphaned), (&late, JobState::Orphaned), (&other, JobState::Accepted)]
        {
            let found = get(&mut tx, shop.workspace, job.id).await.unwrap().unwrap();
            assert_eq!((found.state, found.settled), (state, state == JobState::Orphaned));
        }
        drop(tx);
        assert_eq!(store.claim_jobs(ONE, (at(99), at(199)), 9).await.unwrap(), []);
        // Its maker lives after all, and knows the provider's id.
        let due = step(JobState::Submitted, Some(at(9)));
        store.submit_job((late.workspace, late.id), "v", &due, at(8)).await.unwrap();
        assert_eq!(store.claim_jobs(ONE, (at(99), at(199)), 9).await.unwrap().len(), 1);
        let again = store.submit_job((late.workspace, late.id), "w", &due, at(8)).await;
        assert!(matches!(again, Err(StoreError::NotFound { noun: "job", .. })));
    })
    .await;
}

#[tokio::test]
async fn a_client_sees_its_owners_jobs_alone() {
    each_engine(|bench| async move {
        let (red, blue) = (bench.shop("red", "r").await, bench.shop("blue", "b").await);
        let store = &bench.store;
        let mut jobs = Vec::new();
        for micros in [0, 10, 20] {
            let job = made(&red, micros);
            store.insert_job(&job, ONE, at(60)).await.unwrap();
            jobs.push(job);
        }
        let mut stranger = made(&red, 30);
        let caller =
            Caller { owner: OwnerId(Uuid::from_u128(9)), ..(*stranger.origin.caller).clone() };
        stranger.origin.caller = Arc::new(caller);
        store.insert_job(&stranger, ONE, at(60)).await.unwrap();
        let whose = (red.workspace, jobs[0].origin.caller.owner);
        let ids = |(found, more): (Vec<Job>, bool)| {
            (found.into_iter().map(|it| it.id).collect::<Vec<_>>(), more)
        };
        let [a, b, c] = [jobs[0].id, jobs[1].id, jobs[2].id];
        let page = store.jobs_of(whose, None, true, 2).await.unwrap();
        assert_eq!(ids(page), (vec![c, b], true));
        let page = store.jobs_of(whose, Some(b), true, 2).await.unwrap();
        assert_eq!(ids(page), (vec![a], false));
        let page = store.jobs_of(whose, Some(a), false, 9).await.unwrap();
        assert_eq!(ids(page), (vec![b, c], false));
        assert!(store.job_of(whose, a).await.unwrap().is_some());
        assert!(store.job_of(whose, stranger.id).await.unwrap().is_none());
        assert!(store.job_of((blue.workspace, whose.1), a).await.unwrap().is_none());
        store.delete_job((red.workspace, a), at(1)).await.unwrap();
        assert!(store.job_of(whose, a).await.unwrap().is_none());
        let page = store.jobs_of(whose, None, true, 9).await.unwrap();
        assert_eq!(ids(page), (vec![c, b], false));
        // People see all of a workspace, by state and by owner.
        let mut tx = store.read().await.unwrap();
        let all = list(&mut tx, red.workspace, &JobFilter::default()).await.unwrap().items;
        assert_eq!(all.len(), 4);
        let filter = JobFilter { owner: Some(whose.1), ..JobFilter::default() };
        assert_eq!(list(&mut tx, red.workspace, &filter).await.unwrap().items.len(), 3);
        let filter = JobFilter { state: Some(JobState::Failed), ..JobFilter::default() };
        assert_eq!(list(&mut tx, red.workspace, &filter).await.unwrap().items, []);
        assert_eq!(list(&mut tx, blue.workspace, &JobFilter::default()).await.unwrap().items, []);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_ended_waits_to_be_settled_and_then_to_be_forgotten() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let (store, job) = (&bench.store, made(&shop, 0));
        let it = (job.workspace, job.id);
        store.insert_job(&job, ONE, at(60)).await.unwrap();
        let mut ended = step(JobState::Completed, Some(at(2)));
        ended.news.settlement = Some(RequestId::new(at(1)));
        store.submit_job(it, "v", &ended, at(1)).await.unwrap();
        // Deleted or not: what is owed is owed.
        store.delete_job(it, at(1)).await.unwrap();
        let claimed = store.claim_jobs(ONE, (at(2), at(32)), 9).await.unwrap();
        assert_eq!(
            (claimed[0].news.settlement, claimed[0].settled),
            (ended.news.settlement, false)
        );
        let month = at(KEPT + 99);
        assert_eq!(store.sweep_jobs(month).await.unwrap(), 0);
        let done = JobStep { settled: true, due_at: None, ..ended };
        assert!(store.step_job(it, ONE, &done, at(3)).await.unwrap());
        assert_eq!(store.count_jobs().await.unwrap(), [(JobState::Completed, 1)]);
        assert_eq!(store.sweep_jobs(at(KEPT + 2)).await.unwrap(), 0);
        assert_eq!(store.sweep_jobs(month).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_nobody_took_is_forgotten_and_one_that_was_stopped_owes_nothing() {
    each_engine(|bench| async move {
        let shop = bench.shop("main", "s").await;
        let (store, mut job) = (&bench.store, made(&shop, 0));
        let it = (job.workspace, job.id);
        store.insert_job(&job, ONE, at(60)).await.unwrap();
        job.origin.grammar = "gemini".into();
        store.redirect_job(it, &job.origin, at(90)).await.unwrap();
        let found = get(&mut store.read().await.unwrap(), it.0, it.1).await.unwrap().unwrap();
        assert_eq!(found.origin, job.origin);
        store.forget_job(it.0, it.1).await.unwrap();
        assert_eq!(get(&mut store.read().await.unwrap(), it.0, it.1).await.unwrap(), None);
        assert!(store.redirect_job(it, &job.origin, at(90)).await.is_err());

        let job = made(&shop, 5);
        let it = (job.workspace, job.id);
        store.insert_job(&job, ONE, at(60)).await.unwrap();
        store.submit_job(it, "v", &step(JobState::Running, Some(at(2))), at(1)).await.unwrap();
        store.delete_job(it, at(2)).await.unwrap();
        let found = get(&mut store.read().await.unwrap(), it.0, it.1).await.unwrap().unwrap();
        assert_eq!((found.state, found.settled, found.due_at), (JobState::Cancelled, true, None));
        // It was sent: it is not forgotten.
        store.forget_job(it.0, it.1).await.unwrap();
        assert!(get(&mut store.read().await.unwrap(), it.0, it.1).await.unwrap().is_some());
    })
    .await;
}
