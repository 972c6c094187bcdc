package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"sort"
	"strconv"
)

// Event is one event as a player gets it.
type Event struct {
	Type   int
	TimeMS float64
	Raw    json.RawMessage // the whole event; "timestamp" is in milliseconds
}

// Events gives a segment's events in the order of time; events of equal time keep theirs. The time of
// performance spans is put into milliseconds in Raw too. A body that cannot be read ends in an error
// before the first event.
//
// The inflated body is held in memory while it is walked, once and as bytes: nothing else orders it.
func Events(body []byte, lim Limits) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		events, err := indexed(body, lim.withDefaults())
		if err != nil {
			yield(Event{}, err)
			return
		}
		for _, e := range events {
			if !yield(e.Event, nil) {
				return
			}
		}
	}
}

// located is an event with the place of its time in Raw.
type located struct {
	Event
	timeAt, timeEnd int
}

func indexed(body []byte, lim Limits) ([]located, error) {
	r, err := inflate(body, lim.Inflated)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, malformed(int64(len(text)), err)
	}
	s := newScanner(bytes.NewReader(text))
	var events []located
	err = s.list('[', ']', func([]byte) error {
		e, err := locate(s, text)
		if err == nil {
			events = append(events, e)
		}
		return err
	})
	if err == nil {
		err = atEnd(s)
	}
	if err != nil {
		return nil, malformed(s.pos, err)
	}
	for i := range events {
		events[i].fixTime()
	}
	sort.SliceStable(events, func(i, j int) bool { return events[i].TimeMS < events[j].TimeMS })
	return events, nil
}

// locate steps over an event and remembers where it and its time stand in text.
func locate(s *scanner, text []byte) (located, error) {
	if _, err := s.peek(); err != nil {
		return located{}, err
	}
	start := s.pos
	e := located{Event: Event{Type: -1}}
	err := s.list('{', '}', func(name []byte) error {
		switch string(name) {
		case "type":
			v, ok, err := s.number()
			if ok && v >= 0 && v < 100 {
				e.Type = int(v)
			}
			return err
		case "timestamp":
			if _, err := s.peek(); err != nil {
				return err
			}
			at := s.pos
			v, ok, err := s.number()
			if ok {
				e.TimeMS, e.timeAt, e.timeEnd = v, int(at-start), int(s.pos-start)
			}
			return err
		}
		return s.skip()
	})
	e.Raw = json.RawMessage(text[start:s.pos:s.pos])
	return e, err
}

// fixTime writes the time in milliseconds where it was in seconds.
func (e *located) fixTime() {
	ms := millis(e.TimeMS)
	if ms == e.TimeMS || e.timeEnd == 0 {
		e.TimeMS = ms
		return
	}
	e.TimeMS = ms
	raw := append(make(json.RawMessage, 0, len(e.Raw)+8), e.Raw[:e.timeAt]...)
	raw = strconv.AppendFloat(raw, ms, 'f', -1, 64)
	e.Raw = append(raw, e.Raw[e.timeEnd:]...)
}

// WriteArray writes events as one JSON array. What was written before an error is not an array.
func WriteArray(w io.Writer, events iter.Seq2[Event, error]) error {
	sep := []byte{'['}
	for e, err := range events {
		if err != nil {
			return err
		}
		if _, err := w.Write(sep); err != nil {
			return err
		}
		if _, err := w.Write(e.Raw); err != nil {
			return err
		}
		sep = []byte{','}
	}
	if sep[0] == '[' {
		_, err := w.Write([]byte("[]"))
		return err
	}
	_, err := w.Write([]byte("]"))
	return err
}

// Sanitize takes out of events what could run or load something in the player, as a second layer behind
// its Content-Security-Policy and the iframe's sandbox: scripts, base, objects, embeds and frames
// become empty elements, iframes lose their source, elements their handlers, and attributes their
// javascript: URLs. Plugin events and events of no known type are left out.
func Sanitize(events iter.Seq2[Event, error]) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for e, err := range events {
			if err == nil {
				switch {
				case e.Type < 0 || e.Type >= typePlugin:
					continue
				case e.Type == typeFullSnapshot || e.Type == typeIncremental:
					if e.Raw, err = sanitize(e.Raw); errors.Is(err, errSyntax) {
						continue // one broken event is no reason to show none
					}
				}
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
