package simbank

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"twoline/adapters/bank/iso20022"
	"twoline/adapters/bank/jsonl"
	"twoline/adapters/bank/mt940"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// ErrText is a text that a statement cannot carry.
var ErrText = errors.New("a reference has at most 35 and a text 140 printable characters, none of them a bar")

// till is what a terminal or counter takes on one day for a fund account.
type till struct {
	Day      calendar.Day
	Terminal string
	Account  string
}

// NewDay closes the business day and opens a later one: the day's statements are
// issued, and what terminals and counters took is credited. Days in between have
// no statement.
func (b *Bank) NewDay(day calendar.Day) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !day.After(b.day) {
		return fmt.Errorf("open %s after %s: %w", day, b.day, ErrDay)
	}
	var statements []*message
	if b.config.Statements != NoStatements {
		for i, f := range b.ledger.funds {
			m, err := b.statement(i, *f, day)
			if err != nil {
				return fmt.Errorf("statement of %s for %s: %w", f.Number, b.day, err)
			}
			statements = append(statements, m)
		}
	}
	for _, f := range b.ledger.funds {
		f.closeDay()
	}
	b.queue = append(b.queue, statements...)
	b.day = day
	clear(b.sequence)
	return b.creditTills()
}

// creditTills credits each terminal's days that are over in one lump each.
func (b *Bank) creditTills() error {
	keys := make([]till, 0, len(b.tills))
	for t, sum := range b.tills {
		if t.Day.Before(b.day) && sum > 0 {
			keys = append(keys, t)
		}
	}
	slices.SortFunc(keys, func(a, b till) int {
		if c := a.Day.Compare(b.Day); c != 0 {
			return c
		}
		return strings.Compare(a.Account+"\x00"+a.Terminal, b.Account+"\x00"+b.Terminal)
	})
	for _, t := range keys {
		reference := b.reference("T")
		e := FundEntry{
			Direction: bank.Credit, Amount: b.tills[t], ValueDate: b.day, Reference: reference,
			Counterparty: t.Terminal, Text: "终端缴费 " + t.Terminal + " " + t.Day.String(),
		}
		if err := b.ledger.Post(t.Account, e, Outside); err != nil {
			return fmt.Errorf("credit terminal %s of %s: %w", t.Terminal, t.Day, err)
		}
		notices, err := b.notices(wireArrival{
			Account: t.Account, Amount: e.Amount, BankReference: reference, ValueDate: b.day,
			Terminal: t.Terminal, TerminalDate: t.Day,
		})
		if err != nil {
			return err
		}
		b.queue = append(b.queue, notices...)
		delete(b.tills, t)
	}
	return nil
}

