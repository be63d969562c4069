//nolint:gosmopolitan // what members read is Chinese
package personal

import (
	"context"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
	"twoline/gateway/report"
)

// ErrNoMember is returned for another area's member, too.
var ErrNoMember = fault.New(fault.NotFound, "member_not_found", "no such member")

// Statement is what a member's account held in a year and what moved it (权益记录单).
type Statement struct {
	Member   int64
	Name     party.Name
	IDNumber party.IDNumber
	SocialNo string
	Region   party.Region
	Scheme   ledger.Scheme
	Year     int
	// Opening is what the account held at the year's beginning, Closing at its end, as
	// far as it is booked.
	Opening, Closing entitlement.Parts
	Lines            []StatementLine
	Interest         []StatementInterest
	// OldScheme is what of the individual part came in with the mark of the rural scheme
	// before 2009; 0 once the account moved out.
	OldScheme money.Amount
	// YearsPaid are the years with contributions in the book up to the year's end, and those
	// that were paid for before the book or elsewhere.
	YearsPaid int
	// Earliest is the month after the one in which the member reaches the age of a
	// pension; zero where the age is not decided.
	Earliest calendar.Month
}

// StatementLine is one booking on a member's account.
type StatementLine struct {
	Entry int64
	Day   calendar.Day
	Kind  ledger.Kind
	// Year is the year that a contribution or subsidy is for, or 0.
	Year int
	// Parts are what it put to each part; below zero it took from it.
	Parts entitlement.Parts
	// Cause is the item, receipt or line behind it; Batch the bank's batch, or 0.
	Cause, Batch int64
	// BankReference is the bank's number of the movement, where a bank moved money for it.
	BankReference string
}

// StatementInterest is the rate by which a run put interest to the account.
type StatementInterest struct {
	Run               int64
	Rate              Rate
	Round             int
	Percent, Document string
	Amount            money.Amount
}

// StatementFilter says whose statements: one member's, or everybody's of a region.
type StatementFilter struct {
	Area   party.Area
	Year   int
	Member int64
	// Region is a village, or a township where it ends on 000.
	Region party.Region
	After  int64
	Limit  int
}

// StatementTx reads statements.
type StatementTx interface {
	// Statements returns a page of statements by rising member.
	Statements(ctx context.Context, f StatementFilter) ([]Statement, error)
}

// Statement returns a member's statement of a year, or ErrNoMember.
func (s *Service) Statement(ctx context.Context, by approval.Officer, member int64, year int) (Statement, error) {
	one := StatementFilter{Year: year, Member: member, Limit: 1} //nolint:exhaustruct // one
	list, err := s.Statements(ctx, by, one)
	if err == nil && len(list) == 0 {
		err = ErrNoMember
	}
	if err != nil {
		return Statement{}, err //nolint:exhaustruct // none
	}
	return list[0], nil
}

// Statements returns a page of statements of the officer's area by rising member.
func (s *Service) Statements(ctx context.Context, by approval.Officer, f StatementFilter) ([]Statement, error) {
	if err := mayLook(by); err != nil {
		return nil, err
	}
	f.Area = by.Area
	var list []Statement
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		list, err = statements(ctx, tx, f)
		return err
	})
	return list, err
}

func statements(ctx context.Context, tx Tx, f StatementFilter) ([]Statement, error) {
	list, err := tx.Statements(ctx, f)
	if err != nil {
		return nil, err
	}
	rules, err := tx.Rules(ctx, f.Area)
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Earliest = earliest(list[i].IDNumber, rules)
	}
	return list, nil
}

// earliest goes by the age alone: the years are the member's to pay or make up.
func earliest(id party.IDNumber, rules *policy.Rules) calendar.Month {
	born, err := calendar.ParseCompact(id.Birth())
	if err != nil {
		return calendar.Month{}
	}
	for _, row := range rules.Timeline(policy.PensionAge) {
		reached := born.AddMonths(12 * row.Value.Number())
		if holds, err := rules.Row(policy.PensionAge, reached); err == nil && holds.From == row.From {
			return reached.Month().Add(1)
		}
	}
	return calendar.Month{}
}

// perPage is how many statements are held in memory at a time.
const perPage = 500

// WriteStatements writes the statements of a filter as one table, in bounded memory and
// in one snapshot of the book.
func (s *Service) WriteStatements(
	ctx context.Context, by approval.Officer, f StatementFilter, lang report.Language, sheet report.Sheet,
) error {
	if err := mayLook(by); err != nil {
		return err
	}
	f.Area, f.Limit, f.After = by.Area, perPage, 0
	return s.store.Read(ctx, func(tx Tx) error {
		w := wordsOf(lang)
		if err := sheet.Begin(w.head(f)); err != nil {
			return err //nolint:wrapcheck // of the sheet
		}
		for {
			list, err := statements(ctx, tx, f)
			if err != nil {
				return err
			}
			for i := range list {
				if err := w.statement(sheet, &list[i]); err != nil {
					return err
				}
			}
			if len(list) < f.Limit {
				return sheet.End() //nolint:wrapcheck // of the sheet
			}
			f.After = list[len(list)-1].Member
		}
	})
}

