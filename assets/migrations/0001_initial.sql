-- The first format of a workspace's state. Times are Unix milliseconds (`*_at_ms`), digests are 32 bytes,
-- words are spelled as in the closed lists of the domain, versions are semver text.

-- The feed: what happened, in order of commit. Never deleted, so that numbers are never used twice.
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,
    at_ms   INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;

-- Single values: `log_count` and `log_head` pin the end of the operation log.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The operation log. Everything but `undone_by` is covered by the hash chain.
CREATE TABLE operations (
    id         INTEGER PRIMARY KEY,
    at_ms      INTEGER NOT NULL,
    who        TEXT NOT NULL,
    verb       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    detail     TEXT NOT NULL,
    prev_hash  BLOB NOT NULL,
    hash       BLOB NOT NULL,
    reversible INTEGER NOT NULL,
    undone_by  INTEGER REFERENCES operations (id)
) STRICT;
CREATE INDEX operations_by_verb ON operations (verb, subject, id);
CREATE INDEX operations_reversible ON operations (id) WHERE reversible = 1 AND undone_by IS NULL;

-- Work outside the store that a committed operation still owes.
CREATE TABLE intents (
    id             INTEGER PRIMARY KEY,
    operation      INTEGER NOT NULL REFERENCES operations (id),
    body           TEXT NOT NULL,
    created_at_ms  INTEGER NOT NULL,
    result         TEXT,
    finished_at_ms INTEGER
) STRICT;
CREATE INDEX intents_pending ON intents (id) WHERE finished_at_ms IS NULL;

-- Every version ever seen, with where it was seen last.
CREATE TABLE versions (
    id               INTEGER PRIMARY KEY,
    tool             TEXT NOT NULL,
    digest           BLOB NOT NULL,
    version          TEXT NOT NULL,
    stage            TEXT NOT NULL,
    path             TEXT NOT NULL,
    base             TEXT NOT NULL,
    exclusive        INTEGER NOT NULL,
    first_seen_at_ms INTEGER NOT NULL,
    description      TEXT NOT NULL,
    UNIQUE (tool, digest)
) STRICT;

