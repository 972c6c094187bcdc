package relay

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// parseLimits reads an upstream's answer as an SDK does (protocol.md §11): until when which
// category is to be held back; "" is every one. Without a header a 429 means Retry-After, or a
// minute, for all.
func parseLimits(h http.Header, status int, now time.Time) map[string]time.Time {
	limits := map[string]time.Time{}
	note := func(category string, seconds float64) {
		seconds = min(math.Ceil(seconds), 24*3600)
		if until := now.Add(time.Duration(seconds) * time.Second); until.After(limits[category]) {
			limits[category] = until
		}
	}
	header := h.Get("X-Sentry-Rate-Limits")
	for limit := range strings.SplitSeq(header, ",") {
		parts := strings.Split(strings.TrimSpace(limit), ":")
		seconds, err := strconv.ParseFloat(parts[0], 64)
		if err != nil || seconds < 0 || math.IsNaN(seconds) {
			continue
		}
		if len(parts) == 1 {
			note("", seconds)
			continue
		}
		for category := range strings.SplitSeq(parts[1], ";") {
			note(category, seconds)
		}
	}
	if len(limits) > 0 || status != http.StatusTooManyRequests {
		return limits
	}
	retry := h.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(retry, 64); err == nil && seconds >= 0 {
		note("", seconds)
	} else if at, err := http.ParseTime(retry); err == nil {
		note("", max(at.Sub(now).Seconds(), 0))
	} else {
		note("", 60)
	}
	return limits
}
