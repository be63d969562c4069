package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// estateOwedSQL are CTEs that follow deadSQL: the months that are owed to the estate of member $2
// of area $1, by what no payment took up that may still be one, and what is paid for each of
// them: dues, and the regular payments whose last attempt failed or came back. What the bank gave
// back and waits is nobody's before two people gave it up; of a month of a sentence nothing
// is owed. What of the account was decided after an heir was granted the balance went with that, as far as it
// goes.
const estateOwedSQL = `
	owed as (
		select d.id as due_id, null::bigint as item_id, n.month, n.component, n.entitled, n.entitled - n.was as amount,
			n.component = 'account_pension' and g.approved_at < d.entered_at as inherited
		from dead
		join benefit_due d on d.area = $1 and d.member_id = dead.member_id and ` + dueOfTheDead + ` and ` + dueStands + `
		join benefit_due_month n on n.area = d.area and n.due_id = d.id and n.month <= dead.died_on
		left join estate_granted g on g.area = d.area and g.member_id = d.member_id and g.balance > 0 and ` + grantStands + `
		where dead.member_id = $2 and not exists (
			select from payment_item i
			join payment_batch b on b.area = i.area and b.id = i.batch_id
			join pay_run r on r.area = b.area and r.id = b.run_id
			where i.area = d.area and i.member_id = d.member_id and i.month = d.month and i.cause = d.cause
				and not ` + deadItem + `
				and (` + paidByHand + ` or not exists (select from answer a where a.area = i.area and a.item_id = i.id
					and a.disposition = 'recorded' and a.outcome = 'failed'))
				and not exists (select from payment_return v join return_unclaimed u on u.area = v.area and u.return_id = v.id
					where v.area = i.area and v.item_id = i.id))
		union all
		select null, i.id, i.month, c.component, c.amount, c.amount, false
		from dead
		cross join lateral (
			select distinct on (j.month) j.area, j.id, j.member_id, j.month, j.cause, j.base_pension, j.account_pension
			from payment_item j
			join payment_batch b on b.area = j.area and b.id = j.batch_id
			join pay_run r on r.area = b.area and r.id = b.run_id
			where j.area = $1 and j.member_id = dead.member_id and j.cause = 'regular' and j.month <= dead.died_on
				and not ` + deadItem + `
			order by j.month, j.attempt desc) i
		cross join lateral (values ('base_pension', i.base_pension), ('account_pension', i.account_pension))
			as c (component, amount)
		where dead.member_id = $2 and c.amount > 0 and ` + cameToNothing + ` and not exists (
			select from sentence s
			where s.area = $1 and s.member_id = i.member_id and ` + sentenceMonths + ` @> i.month and ` + sentenceStands + `)
			and not exists (
			select from payment_item j where j.area = i.area and j.member_id = i.member_id and j.month = i.month
				and j.cause = i.cause and (exists (select from estate_granted_item x where x.area = j.area and x.item_id = j.id
						and ` + itemStands + `)
					or ` + waitsInSuspense + `))),
	payable as (
		select month, component, max(entitled) as entitled, sum(amount)::bigint as amount from (
			select month, component, entitled, case when inherited then least(amount, greatest(0,
				sum(amount) over (partition by inherited order by month, due_id) - (
					select g.balance from estate_granted g where g.area = $1 and g.member_id = $2 and g.balance > 0
						and ` + grantStands + `)))
				else amount end as amount
			from owed) o
		group by month, component having sum(amount) > 0)`

// cameToNothing is SQL that says of a payment i that the bank did not pay it, or gave it back, and
// never said otherwise; waitsInSuspense that money of a payment j came back, waits in suspense and was
// not given up.
const (
	cameToNothing = `not ` + paidByHand + `
		and (exists (select from answer a where a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
			and a.outcome = 'failed' and a.class <> 'DUPLICATE')
		or exists (select from payment_return v join payment_return_booked k on k.area = v.area and k.return_id = v.id
			where v.area = i.area and v.item_id = i.id and v.class <> 'DUPLICATE'))
		and not exists (select from answer a where a.area = i.area and a.item_id = i.id
			and a.refusal = 'contradicts_outcome' and a.outcome = 'succeeded')`
	waitsInSuspense = `exists (select from payment_return v
		join posting p on p.area = v.area and p.cause_id = v.id and p.role = 'suspense'
		where v.area = j.area and v.item_id = j.id and not exists (select from hand_payment h where h.area = v.area and h.item_id = v.item_id)
			and not exists (select from return_unclaimed u where u.area = v.area and u.return_id = v.id))`
)

