-- What lists of replays are sorted and searched by, with each replay: how many of its links are of which kind (the
-- condition is countedLink's), and its worth. The database keeps them, in the transaction that changes a link, because
-- many things change links and none may forget this. A test compares them with the links.
ALTER TABLE replays ADD COLUMN count_errors INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE replays ADD COLUMN count_backend_errors INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE replays ADD COLUMN count_frontend_errors INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE replays ADD COLUMN count_warnings INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE replays ADD COLUMN count_infos INTEGER NOT NULL DEFAULT 0;
--bun:split
ALTER TABLE replays ADD COLUMN worth INTEGER NOT NULL DEFAULT 0;
--bun:split
CREATE TRIGGER replay_links_added AFTER INSERT ON replay_links WHEN NEW.item_kind = 'event'
BEGIN
  UPDATE replays SET
    count_errors = count_errors + ((NEW.item_kind = 'event' AND ((NEW.signals & 13119) <> 0 OR ((NEW.signals & 192) <> 0 AND (NEW.flags & 4) = 0)) AND NEW.level IN ('error', 'fatal')) IS TRUE),
    count_backend_errors = count_backend_errors + ((NEW.item_kind = 'event' AND ((NEW.signals & 13119) <> 0 OR ((NEW.signals & 192) <> 0 AND (NEW.flags & 4) = 0)) AND NEW.level IN ('error', 'fatal') AND NEW.side = 'backend') IS TRUE),
    count_frontend_errors = count_frontend_errors + ((NEW.item_kind = 'event' AND ((NEW.signals & 13119) <> 0 OR ((NEW.signals & 192) <> 0 AND (NEW.flags & 4) = 0)) AND NEW.level IN ('error', 'fatal') AND COALESCE(NEW.side, 'frontend') = 'frontend') IS TRUE),
    count_warnings = count_warnings + ((NEW.item_kind = 'event' AND ((NEW.signals & 13119) <> 0 OR ((NEW.signals & 192) <> 0 AND (NEW.flags & 4) = 0)) AND NEW.level = 'warning') IS TRUE),
    count_infos = count_infos + ((NEW.item_kind = 'event' AND ((NEW.signals & 13119) <> 0 OR ((NEW.signals & 192) <> 0 AND (NEW.flags & 4) = 0)) AND NEW.level IN ('info', 'debug', 'sample', 'log')) IS TRUE)
    WHERE org_id = NEW.org_id AND replay_id = NEW.replay_id;
END;
--bun:split
CREATE TRIGGER replay_links_gone AFTER DELETE ON replay_links WHEN OLD.item_kind = 'event'
BEGIN
  UPDATE replays SET
    count_errors = count_errors - ((OLD.item_kind = 'event' AND ((OLD.signals & 13119) <> 0 OR ((OLD.signals & 192) <> 0 AND (OLD.flags & 4) = 0)) AND OLD.level IN ('error', 'fatal')) IS TRUE),
    count_backend_errors = count_backend_errors - ((OLD.item_kind = 'event' AND ((OLD.signals & 13119) <> 0 OR ((OLD.signals & 192) <> 0 AND (OLD.flags & 4) = 0)) AND OLD.level IN ('error', 'fatal') AND OLD.side = 'backend') IS TRUE),
    count_frontend_errors = count_frontend_errors - ((OLD.item_kind = 'event' AND ((OLD.signals & 13119) <> 0 OR ((OLD.signals & 192) <> 0 AND (OLD.flags & 4) = 0)) AND OLD.level IN ('error', 'fatal') AND COALESCE(OLD.side, 'frontend') = 'frontend') IS TRUE),
    count_warnings = count_warnings - ((OLD.item_kind = 'event' AND ((OLD.signals & 13119) <> 0 OR ((OLD.signals & 192) <> 0 AND (OLD.flags & 4) = 0)) AND OLD.level = 'warning') IS TRUE),
    count_infos = count_infos - ((OLD.item_kind = 'event' AND ((OLD.signals & 13119) <> 0 OR ((OLD.signals & 192) <> 0 AND (OLD.flags & 4) = 0)) AND OLD.level IN ('info', 'debug', 'sample', 'log')) IS TRUE)
    WHERE org_id = OLD.org_id AND replay_id = OLD.replay_id;
END;
--bun:split
CREATE TRIGGER replay_links_changed AFTER UPDATE OF level, side, signals, flags ON replay_links
  WHEN NEW.item_kind = 'event' AND (OLD.level IS NOT NEW.level OR OLD.side IS NOT NEW.side OR OLD.signals <> NEW.signals OR OLD.flags <> NEW.flags)
BEGIN
  UPDATE replays SET
    count_errors = count_errors + ((NEW.item_kind = 'event' AND ((NEW.signals & 13119) <> 0 OR ((NEW.signals & 192) <> 0 AND (NEW.flags & 4) = 0)) AND NEW.level IN ('error', 'fatal')) IS TRUE) - ((OLD.item_kind = 'event' AND ((OLD.signals & 13119) <> 0 OR ((OLD.signals & 192) <> 0 AND (OLD.flags & 4) = 0)) AND OLD.level IN ('error', 'fatal')) IS TRUE),
    count_backend_errors = count_backend_errors + ((NEW.item_kind = 'event' AND ((NEW.signals & 13119) <> 0 OR ((NEW.signals & 192) <> 0 AND (NEW.flags & 4) = 0)) AND NEW.level IN ('error', 'fatal') AND NEW.side = 'backend') IS TRUE) - ((OLD.item_kind = 'event' AND ((OLD.signals & 13119) <> 0 OR ((OLD.signals & 192) <> 0 AND (OLD.flags & 4) = 0)) AND OLD.level IN ('error', 'fatal') AND OLD.side = 'backend') IS TRUE),
    count_frontend_errors = count_frontend_errors + ((NEW.item_kind = 'event' AND ((NEW.signals & 13119) <> 0 OR ((NEW.signals & 192) <> 0 AND (NEW.flags & 4) = 0)) AND NEW.level IN ('error', 'fatal') AND COALESCE(NEW.side, 'frontend') = 'frontend') IS TRUE) - ((OLD.item_kind = 'event' AND ((OLD.signals & 13119) <> 0 OR ((OLD.signals & 192) <> 0 AND (OLD.flags & 4) = 0)) AND OLD.level IN ('error', 'fatal') AND COALESCE(OLD.side, 'frontend') = 'frontend') IS TRUE),
    count_warnings = count_warnings + ((NEW.item_kind = 'event' AND ((NEW.signals & 13119) <> 0 OR ((NEW.signals & 192) <> 0 AND (NEW.flags & 4) = 0)) AND NEW.level = 'warning') IS TRUE) - ((OLD.item_kind = 'event' AND ((OLD.signals & 13119) <> 0 OR ((OLD.signals & 192) <> 0 AND (OLD.flags & 4) = 0)) AND OLD.level = 'warning') IS TRUE),
    count_infos = count_infos + ((NEW.item_kind = 'event' AND ((NEW.signals & 13119) <> 0 OR ((NEW.signals & 192) <> 0 AND (NEW.flags & 4) = 0)) AND NEW.level IN ('info', 'debug', 'sample', 'log')) IS TRUE) - ((OLD.item_kind = 'event' AND ((OLD.signals & 13119) <> 0 OR ((OLD.signals & 192) <> 0 AND (OLD.flags & 4) = 0)) AND OLD.level IN ('info', 'debug', 'sample', 'log')) IS TRUE)
    WHERE org_id = NEW.org_id AND replay_id = NEW.replay_id;
END;
--bun:split
CREATE TRIGGER replay_summaries_made AFTER INSERT ON replay_summaries
BEGIN
  UPDATE replays SET worth = NEW.worth WHERE org_id = NEW.org_id AND replay_id = NEW.replay_id AND worth <> NEW.worth;
END;
--bun:split
CREATE TRIGGER replay_summaries_ranked AFTER UPDATE OF worth ON replay_summaries
BEGIN
  UPDATE replays SET worth = NEW.worth WHERE org_id = NEW.org_id AND replay_id = NEW.replay_id AND worth <> NEW.worth;
END;
--bun:split
CREATE TRIGGER replay_summaries_gone AFTER DELETE ON replay_summaries
BEGIN
  UPDATE replays SET worth = 0 WHERE org_id = OLD.org_id AND replay_id = OLD.replay_id AND worth <> 0;
END;
--bun:split
UPDATE replays SET worth = COALESCE((SELECT w.worth FROM replay_summaries AS w WHERE w.org_id = replays.org_id AND w.replay_id = replays.replay_id), 0),
  count_errors = (SELECT COUNT(*) FROM replay_links AS l WHERE l.org_id = replays.org_id AND l.replay_id = replays.replay_id AND l.item_kind = 'event' AND ((l.signals & 13119) <> 0 OR ((l.signals & 192) <> 0 AND (l.flags & 4) = 0)) AND l.level IN ('error', 'fatal')),
  count_backend_errors = (SELECT COUNT(*) FROM replay_links AS l WHERE l.org_id = replays.org_id AND l.replay_id = replays.replay_id AND l.item_kind = 'event' AND ((l.signals & 13119) <> 0 OR ((l.signals & 192) <> 0 AND (l.flags & 4) = 0)) AND l.level IN ('error', 'fatal') AND l.side = 'backend'),
  count_frontend_errors = (SELECT COUNT(*) FROM replay_links AS l WHERE l.org_id = replays.org_id AND l.replay_id = replays.replay_id AND l.item_kind = 'event' AND ((l.signals & 13119) <> 0 OR ((l.signals & 192) <> 0 AND (l.flags & 4) = 0)) AND l.level IN ('error', 'fatal') AND COALESCE(l.side, 'frontend') = 'frontend'),
  count_warnings = (SELECT COUNT(*) FROM replay_links AS l WHERE l.org_id = replays.org_id AND l.replay_id = replays.replay_id AND l.item_kind = 'event' AND ((l.signals & 13119) <> 0 OR ((l.signals & 192) <> 0 AND (l.flags & 4) = 0)) AND l.level = 'warning'),
  count_infos = (SELECT COUNT(*) FROM replay_links AS l WHERE l.org_id = replays.org_id AND l.replay_id = replays.replay_id AND l.item_kind = 'event' AND ((l.signals & 13119) <> 0 OR ((l.signals & 192) <> 0 AND (l.flags & 4) = 0)) AND l.level IN ('info', 'debug', 'sample', 'log'));
--bun:split
CREATE INDEX replays_errors ON replays (org_id, count_errors DESC, replay_id DESC) WHERE started_ms IS NOT NULL;
--bun:split
CREATE INDEX replays_worth ON replays (org_id, worth DESC, replay_id DESC) WHERE started_ms IS NOT NULL;
--bun:split
CREATE INDEX replays_rage ON replays (org_id, count_rage_clicks DESC, replay_id DESC) WHERE started_ms IS NOT NULL;
--bun:split
CREATE INDEX replays_user_id ON replays (org_id, (json_extract(user_json, '$.id')));
--bun:split
CREATE INDEX replays_user_email ON replays (org_id, (json_extract(user_json, '$.email')));
--bun:split
CREATE INDEX replay_views_user ON replay_views (org_id, user_id);
