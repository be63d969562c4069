package collection

import (
	"context"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

// The refusals of refunds.
var (
	ErrRefundUnknown = fault.New(fault.NotFound, "refund_not_found", "no such refund")
	ErrRefundPaid    = fault.New(fault.Conflict, "refund_paid", "the money was given back before")
	ErrRefundSwept   = fault.New(fault.Conflict, "refund_swept",
		"the money was swept, and nothing may be paid back to the account that it came to: it is paid out of what "+
			"that account collects next, before that is swept, or by an expenditure account that the request names")
	ErrRefundRoad = fault.New(fault.Unprocessable, "refund_road",
		"an expenditure account of the scheme gives back what was swept from an income account, and nothing else")
	ErrRefundCredit = fault.New(fault.Unprocessable, "refund_not_creditable",
		"only what a tax list brought for nobody, or for a member who chose no amount, is credited out of suspense")
	ErrRefundUnfunded = fault.New(fault.Conflict, "refund_unfunded",
		"the expenditure account does not hold the money: have it allocated first")
	ErrNotPosted = fault.New(fault.Unprocessable, "not_posted",
		"no contribution of this item stands in the book, or it is claimed back already")
)

// RefundReason says why a contribution is given back.
type RefundReason string

// The reasons: taken above the chosen amount, taken by mistake, or paid for the same
// year in the employee scheme, which is kept.
const (
	AboveChosen       RefundReason = "above_chosen_amount"
	WrongContribution RefundReason = "wrong_contribution"
	EmployeeScheme    RefundReason = "employee_scheme"
	// MemberDied is of a debit or a payment of a day after the member's death.
	MemberDied RefundReason = "member_died"
	// MemberLeft is of money for a member whose membership had ended when it was to be booked.
	MemberLeft RefundReason = "member_left"
	// MandateWithdrawn is of a debit that the bank made after the payer ended the mandate.
	MandateWithdrawn RefundReason = "mandate_withdrawn"
	// UnknownMember is of a tax list's line that names nobody, NotChosen of one whose member chose no amount for
	// the year.
	UnknownMember RefundReason = "unknown_member"
	NotChosen     RefundReason = "tier_not_chosen"
)

// Creditable says that the money may be credited to a member after all.
func (r RefundReason) Creditable() bool { return r == UnknownMember || r == NotChosen }

// RefundWay says how money goes back.
type RefundWay string

// The ways. What came to an income account leaves it by the channel that it came by. After
// a sweep nothing comes back to that account, because the fiscal special account may pay
// into none but the expenditure account: the refund waits until the account holds as much
// of what it collects next, and so it lessens the next sweep. What the tax authority took,
// the treasury gives back at its word, out of the account that its voucher was booked to. What
// others than the member paid straight to the fiscal special account, the finance bureau gives
// back to who paid it, out of that account. The document of the approval is the order that
// moved the money: the treasury's, or the finance bureau's.
//
// What was swept need not wait: money is allocated from the fiscal special account, and the expenditure
// account that the request names pays it once. The request decides which of the two roads it is, so that
// neither can be taken beside the other.
const (
	OriginalChannel RefundWay = "original_channel"
	TaxAuthority    RefundWay = "tax_authority"
	FinanceBureau   RefundWay = "finance_bureau"
	PaidOnce        RefundWay = "expenditure_account"
	// Credited is the way of what waits in suspense and turns out to be a member's: it becomes the
	// member's contribution, and no money moves.
	Credited RefundWay = "credited"
)

// Refund is money to be given back, with where it lies.
type Refund struct {
	Area party.Area
	ID   int64
	// Cause is the item, the receipt or the line that it was taken by.
	Cause  int64
	Member int64
	Year   int
	Amount money.Amount
	Reason RefundReason
	// Payer is who paid the list that it came by, and whom it goes back to; empty where the
	// member paid. List is that list's kind.
	Payer string
	List  ListKind
	// Collective says that it is collective aid.
	Collective bool
	// Suspense says that it waits in suspense; else it is income in the book.
	Suspense bool
	OpenedOn calendar.Day
	// FundAccount, Role and Scheme are those that it arrived on.
	FundAccount int64
	Role        ledger.Role
	Scheme      ledger.Scheme
	// Swept says that a sweep left the account since.
	Swept bool
	// PaidFrom is the expenditure account that the last request named, or 0: it goes back out of the account that it
	// came to.
	PaidFrom int64
	// CreditedTo is the member that the last request named, or 0, and TakenOn the day on which the money of its list
	// came.
	CreditedTo int64
	TakenOn    calendar.Day
	// Last is the last payment that was made. While the refund is not paid, the bank gave it back, and its money lies
	// on the expenditure account and in suspense.
	Last RefundAttempt
	// Died is the earliest day that stands reported, or no day.
	Died calendar.Day
	// Decision is the last request to pay it, and State where that stands.
	Decision int64
	State    RefundState
}

// RefundAttempt is a payment of a refund.
type RefundAttempt struct {
	// Number is 1 for the first, and 0 where none was made.
	Number  int
	Way     RefundWay
	Account int64
	// On is the day on which it was booked.
	On calendar.Day
}

// RefundState is where a refund stands. It is read from the facts.
//
//	open ─► asked ─(two people)─► paid
//	paid, with money that the bank gave back ─(two people)─► open
type RefundState string

// The states.
const (
	RefundOpen  RefundState = "open"
	RefundAsked RefundState = "asked"
	RefundPaid  RefundState = "paid"
)

// RefundFilter selects refunds in rising order of id.
type RefundFilter struct {
	Area   party.Area
	ID     int64
	Member int64
	State  RefundState
	After  int64
	Limit  int
}

// PaidRefund is what was given back.
type PaidRefund struct {
	Refund int64
	// Attempt numbers the payments of a refund from 1.
	Attempt  int
	Way      RefundWay
	Account  int64
	Amount   money.Amount
	Decision int64
}

// RefundAsk asks for the payment of a refund.
type RefundAsk struct {
	Refund int64
	// Document is the order that moves the money.
	Document string
	// PaidFrom is the expenditure account that pays what was swept, or 0 for the way that it came by.
	PaidFrom int64
	// CreditedTo is the member whose the money is, or 0.
	CreditedTo int64
}

// RefundRoad says which account gives a refund back, or whose the money is, by an officer's word; the last of a
// refund holds.
type RefundRoad struct {
	Area party.Area
	RefundAsk

	By string
}

// Claim says that contributions in the book are to be given back.
type Claim struct {
	Area     party.Area
	Reason   RefundReason
	Document string
	By       string
}

// RefundTx is what refunds need of a transaction.
type RefundTx interface {
	// RefundByID returns a refund, held to the end, or ErrRefundUnknown.
	RefundByID(ctx context.Context, area party.Area, id int64) (Refund, error)
	// Refunds lists refunds in rising order of id.
	Refunds(ctx context.Context, f RefundFilter) ([]Refund, error)
	// ClaimPosted claims what stands in the book of an item, and returns the claim's id
	// or ErrNotPosted.
	ClaimPosted(ctx context.Context, c Claim, cause int64) (int64, error)
	// ClaimWithdrawn claims what was debited after its mandate had ended, of the payables
	// of a batch, and was posted. A mandate that stands under its number for another
	// account of the member has not ended.
	ClaimWithdrawn(ctx context.Context, a Agreement, payables []Payable) error
	// ClaimYears claims what stands in the book for members' years, by position: how much,
	// zero where there is nothing that is not claimed.
	ClaimYears(ctx context.Context, c Claim, members []int64, years []int) ([]money.Amount, error)
	// MembersOf returns whom lines name, by position, and 0 for nobody.
	MembersOf(ctx context.Context, area party.Area, lines []ListLine) ([]int64, error)
	// AskRefund asks, as a maker, that a refund be paid.
	AskRefund(ctx context.Context, by approval.Officer, today calendar.Day, id int64, document string) (int64, error)
	// AddRefundPaid keeps that a refund was paid, or returns ErrRefundPaid.
	AddRefundPaid(ctx context.Context, area party.Area, p PaidRefund) error
}

// PayerTx is what the account that gives a refund back needs of a transaction.
type PayerTx interface {
	// AddRefundRoad keeps which account is to give a refund back, or whom it is to be credited to; ErrFundAccount or
	// ErrMemberUnknown where there is none.
	AddRefundRoad(ctx context.Context, r RefundRoad) error
	// CreditDue returns what a member owes for a year, and keeps others from paying or posting it to the end.
	CreditDue(ctx context.Context, area party.Area, member int64, year int) (CounterDue, error)
	// LockFundAccount makes movements out of one account wait for each other.
	LockFundAccount(ctx context.Context, area party.Area, account int64) error
	// Balance returns what an account held at the end of a day.
	Balance(ctx context.Context, area party.Area, account int64, day calendar.Day) (money.Amount, error)
}

// Way says how a refund is paid: by where its money came to, whoever collects today, or by the
// account that the request named.
func (r Refund) Way() RefundWay {
	switch {
	case r.CreditedTo != 0:
		return Credited
	case r.PaidFrom != 0:
		return PaidOnce
	case r.Role == ledger.Income:
		return OriginalChannel
	case r.List == TaxList || r.Role == ledger.Treasury:
		return TaxAuthority
	}
	return FinanceBureau
}

// RefundToPay returns a refund that may be paid on a business day, with its way, or
// says why not. It holds the account that pays.
func RefundToPay(ctx context.Context, tx Tx, today calendar.Day, area party.Area, id int64) (Refund, RefundWay, error) {
	r, err := tx.RefundByID(ctx, area, id)
	if err != nil {
		return r, "", err
	}
	if r.State == RefundPaid {
		return r, "", ErrRefundPaid
	}
	way := r.Way()
	refused := ErrRefundSwept
	if r.CameBack() && way != PaidOnce {
		return r, way, ErrRefundRoad.With("the bank gave the money back to fund account %d: an expenditure account "+
			"pays it again", r.Last.Account).On("paid_from")
	}
	if way == Credited {
		return r, way, r.mayCredit(ctx, tx)
	}
	if way == PaidOnce {
		refused = ErrRefundUnfunded
		if err := r.mayPayOnce(ctx, tx); err != nil {
			return r, way, err
		}
	}
	if err := tx.LockFundAccount(ctx, area, r.payer()); err != nil {
		return r, way, err
	}
	held, err := tx.Balance(ctx, area, r.payer(), today)
	if err == nil && held < r.Amount {
		err = refused.With("the account holds %s: %s", held, refused.Text)
	}
	return r, way, err
}

// payer is the fund account that gives a refund back.
func (r Refund) payer() int64 {
	if r.PaidFrom != 0 {
		return r.PaidFrom
	}
	return r.FundAccount
}

// mayPayOnce proves that the money of a refund was swept, and that the account pays benefits of its scheme.
func (r Refund) mayPayOnce(ctx context.Context, tx Tx) error {
	from, err := tx.FundAccountByID(ctx, r.Area, r.PaidFrom)
	switch {
	case err != nil:
		return err
	case from.Role != ledger.Expenditure || from.Scheme != r.Scheme:
		return ErrRefundRoad.With("fund account %d is no expenditure account of %s", r.PaidFrom, r.Scheme).
			On("paid_from")
	case r.Role != ledger.Income || !r.Swept:
		return ErrRefundRoad.With("the money was not swept from an income account: it goes back out of the account " +
			"that it came to").On("paid_from")
	}
	return nil
}

// mayCredit proves that the money waits for a member, and that the member still owes as much for the year.
func (r Refund) mayCredit(ctx context.Context, tx Tx) error {
	if !r.Suspense || !r.Reason.Creditable() || r.PaidFrom != 0 || r.Member != 0 && r.Member != r.CreditedTo {
		return ErrRefundCredit.On("credited_to")
	}
	due, err := tx.CreditDue(ctx, r.Area, r.CreditedTo, r.Year)
	switch {
	case err != nil:
		return err
	case due.Scheme != r.Scheme:
		return ErrMemberUnknown.On("credited_to")
	case !due.Died.IsZero():
		return ErrMemberDied.On("credited_to")
	case !due.Left.IsZero():
		return ErrMemberLeft.On("credited_to")
	case due.Chosen == 0:
		return ErrNotChosen.On("credited_to")
	case r.Amount > due.Open():
		return due.owes(due.Open()).On("credited_to")
	}
	return nil
}

// About tells officers in one line what they decide.
func (r Refund) About(way RefundWay) string {
	from := "contribution income"
	if r.Waits() {
		from = "suspense"
	}
	to := ""
	switch {
	case way == Credited:
		to = fmt.Sprintf(" to member %d", r.CreditedTo)
	case r.Payer != "":
		to = " to " + r.Payer
	case way == PaidOnce && !r.Died.IsZero():
		to = fmt.Sprintf(" to the heirs of member %d, who died on %s,", r.Member, r.Died)
	}
	text := fmt.Sprintf("%s of item %d for %d from %s%s, %s, by %s of fund account %d", r.Amount, r.Cause, r.Year, from,
		to, r.Reason, way, r.payer())
	if r.CameBack() {
		text += fmt.Sprintf(", payment %d after one that came back", r.Last.Number+1)
	}
	return text
}

// PayRefund books what is given back, in the transaction of its approval.
func PayRefund(ctx context.Context, tx Tx, today calendar.Day, area party.Area, id, decision int64) error {
	r, way, err := RefundToPay(ctx, tx, today, area, id)
	if err != nil {
		return err
	}
	p := PaidRefund{
		Refund: id, Attempt: r.Last.Number + 1, Way: way, Account: r.payer(), Amount: r.Amount, Decision: decision,
	}
	if err := tx.AddRefundPaid(ctx, area, p); err != nil {
		return err
	}
	_, err = tx.Book(ctx, actorJob, refundEntries(r, today)...)
	return err
}

// refundEntries are one entry, or, for income that an expenditure account gives back, two: such an account
// pays no income back, so that the contribution goes to suspense in red and leaves the fund from there. What came
// back waits in suspense already.
func refundEntries(r Refund, today calendar.Day) []ledger.Entry {
	if r.CameBack() {
		return []ledger.Entry{againEntry(r, today)}
	}
	switch r.Way() {
	case Credited:
		return []ledger.Entry{creditEntry(r, today)}
	case PaidOnce:
	case OriginalChannel, TaxAuthority, FinanceBureau:
		return []ledger.Entry{refundEntry(r, today)}
	}
	const text = "a contribution given back once, after its sweep"
	paid := onceEntry(r, today)
	paid.Kind, paid.Text = ledger.AccountPaidOut, text
	if r.Suspense {
		return []ledger.Entry{paid}
	}
	paid.Cause += ":paid"
	r.Role, r.FundAccount = ledger.Suspense, 0
	taken := refundEntry(r, today)
	taken.Text = text
	return []ledger.Entry{taken, paid}
}

// onceEntry is what an expenditure account pays out of suspense.
func onceEntry(r Refund, today calendar.Day) ledger.Entry {
	r.Role, r.FundAccount, r.Suspense = ledger.Expenditure, r.PaidFrom, true
	return refundEntry(r, today)
}

// creditEntry recognises money in suspense as a member's contribution, of the day on which it came.
func creditEntry(r Refund, today calendar.Day) ledger.Entry {
	line := func(side ledger.Side, role ledger.Role) ledger.Posting {
		return ledger.Posting{
			Side: side, Role: role, Nature: ledger.SumLine, Red: false, Amount: r.Amount, FundAccount: 0, Batch: 0,
			Cause: 0, Member: 0, Year: 0,
		}
	}
	item := func(role ledger.Role) ledger.Posting {
		p := line(ledger.Credit, role)
		p.Nature, p.Cause, p.Member, p.Year = ledger.ItemLine, r.Cause, r.CreditedTo, r.Year
		return p
	}
	return ledger.Entry{
		Area: r.Area, Scheme: r.Scheme, Kind: ledger.Recognition, Reverses: 0, Cause: fmt.Sprintf("refund:%d", r.ID),
		AccountedOn: today, EffectiveOn: r.TakenOn, Text: "a contribution credited to the member who was named for it",
		Postings: []ledger.Posting{
			line(ledger.Debit, ledger.Suspense), item(ledger.Contribution), item(ledger.PersonalIndividual),
			line(ledger.Debit, ledger.PersonalControl),
		},
	}
}

// refundEntry takes a contribution back in red, or money in suspense to its payer.
func refundEntry(r Refund, today calendar.Day) ledger.Entry {
	line := func(side ledger.Side, role ledger.Role, red bool) ledger.Posting {
		return ledger.Posting{
			Side: side, Role: role, Nature: ledger.Direct, Red: red, Amount: r.Amount, FundAccount: 0, Batch: 0,
			Cause: 0, Member: 0, Year: 0,
		}
	}
	item := func(role ledger.Role) ledger.Posting {
		p := line(ledger.Credit, role, true)
		p.Nature, p.Cause, p.Member, p.Year = ledger.ItemLine, r.Cause, r.Member, r.Year
		return p
	}
	out := line(ledger.Credit, r.Role, false)
	out.FundAccount = r.FundAccount
	e := ledger.Entry{
		Area: r.Area, Scheme: r.Scheme, Kind: ledger.UnrecognisedReturn, Reverses: 0,
		Cause:       fmt.Sprintf("refund:%d", r.ID),
		AccountedOn: today, EffectiveOn: today, Text: "a contribution given back by the channel that it came by",
		Postings: []ledger.Posting{line(ledger.Debit, ledger.Suspense, false), out},
	}
	if r.Suspense {
		return e
	}
	income, personal := ledger.Contribution, ledger.PersonalIndividual
	if r.Collective {
		income, personal = ledger.CollectiveAid, ledger.PersonalCollective
	}
	// The bank's line is the item's: reconciliation sees it under the item's own id.
	control := line(ledger.Debit, ledger.PersonalControl, true)
	out.Nature, control.Nature = ledger.SumLine, ledger.SumLine
	taken := item(income)
	taken.FundAccount = r.FundAccount
	e.Kind = ledger.ContributionRefund
	e.Postings = []ledger.Posting{taken, out, item(personal), control}
	return e
}

// ClaimBack says that a contribution was taken by mistake: it is to be given back. The
// answer's result is a Refund.
func (s *Service) ClaimBack(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, cause int64, document string,
) (once.Answer, error) {
	if !by.Has(approval.Maker, approval.AgencyBusiness) || by.Region != 0 || by.Area == 0 {
		return once.Answer{}, approval.ErrDuty //nolint:exhaustruct // no answer
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		id, err := tx.ClaimPosted(ctx, Claim{
			Area: by.Area, Reason: WrongContribution, Document: document, By: by.Login,
		}, cause)
		if err != nil {
			return nil, err
		}
		return tx.RefundByID(ctx, by.Area, id)
	})
}

