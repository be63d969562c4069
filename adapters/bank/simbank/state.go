package simbank

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// ErrState is a saved state that cannot be loaded.
var ErrState = errors.New("this is no whole saved state of this bank")

const stateVersion = 1

// stateHead is the first line of a saved state. Then follow, one a line, the
// batches, the messages, the payments that come back, the fund accounts, the
// customers, and a line that ends it.
type stateHead struct {
	Version   int            `json:"simbank"`
	Seed      uint64         `json:"seed"`
	Day       calendar.Day   `json:"day"`
	Behaviour Behaviour      `json:"behaviour"`
	Sequence  map[string]int `json:"sequence"`
	Cards     int            `json:"cards"`
	Open      []string       `json:"open"`
	Openings  map[string]int `json:"openings"`
	Tills     []tillState    `json:"tills"`
	Contra    [contras]int64 `json:"contra"`
	Mistakes  []mistake      `json:"mistakes,omitempty"`
	Counts    stateCounts    `json:"counts"`
}

type stateCounts struct {
	Batches, Messages, Returning, Funds, Customers int
}

type tillState struct {
	Till till
	Sum  money.Amount
}

// customerState is a customer's account as one short line.
type customerState struct {
	Number   string       `json:"a"`
	Name     string       `json:"n"`
	IDNumber string       `json:"d"`
	Mandates string       `json:"p,omitempty"`
	Balance  money.Amount `json:"b"`
	Debited  money.Amount `json:"t"`
	Debits   int32        `json:"c,omitempty"`
	Credited money.Amount `json:"e"`
	Credits  int32        `json:"f,omitempty"`
	State    AccountState `json:"s"`
}

type stateEnd struct {
	End bool `json:"end"`
}

// Save writes everything that the bank knows, so that another one with the same
// Config goes on exactly there. It holds people's data in clear: keep it as a
// bank keeps such a file.
func (b *Bank) Save(w io.Writer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := bufio.NewWriterSize(w, 64<<10)
	e := json.NewEncoder(out)
	head := stateHead{
		Version: stateVersion, Seed: uint64(b.seed), Day: b.day, Behaviour: b.behaviour, Sequence: b.sequence,
		Cards: b.cards, Open: b.open, Openings: b.openings, Mistakes: b.mistakes,
		Counts: stateCounts{
			Batches: len(b.batches), Messages: len(b.queue), Returning: len(b.returning),
			Funds: len(b.ledger.funds), Customers: len(b.ledger.customers),
		},
	}
	for i, c := range b.ledger.contra {
		head.Contra[i] = c.Fen()
	}
	for t, sum := range b.tills {
		head.Tills = append(head.Tills, tillState{t, sum})
	}
	slices.SortFunc(head.Tills, func(x, y tillState) int {
		return cmp.Or(x.Till.Day.Compare(y.Till.Day), cmp.Compare(x.Till.Account, y.Till.Account),
			cmp.Compare(x.Till.Terminal, y.Till.Terminal))
	})
	err := e.Encode(head)
	for _, key := range slices.Sorted(maps.Keys(b.batches)) {
		err = cmp.Or(err, e.Encode(b.batches[key]))
	}
	for _, m := range b.queue {
		err = cmp.Or(err, e.Encode(m))
	}
	for _, back := range b.returning {
		err = cmp.Or(err, e.Encode(back))
	}
	for _, f := range b.ledger.funds {
		err = cmp.Or(err, e.Encode(f))
	}
	for i := range b.ledger.customers {
		c := &b.ledger.customers[i]
		err = cmp.Or(err, e.Encode(customerState{
			Number: c.number, Name: c.name, IDNumber: c.idNumber, Mandates: c.mandates, Balance: c.balance,
			Debited: c.debited, Debits: c.debits, Credited: c.credited, Credits: c.credits, State: c.state,
		}))
	}
	if err := cmp.Or(err, e.Encode(stateEnd{End: true}), out.Flush()); err != nil {
		return fmt.Errorf("save the bank's state: %w", err)
	}
	return nil
}

// Load replaces everything that the bank knows by what Save wrote. On an error
// the bank stays as it was.
func (b *Bank) Load(r io.Reader) error {
	s, err := readState(json.NewDecoder(bufio.NewReaderSize(r, 64<<10)))
	if err != nil {
		return fmt.Errorf("load the bank's state: %w", err)
	}
	b.turn.Lock()
	defer b.turn.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.head.Seed != uint64(b.seed) {
		return fmt.Errorf("load the bank's state: it was made with seed %d: %w", s.head.Seed, ErrState)
	}
	b.empty()
	b.ledger, b.behaviour, b.day, b.cards = s.ledger, s.head.Behaviour, s.head.Day, s.head.Cards
	maps.Copy(b.sequence, s.head.Sequence)
	maps.Copy(b.openings, s.head.Openings)
	for _, t := range s.head.Tills {
		b.tills[t.Till] = t.Sum
	}
	b.batches, b.open, b.returning, b.queue = s.batches, s.head.Open, s.returning, s.queue
	b.mistakes = s.head.Mistakes
	return nil
}

type state struct {
	head    stateHead
	batches map[string]*batch
	queue   []*message
	// returning is in order of payment.
	returning []*returning
	ledger    *Ledger
}

func readState(d *json.Decoder) (*state, error) {
	s := &state{batches: map[string]*batch{}, ledger: NewLedger()}
	if err := d.Decode(&s.head); err != nil {
		return nil, errors.Join(ErrState, err)
	}
	if s.head.Version != stateVersion {
		return nil, fmt.Errorf("version %d is not known: %w", s.head.Version, ErrState)
	}
	err := cmp.Or(
		each(d, s.head.Counts.Batches, func(x *batch) error { s.batches[x.key()] = x; return nil }),
		each(d, s.head.Counts.Messages, func(m *message) error { s.queue = append(s.queue, m); return nil }),
		each(d, s.head.Counts.Returning, func(r *returning) error { s.returning = append(s.returning, r); return nil }),
		each(d, s.head.Counts.Funds, s.addFund),
		each(d, s.head.Counts.Customers, s.addCustomer),
	)
	if err != nil {
		return nil, err
	}
	for i, fen := range s.head.Contra {
		s.ledger.contra[i] = money.Amount(fen)
	}
	var end stateEnd
	if err := d.Decode(&end); err != nil || !end.End || s.ledger.Sum() != 0 {
		return nil, errors.Join(ErrState, err)
	}
	for _, key := range s.head.Open {
		if s.batches[key] == nil {
			return nil, fmt.Errorf("batch %s is open and absent: %w", key, ErrState)
		}
	}
	return s, nil
}

// each decodes so many values.
func each[T any](d *json.Decoder, n int, take func(*T) error) error {
	for range n {
		v := new(T)
		if err := d.Decode(v); err != nil {
			return errors.Join(ErrState, err)
		}
		if err := take(v); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) addFund(f *Fund) error {
	if s.ledger.keeps(f.Number) {
		return ErrTaken
	}
	s.ledger.funds, s.ledger.fund[f.Number] = append(s.ledger.funds, f), f
	return nil
}

func (s *state) addCustomer(c *customerState) error {
	err := s.ledger.Open(Account{
		Number: c.Number, Name: c.Name, IDNumber: c.IDNumber, Balance: c.Balance, State: c.State,
	})
	if err != nil {
		return err
	}
	at := &s.ledger.customers[len(s.ledger.customers)-1]
	at.mandates, at.debited, at.debits = c.Mandates, c.Debited, c.Debits
	at.credited, at.credits = c.Credited, c.Credits
	return nil
}