// statement writes the day of a fund account as it stands.
func (b *Bank) statement(index int, f Fund, due calendar.Day) (*message, error) {
	var text bytes.Buffer
	var w interface {
		Write(r bank.Record) error
		Close() error
	}
	name, contentType, format := "STMT_"+f.Number+"_"+b.day.Compact(), typeLines, "jsonl"
	switch b.config.Statements {
	case CamtStatements:
		w, contentType, format = iso20022.NewWriter(&text), typeXML, iso20022.StatementFormat
		name += ".xml"
	case MT940Statements:
		w = mt940.NewWriter(&text, mt940.WriterOptions{Charset: mt940.UTF8})
		contentType, format = typeText, string(MT940Statements)
		name += ".sta"
	case LinesStatements, NoStatements:
		w = jsonl.NewWriter(&text)
		name += ".jsonl"
	}
	for r := range b.records(index, f, format) {
		if err := w.Write(r); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return &message{
		Purpose: ForStatement, Key: "stmt-" + b.day.Compact() + "-" + f.Number, Method: http.MethodPut,
		Path: statementPath(f.Number, b.day), Query: nameQuery(name), ContentType: contentType, Upload: true, Due: due,
		Body: text.Bytes(),
	}, nil
}

// records are the statement's records in order. Opening and entries are what was
// booked; the closing balance is taken from the account, not computed from them.
func (b *Bank) records(index int, f Fund, format string) func(yield func(bank.Record) bool) {
	return func(yield func(bank.Record) bool) {
		opening, closing, balanced := bank.FigureOf(f.Opening), bank.FigureOf(f.Balance), balances(f)
		head := bank.FileHead{
			Format: format, Kind: "statement", Created: b.clock(),
			MessageID: fmt.Sprintf("%s-%s-%04d", b.config.Code, b.day.Compact(), index+1),
		}
		statement := bank.StatementHead{
			Account: f.Number, Currency: "CNY", Number: b.day.Compact(), From: b.day, To: b.day,
			Opening: &opening, Closing: &closing, Balanced: &balanced,
		}
		if b.config.Statements == MT940Statements {
			// It has no instant, and shorter numbers: the message's and the day's of its year.
			head.Created, head.MessageID = "", fmt.Sprintf("%s-%04d", b.day.Compact(), index+1)
			statement.Number = fmt.Sprintf("%02d%03d", b.day.Year()%100, b.day.Time().YearDay())
		}
		if !yield(head) || !yield(statement) {
			return
		}
		for i, e := range f.Entries {
			entry := bank.StatementEntry{
				Index: i, Amount: bank.FigureOf(e.Amount), Direction: e.Direction, Status: "booked",
				BookingDate: b.day, ValueDate: e.ValueDate, BankReference: e.Reference, EndToEndID: e.EndToEndID,
				BatchID: e.BatchID, Reversal: e.Reversal, Text: e.Text, Counterparty: e.Counterparty,
				CounterpartyAccount: e.CounterpartyAccount,
			}
			if !yield(entry) {
				return
			}
		}
		yield(bank.End{Entries: len(f.Entries)})
	}
}

func balances(f Fund) bool {
	sum := f.Opening
	for _, e := range f.Entries {
		if e.Direction == bank.Credit {
			sum += e.Amount
		} else {
			sum -= e.Amount
		}
	}
	return sum == f.Balance
}

// Move is a movement of a fund account that no batch causes.
type Move struct {
	Amount money.Amount
	// Reference is the payer's own, shown as the end-to-end id; Text is shown as it is.
	Reference, Text string
}

// Transfer moves money between fund accounts, such as a sweep or an allocation.
// An account that the bank does not keep is another bank's. It returns the bank's
// reference, the same on both statements.
func (b *Bank) Transfer(from, to string, m Move) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.move("X", m, func(e FundEntry) error { return b.ledger.Transfer(from, to, e) })
}

// Subsidise credits a subsidy from treasury.
func (b *Bank) Subsidise(account string, m Move) (string, error) {
	m.Text = orElse(m.Text, "财政补助")
	return b.post("S", account, m, bank.Credit, Treasury)
}

// Interest credits the bank's interest. Nobody is told but by the statement.
func (b *Bank) Interest(account string, m Move) (string, error) {
	m.Text = orElse(m.Text, "结息")
	return b.post("I", account, m, bank.Credit, Own)
}

// Charge debits the bank's charges. Nobody is told but by the statement.
func (b *Bank) Charge(account string, m Move) (string, error) {
	m.Text = orElse(m.Text, "手续费")
	return b.post("F", account, m, bank.Debit, Own)
}

func (b *Bank) post(kind, account string, m Move, d bank.Direction, against Contra) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.move(kind, m, func(e FundEntry) error {
		e.Direction = d
		if err := b.ledger.Post(account, e, against); err != nil {
			return err
		}
		if against == Own {
			b.mistakes = append(b.mistakes, mistake{account, e})
		}
		return nil
	})
}

// move books an entry under a new reference; one that is refused uses none up.
func (b *Bank) move(kind string, m Move, book func(FundEntry) error) (string, error) {
	if !fits(m.Reference, 35) || !fits(m.Text, 140) {
		return "", ErrText
	}
	reference := b.reference(kind)
	err := book(FundEntry{
		Amount: m.Amount, ValueDate: b.day, Reference: reference, EndToEndID: m.Reference, Text: m.Text,
	})
	if err != nil {
		b.sequence[kind]--
		return "", fmt.Errorf("move %s: %w", m.Amount, err)
	}
	return reference, nil
}

// fits says that a statement has room for a text.
func fits(s string, limit int) bool { return printable(s) && utf8.RuneCountInString(s) <= limit }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
