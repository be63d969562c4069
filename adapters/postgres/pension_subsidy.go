package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/personal"
	"twoline/gateway/subsidy"
)

type subsidyStore struct{ db *DB }

// Subsidies stores government's money for base pensions.
func (db *DB) Subsidies() subsidy.Store { return subsidyStore{db} }

func (s subsidyStore) InTx(ctx context.Context, fn func(subsidy.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(subsidyTx{t}) })
}

func (s subsidyStore) Read(ctx context.Context, fn func(subsidy.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(subsidyTx{t}) })
}

// subsidyTx is a transaction whose arrivals are those of base pensions.
type subsidyTx struct{ *tx }

// LastPaid implements subsidy.MonthTx.
func (t subsidyTx) LastPaid(
	ctx context.Context, area party.Area, scheme ledger.Scheme, upto calendar.Month,
) (calendar.Month, error) {
	var last calendar.Month
	var day calendar.Day
	err := t.QueryRow(ctx, `
		select max(month) from pay_run
		where area = $1 and scheme = $2 and kind = 'regular' and state in ('approved', 'released', 'closed') and month <= $3`,
		area, string(scheme), upto).Scan(&day)
	if err != nil {
		return last, fmt.Errorf("last month that was paid to %s: %w", scheme, err)
	}
	if !day.IsZero() {
		last = day.Month()
	}
	return last, nil
}

// BasesPaid implements subsidy.MonthTx. What is paid later than with its month's regular run
// is paid in the month of its pay day.
func (t subsidyTx) BasesPaid(
	ctx context.Context, area party.Area, scheme ledger.Scheme, from, to calendar.Month,
) ([]subsidy.Paid, error) {
	rows, err := t.Query(ctx, `
		select p.paid_in, p.regular, k.month, k.base_pension, k.before, sum(k.items)::bigint
		from pay_run r
		cross join lateral (select r.kind = 'regular' as regular,
			case r.kind when 'regular' then r.month else date_trunc('month', r.pay_day)::date end as paid_in) p
		join payment_batch b on b.area = r.area and b.run_id = r.id
		join payment_batch_base k on k.area = b.area and k.batch_id = b.id
		where r.area = $1 and r.scheme = $2 and r.kind <> 'reissue' and p.paid_in between $3 and $4 and not `+deadItem+`
		group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5`, area, string(scheme), from, to)
	if err != nil {
		return nil, fmt.Errorf("base pensions paid to %s: %w", scheme, err)
	}
	return collect(rows, "base pensions paid", func(row pgx.CollectableRow) (p subsidy.Paid, err error) {
		err = row.Scan(&p.In, &p.Regular, &p.Month, &p.Base, &p.Before, &p.Count)
		return p, err
	})
}

// subsidyMoney is where the money of booked subsidies of one purpose is named, and taken back.
// namer is the column of its namer's login that what was taken back repeats, and gone the refusal of a second time.
type subsidyMoney struct {
	purpose, arrivals, withdrawn, namer string
	gone                                error
}

func forPensions() subsidyMoney {
	return subsidyMoney{"base_pension", "pension_subsidy_arrival", "pension_subsidy_withdrawn", "", subsidy.ErrGone}
}

func forContributions() subsidyMoney {
	return subsidyMoney{
		"contribution", "subsidy_arrival", "subsidy_arrival_withdrawn", "named_by, ", personal.ErrArrivalGone,
	}
}

// stands is SQL that says of an arrival a that nobody took it back.
func (m subsidyMoney) stands() string {
	return `not exists (select from ` + m.withdrawn + ` w where w.area = a.area and w.arrival_id = a.id)`
}

// named is SQL for what of a transfer f is named.
func (m subsidyMoney) named() string {
	return `coalesce((select sum(a.amount) from ` + m.arrivals + ` a
		where a.area = f.area and a.transfer_id = f.id and ` + m.stands() + `), 0)::bigint`
}

