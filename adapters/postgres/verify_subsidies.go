package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/party"
	"twoline/gateway/personal"
	"twoline/reconcile/proof"
)

// checkSubsidyRuns adds up the lines of every list and computes its digest again. Lines
// pass one by one.
func checkSubsidyRuns(ctx context.Context, v *verifier, p probe, found *proof.Finding) error {
	backs, err := subsidyBacksOf(ctx, v)
	if err != nil {
		return err
	}
	rows, err := v.t.Query(ctx, `
		select r.area, r.id, r.lines, r.amount, r.taken_back, r.digest, coalesce(l.id, 0), coalesce(l.member_id, 0), coalesce(l.paid, 0),
			coalesce(l.entitled, 0), coalesce(l.before, 0), coalesce(l.amount, 0)
		from (select * from subsidy_run where $1 = 0 or area = $1) r
		full join (select * from subsidy_line where $1 = 0 or area = $1) l on l.area = r.area and l.run_id = r.id
		where r.id is not null order by r.area, r.id, l.member_id`, int32(v.area))
	if err != nil {
		return err
	}
	var last, run, has personal.SubsidyRun
	digest := personal.NewSubsidyDigest()
	tell := func() {
		for _, b := range backs[subsidyKey{last.Area, last.ID}] {
			has.Back += b.Amount
			digest.AddBack(b)
		}
		if last.ID != 0 && (has.Lines != last.Lines || has.Amount != last.Amount || has.Back != last.Back || digest.Sum() != last.Digest) {
			found.Add(proof.Breach{
				Area: last.Area, Table: p.table, Row: fmt.Sprintf("%s/%d", last.Area, last.ID),
				Text: fmt.Sprintf("was made of %d lines of %s that take %s back, and has %d of %s and %s, or others", last.Lines,
					last.Amount, last.Back, has.Lines, has.Amount, has.Back),
			})
		}
	}
	var l personal.SubsidyLine
	var kept []byte
	into := []any{
		&run.Area, &run.ID, &run.Lines, &run.Amount, &run.Back, &kept, &l.ID, &l.Member, &l.Paid, &l.Entitled, &l.Before, &l.Amount,
	}
	_, err = pgx.ForEachRow(rows, into, func() error {
		copy(run.Digest[:], kept)
		if run.Area != last.Area || run.ID != last.ID {
			tell()
			last, has, digest = run, personal.SubsidyRun{}, personal.NewSubsidyDigest() //nolint:exhaustruct // from zero
		}
		if l.ID != 0 {
			has.Lines++
			has.Amount += l.Amount
			digest.AddSubsidy(l)
		}
		return nil
	})
	tell()
	return err //nolint:wrapcheck // of the look
}

// subsidyKey names a list.
type subsidyKey struct {
	area party.Area
	run  int64
}

// subsidyBacksOf reads what lists take back.
func subsidyBacksOf(ctx context.Context, v *verifier) (map[subsidyKey][]personal.SubsidyBack, error) {
	rows, err := v.t.Query(ctx, `
		select area, run_id, id, member_id, year, paid, entitled, before, amount from subsidy_back
		where $1 = 0 or area = $1 order by area, run_id, member_id, year`, int32(v.area))
	if err != nil {
		return nil, err //nolint:wrapcheck // of the look
	}
	out := map[subsidyKey][]personal.SubsidyBack{}
	var k subsidyKey
	var b personal.SubsidyBack
	into := []any{&k.area, &k.run, &b.ID, &b.Member, &b.Year, &b.Paid, &b.Entitled, &b.Before, &b.Amount}
	_, err = pgx.ForEachRow(rows, into, func() error {
		out[k] = append(out[k], b)
		return nil
	})
	return out, err //nolint:wrapcheck // of the look
}

