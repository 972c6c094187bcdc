-- What clients upload so that stack traces can be read: source maps, sources, debug files.

-- Pieces of files, before it is said what files they make. The bytes are in the blob store.
CREATE TABLE upload_chunks (
  org_id  INTEGER NOT NULL,
  sha1    TEXT NOT NULL,
  size    INTEGER NOT NULL,
  used_ms INTEGER NOT NULL,
  PRIMARY KEY (org_id, sha1)
);
CREATE INDEX upload_chunks_used ON upload_chunks (used_ms);

-- Files to put together from chunks, and how that went. The target is a hash of all that was asked.
CREATE TABLE assemblies (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id     INTEGER NOT NULL,
  target     TEXT NOT NULL,
  kind       TEXT NOT NULL,
  checksum   TEXT NOT NULL,
  request    TEXT NOT NULL,
  state      TEXT NOT NULL,
  detail     TEXT NOT NULL DEFAULT '',
  lease_ms   INTEGER NOT NULL DEFAULT 0,
  updated_ms INTEGER NOT NULL
);
CREATE UNIQUE INDEX assemblies_target ON assemblies (org_id, target);
CREATE INDEX assemblies_state ON assemblies (state, lease_ms);
CREATE INDEX assemblies_checksum ON assemblies (org_id, checksum);
CREATE INDEX assemblies_updated ON assemblies (updated_ms);

-- Uploaded bundles of sources and source maps. A single file of a release is a bundle of one.
CREATE TABLE artifact_bundles (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id     INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  identity   TEXT NOT NULL,
  debug_id   TEXT NOT NULL DEFAULT '',
  blob       TEXT NOT NULL,
  size       INTEGER NOT NULL,
  files      INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
);
CREATE UNIQUE INDEX artifact_bundles_identity ON artifact_bundles (org_id, identity);
CREATE INDEX artifact_bundles_blob ON artifact_bundles (org_id, blob);

-- Which projects, releases and dists a bundle is for; the release may be empty.
CREATE TABLE artifact_releases (
  bundle_id  INTEGER NOT NULL,
  project_id INTEGER NOT NULL,
  release    TEXT NOT NULL,
  dist       TEXT NOT NULL,
  org_id     INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (bundle_id, project_id, release, dist)
);
CREATE INDEX artifact_releases_project ON artifact_releases (project_id, bundle_id);
CREATE INDEX artifact_releases_release ON artifact_releases (project_id, release, bundle_id);

-- The files in a bundle, with where their bytes lie in the bundle's blob.
CREATE TABLE artifact_files (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  bundle_id   INTEGER NOT NULL,
  org_id      INTEGER NOT NULL,
  url         TEXT NOT NULL,
  type        TEXT NOT NULL,
  debug_id    TEXT NOT NULL DEFAULT '',
  source_map  TEXT NOT NULL DEFAULT '',
  headers     TEXT NOT NULL DEFAULT '{}',
  sha1        TEXT NOT NULL,
  size        INTEGER NOT NULL,
  packed      INTEGER NOT NULL,
  start_at    INTEGER NOT NULL,
  deflated    BOOLEAN NOT NULL
);
CREATE INDEX artifact_files_bundle ON artifact_files (bundle_id, id);
CREATE INDEX artifact_files_debug_id ON artifact_files (org_id, debug_id) WHERE debug_id <> '';

-- How a release finds a file by its URL.
CREATE TABLE artifact_urls (
  project_id INTEGER NOT NULL,
  release    TEXT NOT NULL,
  url        TEXT NOT NULL,
  dist       TEXT NOT NULL,
  file_id    INTEGER NOT NULL,
  bundle_id  INTEGER NOT NULL,
  PRIMARY KEY (project_id, release, url, dist, file_id)
);
CREATE INDEX artifact_urls_bundle ON artifact_urls (bundle_id);
CREATE INDEX artifact_urls_file ON artifact_urls (file_id);
CREATE INDEX artifact_urls_page ON artifact_urls (project_id, release, file_id);

-- Debug files of native programs and ProGuard mappings.
CREATE TABLE debug_files (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  org_id      INTEGER NOT NULL,
  project_id  INTEGER NOT NULL,
  sha1        TEXT NOT NULL,
  debug_id    TEXT NOT NULL,
  code_id     TEXT NOT NULL DEFAULT '',
  object_name TEXT NOT NULL,
  cpu_name    TEXT NOT NULL,
  format      TEXT NOT NULL,
  type        TEXT NOT NULL,
  features    TEXT NOT NULL DEFAULT '',
  blob        TEXT NOT NULL,
  size        INTEGER NOT NULL,
  created_ms  INTEGER NOT NULL
);
CREATE UNIQUE INDEX debug_files_file ON debug_files (project_id, sha1, debug_id);
CREATE INDEX debug_files_debug_id ON debug_files (project_id, debug_id);
CREATE INDEX debug_files_code_id ON debug_files (project_id, code_id) WHERE code_id <> '';
CREATE INDEX debug_files_page ON debug_files (project_id, id);
CREATE INDEX debug_files_blob ON debug_files (org_id, blob);

CREATE TABLE proguard_releases (
  project_id INTEGER NOT NULL,
  release    TEXT NOT NULL,
  uuid       TEXT NOT NULL,
  org_id     INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  PRIMARY KEY (project_id, release, uuid)
);

-- Events with frames that nothing uploaded explains yet, by what would explain them.
CREATE TABLE unmapped_events (
  project_id  INTEGER NOT NULL,
  artifact    TEXT NOT NULL,
  event_id    TEXT NOT NULL,
  org_id      INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (project_id, artifact, event_id)
);
CREATE INDEX unmapped_events_event ON unmapped_events (project_id, event_id);
CREATE INDEX unmapped_events_received ON unmapped_events (received_ms);

-- What has been uploaded since, whose events are to be mapped.
CREATE TABLE remap_jobs (
  project_id INTEGER NOT NULL,
  artifact   TEXT NOT NULL,
  org_id     INTEGER NOT NULL,
  token      INTEGER NOT NULL,
  due_ms     INTEGER NOT NULL,
  PRIMARY KEY (project_id, artifact)
);
CREATE INDEX remap_jobs_due ON remap_jobs (due_ms);
