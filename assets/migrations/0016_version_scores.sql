-- Scores are kept for each version. What was known of a name is shared out by the runs of its versions; the sums of the
-- name go.
ALTER TABLE version_stats ADD COLUMN weight REAL NOT NULL DEFAULT 0;
ALTER TABLE version_stats ADD COLUMN weight_succeeded REAL NOT NULL DEFAULT 0;
ALTER TABLE version_stats ADD COLUMN weight_log_ms REAL NOT NULL DEFAULT 0;
ALTER TABLE version_stats ADD COLUMN weighed_at_ms INTEGER NOT NULL DEFAULT 0;
UPDATE version_stats SET
    weight = coalesce((SELECT t.weight * version_stats.runs / t.runs FROM tool_stats t
                       WHERE t.tool = version_stats.tool AND t.runs > 0), 0),
    weight_succeeded = coalesce((SELECT t.weight_succeeded * version_stats.succeeded / t.succeeded FROM tool_stats t
                                 WHERE t.tool = version_stats.tool AND t.succeeded > 0), 0),
    weight_log_ms = coalesce((SELECT t.weight_log_ms * version_stats.succeeded / t.succeeded FROM tool_stats t
                              WHERE t.tool = version_stats.tool AND t.succeeded > 0), 0),
    weighed_at_ms = coalesce((SELECT t.weighed_at_ms FROM tool_stats t WHERE t.tool = version_stats.tool), 0);
ALTER TABLE tool_stats DROP COLUMN weight;
ALTER TABLE tool_stats DROP COLUMN weight_succeeded;
ALTER TABLE tool_stats DROP COLUMN weight_log_ms;
ALTER TABLE tool_stats DROP COLUMN weighed_at_ms;
