package registry

import (
	"context"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Component is a part of what a pensioner is paid.
type Component string

// The components.
const (
	BasePension    Component = "base_pension"
	AccountPension Component = "account_pension"
	FuneralGrant   Component = "funeral_grant"
	OneOff         Component = "one_off"
)

// Entitlement is what a member is to be paid a month by one component, from a
// month on: the newest row of the newest month up to the one paid for holds.
type Entitlement struct {
	Member    int64
	Component Component
	From      calendar.Month
	// Amount is 0 where the component ends.
	Amount money.Amount
	// Document is the decision. A later decision on the same month is another
	// document's; one document does not say two amounts.
	Document string
}

// entitlementRow is a line of a file of entitlements.
type entitlementRow struct {
	memberRef
	Entitlement
}

func parseEntitlement(f *fields, _ *env) entitlementRow {
	return entitlementRow{f.memberRef(), Entitlement{
		Member: 0, Component: word(f, "component", false, BasePension, AccountPension, FuneralGrant, OneOff),
		From: f.month("from_month"), Amount: f.amount("amount"), Document: f.document("document"),
	}}
}

type entitlementKey struct {
	member    int64
	component Component
	from      calendar.Month
	document  string
}

func (e Entitlement) key() entitlementKey {
	return entitlementKey{e.Member, e.Component, e.From, e.Document}
}

func openEntitlements(ctx context.Context, tx Tx, e *env, rows []entitlementRow) (desk[entitlementRow], error) {
	var none desk[entitlementRow]
	members, err := indexMembers(ctx, tx, e.area, rows, func(r entitlementRow) memberRef { return r.memberRef })
	if err != nil {
		return none, err
	}
	stored, err := tx.Entitlements(ctx, e.area, members.ids)
	if err != nil {
		return none, err
	}
	known := make(map[entitlementKey]money.Amount, len(stored))
	for _, old := range stored {
		known[old.key()] = old.Amount
	}
	judge := func(r *entitlementRow) (Answer, *fault.Error) {
		m, why := members.find(r.memberRef)
		if why != nil {
			return Refused, why
		}
		r.Member = m.ID
		if amount, ok := known[r.key()]; ok {
			return seen(firstDifference(difference{"amount", amount != r.Amount}))
		}
		known[r.key()] = r.Amount
		return Imported, nil
	}
	store := func(ctx context.Context, rows []entitlementRow) error {
		list := inner(rows, func(r entitlementRow) Entitlement { return r.Entitlement })
		return tx.InsertEntitlements(ctx, e.area, e.by, list)
	}
	return desk[entitlementRow]{judge, store}, nil
}

// inner takes what is stored out of the lines of a file.
func inner[R, V any](rows []R, of func(R) V) []V {
	out := make([]V, len(rows))
	for i, r := range rows {
		out[i] = of(r)
	}
	return out
}

// activationRow is a line of a file of activations: whether a person can draw
// from an account, which the bank tells later than it opens it.
type activationRow struct {
	memberRef

	account party.AccountNo
	Instrument
}

func parseActivation(f *fields, _ *env) activationRow {
	r := activationRow{memberRef: f.memberRef(), account: f.account(Passbook), Instrument: Instrument{}}
	r.Bank, r.Activated = f.bankCode(), f.flag("activated")
	return r
}

func openActivations(ctx context.Context, tx Tx, e *env, rows []activationRow) (desk[activationRow], error) {
	var none desk[activationRow]
	members, err := indexMembers(ctx, tx, e.area, rows, func(r activationRow) memberRef { return r.memberRef })
	if err != nil {
		return none, err
	}
	held, err := newHolders(ctx, tx, e, members.ids, nil)
	if err != nil {
		return none, err
	}
	judge := func(r *activationRow) (Answer, *fault.Error) {
		m, why := members.find(r.memberRef)
		if why != nil {
			return Refused, why
		}
		key := instrumentKey{m.ID, BankNumber{r.Bank, r.account.Plain()}}
		i, ok := held.byKey[key]
		switch {
		case !ok:
			return Refused, ErrUnknown.With("the member has no such account at the bank").On("account_no")
		case i.Activated == r.Activated:
			return Repeated, nil
		}
		i.Activated = r.Activated
		r.Instrument, held.byKey[key] = i, i
		return Imported, nil
	}
	store := func(ctx context.Context, rows []activationRow) error {
		return tx.SetActivated(ctx, e.area, inner(rows, func(r activationRow) Instrument { return r.Instrument }))
	}
	return desk[activationRow]{judge, store}, nil
}
