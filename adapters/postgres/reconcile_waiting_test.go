package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/once"
	"twoline/reconcile"
)

// dayFiles are the statements of single days from the first to the last, in each of which
// a subsidy arrives that the book has.
func (w *bankWorld) dayFiles(t *testing.T, account int64, first, last int) map[int][]bank.Record {
	t.Helper()
	files := map[int][]bank.Record{}
	for day := first; day <= last; day++ {
		amount := money.Amount(100 * day)
		w.book(t, w.subsidy(day, day, amount))
		files[day] = w.records(account, day, day, 0, bankLine(bank.Credit, amount, day, fmt.Sprintf("S%d", day)))
		w.balance[account] += amount
	}
	return files
}

// states are the account's files by day and arrival: state, reason, lines.
func (w *bankWorld) states(t *testing.T) []string {
	t.Helper()
	return ask[string](t, w, `select concat_ws(' ', right(part, 2), state, nullif(code, ''), nullif(recorded, 0))
		from receipt where area = $1 order by part, id`, w.books.Area)
}

func (w *bankWorld) wantStates(t *testing.T, want ...string) {
	t.Helper()
	if got := w.states(t); !slices.Equal(got, want) {
		t.Errorf("files are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (w *bankWorld) openFileCases(t *testing.T) []string {
	t.Helper()
	return ask[string](t, w, `select c.subject from exception_case c where c.kind = 'file_quarantined'
		and not exists (select from exception_closed x where x.area = c.area and x.case_id = c.id) order by c.id`)
}

// wantFilesProved runs the proofs about files and what waits for a person: the subsidies
// of a dayFile are booked by no request, as other proofs would say.
func (w *bankWorld) wantFilesProved(t *testing.T) {
	t.Helper()
	for _, f := range verify(t, w.db).Findings {
		if f.Holds() || f.ID == "I5" || f.ID == "I28" {
			continue
		}
		t.Errorf("%s: %v", f.ID, f.Breaches)
	}
}

// takeJobs counts the jobs since they were last taken.
func (w *bankWorld) takeJobs(t *testing.T) (matches, lines int) {
	t.Helper()
	w.jobs.mu.Lock()
	defer w.jobs.mu.Unlock()
	for _, j := range w.jobs.list {
		switch j.(type) {
		case reconcile.MatchDue:
			matches++
		case reconcile.LinesTakenIn:
			lines++
		}
	}
	w.jobs.list = nil
	return matches, lines
}

// Days come in any order, one by one: what was set aside because a day was missing is
// taken in when that day comes, in the order of the days, once, and nobody has to look.
func TestF45_WhatWaitedForAMissingDayIsTakenInWithIt(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]int{
		"one missing": {2, 4, 5, 3}, "backwards": {7, 6, 5, 4, 3, 2}, "two missing": {5, 2, 7, 4, 6, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBankWorld(t)
			special := w.books.Accounts[ledger.FiscalSpecial]
			last := slices.Max(order)
			files := w.dayFiles(t, special, 2, last)
			for i, day := range order {
				w.takeJobs(t)
				r := w.send(t, special, day, files[day])
				if i > 0 && i < len(order)-1 && r.State == bank.Quarantined && r.Code != "statement_gap" {
					t.Errorf("day %d: %s %s", day, r.Code, r.Text)
				}
			}
			var want []string
			for day := 2; day <= last; day++ {
				want = append(want, fmt.Sprintf("%02d processed 1", day))
			}
			w.wantStates(t, want...)
			if open := w.openFileCases(t); len(open) != 0 {
				t.Errorf("cases %q are open", open)
			}
			// The last file brought what waited with it: each statement is followed as any.
			if matches, lines := w.takeJobs(t); matches < 2 || matches != lines {
				t.Errorf("%d runs and %d looks at lines follow", matches, lines)
			}
			w.match(t, special)
			if r := w.report(t, special, last); !r.Clean || r.Matched[0].Matches != len(order) {
				t.Errorf("%+v", r)
			}
			w.wantFilesProved(t)
		})
	}
}

