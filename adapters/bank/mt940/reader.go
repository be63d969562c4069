package mt940

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

const (
	// MaxHeld is how much of a source that cannot seek is held in memory.
	MaxHeld = 64 << 20
	// maxParts bounds how many pages a file may have; each costs some 500 bytes.
	maxParts        = 50_000
	formatStatement = "mt940"
	formatInterim   = "mt942"
)

// Options say what a file does not say of itself.
type Options struct {
	Charset Charset
}

// Read reads one file and emits its records: a FileHead, every statement with its
// entries in file order and its Problems after them, and End after the whole file
// was read. It stops at the first error, of the file, of the source, of ctx or of
// emit; records emitted before an error do not count.
//
// Where r is an io.Seeker the file is read twice from the place where r stands;
// else at most MaxHeld bytes of it are held.
func Read(ctx context.Context, r io.Reader, o Options, emit bank.Emit) error {
	source, start, err := seekable(r)
	if err != nil {
		return err
	}
	found, err := survey(ctx, source, start, o.Charset)
	if err != nil {
		return err
	}
	if err := emit(found.head); err != nil {
		return err
	}
	second := newParser(ctx, source, found.charset)
	second.emit, second.statements = emit, found.statements
	if found.guessedAt > 0 {
		if err := second.warn("charset_guessed", found.guessedAt, "the file is not UTF-8 and was read as "+
			Latin1.String()+"; where its texts are wrong, name its charset"); err != nil {
			return err
		}
	}
	if err := second.run(); err != nil {
		return err
	}
	if second.index != len(found.statements)-1 || second.left != 0 {
		return ErrChanged
	}
	return emit(bank.End{Entries: second.entries, Items: 0, Results: 0, Problems: second.problems})
}

// surveyed is what the first reading finds out for the second.
type surveyed struct {
	head       bank.FileHead
	statements []*statement
	charset    Charset
	// guessedAt is the line that made Automatic take Latin-1, 0 where none did.
	guessedAt int
}

// survey reads the source once and goes back to its start. A file whose charset was
// not named is UTF-8 until a line proves that it is not.
func survey(ctx context.Context, source io.ReadSeeker, start int64, charset Charset) (*surveyed, error) {
	first := newParser(ctx, source, charset)
	err := first.run()
	if _, seekErr := source.Seek(start, io.SeekStart); seekErr != nil {
		return nil, ErrRead.Because(seekErr)
	}
	if errors.Is(err, errNotUTF8) {
		found, err := survey(ctx, source, start, Latin1)
		if err == nil {
			found.guessedAt = first.fields.lines
		}
		return found, err
	}
	if err != nil {
		return nil, err
	}
	if len(first.statements) == 0 {
		return nil, ErrMessage
	}
	for _, s := range first.statements {
		s.finish()
	}
	head := bank.FileHead{
		Format: formatStatement, Kind: "statement", MessageID: reference(first.reference), Created: first.created,
	}
	if first.interim == first.parts {
		head.Format = formatInterim
	}
	return &surveyed{head: head, statements: first.statements, charset: charset, guessedAt: 0}, nil
}

// parser reads a file: without emit it finds the statements, with emit it gives out
// the records.
type parser struct {
	fields *scanner
	emit   bank.Emit

	statements []*statement
	seen       map[string]struct{}
	// parts counts the pages, interim those of MT942.
	parts, interim int
	// reference and created are those of the file where all its messages share them.
	reference, created string

	part *part
	// entry is the one being read, where reading says so; it began at line, and
	// information is its :86:.
	entry       line61
	reading     bool
	line        int
	information []byte
	informed    bool
	stray       bool

	// index is the statement being given out, and left how many of its pages are to come.
	index, left int
	inStatement int
	entries     int
	problems    int
}

func newParser(ctx context.Context, r io.Reader, c Charset) *parser {
	return &parser{ //nolint:exhaustruct // nothing was read yet
		fields: newScanner(ctx, r, newCoder(c)), index: -1, seen: make(map[string]struct{}),
	}
}

