package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/party"
)

// OpeningAnswer is the bank's recorded answer on one row of an opening.
type OpeningAnswer struct {
	Seq    int
	Opened bool
	// Account, Instrument and Mandate stand where an account was opened; Mandate
	// is 0 where the member had one that holds.
	Account             party.AccountNo
	Instrument, Mandate int64
	Text                string
}

// TakeIn takes the result file of an account opening in: each opened account
// becomes an instrument, not activated until somebody says so, and then a
// mandate. Rows must follow the file's own order and agree in social-security
// number, name and id number; any other row is refused and becomes a case. A
// file that contradicts itself is set aside whole. It may be run again at any
// time: a receipt that was taken in changes nothing.
func (s *Service) TakeIn(ctx context.Context, area party.Area, receipt int64) error {
	var r bank.Receipt
	var b Bank
	err := s.c.Store.Read(ctx, func(tx Tx) (err error) {
		if r, err = tx.Receipt(ctx, area, receipt); err != nil {
			return err
		}
		b, err = bankOf(ctx, tx, area, r.Bank)
		return err
	})
	if err != nil || r.State != bank.Received {
		return err
	}
	results, err := s.readResults(ctx, b, r)
	if _, ok := errors.AsType[*bank.ContentError](err); ok {
		code, text := refusal(err)
		return s.c.Store.InTx(ctx, func(tx Tx) error { return tx.QuarantineReceipt(ctx, r, code, text) })
	}
	if err != nil {
		return fmt.Errorf("read receipt %d: %w", receipt, err)
	}
	return s.c.Store.InTx(ctx, func(tx Tx) error { return s.takeResults(ctx, tx, r, results) })
}

// refusal says in words of ours why a file was set aside.
func refusal(err error) (code, text string) {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Code, f.Text
	}
	return "unreadable", "the file could not be read in the bank's format"
}

// readResults reads the whole file before anything of it is used.
func (s *Service) readResults(ctx context.Context, b Bank, r bank.Receipt) ([]bank.Result, error) {
	var results []bank.Result
	ended := false
	emit := func(rec bank.Record) error {
		switch v := rec.(type) {
		case bank.Result:
			if len(results) == openingLimit {
				return fault.New(fault.TooLarge, "too_many_rows", "the file has more rows than an opening may have")
			}
			results = append(results, v)
		case bank.Problem:
			if v.Severity == bank.SeverityError {
				return fault.New(fault.Invalid, v.Code, v.Text).At(v.Line)
			}
		case bank.End:
			ended = true
		}
		return nil
	}
	err := s.c.Intake.Decode(ctx, r.Area, r.ID, func(file io.Reader) error {
		if err := s.c.Files.Read(ctx, b, r.Part, file, emit); err != nil {
			return err
		}
		if !ended {
			return fault.New(fault.Invalid, "not_ended", "the file was not read to its end")
		}
		return nil
	})
	return results, err
}

func (s *Service) takeResults(ctx context.Context, tx Tx, r bank.Receipt, results []bank.Result) error {
	if err := tx.LockImport(ctx, r.Area, lockOpenings); err != nil {
		return err
	}
	now, err := tx.Receipt(ctx, r.Area, r.ID)
	if err != nil || now.State != bank.Received {
		return err
	}
	d, err := s.openResultDesk(ctx, tx, r, results)
	if errors.Is(err, ErrOpening) {
		return tx.QuarantineReceipt(ctx, r, ErrOpening.Code, "the file answers no opening of this bank")
	}
	if err != nil {
		return err
	}
	for i, result := range results {
		line := result.Line
		if line == 0 {
			line = i + 1
		}
		why := d.judge(result)
		if why != nil {
			d.counts.Refused++
		}
		if why == nil && result.Outcome == bank.OutcomeUnknown {
			why = errUnknownAnswer
		}
		if why != nil {
			d.env.cases = append(d.env.cases, Case{
				Kind: "account_opening_row", Subject: fmt.Sprintf("receipt:%d:line:%d", r.ID, line), Bank: r.Bank,
				Text: why.Code + ": " + why.Text,
			})
		}
		d.counts.Rows++
	}
	return d.store(ctx, tx, r)
}

