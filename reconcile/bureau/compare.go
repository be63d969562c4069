package bureau

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// Side is one side's month: its balances, and what only it has at the month's end,
// of this month or of one before.
type Side struct {
	Opening, Closing money.Amount
	// Debits are money into the account, Credits out of it; Lines counts both.
	Debits, Credits money.Amount
	Lines           int
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

// MaxDifferences bounds the differences that a comparison names.
const MaxDifferences = 10_000

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
	w := &work{c: &c} //nolint:exhaustruct // loaded below
	if err := s.store.Read(ctx, func(tx Tx) error { return w.load(ctx, tx, by, account) }); err != nil {
		return c, fmt.Errorf("compare fund account %d in %s: %w", account, month, err)
	}
	if err := w.match(ctx); err != nil {
		return c, err
	}
	return c, w.close(ctx)
}

// work is a comparison under way.
type work struct {
	c      *Comparison
	theirs []Line
	own    []Own
	// open are the places of lines that are not matched yet.
	openTheirs, openOwn []int
	byID                map[int64]int
	byKey               map[match.Key]int
	// references are those that lines of the bureau carry and that are ours.
	ids, banks map[string]bool
}

func (w *work) load(ctx context.Context, tx Tx, by approval.Officer, account int64) error {
	c := w.c
	*w = work{c: c} //nolint:exhaustruct // a transaction may run again
	*c = Comparison{Month: c.Month}
	var err error
	if c.Holder, err = tx.LoadFundAccount(ctx, by.Area, account); err != nil {
		return err
	}
	closings, err := tx.BureauClosings(ctx, by.Area, account, c.Month)
	if err != nil {
		return err
	}
	if w.theirs, err = tx.BureauLines(ctx, by.Area, account, c.Month); err != nil {
		return err
	}
	if len(w.theirs) > maxLines {
		return ErrLong.With("the account has more than %d lines; compare an earlier month", maxLines)
	}
	if err := w.balances(closings); err != nil {
		return err
	}
	last := c.Month.Last()
	if w.own, err = tx.OwnLines(ctx, by.Area, account, c.Since.First(), last); err != nil {
		return err
	}
	if c.Ours.Closing, err = tx.Balance(ctx, by.Area, account, last); err != nil {
		return err
	}
	w.ours()
	return nil
}

// balances takes the bureau's balances from its closings and lines: the comparison
// begins with the month after its first closing, or with its first line.
func (w *work) balances(closings []Closing) error {
	c := w.c
	at, stated := map[calendar.Month]money.Amount{}, map[calendar.Month]money.Amount{}
	for _, k := range closings {
		stated[k.Month] = k.Amount
	}
	moved := map[calendar.Month]money.Amount{}
	for _, l := range w.theirs {
		moved[l.Month()] += l.signed()
	}
	_, c.Stated = stated[c.Month]
	if _, any := moved[c.Month]; len(closings) == 0 || !any && !c.Stated {
		return ErrNothing
	}
	switch {
	case len(w.theirs) > 0 && closings[0].Month.Compare(w.theirs[0].Month()) >= 0:
		c.Since = w.theirs[0].Month()
	case closings[0].Month.Compare(c.Month) < 0:
		c.Since = closings[0].Month.Add(1)
	default:
		c.Since = c.Month
	}
	// From the first closing that is stated, back to the beginning and on to the month.
	opening := closings[0].Amount
	for m := closings[0].Month; m.Compare(c.Since) >= 0; m = m.Add(-1) {
		opening -= moved[m]
	}
	balance := opening
	for m := c.Since; m.Compare(c.Month) <= 0; m = m.Add(1) {
		if m == c.Month {
			c.Theirs.Opening = balance
		}
		balance += moved[m]
		at[m] = balance
	}
	c.Theirs.Closing = at[c.Month]
	c.Before = opening
	return nil
}

