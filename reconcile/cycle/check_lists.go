package cycle

// lists adds up every list and holds it against its figure.
func (c *checker) lists() {
	f, s := c.d.Figures, c.d.Statement
	figures := map[string]Tally{
		"held": f.Held, "withdrawn": f.Withdrawn, "rejected": f.Rejected, "unknown": f.Unknown, "returned": f.Returned,
		"open": f.Open, "not_in_place": f.NotInPlace, "not_activated": f.NotActivated,
	}
	seen := map[string]bool{}
	whole := true
	for _, l := range c.d.Lists {
		if seen[l.Step] {
			c.wrong("list %s stands twice", l.Step)
		}
		seen[l.Step] = true
		whole = c.list(l) && whole
		switch l.Step {
		case "uncleared":
			c.oneSided(l, s.UnclearedDebits, s.UnclearedCredits)
		case "unbooked":
			c.oneSided(l, s.UnbookedDebits, s.UnbookedCredits)
		default:
			c.claims(l)
			want, known := figures[l.Step]
			if got := (Tally{l.Count, l.Amount}); !known || got != want {
				c.wrong("list %s sums to %s, and its figure is %s", l.Step, got, want)
			}
		}
	}
	for _, step := range Steps() {
		if !seen[step] {
			c.wrong("list %s is missing", step)
		}
	}
	if whole {
		c.reasons()
		c.proved("each of the %d lists has the names of its digest, and sums to its figure", len(c.d.Lists))
	}
}

// Steps are the lists that a document has, in their order.
func Steps() []string {
	return []string{
		"held", "withdrawn", "rejected", "unknown", "returned", "open", "not_in_place", "not_activated", "uncleared",
		"unbooked",
	}
}

// list recomputes a list from its names, and says whether all are there.
func (c *checker) list(l List) bool {
	if l.Omitted != 0 {
		if l.Omitted < 0 || l.Count != len(l.Names)+l.Omitted {
			c.wrong("list %s counts %d, and %d names with %d left out are others", l.Step, l.Count, len(l.Names),
				l.Omitted)
		}
		if len(l.Names) < MaxNames {
			c.wrong("list %s leaves out %d names, though it has place for them: it holds %d of %d", l.Step, l.Omitted,
				len(l.Names), MaxNames)
		}
		c.unproved("list %s: the file holds %d of %d names, so that sum and digest cannot be recomputed", l.Step,
			len(l.Names), l.Count)
		return false
	}
	roll := NewRoll(l.Step)
	for _, n := range l.Names {
		if err := roll.Add(n); err != nil {
			c.wrong("list %s: %v", l.Step, err)
			return false
		}
	}
	got := roll.List()
	if got.Count != l.Count || got.Amount != l.Amount {
		c.wrong("list %s says %s, and its names are %s", l.Step, Tally{l.Count, l.Amount}, Tally{got.Count, got.Amount})
		return false
	}
	if got.Digest != l.Digest {
		c.wrong("list %s: its names do not give its digest", l.Step)
		return false
	}
	return true
}

// claims wants each claim of a list once, in the order of the roster, and none of
// less than nothing: otherwise names could make up any sum.
func (c *checker) claims(l List) {
	last, items := 0, map[string]bool{}
	var sum Yuan
	for _, n := range l.Names {
		switch {
		case n.Line < 1:
			c.wrong("list %s names line %d, which no roster has", l.Step, n.Line)
		case n.Line <= last:
			c.wrong("list %s names line %d after line %d: each claim stands once, in the order of the roster", l.Step,
				n.Line, last)
		}
		if n.Item != "" && items[n.Item] {
			c.wrong("list %s names payment %s twice", l.Step, n.Item)
		}
		if n.Amount < 0 {
			c.wrong("list %s has %s on line %d, which is less than nothing", l.Step, n.Amount, n.Line)
		}
		last, items[n.Item] = n.Line, true
		sum += n.Amount
	}
	if sum > l.Amount {
		c.wrong("list %s comes to %s, and the names that it holds alone to %s", l.Step, l.Amount, sum)
	}
}

// claim is what a name says of a claim in every list.
type claim struct {
	line              int
	item, name, month string
	amount            Yuan
}

