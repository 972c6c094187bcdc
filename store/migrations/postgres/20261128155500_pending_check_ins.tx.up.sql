-- Reports of monitors that nobody has described so far: their description may be on its way.
CREATE TABLE pending_check_ins (
  project_id   BIGINT NOT NULL,
  monitor_slug TEXT NOT NULL,
  item_id      TEXT NOT NULL,
  received_ms  BIGINT NOT NULL,
  body         TEXT NOT NULL,
  PRIMARY KEY (project_id, monitor_slug, item_id)
);
--bun:split
CREATE INDEX pending_check_ins_received ON pending_check_ins (received_ms);
