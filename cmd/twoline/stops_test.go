package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"twoline/gateway/calendar"
)

// stop is a place in the gateway's work where its transaction is held while a row is
// written, and what happens to it there.
type stop struct {
	name string
	// at and row are of the trigger: before what on which table, and for which rows.
	at, row string
	// unseen is SQL of what a transaction that was cut off must not have changed.
	unseen  string
	trouble func(*stops, context.Context, stop) error
}

// stopsOfTheYear cut the first month's pay run off at every step, and the second's by hand.
func stopsOfTheYear(first calendar.Month) []stop {
	const (
		frozen = `select concat_ws(' ', (select count(*) from payment_item), (select count(*) from payment_batch),
			(select count(*) from withholding_item), (select string_agg(state, ',' order by id) from pay_run),
			(select sum(next) from batch_counter), (select sum(next) from item_counter), (select count(*) from run_event))`
		decided = `select concat_ws(' ', (select count(*) from approval), (select string_agg(state, ',' order by id) from pay_run),
			(select count(*) from run_event), (select string_agg(state, ',' order by id) from payment_batch),
			(select count(*) from batch_event))`
		booked = `select concat_ws(' ', count(distinct a.id), count(p), sum(b.succeeded), sum(b.last_answer)) from payment_batch b
			left join answer a on a.area = b.area and a.batch_id = b.id
			left join posting p on p.area = b.area and p.batch_id = b.id and p.kind = 'benefit' where b.bank = `
		returned = `select concat_ws(' ', (select count(*) from payment_return), (select count(*) from payment_return_booked),
			(select count(*) from posting where kind = 'payment_return'), (select sum(returned) from payment_batch))`
	)
	benefit := func(bank string) string {
		return `new.kind = 'benefit' and new.line = 12 and new.fund_account = {` + bank + ` expenditure}`
	}
	of := func(m calendar.Month) string { return "new.month = '" + m.First().String() + "'" }
	return []stop{
		{"10 withhold", "insert on withholding_item", "new.seq = 20", frozen, (*stops).kill},
		{"20 freeze", "insert on payment_item", "new.seq = 20 and " + of(first), frozen, (*stops).kill},
		{"21 freeze crash", "insert on payment_item", "new.seq = 25 and " + of(first), frozen, (*stops).crash},
		{"22 freeze starved", "insert on payment_item", "new.seq = 30 and " + of(first), frozen, (*stops).starve},
		{"30 approve", "update on pay_run", "new.state = 'approved'", decided, (*stops).kill},
		{"40 release", "update on pay_run", "new.state = 'released'", decided, (*stops).kill},
		{"41 release crash", "update on payment_batch", "new.state = 'sending'", decided, (*stops).crash},
		{"50 results", "insert on posting", benefit("psbc"), booked + "'psbc'", (*stops).kill},
		{"60 file", "insert on posting", benefit("rcc"), booked + "'rcc'", (*stops).crash},
		{
			// The file of those that were paid: that of the others may end beside it.
			"61 file end", "update on receipt",
			"new.state = 'processed' and new.kind = 'payment_result_file' and new.amount > 0", booked + "'rcc'", (*stops).kill,
		},
		{"70 return", "insert on payment_return_booked", "true", returned, (*stops).kill},
		{"80 terminate", "insert on payment_item", "new.seq = 20 and " + of(first.Add(1)), "", (*stops).terminate},
	}
}

// stops is the trouble of a life that is held at one place after another.
type stops struct {
	*townRun

	proxy *commitProxy
	watch *watch
	mu    sync.Mutex
	// told are the complaints about each stop that was reached.
	told map[string][]string
}

func (s *stops) say(name string, complaints ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[name] = append(s.told[name], complaints...)
}

// proved is the test of one stop.
func (s *stops) proved(names ...string) func(*testing.T) {
	return func(t *testing.T) {
		for _, name := range names {
			complaints, reached := s.told[name]
			if !reached {
				t.Errorf("%s was not reached", name)
			}
			for _, c := range complaints {
				t.Errorf("%s: %s", name, c)
			}
		}
	}
}

// install makes the triggers; each holds who fires it while its name stands in a table.
func (s *stops) install(ctx context.Context, list []stop) error {
	return s.town.ask(ctx, s.database, func(c *pgx.Conn) error {
		sql := []string{`
			create schema held;
			create table held.place (name text primary key);
			create function held.here() returns trigger language plpgsql security definer as $$
			begin
				while exists (select from held.place where name = tg_argv[0]) loop
					perform set_config('application_name', 'held ' || tg_argv[0], true);
					perform pg_sleep(0.002);
				end loop;
				return new;
			end $$`}
		accounts := map[string]string{}
		rows, err := c.Query(ctx, `select '{' || bank || ' ' || role || '}', id::text from fund_account`)
		if err != nil {
			return err
		}
		var key, id string
		if _, err := pgx.ForEachRow(rows, []any{&key, &id}, func() error { accounts[key] = id; return nil }); err != nil {
			return err
		}
		for _, x := range list {
			row := x.row
			for key, id := range accounts {
				row = strings.ReplaceAll(row, key, id)
			}
			sql = append(sql, fmt.Sprintf(`insert into held.place values ('%[1]s'); create trigger "held %[1]s" before %[2]s
				for each row when (%[3]s) execute function held.here('%[1]s')`, x.name, x.at, row))
		}
		_, err = c.Exec(ctx, strings.Join(sql, ";\n"))
		return err
	})
}

