package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"twoline/adapters/bank/profile"
	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/gateway/party"
)

const (
	lostMembers = 160
	lostArea    = party.Area(610304)
	lostIncome  = "961001010000000011"
)

// lostCommits is a gateway whose connections to PostgreSQL run through a proxy
// that loses commits.
type lostCommits struct {
	g        *gateway
	d        pgtest.Database
	proxy    *commitProxy
	today    calendar.Day
	psbc     bank.Caller
	commands int
	unsure   int
}

// TestF12_CommitReplyLost sends results, payments, arrivals, a run and postings
// while COMMIT after COMMIT loses its reply, its connection or its way. Whatever
// the caller was told, the same Idempotency-Key again leaves one effect.
func TestF12_CommitReplyLost(t *testing.T) {
	t.Parallel()
	w := openLostCommits(t)
	w.payAll(t)
	batch := w.withhold(t)
	w.answerAll(t, batch)
	w.arriveAll(t, batch)
	w.postAll(t)
	w.prove(t)
	lost, racing, unsent := w.proxy.hits[replyLost].Load(), w.proxy.hits[stillRunning].Load(), w.proxy.hits[neverSent].Load()
	t.Logf("%d commands: %d replies lost, %d commits cut while running, %d never sent; %d times the caller was told 503",
		w.commands, lost, racing, unsent, w.unsure)
	if lost < 100 || racing < 50 || unsent < 50 || w.unsure < 10 {
		t.Error("the faults did not happen often enough to prove anything")
	}
}

func openLostCommits(t *testing.T) *lostCommits {
	t.Helper()
	d := pgtest.New(t)
	u, err := url.Parse(d.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	w := &lostCommits{d: d, proxy: startCommitProxy(t, u.Host), today: calendar.DayIn(time.Now()), psbc: bank.Caller{Code: psbc}}
	w.seed(t)
	if w.g, err = wire(t.Context(), config{DatabaseURL: w.proxy.url(t, d.AppURL)}, wallClocks(),
		slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.g.counter.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; w.g.close() })
	return w
}

// seed makes members of whom the first half has a mandate.
func (w *lostCommits) seed(t *testing.T) {
	t.Helper()
	opened, year := w.today.AddDays(-3), w.today.Year()
	for _, sql := range []string{
		`insert into area values (610304, '陈仓区')`,
		`insert into area_rule values (610304, 'collection_mode', '2009-09-01', '"agency"', 'test')`,
		`insert into region values (610304101201, 610304, '虢镇村')`,
		`insert into bank values (610304, 'psbc', '403100000004', '邮储银行', 'json', 1000)`,
		fmt.Sprintf(`insert into book values (610304, 'rural', '%s', '%s')`, opened, opened.AddDays(-1)),
		fmt.Sprintf(`insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
			(610304, 11, 'rural', 'income', 'psbc', '%s', '收入户', '%s')`, lostIncome, opened),
		fmt.Sprintf(`insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
			select 610304, 1000 + g, lpad((61030419700101000 + g)::text, 17, '0') || '0', 'S' || lpad(g::text, 8, '0'),
				'王' || g, 610304101201, 'rural', '2011-01-01' from generate_series(1, %d) g`, lostMembers),
		fmt.Sprintf(`insert into instrument (area, id, member_id, bank, kind, account_no, activated, for_payout, opened_on)
			select area, id + 100000000, id, 'psbc', 'passbook', '6100' || id, true, true, '2011-01-01' from member
			where id <= 1000 + %d`, lostMembers/2),
		`insert into mandate (area, id, member_id, instrument_id, bank, number, signed_on)
			select area, id + 100000000, member_id, id, 'psbc', 'M' || member_id, '2011-01-01' from instrument`,
		fmt.Sprintf(`insert into tier_choice select area, id, %d, 10000, '%s' from member`, year, opened),
	} {
		w.d.Exec(t, sql)
	}
	w.d.KeepRules(t)
}

// fault arms the next commits: each kind in turn, once, twice, or more often
// than the storage tries again by itself.
func (w *lostCommits) fault() {
	times := []int{1, 2, 1, 9}[w.commands%4]
	w.proxy.arm([]commitFault{replyLost, stillRunning, replyLost, neverSent, replyLost}[w.commands%5], times)
	w.commands++
}

