package personal

import (
	"context"
	"fmt"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// SubsidyBack is what a list takes back of a member's subsidy of a year, because a contribution that earned it was
// given back as wrong.
type SubsidyBack struct {
	ID, Member int64
	Year       int
	// Paid is what the member keeps paid for the year, Entitled what its tier earns, Before what lists gave and did
	// not take back. Amount is at most what of it the member has too much, and no more than the account holds.
	Paid, Entitled, Before, Amount money.Amount
}

// GivenTooMuch is a member's year of which a case asks what becomes of its subsidy.
type GivenTooMuch struct {
	Member int64
	Year   int
	// Upto is the last day of payment that the year's last list counted; its rules are those of it.
	Upto calendar.Day
	// Held is what the account holds of subsidies.
	Paid, Before, Held money.Amount
}

// SubsidyBackTx is what taking back needs of a transaction.
type SubsidyBackTx interface {
	// GivenTooMuch lists, by rising member and year, whose open case asks what becomes of a subsidy. No account is
	// drawn upon to the end of the transaction.
	GivenTooMuch(ctx context.Context, area party.Area, scheme ledger.Scheme) ([]GivenTooMuch, error)
}

// AddBack adds what is taken back, after the lines.
func (d LineDigest) AddBack(b SubsidyBack) {
	d.hash.Write([]byte("back "))
	d.write(b.Member, int64(b.Year), b.Paid.Fen(), b.Entitled.Fen(), b.Before.Fen(), b.Amount.Fen())
}

// takeBack fills in what a list takes back. Its levels owe that much less, each its own share of the year of the
// subsidy: what a level does not owe to the list, nobody could pay back to it, so that it waits for a later list, and
// a list always asks for money.
func takeBack(ctx context.Context, tx SubsidyBackTx, rules *policy.Rules, run *SubsidyRun) error {
	list, err := tx.GivenTooMuch(ctx, run.Area, run.Scheme)
	if err != nil {
		return err //nolint:wrapcheck // names the list
	}
	taken := map[int64]money.Amount{}
	for _, g := range list {
		row, err := rules.Row(policy.ContributionSubsidies, g.Upto)
		if err != nil {
			return err //nolint:wrapcheck // names the rule
		}
		b := SubsidyBack{
			ID: 0, Member: g.Member, Year: g.Year, Paid: g.Paid, Entitled: row.Value.Subsidy(g.Paid), Before: g.Before,
			Amount: 0,
		}
		b.Amount = min(b.Before-b.Entitled, g.Held-taken[g.Member])
		if b.Amount <= 0 || run.Back+b.Amount >= run.Amount {
			continue
		}
		levels, err := lessen(run.Levels, rules, g.Upto, b.Amount)
		if err != nil {
			return err
		}
		if levels == nil {
			continue
		}
		run.Levels, run.Backs = levels, append(run.Backs, b)
		run.Back += b.Amount
		taken[g.Member] += b.Amount
	}
	return nil
}

// lessen takes an amount off what levels owe, by the shares of a day, or returns nil where one does not owe so much.
func lessen(
	levels []SubsidyLevel, rules *policy.Rules, day calendar.Day, amount money.Amount,
) ([]SubsidyLevel, error) {
	payers, err := rules.Row(policy.ContributionSubsidyPayers, day)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the rule
	}
	out := append([]SubsidyLevel(nil), levels...)
	for _, share := range split(amount, payers.Value.Shares()) {
		for i := range out {
			if out[i].Level == share.Level {
				out[i].Amount -= share.Amount
				out[i].Back += share.Amount
				amount -= share.Amount
				if out[i].Amount < 0 {
					return nil, nil
				}
			}
		}
	}
	if amount != 0 {
		return nil, nil
	}
	return out, nil
}

// owes are the levels of a list, less what it takes back.
func (r SubsidyRun) owes(
	rules *policy.Rules, shares []policy.Share, days map[int]calendar.Day,
) ([]SubsidyLevel, error) {
	levels := split(r.Amount, shares)
	for _, b := range r.Backs {
		less, err := lessen(levels, rules, days[b.Year], b.Amount)
		if err != nil {
			return nil, err
		}
		if less == nil {
			return nil, ErrSubsidyStale
		}
		levels = less
	}
	return levels, nil
}

// backStands is nil where each member still has as much too much, and holds it, or ErrSubsidyStale. It returns the
// days of the rules of the years.
func (r SubsidyRun) backStands(
	ctx context.Context, tx SubsidyBackTx, rules *policy.Rules,
) (map[int]calendar.Day, error) {
	days := map[int]calendar.Day{}
	if len(r.Backs) == 0 {
		return days, nil
	}
	list, err := tx.GivenTooMuch(ctx, r.Area, r.Scheme)
	if err != nil {
		return nil, err //nolint:wrapcheck // names the list
	}
	type key struct {
		member int64
		year   int
	}
	now := map[key]GivenTooMuch{}
	held := map[int64]money.Amount{}
	for _, g := range list {
		now[key{g.Member, g.Year}], held[g.Member], days[g.Year] = g, g.Held, g.Upto
	}
	for _, b := range r.Backs {
		g, ok := now[key{b.Member, b.Year}]
		if !ok || g.Before != b.Before {
			return nil, ErrSubsidyStale
		}
		row, err := rules.Row(policy.ContributionSubsidies, g.Upto)
		if err != nil {
			return nil, err //nolint:wrapcheck // names the rule
		}
		held[b.Member] -= b.Amount
		if row.Value.Subsidy(g.Paid) != b.Entitled || held[b.Member] < 0 {
			return nil, ErrSubsidyStale
		}
	}
	return days, nil
}

// Net is what the levels owe together: what the list gives, less what it takes back.
func (r SubsidyRun) Net() money.Amount { return r.Amount - r.Back }

// BackEntry takes back what a list takes back, in red, on the day of its approval: what the money earned until then
// stays. No fund moves, since the levels paid that much less.
func (r SubsidyRun) BackEntry(today calendar.Day) ledger.Entry {
	e := ledger.Entry{
		Area: r.Area, Scheme: r.Scheme, Kind: ledger.AccountSubsidy, Cause: fmt.Sprintf("subsidy_run:%d:back", r.ID),
		Reverses: 0, AccountedOn: today, EffectiveOn: today,
		Text:     fmt.Sprintf("subsidies taken back by the list of %d, %d accounts", r.Year, len(r.Backs)),
		Postings: []ledger.Posting{memorandum(ledger.SumLine, r.Back)},
	}
	e.Postings[0].Red = true
	for _, b := range r.Backs {
		p := memorandum(ledger.ItemLine, b.Amount)
		p.Side, p.Role, p.Red = ledger.Credit, ledger.PersonalSubsidy, true
		p.Cause, p.Member, p.Year = b.ID, b.Member, b.Year
		e.Postings = append(e.Postings, p)
	}
	return e
}
