package fundtransfer

import (
	"errors"
	"fmt"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// Kinds are the kinds of entry that a transfer can cause.
func Kinds() []ledger.Kind {
	return []ledger.Kind{
		ledger.Sweep, ledger.Allocation, ledger.TreasuryHandover, ledger.SubsidyReceipt, ledger.Donation,
		ledger.InterestReceived, ledger.InterestHandover, ledger.DepositPlaced, ledger.DepositMatured,
		ledger.LoanReceived, ledger.LoanRepaid, ledger.RemittanceReceived, ledger.RemittanceMade,
	}
}

func isTransfer(kind ledger.Kind) bool {
	return slices.Contains(Kinds(), kind)
}

// The refusals of a movement.
var (
	ErrInsufficient = fault.New(fault.Unprocessable, "insufficient_balance",
		"the account does not hold the amount").On("amount")
	ErrCollectionMode = fault.New(fault.Unprocessable, "collection_mode",
		"who collects in this area does not allow the movement")
)

// route is a transfer's two ends: a fund account each, or nil for somebody
// outside the fund.
type route struct {
	from, to *ledger.FundAccount
}

// scheme returns the scheme of both ends. Each scheme keeps its own books, so the
// ends of a transfer never differ in it.
func (r route) scheme() (ledger.Scheme, error) {
	switch {
	case r.from == nil:
		return r.to.Scheme, nil
	case r.to == nil || r.from.Scheme == r.to.Scheme:
		return r.from.Scheme, nil
	}
	return "", ledger.ErrTwoLine.With("each scheme keeps its own books: no money goes from the %s to the %s fund",
		r.from.Scheme, r.to.Scheme)
}

// touches says that one end is an account of the role.
func (r route) touches(role ledger.Role) bool {
	return r.from != nil && r.from.Role == role || r.to != nil && r.to.Role == role
}

// office is who may make and check the transfer. Where the kind leaves it open it
// is who keeps the account that the money leaves, else the one that it enters.
func office(kind ledger.Kind, r route) approval.Organisation {
	switch kind { //nolint:exhaustive // the other kinds are no transfers
	case ledger.Sweep, ledger.InterestHandover:
		return approval.AgencyFinance
	case ledger.InterestReceived, ledger.RemittanceReceived, ledger.RemittanceMade:
		account := r.from
		if account == nil {
			account = r.to
		}
		if account.Role == ledger.Income || account.Role == ledger.Expenditure {
			return approval.AgencyFinance
		}
	}
	return approval.FinanceBureau
}

// outside is the role that stands for somebody outside the fund: on the credit
// side where money comes in, on the debit side where it goes out, or "" where the
// kind moves money between two accounts of the fund only.
func outside(i Instruction) (credit, debit ledger.Role) {
	switch i.Kind { //nolint:exhaustive // the other kinds have two accounts of the fund
	case ledger.SubsidyReceipt:
		switch i.Purpose {
		case BasePension:
			return ledger.SubsidyBase, ""
		case Contribution:
			return ledger.SubsidyAccount, ""
		case Unspecified, NoPurpose:
			return ledger.SubsidyOther, ""
		}
	case ledger.Donation:
		return ledger.OtherIncome, ""
	case ledger.InterestReceived:
		return ledger.InterestIncome, ""
	case ledger.LoanReceived:
		return ledger.Borrowing, ""
	case ledger.LoanRepaid:
		return "", ledger.Borrowing
	case ledger.RemittanceReceived:
		return ledger.RemittanceIn, ""
	case ledger.RemittanceMade:
		return "", ledger.RemittanceOut
	}
	return "", ""
}

// postings are the two lines of the movement.
func postings(i Instruction, r route, amount money.Amount) ([]ledger.Posting, error) {
	credit, debit := outside(i)
	var from, to int64
	if r.from != nil {
		credit, from = r.from.Role, r.from.ID
	}
	if r.to != nil {
		debit, to = r.to.Role, r.to.ID
	}
	if credit == "" || debit == "" {
		return nil, ledger.ErrTwoLine.With("an entry of kind %s needs the account that the money %s", i.Kind,
			map[bool]string{true: "leaves", false: "enters"}[credit == ""])
	}
	return []ledger.Posting{direct(ledger.Debit, debit, to, amount), direct(ledger.Credit, credit, from, amount)}, nil
}

func direct(side ledger.Side, role ledger.Role, account int64, amount money.Amount) ledger.Posting {
	return ledger.Posting{
		Side: side, Role: role, Nature: ledger.Direct, Red: false, Amount: amount, FundAccount: account,
		Batch: 0, Cause: 0, Member: 0, Year: 0,
	}
}

// checkRule asks the two-line rule about a transfer before anything is stored.
// The refusal names the rule that held on the day the money moved.
func checkRule(rules *ledger.RuleBook, i Instruction, r route) error {
	if _, err := r.scheme(); err != nil {
		return err
	}
	lines, err := postings(i, r, max(i.Amount, 1))
	for _, p := range lines {
		if err == nil {
			err = rules.Allows(i.Kind, p, false, i.EffectiveOn)
		}
	}
	if refusal, ok := errors.AsType[*fault.Error](err); ok {
		return refusal.With("%s (%s)", refusal.Text, ledger.TwoLineDocument(i.EffectiveOn))
	}
	return err
}

// entries are what the transfer books: the movement, and the interest that comes
// with a matured deposit as an entry of its own.
func entries(t Transfer, r route, amount money.Amount, on calendar.Day) ([]ledger.Entry, error) {
	lines, err := postings(t.Instruction, r, amount)
	if err != nil {
		return nil, err
	}
	entry := ledger.Entry{
		Area: t.Area, Scheme: t.Scheme, Kind: t.Kind, Cause: t.cause(), Reverses: 0, AccountedOn: on,
		EffectiveOn: t.EffectiveOn, Text: t.Document, Postings: lines,
	}
	list := []ledger.Entry{entry}
	if t.Interest > 0 {
		interest := entry
		interest.Kind, interest.Cause = ledger.InterestReceived, t.cause()+":interest"
		interest.Postings = []ledger.Posting{
			direct(ledger.Debit, r.to.Role, r.to.ID, t.Interest),
			direct(ledger.Credit, ledger.InterestIncome, 0, t.Interest),
		}
		list = append(list, interest)
	}
	return list, nil
}

// checkMode refuses what the area's way of collecting rules out. From its first
// day with the tax authority the income account sees nothing but its last sweep,
// which leaves nothing on it; before it no treasury hands anything over. left is
// what the movement leaves on the account that pays, or less than zero where that
// is not known yet.
func checkMode(mode policy.Mode, i Instruction, r route, left money.Amount) error {
	switch mode {
	case policy.Tax:
		if !r.touches(ledger.Income) {
			return nil
		}
		if i.Kind != ledger.Sweep {
			return ErrCollectionMode.With("the tax authority collects on %s: the income account is only swept",
				i.EffectiveOn)
		}
		if left > 0 {
			return ErrCollectionMode.With("the tax authority collects on %s: the last sweep takes all, "+
				"and this one would leave %s", i.EffectiveOn, left)
		}
	case policy.Agency:
		if r.touches(ledger.Treasury) {
			return ErrCollectionMode.With("the agency collects on %s: no treasury hands over contributions",
				i.EffectiveOn)
		}
	}
	return nil
}

// modeMatters says whether the area's way of collecting bears on the movement.
func modeMatters(r route) bool { return r.touches(ledger.Income) || r.touches(ledger.Treasury) }

// take decides how much moves and refuses to take more than the account holds.
func take(i Instruction, held money.Amount) (money.Amount, error) {
	amount := i.Amount
	if i.All {
		amount = held
	}
	if amount <= 0 {
		return 0, ErrInsufficient.With("nothing stands on the account")
	}
	if amount > held {
		return 0, ErrInsufficient.With("the account holds %s, which is less than %s", held, amount)
	}
	return amount, nil
}

func (t Transfer) cause() string { return fmt.Sprintf("fund_transfer:%d", t.ID) }
