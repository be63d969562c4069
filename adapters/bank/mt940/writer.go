package mt940

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
)

const (
	widthReference = 16
	widthAccount   = 35
	widthAmount    = 15
	linesText      = 6
	partsText      = 14
)

// WriterOptions say how a file is written.
type WriterOptions struct {
	// Charset of the file; Automatic is SWIFT's set X and refuses every other character.
	Charset Charset
	// Lost is told each fact that MT940 has no room for, as a Problem of code
	// "lost", and the file is written without it, unless Lost returns an error.
	// Where Lost is nil such a fact is ErrLoss.
	Lost func(bank.Problem) error
}

// Writer writes MT940 from records: FileHead, then each StatementHead with its
// entries, one message a statement, without the envelope. The message id goes to
// :20:; a statement needs its account, currency, opening and closing balance with
// their days, an entry its value date.
//
// Nothing is cut and no character is replaced. MT940 has no details: an only
// detail that says what its entry says is no loss, and its text is the entry's
// where that has none. Problem and End records are taken and not written. It is
// not safe for concurrent use.
type Writer struct {
	w     *bufio.Writer
	coder *coder
	lost  func(bank.Problem) error
	err   error
	line  []byte

	reference string
	headed    bool
	open      bool
	head      bank.StatementHead
	statement int
	entries   int
	// entry is held back until its details were seen.
	entry   *bank.StatementEntry
	details int
	only    bank.EntryDetail
}

// NewWriter makes a writer on w.
func NewWriter(w io.Writer, o WriterOptions) *Writer {
	return &Writer{ //nolint:exhaustruct // nothing was written yet
		w: bufio.NewWriterSize(w, 64<<10), coder: newCoder(o.Charset), lost: o.Lost,
	}
}

// Write takes the next record; it is a bank.Emit. After an error the file is worth
// nothing and every later call returns that error.
func (w *Writer) Write(r bank.Record) error {
	if w.err != nil {
		return w.err
	}
	switch v := r.(type) {
	case bank.FileHead:
		w.fileHead(v)
	case bank.StatementHead:
		w.statementHead(v)
	case bank.StatementEntry:
		w.entryHead(v)
	case bank.EntryDetail:
		w.detail(v)
	case bank.Problem, bank.End:
	default:
		w.fail(ErrOrder.With("a statement holds no batches and no results"))
	}
	return w.err
}

// Close ends the file. It does not close the underlying writer.
func (w *Writer) Close() error {
	w.endStatement()
	if w.err == nil && w.statement == 0 {
		w.fail(ErrOrder.With("a statement file holds at least one statement"))
	}
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// refuse is fail with the place of the record that cannot be written.
func (w *Writer) refuse(err *fault.Error) {
	if place := w.place(); place != "" {
		err = err.With("%s: %s", place, err.Text)
	}
	w.fail(err)
}

// place names the statement and the entry being written, counted from 0 like their
// records; "" before the first statement.
func (w *Writer) place() string {
	switch {
	case w.statement == 0:
		return ""
	case w.entry == nil:
		return fmt.Sprintf("statement %d", w.statement-1)
	}
	return fmt.Sprintf("statement %d, entry %d", w.statement-1, w.entry.Index)
}

// lose tells a loss, or refuses it where the caller takes none.
func (w *Writer) lose(field, format string, args ...any) {
	if w.err != nil {
		return
	}
	if w.lost == nil {
		w.refuse(ErrLoss.With(format, args...).On(field))
		return
	}
	if err := w.lost(bank.Problem{
		Severity: bank.SeverityWarning, Code: "lost", Line: 0, Path: w.place(),
		Text: field + ": " + fmt.Sprintf(format, args...),
	}); err != nil {
		w.fail(err)
	}
}

// put writes lines in the file's charset.
func (w *Writer) put(lines ...string) {
	for _, line := range lines {
		if w.err != nil {
			return
		}
		encoded, ok := w.coder.encode(w.line[:0], line)
		if w.line = encoded; !ok {
			w.refuse(ErrCharset.With("a value has %s", w.lacking()))
			return
		}
		if _, err := w.w.Write(append(w.line, "\r\n"...)); err != nil {
			w.fail(err)
		}
	}
}

func (w *Writer) charset() string {
	if w.coder.charset == Automatic {
		return "SWIFT's set X"
	}
	return w.coder.charset.String()
}

// lacks says that the charset has not every character of a text.
func (w *Writer) lacks(text string) bool {
	_, ok := w.coder.encode(nil, text)
	return !ok
}

// lacking says what a text has that lacks was true of.
func (w *Writer) lacking() string {
	if w.coder.charset == Automatic {
		return "characters that SWIFT's set X lacks; name a charset"
	}
	return "characters that " + w.charset() + " lacks"
}

// unfit says why a text does not fit a width.
func (w *Writer) unfit(text string, width int) string {
	if w.lacks(text) {
		return w.lacking()
	}
	return fmt.Sprintf("not the form of at most %d characters that MT940 demands", width)
}

// fits says that a text can stand in one line of a charset that has it.
func (w *Writer) fits(text string, width int) bool {
	return !w.lacks(text) && utf8.RuneCountInString(text) <= width && strings.TrimSpace(text) == text &&
		strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7F }) < 0
}

