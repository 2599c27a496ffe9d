-- Files of the team, by the SHA-256 of their bytes: decisions whose signature was verified, and policies. A file stays here
-- when it disappears elsewhere.
CREATE TABLE team_files (
    name     TEXT PRIMARY KEY,
    -- 'rules' for a policy, else the kind of the decision.
    kind     TEXT NOT NULL,
    -- The version that it is about; NULL for policies and what agrees to one.
    digest   BLOB,
    bytes    BLOB NOT NULL,
    -- The key that signed it; NULL for a policy.
    key      TEXT,
    -- Its object in git; NULL until it was handed out.
    object   TEXT,
    added_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX team_files_by_digest ON team_files (digest);
CREATE INDEX team_files_by_kind ON team_files (kind);

-- What the files come to for each version, under the policy that team_syncs names.
CREATE TABLE team_versions (
    digest BLOB PRIMARY KEY,
    status TEXT NOT NULL,
    state  TEXT NOT NULL
) STRICT;

-- What of the team's repository does not count, by path, and why.
CREATE TABLE team_refused (
    path   TEXT PRIMARY KEY,
    object TEXT NOT NULL,
    why    TEXT NOT NULL
) STRICT;

-- Versions that a sync has put into the workspace: one that a human removed does not come back.
CREATE TABLE team_landed (
    digest BLOB PRIMARY KEY
) STRICT;

-- The last exchange.
CREATE TABLE team_syncs (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    remote    TEXT NOT NULL,
    commit_id TEXT,
    at_ms     INTEGER,
    -- The policy under which team_versions was computed; NULL for none.
    policy    TEXT
) STRICT;
