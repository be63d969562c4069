// Package jobs runs the gateway's background work on River: what a transaction
// enqueued is worked by one of the processes that share the database, again
// after a crash, until it is done.
//
// Workers decide nothing: each calls one method of a flow's service, which may
// be run again at any point and any number of times. A job holds ids, never
// people or money. The daily look is a job a minute that is unique for its
// business day and minute; the unique keys of the flows are the real guard.
//
// Work that does not get done is told twice: Meter shows the number and the age of
// jobs by state on the operations port, and the storage, asked each minute from
// outside of the queue, opens a case work_stuck in the area that waits for a job
// longer than its rule work_alarm_minutes says, 15 where it has none of its own. The
// case is closed when nothing is late any more.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"twoline/gateway/calendar"
)

// Options say how the engine runs.
type Options struct {
	// Pool is the database's own pool.
	Pool *pgxpool.Pool
	// Schema is the PostgreSQL schema of the job tables.
	Schema string
	// Workers bounds the jobs worked at one time; 0 means 2.
	Workers int
	// Today is the business day, given to the daily look.
	Today func() calendar.Day
	Log   *slog.Logger
}

// Handlers collects what works on each kind of job. Fill it before New.
type Handlers struct {
	workers *river.Workers
	tick    []func(context.Context, calendar.Day) error
	often   []*river.PeriodicJob
	// apart are the workers of kinds that have some of their own.
	apart   map[string]int
	running *running
}

// NewHandlers returns an empty collection.
func NewHandlers() *Handlers {
	return &Handlers{
		workers: river.NewWorkers(), tick: nil, often: nil, apart: map[string]int{}, running: newRunning(),
	}
}

// On has fn work on every job of type T, under T's own kind.
func On[T river.JobArgs](h *Handlers, fn func(context.Context, T) error) {
	river.AddWorker(h.workers, &worker[T]{work: fn, running: h.running}) //nolint:exhaustruct // River's defaults
}

// Apart gives the jobs of a kind so many workers of their own, where slow ones of them
// must not hold up others. Call it before Often for the same kind.
func (h *Handlers) Apart(kind string, workers int) { h.apart[kind] = max(workers, 1) }

// queueOf is where jobs of a kind wait.
func queueOf(apart map[string]int, kind string) string {
	if _, own := apart[kind]; own {
		return kind
	}
	return river.QueueDefault
}

// Daily has fn look at each business day, about once a minute.
func (h *Handlers) Daily(fn func(context.Context, calendar.Day) error) { h.tick = append(h.tick, fn) }

// Often puts a job there every so often, by one of the processes, and at once when a
// process begins to do so. It is not put there again while it waits or is worked on.
func (h *Handlers) Often(interval time.Duration, args river.JobArgs) {
	h.often = append(h.often, river.NewPeriodicJob(river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) {
			o := waitingOnce()
			o.Queue = queueOf(h.apart, args.Kind())
			return args, &o
		}, &river.PeriodicJobOpts{RunOnStart: true})) //nolint:exhaustruct // River's defaults
}

// waitingOnce keeps a job from being put there twice while it waits or is worked on.
func waitingOnce() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ //nolint:exhaustruct // River's defaults
		ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
			rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		},
	}}
}

type worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]

	work    func(context.Context, T) error
	running *running
}

// Work implements river.Worker.
func (w *worker[T]) Work(ctx context.Context, job *river.Job[T]) (err error) {
	end := w.running.begin(job.ID)
	// A panic is no good end either.
	err = errPanicked
	defer func() { end(err) }()
	err = w.work(ctx, job.Args)
	return err
}

var errPanicked = errors.New("the job's work panicked")

// NextRetry waits one second, then four, nine … at most a minute: what a bank
// sent must be in the book soon after the database is back.
func (w *worker[T]) NextRetry(job *river.Job[T]) time.Time {
	seconds := min(job.Attempt*job.Attempt, 60)
	return job.AttemptedAt.Add(time.Duration(seconds) * time.Second)
}

// Timeout bounds one attempt.
func (w *worker[T]) Timeout(*river.Job[T]) time.Duration { return 10 * time.Minute }

// DailyLook is the job of one business day.
type DailyLook struct {
	Day    calendar.Day `json:"day"    river:"unique"`
	Minute int64        `json:"minute" river:"unique"`
}

// Kind implements river.JobArgs.
func (DailyLook) Kind() string { return "daily_look" }

// InsertOpts makes one job of a minute, whichever process asks for it.
func (DailyLook) InsertOpts() river.InsertOpts {
	return river.InsertOpts{ //nolint:exhaustruct // River's defaults
		MaxAttempts: 3, UniqueOpts: river.UniqueOpts{ByArgs: true}, //nolint:exhaustruct // River's defaults
	}
}

// Engine enqueues and works. It is safe for concurrent use.
type Engine struct {
	client  *river.Client[pgx.Tx]
	orphans *orphans
	running *running
	apart   map[string]int
	log     *slog.Logger
}

