// Package relay is the HTTP edge: it takes what Sentry SDKs send, and answers 200 only for what
// will not be lost.
//
// # The life of an envelope at the edge
//
// A request's path is read first (findRoute): slashes are folded, a trailing one does not matter,
// nothing is redirected. Every answer, errors too, carries the CORS headers a browser's SDK needs
// to read it. Before a byte of the body is read, the request is refused if too many are inside,
// or if the stream is nearly full (503 with Retry-After: SDKs drop what they were told to, so
// readiness and the ladder of fillShed and fillRefuse come early).
//
// credentials finds the public key in exactly one of its places, and authorize holds it against
// the [Keys] in memory, the project in the path, and the origin. An envelope through a tunnel says
// who it is for in its own header; then that comes first.
//
// The body is read at a minimum pace, bounded on the wire and again after decompression while it
// is read, so that a bomb costs no more than its limit. [envelope.Reader] cuts it into items as
// it streams; JSON passes the sanitizer on its way, which repairs what no database takes; small
// items stay in memory, the rest goes to an unnamed file (spool). Nothing is published before the
// whole envelope has been read and found sound: it is accepted whole or not at all. An item that
// is no JSON is left out and counted, the rest of its envelope counts.
//
// Then the parcel gets its event id (identify), and is filtered. What the event's own request
// headers say of its trace and replay is read (learn) before everything is scrubbed (scrub): up to
// here nothing readable has left the memory of this request, since what it spills to a file is
// encrypted. The rest is cut by kind (messages): each part is an envelope again, with the header
// it came with, and goes to the stream as one message with the facts known here: who, when, from
// where, which trace and replay.
//
// Publish is called once for all parts, and outlives the client. After it the answer is 200.
//
// What is refused or dropped is counted by project, key, category and reason, and told each
// second as an item of its own (stream.ItemOutcomes); what is dropped out of an accepted envelope
// is told in the same publish as the rest of it.
//
// # Mounting it
//
// [OpenUpstream] is a whole edge before another server, for a service that has nothing else of
// Hindsight: see its example, and examples/tunnel. [New] takes keys and a [Publisher] of one's own.
// Neither needs a database; the package knows none.
package relay
