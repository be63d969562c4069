package lifeevent

import (
	"fmt"
	"slices"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// RecoveryState is where a recovery case stands.
//
//	open ──plan of two people──► planned ──offsets and receipts reach the sum──► settled
//	  └── the notice is taken back, or two people end the hold ──► void
type RecoveryState string

// The states. They are told from the facts, and stored nowhere.
const (
	RecoveryOpen    RecoveryState = "open"
	RecoveryPlanned RecoveryState = "planned"
	RecoverySettled RecoveryState = "settled"
	RecoveryVoid    RecoveryState = "void"
)

// RecoveryStates are all of them.
func RecoveryStates() []RecoveryState {
	return []RecoveryState{RecoveryOpen, RecoveryPlanned, RecoverySettled, RecoveryVoid}
}

// RecoveryReason is why what was paid was not owed.
type RecoveryReason string

// The reasons: months after the month of the death; base pensions of months in which the
// member drew another basic pension, which is kept; base pensions of months after that in
// which the member left the country for good or gave the nationality up; months of a sentence; what was
// paid of a month above what was decided for it later, as two people found it.
const (
	AfterDeath     RecoveryReason = "death"
	DrawnTwice     RecoveryReason = "other_pension"
	AfterLeaving   RecoveryReason = "emigration"
	DuringSentence RecoveryReason = "sentence"
	PaidTooHigh    RecoveryReason = "lowered"
)

// RecoveryReasons are all of them.
func RecoveryReasons() []RecoveryReason {
	return []RecoveryReason{AfterDeath, DrawnTwice, AfterLeaving, DuringSentence, PaidTooHigh}
}

// Recovery is what was paid to a member for months of which nothing was owed, or above what was: by pay
// runs of months, by differences and by what was paid back after a stop.
type Recovery struct {
	Area       party.Area
	ID, Member int64
	Reason     RecoveryReason
	// Since is the first month of which nothing was owed, or less.
	Since calendar.Month
	// Stands says that the notice, or the hold, stands; one that two people planned by
	// DrawnTwice stands whatever becomes of the hold.
	Stands   bool
	Scheme   ledger.Scheme
	SocialNo string
	Name     party.Name
	OpenedOn calendar.Day
	// Died is the earliest day that stands reported, or no day where none does.
	Died  calendar.Day
	Lines []OverpaidMonth
	// Base and Account are what the lines sum to; one whose payment came back since
	// counts for nothing.
	Base, Account money.Amount
	// Drawn is what of Account the payments drew from the member's own account.
	Drawn Parts
	// FromAccount, OfDrawn, FromFuneral and Asked are what approved plans say: OfDrawn is the
	// part of FromAccount that the payments had drawn, Asked is the newest plan's.
	FromAccount, OfDrawn, FromFuneral, Asked money.Amount
	Planned                                  bool
	// ReceivedBase and ReceivedAccount came back, Restored stands in the account again.
	ReceivedBase, ReceivedAccount, Restored money.Amount
	Instalments                             []Instalment
	AskedOf                                 Debtor
}

// OverpaidMonth is what a payment had for a month of which nothing was owed, or had too much of it.
type OverpaidMonth struct {
	Item          int64
	Month         calendar.Month
	Base, Account money.Amount
	// CameBack says that the bank gave the payment back since.
	CameBack bool
}

// Total is what was paid and did not come back by the bank.
func (r *Recovery) Total() money.Amount { return r.Base + r.Account }

// Received is what was paid in.
func (r *Recovery) Received() money.Amount { return r.ReceivedBase + r.ReceivedAccount }

// Open is what neither an offset nor a receipt has settled.
func (r *Recovery) Open() money.Amount {
	return max(0, r.Total()-r.FromAccount-r.FromFuneral-r.Received())
}

// Unplanned is what is open and not asked of anybody.
func (r *Recovery) Unplanned() money.Amount {
	if r.Planned {
		return max(0, r.Total()-r.FromAccount-r.FromFuneral-max(r.Asked, r.Received()))
	}
	return r.Open()
}

// State tells where the case stands.
func (r *Recovery) State() RecoveryState {
	switch {
	case !r.Stands:
		return RecoveryVoid
	case r.Open() == 0:
		return RecoverySettled
	case r.Planned:
		return RecoveryPlanned
	}
	return RecoveryOpen
}

// DrewOf says what the payments drew for the case's months: drew, of what they drew in all.
func (r *Recovery) DrewOf(all Parts, drew money.Amount) { r.Drawn = share(all, drew) }

// TooMuch is what of the account plans drew that is not owed any more: payments came back since,
// or nothing of the case is owed.
func (r *Recovery) TooMuch() money.Amount {
	now := r.FromAccount - r.OfDrawn
	if !r.Stands {
		return now
	}
	return max(0, min(now, r.FromAccount+r.FromFuneral+r.Received()-r.Total()))
}

// grantKept is what of the funeral grant plans took that is owed still; what came back since goes
// to the account first.
func (r *Recovery) grantKept() money.Amount {
	over := r.FromAccount + r.FromFuneral + r.Received() - r.Total() - r.TooMuch()
	return r.FromFuneral - max(0, min(r.FromFuneral, over))
}

// Recredit is a set-off that is taken back: the account holds it again.
type Recredit struct {
	ID, Case, Member int64
	Area             party.Area
	Scheme           ledger.Scheme
	Parts            Parts
}

// voucher reverses what plans drew, in red, in the memorandum set alone, as they drew it.
func (x *Recredit) voucher(today calendar.Day) ledger.Entry {
	lines, sum := partLines(x.Parts, true, x.ID, x.Member)
	return ledger.Entry{
		Area: x.Area, Scheme: x.Scheme, Kind: ledger.RecoverySettled, Cause: fmt.Sprintf("recovery_recredit:%d", x.ID),
		Reverses: 0, AccountedOn: today, EffectiveOn: today,
		Text:     fmt.Sprintf("recovery %d, what was set off beyond what is owed", x.Case),
		Postings: append(lines, sumLine(ledger.Credit, ledger.PersonalControl, true, sum, 0)),
	}
}

// drawnLeft is what the payments drew and nothing has settled yet.
func (r *Recovery) drawnLeft() money.Amount {
	return max(0, min(r.Drawn.Total(), r.Account)-r.OfDrawn-r.Restored)
}

// openBase is what is open of base pensions: what the payments drew of the account is
// settled there first, every other offset settles base pensions first.
func (r *Recovery) openBase() money.Amount {
	return max(0, r.Base-(r.FromAccount-r.OfDrawn)-r.FromFuneral-r.ReceivedBase)
}

// Debtor is of whom the rest is asked.
type Debtor string

// The debtors: the family, the scheme of the member's other pension, or the member.
const (
	Family       Debtor = "family"
	OtherPension Debtor = "other_pension"
	TheMember    Debtor = "member"
)

// Instalment is a part of what is asked, with the day by which it is due.
type Instalment struct {
	DueOn  calendar.Day
	Amount money.Amount
}

const maxInstalments = 120

// Offsets are how a case can be settled, in the order of the rule.
type Offsets struct {
	// FromAccount is taken from the personal account: OfDrawn the payments drew
	// themselves, Now is drawn by the plan.
	FromAccount, OfDrawn money.Amount
	Now                  Parts
	FromFuneral, Asked   money.Amount
}

// Offer tells how what is open is settled: first from the account as far as it is the
// heirs', then from the funeral grant, and the rest is asked. It is pure.
func (r *Recovery) Offer(heirs Parts, grant money.Amount) Offsets {
	open := r.Open()
	var o Offsets
	if (r.Reason == DuringSentence || r.Reason == PaidTooHigh) && r.Died.IsZero() {
		// The account goes on for who comes back or draws less: all of it is asked, and what the payments
		// drew stands in the account again when it comes.
		o.Asked = open
		return o
	}
	o.OfDrawn = min(open, r.drawnLeft())
	o.Now = share(heirs, open-o.OfDrawn)
	o.FromAccount = o.OfDrawn + o.Now.Total()
	o.FromFuneral = min(open-o.FromAccount, max(0, grant))
	o.Asked = open - o.FromAccount - o.FromFuneral
	return o
}

// Plan is how a case is to be settled.
type Plan struct {
	ID, Case int64
	Offsets

	AskedOf     Debtor
	Instalments []Instalment
	Document    string
	MadeBy      string
	// Decision is the request that another person decides.
	Decision int64
}

// check proves a plan's instalments: rising days that do not lie behind, and their sum.
func (p *Plan) check(today calendar.Day) error {
	switch {
	case !slices.Contains([]Debtor{Family, OtherPension, TheMember}, p.AskedOf):
		return ErrPlan.With("the rest is asked of the family, of the member or of the other pension").On("asked_of")
	case !approval.IsLine(p.Document, maxText) || p.Document == "":
		return ErrPlan.With("the document is one line of 1 to 200 characters").On("document")
	case len(p.Instalments) > maxInstalments:
		return ErrPlan.With("there are at most %d instalments", maxInstalments).On("instalments")
	}
	var sum money.Total
	last := today.AddDays(-1)
	for _, i := range p.Instalments {
		if i.Amount <= 0 || !i.DueOn.After(last) {
			return ErrPlan.With("instalments are above zero, on rising days that do not lie behind").On("instalments")
		}
		last = i.DueOn
		sum.Add(i.Amount)
	}
	if total, err := sum.Amount(); err != nil || total != p.Asked {
		return ErrPlan.With("the instalments have to sum to %s, which is what is asked", p.Asked).On("instalments")
	}
	return nil
}

// about binds a decision to the plan.
func (p *Plan) about(r *Recovery) string {
	why := "after " + r.Died.String()
	switch r.Reason {
	case DrawnTwice:
		why = "beside another pension from " + r.Since.String() + " on"
	case AfterLeaving:
		why = "after leaving for good, from " + r.Since.String() + " on"
	case DuringSentence:
		why = "during a sentence, from " + r.Since.String() + " on"
	case PaidTooHigh:
		why = "above what is decided, from " + r.Since.String() + " on"
	case AfterDeath:
	}
	text := fmt.Sprintf("recovery %d of %s paid to member %d %s: %s from the account, %s from the funeral "+
		"grant, %s asked of the %s in %d instalments; %s are open", r.ID, r.Total(), r.Member, why, p.FromAccount,
		p.FromFuneral, p.Asked, p.AskedOf, len(p.Instalments), r.Open())
	return text + fmt.Sprintf("; plan %d draws %s, %s, %s and %s", p.ID, p.Now.Individual, p.Now.Collective,
		p.Now.Subsidy, p.Now.Interest)
}

// voucher draws the account down by what the plan takes from it now. The money left the
// fund before, so that the fund's set has no line.
func (p *Plan) voucher(r *Recovery, today calendar.Day) (ledger.Entry, bool) {
	lines, sum := partLines(p.Now, false, p.ID, r.Member)
	return ledger.Entry{
		Area: r.Area, Scheme: r.Scheme, Kind: ledger.AccountPaidOut, Cause: fmt.Sprintf("recovery_offset:%d", p.ID),
		Reverses: 0, AccountedOn: today, EffectiveOn: today,
		Text:     fmt.Sprintf("recovery %d, taken from the personal account", r.ID),
		Postings: append(lines, sumLine(ledger.Credit, ledger.PersonalControl, false, sum, 0)),
	}, sum > 0
}

// ReceiptWay is how money of a recovery came.
type ReceiptWay string

// The ways: the bank gave the payment back, or somebody paid in.
const (
	ByChannel ReceiptWay = "channel"
	Otherwise ReceiptWay = "otherwise"
)

// Receipt is money of a recovery on a fund account.
type Receipt struct {
	ID, Case    int64
	Way         ReceiptWay
	FundAccount int64
	Amount      money.Amount
	// Base and Account are what it settles, Restored what the account holds again of it.
	Base, Account money.Amount
	Restored      Parts
	BankReference string
	ValueDate     calendar.Day
	Document      string
	MadeBy        string
	MadeAt        time.Time
	Decision      int64
}

// settles splits an amount over what is open: base pensions first, then account
// pensions, of which what the payments drew goes back into the account.
func (x *Receipt) settles(r *Recovery) {
	x.Base = min(x.Amount, r.openBase())
	x.Account = x.Amount - x.Base
	x.Restored = share(r.Drawn, min(x.Account, r.drawnLeft()))
}

func (x *Receipt) about(r *Recovery) string {
	return fmt.Sprintf("receipt %d of %s on fund account %d on %s, number %s, for recovery %d: %s base, %s account, "+
		"%s back into the account; %s are open", x.ID, x.Amount, x.FundAccount, x.ValueDate, x.BankReference, r.ID,
		x.Base, x.Account, x.Restored.Total(), r.Open())
}

// vouchers are the entries of a receipt: by the original channel the expenditure account
// holds the money and the benefit is red; otherwise the money stands in suspense between.
func (x *Receipt) vouchers(r *Recovery, role ledger.Role, today calendar.Day) []ledger.Entry {
	entry := func(kind ledger.Kind, what, text string, day calendar.Day) ledger.Entry {
		return ledger.Entry{
			Area: r.Area, Scheme: r.Scheme, Kind: kind, Cause: fmt.Sprintf("%s:%d", what, x.ID), Reverses: 0,
			AccountedOn: today, EffectiveOn: day, Text: fmt.Sprintf("recovery %d, %s", r.ID, text), Postings: nil,
		}
	}
	if x.Way == ByChannel {
		e := entry(ledger.RecoveryByChannel, "recovery_channel", "given back by the bank", x.ValueDate)
		given := sumLine(ledger.Debit, ledger.Expenditure, false, x.Amount, x.FundAccount)
		e.Postings = x.settled(r, given, x.FundAccount)
		return []ledger.Entry{e}
	}
	direct := func(side ledger.Side, role ledger.Role, account int64) ledger.Posting {
		return ledger.Posting{
			Side: side, Role: role, Nature: ledger.Direct, Red: false, Amount: x.Amount, FundAccount: account, Batch: 0,
			Cause: 0, Member: 0, Year: 0,
		}
	}
	in := entry(ledger.RecoveryReceipt, "recovery_receipt", "paid in", x.ValueDate)
	in.Postings = []ledger.Posting{direct(ledger.Debit, role, x.FundAccount), direct(ledger.Credit, ledger.Suspense, 0)}
	out := entry(ledger.RecoverySettled, "recovery_settled", "settled", today)
	out.Postings = x.settled(r, sumLine(ledger.Debit, ledger.Suspense, false, x.Amount, 0), 0)
	return []ledger.Entry{in, out}
}

// settled are the lines that take the benefit back in red letters, after the line of its money.
func (x *Receipt) settled(r *Recovery, moneyLine ledger.Posting, account int64) []ledger.Posting {
	lines := []ledger.Posting{moneyLine}
	for _, b := range []struct {
		role   ledger.Role
		amount money.Amount
	}{{ledger.BenefitBase, x.Base}, {ledger.BenefitAccount, x.Account}} {
		if b.amount > 0 {
			lines = append(lines, ledger.Posting{
				Side: ledger.Debit, Role: b.role, Nature: ledger.ItemLine, Red: true, Amount: b.amount,
				FundAccount: account, Batch: 0, Cause: x.ID, Member: r.Member, Year: 0,
			})
		}
	}
	restored, sum := partLines(x.Restored, true, x.ID, r.Member)
	if sum > 0 {
		lines = append(append(lines, restored...), sumLine(ledger.Credit, ledger.PersonalControl, true, sum, 0))
	}
	return lines
}
