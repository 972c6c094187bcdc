-- What somebody wrote is worked through like an inbox: open, done with, or spam.
ALTER TABLE feedback ADD COLUMN status TEXT NOT NULL DEFAULT 'unresolved' CHECK (status IN ('unresolved', 'resolved', 'spam'));
--bun:split
CREATE INDEX feedback_status ON feedback (org_id, status, timestamp_ms DESC, event_id DESC);
