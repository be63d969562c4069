package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// arrivalKnown is arrivals with the batch that the notice or, later, the statement
// named; it stands where a table would.
const arrivalKnown = `(
	select a.area, a.id, a.fund_account, a.direction, a.amount, a.bank_reference, a.value_date,
		coalesce(a.batch_id, s.batch_id) as batch_id, a.terminal_day, a.business_day
	from arrival a left join arrival_subject s on s.area = a.area and s.arrival_id = a.id)`

// FundAccount implements collection.MoneyTx.
func (t *tx) FundAccount(
	ctx context.Context, area party.Area, bankCode, accountNo string,
) (collection.FundAccount, error) {
	var f collection.FundAccount
	err := t.QueryRow(ctx, `
		select f.area, f.id, f.scheme, f.role, f.bank, k.opened_on
		from fund_account f join book k on k.area = f.area and k.scheme = f.scheme
		where ($1 = 0 or f.area = $1) and ($2 = '' or f.bank = $2) and f.account_no = $3 and f.role <> 'fixed_deposit'
		order by f.area, f.id limit 1`, int32(area), bankCode, accountNo).
		Scan(&f.Area, &f.ID, &f.Scheme, &f.Role, &f.Bank, &f.OpenedOn)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, collection.ErrFundAccount
	}
	if err != nil {
		return f, fmt.Errorf("find fund account: %w", err)
	}
	return f, nil
}

// FundAccountByID implements collection.MoneyTx.
func (t *tx) FundAccountByID(ctx context.Context, area party.Area, id int64) (collection.FundAccount, error) {
	var f collection.FundAccount
	err := t.QueryRow(ctx, `
		select f.area, f.id, f.scheme, f.role, f.bank, k.opened_on
		from fund_account f join book k on k.area = f.area and k.scheme = f.scheme
		where f.area = $1 and f.id = $2`, area, id).Scan(&f.Area, &f.ID, &f.Scheme, &f.Role, &f.Bank, &f.OpenedOn)
	if errors.Is(err, pgx.ErrNoRows) {
		return f, collection.ErrFundAccount
	}
	if err != nil {
		return f, fmt.Errorf("find fund account %d: %w", id, err)
	}
	return f, nil
}

// BatchOfItem implements collection.MoneyTx.
func (t *tx) BatchOfItem(ctx context.Context, area party.Area, bankCode string, item int64) (int64, error) {
	var batch int64
	err := t.QueryRow(ctx, `
		select b.id from withholding_item i join withholding_batch b on b.area = i.area and b.id = i.batch_id
		where i.area = $1 and i.id = $2 and ($3 = '' or b.bank = $3)`, area, item, bankCode).Scan(&batch)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, collection.ErrItemUnknown
	}
	if err != nil {
		return 0, fmt.Errorf("batch of item %d: %w", item, err)
	}
	return batch, nil
}

// AddArrival implements collection.MoneyTx.
func (t *tx) AddArrival(
	ctx context.Context, area party.Area, a collection.Arrival, today calendar.Day,
) (collection.Arrival, bool, error) {
	source := "notice"
	if a.FromStatement {
		source = "statement"
	}
	direction := "credit"
	if a.GivenBack {
		direction = "debit"
	}
	err := t.QueryRow(ctx, `
		insert into arrival (area, fund_account, direction, amount, bank_reference, value_date, batch_id, item_id, terminal_day,
			source, reported_by, reported_at, business_day)
		values ($1, $2, $13, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
		on conflict (area, fund_account, bank_reference, direction) do nothing returning id`,
		area, a.FundAccount, a.Amount.Fen(), a.BankReference, a.ValueDate, orNull(a.Batch), orNull(a.Item),
		orNull(a.TerminalDayID), source, a.ReportedBy, t.at, today, direction).Scan(&a.ID)
	if err == nil {
		return a, false, t.countArrival(ctx, area, a)
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return a, false, fmt.Errorf("add arrival %s: %w", a.BankReference, err)
	}
	return t.sameArrival(ctx, area, a, direction)
}

