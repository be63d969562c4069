package reconcile

import (
	"context"
	"fmt"

	"github.com/shopspring/decimal"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/report"
	"twoline/reconcile/match"
)

// Band is a range of ages in calendar days.
type Band int

// The bands.
const (
	ToThree Band = iota
	ToTen
	ToThirty
	ToNinety
	Over
)

// BandOf returns the band of an age.
func BandOf(days int) Band {
	switch {
	case days <= 3:
		return ToThree
	case days <= 10:
		return ToTen
	case days <= 30:
		return ToThirty
	case days <= 90:
		return ToNinety
	}
	return Over
}

// String returns the days of the band.
func (b Band) String() string {
	switch b {
	case ToThree:
		return "0-3"
	case ToTen:
		return "4-10"
	case ToThirty:
		return "11-30"
	case ToNinety:
		return "31-90"
	case Over:
		return "91-"
	}
	return ""
}

// AgeingRow is what is open of one reason and age on one account.
type AgeingRow struct {
	Account ledger.FundAccount
	Reason  match.Reason
	Band    Band
	Count   int
	Overdue int
	Amount  money.Amount
	// MoneyDays is the sum of amount times days, in yuan.
	MoneyDays decimal.Decimal
}

// ClassCount counts what is of one of the eight classes. Class 1 is matches and 7 items
// that failed and moved nothing: they are no breaks, and have no amount here.
type ClassCount struct {
	Class  match.Class
	Count  int
	Amount money.Amount
}

// Ageing is what was open at the end of a day as it was known then.
type Ageing struct {
	Area    party.Area
	AsOf    calendar.Day
	Rows    []AgeingRow
	Classes []ClassCount
	// Count, Overdue, Amount and MoneyDays are the sums.
	Count, Overdue int
	Amount         money.Amount
	MoneyDays      decimal.Decimal
}

// AgeingTx sums what is open.
type AgeingTx interface {
	// AgeingRows returns the rows by account, reason and band; account 0 is all.
	AgeingRows(ctx context.Context, a Account, asOf calendar.Day) ([]AgeingRow, error)
	// ClassCounts counts the eight classes.
	ClassCounts(ctx context.Context, a Account, asOf calendar.Day) ([]ClassCount, error)
}

// Ageing reports what was open at the end of a day, of one account or of all (0). No
// date is the business day.
func (s *Service) Ageing(
	ctx context.Context, by approval.Officer, account int64, asOf calendar.Day,
) (Ageing, error) {
	if asOf.IsZero() {
		asOf = s.today()
	}
	out := Ageing{Area: by.Area, AsOf: asOf} //nolint:exhaustruct // filled below
	if err := mayRead(by, by.Area); err != nil {
		return out, err
	}
	a := Account{Area: by.Area, ID: account}
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		if account != 0 {
			if _, err := tx.LoadFundAccount(ctx, a.Area, account); err != nil {
				return err
			}
		}
		if out.Rows, err = tx.AgeingRows(ctx, a, asOf); err != nil {
			return err
		}
		out.Classes, err = tx.ClassCounts(ctx, a, asOf)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("ageing of breaks as of %s: %w", asOf, err)
	}
	for _, r := range out.Rows {
		out.Count += r.Count
		out.Overdue += r.Overdue
		out.Amount = money.Sum(out.Amount, r.Amount)
		out.MoneyDays = out.MoneyDays.Add(r.MoneyDays)
	}
	return out, nil
}

// Write puts the report on a sheet.
func (r Ageing) Write(sheet report.Sheet, lang report.Language) error {
	w := ageingWords(lang)
	err := sheet.Begin(report.Head{
		Name: w.title, Title: w.title, Notes: []string{fmt.Sprintf(w.asOf, r.Area, r.AsOf), w.unit}, Columns: w.columns,
		Foot: []string{w.foot}, Signatures: w.signatures, Language: lang,
	})
	if err != nil {
		return err
	}
	for _, row := range r.Rows {
		h := row.Account
		err := sheet.Row(report.TextCell(fmt.Sprintf("%s · %s %s", h.Name, h.Bank, h.No)),
			report.TextCell(w.reasons[row.Reason]), report.TextCell(row.Band.String()), report.CountCell(row.Count),
			report.CountCell(row.Overdue), report.MoneyCell(row.Amount), report.TextCell(row.MoneyDays.StringFixed(2)))
		if err != nil {
			return err
		}
	}
	err = sheet.Row(report.TextCell(w.total), report.Blank(), report.Blank(), report.CountCell(r.Count),
		report.CountCell(r.Overdue), report.MoneyCell(r.Amount), report.TextCell(r.MoneyDays.StringFixed(2)))
	if err != nil {
		return err
	}
	for _, c := range r.Classes {
		amount := report.MoneyCell(c.Amount)
		if c.Class == 1 || c.Class == 7 {
			amount = report.Blank()
		}
		err := sheet.Row(report.TextCell(fmt.Sprintf("%d %s", c.Class, w.classes[c.Class])), report.Blank(),
			report.Blank(), report.CountCell(c.Count), report.Blank(), amount, report.Blank())
		if err != nil {
			return err
		}
	}
	return sheet.End()
}
