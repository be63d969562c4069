package delimited

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"strconv"
	"unicode/utf8"

	"twoline/adapters/bank/gb18030"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

// Receipt is what was written.
type Receipt struct {
	Rows   int64
	Sum    money.Amount
	Bytes  int64
	Digest [sha256.Size]byte
}

// Writer writes one file by its layout: WriteBatch, then every item or result in
// order, then Close. The first error stays: the file is worth nothing then. It
// is not safe for concurrent use.
type Writer struct {
	layout Layout
	codec  *gb18030.Codec
	w      *bufio.Writer
	digest hash.Hash
	batch  bank.BatchHead
	begun  bool
	rows   int64
	bytes  int64
	total  money.Total
	line   []byte
	err    error
}

// NewWriter makes a writer on w, or returns ErrLayout.
func NewWriter(w io.Writer, layout Layout) (*Writer, error) {
	if err := layout.Validate(); err != nil {
		return nil, err
	}
	digest := sha256.New()
	return &Writer{
		layout: layout, codec: newLines(&layout).codec, digest: digest,
		w: bufio.NewWriterSize(io.MultiWriter(w, digest), 64<<10),
	}, nil
}

// WriteBatch gives the batch's facts before its first row: the id of every row's
// batch, and what the header says. Count and sum are proved at Close where the
// layout has them, or where they are not zero.
func (w *Writer) WriteBatch(b bank.BatchHead) error {
	if w.err != nil {
		return w.err
	}
	if w.begun {
		return w.fail(ErrOrder.With("a file holds one batch"))
	}
	w.batch, w.begun = b, true
	for _, row := range w.layout.Header {
		if err := w.totals(row); err != nil {
			return err
		}
	}
	return nil
}

// WriteItem writes one instruction.
func (w *Writer) WriteItem(i bank.BatchItem) error {
	if w.err != nil {
		return w.err
	}
	if w.layout.Content != Instructions || !w.begun || int64(i.Index) != w.rows {
		return w.fail(ErrOrder.With("item %d does not follow", i.Index))
	}
	return w.row(i.Amount, func(name FieldName) string {
		switch name { //nolint:exhaustive // Validate allows only these in instructions
		case ItemID:
			return i.ItemID
		case SocialNo:
			return i.SocialNo
		case Name:
			return i.Name
		case IDNumber:
			return i.IDNumber
		case Currency:
			return i.Currency
		case Account:
			return i.Account
		case Bank:
			return i.Bank
		case Mandate:
			return i.Mandate
		case Region:
			return i.Region
		case Text:
			return i.Text
		case BatchID:
			return w.batch.BatchID
		}
		return ""
	})
}

// WriteResult writes one answer. Its outcome must be what a reader of this
// layout will find.
func (w *Writer) WriteResult(v bank.Result) error {
	if w.err != nil {
		return w.err
	}
	if !w.begun && len(w.layout.Header) > 0 || w.layout.Content != Results || v.Level != "item" {
		return w.fail(ErrOrder.With("the result does not belong into this file"))
	}
	reason := ""
	if w.layout.has(Reason) {
		reason = v.Text
	}
	if found := w.layout.Answers.of(v.Code, reason); found.Outcome != v.Outcome {
		return w.fail(ErrField.With("the file would say %s of what is %s", found.Outcome, v.Outcome).
			On("outcome").At(int(w.rows) + 1))
	}
	var amount bank.Figure
	if v.Amount != nil {
		amount = *v.Amount
	}
	return w.row(amount, func(name FieldName) string {
		switch name { //nolint:exhaustive // Validate allows only these in results
		case ItemID:
			return v.ItemID
		case SocialNo:
			return v.SocialNo
		case Name:
			return v.Name
		case IDNumber:
			return v.IDNumber
		case BatchID:
			return v.BatchID
		case Account:
			return v.Account
		case Region:
			return v.Region
		case Code:
			return v.Code
		case Reason:
			return v.Text
		case Text:
			return v.Text
		case Reference:
			return v.BankReference
		case ValueDate:
			return w.date(v.ValueDate)
		}
		return ""
	})
}

// Close writes the trailer, proves the totals, and says what was written. It
// does not close the underlying writer.
func (w *Writer) Close() (Receipt, error) {
	if w.err != nil {
		return Receipt{}, w.err
	}
	if w.rows == 0 && !w.layout.EmptyAllowed {
		return Receipt{}, w.fail(ErrEmpty)
	}
	sum, err := w.total.Amount()
	if err != nil {
		return Receipt{}, w.fail(ErrSum.Because(err))
	}
	announced := w.batch.Count != 0 || w.batch.Sum != bank.Figure{} || w.layout.announced()
	said, exact := w.batch.Sum.Amount()
	agrees := int64(w.batch.Count) == w.rows && exact && said == sum
	if w.begun && announced && !agrees {
		return Receipt{}, w.fail(ErrTotals)
	}
	w.batch.Count, w.batch.Sum = int(w.rows), bank.FigureOf(sum)
	for _, row := range w.layout.Trailer {
		if err := w.totals(row); err != nil {
			return Receipt{}, err
		}
	}
	if err := w.w.Flush(); err != nil {
		return Receipt{}, w.fail(err)
	}
	r := Receipt{Rows: w.rows, Sum: sum, Bytes: w.bytes}
	copy(r.Digest[:], w.digest.Sum(nil))
	w.err = ErrOrder.With("the file is closed")
	return r, nil
}

