package reconcile

import (
	"context"
	"errors"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/once"
	"twoline/reconcile/match"
)

// daysPerRun bounds the days, and so the time, of one transaction.
const daysPerRun = 31

// Match matches an account day by day up to its last statement, a month of days
// to a transaction, or looks at the last day again where there is no new one. It
// may be run at any time, any number of times.
func (s *Service) Match(ctx context.Context, a Account) error {
	for again := true; again; {
		err := s.store.InTx(ctx, func(tx Tx) (err error) {
			_, again, err = s.matchNext(ctx, tx, a, calendar.Day{}, false)
			return err
		})
		if err != nil {
			return fmt.Errorf("match fund account %d: %w", a.ID, err)
		}
	}
	return nil
}

// Run matches an account up to a day for an officer, in one transaction.
func (s *Service) Run(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, account int64, day calendar.Day,
) (once.Answer, error) {
	a := Account{Area: by.Area, ID: account}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		if err := mayRead(by, a.Area); err != nil {
			return nil, err
		}
		total := Run{Account: a, Day: calendar.Day{}, Matches: 0, Opened: 0, Closed: 0}
		for again := true; again; {
			var run Run
			var err error
			if run, again, err = s.matchNext(ctx, tx, a, day, true); err != nil {
				return nil, err
			}
			total.Day = run.Day
			total.Matches += run.Matches
			total.Opened += run.Opened
			total.Closed += run.Closed
		}
		return total, nil
	})
}

// matchNext matches the next days that statements cover, at most daysPerRun, and
// says whether there are more; where there are none it looks at the last day
// again. until bounds the days; no date is no bound. inside says that the transaction
// may have written before.
func (s *Service) matchNext(
	ctx context.Context, tx Tx, a Account, until calendar.Day, inside bool,
) (Run, bool, error) {
	none := Run{Account: a, Day: calendar.Day{}, Matches: 0, Opened: 0, Closed: 0}
	if err := tx.LockReconciliation(ctx, a); err != nil {
		return none, false, err
	}
	if _, err := tx.StatementAccount(ctx, a); err != nil {
		return none, false, err
	}
	known, err := tx.KnownStatements(ctx, a)
	if err != nil {
		return none, false, err
	}
	if !until.IsZero() && until.After(known.Through) {
		return none, false, ErrNotCovered
	}
	last, err := tx.LastReconciliation(ctx, a)
	if err != nil {
		return none, false, err
	}
	if last.Day.IsZero() {
		last = Mark{Day: known.BooksFrom.AddDays(-1), Floor: known.BooksFrom.AddDays(-1)}
	}
	if known.Through.Before(known.BooksFrom) {
		return none, false, nil
	}
	end := known.Through
	if !until.IsZero() {
		end = until
	}
	if end.Before(last.Day) {
		end = last.Day
	}
	stop := last.Day.AddDays(daysPerRun)
	if !stop.Before(end) {
		stop = end
	}
	run, err := s.matchDays(ctx, tx, days{account: a, last: last, stop: stop, final: stop == end, inside: inside})
	return run, stop.Before(end), err
}

// days is what one transaction matches: the days after last up to stop.
type days struct {
	account Account
	last    Mark
	stop    calendar.Day
	// final says that no further day follows in this run. Only then is it known
	// what nothing explains.
	final bool
	// inside says that the transaction may have written before.
	inside bool
}

// matchDays goes from day to day. Each day's lines meet what the days before
// left; what is open after the last one is broken.
func (s *Service) matchDays(ctx context.Context, tx Tx, d days) (Run, error) {
	run := Run{Account: d.account, Day: d.stop, Matches: 0, Opened: 0, Closed: 0}
	// The seal is read before the lines: what is sealed by now is all there.
	sealed, err := tx.SealedThrough(ctx, d.account)
	if err != nil {
		return run, err
	}
	first := d.last.Day.AddDays(1)
	if first.After(d.stop) {
		first = d.stop
	}
	sets, err := tx.ApprovedRules(ctx, d.account)
	if err != nil {
		return run, err
	}
	var counts []Count
	alone := !d.inside
	m := match.New(rulesOn(sets, first))
	scope := Scope{Account: d.account, Day: first, Since: d.last, Fresh: false, Sparse: true, Asked: nil}
	for {
		m.Through(scope.Day)
		found, err := feed(ctx, tx, scope, m, alone)
		if err != nil {
			return run, err
		}
		counts = append(counts, found...)
		if err := m.Match(ctx, past{tx: tx, account: d.account}); err != nil {
			return run, err
		}
		if found, err = tx.AddMatches(ctx, d.account, m.Matches()); err != nil {
			return run, err
		}
		counts = append(counts, found...)
		if scope.Day == d.stop {
			break
		}
		day := scope.Day.AddDays(1)
		next := match.New(rulesOn(sets, day))
		m.Left(next)
		m = next
		scope = Scope{
			Account: d.account, Day: day, Since: Mark{Day: scope.Day, Floor: scope.Day}, Fresh: true,
			Sparse: true, Asked: m.AskedBankReferences(),
		}
	}
	run.Opened, run.Closed, err = s.renewBreaks(ctx, tx, d, m.Breaks())
	if err != nil {
		return run, err
	}
	counts = sumCounts(counts)
	for _, c := range counts {
		run.Matches += c.Matches
	}
	mark := Mark{Day: d.stop, Floor: d.last.Floor}
	if sealed.After(d.stop) {
		sealed = d.stop
	}
	if sealed.After(mark.Floor) {
		mark.Floor = sealed
	}
	if mark == d.last && run.Matches+run.Opened+run.Closed == 0 {
		return run, nil
	}
	return run, tx.AddReconciliation(ctx, d.account, mark, counts)
}

