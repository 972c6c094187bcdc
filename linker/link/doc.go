// Package link turns signals into associations: which replay an error, a transaction, a span or a
// feedback happened in, how sure that is, and why, in words.
//
// It is pure: no storage, no clock, no log. A link is a set of [Signals] that agreed and a set of
// [Flags]; its [Tier] is computed from the two and never stored. [Collect] reads the ids an item was
// handed; [Judge] decides everything that depends on other rows (the same trace, the same request, the
// guard against one trace in many replays, the primary replay). Judge is a function of the facts alone,
// so it may be asked again whenever a fact is added: the order in which facts arrive cannot show.
package link
