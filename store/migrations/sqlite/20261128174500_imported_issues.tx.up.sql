-- Which issues of another server became which of ours; outlives ours, so that a second import adds none.
CREATE TABLE imported_issues (
  project_id INTEGER NOT NULL,
  source     TEXT NOT NULL,
  foreign_id TEXT NOT NULL,
  issue_id   INTEGER NOT NULL,
  PRIMARY KEY (project_id, source, foreign_id)
);
