package postgres_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/reconcile/bureau"
	"twoline/reconcile/match"
)

// listed is the comparison with all lines of both sides in lists: what the one that
// reads them month by month must come to.
type listed struct {
	c      *bureau.Comparison
	theirs []bureau.Line
	own    []bureau.Own
	// open are the places of lines that are not matched yet.
	openTheirs, openOwn []int
	byID                map[int64]int
	byKey               map[match.Key]int
	// ids and banks are the references that lines of the bureau carry and that are ours.
	ids, banks map[string]bool
}

func (w *listed) load(t require, b *bureauWorld, month calendar.Month) error {
	last := month.Last()
	var closings []bureau.Closing
	for _, r := range listOf[closingRow](t, b, `select month::text, amount from bureau_closing
		where area = $1 and fund_account = $2 and month <= $3 order by month`, int32(b.books.Area), b.special, month.First().Time()) {
		closings = append(closings, bureau.Closing{
			FundAccount: b.special, Month: calendar.MustDay(r.Month).Month(), Amount: money.Amount(r.Amount),
		})
	}
	w.theirs = nil
	for _, r := range listOf[lineRow](t, b, `
		select id, date::text, voucher_no, line, side, amount, reference, text from bureau_line
		where area = $1 and fund_account = $2 and month <= $3 order by month, date, voucher_no, line`,
		int32(b.books.Area), b.special, month.First().Time()) {
		w.theirs = append(w.theirs, bureau.Line{
			ID: r.ID, FundAccount: b.special, Date: calendar.MustDay(r.Date), Voucher: r.Voucher, Number: r.Number,
			Side: ledger.Side(r.Side), Amount: money.Amount(r.Amount), Reference: r.Reference, Text: r.Text,
		})
	}
	if err := w.balances(closings); err != nil {
		return err
	}
	w.own = nil
	for _, r := range listOf[ownRow](t, b, `
		select p.entry_id, p.line, p.accounted_on::text, p.effective_on::text, p.kind, coalesce(e.reverses, 0), p.signed, c.cause,
			coalesce(nullif(f.bank_reference, ''), a.bank_reference, '')
		from (
			select area, entry_id, min(line) as line, accounted_on, effective_on, kind,
				sum(case when (side = 'debit') <> red then amount else -amount end)::bigint as signed
			from posting
			where area = $1 and fund_account = $2 and accounted_on between $3 and $4 and kind <> 'opening'
			  and role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
			group by area, entry_id, accounted_on, effective_on, kind) p
		join entry e on e.area = p.area and e.id = p.entry_id
		cross join lateral (select case when split_part(e.cause, ':', 2) ~ '^[0-9]{1,18}$'
			then split_part(e.cause, ':', 2)::bigint else 0 end as cause) c
		left join fund_transfer f on f.area = p.area and f.id = c.cause
		left join arrival a on a.area = p.area and a.id = c.cause
		where p.signed <> 0
		order by p.accounted_on, p.entry_id, p.line`,
		int32(b.books.Area), b.special, w.c.Since.First().Time(), last.Time()) {
		o := bureau.Own{
			Key: match.Key{Entry: r.Entry, Line: r.Line}, Booked: calendar.MustDay(r.Booked), Value: calendar.MustDay(r.Value),
			Kind: ledger.Kind(r.Kind), Reverses: r.Reverses,
			Direction: bank.Credit, Amount: money.Amount(max(r.Signed, -r.Signed)), Cause: r.Cause, BankReference: r.BankReference,
		}
		if r.Signed < 0 {
			o.Direction = bank.Debit
		}
		w.own = append(w.own, o)
	}
	w.c.Ours.Closing = money.Amount(listOf[closingRow](t, b, `
		select '', coalesce(sum(case when (side = 'debit') <> red then amount else -amount end), 0)::bigint from posting
		where area = $1 and fund_account = $2 and accounted_on <= $3
		  and role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')`,
		int32(b.books.Area), b.special, last.Time())[0].Amount)
	w.ours()
	return nil
}