// sameArrival compares with what was told before. A statement may name the batch
// of money that a notice told without one; it then counts for that batch.
func (t *tx) sameArrival(
	ctx context.Context, area party.Area, a collection.Arrival, direction string,
) (collection.Arrival, bool, error) {
	var same bool
	var batch, day int64
	err := t.QueryRow(ctx, `
		select id, amount = $4 and (value_date = $6 or $7), coalesce(batch_id, 0), coalesce(terminal_day, 0)
		from `+arrivalKnown+` v where area = $1 and fund_account = $2 and bank_reference = $3 and direction = $5`,
		area, a.FundAccount, a.BankReference, a.Amount.Fen(), direction, a.ValueDate, a.FromStatement).
		Scan(&a.ID, &same, &batch, &day)
	if err != nil {
		return a, false, fmt.Errorf("read arrival %s: %w", a.BankReference, err)
	}
	switch {
	case !same, batch != 0 && a.Batch != 0 && batch != a.Batch, day != a.TerminalDayID && a.TerminalDayID != 0,
		day != 0 && a.Batch != 0:
		return a, false, collection.ErrReference.On("bank_reference")
	case batch != 0 || a.Batch == 0:
		return a, true, nil
	}
	_, err = t.Exec(ctx, `insert into arrival_subject (area, arrival_id, batch_id, named_at) values ($1, $2, $3, $4)`,
		area, a.ID, a.Batch, t.at)
	if err != nil {
		return a, false, fmt.Errorf("name the batch of arrival %s: %w", a.BankReference, err)
	}
	return a, false, t.countArrival(ctx, area, a)
}

func (t *tx) countArrival(ctx context.Context, area party.Area, a collection.Arrival) error {
	if a.Batch == 0 {
		return nil
	}
	_, err := t.Exec(ctx, `update withholding_batch set arrived_amount = arrived_amount + $3 where area = $1 and id = $2`,
		area, a.Batch, a.Net().Fen())
	if err != nil {
		return fmt.Errorf("count arrival %s: %w", a.BankReference, err)
	}
	return nil
}

// OpenSums implements collection.MoneyTx.
func (t *tx) OpenSums(ctx context.Context, area party.Area, subject string, id int64) (collection.Sums, error) {
	var s collection.Sums
	var succeeded, arrived int64
	query := `
		select b.succeeded - b.agreed_count, b.succeeded_amount - b.agreed_amount, b.arrived_amount - b.agreed_amount,
			b.last_answer, b.fund_account
		from withholding_batch b where b.area = $1 and b.id = $2`
	if subject == "terminal_day" {
		query = `
		select d.receipts - coalesce(g.n, 0), d.amount - coalesce(g.amount, 0), coalesce(v.amount, 0) - coalesce(g.amount, 0),
			coalesce(k.last, 0), d.fund_account
		from terminal_day d
		left join lateral (select sum(item_count)::int as n, sum(amount)::bigint as amount from agreement
			where area = d.area and subject = 'terminal_day' and subject_id = d.id) g on true
		left join lateral (select sum(amount)::bigint as amount from arrival
			where area = d.area and terminal_day = d.id) v on true
		left join lateral (select max(id) as last from counter_receipt
			where area = d.area and bank = d.bank and terminal = d.terminal and paid_on = d.day
			  and fund_account = d.fund_account) k on true
		where d.area = $1 and d.id = $2`
	}
	err := t.QueryRow(ctx, query, area, id).Scan(&s.Count, &succeeded, &arrived, &s.Upto, &s.FundAccount.ID)
	if err != nil {
		return s, fmt.Errorf("sums of %s %d: %w", subject, id, err)
	}
	s.Succeeded, s.Arrived = money.Amount(succeeded), money.Amount(arrived)
	if s.Succeeded == 0 || s.Succeeded != s.Arrived {
		return s, nil
	}
	column := "batch_id"
	if subject == "terminal_day" {
		column = "terminal_day"
	}
	err = t.QueryRow(ctx, `
		select coalesce(max(g.round), 0), coalesce(max(g.upto_answer), 0),
			(select max(id) from `+arrivalKnown+` v where area = $1 and `+column+` = $3),
			(select max(value_date) from `+arrivalKnown+` v where area = $1 and `+column+` = $3)
		from agreement g where g.area = $1 and g.subject = $2 and g.subject_id = $3`,
		area, subject, id).Scan(&s.Round, &s.After, &s.UptoArrival, &s.LastValueDay)
	if err != nil {
		return s, fmt.Errorf("last agreement of %s %d: %w", subject, id, err)
	}
	return s, nil
}

