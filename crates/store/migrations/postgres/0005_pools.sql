-- Pools: the credentials that share a model's load; and the plans that grant them.

-- What the operator grants workspaces: rows of the system workspace.
CREATE TABLE plans (
    workspace_id UUID NOT NULL REFERENCES workspaces (workspace_id),
    id           UUID NOT NULL,
    name         TEXT NOT NULL,
    features     JSONB NOT NULL,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX plans_name ON plans (workspace_id, name);

-- NULL: everything is granted.
ALTER TABLE workspaces ADD COLUMN plan_id UUID;

-- One of a model at most; kept when it is switched off.
CREATE TABLE pools (
    workspace_id UUID NOT NULL,
    model_id     UUID NOT NULL,
    enabled      BOOLEAN NOT NULL,
    strategy     TEXT NOT NULL,
    managed_by   TEXT,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, model_id),
    FOREIGN KEY (workspace_id, model_id) REFERENCES models (workspace_id, id)
);

-- `credential_id` NULL: whichever credential is the default.
CREATE TABLE pool_entries (
    workspace_id  UUID NOT NULL,
    id            UUID NOT NULL,
    model_id      UUID NOT NULL,
    position      BIGINT NOT NULL,
    credential_id UUID,
    weight        BIGINT NOT NULL,
    enabled       BOOLEAN NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, model_id) REFERENCES pools (workspace_id, model_id),
    FOREIGN KEY (workspace_id, credential_id) REFERENCES credentials (workspace_id, id)
);
CREATE INDEX pool_entries_model ON pool_entries (workspace_id, model_id, position);
CREATE INDEX pool_entries_credential ON pool_entries (workspace_id, credential_id);
