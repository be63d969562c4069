package simbank_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/delimited"
	"twoline/adapters/bank/iso20022"
	"twoline/adapters/bank/jsonl"
	"twoline/adapters/bank/layout/layouttest"
	"twoline/adapters/bank/simbank"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// pensions is a list that pays the first n people, each an amount of its own.
func pensions(b, n int, payDay string) *served {
	s := bill(b, n)
	s.id, s.payDay, s.settlement = itoa(500+b), payDay, simbank.Net
	for i := range s.items {
		s.items[i].Amount, s.items[i].Mandate = pensionOf(i+1), ""
	}
	return s
}

func pensionOf(i int) money.Amount { return yuan("55.00") + money.Amount(i) }

// pensionsOf is the sum of the named people's pensions.
func pensionsOf(people ...int) money.Amount {
	var sum money.Amount
	for _, i := range people {
		sum += pensionOf(i)
	}
	return sum
}

func payout(how simbank.PayoutBehaviour) func(*simbank.Config) {
	return behave(simbank.Behaviour{Payout: how})
}

// funded gives the expenditure account enough for any list of a test.
func funded(c *simbank.Config) {
	c.FundAccounts[0].Opening = yuan(plenty)
}

const plenty = "90000000.00"

// provePayouts is the proof of every story of payments: no money was made or lost,
// nobody was paid twice for one list, and what left the expenditure account is with
// the payees, or in transit, or came back.
func provePayouts(tb testing.TB, b *simbank.Bank, opening string, lists int) {
	tb.Helper()
	b.Ledger(func(l *simbank.Ledger) {
		var credited money.Amount
		n := 0
		for c := range l.Customers() {
			n++
			credited += c.Credited
			if c.Credits > lists || c.Credited != money.Amount(c.Credits)*pensionOf(n) {
				tb.Errorf("account %s was paid %s in %d credits", c.Number, c.Credited, c.Credits)
			}
		}
		f, err := l.Fund(fund)
		must(err)
		if l.Sum() != 0 || yuan(opening)-f.Balance != credited+l.Contra(simbank.Transit) {
			tb.Errorf("sum %s; %s left the account, %s are paid, %s in transit", l.Sum(), yuan(opening)-f.Balance,
				credited, l.Contra(simbank.Transit))
		}
	})
}

// payoutAnswers reads everything that was answered to payments, like answersOf.
func payoutAnswers(t *testing.T, g *gateway) []told {
	t.Helper()
	var out []told
	failed := layouttest.RuralCooperativePayoutFailed()
	for _, e := range g.of("/v1/disbursement-batches/") {
		q, err := url.ParseQuery(e.Query)
		must(err)
		switch {
		case strings.HasSuffix(e.Path, "/results"):
			out = append(out, resultsOf(e)...)
		case q.Get("part") == "F":
			emit := func(r bank.Record) error {
				if v, ok := r.(bank.Result); ok {
					out = append(out, told{v.SocialNo, v.Outcome.String(), v.Amount.String(), string(v.Class)})
				}
				return nil
			}
			if _, err := delimited.Read(t.Context(), strings.NewReader(e.Body), failed, emit); err != nil {
				t.Errorf("%s: %v", e.Query, err)
			}
		case strings.HasSuffix(e.Path, "/result-file"):
			out = append(out, readAnswer(t, g.format, e)...)
		}
	}
	return out
}

func resultsOf(e effect) []told {
	var in struct {
		Results []struct {
			ItemID  string `json:"item_id"`
			Outcome string
			Amount  string
			Code    string
		}
	}
	must(json.Unmarshal([]byte(e.Body), &in))
	var out []told
	for _, r := range in.Results {
		out = append(out, told{r.ItemID, r.Outcome, r.Amount, r.Code})
	}
	return out
}

// returnsOf reads every notice of returns.
func returnsOf(g *gateway) []returned {
	var out []returned
	for _, e := range g.of("/v1/returns") {
		var in returned
		must(json.Unmarshal([]byte(e.Body), &in))
		out = append(out, in)
	}
	return out
}

// setStates changes the people's accounts.
func setStates(b *simbank.Bank, states map[int]simbank.AccountState) {
	b.Ledger(func(l *simbank.Ledger) {
		for i, s := range states {
			must(l.SetState(accountOf(i), s))
		}
	})
}

func TestEveryFormatPaysTheTruth(t *testing.T) {
	t.Parallel()
	for _, format := range formats() {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, format)
			list := pensions(1, 9, "2026-11-02")
			list.items[4].Name, list.items[6].Account = "别人", "6217999999999999"
			g.batches = append(g.batches, list)
			b := open(t, g, 9)
			setStates(b, map[int]simbank.AccountState{
				2: simbank.Frozen, 3: simbank.Closed, 4: simbank.NotActivated, 6: simbank.Dormant,
			})
			r := step(t, b)
			wantPaid := pensionsOf(1, 4, 6, 8, 9)
			if r.Batches != 1 || r.Payments != 5 || r.Paid != wantPaid || len(r.Refused)+len(r.Declined)+r.Debits != 0 {
				t.Fatalf("report %+v", r)
			}
			codes := map[int]string{2: "AC06", 3: "AC04", 5: "RJ02", 7: "RJ01"}
			if format == unionPay {
				codes = map[int]string{2: "BLOCKED3017", 3: "FIX_ACCOUNT3004", 5: "FIX_ACCOUNT3004", 7: "FIX_ACCOUNT3004"}
			}
			var want []told
			for i, item := range list.items {
				w := told{item.ID, "succeeded", item.Amount.String(), ""}
				switch format {
				case simbank.Cooperative:
					w.Item, w.Code = item.SocialNo, "SUCCESS"
				case unionPay:
					w.Code = "SUCCESS0000"
				}
				if code := codes[i+1]; code != "" {
					// A cooperative's file of failed payments has no room for a reason.
					w.Outcome, w.Code = "failed", code
					if format == simbank.Cooperative {
						w.Code = "RETRY_TECHNICAL"
					}
				}
				want = append(want, w)
			}
			got := payoutAnswers(t, g)
			slices.SortFunc(got, func(a, b told) int { return strings.Compare(a.Item, b.Item) })
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			x, ok := b.Payout("501")
			if !ok || x.Stage != "answered" || x.Payments != 5 || x.Paid != wantPaid || x.ValueDate != day("2026-11-02") {
				t.Errorf("payout %+v, %v", x, ok)
			}
			b.Ledger(func(l *simbank.Ledger) {
				inactive, _ := l.Customer(accountOf(4))
				dormant, _ := l.Customer(accountOf(6))
				f, _ := l.Fund(fund)
				if inactive.Credited != pensionOf(4) || dormant.Credited != 0 ||
					l.Contra(simbank.Transit) != pensionOf(6) || f.Balance != yuan("1000.00")-wantPaid {
					t.Errorf("not activated %s, dormant %s, in transit %s, account %s", inactive.Credited,
						dormant.Credited, l.Contra(simbank.Transit), f.Balance)
				}
			})
			provePayouts(t, b, "1000.00", 1)
		})
	}
}