// AddAgreement implements collection.MoneyTx.
func (t *tx) AddAgreement(ctx context.Context, a collection.Agreement, today calendar.Day) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, `
		insert into agreement (area, subject, subject_id, round, after_answer, upto_answer, upto_arrival, from_suspense,
			item_count, amount, fund_account, effective_on, agreed_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) returning id`,
		a.Area, a.Subject, a.SubjectID, a.Round, a.After, a.Upto, a.UptoArrival, a.FromSuspense, a.Count,
		a.Amount.Fen(), a.FundAccount, a.EffectiveOn, t.at, today).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("add agreement of %s %d: %w", a.Subject, a.SubjectID, err)
	}
	_, err = t.Exec(ctx, `insert into agreement_progress (area, agreement_id, posted_upto, posted_count, done)
		values ($1, $2, $3, 0, false)`, a.Area, id, a.After)
	if err != nil {
		return 0, fmt.Errorf("add agreement of %s %d: %w", a.Subject, a.SubjectID, err)
	}
	if a.Subject == "batch" {
		_, err = t.Exec(ctx, `
			update withholding_batch set agreed_count = agreed_count + $3, agreed_amount = agreed_amount + $4
			where area = $1 and id = $2`, a.Area, a.SubjectID, a.Count, a.Amount.Fen())
		if err != nil {
			return 0, fmt.Errorf("count agreement of batch %d: %w", a.SubjectID, err)
		}
	}
	return id, nil
}

