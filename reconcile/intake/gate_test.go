package intake_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/reconcile/intake"
)

const (
	number = "961001010000000011"
	other  = "961001010000000012"
)

// day returns a day of November 2026; the 21st is a Saturday.
func day(n int) calendar.Day { return calendar.MustDay(fmt.Sprintf("2026-11-%02d", n)) }

func figure(s string) *bank.Figure {
	f, err := bank.ParseFigure(s)
	if err != nil {
		panic(err)
	}
	return &f
}

// books is an account's statements in memory: what Past answers from.
type books struct {
	known intake.Known
	lines []intake.PastLine
	start money.Amount
}

func newBooks() *books {
	return &books{
		known: intake.Known{Through: day(9), Closing: 10_000, Number: "", BooksFrom: day(10)}, lines: nil,
		start: 10_000,
	}
}

func (b *books) DayLines(_ context.Context, d calendar.Day) ([]intake.PastLine, error) {
	var out []intake.PastLine
	for _, l := range b.lines {
		if l.BookingDate == d {
			out = append(out, l)
		}
	}
	return out, nil
}

func (b *books) BalanceAfter(_ context.Context, d calendar.Day) (money.Amount, error) {
	sum := b.start
	for _, l := range b.lines {
		if !l.BookingDate.After(d) {
			sum += l.Signed()
		}
	}
	return sum, nil
}

// take passes records through a gate and keeps what it lets through.
func (b *books) take(tb testing.TB, sentFor calendar.Day, records ...bank.Record) (intake.Verdict, error) {
	tb.Helper()
	days, err := calendar.Official()
	if err != nil {
		tb.Fatal(err)
	}
	_, _, account := party.Stored("", "", number)
	var kept []intake.PastLine
	gate := intake.NewGate(intake.Expect{
		Account: intake.Account{Area: 610304, ID: 11, Bank: "psbc", Number: account, OpenedOn: day(1)},
		Day:     sentFor, Today: day(30), Known: b.known, Past: b, Days: days,
		Keep: func(_ context.Context, lines []intake.Line) error {
			for _, l := range lines {
				kept = append(kept, intake.PastLine{Line: l, ID: int64(len(b.lines) + len(kept) + 1)})
			}
			return nil
		},
	})
	emit := gate.Emit(tb.Context())
	for _, r := range records {
		if err := emit(r); err != nil {
			return intake.Verdict{}, err
		}
	}
	v, err := gate.Close(tb.Context())
	if err != nil {
		return v, err
	}
	b.lines = append(b.lines, kept...)
	for _, s := range v.Statements {
		b.known.Through, b.known.Closing, b.known.Number = s.To, s.Closing, s.Number
	}
	return v, nil
}

func head() bank.FileHead {
	return bank.FileHead{Format: "camt.053.001.08", Kind: "statement", MessageID: "M1", Created: ""}
}

func statement(from, to int, opening, closing string) bank.StatementHead {
	return bank.StatementHead{
		Index: 0, Account: number, Currency: "CNY", Number: fmt.Sprint(from), Page: "", From: day(from), To: day(to),
		Opening: figure(opening), Closing: figure(closing), Balanced: nil,
	}
}

func entry(direction bank.Direction, amount string, on int, reference string) bank.StatementEntry {
	return bank.StatementEntry{
		Statement: 0, Index: 0, Amount: *figure(amount), Direction: direction, Status: "booked", BookingDate: day(on),
		ValueDate: day(on), BankReference: reference, EndToEndID: "", BatchID: "", Reversal: false, Details: 0,
		Counterparty: "", CounterpartyAccount: "", Text: "",
	}
}

// sameDay compares days as they are.
func sameDay() cmp.Option { return cmpopts.EquateComparable(calendar.Day{}) }

func with[T any](v T, change func(*T)) T { change(&v); return v }

