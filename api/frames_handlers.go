package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/hindsight-dev/hindsight/store"
)

// Bounds of a replay's frames in one answer.
const (
	maxFrames     = 50_000
	maxFrameBytes = 32 << 20
)

var errEnoughFrames = errors.New("enough frames")

// getReplayFrames merges the frames of all segments in time order. They are small and have no DOM
// data: panels and timelines come from here, before the recording itself is loaded.
func (a *API) getReplayFrames(ctx context.Context, in *ReplayPath) (*One[ReplayFrames], error) {
	rq := from(ctx)
	r, err := a.replayOf(ctx, rq, in.Replay)
	if err != nil {
		return nil, err
	}
	if r.State == store.ReplayDeleted {
		return nil, errNotFound
	}
	out := ReplayFrames{ReplayID: r.ReplayID, StartedAt: atPtr(r.StartedMS), FinishedAt: atPtr(r.FinishedMS), Frames: []RecordingFrame{}}
	size := 0
	err = a.Store.EachSegmentFrames(ctx, a.Blobs, rq.scope, r.ReplayID, func(raw []byte) error {
		var frames []RecordingFrame
		if err := json.Unmarshal(raw, &frames); err != nil {
			return err
		}
		out.Frames = append(out.Frames, frames...)
		if size += len(raw); size > maxFrameBytes || len(out.Frames) > maxFrames {
			out.Truncated = true
			return errEnoughFrames
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnoughFrames) {
		return nil, a.fail("read frames", err)
	}
	sortFrames(out.Frames)
	return one(out), nil
}

// sortFrames sorts by time, keeping the order of those at the same moment.
func sortFrames(frames []RecordingFrame) {
	slices.SortStableFunc(frames, func(x, y RecordingFrame) int { return cmp.Compare(x.TimeMS, y.TimeMS) })
}
