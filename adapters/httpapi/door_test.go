package httpapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"twoline/adapters/bank/profile" //nolint:depguard // a batch's file is one of the things that are not another's
	"twoline/adapters/httpapi"
	"twoline/adapters/httpapi/signature"
	"twoline/adapters/paper" //nolint:depguard // the papers' bytes are what is asked for
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/audit"
	"twoline/gateway/award"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/fault"
	"twoline/gateway/feedback"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/ledger"
	"twoline/gateway/lifeevent"
	"twoline/gateway/once"
	"twoline/gateway/personal"
	"twoline/gateway/report"
	"twoline/gateway/subsidy"
	"twoline/reconcile"
)

// house is a running server over a real database with two banks and their keys.
type house struct {
	tb      testing.TB
	pool    *pgxpool.Pool
	data    pgtest.Database
	callers store
	say     sayer
	checks  []httpapi.Check
	server  *httpapi.Server
	api     string
	upload  string
	ops     string
	clock   *clock
	log     *syncBuffer
	keys    map[string]signature.Key
	arrived *arrivedFiles
	checked hashes
}

// hashes are those that passwords were compared with, in their order.
type hashes struct {
	mu   sync.Mutex
	list []string
}

func (h *hashes) add(hash string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, hash)
}

func (h *hashes) len() int { return len(h.from(0)) }

func (h *hashes) from(n int) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.list[n:])
}

// store is what administrators' commands do with callers.
type store interface {
	httpapi.Callers
	AddBankKey(ctx context.Context, k bank.Key, by audit.Row) error
	RevokeBankKey(ctx context.Context, keyID string, by audit.Row) error
	AddOfficer(ctx context.Context, o approval.NewOfficer, by audit.Row) (int64, error)
	RevokeDuty(ctx context.Context, login string, d approval.Duty, by audit.Row) error
	DisableOfficer(ctx context.Context, login string, by audit.Row) error
	PurgeNonces(ctx context.Context, limit int) (int64, error)
}

// sayer runs a command with an effect in the database.
type sayer func(
	ctx context.Context, c httpapi.Call, said string, after func(context.Context) error,
) (once.Answer, error)

// clock is the wall clock of a test: real time and what the test added.
type clock struct {
	mu   sync.Mutex
	plus time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.plus)
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plus += d
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

type setup struct {
	config httpapi.Config
	deps   func(*httpapi.Dependencies)
	routes func(*house, *httpapi.Server)
	// today is the business day; nil is testToday.
	today func() calendar.Day
	// decoder reads statements; nil is statementLines.
	decoder reconcile.Decoder
}

// open starts a server; everything ends with the test.
func open(tb testing.TB, s setup) *house {
	tb.Helper()
	h := &house{tb: tb, clock: &clock{}, log: &syncBuffer{}, keys: map[string]signature.Key{}}
	db, data := pgtest.OpenAt(tb, h.clock.now)
	h.pool, h.data, h.callers = db.Pool(), data, db.Callers()
	h.say = func(
		ctx context.Context, c httpapi.Call, said string, after func(context.Context) error,
	) (once.Answer, error) {
		return inTx(ctx, db.InTx, c, said, after)
	}
	h.checks = []httpapi.Check{
		{Name: "postgresql", Required: true, Probe: db.Reachable},
		{Name: "schema", Required: true, Probe: db.SchemaCurrent},
		{Name: "durability", Required: true, Probe: db.DurabilityProved},
	}
	h.seed()
	deps := httpapi.Dependencies{
		Log: slog.New(slog.NewJSONHandler(h.log, nil)), Now: h.clock.now, Callers: h.callers,
		Checks: h.checks,
	}
	if s.today == nil {
		s.today = testToday
	}
	if s.decoder == nil {
		s.decoder = statementLines{}
	}
	deps.Transfers = fundtransfer.NewService(db.FundTransfers(), s.today)
	deps.Ledger = ledger.NewService(db.Ledger(), s.today)
	deps.Casework = casework.New(db.Casework(), s.today)
	deps.Personal = personal.New(db.Personal(), s.today)
	deps.Life = lifeevent.New(db.Life(), s.today)
	deps.Awards = award.New(db.Awards(), s.today)
	days, err := calendar.Official()
	if err != nil {
		tb.Fatal(err)
	}
	deps.Subsidies = subsidy.New(db.Subsidies(), days, s.today)
	deps.Reconcile = reconcile.New(reconcile.Parts{
		Store: db.Reconcile(), Decoder: s.decoder, Days: days, Today: s.today,
	})
	deps.Reports, deps.Papers = report.NewService(db.Reports()), paper.New
	deps.Feedback = feedback.New(db.Feedback())
	h.arrived = useRegistry(db.Registry(), db.Receipts(), s.today, &deps)
	db.UseJobs(h.arrived)
	useCollection(tb, db.Collection(), s.today, &deps)
	h.arrived.payout = useDisbursement(tb, db.Disbursement(), s.today, &deps)
	useSides(tb, db.Bureau(), db.Records(), s.today, &deps)
	if s.deps != nil {
		s.deps(&deps)
	}
	if s.config.Rate == 0 {
		s.config.Rate = 1 << 30
	}
	server, err := httpapi.NewWithRoutes(s.config, deps, func(server *httpapi.Server) {
		h.routes(server)
		server.OnPasswordCheck(h.checked.add)
		if s.routes != nil {
			s.routes(h, server)
		}
	})
	if err != nil {
		tb.Fatal(err)
	}
	h.server = server
	h.serve()
	return h
}

