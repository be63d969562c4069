package cycle

import (
	"encoding/hex"
	"slices"

	"twoline/gateway/calendar"
)

// batches adds up what went to the banks, each batch once.
func (c *checker) batches() {
	var all, withdrawn Tally
	type number struct{ bank, no string }
	ids, numbers, files := map[string]bool{}, map[number]bool{}, map[string]bool{}
	for _, b := range c.d.RestsOn.Batches {
		no := number{b.Bank, b.Number}
		if ids[b.ID] || numbers[no] || files[b.FileDigest] {
			c.wrong("batch %s of %s stands twice: by its id, its number or its file", b.Number, b.Bank)
		}
		ids[b.ID], numbers[no], files[b.FileDigest] = true, true, true
		what := "batch " + b.Number
		if b.Items.Count < 1 || b.Items.Amount < 0 {
			c.wrong("%s has %s", what, b.Items)
		}
		c.id(what+"'s id", b.ID)
		c.id(what+"'s account", b.Account)
		c.digest(what+"'s digest", b.Digest)
		c.digest(what+"'s file's digest", b.FileDigest)
		all = all.add(b.Items)
		if b.Withdrawn {
			withdrawn = withdrawn.add(b.Items)
		}
	}
	c.equal("the batches together = approved", all, c.d.Figures.Approved)
	c.equal("the batches that were recalled = withdrawn", withdrawn, c.d.Figures.Withdrawn)
}

// statements proves that each goes on where the one before it ended, and that those
// of every account cover the days of the run where the statement is called proved.
func (c *checker) statements() {
	first, last := map[string]calendar.Day{}, map[string]StatementFile{}
	before := len(c.v.Contradictions)
	for _, s := range c.d.RestsOn.Statements {
		earlier, known := last[s.Account]
		last[s.Account] = s
		if s.To.Before(s.From) {
			c.wrong("statement %s of account %s ends on %s, before it begins on %s", s.Number, s.Account, s.To, s.From)
		}
		c.id("statement "+s.Number+"'s account", s.Account)
		c.id("statement "+s.Number+"'s receipt", s.Receipt)
		c.digest("statement "+s.Number+"'s file's digest", s.FileDigest)
		switch {
		case !known:
			first[s.Account] = s.From
		case s.From != earlier.To.AddDays(1):
			c.wrong("statement %s of account %s begins on %s, and the one before it ended on %s", s.Number, s.Account,
				s.From, earlier.To)
		case s.Opening != earlier.Closing:
			c.wrong("statement %s of account %s opens with %s, and the one before it closed with %s", s.Number,
				s.Account, s.Opening, earlier.Closing)
		}
	}
	n := len(c.d.RestsOn.Statements)
	if c.d.Statement.Standing == Proved {
		if n == 0 {
			c.wrong("the statement is called proved, and no statement is named")
		}
		c.covered(first, last)
	}
	c.accounts(last)
	if n > 0 && before == len(c.v.Contradictions) {
		c.proved("the %d statements that it rests on go on from one another", n)
	}
}

// covered wants the days of the run on statements of every account that a batch was
// paid from, and the last of them on those of every account that is named.
func (c *checker) covered(first map[string]calendar.Day, last map[string]StatementFile) {
	from, through := c.firstDay(), c.d.Statement.Through
	paidFrom := map[string]bool{}
	for _, b := range c.d.RestsOn.Batches {
		if paidFrom[b.Account] {
			continue
		}
		paidFrom[b.Account] = true
		if _, named := last[b.Account]; !named {
			c.wrong("the statement is called proved, and no statement of account %s is named, from which batch %s "+
				"was paid", b.Account, b.Number)
		} else if first[b.Account].After(from) {
			c.wrong("the statements of account %s begin on %s, after the run's first day %s", b.Account,
				first[b.Account], from)
		}
	}
	for _, s := range last {
		if s.To.Before(through) {
			c.wrong("the statements of account %s end on %s, before the run's last day %s", s.Account, s.To, through)
		}
	}
}

