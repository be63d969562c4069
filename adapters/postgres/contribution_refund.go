package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// takenOn is SQL that gives, for refund r, what it was taken by: the fund account, and
// what the money was agreed for.
const takenOn = `(
		select b.fund_account, 'batch' as subject, b.id as subject_id, '' as payer, '' as list
		from withholding_item i join withholding_batch b on b.area = i.area and b.id = i.batch_id
		where i.area = r.area and i.id = r.cause_id
		union all
		select c.fund_account, 'terminal_day', d.id, '', ''
		from counter_receipt c
		left join terminal_day d on d.area = c.area and d.bank = c.bank and d.terminal = c.terminal and d.day = c.paid_on
			and d.fund_account = c.fund_account
		where c.area = r.area and c.id = r.cause_id
		union all
		select k.fund_account, 'list', k.id, k.payer, k.kind
		from contribution_line l join contribution_list k on k.area = l.area and k.id = l.list_id
		where l.area = r.area and l.id = r.cause_id)`

// refundStands is SQL that says of payment x of a refund that the bank did not give it back.
func refundStands(x string) string {
	return `not exists (select from refund_returned b
		where b.area = ` + x + `.area and b.refund_id = ` + x + `.refund_id and b.attempt = ` + x + `.attempt)`
}

// refundCause is SQL of the cause of the entry that books payment x of a refund.
func refundCause(x string) string {
	return `'refund:' || ` + x + `.refund_id || case when ` + x + `.attempt > 1 then ':' || ` + x + `.attempt else '' end`
}

// refundState is SQL of where a refund stands whose last payment is x and whose last request is q.
const refundState = `case when x.stands then 'paid' when q.state = 'submitted' then 'asked' else 'open' end`

// refundRoad is SQL that joins the last road of refund r up to an instant: the expenditure account, or the member that it
// is credited to, or neither for the way that it came by.
func refundRoad(at string) string {
	return `left join lateral (select n.fund_account, n.member_id from refund_road n
		where n.area = r.area and n.refund_id = r.id and n.asked_at <= ` + at + ` order by n.number desc limit 1)`
}

// refundSQL is every refund: tasks, whose money waits in suspense, and claims on what
// stands in the book. Money is swept where a sweep left its account after the entry
// that brought it: the item's own, or that of the arrival which went to suspense.
func refundSQL() string {
	return `
	select r.area, r.id, r.cause_id, r.member_id, r.year, r.amount, r.reason, r.collective, r.suspense, r.opened_on,
		o.payer, o.list, f.id, f.role, f.scheme, coalesce(w.fund_account, 0), coalesce(w.member_id, 0),
		(select max(g.effective_on) from agreement g where g.area = r.area and g.subject = o.subject and g.subject_id = o.subject_id),
		exists (select from posting s where s.area = r.area and s.fund_account = f.id and s.role = 'income'
			and s.kind = 'sweep' and s.entry_id > coalesce(
				(select min(p.entry_id) from posting p where p.area = r.area and p.cause_id = r.cause_id),
				(select min(e.id) from ` + arrivalKnown + ` v join entry e on e.area = v.area and e.cause = 'arrival:' || v.id
				  where v.area = r.area and case o.subject when 'batch' then v.batch_id when 'list' then v.list_id
					else v.terminal_day end = o.subject_id), 0)),
		coalesce(x.attempt, 0), coalesce(x.way, ''), coalesce(x.fund_account, 0),
		(select e.accounted_on from entry e where e.area = r.area and e.cause = ` + refundCause("x") + `),
		(select min(n.died_on) from death_notice n where n.area = r.area and n.member_id = r.member_id and not exists (
			select from death_withdrawn w where w.area = n.area and w.notice_id = n.id)),
		coalesce(q.id, 0), ` + refundState + `
	from (
		select t.area, t.id, t.cause_id, t.member_id, t.year, t.amount, t.reason, false as collective, true as suspense,
			t.opened_on from refund_task t
		union all
		select c.area, c.id, c.cause_id, c.member_id, c.year, c.amount, c.reason, c.part = 'collective', false,
			(c.asked_at at time zone 'Asia/Shanghai')::date from contribution_claim c) r
	join lateral ` + takenOn + ` o on true
	join fund_account f on f.area = r.area and f.id = o.fund_account
	left join lateral (select d.id, d.state from decision_request d
		where d.area = r.area and d.kind = 'refund' and d.subject_id = r.id order by d.id desc limit 1) q on true
	` + refundRoad("'infinity'") + ` w on true
	left join lateral (
		select p.refund_id, p.attempt, p.way, p.fund_account, ` + refundStands("p") + ` as stands
		from refund_paid p where p.area = r.area and p.refund_id = r.id order by p.attempt desc limit 1) x on true`
}

