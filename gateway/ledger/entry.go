package ledger

import (
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Side is debit or credit.
type Side string

// The two sides.
const (
	Debit  Side = "debit"
	Credit Side = "credit"
)

// Opposite returns the other side.
func (s Side) Opposite() Side {
	if s == Debit {
		return Credit
	}
	return Debit
}

// Nature says how a posting stands to the bank's statement.
type Nature string

// The natures. Reconciliation sees items and direct moves, never a sum line;
// verification proves that a sum line equals its items.
const (
	// Direct is a movement of its own: a sweep's two lines, a subsidy's two lines.
	Direct Nature = "direct"
	// SumLine stands on a fund or control account for all items of the entry.
	SumLine Nature = "sum"
	// ItemLine is one item's line and component; it names the item as its cause.
	ItemLine Nature = "item"
)

// Posting is one line of an entry.
type Posting struct {
	Side   Side
	Role   Role
	Nature Nature
	// Red counts the amount negative on its own side.
	Red    bool
	Amount money.Amount
	// FundAccount is the bank account moved: required on roles at a bank and on
	// item lines of the fund's set, which name the account of their sum line; else 0.
	FundAccount int64
	// Batch is the bank batch that the line came through, or 0.
	Batch int64
	// Cause is the id of the item that caused the line; unique with the role. 0
	// on sum and direct lines.
	Cause int64
	// Member owns the personal account touched; 0 on the fund's sum lines.
	Member int64
	// Year is the contribution year of an item line, or 0.
	Year int
}

// Entry is one voucher: written whole, once, and never edited.
type Entry struct {
	Area   party.Area
	Scheme Scheme
	Kind   Kind
	// Cause names the fact that moved the money, such as "sweep:1234"; it is
	// unique in the area, so that the same fact books once.
	Cause string
	// Reverses is the id of the entry that this one mirrors in red, or 0.
	Reverses int64
	// AccountedOn is the business day of the booking, in the open period.
	AccountedOn calendar.Day
	// EffectiveOn is the day the money moved at the bank.
	EffectiveOn calendar.Day
	// Text is one line for the journal, without personal data.
	Text     string
	Postings []Posting
}

// The refusals of an entry that is not one.
var (
	ErrUnbalanced = fault.New(fault.Internal, "entry_unbalanced", "debits and credits differ within a set")
	ErrShape      = fault.New(fault.Internal, "entry_malformed", "the entry's header or a line is incomplete")
)

// Signed returns the posting's effect on its own side, negative in red.
func (p Posting) Signed() money.Amount {
	if p.Red {
		return -p.Amount
	}
	return p.Amount
}

// Check proves the entry by itself: shape, balance in each set, and the
// two-line rule on its effective day. The same is enforced by the database.
func (e Entry) Check(rules *RuleBook) error {
	if err := e.checkShape(); err != nil {
		return err
	}
	var fund, memo money.Total
	for _, p := range e.Postings {
		amount := p.Signed()
		if p.Side == Credit {
			amount = -amount
		}
		if p.Role.Set() == FundSet {
			fund.Add(amount)
		} else {
			memo.Add(amount)
		}
		if err := rules.Allows(e.Kind, p, e.Reverses != 0, e.EffectiveOn); err != nil {
			return err
		}
	}
	for _, t := range []money.Total{fund, memo} {
		if sum, err := t.Amount(); err != nil || sum != 0 {
			return ErrUnbalanced.With("entry %s: debits and credits differ by %s", e.Cause, sum)
		}
	}
	return nil
}

func (e Entry) checkShape() error {
	if e.Area == 0 || !e.Scheme.Valid() || e.Cause == "" || e.AccountedOn.IsZero() || e.EffectiveOn.IsZero() {
		return ErrShape.With("entry %q lacks area, scheme, cause or a date", e.Cause)
	}
	if len(e.Postings) < 2 {
		return ErrShape.With("entry %s has fewer than two lines", e.Cause)
	}
	for i, p := range e.Postings {
		bad := p.Amount <= 0 || (p.Role.AtBank() && p.FundAccount == 0) ||
			(p.Nature == ItemLine) != (p.Cause != 0)
		if bad {
			return ErrShape.With("entry %s line %d lacks an amount, a fund account or a cause", e.Cause, i+1)
		}
	}
	return nil
}

// Reverse mirrors the entry with the given id in red: every line as it was,
// its red mark turned over. cause names what the mistake was found by.
func Reverse(e Entry, id int64, cause string, on calendar.Day) Entry {
	r := e
	r.Reverses, r.Cause, r.AccountedOn = id, cause, on
	r.Postings = make([]Posting, len(e.Postings))
	for i, p := range e.Postings {
		p.Red = !p.Red
		r.Postings[i] = p
	}
	return r
}
