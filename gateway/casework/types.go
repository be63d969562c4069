package casework

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Kind is what a request decides about.
type Kind string

// The kinds.
const (
	// File is a receipt that was set aside.
	File Kind = "file"
	// Item is a debit or payment whose outcome is not known.
	Item Kind = "item"
	// Case is something to look at that ends by no event.
	Case Kind = "case"
	// HandPayment is a payment that was made by hand instead of one that did not reach the person.
	HandPayment Kind = "hand_payment"
	// Return is a payment that came back and waits to be paid again.
	Return Kind = "return"
	// Notice is a death that was reported.
	Notice Kind = "notice"
	// OpeningBalance is what a fund account held at go-live.
	OpeningBalance Kind = "opening_balance"
	// OpeningAccounts is a list of members' personal accounts at go-live.
	OpeningAccounts Kind = "opening_accounts"
	// MatchRules is a set of rules by which a fund account is to be matched.
	MatchRules Kind = "match_rules"
	// DueRun is a list of differences that members are owed for months paid too low.
	DueRun Kind = "due_run"
	// DueEnd is a due that nobody is to be paid after all.
	DueEnd Kind = "due_end"
	// Policies is a list of rules of the area.
	Policies Kind = "policies"
	// ContributionList is a list of members whom somebody else pays for.
	ContributionList Kind = "contribution_list"
	// Refund is a contribution that is given back to its payer.
	Refund Kind = "refund"
	// RefundReturn is money of a refund that the bank gave back.
	RefundReturn Kind = "refund_return"
	// InterestRun is a year's interest on members' personal accounts.
	InterestRun Kind = "interest_run"
	// SubsidyList is government's subsidies to the contributions of a year.
	SubsidyList Kind = "subsidy_list"
	// AwardRun is a computation of what members are entitled to.
	AwardRun Kind = "award_run"
	// Recovery is how what was paid after a death is settled, or money of it that came back.
	Recovery Kind = "recovery"
	// Due is what an heir claims.
	Due Kind = "due"
	// Transfer is a member's account that moves out or in, or a member who leaves for good.
	Transfer Kind = "transfer"
)

// Word is what is to be decided.
type Word string

// The words: the first two of a file, the next three of an item, the next two of a
// case. Executed is that of a recalled batch which the bank has all the same: it is
// unknown from then on, and its payments are answered or settled one by one. Unclaimed
// is that of a return, which is never paid again; TakenBack that of a notice which was
// wrong, so that the member is paid again by the next run; Entered that of what was
// held at go-live, which stands in the book from then on.
const (
	Accept      Word = "accept"
	Refuse      Word = "reject"
	Succeeded   Word = "succeeded"
	Failed      Word = "failed"
	NotExecuted Word = "not_executed"
	Settled     Word = "settled"
	Executed    Word = "executed"
	Unclaimed   Word = "unclaimed"
	TakenBack   Word = "taken_back"
	Entered     Word = "entered"
)

func (w Word) of(k Kind) bool {
	switch k {
	case File:
		return w == Accept || w == Refuse
	case Item:
		return w == Succeeded || w == Failed || w == NotExecuted
	case Case:
		return w == Settled || w == Executed
	case Return:
		return w == Unclaimed
	case Notice:
		return w == TakenBack
	case OpeningBalance, OpeningAccounts, MatchRules, DueRun, Policies, ContributionList, Refund, InterestRun,
		SubsidyList, AwardRun, Recovery, Due, Transfer, HandPayment, RefundReturn, DueEnd:
		return w == Entered
	}
	return false
}

// State is where a request stands.
type State string

// The states.
const (
	Submitted State = "submitted"
	Approved  State = "approved"
	Rejected  State = "rejected"
	Withdrawn State = "withdrawn"
)

// CanBecome lists every legal step. The database refuses every other.
func (s State) CanBecome(next State) bool {
	switch s {
	case Submitted:
		return next == Approved || next == Rejected || next == Withdrawn
	case Approved, Rejected, Withdrawn:
		return false
	}
	return false
}

// Ask is what a maker asks for.
type Ask struct {
	Kind Kind
	// Subject is the id of the receipt, the item, the case, the return, the notice, the
	// fund account, the list, the set of rules, the run, the claim, the award run, the
	// payment that was made by hand, the due or the refund.
	Subject int64
	Word    Word
	// Document names the evidence: the bank's letter, its query's answer, the call note.
	Document string
	// Reason says more, where there is more to say.
	Reason string
	// BankReference and ValueDate are those of an item that succeeded, of a payment by hand or of money of a refund
	// that came back, Code is the bank's reason for one that failed. ValueDate is also the day of an opening balance.
	BankReference string
	ValueDate     calendar.Day
	Code          string
	// Amount is an opening balance.
	Amount money.Amount
	// DocumentDigest is the SHA-256 of a document that is a file, or nil.
	DocumentDigest []byte
}

// Request is an Ask as it was made, with the state of its decision.
type Request struct {
	Ask

	Area party.Area
	ID   int64
	// About is what its maker was shown of the subject, as one line.
	About       string
	Digest      [sha256.Size]byte
	Maker       string
	MakerPerson int64
	MadeAt      time.Time
	State       State
	// Version counts the states that it has been in.
	Version int
}

