package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// deskRequest is a command of an officer with a key of its own.
func (w *bankWorld) deskRequest(who string) once.Request {
	return once.Request{
		Caller: "officer:" + w.books.Officers[who].Login, Route: "POST /v1/breaks", Key: fmt.Sprintf("key-%08d", w.serial.Add(1)),
		Fingerprint: [32]byte{},
	}
}

// breaks lists the open ones, the heaviest first.
func (w *bankWorld) breaks(t *testing.T) []reconcile.Handled {
	t.Helper()
	list, err := w.proof.Desk(context.Background(), w.books.Officers["auditor"],
		reconcile.DeskFilter{Limit: 100}) //nolint:exhaustruct // all
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// onlyBreak is the one that is open and does not wait for the days of its only candidate.
func (w *bankWorld) onlyBreak(t *testing.T) reconcile.Dossier {
	t.Helper()
	list := slices.DeleteFunc(w.breaks(t), func(h reconcile.Handled) bool { return h.Reason == match.Waiting })
	if len(list) != 1 {
		t.Fatalf("%d breaks are open: %+v", len(list), list)
	}
	d, err := w.proof.Dossier(context.Background(), w.books.Officers["auditor"], list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *bankWorld) openCases(t *testing.T) []string {
	t.Helper()
	return ask[string](t, w, `select c.kind || ' ' || c.subject from exception_case c where c.area = $1
		and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id) order by 1`,
		int32(w.books.Area))
}

// twicePaid is a bank that debited one pension twice; amount is in fen.
func (w *bankWorld) twicePaid(t *testing.T, amount money.Amount) {
	t.Helper()
	exp := w.books.Accounts[ledger.Expenditure]
	sum := w.direct(ledger.Credit, ledger.Expenditure, amount)
	sum.Nature = ledger.SumLine
	item := w.direct(ledger.Debit, ledger.BenefitBase, amount)
	item.Nature, item.Cause, item.FundAccount, item.Member = ledger.ItemLine, 601, exp, 1
	w.book(t, w.entry(ledger.Allocation, "test:1", 3, 3, w.direct(ledger.Debit, ledger.Expenditure, 3*amount),
		w.direct(ledger.Credit, ledger.FiscalSpecial, 3*amount)), w.entry(ledger.BenefitPaid, "test:2", 3, 3, sum, item))
	pay := bankLine(bank.Debit, amount, 3, "P1")
	pay.EndToEndID = "601"
	w.statement(t, exp, 2, 3, bankLine(bank.Credit, 3*amount, 3, "A1"), pay)
	pay.BookingDate, pay.BankReference = nov(4), "P2"
	w.statement(t, exp, 4, 4, pay)
	w.match(t, exp)
}

func TestF44_ASecondDebitHasItsLetterDayAndIncidentAtOnce(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(4)
	w.twicePaid(t, 1_000_000)
	d := w.onlyBreak(t)
	// The 4th is a Wednesday; an incident has one working day.
	if d.Reason != match.DuplicateBankLine || d.DueOn != nov(5) || d.Owner != "" || d.Days != 0 || d.Told != match.BankOnly {
		t.Errorf("the break is %+v", d.Handled)
	}
	// The letter is drawn: until its answer is due nothing else is to be done.
	if len(d.Proposals) != 1 || d.Proposals[0].Proposal != reconcile.Wait {
		t.Errorf("proposals %+v", d.Proposals)
	}
	if len(d.Letters) != 1 {
		t.Fatalf("letters %+v", d.Letters)
	}
	l := d.Letters[0]
	if l.No() != "psbc-2026-0001" || l.Wish != reconcile.AskRefund || l.Amount != 1_000_000 || l.AnswerBy != nov(18) ||
		len(l.Lines) != 2 || !l.Lines[0].Earlier || l.Lines[0].BankReference != "P1" || l.Lines[1].BankReference != "P2" ||
		l.Lines[1].Reference != "601" {
		t.Errorf("the letter is %+v", l)
	}
	want := []string{
		fmt.Sprintf("duplicate_bank_debit statement_line:%d", d.Statement[0]), fmt.Sprintf("incident_ordinary break:%d", d.ID),
	}
	if diff := cmp.Diff(want, w.openCases(t)); diff != "" {
		t.Error(diff)
	}
	// Looking again draws no second letter and opens no second case.
	w.match(t, w.books.Accounts[ledger.Expenditure])
	if n := ask[int64](t, w, `select count(*) from break_letter`)[0]; n != 1 || len(w.openCases(t)) != 2 {
		t.Errorf("%d letters and cases %v after another run", n, w.openCases(t))
	}
	// The day passes: the break is late, and told once.
	for range 2 {
		if err := w.proof.Tick(context.Background(), nov(6)); err != nil {
			t.Fatal(err)
		}
	}
	late := fmt.Sprintf("break_overdue break:%d:2026-11-05", d.ID)
	if cases := w.openCases(t); !slices.Contains(cases, late) {
		t.Errorf("cases are %v, want %s", cases, late)
	}
	// A checker gives more time: it is late no more.
	w.today = nov(6)
	_, err := w.proof.Postpone(context.Background(), w.deskRequest("finance-checker"), result(&d),
		w.books.Officers["finance-checker"], d.ID, reconcile.DueChange{DueOn: nov(18), Reason: "the bank looks"}) //nolint:exhaustruct // entered
	if err != nil {
		t.Fatal(err)
	}
	if err := w.proof.Tick(context.Background(), nov(6)); err != nil {
		t.Fatal(err)
	}
	if cases := w.openCases(t); slices.Contains(cases, late) || d.DueOn != nov(18) {
		t.Errorf("cases are %v though the break has until %s", cases, d.DueOn)
	}
}

func TestAnIncidentIsMajorFromItsAmountOnAndNeverMerelyTiming(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(4)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.book(t, w.subsidy(4, 4, 60_000_000))
	w.statement(t, special, 2, 4, bankLine(bank.Credit, 50_000_000, 4, "S1"), bankLine(bank.Credit, 999_999, 4, "S2"))
	w.match(t, special)
	list := w.breaks(t)
	ids := map[money.Amount]int64{}
	for _, b := range list {
		ids[b.Amount] = b.ID
	}
	want := []string{fmt.Sprintf("incident_major break:%d", ids[50_000_000])}
	if diff := cmp.Diff(want, w.openCases(t)); diff != "" {
		t.Error(diff)
	}
	// What the bank alone lacks is an incident once its days are over: ten working days.
	w.today = nov(19)
	if err := w.proof.Tick(context.Background(), nov(19)); err != nil {
		t.Fatal(err)
	}
	late := fmt.Sprintf("incident_major break:%d", ids[60_000_000])
	if cases := w.openCases(t); !slices.Contains(cases, late) {
		t.Errorf("cases are %v, want %s", cases, late)
	}
	// The break ends, and its cases with it.
	w.book(t, w.subsidy(4, 4, 50_000_000))
	w.match(t, special)
	if cases := w.openCases(t); slices.Contains(cases, want[0]) || !slices.Contains(cases, late) {
		t.Errorf("cases are %v after the break ended", cases)
	}
}

func TestTheWorkFollowsTheMoneyWhenABreakIsRenamed(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(4)
	special := w.books.Accounts[ledger.FiscalSpecial]
	ctx := context.Background()
	w.statement(t, special, 2, 4, bankLine(bank.Credit, 500_000, 4, "S1"))
	w.match(t, special)
	first := w.onlyBreak(t)
	maker, checker := w.books.Officers["finance-maker"], w.books.Officers["finance-checker"]
	var d reconcile.Dossier
	if _, err := w.proof.Own(ctx, w.deskRequest("finance-checker"), result(&d), checker, first.ID, maker.Login); err != nil {
		t.Fatal(err)
	}
	if d.Owner != maker.Login {
		t.Errorf("the owner is %q", d.Owner)
	}
	var n reconcile.Note
	if _, err := w.proof.AddNote(ctx, w.deskRequest("finance-maker"), result(&n), maker, first.ID, "问过银行"); err != nil {
		t.Fatal(err)
	}
	paper := []byte("%PDF-1.4 " + strings.Repeat("x", reconcile.AttachmentPart+5))
	var kept reconcile.Attachment
	_, err := w.proof.Attach(ctx, w.deskRequest("finance-maker"), result(&kept), maker,
		reconcile.Attachment{Break: first.ID, Name: "信函.pdf", MediaType: "application/pdf"}, paper) //nolint:exhaustruct // new
	if err != nil {
		t.Fatal(err)
	}
	// Two lines of the book come, and neither tells which is the bank's: the line stands in
	// another break from now on.
	w.today = nov(5)
	w.book(t, w.subsidy(4, 4, 500_000), w.subsidy(4, 4, 500_000))
	w.match(t, special)
	next := w.onlyBreak(t)
	if next.ID == first.ID || next.Reason != match.Ambiguous {
		t.Fatalf("the break is %+v", next.Handled)
	}
	if next.Owner != maker.Login || next.DueOn != first.DueOn || !slices.Equal(next.Continues, []int64{first.ID}) ||
		len(next.Notes) != 1 || next.Notes[0].Text != "问过银行" || len(next.Attachments) != 1 {
		t.Errorf("what goes on is %+v", next)
	}
	a, bytes, err := w.proof.Attachment(ctx, w.books.Officers["auditor"], next.ID, next.Attachments[0].ID)
	if err != nil || string(bytes) != string(paper) || a.Digest != kept.Digest || a.Name != "信函.pdf" {
		t.Errorf("the paper is %+v of %d bytes, %v", a, len(bytes), err)
	}
	if _, _, err := w.proof.Attachment(ctx, w.books.Officers["auditor"], next.ID, a.ID+1); err == nil {
		t.Error("a paper that does not exist was found")
	}
	// The old break takes no more work.
	_, err = w.proof.AddNote(ctx, w.deskRequest("finance-maker"), result(&n), maker, first.ID, "late")
	if !strings.Contains(fmt.Sprint(err), "closed") {
		t.Errorf("a note about a closed break: %v", err)
	}
}

// moneyDays adds what is open as a person would, from the lines that a listing shows.
func moneyDays(list []reconcile.Handled, asOf calendar.Day) (sum string, n int) {
	var total int64
	for _, b := range list {
		total += b.Amount.Fen() * int64(b.Day.DaysUntil(asOf))
	}
	return fmt.Sprintf("%d.%02d", total/100, total%100), len(list)
}

func TestAgeingIsMoneyTimesDaysAsOfAnyDay(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.today = nov(4)
	w.statement(t, special, 2, 4, bankLine(bank.Credit, 500_000, 3, "S1"), bankLine(bank.Credit, 70_001, 4, "S2"))
	w.match(t, special)
	w.today = nov(10)
	w.statement(t, special, 5, 10, bankLine(bank.Debit, 30_000, 10, "D1"))
	w.match(t, special)
	early, err := w.proof.Ageing(context.Background(), w.books.Officers["auditor"], 0, nov(9))
	if err != nil {
		t.Fatal(err)
	}
	if early.Count != 2 || early.MoneyDays.StringFixed(2) != "33500.05" || early.Amount != 570_001 {
		t.Errorf("as of the 9th %+v", early)
	}
	now, err := w.proof.Ageing(context.Background(), w.books.Officers["auditor"], special, nov(14))
	if err != nil {
		t.Fatal(err)
	}
	list, err := w.proof.Desk(context.Background(), w.books.Officers["auditor"],
		reconcile.DeskFilter{AsOf: nov(14), Limit: 10}) //nolint:exhaustruct // all
	if err != nil {
		t.Fatal(err)
	}
	sum, n := moneyDays(list, nov(14))
	if now.MoneyDays.StringFixed(2) != sum || now.Count != n || n != 3 {
		t.Errorf("as of the 14th %s of %d breaks, want %s of %d", now.MoneyDays, now.Count, sum, n)
	}
	if list[0].Amount != 500_000 || list[1].Amount != 70_001 || list[2].Amount != 30_000 {
		t.Errorf("the order is %v, %v, %v", list[0].Amount, list[1].Amount, list[2].Amount)
	}
	var bands []string
	for _, r := range now.Rows {
		bands = append(bands, fmt.Sprintf("%s %s %d %d", r.Reason, r.Band, r.Count, r.Overdue))
	}
	want := []string{"absent_in_book 4-10 2 2", "absent_in_book 11-30 1 1"}
	if diff := cmp.Diff(want, bands); diff != "" {
		t.Error(diff)
	}
	for _, c := range now.Classes {
		if (c.Class == 4) != (c.Count == 3) {
			t.Errorf("%d of class %d", c.Count, c.Class)
		}
	}
	// What is closed today was open yesterday still.
	w.today = nov(12)
	w.book(t, w.subsidy(3, 3, 500_000))
	w.match(t, special)
	for day, want := range map[int]int{11: 3, 12: 2} {
		r, err := w.proof.Ageing(context.Background(), w.books.Officers["auditor"], 0, nov(day))
		if err != nil || r.Count != want {
			t.Errorf("as of the %d. %d breaks, %v; want %d", day, r.Count, err, want)
		}
	}
}

// The last open break of an account leaves nothing open: not its incident, where nothing
// was proposed, nor what was proposed, where there was no incident.
func TestTheLastBreakToEndLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		amount   money.Amount
		proposed bool
	}{"an incident": {50_000_000, false}, "a proposal": {100_00, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBankWorld(t)
			w.today = nov(4)
			special := w.books.Accounts[ledger.FiscalSpecial]
			w.book(t, w.subsidy(3, 3, 90_000_000))
			w.statement(t, special, 2, 4, bankLine(bank.Credit, 90_000_000, 3, "S1"), bankLine(bank.Debit, test.amount, 4, "D1"))
			w.match(t, special)
			if test.proposed {
				var made reconcile.Resolution
				ask := reconcile.Asked{Proposal: reconcile.Claim, Document: "call"} //nolint:exhaustruct // a claim
				_, err := w.proof.Propose(context.Background(), w.deskRequest("finance-maker"), result(&made),
					w.books.Officers["finance-maker"], w.onlyBreak(t).ID, ask)
				if err != nil {
					t.Fatal(err)
				}
			}
			if cases := strings.Join(w.openCases(t), " "); strings.Contains(cases, "incident") == test.proposed {
				t.Fatalf("cases are %q", cases)
			}
			w.book(t, w.entry(ledger.Allocation, "test:1", 4, 4, w.direct(ledger.Debit, ledger.Expenditure, test.amount),
				w.direct(ledger.Credit, ledger.FiscalSpecial, test.amount)))
			w.match(t, special)
			if list := w.breaks(t); len(list) > 0 {
				t.Fatalf("%d breaks are open", len(list))
			}
			if cases := strings.Join(w.openCases(t), " "); strings.Contains(cases, "incident") {
				t.Errorf("cases are %q after the break ended", cases)
			}
			if left := ask[string](t, w, `select state from break_resolution where state <> 'void'`); len(left) > 0 {
				t.Errorf("what was proposed is %q after the break ended", left)
			}
		})
	}
}

