package subsidy

import (
	"context"
	"fmt"
	"slices"

	"twoline/gateway/approval"
	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/entitlement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// Service is government's money for base pensions. It is safe for concurrent use.
type Service struct {
	store Store
	days  *calendar.WorkingDays
	today func() calendar.Day
}

// New returns a service; today is the business day.
func New(store Store, days *calendar.WorkingDays, today func() calendar.Day) *Service {
	return &Service{store: store, days: days, today: today}
}

// Store runs functions in one transaction or one read-only snapshot.
type Store interface {
	InTx(ctx context.Context, fn func(Tx) error) error
	Read(ctx context.Context, fn func(Tx) error) error
}

// Tx is what the money asks of a transaction.
type Tx interface {
	once.Tx
	MonthTx
	ArrivalTx
	CaseTx
}

// MonthTx reads what months are paid.
type MonthTx interface {
	Areas(ctx context.Context) ([]party.Area, error)
	// PaidBooks returns the area's schemes with an expenditure account.
	PaidBooks(ctx context.Context, area party.Area) ([]disbursement.PaidBook, error)
	// Rules returns the rules that the area can read.
	Rules(ctx context.Context, area party.Area) (*policy.Rules, error)
	// RegularRun returns the month's live regular run, or the zero run.
	RegularRun(
		ctx context.Context, area party.Area, scheme ledger.Scheme, month calendar.Month,
	) (disbursement.Run, int, error)
	// LastPaid returns the newest month up to one whose regular run was approved, or no month.
	LastPaid(ctx context.Context, area party.Area, scheme ledger.Scheme, upto calendar.Month) (calendar.Month, error)
	// BasesPaid counts what frozen batches of the months pay, save what is paid again.
	BasesPaid(ctx context.Context, area party.Area, scheme ledger.Scheme, from, to calendar.Month) ([]Paid, error)
}

// ArrivalTx keeps arrivals.
type ArrivalTx interface {
	// LockSubsidy returns a booked transfer of the kind, held to the end of the transaction,
	// or ErrMoney.
	LockSubsidy(ctx context.Context, area party.Area, transfer int64) (Transfer, error)
	AddArrivals(ctx context.Context, by approval.Officer, today calendar.Day, t Transfer, parts []Part) error
	// Arrivals lists those that stand: of months up to one, or of a transfer.
	Arrivals(ctx context.Context, f ArrivalFilter) ([]Arrival, error)
	// FindArrival returns one, taken back or not, or ErrUnknown.
	FindArrival(ctx context.Context, area party.Area, id int64) (Arrival, error)
	// WithdrawArrival returns ErrGone where it was taken back at this moment.
	WithdrawArrival(ctx context.Context, by approval.Officer, today calendar.Day, a Arrival, document string) error
	// UnnamedSubsidies lists the newest transfers of a scheme with money left to be named.
	UnnamedSubsidies(ctx context.Context, area party.Area, scheme ledger.Scheme) ([]Transfer, error)
}

// CaseTx asks for what is missing.
type CaseTx interface {
	// AskSubsidy opens a case; one that is open, or that a person closed, stays as it is.
	AskSubsidy(ctx context.Context, area party.Area, c disbursement.Case) error
	// EndSubsidy closes the open cases of a subject.
	EndSubsidy(ctx context.Context, area party.Area, c disbursement.Case, by string) error
}

// ArrivalFilter selects arrivals that stand.
type ArrivalFilter struct {
	Area   party.Area
	Scheme ledger.Scheme
	// Upto is the last month, Transfer the only one; one of them is set.
	Upto     calendar.Month
	Transfer int64
}

const (
	maxText = 200
	// maxParts is a year of four levels.
	maxParts = 48
	// monthsAhead are named for at most.
	monthsAhead = 12
)

// Of tells what the levels owe to a month and what is there. The agency, the finance bureau
// and the auditor see it. It returns policy.ErrNoRule where nobody decided who pays.
func (s *Service) Of(
	ctx context.Context, by approval.Officer, scheme ledger.Scheme, month calendar.Month,
) (Month, error) {
	var out Month
	shown := []approval.Organisation{
		approval.AgencyBusiness, approval.AgencyFinance, approval.FinanceBureau, approval.Auditor,
	}
	if by.Area == 0 || by.Region != 0 || !slices.Contains(shown, by.Organisation) {
		return out, approval.ErrDuty.With("this is shown to the agency, the finance bureau and the auditor")
	}
	if err := s.check(scheme, month); err != nil {
		return out, err
	}
	err := s.store.Read(ctx, func(tx Tx) (err error) {
		if out, err = s.month(ctx, tx, by.Area, scheme, month); err != nil {
			return err
		}
		out.Unnamed, err = tx.UnnamedSubsidies(ctx, by.Area, scheme)
		return err
	})
	return out, err
}

func (s *Service) check(scheme ledger.Scheme, month calendar.Month) error {
	switch {
	case scheme == ledger.LandLost || !scheme.Valid():
		return ErrMonth.With("the scheme is resident, rural or urban").On("scheme")
	case month.Year() < 2009 || month.Compare(s.today().Month().Add(monthsAhead)) > 0:
		return ErrMonth.With("the month is of 2009 or later, and at most %d months ahead", monthsAhead).On("month")
	}
	return nil
}

// month reckons a month from the runs that pay it and the arrivals that stand.
func (s *Service) month(
	ctx context.Context, tx Tx, area party.Area, scheme ledger.Scheme, month calendar.Month,
) (Month, error) {
	m := Month{Area: area, Scheme: scheme, Month: month, Basis: NoBasis} //nolint:exhaustruct // filled below
	rules, err := tx.Rules(ctx, area)
	if err != nil {
		return m, err
	}
	if err := s.dates(ctx, tx, rules, &m); err != nil {
		return m, err
	}
	//nolint:exhaustruct // of months
	arrivals, err := tx.Arrivals(ctx, ArrivalFilter{Area: area, Scheme: scheme, Upto: month})
	if err != nil {
		return m, err
	}
	owed, err := readOwed(ctx, tx, rules, m, arrivals)
	if err != nil {
		return m, err
	}
	brought := make(map[policy.Level]money.Amount)
	for at := owed.from; at.Compare(month) < 0; at = at.Add(1) {
		shares, _, err := owed.shares(at, brought)
		if err != nil {
			return m, err
		}
		for _, share := range shares {
			brought[share.Level] = share.Ahead
		}
	}
	if m.Levels, m.Basis, err = owed.shares(month, brought); err != nil {
		return m, err
	}
	if m.Basis == Estimated {
		m.EstimatedFrom = owed.last
	}
	s.late(rules, &m)
	return m, nil
}

// dates fills in by when the money has to be there.
func (s *Service) dates(ctx context.Context, tx Tx, rules *policy.Rules, m *Month) error {
	run, _, err := tx.RegularRun(ctx, m.Area, m.Scheme, m.Month)
	if err != nil {
		return err
	}
	today := rules.At(s.today())
	if m.PayDay, m.DueOn = run.PayDay, run.HandoverDue; run.ID == 0 {
		var plan disbursement.Rules
		if plan.PayDay, err = today.PayDay(); err != nil {
			return err
		}
		if plan.HandoverDays, err = today.HandoverDays(); err != nil {
			return err
		}
		//nolint:exhaustruct // a whole month
		order := disbursement.Order{Scheme: m.Scheme, Month: m.Month, Kind: disbursement.Regular}
		if m.PayDay, m.DueOn, err = order.PayDay(s.days, plan, s.today()); err != nil {
			return err
		}
	}
	days, err := today.SubsidyWarningDays()
	if err != nil {
		return err
	}
	if m.WarnOn, err = s.days.Add(m.DueOn, -days); err != nil {
		return fmt.Errorf("warning of %s: %w", m.Month, err)
	}
	return nil
}

// late says by how much money came late, and how long what is missing has been due.
func (s *Service) late(rules *policy.Rules, m *Month) {
	for i := range m.Levels {
		share := &m.Levels[i]
		if share.Missing > 0 {
			share.DaysLate = max(0, m.DueOn.DaysUntil(s.today()))
		}
		for k := range share.Arrivals {
			a := &share.Arrivals[k]
			a.DaysLate = max(0, m.DueOn.DaysUntil(a.ArrivedOn))
			a.Late = rules.Late(a.Amount, m.DueOn, a.ArrivedOn)
		}
	}
}

// owed is what months of a scheme are owed, and what arrived for them.
type owed struct {
	rules *policy.Rules
	terms *entitlement.Terms
	paid  map[calendar.Month][]Paid
	// last is the newest month with an approved regular run, from the first with anything.
	last, from calendar.Month
	arrivals   map[calendar.Month][]Arrival
}

// readOwed reads the months from the first for which money was named: nothing before it can
// be ahead.
func readOwed(ctx context.Context, tx Tx, rules *policy.Rules, m Month, arrivals []Arrival) (owed, error) {
	o := owed{ //nolint:exhaustruct // filled below
		rules: rules, from: m.Month, paid: map[calendar.Month][]Paid{}, arrivals: map[calendar.Month][]Arrival{},
	}
	for _, a := range arrivals {
		o.arrivals[a.Month] = append(o.arrivals[a.Month], a)
		if a.Month.Compare(o.from) < 0 {
			o.from = a.Month
		}
	}
	var err error
	if o.terms, err = entitlement.New(rules); err != nil {
		return o, err
	}
	if o.last, err = tx.LastPaid(ctx, m.Area, m.Scheme, m.Month); err != nil {
		return o, err
	}
	first := o.from
	if !o.last.IsZero() && o.last.Compare(first) < 0 {
		first = o.last
	}
	list, err := tx.BasesPaid(ctx, m.Area, m.Scheme, first, m.Month)
	for _, p := range list {
		o.paid[p.In] = append(o.paid[p.In], p)
	}
	return o, err
}

// shares are the levels of one month, from the top, those that owe nothing and have nothing
// left out.
func (o owed) shares(month calendar.Month, brought map[policy.Level]money.Amount) ([]Share, Basis, error) {
	paid, basis := o.paid[month], NoBasis
	regular := func(p Paid) bool { return p.Regular }
	switch {
	case slices.ContainsFunc(paid, regular):
		basis = FromRuns
	case !o.last.IsZero() && o.last.Compare(month) < 0:
		basis = Estimated
		estimate := slices.DeleteFunc(slices.Clone(o.paid[o.last]), func(p Paid) bool { return !p.Regular })
		paid = append(slices.Clone(paid), estimate...)
	case len(paid) > 0:
		basis = FromRuns
	}
	receivable, err := o.receivable(month, paid)
	if err != nil {
		return nil, basis, err
	}
	var out []Share
	for _, level := range policy.Levels() {
		s := Share{ //nolint:exhaustruct // reckoned below
			Level: level, Receivable: receivable[level], Brought: brought[level],
		}
		for _, a := range o.arrivals[month] {
			if a.Level == level {
				s.Arrived += a.Amount
				s.Arrivals = append(s.Arrivals, a)
			}
		}
		left := s.Receivable - s.Brought - s.Arrived
		s.Missing, s.Ahead = max(0, left), max(0, -left)
		if s.Receivable != 0 || s.Brought != 0 || s.Arrived != 0 {
			out = append(out, s)
		}
	}
	return out, basis, nil
}

// receivable is what each level owes of base pensions that are paid in a month.
func (o owed) receivable(month calendar.Month, paid []Paid) (map[policy.Level]money.Amount, error) {
	counts := make([]award.BaseCount, len(paid))
	for i, p := range paid {
		counts[i] = p.BaseCount
	}
	_, _, shares, err := award.Split(o.terms, counts)
	if err != nil {
		return nil, err
	}
	out := make(map[policy.Level]money.Amount)
	for _, share := range shares {
		if share.Level != "" {
			out[share.Level] += share.Amount
			continue
		}
		row, err := o.rules.Row(policy.BasePensionExtraPayers, month.First())
		if err != nil {
			return nil, err
		}
		extra := row.Value.Shares()
		for i, part := range policy.Divide(share.Amount, extra) {
			out[extra[i].Level] += part
		}
	}
	return out, nil
}

// Name says of which levels and months the money of a booked transfer is: all of it or a
// part. A maker of the finance bureau or of the agency's finance office says it. The answer's
// result is a Named.
func (s *Service) Name(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, transfer int64, parts []Part,
) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // none
	if !mayName(by) {
		return none, approval.ErrDuty
	}
	if len(parts) == 0 || len(parts) > maxParts {
		return none, ErrMonth.With("a transfer is named in 1 to %d parts", maxParts).On("parts")
	}
	var total money.Total
	for i, p := range parts {
		field := fmt.Sprintf("parts[%d].", i)
		if err := s.check(ledger.Resident, p.Month); err != nil {
			return none, ErrMonth.With("the month is of 2009 or later, and at most %d months ahead", monthsAhead).
				On(field + "month")
		}
		if !slices.Contains(policy.Levels(), p.Level) {
			return none, ErrMonth.With("the level is centre, province, city or county").On(field + "level")
		}
		if p.Amount <= 0 {
			return none, ErrMonth.With("an amount above zero is needed").On(field + "amount")
		}
		total.Add(p.Amount)
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		t, err := tx.LockSubsidy(ctx, by.Area, transfer)
		if err != nil {
			return nil, err
		}
		asked, err := total.Amount()
		if err != nil || asked > t.Amount-t.Named {
			return nil, ErrOver.With("%s of %s is named already: %s is left", t.Named, t.Amount, t.Amount-t.Named).
				On("parts")
		}
		if err := tx.AddArrivals(ctx, by, s.today(), t, parts); err != nil {
			return nil, err
		}
		months := make([]calendar.Month, len(parts))
		for i, p := range parts {
			months[i] = p.Month
		}
		return s.told(ctx, tx, by.Area, t.Scheme, transfer, months)
	})
}

