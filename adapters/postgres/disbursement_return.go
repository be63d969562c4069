package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

// BatchesOfPayments implements disbursement.ReturnTx.
func (t *tx) BatchesOfPayments(
	ctx context.Context, area party.Area, bankCode string, items []int64,
) ([]disbursement.BatchKey, error) {
	rows, err := t.Query(ctx, `
		select distinct b.area, b.id
		from bank k
		cross join (select distinct unnest($3::bigint[]) as item) u
		cross join lateral (select area, batch_id from payment_item where area = k.area and id = u.item limit 1) i
		join payment_batch b on b.area = i.area and b.id = i.batch_id
		where k.bank = $2 and ($1 = 0 or k.area = $1) and b.bank = $2 and b.state not in ('ready', 'exported')
		order by b.area, b.id`, int32(area), bankCode, items)
	if err != nil {
		return nil, fmt.Errorf("batches of %d payments: %w", len(items), err)
	}
	return collect(rows, "batches of payments", pgx.RowToStructByPos[disbursement.BatchKey])
}

// HomeArea implements disbursement.ReturnTx.
func (t *tx) HomeArea(ctx context.Context, bankCode string) (party.Area, error) {
	var area party.Area
	err := t.QueryRow(ctx, `select area from bank where bank = $1 order by area limit 1`, bankCode).Scan(&area)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, disbursement.ErrPayItem
	}
	if err != nil {
		return 0, fmt.Errorf("areas of bank %s: %w", bankCode, err)
	}
	return area, nil
}

