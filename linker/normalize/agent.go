package normalize

import (
	"strings"
	"sync"

	"github.com/hindsight-dev/hindsight/envelope"
	"github.com/ua-parser/uap-go/uaparser"
)

// Agent is what a user agent text says. Empty is "not told".
type Agent struct {
	Browser, BrowserVersion                string
	OS, OSVersion                          string
	DeviceFamily, DeviceBrand, DeviceModel string
}

// Agents reads user agent texts. It is called from many goroutines.
type Agents interface {
	Parse(userAgent string) Agent
}

// NewAgents gives the reader with the definitions of the ua-parser project. They are compiled at the
// first use, which takes some tenths of a second, once; keep one for the process.
func NewAgents() Agents { return &agents{} }

type agents struct {
	once   sync.Once
	parser *uaparser.Parser
}

// maxAgent bounds what the definitions' regular expressions run over, in bytes.
const maxAgent = 1024

func (a *agents) Parse(s string) Agent {
	a.once.Do(func() {
		// The definitions are in the binary; a build whose definitions do not compile knows no agents.
		a.parser, _ = uaparser.New()
	})
	if a.parser == nil || s == "" {
		return Agent{}
	}
	c := a.parser.Parse(s[:min(len(s), maxAgent)])
	return Agent{
		Browser:        known(c.UserAgent.Family),
		BrowserVersion: c.UserAgent.ToVersionString(),
		OS:             known(c.Os.Family),
		OSVersion:      c.Os.ToVersionString(),
		DeviceFamily:   known(c.Device.Family),
		DeviceBrand:    c.Device.Brand,
		DeviceModel:    c.Device.Model,
	}
}

func known(family string) string {
	if family == "Other" {
		return ""
	}
	return family
}

// agentContexts adds browser, operating system and device as far as the event does not tell itself.
// The request of a backend's event tells its client's system, not its own: that is "client_os".
func agentContexts(ev *envelope.Event, in Input) {
	if in.Agents == nil {
		return
	}
	ua := strings.TrimSpace(ev.Request.Header("User-Agent"))
	if ua == "" && ev.Platform == "javascript" {
		ua = in.UserAgent
	}
	if ua == "" {
		return
	}
	os := "client_os"
	if ev.Platform == "javascript" {
		os = "os"
	}
	a := in.Agents.Parse(ua)
	addContext(ev, "browser", a.Browser, "version", a.BrowserVersion)
	addContext(ev, os, a.OS, "version", a.OSVersion)
	if a.DeviceFamily == "" || len(ev.Contexts["device"]) > 0 {
		return
	}
	ev.SetContext("device", "family", a.DeviceFamily)
	ev.SetContext("device", "type", "device")
	if a.DeviceBrand != "" {
		ev.SetContext("device", "brand", a.DeviceBrand)
	}
	if a.DeviceModel != "" {
		ev.SetContext("device", "model", a.DeviceModel)
	}
}

func addContext(ev *envelope.Event, context, name, member, value string) {
	if name == "" || ev.Contexts.Text(context, "name") != "" {
		return
	}
	ev.SetContext(context, "name", name)
	ev.SetContext(context, "type", context)
	if value != "" {
		ev.SetContext(context, member, value)
	}
}
