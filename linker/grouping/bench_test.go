package grouping

import (
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/normalize"
)

// BenchmarkEvent is all that is pure between an event's bytes and its issue.
func BenchmarkEvent(b *testing.B) {
	samples := corpus(b)
	in := normalize.Input{Received: time.Unix(1795168381, 0), Agents: normalize.NewAgents()}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		ev, err := envelope.ParseEvent(samples[i%len(samples)].Event)
		if err != nil {
			b.Fatal(err)
		}
		i++
		normalize.Event(ev, in)
		Group(ev)
		if _, err := ev.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}
