package relay

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/relay/scrub"
)

// reasonUnscrubbable is the outcome's reason of items that go because they cannot be scrubbed.
const reasonUnscrubbable = "unscrubbable"

// scrubWait is the longest an item waits for its turn to be scrubbed.
const scrubWait = 10 * time.Second

// What scrubbing holds in memory at one time (bytes).
const (
	scrubBudget    = 128 << 20
	scrubRecording = 32 << 20 // for a recording: one event of it, as large as they may be, twice
	scrubCopies    = 3        // for a document: itself, the result, what was found
)

// scrub takes out of a parcel what the project does not want to keep. It runs before anything of
// the parcel leaves this request: the stream, blobs and upstreams only ever get what is left. An
// item that cannot be scrubbed is left out, with an outcome.
func (q *request) scrub(p *parcel) error {
	s := q.key.Rules.scrub
	if !s.Active() {
		return nil
	}
	gone := make([]bool, len(p.items))
	replayGone := false
	for i := range p.items {
		ok, err := q.scrubItem(p, &p.items[i])
		if err != nil {
			return err
		}
		gone[i] = !ok
		replayGone = replayGone || !ok && isReplay(p.items[i].header)
	}
	kept := p.items[:0]
	for i, it := range p.items {
		// The parts of a replay mean nothing without each other.
		if gone[i] || replayGone && isReplay(it.header) {
			p.dropped = append(p.dropped, q.outcomesOf(it.header, it.payload.size, outcomeInvalid, reasonUnscrubbable)...)
			continue
		}
		kept = append(kept, it)
	}
	p.items = kept
	return nil
}

func isReplay(h *envelope.ItemHeader) bool { return kindOf(h, false) == stream.KindReplay }

// scrubItem scrubs one payload; false: it must not be kept.
func (q *request) scrubItem(p *parcel, it *item) (bool, error) {
	s := q.key.Rules.scrub
	switch {
	case it.header.Type == "replay_recording":
		return q.scrubRecording(p, it)
	case it.header.Type == "replay_video":
		return q.scrubVideo(p, it)
	case it.header.Type == "attachment" && isEventFile(it.header.AttachmentType):
		return q.scrubEventFile(p, it)
	case !s.Applies(it.header):
		return true, nil
	}
	scrubbed := s.Item
	if shapeOf(it.header).json { // it came through the sanitizer, which lets nothing but JSON through
		scrubbed = s.Checked
	}
	return q.rewrite(p, it, func(b []byte) ([]byte, error) { return scrubbed(it.header, b) })
}

// rewrite replaces a payload by what edit makes of it. A payload that edit cannot read must go.
func (q *request) rewrite(p *parcel, it *item, edit func([]byte) ([]byte, error)) (bool, error) {
	release, err := q.reserveScrub(scrubCopies * it.payload.size)
	if err != nil {
		return false, err
	}
	defer release()
	return replace(p, it, edit)
}

func replace(p *parcel, it *item, edit func([]byte) ([]byte, error)) (bool, error) {
	b, err := it.payload.bytes()
	if err != nil {
		return false, err
	}
	out, err := edit(b)
	if isUnscrubbable(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("scrub %s: %w", it.header.Type, err)
	}
	if len(out) == len(b) && (len(b) == 0 || &out[0] == &b[0]) {
		return true, nil
	}
	w := p.spool.begin()
	if _, err := w.Write(out); err != nil {
		return false, err
	}
	p.spool.forget(&it.payload)
	it.payload = w.end()
	return true, nil
}

func (q *request) reserveScrub(n int64) (release func(), err error) {
	n = min(n, scrubBudget)
	if err := q.rl.scrubbing.acquire(q.r.Context(), n); err != nil {
		return nil, err
	}
	return func() { q.rl.scrubbing.release(n) }, nil
}

// scrubRecording scrubs a recording. It is read once to see whether there is anything to take
// out, and only then written anew: mostly the client's own bytes stay.
func (q *request) scrubRecording(p *parcel, it *item) (bool, error) {
	release, err := q.reserveScrub(scrubRecording)
	if err != nil {
		return false, err
	}
	defer release()
	open := it.payload.reader
	changed, err := q.copyRecording(io.Discard, open())
	switch {
	case isUnreadable(err):
		it.unscrubbed = true
		return true, nil
	case isUnscrubbable(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("scrub recording: %w", err)
	case !changed:
		return true, nil
	}
	w := p.spool.begin()
	if err := q.packRecording(w, open()); err != nil {
		return false, fmt.Errorf("scrub recording: %w", err)
	}
	p.spool.forget(&it.payload)
	it.payload = w.end()
	return true, nil
}

// scrubVideo scrubs what mobile SDKs send: an event, a recording and a film in one payload.
func (q *request) scrubVideo(p *parcel, it *item) (bool, error) {
	release, err := q.reserveScrub(scrubRecording + scrubCopies*it.payload.size)
	if err != nil {
		return false, err
	}
	defer release()
	return replace(p, it, func(b []byte) ([]byte, error) {
		v, err := envelope.ParseReplayVideo(b)
		if err != nil {
			return nil, errUnreadable
		}
		out, err := q.scrubVideoParts(v)
		if err != nil || out != nil {
			return out, err
		}
		return b, nil
	})
}

// errUnreadable: a payload is not of the form its type has.
var errUnreadable = errors.New("payload cannot be read")

// isUnreadable tells payloads that cannot be read from faults of ours.
func isUnreadable(err error) bool {
	return errors.Is(err, scrub.ErrJSON) || errors.Is(err, errCorrupt) || errors.Is(err, errUnreadable)
}

// isUnscrubbable tells payloads that cannot be scrubbed, because they cannot be read or are larger
// than anything real.
func isUnscrubbable(err error) bool {
	return isUnreadable(err) || errors.Is(err, scrub.ErrTooLarge) || errors.Is(err, scrub.ErrTooMany) || errors.Is(err, errTooLarge)
}
