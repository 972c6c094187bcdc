// Package normalize gives an event its meaning: levels, platforms, names and times brought into
// their one form, limits applied, what can be derived derived (who it happened to, with which
// browser, on which side). The rules are those of Sentry's Relay as the protocol pages and its
// integration tests describe them (https://develop.sentry.dev/sdk/data-model/event-payloads/).
//
// It is pure: no clock, no I/O; what it needs to know comes in [Input]. Nothing is refused: a
// value that cannot stand is removed or replaced and noted in the event's _meta. Normalising
// an event again, with the clocks already corrected, changes nothing.
//
// The path through it is [Event]. Replay ids are collected from the event before, because Event
// writes the trace header's id over the event's own.
package normalize
