-- The issues that a release resolved.
CREATE INDEX issues_resolution_release ON issues (resolution_release_id, id) WHERE resolution_release_id IS NOT NULL;
