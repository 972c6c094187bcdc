package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/hindsight-dev/hindsight/alert/channel"
	"github.com/hindsight-dev/hindsight/store"
)

// AlertChannel is a place that alerts go to. Its secrets are never shown again.
type AlertChannel struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	Kind        string    `json:"kind" doc:"email, slack, msteams, discord, webhook, pagerduty, telegram, ntfy"`
	Shown       string    `json:"shown" doc:"Where it leads, without what gives access."`
	DateCreated time.Time `json:"dateCreated"`
	DateUpdated time.Time `json:"dateUpdated"`
}

// AlertChannelConfig says where a channel leads; which members count follows from its kind.
type AlertChannelConfig struct {
	URL    string   `json:"url,omitempty"`
	To     []string `json:"to,omitempty" doc:"Addresses of an e-mail channel."`
	Secret string   `json:"secret,omitempty" doc:"Of a webhook: signs its requests."`
	Token  string   `json:"token,omitempty" doc:"Of a Telegram bot, or an ntfy access token."`
	ChatID string   `json:"chatId,omitempty" doc:"Of Telegram."`
	Topic  string   `json:"topic,omitempty" doc:"Of ntfy."`
	Key    string   `json:"key,omitempty" doc:"PagerDuty's integration key."`
}

// AlertChannelsInput lists channels.
type AlertChannelsInput struct {
	OrgPath
}

// AlertChannelInput names a channel.
type AlertChannelInput struct {
	OrgPath
	Channel int64 `path:"channel"`
}

// CreateAlertChannelInput makes a channel.
type CreateAlertChannelInput struct {
	OrgPath
	Body struct {
		Name   string             `json:"name" minLength:"1" maxLength:"200"`
		Kind   string             `json:"kind"`
		Config AlertChannelConfig `json:"config"`
	}
}