// errStopped ends the reading of lines that nobody takes any more.
var errStopped = errors.New("the lines are not taken any more")

// feed gives a matcher the lines of a scope, the book's first. Pairs that are found
// while the statement is read beside the transaction are kept and counted at once.
func feed(ctx context.Context, tx Tx, scope Scope, m *match.Matcher, beside bool) ([]Count, error) {
	if empty, err := tx.Empty(ctx, scope); empty || err != nil {
		return nil, err
	}
	bank, err := tx.OpenStatement(ctx, scope, beside)
	if err != nil {
		return nil, err
	}
	defer bank.Close()
	err = tx.EachOpenBookLine(ctx, scope, func(b match.BookLine) error {
		m.AddBook(b)
		return nil
	})
	if err != nil {
		return nil, err
	}
	called, many, err := bank.Called(ctx)
	if err == nil && many {
		err = m.ReadBankReferences(ctx, past{tx: tx, account: scope.Account})
	}
	if err != nil {
		return nil, err
	}
	m.Called(called)
	if !bank.Beside() {
		return nil, bank.Each(ctx, func(l match.StatementLine) error {
			m.AddStatement(l)
			return nil
		})
	}
	var failed error
	counts, err := tx.AddMatches(ctx, scope.Account, func(yield func(match.Match) bool) {
		failed = bank.Each(ctx, func(l match.StatementLine) error {
			m.AddStatement(l)
			for x, ok := m.TakePair(); ok; x, ok = m.TakePair() {
				if !yield(x) {
					return errStopped
				}
			}
			return nil
		})
	})
	if failed != nil && !errors.Is(failed, errStopped) {
		return nil, failed
	}
	return counts, err
}

// sumCounts adds the counts of several days by day of settlement and rule.
func sumCounts(counts []Count) []Count {
	type key struct {
		settled calendar.Day
		rule    match.Rule
	}
	at := map[key]int{}
	var out []Count
	for _, c := range counts {
		k := key{settled: c.Settled, rule: c.Rule}
		i, ok := at[k]
		if !ok {
			at[k] = len(out)
			out = append(out, c)
			continue
		}
		out[i].Matches += c.Matches
		out[i].StatementLines += c.StatementLines
		out[i].BookLines += c.BookLines
	}
	return out
}

// renewBreaks opens what is not open yet and closes what is no longer so.
func (s *Service) renewBreaks(ctx context.Context, tx Tx, d days, breaks []match.Break) (int, int, error) {
	a := d.account
	open, err := tx.OpenBreaks(ctx, a)
	if err != nil {
		return 0, 0, err
	}
	today := s.today()
	var fresh []OpenBreak
	var alarms []Alarm
	for _, b := range breaks {
		if alarm, ok := AlarmOf(b); ok && d.final {
			alarms = append(alarms, alarm)
		}
		digest := DigestOf(b)
		if _, ok := open[digest]; ok {
			delete(open, digest)
			continue
		}
		fresh = append(fresh, OpenBreak{Break: b, Digest: digest, On: today})
	}
	gone := make([]int64, 0, len(open))
	for _, id := range open {
		gone = append(gone, id)
	}
	if len(gone) > 0 {
		if err := tx.CloseBreaks(ctx, a, today, gone); err != nil {
			return 0, 0, err
		}
	}
	if len(fresh) > 0 {
		if err := tx.AddBreaks(ctx, a, fresh); err != nil {
			return 0, 0, err
		}
	}
	if len(alarms) > 0 {
		if err := tx.AddAlarms(ctx, a, alarms); err != nil {
			return 0, 0, err
		}
	}
	if !d.final {
		return len(fresh), len(gone), nil
	}
	rest, err := tx.AtRest(ctx, a)
	if err == nil && !rest {
		err = tx.ProposeReturns(ctx, a)
		if err == nil {
			err = s.tend(ctx, tx, a, today)
		}
	}
	if err != nil {
		return 0, 0, err
	}
	return len(fresh), len(gone), nil
}

// past answers the matcher from what is stored.
type past struct {
	tx      Tx
	account Account
}

// Standings implements match.Past.
func (p past) Standings(ctx context.Context, lines []match.StatementLine) ([]match.Standing, error) {
	return p.tx.ReferenceStandings(ctx, p.account, lines)
}

// OurBatch implements match.Batches: storage names no batch but ours.
func (p past) OurBatch(string) bool { return true }

// BankReferences implements match.BankReferences.
func (p past) BankReferences(ctx context.Context, references []string) ([]string, error) {
	return p.tx.BankReferences(ctx, p.account, references)
}

// unclearedDays is after how many working days a payment that the bank reported
// and its statement does not show becomes somebody's work.
const unclearedDays = 2

// accountsAtOnce bounds the accounts that the daily look has in hand, and so its
// connections.
const accountsAtOnce = 2

// Tick matches every account again and alarms about what the bank has not shown
// in time. It may run any number of times a day and on several processes.
func (s *Service) Tick(ctx context.Context, today calendar.Day) error {
	var accounts []Account
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		accounts, err = tx.StatementAccounts(ctx)
		return err
	})
	if err != nil {
		return err
	}
	limit, err := s.days.Add(today, -unclearedDays)
	if err != nil {
		return fmt.Errorf("count back from %s: %w", today, err)
	}
	// One account's trouble keeps no other from its look.
	return fault.Together(accountsAtOnce, len(accounts), func(i int) error {
		if err := s.Match(ctx, accounts[i]); err != nil {
			return err
		}
		return s.remind(ctx, accounts[i], today, limit)
	})
}
