package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/jackc/pgx/v5"

	"twoline/adapters/bank/simbank"
	"twoline/adapters/httpapi/signature"
	"twoline/adapters/postgres"
	"twoline/adapters/trial"
	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/once"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// stage is the demonstration's world: private servers, the gateway behind real
// listeners, simulated banks, and a business clock that the script moves.
type stage struct {
	g      *gateway
	day    *businessDay
	api    string
	upload string
	banks  []*simbank.Bank
	desks  map[string]*desk
	closes []func() error
	// owner is the address of the database's owner.
	owner string
	// papersTo is the folder that papers are printed to, or "".
	papersTo string
	log      *slog.Logger
}

// businessDay is the simulated business clock.
type businessDay struct {
	mu  sync.Mutex
	day calendar.Day
}

func (d *businessDay) today() calendar.Day {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.day
}

func (d *businessDay) set(day calendar.Day) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.day = day
}

// openStage starts everything; close ends everything, also after an error.
func openStage(a *app, first calendar.Day) (*stage, error) {
	s := &stage{ //nolint:exhaustruct // filled below
		day: &businessDay{day: first}, desks: map[string]*desk{}, log: slog.New(slog.DiscardHandler), //nolint:exhaustruct // the rest is zero
	}
	if path := a.getenv("TWOLINE_DEMO_LOG"); path != "" {
		f, err := os.Create(filepath.Clean(path))
		if err != nil {
			return nil, fmt.Errorf("open the log: %w", err)
		}
		s.closes = append(s.closes, f.Close)
		s.log = slog.New(slog.NewJSONHandler(f, nil))
	}
	if err := s.start(a); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) start(a *app) error {
	pg, err := trial.OpenPostgres(a.ctx, a.getenv, trial.PostgresOptions{Durable: true})
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	s.closes = append(s.closes, pg.Stop)
	redis, err := trial.OpenRedis(a.ctx, a.getenv)
	if err != nil {
		return fmt.Errorf("start Redis: %w", err)
	}
	s.closes = append(s.closes, redis.Stop)
	owner, app, err := s.createDatabase(a.ctx, pg.URL())
	if err != nil {
		return err
	}
	s.owner = owner
	if err := postgres.Migrate(a.ctx, owner, app); err != nil {
		return err
	}
	c := config{ //nolint:exhaustruct // a trial
		DatabaseURL: app, RedisURL: redis.URL(), HintSecret: hex.EncodeToString(randomBytes(32)),
		Listen: "127.0.0.1:0", UploadListen: "127.0.0.1:0", OpsListen: "127.0.0.1:0",
	}
	g, err := wire(a.ctx, c, clocks{now: time.Now, today: s.day.today}, s.log)
	if err != nil {
		return err
	}
	s.g = g
	l, err := listen(a.ctx, c)
	if err != nil {
		return err
	}
	s.api, s.upload = "http://"+addressOf(l.API), "http://"+addressOf(l.Upload)
	ctx, cancel := context.WithCancel(context.WithoutCancel(a.ctx))
	ended := make(chan error, 1)
	go func() { ended <- g.run(ctx, l) }()
	select {
	case <-g.working:
	case err := <-ended:
		cancel()
		return err
	}
	s.closes = append(s.closes, func() error { cancel(); return <-ended })
	return nil
}

// createDatabase makes a database of the demonstration's own, which goes with it
// where the server is not ours to stop.
func (s *stage) createDatabase(ctx context.Context, server string) (owner, app string, err error) {
	name := "twoline_demo_" + hex.EncodeToString(randomBytes(4))
	admin, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", "", fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer admin.Close(ctx) //nolint:errcheck // a connection of the start
	if _, err := admin.Exec(ctx, "create database "+name); err != nil {
		return "", "", fmt.Errorf("create database: %w", err)
	}
	s.closes = append(s.closes, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		c, err := pgx.Connect(ctx, server)
		if err != nil {
			return fmt.Errorf("drop database: %w", err)
		}
		defer c.Close(ctx) //nolint:errcheck // a connection of the end
		_, err = c.Exec(ctx, "drop database if exists "+name+" with (force)")
		return err
	})
	u, err := url.Parse(server)
	if err != nil {
		return "", "", fmt.Errorf("read PostgreSQL's address: %w", err)
	}
	u.Path = "/" + name
	owner = u.String()
	u.User = url.UserPassword(name, hex.EncodeToString(randomBytes(16)))
	return owner, u.String(), nil
}