// UpdateAlertChannelInput changes what it names. A configuration replaces the old one as a whole.
type UpdateAlertChannelInput struct {
	AlertChannelInput
	Body struct {
		Name   *string             `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Config *AlertChannelConfig `json:"config,omitempty"`
	}
}

// AlertDelivery is one message to one place, waiting or done.
type AlertDelivery struct {
	ID          string     `json:"id"`
	Key         string     `json:"key" doc:"The idempotency key, the same in every attempt."`
	Status      string     `json:"status" doc:"pending, sent, failed, suppressed"`
	Kind        string     `json:"kind"`
	Target      string     `json:"target" doc:"An e-mail address, or the channel's name."`
	ChannelID   *string    `json:"channelId"`
	RuleID      *string    `json:"ruleId"`
	RuleName    string     `json:"ruleName"`
	ProjectSlug *string    `json:"projectSlug"`
	Reason      string     `json:"reason" doc:"Why the rule fired."`
	IssueID     *string    `json:"issueId"`
	EventID     *string    `json:"eventId"`
	Count       int64      `json:"count" doc:"Alerts this row stands for."`
	Attempts    int64      `json:"attempts"`
	Code        int64      `json:"code" doc:"The last answer's status; 0: none."`
	Error       string     `json:"error"`
	Together    bool       `json:"together" doc:"It was told in one message with others."`
	DateCreated time.Time  `json:"dateCreated"`
	DateDue     time.Time  `json:"dateDue"`
	DateDone    *time.Time `json:"dateDone"`
}

// AlertDeliveriesInput asks for the log.
type AlertDeliveriesInput struct {
	OrgPath
	PageParams
	Rule    int64  `query:"rule"`
	Channel int64  `query:"channel"`
	Status  string `query:"status" enum:"pending,sent,failed,suppressed"`
}

// AlertDeliveryInput names a delivery.
type AlertDeliveryInput struct {
	OrgPath
	Delivery int64 `path:"delivery"`
}

func (a *API) registerAlertChannels() {
	const org = "/api/0/organizations/{org}/"
	handle(a, Route{ID: "listAlertChannels", Method: "GET", Path: org + "alert-channels/", Access: "alerts:read", Summary: "Where alerts can go", Ours: true}, a.listAlertChannels)
	handle(a, Route{ID: "createAlertChannel", Method: "POST", Path: org + "alert-channels/", Access: "org:integrations", Summary: "Make a channel", Ours: true, Status: 201}, a.createAlertChannel)
	handle(a, Route{ID: "getAlertChannel", Method: "GET", Path: org + "alert-channels/{channel}/", Access: "alerts:read", Summary: "A channel", Ours: true}, a.getAlertChannel)
	handle(a, Route{ID: "updateAlertChannel", Method: "PUT", Path: org + "alert-channels/{channel}/", Access: "org:integrations", Summary: "Change a channel", Ours: true}, a.updateAlertChannel)
	handle(a, Route{ID: "deleteAlertChannel", Method: "DELETE", Path: org + "alert-channels/{channel}/", Access: "org:integrations", Summary: "Delete a channel", Ours: true, Status: 204}, a.deleteAlertChannel)
	handle(a, Route{ID: "testAlertChannel", Method: "POST", Path: org + "alert-channels/{channel}/test/", Access: "alerts:write", Summary: "Send a test message", Ours: true, Status: 202}, a.testAlertChannel)
	handle(a, Route{ID: "listAlertDeliveries", Method: "GET", Path: org + "alert-deliveries/", Access: "alerts:read", Summary: "What was told, and what waits to be", Ours: true}, a.listAlertDeliveries)
	handle(a, Route{ID: "getAlertDelivery", Method: "GET", Path: org + "alert-deliveries/{delivery}/", Access: "alerts:read", Summary: "A delivery", Ours: true}, a.getAlertDelivery)
	handle(a, Route{ID: "resendAlertDelivery", Method: "POST", Path: org + "alert-deliveries/{delivery}/resend/", Access: "alerts:write", Summary: "Send a delivery again", Ours: true, Status: 202}, a.resendAlertDelivery)
}

func alertChannel(c *store.AlertChannel) AlertChannel {
	return AlertChannel{ID: itoa(c.ID), Name: c.Name, Kind: c.Kind, Shown: c.Shown, DateCreated: at(c.CreatedMS), DateUpdated: at(c.UpdatedMS)}
}

func (a *API) listAlertChannels(ctx context.Context, _ *AlertChannelsInput) (*One[[]AlertChannel], error) {
	rows, err := a.Store.AlertChannels(ctx, from(ctx).scope)
	if err != nil {
		return nil, a.fail("list alert channels", err)
	}
	out := make([]AlertChannel, len(rows))
	for i := range rows {
		out[i] = alertChannel(&rows[i])
	}
	return one(out), nil
}

// sealConfig checks a configuration and seals it.
func (a *API) sealConfig(rq *request, kind string, in *AlertChannelConfig) (sealed []byte, shown string, err error) {
	if a.Secrets == nil {
		return nil, "", errNotAvailable
	}
	cfg := channel.Config(*in)
	if err := cfg.Validate(kind, a.BaseURL); err != nil {
		return nil, "", badRequest(sentence(err))
	}
	if kind == channel.Email && !a.Mail {
		return nil, "", badRequest("No mail server is set: the operator names one with HINDSIGHT_SMTP_HOST.")
	}
	sealed, err = channel.Seal(a.Secrets, rq.scope.OrgID, &cfg)
	if err != nil {
		return nil, "", a.fail("seal channel", err)
	}
	return sealed, cfg.Shown(kind), nil
}

func (a *API) createAlertChannel(ctx context.Context, in *CreateAlertChannelInput) (*One[AlertChannel], error) {
	rq := from(ctx)
	sealed, shown, err := a.sealConfig(rq, in.Body.Kind, &in.Body.Config)
	if err != nil {
		return nil, err
	}
	c, err := a.Store.CreateAlertChannel(ctx, rq.scope, store.AlertChannel{Name: in.Body.Name, Kind: in.Body.Kind, Config: sealed, Shown: shown})
	if err != nil {
		return nil, a.failWrite("create channel", err, "A channel of this name exists already.")
	}
	return one(alertChannel(c)), nil
}

func (a *API) channel(ctx context.Context, id int64) (*store.AlertChannel, error) {
	c, err := a.Store.AlertChannel(ctx, from(ctx).scope, id)
	return c, a.fail("read channel", err)
}

func (a *API) getAlertChannel(ctx context.Context, in *AlertChannelInput) (*One[AlertChannel], error) {
	c, err := a.channel(ctx, in.Channel)
	if err != nil {
		return nil, err
	}
	return one(alertChannel(c)), nil
}

func (a *API) updateAlertChannel(ctx context.Context, in *UpdateAlertChannelInput) (*One[AlertChannel], error) {
	rq := from(ctx)
	c, err := a.channel(ctx, in.Channel)
	if err != nil {
		return nil, err
	}
	c.Config = nil
	set(&c.Name, in.Body.Name)
	if in.Body.Config != nil {
		if c.Config, c.Shown, err = a.sealConfig(rq, c.Kind, in.Body.Config); err != nil {
			return nil, err
		}
	}
	if c, err = a.Store.UpdateAlertChannel(ctx, rq.scope, *c); err != nil {
		return nil, a.failWrite("update channel", err, "A channel of this name exists already.")
	}
	return one(alertChannel(c)), nil
}

func (a *API) deleteAlertChannel(ctx context.Context, in *AlertChannelInput) (*Nothing, error) {
	return nil, a.fail("delete channel", a.Store.DeleteAlertChannel(ctx, from(ctx).scope, in.Channel))
}

func (a *API) testAlertChannel(ctx context.Context, in *AlertChannelInput) (*One[AlertDelivery], error) {
	rq := from(ctx)
	c, err := a.channel(ctx, in.Channel)
	if err != nil {
		return nil, err
	}
	who := "Somebody"
	if rq.caller.user != nil {
		who = rq.caller.user.Email
	}
	now := a.Now()
	d, err := a.Store.AddDelivery(ctx, rq.scope, store.AlertDelivery{Key: randomKey(), ChannelID: c.ID, Kind: c.Kind, Target: c.Name, Lane: channel.Lane(c.Kind, c.ID),
		Reason: who + " pressed the test button", RuleName: "Test", DueMS: now.UnixMilli(), DeadlineMS: now.Add(10 * time.Minute).UnixMilli()})
	if err != nil {
		return nil, a.fail("test channel", err)
	}
	return one(alertDelivery(d, nil)), nil
}

func randomKey() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func alertDelivery(d *store.AlertDelivery, set *projectSet) AlertDelivery {
	out := AlertDelivery{ID: itoa(d.ID), Key: d.Key, Status: d.Status, Kind: d.Kind, Target: d.Target, ChannelID: idOrNull(d.ChannelID), RuleID: idOrNull(d.RuleID),
		RuleName: d.RuleName, Reason: d.Reason, IssueID: idOrNull(d.IssueID), EventID: text(d.EventID), Count: d.Count, Attempts: d.Attempts, Code: d.Code, Error: d.Error,
		Together: d.Batch != 0 && d.Batch != d.ID, DateCreated: at(d.CreatedMS), DateDue: at(d.DueMS), DateDone: atPtr(d.DoneMS)}
	if set != nil {
		out.ProjectSlug = text(set.slug(d.ProjectID))
	}
	return out
}

func idOrNull(id int64) *string {
	if id == 0 {
		return nil
	}
	s := strconv.FormatInt(id, 10)
	return &s
}

func (a *API) listAlertDeliveries(ctx context.Context, in *AlertDeliveriesInput) (*List[AlertDelivery], error) {
	rq := from(ctx)
	c, err := parseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	set, err := a.projects(ctx, rq)
	if err != nil {
		return nil, err
	}
	page, err := a.Store.AlertDeliveries(ctx, rq.scope, store.AlertDeliveryQuery{RuleID: in.Rule, ChannelID: in.Channel, Status: in.Status,
		Page: store.Page{Limit: perPage(in.PerPage, 50), Cursor: c}})
	if err != nil {
		return nil, a.fail("list deliveries", err)
	}
	out := make([]AlertDelivery, len(page.Rows))
	for i := range page.Rows {
		out[i] = alertDelivery(&page.Rows[i], set)
	}
	return &List[AlertDelivery]{Link: pageLink(a, rq, page), Body: out}, nil
}

func (a *API) getAlertDelivery(ctx context.Context, in *AlertDeliveryInput) (*One[AlertDelivery], error) {
	d, err := a.Store.AlertDelivery(ctx, from(ctx).scope, in.Delivery)
	if err != nil {
		return nil, a.fail("read delivery", err)
	}
	return one(alertDelivery(d, nil)), nil
}

func (a *API) resendAlertDelivery(ctx context.Context, in *AlertDeliveryInput) (*One[AlertDelivery], error) {
	d, err := a.Store.ResendDelivery(ctx, from(ctx).scope, in.Delivery, a.Now().Add(channel.KeepTrying).UnixMilli(), randomKey())
	if err != nil {
		return nil, a.fail("resend delivery", err)
	}
	return one(alertDelivery(d, nil)), nil
}
