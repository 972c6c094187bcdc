package stream

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// eachSync runs a benchmark under both durabilities, in one run on one disk.
func eachSync(b *testing.B, run func(b *testing.B, s *Stream)) {
	for _, sync := range []Sync{SyncPower, SyncProcess} {
		b.Run(string(sync), func(b *testing.B) {
			s := openTest(b, Config{Sync: sync, MaxBytes: 4 << 30}, defaultTuning())
			run(b, s)
		})
	}
}

// publishMany publishes n messages of size bytes, one a request, from callers at once.
func publishMany(b *testing.B, s *Stream, n, callers, size int) {
	body := bytes.Repeat([]byte("x"), size)
	var next atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for {
				i := int(next.Add(1))
				if i > n {
					return
				}
				m := message(KindEvent, i)
				m.ID = fmt.Sprintf("%d-%d", b.N, i)
				m.Body = body
				if err := s.Publish(context.Background(), m); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkPublish: one message per request; ns/op is per acknowledged message.
func BenchmarkPublish(b *testing.B) {
	for _, callers := range []int{1, 16, 64, 256} {
		for _, size := range []int{1 << 10, 16 << 10} {
			b.Run(fmt.Sprintf("callers=%d/size=%dKiB", callers, size>>10), func(b *testing.B) {
				eachSync(b, func(b *testing.B, s *Stream) {
					b.ResetTimer()
					publishMany(b, s, b.N, callers, size)
					b.StopTimer()
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
					b.ReportMetric(float64(b.N)/float64(s.local.pub.batches.Load()), "msg/batch")
				})
			})
		}
	}
}

// BenchmarkConsume: fetch and acknowledge what is there; the clock stops when the stream is empty.
func BenchmarkConsume(b *testing.B) {
	eachSync(b, func(b *testing.B, s *Stream) {
		publishMany(b, s, b.N, 256, 4<<10)
		b.ResetTimer()
		drain(b, s)
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	})
}

// BenchmarkThrough: publish and consume at the same time, as serve does.
func BenchmarkThrough(b *testing.B) {
	eachSync(b, func(b *testing.B, s *Stream) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		var n atomic.Int64
		go func() {
			defer close(done)
			_ = s.Consume(ctx, KindEvent, ConsumeOptions{Batch: 200}, func(_ context.Context, d []*Delivery) error {
				n.Add(int64(len(d)))
				return nil
			})
		}()
		b.ResetTimer()
		publishMany(b, s, b.N, 256, 4<<10)
		untilEmpty(b, s)
		b.StopTimer()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
		cancel()
		<-done
	})
}

func drain(b *testing.B, s *Stream) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Consume(ctx, KindEvent, ConsumeOptions{Batch: 200}, func(context.Context, []*Delivery) error { return nil })
	}()
	untilEmpty(b, s)
	cancel()
	<-done
}

func untilEmpty(b *testing.B, s *Stream) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		st, err := s.local.js.Stream(context.Background(), ingestStream)
		if err != nil {
			b.Fatal(err)
		}
		if st.CachedInfo().State.Msgs == 0 {
			return
		}
	}
}
