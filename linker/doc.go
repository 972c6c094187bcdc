// Package linker turns what the edge took into rows: events into issues, transactions and spans into
// traces, recordings into replays, and all of them into links.
//
// There is one consumer per kind of message, so a flood of one never delays another. A consumer takes a
// batch and goes through three steps, in this order and no other:
//
//  1. commit: each message is decoded (in parallel), normalised, its frames mapped by what was uploaded, and grouped into a [store.Write]; the whole
//     batch goes into the database in one transaction that a redelivered message passes without effect.
//  2. join: what the batch taught is looked up from the other side, in transactions of its own, because of
//     two concurrent commits only the later one can see the other.
//  3. acknowledge: by returning nil. A crash anywhere before that means redelivery and another join.
//
// It must never acknowledge before both are done, never let one bad message fail its neighbours for good
// (a permanent error makes the stream bisect the batch), and never drop an item without an outcome.
package linker
