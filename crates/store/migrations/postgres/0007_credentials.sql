-- What asking a credential's provider has shown. `validated` is `proven`, `skipped` (saved unasked by
-- explicit wish) or `refused`; null: nobody asked. The last two are news, not configuration: they
-- change without a revision.
ALTER TABLE credentials ADD COLUMN validated TEXT;
ALTER TABLE credentials ADD COLUMN proof TEXT;
ALTER TABLE credentials ADD COLUMN proven_by TEXT;
ALTER TABLE credentials ADD COLUMN last_proven_at BIGINT;
ALTER TABLE credentials ADD COLUMN last_checked_at BIGINT;
ALTER TABLE credentials ADD COLUMN last_used_at BIGINT;

-- Which of a model's own credentials serves it. So far it was the oldest one that was enabled.
ALTER TABLE models ADD COLUMN default_credential_id UUID;
UPDATE models SET default_credential_id = (
    SELECT c.id FROM credentials c
    WHERE c.workspace_id = models.workspace_id AND c.model_id = models.id
    ORDER BY c.enabled DESC, c.id LIMIT 1
);

-- Answers of the management API, by the key that the sender of a request chose. `request` is a digest
-- of what was asked; `sealed` is null while it is under way. Outlives its workspace by a day at most.
CREATE TABLE replays (
    workspace_id UUID NOT NULL,
    anchor       BYTEA NOT NULL,
    request      BYTEA NOT NULL,
    sealed       BYTEA,
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, anchor)
);
