package ledger

import (
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
)

// Kind is what happened: the event that an entry books. It decides which roles
// the entry may touch.
type Kind string

// The kinds of entry.
const (
	Opening              Kind = "opening"
	ContributionReceived Kind = "contribution"
	GovernmentPaid       Kind = "government_paid"
	ContributionRefund   Kind = "contribution_refund"
	UnrecognisedReceipt  Kind = "unrecognised_receipt"
	UnrecognisedReturn   Kind = "unrecognised_return"
	// BankCorrection is a bank taking its own wrong credit back: no payment of the agency.
	BankCorrection   Kind = "bank_correction"
	Recognition      Kind = "recognition"
	Donation         Kind = "donation"
	SubsidyReceipt   Kind = "subsidy"
	TreasuryHandover Kind = "treasury_handover"
	Sweep            Kind = "sweep"
	Allocation       Kind = "allocation"
	PaymentHandover  Kind = "payment_handover"
	BenefitPaid      Kind = "benefit"
	TransitReturn    Kind = "transit_return"
	PaymentReturn    Kind = "payment_return"
	Reissue          Kind = "reissue"
	ReturnUnclaimed  Kind = "return_unclaimed"
	// HandPayment is a payment by hand instead of one whose money waits in suspense or comes
	// back to it.
	HandPayment        Kind = "hand_payment"
	AccountPaidOut     Kind = "account_paid_out"
	RecoveryByChannel  Kind = "recovery_by_channel"
	RecoveryReceipt    Kind = "recovery_receipt"
	RecoverySettled    Kind = "recovery_settled"
	InterestReceived   Kind = "interest"
	InterestHandover   Kind = "interest_handover"
	LoanReceived       Kind = "loan"
	LoanRepaid         Kind = "loan_repayment"
	DepositPlaced      Kind = "deposit_placement"
	DepositMatured     Kind = "deposit_maturity"
	RemittanceReceived Kind = "remittance_received"
	RemittanceMade     Kind = "remittance_made"
	TransferReceived   Kind = "transfer_in"
	TransferInReturned Kind = "transfer_in_return"
	TransferMade       Kind = "transfer_out"
	InvestmentMade     Kind = "investment"
	InvestmentReturned Kind = "investment_return"
	AccountInterest    Kind = "account_interest"
	AccountSubsidy     Kind = "account_subsidy"
)

// Rule allows one kind of entry to touch one role on one side, from a date on,
// by a document. What no rule allows is forbidden.
type Rule struct {
	Kind Kind
	Side Side
	Role Role
	// Red says that the line is allowed as a red-letter line only.
	Red bool
	// From is the first effective day of the rule.
	From calendar.Day
	// Document names where the rule is written.
	Document string
}

const (
	provisional2011 = "社会保险基金财务制度 2011 provisional"
	finance2017     = "财社〔2017〕144号"
)

// TwoLineRules is the whole table of domain knowledge: every line that an entry
// may carry. The rule of 2011 lets the income account pay nothing but the
// sweep; refunds, remittances and returned transfers-in came with 2018.
func TwoLineRules() []Rule {
	old, since2018 := calendar.MustDay("2009-09-01"), calendar.MustDay("2018-01-01")
	var rules []Rule
	add := func(kind Kind, lines ...line) {
		for _, l := range lines {
			rules = append(rules, Rule{kind, l.side, l.role, l.red, old, provisional2011})
		}
	}
	later := func(kind Kind, lines ...line) {
		for _, l := range lines {
			rules = append(rules, Rule{kind, l.side, l.role, l.red, since2018, finance2017})
		}
	}
	incomeRules(add, later)
	expenditureRules(add)
	moveRules(add, later)
	return rules
}

type line struct {
	side Side
	role Role
	red  bool
}

func dr(roles ...Role) []line    { return lines(Debit, false, roles) }
func cr(roles ...Role) []line    { return lines(Credit, false, roles) }
func drRed(roles ...Role) []line { return lines(Debit, true, roles) }
func crRed(roles ...Role) []line { return lines(Credit, true, roles) }

