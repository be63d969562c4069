package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// WorkingDays implements lifeevent.FundTx.
func (t lifeTx) WorkingDays(ctx context.Context) (*calendar.WorkingDays, error) {
	return t.workingDays(ctx)
}

// HoldMember implements lifeevent.TransferTx.
func (t lifeTx) HoldMember(ctx context.Context, area party.Area) error {
	if err := registryTx(t).holdAllRuns(ctx, area); err != nil {
		return err
	}
	_, err := t.HoldPersonal(ctx, area, nil)
	return err
}

// openPayment is SQL that says of payment i, batch b and run r that it is not known to
// have ended: no answer yet, or its money is to be paid again.
const openPayment = `not ` + deadItem + ` and (
		not exists (select from answer a where a.area = i.area and a.item_id = i.id and a.disposition = 'recorded')
		or (exists (select from answer a where a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
				and a.outcome = 'failed') or exists (select from payment_return v where v.area = i.area and v.item_id = i.id))
			and not exists (select from payment_return v join return_unclaimed u on u.area = v.area and u.return_id = v.id
				where v.area = i.area and v.item_id = i.id)
			and not ` + paidByHand + `
			and not exists (select from payment_item j
				join payment_batch jb on jb.area = j.area and jb.id = j.batch_id
				join pay_run jr on jr.area = jb.area and jr.id = jb.run_id
				where j.area = i.area and j.member_id = i.member_id and j.month = i.month and j.cause = i.cause
					and j.attempt > i.attempt and jb.state <> 'withdrawn' and jr.state not in ('refused', 'withdrawn')))`

// onTheWaySQL names money of member $2 of area $1 that is on its way, first what was
// first.
func onTheWaySQL() string {
	return `
	select what || ' ' || id from (
		select 'withholding item' as what, i.id from withholding_item i
		left join answer a on a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
		where i.area = $1 and i.member_id = $2 and (a.item_id is null or a.outcome = 'succeeded' and ` + notDealtWith("i") + `)
		union all
		select 'receipt', r.id from counter_receipt r where r.area = $1 and r.member_id = $2 and ` + notDealtWith("r") + `
		union all
		select 'line of a contribution list', l.id from contribution_line l
		join contribution_list_approved g on g.area = l.area and g.list_id = l.list_id
		where l.area = $1 and l.member_id = $2 and ` + notDealtWith("l") + `
		  and not exists (select from contribution_list_ended x where x.area = l.area and x.list_id = l.list_id)
		union all
		select 'refund', r.id from (
			select area, id, member_id from refund_task union all select area, id, member_id from contribution_claim) r
		where r.area = $1 and r.member_id = $2
		  and not exists (select from refund_paid p where p.area = r.area and p.refund_id = r.id and ` + refundStands("p") + `)
		union all
		select 'payment', i.id from payment_item i
		join payment_batch b on b.area = i.area and b.id = i.batch_id
		join pay_run r on r.area = b.area and r.id = b.run_id
		where i.area = $1 and i.member_id = $2 and ` + openPayment + `
		union all
		select 'due', d.id from benefit_due d where d.area = $1 and d.member_id = $2 and ` + dueStands + `
		  and not exists (select from payment_item i
			join payment_batch b on b.area = i.area and b.id = i.batch_id
			join pay_run r on r.area = b.area and r.id = b.run_id
			where i.area = d.area and i.member_id = d.member_id and i.month = d.month and i.cause = d.cause
				and not ` + deadItem + `)
		union all
		select 'interest run', l.run_id from interest_line l
		join interest_progress p on p.area = l.area and p.run_id = l.run_id and not p.done
		where l.area = $1 and l.member_id = $2 and l.member_id > p.posted_upto
		union all
		select 'list of subsidies', l.run_id from subsidy_line l
		join subsidy_progress p on p.area = l.area and p.run_id = l.run_id and not p.done
		where l.area = $1 and l.member_id = $2 and l.member_id > p.posted_upto) x
	order by id limit 1`
}

