// Package rules reads what people write about grouping, in Sentry's syntax: fingerprint rules and
// stack-trace rules, one a line
// (https://docs.sentry.io/concepts/data-management/event-grouping/fingerprint-rules/ and …/stack-trace-rules/):
//
//	error.type:DatabaseUnavailable -> system-down
//	stack.function:checkout_* message:"*timed out*" -> {{ default }}, slow title="Checkout is slow"
//	family:native stack.function:std::* -app
//	[ stack.function:dispatch ] | stack.module:vendor.* ^-group
//
// Patterns are globs, compiled to RE2: they match in time linear to the text. Texts, rules, matchers and
// patterns are bounded. What is wrong is told by line ([Errors]). It is pure; package grouping does what
// the rules say.
package rules
