-- A release is an organisation's; projects have a share of it. sort_key orders by version (empty: none),
-- date_ms by when it was released, or else made: the releases of a project have both again, so that
-- "the latest of the project" is one step in an index.
CREATE TABLE releases (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id      INTEGER NOT NULL REFERENCES organizations (id),
  version     TEXT NOT NULL,
  package     TEXT NOT NULL DEFAULT '',
  sort_key    TEXT NOT NULL DEFAULT '',
  status      TEXT NOT NULL DEFAULT 'open',
  ref         TEXT NOT NULL DEFAULT '',
  url         TEXT NOT NULL DEFAULT '',
  owner_id    INTEGER,
  date_ms     INTEGER NOT NULL,
  created_ms  INTEGER NOT NULL,
  started_ms  INTEGER,
  released_ms INTEGER,
  commit_count INTEGER NOT NULL DEFAULT 0,
  deploy_count INTEGER NOT NULL DEFAULT 0,
  UNIQUE (org_id, version)
);
--bun:split
CREATE INDEX releases_date ON releases (org_id, status, date_ms DESC, id DESC);
--bun:split
CREATE INDEX releases_sort ON releases (org_id, status, sort_key DESC, id DESC);
--bun:split
CREATE TABLE release_projects (
  project_id     INTEGER NOT NULL,
  release_id     INTEGER NOT NULL REFERENCES releases (id),
  org_id         INTEGER NOT NULL,
  package        TEXT NOT NULL DEFAULT '',
  sort_key       TEXT NOT NULL DEFAULT '',
  date_ms        INTEGER NOT NULL,
  first_event_ms INTEGER,
  last_event_ms  INTEGER,
  PRIMARY KEY (project_id, release_id)
);
--bun:split
CREATE INDEX release_projects_release ON release_projects (release_id);
--bun:split
CREATE INDEX release_projects_date ON release_projects (project_id, date_ms DESC, release_id DESC);
--bun:split
CREATE INDEX release_projects_sort ON release_projects (project_id, package, sort_key DESC, release_id DESC);
--bun:split
CREATE TABLE release_environments (
  release_id  INTEGER NOT NULL REFERENCES releases (id),
  project_id  INTEGER NOT NULL,
  environment TEXT NOT NULL,
  org_id      INTEGER NOT NULL,
  first_ms    INTEGER NOT NULL,
  PRIMARY KEY (release_id, project_id, environment)
);
--bun:split
CREATE TABLE repositories (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id     INTEGER NOT NULL REFERENCES organizations (id),
  name       TEXT NOT NULL,
  url        TEXT NOT NULL DEFAULT '',
  provider   TEXT NOT NULL DEFAULT '',
  created_ms INTEGER NOT NULL,
  UNIQUE (org_id, name)
);
--bun:split
CREATE TABLE commits (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id        INTEGER NOT NULL,
  repository_id INTEGER NOT NULL REFERENCES repositories (id),
  sha           TEXT NOT NULL,
  message       TEXT NOT NULL DEFAULT '',
  author_name   TEXT NOT NULL DEFAULT '',
  author_email  TEXT NOT NULL DEFAULT '',
  date_ms       INTEGER NOT NULL,
  UNIQUE (repository_id, sha)
);
--bun:split
CREATE INDEX commits_sha ON commits (org_id, sha);
--bun:split
CREATE TABLE commit_files (
  commit_id INTEGER NOT NULL REFERENCES commits (id),
  path      TEXT NOT NULL,
  type      TEXT NOT NULL,
  PRIMARY KEY (commit_id, path)
);
--bun:split
-- position counts from the newest, 0.
CREATE TABLE release_commits (
  release_id INTEGER NOT NULL REFERENCES releases (id),
  position   INTEGER NOT NULL,
  org_id     INTEGER NOT NULL,
  commit_id  INTEGER NOT NULL REFERENCES commits (id),
  PRIMARY KEY (release_id, position)
);
--bun:split
CREATE INDEX release_commits_commit ON release_commits (commit_id);
--bun:split
-- Where each repository stood in a release.
CREATE TABLE release_refs (
  release_id    INTEGER NOT NULL REFERENCES releases (id),
  repository_id INTEGER NOT NULL REFERENCES repositories (id),
  org_id        INTEGER NOT NULL,
  sha           TEXT NOT NULL,
  previous_sha  TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (release_id, repository_id)
);
--bun:split
CREATE TABLE deploys (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id      INTEGER NOT NULL,
  release_id  INTEGER NOT NULL REFERENCES releases (id),
  environment TEXT NOT NULL,
  name        TEXT NOT NULL DEFAULT '',
  url         TEXT NOT NULL DEFAULT '',
  started_ms  INTEGER,
  finished_ms INTEGER NOT NULL
);
--bun:split
CREATE INDEX deploys_release ON deploys (release_id, finished_ms DESC, id DESC);
--bun:split
CREATE INDEX issues_of_first_release ON issues (org_id, first_release, project_id) WHERE first_release <> '';
