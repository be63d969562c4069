package disbursement

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// Settled is a payment with the answer that decided it, ready to be booked.
type Settled struct {
	Item

	Outcome bank.Outcome
	// ValueDate is the day the money moved at the bank.
	ValueDate calendar.Day
}

// PersonalParts are what a personal account holds, or what is taken from it, by part.
type PersonalParts struct{ Individual, Collective, Subsidy, Interest money.Amount }

// Sum is the four parts together.
func (p PersonalParts) Sum() money.Amount {
	return p.Individual + p.Collective + p.Subsidy + p.Interest
}

// Add returns the sum of two, part by part.
func (p PersonalParts) Add(q PersonalParts) PersonalParts {
	return PersonalParts{
		Individual: p.Individual + q.Individual, Collective: p.Collective + q.Collective,
		Subsidy: p.Subsidy + q.Subsidy, Interest: p.Interest + q.Interest,
	}
}

// Less returns the difference of two, part by part.
func (p PersonalParts) Less(q PersonalParts) PersonalParts {
	return PersonalParts{
		Individual: p.Individual - q.Individual, Collective: p.Collective - q.Collective,
		Subsidy: p.Subsidy - q.Subsidy, Interest: p.Interest - q.Interest,
	}
}

func (p PersonalParts) list() [4]money.Amount {
	return [4]money.Amount{p.Individual, p.Collective, p.Subsidy, p.Interest}
}

func partRoles() [4]ledger.Role {
	return [4]ledger.Role{
		ledger.PersonalIndividual, ledger.PersonalCollective, ledger.PersonalSubsidy, ledger.PersonalInterest,
	}
}

// Draw returns what of amount is taken from each part: one part after another in the
// order of the area's rule. Where that names none, in proportion to what the parts hold,
// the fen left over to the largest remainders. It never takes more than is there: where
// the account is used up the pension goes on, and the rest of it is nobody's contribution.
func (p PersonalParts) Draw(amount money.Amount, order []policy.Part) PersonalParts {
	held := p.list()
	var all money.Amount
	for i, h := range held {
		held[i] = max(0, h)
		all += held[i]
	}
	amount = min(max(0, amount), all)
	switch {
	case amount == 0:
		return PersonalParts{}
	case len(order) > 0:
		return inOrder(held, amount, order)
	}
	var taken [4]money.Amount
	var rest [4]uint64
	left := amount
	for i, h := range held {
		// The product of two amounts can exceed 64 bits; the share cannot exceed the part.
		hi, lo := bits.Mul64(uint64(amount), uint64(h)) //nolint:gosec // neither is negative
		share, remainder := bits.Div64(hi, lo, uint64(all))
		taken[i], rest[i] = money.Amount(share), remainder //nolint:gosec // at most the part
		left -= taken[i]
	}
	largest := []int{0, 1, 2, 3}
	slices.SortStableFunc(largest, func(a, b int) int { return cmp.Compare(rest[b], rest[a]) })
	for _, i := range largest[:left] {
		taken[i]++
	}
	return PersonalParts{Individual: taken[0], Collective: taken[1], Subsidy: taken[2], Interest: taken[3]}
}

// inOrder takes an amount from one part after another.
func inOrder(held [4]money.Amount, amount money.Amount, order []policy.Part) PersonalParts {
	parts := []policy.Part{policy.Individual, policy.Collective, policy.Subsidy, policy.Interest}
	var taken [4]money.Amount
	for _, part := range order {
		i := slices.Index(parts, part)
		taken[i] = min(amount, held[i])
		amount -= taken[i]
	}
	return PersonalParts{Individual: taken[0], Collective: taken[1], Subsidy: taken[2], Interest: taken[3]}
}

// benefits are the payment's components with the role that each is spent under
// and the kind of entry that may spend it.
func benefits(c Components) []component {
	return slices.DeleteFunc([]component{
		{ledger.BenefitPaid, ledger.BenefitBase, c.Base},
		{ledger.BenefitPaid, ledger.BenefitAccount, c.Account},
		{ledger.BenefitPaid, ledger.BenefitFuneral, c.Funeral},
		{ledger.AccountPaidOut, ledger.BenefitOneOff, c.OneOff},
	}, func(c component) bool { return c.amount == 0 })
}

type component struct {
	kind   ledger.Kind
	role   ledger.Role
	amount money.Amount
}