func scanRefund(row pgx.CollectableRow) (r collection.Refund, err error) {
	var amount int64
	var taken, paid, died *calendar.Day
	err = row.Scan(&r.Area, &r.ID, &r.Cause, &r.Member, &r.Year, &amount, &r.Reason, &r.Collective, &r.Suspense, &r.OpenedOn,
		&r.Payer, &r.List, &r.FundAccount, &r.Role, &r.Scheme, &r.PaidFrom, &r.CreditedTo, &taken, &r.Swept,
		&r.Last.Number, &r.Last.Way, &r.Last.Account, &paid, &died, &r.Decision, &r.State)
	r.TakenOn, r.Last.On, r.Died = dayOrNone(taken), dayOrNone(paid), dayOrNone(died)
	r.Amount = money.Amount(amount)
	return r, err
}

// RefundByID implements collection.RefundTx.
func (t *tx) RefundByID(ctx context.Context, area party.Area, id int64) (collection.Refund, error) {
	none := collection.Refund{} //nolint:exhaustruct // none
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('refund ' || $1::int || ' ' || $2::bigint, 0))`,
		int32(area), id)
	if err != nil {
		return none, fmt.Errorf("hold refund %d: %w", id, err)
	}
	rows, err := t.Query(ctx, refundSQL()+` where r.area = $1 and r.id = $2`, area, id)
	if err != nil {
		return none, fmt.Errorf("refund %d: %w", id, err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, scanRefund)
	if errors.Is(err, pgx.ErrNoRows) {
		return r, collection.ErrRefundUnknown
	}
	if err != nil {
		return r, fmt.Errorf("refund %d: %w", id, err)
	}
	return r, nil
}

// Refunds implements collection.RefundTx.
func (t *tx) Refunds(ctx context.Context, f collection.RefundFilter) ([]collection.Refund, error) {
	rows, err := t.Query(ctx, refundSQL()+`
		where r.area = $1 and ($2 = 0::bigint or r.id = $2) and ($3 = 0::bigint or r.member_id = $3)
		  and ($4 = '' or $4 = `+refundState+`)
		  and r.id > $5
		order by r.id limit $6`, f.Area, f.ID, f.Member, string(f.State), f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("refunds of area %s: %w", f.Area, err)
	}
	return collect(rows, "refunds", scanRefund)
}

// claimable is SQL of contributions in the book that nobody claimed or took back.
const claimable = `
	p.role in ('contribution_individual', 'contribution_collective') and p.nature = 'item' and p.side = 'credit'
	and not p.red and not p.reversal
	and not exists (select from contribution_claim c where c.area = p.area and c.cause_id = p.cause_id)
	and not exists (select from posting n where n.area = p.area and n.cause_id = p.cause_id and n.role = p.role and n.red)`

// claimInsert keeps claims on the postings that from selects as p.
func claimInsert(from string) string {
	return `
		insert into contribution_claim (area, cause_id, part, member_id, year, amount, reason, document, asked_by, asked_at)
		select p.area, p.cause_id, case p.role when 'contribution_individual' then 'individual' else 'collective' end,
			p.member_id, p.year, p.amount, $2, $3, $4, $5
		from ` + from + `
		on conflict do nothing returning `
}

// ClaimPosted implements collection.RefundTx.
func (t *tx) ClaimPosted(ctx context.Context, c collection.Claim, cause int64) (int64, error) {
	var id int64
	err := t.QueryRow(ctx, claimInsert(`posting p where p.area = $1 and p.cause_id = $6 and `+claimable)+`id`,
		c.Area, string(c.Reason), c.Document, c.By, t.at, cause).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, collection.ErrNotPosted
	}
	if err != nil {
		return 0, fmt.Errorf("claim item %d back: %w", cause, err)
	}
	return id, nil
}

// ClaimWithdrawn implements collection.RefundTx.
func (t *tx) ClaimWithdrawn(ctx context.Context, a collection.Agreement, payables []collection.Payable) error {
	causes := make([]int64, len(payables))
	for i, p := range payables {
		causes[i] = p.Cause
	}
	_, err := t.Exec(ctx, `
		insert into contribution_claim (area, cause_id, part, member_id, year, amount, reason, document, asked_by, asked_at)
		select i.area, i.id, 'individual', i.member_id, i.year, i.amount, 'mandate_withdrawn',
			'mandate ' || d.id || ' ended on ' || d.ended_on, 'job', $3
		from unnest($2::bigint[]) as u (id)
		join withholding_item i on i.area = $1 and i.id = u.id
		join mandate d on d.area = i.area and d.id = i.mandate_id and d.ended_on is not null
		join answer w on w.area = i.area and w.item_id = i.id and w.disposition = 'recorded' and w.value_date > d.ended_on
		where not exists (select from mandate n where n.area = d.area and n.member_id = d.member_id and n.bank = d.bank
			and n.number = d.number and n.ended_on is null)
		  and exists (select from posting p where p.area = i.area and p.cause_id = i.id and p.role = 'contribution_individual')
		on conflict do nothing`, a.Area, causes, t.at)
	if err != nil {
		return fmt.Errorf("claim debits without a mandate of agreement %d: %w", a.ID, err)
	}
	return nil
}

// ClaimYears implements collection.RefundTx.
func (t *tx) ClaimYears(
	ctx context.Context, c collection.Claim, members []int64, years []int,
) ([]money.Amount, error) {
	rows, err := t.Query(ctx, `
		with made as (`+claimInsert(`unnest($6::bigint[], $7::int[]) as u (member, year)
			join posting p on p.area = $1 and p.member_id = u.member and p.year = u.year and `+claimable)+`member_id, year, amount)
		select u.at, coalesce((select sum(m.amount) from made m where m.member_id = u.member and m.year = u.year), 0)::bigint
		from unnest($6::bigint[], $7::int[]) with ordinality as u (member, year, at)`,
		c.Area, string(c.Reason), c.Document, c.By, t.at, members, years)
	if err != nil {
		return nil, fmt.Errorf("claim %d years back: %w", len(members), err)
	}
	out := make([]money.Amount, len(members))
	var at int
	var amount int64
	_, err = pgx.ForEachRow(rows, []any{&at, &amount}, func() error {
		out[at-1] = money.Amount(amount)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim %d years back: %w", len(members), err)
	}
	return out, nil
}

// MembersOf implements collection.RefundTx.
func (t *tx) MembersOf(ctx context.Context, area party.Area, lines []collection.ListLine) ([]int64, error) {
	found, err := t.membersOfLines(ctx, area, "", lines)
	if err != nil {
		return nil, err
	}
	out := make([]int64, len(found))
	for i, m := range found {
		out[i] = m.Member
	}
	return out, nil
}

// AddRefundRoad implements collection.PayerTx.
func (t *tx) AddRefundRoad(ctx context.Context, r collection.RefundRoad) error {
	tag, err := t.Exec(ctx, `
		insert into refund_road (area, refund_id, number, fund_account, member_id, document, asked_by, asked_at)
		select $1, $2, count(*) + 1, $3, $7::bigint, $4, $5, $6 from refund_road where area = $1 and refund_id = $2
		having ($3::bigint is null or exists (select from fund_account f where f.area = $1 and f.id = $3))
		   and ($7 is null or exists (select from member m where m.area = $1 and m.id = $7))`,
		r.Area, r.Refund, orNull(r.PaidFrom), r.Document, r.By, t.at, orNull(r.CreditedTo))
	if err != nil {
		return fmt.Errorf("keep the road of refund %d: %w", r.Refund, err)
	}
	if tag.RowsAffected() == 0 {
		if r.CreditedTo != 0 {
			return collection.ErrMemberUnknown.On("credited_to")
		}
		return collection.ErrFundAccount.On("paid_from")
	}
	return nil
}

// CreditDue implements collection.PayerTx.
func (t *tx) CreditDue(ctx context.Context, area party.Area, member int64, year int) (collection.CounterDue, error) {
	if err := t.holdPostings(ctx, area); err != nil {
		return collection.CounterDue{}, err //nolint:exhaustruct // none
	}
	dues, err := t.HeldCounterDues(ctx, []party.Area{area}, []int64{member}, []int{year})
	if err != nil {
		return collection.CounterDue{}, err //nolint:exhaustruct // none
	}
	return dues[0], nil
}

// AskRefund implements collection.RefundTx.
func (t *tx) AskRefund(
	ctx context.Context, by approval.Officer, today calendar.Day, id int64, document string,
) (int64, error) {
	r, err := casework.Submit(ctx, caseworkTx{t}, today, by, casework.Ask{ //nolint:exhaustruct // a refund
		Kind: casework.Refund, Subject: id, Word: casework.Entered, Document: document,
	})
	return r.ID, err
}

// AddRefundPaid implements collection.RefundTx.
func (t *tx) AddRefundPaid(
	ctx context.Context, area party.Area, p collection.PaidRefund,
) error {
	_, err := t.Exec(ctx, `
		insert into refund_paid (area, refund_id, attempt, way, fund_account, amount, decision_id, paid_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		area, p.Refund, p.Attempt, string(p.Way), p.Account, p.Amount.Fen(), p.Decision, t.at)
	if isUnique(err, "refund_paid_key") {
		return collection.ErrRefundPaid.Because(err)
	}
	if err != nil {
		return fmt.Errorf("pay refund %d: %w", p.Refund, err)
	}
	if p.Attempt > 1 {
		return t.EndCase(ctx, area, "refund_returned", fmt.Sprintf("refund:%d:%d", p.Refund, p.Attempt-1), "job",
			fmt.Sprintf("refund %d is paid again", p.Refund))
	}
	if err := t.askAboutSubsidy(ctx, area, p.Refund); err != nil {
		return err
	}
	return t.closeRefundCase(ctx, area, p.Refund)
}

