package simbank_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/adapters/bank/simbank"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// TestEveryRequestMayBeLost makes each request of a life fail once, before
// its effect or after it, and stops the bank there or lets it try on: the gateway
// sees the same effects, and nobody is debited twice.
func TestEveryRequestMayBeLost(t *testing.T) {
	t.Parallel()
	undisturbed, total := lifeWithTrouble(t, 0, false, 5)
	for _, attempts := range []int{1, 5} {
		for _, late := range []bool{false, true} {
			for n := 1; n <= total; n++ {
				effects, _ := lifeWithTrouble(t, n, late, attempts)
				if diff := cmp.Diff(undisturbed, effects); diff != "" {
					t.Fatalf("request %d lost (late %v, %d attempts):\n%s", n, late, attempts, diff)
				}
			}
		}
	}
}

// lifeWithTrouble fails the n-th request.
func lifeWithTrouble(t *testing.T, n int, late bool, attempts int) ([]effect, int) {
	t.Helper()
	g := newGateway(t, simbank.JSON)
	g.openings["31"] = openingFile(3)
	g.batches = append(g.batches, bill(1, 9), bill(2, 5))
	g.trouble = func(i int, _ *http.Request, after bool) int {
		if i == n && after == late {
			return http.StatusServiceUnavailable
		}
		return 0
	}
	b := open(t, g, 9, func(c *simbank.Config) { c.Attempts = attempts })
	stepOn(t, b)
	newDay(t, b, "2026-11-03")
	stepOn(t, b)
	proveMoney(t, b, 2)
	return g.effects, g.count
}

// stepOn steps until the gateway has answered everything.
func stepOn(t *testing.T, b *simbank.Bank) {
	t.Helper()
	for range 3 {
		_, err := b.Step(t.Context())
		if err == nil {
			return
		}
		if !errors.Is(err, simbank.ErrUnreachable) {
			t.Fatal(err)
		}
	}
	t.Fatal("three steps were not enough")
}

func TestWhatIsTriedAgain(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		status int
		after  string
		tries  int32
		pause  time.Duration
	}{
		{"server error", 500, "", 5, 0},
		{"unavailable, with its own pause", 503, "7", 5, 7 * time.Second},
		{"still running", 409, "2", 5, 2 * time.Second},
		{"rate", 429, "1", 5, time.Second},
		{"bad request", 400, "", 1, 0},
		{"not known", 401, "", 1, 0},
		{"no such batch", 404, "", 1, 0},
		{"refused by a rule", 422, "", 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, simbank.JSON)
			g.batches = append(g.batches, bill(1, 1))
			var tries atomic.Int32
			g.retryAfter = tt.after
			g.trouble = func(_ int, r *http.Request, late bool) int {
				if late || r.URL.Path != "/v1/arrivals" {
					return 0
				}
				tries.Add(1)
				return tt.status
			}
			var pauses []time.Duration
			b := open(t, g, 1, func(c *simbank.Config) {
				c.Sleep = func(_ context.Context, d time.Duration) error {
					pauses = append(pauses, d)
					return nil
				}
			})
			r, err := b.Step(t.Context())
			if tries.Load() != tt.tries {
				t.Errorf("%d tries, want %d", tries.Load(), tt.tries)
			}
			again := tt.tries > 1
			if again != errors.Is(err, simbank.ErrUnreachable) || again == (len(r.Refused) == 1) {
				t.Errorf("err %v, refused %+v", err, r.Refused)
			}
			for _, p := range pauses {
				if tt.pause > 0 && p != tt.pause {
					t.Errorf("paused %v, the gateway asked for %v", p, tt.pause)
				}
			}
			grow := len(pauses) == 4 && slices.IsSorted(pauses) && pauses[0] >= 200*time.Millisecond
			if again && tt.pause == 0 && !grow {
				t.Errorf("pauses %v do not grow", pauses)
			}
		})
	}
}

func TestAConflictOfAnotherKindIsARefusal(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, bill(1, 1))
	g.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/arrivals" {
			w.WriteHeader(http.StatusConflict)
			_, _ = w.Write([]byte(`{"code":"bank_reference_reused","detail":"other content"}`))
			return
		}
		g.ServeHTTP(w, r)
	})
	r := step(t, open(t, g, 1))
	want := []simbank.Refused{{
		Purpose: simbank.ForArrival, Key: "arrival-A101", Status: 409, Code: "bank_reference_reused",
		Detail: "other content",
	}}
	if diff := cmp.Diff(want, r.Refused); diff != "" {
		t.Error(diff)
	}
}

