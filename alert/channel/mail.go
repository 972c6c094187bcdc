package channel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/textproto"
	"time"

	"github.com/wneessen/go-mail"
)

// MailConfig says which server takes mail. Security is starttls (the default), tls, or none.
type MailConfig struct {
	Host, Username, Password, From, Security string
	Port                                     int
}

// Mailer sends mail.
type Mailer struct {
	cfg  MailConfig
	html *template.Template
}

// NewMailer makes a mailer; nil when no server is set.
func NewMailer(cfg MailConfig) (*Mailer, error) {
	if cfg.Host == "" {
		return nil, nil
	}
	m := mail.NewMsg()
	if err := m.From(cfg.From); err != nil {
		return nil, fmt.Errorf("sender's address %q: %w", cfg.From, err)
	}
	t, err := template.New("mail").Parse(mailHTML)
	if err != nil {
		return nil, err
	}
	return &Mailer{cfg, t}, nil
}

// mailTimeout bounds one attempt, from connecting to the server's last word.
const mailTimeout = 20 * time.Second

// Send mails a message to all addresses at once. Its Message-ID is made of the key, so that a repeat can be
// told by mail programs, which show one of the two.
func (s *Mailer) Send(ctx context.Context, to []string, m *Message) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	msg, err := s.compose(to, m)
	if err != nil {
		return 0, &Failed{Permanent: true, Err: err}
	}
	client, err := mail.NewClient(s.cfg.Host, s.options()...)
	if err != nil {
		return 0, &Failed{Permanent: true, Err: fmt.Errorf("mail server: %w", err)}
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		f := &Failed{Err: err}
		var said *textproto.Error
		var se *mail.SendError
		if errors.As(err, &said) {
			f.Code = said.Code
			f.Permanent = said.Code >= 500
		} else if errors.As(err, &se) {
			f.Code = se.ErrorCode()
			f.Permanent = !se.IsTemp() && f.Code >= 500
		}
		return f.Code, f
	}
	return 250, nil
}

func (s *Mailer) options() []mail.Option {
	opts := []mail.Option{mail.WithPort(s.cfg.Port), mail.WithTimeout(10 * time.Second)}
	switch s.cfg.Security {
	case "tls":
		opts = append(opts, mail.WithSSL())
	case "none":
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if s.cfg.Username != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.cfg.Username), mail.WithPassword(s.cfg.Password))
	}
	return opts
}

func (s *Mailer) compose(to []string, m *Message) (*mail.Msg, error) {
	msg := mail.NewMsg()
	if err := msg.From(s.cfg.From); err != nil {
		return nil, err
	}
	if err := msg.To(to...); err != nil {
		return nil, err
	}
	msg.Subject("[" + clip(oneLine(m.Project+m.organizationOnly()), 60) + "] " + m.heading())
	msg.SetMessageIDWithValue(m.Key + "@hindsight")
	if m.Dedup != "" { // one thread per issue
		msg.SetGenHeader(mail.HeaderReferences, "<"+m.Dedup+"@hindsight>")
	}
	msg.SetGenHeader("X-Hindsight-Key", m.Key)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetDate()
	msg.SetBodyString(mail.TypeTextPlain, m.plain())
	var b bytes.Buffer
	if err := s.html.Execute(&b, mailView{m, m.heading(), m.facts(), m.steps()}); err != nil {
		return nil, err
	}
	msg.AddAlternativeString(mail.TypeTextHTML, b.String())
	return msg, nil
}

func (m *Message) organizationOnly() string {
	if m.Project != "" {
		return ""
	}
	return m.Organization
}

type mailView struct {
	*Message
	Heading string
	Known   []Fact
	Did     []string
}

// mailHTML is escaped by html/template, in text and in addresses alike.
const mailHTML = `<!doctype html><html><body style="margin:0;padding:24px;background:#f5f5f7;font:14px/21px -apple-system,Segoe UI,Roboto,sans-serif;color:#1c1c22">
<div style="max-width:640px;margin:auto;background:#fff;border:1px solid #e3e3e8;border-radius:6px;padding:24px">
<h1 style="font-size:17px;line-height:24px;margin:0 0 4px;overflow-wrap:anywhere">{{.Heading}}</h1>
{{if .Reason}}<p style="margin:0 0 16px;color:#5f5f6b">Because {{.Reason}}.</p>{{end}}
<p style="margin:0 0 16px">{{if .URL}}<a href="{{.URL}}" style="display:inline-block;background:#5b5bd6;color:#fff;text-decoration:none;padding:7px 14px;border-radius:6px;margin-right:8px">Open</a>{{end}}
{{if .ReplayURL}}<a href="{{.ReplayURL}}" style="display:inline-block;border:1px solid #c9c9d2;color:#1c1c22;text-decoration:none;padding:6px 14px;border-radius:6px">▶ Replay at {{.ReplayAt}}</a>{{end}}</p>
<table style="border-collapse:collapse;width:100%">{{range .Known}}<tr><td style="padding:3px 12px 3px 0;color:#5f5f6b;white-space:nowrap;vertical-align:top">{{.Name}}</td><td style="padding:3px 0;overflow-wrap:anywhere">{{.Value}}</td></tr>{{end}}</table>
{{if .Did}}<h2 style="font-size:14px;margin:20px 0 6px">What the user did</h2><ol style="margin:0;padding-left:20px">{{range .Did}}<li style="overflow-wrap:anywhere">{{.}}</li>{{end}}</ol>{{end}}
{{if .Others}}<h2 style="font-size:14px;margin:20px 0 6px">Also</h2><ul style="margin:0;padding-left:20px">{{range .Others}}<li><a href="{{.URL}}" style="color:#5b5bd6">{{.ShortID}} {{.Title}}</a></li>{{end}}</ul>{{end}}
<p style="margin:20px 0 0;padding-top:12px;border-top:1px solid #e3e3e8;color:#5f5f6b;font-size:12px">Rule: {{if .RuleURL}}<a href="{{.RuleURL}}" style="color:#5f5f6b">{{.Rule}}</a>{{else}}{{.Rule}}{{end}}</p>
</div></body></html>`
