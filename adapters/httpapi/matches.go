package httpapi

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"twoline/gateway/fault"
	"twoline/gateway/party"
	"twoline/reconcile"
	"twoline/reconcile/match"
)

// matchRoutes show what was matched with what, and why.
func (s *Server) matchRoutes() {
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reconciliations/{account}/{date}/matches",
		Summary: "What of bank and book was matched, and why",
		Description: "The matches that were settled on the date, or from an earlier day up to it, by rising id: settled is " +
			"a match on the first day at whose end both sides hold all of it. statement_line asks what a line of the bank " +
			"is matched with, entry and line what a line of the book is, on whatever day up to the date; an empty list says " +
			"that it is not. A match names the first ten lines of each side.",
		Who: readers(),
	}, s.matches)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reconciliations/{account}/{date}/matches/{match}/lines",
		Summary: "All lines of a match, the bank's first", Who: readers(),
		Description: "date is the match's settled_on.",
	}, s.matchLines)
}

// MatchedLine is a line of the bank's statement or of the book.
type MatchedLine struct {
	Side          string `json:"side"                       enum:"bank,book"`
	StatementLine ID     `json:"statement_line_id,omitzero"`
	Entry         ID     `json:"entry_id,omitzero"`
	Line          int    `json:"line,omitempty"             doc:"Of the entry: of an item the first of its lines"`
	Date          Day    `json:"date"                       doc:"On which it moved its side's balance"`
	ValueDate     Day    `json:"value_date"`
	Direction     string `json:"direction"                  doc:"As the bank sees it" enum:"credit,debit"`
	Amount        Yuan   `json:"amount"`
	Reference     string `json:"reference,omitempty"        doc:"Our id of the item or move, where known; of a line of the bank what it echoes"`
	BankReference string `json:"bank_reference,omitempty"   doc:"The bank's own, where known"`
	Batch         string `json:"batch,omitempty"            doc:"The batch that a line of the bank names"`
	Reversal      bool   `json:"reversal,omitempty"         doc:"The bank marked the line as the correction of one of its own"`
	Counterparty  string `json:"counterparty,omitempty"     doc:"Masked"`
	Account       string `json:"counterparty_account,omitempty" doc:"Masked"`
}

func viewMatchedBank(l match.StatementLine) MatchedLine {
	name, _, account := party.Stored(l.Counterparty, "", l.CounterpartyAccount)
	return MatchedLine{ //nolint:exhaustruct // a line of the bank
		Side: "bank", StatementLine: NewID(l.ID), Date: NewDay(l.Booked), ValueDate: NewDay(l.Value),
		Direction: l.Direction.String(), Amount: NewYuan(l.Amount), Reference: l.EndToEndID, BankReference: l.BankReference,
		Batch: l.Batch, Reversal: l.Reversal, Counterparty: name.String(), Account: account.String(),
	}
}

func viewMatchedBook(l match.BookLine) MatchedLine {
	return MatchedLine{ //nolint:exhaustruct // a line of the book
		Side: "book", Entry: NewID(l.Key.Entry), Line: int(l.Key.Line), Date: NewDay(l.Booked), ValueDate: NewDay(l.Value),
		Direction: l.Direction.String(), Amount: NewYuan(l.Amount), Reference: l.Reference, BankReference: l.BankReference,
	}
}

func viewMatchLines(l reconcile.MatchLines) []MatchedLine {
	out := make([]MatchedLine, 0, len(l.Statement)+len(l.Book))
	for _, b := range l.Statement {
		out = append(out, viewMatchedBank(b))
	}
	for _, b := range l.Book {
		out = append(out, viewMatchedBook(b))
	}
	return out
}

// Match is lines of bank and book that are the same money.
type Match struct {
	ID             ID            `json:"id"`
	SettledOn      Day           `json:"settled_on"      doc:"The first day at whose end both sides hold all of it"`
	Kind           string        `json:"kind"            enum:"one_to_one,one_to_many,many_to_one,many_to_many" doc:"Lines of the bank to lines of the book; lines of one side that cancel each other are many to many"`
	Rule           string        `json:"rule"            enum:"book_reversal,reference,bank_reference,shared_reference,shared_bank_reference,return_reference,bank_reversal,batch_total,batch_net,batch_part,batch_branches,batch_items,amount_day_unique,interest,amount_window_unique,subset_sum,offset_by_officers,written_off_by_officers"`
	Evidence       string        `json:"evidence"        doc:"What was found"`
	Score          int           `json:"score"           doc:"How certain it is" minimum:"0" maximum:"100"`
	Difference     Signed        `json:"difference"      doc:"What the bank's lines hold beyond the book's, within the account's tolerance"`
	StatementLines int           `json:"statement_lines"`
	BookLines      int           `json:"book_lines"`
	Lines          []MatchedLine `json:"lines"           doc:"The first ten of each side" nullable:"false"`
	MatchedAt      time.Time     `json:"matched_at"`
}

