package postgres_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// resolvedBy proposes and approves as the officers of an office.
func (w *bankWorld) resolvedBy(
	t *testing.T, office string, breakID int64, ask reconcile.Asked,
) (reconcile.Resolution, error) {
	t.Helper()
	var made, done reconcile.Resolution
	maker, checker := office+"-maker", office+"-checker"
	_, err := w.proof.Propose(t.Context(), w.deskRequest(maker), result(&made), w.books.Officers[maker], breakID, ask)
	if err != nil {
		return made, err
	}
	_, err = w.proof.ApproveResolution(t.Context(), w.deskRequest(checker), result(&done), w.books.Officers[checker], breakID,
		reconcile.Verdict{Digest: made.Digest, Reason: ""})
	return done, err
}

// closeMonth closes November of an account and states what its matches differ by.
func (w *bankWorld) closeMonth(t *testing.T, account int64) error {
	t.Helper()
	var done reconcile.ClosedMonth
	_, err := w.proof.CloseMonth(t.Context(), w.deskRequest("finance-checker"), result(&done),
		w.books.Officers["finance-checker"],
		reconcile.CloseAsk{Account: account, Month: calendar.MustMonth("2026-11"), Tolerated: nil})
	return err
}

func (w *bankWorld) sealNovember(t *testing.T) {
	t.Helper()
	seal := ledger.NewService(w.db.Ledger(), func() calendar.Day { return w.today })
	if _, err := seal.SealThrough(t.Context(), w.books.Area, w.books.Scheme, nov(30)); err != nil {
		t.Fatal(err)
	}
}

func (w *bankWorld) moves() *fundtransfer.Service {
	return fundtransfer.NewService(w.db.FundTransfers(), func() calendar.Day { return w.today })
}

// proposalsOf are what the dossier of a break suggests.
func (w *bankWorld) proposalsOf(t *testing.T, id int64) []string {
	t.Helper()
	d, err := w.proof.Dossier(t.Context(), w.books.Officers["auditor"], id)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, p := range d.Proposals {
		out = append(out, string(p.Proposal))
	}
	return out
}

// A line of the bank is booked once: while what was asked for it lives, every other
// request for it is refused, by the database too; what was rejected sets it free.
func TestALineOfABreakIsBookedOnce(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(4)
	special := w.books.Accounts[ledger.FiscalSpecial]
	w.statement(t, special, 2, 4, bankLine(bank.Credit, 12345, 3, "I1"))
	w.match(t, special)
	id := w.breakOf(t, 12345)
	book := reconcile.Asked{Proposal: reconcile.Book, Kind: ledger.InterestReceived, Document: "slip"} //nolint:exhaustruct // interest
	suspense := reconcile.Asked{Proposal: reconcile.Suspend, Document: "slip"}                         //nolint:exhaustruct // nothing more
	first, err := w.resolvedBy(t, "bureau", id, book)
	if err != nil || len(first.Requests) != 1 || first.Requests[0].Kind != "fund_transfer" {
		t.Fatalf("%+v, %v", first, err)
	}
	refused := func(when string) {
		t.Helper()
		for _, ask := range []reconcile.Asked{book, suspense} {
			if _, err := w.resolvedBy(t, "bureau", id, ask); !errors.Is(err, reconcile.ErrBooking) {
				t.Errorf("%s: %s: %v, want %v", when, ask.Proposal, err, reconcile.ErrBooking)
			}
		}
		if got := w.proposalsOf(t, id); slices.Contains(got, "book") || slices.Contains(got, "suspense") {
			t.Errorf("%s: the break suggests %v", when, got)
		}
	}
	refused("a transfer is submitted")
	// The database holds by itself.
	again := fmt.Sprintf(`insert into break_request (area, resolution_id, kind, request_id)
		values (%d, %d, 'arrival', 1)`, int32(w.books.Area), first.ID)
	if err := w.asApp(t, again); err == nil || !strings.Contains(err.Error(), "break_booking_live") {
		t.Errorf("a second request for the line: %v", err)
	}
	for _, sql := range []string{
		`update break_booking set live = false`, `delete from break_booking`,
		`insert into break_booking select area, statement_line_id, resolution_id, kind, 1, false from break_booking`,
	} {
		if err := w.asApp(t, sql); err == nil {
			t.Errorf("the application may: %s", sql)
		}
	}
	// Its checker rejects the transfer: the line is free.
	w.decideTransfer(t, first.Requests[0].ID, false)
	if got := w.proposalsOf(t, id); !slices.Contains(got, "book") {
		t.Errorf("the line is free, and the break suggests %v", got)
	}
	second, err := w.resolvedBy(t, "bureau", id, book)
	if err != nil {
		t.Fatal(err)
	}
	refused("another transfer is submitted")
	w.decideTransfer(t, second.Requests[0].ID, true)
	refused("the transfer is booked")
	if n := ask[int64](t, w, `select count(*) from fund_transfer where state = 'booked'`)[0]; n != 1 {
		t.Errorf("%d transfers are booked for one line", n)
	}
	if found := w.tampered(t, ``, ``); len(found) > 0 {
		t.Errorf("verification: %v", found)
	}
	for name, tt := range map[string][3]string{
		"freed though booked": {
			`update break_booking set live = false where live`,
			fmt.Sprintf(`update break_booking set live = true where resolution_id = %d`, second.ID), "against what became of it",
		},
		"gone": {
			`create table kept as select * from break_booking; delete from break_booking`,
			`insert into break_booking select * from kept`, "is held by nothing",
		},
	} {
		if found := strings.Join(w.tampered(t, tt[0], tt[1]), "; "); !strings.Contains(found, tt[2]) {
			t.Errorf("%s: verification finds %q, want %q", name, found, tt[2])
		}
	}
	w.match(t, special)
	if left := w.breaks(t); len(left) > 0 {
		t.Errorf("after the transfer is booked %+v is open", left)
	}
}

