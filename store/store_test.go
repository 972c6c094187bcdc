package store_test

import (
	"testing"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

func TestMigrateTwiceIsANoOp(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		if err := s.Migrate(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