func (w *Writer) fileHead(h bank.FileHead) {
	if w.headed {
		w.fail(ErrOrder.With("a file has one head"))
		return
	}
	w.headed, w.reference = true, cmp.Or(h.MessageID, "NONREF")
	if h.MessageID != "" && !w.isReference(h.MessageID) {
		w.lose("message_id", "the message id has %s", w.unfit(h.MessageID, widthReference))
		w.reference = "NONREF"
	}
	if h.Created != "" {
		w.lose("created", "MT940 has no instant of creation")
	}
}

// isReference says that a text reads back as a reference of 16x.
func (w *Writer) isReference(s string) bool {
	return w.fits(s, widthReference) && reference(s) == s && !strings.Contains(s, "//") &&
		!strings.HasPrefix(s, "/") && !strings.HasSuffix(s, "/")
}

func (w *Writer) statementHead(h bank.StatementHead) {
	if !w.headed || h.Index != w.statement {
		w.fail(ErrOrder.With("statement %d does not follow", h.Index))
		return
	}
	w.endStatement()
	w.statement++
	w.head, w.entries, w.open = h, 0, true
	switch {
	case w.lacks(h.Account):
		w.refuse(ErrLoss.With("the account has %s", w.lacking()).On("account"))
	case h.Account == "" || !w.fits(h.Account, widthAccount):
		w.refuse(ErrLoss.With("a statement needs an account of at most %d characters", widthAccount).On("account"))
	case !isCurrency(h.Currency):
		w.refuse(ErrLoss.With("a statement needs a currency of three capital letters").On("currency"))
	case h.Opening == nil || h.Closing == nil:
		w.refuse(ErrLoss.With("a statement needs its opening and its closing balance").On("opening"))
	case h.From.IsZero() || h.To.IsZero():
		w.refuse(ErrLoss.With("a statement needs the days of its balances").On("from"))
	}
	number := h.Number
	if number == "" {
		w.lose("number", "MT940 numbers every statement; 0 stands for none")
		number = "0"
	}
	if h.Page != "" {
		number += "/" + h.Page
	}
	if !isNumber(h.Number, true) || !isNumber(h.Page, true) {
		w.refuse(ErrLoss.With("number and page are at most five digits").On("number"))
	}
	w.put(":20:"+w.reference, ":25:"+h.Account, ":28C:"+number,
		":60F:"+w.balance("opening", h.Opening, h.From))
}

func isNumber(s string, optional bool) bool {
	return len(s) <= 5 && allDigits([]byte(s)) && (optional || s != "")
}

// endStatement writes the foot of the statement that is open.
func (w *Writer) endStatement() {
	w.endEntry()
	if w.open && w.err == nil {
		w.put(":62F:"+w.balance("closing", w.head.Closing, w.head.To), "-")
	}
	w.open = false
}

func (w *Writer) balance(field string, f *bank.Figure, day calendar.Day) string {
	if f == nil || w.err != nil {
		return ""
	}
	mark, text := "C", f.String()
	if f.IsNegative() {
		mark, text = "D", text[1:]
	}
	return mark + w.date(field, day) + w.head.Currency + w.amount(field, text)
}

// date writes YYMMDD.
func (w *Writer) date(field string, day calendar.Day) string {
	compact := day.Compact()
	if len(compact) != 8 || century([]byte(compact[2:])) != day.Year() {
		w.refuse(ErrLoss.With("a day must lie between 1980 and 2079").On(field))
		return ""
	}
	return compact[2:]
}

// amount writes a figure with a comma, in at most 15 characters.
func (w *Writer) amount(field, text string) string {
	if len(text) > widthAmount {
		w.refuse(ErrLoss.With("an amount has at most %d characters", widthAmount).On(field))
	}
	return strings.Replace(text, ".", ",", 1)
}

func (w *Writer) entryHead(e bank.StatementEntry) {
	w.endEntry()
	if !w.open || e.Statement != w.statement-1 || e.Index != w.entries {
		w.fail(ErrOrder.With("entry %d of statement %d does not follow", e.Index, e.Statement))
		return
	}
	w.entries++
	w.entry, w.details = &e, 0
}