func TestCooperativePayoutFilesAreBothThere(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.Cooperative)
	g.batches = append(g.batches, pensions(1, 3, "2026-11-02"))
	step(t, open(t, g, 3))
	if diff := gocmp.Diff([]string{"P_00000001_S.TXT", "P_00000001_F.TXT"}, namesOf(g)); diff != "" {
		t.Error(diff)
	}
	if failures := g.of("/result-file")[1].Body; failures != "" {
		t.Errorf("the file of failures is there and empty, not %q", failures)
	}
}

// TestPayDay walks a list through days: when it is paid, and with which value.
func TestPayDay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, payDay string
		how          simbank.PayoutBehaviour
		days         []string
		paid, value  string
	}{
		{"on the pay day", "2026-11-05", simbank.PayoutBehaviour{}, nil, "2026-11-05", "2026-11-05"},
		{
			"the bank was closed on it", "2026-11-05",
			simbank.PayoutBehaviour{},
			[]string{"2026-11-04", "2026-11-06"},
			"2026-11-06", "2026-11-05",
		},
		{"it had passed", "2026-10-30", simbank.PayoutBehaviour{}, nil, "2026-11-02", "2026-11-02"},
		{"at once", "2026-11-05", simbank.PayoutBehaviour{AtOnce: true}, nil, "2026-11-02", "2026-11-02"},
		{"late", "2026-11-03", simbank.PayoutBehaviour{LateDays: 2}, nil, "2026-11-05", "2026-11-05"},
		{"late after it had passed", "2026-10-30", simbank.PayoutBehaviour{LateDays: 1}, nil, "2026-11-03", "2026-11-03"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, simbank.JSON)
			g.batches = append(g.batches, pensions(1, 3, tt.payDay))
			b := open(t, g, 3, payout(tt.how))
			days := cmp.Or(len(tt.days), 4)
			if tt.days == nil {
				tt.days = []string{"2026-11-03", "2026-11-04", "2026-11-05", "2026-11-06"}
			}
			r, paid := step(t, b), ""
			for n := 0; ; n++ {
				if r.Payments == 3 {
					paid += b.Day().String()
				}
				if !g.batches[0].acked {
					t.Error("the list waits unacknowledged")
				}
				if n == days {
					break
				}
				newDay(t, b, tt.days[n])
				r = step(t, b)
			}
			if paid != tt.paid {
				t.Errorf("paid on %q, want %s", paid, tt.paid)
			}
			results := g.of("/results")
			if len(results) != 1 || strings.Count(results[0].Body, `"value_date":"`+tt.value+`"`) != 3 {
				t.Errorf("results %+v, want the value of %s", results, tt.value)
			}
			provePayouts(t, b, "1000.00", 1)
		})
	}
}

// movement is an entry of a statement, without what no test of money asks for.
type movement struct {
	Day, Value, Signed, Reference, EndToEnd, Batch string
}

// movementsOf reads the statements of the expenditure account back, and proves
// that each opens as the one before closed and agrees with its lines.
func movementsOf(t *testing.T, g *gateway, opening string) (out []movement, closing string) {
	t.Helper()
	balance := yuan(opening)
	for _, e := range g.of("/v1/statements/" + fund) {
		parts := strings.Split(e.Path, "/")
		read := jsonl.Read
		if strings.HasPrefix(e.Body, "<?xml") {
			read = iso20022.Read
		}
		var closes money.Amount
		err := read(t.Context(), strings.NewReader(e.Body), func(r bank.Record) error {
			switch v := r.(type) {
			case bank.StatementHead:
				opens, _ := v.Opening.Amount()
				closes, _ = v.Closing.Amount()
				if opens != balance || v.Balanced == nil || !*v.Balanced {
					t.Errorf("%s opens with %s after %s", e.Path, v.Opening, balance)
				}
			case bank.StatementEntry:
				a, _ := v.Amount.Amount()
				signed := "+" + a.String()
				if v.Direction == bank.Debit {
					signed, a = "-"+a.String(), -a
				}
				balance += a
				out = append(out, movement{
					parts[4], v.ValueDate.String(), signed, v.BankReference, v.EndToEndID, v.BatchID,
				})
			case bank.Problem:
				t.Errorf("%s: %+v", e.Path, v)
			}
			return nil
		})
		if err != nil || balance != closes {
			t.Fatalf("%s closes with %s, its lines with %s: %v", e.Path, closes, balance, err)
		}
	}
	return out, balance.String()
}

