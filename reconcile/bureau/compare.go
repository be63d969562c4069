package bureau

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile/match"
)

// Side is one side's month: its balances, and what only it has at the month's end,
// of this month or of one before.
type Side struct {
	Opening, Closing money.Amount
	// Debits are money into the account, Credits out of it; Lines counts both.
	Debits, Credits money.Amount
	Lines           int
	// DebitLines and CreditLines are the lines of each.
	DebitLines, CreditLines int
	// Adjusted is the closing with what only the other side has.
	Adjusted money.Amount
}

// Agreed is how many lines of the month one rule found to be the same money.
type Agreed struct {
	Rule                 match.Rule
	Matches              int
	TheirLines, OwnLines int
	Amount               money.Amount
}

// Difference is lines that have no equal on the other side, by name.
type Difference struct {
	Reason match.Reason
	Theirs []Line
	Own    []Own
	// Side and Amount are what one side holds beyond the other.
	Side   ledger.Side
	Amount money.Amount
	// Days is the age at the month's end of its oldest line.
	Days int
	// More counts its lines that are not named, where they are too many.
	More int
}

// Comparison is a month of one account on both sides.
type Comparison struct {
	Holder ledger.FundAccount
	Month  calendar.Month
	// Since is the first month that is compared.
	Since        calendar.Month
	Theirs, Ours Side
	// Before is what their balance held beyond ours when the comparison began: no line
	// of it is known.
	Before money.Amount
	// Stated says that the bureau gave the closing balance; else it is the one before
	// and its lines.
	Stated bool
	Agreed []Agreed
	// Differences are open at the month's end, the oldest first, at most
	// MaxDifferences; Count counts them all.
	Differences []Difference
	Count       int
	// Agrees says that the adjusted balances are equal, Clean that nothing differs.
	Agrees, Clean bool
}

// MaxDifferences bounds the differences that a comparison names, MaxNamed their lines.
const (
	MaxDifferences = 10_000
	MaxNamed       = 20_000
)

// window is how far days of the same move may be apart: the bureau books by its own
// month.
const window = match.MaxDays

// Compare compares a month. The bureau's journal of the month, or its closing
// balance, must have been imported.
func (s *Service) Compare(
	ctx context.Context, by approval.Officer, account int64, month calendar.Month,
) (Comparison, error) {
	c := Comparison{Month: month} //nolint:exhaustruct // filled below
	in := []approval.Organisation{approval.AgencyFinance, approval.FinanceBureau, approval.Auditor}
	if by.Region != 0 || !slices.Contains(in, by.Organisation) {
		return c, approval.ErrDuty
	}
	w := &work{c: &c} //nolint:exhaustruct // filled below
	err := s.store.Read(ctx, func(tx Tx) error {
		// A transaction may run again.
		c = Comparison{Month: month} //nolint:exhaustruct // filled below
		*w = work{c: &c}             //nolint:exhaustruct // filled below
		return w.load(ctx, tx, by.Area, account)
	})
	var breaks []match.Break
	if err == nil {
		breaks, err = w.close(ctx)
	}
	if err == nil {
		// Lines are never changed: those that are named are read again, and no transaction
		// waits for the matching.
		err = s.store.Read(ctx, func(tx Tx) error { return w.name(ctx, tx, breaks) })
	}
	if err != nil {
		return c, fmt.Errorf("compare fund account %d in %s: %w", account, month, err)
	}
	return c, nil
}

// theirLine is what matching needs of a line of the bureau's that is open.
type theirLine struct {
	id     int64
	signed money.Amount
	// reference is one of ours, or empty; echoes says that it is our id, and not the
	// bank's reference.
	reference string
	date      calendar.Day
	echoes    bool
}

// ownLine is what matching needs of a line of ours that is open.
type ownLine struct {
	key             match.Key
	cause, reverses int64
	signed          money.Amount
	// bankReference is empty where no line of the bureau carries it; echoed says that
	// one carries our id.
	bankReference string
	kind          ledger.Kind
	booked, value calendar.Day
	echoed        bool
}

