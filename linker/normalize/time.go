package normalize

import (
	"math"
	"strconv"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Relay's defaults. A wrong clock below minDrift is left alone: nobody is helped by moving an
// event by seconds, and the network takes some too.
const (
	minDrift  = 55 * time.Minute
	maxFuture = time.Minute
	maxPast   = 30 * 24 * time.Hour
)

// times corrects the clock of the sender and puts what is still impossible at the time of receipt.
// All times of an event move together, so that their distances stay true.
func times(ev *envelope.Event, in Input) {
	if in.Received.IsZero() {
		return
	}
	received := in.Received.UTC().Truncate(time.Microsecond)
	ev.Received = received
	if ev.Timestamp.IsZero() {
		if ev.Type == "transaction" {
			return // without an end it is not one, and none is made up
		}
		ev.Timestamp = received
		return
	}
	if drift := Drift(received, in.SentAt); drift != 0 {
		shift(ev, drift)
		ev.Problem("clock_drift", "timestamp", seconds(drift))
	}
	switch age := received.Sub(ev.Timestamp); {
	case age < -maxFuture:
		ev.Problem("future_timestamp", "timestamp", stamp(ev.Timestamp))
		ev.Invalid("in the future", stamp(ev.Timestamp), "timestamp")
		shift(ev, age)
	case age > maxPast:
		ev.Problem("past_timestamp", "timestamp", stamp(ev.Timestamp))
		ev.Invalid("too long ago", stamp(ev.Timestamp), "timestamp")
		shift(ev, age)
	}
}

// Drift is how far the sender's clock was behind when it sent: what has to be added to its times. 0 for a
// clock that is right enough, or when sentAt is not known.
func Drift(received, sentAt time.Time) time.Duration {
	drift := received.Sub(sentAt)
	if sentAt.IsZero() || -minDrift < drift && drift < minDrift {
		return 0
	}
	return drift
}

func shift(ev *envelope.Event, by time.Duration) {
	move := func(t *time.Time) {
		if !t.IsZero() {
			*t = t.Add(by).Truncate(time.Microsecond)
		}
	}
	move(&ev.Timestamp)
	move(&ev.StartTimestamp)
	for i := range ev.Breadcrumbs {
		move(&ev.Breadcrumbs[i].Timestamp)
	}
	for i := range ev.Spans {
		move(&ev.Spans[i].Start)
		move(&ev.Spans[i].End)
	}
}

func seconds(d time.Duration) []byte {
	return strconv.AppendFloat(nil, math.Round(d.Seconds()*1000)/1000, 'f', -1, 64)
}

func stamp(t time.Time) []byte {
	return strconv.AppendFloat(nil, float64(t.UnixMicro())/1e6, 'f', -1, 64)
}
