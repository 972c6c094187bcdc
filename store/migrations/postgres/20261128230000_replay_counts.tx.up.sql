-- What lists of replays are sorted and searched by, with each replay: how many of its links are of which kind (the
-- condition is countedLink's), and its worth. The database keeps them, in the transaction that changes a link, because
-- many things change links and none may forget this. A test compares them with the links.
ALTER TABLE replays ADD COLUMN count_errors BIGINT NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE replays ADD COLUMN count_backend_errors BIGINT NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE replays ADD COLUMN count_frontend_errors BIGINT NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE replays ADD COLUMN count_warnings BIGINT NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE replays ADD COLUMN count_infos BIGINT NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE replays ADD COLUMN worth BIGINT NOT NULL DEFAULT 0;
--bun:split
-- As what a link counts: null for one that does not.
CREATE FUNCTION replay_link_class(kind TEXT, level TEXT, side TEXT, signals BIGINT, flags BIGINT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN kind <> 'event' OR NOT ((signals & 13119) <> 0 OR ((signals & 192) <> 0 AND (flags & 4) = 0)) THEN NULL
    WHEN level IN ('error', 'fatal') THEN CASE WHEN COALESCE(side, 'frontend') IN ('backend', 'frontend') THEN COALESCE(side, 'frontend') ELSE 'error' END
    WHEN level = 'warning' THEN 'warning'
    WHEN level IN ('info', 'debug', 'sample', 'log') THEN 'info' END
$$;
--bun:split
-- Once for all rows of a statement: of a replay with thousands of errors each change of its row would be looked through
-- to make the next.
CREATE FUNCTION count_replay_links(orgs BIGINT[], ids TEXT[], classes TEXT[], steps BIGINT[]) RETURNS VOID LANGUAGE sql AS $$
  UPDATE replays AS r SET count_errors = r.count_errors + d.errors, count_backend_errors = r.count_backend_errors + d.backend,
    count_frontend_errors = r.count_frontend_errors + d.frontend, count_warnings = r.count_warnings + d.warnings, count_infos = r.count_infos + d.infos
  FROM (SELECT org_id, replay_id, COALESCE(SUM(n) FILTER (WHERE class IN ('backend', 'frontend', 'error')), 0) AS errors,
      COALESCE(SUM(n) FILTER (WHERE class = 'backend'), 0) AS backend, COALESCE(SUM(n) FILTER (WHERE class = 'frontend'), 0) AS frontend,
      COALESCE(SUM(n) FILTER (WHERE class = 'warning'), 0) AS warnings, COALESCE(SUM(n) FILTER (WHERE class = 'info'), 0) AS infos
    FROM (SELECT org_id, replay_id, class, SUM(step) AS n FROM unnest(orgs, ids, classes, steps) AS c(org_id, replay_id, class, step)
      WHERE class IS NOT NULL GROUP BY org_id, replay_id, class HAVING SUM(step) <> 0) AS sums GROUP BY org_id, replay_id) AS d
  WHERE r.org_id = d.org_id AND r.replay_id = d.replay_id
$$;
--bun:split
CREATE FUNCTION replay_links_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM count_replay_links(array_agg(l.org_id), array_agg(l.replay_id), array_agg(replay_link_class(l.item_kind, l.level, l.side, l.signals, l.flags)), array_agg(l.step)) FROM (SELECT org_id, replay_id, item_kind, level, side, signals, flags, 1::BIGINT AS step FROM added) AS l;
  RETURN NULL;
END $$;
--bun:split
CREATE TRIGGER replay_links_added AFTER INSERT ON replay_links REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION replay_links_added();
--bun:split
CREATE FUNCTION replay_links_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM count_replay_links(array_agg(l.org_id), array_agg(l.replay_id), array_agg(replay_link_class(l.item_kind, l.level, l.side, l.signals, l.flags)), array_agg(l.step)) FROM (SELECT org_id, replay_id, item_kind, level, side, signals, flags, -1::BIGINT AS step FROM gone) AS l;
  RETURN NULL;
END $$;
--bun:split
CREATE TRIGGER replay_links_gone AFTER DELETE ON replay_links REFERENCING OLD TABLE AS gone
  FOR EACH STATEMENT EXECUTE FUNCTION replay_links_gone();
--bun:split
CREATE FUNCTION replay_links_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM count_replay_links(array_agg(l.org_id), array_agg(l.replay_id), array_agg(replay_link_class(l.item_kind, l.level, l.side, l.signals, l.flags)), array_agg(l.step)) FROM (SELECT org_id, replay_id, item_kind, level, side, signals, flags, 1::BIGINT AS step FROM new_rows UNION ALL SELECT org_id, replay_id, item_kind, level, side, signals, flags, -1::BIGINT AS step FROM old_rows) AS l;
  RETURN NULL;
END $$;
--bun:split
CREATE TRIGGER replay_links_changed AFTER UPDATE ON replay_links REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION replay_links_changed();
--bun:split
CREATE FUNCTION replay_worth_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    UPDATE replays SET worth = 0 WHERE org_id = OLD.org_id AND replay_id = OLD.replay_id AND worth <> 0;
  ELSE
    UPDATE replays SET worth = NEW.worth WHERE org_id = NEW.org_id AND replay_id = NEW.replay_id AND worth <> NEW.worth;
  END IF;
  RETURN NULL;
END $$;
--bun:split
CREATE TRIGGER replay_summaries_changed AFTER INSERT OR DELETE OR UPDATE OF worth ON replay_summaries
  FOR EACH ROW EXECUTE FUNCTION replay_worth_changed();
--bun:split
UPDATE replays AS r SET worth = w.worth FROM replay_summaries AS w WHERE w.org_id = r.org_id AND w.replay_id = r.replay_id AND w.worth <> 0;
--bun:split
SELECT count_replay_links(array_agg(l.org_id), array_agg(l.replay_id), array_agg(l.class), array_agg(l.n)) FROM (
  SELECT l.org_id, l.replay_id, replay_link_class(l.item_kind, l.level, l.side, l.signals, l.flags) AS class, COUNT(*) AS n FROM replay_links AS l GROUP BY 1, 2, 3) AS l;
--bun:split
CREATE INDEX replays_errors ON replays (org_id, count_errors DESC, replay_id DESC) WHERE started_ms IS NOT NULL;
--bun:split
CREATE INDEX replays_worth ON replays (org_id, worth DESC, replay_id DESC) WHERE started_ms IS NOT NULL;
--bun:split
CREATE INDEX replays_rage ON replays (org_id, count_rage_clicks DESC, replay_id DESC) WHERE started_ms IS NOT NULL;
--bun:split
CREATE INDEX replays_user_id ON replays (org_id, ((user_json::json ->> 'id')));
--bun:split
CREATE INDEX replays_user_email ON replays (org_id, ((user_json::json ->> 'email')));
--bun:split
CREATE INDEX replay_views_user ON replay_views (org_id, user_id);
