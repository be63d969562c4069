package mt940

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// widthType is how many characters a transaction type has.
const widthType = 4

// line61 is one :61: as it stands.
type line61 struct {
	valueDate, bookingDate calendar.Day
	// badDate says that one of the dates does not exist.
	badDate   bool
	direction bank.Direction
	reversal  bool
	expected  bool
	amount    bank.Figure
	// noComma says that the amount is written without the comma that SWIFT demands.
	noComma   bool
	reference string
	bank      string
	more      string
}

// parse61 reads a statement line: its first line by position, and what follows it
// as the supplementary details. Where texts is false it leaves out everything
// behind the amount.
func parse61(body []byte, texts bool) (line61, error) {
	var l line61 //nolint:exhaustruct // filled step by step
	if len(body) < 7 || !allDigits(body[:6]) {
		return l, ErrField.With("a statement line must begin with a date of six digits").On(":61:")
	}
	rest, dates := body[6:], body[:6]
	var entryDate []byte
	if len(rest) >= 4 && (allDigits(rest[:4]) || string(rest[:4]) == "    ") {
		entryDate, rest = rest[:4], rest[4:]
	}
	rest = l.mark(trimBlanks(rest))
	if l.direction == bank.NoDirection {
		return l, ErrField.With("the mark must be one of C, D, RC, RD, EC, ED").On(":61:")
	}
	l.dates(dates, entryDate)
	// The letter behind the mark is the third of the currency.
	if len(rest) > 0 && isCapital(rest[0]) {
		rest = rest[1:]
	}
	// Some systems break the line before the amount.
	rest = trimBlanks(rest)
	if len(rest) > 0 && rest[0] == '\n' {
		rest = trimBlanks(rest[1:])
	}
	n := 0
	for n < len(rest) && (isDigit(rest[n]) || rest[n] == ',' || rest[n] == '.') {
		n++
	}
	var err error
	// The type behind an amount shows that it is whole, even without its comma.
	l.noComma = bytes.IndexByte(rest[:n], ',') < 0
	if l.noComma {
		l.amount, err = wholeFigure(rest[:n])
	} else {
		l.amount, err = figure(rest[:n])
	}
	if err != nil {
		return l, ErrAmount.On(":61:")
	}
	rest = trimBlanks(rest[n:])
	if !hasType(rest) {
		return l, ErrField.With("a transaction type, N, F or S and three characters, must follow the amount").On(":61:")
	}
	if texts {
		l.references(string(rest))
	}
	return l, nil
}

// hasType says that what stands behind an amount begins with a transaction type. A
// line without one was cut, and so may its amount be.
func hasType(rest []byte) bool {
	rest, _, _ = bytes.Cut(rest, []byte("\n"))
	return len(rest) > 0 && bytes.IndexByte([]byte("NFS"), rest[0]) >= 0 && utf8.RuneCount(rest) >= widthType
}

// mark takes the direction off the line. A reversal turns it: what takes back a
// credit is a debit.
func (l *line61) mark(rest []byte) []byte {
	if len(rest) > 1 && (rest[0] == 'R' || rest[0] == 'E') && (rest[1] == 'C' || rest[1] == 'D') {
		l.reversal, l.expected = rest[0] == 'R', rest[0] == 'E'
		rest = rest[1:]
	}
	if len(rest) == 0 || rest[0] != 'C' && rest[0] != 'D' {
		return rest
	}
	l.direction = bank.Debit
	if (rest[0] == 'C') != l.reversal {
		l.direction = bank.Credit
	}
	return rest[1:]
}

// dates sets both dates; the entry date takes the year that brings it nearest to
// the value date.
func (l *line61) dates(value, entry []byte) {
	var ok bool
	if l.valueDate, ok = shortDate(value); !ok {
		l.badDate = true
	}
	if len(entry) == 0 || entry[0] == ' ' {
		return
	}
	year := century(value)
	found := false
	for _, y := range []int{year, year - 1, year + 1} {
		d, err := calendar.Date(y, two(entry), two(entry[2:]))
		if err != nil {
			continue
		}
		if !found || !l.valueDate.IsZero() && apart(d, l.valueDate) < apart(l.bookingDate, l.valueDate) {
			l.bookingDate, found = d, true
		}
		if near := two(entry) - two(value[2:]); y == year && near > -5 && near < 5 {
			break // another year would be farther away
		}
	}
	if !found {
		l.badDate = true
	}
}

