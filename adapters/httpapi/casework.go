package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/casework"
	"twoline/gateway/once"
)

// caseworkRoutes are what two people of the agency decide where no rule can: files
// that were set aside, items whose bank is silent, cases that nothing else ends.
// Decisions of other subjects are asked for there, and approved here.
func (s *Server) caseworkRoutes() {
	if s.deps.Casework == nil {
		return
	}
	in := []approval.Organisation{approval.AgencyBusiness, approval.AgencyFinance}
	makers, checkers := Officers(approval.Maker, in...), Officers(approval.Checker, in...)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/quarantine", Summary: "Files that were set aside, and why", Who: readers(),
	}, s.quarantine)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/quarantine/{id}/decision", Summary: "Ask for a decision about a file",
		Status: 201,
		Description: "accept: when a second person has approved it, the file is taken in as any other, though its name was " +
			"used before or its totals differ; every line of it is still compared with what was sent. reject: it stays " +
			"where it is, and the document says why.",
		Who: makers,
	}, viewDecision, s.decideFile)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/items/{id}/evidence", Summary: "Ask that an unknown item is settled on evidence",
		Status: 201,
		Description: "A debit or payment that the bank was asked about and did not answer. When a second person has " +
			"approved it, the evidence is an answer of the bank: a success needs the bank's number and value date, a failure " +
			"its code; not_executed may be sent again. What the bank says later is compared with it.",
		Who: makers,
	}, viewDecision, s.giveEvidence)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/cases/{id}/resolution", Summary: "Ask that a case is closed", Status: 201,
		Description: "A case that no event ends, such as a refused line: when a second person has approved it, it is closed " +
			"with the document. Cases that end by themselves are refused.",
		Who: makers,
	}, viewDecision, s.settleCase)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/decisions", Summary: "Decisions in rising order", Who: readers(),
	}, s.decisions)
	Query(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodGet, Path: "/v1/decisions/{id}", Summary: "One decision", Who: readers(),
	}, s.decision)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/decisions/{id}/approve", Summary: "Approve its digest: it takes effect",
		Description: "By a checker who is another person than the maker. Returns, death notices, personal accounts and awards and contribution lists with their " +
			"interest and subsidies are decided by the business office, fund accounts, refunds and payments by hand by the finance office, the others by either.",
		Who: checkers, Deadline: monthsWork,
	}, viewDecision, s.approveDecision)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/decisions/{id}/reject", Summary: "End it without an effect", Who: checkers,
	}, viewDecision, s.rejectDecision)
	Command(s, Route{ //nolint:exhaustruct // defaults
		Method: http.MethodPost, Path: "/v1/decisions/{id}/withdraw", Summary: "Take it back, by its maker",
		Who: makers.Or(checkers),
	}, viewDecision, s.withdrawDecision)
}

// Decision is what is asked for, and what became of it.
type Decision struct {
	ID             ID        `json:"id"`
	Kind           string    `json:"kind"                     enum:"file,item,case,return,notice,opening_balance,opening_accounts,match_rules,policies,contribution_list,subsidy_list,interest_run,award_run,due_run,due_end,due,recovery,transfer,refund,refund_return,hand_payment"`
	SubjectID      ID        `json:"subject_id"               doc:"What it is about, by its kind: a receipt, an item, a case, a notice, a fund account, a list, a run"`
	Decision       string    `json:"decision"                 enum:"accept,reject,succeeded,failed,not_executed,settled,executed,unclaimed,taken_back,entered"`
	About          string    `json:"about"                    doc:"What its maker was shown"`
	Document       string    `json:"document"`
	Reason         string    `json:"reason,omitempty"`
	BankReference  string    `json:"bank_reference,omitempty"`
	ValueDate      *Day      `json:"value_date,omitempty"`
	Code           string    `json:"code,omitempty"`
	Amount         *Yuan     `json:"amount,omitempty"         doc:"Of a fund account: its balance at the end of value_date"`
	DocumentDigest string    `json:"document_digest,omitempty" doc:"SHA-256 of a document that is a file, hex"`
	Digest         string    `json:"digest"                   doc:"SHA-256 of the above, hex: what is approved"`
	Maker          string    `json:"maker"`
	MadeAt         time.Time `json:"made_at"`
	Status         string    `json:"status"                   enum:"submitted,approved,rejected,withdrawn"`
}

func viewDecision(r casework.Request) Decision {
	out := Decision{
		ID: NewID(r.ID), Kind: string(r.Kind), SubjectID: NewID(r.Subject), Decision: string(r.Word), About: r.About,
		Document: r.Document, Reason: r.Reason, BankReference: r.BankReference, ValueDate: nil, Code: r.Code,
		Amount: nil, DocumentDigest: hex.EncodeToString(r.DocumentDigest),
		Digest: hex.EncodeToString(r.Digest[:]), Maker: r.Maker, MadeAt: r.MadeAt, Status: string(r.State),
	}
	if !r.ValueDate.IsZero() {
		day := NewDay(r.ValueDate)
		out.ValueDate = &day
	}
	if r.Kind == casework.OpeningBalance {
		amount := NewYuan(r.Amount)
		out.Amount = &amount
	}
	return out
}

type quarantineQuery struct {
	Paging
}

func (s *Server) quarantine(ctx context.Context, c Call, in *quarantineQuery) (Page[Receipt], error) {
	after, err := in.After()
	if err != nil {
		return Page[Receipt]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Casework.Quarantine(ctx, c.Officer, after, in.Limit+1)
	return NewPage(list, in.Limit, func(r bank.Receipt) int64 { return r.ID }, viewReceipt), err
}

type fileDecisionCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Decision string `json:"decision"         enum:"accept,reject"`
		Document string `json:"document"         minLength:"1" maxLength:"200" doc:"What it rests on: the bank's letter, the call note"`
		Reason   string `json:"reason,omitempty" maxLength:"200"`
	}
}

