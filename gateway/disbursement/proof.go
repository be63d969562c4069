package disbursement

import (
	"context"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Tally is a number of claims and what they come to.
type Tally struct {
	Count  int
	Amount money.Amount
}

// Add returns the sum of two.
func (t Tally) Add(u Tally) Tally { return Tally{t.Count + u.Count, t.Amount + u.Amount} }

// Less returns the difference of two.
func (t Tally) Less(u Tally) Tally { return Tally{t.Count - u.Count, t.Amount - u.Amount} }

// Steps are the claims of a run by where they stand, each counted where the fact is
// written down: that they agree is not given.
type Steps struct {
	// Entitled is the roster's own sum, Held its held lines, Approved the run's sum.
	Entitled, Held, Approved Tally
	// Sent and Withdrawn are the batches' sums.
	Sent, Withdrawn Tally
	// Succeeded and Rejected are payments with that outcome, Unknown those that were
	// sent and have none.
	Succeeded, Rejected, Unknown Tally
	// Returned are successes that came back, as booked; Reissued are rejected and
	// returned ones that a later run, or somebody by hand, paid again, and that did not
	// come back.
	Returned, Reissued Tally
	// NotInPlace are successes of after the pay day, and returned ones.
	NotInPlace Tally
	// NotActivated are paid for the bank and not for the pensioner, who cannot draw.
	NotActivated Tally
}

// BookedMoney is what the book holds of a run.
type BookedMoney struct {
	// BankDebits left the expenditure accounts for the run's payments and for those
	// that pay them again, CreditsBack came back to them. InTransit is with banks that
	// took a lump and have not said what became of all of it.
	BankDebits, CreditsBack, InTransit money.Amount
	// Settled is what is spent, or taken out of suspense, by the run's own payments.
	Settled money.Amount
}

// Proof is the proof of a pay run's cycle: who was entitled, what left, what was
// paid, and every difference by name.
type Proof struct {
	Run Run
	Steps
	BookedMoney

	// Paid is succeeded less returned, and what was paid again; Open is the rest of
	// what its people were entitled to.
	Paid, Open Tally
	// Statement is the same money as the reconciled statement has it, Sides what stands
	// on one side only, by name.
	Statement OnStatement
	Sides     []SideList
	// Rests is what the proof can be held against.
	Rests RestsOn
	// Breaks names every equation that does not hold; none is the proof. What the
	// statement is still open about breaks none.
	Breaks []string
	Lists  []ProofList
}

// Step is a difference that the proof lists by name.
type Step string

// The steps that are listed.
const (
	StepHeld         Step = "held"
	StepWithdrawn    Step = "withdrawn"
	StepRejected     Step = "rejected"
	StepUnknown      Step = "unknown"
	StepReturned     Step = "returned"
	StepOpen         Step = "open"
	StepNotInPlace   Step = "not_in_place"
	StepNotActivated Step = "not_activated"
)

// ListedSteps are the steps in the order of the proof.
func ListedSteps() []Step {
	return []Step{
		StepHeld, StepWithdrawn, StepRejected, StepUnknown, StepReturned, StepOpen, StepNotInPlace, StepNotActivated,
	}
}

// ProofList is the first names of a step; More says that others follow, which
// ProofNames lists.
type ProofList struct {
	Step  Step
	Names []ProofName
	More  bool
}

// ProofName is one claim of a list. Names print masked.
type ProofName struct {
	Step Step
	// Line is the claim's line of the roster, Item the payment, 0 where it was held.
	Line     int
	Item     int64
	Member   int64
	SocialNo string
	Name     party.Name
	Month    calendar.Month
	Amount   money.Amount
	// Reason is why it is held, or what the bank said of it: class and code.
	Reason    string
	ValueDate calendar.Day
	// PaidBy is another run that paid the same claim, or 0.
	PaidBy int64
}

// NamePage is a page of one list, or of several: of each at most Limit names, those
// after a line of the roster.
type NamePage struct {
	Steps []Step
	After int
	Limit int
}

const (
	proofNames    = 1000
	maxProofNames = 10_000
)

// Proof proves a released run of the officer's area.
func (s *Service) Proof(ctx context.Context, by approval.Officer, run int64) (Proof, error) {
	var p Proof
	if err := mayRead(by); err != nil {
		return p, err
	}
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		p, err = prove(ctx, tx, by.Area, run)
		return err
	})
	return p, err
}