// What a list takes back is of a year that earlier lists gave that much for, of which a contribution went back as wrong.
const subsidyBackSQL = `
	select b.area, b.run_id, b.area || '/' || b.run_id || ' member ' || b.member_id || ' ' || b.year, case
	       when r.id is null then 'is taken back by no list'
	       when a.run_id is not null and g.given is distinct from b.before then 'reckons with other subsidies than lists before it gave'
	       else 'is taken back, and no contribution of the year went back as wrong' end
	  from subsidy_back b
	  left join subsidy_run r on r.area = b.area and r.id = b.run_id
	  left join subsidy_run_approved a on a.area = b.area and a.run_id = b.run_id
	 cross join lateral (select coalesce(sum(l.amount), 0) as given from ` + givenSubsidies + ` l
	       join subsidy_run_approved o on o.area = l.area and o.run_id = l.run_id and o.approved_at < a.approved_at
	      where l.area = b.area and l.scheme = a.scheme and l.year = b.year and l.member_id = b.member_id) g
	 where ($1 = 0 or b.area = $1) and (r.id is null or a.run_id is not null and g.given is distinct from b.before
	    or not exists (select from contribution_claim k join refund_paid x on x.area = k.area and x.refund_id = k.id
	       where k.area = b.area and k.member_id = b.member_id and k.year = b.year and k.part = 'individual'
	         and k.reason = 'wrong_contribution' and x.paid_at <= r.made_at + ` + apart + `))`

// A list is what its levels owe together; what arrived is booked as it says, and an
// approved list is the one that was made, with all of its money.
func subsidyRunSQL() string {
	return `
	select r.area, r.id, r.area || '/' || r.id, case
	       when v.amount is distinct from r.amount - r.taken_back then 'is of ' || ` + yuan("r.amount - r.taken_back") + ` || ', and its levels owe '
	           || ` + yuan("coalesce(v.amount, 0)") + `
	       when r.upto <> least(make_date(r.year, 12, 31), r.business_day)
	            then 'was made on ' || r.business_day || ' and counts payments of ' || r.year || ' up to ' || r.upto
	       when v.back is distinct from r.taken_back then 'takes back ' || ` + yuan("r.taken_back") + ` || ', and its levels '
	           || ` + yuan("coalesce(v.back, 0)") + `
	       when a.run_id is not null and (a.scheme, a.year, a.round) is distinct from (r.scheme, r.year, r.round)
	            then 'was approved as another one'
	       when a.run_id is not null and v.short > 0 then 'was approved, and ' || v.short || ' levels have not paid'
	       when a.run_id is not null and a.effective_on is distinct from v.last
	            then 'is credited from ' || a.effective_on || ', and its last money came on ' || coalesce(v.last::text, 'no day')
	       when a.run_id is not null and q.document_digest is distinct from r.digest then 'was approved as other lines'
	       when a.run_id is not null and a.round <> n.before then 'is round ' || a.round || ', and ' || n.before || ' were before it'
	       else 'was made by ' || r.made_by || ' at ' || r.made_at || ', who was no maker of agency business then' end
	  from subsidy_run r
	  left join subsidy_run_approved a on a.area = r.area and a.run_id = r.id
	  left join decision_request q on q.area = a.area and q.id = a.decision_id
	  left join lateral (
	       select sum(l.amount) as amount, sum(l.taken_back) as back, count(*) filter (where l.amount > coalesce(k.amount, 0)) as short, max(k.last) as last
	         from subsidy_level l
	         left join (select a.area, a.run_id, a.level, sum(a.amount) as amount, max(a.arrived_on) as last
	                      from subsidy_arrival a where ` + forContributions().stands() + ` group by 1, 2, 3) k on k.area = l.area and k.run_id = l.run_id and k.level = l.level
	        where l.area = r.area and l.run_id = r.id) v on true
	  left join lateral (select count(*) as before from subsidy_run_approved b where b.area = a.area
	       and b.scheme = a.scheme and b.year = a.year and b.run_id < a.run_id) n on true
	 where ($1 = 0 or r.area = $1) and (v.amount is distinct from r.amount - r.taken_back or v.back is distinct from r.taken_back
	    or r.upto <> least(make_date(r.year, 12, 31), r.business_day) or a.run_id is not null and (
	          (a.scheme, a.year, a.round) is distinct from (r.scheme, r.year, r.round) or v.short > 0
	          or a.effective_on is distinct from v.last or q.document_digest is distinct from r.digest or a.round <> n.before)
	    or not ` + madeThen("r.made_by", "r.area", "r.made_at", "'agency_business'") + `)
	union all
	select l.area, l.run_id, l.area || '/' || l.run_id || ' member ' || l.member_id, 'is a line of no list'
	  from subsidy_line l
	 where ($1 = 0 or l.area = $1) and not exists (select from subsidy_run r where r.area = l.area and r.id = l.run_id)
	union all
	select l.area, l.run_id, l.area || '/' || l.run_id || ' ' || l.level, 'is a level of no list'
	  from subsidy_level l
	 where ($1 = 0 or l.area = $1) and not exists (select from subsidy_run r where r.area = l.area and r.id = l.run_id)
	union all
	select a.area, a.id, a.area || '/arrival ' || a.id, case
	       when f.amount < greatest(s.named, a.amount) then 'names transfer ' || a.transfer_id || ' for '
	           || ` + yuan("greatest(s.named, a.amount)") + ` || ' in all, and it brought ' || ` + yuan("f.amount") + `
	       else 'is no money that transfer ' || a.transfer_id || ' booked' end
	  from subsidy_arrival a
	  left join fund_transfer f on f.area = a.area and f.id = a.transfer_id
	  left join subsidy_run r on r.area = a.area and r.id = a.run_id
	  left join (` + forContributions().namedByTransfer() + `) s on s.area = a.area and s.transfer_id = a.transfer_id
	 where ($1 = 0 or a.area = $1) and (f.state is distinct from 'booked' or (f.kind, f.purpose, f.effective_on, f.scheme)
	       is distinct from ('subsidy', 'contribution', a.arrived_on, r.scheme) or f.amount < greatest(s.named, a.amount)
	    or a.named_at < r.made_at or not exists (select from officer o where o.login = a.named_by))
	union all
	select w.area, w.arrival_id, w.area || '/withdrawn ' || w.arrival_id, case
	       when a.id is null then 'takes back an arrival that is not there'
	       when w.level <> a.level then 'took money of ' || w.level || ' back, and it was named for ' || a.level
	       when a.named_by <> w.named_by or w.withdrawn_person = w.named_person or w.withdrawn_at < a.named_at - ` + apart + `
	            then 'was taken back by ' || w.withdrawn_by || ', who named it, or before it was named'
	       when w.withdrawn_at > p.approved_at then 'was taken back after its list was credited'
	       else 'was taken back by ' || w.withdrawn_by || ' at ' || w.withdrawn_at || ', who was no maker of agency business then' end
	  from subsidy_arrival_withdrawn w
	  left join subsidy_arrival a on a.area = w.area and a.id = w.arrival_id
	  left join subsidy_run_approved p on p.area = a.area and p.run_id = a.run_id
	 where ($1 = 0 or w.area = $1) and (a.id is null or w.level <> a.level or a.named_by <> w.named_by or w.withdrawn_person = w.named_person
	    or w.withdrawn_at < a.named_at - ` + apart + ` or w.withdrawn_at > p.approved_at
	    or not ` + madeThen("w.withdrawn_by", "w.area", "w.withdrawn_at", "'agency_business'") + `)`
}

