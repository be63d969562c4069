package delimited

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// MaxHeld is how much of a file of instructions is held in memory where its
// source cannot seek and no header gives the totals.
const MaxHeld = 64 << 20

// Summary is what a file holds: what must agree with the count and the amount
// that travel beside it.
type Summary struct {
	Rows     int64
	Sum      money.Amount
	Problems int
}

// Read reads a whole file by its layout and emits its records: FileHead, then
// for instructions a BatchHead and its BatchItems, for results the Results, then
// Problems where totals do not agree, then End. It stops at the first error of
// ctx, of the source or of emit; malformed rows are gathered into one
// MalformedError, and nothing is emitted after the first of them.
func Read(ctx context.Context, r io.Reader, layout Layout, emit bank.Emit) (Summary, error) {
	if err := layout.Validate(); err != nil {
		return Summary{}, err
	}
	if layout.Content == Results || layout.announced() {
		return newReader(&layout, emit).read(ctx, r)
	}
	source, start, err := seekable(r)
	if err != nil {
		return Summary{}, err
	}
	first := newReader(&layout, nil)
	found, err := first.read(ctx, source)
	if err != nil {
		return Summary{}, err
	}
	if _, err := source.Seek(start, io.SeekStart); err != nil {
		return Summary{}, ErrRead.Because(err)
	}
	second := newReader(&layout, emit)
	second.batch = first.batch
	second.batch.Count = int(found.Rows)
	if layout.has(Amount) {
		second.batch.Sum = bank.FigureOf(found.Sum)
	}
	again, err := second.read(ctx, source)
	if err == nil && again != found {
		return Summary{}, ErrChanged
	}
	return again, err
}

// announced says that the header gives count and sum before the first row.
func (l *Layout) announced() bool {
	count, sum := false, !l.has(Amount)
	for _, row := range l.Header {
		for _, f := range row.Fields {
			count = count || f.Name == Count
			sum = sum || f.Name == Sum
		}
	}
	return count && sum
}

func seekable(r io.Reader) (io.ReadSeeker, int64, error) {
	if s, ok := r.(io.ReadSeeker); ok {
		if start, err := s.Seek(0, io.SeekCurrent); err == nil {
			return s, start, nil
		}
	}
	var content bytes.Buffer
	n, err := content.ReadFrom(io.LimitReader(r, MaxHeld+1))
	if err != nil {
		return nil, 0, ErrRead.Because(err)
	}
	if n > MaxHeld {
		return nil, 0, ErrTooLarge.With("more than %d MiB must come from a file", MaxHeld>>20)
	}
	return bytes.NewReader(content.Bytes()), 0, nil
}

// reader understands the rows of one file. With emit nil it only counts.
type reader struct {
	layout *Layout
	emit   bank.Emit
	lines  *lines
	faults []RowFault
	// scratch is for measuring texts in the file's charset.
	scratch []byte

	batch    bank.BatchHead
	begun    bool
	headers  int
	held     []heldRow
	rows     int64
	total    money.Total
	declared []declared
	answers  map[string]Answer
}

// heldRow is a row that may turn out to be the trailer.
type heldRow struct {
	line   int
	fields []string
}

// declared is a total that the file gives.
type declared struct {
	line  int
	name  FieldName
	count int64
	sum   money.Amount
}

func newReader(layout *Layout, emit bank.Emit) *reader {
	r := &reader{layout: layout, emit: emit, lines: newLines(layout), answers: make(map[string]Answer)}
	r.batch.Direction = layout.Direction
	return r
}

func (r *reader) read(ctx context.Context, source io.Reader) (Summary, error) {
	kind := "batch"
	if r.layout.Content == Results {
		kind = "result"
	}
	if err := r.give(bank.FileHead{Format: "delimited", Kind: kind}); err != nil {
		return Summary{}, err
	}
	if err := r.lines.all(ctx, source, r.line); err != nil {
		return Summary{}, err
	}
	if r.headers < len(r.layout.Header) || len(r.held) < len(r.layout.Trailer) {
		if r.rows > 0 || r.headers > 0 || len(r.held) > 0 || !r.layout.EmptyAllowed {
			return Summary{}, ErrEmpty.With("the file stops before its header and trailer are complete")
		}
	}
	for i, row := range r.held {
		if err := r.totals(r.layout.Trailer[i], row.line, row.fields); err != nil {
			return Summary{}, err
		}
	}
	if len(r.faults) > 0 {
		return Summary{}, &MalformedError{Rows: r.faults}
	}
	if r.rows == 0 && !r.layout.EmptyAllowed {
		return Summary{}, ErrEmpty
	}
	return r.finish()
}

// give emits, unless the pass only counts or a row was malformed.
func (r *reader) give(record bank.Record) error {
	if r.emit == nil || len(r.faults) > 0 {
		return nil
	}
	return r.emit(record)
}

