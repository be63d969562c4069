package simbank_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/delimited"
	"twoline/adapters/bank/iso20022"
	"twoline/adapters/bank/jsonl"
	"twoline/adapters/bank/layout/layouttest"
	"twoline/adapters/bank/mt940"
	"twoline/adapters/bank/profile"
	"twoline/adapters/bank/simbank"
	"twoline/gateway/bank"
	"twoline/gateway/money"
)

// told is what the bank said of an item.
type told struct {
	Item, Outcome, Amount, Code string
}

// answersOf reads everything that the bank answered, in order, by the gateway's codecs.
func answersOf(t *testing.T, g *gateway) []told {
	t.Helper()
	var out []told
	for _, e := range g.of("/results") {
		var in struct {
			Results []struct {
				ItemID  string `json:"item_id"`
				Outcome string `json:"outcome"`
				Amount  string `json:"amount"`
				Code    string `json:"code"`
			} `json:"results"`
		}
		if err := json.Unmarshal([]byte(e.Body), &in); err != nil {
			t.Fatal(err)
		}
		for _, r := range in.Results {
			out = append(out, told{r.ItemID, r.Outcome, r.Amount, r.Code})
		}
	}
	for _, e := range g.of("/result-file") {
		out = append(out, readAnswer(t, g.format, e)...)
	}
	return out
}

// readAnswer reads a result file by the gateway's own codec of a format.
func readAnswer(t *testing.T, f simbank.Format, e effect) []told {
	t.Helper()
	p := profileOf(f, strings.HasPrefix(e.Path, "/v1/disbursement-batches/"))
	if p == nil {
		return readFile(t, e)
	}
	q, err := url.ParseQuery(e.Query)
	if err != nil {
		t.Fatal(err)
	}
	var out []told
	var sum money.Amount
	count := 0
	err = p.Read(t.Context(), profile.Bank{Code: "psbc"}, profile.Source{Name: q.Get("name"), Part: q.Get("part")},
		strings.NewReader(e.Body), func(r bank.Record) error {
			switch v := r.(type) {
			case bank.Result:
				one := told{v.ItemID, v.Outcome.String(), "", string(v.Class) + v.Code}
				if v.OfItem() {
					a, _ := v.Amount.Amount()
					sum, one.Amount, count = sum+a, a.String(), count+1
				}
				out = append(out, one)
			case bank.Problem:
				t.Errorf("%s: %s", e.Query, v.Text)
			}
			return nil
		})
	if err != nil {
		t.Fatalf("%s: %v", e.Query, err)
	}
	if q.Get("count") != itoa(count) || q.Get("amount") != sum.String() {
		t.Errorf("beside the file: %s; in it: %d, %s", e.Query, count, sum)
	}
	return out
}

