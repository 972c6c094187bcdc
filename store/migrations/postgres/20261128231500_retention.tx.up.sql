-- What is found by its age: files and items of a project, replays that never came, what is left of replays and of
-- jobs that are done.
CREATE INDEX attachments_age ON attachments (project_id, received_ms);
--bun:split
CREATE INDEX raw_items_age ON raw_items (project_id, received_ms);
--bun:split
CREATE INDEX replays_unfinished ON replays (first_seen_ms) WHERE finished_ms IS NULL AND state <> 'deleted';
--bun:split
CREATE INDEX replay_tombstones_gone ON replay_tombstones (gone_ms);
--bun:split
CREATE INDEX issue_jobs_done ON issue_jobs (updated_ms) WHERE done;