// grantStands is SQL that says of what was granted to an heir, g, that its death was not taken back.
const grantStands = `not exists (select from estate_granted_ended x where x.area = g.area and x.claim_id = g.claim_id)`

// grantTooLate is SQL that says of what was granted to an heir, g, that a death of an earlier month
// stands reported since: it is granted anew by that.
const grantTooLate = `exists (select from death_notice d
			where d.area = g.area and d.member_id = g.member_id and d.died_on < date_trunc('month', g.died_on)
				and not exists (select from death_withdrawn w where w.area = d.area and w.notice_id = d.id))`

// itemStands says the same of a payment that was granted to an heir, x.
const itemStands = `not exists (select from estate_granted_ended e where e.area = x.area and e.claim_id = x.claim_id)`

// EstateOf implements lifeevent.EstateTx.
func (t lifeTx) EstateOf(
	ctx context.Context, area party.Area, member int64, hold bool,
) (e lifeevent.Estate, err error) {
	e = lifeevent.Estate{Area: area, Member: member} //nolint:exhaustruct // read below
	if hold {
		if _, err := t.HoldPersonal(ctx, area, nil); err != nil {
			return e, err
		}
	}
	var died, asked *calendar.Day
	var base int64
	err = t.QueryRow(ctx, `
		with `+deadSQL+`
		select d.died_on, coalesce((select n.amount from entitlement n where n.area = $1 and n.member_id = m.id
				and n.component = 'base_pension' and n.from_month <= d.died_on order by n.from_month desc, n.id desc limit 1), 0),
			exists (select from payment_item i
				join payment_batch b on b.area = i.area and b.id = i.batch_id
					and b.state in ('sending', 'sent', 'acked', 'unknown', 'done')
				where i.area = $1 and i.member_id = m.id and not exists (select from answer a
					where a.area = i.area and a.item_id = i.id and a.disposition = 'recorded')),
			coalesce(f.n, 0) > 0, coalesce(f.amount, 0), f.asked,
			exists (select from estate_granted g where g.area = $1 and g.member_id = m.id and g.balance > 0
				and `+grantStands+`),
			coalesce((select o.other from `+otherMembership+` o
				where m.scheme = 'land_lost' and o.area = m.area and o.member_id = m.id), 0)
		from member m left join dead d on d.member_id = m.id
		left join lateral (
			select count(*) as n, sum(g.funeral)::bigint as amount, min(coalesce(c.reported_on, c.business_day)) as asked
			from estate_granted g join estate_claim c on c.area = g.area and c.id = g.claim_id
			where g.area = $1 and g.member_id = m.id and g.funeral > 0 and `+grantStands+`) f on true
		where m.area = $1 and m.id = $2`, area, member).
		Scan(&died, &base, &e.UnderWay, &e.GrantedFuneral, &e.Funeral, &asked, &e.GrantedBalance, &e.Pension)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, lifeevent.ErrMember
	}
	if err != nil {
		return e, fmt.Errorf("read the estate of member %d: %w", member, err)
	}
	e.Died, e.FuneralAsked, e.Base = dayOrNone(died), dayOrNone(asked), money.Amount(base)
	if err := t.owedToEstate(ctx, &e); err != nil {
		return e, err
	}
	if e.Held, err = t.accountOf(ctx, area, member); err != nil {
		return e, err
	}
	f := lifeevent.RecoveryFilter{
		Area: area, ID: 0, Member: member, State: "", After: 0, Limit: len(lifeevent.RecoveryReasons()),
	}
	e.Recoveries, err = t.Recoveries(ctx, f)
	e.Recoveries = slices.DeleteFunc(e.Recoveries, func(r lifeevent.Recovery) bool {
		return r.State() == lifeevent.RecoveryVoid
	})
	return e, err
}

