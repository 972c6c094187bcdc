-- Groups of people: projects belong to teams, issues can be assigned to them.
CREATE TABLE teams (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id     INTEGER NOT NULL REFERENCES organizations (id),
  slug       TEXT NOT NULL,
  name       TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  UNIQUE (org_id, slug)
);
--bun:split
CREATE TABLE team_members (
  team_id   INTEGER NOT NULL REFERENCES teams (id),
  user_id   INTEGER NOT NULL REFERENCES users (id),
  role      TEXT NOT NULL DEFAULT 'contributor',
  joined_ms INTEGER NOT NULL,
  PRIMARY KEY (team_id, user_id)
);
--bun:split
CREATE INDEX team_members_user ON team_members (user_id);
--bun:split
CREATE TABLE project_teams (
  project_id INTEGER NOT NULL REFERENCES projects (id),
  team_id    INTEGER NOT NULL REFERENCES teams (id),
  PRIMARY KEY (project_id, team_id)
);
--bun:split
CREATE INDEX project_teams_team ON project_teams (team_id);
--bun:split
-- Until now everybody was in one team that was not written down: it had the organisation's name.
INSERT INTO teams (org_id, slug, name, created_ms) SELECT id, slug, name, created_ms FROM organizations;
--bun:split
INSERT INTO team_members (team_id, user_id, role, joined_ms)
SELECT t.id, m.user_id, 'contributor', m.created_ms FROM memberships m JOIN teams t ON t.org_id = m.org_id;
--bun:split
INSERT INTO project_teams (project_id, team_id) SELECT p.id, t.id FROM projects p JOIN teams t ON t.org_id = p.org_id;
