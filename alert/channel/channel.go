package channel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/internal/outbound"
)

// Kinds of channel.
const (
	Email     = "email"
	Slack     = "slack"
	Teams     = "msteams"
	Discord   = "discord"
	Webhook   = "webhook"
	PagerDuty = "pagerduty"
	Telegram  = "telegram"
	Ntfy      = "ntfy"
)

// Kinds lists them in the order people see them.
func Kinds() []string {
	return []string{Email, Slack, Teams, Discord, Webhook, PagerDuty, Telegram, Ntfy}
}

// Config says where a channel leads. Which fields count follows from its kind. It is kept sealed.
type Config struct {
	URL    string   `json:"url,omitempty"`    // of slack, msteams, discord, webhook; of ntfy and telegram and pagerduty: another server than the public one
	To     []string `json:"to,omitempty"`     // of email: addresses
	Secret string   `json:"secret,omitempty"` // of webhook: what it is signed with
	Token  string   `json:"token,omitempty"`  // of telegram: the bot's; of ntfy: an access token
	ChatID string   `json:"chatId,omitempty"` // of telegram
	Topic  string   `json:"topic,omitempty"`  // of ntfy
	Key    string   `json:"key,omitempty"`    // of pagerduty: the integration's routing key
}

const (
	maxAddress = 2048
	maxTo      = 50
	maxSecret  = 512
)

// Public servers of those kinds that have one.
const (
	telegramServer  = "https://api.telegram.org"
	pagerDutyServer = "https://events.pagerduty.com"
	ntfyServer      = "https://ntfy.sh"
)

// Validate says in a sentence what keeps a configuration from working. own is the address of this server,
// which no channel may lead to.
func (c *Config) Validate(kind string, own *url.URL) error {
	for name, v := range map[string]string{"url": c.URL, "secret": c.Secret, "token": c.Token, "chatId": c.ChatID, "topic": c.Topic, "key": c.Key} {
		if len(v) > maxAddress || name == "secret" && len(v) > maxSecret || strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return fmt.Errorf("the %s is too long or has control characters", name)
		}
	}
	needURL := slices.Contains([]string{Slack, Teams, Discord, Webhook}, kind)
	if c.URL != "" || needURL {
		if err := checkURL(c.URL, own); err != nil {
			return err
		}
	}
	switch kind {
	case Email:
		if len(c.To) == 0 || len(c.To) > maxTo {
			return fmt.Errorf("an e-mail channel has 1 to %d addresses", maxTo)
		}
		for _, a := range c.To {
			if _, err := mail.ParseAddress(a); err != nil || strings.ContainsAny(a, "<>,\r\n") {
				return fmt.Errorf("%q is not an e-mail address", clip(a, 80))
			}
		}
	case PagerDuty:
		if c.Key == "" {
			return errors.New("the integration key is missing")
		}
	case Telegram:
		if c.Token == "" || c.ChatID == "" {
			return errors.New("the bot's token and the chat's id are needed")
		}
		if strings.ContainsAny(c.Token, "/?#%\\ ") {
			return errors.New("that is not a bot's token")
		}
	case Ntfy:
		if c.Topic == "" || strings.ContainsAny(c.Topic, "/?#%\\ ") {
			return errors.New("a topic is needed, without spaces and slashes")
		}
	case Slack, Teams, Discord, Webhook:
	default:
		return fmt.Errorf("there is no channel of the kind %q", clip(kind, 40))
	}
	return nil
}

func checkURL(s string, own *url.URL) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("the address must begin with https:// and name a server")
	}
	if u.User != nil {
		return errors.New("the address has a user name or password in it")
	}
	if own != nil && strings.EqualFold(u.Host, own.Host) {
		return errors.New("the address is this server's own: an alert that makes an event would alert without end")
	}
	return nil
}

// Shown says where a channel leads, without what gives access.
func (c *Config) Shown(kind string) string {
	switch kind {
	case Email:
		return strings.Join(c.To, ", ")
	case PagerDuty:
		return "integration …" + last(c.Key)
	case Telegram:
		return "chat " + c.ChatID
	case Ntfy:
		return host(c.URL, ntfyServer) + "/" + c.Topic
	}
	return host(c.URL, "")
}

func host(s, byDefault string) string {
	if s == "" {
		s = byDefault
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	return u.Host
}

func last(s string) string { return s[max(len(s)-4, 0):] }

// Failed is an attempt that did not work.
type Failed struct {
	Permanent bool          // trying again is of no use
	After     time.Duration // how long the other side asks to wait; 0: it does not say
	Code      int           // of its answer; 0: none
	Err       error
}

// Error says what happened, for the delivery log.
func (f *Failed) Error() string { return f.Err.Error() }

// Unwrap gives the cause.
func (f *Failed) Unwrap() error { return f.Err }

// Senders tell messages. Mail is nil where no mail server was set.
type Senders struct {
	HTTP *http.Client // of package outbound
	Mail *Mailer
}

// Send tells a message once and gives the answer's status code. An error is a [*Failed].
func (s *Senders) Send(ctx context.Context, kind string, c *Config, m *Message) (int, error) {
	if kind == Email {
		if s.Mail == nil {
			return 0, &Failed{Permanent: true, Err: errors.New("no mail server is set (HINDSIGHT_SMTP_HOST)")}
		}
		return s.Mail.Send(ctx, c.To, m)
	}
	build, ok := map[string]func(*Config, *Message) (*http.Request, error){
		Slack: slack, Teams: teams, Discord: discord, Webhook: webhook, PagerDuty: pagerDuty, Telegram: telegram, Ntfy: ntfy,
	}[kind]
	if !ok {
		return 0, &Failed{Permanent: true, Err: fmt.Errorf("there is no channel of the kind %q", kind)}
	}
	r, err := build(c, m)
	if err != nil {
		return 0, &Failed{Permanent: true, Err: err}
	}
	r.Header.Set("User-Agent", "Hindsight")
	r.Header.Set("Idempotency-Key", m.Key)
	return s.post(r.WithContext(ctx))
}

// maxAnswer is how much of an answer is read; none of it is shown.
const maxAnswer = 64 << 10

func (s *Senders) post(r *http.Request) (int, error) {
	resp, err := s.HTTP.Do(r)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) { // its text has the address, which may be a secret
			err = ue.Err
		}
		return 0, &Failed{Permanent: errors.Is(err, outbound.ErrForbidden), Err: err}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	code := resp.StatusCode
	switch {
	case code >= 200 && code < 300:
		return code, nil
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		return code, &Failed{Code: code, After: retryAfter(resp.Header.Get("Retry-After")), Err: fmt.Errorf("the server answered %s", resp.Status)}
	case code >= 300 && code < 400:
		return code, &Failed{Permanent: true, Code: code, Err: fmt.Errorf("the server answered %d: redirects are not followed", code)}
	}
	return code, &Failed{Permanent: true, Code: code, Err: fmt.Errorf("the server refused it: %d", code)}
}

func retryAfter(s string) time.Duration {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n)*time.Second, time.Hour)
}
