-- How each relay is getting on with sending projects' copies to their upstreams, for people to see.
CREATE TABLE forward_states (
  project_id       BIGINT NOT NULL,
  relay            TEXT NOT NULL,
  org_id           BIGINT NOT NULL,
  pending          BIGINT NOT NULL,
  lag_ms           BIGINT NOT NULL,
  sent             BIGINT NOT NULL,
  dropped          TEXT NOT NULL,
  last_sent_ms     BIGINT,
  last_error       TEXT NOT NULL,
  limited_until_ms BIGINT,
  updated_ms       BIGINT NOT NULL,
  PRIMARY KEY (project_id, relay)
);
--bun:split
CREATE INDEX forward_states_updated ON forward_states (updated_ms);
--bun:split
CREATE INDEX forward_states_relay ON forward_states (relay);
