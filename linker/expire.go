package linker

import (
	"context"
	"errors"
	"time"

	"github.com/hindsight-dev/hindsight/settings"
)

// agePause is the pace at which what came in is looked at for its age, which is counted in full hours.
const agePause = 10 * time.Minute

// expireAged deletes what came in and is older than its project keeps it, until ctx ends.
func (l *Linker) expireAged(ctx context.Context) {
	l.every(ctx, agePause, "delete what is too old", func(ctx context.Context) (bool, error) {
		gone, err := l.cfg.Store.ExpireAged(ctx, l.cfg.Blobs, l.cfg.Keep.Or(settings.DefaultRetention()))
		if !gone.None() {
			l.log.Info("deleted what is too old", "rows", gone)
		}
		if errors.Is(err, context.Canceled) {
			err = nil
		}
		return false, err
	})
}
