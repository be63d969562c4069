package reconcile

import (
	"context"
	"fmt"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/report"
)

// Wish is what a letter asks a bank for.
type Wish string

// The wishes.
const (
	// AskRefund asks for money that the bank took twice or wrongly.
	AskRefund Wish = "refund"
	// AskExplain asks what a line is, or where it stays.
	AskExplain Wish = "explain"
)

// The refusals of letters.
var (
	ErrNoLetter    = fault.New(fault.NotFound, "letter_not_found", "no letter to the bank was drawn up about it")
	ErrLetterAlive = fault.New(fault.Conflict, "letter_alive",
		"a letter asks the bank for the money of a line already, and its answer is awaited")
	ErrLetterLines = fault.New(fault.Unprocessable, "letter_lines",
		"the break has more lines than one letter names: ask the bank about parts of it")
)

// MaxLetterLines bounds the lines of one letter, MaxAnswerDays how far ahead its answer
// may be asked for.
const (
	MaxLetterLines = 200
	MaxAnswerDays  = 90
)

// LetterLine is one line that a letter names.
type LetterLine struct {
	// Earlier marks the line of the bank that shows the money's first passage.
	Earlier bool
	// Ours marks a line of our book that the bank does not show.
	Ours      bool
	Booked    calendar.Day
	Direction bank.Direction
	Amount    money.Amount
	// BankReference is the bank's own, Reference our id of the item or move.
	BankReference, Reference string
}

// Letter is a letter to a bank about a break (对账差错通知书, 追款函). It is made of
// rows that never change, so that every copy is the same.
type Letter struct {
	Area  party.Area
	ID    int64
	Break int64
	// Year and Number are the letter's, counted for its bank.
	Year, Number int
	Wish         Wish
	Direction    bank.Direction
	Amount       money.Amount
	// Account is the one that the lines stand on, BankName the bank's own name,
	// Agency the area's.
	Account          ledger.FundAccount
	BankName, Agency string
	AnswerBy         calendar.Day
	DrawnBy          string
	DrawnOn          calendar.Day
	DrawnAt          time.Time
	Lines            []LetterLine
}

// LetterTx keeps letters.
type LetterTx interface {
	// DrawLetter numbers a letter and keeps it with the lines of its break, or returns
	// ErrLetterLines. It returns ErrLetterAlive where it would ask for money that another
	// letter asks for, whose answer is not due yet.
	DrawLetter(ctx context.Context, a Account, l Letter) (Letter, error)
	// LettersOf returns the letters about a break and those that it continues, the
	// first one first.
	LettersOf(ctx context.Context, area party.Area, breakID int64) ([]Letter, error)
}

// Letter returns the last letter about a break, or the one of the id.
func (s *Service) Letter(ctx context.Context, by approval.Officer, breakID, id int64) (Letter, error) {
	var out Letter
	if err := mayRead(by, by.Area); err != nil {
		return out, err
	}
	err := s.store.Read(ctx, func(tx Tx) error {
		if _, err := oneBreak(ctx, tx, by.Area, breakID, s.today()); err != nil {
			return err
		}
		list, err := tx.LettersOf(ctx, by.Area, breakID)
		if err != nil {
			return err
		}
		for _, l := range list {
			if id == 0 || l.ID == id {
				out = l
			}
		}
		if out.ID == 0 {
			return ErrNoLetter
		}
		return nil
	})
	return out, err
}

// No is the letter's number as both sides cite it: bank, year and number.
func (l Letter) No() string { return fmt.Sprintf("%s-%d-%04d", l.Account.Bank, l.Year, l.Number) }

// answerDay is by when a bank answers: so many working days on, and within the bound.
func (s *Service) answerDay(today calendar.Day, n int) calendar.Day {
	day := s.workingDay(today, n)
	if most := today.AddDays(MaxAnswerDays); day.After(most) {
		return most
	}
	return day
}

// Write puts the letter on a sheet.
func (l Letter) Write(sheet report.Sheet, lang report.Language) error {
	w := letterWords(lang)
	head := report.Head{ //nolint:exhaustruct // a letter has no subtotal
		Name: w.name, Title: w.titles[l.Wish], Language: lang,
		Notes: []string{
			fmt.Sprintf(w.number, l.No()), fmt.Sprintf(w.to, l.BankName),
			fmt.Sprintf(w.account, l.Account.Name, l.Account.No), w.unit,
		},
		Columns: w.columns,
		Foot: []string{
			fmt.Sprintf(w.asks[l.Wish], l.Amount), fmt.Sprintf(w.answer, l.AnswerBy),
			fmt.Sprintf(w.from, l.Agency, l.DrawnOn), w.reply,
		},
		Signatures: w.signatures,
	}
	if err := sheet.Begin(head); err != nil {
		return err
	}
	for i, line := range l.Lines {
		what := w.what[line.Direction == bank.Credit]
		switch {
		case line.Earlier:
			what = w.earlier
		case line.Ours:
			what = w.ours
		}
		err := sheet.Row(report.CountCell(i+1), report.TextCell(what), report.DateCell(line.Booked),
			report.TextCell(line.BankReference), report.TextCell(line.Reference), report.MoneyCell(line.Amount))
		if err != nil {
			return err
		}
	}
	err := sheet.Row(report.Blank(), report.TextCell(w.total), report.Blank(), report.Blank(), report.Blank(),
		report.MoneyCell(l.Amount))
	if err != nil {
		return err
	}
	return sheet.End()
}
