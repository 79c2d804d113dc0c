-- Responses kept for clients of providers that keep none, where the workspace says so. `sealed` is
-- the response with its input, bound to workspace and owner. `kept_items` leads from an item's id
-- (a keyed digest of it and of its owner) to the response that holds it.

CREATE TABLE kept_responses (
    workspace_id UUID NOT NULL REFERENCES workspaces (workspace_id),
    id           UUID NOT NULL,
    owner_id     UUID NOT NULL,
    previous_id  UUID,
    bytes        BIGINT NOT NULL,
    sealed       BYTEA NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX kept_responses_expiry ON kept_responses (expires_at);

CREATE TABLE kept_items (
    workspace_id UUID NOT NULL,
    item         BYTEA NOT NULL,
    response_id  UUID NOT NULL,
    PRIMARY KEY (workspace_id, item),
    FOREIGN KEY (workspace_id, response_id)
        REFERENCES kept_responses (workspace_id, id) ON DELETE CASCADE
);
CREATE INDEX kept_items_response ON kept_items (workspace_id, response_id);
