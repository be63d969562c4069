package httpapi

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/once"
	"twoline/reconcile"
)

// statementRoutes are the bank's statements, and the proof that they and the
// book agree.
func (s *Server) statementRoutes() {
	if s.deps.Reconcile == nil || s.deps.Intake == nil {
		return
	}
	Upload(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPut, Path: "/v1/statements/{account}/{date}", Status: http.StatusAccepted,
		Summary: "A fund account's statement in any supported format", Who: Banks(),
		Description: "account is its number, or our id of it; date is the statement's last day. It is taken in whole, " +
			"where it adds up, follows the statement before it and leaves no day out, or set aside with the reason: " +
			"see the receipt. What was set aside because earlier days are missing is taken in when they come. Days that were " +
			"sent before may be sent again and must say the same.",
	}, viewReceipt, s.statement)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reconciliations/{account}/{date}", Summary: "How bank and book agree on a day",
		Description: "adjusted is a side's closing balance with what only the other side has. agrees says that the two " +
			"are equal: every fen of difference is named by a break. clean says that there is no difference.",
		Who: readers(),
	}, s.reconciliation)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/reconciliations/{account}/{date}/run", Summary: "Match an account up to a day",
		Description: "It runs by itself after every statement. Running it again finds nothing new.",
		Who: Officers(approval.Maker, approval.AgencyFinance, approval.FinanceBureau).
			Or(Officers(approval.Checker, approval.AgencyFinance, approval.FinanceBureau)),
	}, viewRunResult, s.runReconciliation)
	s.matchRoutes()
}

type statementCommand struct {
	Account string `path:"account" pattern:"^[0-9A-Za-z-]{5,32}$" doc:"The account's number, or its id"`
	Date    Day    `path:"date"`
	Name    string `query:"name" maxLength:"200" doc:"The bank's own file name; it names one file only"`
}

func (s *Server) statement(ctx context.Context, c Call, in *statementCommand, body io.Reader) (once.Answer, error) {
	a, err := s.deps.Reconcile.AccountOf(ctx, c.Bank, in.Account)
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	name := in.Name
	if name == "" {
		name = fmt.Sprintf("statement-%d-%s-%s", a.ID, in.Date, c.Request.Key)
	}
	head := bank.Receipt{ //nolint:exhaustruct // the intake fills the rest
		Area: a.Area, Bank: c.Bank.Code, Kind: bank.ReceiptStatement, Subject: a.ID, Name: name, Part: in.Date.String(),
		ReceivedBy: c.Name(),
	}
	return s.deps.Intake.Receive(ctx, c.Request, c.Render, head, body, func([32]byte) error { return nil })
}

// ReconciliationSide is one side of a reconciliation on the wire.
type ReconciliationSide struct {
	Opening            Signed `json:"opening"`
	Closing            Signed `json:"closing"`
	OutstandingLines   int    `json:"outstanding_lines"   doc:"Lines that only this side has at the day's end"`
	OutstandingCredits Signed `json:"outstanding_credits" doc:"Their sum into the account"`
	OutstandingDebits  Signed `json:"outstanding_debits"  doc:"Their sum out of the account"`
	Adjusted           Signed `json:"adjusted"            doc:"closing with what only the other side has"`
}

// MatchCount counts what one rule matched.
type MatchCount struct {
	Rule           string `json:"rule"`
	Reason         string `json:"reason"`
	Matches        int    `json:"matches"`
	StatementLines int    `json:"statement_lines"`
	BookLines      int    `json:"book_lines"`
}

// Reconciliation is how an account stands at the end of a day.
type Reconciliation struct {
	Account        ID                 `json:"account_id"`
	Date           Day                `json:"date"`
	MatchedThrough Day                `json:"matched_through,omitzero" doc:"The last day that was matched"`
	Bank           ReconciliationSide `json:"bank"`
	Book           ReconciliationSide `json:"book"`
	Tolerated      Signed             `json:"tolerated"                doc:"What the bank's lines of matches hold beyond the book's, within the account's tolerance; part of the book's adjusted balance"`
	Matched        []MatchCount       `json:"matched"                  nullable:"false"`
	Breaks         []Break            `json:"breaks"                   nullable:"false" doc:"The first of them"`
	BreakCount     int                `json:"break_count"`
	Agrees         bool               `json:"agrees"`
	Clean          bool               `json:"clean"`
}

