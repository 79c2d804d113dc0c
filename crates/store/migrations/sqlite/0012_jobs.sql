-- Calls that a provider answers later. A row is committed before the provider is called. Found again by
-- id, by owner (newest first), and by what is due.
CREATE TABLE jobs (
    workspace_id BLOB NOT NULL,
    id           BLOB NOT NULL,
    owner_id     BLOB NOT NULL,
    state        TEXT NOT NULL,
    origin       TEXT NOT NULL,
    vendor_id    TEXT,
    news         TEXT NOT NULL,
    settled      INTEGER NOT NULL,
    due_at       INTEGER,
    lease_owner  BLOB,
    lease_until  INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER,
    PRIMARY KEY (workspace_id, id)
) STRICT;
CREATE INDEX jobs_owner ON jobs (workspace_id, owner_id, id);
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