// OpenItem is what is known of an item that a person wants to decide.
type OpenItem struct {
	ID int64
	// Payment says that it is money out.
	Payment bool
	Bank    string
	Batch   int64
	Amount  money.Amount
	// MadeOn is the day on which its batch was made.
	MadeOn calendar.Day
	// Decided says that it has its final answer; Asked that the bank was asked about
	// it, or answered what decides nothing.
	Decided, Asked bool
}

// OpenCase is a case that a person wants to end.
type OpenCase struct {
	ID                  int64
	Kind, Subject, Text string
	Closed              bool
}

// Verdict is what a checker says.
type Verdict struct {
	ID int64
	// Digest is the one that the checker was shown.
	Digest [sha256.Size]byte
	Reason string
}

// The refusals of casework.
var (
	ErrRequest  = fault.New(fault.NotFound, "decision_not_found", "there is no such decision")
	ErrOpen     = fault.New(fault.Conflict, "decision_open", "a decision about this waits for its checker")
	ErrAsk      = fault.New(fault.Invalid, "decision_invalid", "the decision is not complete")
	ErrNotAside = fault.New(fault.Conflict, "file_not_aside", "the file is not set aside")
	ErrNotWhole = fault.New(fault.Unprocessable, "file_not_whole",
		"the file did not arrive whole; it has to be sent again")
	ErrNoItem   = fault.New(fault.NotFound, "item_not_found", "no such item")
	ErrKnown    = fault.New(fault.Conflict, "item_decided", "the bank answered: the item has its final outcome")
	ErrNotAsked = fault.New(fault.Conflict, "item_awaited",
		"the bank has not been asked about the item; its answer may still come")
	ErrEvidence = fault.New(fault.Unprocessable, "evidence_incomplete",
		"the evidence does not say enough to decide the item")
	ErrNoCase    = fault.New(fault.NotFound, "case_not_found", "no such case")
	ErrCaseEnded = fault.New(fault.Conflict, "case_closed", "the case is closed")
	ErrNoRecall  = fault.New(fault.Conflict, "case_of_no_recall",
		"only a recalled batch can have been executed after all")
	ErrPaidAgain = fault.New(fault.Conflict, "paid_again",
		"a later batch pays people of this one again: recall that one first, or claim one of the payments back")
	ErrCaseEnds = fault.New(fault.Conflict, "case_ends_itself", "the case is ended by what it waits for")
)

// NotExecutedCode is the code of an answer by evidence that the bank never
// executed the item.
const NotExecutedCode = "NOT_EXECUTED"

// Answer is the evidence as a line of an answer of the bank, with the item's amount.
func (r Request) Answer(amount money.Amount) bank.Answer {
	a := bank.Answer{ //nolint:exhaustruct // what evidence says
		Line: 1, Item: r.Subject, Text: r.Document, BankReference: r.BankReference, ValueDate: r.ValueDate,
		Code: r.Code,
	}
	switch r.Word { //nolint:exhaustive // the words of items
	case Succeeded:
		a.Outcome, a.Amount = bank.OutcomeSucceeded, &amount
	case Failed:
		a.Outcome, a.Class = bank.OutcomeFailed, bank.ClassOf(bank.OutcomeFailed, r.Code)
	case NotExecuted:
		a.Outcome, a.Class, a.Code = bank.OutcomeFailed, bank.ClassRetryTechnical, NotExecutedCode
	}
	return a
}

// Actor is who stands behind the effect of a decision.
func (r Request) Actor() string { return "officer:" + r.Maker }

// ReceiptName is the name of the receipt under which evidence is taken in.
func (r Request) ReceiptName() string { return fmt.Sprintf("evidence:%d", r.ID) }

// digest covers everything that decides.
func (r Request) digest() [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte("twoline decision 1\n"))
	day := ""
	if !r.ValueDate.IsZero() {
		day = r.ValueDate.String()
	}
	for _, f := range [][2]string{
		{"area", r.Area.String()},
		{"kind", string(r.Kind)},
		{"subject", fmt.Sprint(r.Subject)},
		{"about", r.About},
		{"word", string(r.Word)},
		{"document", r.Document},
		{"reason", r.Reason},
		{"bank_reference", r.BankReference},
		{"value_date", day},
		{"code", r.Code},
		{"amount", fmt.Sprint(r.Amount.Fen())},
		{"document_digest", hex.EncodeToString(r.DocumentDigest)},
	} {
		h.Write(fmt.Appendf(nil, "%s %d:%s\n", f[0], len(f[1]), f[1]))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// officesOf are those whose maker asks for a decision and whose checker approves it:
// both offices handle what banks say, the members' rights are the business office's,
// the fund's accounts are the finance office's.
func officesOf(k Kind) []approval.Organisation {
	switch k {
	case File, Item, Case, Recovery, Transfer:
		return []approval.Organisation{approval.AgencyBusiness, approval.AgencyFinance}
	case Return, Notice, OpeningAccounts, DueRun, Due, DueEnd, Policies, ContributionList, InterestRun, SubsidyList,
		AwardRun:
		return []approval.Organisation{approval.AgencyBusiness}
	case OpeningBalance, MatchRules, Refund, RefundReturn, HandPayment:
		return []approval.Organisation{approval.AgencyFinance}
	}
	return nil
}
