package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
	"twoline/gateway/report"
	"twoline/reconcile"
)

// resolutionRoutes are how breaks end, and what leaves the gateway about them.
func (s *Server) resolutionRoutes(makers, checkers, releasers Who) {
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/breaks/{id}/resolution", Summary: "What was proposed about a break", Who: readers(),
	}, s.breakResolutions)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/breaks/{id}/resolution", Summary: "Propose how a break ends",
		Status: http.StatusCreated, Who: makers,
		Description: "When a second person has approved it, the request goes in by the front door of the flow that owns the " +
			"money, in the same transaction: book is a fund transfer of the kind, which its checker approves there, or with " +
			"item_id a payment that came back; suspense carries a credit of an unknown payer to suspense; claim draws a letter " +
			"to the bank, one at a time for one line's money; offset matches an error of the bank with the bank's own " +
			"correction in other_break, and ends both; correct and reissue ask the business office. What that flow would refuse is refused at once. " +
			"While what was asked for a line lives, a second request for it is refused: break_being_booked. " +
			"write_off lets a difference of at most 1.00, and at most the area's write_off_limit, between one line of the bank " +
			"and one of ours stand after a releaser has approved it too: nothing is booked, and every reconciliation statement " +
			"goes on naming it. A break that ends meanwhile makes the proposal void.",
	}, viewResolution, s.proposeResolution)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/breaks/{id}/resolution/approve", Summary: "Approve what was proposed",
		Description: "A checker approves, and then of a write_off a releaser; they and the maker are three people.",
		Who:         checkers.Or(releasers),
	}, viewResolution, s.approveResolution)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/breaks/{id}/resolution/reject", Summary: "Reject what was proposed",
		Description: "A checker's no, or of a write_off that was checked a releaser's.", Who: checkers.Or(releasers),
	}, viewResolution, s.rejectResolution)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/breaks/{id}/resolution/withdraw", Summary: "Take a proposal back",
		Who: makers.Or(checkers),
	}, viewResolution, s.withdrawResolution)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/breaks/{id}/letter", Summary: "The letter to the bank about a break",
		Description: "The last one, or that of letter_id. It is drawn up at once where a bank debited one instruction twice, " +
			"and by a claim; its number counts the bank's letters of the year without a gap. Every copy is the same.",
		Who: paperReaders(),
	}, s.breakLetter, s.breakLetterTable)
	Paper(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/reports/break-ageing", Summary: "Open breaks by account, reason and age",
		Description: "What was open at the end of as_of as it was known then. money_days is each amount times its age in " +
			"calendar days. classes counts the eight classes of banks and treasuries: 1 is matches, 7 items that failed on " +
			"both sides.",
		Who: paperReaders(),
	}, s.breakAgeing, s.breakAgeingTable)
}

// BreakDecision is what a checker said.
type BreakDecision struct {
	Duty     string    `json:"duty"             enum:"checker,releaser"`
	Decision string    `json:"decision"         enum:"approved,rejected"`
	By       string    `json:"by"`
	Reason   string    `json:"reason,omitempty"`
	At       time.Time `json:"at"`
}

// BreakRequest is what an approved resolution asked for.
type BreakRequest struct {
	Kind string `json:"kind" enum:"fund_transfer,receipt,arrival,case,letter,entry,match"`
	ID   ID     `json:"id"`
}

