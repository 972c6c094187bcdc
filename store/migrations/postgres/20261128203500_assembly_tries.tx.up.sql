-- How often an assembly was begun: what brings its process down is not begun for ever.
ALTER TABLE assemblies ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
