-- The spine: tenants, configuration, audit and usage.
--
-- Portable columns: ids UUID, instants BIGINT microseconds UTC, money BIGINT nano-USD, documents JSONB.
-- Every table has workspace_id, and every unique key begins with it, so that no name, id or
-- reference can cross a tenant. Three keys are unique in the instance on purpose: a workspace's
-- name (nothing stands above it), and the hashes of keys and of management tokens (what a client
-- presents names no workspace).
-- The workspace of all zeros is `system`: the operator's own.

CREATE TABLE workspaces (
    workspace_id UUID NOT NULL PRIMARY KEY,
    name         TEXT NOT NULL,
    time_zone    TEXT NOT NULL,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE UNIQUE INDEX workspaces_name ON workspaces (name);

-- The configuration's number: one row, of the system workspace. Its lock orders all changes.
CREATE TABLE revision (
    workspace_id UUID NOT NULL PRIMARY KEY REFERENCES workspaces (workspace_id),
    number       BIGINT NOT NULL
);

-- The revision that last changed each workspace. Rows outlive their workspace, so that nodes learn
-- of its end.
CREATE TABLE workspace_revisions (
    workspace_id UUID NOT NULL PRIMARY KEY,
    revision     BIGINT NOT NULL
);

CREATE TABLE owners (
    workspace_id UUID NOT NULL REFERENCES workspaces (workspace_id),
    id           UUID NOT NULL,
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    managed_by   TEXT,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX owners_name ON owners (workspace_id, name);

CREATE TABLE providers (
    workspace_id          UUID NOT NULL REFERENCES workspaces (workspace_id),
    id                    UUID NOT NULL,
    name                  TEXT NOT NULL,
    kind                  TEXT NOT NULL,
    base_url              TEXT,
    settings              JSONB NOT NULL,
    default_credential_id UUID,
    enabled               BOOLEAN NOT NULL,
    managed_by            TEXT,
    version               BIGINT NOT NULL,
    created_at            BIGINT NOT NULL,
    updated_at            BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX providers_name ON providers (workspace_id, name);

CREATE TABLE models (
    workspace_id UUID NOT NULL,
    id           UUID NOT NULL,
    provider_id  UUID NOT NULL,
    name         TEXT NOT NULL,
    model_type   TEXT NOT NULL,
    custom       BOOLEAN NOT NULL,
    enabled      BOOLEAN NOT NULL,
    facts        JSONB NOT NULL,
    managed_by   TEXT,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES providers (workspace_id, id)
);
CREATE UNIQUE INDEX models_name ON models (workspace_id, provider_id, name, model_type);

-- `sealed` holds the secret fields: see seal.rs for its layout. `masked` is what people are shown.
CREATE TABLE credentials (
    workspace_id UUID NOT NULL,
    id           UUID NOT NULL,
    provider_id  UUID NOT NULL,
    model_id     UUID,
    name         TEXT NOT NULL,
    settings     JSONB NOT NULL,
    masked       JSONB NOT NULL,
    fingerprint  TEXT NOT NULL,
    sealed       BYTEA NOT NULL,
    enabled      BOOLEAN NOT NULL,
    status       TEXT NOT NULL,
    managed_by   TEXT,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, provider_id) REFERENCES providers (workspace_id, id),
    FOREIGN KEY (workspace_id, model_id) REFERENCES models (workspace_id, id)
);
-- Two indexes, because no two NULLs are equal to a unique index.
CREATE UNIQUE INDEX credentials_provider_name ON credentials (workspace_id, provider_id, name)
    WHERE model_id IS NULL;
CREATE UNIQUE INDEX credentials_model_name ON credentials (workspace_id, model_id, name)
    WHERE model_id IS NOT NULL;

-- Prices outlive their model: usage rows name them.
CREATE TABLE price_versions (
    workspace_id   UUID NOT NULL REFERENCES workspaces (workspace_id),
    id             UUID NOT NULL,
    model_id       UUID NOT NULL,
    number         BIGINT NOT NULL,
    free           BOOLEAN NOT NULL,
    effective_from BIGINT NOT NULL,
    source         TEXT NOT NULL,
    verified_at    BIGINT,
    author         TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX price_versions_number ON price_versions (workspace_id, model_id, number);

CREATE TABLE price_rates (
    workspace_id     UUID NOT NULL,
    price_version_id UUID NOT NULL,
    unit             TEXT NOT NULL,
    amount_nanos     BIGINT NOT NULL,
    per              BIGINT NOT NULL,
    currency         TEXT NOT NULL,
    PRIMARY KEY (workspace_id, price_version_id, unit),
    FOREIGN KEY (workspace_id, price_version_id) REFERENCES price_versions (workspace_id, id)
);

-- Immutable, and outlive their alias: usage rows name them.
CREATE TABLE route_versions (
    workspace_id  UUID NOT NULL REFERENCES workspaces (workspace_id),
    id            UUID NOT NULL,
    alias_id      UUID NOT NULL,
    number        BIGINT NOT NULL,
    target_groups JSONB NOT NULL,
    policy        JSONB NOT NULL,
    author        TEXT NOT NULL,
    reason        TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX route_versions_number ON route_versions (workspace_id, alias_id, number);

CREATE TABLE aliases (
    workspace_id     UUID NOT NULL,
    id               UUID NOT NULL,
    name             TEXT NOT NULL,
    enabled          BOOLEAN NOT NULL,
    route_version_id UUID NOT NULL,
    managed_by       TEXT,
    version          BIGINT NOT NULL,
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, route_version_id) REFERENCES route_versions (workspace_id, id)
);
CREATE UNIQUE INDEX aliases_name ON aliases (workspace_id, name);

CREATE TABLE keys (
    workspace_id UUID NOT NULL,
    id           UUID NOT NULL,
    name         TEXT NOT NULL,
    owner_id     UUID NOT NULL,
    environment  TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    aliases      JSONB,
    tags         JSONB NOT NULL,
    enabled      BOOLEAN NOT NULL,
    expires_at   BIGINT,
    managed_by   TEXT,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, owner_id) REFERENCES owners (workspace_id, id)
);
CREATE UNIQUE INDEX keys_name ON keys (workspace_id, name);
CREATE INDEX keys_owner ON keys (workspace_id, owner_id);

CREATE TABLE key_versions (
    workspace_id UUID NOT NULL,
    key_id       UUID NOT NULL,
    number       BIGINT NOT NULL,
    scheme       TEXT NOT NULL,
    pepper_id    UUID NOT NULL,
    hash         BYTEA NOT NULL,
    prefix       TEXT NOT NULL,
    last_four    TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    PRIMARY KEY (workspace_id, key_id, number),
    FOREIGN KEY (workspace_id, key_id) REFERENCES keys (workspace_id, id)
);
CREATE UNIQUE INDEX key_versions_hash ON key_versions (hash);

CREATE TABLE tokens (
    workspace_id UUID NOT NULL REFERENCES workspaces (workspace_id),
    id           UUID NOT NULL,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL,
    scheme       TEXT NOT NULL,
    pepper_id    UUID NOT NULL,
    hash         BYTEA NOT NULL,
    prefix       TEXT NOT NULL,
    last_four    TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX tokens_name ON tokens (workspace_id, name);
CREATE UNIQUE INDEX tokens_hash ON tokens (hash);

-- A setting is either plain (`value`) or secret (`sealed`).
CREATE TABLE settings (
    workspace_id UUID NOT NULL REFERENCES workspaces (workspace_id),
    id           UUID NOT NULL,
    name         TEXT NOT NULL,
    value        JSONB,
    sealed       BYTEA,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE UNIQUE INDEX settings_name ON settings (workspace_id, name);

CREATE TABLE nodes (
    workspace_id  UUID NOT NULL REFERENCES workspaces (workspace_id),
    id            UUID NOT NULL,
    version       TEXT NOT NULL,
    revision_seen BIGINT NOT NULL,
    started_at    BIGINT NOT NULL,
    last_beat     BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);

-- The end of each workspace's audit chain. Its lock makes `seq` gapless and changes serial.
CREATE TABLE audit_heads (
    workspace_id UUID NOT NULL PRIMARY KEY,
    seq          BIGINT NOT NULL,
    hash         BYTEA NOT NULL
);

-- Append only. Rows outlive their workspace.
CREATE TABLE audit (
    workspace_id UUID NOT NULL,
    seq          BIGINT NOT NULL,
    id           UUID NOT NULL,
    prev_hash    BYTEA NOT NULL,
    hash         BYTEA NOT NULL,
    at           BIGINT NOT NULL,
    revision     BIGINT NOT NULL,
    actor        TEXT NOT NULL,
    role         TEXT NOT NULL,
    addr         TEXT,
    request_id   TEXT,
    action       TEXT NOT NULL,
    target_kind  TEXT NOT NULL,
    target_id    TEXT NOT NULL,
    before_value JSONB,
    after_value  JSONB,
    reason       TEXT NOT NULL,
    PRIMARY KEY (workspace_id, seq)
);

-- Usage has no foreign keys: it outlives what it names, and names stand in it as they were.
CREATE TABLE usage_requests (
    workspace_id       UUID NOT NULL,
    request_id         UUID NOT NULL,
    started_at         BIGINT NOT NULL,
    node_id            UUID NOT NULL,
    revision           BIGINT NOT NULL,
    key_id             UUID NOT NULL,
    key_name           TEXT NOT NULL,
    key_version        BIGINT NOT NULL,
    owner_id           UUID NOT NULL,
    owner_name         TEXT NOT NULL,
    environment        TEXT NOT NULL,
    tags               JSONB NOT NULL,
    surface            TEXT NOT NULL,
    operation          TEXT NOT NULL,
    alias              TEXT NOT NULL,
    alias_id           UUID,
    route_version_id   UUID,
    client             TEXT,
    client_request_id  TEXT,
    trace_id           TEXT,
    probe              BOOLEAN NOT NULL,
    asked_stream       BOOLEAN NOT NULL,
    asked_tools        BOOLEAN NOT NULL,
    asked_vision       BOOLEAN NOT NULL,
    asked_json_schema  BOOLEAN NOT NULL,
    asked_reasoning    BOOLEAN NOT NULL,
    asked_bytes        BIGINT NOT NULL,
    estimated_input    BIGINT NOT NULL,
    provider_name      TEXT,
    model_name         TEXT,
    status             BIGINT NOT NULL,
    error_code         TEXT,
    stream_end         TEXT NOT NULL,
    total_us           BIGINT NOT NULL,
    first_token_us     BIGINT,
    overhead_us        BIGINT NOT NULL,
    edits              JSONB NOT NULL,
    repairs            JSONB NOT NULL,
    losses             JSONB NOT NULL,
    cache_hit          BOOLEAN NOT NULL,
    attempts           BIGINT NOT NULL,
    input_tokens       BIGINT NOT NULL,
    output_tokens      BIGINT NOT NULL,
    cached_tokens      BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    reasoning_tokens   BIGINT NOT NULL,
    cost_nanos         BIGINT NOT NULL,
    usage_source       TEXT NOT NULL,
    PRIMARY KEY (workspace_id, request_id)
);
CREATE INDEX usage_requests_key ON usage_requests (workspace_id, key_id, request_id);

CREATE TABLE usage_attempts (
    workspace_id        UUID NOT NULL,
    request_id          UUID NOT NULL,
    n                   BIGINT NOT NULL,
    started_at          BIGINT NOT NULL,
    provider_id         UUID NOT NULL,
    provider_name       TEXT NOT NULL,
    model_id            UUID NOT NULL,
    model_name          TEXT NOT NULL,
    credential_id       UUID NOT NULL,
    price_version_id    UUID,
    max_cost_nanos      BIGINT NOT NULL,
    total_us            BIGINT NOT NULL,
    first_byte_us       BIGINT,
    first_token_us      BIGINT,
    status              BIGINT,
    verdict             TEXT NOT NULL,
    upstream_request_id TEXT,
    usage               JSONB NOT NULL,
    usage_source        TEXT NOT NULL,
    cost_nanos          BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, request_id, n)
);

-- One row per unit: a receipt. `exchange_rate_version_id` is null for prices in USD.
CREATE TABLE usage_lines (
    workspace_id             UUID NOT NULL,
    request_id               UUID NOT NULL,
    n                        BIGINT NOT NULL,
    unit                     TEXT NOT NULL,
    quantity                 BIGINT NOT NULL,
    price_version_id         UUID,
    cost_nanos               BIGINT NOT NULL,
    unpriced                 BOOLEAN NOT NULL,
    exchange_rate_version_id UUID,
    PRIMARY KEY (workspace_id, request_id, n, unit)
);

-- Personal data stands apart: erasing it leaves the money.
CREATE TABLE usage_people (
    workspace_id UUID NOT NULL,
    request_id   UUID NOT NULL,
    client_addr  TEXT,
    end_user     TEXT,
    PRIMARY KEY (workspace_id, request_id)
);

-- Sums by 15 minutes of UTC. Ids are all zeros where a request had none (an unknown alias, no
-- attempt). The names are the last seen. Requests, errors and time count at the last attempt's
-- target; attempts, tokens and cost at each attempt's own.
CREATE TABLE usage_rollup (
    workspace_id       UUID NOT NULL,
    bucket             BIGINT NOT NULL,
    node_id            UUID NOT NULL,
    key_id             UUID NOT NULL,
    alias_id           UUID NOT NULL,
    provider_id        UUID NOT NULL,
    model_id           UUID NOT NULL,
    operation          TEXT NOT NULL,
    status_class       BIGINT NOT NULL,
    owner_id           UUID NOT NULL,
    key_name           TEXT NOT NULL,
    owner_name         TEXT NOT NULL,
    alias_name         TEXT NOT NULL,
    provider_name      TEXT NOT NULL,
    model_name         TEXT NOT NULL,
    requests           BIGINT NOT NULL,
    errors             BIGINT NOT NULL,
    attempts           BIGINT NOT NULL,
    input_tokens       BIGINT NOT NULL,
    output_tokens      BIGINT NOT NULL,
    cached_tokens      BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    reasoning_tokens   BIGINT NOT NULL,
    cost_nanos         BIGINT NOT NULL,
    total_us           BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, bucket, node_id, key_id, alias_id, provider_id, model_id, operation, status_class)
);

INSERT INTO workspaces (workspace_id, name, time_zone, version, created_at, updated_at)
VALUES ('00000000-0000-0000-0000-000000000000', 'system', 'UTC', 1, 0, 0);
INSERT INTO revision (workspace_id, number) VALUES ('00000000-0000-0000-0000-000000000000', 1);
