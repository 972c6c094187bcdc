-- Whoever keeps or ranks a project's recordings goes through them by age.
CREATE INDEX replays_project ON replays (project_id, state, finished_ms);
--bun:split
-- Issues whose status changed: the worth of their replays is to be told anew, from the replay after after_replay on.
CREATE TABLE stale_issues (
  issue_id     INTEGER NOT NULL PRIMARY KEY,
  org_id       INTEGER NOT NULL,
  after_replay TEXT NOT NULL DEFAULT '',
  version      INTEGER NOT NULL DEFAULT 1
);
--bun:split
-- A trigger, and no line of code, because many things change an issue's status and none may forget this.
CREATE TRIGGER issues_status_changed AFTER UPDATE OF status ON issues WHEN OLD.status <> NEW.status
BEGIN
  INSERT INTO stale_issues (issue_id, org_id) VALUES (NEW.id, NEW.org_id)
    ON CONFLICT (issue_id) DO UPDATE SET after_replay = '', version = stale_issues.version + 1;
END;
--bun:split
CREATE INDEX event_hints_age ON event_hints (ts_ms);
--bun:split
CREATE INDEX item_sessions_age ON item_sessions (received_ms);
--bun:split
CREATE INDEX expected_replays_age ON expected_replays (first_ms);
--bun:split
CREATE INDEX replay_losses_age ON replay_losses (first_ms);
