package grouping

import (
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/linker/grouping/rules"
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

// BenchmarkGroup is grouping alone, without rules and with fifty of each kind.
func BenchmarkGroup(b *testing.B) {
	samples := corpus(b)
	events := make([]*envelope.Event, len(samples))
	for i := range samples {
		events[i] = samples[i].event(b)
	}
	many := &Config{}
	var err error
	if many.Fingerprints, err = rules.ParseFingerprints(strings.Repeat("error.type:Never* message:*nothing* -> x\n", 50)); err != nil {
		b.Fatal(err)
	}
	if many.StackTraces, err = rules.ParseStackTraces(strings.Repeat("stack.module:never.* stack.function:x* -group\n", 50)); err != nil {
		b.Fatal(err)
	}
	for name, c := range map[string]*Config{"none": nil, "fifty-rules": many} {
		b.Run(name, func(b *testing.B) {
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				c.Group(events[i%len(events)])
				i++
			}
		})
	}
}