// run waits at each place in turn, and lets a storm of lost commits go last.
func (s *stops) run(ctx context.Context, list []stop) error {
	defer s.watch.close(ctx)
	for _, x := range list {
		if _, err := s.waitHeld(ctx, x); err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
		s.say(x.name)
		if err := x.trouble(s, ctx, x); err != nil {
			return fmt.Errorf("%s: %w", x.name, err)
		}
	}
	s.proxy.storm(8)
	return nil
}

func (s *stops) query(ctx context.Context, sql string, into ...any) error {
	return s.watch.ask(ctx, sql, nil, into)
}

// waitHeld waits until a transaction is held at a place, and returns what is seen of
// its work meanwhile, by others.
func (s *stops) waitHeld(ctx context.Context, x stop) (seen string, err error) {
	for n := 0; n == 0; {
		err := s.query(ctx, `select count(*) from pg_stat_activity where datname = current_database() and application_name = 'held `+
			x.name+`'`, &n)
		if err = errors.Join(err, pause(ctx, 10*time.Millisecond)); err != nil {
			return "", err
		}
	}
	return s.seen(ctx, x)
}

func (s *stops) seen(ctx context.Context, x stop) (seen string, err error) {
	if x.unseen != "" {
		err = s.query(ctx, x.unseen, &seen)
	}
	return seen, err
}

func (s *stops) compare(x stop, when, before, after string) {
	if before != after {
		s.say(x.name, fmt.Sprintf("%s there was %s, and is %s", when, before, after))
	}
}

// kill ends the gateway with kill -9 while it is held; PostgreSQL gives the
// transaction up.
func (s *stops) kill(ctx context.Context, x stop) error {
	before, err := s.seen(ctx, x)
	if err != nil {
		return err
	}
	if err := s.child.kill(); err != nil {
		return err
	}
	if err := s.letGo(ctx); err != nil {
		return err
	}
	after, err := s.seen(ctx, x)
	if err != nil {
		return err
	}
	s.compare(x, "before the kill", before, after)
	return errors.Join(s.pass(ctx, x), s.flushAll(ctx), s.child.start(ctx))
}

// starve takes the gateway's memory away while it is held and has it asked for more,
// until it dies of it.
func (s *stops) starve(ctx context.Context, x stop) error {
	before, err := s.seen(ctx, x)
	if err != nil {
		return err
	}
	ended, err := s.child.signal(syscall.Signal(0))
	if err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "prlimit", "--as=4096", "--pid", strconv.Itoa(s.child.pid())).CombinedOutput()
	if err != nil {
		return fmt.Errorf("prlimit: %w\n%s", err, out)
	}
	asking, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	for range 48 {
		go s.askForMemory(asking)
	}
	select {
	case <-ended:
	case <-asking.Done():
	}
	code, err := s.child.gone()
	if err != nil || code != 2 || !s.child.gaveUp() {
		s.say(x.name, fmt.Sprintf("without memory the program ended with %d, %v:\n%s", code, err, s.child.lastWords()))
	}
	if err := s.letGo(ctx); err != nil {
		return err
	}
	after, err := s.seen(ctx, x)
	if err != nil {
		return err
	}
	s.compare(x, "before the end", before, after)
	return errors.Join(s.pass(ctx, x), s.flushAll(ctx), s.child.start(ctx))
}

// askForMemory makes one request as large as is taken.
func (s *stops) askForMemory(ctx context.Context) {
	body := strings.NewReader(`{"scheme":"` + strings.Repeat("x", 3<<20) + `"}`)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.api+"/v1/pay-runs", body)
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+s.clerks["business"].token)
	r.Header.Set("Idempotency-Key", "too-large-00000001")
	if answer, err := s.clerks["business"].client.Do(r); err == nil {
		_ = answer.Body.Close() // nobody reads it
	}
}