func prove(ctx context.Context, tx ProofTx, area party.Area, id int64) (p Proof, err error) {
	if p.Run, err = tx.FindRun(ctx, area, id); err != nil {
		return p, err
	}
	if p.Run.State != Released && p.Run.State != Closed {
		return p, ErrRunState.With("the run is %s; only a run that was released can be proved", p.Run.State)
	}
	if p.Steps, err = tx.ProofSteps(ctx, p.Run); err != nil {
		return p, err
	}
	if p.BookedMoney, err = tx.ProofMoney(ctx, p.Run); err != nil {
		return p, err
	}
	p.Paid = p.Succeeded.Less(p.Returned).Add(p.Reissued)
	p.Open = p.Entitled.Less(p.Paid)
	if err = p.onStatement(ctx, tx); err != nil {
		return p, err
	}
	if p.Rests, err = tx.ProofRests(ctx, p.Run, p.Statement.Through); err != nil {
		return p, err
	}
	p.Breaks = append(p.breaks(), p.statementBreaks()...)
	names, err := tx.ProofNames(ctx, p.Run, NamePage{Steps: ListedSteps(), After: 0, Limit: proofNames + 1})
	if err != nil {
		return p, err
	}
	for _, step := range ListedSteps() {
		list := ProofList{Step: step, Names: nil, More: false}
		for _, n := range names {
			if n.Step == step {
				list.Names = append(list.Names, n)
			}
		}
		if list.More = len(list.Names) > proofNames; list.More {
			list.Names = list.Names[:proofNames]
		}
		p.Lists = append(p.Lists, list)
	}
	return p, nil
}

// Rolls take every name of a whole proof, in the order of the lists.
type Rolls struct {
	Claim func(ProofName) error
	Side  func(StatementName) error
}

// WholeProof proves a released run and gives every name of every list, all of one
// moment. The proof's own lists are the first names, as in Proof.
func (s *Service) WholeProof(ctx context.Context, by approval.Officer, run int64, rolls Rolls) (Proof, error) {
	var p Proof
	if err := mayRead(by); err != nil {
		return p, err
	}
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		if p, err = prove(ctx, tx, by.Area, run); err != nil {
			return err
		}
		for _, list := range p.Lists {
			if err := eachClaim(ctx, tx, p.Run, list, rolls.Claim); err != nil {
				return err
			}
		}
		for _, list := range p.Sides {
			if err := eachSide(ctx, tx, p.Run, list, rolls.Side); err != nil {
				return err
			}
		}
		return nil
	})
	return p, err
}

// eachClaim gives the names of a list, of which the first are known.
func eachClaim(ctx context.Context, tx ProofTx, r Run, list ProofList, fn func(ProofName) error) error {
	for {
		for _, n := range list.Names {
			if err := fn(n); err != nil {
				return err
			}
		}
		if !list.More {
			return nil
		}
		page := NamePage{Steps: []Step{list.Step}, After: list.Names[len(list.Names)-1].Line, Limit: maxProofNames}
		names, err := tx.ProofNames(ctx, r, page)
		if err != nil {
			return err
		}
		list.Names, list.More = names, len(names) == maxProofNames
	}
}

