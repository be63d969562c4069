package redis_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/httpapi"           //nolint:depguard // door, hint and database together are what is proved here
	"twoline/adapters/httpapi/signature" //nolint:depguard // as above
	"twoline/adapters/postgres"          //nolint:depguard // as above
	"twoline/adapters/postgres/pgtest"
	"twoline/adapters/redis"
	"twoline/gateway/audit"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/once"
)

// town is the gateway as it is served: a signing bank in front, PostgreSQL behind,
// and a Redis that tests break.
type town struct {
	*opened

	data   pgtest.Database
	url    string
	client *http.Client
	log    *syncBuffer
}

// Each member owes 100 yuan, and a payment is one yuan.
const townMembers = 100

func newTown(t *testing.T, redisURL string, change func(*redis.Options)) *town {
	t.Helper()
	data := pgtest.New(t)
	return newTownOn(t, data, data.AppURL, redisURL, change)
}

// newTownOn serves on a database that it reaches by another address.
func newTownOn(
	t *testing.T, data pgtest.Database, appURL, redisURL string, change func(*redis.Options),
) *town {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Options{URL: appURL, Connections: 16, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	w := &town{opened: openClient(t, redisURL, change), data: data, log: &syncBuffer{}}
	w.seed(t)
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	service := collection.New(collection.Parts{
		Store: db.Collection(), Days: days, Today: func() calendar.Day { return calendar.MustDay("2011-03-10") },
	})
	counter := collection.NewCounter(service)
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { counter.Run(ctx) })
	limiter, err := w.Limiter(redis.Rates{Default: redis.Rate{PerMinute: 6_000_000, Burst: 1_000_000}})
	if err != nil {
		t.Fatal(err)
	}
	server, err := httpapi.New(httpapi.Config{Rate: 1 << 30}, httpapi.Dependencies{
		Log: slog.New(slog.NewJSONHandler(w.log, nil)), Now: time.Now, Callers: db.Callers(),
		Hint: w.hint, Limiter: limiter, Collection: service, Counter: counter,
		Checks: []httpapi.Check{
			{Name: "postgresql", Required: true, Probe: db.Reachable}, {Name: "redis", Probe: w.Ready},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var l [2]net.Listener
	for i := range l {
		if l[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	w.url = "http://" + l[0].Addr().String()
	wg.Go(func() {
		if err := server.Serve(ctx, httpapi.Listeners{API: l[0], Upload: l[1]}); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() { w.client.CloseIdleConnections(); stop(); wg.Wait() })
	w.client = signingClient(t, db.Callers())
	return w
}

// signingClient registers a key of the bank and signs with it.
func signingClient(t *testing.T, callers interface {
	AddBankKey(ctx context.Context, k bank.Key, by audit.Row) error
},
) *http.Client {
	t.Helper()
	private, _, err := signature.NewKeyPair(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key, err := signature.ParseKeyFile("psbc-1", private)
	if err != nil {
		t.Fatal(err)
	}
	err = callers.AddBankKey(context.Background(), bank.Key{
		ID: "psbc-1", Bank: "psbc", Algorithm: key.Algorithm(), Material: key.Verifier(),
		NotBefore: time.Now().Add(-time.Minute),
	}, audit.Row{Actor: "test"})
	if err != nil {
		t.Fatal(err)
	}
	transport, err := signature.NewTransport(signature.TransportOptions{
		Base: &http.Transport{MaxIdleConnsPerHost: 64}, Key: key, Now: time.Now, Random: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Transport: transport, Timeout: time.Minute}
}

func (w *town) seed(t *testing.T) {
	t.Helper()
	for _, sql := range []string{
		`insert into area (area, name) values (610304, 'Chencang') on conflict do nothing`,
		`insert into area_rule (area, rule, effective_from, value, document)
			values (610304, 'collection_mode', '2009-09-01', '"agency"', 'test')`,
		`insert into region (region, area, name) values (610304101201, 610304, 'Guozhen')`,
		`insert into bank (area, bank, bank_no, name, format, row_limit)
			values (610304, 'psbc', '403100000004', 'postal', 'json', 1000)`,
		`insert into book (area, scheme, opened_on, sealed_through)
			values (610304, 'rural', '2011-01-01', '2010-12-31')`,
		`insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on)
			values (610304, 11, 'rural', 'income', 'psbc', '961001010000000011', 'income', '2011-01-01')`,
		fmt.Sprintf(`insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
			select 610304, 1000 + g, lpad((61030419500101000 + g)::text, 17, '0') || '0', 'S' || lpad(g::text, 8, '0'),
				'member ' || g, 610304101201, 'rural', '2011-01-01' from generate_series(1, %d) g`, townMembers),
		`insert into tier_choice select area, id, 2011, 10000, '2011-01-01' from member`,
	} {
		w.data.Exec(t, sql)
	}
}

// one returns a single value, asked as the superuser.
func (w *town) one(t *testing.T, sql string) int64 {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, w.data.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }()
	var v int64
	if err := c.QueryRow(ctx, sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

type reply struct {
	status   int
	body     string
	replayed bool
	took     time.Duration
}

func (r reply) code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal([]byte(r.body), &p)
	return p.Code
}

func keyOf(i int) string { return fmt.Sprintf("payment-%08d", i) }

// post sends the i-th payment once.
func (w *town) post(i int) (reply, error) {
	body := fmt.Sprintf(`{"member_id":"%d","year":2011,"amount":"1.00","channel":"terminal","terminal":"T1",`+
		`"paid_on":"2011-03-10","account":"961001010000000011","bank_reference":"R%d"}`, 1001+i%townMembers, i)
	q, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.url+"/v1/contributions",
		bytes.NewReader([]byte(body)))
	if err != nil {
		return reply{}, err
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Idempotency-Key", keyOf(i))
	begin := time.Now()
	res, err := w.client.Do(q)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, string(b), res.Header.Get("Idempotent-Replayed") == "true", time.Since(begin)}, err
}

// insist sends the i-th payment until it is answered, as a bank would.
func (w *town) insist(i int) (reply, error) {
	for range 2000 {
		r, err := w.post(i)
		if err != nil || r.status != http.StatusConflict || r.code() != "idempotency_in_progress" {
			return r, err
		}
		<-time.After(5 * time.Millisecond)
	}
	return reply{}, fmt.Errorf("payment %d is in progress for ever", i)
}

// load posts n requests of eight senders: every payment twice at about the same
// moment, and one in four again later. It returns the time that each took.
func (w *town) load(t *testing.T, first, n int) []time.Duration {
	t.Helper()
	payments := n * 2 / 5
	var order []int
	for i := range payments {
		order = append(order, first+i, first+i)
	}
	for len(order) < n {
		k, err := rand.Int(rand.Reader, big.NewInt(int64(payments)))
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, first+int(k.Int64()))
	}
	var mu sync.Mutex
	answers := map[int]string{}
	fresh := map[int]int{}
	var took []time.Duration
	next := make(chan int)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range next {
				r, err := w.insist(i)
				if err != nil || r.status != http.StatusCreated {
					t.Errorf("payment %d: %d %s %v", i, r.status, r.body, err)
					continue
				}
				mu.Lock()
				if before, ok := answers[i]; ok && before != r.body {
					t.Errorf("payment %d is answered %q, before %q", i, r.body, before)
				}
				answers[i] = r.body
				if !r.replayed {
					fresh[i]++
				}
				took = append(took, r.took)
				mu.Unlock()
			}
		})
	}
	for _, i := range order {
		next <- i
	}
	close(next)
	wg.Wait()
	for i := range payments {
		if fresh[first+i] != 1 {
			t.Errorf("payment %d is answered %d times as new, want once", first+i, fresh[first+i])
		}
	}
	return took
}

// exactlyOnce proves that n payments took effect, each once.
func (w *town) exactlyOnce(t *testing.T, n int) {
	t.Helper()
	for sql, want := range map[string]int64{
		`select count(*) from counter_receipt`:                         int64(n),
		`select count(distinct bank_reference) from counter_receipt`:   int64(n),
		`select coalesce(sum(amount), 0)::bigint from counter_receipt`: 100 * int64(n),
		`select count(*) from idempotency`:                             int64(n),
	} {
		if got := w.one(t, sql); got != want {
			t.Errorf("%s: %d, want %d", sql, got, want)
		}
	}
}

// percentile sorts the times; p is in hundredths.
func percentile(times []time.Duration, p int) time.Duration {
	slices.Sort(times)
	return times[min(len(times)-1, len(times)*p/100)]
}

// A process was killed while it worked on a payment, and its mark stands: the bank
// that tries again at once is told to wait, and within seconds gets through.
func TestAPaymentGetsThroughAfterItsProcessWasKilled(t *testing.T) {
	t.Parallel()
	w := newTown(t, startRedis(t).URL(), nil)
	dead, kill := context.WithCancel(context.Background())
	owner, _, err := w.hint.Mark(dead, once.Request{ //nolint:exhaustruct // what a mark goes by
		Caller: "bank:psbc", Route: "POST /v1/contributions", Key: keyOf(0),
	})
	if err != nil || owner == "" {
		t.Fatalf("mark: %q, %v", owner, err)
	}
	kill()
	begin := time.Now()
	first, err := w.post(0)
	if err != nil || first.code() != "idempotency_in_progress" {
		t.Errorf("at once: %+v, %v", first, err)
	}
	r, err := w.insist(0)
	if err != nil || r.status != http.StatusCreated || r.replayed {
		t.Fatalf("after a while: %+v, %v", r, err)
	}
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("the bank waited for %s, want at most 3 s", took)
	}
	if n := w.one(t, `select count(*) from counter_receipt`); n != 1 {
		t.Errorf("%d payments, want 1", n)
	}
}

func TestManyEqualRequestsAtOnceHaveOneEffect(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"with Redis", "without"} {
		t.Run(given, func(t *testing.T) {
			t.Parallel()
			url := nobodyThere
			if given == "with Redis" {
				url = startRedis(t).URL()
			}
			w := newTown(t, url, nil)
			const rounds, senders = 5, 64
			busy := 0
			for round := range rounds {
				replies := make([]reply, senders)
				errs := make([]error, senders)
				var wg sync.WaitGroup
				for i := range senders {
					wg.Go(func() { replies[i], errs[i] = w.post(round) })
				}
				wg.Wait()
				body, fresh := "", 0
				for i, r := range replies {
					switch {
					case errs[i] != nil:
						t.Errorf("sender %d: %v", i, errs[i])
					case r.status == http.StatusConflict && r.code() == "idempotency_in_progress":
						busy++
					case r.status != http.StatusCreated || (body != "" && r.body != body):
						t.Errorf("sender %d: %d %q, others were told %q", i, r.status, r.body, body)
					default:
						body = r.body
						if !r.replayed {
							fresh++
						}
					}
				}
				if fresh != 1 {
					t.Errorf("round %d: %d answers are new, want one", round, fresh)
				}
			}
			w.exactlyOnce(t, rounds)
			t.Logf("%d of %d were told that the first is running", busy, rounds*senders)
		})
	}
}
