package layout

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"strconv"
	"strings"

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
	// Cut is how many names and remarks were cut to their length.
	Cut int64
}

// Kind is what a row that is written is.
type Kind int

// The kinds of rows.
const (
	HeaderRow Kind = iota
	DetailRow
	TrailerRow
	RejectRow
)

// Joiner writes the rows of one file in its own form.
type Joiner interface {
	// Join writes one row: the text of each of its fields, which fits its length.
	// An error about a field is a *fault.Error on its name.
	Join(kind Kind, row Row, texts []string) error
	// End writes what comes after the last row; all is the file's total.
	End(all Tally) error
}

// Outcomes are the totals of results by what became of them.
type Outcomes struct{ Succeeded, Failed Tally }

// Writer writes one file by its layout: WriteBatch, then every item or result in
// order, then Close. The first error stays: the file is worth nothing then. It
// is not safe for concurrent use.
type Writer struct {
	l      *Layout
	joiner Joiner
	coder  *Coder
	out    *bufio.Writer
	sink   *sink
	header []Row
	batch  bank.BatchHead
	said   *Outcomes
	begun  bool
	rows   int64
	cut    int64
	total  money.Total
	done   struct{ succeeded, failed tally }
	texts  []string
	err    error
}

// sink counts and digests what it passes on.
type sink struct {
	w      io.Writer
	digest hash.Hash
	bytes  int64
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	s.digest.Write(p[:n])
	s.bytes += int64(n)
	return n, err
}

// NewWriter makes a writer on w, or returns ErrLayout. The joiner is made with
// what it must write to.
func NewWriter(w io.Writer, l *Layout, joiner func(io.Writer) Joiner) (*Writer, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	out := &Writer{l: l, coder: NewCoder(l.Charset), sink: &sink{w: w, digest: sha256.New()}}
	out.out = bufio.NewWriterSize(out.sink, 64<<10)
	out.joiner = joiner(out.out)
	for _, row := range l.Header {
		out.header = append(out.header, l.row(row))
	}
	return out, nil
}

// WriteOutcomes gives, before the batch, the totals by outcome for a header that
// has them. They are proved at Close.
func (w *Writer) WriteOutcomes(o Outcomes) error {
	if w.err != nil {
		return w.err
	}
	if w.begun || w.l.Content != Results {
		return w.fail(ErrOrder.With("totals by outcome come before the batch of a file of results"))
	}
	w.said = &o
	return nil
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
	for _, row := range w.header {
		if err := w.totals(HeaderRow, row); err != nil {
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
	if w.l.Content != Instructions || !w.begun || int64(i.Index) != w.rows {
		return w.fail(ErrOrder.With("item %d does not follow", i.Index))
	}
	return w.row(i.Amount, i.Amount, func(name FieldName) string {
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
		case OwnAccount:
			return w.batch.Account
		case ExecutionDate:
			return formatDate(w.l.Dates, w.batch.ExecutionDate)
		}
		return ""
	})
}

// WriteResult writes one answer. Its outcome must be what a reader of this
// layout will find. An answer on the whole file or batch is written where the
// layout has a refusal: it is the only row then.
func (w *Writer) WriteResult(v bank.Result) error {
	switch {
	case w.err != nil:
		return w.err
	case w.l.Reject != nil && v.Level == w.l.Reject.Level && !w.begun && w.rows == 0:
		return w.reject(v)
	case !w.begun && len(w.header) > 0 || w.l.Content != Results || v.Level != "item":
		return w.fail(ErrOrder.With("the result does not belong into this file"))
	case !w.l.has(BatchID) && w.l.headed(BatchID) && v.BatchID != w.batch.BatchID:
		return w.fail(w.numbered(w.rows,
			ErrField.With("the file says the batch once, and this result is of another").On(string(BatchID))))
	}
	reason, text, err := w.words(w.l.Answers.Of, w.l.Fields, &v)
	if err != nil {
		return err
	}
	var amount, moved bank.Figure
	if v.Amount != nil {
		amount = *v.Amount
	}
	a, _ := amount.Amount()
	switch v.Outcome {
	case bank.OutcomeSucceeded:
		moved = amount
		w.done.succeeded.rows++
		w.done.succeeded.sum.Add(a)
	case bank.OutcomeFailed:
		moved = bank.FigureOf(0)
		w.done.failed.rows++
		w.done.failed.sum.Add(a)
	case bank.OutcomePending, bank.OutcomeUnknown:
	}
	return w.row(amount, moved, func(name FieldName) string {
		switch name { //nolint:exhaustive // the others are the result's own
		case Reason:
			return reason
		case Text:
			return text
		}
		return w.resultText(name, &v)
	})
}

// words says where the result's text goes: it is the reason, unless a reader
// would take it for another answer then and it has a field of its own. It proves
// that a reader will find the result's outcome.
func (w *Writer) words(
	of func(code, reason string) Answer, fields []Field, v *bank.Result,
) (reason, text string, err error) {
	hasReason, hasText := has(fields, Reason), has(fields, Text)
	if hasReason {
		reason = v.Text
	} else {
		text = v.Text
	}
	found := of(v.Code, reason)
	if hasReason && hasText && (found.Outcome != v.Outcome || found.Class != v.Class) {
		if without := of(v.Code, ""); without.Outcome == v.Outcome {
			return "", v.Text, nil
		}
	}
	if found.Outcome != v.Outcome {
		return "", "", w.fail(w.numbered(w.rows,
			ErrField.With("the file would say %s of what is %s", found.Outcome, v.Outcome).On("outcome")))
	}
	return reason, text, nil
}

func (w *Writer) resultText(name FieldName, v *bank.Result) string {
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
	case Reference:
		return v.BankReference
	case ValueDate:
		return formatDate(w.l.Dates, v.ValueDate)
	}
	return ""
}

