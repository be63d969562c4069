package httpapi

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/report"
	"twoline/reconcile"
)

// periodRoutes close months and show what keeps one open.
func (s *Server) periodRoutes() {
	if s.deps.Reconcile == nil {
		return
	}
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/periods/{account}/{month}/close", Summary: "Close one account's month",
		Description: "Once, and in the order of the months, when every day of the month is sealed, covered by the bank's " +
			"statements and matched, the adjusted balances agree, no break of it is over age, and an income account is " +
			"swept to zero where the area's rule says so. The reconciliation statement is kept with the close and its " +
			"papers stay as they are, whatever is matched later; what comes late is booked in the open month with its " +
			"day at the bank as effective date. A closed month is never opened again.",
		Who: Officers(approval.Checker, approval.AgencyFinance),
	}, viewPeriod, s.closePeriod)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/periods", Summary: "The months of the accounts, and what keeps one open",
		Description: "By account and month: the closed ones with their digest, then at most twelve open ones with every " +
			"refusal that a close would meet now, in the order in which they are mended.",
		Who: readers(),
	}, s.periods)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reports/outstanding-items",
		Summary:     "What only one side has at the end of a month, with the age and the owner of each line",
		Description: "The lines of the month's reconciliation statement, the oldest first; of a closed month as they were kept.",
		Who:         paperReaders(),
	}, s.outstandingItems, s.outstandingTable)
}

// Period is a closed month of one account.
type Period struct {
	Account  ID        `json:"account_id"`
	Month    Month     `json:"month"`
	Closing  Signed    `json:"closing"`
	Digest   string    `json:"digest"    doc:"SHA-256 over the month's sealed balances and its reconciliation statement, hex"`
	ClosedBy string    `json:"closed_by"`
	ClosedAt time.Time `json:"closed_at"`
}

func viewPeriod(p reconcile.ClosedMonth) Period {
	return Period{
		Account: NewID(p.Account), Month: Month{p.Month}, Closing: Signed{p.Closing},
		Digest: hex.EncodeToString(p.Digest[:]), ClosedBy: p.ClosedBy, ClosedAt: p.ClosedAt,
	}
}

type closePeriodCommand struct {
	Account   ID     `path:"account"`
	Month     string `path:"month" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$"`
	Tolerated string `query:"tolerated_differences" pattern:"^-?(0|[1-9][0-9]{0,16})\\.[0-9]{2}$" doc:"Signs what the matches differ by within the account's tolerance, by stating the sum of the differences, each without its sign"`
}

func (s *Server) closePeriod(ctx context.Context, c Call, in *closePeriodCommand) (once.Answer, error) {
	ask := reconcile.CloseAsk{Account: in.Account.Int64()} //nolint:exhaustruct // filled below
	var err error
	if ask.Month, err = calendar.ParseMonth(in.Month); err != nil {
		return once.Answer{}, errMonth.On("month")
	}
	if in.Tolerated != "" {
		digits, below := strings.CutPrefix(in.Tolerated, "-")
		sum, err := money.Parse(digits)
		if below {
			sum = -sum
		}
		if err != nil {
			return once.Answer{}, fault.New(fault.Invalid, "invalid_request", "an amount is yuan with two decimals").
				On("tolerated_differences")
		}
		ask.Tolerated = &sum
	}
	return s.deps.Reconcile.CloseMonth(ctx, c.Request, c.Render, c.Officer, ask)
}

// Blockage is one refusal that a close would meet.
type Blockage struct {
	Code string `json:"code"`
	Text string `json:"text" doc:"What is so, and what to do"`
	// Subject is the id that is needed next.
	Subject string `json:"subject,omitempty"`
}

// PeriodState is one month of an account, closed or open.
type PeriodState struct {
	Account ID     `json:"account_id"`
	Month   Month  `json:"month"`
	State   string `json:"state" enum:"closed,open"`
	// Close is absent where the month is open.
	Close     *Period    `json:"close,omitempty"`
	Blocks    []Blockage `json:"blocks"                nullable:"false" doc:"None: it can be closed"`
	Tolerated Signed     `json:"tolerated_differences" doc:"The sum of the differences tolerated or let stand, each without its sign, that no earlier close signed; to be stated by who closes the month, unless zero"`
}

func viewPeriodState(m reconcile.MonthState) PeriodState {
	out := PeriodState{
		Account: NewID(m.ID), Month: Month{m.Month}, State: "open", Close: nil, Blocks: make([]Blockage, len(m.Blocks)),
		Tolerated: Signed{m.Tolerated},
	}
	if m.Closed != nil {
		closed := viewPeriod(*m.Closed)
		out.State, out.Close = "closed", &closed
	}
	for i, b := range m.Blocks {
		out.Blocks[i] = Blockage{Code: b.Code, Text: b.Text, Subject: b.Subject}
	}
	return out
}

// Periods are the months of the area's accounts.
type Periods struct {
	Items []PeriodState `json:"items" nullable:"false"`
}

type periodsQuery struct {
	Account ID `query:"account" doc:"One account's; else all of the area's"`
}

func (s *Server) periods(ctx context.Context, c Call, in *periodsQuery) (Periods, error) {
	list, err := s.deps.Reconcile.Months(ctx, c.Officer, in.Account.Int64())
	out := Periods{Items: make([]PeriodState, len(list))}
	for i, m := range list {
		out.Items[i] = viewPeriodState(m)
	}
	return out, err
}

type outstandingQuery struct {
	Printing

	Account ID     `query:"account" required:"true"`
	Month   string `query:"month"   required:"true" pattern:"^[0-9]{4}-(0[1-9]|1[0-2])$"`
}

func (q outstandingQuery) statement() *adjustmentQuery {
	return &adjustmentQuery{Printing: q.Printing, Account: q.Account, Month: q.Month}
}

// OutstandingItems are the lines that only one side has.
type OutstandingItems struct {
	Account ID    `json:"account_id"`
	Month   Month `json:"month"`
	Date    Day   `json:"date"       doc:"The month's last day"`
	// Close is absent where the month is open.
	Close        *Period          `json:"close,omitempty"`
	BankReceived OutstandingGroup `json:"bank_received_book_not"`
	BankPaid     OutstandingGroup `json:"bank_paid_book_not"`
	BookReceived OutstandingGroup `json:"book_received_bank_not"`
	BookPaid     OutstandingGroup `json:"book_paid_bank_not"`
}

func (s *Server) outstandingItems(ctx context.Context, c Call, in *outstandingQuery) (OutstandingItems, error) {
	t, err := s.adjusted(ctx, c, in.statement())
	return OutstandingItems{
		Account: in.Account, Month: Month{t.Month}, Date: NewDay(t.Day), Close: viewClose(t.Closed),
		BankReceived: viewGroup(t.BankReceived), BankPaid: viewGroup(t.BankPaid),
		BookReceived: viewGroup(t.BookReceived), BookPaid: viewGroup(t.BookPaid),
	}, err
}

func viewClose(c *reconcile.ClosedMonth) *Period {
	if c == nil {
		return nil
	}
	p := viewPeriod(*c)
	return &p
}

func (s *Server) outstandingTable(ctx context.Context, c Call, in *outstandingQuery) (table, error) {
	t, err := s.adjusted(ctx, c, in.statement())
	return table{
		name:  fmt.Sprintf("outstanding-%s-%s", in.Account, t.Month),
		write: func(_ context.Context, sheet report.Sheet) error { return t.WriteOutstanding(sheet, in.language()) },
	}, err
}
