package collection

import (
	"context"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// ListTx is what contribution lists need of a transaction.
type ListTx interface {
	// Rules returns every rule that the area can read.
	Rules(ctx context.Context, area party.Area) (*policy.Rules, error)
	// ListMembers returns whom lines name, by their positions, with what each owes for
	// the list's year; the zero member where there is none.
	ListMembers(ctx context.Context, l ContributionList) ([]ListMember, error)
	// VoucherUsed says that another tax list than the given one names the document, and
	// waits for its checker or is approved.
	VoucherUsed(ctx context.Context, area party.Area, document string, list int64) (bool, error)
	// KeptList returns a list with its lines, or ErrListUnknown.
	KeptList(ctx context.Context, area party.Area, id int64) (ContributionList, error)
	// AddList keeps a list with its lines and fills in its id.
	AddList(ctx context.Context, l ContributionList) (ContributionList, error)
	// AskListDecision asks, as a maker, for the approval of a list and returns the decision's id.
	AskListDecision(ctx context.Context, by approval.Officer, today calendar.Day, l ContributionList) (int64, error)
	// OpenList returns an approved list that waits for its money, held to the end of the
	// transaction; ErrListUnknown, or ErrListClosed where it is none.
	OpenList(ctx context.Context, area party.Area, id int64) (ContributionList, error)
	// NameList keeps that an arrival is for a list.
	NameList(ctx context.Context, area party.Area, a Arrival, n NamedList) error
	// EndList keeps that no money is awaited for a list any more.
	EndList(ctx context.Context, area party.Area, id int64, by, reason string) error
}

// ListFilter selects lists in rising order of id.
type ListFilter struct {
	Area party.Area
	// ID and Kind are zero for all.
	ID    int64
	Kind  ListKind
	After int64
	Limit int
}

// NamedList says which list money is for, and by whose word.
type NamedList struct {
	List       int64
	By, Reason string
}

// LinePage selects the lines of a list after a position.
type LinePage struct {
	Area  party.Area
	List  int64
	After int
	Limit int
}

// LineStanding is a line with what became of it.
type LineStanding struct {
	ListLine

	ID int64
	// Posted says that it is credited, Refund that it is to be given back.
	Posted, Refund bool
}

// AskList submits a list, whole or not at all: a second person of the business desk
// approves its digest, and it is posted when its money arrived. The answer's result is
// a ContributionList. Lines that cannot stand are a RefusedLinesError.
func (s *Service) AskList(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, l ContributionList,
) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // no answer
	if !by.Has(approval.Maker, approval.AgencyBusiness) || by.Region != 0 || by.Area == 0 {
		return none, approval.ErrDuty
	}
	l.Area, l.AskedBy = by.Area, by.Login
	if err := l.check(s.today()); err != nil {
		return none, err
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		// A transaction may run again, and lines learn their members in it.
		l := l
		l.Lines = slices.Clone(l.Lines)
		if err := judgeList(ctx, tx, s.today(), &l); err != nil {
			return nil, err
		}
		l.Digest = l.digest()
		l, err := tx.AddList(ctx, l)
		if err != nil {
			return nil, err
		}
		l.State = ListSubmitted
		l.Decision, err = tx.AskListDecision(ctx, by, s.today(), l)
		return l, err
	})
}

// ListToDecide returns a list that may stand on a business day, with its lines: asked
// when it is submitted and again in the transaction of its approval, for dues and
// rules may be others by then. A line that may not is a RefusedLinesError.
func ListToDecide(
	ctx context.Context, tx Tx, today calendar.Day, area party.Area, id int64,
) (ContributionList, error) {
	l, err := tx.KeptList(ctx, area, id)
	if err != nil {
		return l, err
	}
	if l.digest() != l.Digest {
		return l, approval.ErrDigest.With("list %d is not what its digest says", id)
	}
	return l, judgeList(ctx, tx, today, &l)
}

// judgeList asks the rules and the registry whether a list may stand.
func judgeList(ctx context.Context, tx Tx, today calendar.Day, l *ContributionList) error {
	account, err := tx.FundAccountByID(ctx, l.Area, l.FundAccount)
	if err != nil {
		return err
	}
	rules, err := tx.Rules(ctx, l.Area)
	if err != nil {
		return err
	}
	mode, err := rules.At(today).CollectionMode()
	if err != nil {
		return err
	}
	if err := l.Kind.Accepts(account.Role, mode); err != nil {
		return err
	}
	if account.Scheme != l.Scheme {
		return ErrListAccount.With("the account is of another scheme").On("fund_account")
	}
	bounds, err := l.bounds(rules, today)
	if err != nil {
		return err
	}
	if err := l.ofPaidGroups(rules); err != nil {
		return err
	}
	if l.Kind == TaxList {
		used, err := tx.VoucherUsed(ctx, l.Area, l.Document, l.ID)
		if err != nil {
			return err
		}
		if used {
			return ErrVoucher.On("document")
		}
	}
	if err := tx.HoldDues(ctx, []party.Area{l.Area}, []int{l.Year}); err != nil {
		return err
	}
	found, err := tx.ListMembers(ctx, *l)
	if err != nil {
		return err
	}
	return l.judge(found, today, bounds)
}

// ofPaidGroups refuses a list of the government with lines of groups that it does not pay for.
func (l *ContributionList) ofPaidGroups(rules *policy.Rules) error {
	if l.Kind != GovernmentList {
		return nil
	}
	groups, err := rules.PaidGroups(l.Year)
	if err != nil {
		return err //nolint:wrapcheck // names the rule
	}
	return l.paidFor(groups)
}

