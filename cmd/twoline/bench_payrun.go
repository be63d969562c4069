package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
)

const benchPension money.Amount = 55_00

const (
	benchArea   = 610304
	benchFiscal = 12
	benchPayout = 13
)

// payRun pays everybody their pension once: roster, freeze, three people, the
// banks' files, their results, posted. Its limit is what PostgreSQL needs to take
// the same finished rows by COPY, with the tables' keys and checks.
func (b *bench) payRun(ctx context.Context) error {
	if err := b.seedPensioners(ctx); err != nil {
		return err
	}
	run, prepared, err := b.prepare(ctx)
	if err != nil {
		return err
	}
	begin := time.Now()
	batches, err := b.releaseRun(ctx, run)
	if err != nil {
		return err
	}
	released := time.Since(begin)
	for _, batch := range batches {
		if err := b.answerPayments(ctx, batch); err != nil {
			return err
		}
	}
	if err := b.stage.settle(ctx); err != nil {
		return err
	}
	took := prepared + time.Since(begin)
	began := time.Now()
	proof, err := b.stage.g.payout.Proof(ctx, benchOfficer("bench-maker"), run.ID)
	if err != nil {
		return err
	}
	if proof.Paid.Count != b.items || len(proof.Breaks) > 0 {
		return fmt.Errorf("%d of %d pensions are paid, and the proof breaks at %v", proof.Paid.Count, b.items, proof.Breaks)
	}
	proving := time.Since(began)
	limit, err := b.copyRun(ctx, run.ID)
	if err != nil {
		return err
	}
	b.add("payrun, entitled to posted", float64(b.items)/took.Seconds(), limit, //nolint:forbidigo // a rate
		fmt.Sprintf("%d pensions in %.1f s, from release to %d files %.1f s, its cycle proof %.2f s, peak resident %d MiB with the bench itself",
			b.items, took.Seconds(), len(batches), released.Seconds(), proving.Seconds(), peakMiB()))
	return nil
}

// seedPensioners makes everybody of the county a pensioner, and the expenditure
// account hold the month's money.
func (b *bench) seedPensioners(ctx context.Context) error {
	for _, sql := range []string{
		`insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
			(610304, 13, 'rural', 'expenditure', 'psbc', '961001010000000013', 'bench', '2011-01-01')`,
		`insert into person (id, name) values (3, 'bench releaser')`,
		`insert into organisation (id, area, kind, name) values (2, 610304, 'agency_business', 'bench')`,
		`insert into officer (login, person_id, organisation_id, password_hash, created_at) values
			('bench-desk', 1, 2, '-', now()), ('bench-desk-checker', 2, 2, '-', now()), ('bench-releaser', 3, 1, '-', now())`,
		`insert into duty_grant (login, duty, granted_at) values
			('bench-desk', 'maker', now()), ('bench-desk-checker', 'checker', now()), ('bench-releaser', 'releaser', now())`,
		fmt.Sprintf(`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
			select area, id, 'base_pension', '2011-01-01', %d, 'bench', 'bench', now() from member where id <= %d`,
			benchPension, benchFirstMember+b.items),
		`analyze entitlement`,
	} {
		if _, err := b.pool.Exec(ctx, sql); err != nil {
			return fmt.Errorf("seed: %w", err)
		}
	}
	total := benchPension * money.Amount(b.items)
	book := songpanBook{area: benchArea, fiscal: benchFiscal, expenditure: benchPayout}
	subsidy := book.receipt("bench", ledger.SubsidyReceipt, ledger.SubsidyOther, total, "subsidy")
	allocation := book.entry("bench allocation", ledger.Allocation, total, "allocation",
		[2]ledger.Role{ledger.Expenditure, ledger.FiscalSpecial})
	for _, e := range []*ledger.Entry{&subsidy, &allocation} {
		e.AccountedOn, e.EffectiveOn = calendar.MustDay("2011-03-10"), calendar.MustDay("2011-03-10")
	}
	return b.stage.g.db.BookVouchers(ctx, "bench", subsidy, allocation)
}

func benchOfficer(login string) approval.Officer {
	o := approval.Officer{
		Login: login, Person: 1, Organisation: approval.AgencyFinance, Area: benchArea, Region: 0,
		Duties: []approval.Duty{approval.Maker},
	}
	switch login {
	case "bench-desk":
		o.Organisation = approval.AgencyBusiness
	case "bench-desk-checker":
		o.Organisation, o.Person, o.Duties = approval.AgencyBusiness, 2, []approval.Duty{approval.Checker}
	case "bench-checker":
		o.Person, o.Duties = 2, []approval.Duty{approval.Checker}
	case "bench-award":
		o.Organisation = approval.AgencyBusiness
	case "bench-award-checker":
		o.Organisation, o.Person, o.Duties = approval.AgencyBusiness, 2, []approval.Duty{approval.Checker}
	case "bench-releaser":
		o.Person, o.Duties = 3, []approval.Duty{approval.Releaser}
	}
	return o
}

// keep renders a result and hands it to the bench.
func keep[T any](into *T) once.Render {
	return func(v any) (once.Answer, error) {
		*into, _ = v.(T)
		return renderJSON(v)
	}
}

