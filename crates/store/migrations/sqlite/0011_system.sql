-- What the operator supplies workspaces with: grants of providers of the system workspace, their
-- quotas, and what was used of them.

ALTER TABLE providers ADD COLUMN preference TEXT;

-- One of a provider at most. `system_provider_id` is of the system workspace, so it has no foreign key.
-- `models` NULL: all that are predefined.
CREATE TABLE grants (
    workspace_id       BLOB NOT NULL,
    id                 BLOB NOT NULL,
    provider_id        BLOB NOT NULL,
    system_provider_id BLOB NOT NULL,
    models             TEXT,
    enabled            INTEGER NOT NULL,
    version            INTEGER NOT NULL,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES providers (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX grants_provider ON grants (workspace_id, provider_id);
CREATE INDEX grants_system ON grants (system_provider_id);

CREATE TABLE quotas (
    workspace_id BLOB NOT NULL,
    id           BLOB NOT NULL,
    grant_id     BLOB NOT NULL,
    type         TEXT NOT NULL,
    unit         TEXT NOT NULL,
    quota_limit  INTEGER NOT NULL,
    expires_at   INTEGER,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, grant_id) REFERENCES grants (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX quotas_grant ON quotas (workspace_id, grant_id, type);

-- News, not configuration: written with the rows of usage that it sums. No foreign key: usage may come
-- in after its quota is gone.
CREATE TABLE quota_uses (
    workspace_id BLOB NOT NULL,
    quota_id     BLOB NOT NULL,
    used         INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, quota_id)
) STRICT, WITHOUT ROWID;

-- Whose credentials served: `system` or `custom`; NULL: nobody's, or from before this was noted.
ALTER TABLE usage_attempts ADD COLUMN supply TEXT;
ALTER TABLE usage_attempts ADD COLUMN quota_type TEXT;
ALTER TABLE usage_attempts ADD COLUMN quota_id BLOB;
ALTER TABLE usage_requests ADD COLUMN supply TEXT;
ALTER TABLE usage_requests ADD COLUMN quota_type TEXT;