func lines(side Side, red bool, roles []Role) []line {
	out := make([]line, len(roles))
	for i, r := range roles {
		out[i] = line{side, r, red}
	}
	return out
}

func join(groups ...[]line) []line {
	var out []line
	for _, g := range groups {
		out = append(out, g...)
	}
	return out
}

func incomeRules(add, later func(Kind, ...line)) {
	personal := cr(PersonalIndividual, PersonalCollective, PersonalSubsidy, PersonalInterest)
	add(Opening, join(
		dr(Income, FiscalSpecial, FixedDeposit, Expenditure, Treasury, InTransit, Investment),
		cr(Suspense, Borrowing, FundBalance), dr(PersonalControl), personal)...)
	add(ContributionReceived, join(dr(Income, Treasury, FiscalSpecial),
		cr(Contribution, CollectiveAid, Suspense),
		dr(PersonalControl), cr(PersonalIndividual, PersonalCollective))...)
	add(GovernmentPaid, join(dr(FiscalSpecial), cr(Contribution), dr(PersonalControl), cr(PersonalIndividual))...)
	// The treasury gives back what the tax authority took, the finance bureau what others paid straight to its account.
	// What was swept goes to suspense, and an expenditure account gives it back from there.
	later(ContributionRefund, join(crRed(Contribution, CollectiveAid), cr(Income, Treasury, FiscalSpecial, Suspense),
		drRed(PersonalControl), crRed(PersonalIndividual, PersonalCollective))...)
	add(UnrecognisedReceipt, join(dr(Income, FiscalSpecial, Treasury), cr(Suspense))...)
	add(BankCorrection, join(dr(Suspense), cr(Income))...)
	later(UnrecognisedReturn, join(dr(Suspense), cr(Income, Treasury, FiscalSpecial))...)
	add(Recognition, join(dr(Suspense), cr(Contribution, CollectiveAid, OtherIncome),
		dr(PersonalControl), cr(PersonalIndividual, PersonalCollective))...)
	add(Donation, join(dr(FiscalSpecial), cr(OtherIncome))...)
	add(SubsidyReceipt, join(dr(FiscalSpecial), cr(SubsidyBase, SubsidyAccount, SubsidyOther))...)
	add(InterestReceived, join(dr(Income, FiscalSpecial, Expenditure, FixedDeposit), cr(InterestIncome))...)
	add(TransferReceived, join(dr(Income, FiscalSpecial), cr(TransferIn),
		dr(PersonalControl), personal)...)
	later(TransferInReturned, join(crRed(TransferIn), cr(Income), drRed(PersonalControl),
		crRed(PersonalIndividual, PersonalCollective, PersonalSubsidy, PersonalInterest))...)
	// The final rate may lie below the provisional one: what it takes back is red.
	add(AccountInterest, join(dr(PersonalControl), cr(PersonalInterest), drRed(PersonalControl),
		crRed(PersonalInterest))...)
	// What a wrong contribution earned is taken back in red.
	add(AccountSubsidy, join(dr(PersonalControl), cr(PersonalSubsidy), drRed(PersonalControl),
		crRed(PersonalSubsidy))...)
}

func expenditureRules(add func(Kind, ...line)) {
	drawn := join(dr(PersonalIndividual, PersonalCollective, PersonalSubsidy, PersonalInterest), cr(PersonalControl))
	undrawn := join(drRed(PersonalIndividual, PersonalCollective, PersonalSubsidy, PersonalInterest),
		crRed(PersonalControl))
	benefits := []Role{BenefitBase, BenefitAccount, BenefitFuneral}
	add(PaymentHandover, join(dr(InTransit), cr(Expenditure))...)
	add(BenefitPaid, join(dr(benefits...), cr(Expenditure, InTransit), drawn)...)
	add(TransitReturn, join(dr(Expenditure), cr(InTransit))...)
	add(PaymentReturn, join(dr(Expenditure), cr(Suspense), drRed(append(benefits, BenefitOneOff)...), undrawn)...)
	add(Reissue, join(dr(Suspense), cr(Expenditure, InTransit))...)
	add(HandPayment, join(dr(Suspense), cr(Expenditure))...)
	add(ReturnUnclaimed, join(dr(Suspense), drRed(append(benefits, BenefitOneOff)...), undrawn)...)
	add(AccountPaidOut, join(dr(BenefitOneOff, Suspense), cr(Expenditure, InTransit), drawn)...)
	add(RecoveryByChannel, join(dr(Expenditure), drRed(append(benefits, BenefitOneOff)...), undrawn)...)
	add(RecoveryReceipt, join(dr(Income, FiscalSpecial), cr(Suspense))...)
	add(RecoverySettled, join(dr(Suspense), drRed(append(benefits, BenefitOneOff)...), undrawn)...)
	// What the bank gives back of a transfer comes to suspense as a return, and from there to the account.
	add(TransferMade, join(dr(TransferOut, Suspense), cr(Expenditure), drawn, drRed(TransferOut), undrawn)...)
}

