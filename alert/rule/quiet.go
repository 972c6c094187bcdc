package rule

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// clock reads HH:MM as minutes since midnight.
func clock(s string) (int, bool) {
	h, m, ok := strings.Cut(s, ":")
	if !ok || len(h) != 2 || len(m) != 2 {
		return 0, false
	}
	hours, err1 := strconv.Atoi(h)
	minutes, err2 := strconv.Atoi(m)
	n := hours*minutesOfHour + minutes
	return n, err1 == nil && err2 == nil && hours >= 0 && minutes >= 0 && minutes < minutesOfHour && n < minutesOfDay
}

// Until says when the quiet hours that hold now end; now itself when none do. It goes by the wall clock of
// the time zone: a night on which the clock is changed is longer or shorter, its end is not.
func (q *Quiet) Until(now time.Time) time.Time {
	if q == nil {
		return now
	}
	loc, err := time.LoadLocation(q.TimeZone)
	start, okStart := clock(q.Start)
	end, okEnd := clock(q.End)
	if err != nil || !okStart || !okEnd {
		return now
	}
	local := now.In(loc)
	for _, ago := range []int{0, 1} { // it may have begun yesterday
		y, m, d := local.AddDate(0, 0, -ago).Date()
		from := time.Date(y, m, d, start/minutesOfHour, start%minutesOfHour, 0, 0, loc)
		if len(q.Days) > 0 && !slices.Contains(q.Days, int(from.Weekday())) {
			continue
		}
		if end <= start {
			d++
		}
		to := time.Date(y, m, d, end/minutesOfHour, end%minutesOfHour, 0, 0, loc)
		if !local.Before(from) && local.Before(to) {
			return to
		}
	}
	return now
}
