package cycle_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/reconcile/cycle"
)

// named puts other names into the list of a step.
func named(d *cycle.Document, step string, names ...cycle.Name) {
	d.Lists[slices.Index(cycle.Steps(), step)] = list(step, names...)
}

// bankOnly is a line of the bank that stands on its side only.
func bankOnly(id string, fen int64) cycle.Name {
	return cycle.Name{
		Item: "21", Amount: cycle.Yuan(fen), Direction: "debit", Items: 1, Reason: "duplicate_bank_line", StatementLine: id,
	}
}

// bookOnly is a line of the book that stands on its side only.
func bookOnly(line int, fen int64) cycle.Name {
	return cycle.Name{
		Item: "21", Amount: cycle.Yuan(fen), Direction: "debit", Items: 1, Reason: "waiting", Entry: "51", BookLine: line,
	}
}

// halfOpen is the sound run whose statement has 800.00 in the book only, in two lines.
func halfOpen(d *cycle.Document) {
	d.Statement.Standing, d.Statement.MatchedThrough = cycle.StillOpen, calendar.MustDay("2011-03-24")
	d.Statement.Debits = cycle.Cleared{}
	d.Statement.UnclearedDebits = cycle.Cleared{Items: 1, Amount: 800_00}
	named(d, "uncleared", bookOnly(1, 500_00), bookOnly(2, 300_00))
}

