-- What is recorded so that an approval, a run and a stored row can be trusted later.

-- Counts of finished runs by version, kept as they end: what one version proved says nothing of another.
CREATE TABLE version_stats (
    tool           TEXT NOT NULL,
    digest         BLOB NOT NULL,
    runs           INTEGER NOT NULL,
    succeeded      INTEGER NOT NULL,
    last_run_at_ms INTEGER,
    PRIMARY KEY (tool, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO version_stats (tool, digest, runs, succeeded, last_run_at_ms)
    SELECT tool, digest,
        SUM(outcome NOT IN ('running', 'cancelled', 'invalid-input', 'refused')),
        SUM(outcome = 'succeeded'), MAX(started_at_ms)
    FROM runs GROUP BY tool, digest;
-- Signatures of entries of the log. What was signed is told from the entry and the name space (the workspace).
CREATE TABLE log_signatures (
    operation INTEGER PRIMARY KEY REFERENCES operations (id),
    space     TEXT NOT NULL,
    signature TEXT NOT NULL
) STRICT;
-- The interpreter that a version had when it was approved, or when it first ran afterwards: path, version and digest.
CREATE TABLE approved_interpreters (
    tool   TEXT NOT NULL,
    digest BLOB NOT NULL,
    facts  TEXT NOT NULL,
    at_ms  INTEGER NOT NULL,
    PRIMARY KEY (tool, digest)
) STRICT, WITHOUT ROWID;
