package fundtransfer_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/shopspring/decimal"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
)

func TestStatesAndTheirSteps(t *testing.T) {
	t.Parallel()
	states := []fundtransfer.State{
		fundtransfer.Submitted, fundtransfer.Booked, fundtransfer.Rejected, fundtransfer.Withdrawn, "other",
	}
	for _, from := range states {
		for _, to := range states {
			want := from == fundtransfer.Submitted && to != fundtransfer.Submitted && to != "other"
			if got := from.CanBecome(to); got != want {
				t.Errorf("%s can become %s: %t, want %t", from, to, got, want)
			}
		}
	}
}

func TestDigestCoversEveryField(t *testing.T) {
	t.Parallel()
	base := fundtransfer.Instruction{
		Kind: ledger.Sweep, From: 1, To: 2, Amount: 100, EffectiveOn: calendar.MustDay("2010-12-01"), Document: "a",
	}
	give := map[string]func(i *fundtransfer.Instruction){
		"kind":           func(i *fundtransfer.Instruction) { i.Kind = ledger.Allocation },
		"from":           func(i *fundtransfer.Instruction) { i.From = 3 },
		"to":             func(i *fundtransfer.Instruction) { i.To = 3 },
		"amount":         func(i *fundtransfer.Instruction) { i.Amount = 101 },
		"all":            func(i *fundtransfer.Instruction) { i.Amount, i.All = 0, true },
		"purpose":        func(i *fundtransfer.Instruction) { i.Purpose = fundtransfer.BasePension },
		"effective day":  func(i *fundtransfer.Instruction) { i.EffectiveOn = calendar.MustDay("2010-12-02") },
		"document":       func(i *fundtransfer.Instruction) { i.Document = "b" },
		"bank reference": func(i *fundtransfer.Instruction) { i.BankReference = "b" },
		"maturity":       func(i *fundtransfer.Instruction) { i.MaturesOn = calendar.MustDay("2011-12-02") },
		"rate":           func(i *fundtransfer.Instruction) { i.Rate = decimal.RequireFromString("0.03") },
		"deposit":        func(i *fundtransfer.Instruction) { i.Deposit = 1 },
		"interest":       func(i *fundtransfer.Instruction) { i.Interest = 1 },
		"request":        func(i *fundtransfer.Instruction) { i.Request = 1 },
	}
	seen := map[[sha256.Size]byte]string{base.Digest(testArea, ledger.Rural): "base"}
	for name, change := range give {
		i := base
		change(&i)
		seen[i.Digest(testArea, ledger.Rural)] = name
	}
	seen[base.Digest(testArea+1, ledger.Rural)] = "area"
	seen[base.Digest(testArea, ledger.Urban)] = "scheme"
	if len(seen) != len(give)+3 {
		t.Errorf("%d digests differ, want %d: %v", len(seen), len(give)+3, seen)
	}
	// Fixed for ever: an approval that was given stays an approval of the same content.
	const want = "7543996577d5fff3788eb4316e63d25f33f10249db6ba8627713c810cfd8d445"
	if got := fmt.Sprintf("%x", base.Digest(testArea, ledger.Rural)); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

// move is one combination of kind and ends.
type move struct {
	kind     ledger.Kind
	from, to ledger.Role
}

// allowed is the two-line table as the rule of 2017 writes it, for the kinds of
// this package; sinceRule2017 are those that came with it.
func allowed() (all map[move]bool, since2018 map[move]bool) {
	none := ledger.Role("")
	in, special, fixed := ledger.Income, ledger.FiscalSpecial, ledger.FixedDeposit
	out, treasury := ledger.Expenditure, ledger.Treasury
	since2018 = map[move]bool{
		{ledger.RemittanceReceived, none, in}:  true,
		{ledger.RemittanceReceived, none, out}: true,
		{ledger.RemittanceMade, in, none}:      true,
		{ledger.RemittanceMade, out, none}:     true,
	}
	all = map[move]bool{
		{ledger.Sweep, in, special}:                  true,
		{ledger.Allocation, special, out}:            true,
		{ledger.TreasuryHandover, treasury, special}: true,
		{ledger.SubsidyReceipt, none, special}:       true,
		{ledger.Donation, none, special}:             true,
		{ledger.InterestReceived, none, in}:          true,
		{ledger.InterestReceived, none, special}:     true,
		{ledger.InterestReceived, none, fixed}:       true,
		{ledger.InterestReceived, none, out}:         true,
		{ledger.InterestHandover, out, special}:      true,
		{ledger.DepositPlaced, special, fixed}:       true,
		{ledger.DepositMatured, fixed, special}:      true,
		{ledger.LoanReceived, none, special}:         true,
		{ledger.LoanRepaid, special, none}:           true,
		{ledger.RemittanceReceived, none, special}:   true,
		{ledger.RemittanceMade, special, none}:       true,
	}
	for m := range since2018 {
		all[m] = true
	}
	return all, since2018
}

// TestF56_EveryKindAndPairOfAccounts submits every combination and books each that
// is let through, before and after 2018: what the table does not name is refused
// when it is submitted, and the database agrees with what is let through.
func TestF56_EveryKindAndPairOfAccounts(t *testing.T) {
	t.Parallel()
	table, since2018 := allowed()
	for _, today := range []string{"2017-12-31", "2018-01-01"} {
		t.Run(today, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, today)
			roles := []ledger.Role{
				"", ledger.Income, ledger.FiscalSpecial, ledger.FixedDeposit, ledger.Expenditure, ledger.Treasury,
			}
			for _, role := range roles[1:] {
				w.fund(role, "1000000.00")
			}
			deposit := w.book("bureau",
				w.instruction(move{ledger.DepositPlaced, ledger.FiscalSpecial, ledger.FixedDeposit}, 0))
			w.setToday(calendar.MustDay(today).AddDays(1).String())
			tried, booked := 0, 0
			for _, kind := range fundtransfer.Kinds() {
				for _, from := range roles {
					for _, to := range roles {
						m := move{kind, from, to}
						if from == "" && to == "" || from == to {
							continue
						}
						want := table[m] && (!since2018[m] || today >= "2018")
						// The rule of the day that the money moved decides.
						i := w.instruction(m, deposit.ID)
						i.EffectiveOn = calendar.MustDay(today)
						if kind == ledger.DepositMatured {
							i.EffectiveOn = i.EffectiveOn.AddDays(1)
						}
						if kind == ledger.TreasuryHandover {
							w.collectBy("tax")
						} else {
							w.collectBy("agency")
						}
						tried++
						if w.tryMove(t, m, i, want) {
							booked++
						}
					}
				}
			}
			want := len(table)
			if today < "2018" {
				want -= len(since2018)
			}
			if tried != len(fundtransfer.Kinds())*30 || booked != want {
				t.Errorf("%d tried, %d booked, want %d and %d", tried, booked, len(fundtransfer.Kinds())*30, want)
			}
			if n := w.count(`select count(*) from fund_transfer where state = 'submitted'`); n != 0 {
				t.Errorf("%d transfers were stored and not booked", n)
			}
		})
	}
}

