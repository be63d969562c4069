package simbank

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// The refusals of the bank's own ledger.
var (
	ErrNoAccount = errors.New("the bank keeps no such account")
	ErrTaken     = errors.New("an account with this number exists")
	ErrShort     = errors.New("the balance does not suffice")
	ErrFrozen    = errors.New("the account is frozen")
	ErrClosed    = errors.New("the account is closed")
	ErrAsleep    = errors.New("the account is dormant or not activated")
	ErrAmount    = errors.New("an amount is more than 0.00 and a balance at most 9999999999999.99")
	ErrNumber    = errors.New("a fund account has a number of 1 to 32 printable characters")
	ErrSameFund  = errors.New("a transfer needs two different accounts")
)

// AccountState is whether a customer's account can be debited and credited.
type AccountState string

// The states of a customer's account.
const (
	Normal AccountState = "normal"
	Frozen AccountState = "frozen"
	Closed AccountState = "closed"
	// NotActivated is the account of a card whose holder has not been at the bank
	// yet: it is credited like any other, and nobody can draw from it.
	NotActivated AccountState = "not_activated"
	// Dormant takes a payment, which then comes back.
	Dormant AccountState = "dormant"
)

func (s AccountState) known() bool {
	return s == Normal || s == Frozen || s == Closed || s == NotActivated || s == Dormant
}

// Account is a customer's account as it is opened.
type Account struct {
	Number   string
	Name     string
	IDNumber string
	Balance  money.Amount
	// State is Normal where it is empty.
	State AccountState
	// Mandates are the numbers of the agreements to debit; "*" stands for any.
	Mandates []string
}

// Customer is a customer's account as it stands: the proof of what was debited
// and paid.
type Customer struct {
	Account

	// Debits counts the debits and Debited sums them up since the opening.
	Debits  int
	Debited money.Amount
	// Credits and Credited are those of payments; cash is none.
	Credits  int
	Credited money.Amount
}

// Contra is the other side of a movement that is no account of a customer or
// of the agency.
type Contra int

// The contra accounts. Their balances fall below zero as money comes in.
const (
	// Outside is cash and every other bank.
	Outside Contra = iota
	// Treasury is the government's account at the central bank.
	Treasury
	// Own is the bank itself: interest paid, charges taken.
	Own
	// Transit is debited from customers and not yet credited, or the reverse.
	Transit

	contras = iota
)

// FundEntry is one booked movement of a fund account, as the statement shows it.
type FundEntry struct {
	Direction bank.Direction `json:"direction"`
	Amount    money.Amount   `json:"amount"`
	ValueDate calendar.Day   `json:"value_date"`
	// Reference is the bank's own, unique on the account.
	Reference  string `json:"bank_reference"`
	EndToEndID string `json:"end_to_end_id,omitempty"`
	// BatchID is the batch number that the gateway gave.
	BatchID             string `json:"batch_id,omitempty"`
	Reversal            bool   `json:"reversal,omitempty"`
	Counterparty        string `json:"counterparty,omitempty"`
	CounterpartyAccount string `json:"counterparty_account,omitempty"`
	Text                string `json:"text,omitempty"`
}

// Fund is a fund account as it stands.
type Fund struct {
	Number  string       `json:"number"`
	Name    string       `json:"name,omitempty"`
	Balance money.Amount `json:"balance"`
	// Opening is the balance at the start of the business day, Entries what moved since.
	Opening money.Amount `json:"opening"`
	Entries []FundEntry  `json:"entries,omitempty"`
}

// Ledger is the bank's book: customers, fund accounts and contra accounts. Every
// movement takes from one what it gives to another, so that all of them sum to
// 0.00 at any time. It is not safe for concurrent use.
type Ledger struct {
	customers []customer
	byNumber  map[string]int32
	funds     []*Fund
	fund      map[string]*Fund
	contra    [contras]money.Amount
}

// maxNumber is what statements have room for.
const maxNumber = 32

// printable says that every format can carry the text as it is.
func printable(s string) bool {
	return utf8.ValidString(s) && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == '|' })
}

// customer is kept small: there are hundreds of thousands.
type customer struct {
	number, name, idNumber string
	// mandates are joined by line feeds.
	mandates string
	balance  money.Amount
	debited  money.Amount
	credited money.Amount
	debits   int32
	credits  int32
	state    AccountState
}

