package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

type disbursementStore struct{ db *DB }

// Disbursement stores the money out.
func (db *DB) Disbursement() disbursement.Store { return disbursementStore{db} }

func (s disbursementStore) InTx(ctx context.Context, fn func(disbursement.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(t) })
}

func (s disbursementStore) Read(ctx context.Context, fn func(disbursement.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(t) })
}

// runColumns are read by scanRun.
const runColumns = `
	r.area, r.id, r.scheme, r.month, r.kind, r.ordinal, r.roster_id, coalesce(r.predecessor, 0), r.pay_day,
	r.handover_due, r.item_count, r.amount, r.digest, r.maker, r.maker_person, r.business_day, r.released_on,
	r.late_reason, r.state, r.version`

func scanRun(row pgx.CollectableRow) (disbursement.Run, error) {
	var r disbursement.Run
	var digest []byte
	err := row.Scan(&r.Area, &r.ID, &r.Scheme, &r.Month, &r.Kind, &r.Ordinal, &r.Roster, &r.Predecessor, &r.PayDay,
		&r.HandoverDue, &r.Count, &r.Amount, &digest, &r.Maker, &r.MakerPerson, &r.MadeOn, &r.ReleasedOn, &r.LateReason,
		&r.State, &r.Version)
	copy(r.Digest[:], digest)
	return r, err
}

// LiveRun implements disbursement.RunTx.
func (t *tx) LiveRun(
	ctx context.Context, area party.Area, scheme ledger.Scheme, month calendar.Month,
) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, `
		select coalesce(max(id), 0) from pay_run
		where area = $1 and scheme = $2 and month = $3 and kind = 'regular' and state not in ('refused', 'withdrawn')`,
		area, string(scheme), month).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("pay run of %s: %w", month, err)
	}
	return id, nil
}

// AddPayRun implements disbursement.RunTx.
func (t *tx) AddPayRun(ctx context.Context, r disbursement.Run) (disbursement.Run, error) {
	err := t.QueryRow(ctx, `
		insert into pay_run (area, scheme, month, kind, ordinal, roster_id, predecessor, pay_day, handover_due, maker,
			maker_person, made_at, business_day, state)
		select $1, $2, $3, $4, coalesce(max(o.ordinal), 0) + 1, $5, $6, $7, $8, $9, $10, $11, $12, 'draft'
		from pay_run o where o.area = $1 and o.scheme = $2 and o.month = $3 and o.kind = $4
		on conflict (area, scheme, month) where kind = 'regular' and state not in ('refused', 'withdrawn') do nothing
		returning id, ordinal`,
		r.Area, string(r.Scheme), r.Month, string(r.Kind), r.Roster, orNull(r.Predecessor), r.PayDay, r.HandoverDue,
		r.Maker, r.MakerPerson, t.at, r.MadeOn).Scan(&r.ID, &r.Ordinal)
	if errors.Is(err, pgx.ErrNoRows) {
		// Read in a statement of its own: the insert may have met a row that it could not see.
		live, err := t.LiveRun(ctx, r.Area, r.Scheme, r.Month)
		if err != nil {
			return r, err
		}
		return r, disbursement.ErrRunExists.About(fmt.Sprint(live))
	}
	if err != nil {
		return r, fmt.Errorf("add pay run of %s: %w", r.Month, err)
	}
	r.State, r.Version = disbursement.Draft, 1
	return r, t.addRunEvent(ctx, r, "", "officer:"+r.Maker, "")
}

