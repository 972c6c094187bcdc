-- A key's own rate limit on errors (count in a window of seconds; NULL: none), and the quotas of an
-- organisation over all its projects, as a JSON list.
ALTER TABLE project_keys ADD COLUMN rate_count INTEGER;
--bun:split
ALTER TABLE project_keys ADD COLUMN rate_window INTEGER;
--bun:split
ALTER TABLE organizations ADD COLUMN quotas TEXT NOT NULL DEFAULT '[]';
