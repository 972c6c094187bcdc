-- What is derived from recordings: chapters, clicks, the words that were on screen; and how finished
-- recordings are kept.

-- Replays whose chapters must be derived again. The token tells one marking from another.
CREATE TABLE replay_stale (
  org_id    INTEGER NOT NULL,
  replay_id TEXT NOT NULL,
  token     INTEGER NOT NULL,
  since_ms  INTEGER NOT NULL,
  PRIMARY KEY (org_id, replay_id)
);
CREATE INDEX replay_stale_since ON replay_stale (since_ms);

CREATE TABLE replay_chapters (
  org_id          INTEGER NOT NULL,
  replay_id       TEXT NOT NULL,
  chapter_id      TEXT NOT NULL,
  start_ms        INTEGER NOT NULL,
  end_ms          INTEGER NOT NULL,
  kind            TEXT NOT NULL,
  label           TEXT NOT NULL,
  trigger_route   TEXT NOT NULL,
  url             TEXT NOT NULL,
  status          TEXT NOT NULL,
  requests        INTEGER NOT NULL,
  failed          INTEGER NOT NULL,
  slowest_ms      INTEGER NOT NULL,
  backend_errors  INTEGER NOT NULL,
  frontend_errors INTEGER NOT NULL,
  body            BLOB NOT NULL,
  PRIMARY KEY (org_id, replay_id, chapter_id)
);

-- What lists rank by: the worth of a replay's errors.
CREATE TABLE replay_summaries (
  org_id     INTEGER NOT NULL,
  replay_id  TEXT NOT NULL,
  worth      INTEGER NOT NULL,
  chapters   INTEGER NOT NULL,
  derived_ms INTEGER NOT NULL,
  PRIMARY KEY (org_id, replay_id)
);

CREATE TABLE replay_clicks (
  org_id     INTEGER NOT NULL,
  replay_id  TEXT NOT NULL,
  ts_ms      INTEGER NOT NULL,
  node_id    INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  project_id INTEGER NOT NULL,
  tag        TEXT NOT NULL DEFAULT '',
  element_id TEXT NOT NULL DEFAULT '',
  classes    TEXT NOT NULL DEFAULT ' ',
  text       TEXT NOT NULL DEFAULT '',
  role       TEXT NOT NULL DEFAULT '',
  alt        TEXT NOT NULL DEFAULT '',
  testid     TEXT NOT NULL DEFAULT '',
  label      TEXT NOT NULL DEFAULT '',
  title      TEXT NOT NULL DEFAULT '',
  component  TEXT NOT NULL DEFAULT '',
  selector   TEXT NOT NULL DEFAULT '',
  element    TEXT NOT NULL DEFAULT '',
  dead       BOOLEAN NOT NULL DEFAULT FALSE,
  rage       BOOLEAN NOT NULL DEFAULT FALSE,
  PRIMARY KEY (org_id, replay_id, ts_ms, node_id, kind)
);
CREATE INDEX replay_clicks_dead ON replay_clicks (org_id, ts_ms) WHERE dead;

-- What was on screen during a segment: its words, and when the page changed.
CREATE TABLE replay_screens (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id     INTEGER NOT NULL,
  replay_id  TEXT NOT NULL,
  segment_id INTEGER NOT NULL,
  body_hash  TEXT NOT NULL,
  words      TEXT NOT NULL,
  changes    BLOB,
  UNIQUE (org_id, replay_id, segment_id, body_hash)
);
CREATE VIRTUAL TABLE replay_words USING fts5 (words, content='replay_screens', content_rowid='id', tokenize='unicode61 remove_diacritics 0');
CREATE TRIGGER replay_screens_added AFTER INSERT ON replay_screens BEGIN
  INSERT INTO replay_words (rowid, words) VALUES (new.id, new.words);
END;
CREATE TRIGGER replay_screens_gone AFTER DELETE ON replay_screens BEGIN
  INSERT INTO replay_words (replay_words, rowid, words) VALUES ('delete', old.id, old.words);
END;

-- A finished recording is one object; place is a segment's place in it, -1 for one that stays by itself.
ALTER TABLE replay_segments ADD COLUMN place INTEGER;
CREATE INDEX replay_segments_loose ON replay_segments (received_ms) WHERE place IS NULL;

-- Objects that no row names any more.
CREATE TABLE stale_blobs (
  blob     TEXT PRIMARY KEY,
  since_ms INTEGER NOT NULL
);
CREATE INDEX stale_blobs_since ON stale_blobs (since_ms);

-- Why a replay is gone.
CREATE TABLE replay_tombstones (
  org_id    INTEGER NOT NULL,
  replay_id TEXT NOT NULL,
  reason    TEXT NOT NULL,
  user_id   INTEGER,
  gone_ms   INTEGER NOT NULL,
  PRIMARY KEY (org_id, replay_id)
);
CREATE INDEX replays_finished ON replays (state, finished_ms);

CREATE TABLE replay_delete_jobs (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id        INTEGER NOT NULL,
  project_id    INTEGER NOT NULL,
  user_id       INTEGER,
  range_start_ms INTEGER NOT NULL,
  range_end_ms  INTEGER NOT NULL,
  environments  TEXT NOT NULL,
  query         TEXT NOT NULL,
  filter        TEXT NOT NULL,
  status        TEXT NOT NULL,
  count_deleted INTEGER NOT NULL DEFAULT 0,
  created_ms    INTEGER NOT NULL,
  updated_ms    INTEGER NOT NULL
);
CREATE INDEX replay_delete_jobs_project ON replay_delete_jobs (org_id, project_id, id DESC);
CREATE INDEX replay_delete_jobs_open ON replay_delete_jobs (id) WHERE status <> 'completed' AND status <> 'failed';

INSERT INTO replay_stale (org_id, replay_id, token, since_ms) SELECT org_id, replay_id, 0, first_seen_ms FROM replays WHERE state = 'live';
