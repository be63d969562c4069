package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/party"
	"twoline/gateway/registry"
)

// newChoosers is a county whose members can be named in a file: their numbers check.
func newChoosers(t *testing.T, n int) *payerWorld {
	t.Helper()
	w := newPayerWorld(t, n)
	for _, m := range w.members {
		number := fmt.Sprintf("61030419500101%03d", m-1000)
		w.sql(t, fmt.Sprintf(`update member set id_number = '%s%c' where id = %d`, number, party.IDCheck(number), m))
	}
	return w
}

// choice is a line for chooses.
func choice(member int64, amount, day string) string {
	return fmt.Sprintf("%d %s %s", member, amount, day)
}

// chooses is what an import answers to lines "member amount day" of amounts for 2011: their
// codes in their order, empty for a line that was taken or known.
func (w *payerWorld) chooses(t *testing.T, lines ...string) string {
	t.Helper()
	service := registry.New(registry.Config{ //nolint:exhaustruct // no files
		Store: w.db.Registry(), Today: func() calendar.Day { return w.today },
	})
	text := "id_number,year,amount,chosen_on\n"
	for _, l := range lines {
		var member int64
		var amount, day string
		if _, err := fmt.Sscan(l, &member, &amount, &day); err != nil {
			t.Fatal(err)
		}
		id := one[string](t, w.world, `select id_number from member where id = $1`, member)
		text += fmt.Sprintf("%s,2011,%s,%s\n", id, amount, day)
	}
	var out registry.Report
	_, err := service.Import(t.Context(), w.request("imports/{kind}", "", text), result(&out), w.maker,
		registry.KindTiers, strings.NewReader(text), registry.Options{}) //nolint:exhaustruct // plain
	if refused, ok := errors.AsType[*registry.RefusedFileError](err); ok {
		out, err = refused.Report, nil
	}
	if err != nil {
		// It may run beside the test.
		t.Error(err)
	}
	codes := make([]string, len(lines))
	for _, l := range out.Lines {
		codes[l.Line-2] = l.Code
	}
	return strings.Join(codes, ",")
}

// history is what a member chose for years, with who changed it; the last one holds.
func (w *payerWorld) history(t *testing.T, member int64) string {
	t.Helper()
	service := registry.New(registry.Config{Store: w.db.Registry()}) //nolint:exhaustruct // a question
	list, err := service.TiersOf(t.Context(), w.checker, member)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range list {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %t %s", c.Amount, c.Holds, c.EnteredBy)))
	}
	return strings.Join(out, ", ")
}

// Until something was paid for a year, or is on its way, a later choice of the member takes
// the place of the one before; after that the year's amount stands.
func TestAnAmountIsChosenAnewUntilSomethingIsPaid(t *testing.T) {
	t.Parallel()
	w := newChoosers(t, 5)
	first, counter, listed, failing, sent := w.members[0], w.members[1], w.members[2], w.members[3], w.members[4]
	for _, give := range []struct{ amount, day, want string }{
		{"100.00", "2011-01-01", ""},
		{"200.00", "2011-01-01", "differs"},
		{"200.00", "2010-12-31", "differs"},
		{"150.00", "2011-03-01", "no_tier"},
		{"100.00", "2011-03-01", "differs"},
		{"200.00", "2011-03-01", ""},
		{"200.00", "2011-03-01", ""},
		{"100.00", "2011-01-01", ""},
		{"100.00", "2011-02-01", "differs"},
	} {
		if got := w.chooses(t, choice(first, give.amount, give.day)); got != give.want {
			t.Errorf("%s on %s: %q, want %q", give.amount, give.day, got, give.want)
		}
	}
	if got := w.history(t, first); got != "100.00 false, 200.00 true b-maker" {
		t.Errorf("the member's choices: %s", got)
	}
	if due := w.due(t, first); due.Chosen != 200_00 {
		t.Errorf("the member chose %s, want 200.00", due.Chosen)
	}
	if err := w.paysAtCounter(counter, w.today); err != nil {
		t.Fatal(err)
	}
	l := w.list(collection.GovernmentList, 12, 0, 0, 100_00)
	l.Lines = l.Lines[2:]
	w.approved(t, l)
	b := w.withhold(t).Batches[0]
	if b.Count != 3 || b.Amount != 400_00 {
		t.Errorf("the run takes %d dues and %s, want the newest amount of one and two of 100.00", b.Count, b.Amount)
	}
	items := w.items(t, b)
	at := slices.IndexFunc(items, func(i collection.ItemStanding) bool { return i.Member == failing })
	if _, err := w.results(t, b, []collection.Result{failed(items[at], "RJ03")}); err != nil {
		t.Fatal(err)
	}
	line := func(m int64) string { return choice(m, "200.00", "2011-03-02") }
	want := "tier_paid,tier_paid,,tier_paid"
	if got := w.chooses(t, line(counter), line(listed), line(failing), line(sent)); got != want {
		t.Errorf("with money on its way: %s, want %s", got, want)
	}
	again := choice(first, "100.00", "2011-03-02")
	at = slices.IndexFunc(items, func(i collection.ItemStanding) bool { return i.Member == first })
	w.arrive(t, "A1", b, 200_00)
	if _, err := w.results(t, b, []collection.Result{succeeded(items[at])}); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	if got := w.chooses(t, again); got != "tier_paid" {
		t.Errorf("after the year was paid: %s", got)
	}
	w.proved(t)
}