// NewLedger makes an empty book.
func NewLedger() *Ledger {
	return &Ledger{byNumber: map[string]int32{}, fund: map[string]*Fund{}}
}

// Open opens a customer's account; its balance comes from outside.
func (l *Ledger) Open(a Account) error {
	if a.State == "" {
		a.State = Normal
	}
	if l.keeps(a.Number) {
		return ErrTaken
	}
	if a.Number == "" || !a.State.known() {
		return fmt.Errorf("open an account: %w", ErrNoAccount)
	}
	if a.Balance < 0 || a.Balance > money.Max {
		return ErrAmount
	}
	l.byNumber[a.Number] = int32(len(l.customers)) //nolint:gosec // a slice of 2^31 customers does not fit a machine
	l.customers = append(l.customers, customer{
		number: a.Number, name: a.Name, idNumber: a.IDNumber, mandates: strings.Join(a.Mandates, "\n"),
		balance: a.Balance, state: a.State,
	})
	l.contra[Outside] -= a.Balance
	return nil
}

// OpenFund opens a fund account; its balance comes from outside.
func (l *Ledger) OpenFund(number, name string, opening money.Amount) error {
	if l.keeps(number) {
		return ErrTaken
	}
	if number == "" || len(number) > maxNumber || !printable(number) {
		return ErrNumber
	}
	if opening < 0 || opening > money.Max {
		return ErrAmount
	}
	f := &Fund{Number: number, Name: name, Balance: opening, Opening: opening}
	l.funds, l.fund[number] = append(l.funds, f), f
	l.contra[Outside] -= opening
	return nil
}

func (l *Ledger) keeps(number string) bool {
	_, customer := l.byNumber[number]
	return customer || l.fund[number] != nil
}

func (l *Ledger) find(number string) (*customer, error) {
	i, ok := l.byNumber[number]
	if !ok {
		return nil, ErrNoAccount
	}
	return &l.customers[i], nil
}

// Customer returns a customer's account.
func (l *Ledger) Customer(number string) (Customer, error) {
	c, err := l.find(number)
	if err != nil {
		return Customer{}, err
	}
	return c.view(), nil
}

func (c *customer) view() Customer {
	return Customer{
		Account: Account{
			Number: c.number, Name: c.name, IDNumber: c.idNumber, Balance: c.balance, State: c.state,
			Mandates: c.mandateList(),
		},
		Debits: int(c.debits), Debited: c.debited, Credits: int(c.credits), Credited: c.credited,
	}
}

func (c *customer) mandateList() []string {
	if c.mandates == "" {
		return nil
	}
	return strings.Split(c.mandates, "\n")
}

// allows says whether a mandate covers a debit; a format without mandates gives
// none, and then any will do.
func (c *customer) allows(mandate string) bool {
	if mandate == "" {
		return c.mandates != ""
	}
	for m := range strings.SplitSeq(c.mandates, "\n") {
		if m == "*" || m == mandate {
			return true
		}
	}
	return false
}

// Customers goes through all customers' accounts in the order of their opening.
func (l *Ledger) Customers() iter.Seq[Customer] {
	return func(yield func(Customer) bool) {
		for i := range l.customers {
			if !yield(l.customers[i].view()) {
				return
			}
		}
	}
}

// Fund returns a copy of a fund account.
func (l *Ledger) Fund(number string) (Fund, error) {
	f := l.fund[number]
	if f == nil {
		return Fund{}, ErrNoAccount
	}
	out := *f
	out.Entries = slices.Clone(f.Entries)
	return out, nil
}

// Contra returns the balance of a contra account.
func (l *Ledger) Contra(c Contra) money.Amount { return l.contra[c] }

// Sum adds up all accounts: 0.00, or money was made or lost.
func (l *Ledger) Sum() money.Amount {
	var sum money.Amount
	for i := range l.customers {
		sum += l.customers[i].balance
	}
	for _, f := range l.funds {
		sum += f.Balance
	}
	for _, c := range l.contra {
		sum += c
	}
	return sum
}

// Deposit pays cash into a customer's account.
func (l *Ledger) Deposit(number string, amount money.Amount) error {
	c, err := l.find(number)
	if err != nil {
		return err
	}
	if c.state == Closed {
		return ErrClosed
	}
	if amount <= 0 || amount > money.Max-c.balance {
		return ErrAmount
	}
	c.balance += amount
	l.contra[Outside] -= amount
	return nil
}