// transfers is SQL for booked transfers of the purpose.
func (m subsidyMoney) transfers() string {
	return `select f.id, f.scheme, f.amount, ` + m.named() + `, f.effective_on, f.document
		from fund_transfer f where f.area = $1 and f.kind = 'subsidy' and f.purpose = '` + m.purpose + `' and f.state = 'booked'`
}

// LockSubsidy implements subsidy.ArrivalTx.
func (t subsidyTx) LockSubsidy(ctx context.Context, area party.Area, id int64) (subsidy.Transfer, error) {
	return t.lockSubsidy(ctx, forPensions(), area, id)
}

func (t *tx) lockSubsidy(ctx context.Context, m subsidyMoney, area party.Area, id int64) (subsidy.Transfer, error) {
	// The lock comes in a statement of its own: what is named is read after the wait.
	_, err := t.Exec(ctx, `select from fund_transfer where area = $1 and id = $2 for no key update`, area, id)
	if err != nil {
		return subsidy.Transfer{}, fmt.Errorf("lock transfer %d: %w", id, err) //nolint:exhaustruct // none
	}
	rows, err := t.Query(ctx, m.transfers()+` and f.id = $2`, area, id)
	return single(rows, err, fmt.Sprintf("read transfer %d", id), subsidy.ErrMoney, pgx.RowToStructByPos[subsidy.Transfer])
}

// UnnamedSubsidies implements subsidy.ArrivalTx.
func (t subsidyTx) UnnamedSubsidies(
	ctx context.Context, area party.Area, scheme ledger.Scheme,
) ([]subsidy.Transfer, error) {
	rows, err := t.Query(ctx, forPensions().transfers()+` and f.scheme = $2 and f.amount > `+forPensions().named()+`
		order by f.id desc limit 100`, area, string(scheme))
	if err != nil {
		return nil, fmt.Errorf("subsidies of %s that are not named: %w", scheme, err)
	}
	return collect(rows, "subsidies that are not named", pgx.RowToStructByPos[subsidy.Transfer])
}

// AddArrivals implements subsidy.ArrivalTx.
func (t subsidyTx) AddArrivals(
	ctx context.Context, by approval.Officer, today calendar.Day, from subsidy.Transfer, parts []subsidy.Part,
) error {
	_, err := t.Exec(ctx, `
		insert into pension_subsidy_arrival (area, transfer_id, scheme, month, level, amount, arrived_on, named_by,
			named_person, named_at, business_day)
		select $1, $2, $3, u.month, u.level, u.amount, $4, $5, $6, $7, $8
		from unnest($9::date[], $10::text[], $11::bigint[]) as u (month, level, amount)`,
		by.Area, from.ID, string(from.Scheme), from.ArrivedOn, by.Login, by.Person, t.at, today,
		column(parts, func(p subsidy.Part) calendar.Day { return p.Month.First() }),
		column(parts, func(p subsidy.Part) string { return string(p.Level) }),
		column(parts, func(p subsidy.Part) int64 { return p.Amount.Fen() }))
	switch {
	case constraint(err) == "subsidy_of_its_transfer":
		return subsidy.ErrOver.Because(err)
	case constraint(err) == "pension_subsidy_arrival_scheme_check":
		return subsidy.ErrMoney.Because(err)
	case err != nil:
		return fmt.Errorf("name transfer %d: %w", from.ID, err)
	}
	return nil
}

// Arrivals implements subsidy.ArrivalTx.
func (t subsidyTx) Arrivals(ctx context.Context, f subsidy.ArrivalFilter) ([]subsidy.Arrival, error) {
	if f.Transfer != 0 {
		return t.arrivals(ctx, `a.scheme = $2 and a.transfer_id = $3 and `+forPensions().stands(), f.Area, string(f.Scheme),
			f.Transfer)
	}
	return t.arrivals(ctx, `a.scheme = $2 and a.month <= $3 and `+forPensions().stands(), f.Area, string(f.Scheme), f.Upto)
}

