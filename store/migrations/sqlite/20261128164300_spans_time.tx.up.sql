-- Spans of any kind in the order of time, for what is asked of all of them.
CREATE INDEX spans_time ON spans (org_id, start_us DESC, span_id DESC);
