package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	goredis "github.com/redis/go-redis/v9"

	"twoline/adapters/bank/simbank"
	"twoline/gateway/money"
)

// TestF58_KillNineAtTenRandomMomentsLosesAndDoublesNothing lives one county's
// collection four times on the real program: undisturbed, killed ten times, with
// Redis emptied, with PostgreSQL crashed. Every run must end in the same books,
// and the banks' own ledgers must say that each payer was debited exactly once.
func TestF58_KillNineAtTenRandomMomentsLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	seed := testSeed(t)
	began := time.Now()
	w := openTown(t)
	t.Logf("built and seeded in %s", time.Since(began).Round(100*time.Millisecond))
	calm := w.live(t, "calm", seed, nil)
	t.Logf("undisturbed: %d answers, %s", calm.answers, calm.took)
	calm.proveAgainstBanks(t)

	moments := func(n int, stream uint64) []int64 {
		r := rand.New(rand.NewPCG(seed, stream))
		var out []int64
		for range n {
			out = append(out, 1+r.Int64N(calm.answers*19/20))
		}
		slices.Sort(out)
		return out
	}
	for _, run := range []struct {
		name    string
		moments []int64
		trouble func(*townRun, context.Context) error
	}{
		{"kill_nine", moments(10, 1), (*townRun).killNine},
		{"flushall", moments(8, 2), (*townRun).flushAll},
		{"postgres_crash", moments(2, 3), (*townRun).crashPostgres},
	} {
		t.Run(run.name, func(t *testing.T) { //nolint:paralleltest // they share two cores and one PostgreSQL
			got := w.live(t, run.name, seed, func(ctx context.Context, r *townRun) error {
				for i, moment := range run.moments {
					if err := r.reaches(ctx, moment); err != nil {
						return err
					}
					if err := run.trouble(r, ctx); err != nil {
						return fmt.Errorf("trouble %d: %w", i+1, err)
					}
				}
				return nil
			})
			t.Logf("after %v answers: %d answers in all, %s", run.moments, got.answers, got.took)
			got.proveAgainstBanks(t)
			if diff := cmp.Diff(calm.books, got.books); diff != "" {
				t.Errorf("the books differ from the undisturbed run's (-calm +%s):\n%s", run.name, diff)
			}
		})
	}
	t.Run("F-58 killed between the fund's lines and the personal accounts'", func(t *testing.T) { //nolint:paralleltest // as above
		got := w.live(t, "between", seed, func(ctx context.Context, r *townRun) error { return r.killBetween(ctx, t) })
		got.proveAgainstBanks(t)
		if diff := cmp.Diff(calm.books, got.books); diff != "" {
			t.Errorf("the books differ from the undisturbed run's (-calm +between):\n%s", diff)
		}
	})
}

// testSeed is TWOLINE_TEST_SEED, else a new one; it is printed either way.
func testSeed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("TWOLINE_TEST_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("TWOLINE_TEST_SEED: %v", err)
		}
	}
	t.Logf("TWOLINE_TEST_SEED=%d", seed)
	return seed
}

// townRun is one life of the county on a database of its own.
type townRun struct {
	town        *town
	database    string
	api, upload string
	child       *child
	answers     atomic.Int64
	members     map[string]int64
	clerks      map[string]*clerk
	post, coop  *simbank.Bank
	redis       *goredis.Client
	jitter      *rand.Rand
}

// lived is how a run ended.
type lived struct {
	answers int64
	took    time.Duration
	books   townBooks
	banks   []*simbank.Bank
	people  []villager
}

