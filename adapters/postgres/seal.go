package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

type ledgerStore struct{ db *DB }

// Ledger stores the sealing and closing of the book and answers questions about it.
func (db *DB) Ledger() ledger.Store { return ledgerStore{db} }

func (s ledgerStore) InTx(ctx context.Context, fn func(ledger.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(t) })
}

func (s ledgerStore) Read(ctx context.Context, fn func(ledger.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(t) })
}

// commitError names the refusals that come only at the commit: a booking on a day
// that was sealed while it ran.
func commitError(err error) error {
	if constraint(err) == "book_sealed" {
		return ledger.ErrSealed.Because(err)
	}
	return err
}

const fundAccountColumns = `f.area, f.id, f.scheme, f.role, f.bank, f.account_no, f.name, f.settlement, f.opened_on`

func fundAccountTargets(a *ledger.FundAccount, number *string) []any {
	return []any{&a.Area, &a.ID, &a.Scheme, &a.Role, &a.Bank, number, &a.Name, &a.Settlement, &a.OpenedOn}
}

// LoadFundAccount implements ledger.Tx.
func (t *tx) LoadFundAccount(ctx context.Context, area party.Area, id int64) (ledger.FundAccount, error) {
	var a ledger.FundAccount
	var number string
	err := t.QueryRow(ctx, `select `+fundAccountColumns+` from fund_account f where f.area = $1 and f.id = $2`,
		area, id).Scan(fundAccountTargets(&a, &number)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, ledger.ErrNoFundAccount
	}
	if err != nil {
		return a, fmt.Errorf("load fund account %d: %w", id, err)
	}
	_, _, a.No = party.Stored("", "", number)
	return a, nil
}

// ListFundAccounts implements ledger.Tx.
func (t *tx) ListFundAccounts(
	ctx context.Context, area party.Area, day calendar.Day,
) ([]ledger.AccountBalance, error) {
	rows, err := t.Query(ctx, `
		select `+fundAccountColumns+`, coalesce(s.closing, 0) + coalesce(p.moved, 0)
		from fund_account f
		left join lateral (
			select s.day, s.closing from sealed_balance s
			where s.area = f.area and s.scheme = f.scheme and s.role = f.role and s.fund_account = f.id and s.day <= $2
			order by s.day desc limit 1) s on true
		left join lateral (
			select sum(case when (p.side = 'debit') <> p.red then p.amount else -p.amount end)::bigint as moved
			from posting p
			where p.area = f.area and p.fund_account = f.id and p.accounted_on <= $2
			  and p.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
			  and p.accounted_on > coalesce(s.day, '-infinity')) p on true
		where f.area = $1 order by f.id`, area, day)
	if err != nil {
		return nil, fmt.Errorf("list fund accounts of area %s: %w", area, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledger.AccountBalance, error) {
		var a ledger.AccountBalance
		var number string
		var balance int64
		err := row.Scan(append(fundAccountTargets(&a.FundAccount, &number), &balance)...)
		_, _, a.No = party.Stored("", "", number)
		a.Balance = money.Amount(balance)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("list fund accounts of area %s: %w", area, err)
	}
	return list, nil
}

// JournalLines implements ledger.Tx. The balance before the first line is struck
// in the same statement, so that a page's balances need no page before it.
func (t *tx) JournalLines(ctx context.Context, ask ledger.JournalAsk) ([]ledger.JournalLine, bool, error) {
	opening, err := t.Balance(ctx, ask.Area, ask.Account, ask.From.AddDays(-1))
	if err != nil {
		return nil, false, err
	}
	rows, err := t.Query(ctx, `
		with moved as (
			select p.accounted_on, p.entry_id,
			       (sum(case when p.red then -p.amount else p.amount end) filter (where p.side = 'debit')) as debit,
			       (sum(case when p.red then -p.amount else p.amount end) filter (where p.side = 'credit')) as credit
			  from posting p
			 where p.area = $1 and p.fund_account = $2 and p.accounted_on between $3 and $4
			   and p.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
			 group by p.accounted_on, p.entry_id),
		running as (
			select m.accounted_on, m.entry_id, coalesce(m.debit, 0) as debit, coalesce(m.credit, 0) as credit,
			       $5 + sum(coalesce(m.debit, 0) - coalesce(m.credit, 0))
			           over (order by m.accounted_on, m.entry_id) as balance
			  from moved m)
		select e.id, r.accounted_on, e.effective_on, e.kind, e.cause, e.text, r.debit::bigint, r.credit::bigint,
		       r.balance::bigint
		  from running r
		  join entry e on e.area = $1 and e.id = r.entry_id
		 where $6::bigint = 0 or (r.accounted_on, r.entry_id) >
		       (select a.accounted_on, a.id from entry a where a.area = $1 and a.id = $6)
		 order by r.accounted_on, r.entry_id limit $7`,
		ask.Area, ask.Account, ask.From, ask.To, opening.Fen(), ask.After, ask.Limit+1)
	if err != nil {
		return nil, false, fmt.Errorf("journal of fund account %d: %w", ask.Account, err)
	}
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledger.JournalLine, error) {
		var l ledger.JournalLine
		var debit, credit, balance int64
		err := row.Scan(&l.EntryID, &l.AccountedOn, &l.EffectiveOn, &l.Kind, &l.Cause, &l.Text, &debit, &credit,
			&balance)
		l.Debit, l.Credit, l.Balance = money.Amount(debit), money.Amount(credit), money.Amount(balance)
		return l, err
	})
	if err != nil {
		return nil, false, fmt.Errorf("journal of fund account %d: %w", ask.Account, err)
	}
	if len(lines) > ask.Limit {
		return lines[:ask.Limit], true, nil
	}
	return lines, false, nil
}