func (w *bankWorld) decideTransfer(t *testing.T, id int64, approve bool) {
	t.Helper()
	digest := ask[[]byte](t, w, `select digest from fund_transfer where id = $1`, id)[0]
	var made fundtransfer.Transfer
	verdict := fundtransfer.Verdict{ID: id, Digest: [32]byte(digest)} //nolint:exhaustruct // no reason
	decide := w.moves().Reject
	if approve {
		decide = w.moves().Approve
	} else {
		verdict.Reason = "not this"
	}
	_, err := decide(t.Context(), w.deskRequest("bureau-checker"), result(&made), w.books.Officers["bureau-checker"], verdict)
	if err != nil {
		t.Fatal(err)
	}
}

// A bank that gives the money back by a plain credit has two lines that nobody books: two
// people offset them, and the month can be closed.
func TestAnErrorOfTheBankAndItsCorrectionAreOffsetByTwoPeople(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(4)
	w.twicePaid(t, 1_000_000)
	exp := w.books.Accounts[ledger.Expenditure]
	back := bankLine(bank.Credit, 1_000_000, 5, "P9")
	back.Text = "退回重复扣款"
	w.today = calendar.MustDay("2026-12-20")
	w.statement(t, exp, 5, 30, back, bankLine(bank.Credit, 999_999, 6, "P10"))
	w.sealNovember(t)
	w.match(t, exp)
	ids := map[string]int64{}
	for _, h := range w.breaks(t) {
		ids[h.Direction.String()+" "+h.Amount.String()] = h.ID
	}
	debit, credit, short := ids["debit 10000.00"], ids["credit 10000.00"], ids["credit 9999.99"]
	if debit == 0 || credit == 0 || short == 0 {
		t.Fatalf("breaks are %v", ids)
	}
	if got := w.proposalsOf(t, credit); len(got) == 0 || got[0] != "offset" {
		t.Errorf("the refund suggests %v", got)
	}
	offset := reconcile.Asked{Proposal: reconcile.Offset, OtherBreak: debit, Document: "psbc letter 7"} //nolint:exhaustruct // an offset
	for name, tt := range map[string]struct {
		id, other int64
		want      error
	}{
		"another sum": {short, debit, reconcile.ErrUnfit}, "itself": {debit, debit, reconcile.ErrUnfit},
		"the same direction": {short, credit, reconcile.ErrUnfit}, "no break": {credit, 1, reconcile.ErrNoBreak},
		"none": {credit, 0, reconcile.ErrWork},
	} {
		bad := offset
		bad.OtherBreak = tt.other
		if _, err := w.resolved(t, tt.id, bad); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	// What is proposed about the other one is void when both end.
	var left reconcile.Resolution
	_, err := w.proof.Propose(t.Context(), w.deskRequest("finance-maker"), result(&left), w.books.Officers["finance-maker"],
		debit, reconcile.Asked{Proposal: reconcile.Claim, Document: "call"}) //nolint:exhaustruct // a claim
	if err != nil {
		t.Fatal(err)
	}
	done, err := w.resolved(t, credit, offset)
	if err != nil || done.State != reconcile.Approved || len(done.Requests) != 1 || done.Requests[0].Kind != "match" {
		t.Fatalf("%+v, %v", done, err)
	}
	want := []string{
		fmt.Sprintf("%d 2026-11-05 two officers approved in resolution %d that the bank corrected its own error: psbc letter 7",
			done.Requests[0].ID, done.ID), fmt.Sprintf("%d 2026-11-05 ", done.Requests[0].ID),
	}
	got := ask[string](t, w, `select match_id || ' ' || settled_on || ' ' || coalesce(evidence, '') from reconciliation_match
		where rule = 'offset_by_officers' and book_line is null order by statement_line_id`)
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if state := ask[string](t, w, `select state from break_resolution where id = $1`, left.ID)[0]; state != "void" {
		t.Errorf("what was proposed about the other break is %s", state)
	}
	w.match(t, exp)
	if open := w.breaks(t); len(open) != 1 || open[0].ID != short {
		t.Errorf("open are %+v", open)
	}
	if found := append(w.tampered(t, ``, ``), w.i9(t)...); len(found) > 0 {
		t.Errorf("verification: %v", found)
	}
	found := strings.Join(w.tampered(t, `update break_resolution set state = 'submitted' where proposal = 'offset'`,
		`update break_resolution set state = 'approved' where proposal = 'offset'`), "; ")
	if !strings.Contains(found, "no two people approved it") {
		t.Errorf("verification of an offset that nobody approved finds %q", found)
	}
	// The other credit is found and nothing keeps the month open.
	err = w.closeMonth(t, exp)
	if !errors.Is(err, reconcile.ErrOverAge) || !strings.Contains(fmt.Sprint(err), fmt.Sprintf("break %d", short)) ||
		!strings.Contains(fmt.Sprint(err), "1 breaks") {
		t.Errorf("the close is refused with %v", err)
	}
}

// A month is not closed over a statement that nobody decided about.
func TestAMonthIsNotClosedOverAStatementThatIsSetAside(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = calendar.MustDay("2026-12-02")
	account := w.books.Accounts[ledger.FiscalSpecial]
	w.book(t, w.subsidy(5, 5, 10000))
	first := bankLine(bank.Credit, 10000, 5, "B1")
	w.statement(t, account, 2, 30, first)
	w.balance[account] = 0
	r := w.send(t, account, 30, w.records(account, 2, 30, 0, first, bankLine(bank.Debit, 5_000_000, 29, "STOLEN")))
	if r.State != bank.Quarantined {
		t.Fatalf("the second statement is %s", r.State)
	}
	w.sealNovember(t)
	w.match(t, account)
	if err := w.closeMonth(t, account); !errors.Is(err, reconcile.ErrAside) ||
		!strings.Contains(fmt.Sprint(err), fmt.Sprintf("receipt %d", r.ID)) {
		t.Errorf("the close over a file that is set aside: %v", err)
	}
	list, err := w.proof.Months(t.Context(), w.books.Officers["auditor"], account)
	if err != nil || len(list) == 0 || len(list[0].Blocks) != 1 || list[0].Blocks[0].Code != "period_quarantine" {
		t.Errorf("the list says %+v, %v", list, err)
	}
	// One person's word is no decision, two people's is.
	cases := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	var q casework.Request
	_, err = cases.Ask(t.Context(), w.request("POST decision"), result(&q), w.books.Officers["finance-maker"],
		casework.Ask{Kind: "file", Subject: r.ID, Word: "reject", Document: "call note 3"}) //nolint:exhaustruct // a file
	if err != nil {
		t.Fatal(err)
	}
	if err := w.closeMonth(t, account); !errors.Is(err, reconcile.ErrAside) {
		t.Errorf("the close while one person decided: %v", err)
	}
	if err := w.approve(q, "finance-checker"); err != nil {
		t.Fatal(err)
	}
	if err := w.closeMonth(t, account); err != nil {
		t.Errorf("the close after two people rejected the file: %v", err)
	}
}

// Differences of opposite signs do not sign each other away, and what one month's close
// signed the next one's need not.
func TestToleratedDifferencesAreSignedWithoutTheirSigns(t *testing.T) {
	t.Parallel()
	w := newBookWorld(t, "2010-06-10", "2010-08-02")
	const role = ledger.FiscalSpecial
	w.mustBook(w.subsidy(calendar.MustDay("2010-06-11"), 500), w.subsidy(calendar.MustDay("2010-06-12"), 700))
	w.statement(role, "2010-06-10", "2010-06-30", 0, 500, 700)
	w.seal("2010-06-30")
	w.match(role)
	w.database.Exec(t, `update reconciliation_match m set difference = case l.amount when 500 then 100 else -100 end
		from statement_line l where l.area = m.area and l.id = m.statement_line_id`)
	w.database.Exec(t, `update statement_line set amount = amount + case amount when 500 then 100 else -100 end`)
	if got := code(w.close("finance-checker", string(role), "2010-06")); got != "tolerated_unsigned" {
		t.Errorf("+1.00 and -1.00 without a signature: %q", got)
	}
	if got := code(w.sign(role, "2010-06", 0)); got != "tolerated_unsigned" {
		t.Errorf("+1.00 and -1.00 signed as 0.00: %q", got)
	}
	if err := w.sign(role, "2010-06", 200); err != nil {
		t.Fatal(err)
	}
	w.statement(role, "2010-07-01", "2010-07-31", 1200)
	w.seal("2010-07-31")
	w.match(role)
	if err := w.close("finance-checker", string(role), "2010-07"); err != nil {
		t.Errorf("July, of which nothing differs: %v", err)
	}
	// The name of the account is that of the close.
	before := w.papers(role, "2010-06")
	w.database.Exec(t, `update fund_account set name = 'another'`)
	if w.papers(role, "2010-06") != before {
		t.Error("the papers of a closed month take another name of the account")
	}
}

// One letter at a time asks for a line's money, and neither it nor a postponement reaches
// further than its bound.
func TestOneLetterAtATimeAsksForALinesMoney(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(4)
	w.twicePaid(t, 1_000_000)
	d := w.onlyBreak(t)
	claim := reconcile.Asked{Proposal: reconcile.Claim, Document: "call"} //nolint:exhaustruct // a claim
	_, err := w.resolved(t, d.ID, claim)
	if !errors.Is(err, reconcile.ErrLetterAlive) || !strings.Contains(fmt.Sprint(err), "psbc-2026-0001") {
		t.Errorf("a second claim: %v", err)
	}
	if got := w.proposalsOf(t, d.ID); !slices.Equal(got, []string{"wait"}) {
		t.Errorf("while the bank is asked the break suggests %v", got)
	}
	const again = `insert into break_letter (area, break_id, fund_account, bank, year, number, wish, direction, amount, answer_by,
			drawn_by, drawn_on, drawn_at)
		select area, break_id, fund_account, bank, year, 2, wish, direction, amount, answer_by, drawn_by, drawn_on, drawn_at
		from break_letter;
		insert into break_letter_line (area, letter_id, line, earlier, statement_line_id)
		select n.area, (select max(id) from break_letter), n.line, n.earlier, n.statement_line_id from break_letter_line n`
	if err := w.asApp(t, again); err == nil || !strings.Contains(err.Error(), "claimed by a letter already") {
		t.Errorf("a second letter in the database: %v", err)
	}
	postpone := func(day calendar.Day) error {
		_, err := w.proof.Postpone(t.Context(), w.deskRequest("finance-checker"), result(&d),
			w.books.Officers["finance-checker"], d.ID, reconcile.DueChange{DueOn: day, Reason: "the bank looks"}) //nolint:exhaustruct // entered
		return err
	}
	if err := postpone(w.today.AddDays(61)); !errors.Is(err, reconcile.ErrWork) {
		t.Errorf("postponed by 61 days: %v", err)
	}
	if err := postpone(w.today.AddDays(60)); err != nil {
		t.Errorf("postponed by 60 days: %v", err)
	}
	// The answer's day is over: the bank is asked again.
	w.today = nov(19)
	claim.AnswerBy = w.today.AddDays(91)
	if _, err := w.resolved(t, d.ID, claim); !errors.Is(err, reconcile.ErrWork) {
		t.Errorf("an answer after 91 days: %v", err)
	}
	claim.AnswerBy = w.today.AddDays(90)
	if _, err := w.resolved(t, d.ID, claim); err != nil {
		t.Errorf("an answer after 90 days: %v", err)
	}
}

// workbook is an archive with members.
func workbook(t *testing.T, members ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		f, err := z.Create(m)
		if err == nil && !strings.HasSuffix(m, "/") {
			_, err = f.Write([]byte("<x/>"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOnlyPapersAreAttached(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(4)
	w.twicePaid(t, 1_000_000)
	id := w.onlyBreak(t).ID
	const xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	whole := workbook(t, "[Content_Types].xml", "xl/workbook.xml")
	for name, tt := range map[string]struct {
		name, media string
		bytes       []byte
		want        error
	}{
		"a workbook":           {"银行回单.xlsx", xlsx, whole, nil},
		"an executable's name": {"evil.exe", "text/plain", []byte("x"), nil},
		"an archive":           {"a.xlsx", xlsx, workbook(t, "[Content_Types].xml", "word/document.xml"), reconcile.ErrMediaType},
		"no types":             {"a.xlsx", xlsx, workbook(t, "xl/workbook.xml"), reconcile.ErrMediaType},
		"an empty folder":      {"a.xlsx", xlsx, workbook(t, "[Content_Types].xml", "xl/"), reconcile.ErrMediaType},
		"its first bytes":      {"a.xlsx", xlsx, []byte("PK\x03\x04 <script>"), reconcile.ErrMediaType},
		"cut off":              {"a.xlsx", xlsx, whole[:len(whole)-30], reconcile.ErrMediaType},
		"this folder":          {".", "text/plain", []byte("x"), reconcile.ErrWork},
		"the one above":        {"..", "text/plain", []byte("x"), reconcile.ErrWork},
		"a path":               {"a/b", "text/plain", []byte("x"), reconcile.ErrWork},
		"another path":         {`a\b`, "text/plain", []byte("x"), reconcile.ErrWork},
		"a line break":         {"a\nb", "text/plain", []byte("x"), reconcile.ErrWork},
		"turned around":        {"a\u202etxt.exe", "text/plain", []byte("x"), reconcile.ErrWork},
	} {
		var out reconcile.Attachment
		_, err := w.proof.Attach(context.Background(), w.deskRequest("finance-maker"), result(&out),
			w.books.Officers["finance-maker"], reconcile.Attachment{Break: id, Name: tt.name, MediaType: tt.media}, tt.bytes) //nolint:exhaustruct // new
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

// Whatever a suggestion says the front door does not refuse for the break's shape.
func TestASuggestionIsWhatTheDoorTakes(t *testing.T) {
	t.Parallel()
	for _, role := range []ledger.Role{ledger.Income, ledger.FiscalSpecial, ledger.FixedDeposit, ledger.Expenditure} {
		for _, direction := range []bank.Direction{bank.Credit, bank.Debit} {
			for _, reason := range []match.Reason{
				match.AbsentInBook, match.AbsentInBank, match.AmountDiffers, match.DuplicateBankLine, match.Ambiguous,
				match.BankCharge, match.BankInterest,
			} {
				h := reconcile.Handled{Role: role} //nolint:exhaustruct // its shape
				h.Reason, h.Direction, h.StatementLines = reason, direction, 1
				if reason == match.AbsentInBank || reason == match.AmountDiffers {
					h.BookLines = 1
				}
				for _, s := range reconcile.Suggest(h) {
					if s.Proposal == reconcile.Suspend && role == ledger.FixedDeposit {
						t.Errorf("money of an unknown payer is to enter a %s account", role)
					}
					if s.Kind == ledger.PaymentReturn {
						t.Errorf("%s on %s: a payment that came back is to be a transfer", reason, role)
					}
					if s.Proposal == reconcile.Book && (reason == match.BankCharge || h.BookLines > 0) {
						t.Errorf("%s is to be booked", reason)
					}
				}
			}
		}
	}
}

// A bank that debited a fen more than it was told and will never give it back leaves a
// difference that three people let stand: nothing is booked, every statement goes on
// naming it, and who closes the month signs it.
func TestThreePeopleLetAFenStand(t *testing.T) {
	t.Parallel()
	for difference, paid := range map[money.Amount]money.Amount{-1: 1_000_001, 1: 999_999} {
		t.Run(difference.String(), func(t *testing.T) {
			t.Parallel()
			letAFenStand(t, paid, difference)
		})
	}
}

func letAFenStand(t *testing.T, paid, difference money.Amount) {
	t.Helper()
	w := newBankWorld(t)
	w.today = nov(4)
	exp := w.books.Accounts[ledger.Expenditure]
	w.releasing(t)
	w.paidOtherThanTold(t, exp, 1_000_000, paid)
	id := w.breakOf(t, 1)
	writeOff := reconcile.Asked{Proposal: reconcile.WriteOff, Document: "minutes 12"} //nolint:exhaustruct // nothing more
	if _, err := w.resolved(t, id, writeOff); !errors.Is(err, reconcile.ErrWriteOff) {
		t.Errorf("without a rule: %v, want %v", err, reconcile.ErrWriteOff)
	}
	w.d.Exec(t, `insert into area_rule values ($1, 'write_off_limit', '2026-01-01', '"5.00"', 'minutes 11')`, int32(w.books.Area))
	w.today = nov(20)
	made, err := w.resolved(t, id, writeOff)
	if err != nil || made.State != reconcile.Checked || len(made.Requests) != 0 {
		t.Fatalf("after the checker: %+v, %v", made, err)
	}
	if open := w.breaks(t); len(open) != 1 {
		t.Fatalf("after the checker %+v is open", open)
	}
	release := func(login string) (out reconcile.Resolution, err error) {
		_, err = w.proof.ApproveResolution(t.Context(), w.deskRequest(login), result(&out), w.books.Officers[login], id,
			reconcile.Verdict{Digest: made.Digest, Reason: ""})
		return out, err
	}
	if _, err := release("finance-checker"); !errors.Is(err, approval.ErrDuty) {
		t.Errorf("the checker releases: %v, want %v", err, approval.ErrDuty)
	}
	w.d.Exec(t, `insert into duty_grant (login, duty, granted_at) values ($1, 'releaser', '2009-09-01')`,
		w.books.Officers["finance-checker"].Login)
	if _, err := release("finance-checker"); !errors.Is(err, approval.ErrSamePerson) {
		t.Errorf("the same person releases: %v, want %v", err, approval.ErrSamePerson)
	}
	done, err := release("finance-releaser")
	if err != nil || done.State != reconcile.Approved || len(done.Requests) != 1 || done.Requests[0].Kind != "match" {
		t.Fatalf("after the releaser: %+v, %v", done, err)
	}
	want := []string{fmt.Sprintf("written_off_by_officers one_to_one 2026-11-20 %d three officers let the difference "+
		"stand in resolution %d: minutes 12", difference.Fen(), done.ID)}
	got := ask[string](t, w, `select concat_ws(' ', rule, kind, settled_on, difference, evidence) from reconciliation_match
		where difference is not null`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w.match(t, exp)
	if open := w.breaks(t); len(open) > 0 {
		t.Errorf("open are %+v", open)
	}
	if found := append(w.tampered(t, ``, ``), w.i9(t)...); len(found) > 0 {
		t.Errorf("verification: %v", found)
	}
	for _, tt := range [][3]string{
		{`update break_resolution set state = 'checked'`, `update break_resolution set state = 'approved'`, "no three people"},
		{
			`update break_resolution set amount = 2`, `update break_resolution set amount = 1`,
			"another difference stand than resolution",
		},
	} {
		if found := strings.Join(w.tampered(t, tt[0], tt[1]), "; "); !strings.Contains(found, tt[2]) {
			t.Errorf("%s: verification finds %q", tt[0], found)
		}
	}
	w.today = calendar.MustDay("2026-12-20")
	w.statement(t, exp, 4, 30)
	w.sealNovember(t)
	w.match(t, exp)
	if err := w.closeMonth(t, exp); !errors.Is(err, reconcile.ErrTolerated) || !strings.Contains(fmt.Sprint(err), "0.01") {
		t.Errorf("the close that signs nothing: %v", err)
	}
	if r := w.report(t, exp, 30); !r.Agrees || r.Clean || r.Tolerated != difference || r.BreakCount != 0 {
		t.Errorf("the month ends as %+v", r)
	}
	// Before the decision the two lines were outstanding.
	if r := w.report(t, exp, 19); !r.Agrees || r.Tolerated != 0 || r.Bank.Lines != 1 || r.Book.Lines != 1 {
		t.Errorf("the day before is %+v", r)
	}
}

// What differs by more than a match may state, or is no pair, is not let stand, and a
// releaser may say no.
func TestWhatIsNotLetStand(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	w.today = nov(4)
	exp := w.books.Accounts[ledger.Expenditure]
	w.d.Exec(t, `insert into area_rule values ($1, 'write_off_limit', '2026-01-01', '"5.00"', 'minutes 11')`, int32(w.books.Area))
	w.paidOtherThanTold(t, exp, 1_000_000, 1_000_101, bankLine(bank.Credit, 7, 3, "X1"))
	writeOff := reconcile.Asked{Proposal: reconcile.WriteOff, Document: "minutes 12"} //nolint:exhaustruct // nothing more
	for amount, says := range map[money.Amount]string{101: "1.00 at most", 7: "one line of the bank and one of the book"} {
		if _, err := w.resolved(t, w.breakOf(t, amount), writeOff); !strings.Contains(fmt.Sprint(err), says) {
			t.Errorf("%s: %v", amount, err)
		}
	}
	other := newBankWorld(t)
	other.today = nov(4)
	other.d.Exec(t, `insert into area_rule values ($1, 'write_off_limit', '2026-01-01', '"5.00"', 'minutes 11')`,
		int32(other.books.Area))
	other.releasing(t)
	other.paidOtherThanTold(t, other.books.Accounts[ledger.Expenditure], 1_000_000, 999_901)
	id := other.breakOf(t, 99)
	made, err := other.resolved(t, id, writeOff)
	if err != nil {
		t.Fatal(err)
	}
	var out reconcile.Resolution
	_, err = other.proof.RejectResolution(t.Context(), other.deskRequest("finance-releaser"), result(&out),
		other.books.Officers["finance-releaser"], id, reconcile.Verdict{Digest: made.Digest, Reason: "claim it"})
	if err != nil || out.State != reconcile.Rejected || len(other.breaks(t)) != 1 {
		t.Errorf("the releaser's no: %+v, %v", out, err)
	}
}

// releasing adds a third person of finance, who releases.
func (w *bankWorld) releasing(t *testing.T) {
	t.Helper()
	login, person := fmt.Sprintf("finance-releaser.%d", int32(w.books.Area)), int64(w.books.Area)*1000+1
	w.d.Exec(t, `insert into person (id, name) values ($1, 'test')`, person)
	w.d.Exec(t, `insert into officer (login, person_id, organisation_id, password_hash, created_at)
		select $1, $2, id, '', now() from organisation where area = $3 and kind = 'agency_finance'`, login, person,
		int32(w.books.Area))
	w.d.Exec(t, `insert into duty_grant (login, duty, granted_at) values ($1, 'releaser', '2009-09-01')`, login)
	w.books.Officers["finance-releaser"] = approval.Officer{
		Login: login, Person: person, Organisation: approval.AgencyFinance, Area: w.books.Area, Region: 0,
		Duties: []approval.Duty{approval.Releaser},
	}
}

// paidOtherThanTold books a payment and the bank's statement of another amount of it.
func (w *bankWorld) paidOtherThanTold(t *testing.T, account int64, told, paid money.Amount, more ...bank.StatementEntry) {
	t.Helper()
	sum := w.direct(ledger.Credit, ledger.Expenditure, told)
	sum.Nature = ledger.SumLine
	item := w.direct(ledger.Debit, ledger.BenefitBase, told)
	item.Nature, item.Cause, item.FundAccount, item.Member = ledger.ItemLine, 601, account, 1
	w.book(t, w.entry(ledger.Allocation, "test:1", 3, 3, w.direct(ledger.Debit, ledger.Expenditure, 3*told),
		w.direct(ledger.Credit, ledger.FiscalSpecial, 3*told)), w.entry(ledger.BenefitPaid, "test:2", 3, 3, sum, item))
	pay := bankLine(bank.Debit, paid, 3, "P1")
	pay.EndToEndID = "601"
	w.statement(t, account, 2, 3, append(more, bankLine(bank.Credit, 3*told, 3, "A1"), pay)...)
	w.match(t, account)
}
