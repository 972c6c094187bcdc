-- Whether an issue came from another server: two of there may be one here.
CREATE INDEX imported_issues_issue_id ON imported_issues (issue_id);
