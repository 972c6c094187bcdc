// Package filter decides what a project does not want although it is well formed (protocol.md
// §13): what crawlers, extensions, old browsers, health checks and the developers' own machines
// cause. A [Filter] is made once of a project's settings and judges one payload at a time; the
// verdict is a word of Sentry's, which becomes the outcome's reason.
//
// The package is pure: it reads payloads by name, without decoding them, before anything is
// scrubbed, and does no I/O.
package filter
