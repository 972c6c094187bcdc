-- Who changed what. Rows are added in the transaction of the change, never altered, and end with their age.
CREATE TABLE audit_log (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id      INTEGER NOT NULL,
  created_ms  INTEGER NOT NULL,
  event       TEXT NOT NULL,
  actor_id    INTEGER,
  actor_name  TEXT NOT NULL,
  actor_token TEXT NOT NULL DEFAULT '',
  address     TEXT NOT NULL DEFAULT '',
  target_kind TEXT NOT NULL,
  target_id   TEXT NOT NULL DEFAULT '',
  target_name TEXT NOT NULL DEFAULT '',
  data        TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_org ON audit_log (org_id, created_ms DESC, id DESC);
CREATE INDEX audit_log_event ON audit_log (org_id, event, created_ms DESC, id DESC);
CREATE INDEX audit_log_actor ON audit_log (org_id, actor_id, created_ms DESC, id DESC) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_log_age ON audit_log (created_ms);
CREATE TRIGGER audit_log_stays BEFORE UPDATE ON audit_log
BEGIN
  SELECT RAISE(ABORT, 'the audit log is append-only');
END;
