package layout

import (
	"fmt"
	"strconv"
	"strings"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// Tally is a number of rows and the sum of their amounts.
type Tally struct {
	Rows int64
	Sum  money.Amount
}

// Summary is what a file holds: what must agree with the count and the amount
// that travel beside it.
type Summary struct {
	Rows     int64
	Sum      money.Amount
	Problems int
	// Succeeded and Failed are those of results that are final.
	Succeeded, Failed Tally
	// Refused says that the bank sent a refusal in place of results.
	Refused bool
}

// twice says that the file must be read two times, since its batch's head is
// known only at its end.
func (l *Layout) twice() bool { return l.Content == Instructions && !l.announced() }

// Read reads the rows that scan gives to its Reader and emits the records of the
// file. Where the batch's totals do not stand before its rows, scan is called
// twice and must give the same rows both times.
func Read(l *Layout, scan func(*Reader) error, emit bank.Emit) (Summary, error) {
	if err := l.Validate(); err != nil {
		return Summary{}, err
	}
	if !l.twice() {
		return newReader(l, emit).read(scan)
	}
	first := newReader(l, nil)
	found, err := first.read(scan)
	if err != nil {
		return Summary{}, err
	}
	second := newReader(l, emit)
	second.batch = first.batch
	second.batch.Count = int(found.Rows)
	if l.has(Amount) {
		second.batch.Sum = bank.FigureOf(found.Sum)
	}
	second.expected = &found
	return second.read(scan)
}

// Reader understands the rows of one file and emits its records. With emit nil it
// only counts.
type Reader struct {
	l      *Layout
	emit   bank.Emit
	coder  *Coder
	faults []RowFault

	header, trailer []plan
	detail          plan
	reject          plan

	batch     bank.BatchHead
	begun     bool
	headers   int
	isRefused bool
	rows      int64
	total     money.Total
	succeeded tally
	failed    tally
	declared  []declared
	batches   batches
	// problems are contradictions other than of totals.
	problems []bank.Problem
	// open is the number of a last line without an end.
	open int
	// expected is what the first pass found: the second must find it again.
	expected *Summary
	answers  map[string]Answer

	setItem   []func(*bank.BatchItem, string)
	setResult []func(*bank.Result, string)
	// free says which fields of a row are text without a rule.
	free      []bool
	reasonAt  int
	batchAt   int
	hasAmount bool
	figures   []bank.Figure
	// The record just made is kept here, so that it is given memory once.
	lastResult bank.Result
	lastItem   bank.BatchItem
}

type tally struct {
	rows int64
	sum  money.Total
}

// plan is a row prepared for reading.
type plan struct {
	row   Row
	fills []fill
	// ours are the record's values by what the bank writes, a field each.
	ours []map[string]string
}

func (l *Layout) plan(row Row) plan {
	row = l.row(row)
	p := plan{row: row, fills: l.strips(row.Fields), ours: make([]map[string]string, len(row.Fields))}
	for i, f := range row.Fields {
		if len(f.Values) == 0 {
			continue
		}
		p.ours[i] = make(map[string]string, len(f.Values))
		for ours, theirs := range f.Values {
			p.ours[i][theirs] = ours
		}
	}
	return p
}

// declared is a total that the file gives.
type declared struct {
	line  int
	name  FieldName
	count int64
	sum   money.Amount
}

func newReader(l *Layout, emit bank.Emit) *Reader {
	r := &Reader{
		l: l, emit: emit, coder: NewCoder(l.Charset), detail: l.plan(l.detail()), answers: make(map[string]Answer),
	}
	for _, row := range l.Header {
		r.header = append(r.header, l.plan(row))
	}
	for _, row := range l.Trailer {
		r.trailer = append(r.trailer, l.plan(row))
	}
	if l.Reject != nil {
		r.reject = l.plan(Row{Fields: l.Reject.Fields})
	}
	r.batch.Direction, r.batches.end = l.Direction, l.BatchEnd
	r.reasonAt, r.batchAt, r.hasAmount = -1, -1, l.has(Amount)
	for i := range l.Fields {
		f := &l.Fields[i]
		r.setItem = append(r.setItem, itemSetter(f.Name))
		r.setResult = append(r.setResult, resultSetter(f.Name))
		r.free = append(r.free, isFree(f, l.Content))
		switch f.Name { //nolint:exhaustive // only these are looked for
		case Reason:
			r.reasonAt = i
		case BatchID:
			r.batchAt = i
		}
	}
	return r
}

// isFree says that a field takes any text.
func isFree(f *Field, content Content) bool {
	switch f.Name { //nolint:exhaustive // the others are text
	case Amount, Moved, ValueDate, Sequence, ExecutionDate, OwnAccount, Constant:
		return false
	case BatchID:
		if content == Instructions {
			return false
		}
	}
	return !f.Required && f.MaxBytes == 0 && f.Check == ""
}

func (r *Reader) read(scan func(*Reader) error) (Summary, error) {
	kind := "batch"
	if r.l.Content == Results {
		kind = "result"
	}
	if err := r.give(bank.FileHead{Format: string(r.l.Format), Kind: kind}); err != nil {
		return Summary{}, err
	}
	if err := scan(r); err != nil {
		return Summary{}, err
	}
	if len(r.faults) > 0 {
		return Summary{}, &MalformedError{Rows: r.faults}
	}
	if r.isRefused {
		return r.finishRefused()
	}
	if r.rows == 0 && !r.l.EmptyAllowed {
		return Summary{}, ErrEmpty
	}
	return r.finish()
}

// give emits, unless the pass only counts or a row was malformed.
func (r *Reader) give(record bank.Record) error {
	if r.emit == nil || len(r.faults) > 0 {
		return nil
	}
	return r.emit(record)
}

// Fault keeps a malformed row, and stops reading where there are too many.
func (r *Reader) Fault(f RowFault) error {
	r.faults = append(r.faults, f)
	if len(r.faults) >= MaxFaults {
		return &MalformedError{Rows: r.faults, More: true}
	}
	return nil
}

func (r *Reader) finish() (Summary, error) {
	s := Summary{Rows: r.rows, Succeeded: Tally{Rows: r.succeeded.rows}, Failed: Tally{Rows: r.failed.rows}}
	for _, t := range []struct {
		total *money.Total
		sum   *money.Amount
	}{{&r.total, &s.Sum}, {&r.succeeded.sum, &s.Succeeded.Sum}, {&r.failed.sum, &s.Failed.Sum}} {
		sum, err := t.total.Amount()
		if err != nil {
			return Summary{}, ErrSum.Because(err)
		}
		*t.sum = sum
	}
	if s.Sum > money.Max {
		return Summary{}, ErrSum
	}
	if err := r.begin(); err != nil {
		return Summary{}, err
	}
	r.contradictions(&s)
	s.Problems = len(r.problems)
	for _, p := range r.problems {
		if err := r.give(p); err != nil {
			return Summary{}, err
		}
	}
	if r.expected != nil && *r.expected != s {
		return Summary{}, ErrChanged
	}
	end := bank.End{Problems: s.Problems}
	if r.l.Content == Results {
		end.Results = int(r.rows)
	} else {
		end.Items = int(r.rows)
	}
	return s, r.give(end)
}

// finishRefused ends a file that refuses all.
func (r *Reader) finishRefused() (Summary, error) {
	if p, differs := r.batches.problem(); differs {
		r.problems = append(r.problems, p)
	}
	for _, p := range r.problems {
		if err := r.give(p); err != nil {
			return Summary{}, err
		}
	}
	n := len(r.problems)
	return Summary{Refused: true, Problems: n}, r.give(bank.End{Results: 1, Problems: n})
}

// contradictions gathers what the whole file shows to be wrong.
func (r *Reader) contradictions(s *Summary) {
	for _, d := range r.declared {
		if text := d.contradiction(s); text != "" {
			r.problems = append(r.problems, bank.Problem{
				Severity: bank.SeverityError, Code: "control_total", Line: d.line, Path: string(d.name), Text: text,
			})
		}
	}
	if p, differs := r.batches.problem(); differs {
		r.problems = append(r.problems, p)
	}
	if r.open > 0 && r.rows > 0 && !r.l.counted() {
		r.problems = append(r.problems, bank.Problem{
			Severity: bank.SeverityWarning, Code: "last_line_open", Line: r.open, Path: "",
			Text: "the last line has no end, and the file no total by which a cut would be seen",
		})
	}
}

// contradiction says how a total that the file gives differs from its rows.
func (d *declared) contradiction(s *Summary) string {
	rows, sum, which := s.Rows, s.Sum, ""
	switch d.name { //nolint:exhaustive // the other totals are of all rows
	case SucceededCount, SucceededSum:
		rows, sum, which = s.Succeeded.Rows, s.Succeeded.Sum, " that succeeded"
	case FailedCount, FailedSum:
		rows, sum, which = s.Failed.Rows, s.Failed.Sum, " that failed"
	}
	switch {
	case isSum(d.name) && d.sum != sum:
		return fmt.Sprintf("the file says %s in all and its rows%s make %s", d.sum, which, sum)
	case !isSum(d.name) && d.count != rows:
		return fmt.Sprintf("the file says %d rows%s and has %d", d.count, which, rows)
	}
	return ""
}

// begin emits the head of a batch of instructions, once.
func (r *Reader) begin() error {
	if r.begun || r.l.Content == Results {
		return nil
	}
	r.begun = true
	return r.give(r.batch)
}

// clean strips a row's fields and gives empty ones their default; it returns a
// fault where the number of fields is wrong.
func (r *Reader) clean(p *plan, line int, fields []string) *RowFault {
	if len(fields) != len(p.row.Fields) {
		return &RowFault{
			Line: line, Code: "fields", Want: strconv.Itoa(len(p.row.Fields)) + " fields",
			Got: strconv.Itoa(len(fields)),
		}
	}
	if p.fills != nil {
		r.l.stripAll(p.fills, fields)
	}
	for i := range fields {
		f := &p.row.Fields[i]
		if fields[i] == "" && f.Default != "" && f.Name != Ignored {
			fields[i] = f.Default
			continue
		}
		if p.ours[i] == nil || fields[i] == "" {
			continue
		}
		ours, ok := p.ours[i][fields[i]]
		if !ok {
			return r.wrong(p, line, i, fields[i], problem{"value", "a value that the layout lists"})
		}
		fields[i] = ours
	}
	return nil
}

// problem is a fault's code and what was expected.
type problem struct{ code, want string }

func (r *Reader) wrong(p *plan, line, i int, text string, what problem) *RowFault {
	f := &p.row.Fields[i]
	if f.Width > 0 && isNumber(f.Name) && text != "" && strings.TrimSpace(text) != text {
		what.want += `, without blanks (where the bank fills with blanks, the field needs pad: " ")`
	}
	return &RowFault{
		Line: line, Code: what.code, Field: f.Name, Column: i + 1, Want: what.want, Got: Seen(f.Name, text),
	}
}

// totals takes a header or trailer row.
func (r *Reader) totals(p *plan, line int, fields []string) error {
	if f := r.clean(p, line, fields); f != nil {
		return r.Fault(*f)
	}
	for i := range p.row.Fields {
		if what := r.fact(&p.row.Fields[i], line, fields[i]); what.code != "" {
			return r.Fault(*r.wrong(p, line, i, fields[i], what))
		}
	}
	return nil
}

// fact takes one field of a header or trailer.
func (r *Reader) fact(f *Field, line int, text string) problem {
	if what := r.rules(f, text); what.code != "" {
		return what
	}
	switch f.Name { //nolint:exhaustive // Validate allows only these in totals
	case Count, SucceededCount, FailedCount:
		n, ok := parseCount(text)
		if !ok {
			return problem{"amount", "a whole number"}
		}
		r.declared = append(r.declared, declared{line: line, name: f.Name, count: n})
		if f.Name == Count {
			r.batch.Count = int(n)
		}
	case Sum, SucceededSum, FailedSum:
		a, ok := r.l.parseAmount(r.l.totalsUnit(), text)
		if !ok {
			return problem{"amount", amountWords(r.l.totalsUnit())}
		}
		r.declared = append(r.declared, declared{line: line, name: f.Name, sum: a})
		if f.Name == Sum {
			r.batch.Sum = bank.FigureOf(a)
		}
	case BatchID:
		r.batches.take(line, text)
		if r.batch.BatchID == "" {
			r.batch.BatchID = text
		}
	case Account:
		r.batch.Account = text
	case ExecutionDate:
		d, ok := parseDate(text)
		if !ok {
			return problem{"date", "a day"}
		}
		r.batch.ExecutionDate = d
	}
	return problem{}
}

// rules checks what every field must keep.
func (r *Reader) rules(f *Field, text string) problem {
	if f.Required && text == "" {
		return problem{"required", "a value"}
	}
	if f.MaxBytes > 0 {
		if width, err := r.coder.Width(text); err != nil || width > f.MaxBytes {
			return problem{"too_long", "at most " + strconv.Itoa(f.MaxBytes) + " bytes"}
		}
	}
	if f.Name == Constant && text != f.Text {
		return problem{"constant", strconv.Quote(f.Text)}
	}
	if f.Check != "" {
		if err := f.Check.passes(text); err != nil {
			return problem{"check", err.Error()}
		}
	}
	return problem{}
}

// Total takes a sheet's total row: the text of the column of the amount, or
// nothing where it is empty.
func (r *Reader) Total(line int, sum string) error {
	i := 0
	for r.l.Fields[i].Name != Amount {
		i++
	}
	if sum == "" {
		return nil
	}
	a, ok := r.l.parseAmount(r.l.totalsUnit(), sum)
	if !ok {
		return r.Fault(*r.wrong(&r.detail, line, i, sum, problem{"amount", amountWords(r.l.totalsUnit())}))
	}
	r.declared = append(r.declared, declared{line: line, name: Sum, sum: a})
	return nil
}

// refused takes the line that a bank sends in place of results.
func (r *Reader) refused(line int, fields []string) error {
	r.isRefused = true
	p := &r.reject
	if f := r.clean(p, line, fields); f != nil {
		return r.Fault(*f)
	}
	v := bank.Result{Line: line, Level: r.l.Reject.Level}
	reason := ""
	for i, text := range fields {
		f := &p.row.Fields[i]
		if what := r.rules(f, text); what.code != "" {
			return r.Fault(*r.wrong(p, line, i, text, what))
		}
		switch f.Name { //nolint:exhaustive // Validate allows only these in a refusal
		case BatchID:
			v.BatchID = text
			r.batches.take(line, text)
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
	answer, contradicts := r.l.refusal(v.Code, reason)
	v.Outcome, v.Class = answer.Outcome, answer.Class
	if err := r.give(v); err != nil || !contradicts {
		return err
	}
	r.problems = append(r.problems, bank.Problem{
		Severity: bank.SeverityError, Code: "contradiction", Line: line, Path: string(Code),
		Text: "the file stands in the place of a refusal, and " + strconv.Quote(clip(v.Code)) + " says success",
	})
	return nil
}

// Row takes one item or result. The fields are changed where they are stripped.
func (r *Reader) Row(line int, fields []string) error {
	r.rows++
	if r.l.RowLimit > 0 && r.rows > int64(r.l.RowLimit) {
		return ErrRows.With("the file has more than %d rows", r.l.RowLimit).At(line)
	}
	if f := r.clean(&r.detail, line, fields); f != nil {
		return r.Fault(*f)
	}
	v := values{}
	for i := range r.l.Fields {
		if r.free[i] {
			continue
		}
		if what := r.check(&r.l.Fields[i], fields[i], &v); what.code != "" {
			return r.Fault(*r.wrong(&r.detail, line, i, fields[i], what))
		}
	}
	r.total.Add(v.amount)
	if r.batchAt >= 0 {
		r.batches.take(line, fields[r.batchAt])
	}
	if r.emit == nil || len(r.faults) > 0 {
		return nil
	}
	if err := r.begin(); err != nil {
		return err
	}
	if r.l.Content == Results {
		r.lastResult = bank.Result{}
		r.result(line, fields, &v, &r.lastResult)
		return r.emit(r.lastResult)
	}
	r.lastItem = bank.BatchItem{}
	r.item(fields, &v, &r.lastItem)
	return r.emit(r.lastItem)
}

// values are the parsed fields of a row.
type values struct {
	amount, moved money.Amount
	hasMoved      bool
	day           calendar.Day
}

// check checks one field and leaves its value.
func (r *Reader) check(f *Field, text string, v *values) problem {
	if what := r.rules(f, text); what.code != "" {
		return what
	}
	var ok bool
	switch f.Name { //nolint:exhaustive // the others are text as it is
	case Amount:
		if v.amount, ok = r.l.parseAmount(r.l.Unit, text); !ok {
			return problem{"amount", amountWords(r.l.Unit)}
		}
	case Moved:
		if v.hasMoved = text != ""; !v.hasMoved {
			return problem{}
		}
		if v.moved, ok = r.l.parseAmount(r.l.Unit, text); !ok {
			return problem{"amount", amountWords(r.l.Unit)}
		}
	case ValueDate:
		if v.day, ok = parseDate(text); !ok {
			return problem{"date", "a day"}
		}
	case Sequence:
		if n, ok := parseCount(text); !ok || n != r.rows {
			return problem{"sequence", "the row's number, " + strconv.FormatInt(r.rows, 10)}
		}
	case BatchID, OwnAccount, ExecutionDate:
		return r.same(f.Name, text)
	}
	return problem{}
}

// same checks what all rows of a batch must have in common.
func (r *Reader) same(name FieldName, text string) problem {
	if r.l.Content == Results {
		return problem{}
	}
	differs := problem{"batch_differs", "what the rows before it have"}
	first := r.rows == 1
	switch name { //nolint:exhaustive // only these are the batch's
	case BatchID:
		if (!first || r.batch.BatchID != "") && text != r.batch.BatchID {
			return differs
		}
		r.batch.BatchID = strings.Clone(text)
	case OwnAccount:
		if (!first || r.batch.Account != "") && text != r.batch.Account {
			return differs
		}
		r.batch.Account = strings.Clone(text)
	case ExecutionDate:
		d, ok := parseDate(text)
		if !ok {
			return problem{"date", "a day"}
		}
		if (!first || !r.batch.ExecutionDate.IsZero()) && d != r.batch.ExecutionDate {
			return differs
		}
		r.batch.ExecutionDate = d
	}
	return problem{}
}