// close ends what start began, the last first.
func (s *stage) close() error {
	var errs []error
	for _, v := range slices.Backward(s.closes) {
		errs = append(errs, v())
	}
	s.closes = nil
	return errors.Join(errs...)
}

// settle lets the banks speak and the background work end.
func (s *stage) settle(ctx context.Context) error {
	for _, b := range s.banks {
		r, err := b.Step(ctx)
		if err != nil {
			return fmt.Errorf("bank: %w", err)
		}
		for _, refused := range r.Refused {
			s.log.WarnContext(ctx, "the gateway refused a line", slog.Any("refused", refused))
		}
	}
	deadline := time.Now().Add(2 * time.Minute)
	for {
		n, err := s.g.jobs.Pending(ctx)
		if err != nil || n == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d background jobs did not end in two minutes; TWOLINE_DEMO_LOG=FILE shows why", n)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// turn moves to a business day: the banks close theirs and send statements, the
// gateway takes its daily look and seals what is over.
func (s *stage) turn(ctx context.Context, to calendar.Day) error {
	for day := s.day.today().AddDays(1); !day.After(to); day = day.AddDays(1) {
		s.day.set(day)
		for _, b := range s.banks {
			if err := b.NewDay(day); err != nil {
				return fmt.Errorf("bank's day %s: %w", day, err)
			}
		}
		if err := s.settle(ctx); err != nil {
			return fmt.Errorf("day %s: %w", day, err)
		}
		if err := s.g.daily(ctx, day); err != nil {
			return fmt.Errorf("daily look on %s: %w", day, err)
		}
	}
	return s.settle(ctx)
}

// desk is one officer at work: everything goes through the public API.
type desk struct {
	base   string
	token  string
	client *http.Client
	serial int
	login  string
}

const demoPassword = "demonstration only"

// hire makes an officer and logs them in.
func (s *stage) hire(
	ctx context.Context, login, name string, in approval.Organisation, area party.Area, duties ...approval.Duty,
) error {
	// Cheap parameters: the password protects a demonstration.
	hash, err := argon2id.CreateHash(demoPassword, &argon2id.Params{
		Memory: 8 * 1024, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32,
	})
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	_, err = s.g.db.Callers().AddOfficer(ctx, approval.NewOfficer{
		Login: login, PasswordHash: hash, Person: 0, PersonName: name, Organisation: in, OrganisationName: string(in),
		Area: area, Region: 0, Duties: duties,
	}, byCommand("demo"))
	if err != nil {
		return err
	}
	d := &desk{base: s.api, token: "", client: &http.Client{Timeout: 2 * time.Minute}, serial: 0, login: login}
	var session struct {
		Token string `json:"token"`
	}
	if err := d.post(ctx, "/v1/session", map[string]string{"login": login, "password": demoPassword}, &session); err != nil {
		return err
	}
	d.token = session.Token
	s.desks[login] = d
	return nil
}

// sender is an officer at work.
type sender interface {
	send(ctx context.Context, method, path string, body, out any) error
}

// enterOpenings has two people of finance agree on what the accounts held at go-live.
func enterOpenings(ctx context.Context, maker, checker sender, balances []map[string]string) error {
	var asked struct {
		Decisions []struct {
			ID     string `json:"id"`
			Digest string `json:"digest"`
		} `json:"decisions"`
	}
	body := map[string]any{"balances": balances}
	if err := maker.send(ctx, http.MethodPost, "/v1/opening-balances", body, &asked); err != nil {
		return err
	}
	for _, d := range asked.Decisions {
		path := "/v1/decisions/" + d.ID + "/approve"
		if err := checker.send(ctx, http.MethodPost, path, map[string]string{"digest": d.Digest}, nil); err != nil {
			return err
		}
	}
	return nil
}

func (d *desk) post(ctx context.Context, path string, body, out any) error {
	return d.send(ctx, http.MethodPost, path, body, out)
}

func (d *desk) get(ctx context.Context, path string, out any) error {
	return d.send(ctx, http.MethodGet, path, nil, out)
}

func (d *desk) send(ctx context.Context, method, path string, body, out any) error {
	content := []byte(nil)
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, d.base+path, bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if body != nil {
		d.serial++
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", fmt.Sprintf("%s-%08d", d.login, d.serial))
	}
	if d.token != "" {
		r.Header.Set("Authorization", "Bearer "+d.token)
	}
	answer, err := d.client.Do(r)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer answer.Body.Close() //nolint:errcheck // read only
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return &refusal{method: method, path: path, status: answer.StatusCode, body: string(text)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// refusal is an answer that is no success.
type refusal struct {
	method, path string
	status       int
	body         string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("%s %s: %d %s", r.method, r.path, r.status, strings.TrimSpace(r.body))
}

// code returns the problem's stable code.
func (r *refusal) code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal([]byte(r.body), &p) // a body that is no problem has no code
	return p.Code
}

// connect registers a key for a bank and returns a client that signs with it.
func (s *stage) connect(ctx context.Context, code string) (*http.Client, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	key, err := signature.ParseKeyFile(code+"-demo",
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Headers: nil, Bytes: der}))
	if err != nil {
		return nil, err
	}
	err = s.g.db.Callers().AddBankKey(ctx, bank.Key{ //nolint:exhaustruct // not revoked
		ID: key.ID(), Bank: code, Algorithm: key.Algorithm(), Material: key.Verifier(), NotBefore: time.Now().Add(-time.Minute),
	}, byCommand("demo"))
	if err != nil {
		return nil, err
	}
	transport, err := signature.NewTransport(signature.TransportOptions{ //nolint:exhaustruct // defaults
		Base: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute}, //nolint:exhaustruct // the standard's
		Key:  key, Now: time.Now, Random: rand.Reader,
	})
	if err != nil {
		return nil, err
	}
	return &http.Client{Transport: transport, Timeout: 2 * time.Minute}, nil
}

