package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
)

// Meter shows how much work waits and how old the oldest of it is, by state, to
// those who run the service: twoline_jobs counts jobs, twoline_jobs_oldest_seconds
// is how long ago the oldest one was put there. The database is asked each time, so
// every process shows the same; where it does not answer, both are absent.
func (e *Engine) Meter() prometheus.Collector {
	return &meter{
		engine: e,
		jobs: prometheus.NewDesc("twoline_jobs",
			"Background jobs by state; discarded ones were given up.", []string{"state"}, nil),
		oldest: prometheus.NewDesc("twoline_jobs_oldest_seconds",
			"Since the oldest job of the state was put there; 0 where there is none.", []string{"state"}, nil),
	}
}

type meter struct {
	engine       *Engine
	jobs, oldest *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (m *meter) Describe(out chan<- *prometheus.Desc) {
	out <- m.jobs
	out <- m.oldest
}

// Collect implements prometheus.Collector. A scrape must not wait for a database
// that hangs.
func (m *meter) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	list, err := m.engine.load(ctx)
	if err != nil {
		m.engine.log.WarnContext(ctx, "background jobs could not be counted", slog.Any("error", err))
		return
	}
	for _, l := range list {
		out <- prometheus.MustNewConstMetric(m.jobs, prometheus.GaugeValue, l.Jobs, l.State)
		out <- prometheus.MustNewConstMetric(m.oldest, prometheus.GaugeValue, l.Oldest, l.State)
	}
}

// load is the jobs of one state; Oldest is in seconds.
type load struct {
	State        string
	Jobs, Oldest float64 //nolint:forbidigo // as Prometheus has numbers
}

// load counts what is not done, in every state that a job can be in then.
func (e *Engine) load(ctx context.Context) ([]load, error) {
	rows, err := e.orphans.pool.Query(ctx, `
		select s.state::text, count(j.id)::float8, coalesce(extract(epoch from now() - min(j.created_at)), 0)::float8
		from unnest('{available,pending,scheduled,retryable,running,discarded}'::`+e.orphans.name("river_job_state")+`[])
			as s (state)
		left join `+e.orphans.name("river_job")+` j on j.state = s.state
		group by s.state order by s.state`)
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[load])
	if err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	return list, nil
}
