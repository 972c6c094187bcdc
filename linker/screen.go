package linker

import (
	"encoding/json"
	"strings"

	"github.com/hindsight-dev/hindsight/linker/recording"
	"github.com/hindsight-dev/hindsight/store"
)

// clicks are the rows of a segment's clicks and taps.
func clicks(seg store.ReplaySegment, rec recorded) []store.ReplayClick {
	var out []store.ReplayClick
	for i := range rec.Clicks {
		c := &rec.Clicks[i]
		out = append(out, store.ReplayClick{OrgID: seg.OrgID, ReplayID: seg.ReplayID, TimeMS: c.TimeMS, NodeID: c.NodeID, Kind: store.ClickRow, ProjectID: seg.ProjectID,
			Tag: c.Tag, ElementID: c.ID, Classes: " " + strings.Join(c.Classes, " ") + " ", Text: clip(c.Text, maxLong), Role: c.Role, Alt: c.Alt, TestID: c.TestID,
			Label: c.AriaLabel, Title: c.Title, Component: c.Component, Selector: clip(c.Selector, maxLong), Element: element(c), Dead: c.Dead, Rage: c.Rage})
	}
	for i := range rec.Frames {
		if f := &rec.Frames[i]; f.Kind == recording.KindTap && f.Category == "ui.tap" && len(out) < maxClicks {
			out = append(out, tap(seg, f))
		}
	}
	return out
}

// maxClicks bounds the rows of one segment.
const maxClicks = 10_000

func tap(seg store.ReplaySegment, f *recording.Frame) store.ReplayClick {
	var d map[string]any
	_ = json.Unmarshal(f.Data, &d) // without data there is the message
	word := func(name string) string { s, _ := d[name].(string); return clip(s, maxShort) }
	return store.ReplayClick{OrgID: seg.OrgID, ReplayID: seg.ReplayID, TimeMS: f.TimeMS, NodeID: f.NodeID, Kind: store.TapRow, ProjectID: seg.ProjectID, Classes: " ",
		ElementID: word("view.id"), Component: word("view.class"), Selector: clip(f.Message, maxLong), Element: clip(f.Message, maxLong)}
}

// element writes an element as lists show it: tag, id, classes and the attributes that people search by.
func element(c *recording.Click) string {
	var b strings.Builder
	b.WriteString(c.Tag)
	if c.ID != "" {
		b.WriteString("#" + c.ID)
	}
	for _, k := range c.Classes {
		b.WriteString("." + k)
	}
	for _, a := range [][2]string{{"role", c.Role}, {"alt", c.Alt}, {"data-testid", c.TestID}, {"aria-label", c.AriaLabel}, {"title", c.Title},
		{"data-sentry-component", c.Component}} {
		if a[1] != "" {
			b.WriteString("[" + a[0] + `="` + strings.ReplaceAll(a[1], `"`, `\"`) + `"]`)
		}
	}
	return clip(b.String(), maxLong)
}

// screen is what a segment showed; nil when that cannot be read: a segment is not lost for its words.
func (m *message) screen(seg store.ReplaySegment, body []byte) *store.ReplayScreen {
	s, err := recording.ReadScreen(body, recording.Limits{})
	if err != nil {
		m.l.log.Debug("a segment's text is not searched", "replay", seg.ReplayID, "segment", seg.SegmentID, "err", err)
		return nil
	}
	words, changes := store.Words(s.Text, store.MaxScreenWords), store.EncodeChanges(s.Changes)
	hand := m.hand(seg, body)
	if words == "" && len(changes) == 0 && hand == nil {
		return nil
	}
	return &store.ReplayScreen{OrgID: seg.OrgID, ReplayID: seg.ReplayID, SegmentID: seg.SegmentID, BodyHash: seg.BodyHash, Words: words, Changes: changes, Hand: hand}
}

// hand is what was touched, and what it is called, as it is stored; nil without.
func (m *message) hand(seg store.ReplaySegment, body []byte) []byte {
	hand, err := recording.ReadHand(body, recording.Limits{})
	if err != nil || len(hand.Names)+len(hand.Touches) == 0 {
		return nil
	}
	raw, err := json.Marshal(hand)
	if err == nil {
		raw, err = store.Compress(raw)
	}
	if err != nil {
		m.l.log.Debug("what a segment's elements are called is not known", "replay", seg.ReplayID, "segment", seg.SegmentID, "err", err)
		return nil
	}
	return raw
}
