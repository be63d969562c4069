package disbursement_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

func payDay() calendar.Day { return calendar.MustDay("2011-03-25") }

func today() calendar.Day { return calendar.MustDay("2011-03-28") }

func batchOf(settlement string) disbursement.Batch {
	return disbursement.Batch{ //nolint:exhaustruct // what postings need
		Area: 610304, ID: 900, Scheme: ledger.Rural, FundAccount: 13, Settlement: settlement, Number: "00000001",
	}
}

func item(id int64, c disbursement.Components) disbursement.Item {
	return disbursement.Item{ID: id, Batch: 900, Member: id + 1000, Components: c} //nolint:exhaustruct // what postings need
}

func fen(base, account, funeral, oneOff money.Amount) disbursement.Components {
	return disbursement.Components{Base: base, Account: account, Funeral: funeral, OneOff: oneOff}
}

func settled(i disbursement.Item, o bank.Outcome) disbursement.Settled {
	return disbursement.Settled{Item: i, Outcome: o, ValueDate: payDay()}
}

// lines writes entries as text, and proves each by the rule book.
func lines(t *testing.T, entries ...ledger.Entry) []string {
	t.Helper()
	var out []string
	for _, e := range entries {
		if err := e.Check(ledger.NewRuleBook()); err != nil {
			t.Errorf("entry %s: %v", e.Cause, err)
		}
		out = append(out, fmt.Sprintf("%s %s on %s", e.Kind, e.Cause, e.EffectiveOn))
		for _, p := range e.Postings {
			red := ""
			if p.Red {
				red = "red "
			}
			out = append(out, fmt.Sprintf("%s %s%s %s %d cause %d member %d account %d batch %d", p.Side, red, p.Role, p.Nature,
				p.Amount, p.Cause, p.Member, p.FundAccount, p.Batch))
		}
	}
	return out
}