// owedToEstate reads what is owed to the dead, and what of the account goes with it.
func (t lifeTx) owedToEstate(ctx context.Context, e *lifeevent.Estate) error {
	var owed [2]int64
	var reserved, returned int64
	err := t.QueryRow(ctx, `
		with `+deadSQL+`,`+estateOwedSQL+`
		select coalesce(sum(amount) filter (where component = 'base_pension'), 0)::bigint,
			coalesce(sum(amount) filter (where component = 'account_pension'), 0)::bigint,
			coalesce((select sum(amount) from owed where component = 'account_pension' and inherited is not true), 0)::bigint
			+ coalesce((select sum(d.account_pension) from benefit_due d
				where d.area = $1 and d.member_id = $2 and d.cause like 'arrears:%' and `+dueStands+` and not exists (
					select from payment_item i
					where i.area = d.area and i.member_id = d.member_id and i.month = d.month and i.cause = d.cause
						and `+reached+`)), 0)::bigint,
			coalesce((select min(v.id) from dead
				join payment_item j on j.area = $1 and j.member_id = dead.member_id and j.cause = 'regular'
					and j.month <= dead.died_on
				join payment_return v on v.area = j.area and v.item_id = j.id
				where dead.member_id = $2 and `+waitsInSuspense+` and not exists (
					select from payment_item i
					join payment_batch b on b.area = i.area and b.id = i.batch_id
					join pay_run r on r.area = b.area and r.id = b.run_id
					where i.area = j.area and i.member_id = j.member_id and i.month = j.month and i.cause = j.cause
						and i.attempt > j.attempt and not `+deadItem+` and not (`+cameToNothing+`))), 0)
		from payable`, e.Area, e.Member).Scan(&owed[0], &owed[1], &reserved, &returned)
	if err != nil {
		return fmt.Errorf("read what is owed to the estate of member %d: %w", e.Member, err)
	}
	e.Owed = lifeevent.Owed{Base: money.Amount(owed[0]), Account: money.Amount(owed[1])}
	e.Reserved, e.Returned = money.Amount(reserved), returned
	return nil
}

// accountOf is what a member's account holds, part by part.
func (t lifeTx) accountOf(ctx context.Context, area party.Area, member int64) (lifeevent.Parts, error) {
	rows, err := t.Query(ctx, `
		select member_id, role, sum(case when (side = 'credit') <> red then amount else -amount end)::bigint
		from posting where area = $1 and member_id = $2 and role = any($3) group by 1, 2`, area, member, personalRoles())
	if err != nil {
		return lifeevent.Parts{}, fmt.Errorf("personal account of member %d: %w", member, err)
	}
	held, err := partsByOwner(rows, "personal account")
	return lifeevent.Parts(held[member]), err
}

// FuneralsRisen implements lifeevent.WatchTx.
func (t lifeTx) FuneralsRisen(ctx context.Context, area party.Area) ([]lifeevent.FuneralRisen, error) {
	rows, err := t.Query(ctx, `
		with `+deadSQL+`,
		granted as (
			select g.member_id, array_agg(g.claim_id order by g.claim_id) as claims, min(g.approved_at) as first
			from estate_granted g where g.area = $1 and g.funeral > 0 and `+grantStands+` group by 1)
		select g.member_id, g.claims from granted g join dead d on d.member_id = g.member_id
		where exists (select from entitlement e where e.area = $1 and e.member_id = g.member_id
				and e.component = 'base_pension' and e.from_month <= d.died_on and e.entered_at > g.first)
		order by 1`, area)
	if err != nil {
		return nil, fmt.Errorf("grants before a rise in area %s: %w", area, err)
	}
	return collect(rows, "grants before a rise", func(row pgx.CollectableRow) (f lifeevent.FuneralRisen, err error) {
		err = row.Scan(&f.Member, &f.Claims)
		return f, err
	})
}

