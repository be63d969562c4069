package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/money"
	"twoline/gateway/policy"
)

// AwardFacts implements award.RunTx. Each kind of fact is one statement over the
// members of a chunk, in their order.
func (t *tx) AwardFacts(ctx context.Context, q award.FactsQuery) (facts []award.Facts, err error) {
	// Keys are looked up, whatever the planner thinks of tables that just grew.
	err = t.planning(ctx, "enable_seqscan", "off", func() error {
		facts, err = t.awardMembers(ctx, q)
		if err != nil || len(facts) == 0 {
			return err
		}
		f := factReader{t: t, q: q, facts: facts, ids: column(facts, func(f award.Facts) int64 { return f.Member })}
		for _, read := range []func(context.Context) error{f.deaths, f.years, f.openings, f.payments, f.standing} {
			if err := read(ctx); err != nil {
				return err
			}
		}
		for i := range facts {
			facts[i].BeginAnew()
		}
		return nil
	})
	return facts, err
}

func (t *tx) awardMembers(ctx context.Context, q award.FactsQuery) ([]award.Facts, error) {
	rows, err := t.Query(ctx, `
		select m.id, substr(m.id_number, 7, 8), r.returned_on, r.from_month from member m
		left join lateral (select r.returned_on, r.from_month from member_returned r
			join member_end e on e.area = r.area and e.member_id = r.member_id and e.nth = r.nth
			where r.area = m.area and r.member_id = m.id and r.reason = 'came_back'
			  -- What was sent away came back too: nothing began anew.
			  and not exists (select from member_transfer_returned x where x.area = e.area and x.transfer_id = e.source_id)
			order by r.nth desc limit 1) r on true
		where m.area = $1 and m.scheme = $2 and m.id > $3 and ($6 = 0::bigint or m.id = $6)
		  and ($6 <> 0 or substr(m.id_number, 7, 8) <= $4 or exists (
			select from entitlement e where e.area = m.area and e.member_id = m.id))
		  -- Nothing is awarded to who is no member any more.
		  and ($6 <> 0 or not exists (select from `+leftStands+` e where e.area = m.area and e.member_id = m.id))
		order by m.id limit $5`, q.Area, string(q.Scheme), q.After, q.BornUpTo.Compact(), q.Limit, q.Member)
	if err != nil {
		return nil, fmt.Errorf("members of area %s to award: %w", q.Area, err)
	}
	return collect(rows, "members to award", func(row pgx.CollectableRow) (f award.Facts, err error) {
		var born string
		var back, first *calendar.Day
		if err = row.Scan(&f.Member, &born, &back, &first); err != nil {
			return f, err
		}
		if back != nil {
			f.Back, f.BackFrom = *back, first.Month()
		}
		// A number that tells no birth is listed by the run.
		f.Born, _ = calendar.ParseCompact(born)
		return f, nil
	})
}

// factReader puts what statements return in the order of members where it belongs.
type factReader struct {
	t     *tx
	q     award.FactsQuery
	facts []award.Facts
	ids   []int64
	at    int
}

// of returns the facts of a member; members come in rising order.
func (f *factReader) of(member int64) *award.Facts {
	for f.at < len(f.facts) && f.facts[f.at].Member < member {
		f.at++
	}
	if f.at < len(f.facts) && f.facts[f.at].Member == member {
		return &f.facts[f.at]
	}
	return &award.Facts{} //nolint:exhaustruct // nobody's
}