// SetState changes the state of a customer's account.
func (l *Ledger) SetState(number string, s AccountState) error {
	c, err := l.find(number)
	if err != nil {
		return err
	}
	if !s.known() {
		return fmt.Errorf("state %q is none of normal, frozen, closed, not_activated, dormant", s)
	}
	c.state = s
	return nil
}

// Sign adds a mandate to a customer's account.
func (l *Ledger) Sign(number, mandate string) error {
	c, err := l.find(number)
	if err != nil {
		return err
	}
	if mandate == "" || slices.Contains(c.mandateList(), mandate) {
		return nil
	}
	c.mandates = strings.TrimPrefix(c.mandates+"\n"+mandate, "\n")
	return nil
}

// Debit takes an amount from a customer's account into transit, in full or not
// at all.
func (l *Ledger) Debit(number string, amount money.Amount) error {
	c, err := l.find(number)
	switch {
	case err != nil:
		return err
	case c.state == Closed:
		return ErrClosed
	case c.state == Frozen:
		return ErrFrozen
	case c.state != Normal:
		return ErrAsleep
	case amount <= 0:
		return ErrAmount
	case amount > c.balance:
		return ErrShort
	}
	c.balance -= amount
	c.debited += amount
	c.debits++
	l.contra[Transit] += amount
	return nil
}

// Credit gives an amount out of transit to a customer's account. A frozen account
// takes no payment.
func (l *Ledger) Credit(number string, amount money.Amount) error {
	c, err := l.find(number)
	switch {
	case err != nil:
		return err
	case c.state == Closed:
		return ErrClosed
	case c.state == Frozen:
		return ErrFrozen
	case amount <= 0 || amount > money.Max-c.balance:
		return ErrAmount
	}
	c.balance += amount
	c.credited += amount
	c.credits++
	l.contra[Transit] -= amount
	return nil
}

// Post books an entry on a fund account against a contra account. A fund
// account has no overdraft.
func (l *Ledger) Post(account string, e FundEntry, against Contra) error {
	f := l.fund[account]
	if f == nil {
		return ErrNoAccount
	}
	if err := f.canTake(e); err != nil {
		return err
	}
	f.take(e)
	if e.Direction == bank.Credit {
		l.contra[against] -= e.Amount
	} else {
		l.contra[against] += e.Amount
	}
	return nil
}

func (f *Fund) canTake(e FundEntry) error {
	switch {
	case e.Amount <= 0 || e.Direction == bank.NoDirection:
		return ErrAmount
	case e.Direction == bank.Credit && e.Amount > money.Max-f.Balance:
		return ErrAmount
	case e.Direction == bank.Debit && e.Amount > f.Balance:
		return ErrShort
	}
	return nil
}

func (f *Fund) take(e FundEntry) {
	if e.Direction == bank.Credit {
		f.Balance += e.Amount
	} else {
		f.Balance -= e.Amount
	}
	f.Entries = append(f.Entries, e)
}

// Transfer moves money between two accounts of which the bank keeps at least
// one; the other is then outside. The entry says amount, reference and text; each
// account's entry names the other as its counterparty.
func (l *Ledger) Transfer(from, to string, e FundEntry) error {
	payer, payee := l.fund[from], l.fund[to]
	if from == to {
		return ErrSameFund
	}
	out, in := e, e
	out.Direction, out.CounterpartyAccount = bank.Debit, to
	in.Direction, in.CounterpartyAccount = bank.Credit, from
	switch {
	case payer == nil && payee == nil:
		return ErrNoAccount
	case payee == nil:
		return l.Post(from, out, Outside)
	case payer == nil:
		return l.Post(to, in, Outside)
	}
	out.Counterparty, in.Counterparty = payee.Name, payer.Name
	if err := payer.canTake(out); err != nil {
		return err
	}
	if err := payee.canTake(in); err != nil {
		return err
	}
	payer.take(out)
	payee.take(in)
	return nil
}

// closeDay returns what the day's statement of a fund account shows, and starts
// the next day.
func (f *Fund) closeDay() Fund {
	day := *f
	f.Opening, f.Entries = f.Balance, nil
	return day
}