// net/http itself repeats a request on a broken connection, signature and all.
func TestANonceThatWasSentBeforeIsTriedAnew(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, bill(1, 3))
	seen := map[string]bool{}
	g.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := r.Method + r.URL.String(); !seen[name] {
			seen[name] = true
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"code":"nonce_replayed","detail":"sent before"}`))
			return
		}
		g.ServeHTTP(w, r)
	})
	b := open(t, g, 3)
	if r := step(t, b); len(r.Refused) != 0 || r.Batches != 1 {
		t.Errorf("refused %+v", r.Refused)
	}
	proveMoney(t, b, 1)
}

func TestABatchThatIsOfferedAgainIsNotDebitedAgain(t *testing.T) {
	t.Parallel()
	for _, format := range formats() {
		g := newGateway(t, format)
		g.stubborn = true
		g.batches = append(g.batches, bill(1, 3))
		b := open(t, g, 3)
		step(t, b)
		effects := len(g.effects)
		var saved bytes.Buffer
		must(b.Save(&saved))
		again := open(t, g, 3)
		must(again.Load(&saved))
		for _, b := range []*simbank.Bank{b, again} {
			if r := step(t, b); r.Batches != 0 || r.Sent != 0 {
				t.Errorf("%s: %+v", format, r)
			}
			proveMoney(t, b, 1)
		}
		if len(g.effects) != effects {
			t.Errorf("%s: the gateway took %+v", format, g.effects[effects:])
		}
	}
}

func TestABatchThatMayNotBeAcknowledgedIsNotDebited(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, bill(1, 3))
	g.trouble = func(_ int, r *http.Request, late bool) int {
		if !late && strings.HasSuffix(r.URL.Path, "/acknowledgement") {
			return http.StatusUnprocessableEntity
		}
		return 0
	}
	b := open(t, g, 3)
	r := step(t, b)
	x, _ := b.Batch("101")
	if x.Stage != "declined" || r.Debits != 0 || len(r.Refused) != 1 {
		t.Errorf("batch %+v, report %+v", x, r)
	}
	proveMoney(t, b, 0)
}

// TestABankThatCrashedBetweenDebitAndAnswerGoesOn restarts from the saved
// state in a process of its own memory.
func TestABankThatCrashedBetweenDebitAndAnswerGoesOn(t *testing.T) {
	t.Parallel()
	for _, format := range formats() {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			how := simbank.Behaviour{PartialPercent: 50, Reject: map[string]int{"short": 300}}
			undisturbed, _, _ := story(t, format, how, "2026-11-03")
			how.CrashAfterDebit = true
			g := newGateway(t, format)
			g.batches = append(g.batches, bill(1, 10))
			var saved bytes.Buffer
			b := open(t, g, 10, behave(how), func(c *simbank.Config) {
				c.Checkpoint = func(b *simbank.Bank) error {
					saved.Reset()
					return b.Save(&saved)
				}
			})
			if _, err := b.Step(t.Context()); !errors.Is(err, simbank.ErrCrashed) {
				t.Fatalf("the crash: %v", err)
			}
			if _, err := b.Step(t.Context()); !errors.Is(err, simbank.ErrCrashed) {
				t.Fatalf("a crashed bank went on: %v", err)
			}
			if _, err := b.TakeAtCounter(t.Context(), payment("1", "T-1")); !errors.Is(err, simbank.ErrCrashed) {
				t.Fatalf("a crashed bank took a payment: %v", err)
			}
			if len(answersOf(t, g)) != 0 {
				t.Fatal("it answered before it crashed")
			}
			again := open(t, g, 0, func(c *simbank.Config) { c.FundAccounts = nil })
			if err := again.Load(&saved); err != nil {
				t.Fatal(err)
			}
			step(t, again)
			newDay(t, again, "2026-11-03")
			step(t, again)
			proveMoney(t, again, 1)
			if diff := cmp.Diff(undisturbed.effects, g.effects); diff != "" {
				t.Errorf("the crash is seen outside:\n%s", diff)
			}
		})
	}
}

func TestSavedStateIsWhole(t *testing.T) {
	t.Parallel()
	_, b := life(t, 7, simbank.JSON)
	_, err := b.TakeAtCounter(t.Context(), payment("1", "T-9"))
	must(err)
	charge, err := b.Charge(fund, simbank.Move{Amount: 5})
	must(err)
	var first, second bytes.Buffer
	must(b.Save(&first))
	other := open(t, newGateway(t, simbank.JSON), 2)
	if err := other.Load(bytes.NewReader(first.Bytes())); err != nil {
		t.Fatal(err)
	}
	must(other.Save(&second))
	if diff := cmp.Diff(first.String(), second.String()); diff != "" {
		t.Error(diff)
	}
	lines := bytes.SplitAfter(first.Bytes(), []byte("\n"))
	for cut := range len(lines) - 1 {
		broken := bytes.Join(lines[:cut], nil)
		if err := other.Load(bytes.NewReader(broken)); !errors.Is(err, simbank.ErrState) {
			t.Errorf("a state cut after line %d was loaded: %v", cut, err)
		}
	}
	strange := open(t, newGateway(t, simbank.JSON), 2, func(c *simbank.Config) { c.Seed = 99 })
	if err := strange.Load(bytes.NewReader(first.Bytes())); !errors.Is(err, simbank.ErrState) {
		t.Errorf("the state of another seed: %v", err)
	}
	must(other.Save(&second))
	if other.Status().Sum != 0 {
		t.Error("a refused state changed the bank")
	}
	must(other.Correct(fund, charge))
	if err := other.Correct(fund, charge); !errors.Is(err, simbank.ErrNoMistake) {
		t.Errorf("a charge was taken back twice: %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	g.batches = append(g.batches, bill(1, 3))
	ctx, cancel := context.WithCancel(t.Context())
	b := open(t, g, 3)
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx, time.Millisecond) }()
	for len(g.of("/v1/arrivals")) == 0 || b.Status().Queued > 0 {
		select {
		case err := <-done:
			t.Fatalf("Run ended: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
	proveMoney(t, b, 1)
}

func TestTodayMovesTheDay(t *testing.T) {
	t.Parallel()
	g := newGateway(t, simbank.JSON)
	today := day("2026-11-02")
	b := open(t, g, 1, func(c *simbank.Config) { c.Today = func() calendar.Day { return today } })
	step(t, b)
	today = day("2026-11-03")
	step(t, b)
	if b.Day() != today || len(g.of("/v1/statements/")) != 2 {
		t.Errorf("day %s, %d statements", b.Day(), len(g.of("/v1/statements/")))
	}
}

func TestARefusedTransferMovesNeitherSide(t *testing.T) {
	t.Parallel()
	l := simbank.NewLedger()
	must(l.OpenFund("full", "", money.Max))
	must(l.OpenFund("other", "", yuan("5.00")))
	for _, give := range [][2]string{{"other", "full"}, {"none", "full"}, {"full", "full"}, {"none", "nobody"}} {
		if err := l.Transfer(give[0], give[1], simbank.FundEntry{Amount: 1}); err == nil {
			t.Errorf("%v was done", give)
		}
	}
	full, _ := l.Fund("full")
	other, _ := l.Fund("other")
	if full.Balance != money.Max || other.Balance != yuan("5.00") || l.Sum() != 0 || len(full.Entries) > 0 {
		t.Errorf("%s and %s are left, all sum to %s", full.Balance, other.Balance, l.Sum())
	}
}

// model is the simplest ledger there is.
type model struct {
	balance map[string]money.Amount
	state   map[string]simbank.AccountState
}

// TestLedgerMakesAndLosesNothing runs random movements beside a model: balances
// agree, nothing falls below zero, and a refused movement changes nothing.
func TestLedgerMakesAndLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := simbank.NewLedger()
		m := model{balance: map[string]money.Amount{}, state: map[string]simbank.AccountState{}}
		numbers := []string{"a1", "a2", "a3", "f1", "f2", "none"}
		pick := func(name string) string { return rapid.SampledFrom(numbers).Draw(t, name) }
		amount := func() money.Amount { return money.Amount(rapid.Int64Range(-5, 1000).Draw(t, "amount")) }
		t.Repeat(map[string]func(*rapid.T){
			"open": func(*rapid.T) {
				n, a := pick("number"), amount()
				if l.Open(simbank.Account{Number: n, Balance: a}) == nil {
					m.open(t, n, a, simbank.Normal)
				}
			},
			"open fund": func(*rapid.T) {
				n, a := pick("number"), amount()
				if l.OpenFund(n, "", a) == nil {
					m.open(t, n, a, "fund")
				}
			},
			"state": func(*rapid.T) {
				states := []simbank.AccountState{
					simbank.Normal, simbank.Frozen, simbank.Closed, simbank.NotActivated, simbank.Dormant,
				}
				n, s := pick("number"), rapid.SampledFrom(states).Draw(t, "state")
				if l.SetState(n, s) == nil {
					m.state[n] = s
				}
			},
			"deposit": func(*rapid.T) {
				n, a := pick("number"), amount()
				ok := l.Deposit(n, a) == nil
				if ok != (a > 0 && m.isCustomer(n) && m.state[n] != simbank.Closed) {
					t.Fatalf("deposit of %s on %s %s: %v", a, m.state[n], n, ok)
				}
				m.add(n, a, ok)
			},
			"debit": func(*rapid.T) {
				n, a := pick("number"), amount()
				ok := l.Debit(n, a) == nil
				if ok != (a > 0 && m.state[n] == simbank.Normal && a <= m.balance[n]) {
					t.Fatalf("debit of %s on %s %s with %s: %v", a, m.state[n], n, m.balance[n], ok)
				}
				m.add(n, -a, ok)
			},
			"credit": func(*rapid.T) {
				n, a := pick("number"), amount()
				ok := l.Credit(n, a) == nil
				if ok != (a > 0 && m.isCustomer(n) && m.state[n] != simbank.Closed && m.state[n] != simbank.Frozen) {
					t.Fatalf("credit of %s on %s %s: %v", a, m.state[n], n, ok)
				}
				m.add(n, a, ok)
			},
			"post": func(*rapid.T) {
				n, a, d := pick("number"), amount(), bank.Direction(rapid.IntRange(1, 2).Draw(t, "direction"))
				against := simbank.Contra(rapid.IntRange(0, 3).Draw(t, "against"))
				ok := l.Post(n, simbank.FundEntry{Direction: d, Amount: a}, against) == nil
				if ok != (a > 0 && m.state[n] == "fund" && (d == bank.Credit || a <= m.balance[n])) {
					t.Fatalf("%s of %s on %s: %v", d, a, n, ok)
				}
				if d == bank.Debit {
					a = -a
				}
				m.add(n, a, ok)
			},
			"transfer": func(*rapid.T) {
				from, to, a := pick("from"), pick("to"), amount()
				if l.Transfer(from, to, simbank.FundEntry{Amount: a}) == nil {
					m.transfer(from, to, a)
				}
			},
			"": func(*rapid.T) { m.compare(t, l) },
		})
	})
}

func (m model) open(t *rapid.T, n string, a money.Amount, s simbank.AccountState) {
	if m.state[n] != "" {
		t.Fatalf("%s was opened twice", n)
	}
	m.balance[n], m.state[n] = a, s
}

func (m model) isCustomer(n string) bool { return m.state[n] != "" && m.state[n] != "fund" }

func (m model) add(n string, a money.Amount, ok bool) {
	if ok {
		m.balance[n] += a
	}
}

func (m model) transfer(from, to string, a money.Amount) {
	if m.state[from] == "fund" {
		m.balance[from] -= a
	}
	if m.state[to] == "fund" {
		m.balance[to] += a
	}
}

func (m model) compare(t *rapid.T, l *simbank.Ledger) {
	if l.Sum() != 0 {
		t.Fatalf("all accounts sum to %s", l.Sum())
	}
	for n, s := range m.state {
		got := money.Amount(-1)
		if f, err := l.Fund(n); err == nil && s == "fund" {
			got = f.Balance
			proveEntries(t, f)
		} else if c, err := l.Customer(n); err == nil {
			got = c.Balance
		}
		if got != m.balance[n] || got < 0 {
			t.Fatalf("%s holds %s, the model %s", n, got, m.balance[n])
		}
	}
}

func proveEntries(t *rapid.T, f simbank.Fund) {
	sum := f.Opening
	for _, e := range f.Entries {
		if e.Direction == bank.Debit {
			e.Amount = -e.Amount
		}
		sum += e.Amount
	}
	if sum != f.Balance {
		t.Fatalf("%s opens with %s and its entries lead to %s, not %s", f.Number, f.Opening, sum, f.Balance)
	}
}
