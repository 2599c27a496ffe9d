-- Runs that a worker carried out: its name in the user's settings.
ALTER TABLE runs ADD COLUMN worker TEXT;
