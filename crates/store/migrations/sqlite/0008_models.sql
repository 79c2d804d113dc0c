-- Which model of a type the clients of the API are told to use where they name none: one a type at
-- most, and none until somebody says so.
CREATE TABLE default_models (
    workspace_id BLOB NOT NULL REFERENCES workspaces (workspace_id),
    model_type   TEXT NOT NULL,
    model_id     BLOB NOT NULL,
    managed_by   TEXT,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, model_type),
    FOREIGN KEY (workspace_id, model_id) REFERENCES models (workspace_id, id)
) STRICT;

-- Whether models that the catalog comes to know are enabled at the provider by themselves.
ALTER TABLE providers ADD COLUMN new_models INTEGER NOT NULL DEFAULT 0;
