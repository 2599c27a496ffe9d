-- Which run made use of which permit: a permit is the approval of a review of the kind call, and is good for one run.
CREATE TABLE used_permits (
    review INTEGER PRIMARY KEY REFERENCES reviews (id),
    run    INTEGER NOT NULL
) STRICT;

-- Agents that are connected: a row while a process serves one. A number is never used twice: whose row is gone must not
-- take that of somebody else for its own. Whether that process still lives, its owner word tells.
CREATE TABLE agent_connections (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    agent    TEXT NOT NULL,
    client   TEXT NOT NULL,
    owner    TEXT NOT NULL,
    since_ms INTEGER NOT NULL
) STRICT;