func (r *reader) finish() (Summary, error) {
	sum, err := r.total.Amount()
	if err != nil {
		return Summary{}, ErrSum.Because(err)
	}
	if err := r.begin(); err != nil {
		return Summary{}, err
	}
	problems := 0
	for _, d := range r.declared {
		var text string
		switch {
		case d.name == Count && d.count != r.rows:
			text = "the file says " + strconv.FormatInt(d.count, 10) + " rows and has " + strconv.FormatInt(r.rows, 10)
		case d.name == Sum && d.sum != sum:
			text = "the file says " + d.sum.String() + " in all and its rows make " + sum.String()
		default:
			continue
		}
		problems++
		err := r.give(bank.Problem{
			Severity: bank.SeverityError, Code: "control_total", Line: d.line, Path: string(d.name), Text: text,
		})
		if err != nil {
			return Summary{}, err
		}
	}
	end := bank.End{Problems: problems}
	if r.layout.Content == Results {
		end.Results = int(r.rows)
	} else {
		end.Items = int(r.rows)
	}
	if err := r.give(end); err != nil {
		return Summary{}, err
	}
	return Summary{Rows: r.rows, Sum: sum, Problems: problems}, nil
}

// begin emits the head of a batch of instructions, once.
func (r *reader) begin() error {
	if r.begun || r.layout.Content == Results {
		return nil
	}
	r.begun = true
	return r.give(r.batch)
}

// line takes one line: header, row, or what may be the trailer.
func (r *reader) line(number int, fields []string, f *RowFault) error {
	if f != nil {
		return r.fault(*f)
	}
	if r.headers < len(r.layout.Header) {
		row := r.layout.Header[r.headers]
		r.headers++
		return r.totals(row, number, fields)
	}
	if len(r.layout.Trailer) == 0 {
		return r.row(number, fields)
	}
	r.held = append(r.held, heldRow{line: number, fields: append([]string(nil), fields...)})
	if len(r.held) <= len(r.layout.Trailer) {
		return nil
	}
	first := r.held[0]
	r.held = append(r.held[:0], r.held[1:]...)
	return r.row(first.line, first.fields)
}

// fault notes a malformed row, and stops reading when there are enough.
func (r *reader) fault(f RowFault) error {
	r.faults = append(r.faults, f)
	if len(r.faults) == MaxFaults {
		return &MalformedError{Rows: r.faults, More: true}
	}
	return nil
}

// totals takes a header or trailer row.
func (r *reader) totals(row Row, line int, fields []string) error {
	if len(fields) != len(row.Fields) {
		return r.fault(RowFault{Line: line, Code: "fields"})
	}
	for i, f := range row.Fields {
		if code := r.total1(f, line, fields[i]); code != "" {
			return r.fault(RowFault{Line: line, Code: code, Field: f.Name})
		}
	}
	return nil
}

// total1 takes one field of a header or trailer and returns a fault's code.
func (r *reader) total1(f Field, line int, text string) string {
	if f.Required && text == "" {
		return "required"
	}
	switch f.Name { //nolint:exhaustive // Validate allows only these in totals
	case Constant:
		if text != f.Text {
			return "constant"
		}
	case Count:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || strings.HasPrefix(text, "+") {
			return "amount"
		}
		r.declared = append(r.declared, declared{line: line, name: Count, count: n})
		r.batch.Count = int(n)
	case Sum:
		a, err := parseAmount(r.layout.totalsUnit(), text)
		if err != nil {
			return "amount"
		}
		r.declared = append(r.declared, declared{line: line, name: Sum, sum: a})
		r.batch.Sum = bank.FigureOf(a)
	case BatchID:
		r.batch.BatchID = text
	case Account:
		r.batch.Account = text
	case ExecutionDate:
		d, ok := parseDate(text)
		if !ok {
			return "date"
		}
		r.batch.ExecutionDate = d
	}
	return ""
}

func parseAmount(unit Unit, text string) (money.Amount, error) {
	if unit == Fen {
		return money.ParseFen([]byte(text))
	}
	return money.Parse(text)
}

// parseDate reads 20261125 or 2026-11-25; nothing is no date.
func parseDate(text string) (calendar.Day, bool) {
	if text == "" {
		return calendar.Day{}, true
	}
	parse := calendar.ParseCompact
	if len(text) == 10 {
		parse = calendar.ParseDay
	}
	d, err := parse(text)
	return d, err == nil
}

