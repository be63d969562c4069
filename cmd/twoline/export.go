package main

import (
	"bufio"
	"encoding/csv"
	"fmt"

	"twoline/adapters/paper"
	"twoline/adapters/postgres"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
	"twoline/gateway/party"
	papers "twoline/gateway/report"
	"twoline/reconcile"
)

// exportCommand writes what others read.
type exportCommand struct {
	Book           exportBookCommand           `cmd:"" help:"The book of one fund account as CSV, in the form that reconciliation reads."`
	Vouchers       exportVouchersCommand       `cmd:"" help:"A month's vouchers for the finance bureau's software."`
	FundStatement  exportFundStatementCommand  `cmd:"" name:"fund-statement" help:"A scheme's income and expenditure of a month."`
	Journal        exportJournalCommand        `cmd:"" help:"The day journal of one fund account."`
	Reconciliation exportReconciliationCommand `cmd:"" help:"The month's bank reconciliation statement of one fund account."`
	Outstanding    exportOutstandingCommand    `cmd:"" help:"What only the bank or only the book has at the end of a month, with age and owner."`
}

type exportBookCommand struct {
	Account string `required:"" help:"The account's number at the bank."`
	From    string `required:"" help:"First day, YYYY-MM-DD."`
	To      string `required:"" help:"Last day, YYYY-MM-DD."`
}

// Run writes CSV with a header: items with their components summed and direct moves.
func (cmd *exportBookCommand) Run(a *app) error {
	from, to, err := daysOf(cmd.From, cmd.To)
	if err != nil {
		return err
	}
	return withDB(a, func(db *postgres.DB) error {
		w := csv.NewWriter(a.std.out)
		header := []string{"posting_id", "date", "direction", "amount", "reference", "batch", "counterparty", "text"}
		if err := w.Write(header); err != nil {
			return err
		}
		err := db.ExportBook(a.ctx, cmd.Account, from, to, func(l postgres.ExportedLine) error {
			return w.Write([]string{
				l.ID, l.Date.String(), l.Direction, l.Amount.String(), l.Reference, l.Batch, "", papers.Neutral(l.Text),
			})
		})
		if err != nil {
			return err
		}
		w.Flush()
		return w.Error()
	})
}

func daysOf(first, last string) (from, to calendar.Day, err error) {
	if from, err = calendar.ParseDay(first); err != nil {
		return from, to, errAdmin.With("--from: %v", err)
	}
	if to, err = calendar.ParseDay(last); err != nil || to.Before(from) {
		return from, to, errAdmin.With("--to: a day not before --from, such as 2026-11-25")
	}
	return from, to, nil
}

// printFlags are those of every paper.
type printFlags struct {
	Format string `enum:"csv,xlsx,pdf" default:"csv" help:"csv, xlsx or pdf."`
	Lang   string `enum:"zh,en" default:"zh" help:"Of the words: zh or en."`
}

// print writes a paper to standard output.
func (f printFlags) print(a *app, write func(papers.Sheet, papers.Language) error) error {
	out := bufio.NewWriter(a.std.out)
	sheet, err := paper.New(f.Format, out)
	if err != nil {
		return err
	}
	if err := write(sheet, papers.Language(f.Lang)); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	return nil
}

// reader is whoever sits at the machine: papers are shown to him as to an auditor.
func reader(area party.Area) approval.Officer {
	return approval.Officer{
		Login: "operator", Person: 0, Organisation: approval.Auditor, Area: area, Region: 0,
		Duties: []approval.Duty{approval.Viewer},
	}
}

// bookFlags name a month of a book.
type bookFlags struct {
	printFlags

	Area   string `required:"" help:"Six digits."`
	Scheme string `required:"" enum:"resident,rural,urban,land_lost" help:"resident, rural, urban or land_lost."`
	Month  string `required:"" help:"YYYY-MM."`
	Open   bool   `help:"Take the month as it stands, though not all of its days are sealed."`
}

