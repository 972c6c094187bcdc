package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/uptrace/bun"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// BenchmarkInsertBatch measures one transaction of a batch of spans with payloads of 300 bytes, the
// row that comes in the largest numbers. rows/s is what to compare.
func BenchmarkInsertBatch(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		for _, size := range []int{100, 500} {
			b.Run(fmt.Sprintf("%s/%d", engine, size), func(b *testing.B) {
				s := open(b)
				rows := make([]store.Span, size)
				n := 0
				for b.Loop() {
					for i := range rows {
						n++
						rows[i] = store.Span{OrgID: 1, TraceID: fmt.Sprintf("%032x", n/10), SpanID: fmt.Sprintf("%016x", n), ProjectID: 1, Op: "db", Name: "SELECT",
							StartUS: int64(n), EndUS: int64(n) + 1, Payload: make([]byte, 300)}
					}
					err := s.Tx(b.Context(), func(ctx context.Context, tx bun.Tx) error {
						_, err := tx.NewInsert().Model(&rows).On("CONFLICT DO NOTHING").Returning("NULL").Exec(ctx)
						return err
					})
					if err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// BenchmarkIngest measures batches of a hundred errors as SDKs send them, with fourteen tags each, a tenth of them with
// values that no other has, to two hundred issues: what is written besides the event is most of the work. events/s is
// what to compare.
func BenchmarkIngest(b *testing.B) {
	for engine, open := range map[string]func(testing.TB) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(engine, func(b *testing.B) {
			s := open(b)
			org, project := seedProject(b, s, "shop")
			n := 0
			for b.Loop() {
				ws := make([]*store.Write, 100)
				for i := range ws {
					n++
					w := eventWrite(org, project, fmt.Sprint("m", n), n, fmt.Sprint("h", n*7%200), int64(1_700_000_000_000+n*10))
					for k := range 12 {
						w.Events[0].Tags = append(w.Events[0].Tags, store.Tag{Key: fmt.Sprint("key", k), Value: fmt.Sprint("value ", n*k%20)})
					}
					w.Events[0].Tags = append(w.Events[0].Tags, store.Tag{Key: "@user.id", Value: fmt.Sprint(n / 3)}, store.Tag{Key: "order", Value: fmt.Sprint("order-", n/10)})
					w.Events[0].Event.Payload = make([]byte, 3_000)
					ws[i] = w
				}
				if _, err := s.Ingest(b.Context(), ws); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