// reject writes the line that stands in place of results.
func (w *Writer) reject(v bank.Result) error {
	fields := w.l.Reject.Fields
	of := func(code, reason string) Answer {
		a, _ := w.l.refusal(code, reason)
		return a
	}
	reason, words, err := w.words(of, fields, &v)
	if err != nil {
		return err
	}
	w.texts = w.texts[:0]
	for i := range fields {
		f := &fields[i]
		var text string
		switch f.Name { //nolint:exhaustive // the others are the result's own
		case Constant:
			text = f.Text
		case Reason:
			text = reason
		case Text:
			text = words
		default:
			text = w.resultText(f.Name, &v)
		}
		if err := w.field(f, text); err != nil {
			return err
		}
	}
	if err := w.join(RejectRow, Row{Fields: fields}); err != nil {
		return err
	}
	w.begun, w.rows = true, -1
	return nil
}

// Close writes the trailer, proves the totals, and says what was written. It
// does not close the underlying writer.
func (w *Writer) Close() (Receipt, error) {
	if w.err != nil {
		return Receipt{}, w.err
	}
	if w.rows == 0 && !w.l.EmptyAllowed {
		return Receipt{}, w.fail(ErrEmpty)
	}
	all := Tally{Rows: max(w.rows, 0)}
	if w.rows >= 0 {
		if err := w.prove(&all); err != nil {
			return Receipt{}, err
		}
	}
	if err := w.joiner.End(all); err != nil {
		return Receipt{}, w.fail(err)
	}
	if err := w.out.Flush(); err != nil {
		return Receipt{}, w.fail(err)
	}
	r := Receipt{Rows: all.Rows, Sum: all.Sum, Bytes: w.sink.bytes, Cut: w.cut}
	copy(r.Digest[:], w.sink.digest.Sum(nil))
	w.err = ErrOrder.With("the file is closed")
	return r, nil
}

