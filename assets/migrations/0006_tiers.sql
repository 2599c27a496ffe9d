-- What humans opened beyond the cost tier low: a tool, or a whole tier where `tool` is null. `session`: as of
-- agent_grants. Rows stay when they are revoked: numbers are never used twice.
CREATE TABLE tier_unlocks (
    id        INTEGER PRIMARY KEY,
    tool      TEXT,
    tier      TEXT NOT NULL,
    session   TEXT,
    until_ms  INTEGER,
    who       TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    operation INTEGER NOT NULL REFERENCES operations (id),
    revoked   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Choices of tools that somebody saved.
CREATE TABLE tool_sets (
    name  TEXT PRIMARY KEY,
    tools TEXT NOT NULL,
    who   TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
