package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"twoline/adapters/postgres"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/personal"
	"twoline/gateway/registry"
)

// moves is a transfer out that was asked for on the day before today, to the employee scheme.
func (w *lifeWorld) moves(t *testing.T, member int64, to lifeevent.Counterpart) (lifeevent.Transfer, error) {
	t.Helper()
	var out lifeevent.Transfer
	_, err := w.life.AskTransfer(t.Context(), w.ask("POST /v1/member-transfers"), result(&out), w.maker,
		lifeevent.Transfer{
			Member: member, Direction: lifeevent.MovesOut, Counterpart: to, Office: "宝鸡市社保局", AskedOn: w.today,
			Document: "申请 " + w.today.String(),
		})
	return out, err
}

func (w *lifeWorld) step(t *testing.T, id int64, step lifeevent.TransferStep, account int64) (lifeevent.Transfer, error) {
	t.Helper()
	var out lifeevent.Transfer
	_, err := w.life.DoStep(t.Context(), w.ask("POST steps"), result(&out), w.maker, lifeevent.Step{
		Transfer: id, Step: step, On: w.today, Document: string(step), FundAccount: account,
	})
	return out, err
}

// confirmed is a transfer out whose sum is confirmed, and waits for two people.
func (w *lifeWorld) confirmed(t *testing.T, member int64, to lifeevent.Counterpart) lifeevent.Transfer {
	t.Helper()
	out, err := w.moves(t, member, to)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []lifeevent.TransferStep{lifeevent.LetterReceived, lifeevent.SumConfirmed} {
		account := int64(0)
		if s == lifeevent.SumConfirmed {
			account = 13
		}
		if out, err = w.step(t, out.ID, s, account); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// wholeBook says what a verification finds anywhere.
func (w *lifeWorld) wholeBook(t *testing.T) string {
	t.Helper()
	r, err := w.db.Verify(t.Context(), postgres.Verification{})
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, f := range r.Findings {
		for _, b := range f.Breaches {
			// The world's own accounts at go-live rest on no fact.
			if !strings.Contains(b.Text, "which nobody entered") && !strings.Contains(b.Text, `"test:`) {
				text = append(text, f.ID+" "+b.Table+" "+b.Row+" "+b.Text)
			}
		}
	}
	return strings.Join(text, "\n")
}

// A pensioner who moves into the employee scheme takes the whole account, to the fen and
// part by part; the pension ends, the balance is zero, and nothing more is paid.
func TestAnAccountMovesOutWhole(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.personal(t, 1001, 8000, 2001)
	w.paysMonth(t, "2011-05")
	w.today = calendar.MustDay("2011-06-01")
	moved := w.confirmed(t, 1001, lifeevent.EmployeeScheme)
	if moved.Sum.Individual != 80_00 || moved.Sum.Interest != 20_01 || moved.Step != lifeevent.SumConfirmed {
		t.Fatalf("confirmed %+v", moved)
	}
	if err := w.agreed(t, moved.Decision); err != nil {
		t.Fatal(err)
	}
	got := one[string](t, w.world, `select string_agg(side || ' ' || role || ' ' || nature || ' ' || amount, ', ' order by line)
		from posting p join entry e on e.area = p.area and e.id = p.entry_id where e.cause like 'member_transfer:%'`)
	want := "debit transfer_out item 10001, credit expenditure sum 10001, debit personal_individual item 8000, " +
		"debit personal_interest item 2001, credit personal_control sum 10001"
	if got != want {
		t.Errorf("booked %s\nwant   %s", got, want)
	}
	if held := w.held(t, 1001); held != 0 {
		t.Errorf("the account holds %s", held)
	}
	if got := one[string](t, w.world, `select reason || ' ' || ended_on || ' ' || from_month from member_end`); got !=
		"transferred_out 2011-06-01 2011-06-01" {
		t.Errorf("ended: %s", got)
	}
	w.paysMonth(t, "2011-06")
	if n := one[int](t, w.world, `select count(*) from payment_item where member_id = 1001 and month = '2011-06-01'`); n != 0 {
		t.Errorf("%d payments of June to who left", n)
	}
	err := w.db.Registry().InTx(t.Context(), func(tx registry.Tx) error {
		return tx.InsertEntitlements(t.Context(), chencang, "test", []registry.Entitlement{{
			Member: 1001, Component: registry.BasePension, From: calendar.MustMonth("2011-09"), Amount: 55_00, Document: "late",
		}})
	})
	if !errors.Is(err, lifeevent.ErrEnded) || !strings.Contains(err.Error(), "member 1001") {
		t.Errorf("an entitlement of who left: %v", err)
	}
	w.today = w.today.AddDays(1)
	if err := w.paysAtCounter(1001, w.today); !errors.Is(err, collection.ErrMemberLeft) {
		t.Errorf("a payment of who left: %v", err)
	}
	if _, err := w.moves(t, 1001, lifeevent.EmployeeScheme); !errors.Is(err, lifeevent.ErrEnded) {
		t.Errorf("moving a second time: %v", err)
	}
	if done, err := w.step(t, moved.ID, lifeevent.TransferDone, 0); err != nil || done.Step != lifeevent.TransferDone ||
		!done.DueOn.IsZero() {
		t.Errorf("done: %+v, %v", done, err)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
}

// Whoever has money on the way, draws a pension and only changes the place, is dead, or
// whose account changed meanwhile, does not move; each is told why.
func TestWhoCannotMoveIsToldWhy(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 3)
	w.personal(t, 1001, 8000, 2000)
	w.today = calendar.MustDay("2011-05-03")
	if _, err := w.moves(t, 1001, lifeevent.ResidentScheme); !errors.Is(err, lifeevent.ErrInPayment) {
		t.Errorf("a pension in payment between places: %v", err)
	}
	moved := w.confirmed(t, 1001, lifeevent.EmployeeScheme)
	if _, err := w.moves(t, 1001, lifeevent.EmployeeScheme); !errors.Is(err, lifeevent.ErrMoved) {
		t.Errorf("the same document again: %v", err)
	}
	if _, err := w.step(t, moved.ID, lifeevent.TransferDone, 0); !errors.Is(err, lifeevent.ErrStep) {
		t.Errorf("done before the money is sent: %v", err)
	}
	w.today = calendar.MustMonth("2011-05").Day(18)
	batch := w.released(t, regular(calendar.MustMonth("2011-05"))).Batches[0]
	err := w.agreed(t, moved.Decision)
	if !errors.Is(err, lifeevent.ErrOnTheWay) || !strings.Contains(err.Error(), "payment ") {
		t.Errorf("with a payment on the way: %v", err)
	}
	for _, i := range w.payItems(t, batch) {
		line := paidLine(i)
		line.ValueDate = w.today
		w.answer(t, batch, line)
	}
	other := w.confirmed(t, 1003, lifeevent.EmployeeScheme)
	w.personal(t, 1003, 100, 1)
	if err := w.agreed(t, other.Decision); !errors.Is(err, lifeevent.ErrSumChanged) {
		t.Errorf("after the account changed: %v", err)
	}
	w.died(t, 1002, "2011-05-04")
	w.today = w.today.AddDays(1)
	if _, err := w.moves(t, 1002, lifeevent.EmployeeScheme); !errors.Is(err, lifeevent.ErrDead) {
		t.Errorf("of the dead: %v", err)
	}
	if n := one[int](t, w.world, `select count(*) from member_transfer_posted`); n != 0 {
		t.Errorf("%d transfers moved", n)
	}
}

// comes is a transfer in of 80.00, 5.00, 10.00 and 5.01, of which 20.00 of the old scheme, with 12 years.
func (w *lifeWorld) comes(t *testing.T, member int64, document string) (lifeevent.Transfer, error) {
	t.Helper()
	var out lifeevent.Transfer
	_, err := w.life.AskTransfer(t.Context(), w.ask("POST /v1/member-transfers"), result(&out), w.maker,
		lifeevent.Transfer{
			Member: member, Direction: lifeevent.MovesIn, Counterpart: lifeevent.ResidentScheme, Office: "凤翔县经办处",
			AskedOn: w.today, Document: document, OldScheme: 20_00, Years: 12,
			Announced: lifeevent.Parts{Individual: 80_00, Collective: 5_00, Subsidy: 10_00, Interest: 5_01},
		})
	return out, err
}

// saves says that members pay contributions yet and draw nothing.
func (w *lifeWorld) saves(t *testing.T, members ...int64) {
	t.Helper()
	for _, m := range members {
		w.sql(t, fmt.Sprintf(`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by,
			entered_at) values (610304, %d, 'base_pension', '2011-01-01', 0, 'not yet', 'test', now())`, m))
	}
}

// draws awards a pension from the month of today on.
func (w *lifeWorld) draws(t *testing.T, member int64) {
	t.Helper()
	err := w.db.Registry().InTx(t.Context(), func(tx registry.Tx) error {
		return tx.InsertEntitlements(t.Context(), chencang, "test", []registry.Entitlement{{
			Member: member, Component: registry.BasePension, From: w.today.Month(), Amount: 55_00, Document: "award",
		}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (w *lifeWorld) receives(t *testing.T, id, account, fen int64, reference string) (lifeevent.Transfer, error) {
	t.Helper()
	var out lifeevent.Transfer
	_, err := w.life.Receive(t.Context(), w.ask("POST receipts"), result(&out), w.maker, lifeevent.TransferReceipt{
		Transfer: id, FundAccount: account, Amount: money.Amount(fen), BankReference: reference, ValueDate: w.today,
		Document: "bank's note",
	})
	return out, err
}

// A transfer in is posted when all of it is there, to the fen: once, to the fund and the
// account together; the years count, and the old scheme's balance keeps its mark.
func TestAnAccountMovesInWhole(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.today = calendar.MustDay("2018-03-01")
	w.saves(t, 1001, 1002)
	in, err := w.comes(t, 1001, "接续函1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.comes(t, 1002, "接续函1"); !errors.Is(err, lifeevent.ErrMoved) {
		t.Errorf("the same document of the same office: %v", err)
	}
	if _, err := w.receives(t, in.ID, 11, 100_01, "T1"); !errors.Is(err, lifeevent.ErrStep) {
		t.Errorf("money before the letter: %v", err)
	}
	if _, err = w.step(t, in.ID, lifeevent.LetterSent, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.receives(t, in.ID, 13, 100_01, "T1"); !errors.Is(err, lifeevent.ErrTransferMoney) {
		t.Errorf("money on the expenditure account: %v", err)
	}
	if in, err = w.receives(t, in.ID, 11, 100_00, "T1"); err != nil || in.Decision != 0 {
		t.Fatalf("a fen less: %+v, %v", in, err)
	}
	if n := one[int](t, w.world, `select count(*) from posting where role = 'transfer_in'`); n != 0 {
		t.Errorf("%d lines before all of it is there", n)
	}
	if got := w.openCases(t, "member_transfer_sum"); !strings.Contains(got, "member_transfer:") {
		t.Errorf("cases: %q", got)
	}
	if _, err := w.receives(t, in.ID, 11, 1, "T1"); !errors.Is(err, lifeevent.ErrCreditUsed) {
		t.Errorf("one credit twice: %v", err)
	}
	if in, err = w.receives(t, in.ID, 11, 1, "T2"); err != nil || in.Decision == 0 {
		t.Fatalf("the last fen: %+v, %v", in, err)
	}
	if got := w.openCases(t, "member_transfer_sum"); got != "" {
		t.Errorf("cases after all of it came: %q", got)
	}
	if err := w.agreed(t, in.Decision); err != nil {
		t.Fatal(err)
	}
	got := one[string](t, w.world, `select string_agg(side || ' ' || role || ' ' || amount, ', ' order by line)
		from posting p join entry e on e.area = p.area and e.id = p.entry_id where e.cause like 'member_transfer:%'`)
	want := "debit income 10001, credit transfer_in 10000, credit transfer_in 1, credit personal_individual 8000, " +
		"credit personal_collective 500, credit personal_subsidy 1000, credit personal_interest 501, debit personal_control 10001"
	if got != want {
		t.Errorf("booked %s\nwant   %s", got, want)
	}
	if n := one[int](t, w.world, `select years from service_years where member_id = 1001`); n != 12 {
		t.Errorf("%d years", n)
	}
	statements := personal.New(w.db.Personal(), func() calendar.Day { return w.today })
	for year, want := range map[int]money.Amount{2017: 0, 2018: 20_00} {
		s, err := statements.Statement(t.Context(), w.auditor, 1001, year)
		if err != nil || s.OldScheme != want || year == 2018 && (s.Closing.Total() != 100_01 || len(s.Lines) != 1 ||
			s.Lines[0].Parts != in.Announced || s.Lines[0].BankReference != "T1 +1") {
			t.Errorf("statement of %d: %+v, %v", year, s, err)
		}
	}
	if list, err := w.life.Transfers(t.Context(), w.auditor, lifeevent.TransferFilter{Member: 1001}, false); err != nil ||
		list[0].Step != lifeevent.MoneyPosted || list[0].OldScheme != 20_00 || !list[0].DueOn.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
}

// Money that a checker does not let through is not lost: two people are asked again, or
// it goes back.
func TestATransferInThatIsRejectedIsAskedAgainOrGoesBack(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 1)
	w.today = calendar.MustDay("2018-03-01")
	w.saves(t, 1001)
	in, err := w.comes(t, 1001, "接续函4")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.step(t, in.ID, lifeevent.LetterSent, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.step(t, in.ID, lifeevent.MoneyPosted, 0); !errors.Is(err, lifeevent.ErrStep) {
		t.Errorf("posting without money: %v", err)
	}
	if in, err = w.receives(t, in.ID, 11, 100_01, "T1"); err != nil {
		t.Fatal(err)
	}
	for _, again := range []lifeevent.TransferStep{lifeevent.MoneyPosted, lifeevent.ReturnAsked} {
		if _, err := w.step(t, in.ID, again, 0); !errors.Is(err, casework.ErrOpen) {
			t.Errorf("%s while two people are asked: %v", again, err)
		}
		w.rejected(t, in.Decision)
		before := in.Decision
		if in, err = w.step(t, in.ID, again, 0); err != nil || in.Decision == before {
			t.Fatalf("%s after the rejection: %+v, %v", again, in, err)
		}
	}
	if err := w.agreed(t, in.Decision); err != nil {
		t.Fatal(err)
	}
	if n := one[int64](t, w.world, `select sum(case when (side = 'debit') <> red then amount else -amount end)::bigint from posting where role = 'income'`); n != 0 {
		t.Errorf("the income account holds %d fen", n)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
}

// Money that is not what was announced is given back by two people, by the account that it came to.
func TestMoneyThatWasNotAnnouncedGoesBack(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 1)
	w.today = calendar.MustDay("2018-03-01")
	w.saves(t, 1001)
	in, err := w.comes(t, 1001, "接续函2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.step(t, in.ID, lifeevent.LetterSent, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.step(t, in.ID, lifeevent.ReturnAsked, 0); !errors.Is(err, lifeevent.ErrStep) {
		t.Errorf("a return of nothing: %v", err)
	}
	if in, err = w.receives(t, in.ID, 11, 100_02, "T1"); err != nil || in.Decision != 0 {
		t.Fatalf("a fen more: %+v, %v", in, err)
	}
	if _, err := w.step(t, in.ID, lifeevent.CalledOff, 0); !errors.Is(err, lifeevent.ErrStep) {
		t.Errorf("called off with money there: %v", err)
	}
	if in, err = w.step(t, in.ID, lifeevent.ReturnAsked, 0); err != nil || in.Decision == 0 {
		t.Fatalf("asked to give it back: %+v, %v", in, err)
	}
	if err := w.agreed(t, in.Decision); err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"income", "transfer_in"} {
		if n := one[int64](t, w.world, `select sum(case when (side = 'debit') <> red then amount else -amount end)::bigint from posting where role = $1`, role); n != 0 {
			t.Errorf("%s holds %d fen", role, n)
		}
	}
	if got := w.openCases(t, "member_transfer_sum"); got != "" {
		t.Errorf("cases: %q", got)
	}
	if held := w.held(t, 1001); held != 0 {
		t.Errorf("the account holds %s", held)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
}

// Nothing is brought to a pension that is paid already, from no scheme since July 2014:
// not when it is asked for, not by a letter, and money that came meanwhile goes back.
func TestNothingIsBroughtToWhoDrawsAPension(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 5)
	w.saves(t, 1002, 1003, 1004)
	w.today = calendar.MustDay("2014-06-30")
	employee := func(document string) error {
		_, err := w.life.AskTransfer(t.Context(), w.ask("POST /v1/member-transfers"), result(new(lifeevent.Transfer)), w.maker,
			lifeevent.Transfer{
				Member: 1005, Direction: lifeevent.MovesIn, Counterpart: lifeevent.EmployeeScheme, Office: "宝鸡市社保局",
				AskedOn: w.today, Document: document, Announced: lifeevent.Parts{Individual: 1_00},
			})
		return err
	}
	if err := employee("on the last day"); err != nil {
		t.Errorf("from the employee scheme in June 2014: %v", err)
	}
	w.today = calendar.MustDay("2014-07-01")
	if err := employee("on the first day"); !errors.Is(err, lifeevent.ErrInPayment) {
		t.Errorf("from the employee scheme in July 2014: %v", err)
	}
	w.today = calendar.MustDay("2018-03-01")
	if _, err := w.comes(t, 1001, "函0"); !errors.Is(err, lifeevent.ErrInPayment) {
		t.Errorf("to a pensioner: %v", err)
	}
	moves := map[int64]lifeevent.Transfer{}
	for member, document := range map[int64]string{1002: "函1", 1003: "函2", 1004: "函3"} {
		in, err := w.comes(t, member, document)
		if err != nil {
			t.Fatal(err)
		}
		if in, err = w.step(t, in.ID, lifeevent.LetterSent, 0); err != nil {
			t.Fatal(err)
		}
		moves[member] = in
	}
	late, err := w.comes(t, 1002, "函4")
	if err != nil {
		t.Fatal(err)
	}
	asked, err := w.receives(t, moves[1003].ID, 11, 100_01, "T3")
	if err != nil {
		t.Fatal(err)
	}
	w.draws(t, 1002)
	w.draws(t, 1003)
	w.died(t, 1004, "2018-02-28")
	if _, err := w.step(t, late.ID, lifeevent.LetterSent, 0); !errors.Is(err, lifeevent.ErrInPayment) {
		t.Errorf("a letter that asks for the money: %v", err)
	}
	if err := w.agreed(t, asked.Decision); !errors.Is(err, lifeevent.ErrInPayment) {
		t.Errorf("posting to who began to draw: %v", err)
	}
	w.rejected(t, asked.Decision)
	for member, why := range map[int64]string{1002: "a pension of 55.00 a month is paid here", 1003: "", 1004: "reported dead"} {
		in := moves[member]
		if why != "" {
			if in, err = w.receives(t, in.ID, 11, 100_01, why[:3]); err != nil || in.Decision != 0 {
				t.Fatalf("money for %d: decision %d, %v", member, in.Decision, err)
			}
			told := one[string](t, w.world, `select text from exception_case where kind = 'member_transfer_sum'
				and subject = 'member_transfer:' || $1::bigint`, in.ID)
			if !strings.Contains(told, "100.01 came and goes back") || !strings.Contains(told, why) {
				t.Errorf("the case of %d says %q", member, told)
			}
			if _, err := w.step(t, in.ID, lifeevent.MoneyPosted, 0); err == nil {
				t.Errorf("the money of %d is to be posted", member)
			}
		}
		if in, err = w.step(t, in.ID, lifeevent.ReturnAsked, 0); err != nil {
			t.Fatal(err)
		}
		if err := w.agreed(t, in.Decision); err != nil {
			t.Fatal(err)
		}
	}
	for _, role := range []string{"income", "transfer_in"} {
		n := one[int64](t, w.world, `select sum(case when (side = 'debit') <> red then amount else -amount end)::bigint
			from posting where role = $1`, role)
		if n != 0 {
			t.Errorf("%s holds %d fen", role, n)
		}
	}
	if got := w.openCases(t, "member_transfer_sum"); got != "" {
		t.Errorf("cases: %q", got)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
}

// Each step has fifteen working days; the day after the last one it is a case, which the step ends.
func TestAStepThatIsLateIsACase(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 1)
	w.today = calendar.MustDay("2011-09-26")
	out, err := w.moves(t, 1001, lifeevent.EmployeeScheme)
	// The first week of October is off, and the two days after it are worked.
	if err != nil || out.DueOn != calendar.MustDay("2011-10-20") {
		t.Fatalf("due %s, %v", out.DueOn, err)
	}
	for i, day := range []string{"2011-10-20", "2011-10-21"} {
		w.today = calendar.MustDay(day)
		list, err := w.life.Transfers(t.Context(), w.auditor, lifeevent.TransferFilter{}, true)
		if err != nil || len(list) != i {
			t.Errorf("late on %s: %d, %v", day, len(list), err)
		}
	}
	for range 2 {
		if err := w.life.Watch(t.Context(), w.today); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.openCases(t, "member_transfer_late"); strings.Count(got, "member_transfer:") != 1 {
		t.Errorf("cases: %q", got)
	}
	if _, err := w.step(t, out.ID, lifeevent.LetterReceived, 0); err != nil {
		t.Fatal(err)
	}
	if got := w.openCases(t, "member_transfer_late"); got != "" {
		t.Errorf("after the step: %q", got)
	}
}

func (w *lifeWorld) departs(t *testing.T, member int64) (lifeevent.Departure, error) {
	t.Helper()
	var out lifeevent.Departure
	_, err := w.life.AskDeparture(t.Context(), w.ask("POST /v1/member-departures"), result(&out), w.maker,
		lifeevent.Departure{Member: member, Reason: lifeevent.Emigrated, LeftOn: w.today, Document: "定居证明"})
	return out, err
}

// Who emigrates is paid the account once, by a run of dues, and no pension after.
func TestWhoEmigratesIsPaidTheAccountOnce(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 2)
	w.personal(t, 1001, 8000, 2001)
	w.paysMonth(t, "2015-05")
	w.today = calendar.MustDay("2015-06-01")
	gone, err := w.departs(t, 1001)
	if err != nil || gone.Balance != 100_01 || gone.Decision == 0 || gone.State != "submitted" {
		t.Fatalf("asked %+v, %v", gone, err)
	}
	rival, err := w.departs(t, 1001)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, gone.Decision); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, rival.Decision); !errors.Is(err, lifeevent.ErrEnded) {
		t.Errorf("the same account a second time: %v", err)
	}
	if _, err := w.departs(t, 1001); !errors.Is(err, lifeevent.ErrEnded) {
		t.Errorf("who left already leaves again: %v", err)
	}
	w.paysMonth(t, "2015-06")
	w.today = calendar.MustDay("2015-07-03")
	batch := w.released(t, dues("2015-07")).Batches[0]
	items := w.payItems(t, batch)
	if len(items) != 1 || items[0].OneOff != 100_01 || items[0].Sum() != 100_01 {
		t.Fatalf("sent %+v", items)
	}
	w.today = calendar.MustDay("2015-07-25")
	line := paidLine(items[0])
	line.ValueDate = w.today
	w.answer(t, batch, line)
	if held := w.held(t, 1001); held != 0 {
		t.Errorf("the account still holds %s", held)
	}
	if n := one[int](t, w.world, `select count(*) from payment_item where member_id = 1001 and cause = 'regular' and month > '2015-05-01'`); n != 0 {
		t.Errorf("%d pensions after", n)
	}
	if text := w.wholeBook(t); text != "" {
		t.Errorf("verify says %s", text)
	}
}