// BreakResolution is a proposal with the state of its decision.
type BreakResolution struct {
	ID        ID              `json:"id"`
	Break     ID              `json:"break_id"`
	Proposal  string          `json:"proposal"                enum:"book,correct,reissue,claim,suspense,write_off,offset"`
	Kind      string          `json:"kind,omitempty"          doc:"The kind of transfer that books the line"`
	Other     ID              `json:"other_account,omitzero"`
	Purpose   string          `json:"purpose,omitempty"`
	Item      ID              `json:"item_id,omitzero"`
	Code      string          `json:"code,omitempty"`
	OtherID   ID              `json:"other_break,omitzero"`
	AnswerBy  *Day            `json:"answer_by,omitempty"`
	Amount    Yuan            `json:"amount"`
	Document  string          `json:"document"`
	Reason    string          `json:"reason,omitempty"`
	Digest    string          `json:"digest"                  doc:"SHA-256 of the above and of the break's lines, hex: what is approved"`
	Maker     string          `json:"maker"`
	MadeAt    time.Time       `json:"made_at"`
	Status    string          `json:"status"                  enum:"submitted,checked,approved,rejected,withdrawn,void"`
	Decisions []BreakDecision `json:"decisions"               nullable:"false"`
	Requests  []BreakRequest  `json:"requests"                nullable:"false" doc:"What it asked of the flow that owns the money"`
}

func viewResolution(r reconcile.Resolution) BreakResolution {
	out := BreakResolution{
		ID: NewID(r.ID), Break: NewID(r.Break), Proposal: string(r.Proposal), Kind: string(r.Kind), Other: NewID(r.Other),
		Purpose: r.Purpose, Item: NewID(r.Item), Code: r.Code, OtherID: NewID(r.OtherBreak), AnswerBy: nil, Amount: NewYuan(r.Amount), Document: r.Document,
		Reason: r.Reason, Digest: hex.EncodeToString(r.Digest[:]), Maker: r.Maker, MadeAt: r.MadeAt, Status: string(r.State),
		Decisions: []BreakDecision{}, Requests: []BreakRequest{},
	}
	if !r.AnswerBy.IsZero() {
		day := NewDay(r.AnswerBy)
		out.AnswerBy = &day
	}
	for _, d := range r.Decisions {
		out.Decisions = append(out.Decisions, BreakDecision{
			Duty: string(d.Duty), Decision: string(d.Decision), By: d.By, Reason: d.Reason, At: d.At,
		})
	}
	for _, q := range r.Requests {
		out.Requests = append(out.Requests, BreakRequest{Kind: q.Kind, ID: NewID(q.ID)})
	}
	return out
}

// BreakResolutions lists what was proposed about a break, the first one first.
type BreakResolutions struct {
	Items []BreakResolution `json:"items" nullable:"false"`
}

func (s *Server) breakResolutions(ctx context.Context, c Call, in *breakQuery) (BreakResolutions, error) {
	d, err := s.deps.Reconcile.Dossier(ctx, c.Officer, in.ID.Int64())
	return BreakResolutions{Items: viewDossier(d).Resolutions}, err
}

type proposeCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Proposal string `json:"proposal"                enum:"book,correct,reissue,claim,suspense,write_off,offset"`
		Kind     string `json:"kind,omitempty"          doc:"Of what is booked: a kind of fund transfer" maxLength:"40"`
		Other    ID     `json:"other_account,omitzero"  doc:"The account of ours that the money left or entered besides"`
		Purpose  string `json:"purpose,omitempty"       doc:"Of a subsidy"                               enum:"base_pension,contribution,unspecified"`
		Item     ID     `json:"item_id,omitzero"        doc:"The payment that came back, or that is to be corrected or paid again"`
		Code     string `json:"code,omitempty"          doc:"The bank's reason for a payment that came back" maxLength:"35"`
		OtherID  ID     `json:"other_break,omitzero"    doc:"Of an offset: the break with the same money the other way"`
		AnswerBy *Day   `json:"answer_by,omitempty"     doc:"By when the bank is asked to answer; absent is the area's rule"`
		Document string `json:"document"                doc:"What it rests on: the bank's letter, the call note" maxLength:"200" minLength:"1"`
		Reason   string `json:"reason,omitempty"        maxLength:"200"`
	}
}

func (s *Server) proposeResolution(ctx context.Context, c Call, in *proposeCommand) (once.Answer, error) {
	b := in.Body
	ask := reconcile.Asked{ //nolint:exhaustruct // the day is below
		Proposal: reconcile.Proposal(b.Proposal), Kind: ledger.Kind(b.Kind), Other: b.Other.Int64(), Purpose: b.Purpose,
		Item: b.Item.Int64(), Code: b.Code, OtherBreak: b.OtherID.Int64(), Document: b.Document, Reason: b.Reason,
	}
	if b.AnswerBy != nil {
		ask.AnswerBy = b.AnswerBy.Day
	}
	return s.deps.Reconcile.Propose(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), ask)
}

