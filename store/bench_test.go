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
