package postgres

import (
	"context"
	"fmt"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/lifeevent"
	"twoline/gateway/party"
	"twoline/gateway/policy"
	"twoline/gateway/registry"
)

type lifeStore struct{ db *DB }

// Life stores what happens in members' lives.
func (db *DB) Life() lifeevent.Store { return lifeStore{db} }

func (s lifeStore) InTx(ctx context.Context, fn func(lifeevent.Tx) error) error {
	return s.db.InTx(ctx, func(t *tx) error { return fn(lifeTx{t}) })
}

func (s lifeStore) Read(ctx context.Context, fn func(lifeevent.Tx) error) error {
	return s.db.Read(ctx, func(t *tx) error { return fn(lifeTx{t}) })
}

// lifeTx is a transaction of life events.
type lifeTx struct{ *tx }

// LifeAreas implements lifeevent.Tx.
func (t lifeTx) LifeAreas(ctx context.Context) ([]party.Area, error) { return t.Areas(ctx) }

// AskDecision implements lifeevent.Tx.
func (t lifeTx) AskDecision(
	ctx context.Context, by approval.Officer, today calendar.Day, a casework.Ask,
) (int64, error) {
	r, err := casework.Submit(ctx, caseworkTx(t), today, by, a)
	return r.ID, err
}

// AboutRecovery implements casework.FlowTx.
func (t caseworkTx) AboutRecovery(
	ctx context.Context, area party.Area, id int64, today calendar.Day,
) (string, error) {
	return lifeevent.AboutRecovery(ctx, lifeTx(t), area, id, today)
}

// EnterRecovery implements casework.FlowTx.
func (t caseworkTx) EnterRecovery(ctx context.Context, r casework.Request, today calendar.Day) error {
	return lifeevent.EnterRecovery(ctx, lifeTx(t), r, today)
}

// AboutClaim implements casework.FlowTx.
func (t caseworkTx) AboutClaim(
	ctx context.Context, area party.Area, id int64, today calendar.Day,
) (string, error) {
	return lifeevent.AboutClaim(ctx, lifeTx(t), area, id, today)
}

// GrantDue implements casework.FlowTx.
func (t caseworkTx) GrantDue(ctx context.Context, r casework.Request, today calendar.Day) error {
	return lifeevent.GrantClaim(ctx, lifeTx(t), r, today)
}

// AboutTransfer implements casework.FlowTx.
func (t caseworkTx) AboutTransfer(
	ctx context.Context, area party.Area, id int64, today calendar.Day,
) (string, error) {
	return lifeevent.AboutTransfer(ctx, lifeTx(t), area, id, today)
}

// EnterTransfer implements casework.FlowTx.
func (t caseworkTx) EnterTransfer(ctx context.Context, r casework.Request, today calendar.Day) error {
	return lifeevent.EnterTransfer(ctx, lifeTx(t), r, today)
}

// Resume implements registry.HoldTx. No run of the area is drafted or released meanwhile:
// which months were paid stands until the transaction ends.
func (t registryTx) Resume(ctx context.Context, h registry.Hold, today calendar.Day) error {
	if err := t.holdAllRuns(ctx, h.Area); err != nil {
		return err
	}
	return lifeevent.Resume(ctx, lifeTx(t), lifeevent.Stop{
		Area: h.Area, Hold: h.ID, Member: h.Member, Reason: string(h.Reason), From: h.From, Document: h.Release.Document,
		By: h.Release.Maker,
	}, today)
}

// deadSQL are CTEs of the dead of area $1: who, and the earliest day that stands reported.
const deadSQL = `
	dead as materialized (
		select n.member_id, min(n.died_on) as died_on from death_notice n
		where n.area = $1 and not exists (
			select from death_withdrawn w where w.area = n.area and w.notice_id = n.id)
		group by n.member_id)`