// breakVerdict reads a checker's word; the fields are those of every approval.
func (in *verdictCommand) breakVerdict() (reconcile.Verdict, error) {
	v := reconcile.Verdict{Digest: [sha256.Size]byte{}, Reason: in.Body.Reason}
	if n, err := hex.Decode(v.Digest[:], []byte(in.Body.Digest)); err != nil || n != sha256.Size {
		return v, approval.ErrDigest
	}
	return v, nil
}

func (s *Server) approveResolution(ctx context.Context, c Call, in *verdictCommand) (once.Answer, error) {
	v, err := in.breakVerdict()
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Reconcile.ApproveResolution(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), v)
}

func (s *Server) rejectResolution(ctx context.Context, c Call, in *verdictCommand) (once.Answer, error) {
	v, err := in.breakVerdict()
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Reconcile.RejectResolution(ctx, c.Request, c.Render, c.Officer, in.ID.Int64(), v)
}

func (s *Server) withdrawResolution(ctx context.Context, c Call, in *breakQuery) (once.Answer, error) {
	return s.deps.Reconcile.WithdrawResolution(ctx, c.Request, c.Render, c.Officer, in.ID.Int64())
}

// BreakLetterHead names a letter.
type BreakLetterHead struct {
	ID       ID     `json:"id"`
	Number   string `json:"number"    doc:"Bank, year and the letter's number in it"`
	Wish     string `json:"wish"      enum:"refund,explain"`
	DrawnOn  Day    `json:"drawn_on"`
	AnswerBy Day    `json:"answer_by"`
}

func viewLetterHead(l reconcile.Letter) BreakLetterHead {
	return BreakLetterHead{
		ID: NewID(l.ID), Number: l.No(), Wish: string(l.Wish), DrawnOn: NewDay(l.DrawnOn), AnswerBy: NewDay(l.AnswerBy),
	}
}

// BreakLetterLine is a line that a letter names.
type BreakLetterLine struct {
	Date          Day    `json:"date"`
	Direction     string `json:"direction"                enum:"credit,debit"`
	Amount        Yuan   `json:"amount"`
	BankReference string `json:"bank_reference,omitempty"`
	Reference     string `json:"reference,omitempty"      doc:"Our id of the item or move"`
	Earlier       bool   `json:"earlier"                  doc:"The bank's line by which it did the same before"`
	Ours          bool   `json:"ours"                     doc:"A line of our book that the bank does not show"`
}

// BreakLetter is a letter to a bank.
type BreakLetter struct {
	BreakLetterHead

	Break    ID                `json:"break_id"`
	Bank     string            `json:"bank"`
	BankName string            `json:"bank_name"`
	Account  string            `json:"account"  doc:"The last digits; the rest is masked"`
	Holder   string            `json:"holder"`
	Amount   Yuan              `json:"amount"`
	By       string            `json:"drawn_by"`
	Lines    []BreakLetterLine `json:"lines"    nullable:"false"`
}

type letterQuery struct {
	Printing

	ID     ID `path:"id"`
	Letter ID `query:"letter_id" doc:"Absent is the last one"`
}

func (s *Server) breakLetter(ctx context.Context, c Call, in *letterQuery) (BreakLetter, error) {
	l, err := s.deps.Reconcile.Letter(ctx, c.Officer, in.ID.Int64(), in.Letter.Int64())
	out := BreakLetter{
		BreakLetterHead: viewLetterHead(l), Break: NewID(l.Break), Bank: l.Account.Bank, BankName: l.BankName,
		Account: l.Account.No.String(), Holder: l.Account.Name, Amount: NewYuan(l.Amount), By: l.DrawnBy,
		Lines: []BreakLetterLine{},
	}
	for _, line := range l.Lines {
		out.Lines = append(out.Lines, BreakLetterLine{
			Date: NewDay(line.Booked), Direction: line.Direction.String(), Amount: NewYuan(line.Amount),
			BankReference: line.BankReference, Reference: line.Reference, Earlier: line.Earlier, Ours: line.Ours,
		})
	}
	return out, err
}

