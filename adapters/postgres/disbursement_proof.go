package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/bank"
	"twoline/gateway/disbursement"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// bookedReturn is SQL that says of a payment i that it came back, as booked.
const bookedReturn = `exists (select from payment_return v
		join payment_return_booked k on k.area = v.area and k.return_id = v.id
		where v.area = i.area and v.item_id = i.id)`

// runItemSQL begins the statements of a proof: the payments of the batches $2 of
// area $1 with what became of them, and those that were paid again. The claims that
// failed or came back are few; the chain of each is followed by key.
func runItemSQL() string {
	return `
	with recursive item as materialized (
		select i.area, i.id, i.member_id, i.month, i.amount, i.activated, b.state = 'withdrawn' as withdrawn,
			coalesce(a.outcome, '') as outcome, coalesce(a.class, '') as class, coalesce(a.code, '') as code, a.value_date,
			a.outcome = 'succeeded' and ` + bookedReturn + ` as returned, ` + paidByHand + ` as by_hand
		from payment_item i
		join payment_batch b on b.area = i.area and b.id = i.batch_id
		` + finalOfItem + ` a on true
		where i.area = $1 and i.batch_id = any($2::bigint[])),
	again (claim, id) as (
		select o.id, n.id from item o
		cross join lateral (select id from payment_item where area = $1 and replaces = o.id) n
		where o.outcome = 'failed' or o.returned
		union all
		select g.claim, n.id from again g
		cross join lateral (select id from payment_item where area = $1 and replaces = g.id) n),
	paid_again as materialized (
		select g.claim, i.id, i.area, i.amount, i.batch_id, ` + bookedReturn + ` and not ` + paidByHand + ` as lost
		from again g
		cross join lateral (select ` + paymentColumns + ` from payment_item where area = $1 and id = g.id limit 1) i
		` + finalOfItem + ` a on true
		where a.outcome = 'succeeded' or ` + paidByHand + `),
	reissued as materialized (
		select claim from paid_again where not lost
		union select id from item where (returned or outcome = 'failed') and by_hand)`
}

// ProofSteps implements disbursement.ProofTx.
func (t *tx) ProofSteps(ctx context.Context, r disbursement.Run) (disbursement.Steps, error) {
	var s disbursement.Steps
	err := t.QueryRow(ctx, `
		select o.entitled, o.entitled_amount, l.n, l.amount, r.item_count, r.amount, b.sent, b.sent_amount, b.withdrawn,
			b.withdrawn_amount
		from pay_run r
		join roster o on o.area = r.area and o.id = r.roster_id
		cross join lateral (
			select count(*) as n,
				coalesce(sum(base_pension + account_pension + funeral_grant + one_off), 0)::bigint as amount
			from roster_line where area = r.area and roster_id = r.roster_id and held <> '') l
		cross join lateral (
			select coalesce(sum(item_count) filter (where state <> 'withdrawn'), 0) as sent,
				coalesce(sum(amount) filter (where state <> 'withdrawn'), 0)::bigint as sent_amount,
				coalesce(sum(item_count) filter (where state = 'withdrawn'), 0) as withdrawn,
				coalesce(sum(amount) filter (where state = 'withdrawn'), 0)::bigint as withdrawn_amount
			from payment_batch where area = r.area and run_id = r.id) b
		where r.area = $1 and r.id = $2`, r.Area, r.ID).
		Scan(concat(tallyTargets(&s.Entitled), tallyTargets(&s.Held), tallyTargets(&s.Approved), tallyTargets(&s.Sent),
			tallyTargets(&s.Withdrawn))...)
	if err != nil {
		return s, fmt.Errorf("headers of pay run %d: %w", r.ID, err)
	}
	tally := func(where string) string {
		return `count(*) filter (where ` + where + `), coalesce(sum(amount) filter (where ` + where + `), 0)::bigint`
	}
	ids, err := t.runBatchIDs(ctx, r)
	if err != nil {
		return s, err
	}
	err = t.QueryRow(ctx, runItemSQL()+`
		select `+tally(`outcome = 'succeeded'`)+`, `+tally(`outcome = 'failed'`)+`,
			`+tally(`outcome = '' and not withdrawn`)+`, `+tally(`returned`)+`,
			`+tally(`id in (select claim from reissued)`)+`,
			`+tally(notInPlace)+`, `+tally(`outcome = 'succeeded' and not activated`)+`
		from item`, r.Area, ids, r.PayDay).
		Scan(concat(tallyTargets(&s.Succeeded), tallyTargets(&s.Rejected), tallyTargets(&s.Unknown),
			tallyTargets(&s.Returned), tallyTargets(&s.Reissued), tallyTargets(&s.NotInPlace),
			tallyTargets(&s.NotActivated))...)
	if err != nil {
		return s, fmt.Errorf("payments of pay run %d: %w", r.ID, err)
	}
	return s, nil
}

