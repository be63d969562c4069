package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/party"
)

// paidByHand is SQL that says of a payment i that somebody paid its claim by hand.
const paidByHand = `exists (select from hand_payment h where h.area = i.area and h.item_id = i.id)`

// lostAgain is SQL that says of a payment i that the bank gave it back, and nobody paid its
// claim by hand before.
const lostAgain = `(exists (select from payment_return v where v.area = i.area and v.item_id = i.id)
		and not ` + paidByHand + `)`

// reached is SQL that says of a payment i that the bank made it, or that somebody paid its claim by hand.
// Both are looked up by their keys: of several exists the planner may read all answers instead.
const reached = `coalesce((select true from answer a where a.area = i.area and a.item_id = i.id
		and a.disposition = 'recorded' and a.outcome = 'succeeded' limit 1),
	(select true from hand_payment h where h.area = i.area and h.item_id = i.id limit 1), false)`

// spentBy is SQL for the cause by which the book has what was spent for the item of a given id:
// the item, or the payment by hand that is the benefit itself.
func spentBy(area, item string) string {
	return `coalesce((select h.id from hand_payment h where h.area = ` + area + ` and h.item_id = ` + item + `
			and h.spends), ` + item + `)`
}

// MadeOnce implements disbursement.ByHandTx.
func (t *tx) MadeOnce(ctx context.Context, area party.Area, item int64) (m disbursement.MadeOnce, err error) {
	rows, err := t.Query(ctx, `
		select `+payItemColumns+`, coalesce(a.outcome, 'unknown'), a.value_date, `+paidByHand+`,
			claim.unclaimed,
			exists (select from payment_return v join posting p on p.area = v.area and p.cause_id = v.id
				and p.kind = 'payment_return' and p.red and not p.reversal
				where v.area = i.area and v.item_id = i.id),
			coalesce(again.id, 0), coalesce(again.over, false), claim.doubted,
			exists (select from benefit_due d join due_end_approved x on x.area = d.area and x.due_id = d.id
				where d.area = i.area and d.member_id = i.member_id and d.month = i.month and d.cause = i.cause),
			claim.inherited,
			not i.cause`+heirsCause+` and exists (select from death_notice d
				where d.area = i.area and d.member_id = i.member_id and d.died_on < i.month and not exists (
					select from death_withdrawn w where w.area = d.area and w.notice_id = d.id))
		from (select `+paymentColumns+` from payment_item where area = $1 and id = $2) i
		`+finalOfItem+` a on true
		cross join lateral (
			select bool_or(exists (select from payment_return v
					join return_unclaimed u on u.area = v.area and u.return_id = v.id
					where v.area = j.area and v.item_id = j.id)) as unclaimed,
				bool_or(exists (select from estate_granted_item x
					where x.area = j.area and x.item_id = j.id and `+itemStands+`)) as inherited,
				bool_or(exists (select from (`+doubtAbout+`) doubt where not `+doubtSettled+`)
					or j.batch_id = any(`+recalledInDoubt+`)) as doubted
			from payment_item j
			where j.area = i.area and j.member_id = i.member_id and j.month = i.month and j.cause = i.cause) claim
		left join lateral (
			select j.id, exists (select from answer w where w.area = j.area and w.item_id = j.id
					and w.disposition = 'recorded' and w.outcome = 'failed')
				or exists (select from payment_return v where v.area = j.area and v.item_id = j.id) as over
			from payment_item j
			join payment_batch b on b.area = j.area and b.id = j.batch_id
			join pay_run r on r.area = b.area and r.id = b.run_id
			where j.area = i.area and j.member_id = i.member_id and j.month = i.month and j.cause = i.cause
			  and j.attempt > i.attempt and not `+deadItem+`
			order by j.attempt desc limit 1) again on true`, area, item)
	if err != nil {
		return m, fmt.Errorf("read payment %d: %w", item, err)
	}
	var outcome string
	m.Payment, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (disbursement.Item, error) {
		var i payItemRow
		err := row.Scan(append(i.targets(), &outcome, &m.ValueDate, &m.ByHand, &m.Unclaimed, &m.InRed,
			&m.Again, &m.Over, &m.Doubted, &m.Ended, &m.Inherited, &m.Dead)...)
		return i.value(), err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return m, disbursement.ErrPayItem
	}
	if err != nil {
		return m, fmt.Errorf("read payment %d: %w", item, err)
	}
	if m.Outcome, err = bank.ParseOutcome(outcome); err != nil {
		return m, fmt.Errorf("read payment %d: %w", item, err)
	}
	rows, err = t.Query(ctx, `select `+payBatchColumns()+` from payment_batch b where b.area = $1 and b.id = $2`,
		area, m.Payment.Batch)
	m.Batch, err = single(rows, err, fmt.Sprintf("batch of payment %d", item), disbursement.ErrBatchUnknown, scanPayBatch)
	return m, err
}

// agedByHand opens a case for every payment by hand of on or before the day whose first
// payment was made and did not come back: the person has both. What came back closes it.
func (t *tx) agedByHand(ctx context.Context, area party.Area, day calendar.Day) error {
	_, err := t.Exec(ctx, `
		insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
		select $1, 'paid_by_hand', 'payment_item:' || i.id, b.bank,
			'it was paid by hand too, and the first payment did not come back; ask the bank, then claim one of the two back',
			($3::timestamptz at time zone 'Asia/Shanghai')::date, $3
		from hand_payment h
		join payment_item i on i.area = h.area and i.id = h.item_id
		join payment_batch b on b.area = i.area and b.id = i.batch_id
		where h.area = $1 and h.business_day <= $2 and not `+bookedReturn+` and exists (select from answer a
			where a.area = i.area and a.item_id = i.id and a.disposition = 'recorded' and a.outcome = 'succeeded')
		on conflict (area, kind, subject) do nothing`, area, day, t.at)
	if err != nil {
		return fmt.Errorf("look for payments by hand of area %s: %w", area, err)
	}
	_, err = t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, 'the first payment came back', 'job', $2
		from exception_case c
		join payment_item i on i.area = c.area and i.id = split_part(c.subject, ':', 2)::bigint
		where c.area = $1 and c.kind = 'paid_by_hand' and `+bookedReturn+`
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		on conflict do nothing`, area, t.at)
	if err != nil {
		return fmt.Errorf("close cases of payments by hand of area %s: %w", area, err)
	}
	return nil
}

// AddByHand implements disbursement.ByHandTx.
func (t *tx) AddByHand(
	ctx context.Context, m disbursement.MadeOnce, h disbursement.ByHand, today calendar.Day,
) (int64, error) {
	ids, err := t.NewIDs(ctx, 1)
	if err != nil {
		return 0, err
	}
	_, err = t.Exec(ctx, `
		insert into hand_payment (area, id, item_id, batch_id, amount, fund_account, bank_reference, paid_on, document,
			entered_by, business_day, entered_at, decision_id, spends)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		m.Batch.Area, ids[0], h.Item, m.Batch.ID, m.Payment.Sum().Fen(), m.Batch.FundAccount, h.BankReference, h.PaidOn,
		h.Document, h.By, today, t.at, h.Decision, m.Spends())
	switch {
	case isUnique(err, "hand_payment_once"):
		return 0, disbursement.ErrPaidByHand
	case isUnique(err, "hand_payment_reference"):
		return 0, disbursement.ErrPaidByHand.With("the bank's number %s stands on another payment by hand", h.BankReference)
	case err != nil:
		return 0, fmt.Errorf("note that payment %d was made by hand: %w", h.Item, err)
	}
	return ids[0], nil
}
