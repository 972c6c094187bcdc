-- What events can be found by. tags is a JSON object of texts; keys that begin with @ were taken from other
-- fields and are not shown as tags.
ALTER TABLE events ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';
--bun:split
CREATE INDEX events_time ON events (org_id, timestamp_ms DESC, event_id DESC);
--bun:split
-- From a tag (a hash of organisation, key and value) to its events, in the order of time.
CREATE TABLE event_tags (
  tag          INTEGER NOT NULL,
  timestamp_ms INTEGER NOT NULL,
  event_id     TEXT NOT NULL,
  project_id   INTEGER NOT NULL,
  PRIMARY KEY (tag, timestamp_ms, event_id, project_id)
) WITHOUT ROWID;
--bun:split
-- How often an issue's events had a value (owner_id is the issue), and a project's (owner_id is the project).
CREATE TABLE issue_tags (
  owner_id INTEGER NOT NULL,
  key      TEXT NOT NULL,
  value    TEXT NOT NULL,
  org_id   INTEGER NOT NULL,
  events   INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms  INTEGER NOT NULL,
  PRIMARY KEY (owner_id, key, value)
) WITHOUT ROWID;
--bun:split
CREATE INDEX issue_tags_value ON issue_tags (org_id, key, value, owner_id);
--bun:split
-- The same by key. values_kept counts the rows there are of the key, cut says that there were more.
CREATE TABLE issue_tag_keys (
  owner_id    INTEGER NOT NULL,
  key         TEXT NOT NULL,
  org_id      INTEGER NOT NULL,
  events      INTEGER NOT NULL,
  values_kept INTEGER NOT NULL,
  cut         BOOLEAN NOT NULL,
  PRIMARY KEY (owner_id, key)
) WITHOUT ROWID;
--bun:split
CREATE INDEX issue_tag_keys_cut ON issue_tag_keys (org_id, key) WHERE cut;
--bun:split
CREATE TABLE project_tags (
  owner_id INTEGER NOT NULL,
  key      TEXT NOT NULL,
  value    TEXT NOT NULL,
  org_id   INTEGER NOT NULL,
  events   INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms  INTEGER NOT NULL,
  PRIMARY KEY (owner_id, key, value)
) WITHOUT ROWID;
--bun:split
CREATE INDEX project_tags_value ON project_tags (org_id, key, value);
--bun:split
CREATE TABLE project_tag_keys (
  owner_id    INTEGER NOT NULL,
  key         TEXT NOT NULL,
  org_id      INTEGER NOT NULL,
  events      INTEGER NOT NULL,
  values_kept INTEGER NOT NULL,
  cut         BOOLEAN NOT NULL,
  PRIMARY KEY (owner_id, key)
) WITHOUT ROWID;
--bun:split
CREATE INDEX project_tag_keys_org ON project_tag_keys (org_id, key);
--bun:split
-- The different titles, culprits and messages of an issue's events, in lower case, for searches of a part of them.
-- The last that is kept of an issue is marked: there may have been more.
CREATE TABLE issue_texts (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id   INTEGER NOT NULL,
  issue_id INTEGER NOT NULL,
  hash     INTEGER NOT NULL,
  text     TEXT NOT NULL,
  is_last  BOOLEAN NOT NULL DEFAULT FALSE
);
--bun:split
CREATE UNIQUE INDEX issue_texts_hash ON issue_texts (issue_id, hash);
--bun:split
CREATE INDEX issue_texts_last ON issue_texts (org_id, issue_id) WHERE is_last;
--bun:split
CREATE VIRTUAL TABLE issue_grams USING fts5 (text, content='issue_texts', content_rowid='id', tokenize='trigram');
--bun:split
CREATE TRIGGER issue_texts_added AFTER INSERT ON issue_texts BEGIN
  INSERT INTO issue_grams (rowid, text) VALUES (new.id, new.text);
END;
--bun:split
CREATE TRIGGER issue_texts_gone AFTER DELETE ON issue_texts BEGIN
  INSERT INTO issue_grams (issue_grams, rowid, text) VALUES ('delete', old.id, old.text);
END;
--bun:split
-- Lists without a status, and conditions that leave few issues.
CREATE INDEX issues_any_first ON issues (org_id, first_seen_ms DESC, id DESC);
--bun:split
CREATE INDEX issues_any_times ON issues (org_id, times_seen DESC, id DESC);
--bun:split
CREATE INDEX issues_any_users ON issues (org_id, users_seen DESC, id DESC);
--bun:split
CREATE INDEX issues_first_release ON issues (org_id, first_release) WHERE first_release <> '';
--bun:split
-- Searches that people keep: visibility is owner or organization; a search of no user is everybody's.
CREATE TABLE saved_searches (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id     INTEGER NOT NULL,
  user_id    INTEGER,
  type       INTEGER NOT NULL,
  name       TEXT NOT NULL,
  query      TEXT NOT NULL,
  sort       TEXT NOT NULL,
  visibility TEXT NOT NULL,
  pinned     BOOLEAN NOT NULL DEFAULT FALSE,
  created_ms INTEGER NOT NULL
);
--bun:split
CREATE INDEX saved_searches_org ON saved_searches (org_id, type, id);
--bun:split
-- The last searches of a user.
CREATE TABLE recent_searches (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id     INTEGER NOT NULL,
  user_id    INTEGER NOT NULL,
  type       INTEGER NOT NULL,
  query      TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  last_ms    INTEGER NOT NULL
);
--bun:split
CREATE UNIQUE INDEX recent_searches_query ON recent_searches (org_id, user_id, type, query);
