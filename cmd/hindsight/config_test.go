package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := env[name]; return v, ok }
}

// parse gives the settings that a command line and an environment lead to.
func parse(t *testing.T, env map[string]string, args ...string) (*Settings, error) {
	t.Helper()
	var cli CLI
	parser, err := kong.New(&cli, kong.Resolvers(environment(lookup(env))), kong.Vars{"version": "test"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append(args, "version")); err != nil {
		return nil, err
	}
	cli.Settings.defaults()
	return &cli.Settings, cli.Settings.Check()
}

// TestEverySetting sets every flag by its variable and prints the whole effective configuration: a
// setting that is added or renamed shows up here.
func TestEverySetting(t *testing.T) {
	env := map[string]string{
		"HINDSIGHT_LISTEN": "0.0.0.0:9000", "HINDSIGHT_INTERNAL_LISTEN": "127.0.0.1:9001",
		"HINDSIGHT_BASE_URL": "https://errors.example.com/", "HINDSIGHT_DATA_DIR": "/var/lib/hindsight",
		"HINDSIGHT_DATABASE_URL": "postgres://u:p@db/h", "HINDSIGHT_NATS_URL": "nats://a:4222,nats://b:4222",
		"HINDSIGHT_BLOBS_URL": "s3://k:s@minio:9000/b", "HINDSIGHT_DURABILITY": "process",
		"HINDSIGHT_STREAM_BYTES": "1073741824", "HINDSIGHT_REPLAY_ORIGIN": "https://replay.example.com",
		"HINDSIGHT_TRUSTED_PROXIES": "10.0.0.0/8,192.0.2.1", "HINDSIGHT_SENTRY_DSN": "https://k@other/1",
		"HINDSIGHT_LOG_LEVEL": "debug", "HINDSIGHT_LOG_FORMAT": "json",
		"HINDSIGHT_OUTBOUND_ALLOW": "10.9.0.0/16", "HINDSIGHT_TUNNEL": "/tunnel", "HINDSIGHT_TUNNEL_ALLOW": "errors.example.com,42",
		"HINDSIGHT_MCP_WRITE": "true", "HINDSIGHT_SECRET": "a secret long enough", "HINDSIGHT_SMTP_HOST": "mail.example.com", "HINDSIGHT_SMTP_PORT": "465",
		"HINDSIGHT_SMTP_USERNAME": "hindsight", "HINDSIGHT_SMTP_PASSWORD": "pw", "HINDSIGHT_SMTP_FROM": "errors@example.com", "HINDSIGHT_SMTP_SECURITY": "tls",
		"HINDSIGHT_RETENTION_EVENTS": "11", "HINDSIGHT_RETENTION_SPANS": "12", "HINDSIGHT_RETENTION_LOGS": "13", "HINDSIGHT_RETENTION_ITEMS": "14", "HINDSIGHT_RETENTION_SESSIONS": "15",
		"HINDSIGHT_RETENTION_FEEDBACK": "16", "HINDSIGHT_RETENTION_REPLAYS": "17", "HINDSIGHT_RETENTION_VALUED_REPLAYS": "18",
		"HINDSIGHT_OIDC_ISSUER": "https://login.example.com", "HINDSIGHT_OIDC_CLIENT_ID": "hindsight", "HINDSIGHT_OIDC_CLIENT_SECRET": "of the client", "HINDSIGHT_OIDC_NAME": "Example ID",
		"HINDSIGHT_OIDC_ALLOWED_DOMAINS": "example.com,example.org", "HINDSIGHT_OIDC_ALLOWED_GROUPS": "developers", "HINDSIGHT_OIDC_DEFAULT_ROLE": "admin",
	}
	s, err := parse(t, env)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/settings.golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
		t.Errorf("effective settings (-want +got):\n%s", diff)
	}
}

func TestPrecedence(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "hindsight.yaml")
	if err := os.WriteFile(file, []byte("listen: 127.0.0.1:1111\nlog-level: warn\ntrusted-proxies: [10.0.0.0/8]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(dir, "database-url")
	if err := os.WriteFile(secret, []byte("postgres://u:secret@db/h\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"HINDSIGHT_CONFIG": file, "HINDSIGHT_LISTEN": "127.0.0.1:2222", "HINDSIGHT_DATABASE_URL_FILE": secret}
	s, err := parse(t, env, "--log-level", "error")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, got, want string }{
		{"environment over file", s.Listen, "127.0.0.1:2222"},
		{"flag over file", s.LogLevel, "error"},
		{"secret from a file", s.DatabaseURL, "postgres://u:secret@db/h"},
		{"list from the file", strings.Join(s.TrustedProxies, " "), "10.0.0.0/8"},
		{"default", s.Durability, "power"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, c.got, c.want)
		}
	}
}

func TestSecretThatEverybodyCanRead(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "dsn")
	if err := os.WriteFile(secret, []byte("https://k@h/1"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := parse(t, map[string]string{"HINDSIGHT_SENTRY_DSN_FILE": secret})
	if err == nil || !strings.Contains(err.Error(), "chmod") {
		t.Errorf("want a refusal that says what to do, got %v", err)
	}
}

func TestCheckNamesEverySetting(t *testing.T) {
	_, err := parse(t, nil, "--listen", "nonsense", "--database-url", "mysql://x", "--blobs-url", "ftp://x", "--nats-url", "http://x",
		"--base-url", "errors.example.com", "--trusted-proxies", "not-a-net", "--outbound-allow", "x", "--tunnel", "/api/x", "--stream-bytes", "1", "--replay-origin", "x")
	if err == nil {
		t.Fatal("want errors")
	}
	for _, name := range []string{"listen:", "database-url:", "blobs-url:", "nats-url:", "base-url:", "trusted-proxies:", "outbound-allow:", "tunnel:", "stream-bytes:", "replay-origin:"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in:\n%v", name, err)
		}
	}
}

func TestUsageErrorsExitWith2(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"no-such-command"}, lookup(nil), &out, &errs); code != 2 {
		t.Errorf("exit code %d, want 2; %s", code, errs.String())
	}
	if code := run(t.Context(), []string{"--help"}, lookup(nil), &out, &errs); code != 0 || !strings.Contains(out.String(), "dead-letters") {
		t.Errorf("--help: exit code %d:\n%s", code, out.String())
	}
}
