//! Both engines have the same tables, columns and indexes, and every key begins with a workspace.

use std::collections::{BTreeMap, BTreeSet};

use wayleave_model::Clock;

use crate::db::Conn;
use crate::testing::{Schema, each_engine, key_line, ring};
use crate::*;

/// Type class and whether it may be null.
type Column = (&'static str, bool);

/// Table, columns in order, unique, partial.
type Index = (String, Vec<String>, bool, bool);

#[derive(Debug, PartialEq, Eq)]
struct Shape {
    columns: BTreeMap<(String, String), Column>,
    indexes: BTreeSet<Index>,
}

async fn shapes() -> Vec<Shape> {
    let shapes = std::sync::Mutex::new(Vec::new());
    each_engine(|bench| {
        let shapes = &shapes;
        async move {
            let mut tx = bench.store.read().await.unwrap();
            let shape = match &mut tx.conn {
                Conn::Sqlite(open) => sqlite_shape(open).await,
                Conn::Postgres(open) => postgres_shape(open).await,
            };
            shapes.lock().unwrap().push(shape);
        }
    })
    .await;
    shapes.into_inner().unwrap()
}

#[tokio::test]
async fn both_engines_have_the_same_schema() {
    let [sqlite, postgres] = shapes().await.try_into().unwrap();
    assert!(sqlite.columns.len() > 150 && sqlite.indexes.len() > 30);
    assert_eq!(sqlite.columns, postgres.columns);
    assert_eq!(sqlite.indexes, postgres.indexes);
}

#[tokio::test]
async fn every_table_and_every_unique_key_has_a_workspace() {
    // What a client presents names no workspace, and nothing stands above a workspace's name.
    let instance_wide = [
        ("workspaces", "name"),
        ("key_versions", "hash"),
        ("tokens", "hash"),
        ("invitations", "hash"),
        ("sessions", "hash"),
    ];
    let shape = &shapes().await[0];
    let tables: BTreeSet<&String> = shape.columns.keys().map(|(table, _)| table).collect();
    for table in tables.into_iter().filter(|it| *it != "schema_migrations") {
        let key = (table.clone(), "workspace_id".to_owned());
        assert_eq!(shape.columns.get(&key), Some(&("id or bytes", false)), "{table}");
    }
    for (table, columns, unique, _) in &shape.indexes {
        let allowed = table == "schema_migrations"
            || columns.len() == 1 && instance_wide.contains(&(table, &columns[0]));
        assert!(!unique || allowed || columns[0] == "workspace_id", "{table} {columns:?}");
    }
}

#[tokio::test]
async fn an_old_postgresql_is_refused_until_it_is_migrated() {
    let schema = Schema::create().await;
    let (url, clock, keys) = (schema.url(), Clock::system(), key_line());
    let opened = Store::open(&url, ring(&keys), clock.clone()).await;
    assert!(matches!(opened, Err(StoreError::SchemaTooOld { have: 0, want: SCHEMA })));
    // All at once, as nodes that are started together do.
    let (one, two) = tokio::join!(migrate(&url, &clock), migrate(&url, &clock));
    assert_eq!((one.unwrap().to, two.unwrap().to), (SCHEMA, SCHEMA));
    let again = migrate(&url, &clock).await.unwrap();
    assert_eq!(again, Migrated { from: SCHEMA, to: SCHEMA });
    Store::open(&url, ring(&keys), clock).await.unwrap();
    schema.drop().await;
}

#[tokio::test]
async fn a_schema_from_a_newer_binary_is_accepted() {
    const NEWER: &str = "INSERT INTO schema_migrations (number, name, applied_at)
        VALUES (999, 'later', 0)";
    each_engine(|bench| async move {
        let mut tx = bench.store.write().await.unwrap();
        db::on!(tx.conn, it => sqlx::query(NEWER).execute(&mut *it).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
        bench.reopen(&bench.keys).await.unwrap();
        let done = migrate(&bench.url, &bench.clock).await.unwrap();
        assert_eq!(done, Migrated { from: 999, to: 999 });
    })
    .await;
}

async fn sqlite_shape(conn: &mut sqlx::SqliteConnection) -> Shape {
    const COLUMNS: &str = "SELECT t.name, c.name, c.type, c.\"notnull\" FROM sqlite_schema t
        JOIN pragma_table_info(t.name) c WHERE t.type = 'table'";
    const INDEXES: &str = "SELECT t.name, i.name, i.\"unique\", i.partial, c.name
        FROM sqlite_schema t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
        WHERE t.type = 'table' ORDER BY i.name, c.seqno";
    let columns: Vec<(String, String, String, bool)> =
        sqlx::query_as(COLUMNS).fetch_all(&mut *conn).await.unwrap();
    let rows: Vec<(String, String, bool, bool, String)> =
        sqlx::query_as(INDEXES).fetch_all(&mut *conn).await.unwrap();
    shape(columns, rows)
}

async fn postgres_shape(conn: &mut sqlx::PgConnection) -> Shape {
    const COLUMNS: &str = "SELECT table_name::text, column_name::text, data_type::text,
            is_nullable = 'NO'
        FROM information_schema.columns WHERE table_schema = current_schema()";
    const INDEXES: &str = "SELECT t.relname::text, n.relname::text, i.indisunique,
            i.indpred IS NOT NULL, a.attname::text
        FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
        JOIN pg_class n ON n.oid = i.indexrelid
        CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place)
        JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum
        WHERE t.relnamespace = current_schema()::regnamespace ORDER BY n.relname, k.place";
    let columns: Vec<(String, String, String, bool)> =
        sqlx::query_as(COLUMNS).fetch_all(&mut *conn).await.unwrap();
    let rows: Vec<(String, String, bool, bool, String)> =
        sqlx::query_as(INDEXES).fetch_all(&mut *conn).await.unwrap();
    shape(columns, rows)
}

fn shape(
    columns: Vec<(String, String, String, bool)>,
    rows: Vec<(String, String, bool, bool, String)>,
) -> Shape {
    let columns = columns
        .into_iter()
        .map(|(table, column, kind, required)| ((table, column), (class(&kind), !required)))
        .collect();
    let mut indexes: BTreeMap<(String, String), Index> = BTreeMap::new();
    for (table, index, unique, partial, column) in rows {
        let named = indexes
            .entry((table.clone(), index))
            .or_insert_with(|| (table, Vec::new(), unique, partial));
        named.1.push(column);
    }
    Shape { columns, indexes: indexes.into_values().collect() }
}

fn class(kind: &str) -> &'static str {
    match kind {
        "INTEGER" | "BIGINT" | "bigint" | "boolean" => "number",
        "TEXT" | "text" | "jsonb" => "text or document",
        "BLOB" | "uuid" | "bytea" => "id or bytes",
        _ => panic!("`{kind}` is no portable type"),
    }
}
