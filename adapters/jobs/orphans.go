package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// lookInterval is how often jobs of engines that died are looked for.
const lookInterval = 3 * time.Second

// orphans takes up jobs whose engine died while it worked on them: River itself
// cannot tell them from long ones and would wait for the longest time-out. An
// engine that lives holds a session lock on its id, on a connection of its own;
// PostgreSQL frees the lock when the process or its host is gone. An engine that
// only lost this connection may see a job of its own worked on twice, which
// every job allows.
type orphans struct {
	pool   *pgxpool.Pool
	schema string
	// engine is this engine's id, unique for each start.
	engine  string
	running *running
	log     *slog.Logger

	conn *pgx.Conn
	stop context.CancelFunc
	done chan struct{}
}

// running is the set of jobs that this engine works on at this moment.
type running struct {
	mu  sync.Mutex
	ids map[int64]struct{}
	// ended are the last jobs that ended well, in a ring: the engine writes their
	// end up to a quarter of a second later.
	ended [256]int64
	next  int
}

func newRunning() *running {
	return &running{ids: map[int64]struct{}{}} //nolint:exhaustruct // nothing has ended
}

// begin adds a job and returns what removes it when it ended with an error or none.
func (r *running) begin(id int64) func(error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ids[id] = struct{}{}
	return func(err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.ids, id)
		if err == nil {
			r.ended[r.next] = id
			r.next = (r.next + 1) % len(r.ended)
		}
	}
}

// endedJobs returns the jobs that lately ended well.
func (r *running) endedJobs() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ended[:])
}

func (r *running) list() []int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]int64, 0, len(r.ids))
	for id := range r.ids {
		out = append(out, id)
	}
	return out
}

// start shows that the engine lives, takes up what others left, and goes on so
// until close. It comes before the engine's first job.
func (o *orphans) start(ctx context.Context) error {
	if err := o.look(ctx); err != nil {
		return errors.Join(err, o.disconnect(ctx))
	}
	ctx, o.stop = context.WithCancel(context.WithoutCancel(ctx))
	o.done = make(chan struct{})
	go func() {
		defer close(o.done)
		tick := time.NewTicker(lookInterval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := o.look(ctx); err != nil && ctx.Err() == nil {
				o.log.WarnContext(ctx, "jobs of dead processes could not be looked for", slog.Any("error", err))
				_ = o.disconnect(ctx) // a new connection at the next look
			}
		}
	}()
	return nil
}

// close comes after the engine's last job.
func (o *orphans) close(ctx context.Context) error {
	if o.stop == nil {
		return nil
	}
	o.stop()
	<-o.done
	return o.disconnect(ctx)
}

func (o *orphans) disconnect(ctx context.Context) error {
	if o.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	err := o.conn.Close(ctx)
	o.conn = nil
	if err != nil {
		return fmt.Errorf("close the engine's own connection: %w", err)
	}
	return nil
}

// connect takes a connection out of the pool for good and locks the engine's id.
func (o *orphans) connect(ctx context.Context) error {
	if o.conn != nil {
		return nil
	}
	taken, err := o.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("connect the job engine: %w", err)
	}
	o.conn = taken.Hijack()
	_, err = o.conn.Exec(ctx, `select pg_advisory_lock(hashtextextended('job engine ' || $1, 0))`, o.engine)
	if err != nil {
		return fmt.Errorf("lock the job engine's id: %w", err)
	}
	return nil
}

// name is how SQL says a table or type of the engine's schema.
func (o *orphans) name(what string) string { return pgx.Identifier{o.schema, what}.Sanitize() }

// look makes the jobs available again of engines whose lock is free, and those of
// its own that ended without PostgreSQL hearing of it: River says it again for about
// ten seconds, and then no more.
func (o *orphans) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := o.connect(ctx); err != nil {
		return err
	}
	table := o.name("river_job")
	tag, err := o.conn.Exec(ctx, `
		with working as materialized (
			select distinct attempted_by[array_upper(attempted_by, 1)] as engine from `+table+` where state = 'running'),
		dead as materialized (
			select engine from working
			where engine <> $1 and pg_try_advisory_xact_lock(hashtextextended('job engine ' || engine, 0)))
		update `+table+` j set state = 'available', scheduled_at = now()
		where j.state = 'running' and (
			j.attempted_by[array_upper(j.attempted_by, 1)] in (select engine from dead)
			or (j.attempted_by[array_upper(j.attempted_by, 1)] = $1 and j.attempted_at < now() - interval '20 seconds'
				and j.id <> all($2::bigint[])))`, o.engine, o.running.list())
	if err != nil {
		return fmt.Errorf("take up jobs of dead processes: %w", err)
	}
	if n := tag.RowsAffected(); n > 0 {
		o.log.WarnContext(ctx, "took up jobs that a dead process left", slog.Int64("jobs", n))
	}
	return nil
}
