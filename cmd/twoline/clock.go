package main

import (
	"time"

	"twoline/gateway/calendar"
)

// clocks are the two clocks of the gateway, both handed in.
type clocks struct {
	// now is the wall clock: signatures, sessions, the time of a row.
	now func() time.Time
	// today is the business day in Asia/Shanghai.
	today func() calendar.Day
}

// wallClocks are the clocks of a real service.
func wallClocks() clocks {
	return clocks{now: time.Now, today: func() calendar.Day { return calendar.DayIn(time.Now()) }}
}
