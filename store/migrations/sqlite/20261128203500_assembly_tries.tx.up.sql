-- How often an assembly was begun: what brings its process down is not begun for ever.
ALTER TABLE assemblies ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