// EmployeeYear says that a member paid for a year in the employee scheme as well.
type EmployeeYear struct {
	ListLine

	Year int
}

// EmployeeClaims is what became of a list of such years.
type EmployeeClaims struct {
	// Claimed counts the lines with money to give back, Amount sums it up; Clear counts
	// those that this scheme holds nothing of, or that were claimed before.
	Claimed, Clear int
	Amount         money.Amount
}

// ClaimEmployeeYears takes in the years that members paid in the employee scheme too:
// that one is kept, and this scheme's individual and collective part becomes a refund.
// The subsidy stays. All lines are taken or none; one that names nobody is a
// RefusedLinesError. The answer's result is EmployeeClaims.
func (s *Service) ClaimEmployeeYears(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, document string, list []EmployeeYear,
) (once.Answer, error) {
	if !by.Has(approval.Maker, approval.AgencyBusiness) || by.Region != 0 || by.Area == 0 {
		return once.Answer{}, approval.ErrDuty //nolint:exhaustruct // no answer
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		lines, years := make([]ListLine, len(list)), make([]int, len(list))
		for i, e := range list {
			lines[i], years[i] = e.ListLine, e.Year
		}
		members, err := tx.MembersOf(ctx, by.Area, lines)
		if err != nil {
			return nil, err
		}
		if err := refuseYears(list, members); err != nil {
			return nil, err
		}
		amounts, err := tx.ClaimYears(ctx, Claim{
			Area: by.Area, Reason: EmployeeScheme, Document: document, By: by.Login,
		}, members, years)
		if err != nil {
			return nil, err
		}
		var out EmployeeClaims
		for _, a := range amounts {
			if a == 0 {
				out.Clear++
				continue
			}
			out.Claimed++
			out.Amount += a
		}
		return out, nil
	})
}

