-- Proofs of credentials that cost: one row for each, written before the call, so that a workspace's
-- budget holds over all nodes. No references: it outlives what it names, as usage does. `outcome` is
-- null until the proof has ended, and stays so if its process did not live that long.
CREATE TABLE proofs (
    workspace_id     BLOB NOT NULL,
    id               BLOB NOT NULL,
    started_at       INTEGER NOT NULL,
    asked_by         TEXT NOT NULL,
    provider_id      BLOB,
    provider_name    TEXT NOT NULL,
    credential_id    BLOB,
    model_id         BLOB,
    model_name       TEXT NOT NULL,
    outcome          TEXT,
    calls            INTEGER NOT NULL,
    usage            TEXT NOT NULL,
    usage_source     TEXT NOT NULL,
    price_version_id BLOB,
    lines            TEXT NOT NULL,
    cost_nanos       INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id)
) STRICT, WITHOUT ROWID;