// tampered changes rows as the superuser with triggers off, and takes it back.
func (w *bankWorld) tampered(t *testing.T, do, undo string) []string {
	t.Helper()
	w.d.Exec(t, `set session_replication_role = replica; `+do)
	r, err := w.db.Verify(context.Background(), postgres.Verification{Area: w.books.Area, Files: nil, Progress: nil})
	if err != nil {
		t.Fatal(err)
	}
	w.d.Exec(t, `set session_replication_role = replica; `+undo)
	var found []string
	for _, f := range r.Findings {
		if f.ID != "breaks" {
			continue
		}
		for _, b := range f.Breaches {
			found = append(found, b.Text)
		}
	}
	return found
}

func TestVerifySeesWorkOnBreaksThatIsNotDone(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	ctx := context.Background()
	w.today = nov(4)
	w.twicePaid(t, 1_000_000)
	d := w.onlyBreak(t)
	// The day of the answer to the first letter is over.
	w.today = nov(19)
	maker, checker := w.books.Officers["finance-maker"], w.books.Officers["finance-checker"]
	var made reconcile.Resolution
	_, err := w.proof.Propose(ctx, w.deskRequest("finance-maker"), result(&made), maker, d.ID,
		reconcile.Asked{Proposal: reconcile.Claim, Document: "call"}) //nolint:exhaustruct // a claim
	if err != nil {
		t.Fatal(err)
	}
	var done reconcile.Resolution
	_, err = w.proof.ApproveResolution(ctx, w.deskRequest("finance-checker"), result(&done), checker, d.ID,
		reconcile.Verdict{Digest: made.Digest, Reason: ""})
	if err != nil {
		t.Fatal(err)
	}
	var kept reconcile.Attachment
	_, err = w.proof.Attach(ctx, w.deskRequest("finance-maker"), result(&kept), maker,
		reconcile.Attachment{Break: d.ID, Name: "a.txt", MediaType: "text/plain"}, []byte("paper")) //nolint:exhaustruct // new
	if err != nil {
		t.Fatal(err)
	}
	if clean := w.tampered(t, ``, ``); len(clean) > 0 {
		t.Fatalf("a clean world has breaches: %v", clean)
	}
	for _, tt := range []struct{ name, do, undo, want string }{
		{
			"a gap in the letters", `update break_letter set number = 5 where number = 2`,
			`update break_letter set number = 2 where number = 5`, "are 2 with numbers up to 5",
		},
		{
			"the maker approved", `alter table break_approval drop constraint resolution_by_another;
				update break_approval set person_id = maker_person`,
			`update break_approval set person_id = (select person_id from officer o where o.login = break_approval.login)`,
			"was done, and its maker decided it",
		},
		{
			"nobody approved", `update break_approval set duty = 'releaser'`, `update break_approval set duty = 'checker'`,
			"was done, and no checker approved it",
		},
		{
			"nothing was asked for", `update break_request set resolution_id = -1`,
			fmt.Sprintf(`update break_request set resolution_id = %d`, made.ID), "was done, and asked for nothing",
		},
		{
			"other bytes", `update break_attachment_part set bytes = 'papel'`, `update break_attachment_part set bytes = 'paper'`,
			"is not the bytes that were attached",
		},
		{
			"no day", `update break_desk set break_id = -break_id;
				update reconciliation_break set opened_at = opened_at - interval '400 days'`,
			`update break_desk set break_id = -break_id`, "and no day says until when",
		},
	} {
		if found := strings.Join(w.tampered(t, tt.do, tt.undo), "; "); !strings.Contains(found, tt.want) {
			t.Errorf("%s: verification finds %q, want %q", tt.name, found, tt.want)
		}
	}
}