// firstDay is the first day of which the bank must have spoken: the pay day, or the
// day before it on which the book moved.
func (c *checker) firstDay() calendar.Day {
	day := c.d.Run.PayDay
	if days := c.d.RestsOn.Days; len(days) > 0 && days[0].Day.Before(day) {
		day = days[0].Day
	}
	if day.Before(c.d.Run.ReleasedOn) {
		day = c.d.Run.ReleasedOn
	}
	if through := c.d.Statement.Through; through.Before(day) {
		day = through
	}
	return day
}

// again says that claims of the run can have been paid by other runs, of whose
// batches and accounts the file says nothing.
func (c *checker) again() bool { return c.d.Figures.Rejected.Count+c.d.Figures.Returned.Count > 0 }

// accounts wants statements of no other account than the run was paid from.
func (c *checker) accounts(named map[string]StatementFile) {
	if c.again() {
		return
	}
	for _, s := range named {
		if !slices.ContainsFunc(c.d.RestsOn.Batches, func(b Batch) bool { return b.Account == s.Account }) {
			c.wrong("statement %s is of account %s, from which no batch was paid", s.Number, s.Account)
		}
	}
}

// days wants every day of the book once, in its order, and says what a seal proves.
func (c *checker) days() {
	sealed := 0
	var before calendar.Day
	for n, d := range c.d.RestsOn.Days {
		switch {
		case n > 0 && !d.Day.After(before):
			c.wrong("the book's day %s follows %s: each day stands once, in its order", d.Day, before)
		case d.Day.Before(c.d.Run.ReleasedOn):
			c.wrong("the book's day %s is before %s, when the run was released", d.Day, c.d.Run.ReleasedOn)
		case d.Day.After(c.d.Statement.Through) && !c.again():
			c.wrong("the book's day %s is after the run's last day %s", d.Day, c.d.Statement.Through)
		}
		before = d.Day
		if d.Scheme != c.d.Run.Scheme {
			c.wrong("the book's day %s is of scheme %s, and the run of %s", d.Day, d.Scheme, c.d.Run.Scheme)
		}
		if d.Digest == "" {
			c.unproved("that the book of %s stays as it is: the day is not sealed yet", d.Day)
			continue
		}
		c.digest("the digest of day "+d.Day.String(), d.Digest)
		sealed++
	}
	if f := c.d.Figures; len(c.d.RestsOn.Days) == 0 && (f.BankDebits != 0 || f.CreditsBack != 0 || f.Settled != 0) {
		c.wrong("the book moved %s, and no day of the book is named", f.BankDebits)
	}
	if sealed > 0 {
		c.unproved("that the %d sealed days' digests are the book's: compare them with the book's own papers", sealed)
	}
}

// files holds the digests of files that are there against those of the proof.
func (c *checker) files(given Given) {
	type named struct{ what, name, digest string }
	var files []named
	for _, b := range c.d.RestsOn.Batches {
		files = append(files, named{"batch " + b.Number, b.FileName, b.FileDigest})
	}
	for _, s := range c.d.RestsOn.Statements {
		// One file may hold several statements.
		n := named{"statement", s.FileName, s.FileDigest}
		if !slices.Contains(files, n) {
			files = append(files, n)
		}
	}
	here := map[string]bool{}
	for _, digest := range given {
		here[hex.EncodeToString(digest[:])] = true
	}
	missing := 0
	for _, f := range files {
		got, named := given[f.name]
		switch {
		case here[f.digest]:
			c.proved("the file of %s, %s, is the one that the proof names", f.what, f.name)
		case named:
			c.wrong("the file %s has another digest (%s) than the proof says of %s", f.name,
				hex.EncodeToString(got[:]), f.what)
		default:
			missing++
		}
	}
	if missing > 0 {
		c.unproved("that %d of %d files that it rests on are as they were: they were not given", missing, len(files))
	}
}
