package postgres_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"
	"time"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/ledger"
	"twoline/reconcile/proof"
)

// BenchmarkVerify verifies a book of as many items as TWOLINE_VERIFY_ITEMS says
// (10 000 where it says nothing), each with two lines, made by the real services in
// batches of ten thousand and sealed. It reports postings a second and
// the most heap in use between two invariants.
func BenchmarkVerify(b *testing.B) {
	items := 10_000
	if s := os.Getenv("TWOLINE_VERIFY_ITEMS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		items = n
	}
	w := newBigWorld(b, items)
	var postings int64
	w.ask(`select count(*) from posting`, &postings)
	debug.FreeOSMemory()
	var m runtime.MemStats
	var most uint64
	sample := func(string, int, int) {
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapInuse)
	}
	for b.Loop() {
		r, err := w.db.Verify(context.Background(), postgres.Verification{Files: proofFormat{}, Progress: sample})
		if err != nil {
			b.Fatal(err)
		}
		if first, breached := r.First(); breached {
			b.Fatal(first)
		}
		slices.SortFunc(r.Findings, func(a, b proof.Finding) int { return int(b.Elapsed - a.Elapsed) })
		for _, f := range r.Findings[:8] {
			b.Logf("%-14s %9d rows %s", f.ID, f.Rows, f.Elapsed)
		}
	}
	b.ReportMetric(float64(postings)*float64(b.N)/b.Elapsed().Seconds(), "postings/s")
	b.ReportMetric(float64(most)/(1<<20), "heap-MiB")
}

// newBigWorld lives one year of n members who all pay.
func newBigWorld(tb testing.TB, n int) *proofWorld {
	tb.Helper()
	db, d := pgtest.Open(tb)
	w := &proofWorld{t: tb, db: db, d: d, today: calendar.MustDay("2011-03-01")}
	db.UseJobs(w)
	w.books = pgtest.SeedBooks(tb, d, proofArea, ledger.Rural, w.today)
	for _, sql := range []string{
		`insert into region values (610305101201, 610305, 'test')`,
		`insert into member select 610305, g, (61030519500101000 + g)::text || '0', 'S' || lpad(g::text, 8, '0'),
		    'name',
			610305101201, 'rural', '2011-01-01' from generate_series(1, %d) g`,
		`insert into instrument select 610305, g, g, 'psbc', 'passbook', '61' || g, null, true, true, '2011-01-01'
			from generate_series(1, %d) g`,
		`insert into mandate select 610305, g, g, g, 'psbc', 'M' || g, '2011-01-01' from generate_series(1, %d) g`,
		`insert into tier_choice select 610305, g, 2011, 10000, '2011-01-01' from generate_series(1, %d) g`,
		`analyze`,
	} {
		if len(sql) > 20 && sql[:18] != "insert into region" {
			sql = fmt.Sprintf(sql, n)
		}
		d.Exec(tb, sql)
	}
	days, err := calendar.Official()
	w.must(err)
	w.intake = bank.NewIntake(db.Receipts(), 1<<30)
	w.service = collection.New(collection.Parts{
		Store: db.Collection(), Intake: w.intake, Writer: proofFormat{}, Reader: proofFormat{}, Days: days,
		Today: func() calendar.Day { return w.today },
	})
	w.today = calendar.MustDay("2011-03-10")
	for i, batch := range w.withhold(2011) {
		items, err := w.service.Items(tb.Context(), batch, 0, 1_000_000)
		w.must(err)
		results := make([]collection.Result, len(items))
		for i, item := range items {
			results[i] = w.paid(item)
		}
		w.results(batch, results...)
		w.arrive(collection.Arrival{Amount: batch.Amount, BankReference: fmt.Sprintf("L%d", i), Batch: batch.ID})
	}
	w.today = calendar.MustDay("2011-03-20")
	_, err = ledger.NewService(db.Ledger(), func() calendar.Day { return w.today }).
		SealThrough(tb.Context(), proofArea, ledger.Rural, calendar.MustDay("2011-03-19"))
	w.must(err)
	d.Exec(tb, `analyze`)
	tb.Logf("%d items made at %s", n, time.Now().Format(time.TimeOnly))
	return w
}
