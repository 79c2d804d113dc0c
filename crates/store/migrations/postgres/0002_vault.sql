-- Reasoning kept for clients whose dialect has no field for it. Kept for a day: `sealed` is under
-- the key-encryption key of its time, and what can no longer be opened is as good as gone.

CREATE TABLE vault (
    workspace_id UUID NOT NULL REFERENCES workspaces (workspace_id),
    anchor       BYTEA NOT NULL,
    sealed       BYTEA NOT NULL,
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, anchor)
);
CREATE INDEX vault_expiry ON vault (workspace_id, expires_at);
