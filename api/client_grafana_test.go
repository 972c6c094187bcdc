package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// What the Sentry data source of Grafana (grafana/sentry-datasource 2.2.5) decodes,
// with its Go types: a number where it wants a text fails its query.
type (
	grafanaOrganization struct {
		ID, Slug, Name             string
		DateCreated                time.Time
		IsEarlyAdopter, Require2FA bool
		Status                     struct{ ID, Name string }
		Avatar                     struct{ AvatarType string }
	}
	grafanaProject struct {
		ID, Slug, Name                    string
		DateCreated                       time.Time
		HasAccess, IsBookmarked, IsMember bool
		Environments                      []string
		Team                              struct{ ID, Name, Slug string }
		Teams                             []struct{ ID, Name, Slug string }
	}
	grafanaTeam struct {
		ID, Slug, Name                 string
		DateCreated                    time.Time
		MemberCount                    int
		Projects                       []grafanaProject
		Avatar                         struct{ AvatarType string }
		HasAccess, IsMember, IsPending bool
	}
	grafanaIssue struct {
		ID, ShortID, Title, Status, Substatus, Level, Type, Platform, Culprit, Permalink string

		Count                                                      string
		UserCount, NumComments                                     int64
		FirstSeen, LastSeen                                        time.Time
		HasSeen, IsUnhandled, IsPublic, IsBookmarked, IsSubscribed bool
		Project                                                    struct{ ID, Name, Slug, Platform string }
		Metadata                                                   struct{ Value, Type, Filename, Function string }
		AssignedTo                                                 *struct{ Email, Type, ID, Name string }
		SubscriptionDetails                                        *struct{ Reason string }
	}
	grafanaSeries struct {
		Intervals []time.Time
		Groups    []struct {
			By     map[string]any
			Series map[string][]*float64
		}
	}
	grafanaUsage struct {
		Intervals []time.Time
		Groups    []struct {
			By     map[string]string
			Series map[string][]int64
		}
	}
)

// grafana asks as the data source does: only 200 is success.
func grafana[T any](t *testing.T, w *world, path string, query url.Values) (out T, next string) {
	t.Helper()
	target := "/api/0" + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r := w.do(w.acme.token, "GET", target, "")
	if r.Code != http.StatusOK || r.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%s: %d %s %.300s", target, r.Code, r.Header().Get("Content-Type"), r.Body)
	}
	if err := json.Unmarshal(r.Body.Bytes(), &out); err != nil {
		t.Fatalf("%s: %v: %.300s", target, err, r.Body)
	}
	for part := range strings.SplitSeq(r.Header().Get("Link"), ",") {
		if strings.Contains(part, `rel="next"`) && strings.Contains(part, `results="true"`) {
			next, _, _ = strings.Cut(strings.TrimLeft(part, " <"), ">")
		}
	}
	return out, next
}

