package award

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"time"

	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/entitlement"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// The refusals.
var (
	ErrOrder   = fault.New(fault.Invalid, "award_order", "the award run is not ordered completely")
	ErrMonth   = fault.New(fault.Unprocessable, "award_month", "nothing can be awarded for this month")
	ErrNoBook  = fault.New(fault.Unprocessable, "award_no_book", "the area keeps no book of this scheme")
	ErrUnknown = fault.New(fault.NotFound, "award_run_not_found", "there is no such award run")
	ErrStale   = fault.New(fault.Conflict, "award_run_stale",
		"what members are entitled to, or a rule that it rests on, changed after the run was made: make it again")
	ErrMember = fault.New(fault.NotFound, "member_not_found", "no such member")
	ErrLine   = fault.New(fault.NotFound, "roster_line_not_found", "the roster has no such line")
	ErrRoster = fault.New(fault.NotFound, "roster_not_found", "no such roster")
)

// Monthly is what is paid a month, by component. Extras for years and age are part of
// the base.
type Monthly struct {
	Base, Account money.Amount
}

// Sum adds the components.
func (m Monthly) Sum() money.Amount { return m.Base + m.Account }

// What a step does to a member's pension.
type What string

// The effects.
const (
	Begun   What = "begun"
	Changed What = "changed"
	Ended   What = "ended"
)

// Cause is why a step begins in its month.
type Cause string

// The causes. Of several the first of this list is told.
const (
	// Death is the month after the month of death.
	Death Cause = "death"
	// Conditions is the month after the last condition was met, or the first of the book.
	Conditions Cause = "conditions"
	// Rule is a row that begins.
	Rule Cause = "rule"
	// Age is an extra for age.
	Age Cause = "age"
	// OtherFacts is what stood before and does not follow from the facts.
	OtherFacts Cause = "facts"
)

// Step is what a member is to be paid from a month on.
type Step struct {
	Member int64
	From   calendar.Month
	// Was is what the month would be paid without the step, Due what it is to be paid.
	Was, Due Monthly
	Cause    Cause
	// Basis numbers the rows in Run.Bases; 0 is none, where nothing is due.
	Basis int
}

// What the step does.
func (s Step) What() What {
	switch {
	case s.Was.Sum() == 0:
		return Begun
	case s.Due.Sum() == 0:
		return Ended
	}
	return Changed
}

// Reason is why a member is listed and not awarded, or not for all of the facts.
type Reason string

// The reasons.
const (
	// NoRight is a pension that stands though the facts give none in a month of it.
	NoRight Reason = "standing_without_right"
	// BadFacts are facts that cannot be.
	BadFacts Reason = "member_facts"
	// AccountUnknown is a pension that began before the account was taken over.
	AccountUnknown Reason = "account_before_opening"
	// LatePayment is money paid after the pension began. The award rests on what was
	// paid before; what becomes of the rest is decided as a case.
	LatePayment Reason = "payment_after_pension"
)

// Refusal names a member whom a person has to look at.
type Refusal struct {
	Member int64
	Reason Reason
	Text   string
}

// Order is what a run is made of.
type Order struct {
	Scheme ledger.Scheme
	Month  calendar.Month
}

// Run is a computation of every award of a scheme up to a month.
type Run struct {
	Order

	Area party.Area
	ID   int64
	// Upto is the last entitlement that it saw.
	Upto int64
	// Looked counts the members looked at, Waiting those of age without the years,
	// Members those with steps, Lines the steps, Refused what is listed.
	Looked, Waiting, Members, Lines, Refused int
	// Before and After are what the month would be paid without the run, and with it.
	Before, After Monthly
	Digest        [sha256.Size]byte
	// RulesDigest is over the rules that months up to the run's rest on; zero for a run made
	// before it was kept.
	RulesDigest [sha256.Size]byte
	MadeBy      string
	MadeOn      calendar.Day
	MadeAt      time.Time
	// Decision is the request that a second person approves, State where it stands:
	// 0 and empty for a run without steps.
	Decision       int64
	State          casework.State
	DecisionDigest [sha256.Size]byte
}

// Document is how entitlements name the run.
func (r Run) Document() string { return "award run " + strconv.FormatInt(r.ID, 10) }

// About is what a second person is shown of the run.
func (r Run) About() string {
	about := fmt.Sprintf("award run %d of %s for %s: %d members looked at, %d steps for %d of them, %d listed; base "+
		"pensions %s a month become %s, account pensions %s become %s; SHA-256 %s", r.ID, r.Scheme, r.Month, r.Looked,
		r.Lines, r.Members, r.Refused, r.Before.Base, r.After.Base, r.Before.Account, r.After.Account,
		hex.EncodeToString(r.Digest[:]))
	if r.RulesDigest != [sha256.Size]byte{} {
		about += "; by rules with SHA-256 " + hex.EncodeToString(r.RulesDigest[:])
	}
	return about
}

