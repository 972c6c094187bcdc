package linker

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/stream"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/linker/normalize"
	"github.com/hindsight-dev/hindsight/linker/recording"
	"github.com/hindsight-dev/hindsight/store"
)

// replayItems handles a replay message: one replay event and its recording, or both and a film in one item.
// If a part cannot be read the segment is dropped, with an outcome for each item.
func (m *message) replayItems(ctx context.Context, items []item) error {
	var event, rec *item
	for i := range items {
		switch it := &items[i]; it.Type {
		case "replay_event":
			event = it
		case "replay_recording":
			rec = it
		case "replay_video":
			if err := m.video(ctx, it); err != nil {
				return fmt.Errorf("video: %w", err)
			}
		default:
			if err := m.rawItem(ctx, it); err != nil {
				return err
			}
		}
	}
	switch {
	case event == nil && rec == nil:
		return nil
	case event == nil:
		m.refuse(rec, "missing_replay_event")
		return nil
	case rec == nil:
		m.refuse(event, "missing_replay_recording")
		return nil
	}
	outcomes := append(m.accepted(event), m.accepted(rec)...)
	drop := func(reason string) { m.refuse(event, reason); m.refuse(rec, reason) }
	return m.segment(ctx, segmentParts{event: event.payload, recording: rec.payload, unscrubbed: unscrubbed(rec)}, outcomes, drop)
}

// video handles what mobile SDKs send: one item with the event, the recording and a film.
func (m *message) video(ctx context.Context, it *item) error {
	v, err := envelope.ParseReplayVideo(it.payload)
	if err != nil || len(v.Video) == 0 {
		m.refuse(it, "invalid_replay_video")
		return nil
	}
	return m.segment(ctx, segmentParts{event: v.Event, recording: v.Recording, video: v.Video, unscrubbed: unscrubbed(it)}, m.accepted(it), func(reason string) { m.refuse(it, reason) })
}

type segmentParts struct {
	event, recording, video []byte
	unscrubbed              bool // the edge could not read the recording
}

func unscrubbed(it *item) bool { return string(it.Get(stream.HeaderUnscrubbed)) == "true" }

// segment stores one flush of a recorder: the client's bytes as a blob, then its row. A body that cannot be
// read is kept raw and marked: it is never played, but it is not lost.
func (m *message) segment(ctx context.Context, p segmentParts, outcomes []store.Outcome, drop func(reason string)) error {
	re, err := envelope.ParseReplayEvent(p.event)
	if err != nil {
		drop("invalid_replay")
		return nil
	}
	refuse := drop
	drop = func(reason string) { refuse(reason); m.lose(re.ReplayID, reason) }
	_, body, err := envelope.SplitRecording(p.recording)
	if err != nil || len(body) == 0 {
		drop("invalid_replay_recording")
		return nil
	}
	ev, err := envelope.ParseEvent(p.event)
	if err != nil {
		drop("invalid_replay")
		return nil
	}
	rec, reason, err := readRecording(body)
	if p.unscrubbed && reason == "" { // two parsers may differ: what was not scrubbed is not shown
		rec = recorded{Segment: &recording.Segment{}, problem: "the edge could not read it, so nothing was scrubbed"}
	}
	if err != nil {
		return fmt.Errorf("segment %d of replay %s: %w", re.SegmentID, re.ReplayID, err)
	}
	if reason != "" {
		drop(reason)
		return nil
	}
	normalize.Event(ev, m.input())
	seg, err := m.segmentRow(re, rec, body)
	if err != nil {
		return fmt.Errorf("segment %d of replay %s: %w", re.SegmentID, re.ReplayID, err)
	}
	if err := m.putSegment(ctx, seg.Blob, body, p.video); err != nil {
		return fmt.Errorf("store segment %d of replay %s: %w", re.SegmentID, re.ReplayID, err)
	}
	if rec.problem != "" {
		for i := range outcomes {
			outcomes[i].Reason = reasonUnplayable
		}
	}
	w := store.SegmentWrite{Segment: seg, Meta: m.replayMeta(ev), DeadClicks: int64(rec.Dead), RageClicks: int64(rec.Rage),
		Outcomes: outcomes, Links: m.errorLinks(re), Requests: m.requests(re.ReplayID.String(), rec.Requests), Loads: m.loads(re.ReplayID.String(), rec.Documents)}
	if rec.problem == "" {
		w.Clicks, w.Screen = clicks(seg, rec), m.screen(seg, body)
	}
	w.Meta.URLs = pages(re, rec)
	w.Meta.Fields["replay_type"] = clip(re.ReplayType, maxShort)
	replay := re.ReplayID.String()
	for _, t := range re.TraceIDs {
		w.Traces = append(w.Traces, m.pair(t.String(), replay, link.TraceIDs))
	}
	for _, r := range w.Requests { // the page itself sent this trace while it was recorded
		if r.TraceID != nil {
			w.Traces = append(w.Traces, m.pair(*r.TraceID, replay, link.TraceBridge))
		}
	}
	m.w.Segments = append(m.w.Segments, w)
	return nil
}

// reasonUnplayable is the outcome's reason of recordings that are stored but cannot be played.
const reasonUnplayable = "unplayable"