// live plays the whole story, beside the trouble, and returns the books.
func (w *town) live(t *testing.T, name string, seed uint64, trouble func(context.Context, *townRun) error) lived {
	t.Helper()
	end := w.liveStory(t, name, seed, func(ctx context.Context, r *townRun) error { return r.play(ctx) }, trouble)
	err := w.ask(t.Context(), name, func(c *pgx.Conn) (err error) { end.books, err = readBooks(t.Context(), c); return err })
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// liveStory plays a story, beside the trouble, on a database of its own, which
// stays, and proves every invariant in the end.
func (w *town) liveStory(
	t *testing.T, name string, seed uint64, story, trouble func(context.Context, *townRun) error,
) lived {
	t.Helper()
	began := time.Now()
	w.sql(t, "postgres", "create database "+name+" template "+w.template)
	r := w.openRun(t, name, seed)
	ctx, cancel := context.WithTimeout(t.Context(), w.limit)
	defer cancel()
	if err := r.logIn(ctx); err != nil {
		t.Fatal(err)
	}
	r.answers.Store(0)
	troubled := make(chan error, 1)
	go func() {
		if trouble == nil {
			troubled <- nil
			return
		}
		err := trouble(ctx, r)
		if err != nil {
			cancel()
		}
		troubled <- err
	}()
	err := story(ctx, r)
	if err != nil {
		cancel()
	}
	if err := errors.Join(err, <-troubled); err != nil {
		t.Fatalf("%v\nthe service's last words:\n%s", err, r.child.lastWords())
	}
	out, code := w.binary.run(t, w.env(name), "", "verify")
	if code != exitOK {
		t.Errorf("verify ended with %d:\n%s", code, out)
	}
	end := lived{
		answers: r.answers.Load(), banks: []*simbank.Bank{r.post, r.coop}, people: w.county.people,
		took: time.Since(began).Round(100 * time.Millisecond),
	}
	if err := r.child.kill(); err != nil {
		t.Error(err)
	}
	return end
}

func (w *town) openRun(t *testing.T, name string, seed uint64) *townRun {
	t.Helper()
	ports := freePorts(t, 3)
	env := w.env(name)
	if w.through != nil {
		env["TWOLINE_DATABASE_URL"] = w.through(env["TWOLINE_DATABASE_URL"])
	}
	env["TWOLINE_REDIS_URL"], env["TWOLINE_HINT_SECRET"] = w.redis.URL(), "0123456789abcdef0123456789abcdef"
	env["TWOLINE_LISTEN"], env["TWOLINE_UPLOAD_LISTEN"], env["TWOLINE_OPS_LISTEN"] = ports[0], ports[1], ports[2]
	r := &townRun{
		town: w, database: name, api: ports[0], upload: ports[1], child: &child{binary: w.binary, env: env},
		members: map[string]int64{}, clerks: map[string]*clerk{}, redis: goredis.NewClient(&goredis.Options{Addr: w.redis.Addr()}),
		jitter: rand.New(rand.NewPCG(seed, 9)),
	}
	t.Cleanup(func() { w.check(t, errors.Join(r.child.kill(), r.redis.Close())) })
	if err := r.redis.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := r.child.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.post, r.coop = w.bank(t, r, psbc, seed), w.bank(t, r, rcc, seed)
	err := w.ask(t.Context(), name, func(c *pgx.Conn) error {
		rows, err := c.Query(t.Context(), `select social_no, id from member`)
		if err != nil {
			return err
		}
		var social string
		var id int64
		_, err = pgx.ForEachRow(rows, []any{&social, &id}, func() error { r.members[social] = id; return nil })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *townRun) logIn(ctx context.Context) error {
	for _, login := range r.town.logins {
		c := &clerk{
			base: r.api, login: login,
			client: &http.Client{Timeout: 30 * time.Second, Transport: counted{&http.Transport{}, &r.answers}},
		}
		var session struct {
			Token string `json:"token"`
		}
		body := map[string]string{"login": login, "password": townPassword}
		if err := c.send(ctx, http.MethodPost, "/v1/session", body, &session); err != nil {
			return err
		}
		c.token = session.Token
		r.clerks[login] = c
	}
	return nil
}

// The troubles.

// reaches waits until so many requests were answered, and a moment more, so that
// it is now another one of the requests and jobs that is under way.
func (r *townRun) reaches(ctx context.Context, answers int64) error {
	for r.answers.Load() < answers {
		if err := pause(ctx, time.Millisecond); err != nil {
			return fmt.Errorf("%d of %d answers: %w", r.answers.Load(), answers, err)
		}
	}
	return pause(ctx, time.Duration(r.jitter.IntN(150))*time.Millisecond)
}

// killNine also empties Redis: a mark of the dead process would hold its request
// for half a minute.
func (r *townRun) killNine(ctx context.Context) error {
	if err := r.child.kill(); err != nil {
		return err
	}
	if err := r.flushAll(ctx); err != nil {
		return err
	}
	return r.child.start(ctx)
}

// killBetween stops the program in the middle of a posting, when the fund's
// line stands in the transaction and the first personal account's does not, and
// kills it there.
func (r *townRun) killBetween(ctx context.Context, t *testing.T) error {
	ask := func(ctx context.Context, fn func(*pgx.Conn) error) error { return r.town.ask(ctx, r.database, fn) }
	number := func(c *pgx.Conn, sql string) (n int64, err error) {
		err = c.QueryRow(ctx, sql).Scan(&n)
		return n, err
	}
	const posted = `select count(*) from posting where kind = 'contribution'`
	const stopped = `select count(*) from pg_locks where locktype = 'advisory' and objid = 58 and not granted`
	err := ask(ctx, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, `
			create function stop_here() returns trigger language plpgsql as
				'begin perform pg_advisory_xact_lock(58); return new; end';
			create trigger stop_here before insert on posting for each row when (new.role = 'personal_individual')
				execute function stop_here();
			select pg_advisory_lock(58)`)
		if err != nil {
			return err
		}
		for waiting := int64(0); waiting == 0; {
			if err := pause(ctx, 5*time.Millisecond); err != nil {
				return fmt.Errorf("nothing is posted: %w", err)
			}
			if waiting, err = number(c, stopped); err != nil {
				return err
			}
		}
		before, err := number(c, posted)
		if err != nil {
			return err
		}
		if err := r.child.kill(); err != nil {
			return err
		}
		if after, err := number(c, posted); err != nil || after != before {
			t.Errorf("%d lines after the kill, %d before it, %v", after, before, err)
		}
		// PostgreSQL goes on, finds nobody to answer to, and gives the transaction up.
		if _, err := c.Exec(ctx, `select pg_advisory_unlock(58)`); err != nil {
			return err
		}
		for left := int64(1); left > 0; {
			if left, err = number(c, `select count(*) from pg_stat_activity where datname = current_database()
				and pid <> pg_backend_pid() and backend_type = 'client backend'`); err != nil {
				return err
			}
			if err := pause(ctx, 5*time.Millisecond); err != nil {
				return fmt.Errorf("a dead program's connection is left: %w", err)
			}
		}
		if after, err := number(c, posted); err != nil || after != before {
			t.Errorf("%d lines after the transaction was given up, %d before the kill, %v", after, before, err)
		}
		_, err = c.Exec(ctx, `drop trigger stop_here on posting; drop function stop_here()`)
		return err
	})
	if err != nil {
		return err
	}
	if err := r.flushAll(ctx); err != nil {
		return err
	}
	return r.child.start(ctx)
}

func (r *townRun) flushAll(ctx context.Context) error { return r.redis.FlushAll(ctx).Err() }

func (r *townRun) crashPostgres(ctx context.Context) error {
	if err := r.town.pg.Crash(); err != nil {
		return err
	}
	if err := pause(ctx, time.Duration(r.jitter.IntN(400))*time.Millisecond); err != nil {
		return err
	}
	if err := r.town.pg.Restart(ctx); err != nil {
		return err
	}
	return r.child.revive(ctx)
}

// The story.

func (r *townRun) play(ctx context.Context) error {
	for _, scene := range []scene{
		{"payments at terminals", r.terminals},
		{"first run", r.withhold},
		{"second run", r.secondRun},
		{"background work", r.worked},
		{"sweep", r.sweep},
		{"background work at the end", r.worked},
	} {
		if err := scene.play(ctx); err != nil {
			return fmt.Errorf("%s: %w", scene.title, err)
		}
	}
	return nil
}

// terminals takes payments on two terminals, on the day before; the next
// morning each terminal's day is credited.
func (r *townRun) terminals(ctx context.Context) error {
	for n, i := range r.terminalPayers() {
		p := r.town.county.people[i]
		_, err := r.post.TakeAtCounter(ctx, simbank.Payment{
			MemberID: strconv.FormatInt(r.members[p.socialNo], 10), Year: r.town.today.Year(), Amount: p.tier,
			Channel: "village", Terminal: fmt.Sprintf("POS-%d", n%2), Account: postIncome,
		})
		if err != nil && !errors.Is(err, simbank.ErrUnreachable) {
			return err
		}
	}
	if err := r.steps(ctx); err != nil {
		return err
	}
	if err := errors.Join(r.post.NewDay(r.town.today), r.coop.NewDay(r.town.today)); err != nil {
		return err
	}
	return r.steps(ctx)
}

// terminalPayers are members that a bank could debit as well.
func (r *townRun) terminalPayers() []int {
	var out []int
	for i := 5; i < townMembers/2; i += 15 {
		out = append(out, i)
	}
	return out
}

// steps lets both banks work until nothing waits. What the gateway refuses of a
// repetition is expected; a first message that is refused is an error.
func (r *townRun) steps(ctx context.Context) error {
	return r.untilBanks(ctx, func(b *simbank.Bank, waiting int) bool { return waiting == 0 && b.Status().Open == 0 })
}

// untilBanks lets both banks work at once until each has come as far as is asked.
func (r *townRun) untilBanks(ctx context.Context, far func(b *simbank.Bank, waiting int) bool) error {
	errs := make(chan error, 2)
	for _, b := range []*simbank.Bank{r.post, r.coop} {
		go func() { errs <- stepUntil(ctx, b, far) }()
	}
	return errors.Join(<-errs, <-errs)
}

// nothingWaits says that a bank said everything that is due today.
func nothingWaits(_ *simbank.Bank, waiting int) bool { return waiting == 0 }

func stepUntil(ctx context.Context, b *simbank.Bank, far func(b *simbank.Bank, waiting int) bool) error {
	for {
		report, err := b.Step(ctx)
		for _, d := range report.Declined {
			return fmt.Errorf("the bank declined batch %s: %s", d.ID, d.Reason)
		}
		for _, f := range report.Refused {
			return fmt.Errorf("the gateway refused %s %s: %d %s %s", f.Purpose, f.Key, f.Status, f.Code, f.Detail)
		}
		switch {
		case err == nil && far(b, report.Waiting):
			return nil
		case ctx.Err() != nil:
			return errors.Join(ctx.Err(), err)
		case err != nil && !errors.Is(err, simbank.ErrUnreachable):
			return err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func (r *townRun) withhold(ctx context.Context) error {
	body := map[string]any{"scheme": "rural", "year": r.town.today.Year()}
	if err := r.clerks["business"].send(ctx, http.MethodPost, "/v1/withholding-runs", body, nil); err != nil {
		return err
	}
	return r.steps(ctx)
}

// secondRun follows when who had too little has more, and the first run's
// outcomes are all known.
func (r *townRun) secondRun(ctx context.Context) error {
	if err := r.worked(ctx); err != nil {
		return err
	}
	for _, v := range r.town.county.people {
		if v.balance != 50_00 {
			continue
		}
		var err error
		at := r.post
		if v.bank == rcc {
			at = r.coop
		}
		at.Ledger(func(l *simbank.Ledger) { err = l.Deposit(v.account, 900_00) })
		if err != nil {
			return err
		}
	}
	return r.withhold(ctx)
}

// worked waits until no background work is left; the daily look is on its own.
func (r *townRun) worked(ctx context.Context) error {
	deadline := time.Now().Add(3 * time.Minute)
	for {
		var left string
		err := r.town.ask(ctx, r.database, func(c *pgx.Conn) error {
			return c.QueryRow(ctx, `
				select coalesce(string_agg(kind || ' ' || id || ' ' || state || ' ' || coalesce(errors[array_upper(errors, 1)]::text, ''), '; '), '')
				from river.river_job where kind <> 'daily_look' and finalized_at is null`).Scan(&left)
		})
		if err == nil && left == "" {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("background work is left after three minutes: %s %w", left, err)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// sweep moves both income accounts to the fiscal special account, by a maker
// and a checker.
func (r *townRun) sweep(ctx context.Context) error {
	var page struct {
		Items []fundAccount `json:"items"`
	}
	if err := r.clerks["finance"].send(ctx, http.MethodGet, "/v1/fund-accounts", nil, &page); err != nil {
		return err
	}
	ids := map[string]fundAccount{}
	for _, f := range page.Items {
		ids[f.Bank+" "+f.Role] = f
	}
	for _, from := range []struct {
		key, number string
		bank        *simbank.Bank
	}{{"psbc income", postIncome, r.post}, {"rcc income", coopIncome, r.coop}} {
		account := ids[from.key]
		move := simbank.Move{Amount: account.Balance, Reference: "SH-" + from.number[:6], Text: "上划财政专户"}
		reference, err := from.bank.Transfer(from.number, postFiscal, move)
		if err != nil {
			return err
		}
		if from.bank == r.coop {
			if _, err := r.post.Transfer(from.number, postFiscal, move); err != nil {
				return err
			}
		}
		var made struct {
			ID     string `json:"id"`
			Digest string `json:"digest"`
		}
		err = r.clerks["finance"].send(ctx, http.MethodPost, "/v1/fund-transfers", map[string]any{
			"kind": "sweep", "from_account": account.ID, "to_account": ids["psbc fiscal_special"].ID, "amount": "all",
			"effective_on": r.town.today, "document": "上划凭证", "bank_reference": reference,
		}, &made)
		if err != nil {
			return err
		}
		path := "/v1/fund-transfers/" + made.ID + "/approve"
		err = r.clerks["finance-check"].send(ctx, http.MethodPost, path, map[string]string{"digest": made.Digest}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// townBooks is what two runs must have in common to the fen; ids differ.
type townBooks struct {
	// Roles are lines and sums by kind, role, side and nature.
	Roles []string
	// Credited is what each member's account was credited, and by how many lines.
	Credited []string
	// Outcomes are the attempts of each member.
	Outcomes []string
	Arrivals []string
	Receipts []string
	Batches  []string
	Swept    []string
	Accounts []string
	Tasks    []string
}

func readBooks(ctx context.Context, c *pgx.Conn) (townBooks, error) {
	var b townBooks
	for _, q := range []struct {
		into *[]string
		sql  string
	}{
		{&b.Roles, `select format('%s %s %s %s: %s lines, %s fen', kind, role, side, nature,
				case when nature = 'sum' then null else count(*) end, sum(amount))
			from posting group by kind, role, side, nature order by 1`},
		{&b.Credited, `select format('%s: %s lines, %s fen', m.social_no, count(*), sum(p.amount)) from posting p
			join member m on m.id = p.member_id where p.role = 'personal_individual' group by m.social_no order by 1`},
		{&b.Outcomes, `select format('%s #%s %s fen: %s %s, %s answers', m.social_no, i.attempt, i.amount, a.outcome, a.class,
				count(*))
			from withholding_item i join member m on m.id = i.member_id
			left join answer a on a.item_id = i.id and a.disposition = 'recorded'
			group by m.social_no, i.attempt, i.amount, a.outcome, a.class order by 1`},
		{&b.Arrivals, `select format('%s %s fen', f.bank, v.amount) from arrival v
			join fund_account f on f.id = v.fund_account order by 1`},
		{&b.Receipts, `select format('%s %s fen', m.social_no, r.amount) from counter_receipt r
			join member m on m.id = r.member_id order by 1`},
		{&b.Batches, `select format('%s %s %s: %s items, %s fen, %s succeeded, %s arrived, %s agreed', bank, batch_no, state,
				item_count, amount, succeeded_amount, arrived_amount, agreed_amount)
			from withholding_batch order by 1`},
		{&b.Swept, `select format('%s %s %s fen', f.bank, f.role, p.amount) from posting p
			join fund_account f on f.id = p.fund_account where p.kind = 'sweep' order by 1`},
		{&b.Accounts, `select format('%s %s: %s fen', f.bank, f.role,
				coalesce(sum(case when (p.side = 'debit') <> p.red then p.amount else -p.amount end), 0))
			from fund_account f left join posting p on p.fund_account = f.id and p.role = f.role
			group by f.bank, f.role order by 1`},
		{&b.Tasks, `select format('%s %s', kind, count(*)) from exception_case group by kind
			union all select format('refund %s', count(*)) from refund_task order by 1`},
	} {
		rows, err := c.Query(ctx, q.sql)
		if err != nil {
			return b, err
		}
		if *q.into, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return b, fmt.Errorf("%s: %w", q.sql, err)
		}
	}
	return b, nil
}

// proveAgainstBanks compares the books with what the banks know independently:
// who was debited, how often, and what lies on the fund accounts.
func (l lived) proveAgainstBanks(t *testing.T) {
	t.Helper()
	var want []string
	debited := 0
	for i, v := range l.people {
		bank := l.banks[0]
		if v.bank == rcc {
			bank = l.banks[1]
		}
		var c simbank.Customer
		var err error
		bank.Ledger(func(led *simbank.Ledger) { c, err = led.Customer(v.account) })
		if err != nil {
			t.Fatal(err)
		}
		if c.Debits > 1 || c.Debited != money.Amount(c.Debits)*v.tier {
			t.Errorf("member %s was debited %d times, %s in all, and chose %s", v.socialNo, c.Debits, c.Debited, v.tier)
		}
		atTerminal := i < townMembers/2 && i%15 == 5
		if cannot := v.state != simbank.Normal; atTerminal || cannot {
			if c.Debits != 0 {
				t.Errorf("member %s was debited although %s", v.socialNo, map[bool]string{true: "paid", false: "shut"}[atTerminal])
			}
		} else if c.Debits != 1 {
			t.Errorf("member %s was debited %d times, want once", v.socialNo, c.Debits)
		}
		debited += c.Debits
		if c.Debits == 1 || atTerminal {
			want = append(want, fmt.Sprintf("%s: 1 lines, %d fen", v.socialNo, v.tier.Fen()))
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, l.books.Credited); diff != "" {
		t.Errorf("credited accounts differ from what the banks took (-banks +book):\n%s", diff)
	}
	if debited < townMembers*9/10 {
		t.Errorf("only %d debits: the story did not happen", debited)
	}
	l.proveFunds(t)
}

func (l lived) proveFunds(t *testing.T) {
	t.Helper()
	var want []string
	for _, f := range []struct {
		bank         *simbank.Bank
		number, name string
	}{
		{l.banks[0], postFiscal, "psbc fiscal_special"},
		{l.banks[0], postIncome, "psbc income"},
		{l.banks[1], coopIncome, "rcc income"},
	} {
		var fund simbank.Fund
		var err error
		f.bank.Ledger(func(led *simbank.Ledger) { fund, err = led.Fund(f.number) })
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprintf("%s: %d fen", f.name, fund.Balance.Fen()))
	}
	if diff := cmp.Diff(want, l.books.Accounts); diff != "" {
		t.Errorf("fund accounts differ (-banks +book):\n%s", diff)
	}
	for _, b := range l.banks {
		if s := b.Status(); s.Sum != 0 || s.Queued != 0 || s.Open != 0 {
			text, _ := json.Marshal(s)
			t.Errorf("a bank ended with %s", text)
		}
	}
}
