package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

func TestExpire(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		ctx, c := t.Context(), setClock(s)
		const day = 24 * 60 * 60 * 1000
		now := c.at.Load()
		var messages []store.StoredMessage
		for i := range 2500 { // more than two batches, and some that stay
			messages = append(messages, store.StoredMessage{MessageID: fmt.Sprint("old", i), ReceivedMS: now - 7*day - 1})
		}
		messages = append(messages, store.StoredMessage{MessageID: "young", ReceivedMS: now - 7*day})
		outcomes := []store.Outcome{
			{MinuteMS: now - 90*day - 60_000, OrgID: 1, ProjectID: 1, Category: "error", Outcome: store.OutcomeAccepted, Quantity: 1},
			{MinuteMS: now - 90*day - 60_000, OrgID: 1, ProjectID: 1, Category: "error", Outcome: store.OutcomeInvalid, Reason: "x", Quantity: 1},
			{MinuteMS: now - 90*day, OrgID: 1, ProjectID: 1, Category: "error", Outcome: store.OutcomeAccepted, Quantity: 1},
		}
		old := now - 30*day - 1
		hints := []store.EventHint{{OrgID: 1, EventID: "a", ProjectID: 1, TimeMS: old}, {OrgID: 1, EventID: "b", ProjectID: 1, TimeMS: now}}
		waiting := []store.ItemSession{{OrgID: 1, SessionID: "a", ItemKind: "log", ItemID: "a", ReceivedMS: old}, {OrgID: 1, SessionID: "b", ItemKind: "log", ItemID: "b", ReceivedMS: now}}
		expected := []store.ExpectedReplay{{OrgID: 1, TraceID: "a", FirstMS: old}, {OrgID: 1, TraceID: "b", FirstMS: now}}
		losses := []store.ReplayLoss{{OrgID: 1, ProjectID: 1, ReplayID: "a", Reason: "x", FirstMS: now - 90*day - 1}, {OrgID: 1, ProjectID: 1, ReplayID: "b", Reason: "x", FirstMS: old}}
		for _, rows := range []any{&messages, &outcomes, &hints, &waiting, &expected, &losses} {
			if _, err := s.Writer().NewInsert().Model(rows).Returning("NULL").Exec(ctx); err != nil {
				t.Fatal(err)
			}
		}
		u := user(t, s, "bob@example.com")
		if _, err := s.CreateSignInLink(ctx, u.ID, time.Minute); err != nil {
			t.Fatal(err)
		}
		session, err := s.CreateSession(ctx, u.ID)
		if err != nil {
			t.Fatal(err)
		}

		got, err := s.Expire(ctx)
		if d := cmp.Diff(store.Expired{StoredMessages: 2500, Outcomes: 2, Hints: 4}, got); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
		c.add(time.Minute)
		got, err = s.Expire(ctx)
		if d := cmp.Diff(store.Expired{StoredMessages: 1, Outcomes: 1, SignInLinks: 1}, got); d != "" || err != nil {
			t.Errorf("a minute later: %v (-want +got):\n%s", err, d)
		}
		if _, _, err := s.Session(ctx, session); err != nil {
			t.Errorf("the session: %v", err)
		}
		c.add(store.SessionAge)
		if got, err = s.Expire(ctx); got.UserSessions != 1 || err != nil {
			t.Errorf("a week later: %+v, %v; want the session gone", got, err)
		}
	})
}
