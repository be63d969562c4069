package main

import (
	"context"
	"encoding/hex"
	"errors"
	"net/url"
	"os/exec"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"twoline/adapters/postgres/pgtest"
)

// TestMain lets the scripts run this test's own binary as twoline.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"twoline": main, "twoline-counted": countedMain})
}

// TestScripts plays the stories of testdata/script: what an operator types, what
// is answered, and with which exit code. Beside the usual commands there are
//
//	exits CODE PROGRAM ARGUMENT…   the program ends with exactly this code
//	database                       a migrated database, named by the environment
//	database empty                 one without a schema, and its owner's address
//	superuser SQL                  runs SQL with all guards off
//	proof KEY FILE NAME [lie]      a signed proof of a run whose batch is the file
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"proof": signProof,
			"database": func(ts *testscript.TestScript, _ bool, args []string) {
				d := pgtest.New(t)
				if len(args) == 1 && args[0] == "empty" {
					d = emptyDatabase(t, d)
					ts.Setenv("TWOLINE_MIGRATE_DATABASE_URL", d.OwnerURL)
				}
				ts.Setenv("TWOLINE_DATABASE_URL", d.AppURL)
				ts.Setenv("OWNER_URL", d.OwnerURL)
			},
			"superuser": func(ts *testscript.TestScript, _ bool, args []string) {
				if len(args) != 1 {
					ts.Fatalf("usage: superuser SQL")
				}
				pgtest.Database{OwnerURL: ts.Getenv("OWNER_URL")}.Exec(t, args[0])
			},
		},
	})
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGUMENT…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("it ended with %d, want %d", got, want)
	}
}

// emptyDatabase makes a database and a login's name beside one that is dropped
// with the test, on the same server.
func emptyDatabase(t *testing.T, beside pgtest.Database) pgtest.Database {
	t.Helper()
	name := "twoline_script_" + hex.EncodeToString(randomBytes(4))
	admin := func(sql string) {
		c, err := pgx.Connect(context.Background(), beside.OwnerURL)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
		if _, err := c.Exec(context.Background(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	admin("create database " + name)
	t.Cleanup(func() { admin("drop database " + name + " with (force)"); admin("drop role if exists " + name) })
	u, err := url.Parse(beside.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	d := pgtest.Database{OwnerURL: u.String()}
	u.User = url.UserPassword(name, "a password for nobody")
	d.AppURL = u.String()
	return d
}
