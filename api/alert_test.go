package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/store"
)

// expect sends a request as acme's owner and wants a status.
func (w *world) expect(status int, method, path, body string) response {
	w.t.Helper()
	r := w.do(w.acme.token, method, path, body)
	if r.Code != status {
		w.t.Fatalf("%s %s: %d %s, want %d", method, path, r.Code, r.Body, status)
	}
	return r
}

// A job whose monitor nobody described is shown, until a monitor is made that takes its check-ins along.
func TestWaitingMonitors(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const org = "/api/0/organizations/acme/"
		at := w.base.UnixMilli()
		_, err := w.s.Ingest(t.Context(), []*store.Write{{MessageID: "report", OrgID: w.acme.org.ID, ReceivedMS: at, CheckIns: []store.CheckInWrite{{ItemID: "report",
			CheckIn: store.CheckIn{OrgID: w.acme.org.ID, CheckInID: strings.Repeat("f", 32), ProjectID: w.acme.web.ID, MonitorSlug: "report", Environment: "production",
				Status: store.CheckInOK, StartedMS: at, UpdatedMS: at}}}}})
		must(t, err)
		got := decode[[]api.WaitingMonitor](w.get(org + "monitors-waiting/?project=shop-web"))
		if len(got) != 1 || got[0].Slug != "report" || got[0].CheckIns != 1 || got[0].Project.Slug != "shop-web" || !got[0].Expires.Equal(w.base.Add(24*time.Hour)) {
			t.Fatalf("waiting %+v", got)
		}
		if elsewhere := decode[[]api.WaitingMonitor](w.get(org + "monitors-waiting/?project=shop-api")); len(elsewhere) != 0 {
			t.Errorf("waiting in another project %+v", elsewhere)
		}
		const body = `{"name":"Report","slug":"report","project":"shop-web","type":"cron_job","config":{"schedule_type":"crontab","schedule":"0 3 * * *"}}`
		w.expect(http.StatusCreated, "POST", org+"monitors/", body)
		w.expect(http.StatusConflict, "POST", org+"monitors/", body)
		if got = decode[[]api.WaitingMonitor](w.get(org + "monitors-waiting/")); len(got) != 0 {
			t.Errorf("still waiting %+v", got)
		}
		if runs := decode[[]api.CheckIn](w.get(org + "monitors/report/checkins/")); len(runs) != 1 || runs[0].Status != "ok" {
			t.Errorf("runs %+v", runs)
		}
	})
}

// How often a rule fired is counted by the hour, however many were told each time.
func TestRuleStats(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		w.s.SetClock(func() time.Time { return w.base }) // an hour ago
		for issue := range int64(2) {
			for _, to := range []string{"a", "b"} {
				_, err := w.s.AddDelivery(t.Context(), w.acme.org.Scope(), store.AlertDelivery{Key: itoa(issue) + to, RuleID: w.acme.rule, IssueID: issue, Kind: "email", Target: to, Lane: to})
				must(t, err)
			}
		}
		path := "/api/0/projects/acme/shop-web/rules/" + itoa(w.acme.rule) + "/stats/"
		got := decode[[]api.RuleStat](w.get(path + "?statsPeriod=6h"))
		sum := int64(0)
		for _, s := range got {
			sum += s.Count
			if s.Date.Minute() != 0 {
				t.Errorf("an hour that begins at %s", s.Date)
			}
		}
		if len(got) != 7 || sum != 2 {
			t.Errorf("stats %+v", got)
		}
		if n := len(decode[[]api.RuleStat](w.get(path + "?statsPeriod=900d"))); n != 30*24+1 {
			t.Errorf("%d hours", n)
		}
		// A rule is made at once: there is no task to ask about.
		w.expect(http.StatusNotFound, "GET", "/api/0/projects/acme/shop-web/rule-task/2b5b5d0a/", "")
	})
}

