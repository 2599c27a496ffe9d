-- Tokens by which agents are known that connect over HTTP. Only the digest of a token is kept; a revoked one is deleted, and
-- its number is never used again.
CREATE TABLE agent_tokens (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    agent      TEXT NOT NULL UNIQUE,
    digest     BLOB NOT NULL UNIQUE,
    created_by TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms    INTEGER
) STRICT;

-- 1 for a connection to a server over HTTP: its process serves other agents too.
ALTER TABLE agent_connections ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
