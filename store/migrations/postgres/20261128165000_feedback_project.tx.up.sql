-- The feedback of one project, the newest first.
CREATE INDEX feedback_project ON feedback (project_id, timestamp_ms DESC, event_id DESC);
