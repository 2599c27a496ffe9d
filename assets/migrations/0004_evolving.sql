-- Askings for better versions: what was asked, the loop as it stands, who drives it.
CREATE TABLE evolutions (
    id            INTEGER PRIMARY KEY,
    tool          TEXT NOT NULL,
    version       TEXT NOT NULL,
    digest        BLOB NOT NULL,
    path          TEXT NOT NULL,
    asked         TEXT NOT NULL,
    bundle        BLOB NOT NULL,
    who           TEXT NOT NULL,
    state         TEXT NOT NULL,
    message       TEXT NOT NULL DEFAULT '',
    course        TEXT NOT NULL,
    owner         TEXT NOT NULL,
    stop_asked    INTEGER NOT NULL DEFAULT 0,
    started_at_ms INTEGER NOT NULL,
    ended_at_ms   INTEGER,
    review        INTEGER,
    made          BLOB,
    failure_kind  TEXT NOT NULL,
    mutation      TEXT
) STRICT;
CREATE INDEX evolutions_by_tool ON evolutions (tool, id);

-- What the checks and the recorded inputs say of an answer.
CREATE TABLE evolution_answers (
    evolution INTEGER NOT NULL REFERENCES evolutions (id),
    round     INTEGER NOT NULL,
    lane      INTEGER NOT NULL,
    digest    BLOB NOT NULL,
    version   TEXT NOT NULL,
    step      TEXT NOT NULL,
    verdict   TEXT NOT NULL,
    replay    TEXT NOT NULL,
    PRIMARY KEY (evolution, round, lane)
) STRICT, WITHOUT ROWID;

-- Versions that trim keeps.
CREATE TABLE pins (
    tool      TEXT NOT NULL,
    digest    BLOB NOT NULL,
    who       TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    operation INTEGER NOT NULL REFERENCES operations (id),
    PRIMARY KEY (tool, digest)
) STRICT, WITHOUT ROWID;
