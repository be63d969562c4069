package bureau

import (
	"cmp"
	"context"
	"crypto/sha256"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// Spec describes the import: the text of help, API and errors.
func Spec() registry.Spec {
	return registry.Spec{
		Kind: KindJournal,
		Text: "the finance bureau's journal of fund accounts, to compare with our book; whole or not at all, and " +
			"nothing is booked from it",
		Columns: []registry.Column{
			{Name: "account", Optional: false, Text: "number of a fund account of the area"},
			{Name: "date", Optional: false, Text: "YYYY-MM-DD, the bureau's accounting day"},
			{Name: "voucher_no", Optional: true, Text: "1 to 40 characters, unique in the account's month"},
			{Name: "line", Optional: true, Text: "line of the voucher from 1; absent: as they follow in the file"},
			{Name: "direction", Optional: true, Text: "debit (money into the account) or credit, with amount"},
			{Name: "amount", Optional: true, Text: "yuan with two decimals"},
			{Name: "debit", Optional: true, Text: "yuan with two decimals, in place of direction and amount"},
			{Name: "credit", Optional: true, Text: "yuan with two decimals, in place of direction and amount"},
			{
				Name: "reference", Optional: true,
				Text: "our id, or the bank's reference, of the move; at most 64 characters",
			},
			{Name: "text", Optional: true, Text: "at most 200 characters"},
			{
				Name: "closing", Optional: true,
				Text: "the account's balance, in a line of its own of the month's last day",
			},
		},
		Key: []string{"account", "date", "voucher_no", "line"},
		By:  []approval.Organisation{approval.AgencyFinance, approval.FinanceBureau}, Admin: false,
	}
}

// Import takes a journal in and answers with a registry.Report. All of it is stored
// or none: a line that is refused is a registry.RefusedFileError with an answer per
// line. The same file again, and lines that are known with the same content, change
// nothing and are answered as repeated.
func (s *Service) Import(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, f io.ReadSeeker, o registry.Options,
) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // none
	if !by.Has(approval.Maker, Spec().By...) || by.Region != 0 || by.Area == 0 {
		return none, approval.ErrDuty
	}
	if o.Area != 0 && o.Area != by.Area {
		return none, registry.ErrArea
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		if err := tx.LockBureau(ctx, by.Area); err != nil {
			return nil, err
		}
		i := &importing{area: by.Area, today: s.today(), rows: nil, vouchers: map[LineKey]int{}}
		sum := sha256.New()
		if err := s.tables.EachLine(ctx, Spec(), f, o, sum, i.take); err != nil {
			return nil, err
		}
		return i.finish(ctx, tx, Journal{
			ID: 0, Digest: [sha256.Size]byte(sum.Sum(nil)), Rows: len(i.rows), By: by.Login,
		})
	})
}

// row is one line of the file: a line of the journal or a closing.
type row struct {
	number  int
	account string
	line    Line
	closing bool
	// numbered says that the file gives the line's number.
	numbered bool
	why      *fault.Error
	answer   registry.Answer
}

type importing struct {
	area  party.Area
	today calendar.Day
	rows  []row
	// vouchers counts the lines of each voucher; the key's number is 0.
	vouchers map[LineKey]int
}

func (i *importing) take(l registry.FileLine) error {
	if len(i.rows) == maxLines {
		return ErrLong
	}
	r := row{number: l.Number, why: l.Fault, answer: registry.Imported} //nolint:exhaustruct // read below
	if r.why == nil {
		r.read(l, i.today)
	}
	i.rows = append(i.rows, r)
	return nil
}

func (r *row) refuse(e *fault.Error) {
	if r.why == nil {
		r.why = e
	}
}

// read takes the fields of a line, and keeps its first refusal.
func (r *row) read(l registry.FileLine, today calendar.Day) {
	r.account = l.Value("account")
	if r.account == "" {
		r.refuse(registry.ErrRequired.On("account"))
	}
	day, err := calendar.ParseDay(l.Value("date"))
	switch {
	case err != nil:
		r.refuse(registry.ErrField.With("day must be YYYY-MM-DD and exist").On("date"))
	case day.After(today):
		r.refuse(registry.ErrFuture.On("date"))
	}
	r.line.Date = day
	if text := l.Value("closing"); text != "" {
		r.readClosing(l, text)
		return
	}
	r.line.Voucher = r.text(l, "voucher_no", 40)
	if r.line.Voucher == "" {
		r.refuse(registry.ErrRequired.On("voucher_no"))
	}
	r.line.Reference, r.line.Text = r.text(l, "reference", 64), r.text(l, "text", 200)
	if text := l.Value("line"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || strconv.Itoa(n) != text {
			r.refuse(registry.ErrField.With("must be a whole number from 1").On("line"))
		}
		r.line.Number, r.numbered = n, true
	}
	r.readAmount(l)
}