func (t *tx) addRunEvent(
	ctx context.Context, r disbursement.Run, from disbursement.State, actor, evidence string,
) error {
	_, err := t.Exec(ctx, `
		insert into run_event (area, run_id, version, from_state, to_state, actor, at, evidence)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.Area, r.ID, r.Version, string(from), string(r.State), actor, t.at, evidence)
	if err != nil {
		return fmt.Errorf("event of pay run %d: %w", r.ID, err)
	}
	return nil
}

// FindRun implements disbursement.RunTx.
func (t *tx) FindRun(ctx context.Context, area party.Area, id int64) (disbursement.Run, error) {
	rows, err := t.Query(ctx, `select `+runColumns+` from pay_run r where r.area = $1 and r.id = $2`, area, id)
	return single(rows, err, fmt.Sprintf("read pay run %d", id), disbursement.ErrRunUnknown, scanRun)
}

// LockRun implements disbursement.RunTx.
func (t *tx) LockRun(ctx context.Context, area party.Area, id int64) (disbursement.Run, error) {
	// The lock comes in a statement of its own: what the row says is read after the wait.
	_, err := t.Exec(ctx, `select from pay_run where area = $1 and id = $2 for no key update`, area, id)
	if err != nil {
		return disbursement.Run{}, fmt.Errorf("lock pay run %d: %w", id, err) //nolint:exhaustruct // none
	}
	return t.FindRun(ctx, area, id)
}

// MoveRun implements disbursement.RunTx.
func (t *tx) MoveRun(
	ctx context.Context, r disbursement.Run, next disbursement.State, actor, evidence string,
) (disbursement.Run, error) {
	if !r.State.CanBecome(next) {
		return r, disbursement.ErrRunState.With("pay run %d is %s and cannot become %s", r.ID, r.State, next)
	}
	var digest []byte
	if r.Digest != [32]byte{} {
		digest = r.Digest[:]
	}
	tag, err := t.Exec(ctx, `
		update pay_run set state = $5, version = version + 1, digest = $6, item_count = $7, amount = $8,
			released_on = $9, late_reason = $10
		where area = $1 and id = $2 and state = $3 and version = $4`,
		r.Area, r.ID, string(r.State), r.Version, string(next), digest, r.Count, r.Amount.Fen(), r.ReleasedOn,
		r.LateReason)
	if err != nil {
		return r, fmt.Errorf("move pay run %d to %s: %w", r.ID, next, err)
	}
	if tag.RowsAffected() != 1 {
		return r, disbursement.ErrRunState.With("pay run %d was moved by somebody else", r.ID)
	}
	from := r.State
	r.State, r.Version = next, r.Version+1
	return r, t.addRunEvent(ctx, r, from, actor, evidence)
}

// payBatchColumns are read by scanPayBatch.
func payBatchColumns() string {
	return `
	b.area, b.id, b.run_id, b.scheme, b.month, b.bank, b.clearing_bank, b.fund_account,
	(select f.account_no from fund_account f where f.area = b.area and f.id = b.fund_account), b.settlement, b.batch_no,
	b.item_count, b.amount, b.digest, b.file_name, b.file_digest, b.file_size, b.created_on,
	(select r.pay_day from pay_run r where r.area = b.area and r.id = b.run_id), b.state, b.version, b.handed_over_on,
	b.succeeded, b.failed, b.returned, b.succeeded_amount, b.failed_amount, b.returned_amount, b.last_answer,
	b.posted_upto, ` + notExecuted(`b`)
}

func scanPayBatch(row pgx.CollectableRow) (disbursement.Batch, error) {
	var b disbursement.Batch
	var digest, fileDigest []byte
	p := &b.Progress
	err := row.Scan(&b.Area, &b.ID, &b.Run, &b.Scheme, &b.Month, &b.Bank, &b.ClearingBank, &b.FundAccount, &b.AccountNo,
		&b.Settlement, &b.Number, &b.Count, &b.Amount, &digest, &b.FileName, &fileDigest, &b.FileSize, &b.CreatedOn,
		&b.PayDay, &b.State, &b.Version, &b.HandedOverOn, &p.Succeeded, &p.Failed, &p.Returned, &p.SucceededAmount,
		&p.FailedAmount, &p.ReturnedAmount, &p.LastAnswer, &p.PostedUpto, &b.Withheld)
	copy(b.Digest[:], digest)
	copy(b.FileDigest[:], fileDigest)
	p.Open = b.Count - p.Succeeded - p.Failed
	return b, err
}

// RunBatches implements disbursement.RunTx.
func (t *tx) RunBatches(ctx context.Context, area party.Area, run int64) ([]disbursement.Batch, error) {
	rows, err := t.Query(ctx, `
		select `+payBatchColumns()+` from payment_batch b where b.area = $1 and b.run_id = $2 order by b.id`, area, run)
	if err != nil {
		return nil, fmt.Errorf("batches of pay run %d: %w", run, err)
	}
	return collect(rows, "batches of a pay run", scanPayBatch)
}

// RunEvents implements disbursement.RunTx.
func (t *tx) RunEvents(ctx context.Context, area party.Area, run int64) ([]disbursement.Event, error) {
	rows, err := t.Query(ctx, `
		select version, from_state, to_state, actor, evidence, (at at time zone 'Asia/Shanghai')::date from run_event
		where area = $1 and run_id = $2 order by version`, area, run)
	if err != nil {
		return nil, fmt.Errorf("events of pay run %d: %w", run, err)
	}
	return collect(rows, "events of a pay run", pgx.RowToStructByPos[disbursement.Event])
}

// Decisions implements disbursement.RunTx.
func (t *tx) Decisions(ctx context.Context, area party.Area, run int64) ([]disbursement.Decided, error) {
	rows, err := t.Query(ctx, `
		select login, person_id, duty, decision, reason, (decided_at at time zone 'Asia/Shanghai')::date from approval
		where area = $1 and subject = 'pay_run' and subject_id = $2 order by decided_at, duty`, area, run)
	if err != nil {
		return nil, fmt.Errorf("decisions on pay run %d: %w", run, err)
	}
	return collect(rows, "decisions on a pay run", pgx.RowToStructByPos[disbursement.Decided])
}

// RunHits implements disbursement.RunTx.
func (t *tx) RunHits(ctx context.Context, area party.Area, run int64) ([]disbursement.Hit, error) {
	rows, err := t.Query(ctx, `
		select h.item_id, h.member_id, h.reason, m.social_no, m.name
		from release_hit h join member m on m.area = h.area and m.id = h.member_id
		where h.area = $1 and h.run_id = $2 order by h.item_id`, area, run)
	if err != nil {
		return nil, fmt.Errorf("hits of pay run %d: %w", run, err)
	}
	return collect(rows, "hits of a pay run", scanHit)
}

func scanHit(row pgx.CollectableRow) (h disbursement.Hit, err error) {
	var name string
	err = row.Scan(&h.Item, &h.Member, &h.Reason, &h.SocialNo, &name)
	h.Name, _, _ = party.Stored(name, "", "")
	return h, err
}

// Successor implements disbursement.RunTx.
func (t *tx) Successor(ctx context.Context, area party.Area, run int64) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, `select coalesce(max(id), 0) from pay_run where area = $1 and predecessor = $2`, area, run).
		Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("successor of pay run %d: %w", run, err)
	}
	return id, nil
}

// OpenPayCase implements disbursement.RunTx.
func (t *tx) OpenPayCase(ctx context.Context, area party.Area, cases ...disbursement.Case) error {
	return t.OpenCase(ctx, area, column(cases, func(c disbursement.Case) Case { return Case(c) })...)
}

// ClosePayCase implements disbursement.RunTx.
func (t *tx) ClosePayCase(ctx context.Context, area party.Area, c disbursement.Case, by string) error {
	return t.EndCase(ctx, area, c.Kind, c.Subject, by, c.Text)
}

// payableSQL reads the payable lines of a roster. It is the text of a cursor, which
// takes no parameters, and so holds the two numbers themselves. A claim is stale
// when another run that lives took it since: for a claim of a month any payment of
// it, for one that failed or came back a newer payment, or that it was given up.
func payableSQL(area party.Area, roster int64) string {
	of, id := strconv.FormatInt(int64(area), 10), strconv.FormatInt(roster, 10)
	the := `(select scheme from roster where area = ` + of + ` and id = ` + id + `)`
	return `
	declare payable no scroll cursor for
	with tried as materialized (
		select i.member_id, i.month, max(i.attempt) as attempt, bool_or(not ` + deadItem + `) as live
		from payment_item i
		join payment_batch b on b.area = i.area and b.id = i.batch_id
		join pay_run r on r.area = b.area and r.id = b.run_id
		where i.area = ` + of + ` and i.cause = 'regular' and i.batch_id = any(array(
			select p.id from payment_batch p join roster o on o.area = p.area and o.month = p.month and o.scheme = p.scheme
			where o.area = ` + of + ` and o.id = ` + id + `))
		group by i.member_id, i.month),` + paidBySQL(of, the) + `
	select l.member_id, l.month, l.cause,
		coalesce(case when l.replaces is not null then again.attempt when l.cause = 'regular' then t.attempt
			else due.attempt end, 0) + 1,
		coalesce(l.replaces, 0), case when l.replaces is null then false else ` + fromSuspense + ` end,
		l.base_pension, l.account_pension, l.funeral_grant, l.one_off, l.instrument_id, n.account_no,
		coalesce(n.holder_name, m.name), coalesce(n.holder_id_number, m.id_number), m.social_no, m.region, n.activated, k.paying, coalesce(n.bank_no, k.bank_no),
		coalesce(case when l.replaces is not null then again.newer when l.cause = 'regular' then t.live else due.live end,
			false)
	from roster_line l
	join member m on m.area = l.area and m.id = l.member_id
	join instrument n on n.area = l.area and n.id = l.instrument_id
	join paid_by k on k.bank = n.bank
	left join tried t on t.member_id = l.member_id and t.month = l.month
	left join lateral (
		select i.area, i.id, i.cause, i.attempt, i.from_suspense from payment_item i
		where l.replaces is not null and i.area = l.area and i.id = l.replaces limit 1) o on true
	left join lateral (
		select max(i.attempt) as attempt, bool_or(i.attempt > o.attempt and not ` + deadItem + ` or exists (
			select from payment_return v join return_unclaimed u on u.area = v.area and u.return_id = v.id
			where v.area = i.area and v.item_id = i.id) or ` + paidByHand + `) as newer
		from payment_item i
		join payment_batch b on b.area = i.area and b.id = i.batch_id
		join pay_run r on r.area = b.area and r.id = b.run_id
		where l.replaces is not null and i.area = l.area and i.member_id = l.member_id and i.month = l.month
		  and i.cause = o.cause) again on true
	left join lateral (
		select max(i.attempt) as attempt, bool_or(not ` + deadItem + `) as live
		from payment_item i
		join payment_batch b on b.area = i.area and b.id = i.batch_id
		join pay_run r on r.area = b.area and r.id = b.run_id
		where l.replaces is null and l.cause <> 'regular' and i.area = l.area and i.member_id = l.member_id
		  and i.month = l.month and i.cause = l.cause) due on true
	where l.area = ` + of + ` and l.roster_id = ` + id + ` and l.held = ''
	order by k.paying, coalesce(n.bank_no, k.bank_no), m.region, l.member_id, l.month, l.cause`
}

// payables is a cursor over payable lines.
type payables struct{ t *tx }

// OpenPayables implements disbursement.FreezeTx.
func (t *tx) OpenPayables(ctx context.Context, r disbursement.Run) (disbursement.Payables, error) {
	err := t.hashing(ctx, func() error {
		if _, err := t.Exec(ctx, `set local cursor_tuple_fraction = 1`); err != nil {
			return err
		}
		_, err := t.Exec(ctx, payableSQL(r.Area, r.Roster))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("payable lines of pay run %d: %w", r.ID, err)
	}
	return payables{t}, nil
}

// Next implements disbursement.Payables.
func (p payables) Next(ctx context.Context) ([]disbursement.Payable, error) {
	// The cursor is another one in every transaction: nothing of it may be cached.
	rows, err := p.t.Query(ctx, `fetch forward 5000 from payable`, pgx.QueryExecModeDescribeExec)
	if err != nil {
		return nil, fmt.Errorf("next payable lines: %w", err)
	}
	return collect(rows, "payable lines", func(row pgx.CollectableRow) (l disbursement.Payable, err error) {
		var c [4]int64
		var account, name, idNumber string
		err = row.Scan(&l.Member, &l.Month, &l.Cause, &l.Attempt, &l.Replaces, &l.FromSuspense, &c[0], &c[1], &c[2], &c[3],
			&l.Instrument, &account, &name, &idNumber, &l.SocialNo, &l.Region, &l.Activated, &l.Bank, &l.ClearingBank,
			&l.Stale)
		l.Components = componentsOf(c)
		l.Name, l.IDNumber, l.Account = party.Stored(name, idNumber, account)
		return l, err
	})
}

// Close implements disbursement.Payables.
func (p payables) Close(ctx context.Context) error {
	if _, err := p.t.Exec(ctx, `close payable`); err != nil {
		return fmt.Errorf("close payable lines: %w", err)
	}
	return nil
}

// AddPayBatch implements disbursement.FreezeTx.
func (t *tx) AddPayBatch(
	ctx context.Context, b disbursement.Batch, items []disbursement.Item, actor string,
) error {
	_, err := t.Exec(ctx, `
		with batch as (
			insert into payment_batch (area, id, run_id, scheme, month, bank, clearing_bank, fund_account, settlement,
				batch_no, item_count, amount, digest, file_name, file_digest, file_size, created_on, created_at, state)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, 'ready'))
		insert into batch_event (area, batch_id, version, from_state, to_state, actor, at)
		values ($1, $2, 1, '', 'ready', $19, $18)`,
		b.Area, b.ID, b.Run, string(b.Scheme), b.Month, b.Bank, b.ClearingBank, b.FundAccount, b.Settlement, b.Number,
		b.Count, b.Amount.Fen(), b.Digest[:], b.FileName, b.FileDigest[:], b.FileSize, b.CreatedOn, t.at, actor)
	if err != nil {
		return fmt.Errorf("add payment batch %s: %w", b.Number, err)
	}
	columns := []string{
		"area", "id", "batch_id", "seq", "member_id", "month", "cause", "attempt", "replaces", "from_suspense",
		"base_pension", "account_pension", "funeral_grant", "one_off", "amount", "instrument_id", "account_no", "name",
		"id_number", "social_no", "region", "activated",
	}
	_, err = t.CopyFrom(ctx, pgx.Identifier{"payment_item"}, columns,
		pgx.CopyFromSlice(len(items), func(i int) ([]any, error) {
			it := &items[i]
			return []any{
				int32(b.Area), it.ID, it.Batch, int32(it.Seq), it.Member, it.Month, it.Cause, int16(it.Attempt), //nolint:gosec // bounded
				orNull(it.Replaces), it.FromSuspense, it.Base.Fen(), it.Components.Account.Fen(), it.Funeral.Fen(),
				it.OneOff.Fen(), it.Sum().Fen(), it.Instrument, it.Account.Plain(), it.Name.Plain(), it.IDNumber.Plain(),
				it.SocialNo, int64(it.Region), it.Activated,
			}, nil
		}))
	if isUnique(err, "payment_item_area_member_id_month_cause_attempt_key") || isUnique(err, "payment_item_replaces") {
		return disbursement.ErrRosterStale.Because(err)
	}
	if err == nil {
		_, err = t.Exec(ctx, `
			insert into payment_batch_base (area, batch_id, month, base_pension, before, items)`+batchBaseSQL(`b.id = $2`),
			int32(b.Area), b.ID)
	}
	if err != nil {
		return fmt.Errorf("freeze payments of batch %s: %w", b.Number, err)
	}
	return nil
}

// batchBaseSQL counts what batches b of area $1, or of all for 0, pay of base pensions: items
// by month and base, those of a due by the months that it is made of.
func batchBaseSQL(where string) string {
	return `
	select i.area, i.batch_id, coalesce(n.month, i.month), coalesce(n.entitled, i.base_pension), coalesce(n.was, 0), count(*)
	  from payment_batch b
	  join payment_item i on i.area = b.area and i.batch_id = b.id and i.base_pension > 0
	  left join benefit_due d on i.cause <> 'regular' and d.area = i.area and d.member_id = i.member_id
	       and d.cause = i.cause and d.month = i.month
	  left join benefit_due_month n on n.area = d.area and n.due_id = d.id and n.component = 'base_pension'
	 where ($1::integer = 0 or b.area = $1) and ` + where + `
	 group by 1, 2, 3, 4, 5`
}

const screenRunSQL = frozenClaimSQL + screenSQL + `,
	found as (
		insert into release_hit (area, run_id, item_id, member_id, reason, found_at)
		select $1, $9, c.item_id, c.member_id, w.reason, $10
		from worst w join claim c on c.member_id = w.member_id and c.month = w.month and c.cause = w.cause
		returning item_id, member_id, reason)
	select f.item_id, f.member_id, f.reason, m.social_no, m.name
	from found f join member m on m.area = $1 and m.id = f.member_id order by f.item_id`

// ScreenRun implements disbursement.ReleaseTx.
func (t *tx) ScreenRun(
	ctx context.Context, r disbursement.Run, rules disbursement.Rules, today calendar.Day,
) ([]disbursement.Hit, error) {
	ids, err := t.batchIDs(ctx, `select id from payment_batch where area = $1 and run_id = $2`, r.Area, r.ID)
	if err != nil {
		return nil, err
	}
	set := claimSet{area: r.Area, scheme: r.Scheme, month: r.Month, sql: frozenClaimSQL, batches: ids}
	if err := t.openHolds(ctx, set, rules); err != nil {
		return nil, err
	}
	var hits []disbursement.Hit
	err = t.hashing(ctx, func() error {
		rows, err := t.Query(ctx, screenRunSQL, set.args(append(screenArgs(rules, today, nil), r.ID, t.at)...)...)
		if err != nil {
			return err
		}
		hits, err = collect(rows, "hits", scanHit)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("screen pay run %d: %w", r.ID, err)
	}
	return hits, nil
}

// Committed implements disbursement.ReleaseTx. A bank that settles gross takes the
// lump once; the others take a payment when it is answered.
func (t *tx) Committed(ctx context.Context, area party.Area, account int64) (money.Amount, error) {
	var sum int64
	err := t.QueryRow(ctx, `
		select coalesce(sum(case when settlement <> 'gross' then amount - succeeded_amount - failed_amount
			when handed_over_on is null then amount else 0 end), 0)::bigint
		from payment_batch
		where area = $1 and fund_account = $2 and state in ('sending', 'sent', 'acked', 'unknown')`,
		area, account).Scan(&sum)
	if err != nil {
		return 0, fmt.Errorf("what is committed of fund account %d: %w", account, err)
	}
	return money.Amount(sum), nil
}

// SendBatches implements disbursement.ReleaseTx.
func (t *tx) SendBatches(ctx context.Context, r disbursement.Run, actor string) ([]disbursement.Batch, error) {
	_, err := t.Exec(ctx, `
		with moved as (
			update payment_batch set state = 'sending', version = version + 1
			where area = $1 and run_id = $2 and state = 'ready' returning area, id, version)
		insert into batch_event (area, batch_id, version, from_state, to_state, actor, at, evidence)
		select area, id, version, 'ready', 'sending', $3, $4, jsonb_build_object('because', 'released') from moved`,
		r.Area, r.ID, actor, t.at)
	if err != nil {
		return nil, fmt.Errorf("send the batches of pay run %d: %w", r.ID, err)
	}
	return t.RunBatches(ctx, r.Area, r.ID)
}

// LockPayBatch implements disbursement.ReleaseTx.
func (t *tx) LockPayBatch(
	ctx context.Context, area party.Area, bankCode string, id int64,
) (disbursement.Batch, error) {
	rows, err := t.Query(ctx, `
		select `+payBatchColumns()+` from payment_batch b
		where b.id = $1 and ($2 = 0 or b.area = $2) and ($3 = '' or b.bank = $3 and b.state not in ('ready', 'exported'))
		for no key update of b`, id, int32(area), bankCode)
	return single(rows, err, fmt.Sprintf("lock payment batch %d", id), disbursement.ErrBatchUnknown, scanPayBatch)
}

// MovePayBatch implements disbursement.ReleaseTx.
func (t *tx) MovePayBatch(
	ctx context.Context, b disbursement.Batch, next bank.BatchState, actor, evidence string,
) (disbursement.Batch, error) {
	if !b.State.CanBecome(next) {
		return b, bank.ErrBatchState.With("batch %s is %s and cannot become %s", b.Number, b.State, next)
	}
	tag, err := t.Exec(ctx, `
		with moved as (
			update payment_batch set state = $4, version = version + 1
			where area = $1 and id = $2 and version = $3 returning area, id, version)
		insert into batch_event (area, batch_id, version, from_state, to_state, actor, at, evidence)
		select area, id, version, $5, $4, $6, $7, jsonb_build_object('because', $8::text) from moved`,
		b.Area, b.ID, b.Version, string(next), string(b.State), actor, t.at, evidence)
	if err != nil {
		return b, fmt.Errorf("move payment batch %s to %s: %w", b.Number, next, err)
	}
	if tag.RowsAffected() != 1 {
		return b, bank.ErrBatchState.With("batch %s was moved by somebody else", b.Number)
	}
	b.State, b.Version = next, b.Version+1
	return b, nil
}

// MarkHandedOver implements disbursement.ReleaseTx.
func (t *tx) MarkHandedOver(ctx context.Context, b disbursement.Batch, day calendar.Day) error {
	tag, err := t.Exec(ctx, `
		update payment_batch set handed_over_on = $3 where area = $1 and id = $2 and handed_over_on is null`,
		b.Area, b.ID, day)
	if err != nil {
		return fmt.Errorf("hand over payment batch %s: %w", b.Number, err)
	}
	if tag.RowsAffected() != 1 {
		return bank.ErrBatchState.With("batch %s was handed over by somebody else", b.Number)
	}
	return nil
}

// OpenRunsDue implements disbursement.ReleaseTx.
func (t *tx) OpenRunsDue(ctx context.Context, day calendar.Day) ([]disbursement.Run, error) {
	rows, err := t.Query(ctx, `
		select `+runColumns+` from pay_run r
		where r.area = any(select area from area) and r.state in ('frozen', 'approved') and r.handover_due <= $1
		order by r.area, r.id`, day)
	if err != nil {
		return nil, fmt.Errorf("pay runs due on %s: %w", day, err)
	}
	return collect(rows, "pay runs that are due", scanRun)
}

// Runs implements disbursement.RunStore.
func (s disbursementStore) Runs(ctx context.Context, f disbursement.RunFilter) ([]disbursement.Run, error) {
	rows, err := s.db.pool.Query(ctx, `
		select `+runColumns+` from pay_run r
		where r.area = $1 and ($2 = '' or r.scheme = $2) and ($3::date is null or r.month = $3)
		  and ($4 = '' or r.state = $4) and r.id > $5
		order by r.id limit $6`, f.Area, string(f.Scheme), f.Month, string(f.State), f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list pay runs: %w", err)
	}
	return collect(rows, "pay runs", scanRun)
}

// Batches implements disbursement.RunStore.
func (s disbursementStore) Batches(ctx context.Context, f disbursement.BatchFilter) ([]disbursement.Batch, error) {
	rows, err := s.db.pool.Query(ctx, `
		select `+payBatchColumns()+` from payment_batch b
		where ($1 = 0 or b.area = $1) and ($2 = '' or b.bank = $2 and b.state not in ('ready', 'exported'))
		  and ($3 = '' or b.state = $3) and ($4 = 0::bigint or b.run_id = $4) and b.id > $5
		order by b.id limit $6`, int32(f.Area), f.Bank, string(f.State), f.Run, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list payment batches: %w", err)
	}
	return collect(rows, "payment batches", scanPayBatch)
}

// Batch implements disbursement.RunStore.
func (s disbursementStore) Batch(ctx context.Context, f disbursement.BatchFilter) (disbursement.Batch, error) {
	rows, err := s.db.pool.Query(ctx, `
		select `+payBatchColumns()+` from payment_batch b
		where b.id = $1 and ($2 = 0 or b.area = $2) and ($3 = '' or b.bank = $3 and b.state not in ('ready', 'exported'))`,
		f.ID, int32(f.Area), f.Bank)
	return single(rows, err, fmt.Sprintf("read payment batch %d", f.ID), disbursement.ErrBatchUnknown, scanPayBatch)
}

// payItemColumns are read into payItemTargets.
const payItemColumns = `
	i.id, i.batch_id, i.seq, i.member_id, i.month, i.cause, i.attempt, coalesce(i.replaces, 0), i.from_suspense,
	i.base_pension, i.account_pension, i.funeral_grant, i.one_off, i.instrument_id, i.account_no, i.name, i.id_number,
	i.social_no, i.region, i.activated`

// payItemRow takes a row of payItemColumns.
type payItemRow struct {
	item                    disbursement.Item
	parts                   [4]int64
	account, name, idNumber string
}

func (r *payItemRow) targets() []any {
	i := &r.item
	return []any{
		&i.ID, &i.Batch, &i.Seq, &i.Member, &i.Month, &i.Cause, &i.Attempt, &i.Replaces, &i.FromSuspense,
		&r.parts[0], &r.parts[1], &r.parts[2], &r.parts[3], &i.Instrument, &r.account, &r.name, &r.idNumber, &i.SocialNo,
		&i.Region, &i.Activated,
	}
}

func (r *payItemRow) value() disbursement.Item {
	r.item.Components = componentsOf(r.parts)
	r.item.Name, r.item.IDNumber, r.item.Account = party.Stored(r.name, r.idNumber, r.account)
	return r.item
}

// Items implements disbursement.RunStore.
func (s disbursementStore) Items(
	ctx context.Context, area party.Area, batch int64, after, limit int,
) ([]disbursement.ItemStanding, error) {
	rows, err := s.db.pool.Query(ctx, `
		select `+payItemColumns+`, b.batch_no, b.bank, coalesce(a.outcome, 'unknown'), coalesce(a.class, 'UNKNOWN'),
			coalesce(a.code, ''), coalesce(a.text, ''), coalesce(a.bank_reference, ''), a.value_date,
			exists (select from payment_return v where v.area = i.area and v.item_id = i.id)
		from payment_item i
		join payment_batch b on b.area = i.area and b.id = i.batch_id
		`+finalOfItem+` a on true
		where i.area = $1 and i.batch_id = $2 and i.seq > $3 order by i.seq limit $4`, area, batch, after, limit)
	if err != nil {
		return nil, fmt.Errorf("items of payment batch %d: %w", batch, err)
	}
	return collect(rows, "items of a payment batch", scanPayStanding)
}

func scanPayStanding(row pgx.CollectableRow) (s disbursement.ItemStanding, err error) {
	var r payItemRow
	var outcome string
	err = row.Scan(append(r.targets(), &s.BatchNumber, &s.Bank, &outcome, &s.Class, &s.Code, &s.Text, &s.BankReference,
		&s.ValueDate, &s.Returned)...)
	if err != nil {
		return s, err
	}
	s.Item = r.value()
	s.Outcome, err = bank.ParseOutcome(outcome)
	return s, err
}

// EachItem implements disbursement.RunStore. It holds one connection while fn runs.
func (s disbursementStore) EachItem(
	ctx context.Context, area party.Area, batch int64, fn func(disbursement.Item) error,
) error {
	rows, err := s.db.pool.Query(ctx, `
		select `+payItemColumns+` from payment_item i where i.area = $1 and i.batch_id = $2 order by i.seq`, area, batch)
	if err != nil {
		return fmt.Errorf("items of payment batch %d: %w", batch, err)
	}
	var r payItemRow
	_, err = pgx.ForEachRow(rows, r.targets(), func() error { return fn(r.value()) })
	if err != nil {
		return fmt.Errorf("items of payment batch %d: %w", batch, err)
	}
	return nil
}

// PayPartner implements disbursement.RunStore.
func (s disbursementStore) PayPartner(
	ctx context.Context, area party.Area, scheme ledger.Scheme, code string,
) (disbursement.Partner, error) {
	rows, err := s.db.pool.Query(ctx, payPartnerSQL, area, string(scheme), code)
	return single(rows, err, fmt.Sprintf("bank %s", code), disbursement.ErrNoExpenditureAccount, scanPayPartner)
}
