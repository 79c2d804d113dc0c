-- Custom models that were removed with the wish to keep their credentials, which are here as they
-- were: the model can be added again without typing a secret.
CREATE TABLE kept_models (
    workspace_id          BLOB NOT NULL,
    id                    BLOB NOT NULL,
    provider_id           BLOB NOT NULL,
    name                  TEXT NOT NULL,
    model_type            TEXT NOT NULL,
    facts                 TEXT NOT NULL,
    default_credential_id BLOB,
    managed_by            TEXT,
    version               INTEGER NOT NULL,
    created_at            INTEGER NOT NULL,
    removed_at            INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES providers (workspace_id, id)
) STRICT;

CREATE TABLE kept_credentials (
    workspace_id    BLOB NOT NULL,
    id              BLOB NOT NULL,
    provider_id     BLOB NOT NULL,
    model_id        BLOB NOT NULL,
    name            TEXT NOT NULL,
    settings        TEXT NOT NULL,
    masked          TEXT NOT NULL,
    fingerprint     TEXT NOT NULL,
    sealed          BLOB NOT NULL,
    enabled         INTEGER NOT NULL,
    status          TEXT NOT NULL,
    validated       TEXT,
    proof           TEXT,
    proven_by       TEXT,
    last_proven_at  INTEGER,
    last_checked_at INTEGER,
    last_used_at    INTEGER,
    managed_by      TEXT,
    version         INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, model_id) REFERENCES kept_models (workspace_id, id)
) STRICT;
