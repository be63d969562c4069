package jsonl

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
)

// ErrText is a text that JSON cannot carry unchanged: not UTF-8.
var ErrText = fault.New(fault.Invalid, "text", "a text is not UTF-8")

var errRecord = errors.New("a record of a kind that canonical JSON Lines do not know")

const (
	flushAt = 64 << 10
	hex     = "0123456789abcdef"
)

// Writer writes records as lines. It does not check their order: the reader
// does. It is not safe for concurrent use.
type Writer struct {
	w   io.Writer
	buf []byte
	err error
}

// NewWriter makes a writer on w; Close must follow the last record.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w, buf: make([]byte, 0, flushAt+4<<10)} }

// Write takes the next record; it is a bank.Emit.
func (w *Writer) Write(r bank.Record) error {
	if w.err != nil {
		return w.err
	}
	l := line{buf: w.buf}
	switch v := r.(type) {
	case bank.FileHead:
		l.fileHead(v)
	case bank.StatementHead:
		l.statementHead(v)
	case bank.StatementEntry:
		l.entry(&v)
	case bank.EntryDetail:
		l.detail(&v)
	case bank.BatchHead:
		l.batchHead(v)
	case bank.BatchItem:
		l.item(&v)
	case bank.Result:
		l.result(&v)
	case bank.Problem:
		l.problem(v)
	case bank.End:
		l.end(v)
	default:
		l.err = errRecord
	}
	if l.err != nil {
		w.err = fmt.Errorf("write %T: %w", r, l.err)
		return w.err
	}
	w.buf = append(l.buf, '}', '\n')
	if len(w.buf) >= flushAt {
		w.flush()
	}
	return w.err
}

// Close writes what is left. It does not close the underlying writer.
func (w *Writer) Close() error {
	w.flush()
	return w.err
}