// TestGrafana makes every call of the data source, as its queries are written.
func TestGrafana(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		web, api := itoa(w.acme.web.ID), itoa(w.acme.api.ID)
		from, to := w.base.Add(-6*time.Hour), w.base.Add(2*time.Hour)
		naive := func(more url.Values) url.Values { // issues and events
			q := url.Values{"start": {from.UTC().Format("2006-01-02T15:04:05")}, "end": {to.UTC().Format("2006-01-02T15:04:05")}}
			return with(q, more)
		}
		exact := func(more url.Values) url.Values { // series
			return with(url.Values{"start": {from.UTC().Format(time.RFC3339)}, "end": {to.UTC().Format(time.RFC3339)}}, more)
		}
		t.Run("what there is", func(t *testing.T) {
			orgs, _ := grafana[[]grafanaOrganization](t, w, "/organizations/", nil)
			if len(orgs) != 1 || orgs[0].Slug != "acme" || orgs[0].Status.ID == "" || orgs[0].Avatar.AvatarType == "" || orgs[0].DateCreated.IsZero() {
				t.Errorf("organisations %+v", orgs)
			}
			// Its health check is this call.
			projects, _ := grafana[[]grafanaProject](t, w, "/organizations/acme/projects/", nil)
			if len(projects) != 2 || projects[0].ID == "" || projects[0].Slug == "" || projects[0].DateCreated.IsZero() || !projects[0].HasAccess || projects[0].Environments == nil {
				t.Errorf("projects %+v", projects)
			}
			teams, _ := grafana[[]grafanaTeam](t, w, "/organizations/acme/teams/", nil)
			if len(teams) == 0 || teams[0].Slug == "" || teams[0].Avatar.AvatarType == "" {
				t.Errorf("teams %+v", teams)
			}
			if of, _ := grafana[[]grafanaProject](t, w, "/teams/acme/acme/projects/", nil); len(of) == 0 || of[0].Slug == "" {
				t.Errorf("projects of a team %+v", of)
			}
			tags, _ := grafana[[]struct {
				Key, Name   string
				TotalValues int64
			}](t, w, "/organizations/acme/tags/", nil)
			if len(tags) == 0 || tags[0].Key == "" || tags[0].TotalValues == 0 {
				t.Errorf("tags %+v", tags)
			}
			attributes, _ := grafana[[]struct{ Key, Name string }](t, w, "/organizations/acme/trace-items/attributes/", url.Values{"itemType": {"spans"}, "attributeType": {"number"}})
			if len(attributes) == 0 || attributes[0].Key == "" {
				t.Errorf("attributes %+v", attributes)
			}
		})
		t.Run("pages by the Link's URL", func(t *testing.T) {
			seen := map[string]bool{}
			for next := "/organizations/acme/projects/?per_page=1"; next != ""; {
				u, err := url.Parse(next)
				must(t, err)
				var rows []grafanaProject
				rows, next = grafana[[]grafanaProject](t, w, strings.TrimPrefix(u.Path, "/api/0"), u.Query())
				for _, p := range rows {
					seen[p.Slug] = true
				}
			}
			if len(seen) != 2 {
				t.Errorf("paged through %v", seen)
			}
		})
		t.Run("issues", func(t *testing.T) {
			for _, sort := range []string{"date", "new", "priority", "freq", "user"} {
				issues, _ := grafana[[]grafanaIssue](t, w, "/organizations/acme/issues/", naive(url.Values{"query": {"is:unresolved"}, "sort": {sort}, "limit": {"10000"}, "project": {web, api}, "environment": {"production"}}))
				if len(issues) == 0 {
					t.Fatalf("no issues sorted by %s", sort)
				}
				for _, i := range issues {
					if i.ID == "" || i.ShortID == "" || i.Title == "" || i.Count == "" || i.FirstSeen.IsZero() || i.LastSeen.IsZero() || i.Project.Slug == "" || !strings.HasPrefix(i.Permalink, "http") {
						t.Errorf("%+v", i)
					}
				}
			}
		})
		t.Run("events and spans", func(t *testing.T) {
			type table struct{ Data []map[string]any }
			for _, q := range []url.Values{
				{"query": {""}, "sort": {"-count()"}, "per_page": {"50"}, "field": {"title", "project", "count()", "last_seen()"}, "project": {api}},
				{"query": {""}, "sort": {"-timestamp"}, "per_page": {"100"}, "field": {"id", "title", "timestamp", "issue", "level"}},
				{"query": {""}, "sort": {"-count()"}, "per_page": {"10"}, "field": {"span.op", "count()", "p95(span.duration)"}, "dataset": {"spans"}, "useRpc": {"1"}},
			} {
				out, _ := grafana[table](t, w, "/organizations/acme/events/", naive(q))
				if len(out.Data) == 0 {
					t.Fatalf("no rows for %v", q)
				}
				for _, row := range out.Data {
					for k, v := range row {
						switch v.(type) {
						case string, float64, bool, nil:
						default:
							t.Errorf("%s is no scalar: %v", k, v)
						}
					}
					for _, f := range q["field"] {
						if _, ok := row[f]; !ok {
							t.Errorf("no %s in %v", f, row)
						}
					}
				}
			}
		})
		t.Run("series of events", func(t *testing.T) {
			for name, q := range map[string]url.Values{
				"one":         {"yAxis": {"count()"}, "field": {"count()"}, "interval": {"1h"}, "excludeOther": {"1"}, "topEvents": {"5"}},
				"odd window":  {"yAxis": {"count()"}, "field": {"count()"}, "interval": {"17m"}, "excludeOther": {"1"}, "topEvents": {"5"}},
				"two":         {"yAxis": {"count()", "count_unique(user)"}, "field": {"count()", "count_unique(user)"}, "interval": {"2h"}, "excludeOther": {"1"}, "topEvents": {"3"}},
				"by group":    {"yAxis": {"count()"}, "field": {"count()", "title"}, "sort": {"-count()"}, "interval": {"30m"}, "excludeOther": {"1"}, "topEvents": {"10"}},
				"spans":       {"yAxis": {"count(span.duration)"}, "field": {"count(span.duration)", "span.op"}, "dataset": {"spans"}, "excludeOther": {"0"}, "sampling": {"NORMAL"}, "topEvents": {"5"}},
				"plain spans": {"yAxis": {"p95(span.duration)"}, "field": {"p95(span.duration)"}, "dataset": {"spans"}, "excludeOther": {"0"}, "sampling": {"NORMAL"}, "topEvents": {"5"}},
			} {
				q.Set("partial", "1")
				q.Set("query", "")
				out, _ := grafana[map[string]any](t, w, "/organizations/acme/events-stats/", exact(q))
				var shared []float64
				if n := grafanaWalk(t, name, "", out, &shared); n == 0 {
					t.Errorf("%s: no series in %.200v", name, out)
				}
			}
		})
		t.Run("session health", func(t *testing.T) {
			for _, f := range []string{"session.all", "session.healthy", "session.errored", "session.crashed", "session.abnormal", "session.all_user", "session.healthy_user", "session.errored_user",
				"session.crashed_user", "session.abnormal_user", "session.crash_rate", "session.crash_user_rate", "session.crash_free_rate", "session.crash_free_user_rate", "session.anr_rate",
				"session.foreground_anr_rate", "count_unique(sentry.sessions.user)"} {
				for _, group := range []string{"", "environment", "project", "session.status", "release"} {
					q := url.Values{"includeSeries": {"1"}, "interval": {"17m"}, "field": {f}, "per_page": {"1"}}
					if group != "" {
						if group == "session.status" && (strings.HasPrefix(f, "session.") && f != "session.all" && f != "session.all_user") {
							continue // a status by status
						}
						q = with(q, url.Values{"groupBy": {group}, "orderBy": {"-" + f}, "per_page": {"10"}})
					}
					out, _ := grafana[grafanaSeries](t, w, "/organizations/acme/metrics/data/", exact(q))
					for _, g := range out.Groups {
						for k, v := range g.By {
							if v == nil {
								t.Errorf("%s by %s: %s is null, which stops Grafana", f, group, k)
							}
						}
						if s := g.Series[f]; len(s) != len(out.Intervals) {
							t.Errorf("%s by %s: %d values for %d intervals", f, group, len(s), len(out.Intervals))
						}
					}
					if len(out.Intervals) == 0 {
						t.Errorf("%s by %s: no intervals", f, group)
					}
				}
			}
		})
		t.Run("usage", func(t *testing.T) {
			for _, f := range []string{"sum(quantity)", "sum(times_seen)"} {
				out, _ := grafana[grafanaUsage](t, w, "/organizations/acme/stats_v2/", exact(url.Values{"interval": {"1h"}, "field": {f}, "category": {"error", "transaction", "replay"},
					"groupBy": {"outcome", "category", "reason"}, "outcome": {"accepted", "filtered", "rate_limited", "invalid", "client_discard"}}))
				if len(out.Intervals) == 0 {
					t.Error("no intervals")
				}
				for _, g := range out.Groups {
					if len(g.Series[f]) != len(out.Intervals) || g.By["category"] == "" || g.By["outcome"] == "" {
						t.Errorf("%s: %+v of %d intervals", f, g, len(out.Intervals))
					}
				}
			}
		})
		t.Run("errors", func(t *testing.T) {
			r := w.do(w.acme.token, "GET", "/api/0/organizations/acme/issues/?query=is:nothing", "")
			if d := decode[struct{ Detail string }](r); r.Code == 200 || d.Detail == "" {
				t.Errorf("%d %s", r.Code, r.Body)
			}
		})
	})
}