// namedByTransfer is SQL for what of each transfer is named.
func (m subsidyMoney) namedByTransfer() string {
	return `select a.area, a.transfer_id, sum(a.amount) as named from ` + m.arrivals + ` a where ` + m.stands() + ` group by 1, 2`
}

// subsidyCauseSQL is SQL for what is wrong with an entry c that list sr is to have caused.
const subsidyCauseSQL = `case
	when sr.run_id is null then 'is caused by list ' || c.fact || ' of subsidies, which nobody approved'
	when exists (select from subsidy_run r where r.area = c.area and r.id = sr.run_id and c.accounted_on < r.business_day)
	     then 'is booked on ' || c.accounted_on || ', before list ' || sr.run_id || ' of subsidies was made'
	when c.part = 'back' then case when c.kind <> 'account_subsidy' or c.scheme <> sr.scheme or c.actor <> 'job'
	     or c.effective_on <> c.accounted_on or c.booked_at <> sr.approved_at
	     or c.text <> 'subsidies taken back by the list of ' || sr.year || ', ' || c.line_count - 1 || ' accounts'
	     then 'differs from list ' || sr.run_id || ' of subsidies in kind, scheme, a date, text or actor' end
	when c.kind <> 'account_subsidy' or c.scheme <> sr.scheme or c.actor <> 'job' or c.effective_on <> sr.effective_on
	     or c.booked_at < sr.approved_at - ` + apart + `
	     or c.text <> 'subsidies of ' || sr.year || ', ' || c.line_count - 1 || ' accounts'
	     or not exists (select from posting p where p.area = c.area and p.entry_id = c.id and p.member_id::text = c.part)
	     then 'differs from list ' || sr.run_id || ' of subsidies in kind, scheme, a date, text, actor or its first account' end`

