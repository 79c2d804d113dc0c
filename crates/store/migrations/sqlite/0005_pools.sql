-- Pools: the credentials that share a model's load; and the plans that grant them.

-- What the operator grants workspaces: rows of the system workspace.
CREATE TABLE plans (
    workspace_id BLOB NOT NULL REFERENCES workspaces (workspace_id),
    id           BLOB NOT NULL,
    name         TEXT NOT NULL,
    features     TEXT NOT NULL,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX plans_name ON plans (workspace_id, name);

-- NULL: everything is granted.
ALTER TABLE workspaces ADD COLUMN plan_id BLOB;

-- One of a model at most; kept when it is switched off.
CREATE TABLE pools (
    workspace_id BLOB NOT NULL,
    model_id     BLOB NOT NULL,
    enabled      INTEGER NOT NULL,
    strategy     TEXT NOT NULL,
    managed_by   TEXT,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, model_id),
    FOREIGN KEY (workspace_id, model_id) REFERENCES models (workspace_id, id)
) STRICT;

-- `credential_id` NULL: whichever credential is the default.
CREATE TABLE pool_entries (
    workspace_id  BLOB NOT NULL,
    id            BLOB NOT NULL,
    model_id      BLOB NOT NULL,
    position      INTEGER NOT NULL,
    credential_id BLOB,
    weight        INTEGER NOT NULL,
    enabled       INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, model_id) REFERENCES pools (workspace_id, model_id),
    FOREIGN KEY (workspace_id, credential_id) REFERENCES credentials (workspace_id, id)
) STRICT;
CREATE INDEX pool_entries_model ON pool_entries (workspace_id, model_id, position);
CREATE INDEX pool_entries_credential ON pool_entries (workspace_id, credential_id);