// What was signed and is false in itself is found, with nothing but the file at hand.
func TestValidlySignedAndFalse(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	day := calendar.MustDay
	rejected := person(2, "22", "李**", 200_00, "BLOCKED AC06")
	for _, tt := range []struct {
		give string
		edit func(d *cycle.Document)
		want string
	}{
		{"names left out below the limit", func(d *cycle.Document) {
			d.Lists[5].Omitted, d.Lists[5].Names = d.Lists[5].Count, []cycle.Name{}
		}, "leaves out 3 names, though it has place for them"},
		{"one name left out", func(d *cycle.Document) {
			d.Lists[5].Omitted, d.Lists[5].Names = 1, d.Lists[5].Names[1:]
		}, "leaves out 1 names, though it has place for them"},
		{"one claim three times", func(d *cycle.Document) { named(d, "open", rejected, rejected, rejected) }, "names line 2 after line 2"},
		{"one payment on two lines", func(d *cycle.Document) {
			named(d, "open", rejected, person(3, "22", "王*", 300_00, "x"), person(5, "", "赵**", 100_00, "no_account"))
		}, "names payment 22 twice"},
		{"a name without a line", func(d *cycle.Document) { named(d, "held", person(0, "", "赵**", 100_00, "x")) }, "which no roster has"},
		{"a name of less than nothing", func(d *cycle.Document) {
			named(d, "open", rejected, person(3, "23", "王*", 500_00, "x"), person(5, "", "赵**", -100_00, "x"))
		}, "has -100.00"},
		{"open and nobody knows why", func(d *cycle.Document) {
			named(d, "open", rejected, person(4, "24", "孙*", 300_00, "x"), person(5, "", "赵**", 100_00, "no_account"))
		}, "list open names line 4, which no other list has"},
		{"open with another amount", func(d *cycle.Document) {
			named(d, "open", person(2, "22", "李**", 300_00, "x"), person(3, "23", "王*", 200_00, "x"),
				person(5, "", "赵**", 100_00, "no_account"))
		}, "list open names line 2, which no other list has"},
		{"one kept out of open", func(d *cycle.Document) {
			d.Figures.Withdrawn, d.Figures.Approved = tally(1, 0), tally(5, 1000_00)
			d.Figures.Entitled, d.Figures.Open = tally(6, 1100_00), tally(4, 600_00)
			d.RestsOn.Batches[0].Items = tally(4, 1000_00)
			two := d.RestsOn.Batches[0]
			two.ID, two.Number, two.Withdrawn, two.Items = "9", "00000002", true, tally(1, 0)
			d.RestsOn.Batches = append(d.RestsOn.Batches, two)
			named(d, "withdrawn", person(6, "26", "钱*", 0, "recalled"))
			named(d, "open", rejected, d.Lists[4].Names[0], person(5, "", "赵**", 100_00, "no_account"),
				person(7, "27", "孙*", 0, "x"))
		}, "list open names line 7"},
		{"re-issued less than none", func(d *cycle.Document) {
			d.Figures.Reissued, d.Figures.Paid, d.Figures.Open = tally(-1, -100_00), tally(1, 400_00), tally(4, 700_00)
			d.Figures.BankDebits -= 100_00
			d.Statement.Debits.Amount -= 100_00
		}, "re-issued are -1 of -100.00"},
		{"money of nobody", func(d *cycle.Document) { d.Figures.NotActivated = tally(0, 5) }, "not activated are 0 of 0.05"},
		{"in transit less than none", func(d *cycle.Document) {
			d.Figures.InTransit, d.Figures.BankDebits, d.Statement.Debits.Amount = -1, 799_99, 799_99
		}, "in transit is -0.01"},
		{"came back more than went", func(d *cycle.Document) {
			d.Figures.Returned, d.Figures.Paid, d.Figures.Open = tally(4, 300_00), tally(-1, 500_00), tally(6, 600_00)
		}, "returned are 4, of 3"},
		{"re-issued more than failed", func(d *cycle.Document) {
			d.Figures.Reissued, d.Figures.Paid, d.Figures.Open = tally(3, 0), tally(5, 500_00), tally(0, 600_00)
		}, "re-issued are 3, of 2"},
		{"debits of no payment", func(d *cycle.Document) { d.Statement.Debits.Items = 0 }, "for 0 payments in 1 lines"},
		{"money in no line", func(d *cycle.Document) {
			d.Statement.Debits.Lines, d.Statement.CreditsBack.Lines = 0, 0
		}, "in 0 lines"},
		{"lines on no statement", func(d *cycle.Document) { d.Statement.UnclearedDebits.Lines = 1 }, "said to be in 1 lines of it"},
		{"less than no lines", func(d *cycle.Document) { d.Statement.Debits.Lines = -1 }, "in -1 lines"},
		{"fewer payments on the statement than paid", func(d *cycle.Document) { d.Statement.Debits.Items = 1 }, "paid are 2"},
		{"a one-sided line taken away by another", func(d *cycle.Document) {
			named(d, "unbooked", bankOnly("71", 999_00), bankOnly("72", -999_00))
		}, "list unbooked has a line of -999.00"},
		{"one line of the bank twice", func(d *cycle.Document) {
			d.Statement.UnbookedDebits = cycle.Cleared{Items: 2, Lines: 2, Amount: 10_00}
			named(d, "unbooked", bankOnly("71", 5_00), bankOnly("71", 5_00))
		}, "list unbooked has one line twice"},
		{"a line of no statement", func(d *cycle.Document) {
			d.Statement.UnbookedDebits = cycle.Cleared{Items: 1, Lines: 1, Amount: 5_00}
			named(d, "unbooked", bankOnly("", 5_00))
		}, "list unbooked has a line of no statement"},
		{"more lines than are named", func(d *cycle.Document) {
			d.Statement.UnbookedDebits = cycle.Cleared{Items: 1, Lines: 2, Amount: 5_00}
			named(d, "unbooked", bankOnly("71", 5_00))
		}, "list unbooked has debits of 5.00 in 1 lines"},
		{"a line for more payments than its figure", func(d *cycle.Document) {
			d.Statement.UnbookedDebits = cycle.Cleared{Items: 1, Lines: 1, Amount: 5_00}
			more := bankOnly("71", 5_00)
			more.Items = 3
			named(d, "unbooked", more)
		}, "list unbooked has debits for 3 payments"},
		{"one line of the book twice", func(d *cycle.Document) {
			halfOpen(d)
			named(d, "uncleared", bookOnly(1, 400_00), bookOnly(1, 400_00))
		}, "list uncleared has one line twice"},
		{"a line of the book under no entry", func(d *cycle.Document) {
			halfOpen(d)
			nowhere := bookOnly(1, 800_00)
			nowhere.Entry = ""
			named(d, "uncleared", nowhere)
		}, "list uncleared has a line of no book"},
		{"lines for more payments than are named", func(d *cycle.Document) {
			halfOpen(d)
			d.Statement.UnclearedDebits.Items = 3
		}, "list uncleared has debits for 2 payments"},
		{"a statement that begins after the run", func(d *cycle.Document) {
			d.RestsOn.Statements = d.RestsOn.Statements[1:]
		}, "begin on 2011-03-26, after the run's first day 2011-03-25"},
		{"a statement of another account", func(d *cycle.Document) {
			for i := range d.RestsOn.Statements {
				d.RestsOn.Statements[i].Account = "99"
			}
			d.Figures.Rejected, d.Figures.Returned = tally(0, 0), tally(0, 0)
		}, "is of account 99, from which no batch was paid"},
		{"no statement of the batch's account", func(d *cycle.Document) {
			for i := range d.RestsOn.Statements {
				d.RestsOn.Statements[i].Account = "99"
			}
		}, "no statement of account 13 is named"},
		{"a batch of no account", func(d *cycle.Document) { d.RestsOn.Batches[0].Account = "" }, "account"},
		{"a statement that ends before it begins", func(d *cycle.Document) {
			d.RestsOn.Statements[0].From = day("2011-03-27")
		}, "ends on 2011-03-25, before it begins on 2011-03-27"},
		{"one batch twice", func(d *cycle.Document) {
			b := d.RestsOn.Batches[0]
			b.Items = tally(2, 500_00)
			d.RestsOn.Batches = []cycle.Batch{b, b}
		}, "batch 00000001 of psbc stands twice"},
		{"one id as two batches", func(d *cycle.Document) {
			b := d.RestsOn.Batches[0]
			b.Number, b.FileDigest = "00000002", digestOf("another file")
			d.RestsOn.Batches = append(d.RestsOn.Batches, b)
		}, "batch 00000002 of psbc stands twice"},
		{"one number as two batches", func(d *cycle.Document) {
			b := d.RestsOn.Batches[0]
			b.ID, b.FileDigest = "9", digestOf("another file")
			d.RestsOn.Batches = append(d.RestsOn.Batches, b)
		}, "batch 00000001 of psbc stands twice"},
		{"a statement that begins after the book moved", func(d *cycle.Document) {
			d.RestsOn.Days[0].Day, d.RestsOn.Statements[0].From = day("2011-03-23"), day("2011-03-24")
		}, "begin on 2011-03-24, after the run's first day 2011-03-23"},
		{"a day after the last", func(d *cycle.Document) {
			d.Figures.Rejected, d.Figures.Returned = tally(0, 0), tally(0, 0)
			d.RestsOn.Days[1].Day = day("2011-03-29")
		}, "2011-03-29 is after the run's last day"},
		{"debits in no line, and nothing to take off", func(d *cycle.Document) {
			d.Figures.Rejected, d.Figures.Returned = tally(0, 0), tally(0, 0)
			d.Statement.Debits.Lines = 0
		}, "for 3 payments in 0 lines"},
		{"one both rejected and returned", func(d *cycle.Document) {
			d.Figures.Returned, d.Figures.Reissued = tally(1, 200_00), tally(1, 200_00)
			d.Figures.Paid, d.Figures.Open = tally(3, 800_00), tally(2, 300_00)
			d.Figures.BankDebits, d.Figures.CreditsBack = 1000_00, 200_00
			named(d, "returned", rejected)
			named(d, "open", rejected, person(5, "", "赵**", 100_00, "no_account"))
		}, "0 of 0.00 are not in list open, and re-issued are 1 of 200.00"},
		{"one file as two batches", func(d *cycle.Document) {
			b := d.RestsOn.Batches[0]
			b.Items = tally(2, 500_00)
			again := b
			again.ID, again.Number = "9", "00000002"
			d.RestsOn.Batches = []cycle.Batch{b, again}
		}, "stands twice"},
		{"batches that cancel", func(d *cycle.Document) {
			more, less := d.RestsOn.Batches[0], d.RestsOn.Batches[0]
			more.ID, more.Items, less.ID, less.Items = "9", tally(10, 5000_00), "10", tally(-10, -5000_00)
			d.RestsOn.Batches = append(d.RestsOn.Batches, more, less)
		}, "has -10 of -5000.00"},
		{"no run", func(d *cycle.Document) { d.Run.ID = "" }, "the run's id"},
		{"no area", func(d *cycle.Document) { d.Run.Area = "" }, "the run's area"},
		{"no scheme", func(d *cycle.Document) { d.Run.Scheme = "" }, "the run's scheme"},
		{"a run that was not released", func(d *cycle.Document) { d.Run.State = "submitted" }, "the run's state"},
		{"no digest", func(d *cycle.Document) { d.Run.Digest = "" }, "the run's digest"},
		{"issued at no time", func(d *cycle.Document) { d.IssuedAt = "" }, "issued_at"},
		{"through a day before it was released", func(d *cycle.Document) {
			d.Statement.Through = day("2011-03-21")
		}, "before it was released"},
		{"no day of the book", func(d *cycle.Document) { d.RestsOn.Days = nil }, "no day of the book is named"},
		{"one day twice", func(d *cycle.Document) { d.RestsOn.Days[1].Day = d.RestsOn.Days[0].Day }, "2011-03-25 follows 2011-03-25"},
		{"a day before the release", func(d *cycle.Document) { d.RestsOn.Days[0].Day = day("2011-03-01") }, "2011-03-01 is before"},
		{"a day of another scheme", func(d *cycle.Document) { d.RestsOn.Days[0].Scheme = "urban" }, "of scheme urban"},
		{"a digest that is none", func(d *cycle.Document) { d.RestsOn.Days[0].Digest = "yes" }, "is no digest"},
	} {
		d := sound()
		tt.edit(&d)
		v := check(t, signed(t, key, d), public, nil)
		if v.Accepted() || !strings.Contains(strings.Join(v.Contradictions, "\n"), tt.want) {
			t.Errorf("%s: contradictions are %q, want %q", tt.give, v.Contradictions, tt.want)
		}
	}
}