// LockAgreement implements collection.MoneyTx.
func (t *tx) LockAgreement(ctx context.Context, area party.Area, id int64) (collection.Agreement, error) {
	a := collection.Agreement{Area: area, ID: id} //nolint:exhaustruct // read below
	var amount int64
	// What a member has paid is read and added to by one posting of the area at a time.
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('posting ' || $1::int, 0))`, int32(area))
	if err != nil {
		return a, fmt.Errorf("hold postings of area %s: %w", area, err)
	}
	err = t.QueryRow(ctx, `
		select g.subject, g.subject_id, g.round, g.after_answer, g.upto_answer, g.upto_arrival, g.from_suspense,
			g.item_count, g.amount, g.fund_account, f.role, f.scheme, g.effective_on, p.posted_upto, p.posted_count,
			p.done
		from agreement_progress p
		join agreement g on g.area = p.area and g.id = p.agreement_id
		join fund_account f on f.area = g.area and f.id = g.fund_account
		where p.area = $1 and p.agreement_id = $2 for no key update of p`, area, id).Scan(
		&a.Subject, &a.SubjectID, &a.Round, &a.After, &a.Upto, &a.UptoArrival, &a.FromSuspense, &a.Count, &amount,
		&a.FundAccount, &a.Role, &a.Scheme, &a.EffectiveOn, &a.PostedUpto, &a.PostedCount, &a.Done)
	if err != nil {
		return a, fmt.Errorf("lock agreement %d: %w", id, err)
	}
	a.Amount = money.Amount(amount)
	return a, nil
}

// Payables implements collection.MoneyTx.
func (t *tx) Payables(ctx context.Context, a collection.Agreement, n int) ([]collection.Payable, error) {
	query := `
		with next as (
			select w.id as at, i.id, i.batch_id, i.member_id, i.year, i.amount
			from answer w join withholding_item i on i.area = w.area and i.id = w.item_id
			where w.area = $1 and w.batch_id = $2 and w.disposition = 'recorded' and w.outcome = 'succeeded'
			  and w.id > $3 and w.id <= $4
			order by w.id limit $5)`
	if a.Subject == "terminal_day" {
		query = `
		with next as (
			select r.id as at, r.id, 0::bigint as batch_id, r.member_id, r.year, r.amount
			from terminal_day d join counter_receipt r on r.area = d.area and r.bank = d.bank
				and r.terminal = d.terminal and r.paid_on = d.day and r.fund_account = d.fund_account
			where d.area = $1 and d.id = $2 and r.id > $3 and r.id <= $4
			order by r.id limit $5)`
	}
	rows, err := t.Query(ctx, query+`
		select n.at, n.id, n.batch_id, n.member_id, n.year, n.amount, coalesce(c.amount, 0), coalesce((
			select sum(case when p.red then -p.amount else p.amount end) from posting p
			where p.area = $1 and p.member_id = n.member_id and p.role = 'contribution_individual'
			  and p.year = n.year), 0)::bigint
		from next n left join tier_choice c on c.area = $1 and c.year = n.year and c.member_id = n.member_id
		order by n.at`, a.Area, a.SubjectID, a.PostedUpto, a.Upto, n)
	if err != nil {
		return nil, fmt.Errorf("payables of agreement %d: %w", a.ID, err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p collection.Payable, err error) {
		var amount, chosen, posted int64
		err = row.Scan(&p.Order, &p.Cause, &p.Batch, &p.Member, &p.Year, &amount, &chosen, &posted)
		p.Amount, p.Chosen, p.Posted = money.Amount(amount), money.Amount(chosen), money.Amount(posted)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("payables of agreement %d: %w", a.ID, err)
	}
	return out, nil
}

// MoveAgreement implements collection.MoneyTx.
func (t *tx) MoveAgreement(ctx context.Context, a collection.Agreement) error {
	_, err := t.Exec(ctx, `
		update agreement_progress set posted_upto = $3, posted_count = $4, done = $5
		where area = $1 and agreement_id = $2`, a.Area, a.ID, a.PostedUpto, a.PostedCount, a.Done)
	if err != nil {
		return fmt.Errorf("move agreement %d: %w", a.ID, err)
	}
	return nil
}

// AddRefundTasks implements collection.MoneyTx.
func (t *tx) AddRefundTasks(
	ctx context.Context, area party.Area, today calendar.Day, tasks []collection.RefundTask,
) error {
	cases := make([]Case, len(tasks))
	for i, r := range tasks {
		_, err := t.Exec(ctx, `
			insert into refund_task (area, cause_id, member_id, year, amount, reason, opened_on)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict (area, cause_id) do nothing`,
			area, r.Cause, r.Member, r.Year, r.Amount.Fen(), r.Reason, today)
		if err != nil {
			return fmt.Errorf("open refund task for item %d: %w", r.Cause, err)
		}
		cases[i] = Case{
			Kind: "refund_due", Subject: fmt.Sprintf("item:%d", r.Cause), Bank: "",
			Text: r.Reason + ": " + r.Amount.String() + " to be given back by the original channel",
		}
	}
	return t.OpenCase(ctx, area, cases...)
}

const openArrivalSQL = `
	select v.id, v.fund_account, v.amount, v.direction = 'debit', v.bank_reference, v.value_date, coalesce(v.batch_id, 0),
		coalesce(v.terminal_day, 0), f.scheme, f.role, s.arrival_id is not null
	from ` + arrivalKnown + ` v join fund_account f on f.area = v.area and f.id = v.fund_account
	left join arrival_suspense s on s.area = v.area and s.arrival_id = v.id
	where v.area = $1 and not exists (
		select from agreement g where g.area = v.area and v.id <= g.upto_arrival
		  and ((g.subject = 'batch' and g.subject_id = v.batch_id)
		    or (g.subject = 'terminal_day' and g.subject_id = v.terminal_day)))`

func (t *tx) openArrivals(ctx context.Context, more string, args ...any) ([]collection.StaleArrival, error) {
	rows, err := t.Query(ctx, openArrivalSQL+more+` order by v.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("open arrivals: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (a collection.StaleArrival, err error) {
		var amount int64
		err = row.Scan(&a.ID, &a.FundAccount, &amount, &a.GivenBack, &a.BankReference, &a.ValueDate, &a.Batch, &a.TerminalDayID,
			&a.Scheme, &a.Role, &a.InSuspense)
		a.Amount = money.Amount(amount)
		return a, err
	})
	if err != nil {
		return nil, fmt.Errorf("open arrivals: %w", err)
	}
	return out, nil
}