// work is a comparison under way. It holds the lines that are open and those of one
// month, and of each no more than matching needs: the lines that are named in the end
// are read again.
type work struct {
	c    *Comparison
	span Span
	// month is the one whose lines are being read.
	month  calendar.Month
	theirs []theirLine
	own    []ownLine
	// byID and byKey are the places of both by rising id and key.
	byID, byKey []int32
	kinds       map[ledger.Kind]ledger.Kind
	// moved is what our lines move since the beginning, movedNow those of the month.
	moved, movedNow money.Amount
}

func (w *work) load(ctx context.Context, tx Tx, area party.Area, account int64) error {
	c := w.c
	var err error
	if c.Holder, err = tx.LoadFundAccount(ctx, area, account); err != nil {
		return err
	}
	closings, err := tx.BureauClosings(ctx, area, account, c.Month)
	if err != nil {
		return err
	}
	months, err := tx.BureauMonths(ctx, area, account, c.Month)
	if err != nil {
		return err
	}
	if err := w.balances(closings, months); err != nil {
		return err
	}
	if c.Ours.Closing, err = tx.Balance(ctx, area, account, c.Month.Last()); err != nil {
		return err
	}
	w.month, w.kinds = c.Since, make(map[ledger.Kind]ledger.Kind)
	w.span = Span{Area: area, Account: account, Since: c.Since, Through: c.Month}
	return tx.EachOfBothSides(ctx, w.span,
		func(o Own, echoed bool) error { return w.takeOwn(ctx, o, echoed) },
		func(l Line, echoes bool) error { return w.takeTheirs(ctx, l, echoes) })
}

// balances takes the bureau's balances from its closings and what its lines move: the
// comparison begins with the month after its first closing, or with its first line.
func (w *work) balances(closings []Closing, months []Moved) error {
	c := w.c
	stated, moved := map[calendar.Month]bool{}, map[calendar.Month]money.Amount{}
	for _, k := range closings {
		stated[k.Month] = true
	}
	for _, m := range months {
		moved[m.Month] = m.Amount
	}
	c.Stated = stated[c.Month]
	if _, any := moved[c.Month]; len(closings) == 0 || !any && !c.Stated {
		return ErrNothing
	}
	switch {
	case len(months) > 0 && closings[0].Month.Compare(months[0].Month) >= 0:
		c.Since = months[0].Month
	case closings[0].Month.Compare(c.Month) < 0:
		c.Since = closings[0].Month.Add(1)
	default:
		c.Since = c.Month
	}
	// From the first closing that is stated, back to the beginning and on to the month.
	c.Before = closings[0].Amount
	for m := closings[0].Month; m.Compare(c.Since) >= 0; m = m.Add(-1) {
		c.Before -= moved[m]
	}
	c.Theirs.Closing = c.Before
	for m := c.Since; m.Compare(c.Month) <= 0; m = m.Add(1) {
		c.Theirs.Opening = c.Theirs.Closing
		c.Theirs.Closing += moved[m]
	}
	return nil
}

// Side is ledger.Debit for money into the account.
func (o Own) Side() ledger.Side {
	if o.Direction == bank.Debit {
		return ledger.Credit
	}
	return ledger.Debit
}

func (o Own) signed() money.Amount {
	if o.Direction == bank.Debit {
		return -o.Amount
	}
	return o.Amount
}

func (l Line) signed() money.Amount {
	if l.Side == ledger.Credit {
		return -l.Amount
	}
	return l.Amount
}

func (w *work) takeOwn(ctx context.Context, o Own, echoed bool) error {
	if err := w.until(ctx, o.Booked.Month()); err != nil {
		return err
	}
	if len(w.own) == maxLines {
		return tooLong(w.month)
	}
	w.moved += o.signed()
	if o.Booked.Month() == w.c.Month {
		w.movedNow += o.signed()
	}
	kind, known := w.kinds[o.Kind]
	if !known {
		kind, w.kinds[o.Kind] = o.Kind, o.Kind
	}
	w.own = append(w.own, ownLine{
		key: o.Key, cause: o.Cause, reverses: o.Reverses, signed: o.signed(), bankReference: o.BankReference,
		kind: kind, booked: o.Booked, value: o.Value, echoed: echoed,
	})
	return nil
}