func (r *row) readClosing(l registry.FileLine, text string) {
	r.closing = true
	for _, other := range []string{"voucher_no", "line", "direction", "amount", "debit", "credit"} {
		if l.Value(other) != "" {
			r.refuse(ErrClosing.On(other))
		}
	}
	if r.line.Date != r.line.Date.Month().Last() {
		r.refuse(ErrClosing.On("date"))
	}
	r.line.Amount = r.amount("closing", text)
}

func (r *row) readAmount(l registry.FileLine) {
	direction, amount := l.Value("direction"), l.Value("amount")
	debit, credit := l.Value("debit"), l.Value("credit")
	// A journal with two columns may write what is nothing as 0.00.
	if debit == "0.00" && credit != "" {
		debit = ""
	}
	if credit == "0.00" && debit != "" {
		credit = ""
	}
	switch {
	case direction != "" && amount != "" && debit == "" && credit == "":
		r.line.Side = ledger.Side(direction)
		if r.line.Side != ledger.Debit && r.line.Side != ledger.Credit {
			r.refuse(registry.ErrField.With("must be one of: debit, credit").On("direction"))
		}
		r.line.Amount = r.amount("amount", amount)
	case direction == "" && amount == "" && debit != "" && credit == "":
		r.line.Side, r.line.Amount = ledger.Debit, r.amount("debit", debit)
	case direction == "" && amount == "" && credit != "" && debit == "":
		r.line.Side, r.line.Amount = ledger.Credit, r.amount("credit", credit)
	default:
		r.refuse(ErrDirection)
		return
	}
	if r.line.Amount == 0 {
		r.refuse(registry.ErrField.With("the amount must be above zero"))
	}
}

func (r *row) amount(column, text string) money.Amount {
	a, err := money.Parse(text)
	if err != nil {
		r.refuse(registry.ErrField.With("amount must be yuan with two decimals, as 183.10").On(column))
	}
	return a
}

// text reads printable characters, at most so many.
func (r *row) text(l registry.FileLine, column string, most int) string {
	s := l.Value(column)
	bad := strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
	if bad || len([]rune(s)) > most || strings.TrimSpace(s) != s {
		why := registry.ErrField.With("must be at most %d printable characters without outer blanks", most)
		r.refuse(why.On(column))
	}
	return s
}

// finish resolves the accounts, meets what is known, and stores what is new.
func (i *importing) finish(ctx context.Context, tx Tx, j Journal) (registry.Report, error) {
	none := registry.Report{} //nolint:exhaustruct // none
	known, err := tx.BureauJournal(ctx, i.area, j.Digest)
	if err != nil {
		return none, err
	}
	if known != nil {
		return i.repeated()
	}
	if err := i.accounts(ctx, tx); err != nil {
		return none, err
	}
	i.count()
	lines, closings, err := i.meet(ctx, tx)
	if err != nil {
		return none, err
	}
	report, err := i.report()
	if err != nil || len(lines)+len(closings) == 0 {
		return report, err
	}
	if err := tx.AddBureauJournal(ctx, i.area, j, lines, closings); err != nil {
		return none, err
	}
	return report, i.addsUp(ctx, tx)
}

func (i *importing) repeated() (registry.Report, error) {
	for n := range i.rows {
		i.rows[n].why, i.rows[n].answer = nil, registry.Repeated
	}
	return i.report()
}

func (i *importing) report() (registry.Report, error) {
	answers := registry.NewAnswers(KindJournal)
	if len(i.rows) == 0 {
		answers.Add(1, registry.Refused, registry.ErrHeader.With("the file has a header and no line"))
	}
	for _, r := range i.rows {
		answer := r.answer
		if r.why != nil {
			answer = registry.Refused
		}
		answers.Add(r.number, answer, r.why)
	}
	return answers.Report()
}

