package api_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/api"
	"github.com/hindsight-dev/hindsight/linker/link"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

const (
	eventA  = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1" // backend, in replayA
	eventB  = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa2" // frontend, same replay
	eventC  = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa3" // backend, newer than eventA, same issue, without a replay
	traceA  = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1"
	replayA = "ccccccccccccccccccccccccccccccc1"
	lost    = "ccccccccccccccccccccccccccccccc2" // named, never recorded
	rootID  = "1111111111111111"
	childID = "2222222222222222"
)

// tenant is an organisation with something of everything.
type tenant struct {
	org           *store.Organization
	web, api      *store.Project
	owner, member *store.User
	token         string // the owner's, every scope
	webKey        string
	issue         int64 // of the backend's events
	attachment    string
	search        int64 // saved by the owner
	job           int64 // that deletes replays, of a time before any

	bundle, file, debugFile int64 // uploaded for the web project
	team                    int64 // beside the first
	orgToken                int64
	version                 string // a release of its own
	note                    int64  // the member's, on the issue
	report                  string // what somebody wrote of the web project

	rule, metric, channel, delivery int64
	monitor                         string // its id
	tombstone                       int64  // of shop-api
}

// world is a server with two organisations that hold the same ids.
type world struct {
	t     *testing.T
	s     *store.Store
	blobs store.Blobs
	h     http.Handler
	base  time.Time
	acme  *tenant
	other *tenant
	dead  *deadLetters
}

func eachWorld(t *testing.T, fn func(t *testing.T, w *world)) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) { fn(t, newWorld(t, s)) })
}