// prepare drafts, freezes and approves the month's run.
func (b *bench) prepare(ctx context.Context) (disbursement.Run, time.Duration, error) {
	begin := time.Now()
	var drafted disbursement.Drafted
	_, err := b.stage.g.payout.Draft(ctx, b.request("POST /v1/pay-runs"), keep(&drafted), benchOfficer("bench-desk"),
		disbursement.Order{Scheme: ledger.Rural, Month: calendar.MustMonth("2011-03"), Kind: disbursement.Regular, Items: nil})
	if err != nil {
		return drafted.Run, 0, fmt.Errorf("draft: %w", err)
	}
	var frozen disbursement.Submitted
	_, err = b.stage.g.payout.Submit(ctx, b.request("POST submit"), keep(&frozen), benchOfficer("bench-desk"), drafted.Run.ID)
	if err != nil {
		return frozen.Run, 0, fmt.Errorf("submit: %w", err)
	}
	_, err = b.stage.g.payout.Approve(ctx, b.request("POST approve"), renderJSON, benchOfficer("bench-desk-checker"),
		disbursement.Verdict{Run: frozen.Run.ID, Digest: frozen.Run.Digest, Reason: ""})
	if err != nil {
		return frozen.Run, 0, fmt.Errorf("approve: %w", err)
	}
	return frozen.Run, time.Since(begin), nil
}

// releaseRun lets the run go and writes its files as the banks fetch them, each
// against the digest that was frozen.
func (b *bench) releaseRun(ctx context.Context, run disbursement.Run) ([]disbursement.Batch, error) {
	var out disbursement.ReleaseResult
	_, err := b.stage.g.payout.Release(ctx, b.request("POST release"), keep(&out), benchOfficer("bench-releaser"),
		disbursement.Verdict{Run: run.ID, Digest: run.Digest, Reason: ""})
	if err != nil {
		return nil, fmt.Errorf("release: %w", err)
	}
	for _, batch := range out.Batches {
		digest := sha256.New()
		if err := b.stage.g.payout.WriteFile(ctx, digest, batch); err != nil {
			return nil, fmt.Errorf("write file: %w", err)
		}
		if [sha256.Size]byte(digest.Sum(nil)) != batch.FileDigest {
			return nil, errors.New("a file differs from what was frozen")
		}
	}
	return out.Batches, nil
}

// answerPayments has the bank take a batch and answer that all of it was paid.
func (b *bench) answerPayments(ctx context.Context, batch disbursement.Batch) error {
	file, err := os.CreateTemp("", "twoline-bench-*.jsonl")
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // of the bench
	defer file.Close()           //nolint:errcheck // read only from here
	n := 0
	fmt.Fprintln(file, `{"type":"file","format":"jsonl","kind":"result"}`)
	err = b.stage.g.payout.EachItem(ctx, batch, func(i disbursement.Item) error {
		n++
		_, err := fmt.Fprintf(file, `{"type":"result","batch":0,"index":%d,"item_id":"%d","level":"item",`+
			`"outcome":"succeeded","class":"SUCCESS","amount":"%s","value_date":"2011-03-10"}`+"\n", n-1, i.ID, i.Sum())
		return err //nolint:wrapcheck // of a file
	})
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	fmt.Fprintf(file, `{"type":"end","entries":0,"items":0,"results":%d,"problems":0}`+"\n", n)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	_, err = b.stage.g.intake.Receive(ctx, b.request("PUT result-file"), renderJSON, bank.Receipt{ //nolint:exhaustruct // the intake's
		Area: batch.Area, Bank: psbc, Kind: bank.ReceiptPaymentResultFile, Subject: batch.ID,
		Name: strconv.FormatInt(batch.ID, 10) + ".jsonl", ReceivedBy: "bank:psbc",
	}, file, func([32]byte) error { return nil })
	return err //nolint:wrapcheck // says enough
}

// copyRun is the rate at which PostgreSQL takes the run's finished rows by COPY,
// into tables like ours with their keys and checks, but without triggers.
func (b *bench) copyRun(ctx context.Context, run int64) (float64, error) { //nolint:forbidigo // a rate, not money
	var took time.Duration
	for table, which := range map[string]string{
		"roster_line":  `where roster_id = (select roster_id from pay_run where id = $1)`,
		"payment_item": `where batch_id in (select id from payment_batch where run_id = $1)`,
		"answer":       `where batch_id in (select id from payment_batch where run_id = $1)`,
		"posting":      `where batch_id in (select id from payment_batch where run_id = $1)`,
	} {
		which = strings.Replace(which, "$1", strconv.FormatInt(run, 10), 1)
		one, err := b.copyTable(ctx, table, which)
		if err != nil {
			return 0, fmt.Errorf("copy %s: %w", table, err)
		}
		took += one
	}
	return float64(b.items) / took.Seconds(), nil //nolint:forbidigo // a rate, not money
}

func (b *bench) copyTable(ctx context.Context, table, which string) (time.Duration, error) {
	file, err := os.CreateTemp("", "twoline-bench-*.copy")
	if err != nil {
		return 0, fmt.Errorf("make file: %w", err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // of the bench
	defer file.Close()           //nolint:errcheck // read only from here
	name := pgx.Identifier{"bench_" + table}.Sanitize()
	c, err := b.pool.Acquire(ctx)
	if err != nil {
		return 0, fmt.Errorf("get connection: %w", err)
	}
	defer c.Release()
	source := pgx.Identifier{"bench_rows_" + table}.Sanitize()
	if _, err := c.Exec(ctx, `create view `+source+` as select `+table+`.* from `+table+` `+which); err != nil {
		return 0, fmt.Errorf("choose rows: %w", err)
	}
	if _, err := c.Conn().PgConn().CopyTo(ctx, file, `copy (table `+source+`) to stdout (format binary)`); err != nil {
		return 0, fmt.Errorf("read rows: %w", err)
	}
	_, err = c.Exec(ctx, `create table `+name+` (like `+table+` including indexes including constraints)`)
	if err != nil {
		return 0, fmt.Errorf("make table: %w", err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("read rows: %w", err)
	}
	begin := time.Now()
	_, err = c.Conn().PgConn().CopyFrom(ctx, file, `copy `+name+` from stdin (format binary)`)
	return time.Since(begin), err
}
