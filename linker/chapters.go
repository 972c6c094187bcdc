package linker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/linker/chapter"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/linker/recording"
	"github.com/hindsight-dev/hindsight/store"
)

// The pace of deriving chapters: what arrives together is derived once.
const (
	chapterPause = 500 * time.Millisecond // between looks at the queue
	chapterBatch = 20                     // replays of one look
)

// deriveChapters derives the chapters of replays that changed, until ctx ends. The queue is in the database,
// marked by the transactions that change things: a process that dies loses nothing, and two processes that
// derive the same replay do it once too often, no more.
func (l *Linker) deriveChapters(ctx context.Context) {
	l.every(ctx, chapterPause, "derive chapters", func(ctx context.Context) (bool, error) {
		n, err := l.DeriveChapters(ctx, chapterBatch)
		ranked, errRank := l.RankReplays(ctx)
		return n == chapterBatch || ranked, errors.Join(err, errRank)
	})
}

// every calls work at a pace until ctx ends, at once again when it says that there is more. An error is
// logged and waited out: the queue is still there.
func (l *Linker) every(ctx context.Context, pause time.Duration, what string, work func(context.Context) (more bool, err error)) {
	t := time.NewTimer(pause)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		more, err := work(ctx)
		wait := pause
		switch {
		case err != nil && ctx.Err() == nil:
			l.log.Error(what, "err", err)
			wait = max(10*pause, 5*time.Second)
		case more:
			wait = 0
		}
		t.Reset(wait)
	}
}

// DeriveChapters derives the chapters of up to limit replays that changed and says how many it looked at.
// A replay whose facts cannot be read does not keep the others waiting.
func (l *Linker) DeriveChapters(ctx context.Context, limit int) (int, error) {
	marks, err := l.cfg.Store.StaleReplays(ctx, math.MaxInt64, limit)
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, m := range marks {
		if err := l.deriveReplay(ctx, m); err != nil {
			errs = append(errs, fmt.Errorf("replay %s: %w", m.ReplayID, err))
		}
	}
	return len(marks), errors.Join(errs...)
}

// Ranking replays anew after their issues were resolved or opened again.
const (
	rankIssues = 10
	rankPage   = 200 // replays of an issue at a time
)

// RankReplays tells the worth of a page of replays anew for each of up to ten issues whose status changed, and says
// whether there is more to do.
func (l *Linker) RankReplays(ctx context.Context) (more bool, err error) {
	issues, err := l.cfg.Store.StaleIssues(ctx, rankIssues)
	if err != nil {
		return false, err
	}
	for _, stale := range issues {
		facts, err := l.cfg.Store.WorthOfIssue(ctx, stale, rankPage)
		if err != nil {
			return false, err
		}
		worths, last := map[string]int64{}, stale.AfterReplay
		for i := range facts {
			last = facts[i].Replay.ReplayID
			worths[last] = worth(&facts[i].Replay, facts[i].Items)
		}
		done := len(facts) < rankPage
		if err := l.cfg.Store.RankReplays(ctx, stale, worths, last, done); err != nil {
			return false, err
		}
		more = more || !done
	}
	return more || len(issues) == rankIssues, nil
}

func (l *Linker) deriveReplay(ctx context.Context, mark store.StaleReplay) error {
	facts, err := l.cfg.Store.ChapterFacts(ctx, store.ReplayKey{OrgID: mark.OrgID, ReplayID: mark.ReplayID})
	if errors.Is(err, store.ErrNotFound) { // not recorded yet, or deleted
		_, err = l.cfg.Store.WriteChapters(ctx, mark, nil, nil)
		return err
	}
	if err != nil {
		return err
	}
	in, err := l.chapterInput(ctx, facts)
	if err != nil {
		return err
	}
	chapters := chapter.Derive(in)
	rows := make([]store.ReplayChapter, len(chapters))
	for i := range chapters {
		if rows[i], err = chapterRow(mark, &chapters[i]); err != nil {
			return err
		}
	}
	_, err = l.cfg.Store.WriteChapters(ctx, mark, rows, &store.ReplaySummary{OrgID: mark.OrgID, ReplayID: mark.ReplayID,
		Worth: worth(facts.Replay, facts.Items), Chapters: int64(len(rows)), DerivedMS: time.Now().UnixMilli()})
	return err
}

func chapterRow(mark store.StaleReplay, c *chapter.Chapter) (store.ReplayChapter, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return store.ReplayChapter{}, fmt.Errorf("encode chapter: %w", err)
	}
	packed, err := store.Compress(b)
	if err != nil {
		return store.ReplayChapter{}, err
	}
	row := store.ReplayChapter{OrgID: mark.OrgID, ReplayID: mark.ReplayID, ChapterID: c.ID, StartMS: c.StartMS, EndMS: c.EndMS, Kind: c.Kind,
		Label: clip(c.Label, maxLong), TriggerRoute: clip(c.TriggerRoute, maxLong), URL: clip(c.URL, maxURL), Status: c.Status,
		Requests: int64(len(c.Requests)), Failed: int64(c.Failed), SlowestMS: c.SlowestMS, Body: packed}
	for _, e := range c.Errors {
		switch {
		case e.Level != "error" && e.Level != "fatal":
		case e.Side == store.SideFrontend:
			row.FrontendErrors++
		default:
			row.BackendErrors++
		}
	}
	return row, nil
}

