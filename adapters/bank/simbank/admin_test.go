package simbank_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"twoline/adapters/bank/simbank"
	"twoline/gateway/calendar"
)

func TestKnobsAreTurnedAtRunTime(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, bill(1, 3), pensions(2, 3, "2026-11-20"))
	b := open(t, g, 3)
	admin := httptest.NewServer(b.Admin())
	t.Cleanup(admin.Close)
	how := `{"settlement":"gross","never_answer":true,"reject":{"short":1000}}`
	payment := `"year":2026,"amount":"1.00","channel":"counter","terminal":"T","account":"` + fund + `"}`
	steps := []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/healthz", "", 200, `{"ok":true}`},
		{"PUT", "/behaviour", how, 200, `"never_answer":true`},
		{"GET", "/behaviour", "", 200, how},
		{"PUT", "/behaviour", `{"never_anwser":true}`, 400, `unknown field`},
		{"PUT", "/behaviour", `{"late_days":-1}`, 400, `late_days`},
		{"POST", "/deposits", `{"account":"` + accountOf(1) + `","amount":"12.00"}`, 200, `ok`},
		{"POST", "/deposits", `{"account":"nobody","amount":"12.00"}`, 404, `no such account`},
		{"POST", "/deposits", `{"account":"nobody","amount":12}`, 400, `amount`},
		{"POST", "/step", "", 200, `"batches":1`},
		{"GET", "/batches/101", "", 200, `"debits":0`},
		{"GET", "/batches/999", "", 404, `error`},
		{"GET", "/payouts/502", "", 200, `"stage":"acknowledged","pay_on":"2026-11-20"`},
		{"GET", "/payouts/101", "", 404, `error`},
		{"PUT", "/behaviour", `{"payout":{"returns":5,"no_returns_after":"2026-11-30"}}`, 200, `"no_returns_after":`},
		{"PUT", "/behaviour", `{"payout":{"returns":1001}}`, 400, `payout.returns`},
		{"PUT", "/behaviour", how, 200, `"never_answer":true`},
		{"GET", "/customers/" + accountOf(1), "", 200, `"balance":"512.00"`},
		{"PATCH", "/customers/" + accountOf(1), `{"state":"frozen","mandate":"M-2"}`, 200, `"state":"frozen"`},
		{"PATCH", "/customers/" + accountOf(1), `{"state":"asleep"}`, 400, `dormant`},
		{"PATCH", "/customers/" + accountOf(2), `{"state":"not_activated"}`, 200, `"credits":0,"credited":"0.00"`},
		{"POST", "/transfers", `{"from":"` + fund + `","to":"` + second + `","amount":"5.00"}`, 200, `X20261102-0`},
		{"POST", "/subsidies", `{"account":"` + fund + `","amount":"5.00"}`, 200, `S20261102-000001`},
		{"POST", "/interest", `{"account":"` + fund + `","amount":"0.05"}`, 200, `I20261102-000001`},
		{"POST", "/charges", `{"account":"` + fund + `","amount":"99999.00"}`, 400, `balance`},
		{"POST", "/charges", `{"account":"` + fund + `","amount":"1.00"}`, 200, `F20261102-000001`},
		{"POST", "/charges", `{"account":"` + fund + `","amount":"1.00","text":"a|b"}`, 400, `printable`},
		{"POST", "/payments", `{"member_id":"666",` + payment, 502, `over_due`},
		{"POST", "/payments", `{"member_id":"1",` + payment, 200, `C20261102-000002`},
		{"POST", "/day", `{"day":"2026-11-03"}`, 200, `"day":"2026-11-03"`},
		{"POST", "/day", `{"day":"2026-11-03"}`, 400, `follows`},
		{"GET", "/fund-accounts/" + fund, "", 200, `"balance":"1000.05"`},
		{"POST", "/charges", `{"account":"` + fund + `","amount":"0.05"}`, 200, `F2`},
		{"POST", "/repeats", `{"account":"` + fund + `","reference":"F20261103-000001"}`, 200, `"E20261103-000001"`},
		{"POST", "/repeats", `{"account":"` + fund + `","reference":"F20261103-000009"}`, 400, `no entry F20261103-000009 today`},
		{"GET", "/fund-accounts/" + fund, "", 200, `"balance":"999.95"`},
		{"POST", "/corrections", `{"account":"` + fund + `","reference":"E20261103-000001"}`, 200, `"E20261103-000001"`},
		{"GET", "/fund-accounts/" + fund, "", 200, `"reversal":true,"text":"冲正 手续费"`},
		{"POST", "/corrections", `{"account":"` + fund + `","reference":"E20261103-000001"}`, 400, `of its own accord`},
		{"GET", "/fund-accounts/" + fund, "", 200, `"balance":"1000.00"`},
		{"POST", "/day", `{"day":"2026-11-20"}`, 200, `"open_batches":1`},
		{"POST", "/step", "", 200, `"payments":2,"paid":"110.05"`},
		{"GET", "/customers/" + accountOf(2), "", 200, `"credits":1,"credited":"55.02"`},
		{"GET", "/fund-accounts/" + fund, "", 200, `"balance":"889.95"`},
		{"GET", "/status", "", 200, `"sum":"0.00"`},
		{"DELETE", "/status", "", 405, ``},
	}
	for _, s := range steps {
		q, err := http.NewRequestWithContext(t.Context(), s.method, admin.URL+s.path, strings.NewReader(s.body))
		must(err)
		r, err := admin.Client().Do(q)
		must(err)
		text, err := io.ReadAll(r.Body)
		must(err)
		must(r.Body.Close())
		if r.StatusCode != s.status || !strings.Contains(string(text), s.want) {
			t.Errorf("%s %s %s: %d %s", s.method, s.path, s.body, r.StatusCode, text)
		}
		if strings.Contains(string(text), nameOf(1)) || strings.Contains(string(text), idOf(1)) {
			t.Errorf("%s %s shows who the customer is", s.method, s.path)
		}
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	tests := map[string]func(*simbank.Config){
		"client":      func(c *simbank.Config) { c.Client = nil },
		"day":         func(c *simbank.Config) { c.Day = calendar.Day{} },
		"format":      func(c *simbank.Config) { c.Format = "xls" },
		"statements":  func(c *simbank.Config) { c.Statements = "fax" },
		"page size":   func(c *simbank.Config) { c.PageSize = 10_001 },
		"card prefix": func(c *simbank.Config) { c.CardPrefix = "62" },
		"gateway":     func(c *simbank.Config) { c.Gateway = "ftp://x" },
		"late_days":   func(c *simbank.Config) { c.Behaviour.LateDays = 400 },
		"account 2":   func(c *simbank.Config) { c.Accounts = twiceTheSame },
	}
	for want, change := range tests {
		c := simbank.Config{
			Client: g.server.Client(), Gateway: g.server.URL, Upload: g.server.URL, Day: day("2026-11-02"),
			Accounts: people(1),
		}
		change(&c)
		if _, err := simbank.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func twiceTheSame(yield func(simbank.Account, error) bool) {
	for range 2 {
		if !yield(simbank.Account{Number: "6217"}, nil) {
			return
		}
	}
}

func TestASandboxOpensWhatABatchNames(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, bill(1, 4))
	b := open(t, g, 0, func(c *simbank.Config) { c.OpenUnknown, c.FundAccounts = yuan("150.00"), nil })
	if r := step(t, b); r.Debits != 4 {
		t.Errorf("report %+v", r)
	}
	g.mu.Lock()
	g.batches = append(g.batches, bill(2, 4))
	g.mu.Unlock()
	if r := step(t, b); r.Debits != 0 {
		t.Errorf("50.00 are left, and yet: %+v", r)
	}
	proveMoney(t, b, 1)
}

// TestMemoryIsBoundedByTheAccounts takes a batch of 160 000 and looks at what is
// left of it once it is answered.
func TestMemoryIsBoundedByTheAccounts(t *testing.T) {
	const n = 160_000
	g := newGateway(t, simbank.Lines)
	before := heap()
	b := open(t, g, n)
	accounts := heap() - before
	g.batches = append(g.batches, bill(1, n))
	before = heap()
	r := step(t, b)
	if r.Debits != n || r.Waiting != 0 {
		t.Fatalf("report %+v", r)
	}
	g.mu.Lock()
	g.effects, g.kept = nil, map[string]kept{}
	g.mu.Unlock()
	after := heap()
	left := max(after, before) - before
	t.Logf("%d accounts: %d MiB; left of a batch of as many: %d KiB", n, accounts>>20, left>>10)
	if accounts > 64<<20 {
		t.Errorf("%d accounts take %d MiB", n, accounts>>20)
	}
	if left > 4<<20 {
		t.Errorf("an answered batch leaves %d KiB", left>>10)
	}
	proveMoney(t, b, 1)
	runtime.KeepAlive(b)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