func refuseYears(list []EmployeeYear, members []int64) error {
	var refused []LineRefusal
	seen := map[[2]int64]bool{}
	for i, e := range list {
		key := [2]int64{members[i], int64(e.Year)}
		switch {
		case members[i] == 0:
			refused = append(refused, LineRefusal{Line: e.Line, Fault: ErrMemberUnknown.On("member_id")})
		case seen[key]:
			twice := ErrList.With("the year stands twice").On("year")
			refused = append(refused, LineRefusal{Line: e.Line, Fault: twice})
		}
		seen[key] = true
	}
	return refuseLines(refused, len(list))
}

// AskRefund asks that a refund be paid: it is booked when a second person of the
// finance office approved it. The account that it names holds until another request. The
// answer's result is a Refund.
func (s *Service) AskRefund(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, a RefundAsk,
) (once.Answer, error) {
	if !by.Has(approval.Maker, approval.AgencyFinance) || by.Region != 0 || by.Area == 0 {
		return once.Answer{}, approval.ErrDuty //nolint:exhaustruct // no answer
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		refund, err := tx.RefundByID(ctx, by.Area, a.Refund)
		if err == nil && (refund.PaidFrom != a.PaidFrom || refund.CreditedTo != a.CreditedTo) {
			err = tx.AddRefundRoad(ctx, RefundRoad{Area: by.Area, RefundAsk: a, By: by.Login})
		}
		if err != nil {
			return nil, err
		}
		decision, err := tx.AskRefund(ctx, by, s.today(), a.Refund, a.Document)
		if err != nil {
			return nil, err
		}
		refund, err = tx.RefundByID(ctx, by.Area, a.Refund)
		refund.Decision, refund.State = decision, RefundAsked
		return refund, err
	})
}

// Refunds lists what is, or was, to be given back in the officer's area.
func (s *Service) Refunds(ctx context.Context, by approval.Officer, f RefundFilter) ([]Refund, error) {
	f.Area = by.Area
	var list []Refund
	err := s.store.InTx(ctx, func(tx Tx) (err error) {
		list, err = tx.Refunds(ctx, f)
		return err
	})
	return list, err
}