// balances takes the bureau's balances from its closings and lines: the comparison
// begins with the month after its first closing, or with its first line.
func (w *listed) balances(closings []bureau.Closing) error {
	c := w.c
	at, stated := map[calendar.Month]money.Amount{}, map[calendar.Month]money.Amount{}
	for _, k := range closings {
		stated[k.Month] = k.Amount
	}
	moved := map[calendar.Month]money.Amount{}
	for _, l := range w.theirs {
		moved[l.Month()] += signedLine(l)
	}
	_, c.Stated = stated[c.Month]
	if _, any := moved[c.Month]; len(closings) == 0 || !any && !c.Stated {
		return bureau.ErrNothing
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

// ours takes our own balances, and what theirs held beyond them at the beginning.
func (w *listed) ours() {
	c := w.c
	c.Ours.Opening = c.Ours.Closing
	beginning := c.Ours.Closing
	for _, o := range w.own {
		beginning -= signedOwn(o)
		if o.Booked.Month() == c.Month {
			c.Ours.Opening -= signedOwn(o)
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
func (w *listed) match(ctx context.Context) error {
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
func (w *listed) pass(ctx context.Context, m calendar.Month, lumps *lumps) (*match.Matcher, error) {
	rules := match.DefaultRules()
	rules.Days, rules.Charges, rules.Interest = match.MaxDays, nil, nil
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
			amount += signedLine(w.theirs[i])
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

func (w *listed) agreed(found match.Match, amount money.Amount) {
	at := slices.IndexFunc(w.c.Agreed, func(a bureau.Agreed) bool { return a.Rule == found.Rule })
	if at < 0 {
		at = len(w.c.Agreed)
		w.c.Agreed = append(w.c.Agreed, bureau.Agreed{Rule: found.Rule}) //nolint:exhaustruct // counted below
	}
	a := &w.c.Agreed[at]
	a.Matches++
	a.TheirLines += len(found.Statement)
	a.OwnLines += len(found.Book)
	a.Amount = money.Sum(a.Amount, max(amount, -amount))
}

// bookLine is a line of ours as the engine takes it. A reference that no line of the
// bureau carries is left out: it would keep the line from being met by its amount.
func (w *listed) bookLine(i int, lumps *lumps) match.BookLine {
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

func (w *listed) statementLine(i int, lumps *lumps) match.StatementLine {
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
func (w *listed) lumps(m calendar.Month) lumps {
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
	taken := map[bank.Direction]bool{}
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
func (w *listed) close(ctx context.Context) error {
	c := w.c
	matcher, err := w.pass(ctx, c.Month, nil)
	if err != nil {
		return err
	}
	last := c.Month.Last()
	for _, i := range w.openTheirs {
		addTo(&c.Theirs, signedLine(w.theirs[i]))
	}
	for _, i := range w.openOwn {
		addTo(&c.Ours, signedOwn(w.own[i]))
	}
	for _, b := range matcher.Breaks() {
		d := bureau.Difference{ //nolint:exhaustruct // lines follow
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
	slices.SortStableFunc(c.Differences, func(a, b bureau.Difference) int { return cmp.Compare(b.Days, a.Days) })
	c.Count = len(c.Differences)
	c.Differences = c.Differences[:min(c.Count, bureau.MaxDifferences)]
	slices.SortFunc(c.Agreed, func(a, b bureau.Agreed) int {
		return cmp.Compare(slices.Index(match.AllRules(), a.Rule), slices.Index(match.AllRules(), b.Rule))
	})
	c.Theirs.Adjusted = c.Theirs.Closing + c.Ours.Debits - c.Ours.Credits
	c.Ours.Adjusted = c.Ours.Closing + c.Theirs.Debits - c.Theirs.Credits + c.Before
	c.Agrees = c.Theirs.Adjusted == c.Ours.Adjusted
	c.Clean = c.Agrees && c.Count == 0 && c.Before == 0
	return nil
}

func addTo(s *bureau.Side, signed money.Amount) {
	s.Lines++
	if signed < 0 {
		s.CreditLines++
		s.Credits = money.Sum(s.Credits, -signed)
		return
	}
	s.DebitLines++
	s.Debits = money.Sum(s.Debits, signed)
}

func signedLine(l bureau.Line) money.Amount {
	if l.Side == ledger.Credit {
		return -l.Amount
	}
	return l.Amount
}

func signedOwn(o bureau.Own) money.Amount {
	if o.Direction == bank.Debit {
		return -o.Amount
	}
	return o.Amount
}

// byLists compares a month by lists.
func (w *bureauWorld) byLists(t require, month calendar.Month) (bureau.Comparison, error) {
	t.Helper()
	c := bureau.Comparison{Month: month} //nolint:exhaustruct // filled below
	o := &listed{c: &c}                  //nolint:exhaustruct // loaded below
	if err := o.load(t, w, month); err != nil {
		return c, err
	}
	if err := o.match(context.Background()); err != nil {
		return c, err
	}
	return c, o.close(context.Background())
}

// require is what a test and a property have in common.
type require interface {
	Helper()
	Fatal(args ...any)
}

// ownRow is a move of our book as it is stored.
type ownRow struct {
	Entry         int64
	Line          int32
	Booked, Value string
	Kind          string
	Reverses      int64
	Signed        int64
	Cause         int64
	BankReference string
}

// lineRow is a line of the bureau's as it is stored, closingRow a closing.
type lineRow struct {
	ID              int64
	Date, Voucher   string
	Number          int
	Side            string
	Amount          int64
	Reference, Text string
}

type closingRow struct {
	Month  string
	Amount int64
}

func listOf[T any](t require, w *bureauWorld, sql string, args ...any) []T {
	t.Helper()
	rows, err := w.asker.Query(context.Background(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		t.Fatal(err)
	}
	return out
}
