-- The spine: tenants, configuration, audit and usage.
--
-- Portable columns: ids BLOB, instants INTEGER microseconds UTC, money INTEGER nano-USD, documents TEXT.
-- Every table has workspace_id, and every unique key begins with it, so that no name, id or
-- reference can cross a tenant. Three keys are unique in the instance on purpose: a workspace's
-- name (nothing stands above it), and the hashes of keys and of management tokens (what a client
-- presents names no workspace).
-- The workspace of all zeros is `system`: the operator's own.

CREATE TABLE workspaces (
    workspace_id BLOB NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL,
    time_zone    TEXT NOT NULL,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX workspaces_name ON workspaces (name);

-- The configuration's number: one row, of the system workspace. Its lock orders all changes.
CREATE TABLE revision (
    workspace_id BLOB NOT NULL PRIMARY KEY REFERENCES workspaces (workspace_id),
    number       INTEGER NOT NULL
) STRICT;

-- The revision that last changed each workspace. Rows outlive their workspace, so that nodes learn
-- of its end.
CREATE TABLE workspace_revisions (
    workspace_id BLOB NOT NULL PRIMARY KEY,
    revision     INTEGER NOT NULL
) STRICT;

CREATE TABLE owners (
    workspace_id BLOB NOT NULL REFERENCES workspaces (workspace_id),
    id           BLOB NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    managed_by   TEXT,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX owners_name ON owners (workspace_id, name);

CREATE TABLE providers (
    workspace_id          BLOB NOT NULL REFERENCES workspaces (workspace_id),
    id                    BLOB NOT NULL,
    name                  TEXT NOT NULL,
    kind                  TEXT NOT NULL,
    base_url              TEXT,
    settings              TEXT NOT NULL,
    default_credential_id BLOB,
    enabled               INTEGER NOT NULL,
    managed_by            TEXT,
    version               INTEGER NOT NULL,
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX providers_name ON providers (workspace_id, name);

CREATE TABLE models (
    workspace_id BLOB NOT NULL,
    id           BLOB NOT NULL,
    provider_id  BLOB NOT NULL,
    name         TEXT NOT NULL,
    model_type   TEXT NOT NULL,
    custom       INTEGER NOT NULL,
    enabled      INTEGER NOT NULL,
    facts        TEXT NOT NULL,
    managed_by   TEXT,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES providers (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX models_name ON models (workspace_id, provider_id, name, model_type);

-- `sealed` holds the secret fields: see seal.rs for its layout. `masked` is what people are shown.
CREATE TABLE credentials (
    workspace_id BLOB NOT NULL,
    id           BLOB NOT NULL,
    provider_id  BLOB NOT NULL,
    model_id     BLOB,
    name         TEXT NOT NULL,
    settings     TEXT NOT NULL,
    masked       TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    sealed       BLOB NOT NULL,
    enabled      INTEGER NOT NULL,
    status       TEXT NOT NULL,
    managed_by   TEXT,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES providers (workspace_id, id),
    FOREIGN KEY (workspace_id, model_id) REFERENCES models (workspace_id, id)
) STRICT;
-- Two indexes, because no two NULLs are equal to a unique index.
CREATE UNIQUE INDEX credentials_provider_name ON credentials (workspace_id, provider_id, name)
    WHERE model_id IS NULL;
CREATE UNIQUE INDEX credentials_model_name ON credentials (workspace_id, model_id, name)
    WHERE model_id IS NOT NULL;

-- Prices outlive their model: usage rows name them.
CREATE TABLE price_versions (
    workspace_id   BLOB NOT NULL REFERENCES workspaces (workspace_id),
    id             BLOB NOT NULL,
    model_id       BLOB NOT NULL,
    number         INTEGER NOT NULL,
    free           INTEGER NOT NULL,
    effective_from INTEGER NOT NULL,
    source         TEXT NOT NULL,
    verified_at    INTEGER,
    author         TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX price_versions_number ON price_versions (workspace_id, model_id, number);

CREATE TABLE price_rates (
    workspace_id     BLOB NOT NULL,
    price_version_id BLOB NOT NULL,
    unit             TEXT NOT NULL,
    amount_nanos     INTEGER NOT NULL,
    per              INTEGER NOT NULL,
    currency         TEXT NOT NULL,
    PRIMARY KEY (workspace_id, price_version_id, unit),
    FOREIGN KEY (workspace_id, price_version_id) REFERENCES price_versions (workspace_id, id)
) STRICT;

-- Immutable, and outlive their alias: usage rows name them.
CREATE TABLE route_versions (
    workspace_id  BLOB NOT NULL REFERENCES workspaces (workspace_id),
    id            BLOB NOT NULL,
    alias_id      BLOB NOT NULL,
    number        INTEGER NOT NULL,
    target_groups TEXT NOT NULL,
    policy        TEXT NOT NULL,
    author        TEXT NOT NULL,
    reason        TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX route_versions_number ON route_versions (workspace_id, alias_id, number);

CREATE TABLE aliases (
    workspace_id     BLOB NOT NULL,
    id               BLOB NOT NULL,
    name             TEXT NOT NULL,
    enabled          INTEGER NOT NULL,
    route_version_id BLOB NOT NULL,
    managed_by       TEXT,
    version          INTEGER NOT NULL,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, route_version_id) REFERENCES route_versions (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX aliases_name ON aliases (workspace_id, name);

CREATE TABLE keys (
    workspace_id BLOB NOT NULL,
    id           BLOB NOT NULL,
    name         TEXT NOT NULL,
    owner_id     BLOB NOT NULL,
    environment  TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    aliases      TEXT,
    tags         TEXT NOT NULL,
    enabled      INTEGER NOT NULL,
    expires_at   INTEGER,
    managed_by   TEXT,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, owner_id) REFERENCES owners (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX keys_name ON keys (workspace_id, name);
CREATE INDEX keys_owner ON keys (workspace_id, owner_id);

CREATE TABLE key_versions (
    workspace_id BLOB NOT NULL,
    key_id       BLOB NOT NULL,
    number       INTEGER NOT NULL,
    scheme       TEXT NOT NULL,
    pepper_id    BLOB NOT NULL,
    hash         BLOB NOT NULL,
    prefix       TEXT NOT NULL,
    last_four    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    PRIMARY KEY (workspace_id, key_id, number),
    FOREIGN KEY (workspace_id, key_id) REFERENCES keys (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX key_versions_hash ON key_versions (hash);

CREATE TABLE tokens (
    workspace_id BLOB NOT NULL REFERENCES workspaces (workspace_id),
    id           BLOB NOT NULL,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    scheme       TEXT NOT NULL,
    pepper_id    BLOB NOT NULL,
    hash         BLOB NOT NULL,
    prefix       TEXT NOT NULL,
    last_four    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    PRIMARY KEY (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX tokens_name ON tokens (workspace_id, name);
CREATE UNIQUE INDEX tokens_hash ON tokens (hash);

-- A setting is either plain (`value`) or secret (`sealed`).
CREATE TABLE settings (
    workspace_id BLOB NOT NULL REFERENCES workspaces (workspace_id),
    id           BLOB NOT NULL,
    name         TEXT NOT NULL,
    value        TEXT,
    sealed       BLOB,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX settings_name ON settings (workspace_id, name);

CREATE TABLE nodes (
    workspace_id  BLOB NOT NULL REFERENCES workspaces (workspace_id),
    id            BLOB NOT NULL,
    version       TEXT NOT NULL,
    revision_seen INTEGER NOT NULL,
    started_at    INTEGER NOT NULL,
    last_beat     INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id)
) STRICT;

-- The end of each workspace's audit chain. Its lock makes `seq` gapless and changes serial.
CREATE TABLE audit_heads (
    workspace_id BLOB NOT NULL PRIMARY KEY,
    seq          INTEGER NOT NULL,
    hash         BLOB NOT NULL
) STRICT;

-- Append only. Rows outlive their workspace.
CREATE TABLE audit (
    workspace_id BLOB NOT NULL,
    seq          INTEGER NOT NULL,
    id           BLOB NOT NULL,
    prev_hash    BLOB NOT NULL,
    hash         BLOB NOT NULL,
    at           INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    actor        TEXT NOT NULL,
    role         TEXT NOT NULL,
    addr         TEXT,
    request_id   TEXT,
    action       TEXT NOT NULL,
    target_kind  TEXT NOT NULL,
    target_id    TEXT NOT NULL,
    before_value TEXT,
    after_value  TEXT,
    reason       TEXT NOT NULL,
    PRIMARY KEY (workspace_id, seq)
) STRICT;

-- Usage has no foreign keys: it outlives what it names, and names stand in it as they were.
CREATE TABLE usage_requests (
    workspace_id       BLOB NOT NULL,
    request_id         BLOB NOT NULL,
    started_at         INTEGER NOT NULL,
    node_id            BLOB NOT NULL,
    revision           INTEGER NOT NULL,
    key_id             BLOB NOT NULL,
    key_name           TEXT NOT NULL,
    key_version        INTEGER NOT NULL,
    owner_id           BLOB NOT NULL,
    owner_name         TEXT NOT NULL,
    environment        TEXT NOT NULL,
    tags               TEXT NOT NULL,
    surface            TEXT NOT NULL,
    operation          TEXT NOT NULL,
    alias              TEXT NOT NULL,
    alias_id           BLOB,
    route_version_id   BLOB,
    client             TEXT,
    client_request_id  TEXT,
    trace_id           TEXT,
    probe              INTEGER NOT NULL,
    asked_stream       INTEGER NOT NULL,
    asked_tools        INTEGER NOT NULL,
    asked_vision       INTEGER NOT NULL,
    asked_json_schema  INTEGER NOT NULL,
    asked_reasoning    INTEGER NOT NULL,
    asked_bytes        INTEGER NOT NULL,
    estimated_input    INTEGER NOT NULL,
    provider_name      TEXT,
    model_name         TEXT,
    status             INTEGER NOT NULL,
    error_code         TEXT,
    stream_end         TEXT NOT NULL,
    total_us           INTEGER NOT NULL,
    first_token_us     INTEGER,
    overhead_us        INTEGER NOT NULL,
    edits              TEXT NOT NULL,
    repairs            TEXT NOT NULL,
    losses             TEXT NOT NULL,
    cache_hit          INTEGER NOT NULL,
    attempts           INTEGER NOT NULL,
    input_tokens       INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    cached_tokens      INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    reasoning_tokens   INTEGER NOT NULL,
    cost_nanos         INTEGER NOT NULL,
    usage_source       TEXT NOT NULL,
    PRIMARY KEY (workspace_id, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_requests_key ON usage_requests (workspace_id, key_id, request_id);

CREATE TABLE usage_attempts (
    workspace_id        BLOB NOT NULL,
    request_id          BLOB NOT NULL,
    n                   INTEGER NOT NULL,
    started_at          INTEGER NOT NULL,
    provider_id         BLOB NOT NULL,
    provider_name       TEXT NOT NULL,
    model_id            BLOB NOT NULL,
    model_name          TEXT NOT NULL,
    credential_id       BLOB NOT NULL,
    price_version_id    BLOB,
    max_cost_nanos      INTEGER NOT NULL,
    total_us            INTEGER NOT NULL,
    first_byte_us       INTEGER,
    first_token_us      INTEGER,
    status              INTEGER,
    verdict             TEXT NOT NULL,
    upstream_request_id TEXT,
    usage               TEXT NOT NULL,
    usage_source        TEXT NOT NULL,
    cost_nanos          INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, request_id, n)
) STRICT, WITHOUT ROWID;

-- One row per unit: a receipt. `exchange_rate_version_id` is null for prices in USD.
CREATE TABLE usage_lines (
    workspace_id             BLOB NOT NULL,
    request_id               BLOB NOT NULL,
    n                        INTEGER NOT NULL,
    unit                     TEXT NOT NULL,
    quantity                 INTEGER NOT NULL,
    price_version_id         BLOB,
    cost_nanos               INTEGER NOT NULL,
    unpriced                 INTEGER NOT NULL,
    exchange_rate_version_id BLOB,
    PRIMARY KEY (workspace_id, request_id, n, unit)
) STRICT, WITHOUT ROWID;

-- Personal data stands apart: erasing it leaves the money.
CREATE TABLE usage_people (
    workspace_id BLOB NOT NULL,
    request_id   BLOB NOT NULL,
    client_addr  TEXT,
    end_user     TEXT,
    PRIMARY KEY (workspace_id, request_id)
) STRICT, WITHOUT ROWID;

-- Sums by 15 minutes of UTC. Ids are all zeros where a request had none (an unknown alias, no
-- attempt). The names are the last seen. Requests, errors and time count at the last attempt's
-- target; attempts, tokens and cost at each attempt's own.
CREATE TABLE usage_rollup (
    workspace_id       BLOB NOT NULL,
    bucket             INTEGER NOT NULL,
    node_id            BLOB NOT NULL,
    key_id             BLOB NOT NULL,
    alias_id           BLOB NOT NULL,
    provider_id        BLOB NOT NULL,
    model_id           BLOB NOT NULL,
    operation          TEXT NOT NULL,
    status_class       INTEGER NOT NULL,
    owner_id           BLOB NOT NULL,
    key_name           TEXT NOT NULL,
    owner_name         TEXT NOT NULL,
    alias_name         TEXT NOT NULL,
    provider_name      TEXT NOT NULL,
    model_name         TEXT NOT NULL,
    requests           INTEGER NOT NULL,
    errors             INTEGER NOT NULL,
    attempts           INTEGER NOT NULL,
    input_tokens       INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    cached_tokens      INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    reasoning_tokens   INTEGER NOT NULL,
    cost_nanos         INTEGER NOT NULL,
    total_us           INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, bucket, node_id, key_id, alias_id, provider_id, model_id, operation, status_class)
) STRICT, WITHOUT ROWID;

INSERT INTO workspaces (workspace_id, name, time_zone, version, created_at, updated_at)
VALUES (zeroblob(16), 'system', 'UTC', 1, 0, 0);
INSERT INTO revision (workspace_id, number) VALUES (zeroblob(16), 1);
