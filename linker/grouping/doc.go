// Package grouping decides which events are the same issue, and what the issue is called.
//
// It is pure and versioned: the same event and algorithm give the same hashes for ever, so a change
// of the rules is a new algorithm beside the old one, never an edit of it. What an algorithm does to
// real events is held by the corpus in testdata: events with the issue each belongs to, and the hash
// each got. The test prints precision and recall over all pairs.
//
// Version 2 is current. It looks at the application's own frames, and at all frames when there are none of the
// application's; both hashes are kept. To version 1 (below) it adds:
//
//   - Frames that only carry an asynchronous call do not count; nor does where on which machine a file lay.
//   - A group of exceptions is a tree of what it holds, each kind once; a group of one kind is that kind.
//   - An exception of everybody's type (Error, RuntimeException) is also its message, unless the line of source
//     tells where it was thrown.
//   - Browsers' own words for the same failure are brought into one form, mapped frames count by their mapped names.
//   - More kinds of values are taken out of messages: JSON, tokens, ids of services, percentages.
//   - Security reports are the rule and who broke it; a job's failures are the job's.
//   - A project's rules (package rules) may name a fingerprint, and say which frames are the application's and count.
//
// The hashes of version 1 are [Result.Older]: issues of its time are found by them, so that no issue is split by
// a better algorithm. They are not remembered for new issues.
//
// Version 1, in short:
//
//   - An exception is its type and the frames of the application, each as module (or file) and function,
//     without what changes from build to build: line numbers, hashes in bundle names, closure
//     numbers, recursion depth. The innermost frame's line of source, where there is one, tells apart
//     two failures of one function.
//   - An exception without frames, or of a type that says nothing (Go's *errors.errorString), is also
//     its message, with the values in it replaced by their kind.
//   - All exceptions of a chain count; of a group each kind counts once.
//   - A message is its template, or its text with the values replaced.
//   - A fingerprint from the client replaces all that, or adds to it by {{ default }}.
//
// [Result] also holds a hash of all frames: it is the same issue's second name, for when what counts as
// the application's changes.
package grouping
