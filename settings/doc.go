// Package settings is what a project's owners decide about what comes in: which browsers may send,
// what is filtered, scrubbed, limited and passed on. It is one typed document, [Settings], stored
// as JSON with the project, changed through the API and carried in memory by every relay.
//
// The package holds shapes, defaults and checks only: what a setting does is written where it is
// done (relay and its packages). It imports nothing of ours, so relay, store and api can all speak
// of settings without knowing each other.
package settings
