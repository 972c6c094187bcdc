// Package search reads Sentry's search language and turns it into the store's filters.
//
// [Parse] gives a tree; [Issues], [Replays] and [Events] compile it, each with the keys of its subject.
// Every refusal is one sentence for the person who typed the query, naming the term. A query has at
// most 20 terms (a list counts as one and has at most 1000 values), 4096 bytes and 16 levels.
package search