// bounds reads what bounds the lines of a list from the area's tiers. Aid is bounded by the highest tier of the whole
// year. The government pays the lowest tier of the day on which the list is decided, or of the last day of a year that
// is made up; where the tiers change in July, it still pays what was the lowest in January for who chose that.
func (l *ContributionList) bounds(rules *policy.Rules, today calendar.Day) (b listBounds, err error) {
	var tiers []money.Amount
	switch {
	case l.Kind == GovernmentList:
		first, err := calendar.Date(l.Year, 1, 1)
		if err != nil {
			return b, ErrList.Because(err).On("year")
		}
		day := today
		if l.Year < today.Year() {
			day = first.AddMonths(11).Month().Last()
		}
		if tiers, err = rules.At(day).ContributionTiers(); err != nil {
			return b, err
		}
		b.lowest = slices.Min(tiers)
		if tiers, err := rules.At(first).ContributionTiers(); err == nil {
			b.january = slices.Min(tiers)
		}
	case !l.Kind.Individual():
		limited, err := rules.AidLimited(l.Year)
		if err != nil || !limited {
			return b, err //nolint:wrapcheck // names the rule
		}
		if tiers, err = rules.TiersOfYear(l.Year); err != nil {
			return b, err
		}
		b.aid = slices.Max(tiers)
	}
	return b, err
}

// ListNaming is an officer's word for which list money is.
type ListNaming struct {
	Arrival, List int64
	// Reason is what the officer goes by, such as the bank's advice.
	Reason string
}

// NameListMoney says that arrived money is for a list, where the bank named no batch
// and no terminal. When what was named sums to the list, the list is agreed and a job
// posts it; until then nothing of it is posted. The answer's result is an Arrived.
func (s *Service) NameListMoney(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, n ListNaming,
) (once.Answer, error) {
	if !by.Has(approval.Maker, approval.AgencyBusiness, approval.AgencyFinance) {
		return once.Answer{}, approval.ErrDuty //nolint:exhaustruct // no answer
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		a, agreed, err := tx.LockArrival(ctx, by.Area, n.Arrival, 0)
		if err != nil {
			return nil, err
		}
		if a.List == n.List {
			return Arrived{Arrival: a, Repeated: true, Agreed: agreed}, nil
		}
		l, err := tx.OpenList(ctx, by.Area, n.List)
		switch {
		case err != nil:
			return nil, err
		case agreed || a.Batch != 0 || a.TerminalDayID != 0 || a.GivenBack:
			return nil, ErrArrivalFixed.With(
				"the money is a batch's or a terminal's, or was agreed for a list, or went back")
		case a.FundAccount != l.FundAccount:
			return nil, ErrFundAccount.With("the list is paid on another account").On("list_id")
		}
		return s.nameList(ctx, tx, l, a, NamedList{List: l.ID, By: "officer:" + by.Login, Reason: n.Reason})
	})
}

// nameList moves the money from the list that it was for, and looks whether either list
// now agrees.
func (s *Service) nameList(ctx context.Context, tx Tx, l ContributionList, a Arrival, n NamedList) (Arrived, error) {
	none := Arrived{} //nolint:exhaustruct // none
	if err := tx.NameList(ctx, l.Area, a, n); err != nil {
		return none, err
	}
	if err := tx.CloseArrivalCases(ctx, l.Area, a, n.By, "named for a contribution list: "+n.Reason); err != nil {
		return none, err
	}
	out := Arrived{Arrival: a, Repeated: false, Agreed: false}
	before := out.List
	out.List = l.ID
	for _, id := range []int64{before, l.ID} {
		if id == 0 {
			continue
		}
		var err error
		if out.Agreed, err = s.settle(ctx, tx, l.Area, "list", id); err != nil {
			return none, err
		}
	}
	return out, nil
}

// ListEnding takes an approved list back whose money does not come.
type ListEnding struct {
	List   int64
	Reason string
}

// EndList gives up an approved list: what it paid for is owed again. It is refused
// once its money agreed. Money that was named for it may be named for another. The
// answer's result is a ContributionList.
func (s *Service) EndList(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, e ListEnding,
) (once.Answer, error) {
	if !by.Has(approval.Maker, approval.AgencyBusiness) {
		return once.Answer{}, approval.ErrDuty //nolint:exhaustruct // no answer
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		l, err := tx.OpenList(ctx, by.Area, e.List)
		if err != nil {
			return nil, err
		}
		l.State = ListEnded
		return l, tx.EndList(ctx, by.Area, l.ID, "officer:"+by.Login, e.Reason)
	})
}

// Lists lists the contribution lists of the officer's area.
func (s *Service) Lists(ctx context.Context, by approval.Officer, f ListFilter) ([]ContributionList, error) {
	f.Area = by.Area
	return s.store.Lists(ctx, f)
}

// List returns one of the officer's area, or ErrListUnknown.
func (s *Service) List(ctx context.Context, by approval.Officer, id int64) (ContributionList, error) {
	list, err := s.Lists(ctx, by, ListFilter{ID: id, Limit: 1}) //nolint:exhaustruct // one
	if err == nil && len(list) == 0 {
		err = ErrListUnknown
	}
	if err != nil {
		return ContributionList{}, err //nolint:exhaustruct // none
	}
	return list[0], nil
}

// ListLines lists a list's lines in their order, with what became of them.
func (s *Service) ListLines(ctx context.Context, by approval.Officer, p LinePage) ([]LineStanding, error) {
	p.Area = by.Area
	return s.store.ListLines(ctx, p)
}
