-- What stands on a replay's timeline beside its errors: feedback, check-ins, bad logs, bad transactions.
CREATE INDEX replay_links_marks ON replay_links (org_id, replay_id, ts_ms, item_id)
  WHERE ts_ms IS NOT NULL AND item_kind <> 'event' AND (item_kind IN ('feedback', 'check_in') OR level IN ('warn', 'warning', 'error', 'fatal'));