func readFile(t *testing.T, e effect) []told {
	t.Helper()
	q, err := url.ParseQuery(e.Query)
	if err != nil {
		t.Fatal(err)
	}
	var out []told
	var sum money.Amount
	succeeded, failed := layouttest.RuralCooperativeResultSucceeded(), layouttest.RuralCooperativeResultFailed()
	emit := func(r bank.Record) error {
		if v, ok := r.(bank.Result); ok {
			a, _ := v.Amount.Amount()
			sum += a
			id := v.ItemID
			if id == "" {
				id = v.SocialNo
			}
			out = append(out, told{id, v.Outcome.String(), a.String(), string(v.Class) + v.Code})
		}
		return nil
	}
	switch q.Get("part") {
	case "S":
		_, err = delimited.Read(t.Context(), strings.NewReader(e.Body), succeeded, emit)
	case "F":
		_, err = delimited.Read(t.Context(), strings.NewReader(e.Body), failed, emit)
	default:
		err = jsonl.Read(t.Context(), strings.NewReader(e.Body), emit)
	}
	if err != nil {
		t.Fatalf("%s: %v", e.Query, err)
	}
	if q.Get("count") != itoa(len(out)) || q.Get("amount") != sum.String() {
		t.Errorf("beside the file: %s; in it: %d, %s", e.Query, len(out), sum)
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }

// troubled freezes, closes, empties, renames and unsigns some of the people.
func troubled(t *testing.T, b *simbank.Bank) {
	t.Helper()
	b.Ledger(func(l *simbank.Ledger) {
		must(l.SetState(accountOf(2), simbank.Frozen))
		must(l.SetState(accountOf(3), simbank.Closed))
		must(l.Debit(accountOf(4), yuan("400.01")))
	})
}

func TestEveryFormatAnswersTheTruth(t *testing.T) {
	t.Parallel()
	wantCodes := map[simbank.Format][]string{
		simbank.JSON:        {"AC06", "AC04", "AM04", "BE01", "MD01", "AC01"},
		simbank.Lines:       {"AC06", "AC04", "AM04", "BE01", "MD01", "AC01"},
		simbank.Cooperative: {"BLOCKED", "FIX_ACCOUNT", "RETRY_FUNDS", "FIX_ACCOUNT", "", "FIX_ACCOUNT"},
		unionPay: {
			"BLOCKED3017", "FIX_ACCOUNT3004", "RETRY_FUNDS3008", "FIX_ACCOUNT3004", "", "FIX_ACCOUNT3004",
		},
	}
	for format, codes := range wantCodes {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, format)
			bill := bill(1, 9)
			bill.items[4].Name = "别人"
			bill.items[5].Mandate = "M-not-signed"
			bill.items[6].Account = "6217999999999999"
			g.batches = append(g.batches, bill)
			b := open(t, g, 9)
			troubled(t, b)
			r := step(t, b)
			wantDebits := 3
			if format == simbank.Cooperative || format == unionPay {
				wantDebits++ // their files name no mandate
			}
			if r.Batches != 1 || r.Debits != wantDebits || len(r.Refused) != 0 || len(r.Declined) != 0 {
				t.Fatalf("report %+v", r)
			}
			want := []told{}
			for i := range bill.items {
				w := told{bill.items[i].ID, "succeeded", "100.00", ""}
				if format == simbank.Cooperative {
					w.Item, w.Code = bill.items[i].SocialNo, "SUCCESS"
				}
				if format == unionPay {
					w.Code = "SUCCESS0000"
				}
				if i >= 1 && i <= 6 && codes[i-1] != "" {
					w.Outcome, w.Code = "failed", codes[i-1]
				}
				want = append(want, w)
			}
			got := answersOf(t, g)
			slices.SortFunc(got, func(a, b told) int { return strings.Compare(a.Item, b.Item) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			b.Ledger(func(l *simbank.Ledger) {
				f, _ := l.Fund(fund)
				if want := yuan("1000.00") + money.Amount(wantDebits)*yuan("100.00"); f.Balance != want {
					t.Errorf("the income account holds %s, want %s", f.Balance, want)
				}
				// What left one account a fen short is still in transit.
				if l.Contra(simbank.Transit) != yuan("400.01") {
					t.Errorf("in transit: %s", l.Contra(simbank.Transit))
				}
				if l.Sum() != 0 {
					t.Errorf("all accounts sum to %s", l.Sum())
				}
			})
		})
	}
}

func TestABatchThatContradictsItselfIsNotDebited(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*served){
		"item twice": func(s *served) { s.items[1].ID, s.items[1].SocialNo = s.items[0].ID, s.items[0].SocialNo },
		"no amount":  func(s *served) { s.items[1].Amount = 0 },
		"no account": func(s *served) { s.account = "12345" },
		"sum":        func(s *served) { s.lie = map[string]any{"amount": "300.01"} },
		"too few":    func(s *served) { s.lie = map[string]any{"count": 4} },
		"too many":   func(s *served) { s.lie = map[string]any{"count": 2} },
		"none":       func(s *served) { s.lie = map[string]any{"count": 0} },
		"digest": func(s *served) {
			wrong := strings.Repeat("0", 64)
			s.lie = map[string]any{"digest": wrong, "file_digest": wrong}
		},
	}
	for name, damage := range tests {
		for _, format := range []simbank.Format{simbank.JSON, simbank.Lines} {
			t.Run(name+" "+string(format), func(t *testing.T) {
				t.Parallel()
				g := newGateway(t, format)
				bad := bill(1, 3)
				damage(bad)
				g.batches = append(g.batches, bad, bill(2, 3))
				b := open(t, g, 3)
				r := step(t, b)
				if len(r.Declined) != 1 || r.Declined[0].ID != "101" || bad.acked {
					t.Errorf("declined %+v, acknowledged %v", r.Declined, bad.acked)
				}
				if r.Batches != 1 || r.Debits != 3 {
					t.Errorf("the good batch beside it: %+v", r)
				}
				proveMoney(t, b, 1)
			})
		}
	}
}