func (p *parser) run() error {
	for {
		found, err := p.fields.next()
		if err != nil {
			return err
		}
		switch found {
		case endOfFile:
			return p.endFile()
		case messageEnd:
			// A - without a line end may be the first character of a text.
			if p.fields.hyphen && (p.part == nil || p.part.complete()) {
				p.fields.loose = false
			}
			err = p.endPart()
			p.part = nil
		case strayFound:
			err = p.strayText()
		case fieldFound:
			err = p.field(string(p.fields.tag))
		}
		if err != nil {
			return located(err, p.fields.line)
		}
	}
}

// endFile closes the last page. A file that was cut off shows it at its end: by a line
// without an end, or by a message that has neither its last field nor a line -.
func (p *parser) endFile() error {
	n := p.part
	if err := p.endPart(); err != nil || p.emit != nil || len(p.statements) == 0 {
		return err
	}
	last := p.statements[len(p.statements)-1]
	switch {
	case p.fields.loose:
		last.problem("message_cut_off", p.fields.lines, "the file ends inside a line")
	case n != nil && !n.complete():
		last.problem("message_cut_off", p.fields.lines,
			"the file ends inside a statement, before its closing balance and without a line -")
	case n != nil && n.opening != nil && n.closing == nil:
		last.tell(bank.SeverityWarning, "balance_missing", n.line,
			"the statement goes on behind the place of its closing balance, which is missing")
	}
	return nil
}

// located names the line of a field's error.
func located(err error, line int) error {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Line == 0 && f.Kind == fault.Invalid {
		return f.At(line)
	}
	return err
}

// strayText tells of text that belongs to nothing, once between two messages.
func (p *parser) strayText() error {
	if p.stray {
		return nil
	}
	p.stray = true
	return p.warn("stray_text", p.fields.line, "text outside of any field")
}

func (p *parser) field(tag string) error {
	if tag != "86" {
		if err := p.endEntry(); err != nil {
			return err
		}
	}
	body := p.fields.body
	switch tag {
	case "61":
		return p.beginEntry(body)
	case "86":
		if !p.reading || p.emit == nil {
			return nil // it tells of the statement, or is read the second time
		}
		if p.informed {
			p.information = append(p.information, '\n')
		}
		p.information, p.informed = append(p.information, body...), true
		return nil
	case "64", "65", "65F":
		if p.part != nil {
			p.part.behind = true
		}
		return nil
	case "NS", "21":
		return nil
	case "20":
		if err := p.endPart(); err != nil {
			return err
		}
		p.stray = false
		return p.newPart(nil, firstLine(body))
	}
	return p.statementField(tag, body)
}

// statementField takes a field of a statement's head or foot.
func (p *parser) statementField(tag string, body []byte) error {
	switch tag {
	case "25", "25P", "28", "28C", "60F", "60M", "62F", "62M", "90C", "90D", "13", "13D", "34F":
	default:
		return p.warn("unknown_tag", p.fields.line, "a tag that MT940 and MT942 do not have")
	}
	if err := p.turnPage(tag); err != nil {
		return err
	}
	var err error
	switch tag {
	case "25", "25P":
		p.part.account = firstLine(body)
	case "28", "28C":
		p.part.number, p.part.paged = firstLine(body), true
	case "60F", "60M":
		p.part.opening, err = p.balance(tag, body)
	case "62F", "62M":
		p.part.closing, err = p.balance(tag, body)
	case "13", "13D":
		p.part.created, p.part.interim = firstLine(body), true
	case "34F":
		p.part.interim = true
		err = p.part.floorLimit(body)
	case "90C", "90D":
		var d declared
		d, p.part.currency, err = number90(tag, body)
		p.part.totals = append(p.part.totals, d)
	}
	return err
}

