package main

import (
	"encoding/csv"
	"strings"

	"twoline/adapters/postgres"
	"twoline/gateway/calendar"
)

// exportCommand writes what others read.
type exportCommand struct {
	Book exportBookCommand `cmd:"" help:"The book of one fund account as CSV, in the form that reconciliation reads."`
}

type exportBookCommand struct {
	Account string `required:"" help:"The account's number at the bank."`
	From    string `required:"" help:"First day, YYYY-MM-DD."`
	To      string `required:"" help:"Last day, YYYY-MM-DD."`
}

// Run writes CSV with a header: items with their components summed and direct moves.
func (cmd *exportBookCommand) Run(a *app) error {
	from, err := calendar.ParseDay(cmd.From)
	if err != nil {
		return errAdmin.With("--from: %v", err)
	}
	to, err := calendar.ParseDay(cmd.To)
	if err != nil || to.Before(from) {
		return errAdmin.With("--to: a day not before --from, such as 2026-11-25")
	}
	return withDB(a, func(db *postgres.DB) error {
		w := csv.NewWriter(a.std.out)
		header := []string{"posting_id", "date", "direction", "amount", "reference", "batch", "counterparty", "text"}
		if err := w.Write(header); err != nil {
			return err
		}
		err := db.ExportBook(a.ctx, cmd.Account, from, to, func(l postgres.ExportedLine) error {
			return w.Write([]string{
				l.ID, l.Date.String(), l.Direction, l.Amount.String(), l.Reference, l.Batch, "", neutral(l.Text),
			})
		})
		if err != nil {
			return err
		}
		w.Flush()
		return w.Error()
	})
}

// neutral keeps a spreadsheet from reading a text as a formula.
func neutral(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