func TestAStatementIsTakenInWithItsLines(t *testing.T) {
	t.Parallel()
	b := newBooks()
	one := with(entry(bank.Credit, "5.00", 10, "R1"), func(e *bank.StatementEntry) { e.Details = 1 })
	two := with(entry(bank.Credit, "7.50", 10, "R1"), func(e *bank.StatementEntry) { e.Details = 2; e.BatchID = "B7" })
	v, err := b.take(t, day(10), head(), statement(10, 10, "100.00", "103.50"),
		one, bank.EntryDetail{EndToEndID: "501", Counterparty: "王一"},
		two, bank.EntryDetail{EndToEndID: "502"}, bank.EntryDetail{EndToEndID: "503"},
		entry(bank.Debit, "9.00", 10, "R1"), entry(bank.Credit, "5.00", 10, "R1"),
		with(entry(bank.Debit, "50.00", 10, "R9"), func(e *bank.StatementEntry) { e.Status = "pending" }),
		with(entry(bank.Debit, "5.00", 10, "R2"), func(e *bank.StatementEntry) { e.EndToEndID = "NOTPROVIDED" }),
		bank.End{Entries: 6})
	if err != nil {
		t.Fatal(err)
	}
	want := intake.Verdict{
		Statements: []intake.Statement{
			{Index: 0, From: day(10), To: day(10), Number: "10", Opening: 10_000, Closing: 10_350, Lines: 5},
		},
		Fresh: 5, Repeated: 0, Ignored: 1, Credits: 1_750, Debits: 1_400,
	}
	if diff := cmp.Diff(want, v, sameDay()); diff != "" {
		t.Error(diff)
	}
	var got []string
	for _, l := range b.lines {
		got = append(got, fmt.Sprintf("%d %s %s %s #%d e2e=%q batch=%q", l.Number, l.Direction, l.Amount,
			l.BankReference, l.Ordinal, l.EndToEndID, l.BatchRef))
	}
	wantLines := []string{
		`1 credit 5.00 R1 #1 e2e="501" batch=""`, `2 credit 7.50 R1 #1 e2e="" batch="B7"`,
		`3 debit 9.00 R1 #1 e2e="" batch=""`, `4 credit 5.00 R1 #2 e2e="" batch=""`,
		`5 debit 5.00 R2 #1 e2e="" batch=""`,
	}
	if diff := cmp.Diff(wantLines, got); diff != "" {
		t.Error(diff)
	}
	if b.lines[0].Counterparty.Plain() != "王一" {
		t.Error("the counterparty of the only transaction is lost")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	good := statement(10, 10, "100.00", "105.00")
	line := entry(bank.Credit, "5.00", 10, "R1")
	end := bank.End{}
	for name, c := range map[string]struct {
		give []bank.Record
		want error
		says string
	}{
		"a notice of the day": {
			[]bank.Record{bank.FileHead{Format: "camt.054.001.08", Kind: "statement"}, good, line, end},
			intake.ErrKind, "",
		},
		"a batch": {
			[]bank.Record{bank.FileHead{Format: "pain.001", Kind: "batch"}, bank.BatchHead{}, end}, intake.ErrKind, "",
		},
		"a file that contradicts itself": {
			[]bank.Record{head(), good, line, bank.Problem{Severity: bank.SeverityError, Code: "control_total"}, end},
			intake.ErrProblem, "control_total",
		},
		"a file without its end": {[]bank.Record{head(), good, line}, intake.ErrUnfinished, ""},
		"another account": {
			[]bank.Record{head(), with(good, func(h *bank.StatementHead) { h.Account = other }), line, end},
			intake.ErrAccount, "",
		},
		"another account's statement beside ours": {
			[]bank.Record{
				head(), good, line,
				with(statement(11, 11, "105.00", "105.00"), func(h *bank.StatementHead) { h.Account = other }), end,
			}, intake.ErrAccount, "",
		},
		"foreign currency": {
			[]bank.Record{head(), with(good, func(h *bank.StatementHead) { h.Currency = "USD" }), line, end},
			intake.ErrCurrency, "",
		},
		"a third decimal": {
			[]bank.Record{head(), good, entry(bank.Credit, "5.001", 10, "R1"), end}, intake.ErrAmount, "",
		},
		"a sum that is off by one fen": {
			[]bank.Record{head(), statement(10, 10, "100.00", "105.01"), line, end},
			intake.ErrArithmetic,
			"opening 100.00 + credits 5.00 - debits 0.00 = 105.00, but it states 105.01: difference 0.01",
		},
		"no closing balance": {
			[]bank.Record{head(), with(good, func(h *bank.StatementHead) { h.Closing = nil }), line, end},
			intake.ErrBalance, "",
		},
		"another opening than the closing before": {
			[]bank.Record{head(), statement(10, 10, "99.00", "104.00"), line, end},
			intake.ErrOpening, "difference -1.00",
		},
		"a working day left out": {
			[]bank.Record{head(), statement(11, 11, "100.00", "105.00"), entry(bank.Credit, "5.00", 11, "R1"), end},
			intake.ErrGap, "2026-11-10 to 2026-11-10",
		},
		"a day before the books": {
			[]bank.Record{head(), statement(9, 10, "100.00", "105.00"), line, end}, intake.ErrEarly, "",
		},
		"an entry outside its days": {
			[]bank.Record{head(), good, entry(bank.Credit, "5.00", 11, "R1"), end}, intake.ErrDays, "",
		},
		"an entry without a date": {
			[]bank.Record{
				head(), with(good, func(h *bank.StatementHead) { h.From, h.To = calendar.Day{}, calendar.Day{} }),
				with(line, func(e *bank.StatementEntry) { e.BookingDate, e.ValueDate = calendar.Day{}, calendar.Day{} }), end,
			},
			intake.ErrEntry, "",
		},
		"a later day than it was sent for": {
			[]bank.Record{head(), with(good, func(h *bank.StatementHead) { h.To = day(11) }), line, end},
			intake.ErrDays, "sent as that of",
		},
		"days in the wrong order": {
			[]bank.Record{
				head(), statement(10, 10, "100.00", "105.00"), line, statement(10, 10, "105.00", "105.00"), end,
			}, intake.ErrDays, "not after the statement before it",
		},
		"F-45 a page missing": {
			[]bank.Record{
				head(), with(good, func(h *bank.StatementHead) { h.Page = "1" }), line,
				with(good, func(h *bank.StatementHead) { h.Page = "3"; h.Opening = figure("105.00") }), end,
			}, intake.ErrPage, "page 3 of statement 10 follows page 1",
		},
		"F-45 pages swapped": {
			[]bank.Record{
				head(), with(good, func(h *bank.StatementHead) { h.Page = "2"; h.Opening = figure("105.00") }),
				with(good, func(h *bank.StatementHead) { h.Page = "1" }), line, end,
			}, intake.ErrPage, "begins with page 2",
		},
		"a page that opens elsewhere": {
			[]bank.Record{
				head(), with(good, func(h *bank.StatementHead) { h.Page = "1"; h.Closing = nil }), line,
				with(good, func(h *bank.StatementHead) { h.Page = "2"; h.Opening = figure("104.00") }), end,
			}, intake.ErrArithmetic, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBooks()
			sentFor := day(10)
			if errors.Is(c.want, intake.ErrGap) {
				sentFor = day(11)
			}
			_, err := b.take(t, sentFor, c.give...)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%q does not say %q", err, c.says)
			}
			if fault.KindOf(err) != fault.Unprocessable {
				t.Errorf("a refusal is %v", fault.KindOf(err))
			}
			if len(b.lines) > 0 {
				t.Error("a refused file left lines")
			}
		})
	}
}