// KnownReturns implements disbursement.ReturnTx.
func (t *tx) KnownReturns(
	ctx context.Context, batches []disbursement.Batch, lines []disbursement.Return,
) ([]*disbursement.KnownReturn, error) {
	byID := make(map[int64]disbursement.Batch, len(batches))
	var areas []int32
	var ids []int64
	for _, b := range batches {
		byID[b.ID], ids, areas = b, append(ids, b.ID), append(areas, int32(b.Area))
	}
	items := column(lines, func(r disbursement.Return) int64 { return r.Item })
	references := column(lines, func(r disbursement.Return) string { return r.BankReference })
	rows, err := t.Query(ctx, `
		select u.at, `+payItemColumns+`, coalesce(a.outcome, 'unknown'), coalesce(v.id, 0), coalesce(v.amount, 0),
			coalesce(v.bank_reference, ''), v.value_date,
			exists (select from payment_return o where o.area = i.area and o.batch_id = i.batch_id
				and o.bank_reference = u.reference and o.item_id <> i.id)
		from unnest($2::bigint[], $3::text[]) with ordinality as u (item, reference, at)
		cross join (select distinct unnest($1::int[]) as area) k
		cross join lateral (
			select `+paymentColumns+` from payment_item where area = k.area and id = u.item and batch_id + 0 = any($4::bigint[]) limit 1) i
		left join lateral (select `+paymentReturnColumns+` from payment_return where area = i.area and item_id = i.id limit 1) v on true
		`+finalOfItem+` a on true`, areas, items, references, ids)
	if err != nil {
		return nil, fmt.Errorf("payments of %d returns: %w", len(lines), err)
	}
	out := make([]*disbursement.KnownReturn, len(lines))
	var r payItemRow
	var back disbursement.Return
	var at int
	var fen int64
	var outcome string
	var used bool
	targets := append(append([]any{&at}, r.targets()...), &outcome, &back.ID, &fen, &back.BankReference, &back.ValueDate, &used)
	_, err = pgx.ForEachRow(rows, targets, func() error {
		k := &disbursement.KnownReturn{Payment: r.value(), ReferenceUsed: used} //nolint:exhaustruct // below
		k.Batch = byID[k.Payment.Batch]
		if back.ID != 0 {
			known := back
			known.Item, known.Amount = k.Payment.ID, money.Amount(fen)
			k.Returned = &known
		}
		out[at-1] = k
		var err error
		k.Outcome, err = bank.ParseOutcome(outcome)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("payments of %d returns: %w", len(lines), err)
	}
	return out, nil
}

// AddReturns implements disbursement.ReturnTx.
func (t *tx) AddReturns(
	ctx context.Context, head bank.Receipt, ds []disbursement.ReturnDecision, today calendar.Day,
) error {
	var taken []disbursement.ReturnDecision
	var others []bank.Decision
	for _, d := range ds {
		if d.Disposition == bank.Recorded || d.Disposition == bank.Kept {
			taken = append(taken, d)
			continue
		}
		others = append(others, lineOfReturn(d))
	}
	if err := t.addReturns(ctx, head, taken, today); err != nil {
		return err
	}
	if len(others) == 0 {
		return nil
	}
	c := answersByColumn(head.ID, head.Bank, others)
	batches := column(others, func(d bank.Decision) any { return orNull(d.Batch) })
	_, err := t.Exec(ctx, `
		insert into answer (area, receipt_id, line, batch_id, item_id, outcome, class, code, text, amount,
			bank_reference, value_date, disposition, refusal, answered_at, business_day)
		select $1, $2, u.line, u.batch, u.item, 'unknown', 'UNKNOWN', u.code, u.text, u.amount, u.reference, u.day::date,
			u.disposition, u.refusal, $13, $14::date
		from unnest($3::int[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[],
			$11::text[], $12::text[])
			as u (line, batch, item, code, text, amount, reference, day, disposition, refusal)`,
		head.Area, head.ID, c.lines, batches, c.items, c.codes, c.texts, c.amounts, c.references, c.days, c.kept, c.refusals,
		t.at, today)
	if err != nil {
		return fmt.Errorf("keep lines of receipt %d: %w", head.ID, err)
	}
	for i := range c.cases {
		c.cases[i].Kind = "return_refused"
	}
	if len(c.cases) == 0 {
		return nil
	}
	return t.OpenCase(ctx, head.Area, c.cases...)
}

// lineOfReturn is a line of returns that is none, as lines of answers are kept.
func lineOfReturn(d disbursement.ReturnDecision) bank.Decision {
	return bank.Decision{
		Answer: bank.Answer{ //nolint:exhaustruct // what a line of returns says
			Line: d.Line, Item: d.Item, Code: d.Code, Text: d.Text, Amount: &d.Amount, BankReference: d.BankReference,
			ValueDate: d.ValueDate,
		},
		Batch: d.Batch.ID, Disposition: d.Disposition, Refusal: d.Refusal, Reason: d.Reason,
	}
}

func (t *tx) addReturns(
	ctx context.Context, head bank.Receipt, ds []disbursement.ReturnDecision, today calendar.Day,
) error {
	if len(ds) == 0 {
		return nil
	}
	type decision = disbursement.ReturnDecision
	_, err := t.Exec(ctx, `
		insert into payment_return (area, item_id, batch_id, amount, bank_reference, value_date, code, class, text,
			receipt_id, line, reported_by, reported_at, business_day)
		select $1, u.item, u.batch, u.amount, u.reference, u.day::date, u.code, u.class, u.text, $2, u.line, $3, $4, $5
		from unnest($6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[],
			$13::text[], $14::int[]) as u (item, batch, amount, reference, day, code, class, text, line)
		order by u.line`,
		head.Area, head.ID, head.ReceivedBy, t.at, today,
		column(ds, func(d decision) int64 { return d.Item }), column(ds, func(d decision) int64 { return d.Batch.ID }),
		column(ds, func(d decision) int64 { return d.Amount.Fen() }),
		column(ds, func(d decision) string { return d.BankReference }),
		column(ds, func(d decision) string { return d.ValueDate.String() }),
		column(ds, func(d decision) string { return d.Code }), column(ds, func(d decision) string { return string(d.Class) }),
		column(ds, func(d decision) string { return d.Text }),
		column(ds, func(d decision) int32 { return int32(d.Line) })) //nolint:gosec // bounded by a request's lines
	if err != nil {
		return fmt.Errorf("keep returns of receipt %d: %w", head.ID, err)
	}
	return nil
}

const returnColumns = `r.id, r.item_id, r.amount, r.bank_reference, r.value_date, r.code, r.class, r.text`

func returnTargets(r *disbursement.Return) []any {
	return []any{&r.ID, &r.Item, &r.Amount, &r.BankReference, &r.ValueDate, &r.Code, &r.Class, &r.Text}
}

// UnbookedReturns implements disbursement.ReturnTx.
func (t *tx) UnbookedReturns(ctx context.Context, b disbursement.Batch) ([]disbursement.Returning, error) {
	rows, err := t.Query(ctx, `
		select `+returnColumns+`, `+payItemColumns+`, coalesce(a.outcome, 'unknown'), `+paidByHand+`
		from payment_return r
		cross join lateral (select `+paymentColumns+` from payment_item where area = r.area and id = r.item_id limit 1) i
		`+finalOfItem+` a on true
		where r.area = $1 and r.batch_id = $2
		  and not exists (select from payment_return_booked k where k.area = r.area and k.return_id = r.id)
		order by r.id`, b.Area, b.ID)
	if err != nil {
		return nil, fmt.Errorf("returns of batch %s: %w", b.Number, err)
	}
	out, err := collect(rows, "returns of a batch", scanReturning)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return out, t.fillDrawn(ctx, b.Area, out)
}

func scanReturning(row pgx.CollectableRow) (r disbursement.Returning, err error) {
	var i payItemRow
	var outcome string
	if err = row.Scan(append(append(returnTargets(&r.Return), i.targets()...), &outcome, &r.ByHand)...); err != nil {
		return r, err
	}
	r.Payment = i.value()
	r.Outcome, err = bank.ParseOutcome(outcome)
	return r, err
}

// fillDrawn finds what each payment drew from the personal account. One that was
// paid out of suspense drew nothing: the first one of its claim did.
func (t *tx) fillDrawn(ctx context.Context, area party.Area, returns []disbursement.Returning) error {
	items := column(returns, func(r disbursement.Returning) int64 { return r.Payment.ID })
	rows, err := t.Query(ctx, `
		with recursive claim (item, root, replaces, from_suspense) as (
			select u.item, i.id, i.replaces, i.from_suspense
			from unnest($2::bigint[]) as u (item)
			cross join lateral (select id, replaces, from_suspense from payment_item where area = $1 and id = u.item limit 1) i
			union all
			select c.item, i.id, i.replaces, i.from_suspense
			from claim c
			cross join lateral (
				select id, replaces, from_suspense from payment_item where area = $1 and id = c.replaces limit 1) i
			where c.from_suspense)
		select c.item, p.role, p.amount
		from claim c
		cross join lateral (
			select role, sum(amount)::bigint as amount from posting
			where area = $1 and cause_id = c.root and role = any($3) and not red group by role) p
		where not c.from_suspense`, area, items, personalRoles())
	if err != nil {
		return fmt.Errorf("what %d returned payments drew: %w", len(returns), err)
	}
	drawn, err := partsByOwner(rows, "what returned payments drew")
	for i := range returns {
		returns[i].Drawn = drawn[returns[i].Payment.ID]
	}
	return err
}

// MarkReturned implements disbursement.ReturnTx.
func (t *tx) MarkReturned(
	ctx context.Context, b disbursement.Batch, returns []disbursement.Returning, as disbursement.ReturnBooking,
) (disbursement.Batch, error) {
	err := t.QueryRow(ctx, `
		with booked as (
			insert into payment_return_booked (area, return_id, business_day)
			select $1, unnest($3::bigint[]), $4 returning return_id),
		counted as (
			select count(*) as n, coalesce(sum(r.amount), 0)::bigint as amount
			from booked k
			cross join lateral (select amount from payment_return where area = $1 and id = k.return_id limit 1) r)
		update payment_batch b set returned = b.returned + c.n, returned_amount = b.returned_amount + c.amount
		from counted c where b.area = $1 and b.id = $2
		returning b.returned, b.returned_amount`,
		b.Area, b.ID, column(returns, func(r disbursement.Returning) int64 { return r.ID }), as.On).
		Scan(&b.Progress.Returned, &b.Progress.ReturnedAmount)
	if err != nil {
		return b, fmt.Errorf("book %d returns of batch %s: %w", len(returns), b.Number, err)
	}
	_, err = t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, 'the payment is known and its return is booked', $3, $4
		from exception_case c
		where c.area = $1 and c.kind = 'return_waits' and c.subject = any($2)
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		on conflict do nothing`,
		b.Area, column(returns, func(r disbursement.Returning) string { return fmt.Sprintf("return:%d", r.ID) }), as.By, t.at)
	if err != nil {
		return b, fmt.Errorf("close the cases of %d returns: %w", len(returns), err)
	}
	return b, nil
}

// ReturnPolicy implements disbursement.ReturnTx.
func (t *tx) ReturnPolicy(ctx context.Context, area party.Area, day calendar.Day) (policy.ReturnPolicy, error) {
	v, err := t.ruleValue(ctx, area, policy.ReturnBooking, day)
	if err != nil {
		return "", err
	}
	return v.ReturnPolicy()
}

// waitingReturn is SQL that says of return r and its payment i that the money
// waits in suspense: it was booked there, was not given up, and nothing that may
// still be paid, or was, takes it up again, and nobody paid it by hand.
const waitingReturn = `
	exists (select from payment_return_booked k where k.area = r.area and k.return_id = r.id)
	and exists (select from posting p where p.area = r.area and p.cause_id = r.id and p.role = 'suspense')
	and not exists (select from return_unclaimed u where u.area = r.area and u.return_id = r.id)
	and not ` + paidByHand + `
	and not exists (
		select from payment_item j
		join payment_batch b on b.area = j.area and b.id = j.batch_id
		join pay_run r on r.area = b.area and r.id = b.run_id
		where j.area = i.area and j.member_id = i.member_id and j.month = i.month and j.cause = i.cause
		  and j.attempt > i.attempt and not ` + deadItem + ` and (not exists (
			select from answer a where a.area = j.area and a.item_id = j.id and a.disposition = 'recorded'
			  and a.outcome = 'failed') or exists (
			select from hand_payment h where h.area = j.area and h.item_id = j.id)))`

// WaitingReturn implements disbursement.GiveUpTx.
func (t *tx) WaitingReturn(
	ctx context.Context, area party.Area, id int64,
) (disbursement.Returning, disbursement.Batch, error) {
	none := disbursement.Returning{} //nolint:exhaustruct // none
	var b disbursement.Batch
	var waits bool
	rows, err := t.Query(ctx, `
		select `+returnColumns+`, `+payItemColumns+`, coalesce(a.outcome, 'unknown'), `+waitingReturn+`
		from payment_return r
		cross join lateral (select `+paymentColumns+` from payment_item where area = r.area and id = r.item_id limit 1) i
		`+finalOfItem+` a on true
		where r.area = $1 and r.id = $2`, area, id)
	if err != nil {
		return none, b, fmt.Errorf("read return %d: %w", id, err)
	}
	back, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (r disbursement.Returning, err error) {
		var i payItemRow
		var outcome string
		err = row.Scan(append(append(returnTargets(&r.Return), i.targets()...), &outcome, &waits)...)
		r.Payment = i.value()
		if err == nil {
			r.Outcome, err = bank.ParseOutcome(outcome)
		}
		return r, err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return none, b, disbursement.ErrReturnUnknown
	case err != nil:
		return none, b, fmt.Errorf("read return %d: %w", id, err)
	case !waits:
		return none, b, disbursement.ErrReturnState
	}
	rows, err = t.Query(ctx, `select `+payBatchColumns()+` from payment_batch b where b.area = $1 and b.id = $2`,
		area, back.Payment.Batch)
	if err != nil {
		return none, b, fmt.Errorf("batch of return %d: %w", id, err)
	}
	if b, err = pgx.CollectExactlyOneRow(rows, scanPayBatch); err != nil {
		return none, b, fmt.Errorf("batch of return %d: %w", id, err)
	}
	one := []disbursement.Returning{back}
	err = t.fillDrawn(ctx, area, one)
	return one[0], b, err
}

// AddUnclaimed implements disbursement.GiveUpTx.
func (t *tx) AddUnclaimed(
	ctx context.Context, area party.Area, u disbursement.Unclaimed, today calendar.Day,
) error {
	_, err := t.Exec(ctx, `
		insert into return_unclaimed (area, return_id, document, entered_by, business_day, entered_at, decision_id)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		area, u.Return, u.Document, u.By, today, t.at, u.Decision)
	if isUnique(err, "return_unclaimed_pkey") {
		return disbursement.ErrReturnState
	}
	if err != nil {
		return fmt.Errorf("give up return %d: %w", u.Return, err)
	}
	return nil
}