// letGo ends the sessions of a gateway that is dead, and waits until they are gone.
func (s *stops) letGo(ctx context.Context) error {
	for n := 1; n > 0; {
		err := s.query(ctx, `select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database()
			and pid <> pg_backend_pid() and backend_type = 'client backend' and usename = 'town_app'`, &n)
		if err = errors.Join(err, pause(ctx, 10*time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}

// pass lets through who comes by the place again.
func (s *stops) pass(ctx context.Context, x stop) error {
	return s.town.ask(ctx, s.database, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, `delete from held.place where name = $1`, x.name)
		return err
	})
}

// crash ends PostgreSQL without a last write while the gateway is held, which lives on.
func (s *stops) crash(ctx context.Context, x stop) error {
	before, err := s.seen(ctx, x)
	if err != nil {
		return err
	}
	if err := errors.Join(s.town.pg.Crash(), s.town.pg.Restart(ctx)); err != nil {
		return err
	}
	after, err := s.seen(ctx, x)
	if err != nil {
		return err
	}
	s.compare(x, "before the crash", before, after)
	return s.pass(ctx, x)
}

// terminate asks the gateway to end while it is held: the transaction under way ends,
// then the program, with no error.
func (s *stops) terminate(ctx context.Context, x stop) error {
	began := time.Now()
	ended, err := s.child.signal(syscall.SIGTERM)
	if err != nil {
		return err
	}
	if err := errors.Join(pause(ctx, 200*time.Millisecond), s.pass(ctx, x)); err != nil {
		return err
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
	}
	code, err := s.child.gone()
	if took := time.Since(began); err != nil || code != exitOK || took > 20*time.Second {
		s.say(x.name, fmt.Sprintf("told to end, the program took %s and ended with %d, %v:\n%s", took, code, err,
			s.child.lastWords()))
	}
	return errors.Join(s.flushAll(ctx), s.child.start(ctx))
}

// loseReply kills the gateway after it took the submission of a month's second run,
// before its officer hears of it.
func (s *stops) loseReply(ctx context.Context) func(path string, answer []byte) bool {
	const name, sql = "81 reply", `select concat_ws(' ', (select sum(next) from item_counter),
		(select count(*) from payment_batch), (select string_agg(state, ',' order by id) from pay_run))`
	lost := false
	return func(path string, answer []byte) bool {
		if lost || !strings.HasSuffix(path, "/submit") || !strings.Contains(string(answer), `"reissue"`) {
			return false
		}
		lost = true
		s.say(name)
		w := &watch{town: s.town, database: s.database, conn: nil}
		defer w.close(ctx)
		var before, after string
		err := errors.Join(w.ask(ctx, sql, nil, []any{&before}), s.killNine(ctx), w.ask(ctx, sql, nil, []any{&after}))
		if err != nil || !strings.HasSuffix(before, "frozen") {
			s.say(name, fmt.Sprintf("%v; before the kill there was %s", err, before))
		}
		s.compare(stop{name: name}, "before the kill", before, after)
		return true
	}
}

// held lives the months again with every step of the first run cut off once or twice.
func (y *yearTown) held(t *testing.T, seed uint64, calm yearLived) *stops {
	t.Helper()
	list := stopsOfTheYear(y.first)
	s := &stops{told: map[string][]string{}}
	y.through = func(database string) string {
		u, err := pgx.ParseConfig(database)
		if err != nil {
			t.Fatal(err)
		}
		s.proxy = startCommitProxy(t, fmt.Sprintf("%s:%d", u.Host, u.Port))
		return s.proxy.url(t, database)
	}
	defer func() { y.through = nil }()
	ready := make(chan struct{})
	y.before = func(ctx context.Context, r *townRun) error {
		s.townRun, s.watch = r, &watch{town: y.town, database: r.database, conn: nil}
		r.clerks["business"].lose = s.loseReply(ctx)
		defer close(ready)
		return s.install(ctx, list)
	}
	y.after = func(ctx context.Context) error {
		s.proxy.storm(0)
		return s.town.ask(ctx, s.database, func(c *pgx.Conn) error {
			_, err := c.Exec(ctx, `drop schema held cascade`)
			return err
		})
	}
	defer func() { y.before, y.after = nil, nil }()
	got := y.liveYear(t, "held", seed, func(ctx context.Context, _ *townRun) error {
		select {
		case <-ready:
		case <-ctx.Done():
			return ctx.Err()
		}
		return s.run(ctx, list)
	})
	t.Logf("held at %d places, %d, %d and %d commits lost: %d answers, %s", len(list), s.proxy.hits[replyLost].Load(),
		s.proxy.hits[stillRunning].Load(), s.proxy.hits[neverSent].Load(), got.answers, got.took)
	y.proveBanks(t, got)
	if diff := cmp.Diff(calm.year, got.year); diff != "" {
		t.Errorf("books or files differ from the undisturbed months' (-calm +held):\n%s", diff)
	}
	return s
}

// lostCommits is the test of the storm.
func (s *stops) lostCommits(t *testing.T) {
	for f, hits := range map[string]int64{
		"replies lost": s.proxy.hits[replyLost].Load(), "commits cut while running": s.proxy.hits[stillRunning].Load(),
		"commits never sent": s.proxy.hits[neverSent].Load(),
	} {
		if hits < 5 {
			t.Errorf("%d %s do not prove anything", hits, f)
		}
	}
}
