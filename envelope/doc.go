// Package envelope is the wire format between Sentry SDKs and a server, and nothing else.
//
// It reads and writes envelopes (a JSON header, then items of a JSON header and a payload
// each), the DSN, the auth header, the dynamic sampling context, the sentry-trace, traceparent
// and baggage headers, and the typed payloads items carry. The package is pure: no I/O of its
// own, no clock, no log, only the standard library. Anyone may import it.
//
// Two ways lead in. [Parse] takes a whole envelope; its payloads alias the given bytes.
// [Reader] takes a stream and needs only a small buffer however large the items are, so that
// a server can refuse while it reads. Both are one scanner and report the same [ParseError]s.
//
// What was not understood is kept: unknown header keys, unknown item types, unknown payload
// fields. An envelope that was parsed and not changed is written back byte for byte; where a
// field was changed, only that key of that header is rewritten.
//
// Input is hostile. Claimed lengths are compared, never allocated; every list and text has a
// bound; JSON keys match exactly and the last of duplicate keys stands (encoding/json alone
// would let EVENT_ID override event_id).
//
// The format is described at https://develop.sentry.dev/sdk/data-model/envelopes/. Where that
// page, Relay and the SDKs differ, the code says whom it follows.
package envelope
