-- Responses kept for clients of providers that keep none, where the workspace says so. `sealed` is
-- the response with its input, bound to workspace and owner. `kept_items` leads from an item's id
-- (a keyed digest of it and of its owner) to the response that holds it.

CREATE TABLE kept_responses (
    workspace_id BLOB NOT NULL REFERENCES workspaces (workspace_id),
    id           BLOB NOT NULL,
    owner_id     BLOB NOT NULL,
    previous_id  BLOB,
    bytes        INTEGER NOT NULL,
    sealed       BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id)
) STRICT;
CREATE INDEX kept_responses_expiry ON kept_responses (expires_at);

CREATE TABLE kept_items (
    workspace_id BLOB NOT NULL,
    item         BLOB NOT NULL,
    response_id  BLOB NOT NULL,
    PRIMARY KEY (workspace_id, item),
    FOREIGN KEY (workspace_id, response_id)
        REFERENCES kept_responses (workspace_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_items_response ON kept_items (workspace_id, response_id);
