// Package alert tells people what they asked to be told: evaluate → outbox → deliver.
//
// What happens to an issue is noted as a signal in the transaction that makes it happen (package store).
// A worker asks the rules about each signal ([Worker.Evaluate]) and, in one transaction, ends the signal and
// puts what is to be told into the outbox. Another takes one message at a time from each lane, sends it
// through package alert/channel and notes the end ([Worker.Deliver]). A process that dies in between leaves
// the message to be sent again with the same idempotency key: at least once, and at most one repeat a lane.
//
// Metric rules are looked at by the clock, and so are scheduled jobs: [Worker.WatchMonitors] finds the ones
// that did not report. Numbers come from store; nothing here knows SQL.
//
// Failures to deliver are logged as warnings, never as errors: what reports Hindsight's own errors to
// Hindsight would else alert about alerts.
package alert
