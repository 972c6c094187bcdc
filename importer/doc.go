// Package importer brings projects with their settings and rules, releases, and issues with the latest event of each
// in from a server that speaks Sentry's /api/0/: Sentry itself, GlitchTip, another Hindsight.
//
// It reads page by page and waits when it is told to. What is data (projects, releases, issues, events) it writes
// through package store; what a person could have typed (settings, rules, monitors, searches, members) through this
// server's own API, since that has the same form and its own checks. Everything it writes has a name that a second run
// finds again (a project's slug, a key's label, a release's version, an issue's foreign id, a rule's name), so it can be
// stopped anywhere and run again, and a run that finds nothing new changes nothing.
//
// An issue's latest event goes through the linker's own steps ([linker.Foreign]), so the issue has the hashes by which
// the next event of its cause is found. What did not come, or not whole, is in [Summary.Notes] with why: nothing is
// left out in silence.
package importer
