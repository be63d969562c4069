package simbank_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/simbank"
	"twoline/gateway/money"
)

func TestFormats(t *testing.T) {
	t.Parallel()
	want := []simbank.Format{
		simbank.JSON, simbank.Lines, simbank.Cooperative, "icbc-blanks", "psbc-xlsx", "social-insurance-core", unionPay,
	}
	if diff := cmp.Diff(want, simbank.Formats()); diff != "" {
		t.Error(diff)
	}
	// A bank that answers in messages, or that never answers, is none that we can be.
	for _, format := range []simbank.Format{"iso20022", "cnaps", "ccb-pipe", "custodian-fixed", "bocom-xlsx", "csv"} {
		g := newGateway(t, format)
		c := simbank.Config{
			Client: g.server.Client(), Gateway: g.server.URL, Upload: g.server.URL, Day: day("2026-11-02"), Format: format,
		}
		if _, err := simbank.New(c); err == nil || !strings.Contains(err.Error(), "unionpay") {
			t.Errorf("format %s: %v", format, err)
		}
		c.Format, c.FormCharset = unionPay, "gb18030"
		if _, err := simbank.New(c); err == nil || !strings.Contains(err.Error(), "utf-8") {
			t.Errorf("a charset that is none of the profile's: %v", err)
		}
	}
}

const unionPayTitles = "orderId|currencyCode|txnAmt|accType|accNo|customerNm|bizType|certifTp|certifId|phoneNo|" +
	"postscript|reqReserved1|respCode|respMsg|queryId|sysTraNo|sysTm|settleDate\r\n"

// unionPayDay has a bank of the UnionPay family debit four people, or pay them.
func unionPayDay(t *testing.T, pays bool, how simbank.Behaviour) (*gateway, *simbank.Bank, simbank.Report) {
	t.Helper()
	g := newGateway(t, unionPay)
	list := bill(7, 4)
	if pays {
		list = pensions(7, 4, "2026-11-02")
	}
	g.batches = append(g.batches, list)
	b := open(t, g, 4, behave(how))
	setStates(b, map[int]simbank.AccountState{2: simbank.Frozen, 3: simbank.Closed})
	return g, b, step(t, b)
}

// The answer stands in the bank's own codes, in fen, under its own name, and its
// header says what succeeded.
func TestUnionPay_Debits(t *testing.T) {
	t.Parallel()
	g, b, r := unionPayDay(t, false, simbank.Behaviour{})
	if r.Debits != 2 || r.Debited != yuan("200.00") || len(r.Refused)+len(r.Declined) != 0 {
		t.Fatalf("report %+v", r)
	}
	want := "5.0.0|40000|4|||20000|2||\r\n" + unionPayTitles +
		unionPayRow(1, "10000", "0000||D107-000001") + unionPayRow(2, "10000", "3017|账户冻结|") +
		unionPayRow(3, "10000", "3004|账户已销户|") + unionPayRow(4, "10000", "0000||D107-000004")
	proveUnionPay(t, g, "name=DK00000000999290000000001202611020007O.txt", want)
	proveMoney(t, b, 1)
}

func TestUnionPay_Pays(t *testing.T) {
	t.Parallel()
	g, b, r := unionPayDay(t, true, simbank.Behaviour{})
	if r.Payments != 2 || r.Paid != pensionsOf(1, 4) || len(r.Refused)+len(r.Declined) != 0 {
		t.Fatalf("report %+v", r)
	}
	want := "5.0.0|22010|4|||11005|2||\r\n" + unionPayTitles +
		unionPayRow(1, "5501", "0000||P507-000001") + unionPayRow(2, "5502", "3017|账户冻结|") +
		unionPayRow(3, "5503", "3004|账户已销户|") + unionPayRow(4, "5504", "0000||P507-000004")
	proveUnionPay(t, g, "name=DF00000000999290000000001202611020007O.txt", want)
	provePayouts(t, b, "1000.00", 1)
}