// LeavingOf implements lifeevent.TransferTx.
func (t lifeTx) LeavingOf(
	ctx context.Context, area party.Area, member int64, today calendar.Day,
) (l lifeevent.Leaving, err error) {
	var monthly int64
	var died, ended, paid *calendar.Day
	err = t.QueryRow(ctx, `
		with `+deadSQL+`
		select d.died_on, x.ended_on, coalesce(x.source_id, 0), (
				select coalesce(sum(n.amount), 0)::bigint from (
					select distinct on (component) amount from entitlement
					where area = $1 and member_id = m.id and from_month <= $3 and component in ('base_pension', 'account_pension')
					order by component, from_month desc, id desc) n), (
				select max(i.month) from payment_item i
				join payment_batch b on b.area = i.area and b.id = i.batch_id
				join pay_run r on r.area = b.area and r.id = b.run_id
				where i.area = $1 and i.member_id = m.id and i.cause = 'regular' and not `+deadItem+`)
		from member m
		left join dead d on d.member_id = m.id
		left join `+leftStands+` x on x.area = m.area and x.member_id = m.id
		where m.area = $1 and m.id = $2`, area, member, today).
		Scan(&died, &ended, &l.EndedBy, &monthly, &paid)
	if errors.Is(err, pgx.ErrNoRows) {
		return l, lifeevent.ErrMember
	}
	if err != nil {
		return l, fmt.Errorf("read what member %d leaves with: %w", member, err)
	}
	l.Died, l.Ended, l.Monthly = dayOrNone(died), dayOrNone(ended), money.Amount(monthly)
	if paid != nil {
		l.PaidThrough = paid.Month()
	}
	if l.Held, err = t.accountOf(ctx, area, member); err != nil {
		return l, err
	}
	err = t.QueryRow(ctx, onTheWaySQL(), area, member).Scan(&l.OnTheWay)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return l, fmt.Errorf("money of member %d on its way: %w", member, err)
	}
	return l, nil
}

// AddTransfer implements lifeevent.TransferTx.
func (t lifeTx) AddTransfer(ctx context.Context, m lifeevent.Transfer) (id int64, err error) {
	err = t.QueryRow(ctx, `
		insert into member_transfer (area, direction, member_id, counterpart, office, document, asked_on, individual,
			collective, subsidy, interest, old_scheme, years, due_on, made_by, made_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) returning id`,
		m.Area, string(m.Direction), m.Member, string(m.Counterpart), m.Office, m.Document, m.AskedOn,
		m.Announced.Individual.Fen(), m.Announced.Collective.Fen(), m.Announced.Subsidy.Fen(), m.Announced.Interest.Fen(),
		m.OldScheme.Fen(), m.Years, m.DueOn, m.MadeBy, t.at, m.MadeOn).Scan(&id)
	if isUnique(err, "member_transfer_area_direction_office_document_key") {
		return 0, lifeevent.ErrMoved.Because(err)
	}
	if err != nil {
		return 0, fmt.Errorf("keep a transfer of member %d: %w", m.Member, err)
	}
	return id, nil
}