// each runs a statement whose first column is the member.
func (f *factReader) each(ctx context.Context, what, sql string, into []any, fn func(*award.Facts)) error {
	f.at = 0
	rows, err := f.t.Query(ctx, sql, f.q.Area, f.ids)
	if err != nil {
		return fmt.Errorf("%s of members to award: %w", what, err)
	}
	var member int64
	_, err = pgx.ForEachRow(rows, append([]any{&member}, into...), func() error {
		fn(f.of(member))
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s of members to award: %w", what, err)
	}
	return nil
}

func (f *factReader) deaths(ctx context.Context) error {
	var day calendar.Day
	return f.each(ctx, "deaths", `
		select d.member_id, min(d.died_on) from death_notice d
		where d.area = $1 and d.member_id = any($2)
		  and not exists (select from death_withdrawn w where w.area = d.area and w.notice_id = d.id)
		group by d.member_id order by d.member_id`, []any{&day}, func(m *award.Facts) { m.Died = day })
}

func (f *factReader) years(ctx context.Context) error {
	var years int
	return f.each(ctx, "years", `
		select distinct on (member_id) member_id, years from service_years
		where area = $1 and member_id = any($2) order by member_id, id desc`, []any{&years},
		func(m *award.Facts) { m.Years = years })
}

func (f *factReader) openings(ctx context.Context) error {
	var p entitlement.Parts
	return f.each(ctx, "openings", `
		select member_id, individual, collective, subsidy, interest from personal_opening
		where area = $1 and member_id = any($2) order by member_id`,
		[]any{&p.Individual, &p.Collective, &p.Subsidy, &p.Interest}, func(m *award.Facts) { m.Opening = p })
}

// payments are what was posted to the accounts: by part, year and day, less what was
// taken back of the same year. Interest is reckoned from them and not read; that of an
// account which came from elsewhere is money like the rest of it, but of no year.
func (f *factReader) payments(ctx context.Context) error {
	var role, kind string
	var year int
	var day calendar.Day
	var amount int64
	err := f.each(ctx, "payments", `
		select member_id, role, case when kind = 'transfer_in' or kind = 'transfer_in_return' then 'moved' else '' end,
			coalesce(year, 0), effective_on, sum(case when red then -amount else amount end)::bigint
		from posting
		where area = $1 and member_id = any($2) and side = 'credit' and kind <> 'opening' and (
			role in ('personal_individual', 'personal_collective', 'personal_subsidy')
			or role = 'personal_interest' and kind in ('transfer_in', 'transfer_in_return'))
		group by 1, 2, 3, 4, 5 order by member_id, effective_on, role, 3, 4`,
		[]any{&role, &kind, &year, &day, &amount}, func(m *award.Facts) {
			p := entitlement.Payment{Year: year, Amount: money.Amount(amount), PaidOn: day, Kind: partOf(role, kind)}
			if p.Year == 0 {
				p.Year = day.Year()
			}
			m.Payments = append(m.Payments, p)
		})
	if err != nil {
		return err
	}
	for i := range f.facts {
		f.facts[i].Payments = netted(f.facts[i].Payments)
	}
	return nil
}

// partOf is the part that a payment counts as. Only what a member paid here for a year
// makes a year of contributions.
func partOf(role, kind string) policy.Part {
	switch {
	case role == "personal_subsidy":
		return policy.Subsidy
	case role == "personal_individual" && kind == "":
		return policy.Individual
	}
	return policy.Collective
}

// netted takes what was given back off the last payments of the same part and year.
func netted(payments []entitlement.Payment) []entitlement.Payment {
	back := false
	for i := range payments {
		back = back || payments[i].Amount <= 0
	}
	if !back {
		return payments
	}
	for i := range payments {
		rest := -payments[i].Amount
		for j := len(payments) - 1; j >= 0 && rest > 0; j-- {
			p := &payments[j]
			if p.Amount > 0 && p.Kind == payments[i].Kind && p.Year == payments[i].Year {
				taken := min(rest, p.Amount)
				p.Amount -= taken
				rest -= taken
			}
		}
	}
	kept := payments[:0]
	for _, p := range payments {
		if p.Amount > 0 {
			kept = append(kept, p)
		}
	}
	return kept
}

// awardDocument is SQL that says of a document that an award run wrote it.
const awardDocument = `e.document ~ '^award run [1-9][0-9]*$'`

func (f *factReader) standing(ctx context.Context) error {
	var component string
	var s award.Stands
	var amount int64
	return f.each(ctx, "entitlements", `
		select distinct on (e.member_id, e.component, e.from_month) e.member_id, e.component, e.from_month, e.amount,
			`+awardDocument+`
		from entitlement e
		where e.area = $1 and e.member_id = any($2) and e.component in ('base_pension', 'account_pension')
		order by e.member_id, e.component, e.from_month, e.id desc`,
		[]any{&component, &s.From, &amount, &s.Awarded}, func(m *award.Facts) {
			s.Amount = money.Amount(amount)
			if component == "base_pension" {
				m.Base = append(m.Base, s)
			} else {
				m.Account = append(m.Account, s)
			}
		})
}