// drawing is how much of a payment is the member's own account, and the kind of
// the entry that takes it from there.
func (c Components) drawing() (money.Amount, ledger.Kind) {
	if c.Account > 0 {
		return c.Account + c.OneOff, ledger.BenefitPaid
	}
	return c.OneOff, ledger.AccountPaidOut
}

// Drawers returns the members whose personal accounts the payments draw from.
func Drawers(settled []Settled) []int64 {
	var members []int64
	for _, p := range settled {
		if own, _ := p.drawing(); own > 0 && p.Outcome == bank.OutcomeSucceeded && !p.FromSuspense {
			members = append(members, p.Member)
		}
	}
	slices.Sort(members)
	return slices.Compact(members)
}

// Accounts are the personal accounts that payments draw from.
type Accounts struct {
	// Held is what they hold, by member.
	Held map[int64]PersonalParts
	// Order is from which part first, by the month that is paid: what the area's rule
	// drawing_order says on its first day. None is in proportion.
	Order map[calendar.Month][]policy.Part
}

// Vouchers builds the entries of payments of one batch that were decided now.
// A success is spent by component, or taken out of suspense where its money came
// back before; a failure comes back where the bank took the lump, and else books
// nothing. The accounts are drawn from. It is pure but for that.
func Vouchers(b Batch, settled []Settled, accounts Accounts, today calendar.Day) []ledger.Entry {
	v := &vouchers{batch: b, today: today, made: nil}
	source, lump := ledger.Expenditure, b.Settlement == SettlesGross
	if lump {
		source = ledger.InTransit
	}
	for _, p := range settled {
		day := p.ValueDate
		switch {
		case p.Outcome == bank.OutcomeFailed && lump:
			v.at(ledger.TransitReturn, day, p.ID, ledger.Debit, ledger.Expenditure).
				item(ledger.Credit, ledger.InTransit, p.Item, p.Sum())
		case p.Outcome != bank.OutcomeSucceeded:
		case p.FromSuspense:
			v.at(ledger.Reissue, day, p.ID, ledger.Credit, source).
				item(ledger.Debit, ledger.Suspense, p.Item, p.Sum())
		default:
			for _, c := range benefits(p.Components) {
				v.at(c.kind, day, p.ID, ledger.Credit, source).item(ledger.Debit, c.role, p.Item, c.amount)
			}
			if own, kind := p.drawing(); own > 0 {
				drawn := accounts.Held[p.Member].Draw(own, accounts.Order[p.Month])
				accounts.Held[p.Member] = accounts.Held[p.Member].Less(drawn)
				v.at(kind, day, p.ID, ledger.Credit, source).draw(p.Item, drawn)
			}
		}
	}
	return v.entries()
}

// Returning is a return with the payment that it undoes.
type Returning struct {
	Return

	Payment Item
	// Outcome is the payment's, as it is recorded.
	Outcome bank.Outcome
	// Drawn is what the payment, or the first one of those that paid the same claim,
	// drew from the member's personal account.
	Drawn PersonalParts
	// ByHand says that the claim was paid by hand already.
	ByHand bool
}

// ReturnVouchers builds the entries of returns of one batch: the money is back on
// the expenditure account. By the area's policy it waits in suspense until it is
// paid again, or the benefit is taken back in red letters. What was paid by hand
// already is no benefit to be taken back: its money goes to suspense, where the payment
// by hand waits for it. It is pure.
func ReturnVouchers(b Batch, returns []Returning, how policy.ReturnPolicy, today calendar.Day) []ledger.Entry {
	v := &vouchers{batch: b, today: today, made: nil}
	for _, r := range returns {
		e := v.at(ledger.PaymentReturn, r.ValueDate, r.ID, ledger.Debit, ledger.Expenditure)
		cause := r.Payment
		cause.ID = r.ID
		if how == policy.ReturnInRed && !r.ByHand {
			e.takeBack(cause, r.Drawn)
			continue
		}
		e.item(ledger.Credit, ledger.Suspense, cause, r.Amount)
	}
	return v.entries()
}

// UnclaimedVoucher builds the entry of a return that is never paid again: what
// waits in suspense takes the benefit back in red letters, and the personal
// account holds again what was drawn for it. It is pure.
func UnclaimedVoucher(b Batch, r Returning, today calendar.Day) ledger.Entry {
	b.FundAccount = 0
	v := &vouchers{batch: b, today: today, made: nil}
	cause := r.Payment
	cause.ID = r.ID
	v.at(ledger.ReturnUnclaimed, today, r.ID, ledger.Debit, ledger.Suspense).takeBack(cause, r.Drawn)
	return v.entries()[0]
}

