package disbursement

import (
	"context"
	"errors"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// CauseRegular is the cause of a month's pension. What else is due names what made it:
// difference:7, resumption:9, funeral:4, estate:4, arrears:4, departure:5.
const CauseRegular = "regular"

// CauseChildLinked is the cause of the base pension of a month that a child stops who must pay and
// does not: a line of its own, which is held and never paid. The account's pension of the month is the
// member's own money, and stays the regular line.
const CauseChildLinked = "child_linked"

// The refusals of dues.
var (
	ErrNoDifference = fault.New(fault.Unprocessable, "no_difference",
		"nobody is owed a difference: every month that was paid was paid as it is decided today")
	ErrDueList     = fault.New(fault.NotFound, "due_list_not_found", "no such list of differences")
	ErrDueListOpen = fault.New(fault.Conflict, "due_list_open",
		"a list of differences of this scheme waits for its checker")
	ErrDueListStale = fault.New(fault.Conflict, "due_list_stale",
		"what was paid or decided has changed since the list was made; reject it and make it anew")
)

// DueList is what members are owed because months that were paid are decided higher
// today: a rise with effect from an earlier month.
type DueList struct {
	Area   party.Area
	ID     int64
	Scheme ledger.Scheme
	// Month is the month in which the differences fall due; the months before it are
	// looked at.
	Month calendar.Month
	// Recover asks that what was paid too high be recovered as well.
	Recover bool
	// Members are owed Amount for Months, which counts each member's months.
	Members, Months int
	Amount          money.Amount
	// Overpaid counts members of whom some month is decided lower today than it was paid,
	// and how much it is: that is no due, and not set off against one.
	Overpaid       int
	OverpaidAmount money.Amount
	// Recovered and RecoveredAmount are what of it the list asks to be recovered: the payments of
	// which the bank said that they were made, and that did not come back.
	Recovered       int
	RecoveredAmount money.Amount
	// Checksum tells lists of different lines apart.
	Checksum string
	Document string
	AskedBy  string
	// Decision is the request of its approval, State where that stands.
	Decision int64
	State    casework.State
}

// About tells officers in one line what is to be paid.
func (l DueList) About() string {
	recovered := ""
	if l.Recovered > 0 {
		recovered = fmt.Sprintf(", recovered %d members, %s", l.Recovered, l.RecoveredAmount)
	}
	return fmt.Sprintf("differences of %s before %s: %d members, %d months, %s; overpaid %d members, %s%s; lines %s",
		l.Scheme, l.Month, l.Members, l.Months, l.Amount, l.Overpaid, l.OverpaidAmount, recovered, l.Checksum)
}

// DueLine is one month and component of a member on a list of differences: owed, or recovered where it was
// paid higher than it is decided.
type DueLine struct {
	// Seq counts the list's lines.
	Seq       int
	Member    int64
	SocialNo  string
	Name      party.Name
	Month     calendar.Month
	Component string
	// Was is what was paid for the month so far without what is recovered of it, Entitled what is decided
	// today.
	Was, Entitled money.Amount
}

// DueLinePage is a page of a list's lines after the one of a number.
type DueLinePage struct {
	After int
	Limit int
}

// DueStanding is where what is owed once stands. It is told from the facts, and stored nowhere.
type DueStanding string

// The standings. The dead are owed the months up to the one of the death, which fall to
// the estate; a due without any such month is owed to nobody, and no run takes it up.
const (
	// DueOpen waits for a run, DueTaken has a payment, DueEnded lost its right by a document.
	DueOpen  DueStanding = "open"
	DueTaken DueStanding = "taken"
	DueEnded DueStanding = "ended"
	// DueEstate is owed to the estate, as far as Due.Estate says, until an heir claims it.
	DueEstate DueStanding = "estate"
	// DueNotOwed is closed: the member had died before its months.
	DueNotOwed DueStanding = "not_owed"
)

// Due is what is owed once, with what became of it.
type Due struct {
	ID       int64
	Member   int64
	SocialNo string
	Name     party.Name
	Cause    string
	Month    calendar.Month
	Components
	Scheme   ledger.Scheme
	Document string
	// Payee is an heir's name, empty where it goes to the member.
	Payee party.Name
	// Item is the payment that took it up, or 0, and Failed says that the bank did not make it;
	// Ended names the document by which its right ended.
	Item     int64
	Failed   bool
	Ended    string
	Standing DueStanding
	// Died is the day of the death that DueEstate and DueNotOwed rest on, or no day, and
	// Estate what the months up to its month come to.
	Died   calendar.Day
	Estate money.Amount
}

// DueFilter narrows a list of dues; zero is all.
type DueFilter struct {
	Area   party.Area
	ID     int64
	Member int64
	Cause  string
	// Open are those that somebody is still to be paid: the member, an heir or the estate.
	Open     bool
	Standing DueStanding
	After    int64
	Limit    int
}

// DueTx is what lists of differences need of a transaction.
type DueTx interface {
	// AddDueList compares what was paid for the months before the list's with what is
	// decided today, keeps every difference, and fills in id and sums.
	AddDueList(ctx context.Context, l DueList) (DueList, error)
	// OpenDueList returns the scheme's list that waits for its checker, or 0.
	OpenDueList(ctx context.Context, area party.Area, scheme ledger.Scheme) (int64, error)
	// AskDueList asks for the second person's decision about a list.
	AskDueList(ctx context.Context, by approval.Officer, today calendar.Day, l DueList) (casework.Request, error)
	// DueLists lists by falling id; an id of 0 is every list.
	DueLists(ctx context.Context, area party.Area, id, before int64, limit int) ([]DueList, error)
	// DueLines lists a list's lines by member, month and component.
	DueLines(ctx context.Context, area party.Area, list int64, p DueLinePage) ([]DueLine, error)
	// BenefitDues lists by rising id.
	BenefitDues(ctx context.Context, f DueFilter) ([]Due, error)
}

// AskDifferences compares every month that was paid before the given one with what is
// decided for it today, and asks that the differences be owed. A month's difference is
// owed once: what an earlier list had counts as paid. Nothing is owed before a second
// person approved the list; then a supplementary run of dues pays it. Where nobody is owed
// anything it returns ErrNoDifference; months that were paid higher than they are decided
// today are a case months_overpaid all the same, and the refusal says how many. Where the list asks for it
// they are recovered once the second person approved it, and the case ends with the last of them. The
// answer's result is a casework.Request.
func (s *Service) AskDifferences(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, l DueList,
) (once.Answer, error) {
	answer, err := once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		officer, err := tx.Standing(ctx, by.Login)
		if err != nil {
			return nil, err
		}
		if err := mayMake(officer); err != nil {
			return nil, err
		}
		today := s.today()
		order := Order{Scheme: l.Scheme, Month: l.Month, Kind: Supplementary, Items: nil, Dues: true}
		if err := order.check(today); err != nil {
			return nil, err
		}
		// Rosters and other lists wait: what was paid stays what it is until the list stands.
		if err := tx.HoldRuns(ctx, officer.Area, l.Scheme); err != nil {
			return nil, err
		}
		open, err := tx.OpenDueList(ctx, officer.Area, l.Scheme)
		if err != nil {
			return nil, err
		}
		if open != 0 {
			return nil, ErrDueListOpen.About(fmt.Sprint(open))
		}
		l.Area, l.AskedBy = officer.Area, officer.Login
		if l, err = tx.AddDueList(ctx, l); err != nil {
			return nil, err
		}
		if l.Members+l.Recovered == 0 {
			return nil, l.nobody()
		}
		return tx.AskDueList(ctx, officer, today, l)
	})
	if c := l.OverpaidCase(); errors.Is(err, ErrNoDifference) && l.Overpaid > 0 {
		c.Subject = fmt.Sprintf("due_months:%s:%s", l.Scheme, l.Month)
		return answer, s.keepCase(ctx, by.Area, c, err)
	}
	return answer, err
}