// turnPage begins a new page where a field cannot belong to the one being read.
func (p *parser) turnPage(tag string) error {
	turn := p.part == nil
	if !turn {
		n := p.part
		switch tag {
		case "25", "25P":
			turn = n.closing != nil || n.account != "" && (n.entries > 0 || n.opening != nil)
		case "28", "28C":
			turn = n.closing != nil || n.paged && (n.entries > 0 || n.opening != nil)
		case "60F", "60M":
			turn = n.closing != nil || n.opening != nil || n.entries > 0
		case "62F", "62M":
			turn = n.closing != nil
		}
	}
	if !turn {
		return nil
	}
	before := p.part
	if err := p.endPart(); err != nil {
		return err
	}
	return p.newPart(before, "")
}

// newPart begins a page; one in the same block as another is of the same account
// and statement until it says otherwise.
func (p *parser) newPart(before *part, reference string) error {
	n := &part{line: p.fields.line, reference: reference} //nolint:exhaustruct // its fields follow
	n.interim = p.fields.message == "942"
	if before != nil {
		n.inside, n.reference, n.account, n.number = true, before.reference, before.account, before.number
	}
	p.part = n
	if p.emit == nil {
		if p.parts++; p.parts > maxParts {
			return ErrTooLarge.With("the file has more than %d pages", maxParts)
		}
		return nil
	}
	if p.left == 0 {
		p.index++
		if p.index == len(p.statements) {
			return ErrChanged
		}
		p.inStatement, p.left = 0, p.statements[p.index].parts
		if err := p.emit(p.statements[p.index].head); err != nil {
			return err
		}
	}
	p.left--
	return nil
}

// endPart closes the page being read. The first reading puts pages together, the
// second gives out what is wrong with the statement after its last page.
func (p *parser) endPart() error {
	if err := p.endEntry(); err != nil || p.part == nil {
		return err
	}
	n := p.part
	p.part = nil
	if p.emit == nil {
		p.survey(n)
		return nil
	}
	if p.left > 0 {
		return nil
	}
	for _, problem := range p.statements[p.index].problems {
		p.problems++
		if err := p.emit(problem); err != nil {
			return err
		}
	}
	return nil
}

// survey adds a page to the statement before it, or begins a new one.
func (p *parser) survey(n *part) {
	if n.interim = n.interim && n.opening == nil; n.interim {
		p.interim++
	}
	if len(p.statements) == 0 {
		p.reference, p.created = n.reference, n.created
	}
	if p.reference != n.reference {
		p.reference = ""
	}
	if p.created != n.created {
		p.created = ""
	}
	why := ""
	if len(p.statements) > 0 {
		last := p.statements[len(p.statements)-1]
		follows, gap := last.continues(n)
		if follows {
			last.join(n)
			return
		}
		why = gap
		last.torn = last.torn || gap != ""
	}
	s := begin(len(p.statements), n)
	p.statements = append(p.statements, s)
	if why != "" {
		s.torn = true
		s.problem("page", n.line, why)
	}
	key := n.key()
	if _, again := p.seen[key]; again && key != "" {
		s.problem("page_repeated", n.line, "the same page of the same statement stands in the file twice")
	}
	p.seen[key] = struct{}{}
}

func (p *parser) balance(tag string, body []byte) (*balance, error) {
	b, err := parseBalance(tag, body)
	if err == nil && b.badDate {
		err = p.problem(bank.SeverityError, "date", p.fields.line, "the date of a balance does not exist")
	}
	return b, err
}

func (p *parser) beginEntry(body []byte) error {
	l, err := parse61(body, p.emit != nil)
	if err != nil {
		return err
	}
	if p.part == nil || p.part.closing != nil {
		before := p.part
		if err := p.endPart(); err != nil {
			return err
		}
		if err := p.newPart(before, ""); err != nil {
			return err
		}
	}
	p.part.entries++
	p.part.sums.add(&l)
	if p.emit == nil {
		return nil
	}
	p.entry, p.reading, p.line, p.information, p.informed = l, true, p.fields.line, p.information[:0], false
	if l.badDate {
		if err := p.problem(bank.SeverityError, "date", p.line, "the date of an entry does not exist"); err != nil {
			return err
		}
	}
	if l.noComma {
		if err := p.problem(bank.SeverityError, "amount", p.line, "the amount of an entry has no comma"); err != nil {
			return err
		}
	}
	if p.part.below(&l) {
		return p.warn("floor_limit", p.line, "an entry is under the floor limit of its message")
	}
	return nil
}

