package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zlib"

	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// sendEnvelope posts an envelope to a DSN and gives the status.
func sendEnvelope(t *testing.T, dsn, envelope string, header ...string) int {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, fmt.Sprintf("http://%s/api%s/envelope/?sentry_key=%s", u.Host, u.Path, u.User.Username()), strings.NewReader(envelope))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

// eventually polls until done is true.
func eventually(t *testing.T, within time.Duration, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(within); !done(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

// TestSettingsReachTheEdge: what is saved holds for requests within five seconds, without a restart.
func TestSettingsReachTheEdge(t *testing.T) {
	s := serveForTest(t, t.TempDir())
	dsn := s.command(t, "project", "create", "shop", "--platform", "go")
	token := s.command(t, "token", "create", "--scopes", "org:read,project:read,project:write,event:read")
	send := func() int {
		return sendEnvelope(t, dsn, "{}\n{\"type\":\"event\"}\n{\"message\":\"m\"}\n", "Origin", "https://evil.example")
	}
	if got := send(); got != http.StatusOK {
		t.Fatalf("before the change: %d", got)
	}
	doc := settings.Default()
	doc.AllowedDomains = []string{"good.example"}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.url+"/api/0/projects/main/shop/settings/", bytes.NewReader(doc.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s %v", res.StatusCode, body, err)
	}
	eventually(t, 5*time.Second, "an origin that is no longer allowed is refused", func() bool { return send() == http.StatusForbidden })
}

// canaries replaces each %s by a secret of its own.
func canaries(text string, planted *[]string) string {
	for strings.Contains(text, "%s") {
		c := fmt.Sprintf("canary%dx", len(*planted))
		*planted = append(*planted, c)
		text = strings.Replace(text, "%s", c, 1)
	}
	return text
}

func canaryEnvelopes(t *testing.T, planted *[]string) []string {
	t.Helper()
	event := canaries(`{"event_id":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","platform":"go","message":"visiblemark password=%s","transaction":"/a?token=%s","server_name":"api_key=%s",
"exception":{"values":[{"type":"E","value":"mysql_pwd=%s","mechanism":{"type":"x","data":{"auth_header":"%s"}},"stacktrace":{"frames":[{"function":"f","vars":{"password":"%s","conf":{"privatekey":"%s"}}}]}}]},
"breadcrumbs":[{"message":"token=%s","data":{"password":"%s","url":"http://a/?api_key=%s"}}],
"request":{"url":"http://u:%s@h/?access_token=%s","query_string":"otp=%s","data":{"a":[{"passwd":"%s"}]},"cookies":"sessionid=%s","headers":{"Authorization":"Bearer %s","Cookie":"csrf_token=%s","X-Auth-Token":"%s"},"env":{"DB_PASSWORD":"%s"}},
"user":{"id":"7","data":{"secret":"%s"}},"extra":{"password":["%s"],"nested":{"deep":[[["api-key","%s"]]]},"text":"auth %s","long":"`, planted) +
		strings.Repeat("some text; ", 40_000) + canaries(`"},"tags":{"token":"%s"},"contexts":{"custom":{"private_key":{"a":"%s"}},"trace":{"trace_id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","span_id":"bbbbbbbbbbbbbbbb","data":{"http.request.header.authorization":"%s"}},"response":{"headers":[["Set-Cookie","session=%s"]]}},"unknown_field":{"password":"%s"}}`, planted)
	attachment := canaries("{\"type\":\"attachment\",\"length\":2,\"filename\":\"visiblemark token=%s.txt\"}\nhi\n", planted)
	var packed bytes.Buffer
	zw := zlib.NewWriter(&packed)
	_, err := io.WriteString(zw, canaries(`[{"type":4,"timestamp":1700000000000,"data":{"href":"http://a/"}},{"type":5,"timestamp":1700000000001,"data":{"tag":"breadcrumb","payload":{"category":"console","type":"default","timestamp":1700000000,"message":"visiblemark password=%s","data":{"arguments":["secret %s"]}}}},
{"type":5,"timestamp":1700000000,"data":{"tag":"performanceSpan","payload":{"op":"resource.fetch","description":"http://a/?token=%s","startTimestamp":1700000000,"endTimestamp":1700000001,"data":{"method":"POST","request":{"headers":{"authorization":"%s"},"body":{"password":"%s"}},"response":{"body":"{\"token\":\"%s\"}"}}}}}]`, planted))
	if err == nil {
		err = zw.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	recording := "{\"segment_id\":0}\n" + packed.String()
	const replay = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
	logs := canaries(`{"items":[{"timestamp":1700000000,"trace_id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","level":"info","body":"visiblemark password=%s","attributes":{"token":{"value":"%s","type":"string"}}}]}`, planted)
	return []string{
		"{\"event_id\":\"0a1b2c3d4e5f60718293a4b5c6d7e8f9\"}\n{\"type\":\"event\"}\n" + strings.ReplaceAll(event, "\n", "") + "\n" + attachment,
		fmt.Sprintf("{\"event_id\":%q}\n{\"type\":\"replay_event\"}\n%s\n{\"type\":\"replay_recording\",\"length\":%d}\n%s\n", replay,
			canaries(`{"type":"replay_event","replay_id":"`+replay+`","segment_id":0,"timestamp":1700000001,"replay_start_timestamp":1700000000,"urls":["http://a/?token=%s"],"tags":{"password":"%s"}}`, planted), len(recording), recording),
		"{}\n{\"type\":\"log\",\"item_count\":1,\"content_type\":\"application/vnd.sentry.items.log+json\"}\n" + logs + "\n",
		canaries("{\"event_id\":\"0a1b2c3d4e5f60718293a4b5c6d7e8f8\",\"trace\":{\"trace_id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"public_key\":\"k\",\"transaction\":\"/x?token=%s\"}}\n{\"type\":\"transaction\"}\n"+
			`{"type":"transaction","transaction":"visiblemark","start_timestamp":1700000000,"timestamp":1700000001,"contexts":{"trace":{"trace_id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","span_id":"cccccccccccccccc"}},"spans":[{"span_id":"dddddddddddddddd","trace_id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","start_timestamp":1700000000,"timestamp":1700000001,"description":"GET /?token=%s","data":{"http.query":"password=%s"}}]}`+"\n", planted),
		canaries("{\"event_id\":\"0a1b2c3d4e5f60718293a4b5c6d7e8f7\"}\n{\"type\":\"user_report\"}\n"+`{"event_id":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","name":"n","email":"e@example.com","comments":"visiblemark password: %s"}`+"\n", planted),
	}
}

// TestNoSecretIsPersisted plants secrets in what the rules cover, runs the whole pipeline and looks
// through everything on disk: the stream, the database, blobs, and what else is in the directory.
func TestNoSecretIsPersisted(t *testing.T) {
	s := serveForTest(t, t.TempDir())
	dsn := s.command(t, "project", "create", "shop", "--platform", "go")
	var planted []string
	sent := canaryEnvelopes(t, &planted)
	if len(planted) < 40 {
		t.Fatalf("only %d planted", len(planted))
	}
	for i, e := range sent {
		if got := sendEnvelope(t, dsn, e); got != http.StatusOK {
			t.Fatalf("envelope %d: %d", i, got)
		}
	}
	path := filepath.Join(s.dir, "hindsight.db")
	count := func(table string) (n int) {
		db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	eventually(t, 20*time.Second, "everything is stored", func() bool {
		return count("events") > 0 && count("replay_segments") > 0 && count("spans") > 0 && count("logs") > 0 && count("raw_items")+count("feedback") > 0
	})
	marks := map[string]int{} // where the harmless mark was found: that we can see at all
	look := func(where string, b []byte) {
		if bytes.Contains(b, []byte("visiblemark")) {
			marks[strings.SplitN(where, "/", 2)[0]]++
		}
		for _, c := range planted {
			if i := bytes.Index(b, []byte(c)); i >= 0 {
				t.Errorf("%s in %s: …%q", c, where, b[max(0, i-60):min(len(b), i+20)])
			}
		}
	}
	lookThroughFiles(t, s.dir, look) // the stream keeps messages until they are acknowledged
	lookThroughDatabase(t, path, look)
	for _, where := range []string{"database", "blobs"} {
		if marks[where] == 0 {
			t.Errorf("the mark is not in %s, so a secret would not be seen there: %v", where, marks)
		}
	}
	if s.stop() != 0 {
		t.Error("the server did not stop well")
	}
	lookThroughFiles(t, s.dir, look)
}

// lookThroughFiles shows every file as it is, and inflated where it is compressed.
func lookThroughFiles(t *testing.T, dir string, look func(where string, b []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // files come and go while the server runs
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		look(rel, b)
		look(rel, inflated(b))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func inflated(b []byte) []byte {
	if plain, err := store.Decompress(b); err == nil {
		return plain
	}
	if zr, err := zlib.NewReader(bytes.NewReader(b)); err == nil {
		if plain, err := io.ReadAll(zr); err == nil {
			return plain
		}
	}
	return nil
}

// lookThroughDatabase shows every value of every table.
func lookThroughDatabase(t *testing.T, path string, look func(where string, b []byte)) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var names []string
	rows, err := db.QueryContext(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		lookThroughTable(t, db, name, look)
	}
}

func lookThroughTable(t *testing.T, db *sql.DB, name string, look func(where string, b []byte)) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT * FROM "`+name+`"`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		values := make([]any, len(columns))
		at := make([]any, len(columns))
		for i := range values {
			at[i] = &values[i]
		}
		if err := rows.Scan(at...); err != nil {
			t.Fatal(err)
		}
		for i, v := range values {
			where := "database/" + name + "." + columns[i]
			switch v := v.(type) {
			case string:
				look(where, []byte(v))
			case []byte:
				look(where, v)
				look(where, inflated(v))
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// TestQuotaOfAllProjects: a limit set on the command line holds over all projects of a running server.
func TestQuotaOfAllProjects(t *testing.T) {
	s := serveForTest(t, t.TempDir())
	one := s.command(t, "project", "create", "one", "--platform", "go")
	two := s.command(t, "project", "create", "two", "--platform", "go")
	s.command(t, "quota", "set", "errors", "2", "--per", "24h", "--categories", "error")
	if got := s.command(t, "quota", "list"); !strings.Contains(got, "errors  2      24h0m0s  error") {
		t.Errorf("listed as %q", got)
	}
	const event = "{}\n{\"type\":\"event\"}\n{\"message\":\"m\"}\n"
	eventually(t, 10*time.Second, "the third error of both projects together is limited", func() bool {
		return sendEnvelope(t, one, event) == http.StatusTooManyRequests && sendEnvelope(t, two, event) == http.StatusTooManyRequests
	})
	s.command(t, "quota", "remove", "errors")
	eventually(t, 10*time.Second, "nothing is limited any more", func() bool { return sendEnvelope(t, two, event) == http.StatusOK })
}

// TestForwardingIsTold: how forwarding is going is in the database, for an API anywhere.
func TestForwardingIsTold(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Sentry-Rate-Limits", "120::organization")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer upstream.Close()
	s := serveForTest(t, t.TempDir(), "HINDSIGHT_OUTBOUND_ALLOW", "127.0.0.0/8")
	dsn := s.command(t, "project", "create", "shop", "--platform", "go")
	token := s.command(t, "token", "create", "--scopes", "org:read,project:read,project:write")
	call := func(method, path string, body []byte) []byte {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, s.url+"/api/0/projects/main/shop/"+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%d %s %v", res.StatusCode, b, err)
		}
		return b
	}
	doc := settings.Default()
	doc.Forward.DSN = strings.Replace(upstream.URL, "://", "://0123456789abcdef0123456789abcdef@", 1) + "/1"
	call(http.MethodPut, "settings/", doc.JSON())
	eventually(t, 30*time.Second, "the upstream's limit is told", func() bool {
		if got := sendEnvelope(t, dsn, "{}\n{\"type\":\"event\"}\n{\"message\":\"m\"}\n"); got != http.StatusOK {
			t.Fatalf("the local path answers %d", got)
		}
		b := call(http.MethodGet, "forwarding/", nil)
		return bytes.Contains(b, []byte(`"limited":`)) && bytes.Contains(b, []byte(`"relays":1`)) && !bytes.Contains(b, []byte(`"limitedUntil":null`))
	})
}