// useCollection puts the money in behind the door; nothing is done with it until
// a test asks.
func useCollection(tb testing.TB, store collection.Store, today func() calendar.Day, deps *httpapi.Dependencies) {
	tb.Helper()
	days, err := calendar.Official()
	if err != nil {
		tb.Fatal(err)
	}
	files := profile.New()
	deps.Collection = collection.New(collection.Parts{
		Store: store, Intake: deps.Intake, Writer: files, Reader: files, Days: days, Today: today,
	})
	deps.Counter = collection.NewCounter(deps.Collection)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); deps.Counter.Run(ctx) }()
	tb.Cleanup(func() { stop(); <-done })
}

func (h *house) serve() {
	h.tb.Helper()
	var l [3]net.Listener
	for i := range l {
		one, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			h.tb.Fatal(err)
		}
		l[i] = one
	}
	h.api, h.upload = "http://"+l[0].Addr().String(), "http://"+l[1].Addr().String()
	h.ops = "http://" + l[2].Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.server.Serve(ctx, httpapi.Listeners{API: l[0], Upload: l[1], Ops: l[2]}) }()
	h.tb.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			h.tb.Errorf("serve: %v", err)
		}
	})
}

// seed registers two banks with a key each, and a table for the effects of tests.
func (h *house) seed() {
	h.tb.Helper()
	h.data.Exec(h.tb, `insert into area (area, name) values (610303, 'Jintai'), (610304, 'Chencang')`)
	h.data.Exec(h.tb, `insert into bank (area, bank, bank_no, name, format, row_limit) values
		(610304, 'psbc', '403100000004', 'postal', 'json', 10000),
		(610304, 'rcu', '402791000010', 'rural', 'json', 10000)`)
	h.data.Exec(h.tb, `create table test_effect (id bigserial primary key, caller text not null, word text not null)`)
	h.data.Exec(h.tb, `grant select, insert on test_effect to twoline_app`)
	h.data.Exec(h.tb, `grant usage on sequence test_effect_id_seq to twoline_app`)
	for _, code := range []string{"psbc", "rcu"} {
		h.addKey(code, code+"-1")
	}
}

func (h *house) addKey(code, id string) signature.Key {
	h.tb.Helper()
	private, _, err := signature.NewKeyPair(rand.Reader)
	if err != nil {
		h.tb.Fatal(err)
	}
	key, err := signature.ParseKeyFile(id, private)
	if err != nil {
		h.tb.Fatal(err)
	}
	err = h.callers.AddBankKey(context.Background(), bank.Key{
		ID: id, Bank: code, Algorithm: key.Algorithm(), Material: key.Verifier(),
		NotBefore: h.clock.now().Add(-time.Minute),
	}, audit.Row{Actor: "test"})
	if err != nil {
		h.tb.Fatal(err)
	}
	h.keys[id] = key
	return key
}

// The types of the test's own routes.
type word struct {
	ID     httpapi.ID `json:"id"`
	Caller string     `json:"caller"`
	Word   string     `json:"word"`
}

type effect struct {
	id           int64
	caller, word string
}

func viewEffect(e effect) word { return word{ID: httpapi.NewID(e.id), Caller: e.caller, Word: e.word} }

type wordCommand struct {
	Body struct {
		Word   string       `json:"word" maxLength:"100"`
		Amount httpapi.Yuan `json:"amount"`
		Note   string       `json:"note,omitempty" maxLength:"100"`
	}
}