// New returns an engine that works on what the handlers know.
func New(o Options, h *Handlers) (*Engine, error) {
	On(h, func(ctx context.Context, j DailyLook) error {
		var errs []error
		for _, fn := range h.tick {
			errs = append(errs, fn(ctx, j.Day))
		}
		return errors.Join(errs...)
	})
	workers := o.Workers
	if workers == 0 {
		workers = 2
	}
	look := river.NewPeriodicJob(river.PeriodicInterval(time.Minute), func() (river.JobArgs, *river.InsertOpts) {
		return DailyLook{Day: o.Today(), Minute: time.Now().Unix() / 60}, nil //nolint:forbidigo // the wall clock of the schedule
	}, &river.PeriodicJobOpts{RunOnStart: false}) //nolint:exhaustruct // River's defaults
	queues := map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}} //nolint:exhaustruct // the rest is zero
	for kind, own := range h.apart {
		queues[kind] = river.QueueConfig{MaxWorkers: own} //nolint:exhaustruct // the rest is zero
	}
	client, err := river.NewClient(riverpgxv5.New(o.Pool), &river.Config{ //nolint:exhaustruct // River's defaults
		Schema: o.Schema, Logger: o.Log, Workers: h.workers,
		Queues:               queues,
		FetchCooldown:        5 * time.Millisecond,
		FetchPollInterval:    500 * time.Millisecond,
		JobTimeout:           10 * time.Minute,
		RescueStuckJobsAfter: 15 * time.Minute,
		MaxAttempts:          1000,
		PeriodicJobs:         append([]*river.PeriodicJob{look}, h.often...),
		ErrorHandler:         &errorLog{o.Log},
	})
	if err != nil {
		return nil, fmt.Errorf("make job engine: %w", err)
	}
	return &Engine{client: client, running: h.running, apart: h.apart, log: o.Log, orphans: &orphans{ //nolint:exhaustruct // not started
		pool: o.Pool, schema: o.Schema, engine: client.ID(), running: h.running, log: o.Log,
	}}, nil
}

// Enqueue adds jobs within the transaction: they exist exactly when it commits.
func (e *Engine) Enqueue(ctx context.Context, tx pgx.Tx, jobs ...any) error {
	params := make([]river.InsertManyParams, len(jobs))
	for i, j := range jobs {
		args, ok := j.(river.JobArgs)
		if !ok {
			return fmt.Errorf("enqueue %T: it has no kind", j)
		}
		params[i] = river.InsertManyParams{Args: args, InsertOpts: nil}
		_, waits := j.(interface{ WaitsOnce() })
		_, own := e.apart[args.Kind()]
		if waits || own {
			opts := river.InsertOpts{} //nolint:exhaustruct // River's defaults
			if waits {
				opts = waitingOnce()
			}
			opts.Queue = queueOf(e.apart, args.Kind())
			params[i].InsertOpts = &opts
		}
	}
	if _, err := e.client.InsertManyTx(ctx, tx, params); err != nil {
		return fmt.Errorf("enqueue %d jobs: %w", len(jobs), err)
	}
	return nil
}

// Start begins to work and returns; Stop ends it. What a process left that died
// is taken up at once, and while the engine runs within seconds.
func (e *Engine) Start(ctx context.Context) error {
	if err := e.orphans.start(ctx); err != nil {
		return fmt.Errorf("start job engine: %w", err)
	}
	if err := e.client.Start(ctx); err != nil {
		return errors.Join(fmt.Errorf("start job engine: %w", err), e.orphans.close(ctx))
	}
	return nil
}

// Stop lets running jobs end within the context, then gives them up; another
// process or the next start takes them up again.
func (e *Engine) Stop(ctx context.Context) error {
	if err := e.client.Stop(ctx); err != nil {
		if hard := e.client.StopAndCancel(context.WithoutCancel(ctx)); hard != nil {
			return errors.Join(fmt.Errorf("stop job engine: %w", hard), e.orphans.close(ctx))
		}
	}
	return e.orphans.close(ctx)
}

// Pending counts jobs that are not finished; a demonstration waits for zero. A
// job of this process counts no longer once its work ended well, though the
// engine writes that later: what it enqueued was committed before.
func (e *Engine) Pending(ctx context.Context) (int, error) {
	ended := e.running.endedJobs()
	list, err := e.client.JobList(ctx, river.NewJobListParams().First(100).States(
		rivertype.JobStateAvailable, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStatePending))
	if err != nil {
		return 0, fmt.Errorf("list jobs: %w", err)
	}
	n := 0
	for _, job := range list.Jobs {
		if !slices.Contains(ended, job.ID) {
			n++
		}
	}
	return n, nil
}

// errorLog writes failed attempts to our log; the arguments hold ids only.
type errorLog struct{ log *slog.Logger }

// HandleError implements river.ErrorHandler.
func (l *errorLog) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	l.log.ErrorContext(ctx, "background job failed and will be tried again", slog.String("kind", job.Kind),
		slog.Int64("job", job.ID), slog.Int("attempt", job.Attempt), slog.Any("error", err))
	return nil
}

// HandlePanic implements river.ErrorHandler.
func (l *errorLog) HandlePanic(
	ctx context.Context, job *rivertype.JobRow, panicVal any, _ string,
) *river.ErrorHandlerResult {
	l.log.ErrorContext(ctx, "background job panicked", slog.String("kind", job.Kind), slog.Int64("job", job.ID),
		slog.Any("panic", panicVal))
	return nil
}
