-- Who a sign-in provider's people are here.
CREATE TABLE user_identities (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  user_id      INTEGER NOT NULL REFERENCES users (id),
  issuer       TEXT NOT NULL,
  subject      TEXT NOT NULL,
  email        TEXT NOT NULL DEFAULT '',
  created_ms   INTEGER NOT NULL,
  last_used_ms INTEGER,
  UNIQUE (issuer, subject)
);
CREATE INDEX user_identities_user ON user_identities (user_id);
