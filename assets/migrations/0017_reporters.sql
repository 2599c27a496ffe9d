-- Uses that others reported are kept by who said so. Of those known before that is not known.
ALTER TABLE reported_uses RENAME TO reported_uses_before;
CREATE TABLE reported_uses (
    tool        TEXT NOT NULL,
    who         TEXT NOT NULL,
    day         INTEGER NOT NULL,
    uses        INTEGER NOT NULL,
    succeeded   INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    timed       INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    last_at_ms  INTEGER NOT NULL,
    PRIMARY KEY (tool, who, day)
) STRICT, WITHOUT ROWID;
INSERT INTO reported_uses SELECT tool, 'unknown', day, uses, succeeded, failed, timed, duration_ms, last_at_ms
    FROM reported_uses_before;
DROP TABLE reported_uses_before;