func TestVouchers(t *testing.T) {
	t.Parallel()
	suspense := item(5, fen(5500, 0, 0, 0))
	suspense.Replaces, suspense.FromSuspense = 4, true
	later := settled(item(2, fen(5500, 0, 0, 0)), bank.OutcomeSucceeded)
	later.ValueDate = calendar.MustDay("2011-03-28")
	tests := []struct {
		name       string
		settlement string
		give       []disbursement.Settled
		want       string
	}{
		{
			"a bank that settles net is debited for what succeeded", disbursement.SettlesNet,
			[]disbursement.Settled{
				settled(item(1, fen(5500, 0, 0, 0)), bank.OutcomeSucceeded), later,
				settled(item(3, fen(5500, 0, 0, 0)), bank.OutcomeFailed),
				settled(item(4, fen(5500, 0, 120000, 0)), bank.OutcomeSucceeded),
			},
			`benefit payment_batch:900:benefit:1 on 2011-03-25
debit benefit_base_pension item 5500 cause 1 member 1001 account 13 batch 900
debit benefit_base_pension item 5500 cause 4 member 1004 account 13 batch 900
debit benefit_funeral_grant item 120000 cause 4 member 1004 account 13 batch 900
credit expenditure sum 131000 cause 0 member 0 account 13 batch 900
benefit payment_batch:900:benefit:2 on 2011-03-28
debit benefit_base_pension item 5500 cause 2 member 1002 account 13 batch 900
credit expenditure sum 5500 cause 0 member 0 account 13 batch 900`,
		},
		{
			"itemised is booked like net", disbursement.SettlesItemised,
			[]disbursement.Settled{settled(item(1, fen(5500, 0, 0, 0)), bank.OutcomeSucceeded)},
			`benefit payment_batch:900:benefit:1 on 2011-03-25
debit benefit_base_pension item 5500 cause 1 member 1001 account 13 batch 900
credit expenditure sum 5500 cause 0 member 0 account 13 batch 900`,
		},
		{
			"gross: successes leave the lump, failures come back from it", disbursement.SettlesGross,
			[]disbursement.Settled{
				settled(item(1, fen(5500, 0, 0, 0)), bank.OutcomeSucceeded),
				settled(item(2, fen(5600, 0, 0, 0)), bank.OutcomeFailed),
				settled(item(3, fen(5700, 0, 0, 0)), bank.OutcomeFailed),
			},
			`benefit payment_batch:900:benefit:1 on 2011-03-25
debit benefit_base_pension item 5500 cause 1 member 1001 account 13 batch 900
credit in_transit sum 5500 cause 0 member 0 account 13 batch 900
transit_return payment_batch:900:transit_return:2 on 2011-03-25
credit in_transit item 5600 cause 2 member 1002 account 13 batch 900
credit in_transit item 5700 cause 3 member 1003 account 13 batch 900
debit expenditure sum 11300 cause 0 member 0 account 13 batch 900`,
		},
		{
			"what came back is paid out of suspense, from the lump too", disbursement.SettlesGross,
			[]disbursement.Settled{settled(suspense, bank.OutcomeSucceeded)},
			`reissue payment_batch:900:reissue:5 on 2011-03-25
debit suspense item 5500 cause 5 member 1005 account 13 batch 900
credit in_transit sum 5500 cause 0 member 0 account 13 batch 900`,
		},
		{
			"a personal-account pension draws from all parts", disbursement.SettlesNet,
			[]disbursement.Settled{settled(item(6, fen(5500, 10000, 0, 0)), bank.OutcomeSucceeded)},
			`benefit payment_batch:900:benefit:6 on 2011-03-25
debit benefit_base_pension item 5500 cause 6 member 1006 account 13 batch 900
debit benefit_account_pension item 10000 cause 6 member 1006 account 13 batch 900
debit personal_individual item 6667 cause 6 member 1006 account 0 batch 900
debit personal_subsidy item 3333 cause 6 member 1006 account 0 batch 900
credit expenditure sum 15500 cause 0 member 0 account 13 batch 900
credit personal_control sum 10000 cause 0 member 0 account 0 batch 900`,
		},
		{
			"what is paid out at once is an entry of its own, and draws there", disbursement.SettlesNet,
			[]disbursement.Settled{settled(item(6, fen(0, 0, 100, 30000)), bank.OutcomeSucceeded)},
			`benefit payment_batch:900:benefit:6 on 2011-03-25
debit benefit_funeral_grant item 100 cause 6 member 1006 account 13 batch 900
credit expenditure sum 100 cause 0 member 0 account 13 batch 900
account_paid_out payment_batch:900:account_paid_out:6 on 2011-03-25
debit benefit_one_off item 30000 cause 6 member 1006 account 13 batch 900
debit personal_individual item 20000 cause 6 member 1006 account 0 batch 900
debit personal_subsidy item 10000 cause 6 member 1006 account 0 batch 900
credit expenditure sum 30000 cause 0 member 0 account 13 batch 900
credit personal_control sum 30000 cause 0 member 0 account 0 batch 900`,
		},
		{
			"both draw once, and no more than is there", disbursement.SettlesGross,
			[]disbursement.Settled{settled(item(6, fen(0, 20000, 0, 30000)), bank.OutcomeSucceeded)},
			`benefit payment_batch:900:benefit:6 on 2011-03-25
debit benefit_account_pension item 20000 cause 6 member 1006 account 13 batch 900
debit personal_individual item 20000 cause 6 member 1006 account 0 batch 900
debit personal_subsidy item 10000 cause 6 member 1006 account 0 batch 900
credit in_transit sum 20000 cause 0 member 0 account 13 batch 900
credit personal_control sum 30000 cause 0 member 0 account 0 batch 900
account_paid_out payment_batch:900:account_paid_out:6 on 2011-03-25
debit benefit_one_off item 30000 cause 6 member 1006 account 13 batch 900
credit in_transit sum 30000 cause 0 member 0 account 13 batch 900`,
		},
		{
			"net: failures book nothing", disbursement.SettlesNet,
			[]disbursement.Settled{settled(item(3, fen(5500, 0, 0, 0)), bank.OutcomeFailed)},
			"",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			accounts := disbursement.Accounts{
				Held: map[int64]disbursement.PersonalParts{
					1006: {Individual: 20000, Collective: 0, Subsidy: 10000, Interest: 0},
				},
				Order: nil,
			}
			got := lines(t, disbursement.Vouchers(batchOf(tt.settlement), tt.give, accounts, today())...)
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReturnVouchers(t *testing.T) {
	t.Parallel()
	back := disbursement.Returning{ //nolint:exhaustruct // what postings need
		Return:  disbursement.Return{ID: 77, Item: 6, Amount: 15500, ValueDate: today()}, //nolint:exhaustruct // all
		Payment: item(6, fen(5500, 10000, 0, 0)),
		Drawn:   disbursement.PersonalParts{Individual: 6667, Subsidy: 3333}, //nolint:exhaustruct // two parts
	}
	other := disbursement.Returning{ //nolint:exhaustruct // a plain one
		Return:  disbursement.Return{ID: 78, Item: 7, Amount: 5500, ValueDate: today()}, //nolint:exhaustruct // all
		Payment: item(7, fen(5500, 0, 0, 0)),
	}
	b := batchOf(disbursement.SettlesNet)
	tests := []struct {
		name string
		give []ledger.Entry
		want string
	}{
		{
			"to suspense", disbursement.ReturnVouchers(b, []disbursement.Returning{back, other}, policy.ReturnToSuspense, today()),
			`payment_return payment_batch:900:payment_return:77 on 2011-03-28
credit suspense item 15500 cause 77 member 1006 account 13 batch 900
credit suspense item 5500 cause 78 member 1007 account 13 batch 900
debit expenditure sum 21000 cause 0 member 0 account 13 batch 900`,
		},
		{
			"in red letters", disbursement.ReturnVouchers(b, []disbursement.Returning{back}, policy.ReturnInRed, today()),
			`payment_return payment_batch:900:payment_return:77 on 2011-03-28
debit red benefit_base_pension item 5500 cause 77 member 1006 account 13 batch 900
debit red benefit_account_pension item 10000 cause 77 member 1006 account 13 batch 900
debit red personal_individual item 6667 cause 77 member 1006 account 0 batch 900
debit red personal_subsidy item 3333 cause 77 member 1006 account 0 batch 900
debit expenditure sum 15500 cause 0 member 0 account 13 batch 900
credit red personal_control sum 10000 cause 0 member 0 account 0 batch 900`,
		},
		{
			"given up",
			[]ledger.Entry{disbursement.UnclaimedVoucher(b, back, today())},
			`return_unclaimed payment_batch:900:return_unclaimed:77 on 2011-03-28
debit red benefit_base_pension item 5500 cause 77 member 1006 account 0 batch 900
debit red benefit_account_pension item 10000 cause 77 member 1006 account 0 batch 900
debit red personal_individual item 6667 cause 77 member 1006 account 0 batch 900
debit red personal_subsidy item 3333 cause 77 member 1006 account 0 batch 900
debit suspense sum 15500 cause 0 member 0 account 0 batch 900
credit red personal_control sum 10000 cause 0 member 0 account 0 batch 900`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, strings.Join(lines(t, tt.give...), "\n")); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDraw_InTheOrderOfTheRule(t *testing.T) {
	t.Parallel()
	order := []policy.Part{policy.Interest, policy.Subsidy, policy.Collective, policy.Individual}
	held := disbursement.PersonalParts{Individual: 500, Collective: -20, Subsidy: 100, Interest: 70}
	for amount, want := range map[money.Amount]disbursement.PersonalParts{
		0:   {Individual: 0, Collective: 0, Subsidy: 0, Interest: 0},
		60:  {Individual: 0, Collective: 0, Subsidy: 0, Interest: 60},
		200: {Individual: 30, Collective: 0, Subsidy: 100, Interest: 70},
		900: {Individual: 500, Collective: 0, Subsidy: 100, Interest: 70},
	} {
		if diff := cmp.Diff(want, held.Draw(amount, order)); diff != "" {
			t.Errorf("%s drawn in order (-want +got):\n%s", amount, diff)
		}
	}
}

func TestDraw(t *testing.T) {
	t.Parallel()
	parts := func(i, c, s, n money.Amount) disbursement.PersonalParts {
		return disbursement.PersonalParts{Individual: i, Collective: c, Subsidy: s, Interest: n}
	}
	tests := []struct {
		name string
		give disbursement.PersonalParts
		take money.Amount
		want disbursement.PersonalParts
	}{
		{"in proportion", parts(600, 200, 100, 100), 100, parts(60, 20, 10, 10)},
		{"the largest remainder gets the fen", parts(100, 0, 200, 0), 100, parts(33, 0, 67, 0)},
		{"equal remainders in the order of the parts", parts(1, 1, 1, 1), 2, parts(1, 1, 0, 0)},
		{"all of it", parts(3, 5, 7, 11), 26, parts(3, 5, 7, 11)},
		{"no more than all of it", parts(3, 5, 7, 11), 5500, parts(3, 5, 7, 11)},
		{"nothing from nothing", parts(0, 0, 0, 0), 5500, parts(0, 0, 0, 0)},
		{"a part below zero is not touched", parts(-5, 0, 10, 0), 20, parts(0, 0, 10, 0)},
		{"the largest amounts", parts(money.Max, money.Max, money.Max, money.Max), money.Max, parts(
			250_000_000_000_000, 250_000_000_000_000, 250_000_000_000_000, 249_999_999_999_999)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.give.Draw(tt.take, nil); got != tt.want {
				t.Errorf("draws %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestDrawNeverTakesMoreThanIsThere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		amount := rapid.OneOf(rapid.Int64Range(0, 50), rapid.Int64Range(0, int64(money.Max)))
		held := disbursement.PersonalParts{
			Individual: money.Amount(amount.Draw(r, "individual")), Collective: money.Amount(amount.Draw(r, "collective")),
			Subsidy: money.Amount(amount.Draw(r, "subsidy")), Interest: money.Amount(amount.Draw(r, "interest")),
		}
		take := money.Amount(amount.Draw(r, "take"))
		drawn := held.Draw(take, nil)
		if drawn.Sum() != min(take, held.Sum()) {
			r.Fatalf("%+v of %+v sums to %d, want %d", drawn, held, drawn.Sum(), min(take, held.Sum()))
		}
		left := held.Less(drawn)
		for _, part := range []money.Amount{left.Individual, left.Collective, left.Subsidy, left.Interest} {
			if part < 0 {
				r.Fatalf("%+v of %+v leaves %+v", drawn, held, left)
			}
		}
		for _, part := range []money.Amount{drawn.Individual, drawn.Collective, drawn.Subsidy, drawn.Interest} {
			if part < 0 {
				r.Fatalf("draws %+v of %+v", drawn, held)
			}
		}
	})
}

// Any batch books what succeeded and nothing else, and draws down to zero at most.
func TestVouchersBookWhatSucceeded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		b := batchOf(rapid.SampledFrom([]string{
			disbursement.SettlesNet, disbursement.SettlesGross, disbursement.SettlesItemised,
		}).Draw(r, "settlement"))
		part := rapid.Int64Range(0, 20_000)
		accounts := make(map[int64]disbursement.PersonalParts)
		var before, paid, failed money.Amount
		var all []disbursement.Settled
		for n := range rapid.IntRange(1, 12).Draw(r, "payments") {
			c := fen(money.Amount(part.Draw(r, "base")), money.Amount(part.Draw(r, "account")),
				money.Amount(part.Draw(r, "funeral")), money.Amount(part.Draw(r, "one off")))
			if c.Sum() == 0 {
				c.Base = 1
			}
			i := item(int64(n+1), c)
			i.Member = int64(1001 + n%5)
			i.FromSuspense = rapid.Bool().Draw(r, "suspense")
			if _, ok := accounts[i.Member]; !ok {
				accounts[i.Member] = disbursement.PersonalParts{ //nolint:exhaustruct // two parts
					Individual: money.Amount(part.Draw(r, "individual")), Interest: money.Amount(part.Draw(r, "interest")),
				}
				before += accounts[i.Member].Sum()
			}
			p := settled(i, rapid.SampledFrom([]bank.Outcome{bank.OutcomeSucceeded, bank.OutcomeFailed}).Draw(r, "outcome"))
			p.ValueDate = rapid.SampledFrom([]calendar.Day{payDay(), today()}).Draw(r, "day")
			if p.Outcome == bank.OutcomeSucceeded {
				paid += c.Sum()
			} else {
				failed += c.Sum()
			}
			all = append(all, p)
		}
		var spent, left, drawn money.Amount
		for _, e := range disbursement.Vouchers(b, all, disbursement.Accounts{Held: accounts, Order: nil}, today()) {
			if err := e.Check(ledger.NewRuleBook()); err != nil {
				r.Fatal(err)
			}
			for _, p := range e.Postings {
				switch {
				case p.Role == ledger.PersonalControl:
					drawn += p.Amount
				case p.Nature == ledger.ItemLine && p.Side == ledger.Debit && p.Role.Set() == ledger.FundSet:
					spent += p.Amount
				case p.Role == ledger.Expenditure || p.Role == ledger.InTransit:
					if p.Nature == ledger.SumLine && p.Side == ledger.Credit {
						left += p.Amount
					}
				default:
				}
			}
		}
		if spent != paid || left != paid {
			r.Fatalf("spent %d, left %d, succeeded %d", spent, left, paid)
		}
		var after money.Amount
		for member, a := range accounts {
			if a.Individual < 0 || a.Interest < 0 {
				r.Fatalf("member %d holds %+v", member, a)
			}
			after += a.Sum()
		}
		if before-after != drawn {
			r.Fatalf("accounts fell by %d, the control account by %d", before-after, drawn)
		}
	})
}