// TrialRows implements ledger.Tx: the last sealed balances and the lines since.
func (t *tx) TrialRows(
	ctx context.Context, area party.Area, scheme ledger.Scheme, day calendar.Day,
) ([]ledger.TrialRow, error) {
	rows, err := t.Query(ctx, `
		with sealed as (
			select max(d.day) as day from sealed_day d where d.area = $1 and d.scheme = $2 and d.day <= $3),
		balances as (
			select s.role, s.fund_account, s.closing as balance from sealed_balance s
			 where s.area = $1 and s.scheme = $2 and s.day = (select day from sealed)
			union all
			select p.role,
			       case when p.role in ('income', 'fiscal_special', 'fixed_deposit', 'expenditure', 'treasury')
			            then p.fund_account else 0 end,
			       case when (p.side = 'debit') <> p.red then p.amount else -p.amount end
			  from entry e join posting p on p.area = e.area and p.entry_id = e.id
			 where e.area = $1 and e.scheme = $2 and e.accounted_on <= $3
			   and e.accounted_on > coalesce((select day from sealed), '-infinity'))
		select b.role, b.fund_account, sum(b.balance)::bigint, coalesce(c.code, ''), coalesce(c.name_zh, ''),
		       coalesce(c.name_en, '')
		  from balances b
		  left join lateral (
			select c.code, c.name_zh, c.name_en from chart_account c
			 where c.area in ($1, 0) and c.scheme in ($2, '') and c.role = b.role and c.effective_from <= $3
			 order by c.area desc, c.scheme desc, c.effective_from desc limit 1) c on true
		 group by b.role, b.fund_account, c.code, c.name_zh, c.name_en
		 order by c.code, b.role, b.fund_account`, area, scheme, day)
	if err != nil {
		return nil, fmt.Errorf("trial balance of area %s: %w", area, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledger.TrialRow, error) {
		var r ledger.TrialRow
		var balance int64
		err := row.Scan(&r.Role, &r.FundAccount, &balance, &r.Code, &r.Chinese, &r.English)
		r.Balance = money.Amount(balance)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("trial balance of area %s: %w", area, err)
	}
	return list, nil
}

// BookSpan implements ledger.Tx.
func (t *tx) BookSpan(
	ctx context.Context, area party.Area, scheme ledger.Scheme,
) (opened, sealed calendar.Day, err error) {
	err = t.QueryRow(ctx, `select opened_on, sealed_through from book where area = $1 and scheme = $2`, area, scheme).
		Scan(&opened, &sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return opened, sealed, ledger.ErrNoBook
	}
	if err != nil {
		return opened, sealed, fmt.Errorf("load the %s book of area %s: %w", scheme, area, err)
	}
	return opened, sealed, nil
}

// SealDay implements ledger.Tx. The rows are written by the database itself.
func (t *tx) SealDay(ctx context.Context, area party.Area, scheme ledger.Scheme, day calendar.Day) (bool, error) {
	var sealed bool
	err := t.QueryRow(ctx, `select seal_day($1, $2, $3, $4)`, area, scheme, day, t.at).Scan(&sealed)
	if err != nil {
		return false, fmt.Errorf("seal %s: %w", day, err)
	}
	return sealed, nil
}

// AlarmUnswept implements ledger.Tx. An area without the rule has no alarm: the
// close of its month fails by the same want, and a day is sealed all the same.
func (t *tx) AlarmUnswept(ctx context.Context, area party.Area, scheme ledger.Scheme, day calendar.Day) error {
	rows, err := t.Query(ctx, `
		select f.id, f.bank, s.closing
		  from sealed_balance s
		  join fund_account f on f.area = s.area and f.id = s.fund_account
		 where s.area = $1 and s.scheme = $2 and s.day = $3 and s.role = 'income' and s.closing <> 0
		   and (select r.value = 'true'::jsonb from `+heldRules+` r
		         where r.area in ($1, 0) and r.rule = 'income_zero_at_month_end' and r.effective_from <= $3
		         order by r.area desc, r.effective_from desc limit 1)
		 order by f.id`, area, scheme, day)
	if err != nil {
		return fmt.Errorf("income accounts of area %s on %s: %w", area, day, err)
	}
	var cases []Case
	var id, closing int64
	var bankCode string
	_, err = pgx.ForEachRow(rows, []any{&id, &bankCode, &closing}, func() error {
		cases = append(cases, Case{
			Kind: "income_not_swept", Subject: fmt.Sprintf("fund_account:%d:%s", id, day.Month()), Bank: bankCode,
			Text: fmt.Sprintf("the income account holds %s at the end of %s; sweep it to the fiscal special account",
				money.Amount(closing), day.Month()),
		})
		return nil
	})
	if err != nil {
		return fmt.Errorf("income accounts of area %s on %s: %w", area, day, err)
	}
	if len(cases) > 0 {
		err = t.OpenCase(ctx, area, cases...)
	}
	if err != nil {
		return err
	}
	return t.closeSwept(ctx, area)
}

// closeSwept ends the cases of income accounts whose month was closed, or whose
// sweeps since its end took all that stood there then.
func (t *tx) closeSwept(ctx context.Context, area party.Area) error {
	_, err := t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, case when p.month is null then 'the account was swept' else 'the month was closed' end, 'job', $2
		from exception_case c
		cross join lateral (select split_part(c.subject, ':', 2)::bigint as account,
			(split_part(c.subject, ':', 3) || '-01')::date as month) k
		left join period_close p on p.area = c.area and p.fund_account = k.account and p.month = k.month
		where c.area = $1 and c.kind = 'income_not_swept'
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		  and (p.month is not null or (
			select sum(case when s.red then -s.amount else s.amount end) from posting s
			where s.area = c.area and s.fund_account = k.account and s.role = 'income' and s.side = 'credit' and s.kind = 'sweep'
			  and s.accounted_on >= k.month + interval '1 month') >= (
			select b.closing from sealed_balance b
			where b.area = c.area and b.fund_account = k.account and b.role = 'income'
			  and b.day = (k.month + interval '1 month' - interval '1 day')::date))
		on conflict do nothing`, area, t.at)
	if err != nil {
		return fmt.Errorf("close the cases of swept accounts of area %s: %w", area, err)
	}
	return nil
}

// DayDigest recomputes the digest of a day from its rows, in bounded memory. It
// equals the sealed one unless the day's rows were changed behind the triggers.
func (t *tx) DayDigest(
	ctx context.Context, area party.Area, scheme ledger.Scheme, day calendar.Day,
) (ledger.SealedDay, error) {
	rows, err := t.Query(ctx, `
		select e.id, e.kind, e.cause, coalesce(e.reverses, 0), e.effective_on, e.text, e.actor, e.booked_at,
		       p.line, p.side, p.role, p.nature, p.red, p.amount, coalesce(p.fund_account, 0), coalesce(p.batch_id, 0),
		       coalesce(p.cause_id, 0), coalesce(p.member_id, 0), coalesce(p.year, 0)
		  from entry e join posting p on p.area = e.area and p.entry_id = e.id
		 where e.area = $1 and e.scheme = $2 and e.accounted_on = $3
		 order by e.id, p.line`, area, scheme, day)
	if err != nil {
		return ledger.SealedDay{}, fmt.Errorf("digest of %s: %w", day, err)
	}
	digest := ledger.NewDayDigest(area, scheme, day)
	var entry, next ledger.BookedEntry
	var amount int64
	var line int
	var year int16
	var p ledger.Posting
	_, err = pgx.ForEachRow(rows, []any{
		&next.ID, &next.Kind, &next.Cause, &next.Reverses, &next.EffectiveOn, &next.Text, &next.Actor, &next.BookedAt,
		&line, &p.Side, &p.Role, &p.Nature, &p.Red, &amount, &p.FundAccount, &p.Batch, &p.Cause, &p.Member, &year,
	}, func() error {
		if next.ID != entry.ID {
			if entry.ID != 0 {
				digest.Add(entry)
			}
			entry = next
			entry.AccountedOn, entry.Postings = day, nil
		}
		p.Amount, p.Year = money.Amount(amount), int(year)
		entry.Postings = append(entry.Postings, p)
		return nil
	})
	if err != nil {
		return ledger.SealedDay{}, fmt.Errorf("digest of %s: %w", day, err)
	}
	if entry.ID != 0 {
		digest.Add(entry)
	}
	sum, count := digest.Sum()
	return ledger.SealedDay{Day: day, Entries: count, Digest: sum}, nil
}

// SealedMonth implements reconcile.Tx.
func (t *tx) SealedMonth(
	ctx context.Context, area party.Area, account int64, month calendar.Month,
) ([]ledger.SealedBalance, error) {
	rows, err := t.Query(ctx, `
		select s.day, s.role, s.fund_account, s.opening, s.debit, s.credit, s.closing, s.lines
		  from fund_account f
		  join sealed_balance s on s.area = f.area and s.scheme = f.scheme and s.role = f.role and s.fund_account = f.id
		 where f.area = $1 and f.id = $2 and s.day between $3 and $4
		 order by s.day`, area, account, month.First(), month.Last())
	if err != nil {
		return nil, fmt.Errorf("sealed %s of fund account %d: %w", month, account, err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (ledger.SealedBalance, error) {
		var s ledger.SealedBalance
		var opening, debit, credit, closing int64
		err := row.Scan(&s.Day, &s.Role, &s.FundAccount, &opening, &debit, &credit, &closing, &s.Lines)
		s.Opening, s.Debit = money.Amount(opening), money.Amount(debit)
		s.Credit, s.Closing = money.Amount(credit), money.Amount(closing)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("sealed %s of fund account %d: %w", month, account, err)
	}
	return list, nil
}

// IncomeZeroAtMonthEnd implements reconcile.Tx.
func (t *tx) IncomeZeroAtMonthEnd(ctx context.Context, area party.Area, day calendar.Day) (bool, error) {
	v, err := t.ruleValue(ctx, area, policy.IncomeZeroAtMonthEnd, day)
	if err != nil {
		return false, err
	}
	return v.IncomeZeroAtMonthEnd()
}

// addClosedPeriod writes the close of a month whose statement stands there.
func (t *tx) addClosedPeriod(ctx context.Context, c ledger.ClosedPeriod) error {
	_, err := t.Exec(ctx, `
		insert into period_close (area, fund_account, month, closing, digest, closed_by, closed_at)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		c.Area, c.Account, c.Month, c.Closing.Fen(), c.Digest[:], c.ClosedBy, t.at)
	if isUnique(err, "period_close_pkey") {
		return ledger.ErrPeriodClosed.Because(err)
	}
	if err != nil {
		return fmt.Errorf("close %s of fund account %d: %w", c.Month, c.Account, err)
	}
	return t.closeSwept(ctx, c.Area)
}

// Digests compares the sealed digest of a day with the one that its rows give now.
type Digests struct {
	Sealed     ledger.SealedDay
	Recomputed ledger.SealedDay
	SealedAt   time.Time
}

// SealedDigest returns the digest that a day was sealed with and the one that its
// rows give now, computed by code that shares nothing with the database's own.
func (db *DB) SealedDigest(
	ctx context.Context, area party.Area, scheme ledger.Scheme, day calendar.Day,
) (Digests, error) {
	var d Digests
	err := db.Read(ctx, func(t *tx) error {
		var digest []byte
		err := t.QueryRow(ctx, `
			select day, entries, digest, sealed_at from sealed_day where area = $1 and scheme = $2 and day = $3`,
			area, scheme, day).Scan(&d.Sealed.Day, &d.Sealed.Entries, &digest, &d.SealedAt)
		if errors.Is(err, pgx.ErrNoRows) {
			return ledger.ErrNotSealed.With("%s is not sealed", day)
		}
		if err != nil {
			return fmt.Errorf("load sealed day %s: %w", day, err)
		}
		copy(d.Sealed.Digest[:], digest)
		d.Recomputed, err = t.DayDigest(ctx, area, scheme, day)
		return err
	})
	return d, err
}
