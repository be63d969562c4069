package award_test

import (
	"testing"

	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// What was before a return went where the member did; what came since stays, and so does a row that a run wrote for
// the first month.
func TestWhoCameBackBeginsAnew(t *testing.T) {
	t.Parallel()
	paid := func(day string) entitlement.Payment {
		return entitlement.Payment{Year: 2011, Amount: 100_00, PaidOn: calendar.MustDay(day), Kind: policy.Individual}
	}
	row := func(month string, amount int, awarded bool) award.Stands {
		return award.Stands{From: calendar.MustMonth(month), Amount: money.Amount(amount), Awarded: awarded}
	}
	f := award.Facts{ //nolint:exhaustruct // what begins anew
		Back: calendar.MustDay("2012-02-10"), BackFrom: calendar.MustMonth("2012-03"), Opening: entitlement.Parts{Individual: 5},
		Payments: []entitlement.Payment{paid("2012-02-09"), paid("2012-02-10")},
		Base: []award.Stands{
			row("2011-05", 1, true), {From: calendar.MustMonth("2012-03"), Amount: 0, Awarded: false}, row("2012-03", 1, true),
		},
	}
	f.BeginAnew()
	if f.Opening.Total() != 0 || len(f.Payments) != 1 || f.Payments[0].PaidOn != f.Back || len(f.Base) != 1 ||
		f.Base[0].From != f.BackFrom || f.Base[0].Amount == 0 {
		t.Errorf("begins with %+v", f)
	}
	stays := award.Facts{Payments: []entitlement.Payment{paid("2012-02-09")}} //nolint:exhaustruct // who never left
	if stays.BeginAnew(); len(stays.Payments) != 1 {
		t.Errorf("who never left begins with %+v", stays)
	}
}