// statementWords are the texts of a statement in one language.
type statementWords struct {
	lang                                 report.Language
	title, unit, opening, closing, years string
	earliest, rate, old                  string
	columns                              []string
	kinds                                map[ledger.Kind]string
}

func wordsOf(lang report.Language) statementWords {
	if lang == report.English {
		return statementWords{
			lang: lang, title: "Entitlement statement", unit: "yuan", opening: "at the beginning of the year",
			closing: "at the end of the year", years: "years paid", earliest: "pension at the earliest from",
			rate: "rate", old: "of it the old rural scheme's balance",
			columns: []string{
				"day", "what", "for year", "individual", "collective", "subsidy", "interest", "bank number, document",
			},
			kinds: nil,
		}
	}
	return statementWords{
		lang: report.Chinese, title: "城乡居民基本养老保险个人权益记录单", unit: "单位:元", opening: "年初余额", closing: "年末余额",
		years: "累计缴费年数", earliest: "最早领取月份", rate: "记账利率", old: "其中:老农保余额",
		columns: []string{"日期", "摘要", "所属年度", "个人缴费", "集体补助", "政府补贴", "利息", "银行流水号、依据"},
		kinds: map[ledger.Kind]string{ //nolint:exhaustive // those that touch a personal account
			ledger.Opening: "转入余额", ledger.ContributionReceived: "缴费", ledger.Recognition: "缴费",
			ledger.GovernmentPaid:     "政府代缴",
			ledger.ContributionRefund: "退费", ledger.AccountSubsidy: "缴费补贴", ledger.AccountInterest: "利息",
			ledger.BenefitPaid: "养老金支付", ledger.AccountPaidOut: "一次性支付", ledger.PaymentReturn: "支付退回",
			ledger.ReturnUnclaimed: "退回未领", ledger.RecoveryByChannel: "追回", ledger.RecoverySettled: "追回",
			ledger.TransferReceived: "关系转入", ledger.TransferInReturned: "转入退回", ledger.TransferMade: "关系转出",
		},
	}
}

func (w statementWords) head(f StatementFilter) report.Head {
	widths := []int{12, 30, 10, 14, 14, 14, 14, 34}
	h := report.Head{ //nolint:exhaustruct // no foot, nobody signs
		Name: fmt.Sprint(f.Year), Title: fmt.Sprintf("%s %d", w.title, f.Year), Notes: []string{w.unit},
		Language: w.lang,
	}
	for i, name := range w.columns {
		h.Columns = append(h.Columns, report.Column{Name: name, Width: widths[i]})
	}
	return h
}

// statement writes one member's rows.
func (w statementWords) statement(sheet report.Sheet, s *Statement) error {
	row := func(day report.Cell, what, year string, p *entitlement.Parts, why string) error {
		cells := []report.Cell{day, report.TextCell(what), report.TextCell(year)}
		if p == nil {
			cells = append(cells, report.Blank(), report.Blank(), report.Blank(), report.Blank())
		} else {
			cells = append(cells, report.MoneyCell(p.Individual), report.MoneyCell(p.Collective),
				report.MoneyCell(p.Subsidy), report.MoneyCell(p.Interest))
		}
		return sheet.Row(append(cells, report.TextCell(why))...) //nolint:wrapcheck // of the sheet
	}
	blank := report.Blank()
	// It is the member's own paper: the name stands in full, the number does not.
	if err := row(blank, s.Name.Plain(), "", nil, s.SocialNo+" "+s.IDNumber.String()); err != nil {
		return err
	}
	if err := row(blank, w.opening, "", &s.Opening, ""); err != nil {
		return err
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		what, ok := w.kinds[l.Kind]
		if !ok {
			what = string(l.Kind)
		}
		year := ""
		if l.Year != 0 {
			year = fmt.Sprint(l.Year)
		}
		if err := row(report.DateCell(l.Day), what, year, &l.Parts, l.BankReference); err != nil {
			return err
		}
	}
	for _, i := range s.Interest {
		if err := row(blank, w.rate+" "+i.Percent, "", nil, i.Document); err != nil {
			return err
		}
	}
	if err := row(blank, w.closing, "", &s.Closing, s.Closing.Total().String()); err != nil {
		return err
	}
	if s.OldScheme > 0 {
		old := entitlement.Parts{Individual: s.OldScheme} //nolint:exhaustruct // a part of the individual part
		if err := row(blank, w.old, "", &old, ""); err != nil {
			return err
		}
	}
	last := fmt.Sprintf("%s %d", w.years, s.YearsPaid)
	if !s.Earliest.IsZero() {
		last += fmt.Sprintf(", %s %s", w.earliest, s.Earliest)
	}
	return row(blank, last, "", nil, "")
}