// A statement whose head names no first day, as MT940 allows, tells of missing days by
// its opening balance alone.
func TestF45_AFileWithoutItsFirstDayWaitsByItsOpening(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	files := w.dayFiles(t, special, 2, 4)
	head, _ := files[4][1].(bank.StatementHead)
	head.From = calendar.Day{}
	files[4][1] = head
	w.send(t, special, 2, files[2])
	if r := w.send(t, special, 4, files[4]); r.Code != "statement_opening" {
		t.Fatalf("%s %s", r.Code, r.Text)
	}
	w.balance[special] = 200
	// Both days in one file: what waited repeats the second.
	w.send(t, special, 4, w.records(special, 3, 4, 0, bankLine(bank.Credit, 300, 3, "S3"), bankLine(bank.Credit, 400, 4, "S4")))
	w.wantStates(t, "02 processed 1", "04 processed", "04 processed 2")
}

// The missing day tells another story than the file that waited for it: the file stays
// where it is with the reason of now, what waited behind it too, until the bank sends the
// day anew.
func TestF45_AMissingDayThatContradictsWhatWaits(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	files := w.dayFiles(t, special, 2, 5)
	w.send(t, special, 2, files[2])
	three := w.send(t, special, 4, files[4])
	w.send(t, special, 5, files[5])
	w.balance[special] = 200
	other := w.records(special, 3, 3, 0, bankLine(bank.Credit, 333, 3, "S3"))
	w.send(t, special, 3, other)
	w.wantStates(t, "02 processed 1", "03 processed 1", "04 quarantined statement_opening", "05 quarantined statement_gap")
	if r := w.receipt(t, three); !strings.Contains(r.Text, "opens with 5.00, but the balance after 2026-11-03 is 5.33") {
		t.Errorf("it stays because %q", r.Text)
	}
	if open := w.openFileCases(t); len(open) != 2 {
		t.Errorf("open cases are %q", open)
	}
	// Day 4 anew, by its own file: what waited behind it does not follow, and says so.
	w.balance[special] = 533
	w.send(t, special, 4, w.records(special, 4, 4, 0, bankLine(bank.Credit, 400, 4, "S4")))
	w.wantStates(t, "02 processed 1", "03 processed 1", "04 quarantined statement_opening", "04 processed 1",
		"05 quarantined statement_opening")
	w.wantFilesProved(t)
}

// A file that reaches further back than its day tells may come after one that still
// waits: that one is tried again behind it.
func TestF45_WhatIsLeftFollowsALongerStatement(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	files := w.dayFiles(t, special, 2, 5)
	w.balance[special] = 200
	long := w.records(special, 3, 6, 0, bankLine(bank.Credit, 300, 3, "S3"), bankLine(bank.Credit, 400, 4, "S4"),
		bankLine(bank.Credit, 500, 5, "S5"))
	w.send(t, special, 5, files[5])
	w.send(t, special, 6, long)
	w.takeIn(t, w.upload(t, "psbc", special, 2, files[2]))
	w.wantStates(t, "02 processed 1", "05 processed", "06 processed 3")
}

