-- Ownership rules leave the settings: relays, who hold the settings of all projects, have no use for them, and a CODEOWNERS file is long.
CREATE TABLE ownership_rules (
  project_id INTEGER PRIMARY KEY,
  org_id     INTEGER NOT NULL,
  raw        TEXT NOT NULL
);
--bun:split
INSERT INTO ownership_rules (project_id, org_id, raw)
SELECT id, org_id, json_extract(settings, '$.ownership.raw') FROM projects
WHERE json_valid(settings) AND COALESCE(json_extract(settings, '$.ownership.raw'), '') <> '';
--bun:split
UPDATE projects SET settings = json_remove(settings, '$.ownership.raw')
WHERE id IN (SELECT project_id FROM ownership_rules);
