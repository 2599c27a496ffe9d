-- What is recorded so that an approval, a run and a stored row can be trusted later.

-- Signatures of entries of the log. What was signed is told from the entry and the name space (the workspace).
CREATE TABLE log_signatures (
    operation INTEGER PRIMARY KEY REFERENCES operations (id),
    space     TEXT NOT NULL,
    signature TEXT NOT NULL
) STRICT;
