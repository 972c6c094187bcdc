package alert_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/alert/rule"
	"github.com/hindsight-dev/hindsight/store"
	"github.com/hindsight-dev/hindsight/store/storetest"
)

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