func claimOf(n Name) claim { return claim{n.Line, n.Item, n.Name, n.Month, n.Amount} }

// reasons wants a reason for every claim that is open: it is held, recalled, rejected
// or unknown, or it came back. Those of them that are not open were paid again.
func (c *checker) reasons() {
	why := map[claim]bool{}
	var open List
	for _, l := range c.d.Lists {
		switch l.Step {
		case "held", "withdrawn", "rejected", "unknown", "returned":
			for _, n := range l.Names {
				why[claimOf(n)] = true
			}
		case "open":
			open = l
		}
	}
	for _, n := range open.Names {
		if !why[claimOf(n)] {
			c.wrong("list open names line %d, which no other list has as it stands there", n.Line)
		}
		delete(why, claimOf(n))
	}
	var again Tally
	for left := range why {
		again = again.add(Tally{1, left.amount})
	}
	if f := c.d.Figures; again != f.Reissued {
		c.wrong("of the claims that were not paid, %s are not in list open, and re-issued are %s", again, f.Reissued)
	}
}

// oneSided holds a list of lines against both directions of its figure. Every line
// counts by itself: none may take another away.
func (c *checker) oneSided(l List, debits, credits Cleared) {
	var sums [2]Cleared
	seen := map[place]bool{}
	for _, n := range l.Names {
		side := 0
		switch n.Direction {
		case "debit":
		case "credit":
			side = 1
		default:
			c.wrong("list %s has a line of the direction %q", l.Step, n.Direction)
		}
		c.oneLine(l.Step, n, seen)
		sums[side].Items += n.Items
		sums[side].Lines++
		sums[side].Amount += n.Amount
	}
	for side, figure := range []Cleared{debits, credits} {
		c.oneDirection(l, []string{"debits", "credits"}[side], sums[side], figure)
	}
	if l.Omitted > 0 && l.Amount != debits.Amount+credits.Amount {
		c.wrong("list %s sums to %s, and its figures are %s and %s", l.Step, l.Amount, debits.Amount, credits.Amount)
	}
}

// place is where a line stands in the book or on a statement. Of a lump that paid
// claims of several people again, each has a part.
type place struct {
	entry     string
	line      int
	item      string
	statement string
}

// oneLine wants a line to be somewhere, once, and to be more than nothing.
func (c *checker) oneLine(step string, n Name, seen map[place]bool) {
	if n.Amount <= 0 || n.Items < 1 {
		c.wrong("list %s has a line of %s for %d payments", step, n.Amount, n.Items)
	}
	at := place{n.Entry, n.BookLine, n.Item, ""}
	if step == "unbooked" {
		at = place{"", 0, "", n.StatementLine}
	}
	switch {
	case step == "unbooked" && n.StatementLine == "":
		c.wrong("list %s has a line of no statement", step)
	case step == "uncleared" && (n.Entry == "" || n.BookLine < 1):
		c.wrong("list %s has a line of no book", step)
	case seen[at]:
		c.wrong("list %s has one line twice: entry %q, line %d, statement line %q", step, n.Entry, n.BookLine,
			n.StatementLine)
	}
	seen[at] = true
}

// oneDirection holds the sum of a list's lines of one direction against its figure.
// Several lines of the book may stand for one payment; what the statement alone has
// is counted line by line.
func (c *checker) oneDirection(l List, what string, got, figure Cleared) {
	if l.Omitted > 0 {
		if got.Amount > figure.Amount {
			c.wrong("list %s names %s of %s, and its figure is %s", l.Step, what, got.Amount, figure.Amount)
		}
		return
	}
	if got.Amount != figure.Amount {
		c.wrong("list %s has %s of %s in %d lines, and its figure is %s", l.Step, what, got.Amount, got.Lines,
			figure.Amount)
	}
	if l.Step == "unbooked" && got.Lines != figure.Lines {
		c.wrong("list %s has %s of %s in %d lines, and its figure says %d lines", l.Step, what, got.Amount, got.Lines,
			figure.Lines)
	}
	exact := l.Step == "unbooked"
	if exact && got.Items != figure.Items || got.Items < figure.Items || got.Lines > 0 && figure.Items < 1 {
		c.wrong("list %s has %s for %d payments, and its figure says %d", l.Step, what, got.Items, figure.Items)
	}
}
