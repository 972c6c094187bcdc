package link

import (
	"cmp"
	"net"
	"slices"
	"strings"
	"time"
)

// How near in time a recorded request must be to an error to be taken for its own.
const (
	// ShapeSkew is how far the clocks of page and server may be apart.
	ShapeSkew = 2 * time.Second
	// ShapeMeasured is how far an error may be off when the two clocks were compared by a span-level match.
	ShapeMeasured = 500 * time.Millisecond
	// ShapeAlone is the time around an error in which a weak match must be the only one.
	ShapeAlone = 10 * time.Second
	// UserMargin is how far outside of the recording the same user still counts.
	UserMargin = time.Minute
)

// scoreSure is the score from which a match needs no lonely time.
const scoreSure = 2

// Person is what somebody can be known by on both sides. Empty values say nothing.
type Person struct {
	Key       string // "id:7", "username:x"; not an address
	Email     string
	IP        string
	UserAgent string
}

// named says whether there is more than an address.
func (p Person) named() bool { return p.Key != "" || p.Email != "" }

// same: the same id or e-mail address.
func (p Person) same(o Person) bool {
	return p.Key != "" && p.Key == o.Key || p.Email != "" && strings.EqualFold(p.Email, o.Email)
}

// contradicts: both say who they are, and it is somebody else.
func (p Person) contradicts(o Person) bool {
	if p.same(o) {
		return false
	}
	return p.Key != "" && o.Key != "" && kind(p.Key) == kind(o.Key) || p.Email != "" && o.Email != ""
}

func kind(key string) string { k, _, _ := strings.Cut(key, ":"); return k }

func (p Person) sameIP(o Person) bool {
	if p.IP == "" || o.IP == "" {
		return false
	}
	a, b := net.ParseIP(p.IP), net.ParseIP(o.IP)
	return a != nil && b != nil && a.Equal(b)
}

// Frame is a recorded request with the method and path of the item's own. Times in Unix ms.
type Frame struct {
	StartMS, EndMS int64
	Status         int // 0: it never got an answer
	// A document that the page loaded, not a request that it made. Nobody knows how it was answered: it fits any error,
	// but only of the same person.
	Document bool
}

// failed says whether the request can be the one that an error belongs to.
func (f Frame) failed(unhandled bool) bool {
	return !f.Document && (f.Status >= 500 || f.Status >= 400 && !unhandled)
}

// holds says whether the moment is inside the request, give or take.
func (f Frame) holds(ms int64, early, late time.Duration) bool {
	return f.StartMS-early.Milliseconds() <= ms && ms <= f.EndMS+late.Milliseconds()
}

// shape finds the one replay that the shape of the item's request (S10) points at, if it points at one.
// It returns that candidate, -1 without.
func shape(it Item, cs []Candidate) int {
	if !it.Guess {
		return -1
	}
	var fits, sure, near []int
	for i, c := range cs {
		if !c.Replay.Recorded || it.Crowded && !it.Person.same(c.Replay.Person) {
			continue
		}
		if slices.ContainsFunc(c.Frames, func(f Frame) bool { return f.failed(it.Unhandled) && f.holds(it.TimeMS, ShapeAlone, ShapeAlone) }) {
			near = append(near, i)
		}
		if it.Person.contradicts(c.Replay.Person) {
			continue
		}
		if !c.inFrame(it) {
			if c.inDocument(it) && it.Person.same(c.Replay.Person) {
				fits, sure = append(fits, i), append(sure, i)
			}
			continue
		}
		fits = append(fits, i)
		if score(it, c.Replay) >= scoreSure {
			sure = append(sure, i)
		}
	}
	switch {
	case len(sure) == 1:
		return sure[0]
	case len(sure) == 0 && len(near) == 1 && len(fits) == 1 && score(it, cs[fits[0]].Replay) >= 1:
		return fits[0]
	}
	return -1
}

// inFrame says whether the item's moment lies in one of the candidate's failed requests.
func (c Candidate) inFrame(it Item) bool {
	return slices.ContainsFunc(c.Frames, func(f Frame) bool { return f.failed(it.Unhandled) && c.holds(f, it.TimeMS) })
}

// inDocument says whether the item's moment lies in the loading of a document.
func (c Candidate) inDocument(it Item) bool {
	return slices.ContainsFunc(c.Frames, func(f Frame) bool { return f.Document && c.holds(f, it.TimeMS) })
}

// holds says whether a moment of the server is inside one of the candidate's frames, as far as the clocks are known.
func (c Candidate) holds(f Frame, ms int64) bool {
	if c.Offset != nil {
		return f.holds(ms-*c.Offset, ShapeMeasured, ShapeMeasured)
	}
	return f.holds(ms, ShapeSkew, ShapeSkew)
}

// score says how well the two sides fit besides the request itself.
func score(it Item, r Replay) int {
	n := 0
	if it.Person.same(r.Person) {
		n += 2
	}
	if it.Person.sameIP(r.Person) {
		n += 2
	}
	if it.Person.UserAgent != "" && it.Person.UserAgent == r.Person.UserAgent {
		n++
	}
	if it.Referer != "" && slices.Contains(r.URLs, it.Referer) {
		n++
	}
	if it.Release != "" && slices.Contains(r.Releases, it.Release) {
		n++
	}
	return n
}

// sameUser picks the replays of the same user at that moment (S11), the nearest first.
func sameUser(it Item, cs []Candidate) []int {
	if !it.Guess {
		return nil
	}
	var out []int
	for i, c := range cs {
		r := c.Replay
		if !r.Recorded || it.TimeMS < r.StartedMS-UserMargin.Milliseconds() || it.TimeMS > r.FinishedMS+UserMargin.Milliseconds() {
			continue
		}
		if it.Person.same(r.Person) || !(it.Person.named() && r.Person.named()) && it.Person.sameIP(r.Person) {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b int) int {
		ra, rb := cs[a].Replay, cs[b].Replay
		return cmp.Or(cmp.Compare(distance(ra, it.TimeMS), distance(rb, it.TimeMS)), strings.Compare(ra.ID, rb.ID))
	})
	return out[:min(len(out), maxPossible)]
}
