package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

func parseArea(f *fields, _ *env) Area {
	a, err := party.ParseArea(f.text("area"))
	if err != nil {
		f.refuse("area", err.Error())
	}
	return Area{Area: a, Name: f.name().Plain()}
}

func openAreas(ctx context.Context, tx Tx, _ *env, rows []Area) (desk[Area], error) {
	keys := make([]party.Area, len(rows))
	for i, r := range rows {
		keys[i] = r.Area
	}
	stored, err := tx.Areas(ctx, keys)
	if err != nil {
		return desk[Area]{}, err
	}
	known := make(map[party.Area]string)
	for _, a := range stored {
		known[a.Area] = a.Name
	}
	judge := func(a *Area) (Answer, *fault.Error) {
		if name, ok := known[a.Area]; ok {
			return seen(firstDifference(difference{"name", name != a.Name}))
		}
		known[a.Area] = a.Name
		return Imported, nil
	}
	return desk[Area]{judge, tx.InsertAreas}, nil
}

func parseRegion(f *fields, e *env) Region {
	return Region{Region: f.region(e.area), Name: f.name().Plain()}
}

// parent returns the region above, or 0 for a county.
func parent(r party.Region) party.Region {
	county := party.Region(r.Area()) * 1_000_000
	switch r {
	case county:
		return 0
	case r.Township():
		return county
	}
	return r.Township()
}

func openRegions(ctx context.Context, tx Tx, e *env, rows []Region) (desk[Region], error) {
	keys := make([]party.Region, 0, 2*len(rows))
	for _, r := range rows {
		keys = append(keys, r.Region, parent(r.Region))
	}
	areas, err := tx.Areas(ctx, []party.Area{e.area})
	if err != nil {
		return desk[Region]{}, err
	}
	stored, err := tx.Regions(ctx, e.area, keys)
	if err != nil {
		return desk[Region]{}, err
	}
	known := make(map[party.Region]string)
	for _, r := range stored {
		known[r.Region] = r.Name
	}
	judge := func(r *Region) (Answer, *fault.Error) {
		if name, ok := known[r.Region]; ok {
			return seen(firstDifference(difference{"name", name != r.Name}))
		}
		if len(areas) == 0 {
			return Refused, ErrUnknown.With("the area is not registered").On("region")
		}
		above := parent(r.Region)
		if _, ok := known[above]; !ok && above != 0 {
			return Refused, ErrParent.With("the region above this one is not registered: %s", above).On("region")
		}
		known[r.Region] = r.Name
		return Imported, nil
	}
	store := func(ctx context.Context, rows []Region) error { return tx.InsertRegions(ctx, e.area, rows) }
	return desk[Region]{judge, store}, nil
}

func parsePolicy(f *fields, e *env) policy.Row {
	rule := policy.Rule(f.text("rule"))
	r := policy.Row{
		Area: e.area, Rule: rule, From: f.day("effective_from"), Value: policy.Value{},
		Document: f.document("document"), Round: 0,
	}
	if y := r.From.Year(); f.fault == nil && (y < firstPolicyYear || y > lastPolicyYear) {
		f.refuse("effective_from", fmt.Sprintf("the year must be from %d to %d", firstPolicyYear, lastPolicyYear))
	}
	v, err := policy.ParseText(rule, f.text("value"))
	switch {
	case err == policy.ErrRule: //nolint:errorlint // returned as it is
		f.refuse("rule", err.Error())
	case err != nil:
		f.refuse("value", err.Error())
	}
	r.Value = v
	return r
}

func openPolicies(ctx context.Context, tx Tx, e *env, _ []policy.Row) (desk[policy.Row], error) {
	areas, err := tx.Areas(ctx, []party.Area{e.area})
	if err != nil {
		return desk[policy.Row]{}, err
	}
	stored, err := tx.PolicyRows(ctx, e.area)
	if err != nil {
		return desk[policy.Row]{}, err
	}
	nations, err := nationalRows(ctx, tx)
	if err != nil {
		return desk[policy.Row]{}, err
	}
	books, err := tx.Books(ctx, e.area)
	if err != nil {
		return desk[policy.Row]{}, err
	}
	judge := func(r *policy.Row) (Answer, *fault.Error) {
		why := meetStored(stored, *r)
		if why == nil {
			why = meetNation(nations, *r)
		}
		switch {
		case why != nil && errors.Is(why, ErrPolicyStands):
			return Repeated, nil
		case len(areas) == 0:
			return Refused, ErrUnknown.With("the area is not registered")
		case len(books) > 0:
			return Refused, ErrPolicyDecided.On("rule")
		case why != nil:
			return Refused, why
		}
		stored = append(stored, *r)
		return Imported, nil
	}
	return desk[policy.Row]{judge, tx.InsertPolicyRows}, nil
}

func parseBank(f *fields, e *env) Bank {
	b := Bank{
		Code: f.bankCode(), BankNo: f.text("bank_no"), Name: f.name().Plain(),
		Format:   word(f, "format", false, e.formats...),
		RowLimit: f.number("row_limit", 1, 150_000),
		Charset:  "",
	}
	if f.optional("charset") != "" {
		b.Charset = word(f, "charset", false, "gb18030", "gbk", "utf-8", "latin-1")
	}
	if err := party.CheckBankNo(b.BankNo); err != nil {
		f.refuse("bank_no", err.Error())
	}
	return b
}