// TestPayoutSettlements hands a list of nine over on the 2nd, pays it on the 4th
// (two fail) and has one come back on the 9th.
func TestPayoutSettlements(t *testing.T) {
	t.Parallel()
	paid := pensionsOf(1, 4, 5, 6, 7, 8, 9)
	all := paid + pensionsOf(2, 3)
	const no = "00000001"
	back := movement{"2026-11-09", "2026-11-09", "+" + pensionOf(6).String(), "N501-000006", itemOf(1, 6), no}
	var items []movement
	for _, i := range []int{1, 4, 5, 6, 7, 8, 9} {
		items = append(items, movement{
			"2026-11-04", "2026-11-04", "-" + pensionOf(i).String(), fmt.Sprintf("P501-%06d", i), itemOf(1, i), no,
		})
	}
	want := map[simbank.Settlement][]movement{
		simbank.Net: {{"2026-11-04", "2026-11-04", "-" + paid.String(), "O501", "", no}, back},
		simbank.Gross: {
			{"2026-11-02", "2026-11-02", "-" + all.String(), "O501", "", no},
			{"2026-11-04", "2026-11-04", "+" + pensionsOf(2, 3).String(), "Q501", "", no},
			back,
		},
		simbank.Itemised: append(items, back),
	}
	for settlement, lines := range want {
		for _, form := range []simbank.StatementFormat{simbank.CamtStatements, simbank.LinesStatements} {
			t.Run(string(settlement)+" "+string(form), func(t *testing.T) {
				t.Parallel()
				g := newGateway(t, simbank.JSON)
				list := pensions(1, 9, "2026-11-04")
				list.settlement = settlement
				g.batches = append(g.batches, list)
				b := open(t, g, 9, payout(simbank.PayoutBehaviour{ReturnAfterDays: 5}),
					func(c *simbank.Config) { c.Statements = form })
				setStates(b, map[int]simbank.AccountState{2: simbank.Frozen, 3: simbank.Closed, 6: simbank.Dormant})
				step(t, b)
				for _, d := range []string{"2026-11-03", "2026-11-04", "2026-11-08", "2026-11-09", "2026-11-10"} {
					newDay(t, b, d)
					step(t, b)
				}
				got, closing := movementsOf(t, g, "1000.00")
				if diff := gocmp.Diff(lines, got); diff != "" {
					t.Error(diff)
				}
				if want := yuan("1000.00") - paid + pensionOf(6); closing != want.String() {
					t.Errorf("closes with %s, want %s", closing, want)
				}
				provePayouts(t, b, "1000.00", 1)
				b.Ledger(func(l *simbank.Ledger) {
					if l.Contra(simbank.Transit) != 0 {
						t.Errorf("in transit: %s", l.Contra(simbank.Transit))
					}
				})
			})
		}
	}
}

// A bank may settle otherwise than the agency believes, and goes on as it began.
func TestTheSettlementIsFixedWhenTheListIsTaken(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, pensions(1, 3, "2026-11-03"))
	b := open(t, g, 3, payout(simbank.PayoutBehaviour{Settlement: simbank.Gross}))
	step(t, b)
	must(b.Behave(simbank.Behaviour{Payout: simbank.PayoutBehaviour{Settlement: simbank.Itemised}}))
	newDay(t, b, "2026-11-03")
	step(t, b)
	newDay(t, b, "2026-11-04")
	step(t, b)
	want := []movement{{"2026-11-02", "2026-11-02", "-165.06", "O501", "", "00000001"}}
	if got, _ := movementsOf(t, g, "1000.00"); !gocmp.Equal(want, got) {
		t.Errorf("movements %v", got)
	}
	provePayouts(t, b, "1000.00", 1)
}

// TestTheAccountIsNeverOverdrawn has one fen too little on the day.
func TestTheAccountIsNeverOverdrawn(t *testing.T) {
	t.Parallel()
	for _, settlement := range []simbank.Settlement{simbank.Net, simbank.Gross, simbank.Itemised} {
		for _, format := range formats() {
			t.Run(string(settlement)+" "+string(format), func(t *testing.T) {
				t.Parallel()
				g := newGateway(t, format)
				short, fits := pensions(1, 9, "2026-11-02"), pensions(2, 2, "2026-11-02")
				short.settlement, fits.settlement = settlement, settlement
				g.batches = append(g.batches, short, fits)
				opening := pensionsOf(1, 2, 3, 4, 5, 6, 7, 8, 9) - 1
				b := open(t, g, 9, func(c *simbank.Config) { c.FundAccounts[0].Opening = opening })
				if r := step(t, b); r.Payments != 2 || r.Paid != pensionsOf(1, 2) {
					t.Fatalf("report %+v", r)
				}
				step(t, b)
				first := payoutAnswers(t, g)
				if settlement == simbank.Net && format == simbank.JSON && count(first, "pending") != 9 {
					t.Errorf("answers %v", first)
				}
				if n := len(g.of("/v1/disbursement-batches/501/result-file")); format == simbank.Cooperative && n != 0 {
					t.Errorf("%d files say nothing", n)
				}
				if format != simbank.Cooperative && (len(first) != 11 || count(first, "succeeded") != 2) ||
					format == simbank.Cooperative && len(first) != 2 {
					t.Errorf("answers %v", first)
				}
				newDay(t, b, "2026-11-04")
				_, err := b.Transfer("elsewhere", fund, simbank.Move{Amount: pensionsOf(1, 2), Reference: "BK-1"})
				must(err)
				if r := step(t, b); r.Payments != 0 {
					t.Errorf("a fen is missing, and yet: %+v", r)
				}
				_, err = b.Transfer("elsewhere", fund, simbank.Move{Amount: 1, Reference: "BK-2"})
				must(err)
				if r := step(t, b); r.Payments != 9 {
					t.Errorf("the money is there, and yet: %+v", r)
				}
				then := payoutAnswers(t, g)[len(first):]
				if len(then) != 9 || count(then, "succeeded") != 9 {
					t.Errorf("then %v", then)
				}
				if x, _ := b.Payout("501"); !x.Short || x.ValueDate != day("2026-11-04") {
					t.Errorf("payout %+v", x)
				}
				b.Ledger(func(l *simbank.Ledger) {
					if f, _ := l.Fund(fund); f.Balance != 0 || l.Contra(simbank.Transit) != 0 || l.Sum() != 0 {
						t.Errorf("the account holds %s, %s are in transit", f.Balance, l.Contra(simbank.Transit))
					}
				})
			})
		}
	}
}

