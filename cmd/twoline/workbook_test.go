package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"twoline/adapters/bank/sheet/sheettest"
	"twoline/adapters/postgres/pgtest"
)

// TestImportsOfWorkbooks plays the stories of testdata/workbook. Beside the commands
// of TestScripts there are
//
//	workbook FILE SHEET=CSV…       makes a workbook; a field after # is a number's cell
//	oldworkbook FILE               writes the first bytes of one of the old format
//	serve LOGIN PASSWORD           starts the service on the database, and logs in
//	post STATUS PATH TYPE FILE     sends a file, and shows what is answered
func TestImportsOfWorkbooks(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/workbook", RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"database": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Setenv("TWOLINE_DATABASE_URL", pgtest.New(t).AppURL)
			},
			"workbook": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), scriptWorkbook(t, ts, args[1:]), 0o600))
			},
			"oldworkbook": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), 0o600))
			},
			"serve": func(ts *testscript.TestScript, _ bool, args []string) { scriptServe(t, ts, args[0], args[1]) },
			"post":  scriptPost,
		},
	})
}

func scriptWorkbook(t *testing.T, ts *testscript.TestScript, args []string) []byte {
	t.Helper()
	var sheets []sheettest.Sheet
	for _, arg := range args {
		name, file, _ := strings.Cut(arg, "=")
		lines, err := csv.NewReader(strings.NewReader(ts.ReadFile(file))).ReadAll()
		ts.Check(err)
		s := sheettest.Sheet{Name: name, Rows: nil}
		for _, line := range lines {
			var row []any
			for _, field := range line {
				if number, ok := strings.CutPrefix(field, "#"); ok {
					row = append(row, sheettest.Number(number))
					continue
				}
				row = append(row, field)
			}
			s.Rows = append(s.Rows, row)
		}
		sheets = append(sheets, s)
	}
	return sheettest.Workbook(t, sheets...)
}

// scriptServe starts the service for the rest of the script and keeps its address
// and the officer's token in the environment.
func scriptServe(t *testing.T, ts *testscript.TestScript, login, password string) {
	t.Helper()
	c := config{ //nolint:exhaustruct // a trial
		DatabaseURL: ts.Getenv("TWOLINE_DATABASE_URL"), AllowUnsafe: true,
		Listen: "127.0.0.1:0", UploadListen: "127.0.0.1:0", OpsListen: "127.0.0.1:0",
	}
	ctx, stop := context.WithCancel(context.Background())
	g, err := wire(ctx, c, wallClocks(), slog.New(slog.DiscardHandler))
	ts.Check(err)
	l, err := listen(ctx, c)
	ts.Check(err)
	ts.Setenv("SERVICE", "http://"+l.API.Addr().String())
	served := make(chan error, 1)
	go func() { served <- g.server.Serve(ctx, l) }()
	ts.Defer(func() {
		stop()
		if err := <-served; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		g.close()
	})
	said, err := json.Marshal(map[string]string{
		"login": login, "password": strings.TrimSpace(ts.ReadFile(password)),
	})
	ts.Check(err)
	answer, status := scriptSend(ts, "/v1/session", "application/json", said)
	var session struct{ Token string }
	if err := json.Unmarshal(answer, &session); err != nil || session.Token == "" {
		ts.Fatalf("the login is answered %d %s", status, answer)
	}
	ts.Setenv("TOKEN", session.Token)
}

func scriptPost(ts *testscript.TestScript, _ bool, args []string) {
	answer, status := scriptSend(ts, args[1], args[2], []byte(ts.ReadFile(args[3])))
	_, err := ts.Stdout().Write(answer)
	ts.Check(err)
	if strconv.Itoa(status) != args[0] {
		ts.Fatalf("answered %d, want %s", status, args[0])
	}
}

func scriptSend(ts *testscript.TestScript, path, media string, body []byte) ([]byte, int) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, ts.Getenv("SERVICE")+path,
		bytes.NewReader(body))
	ts.Check(err)
	r.Header.Set("Content-Type", media)
	r.Header.Set("Idempotency-Key", hex.EncodeToString(randomBytes(8)))
	if token := ts.Getenv("TOKEN"); token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Timeout: time.Minute}
	res, err := client.Do(r)
	ts.Check(err)
	defer res.Body.Close() //nolint:errcheck // read only
	answer, err := io.ReadAll(res.Body)
	ts.Check(err)
	return answer, res.StatusCode
}
