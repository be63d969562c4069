//nolint:gosmopolitan // members have Chinese names
package main

import (
	"context"
	"fmt"
	"time"

	"twoline/gateway/award"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
)

// awardRun computes everybody's first award: a county all of whose members are of
// age, with years from before, an account at go-live and two years in the book. Its
// limit is what PostgreSQL needs to take the same finished lines by COPY.
func (b *bench) awardRun(ctx context.Context) error {
	if err := b.seedAwards(ctx); err != nil {
		return err
	}
	var run award.Run
	begin := time.Now()
	_, err := b.stage.g.awards.Make(ctx, b.request("POST /v1/award-runs"), keep(&run), benchOfficer("bench-award"),
		award.Order{Scheme: ledger.Urban, Month: calendar.MustMonth("2011-03")})
	if err != nil {
		return fmt.Errorf("award: %w", err)
	}
	took := time.Since(begin)
	if run.Members != b.items || run.Refused != 0 {
		return fmt.Errorf("%d of %d members are awarded, %d are refused", run.Members, b.items, run.Refused)
	}
	copied, err := b.copyTable(ctx, "award_line", fmt.Sprintf("where run_id = %d", run.ID))
	if err != nil {
		return fmt.Errorf("copy award_line: %w", err)
	}
	begin = time.Now()
	_, err = b.stage.g.casework.Approve(ctx, b.request("POST approve"), renderJSON, benchOfficer("bench-award-checker"),
		casework.Verdict{ID: run.Decision, Digest: run.DecisionDigest, Reason: ""})
	if err != nil {
		return fmt.Errorf("enter: %w", err)
	}
	entered := time.Since(begin)
	rate := float64(b.items) / took.Seconds()    //nolint:forbidigo // a rate
	limit := float64(b.items) / copied.Seconds() //nolint:forbidigo // a rate
	b.add("awards, facts to lines", rate, limit,
		fmt.Sprintf("%d members, %d lines in %.1f s, entered by a checker in %.1f s, peak resident %d MiB with the bench itself",
			b.items, run.Lines, took.Seconds(), entered.Seconds(), peakMiB()))
	return nil
}

// seedAwards makes a second scheme of the county, whose members are born in 1951.
func (b *bench) seedAwards(ctx context.Context) error {
	for _, sql := range []string{
		`insert into book values (610304, 'urban', '2009-12-01', '2009-11-30')`,
		`insert into organisation (id, area, kind, name) values (5, 610304, 'agency_business', 'bench awards')`,
		`insert into officer (login, person_id, organisation_id, password_hash, created_at) values
			('bench-award', 1, 5, '-', now()), ('bench-award-checker', 2, 5, '-', now())`,
		`insert into duty_grant (login, duty, granted_at) values
			('bench-award', 'maker', now()), ('bench-award-checker', 'checker', now())`,
		// Once there is a book, two people decide a rule.
		`begin; set local session_replication_role = replica;
			insert into area_rule values (610304, 'interest_rate', '2009-01-01', '"2.25%"', 'bench'),
				(610304, 'interest_rate', '2010-01-01', '"2.25%"', 'bench'), (610304, 'interest_rate', '2011-01-01', '"3%"', 'bench')
				on conflict do nothing; commit`,
		// Everybody becomes 60 in December or January, before March.
		fmt.Sprintf(`insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
			select 610304, 50000000 + g, (610000 + g %% 997)::text || to_char(date '1950-12-05' + g %% 50, 'YYYYMMDD')
				|| lpad((g / 49850)::text, 3, '0') || '0', 'U' || lpad(g::text, 9, '0'), '李建国', 610304101201, 'urban',
				'2009-12-01' from generate_series(1, %d) g`, b.items),
		`insert into service_years (area, member_id, years, document, entered_by, entered_at)
			select area, id, 10, 'bench', 'bench', now() from member where scheme = 'urban'`,
		// How the money came to be in the book is not what is measured.
		`begin; set local session_replication_role = replica;
		insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red,
				reversal, amount, member_id, year)
			select m.area, 50000000 + y.year, row_number() over (partition by y.year), m.scheme, 'contribution', y.paid_on, y.paid_on,
				'credit', 'personal_individual', 'direct', false, false, 10000 + m.id % 7, m.id, y.year
			from member m cross join (values (2009, date '2009-12-20'), (2010, date '2010-05-20')) y (year, paid_on)
			where m.scheme = 'urban';
		insert into personal_opening (area, id, member_id, individual, collective, subsidy, interest, entered_by, entered_at,
				list_id, decision_id)
			select 610304, id + 200000000, id, 500000, 0, 30000, 12345, 'bench', now(), 5, 6 from member where scheme = 'urban';
		commit`,
		`analyze member, posting, service_years, personal_opening`,
	} {
		if _, err := b.pool.Exec(ctx, sql); err != nil {
			return fmt.Errorf("seed: %w", err)
		}
	}
	return nil
}