func unionPayRow(i int, fen, answer string) string {
	return itemOf(7, i) + "||" + fen + "||" + accountOf(i) + "|" + nameOf(i) + "|||" + idOf(i) + "||||" + answer + "|||\r\n"
}

// proveUnionPay compares the one result file, in GBK, and its name.
func proveUnionPay(t *testing.T, g *gateway, name, want string) {
	t.Helper()
	files := g.of("/result-file")
	if len(files) != 1 {
		t.Fatalf("%d result files", len(files))
	}
	if !strings.HasSuffix(files[0].Query, name) || strings.Contains(files[0].Query, "part=") {
		t.Errorf("sent with %s, want %s and no part", files[0].Query, name)
	}
	text, err := gb18030.New(gb18030.GBK).Decode(nil, []byte(files[0].Body))
	must(err)
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("the result file:\n%s", diff)
	}
}

// A refused file comes as respCode|respMsg, and no money moved.
func TestUnionPay_RefusesTheWholeFile(t *testing.T) {
	t.Parallel()
	for name, pays := range map[string]bool{"debits": false, "payments": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, b, r := unionPayDay(t, pays, simbank.Behaviour{RefuseWhole: true, PartialPercent: 50, OneFenOff: 1})
			if r.Batches != 1 || r.Debits+r.Payments != 0 || len(r.Refused) != 0 {
				t.Errorf("report %+v", r)
			}
			letter := map[bool]string{false: "DK", true: "DF"}[pays]
			proveUnionPay(t, g, "name="+letter+"00000000999290000000001202611020007O.txt", "FF01|文件校验未通过\r\n")
			read := answersOf(t, g)
			if diff := cmp.Diff([]told{{"", "failed", "", "UNKNOWNFF01"}}, read); diff != "" {
				t.Errorf("read as:\n%s", diff)
			}
			if n := len(g.of("/v1/arrivals")); n != 0 {
				t.Errorf("%d arrivals of nothing", n)
			}
			b.Ledger(func(l *simbank.Ledger) {
				f, err := l.Fund(fund)
				must(err)
				if f.Balance != yuan("1000.00") || len(f.Entries) != 0 || l.Sum() != 0 || l.Contra(simbank.Transit) != 0 {
					t.Errorf("the account holds %s after %d entries", f.Balance, len(f.Entries))
				}
				for c := range l.Customers() {
					if c.Balance != yuan("500.00") {
						t.Errorf("account %s holds %s", c.Number, c.Balance)
					}
				}
			})
		})
	}
}

// A format without such a line says of every item that it failed.
func TestRefuseWhole_OtherFormats(t *testing.T) {
	t.Parallel()
	for _, format := range []simbank.Format{simbank.JSON, simbank.Lines, simbank.Cooperative, "icbc-blanks"} {
		g := newGateway(t, format)
		g.batches = append(g.batches, bill(7, 3))
		b := open(t, g, 3, behave(simbank.Behaviour{RefuseWhole: true}))
		r := step(t, b)
		told := answersOf(t, g)
		if r.Debits != 0 || len(told) != 3 || count(told, "failed") != 3 {
			t.Errorf("%s: report %+v, told %v", format, r, told)
		}
		proveMoney(t, b, 0)
	}
}

