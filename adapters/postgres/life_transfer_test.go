package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"twoline/adapters/postgres"
	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
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
	_, err := w.db.Pool().Exec(t.Context(), `insert into entitlement (area, member_id, component, from_month, amount, document,
		entered_by, entered_at) values (610304, 1001, 'base_pension', '2011-09-01', 5500, 'late', 'test', now())`)
	if err == nil || !strings.Contains(err.Error(), "whose membership ended") {
		t.Errorf("an entitlement of who left: %v", err)
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