func (t *tx) runBatchIDs(ctx context.Context, r disbursement.Run) ([]int64, error) {
	return t.batchIDs(ctx, `select id from payment_batch where area = $1 and run_id = $2`, r.Area, r.ID)
}

// notInPlace is SQL that says of a row of runItemSQL that the payment was made
// after the pay day $3, or came back.
const notInPlace = `outcome = 'succeeded' and (returned or value_date > $3)`

func tallyTargets(t *disbursement.Tally) []any { return []any{&t.Count, &t.Amount} }

func concat(groups ...[]any) []any {
	var out []any
	for _, g := range groups {
		out = append(out, g...)
	}
	return out
}

// ProofMoney implements disbursement.ProofTx. What left and came back is read from
// the lines of the expenditure accounts, which name the batch; what paid a claim
// again is a part of another run's lines, and is read from its own.
func (t *tx) ProofMoney(ctx context.Context, r disbursement.Run) (disbursement.BookedMoney, error) {
	var m disbursement.BookedMoney
	ids, err := t.runBatchIDs(ctx, r)
	if err != nil {
		return m, err
	}
	var lump, rejected, fromLump, again, againBack money.Amount
	err = t.QueryRow(ctx, `
		select coalesce(sum(amount) filter (where side = 'credit'), 0)::bigint,
			coalesce(sum(amount) filter (where side = 'debit'), 0)::bigint,
			coalesce(sum(amount) filter (where kind = 'payment_handover'), 0)::bigint,
			coalesce(sum(amount) filter (where kind = 'transit_return'), 0)::bigint
		from posting
		where area = $1 and accounted_on >= $3 and role = 'expenditure' and batch_id = any($2::bigint[])
		  and fund_account = any(array(
			select distinct fund_account from payment_batch where area = $1 and id = any($2::bigint[])))`,
		r.Area, ids, r.ReleasedOn).Scan(&m.BankDebits, &m.CreditsBack, &lump, &rejected)
	if err != nil {
		return m, fmt.Errorf("money of pay run %d: %w", r.ID, err)
	}
	err = t.QueryRow(ctx, runItemSQL()+`,
		own as (
			select coalesce(sum(p.amount), 0)::bigint as settled,
				coalesce(sum(p.amount) filter (where i.batch_id = any(array(
					select id from payment_batch where area = $1 and id = any($2::bigint[]) and settlement = 'gross'))),
				0)::bigint as from_lump
			from payment_item i
			cross join lateral (`+settledLines("i.id")+`) p
			where i.area = $1 and i.batch_id = any($2::bigint[])),
		other as (
			select coalesce(sum(p.amount), 0)::bigint + coalesce(sum(h.amount), 0)::bigint as settled,
				coalesce(sum(v.amount), 0)::bigint as returned
			from paid_again g
			cross join lateral (`+settledLines("g.id")+`) p
			left join lateral (
				select sum(q.amount) as amount from hand_payment h
				join posting q on q.area = h.area and q.cause_id = h.id and q.role not like 'personal%'
				where h.area = g.area and h.item_id = g.id) h on true
			left join lateral (
				select sum(q.amount) as amount from payment_return v
				join posting q on q.area = v.area and q.cause_id = v.id and q.kind = 'payment_return'
					and q.role not like 'personal%'
				where v.area = g.area and v.item_id = g.id) v on true)
		select own.settled, own.from_lump, other.settled, other.returned from own, other`, r.Area, ids).
		Scan(&m.Settled, &fromLump, &again, &againBack)
	if err != nil {
		return m, fmt.Errorf("booked payments of pay run %d: %w", r.ID, err)
	}
	m.BankDebits, m.CreditsBack = m.BankDebits+again, m.CreditsBack+againBack
	m.InTransit = lump - rejected - fromLump
	return m, nil
}

// settledLines is SQL for what the book holds as spent by an item, or as taken out
// of suspense for it.
func settledLines(item string) string {
	return `select sum(amount) as amount from posting
			where area = $1 and cause_id = ` + item + ` and side = 'debit' and not red and role not like 'personal%'`
}