func (s *Server) decideFile(ctx context.Context, c Call, in *fileDecisionCommand) (once.Answer, error) {
	return s.deps.Casework.Ask(ctx, c.Request, c.Render, c.Officer, casework.Ask{ //nolint:exhaustruct // a file
		Kind: casework.File, Subject: in.ID.Int64(), Word: casework.Word(in.Body.Decision), Document: in.Body.Document,
		Reason: in.Body.Reason,
	})
}

type evidenceCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Outcome       string `json:"outcome"                  enum:"succeeded,failed,not_executed"`
		Document      string `json:"document"                 minLength:"1" maxLength:"200" doc:"The evidence: the bank's letter, its answer to our query, the statement"`
		Reason        string `json:"reason,omitempty"         maxLength:"200"`
		BankReference string `json:"bank_reference,omitempty" maxLength:"64" doc:"Of a success: the bank's number of the movement"`
		ValueDate     *Day   `json:"value_date,omitempty"     doc:"Of a success: the day on which the money moved"`
		Code          string `json:"code,omitempty"           maxLength:"35" doc:"Of a failure: the bank's reason"`
	}
}

func (s *Server) giveEvidence(ctx context.Context, c Call, in *evidenceCommand) (once.Answer, error) {
	b := in.Body
	ask := casework.Ask{ //nolint:exhaustruct // the day is below
		Kind: casework.Item, Subject: in.ID.Int64(), Word: casework.Word(b.Outcome), Document: b.Document, Reason: b.Reason,
		BankReference: b.BankReference, Code: b.Code,
	}
	if b.ValueDate != nil {
		ask.ValueDate = b.ValueDate.Day
	}
	return s.deps.Casework.Ask(ctx, c.Request, c.Render, c.Officer, ask)
}

type resolutionCommand struct {
	ID   ID `path:"id"`
	Body struct {
		Decision string `json:"decision,omitempty" enum:"settled,executed" default:"settled" doc:"executed: the bank has a recalled batch all the same; its payments are unknown until answered or settled one by one"`
		Document string `json:"document"           minLength:"1"           maxLength:"200"   doc:"What it rests on"`
		Reason   string `json:"reason,omitempty"   maxLength:"200"         doc:"How it ended"`
	}
}

func (s *Server) settleCase(ctx context.Context, c Call, in *resolutionCommand) (once.Answer, error) {
	return s.deps.Casework.Ask(ctx, c.Request, c.Render, c.Officer, casework.Ask{ //nolint:exhaustruct // a case
		Kind: casework.Case, Subject: in.ID.Int64(), Word: casework.Word(in.Body.Decision), Document: in.Body.Document,
		Reason: in.Body.Reason,
	})
}

type decisionsQuery struct {
	Paging

	Kind   string `query:"kind"   enum:"file,item,case,return,notice,opening_balance,opening_accounts,match_rules,policies,contribution_list,refund,refund_return,interest_run,subsidy_list,award_run,due_run,due_end,due,recovery,transfer,hand_payment"`
	Status string `query:"status" enum:"submitted,approved,rejected,withdrawn"`
}

func (s *Server) decisions(ctx context.Context, c Call, in *decisionsQuery) (Page[Decision], error) {
	after, err := in.After()
	if err != nil {
		return Page[Decision]{}, err //nolint:exhaustruct // none
	}
	list, err := s.deps.Casework.Requests(ctx, c.Officer, casework.Filter{ //nolint:exhaustruct // the service adds the area
		Kind: casework.Kind(in.Kind), State: casework.State(in.Status), After: after, Limit: in.Limit + 1,
	})
	return NewPage(list, in.Limit, func(r casework.Request) int64 { return r.ID }, viewDecision), err
}

type decisionQuery struct {
	ID ID `path:"id"`
}

func (s *Server) decision(ctx context.Context, c Call, in *decisionQuery) (Decision, error) {
	r, err := s.deps.Casework.Request(ctx, c.Officer, in.ID.Int64())
	return viewDecision(r), err
}

// caseVerdict reads a checker's word; the fields are those of every approval.
func (in *verdictCommand) caseVerdict() (casework.Verdict, error) {
	v := casework.Verdict{ID: in.ID.Int64(), Digest: [sha256.Size]byte{}, Reason: in.Body.Reason}
	if n, err := hex.Decode(v.Digest[:], []byte(in.Body.Digest)); err != nil || n != sha256.Size {
		return v, approval.ErrDigest
	}
	return v, nil
}

func (s *Server) approveDecision(ctx context.Context, c Call, in *verdictCommand) (once.Answer, error) {
	v, err := in.caseVerdict()
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Casework.Approve(ctx, c.Request, c.Render, c.Officer, v)
}

func (s *Server) rejectDecision(ctx context.Context, c Call, in *verdictCommand) (once.Answer, error) {
	v, err := in.caseVerdict()
	if err != nil {
		return once.Answer{}, err //nolint:exhaustruct // none
	}
	return s.deps.Casework.Reject(ctx, c.Request, c.Render, c.Officer, v)
}

func (s *Server) withdrawDecision(ctx context.Context, c Call, in *decisionQuery) (once.Answer, error) {
	return s.deps.Casework.Withdraw(ctx, c.Request, c.Render, c.Officer, in.ID.Int64())
}
