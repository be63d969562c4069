package lifeevent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Estate is what is known of a dead member's money.
type Estate struct {
	Area   party.Area
	Member int64
	// Died is the earliest day that stands reported, or no day.
	Died calendar.Day
	// Held is what the account holds, and Base the base pension of the month of the death.
	Held Parts
	Base money.Amount
	// Recoveries are the member's cases that stand, at most one for each reason.
	Recoveries []Recovery
	// UnderWay says that a payment is with a bank and not answered.
	UnderWay bool
	// Owed is what no run paid of months up to that of the death.
	Owed Owed
	// Returned is a payment's return of such a month that waits to be given up, or 0.
	Returned int64
	// Reserved is what of the account goes with such months, and with those that an heir was
	// granted and is not paid yet.
	Reserved money.Amount
	// Pension is the person's other membership, that of a pension, where this one is of the allowance of
	// land-lost farmers beside it; or 0. The funeral grant of the one death is claimed there.
	Pension int64
	// GrantedFuneral and GrantedBalance say that an heir was granted it before.
	GrantedFuneral, GrantedBalance bool
	// Funeral is what heirs were granted of the funeral grant together, and FuneralAsked the day on
	// which the first of them asked.
	Funeral      money.Amount
	FuneralAsked calendar.Day
}

// Owed is months of pension that are owed to the dead: differences of a rise, months of a stop,
// and payments that failed or came back, by the months up to that of the death.
type Owed struct{ Base, Account money.Amount }

// Sum is both components together.
func (o Owed) Sum() money.Amount { return o.Base + o.Account }

// Claim is what an heir claims, and where it goes.
type Claim struct {
	Area       party.Area
	ID, Member int64
	// Funeral claims the grant, Balance what is left of the account, Dues the months that are
	// owed to the dead.
	Funeral, Balance, Dues bool

	HeirName  party.Name
	HeirID    party.IDNumber
	Bank      string
	Kind      string
	AccountNo party.AccountNo
	Document  string
	MadeBy    string
	MadeAt    time.Time
	MadeOn    calendar.Day
	// ReportedOn is the day on which the family asked, as the document says: rules count days to it.
	ReportedOn calendar.Day
	Decision   int64
	// State is that of the decision, Grant what was granted by it, and the rest tells
	// officers who died.
	State    string
	Grant    Grant
	SocialNo string
	Name     party.Name
}

// Grant is what a claim is worth.
type Grant struct {
	Funeral, Balance money.Amount
	// Owed are the months that were owed to the dead.
	Owed Owed
	// Held is what the account holds, Kept what of it stays in the fund, and Reserved what of
	// it goes with months that are owed.
	Held, Kept, Reserved money.Amount
	Died                 calendar.Day
}

// Sum is all that the heir is paid.
func (g Grant) Sum() money.Amount { return g.Funeral + g.Balance + g.Owed.Sum() }

const maxText = 200

func (c *Claim) check() error {
	switch {
	case !c.Funeral && !c.Balance && !c.Dues:
		return ErrClaim.With("claim the grant, the balance of the account, or months that are owed").On("funeral")
	case !approval.IsLine(c.Document, maxText) || c.Document == "":
		return ErrClaim.With("the document is one line of 1 to 200 characters").On("document")
	}
	return nil
}

