-- Documents that a recorded page loaded: an error while the server made one has nothing else in the recording.
CREATE TABLE replay_loads (
  org_id    BIGINT NOT NULL,
  replay_id TEXT NOT NULL,
  start_us  BIGINT NOT NULL,
  path_hash TEXT NOT NULL,
  end_us    BIGINT NOT NULL,
  PRIMARY KEY (org_id, replay_id, start_us, path_hash)
);
