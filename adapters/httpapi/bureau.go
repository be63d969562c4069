package httpapi

import (
	"context"
	"fmt"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/report"
	"twoline/reconcile/bureau"
)

// bureauRoutes hold our book against the finance bureau's journal.
func (s *Server) bureauRoutes() {
	if s.deps.Bureau == nil {
		return
	}
	in := []approval.Organisation{approval.AgencyFinance, approval.FinanceBureau, approval.Auditor}
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reports/bureau-comparison",
		Summary: "Our book of an account and month against the finance bureau's journal",
		Description: "The journal is imported as bureau_journal. What no line of the other side explains is a difference, " +
			"with its lines; adjusted is a side's closing balance with what only the other side has. agrees says that the two " +
			"are equal, clean that nothing differs. Nothing is booked from it.",
		Who: Officers(approval.Maker, in...).Or(Officers(approval.Checker, in...)).Or(Officers(approval.Releaser, in...)).
			Or(Officers(approval.Viewer, in...)),
	}, s.bureauComparison, s.bureauTable)
}

type bureauQuery struct {
	Printing

	Account ID     `query:"account" required:"true" doc:"The fund account's id"`
	Month   string `query:"month"   required:"true" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$"`
}

// BureauSide is one side's month.
type BureauSide struct {
	Opening  Signed `json:"opening"`
	Closing  Signed `json:"closing"`
	Lines    int    `json:"lines"    doc:"That only this side has at the month's end"`
	Debits   Signed `json:"debits"   doc:"Their sum into the account"`
	Credits  Signed `json:"credits"  doc:"Their sum out of the account"`
	Adjusted Signed `json:"adjusted" doc:"closing with what only the other side has"`
}

// BureauLine is one line of the bureau's journal.
type BureauLine struct {
	Date      Day    `json:"date"`
	Voucher   string `json:"voucher_no"`
	Line      int    `json:"line"`
	Direction string `json:"direction"           enum:"debit,credit" doc:"debit is money into the account"`
	Amount    Yuan   `json:"amount"`
	Reference string `json:"reference,omitempty"`
	Text      string `json:"text,omitempty"`
}

// OwnLine is one movement of our book.
type OwnLine struct {
	Date          Day    `json:"date"`
	Entry         ID     `json:"entry_id"`
	Line          int    `json:"line"`
	Kind          string `json:"kind"`
	Direction     string `json:"direction"                enum:"debit,credit" doc:"debit is money into the account"`
	Amount        Yuan   `json:"amount"`
	BankReference string `json:"bank_reference,omitempty"`
}

// BureauDifference is lines without an equal on the other side.
type BureauDifference struct {
	Reason    string       `json:"reason"`
	Direction string       `json:"direction" enum:"debit,credit"`
	Amount    Yuan         `json:"amount"    doc:"What one side holds beyond the other"`
	Days      int          `json:"days"      doc:"From its earliest line to the month's end"`
	Theirs    []BureauLine `json:"theirs"    nullable:"false"`
	Ours      []OwnLine    `json:"ours"      nullable:"false"`
	More      int          `json:"lines_not_named" doc:"Lines of it that are left out, where they are too many"`
}

// BureauAgreed counts what one rule found to be the same money.
type BureauAgreed struct {
	Rule       string `json:"rule"`
	Reason     string `json:"reason"`
	Matches    int    `json:"matches"`
	TheirLines int    `json:"their_lines"`
	OurLines   int    `json:"our_lines"`
	Amount     Yuan   `json:"amount"`
}

// BureauComparison is a month of one account on both sides.
type BureauComparison struct {
	Account         ID                 `json:"account_id"`
	Name            string             `json:"name"`
	Month           Month              `json:"month"`
	Since           Month              `json:"since"            doc:"The first month that is compared"`
	Theirs          BureauSide         `json:"theirs"`
	Ours            BureauSide         `json:"ours"`
	Before          Signed             `json:"before"           doc:"What the bureau had beyond us when the comparison began"`
	Stated          bool               `json:"stated"           doc:"The bureau gave the month's closing balance"`
	Agreed          []BureauAgreed     `json:"agreed"           nullable:"false"`
	Differences     []BureauDifference `json:"differences"      nullable:"false" doc:"The oldest first"`
	DifferenceCount int                `json:"difference_count"`
	Agrees          bool               `json:"agrees"`
	Clean           bool               `json:"clean"`
}

func viewBureauSide(s bureau.Side) BureauSide {
	return BureauSide{
		Opening: Signed{s.Opening}, Closing: Signed{s.Closing}, Lines: s.Lines, Debits: Signed{s.Debits},
		Credits: Signed{s.Credits}, Adjusted: Signed{s.Adjusted},
	}
}

func viewDifference(d bureau.Difference) BureauDifference {
	out := BureauDifference{
		Reason: string(d.Reason), Direction: string(d.Side), Amount: NewYuan(d.Amount), Days: d.Days, More: d.More,
		Theirs: []BureauLine{}, Ours: []OwnLine{},
	}
	for _, l := range d.Theirs {
		out.Theirs = append(out.Theirs, BureauLine{
			Date: NewDay(l.Date), Voucher: l.Voucher, Line: l.Number, Direction: string(l.Side), Amount: NewYuan(l.Amount),
			Reference: l.Reference, Text: l.Text,
		})
	}
	for _, o := range d.Own {
		out.Ours = append(out.Ours, OwnLine{
			Date: NewDay(o.Booked), Entry: NewID(o.Key.Entry), Line: int(o.Key.Line), Kind: string(o.Kind),
			Direction: string(o.Side()), Amount: NewYuan(o.Amount), BankReference: o.BankReference,
		})
	}
	return out
}

func (s *Server) compareBureau(ctx context.Context, c Call, in *bureauQuery) (bureau.Comparison, error) {
	none := bureau.Comparison{} //nolint:exhaustruct // none
	month, err := calendar.ParseMonth(in.Month)
	if err != nil {
		return none, errInput.On("month")
	}
	return s.deps.Bureau.Compare(ctx, c.Officer, in.Account.Int64(), month)
}

func (s *Server) bureauComparison(ctx context.Context, c Call, in *bureauQuery) (BureauComparison, error) {
	found, err := s.compareBureau(ctx, c, in)
	out := BureauComparison{
		Account: in.Account, Name: found.Holder.Name, Month: Month{found.Month}, Since: Month{found.Since},
		Theirs: viewBureauSide(found.Theirs), Ours: viewBureauSide(found.Ours), Before: Signed{found.Before},
		Stated: found.Stated, Agreed: []BureauAgreed{}, Differences: []BureauDifference{}, DifferenceCount: found.Count,
		Agrees: found.Agrees, Clean: found.Clean,
	}
	for _, a := range found.Agreed {
		out.Agreed = append(out.Agreed, BureauAgreed{
			Rule: string(a.Rule), Reason: a.Rule.Reason(), Matches: a.Matches, TheirLines: a.TheirLines, OurLines: a.OwnLines,
			Amount: NewYuan(a.Amount),
		})
	}
	for _, d := range found.Differences {
		out.Differences = append(out.Differences, viewDifference(d))
	}
	return out, err
}

func (s *Server) bureauTable(ctx context.Context, c Call, in *bureauQuery) (table, error) {
	found, err := s.compareBureau(ctx, c, in)
	return table{
		name:  fmt.Sprintf("bureau-%s-%s", in.Account, in.Month),
		write: func(_ context.Context, sheet report.Sheet) error { return found.Write(sheet, in.language()) },
	}, err
}