// closeRefundCase ends the case that a task opened for its item. A claim has none.
func (t *tx) closeRefundCase(ctx context.Context, area party.Area, refund int64) error {
	var item int64
	err := t.QueryRow(ctx, `select cause_id from refund_task where area = $1 and id = $2`, area, refund).Scan(&item)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("case of refund %d: %w", refund, err)
	}
	return t.EndCase(ctx, area, "refund_due", fmt.Sprintf("item:%d", item), "job", fmt.Sprintf("refund %d is paid", refund))
}

// AboutRefund implements casework.FlowTx.
func (t caseworkTx) AboutRefund(
	ctx context.Context, area party.Area, id int64, today calendar.Day,
) (string, error) {
	r, way, err := collection.RefundToPay(ctx, t.tx, today, area, id)
	if err != nil {
		return "", err
	}
	return r.About(way), nil
}

// PayRefund implements casework.FlowTx.
func (t caseworkTx) PayRefund(ctx context.Context, r casework.Request, today calendar.Day) error {
	return collection.PayRefund(ctx, t.tx, today, r.Area, r.Subject, r.ID)
}

// RefundCreditFree implements collection.RefundReturnTx. What the bank told of the credit went to no
// suspense by itself, and is no pension that came back.
func (t *tx) RefundCreditFree(
	ctx context.Context, area party.Area, account int64, reference string, amount money.Amount,
) (bool, error) {
	free, suspended, err := t.creditFree(ctx, area, account, reference, amount)
	if err != nil || !free || suspended {
		return false, err
	}
	err = t.QueryRow(ctx, `
		select not exists (select from payment_return v join payment_batch b on b.area = v.area and b.id = v.batch_id
			where v.area = $1 and v.bank_reference = $2 and b.fund_account = $3)`, area, reference, account).Scan(&free)
	if err != nil {
		return false, fmt.Errorf("look for pension %s that came back: %w", reference, err)
	}
	return free, nil
}

