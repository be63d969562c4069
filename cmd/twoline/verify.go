package main

import (
	"errors"
	"fmt"
	"io"

	"twoline/adapters/bank/profile"
	"twoline/adapters/postgres"
	"twoline/gateway/party"
	"twoline/reconcile/proof"
)

// verifyCommand proves the invariants. It only reads, in one snapshot, and may
// run on a live system at any time.
type verifyCommand struct {
	Area string `help:"Six digits; all areas where absent."`
	JSON bool   `name:"json" help:"Print the report as JSON."`
}

// Run proves and prints.
func (cmd *verifyCommand) Run(a *app) error {
	var area party.Area
	if cmd.Area != "" {
		var err error
		if area, err = party.ParseArea(cmd.Area); err != nil {
			return errAdmin.With("--area: %v", err)
		}
	}
	own, err := config{ProfileFolder: a.getenv("TWOLINE_PROFILES")}.profiles() //nolint:exhaustruct // all it needs
	if err != nil {
		return err
	}
	return withDB(a, func(db *postgres.DB) error {
		r, err := db.Verify(a.ctx, postgres.Verification{Area: area, Files: profile.New(own...), Progress: nil})
		if err != nil {
			return err
		}
		if cmd.JSON {
			err = printJSON(a.std.out, r)
		} else {
			err = printProof(a.std.out, r)
		}
		if err == nil && !r.Clean() {
			return errFound
		}
		return err
	})
}

func printProof(w io.Writer, r proof.Report) error {
	var errs []error
	for _, f := range r.Findings {
		word := "holds "
		if !f.Holds() {
			word = "BREACH"
		}
		_, err := fmt.Fprintf(w, "%s  %-12s %9d rows  %s\n", word, f.ID, f.Rows, f.Title)
		errs = append(errs, err)
		for _, b := range f.Breaches {
			_, err := fmt.Fprintf(w, "        %s %s: %s\n", b.Table, b.Row, b.Text)
			errs = append(errs, err)
		}
		if more := f.Total - int64(len(f.Breaches)); more > 0 {
			_, err := fmt.Fprintf(w, "        … and %d more\n", more)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