// prove proves what was said before the rows, and writes the trailer.
func (w *Writer) prove(all *Tally) error {
	var done Outcomes
	for _, t := range []struct {
		total *money.Total
		sum   *money.Amount
	}{{&w.total, &all.Sum}, {&w.done.succeeded.sum, &done.Succeeded.Sum}, {&w.done.failed.sum, &done.Failed.Sum}} {
		sum, err := t.total.Amount()
		if err != nil {
			return w.fail(ErrSum.Because(err))
		}
		*t.sum = sum
	}
	if all.Sum > money.Max {
		return w.fail(ErrSum)
	}
	done.Succeeded.Rows, done.Failed.Rows = w.done.succeeded.rows, w.done.failed.rows
	announced := w.batch.Count != 0 || w.batch.Sum != bank.Figure{} || w.l.announced()
	said, exact := w.batch.Sum.Amount()
	agrees := int64(w.batch.Count) == w.rows && exact && said == all.Sum
	if w.begun && announced && !agrees || w.said != nil && *w.said != done {
		return w.fail(ErrTotals)
	}
	w.said = &done
	w.batch.Count, w.batch.Sum = int(w.rows), bank.FigureOf(all.Sum)
	for _, row := range w.l.Trailer {
		if err := w.totals(TrailerRow, w.l.row(row)); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) fail(err error) error {
	w.err = err
	return err
}

// totals writes a header or trailer row.
func (w *Writer) totals(kind Kind, row Row) error {
	w.texts = w.texts[:0]
	for i := range row.Fields {
		f := &row.Fields[i]
		text, err := w.fact(f)
		if err != nil {
			return err
		}
		if err := w.field(f, text); err != nil {
			return err
		}
	}
	return w.join(kind, row)
}

// fact is the text of a header's or trailer's field.
func (w *Writer) fact(f *Field) (string, error) {
	amount := func(a money.Amount) string { return formatAmount(w.l.totalsUnit(), a) }
	if w.said == nil && isByOutcome(f.Name) {
		return "", w.fail(ErrOrder.With("WriteOutcomes must give the totals by outcome").On(string(f.Name)))
	}
	switch f.Name { //nolint:exhaustive // Validate allows only these in totals
	case Constant:
		return f.Text, nil
	case Count:
		return strconv.Itoa(w.batch.Count), nil
	case Sum:
		a, ok := w.batch.Sum.Amount()
		if !ok {
			return "", w.fail(ErrField.With("not an amount of yuan and fen").On(string(Sum)))
		}
		return amount(a), nil
	case SucceededCount:
		return strconv.FormatInt(w.said.Succeeded.Rows, 10), nil
	case SucceededSum:
		return amount(w.said.Succeeded.Sum), nil
	case FailedCount:
		return strconv.FormatInt(w.said.Failed.Rows, 10), nil
	case FailedSum:
		return amount(w.said.Failed.Sum), nil
	case BatchID:
		return w.batch.BatchID, nil
	case Account:
		return w.batch.Account, nil
	case ExecutionDate:
		return formatDate(w.l.Dates, w.batch.ExecutionDate), nil
	}
	return "", nil
}

// row writes one row; get gives the text of every field but the computed ones.
func (w *Writer) row(figure, movedFigure bank.Figure, get func(FieldName) string) error {
	w.rows++
	if w.l.RowLimit > 0 && w.rows > int64(w.l.RowLimit) {
		return w.fail(ErrRows.With("the bank takes %d rows a file", w.l.RowLimit))
	}
	amount, exact := figure.Amount()
	w.texts = w.texts[:0]
	for i := range w.l.Fields {
		f := &w.l.Fields[i]
		var text string
		switch f.Name { //nolint:exhaustive // the others are text
		case Constant:
			text = f.Text
		case Sequence:
			text = strconv.FormatInt(w.rows, 10)
		case Amount:
			if !exact {
				return w.refuse(f, "not an amount of yuan and fen")
			}
			w.total.Add(amount)
			text = formatAmount(w.l.Unit, amount)
		case Moved:
			if moved, ok := movedFigure.Amount(); ok && movedFigure != (bank.Figure{}) {
				text = formatAmount(w.l.Unit, moved)
			}
		default:
			text = get(f.Name)
		}
		if err := w.field(f, text); err != nil {
			return err
		}
	}
	return w.join(DetailRow, w.l.detail())
}

// field proves one field and adds it to the row.
func (w *Writer) field(f *Field, text string) error {
	if text == "" {
		text = f.Default
	}
	if f.Values != nil && text != "" {
		theirs, ok := f.Values[text]
		if !ok {
			return w.refuse(f, "the bank has no word for this value")
		}
		text = theirs
	}
	switch {
	case f.Required && text == "":
		return w.refuse(f, "the bank demands a value")
	case HasControl(text):
		return w.refuse(f, "the field holds a control character or a line end")
	case w.l.Padded && strings.Trim(text, blanks) != text:
		return w.refuse(f, "the field begins or ends with a blank, which the bank cuts off")
	}
	if f.Check != "" {
		if err := f.Check.passes(text); err != nil {
			return w.refuse(f, err.Error())
		}
	}
	text, err := w.fit(f, text)
	if err != nil {
		return err
	}
	w.texts = append(w.texts, text)
	return nil
}

// fit proves that a text fits its field, and cuts it where the field says so.
func (w *Writer) fit(f *Field, text string) (string, error) {
	limit := f.Width
	if limit == 0 || f.MaxBytes > 0 && f.MaxBytes < limit {
		limit = f.MaxBytes
	}
	if limit > 0 {
		width, err := w.coder.Width(text)
		if err != nil {
			return "", w.failed(f, err)
		}
		if width > limit && !f.Cut {
			return "", w.refuse(f, "longer than "+strconv.Itoa(limit)+" bytes")
		}
		if width > limit {
			text = w.shorten(text, limit)
			w.cut++
		}
	}
	if f.Width == 0 {
		return text, nil
	}
	align, pad := f.Fill()
	p := fill{right: align == Right, number: isNumber(f.Name), pad: pad}
	if p.strip(text) != text {
		return "", w.refuse(f, "what fills the field up is part of its value, and would be lost")
	}
	return text, nil
}

// shorten cuts a text to the whole characters that fit.
func (w *Writer) shorten(text string, limit int) string {
	end, bytes := 0, 0
	for i, r := range text {
		width, err := w.coder.Width(string(r))
		if err != nil || bytes+width > limit {
			break
		}
		bytes += width
		end = i + len(string(r))
	}
	return strings.TrimRight(text[:end], blanks)
}

// numbered puts the index of an item or result on what is wrong with it, counted from
// 0 as in its record: lines are those of files that are read. Before the first there
// is none.
func (w *Writer) numbered(index int64, err *fault.Error) *fault.Error {
	if index < 0 {
		return err
	}
	what := "item"
	if w.l.Content == Results {
		what = "result"
	}
	return err.With("%s %d (counted from 0): %s", what, index, err.Text)
}

func (w *Writer) refuse(f *Field, why string) error {
	return w.fail(w.numbered(w.rows-1, ErrField.With("%s", why).On(string(f.Name))))
}

// failed puts row and field on an error of the charset.
func (w *Writer) failed(f *Field, err error) error {
	if refusal, ok := errors.AsType[*fault.Error](err); ok {
		err = w.numbered(w.rows-1, refusal.On(string(f.Name)))
	}
	return w.fail(err)
}

// join has the row written, and puts its number on what is wrong with it.
func (w *Writer) join(kind Kind, row Row) error {
	err := w.joiner.Join(kind, row, w.texts)
	if err == nil {
		return nil
	}
	if refusal, ok := errors.AsType[*fault.Error](err); ok {
		err = w.numbered(w.rows-1, refusal)
	}
	return w.fail(err)
}

// Date writes a day in the layout's form.
func (l *Layout) Date(d calendar.Day) string { return formatDate(l.Dates, d) }

// SumText writes a sum in the unit of totals.
func (l *Layout) SumText(sum money.Amount) string { return formatAmount(l.totalsUnit(), sum) }
