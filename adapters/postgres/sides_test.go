package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/postgres"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/registry"
	"twoline/gateway/report"
	"twoline/reconcile/bureau"
	"twoline/reconcile/proof"
)

// bureauWorld is a bankWorld with the finance bureau's journal beside the book.
type bureauWorld struct {
	*bankWorld

	bureau  *bureau.Service
	special int64
	keys    int
}

func newBureauWorld(t *testing.T) *bureauWorld {
	t.Helper()
	w := &bureauWorld{bankWorld: newBankWorld(t), bureau: nil, special: 0, keys: 0}
	w.special = w.books.Accounts[ledger.FiscalSpecial]
	today := func() calendar.Day { return w.today }
	tables := registry.New(registry.Config{Today: today}) //nolint:exhaustruct // it reads tables only
	w.bureau = bureau.New(bureau.Parts{Store: w.db.Bureau(), Tables: tables, Today: today})
	return w
}

func (w *bureauWorld) finance() approval.Officer {
	return approval.Officer{
		Login: "bureau", Person: 7, Organisation: approval.FinanceBureau, Area: w.books.Area, Region: 0,
		Duties: []approval.Duty{approval.Maker},
	}
}

func (w *bureauWorld) take(f io.ReadSeeker, o registry.Options) (registry.Report, error) {
	w.keys++
	var out registry.Report
	r := once.Request{Caller: "test", Route: "import", Key: fmt.Sprintf("bureau-%04d", w.keys), Fingerprint: [32]byte{1}}
	_, err := w.bureau.Import(context.Background(), r, result(&out), w.finance(), f, o)
	if refused, ok := errors.AsType[*registry.RefusedFileError](err); ok {
		out = refused.Report
	}
	return out, err
}

// imports takes rows of the columns below, with the account's number before each.
func (w *bureauWorld) imports(t *testing.T, rows ...string) (registry.Report, error) {
	t.Helper()
	var b strings.Builder
	b.WriteString("account,date,voucher_no,debit,credit,reference,text,closing\n")
	for _, r := range rows {
		b.WriteString(w.accountNo(w.special) + "," + r + "\n")
	}
	return w.take(strings.NewReader(b.String()), registry.Options{}) //nolint:exhaustruct // a CSV
}

func (w *bureauWorld) imported(t *testing.T, rows ...string) {
	t.Helper()
	if r, err := w.imports(t, rows...); err != nil {
		t.Fatalf("import: %v %+v", err, r.Lines)
	}
}