func with(q, more url.Values) url.Values {
	for k, v := range more {
		q[k] = v
	}
	return q
}

// grafanaWalk reads an answer as the data source does: "data" is a series of [seconds, [{count}]], "order" is passed over,
// every other object has series of its own; all have the times of the first. It gives how many there are.
func grafanaWalk(t *testing.T, what, name string, o map[string]any, shared *[]float64) (n int) {
	t.Helper()
	for k, v := range o {
		switch k {
		case "data":
			rows, ok := v.([]any)
			if !ok {
				t.Errorf("%s, %s: data is %T", what, name, v)
				return n
			}
			var times []float64
			for _, r := range rows {
				row, _ := r.([]any)
				at, isNumber := row[0].(float64)
				cells, isList := row[1].([]any)
				if !isNumber || !isList || len(cells) != 1 {
					t.Fatalf("%s, %s: %v", what, name, r)
				}
				cell, _ := cells[0].(map[string]any)
				switch cell["count"].(type) {
				case float64, nil:
				default:
					t.Errorf("%s, %s: count is %v", what, name, cell["count"])
				}
				times = append(times, at)
			}
			if *shared == nil {
				*shared = times
			}
			if fmt.Sprint(times) != fmt.Sprint(*shared) {
				t.Errorf("%s, %s: other times than the first series", what, name)
			}
			n++
		case "order", "meta", "start", "end", "isMetricsData":
		default:
			if inner, ok := v.(map[string]any); ok {
				n += grafanaWalk(t, what, k, inner, shared)
			}
		}
	}
	return n
}