// Withdraw takes an arrival back that was named for a wrong level or month. Another maker
// than who named it does. The answer's result is a Named: its transfer with what still stands.
func (s *Service) Withdraw(
	ctx context.Context, r once.Request, render once.Render, by approval.Officer, id int64, document string,
) (once.Answer, error) {
	none := once.Answer{} //nolint:exhaustruct // none
	if !mayName(by) {
		return none, approval.ErrDuty
	}
	if !approval.IsLine(document, maxText) || document == "" {
		return none, ErrMonth.With("the document is one line of 1 to %d characters", maxText).On("document")
	}
	return once.Do(ctx, s.store.InTx, r, render, func(tx Tx) (any, error) {
		a, err := tx.FindArrival(ctx, by.Area, id)
		switch {
		case err != nil:
			return nil, err
		case a.Withdrawn != "":
			return nil, ErrGone
		case a.Person == by.Person:
			return nil, approval.ErrSamePerson.With("another person than who named it takes it back")
		}
		if err := tx.WithdrawArrival(ctx, by, s.today(), a, document); err != nil {
			return nil, err
		}
		return s.told(ctx, tx, by.Area, a.Scheme, a.Transfer, []calendar.Month{a.Month})
	})
}

// mayName keeps the naming to those who keep the fiscal special account and the requests to it.
func mayName(by approval.Officer) bool {
	return by.Has(approval.Maker, approval.FinanceBureau, approval.AgencyFinance) && by.Area != 0 && by.Region == 0
}

// told looks at the cases of the months anew and returns the transfer as it is named now.
func (s *Service) told(
	ctx context.Context, tx Tx, area party.Area, scheme ledger.Scheme, transfer int64, months []calendar.Month,
) (Named, error) {
	var n Named
	slices.SortFunc(months, calendar.Month.Compare)
	for _, month := range slices.Compact(months) {
		if err := s.lookAt(ctx, tx, area, scheme, month); err != nil {
			return n, err
		}
	}
	var err error
	if n.Transfer, err = tx.LockSubsidy(ctx, area, transfer); err != nil {
		return n, err
	}
	//nolint:exhaustruct // of a transfer
	n.Arrivals, err = tx.Arrivals(ctx, ArrivalFilter{Area: area, Scheme: scheme, Transfer: transfer})
	return n, err
}