// StoppedMonths implements lifeevent.ResumptionTx. A month is the stop's once the regular
// run of it was made: before that the run itself pays it. A child who did not pay stopped the base
// pension alone, of months for which the rule means the member; the account's was paid beside.
func (t lifeTx) StoppedMonths(
	ctx context.Context, s lifeevent.Stop, today calendar.Day,
) ([]lifeevent.StoppedMonth, error) {
	rows, err := t.Query(ctx, `
		with `+deadSQL+`
		select g.month::date, coalesce(e.base, 0), case when $6 then 0 else coalesce(e.account, 0) end
		from member m
		cross join lateral generate_series($4::date::timestamp, date_trunc('month', $5::date), interval '1 month') g (month)
		cross join lateral (
			select sum(n.amount) filter (where n.component = 'base_pension')::bigint as base,
				sum(n.amount) filter (where n.component = 'account_pension')::bigint as account
			from (select distinct on (component) component, amount from entitlement
				where area = $1 and member_id = m.id and from_month <= g.month::date
				order by component, from_month desc, id desc) n) e
		where m.area = $1 and m.id = $2 and case when $6 then e.base > 0 and child_linked_stops($1, m.id, g.month::date, 'infinity')
			else coalesce(e.base, 0) + coalesce(e.account, 0) > 0 end
		  and (g.month < date_trunc('month', $5::date) or exists (
			select from pay_run r where r.area = $1 and r.scheme = m.scheme and r.month = g.month::date
				and r.kind = 'regular' and r.state not in ('refused', 'withdrawn')))
		  and not exists (
			select from payment_item i
			join payment_batch b on b.area = i.area and b.id = i.batch_id
			join pay_run r on r.area = b.area and r.id = b.run_id
			where i.area = $1 and i.member_id = m.id and i.month = g.month::date and i.cause = 'regular' and not `+deadItem+`
				and (i.base_pension > 0 or not $6))
		  and not exists (select from dead d where d.member_id = m.id and d.died_on < g.month::date)
		  and not exists (select from sentence s
			where s.area = $1 and s.member_id = m.id and `+sentenceMonths+` @> g.month::date and `+sentenceStands+`)
		  and not exists (select from resumption_month k where k.area = $1 and k.member_id = m.id and k.month = g.month::date)
		  and not exists (
			select from payment_hold h
			where h.area = $1 and h.member_id = m.id and h.id <> $3 and h.from_month <= g.month::date and `+holdStands+`
				and (h.reason <> 'child_unpaid' or `+childStops+`g.month::date`+asKnown+`))
		order by 1`, s.Area, s.Member, s.Hold, s.From, today, policy.StopReason(s.Reason) == policy.StopChildUnpaid)
	if err != nil {
		return nil, fmt.Errorf("months that hold %d stopped: %w", s.Hold, err)
	}
	return collect(rows, "months of a stop", scanStopped)
}

// AddResumption implements lifeevent.ResumptionTx.
func (t lifeTx) AddResumption(ctx context.Context, r lifeevent.Resumption) error {
	word := "none"
	if r.FromStop {
		word = "from_stop"
	}
	_, err := t.Exec(ctx, `
		insert into resumption (area, hold_id, member_id, back_pay, rule_document, rule_from, business_day, entered_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		r.Area, r.Hold, r.Member, word, r.Rule.Document, r.Rule.From, r.Today, t.at)
	if err != nil {
		return fmt.Errorf("keep the end of hold %d: %w", r.Hold, err)
	}
	months := column(r.Months, func(m lifeevent.StoppedMonth) calendar.Day { return m.Month.First() })
	base := column(r.Months, func(m lifeevent.StoppedMonth) int64 { return m.Base.Fen() })
	account := column(r.Months, func(m lifeevent.StoppedMonth) int64 { return m.Account.Fen() })
	_, err = t.Exec(ctx, `
		insert into resumption_month (area, member_id, month, hold_id)
		select $1, $2, u.month, $3 from unnest($4::date[]) as u (month)`, r.Area, r.Member, r.Hold, months)
	if err != nil {
		return fmt.Errorf("keep the months of hold %d: %w", r.Hold, err)
	}
	if !r.FromStop {
		return nil
	}
	_, err = t.Exec(ctx, `
		with line as (
			select u.month, u.base, u.account
			from unnest($4::date[], $5::bigint[], $6::bigint[]) as u (month, base, account)),
		due as (
			insert into benefit_due (area, member_id, cause, month, base_pension, account_pension, document, entered_by,
				entered_at, business_day)
			select $1, $2, 'resumption:' || $3::bigint, $7, sum(base), sum(account), $8, $9, $10, $11 from line
			returning id)
		insert into benefit_due_month (area, due_id, month, component, was, entitled)
		select $1, due.id, l.month, c.component, 0, c.amount
		from due, line l
		cross join lateral (values ('base_pension', l.base), ('account_pension', l.account)) as c (component, amount)
		where c.amount > 0`, r.Area, r.Member, r.Hold, months, base, account, r.Today.Month(), r.Document, r.By, t.at, r.Today)
	if err != nil {
		return fmt.Errorf("keep the due of hold %d: %w", r.Hold, err)
	}
	return nil
}