// collectBy sets who collects, from the first day on.
func (w *world) collectBy(mode string) {
	w.t.Helper()
	w.database.Exec(w.t, `update area_rule set value = to_jsonb($1::text) where rule = 'collection_mode'`, mode)
}

func (w *world) instruction(m move, deposit int64) fundtransfer.Instruction {
	i := fundtransfer.Instruction{
		Kind: m.kind, From: w.account(m.from), To: w.account(m.to), Amount: money.MustParse("100.00"),
	}
	switch m.kind {
	case ledger.SubsidyReceipt:
		i.Purpose = fundtransfer.Unspecified
	case ledger.DepositPlaced:
		i.MaturesOn, i.Rate = calendar.MustDay("2030-01-01"), decimal.RequireFromString("0.0275")
	case ledger.DepositMatured:
		i.Deposit = deposit
	}
	return i
}

// tryMove submits by both offices, since the table is asked about and not who may.
func (w *world) tryMove(t *testing.T, m move, i fundtransfer.Instruction, want bool) bool {
	t.Helper()
	var codes []string
	for _, office := range []string{"finance", "bureau"} {
		made, err := w.submit(office+"-maker", i)
		if err != nil {
			codes = append(codes, fault.CodeOf(err))
			continue
		}
		if !want {
			t.Errorf("%s from %q to %q was let through", m.kind, m.from, m.to)
			return false
		}
		if _, err := w.approve(office+"-checker", made); err != nil {
			t.Errorf("%s from %q to %q was let through and not booked: %v", m.kind, m.from, m.to, err)
			return false
		}
		return true
	}
	if want {
		t.Errorf("%s from %q to %q was refused: %v", m.kind, m.from, m.to, codes)
		return false
	}
	if codes[0] != "two_line_violation" && codes[1] != "two_line_violation" {
		t.Errorf("%s from %q to %q was refused as %v, want two_line_violation", m.kind, m.from, m.to, codes)
	}
	return false
}

