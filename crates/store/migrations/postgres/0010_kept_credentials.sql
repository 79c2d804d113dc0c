-- Custom models that were removed with the wish to keep their credentials, which are here as they
-- were: the model can be added again without typing a secret.
CREATE TABLE kept_models (
    workspace_id          UUID NOT NULL,
    id                    UUID NOT NULL,
    provider_id           UUID NOT NULL,
    name                  TEXT NOT NULL,
    model_type            TEXT NOT NULL,
    facts                 JSONB NOT NULL,
    default_credential_id UUID,
    managed_by            TEXT,
    version               BIGINT NOT NULL,
    created_at            BIGINT NOT NULL,
    removed_at            BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES providers (workspace_id, id)
);

CREATE TABLE kept_credentials (
    workspace_id    UUID NOT NULL,
    id              UUID NOT NULL,
    provider_id     UUID NOT NULL,
    model_id        UUID NOT NULL,
    name            TEXT NOT NULL,
    settings        JSONB NOT NULL,
    masked          JSONB NOT NULL,
    fingerprint     TEXT NOT NULL,
    sealed          BYTEA NOT NULL,
    enabled         BOOLEAN NOT NULL,
    status          TEXT NOT NULL,
    validated       TEXT,
    proof           TEXT,
    proven_by       TEXT,
    last_proven_at  BIGINT,
    last_checked_at BIGINT,
    last_used_at    BIGINT,
    managed_by      TEXT,
    version         BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, model_id) REFERENCES kept_models (workspace_id, id)
);