// errorLinks are the events that the recording names; they may not be here yet, so nothing is known of them.
func (m *message) errorLinks(re *envelope.ReplayEvent) []store.ReplayLink {
	var out []store.ReplayLink
	for _, id := range re.ErrorIDs {
		out = append(out, store.ReplayLink{OrgID: m.OrgID, ItemKind: store.ItemEvent, ItemID: id.String(), ReplayID: re.ReplayID.String(),
			Signals: int64(link.ErrorIDs), CreatedMS: m.w.ReceivedMS})
	}
	return out
}

func (m *message) putSegment(ctx context.Context, key string, body, video []byte) error {
	if len(video) > 0 {
		if err := m.l.cfg.Blobs.Put(ctx, store.FilmKey(&store.ReplaySegment{Blob: key}), bytes.NewReader(video), int64(len(video))); err != nil {
			return err
		}
	}
	return m.l.cfg.Blobs.Put(ctx, key, bytes.NewReader(body), int64(len(body)))
}

func (m *message) segmentRow(re *envelope.ReplayEvent, rec recorded, body []byte) (store.ReplaySegment, error) {
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:16])
	frames, err := store.Compress(rec.frames)
	if err != nil {
		return store.ReplaySegment{}, err
	}
	if rec.frames == nil {
		frames = nil
	}
	first, last := m.segmentTimes(re, rec)
	replay := re.ReplayID.String()
	return store.ReplaySegment{OrgID: m.OrgID, ReplayID: replay, SegmentID: re.SegmentID, BodyHash: hash, ProjectID: m.ProjectID,
		FirstMS: &first, LastMS: &last, Bytes: int64(len(body)), Playable: rec.problem == "", Problem: clip(rec.problem, maxShort),
		HasSnapshot: rec.HasFullSnapshot, Blob: fmt.Sprintf("%d/%d/replay/%s/%d-%s", m.OrgID, m.ProjectID, replay, re.SegmentID, hash),
		Frames: frames, ReceivedMS: m.w.ReceivedMS}, nil
}

// maxSegmentMS bounds how long a segment may claim to be, so that one wrong clock cannot stretch a replay
// over years. A replay itself ends after an hour.
const maxSegmentMS = 24 * 3_600_000

// maxBuffered is how much earlier than its replay's start a segment's events can be, in ms: a recorder keeps the
// last minute.
const maxBuffered = 60_000

// segmentTimes says when a segment was recorded, in Unix ms: from the recording's first event to its last,
// widened by what the replay event says of start and end.
func (m *message) segmentTimes(re *envelope.ReplayEvent, rec recorded) (first, last int64) {
	last = m.w.ReceivedMS
	switch {
	case rec.LastMS != 0:
		last = rec.LastMS
		if end := re.Timestamp; !end.IsZero() && end.UnixMilli() > last {
			last = end.UnixMilli()
		}
	case !re.Timestamp.IsZero():
		last = re.Timestamp.UnixMilli()
	}
	last = min(last, m.w.ReceivedMS+60_000) // the clocks may differ; a recording does not lie ahead
	first = last
	if rec.FirstMS != 0 {
		first = min(rec.FirstMS, last)
	}
	if start := re.Start.UnixMilli(); !re.Start.IsZero() {
		if re.SegmentID == 0 {
			first = min(first, start)
		}
		if first < start-maxBuffered { // no recorder remembers more: the event's time is false
			first = min(start, last)
		}
	}
	return max(first, last-maxSegmentMS), last
}

// replayMeta is what the segment's event tells about the replay.
func (m *message) replayMeta(ev *envelope.Event) store.ReplayMeta {
	c := ev.Contexts
	f := map[string]string{
		"platform": ev.Platform, "environment": ev.Environment, "dist": ev.Dist,
		"browser_name": c.Text("browser", "name"), "browser_version": c.Text("browser", "version"),
		"os_name": c.Text("os", "name"), "os_version": c.Text("os", "version"),
		"device_name": c.Text("device", "name"), "device_family": c.Text("device", "family"),
		"device_brand": c.Text("device", "brand"), "device_model": c.Text("device", "model"),
		"user_key": normalize.UserKey(ev.User), "user_json": userJSON(ev.User),
	}
	if ev.SDK != nil {
		f["sdk_name"], f["sdk_version"] = ev.SDK.Name, ev.SDK.Version
	}
	if u := ev.User; u != nil {
		f["user_email"], f["ip"] = strings.ToLower(u.Email), u.IPAddress
	}
	f["user_agent"] = m.userAgent(ev)
	for k, v := range f {
		if k != "user_json" {
			f[k] = clip(v, maxShort)
		}
	}
	meta := store.ReplayMeta{Fields: f, Tags: map[string][]string{}}
	if ev.Release != "" {
		meta.Releases = []string{clip(ev.Release, maxShort)}
	}
	for _, t := range ev.Tags {
		meta.Tags[clip(t.Key, maxShort)] = append(meta.Tags[clip(t.Key, maxShort)], clip(t.Value, maxShort))
	}
	return meta
}

// maxURL bounds a URL in a row, in bytes.
const maxURL = 2_048