// StaleArrivals implements collection.MoneyTx. The batches and terminal days
// concerned are locked first, in rising order of id, so that no agreement takes
// the same money at this moment.
func (t *tx) StaleArrivals(
	ctx context.Context, area party.Area, day calendar.Day,
) ([]collection.StaleArrival, error) {
	const stale = ` and s.arrival_id is null and v.business_day <= $2`
	found, err := t.openArrivals(ctx, stale, area, day)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	batches := make([]int64, 0, len(found))
	days := make([]int64, 0, len(found))
	for _, a := range found {
		batches, days = append(batches, a.Batch), append(days, a.TerminalDayID)
	}
	_, err = t.Exec(ctx, `
		select from withholding_batch where area = $1 and id = any($2) order by id for no key update`, area, batches)
	if err != nil {
		return nil, fmt.Errorf("lock batches of stale arrivals: %w", err)
	}
	if err := t.lockTerminalDays(ctx, area, days); err != nil {
		return nil, err
	}
	return t.openArrivals(ctx, stale, area, day)
}

// OpenArrivals implements collection.MoneyTx.
func (t *tx) OpenArrivals(
	ctx context.Context, area party.Area, subject string, id int64,
) ([]collection.StaleArrival, error) {
	if subject == "batch" {
		return t.openArrivals(ctx, ` and v.batch_id = $2`, area, id)
	}
	return t.openArrivals(ctx, ` and v.terminal_day = $2`, area, id)
}

// AddArrivalSuspense implements collection.MoneyTx.
func (t *tx) AddArrivalSuspense(ctx context.Context, area party.Area, ids []int64, today calendar.Day) error {
	_, err := t.Exec(ctx, `insert into arrival_suspense (area, arrival_id, business_day)
		select $1, unnest($2::bigint[]), $3`, area, ids, today)
	if err != nil {
		return fmt.Errorf("mark %d arrivals as suspense: %w", len(ids), err)
	}
	cases := make([]Case, len(ids))
	for i, id := range ids {
		cases[i] = Case{
			Kind: "arrival_unexplained", Subject: fmt.Sprintf("arrival:%d", id), Bank: "",
			Text: "money arrived and no result or payer explains it; it waits in suspense",
		}
	}
	return t.OpenCase(ctx, area, cases...)
}