func TestRejectsPaymentsAtTheConfiguredRate(t *testing.T) {
	t.Parallel()
	rates := map[string]int{}
	for _, r := range simbank.PayoutReasons() {
		rates[string(r)] = 40
	}
	const n = 4000
	g := newGateway(t, simbank.Lines)
	g.batches = append(g.batches, pensions(1, n, "2026-11-02"), pensions(2, n, "2026-11-02"))
	b := open(t, g, n, payout(simbank.PayoutBehaviour{Reject: rates}), funded)
	step(t, b)
	wantClass := map[string]bank.Class{
		"RJ01": bank.ClassFixAccount, "RJ02": bank.ClassFixAccount, "RJ04": bank.ClassFixAccount,
		"RJ05": bank.ClassRetryTechnical, "RJ08": bank.ClassFixAccount, "RJ90": bank.ClassUnknown,
		"AC04": bank.ClassFixAccount, "AC06": bank.ClassBlocked,
	}
	codes, failed := map[string]int{}, map[int]map[string]bool{1: {}, 2: {}}
	for _, a := range payoutAnswers(t, g) {
		if a.Outcome == "failed" {
			codes[a.Code]++
			list := int(a.Item[0] - '0')
			failed[list][a.Item[1:]] = true
		}
	}
	if len(codes) != len(wantClass) {
		t.Errorf("codes %v", codes)
	}
	// The first reason comes to 4 % of all, the last to 4 % of the 75 % that are left;
	// four standard deviations either side.
	for code, seen := range codes {
		if seen < 170 || seen > 400 {
			t.Errorf("%d of %d fail with %s at 40 in a thousand", seen, 2*n, code)
		}
		if got := bank.ClassOf(bank.OutcomeFailed, code); got != wantClass[code] {
			t.Errorf("%s is %s, want %q", code, got, wantClass[code])
		}
	}
	// Who fails in one list need not fail in the next.
	both := 0
	for item := range failed[1] {
		if failed[2][item] {
			both++
		}
	}
	if both == len(failed[1]) || both == 0 {
		t.Errorf("%d of %d fail in both lists", both, len(failed[1]))
	}
	provePayouts(t, b, plenty, 2)
}

// returnStory pays n people on 2026-11-02 and lets the days of a month go by.
func returnStory(t *testing.T, format simbank.Format, n int, how simbank.PayoutBehaviour) (*gateway, *simbank.Bank) {
	t.Helper()
	g := newGateway(t, format)
	g.batches = append(g.batches, pensions(1, n, "2026-11-02"))
	b := open(t, g, n, payout(how), funded, func(c *simbank.Config) { c.PageSize = 100 })
	step(t, b)
	for d := day("2026-11-03"); !d.After(day("2026-12-05")); d = d.AddDays(1) {
		newDay(t, b, d.String())
		step(t, b)
		provePayouts(t, b, plenty, 1)
	}
	return g, b
}

func TestF39_PaymentsComeBackDaysLater(t *testing.T) {
	t.Parallel()
	for _, format := range formats() {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			const n = 1000
			g, b := returnStory(t, format, n, simbank.PayoutBehaviour{
				Returns: 50, ReturnAfterDays: 2, ReturnWithinDays: 21,
			})
			if got := payoutAnswers(t, g); len(got) != n || count(got, "succeeded") != n {
				t.Errorf("%d answers", len(got))
			}
			lines, _ := movementsOf(t, g, plenty)
			var want []movement
			items, codes, days := map[string]bool{}, map[string]bool{}, map[calendar.Day]bool{}
			for _, notice := range returnsOf(g) {
				for _, r := range notice.Returns {
					if after := day("2026-11-02").DaysUntil(r.ValueDate); after < 2 || after > 21 {
						t.Errorf("%s came back after %d days", r.ItemID, after)
					}
					items[r.ItemID], codes[r.Code], days[r.ValueDate] = true, true, true
					want = append(want, movement{
						r.ValueDate.String(), r.ValueDate.String(), "+" + r.Amount.String(), r.BankReference, r.ItemID,
						"00000001",
					})
				}
			}
			if diff := gocmp.Diff(want, lines[1:]); diff != "" {
				t.Errorf("notices and statements:\n%s", diff)
			}
			// Four standard deviations around 50.
			if len(items) != len(want) || len(want) < 22 || len(want) > 78 || len(codes) < 4 || len(days) < 10 {
				t.Errorf("%d returns of %d items on %d days, codes %v", len(want), len(items), len(days), codes)
			}
			b.Ledger(func(l *simbank.Ledger) {
				if l.Contra(simbank.Transit) != 0 {
					t.Errorf("in transit: %s", l.Contra(simbank.Transit))
				}
			})
			if s := b.Status(); s.Returning != 0 || s.Open != 0 || s.Queued != 0 {
				t.Errorf("left: %+v", s)
			}
		})
	}
}