// Digest binds the claim's people, account and paper.
func (c *Claim) Digest() [sha256.Size]byte {
	h := sha256.New()
	h.Write([]byte("twoline estate claim 1\n"))
	fields := [][2]string{
		{"area", c.Area.String()},
		{"member", fmt.Sprint(c.Member)},
		{"funeral", fmt.Sprint(c.Funeral)},
		{"balance", fmt.Sprint(c.Balance)},
		{"heir_name", c.HeirName.Plain()},
		{"heir_id_number", c.HeirID.Plain()},
		{"bank", c.Bank},
		{"kind", c.Kind},
		{"account_no", c.AccountNo.Plain()},
		{"document", c.Document},
	}
	if c.ReportedOn != c.MadeOn {
		fields = append(fields, [2]string{"reported_on", c.ReportedOn.String()})
	}
	if c.Dues {
		fields = append(fields, [2]string{"dues", "true"})
	}
	for _, f := range fields {
		h.Write(fmt.Appendf(nil, "%s %d:%s\n", f[0], len(f[1]), f[1]))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func (c *Claim) about(g Grant) string {
	d := c.Digest()
	return fmt.Sprintf("claim %d of an heir of member %d, died on %s, asked on %s: funeral grant %s, balance %s of "+
		"%s held, %s stays in the fund, %s goes with months that are owed; of those %s base pension and %s account "+
		"pension; claim's SHA-256 %s", c.ID, c.Member, g.Died, c.ReportedOn, g.Funeral, g.Balance, g.Held, g.Kept,
		g.Reserved, g.Owed.Base, g.Owed.Account, hex.EncodeToString(d[:]))
}

// Worth tells what a claim is worth on the day on which the family asked, by the rules of the
// day of the death: what the office waits for is not the family's delay. It is pure.
func (c *Claim) Worth(e *Estate, rules *policy.Rules) (Grant, error) {
	g := Grant{
		Funeral: 0, Balance: 0, Owed: Owed{Base: 0, Account: 0}, Held: e.Held.Total(), Kept: 0, Reserved: 0,
		Died: e.Died,
	}
	switch {
	case e.Died.IsZero():
		return g, ErrAlive
	case c.ReportedOn.Before(e.Died):
		return g, ErrClaim.With("the family asked after the death, which was on %s", e.Died).On("reported_on")
	case e.UnderWay:
		return g, ErrUnplanned.With("a payment to the member is with a bank and not answered")
	case e.unplanned() != 0:
		return g, ErrUnplanned.About(fmt.Sprint(e.unplanned()))
	case c.Balance && e.GrantedBalance:
		return g, ErrGranted
	}
	if c.Funeral {
		var err error
		if g.Funeral, err = e.funeral(rules, c.ReportedOn); err != nil {
			return g, err
		}
	}
	if c.Balance {
		heirs, err := HeirsOf(rules, e)
		if err != nil {
			return g, err
		}
		g.Balance, g.Reserved = heirs.Total(), e.reserved()
		if g.Kept = g.Held - g.Balance - g.Reserved; g.Balance <= 0 {
			return g, ErrEmpty
		}
	}
	if c.Dues {
		if e.Returned != 0 {
			return g, ErrReturned.About(fmt.Sprint(e.Returned))
		}
		if g.Owed = e.Owed; g.Owed.Sum() <= 0 {
			return g, ErrNothingOwed
		}
	}
	return g, nil
}

// funeral is the grant that is claimed on a day, less what recoveries took of it. Where one was
// granted before, it is the difference to what the rule of the day of the death gives by the base
// pension that is decided today: a rise that was decided later raises the grant as well, and the
// family asked in time if it did so first.
func (e *Estate) funeral(rules *policy.Rules, claimed calendar.Day) (money.Amount, error) {
	if e.GrantedFuneral && e.FuneralAsked.Before(claimed) {
		claimed = e.FuneralAsked
	}
	grant, err := FuneralOf(rules, e, claimed)
	if err != nil {
		return 0, err
	}
	grant -= e.fromFuneral() + e.Funeral
	switch {
	case grant > 0:
		return grant, nil
	case e.GrantedFuneral:
		return 0, ErrGranted
	}
	return 0, ErrGrant.With("the whole grant went to what was paid after the death")
}

// reserved is what of the account goes with months that are owed: no more than is there.
func (e *Estate) reserved() money.Amount {
	return min(e.Reserved, positive(e.Held).Total())
}

// unplanned is a case that something is open of and not asked of anybody, or 0.
func (e *Estate) unplanned() int64 {
	for i := range e.Recoveries {
		if e.Recoveries[i].Unplanned() > 0 {
			return e.Recoveries[i].ID
		}
	}
	return 0
}

// fromFuneral is what approved plans took from the grant, as far as it is owed.
func (e *Estate) fromFuneral() (sum money.Amount) {
	for i := range e.Recoveries {
		sum += e.Recoveries[i].grantKept()
	}
	return sum
}

// offsetOf are the parts of the account that a recovery may be set off against: what is
// the heirs', or the living member's, to whom the whole of it is due but its subsidy.
func offsetOf(rules *policy.Rules, e *Estate) (Parts, error) {
	if !e.Died.IsZero() {
		return HeirsOf(rules, e)
	}
	theirs := positive(e.Held)
	theirs.Subsidy = 0
	return theirs, nil
}

// positive are the parts without what is below zero.
func positive(p Parts) Parts {
	return Parts{
		Individual: max(0, p.Individual), Collective: max(0, p.Collective), Subsidy: max(0, p.Subsidy),
		Interest: max(0, p.Interest),
	}
}

// HeirsOf are the parts of the account that are the heirs' by the day of the death, without
// what goes with months that are owed: paid in time, those had drawn it.
func HeirsOf(rules *policy.Rules, e *Estate) (Parts, error) {
	terms, err := entitlement.New(rules)
	if err != nil {
		return Parts{}, err //nolint:wrapcheck // names the rule
	}
	held := positive(e.Held)
	drawn := share(held, e.Reserved)
	held.Individual, held.Collective = held.Individual-drawn.Individual, held.Collective-drawn.Collective
	held.Subsidy, held.Interest = held.Subsidy-drawn.Subsidy, held.Interest-drawn.Interest
	amount, err := terms.Heirs(held, e.Died)
	if err != nil {
		return Parts{}, err //nolint:wrapcheck // names the rule
	}
	if amount < held.Total() {
		held.Subsidy = 0
	}
	return held, nil
}

// FuneralOf is the grant for a death that is claimed on a day, by the rule of the day of
// the death. ErrGrantLate carries what the rule says.
func FuneralOf(rules *policy.Rules, e *Estate, claimed calendar.Day) (money.Amount, error) {
	row, err := rules.Row(policy.Funeral, e.Died)
	if err != nil {
		return 0, err //nolint:wrapcheck // names the rule
	}
	if e.Pension != 0 {
		return 0, ErrGrant.With("the grant of this death is claimed for the person's pension, membership %d", e.Pension)
	}
	f := row.Value.Funeral()
	amount := f.Amount(e.Base, e.Died, claimed)
	switch {
	case f.Fixed == 0 && f.Bases == 0:
		return 0, ErrGrant.With("by %s the area grants none", row.Document)
	case amount == 0 && f.Within > 0 && e.Died.DaysUntil(claimed) > f.Within:
		return 0, ErrGrantLate.With("by %s the grant is claimed within %d days of the death; it was %d", row.Document,
			f.Within, e.Died.DaysUntil(claimed))
	case amount == 0:
		return 0, ErrGrant.With("the grant counts base pensions, and the member drew none in the month of the death")
	}
	return amount, nil
}
