// Command services is the Go half of Bob's Shop: auth, inventory and payment, one process each
// (`services payment`), with sentry-go and tracing on. They are written as an ordinary team would
// write them; nothing in them knows Hindsight.
//
// Environment: PORT, SENTRY_DSN, INVENTORY_URL (payment).
package main