func (w *Writer) detail(d bank.EntryDetail) {
	if w.entry == nil || d.Statement != w.statement-1 || d.Entry != w.entries-1 || d.Index != w.details {
		w.fail(ErrOrder.With("detail %d of entry %d does not follow", d.Index, d.Entry))
		return
	}
	w.details++
	w.only = d
}

// endEntry writes the entry that was held back.
func (w *Writer) endEntry() {
	if w.entry == nil || w.err != nil {
		return
	}
	e := *w.entry
	if w.details != e.Details {
		w.refuse(ErrOrder.With("an entry announced %d details and had %d", e.Details, w.details))
		return
	}
	w.mergeDetail(&e)
	w.writeEntry(&e)
	w.entry = nil
}

// mergeDetail gives an entry what its only detail says, and tells what is lost.
func (w *Writer) mergeDetail(e *bank.StatementEntry) {
	if e.Details == 0 {
		return
	}
	d := w.only
	if e.Details > 1 {
		w.lose("details", "MT940 has no room for the %d details of an entry", e.Details)
		return
	}
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&e.EndToEndID, d.EndToEndID},
		{&e.Counterparty, d.Counterparty},
		{&e.CounterpartyAccount, d.CounterpartyAccount},
		{&e.Text, d.Text},
	} {
		if *f.to == "" {
			*f.to = f.from
		}
		if f.from != "" && *f.to != f.from {
			w.lose("details", "the detail of an entry says another thing than the entry")
			break
		}
	}
	if d.Amount != nil && d.Amount.Compare(e.Amount) != 0 {
		w.lose("details", "the detail of an entry has another amount than the entry")
	}
	if d.ReturnCode != "" {
		w.lose("return_code", "MT940 has no room for a return code")
	}
}

// writeEntry writes :61: and :86:, after proving that they read back to the entry.
func (w *Writer) writeEntry(e *bank.StatementEntry) {
	mark, ok := markOf(e)
	if !ok {
		w.lose("status", "an entry that is neither booked nor pending is left out")
		return
	}
	if e.ValueDate.IsZero() {
		w.lose("value_date", "MT940 has no entry without a value date; the booking date stands for it")
		e.ValueDate = e.BookingDate
	}
	line := w.date("value_date", e.ValueDate)
	if !e.BookingDate.IsZero() {
		if apart(e.BookingDate, e.ValueDate) > 180 {
			w.refuse(ErrLoss.With("booking and value date are more than half a year apart").On("booking_date"))
			return
		}
		line += e.BookingDate.Compact()[4:]
	}
	line += mark + w.amount("amount", e.Amount.String()) + "NMSC"
	customer := "NONREF"
	if e.EndToEndID != "" && w.isReference(e.EndToEndID) {
		customer = e.EndToEndID
	}
	line += customer
	if e.BankReference != "" && !w.isReference(e.BankReference) {
		w.lose("bank_reference", "the bank's reference has %s", w.unfit(e.BankReference, widthReference))
		e.BankReference = ""
	}
	if e.BankReference != "" {
		line += "//" + e.BankReference
	}
	if w.err != nil {
		return
	}
	for _, text := range w.texts(e, customer) {
		if w.readsBack(e, line, text) {
			w.put(":61:" + line)
			if text != nil {
				text[0] = ":86:" + text[0]
				w.put(text...)
			}
			return
		}
	}
	w.refuse(w.whyNot(e))
}

// whyNot says why the texts of an entry do not fit :86:.
func (w *Writer) whyNot(e *bank.StatementEntry) *fault.Error {
	for _, f := range []struct{ field, text string }{
		{"text", e.Text},
		{"counterparty", e.Counterparty},
		{"counterparty_account", e.CounterpartyAccount},
		{"end_to_end_id", e.EndToEndID},
		{"batch_id", e.BatchID},
	} {
		if w.lacks(f.text) {
			return ErrLoss.With("the %s has %s", f.field, w.lacking()).On(f.field)
		}
	}
	lines := textLines(e.Text)
	for i, line := range lines {
		switch {
		case i == 0 || line == "":
		case isEnd([]byte(line)):
			return ErrLoss.With("line %d of the text is - or begins with -}, which ends a message", i+1).On("text")
		case isTagged(line):
			return ErrLoss.With("line %d of the text begins like a tag of MT940", i+1).On("text")
		case isEnvelope([]byte(line)):
			return ErrLoss.With("line %d of the text begins like an envelope of SWIFT", i+1).On("text")
		case !mayBegin(line) && len(lines) <= linesText:
			return ErrLoss.With("line %d of the text, which is cut at %d characters, would begin with %c",
				i+1, widthText, line[0]).On("text")
		}
	}
	return ErrLoss.With("the texts of an entry do not fit :86:, which has %d lines of %d characters in %s",
		linesText, widthText, w.charset()).On("text")
}