func (w *work) takeTheirs(ctx context.Context, l Line, echoes bool) error {
	if err := w.until(ctx, l.Month()); err != nil {
		return err
	}
	if len(w.theirs) == maxLines {
		return tooLong(w.month)
	}
	w.theirs = append(w.theirs, theirLine{
		id: l.ID, signed: l.signed(), reference: l.Reference, date: l.Date, echoes: echoes,
	})
	return nil
}

func tooLong(m calendar.Month) error {
	return ErrLong.With("more than %d lines are open in %s on one side; compare an earlier month", maxLines, m)
}

// until matches the months before one: a month's lines meet what the ones before left.
func (w *work) until(ctx context.Context, m calendar.Month) error {
	for ; w.month.Compare(m) < 0; w.month = w.month.Add(1) {
		if _, err := w.pass(ctx, w.month, nil); err != nil {
			return err
		}
		if lumps := w.lumps(w.month); len(lumps.theirs) > 0 {
			if _, err := w.pass(ctx, w.month, &lumps); err != nil {
				return err
			}
		}
	}
	return nil
}

// pass matches what is open and takes it out; lumps name batches, where there are any.
func (w *work) pass(ctx context.Context, m calendar.Month, lumps *lumps) (*match.Matcher, error) {
	rules := match.DefaultRules()
	rules.Days, rules.Charges, rules.Interest = window, nil, nil
	matcher := match.New(rules)
	for i := range w.own {
		matcher.AddBook(w.bookLine(i, lumps))
	}
	for i := range w.theirs {
		matcher.AddStatement(w.statementLine(i, lumps))
	}
	if err := matcher.Match(ctx, match.NoPast{}); err != nil {
		return nil, fmt.Errorf("match the bureau's journal of %s: %w", m, err)
	}
	w.order()
	for found := range matcher.Matches() {
		var amount money.Amount
		for _, id := range found.Statement {
			l := w.theirLine(id)
			amount += l.signed
			l.signed = 0
		}
		for _, k := range found.Book {
			w.ownLine(k).signed = 0
		}
		if m == w.c.Month {
			w.agreed(found, amount)
		}
	}
	w.theirs = slices.DeleteFunc(w.theirs, func(l theirLine) bool { return l.signed == 0 })
	w.own = slices.DeleteFunc(w.own, func(o ownLine) bool { return o.signed == 0 })
	return matcher, nil
}

// order makes byID and byKey.
func (w *work) order() {
	w.byID = places(w.byID, len(w.theirs), func(a, b int32) int { return cmp.Compare(w.theirs[a].id, w.theirs[b].id) })
	w.byKey = places(w.byKey, len(w.own), func(a, b int32) int { return w.own[a].key.Compare(w.own[b].key) })
}

func places(in []int32, n int, compare func(a, b int32) int) []int32 {
	in = slices.Grow(in[:0], n)
	for i := range int32(n) { //nolint:gosec // at most maxLines
		in = append(in, i)
	}
	slices.SortFunc(in, compare)
	return in
}

func (w *work) theirLine(id int64) *theirLine {
	at, _ := slices.BinarySearchFunc(w.byID, id, func(i int32, id int64) int { return cmp.Compare(w.theirs[i].id, id) })
	return &w.theirs[w.byID[at]]
}

func (w *work) ownLine(k match.Key) *ownLine {
	at, _ := slices.BinarySearchFunc(w.byKey, k, func(i int32, k match.Key) int { return w.own[i].key.Compare(k) })
	return &w.own[w.byKey[at]]
}

