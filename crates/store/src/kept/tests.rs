//! Kept responses: who finds them, for how long, and what of them can be read in the database.

use uuid::Uuid;
use wayleave_model::Timestamp;
use wayleave_model::id::{OwnerId, ResponseId, WorkspaceId};

use super::*;
use crate::testing::{Bench, NOON, each_engine};

const DAY: i64 = 24 * 60 * 60 * 1_000_000;
const MINE: OwnerId = OwnerId(Uuid::from_u128(1));
const THEIRS: OwnerId = OwnerId(Uuid::from_u128(2));

fn response(number: u128) -> ResponseId {
    ResponseId(Uuid::from_u128(number))
}

fn later(days: i64) -> Timestamp {
    NOON.plus_micros(days * DAY)
}

/// Keeps the response `number` for ten days.
async fn keep(bench: &Bench, at: WorkspaceId, number: u128, previous: Option<u128>, day: i64) {
    let record = format!("canary-record-{number}");
    let items = [format!("msg_{number}")];
    let draft = Draft {
        id: response(number),
        previous: previous.map(response),
        record: record.as_bytes(),
        items: &items,
        micros: 10 * DAY,
    };
    bench.store.keep_response((at, MINE), &draft, later(day)).await.unwrap();
}

async fn chain(bench: &Bench, whose: Whose, number: u128, day: i64) -> Result<Vec<String>, String> {
    let found = bench.store.kept_chain(whose, response(number), 1_000, later(day)).await.unwrap();
    match found {
        Chain::Whole(all) => Ok(all
            .into_iter()
            .map(|(_, record)| record.expose_str().unwrap().replace("canary-record-", ""))
            .collect()),
        Chain::Missing(id) => Err(format!("{:x}", id.0.as_u128())),
        other => Err(format!("{other:?}")),
    }
}

#[tokio::test]
async fn a_response_is_found_by_its_owner_in_its_workspace_until_its_time() {
    each_engine(|bench| async move {
        let (red, blue) = (bench.workspace("red").await, bench.workspace("blue").await);
        keep(&bench, red, 1, None, 0).await;
        let other = bench.reopen(&bench.keys).await.unwrap();
        let found = other.kept_response((red, MINE), response(1), NOON).await.unwrap();
        assert_eq!(found.unwrap().expose(), b"canary-record-1");
        let items = ["msg_1".to_owned(), "msg_9".to_owned()];
        let of = |whose, day| {
            let (other, items) = (&other, &items);
            async move { other.kept_items(whose, items, later(day)).await.unwrap() }
        };
        assert_eq!(of((red, MINE), 0).await, [Some(response(1)), None]);
        for (whose, day) in [((blue, MINE), 0), ((red, THEIRS), 0), ((red, MINE), 10)] {
            let found = other.kept_response(whose, response(1), later(day)).await.unwrap();
            assert!(found.is_none(), "{whose:?} {day}");
            assert_eq!(of(whose, day).await, [None, None]);
            assert!(!other.forget_response(whose, response(1), later(day)).await.unwrap());
        }
        assert_eq!(other.sweep_responses(later(9)).await.unwrap(), 0);
        assert_eq!(other.sweep_responses(later(10)).await.unwrap(), 1);
        assert_eq!(of((red, MINE), 0).await, [None, None]);
    })
    .await;
}

#[tokio::test]
async fn a_conversation_is_found_whole_or_what_is_missing_is_named() {
    each_engine(|bench| async move {
        let red = bench.workspace("red").await;
        let mine = (red, MINE);
        keep(&bench, red, 1, None, 0).await;
        keep(&bench, red, 2, Some(1), 0).await;
        keep(&bench, red, 3, Some(2), 0).await;
        assert_eq!(chain(&bench, mine, 3, 0).await.unwrap(), ["1", "2", "3"]);
        assert_eq!(chain(&bench, mine, 2, 0).await.unwrap(), ["1", "2"]);
        assert_eq!(chain(&bench, mine, 7, 0).await.unwrap_err(), "7");
        assert_eq!(chain(&bench, (red, THEIRS), 3, 0).await.unwrap_err(), "3");
        let small = bench.store.kept_chain(mine, response(3), 44, NOON).await.unwrap();
        assert!(matches!(small, Chain::TooLarge));
        assert!(bench.store.forget_response(mine, response(1), NOON).await.unwrap());
        assert_eq!(chain(&bench, mine, 3, 0).await.unwrap_err(), "1");
    })
    .await;
}

