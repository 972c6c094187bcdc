-- Times: *_ms are Unix milliseconds, *_us Unix microseconds. Ids from the wire
-- (event, replay, trace: 32 lower-case hex; span: 16) are text.

CREATE TABLE organizations (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  slug       TEXT NOT NULL UNIQUE,
  name       TEXT NOT NULL,
  created_ms INTEGER NOT NULL
);

CREATE TABLE projects (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id       INTEGER NOT NULL REFERENCES organizations (id),
  slug         TEXT NOT NULL,
  name         TEXT NOT NULL,
  platform     TEXT NOT NULL DEFAULT '',
  settings     TEXT NOT NULL DEFAULT '{}',
  issue_number INTEGER NOT NULL DEFAULT 0,
  first_event_ms INTEGER,
  created_ms   INTEGER NOT NULL,
  UNIQUE (org_id, slug)
);

CREATE TABLE project_keys (
  public_key TEXT PRIMARY KEY,
  project_id INTEGER NOT NULL REFERENCES projects (id),
  secret_key TEXT NOT NULL,
  label      TEXT NOT NULL,
  active     BOOLEAN NOT NULL DEFAULT TRUE,
  created_ms INTEGER NOT NULL
);
CREATE INDEX project_keys_project ON project_keys (project_id);

CREATE TABLE users (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  email         TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  password_hash TEXT NOT NULL DEFAULT '',
  created_ms    INTEGER NOT NULL,
  last_login_ms INTEGER
);