// The database holds by itself, whatever the application's role asks for.
func TestTheDatabaseLetsNobodyEndABreakAlone(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	ctx := context.Background()
	w.today = nov(4)
	w.twicePaid(t, 1_000_000)
	d := w.onlyBreak(t)
	w.today = nov(19)
	var made reconcile.Resolution
	_, err := w.proof.Propose(ctx, w.deskRequest("finance-maker"), result(&made), w.books.Officers["finance-maker"], d.ID,
		reconcile.Asked{Proposal: reconcile.Claim, Document: "call"}) //nolint:exhaustruct // a claim
	if err != nil {
		t.Fatal(err)
	}
	app, err := pgx.Connect(ctx, w.d.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	defer app.Close(ctx) //nolint:errcheck // a connection of the test
	for name, sql := range map[string]string{
		"approved by nobody": `update break_resolution set state = 'approved', version = version + 1`,
		"void while open":    `update break_resolution set state = 'void', version = version + 1`,
		"a request":          fmt.Sprintf(`insert into break_request values (610304, %d, 'letter', 1)`, made.ID),
		"another amount":     `update break_resolution set amount = 1`,
		"its maker": fmt.Sprintf(`insert into break_approval (area, resolution_id, duty, decision, digest, maker_person,
			person_id, login, decided_at) select area, id, 'checker', 'approved', digest, maker_person, maker_person, maker, now()
			from break_resolution where id = %d`, made.ID),
		"a note changed": `update break_note set text = 'x'`,
		"a letter":       `delete from break_letter`,
	} {
		if _, err := app.Exec(ctx, sql); err == nil {
			t.Errorf("%s: the database took %s", name, sql)
		}
	}
	// The break ends: what was proposed is void.
	w.d.Exec(t, `insert into break_closed (area, break_id, how, closed_on, closed_at) values ($1, $2, 'matched',
		'2026-11-04', now())`, int32(w.books.Area), d.ID)
	w.match(t, w.books.Accounts[ledger.Expenditure])
	if state := ask[string](t, w, `select state from break_resolution`)[0]; state != "void" {
		t.Errorf("what was proposed about a break that ended is %s", state)
	}
}
