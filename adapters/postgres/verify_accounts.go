package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/personal"
	"twoline/reconcile/proof"
)

// accountChecks prove what years brought to personal accounts.
func accountChecks() []check {
	return []check{
		invariant("accounts", "what a year brought to personal accounts is what was reckoned, decided and posted",
			probe{table: "interest_run", looks: []string{"interest_run", "interest_line"}, run: checkInterestRuns},
			probe{table: "interest_run", sql: interestRunSQL},
			probe{table: "interest_progress", sql: runProgressSQL("interest")},
			probe{table: "interest_line", sql: interestLineSQL()},
			probe{table: "posting", looks: []string{"interest_line", "interest_run_approved"}, sql: runPostedSQL("interest", "interest", "run")},
			probe{
				table: "subsidy_run", looks: []string{"subsidy_run", "subsidy_level", "subsidy_arrival", "subsidy_arrival_withdrawn"},
				sql: subsidyRunSQL(),
			},
			probe{table: "subsidy_run", looks: []string{"subsidy_line", "subsidy_back"}, run: checkSubsidyRuns},
			probe{table: "subsidy_back", sql: subsidyBackSQL},
			probe{table: "subsidy_progress", sql: runProgressSQL("subsidy")},
			probe{table: "posting", looks: []string{"subsidy_line", "subsidy_back", "subsidy_run_approved"}, sql: runPostedSQL("subsidy", "a subsidy", "list")},
		),
		invariant("pension-subsidies", "what government owes to base pensions is what was frozen, and what arrived is booked",
			probe{table: "payment_batch_base", sql: batchBasesSQL()},
			probe{
				table: "pension_subsidy_arrival", looks: []string{"pension_subsidy_arrival", "pension_subsidy_withdrawn"},
				sql: pensionSubsidySQL(),
			},
		),
	}
}

// checkInterestRuns adds up the lines of every run and computes its digest again. Lines
// pass one by one.
func checkInterestRuns(ctx context.Context, v *verifier, p probe, found *proof.Finding) error {
	rows, err := v.t.Query(ctx, `
		select r.area, r.id, r.lines, r.interest, r.before, r.rise, r.fall, r.left_over, r.digest, coalesce(l.id, 0),
			coalesce(l.member_id, 0), coalesce(l.opening, 0), coalesce(l.paid_in, 0), coalesce(l.paid_out, 0),
			coalesce(l.interest, 0), coalesce(l.before, 0), coalesce(l.amount, 0), coalesce(l.left_over, 0)
		from interest_run r left join interest_line l on l.area = r.area and l.run_id = r.id
		where $1 = 0 or r.area = $1 order by r.area, r.id, l.member_id`, int32(v.area))
	if err != nil {
		return err
	}
	var last, run personal.InterestRun
	var sums personal.InterestSums
	digest := personal.NewInterestDigest()
	tell := func() {
		if last.ID != 0 && (sums != last.Sums || digest.Sum() != last.Digest) {
			found.Add(proof.Breach{
				Area: last.Area, Table: p.table, Row: fmt.Sprintf("%s/%d", last.Area, last.ID),
				Text: fmt.Sprintf("was decided over %d lines of %s, and has %d of %s, or others", last.Sums.Lines, last.Sums.Interest,
					sums.Lines, sums.Interest),
			})
		}
	}
	var l personal.InterestLine
	var kept []byte
	s := &run.Sums
	into := []any{
		&run.Area, &run.ID, &s.Lines, &s.Interest, &s.Before, &s.Rise, &s.Fall, &s.LeftOver, &kept, &l.ID, &l.Member,
		&l.Opening, &l.PaidIn, &l.PaidOut, &l.Interest, &l.Before, &l.Amount, &l.LeftOver,
	}
	_, err = pgx.ForEachRow(rows, into, func() error {
		copy(run.Digest[:], kept)
		if run.Area != last.Area || run.ID != last.ID {
			tell()
			last, sums, digest = run, personal.InterestSums{}, personal.NewInterestDigest() //nolint:exhaustruct // from zero
		}
		if l.ID != 0 {
			sums.Add(l)
			digest.Add(l)
		}
		return nil
	})
	tell()
	return err //nolint:wrapcheck // of the look
}