func TestTheRefusalNamesTheRule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	_, err := w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.Expenditure}, 0))
	wantCode(t, err, "two_line_violation")
	wantText(t, err, "an entry of kind sweep may not debit the expenditure account (财社〔2017〕144号)")
}

func TestWhoMayMakeAndCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	for _, role := range []ledger.Role{ledger.Income, ledger.FiscalSpecial, ledger.Expenditure} {
		w.fund(role, "1000.00")
	}
	bureauOnly := []move{
		{ledger.Allocation, ledger.FiscalSpecial, ledger.Expenditure},
		{ledger.DepositPlaced, ledger.FiscalSpecial, ledger.FixedDeposit},
		{ledger.LoanReceived, "", ledger.FiscalSpecial},
		{ledger.LoanRepaid, ledger.FiscalSpecial, ""},
		{ledger.SubsidyReceipt, "", ledger.FiscalSpecial},
		{ledger.Donation, "", ledger.FiscalSpecial},
		{ledger.TreasuryHandover, ledger.Treasury, ledger.FiscalSpecial},
		{ledger.InterestReceived, "", ledger.FiscalSpecial},
		{ledger.RemittanceMade, ledger.FiscalSpecial, ""},
	}
	agencyOnly := []move{
		{ledger.Sweep, ledger.Income, ledger.FiscalSpecial},
		{ledger.InterestReceived, "", ledger.Income},
		{ledger.InterestReceived, "", ledger.Expenditure},
		{ledger.InterestHandover, ledger.Expenditure, ledger.FiscalSpecial},
		{ledger.RemittanceMade, ledger.Income, ""},
		{ledger.RemittanceReceived, "", ledger.Expenditure},
	}
	check := func(moves []move, refused ...string) {
		for _, m := range moves {
			for _, who := range refused {
				_, err := w.submit(who, w.instruction(m, 0))
				if !errors.Is(err, approval.ErrDuty) {
					t.Errorf("%s by %s: %v, want duty_conflict", m.kind, who, err)
				}
			}
		}
	}
	others := []string{"business-maker", "auditor", "finance-checker", "bureau-checker"}
	check(bureauOnly, append(others, "finance-maker")...)
	check(agencyOnly, append(others, "bureau-maker")...)

	sweep := must[fundtransfer.Transfer](t)(
		w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)))
	_, err := w.approve("bureau-checker", sweep)
	wantCode(t, err, "duty_conflict")
	_, err = w.reject("bureau-checker", sweep)
	wantCode(t, err, "duty_conflict")
	_, err = w.withdraw("finance-checker", sweep)
	wantCode(t, err, "duty_conflict")
}

func TestAnotherAreasAccountAndTransferAreNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	other := pgSeedOther(t, w)
	i := w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)
	i.To = other.Accounts[ledger.FiscalSpecial]
	_, err := w.submit("finance-maker", i)
	wantCode(t, err, "not_found")

	own := must[fundtransfer.Transfer](t)(
		w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)))
	stranger := other.Officers["finance-checker"]
	_, err = w.transfers.Find(context.Background(), stranger, own.ID)
	wantCode(t, err, "not_found")
	var done fundtransfer.Transfer
	_, err = w.transfers.Approve(context.Background(), w.request(), result(&done), stranger,
		fundtransfer.Verdict{ID: own.ID, Digest: own.Digest})
	wantCode(t, err, "not_found")
}

func TestTwoSchemesNeverMeet(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	urban := pgSeedScheme(t, w, ledger.Urban)
	i := w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)
	i.To = urban.Accounts[ledger.FiscalSpecial]
	_, err := w.submit("finance-maker", i)
	wantCode(t, err, "two_line_violation")
	wantText(t, err, "each scheme keeps its own books")
}

func TestSweepOfAllTakesWhatStandsThereWhenItIsBooked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2010-12-31")
	w.fund(ledger.Income, "100.00")
	i := w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)
	i.Amount, i.All = 0, true
	made := must[fundtransfer.Transfer](t)(w.submit("finance-maker", i))
	w.fund(ledger.Income, "11.11")
	done := must[fundtransfer.Transfer](t)(w.approve("finance-checker", made))
	if done.Moved.String() != "111.11" || done.State != fundtransfer.Booked {
		t.Errorf("moved %s, %s", done.Moved, done.State)
	}
	w.wantBalance(ledger.Income, "0.00")
	w.wantBalance(ledger.FiscalSpecial, "111.11")
	found := must[fundtransfer.Transfer](t)(w.transfers.Find(context.Background(), w.officer("auditor"), made.ID))
	if found.Moved != done.Moved || !found.All || found.Version != 2 {
		t.Errorf("found %+v", found)
	}

	again := must[fundtransfer.Transfer](t)(w.submit("finance-maker", i))
	_, err := w.approve("finance-checker", again)
	wantCode(t, err, "insufficient_balance")
}

func TestI8_NoMoreThanTheAccountHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	w.fund(ledger.FiscalSpecial, "99.99")
	for _, m := range []move{
		{ledger.Allocation, ledger.FiscalSpecial, ledger.Expenditure},
		{ledger.LoanRepaid, ledger.FiscalSpecial, ""},
		{ledger.RemittanceMade, ledger.FiscalSpecial, ""},
		{ledger.DepositPlaced, ledger.FiscalSpecial, ledger.FixedDeposit},
	} {
		made := must[fundtransfer.Transfer](t)(w.submit("bureau-maker", w.instruction(m, 0)))
		_, err := w.approve("bureau-checker", made)
		wantCode(t, err, "insufficient_balance")
		wantText(t, err, "99.99")
	}
	w.wantBalance(ledger.FiscalSpecial, "99.99")
	if n := w.count(`select count(*) from approval`); n != 0 {
		t.Errorf("%d approvals were kept of bookings that did not happen", n)
	}
}

func TestConcurrentSweepsNeverOverdraw(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	w.fund(ledger.Income, "350.00")
	var made []fundtransfer.Transfer
	for range 16 {
		made = append(made, must[fundtransfer.Transfer](t)(
			w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0))))
	}
	errs := make([]error, len(made))
	var group sync.WaitGroup
	for n := range made {
		group.Go(func() { _, errs[n] = w.approve("finance-checker", made[n]) })
	}
	group.Wait()
	booked := 0
	for _, err := range errs {
		if err == nil {
			booked++
			continue
		}
		wantCode(t, err, "insufficient_balance")
	}
	if booked != 3 {
		t.Errorf("%d of 16 sweeps of 100.00 were booked from 350.00", booked)
	}
	w.wantBalance(ledger.Income, "50.00")
}