func (w *work) agreed(found match.Match, amount money.Amount) {
	at := slices.IndexFunc(w.c.Agreed, func(a Agreed) bool { return a.Rule == found.Rule })
	if at < 0 {
		at = len(w.c.Agreed)
		w.c.Agreed = append(w.c.Agreed, Agreed{Rule: found.Rule}) //nolint:exhaustruct // counted below
	}
	a := &w.c.Agreed[at]
	a.Matches++
	a.TheirLines += len(found.Statement)
	a.OwnLines += len(found.Book)
	a.Amount = money.Sum(a.Amount, max(amount, -amount))
}

// movement is a line of either side as the engine takes it.
func movement(booked, value calendar.Day, signed money.Amount) match.Movement {
	m := match.Movement{Booked: booked, Value: value, Direction: bank.Credit, Amount: signed}
	if signed < 0 {
		m.Direction, m.Amount = bank.Debit, -signed
	}
	return m
}

// bookLine is a line of ours as the engine takes it. A reference that no line of the
// bureau carries is left out: it would keep the line from being met by its amount.
func (w *work) bookLine(i int, lumps *lumps) match.BookLine {
	o := &w.own[i]
	b := match.BookLine{ //nolint:exhaustruct // a move has no counterparty here
		Movement: movement(o.booked, o.value, o.signed), Key: o.key, Cause: o.cause, Reverses: o.reverses,
		BankReference: o.bankReference,
	}
	if o.echoed {
		b.Reference = strconv.FormatInt(o.cause, 10)
	}
	if lumps != nil {
		b.Batch = lumps.own[i]
	}
	return b
}

func (w *work) statementLine(i int, lumps *lumps) match.StatementLine {
	l := &w.theirs[i]
	s := match.StatementLine{ //nolint:exhaustruct // a voucher has no counterparty
		Movement: movement(l.date, l.date, l.signed), ID: l.id,
	}
	if l.echoes {
		s.EndToEndID = l.reference
	} else {
		s.BankReference = l.reference
	}
	if lumps != nil {
		s.Batch = lumps.theirs[i]
	}
	return s
}

// lumps are the names of sums, by the places of the lines that they join.
type lumps struct{ theirs, own map[int]string }

// sumKey is the moves of one kind and direction of a month; without a kind, all of
// the direction.
type sumKey struct {
	kind      ledger.Kind
	direction bank.Direction
}

// lumps finds vouchers that are the sum of a month's open moves of one kind, or of
// all kinds of one direction. Only a voucher and a sum that have no rival count.
func (w *work) lumps(m calendar.Month) lumps {
	type sum struct {
		amount money.Amount
		lines  int
	}
	sums := map[sumKey]sum{}
	for i := range w.own {
		for _, k := range w.own[i].sums(m) {
			sums[k] = sum{sums[k].amount + w.own[i].signed, sums[k].lines + 1}
		}
	}
	byAmount, vouchers := make(map[money.Amount][]sumKey), make(map[money.Amount][]int)
	for k, s := range sums {
		if s.lines > 1 && (k.kind == "" || s.lines < sums[sumKey{"", k.direction}].lines) {
			byAmount[s.amount] = append(byAmount[s.amount], k)
		}
	}
	for i, l := range w.theirs {
		if len(byAmount[l.signed]) == 1 && l.date.Month() == m && l.reference == "" {
			vouchers[l.signed] = append(vouchers[l.signed], i)
		}
	}
	fits := map[sumKey]int{}
	for amount, found := range vouchers {
		if len(found) == 1 {
			fits[byAmount[amount][0]] = found[0]
		}
	}
	// The sum of all kinds holds those of each: where it fits, it goes alone.
	maps.DeleteFunc(fits, func(k sumKey, _ int) bool {
		_, whole := fits[sumKey{"", k.direction}]
		return whole && k.kind != ""
	})
	out := lumps{theirs: map[int]string{}, own: map[int]string{}}
	for k, voucher := range fits {
		out.theirs[voucher] = k.name(m)
	}
	for i := range w.own {
		for _, k := range w.own[i].sums(m) {
			if _, found := fits[k]; found {
				out.own[i] = k.name(m)
			}
		}
	}
	return out
}

