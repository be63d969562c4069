package offline

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"hash/maphash"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
	"twoline/reconcile/match"
)

// ErrBook is a book that cannot be read; the line is that of the file.
var ErrBook = fault.New(fault.Unprocessable, "book_unreadable", "the book cannot be read")

// bookColumns are those of an exported book, the first four always.
func bookColumns() []string {
	return []string{"posting_id", "date", "direction", "amount", "reference", "batch", "counterparty", "text"}
}

const (
	requiredColumns = 4
	maxField        = 1000
)

// columns says where each column of the book stands in a row, or -1.
type columns [8]int

func columnsOf(header []string) (columns, error) {
	var at columns
	for i := range at {
		at[i] = -1
	}
	for i, name := range header {
		known := slices.Index(bookColumns(), strings.TrimPrefix(name, "\ufeff"))
		if known < 0 {
			return at, ErrBook.With("column %q is none of %s", name, strings.Join(bookColumns(), ",")).At(1)
		}
		if at[known] >= 0 {
			return at, ErrBook.With("column %s stands twice", name).At(1)
		}
		at[known] = i
	}
	for i, name := range bookColumns()[:requiredColumns] {
		if at[i] < 0 {
			return at, ErrBook.With("column %s is missing; a book begins with %s", name,
				strings.Join(bookColumns(), ",")).At(1)
		}
	}
	return at, nil
}

// of returns the named column of a row, or "".
func (c columns) of(row []string, column int) string {
	if c[column] < 0 {
		return ""
	}
	return row[c[column]]
}

// Book takes the rows of an exported book: posting_id, date, direction (as the bank
// sees it: credit is into the account), amount in yuan, and where known reference,
// batch, counterparty, text. It is called once, before the first statement.
func (r *Reconciler) Book(in io.Reader) error {
	rows := csv.NewReader(in)
	rows.ReuseRecord = true
	header, err := rows.Read()
	if err != nil {
		return ErrBook.With("the header is missing: %s", strings.Join(bookColumns(), ",")).At(1)
	}
	at, err := columnsOf(header)
	if err != nil {
		return err
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return r.provePostings()
		}
		if err != nil {
			return csvFault(err)
		}
		line, _ := rows.FieldPos(0)
		if err := r.bookRow(at, row, line); err != nil {
			return err
		}
	}
}

func csvFault(err error) error {
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return ErrBook.With("%v", e.Err).At(e.Line)
	}
	return ErrBook.Because(err)
}

func (r *Reconciler) bookRow(at columns, row []string, line int) error {
	bad := func(column int, expected string) error {
		return ErrBook.With("%s is %s, not %q", bookColumns()[column], expected, at.of(row, column)).At(line)
	}
	for i := range bookColumns() {
		if v := at.of(row, i); len(v) > maxField || !utf8.ValidString(v) {
			return ErrBook.With("%s is UTF-8 text of at most %d bytes", bookColumns()[i], maxField).At(line)
		}
	}
	id := at.of(row, 0)
	if id == "" {
		return bad(0, "what names the row")
	}
	day, err := calendar.ParseDay(at.of(row, 1))
	if err != nil {
		return bad(1, "a day such as 2026-11-25")
	}
	amount, err := money.Parse(at.of(row, 3))
	if err != nil || amount <= 0 {
		return bad(3, "an amount above zero in yuan with two decimals, such as 183.10")
	}
	move := match.Movement{Booked: day, Value: day, Direction: bank.Credit, Amount: amount}
	switch at.of(row, 2) {
	case "credit":
	case "debit":
		move.Direction = bank.Debit
	default:
		return bad(2, "credit or debit")
	}
	r.matcher.AddBook(match.BookLine{ //nolint:exhaustruct // what a row holds
		Movement: move, Key: match.Key{Entry: int64(len(r.book)), Line: 0},
		Reference: at.of(row, 4), Own: at.of(row, 4) != "", Batch: at.of(row, 5), Counterparty: at.of(row, 6),
	})
	r.book = append(r.book, move.Signed())
	r.postings.add(id)
	return nil
}

// names holds texts back to back.
type names struct {
	text []byte
	ends []uint32
}

func (n *names) add(s string) {
	n.text = append(n.text, s...)
	n.ends = append(n.ends, uint32(len(n.text))) //nolint:gosec // ids are short; a book is below 4 GiB
}

func (n *names) at(i int64) []byte {
	from := uint32(0)
	if i > 0 {
		from = n.ends[i-1]
	}
	return n.text[from:n.ends[i]]
}

// provePostings refuses a posting that stands twice: equal digests are compared in full.
func (r *Reconciler) provePostings() error {
	type place struct {
		digest uint64
		row    int64
	}
	seed := maphash.MakeSeed()
	places := make([]place, len(r.postings.ends))
	for i := range places {
		places[i] = place{maphash.Bytes(seed, r.postings.at(int64(i))), int64(i)}
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.digest, b.digest), cmp.Compare(a.row, b.row))
	})
	for i := 1; i < len(places); i++ {
		for j := i; j > 0 && places[j-1].digest == places[i].digest; j-- {
			if bytes.Equal(r.postings.at(places[j-1].row), r.postings.at(places[i].row)) {
				return ErrBook.With("posting %s stands twice: rows %d and %d", r.postings.at(places[i].row),
					places[j-1].row+1, places[i].row+1)
			}
		}
	}
	return nil
}