// row takes one item or result.
func (r *reader) row(line int, fields []string) error {
	r.rows++
	if r.layout.RowLimit > 0 && r.rows > int64(r.layout.RowLimit) {
		return ErrRows.With("the file has more than %d rows", r.layout.RowLimit).At(line)
	}
	if len(fields) != len(r.layout.Fields) {
		return r.fault(RowFault{Line: line, Code: "fields"})
	}
	amount := money.Amount(0)
	day := calendar.Day{}
	for i := range r.layout.Fields {
		f := &r.layout.Fields[i]
		if code := r.check(f, fields[i], &amount, &day); code != "" {
			return r.fault(RowFault{Line: line, Code: code, Field: f.Name})
		}
	}
	r.total.Add(amount)
	if r.emit == nil || len(r.faults) > 0 {
		return nil
	}
	if err := r.begin(); err != nil {
		return err
	}
	if r.layout.Content == Results {
		return r.emit(r.result(line, fields, amount, day))
	}
	return r.emit(r.item(fields, amount))
}

// check checks one field and returns a fault's code; it leaves the amount and
// the date of the row.
func (r *reader) check(f *Field, text string, amount *money.Amount, day *calendar.Day) string {
	if f.Required && text == "" {
		return "required"
	}
	if f.MaxBytes > 0 && r.width(text) > f.MaxBytes {
		return "too_long"
	}
	switch f.Name { //nolint:exhaustive // the others are text as it is
	case Amount:
		a, err := parseAmount(r.layout.Unit, text)
		if err != nil {
			return "amount"
		}
		*amount = a
	case ValueDate:
		d, ok := parseDate(text)
		if !ok {
			return "date"
		}
		*day = d
	case Constant:
		if text != f.Text {
			return "constant"
		}
	case Sequence:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n != r.rows || strings.HasPrefix(text, "+") {
			return "sequence"
		}
	case BatchID:
		known := r.rows > 1 || r.batch.BatchID != ""
		if r.layout.Content == Instructions && known && text != r.batch.BatchID {
			return "batch_differs"
		}
		r.batch.BatchID = text
	}
	return ""
}

// width is how many bytes a text takes in the file.
func (r *reader) width(text string) int {
	switch r.layout.Charset {
	case GB18030, GBK:
		// The text was decoded from this charset, so it can be encoded.
		r.scratch, _ = r.lines.codec.Encode(r.scratch[:0], text)
		return len(r.scratch)
	case Latin1:
		return utf8.RuneCountInString(text)
	case UTF8:
	}
	return len(text)
}

func (r *reader) item(fields []string, amount money.Amount) bank.BatchItem {
	item := bank.BatchItem{Index: int(r.rows - 1)}
	for i, text := range fields {
		switch r.layout.Fields[i].Name { //nolint:exhaustive // Validate allows only these in instructions
		case ItemID:
			item.ItemID = text
		case SocialNo:
			item.SocialNo = text
		case Name:
			item.Name = text
		case IDNumber:
			item.IDNumber = text
		case Amount:
			item.Amount = bank.FigureOf(amount)
		case Currency:
			item.Currency = text
		case Account:
			item.Account = text
		case Bank:
			item.Bank = text
		case Mandate:
			item.Mandate = text
		case Region:
			item.Region = text
		case Text:
			item.Text = text
		}
	}
	return item
}

func (r *reader) result(line int, fields []string, amount money.Amount, day calendar.Day) bank.Result {
	v := bank.Result{Index: int(r.rows - 1), Line: line, Level: "item", ValueDate: day}
	reason := ""
	for i, text := range fields {
		switch r.layout.Fields[i].Name { //nolint:exhaustive // Validate allows only these in results
		case ItemID:
			v.ItemID = text
		case SocialNo:
			v.SocialNo = text
		case Name:
			v.Name = text
		case IDNumber:
			v.IDNumber = text
		case Amount:
			f := bank.FigureOf(amount)
			v.Amount = &f
		case BatchID:
			v.BatchID = text
		case Account:
			v.Account = text
		case Region:
			v.Region = text
		case Code:
			v.Code = text
		case Reason:
			reason = text
		case Text:
			v.Text = text
		case Reference:
			v.BankReference = text
		}
	}
	if reason != "" {
		v.Text = reason
	}
	answer := r.answer(v.Code, reason)
	v.Outcome, v.Class = answer.Outcome, answer.Class
	return v
}

// maxAnswers bounds the memory for reasons that were looked up already.
const maxAnswers = 1024

func (r *reader) answer(code, reason string) Answer {
	if r.layout.Answers.Fixed != nil {
		return *r.layout.Answers.Fixed
	}
	key := code + "\x00" + reason
	if a, ok := r.answers[key]; ok {
		return a
	}
	a := r.layout.Answers.of(code, reason)
	if len(r.answers) < maxAnswers {
		r.answers[strings.Clone(key)] = a
	}
	return a
}

// of looks an answer up.
func (a *Answers) of(code, reason string) Answer {
	if a.Fixed != nil {
		return *a.Fixed
	}
	if known, ok := a.Codes[code]; ok {
		return known
	}
	for _, p := range a.Phrases {
		if strings.Contains(reason, p.Text) {
			return p.Answer
		}
	}
	return Answer{Outcome: bank.OutcomeUnknown, Class: bank.ClassUnknown}
}