// MT940 may leave the booking day out: of a statement of one day it is that day, else
// the day of value.
func TestAnEntryWithoutABookingDay(t *testing.T) {
	t.Parallel()
	b := newBooks()
	undated := with(entry(bank.Credit, "5.00", 9, "R1"), func(e *bank.StatementEntry) { e.BookingDate = calendar.Day{} })
	if _, err := b.take(t, day(10), head(), statement(10, 10, "100.00", "105.00"), undated, bank.End{}); err != nil {
		t.Fatal(err)
	}
	undated.ValueDate = day(12)
	if _, err := b.take(t, day(13), head(), statement(11, 13, "105.00", "110.00"), undated, bank.End{}); err != nil {
		t.Fatal(err)
	}
	if b.lines[0].BookingDate != day(10) || b.lines[1].BookingDate != day(12) {
		t.Errorf("booked on %s and %s", b.lines[0].BookingDate, b.lines[1].BookingDate)
	}
}

func TestADayThatIsNotOverIsRefused(t *testing.T) {
	t.Parallel()
	tomorrow := calendar.MustDay("2026-12-01")
	h := with(statement(10, 10, "100.00", "100.00"), func(h *bank.StatementHead) { h.To = tomorrow })
	if _, err := newBooks().take(t, tomorrow, head(), h, bank.End{}); !errors.Is(err, intake.ErrFuture) {
		t.Errorf("got %v, want %v", err, intake.ErrFuture)
	}
}