func (l Line) signed() money.Amount {
	if l.Side == ledger.Credit {
		return -l.Amount
	}
	return l.Amount
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

// ours takes our own balances, and what theirs held beyond them at the beginning.
func (w *work) ours() {
	c := w.c
	c.Ours.Opening = c.Ours.Closing
	beginning := c.Ours.Closing
	for _, o := range w.own {
		beginning -= o.signed()
		if o.Booked.Month() == c.Month {
			c.Ours.Opening -= o.signed()
		}
	}
	c.Before -= beginning
	w.byID, w.byKey = map[int64]int{}, map[match.Key]int{}
	w.ids, w.banks = map[string]bool{}, map[string]bool{}
	carried := map[string]bool{}
	for i, l := range w.theirs {
		w.byID[l.ID] = i
		if l.Reference != "" {
			carried[l.Reference] = true
		}
	}
	for i, o := range w.own {
		w.byKey[o.Key] = i
		if id := fmt.Sprint(o.Cause); o.Cause != 0 && carried[id] {
			w.ids[id] = true
		}
		if carried[o.BankReference] {
			w.banks[o.BankReference] = true
		}
	}
}

// match goes from month to month: the month's lines meet what the ones before left.
func (w *work) match(ctx context.Context) error {
	theirs, own := 0, 0
	for m := w.c.Since; m.Compare(w.c.Month) <= 0; m = m.Add(1) {
		for ; theirs < len(w.theirs) && w.theirs[theirs].Month().Compare(m) <= 0; theirs++ {
			w.openTheirs = append(w.openTheirs, theirs)
		}
		for ; own < len(w.own) && w.own[own].Booked.Month().Compare(m) <= 0; own++ {
			w.openOwn = append(w.openOwn, own)
		}
		if _, err := w.pass(ctx, m, nil); err != nil {
			return err
		}
		if lumps := w.lumps(m); len(lumps.theirs) > 0 {
			if _, err := w.pass(ctx, m, &lumps); err != nil {
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
	for _, i := range w.openOwn {
		matcher.AddBook(w.bookLine(i, lumps))
	}
	for _, i := range w.openTheirs {
		matcher.AddStatement(w.statementLine(i, lumps))
	}
	if err := matcher.Match(ctx, match.NoPast{}); err != nil {
		return nil, fmt.Errorf("match the bureau's journal of %s: %w", m, err)
	}
	gone, goneOwn := map[int]bool{}, map[int]bool{}
	for found := range matcher.Matches() {
		var amount money.Amount
		for _, id := range found.Statement {
			i := w.byID[id]
			gone[i] = true
			amount += w.theirs[i].signed()
		}
		for _, k := range found.Book {
			goneOwn[w.byKey[k]] = true
		}
		if m == w.c.Month {
			w.agreed(found, amount)
		}
	}
	w.openTheirs = slices.DeleteFunc(w.openTheirs, func(i int) bool { return gone[i] })
	w.openOwn = slices.DeleteFunc(w.openOwn, func(i int) bool { return goneOwn[i] })
	return matcher, nil
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

// bookLine is a line of ours as the engine takes it. A reference that no line of the
// bureau carries is left out: it would keep the line from being met by its amount.
func (w *work) bookLine(i int, lumps *lumps) match.BookLine {
	o := w.own[i]
	b := match.BookLine{ //nolint:exhaustruct // a move has no counterparty here
		Movement: match.Movement{Booked: o.Booked, Value: o.Value, Direction: o.Direction, Amount: o.Amount},
		Key:      o.Key, Cause: o.Cause, Reverses: o.Reverses,
	}
	if id := fmt.Sprint(o.Cause); w.ids[id] {
		b.Reference = id
	}
	if w.banks[o.BankReference] {
		b.BankReference = o.BankReference
	}
	if lumps != nil {
		b.Batch = lumps.own[i]
	}
	return b
}

func (w *work) statementLine(i int, lumps *lumps) match.StatementLine {
	l := w.theirs[i]
	direction := bank.Credit
	if l.Side == ledger.Credit {
		direction = bank.Debit
	}
	s := match.StatementLine{ //nolint:exhaustruct // a voucher has no counterparty
		Movement: match.Movement{Booked: l.Date, Value: l.Date, Direction: direction, Amount: l.Amount},
		ID:       l.ID,
	}
	switch {
	case w.ids[l.Reference]:
		s.EndToEndID = l.Reference
	case w.banks[l.Reference]:
		s.BankReference = l.Reference
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
	sums := map[sumKey][]int{}
	for _, i := range w.openOwn {
		o := w.own[i]
		if o.Booked.Month() != m || o.Reverses != 0 {
			continue
		}
		sums[sumKey{o.Kind, o.Direction}] = append(sums[sumKey{o.Kind, o.Direction}], i)
		sums[sumKey{"", o.Direction}] = append(sums[sumKey{"", o.Direction}], i)
	}
	type value struct {
		direction bank.Direction
		amount    money.Amount
	}
	byValue := map[value][]sumKey{}
	for k, list := range sums {
		all := sums[sumKey{"", k.direction}]
		if len(list) < 2 || k.kind != "" && len(list) == len(all) {
			continue
		}
		v := value{k.direction, 0}
		for _, i := range list {
			v.amount += w.own[i].Amount
		}
		byValue[v] = append(byValue[v], k)
	}
	vouchers := map[value][]int{}
	for _, i := range w.openTheirs {
		if l := w.statementLine(i, nil); w.theirs[i].Month() == m && l.EndToEndID == "" && l.BankReference == "" {
			v := value{l.Direction, l.Amount}
			vouchers[v] = append(vouchers[v], i)
		}
	}
	out := lumps{theirs: map[int]string{}, own: map[int]string{}}
	taken := map[bank.Direction]bool{} //nolint:exhaustive // of those that fit
	// The sum of all kinds holds those of each: where it fits, it goes alone.
	for _, whole := range []bool{true, false} {
		for v, keys := range byValue {
			if len(keys) != 1 || len(vouchers[v]) != 1 || (keys[0].kind == "") != whole {
				continue
			}
			if taken[v.direction] && !whole {
				continue
			}
			taken[v.direction] = taken[v.direction] || whole
			name := fmt.Sprintf("%s %s %s", m, keys[0].kind, v.direction)
			out.theirs[vouchers[v][0]] = name
			for _, i := range sums[keys[0]] {
				out.own[i] = name
			}
		}
	}
	return out
}

// close names what is left and strikes the adjusted balances.
func (w *work) close(ctx context.Context) error {
	c := w.c
	matcher, err := w.pass(ctx, c.Month, nil)
	if err != nil {
		return err
	}
	last := c.Month.Last()
	for _, i := range w.openTheirs {
		c.Theirs.add(w.theirs[i].signed())
	}
	for _, i := range w.openOwn {
		c.Ours.add(w.own[i].signed())
	}
	for _, b := range matcher.Breaks() {
		d := Difference{ //nolint:exhaustruct // lines follow
			Reason: b.Reason, Side: ledger.Debit, Amount: b.Amount, Days: b.Day.DaysUntil(last),
		}
		if b.Direction == bank.Debit {
			d.Side = ledger.Credit
		}
		for _, id := range b.Statement {
			d.Theirs = append(d.Theirs, w.theirs[w.byID[id]])
		}
		for _, k := range b.Book {
			d.Own = append(d.Own, w.own[w.byKey[k]])
		}
		c.Differences = append(c.Differences, d)
	}
	slices.SortStableFunc(c.Differences, func(a, b Difference) int { return cmp.Compare(b.Days, a.Days) })
	c.Count = len(c.Differences)
	c.Differences = c.Differences[:min(c.Count, MaxDifferences)]
	slices.SortFunc(c.Agreed, func(a, b Agreed) int {
		return cmp.Compare(slices.Index(match.AllRules(), a.Rule), slices.Index(match.AllRules(), b.Rule))
	})
	c.Theirs.Adjusted = c.Theirs.Closing + c.Ours.Debits - c.Ours.Credits
	c.Ours.Adjusted = c.Ours.Closing + c.Theirs.Debits - c.Theirs.Credits + c.Before
	c.Agrees = c.Theirs.Adjusted == c.Ours.Adjusted
	c.Clean = c.Agrees && c.Count == 0 && c.Before == 0
	return nil
}

func (s *Side) add(signed money.Amount) {
	s.Lines++
	if signed < 0 {
		s.Credits = money.Sum(s.Credits, -signed)
		return
	}
	s.Debits = money.Sum(s.Debits, signed)
}