// resultDesk compares the rows of a result file with the opening.
type resultDesk struct {
	env     *env
	bank    string
	rows    []OpeningRow
	next    int
	known   map[int]OpeningAnswer
	holders *holders
	signed  *signatures
	ids     []int64

	counts      bank.Counts
	answers     []OpeningAnswer
	instruments []Instrument
	mandates    []Mandate
}

func (s *Service) openResultDesk(
	ctx context.Context, tx Tx, r bank.Receipt, results []bank.Result,
) (*resultDesk, error) {
	o, rows, err := tx.AccountOpening(ctx, []party.Area{r.Area}, r.Subject)
	if err != nil {
		return nil, err
	}
	if o.Bank != r.Bank {
		return nil, ErrOpening
	}
	d := &resultDesk{env: &env{area: r.Area, today: s.c.Today()}, bank: r.Bank, rows: rows}
	answers, err := tx.OpeningAnswers(ctx, r.Area, o.ID)
	if err != nil {
		return nil, err
	}
	d.known = make(map[int]OpeningAnswer)
	for _, a := range answers {
		d.known[a.Seq] = a
	}
	members := make([]int64, len(rows))
	var accounts, numbers []BankNumber
	for i, row := range rows {
		members[i] = row.Member
		numbers = append(numbers, BankNumber{r.Bank, d.generated(row.Member)})
	}
	for _, result := range results {
		accounts = append(accounts, BankNumber{r.Bank, result.Account})
		numbers = append(numbers, BankNumber{r.Bank, result.BankReference})
	}
	if d.holders, err = newHolders(ctx, tx, d.env, members, accounts); err != nil {
		return nil, err
	}
	d.signed = &signatures{byNumber: make(map[BankNumber]Mandate), holds: make(map[int64]bool)}
	mandates, err := tx.Mandates(ctx, r.Area, members, numbers)
	if err != nil {
		return nil, err
	}
	for _, m := range mandates {
		d.signed.add(m)
	}
	d.ids, err = tx.NewIDs(ctx, 2*len(rows))
	return d, err
}

// generated is the number of a mandate that the bank gave none.
func (d *resultDesk) generated(member int64) string {
	return fmt.Sprintf("%s-%s-%d", d.env.area, d.bank, member)
}

// The refusals of a row of a result file.
var (
	errRowOrder = fault.New(fault.Unprocessable, "row_order",
		"the row is not in the opening, or not in the order of its file")
	errRowDiffers = fault.New(fault.Unprocessable, "row_differs",
		"name or id number is not that of the opening's row")
	errAnswered      = fault.New(fault.Conflict, "answered_before", "another answer on this row was recorded before")
	errUnknownAnswer = fault.New(fault.Unprocessable, "unknown_answer",
		"what the bank wrote is neither a success nor a failure that we know")
	errAccount = fault.New(fault.Invalid, "account_number", "the account number is not valid")
)

// judge finds the row that a result answers and records it, or says why not.
func (d *resultDesk) judge(r bank.Result) *fault.Error {
	at := -1
	for i := d.next; i < len(d.rows); i++ {
		if d.rows[i].SocialNo == r.SocialNo {
			at = i
			break
		}
	}
	if at < 0 {
		return errRowOrder
	}
	d.next = at + 1
	row := d.rows[at]
	name, err := party.NewName(r.Name)
	if err != nil || name.MatchKey() != row.Name.MatchKey() {
		return errRowDiffers.On("name")
	}
	id, err := party.NewIDNumber(r.IDNumber)
	if err != nil || id != row.IDNumber {
		return errRowDiffers.On("id_number")
	}
	if !r.Outcome.Final() {
		d.counts.Pending++
		return nil
	}
	a := OpeningAnswer{
		Seq: row.Seq, Opened: r.Outcome == bank.OutcomeSucceeded, Account: party.AccountNo{}, Instrument: 0, Mandate: 0,
		Text: "",
	}
	kind := Card
	if !a.Opened {
		a.Text = plainText(r.Text)
	}
	if a.Opened {
		if kind, a.Account, err = readAccount(r.Account, r.Code); err != nil {
			return errAccount.On("account")
		}
	}
	if old, ok := d.known[row.Seq]; ok {
		if old.Opened != a.Opened || old.Account != a.Account {
			return errAnswered
		}
		d.counts.Repeated++
		return nil
	}
	if a.Opened {
		if why := d.open(row, &a, kind, r.BankReference); why != nil {
			return why
		}
	}
	d.known[row.Seq] = a
	d.answers = append(d.answers, a)
	d.counts.Recorded++
	return nil
}