func TestNothingComesBackAfterTheDay(t *testing.T) {
	t.Parallel()
	how := simbank.PayoutBehaviour{
		Returns: 100, ReturnAfterDays: 1, ReturnWithinDays: 28, NoReturnsAfter: day("2026-11-16"),
	}
	g, b := returnStory(t, simbank.JSON, 500, how)
	lines, closing := movementsOf(t, g, plenty)
	for _, l := range lines[1:] {
		if l.Day > "2026-11-16" {
			t.Errorf("came back: %v", l)
		}
	}
	if n := len(lines) - 1; n < 8 || n > 45 {
		t.Errorf("%d returns", n)
	}
	paid := 0
	b.Ledger(func(l *simbank.Ledger) {
		for c := range l.Customers() {
			paid += c.Credits
		}
	})
	if paid != 500-(len(lines)-1) || closing == "" {
		t.Errorf("%d of 500 are paid, %d came back", paid, len(lines)-1)
	}

	// Whoever would come back after it is paid at once.
	soon := newGateway(t, simbank.JSON)
	soon.batches = append(soon.batches, pensions(1, 4, "2026-11-02"))
	b = open(t, soon, 4, payout(simbank.PayoutBehaviour{Returns: 1000, NoReturnsAfter: day("2026-11-04")}))
	step(t, b)
	if b.Status().Returning != 0 {
		t.Errorf("%+v", b.Status())
	}

	// What is under way when the day is named reaches the payee as well.
	how.NoReturnsAfter, how.Returns, how.ReturnAfterDays = calendar.Day{}, 1000, 3
	late := newGateway(t, simbank.JSON)
	late.batches = append(late.batches, pensions(1, 4, "2026-11-02"))
	b = open(t, late, 4, payout(how))
	step(t, b)
	how.NoReturnsAfter = day("2026-11-03")
	must(b.Behave(simbank.Behaviour{Payout: how}))
	newDay(t, b, "2026-12-25")
	step(t, b)
	if len(returnsOf(late)) != 0 || b.Status().Returning != 0 {
		t.Errorf("returns %v, %+v", returnsOf(late), b.Status())
	}
	provePayouts(t, b, "1000.00", 1)
	b.Ledger(func(l *simbank.Ledger) {
		if l.Contra(simbank.Transit) != 0 {
			t.Errorf("in transit: %s", l.Contra(simbank.Transit))
		}
	})
}

func TestReturnNotices(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]int{"": 1, "drop": 0, "twice": 2} {
		g := newGateway(t, simbank.JSON)
		g.batches = append(g.batches, pensions(1, 3, "2026-11-02"))
		b := open(t, g, 3, payout(simbank.PayoutBehaviour{Returns: 1000, ReturnNotices: give}))
		step(t, b)
		for _, d := range []string{"2026-11-05", "2026-11-06"} {
			newDay(t, b, d)
			if r := step(t, b); d == "2026-11-05" && (r.Returns != 3 || r.Returned != pensionsOf(1, 2, 3)) {
				t.Errorf("report %+v", r)
			}
		}
		got := g.of("/v1/returns")
		if len(got) != want || want == 2 && (got[0].Body != got[1].Body || got[0].Key == got[1].Key) {
			t.Errorf("notices %q: %+v", give, got)
		}
		if _, closing := movementsOf(t, g, "1000.00"); closing != "1000.00" {
			t.Errorf("notices %q: the money is back once, not %s", give, closing)
		}
	}
}

// TestF30_AReturnOvertakesItsSuccess has a bank answer later than it gives back.
func TestF30_AReturnOvertakesItsSuccess(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, pensions(1, 3, "2026-11-02"))
	b := open(t, g, 3, behave(simbank.Behaviour{
		LateDays: 5, Payout: simbank.PayoutBehaviour{Returns: 1000, ReturnAfterDays: 1},
	}))
	step(t, b)
	newDay(t, b, "2026-11-03")
	step(t, b)
	if len(returnsOf(g)) != 1 || len(payoutAnswers(t, g)) != 0 {
		t.Errorf("returns %v, answers %v", returnsOf(g), payoutAnswers(t, g))
	}
	newDay(t, b, "2026-11-07")
	step(t, b)
	if got := payoutAnswers(t, g); count(got, "succeeded") != 3 {
		t.Errorf("answers %v", got)
	}
}

func TestADormantAccountsPaymentComesBackAndTheNextAccountKeepsIt(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, pensions(1, 2, "2026-11-02"))
	b := open(t, g, 2)
	setStates(b, map[int]simbank.AccountState{2: simbank.Dormant})
	step(t, b)
	newDay(t, b, "2026-11-05")
	step(t, b)
	notices := returnsOf(g)
	if len(notices) != 1 || notices[0].Returns[0].ItemID != itemOf(1, 2) || notices[0].Returns[0].Code != "AG01" {
		t.Fatalf("notices %+v", notices)
	}
	setStates(b, map[int]simbank.AccountState{2: simbank.Normal})
	again := pensions(2, 2, "2026-11-05")
	again.items = again.items[1:]
	g.mu.Lock()
	g.batches = append(g.batches, again)
	g.mu.Unlock()
	if r := step(t, b); r.Payments != 1 || b.Status().Returning != 0 {
		t.Errorf("report %+v", r)
	}
	provePayouts(t, b, "1000.00", 1)
}

// A file without ids pays a person for two months, and both come back by their own.
func TestAPersonStandsTwiceInACooperativesFile(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.Cooperative)
	list := pensions(1, 2, "2026-11-02")
	first, second := &list.items[0], &list.items[1]
	second.Account, second.Name, second.IDNumber, second.SocialNo = first.Account, first.Name, first.IDNumber, first.SocialNo
	g.batches = append(g.batches, list)
	b := open(t, g, 2, payout(simbank.PayoutBehaviour{Returns: 1000}))
	if r := step(t, b); r.Payments != 2 || len(r.Declined) != 0 {
		t.Fatalf("report %+v", r)
	}
	newDay(t, b, "2026-11-05")
	step(t, b)
	got := map[string]money.Amount{}
	for _, r := range returnsOf(g)[0].Returns {
		got[r.ItemID] = r.Amount
	}
	want := map[string]money.Amount{itemOf(1, 1): pensionOf(1), itemOf(1, 2): pensionOf(2)}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A cooperative whose gateway no longer shows the items credits all the same.
func TestAReturnWithoutAnItemIDStandsOnTheStatementOnly(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.Cooperative)
	g.batches = append(g.batches, pensions(1, 2, "2026-11-02"))
	g.trouble = func(_ int, r *http.Request, _ bool) int {
		if strings.HasSuffix(r.URL.Path, "/items") {
			return http.StatusNotFound
		}
		return 0
	}
	b := open(t, g, 2, payout(simbank.PayoutBehaviour{Returns: 1000}))
	step(t, b)
	newDay(t, b, "2026-11-05")
	step(t, b)
	newDay(t, b, "2026-11-06")
	step(t, b)
	lines, closing := movementsOf(t, g, "1000.00")
	if len(returnsOf(g)) != 0 || len(lines) != 3 || closing != "1000.00" || lines[1].EndToEnd != "" {
		t.Errorf("notices %v, lines %v", returnsOf(g), lines)
	}
}

