package registry_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

func idNumber(t *testing.T, n int) party.IDNumber {
	t.Helper()
	v, err := party.NewIDNumber(id(n))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func cardNo(t *testing.T, n int) party.AccountNo {
	t.Helper()
	v, err := party.NewCard(card(n))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func psbc() bank.Caller { return bank.Caller{Code: "psbc", KeyID: "k1"} }

func (w *world) sign(by bank.Caller, cmd registry.SignMandate) (registry.Mandate, error) {
	var out registry.Mandate
	_, err := w.SignMandate(context.Background(), request("bank"), keep(&out), by, cmd)
	return out, err
}

func (w *world) cancel(by bank.Caller, number, day string) (registry.Mandate, error) {
	var out registry.Mandate
	_, err := w.CancelMandate(context.Background(), request("bank"), keep(&out), by,
		registry.CancelMandate{Area: chencang, Number: number, EndedOn: calendar.MustDay(day)})
	return out, err
}

func signing(t *testing.T, n int, number string) registry.SignMandate {
	t.Helper()
	return registry.SignMandate{
		Area: chencang, IDNumber: idNumber(t, n), AccountNo: cardNo(t, n), Number: number,
		SignedOn: calendar.MustDay("2011-03-01"),
	}
}

func TestSignMandate_OnlyTheBanksOwnCustomer(t *testing.T) {
	t.Parallel()
	w := settled(t)
	first, err := w.sign(psbc(), signing(t, 0, "M0"))
	if err != nil || first.ID == 0 || first.Number != "M0" {
		t.Fatalf("%+v, %v", first, err)
	}
	if again, err := w.sign(psbc(), signing(t, 0, "M0")); err != nil || again != first {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	otherAccount, otherArea, otherDay := signing(t, 1, "M1"), signing(t, 1, "M1"), signing(t, 1, "M1")
	otherAccount.AccountNo = cardNo(t, 2)
	otherArea.Area = 320923
	otherDay.SignedOn = calendar.MustDay("2011-03-11")
	badNumber := signing(t, 1, "M|1")
	for name, tt := range map[string]struct {
		by   bank.Caller
		cmd  registry.SignMandate
		want error
	}{
		"another bank's customer":        {bank.Caller{Code: "rcc"}, signing(t, 1, "M1"), registry.ErrCustomer},
		"an unknown bank":                {bank.Caller{Code: "nobank"}, signing(t, 1, "M1"), registry.ErrCustomer},
		"a member without account":       {psbc(), signing(t, 5, "M1"), registry.ErrCustomer},
		"a stranger":                     {psbc(), signing(t, 99, "M1"), registry.ErrCustomer},
		"another's account":              {psbc(), otherAccount, registry.ErrCustomer},
		"an area that knows no bank":     {psbc(), otherArea, registry.ErrCustomer},
		"a day to come":                  {psbc(), otherDay, registry.ErrFuture},
		"a number with a separator":      {psbc(), badNumber, registry.ErrField},
		"a second mandate":               {psbc(), signing(t, 0, "M9"), registry.ErrMandate},
		"the number of another's":        {psbc(), signing(t, 1, "M0"), registry.ErrTaken},
		"another number for the same as": {psbc(), signing(t, 0, "m0"), registry.ErrMandate},
	} {
		if _, err := w.sign(tt.by, tt.cmd); !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, want %v", name, err, tt.want)
		}
	}
	if n := w.count(`select count(*) from mandate`); n != 1 {
		t.Errorf("%d mandates, want 1", n)
	}
}

func TestCancelMandate(t *testing.T) {
	t.Parallel()
	w := settled(t)
	if _, err := w.sign(psbc(), signing(t, 0, "M0")); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		by          bank.Caller
		number, day string
		want        error
	}{
		"another bank":         {bank.Caller{Code: "rcc"}, "M0", "2011-03-05", registry.ErrNoMandate},
		"an unknown number":    {psbc(), "M1", "2011-03-05", registry.ErrNoMandate},
		"before it was signed": {psbc(), "M0", "2011-02-28", registry.ErrEndDay},
		"after today":          {psbc(), "M0", "2011-03-11", registry.ErrEndDay},
	} {
		if _, err := w.cancel(tt.by, tt.number, tt.day); !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, want %v", name, err, tt.want)
		}
	}
	ended, err := w.cancel(psbc(), "M0", "2011-03-05")
	if err != nil || ended.EndedOn != calendar.MustDay("2011-03-05") {
		t.Fatalf("%+v, %v", ended, err)
	}
	if again, err := w.cancel(psbc(), "M0", "2011-03-05"); err != nil || again != ended {
		t.Errorf("ending again: %+v, %v", again, err)
	}
	if _, err := w.cancel(psbc(), "M0", "2011-03-06"); !errors.Is(err, registry.ErrEnded) {
		t.Errorf("ending on another day: %v", err)
	}
	// The member may sign anew, under another number.
	if _, err := w.sign(psbc(), signing(t, 0, "M0")); !errors.Is(err, registry.ErrTaken) {
		t.Errorf("an ended number again: %v", err)
	}
	if _, err := w.sign(psbc(), signing(t, 0, "M0b")); err != nil {
		t.Errorf("a new mandate: %v", err)
	}
}