// A line belongs to a run, and reckons with what the decided runs before it posted for
// the year.
func interestLineSQL() string {
	return `
	with decided as (
		select l.area, l.run_id, l.member_id, l.before, coalesce(sum(l.amount) over (
		           partition by l.area, r.scheme, r.year, l.member_id order by l.run_id
		           rows between unbounded preceding and 1 preceding), 0) as posted
		  from interest_line l
		  join interest_run_approved r on r.area = l.area and r.run_id = l.run_id
		 where $1 = 0 or l.area = $1)
	select area, run_id, area || '/' || run_id || ' member ' || member_id, 'reckons with ' || ` + yuan("before") + `
	       || ' posted before, and the runs before it posted ' || ` + yuan("posted") + `
	  from decided where before <> posted
	union all
	select l.area, l.run_id, l.area || '/' || l.run_id || ' member ' || l.member_id, 'is a line of no run'
	  from interest_line l
	 where ($1 = 0 or l.area = $1) and not exists (select from interest_run r where r.area = l.area and r.id = l.run_id)`
}

// runPostedSQL proves of the runs of interest, or the lists of subsidy, that what is posted
// of an approved one are its lines so far, each once, and nothing else of the kind is in
// the book. posts says what an entry does, run what it rests on.
func runPostedSQL(what, posts, run string) string {
	return strings.NewReplacer("{what}", what, "{posts}", posts, "{run}", run).Replace(`
	with owed as (
		select l.area, l.id as cause, l.member_id as member, r.year, r.scheme, l.amount
		  from {what}_progress g
		  join {what}_run_approved r on r.area = g.area and r.run_id = g.run_id
		  join {what}_line l on l.area = g.area and l.run_id = g.run_id and l.member_id <= g.posted_upto
		 where ($1 = 0 or g.area = $1) and l.amount <> 0
		union all
		select b.area, b.id, b.member_id, b.year, r.scheme, -b.amount
		  from subsidy_back b join subsidy_run_approved r on r.area = b.area and r.run_id = b.run_id
		 where '{what}' = 'subsidy' and ($1 = 0 or b.area = $1)),
	lines as (
		select area, entry_id, cause_id as cause, member_id as member, year, scheme, role,
		       case when (side = 'credit') <> red then amount else -amount end as amount
		  from posting where ($1 = 0 or area = $1) and kind = 'account_{what}' and nature = 'item' and not reversal)
	select coalesce(o.area, l.area), coalesce(l.entry_id, 0), coalesce(o.area, l.area) || '/'
	       || coalesce(l.entry_id::text, 'line ' || o.cause), case
	       when o.cause is null then 'posts {posts} by ' || l.cause || ', which is no line of an approved {run}'
	       when l.cause is null then ` + yuan("o.amount") + ` || ' of member ' || o.member || ' was to be posted and is not'
	       else 'posts ' || ` + yuan("l.amount") + ` || ' to member ' || l.member || ', and line ' || o.cause || ' is of '
	           || ` + yuan("o.amount") + ` || ' for member ' || o.member end
	  from owed o
	  full join lines l on l.area = o.area and l.cause = o.cause
	 where (o.member, o.year, o.scheme, o.amount, 'personal_{what}') is distinct from
	       (l.member, l.year, l.scheme, l.amount, l.role)`)
}

