// Package rule is the one form of an alert rule: when, if, then. Sentry's three forms of the same thing
// (issue alert rules, metric alert rules, workflows with detectors) are faces of it, made by the API; the
// worker knows only this one. It is pure: a document, its checks, and the questions it asks through [Facts].
package rule
