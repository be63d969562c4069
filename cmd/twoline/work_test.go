package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"twoline/adapters/postgres/pgtest"
)

// oldest returns what the operations port says of the oldest job of a state.
func oldest(t *testing.T, metrics, state string) float64 {
	t.Helper()
	_, after, ok := strings.Cut(metrics, `twoline_jobs_oldest_seconds{state="`+state+`"} `)
	if !ok {
		t.Fatalf("no age of %s jobs in\n%s", state, metrics)
	}
	line, _, _ := strings.Cut(after, "\n")
	seconds, err := strconv.ParseFloat(line, 64)
	if err != nil {
		t.Fatal(err)
	}
	return seconds
}

// A job that fails for an hour is seen on the operations port and has a case, though
// it never gets through; with its end both are over.
func TestF122_StuckWorkIsSeen(t *testing.T) {
	t.Parallel()
	d := pgtest.New(t)
	d.Exec(t, `insert into area values (610304, 'Chencang')`)
	c := config{ //nolint:exhaustruct // a trial
		DatabaseURL: d.AppURL, Listen: "127.0.0.1:0", UploadListen: "127.0.0.1:0", OpsListen: "127.0.0.1:0",
	}
	g, err := wire(t.Context(), c, wallClocks(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	g.workLook = 50 * time.Millisecond
	l, err := listen(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ops := "http://" + addressOf(l.Ops) + "/metrics"
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.run(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	client := &http.Client{Timeout: 10 * time.Second} //nolint:exhaustruct // the rest is the standard's
	metrics := func() string {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, ops, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close() //nolint:errcheck // read only
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%d %v", answer.StatusCode, err)
		}
		return string(text)
	}
	if age := oldest(t, metrics(), "retryable"); age != 0 {
		t.Errorf("the oldest of no jobs is %f seconds old", age)
	}
	// Nobody works on this kind, as where a version was rolled back.
	d.Exec(t, `insert into river.river_job (args, kind, max_attempts, created_at)
		values ('{"area": "610304"}', 'of_the_next_version', 1000, now() - interval '1 hour')`)
	cases := func(closed string) int64 {
		return column[int64](t, d, `select count(*) from exception_case c where c.area = 610304 and c.kind = 'work_stuck'
			and `+closed+` (select from exception_closed x where x.area = c.area and x.case_id = c.id)`)[0]
	}
	eventually(t, "the job failed and has a case", func() bool {
		return oldest(t, metrics(), "retryable") > 3600 && cases("not exists") == 1
	})
	d.Exec(t, `delete from river.river_job where kind = 'of_the_next_version'`)
	eventually(t, "the case is closed", func() bool { return cases("exists") == 1 && cases("not exists") == 0 })
	if age := oldest(t, metrics(), "retryable"); age != 0 {
		t.Errorf("after its end the oldest job is %f seconds old", age)
	}
}
