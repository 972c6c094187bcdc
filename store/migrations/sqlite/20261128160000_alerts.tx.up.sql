-- Alerts: rules, what happened (signals), what is to be told (deliveries), and where to.

CREATE TABLE alert_channels (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id     INTEGER NOT NULL,
  name       TEXT NOT NULL,
  kind       TEXT NOT NULL,
  config     BLOB NOT NULL,
  shown      TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  UNIQUE (org_id, name)
);
--bun:split
CREATE TABLE alert_rules (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id      INTEGER NOT NULL,
  kind        TEXT NOT NULL,
  name        TEXT NOT NULL,
  enabled     BOOLEAN NOT NULL,
  projects    TEXT NOT NULL,
  environment TEXT NOT NULL DEFAULT '',
  body        TEXT NOT NULL,
  created_by  INTEGER,
  created_ms  INTEGER NOT NULL,
  updated_ms  INTEGER NOT NULL,
  fired_ms    INTEGER,
  snoozed_until_ms INTEGER NOT NULL DEFAULT 0,
  state       TEXT NOT NULL DEFAULT '',
  state_ms    INTEGER NOT NULL DEFAULT 0,
  due_ms      INTEGER
);
--bun:split
CREATE INDEX alert_rules_org ON alert_rules (org_id, id);
--bun:split
CREATE INDEX alert_rules_due ON alert_rules (due_ms) WHERE due_ms IS NOT NULL;
--bun:split
-- What happened to an issue, or to a number that a rule watches; kinds is a bit set.
CREATE TABLE alert_signals (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id     INTEGER NOT NULL,
  project_id INTEGER NOT NULL,
  kinds      INTEGER NOT NULL,
  issue_id   INTEGER NOT NULL DEFAULT 0,
  event_id   TEXT NOT NULL DEFAULT '',
  replay_id  TEXT NOT NULL DEFAULT '',
  rule_id    INTEGER NOT NULL DEFAULT 0,
  body       TEXT NOT NULL DEFAULT '',
  created_ms INTEGER NOT NULL,
  due_ms     INTEGER NOT NULL
);
--bun:split
CREATE INDEX alert_signals_due ON alert_signals (due_ms, id);
--bun:split
-- When a rule last told of an issue.
CREATE TABLE alert_fires (
  rule_id  INTEGER NOT NULL,
  issue_id INTEGER NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms  INTEGER NOT NULL,
  fires    INTEGER NOT NULL,
  event_id TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (rule_id, issue_id)
);
--bun:split
CREATE INDEX alert_fires_last ON alert_fires (last_ms);
--bun:split
-- The outbox, and afterwards the log. lane: what may have one message in flight at a time.
CREATE TABLE alert_deliveries (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  idem_key   TEXT NOT NULL UNIQUE,
  org_id     INTEGER NOT NULL,
  project_id INTEGER NOT NULL,
  rule_id    INTEGER NOT NULL,
  rule_name  TEXT NOT NULL,
  channel_id INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  target     TEXT NOT NULL,
  lane       TEXT NOT NULL,
  reason     TEXT NOT NULL,
  issue_id   INTEGER NOT NULL,
  event_id   TEXT NOT NULL,
  replay_id  TEXT NOT NULL,
  body       TEXT NOT NULL,
  status     TEXT NOT NULL,
  count      INTEGER NOT NULL,
  attempts   INTEGER NOT NULL,
  digest     TEXT NOT NULL,
  batch      INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  due_ms     INTEGER NOT NULL,
  deadline_ms INTEGER NOT NULL,
  lease_ms   INTEGER NOT NULL,
  done_ms    INTEGER,
  code       INTEGER NOT NULL DEFAULT 0,
  error      TEXT NOT NULL DEFAULT ''
);
--bun:split
CREATE INDEX alert_deliveries_due ON alert_deliveries (due_ms, id) WHERE status = 'pending';
--bun:split
CREATE INDEX alert_deliveries_lane ON alert_deliveries (lane, lease_ms) WHERE status = 'pending';
--bun:split
CREATE INDEX alert_deliveries_digest ON alert_deliveries (digest, id) WHERE status = 'pending' AND digest <> '';
--bun:split
CREATE INDEX alert_deliveries_batch ON alert_deliveries (batch) WHERE batch <> 0;
--bun:split
CREATE INDEX alert_deliveries_org ON alert_deliveries (org_id, id DESC);
--bun:split
CREATE INDEX alert_deliveries_channel ON alert_deliveries (org_id, channel_id, id DESC);
--bun:split
CREATE INDEX alert_deliveries_rule ON alert_deliveries (rule_id, created_ms);
--bun:split
CREATE INDEX alert_deliveries_created ON alert_deliveries (created_ms);
--bun:split
-- When a worker last looked at the clock: a gap tells it that it was away.
CREATE TABLE worker_clocks (
  name  TEXT PRIMARY KEY,
  at_ms INTEGER NOT NULL
);
--bun:split
ALTER TABLE monitors ADD COLUMN id TEXT NOT NULL DEFAULT '';
--bun:split
ALTER TABLE monitors ADD COLUMN name TEXT NOT NULL DEFAULT '';
--bun:split
ALTER TABLE monitors ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
--bun:split
ALTER TABLE monitors ADD COLUMN muted BOOLEAN NOT NULL DEFAULT FALSE;
--bun:split
ALTER TABLE monitors ADD COLUMN owner TEXT NOT NULL DEFAULT '';
--bun:split
UPDATE monitors SET id = lower(hex(randomblob(16)));
--bun:split
CREATE UNIQUE INDEX monitors_id ON monitors (id);
--bun:split
-- A monitor in one environment: what is expected of it, and how it is. token is set when check-ins came
-- that were not looked at yet.
CREATE TABLE monitor_environments (
  project_id  INTEGER NOT NULL,
  slug        TEXT NOT NULL,
  environment TEXT NOT NULL,
  org_id      INTEGER NOT NULL,
  status      TEXT NOT NULL,
  muted       BOOLEAN NOT NULL DEFAULT FALSE,
  created_ms  INTEGER NOT NULL,
  last_ms     INTEGER,
  next_ms     INTEGER,
  late_ms     INTEGER,
  token       INTEGER,
  incident    TEXT NOT NULL DEFAULT '',
  incident_ms INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (project_id, slug, environment)
);
--bun:split
CREATE INDEX monitor_environments_late ON monitor_environments (late_ms) WHERE late_ms IS NOT NULL;
--bun:split
CREATE INDEX monitor_environments_changed ON monitor_environments (project_id, slug, environment) WHERE token IS NOT NULL;
--bun:split
INSERT INTO monitor_environments (project_id, slug, environment, org_id, status, created_ms, token)
  SELECT project_id, monitor_slug, environment, MIN(org_id), 'active', MIN(started_ms), 1 FROM check_ins GROUP BY project_id, monitor_slug, environment;
--bun:split
ALTER TABLE check_ins ADD COLUMN expected_ms INTEGER;
--bun:split
ALTER TABLE check_ins ADD COLUMN timeout_ms INTEGER;
--bun:split
CREATE INDEX check_ins_open ON check_ins (timeout_ms) WHERE status = 'in_progress';
--bun:split
CREATE INDEX release_sessions_started ON release_sessions (project_id, started_ms);
--bun:split
CREATE INDEX release_session_counts_started ON release_session_counts (project_id, started_ms);