// Lines of one file meet each other as lines of two files do.
func TestAFileChoosesAnewWhatItChose(t *testing.T) {
	t.Parallel()
	w := newChoosers(t, 1)
	m := w.members[0]
	w.sql(t, `set session_replication_role = replica; delete from tier_choice`)
	got := w.chooses(t, choice(m, "100.00", "2011-02-01"), choice(m, "200.00", "2011-02-01"),
		choice(m, "200.00", "2011-02-02"), choice(m, "100.00", "2011-02-03"))
	if got != ",differs,," {
		t.Errorf("four lines of a file: %s", got)
	}
	if got := w.history(t, m); got != "100.00 false, 200.00 false b-maker, 100.00 true b-maker" {
		t.Errorf("the member's choices: %s", got)
	}
	w.proved(t)
}

// A payment, a run and a list wait for a choice that is being changed, and a choice for
// them: nobody pays by an amount that no longer holds.
func TestAChangedAmountAndAPaymentWaitForEachOther(t *testing.T) {
	t.Parallel()
	change := func(w *payerWorld) string { return w.chooses(t, choice(w.members[0], "200.00", "2011-03-02")) }
	for _, give := range []struct {
		name string
		pays func(w *payerWorld) error
		// hold stops the payer after it read the dues.
		hold string
	}{
		{
			"counter", func(w *payerWorld) error { return w.paysAtCounter(w.members[0], w.today) },
			`select pg_advisory_xact_lock(hashtextextended('terminal 610304 psbc T1 2011-03-10', 0))`,
		},
		{"run", func(w *payerWorld) error {
			_, err := w.service.Withhold(context.Background(), w.request("runs", "run-key-00000001", 1),
				result(&collection.RunResult{}), w.officer, //nolint:exhaustruct // not looked at
				collection.Run{Scheme: "rural", Year: 2011, Banks: nil})
			return err
		}, `lock table withholding_item in exclusive mode`},
	} {
		t.Run(give.name, func(t *testing.T) {
			t.Parallel()
			w := newChoosers(t, 1)
			letGo := w.hold(t, give.hold)
			payer := w.start(func() error { return give.pays(w) })
			payer.untilLock(t, 1)
			answer := ""
			chooser := w.start(func() error { answer = change(w); return nil })
			if !chooser.untilLock(t, 2) {
				t.Error("the choice does not wait for the payment")
			}
			letGo()
			payer.end(t)
			chooser.end(t)
			if answer != "tier_paid" {
				t.Errorf("the choice after the payment: %q", answer)
			}
		})
		t.Run(give.name+" after", func(t *testing.T) {
			t.Parallel()
			w := newChoosers(t, 1)
			letGo := w.hold(t, `lock table tier_change in exclusive mode`)
			answer := ""
			chooser := w.start(func() error { answer = change(w); return nil })
			chooser.untilLock(t, 1)
			payer := w.start(func() error { return give.pays(w) })
			if !payer.untilLock(t, 2) {
				t.Error("the payment does not wait for the choice")
			}
			letGo()
			chooser.end(t)
			payer.end(t)
			if answer != "" {
				t.Errorf("the choice before the payment: %q", answer)
			}
			due := w.due(t, w.members[0])
			if due.Chosen != 200_00 || give.name == "run" && due.InFlight != 200_00 {
				t.Errorf("after both: %+v", due)
			}
		})
	}
}

