-- Finds what regressed or escalates, which are few of many.
CREATE INDEX issues_substatus ON issues (org_id, substatus);