// A detector is told what changes; the rest of it, and who is told, stays.
func TestDetectorChangesInPart(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const org = "/api/0/organizations/acme/"
		metric := func(id string) api.MetricRule { return decode[api.MetricRule](w.get(org + "alert-rules/" + id + "/")) }
		made := decode[api.MetricRule](w.expect(http.StatusCreated, "POST", org+"alert-rules/", `{"name":"slow","dataset":"transactions","aggregate":"p95(transaction.duration)","thresholdType":1,
			"resolveThreshold":7,"timeWindow":5,"environment":"production","owner":"user:1","projects":["shop-web"],
			"triggers":[{"label":"critical","alertThreshold":5,"actions":[{"type":"email","targetType":"team","targetIdentifier":"1"}]}]}`))
		var detector string
		for _, d := range decode[[]api.Detector](w.get(org + "detectors/?query=type:metric_issue%20slow")) {
			detector = org + "detectors/" + d.ID + "/"
		}
		want := made
		change := func(body string) {
			t.Helper()
			w.expect(http.StatusOK, "PUT", detector, body)
			got := metric(made.ID)
			want.DateModified = got.DateModified
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("after %s (-want +got):\n%s", body, diff)
			}
		}
		want.Name = "slower"
		change(`{"name":"slower"}`)
		want.Status = 4
		change(`{"enabled":false}`)
		want.TimeWindow = 10
		change(`{"dataSources":[{"timeWindow":600}]}`)
		want.Triggers[0].AlertThreshold, want.Triggers[0].ResolveThreshold, want.ResolveThreshold = 4, nil, nil
		change(`{"conditionGroup":{"logicType":"any","conditions":[{"type":"lt","comparison":4,"conditionResult":75}]}}`)
		change(`{}`)
		want.Owner = nil
		change(`{"owner":null}`)
		w.expect(http.StatusBadRequest, "PUT", detector, `{"dataSources":[{"aggregate":"nonsense(x)"}]}`)
		change(`{}`) // what was refused changed nothing

		job := decode[api.Detector](w.expect(http.StatusCreated, "POST", org+"projects/shop-web/detectors/", `{"name":"backup","type":"monitor_check_in_failure","enabled":false,
			"dataSources":[{"name":"backup","config":{"schedule_type":"interval","schedule":[1,"hour"],"timezone":"UTC"}}]}`))
		got := decode[api.Detector](w.expect(http.StatusOK, "PUT", org+"detectors/"+job.ID+"/", `{"enabled":true}`))
		if !got.Enabled || got.Name != "backup" {
			t.Errorf("enabled: %+v", got)
		}
	})
}

// A metric alert is silenced by its own address, also one of all projects, and says so.
func TestMetricAlertIsSilenced(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const rules = "/api/0/organizations/acme/alert-rules/"
		made := decode[api.MetricRule](w.expect(http.StatusCreated, "POST", rules, `{"name":"many","dataset":"events","aggregate":"count()","timeWindow":5,
			"triggers":[{"label":"critical","alertThreshold":5,"actions":[]}]}`))
		is := func() api.MetricRule { return decode[api.MetricRule](w.get(rules + made.ID + "/")) }
		if is().Snooze {
			t.Error("silent from the start")
		}
		w.expect(http.StatusCreated, "POST", rules+made.ID+"/snooze/", `{"target":"everyone"}`)
		if got := is(); !got.Snooze || got.SnoozedUntil != nil {
			t.Errorf("without an end: %v %v", got.Snooze, got.SnoozedUntil)
		}
		w.expect(http.StatusCreated, "POST", rules+made.ID+"/snooze/", `{"until":"2999-01-02T03:04:05Z"}`)
		if got := is(); got.SnoozedUntil == nil || got.SnoozedUntil.Year() != 2999 {
			t.Errorf("until 2999: %v", got.SnoozedUntil)
		}
		w.expect(http.StatusBadRequest, "POST", rules+made.ID+"/snooze/", `{"until":"soon"}`)
		w.expect(http.StatusNoContent, "DELETE", rules+made.ID+"/snooze/", "")
		if is().Snooze {
			t.Error("silent after its end")
		}
		w.expect(http.StatusNotFound, "POST", rules+itoa(w.acme.rule)+"/snooze/", `{}`) // an issue alert
	})
}

