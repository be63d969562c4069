package simbank_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"twoline/adapters/bank/delimited"
	"twoline/adapters/bank/layout/layouttest"
	"twoline/adapters/bank/simbank"
	"twoline/gateway/bank"
)

func payment(member, terminal string) simbank.Payment {
	return simbank.Payment{
		MemberID: member, Year: 2026, Amount: yuan("100.00"), Channel: "terminal", Terminal: terminal, Account: fund,
	}
}

func TestATerminalsDayIsCreditedInOneLumpNextMorning(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	b := open(t, g, 1)
	for _, p := range []simbank.Payment{payment("1", "T-1"), payment("2", "T-1"), payment("3", "T-2")} {
		if _, err := b.TakeAtCounter(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.TakeAtCounter(t.Context(), payment("666", "T-1"))
	if refused, ok := errors.AsType[*simbank.RefusalError](err); !ok || refused.Code != "over_due" {
		t.Errorf("a refused payment: %v", err)
	}
	if got := len(g.of("/v1/arrivals")); got != 0 {
		t.Errorf("%d arrivals before the night", got)
	}
	newDay(t, b, "2026-11-03")
	step(t, b)
	want := []string{
		`{"account":"900100200300","amount":"200.00","bank_reference":"T20261103-000001","value_date":"2026-11-03",` +
			`"terminal":"T-1","terminal_date":"2026-11-02"}`,
		`{"account":"900100200300","amount":"100.00","bank_reference":"T20261103-000002","value_date":"2026-11-03",` +
			`"terminal":"T-2","terminal_date":"2026-11-02"}`,
	}
	newDay(t, b, "2026-11-04")
	step(t, b)
	arrivals := g.of("/v1/arrivals")
	if len(arrivals) != len(want) {
		t.Errorf("%d arrivals of two terminals' one day", len(arrivals))
	}
	for i, e := range arrivals {
		if i >= len(want) || e.Body != want[i] {
			t.Errorf("arrival %d: %s", i, e.Body)
		}
	}
	b.Ledger(func(l *simbank.Ledger) {
		if f, _ := l.Fund(fund); f.Balance != yuan("1300.00") || l.Sum() != 0 {
			t.Errorf("balance %s, sum %s", f.Balance, l.Sum())
		}
	})
}

func TestAPaymentWhoseReportWasLostIsReportedUnderTheSameKey(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	b := open(t, g, 1)
	g.trouble = func(_ int, r *http.Request, late bool) int {
		if late && r.URL.Path == "/v1/contributions" {
			return http.StatusBadGateway
		}
		return 0
	}
	if _, err := b.TakeAtCounter(t.Context(), payment("1", "T-1")); !errors.Is(err, simbank.ErrUnreachable) {
		t.Fatalf("err %v", err)
	}
	newDay(t, b, "2026-11-03")
	g.mu.Lock()
	g.trouble = nil
	g.mu.Unlock()
	step(t, b)
	newDay(t, b, "2026-11-04")
	step(t, b)
	if got := len(g.of("/v1/contributions")); got != 1 {
		t.Errorf("the gateway took %d payments", got)
	}
	arrivals := g.of("/v1/arrivals")
	if len(arrivals) != 1 || !strings.Contains(arrivals[0].Body, `"terminal_date":"2026-11-02"`) {
		t.Errorf("arrivals %+v", arrivals)
	}
}

func openingFile(n int) []byte {
	var out bytes.Buffer
	w, err := delimited.NewWriter(&out, layouttest.RuralCooperativeAccountOpening())
	must(err)
	must(w.WriteBatch(bank.BatchHead{}))
	for i := 1; i <= n; i++ {
		must(w.WriteItem(bank.BatchItem{
			Index: i - 1, SocialNo: fmt.Sprintf("N%04d", i), Name: nameOf(i), IDNumber: idOf(i), Region: "610304103205",
			Text: "某村",
		}))
	}
	_, err = w.Close()
	must(err)
	return out.Bytes()
}

func TestAccountsAreOpenedInFileOrder(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.Cooperative)
	g.openings["31"], g.openings["32"] = openingFile(5), []byte("three|fields|only\n")
	b := open(t, g, 0)
	r := step(t, b)
	step(t, b)
	if r.Openings != 1 || len(r.Declined) != 1 {
		t.Errorf("report %+v", r)
	}
	files := g.of("/v1/account-openings/31/result-file")
	if len(files) != 1 {
		t.Fatalf("%d result files", len(files))
	}
	row, last := 0, ""
	emit := func(r bank.Record) error {
		v, ok := r.(bank.Result)
		if !ok {
			return nil
		}
		row++
		if v.SocialNo != fmt.Sprintf("N%04d", row) || v.Outcome != bank.OutcomeSucceeded || v.Name != nameOf(row) {
			t.Errorf("row %d: %+v", row, v)
		}
		if !luhnHolds(v.Account) || v.Account <= last {
			t.Errorf("card %s after %s", v.Account, last)
		}
		last = v.Account
		b.Ledger(func(l *simbank.Ledger) {
			if c, err := l.Customer(v.Account); err != nil || c.IDNumber != idOf(row) {
				t.Errorf("the bank keeps %+v, %v", c, err)
			}
		})
		return nil
	}
	layout := layouttest.RuralCooperativeAccountsOpened()
	_, err := delimited.Read(t.Context(), strings.NewReader(files[0].Body), layout, emit)
	if err != nil || row != 5 {
		t.Errorf("%d rows, %v", row, err)
	}
}

// luhnHolds counts from the right: every second digit twice.
func luhnHolds(card string) bool {
	sum := 0
	for i := range len(card) {
		d := int(card[len(card)-1-i] - '0')
		if i%2 == 1 {
			d *= 2
		}
		if d > 9 {
			d -= 9
		}
		sum += d
	}
	return len(card) == 19 && sum%10 == 0
}
