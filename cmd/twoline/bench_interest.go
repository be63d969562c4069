package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/personal"
)

// interest reckons a year's interest of everybody, has it decided and posts it. Its
// limit is what PostgreSQL needs to take the same finished rows by COPY, with the
// tables' keys and checks.
func (b *bench) interest(ctx context.Context) error {
	if err := b.seedAccounts(ctx); err != nil {
		return err
	}
	desk, checker := benchOfficer("bench-desk"), benchOfficer("bench-desk-checker")
	begin := time.Now()
	var run personal.InterestRun
	_, err := b.stage.g.personal.AskInterest(ctx, b.request("POST /v1/interest-runs"), keep(&run), desk,
		personal.InterestOrder{Scheme: ledger.Rural, Year: 2010, Rate: personal.Final, Correction: ""})
	if err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	reckoned := time.Since(begin)
	asked, err := b.stage.g.casework.Request(ctx, checker, run.Decision)
	if err != nil {
		return fmt.Errorf("read the decision: %w", err)
	}
	_, err = b.stage.g.casework.Approve(ctx, b.request("POST approve"), keep(&asked), checker,
		casework.Verdict{ID: asked.ID, Digest: asked.Digest, Reason: ""})
	if err != nil {
		return fmt.Errorf("approve: %w", err)
	}
	if err := b.stage.settle(ctx); err != nil {
		return err
	}
	took := time.Since(begin)
	shown, err := b.stage.g.personal.InterestRun(ctx, checker, run.ID)
	if err != nil || !shown.Progress.Done || shown.Progress.Count != b.items || shown.Digest == [sha256.Size]byte{} {
		return errors.Join(err, fmt.Errorf("%d of %d accounts are posted", shown.Progress.Count, b.items))
	}
	var copied time.Duration
	for table, which := range map[string]string{
		"interest_line": `where run_id = ` + strconv.FormatInt(run.ID, 10), "posting": `where kind = 'account_interest'`,
	} {
		one, err := b.copyTable(ctx, table, which)
		if err != nil {
			return fmt.Errorf("copy %s: %w", table, err)
		}
		copied += one
	}
	b.add("interest, book to posted", float64(b.items)/took.Seconds(), float64(b.items)/copied.Seconds(), //nolint:forbidigo // rates
		fmt.Sprintf("%d accounts in %.1f s, reckoned and written in %.1f s, peak resident %d MiB with the bench itself", b.items,
			took.Seconds(), reckoned.Seconds(), peakMiB()))
	return nil
}

// seedAccounts gives everybody an account of two parts, a contribution in May 2010 and
// the area a rate.
func (b *bench) seedAccounts(ctx context.Context) error {
	everybody := fmt.Sprintf(`from member m where m.area = 610304 and m.id <= %d`, benchFirstMember+b.items)
	entry := func(id int, kind, day, role string, amount int) string {
		return fmt.Sprintf(`
		with head as (
			insert into entry (area, id, scheme, kind, cause, accounted_on, effective_on, line_count, text, actor, booked_at)
			values (610304, %[1]d, 'rural', '%[2]s', 'bench:%[1]d', '2011-03-10', '%[3]s', %[6]d, 'bench', 'bench', now()) returning *)
		insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red, reversal,
			amount, cause_id, member_id)
		select area, id, 1, scheme, kind, effective_on, accounted_on, 'debit', 'personal_control', 'sum', false, false,
			%[5]d::bigint * (line_count - 1), null, null from head
		union all
		select h.area, h.id, 1 + row_number() over (), h.scheme, h.kind, h.effective_on, h.accounted_on, 'credit', '%[4]s', 'item',
			false, false, %[5]d, m.id + %[1]d * 100000000000, m.id
		from head h cross join (select id %[7]s) m`, id, kind, day, role, amount, b.items+1, everybody)
	}
	for _, sql := range []string{
		`insert into organisation (id, area, kind, name) values (2, 610304, 'agency_business', 'bench') on conflict do nothing`,
		`insert into officer (login, person_id, organisation_id, password_hash, created_at) values
			('bench-desk', 1, 2, '-', now()), ('bench-desk-checker', 2, 2, '-', now()) on conflict do nothing`,
		`insert into duty_grant (login, duty, granted_at)
			select login, duty, now() from (values ('bench-desk', 'maker'), ('bench-desk-checker', 'checker')) d (login, duty)
			where not exists (select from duty_grant g where g.login = d.login)`,
		// Once there is a book, two people decide a rule.
		`begin; set local session_replication_role = replica;
			insert into area_rule values (610304, 'interest_rate', '2010-01-01', '"2.25%"', 'bench'); commit`,
		entry(71, "opening", "2010-01-01", "personal_individual", 123_456),
		entry(72, "opening", "2010-01-01", "personal_interest", 6_543),
		entry(73, "contribution", "2010-05-20", "personal_individual", 10_000),
		`analyze posting`,
	} {
		if _, err := b.pool.Exec(ctx, sql); err != nil {
			return fmt.Errorf("seed accounts: %w", err)
		}
	}
	return nil
}
