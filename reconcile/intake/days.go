package intake

import (
	"context"
	"fmt"
	"strconv"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// finish closes the statement that was being read. last says that the file
// ends with it.
func (g *Gate) finish(ctx context.Context, last bool) error {
	c := g.cur
	if c == nil {
		if last {
			return ErrBalance.With("the file holds no statement")
		}
		return nil
	}
	g.cur = nil
	if c.opening == nil || c.closing == nil {
		return ErrBalance.With("statement %s has no opening or no closing balance: a page may be missing", c.number)
	}
	if err := g.addsUp(c, *c.closing); err != nil {
		return err
	}
	if err := g.resolveDays(c, last); err != nil {
		return err
	}
	if err := g.checkDays(c, last); err != nil {
		return err
	}
	if err := g.checkOpening(ctx, c); err != nil {
		return err
	}
	if err := g.overlap.agrees(ctx, c.from, earlier(c.to, g.known.Through)); err != nil {
		return err
	}
	if c.to.After(g.known.Through) {
		g.verdict.Statements = append(g.verdict.Statements, Statement{
			Index: c.index, From: g.known.Through.AddDays(1), To: c.to, Number: c.number,
			Opening: g.known.Closing, Closing: *c.closing, Lines: c.fresh,
		})
		g.known.Through, g.known.Closing, g.known.Number = c.to, *c.closing, c.number
	}
	g.prevTo = c.to
	clear(g.ordinals)
	return nil
}

// addsUp compares opening and entries so far with a balance that the file states.
// Where they differ it names the line that most likely is to blame.
func (g *Gate) addsUp(c *open, stated money.Amount) error {
	credits, err := c.credits.Amount()
	if err != nil {
		return ErrAmount.Because(err)
	}
	debits, err := c.debits.Amount()
	if err != nil {
		return ErrAmount.Because(err)
	}
	got, err := c.opening.Add(credits)
	if err == nil {
		got, err = got.Add(-debits)
	}
	if err != nil {
		return ErrAmount.Because(err)
	}
	if got == stated {
		c.proved = len(c.seen)
		return nil
	}
	likely, line := g.overlap.firstDifference()
	if line == 0 {
		likely, line = c.likely(stated-got, got, stated)
	}
	return ErrArithmetic.With(
		"statement %s: opening %s + credits %s - debits %s = %s, but it states %s: difference %s; %s",
		c.number, *c.opening, credits, debits, got, stated, stated-got, likely).At(line)
}

// resolveDays gives a head without days the ones it covers.
func (g *Gate) resolveDays(c *open, last bool) error {
	if c.to.IsZero() {
		c.to = c.maxDay
		if last {
			c.to = g.expect.Day
		}
	}
	if c.to.IsZero() {
		return ErrDays.With("statement %s names no days and has no entries", c.number)
	}
	if c.from.IsZero() {
		c.from = earlier(g.known.Through.AddDays(1), c.to)
		if !c.minDay.IsZero() {
			c.from = earlier(c.from, c.minDay)
		}
	}
	return nil
}

func (g *Gate) checkDays(c *open, last bool) error {
	switch {
	case c.from.After(c.to):
		return ErrDays.With("statement %s ends on %s before it begins on %s", c.number, c.to, c.from)
	case !c.minDay.IsZero() && (c.minDay.Before(c.from) || c.maxDay.After(c.to)):
		return ErrDays.With("statement %s covers %s to %s but has entries from %s to %s",
			c.number, c.from, c.to, c.minDay, c.maxDay)
	case last && c.to != g.expect.Day:
		return ErrDays.With("statement %s ends on %s, but it was sent as that of %s", c.number, c.to, g.expect.Day)
	case c.to.After(g.expect.Today):
		return ErrFuture.With("statement %s ends on %s, which is not over", c.number, c.to)
	case c.from.Before(g.expect.Account.OpenedOn), c.from.Before(g.known.BooksFrom):
		return ErrEarly.With("statement %s begins on %s, but the account's books begin on %s",
			c.number, c.from, later(g.expect.Account.OpenedOn, g.known.BooksFrom))
	case !g.prevTo.IsZero() && !c.from.After(g.prevTo):
		return ErrDays.With("statement %s begins on %s, not after the statement before it in the file",
			c.number, c.from)
	}
	return g.checkGap(c)
}

// checkGap refuses days that no statement covers, unless the bank can have made
// none because nothing moved.
func (g *Gate) checkGap(c *open) error {
	first, final := g.known.Through.AddDays(1), c.from.AddDays(-1)
	if first.After(final) {
		return nil
	}
	quiet := *c.opening == g.known.Closing && (follows(g.known.Number, c.number) || g.allDaysOff(first, final))
	if quiet {
		return nil
	}
	moved := ""
	if d := *c.opening - g.known.Closing; d != 0 {
		moved = fmt.Sprintf("; in them the balance moved by %s, from %s to %s", d, g.known.Closing, *c.opening)
	}
	return ErrGap.With("statement %s begins on %s, but the days from %s to %s are missing%s%s",
		c.number, c.from, first, final, moved, missingNumbers(g.known.Number, c.number))
}

func (g *Gate) allDaysOff(first, final calendar.Day) bool {
	// A gap of a year is no holiday; the bound keeps a wrong date from walking far.
	if first.DaysUntil(final) > 31 {
		return false
	}
	for d := first; !d.After(final); d = d.AddDays(1) {
		working, err := g.expect.Days.IsWorkingDay(d)
		if err != nil || working {
			return false
		}
	}
	return true
}

// follows says that two statement numbers are whole numbers and neighbours.
func follows(before, number string) bool {
	a, errA := strconv.ParseUint(before, 10, 63)
	b, errB := strconv.ParseUint(number, 10, 63)
	return errA == nil && errB == nil && b == a+1
}

// missingNumbers tells of a gap between two statement numbers, where they are small
// enough to be counted. Numbers alone refuse nothing: many are dates.
func missingNumbers(before, number string) string {
	a, errA := strconv.ParseUint(before, 10, 16)
	b, errB := strconv.ParseUint(number, 10, 16)
	switch {
	case errA != nil || errB != nil || b <= a+1:
		return ""
	case b == a+2:
		return fmt.Sprintf("; by the bank's numbers statement %d is missing", a+1)
	}
	return fmt.Sprintf("; by the bank's numbers statements %d to %d are missing", a+1, b-1)
}

func (g *Gate) checkOpening(ctx context.Context, c *open) error {
	before, at := g.known.Closing, g.known.Through
	if !c.from.After(g.known.Through) {
		var err error
		at = c.from.AddDays(-1)
		if before, err = g.balanceAfter(ctx, at); err != nil {
			return err
		}
	}
	if *c.opening == before {
		return nil
	}
	likely, err := g.likelyBefore(ctx, c, at, *c.opening-before)
	if err != nil {
		return err
	}
	return ErrOpening.With("statement %s opens with %s, but the balance after %s is %s: difference %s; %s%s",
		c.number, *c.opening, at, before, *c.opening-before, likely, missingNumbers(g.known.Number, c.number))
}

func (g *Gate) balanceAfter(ctx context.Context, day calendar.Day) (money.Amount, error) {
	if day == g.expect.Known.Through {
		return g.expect.Known.Closing, nil
	}
	return g.expect.Past.BalanceAfter(ctx, day)
}

func earlier(a, b calendar.Day) calendar.Day {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b calendar.Day) calendar.Day {
	if b.After(a) {
		return b
	}
	return a
}