// Break is a disagreement on the wire.
type Break struct {
	ID             ID     `json:"id"`
	Account        ID     `json:"account_id"`
	Class          int    `json:"class"            minimum:"0" maximum:"7"`
	Reason         string `json:"reason"           enum:"absent_in_book,absent_in_bank,amount_differs,duplicate_bank_line,ambiguous,waiting,bank_charge,bank_interest"`
	Detail         string `json:"detail,omitempty" enum:"result_without_money,late_result,arrival_without_result,debit_without_result,returned_payment,unknown_debit" doc:"What more was known when it was opened"`
	Direction      string `json:"direction"        enum:"credit,debit"`
	Amount         Yuan   `json:"amount"           doc:"What one side holds beyond the other"`
	Day            Day    `json:"day"              doc:"The earliest day of its lines"`
	OpenedOn       Day    `json:"opened_on"`
	ClosedOn       *Day   `json:"closed_on,omitempty"`
	Closed         string `json:"closed,omitempty" enum:"matched,renamed"`
	Statement      []ID   `json:"statement"        nullable:"false" doc:"Lines of the statement, the first hundred"`
	Book           []Line `json:"book"             nullable:"false" doc:"Lines of the book, the first hundred"`
	StatementLines int    `json:"statement_lines"`
	BookLines      int    `json:"book_lines"`
}

// Line names a line of an entry of the book.
type Line struct {
	Entry ID  `json:"entry_id"`
	Line  int `json:"line"`
}

func viewBreak(b reconcile.Break) Break {
	out := Break{
		ID: NewID(b.ID), Account: NewID(b.FundAccount), Class: int(b.Class), Reason: string(b.Reason), Detail: string(b.Detail),
		Direction: b.Direction.String(), Amount: NewYuan(b.Amount), Day: NewDay(b.Day), OpenedOn: NewDay(b.OpenedOn),
		ClosedOn: nil, Closed: b.How, Statement: []ID{}, Book: []Line{}, StatementLines: b.StatementLines,
		BookLines: b.BookLines,
	}
	if !b.ClosedOn.IsZero() {
		day := NewDay(b.ClosedOn)
		out.ClosedOn = &day
	}
	for _, id := range b.Statement {
		out.Statement = append(out.Statement, NewID(id))
	}
	for _, k := range b.Book {
		out.Book = append(out.Book, Line{Entry: NewID(k.Entry), Line: int(k.Line)})
	}
	return out
}

func viewSide(s reconcile.Side) ReconciliationSide {
	return ReconciliationSide{
		Opening: Signed{s.Opening}, Closing: Signed{s.Closing}, OutstandingLines: s.Lines,
		OutstandingCredits: Signed{s.Credits}, OutstandingDebits: Signed{s.Debits}, Adjusted: Signed{s.Adjusted},
	}
}

type reconciliationQuery struct {
	Account ID  `path:"account"`
	Date    Day `path:"date"`
}

func (s *Server) reconciliation(ctx context.Context, c Call, in *reconciliationQuery) (Reconciliation, error) {
	r, err := s.deps.Reconcile.Report(ctx, c.Officer, in.Account.Int64(), in.Date.Day)
	out := Reconciliation{
		Account: in.Account, Date: in.Date, MatchedThrough: NewDay(r.MatchedThrough), Bank: viewSide(r.Bank),
		Book: viewSide(r.Book), Matched: []MatchCount{}, Breaks: []Break{}, BreakCount: r.BreakCount, Agrees: r.Agrees,
		Clean: r.Clean, Tolerated: Signed{r.Tolerated},
	}
	for _, m := range r.Matched {
		out.Matched = append(out.Matched, MatchCount{
			Rule: string(m.Rule), Reason: m.Rule.Reason(), Matches: m.Matches, StatementLines: m.StatementLines,
			BookLines: m.BookLines,
		})
	}
	for _, b := range r.Breaks {
		out.Breaks = append(out.Breaks, viewBreak(b))
	}
	return out, err
}

// ReconciliationRun is what a run did.
type ReconciliationRun struct {
	Account ID  `json:"account_id"`
	Date    Day `json:"matched_through"`
	Matches int `json:"matches"`
	Opened  int `json:"breaks_opened"`
	Closed  int `json:"breaks_closed"`
}

func viewRunResult(r reconcile.Run) ReconciliationRun {
	return ReconciliationRun{
		Account: NewID(r.ID), Date: NewDay(r.Day), Matches: r.Matches, Opened: r.Opened, Closed: r.Closed,
	}
}

type runReconciliationCommand struct {
	Account ID  `path:"account"`
	Date    Day `path:"date"`
}

func (s *Server) runReconciliation(ctx context.Context, c Call, in *runReconciliationCommand) (once.Answer, error) {
	return s.deps.Reconcile.Run(ctx, c.Request, c.Render, c.Officer, in.Account.Int64(), in.Date.Day)
}
