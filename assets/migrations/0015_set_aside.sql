-- Items that were set aside because the tool failed with each of them alone have kept = 2 and why; a buffer knows how many
-- there are, and which of its oldest items it still doubts.
ALTER TABLE buffer_items ADD COLUMN reason TEXT;
ALTER TABLE buffers ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;
ALTER TABLE buffers ADD COLUMN suspects INTEGER NOT NULL DEFAULT 0;
ALTER TABLE buffers ADD COLUMN probe INTEGER NOT NULL DEFAULT 0;
ALTER TABLE buffers ADD COLUMN aside_in_a_row INTEGER NOT NULL DEFAULT 0;
