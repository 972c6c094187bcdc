package normalize

import (
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/envelope"
)

// Input is what is known about an event from outside of it.
type Input struct {
	EventID    envelope.ID // of the envelope header; it wins over the payload's
	Received   time.Time   // when the edge took it
	SentAt     time.Time   // the sender's clock when it was sent; zero when not told
	RemoteAddr string      // of the connection, with or without port; "" when not to be used
	UserAgent  string      // of the connection
	Client     string      // sentry_client, "sentry.python/1.2"; used when nothing better names the SDK
	SDK        *envelope.SDKInfo
	ReplayID   envelope.ID // of the trace header (DSC)
	Agents     Agents      // nil: user agents are not looked into
}

// Event brings an event into its normal form, in place.
func Event(ev *envelope.Event, in Input) {
	if !in.EventID.IsZero() {
		ev.EventID = in.EventID
	}
	for _, name := range []string{"version", "time_spent", "_metrics", "ingest_path", "grouping_config"} {
		delete(ev.Other, name) // old or internal: not the sender's to say
	}
	sdk(ev, in)
	platform(ev)
	attributes(ev)
	times(ev, in)
	exceptions(ev)
	kind(ev)
	level(ev)
	message(ev)
	breadcrumbs(ev)
	request(ev)
	user(ev, in)
	contexts(ev, in)
	transaction(ev)
	extra(ev)
	tags(ev) // last: some are derived from the rest
}

func sdk(ev *envelope.Event, in Input) {
	if ev.SDK != nil && ev.SDK.Name != "" {
		return
	}
	name, version, _ := strings.Cut(in.Client, "/")
	var integrations []string
	if in.SDK != nil && in.SDK.Name != "" {
		name, version, integrations = in.SDK.Name, in.SDK.Version, in.SDK.Integrations
	}
	if name == "" {
		return
	}
	if ev.SDK == nil {
		ev.SDK = &envelope.SDK{}
	}
	ev.SDK.Name, ev.SDK.Version = name, version
	if len(ev.SDK.Integrations) == 0 {
		ev.SDK.Integrations = integrations
	}
}

// kind infers the type. Of what senders claim only the types with an item of their own count.
func kind(ev *envelope.Event) {
	switch ev.Type {
	case "transaction", "feedback", "replay_event":
		return
	}
	for _, report := range []string{"csp", "hpkp", "expectct", "expectstaple", "nel"} {
		if _, ok := ev.Other[report]; ok {
			ev.Type = report
			return
		}
	}
	ev.Type = "default"
	if len(ev.Exceptions) > 0 {
		ev.Type = "error"
	}
}

func level(ev *envelope.Event) {
	fallback := "error"
	if ev.Type == "transaction" {
		fallback = "info"
	}
	switch l := strings.ToLower(strings.TrimSpace(ev.Level)); l {
	case "fatal", "error", "warning", "info", "debug":
		ev.Level = l
	case "critical", "50":
		ev.Level = "fatal"
	case "40":
		ev.Level = "error"
	case "warn", "30":
		ev.Level = "warning"
	case "log", "20":
		ev.Level = "info"
	case "trace", "10":
		ev.Level = "debug"
	case "":
		ev.Level = fallback
	default:
		ev.Invalid("unknown level", quote(ev.Level), "level")
		ev.Level = fallback
	}
}

// knownPlatforms is what Sentry documents, and what its SDKs are seen to send.
const knownPlatforms = " as3 c cfml cocoa csharp elixir haskell go groovy java javascript native node objc other perl php python ruby" +
	" dart rust android powershell "

func platform(ev *envelope.Event) {
	p := strings.ToLower(strings.TrimSpace(ev.Platform))
	switch {
	case p == "":
		p = "other"
	case !isPlatform(p):
		ev.Invalid("unknown platform", quote(ev.Platform), "platform")
		p = "other"
	}
	ev.Platform = p
}

func isPlatform(p string) bool {
	return !strings.Contains(p, " ") && strings.Contains(knownPlatforms, " "+p+" ")
}
