-- What the operator supplies workspaces with: grants of providers of the system workspace, their
-- quotas, and what was used of them.

ALTER TABLE providers ADD COLUMN preference TEXT;

-- One of a provider at most. `system_provider_id` is of the system workspace, so it has no foreign key.
-- `models` NULL: all that are predefined.
CREATE TABLE grants (
    workspace_id       UUID NOT NULL,
    id                 UUID NOT NULL,
    provider_id        UUID NOT NULL,
    system_provider_id UUID NOT NULL,
    models             JSONB,
    enabled            BOOLEAN NOT NULL,
    version            BIGINT NOT NULL,
    created_at         BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES providers (workspace_id, id)
);
CREATE UNIQUE INDEX grants_provider ON grants (workspace_id, provider_id);
CREATE INDEX grants_system ON grants (system_provider_id);

CREATE TABLE quotas (
    workspace_id UUID NOT NULL,
    id           UUID NOT NULL,
    grant_id     UUID NOT NULL,
    type         TEXT NOT NULL,
    unit         TEXT NOT NULL,
    quota_limit  BIGINT NOT NULL,
    expires_at   BIGINT,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, grant_id) REFERENCES grants (workspace_id, id)
);
CREATE UNIQUE INDEX quotas_grant ON quotas (workspace_id, grant_id, type);

-- News, not configuration: written with the rows of usage that it sums. No foreign key: usage may come
-- in after its quota is gone.
CREATE TABLE quota_uses (
    workspace_id UUID NOT NULL,
    quota_id     UUID NOT NULL,
    used         BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, quota_id)
);

-- Whose credentials served: `system` or `custom`; NULL: nobody's, or from before this was noted.
ALTER TABLE usage_attempts ADD COLUMN supply TEXT;
ALTER TABLE usage_attempts ADD COLUMN quota_type TEXT;
ALTER TABLE usage_attempts ADD COLUMN quota_id UUID;
ALTER TABLE usage_requests ADD COLUMN supply TEXT;
ALTER TABLE usage_requests ADD COLUMN quota_type TEXT;