func eachSide(ctx context.Context, tx StatementProofTx, r Run, list SideList, fn func(StatementName) error) error {
	for given := 0; ; {
		for _, n := range list.Names {
			if err := fn(n); err != nil {
				return err
			}
		}
		if !list.More {
			return nil
		}
		given += len(list.Names)
		names, err := tx.ProofSide(ctx, r, SidePage{Side: list.Side, After: given, Limit: maxProofNames})
		if err != nil {
			return err
		}
		list.Names, list.More = names, len(names) == maxProofNames
	}
}

// breaks checks the equations of the cycle. Both sides of each are written down in
// different places.
func (p Proof) breaks() []string {
	var out []string
	equal := func(what string, left, right Tally) {
		if left != right {
			out = append(out, fmt.Sprintf("%s: %d of %s, not %d of %s", what, left.Count, left.Amount, right.Count,
				right.Amount))
		}
	}
	equal("entitled = approved + held", p.Entitled, p.Approved.Add(p.Held))
	equal("approved = sent + withdrawn", p.Approved, p.Sent.Add(p.Withdrawn))
	equal("sent = succeeded + rejected + unknown", p.Sent, p.Succeeded.Add(p.Rejected).Add(p.Unknown))
	amount := func(what string, left, right money.Amount) {
		if left != right {
			out = append(out, fmt.Sprintf("%s: %s, not %s", what, left, right))
		}
	}
	amount("booked = succeeded", p.Settled, p.Succeeded.Amount)
	amount("bank debits - credits back = paid + in transit", p.BankDebits-p.CreditsBack, p.Paid.Amount+p.InTransit)
	return out
}

// ProofNames lists the claims of a released run that stand at given steps, in the
// order of the roster.
func (s *Service) ProofNames(ctx context.Context, by approval.Officer, run int64, p NamePage) ([]ProofName, error) {
	if err := mayRead(by); err != nil {
		return nil, err
	}
	if p.Limit < 1 || p.Limit > maxProofNames {
		p.Limit = maxProofNames
	}
	var names []ProofName
	err := s.store.Read(ctx, func(tx Tx) error {
		r, err := tx.FindRun(ctx, by.Area, run)
		if err != nil {
			return err
		}
		names, err = tx.ProofNames(ctx, r, p)
		return err
	})
	return names, err
}

// PaymentStanding is a payment with everything that became of it.
type PaymentStanding struct {
	ItemStanding

	Area party.Area
	Run  int64
	// BatchState is withdrawn for a payment that was recalled: it is dead.
	BatchState bank.BatchState
	// Return is what came back, or nil; Booked says that the book holds it.
	Return       *Return
	ReturnBooked bool
	Unclaimed    bool
	// PaidAgain is the newest payment that replaces this one, or 0; ByHand is how
	// somebody paid it again by hand, or nil.
	PaidAgain int64
	ByHand    *ByHand
	// QueriedOn is the last day on which the bank was asked about it.
	QueriedOn calendar.Day
}

// PaymentFilter selects a payment.
type PaymentFilter struct {
	Area          party.Area
	Bank          string
	ID            int64
	BankReference string
}

// MemberPayments selects a member's payments, those before the given id.
type MemberPayments struct {
	Area   party.Area
	Member int64
	Before int64
	Limit  int
}

// FindPayment says where a payment stands: by id, or by the bank's number of it or
// of its return. Another bank's, and one that was not released, is ErrPayItem.
func (s *Service) FindPayment(ctx context.Context, f PaymentFilter) (PaymentStanding, error) {
	return s.store.FindPayment(ctx, f)
}

// Payments lists a member's payments to an officer of the area, the newest first.
func (s *Service) Payments(ctx context.Context, by approval.Officer, m MemberPayments) ([]PaymentStanding, error) {
	m.Area = by.Area
	m.Limit = page(m.Limit)
	return s.store.Payments(ctx, m)
}

// ReturnLines lists what became of the lines of a receipt of returns after the given one.
func (s *Service) ReturnLines(ctx context.Context, r bank.Receipt, after, limit int) ([]ReturnDecision, error) {
	return s.store.ReturnLines(ctx, r.Area, r.ID, after, page(limit))
}