func moveRules(add, later func(Kind, ...line)) {
	add(Sweep, join(dr(FiscalSpecial), cr(Income))...)
	add(TreasuryHandover, join(dr(FiscalSpecial), cr(Treasury))...)
	add(Allocation, join(dr(Expenditure), cr(FiscalSpecial))...)
	add(InterestHandover, join(dr(FiscalSpecial), cr(Expenditure))...)
	add(LoanReceived, join(dr(FiscalSpecial), cr(Borrowing))...)
	add(LoanRepaid, join(dr(Borrowing), cr(FiscalSpecial))...)
	add(DepositPlaced, join(dr(FixedDeposit), cr(FiscalSpecial))...)
	add(DepositMatured, join(dr(FiscalSpecial), cr(FixedDeposit))...)
	add(InvestmentMade, join(dr(Investment), cr(FiscalSpecial))...)
	add(InvestmentReturned, join(dr(FiscalSpecial), cr(Investment, InvestmentIncome))...)
	add(RemittanceReceived, join(dr(FiscalSpecial), cr(RemittanceIn))...)
	add(RemittanceMade, join(dr(RemittanceOut), cr(FiscalSpecial))...)
	later(RemittanceReceived, dr(Income, Expenditure)...)
	later(RemittanceMade, cr(Income, Expenditure)...)
}

// ErrTwoLine is the refusal of a line that the two-line rule does not allow.
var ErrTwoLine = fault.New(fault.Unprocessable, "two_line_violation",
	"the two-line rule does not allow this movement")

// RuleBook answers whether a line is allowed on a day. It is immutable and safe
// for concurrent use.
type RuleBook struct {
	from map[ruleKey]calendar.Day
}

type ruleKey struct {
	kind Kind
	side Side
	role Role
	red  bool
}

// NewRuleBook indexes rules; with none given it holds TwoLineRules.
func NewRuleBook(rules ...Rule) *RuleBook {
	if len(rules) == 0 {
		rules = TwoLineRules()
	}
	b := &RuleBook{from: make(map[ruleKey]calendar.Day, len(rules))}
	for _, r := range rules {
		k := ruleKey{r.Kind, r.Side, r.Role, r.Red}
		if d, ok := b.from[k]; !ok || r.From.Before(d) {
			b.from[k] = r.From
		}
	}
	return b
}

// Allows returns nil where kind may touch role on side on the day, else an
// ErrTwoLine that names the line and the rule's date.
func (b *RuleBook) Allows(kind Kind, p Posting, reversal bool, day calendar.Day) error {
	k := ruleKey{kind, p.Side, p.Role, p.Red != reversal}
	from, ok := b.from[k]
	if !ok {
		return ErrTwoLine.With("an entry of kind %s may not %s the %s account", kind, p.Side, p.Role)
	}
	if day.Before(from) {
		return ErrTwoLine.With("an entry of kind %s may %s the %s account only from %s on", kind, p.Side, p.Role, from)
	}
	return nil
}

// TwoLineDocument names the document that the two-line rule of a day is written in.
func TwoLineDocument(day calendar.Day) string {
	if day.Before(calendar.MustDay("2018-01-01")) {
		return provisional2011
	}
	return finance2017
}
