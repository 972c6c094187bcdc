package channel

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func post(url string, body any) (*http.Request, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return postBytes(url, b)
}

func postBytes(url string, b []byte) (*http.Request, error) {
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	return r, nil
}

type object = map[string]any

// slack makes Block Kit of a message. Event data stands in plain_text only, where nothing is markup.
func slack(c *Config, m *Message) (*http.Request, error) {
	plain := func(s string, n int) object {
		return object{"type": "plain_text", "text": clip(s, n), "emoji": false}
	}
	blocks := []object{{"type": "header", "text": plain(m.heading(), 150)}}
	if m.Reason != "" {
		blocks = append(blocks, object{"type": "section", "text": plain("Because "+oneLine(m.Reason)+".", 1000)})
	}
	var fields []object
	for _, f := range m.facts() {
		if len(fields) < 10 {
			fields = append(fields, plain(f.Name+": "+oneLine(f.Value), 300))
		}
	}
	if len(fields) > 0 {
		blocks = append(blocks, object{"type": "section", "fields": fields})
	}
	if len(m.Steps) > 0 {
		blocks = append(blocks, object{"type": "section", "text": plain("What the user did\n"+strings.Join(m.steps(), "\n"), 2900)})
	}
	for _, o := range m.Others[:min(len(m.Others), 20)] {
		blocks = append(blocks, object{"type": "section", "text": plain(o.text(), 300),
			"accessory": object{"type": "button", "text": plain("Open", 20), "url": o.URL}})
	}
	var buttons []object
	if m.URL != "" {
		buttons = append(buttons, object{"type": "button", "text": plain("Open", 70), "url": m.URL, "style": "primary"})
	}
	if m.ReplayURL != "" {
		buttons = append(buttons, object{"type": "button", "text": plain("Replay at "+m.ReplayAt, 70), "url": m.ReplayURL})
	}
	if len(buttons) > 0 {
		blocks = append(blocks, object{"type": "actions", "elements": buttons})
	}
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;") // the notification's text has markup
	return post(c.URL, object{"text": escape.Replace(m.heading()), "blocks": blocks, "unfurl_links": false})
}

// teams makes an Adaptive Card. Event data stands in text runs, which know no Markdown as text blocks do.
func teams(c *Config, m *Message) (*http.Request, error) {
	runs := func(s string, more object) object {
		run := object{"type": "TextRun", "text": s}
		for k, v := range more {
			run[k] = v
		}
		return object{"type": "RichTextBlock", "inlines": []object{run}}
	}
	body := []object{runs(m.heading(), object{"weight": "Bolder", "size": "Large"})}
	if m.Reason != "" {
		body = append(body, runs("Because "+oneLine(m.Reason)+".", object{"isSubtle": true}))
	}
	for _, f := range m.facts() {
		body = append(body, object{"type": "RichTextBlock", "inlines": []object{
			{"type": "TextRun", "text": f.Name + "  ", "weight": "Bolder"}, {"type": "TextRun", "text": clip(oneLine(f.Value), 300)}}})
	}
	if len(m.Steps) > 0 {
		body = append(body, runs("What the user did", object{"weight": "Bolder"}))
		for _, s := range m.steps() {
			body = append(body, runs(s, nil))
		}
	}
	for _, o := range m.Others[:min(len(m.Others), 20)] {
		body = append(body, runs(o.text(), nil))
	}
	var actions []object
	if m.URL != "" {
		actions = append(actions, object{"type": "Action.OpenUrl", "title": "Open", "url": m.URL})
	}
	if m.ReplayURL != "" {
		actions = append(actions, object{"type": "Action.OpenUrl", "title": "Replay at " + m.ReplayAt, "url": m.ReplayURL})
	}
	card := object{"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": "1.4", "body": body, "actions": actions}
	return post(c.URL, object{"type": "message", "attachments": []object{
		{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card}}})
}

// discord makes an embed; its texts are Markdown, so what came with an event is escaped, and nobody is pinged.
func discord(c *Config, m *Message) (*http.Request, error) {
	text := func(s string, n int) string { return clip(markdown.Replace(oneLine(s)), n) }
	var fields []object
	for _, f := range m.facts() {
		fields = append(fields, object{"name": f.Name, "value": text(f.Value, 300), "inline": true})
	}
	if len(m.Steps) > 0 {
		fields = append(fields, object{"name": "What the user did", "value": clip(markdown.Replace(strings.Join(m.steps(), "\n")), 1000)})
	}
	if m.ReplayURL != "" {
		fields = append(fields, object{"name": "Replay", "value": "[at " + m.ReplayAt + "](" + m.ReplayURL + ")"})
	}
	description := ""
	if m.Reason != "" {
		description = "Because " + text(m.Reason, 500) + "."
	}
	for _, o := range m.Others[:min(len(m.Others), 10)] {
		description += "\n[" + text(o.text(), 160) + "](" + o.URL + ")"
	}
	embed := object{"title": text(m.heading(), 250), "description": clip(description, 4000), "url": m.URL, "fields": fields,
		"color": map[string]int{"fatal": 0xc0392b, "error": 0xe5484d, "warning": 0xf5a524}[m.Level]}
	return post(c.URL, object{"embeds": []object{embed}, "allowed_mentions": object{"parse": []string{}}})
}

// markdown escapes what Discord reads as markup.
var markdown = strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "~", `\~`, "`", "\\`", "|", `\|`, ">", `\>`, "[", `\[`, "]", `\]`,
	"(", `\(`, ")", `\)`, "#", `\#`, "<", `\<`, "@", "@\u200b", "://", ":\u200b//")

