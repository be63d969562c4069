package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestBenchesRun measures nothing: it runs what the benchmarks seed by hand, which a new
// rule of the database may refuse.
func TestBenchesRun(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"import", "payrun", "interest", "awards", "reconcile"} {
		out := new(bytes.Buffer)
		cmd := benchCommand{Name: name, For: time.Millisecond, Items: 2_000, JSON: false}
		err := cmd.Run(&app{
			ctx: t.Context(), getenv: testServers,
			std: streams{in: strings.NewReader(""), out: out, err: new(bytes.Buffer)},
		})
		if err != nil || !strings.Contains(out.String(), "ratio") {
			t.Errorf("bench %s: %v\n%s", name, err, out)
		}
	}
}