// LockTransfer implements lifeevent.TransferTx.
func (t lifeTx) LockTransfer(ctx context.Context, area party.Area, id int64) error {
	_, err := t.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('member_transfer ' || $1::int || ' ' || $2::bigint, 0))`,
		int32(area), id)
	if err != nil {
		return fmt.Errorf("lock transfer %d of a member: %w", id, err)
	}
	return nil
}

// Transfers implements lifeevent.TransferTx. Where a transfer stands is told by its last
// step, and what it moves by the last sum that was confirmed.
func (t lifeTx) Transfers(ctx context.Context, f lifeevent.TransferFilter) ([]lifeevent.Transfer, error) {
	rows, err := t.Query(ctx, `
		select f.area, f.id, f.direction, f.member_id, f.counterpart, f.office, f.document, f.asked_on, f.individual,
			f.collective, f.subsidy, f.interest, f.old_scheme, f.years, f.made_by, f.made_at, f.business_day,
			coalesce(s.step, 'asked'), coalesce(s.happened_on, f.asked_on), case when s.id is null then f.due_on else s.due_on end,
			coalesce(c.fund_account, 0), coalesce(c.individual, 0), coalesce(c.collective, 0), coalesce(c.subsidy, 0),
			coalesce(c.interest, 0), coalesce(q.id, 0), m.scheme, m.social_no, m.name, (select p.effective_on
				from member_transfer_posted p where p.area = f.area and p.transfer_id = f.id)
		from member_transfer f
		join member m on m.area = f.area and m.id = f.member_id
		left join lateral (select s.id, s.step, s.happened_on, s.due_on from member_transfer_step s
			where s.area = f.area and s.transfer_id = f.id
			order by s.id desc limit 1) s on true
		left join lateral (select s.fund_account, s.individual, s.collective, s.subsidy, s.interest from member_transfer_step s
			where s.area = f.area and s.transfer_id = f.id and s.step = 'sum_confirmed' order by s.id desc limit 1) c on true
		left join lateral (select q.id from decision_request q where q.area = f.area and q.kind = 'transfer'
			and q.subject_id = f.id order by q.id desc limit 1) q on true
		where f.area = $1 and ($2 = 0::bigint or f.id = $2) and ($3 = 0::bigint or f.member_id = $3)
		  and ($4 = '' or f.direction = $4) and ($5 = '' or coalesce(s.step, 'asked') = $5)
		  and ($6::date is null or case when s.id is null then f.due_on else s.due_on end < $6) and f.id > $7
		order by f.id limit $8`,
		f.Area, f.ID, f.Member, string(f.Direction), string(f.Step), dayText(f.LateOn), f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read transfers of members: %w", err)
	}
	list, err := collect(rows, "transfers of members", scanMemberTransfer)
	if err != nil || len(list) == 0 {
		return list, err
	}
	return list, t.transferReceipts(ctx, f.Area, list)
}

// transferReceipts reads the money of transfers in.
func (t lifeTx) transferReceipts(ctx context.Context, area party.Area, list []lifeevent.Transfer) error {
	at := make(map[int64]*lifeevent.Transfer, len(list))
	for i := range list {
		at[list[i].ID] = &list[i]
	}
	rows, err := t.Query(ctx, `
		select id, transfer_id, fund_account, amount, bank_reference, value_date, document, entered_by
		from member_transfer_receipt where area = $1 and transfer_id = any($2) order by id`, area,
		column(list, func(m lifeevent.Transfer) int64 { return m.ID }))
	if err != nil {
		return fmt.Errorf("read money of transfers: %w", err)
	}
	var x lifeevent.TransferReceipt
	var fen int64
	into := []any{&x.ID, &x.Transfer, &x.FundAccount, &fen, &x.BankReference, &x.ValueDate, &x.Document, &x.By}
	_, err = pgx.ForEachRow(rows, into, func() error {
		x.Amount = money.Amount(fen)
		at[x.Transfer].Receipts = append(at[x.Transfer].Receipts, x)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read money of transfers: %w", err)
	}
	return nil
}

func scanMemberTransfer(row pgx.CollectableRow) (m lifeevent.Transfer, err error) {
	var fen [9]int64
	var due, moved *calendar.Day
	var name string
	err = row.Scan(&m.Area, &m.ID, &m.Direction, &m.Member, &m.Counterpart, &m.Office, &m.Document, &m.AskedOn, &fen[0],
		&fen[1], &fen[2], &fen[3], &fen[4], &m.Years, &m.MadeBy, &m.MadeAt, &m.MadeOn, &m.Step, &m.StepOn, &due,
		&m.FundAccount, &fen[5], &fen[6], &fen[7], &fen[8], &m.Decision, &m.Scheme, &m.SocialNo, &name, &moved)
	m.DueOn, m.MovedOn, m.OldScheme = dayOrNone(due), dayOrNone(moved), money.Amount(fen[4])
	m.Announced = partsOf([4]int64(fen[:4]))
	m.Sum = partsOf([4]int64(fen[5:]))
	m.Name, _, _ = party.Stored(name, "", "")
	return m, err
}

// partsOf are individual, collective, subsidy and interest.
func partsOf(fen [4]int64) lifeevent.Parts {
	return lifeevent.Parts{
		Individual: money.Amount(fen[0]), Collective: money.Amount(fen[1]), Subsidy: money.Amount(fen[2]),
		Interest: money.Amount(fen[3]),
	}
}

// AddTransferStep implements lifeevent.TransferTx.
func (t lifeTx) AddTransferStep(
	ctx context.Context, area party.Area, today calendar.Day, s lifeevent.Step,
) error {
	var fen [4]*int64
	if s.FundAccount != 0 {
		for i, a := range []money.Amount{s.Sum.Individual, s.Sum.Collective, s.Sum.Subsidy, s.Sum.Interest} {
			n := a.Fen()
			fen[i] = &n
		}
	}
	_, err := t.Exec(ctx, `
		insert into member_transfer_step (area, transfer_id, step, happened_on, document, fund_account, individual,
			collective, subsidy, interest, due_on, entered_by, entered_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		area, s.Transfer, string(s.Step), s.On, s.Document, orNull(s.FundAccount), fen[0], fen[1], fen[2], fen[3],
		dayText(s.DueOn), s.By, t.at, today)
	if err != nil {
		return fmt.Errorf("keep step %s of transfer %d: %w", s.Step, s.Transfer, err)
	}
	return nil
}

