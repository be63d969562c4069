package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// maxStrange bounds the lines that are kept until it is known what stood in their
// place; the first of them is the one that is named.
const maxStrange = 256

// overlap compares the lines of days that were taken in before. A day is read
// when the file first has a line of it; what the file does not repeat is left.
type overlap struct {
	past Past
	days map[calendar.Day]map[identity]PastLine
	// strange are lines of the file that were not there before, in file order.
	strange []Line
	// edited is the first line that was there, and says something else now.
	edited *edit
}

// edit is one line of the file beside what stood there before.
type edit struct {
	line Line
	// field is what differs; now and then are what it says, "" where that is nobody's to read.
	field, now, then string
}

// ordinalIdentity tells equal lines of a day apart.
func ordinalIdentity(l Line) identity {
	id := identityOf(l)
	buf := binary.BigEndian.AppendUint32(id[:], uint32(l.Ordinal)) //nolint:gosec // counts lines of a file
	sum := sha256.Sum256(buf)
	return identity(sum[:16])
}

func (o *overlap) day(ctx context.Context, day calendar.Day) (map[identity]PastLine, error) {
	if left, ok := o.days[day]; ok {
		return left, nil
	}
	lines, err := o.past.DayLines(ctx, day)
	if err != nil {
		return nil, err
	}
	left := make(map[identity]PastLine, len(lines))
	for _, l := range lines {
		left[ordinalIdentity(l.Line)] = l
	}
	o.days[day] = left
	return left, nil
}

// take strikes a line of the file off against what was taken in before. What does
// not agree is told when the statement is complete: only then is it known which
// line is missing in its stead.
func (o *overlap) take(ctx context.Context, l Line) error {
	left, err := o.day(ctx, l.BookingDate)
	if err != nil {
		return err
	}
	id := ordinalIdentity(l)
	before, ok := left[id]
	if !ok {
		if len(o.strange) < maxStrange {
			o.strange = append(o.strange, l)
		}
		return nil
	}
	delete(left, id)
	if o.edited == nil {
		o.edited = editOf(l, before.Line)
	}
	return nil
}

// editOf compares lines that are equal in day, direction, amount and reference.
// Formats differ in what they carry, so what one of them lacks contradicts
// nothing, nor does a name that one of them cuts short.
func editOf(l, before Line) *edit {
	e := edit{line: l, field: "", now: "", then: ""}
	switch {
	case differ(before.EndToEndID, l.EndToEndID):
		e.field, e.now, e.then = "end-to-end id", l.EndToEndID, before.EndToEndID
	case differ(before.BatchRef, l.BatchRef):
		e.field, e.now, e.then = "batch", l.BatchRef, before.BatchRef
	case before.ValueDate != l.ValueDate && before.ValueDate != before.BookingDate && l.ValueDate != l.BookingDate:
		e.field, e.now, e.then = "value date", l.ValueDate.String(), before.ValueDate.String()
	case differ(before.CounterpartyAccount.Plain(), l.CounterpartyAccount.Plain()):
		e.field = "counterparty's account"
	case differNames(before.Counterparty.Plain(), l.Counterparty.Plain()):
		e.field = "counterparty"
	default:
		return nil
	}
	return &e
}

// differ says that two references contradict each other; formats differ in
// what they carry, so an absent one does not.
func differ(a, b string) bool { return a != "" && b != "" && a != b }

func differNames(a, b string) bool {
	a, b = strings.Join(strings.Fields(a), ""), strings.Join(strings.Fields(b), "")
	return differ(a, b) && !strings.HasPrefix(a, b) && !strings.HasPrefix(b, a)
}

// agrees refuses where a day from the first to the last says something else than
// before: with the first line of the file that does, else with the first that the
// file lacks.
func (o *overlap) agrees(ctx context.Context, from, to calendar.Day) error {
	for d := from; !d.After(to); d = d.AddDays(1) {
		if _, err := o.day(ctx, d); err != nil {
			return err
		}
	}
	if text, line := o.firstDifference(); line > 0 {
		return ErrOverlap.With("%s", text).At(line)
	}
	var first *PastLine
	for d := from; !d.After(to) && first == nil; d = d.AddDays(1) {
		for _, l := range o.days[d] {
			if first == nil || l.ID < first.ID {
				first = &l
			}
		}
	}
	if first == nil {
		return nil
	}
	return ErrOverlap.With("%s, which was taken in before (statement line %d), is missing",
		described("the", first.Line), first.ID)
}

