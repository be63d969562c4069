package entitlement

import (
	"fmt"
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// ErrMember is returned for facts of a member that cannot be, with their field.
var ErrMember = fault.New(fault.Invalid, "member_facts", "the facts of the member cannot be")

// lastYear is the last that anything is told of.
const lastYear = 2199

// maxYears is more years than anybody pays.
const maxYears = 100

// Parts are what a personal account holds, each kept apart.
type Parts struct {
	Individual, Collective, Subsidy, Interest money.Amount
}

// Total is the account's balance.
func (p Parts) Total() money.Amount { return p.Individual + p.Collective + p.Subsidy + p.Interest }

// of is the place of one part.
func (p *Parts) of(part policy.Part) *money.Amount {
	switch part {
	case policy.Individual:
		return &p.Individual
	case policy.Collective:
		return &p.Collective
	case policy.Subsidy:
		return &p.Subsidy
	case policy.Interest:
		return &p.Interest
	}
	return nil
}

// all is every part in the order in which they are written.
func all() [4]policy.Part {
	return [4]policy.Part{policy.Individual, policy.Collective, policy.Subsidy, policy.Interest}
}

// Payment is money that was posted to an account.
type Payment struct {
	// Year is the year that it is for.
	Year   int
	Amount money.Amount
	PaidOn calendar.Day
	// Kind is Individual, whoever paid it, Collective or Subsidy.
	Kind policy.Part
}

// Drawing is a pension that was paid from the account in a month.
type Drawing struct {
	Month  calendar.Month
	Amount money.Amount
}

// History is what happened to an account. Of one month payments come before
// drawings, whatever their order here.
type History struct {
	// Opening is what the account held at the end of OpenedAt beside Payments, interest
	// included. Without OpenedAt it is what it held at the end of the month asked.
	Opening  Parts
	OpenedAt calendar.Month
	Payments []Payment
	Drawings []Drawing
}

// ordered is the history by days.
func (h History) ordered() History {
	byDay := func(a, b Payment) int { return a.PaidOn.Compare(b.PaidOn) }
	if !slices.IsSortedFunc(h.Payments, byDay) {
		h.Payments = slices.SortedStableFunc(slices.Values(h.Payments), byDay)
	}
	byMonth := func(a, b Drawing) int { return a.Month.Compare(b.Month) }
	if !slices.IsSortedFunc(h.Drawings, byMonth) {
		h.Drawings = slices.SortedStableFunc(slices.Values(h.Drawings), byMonth)
	}
	return h
}

// Member is what a pension depends on.
type Member struct {
	Birth calendar.Day
	// Years is for how many years contributions were paid in all, those among the
	// payments included.
	Years int
	// OtherPension says that another basic pension is drawn in the month asked,
	// ChildUnpaid that a child who must pay does not.
	OtherPension, ChildUnpaid bool
	History
}

// payment is the name of a field of a payment.
func payment(i int, field string) string { return fmt.Sprintf("payments[%d].%s", i, field) }

// check refuses facts that contradict themselves or the scheme's start, or that lie
// after the month asked.
func (t *Terms) check(m *Member, asOf calendar.Month) error {
	switch {
	case m.Birth.IsZero() || m.Birth.After(asOf.Last()):
		return ErrMember.With("the birth is a day up to the month asked, %s", asOf).On("birth")
	case asOf.Year() > lastYear:
		return ErrMember.With("nothing is told of months after %d", lastYear).On("as_of")
	case m.Years < 0 || m.Years > maxYears:
		return ErrMember.With("the years are 0 to %d", maxYears).On("years")
	}
	if err := t.checkHistory(&m.History, asOf); err != nil {
		return err
	}
	if n := len(paidYears(m.Payments)); n > m.Years {
		return ErrMember.With("payments for %d years are listed, and the years are said to be %d", n, m.Years).
			On("years")
	}
	return nil
}

func (t *Terms) checkHistory(h *History, to calendar.Month) error {
	for _, part := range all() {
		if a := *h.Opening.of(part); a < 0 || a > money.Max {
			return ErrMember.With("an opening balance is 0.00 to %s", money.Max).On("opening." + string(part))
		}
	}
	sum := h.Opening.Total()
	if sum > money.Max {
		return ErrMember.With("the opening balances are %s at most together", money.Max).On("opening")
	}
	for i := range h.Payments {
		if err := t.checkPayment(&h.Payments[i], i, to); err != nil {
			return err
		}
		if sum += h.Payments[i].Amount; sum > money.Max {
			return ErrMember.With("the account holds %s at most", money.Max).On(payment(i, "amount"))
		}
	}
	for i, d := range h.Drawings {
		if d.Month.IsZero() || d.Month.Compare(to) > 0 || d.Amount <= 0 || d.Amount > money.Max {
			return ErrMember.With("a drawing is above zero and up to %s", to).On(fmt.Sprintf("drawings[%d]", i))
		}
	}
	return nil
}

func (t *Terms) checkPayment(p *Payment, i int, to calendar.Month) error {
	first := t.start.value.Year()
	switch {
	case p.Kind != policy.Individual && p.Kind != policy.Collective && p.Kind != policy.Subsidy:
		return ErrMember.With("the kind is individual, collective or subsidy").On(payment(i, "kind"))
	case p.Amount <= 0 || p.Amount > money.Max:
		return ErrMember.With("a payment is above zero").On(payment(i, "amount"))
	case p.Year < first:
		return ErrMember.With("the scheme began in %d: nothing is paid for %d", first, p.Year).On(payment(i, "year"))
	case p.PaidOn.Year() < first:
		return ErrMember.With("the scheme began in %d: nothing was paid on %s", first, p.PaidOn).
			On(payment(i, "paid_on"))
	case p.PaidOn.After(to.Last()):
		return ErrMember.With("paid on %s, after the account's last month, %s", p.PaidOn, to).On(payment(i, "paid_on"))
	}
	return nil
}

// paidYear is a year of contributions and the day from which it counts: that of its first
// payment. What was paid before the year began counts from its first day; the money earns
// from the day on which it came.
type paidYear struct {
	year int
	on   calendar.Day
}

// paidYears are the years that the payments are for, in the order in which they count.
func paidYears(payments []Payment) []paidYear {
	years := make([]paidYear, 0, 32)
next:
	for i := range payments {
		p := &payments[i]
		if p.Kind != policy.Individual {
			continue
		}
		for _, y := range years {
			if y.year == p.Year {
				continue next
			}
		}
		on := p.PaidOn
		if p.Year > on.Year() {
			// The year is the scheme's or a later one, so the calendar has the day.
			on, _ = calendar.Date(p.Year, 1, 1)
		}
		years = append(years, paidYear{p.Year, on})
	}
	slices.SortStableFunc(years, func(a, b paidYear) int { return a.on.Compare(b.on) })
	return years
}