func viewMatch(m reconcile.SettledMatch) Match {
	return Match{
		ID: NewID(m.ID), SettledOn: NewDay(m.Settled), Kind: string(m.Kind), Rule: string(m.Rule), Evidence: m.Evidence,
		Score: m.Score, Difference: Signed{m.Difference}, StatementLines: m.StatementLines, BookLines: m.BookLines,
		Lines: viewMatchLines(m.Lines), MatchedAt: m.MatchedAt,
	}
}

type matchesQuery struct {
	Paging

	Account       ID     `path:"account"`
	Date          Day    `path:"date"`
	From          Day    `query:"from"           doc:"The first day, at most 30 days before the date; left out it is the date, or with a line the first day of all"`
	Rule          string `query:"rule"           enum:"book_reversal,reference,bank_reference,shared_reference,shared_bank_reference,return_reference,bank_reversal,batch_total,batch_net,batch_part,batch_branches,batch_items,amount_day_unique,interest,amount_window_unique,subset_sum,offset_by_officers,written_off_by_officers"`
	StatementLine ID     `query:"statement_line" doc:"A line of the bank"`
	Entry         ID     `query:"entry"          doc:"An entry of the book"`
	Line          int    `query:"line"           doc:"A line of the entry: of an item the first of its lines" minimum:"1" maximum:"2147483647"`
}

// maxMatchDays bounds what one list reads.
const maxMatchDays = 31

func (in *matchesQuery) filter() (reconcile.MatchFilter, error) {
	after, err := in.After()
	f := reconcile.MatchFilter{
		Account: reconcile.Account{Area: 0, ID: in.Account.Int64()}, From: in.From.Day, Through: in.Date.Day,
		Rule: match.Rule(in.Rule), StatementLine: in.StatementLine.Int64(), Entry: in.Entry.Int64(), Line: int32(in.Line), //nolint:gosec // its maximum
		After: after, Limit: in.Limit + 1,
	}
	bad := func(field, text string) error { return fault.New(fault.Invalid, "invalid_request", text).On(field) }
	switch {
	case err != nil:
		return f, err
	case f.StatementLine != 0 && f.Entry != 0:
		return f, bad("entry", "ask about a line of the bank or about one of the book")
	case f.Line != 0 && f.Entry == 0:
		return f, bad("line", "a line is one of an entry")
	case f.From.After(f.Through):
		return f, bad("from", "the first day is not after the date")
	case f.StatementLine != 0 || f.Entry != 0:
	case f.From.IsZero():
		f.From = f.Through
	case f.From.DaysUntil(f.Through) >= maxMatchDays:
		return f, bad("from", fmt.Sprintf("a list covers %d days at most, but of one line", maxMatchDays))
	}
	return f, nil
}

func (s *Server) matches(ctx context.Context, c Call, in *matchesQuery) (Page[Match], error) {
	f, err := in.filter()
	if err != nil {
		return Page[Match]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Reconcile.Matches(ctx, c.Officer, f)
	return NewPage(list, in.Limit, func(m reconcile.SettledMatch) int64 { return m.ID }, viewMatch), err
}

type matchLinesQuery struct {
	Paging

	Account ID  `path:"account"`
	Date    Day `path:"date"`
	Match   ID  `path:"match"`
}

// place reads a cursor: the line of the bank, or the entry and line of the book, that
// the page before ended with.
func (in *matchLinesQuery) place() (reconcile.MatchPlace, error) {
	var p reconcile.MatchPlace
	if in.Cursor == "" {
		return p, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(in.Cursor)
	if err != nil {
		return p, errCursor
	}
	_, err = fmt.Sscanf(string(b), "%d|%d|%d", &p.Statement, &p.Book.Entry, &p.Book.Line)
	if err != nil || cursorAt(p) != in.Cursor || p == (reconcile.MatchPlace{}) { //nolint:exhaustruct // the beginning
		return p, errCursor
	}
	return p, nil
}

func cursorAt(p reconcile.MatchPlace) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d|%d|%d", p.Statement, p.Book.Entry, p.Book.Line))
}

func (s *Server) matchLines(ctx context.Context, c Call, in *matchLinesQuery) (Page[MatchedLine], error) {
	none := Page[MatchedLine]{} //nolint:exhaustruct // none
	after, err := in.place()
	if err != nil {
		return none, err
	}
	lines, err := s.deps.Reconcile.MatchLines(ctx, c.Officer, in.Account.Int64(), in.Date.Day, in.Match.Int64(), after, in.Limit+1)
	if err != nil {
		return none, err
	}
	out := Page[MatchedLine]{Items: viewMatchLines(lines), NextCursor: ""}
	if len(out.Items) > in.Limit {
		out.Items = out.Items[:in.Limit]
		last := out.Items[in.Limit-1]
		out.NextCursor = cursorAt(reconcile.MatchPlace{
			Statement: last.StatementLine.Int64(),
			Book:      match.Key{Entry: last.Entry.Int64(), Line: int32(last.Line)}, //nolint:gosec // as it was read
		})
	}
	return out, nil
}
