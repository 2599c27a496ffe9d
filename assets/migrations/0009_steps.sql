-- Runs that other runs started, and the steps of composites.

ALTER TABLE runs ADD COLUMN parent INTEGER;
ALTER TABLE runs ADD COLUMN step TEXT;
CREATE INDEX runs_by_parent ON runs (parent, id) WHERE parent IS NOT NULL;
-- One step of the run of a composite. `run` is the run whose output counts: its own, or the earlier one that is reused.
CREATE TABLE run_steps (
    parent   INTEGER NOT NULL REFERENCES runs (id),
    position INTEGER NOT NULL,
    step     TEXT NOT NULL,
    tool     TEXT NOT NULL,
    state    TEXT NOT NULL,
    run      INTEGER,
    cause    TEXT,
    PRIMARY KEY (parent, position)
) STRICT, WITHOUT ROWID;
