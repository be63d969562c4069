package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
)

// benchCommand measures on a private, durable PostgreSQL, each figure beside the
// limit of the machine measured in the same run.
type benchCommand struct {
	Name  string        `arg:"" optional:"" enum:"single,batch,import,payrun,interest,reconcile,awards,all" default:"all" help:"single: one payment with idempotency. batch: 1 000 results a request. import: a file of results taken in, posted and swept. payrun: a month's pensions from entitlement to posting. interest: a year's interest from the book to its posting. reconcile: a statement matched with the book. awards: every member's pension computed from rules and facts."`
	For   time.Duration `name:"for" default:"8s" help:"How long each rate is measured."`
	Items int           `default:"157562" help:"Lines of the import, of the pay run and of the statement, and members of the awards."`
	JSON  bool          `name:"json" help:"Print the figures as JSON."`
}

// figure is one measurement beside its limit.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"per_second"`       //nolint:forbidigo // a rate, not money
	Limit float64 `json:"limit_per_second"` //nolint:forbidigo // a rate, not money
	Ratio float64 `json:"ratio"`            //nolint:forbidigo // a rate, not money
	Text  string  `json:"text,omitempty"`
}

// Run measures.
func (cmd *benchCommand) Run(a *app) (err error) {
	s, err := openStage(a, calendar.MustDay("2011-03-10"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	b := &bench{stage: s, seconds: cmd.For, items: cmd.Items, figures: nil, keys: atomic.Int64{}, pool: nil}
	pool, err := pgxpool.ParseConfig(s.owner)
	if err != nil {
		return fmt.Errorf("read address: %w", err)
	}
	pool.MaxConns = 40
	if b.pool, err = pgxpool.NewWithConfig(a.ctx, pool); err != nil {
		return fmt.Errorf("open pool: %w", err)
	}
	defer b.pool.Close()
	if cmd.Name != "reconcile" {
		if err := b.seed(a.ctx, cmd); err != nil {
			return err
		}
	}
	for _, one := range []struct {
		name string
		run  func(context.Context) error
	}{{"single", b.single}, {"batch", b.batch}, {"import", b.importFile}, {"payrun", b.payRun}, {"interest", b.interest}, {"awards", b.awardRun}, {"reconcile", b.reconcile}} {
		if cmd.Name != "all" && cmd.Name != one.name {
			continue
		}
		if err := one.run(a.ctx); err != nil {
			return fmt.Errorf("bench %s: %w", one.name, err)
		}
	}
	if cmd.JSON {
		return printJSON(a.std.out, b.figures)
	}
	for _, f := range b.figures {
		fmt.Fprintf(a.std.out, "%-34s %10.0f /s   limit %10.0f /s   ratio %5.2f   %s\n", f.Name, f.Value, f.Limit, f.Ratio, f.Text)
	}
	return nil
}

// bench is the state of one measurement.
type bench struct {
	stage   *stage
	pool    *pgxpool.Pool
	seconds time.Duration
	items   int
	figures []figure
	keys    atomic.Int64
}

const (
	benchFirstMember = 10_000_000
	// benchPayers pay at counters, each up to fifty times.
	benchPayers  = 200_000
	benchPayment = 100_00
)

// seed makes a county as large as the measurement needs, by SQL: how it came to
// be is not what is measured.
func (b *bench) seed(ctx context.Context, cmd *benchCommand) error {
	members := cmd.Items
	if cmd.Name == "awards" {
		// Awards have members of their own.
		members = 0
	}
	if cmd.Name == "single" || cmd.Name == "all" {
		members += benchPayers
	}
	for _, sql := range []string{
		`insert into area values (610304, '陈仓区')`,
		`insert into area_rule values (610304, 'collection_mode', '2009-09-01', '"agency"', 'bench')`,
		`insert into region values (610304101201, 610304, '东关村')`,
		`insert into bank values (610304, 'psbc', '403100000004', '邮储', 'jsonl', 150000)`,
		`insert into book values (610304, 'rural', '2011-01-01', '2010-12-31')`,
		`insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
			(610304, 11, 'rural', 'income', 'psbc', '961001010000000011', '收入户', '2011-01-01'),
			(610304, 12, 'rural', 'fiscal_special', 'psbc', '961001010000000012', '财政专户', '2011-01-01')`,
		`insert into person (id, name) values (1, 'bench maker'), (2, 'bench checker')`,
		`insert into organisation (id, area, kind, name) values (1, 610304, 'agency_finance', 'bench')`,
		`insert into officer (login, person_id, organisation_id, password_hash, created_at) values
			('bench-maker', 1, 1, '-', now()), ('bench-checker', 2, 1, '-', now())`,
		`insert into duty_grant (login, duty, granted_at) values
			('bench-maker', 'maker', now()), ('bench-checker', 'checker', now())`,
		fmt.Sprintf(`insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
			select 610304, 10000000 + g, lpad((61000000000000000 + g)::text, 17, '0') || '0', 'S' || lpad(g::text, 9, '0'),
				'王建国', 610304101201, 'rural', '2011-01-01' from generate_series(1, %d) g`, members),
		fmt.Sprintf(`insert into instrument (area, id, member_id, bank, kind, account_no, activated, for_payout, opened_on)
			select area, id + 1000000000, id, 'psbc', 'passbook', '6010' || id, true, true, '2011-01-01' from member
			where id <= %d`, benchFirstMember+cmd.Items),
		`insert into mandate (area, id, member_id, instrument_id, bank, number, signed_on)
			select area, id + 1000000000, member_id, id, 'psbc', 'M' || id, '2011-01-01' from instrument`,
		fmt.Sprintf(`insert into tier_choice select area, id, 2011, case when id > %d then 500000 else 10000 end, '2011-01-01'
			from member`, benchFirstMember+cmd.Items),
		`create table bench_limit (id bigint generated always as identity primary key, caller text, key text, body text)`,
		`analyze member, instrument, mandate, tier_choice`,
	} {
		if _, err := b.pool.Exec(ctx, sql); err != nil {
			return fmt.Errorf("seed: %w", err)
		}
	}
	return nil
}

// limit is the rate of single-row inserts with 32 connections, each its own
// transaction: what the machine's disk and PostgreSQL give anybody.
func (b *bench) limit(ctx context.Context) (float64, error) { //nolint:forbidigo // a rate, not money
	n, _, took, err := b.load(ctx, 32, func(ctx context.Context, i int64) error {
		_, err := b.pool.Exec(ctx, `insert into bench_limit (caller, key, body) values ($1, $2, $3)`, "bank:psbc",
			strconv.FormatInt(i, 10), `{"receipt_id":"100001","status":"received"}`)
		return err
	})
	return float64(n) / took.Seconds(), err //nolint:forbidigo // a rate, not money
}

// load runs fn from parallel callers for the measured time.
func (b *bench) load(
	ctx context.Context, parallel int, fn func(context.Context, int64) error,
) (int64, *hdrhistogram.Histogram, time.Duration, error) {
	var count, serial atomic.Int64
	var mu sync.Mutex
	var failed error
	all := hdrhistogram.New(1, 60_000_000, 3)
	begin := time.Now()
	stop := begin.Add(b.seconds)
	var wg sync.WaitGroup
	for range parallel {
		wg.Go(func() {
			own := hdrhistogram.New(1, 60_000_000, 3)
			for time.Now().Before(stop) && ctx.Err() == nil {
				at := time.Now()
				if err := fn(ctx, serial.Add(1)); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
				_ = own.RecordValue(time.Since(at).Microseconds()) // bounded above by the time-outs
				count.Add(1)
			}
			mu.Lock()
			all.Merge(own)
			mu.Unlock()
		})
	}
	wg.Wait()
	return count.Load(), all, time.Since(begin), failed
}

func (b *bench) add(name string, value, limit float64, text string) { //nolint:forbidigo // rates, not money
	b.figures = append(b.figures, figure{Name: name, Value: value, Limit: limit, Ratio: value / limit, Text: text})
}

// single takes payments one a request, at 64 and at 256 callers.
func (b *bench) single(ctx context.Context) error {
	var next atomic.Int64
	for _, parallel := range []int{64, 256} {
		limit, err := b.limit(ctx)
		if err != nil {
			return err
		}
		n, latency, took, err := b.load(ctx, parallel, func(ctx context.Context, _ int64) error {
			n := next.Add(1)
			member := benchFirstMember + int64(b.items) + 1 + n%benchPayers
			p := collection.CounterPayment{ //nolint:exhaustruct // the gateway fills the rest
				Member: member, Year: 2011, Amount: benchPayment, Channel: "terminal", Terminal: "T1",
				PaidOn: calendar.MustDay("2011-03-10"), BankReference: fmt.Sprintf("B%d", n),
			}
			_, err := b.stage.g.counter.Pay(ctx, b.request("POST /v1/contributions"), renderJSON,
				bank.Caller{Code: psbc, KeyID: ""}, postIncome, p)
			return err
		})
		if err != nil {
			return err
		}
		b.add(fmt.Sprintf("single, %d callers", parallel), float64(n)/took.Seconds(), limit, //nolint:forbidigo // a rate
			fmt.Sprintf("p50 %.1f ms, p99 %.1f ms", float64(latency.ValueAtQuantile(50))/1000, //nolint:forbidigo // a time
				float64(latency.ValueAtQuantile(99))/1000)) //nolint:forbidigo // a time
	}
	return nil
}

func (b *bench) request(route string) once.Request {
	return once.Request{ //nolint:exhaustruct // any fingerprint
		Caller: "bank:psbc", Route: route, Key: fmt.Sprintf("bench-%012d", b.keys.Add(1)),
	}
}

func renderJSON(v any) (once.Answer, error) {
	body, err := json.Marshal(struct {
		Result string `json:"result"`
	}{fmt.Sprintf("%T", v)})
	return once.Answer{Status: 200, ContentType: "application/json", Body: body, Replayed: false}, err
}

func (b *bench) withhold(ctx context.Context) ([]collection.Batch, time.Duration, error) {
	var run collection.RunResult
	begin := time.Now()
	_, err := b.stage.g.collection.Withhold(ctx, b.request("POST /v1/withholding-runs"), keep(&run), operatorOf(610304), collection.Run{Scheme: "rural", Year: 2011, Banks: nil})
	return run.Batches, time.Since(begin), err
}

// batchLines is how many lines batch sends, in requests of 1 000.
const batchLines = 60_000

// batch answers items in requests of 1 000 lines, from four callers, each with
// batches of its own. The requests are made beforehand: a bank has its own list.
func (b *bench) batch(ctx context.Context) error {
	if _, err := b.pool.Exec(ctx, `update bank set row_limit = 15000`); err != nil {
		return fmt.Errorf("smaller batches: %w", err)
	}
	batches, _, err := b.withhold(ctx)
	if err != nil {
		return err
	}
	limit, err := b.limit(ctx)
	if err != nil {
		return err
	}
	const callers = 4
	work := make([][]resultRequest, callers)
	lines := 0
	for i, batch := range batches {
		requests, err := b.requestsFor(ctx, batch, batchLines-lines)
		if err != nil {
			return err
		}
		for _, r := range requests {
			lines += len(r.results)
		}
		work[i%callers] = append(work[i%callers], requests...)
	}
	var wg sync.WaitGroup
	failed := make([]error, callers)
	begin := time.Now()
	for i := range callers {
		wg.Go(func() {
			for _, r := range work[i] {
				_, failed[i] = b.stage.g.collection.Results(ctx, b.request("POST results"), renderJSON, 0,
					bank.Caller{Code: psbc, KeyID: ""}, r.batch, r.results)
				if failed[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(begin)
	if err := errors.Join(failed...); err != nil {
		return err
	}
	b.add("batch, 1 000 results a request", float64(lines)/took.Seconds(), limit, //nolint:forbidigo // a rate
		fmt.Sprintf("%d lines, %d callers, answers per line kept", lines, callers))
	return nil
}

// resultRequest is one request with results of a batch.
type resultRequest struct {
	batch   int64
	results []collection.Result
}

// requestsFor answers a batch's items as its bank would, at most n of them.
func (b *bench) requestsFor(ctx context.Context, batch collection.Batch, n int) ([]resultRequest, error) {
	var out []resultRequest
	for after := 0; after < min(batch.Count, n); after += 1000 {
		items, err := b.stage.g.collection.Items(ctx, batch, after, 1000)
		if err != nil {
			return nil, err
		}
		results := make([]collection.Result, len(items))
		for i, item := range items {
			amount := item.Amount
			results[i] = collection.Result{ //nolint:exhaustruct // a plain success
				Line: i + 1, Item: item.ID, Outcome: bank.OutcomeSucceeded, Amount: &amount,
				BankReference: "R" + strconv.FormatInt(item.ID, 10), ValueDate: calendar.MustDay("2011-03-10"),
			}
		}
		out = append(out, resultRequest{batch: batch.ID, results: results})
	}
	return out, nil
}

// importFile takes a whole run's results in as files, posts and sweeps them.
func (b *bench) importFile(ctx context.Context) error {
	batches, frozen, err := b.withhold(ctx)
	if err != nil {
		return fmt.Errorf("withholding run: %w", err)
	}
	limit, err := b.copyLimit(ctx)
	if err != nil {
		return err
	}
	begin := time.Now()
	lines := 0
	for _, batch := range batches {
		if err := b.sendFile(ctx, batch); err != nil {
			return err
		}
		lines += batch.Count
	}
	if err := b.stage.settle(ctx); err != nil {
		return err
	}
	if err := b.sweep(ctx); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	took := time.Since(begin)
	var posted int
	err = b.pool.QueryRow(ctx, `select count(*) from posting where nature = 'item' and role = 'personal_individual'`).Scan(&posted)
	if err != nil {
		return fmt.Errorf("count postings: %w", err)
	}
	if posted < lines {
		return fmt.Errorf("%d of %d items are posted", posted, lines)
	}
	b.add("import, results to swept", float64(lines)/took.Seconds(), limit, //nolint:forbidigo // a rate
		fmt.Sprintf("%d lines in %.1f s, frozen in %.1f s before, peak resident %d MiB with the bench itself", lines,
			took.Seconds(), frozen.Seconds(), peakMiB()))
	return nil
}

// sweep moves what was collected to the fiscal special account, by two people.
func (b *bench) sweep(ctx context.Context) error {
	var made fundtransfer.Transfer
	_, err := b.stage.g.transfers.Submit(ctx, b.request("POST /v1/fund-transfers"), keep(&made),
		benchOfficer("bench-maker"), fundtransfer.Instruction{ //nolint:exhaustruct // a sweep of all
			Kind: ledger.Sweep, From: 11, To: 12, All: true, EffectiveOn: calendar.MustDay("2011-03-10"), Document: "bench",
		})
	if err != nil {
		return err
	}
	_, err = b.stage.g.transfers.Approve(ctx, b.request("POST approve"), renderJSON,
		benchOfficer("bench-checker"), fundtransfer.Verdict{ID: made.ID, Digest: made.Digest, Reason: ""})
	return err
}

// copyLimit is the rate at which PostgreSQL takes the same rows by COPY: two
// postings an item with their indexes, in a table like ours without triggers.
func (b *bench) copyLimit(ctx context.Context) (float64, error) { //nolint:forbidigo // a rate, not money
	_, err := b.pool.Exec(ctx, `create table bench_posting (like posting including indexes)`)
	if err != nil {
		return 0, fmt.Errorf("make table: %w", err)
	}
	n := min(b.items, 100_000)
	begin := time.Now()
	columns := []string{
		"area", "entry_id", "line", "scheme", "kind", "effective_on", "accounted_on", "side", "role", "nature", "red",
		"reversal", "amount", "fund_account", "batch_id", "cause_id", "member_id", "year",
	}
	day := calendar.MustDay("2011-03-10").Time()
	_, err = b.pool.CopyFrom(ctx, pgx.Identifier{"bench_posting"}, columns, pgx.CopyFromSlice(2*n, func(i int) ([]any, error) {
		role := "contribution_individual"
		if i%2 == 1 {
			role = "personal_individual"
		}
		return []any{
			int32(610304), int64(1 + i/10_000), int32(1 + i%10_000), "rural", "contribution", day, day, "credit", role, "item",
			false, false, int64(10_000), int64(11), int64(7), int64(i / 2), int64(i / 2), int16(2011),
		}, nil
	}))
	if err != nil {
		return 0, fmt.Errorf("copy: %w", err)
	}
	return float64(n) / time.Since(begin).Seconds(), nil //nolint:forbidigo // a rate, not money
}

// sendFile uploads a result file of a batch as its bank would, and the arrival.
func (b *bench) sendFile(ctx context.Context, batch collection.Batch) error {
	var file strings.Builder
	fmt.Fprintf(&file, `{"type":"file","format":"jsonl","kind":"result"}`+"\n")
	n := 0
	for after := 0; after < batch.Count; after += 10_000 {
		items, err := b.stage.g.collection.Items(ctx, batch, after, 10_000)
		if err != nil {
			return err
		}
		for _, i := range items {
			fmt.Fprintf(&file, `{"type":"result","batch":0,"index":%d,"item_id":"%d","level":"item","outcome":"succeeded",`+
				`"class":"SUCCESS","amount":"%s"}`+"\n", n, i.ID, i.Amount)
			n++
		}
	}
	fmt.Fprintf(&file, `{"type":"end","entries":0,"items":0,"results":%d,"problems":0}`+"\n", n)
	head := bank.Receipt{ //nolint:exhaustruct // the intake fills the rest
		Area: batch.Area, Bank: psbc, Kind: bank.ReceiptResultFile, Subject: batch.ID, Name: batch.Number + ".jsonl",
		ReceivedBy: "bank:psbc",
	}
	_, err := b.stage.g.intake.Receive(ctx, b.request("PUT result-file"), renderJSON, head,
		strings.NewReader(file.String()), func([32]byte) error { return nil })
	if err != nil {
		return err
	}
	_, err = b.stage.g.collection.Arrive(ctx, b.request("POST /v1/arrivals"), renderJSON, batch.Area,
		bank.Caller{Code: psbc, KeyID: ""}, postIncome, collection.Arrival{ //nolint:exhaustruct // a batch's arrival
			Amount: batch.Amount, BankReference: "L" + batch.Number, ValueDate: calendar.MustDay("2011-03-10"), Batch: batch.ID,
		})
	return err
}

// peakMiB is the highest resident size of this process so far; 0 where unknown.
func peakMiB() int {
	runtime.GC()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			if err == nil {
				return kib / 1024
			}
		}
	}
	return 0
}