func (w *bureauWorld) compared(t *testing.T, month string) bureau.Comparison {
	t.Helper()
	c, err := w.bureau.Compare(t.Context(), w.finance(), w.special, calendar.MustMonth(month))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// differing lists differences as reason, side and amount.
func differing(c bureau.Comparison) []string {
	out := []string{}
	for _, d := range c.Differences {
		out = append(out, fmt.Sprintf("%s %s %s", d.Reason, d.Side, d.Amount))
	}
	slices.Sort(out)
	return out
}

// The bureau books a month as it sees it: one line a subsidy, one voucher for all
// allocations, one day later than we do.
func TestTheBureausJournalIsHeldAgainstOurBook(t *testing.T) {
	t.Parallel()
	w := newBureauWorld(t)
	w.today = calendar.MustDay("2026-12-31")
	move := func(cause string, day int, side ledger.Side, amount money.Amount) {
		kind, in, out := ledger.SubsidyReceipt, ledger.FiscalSpecial, ledger.SubsidyBase
		if side == ledger.Credit {
			kind, in, out = ledger.Allocation, ledger.Expenditure, ledger.FiscalSpecial
		}
		w.book(t, w.entry(kind, cause, day, day, w.direct(ledger.Debit, in, amount), w.direct(ledger.Credit, out, amount)))
	}
	move("test:1", 3, ledger.Debit, 500_000)
	move("test:2", 5, ledger.Debit, 200_000)
	move("test:3", 6, ledger.Credit, 10_000)
	move("test:4", 10, ledger.Credit, 20_000)
	move("test:5", 20, ledger.Credit, 30_000)
	move("test:6", 30, ledger.Debit, 70_000)
	if _, err := w.bureau.Compare(t.Context(), w.finance(), w.special, calendar.MustMonth("2026-11")); !errors.Is(err, bureau.ErrNothing) {
		t.Errorf("without a journal: %v", err)
	}
	w.imported(t, "2026-10-31,,,,,,0.00",
		"2026-11-04,1,5000.00,,,subsidy,", "2026-11-05,2,2000.00,0.00,,subsidy,", "2026-11-30,3,,600.00,,allocations of the month,",
		"2026-11-15,4,12.34,,,interest,", "2026-11-30,,,,,,6412.34")
	c := w.compared(t, "2026-11")
	if diff := cmp.Diff([]string{"absent_in_bank debit 700.00", "absent_in_book debit 12.34"}, differing(c)); diff != "" {
		t.Errorf("differences: %s", diff)
	}
	if !c.Agrees || c.Clean || c.Theirs.Closing != 641_234 || c.Ours.Closing != 710_000 || c.Theirs.Adjusted != 711_234 ||
		!c.Stated || c.Before != 0 {
		t.Errorf("balances: %+v %+v", c.Theirs, c.Ours)
	}
	rules := []string{}
	for _, a := range c.Agreed {
		rules = append(rules, fmt.Sprintf("%s %d:%d %s", a.Rule, a.TheirLines, a.OwnLines, a.Amount))
	}
	if !slices.ContainsFunc(rules, func(s string) bool { return strings.HasSuffix(s, " 1:3 600.00") }) {
		t.Errorf("the month's allocations are not met by their sum: %v", rules)
	}
	// The next month shows what the last one lacked; interest is booked by us as well.
	w.imported(t, "2026-12-02,1,700.00,,,subsidy,", "2026-12-31,,,,,,7112.34")
	if got := differing(w.compared(t, "2026-12")); cmp.Diff([]string{"absent_in_book debit 12.34"}, got) != "" {
		t.Errorf("in December: %v", got)
	}
	// The month before stays as it was.
	if diff := cmp.Diff(fmt.Sprintf("%+v", c), fmt.Sprintf("%+v", w.compared(t, "2026-11"))); diff != "" {
		t.Errorf("November changed: %s", diff)
	}
	var page strings.Builder
	if err := c.Write(&lineSheet{to: &page}, report.English); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"the bureau's only", "voucher 4-1", "12.34", "ours only", "adjusted balance", "7112.34"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the paper lacks %q:\n%s", want, page.String())
		}
	}
}

// The paper counts what each side lacks by its direction, names rules in the officer's
// words, and says what it leaves out.
func TestTheBureausPaperCountsByDirection(t *testing.T) {
	t.Parallel()
	w := newBureauWorld(t)
	w.book(t, w.subsidy(3, 3, 500_000), w.subsidy(4, 4, 70), w.subsidy(4, 4, 80))
	w.imported(t, "2026-10-31,,,,,,5000.00", "2026-11-03,1,5000.00,,,,", "2026-11-04,2,1.00,,,,", "2026-11-05,3,2.00,,,,",
		"2026-11-06,4,3.00,,,,", "2026-11-07,5,,4.00,,,", "2026-11-30,,,,,,10002.00")
	c := w.compared(t, "2026-11")
	if c.Theirs.DebitLines != 3 || c.Theirs.CreditLines != 1 || c.Theirs.Lines != 4 || c.Ours.DebitLines != 2 || c.Ours.CreditLines != 0 {
		t.Errorf("lines are %+v, %+v", c.Theirs, c.Ours)
	}
	c.Differences[0].More = 7
	chinese, english := printed(t, c, report.Chinese), printed(t, c, report.English)
	for _, want := range []string{
		"财政对账表", "财政已收、我方未收(3笔)", "财政已付、我方未付(1笔)", "我方已收、财政未收(2笔)",
		"我方已付、财政未付(0笔)", "相符(同日同额)", "另有 7 笔未列出",
	} {
		if !strings.Contains(chinese, want) {
			t.Errorf("the paper lacks %q:\n%s", want, chinese)
		}
	}
	for _, want := range []string{
		"received by the bureau, not in our book (3)", "paid in our book, not by the bureau (0)", "agreed (one day and amount)",
		"and 7 lines that are not named",
	} {
		if !strings.Contains(english, want) {
			t.Errorf("the English paper lacks %q:\n%s", want, english)
		}
	}
	if strings.ContainsFunc(english, func(r rune) bool { return unicode.Is(unicode.Han, r) && !strings.ContainsRune(c.Holder.Name, r) }) {
		t.Errorf("the English paper is not in English:\n%s", english)
	}
}