// A change that a hand wrote, or wrote later than the payment, is named.
func TestEditsOfChosenAmountsAreNamed(t *testing.T) {
	t.Parallel()
	w := newChoosers(t, 2)
	m, paid := w.members[0], w.members[1]
	w.chooses(t, choice(m, "200.00", "2011-03-01"))
	w.chooses(t, choice(m, "100.00", "2011-03-02"))
	if err := w.paysAtCounter(paid, w.today); err != nil {
		t.Fatal(err)
	}
	w.credited(t, "100.00", "D1", w.today)
	const owner = `set session_replication_role = replica; `
	late := fmt.Sprintf(`insert into tier_change (area, year, member_id, ordinal, was, amount, chosen_on, entered_by, entered_at)
		values (610304, 2011, %d, 1, 10000, 20000, '2011-03-02', 'hand', now())`, paid)
	for _, give := range []struct{ edit, undo, want string }{
		{
			`update tier_change set was = 30000 where ordinal = 1`, `update tier_change set was = 10000 where ordinal = 1`,
			"was changed from an amount that did not hold",
		},
		{
			`update tier_change set chosen_on = '2011-02-28' where ordinal = 2`,
			`update tier_change set chosen_on = '2011-03-02' where ordinal = 2`, "was changed by an older choice",
		},
		{
			`update tier_change set ordinal = 4 where ordinal = 2`, `update tier_change set ordinal = 2 where ordinal = 4`,
			"stands as change 4 and is number 2",
		},
		{
			`update tier_change set member_id = 77`, fmt.Sprintf(`update tier_change set member_id = %d`, m),
			"was changed from an amount that did not hold",
		},
		{late, fmt.Sprintf(`delete from tier_change where member_id = %d`, paid), "was changed after something was paid for the year"},
	} {
		w.proved(t)
		w.sql(t, owner+give.edit)
		f, _ := verify(t, w.db).Find("I7")
		told := ""
		for _, b := range f.Breaches {
			told += b.Text + "; "
		}
		if !strings.Contains(told, give.want) {
			t.Errorf("%s: told %q, want %q", give.edit, told, give.want)
		}
		w.sql(t, owner+give.undo)
	}
	w.proved(t)
}

// A year before that of the 16th birthday is chosen by nobody, and so it cannot be made up.
func TestAChildsYearIsNotChosen(t *testing.T) {
	t.Parallel()
	w := newPayerWorld(t, 2)
	for i, born := range []string{"19950301", "19960301"} {
		number := fmt.Sprintf("610304%s%03d", born, i+1)
		w.sql(t, fmt.Sprintf(`delete from tier_choice where member_id = %[1]d; update member set id_number = '%[2]s' where id = %[1]d`,
			1001+i, number+string(party.IDCheck(number))))
	}
	if got := w.chooses(t, choice(1001, "100.00", "2011-03-01"), choice(1002, "100.00", "2011-03-01")); got != ",under_age" {
		t.Errorf("who turned 16 in the year and who was 15 all of it: %q", got)
	}
}

// Nothing is chosen for a member on the day on which the membership ended, or after it: it is not opened again. What was
// chosen before the end is still taken in.
func TestWhoLeftChoosesNothingAfterwards(t *testing.T) {
	t.Parallel()
	w := newChoosers(t, 3)
	w.sql(t, `set session_replication_role = replica;
		insert into member_end (area, member_id, reason, ended_on, from_month, source_id, decision_id, approved_at, business_day)
			select 610304, id, 'transferred_out', '2011-02-10', '2011-03-01', 1, 1, now(), '2011-02-10' from member where id in (1002, 1003)`)
	got := w.chooses(t, choice(1001, "200.00", "2011-02-15"), choice(1002, "200.00", "2011-02-10"),
		choice(1003, "200.00", "2011-02-09"))
	if want := ",member_left,"; got != want {
		t.Errorf("answered %q, want %q", got, want)
	}
}