// While officers decide about a file, and after they left it where it is, no job takes it
// in; when nothing was decided it waits again.
func TestF45_AnOfficersDecisionAboutAWaitingFileWins(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	files := w.dayFiles(t, special, 2, 5)
	cases := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	asking := func() once.Request {
		return once.Request{
			Caller: "officer:test", Route: "POST decisions", Key: fmt.Sprintf("case-%08d", w.serial.Add(1)), Fingerprint: [32]byte{},
		}
	}
	about := func(r bank.Receipt, word casework.Word) casework.Request {
		t.Helper()
		var out casework.Request
		_, err := cases.Ask(context.Background(), asking(), result(&out), w.books.Officers["finance-maker"], casework.Ask{ //nolint:exhaustruct // a file
			Kind: casework.File, Subject: r.ID, Word: word, Document: "call note 7",
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	w.send(t, special, 2, files[2])
	five := w.send(t, special, 5, files[5])
	four := w.send(t, special, 4, files[4])
	asked, refused := about(four, casework.Accept), about(five, casework.Refuse)
	var none casework.Request
	verdict := casework.Verdict{ID: refused.ID, Digest: refused.Digest, Reason: ""}
	_, err := cases.Approve(context.Background(), asking(), result(&none), w.books.Officers["finance-checker"], verdict)
	if err != nil {
		t.Fatal(err)
	}
	three := w.send(t, special, 3, files[3])
	w.wantStates(t, "02 processed 1", "03 processed 1", "04 quarantined statement_gap", "05 quarantined statement_gap")

	_, err = cases.Withdraw(context.Background(), asking(), result(&none), w.books.Officers["finance-maker"], asked.ID)
	if err != nil {
		t.Fatal(err)
	}
	// The job of day 3 runs again, as after a crash behind its own day.
	w.takeIn(t, three)
	w.wantStates(t, "02 processed 1", "03 processed 1", "04 processed 1", "05 quarantined statement_gap")
	// The bank sends day 5 anew: the file that officers refused is not needed.
	anew := files[5]
	head, _ := anew[0].(bank.FileHead)
	head.MessageID = "anew"
	w.send(t, special, 5, append([]bank.Record{head}, anew[1:]...))
	w.wantStates(t, "02 processed 1", "03 processed 1", "04 processed 1", "05 quarantined statement_gap", "05 processed 1")
	w.wantFilesProved(t)
}

// A waiting file that storage fails on keeps neither the day that came nor what waits
// behind it from its turn; the trouble is told, and over when another file says the same.
func TestF45_AWaitingFileInTroubleStopsNoOther(t *testing.T) {
	t.Parallel()
	for _, longer := range []bool{false, true} {
		w := newBankWorld(t)
		special := w.books.Accounts[ledger.FiscalSpecial]
		files := w.dayFiles(t, special, 2, 4)
		w.send(t, special, 2, files[2])
		lost := w.send(t, special, 4, files[4])
		want := []string{"02 processed 1", "03 processed 1", "04 quarantined statement_gap"}
		if longer {
			w.balance[special] = 500
			w.send(t, special, 5, w.records(special, 4, 5, 0, bankLine(bank.Credit, 400, 4, "S4"),
				bankLine(bank.Credit, 600, 5, "S5")))
			want = []string{"02 processed 1", "03 processed 1", "04 processed", "05 processed 2"}
		}
		w.d.Exec(t, fmt.Sprintf(`create function fail() returns trigger language plpgsql as $$ begin raise 'the disk'; end $$;
			create trigger fail before insert on statement for each row when (new.receipt_id = %d) execute function fail()`,
			lost.ID))
		three := w.upload(t, "psbc", special, 3, files[3])
		err := w.proof.TakeIn(t.Context(), three.Area, three.ID)
		told := fmt.Sprintf("take in statement %d, which waited", lost.ID)
		if longer != (err == nil) || err != nil && (!strings.Contains(err.Error(), told) || !strings.Contains(err.Error(), "the disk")) {
			t.Errorf("a longer file %v: %v", longer, err)
		}
		w.wantStates(t, want...)
	}
}

// Several workers take a week in that came backwards: each day once.
func TestF45_WaitingFilesAreTakenInOnceBesideOthers(t *testing.T) {
	t.Parallel()
	w := newBankWorld(t)
	special := w.books.Accounts[ledger.FiscalSpecial]
	files := w.dayFiles(t, special, 2, 8)
	for day := 8; day > 2; day-- {
		w.send(t, special, day, files[day])
	}
	first := w.upload(t, "psbc", special, 2, files[2])
	done := make(chan struct{})
	for range 4 {
		go func() { w.takeIn(t, first); done <- struct{}{} }()
	}
	for range 4 {
		<-done
	}
	w.wantStates(t, "02 processed 1", "03 processed 1", "04 processed 1", "05 processed 1", "06 processed 1",
		"07 processed 1", "08 processed 1")
	if n := ask[int64](t, w, `select count(*) from statement_line`); n[0] != 7 {
		t.Errorf("%d lines, want 7", n[0])
	}
}