// TellFuneral implements lifeevent.WatchTx.
func (t lifeTx) TellFuneral(ctx context.Context, area party.Area, claim int64, text string) error {
	c := Case{Kind: "funeral_grant_risen", Subject: fmt.Sprintf("estate_claim:%d", claim), Bank: "", Text: text}
	if text == "" {
		return t.EndCase(ctx, area, c.Kind, c.Subject, "job", "the heirs were granted the difference, or none is due")
	}
	return t.OpenCase(ctx, area, c)
}

// TellEarlierDeaths implements lifeevent.WatchTx.
func (t lifeTx) TellEarlierDeaths(ctx context.Context, area party.Area) error {
	_, err := t.Exec(ctx, `
		with `+deadSQL+`,
		late as materialized (
			select 'estate_claim:' || g.claim_id as subject, g.claim_id, g.member_id, g.died_on, d.died_on as earlier
			from estate_granted g join dead d on d.member_id = g.member_id
			where g.area = $1 and `+grantStands+` and `+grantTooLate+`),
		ended as (
			insert into exception_closed (area, case_id, text, closed_by, closed_at)
			select c.area, c.id, 'the grant ended, or the earlier death was taken back', 'job', $2 from exception_case c
			where c.area = $1 and c.kind = 'grant_by_later_death' and not exists (select from late l where l.subject = c.subject)
			  and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id)
			on conflict do nothing)
		insert into exception_case (area, kind, subject, bank, text, opened_on, opened_at)
		select $1, 'grant_by_later_death', subject, '', 'member ' || member_id || ' died on ' || earlier || ', and claim '
			|| claim_id || ' was granted for a death on ' || died_on || ': end one of its dues where it is unpaid, and have it '
			|| 'claimed anew; where it was paid, claim back what the funeral grant has too much',
			($2::timestamptz at time zone 'Asia/Shanghai')::date, $2
		from late
		on conflict (area, kind, subject) do nothing`, area, t.at)
	if err != nil {
		return fmt.Errorf("grants by later deaths in area %s: %w", area, err)
	}
	return nil
}

// AddClaim implements lifeevent.EstateTx.
func (t lifeTx) AddClaim(ctx context.Context, c lifeevent.Claim) (id int64, err error) {
	digest := c.Digest()
	err = t.QueryRow(ctx, `
		insert into estate_claim (area, member_id, funeral, balance, heir_name, heir_id_number, bank, kind, account_no,
			document, digest, made_by, made_at, business_day, dues, reported_on)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) returning id`,
		c.Area, c.Member, c.Funeral, c.Balance, c.HeirName.Plain(), c.HeirID.Plain(), c.Bank, c.Kind, c.AccountNo.Plain(),
		c.Document, digest[:], c.MadeBy, t.at, c.MadeOn, c.Dues, c.ReportedOn).Scan(&id)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.ConstraintName == "estate_claim_area_bank_fkey" {
		return 0, lifeevent.ErrBank.On("bank").Because(err)
	}
	if err != nil {
		return 0, fmt.Errorf("keep a claim of an heir of member %d: %w", c.Member, err)
	}
	return id, nil
}

