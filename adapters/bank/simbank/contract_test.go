package simbank_test

import (
	"encoding/json"
	"strings"
	"testing"

	"twoline/adapters/bank/banktest"
	"twoline/adapters/bank/jsonl"
	"twoline/adapters/bank/simbank"
	"twoline/gateway/bank"
	"twoline/gateway/money"
)

// side is a simulated bank and the gateway that hears it.
type side struct {
	gateway *gateway
	bank    *simbank.Bank
}

func TestTheBankKeepsTheContract(t *testing.T) {
	t.Parallel()
	for _, format := range formats() {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			banktest.ExerciseBank(t, func(t *testing.T, habit banktest.Habit) banktest.Side {
				t.Helper()
				how := map[banktest.Habit]simbank.Behaviour{
					banktest.Prompt: {}, banktest.Repeating: {Repeat: "same"}, banktest.Late: {LateDays: 1},
					banktest.Partial: {PartialPercent: 40},
				}[habit]
				g := newGateway(t, format)
				return &side{g, open(t, g, 50, behave(how), func(c *simbank.Config) { c.Statements = simbank.LinesStatements })}
			})
		})
	}
}

// Offer implements banktest.Side: two accounts are frozen or closed.
func (s *side) Offer(_ *testing.T, items int) banktest.Order {
	b := bill(1, items)
	s.gateway.mu.Lock()
	s.gateway.batches = append(s.gateway.batches, b)
	s.gateway.mu.Unlock()
	s.bank.Ledger(func(l *simbank.Ledger) {
		must(l.SetState(accountOf(2), simbank.Frozen))
		must(l.SetState(accountOf(5), simbank.Closed))
	})
	o := banktest.Order{Items: map[string]money.Amount{}, Fail: map[string]bool{}}
	for n, i := range b.items {
		id := i.ID
		if s.gateway.format == simbank.Cooperative {
			id = i.SocialNo // its files know no other
		}
		o.Items[id] = i.Amount
		if n == 1 || n == 4 {
			o.Fail[id] = true
		}
	}
	return o
}

// Work implements banktest.Side.
func (s *side) Work(t *testing.T) {
	t.Helper()
	step(t, s.bank)
}

// NextDay implements banktest.Side.
func (s *side) NextDay(t *testing.T) {
	t.Helper()
	if err := s.bank.NewDay(s.bank.Day().AddDays(1)); err != nil {
		t.Fatal(err)
	}
}

// Acknowledged implements banktest.Side; the gateway has compared count, sum and digest.
func (s *side) Acknowledged(*testing.T) int { return len(s.gateway.of("/acknowledgement")) }

// Told implements banktest.Side.
func (s *side) Told(t *testing.T) []banktest.Told {
	t.Helper()
	var out []banktest.Told
	for _, a := range answersOf(t, s.gateway) {
		out = append(out, banktest.Told{
			Item: a.Item, Succeeded: a.Outcome == bank.OutcomeSucceeded.String(), Amount: yuan(a.Amount),
		})
	}
	return out
}

// Announced implements banktest.Side.
func (s *side) Announced(t *testing.T) money.Amount {
	t.Helper()
	sums := map[string]money.Amount{}
	for _, e := range s.gateway.of("/v1/arrivals") {
		var a struct {
			BankReference string       `json:"bank_reference"`
			Amount        money.Amount `json:"amount"`
		}
		if err := json.Unmarshal([]byte(e.Body), &a); err != nil {
			t.Fatal(err)
		}
		sums[a.BankReference] = a.Amount
	}
	var sum money.Amount
	for _, a := range sums {
		sum += a
	}
	return sum
}

// Statements implements banktest.Side.
func (s *side) Statements(t *testing.T) []banktest.Statement {
	t.Helper()
	var out []banktest.Statement
	for _, e := range s.gateway.of("/v1/statements/" + fund) {
		var one banktest.Statement
		err := jsonl.Read(t.Context(), strings.NewReader(e.Body), func(r bank.Record) error {
			switch v := r.(type) {
			case bank.StatementHead:
				one.Opening, _ = v.Opening.Amount()
				one.Closing, _ = v.Closing.Amount()
			case bank.StatementEntry:
				amount, _ := v.Amount.Amount()
				if v.Direction == bank.Credit {
					one.Credits += amount
				} else {
					one.Debits += amount
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, one)
	}
	return out
}
