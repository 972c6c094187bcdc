// Package groupingtest reads the corpus that grouping is measured by: events in the shapes of real SDKs, each with
// the issue that a person says it belongs to. A file is a project. It holds a list of events, or base events
// and what differs from them: "exception.values.0.value" is set to another text, and so on.
package groupingtest
