// Package channel tells one message to one place: mail, Slack, Microsoft Teams, Discord, a signed webhook,
// PagerDuty, Telegram, ntfy. Each has one file that makes its request of a [Message]; what came with an
// event is text there and never markup. It keeps nothing and tries once: the outbox around it does both.
package channel
