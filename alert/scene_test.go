package alert_test

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/hindsight-dev/hindsight/alert"
	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/outbound"
	"github.com/hindsight-dev/hindsight/internal/seal"
	"github.com/hindsight-dev/hindsight/internal/testkit/mailtest"
	"github.com/hindsight-dev/hindsight/store"
)

// scene is an organisation with a project, a worker, and receivers.
type scene struct {
	t     *testing.T
	s     *store.Store
	w     *alert.Worker
	box   *seal.Box
	org   *store.Organization
	proj  *store.Project
	user  *store.User
	mail  *mailtest.Server
	hook  *httptest.Server
	lock  sync.Mutex
	clock time.Time
	got   []received
	serve func(http.ResponseWriter, *http.Request)
}

type received struct {
	key  string
	path string
	body string
}

func newScene(t *testing.T, s *store.Store) *scene {
	t.Helper()
	sc := &scene{t: t, s: s, mail: mailtest.Start(t), clock: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)} // a Monday
	s.SetClock(sc.now)
	sc.hook = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		sc.lock.Lock()
		sc.got = append(sc.got, received{r.Header.Get("Idempotency-Key"), r.URL.Path, string(b)})
		serve := sc.serve
		sc.lock.Unlock()
		if serve != nil {
			serve(w, r)
		}
	}))
	t.Cleanup(sc.hook.Close)
	var err error
	sc.box, err = seal.New("a secret for the tests")
	sc.must(err)
	sc.worker(30 * time.Second)
	sc.org, err = s.CreateOrganization(t.Context(), "acme", "Acme")
	sc.must(err)
	sc.proj, _, err = s.CreateProject(t.Context(), sc.org.Scope(), store.NewProject{Name: "Shop", Slug: "shop"})
	sc.must(err)
	sc.user, err = s.CreateUser(t.Context(), store.NewUser{Email: "ann@acme.example", Name: "Ann"})
	sc.must(err)
	sc.must(s.SetMember(t.Context(), sc.org.Scope(), sc.user.ID, store.RoleMember))
	return sc
}

// worker starts over with a worker whose requests may take so long.
func (sc *scene) worker(timeout time.Duration) {
	sc.t.Helper()
	_, port, err := net.SplitHostPort(sc.mail.Addr)
	sc.must(err)
	n, err := strconv.Atoi(port)
	sc.must(err)
	mailer, err := channel.NewMailer(channel.MailConfig{Host: "127.0.0.1", Port: n, Security: "none", From: "Hindsight <alerts@hindsight.example>"})
	sc.must(err)
	sc.w, err = alert.New(alert.Config{Store: sc.s, Box: sc.box, BaseURL: "https://hindsight.example", Log: slog.New(slog.NewTextHandler(sc.t.Output(), nil)),
		Now:     sc.now,
		Senders: &channel.Senders{Mail: mailer, HTTP: outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: timeout})}})
	sc.must(err)
}

// now is the time, of the worker and of the database.
func (sc *scene) now() time.Time {
	sc.lock.Lock()
	defer sc.lock.Unlock()
	return sc.clock
}

func (sc *scene) pass(d time.Duration) {
	sc.lock.Lock()
	defer sc.lock.Unlock()
	sc.clock = sc.clock.Add(d)
}

func (sc *scene) must(err error) {
	sc.t.Helper()
	if err != nil {
		sc.t.Fatal(err)
	}
}

func (sc *scene) channel(name, kind string, cfg channel.Config) int64 {
	sc.t.Helper()
	sealed, err := channel.Seal(sc.box, sc.org.ID, &cfg)
	sc.must(err)
	c, err := sc.s.CreateAlertChannel(sc.t.Context(), sc.org.Scope(), store.AlertChannel{Name: name, Kind: kind, Config: sealed, Shown: cfg.Shown(kind)})
	sc.must(err)
	return c.ID
}

// hookChannel makes a channel that leads to the receiver.
func (sc *scene) hookChannel() rule.Action {
	sc.t.Helper()
	return rule.Action{Type: rule.ToChannel, ChannelID: sc.channel("hook", channel.Webhook, channel.Config{URL: sc.hook.URL + "/in", Secret: "shh"})}
}

// then is a group of a rule without conditions.
func then(do ...rule.Action) []rule.Group { return []rule.Group{{Match: "all", Do: do}} }

// rule makes one for the project.
func (sc *scene) rule(r rule.Rule, change ...func(*store.AlertRule)) *store.AlertRule {
	sc.t.Helper()
	if r.Match == "" {
		r.Match = "any"
	}
	if r.Frequency == 0 {
		r.Frequency = 30
	}
	sc.must(r.Validate())
	kind := store.AlertIssue
	if r.Metric != nil {
		kind = store.AlertMetric
	}
	row := store.AlertRule{Kind: kind, Name: "the rule", Enabled: true, Projects: "[" + strconv.FormatInt(sc.proj.ID, 10) + "]", Body: r.JSON()}
	for _, c := range change {
		c(&row)
	}
	made, err := sc.s.CreateAlertRule(sc.t.Context(), sc.org.Scope(), row)
	sc.must(err)
	return made
}