// nobody is the refusal of a list that owes nobody anything.
func (l DueList) nobody() error {
	if l.Overpaid == 0 {
		return ErrNoDifference
	}
	why := "a case months_overpaid is open, and recover asks to have them back"
	if l.Recover {
		why = "the bank has not said of their payments that they were made"
	}
	return ErrNoDifference.With("nobody is owed a difference; %s: %s", l.OverpaidCase().Text, why)
}

// OverpaidCase has people look where a month was paid higher than it is decided today.
func (l DueList) OverpaidCase() Case {
	return Case{
		Kind: "months_overpaid", Subject: fmt.Sprintf("due_list:%d", l.ID), Bank: "",
		Text: fmt.Sprintf("months of %d members were paid %s higher than they are decided today",
			l.Overpaid, l.OverpaidAmount),
	}
}

// DueLists lists lists of differences, the newest first.
func (s *Service) DueLists(ctx context.Context, by approval.Officer, before int64, limit int) ([]DueList, error) {
	return duesOf(ctx, s, by, func(tx Tx) ([]DueList, error) {
		return tx.DueLists(ctx, by.Area, 0, before, page(limit))
	})
}

// DueList returns one list, or ErrDueList.
func (s *Service) DueList(ctx context.Context, by approval.Officer, id int64) (DueList, error) {
	lists, err := duesOf(ctx, s, by, func(tx Tx) ([]DueList, error) { return tx.DueLists(ctx, by.Area, id, 0, 1) })
	if err == nil && len(lists) == 0 {
		err = ErrDueList
	}
	if err != nil {
		return DueList{}, err //nolint:exhaustruct // none
	}
	return lists[0], nil
}

// DueLines lists a list's lines.
func (s *Service) DueLines(ctx context.Context, by approval.Officer, list int64, p DueLinePage) ([]DueLine, error) {
	if _, err := s.DueList(ctx, by, list); err != nil {
		return nil, err
	}
	p.Limit = page(p.Limit)
	return duesOf(ctx, s, by, func(tx Tx) ([]DueLine, error) { return tx.DueLines(ctx, by.Area, list, p) })
}

// Dues lists what is owed once.
func (s *Service) Dues(ctx context.Context, by approval.Officer, f DueFilter) ([]Due, error) {
	f.Area, f.Limit = by.Area, page(f.Limit)
	return duesOf(ctx, s, by, func(tx Tx) ([]Due, error) { return tx.BenefitDues(ctx, f) })
}

func duesOf[T any](ctx context.Context, s *Service, by approval.Officer, read func(tx Tx) ([]T, error)) ([]T, error) {
	if err := mayRead(by); err != nil {
		return nil, err
	}
	var list []T
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = read(tx)
		return err
	})
	return list, err
}
