package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/award"
	"twoline/gateway/party"
	"twoline/reconcile/proof"
)

// awardTables are what a run of awards consists of.
func awardTables() []string {
	return []string{"award_run", "award_line", "award_basis", "award_refused", "award_run_approved"}
}

// checkAwardRuns strikes the digest of every run again from its rows, and compares
// what was decided about it with what it is.
func checkAwardRuns(ctx context.Context, v *verifier, p probe, found *proof.Finding) error {
	rows, err := v.t.Query(ctx, `select area from area where $1 = 0 or area = $1 order by area`, int32(v.area))
	if err != nil {
		return err
	}
	areas, err := pgx.CollectRows(rows, pgx.RowTo[party.Area])
	if err != nil {
		return err
	}
	for _, area := range areas {
		f := award.Filter{Area: area, Limit: 1000} //nolint:exhaustruct // all
		for {
			runs, err := v.t.AwardRuns(ctx, f)
			if err != nil {
				return err
			}
			for _, r := range runs {
				f.After = r.ID
				why, err := v.t.awardRunBreach(ctx, r)
				if err != nil {
					return err
				}
				if why != "" {
					found.Add(proof.Breach{Area: area, Table: p.table, Row: fmt.Sprintf("%s/%d", area, r.ID), Text: why})
				}
			}
			if len(runs) < f.Limit {
				break
			}
		}
	}
	return nil
}

// awardRunBreach says in what a run is not what it was made as, or nothing.
func (t *tx) awardRunBreach(ctx context.Context, r award.Run) (string, error) {
	seal, members, lines, gap := award.NewSeal(), 0, 0, false
	var last int64
	rows, err := t.Query(ctx, `
		select seq, member_id, from_month, cause, coalesce(basis, 0), base_was, base_pension, account_was, account_pension
		from award_line where area = $1 and run_id = $2 order by seq`, r.Area, r.ID)
	if err != nil {
		return "", err
	}
	var seq int
	var s award.Step
	_, err = pgx.ForEachRow(rows, []any{
		&seq, &s.Member, &s.From, &s.Cause, &s.Basis, &s.Was.Base, &s.Due.Base, &s.Was.Account, &s.Due.Account,
	}, func() error {
		lines++
		gap = gap || seq != lines
		if s.Member != last {
			members, last = members+1, s.Member
		}
		seal.Step(&s)
		return nil
	})
	if err != nil {
		return "", err
	}
	refused := 0
	for after := int64(0); ; {
		list, err := t.AwardRefusals(ctx, r.Area, r.ID, after, 1000)
		if err != nil {
			return "", err
		}
		if len(list) == 0 {
			break
		}
		for _, l := range list {
			seal.Refusal(l.Refusal)
			refused++
			after = l.Member
		}
	}
	bases, err := t.AwardBases(ctx, r.Area, r.ID, nil)
	if err != nil {
		return "", err
	}
	for _, b := range bases {
		seal.Basis(b)
	}
	switch {
	case lines != r.Lines || gap || members != r.Members || refused != r.Refused:
		return fmt.Sprintf("says that it has %d lines for %d members and lists %d, and has %d for %d and %d", r.Lines,
			r.Members, r.Refused, lines, members, refused), nil
	case seal.Sum(r) != r.Digest:
		return "no longer has the digest that it was made with", nil
	}
	return t.awardDecisionBreach(ctx, r)
}

// awardDecisionBreach says in what the decision about a run is about another one.
func (t *tx) awardDecisionBreach(ctx context.Context, r award.Run) (string, error) {
	if r.Decision == 0 {
		if r.Lines > 0 {
			return "has lines, and nobody asked for a decision", nil
		}
		return "", nil
	}
	list, err := t.decisions(ctx, `area = $1 and id = $2`, r.Area, r.Decision)
	if err != nil {
		return "", err
	}
	for _, q := range list {
		switch {
		case r.Lines == 0:
			return "has no lines, and was decided about", nil
		case q.About != r.About() || q.Document != r.Document() || string(q.DocumentDigest) != string(r.Digest[:]):
			return fmt.Sprintf("is not what decision %d was asked about", q.ID), nil
		case "officer:"+q.Maker != r.MadeBy || !q.MadeAt.Equal(r.MadeAt):
			return fmt.Sprintf("was made by %s, and decision %d by %s", r.MadeBy, q.ID, q.Maker), nil
		}
	}
	return "", nil
}

// An entitlement of an award run is a line of a run that two people decided, and every
// such line is an entitlement.
const awardedSQL = `
	with entered as (
		select e.area, e.id, e.member_id, e.component, e.from_month, e.amount, e.entered_by, e.entered_at,
		       case when e.document ~ '^award run [1-9][0-9]{0,17}$' then substr(e.document, 11)::bigint end as run
		  from entitlement e where ($1 = 0 or e.area = $1) and e.document like 'award run %'),
	decided as (
		select l.area, l.run_id, l.seq, l.member_id, l.from_month, c.component, c.amount, r.made_by, p.approved_at
		  from award_run_approved p
		  join award_run r on r.area = p.area and r.id = p.run_id
		  join award_line l on l.area = p.area and l.run_id = p.run_id
		 cross join lateral (values ('base_pension', l.base_was, l.base_pension),
		       ('account_pension', l.account_was, l.account_pension)) c (component, was, amount)
		 where ($1 = 0 or p.area = $1) and c.was <> c.amount)
	select coalesce(e.area, d.area), coalesce(e.id, d.seq), coalesce(e.area || '/' || e.id,
	       d.area || '/run ' || d.run_id || ' line ' || d.seq), case
	       when d.run_id is null then 'rests on award run ' || coalesce(e.run::text, 'of no number')
	            || ', which was not approved or has no such line'
	       when e.id is null then 'was approved, and is no entitlement'
	       else 'is not what line ' || d.seq || ' of award run ' || d.run_id || ' says, or not by whom and when' end
	  from entered e
	  full join decided d on d.area = e.area and d.run_id = e.run and d.member_id = e.member_id
	       and d.from_month = e.from_month and d.component = e.component
	 where d.run_id is null or e.id is null or e.amount <> d.amount or e.entered_at <> d.approved_at
	    or 'officer:' || e.entered_by <> d.made_by`

// What a pension depends on is of a member, and entered by somebody who had the duty.
const awardFactsSQL = `
	select f.area, f.id, f.area || '/' || f.what || ' ' || f.id, case
	       when m.id is null then 'is of member ' || f.member_id || ', who does not exist'
	       else 'was entered by ' || f.entered_by || ', who was no maker of agency business then' end
	  from (select area, id, 'service_years' as what, member_id, entered_by, entered_at from service_years
	        union all select area, id, 'pension_case', member_id, entered_by, entered_at from pension_case) f
	  left join member m on m.area = f.area and m.id = f.member_id
	 where ($1 = 0 or f.area = $1) and (m.id is null or not exists (select from officer o
	         join organisation g on g.id = o.organisation_id and g.area = f.area and g.kind = 'agency_business'
	         join duty_grant d on d.login = o.login and d.duty = 'maker' and d.granted_at <= f.entered_at + ` + apart + `
	              and (d.revoked_at is null or d.revoked_at >= f.entered_at - ` + apart + `)
	        where o.login = f.entered_by))`
