package match_test

import (
	"fmt"
	"slices"
	"strings"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// The oracle reads the rules of the package's documentation word by word: every
// question is asked of every line, with no table, no count kept and no order but
// that of the rules. It shares nothing with the engine but the types.

type bankLine struct {
	match.StatementLine

	standing match.Standing
	within   bool
	used     bool // matched
	by       match.Rule
	broken   bool
	charge   bool
	interest bool
}

type bookSide struct {
	match.BookLine

	spent  bool // a line of the bank used it by our id
	used   bool
	broken bool
}

type oracle struct {
	rules   match.Rules
	through calendar.Day
	bank    []*bankLine
	book    []*bookSide
	// claims are the lines of the book whose id an unmatched line of the bank echoed
	// when it was last looked at how references stand.
	claims map[*bookSide]bool
	// several are the lines that had more than one equal by reference then.
	several map[*bankLine]bool
	held    map[string]bool
	out     found
}

type world struct {
	rules     match.Rules
	through   calendar.Day
	book      []match.BookLine
	statement []match.StatementLine
	standing  map[int64]match.Standing
	// batches are those that the past knows beyond the book's.
	batches map[string]bool
}

func slow(w world) found {
	o := &oracle{rules: w.rules, through: w.through}
	for _, s := range w.statement {
		l := &bankLine{StatementLine: s}
		named := func(rules []match.TextRule) bool {
			return slices.ContainsFunc(rules, func(r match.TextRule) bool {
				return r.Direction == s.Direction.String() && (r.AtMost == 0 || s.Amount <= r.AtMost) &&
					slices.ContainsFunc(r.Words, func(w string) bool { return strings.Contains(s.Text, w) })
			})
		}
		l.charge = s.EndToEndID == "" && named(w.rules.Charges)
		l.interest = s.EndToEndID == "" && !l.charge && named(w.rules.Interest)
		o.bank = append(o.bank, l)
	}
	for _, b := range w.book {
		o.book = append(o.book, &bookSide{BookLine: b})
	}
	slices.SortFunc(o.book, func(a, b *bookSide) int { return a.Key.Compare(b.Key) })
	o.bookReversals()
	o.firstLook()
	for _, s := range o.bank {
		if !s.used && (s.EndToEndID != "" || s.BankReference != "" || s.Batch != "") {
			if s.standing = w.standing[s.ID]; s.standing == match.Within {
				s.standing, s.within = match.Foreign, true
			}
		}
	}
	for o.round() {
	}
	o.breaks()
	slices.Sort(o.out.Matches)
	slices.Sort(o.out.Breaks)
	return o.out
}

// round runs the passes in their order and says whether to begin again.
func (o *oracle) round() bool {
	o.held = map[string]bool{}
	for o.references() {
	}
	n := len(o.out.Matches)
	o.returns()
	o.batches()
	o.bankReversals()
	o.stand()
	o.amounts(match.AmountDay, 0)
	if len(o.out.Matches) > n {
		return true
	}
	o.amounts(match.AmountWindow, o.rules.Days)
	o.tolerated()
	if len(o.out.Matches) > n {
		return true
	}
	o.subsets()
	return len(o.out.Matches) > n
}

func (o *oracle) on(r match.Rule) bool { return !slices.Contains(o.rules.Off, r) }

// ready says that the days after the lines are over. Lines that are found and not
// ready are kept from what comes later in the round.
func (o *oracle) ready(lines []*bankLine, book []*bookSide) bool {
	return o.readyAfter(o.rules.Days, lines, book)
}

func (o *oracle) readyAfter(days int, lines []*bankLine, book []*bookSide) bool {
	over, held := true, false
	for _, s := range lines {
		over = over && (o.through.IsZero() || !s.Booked.AddDays(days).After(o.through))
		held = held || o.held[s.Booked.String()+fmt.Sprint(s.ID)]
	}
	for _, b := range book {
		over = over && (o.through.IsZero() || !b.Booked.AddDays(days).After(o.through))
		held = held || o.held[fmt.Sprint(b.Key)]
	}
	for _, s := range lines {
		o.held[s.Booked.String()+fmt.Sprint(s.ID)] = !over || o.held[s.Booked.String()+fmt.Sprint(s.ID)]
	}
	for _, b := range book {
		o.held[fmt.Sprint(b.Key)] = !over || o.held[fmt.Sprint(b.Key)]
	}
	return over && !held
}

func (o *oracle) take(rule match.Rule, lines []*bankLine, book []*bookSide) {
	x := match.Match{Rule: rule}
	var d money.Amount
	for _, s := range lines {
		s.used, s.by = true, rule
		x.Statement = append(x.Statement, s.ID)
		d += s.Signed()
	}
	for _, b := range book {
		b.used = true
		x.Book = append(x.Book, b.Key)
		d -= b.Signed()
	}
	slices.Sort(x.Statement)
	o.out.Matches = append(o.out.Matches, fmt.Sprintf("%s %s %v %v%s", rule, x.Kind(), x.Statement, sorted(x.Book),
		differs(d)))
}

func differs(d money.Amount) string {
	if d == 0 {
		return ""
	}
	return fmt.Sprintf(" %d", d)
}

func (o *oracle) breakUp(reason match.Reason, lines []*bankLine, book []*bookSide) {
	var ids []int64
	var keys []match.Key
	var sum money.Amount
	for _, s := range lines {
		s.broken = true
		ids = append(ids, s.ID)
		sum += s.Signed()
	}
	for _, b := range book {
		b.broken = true
		keys = append(keys, b.Key)
		sum -= b.Signed()
	}
	if len(lines) == 0 {
		sum = -sum
	}
	direction := bankDirection(sum)
	if sum < 0 {
		sum = -sum
	}
	slices.Sort(ids)
	o.out.Breaks = append(o.out.Breaks, fmt.Sprintf("%d %s %v %v %s %s",
		reason.Class(), reason, ids, sorted(keys), direction, sum))
}

func bankDirection(sum money.Amount) bank.Direction {
	if sum < 0 {
		return bank.Debit
	}
	return bank.Credit
}

func (s *bankLine) open() bool { return !s.used && !s.broken }
func (b *bookSide) open() bool { return !b.used && !b.broken }

func (o *oracle) openBank(ok func(*bankLine) bool) (out []*bankLine) {
	for _, s := range o.bank {
		if s.open() && ok(s) {
			out = append(out, s)
		}
	}
	return out
}

func (o *oracle) openBook(ok func(*bookSide) bool) (out []*bookSide) {
	for _, b := range o.book {
		if b.open() && ok(b) {
			out = append(out, b)
		}
	}
	return out
}

func (o *oracle) bookReversals() {
	if !o.on(match.BookReversal) {
		return
	}
	for _, a := range o.book {
		// The last line that mirrors it counts.
		var mirror *bookSide
		for _, b := range o.book {
			if b.Reverses == a.Key.Entry && b.Reverses != 0 && b.Key.Line == a.Key.Line {
				mirror = b
			}
		}
		if mirror != nil && mirror.Amount == a.Amount && mirror.Direction != a.Direction && a.open() && mirror.open() {
			o.take(match.BookReversal, nil, []*bookSide{a, mirror})
		}
	}
}

// same says that both carry one reference: our id that the bank echoes, or the
// bank's own. A line that names another item is none whose id the bank was given.
func same(s *bankLine, b *bookSide, echo bool) bool {
	if s.Direction != b.Direction {
		return false
	}
	if echo {
		return s.EndToEndID != "" && s.EndToEndID == b.Reference
	}
	return s.BankReference != "" && s.BankReference == b.BankReference && (!b.Own || s.EndToEndID == "")
}

func (s *bankLine) echoes() bool { return s.EndToEndID != "" && s.standing != match.Foreign }

func ruleOf(echo bool) match.Rule {
	if echo {
		return match.Reference
	}
	return match.BankReference
}

func (o *oracle) equals(s *bankLine, echo bool) []*bookSide {
	return o.openBook(func(b *bookSide) bool { return same(s, b, echo) && b.Amount == s.Amount })
}

func (o *oracle) byReference(s *bankLine, echo bool) {
	e := o.equals(s, echo)
	if len(e) != 1 || !o.on(ruleOf(echo)) {
		return
	}
	o.take(ruleOf(echo), []*bankLine{s}, e)
	e[0].spent = e[0].spent || echo
}

func (o *oracle) firstLook() {
	for _, s := range o.bank {
		o.byReference(s, s.EndToEndID != "")
	}
}

// stand says how the references of what is open stand by now.
func (o *oracle) stand() {
	o.claims = map[*bookSide]bool{}
	for _, s := range o.bank {
		for _, b := range o.book {
			if !s.open() {
				continue
			}
			if same(s, b, true) {
				o.claims[b] = true
				s.standing = max(s.standing, match.Ours)
				if b.spent {
					s.standing = match.Consumed
				}
			}
		}
		if s.open() && s.EndToEndID == "" && slices.ContainsFunc(o.bank, func(t *bankLine) bool { return o.repeats(s, t) }) {
			s.standing = match.Consumed
		}
	}
}

// repeats says that the line without an id is a second one of a matched line: it
// carries its bank's reference, or it is a second lump of a batch without open lines.
func (o *oracle) repeats(s, matched *bankLine) bool {
	if !matched.used || matched.Amount != s.Amount || matched.Direction != s.Direction {
		return false
	}
	if s.BankReference != "" && s.BankReference == matched.BankReference {
		switch matched.by {
		case match.Reference, match.SharedReference, match.BankReference, match.SharedBankReference, match.AmountDay,
			match.AmountWindow, match.Interest:
			return true
		}
	}
	return s.Batch != "" && s.Batch == matched.Batch && matched.EndToEndID == "" && matched.by != match.BankReversal &&
		s.standing != match.Forbidden && !s.within && len(o.batchBook(s.Batch, s.Direction)) == 0
}

// ofOurBatch says that the line names a batch that the book has ever held.
func (o *oracle) ofOurBatch(s *bankLine) bool {
	return s.Batch != "" && slices.ContainsFunc(o.book, func(b *bookSide) bool { return b.Batch == s.Batch })
}

// references looks at every line again, and at equal lines together; it says
// whether it found any.
func (o *oracle) references() bool {
	n := len(o.out.Matches)
	o.stand()
	several := map[*bankLine]bool{}
	o.several = several
	for _, s := range o.bank {
		if !s.open() {
			continue
		}
		several[s] = len(o.equals(s, s.echoes())) > 1 && o.on(ruleOf(s.echoes()))
		o.byReference(s, s.echoes())
	}
	for _, s := range o.bank {
		if !s.open() || !several[s] {
			continue
		}
		e, twins := o.equals(s, s.echoes()), o.twins(s, several)
		if len(e) == 0 || len(e) != len(twins) {
			continue
		}
		rule := match.SharedBankReference
		switch {
		case len(e) == 1:
			rule = ruleOf(s.echoes())
		case s.echoes():
			rule = match.SharedReference
		}
		if !o.on(rule) {
			continue
		}
		o.take(rule, twins, e)
		for _, t := range twins {
			for _, b := range e {
				b.spent = b.spent || t.echoes()
			}
		}
	}
	return len(o.out.Matches) > n
}

// twins are the open lines that are the line's equals by reference.
func (o *oracle) twins(s *bankLine, several map[*bankLine]bool) []*bankLine {
	return o.openBank(func(t *bankLine) bool {
		if !several[t] || t.echoes() != s.echoes() || t.Amount != s.Amount || t.Direction != s.Direction {
			return false
		}
		if s.echoes() {
			return t.EndToEndID == s.EndToEndID
		}
		return t.BankReference == s.BankReference && (t.EndToEndID == "") == (s.EndToEndID == "")
	})
}

func (o *oracle) returns() {
	if !o.on(match.ReturnReference) {
		return
	}
	gives := map[*bookSide][]*bankLine{}
	takes := map[*bankLine][]*bookSide{}
	for _, s := range o.bank {
		for _, b := range o.book {
			if s.open() && b.open() && b.Returns != "" && b.Returns == s.BankReference && !s.echoes() &&
				s.standing != match.Consumed && !o.claims[b] && s.Amount == b.Amount && s.Direction == b.Direction {
				gives[b] = append(gives[b], s)
				takes[s] = append(takes[s], b)
			}
		}
	}
	for _, s := range o.bank {
		if len(takes[s]) == 1 && len(gives[takes[s][0]]) == 1 {
			o.take(match.ReturnReference, []*bankLine{s}, takes[s])
		}
	}
}

// inBatch says that the line may belong to a batch.
func (s *bankLine) inBatch() bool {
	return s.Batch != "" && !s.charge && s.standing != match.Forbidden && s.standing != match.Consumed
}

func (o *oracle) batches() {
	var names []string
	for _, s := range o.bank {
		if !slices.Contains(names, s.Batch) && s.Batch != "" {
			names = append(names, s.Batch)
		}
	}
	both := []bank.Direction{bank.Credit, bank.Debit}
	for _, batch := range names {
		for _, d := range both {
			o.lumps(batch, d)
		}
		o.net(batch)
		for _, d := range both {
			o.branches(batch, d)
		}
		for _, d := range both {
			o.items(batch, d)
		}
	}
}

func (o *oracle) lumpsOf(batch string, d bank.Direction) []*bankLine {
	return o.openBank(func(s *bankLine) bool {
		return s.inBatch() && s.Batch == batch && s.Direction == d && s.EndToEndID == ""
	})
}

func (o *oracle) batchBook(batch string, d bank.Direction) []*bookSide {
	return o.openBook(func(b *bookSide) bool { return b.Batch == batch && b.Direction == d })
}

func sumBank(lines []*bankLine) (sum money.Amount) {
	for _, l := range lines {
		sum += l.Amount
	}
	return sum
}

func sumBook(lines []*bookSide) (sum money.Amount) {
	for _, l := range lines {
		sum += l.Amount
	}
	return sum
}

// partsOf are the sets of one entry, one cause or one value day, each set once.
func partsOf(book []*bookSide) (out [][]*bookSide) {
	for _, alike := range []func(a, b *bookSide) bool{
		func(a, b *bookSide) bool { return a.Key.Entry == b.Key.Entry },
		func(a, b *bookSide) bool { return a.Cause == b.Cause },
		func(a, b *bookSide) bool { return a.Value == b.Value },
	} {
		for _, first := range book {
			var set []*bookSide
			for _, b := range book {
				if alike(first, b) {
					set = append(set, b)
				}
			}
			if !slices.ContainsFunc(out, func(o []*bookSide) bool { return slices.Equal(o, set) }) {
				out = append(out, set)
			}
		}
	}
	return out
}

func allOpen(set []*bookSide) bool {
	return !slices.ContainsFunc(set, func(b *bookSide) bool { return !b.open() })
}

func shareALine(sets [][]*bookSide) bool {
	for i, a := range sets {
		for _, b := range sets[i+1:] {
			if slices.ContainsFunc(a, func(x *bookSide) bool { return slices.Contains(b, x) }) {
				return true
			}
		}
	}
	return false
}

func oneDay(set []*bookSide, day calendar.Day) bool {
	return !slices.ContainsFunc(set, func(b *bookSide) bool { return b.Value != day })
}

func (o *oracle) lumps(batch string, d bank.Direction) {
	if len(o.lumpsOf(batch, d)) == 0 || len(o.batchBook(batch, d)) == 0 {
		return
	}
	parts := partsOf(o.batchBook(batch, d))
	for o.lumpsOnce(batch, d, parts) {
	}
	lumps, book := o.lumpsOf(batch, d), o.batchBook(batch, d)
	if len(lumps) == 0 || len(book) == 0 || !o.on(match.BatchTotal) {
		return
	}
	switch off := sumBank(lumps) - sumBook(book); {
	case off == 0:
		o.take(match.BatchTotal, lumps, book)
	case max(off, -off) <= o.rules.Tolerance && o.ready(lumps, book):
		o.take(match.BatchTotal, lumps, book)
	}
}

func (o *oracle) lumpsOnce(batch string, d bank.Direction, parts [][]*bookSide) bool {
	found := false
	var amounts []money.Amount
	for _, l := range o.lumpsOf(batch, d) {
		if !slices.Contains(amounts, l.Amount) {
			amounts = append(amounts, l.Amount)
		}
	}
	for _, a := range amounts {
		var lumps []*bankLine
		for _, l := range o.lumpsOf(batch, d) {
			if l.Amount == a {
				lumps = append(lumps, l)
			}
		}
		if all := o.batchBook(batch, d); sumBook(all) == a && len(all) > 0 && o.on(match.BatchTotal) {
			o.take(match.BatchTotal, lumps[:1], all)
			return true
		}
		var equal [][]*bookSide
		for _, p := range parts {
			if allOpen(p) && sumBook(p) == a {
				equal = append(equal, p)
			}
		}
		if !o.on(match.BatchPart) || shareALine(equal) {
			continue
		}
		for n, l := range lumps {
			choice := equal
			if len(lumps) >= len(equal) {
				choice = equal[min(n, len(equal)):min(n+1, len(equal))]
			} else {
				choice = slices.DeleteFunc(slices.Clone(choice), func(p []*bookSide) bool {
					return !allOpen(p) || !oneDay(p, l.Value)
				})
			}
			if len(choice) == 1 {
				o.take(match.BatchPart, []*bankLine{l}, choice[0])
				found = true
			}
		}
	}
	return found
}

func (o *oracle) net(batch string) {
	in, out := o.batchBook(batch, bank.Credit), o.batchBook(batch, bank.Debit)
	lines := o.openBank(func(s *bankLine) bool { return s.inBatch() && s.Batch == batch })
	if len(lines) != 1 || lines[0].EndToEndID != "" || len(in) == 0 || len(out) == 0 || !o.on(match.BatchNet) {
		return
	}
	all := slices.Concat(in, out)
	if lines[0].Signed() == sumBook(in)-sumBook(out) && o.ready(lines, all) {
		o.take(match.BatchNet, lines, all)
	}
}

func (o *oracle) branches(batch string, d bank.Direction) {
	if !o.on(match.BatchBranches) {
		return
	}
	any := func(*bankLine, *bookSide) bool { return true }
	for _, x := range lonely(sumsOf(o.lumpsOf(batch, d), o.batchBook(batch, d), any)) {
		if len(x.bank) == 1 && o.ready(x.bank, x.book) {
			o.take(match.BatchBranches, x.bank, x.book)
		}
	}
}

func (o *oracle) items(batch string, d bank.Direction) {
	lines := o.openBank(func(s *bankLine) bool { return s.inBatch() && s.Batch == batch && s.Direction == d })
	book := o.batchBook(batch, d)
	if len(book) == 0 || len(o.lumpsOf(batch, d)) == len(lines) || !o.on(match.BatchItems) {
		return
	}
	if slices.ContainsFunc(book, func(b *bookSide) bool { return b.Own || o.claims[b] }) {
		return
	}
	if sumBank(lines) == sumBook(book) {
		o.take(match.BatchItems, lines, book)
	}
}

func (o *oracle) mayBeCorrected(s *bankLine) bool {
	if !s.open() || s.Reversal {
		return false
	}
	if s.EndToEndID == "" && s.Batch != "" && len(o.batchBook(s.Batch, s.Direction)) > 0 {
		return false
	}
	if days, runs := o.amountDays(); runs {
		all := o.candidates(days)
		if slices.ContainsFunc(all, func(p both) bool {
			return p.s == s && count(all, func(x both) bool { return x.b == p.b }) == 1
		}) {
			return false
		}
	}
	if s.standing != match.Ours {
		return true
	}
	known := slices.ContainsFunc(o.book, func(b *bookSide) bool { return b.open() && same(s, b, true) })
	return known && len(o.equals(s, true)) == 0
}

// tiedBy says that a correction and a line carry one reference of the sort.
func tiedBy(a, b *bankLine, sort int) bool {
	if a.Amount != b.Amount || a.Direction == b.Direction {
		return false
	}
	switch sort {
	case 0:
		return a.EndToEndID != "" && a.EndToEndID == b.EndToEndID
	case 1:
		return (a.EndToEndID == "" || b.EndToEndID == "") && a.BankReference != "" && a.BankReference == b.BankReference
	}
	return a.EndToEndID+b.EndToEndID == "" && a.Batch != "" && a.Batch == b.Batch
}

type correction struct{ line, reversal *bankLine }

// correctionsOf returns who is paired by reference, and then who may be whose.
func (o *oracle) correctionsOf() (pairs, may []correction) {
	taken := map[*bankLine]bool{}
	could := map[*bankLine]bool{}
	for _, s := range o.bank {
		could[s] = o.mayBeCorrected(s)
	}
	for sort := range 3 {
		for i, s := range o.bank {
			if taken[s] || !s.open() || (!s.Reversal && !could[s]) {
				continue
			}
			var partner *bankLine
			for _, t := range o.bank[:i] {
				if taken[t] || !t.open() || t.Reversal == s.Reversal || (!t.Reversal && !could[t]) || !tiedBy(s, t, sort) {
					continue
				}
				// A correction takes the nearest line before it, a line the first correction.
				if s.Reversal || partner == nil {
					partner = t
				}
			}
			if partner == nil {
				continue
			}
			taken[s], taken[partner] = true, true
			if s.Reversal {
				pairs = append(pairs, correction{partner, s})
			} else {
				pairs = append(pairs, correction{s, partner})
			}
		}
	}
	for _, r := range o.bank {
		for _, s := range o.bank {
			if r.Reversal && r.open() && !taken[r] && could[s] && !taken[s] && s.Amount == r.Amount &&
				s.Direction != r.Direction && distance(s.Booked, r.Booked) <= o.rules.Days &&
				r.EndToEndID+r.BankReference+r.Batch == "" &&
				onePerson(s.Counterparty, s.CounterpartyAccount, r.Counterparty, r.CounterpartyAccount) {
				may = append(may, correction{s, r})
			}
		}
	}
	return pairs, may
}

func distance(a, b calendar.Day) int {
	d := a.DaysUntil(b)
	return max(d, -d)
}

// onePerson says that an account that both know is equal, or else a name.
func onePerson(name, account, otherName, otherAccount string) bool {
	if account != "" && otherAccount != "" {
		return account == otherAccount
	}
	return name == "" || otherName == "" || name == otherName
}

func (o *oracle) bankReversals() {
	if !o.on(match.BankReversal) {
		return
	}
	pairs, may := o.correctionsOf()
	for _, c := range may {
		if count(may, func(x correction) bool { return x.line == c.line || x.reversal == c.reversal }) == 1 {
			pairs = append(pairs, c)
		}
	}
	for _, c := range pairs {
		if o.ready([]*bankLine{c.line, c.reversal}, nil) {
			o.take(match.BankReversal, []*bankLine{c.line, c.reversal}, nil)
		}
	}
}

func count[T any](of []T, ok func(T) bool) (n int) {
	for _, x := range of {
		if ok(x) {
			n++
		}
	}
	return n
}

// could says that the two may be one movement by amount, day and counterparty.
func (o *oracle) could(s *bankLine, b *bookSide, days int) bool {
	return s.open() && b.open() && !s.charge && s.standing == match.Foreign && !o.claims[b] &&
		!o.ofOurBatch(s) && s.Amount == b.Amount && s.Direction == b.Direction && distance(s.Value, b.Value) <= days &&
		contradictNot(s, b) && onePerson(s.Counterparty, s.CounterpartyAccount, b.Counterparty, b.CounterpartyAccount)
}

func contradictNot(s *bankLine, b *bookSide) bool {
	return ((s.EndToEndID == "" && s.Batch == "") || (!b.Own && b.Batch == "")) && (!s.interest || !b.Own) &&
		(s.BankReference == "" || b.BankReference == "")
}

type both struct {
	s *bankLine
	b *bookSide
}

func (o *oracle) candidates(days int) (out []both) {
	for _, s := range o.bank {
		for _, b := range o.book {
			if o.could(s, b, days) {
				out = append(out, both{s, b})
			}
		}
	}
	return out
}

func (o *oracle) amounts(rule match.Rule, days int) {
	all := o.candidates(days)
	for _, p := range all {
		if count(all, func(x both) bool { return x.s == p.s || x.b == p.b }) != 1 {
			continue
		}
		by := rule
		if rule == match.AmountWindow && p.s.interest && o.on(match.Interest) {
			by = match.Interest
		}
		if o.on(by) && o.readyAfter(days, []*bankLine{p.s}, []*bookSide{p.b}) {
			o.take(by, []*bankLine{p.s}, []*bookSide{p.b})
		}
	}
}

func (o *oracle) tolerated() {
	if o.rules.Tolerance == 0 {
		return
	}
	var named []both
	for _, s := range o.openBank(func(s *bankLine) bool {
		return !s.charge && s.standing != match.Consumed && o.on(ruleOf(s.echoes()))
	}) {
		if c := o.openBook(func(b *bookSide) bool { return same(s, b, s.echoes()) }); len(c) == 1 {
			named = append(named, both{s, c[0]})
		}
	}
	for _, p := range named {
		d := p.s.Amount - p.b.Amount
		if count(named, func(x both) bool { return x.b == p.b }) == 1 && max(d, -d) <= o.rules.Tolerance &&
			o.ready([]*bankLine{p.s}, []*bookSide{p.b}) {
			o.take(ruleOf(p.s.echoes()), []*bankLine{p.s}, []*bookSide{p.b})
			p.b.spent = p.b.spent || p.s.echoes()
		}
	}
}

type sumOf struct {
	bank []*bankLine
	book []*bookSide
}

// sumsOf returns every way in which a line is the sum of some of the other side's.
func sumsOf(lines []*bankLine, book []*bookSide, fit func(*bankLine, *bookSide) bool) (out []sumOf) {
	if len(lines) > 12 || len(book) > 12 {
		return nil
	}
	for _, s := range lines {
		var choose func(from int, chosen []*bookSide, left money.Amount)
		choose = func(from int, chosen []*bookSide, left money.Amount) {
			if left == 0 && len(chosen) > 0 {
				out = append(out, sumOf{[]*bankLine{s}, slices.Clone(chosen)})
			}
			for i := from; i < len(book); i++ {
				if fit(s, book[i]) && book[i].Amount <= left {
					choose(i+1, append(chosen, book[i]), left-book[i].Amount)
				}
			}
		}
		choose(0, nil, s.Amount)
	}
	for _, b := range book {
		var choose func(from int, chosen []*bankLine, left money.Amount)
		choose = func(from int, chosen []*bankLine, left money.Amount) {
			if left == 0 && len(chosen) > 1 {
				out = append(out, sumOf{slices.Clone(chosen), []*bookSide{b}})
			}
			for i := from; i < len(lines); i++ {
				if fit(lines[i], b) && lines[i].Amount <= left {
					choose(i+1, append(chosen, lines[i]), left-lines[i].Amount)
				}
			}
		}
		choose(0, nil, b.Amount)
	}
	return out
}

// lonely are the sums of several lines that share none with any other sum.
func lonely(all []sumOf) (out []sumOf) {
	for _, x := range all {
		shares := count(all, func(y sumOf) bool {
			return slices.ContainsFunc(y.bank, func(s *bankLine) bool { return slices.Contains(x.bank, s) }) ||
				slices.ContainsFunc(y.book, func(b *bookSide) bool { return slices.Contains(x.book, b) })
		})
		if shares == 1 && len(x.bank)+len(x.book) > 2 {
			out = append(out, x)
		}
	}
	return out
}

// crowdsOf calls fn with the small groups that one fact ties together.
func (o *oracle) crowdsOf(sort int, fn func([]*bankLine, []*bookSide, func(*bankLine, *bookSide) bool)) {
	ofBank := func(s *bankLine) string {
		switch {
		case s.charge || s.standing == match.Consumed || s.standing == match.Forbidden:
			return ""
		case sort == 0:
			return s.EndToEndID
		case sort == 1 && !s.echoes():
			return s.BankReference
		case sort == 2 && s.standing == match.Foreign && !o.ofOurBatch(s):
			return s.CounterpartyAccount
		case sort == 3 && s.standing == match.Foreign && !o.ofOurBatch(s):
			return s.Counterparty
		}
		return ""
	}
	ofBook := func(b *bookSide) string {
		switch {
		case sort == 0:
			return b.Reference
		case sort == 1:
			return b.BankReference
		case sort == 2 && !o.claims[b]:
			return b.CounterpartyAccount
		case sort == 3 && !o.claims[b]:
			return b.Counterparty
		}
		return ""
	}
	fit := func(s *bankLine, b *bookSide) bool {
		switch sort {
		case 0:
			return true
		case 1:
			return s.EndToEndID == "" || !b.Own
		}
		return contradictNot(s, b) && distance(s.Value, b.Value) <= o.rules.Days &&
			onePerson(s.Counterparty, s.CounterpartyAccount, b.Counterparty, b.CounterpartyAccount)
	}
	type tie struct {
		text string
		d    bank.Direction
	}
	var seen []tie
	for _, first := range o.openBank(func(s *bankLine) bool { return ofBank(s) != "" }) {
		t := tie{ofBank(first), first.Direction}
		if slices.Contains(seen, t) {
			continue
		}
		seen = append(seen, t)
		lines := o.openBank(func(s *bankLine) bool { return ofBank(s) == t.text && s.Direction == t.d })
		book := o.openBook(func(b *bookSide) bool { return ofBook(b) == t.text && b.Direction == t.d })
		if len(book) == 0 || len(lines)+len(book) < 3 {
			continue
		}
		if sort < 2 {
			fn(lines, book, fit)
			continue
		}
		// Day by day: a gap of more than the days that are allowed begins a new group.
		var days []calendar.Day
		for _, s := range lines {
			days = append(days, s.Value)
		}
		for _, b := range book {
			days = append(days, b.Value)
		}
		slices.SortFunc(days, calendar.Day.Compare)
		from := days[0]
		for i, d := range days {
			if i+1 < len(days) && distance(d, days[i+1]) <= o.rules.Days {
				continue
			}
			within := func(v calendar.Day) bool { return !v.Before(from) && !v.After(d) }
			var someBank []*bankLine
			var someBook []*bookSide
			for _, s := range lines {
				if within(s.Value) {
					someBank = append(someBank, s)
				}
			}
			for _, b := range book {
				if within(b.Value) {
					someBook = append(someBook, b)
				}
			}
			fn(someBank, someBook, fit)
			if i+1 < len(days) {
				from = days[i+1]
			}
		}
	}
}

func (o *oracle) subsets() {
	if !o.on(match.SubsetSum) {
		return
	}
	for sort := range 4 {
		o.crowdsOf(sort, func(lines []*bankLine, book []*bookSide, fit func(*bankLine, *bookSide) bool) {
			for _, x := range lonely(sumsOf(lines, book, fit)) {
				if o.ready(x.bank, x.book) {
					o.take(match.SubsetSum, x.bank, x.book)
				}
			}
		})
	}
}

// breaks puts what is left into one break each, the plainest reason first.
func (o *oracle) breaks() {
	all := func(*bankLine) bool { return true }
	for _, s := range o.openBank(func(s *bankLine) bool { return o.several[s] }) {
		if e := o.equals(s, s.echoes()); s.open() && len(e) > 0 {
			o.breakUp(match.Ambiguous, o.twins(s, o.several), e)
		}
	}
	for _, s := range o.openBank(all) {
		switch {
		case s.charge:
			o.breakUp(match.BankCharge, []*bankLine{s}, nil)
		case s.standing == match.Consumed && !s.Reversal:
			o.breakUp(match.DuplicateBankLine, []*bankLine{s}, nil)
		}
	}
	o.subsetBreaks()
	for _, s := range o.openBank(func(s *bankLine) bool { return s.standing != match.Consumed }) {
		rivals := o.openBook(func(b *bookSide) bool { return same(s, b, true) })
		if len(rivals) == 0 && (s.EndToEndID == "" || s.standing == match.Foreign) {
			rivals = o.openBook(func(b *bookSide) bool { return same(s, b, false) })
		}
		if len(rivals) > 0 {
			o.breakUp(match.AmountDiffers, []*bankLine{s}, rivals[:1])
		}
	}
	o.batchBreaks()
	o.reversalBreaks()
	o.amountBreaks()
	for _, s := range o.openBank(all) {
		if s.interest {
			o.breakUp(match.BankInterest, []*bankLine{s}, nil)
			continue
		}
		o.breakUp(match.AbsentInBook, []*bankLine{s}, nil)
	}
	for _, b := range o.openBook(func(*bookSide) bool { return true }) {
		o.breakUp(match.AbsentInBank, nil, []*bookSide{b})
	}
}

func (o *oracle) subsetBreaks() {
	if !o.on(match.SubsetSum) {
		return
	}
	for sort := range 4 {
		o.crowdsOf(sort, func(lines []*bankLine, book []*bookSide, fit func(*bankLine, *bookSide) bool) {
			every := sumsOf(lines, book, fit)
			var named sumOf
			several := 0
			for _, x := range every {
				if len(x.bank)+len(x.book) > 2 {
					several++
					named.bank, named.book = append(named.bank, x.bank...), append(named.book, x.book...)
				}
			}
			if several == 0 {
				return
			}
			reason := match.Ambiguous
			if len(lonely(every)) == several {
				reason = match.Waiting
			}
			o.breakUp(reason, once1(named.bank), once1(named.book))
		})
	}
}

func once1[T comparable](of []T) (out []T) {
	for _, x := range of {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

func (o *oracle) batchBreaks() {
	for _, s := range o.bank {
		if s.inBatch() {
			for o.batchBreak(s.Batch, s.Direction) {
			}
		}
	}
}

func (o *oracle) batchBreak(batch string, d bank.Direction) bool {
	lumps, book := o.lumpsOf(batch, d), o.batchBook(batch, d)
	if len(lumps) == 0 || len(book) == 0 {
		return false
	}
	var unsure []*bankLine
	var candidates []*bookSide
	for _, l := range lumps {
		for _, p := range partsOf(book) {
			if sumBook(p) == l.Amount {
				unsure, candidates = append(unsure, l), append(candidates, p...)
			}
		}
	}
	if len(unsure) > 0 {
		o.breakUp(match.Ambiguous, once1(unsure), once1(candidates))
	} else {
		o.breakUp(match.AmountDiffers, lumps, book)
	}
	return true
}

func (o *oracle) reversalBreaks() {
	if !o.on(match.BankReversal) {
		return
	}
	pairs, may := o.correctionsOf()
	for _, c := range pairs {
		o.breakUp(match.Waiting, []*bankLine{c.line, c.reversal}, nil)
	}
	for _, c := range may {
		if !c.reversal.open() {
			continue
		}
		set := []*bankLine{c.line, c.reversal}
		for grown := true; grown; {
			grown = false
			for _, x := range may {
				if slices.Contains(set, x.line) != slices.Contains(set, x.reversal) {
					set = once1(append(set, x.line, x.reversal))
					grown = true
				}
			}
		}
		reason := match.Ambiguous
		if len(set) == 2 {
			reason = match.Waiting
		}
		o.breakUp(reason, set, nil)
	}
}

// amountDays is how far apart in days the rules of amount look, if any is on.
func (o *oracle) amountDays() (days int, runs bool) {
	if o.on(match.AmountWindow) {
		return o.rules.Days, true
	}
	return 0, o.on(match.AmountDay)
}

func (o *oracle) amountBreaks() {
	days, runs := o.amountDays()
	if !runs {
		return
	}
	pairs := o.candidates(days)
	near := func(a, b match.Movement) bool {
		return a.Amount == b.Amount && a.Direction == b.Direction && distance(a.Value, b.Value) <= days
	}
	for _, p := range pairs {
		if !p.s.open() {
			continue
		}
		lines, book := []*bankLine{p.s}, []*bookSide{p.b}
		for grown := true; grown; {
			n := len(lines) + len(book)
			var all []match.Movement
			for _, l := range lines {
				all = append(all, l.Movement)
			}
			for _, b := range book {
				all = append(all, b.Movement)
			}
			for _, x := range pairs {
				if slices.ContainsFunc(all, func(a match.Movement) bool { return near(a, x.s.Movement) }) {
					lines = once1(append(lines, x.s))
				}
				if slices.ContainsFunc(all, func(a match.Movement) bool { return near(a, x.b.Movement) }) {
					book = once1(append(book, x.b))
				}
			}
			grown = len(lines)+len(book) > n
		}
		reason := match.Ambiguous
		if len(lines) == 1 && len(book) == 1 {
			reason = match.Waiting
		}
		o.breakUp(reason, lines, book)
	}
}