// What a batch counts of base pensions is what its items pay.
func batchBasesSQL() string {
	return `
	with counted (area, batch_id, month, base_pension, before, items) as (` + batchBaseSQL("true") + `),
	kept as (select * from payment_batch_base where $1 = 0 or area = $1)
	select area, batch_id, area || '/' || batch_id || ' ' || to_char(month, 'YYYY-MM'), 'counts ' || coalesce(k.items, 0)
	       || ' base pensions of ' || ` + yuan("base_pension") + ` || ' with ' || ` + yuan("before") + ` || ' paid before, and pays '
	       || coalesce(c.items, 0)
	  from counted c full join kept k using (area, batch_id, month, base_pension, before)
	 where c.items is distinct from k.items`
}

// namers are the offices that name subsidies of base pensions, as SQL.
const namers = `'finance_bureau', 'agency_finance'`

// madeThen is SQL that says that a login was a maker of one of the offices, in an area and at
// an instant.
func madeThen(login, area, at, offices string) string {
	return `exists (select from officer o join organisation g on g.id = o.organisation_id and g.area = ` + area + `
	             and g.kind in (` + offices + `)
	           join duty_grant d on d.login = o.login and d.duty = 'maker' and d.granted_at <= ` + at + ` + ` + apart + `
	             and (d.revoked_at is null or d.revoked_at >= ` + at + ` - ` + apart + `)
	          where o.login = ` + login + `)`
}

// An arrival is money of its booked transfer, which is named for no more than it brought; its
// namer and who took it back are two makers.
func pensionSubsidySQL() string {
	return `
	select a.area, a.id, a.area || '/' || a.id, case
	       when (f.state, f.kind, f.purpose, f.scheme, f.effective_on) is distinct from ('booked', 'subsidy', 'base_pension', a.scheme,
	            a.arrived_on) then 'is no money that transfer ' || a.transfer_id || ' booked'
	       when f.amount < s.named then 'names transfer ' || a.transfer_id || ' for ' || ` + yuan("s.named") + `
	            || ' in all, and it brought ' || ` + yuan("f.amount") + `
	       else 'was named by ' || a.named_by || ' at ' || a.named_at || ', who was no maker that names subsidies then' end
	  from pension_subsidy_arrival a
	  left join fund_transfer f on f.area = a.area and f.id = a.transfer_id
	  left join (` + forPensions().namedByTransfer() + `) s on s.area = a.area and s.transfer_id = a.transfer_id
	 where ($1 = 0 or a.area = $1) and ((f.state, f.kind, f.purpose, f.scheme, f.effective_on) is distinct from ('booked', 'subsidy',
	            'base_pension', a.scheme, a.arrived_on) or f.amount < s.named or not ` + madeThen("a.named_by", "a.area", "a.named_at", namers) + `)
	union all
	select w.area, w.arrival_id, w.area || '/withdrawn ' || w.arrival_id, case
	       when a.id is null then 'takes back an arrival that is not there'
	       when w.level <> a.level then 'took money of ' || w.level || ' back, and it was named for ' || a.level
	       when a.named_person <> w.named_person or w.withdrawn_person = w.named_person or w.withdrawn_at < a.named_at
	            then 'was taken back by ' || w.withdrawn_by || ', who named it, or before it was named'
	       else 'was taken back by ' || w.withdrawn_by || ' at ' || w.withdrawn_at || ', who was no maker that names subsidies then' end
	  from pension_subsidy_withdrawn w
	  left join pension_subsidy_arrival a on a.area = w.area and a.id = w.arrival_id
	 where ($1 = 0 or w.area = $1) and (a.id is null or w.level <> a.level or a.named_person <> w.named_person or w.withdrawn_person = w.named_person
	    or w.withdrawn_at < a.named_at - ` + apart + ` or not ` + madeThen("w.withdrawn_by", "w.area", "w.withdrawn_at", namers) + `)`
}
