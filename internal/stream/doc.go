// Package stream carries envelopes from the relay to the linker and loses none of them.
//
// It is the one place where the names of streams, subjects, consumers and message headers are
// spelt, and the only package that speaks to NATS. It starts the embedded JetStream server (in
// this process, on no socket) and, when a NATS URL is given, the connection to a cluster.
//
// # The path of a message
//
// [Stream.Publish] takes the messages of one request. Bodies too large for a message go to the
// blob store first. The requests in flight are gathered into one atomic batch, the server syncs
// it to disk once, and only then does Publish return nil: that nil is what the relay's 200 means.
//
// Without a cluster, [Stream.Consume] takes messages from the embedded server. With one, a pump
// (one consumer per kind, so that a flood of one kind delays no other) moves them to the
// cluster's stream under the same message id, and acknowledges here only after the cluster has
// acknowledged there; Consume and [Stream.DeadLetters] then work on the cluster.
//
// A handler's nil acknowledges its batch. An error wrapped by [Permanent] is searched for by
// halving the batch, and the one message is moved to the DEAD_LETTERS stream, with the reason;
// every other error is taken for a passing one, and the messages come again, for ever.
//
// # What it must never do
//
// Acknowledge before the handler returned; drop a message to make room (a full stream refuses);
// build a subject or a blob key from a client's words; decide by the text of an error.
//
// Messages may come more than once and in any order. Deduplication by message id is only an
// optimisation; the consumer's transaction is the guard.
package stream