// chapterInput brings what is stored into the form that package chapter reads.
func (l *Linker) chapterInput(ctx context.Context, f *store.ChapterFacts) (chapter.Input, error) {
	in := chapter.Input{ReplayID: f.Replay.ReplayID}
	err := store.EachFrames(ctx, l.cfg.Blobs, f.Segments, func(raw []byte) error {
		var frames []recording.Frame
		if err := json.Unmarshal(raw, &frames); err != nil {
			return fmt.Errorf("frames: %w", err)
		}
		in.Frames = append(in.Frames, frames...)
		return nil
	})
	if err != nil {
		return in, err
	}
	for _, b := range f.Changes {
		in.Changes = append(in.Changes, store.DecodeChanges(b)...)
	}
	for _, b := range f.Hands {
		raw, err := store.Decompress(b)
		var hand recording.Hand
		if err == nil {
			err = json.Unmarshal(raw, &hand)
		}
		if err != nil {
			return in, fmt.Errorf("touched elements: %w", err)
		}
		in.Names, in.Touches = append(in.Names, hand.Names...), append(in.Touches, hand.Touches...)
	}
	for i := range f.Requests {
		r := &f.Requests[i]
		x := chapter.Request{Method: r.Method, URL: r.URL, StartUS: r.StartUS, EndUS: r.EndUS, TraceID: orZero(r.TraceID), SpanID: orZero(r.SpanID)}
		x.Status = int(orZero(r.Status))
		in.Requests = append(in.Requests, x)
	}
	for i := range f.Items {
		it := &f.Items[i]
		in.Items = append(in.Items, chapter.Item{Kind: it.Kind, ID: it.ID, ProjectID: it.ProjectID, IssueID: orZero(it.IssueID), TraceID: orZero(it.TraceID),
			SpanID: orZero(it.SpanID), Level: orZero(it.Level), Title: orZero(it.Name), Frontend: orZero(it.Side) == store.SideFrontend,
			AfterSession: link.Flags(it.Flags)&link.AfterSession != 0, TimeMS: it.TimeMS})
	}
	for i := range f.Spans {
		in.Spans = append(in.Spans, chapterSpan(&f.Spans[i]))
	}
	return in, nil
}

func orZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func chapterSpan(s *store.ChapterSpan) chapter.Span {
	out := chapter.Span{TraceID: s.TraceID, SpanID: s.SpanID, ParentID: orZero(s.ParentSpanID), EventID: orZero(s.EventID), ProjectID: s.ProjectID,
		Segment: s.IsSegment, Frontend: s.Side == store.SideFrontend, Op: s.Op, Name: s.Name, Status: s.Status, StartUS: s.StartUS, EndUS: s.EndUS}
	if len(s.Payload) == 0 {
		return out
	}
	raw, err := store.Decompress(s.Payload)
	if err != nil {
		return out // its name says something, too
	}
	// A transaction's own span has the event as payload, others the span.
	var p struct {
		Request struct {
			Method string `json:"method"`
			URL    string `json:"url"`
		} `json:"request"`
		Info struct {
			Source string `json:"source"`
		} `json:"transaction_info"`
		Contexts struct {
			Trace struct {
				Data map[string]any `json:"data"`
			} `json:"trace"`
		} `json:"contexts"`
		Attributes map[string]struct {
			Value any `json:"value"`
		} `json:"attributes"`
	}
	if err := json.Unmarshal(raw, &p); err != nil && !isWrongType(err) {
		return out
	}
	word := func(names ...string) string {
		for _, n := range names {
			if v, ok := p.Attributes[n].Value.(string); ok && v != "" {
				return v
			}
			if v, ok := p.Contexts.Trace.Data[n].(string); ok && v != "" {
				return v
			}
		}
		return ""
	}
	out.Method = orWord(p.Request.Method, word("http.request.method", "http.method", "http.request_method"))
	out.URL = orWord(p.Request.URL, word("url.full", "http.url", "url", "url.path", "http.target"))
	out.Source = orWord(p.Info.Source, word("sentry.segment.source", "sentry.span.source", "sentry.source"))
	return out
}

func isWrongType(err error) bool {
	var wrong *json.UnmarshalTypeError
	return errors.As(err, &wrong)
}

func orWord(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// What an error is worth when replays are ranked. A person who looks for the session to watch wants broken
// backends first, then what nobody has seen to yet, then what is new.
const (
	worthBackend    = 10
	worthFrontend   = 4
	worthHandled    = 1 // of an issue that somebody resolved or ignored
	worthUnhandled  = 3
	worthNew        = 3 // it was first seen in this replay
	worthRage       = 3
	worthDead       = 1
	maxWorthOfClick = 9
)

// worth weighs the issues a replay has, each once: a thousand errors of one cause are one reason to watch.
func worth(r *store.Replay, items []store.ChapterItem) int64 {
	best := map[int64]int64{}
	for i := range items {
		it := &items[i]
		if it.IssueID == nil || it.Level == nil || !slices.Contains([]string{"error", "fatal"}, *it.Level) {
			continue
		}
		w := int64(worthBackend)
		if orZero(it.Side) == store.SideFrontend {
			w = worthFrontend
		}
		if orZero(it.Unhandled) {
			w += worthUnhandled
		}
		if s := r.StartedMS; s != nil && it.IssueFirstMS != nil && *it.IssueFirstMS >= *s {
			w += worthNew
		}
		if !strings.EqualFold(orZero(it.IssueStatus), store.IssueUnresolved) {
			w = worthHandled
		}
		best[*it.IssueID] = max(best[*it.IssueID], w)
	}
	sum := min(r.CountRageClicks*worthRage+r.CountDeadClicks*worthDead, maxWorthOfClick)
	for _, w := range best {
		sum += w
	}
	return sum
}