func (w *Writer) fail(err error) error {
	w.err = err
	return err
}

func (w *Writer) date(d calendar.Day) string {
	switch {
	case d.IsZero():
		return ""
	case w.layout.DashedDates:
		return d.String()
	}
	return d.Compact()
}

// totals writes a header or trailer row.
func (w *Writer) totals(row Row) error {
	w.line = w.line[:0]
	for i, f := range row.Fields {
		text := ""
		switch f.Name { //nolint:exhaustive // Validate allows only these in totals
		case Constant:
			text = f.Text
		case Count:
			text = strconv.Itoa(w.batch.Count)
		case Sum:
			a, ok := w.batch.Sum.Amount()
			if !ok {
				return w.fail(ErrField.With("not an amount of yuan and fen").On(string(Sum)))
			}
			text = format(w.layout.totalsUnit(), a)
		case BatchID:
			text = w.batch.BatchID
		case Account:
			text = w.batch.Account
		case ExecutionDate:
			text = w.date(w.batch.ExecutionDate)
		}
		if err := w.field(i, f, text); err != nil {
			return err
		}
	}
	return w.endLine()
}

func format(unit Unit, a money.Amount) string {
	if unit == Fen {
		return strconv.FormatInt(a.Fen(), 10)
	}
	return a.String()
}

// row writes one row; get gives the text of every field but the computed ones.
func (w *Writer) row(figure bank.Figure, get func(FieldName) string) error {
	w.rows++
	if w.layout.RowLimit > 0 && w.rows > int64(w.layout.RowLimit) {
		return w.fail(ErrRows.With("the bank takes %d rows a file", w.layout.RowLimit))
	}
	amount, exact := figure.Amount()
	w.line = w.line[:0]
	for i, f := range w.layout.Fields {
		var text string
		switch f.Name { //nolint:exhaustive // the others are text
		case Constant:
			text = f.Text
		case Sequence:
			text = strconv.FormatInt(w.rows, 10)
		case Amount:
			if !exact {
				return w.fail(ErrField.With("not an amount of yuan and fen").On(string(Amount)).At(int(w.rows)))
			}
			w.total.Add(amount)
			text = format(w.layout.Unit, amount)
		default:
			text = get(f.Name)
		}
		if err := w.field(i, f, text); err != nil {
			return err
		}
	}
	return w.endLine()
}

// field appends one field to the line, in the file's charset.
func (w *Writer) field(i int, f Field, text string) error {
	fail := func(format string, args ...any) error {
		return w.fail(ErrField.With(format, args...).On(string(f.Name)).At(int(w.rows)))
	}
	if i > 0 {
		w.line = append(w.line, w.layout.Separator)
	}
	if f.Required && text == "" {
		return fail("the bank demands a value")
	}
	for j := range len(text) {
		if text[j] == w.layout.Separator {
			return fail("the field holds the separator")
		}
	}
	if hasControl(text) {
		return fail("the field holds a control character or a line end")
	}
	start := len(w.line)
	if err := w.encode(text); err != nil {
		if refusal, ok := errors.AsType[*fault.Error](err); ok {
			err = refusal.On(string(f.Name)).At(int(w.rows))
		}
		return w.fail(err)
	}
	if f.MaxBytes > 0 && len(w.line)-start > f.MaxBytes {
		return fail("longer than %d bytes", f.MaxBytes)
	}
	return nil
}

func (w *Writer) encode(text string) error {
	switch w.layout.Charset {
	case GB18030, GBK:
		line, err := w.codec.Encode(w.line, text)
		w.line = line
		return err
	case UTF8:
		for i, r := range text {
			if r == utf8.RuneError {
				return gb18030.ErrRune.With("byte %d: not a character", i+1)
			}
		}
		w.line = append(w.line, text...)
	case Latin1:
		position := 0
		for _, r := range text {
			position++
			if r > 0xFF {
				return gb18030.ErrRune.With("character %d, U+%04X, cannot be written in latin-1", position, r)
			}
			w.line = append(w.line, byte(r)) //nolint:gosec // at most 0xFF, as checked above
		}
	}
	return nil
}

// endLine ends the line and writes it.
func (w *Writer) endLine() error {
	if w.layout.Trailing {
		w.line = append(w.line, w.layout.Separator)
	}
	if w.layout.LineEnd == CRLF {
		w.line = append(w.line, '\r')
	}
	w.line = append(w.line, '\n')
	if len(w.line) > MaxLine {
		return w.fail(ErrField.With("the line is longer than %d bytes", MaxLine).At(int(w.rows)))
	}
	n, err := w.w.Write(w.line)
	w.bytes += int64(n)
	if err != nil {
		return w.fail(err)
	}
	return nil
}