// payoutLife runs two lists and a withholding over some days with much going on.
func payoutLife(t *testing.T, seed uint64, format simbank.Format) []effect {
	t.Helper()
	g := newGateway(t, format)
	b := open(t, g, 40, func(c *simbank.Config) { c.Seed = seed }, funded, behave(simbank.Behaviour{
		PartialPercent: 60, OutOfOrder: true, PendingFirst: 2, Repeat: "renamed", Contradict: 1, LateDays: 1,
		Payout: simbank.PayoutBehaviour{
			Settlement: simbank.Itemised, Returns: 200, ReturnAfterDays: 1, ReturnWithinDays: 3,
			ReturnNotices: "twice", Reject: map[string]int{"name": 100, "limit": 100},
		},
	}))
	g.batches = append(g.batches, pensions(1, 40, "2026-11-03"), bill(1, 5))
	step(t, b)
	newDay(t, b, "2026-11-03")
	g.mu.Lock()
	g.batches = append(g.batches, pensions(2, 30, "2026-11-03"))
	g.mu.Unlock()
	step(t, b)
	for _, d := range []string{"2026-11-04", "2026-11-05", "2026-11-08"} {
		newDay(t, b, d)
		step(t, b)
	}
	return g.effects
}

func TestTheSameSeedPaysTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, format := range formats() {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			first, again, other := payoutLife(t, 7, format), payoutLife(t, 7, format), payoutLife(t, 8, format)
			if diff := gocmp.Diff(first, again); diff != "" {
				t.Errorf("two lives of one seed differ:\n%s", diff)
			}
			if gocmp.Equal(first, other) {
				t.Error("another seed changed nothing")
			}
		})
	}
}

var errKilled = errors.New("killed")

// killed lives two lists over four days and is killed at the n-th time that it
// saves its state, before or after the state was written; a new bank goes on from
// the last state there is.
func killed(t *testing.T, n int, written bool, settlement simbank.Settlement, format simbank.Format) ([]effect, int) {
	t.Helper()
	g := newGateway(t, format)
	saves := 0
	var saved []byte
	checkpoint := func(b *simbank.Bank) error {
		saves++
		if saves == n && !written {
			return errKilled
		}
		var text bytes.Buffer
		must(b.Save(&text))
		saved = text.Bytes()
		if saves == n {
			return errKilled
		}
		return nil
	}
	for i, list := range []*served{pensions(1, 5, "2026-11-02"), pensions(2, 6, "2026-11-03")} {
		list.settlement = settlement
		if i == 0 {
			list.items[1].Name = "别人"
		}
		g.batches = append(g.batches, list)
	}
	with := func(c *simbank.Config) { c.Checkpoint = checkpoint }
	b := open(t, g, 6, with, payout(simbank.PayoutBehaviour{
		Returns: 400, ReturnAfterDays: 1, ReturnWithinDays: 2, Reject: map[string]int{"limit": 200},
	}))
	must(cmp.Or(checkpoint(b), nil))
	for _, d := range []string{"2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05"} {
		for life := 0; ; life++ {
			if b.Day().Before(day(d)) {
				newDay(t, b, d)
			}
			_, err := b.Step(t.Context())
			if err == nil {
				break
			}
			if !errors.Is(err, errKilled) || life > 0 {
				t.Fatalf("killed at %d: %v", n, err)
			}
			b = open(t, g, 0, with, func(c *simbank.Config) { c.FundAccounts = nil })
			must(b.Load(bytes.NewReader(saved)))
		}
	}
	provePayouts(t, b, "1000.00", 2)
	if s := b.Status(); s.Open+s.Returning+s.Queued != 0 {
		t.Errorf("killed at %d: left %+v", n, s)
	}
	return g.effects, saves
}

// TestABankThatIsKilledBetweenAnyTwoChangesPaysOnce ends the bank at each arrow.
func TestABankThatIsKilledBetweenAnyTwoChangesPaysOnce(t *testing.T) {
	t.Parallel()
	formats := map[simbank.Settlement]simbank.Format{
		simbank.Net: simbank.JSON, simbank.Gross: simbank.Lines, simbank.Itemised: simbank.Cooperative,
	}
	for settlement, format := range formats {
		t.Run(string(settlement), func(t *testing.T) {
			t.Parallel()
			undisturbed, total := killed(t, 0, false, settlement, format)
			if total < 9 {
				t.Fatalf("only %d arrows", total)
			}
			for n := 2; n <= total; n++ {
				for _, written := range []bool{false, true} {
					got, _ := killed(t, n, written, settlement, format)
					if diff := gocmp.Diff(undisturbed, got); diff != "" {
						t.Fatalf("killed at %d of %d (state written: %v), it is seen outside:\n%s", n, total, written, diff)
					}
				}
			}
		})
	}
}

// TestEveryRequestOfAPayoutMayBeLost fails each request once, before its
// effect or after it.
func TestEveryRequestOfAPayoutMayBeLost(t *testing.T) {
	t.Parallel()
	live := func(n int, late bool) ([]effect, int) {
		g := newGateway(t, simbank.Cooperative)
		g.batches = append(g.batches, pensions(1, 5, "2026-11-02"))
		g.trouble = func(i int, _ *http.Request, after bool) int {
			if i == n && after == late {
				return http.StatusServiceUnavailable
			}
			return 0
		}
		b := open(t, g, 5, payout(simbank.PayoutBehaviour{Returns: 500, Settlement: simbank.Gross}),
			func(c *simbank.Config) { c.Attempts = 1 })
		stepOn(t, b)
		newDay(t, b, "2026-11-05")
		stepOn(t, b)
		provePayouts(t, b, "1000.00", 1)
		return g.effects, g.count
	}
	undisturbed, total := live(0, false)
	for _, late := range []bool{false, true} {
		for n := 1; n <= total; n++ {
			effects, _ := live(n, late)
			if diff := gocmp.Diff(undisturbed, effects); diff != "" {
				t.Fatalf("request %d lost (late %v):\n%s", n, late, diff)
			}
		}
	}
}

