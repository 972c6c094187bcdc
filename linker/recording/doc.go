// Package recording reads session recordings: the rrweb event streams that browsers' and phones' SDKs
// send in segments.
//
// [Parse] reads a segment once, as a stream of JSON tokens, and keeps only what lists, searches and
// links need: [Frame]s (console, network, clicks, navigation, …), [Request]s with the trace ids found in
// their recorded headers, [Click]s. DOM snapshots are stepped over and never built in memory: a
// page of 50 MiB costs no more than a small one.
//
// [Events] gives the same events to a player, in the order of time, and [Sanitize] takes out of them what
// could run or load something. A recording comes from a stranger's page: nothing in it is believed.
//
// Times are milliseconds since 1970. SDKs write performance spans in seconds; that is put right here,
// once. The package is pure: bytes in, values out.
package recording
