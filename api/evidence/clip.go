package evidence

import (
	"encoding/json"
	"errors"
	"iter"
	"slices"

	"github.com/hindsight-dev/hindsight/linker/recording"
)

// ErrTooLarge is a piece of recording that is larger than a file to send around should be.
var ErrTooLarge = errors.New("the recording around this error is too large for one file")

// maxClip bounds the events of a clip, in bytes.
const maxClip = 24 << 20

// rrweb's types of events that a clip is cut by.
const (
	typeFullSnapshot = 2
	typeMeta         = 4
)

// Clip is a piece of a recording. Times are Unix ms.
type Clip struct {
	Events  []json.RawMessage `json:"events"`  // rrweb's, from the last full snapshot before From
	FirstMS float64           `json:"firstMs"` // of the first event: where the player's time begins
	FromMS  int64             `json:"fromMs"`  // where it should start to play
	ErrorMS int64             `json:"errorMs"`
	ToMS    int64             `json:"toMs"`
}

// Cut makes a clip of a moment from a recording's events, which are in the order of time within each segment, and
// the segments in theirs. nil when nothing can be drawn.
func Cut(events iter.Seq2[recording.Event, error], errorMS, fromMS, toMS int64) (*Clip, error) {
	c := &Clip{FromMS: fromMS, ErrorMS: errorMS, ToMS: toMS}
	var kept []recording.Event
	var meta *recording.Event
	size, drawn := 0, false
	for e, err := range recording.Sanitize(events) {
		if err != nil {
			return nil, err
		}
		if e.Type > typeMeta || e.TimeMS > float64(toMS) {
			continue
		}
		switch {
		case e.Type == typeMeta:
			m := e
			meta = &m
		case e.Type == typeFullSnapshot && (e.TimeMS <= float64(fromMS) || !drawn):
			// The page is drawn anew here: what was before it is not needed any more.
			kept, size, drawn = kept[:0], 0, true
			if meta != nil {
				kept, size = append(kept, *meta), len(meta.Raw)
			}
		}
		if !drawn || len(kept) > 0 && e.TimeMS < kept[0].TimeMS { // nothing happens before the page is drawn: a false time
			continue
		}
		if size += len(e.Raw); size > maxClip {
			return nil, ErrTooLarge
		}
		kept = append(kept, recording.Event{Type: e.Type, TimeMS: e.TimeMS, Raw: slices.Clone(e.Raw)})
	}
	if !drawn || len(kept) < 2 {
		return nil, nil
	}
	slices.SortStableFunc(kept, func(a, b recording.Event) int {
		switch {
		case a.TimeMS < b.TimeMS:
			return -1
		case a.TimeMS > b.TimeMS:
			return 1
		}
		return 0
	})
	c.FirstMS = kept[0].TimeMS
	// What the replay says of its times may be wider than what was recorded.
	c.FromMS = max(c.FromMS, int64(c.FirstMS))
	c.ToMS = max(min(c.ToMS, int64(kept[len(kept)-1].TimeMS)), c.FromMS)
	for _, e := range kept {
		c.Events = append(c.Events, e.Raw)
	}
	return c, nil
}
