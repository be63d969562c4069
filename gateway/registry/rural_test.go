package registry_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/openings"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/registry"
)

// The whole way with a rural cooperative's own files: five fields out in
// GB18030, the accounts opened and those refused back in two files.
func TestAccountOpenings_WithARuralCooperativesFiles(t *testing.T) {
	t.Parallel()
	w := settled(t)
	w.Service = registry.New(registry.Config{
		Formats: []registry.Format{"rural-cooperative"},
		Store:   w.store, Today: func() calendar.Day { return calendar.MustDay("2011-03-10") }, Files: openings.New(),
		Intake: w.in,
	})
	out, err := w.openAccounts(business(), registry.OpenAccounts{Bank: "rcc"})
	if err != nil || len(out.Openings) != 1 || out.Openings[0].Count != 5 {
		t.Fatalf("%+v, %v", out, err)
	}
	o := out.Openings[0]
	file, err := w.BankOpeningFile(context.Background(), bank.Caller{Code: "rcc"}, o.ID)
	if err != nil {
		t.Fatal(err)
	}
	codec := gb18030.New(gb18030.GB18030)
	text, err := codec.Decode(nil, file.Content)
	if err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if d := cmp.Diff("SB00000005|王5|"+id(5)+"|610304100001|东关村", rows[0]); d != "" || len(rows) != 5 {
		t.Fatalf("%d rows\n%s", len(rows), d)
	}
	send := func(name, part, content string) int64 {
		t.Helper()
		encoded, err := codec.Encode(nil, content)
		if err != nil {
			t.Fatal(err)
		}
		receipt := w.uploadPart(o, name, part, string(encoded))
		w.takeIn(receipt)
		return receipt
	}
	opened := send("K_S.TXT", "S", rows[0]+"|"+card(500)+"|1\n"+rows[2]+"|8801-3|2\n"+rows[4]+"|8801-4|7\n")
	refused := send("K_F.TXT", "F", strings.TrimSuffix(rows[1], "|东关村")+"|户名不符\n"+
		strings.TrimSuffix(rows[3], "|东关村")+"|没有听说过\n")
	broken := send("K2_S.TXT", "S", rows[0]+"\n")
	unknown := send("K3.TXT", "", rows[0]+"\n")
	for receipt, want := range map[int64]string{
		opened: "processed 3/2/0/1/0", refused: "processed 2/1/0/1/0",
		broken: "quarantined 0/0/0/0/0: malformed_rows", unknown: "quarantined 0/0/0/0/0: part",
	} {
		if got := w.outcome(receipt); got != want {
			t.Errorf("outcome = %s, want %s", got, want)
		}
	}
	// A medium and a reason that nobody knows are neither success nor failure: a person looks.
	if n := w.count(`select count(*) from exception_case where kind = 'account_opening_row'
		and text like 'unknown_answer%'`); n != 2 {
		t.Errorf("%d cases of unknown answers, want 2", n)
	}
	if n := w.count(`select count(*) from instrument where bank = 'rcc' and kind = case account_no when '8801-3'
		then 'passbook' else 'card' end`); n != 2 {
		t.Errorf("%d accounts, want 2", n)
	}
}
