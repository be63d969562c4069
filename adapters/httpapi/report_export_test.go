package httpapi

import (
	"context"
	"net/http"

	"twoline/gateway/report"
)

type testPaperQuery struct {
	Printing

	Name string `path:"name"`
}

// AddPaper registers a paper whose table write makes for a name; it is told which
// time it is asked.
func (s *Server) AddPaper(path string, write func(name string, time int, sheet report.Sheet) error) {
	Paper(s, Route{Method: http.MethodGet, Path: path, Summary: "A paper", Who: Banks()},
		func(context.Context, Call, *testPaperQuery) (struct{}, error) { return struct{}{}, nil },
		func(_ context.Context, _ Call, in *testPaperQuery) (table, error) {
			times := 0
			return table{name: in.Name, write: func(_ context.Context, sheet report.Sheet) error {
				times++
				return write(in.Name, times, sheet)
			}}, nil
		})
}