// send does what a caller does: the same request under the same key until it is
// decided, and once more when nothing is lost, which must be the same answer.
func (w *lostCommits) send(t *testing.T, r once.Request, command func(once.Request) (once.Answer, error)) once.Answer {
	t.Helper()
	var first once.Answer
	var err error
	for range 20 {
		if first, err = command(r); err == nil || fault.KindOf(err) != fault.Unavailable {
			break
		}
		w.unsure++
	}
	if err != nil {
		t.Fatalf("%s %s: %v", r.Route, r.Key, err)
	}
	w.proxy.arm(replyLost, 0)
	again, err := command(r)
	if err != nil {
		t.Fatalf("%s %s again: %v", r.Route, r.Key, err)
	}
	if !again.Replayed {
		t.Errorf("%s %s took effect a second time", r.Route, r.Key)
	}
	if string(again.Body) != string(first.Body) {
		t.Errorf("%s %s answered %s, then %s", r.Route, r.Key, first.Body, again.Body)
	}
	return first
}

func (w *lostCommits) request(route, key string, content any) once.Request {
	text, _ := json.Marshal(content)
	return once.Request{Caller: "bank:psbc", Route: route, Key: key, Fingerprint: sha256.Sum256(text)}
}

// plain renders any result as JSON.
func plain(v any) (once.Answer, error) {
	text, err := json.Marshal(v)
	return once.Answer{Status: 200, ContentType: "application/json", Body: text}, err
}

// payAll takes the second half's payments at a terminal, four at the same time:
// they share groups, and so a lost commit.
func (w *lostCommits) payAll(t *testing.T) {
	t.Helper()
	members := make([]int, 0, lostMembers/2)
	for i := lostMembers/2 + 1; i <= lostMembers; i++ {
		members = append(members, i)
	}
	for group := range slices.Chunk(members, 4) {
		w.fault()
		errs := make([]error, len(group))
		var wg sync.WaitGroup
		for i, m := range group {
			wg.Go(func() { errs[i] = w.pay(t, m) })
		}
		wg.Wait()
		w.proxy.arm(replyLost, 0)
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		for _, m := range group {
			w.send(t, w.paymentOf(m), w.payment(t, m))
		}
	}
}

// pay sends until the payment is decided.
func (w *lostCommits) pay(t *testing.T, m int) error {
	var err error
	for range 20 {
		if _, err = w.payment(t, m)(w.paymentOf(m)); err == nil || fault.KindOf(err) != fault.Unavailable {
			return err
		}
	}
	return err
}

func (w *lostCommits) paymentOf(m int) once.Request {
	return w.request("POST /v1/contributions", fmt.Sprintf("payment-%06d", m), m)
}

func (w *lostCommits) payment(t *testing.T, m int) func(once.Request) (once.Answer, error) {
	return func(r once.Request) (once.Answer, error) {
		return w.g.counter.Pay(t.Context(), r, plain, w.psbc, lostIncome, collection.CounterPayment{
			Member: int64(1000 + m), Year: w.today.Year(), Amount: 100_00, Channel: "village", Terminal: "POS-1",
			PaidOn: w.today, BankReference: fmt.Sprintf("C-%06d", m),
		})
	}
}

func (w *lostCommits) withhold(t *testing.T) collection.Batch {
	t.Helper()
	officer := approval.Officer{
		Login: "maker", Person: 1, Organisation: approval.AgencyBusiness, Area: lostArea,
		Duties: []approval.Duty{approval.Maker},
	}
	w.fault()
	w.send(t, w.request("POST /v1/withholding-runs", "run-00000001", 1), func(r once.Request) (once.Answer, error) {
		return w.g.collection.Withhold(t.Context(), r, plain, officer, collection.Run{Scheme: "rural", Year: w.today.Year()})
	})
	list, err := w.g.collection.Batches(t.Context(), collection.BatchFilter{Area: lostArea, Limit: 10})
	if err != nil || len(list) != 1 || list[0].Count != lostMembers/2 {
		t.Fatalf("%d batches, %v; want one of %d items", len(list), err, lostMembers/2)
	}
	return list[0]
}

