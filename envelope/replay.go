package envelope

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"time"
)

// maxReplayList bounds the lists of a replay event; SDKs send no more and Relay cuts there.
const maxReplayList = 100

// ReplayEvent is what a replay_event item says of one segment. The attributes it shares with
// events (release, user, request, contexts, …) are read by [ParseEvent] from the same payload.
type ReplayEvent struct {
	ReplayID     ID
	EventID      ID // equals ReplayID in all SDKs
	SegmentID    int64
	ReplayType   string    // "session" or "buffer"; "" when missing
	Start        time.Time // of the replay; meaningful on segment 0 only
	Timestamp    time.Time // end of the segment
	URLs         []string  // pages visited, in order
	ErrorIDs     []ID
	TraceIDs     []ID
	SegmentNames []string
}

// ParseReplayEvent reads a replay_event payload. Without replay_id and segment_id, or with an id
// in its lists that is none, it belongs nowhere and is refused, as by Relay. Longer lists keep
// their first 100.
func ParseReplayEvent(payload []byte) (*ReplayEvent, error) {
	e := ReplayEvent{SegmentID: -1}
	var listErr error
	err := readObject(payload, func(name string, v []byte) {
		switch name {
		case "replay_id":
			e.ReplayID = jsonID(v)
		case "event_id":
			e.EventID = jsonID(v)
		case "segment_id":
			e.SegmentID = segmentID(v)
		case "replay_type":
			e.ReplayType = shortText(v, 20)
		case "replay_start_timestamp":
			e.Start, _ = jsonTime(v)
		case "timestamp":
			e.Timestamp, _ = jsonTime(v)
		case "urls":
			e.URLs = texts(v)
		case "segment_names":
			e.SegmentNames = texts(v)
		case "error_ids":
			e.ErrorIDs, listErr = ids(v, listErr)
		case "trace_ids":
			e.TraceIDs, listErr = ids(v, listErr)
		}
	})
	switch {
	case err != nil:
		return nil, err
	case e.ReplayID.IsZero():
		return nil, errors.New("replay event without replay_id")
	case e.SegmentID < 0:
		return nil, errors.New("replay event without segment_id")
	case listErr != nil:
		return nil, listErr
	}
	return &e, nil
}

func segmentID(v []byte) int64 {
	if n, ok := jsonUint(v, math.MaxInt32); ok {
		return int64(n)
	}
	return -1
}

func texts(v []byte) []string {
	var list []string
	eachElement(v, func(v []byte) {
		if s, ok := jsonText(v); ok && len(list) < maxReplayList {
			list = append(list, s)
		}
	})
	return list
}

var errListID = errors.New("replay event with an id that is none")

// ids reads a list of ids; nil ids and nulls stand for none and are left out.
func ids(v []byte, before error) ([]ID, error) {
	var list []ID
	err := before
	eachElement(v, func(v []byte) {
		s, ok := jsonText(v)
		if len(list) == maxReplayList || isNull(v) || isNilID(s) {
			return
		}
		id, bad := ParseID(s)
		if !ok || bad != nil {
			err = errListID
			return
		}
		list = append(list, id)
	})
	return list, err
}

// maxRecordingHeader bounds the line before a recording's body; real ones are under 30 bytes.
const maxRecordingHeader = 4096

// SplitRecording splits a replay_recording payload into its header line's segment id and the
// body: a JSON array of rrweb events, plain or compressed (zlib, gzip). The body aliases the
// payload and is not looked into.
func SplitRecording(payload []byte) (segment int64, body []byte, err error) {
	line, _, found := bytes.Cut(payload[:min(len(payload), maxRecordingHeader)], []byte{'\n'})
	if !found {
		return 0, nil, errors.New("recording without a header line")
	}
	body = payload[len(line)+1:]
	segment = -1
	if readObject(line, func(name string, v []byte) {
		if name == "segment_id" {
			segment = segmentID(v)
		}
	}) != nil || segment < 0 {
		return 0, nil, errors.New("recording without a segment_id")
	}
	if len(body) == 0 {
		return 0, nil, errors.New("recording without a body")
	}
	return segment, body, nil
}

// ReplayVideo is the payload of a replay_video item, which mobile SDKs send: the parts alias it.
type ReplayVideo struct {
	Event     json.RawMessage // a replay_event payload
	Recording []byte          // a replay_recording payload
	Video     []byte          // MP4
}

// ParseReplayVideo reads a replay_video payload: one msgpack map of three byte strings, in any
// order. Unknown keys are skipped.
func ParseReplayVideo(payload []byte) (*ReplayVideo, error) {
	r := msgpack{b: payload}
	n, ok := r.mapLen()
	if !ok {
		return nil, errReplayVideo
	}
	var v ReplayVideo
	for range n {
		key, ok := r.bytes()
		if !ok {
			return nil, errReplayVideo
		}
		switch string(key) {
		case "replay_event":
			v.Event, ok = r.bytes()
		case "replay_recording":
			v.Recording, ok = r.bytes()
		case "replay_video":
			v.Video, ok = r.bytes()
		default:
			ok = r.skip()
		}
		if !ok {
			return nil, errReplayVideo
		}
	}
	if len(v.Event) == 0 || len(v.Recording) == 0 || len(v.Video) == 0 {
		return nil, errors.New("replay video with an empty part")
	}
	return &v, nil
}

var errReplayVideo = errors.New("replay video is not a msgpack map")
