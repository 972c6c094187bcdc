package search

import (
	"strconv"
	"strings"
	"time"

	"github.com/hindsight-dev/hindsight/store"
)

// quantityUnits are what may follow a number that is compared with a cell: durations in milliseconds, sizes in bytes.
var quantityUnits = map[string]float64{
	"": 1, "k": 1e3, "m": 1e6, "%": 0.01,
	"ms": 1, "s": 1e3, "sec": 1e3, "min": 6e4, "h": 36e5, "hr": 36e5, "d": 864e5, "day": 864e5, "w": 6048e5, "wk": 6048e5,
	"bit": 0.125, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}

// Quantity reads a number with a unit. m is minutes of a duration and millions else, b billions or bytes: duration
// and size say which the compared cell is.
func Quantity(s string, duration, size bool) (float64, bool) {
	cut := strings.LastIndexAny(s, "0123456789.") + 1
	if cut == 0 {
		return 0, false
	}
	unit := strings.ToLower(s[cut:])
	factor, ok := quantityUnits[unit]
	switch {
	case unit == "m" && duration:
		factor = 6e4
	case unit == "b" && size:
		factor, ok = 1, true
	case unit == "b":
		factor, ok = 1e9, true
	}
	n, err := strconv.ParseFloat(s[:cut], 64)
	return n * factor, ok && err == nil
}

var compareSigns = map[store.FilterOp]string{store.FilterEq: "=", store.FilterGt: ">", store.FilterGte: ">=", store.FilterLt: "<", store.FilterLte: "<="}

// Span reads a date that a term compares with and gives the times that fit, from included and to not; zero is
// open.
func Span(now time.Time, t Term) (from, to time.Time, err error) {
	f, err := dateKey("")(Context{Now: now}, t)
	if err != nil {
		return from, to, err
	}
	for _, c := range append(f.Subs, f) {
		if len(c.Values) == 0 {
			continue
		}
		at := time.UnixMilli(c.Values[0].(int64))
		switch compareSigns[c.Op] {
		case ">=":
			from = at
		case ">":
			from = at.Add(time.Millisecond)
		case "<":
			to = at
		case "<=":
			to = at.Add(time.Millisecond)
		case "=":
			from, to = at, at.Add(time.Millisecond)
		}
	}
	return from, to, nil
}