func TestPagesAreOneStatement(t *testing.T) {
	t.Parallel()
	b := newBooks()
	first := with(statement(10, 10, "100.00", "105.00"), func(h *bank.StatementHead) { h.Page = "1/2" })
	second := with(statement(10, 10, "105.00", "103.00"), func(h *bank.StatementHead) { h.Page = "2/2" })
	v, err := b.take(t, day(10), head(), first, entry(bank.Credit, "5.00", 10, "R1"),
		second, entry(bank.Debit, "2.00", 10, "R2"), bank.End{})
	if err != nil {
		t.Fatal(err)
	}
	want := []intake.Statement{
		{Index: 0, From: day(10), To: day(10), Number: "10", Opening: 10_000, Closing: 10_300, Lines: 2},
	}
	if diff := cmp.Diff(want, v.Statements, sameDay()); diff != "" {
		t.Error(diff)
	}
}

func TestDaysWithoutAStatement(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		through        int
		before, number string
		from           int
		opening        string
		want           error
	}{
		"a weekend with equal balances":                {20, "7", "9", 23, "100.00", nil},
		"a weekend with another balance":               {20, "7", "9", 23, "101.00", intake.ErrGap},
		"a Monday with equal balances":                 {22, "7", "9", 24, "100.00", intake.ErrGap},
		"a Monday between neighbouring numbers":        {22, "7", "8", 24, "100.00", nil},
		"neighbouring numbers with another balance":    {22, "7", "8", 24, "100.01", intake.ErrGap},
		"numbers that are no numbers prove no quiet":   {22, "A7", "A8", 24, "100.00", intake.ErrGap},
		"the day itself":                               {22, "7", "9", 23, "100.00", nil},
		"a Friday beside a weekend with equal balance": {19, "7", "9", 23, "100.00", intake.ErrGap},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBooks()
			b.known.Through, b.known.Number = day(c.through), c.before
			h := statement(c.from, c.from, c.opening, c.opening)
			h.Number = c.number
			v, err := b.take(t, day(c.from), head(), h, bank.End{})
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err == nil && v.Statements[0].From != day(c.through+1) {
				t.Errorf("the quiet days are not covered: from %s", v.Statements[0].From)
			}
		})
	}
}

func TestAHeadWithoutDays(t *testing.T) {
	t.Parallel()
	b := newBooks()
	bare := with(statement(10, 10, "100.00", "105.00"), func(h *bank.StatementHead) {
		h.From, h.To = calendar.Day{}, calendar.Day{}
	})
	v, err := b.take(t, day(13), head(), bare, entry(bank.Credit, "5.00", 12, "R1"), bank.End{})
	if err != nil {
		t.Fatal(err)
	}
	want := []intake.Statement{
		{Index: 0, From: day(10), To: day(13), Number: "10", Opening: 10_000, Closing: 10_500, Lines: 1},
	}
	if diff := cmp.Diff(want, v.Statements, sameDay()); diff != "" {
		t.Error(diff)
	}
}

