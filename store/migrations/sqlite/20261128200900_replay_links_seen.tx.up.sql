-- In how many replays an issue was seen: all that the count asks of links, so that it reads no more than this.
CREATE INDEX replay_links_seen ON replay_links (org_id, issue_id, replay_id, signals, flags) WHERE issue_id IS NOT NULL;