-- What lies in the workspace now, one row a definition.
CREATE TABLE present (
    path      TEXT PRIMARY KEY,
    tool      TEXT NOT NULL,
    digest    BLOB NOT NULL,
    stage     TEXT NOT NULL,
    base      TEXT NOT NULL,
    exclusive INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX present_by_tool ON present (tool, path);

-- Approvals in force.
CREATE TABLE approvals (
    tool      TEXT NOT NULL,
    digest    BLOB NOT NULL,
    stage     TEXT NOT NULL,
    operation INTEGER NOT NULL REFERENCES operations (id),
    at_ms     INTEGER NOT NULL,
    PRIMARY KEY (tool, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE reviews (
    id            INTEGER PRIMARY KEY,
    kind          TEXT NOT NULL,
    tool          TEXT NOT NULL,
    version       TEXT NOT NULL,
    digest        BLOB NOT NULL,
    from_stage    TEXT NOT NULL,
    to_stage      TEXT NOT NULL,
    state         TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    verdict       TEXT,
    risk          TEXT NOT NULL,
    summary       TEXT NOT NULL,
    path          TEXT NOT NULL,
    base_digest   BLOB
) STRICT;
CREATE INDEX reviews_by_state ON reviews (state, id);

-- What an adoption covers.
CREATE TABLE review_members (
    review   INTEGER NOT NULL REFERENCES reviews (id),
    position INTEGER NOT NULL,
    tool     TEXT NOT NULL,
    digest   BLOB NOT NULL,
    PRIMARY KEY (review, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
    id          INTEGER PRIMARY KEY,
    review      INTEGER NOT NULL REFERENCES reviews (id),
    kind        TEXT NOT NULL,
    reviewer    TEXT NOT NULL,
    reason      TEXT,
    digest      BLOB NOT NULL,
    at_ms       INTEGER NOT NULL,
    lines       INTEGER NOT NULL,
    lines_shown INTEGER NOT NULL,
    tail_shown  INTEGER NOT NULL,
    open_ms     INTEGER NOT NULL,
    operation   INTEGER NOT NULL REFERENCES operations (id),
    undone      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX decisions_by_review ON decisions (review, id);
CREATE INDEX decisions_by_operation ON decisions (operation);

CREATE TABLE runs (
    id                INTEGER PRIMARY KEY,
    tool              TEXT NOT NULL,
    version           TEXT NOT NULL,
    digest            BLOB NOT NULL,
    stage             TEXT NOT NULL,
    caller            TEXT NOT NULL,
    outcome           TEXT NOT NULL,
    exit_code         INTEGER,
    signal            INTEGER,
    started_at_ms     INTEGER NOT NULL,
    duration_ms       INTEGER NOT NULL DEFAULT 0,
    cpu_ms            INTEGER NOT NULL DEFAULT 0,
    max_rss_bytes     INTEGER NOT NULL DEFAULT 0,
    stdout_bytes      INTEGER NOT NULL DEFAULT 0,
    stderr_bytes      INTEGER NOT NULL DEFAULT 0,
    isolation_level   TEXT NOT NULL,
    isolation_profile TEXT NOT NULL,
    isolation_layers  TEXT NOT NULL,
    isolation_missing TEXT NOT NULL,
    denied            TEXT NOT NULL DEFAULT '[]',
    error             TEXT,
    truncated         INTEGER NOT NULL DEFAULT 0,
    notes             TEXT NOT NULL DEFAULT '[]',
    input             TEXT NOT NULL
) STRICT;
CREATE INDEX runs_by_start ON runs (started_at_ms);
CREATE INDEX runs_by_tool ON runs (tool, started_at_ms);
CREATE INDEX runs_by_tool_outcome ON runs (tool, outcome, started_at_ms);
CREATE INDEX runs_by_outcome ON runs (outcome, started_at_ms);
CREATE INDEX runs_by_digest ON runs (digest, started_at_ms);

-- Who looks after a run that has not ended; no row, no running run.
CREATE TABLE leases (
    run            INTEGER PRIMARY KEY REFERENCES runs (id),
    owner          TEXT NOT NULL,
    pid            INTEGER,
    pid_started    INTEGER,
    until_at_ms    INTEGER NOT NULL,
    cancel_asked   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The input a human gave last.
CREATE TABLE last_inputs (
    tool  TEXT PRIMARY KEY,
    input TEXT NOT NULL
) STRICT;

-- Counts of finished runs, kept as they end: a million runs are never counted again.
CREATE TABLE tool_stats (
    tool           TEXT PRIMARY KEY,
    runs           INTEGER NOT NULL,
    succeeded      INTEGER NOT NULL,
    last_run_at_ms INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE failure_groups (
    signature      TEXT PRIMARY KEY,
    tool           TEXT NOT NULL,
    count          INTEGER NOT NULL,
    severity       TEXT NOT NULL,
    first_at_ms    INTEGER NOT NULL,
    last_at_ms     INTEGER NOT NULL,
    sample_run     INTEGER NOT NULL REFERENCES runs (id),
    sample_message TEXT NOT NULL,
    outcome        TEXT NOT NULL,
    scenarios      TEXT NOT NULL DEFAULT '[]',
    state          TEXT NOT NULL
) STRICT;
CREATE INDEX failure_groups_by_last ON failure_groups (last_at_ms);
CREATE INDEX failure_groups_by_tool ON failure_groups (tool, last_at_ms);

-- Failures of a group in one UTC day, counted in days since the epoch.
CREATE TABLE failure_days (
    signature TEXT NOT NULL,
    day       INTEGER NOT NULL,
    count     INTEGER NOT NULL,
    PRIMARY KEY (signature, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX failure_days_by_day ON failure_days (day);

-- What the last scan read from a definition, so that an unchanged one is not read again.
CREATE TABLE scan_cache (
    path        TEXT PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    payload     TEXT NOT NULL
) STRICT;