func (f bookFlags) ask() (approval.Officer, papers.Ask, error) {
	area, err := party.ParseArea(f.Area)
	if err != nil {
		return approval.Officer{}, papers.Ask{}, errAdmin.With("--area: %v", err) //nolint:exhaustruct // none
	}
	month, err := calendar.ParseMonth(f.Month)
	if err != nil {
		return approval.Officer{}, papers.Ask{}, errAdmin.With("--month: %v", err) //nolint:exhaustruct // none
	}
	return reader(area), papers.Ask{Scheme: ledger.Scheme(f.Scheme), Month: month, Open: f.Open}, nil
}

type exportVouchersCommand struct{ bookFlags }

// Run writes a row for each line of each voucher.
func (cmd *exportVouchersCommand) Run(a *app) error {
	by, ask, err := cmd.ask()
	if err != nil {
		return err
	}
	return withDB(a, func(db *postgres.DB) error {
		return cmd.print(a, func(sheet papers.Sheet, lang papers.Language) error {
			return papers.NewService(db.Reports()).WriteVouchers(a.ctx, by, ask, lang, sheet)
		})
	})
}

type exportFundStatementCommand struct{ bookFlags }

// Run writes the statement.
func (cmd *exportFundStatementCommand) Run(a *app) error {
	by, ask, err := cmd.ask()
	if err != nil {
		return err
	}
	return withDB(a, func(db *postgres.DB) error {
		s, err := papers.NewService(db.Reports()).FundStatement(a.ctx, by, ask)
		if err != nil {
			return err
		}
		return cmd.print(a, s.Write)
	})
}

type exportJournalCommand struct {
	printFlags

	Account string `required:"" help:"The account's number at the bank."`
	From    string `required:"" help:"First day, YYYY-MM-DD."`
	To      string `required:"" help:"Last day, YYYY-MM-DD."`
}

// Run writes a row for each entry.
func (cmd *exportJournalCommand) Run(a *app) error {
	from, to, err := daysOf(cmd.From, cmd.To)
	if err != nil {
		return err
	}
	return withDB(a, func(db *postgres.DB) error {
		area, id, err := db.FundAccountOf(a.ctx, cmd.Account)
		if err != nil {
			return err
		}
		books := ledger.NewService(db.Ledger(), wallClocks().today)
		return cmd.print(a, func(sheet papers.Sheet, lang papers.Language) error {
			return papers.WriteJournal(sheet, lang, func(after int64) (ledger.Journal, error) {
				return books.Journal(a.ctx, reader(area), ledger.JournalAsk{
					Area: area, Account: id, From: from, To: to, After: after, Limit: 0,
				})
			})
		})
	})
}

type exportReconciliationCommand struct {
	printFlags

	Account string `required:"" help:"The account's number at the bank."`
	Month   string `required:"" help:"YYYY-MM."`
}

// Run writes the statement.
func (cmd *exportReconciliationCommand) Run(a *app) error {
	return cmd.table(a, func(t reconcile.AdjustmentTable) error { return cmd.print(a, t.Write) })
}

// table makes the month's statement.
func (cmd *exportReconciliationCommand) table(a *app, use func(reconcile.AdjustmentTable) error) error {
	month, err := calendar.ParseMonth(cmd.Month)
	if err != nil {
		return errAdmin.With("--month: %v", err)
	}
	return withDB(a, func(db *postgres.DB) error {
		area, id, err := db.FundAccountOf(a.ctx, cmd.Account)
		if err != nil {
			return err
		}
		proof := reconcile.New(reconcile.Parts{
			Store: db.Reconcile(), Decoder: nil, Days: nil, Today: wallClocks().today,
		})
		t, err := proof.Adjustment(a.ctx, reader(area), id, month)
		if err != nil {
			return err
		}
		return use(t)
	})
}

type exportOutstandingCommand struct{ exportReconciliationCommand }

// Run writes the lines.
func (cmd *exportOutstandingCommand) Run(a *app) error {
	return cmd.table(a, func(t reconcile.AdjustmentTable) error { return cmd.print(a, t.WriteOutstanding) })
}