// lineSheet writes a row a line.
type lineSheet struct{ to io.Writer }

func (s *lineSheet) Begin(h report.Head) error {
	_, err := fmt.Fprintln(s.to, h.Title, h.Notes)
	return err
}

func (s *lineSheet) Row(cells ...report.Cell) error {
	_, err := fmt.Fprintln(s.to, cells)
	return err
}

func (*lineSheet) End() error { return nil }

func TestTheBureausJournalIsTakenWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	w := newBureauWorld(t)
	rows := func() int64 {
		return ask[int64](t, w.bankWorld, `select count(*) from bureau_line`)[0] + ask[int64](t, w.bankWorld, `select count(*) from bureau_closing`)[0]
	}
	for _, tt := range []struct{ give, code, field string }{
		{"2026-11-31,1,5.00,,,,", "invalid_field", "date"},
		{"2026-12-01,1,5.00,,,,", "future", "date"},
		{"2026-11-03,,5.00,,,,", "required", "voucher_no"},
		{"2026-11-03,1,5.00,6.00,,,", "bureau_direction", ""},
		{"2026-11-03,1,,,,,", "bureau_direction", ""},
		{"2026-11-03,1,0.00,,,,", "invalid_field", ""},
		{"2026-11-03,1,5,,,,", "invalid_field", "debit"},
		{"2026-11-29,,,,,,5.00", "bureau_closing", "date"},
		{"2026-11-30,1,,,,,5.00", "bureau_closing", "voucher_no"},
		{"2026-11-03,1,5.00,,\u0007,,", "invalid_field", "reference"},
	} {
		r, err := w.imports(t, "2026-11-02,9,1.00,,,,", tt.give)
		if !errors.Is(err, registry.ErrRefused) && err == nil || len(r.Lines) == 0 {
			t.Fatalf("%s: %v %+v", tt.give, err, r)
		}
		if l := r.Lines[0]; l.Line != 3 || l.Code != tt.code || l.Field != tt.field || rows() != 0 {
			t.Errorf("%s: %+v, %d rows are stored", tt.give, l, rows())
		}
	}
	if r, err := w.take(strings.NewReader("account,date,voucher_no,debit\n999999999,2026-11-03,1,5.00\n"), registry.Options{}); err == nil ||
		r.Lines[0].Code != "not_registered" {
		t.Errorf("another's account: %v %+v", err, r)
	}
	var refused *registry.RefusedFileError
	if _, err := w.imports(t); !errors.As(err, &refused) {
		t.Errorf("no line at all: %v", err)
	}
	journal := []string{"2026-10-31,,,,,,0.00", "2026-11-02,1,5.00,,,,", "2026-11-02,1,7.00,,,,", "2026-11-30,,,,,,12.00"}
	w.imported(t, journal...)
	if rows() != 4 {
		t.Fatalf("%d rows are stored", rows())
	}
	for name, again := range map[string][]string{"the same file": journal, "the same lines in another file": journal[1:]} {
		if r, err := w.imports(t, again...); err != nil || r.Repeated != len(again) || r.Imported != 0 || rows() != 4 {
			t.Errorf("%s: %v %+v, %d rows", name, err, r, rows())
		}
	}
	if ask[int64](t, w.bankWorld, `select count(*) from bureau_journal`)[0] != 1 {
		t.Error("a repetition was kept as a file")
	}
	if r, err := w.imports(t, "2026-11-02,1,6.00,,,,"); err == nil || r.Lines[0].Code != "differs" || r.Lines[0].Field != "amount" {
		t.Errorf("another amount under a known voucher: %v %+v", err, r.Lines)
	}
	for _, give := range [][]string{{"2026-11-09,2,1.00,,,,"}, {"2026-10-30,2,1.00,,,,", "2026-09-30,,,,,,0.00"}} {
		_, err := w.imports(t, give...)
		if !errors.Is(err, bureau.ErrArithmetic) || !strings.Contains(err.Error(), "1.00 too little") || rows() != 4 {
			t.Errorf("%v: %v, %d rows", give, err, rows())
		}
	}
	viewer := w.finance()
	viewer.Duties = []approval.Duty{approval.Viewer}
	_, err := w.bureau.Import(t.Context(), once.Request{}, result(&registry.Report{}), viewer, bytes.NewReader(nil), registry.Options{})
	if !errors.Is(err, approval.ErrDuty) {
		t.Errorf("by a viewer: %v", err)
	}
	viewer.Organisation = approval.AgencyBusiness
	if _, err = w.bureau.Compare(t.Context(), viewer, w.special, calendar.MustMonth("2026-11")); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("compared by business: %v", err)
	}
}