// transferCase is the kind and subject of a case about the step that follows one, or
// without a step about the money.
func transferCase(id int64, after lifeevent.TransferStep) (kind, subject string) {
	if after == "" {
		return "member_transfer_sum", fmt.Sprintf("member_transfer:%d", id)
	}
	return "member_transfer_late", fmt.Sprintf("member_transfer:%d:%s", id, after)
}

// EndTransferCase implements lifeevent.ReceiptTx.
func (t lifeTx) EndTransferCase(
	ctx context.Context, area party.Area, id int64, step lifeevent.TransferStep, by string,
) error {
	kind, subject := transferCase(id, step)
	return t.EndCase(ctx, area, kind, subject, "officer:"+by, "it was done")
}

// OpenTransferCase implements lifeevent.ReceiptTx.
func (t lifeTx) OpenTransferCase(ctx context.Context, area party.Area, id int64, text string) error {
	kind, subject := transferCase(id, "")
	return t.OpenCase(ctx, area, Case{Kind: kind, Subject: subject, Bank: "", Text: text})
}

// OpenLateTransfers implements lifeevent.ReceiptTx.
func (t lifeTx) OpenLateTransfers(ctx context.Context, area party.Area, list []lifeevent.Transfer) error {
	if len(list) == 0 {
		return nil
	}
	return t.OpenCase(ctx, area, column(list, func(m lifeevent.Transfer) Case {
		kind, subject := transferCase(m.ID, m.Step)
		return Case{
			Kind: kind, Subject: subject, Bank: "",
			Text: fmt.Sprintf("the step after %s of %s was due by %s", m.Step, m.StepOn, m.DueOn),
		}
	})...)
}