// runProgressSQL proves how far the runs of interest, or the lists of subsidy, are posted.
func runProgressSQL(what string) string {
	return `
	select coalesce(a.area, g.area), coalesce(a.run_id, g.run_id), coalesce(a.area, g.area) || '/'
	       || coalesce(a.run_id, g.run_id), case
	       when g.run_id is null then 'is approved, and nothing says how far it is posted'
	       when a.run_id is null then 'is posted, and nobody approved it'
	       else 'is said to be posted by ' || g.posted_count || ' of ' || r.lines || ' lines, and has ' || l.n
	           || ' up to there' end
	  from (select * from ` + what + `_run_approved where $1 = 0 or area = $1) a
	  full join (select * from ` + what + `_progress where $1 = 0 or area = $1) g on g.area = a.area and g.run_id = a.run_id
	  left join ` + what + `_run r on r.area = a.area and r.id = a.run_id
	  left join lateral (select count(*) as n, max(member_id) as last from ` + what + `_line l
	        where l.area = g.area and l.run_id = g.run_id and l.member_id <= g.posted_upto) l on true
	 where g.run_id is null or a.run_id is null or g.posted_count <> l.n or g.done <> (g.posted_count = r.lines)
	    or g.posted_upto <> coalesce(l.last, 0)`
}

// A run was asked for, by whom it says, with its own digest; rounds follow each other,
// and an approved one stands as it was made.
const interestRunSQL = `
	select r.area, r.id, r.area || '/' || r.id, case
	       when q.id is null then 'was asked for by nobody'
	       when a.run_id is not null and (a.scheme, a.year, a.rate, a.round)
	            is distinct from (r.scheme, r.year, r.rate, r.round) then 'was approved as another one'
	       when a.run_id is not null and a.round <> n.before then 'is round ' || a.round || ', and ' || n.before || ' were before it'
	       else 'was not asked for as it stands' end
	  from interest_run r
	  left join decision_request q on q.area = r.area and q.kind = 'interest_run' and q.subject_id = r.id
	  left join interest_run_approved a on a.area = r.area and a.run_id = r.id
	  left join lateral (select count(*) as before from interest_run_approved b where b.area = a.area
	       and b.scheme = a.scheme and b.year = a.year and b.rate = a.rate and b.run_id < a.run_id) n on true
	 where ($1 = 0 or r.area = $1) and (q.id is null or q.digest is null or q.document_digest is distinct from r.digest
	    or q.document <> r.rate_document or q.reason <> r.correction or q.maker <> r.asked_by
	    or q.made_at <> r.asked_at
	    or strpos(q.about, 'interest of ' || r.year || ', scheme ' || r.scheme || ', at the ' || r.rate || ' rate '
	       || r.percent || ' (') <> 1
	    or coalesce(substring(q.about from ', of the rules ([0-9a-f]{64})'), '') <> coalesce(encode(r.rules_digest, 'hex'), '')
	    or coalesce(substring(q.about from ' in all, round ([0-9]+) of the rate''s rule'), '0') <> r.rate_round::text
	    or (a.run_id is not null and ((a.scheme, a.year, a.rate, a.round) is distinct from
	       (r.scheme, r.year, r.rate, r.round) or a.round <> n.before)))`

// interestCauseSQL is SQL for what is wrong with an entry c that interest run ir is to
// have caused; items are its lines that name a member.
const interestCauseSQL = `case
	when ir.run_id is null then 'is caused by interest run ' || c.fact || ', which nobody approved'
	when c.kind <> 'account_interest' or c.scheme <> ir.scheme or c.actor <> 'job'
	     or c.effective_on <> make_date(ir.year, 12, 31) or c.booked_at < ir.approved_at - ` + apart + `
	     or c.text <> 'interest of ' || ir.year || ', ' || ir.rate || ', ' || c.line_count - 1 || ' accounts'
	     or not exists (select from posting p where p.area = c.area and p.entry_id = c.id and p.member_id::text = c.part
	         and p.red = (split_part(c.cause, ':', 4) = 'fall'))
	     or exists (select from interest_run r where r.area = c.area and r.id = ir.run_id and c.accounted_on < r.business_day)
	     then 'differs from interest run ' || ir.run_id || ' in kind, scheme, a date, text, actor or its first account' end`