// What Terraform's provider sends and reads of metric alerts and monitors.
func TestTerraformMetricAlertsAndMonitors(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		const org, project = "/api/0/organizations/acme/", "/api/0/projects/acme/shop-web/alert-rules/"
		const body = `{"name":"slow","dataset":"events","query":"plan:paid level:error","aggregate":"count()","thresholdType":0,"resolveThreshold":10,"timeWindow":5,"eventTypes":["error"],
			"projects":["shop-web"],"triggers":[{"label":"critical","alertThreshold":100.5,"actions":[{"type":"email","targetType":"team","targetIdentifier":1,"integrationId":null}]}]}`
		made := decode[api.MetricRule](w.expect(http.StatusCreated, "POST", project, body))
		if made.TimeWindow != 5 || len(made.Triggers) != 1 || made.Triggers[0].AlertThreshold != 100.5 || len(made.Triggers[0].Actions) != 1 || made.Projects[0] != "shop-web" {
			t.Errorf("made %+v", made)
		}
		if got := decode[api.MetricRule](w.get(org + "alert-rules/" + made.ID + "/")); got.Query != "plan:paid level:error" || got.Triggers[0].Actions[0].TargetType != "team" {
			t.Errorf("read %+v", got)
		}
		w.expect(http.StatusOK, "PUT", project+made.ID+"/", strings.Replace(body, "slow", "slower", 1))
		w.expect(http.StatusNoContent, "DELETE", project+made.ID+"/", "")
		w.expect(http.StatusNotFound, "GET", org+"alert-rules/"+made.ID+"/", "")

		const detectors = org + "projects/shop-web/detectors/"
		cron := decode[api.Detector](w.expect(http.StatusCreated, "POST", detectors, `{"name":"backup","type":"monitor_check_in_failure","owner":null,
			"dataSources":[{"name":"backup","config":{"schedule_type":"interval","schedule":[1,"hour"],"checkin_margin":1,"max_runtime":30,"failure_issue_threshold":1,"recovery_threshold":1,"timezone":"UTC"}}]}`))
		number := decode[api.Detector](w.expect(http.StatusCreated, "POST", detectors, `{"name":"many","type":"metric_issue","config":{"detectionType":"static"},
			"dataSources":[{"aggregate":"count()","dataset":"events","environment":"production","eventTypes":["error"],"query":"","queryType":0,"timeWindow":3600}],
			"conditionGroup":{"logicType":"any","conditions":[{"type":"gt","comparison":100,"conditionResult":75},{"type":"lte","comparison":10,"conditionResult":0}]}}`))
		for _, d := range []api.Detector{cron, number} {
			got := decode[api.Detector](w.get(org + "detectors/" + d.ID + "/"))
			if got.Name != d.Name || got.Type != d.Type || len(got.DataSources) != 1 || got.ProjectID != itoa(w.acme.web.ID) {
				t.Errorf("read %+v of %+v", got, d)
			}
			flow := decode[api.Workflow](w.expect(http.StatusCreated, "POST", org+"workflows/", `{"name":"of `+d.Name+`","detectorIds":["`+d.ID+`"],"config":{"frequency":5}}`))
			if len(flow.DetectorIDs) != 1 || flow.DetectorIDs[0] != d.ID {
				t.Errorf("workflow %+v", flow)
			}
			if got = decode[api.Detector](w.get(org + "detectors/" + d.ID + "/")); len(got.WorkflowIDs) != 1 || got.WorkflowIDs[0] != flow.ID {
				t.Errorf("connected %+v", got)
			}
			w.expect(http.StatusNoContent, "DELETE", org+"detectors/"+d.ID+"/", "")
		}

		// A frequency may count by what events are searched by, and says so otherwise.
		counting := func(filter string) string {
			return `{"name":"f","actionFilters":[{"logicType":"all","actions":[],"conditions":[{"type":"event_frequency_count","comparison":{"value":100,"interval":"1h","filters":[` + filter + `]},"conditionResult":true}]}]}`
		}
		w.expect(http.StatusCreated, "POST", org+"workflows/", counting(`{"key":"plan","match":"co","value":"paid"},{"attribute":"error.type","match":"eq","value":"X"}`))
		if r := w.expect(http.StatusBadRequest, "POST", org+"workflows/", counting(`{"attribute":"stacktrace.code","match":"co","value":"x"}`)); !strings.Contains(r.Body.String(), "error.type") {
			t.Errorf("the refusal does not say what can be: %s", r.Body)
		}
	})
}