// event stores an error of a kind and gives its id.
func (sc *scene) event(kind string, change ...func(*store.Write)) string {
	sc.t.Helper()
	w := sc.write(kind, change...)
	sc.ingest(w)
	return w.Events[0].Event.EventID
}

// write is a message with an error of a kind.
func (sc *scene) write(kind string, change ...func(*store.Write)) *store.Write {
	sc.t.Helper()
	id, now := randomID(), sc.now()
	parsed, err := envelope.ParseID(id)
	sc.must(err)
	ev := &envelope.Event{EventID: parsed, Level: "error", Timestamp: now.UTC(), Platform: "go", Message: &envelope.Message{Formatted: kind},
		Breadcrumbs: []envelope.Breadcrumb{{Timestamp: now.Add(-3 * time.Second), Category: "ui.click", Message: "button <b>Pay</b>"}}}
	e := store.EventWrite{Event: store.Event{ProjectID: sc.proj.ID, EventID: id, OrgID: sc.org.ID, Level: "error", Platform: "go", Title: kind, Culprit: "pay",
		TimestampMS: now.UnixMilli(), ReceivedMS: now.UnixMilli(), Side: store.SideBackend, Environment: "production", UserKey: "id:" + id[:4]},
		Hashes: []string{kind}, Algorithm: "test:1", Issue: store.Issue{Type: "error", Title: kind, Culprit: "pay"}}
	w := &store.Write{MessageID: "m" + id, ReceivedMS: now.UnixMilli(), OrgID: sc.org.ID, Events: []store.EventWrite{e}}
	for _, c := range change {
		c(w)
	}
	b, err := ev.Encode()
	sc.must(err)
	w.Events[0].Event.Payload, err = store.Compress(b)
	sc.must(err)
	return w
}

func in(environment string) func(*store.Write) {
	return func(w *store.Write) { w.Events[0].Event.Environment = environment }
}

func of(release string) func(*store.Write) {
	return func(w *store.Write) { w.Events[0].Event.Release = release }
}

func tagged(key, value string) func(*store.Write) {
	return func(w *store.Write) {
		w.Events[0].Tags = append(w.Events[0].Tags, store.Tag{Key: key, Value: value})
	}
}

func (sc *scene) ingest(ws ...*store.Write) {
	sc.t.Helper()
	_, err := sc.s.Ingest(sc.t.Context(), ws)
	sc.must(err)
}

// issue gives the issue of a kind of error.
func (sc *scene) issue(event string) *store.Issue {
	sc.t.Helper()
	e, err := sc.s.Event(sc.t.Context(), sc.org.Scope(), sc.proj.ID, event)
	sc.must(err)
	i, err := sc.s.Issue(sc.t.Context(), sc.org.Scope(), e.IssueID)
	sc.must(err)
	return i
}

func (sc *scene) change(i *store.Issue, c store.IssueChange) {
	sc.t.Helper()
	_, err := sc.s.UpdateIssues(sc.t.Context(), sc.org.Scope(), []int64{i.ID}, c)
	sc.must(err)
}

func randomID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// work evaluates and delivers until there is nothing to do now.
func (sc *scene) work() {
	sc.t.Helper()
	for more := true; more; {
		var err error
		more, err = sc.w.Evaluate(sc.t.Context())
		sc.must(err)
	}
	for more := true; more; {
		var err error
		more, err = sc.w.Deliver(sc.t.Context())
		sc.must(err)
	}
}

func (sc *scene) told() []received {
	sc.lock.Lock()
	defer sc.lock.Unlock()
	out := sc.got
	sc.got = nil
	return out
}

// payloads are what the webhook was told since it was asked last.
func (sc *scene) payloads() []channel.Payload {
	sc.t.Helper()
	var out []channel.Payload
	for _, r := range sc.told() {
		var p channel.Payload
		sc.must(json.Unmarshal([]byte(r.body), &p))
		out = append(out, p)
	}
	return out
}

// expect works and wants the webhook to be told of so many.
func (sc *scene) expect(what string, want int) []channel.Payload {
	sc.t.Helper()
	sc.work()
	got := sc.payloads()
	if len(got) != want {
		sc.t.Fatalf("%s: the webhook was told %d times, want %d: %+v; the log: %+v", what, len(got), want, got, sc.log())
	}
	return got
}

func (sc *scene) log() []store.AlertDelivery {
	sc.t.Helper()
	page, err := sc.s.AlertDeliveries(sc.t.Context(), sc.org.Scope(), store.AlertDeliveryQuery{Page: store.Page{Limit: 100}})
	sc.must(err)
	return page.Rows
}
