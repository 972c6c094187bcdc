package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/hindsight-dev/hindsight/internal/seal"
	"github.com/hindsight-dev/hindsight/settings"
	"github.com/hindsight-dev/hindsight/store"
)

// Settings are what an operator chooses. Every flag is also a HINDSIGHT_* variable, a
// HINDSIGHT_*_FILE variable and a key of the YAML file.
type Settings struct {
	Config string `help:"YAML file with settings (keys are the flags' names)." placeholder:"FILE" type:"path"`

	Listen            string   `help:"Address to serve on." default:"127.0.0.1:8000" placeholder:"HOST:PORT"`
	InternalListen    string   `help:"Address for /metrics and /debug/pprof; unset: /metrics is on the main one, pprof nowhere." placeholder:"HOST:PORT"`
	BaseURL           string   `help:"How people and SDKs reach this server; DSNs and links are made of it. Default: http:// and the listen address." placeholder:"URL" name:"base-url"`
	DataDir           string   `help:"Directory of everything kept on this machine." default:"data" type:"path" placeholder:"DIR"`
	DatabaseURL       string   `help:"sqlite:PATH or postgres://… Default: SQLite in the data directory." placeholder:"URL" name:"database-url"`
	NATSURL           string   `help:"NATS cluster that carries envelopes to the linkers. Empty: none is needed." placeholder:"URL" name:"nats-url"`
	BlobsURL          string   `help:"file:DIR or s3://KEY:SECRET@HOST/BUCKET. Default: files in the data directory." placeholder:"URL" name:"blobs-url"`
	Durability        string   `help:"What a 200 survives: power (every message is synced) or process (kill -9, but a power cut may lose the last second)." enum:"power,process" default:"power"`
	StreamBytes       int64    `help:"Most bytes the stream on this machine may hold; beyond it the edge answers 503." default:"8589934592" placeholder:"BYTES"`
	RetentionEvents   int      `help:"Days that errors and their files are kept; an issue goes with the last of its events and recordings. Projects may say otherwise." default:"90" placeholder:"DAYS"`
	RetentionSpans    int      `help:"Days that transactions and spans are kept." default:"30" placeholder:"DAYS"`
	RetentionLogs     int      `help:"Days that logs are kept." default:"30" placeholder:"DAYS"`
	RetentionItems    int      `help:"Days that metrics, profiles and other items are kept." default:"90" placeholder:"DAYS"`
	RetentionSessions int      `help:"Days that sessions of releases are kept." default:"90" placeholder:"DAYS"`
	RetentionFeedback int      `help:"Days that feedback is kept." default:"90" placeholder:"DAYS"`
	RetentionReplays  int      `help:"Days that recordings are kept." default:"90" placeholder:"DAYS"`
	RetentionValued   int      `help:"Days that recordings with an error of an unresolved issue are kept." default:"365" placeholder:"DAYS" name:"retention-valued-replays"`
	ReplayOrigin      string   `help:"Another origin of this server, on which recordings play apart from the app's cookies." placeholder:"URL"`
	TrustedProxies    []string `help:"Networks whose X-Forwarded-For is believed." placeholder:"CIDR"`
	OutboundAllow     []string `help:"Internal networks that projects may forward to and alerts may go to; public addresses need none." placeholder:"CIDR"`
	Tunnel            string   `help:"Path that takes envelopes of SDKs with the option tunnel, e.g. /tunnel; unset: none." placeholder:"PATH"`
	TunnelAllow       []string `help:"DSN hosts or project ids the tunnel is for; unset: all." placeholder:"HOST|ID"`
	MCPWrite          bool     `help:"Let coding agents at /mcp change issues, as far as their token may." name:"mcp-write"`
	Secret            string   `help:"What the secrets of alert channels are encrypted with; the same for all processes. Default: a file in the data directory." placeholder:"TEXT"`
	SMTPHost          string   `help:"Mail server for alerts; unset: no mail." placeholder:"HOST" name:"smtp-host"`
	SMTPPort          int      `help:"Its port." default:"587" name:"smtp-port"`
	SMTPUsername      string   `help:"Who to sign in as; unset: nobody." placeholder:"NAME" name:"smtp-username"`
	SMTPPassword      string   `help:"Password of the mail server." placeholder:"TEXT" name:"smtp-password"`
	SMTPFrom          string   `help:"Sender of alerts." default:"hindsight@localhost" placeholder:"ADDRESS" name:"smtp-from"`
	SMTPSecurity      string   `help:"starttls, tls, or none." enum:"starttls,tls,none" default:"starttls" name:"smtp-security"`
	OIDCIssuer        string   `help:"OpenID Connect provider that people can sign in by, as it names itself; unset: none. One inside the network also needs --outbound-allow." placeholder:"URL" name:"oidc-issuer"`
	OIDCClientID      string   `help:"How the provider knows this server. Its redirect address there: BASE-URL/sign-in/oidc." placeholder:"ID" name:"oidc-client-id"`
	OIDCSecret        string   `help:"Its secret there; unset for a public client." placeholder:"TEXT" name:"oidc-client-secret"`
	OIDCName          string   `help:"The provider's name on the sign-in page." default:"your company's account" placeholder:"NAME" name:"oidc-name"`
	OIDCDomains       []string `help:"Who may join without an invitation: people with a verified e-mail address of these domains; unset: nobody." placeholder:"DOMAIN" name:"oidc-allowed-domains"`
	OIDCGroups        []string `help:"The same, for people in these groups of the provider's (its claim groups)." placeholder:"GROUP" name:"oidc-allowed-groups"`
	OIDCRole          string   `help:"Role of those who join by themselves." enum:"member,admin,manager" default:"member" name:"oidc-default-role"`
	SentryDSN         string   `help:"Where Hindsight reports its own errors." placeholder:"DSN" name:"sentry-dsn"`
	LogLevel          string   `help:"debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
	LogFormat         string   `help:"text or json." enum:"text,json" default:"text"`
}

// defaults fills what follows from other settings.
func (s *Settings) defaults() {
	if s.DatabaseURL == "" {
		s.DatabaseURL = "sqlite:" + filepath.Join(s.DataDir, "hindsight.db")
	}
	if s.BlobsURL == "" {
		s.BlobsURL = "file:" + filepath.Join(s.DataDir, "blobs")
	}
	if s.BaseURL == "" {
		s.BaseURL = "http://" + s.Listen
	}
	s.BaseURL = strings.TrimRight(s.BaseURL, "/")
}

// Check says everything that is wrong, each with its setting's name. (Kong calls a Validate itself, before
// there are defaults.)
func (s *Settings) Check() error {
	var problems []error
	bad := func(setting, format string, args ...any) {
		problems = append(problems, fmt.Errorf("%s: %s", setting, fmt.Sprintf(format, args...)))
	}
	scheme := func(setting, value string, want ...string) {
		got, _, ok := strings.Cut(value, ":")
		for _, w := range want {
			if ok && got == w {
				return
			}
		}
		bad(setting, "unknown scheme in %q, want %s", redact(value), strings.Join(want, " or "))
	}
	if _, _, err := net.SplitHostPort(s.Listen); err != nil {
		bad("listen", "%q is not HOST:PORT", s.Listen)
	}
	if s.InternalListen != "" {
		if _, _, err := net.SplitHostPort(s.InternalListen); err != nil {
			bad("internal-listen", "%q is not HOST:PORT", s.InternalListen)
		}
	}
	if u, err := url.Parse(s.BaseURL); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		bad("base-url", "%q is not an http or https address", s.BaseURL)
	}
	if u, err := url.Parse(s.ReplayOrigin); s.ReplayOrigin != "" && (err != nil || u.Host == "" || u.Path != "") {
		bad("replay-origin", "%q is not an origin like https://replay.example.com", s.ReplayOrigin)
	}
	scheme("database-url", s.DatabaseURL, "sqlite", "postgres", "postgresql")
	scheme("blobs-url", s.BlobsURL, "file", "s3")
	if s.NATSURL != "" {
		scheme("nats-url", s.NATSURL, "nats", "tls", "ws", "wss")
	}
	if s.StreamBytes < 64<<20 {
		bad("stream-bytes", "%d is less than 64 MiB", s.StreamBytes)
	}
	for setting, days := range s.days() {
		if days < 1 || days > settings.MaxDays {
			bad(setting, "%d is not from 1 to %d days", days, settings.MaxDays)
		}
	}
	if _, err := s.trustedProxies(); err != nil {
		problems = append(problems, err)
	}
	if s.Secret != "" {
		if _, err := seal.New(s.Secret); err != nil {
			bad("secret", "%v", err)
		}
	}
	if _, err := channel.NewMailer(s.mail()); err != nil {
		bad("smtp-from", "%v", err)
	}
	if u, err := url.Parse(s.OIDCIssuer); s.OIDCIssuer != "" {
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "" {
			bad("oidc-issuer", "%q is not an address like https://login.example.com", s.OIDCIssuer)
		}
		if s.OIDCClientID == "" {
			bad("oidc-client-id", "is missing: the provider gives one to each application")
		}
	}
	if s.Tunnel != "" && (!strings.HasPrefix(s.Tunnel, "/") || strings.HasPrefix(s.Tunnel, "/api/") || strings.ContainsAny(s.Tunnel, "{}?#")) {
		bad("tunnel", "%q is not a path outside of /api/", s.Tunnel)
	}
	if _, err := networks("outbound-allow", s.OutboundAllow); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// days are the settings that say how long something is kept.
func (s *Settings) days() map[string]int {
	return map[string]int{"retention-events": s.RetentionEvents, "retention-spans": s.RetentionSpans, "retention-logs": s.RetentionLogs,
		"retention-items": s.RetentionItems, "retention-sessions": s.RetentionSessions, "retention-feedback": s.RetentionFeedback,
		"retention-replays": s.RetentionReplays, "retention-valued-replays": s.RetentionValued}
}

func (s *Settings) retention() settings.Retention {
	return settings.Retention{Events: s.RetentionEvents, Spans: s.RetentionSpans, Logs: s.RetentionLogs, Items: s.RetentionItems,
		Sessions: s.RetentionSessions, Feedback: s.RetentionFeedback}
}

func (s *Settings) recordings() store.ReplayRetention {
	return store.ReplayRetention{Days: s.RetentionReplays, ValuedDays: s.RetentionValued}
}

func (s *Settings) mail() channel.MailConfig {
	return channel.MailConfig{Host: s.SMTPHost, Port: s.SMTPPort, Username: s.SMTPUsername, Password: s.SMTPPassword, From: s.SMTPFrom, Security: s.SMTPSecurity}
}

// box gives what seals the secrets of alert channels.
func (s *Settings) box() (*seal.Box, error) {
	if s.Secret != "" {
		return seal.New(s.Secret)
	}
	return seal.FromFile(filepath.Join(s.DataDir, "secret.key"))
}

func (s *Settings) trustedProxies() ([]netip.Prefix, error) {
	return networks("trusted-proxies", s.TrustedProxies)
}

// networks reads a setting's addresses and networks.
func networks(setting string, values []string) ([]netip.Prefix, error) {
	var nets []netip.Prefix
	for _, p := range values {
		if !strings.Contains(p, "/") {
			addr, err := netip.ParseAddr(p)
			if err != nil {
				return nil, fmt.Errorf("%s: %q is no address or network", setting, p)
			}
			nets = append(nets, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		n, err := netip.ParsePrefix(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no address or network", setting, p)
		}
		nets = append(nets, n)
	}
	return nets, nil
}

func (s *Settings) logger(t *terminal) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // kong's enum has checked it
	opts := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(t.Err, opts))
	}
	return slog.New(slog.NewTextHandler(t.Err, opts))
}

// redact hides the password of an address for logs and messages.
func redact(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(unreadable address)"
	}
	return u.Redacted()
}

// environment answers kong from HINDSIGHT_* variables, from the files HINDSIGHT_*_FILE name, and
// from the YAML file of --config (or HINDSIGHT_CONFIG), in this order.
func environment(lookupEnv func(string) (string, bool)) kong.Resolver {
	var file map[string]any
	return kong.ResolverFunc(func(kctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		variable := "HINDSIGHT_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		if v, ok := lookupEnv(variable); ok {
			return v, nil
		}
		if path, ok := lookupEnv(variable + "_FILE"); ok && flag.Name != "config" {
			b, err := readSecret(path)
			if err != nil {
				return nil, fmt.Errorf("%s_FILE: %w", variable, err)
			}
			return strings.TrimSpace(string(b)), nil
		}
		if flag.Name == "config" || flag.Name == "help" || flag.Name == "version" {
			return nil, nil
		}
		if file == nil {
			var err error
			if file, err = configFile(kctx, lookupEnv); err != nil {
				return nil, err
			}
		}
		v, ok := file[flag.Name]
		if !ok {
			return nil, nil
		}
		if list, ok := v.([]any); ok {
			words := make([]string, len(list))
			for i, w := range list {
				words[i] = fmt.Sprint(w)
			}
			return strings.Join(words, ","), nil
		}
		return fmt.Sprint(v), nil
	})
}

func configFile(kctx *kong.Context, lookupEnv func(string) (string, bool)) (map[string]any, error) {
	path, _ := lookupEnv("HINDSIGHT_CONFIG")
	for _, flag := range kctx.Flags() {
		if flag.Name != "config" {
			continue
		}
		if v, ok := kctx.FlagValue(flag).(string); ok && v != "" {
			path = v
		}
	}
	values := map[string]any{}
	if path == "" {
		return values, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	if err := yaml.Unmarshal(b, &values); err != nil {
		return nil, fmt.Errorf("config %s: %w", path, err)
	}
	return values, nil
}

// readSecret reads a file that others on this machine must not be able to read.
func readSecret(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&fs.FileMode(0o004) != 0 {
		return nil, fmt.Errorf("%s can be read by everybody: chmod o-r it", path)
	}
	return os.ReadFile(path)
}

// tunnelAllow says whether the tunnel is for a DSN.
func (s *Settings) tunnelAllow(dsn *envelope.DSN) bool {
	return len(s.TunnelAllow) == 0 || slices.Contains(s.TunnelAllow, dsn.Host) ||
		slices.Contains(s.TunnelAllow, strconv.FormatInt(int64(dsn.ProjectID), 10))
}
