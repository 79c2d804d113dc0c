-- Calls that a provider answers later. A row is committed before the provider is called. Found again by
-- id, by owner (newest first), and by what is due.
CREATE TABLE jobs (
    workspace_id UUID NOT NULL,
    id           UUID NOT NULL,
    owner_id     UUID NOT NULL,
    state        TEXT NOT NULL,
    origin       JSONB NOT NULL,
    vendor_id    TEXT,
    news         JSONB NOT NULL,
    settled      BOOLEAN NOT NULL,
    due_at       BIGINT,
    lease_owner  UUID,
    lease_until  BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    deleted_at   BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX jobs_owner ON jobs (workspace_id, owner_id, id);
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