func TestSignMandate_TwoAtTheSameMomentGiveOneMandate(t *testing.T) {
	t.Parallel()
	w := settled(t)
	var wait sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		cmd := signing(t, 0, fmt.Sprintf("M%d", i))
		wait.Go(func() { _, errs[i] = w.sign(psbc(), cmd) })
	}
	wait.Wait()
	done := 0
	for _, err := range errs {
		switch {
		case err == nil:
			done++
		case !errors.Is(err, registry.ErrMandate) && !errors.Is(err, registry.ErrContended):
			t.Error(err)
		}
	}
	if done != 1 || w.count(`select count(*) from mandate where ended_on is null`) != 1 {
		t.Errorf("%d mandates signed, want 1", done)
	}
}

func TestLookup_OnlyTheBanksOwnCustomersMasked(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.must(registry.KindTiers, tiersHead+id(0)+",2011,200.00,2011-01-05\n")
	if _, err := w.sign(psbc(), signing(t, 0, "M0")); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	got, err := w.Lookup(ctx, psbc(), registry.Lookup{IDNumber: idNumber(t, 0)})
	if err != nil || len(got) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	c := got[0]
	want := registry.Due{Member: c.Member, Year: 2011, Chosen: money.MustParse("200.00")}
	if c.Due != want || c.Due.Open() != want.Chosen || c.Paid() || c.Mandate != "M0" || c.Area != chencang {
		t.Errorf("%+v", c)
	}
	if s := fmt.Sprintf("%+v", got); strings.Contains(s, card(0)) || strings.Contains(s, "王0") {
		t.Errorf("prints personal data: %s", s)
	}
	if got, err := w.Lookup(ctx, psbc(), registry.Lookup{IDNumber: idNumber(t, 1), Year: 2010}); err != nil ||
		got[0].Due.Year != 2010 || got[0].Mandate != "" {
		t.Errorf("another year: %+v, %v", got, err)
	}
	for name, tt := range map[string]struct {
		by bank.Caller
		q  registry.Lookup
	}{
		"another bank":             {bank.Caller{Code: "rcc"}, registry.Lookup{IDNumber: idNumber(t, 0)}},
		"an unknown bank":          {bank.Caller{Code: "nobank"}, registry.Lookup{IDNumber: idNumber(t, 0)}},
		"another area":             {psbc(), registry.Lookup{IDNumber: idNumber(t, 0), Area: 320923}},
		"a member without account": {psbc(), registry.Lookup{IDNumber: idNumber(t, 5)}},
		"a stranger":               {psbc(), registry.Lookup{IDNumber: idNumber(t, 99)}},
	} {
		if got, err := w.Lookup(ctx, tt.by, tt.q); !errors.Is(err, registry.ErrCustomer) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// What covers a due is counted once at each moment of its way: in flight, then
// debited and not booked, then booked; a refund opens it again.
func TestDues(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.must(registry.KindTiers, tiersHead+id(0)+",2011,500.00,2011-01-05\n"+id(0)+",2010,100.00,2010-01-05\n")
	var members [3]int64
	for n := range members {
		members[n] = int64(w.count(`select id::int from member where id_number = $1`, id(n)))
	}
	dues := func() []registry.Due {
		var out []registry.Due
		err := w.store.Read(context.Background(), func(tx registry.Tx) (err error) {
			out, err = tx.Dues(context.Background(), chencang, []int64{members[1], members[0], 42}, 2011)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	check := func(step string, want registry.Due) {
		t.Helper()
		want.Year, want.Member, want.Chosen = 2011, members[0], money.MustParse("500.00")
		empty := func(m int64) registry.Due { return registry.Due{Member: m, Year: 2011} }
		if d := cmp.Diff([]registry.Due{empty(members[1]), want, empty(42)}, dues()); d != "" {
			t.Errorf("%s:\n%s", step, d)
		}
	}
	item := func(id int64, attempt int, fen int64) {
		w.db.Exec(t, `insert into withholding_item (area, id, batch_id, seq, member_id, year, attempt, amount,
			mandate_id,
			mandate_no, account_no, name, id_number, social_no, region)
			values (610304, $1::bigint, 1, $1::bigint::int, $2, 2011, $3, $4, 1, 'x', 'x', 'x', 'x', 'x', 1)`, id,
			members[0], attempt, fen)
	}
	answer := func(item int64, outcome, class string) {
		w.db.Exec(t, `insert into answer (area, receipt_id, line, item_id, outcome, class, code, text, bank_reference,
			disposition, answered_at) values (610304, 1, $1::bigint::int, $1::bigint, $2, $3, '', '', '',
				'recorded', now())`, item, outcome, class)
	}
	post := func(cause int64, fen int64, red bool) {
		w.db.Exec(t, `insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side,
			role, nature,
			red, reversal, amount, fund_account, cause_id, member_id, year)
			values (610304, $1::bigint, 1, 'rural', case when $3 then 'contribution_refund' else 'contribution' end,
				'2011-03-01',
			'2011-03-01', 'credit', 'contribution_individual', 'item', $3, false, $2, 1, $1::bigint, $4, 2011)`,
			cause, fen, red, members[0])
	}
	fen := func(n int64) money.Amount { return money.Amount(n) }

	check("nothing yet", registry.Due{})
	item(1, 1, 20000)
	check("sent", registry.Due{InFlight: fen(20000)})
	answer(1, "failed", "RETRY_FUNDS")
	check("failed", registry.Due{})
	item(2, 2, 30000)
	answer(2, "succeeded", "SUCCESS")
	check("debited, not booked: it must not be taken again", registry.Due{InFlight: fen(30000)})
	post(2, 30000, false)
	check("booked", registry.Due{Posted: fen(30000)})
	w.db.Exec(t, `insert into counter_receipt (area, id, member_id, year, ordinal, amount, channel, bank, terminal,
		paid_on,
		fund_account, bank_reference, received_at)
		values (610304, 3, $1, 2011, 1, 15000, 'counter', 'psbc', '', '2011-03-02', 1, 'r', now())`, members[0])
	check("paid at a counter", registry.Due{Posted: fen(30000), Receipts: fen(15000)})
	if d := dues()[1]; d.Open() != fen(5000) {
		t.Errorf("open = %s, want 50.00", d.Open())
	}
	post(3, 15000, false)
	check("the receipt is booked", registry.Due{Posted: fen(45000)})
	post(4, 45000, true)
	check("all given back", registry.Due{})
	over := registry.Due{Chosen: 100, Posted: 80, Receipts: 30}
	if over.Open() != 0 {
		t.Errorf("open of what is overpaid = %s, want 0.00", over.Open())
	}
}
