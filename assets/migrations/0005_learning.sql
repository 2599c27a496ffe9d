-- What is learnt from use: marks of failures, incidents, buffers, tiers, opportunities.

-- Failures that somebody marked: which version failed, in which scenario. `tags`: the negative tags that hold.
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
    withdrawn INTEGER NOT NULL DEFAULT 0
) STRICT;
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