func sideCorruptions() []corruption {
	return []corruption{
		{
			id: "bureau", name: "a journal without its lines", sql: []string{
				`insert into bureau_journal (area, id, digest, rows, lines, closings, imported_by, imported_at)
					values (610305, 5, sha256('x'), 1, 1, 0, 'test', now())`,
			},
			row: `'610305/5'`, text: "was imported with 1 lines and 0 closings; there are 0 and 0",
		},
		{
			id: "breaks", name: "a break that nobody was given", sql: []string{
				`delete from break_desk`,
				`update reconciliation_break set opened_at = opened_at - interval '3 days'`,
			},
			row: `'610305/break ' || min(b.id) from reconciliation_break b
				where not exists (select from break_closed c where c.break_id = b.id)`,
			text: "and no day says until when",
		},
	}
}

func TestTheBureausSideIsProvedInTheSameLook(t *testing.T) { t.Parallel(); corrupted(t, "bureau") }
func TestWorkOnBreaksIsProvedInTheSameLook(t *testing.T)   { t.Parallel(); corrupted(t, "breaks") }

// What is done to the journal behind the triggers' back is named.
func TestTheBureausJournalIsVerified(t *testing.T) {
	t.Parallel()
	w := newBureauWorld(t)
	w.imported(t, "2026-10-31,,,,,,0.00", "2026-11-02,1,5.00,,,,", "2026-11-03,2,7.00,,,,", "2026-11-30,,,,,,12.00")
	found := func() []string {
		r, err := w.db.Verify(t.Context(), postgres.Verification{Area: w.books.Area, Files: nil, Progress: nil})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(r.Findings, func(f proof.Finding) bool { return f.ID == "bureau" })
		out := []string{}
		for _, b := range r.Findings[i].Breaches {
			out = append(out, b.Table+": "+b.Text)
		}
		return out
	}
	if got := found(); len(got) != 0 {
		t.Fatalf("whole, and found are %v", got)
	}
	w.d.Exec(t, `alter table bureau_line disable trigger all`)
	w.d.Exec(t, `update bureau_line set amount = amount + 1 where voucher_no = '1'`)
	if got := strings.Join(found(), "; "); !strings.Contains(got, "bureau_closing: closes with 12.00, and the closing before it with its lines gives 12.01") {
		t.Errorf("a fen more: %s", got)
	}
	w.d.Exec(t, `update bureau_line set amount = amount - 1 where voucher_no = '1'`)
	w.d.Exec(t, `delete from bureau_line where voucher_no = '2'`)
	if got := strings.Join(found(), "; "); !strings.Contains(got, "bureau_journal: was imported with 2 lines and 2 closings; there are 1 and 2") {
		t.Errorf("a line less: %s", got)
	}
	if _, err := w.asker.Exec(t.Context(), `update bureau_closing set amount = 1`); err == nil {
		t.Error("a closing was changed")
	}
}
