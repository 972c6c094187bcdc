-- A deleted project is hidden at once (deleted_ms); its rows go in the background. emptied_ms: they went once.
ALTER TABLE projects ADD COLUMN deleted_ms INTEGER;
--bun:split
ALTER TABLE projects ADD COLUMN emptied_ms INTEGER;
--bun:split
CREATE INDEX projects_deleted ON projects (org_id, deleted_ms) WHERE deleted_ms IS NOT NULL;