func (k sumKey) name(m calendar.Month) string { return fmt.Sprintf("%s %s %s", m, k.kind, k.direction) }

// sums are those of a month that the line is part of.
func (o *ownLine) sums(m calendar.Month) []sumKey {
	if o.booked.Month() != m || o.reverses != 0 {
		return nil
	}
	direction := movement(o.booked, o.value, o.signed).Direction
	return []sumKey{{o.kind, direction}, {"", direction}}
}

// close matches the month, strikes the adjusted balances and returns what is left, the
// oldest first.
func (w *work) close(ctx context.Context) ([]match.Break, error) {
	c := w.c
	if err := w.until(ctx, c.Month.Add(1)); err != nil {
		return nil, err
	}
	c.Ours.Opening = c.Ours.Closing - w.movedNow
	c.Before -= c.Ours.Closing - w.moved
	matcher, err := w.pass(ctx, c.Month, nil)
	if err != nil {
		return nil, err
	}
	for i := range w.theirs {
		c.Theirs.add(w.theirs[i].signed)
	}
	for i := range w.own {
		c.Ours.add(w.own[i].signed)
	}
	breaks := matcher.Breaks()
	c.Count = len(breaks)
	slices.SortStableFunc(breaks, func(a, b match.Break) int { return a.Day.Compare(b.Day) })
	slices.SortFunc(c.Agreed, func(a, b Agreed) int {
		return cmp.Compare(slices.Index(match.AllRules(), a.Rule), slices.Index(match.AllRules(), b.Rule))
	})
	c.Theirs.Adjusted = c.Theirs.Closing + c.Ours.Debits - c.Ours.Credits
	c.Ours.Adjusted = c.Ours.Closing + c.Theirs.Debits - c.Theirs.Credits + c.Before
	c.Agrees = c.Theirs.Adjusted == c.Ours.Adjusted
	c.Clean = c.Agrees && c.Count == 0 && c.Before == 0
	w.theirs, w.own, w.byID, w.byKey = nil, nil, nil, nil
	return slices.Clone(breaks[:min(c.Count, MaxDifferences)]), nil
}

// name names the differences that breaks are, with their lines as they are stored.
func (w *work) name(ctx context.Context, tx Tx, breaks []match.Break) error {
	var ids []int64
	var keys []match.Key
	more := make([]int, len(breaks))
	for n, b := range breaks {
		theirs := min(len(b.Statement), MaxNamed-len(ids)-len(keys))
		ids = append(ids, b.Statement[:theirs]...)
		own := min(len(b.Book), MaxNamed-len(ids)-len(keys))
		keys = append(keys, b.Book[:own]...)
		more[n] = len(b.Statement) + len(b.Book) - theirs - own
	}
	lines, err := tx.BureauLines(ctx, w.span, ids)
	if err != nil {
		return err
	}
	moves, err := tx.OwnLines(ctx, w.span, keys)
	if err != nil {
		return err
	}
	last := w.c.Month.Last()
	w.c.Differences = nil
	for n, b := range breaks {
		d := Difference{ //nolint:exhaustruct // lines follow
			Reason: b.Reason, Side: ledger.Debit, Amount: b.Amount, Days: b.Day.DaysUntil(last), More: more[n],
		}
		if b.Direction == bank.Debit {
			d.Side = ledger.Credit
		}
		for _, id := range b.Statement {
			if l, named := lines[id]; named {
				d.Theirs = append(d.Theirs, l)
			}
		}
		for _, k := range b.Book {
			if o, named := moves[k]; named {
				d.Own = append(d.Own, o)
			}
		}
		w.c.Differences = append(w.c.Differences, d)
	}
	return nil
}

func (s *Side) add(signed money.Amount) {
	s.Lines++
	if signed < 0 {
		s.CreditLines++
		s.Credits = money.Sum(s.Credits, -signed)
		return
	}
	s.DebitLines++
	s.Debits = money.Sum(s.Debits, signed)
}