// AddRefundReturned implements collection.RefundReturnTx.
func (t *tx) AddRefundReturned(
	ctx context.Context, r collection.Refund, x collection.RefundReturn, today calendar.Day,
) error {
	_, err := t.Exec(ctx, `
		insert into refund_returned (area, refund_id, attempt, fund_account, amount, bank_reference, value_date, decision_id,
			approved_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, r.Area, r.ID, r.Last.Number, r.Last.Account, r.Amount.Fen(),
		x.BankReference, x.ValueDate, x.Decision, t.at, today)
	switch {
	case isUnique(err, "refund_returned_key"):
		return collection.ErrRefundNotSent.Because(err)
	case isUnique(err, "refund_returned_reference"):
		return collection.ErrRefundCreditKnown.Because(err)
	case err != nil:
		return fmt.Errorf("keep that refund %d came back: %w", r.ID, err)
	}
	return t.OpenCase(ctx, r.Area, Case{
		Kind: "refund_returned", Subject: fmt.Sprintf("refund:%d:%d", r.ID, r.Last.Number), Bank: "",
		Text: fmt.Sprintf("the bank gave %s of refund %d back on %s", r.Amount, r.ID, x.ValueDate),
	})
}

// AboutRefundReturn implements casework.PayerTx.
func (t caseworkTx) AboutRefundReturn(
	ctx context.Context, area party.Area, a casework.Ask, today calendar.Day,
) (string, error) {
	x := refundReturn(a)
	r, err := collection.ReturnedRefund(ctx, t.tx, today, area, x)
	if err != nil {
		return "", err
	}
	return r.AboutReturn(x), nil
}

// EnterRefundReturn implements casework.PayerTx.
func (t caseworkTx) EnterRefundReturn(ctx context.Context, r casework.Request, today calendar.Day) error {
	x := refundReturn(r.Ask)
	x.Decision, x.By = r.ID, r.Actor()
	return collection.TakeRefundBack(ctx, t.tx, today, r.Area, x)
}

func refundReturn(a casework.Ask) collection.RefundReturn {
	return collection.RefundReturn{ //nolint:exhaustruct // who asked is known later
		Refund: a.Subject, BankReference: a.BankReference, ValueDate: a.ValueDate,
	}
}
