// Package business compares the business records, items and their results, with the
// book: the third of the three sides that are held against each other every month.
//
//	batches of the month ─┬─► items by outcome ──┐
//	                      └─► postings of items ─┴─► Comparison: one row a batch
//	                                             └─► what is out of step, by item
//
// Three situations have a name of their own, and each is listed by item:
//
//   - late_result: the bank answered on a business day after the one that it was due on,
//     or after the month in which the money moved
//   - arrival_without_result: money that names the item is there, or money that names
//     its batch and is more than the successes of the batch, and no final answer
//   - result_without_money: the bank said that it succeeded, and neither the book nor
//     the bank's statement has the money
//
// Everything is read in one snapshot, summed where it lies, and listed by page.
package business

import (
	"context"
	"errors"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// ErrMonth is a month that has not begun.
var ErrMonth = fault.New(fault.Invalid, "month_not_begun", "the month has not begun; name one that has")

// Flow is which way a batch's money goes.
type Flow string

// The flows.
const (
	Payment     Flow = "payment"
	Withholding Flow = "withholding"
)

// Tally is a number of items and what they come to.
type Tally struct {
	Count  int
	Amount money.Amount
}

// Add returns the sum of two.
func (t Tally) Add(u Tally) Tally { return Tally{t.Count + u.Count, t.Amount + u.Amount} }

// Batch is one batch on both sides.
type Batch struct {
	Flow   Flow
	ID     int64
	Number string
	Bank   string
	Scheme ledger.Scheme
	// Run is the pay run or the withholding run.
	Run       int64
	CreatedOn calendar.Day
	// Items are all of them; Unknown have no final answer, Withdrawn were recalled.
	Items, Succeeded, Failed, Unknown, Withdrawn Tally
	// Booked are items with a posting of their money; Unexplained those of them whose
	// result is no success.
	Booked, Unexplained Tally
	// Returned are successes that came back, as booked.
	Returned Tally
}

// Agrees says that what succeeded is what is booked.
func (b Batch) Agrees() bool { return b.Succeeded == b.Booked && b.Unexplained.Count == 0 }

// Account is what a month's entries of one kind credited to contributions and to
// the personal accounts.
type Account struct {
	Scheme ledger.Scheme
	Kind   ledger.Kind
	// Fund is by the fund's set of accounts, Personal by the memorandum set.
	Fund, Personal Tally
}

// Situation is a way in which an item is out of step with its money.
type Situation string

// The situations.
const (
	LateResult           Situation = "late_result"
	ArrivalWithoutResult Situation = "arrival_without_result"
	ResultWithoutMoney   Situation = "result_without_money"
)

// Situations lists all, in the order of the report.
func Situations() []Situation {
	return []Situation{LateResult, ArrivalWithoutResult, ResultWithoutMoney}
}

// Item is one item out of step. Names print masked.
type Item struct {
	Situation Situation
	Flow      Flow
	ID        int64
	Batch     string
	Bank      string
	SocialNo  string
	Name      party.Name
	Amount    money.Amount
	// ValueDate is when the money moved, AnsweredOn when the bank said so and Due when
	// it should have; each may be no date.
	ValueDate, AnsweredOn, Due calendar.Day
	// Reason says which of its forms it is: after_deadline, after_month; batch_money,
	// item_money; not_booked, not_on_statement.
	Reason string
}

// Out is how many items are in a situation, and the first of them.
type Out struct {
	Situation Situation
	Tally
	Items []Item
	More  bool
}

// Comparison is a month on both sides.
type Comparison struct {
	Area     party.Area
	Month    calendar.Month
	Batches  []Batch
	Accounts []Account
	Out      []Out
	// Agrees says that every batch and every account agrees; an item out of step may
	// agree and be late.
	Agrees bool
}

// Ask selects items of one situation, or of all, after an id.
type Ask struct {
	Area      party.Area
	Month     calendar.Month
	Situation Situation
	After     int64
	Limit     int
	// Due says for every day of the month and those around it until when the bank has
	// to answer for money of that day.
	Due []Due
}

// Due is the last day for an answer about money of a day.
type Due struct{ Day, Due calendar.Day }

// answerDays is after how many working days results are due.
const answerDays = 3

// firstItems is how many items a comparison lists of each situation.
const (
	firstItems = 200
	maxItems   = 1000
)

// Tx reads both sides.
type Tx interface {
	// MonthBatches sums the items and postings of the batches that were made in a month.
	MonthBatches(ctx context.Context, area party.Area, month calendar.Month) ([]Batch, error)
	// MonthAccounts sums contributions and personal accounts accounted in a month.
	MonthAccounts(ctx context.Context, area party.Area, month calendar.Month) ([]Account, error)
	// OutOfStep counts the items of a situation, and lists them by rising id.
	OutOfStep(ctx context.Context, a Ask) (Tally, error)
	OutOfStepItems(ctx context.Context, a Ask) ([]Item, error)
}

// Store runs snapshots.
type Store interface {
	Read(ctx context.Context, fn func(Tx) error) error
}

// Service compares. It is safe for concurrent use.
type Service struct {
	store Store
	days  *calendar.WorkingDays
	today func() calendar.Day
}

// New makes a Service.
func New(store Store, days *calendar.WorkingDays, today func() calendar.Day) *Service {
	return &Service{store: store, days: days, today: today}
}

// Compare compares a month of the officer's area.
func (s *Service) Compare(ctx context.Context, by approval.Officer, month calendar.Month) (Comparison, error) {
	c := Comparison{Area: by.Area, Month: month} //nolint:exhaustruct // filled below
	ask, err := s.ask(by, month)
	if err != nil {
		return c, err
	}
	err = s.store.Read(ctx, func(tx Tx) (err error) {
		c.Out = nil
		if c.Batches, err = tx.MonthBatches(ctx, by.Area, month); err != nil {
			return err
		}
		if c.Accounts, err = tx.MonthAccounts(ctx, by.Area, month); err != nil {
			return err
		}
		for _, one := range Situations() {
			out := Out{Situation: one} //nolint:exhaustruct // filled below
			ask.Situation, ask.After, ask.Limit = one, 0, firstItems+1
			if out.Tally, err = tx.OutOfStep(ctx, ask); err != nil {
				return err
			}
			if out.Items, err = tx.OutOfStepItems(ctx, ask); err != nil {
				return err
			}
			if out.More = len(out.Items) > firstItems; out.More {
				out.Items = out.Items[:firstItems]
			}
			c.Out = append(c.Out, out)
		}
		return nil
	})
	if err != nil {
		return c, fmt.Errorf("compare records with the book in %s: %w", month, err)
	}
	c.Agrees = true
	for _, b := range c.Batches {
		c.Agrees = c.Agrees && b.Agrees()
	}
	for _, a := range c.Accounts {
		c.Agrees = c.Agrees && a.Fund == a.Personal
	}
	return c, nil
}

// Items lists the items of one situation after an id.
func (s *Service) Items(
	ctx context.Context, by approval.Officer, month calendar.Month, which Situation, after int64, limit int,
) ([]Item, error) {
	ask, err := s.ask(by, month)
	if err != nil {
		return nil, err
	}
	ask.Situation, ask.After, ask.Limit = which, after, min(max(limit, 1), maxItems+1)
	var out []Item
	err = s.store.Read(ctx, func(tx Tx) (err error) {
		out, err = tx.OutOfStepItems(ctx, ask)
		return err
	})
	return out, err
}

func (s *Service) ask(by approval.Officer, month calendar.Month) (Ask, error) {
	a := Ask{Area: by.Area, Month: month} //nolint:exhaustruct // the rest by its asker
	if by.Area == 0 || by.Region != 0 {
		return a, approval.ErrDuty
	}
	if month.First().After(s.today()) {
		return a, ErrMonth
	}
	// Money of a batch moves within weeks of it; days beyond what the calendar knows
	// have no deadline.
	for day := month.First(); !day.After(month.Add(2).Last()); day = day.AddDays(1) {
		due, err := s.days.Add(day, answerDays)
		if errors.Is(err, calendar.ErrNoYear) {
			continue
		}
		if err != nil {
			return a, fmt.Errorf("when results of %s are due: %w", day, err)
		}
		a.Due = append(a.Due, Due{Day: day, Due: due})
	}
	return a, nil
}