func markOf(e *bank.StatementEntry) (string, bool) {
	credit := e.Direction == bank.Credit
	if e.Direction == bank.NoDirection {
		return "", false
	}
	switch {
	case e.Status == "pending" && !e.Reversal:
		return map[bool]string{true: "EC", false: "ED"}[credit], true
	case e.Status != "booked":
		return "", false
	case e.Reversal:
		return map[bool]string{true: "RD", false: "RC"}[credit], true
	}
	return map[bool]string{true: "C", false: "D"}[credit], true
}

// texts returns the ways to write :86: that may hold what an entry says, the
// plainest first; nil is no :86: at all.
func (w *Writer) texts(e *bank.StatementEntry, customer string) [][]string {
	plain := customer == e.EndToEndID || e.EndToEndID == ""
	var ways [][]string
	if plain && e.BatchID == "" && e.Counterparty == "" && e.CounterpartyAccount == "" {
		if e.Text == "" {
			return [][]string{nil}
		}
		ways = append(ways, textLines(e.Text))
	}
	if strings.Contains(e.Text, "\n") {
		return ways
	}
	remittance := e.Text
	if !plain || e.BatchID != "" {
		remittance = ""
		if !plain {
			remittance += "EREF+" + e.EndToEndID + " "
		}
		if e.BatchID != "" {
			remittance += "KREF+" + e.BatchID + " "
		}
		if e.Text != "" {
			remittance += "SVWZ+" + e.Text
		}
		remittance = strings.TrimRight(remittance, " ")
	}
	var b strings.Builder
	b.WriteString("000")
	for i, part := range chunks(remittance) {
		code := 20 + i
		if i >= 10 {
			code = 50 + i
		}
		if i >= partsText {
			return ways
		}
		b.WriteString("?" + strconv.Itoa(code) + part)
	}
	if e.CounterpartyAccount != "" {
		b.WriteString("?31" + e.CounterpartyAccount)
	}
	for i, part := range chunks(e.Counterparty) {
		if i > 1 {
			return ways
		}
		b.WriteString("?" + strconv.Itoa(32+i) + part)
	}
	return append(ways, fold(b.String(), false))
}

// textLines are the lines of a plain :86:. One that SWIFT would not let begin so goes
// behind a blank, which readers drop. One that is an end or a tag by itself stays, to be
// refused: a system that takes off blanks before it looks would be led astray.
func textLines(text string) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		if len(lines) > 0 && line != "" && !mayBegin(line) && !isEnd([]byte(line)) && !isTagged(line) &&
			!isEnvelope([]byte(line)) {
			line = " " + line
		}
		lines = append(lines, fold(line, true)...)
	}
	return lines
}

// mayBegin says that a line but the first of a field may begin as this one does.
func mayBegin(line string) bool { return line[0] != ':' && line[0] != '-' && line[0] != '{' }

func isTagged(line string) bool {
	_, _, ok := tagOf([]byte(line))
	return ok
}

// chunks cuts a text into parts of 27 characters.
func chunks(text string) []string {
	runes := []rune(text)
	var parts []string
	for len(runes) > 0 {
		n := min(len(runes), widthPart)
		parts = append(parts, string(runes[:n]))
		runes = runes[n:]
	}
	return parts
}

// fold cuts a text into lines. No line begins with a colon or a hyphen, which SWIFT
// takes for a tag or an end, and none begins or ends with a blank. Full lines only
// are cut where the reader tells a cut by the width.
func fold(text string, full bool) []string {
	runes := []rune(text)
	var lines []string
	for len(runes) > widthText {
		n := widthText
		for !full && n > 1 && (strings.ContainsRune(":- ", runes[n]) || runes[n-1] == ' ') {
			n--
		}
		lines = append(lines, string(runes[:n]))
		runes = runes[n:]
	}
	return append(lines, string(runes))
}

// readsBack says that what would be written is what a reader makes the entry of.
func (w *Writer) readsBack(e *bank.StatementEntry, line string, text []string) bool {
	if len(text) > linesText {
		return false
	}
	for i, t := range text {
		if utf8.RuneCountInString(t) > widthText || t == "" || i > 0 && !mayBegin(t) ||
			!w.fits(strings.TrimSpace(t), widthText) {
			return false
		}
	}
	l, err := parse61([]byte(line), true)
	if err != nil {
		return false
	}
	got := record(&l, strings.Join(text, "\n"))
	want := *e
	want.Statement, want.Index, want.Details = 0, 0, 0
	if got.Amount.Compare(want.Amount) != 0 {
		return false
	}
	got.Amount = want.Amount
	return got == want
}
