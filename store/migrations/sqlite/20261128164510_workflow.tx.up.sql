-- What a team decided about an issue: how it was resolved, until when it is archived, who has it, how
-- much it matters, and whether somebody is to look at it. ignore_events and ignore_users are the
-- counts at which it wakes (with a window: how many within it); escalate_events is per hour.
ALTER TABLE issues ADD COLUMN assignee_team_id INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN resolution TEXT NOT NULL DEFAULT '';
--bun:split
ALTER TABLE issues ADD COLUMN resolution_release_id INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN resolution_commit TEXT NOT NULL DEFAULT '';
--bun:split
ALTER TABLE issues ADD COLUMN status_actor_id INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN ignore_until_ms INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN ignore_events INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN ignore_events_window_ms INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN ignore_users INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN ignore_users_window_ms INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN escalate_events INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN priority TEXT NOT NULL DEFAULT 'high';
--bun:split
ALTER TABLE issues ADD COLUMN priority_locked_ms INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN inbox_reason INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN inbox_ms INTEGER;
--bun:split
ALTER TABLE issues ADD COLUMN share_id TEXT NOT NULL DEFAULT '';
--bun:split
ALTER TABLE issues ADD COLUMN num_comments INTEGER NOT NULL DEFAULT 0;
--bun:split
UPDATE issues SET priority = CASE WHEN level IN ('fatal', 'error') THEN 'high' WHEN level = 'warning' THEN 'medium' ELSE 'low' END;
--bun:split
CREATE INDEX issues_inbox ON issues (org_id, inbox_ms DESC, id DESC) WHERE inbox_reason IS NOT NULL;
--bun:split
CREATE INDEX issues_assignee ON issues (org_id, assignee_id, status, last_seen_ms DESC, id DESC) WHERE assignee_id IS NOT NULL;
--bun:split
CREATE INDEX issues_assignee_team ON issues (org_id, assignee_team_id, status, last_seen_ms DESC, id DESC) WHERE assignee_team_id IS NOT NULL;
--bun:split
CREATE INDEX issues_aging ON issues (status, substatus, status_changed_ms);
--bun:split
CREATE INDEX issues_resolution_commit ON issues (org_id, resolution_commit) WHERE resolution_commit <> '';
--bun:split
CREATE UNIQUE INDEX issues_share ON issues (share_id) WHERE share_id <> '';
--bun:split
-- What happened to an issue, by whom (NULL: by itself).
CREATE TABLE activities (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id     INTEGER NOT NULL,
  issue_id   INTEGER NOT NULL,
  type       TEXT NOT NULL,
  user_id    INTEGER,
  data       TEXT NOT NULL DEFAULT '{}',
  created_ms INTEGER NOT NULL
);
--bun:split
CREATE INDEX activities_issue ON activities (issue_id, created_ms DESC, id DESC);
--bun:split
-- What an issue is to a person. subscribed is empty for who has said nothing.
CREATE TABLE issue_members (
  issue_id   INTEGER NOT NULL,
  user_id    INTEGER NOT NULL,
  org_id     INTEGER NOT NULL,
  bookmarked BOOLEAN NOT NULL DEFAULT FALSE,
  subscribed TEXT NOT NULL DEFAULT '',
  seen_ms    INTEGER,
  PRIMARY KEY (issue_id, user_id)
);
--bun:split
CREATE INDEX issue_members_user ON issue_members (org_id, user_id, bookmarked);