func TestF46_Overlap(t *testing.T) {
	t.Parallel()
	first := []bank.Record{
		head(), statement(10, 11, "100.00", "112.00"), entry(bank.Credit, "5.00", 10, "R1"),
		entry(bank.Credit, "5.00", 10, "R1"), entry(bank.Credit, "2.00", 11, "R2"),
		bank.End{},
	}
	for name, c := range map[string]struct {
		day     int
		give    []bank.Record
		want    error
		says    string
		repeats int
		fresh   int
	}{
		"the same again": {11, first, nil, "", 3, 0},
		"one of its days alone": {10, []bank.Record{
			head(), statement(10, 10, "100.00", "110.00"), entry(bank.Credit, "5.00", 10, "R1"),
			entry(bank.Credit, "5.00", 10, "R1"),
			bank.End{},
		}, nil, "", 2, 0},
		"a day more": {12, []bank.Record{
			head(), statement(11, 12, "110.00", "111.00"), entry(bank.Credit, "2.00", 11, "R2"),
			entry(bank.Debit, "1.00", 12, "R3"),
			bank.End{},
		}, nil, "", 1, 1},
		"a line more on a day that is closed": {11, []bank.Record{
			head(), statement(11, 11, "110.00", "113.00"), entry(bank.Credit, "2.00", 11, "R2"),
			entry(bank.Credit, "1.00", 11, "R9"),
			bank.End{},
		}, intake.ErrOverlap, "line 2, a credit of 1.00 on 2026-11-11, reference R9, is not among", 0, 0},
		"a line less": {11, []bank.Record{
			head(), statement(11, 11, "110.00", "110.00"), bank.End{},
		}, intake.ErrOverlap, "the credit of 2.00 on 2026-11-11, reference R2, which was taken in before (statement line 3), is missing", 0, 0},
		"another amount": {11, []bank.Record{
			head(), statement(11, 11, "110.00", "112.01"), entry(bank.Credit, "2.01", 11, "R2"), bank.End{},
		}, intake.ErrOverlap, "line 1, a credit of 2.01 on 2026-11-11, reference R2, differs in its amount: it is 2.01, and 2.00 stood there", 0, 0},
		"another payment under the same reference": {11, []bank.Record{
			head(), statement(11, 11, "110.00", "112.00"),
			with(entry(bank.Credit, "2.00", 11, "R2"), func(e *bank.StatementEntry) { e.EndToEndID = "777" }),
			bank.End{},
		}, intake.ErrOverlap, "differs in its end-to-end id: it is 777, and 502 stood there", 0, 0},
		"the days before it opened elsewhere": {11, []bank.Record{
			head(), statement(11, 11, "111.00", "113.00"), entry(bank.Credit, "2.00", 11, "R2"), bank.End{},
		}, intake.ErrOpening, "", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBooks()
			if _, err := b.take(t, day(11), first...); err != nil {
				t.Fatal(err)
			}
			b.lines[2].EndToEndID = "502"
			v, err := b.take(t, day(c.day), c.give...)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err != nil {
				if !strings.Contains(err.Error(), c.says) {
					t.Errorf("%q does not say %q", err, c.says)
				}
				return
			}
			if v.Repeated != c.repeats || v.Fresh != c.fresh {
				t.Errorf("repeated %d, fresh %d; want %d, %d", v.Repeated, v.Fresh, c.repeats, c.fresh)
			}
		})
	}
}

// However a month is cut into files, and however often a file comes again, the
// same lines are kept; a file that is off by one fen is refused wherever it is.
func TestAnyCutOfAMonthKeepsTheSameLines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		entries := map[int][]bank.StatementEntry{}
		for i := range rapid.IntRange(0, 20).Draw(r, "entries") {
			on := rapid.IntRange(10, 19).Draw(r, "day")
			e := entry(rapid.SampledFrom([]bank.Direction{bank.Credit, bank.Debit}).Draw(r, "direction"),
				rapid.SampledFrom([]string{"1.00", "2.00"}).Draw(r, "amount"), on,
				rapid.SampledFrom([]string{"", "X"}).Draw(r, "ref"))
			e.Index = i
			entries[on] = append(entries[on], e)
		}
		cut := func(b *books, from, to int, off money.Amount) (intake.Verdict, error) {
			opening, _ := b.BalanceAfter(t.Context(), day(from-1))
			records := []bank.Record{head(), nil}
			closing := opening + off
			for d := from; d <= to; d++ {
				for _, e := range entries[d] {
					records = append(records, e)
					a, _ := e.Amount.Amount()
					if e.Direction == bank.Debit {
						a = -a
					}
					closing += a
				}
			}
			records[1] = statement(from, to, opening.String(), closing.String())
			return b.take(t, day(to), append(records, bank.End{})...)
		}
		whole, pieces := newBooks(), newBooks()
		if _, err := cut(whole, 10, 19, 0); err != nil {
			r.Fatal(err)
		}
		for at := 10; at <= 19; {
			from := rapid.IntRange(10, at).Draw(r, "from")
			to := rapid.IntRange(at, 19).Draw(r, "to")
			if _, err := cut(pieces, from, to, 1); !errors.Is(err, intake.ErrArithmetic) {
				r.Fatalf("a statement that is off by a fen: %v", err)
			}
			if _, err := cut(pieces, from, to, 0); err != nil {
				r.Fatalf("%d to %d: %v", from, to, err)
			}
			at = to + 1
		}
		if diff := cmp.Diff(identities(whole), identities(pieces)); diff != "" {
			r.Fatal(diff)
		}
		if whole.known.Closing != pieces.known.Closing || whole.known.Through != pieces.known.Through {
			r.Fatal("the two end elsewhere")
		}
	})
}

func identities(b *books) []string {
	var out []string
	for _, l := range b.lines {
		out = append(out, fmt.Sprintf("%s %s %s %s #%d",
			l.BookingDate, l.BankReference, l.Direction, l.Amount, l.Ordinal))
	}
	slices.Sort(out)
	return out
}
