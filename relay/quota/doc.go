// Package quota counts what projects send, in windows, and says when it is enough.
//
// A [Limiter] holds one counter per quota and window. [Limiter.Take] judges a request and counts
// it in one step, so within one process a quota is exact: the request that uses it up is still
// taken whole, the next is not. Several relays tell each other their counts (see [Exchange]);
// then a quota may be passed by what the others took in the last [Pace] and the time a message
// takes. While they cannot reach each other, each counts alone.
//
// Counts are told as totals by relay, never as differences: a message that is lost or comes twice
// changes nothing, and a relay that starts asks the others for all they know. [Norms] is the other
// half of spike protection: what is usual for a project.
//
// The package knows neither HTTP nor items.
package quota
