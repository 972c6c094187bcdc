-- Runs of monitors are kept for 90 days.
CREATE INDEX check_ins_started ON check_ins (started_ms);
