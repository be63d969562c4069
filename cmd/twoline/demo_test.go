package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// testServers lets the demonstration use the servers that all tests share,
// where there are some.
func testServers(name string) string {
	switch name {
	case "DATABASE_URL", "REDIS_URL":
		return os.Getenv("TWOLINE_TEST_" + name)
	}
	return ""
}

// liveDemo runs the command in process and returns its figures.
func liveDemo(t *testing.T, args ...string) demoReport {
	t.Helper()
	var out, complaints bytes.Buffer
	code := run(t.Context(), append([]string{"demo", "--json", "--lang", "en"}, args...),
		streams{in: strings.NewReader(""), out: &out, err: &complaints}, testServers)
	if code != exitOK {
		t.Fatalf("demo ended with %d: %s\n%s", code, &complaints, &out)
	}
	var r demoReport
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDemoVillage(t *testing.T) {
	t.Parallel()
	first := liveDemo(t, "--seed", "7")
	for name, got := range map[string][2]money.Amount{
		"swept is what was contributed":    {first.Swept, first.Contributions},
		"income accounts at the month end": {first.Income, 0},
		"Songpan's income":                 {first.SongpanIncome, money.MustParse("4330500.00")},
		"Songpan's balance":                {first.SongpanBalance, money.MustParse("2325500.00")},
		"Songpan's unexplained interest":   {first.SongpanUnexplained, money.MustParse("19000.00")},
		"pensions of two months":           {first.PensionsPaid, 2 * villagePensioners * 55_00},
		// Five million before go-live, the subsidies and the sweeps, less the pensions; four of it placed.
		"fiscal special account": {
			first.FiscalSpecial + first.FixedDeposits, 5_000_000_00 + first.Subsidies + first.Swept - first.Allocated,
		},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %s, want %s", name, got[0], got[1])
		}
	}
	if first.Verify != "clean" || first.Invariants == 0 {
		t.Errorf("verify says %q of %d invariants", first.Verify, first.Invariants)
	}
	if first.Contributions == 0 || first.Payers == 0 || first.CrossingRefused == "" || first.AccountsClosed != 8 {
		t.Errorf("the story did not happen: %+v", first)
	}
	if first.Rejected != 1 || first.Returned != 1 || first.Reissued != 2 || first.Unpaid != 0 || first.OpenBreaks != 0 {
		t.Errorf("one pension is refused, one comes back, both are paid again: %+v", first)
	}
	if !first.Reconciled {
		t.Error("statements and books do not agree")
	}
	wantBanks := []demoBank{
		{Bank: psbc, Format: "json", Statements: "camt.053.001.08", Batches: 6},
		{Bank: rcc, Format: "rural-cooperative", Statements: "jsonl", Batches: 5},
		{Bank: ccb, Format: "unionpay", Statements: "mt940", Batches: 4},
	}
	if diff := cmp.Diff(wantBanks, first.Banks); diff != "" {
		t.Errorf("banks and the forms that ran:\n%s", diff)
	}
	// Counted only where the month's papers could be had and agreed.
	if first.Vouchers < 10 {
		t.Errorf("March has %d vouchers", first.Vouchers)
	}
	paid := 0
	for _, v := range first.Villages {
		paid += v.Paid
	}
	if paid != first.Payers {
		t.Errorf("villages say %d payers, the report %d", paid, first.Payers)
	}
	again := liveDemo(t, "--seed", "7")
	again.Seconds = first.Seconds
	if diff := cmp.Diff(first, again, cmp.Comparer(func(a, b calendar.Day) bool { return a == b })); diff != "" {
		t.Errorf("the same seed gave other figures (-first +again):\n%s", diff)
	}
	printsBothLanguages(t, first)
}

func printsBothLanguages(t *testing.T, r demoReport) {
	t.Helper()
	for lang, want := range map[string][]string{
		"en": {"1. Contributions", "5. Invariants", "all hold", r.Swept.String()},
		"zh": {"一、保费征缴", "五、不变量验证", "全部成立", r.Swept.String()},
	} {
		var out bytes.Buffer
		if err := r.write(&out, lang); err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(out.String(), text) {
				t.Errorf("the report in %s lacks %q:\n%s", lang, text, &out)
			}
		}
	}
}
