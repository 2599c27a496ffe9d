-- Verdicts, comments, marks, requests from outside, session grants, deprecations, signatures.

-- What the checks say of a version, compared with one base.
CREATE TABLE verdicts (
    tool          TEXT NOT NULL,
    digest        BLOB NOT NULL,
    base          BLOB,
    complete      INTEGER NOT NULL,
    tally         TEXT NOT NULL,
    body          TEXT NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    PRIMARY KEY (tool, digest)
) STRICT, WITHOUT ROWID;

-- Which process makes the checks of a version, and until when it said it would.
CREATE TABLE check_leases (
    tool        TEXT NOT NULL,
    digest      BLOB NOT NULL,
    owner       TEXT NOT NULL,
    until_at_ms INTEGER NOT NULL,
    PRIMARY KEY (tool, digest)
) STRICT, WITHOUT ROWID;

-- The verdict of a review is that of its version.
ALTER TABLE reviews DROP COLUMN verdict;
-- Why failed checks did not stand in the way of an approval; NULL: none had failed.
ALTER TABLE decisions ADD COLUMN override_reason TEXT;
-- What was seen of each part, and for how long, as JSON.
ALTER TABLE decisions ADD COLUMN seen TEXT NOT NULL DEFAULT '[]';
-- The role under which it was decided, where a second one is needed.
ALTER TABLE decisions ADD COLUMN role TEXT;
-- The folder that an approval speaks for, NULL for those made before this format; the reviewer's signature.
ALTER TABLE approvals ADD COLUMN base TEXT;
ALTER TABLE approvals ADD COLUMN signature TEXT;

-- Who asked, until when, and what was posted, for reviews from outside.
ALTER TABLE reviews ADD COLUMN asker TEXT;
ALTER TABLE reviews ADD COLUMN expires_at_ms INTEGER;
ALTER TABLE reviews ADD COLUMN request TEXT;

-- What reviewers wrote beside a version. `line_text` holds the lines commented on, to find them again.
CREATE TABLE comments (
    id         INTEGER PRIMARY KEY,
    review     INTEGER NOT NULL REFERENCES reviews (id),
    tool       TEXT NOT NULL,
    digest     BLOB NOT NULL,
    path       TEXT,
    first_line INTEGER,
    last_line  INTEGER,
    line_text  TEXT,
    kind       TEXT NOT NULL,
    body       TEXT NOT NULL,
    who        TEXT NOT NULL,
    at_ms      INTEGER NOT NULL,
    operation  INTEGER NOT NULL REFERENCES operations (id),
    withdrawn  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX comments_by_tool ON comments (tool, id);

-- Files and hunks a reviewer has marked as read: by content, so that a change clears the mark.
CREATE TABLE marks (
    tool    TEXT NOT NULL,
    path    TEXT NOT NULL,
    content BLOB NOT NULL,
    who     TEXT NOT NULL,
    at_ms   INTEGER NOT NULL,
    PRIMARY KEY (tool, path, content, who)
) STRICT, WITHOUT ROWID;

-- Leave for agents to run one version that is not approved.
CREATE TABLE agent_grants (
    id         INTEGER PRIMARY KEY,
    tool       TEXT NOT NULL,
    digest     BLOB NOT NULL,
    agent      TEXT,
    session    TEXT,
    who        TEXT NOT NULL,
    at_ms      INTEGER NOT NULL,
    operation  INTEGER NOT NULL REFERENCES operations (id),
    revoked    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX agent_grants_by_tool ON agent_grants (tool, digest);

-- Tools that should not be used any more.
CREATE TABLE deprecations (
    tool      TEXT PRIMARY KEY,
    successor TEXT,
    reason    TEXT,
    who       TEXT NOT NULL,
    at_ms     INTEGER NOT NULL,
    operation INTEGER NOT NULL REFERENCES operations (id)
) STRICT, WITHOUT ROWID;
