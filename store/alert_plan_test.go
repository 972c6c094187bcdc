package store_test

import (
	"testing"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

// What rules, monitors and their pages ask goes by an index on both engines.
func TestAlertQueriesUseIndexes(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		o, err := s.CreateOrganization(ctx, "acme", "Acme")
		if err != nil {
			t.Fatal(err)
		}
		hook := &queries{}
		s.SetReader(s.Reader().WithQueryHook(hook))
		scope := o.Scope()
		after := store.Page{Limit: 5, Cursor: &store.Cursor{Value: 5, Tie: "7"}}
		tag := store.Filter{Op: store.FilterLike, Field: "tag:plan", Parts: []string{"paid"}}
		frequency := store.FrequencyQuery{IssueID: 1, FromMS: 1, ToMS: 9, Limit: 5}
		narrowed := frequency
		narrowed.Environment, narrowed.Filter, narrowed.Users = "prod", tag, true
		monitors := []store.Monitor{{ProjectID: 1, Slug: "a"}, {ProjectID: 2, Slug: "b"}}
		for name, call := range map[string]func() error{
			"frequency":          func() error { _, err := s.Frequency(ctx, scope, frequency); return err },
			"narrowed frequency": func() error { _, err := s.Frequency(ctx, scope, narrowed); return err },
			"metric": func() error {
				_, _, err := s.Metric(ctx, scope, store.MetricQuery{Dataset: store.DatasetEvents, Aggregate: store.AggregateCount, Projects: []int64{1, 2}, Filter: tag, FromMS: 1, ToMS: 9})
				return err
			},
			"latest release of an environment": func() error { _, err := s.LatestRelease(ctx, scope, 1, "prod"); return err },
			"rules":                            func() error { _, err := s.AlertRules(ctx, scope); return err },
			"firings":                          func() error { _, err := s.AlertFirings(ctx, scope, 1, 1, 9, 3); return err },
			"signals":                          func() error { _, err := s.AlertSignals(ctx, 5, 5); return err },
			"due metrics":                      func() error { _, err := s.DueMetricRules(ctx, 5, 5); return err },
			"deliveries": func() error {
				_, err := s.AlertDeliveries(ctx, scope, store.AlertDeliveryQuery{Page: after})
				return err
			},
			"deliveries of a channel": func() error {
				_, err := s.AlertDeliveries(ctx, scope, store.AlertDeliveryQuery{ChannelID: 1, Page: after})
				return err
			},
			"monitors":                 func() error { _, err := s.Monitors(ctx, scope, nil); return err },
			"monitor by id":            func() error { _, err := s.FindMonitor(ctx, scope, 0, "a"); return ignoreNotFound(err) },
			"environments of monitors": func() error { _, err := s.MonitorEnvironments(ctx, scope, monitors); return err },
			"late monitors":            func() error { _, err := s.LateMonitors(ctx, 5, 5); return err },
			"open check-ins":           func() error { _, err := s.UntimedCheckIns(ctx, 5); return err },
			"check-ins": func() error {
				_, err := s.CheckIns(ctx, scope, store.CheckInQuery{ProjectID: 1, Slug: "a", FromMS: 1, Page: after})
				return err
			},
			"stats":            func() error { _, err := s.CheckInStats(ctx, scope, monitors, nil, 1, 9, 3); return err },
			"waiting monitors": func() error { _, err := s.WaitingMonitors(ctx, []int64{1, 2}); return err },
		} {
			hook.list = nil
			if err := call(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if len(hook.list) == 0 {
				t.Errorf("%s: no query was seen", name)
			}
			for _, q := range hook.list {
				for _, b := range wholeReads(t, s.Writer(), q) {
					t.Errorf("%s reads a table whole: %s\n  %s", name, b, q)
				}
			}
		}
	})
}