func (w *Writer) flush() {
	if w.err == nil && len(w.buf) > 0 {
		_, w.err = w.w.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

// line is one object being written.
type line struct {
	buf []byte
	err error
}

func (l *line) begin(kind string) {
	l.buf = append(l.buf, `{"type":"`...)
	l.buf = append(l.buf, kind...)
	l.buf = append(l.buf, '"')
}

func (l *line) key(name string) {
	l.buf = append(l.buf, ',', '"')
	l.buf = append(l.buf, name...)
	l.buf = append(l.buf, '"', ':')
}

func (l *line) text(name, s string) {
	if s == "" {
		return
	}
	l.key(name)
	l.quote(s)
}

func (l *line) number(name string, n int) {
	l.key(name)
	l.buf = strconv.AppendInt(l.buf, int64(n), 10)
}

func (l *line) boolean(name string, b bool) {
	l.key(name)
	l.buf = strconv.AppendBool(l.buf, b)
}

func (l *line) figure(name string, f bank.Figure) {
	l.key(name)
	l.buf = append(l.buf, '"')
	l.buf = append(l.buf, f.String()...)
	l.buf = append(l.buf, '"')
}

func (l *line) maybe(name string, f *bank.Figure) {
	if f != nil {
		l.figure(name, *f)
	}
}

func (l *line) day(name string, d calendar.Day) {
	if d.IsZero() {
		return
	}
	l.key(name)
	year, month, day := d.Year(), d.Month().Number(), d.DayOfMonth()
	l.buf = append(l.buf, '"', digit(year/1000), digit(year/100), digit(year/10), digit(year), '-',
		digit(month/10), digit(month), '-', digit(day/10), digit(day), '"')
}

func digit(n int) byte { return byte('0' + n%10) }

// quote writes a JSON string: everything as it is but quotes, backslashes and
// control characters.
func (l *line) quote(s string) {
	if !utf8.ValidString(s) {
		l.err = ErrText
		return
	}
	l.buf = append(l.buf, '"')
	plain := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		l.buf = append(l.buf, s[plain:i]...)
		plain = i + 1
		switch c {
		case '"', '\\':
			l.buf = append(l.buf, '\\', c)
		case '\n':
			l.buf = append(l.buf, '\\', 'n')
		case '\r':
			l.buf = append(l.buf, '\\', 'r')
		case '\t':
			l.buf = append(l.buf, '\\', 't')
		default:
			l.buf = append(l.buf, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	l.buf = append(l.buf, s[plain:]...)
	l.buf = append(l.buf, '"')
}

func (l *line) fileHead(v bank.FileHead) {
	l.begin("file")
	l.text("format", v.Format)
	l.text("kind", v.Kind)
	l.text("message_id", v.MessageID)
	l.text("created", v.Created)
}

func (l *line) statementHead(v bank.StatementHead) {
	l.begin("statement")
	l.number("index", v.Index)
	l.text("account", v.Account)
	l.text("currency", v.Currency)
	l.text("number", v.Number)
	l.text("page", v.Page)
	l.maybe("opening", v.Opening)
	l.maybe("closing", v.Closing)
	if v.Balanced != nil {
		l.boolean("balanced", *v.Balanced)
	}
	l.day("from", v.From)
	l.day("to", v.To)
}

func (l *line) entry(v *bank.StatementEntry) {
	l.begin("entry")
	l.number("statement", v.Statement)
	l.number("index", v.Index)
	l.unsigned("amount", v.Amount)
	l.text("direction", v.Direction.String())
	l.text("status", v.Status)
	l.day("booking_date", v.BookingDate)
	l.day("value_date", v.ValueDate)
	l.text("bank_reference", v.BankReference)
	l.text("end_to_end_id", v.EndToEndID)
	l.text("batch_id", v.BatchID)
	l.boolean("reversal", v.Reversal)
	l.number("details", v.Details)
	l.text("text", v.Text)
	l.text("counterparty", v.Counterparty)
	l.text("counterparty_account", v.CounterpartyAccount)
}

// unsigned writes an amount, which has no sign: the direction says it.
func (l *line) unsigned(name string, f bank.Figure) {
	if f.IsNegative() {
		l.err = fault.New(fault.Invalid, "amount", "an amount has no sign").On(name)
	}
	l.figure(name, f)
}

// present writes an amount that a file may lack altogether, such as the sum of
// accounts to be opened; the zero Figure stands for that.
func (l *line) present(name string, f bank.Figure) {
	if f != (bank.Figure{}) {
		l.unsigned(name, f)
	}
}

func (l *line) detail(v *bank.EntryDetail) {
	l.begin("detail")
	l.number("statement", v.Statement)
	l.number("entry", v.Entry)
	l.number("index", v.Index)
	if v.Amount != nil {
		l.unsigned("amount", *v.Amount)
	}
	l.text("direction", v.Direction.String())
	l.text("end_to_end_id", v.EndToEndID)
	l.text("counterparty", v.Counterparty)
	l.text("counterparty_account", v.CounterpartyAccount)
	l.text("return_code", v.ReturnCode)
	l.text("text", v.Text)
}

func (l *line) batchHead(v bank.BatchHead) {
	l.begin("batch")
	l.number("index", v.Index)
	l.text("direction", v.Direction.String())
	l.text("batch_id", v.BatchID)
	l.number("count", v.Count)
	l.present("sum", v.Sum)
	l.day("execution_date", v.ExecutionDate)
	l.text("account", v.Account)
}

func (l *line) item(v *bank.BatchItem) {
	l.begin("item")
	l.number("batch", v.Batch)
	l.number("index", v.Index)
	l.text("item_id", v.ItemID)
	l.present("amount", v.Amount)
	l.text("currency", v.Currency)
	l.text("name", v.Name)
	l.text("account", v.Account)
	l.text("bank", v.Bank)
	l.text("mandate", v.Mandate)
	l.text("text", v.Text)
	l.text("id_number", v.IDNumber)
	l.text("social_no", v.SocialNo)
	l.text("region", v.Region)
}

func (l *line) result(v *bank.Result) {
	l.begin("result")
	l.number("batch", v.Batch)
	l.number("index", v.Index)
	l.text("item_id", v.ItemID)
	l.text("level", v.Level)
	l.text("outcome", v.Outcome.String())
	l.text("class", string(v.Class))
	l.text("code", v.Code)
	l.text("text", v.Text)
	if v.Amount != nil {
		l.unsigned("amount", *v.Amount)
	}
	if v.Line != 0 {
		l.number("line", v.Line)
	}
	l.text("batch_id", v.BatchID)
	l.text("social_no", v.SocialNo)
	l.text("name", v.Name)
	l.text("id_number", v.IDNumber)
	l.text("account", v.Account)
	l.text("region", v.Region)
	l.text("bank_reference", v.BankReference)
	l.day("value_date", v.ValueDate)
	l.text("status", v.Status)
	l.text("message_id", v.MessageID)
}

func (l *line) problem(v bank.Problem) {
	l.begin("problem")
	l.text("severity", string(v.Severity))
	l.text("code", v.Code)
	if v.Line != 0 {
		l.number("line", v.Line)
	}
	l.text("path", v.Path)
	l.text("text", v.Text)
}

func (l *line) end(v bank.End) {
	l.begin("end")
	l.number("entries", v.Entries)
	l.number("items", v.Items)
	l.number("results", v.Results)
	l.number("problems", v.Problems)
}
