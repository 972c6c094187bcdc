-- Ownership rules leave the settings: relays, who hold the settings of all projects, have no use for them, and a CODEOWNERS file is long.
CREATE TABLE ownership_rules (
  project_id BIGINT PRIMARY KEY,
  org_id     BIGINT NOT NULL,
  raw        TEXT NOT NULL
);
--bun:split
INSERT INTO ownership_rules (project_id, org_id, raw)
SELECT id, org_id, settings::json #>> '{ownership,raw}' FROM projects
WHERE settings LIKE '%"ownership"%' AND COALESCE(settings::json #>> '{ownership,raw}', '') <> '';
--bun:split
UPDATE projects SET settings = (settings::jsonb #- '{ownership,raw}')::text
WHERE id IN (SELECT project_id FROM ownership_rules);