func apart(a, b calendar.Day) int {
	n := a.DaysUntil(b)
	return max(n, -n)
}

// references reads what stands behind the amount: the type (a letter and three
// characters), the customer's reference, // and the bank's.
func (l *line61) references(rest string) {
	rest, l.more, _ = strings.Cut(rest, "\n")
	for range widthType {
		_, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
	}
	l.reference, l.bank, _ = strings.Cut(rest, "//")
	// A reference filled up to its 16 places has the counterparty behind it.
	if len(l.reference) > 16 && l.reference[15] == ' ' {
		l.more = strings.TrimSpace(l.reference[16:]) + "\n" + l.more
		l.reference = l.reference[:16]
	}
	l.reference = reference(l.reference)
	l.bank = reference(l.bank)
	l.more = joinLines(l.more)
}

// reference returns a reference, or nothing where the words say that there is none
// or that it stands in :86:.
func reference(s string) string {
	s = strings.TrimSpace(s)
	switch s {
	case "NONREF", "NOTPROVIDED", "KREF+", "EREF+", "EREF":
		return ""
	}
	return s
}

// figure reads an amount with its comma, which SWIFT demands of every amount: one
// without it is an amount whose end is missing.
func figure(b []byte) (bank.Figure, error) {
	if bytes.IndexByte(b, ',') < 0 {
		return bank.Figure{}, ErrAmount
	}
	return wholeFigure(b)
}

// wholeFigure reads an amount whose end is known, with or without a comma.
func wholeFigure(b []byte) (bank.Figure, error) {
	var text [40]byte
	if len(b) == 0 || len(b) > len(text) || !isDigit(b[0]) {
		return bank.Figure{}, ErrAmount
	}
	n := copy(text[:], b)
	for i := range n {
		switch text[i] {
		case '.':
			return bank.Figure{}, ErrAmount
		case ',':
			text[i] = '.'
		}
	}
	return bank.ParseFigure(string(text[:n]))
}

// balance is one of :60F:, :60M:, :62F:, :62M:.
type balance struct {
	figure   bank.Figure
	day      calendar.Day
	badDate  bool
	currency string
	// interim is M: the balance between two pages.
	interim bool
}

// parseBalance reads mark, date, currency and amount.
func parseBalance(tag string, body []byte) (*balance, error) {
	first, _, _ := strings.Cut(string(body), "\n")
	first = strings.TrimSpace(first)
	if len(first) < 11 || first[0] != 'C' && first[0] != 'D' || !allDigits([]byte(first[1:7])) ||
		!isCurrency(first[7:10]) {
		return nil, ErrField.With("a balance must be C or D, a date, a currency and an amount").On(":" + tag + ":")
	}
	b := &balance{currency: first[7:10], interim: strings.HasSuffix(tag, "M")} //nolint:exhaustruct // below
	day, ok := shortDate([]byte(first[1:7]))
	b.day, b.badDate = day, !ok
	f, err := figure([]byte(first[10:]))
	if err != nil {
		return nil, ErrAmount.On(":" + tag + ":")
	}
	if first[0] == 'D' {
		f = f.Negate()
	}
	b.figure = f
	return b, nil
}

func isCurrency(s string) bool {
	return len(s) == 3 && isCapital(s[0]) && isCapital(s[1]) && isCapital(s[2])
}

// shortDate reads YYMMDD; false where the day does not exist.
func shortDate(b []byte) (calendar.Day, bool) {
	d, err := calendar.Date(century(b), two(b[2:]), two(b[4:]))
	return d, err == nil
}

// century is the year of YYMMDD: 80 to 99 are of the last century, as SWIFT says.
func century(b []byte) int {
	const lastCentury = 80
	if y := two(b); y >= lastCentury {
		return 1900 + y
	}
	return 2000 + two(b)
}

func two(b []byte) int { return int(b[0]-'0')*10 + int(b[1]-'0') }

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	return b
}
