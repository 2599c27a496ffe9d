-- Services: instances that keep running, their ports, what was said with them, and what they keep in mind.

CREATE TABLE instances (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL,
    stack         TEXT NOT NULL,
    tool          TEXT NOT NULL,
    version       TEXT NOT NULL,
    digest        BLOB NOT NULL,
    -- The row of the catalog when it was launched, as JSON: the keeper reads no folders.
    row           TEXT NOT NULL,
    -- When it is started again, as its definition says, as JSON.
    rules         TEXT NOT NULL,
    -- The life of the instance as JSON, and what of it others ask for.
    life          TEXT NOT NULL,
    state         TEXT NOT NULL,
    -- Counts up with each wish; the keeper has carried out those up to `heard`.
    wish          INTEGER NOT NULL,
    heard         INTEGER NOT NULL,
    wants         TEXT NOT NULL,
    run           INTEGER,
    keeper        TEXT,
    keeper_due_ms INTEGER,
    ports         TEXT NOT NULL,
    health        TEXT NOT NULL,
    launched_by   TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    UNIQUE (stack, name)
) STRICT;
-- One line of what was said with an instance.
CREATE TABLE exchanges (
    seq      INTEGER PRIMARY KEY,
    instance INTEGER NOT NULL REFERENCES instances (id),
    at_ms    INTEGER NOT NULL,
    role     TEXT NOT NULL,
    who      TEXT NOT NULL,
    text     TEXT NOT NULL,
    run      INTEGER
) STRICT;
CREATE INDEX exchanges_by_instance ON exchanges (instance, seq);
-- What an instance keeps in mind beside that: the newest answer, and prompts as JSON lists.
CREATE TABLE contexts (
    instance    INTEGER PRIMARY KEY REFERENCES instances (id),
    last_output TEXT,
    staged      TEXT NOT NULL,
    next        TEXT NOT NULL
) STRICT;
