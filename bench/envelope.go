package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// frames is the middle of an ordinary backend error: about 4 KiB of stack and breadcrumbs.
var frames = func() string {
	var b strings.Builder
	for i := range 24 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"function":"(*Service).step%d","module":"shop/payment","filename":"payment/charge.go","abs_path":"/src/payment/charge.go","lineno":%d,"in_app":%t}`, i, 40+i, i%3 == 0)
	}
	return b.String()
}()

// envelopeText is one error of ten kinds, as a backend SDK sends it.
func envelopeText(id string) string {
	event := fmt.Sprintf(`{"event_id":%q,"timestamp":%q,"platform":"go","level":"error","environment":"bench","release":"payment@1.9.3","server_name":"b","sdk":{"name":"sentry.go","version":"0.50.0"},`+
		`"user":{"id":"%s"},"tags":{"region":"eu"},"contexts":{"trace":{"trace_id":%q,"span_id":%q}},`+
		`"exception":[{"type":"PaymentError%c","value":"card declined","stacktrace":{"frames":[%s]}}]}`,
		id, time.Now().UTC().Format(time.RFC3339Nano), id[:2], newID(), id[:16], id[0], frames)
	return fmt.Sprintf("{\"event_id\":%q,\"sent_at\":%q}\n{\"type\":\"event\",\"length\":%d}\n%s\n", id, time.Now().UTC().Format(time.RFC3339Nano), len(event), event)
}

func newEnvelope() io.Reader { return strings.NewReader(envelopeText(newID())) }

func envelopeURL(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s://%s/api%s/envelope/?sentry_key=%s&sentry_version=7", u.Scheme, u.Host, u.Path, u.User.Username()), nil
}

// usable waits until the edge knows the new key.
func usable(ctx context.Context, endpoint string) error {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; {
		res, err := http.Post(endpoint, "application/x-sentry-envelope", newEnvelope())
		if err != nil {
			return err
		}
		res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("the edge does not take the new project's key")
}
