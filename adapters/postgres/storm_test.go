package postgres_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres"
	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
	"twoline/gateway/fundtransfer"
	"twoline/gateway/money"
)

// session sets parameters of every connection of a URL.
func session(t *testing.T, address string, parameters map[string]string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, value := range parameters {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

func openWith(t *testing.T, d pgtest.Database, connections int, parameters map[string]string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Options{
		URL: session(t, d.AppURL, parameters), Connections: connections, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// Sixteen writers on two hot rows, in both orders: what deadlocks is run again, a
// few times; who then still finds no place is told to come back, and left nothing.
func TestF61_AStormOfDeadlocks(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	d.Exec(t, `create table hot (id integer primary key, n bigint not null)`)
	d.Exec(t, `insert into hot values (1, 0), (2, 0)`)
	d.Exec(t, `grant select, update on hot to twoline_app`)
	d.Exec(t, `do $$ begin execute format('alter database %I set deadlock_timeout = ''20ms''', current_database()); end $$`)
	db := openWith(t, d, 16, nil)
	var done, told, runs atomic.Int64
	var writers sync.WaitGroup
	for range 16 {
		writers.Go(func() {
			for range 8 {
				err := db.FundTransfers().InTx(t.Context(), func(tx fundtransfer.Tx) error {
					runs.Add(1)
					first := 1 + rand.IntN(2)
					for _, id := range []int{first, 3 - first} {
						if _, err := execOf(tx).Exec(t.Context(), `update hot set n = n + 1 where id = $1`, id); err != nil {
							return err
						}
					}
					return nil
				})
				switch {
				case err == nil:
					done.Add(1)
				case fault.KindOf(err) == fault.Unavailable:
					told.Add(1)
				default:
					t.Errorf("a writer was told %v", err)
				}
			}
		})
	}
	writers.Wait()
	c, err := pgx.Connect(t.Context(), d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
	var least, most int64
	if err := c.QueryRow(t.Context(), `select min(n), max(n) from hot`).Scan(&least, &most); err != nil {
		t.Fatal(err)
	}
	if least != done.Load() || most != done.Load() {
		t.Errorf("the rows count %d and %d, and %d writers were told that they did it", least, most, done.Load())
	}
	all := done.Load() + told.Load()
	t.Logf("%d done, %d told to come back, %d runs", done.Load(), told.Load(), runs.Load())
	if runs.Load() == all || runs.Load() > 8*all {
		t.Errorf("%d runs of %d transactions: want some again, and none more than eight times", runs.Load(), all)
	}

	// What conflicts for ever is given up, with the answer that it may be tried again.
	begin := time.Now()
	for range 3 {
		runs.Store(0)
		err = db.FundTransfers().InTx(t.Context(), func(tx fundtransfer.Tx) error {
			runs.Add(1)
			_, err := execOf(tx).Exec(t.Context(), `do $$ begin raise exception 'again' using errcode = '40001'; end $$`)
			return err
		})
		if fault.CodeOf(err) != "database_unavailable" || runs.Load() != 8 {
			t.Errorf("after %d runs: %v", runs.Load(), err)
		}
	}
	// Between the runs lie up to 10, 20 … 640 ms, by chance: three times that is 1.9 s as a rule and 3.8 s at most.
	if took := time.Since(begin); took < 150*time.Millisecond || took > 15*time.Second {
		t.Errorf("three times eight runs took %s: want pauses between them that grow", took)
	}
}

// execOf is the transaction below a flow's own.
func execOf(tx any) pgx.Tx {
	return tx.(pgx.Tx) //nolint:forcetypeassert,errcheck // every transaction of the adapter is one
}

// Where all connections are taken, callers are told so by their deadline, and
// nothing piles up behind them.
func TestF62_NoConnectionIsFree(t *testing.T) {
	t.Parallel()
	db := openWith(t, pgtest.New(t), 1, nil)
	busy, release := make(chan struct{}), make(chan struct{})
	var slow sync.WaitGroup
	slow.Go(func() {
		err := db.FundTransfers().Read(context.Background(), func(fundtransfer.Tx) error {
			close(busy)
			<-release
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-busy
	var callers sync.WaitGroup
	for range 64 {
		callers.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
			defer cancel()
			begin := time.Now()
			ran := false
			err := db.FundTransfers().InTx(ctx, func(fundtransfer.Tx) error { ran = true; return nil })
			if fault.KindOf(err) != fault.Unavailable || ran || time.Since(begin) > 2*time.Second {
				t.Errorf("after %s without a connection: ran %v, %v", time.Since(begin), ran, err)
			}
		})
	}
	callers.Wait()
	if n := db.Pool().Stat().AcquiredConns(); n != 1 {
		t.Errorf("%d connections are taken, want the slow one", n)
	}
	close(release)
	slow.Wait()
	if err := db.FundTransfers().Read(t.Context(), func(fundtransfer.Tx) error { return nil }); err != nil {
		t.Errorf("when the connection is free again: %v", err)
	}
}

// A client that fell silent in its transaction loses it, and its locks, by the
// setting of every connection of ours.
func TestF63_ASilentTransactionGivesItsLocksBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	var standing string
	if err := w.db.Pool().QueryRow(t.Context(), `show idle_in_transaction_session_timeout`).Scan(&standing); err != nil ||
		standing != "30s" {
		t.Errorf("a connection of ours may be silent for %q, %v", standing, err)
	}
	b := w.withhold(t).Batches[0]
	db := openWith(t, w.d, 2, map[string]string{"idle_in_transaction_session_timeout": "150"})
	silent := make(chan error, 1)
	held := make(chan struct{})
	var once sync.Once
	go func() {
		silent <- db.Collection().InTx(context.Background(), func(tx collection.Tx) error {
			if _, err := tx.LockBatch(context.Background(), chencang, "psbc", b.ID); err != nil {
				return err
			}
			first := false
			once.Do(func() { first = true; close(held) })
			if !first {
				return errKilled
			}
			<-time.After(600 * time.Millisecond)
			_, err := tx.LockBatch(context.Background(), chencang, "psbc", b.ID)
			return err
		})
	}()
	<-held
	begin := time.Now()
	if _, err := w.results(t, b, []collection.Result{succeeded(w.items(t, b)[0])}); err != nil {
		t.Errorf("an answer behind the silent client: %v", err)
	}
	if took := time.Since(begin); took > 550*time.Millisecond {
		t.Errorf("the answer waited for %s", took)
	}
	// What the silent client wanted was lost with its connection, and run again.
	if err := <-silent; !errors.Is(err, errKilled) {
		t.Errorf("the silent client: %v", err)
	}
}

// A lock that does not come, in the middle of a freeze: the step is run again from
// its beginning, and freezes the same bytes as one that nobody disturbed.
func TestF64_AFreezeThatWaitedInVainIsMadeWhole(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 8, 0)
	quick := openWith(t, w.d, 4, map[string]string{"lock_timeout": "100"})
	run := w.draft(t, regular(march())).Run
	undisturbed := func() disbursement.Trial {
		trial, err := w.pay.Try(t.Context(), w.maker, disbursement.Order{Scheme: "rural", Month: march().Add(1), Kind: disbursement.Regular})
		if err != nil {
			t.Fatal(err)
		}
		return trial
	}()
	blocker, err := pgx.Connect(t.Context(), w.d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer blocker.Close(context.Background()) //nolint:errcheck // a connection of the test
	block, err := blocker.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// The counter's key is taken by somebody who does not commit.
	if _, err := block.Exec(t.Context(), `insert into batch_counter (area, bank, next) values (610304, 'psbc', 77)`); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	freed := make(chan error, 1)
	go func() {
		<-time.After(350 * time.Millisecond)
		freed <- block.Rollback(context.Background())
	}()
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	pay := disbursement.New(disbursement.Parts{ //nolint:exhaustruct // nothing is read here
		Store: quick.Disbursement(), Writer: payLines{}, Days: days, Today: func() calendar.Day { return w.today },
	})
	var out disbursement.Submitted
	if _, err := pay.Submit(t.Context(), w.ask("POST submit"), result(&out), w.maker, run.ID); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took < 350*time.Millisecond {
		t.Errorf("the freeze took %s: it did not wait", took)
	}
	if err := <-freed; err != nil {
		t.Fatal(err)
	}
	if out.Run.Count != 8 || out.Run.Amount != undisturbed.Run.Amount {
		t.Errorf("the run has %d payments of %s, want 8 of %s", out.Run.Count, out.Run.Amount, undisturbed.Run.Amount)
	}
	if len(out.Batches) != len(undisturbed.Batches) || out.Batches[0].Number != undisturbed.Batches[0].Number ||
		out.Batches[0].Count != 8 {
		t.Errorf("frozen as %+v, want as %+v", out.Batches, undisturbed.Batches)
	}
	for _, b := range out.Batches {
		w.sameFile(t, b)
	}
	if n := one[int64](t, w.world, `select count(*) from payment_item`); n != 8 {
		t.Errorf("%d payments are frozen, want 8", n)
	}
	if n := one[int64](t, w.world, `select count(*) from run_event where to_state = 'frozen'`); n != 1 {
		t.Errorf("the run was frozen %d times", n)
	}
}

// Thousands of debits are posted while a pay run of the same county is frozen and
// released: neither stops the other, and both totals are right.
func TestF59_PostingWhileARunIsFrozen(t *testing.T) {
	t.Parallel()
	const people = 1500
	w := newRunWorld(t, people, people*5500)
	b := w.withhold(t).Batches[0]
	var results []collection.Result
	for after := 0; ; {
		items, err := w.service.Items(t.Context(), b, after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(items) == 0 {
			break
		}
		for _, i := range items {
			results, after = append(results, succeeded(i)), i.Seq
		}
	}
	if _, err := w.results(t, b, results); err != nil {
		t.Fatal(err)
	}
	w.arrive(t, "L1", b, b.Amount)
	var both sync.WaitGroup
	both.Go(func() { w.work(t) })
	both.Go(func() {
		if out := w.released(t, regular(march())); out.Run.Count != people || out.Run.Amount != people*5500 {
			t.Errorf("the run has %d payments of %s", out.Run.Count, out.Run.Amount)
		}
	})
	both.Wait()
	if n := one[int64](t, w.world, `select sum(amount)::bigint from posting where role = 'contribution_individual'`); n != b.Amount.Fen() {
		t.Errorf("%d fen are posted, want %s", n, b.Amount)
	}
	if n := one[int64](t, w.world, `select sum(amount)::bigint from payment_item`); n != people*5500 {
		t.Errorf("%d fen are frozen", n)
	}
	w.balanced(t)
}

// A freeze that is held up in its middle holds up no posting of the same county, and
// a posting in its middle no approval and release.
func TestF59_NeitherWaitsForTheOther(t *testing.T) {
	t.Parallel()
	w := newRunWorld(t, 8, 8*5500)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	agree := func(reference string, items []collection.ItemStanding) {
		t.Helper()
		var rs []collection.Result
		for _, i := range items {
			rs = append(rs, succeeded(i))
		}
		if _, err := w.results(t, b, rs); err != nil {
			t.Fatal(err)
		}
		w.arrive(t, reference, b, money.Amount(len(items)*100_00))
	}
	run := w.draft(t, regular(march())).Run
	letGo := w.world.hold(t, `select from batch_counter where area = 610304 and bank = 'psbc' for update`)
	var frozen disbursement.Submitted
	freeze := w.start(func() (err error) { frozen, err = w.trySubmit(w.maker, run.ID); return err })
	if !freeze.untilLock(t, 1) {
		t.Fatal("the freeze is not held up: this test proves nothing")
	}
	agree("L1", items[:4])
	free(t, "a posting beside a freeze", func() { w.work(t) })
	w.holds(t, "income", 400_00)
	letGo()
	freeze.end(t)

	agree("L2", items[4:])
	letGo = w.world.hold(t, `lock table agreement_progress in share mode`)
	post := w.start(func() error { w.work(t); return nil })
	if !post.untilLock(t, 1) {
		t.Fatal("the posting is not held up: this test proves nothing")
	}
	free(t, "a release beside a posting", func() {
		if _, err := w.tryRelease(w.releaser, verdict(w.approve(t, frozen.Run))); err != nil {
			t.Error(err)
		}
	})
	letGo()
	post.end(t)
	w.holds(t, "income", 800_00)
	if n := one[int64](t, w.world, `select coalesce(sum(amount), 0)::bigint from payment_item`); n != 8*5500 {
		t.Errorf("%d fen are frozen, want %d", n, 8*5500)
	}
	w.balanced(t)
}

// free wants work to end while others are in the middle of theirs.
func free(t *testing.T, what string, work func()) {
	t.Helper()
	over := make(chan struct{})
	go func() { defer close(over); work() }()
	select {
	case <-over:
	case <-time.After(time.Minute):
		t.Errorf("%s waits for it", what)
	}
}