func (s *Server) breakLetterTable(ctx context.Context, c Call, in *letterQuery) (table, error) {
	l, err := s.deps.Reconcile.Letter(ctx, c.Officer, in.ID.Int64(), in.Letter.Int64())
	return table{
		name:  "letter-" + l.No(),
		write: func(_ context.Context, sheet report.Sheet) error { return l.Write(sheet, in.language()) },
	}, err
}

// AgeingLine is what is open of one reason and age on one account.
type AgeingLine struct {
	Account   ID     `json:"account_id"`
	Bank      string `json:"bank"`
	Number    string `json:"account"    doc:"The last digits; the rest is masked"`
	Reason    string `json:"reason"`
	Band      string `json:"band"       doc:"Age in calendar days" enum:"0-3,4-10,11-30,31-90,91-"`
	Count     int    `json:"count"`
	Overdue   int    `json:"overdue"`
	Amount    Yuan   `json:"amount"`
	MoneyDays string `json:"money_days"`
}

// ClassLine counts one of the eight classes.
type ClassLine struct {
	Class  int  `json:"class"  minimum:"0" maximum:"7"`
	Count  int  `json:"count"`
	Amount Yuan `json:"amount" doc:"Of breaks: 0.00 in classes 1 and 7, which are none"`
}

// BreakAgeing is what was open at the end of a day.
type BreakAgeing struct {
	AsOf      Day          `json:"as_of"`
	Rows      []AgeingLine `json:"rows"       nullable:"false"`
	Classes   []ClassLine  `json:"classes"    nullable:"false"`
	Count     int          `json:"count"`
	Overdue   int          `json:"overdue"`
	Amount    Yuan         `json:"amount"`
	MoneyDays string       `json:"money_days"`
}

type ageingQuery struct {
	Printing

	AsOf    Day `query:"as_of"   doc:"Absent is today"`
	Account ID  `query:"account" doc:"Absent is all"`
}

func (s *Server) breakAgeing(ctx context.Context, c Call, in *ageingQuery) (BreakAgeing, error) {
	r, err := s.deps.Reconcile.Ageing(ctx, c.Officer, in.Account.Int64(), in.AsOf.Day)
	out := BreakAgeing{
		AsOf: NewDay(r.AsOf), Rows: []AgeingLine{}, Classes: []ClassLine{}, Count: r.Count, Overdue: r.Overdue,
		Amount: NewYuan(r.Amount), MoneyDays: r.MoneyDays.StringFixed(2),
	}
	for _, row := range r.Rows {
		out.Rows = append(out.Rows, AgeingLine{
			Account: NewID(row.Account.ID), Bank: row.Account.Bank, Number: row.Account.No.String(), Reason: string(row.Reason),
			Band: row.Band.String(), Count: row.Count, Overdue: row.Overdue, Amount: NewYuan(row.Amount),
			MoneyDays: row.MoneyDays.StringFixed(2),
		})
	}
	for _, k := range r.Classes {
		out.Classes = append(out.Classes, ClassLine{Class: int(k.Class), Count: k.Count, Amount: NewYuan(k.Amount)})
	}
	return out, err
}

func (s *Server) breakAgeingTable(ctx context.Context, c Call, in *ageingQuery) (table, error) {
	r, err := s.deps.Reconcile.Ageing(ctx, c.Officer, in.Account.Int64(), in.AsOf.Day)
	return table{
		name:  fmt.Sprintf("break-ageing-%s", r.AsOf),
		write: func(_ context.Context, sheet report.Sheet) error { return r.Write(sheet, in.language()) },
	}, err
}