// Payload is the body of a webhook. Names are stable.
type Payload struct {
	Version      int           `json:"version"` // 1
	ID           string        `json:"id"`      // the Idempotency-Key
	Event        string        `json:"event"`   // alert, resolved
	Rule         string        `json:"rule"`
	Reason       string        `json:"reason"`
	Title        string        `json:"title"`
	Level        string        `json:"level"`
	Culprit      string        `json:"culprit"`
	ShortID      string        `json:"shortId"`
	Organization string        `json:"organization"`
	Project      string        `json:"project"`
	Environment  string        `json:"environment"`
	Release      string        `json:"release"`
	Count        int64         `json:"count"`
	UserCount    int64         `json:"userCount"`
	FirstSeen    *time.Time    `json:"firstSeen"`
	LastSeen     *time.Time    `json:"lastSeen"`
	URL          string        `json:"url"`
	ReplayURL    *string       `json:"replayUrl"`
	ReplayAt     *string       `json:"replayAt"`
	Steps        []PayloadStep `json:"steps"`
	Facts        []Fact        `json:"facts"`
	Others       []Line        `json:"others"`
}

// PayloadStep is a step of the user.
type PayloadStep struct {
	SecondsBefore float64 `json:"secondsBefore"`
	Text          string  `json:"text"`
	Status        string  `json:"status"`
}

func payload(m *Message) Payload {
	p := Payload{Version: 1, ID: m.Key, Event: "alert", Rule: m.Rule, Reason: m.Reason, Title: m.Title, Level: m.Level, Culprit: m.Culprit,
		ShortID: m.ShortID, Organization: m.Organization, Project: m.Project, Environment: m.Environment, Release: m.Release,
		Count: m.Events, UserCount: m.Users, URL: m.URL, Steps: []PayloadStep{}, Facts: m.Facts, Others: m.Others}
	if m.Over {
		p.Event = "resolved"
	}
	if !m.FirstSeen.IsZero() {
		p.FirstSeen, p.LastSeen = &m.FirstSeen, &m.LastSeen
	}
	if m.ReplayURL != "" {
		p.ReplayURL, p.ReplayAt = &m.ReplayURL, &m.ReplayAt
	}
	for _, s := range m.Steps {
		p.Steps = append(p.Steps, PayloadStep{s.Before.Seconds(), s.Text, s.Status})
	}
	if p.Facts == nil {
		p.Facts = []Fact{}
	}
	if p.Others == nil {
		p.Others = []Line{}
	}
	return p
}

// Headers of a signed webhook.
const (
	HeaderTimestamp = "X-Hindsight-Timestamp" // Unix seconds, when this attempt was made
	HeaderSignature = "X-Hindsight-Signature" // sha256= and the hex HMAC-SHA256 of timestamp, a full stop, and the body
)

// Sign is the signature of a body that is sent at a moment.
func Sign(secret, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func webhook(c *Config, m *Message) (*http.Request, error) {
	b, err := json.Marshal(payload(m))
	if err != nil {
		return nil, err
	}
	r, err := postBytes(c.URL, b)
	if err != nil || c.Secret == "" {
		return r, err
	}
	at := strconv.FormatInt(m.SentAt.Unix(), 10)
	r.Header.Set(HeaderTimestamp, at)
	r.Header.Set(HeaderSignature, Sign(c.Secret, at, b))
	return r, nil
}

// pagerDuty makes an event of Events API v2: one incident per issue or rule.
func pagerDuty(c *Config, m *Message) (*http.Request, error) {
	severity := map[string]string{"fatal": "critical", "error": "error", "warning": "warning", "info": "info", "debug": "info"}[m.Level]
	if severity == "" {
		severity = "error"
	}
	action := "trigger"
	if m.Over {
		action = "resolve"
	}
	details := object{}
	for _, f := range m.facts() {
		details[f.Name] = oneLine(f.Value)
	}
	if len(m.Steps) > 0 {
		details["What the user did"] = m.steps()
	}
	var links []object
	if m.URL != "" {
		links = append(links, object{"href": m.URL, "text": "Open"})
	}
	if m.ReplayURL != "" {
		links = append(links, object{"href": m.ReplayURL, "text": "Replay at " + m.ReplayAt})
	}
	source := m.Project
	if source == "" {
		source = m.Organization
	}
	return post(server(c.URL, pagerDutyServer)+"/v2/enqueue", object{"routing_key": c.Key, "event_action": action, "dedup_key": clip(m.Dedup, 255),
		"client": "Hindsight", "client_url": m.URL, "links": links,
		"payload": object{"summary": clip(m.heading(), 1000), "source": source, "severity": severity, "component": oneLine(m.Culprit), "custom_details": details}})
}

// telegram sends plain text: no parse mode, so nothing in it is markup.
func telegram(c *Config, m *Message) (*http.Request, error) {
	return post(server(c.URL, telegramServer)+"/bot"+c.Token+"/sendMessage", object{"chat_id": c.ChatID, "text": clip(m.heading()+"\n"+m.plain(), 4000),
		"link_preview_options": object{"is_disabled": true}})
}

// ntfy publishes as JSON, with buttons for the issue and the replay.
func ntfy(c *Config, m *Message) (*http.Request, error) {
	var actions []object
	if m.ReplayURL != "" {
		actions = append(actions, object{"action": "view", "label": "Replay at " + m.ReplayAt, "url": m.ReplayURL})
	}
	priority := map[string]int{"fatal": 5, "error": 4}[m.Level]
	if priority == 0 {
		priority = 3
	}
	r, err := post(server(c.URL, ntfyServer), object{"topic": c.Topic, "title": m.heading(), "message": clip(m.plain(), 3000), "click": m.URL,
		"priority": priority, "actions": actions})
	if err == nil && c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return r, err
}

func server(url, byDefault string) string {
	if url == "" {
		return byDefault
	}
	return strings.TrimRight(url, "/")
}