// Claims implements lifeevent.EstateTx.
func (t lifeTx) Claims(ctx context.Context, f lifeevent.ClaimFilter) ([]lifeevent.Claim, error) {
	rows, err := t.Query(ctx, `
		select c.area, c.id, c.member_id, c.funeral, c.balance, c.dues, c.heir_name, c.heir_id_number, c.bank, c.kind, c.account_no,
			c.document, c.made_by, c.made_at, c.business_day, coalesce(c.reported_on, c.business_day), coalesce(q.id, 0), coalesce(q.state, ''), m.social_no, m.name,
			coalesce(g.funeral, 0), coalesce(g.balance, 0), coalesce(g.held, 0), coalesce(g.kept, 0),
			coalesce(g.owed_base, 0), coalesce(g.owed_account, 0), coalesce(g.reserved, 0), g.died_on
		from estate_claim c
		join member m on m.area = c.area and m.id = c.member_id
		left join decision_request q on q.area = c.area and q.kind = 'due' and q.subject_id = c.id
		left join estate_granted g on g.area = c.area and g.claim_id = c.id
		where c.area = $1 and ($2 = 0::bigint or c.id = $2) and ($3 = 0::bigint or c.member_id = $3)
		  and ($4 = '' or q.state = $4) and c.id > $5
		order by c.id limit $6`, f.Area, f.ID, f.Member, f.State, f.After, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("read claims of heirs: %w", err)
	}
	return collect(rows, "claims of heirs", func(row pgx.CollectableRow) (c lifeevent.Claim, err error) {
		var heir, heirID, account, name string
		var fen [7]int64
		var died *calendar.Day
		err = row.Scan(&c.Area, &c.ID, &c.Member, &c.Funeral, &c.Balance, &c.Dues, &heir, &heirID, &c.Bank, &c.Kind, &account,
			&c.Document, &c.MadeBy, &c.MadeAt, &c.MadeOn, &c.ReportedOn, &c.Decision, &c.State, &c.SocialNo, &name, &fen[0], &fen[1], &fen[2],
			&fen[3], &fen[4], &fen[5], &fen[6], &died)
		c.HeirName, c.HeirID, c.AccountNo = party.Stored(heir, heirID, account)
		c.Name, _, _ = party.Stored(name, "", "")
		c.Grant = lifeevent.Grant{
			Funeral: money.Amount(fen[0]), Balance: money.Amount(fen[1]), Held: money.Amount(fen[2]),
			Kept: money.Amount(fen[3]), Reserved: money.Amount(fen[6]), Died: dayOrNone(died),
			Owed: lifeevent.Owed{Base: money.Amount(fen[4]), Account: money.Amount(fen[5])},
		}
		return c, err
	})
}

// HeirAccountFree implements lifeevent.EstateTx.
func (t lifeTx) HeirAccountFree(ctx context.Context, c lifeevent.Claim) error {
	var own bool
	err := t.QueryRow(ctx, `select exists (select from instrument
		where area = $1 and member_id = $2 and bank = $3 and account_no = $4 and ended_on is null
		  and holder_id_number is distinct from $5)`,
		c.Area, c.Member, c.Bank, c.AccountNo.Plain(), c.HeirID.Plain()).Scan(&own)
	if err != nil {
		return fmt.Errorf("look for the account of claim %d: %w", c.ID, err)
	}
	if own {
		return lifeevent.ErrClaim.With("this account is the member's, or another heir's").On("account_no")
	}
	return nil
}