// Every other profile tells the truth too, and takes only batches of its direction.
func TestEveryProfileTellsTheTruth(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		format         simbank.Format
		debits, pays   bool
		frozen, closed string
		name           string
	}{
		{"icbc-blanks", true, false, "UNKNOWN002", "UNKNOWN002", "DK_psbc_20261102_00000007_R.txt"},
		{"psbc-xlsx", false, true, "BLOCKED失败", "FIX_ACCOUNT失败", "psbc_20261102_00000007_1.xlsx"},
		{"social-insurance-core", false, true, "BLOCKEDF", "FIX_ACCOUNTF", "BATCH_RESULT_PS_00000007.txt"},
	} {
		t.Run(string(tt.format), func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, tt.format)
			list, other := bill(7, 4), "/v1/disbursement-batches/"
			if tt.pays {
				list, other = pensions(7, 4, "2026-11-02"), "/v1/withholding-batches/"
			}
			g.batches = append(g.batches, list)
			b := open(t, g, 4)
			setStates(b, map[int]simbank.AccountState{2: simbank.Frozen, 3: simbank.Closed})
			r := step(t, b)
			if r.Batches != 1 || r.Debits+r.Payments != 2 || len(r.Declined)+len(r.Refused) != 0 {
				t.Fatalf("report %+v", r)
			}
			got := answersOf(t, g)
			slices.SortFunc(got, func(a, b told) int { return strings.Compare(a.Item, b.Item) })
			if len(got) != 4 || count(got, "succeeded") != 2 || got[1].Code != tt.frozen || got[2].Code != tt.closed {
				t.Errorf("told %v", got)
			}
			if files := g.of("/result-file"); len(files) != 1 || !strings.HasSuffix(files[0].Query, "name="+tt.name) ||
				len(g.of(other)) != 0 {
				t.Errorf("files %v", files)
			}
		})
	}
}

// A bank of one direction leaves the other's batches alone.
func TestAProfileOfOneDirection(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "psbc-xlsx")
	list := pensions(7, 2, "2026-11-02")
	g.batches = append(g.batches, list)
	b := open(t, g, 2)
	step(t, b)
	// The same gateway offers debits, in whatever form.
	g.mu.Lock()
	g.format = simbank.Lines
	g.batches = append(g.batches, bill(8, 2))
	g.mu.Unlock()
	r := step(t, b)
	if len(r.Declined) != 1 || !strings.Contains(r.Declined[0].Reason, "direction") || r.Debits != 0 {
		t.Errorf("report %+v", r)
	}
}

// A file that is not what its header says is not paid.
func TestAFormThatContradictsItself(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]map[string]any{
		"another amount": {"amount": "400.01"},
		"another digest": {"file_digest": strings.Repeat("0", 64)},
		"another header": nil,
	} {
		g := newGateway(t, unionPay)
		list := bill(7, 4)
		list.lie = lie
		if lie == nil {
			list.spoil = func(b []byte) []byte { return bytes.Replace(b, []byte("|40000|"), []byte("|40001|"), 1) }
		}
		g.batches = append(g.batches, list)
		b := open(t, g, 4)
		r := step(t, b)
		if len(r.Declined) != 1 || r.Debits != 0 || list.acked {
			t.Errorf("%s: report %+v", name, r)
		}
		proveMoney(t, b, 0)
	}
}

// Damage is told in the bank's own form: a code of no table is read as unknown, and
// what corrects it comes under another name.
func TestUnionPay_Corrects(t *testing.T) {
	t.Parallel()
	g, b, _ := unionPayDay(t, false, simbank.Behaviour{UnknownCode: 3, PendingFirst: 1, CorrectAfterDays: 1})
	first := answersOf(t, g)
	if len(first) != 4 || count(first, "unknown") != 2 || count(first, "pending") != 1 ||
		!slices.ContainsFunc(first, func(x told) bool { return x.Code == "UNKNOWNZZ99" }) {
		t.Errorf("first told %v", first)
	}
	newDay(t, b, "2026-11-03")
	step(t, b)
	names := namesOf(g)
	want := []string{
		"DK00000000999290000000001202611020007O.txt", "DK00000000999290000000001202611020007O_2.txt",
		"DK00000000999290000000001202611020007O_3.txt",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	var debited money.Amount
	for _, x := range answersOf(t, g)[len(first)+1:] {
		if x.Outcome == "succeeded" {
			debited += yuan(x.Amount)
		}
	}
	if debited != yuan("200.00") {
		t.Errorf("the correction says %s were debited", debited)
	}
}
