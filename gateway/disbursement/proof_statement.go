package disbursement

import (
	"context"
	"fmt"
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Cleared is what stands on one side of a bank's account for a run: for how many
// payments, in how many lines of the statement, and what they come to. Lines is 0
// for what is in the book only.
type Cleared struct {
	Items, Lines int
	Amount       money.Amount
}

// Standing says what the reconciled statement proves of a run's money.
type Standing string

// The standings.
const (
	// Proved is that the bank's own lines are, in sum and line by line, what was paid
	// and is in transit.
	Proved Standing = "proved"
	// StillOpen is that the statement is not matched to the last day of the run's
	// money, that a line must wait until no other candidate can come, or that the bank
	// has not said yet what became of every payment.
	StillOpen Standing = "open"
	// Differs is that the statement is there and disagrees, by the lines that are named.
	Differs Standing = "differs"
)

// OnStatement is a run against the reconciled statements of the accounts that it
// was paid from.
type OnStatement struct {
	// Through is the last day on which the book moved for the run, MatchedThrough the
	// day up to which all of its accounts were matched; no date is not at all.
	Through, MatchedThrough calendar.Day
	// Debits and CreditsBack are lines of the statement that were matched with the
	// run's lines of the book. Of a line that two runs share, each has its own items.
	Debits, CreditsBack Cleared
	// Uncleared stands in the book and not on the statement.
	UnclearedDebits, UnclearedCredits Cleared
	// Unbooked stands on the statement, names the run's payments or batches, and is
	// not in the book.
	UnbookedDebits, UnbookedCredits Cleared
	// Standing is what follows.
	Standing Standing
}

// Net is what the statement's debits come to, less what it credited back: what is
// matched, and what only the statement has.
func (s OnStatement) Net() money.Amount {
	return s.Debits.Amount + s.UnbookedDebits.Amount - s.CreditsBack.Amount - s.UnbookedCredits.Amount
}

// Differing says that a line stands on one side only.
func (s OnStatement) Differing() bool {
	return s.UnclearedDebits.Items+s.UnclearedCredits.Items+s.UnbookedDebits.Lines+s.UnbookedCredits.Lines > 0
}

// none says that nothing stands on a side only.
func (s OnStatement) none(side Side) bool {
	if side == Uncleared {
		return s.UnclearedDebits.Items+s.UnclearedCredits.Items == 0
	}
	return s.UnbookedDebits.Lines+s.UnbookedCredits.Lines == 0
}

// Side is on which side a difference stands.
type Side string

// The sides.
const (
	Uncleared Side = "uncleared"
	Unbooked  Side = "unbooked"
)

// Sides are both, in the order of the proof.
func Sides() []Side { return []Side{Uncleared, Unbooked} }

// StatementName is one line that stands on one side only. Names print masked.
type StatementName struct {
	Side      Side
	Direction bank.Direction
	Amount    money.Amount
	// Day is the accounting day in the book, or the bank's booking day.
	Day calendar.Day
	// Item is the payment, 0 where the line is a batch's; Items is how many it stands
	// for.
	Item     int64
	Items    int
	Batch    string
	SocialNo string
	Name     party.Name
	// BankReference is the bank's, where it is known.
	BankReference string
	// Reason is why the line has no equal, as the reconciliation says.
	Reason string
	// Entry and Line are the book's, Statement the bank's line; 0 on the other side.
	Entry     int64
	Line      int
	Statement int64
}

// SidePage is a page of differences: those of a side after a place in its order.
type SidePage struct {
	Side         Side
	After, Limit int
}

// RestsOn is what a proof can be held against.
type RestsOn struct {
	Batches    []Batch
	Statements []StatementFile
	Days       []SealedDay
}

// StatementFile is a statement of one of the run's accounts, with its file.
type StatementFile struct {
	FundAccount      int64
	Number           string
	From, To         calendar.Day
	Opening, Closing money.Amount
	Receipt          int64
	FileName         string
	Digest           [32]byte
}

// SealedDay is a day of the book on which the run moved it. The digest is zero for
// a day that is not sealed yet.
type SealedDay struct {
	Scheme ledger.Scheme
	Day    calendar.Day
	Sealed bool
	Digest [32]byte
}

// StatementProofTx is what the statement's part of a proof needs of a transaction.
type StatementProofTx interface {
	// ProofStatement sums the run's lines of book and statement; Standing is left out.
	ProofStatement(ctx context.Context, r Run) (OnStatement, error)
	// ProofSide lists what stands on one side only, the oldest first.
	ProofSide(ctx context.Context, r Run, p SidePage) ([]StatementName, error)
	// ProofRests lists the files and sealed days up to a day.
	ProofRests(ctx context.Context, r Run, through calendar.Day) (RestsOn, error)
}

// SideList is the first differences of a side; More says that others follow.
type SideList struct {
	Side  Side
	Names []StatementName
	More  bool
}

// onStatement adds the statement's side to a proof that has the book's.
func (p *Proof) onStatement(ctx context.Context, tx StatementProofTx) error {
	var err error
	if p.Statement, err = tx.ProofStatement(ctx, p.Run); err != nil {
		return err
	}
	for _, side := range Sides() {
		list := SideList{Side: side, Names: nil, More: false}
		if p.Statement.none(side) {
			p.Sides = append(p.Sides, list)
			continue
		}
		list.Names, err = tx.ProofSide(ctx, p.Run, SidePage{Side: side, After: 0, Limit: proofNames + 1})
		if err != nil {
			return err
		}
		if list.More = len(list.Names) > proofNames; list.More {
			list.Names = list.Names[:proofNames]
		}
		p.Sides = append(p.Sides, list)
	}
	p.Statement.Standing = p.standing()
	return nil
}

// standing says what the statement proves. The book's own lines must all be
// accounted for, and the bank's lines alone must give what was paid.
func (p *Proof) standing() Standing {
	s := p.Statement
	switch {
	case s.MatchedThrough.IsZero() || s.MatchedThrough.Before(s.Through) || p.Unknown.Count > 0:
		return StillOpen
	case s.Differing() && p.onlyWaiting():
		return StillOpen
	case s.Differing() || s.Net() != p.Paid.Amount+p.InTransit:
		return Differs
	}
	return Proved
}

// waiting is the reconciliation's reason for a line whose equal is found and must
// wait until no other can come.
const waiting = "waiting"

// onlyWaiting says that no line stands on one side for another reason.
func (p *Proof) onlyWaiting() bool {
	for _, list := range p.Sides {
		if list.More || slices.ContainsFunc(list.Names, func(n StatementName) bool { return n.Reason != waiting }) {
			return false
		}
	}
	return true
}

// statementBreaks are the equations between book and statement that do not hold. A
// line that is named on either side breaks none of the first: it is what it allows
// for.
func (p *Proof) statementBreaks() []string {
	s := p.Statement
	var out []string
	booked := s.Debits.Amount + s.UnclearedDebits.Amount - s.CreditsBack.Amount - s.UnclearedCredits.Amount
	if want := p.BankDebits - p.CreditsBack; booked != want {
		out = append(out, fmt.Sprintf("on the statement + uncleared = booked: %s, not %s", booked, want))
	}
	if s.Standing == Differs {
		out = append(out, fmt.Sprintf("statement's debits - credits back = paid + in transit: %s, not %s", s.Net(),
			p.Paid.Amount+p.InTransit))
	}
	return out
}