func TestF88S07_TheMakersOwnPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	w.fund(ledger.Income, "1000.00")
	made := must[fundtransfer.Transfer](t)(
		w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)))
	_, err := w.approve("finance-second", made)
	wantCode(t, err, "same_person")
	_, err = w.reject("finance-second", made)
	wantCode(t, err, "same_person")

	// A change of duties makes nobody another person.
	w.database.Exec(t, `insert into duty_grant values ($1, 'checker', now(), null)`, w.officer("finance-maker").Login)
	_, err = w.approve("finance-maker", made)
	wantCode(t, err, "same_person")

	// Past the service the table decides, whatever the code believes.
	maker, second, checker := w.officer("finance-maker"), w.officer("finance-second"), w.officer("finance-checker")
	insert := `insert into approval (area, subject, subject_id, duty, decision, digest, maker_person, person_id, login,
		decided_at) values ($1, 'fund_transfer', $2, 'checker', 'approved', $3, $4, $5, $6, now())`
	for name, give := range map[string]struct {
		makerPerson, person int64
		login               string
		want                string
	}{
		"by the maker":                        {maker.Person, maker.Person, maker.Login, "different_person"},
		"by the maker's second login":         {maker.Person, second.Person, second.Login, "different_person"},
		"by the second login as a third one":  {maker.Person, checker.Person, second.Login, "login_person_id_fkey"},
		"of a transfer that another one made": {checker.Person, maker.Person, maker.Login, "fkey"},
	} {
		err := w.app(insert, testArea, made.ID, made.Digest[:], give.makerPerson, give.person, give.login)
		t.Log(name)
		wantText(t, err, give.want)
	}
	// Nor can the maker be written down as another person when the transfer is made.
	err = w.app(`insert into fund_transfer (area, scheme, kind, from_account, to_account, amount, effective_on,
		document, digest, maker, maker_person, made_at, state)
		select area, scheme, kind, from_account, to_account, amount, effective_on, document, digest, maker, $1,
			made_at, state from fund_transfer`, checker.Person)
	wantText(t, err, "fund_transfer_maker_maker_person_fkey")
	if done := must[fundtransfer.Transfer](t)(w.approve("finance-checker", made)); done.State != fundtransfer.Booked {
		t.Errorf("the transfer is %s", done.State)
	}
}

// TestF88S07_TheTableDecidesWhereTheCodeIsBlind hands the storage an approval by the
// maker's person, as a bug above it would.
func TestF88S07_TheTableDecidesWhereTheCodeIsBlind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	made := must[fundtransfer.Transfer](t)(
		w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)))
	err := w.db.FundTransfers().InTx(context.Background(), func(tx fundtransfer.Tx) error {
		return tx.AddApproval(context.Background(), approval.Approval{
			Area: testArea, Subject: "fund_transfer", SubjectID: made.ID, Duty: approval.Checker,
			Decision: approval.Approved, Digest: made.Digest, MakerPerson: made.MakerPerson,
			By: w.officer("finance-second"),
		})
	})
	if !errors.Is(err, approval.ErrSamePerson) {
		t.Errorf("got %v, want same_person", err)
	}
}

func TestF89_TwoCheckersAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	w.fund(ledger.Income, "1000000.00")
	const trials = 100
	booked, rejected := 0, 0
	for trial := range trials {
		made := must[fundtransfer.Transfer](t)(
			w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)))
		second := w.approve
		if trial%2 == 1 {
			second = w.reject
		}
		var errs [2]error
		var done [2]fundtransfer.Transfer
		var group sync.WaitGroup
		group.Go(func() { done[0], errs[0] = w.approve("finance-checker", made) })
		group.Go(func() { done[1], errs[1] = second("finance-other", made) })
		group.Wait()
		winner := 0
		if errs[0] != nil {
			winner = 1
		}
		if errs[winner] != nil || !errors.Is(errs[1-winner], approval.ErrDecided) {
			t.Fatalf("trial %d: %v and %v, want one decision", trial, errs[0], errs[1])
		}
		switch done[winner].State {
		case fundtransfer.Booked:
			booked++
		case fundtransfer.Rejected:
			rejected++
		case fundtransfer.Submitted, fundtransfer.Withdrawn:
			t.Fatalf("trial %d: %s", trial, done[winner].State)
		}
	}
	if n := w.count(`select count(*) from entry where kind = 'sweep'`); n != booked || booked+rejected != trials {
		t.Errorf("%d entries, %d booked, %d rejected of %d", n, booked, rejected, trials)
	}
	if n := w.count(`select count(*) from approval`); n != trials {
		t.Errorf("%d approvals of %d transfers", n, trials)
	}
	w.wantBalance(ledger.FiscalSpecial, fmt.Sprintf("%d.00", booked*100))
}

func TestDecidedStaysDecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	w.fund(ledger.Income, "1000.00")
	submit := func() fundtransfer.Transfer {
		return must[fundtransfer.Transfer](t)(
			w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)))
	}
	type transfer = fundtransfer.Transfer
	ends := map[string]func(transfer) (transfer, error){
		"booked":   func(m transfer) (transfer, error) { return w.approve("finance-checker", m) },
		"rejected": func(m transfer) (transfer, error) { return w.reject("finance-checker", m) },
		// By the maker's person, whichever login.
		"withdrawn": func(m transfer) (transfer, error) { return w.withdraw("finance-second", m) },
	}
	for state, end := range ends {
		made := submit()
		if done := must[fundtransfer.Transfer](t)(end(made)); string(done.State) != state || done.Version != 2 {
			t.Errorf("it is %s in version %d, want %s", done.State, done.Version, state)
		}
		for next, another := range ends {
			if _, err := another(made); !errors.Is(err, approval.ErrDecided) {
				t.Errorf("%s after %s: %v", next, state, err)
			}
		}
		if n := w.count(`select count(*) from transfer_event where transfer_id = $1`, made.ID); n != 2 {
			t.Errorf("%d events of a transfer that is %s, want 2", n, state)
		}
	}
	w.wantBalance(ledger.FiscalSpecial, "100.00")
}

func TestF90S07_WhatWasApprovedIsWhatIsBooked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	w.fund(ledger.Income, "1000.00")
	made := must[fundtransfer.Transfer](t)(
		w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)))
	other := made
	other.Digest[0]++
	_, err := w.approve("finance-checker", other)
	wantCode(t, err, "digest_differs")

	w.database.Exec(t, `update fund_transfer set amount = 90000 where id = $1`, made.ID)
	_, err = w.approve("finance-checker", made)
	wantCode(t, err, "digest_differs")
	w.wantBalance(ledger.FiscalSpecial, "0.00")
}

func TestF91_ADutyTakenAwayBeforeTheDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	w.fund(ledger.Income, "1000.00")
	made := must[fundtransfer.Transfer](t)(
		w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)))
	w.database.Exec(t, `update duty_grant set revoked_at = now() where login = $1`, w.officer("finance-checker").Login)
	_, err := w.approve("finance-checker", made)
	wantCode(t, err, "duty_conflict")
	w.database.Exec(t, `update officer set disabled_at = now() where login = $1`, w.officer("finance-other").Login)
	_, err = w.approve("finance-other", made)
	wantCode(t, err, "duty_conflict")
	w.wantBalance(ledger.FiscalSpecial, "0.00")
}

func TestTheSameRequestAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	w.fund(ledger.Income, "1000.00")
	made := must[fundtransfer.Transfer](t)(
		w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)))
	r := w.request()
	answers := make([]once.Answer, 8)
	errs := make([]error, len(answers))
	var group sync.WaitGroup
	for n := range answers {
		group.Go(func() {
			var done fundtransfer.Transfer
			answers[n], errs[n] = w.transfers.Approve(context.Background(), r, result(&done),
				w.officer("finance-checker"), fundtransfer.Verdict{ID: made.ID, Digest: made.Digest})
		})
	}
	group.Wait()
	first := 0
	for n, a := range answers {
		if errs[n] != nil || string(a.Body) != string(answers[0].Body) {
			t.Errorf("answer %d is %q, %v", n, a.Body, errs[n])
		}
		if !a.Replayed {
			first++
		}
	}
	if first != 1 {
		t.Errorf("%d answers were first ones", first)
	}
	w.wantBalance(ledger.FiscalSpecial, "100.00")
}

