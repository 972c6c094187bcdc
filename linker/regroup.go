package linker

import (
	"context"
	"time"
)

// regroupPause is how long the rest of a merge, an unmerge or a deletion may wait. What is small was done by
// the request itself.
const regroupPause = 2 * time.Second

// regroup moves the events of issues that were merged, taken apart or deleted, until ctx ends. The jobs are in
// the database and each step is complete in itself: a process that dies leaves the rest for the next one.
func (l *Linker) regroup(ctx context.Context) {
	l.every(ctx, regroupPause, "move events between issues", l.cfg.Store.RunIssueJobs)
}