func TestItemsThatAreNotThoseOfTheDigestAreNotDebited(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, bill(1, 3))
	original := g.batches[0].itemDigest()
	proxy := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{header: http.Header{}}
		g.ServeHTTP(rec, r)
		// One account is another one on the way.
		w.WriteHeader(rec.status)
		_, _ = w.Write(bytes.Replace(rec.body.Bytes(), []byte(accountOf(1)), []byte(accountOf(4)), 1))
	})
	g.server.Config.Handler = proxy
	b := open(t, g, 4)
	r := step(t, b)
	if len(r.Declined) != 1 || r.Debits != 0 || g.batches[0].acked {
		t.Errorf("digest %s: %+v", original, r)
	}
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(s int)           { r.status = s }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

// life runs two batches over three days with much going on.
func life(t *testing.T, seed uint64, format simbank.Format) ([]effect, *simbank.Bank) {
	t.Helper()
	g := newGateway(t, format)
	g.openings["31"] = openingFile(5)
	b := open(t, g, 20, func(c *simbank.Config) { c.Seed = seed }, behave(simbank.Behaviour{
		PartialPercent: 60, OutOfOrder: true, PendingFirst: 2, Repeat: "renamed", Contradict: 1, Arrivals: "twice",
		Settlement: simbank.ByBranch, Reject: map[string]int{"short": 200, "technical": 100},
	}))
	g.batches = append(g.batches, bill(1, 20))
	step(t, b)
	if _, err := b.TakeAtCounter(t.Context(), payment("5001", "T-1")); err != nil {
		t.Fatal(err)
	}
	newDay(t, b, "2026-11-03")
	g.mu.Lock()
	g.batches = append(g.batches, bill(2, 20))
	g.mu.Unlock()
	step(t, b)
	newDay(t, b, "2026-11-05")
	step(t, b)
	return g.effects, b
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, format := range formats() {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			first, b := life(t, 7, format)
			again, _ := life(t, 7, format)
			if diff := cmp.Diff(first, again); diff != "" {
				t.Errorf("two lives of one seed differ:\n%s", diff)
			}
			other, _ := life(t, 8, format)
			if cmp.Equal(first, other) {
				t.Error("another seed changed nothing")
			}
			proveMoney(t, b, 2)
		})
	}
}

func TestStatementsAgreeWithTheBookFromDayToDay(t *testing.T) {
	t.Parallel()
	for _, form := range []simbank.StatementFormat{
		simbank.CamtStatements, simbank.LinesStatements, simbank.MT940Statements,
	} {
		t.Run(string(form), func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, simbank.JSON)
			b := open(t, g, 5, func(c *simbank.Config) { c.Statements = form })
			g.batches = append(g.batches, bill(1, 5))
			step(t, b)
			_, err := b.Transfer(fund, second, simbank.Move{Amount: yuan("300.00"), Reference: "TR-1", Text: "上解"})
			must(err)
			_, err = b.Interest(fund, simbank.Move{Amount: yuan("0.37")})
			must(err)
			_, err = b.Charge(fund, simbank.Move{Amount: yuan("2.00")})
			must(err)
			newDay(t, b, "2026-11-03")
			_, err = b.Subsidise(second, simbank.Move{Amount: yuan("5000.00"), Reference: "SUB-1"})
			must(err)
			_, err = b.Transfer(second, "elsewhere", simbank.Move{Amount: yuan("100.00")})
			must(err)
			step(t, b)
			newDay(t, b, "2026-11-04")
			step(t, b)
			proveStatements(t, g, form)
			proveMoney(t, b, 1)
		})
	}
}