#[tokio::test]
async fn a_conversation_of_too_many_responses_is_said_to_be_one() {
    const SQL: &str = "INSERT INTO kept_responses
        (workspace_id, id, owner_id, previous_id, bytes, sealed, created_at, expires_at)
        VALUES ($1, $2, $3, $4, 2, $5, 0, $6)";
    each_engine(|bench| async move {
        let red = bench.workspace("red").await;
        let most = u128::try_from(MAX_CHAIN).unwrap();
        let mut tx = bench.store.write().await.unwrap();
        for number in 1..=most + 1 {
            let id = Uuid::from_u128(number);
            on!(tx.conn, it => {
                sqlx::query(SQL)
                    .bind(red.0)
                    .bind(id)
                    .bind(MINE.0)
                    .bind((number > 1).then(|| Uuid::from_u128(number - 1)))
                    .bind(Vec::<u8>::new())
                    .bind(later(1).as_micros())
                    .execute(&mut *it)
                    .await
                    .map(drop)
            })
            .unwrap();
        }
        tx.commit().await.unwrap();
        let of = |number| chain(&bench, (red, MINE), number, 0);
        assert_eq!(of(most + 1).await.unwrap_err(), "TooLong");
        // As many as may be, were there anything in them.
        assert_eq!(of(most).await.unwrap_err(), "TooLarge");
    })
    .await;
}

#[tokio::test]
async fn a_conversation_that_goes_on_keeps_its_beginning() {
    each_engine(|bench| async move {
        let red = bench.workspace("red").await;
        let mine = (red, MINE);
        keep(&bench, red, 1, None, 0).await;
        keep(&bench, red, 2, Some(1), 8).await;
        keep(&bench, red, 3, Some(2), 16).await;
        assert_eq!(chain(&bench, mine, 3, 25).await.unwrap(), ["1", "2", "3"]);
        // What nobody goes on from ends as it was to.
        assert_eq!(chain(&bench, mine, 3, 26).await.unwrap_err(), "3");
    })
    .await;
}

#[tokio::test]
async fn what_is_kept_is_sealed_bounded_and_outlives_its_key() {
    each_engine(|bench| async move {
        let red = bench.workspace("red").await;
        keep(&bench, red, 1, None, 0).await;
        let mut tx = bench.store.read().await.unwrap();
        let sealed: Vec<u8> = on!(tx.conn, it => {
            sqlx::query_scalar("SELECT sealed FROM kept_responses").fetch_one(&mut *it).await
        })
        .unwrap();
        drop(tx);
        assert!(!sealed.windows(6).any(|it| it == b"canary"));
        let large = vec![0; MAX_RESPONSE + 1];
        let draft =
            Draft { id: response(2), previous: None, record: &large, items: &[], micros: DAY };
        let error = bench.store.keep_response((red, MINE), &draft, NOON).await;
        assert!(matches!(error, Err(StoreError::Invalid { field: "record", .. })));

        let fresh = crate::testing::key_line();
        let both = format!("{fresh}{}", bench.keys);
        let rotated = bench.reopen(&both).await.unwrap();
        assert!(rotated.rewrap().await.unwrap() >= 1);
        let after = bench.reopen(&fresh).await.unwrap();
        let found = after.kept_response((red, MINE), response(1), NOON).await.unwrap();
        assert_eq!(found.unwrap().expose(), b"canary-record-1");
    })
    .await;
}

#[tokio::test]
async fn a_workspace_takes_what_it_kept_with_it() {
    each_engine(|bench| async move {
        let red = bench.workspace("red").await;
        keep(&bench, red, 1, None, 0).await;
        bench.store.keep(red, &[7; 32], b"hm", NOON).await.unwrap();
        let mut change = bench.change(wayleave_model::id::SYSTEM_WORKSPACE).await;
        crate::workspaces::delete(&mut change, red, None).await.unwrap();
        change.commit().await.unwrap();
        assert_eq!(bench.store.sweep_responses(later(10)).await.unwrap(), 0);
    })
    .await;
}
