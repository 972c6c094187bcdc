-- The values that events had get a size: how many bits the count of their events has, which changes seldom, so that
-- the most frequent of very many are found by an index; and an index of their trigrams.
ALTER TABLE project_tags ADD COLUMN size BIGINT NOT NULL DEFAULT 1;
--bun:split
UPDATE project_tags SET size = LENGTH(LTRIM(events::bit(63)::text, '0')) WHERE events > 1;
--bun:split
CREATE INDEX project_tags_size ON project_tags (org_id, key, size DESC);
--bun:split
CREATE INDEX value_grams ON project_tags USING gin (LOWER(value COLLATE "binary") gin_trgm_ops) WITH (fastupdate = off);
