-- Which grouping hash chose an event's issue, so that issues can be taken apart again. A hash that chose
-- one at least once is shown with the issue; the others are only looked up.
ALTER TABLE events ADD COLUMN hash TEXT NOT NULL DEFAULT '';
--bun:split
CREATE INDEX events_issue_hash ON events (issue_id, hash, timestamp_ms DESC, event_id DESC);
--bun:split
CREATE INDEX events_issue_user ON events (issue_id, user_key) WHERE user_key <> '';
--bun:split
ALTER TABLE issue_hashes ADD COLUMN chose BOOLEAN NOT NULL DEFAULT FALSE;
--bun:split
UPDATE issue_hashes SET chose = TRUE;
--bun:split
-- Where merged issues went: their ids and short ids lead there for ever.
CREATE TABLE merged_issues (
  issue_id   INTEGER NOT NULL PRIMARY KEY,
  org_id     INTEGER NOT NULL,
  project_id INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  into_id    INTEGER NOT NULL,
  merged_ms  INTEGER NOT NULL,
  UNIQUE (project_id, number)
);
--bun:split
CREATE INDEX merged_issues_into ON merged_issues (into_id);
--bun:split
-- Moving or deleting an issue's events is too much for one request: what is left of it.
CREATE TABLE issue_jobs (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id     INTEGER NOT NULL,
  project_id INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  from_id    INTEGER NOT NULL,
  into_id    INTEGER NOT NULL DEFAULT 0,
  hashes     TEXT NOT NULL DEFAULT '[]',
  done       BOOLEAN NOT NULL DEFAULT FALSE,
  moved      INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL
);
--bun:split
CREATE INDEX issue_jobs_open ON issue_jobs (id) WHERE NOT done;
--bun:split
CREATE INDEX issue_jobs_into ON issue_jobs (into_id) WHERE NOT done;
--bun:split
CREATE INDEX issue_jobs_from ON issue_jobs (from_id) WHERE NOT done;
--bun:split
-- What a team does not want to see again: events with one of these hashes are counted and dropped.
CREATE TABLE issue_tombstones (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id       INTEGER NOT NULL,
  project_id   INTEGER NOT NULL REFERENCES projects (id),
  level        TEXT NOT NULL,
  type         TEXT NOT NULL,
  title        TEXT NOT NULL,
  culprit      TEXT NOT NULL,
  metadata     TEXT NOT NULL DEFAULT '{}',
  user_id      INTEGER,
  discarded    INTEGER NOT NULL DEFAULT 0,
  last_ms      INTEGER,
  created_ms   INTEGER NOT NULL
);
--bun:split
CREATE INDEX issue_tombstones_project ON issue_tombstones (project_id, id);
--bun:split
CREATE TABLE tombstone_hashes (
  project_id   INTEGER NOT NULL,
  hash         TEXT NOT NULL,
  tombstone_id INTEGER NOT NULL REFERENCES issue_tombstones (id),
  PRIMARY KEY (project_id, hash)
);
--bun:split
CREATE INDEX tombstone_hashes_tombstone ON tombstone_hashes (tombstone_id);
