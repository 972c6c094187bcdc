-- Finds what regressed or escalates, which are few of many. The others are not few, and SQLite, where it has not counted
-- yet, would take an index of all for the best way to an organisation's issues.
CREATE INDEX issues_substatus ON issues (org_id, substatus) WHERE substatus IN ('regressed', 'escalating');