func TestIncompleteInstructions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	sweep := move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}
	placed := move{ledger.DepositPlaced, ledger.FiscalSpecial, ledger.FixedDeposit}
	subsidy := move{ledger.SubsidyReceipt, "", ledger.FiscalSpecial}
	type instruction = fundtransfer.Instruction
	for _, give := range []struct {
		name   string
		move   move
		field  string
		change func(i *instruction)
	}{
		{"unknown kind", sweep, "kind", func(i *instruction) { i.Kind = ledger.BenefitPaid }},
		{"no amount", sweep, "amount", func(i *instruction) { i.Amount = 0 }},
		{"below zero", sweep, "amount", func(i *instruction) { i.Amount = -1 }},
		{"amount and all", sweep, "amount", func(i *instruction) { i.All = true }},
		{"all of no sweep", placed, "amount", func(i *instruction) { i.Amount, i.All = 0, true }},
		{"two lines of document", sweep, "document", func(i *instruction) { i.Document = "a\nb" }},
		{"reference too long", sweep, "bank_reference", func(i *instruction) {
			i.BankReference = fmt.Sprintf("%065d", 1)
		}},
		{"tomorrow", sweep, "effective_on", func(i *instruction) { i.EffectiveOn = calendar.MustDay("2018-06-02") }},
		{"one account twice", sweep, "to", func(i *instruction) { i.To = i.From }},
		{"a sweep for a purpose", sweep, "purpose", func(i *instruction) { i.Purpose = fundtransfer.BasePension }},
		{"a sweep that matures", sweep, "matures_on", func(i *instruction) {
			i.MaturesOn = calendar.MustDay("2030-01-01")
		}},
		{"a sweep with a rate", sweep, "rate", func(i *instruction) { i.Rate = decimal.NewFromInt(1).Shift(-2) }},
		{"a sweep with interest", sweep, "interest", func(i *instruction) { i.Interest = 1 }},
		{"a sweep of a deposit", sweep, "deposit", func(i *instruction) { i.Deposit = 1 }},
		{"matures the same day", placed, "matures_on", func(i *instruction) {
			i.MaturesOn = calendar.MustDay("2018-06-01")
		}},
		{"a rate of one", placed, "rate", func(i *instruction) { i.Rate = decimal.NewFromInt(1) }},
		{"a rate too fine", placed, "rate", func(i *instruction) { i.Rate = decimal.New(1, -7) }},
		{"a sweep for a funding request", sweep, "funding_request", func(i *instruction) { i.Request = 1 }},
		{"a subsidy for nothing", subsidy, "purpose", func(i *instruction) { i.Purpose = "" }},
		{"a subsidy for anything", subsidy, "purpose", func(i *instruction) { i.Purpose = "x" }},
	} {
		i := w.instruction(give.move, 0)
		give.change(&i)
		_, err := w.submit("finance-maker", i)
		refusal, ok := errors.AsType[*fault.Error](err)
		if !ok || refusal.Kind != fault.Unprocessable || refusal.Field != give.field {
			t.Errorf("%s: %v, want a refusal of field %s", give.name, err, give.field)
		}
	}
	if n := w.count(`select count(*) from fund_transfer`); n != 0 {
		t.Errorf("%d transfers were stored", n)
	}
}

func TestAFixedDepositIsDrawnOnceAndWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2011-12-28")
	w.fund(ledger.FiscalSpecial, "1000.00")
	placement := w.instruction(move{ledger.DepositPlaced, ledger.FiscalSpecial, ledger.FixedDeposit}, 0)
	placement.Amount = money.MustParse("600.00")
	placed := w.book("bureau", placement)
	second := w.book("bureau", w.instruction(move{ledger.DepositPlaced, ledger.FiscalSpecial, ledger.FixedDeposit}, 0))
	w.wantBalance(ledger.FixedDeposit, "700.00")

	w.setToday("2012-12-28")
	drawing := w.instruction(move{ledger.DepositMatured, ledger.FixedDeposit, ledger.FiscalSpecial}, placed.ID)
	_, err := w.submit("bureau-maker", drawing)
	wantCode(t, err, "deposit_differs")
	drawing.Amount, drawing.Interest = placement.Amount, money.MustParse("16.50")
	drawing.Deposit = 1
	_, err = w.submit("bureau-maker", drawing)
	wantCode(t, err, "deposit_unknown")
	drawing.Deposit = placed.ID

	// Two drawings of one deposit, though the account holds enough for one and a sixth.
	w.fund(ledger.FixedDeposit, "600.00")
	var made [2]fundtransfer.Transfer
	for n := range made {
		made[n] = must[fundtransfer.Transfer](t)(w.submit("bureau-maker", drawing))
	}
	var errs [2]error
	var group sync.WaitGroup
	for n := range made {
		group.Go(func() { _, errs[n] = w.approve("bureau-checker", made[n]) })
	}
	group.Wait()
	if (errs[0] == nil) == (errs[1] == nil) {
		t.Fatalf("%v and %v, want one drawing", errs[0], errs[1])
	}
	wantCode(t, errors.Join(errs[:]...), "deposit_drawn")
	w.wantBalance(ledger.FixedDeposit, "700.00")
	w.wantBalance(ledger.FiscalSpecial, "916.50")
	if n := w.count(`select count(*) from entry where kind = 'interest'`); n != 1 {
		t.Errorf("%d entries of interest, want one of its own", n)
	}
	drawing.Deposit, drawing.Amount, drawing.Interest = second.ID, money.MustParse("100.00"), 0
	w.book("bureau", drawing)
	w.wantBalance(ledger.FixedDeposit, "600.00")
}

func TestI12_TheTaxAuthorityCollects(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2019-01-01")
	w.fund(ledger.Income, "100.00")
	w.fund(ledger.Treasury, "100.00")
	treasury := w.instruction(move{ledger.TreasuryHandover, ledger.Treasury, ledger.FiscalSpecial}, 0)
	_, err := w.submit("bureau-maker", treasury)
	wantCode(t, err, "collection_mode")

	w.collectBy("tax")
	_, err = w.submit("finance-maker", w.instruction(move{ledger.InterestReceived, "", ledger.Income}, 0))
	wantCode(t, err, "collection_mode")
	partial := w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0)
	partial.Amount = money.MustParse("99.99")
	made := must[fundtransfer.Transfer](t)(w.submit("finance-maker", partial))
	_, err = w.approve("finance-checker", made)
	wantCode(t, err, "collection_mode")
	w.wantBalance(ledger.Income, "100.00")

	w.book("finance", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0))
	w.book("bureau", treasury)
	w.wantBalance(ledger.Income, "0.00")
	w.wantBalance(ledger.FiscalSpecial, "200.00")

	w.database.Exec(t, `delete from area_rule where rule = 'collection_mode'`)
	_, err = w.submit("finance-maker", partial)
	wantCode(t, err, "no_rule")
}

func TestListOfTransfers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2018-06-01")
	w.fund(ledger.Income, "1000.00")
	var made []fundtransfer.Transfer
	for range 5 {
		made = append(made, must[fundtransfer.Transfer](t)(
			w.submit("finance-maker", w.instruction(move{ledger.Sweep, ledger.Income, ledger.FiscalSpecial}, 0))))
	}
	must[fundtransfer.Transfer](t)(w.approve("finance-checker", made[2]))
	var seen []int64
	f := fundtransfer.Filter{State: fundtransfer.Submitted, Limit: 3}
	for {
		page := must[[]fundtransfer.Transfer](t)(w.transfers.List(context.Background(), w.officer("auditor"), f))
		if len(page) == 0 {
			break
		}
		for _, m := range page {
			seen = append(seen, m.ID)
		}
		f.After = page[len(page)-1].ID
	}
	want := []int64{made[0].ID, made[1].ID, made[3].ID, made[4].ID}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("listed %v, want %v", seen, want)
	}
	_, err := w.transfers.List(context.Background(), w.officer("business-maker"), f)
	wantCode(t, err, "duty_conflict")
}