func openBanks(ctx context.Context, tx Tx, e *env, _ []Bank) (desk[Bank], error) {
	areas, err := tx.Areas(ctx, []party.Area{e.area})
	if err != nil {
		return desk[Bank]{}, err
	}
	known, err := banksByCode(ctx, tx, e.area)
	if err != nil {
		return desk[Bank]{}, err
	}
	judge := func(b *Bank) (Answer, *fault.Error) {
		if old, ok := known[b.Code]; ok {
			return seen(firstDifference(difference{"bank_no", old.BankNo != b.BankNo},
				difference{"name", old.Name != b.Name},
				difference{"format", old.Format != b.Format}, difference{"row_limit", old.RowLimit != b.RowLimit},
				difference{"charset", old.Charset != b.Charset}))
		}
		if len(areas) == 0 {
			return Refused, ErrUnknown.With("the area is not registered")
		}
		known[b.Code] = *b
		return Imported, nil
	}
	store := func(ctx context.Context, rows []Bank) error { return tx.InsertBanks(ctx, e.area, rows) }
	return desk[Bank]{judge, store}, nil
}

func banksByCode(ctx context.Context, tx Tx, area party.Area) (map[string]Bank, error) {
	stored, err := tx.Banks(ctx, area)
	if err != nil {
		return nil, err
	}
	known := make(map[string]Bank, len(stored))
	for _, b := range stored {
		known[b.Code] = b
	}
	return known, nil
}

func parseFundAccount(f *fields, _ *env) FundAccount {
	return FundAccount{
		ID: 0, Scheme: f.scheme(),
		Role: word(f, "role", false, ledger.Income, ledger.FiscalSpecial, ledger.FixedDeposit, ledger.Expenditure,
			ledger.Treasury),
		Bank: f.bankCode(), AccountNo: f.account(Passbook), Name: f.name().Plain(),
		Settlement: word(f, "settlement", true, Net, Gross, Itemised), OpenedOn: f.day("opened_on"),
	}
}

// accounts is what a new fund account is compared with.
type accounts struct {
	known []FundAccount
	banks map[string]Bank
	books map[ledger.Scheme]Book
	// opened are the books that the chunk's accounts open.
	opened []Book
	rules  *policy.Rules
}

func openFundAccounts(ctx context.Context, tx Tx, e *env, _ []FundAccount) (desk[FundAccount], error) {
	a := &accounts{known: nil, banks: nil, books: make(map[ledger.Scheme]Book), opened: nil, rules: nil}
	var err error
	if a.known, err = tx.FundAccounts(ctx, e.area); err != nil {
		return desk[FundAccount]{}, err
	}
	if a.banks, err = banksByCode(ctx, tx, e.area); err != nil {
		return desk[FundAccount]{}, err
	}
	books, err := tx.Books(ctx, e.area)
	if err != nil {
		return desk[FundAccount]{}, err
	}
	for _, b := range books {
		a.books[b.Scheme] = b
	}
	if a.rules, err = e.policy(ctx, tx); err != nil {
		return desk[FundAccount]{}, err
	}
	store := func(ctx context.Context, rows []FundAccount) error {
		if err := tx.OpenBooks(ctx, e.area, a.opened); err != nil {
			return err
		}
		return tx.InsertFundAccounts(ctx, e.area, rows)
	}
	return desk[FundAccount]{a.judge, store}, nil
}

func (a *accounts) judge(f *FundAccount) (Answer, *fault.Error) {
	for _, old := range a.known {
		if old.Scheme == f.Scheme && old.Role == f.Role && old.Bank == f.Bank {
			return seen(firstDifference(difference{"account_no", old.AccountNo != f.AccountNo},
				difference{"name", old.Name != f.Name}, difference{"settlement", old.Settlement != f.Settlement},
				difference{"opened_on", old.OpenedOn != f.OpenedOn}))
		}
	}
	if _, ok := a.banks[f.Bank]; !ok {
		return Refused, ErrUnknown.With("the bank is not registered").On("bank")
	}
	if slices.ContainsFunc(a.known, func(old FundAccount) bool { return old.crosses(*f) }) {
		return Refused, ErrTwoLines.On("account_no")
	}
	if f.Role == ledger.Income {
		mode, err := a.rules.At(f.OpenedOn).CollectionMode()
		if err != nil {
			return Refused, policy.ErrNoRule.With("no rule collection_mode is known on that day: import policies " +
				"first").
				On("role")
		}
		if mode == policy.Tax {
			return Refused, ErrTaxArea.On("role")
		}
	}
	book, ok := a.books[f.Scheme]
	if !ok {
		book = Book{Scheme: f.Scheme, OpenedOn: f.OpenedOn, SealedThrough: f.OpenedOn.AddDays(-1)}
		a.books[f.Scheme] = book
		a.opened = append(a.opened, book)
	}
	if f.OpenedOn.Before(book.OpenedOn) {
		return Refused, ErrBookOpened.With("the book of the scheme begins on %s, at its first account", book.OpenedOn).
			On("opened_on")
	}
	a.known = append(a.known, *f)
	return Imported, nil
}

// crosses says that two fund accounts are one account at the bank, which only a
// fiscal special account and its fixed deposit of one scheme may be.
func (f FundAccount) crosses(other FundAccount) bool {
	if f.Bank != other.Bank || f.AccountNo != other.AccountNo {
		return false
	}
	special := func(r ledger.Role) bool { return r == ledger.FiscalSpecial || r == ledger.FixedDeposit }
	return f.Scheme != other.Scheme || !special(f.Role) || !special(other.Role)
}
