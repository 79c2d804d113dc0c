-- Proofs of credentials that cost: one row for each, written before the call, so that a workspace's
-- budget holds over all nodes. No references: it outlives what it names, as usage does. `outcome` is
-- null until the proof has ended, and stays so if its process did not live that long.
CREATE TABLE proofs (
    workspace_id     UUID NOT NULL,
    id               UUID NOT NULL,
    started_at       BIGINT NOT NULL,
    asked_by         TEXT NOT NULL,
    provider_id      UUID,
    provider_name    TEXT NOT NULL,
    credential_id    UUID,
    model_id         UUID,
    model_name       TEXT NOT NULL,
    outcome          TEXT,
    calls            BIGINT NOT NULL,
    usage            JSONB NOT NULL,
    usage_source     TEXT NOT NULL,
    price_version_id UUID,
    lines            JSONB NOT NULL,
    cost_nanos       BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