// open makes the instrument of an opened account, and its mandate.
func (d *resultDesk) open(row OpeningRow, a *OpeningAnswer, kind InstrumentKind, mandate string) *fault.Error {
	i := Instrument{
		ID: d.ids[0], Member: row.Member, Bank: d.bank, Kind: kind, AccountNo: a.Account, Activated: false,
		ForPayout: !d.holders.payout[row.Member], OpenedOn: d.env.today,
	}
	if _, ok := d.holders.byKey[instrumentKey{row.Member, i.number()}]; ok {
		return ErrTaken.With("the member has this account already").On("account")
	}
	m := Mandate{
		ID: d.ids[1], Member: row.Member, Instrument: i.ID, Bank: d.bank, Number: mandate, SignedOn: d.env.today,
		EndedOn: calendar.Day{},
	}
	if m.Number == "" {
		m.Number = d.generated(row.Member)
	}
	if !isMandateNumber(m.Number) {
		return ErrField.With("the mandate's number is not valid").On("bank_reference")
	}
	if _, ok := d.signed.byNumber[BankNumber{m.Bank, m.Number}]; ok {
		return ErrTaken.With("the mandate's number belongs to another mandate of the bank").On("bank_reference")
	}
	d.ids = d.ids[2:]
	_ = d.holders.shared(i, nil)
	d.holders.add(i)
	d.instruments = append(d.instruments, i)
	a.Instrument = i.ID
	if !d.signed.holds[row.Member] {
		d.signed.add(m)
		d.mandates = append(d.mandates, m)
		a.Mandate = m.ID
	}
	return nil
}

func (d *resultDesk) store(ctx context.Context, tx Tx, r bank.Receipt) error {
	if len(d.instruments) > 0 {
		if err := tx.InsertInstruments(ctx, r.Area, d.instruments); err != nil {
			return err
		}
	}
	if len(d.mandates) > 0 {
		if err := tx.InsertMandates(ctx, r.Area, d.mandates); err != nil {
			return err
		}
	}
	if len(d.answers) > 0 {
		if err := tx.InsertOpeningAnswers(ctx, r.Area, r.Subject, r.ID, d.answers); err != nil {
			return err
		}
	}
	if err := tx.RaiseCases(ctx, r.Area, d.env.cases); err != nil {
		return err
	}
	return tx.CloseReceipt(ctx, r.Area, r.ID, d.counts)
}

// readAccount reads a number as the medium that the bank's code names, 1 a card
// and 2 a passbook. Without such a code, a number of 16 to 19 digits that begins
// with 6 is a card, and must have a card's check digit.
func readAccount(s, code string) (InstrumentKind, party.AccountNo, error) {
	looksLikeCard := len(s) >= 16 && len(s) <= 19 && s[0] == '6' && strings.Trim(s, "0123456789") == ""
	if code == "1" || code != "2" && looksLikeCard {
		a, err := party.NewCard(s)
		return Card, a, err
	}
	a, err := party.NewPassbook(s)
	return Passbook, a, err
}

// plainText keeps at most 200 printable characters of what a bank wrote.
func plainText(s string) string {
	kept := 0
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar || kept == 200 {
			return -1
		}
		kept++
		return r
	}, s)
}