// answerAll answers item by item; every eighth fails.
func (w *lostCommits) answerAll(t *testing.T, b collection.Batch) {
	t.Helper()
	items, err := w.g.collection.Items(t.Context(), b, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range items {
		amount := i.Amount
		result := collection.Result{
			Line: 1, Item: i.ID, Outcome: bank.OutcomeSucceeded, Amount: &amount, ValueDate: w.today,
			BankReference: fmt.Sprintf("D-%d", i.ID),
		}
		if i.Seq%8 == 0 {
			result = collection.Result{Line: 1, Item: i.ID, Outcome: bank.OutcomeFailed, Amount: &amount, Code: "AM04"}
		}
		w.fault()
		w.send(t, w.request("POST results", fmt.Sprintf("results-%06d", i.Seq), i.ID), func(r once.Request) (once.Answer, error) {
			return w.g.collection.Results(t.Context(), r, plain, 0, w.psbc, b.ID, []collection.Result{result})
		})
	}
}

// arriveAll reports the batch's money in parts of one item, and the terminal's day.
func (w *lostCommits) arriveAll(t *testing.T, b collection.Batch) {
	t.Helper()
	arrive := func(key string, a collection.Arrival) {
		a.BankReference, a.ValueDate = key, w.today
		w.fault()
		w.send(t, w.request("POST /v1/arrivals", "arrival-"+key, a), func(r once.Request) (once.Answer, error) {
			return w.g.collection.Arrive(t.Context(), r, plain, 0, w.psbc, lostIncome, a)
		})
	}
	succeeded := lostMembers / 2 * 7 / 8
	for i := range succeeded {
		arrive(fmt.Sprintf("L-%06d", i), collection.Arrival{Amount: 100_00, Batch: b.ID})
	}
	arrive("T-000001", collection.Arrival{
		Amount: money.Amount(100_00 * lostMembers / 2), Terminal: "POS-1", TerminalDate: w.today,
	})
}

// postAll posts the agreements as the background work would, again after each error.
func (w *lostCommits) postAll(t *testing.T) {
	t.Helper()
	for _, id := range column[int64](t, w.d, `select id from agreement order by id`) {
		for {
			w.fault()
			err := w.g.collection.Post(t.Context(), lostArea, id)
			if err == nil {
				break
			}
			if fault.KindOf(err) != fault.Unavailable {
				t.Fatal(err)
			}
			w.unsure++
		}
		w.proxy.arm(replyLost, 0)
	}
}

// prove looks past the proxy.
func (w *lostCommits) prove(t *testing.T) {
	t.Helper()
	got := column[string](t, w.d, `
		select 'answers ' || count(*) || ' of ' || count(distinct item_id) from answer
		union all select 'receipts ' || count(*) || ' of ' || count(distinct member_id) from counter_receipt
		union all select 'arrivals ' || count(*) || ', ' || sum(amount) from arrival
		union all select 'runs ' || count(*) from withholding_run
		union all select 'batches ' || count(*) from withholding_batch
		union all select 'credited ' || count(*) || ' of ' || count(distinct member_id) || ', ' || sum(amount)
			from posting where role = 'personal_individual'
		union all select 'income ' || sum(amount) from posting where role = 'income'
		union all select 'jobs ' || count(*) || ' of ' || count(distinct args) from river.river_job
		order by 1`)
	half, credited := lostMembers/2, lostMembers/2+lostMembers/2*7/8
	agreements := column[int64](t, w.d, `select count(*) from agreement`)[0]
	want := []string{
		fmt.Sprintf("answers %d of %d", half, half),
		fmt.Sprintf("arrivals %d, %d", half*7/8+1, credited*100_00),
		"batches 1",
		fmt.Sprintf("credited %d of %d, %d", credited, credited, credited*100_00),
		fmt.Sprintf("income %d", credited*100_00),
		fmt.Sprintf("jobs %d of %d", agreements, agreements),
		fmt.Sprintf("receipts %d of %d", half, half),
		"runs 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("effects differ (-once +found):\n%s", diff)
	}
	db, err := postgres.Open(t.Context(), postgres.Options{URL: w.d.AppURL, Connections: 2, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	r, err := db.Verify(t.Context(), postgres.Verification{Files: profile.New()})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		if !f.Holds() {
			t.Errorf("%s does not hold: %v", f.ID, f.Breaches)
		}
	}
}

// column reads one column as the superuser.
func column[T any](t *testing.T, d pgtest.Database, sql string) []T {
	t.Helper()
	c, err := pgx.Connect(t.Context(), d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context()) //nolint:errcheck // a connection of the test
	rows, err := c.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatal(err)
	}
	return out
}
