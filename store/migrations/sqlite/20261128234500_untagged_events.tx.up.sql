-- What is left to be made searchable: events that were stored before they had tags. No new event comes into this index.
CREATE INDEX events_untagged ON events (org_id, timestamp_ms DESC) WHERE tags = '{}';