// ProofNames implements disbursement.ProofTx. All lists come of one walk over the
// roster.
func (t *tx) ProofNames(
	ctx context.Context, r disbursement.Run, p disbursement.NamePage,
) ([]disbursement.ProofName, error) {
	ids, err := t.runBatchIDs(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []disbursement.ProofName
	err = t.hashing(ctx, func() error {
		rows, err := t.Query(ctx, proofNamesSQL(), r.Area, ids, r.PayDay, r.Roster, p.After, p.Limit,
			column(p.Steps, func(s disbursement.Step) string { return string(s) }), r.ID)
		if err != nil {
			return err
		}
		out, err = collect(rows, "claims of a pay run", func(row pgx.CollectableRow) (n disbursement.ProofName, err error) {
			var name string
			err = row.Scan(&n.Step, &n.Line, &n.Item, &n.Member, &n.SocialNo, &name, &n.Month, &n.Amount, &n.Reason,
				&n.ValueDate, &n.PaidBy)
			n.Name, _, _ = party.Stored(name, "", "")
			return n, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claims of pay run %d: %w", r.ID, err)
	}
	return out, nil
}

func proofNamesSQL() string {
	return runItemSQL() + `,
		claim as materialized (
			select l.seq, coalesce(i.id, 0) as id, l.member_id, l.month,
				l.base_pension + l.account_pension + l.funeral_grant + l.one_off as amount, l.held, i.activated,
				coalesce(i.withdrawn, false) as withdrawn, coalesce(i.outcome, '') as outcome, i.class, i.code, i.value_date,
				coalesce(i.returned, false) as returned, g.claim is not null as reissued
			from roster_line l
			left join item i on l.held = '' and i.member_id = l.member_id and i.month = l.month
			left join reissued g on g.claim = i.id
			where l.area = $1 and l.roster_id = $4 and l.seq > $5),
		listed as materialized (
			select step, seq, id, member_id, month, amount, held, withdrawn, outcome, class, code, value_date, returned
			from (
				select s.step, row_number() over (partition by s.step order by c.seq) as n, c.*
				from claim c
				cross join lateral (values
					('held', held <> ''), ('withdrawn', withdrawn), ('rejected', outcome = 'failed'),
					('unknown', id <> 0 and outcome = '' and not withdrawn), ('returned', returned),
					('open', (held <> '' or outcome <> 'succeeded' or returned) and not reissued),
					('not_in_place', ` + notInPlace + `),
					('not_activated', outcome = 'succeeded' and not activated)) as s (step, applies)
				where s.applies and s.step = any($7::text[])) x
			where n <= $6)
		select c.step, c.seq, c.id, c.member_id, m.social_no, m.name, c.month, c.amount,
			case when c.held <> '' then c.held when c.returned then 'returned ' || v.class || ' ' || v.code
				when c.withdrawn then 'recalled' else trim(coalesce(c.class, '') || ' ' || coalesce(c.code, '')) end,
			c.value_date, coalesce(o.run_id, 0)
		from listed c
		cross join lateral (select social_no, name from member where area = $1 and id = c.member_id limit 1) m
		left join lateral (select class, code from payment_return where area = $1 and item_id = c.id limit 1) v on true
		left join lateral (
			select b.run_id from payment_item i
			join payment_batch b on b.area = i.area and b.id = i.batch_id
			` + finalOfItem + ` a on true
			where i.area = $1 and i.member_id = c.member_id and i.month = c.month and b.run_id <> $8
			  and a.outcome = 'succeeded' and not ` + bookedReturn + `
			order by i.id desc limit 1) o on true
		order by array_position($7::text[], c.step), c.seq`
}

// paymentStandingSQL reads payments i, with everything that became of them; ids
// come from a table x before it.
const paymentStandingSQL = `
	select ` + payItemColumns + `, b.batch_no, b.bank, coalesce(a.outcome, 'unknown'), coalesce(a.class, 'UNKNOWN'),
		coalesce(a.code, ''), coalesce(a.text, ''), coalesce(a.bank_reference, ''), a.value_date, r.id is not null,
		i.area, b.run_id, b.state, ` + returnedColumns + `,
		exists (select from payment_return_booked k where k.area = r.area and k.return_id = r.id),
		exists (select from return_unclaimed u where u.area = r.area and u.return_id = r.id),
		coalesce((select max(n.id) from payment_item n where n.area = i.area and n.replaces = i.id), 0),
		(select max(q.asked_on) from bank_query q where q.area = i.area and q.item_id = i.id),
		coalesce(h.bank_reference, ''), h.paid_on, coalesce(h.document, '')`

const returnedColumns = `coalesce(r.id, 0), coalesce(r.item_id, 0), coalesce(r.amount, 0), coalesce(r.bank_reference, ''),
		r.value_date, coalesce(r.code, ''), coalesce(r.class, ''), coalesce(r.text, '')`

const paymentStandingJoins = `
	join payment_batch b on b.area = i.area and b.id = i.batch_id
	` + finalOfItem + ` a on true
	left join lateral (select ` + paymentReturnColumns + ` from payment_return where area = i.area and item_id = i.id limit 1) r on true
	left join hand_payment h on h.area = i.area and h.item_id = i.id`

func scanPaymentStanding(row pgx.CollectableRow) (s disbursement.PaymentStanding, err error) {
	var i payItemRow
	var outcome string
	var back disbursement.Return
	var hand disbursement.ByHand
	err = row.Scan(concat(i.targets(), []any{
		&s.BatchNumber, &s.Bank, &outcome, &s.Class, &s.Code, &s.Text, &s.BankReference, &s.ValueDate, &s.Returned,
		&s.Area, &s.Run, &s.BatchState,
	}, returnTargets(&back), []any{
		&s.ReturnBooked, &s.Unclaimed, &s.PaidAgain, &s.QueriedOn, &hand.BankReference, &hand.PaidOn,
		&hand.Document,
	})...)
	if err != nil {
		return s, err
	}
	s.Item = i.value()
	if s.Returned {
		s.Return = &back
	}
	if hand.BankReference != "" {
		hand.Item = s.ID
		s.ByHand = &hand
	}
	s.Outcome, err = bank.ParseOutcome(outcome)
	return s, err
}

// FindPayment implements disbursement.ResultStore. What a reference names is looked
// up by its indexes first, and the payment then by its key.
func (s disbursementStore) FindPayment(
	ctx context.Context, f disbursement.PaymentFilter,
) (disbursement.PaymentStanding, error) {
	rows, err := s.db.pool.Query(ctx, `
		with served as materialized (select area from area where $1 = 0 or area = $1),
		named as materialized (
			select k.area, $3::bigint as id from served k where $3 <> 0
			union
			select w.area, w.item_id from served k
			join answer w on w.area = k.area and w.bank_reference = $4 and w.disposition = 'recorded'
				and w.bank_reference <> ''
			union
			select v.area, v.item_id from served k
			join payment_return v on v.area = k.area and v.bank_reference = $4 and $4 <> '')
		`+paymentStandingSQL+`
		from named x
		cross join lateral (select `+paymentColumns+` from payment_item where area = x.area and id = x.id limit 1) i
		`+paymentStandingJoins+`
		where $2 = '' or b.bank = $2 and b.state not in ('ready', 'exported')
		order by i.id limit 1`, int32(f.Area), f.Bank, f.ID, f.BankReference)
	return single(rows, err, "find payment", disbursement.ErrPayItem, scanPaymentStanding)
}

// Payments implements disbursement.ResultStore.
func (s disbursementStore) Payments(
	ctx context.Context, m disbursement.MemberPayments,
) ([]disbursement.PaymentStanding, error) {
	rows, err := s.db.pool.Query(ctx, paymentStandingSQL+`
		from payment_item i `+paymentStandingJoins+`
		where i.area = $1 and i.member_id = $2 and ($3 = 0::bigint or i.id < $3)
		order by i.id desc limit $4`, m.Area, m.Member, m.Before, m.Limit)
	if err != nil {
		return nil, fmt.Errorf("payments of member %d: %w", m.Member, err)
	}
	return collect(rows, "payments of a member", scanPaymentStanding)
}

// ReturnLines implements disbursement.ResultStore.
func (s disbursementStore) ReturnLines(
	ctx context.Context, area party.Area, receipt int64, after, limit int,
) ([]disbursement.ReturnDecision, error) {
	rows, err := s.db.pool.Query(ctx, `
		select line, id, item_id, amount, bank_reference, value_date, code, class, text, batch_id, disposition, refusal
		from (
			select r.line, r.id, r.item_id, r.amount, r.bank_reference, r.value_date, r.code, r.class, r.text, r.batch_id,
				case when k.return_id is null then 'pending' else 'recorded' end as disposition, '' as refusal
			from payment_return r
			left join payment_return_booked k on k.area = r.area and k.return_id = r.id
			where r.area = $1 and r.receipt_id = $2
			union all
			select line, 0, coalesce(item_id, 0), coalesce(amount, 0), bank_reference, value_date, code, class, text,
				coalesce(batch_id, 0), disposition, refusal
			from answer where area = $1 and receipt_id = $2) x
		where line > $3 order by line limit $4`, area, receipt, after, limit)
	if err != nil {
		return nil, fmt.Errorf("lines of receipt %d: %w", receipt, err)
	}
	return collect(rows, "lines of a receipt", func(row pgx.CollectableRow) (d disbursement.ReturnDecision, err error) {
		d.Batch.Area = area
		err = row.Scan(&d.Line, &d.ID, &d.Item, &d.Amount, &d.BankReference, &d.ValueDate, &d.Code, &d.Class, &d.Text,
			&d.Batch.ID, &d.Disposition, &d.Refusal)
		return d, err
	})
}