func TestACrashBetweenPaymentAndAnswer(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, pensions(1, 5, "2026-11-02"))
	var saved bytes.Buffer
	b := open(t, g, 5, behave(simbank.Behaviour{CrashAfterDebit: true}), func(c *simbank.Config) {
		c.Checkpoint = func(b *simbank.Bank) error {
			saved.Reset()
			return b.Save(&saved)
		}
	})
	if _, err := b.Step(t.Context()); !errors.Is(err, simbank.ErrCrashed) {
		t.Fatalf("the crash: %v", err)
	}
	if x, _ := b.Payout("501"); x.Stage != "paid" || len(payoutAnswers(t, g)) != 0 {
		t.Fatalf("payout %+v, answers %v", x, payoutAnswers(t, g))
	}
	again := open(t, g, 0, func(c *simbank.Config) { c.FundAccounts = nil })
	must(again.Load(&saved))
	// It goes on a day later; the value stays that of the payment.
	newDay(t, again, "2026-11-03")
	step(t, again)
	if n := strings.Count(g.of("/results")[0].Body, `"value_date":"2026-11-02"`); n != 4 {
		t.Errorf("%d of the first page's 4 lines have the day of the payment", n)
	}
	provePayouts(t, again, "1000.00", 1)
}

// A bank that dies between its credit and the end of its report goes on a day
// later, and its report has not changed: the gateway stub looks at that.
func TestAReturnIsOfTheDayThatItWasCredited(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, pensions(1, 3, "2026-11-02"))
	var saved bytes.Buffer
	b := open(t, g, 3, payout(simbank.PayoutBehaviour{Returns: 1000}), func(c *simbank.Config) {
		c.Checkpoint = func(b *simbank.Bank) error {
			if len(g.of("/v1/returns")) > 0 {
				return errKilled
			}
			saved.Reset()
			return b.Save(&saved)
		}
	})
	step(t, b)
	newDay(t, b, "2026-11-05")
	if _, err := b.Step(t.Context()); !errors.Is(err, errKilled) {
		t.Fatalf("the end: %v", err)
	}
	again := open(t, g, 0, func(c *simbank.Config) { c.FundAccounts = nil })
	must(again.Load(&saved))
	newDay(t, again, "2026-11-06")
	step(t, again)
	if got := returnsOf(g); len(got) != 1 || got[0].Returns[0].ValueDate != day("2026-11-05") {
		t.Errorf("returns %+v", got)
	}
	provePayouts(t, again, "1000.00", 1)
}

func TestARefusedReturnIsReported(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, pensions(1, 2, "2026-11-02"))
	b := open(t, g, 2, payout(simbank.PayoutBehaviour{Returns: 1000}))
	step(t, b)
	g.mu.Lock()
	g.batches[0].items[1].Amount++
	g.mu.Unlock()
	newDay(t, b, "2026-11-05")
	want := []simbank.Refused{{
		Purpose: simbank.ForReturns, Key: "returns-N501-000001", Line: 2, ItemID: itemOf(1, 2), Status: 200,
		Code: "amount_differs", Detail: "x",
	}}
	if diff := gocmp.Diff(want, step(t, b).Refused); diff != "" {
		t.Error(diff)
	}
}

func TestPayoutAnswersMisbehaveLikeDebits(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		give                       simbank.Behaviour
		first, pending, all, fails int
	}{
		"late":       {simbank.Behaviour{LateDays: 1}, 0, 0, 10, 0},
		"partly":     {simbank.Behaviour{PartialPercent: 40}, 4, 0, 10, 0},
		"twice":      {simbank.Behaviour{Repeat: "same"}, 20, 0, 20, 0},
		"renamed":    {simbank.Behaviour{Repeat: "renamed"}, 20, 0, 20, 0},
		"never":      {simbank.Behaviour{NeverAnswer: true}, 0, 0, 0, 0},
		"pending":    {simbank.Behaviour{PendingFirst: 3}, 10, 3, 13, 0},
		"contradict": {simbank.Behaviour{Contradict: 2}, 12, 0, 12, 2},
		"unknown":    {simbank.Behaviour{UnknownCode: 2, CorrectAfterDays: 1}, 10, 0, 20, 2},
		"double":     {simbank.Behaviour{DuplicateLines: 2}, 12, 0, 12, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, simbank.JSON)
			g.batches = append(g.batches, pensions(1, 10, "2026-11-02"))
			b := open(t, g, 10, behave(tt.give))
			step(t, b)
			if got := payoutAnswers(t, g); len(got) != tt.first || count(got, "pending") != tt.pending {
				t.Errorf("first %v", got)
			}
			newDay(t, b, "2026-11-03")
			step(t, b)
			if got := payoutAnswers(t, g); len(got) != tt.all || count(got, "failed") != tt.fails {
				t.Errorf("then %v", got)
			}
			if tt.give.Contradict > 0 {
				if got := payoutAnswers(t, g)[11]; got.Code != "AC04" {
					t.Errorf("a payment does not fail with %s", got.Code)
				}
			}
			if x, _ := b.Payout("501"); x.Payments != 10 {
				t.Errorf("payout %+v", x)
			}
			provePayouts(t, b, "1000.00", 1)
		})
	}
	order := newGateway(t, simbank.JSON)
	order.batches = append(order.batches, pensions(1, 10, "2026-11-02"))
	step(t, open(t, order, 10, behave(simbank.Behaviour{OutOfOrder: true}), func(c *simbank.Config) { c.PageSize = 2 }))
	if keys := keysOf(order.of("/results")); slices.IsSorted(keys) {
		t.Errorf("the pages come in order: %v", keys)
	}
}

