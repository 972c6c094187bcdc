// Package importer brings projects, releases and the state of issues in from a server that speaks Sentry's
// /api/0/: Sentry itself, GlitchTip, another Hindsight.
//
// It reads page by page, waits when it is told to, and writes through package store alone. Everything it
// writes has a name that a second run finds again (a project's slug, a key's label, a release's version, an
// issue's foreign id), so it can be stopped anywhere and run again, and a run that finds nothing new changes
// nothing. Events are not read: an imported issue has the numbers it had and no events, and because its
// hashes are another server's, the next event of the same cause makes an issue of its own.
package importer