// firstDifference tells the first line of the file that differs from what was taken
// in before, what differs and what stood there, and its number; 0 is none.
func (o *overlap) firstDifference() (string, int) {
	e := o.edited
	if len(o.strange) > 0 && (e == nil || o.strange[0].Number < e.line.Number) {
		l := o.strange[0]
		before := o.insteadOf(l)
		if before == nil {
			return fmt.Sprintf("line %d, %s, is not among the lines taken in before for that day", l.Number,
				described("a", l)), l.Number
		}
		e = majorEdit(l, before.Line)
	}
	if e == nil {
		return "", 0
	}
	said := "it is not what was taken in before"
	if e.then != "" {
		said = fmt.Sprintf("it is %s, and %s stood there when the day was taken in before", e.now, e.then)
	}
	return fmt.Sprintf("line %d, %s, differs in its %s: %s", e.line.Number, described("a", e.line), e.field, said),
		e.line.Number
}

// insteadOf returns the line taken in before whose place a strange line most likely
// took: the one with which it has most in common, or the only one left of its day.
func (o *overlap) insteadOf(l Line) *PastLine {
	var best *PastLine
	score := 0
	for _, left := range o.days {
		for _, p := range left {
			n := inCommon(l, p.Line)
			if n > score || (n == score && best != nil && p.ID < best.ID) {
				best, score = &p, n
			}
		}
	}
	if best != nil {
		return best
	}
	left := o.days[l.BookingDate]
	ofDay := slices.DeleteFunc(slices.Clone(o.strange), func(s Line) bool { return s.BookingDate != l.BookingDate })
	if len(left) == 1 && len(ofDay) == 1 {
		for _, p := range left {
			return &p
		}
	}
	return nil
}

// inCommon weighs what two lines share; 0 is too little to be the same movement.
func inCommon(a, b Line) int {
	reference := a.BankReference != "" && a.BankReference == b.BankReference
	payment := a.EndToEndID != "" && a.EndToEndID == b.EndToEndID
	amount := a.Amount == b.Amount && a.Direction == b.Direction
	if !reference && !payment && !amount {
		return 0
	}
	n := 0
	for _, c := range []struct {
		shared bool
		weight int
	}{
		{payment, 16},
		{reference, 8},
		{amount, 4},
		{a.BookingDate == b.BookingDate, 2},
		{a.Direction == b.Direction, 1},
	} {
		if c.shared {
			n += c.weight
		}
	}
	return n
}

// majorEdit names the first of the fields that make a line's identity in which two
// lines differ.
func majorEdit(l, before Line) *edit {
	e := edit{line: l, field: "order", now: "", then: ""}
	switch {
	case l.Amount != before.Amount:
		e.field, e.now, e.then = "amount", l.Amount.String(), before.Amount.String()
	case l.Direction != before.Direction:
		e.field, e.now, e.then = "direction", "a "+direction(l), "a "+direction(before)
	case l.BankReference != before.BankReference:
		e.field, e.now, e.then = "bank reference", cmp.Or(l.BankReference, "none"), cmp.Or(before.BankReference, "none")
	case l.BookingDate != before.BookingDate:
		e.field, e.now, e.then = "booking date", l.BookingDate.String(), before.BookingDate.String()
	}
	return &e
}

// described names a line without anything personal.
func described(article string, l Line) string {
	s := fmt.Sprintf("%s %s of %s on %s", article, direction(l), l.Amount, l.BookingDate)
	if l.BankReference != "" {
		s += ", reference " + l.BankReference
	}
	return s
}

func direction(l Line) string {
	if l.Direction == bank.Debit {
		return "debit"
	}
	return "credit"
}
