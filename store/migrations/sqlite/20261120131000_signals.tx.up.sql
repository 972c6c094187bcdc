-- What a person can be known by on both sides, when no id was handed over.
ALTER TABLE replays ADD COLUMN user_email TEXT NOT NULL DEFAULT '';
ALTER TABLE replays ADD COLUMN ip TEXT NOT NULL DEFAULT '';
ALTER TABLE replays ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
CREATE INDEX replays_user ON replays (org_id, user_key, started_ms) WHERE user_key <> '';
CREATE INDEX replays_email ON replays (org_id, user_email, started_ms) WHERE user_email <> '';
CREATE INDEX replays_ip ON replays (org_id, ip, started_ms) WHERE ip <> '';

-- The request and the person of each error, to find its recording by when it names none.
CREATE TABLE event_hints (
  org_id     INTEGER NOT NULL,
  event_id   TEXT NOT NULL,
  project_id INTEGER NOT NULL,
  ts_ms      INTEGER NOT NULL,
  method     TEXT NOT NULL,
  path_hash  TEXT NOT NULL,
  unhandled  BOOLEAN NOT NULL,
  user_key   TEXT NOT NULL,
  user_email TEXT NOT NULL,
  ip         TEXT NOT NULL,
  user_agent TEXT NOT NULL,
  referer    TEXT NOT NULL,
  release    TEXT NOT NULL,
  PRIMARY KEY (org_id, event_id, project_id)
);
CREATE INDEX event_hints_path ON event_hints (org_id, path_hash, ts_ms) WHERE path_hash <> '';
CREATE INDEX event_hints_user ON event_hints (org_id, user_key, ts_ms) WHERE user_key <> '';
CREATE INDEX event_hints_email ON event_hints (org_id, user_email, ts_ms) WHERE user_email <> '';
CREATE INDEX event_hints_ip ON event_hints (org_id, ip, ts_ms) WHERE ip <> '';

-- Traces whose headers said that a replay was running. A pair of the trace resolves it.
CREATE TABLE expected_replays (
  org_id   INTEGER NOT NULL,
  trace_id TEXT NOT NULL,
  first_ms INTEGER NOT NULL,
  PRIMARY KEY (org_id, trace_id)
);

-- Why a replay has no recording, as far as anybody said.
CREATE TABLE replay_losses (
  org_id     INTEGER NOT NULL,
  project_id INTEGER NOT NULL,
  replay_id  TEXT NOT NULL,
  reason     TEXT NOT NULL,
  first_ms   INTEGER NOT NULL,
  PRIMARY KEY (org_id, replay_id, reason)
);

CREATE TABLE logs (
  org_id       INTEGER NOT NULL,
  log_id       TEXT NOT NULL,
  project_id   INTEGER NOT NULL,
  trace_id     TEXT,
  span_id      TEXT,
  timestamp_us INTEGER NOT NULL,
  sequence     INTEGER NOT NULL DEFAULT 0,
  severity     TEXT NOT NULL,
  severity_number INTEGER NOT NULL,
  body         TEXT NOT NULL,
  environment  TEXT NOT NULL DEFAULT '',
  release      TEXT NOT NULL DEFAULT '',
  side         TEXT NOT NULL DEFAULT 'backend',
  replay_id    TEXT,
  attributes   BLOB NOT NULL,
  received_ms  INTEGER NOT NULL,
  PRIMARY KEY (org_id, log_id)
);
CREATE INDEX logs_trace ON logs (org_id, trace_id, log_id) WHERE trace_id IS NOT NULL;
CREATE INDEX logs_time ON logs (org_id, timestamp_us DESC, log_id DESC);
CREATE INDEX logs_project ON logs (project_id, timestamp_us DESC, log_id DESC);

CREATE TABLE feedback (
  org_id        INTEGER NOT NULL,
  event_id      TEXT NOT NULL,
  project_id    INTEGER NOT NULL,
  timestamp_ms  INTEGER NOT NULL,
  message       TEXT NOT NULL,
  name          TEXT NOT NULL,
  contact_email TEXT NOT NULL,
  url           TEXT NOT NULL,
  source        TEXT NOT NULL,
  associated_event_id TEXT,
  trace_id      TEXT,
  environment   TEXT NOT NULL DEFAULT '',
  release       TEXT NOT NULL DEFAULT '',
  user_key      TEXT NOT NULL DEFAULT '',
  side          TEXT NOT NULL DEFAULT 'frontend',
  payload       BLOB NOT NULL,
  received_ms   INTEGER NOT NULL,
  PRIMARY KEY (org_id, event_id, project_id)
);
CREATE INDEX feedback_time ON feedback (org_id, timestamp_ms DESC, event_id DESC);
CREATE INDEX feedback_trace ON feedback (org_id, trace_id, event_id) WHERE trace_id IS NOT NULL;
CREATE INDEX feedback_event ON feedback (org_id, associated_event_id) WHERE associated_event_id IS NOT NULL;

CREATE TABLE monitors (
  project_id INTEGER NOT NULL,
  slug       TEXT NOT NULL,
  org_id     INTEGER NOT NULL,
  config     TEXT NOT NULL,
  config_ms  INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (project_id, slug)
);
CREATE INDEX monitors_org ON monitors (org_id, slug);

CREATE TABLE check_ins (
  org_id       INTEGER NOT NULL,
  check_in_id  TEXT NOT NULL,
  project_id   INTEGER NOT NULL,
  monitor_slug TEXT NOT NULL,
  environment  TEXT NOT NULL,
  status       TEXT NOT NULL,
  duration_ms  INTEGER,
  release      TEXT NOT NULL DEFAULT '',
  trace_id     TEXT,
  started_ms   INTEGER NOT NULL,
  updated_ms   INTEGER NOT NULL,
  PRIMARY KEY (org_id, check_in_id, project_id)
);
CREATE INDEX check_ins_monitor ON check_ins (project_id, monitor_slug, environment, started_ms DESC);
CREATE INDEX check_ins_trace ON check_ins (org_id, trace_id, check_in_id) WHERE trace_id IS NOT NULL;

-- Items whose session.id may turn out to be the id of a replay, whichever comes first.
CREATE TABLE item_sessions (
  org_id      INTEGER NOT NULL,
  session_id  TEXT NOT NULL,
  item_kind   TEXT NOT NULL,
  item_id     TEXT NOT NULL,
  trace_id    TEXT NOT NULL DEFAULT '',
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (org_id, session_id, item_kind, item_id)
);