// AddTransferReceipt implements lifeevent.ReceiptTx.
func (t lifeTx) AddTransferReceipt(
	ctx context.Context, area party.Area, today calendar.Day, x lifeevent.TransferReceipt,
) error {
	free, suspended, err := t.creditFree(ctx, area, x.FundAccount, x.BankReference, x.Amount)
	if err != nil {
		return err
	}
	if !free || suspended {
		return lifeevent.ErrCreditUsed
	}
	_, err = t.Exec(ctx, `
		insert into member_transfer_receipt (area, transfer_id, fund_account, amount, bank_reference, value_date, document,
			entered_by, entered_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, area, x.Transfer, x.FundAccount, x.Amount.Fen(), x.BankReference,
		x.ValueDate, x.Document, x.By, t.at, today)
	if err != nil {
		return fmt.Errorf("keep money of transfer %d: %w", x.Transfer, err)
	}
	return nil
}

// ReturnTransfer implements lifeevent.ReceiptTx.
func (t lifeTx) ReturnTransfer(
	ctx context.Context, m lifeevent.Transfer, today calendar.Day, decision int64,
) error {
	_, err := t.Exec(ctx, `
		insert into member_transfer_returned (area, transfer_id, fund_account, amount, decision_id, approved_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7)`, m.Area, m.ID, m.FundAccount, m.Received().Fen(), decision, t.at, today)
	if err != nil {
		return fmt.Errorf("keep that transfer %d of a member was given back: %w", m.ID, err)
	}
	return nil
}

// PostTransfer implements lifeevent.TransferTx.
func (t lifeTx) PostTransfer(
	ctx context.Context, m lifeevent.Transfer, moved, today calendar.Day, decision int64,
) error {
	_, err := t.Exec(ctx, `
		insert into member_transfer_posted (area, transfer_id, member_id, direction, fund_account, effective_on, individual,
			collective, subsidy, interest, decision_id, approved_at, business_day)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		m.Area, m.ID, m.Member, string(m.Direction), m.FundAccount, moved, m.Sum.Individual.Fen(), m.Sum.Collective.Fen(),
		m.Sum.Subsidy.Fen(), m.Sum.Interest.Fen(), decision, t.at, today)
	if err == nil && m.Years > 0 {
		_, err = t.Exec(ctx, `
			insert into service_years (area, member_id, years, document, entered_by, entered_at)
			select $1, $2, $3 + coalesce((select years from service_years where area = $1 and member_id = $2
				order by id desc limit 1), 0), 'transfer ' || $4::bigint, $5, $6`,
			m.Area, m.Member, m.Years, m.ID, m.MadeBy, t.at)
	}
	if err != nil {
		return fmt.Errorf("keep that transfer %d of a member was posted: %w", m.ID, err)
	}
	return nil
}

// EndMember implements lifeevent.TransferTx. A pension that stands, or begins later, is
// followed by one of nothing.
func (t lifeTx) EndMember(ctx context.Context, e lifeevent.End) error {
	_, err := t.Exec(ctx, `
		insert into member_end (area, member_id, nth, reason, ended_on, from_month, source_id, decision_id, approved_at,
			business_day)
		select $1, $2, 1 + count(*), $3, $4, $5, $6, $7, $8, $4 from member_returned where area = $1 and member_id = $2`, e.Area, e.Member, string(e.Reason), e.On, e.From.First(), e.Source,
		e.Decision, t.at)
	if isUnique(err, "member_end_key") {
		return lifeevent.ErrEnded.Because(err)
	}
	if err == nil {
		_, err = t.Exec(ctx, `
			with stands as (
				select distinct on (component, from_month) component, from_month, amount from entitlement
				where area = $1 and member_id = $2 order by component, from_month, id desc),
			open as (
				select component, from_month from stands where from_month > $3 and amount > 0
				union all
				select component, $3 from (
					select distinct on (component) component, amount from stands where from_month <= $3
					order by component, from_month desc) s where amount > 0)
			insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
			select $1, $2, component, from_month, 0, 'membership ended by ' || $4::bigint, $5, $6 from open`,
			e.Area, e.Member, e.From.First(), e.Source, e.By, t.at)
	}
	if err != nil {
		return fmt.Errorf("end the membership of %d: %w", e.Member, err)
	}
	return nil
}
