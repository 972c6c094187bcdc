package alert_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
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
	"github.com/hindsight-dev/hindsight/store/storetest"
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
	skew  time.Duration // how far the worker's clock is ahead
	lock  sync.Mutex
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
	sc := &scene{t: t, s: s, mail: mailtest.Start(t)}
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
	_, port, err := net.SplitHostPort(sc.mail.Addr)
	sc.must(err)
	n, err := strconv.Atoi(port)
	sc.must(err)
	mailer, err := channel.NewMailer(channel.MailConfig{Host: "127.0.0.1", Port: n, Security: "none", From: "Hindsight <alerts@hindsight.example>"})
	sc.must(err)
	sc.box, err = seal.New("a secret for the tests")
	sc.must(err)
	sc.w, err = alert.New(alert.Config{Store: s, Box: sc.box, BaseURL: "https://hindsight.example", Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Now:     func() time.Time { return sc.now() },
		Senders: &channel.Senders{Mail: mailer, HTTP: outbound.New(outbound.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: time.Second})}})
	sc.must(err)
	sc.org, err = s.CreateOrganization(t.Context(), "acme", "Acme")
	sc.must(err)
	sc.proj, _, err = s.CreateProject(t.Context(), sc.org.Scope(), store.NewProject{Name: "Shop", Slug: "shop"})
	sc.must(err)
	sc.user, err = s.CreateUser(t.Context(), store.NewUser{Email: "ann@acme.example", Name: "Ann"})
	sc.must(err)
	sc.must(s.SetMember(t.Context(), sc.org.Scope(), sc.user.ID, store.RoleMember))
	return sc
}

func (sc *scene) now() time.Time { return time.Now().Add(sc.skew) }

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

// rule makes one that tells a webhook when the conditions hold.
func (sc *scene) rule(r rule.Rule) *store.AlertRule {
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
	row, err := sc.s.CreateAlertRule(sc.t.Context(), sc.org.Scope(), store.AlertRule{Kind: kind, Name: "the rule", Enabled: true,
		Projects: "[" + strconv.FormatInt(sc.proj.ID, 10) + "]", Body: r.JSON()})
	sc.must(err)
	return row
}

// event stores an error of a kind and gives its id.
func (sc *scene) event(kind string, change ...func(*store.EventWrite, *envelope.Event)) string {
	sc.t.Helper()
	id, now := randomID(), sc.now()
	parsed, err := envelope.ParseID(id)
	sc.must(err)
	ev := &envelope.Event{EventID: parsed, Level: "error", Timestamp: now.UTC(), Platform: "go", Message: &envelope.Message{Formatted: kind},
		Breadcrumbs: []envelope.Breadcrumb{{Timestamp: now.Add(-3 * time.Second), Category: "ui.click", Message: "button <b>Pay</b>"}}}
	w := store.EventWrite{Event: store.Event{ProjectID: sc.proj.ID, EventID: id, OrgID: sc.org.ID, Level: "error", Platform: "go", Title: kind, Culprit: "pay",
		TimestampMS: now.UnixMilli(), ReceivedMS: now.UnixMilli(), Side: store.SideBackend, Environment: "production", UserKey: "id:" + id[:4]},
		Hashes: []string{kind}, Algorithm: "test:1", Issue: store.Issue{Type: "error", Title: kind, Culprit: "pay"}}
	for _, c := range change {
		c(&w, ev)
	}
	b, err := ev.Encode()
	sc.must(err)
	w.Event.Payload, err = store.Compress(b)
	sc.must(err)
	_, err = sc.s.Ingest(sc.t.Context(), []*store.Write{{MessageID: "m" + id, ReceivedMS: now.UnixMilli(), OrgID: sc.org.ID, Events: []store.EventWrite{w}}})
	sc.must(err)
	return id
}

func randomID() string {
	return strings.ReplaceAll(strings.ToLower(rand128()), "-", "")
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

func (sc *scene) log() []store.AlertDelivery {
	sc.t.Helper()
	page, err := sc.s.AlertDeliveries(sc.t.Context(), sc.org.Scope(), store.AlertDeliveryQuery{Page: store.Page{Limit: 100}})
	sc.must(err)
	return page.Rows
}

func TestNewIssue(t *testing.T) {
	storetest.EachDB(t, func(t *testing.T, s *store.Store) {
		sc := newScene(t, s)
		hook := sc.channel("hook", channel.Webhook, channel.Config{URL: sc.hook.URL + "/in", Secret: "shh"})
		sc.rule(rule.Rule{When: []rule.Condition{{Type: rule.FirstSeen}}, Then: []rule.Group{{Match: "all", Do: []rule.Action{
			{Type: rule.ToChannel, ChannelID: hook}, {Type: rule.ToEmail, Target: rule.TargetOwners}}}}})
		event := sc.event("Broken <script>\r\nBcc: x@y.z")
		sc.work()
		got := sc.told()
		if len(got) != 1 || got[0].key == "" {
			t.Fatalf("the webhook was told %v; the log: %+v", got, sc.log())
		}
		var p channel.Payload
		sc.must(json.Unmarshal([]byte(got[0].body), &p))
		if p.Count != 1 || p.Project != "shop" || !strings.HasSuffix(p.URL, "/events/"+event+"/") || len(p.Steps) != 1 || p.Steps[0].SecondsBefore != 3 {
			t.Errorf("payload %+v", p)
		}
		mails := sc.mail.Mails()
		if len(mails) != 1 || mails[0].To[0] != "ann@acme.example" {
			t.Fatalf("mails %+v", mails)
		}
		if h := mails[0].Header; h.Get("Bcc") != "" || !strings.Contains(h.Get("Subject"), "SHOP-1") {
			t.Errorf("a title made a header: %v", h)
		}
		if strings.Contains(mails[0].Body, "<script>") && strings.Contains(mails[0].Body, "text/html") && strings.Contains(mails[0].Body[strings.Index(mails[0].Body, "text/html"):], "<script>") {
			t.Error("a title made markup")
		}
		sc.event("Broken <script>\r\nBcc: x@y.z")
		sc.work()
		if got := sc.told(); len(got) != 0 {
			t.Errorf("told of a known issue: %v", got)
		}
		for _, d := range sc.log() {
			if d.Status != store.DeliverySent || d.Attempts != 1 {
				t.Errorf("log %+v", d)
			}
		}
	})
}