// vouchers collects lines into one entry a kind and value day, each with one sum
// line a set.
type vouchers struct {
	batch Batch
	today calendar.Day
	made  []*voucher
}

type voucher struct {
	ledger.Entry

	batch Batch
	// The fund's sum line is on side and role.
	side       ledger.Side
	role       ledger.Role
	fund, memo money.Amount
	memoRed    bool
	items      int
	last       int64
}

// at returns the entry of a kind and day; first names it, should it be new.
func (v *vouchers) at(
	kind ledger.Kind, day calendar.Day, first int64, side ledger.Side, role ledger.Role,
) *voucher {
	for _, e := range v.made {
		if e.Kind == kind && e.EffectiveOn == day {
			return e
		}
	}
	e := &voucher{ //nolint:exhaustruct // sums start at zero
		Entry: ledger.Entry{
			Area: v.batch.Area, Scheme: v.batch.Scheme, Kind: kind,
			Cause:    fmt.Sprintf("payment_batch:%d:%s:%d", v.batch.ID, kind, first),
			Reverses: 0, AccountedOn: v.today, EffectiveOn: day, Text: "", Postings: nil,
		},
		batch: v.batch, side: side, role: role,
	}
	v.made = append(v.made, e)
	return e
}

// item adds one line of the fund's set; the sum line follows it on the other side.
func (e *voucher) item(side ledger.Side, role ledger.Role, cause Item, amount money.Amount) {
	if e.last != cause.ID {
		e.items, e.last = e.items+1, cause.ID
	}
	e.fund += amount
	e.Postings = append(e.Postings, e.line(side, role, cause, amount))
}

func (e *voucher) line(side ledger.Side, role ledger.Role, cause Item, amount money.Amount) ledger.Posting {
	p := ledger.Posting{
		Side: side, Role: role, Nature: ledger.ItemLine, Red: false, Amount: amount, FundAccount: e.batch.FundAccount,
		Batch: e.batch.ID, Cause: cause.ID, Member: cause.Member, Year: 0,
	}
	if role.Set() == ledger.MemorandumSet {
		p.FundAccount = 0
	}
	return p
}

// draw takes from the personal account what the payment draws from it.
func (e *voucher) draw(cause Item, drawn PersonalParts) {
	for i, role := range partRoles() {
		if amount := drawn.list()[i]; amount > 0 {
			e.memo += amount
			e.Postings = append(e.Postings, e.line(ledger.Debit, role, cause, amount))
		}
	}
}

// takeBack takes the payment's benefits and drawings back in red letters.
func (e *voucher) takeBack(cause Item, drawn PersonalParts) {
	from := len(e.Postings)
	for _, c := range benefits(cause.Components) {
		e.item(ledger.Debit, c.role, cause, c.amount)
	}
	e.draw(cause, drawn)
	for i := range e.Postings[from:] {
		e.Postings[from+i].Red = true
	}
	e.memoRed = true
}

// entries closes every entry with its sum lines.
func (v *vouchers) entries() []ledger.Entry {
	out := make([]ledger.Entry, len(v.made))
	for i, e := range v.made {
		sum := ledger.Posting{
			Side: e.side, Role: e.role, Nature: ledger.SumLine, Red: false, Amount: e.fund,
			FundAccount: e.batch.FundAccount, Batch: e.batch.ID, Cause: 0, Member: 0, Year: 0,
		}
		e.Postings = append(e.Postings, sum)
		if e.memo > 0 {
			sum.Side, sum.Role, sum.Red = ledger.Credit, ledger.PersonalControl, e.memoRed
			sum.Amount, sum.FundAccount = e.memo, 0
			e.Postings = append(e.Postings, sum)
		}
		e.Text = fmt.Sprintf("%s of batch %s, %d payments", spoken(e.Kind), e.batch.Number, e.items)
		out[i] = e.Entry
	}
	return out
}

func spoken(k ledger.Kind) string {
	switch k { //nolint:exhaustive // the kinds that payments are booked by
	case ledger.BenefitPaid:
		return "benefits"
	case ledger.AccountPaidOut:
		return "personal accounts paid out"
	case ledger.TransitReturn:
		return "rejected, money back"
	case ledger.Reissue:
		return "paid again"
	case ledger.PaymentReturn:
		return "returned"
	case ledger.HandPayment:
		return "paid by hand"
	case ledger.ReturnUnclaimed:
		return "returned and never claimed"
	default:
		return string(k)
	}
}
