-- What runs used, what they were seen to do, and what a human allowed a version to do.

ALTER TABLE runs ADD COLUMN peak_memory_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN peak_processes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN disk_bytes INTEGER NOT NULL DEFAULT 0;
-- The program that ran it: path, version, digest, as JSON. NULL where nobody looked.
ALTER TABLE runs ADD COLUMN interpreter TEXT;
-- What the run did that no run of its approved version had done before, one phrase each.
ALTER TABLE runs ADD COLUMN departed TEXT NOT NULL DEFAULT '[]';

-- What one run was seen to do. No row: it never started, or it is older than this table.
CREATE TABLE observations (
    run  INTEGER PRIMARY KEY REFERENCES runs (id),
    body TEXT NOT NULL
) STRICT;

-- What all runs of one version were seen to do, folded.
CREATE TABLE envelopes (
    tool   TEXT NOT NULL,
    digest BLOB NOT NULL,
    body   TEXT NOT NULL,
    PRIMARY KEY (tool, digest)
) STRICT, WITHOUT ROWID;

-- Permissions that a human granted to one version when asked before its first run.
CREATE TABLE grants (
    tool        TEXT NOT NULL,
    digest      BLOB NOT NULL,
    permissions TEXT NOT NULL,
    who         TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    PRIMARY KEY (tool, digest)
) STRICT, WITHOUT ROWID;
