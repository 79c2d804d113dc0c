-- People and how they sign in. People, identities and sessions stand in the system workspace: one
-- person may be in many workspaces. The hashes of invitations and sessions are unique in the
-- instance: what is presented names no workspace.

CREATE TABLE people (
    workspace_id    BLOB NOT NULL REFERENCES workspaces (workspace_id),
    id              BLOB NOT NULL,
    email           TEXT NOT NULL,
    name            TEXT NOT NULL,
    password        TEXT,
    operator        TEXT,
    enabled         INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    last_sign_in_at INTEGER,
    PRIMARY KEY (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX people_email ON people (workspace_id, email);

-- What a person is at another system.
CREATE TABLE identities (
    workspace_id BLOB NOT NULL,
    issuer       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    person_id    BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, issuer, subject),
    FOREIGN KEY (workspace_id, person_id) REFERENCES people (workspace_id, id)
) STRICT;
CREATE INDEX identities_person ON identities (workspace_id, person_id);

-- No foreign key to people: their rows are of another workspace.
CREATE TABLE members (
    workspace_id BLOB NOT NULL REFERENCES workspaces (workspace_id),
    person_id    BLOB NOT NULL,
    role         TEXT NOT NULL,
    granted_by   TEXT NOT NULL,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, person_id)
) STRICT;
CREATE UNIQUE INDEX members_owner ON members (workspace_id) WHERE role = 'owner';
CREATE INDEX members_person ON members (person_id);

CREATE TABLE invitations (
    workspace_id BLOB NOT NULL REFERENCES workspaces (workspace_id),
    id           BLOB NOT NULL,
    email        TEXT NOT NULL,
    role         TEXT NOT NULL,
    scheme       TEXT NOT NULL,
    pepper_id    BLOB NOT NULL,
    hash         BLOB NOT NULL,
    invited_by   TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    accepted_at  INTEGER,
    revoked_at   INTEGER,
    PRIMARY KEY (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX invitations_hash ON invitations (hash);

CREATE TABLE sessions (
    workspace_id BLOB NOT NULL,
    id           BLOB NOT NULL,
    person_id    BLOB NOT NULL,
    how          TEXT NOT NULL,
    scheme       TEXT NOT NULL,
    pepper_id    BLOB NOT NULL,
    hash         BLOB NOT NULL,
    addr         TEXT,
    agent        TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    seen_at      INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, person_id) REFERENCES people (workspace_id, id)
) STRICT;
CREATE UNIQUE INDEX sessions_hash ON sessions (hash);
CREATE INDEX sessions_person ON sessions (workspace_id, person_id);

-- What a token may do of what its role may; NULL: all of it.
ALTER TABLE tokens ADD COLUMN scopes TEXT;