// AgedReturns implements disbursement.WatchTx.
func (t *tx) AgedReturns(ctx context.Context, area party.Area, day calendar.Day, month calendar.Month) error {
	_, err := t.Exec(ctx, `
		insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
		select $1, w.kind, 'return:' || w.id, w.bank, w.text, ($4::timestamptz at time zone 'Asia/Shanghai')::date, $4
		from (
			select 'return_waits' as kind, r.id, b.bank, 'a payment came back and nobody says that it was made' as text
			from payment_return r join payment_batch b on b.area = r.area and b.id = r.batch_id
			where r.area = $1 and r.business_day <= $2
			  and not exists (select from payment_return_booked k where k.area = r.area and k.return_id = r.id)
			union all
			select 'return_unpaid', r.id, b.bank, 'a payment came back and was not paid again; correct the account, or give it up'
			from payment_return_booked o
			join payment_return r on r.area = o.area and r.id = o.return_id
			join payment_batch b on b.area = r.area and b.id = r.batch_id
			cross join lateral (select `+paymentColumns+` from payment_item where area = r.area and id = r.item_id limit 1) i
			where o.area = $1 and o.business_day < $3
			  and not exists (select from exception_case c
				where c.area = $1 and c.kind = 'return_unpaid' and c.subject = 'return:' || r.id)
			  and `+waitingReturn+`) w
		on conflict (area, kind, subject) do nothing`, area, day, month, t.at)
	if err != nil {
		return fmt.Errorf("look for aged returns of area %s: %w", area, err)
	}
	if err := t.agedByHand(ctx, area, day); err != nil {
		return err
	}
	_, err = t.Exec(ctx, `
		insert into exception_closed (area, case_id, text, closed_by, closed_at)
		select c.area, c.id, 'the payment was made again or given up', 'job', $2
		from exception_case c
		join payment_return r on r.area = c.area and r.id = split_part(c.subject, ':', 2)::bigint
		cross join lateral (select `+paymentColumns+` from payment_item where area = r.area and id = r.item_id limit 1) i
		where c.area = $1 and c.kind = 'return_unpaid' and not (`+waitingReturn+`)
		  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
		on conflict do nothing`, area, t.at)
	if err != nil {
		return fmt.Errorf("close cases of returns of area %s: %w", area, err)
	}
	return nil
}