CREATE TABLE memberships (
  org_id     INTEGER NOT NULL REFERENCES organizations (id),
  user_id    INTEGER NOT NULL REFERENCES users (id),
  role       TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (org_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

CREATE TABLE sign_in_links (
  token_hash TEXT PRIMARY KEY,
  user_id    INTEGER NOT NULL REFERENCES users (id),
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  used_ms    INTEGER
);

CREATE TABLE user_sessions (
  token_hash   TEXT PRIMARY KEY,
  user_id      INTEGER NOT NULL REFERENCES users (id),
  created_ms   INTEGER NOT NULL,
  last_seen_ms INTEGER NOT NULL,
  expires_ms   INTEGER NOT NULL
);
CREATE INDEX user_sessions_user ON user_sessions (user_id);

CREATE TABLE api_tokens (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  token_hash      TEXT NOT NULL UNIQUE,
  org_id          INTEGER NOT NULL REFERENCES organizations (id),
  user_id         INTEGER REFERENCES users (id),
  name            TEXT NOT NULL,
  scopes          TEXT NOT NULL,
  last_characters TEXT NOT NULL,
  created_ms      INTEGER NOT NULL,
  expires_ms      INTEGER,
  last_used_ms    INTEGER
);

-- The guard of exactly-once: one row per stream message that was stored.
CREATE TABLE stored_messages (
  message_id  TEXT PRIMARY KEY,
  received_ms INTEGER NOT NULL
);
CREATE INDEX stored_messages_received ON stored_messages (received_ms);

CREATE TABLE issues (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id        INTEGER NOT NULL,
  project_id    INTEGER NOT NULL REFERENCES projects (id),
  number        INTEGER NOT NULL,
  status        TEXT NOT NULL DEFAULT 'unresolved',
  substatus     TEXT NOT NULL DEFAULT 'new',
  level         TEXT NOT NULL,
  platform      TEXT NOT NULL,
  type          TEXT NOT NULL,
  title         TEXT NOT NULL,
  culprit       TEXT NOT NULL,
  logger        TEXT NOT NULL DEFAULT '',
  metadata      TEXT NOT NULL DEFAULT '{}',
  unhandled     BOOLEAN NOT NULL DEFAULT FALSE,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms  INTEGER NOT NULL,
  times_seen    INTEGER NOT NULL DEFAULT 0,
  users_seen    INTEGER NOT NULL DEFAULT 0,
  first_release TEXT NOT NULL DEFAULT '',
  last_release  TEXT NOT NULL DEFAULT '',
  assignee_id   INTEGER,
  status_changed_ms INTEGER,
  created_ms    INTEGER NOT NULL,
  UNIQUE (project_id, number)
);
CREATE INDEX issues_org_seen ON issues (org_id, status, last_seen_ms DESC, id DESC);
CREATE INDEX issues_org_any ON issues (org_id, last_seen_ms DESC, id DESC);
CREATE INDEX issues_project_seen ON issues (project_id, status, last_seen_ms DESC, id DESC);
CREATE INDEX issues_org_first ON issues (org_id, status, first_seen_ms DESC, id DESC);
CREATE INDEX issues_org_times ON issues (org_id, status, times_seen DESC, id DESC);
CREATE INDEX issues_org_users ON issues (org_id, status, users_seen DESC, id DESC);

CREATE TABLE issue_hashes (
  project_id INTEGER NOT NULL,
  hash       TEXT NOT NULL,
  algorithm  TEXT NOT NULL,
  issue_id   INTEGER NOT NULL REFERENCES issues (id),
  PRIMARY KEY (project_id, hash)
);
CREATE INDEX issue_hashes_issue ON issue_hashes (issue_id);

CREATE TABLE issue_users (
  issue_id INTEGER NOT NULL,
  user_key TEXT NOT NULL,
  first_ms INTEGER NOT NULL,
  PRIMARY KEY (issue_id, user_key)
);

-- Events per issue and hour: sparklines and frequencies.
CREATE TABLE issue_hours (
  issue_id INTEGER NOT NULL,
  hour_ms  INTEGER NOT NULL,
  events   INTEGER NOT NULL,
  PRIMARY KEY (issue_id, hour_ms)
);

CREATE TABLE events (
  project_id   INTEGER NOT NULL,
  event_id     TEXT NOT NULL,
  org_id       INTEGER NOT NULL,
  issue_id     INTEGER NOT NULL,
  level        TEXT NOT NULL,
  platform     TEXT NOT NULL,
  title        TEXT NOT NULL,
  culprit      TEXT NOT NULL,
  timestamp_ms INTEGER NOT NULL,
  received_ms  INTEGER NOT NULL,
  trace_id     TEXT,
  span_id      TEXT,
  parent_span_id TEXT,
  environment  TEXT NOT NULL DEFAULT '',
  release      TEXT NOT NULL DEFAULT '',
  user_key     TEXT NOT NULL DEFAULT '',
  unhandled    BOOLEAN NOT NULL DEFAULT FALSE,
  side         TEXT NOT NULL DEFAULT 'backend',
  expects_replay BOOLEAN NOT NULL DEFAULT FALSE,
  payload      BLOB NOT NULL,
  PRIMARY KEY (project_id, event_id)
);
CREATE INDEX events_issue ON events (issue_id, timestamp_ms DESC, event_id DESC);
CREATE INDEX events_trace ON events (org_id, trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX events_id ON events (org_id, event_id);
CREATE INDEX events_project ON events (project_id, timestamp_ms DESC, event_id DESC);
CREATE INDEX events_environment ON events (org_id, environment);

CREATE TABLE attachments (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id       INTEGER NOT NULL,
  project_id   INTEGER NOT NULL,
  event_id     TEXT NOT NULL,
  message_id   TEXT NOT NULL,
  position     INTEGER NOT NULL,
  name         TEXT NOT NULL,
  type         TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size         INTEGER NOT NULL,
  sha1         TEXT NOT NULL,
  blob         TEXT NOT NULL,
  received_ms  INTEGER NOT NULL,
  UNIQUE (message_id, position)
);
CREATE INDEX attachments_event ON attachments (project_id, event_id);

-- Spans of both lives: a transaction becomes a segment span and its children.
CREATE TABLE spans (
  org_id         INTEGER NOT NULL,
  trace_id       TEXT NOT NULL,
  span_id        TEXT NOT NULL,
  project_id     INTEGER NOT NULL,
  parent_span_id TEXT,
  segment_id     TEXT,
  is_segment     BOOLEAN NOT NULL,
  event_id       TEXT,
  op             TEXT NOT NULL DEFAULT '',
  name           TEXT NOT NULL DEFAULT '',
  status         TEXT NOT NULL DEFAULT '',
  segment_name   TEXT NOT NULL DEFAULT '',
  environment    TEXT NOT NULL DEFAULT '',
  release        TEXT NOT NULL DEFAULT '',
  platform       TEXT NOT NULL DEFAULT '',
  side           TEXT NOT NULL DEFAULT 'backend',
  start_us       INTEGER NOT NULL,
  end_us         INTEGER NOT NULL,
  received_ms    INTEGER NOT NULL,
  payload        BLOB NOT NULL,
  PRIMARY KEY (org_id, trace_id, span_id, project_id)
);
CREATE INDEX spans_segments ON spans (org_id, start_us DESC) WHERE is_segment;
CREATE INDEX spans_segment_name ON spans (org_id, segment_name, start_us DESC) WHERE is_segment;
CREATE INDEX spans_event ON spans (org_id, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX spans_id ON spans (org_id, span_id);
CREATE INDEX spans_parent ON spans (org_id, parent_span_id) WHERE is_segment AND parent_span_id IS NOT NULL;

CREATE TABLE replays (
  org_id          INTEGER NOT NULL,
  replay_id       TEXT NOT NULL,
  project_id      INTEGER,
  state           TEXT NOT NULL,
  replay_type     TEXT NOT NULL DEFAULT '',
  platform        TEXT NOT NULL DEFAULT '',
  environment     TEXT NOT NULL DEFAULT '',
  releases        TEXT NOT NULL DEFAULT '[]',
  dist            TEXT NOT NULL DEFAULT '',
  sdk_name        TEXT NOT NULL DEFAULT '',
  sdk_version     TEXT NOT NULL DEFAULT '',
  user_key        TEXT NOT NULL DEFAULT '',
  user_json       TEXT NOT NULL DEFAULT '{}',
  browser_name    TEXT NOT NULL DEFAULT '',
  browser_version TEXT NOT NULL DEFAULT '',
  os_name         TEXT NOT NULL DEFAULT '',
  os_version      TEXT NOT NULL DEFAULT '',
  device_name     TEXT NOT NULL DEFAULT '',
  device_family   TEXT NOT NULL DEFAULT '',
  device_brand    TEXT NOT NULL DEFAULT '',
  device_model    TEXT NOT NULL DEFAULT '',
  tags            TEXT NOT NULL DEFAULT '{}',
  urls            TEXT NOT NULL DEFAULT '[]',
  origins         TEXT NOT NULL DEFAULT '{}',
  started_ms      INTEGER,
  finished_ms     INTEGER,
  first_seen_ms   INTEGER NOT NULL,
  last_segment_ms INTEGER,
  count_urls      INTEGER NOT NULL DEFAULT 0,
  count_dead_clicks INTEGER NOT NULL DEFAULT 0,
  count_rage_clicks INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (org_id, replay_id)
);
CREATE INDEX replays_started ON replays (org_id, started_ms DESC, replay_id DESC) WHERE started_ms IS NOT NULL;

CREATE TABLE replay_segments (
  org_id      INTEGER NOT NULL,
  replay_id   TEXT NOT NULL,
  segment_id  INTEGER NOT NULL,
  body_hash   TEXT NOT NULL,
  project_id  INTEGER NOT NULL,
  first_ms    INTEGER,
  last_ms     INTEGER,
  bytes       INTEGER NOT NULL,
  playable    BOOLEAN NOT NULL,
  problem     TEXT NOT NULL DEFAULT '',
  has_snapshot BOOLEAN NOT NULL DEFAULT FALSE,
  blob        TEXT NOT NULL,
  frames      BLOB,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (org_id, replay_id, segment_id, body_hash)
);

CREATE TABLE replay_traces (
  org_id    INTEGER NOT NULL,
  trace_id  TEXT NOT NULL,
  replay_id TEXT NOT NULL,
  sources   INTEGER NOT NULL,
  first_ms  INTEGER NOT NULL,
  last_ms   INTEGER NOT NULL,
  PRIMARY KEY (org_id, trace_id, replay_id)
);
CREATE INDEX replay_traces_replay ON replay_traces (org_id, replay_id);

CREATE TABLE replay_requests (
  org_id    INTEGER NOT NULL,
  replay_id TEXT NOT NULL,
  start_us  INTEGER NOT NULL,
  url_hash  TEXT NOT NULL,
  method    TEXT NOT NULL,
  url       TEXT NOT NULL,
  path      TEXT NOT NULL,
  path_hash TEXT NOT NULL,
  status    INTEGER,
  end_us    INTEGER NOT NULL,
  trace_id  TEXT,
  span_id   TEXT,
  PRIMARY KEY (org_id, replay_id, start_us, url_hash)
);
CREATE INDEX replay_requests_span ON replay_requests (org_id, span_id) WHERE span_id IS NOT NULL;
CREATE INDEX replay_requests_path ON replay_requests (org_id, path_hash, start_us);

-- What happened inside which replay; signals is a bit set, the tier is computed from it.
CREATE TABLE replay_links (
  org_id     INTEGER NOT NULL,
  item_kind  TEXT NOT NULL,
  item_id    TEXT NOT NULL,
  replay_id  TEXT NOT NULL,
  project_id INTEGER,
  issue_id   INTEGER,
  trace_id   TEXT,
  level      TEXT,
  side       TEXT,
  name       TEXT,
  ts_ms      INTEGER,
  signals    INTEGER NOT NULL,
  flags      INTEGER NOT NULL DEFAULT 0,
  is_primary BOOLEAN NOT NULL DEFAULT FALSE,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (org_id, item_kind, item_id, replay_id)
);
CREATE INDEX replay_links_issue ON replay_links (org_id, issue_id, ts_ms DESC) WHERE issue_id IS NOT NULL;
CREATE INDEX replay_links_replay ON replay_links (org_id, replay_id, ts_ms);
CREATE INDEX replay_links_trace ON replay_links (org_id, trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX replay_links_name ON replay_links (org_id, name, ts_ms DESC) WHERE name IS NOT NULL;

CREATE TABLE replay_views (
  org_id    INTEGER NOT NULL,
  replay_id TEXT NOT NULL,
  user_id   INTEGER NOT NULL,
  viewed_ms INTEGER NOT NULL,
  PRIMARY KEY (org_id, replay_id, user_id)
);

-- One row per release session (sid), its latest state by seq.
CREATE TABLE release_sessions (
  project_id  INTEGER NOT NULL,
  sid         TEXT NOT NULL,
  org_id      INTEGER NOT NULL,
  seq         INTEGER NOT NULL,
  status      TEXT NOT NULL,
  errors      INTEGER NOT NULL,
  did         TEXT NOT NULL DEFAULT '',
  release     TEXT NOT NULL,
  environment TEXT NOT NULL DEFAULT '',
  started_ms  INTEGER NOT NULL,
  updated_ms  INTEGER NOT NULL,
  duration_ms INTEGER,
  PRIMARY KEY (project_id, sid)
);
CREATE INDEX release_sessions_release ON release_sessions (org_id, project_id, release, started_ms);

-- Session aggregates as servers send them, summed per minute.
CREATE TABLE release_session_counts (
  project_id  INTEGER NOT NULL,
  release     TEXT NOT NULL,
  environment TEXT NOT NULL,
  started_ms  INTEGER NOT NULL,
  org_id      INTEGER NOT NULL,
  exited      INTEGER NOT NULL,
  errored     INTEGER NOT NULL,
  abnormal    INTEGER NOT NULL,
  unhandled   INTEGER NOT NULL,
  crashed     INTEGER NOT NULL,
  PRIMARY KEY (project_id, release, environment, started_ms)
);

CREATE TABLE outcomes (
  minute_ms  INTEGER NOT NULL,
  org_id     INTEGER NOT NULL,
  project_id INTEGER NOT NULL,
  public_key TEXT NOT NULL DEFAULT '',
  category   TEXT NOT NULL,
  outcome    TEXT NOT NULL,
  reason     TEXT NOT NULL DEFAULT '',
  quantity   INTEGER NOT NULL,
  PRIMARY KEY (org_id, minute_ms, project_id, public_key, category, outcome, reason)
);

-- Items that are kept as they came: types without a table of their own yet, and what could not be read.
CREATE TABLE raw_items (
  message_id  TEXT NOT NULL,
  position    INTEGER NOT NULL,
  org_id      INTEGER NOT NULL,
  project_id  INTEGER NOT NULL,
  type        TEXT NOT NULL,
  event_id    TEXT,
  trace_id    TEXT,
  header      TEXT NOT NULL,
  payload     BLOB,
  blob        TEXT NOT NULL DEFAULT '',
  size        INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (message_id, position)
);
CREATE INDEX raw_items_type ON raw_items (org_id, project_id, type, received_ms DESC);
CREATE INDEX raw_items_event ON raw_items (org_id, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX raw_items_trace ON raw_items (org_id, trace_id) WHERE trace_id IS NOT NULL;
