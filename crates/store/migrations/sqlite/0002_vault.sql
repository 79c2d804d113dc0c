-- Reasoning kept for clients whose dialect has no field for it. Kept for a day: `sealed` is under
-- the key-encryption key of its time, and what can no longer be opened is as good as gone.

CREATE TABLE vault (
    workspace_id BLOB NOT NULL REFERENCES workspaces (workspace_id),
    anchor       BLOB NOT NULL,
    sealed       BLOB NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, anchor)
) STRICT, WITHOUT ROWID;
CREATE INDEX vault_expiry ON vault (workspace_id, expires_at);
