// Package release reads what a release is called and says which of two comes later. Pure.
//
// A release's version is free text. Sentry's convention is "package@version+build" with a semantic
// version ("shop@1.2.3-rc.1+77"); calendar versions ("2026.11.28", "2026-11-28-2") order the same
// way, component by component. What is neither (a commit's hash, a word) has no order of its own:
// those releases are ordered by date, by whoever has their dates.
package release