// BasisRow is a rule of a basis as it stood when the run was made.
type BasisRow struct {
	// Basis is the number by which steps name all rows of one amount.
	Basis int
	Rule  string
	// Area is 0 for the nation.
	Area     party.Area
	From     calendar.Day
	Value    string
	Document string
	// Round is that of the row: what it says may have been superseded since.
	Round int
}

// Seal strikes the digest of a run from what it found, in the order in which it was
// found. Steps, refusals and rows are added each in their own order.
type Seal struct {
	steps, refusals, bases hash.Hash
	line                   []byte
}

// NewSeal begins one.
func NewSeal() *Seal {
	return &Seal{steps: sha256.New(), refusals: sha256.New(), bases: sha256.New(), line: nil}
}

// Step adds one.
func (s *Seal) Step(p *Step) {
	b := strconv.AppendInt(s.line[:0], p.Member, 10)
	for _, n := range []int64{
		int64(p.From.Year()), int64(p.From.Number()), p.Was.Base.Fen(), p.Due.Base.Fen(), p.Was.Account.Fen(),
		p.Due.Account.Fen(), int64(p.Basis),
	} {
		b = strconv.AppendInt(append(b, ' '), n, 10)
	}
	s.line = append(append(append(b, ' '), p.Cause...), '\n')
	s.steps.Write(s.line)
}

// Refusal adds one.
func (s *Seal) Refusal(r Refusal) {
	s.refusals.Write(fmt.Appendf(nil, "%d %s %d:%s\n", r.Member, r.Reason, len(r.Text), r.Text))
}

// Basis adds one row. One that supersedes nothing is written as before there were rounds.
func (s *Seal) Basis(r BasisRow) {
	line := fmt.Appendf(nil, "%d %s %d %s %d:%s %d:%s", r.Basis, r.Rule, r.Area, r.From, len(r.Value), r.Value,
		len(r.Document), r.Document)
	if r.Round > 0 {
		line = fmt.Appendf(line, " round %d", r.Round)
	}
	s.bases.Write(append(line, '\n'))
}

// Sum closes the digest over the head of a run.
func (s *Seal) Sum(r Run) [sha256.Size]byte {
	const form = "twoline award run 1\n%s %s %s %d %s %s\n%d %d %d %d %d\n%d %d %d %d\n%x\n%x\n%x\n"
	return sha256.Sum256(fmt.Appendf(nil, form,
		r.Area, r.Scheme, r.Month, r.Upto, r.MadeBy, r.MadeOn,
		r.Looked, r.Waiting, r.Members, r.Lines, r.Refused, r.Before.Base.Fen(),
		r.Before.Account.Fen(), r.After.Base.Fen(), r.After.Account.Fen(), s.steps.Sum(nil), s.refusals.Sum(nil),
		s.bases.Sum(nil)))
}

// Stands is what a row of a component says from a month on.
type Stands struct {
	From   calendar.Month
	Amount money.Amount
	// Awarded says that an award run wrote it: what ends by such a row may begin again,
	// what another document ended may not.
	Awarded bool
}

// Facts are what is known of one member.
type Facts struct {
	Member int64
	// Born is no day where the id number tells none.
	Born calendar.Day
	// Died is the first day on which a notice that stands reports the death, or no day.
	Died calendar.Day
	// Back is the day on which the member came back, whose membership had ended, or no day; BackFrom is
	// the first month for which they may be entitled again.
	Back     calendar.Day
	BackFrom calendar.Month
	// Years were paid for before the book began, or came with a transfer since.
	Years int
	// Opening is the account on the day before, Payments what the book has since.
	Opening  entitlement.Parts
	Payments []entitlement.Payment
	// Base and Account are the rows that hold, one a month, the months rising.
	Base, Account []Stands
}

// BeginAnew leaves out what was before the member came back: the account went where the member
// did, and so did the years.
func (f *Facts) BeginAnew() {
	if f.Back.IsZero() {
		return
	}
	f.Opening = entitlement.Parts{}
	f.Payments = slices.DeleteFunc(f.Payments, func(p entitlement.Payment) bool { return p.PaidOn.Before(f.Back) })
	before := func(s Stands) bool {
		c := s.From.Compare(f.BackFrom)
		return c < 0 || c == 0 && s.Amount == 0 && !s.Awarded
	}
	f.Base, f.Account = slices.DeleteFunc(f.Base, before), slices.DeleteFunc(f.Account, before)
}