// Areas implements collection.WatchTx.
func (t *tx) Areas(ctx context.Context) ([]party.Area, error) {
	rows, err := t.Query(ctx, `select area from area order by area`)
	if err != nil {
		return nil, fmt.Errorf("list areas: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[party.Area])
	if err != nil {
		return nil, fmt.Errorf("list areas: %w", err)
	}
	return out, nil
}

// SuspenseDays implements collection.WatchTx.
func (t *tx) SuspenseDays(ctx context.Context, area party.Area, day calendar.Day) (int, error) {
	var n int
	err := t.QueryRow(ctx, `
		select (value #>> '{}')::int from area_rule
		where area in ($1, 0) and rule = 'arrival_suspense_days' and effective_from <= $2
		order by area desc, effective_from desc limit 1`, area, day).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("rule arrival_suspense_days of area %s: %w", area, err)
	}
	return n, nil
}

// QuerySilentItems implements collection.WatchTx.
func (t *tx) QuerySilentItems(ctx context.Context, area party.Area, sentBy, today calendar.Day) (int, error) {
	rows, err := t.Query(ctx, `
		select `+batchColumns+` from withholding_batch
		where area = $1 and created_on <= $2 and state in ('sending', 'sent', 'acked', 'unknown')
		  and succeeded + failed < item_count
		order by id for no key update`, area, sentBy)
	if err != nil {
		return 0, fmt.Errorf("silent batches of area %s: %w", area, err)
	}
	batches, err := pgx.CollectRows(rows, scanBatch)
	if err != nil {
		return 0, fmt.Errorf("silent batches of area %s: %w", area, err)
	}
	asked := 0
	for _, b := range batches {
		tag, err := t.Exec(ctx, `
			insert into bank_query (area, item_id, batch_id, asked_on, asked_at)
			select i.area, i.id, i.batch_id, $3, $4 from withholding_item i
			where i.area = $1 and i.batch_id = $2 and not exists (
				select from bank_query q where q.area = i.area and q.item_id = i.id and q.asked_on = $3)
			  and not exists (
				select from answer a where a.area = i.area and a.item_id = i.id and a.disposition = 'recorded')
			on conflict (area, item_id, asked_on) do nothing`, area, b.ID, today, t.at)
		if err != nil {
			return 0, fmt.Errorf("query items of batch %s: %w", b.Number, err)
		}
		asked += int(tag.RowsAffected())
		if b.State != "unknown" {
			evidence := fmt.Sprintf("%d items without an answer on %s", b.Progress.Open, today)
			if _, err := t.MoveBatch(ctx, b, "unknown", "job", evidence); err != nil {
				return 0, err
			}
		}
		err = t.OpenCase(ctx, area, Case{
			Kind: "bank_silent", Subject: fmt.Sprintf("batch:%d", b.ID), Bank: b.Bank,
			Text: fmt.Sprintf("batch %s has %d items without an answer; ask the bank, send nothing again",
				b.Number, b.Progress.Open),
		})
		if err != nil {
			return 0, err
		}
	}
	return asked, nil
}

// OpenUncleared implements collection.WatchTx.
func (t *tx) OpenUncleared(ctx context.Context, area party.Area, day calendar.Day) error {
	_, err := t.Exec(ctx, `
		insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
		select $1, 'uncleared', x.subject, x.bank, x.text, ($3::timestamptz at time zone 'Asia/Shanghai')::date, $3
		from (
			select 'batch:' || id as subject, bank, 'batch ' || batch_no || ': answers and arrived money differ; '
				|| 'nothing beyond the last agreement is posted' as text
			from withholding_batch where area = $1 and created_on <= $2
			  and (succeeded_amount <> agreed_amount or arrived_amount <> agreed_amount)
			union all
			select 'terminal_day:' || d.id, d.bank, 'the receipts of a terminal''s day and the bank''s credit differ'
			from terminal_day d where d.area = $1 and d.day <= $2 and d.amount <> coalesce((
				select sum(g.amount) from agreement g where g.area = d.area and g.subject = 'terminal_day'
				  and g.subject_id = d.id), 0)) x
		where not exists (select from exception_case c
			where c.area = $1 and c.kind = 'uncleared' and c.subject = x.subject)
		on conflict (area, kind, subject) do nothing`, area, day, t.at)
	if err != nil {
		return fmt.Errorf("look for uncleared money of area %s: %w", area, err)
	}
	return nil
}

// Unfinished implements collection.WatchTx.
func (t *tx) Unfinished(ctx context.Context, area party.Area) ([]any, error) {
	rows, err := t.Query(ctx, `
		select 'agreement', p.agreement_id, '' from agreement_progress p
		join agreement g on g.area = p.area and g.id = p.agreement_id
		where p.area = $1 and not p.done and g.agreed_at < $2::timestamptz - interval '10 minutes'
		union all
		select 'receipt', id, kind from receipt
		where area = $1 and state = 'received' and kind <> 'results' and received_at < $2::timestamptz - interval '10 minutes'`,
		area, t.at)
	if err != nil {
		return nil, fmt.Errorf("unfinished work of area %s: %w", area, err)
	}
	var out []any
	var what, kind string
	var id int64
	_, err = pgx.ForEachRow(rows, []any{&what, &id, &kind}, func() error {
		if what == "agreement" {
			out = append(out, collection.AgreementReached{Area: area, Agreement: id})
		} else {
			out = append(out, bank.ReceiptArrived{Area: area, Receipt: id, What: bank.ReceiptKind(kind)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("unfinished work of area %s: %w", area, err)
	}
	return out, nil
}

// HoldDues implements collection.RunTx.
func (t *tx) HoldDues(ctx context.Context, areas []party.Area, years []int) error {
	if _, err := t.Exec(ctx, holdDuesSQL("pg_advisory_xact_lock"), areaCodes(areas), years); err != nil {
		return fmt.Errorf("hold dues: %w", err)
	}
	return nil
}

func holdDuesSQL(lock string) string {
	return `select ` + lock + `(key) from (
		select distinct hashtextextended('dues ' || u.area || ' ' || u.year, 0) as key
		from unnest($1::int[], $2::int[]) as u (area, year) order by 1) k`
}

// RefuseArrival implements collection.WatchTx.
func (t *tx) RefuseArrival(ctx context.Context, area party.Area, bankCode, reference, reason string) error {
	return t.OpenCase(ctx, area, Case{
		Kind: "arrival_refused", Subject: "bank_reference:" + bankCode + ":" + reference, Bank: bankCode, Text: reason,
	})
}