func TestAListThatIsOfferedAgainIsNotPaidAgain(t *testing.T) {
	t.Parallel()
	for _, payDay := range []string{"2026-11-02", "2026-11-03"} {
		g := newGateway(t, simbank.JSON)
		g.stubborn = true
		g.batches = append(g.batches, pensions(1, 3, payDay))
		b := open(t, g, 3)
		step(t, b)
		var saved bytes.Buffer
		must(b.Save(&saved))
		again := open(t, g, 3)
		must(again.Load(&saved))
		newDay(t, again, "2026-11-03")
		step(t, again)
		effects := len(g.effects)
		if r := step(t, again); r.Batches != 0 || r.Sent != 0 || len(g.effects) != effects {
			t.Errorf("%+v", r)
		}
		provePayouts(t, again, "1000.00", 1)
	}
}

// A batch that was called back may not be acknowledged, and then nobody is paid.
func TestAListThatMayNotBeAcknowledgedIsNotPaid(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	list := pensions(1, 3, "2026-11-02")
	list.settlement = simbank.Gross
	g.batches = append(g.batches, list)
	g.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/acknowledgement") {
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"code":"batch_state","detail":"called back"}`))
			return
		}
		g.ServeHTTP(w, r)
	})
	b := open(t, g, 3)
	r := step(t, b)
	x, _ := b.Payout("501")
	if x.Stage != "declined" || r.Payments != 0 || len(r.Refused) != 1 || r.Refused[0].Code != "batch_state" {
		t.Errorf("payout %+v, report %+v", x, r)
	}
	provePayouts(t, b, "1000.00", 0)
}

func TestAListThatContradictsItselfIsNotPaid(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*served){
		"item twice": func(s *served) {
			s.items[1].ID, s.items[1].SocialNo = s.items[0].ID, s.items[0].SocialNo
			s.items[1].Amount = s.items[0].Amount
		},
		"no account":  func(s *served) { s.account = "12345" },
		"sum":         func(s *served) { s.lie = map[string]any{"amount": "300.01"} },
		"too few":     func(s *served) { s.lie = map[string]any{"count": 4} },
		"no pay day":  func(s *served) { s.lie = map[string]any{"pay_day": nil} },
		"branches":    func(s *served) { s.settlement = simbank.ByBranch },
		"settlement":  func(s *served) { s.settlement = "by donkey" },
		"file digest": func(s *served) { s.lie = map[string]any{"file_digest": strings.Repeat("0", 64)} },
	}
	for name, damage := range tests {
		for _, format := range formats() {
			if name == "file digest" && format == simbank.JSON {
				continue // it reads no file
			}
			t.Run(name+" "+string(format), func(t *testing.T) {
				t.Parallel()
				g := newGateway(t, format)
				bad := pensions(1, 3, "2026-11-02")
				damage(bad)
				g.batches = append(g.batches, bad, pensions(2, 3, "2026-11-02"))
				b := open(t, g, 3)
				r := step(t, b)
				if len(r.Declined) != 1 || r.Declined[0].ID != "501" || bad.acked || r.Payments != 3 {
					t.Errorf("acknowledged %v: %+v", bad.acked, r)
				}
				provePayouts(t, b, "1000.00", 1)
			})
		}
	}
}

// The ids of the two directions may be the same.
func TestADebitAndAPaymentOfOneID(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	list, debits := pensions(1, 3, "2026-11-02"), bill(2, 3)
	list.id = debits.id
	g.batches = append(g.batches, list, debits)
	b := open(t, g, 3)
	r := step(t, b)
	in, ok := b.Batch(debits.id)
	out, is := b.Payout(debits.id)
	if r.Payments != 3 || r.Debits != 3 || !ok || !is || in.Debits != 3 || out.Payments != 3 {
		t.Errorf("report %+v, %+v, %+v", r, in, out)
	}
}

func TestAGatewayThatPaysNothingOut(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, bill(1, 3))
	g.trouble = func(_ int, r *http.Request, _ bool) int {
		if r.URL.Path == "/v1/disbursement-batches" {
			return http.StatusNotFound
		}
		return 0
	}
	if r := step(t, open(t, g, 3)); r.Debits != 3 {
		t.Errorf("report %+v", r)
	}
}

func TestASandboxPaysOnceItsAccountIsFunded(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, pensions(1, 4, "2026-11-02"))
	b := open(t, g, 0, func(c *simbank.Config) { c.OpenUnknown, c.FundAccounts = yuan("1.00"), nil })
	if r := step(t, b); r.Payments != 0 {
		t.Errorf("report %+v", r)
	}
	_, err := b.Transfer("treasury", fund, simbank.Move{Amount: yuan("300.00"), Reference: "BK-1"})
	must(err)
	if r := step(t, b); r.Payments != 4 {
		t.Errorf("report %+v", r)
	}
}

// TestPayoutMemoryIsBounded takes a list of 50 000 two days before it is paid.
func TestPayoutMemoryIsBounded(t *testing.T) {
	const n = 50_000
	g := newGateway(t, simbank.Lines)
	b := open(t, g, n, funded, payout(simbank.PayoutBehaviour{Returns: 10}))
	g.batches = append(g.batches, pensions(1, n, "2026-11-04"))
	before := heap()
	step(t, b)
	g.forget()
	waiting := max(heap(), before) - before
	newDay(t, b, "2026-11-04")
	if r := step(t, b); r.Payments != n {
		t.Fatalf("report %+v", r)
	}
	g.forget()
	left := max(heap(), before) - before
	t.Logf("%d payments: %d KiB while they wait, %d KiB after the answer", n, waiting>>10, left>>10)
	if waiting > 32<<20 || left > 4<<20 {
		t.Errorf("%d payments take %d KiB, and leave %d KiB", n, waiting>>10, left>>10)
	}
	provePayouts(t, b, plenty, 1)
	runtime.KeepAlive(b)
}

func (g *gateway) forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.effects, g.kept = nil, map[string]kept{}
}
