package store

import "time"

// searchLimits bound what a search reads to find its rows. Whatever they are, it finds the same rows.
type searchLimits struct {
	// Narrow is how many rows a condition may leave to be looked up one by one. A condition that leaves more is
	// met often enough on a walk in the order of the list.
	Narrow int
	// Tried is how many rows of a list are walked in the hope of that; it may be that only old ones have it. Then, of issues,
	// steps of Walked rows are walked as long as Walking lasts, or Patience for who wants a full page, and the page
	// ends where it has come to.
	Tried, Walked     int
	Walking, Patience time.Duration
	// Driven is how many rows a condition may leave to be put in order all of them.
	Driven int
	// TextEvents is how many events of issues that have a text may be looked through for it.
	TextEvents int64
	// CountedEvents is how many events are looked at to count those that fit.
	CountedEvents int
	// PatternValues and FittingValues are how many values a pattern may stand for: to be replaced by them, and to be
	// looked up by them.
	PatternValues, FittingValues int

	ReadValues  int64 // read for a pattern that no trigram is of
	GramValues  int   // met by trigrams, of whichever key
	FrameValues int   // different ones of a key that only issues have
}

func usualLimits() searchLimits {
	return searchLimits{Narrow: 2_000, Tried: 500, Walked: 2_000, Walking: 30 * time.Millisecond, Patience: 2 * time.Second, Driven: 10_000, TextEvents: 20_000, CountedEvents: 100_000, PatternValues: 200, FittingValues: 2_000,
		ReadValues: 50_000, GramValues: 20_000, FrameValues: 20_000}
}

// listLimits bound how many values of a key are put in order, where projects have very many. All values of a key are
// counted while they are few; of more, those are found that are met within the bounds.
type listLimits struct {
	Exact  int64 // values that are counted all
	Listed int   // of a key that has more: those that are put in order
	Looked int   // those that are looked through for a part that no trigram is of
	Recent int   // events whose values are the newest
}

func usualListLimits() listLimits {
	return listLimits{Exact: 5_000, Listed: 2_000, Looked: 5_000, Recent: 5_000}
}
