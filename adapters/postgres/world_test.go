package postgres_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

const (
	chencang = party.Area(610304)
	village  = party.Region(610304101201)
)

// world is one county with one bank, its members, and the services under test.
type world struct {
	db      *postgres.DB
	d       pgtest.Database
	jobs    *jobList
	service *collection.Service
	counter *collection.Counter
	today   calendar.Day
	officer approval.Officer
	psbc    bank.Caller
	income  int64
	members []int64
	keys    int
}

// jobList keeps what transactions enqueue; a test works it off itself, so that
// every order and every crash can be tried.
type jobList struct {
	mu   sync.Mutex
	list []any
}

func (j *jobList) Enqueue(_ context.Context, _ pgx.Tx, jobs ...any) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, jobs...)
	return nil
}

// newWorld sets up a county of n members, each with a card, a mandate and a
// chosen amount of 100 yuan for 2011.
func newWorld(t *testing.T, n int) *world {
	t.Helper()
	db, d := pgtest.Open(t)
	w := &world{ //nolint:exhaustruct // filled below
		db: db, d: d, jobs: &jobList{}, today: calendar.MustDay("2011-03-10"), //nolint:exhaustruct // empty
		psbc: bank.Caller{Code: "psbc"}, //nolint:exhaustruct // no key needed
		officer: approval.Officer{
			Login: "maker", Person: 1, Organisation: approval.AgencyBusiness, Area: chencang, Region: 0,
			Duties: []approval.Duty{approval.Maker},
		},
	}
	db.UseJobs(w.jobs)
	w.seed(t, n)
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	w.service = collection.New(collection.Parts{
		Store: db.Collection(), Intake: bank.NewIntake(db.Receipts(), 1<<30), Writer: lineWriter{}, Reader: lineReader{},
		Days: days, Today: func() calendar.Day { return w.today },
	})
	w.counter = collection.NewCounter(w.service)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { w.counter.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	t.Cleanup(func() { w.casesHaveWords(t) })
	return w
}

// casesHaveWords looks that officers are told in words what each case is that was opened.
func (w *world) casesHaveWords(t *testing.T) {
	t.Helper()
	kinds := one[string](t, w, `select coalesce(string_agg(distinct kind, ' '), '') from exception_case where kind <> 'test'`)
	for kind := range strings.FieldsSeq(kinds) {
		if !collection.KnowsCase(kind) {
			t.Errorf("a case of kind %s has no words", kind)
		}
	}
}

func (w *world) seed(t *testing.T, n int) {
	t.Helper()
	w.sql(t, `insert into area values (610304, '陈仓区') on conflict do nothing`)
	w.sql(t, `insert into area_rule values (0, 'collection_mode', '2009-09-01', '"agency"', 'test'),
		(0, 'arrival_suspense_days', '2009-09-01', '3', 'test') on conflict do nothing`)
	w.sql(t, `insert into region values (610304101201, 610304, '虢镇村')`)
	w.sql(t, `insert into bank values (610304, 'psbc', '403100000004', '邮储银行', 'json', 1000)`)
	w.sql(t, `insert into book values (610304, 'rural', '2011-01-01', '2010-12-31')`)
	w.sql(t, `insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
		(610304, 11, 'rural', 'income', 'psbc', '961001010000000011', '收入户', '2011-01-01'),
		(610304, 12, 'rural', 'fiscal_special', 'psbc', '961001010000000012', '财政专户', '2011-01-01'),
		(610304, 13, 'rural', 'expenditure', 'psbc', '961001010000000013', '支出户', '2011-01-01')`)
	w.income = 11
	w.sql(t, fmt.Sprintf(`
		insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
		select 610304, 1000 + g, lpad((61030419500101000 + g)::text, 17, '0') || '0', 'S' || lpad(g::text, 8, '0'),
			'王' || g, 610304101201, 'rural', '2011-01-01' from generate_series(1, %d) g`, n))
	w.sql(t, `
		insert into instrument (area, id, member_id, bank, kind, account_no, activated, for_payout, opened_on)
		select area, id + 100000000, id, 'psbc', 'passbook', '6100' || id, true, true, '2011-01-01' from member`)
	w.sql(t, `
		insert into mandate (area, id, member_id, instrument_id, bank, number, signed_on)
		select area, id + 200000000, id, id + 100000000, 'psbc', 'M' || id, '2011-01-01' from member`)
	w.sql(t, `insert into tier_choice select area, id, 2011, 10000, '2011-01-01' from member`)
	for i := range n {
		w.members = append(w.members, int64(1001+i))
	}
}

func (w *world) sql(t *testing.T, sql string) {
	t.Helper()
	w.d.Exec(t, sql)
	// Rules that a test writes by hand are those that its area was set up with.
	if strings.Contains(sql, " area_rule ") || strings.Contains(sql, "into book ") {
		w.d.KeepRules(t)
	}
}

// one returns a single value, asked as the superuser.
func one[T any](t *testing.T, w *world, sql string, args ...any) T {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, w.d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	var v T
	if err := c.QueryRow(ctx, sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func (w *world) request(route, key string, content any) once.Request {
	if key == "" {
		w.keys++
		key = fmt.Sprintf("test-key-%08d", w.keys)
	}
	b, _ := json.Marshal(content)
	r := once.Request{Caller: "bank:psbc", Route: route, Key: key} //nolint:exhaustruct // below
	copy(r.Fingerprint[:], fmt.Sprintf("%-32.32s", fmt.Sprintf("%x", b)))
	r.Fingerprint = sumOf(b)
	return r
}

// result keeps the effect's own value, and renders a stable text of it.
func result[T any](into *T) once.Render {
	return func(v any) (once.Answer, error) {
		got, ok := v.(T)
		if !ok {
			return once.Answer{}, fmt.Errorf("result is %v, want %v", reflect.TypeOf(v), reflect.TypeFor[T]()) //nolint:exhaustruct // the rest is zero
		}
		*into = got
		return once.Answer{Status: 200, ContentType: "application/json", Body: []byte(`{}`), Replayed: false}, nil
	}
}

func (w *world) withhold(t *testing.T) collection.RunResult {
	t.Helper()
	var out collection.RunResult
	_, err := w.service.Withhold(context.Background(), w.request("POST /v1/withholding-runs", "", w.keys), result(&out),
		w.officer, collection.Run{Scheme: "rural", Year: 2011, Banks: nil})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *world) items(t *testing.T, b collection.Batch) []collection.ItemStanding {
	t.Helper()
	items, err := w.service.Items(context.Background(), b, 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func (w *world) results(t *testing.T, b collection.Batch, rs []collection.Result) (collection.Taken, error) {
	t.Helper()
	for i := range rs {
		rs[i].Line = i + 1
	}
	var out collection.Taken
	_, err := w.service.Results(context.Background(), w.request("POST results", "", rs), result(&out), 0, w.psbc, b.ID, rs)
	return out, err
}

func (w *world) arrive(t *testing.T, reference string, b collection.Batch, amount money.Amount) collection.Arrived {
	t.Helper()
	a := collection.Arrival{ //nolint:exhaustruct // a batch's arrival
		Amount: amount, BankReference: reference, ValueDate: w.today, Batch: b.ID,
	}
	var out collection.Arrived
	_, err := w.service.Arrive(context.Background(), w.request("POST /v1/arrivals", "", a), result(&out), 0, w.psbc,
		"961001010000000011", a)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// work runs every job that was enqueued, each twice: a job may always run again.
func (w *world) work(t *testing.T) {
	t.Helper()
	for {
		w.jobs.mu.Lock()
		list := w.jobs.list
		w.jobs.list = nil
		w.jobs.mu.Unlock()
		if len(list) == 0 {
			return
		}
		for _, j := range append(list, list...) {
			var err error
			switch j := j.(type) {
			case collection.AgreementReached:
				err = w.service.Post(context.Background(), j.Area, j.Agreement)
			case bank.ReceiptArrived:
				err = w.service.TakeInResultFile(context.Background(), j.Area, j.Receipt)
			default:
				t.Fatalf("no worker for %T", j)
			}
			if err != nil {
				t.Fatalf("job %+v: %v", j, err)
			}
		}
	}
}

// balanced proves that the book agrees with itself: both sets sum to zero.
func (w *world) balanced(t *testing.T) {
	t.Helper()
	for _, set := range []string{"not like", "like"} {
		diff := one[int64](t, w, `select coalesce(sum(case when (side = 'debit') <> red then amount else -amount end), 0)::bigint
			from posting where role `+set+` 'personal%'`)
		if diff != 0 {
			t.Errorf("trial balance, roles %s personal: debits and credits differ by %d fen", set, diff)
		}
	}
	income := one[int64](t, w, `select coalesce(sum(case when red then -amount else amount end), 0)::bigint from posting
		where role = 'contribution_individual'`)
	personal := one[int64](t, w, `select coalesce(sum(case when red then -amount else amount end), 0)::bigint from posting
		where role = 'personal_individual'`)
	if income != personal {
		t.Errorf("contribution income is %d fen, personal accounts hold %d", income, personal)
	}
}

func succeeded(i collection.ItemStanding) collection.Result {
	amount := i.Amount
	return collection.Result{ //nolint:exhaustruct // what a plain success says
		Item: i.ID, Outcome: bank.OutcomeSucceeded, Amount: &amount, BankReference: fmt.Sprintf("R%d", i.ID),
		ValueDate: calendar.MustDay("2011-03-10"),
	}
}

func failed(i collection.ItemStanding, code string) collection.Result {
	return collection.Result{Item: i.ID, Outcome: bank.OutcomeFailed, Code: code} //nolint:exhaustruct // a plain failure
}

// lineWriter and lineReader are a format as simple as can be; the banks' own
// formats have tests of their own.
type lineWriter struct{}

func (lineWriter) CheckWithholding(collection.Partner, collection.Due) error { return nil }

func (lineWriter) WithholdingRows(collection.Partner) int { return 0 }

func (lineWriter) WithholdingFileName(_ collection.Partner, b collection.Batch) string {
	return "W" + b.Number + ".TXT"
}

func (lineWriter) WriteWithholding(
	w io.Writer, _ collection.Partner, b collection.Batch, items func(yield func(collection.Item) error) error,
) error {
	return items(func(i collection.Item) error {
		_, err := fmt.Fprintf(w, "%s|%d|%s\n", b.Number, i.ID, i.Amount)
		return err
	})
}

type lineReader struct{}

// ReadResults reads lines "item outcome amount code" and needs a last line "end".
func (lineReader) ReadResults(
	_ context.Context, _ collection.Partner, _ bank.Receipt, body io.Reader, emit bank.Emit,
) error {
	all, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	line := 0
	for row := range splitLines(string(all)) {
		line++
		if row == "end" {
			return emit(bank.End{Entries: 0, Items: 0, Results: line - 1, Problems: 0})
		}
		var item, outcome, amount, code string
		if n, _ := fmt.Sscan(row, &item, &outcome, &amount, &code); n < 3 {
			return fmt.Errorf("line %d is malformed", line)
		}
		o, err := bank.ParseOutcome(outcome)
		if err != nil {
			return err
		}
		figure, err := bank.ParseFigure(amount)
		if err != nil {
			return err
		}
		r := bank.Result{Line: line, ItemID: item, Level: "item", Outcome: o, Code: code, Amount: &figure} //nolint:exhaustruct // the rest is zero
		if item == "file" {
			r.ItemID, r.Level, r.Amount = "", "file", nil
		}
		if err := emit(r); err != nil {
			return err
		}
	}
	return nil
}