// proveStatements reads all statements back and proves them against each other.
func proveStatements(t *testing.T, g *gateway, form simbank.StatementFormat) {
	t.Helper()
	closing := map[string]bank.Figure{fund: bank.FigureOf(yuan("1000.00")), second: bank.FigureOf(0)}
	references := map[string]int{}
	statements := g.of("/v1/statements/")
	if len(statements) != 4 {
		t.Fatalf("%d statements of two accounts and two days", len(statements))
	}
	for _, e := range statements {
		account := strings.Split(e.Path, "/")[3]
		read := jsonl.Read
		switch form {
		case simbank.CamtStatements:
			read = iso20022.Read
		case simbank.MT940Statements:
			read = func(ctx context.Context, r io.Reader, emit bank.Emit) error {
				return mt940.Read(ctx, r, mt940.Options{}, emit)
			}
		}
		err := read(t.Context(), strings.NewReader(e.Body), func(r bank.Record) error {
			switch v := r.(type) {
			case bank.StatementHead:
				if v.Account != account || v.Opening.Compare(closing[account]) != 0 {
					t.Errorf("%s opens %s with %s after %s", e.Path, v.Account, v.Opening, closing[account])
				}
				if v.Balanced == nil || !*v.Balanced {
					t.Errorf("%s does not balance", e.Path)
				}
				closing[account] = *v.Closing
			case bank.StatementEntry:
				references[account+" "+v.BankReference]++
			case bank.Problem:
				t.Errorf("%s: %+v", e.Path, v)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v\n%s", e.Path, err, e.Body)
		}
	}
	if got := closing[fund].String() + " " + closing[second].String(); got != "1198.37 5200.00" {
		t.Errorf("the accounts close with %s", got)
	}
	if references[fund+" A101"] != 1 || references[fund+" X20261102-000001"] != 1 ||
		references[second+" X20261102-000001"] != 1 {
		t.Errorf("references %v", references)
	}
	for _, e := range g.of("/v1/arrivals") {
		var a struct {
			BankReference string `json:"bank_reference"`
			Account       string `json:"account"`
		}
		must(json.Unmarshal([]byte(e.Body), &a))
		if n := references[a.Account+" "+a.BankReference]; n != 1 {
			t.Errorf("arrival %s stands %d times in the statements", a.BankReference, n)
		}
	}
}

func TestADayIsNeverOpenedTwice(t *testing.T) {
	t.Parallel()
	b := open(t, newGateway(t, simbank.JSON), 1)
	for _, d := range []string{"2026-11-02", "2026-11-01"} {
		if err := b.NewDay(day(d)); err == nil {
			t.Errorf("%s was opened after 2026-11-02", d)
		}
	}
}

func TestSettlements(t *testing.T) {
	t.Parallel()
	tests := []struct {
		give              simbank.Settlement
		credits, arrivals int
		wantDebits        string
	}{
		{simbank.Net, 1, 1, "0.00"},
		{simbank.Gross, 1, 1, "200.00"},
		{simbank.Itemised, 7, 7, "0.00"},
		{simbank.ByBranch, 3, 3, "0.00"},
	}
	for _, tt := range tests {
		t.Run(string(tt.give), func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, simbank.JSON)
			g.batches = append(g.batches, bill(1, 9))
			b := open(t, g, 9, behave(simbank.Behaviour{Settlement: tt.give}))
			b.Ledger(func(l *simbank.Ledger) {
				must(l.SetState(accountOf(2), simbank.Frozen))
				must(l.SetState(accountOf(3), simbank.Frozen))
			})
			step(t, b)
			b.Ledger(func(l *simbank.Ledger) {
				f, _ := l.Fund(fund)
				credits := 0
				var in, out money.Amount
				for _, e := range f.Entries {
					if e.Direction == bank.Credit {
						credits++
						in += e.Amount
						continue
					}
					out += e.Amount
				}
				if credits != tt.credits || in-out != yuan("700.00") || out.String() != tt.wantDebits {
					t.Errorf("%d credits of %s, debits of %s", credits, in, out)
				}
				if l.Contra(simbank.Transit) != 0 || l.Sum() != 0 {
					t.Errorf("in transit %s, sum %s", l.Contra(simbank.Transit), l.Sum())
				}
			})
			if got := len(g.of("/v1/arrivals")); got != tt.arrivals {
				t.Errorf("%d notices of arrival", got)
			}
		})
	}
}