// A run whose lines still stand on one side is believed as far as it goes.
func TestARunThatIsHalfOnTheStatementIsAccepted(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	d := sound()
	halfOpen(&d)
	if v := check(t, signed(t, key, d), public, nil); !v.Accepted() {
		t.Errorf("contradictions are %q", v.Contradictions)
	}
}

// A bank that books a lump less what it takes off shows no line of what came back.
func TestWhatIsTakenOffALumpNeedsNoLineOfItsOwn(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	d := sound()
	d.Statement.CreditsBack.Lines = 0
	if v := check(t, signed(t, key, d), public, nil); !v.Accepted() {
		t.Errorf("contradictions are %q", v.Contradictions)
	}
}

// What a list has no place for is bounded by what it names.
func TestALongListIsNotLessThanItsNames(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	claims, lines := cycle.NewRoll("held"), cycle.NewRoll("uncleared")
	for i := range cycle.MaxNames + 1 {
		if err := errors.Join(claims.Add(person(i+1, "", "赵**", 1, "no_account")), lines.Add(bookOnly(i+1, 1))); err != nil {
			t.Fatal(err)
		}
	}
	d := sound()
	d.Lists[0], d.Lists[8] = claims.List(), lines.List()
	d.Lists[0].Amount = 5
	d.Statement.UnclearedDebits = cycle.Cleared{Items: 1, Amount: 5}
	said := strings.Join(check(t, signed(t, key, d), public, nil).Contradictions, "\n")
	for _, want := range []string{
		"list held comes to 0.05, and the names that it holds alone to 100.00",
		"list uncleared names debits of 100.00, and its figure is 0.05",
		"list uncleared sums to 100.01, and its figures are 0.05 and 0.00",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("not found: %s, but %s", want, said)
		}
	}
}
