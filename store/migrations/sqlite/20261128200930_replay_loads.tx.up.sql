-- Documents that a recorded page loaded: an error while the server made one has nothing else in the recording.
CREATE TABLE replay_loads (
  org_id    INTEGER NOT NULL,
  replay_id TEXT NOT NULL,
  start_us  INTEGER NOT NULL,
  path_hash TEXT NOT NULL,
  end_us    INTEGER NOT NULL,
  PRIMARY KEY (org_id, replay_id, start_us, path_hash)
);
