package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// lastNoticeSQL are CTEs of the notice $2 of area $1 that stands alone: the grants of heirs that
// rest on it, and their dues.
const lastNoticeSQL = `
	ending as materialized (
		select g.claim_id, g.member_id from death_notice n
		join estate_granted g on g.area = n.area and g.member_id = n.member_id and ` + grantStands + `
		where n.area = $1 and n.id = $2 and not exists (select from death_notice o
			where o.area = n.area and o.member_id = n.member_id and o.id <> n.id and not exists (
				select from death_withdrawn w where w.area = o.area and w.notice_id = o.id))),` + endingDueSQL

// endingDueSQL is a CTE of the dues of the claims that are ending; lastClaimSQL are such CTEs of the
// claim that made due $2 of area $1.
const (
	endingDueSQL = `
	ending_due as materialized (
		select d.id, d.member_id, d.month, d.cause from ending e
		join benefit_due d on d.area = $1 and d.member_id = e.member_id and d.cause in ('funeral:' || e.claim_id, 'estate:' || e.claim_id,
			'arrears:' || e.claim_id))`
	lastClaimSQL = `
	ending as materialized (
		select g.claim_id, g.member_id from benefit_due o
		join estate_granted g on g.area = o.area and g.member_id = o.member_id and o.cause in ('funeral:' || g.claim_id,
			'estate:' || g.claim_id, 'arrears:' || g.claim_id) and ` + grantStands + `
		where o.area = $1 and o.id = $2),` + endingDueSQL
)

// grantsAtRest proves that no pay run is about to pay, or may have paid, what rests on a notice:
// registry.ErrGrantUnderWay names the first such run.
func (t registryTx) grantsAtRest(ctx context.Context, area party.Area, n registry.DeathNotice) error {
	var run int64
	var state string
	err := t.QueryRow(ctx, `
		with `+lastNoticeSQL+`
		select r.id, r.state from ending_due d
		join payment_item i on i.area = $1 and i.member_id = d.member_id and i.month = d.month and i.cause = d.cause
		join payment_batch b on b.area = i.area and b.id = i.batch_id
		join pay_run r on r.area = b.area and r.id = b.run_id
		where not `+deadItem+` and not exists (select from answer a
			where a.area = i.area and a.item_id = i.id and a.disposition = 'recorded')
		order by r.id limit 1`, area, n.ID).Scan(&run, &state)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for grants that rest on death notice %d: %w", n.ID, err)
	}
	return registry.ErrGrantUnderWay.With("pay run %d, which is %s, has what was granted to an heir: withdraw the run, "+
		"or wait for the bank's answer", run, state).About(fmt.Sprint(run))
}

// endGrants ends what was granted to the heirs of a member of whom no death stands reported any
// more, owes the member again what a claim took up, and has people get back what was paid.
func (t registryTx) endGrants(ctx context.Context, area party.Area, b registry.TakingBack) error {
	if err := t.openPaidGrants(ctx, area, b.Notice); err != nil {
		return err
	}
	return t.endClaims(ctx, lastNoticeSQL, ending{
		area: area, id: b.Notice, what: "notice_id", document: fmt.Sprintf("death notice %d was taken back", b.Notice),
		by: b.By, on: b.On,
	})
}

// ending is why claims of heirs end: the notice or the due with an id.
type ending struct {
	area         party.Area
	id           int64
	what         string
	document, by string
	on           calendar.Day
}

// endClaims ends the claims that CTEs name, with their dues, and owes the member again what they took up.
func (t *tx) endClaims(ctx context.Context, which string, e ending) error {
	_, err := t.Exec(ctx, `
		with `+which+`,
		ended as (
			insert into benefit_due_ended (area, due_id, document, entered_by, entered_at)
			select $1, id, $7, $3, $4 from ending_due
			on conflict do nothing),
		-- Falling due again, not before the month after the one in which it first did.
		taken as materialized (
			select d.area, d.id, d.member_id, d.cause, d.base_pension, d.account_pension, d.instrument_id, d.document,
				greatest($5::date, (d.month + interval '1 month')::date) as again from ending e
			join estate_granted_due x on x.area = $1 and x.claim_id = e.claim_id
			join benefit_due d on d.area = x.area and d.id = x.due_id),
		owed as (
			insert into benefit_due (area, member_id, cause, month, base_pension, account_pension, instrument_id, document,
				entered_by, entered_at, business_day)
			select area, member_id, cause, again, base_pension, account_pension, instrument_id, document, $3, $4, $6
			from taken returning id, member_id, cause),
		months as (
			insert into benefit_due_month (area, due_id, month, component, was, entitled)
			select $1, o.id, n.month, n.component, n.was, n.entitled from owed o
			join taken d on d.member_id = o.member_id and d.cause = o.cause
			join benefit_due_month n on n.area = d.area and n.due_id = d.id)
		insert into estate_granted_ended (area, claim_id, `+e.what+`, entered_by, entered_at)
		select $1, claim_id, $2, $3, $4 from ending`, e.area, e.id, e.by, t.at, e.on.Month(), e.on, e.document)
	if err != nil {
		return fmt.Errorf("end what heirs were granted by %s %d: %w", e.what, e.id, err)
	}
	return nil
}

// openPaidGrants opens a case for every payment to an heir that rests on a notice alone and that
// the bank did not give back.
func (t registryTx) openPaidGrants(ctx context.Context, area party.Area, notice int64) error {
	rows, err := t.Query(ctx, `
		with `+lastNoticeSQL+`
		select i.id, b.bank, i.member_id, `+yuan("i.amount")+` from ending_due d
		join payment_item i on i.area = $1 and i.member_id = d.member_id and i.month = d.month and i.cause = d.cause
		join payment_batch b on b.area = i.area and b.id = i.batch_id
		where `+reached+` and not `+lostAgain+`
		order by i.id`, area, notice)
	if err != nil {
		return fmt.Errorf("payments that rest on death notice %d: %w", notice, err)
	}
	cases, err := collect(rows, "payments to heirs of the living", func(row pgx.CollectableRow) (c Case, err error) {
		var item, member int64
		var amount string
		err = row.Scan(&item, &c.Bank, &member, &amount)
		c.Kind, c.Subject = "grant_to_the_living", fmt.Sprintf("payment_item:%d", item)
		c.Text = fmt.Sprintf("an heir was paid %s, and member %d lives: have the bank give payment %d back, enter its return "+
			"and give that up, so that the account holds again what was drawn", amount, member, item)
		return c, err
	})
	if err != nil || len(cases) == 0 {
		return err
	}
	return t.OpenCase(ctx, area, cases...)
}