func (t *tx) arrivals(ctx context.Context, where string, args ...any) ([]subsidy.Arrival, error) {
	rows, err := t.Query(ctx, `
		select a.id, a.transfer_id, a.scheme, a.month, a.level, a.amount, a.arrived_on, a.named_by, a.named_person,
			coalesce(o.document, '')
		from pension_subsidy_arrival a
		left join pension_subsidy_withdrawn o on o.area = a.area and o.arrival_id = a.id
		where a.area = $1 and `+where+` order by a.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read arrivals of subsidies: %w", err)
	}
	return collect(rows, "arrivals of subsidies", func(row pgx.CollectableRow) (a subsidy.Arrival, err error) {
		var amount int64
		err = row.Scan(&a.ID, &a.Transfer, &a.Scheme, &a.Month, &a.Level, &amount, &a.ArrivedOn, &a.NamedBy, &a.Person,
			&a.Withdrawn)
		a.Amount = money.Amount(amount)
		return a, err
	})
}

// FindArrival implements subsidy.ArrivalTx.
func (t subsidyTx) FindArrival(ctx context.Context, area party.Area, id int64) (subsidy.Arrival, error) {
	list, err := t.arrivals(ctx, `a.id = $2`, area, id)
	if err == nil && len(list) == 0 {
		err = subsidy.ErrUnknown
	}
	if err != nil {
		return subsidy.Arrival{}, err //nolint:exhaustruct // none
	}
	return list[0], nil
}

// WithdrawArrival implements subsidy.ArrivalTx.
func (t subsidyTx) WithdrawArrival(
	ctx context.Context, by approval.Officer, today calendar.Day, a subsidy.Arrival, document string,
) error {
	return t.takeSubsidyBack(ctx, forPensions(), by, today, namedMoney{a.ID, a.Person, document})
}

// namedMoney is an arrival that is taken back, with who named it and by which document it is.
type namedMoney struct {
	id, person int64
	document   string
}

// takeSubsidyBack keeps that an arrival was taken back, and for which level it had been named.
func (t *tx) takeSubsidyBack(
	ctx context.Context, m subsidyMoney, by approval.Officer, today calendar.Day, a namedMoney,
) error {
	_, err := t.Exec(ctx, `
		insert into `+m.withdrawn+` (area, arrival_id, level, `+m.namer+`named_person, document, withdrawn_by,
			withdrawn_person, withdrawn_at, business_day)
		select area, id, level, `+m.namer+`$3, $4, $5, $6, $7, $8 from `+m.arrivals+` where area = $1 and id = $2`,
		by.Area, a.id, a.person, a.document, by.Login, by.Person, t.at, today)
	switch constraint(err) {
	case m.withdrawn + "_pkey":
		return m.gone
	case "subsidy_arrival_taken_back_by_another", "subsidy_taken_back_by_another":
		return approval.ErrSamePerson
	case "subsidy_arrival_credited":
		return personal.ErrSubsidyOver
	}
	if err != nil {
		return fmt.Errorf("take arrival %d of a subsidy back: %w", a.id, err)
	}
	return nil
}

// AskSubsidy implements subsidy.CaseTx. Each time that the money was there and is missing
// again, it is asked for anew.
func (t subsidyTx) AskSubsidy(ctx context.Context, area party.Area, c disbursement.Case) error {
	var ended int
	err := t.QueryRow(ctx, `
		select count(*) from exception_case k
		join exception_closed x on x.area = k.area and x.case_id = k.id and x.closed_by = 'job'
		where k.area = $1 and k.kind = $2 and k.subject like $3`, area, c.Kind, c.Subject+`:%`).Scan(&ended)
	if err != nil {
		return fmt.Errorf("look for the case %s of %s: %w", c.Kind, c.Subject, err)
	}
	c.Subject = fmt.Sprintf("%s:%d", c.Subject, ended+1)
	return t.OpenCase(ctx, area, Case(c))
}

// EndSubsidy implements subsidy.CaseTx.
func (t subsidyTx) EndSubsidy(ctx context.Context, area party.Area, c disbursement.Case, by string) error {
	c.Subject += `:%`
	return t.endCases(ctx, area, Case(c), `c.subject like $3`, by)
}