// accounts finds the accounts by their numbers.
func (i *importing) accounts(ctx context.Context, tx Tx) error {
	var numbers []string
	for _, r := range i.rows {
		if r.account != "" {
			numbers = append(numbers, r.account)
		}
	}
	slices.Sort(numbers)
	ids, err := tx.FundAccountsByNo(ctx, i.area, slices.Compact(numbers))
	if err != nil {
		return err
	}
	for n := range i.rows {
		r := &i.rows[n]
		found := ids[r.account]
		switch {
		case r.why != nil:
		case len(found) == 0:
			r.refuse(registry.ErrUnknown.With("the area has no fund account of this number").On("account"))
		case len(found) > 1:
			r.refuse(registry.ErrUnknown.With("several fund accounts have this number").On("account"))
		default:
			r.line.FundAccount = found[0]
		}
	}
	return nil
}

// count numbers the lines of a voucher that the file does not number.
func (i *importing) count() {
	for n := range i.rows {
		r := &i.rows[n]
		if r.why != nil || r.closing || r.numbered {
			continue
		}
		k := r.line.Key()
		i.vouchers[k]++
		r.line.Number = i.vouchers[k]
	}
}

// meet compares the rows with what is stored and with each other, and returns what
// is new.
func (i *importing) meet(ctx context.Context, tx Tx) ([]Line, []Closing, error) {
	var lines []Line
	var closings []Closing
	for _, r := range i.rows {
		switch {
		case r.why != nil:
		case r.closing:
			closings = append(closings, Closing{r.line.FundAccount, r.line.Month(), r.line.Amount})
		default:
			lines = append(lines, r.line)
		}
	}
	knownLines, err := tx.KnownBureauLines(ctx, i.area, lines)
	if err != nil {
		return nil, nil, err
	}
	knownClosings, err := tx.KnownBureauClosings(ctx, i.area, closings)
	if err != nil {
		return nil, nil, err
	}
	lines, closings = lines[:0], closings[:0]
	for n := range i.rows {
		r := &i.rows[n]
		if r.why != nil {
			continue
		}
		if r.closing {
			k := ClosingKey{r.line.FundAccount, r.line.Month()}
			amount, known := knownClosings[k]
			knownClosings[k] = r.line.Amount
			if r.meet(known, amount == r.line.Amount, "closing") {
				closings = append(closings, Closing{k.FundAccount, k.Month, r.line.Amount})
			}
			continue
		}
		before, known := knownLines[r.line.Key()]
		knownLines[r.line.Key()] = r.line
		if r.meet(known, before.differs(r.line) == "", before.differs(r.line)) {
			lines = append(lines, r.line)
		}
	}
	return lines, closings, nil
}

// meet says whether a row is new, and answers it where it is not.
func (r *row) meet(known, same bool, column string) bool {
	switch {
	case !known:
		return true
	case same:
		r.answer = registry.Repeated
	default:
		r.refuse(registry.ErrDiffers.On(column))
	}
	return false
}

// differs names the first column in which two lines of one key differ.
func (l Line) differs(o Line) string {
	switch {
	case l.Date != o.Date:
		return "date"
	case l.Side != o.Side:
		return "direction"
	case l.Amount != o.Amount:
		return "amount"
	case l.Reference != o.Reference:
		return "reference"
	case l.Text != o.Text:
		return "text"
	}
	return ""
}

// addsUp proves the months of the accounts that the file touches.
func (i *importing) addsUp(ctx context.Context, tx Tx) error {
	var touched []int64
	for _, r := range i.rows {
		touched = append(touched, r.line.FundAccount)
	}
	slices.Sort(touched)
	gaps, err := tx.BureauGaps(ctx, i.area, slices.Compact(touched))
	if err != nil || len(gaps) == 0 {
		return err
	}
	g := slices.MinFunc(gaps, func(a, b Gap) int {
		return cmp.Or(a.Month.Compare(b.Month), cmp.Compare(a.FundAccount, b.FundAccount))
	})
	want := g.Opening + g.Debits - g.Credits
	return ErrArithmetic.With("account %d in %s: %s at its start + %s debits - %s credits = %s, and the closing "+
		"balance is %s: %s too %s; send the missing lines with it, or the corrected balance",
		g.FundAccount, g.Month, g.Opening, g.Debits, g.Credits, want, g.Closing,
		max(g.Closing-want, want-g.Closing), word(g.Closing > want))
}

func word(more bool) string {
	if more {
		return "much"
	}
	return "little"
}
