-- What the last scan read, in fewer bytes: all of it is read again where it is missing.

DROP TABLE scan_cache;

CREATE TABLE scan_cache (
    path        TEXT PRIMARY KEY,
    -- Over the stamps of all files that made the row.
    fingerprint BLOB NOT NULL,
    payload     BLOB NOT NULL
) STRICT;

-- The scan that the other tables follow from: a digest over its rows, the event after which they did, and by which names
-- its rows go.
CREATE TABLE applied_scan (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    digest BLOB NOT NULL,
    seq    INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL,
    names  BLOB NOT NULL
) STRICT;

CREATE INDEX reviews_by_tool ON reviews (tool, id);
CREATE INDEX review_members_by_tool ON review_members (tool, review);
