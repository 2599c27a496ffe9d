-- What is learnt from use: marks of failures, incidents, buffers, tiers, opportunities.

-- Failures that somebody marked: which version failed, in which scenario. `tags`: the negative tags that hold;
-- `signature`: the failure group it counts in.
CREATE TABLE failure_marks (
    id        INTEGER PRIMARY KEY,
    run       INTEGER REFERENCES runs (id),
    tool      TEXT NOT NULL,
    digest    BLOB NOT NULL,
    scenario  TEXT NOT NULL,
    error     TEXT NOT NULL,
    severity  TEXT NOT NULL,
    tags      TEXT NOT NULL,
    who       TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    withdrawn INTEGER NOT NULL DEFAULT 0,
    signature TEXT NOT NULL
) STRICT;
CREATE INDEX failure_marks_by_group ON failure_marks (signature, id);
CREATE INDEX failure_marks_by_tool ON failure_marks (tool, id);

-- What was wanted and no tool did. `runs`: what was tried.
CREATE TABLE unanswered (
    id       INTEGER PRIMARY KEY,
    scenario TEXT NOT NULL,
    tags     TEXT NOT NULL,
    kind     TEXT NOT NULL,
    runs     TEXT NOT NULL,
    who      TEXT NOT NULL,
    at_ms    INTEGER NOT NULL
) STRICT;
CREATE INDEX unanswered_by_time ON unanswered (at_ms);

-- Which version did what was wanted, the last time it was called for in these words with these tags.
CREATE TABLE winners (
    scenario TEXT NOT NULL,
    tags     TEXT NOT NULL,
    tool     TEXT NOT NULL,
    digest   BLOB NOT NULL,
    run      INTEGER NOT NULL REFERENCES runs (id),
    wins     INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    PRIMARY KEY (scenario, tags)
) STRICT, WITHOUT ROWID;

-- A failed run knows its group, so that a group knows its runs. Of runs before this format only the newest of
-- each group does.
ALTER TABLE runs ADD COLUMN signature TEXT;
UPDATE runs SET signature = known.signature FROM failure_groups AS known WHERE known.sample_run = runs.id;
CREATE INDEX runs_by_signature ON runs (signature, started_at_ms) WHERE signature IS NOT NULL;

-- A group may consist of marks only, then it has no run; who said that it is over, and when.
CREATE TABLE failure_groups_5 (
    signature      TEXT PRIMARY KEY,
    tool           TEXT NOT NULL,
    count          INTEGER NOT NULL,
    severity       TEXT NOT NULL,
    first_at_ms    INTEGER NOT NULL,
    last_at_ms     INTEGER NOT NULL,
    sample_run     INTEGER REFERENCES runs (id),
    sample_message TEXT NOT NULL,
    outcome        TEXT NOT NULL,
    scenarios      TEXT NOT NULL DEFAULT '[]',
    state          TEXT NOT NULL,
    resolved_at_ms INTEGER,
    resolved_by    TEXT
) STRICT;
INSERT INTO failure_groups_5 (signature, tool, count, severity, first_at_ms, last_at_ms, sample_run, sample_message,
    outcome, scenarios, state)
SELECT signature, tool, count, severity, first_at_ms, last_at_ms, sample_run, sample_message, outcome, scenarios, state
FROM failure_groups;
DROP TABLE failure_groups;
ALTER TABLE failure_groups_5 RENAME TO failure_groups;
CREATE INDEX failure_groups_by_last ON failure_groups (last_at_ms);
CREATE INDEX failure_groups_by_tool ON failure_groups (tool, last_at_ms);

-- From the first failed run of a tool to the next one that succeeded.
CREATE TABLE incidents (
    id           INTEGER PRIMARY KEY,
    tool         TEXT NOT NULL,
    first_run    INTEGER NOT NULL REFERENCES runs (id),
    began_at_ms  INTEGER NOT NULL,
    failures     INTEGER NOT NULL,
    recovered_by INTEGER REFERENCES runs (id),
    ended_at_ms  INTEGER
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (tool) WHERE ended_at_ms IS NULL;
CREATE INDEX incidents_by_tool ON incidents (tool, id);

-- Judged runs folded into sums in which older ones weigh less, for the score. Those of before this format are taken
-- as if all had ended when the newest one began.
ALTER TABLE tool_stats ADD COLUMN weight REAL NOT NULL DEFAULT 0;
ALTER TABLE tool_stats ADD COLUMN weight_succeeded REAL NOT NULL DEFAULT 0;
ALTER TABLE tool_stats ADD COLUMN weight_log_ms REAL NOT NULL DEFAULT 0;
ALTER TABLE tool_stats ADD COLUMN weighed_at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE tool_stats SET weight = runs, weight_succeeded = succeeded, weighed_at_ms = coalesce(last_run_at_ms, 0);

-- Opportunities that somebody does not want to see any more. What was accepted stands in the request of its review.
CREATE TABLE dismissed_opportunities (
    key       TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,
    title     TEXT NOT NULL,
    reason    TEXT,
    who       TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    operation INTEGER NOT NULL REFERENCES operations (id)
) STRICT, WITHOUT ROWID;

-- Buffers: their rule, who gets their batches, and how full they are. Counts are kept beside the items, so that
-- a write never counts them.
CREATE TABLE buffers (
    id            TEXT PRIMARY KEY,
    strategy      TEXT NOT NULL,
    max_size      INTEGER NOT NULL,
    interval_ms   INTEGER NOT NULL,
    sink          TEXT NOT NULL,
    sink_by       TEXT NOT NULL,
    waiting       INTEGER NOT NULL,
    oldest_at_ms  INTEGER,
    in_flight     INTEGER NOT NULL,
    owed          INTEGER NOT NULL,
    failures      INTEGER NOT NULL,
    retry_at_ms   INTEGER,
    bytes         INTEGER NOT NULL,
    kept          INTEGER NOT NULL,
    total_written INTEGER NOT NULL,
    total_flushed INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    flushed_at_ms INTEGER,
    last_error    TEXT,
    flusher       TEXT,
    told_at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Items that wait (kept = 0), and flushed ones that nobody has taken (kept = 1), oldest first.
CREATE TABLE buffer_items (
    seq    INTEGER PRIMARY KEY,
    buffer TEXT NOT NULL,
    item   TEXT NOT NULL,
    author TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,
    kept   INTEGER NOT NULL
) STRICT;
CREATE INDEX buffer_items_by_buffer ON buffer_items (buffer, kept, seq);

-- The process that flushes buffers when their time comes; at most one.
CREATE TABLE buffer_clock (
    only        INTEGER PRIMARY KEY CHECK (only = 1),
    owner       TEXT NOT NULL,
    starting    INTEGER NOT NULL,
    until_at_ms INTEGER NOT NULL
) STRICT;

-- Uses of tools that others reported, by UTC day, counted in days since the epoch. `tool_stats` holds those of known
-- tools too.
CREATE TABLE reported_uses (
    tool        TEXT NOT NULL,
    day         INTEGER NOT NULL,
    uses        INTEGER NOT NULL,
    succeeded   INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    timed       INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    last_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (tool, day)
) STRICT, WITHOUT ROWID;