// load imports one registry by the path of the import command.
func (s *stage) load(ctx context.Context, area party.Area, kind registry.Kind, csv string) error {
	return s.stream(ctx, area, kind, func(w io.Writer) error {
		_, err := io.WriteString(w, csv)
		return err //nolint:wrapcheck // of the pipe
	})
}

// stream imports one registry from what fill writes, however long it is.
func (s *stage) stream(ctx context.Context, area party.Area, kind registry.Kind, fill func(io.Writer) error) error {
	spec, ok := registry.SpecOf(kind)
	if !ok {
		return fmt.Errorf("no import of %s", kind)
	}
	var report registry.Report
	key := hex.EncodeToString(randomBytes(16))
	request := once.Request{
		Caller: "command:demo", Route: "import " + string(kind), Key: key, Fingerprint: sha256.Sum256([]byte(key)),
	}
	file, err := os.CreateTemp("", "twoline-"+string(kind)+"-*.csv")
	if err != nil {
		return fmt.Errorf("import %s: %w", kind, err)
	}
	defer os.Remove(file.Name()) //nolint:errcheck // of the demonstration
	defer file.Close()           //nolint:errcheck // read only from here
	if err := fill(file); err != nil {
		return fmt.Errorf("import %s: %w", kind, err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("import %s: %w", kind, err)
	}
	_, err = s.g.registry.Import(ctx, request, keepReport(&report), operator(spec, area), kind, file,
		registry.Options{WholeFile: true, Charset: "", Area: area})
	if err != nil {
		return fmt.Errorf("import %s: %w", kind, err)
	}
	return nil
}

// daily is the background's daily look, asked for by the business clock. The flows look
// beside one another; then what is over is sealed, and only then matched: a run says of
// the book no more than was sealed before it.
func (g *gateway) daily(ctx context.Context, day calendar.Day) error {
	looks := []func() error{
		func() error { return g.collection.Tick(ctx, day) },
		func() error { return errors.Join(g.payout.WatchMonths(ctx, day), g.subsidies.Watch(ctx, day)) },
		func() error { return errors.Join(g.life.Watch(ctx, day), g.personal.Tick(ctx)) },
		func() error { return errors.Join(g.payout.AlarmFunds(ctx), g.payout.WatchAnswers(ctx, day)) },
	}
	flows := fault.Together(2, len(looks), func(i int) error { return looks[i]() })
	return errors.Join(flows, g.seal(ctx, day), g.purge(ctx), g.reconcile.Tick(ctx, day))
}

// purge forgets nonces that no signature can carry any more.
func (g *gateway) purge(ctx context.Context) error {
	for {
		n, err := g.db.Callers().PurgeNonces(ctx, 10_000)
		if err != nil || n == 0 {
			return err
		}
	}
}

// seal closes every day before the given one in every book.
func (g *gateway) seal(ctx context.Context, day calendar.Day) error {
	books, err := g.db.Books(ctx)
	if err != nil {
		return err
	}
	for _, b := range books {
		if _, err := g.ledger.SealThrough(ctx, b.Area, b.Scheme, day.AddDays(-1)); err != nil {
			return fmt.Errorf("seal the book of area %s, %s: %w", b.Area, b.Scheme, err)
		}
	}
	return nil
}
