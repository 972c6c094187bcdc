-- The values that events had get a number, which the index of their trigrams is kept by, and a size: how many bits
-- the count of their events has, which changes seldom, so that the most frequent of very many are found by an index.
CREATE TABLE project_values (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id INTEGER NOT NULL,
  key      TEXT NOT NULL,
  value    TEXT NOT NULL,
  org_id   INTEGER NOT NULL,
  events   INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms  INTEGER NOT NULL,
  size     INTEGER NOT NULL DEFAULT 1
);
--bun:split
INSERT INTO project_values (owner_id, key, value, org_id, events, size, first_ms, last_ms)
SELECT owner_id, key, value, org_id, events,
  1 + (events >= 2) + (events >= 4) + (events >= 8) + (events >= 16) + (events >= 32) + (events >= 64) + (events >= 128) + (events >= 256) + (events >= 512)
    + (events >= 1024) + (events >= 2048) + (events >= 4096) + (events >= 8192) + (events >= 16384) + (events >= 32768) + (events >= 65536), first_ms, last_ms
FROM project_tags ORDER BY owner_id, key, value;
--bun:split
DROP TABLE project_tags;
--bun:split
ALTER TABLE project_values RENAME TO project_tags;
--bun:split
CREATE UNIQUE INDEX project_tags_owner ON project_tags (owner_id, key, value);
--bun:split
CREATE INDEX project_tags_value ON project_tags (org_id, key, value);
--bun:split
CREATE INDEX project_tags_size ON project_tags (org_id, key, size DESC);
--bun:split
CREATE VIRTUAL TABLE value_grams USING fts5 (value, content='project_tags', content_rowid='id', tokenize='trigram');
--bun:split
INSERT INTO value_grams (rowid, value) SELECT id, value FROM project_tags;
--bun:split
CREATE TRIGGER project_tags_added AFTER INSERT ON project_tags BEGIN
  INSERT INTO value_grams (rowid, value) VALUES (new.id, new.value);
END;
--bun:split
CREATE TRIGGER project_tags_gone AFTER DELETE ON project_tags BEGIN
  INSERT INTO value_grams (value_grams, rowid, value) VALUES ('delete', old.id, old.value);
END;