type wordQuery struct {
	ID httpapi.ID `path:"id"`
}

// execTx is what the effects of tests need of a transaction.
type execTx interface {
	once.Tx
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	NewIDs(ctx context.Context, n int) ([]int64, error)
}

// inTx names a transaction's type, which only its package can write down.
func inTx[T execTx](
	ctx context.Context, run func(context.Context, func(T) error) error, c httpapi.Call, said string,
	after func(context.Context) error,
) (once.Answer, error) {
	return once.Do(ctx, run, c.Request, c.Render, func(tx T) (any, error) {
		ids, err := tx.NewIDs(ctx, 1)
		if err != nil {
			return nil, err
		}
		_, err = tx.Exec(ctx, `insert into test_effect (id, caller, word) values ($1, $2, $3)`, ids[0], c.Name(), said)
		if err != nil {
			return nil, err
		}
		if after != nil {
			if err := after(ctx); err != nil {
				return nil, err
			}
		}
		return effect{ids[0], c.Name(), said}, nil
	})
}

var errTestSecret = fault.New(fault.Conflict, "already_decided", "this was decided before")

// routes are one of each kind of route and caller.
func (h *house) routes(s *httpapi.Server) {
	httpapi.Query(s, httpapi.Route{
		Method: "GET", Path: "/v1/test-words/{id}", Summary: "One word", Who: httpapi.Banks(),
	}, func(ctx context.Context, c httpapi.Call, in *wordQuery) (word, error) {
		var e effect
		err := h.pool.QueryRow(ctx, `select id, caller, word from test_effect where id = $1 and caller = $2`,
			in.ID.Int64(), c.Name()).Scan(&e.id, &e.caller, &e.word)
		if err != nil && strings.Contains(err.Error(), "no rows") {
			return word{}, fault.New(fault.NotFound, "officer_unknown", "there is no such word")
		}
		return viewEffect(e), err
	})
	httpapi.Command(s, httpapi.Route{
		Method: "POST", Path: "/v1/test-words", Summary: "Say a word", Who: httpapi.Banks(), Status: 201,
	}, viewEffect, func(ctx context.Context, c httpapi.Call, in *wordCommand) (once.Answer, error) {
		if in.Body.Word == "refuse" {
			return once.Answer{}, errTestSecret
		}
		return h.say(ctx, c, in.Body.Word, nil)
	})
	httpapi.Command(s, httpapi.Route{
		Method: "POST", Path: "/v1/test-moves", Summary: "An officer's move",
		Who: httpapi.Officers(approval.Maker, approval.FinanceBureau),
	}, viewEffect, func(ctx context.Context, c httpapi.Call, in *wordCommand) (once.Answer, error) {
		return h.say(ctx, c, in.Body.Word, nil)
	})
	httpapi.Upload(s, httpapi.Route{
		Method: "PUT", Path: "/v1/test-words/{id}/file", Summary: "A file of words", Status: 202,
		Who: httpapi.Banks().Or(httpapi.Officers(approval.Maker, approval.AgencyBusiness)),
	}, viewEffect, func(ctx context.Context, c httpapi.Call, _ *wordQuery, body io.Reader) (once.Answer, error) {
		n, err := io.Copy(io.Discard, body)
		if err != nil {
			return once.Answer{}, err
		}
		return h.say(ctx, c, "bytes:"+itoa(n), nil)
	})
	httpapi.Query(s, httpapi.Route{
		Method: "GET", Path: "/v1/test-panic", Summary: "Panics", Who: httpapi.Banks(),
	}, func(context.Context, httpapi.Call, *struct{}) (word, error) { panic("secret of the house") })
	httpapi.Query(s, httpapi.Route{
		Method: "GET", Path: "/v1/test-broken", Summary: "Fails inside", Who: httpapi.Banks(),
	}, func(ctx context.Context, _ httpapi.Call, _ *struct{}) (word, error) {
		_, err := h.pool.Exec(ctx, `select secret_column from secret_table`)
		return word{}, err
	})
}

func itoa(n int64) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// request is one call of a test.
type request struct {
	method, path, body string
	key                string // Idempotency-Key
	bank               string // key id of the signing bank
	token              string
	contentType        string
	header             http.Header
	upload             bool
	nonce              string
	mutate             func(*http.Request) // after signing
}

type response struct {
	status int
	header http.Header
	body   string
}

func (r response) code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal([]byte(r.body), &p)
	return p.Code
}

