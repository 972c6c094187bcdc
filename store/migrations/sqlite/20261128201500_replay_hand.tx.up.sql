-- What the user touched, to the millisecond, and what the page called it: chapters are named after it.
ALTER TABLE replay_screens ADD COLUMN hand BLOB;