// GrantClaim implements lifeevent.EstateTx. The keys of estate_granted decide between
// rivals: a member's grant, each difference of it and a member's balance are granted once.
func (t lifeTx) GrantClaim(
	ctx context.Context, c lifeevent.Claim, g lifeevent.Grant, today calendar.Day, decision int64, by string,
) error {
	var instrument int64
	err := t.QueryRow(ctx, `
		with known as (
			select id from instrument where area = $1 and member_id = $2 and bank = $3 and account_no = $5
				and holder_id_number = $7 and ended_on is null),
		opened as (
			insert into instrument (area, member_id, bank, kind, account_no, activated, for_payout, opened_on, holder_name,
				holder_id_number)
			select $1, $2, $3, $4, $5, true, false, $8, $6, $7 where not exists (select from known)
			returning id)
		select id from known union all select id from opened`,
		c.Area, c.Member, c.Bank, c.Kind, c.AccountNo.Plain(), c.HeirName.Plain(), c.HeirID.Plain(), today).Scan(&instrument)
	if err != nil {
		return fmt.Errorf("open the account of claim %d: %w", c.ID, err)
	}
	_, err = t.Exec(ctx, `
		insert into estate_granted (area, claim_id, member_id, died_on, instrument_id, funeral, balance, held, kept,
			decision_id, approved_at, business_day, owed_base, owed_account, reserved, round, nth)
		select $1, $2, $3, $4, $5, $6::bigint, $7, $8, $9, $10, $11, $12, $13, $14, $15,
			count(*) filter (where not `+grantStands+`) + 1,
			count(*) filter (where $6::bigint > 0 and g.funeral > 0 and `+grantStands+`) + 1
		from estate_granted g where g.area = $1 and g.member_id = $3`,
		c.Area, c.ID, c.Member, g.Died, instrument, g.Funeral.Fen(), g.Balance.Fen(), g.Held.Fen(), g.Kept.Fen(), decision,
		t.at, today, g.Owed.Base.Fen(), g.Owed.Account.Fen(), g.Reserved.Fen())
	if isUnique(err, "estate_granted_funeral") || isUnique(err, "estate_granted_balance") {
		return lifeevent.ErrGranted.Because(err)
	}
	if err != nil {
		return fmt.Errorf("grant claim %d: %w", c.ID, err)
	}
	_, err = t.Exec(ctx, `
		insert into benefit_due (area, member_id, cause, month, funeral_grant, one_off, instrument_id, document, entered_by,
			entered_at, business_day)
		select $1, $2, u.cause, $3, u.funeral, u.one_off, $4, $5, $6, $7, $8
		from (values ('funeral:' || $9::bigint, $10::bigint, 0::bigint), ('estate:' || $9::bigint, 0, $11::bigint))
			as u (cause, funeral, one_off)
		where u.funeral + u.one_off > 0`,
		c.Area, c.Member, today.Month(), instrument, c.Document, by, t.at, today, c.ID, g.Funeral.Fen(), g.Balance.Fen())
	if err != nil {
		return fmt.Errorf("keep the dues of claim %d: %w", c.ID, err)
	}
	if g.Owed.Sum() == 0 {
		return nil
	}
	return t.grantOwed(ctx, c, instrument, today, by)
}

// grantOwed puts one due of an heir in the place of the dead's, of their months up to that of the
// death. The key of estate_granted_due decides between rivals.
func (t lifeTx) grantOwed(
	ctx context.Context, c lifeevent.Claim, instrument int64, today calendar.Day, by string,
) error {
	_, err := t.Exec(ctx, `
		with `+deadSQL+`,`+estateOwedSQL+`,
		due as (
			insert into benefit_due (area, member_id, cause, month, base_pension, account_pension, instrument_id, document,
				entered_by, entered_at, business_day)
			select $1, $2, 'arrears:' || $3::bigint, $4, coalesce(sum(amount) filter (where component = 'base_pension'), 0),
				coalesce(sum(amount) filter (where component = 'account_pension'), 0), $5, $6, $7, $8, $9
			from payable returning id),
		months as (
			insert into benefit_due_month (area, due_id, month, component, was, entitled)
			select $1, due.id, month, component, entitled - amount, entitled from payable cross join due),
		granted as (
			insert into estate_granted_due (area, due_id, claim_id, base_pension, account_pension)
			select $1, due_id, $3, coalesce(sum(amount) filter (where component = 'base_pension'), 0),
				coalesce(sum(amount) filter (where component = 'account_pension'), 0)
			from owed where due_id is not null group by due_id),
		items as (
			insert into estate_granted_item (area, item_id, claim_id, base_pension, account_pension)
			select $1, item_id, $3, coalesce(sum(amount) filter (where component = 'base_pension'), 0),
				coalesce(sum(amount) filter (where component = 'account_pension'), 0)
			from owed where item_id is not null group by item_id)
		insert into benefit_due_ended (area, due_id, document, entered_by, entered_at)
		select distinct $1::int, due_id, 'granted to an heir by claim ' || $3::bigint, $7, $8::timestamptz from owed
		where due_id is not null`,
		c.Area, c.Member, c.ID, today.Month(), instrument, c.Document, by, t.at, today)
	if isUnique(err, "estate_granted_due_pkey") {
		return lifeevent.ErrGranted.Because(err)
	}
	if err != nil {
		return fmt.Errorf("owe the months of claim %d: %w", c.ID, err)
	}
	return nil
}