func (h *house) build(r request) *http.Request {
	h.tb.Helper()
	base := h.api
	if r.upload {
		base = h.upload
	}
	q, err := http.NewRequestWithContext(context.Background(), r.method, base+r.path, strings.NewReader(r.body))
	if err != nil {
		h.tb.Fatal(err)
	}
	maps.Copy(q.Header, r.header)
	if r.body != "" {
		kind := r.contentType
		if kind == "" {
			kind = "application/json"
		}
		q.Header.Set("Content-Type", kind)
		q.Header.Set("Content-Digest", signature.ContentDigest(sha256.Sum256([]byte(r.body))))
	}
	if r.key != "" {
		q.Header.Set("Idempotency-Key", r.key)
	}
	if r.token != "" {
		q.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.bank != "" {
		h.sign(q, h.keys[r.bank], r.nonce)
	}
	if r.mutate != nil {
		r.mutate(q)
	}
	return q
}

func (h *house) sign(q *http.Request, key signature.Key, nonce string) {
	h.tb.Helper()
	if nonce == "" {
		n, err := signature.NewNonce(rand.Reader)
		if err != nil {
			h.tb.Fatal(err)
		}
		nonce = n
	}
	now := h.clock.now()
	headers, err := signature.Sign(signature.OfRequest(q), key,
		signature.Params{Created: now, Expires: now.Add(5 * time.Minute), Nonce: nonce})
	if err != nil {
		h.tb.Fatal(err)
	}
	headers.Apply(q.Header)
}

//nolint:gochecknoglobals // one pool of connections for all tests
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 60 * time.Second}

func (h *house) do(r request) response {
	h.tb.Helper()
	return h.send(h.build(r))
}

func (h *house) send(q *http.Request) response {
	h.tb.Helper()
	res, err := client.Do(q)
	if err != nil {
		h.tb.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.tb.Fatal(err)
	}
	return response{res.StatusCode, res.Header, string(b)}
}

func (h *house) expect(r request, status int, code string) response {
	h.tb.Helper()
	res := h.do(r)
	if res.status != status || (code != "" && res.code() != code) {
		h.tb.Fatalf("%s %s: got %d, want %d %q\n%s", r.method, r.path, res.status, status, code, res.body)
	}
	return res
}

// officer makes a login and a session that the wire opened.
func (h *house) officer(login string, org approval.Organisation, duties ...approval.Duty) string {
	h.tb.Helper()
	hash := cheapHash(h.tb)
	_, err := h.callers.AddOfficer(context.Background(), approval.NewOfficer{
		Login: login, PasswordHash: hash, PersonName: "person of " + login, Organisation: org,
		OrganisationName: string(org), Area: 610304, Duties: duties,
	}, audit.Row{Actor: "test"})
	if err != nil {
		h.tb.Fatal(err)
	}
	return h.login(login)
}

func (h *house) login(login string) string {
	h.tb.Helper()
	res := h.expect(request{
		method: "POST", path: "/v1/session", body: `{"login":"` + login + `","password":"correct horse"}`,
	}, 201, "")
	var session struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal([]byte(res.body), &session); err != nil || session.Token == "" {
		h.tb.Fatalf("login answered %s", res.body)
	}
	return session.Token
}

//nolint:gochecknoglobals // a hash takes a fifth of a second
var hashOnce = sync.OnceValues(func() (string, error) { return httpapi.HashPassword("correct horse") })

func cheapHash(tb testing.TB) string {
	tb.Helper()
	hash, err := hashOnce()
	if err != nil {
		tb.Fatal(err)
	}
	return hash
}

const goodBody = `{"word":"hello","amount":"183.10"}`

func readCloser(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

// session makes a login with a session in the database, without a password check.
func (h *house) session(login string, org approval.Organisation, duties ...approval.Duty) string {
	h.tb.Helper()
	ctx := context.Background()
	_, err := h.callers.AddOfficer(ctx, approval.NewOfficer{
		Login: login, PasswordHash: "none", PersonName: "person of " + login, Organisation: org,
		OrganisationName: string(org), Area: 610304, Duties: duties,
	}, audit.Row{Actor: "test"})
	if err != nil {
		h.tb.Fatal(err)
	}
	var token [32]byte
	_, _ = rand.Read(token[:])
	_, err = h.callers.OpenSession(ctx, login, sha256.Sum256(token[:]), approval.DefaultSessionPolicy())
	if err != nil {
		h.tb.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(token[:])
}
