package intake

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// identity is what makes two lines of an account the same, but for the ordinal:
// half a SHA-256 of day, direction, amount and reference. It keeps a statement
// of a million lines small in memory, and nobody finds two lines that share one.
type identity [16]byte

func identityOf(l Line) identity {
	buf := make([]byte, 0, 128)
	buf = binary.BigEndian.AppendUint64(buf, uint64(l.Amount)) //nolint:gosec // amounts are positive
	buf = append(buf, byte(l.Direction))                       //nolint:gosec // one of three
	buf = append(buf, l.BookingDate.Compact()...)
	buf = append(buf, l.BankReference...)
	sum := sha256.Sum256(buf)
	return identity(sum[:16])
}

// ordinals counts equal lines.
type ordinals map[identity]int32

func (o ordinals) next(id identity) int {
	o[id]++
	return int(o[id])
}

// overlap compares the lines of days that were taken in before. A day is read
// when the file first has a line of it; what the file does not repeat is left.
type overlap struct {
	past Past
	days map[calendar.Day]map[identity]PastLine
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

// take strikes a line of the file off against what was taken in before.
func (o *overlap) take(ctx context.Context, l Line) error {
	left, err := o.day(ctx, l.BookingDate)
	if err != nil {
		return err
	}
	id := ordinalIdentity(l)
	before, ok := left[id]
	if !ok {
		return ErrOverlap.With("line %d, a %s of %s on %s, is not among the lines taken in before for that day",
			l.Number, direction(l), l.Amount, l.BookingDate).At(l.Number)
	}
	if differ(before.EndToEndID, l.EndToEndID) || differ(before.BatchRef, l.BatchRef) {
		return ErrOverlap.With("line %d, a %s of %s on %s, names another payment than the line taken in before",
			l.Number, direction(l), l.Amount, l.BookingDate).At(l.Number)
	}
	delete(left, id)
	return nil
}

// differ says that two references contradict each other; formats differ in
// what they carry, so an absent one does not.
func differ(a, b string) bool { return a != "" && b != "" && a != b }

// leftOver refuses where a day of the statement lacks a line taken in before.
func (o *overlap) leftOver(ctx context.Context, from, to calendar.Day) error {
	for d := from; !d.After(to); d = d.AddDays(1) {
		left, err := o.day(ctx, d)
		if err != nil {
			return err
		}
		var first *PastLine
		for _, l := range left {
			if first == nil || l.ID < first.ID {
				first = &l
			}
		}
		if first != nil {
			return ErrOverlap.With("the %s of %s on %s that was taken in before (line %d) is missing",
				direction(first.Line), first.Amount, d, first.ID)
		}
	}
	return nil
}

func direction(l Line) string {
	if l.Direction == bank.Debit {
		return "debit"
	}
	return "credit"
}