// endEntry gives out the entry that was being read, now that its :86: is whole.
func (p *parser) endEntry() error {
	if !p.reading {
		return nil
	}
	p.reading = false
	record := record(&p.entry, string(p.information))
	record.Statement, record.Index = p.index, p.inStatement
	p.inStatement++
	p.entries++
	if strings.IndexFunc(record.Text+record.Counterparty, isControl) >= 0 {
		if err := p.warn("control_character", p.line, "the text of an entry holds a control character"); err != nil {
			return err
		}
	}
	return p.emit(record)
}

func isControl(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7F }

// record is the entry that a :61: and its :86: make.
func record(l *line61, text string) bank.StatementEntry {
	info := parseInformation(text)
	e := bank.StatementEntry{ //nolint:exhaustruct // the place is the caller's, and there are no details
		Amount: l.amount, Direction: l.direction, Status: "booked", Reversal: l.reversal,
		BookingDate: l.bookingDate, ValueDate: l.valueDate, BankReference: l.bank,
		EndToEndID: info.endToEnd, BatchID: info.batch,
		Counterparty: info.counterparty, CounterpartyAccount: info.account, Text: info.text,
	}
	if l.expected {
		e.Status = "pending"
	}
	if e.EndToEndID == "" {
		e.EndToEndID = l.reference
	}
	switch {
	case l.more == "" || strings.Contains(e.Text, l.more):
	case e.Text == "":
		e.Text = l.more
	default:
		e.Text += "\n" + l.more
	}
	return e
}

func (p *parser) warn(code string, line int, text string) error {
	return p.problem(bank.SeverityWarning, code, line, text)
}

// problem gives out a contradiction of one field; the first reading passes over it.
func (p *parser) problem(severity bank.Severity, code string, line int, text string) error {
	if p.emit == nil {
		return nil
	}
	p.problems++
	return p.emit(bank.Problem{Severity: severity, Code: code, Line: line, Path: "", Text: text})
}

func firstLine(body []byte) string {
	first, _, _ := bytes.Cut(body, []byte("\n"))
	return string(bytes.TrimSpace(first))
}

// seekable returns r as it is where it can seek, else its content.
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
		return nil, 0, ErrTooLarge.With("a statement of more than %d MiB must come from a file", MaxHeld>>20)
	}
	return bytes.NewReader(content.Bytes()), 0, nil
}

// Detect returns "mt940" or "mt942" by the first bytes of a file, and false where it
// is neither. The first 4 KiB are plenty.
func Detect(head []byte) (string, bool) {
	head = bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))
	message := ""
	if i := bytes.Index(head, []byte("{2:")); i >= 0 && len(head) >= i+7 && isEnvelope(head) {
		message = string(head[i+4 : i+7])
		if message != "940" && message != "942" {
			return "", false
		}
	}
	reference, account := false, false
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		line = bytes.TrimRight(line, "\r")
		if _, rest, ok := bytes.Cut(line, []byte("{4:")); ok && isEnvelope(line) {
			line = rest
		}
		tag, _, ok := tagOf(line)
		switch {
		case !ok && !reference && !isHeader(line) && !isEnvelope(line):
			return "", false
		case !ok:
			continue
		}
		switch string(tag) {
		case "20":
			reference = true
		case "25", "25P":
			account = reference
		case "34F", "13D", "90C", "90D":
			return formatInterim, reference && account
		case "60F", "60M", "61", "62F", "62M":
			if message == "942" {
				return formatInterim, reference && account
			}
			return formatStatement, reference && account
		}
	}
	return "", false
}