func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	blobs, err := store.OpenBlobs(t.Context(), "file:"+t.TempDir())
	must(t, err)
	w := &world{t: t, s: s, blobs: blobs, base: time.Now().Add(-time.Hour).Truncate(time.Second), dead: &deadLetters{}}
	w.acme = w.tenant("acme")
	w.other = w.tenant("other")
	w.alerts(w.acme)
	w.alerts(w.other)
	w.dead.org = w.acme.org.ID
	w.h = api.New(api.Config{Store: s, Blobs: blobs, BaseURL: &url.URL{Scheme: "http", Host: "sentry.example:8000"}, DeadLetters: w.dead, Secrets: plainSeal{}, Mail: true,
		EvidenceScript: []byte("play()"), Version: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	return w
}

// plainSeal keeps secrets as they are.
type plainSeal struct{}

func (plainSeal) Seal(_ string, text []byte) []byte            { return text }
func (plainSeal) Open(_ string, sealed []byte) ([]byte, error) { return sealed, nil }

// alerts gives a tenant a rule of each kind, a channel, a delivery and a monitor.
func (w *world) alerts(o *tenant) {
	t, ctx, scope := w.t, w.t.Context(), o.org.Scope()
	t.Helper()
	doc := rule.Rule{Match: "any", When: []rule.Condition{}, Then: []rule.Group{}, Frequency: 30}
	r, err := w.s.CreateAlertRule(ctx, scope, store.AlertRule{Kind: store.AlertIssue, Name: "errors", Enabled: true, Projects: "[" + itoa(o.web.ID) + "]", Body: doc.JSON()})
	must(t, err)
	doc.Metric = &rule.Metric{Dataset: store.DatasetEvents, Aggregate: store.AggregateCount, WindowSec: 300, Triggers: []rule.Trigger{{ID: 1, Label: rule.Critical, At: 5}}}
	m, err := w.s.CreateAlertRule(ctx, scope, store.AlertRule{Kind: store.AlertMetric, Name: "many errors", Enabled: true, Projects: "[" + itoa(o.web.ID) + "]", Body: doc.JSON()})
	must(t, err)
	c, err := w.s.CreateAlertChannel(ctx, scope, store.AlertChannel{Name: "hook", Kind: "webhook", Config: []byte(`{}`), Shown: "example.com"})
	must(t, err)
	d, err := w.s.AddDelivery(ctx, scope, store.AlertDelivery{Key: "key of " + o.org.Slug, ChannelID: c.ID, Kind: "webhook", Target: "hook", Lane: "x"})
	must(t, err)
	id := strings.Repeat("d", 31) + itoa(o.org.ID)
	id = itoa(o.org.ID) + id[1:]
	_, err = w.s.Ingest(ctx, []*store.Write{{MessageID: "cron " + o.org.Slug, OrgID: o.org.ID, ReceivedMS: w.base.UnixMilli(), CheckIns: []store.CheckInWrite{{ItemID: "i" + o.org.Slug,
		CheckIn: store.CheckIn{OrgID: o.org.ID, CheckInID: strings.Repeat("e", 32), ProjectID: o.web.ID, MonitorSlug: "nightly", Environment: "production", Status: store.CheckInOK,
			StartedMS: w.base.UnixMilli(), UpdatedMS: w.base.UnixMilli()},
		Monitor: &store.Monitor{ProjectID: o.web.ID, Slug: "nightly", OrgID: o.org.ID, ID: id, Status: store.MonitorActive, ConfigMS: w.base.UnixMilli(), CreatedMS: w.base.UnixMilli(),
			Config: `{"schedule":{"type":"crontab","value":"0 3 * * *"},"checkin_margin":5,"timezone":"Europe/Berlin"}`}}}}})
	must(t, err)
	o.rule, o.metric, o.channel, o.delivery, o.monitor = r.ID, m.ID, c.ID, d.ID, id
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func ptr[T any](v T) *T { return &v }

func (w *world) tenant(slug string) *tenant {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	org, err := w.s.CreateOrganization(ctx, slug, strings.ToUpper(slug))
	must(t, err)
	o := &tenant{org: org}
	var key *store.ProjectKey
	o.web, key, err = w.s.CreateProject(ctx, org.Scope(), store.NewProject{Name: "Shop web", Slug: "shop-web", Platform: "javascript"})
	must(t, err)
	o.webKey = key.PublicKey
	o.api, _, err = w.s.CreateProject(ctx, org.Scope(), store.NewProject{Name: "Shop API", Slug: "shop-api", Platform: "go"})
	must(t, err)
	o.owner = w.user(org, "owner@"+slug+".example", store.RoleOwner)
	o.member = w.user(org, "member@"+slug+".example", store.RoleMember)
	o.token, _, err = w.s.CreateToken(ctx, org.Scope(), store.NewToken{Name: "all", Scopes: store.TokenScopes(), UserID: &o.owner.ID})
	must(t, err)
	team, err := w.s.CreateTeam(ctx, org.Scope(), "Web", "web")
	must(t, err)
	o.team = team.ID
	_, ci, err := w.s.CreateToken(ctx, org.Scope(), store.NewToken{Name: "ci", Scopes: []string{"org:ci"}})
	must(t, err)
	o.orgToken = ci.ID
	w.ingest(o)
	w.uploads(o)
	note, err := w.s.CreateNote(ctx, org.Scope(), o.issue, o.member.ID, "looking", nil)
	must(t, err)
	o.note = note.ID
	o.report = w.wrote(o, "in", "It broke", w.base)
	o.version = slug + "@1.0.0"
	_, _, err = w.s.UpsertRelease(ctx, org.Scope(), o.version, store.ReleaseChange{Projects: []int64{o.web.ID, o.api.ID}})
	must(t, err)
	w.bury(o)
	return o
}

// bury makes an issue of shop-api whose events are discarded.
func (w *world) bury(o *tenant) {
	w.t.Helper()
	e := w.event(o, o.api, "dddddddddddddddddddddddddddddddd", store.SideBackend, w.base)
	e.Hashes = []string{"unwanted"}
	_, err := w.s.Ingest(w.t.Context(), []*store.Write{{MessageID: "unwanted-" + o.org.Slug, ReceivedMS: w.base.UnixMilli(), OrgID: o.org.ID, Events: []store.EventWrite{e}}})
	must(w.t, err)
	i, err := w.s.IssueByHashes(w.t.Context(), o.org.Scope(), o.api.ID, e.Hashes)
	must(w.t, err)
	_, err = w.s.DeleteIssues(w.t.Context(), o.org.Scope(), []int64{i.ID}, true, &o.owner.ID)
	must(w.t, err)
	stones, err := w.s.IssueTombstones(w.t.Context(), o.org.Scope(), o.api.ID, store.Page{Limit: 1})
	must(w.t, err)
	o.tombstone = stones.Rows[0].ID
}

func (w *world) user(org *store.Organization, email, role string) *store.User {
	w.t.Helper()
	u, err := w.s.CreateUser(w.t.Context(), store.NewUser{Email: email, Password: "correct horse battery"})
	must(w.t, err)
	must(w.t, w.s.SetMember(w.t.Context(), org.Scope(), u.ID, role))
	return u
}

const payload = `{"event_id":"%id","platform":"go","exception":{"values":[{"type":"*errors.errorString","value":"card declined","mechanism":{"type":"generic","handled":false},
"stacktrace":{"frames":[{"function":"main","filename":"main.go","lineno":3,"in_app":false},{"function":"Charge","filename":"charge.go","lineno":12,"in_app":true,
"pre_context":["func Charge() {"],"context_line":"  panic(err)","post_context":["}"],"vars":{"n":12345678901234567890}}]}}]},
"user":{"id":7,"email":"bob@example.com","geo":{"country_code":"CH"}},"tags":{"environment":"production"},"contexts":{"trace":{"trace_id":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1","span_id":"2222222222222222"},"odd":null},
"breadcrumbs":[{"timestamp":1700000000.5,"category":"http","message":"GET /"}],"request":{"url":"http://shop.example/pay?x=1","method":"POST","headers":{"Content-Type":"application/json"},"data":{"a":1}},
"sdk":{"name":"sentry.go","version":"0.50.0"},"extra":{"cart":3,"nothing":null}}`

func (w *world) event(o *tenant, p *store.Project, id, side string, at time.Time) store.EventWrite {
	w.t.Helper()
	packed, err := store.Compress([]byte(strings.ReplaceAll(payload, "%id", id)))
	must(w.t, err)
	ms := at.UnixMilli()
	return store.EventWrite{Hashes: []string{p.Slug}, Algorithm: "v1",
		Tags: []store.Tag{{Key: "@error.type", Value: "*errors.errorString"}, {Key: "@user.id", Value: "7"}, {Key: "@user.email", Value: "bob@example.com"}, {Key: "browser.name", Value: "Chrome"}},
		Event: store.Event{ProjectID: p.ID, EventID: id, OrgID: o.org.ID, Level: "error", Platform: p.Platform, Title: "*errors.errorString: card declined 100%", Culprit: "shop.Charge",
			TimestampMS: ms, ReceivedMS: ms, TraceID: ptr(traceA), SpanID: ptr(childID), Environment: "production", Release: "shop@1.0.0", UserKey: "id:7", Unhandled: true, Side: side, Payload: packed},
		Issue: store.Issue{OrgID: o.org.ID, ProjectID: p.ID, Status: store.IssueUnresolved, Substatus: "new", Level: "error", Platform: p.Platform, Type: "error",
			Title: "*errors.errorString: card declined 100%", Culprit: "shop.Charge", Metadata: `{"type":"*errors.errorString","value":"card declined"}`, FirstSeenMS: ms, LastSeenMS: ms, Unhandled: true, CreatedMS: ms}}
}

// recordingOf is a segment body as a client sends it.
func recordingOf(t *testing.T, events string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	_, err := z.Write([]byte(events))
	must(t, err)
	must(t, z.Close())
	return b.Bytes()
}

func (w *world) segment(o *tenant, n int64, hash, events, frames string, playable bool) store.SegmentWrite {
	t := w.t
	t.Helper()
	body := recordingOf(t, events)
	key := strings.Join([]string{itoa(o.org.ID), itoa(o.web.ID), "replay", replayA, itoa(n) + "-" + hash}, "/")
	must(t, w.blobs.Put(t.Context(), key, bytes.NewReader(body), int64(len(body))))
	if n == 0 {
		must(t, w.blobs.Put(t.Context(), key+".mp4", strings.NewReader("a film"), 6))
	}
	packed, err := store.Compress([]byte(frames))
	must(t, err)
	first := w.base.Add(time.Duration(n) * 5 * time.Second).UnixMilli()
	return store.SegmentWrite{
		Segment: store.ReplaySegment{OrgID: o.org.ID, ReplayID: replayA, SegmentID: n, BodyHash: hash, ProjectID: o.web.ID, FirstMS: &first, LastMS: ptr(first + 5000),
			Bytes: int64(len(body)), Playable: playable, HasSnapshot: n == 0, Blob: key, Frames: packed, ReceivedMS: first},
		Meta: store.ReplayMeta{Fields: map[string]string{"replay_type": "session", "platform": "javascript", "environment": "production", "browser_name": "Chrome",
			"user_json": `{"id":"7","email":"bob@example.com"}`, "user_key": "id:7"}, URLs: []string{"http://shop.example/cart"}, Releases: []string{"shop@1.0.0"}},
	}
}

func (w *world) ingest(o *tenant) {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	ms := w.base.UnixMilli()
	span := func(id, op string, parent *string, root bool) store.SpanWrite {
		packed, err := store.Compress([]byte(`{"db.system":"sqlite","empty":null}`))
		must(t, err)
		s := store.Span{OrgID: o.org.ID, TraceID: traceA, SpanID: id, ProjectID: o.api.ID, ParentSpanID: parent, SegmentID: ptr(rootID), IsSegment: root, Op: op, Name: "GET /pay",
			SegmentName: "GET /pay", Release: "shop@1.0.0", Side: "backend", StartUS: ms * 1000, EndUS: ms*1000 + 250_000, ReceivedMS: ms, Payload: packed}
		if root {
			s.EventID = ptr("ddddddddddddddddddddddddddddddd1")
		}
		return store.SpanWrite{Span: s}
	}
	file := "files/" + o.org.Slug
	must(t, w.blobs.Put(ctx, file, strings.NewReader("<script>"), 8))
	_, err := w.s.Ingest(ctx, []*store.Write{{
		MessageID: "m-" + o.org.Slug, ReceivedMS: ms, OrgID: o.org.ID,
		Events: []store.EventWrite{w.event(o, o.api, eventA, "backend", w.base.Add(3*time.Second)), w.event(o, o.web, eventB, "frontend", w.base.Add(4*time.Second)),
			w.event(o, o.api, eventC, "backend", w.base.Add(50*time.Minute))},
		Attachments: []store.AttachmentWrite{{Attachment: store.Attachment{OrgID: o.org.ID, ProjectID: o.api.ID, EventID: eventA, MessageID: "m-" + o.org.Slug, Name: "lög \"x\".html", Type: "event.attachment",
			ContentType: "text/html", Size: 8, SHA1: "00", Blob: file, ReceivedMS: ms}}},
		Spans:    []store.SpanWrite{span(rootID, "http.server", nil, true), span(childID, "db", ptr(rootID), false)},
		Outcomes: []store.Outcome{{MinuteMS: ms / 60000 * 60000, OrgID: o.org.ID, ProjectID: o.api.ID, Category: "error", Outcome: "accepted", Quantity: 3}},
	}})
	must(t, err)
	issues := map[string]int64{}
	es, err := w.s.EventsByID(ctx, o.org.Scope(), []string{eventA, eventB})
	must(t, err)
	for _, e := range es {
		issues[e.EventID] = e.IssueID
	}
	o.issue = issues[eventA]
	eventLink := func(event string, p *store.Project, side, replay string, signals link.Signals, at time.Time) store.ReplayLink {
		return store.ReplayLink{OrgID: o.org.ID, ItemKind: store.ItemEvent, ItemID: event, ReplayID: replay, ProjectID: &p.ID, IssueID: ptr(issues[event]), TraceID: ptr(traceA),
			Level: ptr("error"), Side: &side, Name: ptr("card declined"), TimeMS: ptr(at.UnixMilli()), Signals: int64(signals), Primary: replay == replayA, CreatedMS: ms}
	}
	_, err = w.s.Ingest(ctx, []*store.Write{{
		MessageID: "r-" + o.org.Slug, ReceivedMS: ms, OrgID: o.org.ID,
		Segments: []store.SegmentWrite{
			w.segment(o, 0, "aa", `[{"type":4,"timestamp":1,"data":{}},{"type":2,"timestamp":2,"data":{}}]`, `[{"kind":"network","timeMs":2000,"message":"POST /pay"},{"kind":"page","timeMs":1000}]`, true),
			w.segment(o, 1, "bb", `[{"type":3,"timestamp":3}]`, `[{"kind":"click","timeMs":1500,"message":"button"}]`, true),
			w.segment(o, 2, "cc", `not a recording`, `[]`, false),
		},
		Links: []store.ReplayLink{eventLink(eventA, o.api, "backend", replayA, link.Baggage|link.TraceBridge, w.base.Add(3*time.Second)),
			eventLink(eventB, o.web, "frontend", replayA, link.EventTag, w.base.Add(4*time.Second)),
			eventLink(eventA, o.api, "backend", lost, link.DSC, w.base.Add(3*time.Second))},
		Traces: []store.ReplayTrace{{OrgID: o.org.ID, TraceID: traceA, ReplayID: replayA, Sources: 1, FirstMS: ms, LastMS: ms}},
	}})
	must(t, err)
	fs, err := w.s.Attachments(ctx, o.org.Scope(), o.api.ID, eventA)
	must(t, err)
	o.attachment = itoa(fs[0].ID)
	job, err := w.s.CreateDeleteJob(ctx, o.org.Scope(), store.ReplayDeleteJob{ProjectID: o.web.ID, RangeStartMS: 1, RangeEndMS: 2}, nil, store.Filter{})
	must(t, err)
	o.job = job.ID
	saved, err := w.s.SaveSearch(ctx, o.org.Scope(), store.SavedSearch{UserID: &o.owner.ID, Name: "Own", Query: "is:unresolved", Sort: "date", Visibility: store.SearchOfOwner})
	must(t, err)
	o.search = saved.ID
}

// response is what came back.
type response struct {
	*httptest.ResponseRecorder
	t *testing.T
}

// session signs a user in and gives who that is for do.
func (w *world) session(u *store.User) string {
	w.t.Helper()
	cookie, err := w.s.CreateSession(w.t.Context(), u.ID)
	must(w.t, err)
	return "cookie:" + cookie
}

// do sends a request as somebody: a bearer token, or "cookie:…", or nobody.
func (w *world) do(as, method, path, body string) response {
	w.t.Helper()
	var rd io.Reader
	if body != "" {
		rd = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(context.WithoutCancel(w.t.Context()), method, path, rd)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if value, ok := strings.CutPrefix(as, "cookie:"); ok {
		r.AddCookie(&http.Cookie{Name: "hindsight_session", Value: value})
	} else if as != "" {
		r.Header.Set("Authorization", "Bearer "+as)
	}
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	return response{rec, w.t}
}

// get sends a GET as acme's owner and wants 200.
func (w *world) get(path string) response {
	w.t.Helper()
	r := w.do(w.acme.token, "GET", path, "")
	if r.Code != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", path, r.Code, r.Body)
	}
	return r
}

func decode[T any](r response) T {
	r.t.Helper()
	var v T
	if err := json.Unmarshal(r.Body.Bytes(), &v); err != nil {
		r.t.Fatalf("answer is no JSON: %v\n%s", err, r.Body)
	}
	return v
}

// deadLetters holds one letter, of acme.
type deadLetters struct {
	org             int64
	resent, dropped bool
}

func (d *deadLetters) row(org int64, seq uint64) (api.DeadLetterRow, error) {
	if org != d.org || seq != 5 {
		return api.DeadLetterRow{}, store.ErrNotFound
	}
	return api.DeadLetterRow{Seq: 5, MessageID: "m", Kind: "event", Reason: "malformed", Received: time.Unix(1, 0), Died: time.Unix(2, 0)}, nil
}

func (d *deadLetters) ListDeadLetters(_ context.Context, org int64, after uint64, _ int) ([]api.DeadLetterRow, error) {
	if r, err := d.row(org, 5); err == nil && after < 5 {
		return []api.DeadLetterRow{r}, nil
	}
	return nil, nil
}

func (d *deadLetters) DeadLetter(_ context.Context, org int64, seq uint64) (api.DeadLetterRow, []byte, error) {
	r, err := d.row(org, seq)
	return r, []byte("{}\n\xff"), err
}

func (d *deadLetters) ResendDeadLetter(_ context.Context, org int64, seq uint64) error {
	_, err := d.row(org, seq)
	d.resent = d.resent || err == nil
	return err
}

func (d *deadLetters) DropDeadLetter(_ context.Context, org int64, seq uint64) error {
	_, err := d.row(org, seq)
	d.dropped = d.dropped || err == nil
	return err
}

// wrote stores a feedback of a tenant's web project and gives its id.
func (w *world) wrote(o *tenant, name, message string, at time.Time) string {
	w.t.Helper()
	sum := sha256.Sum256([]byte(o.org.Slug + name))
	id := hex.EncodeToString(sum[:16])
	payload, err := store.Compress([]byte("{}"))
	must(w.t, err)
	_, err = w.s.Ingest(w.t.Context(), []*store.Write{{MessageID: "report:" + id, OrgID: o.org.ID, ReceivedMS: at.UnixMilli(), Feedback: []store.FeedbackWrite{{Feedback: store.Feedback{
		OrgID: o.org.ID, EventID: id, ProjectID: o.web.ID, TimestampMS: at.UnixMilli(), Message: message, Name: name, Side: store.SideFrontend, Payload: payload, ReceivedMS: at.UnixMilli()}}}}})
	must(w.t, err)
	return id
}
