package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"twoline/adapters/bank/cnaps"
	"twoline/adapters/bank/iso20022"
	"twoline/adapters/bank/jsonl"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/message"
	"twoline/gateway/bank"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// Source is a file that a bank sent.
type Source struct {
	// Name is the bank's name for it, Part which file of an answer it is; either may
	// be empty where the other tells it, or where there is one kind of file only.
	Name, Part string
	// Area is ours, where it is known: item ids begin with it.
	Area party.Area
	// Count and Amount travel beside it; nil is not told.
	Count  *int
	Amount *money.Amount
	// Accepted says that officers took the file though its name is another bank's.
	Accepted bool
}

// Read reads a result file of the bank in the form that the profile describes,
// or as canonical JSON Lines where it begins so. Nothing counts before bank.End.
// Errors: ErrPart where nothing says which kind of file it is, ErrOtherBank where
// its name or its first row names another bank, and those of the codecs.
func (p *Profile) Read(ctx context.Context, b Bank, s Source, r io.Reader, emit bank.Emit) error {
	head, source, err := message.Peek(r)
	if err != nil {
		return err
	}
	facts, kinds, unknown := p.kindsOf(s)
	if err := b.owns(facts); err != nil && !s.Accepted {
		return err
	}
	if s.Area != 0 {
		facts.Area = s.Area.String()
	}
	if isLines(head) {
		return jsonl.Read(ctx, source, emit)
	}
	if unknown != nil {
		return unknown
	}
	kind, err := p.pick(kinds, head)
	if err != nil {
		return err
	}
	for _, total := range p.beside {
		if total == "count" && s.Count == nil || total == "amount" && s.Amount == nil {
			return bank.ErrControlTotal.With("%s must travel beside a file of this format",
				strings.Join(p.beside, " and "))
		}
	}
	return p.read(ctx, b, facts, kind, source, withTotals(facts, emit))
}

// ReadRequest reads a request of ours, such as a bank would. Its name may be empty.
func (p *Profile) ReadRequest(ctx context.Context, b Bank, name string, r io.Reader, emit bank.Emit) error {
	if p.request == nil {
		return ErrNoRequest
	}
	facts, _ := p.request.match(name)
	return p.read(ctx, b, facts, p.request, r, emit)
}

// owns refuses the files of another bank.
func (b Bank) owns(f Facts) error {
	if f.Bank != "" && b.Code != "" && f.Bank != b.Code {
		return ErrOtherBank.With("the file's name says bank %s, and it stands in the place of %s", f.Bank, b.Code)
	}
	if f.BankNo != "" && b.BankNo != "" && f.BankNo != b.BankNo {
		return ErrOtherBank.With("the file's name says bank %s, and it stands in the place of %s", f.BankNo, b.BankNo)
	}
	return nil
}

// kindsOf finds which kinds of file one may be, by its part or its name.
func (p *Profile) kindsOf(s Source) (Facts, []*file, error) {
	var facts Facts
	var named, parted []*file
	for _, r := range p.results {
		f, fits := r.match(s.Name)
		if fits {
			if len(named) == 0 {
				facts = f
			}
			named = append(named, r)
		}
		if s.Part != "" && r.part == s.Part {
			parted = append(parted, r)
		}
	}
	if err := contradicts(s.Part, named); err != nil {
		return facts, nil, err
	}
	switch {
	case len(parted) > 0:
		return facts, parted, nil
	case len(named) > 0:
		return facts, named, nil
	case len(p.results) > 0 && (s.Part == "" || p.results[0].part == "") &&
		!slices.ContainsFunc(p.results, func(f *file) bool { return f.part != p.results[0].part }):
		return facts, p.results, nil
	}
	return facts, nil, ErrPart
}

// contradicts refuses a part that is said of a file whose name says another.
func contradicts(part string, named []*file) error {
	said := func(f *file) bool { return f.part == part || f.part == "" }
	if part == "" || len(named) == 0 || slices.ContainsFunc(named, said) {
		return nil
	}
	return ErrPart.With("the name says part %s, and %s was said", named[0].part, clip(part))
}

// named are the kinds of answers that a name fits.
func (p *Profile) named(name string) []*file {
	var all []*file
	for _, r := range p.results {
		if _, fits := r.match(name); fits {
			all = append(all, r)
		}
	}
	return all
}

// isLines says that a file is canonical JSON Lines.
func isLines(head []byte) bool {
	format, ok := message.Detect(head)
	return ok && format == message.JSONL
}

// pick finds the one kind of file that begins so.
func (p *Profile) pick(kinds []*file, head []byte) (*file, error) {
	if len(kinds) == 1 {
		return kinds[0], nil
	}
	var fit []*file
	for _, k := range kinds {
		if k.begins(head) {
			fit = append(fit, k)
		}
	}
	if len(fit) == 1 {
		return fit[0], nil
	}
	names := make([]string, 0, len(kinds))
	for _, k := range kinds {
		names = append(names, k.fileOf())
	}
	return nil, ErrPart.With("the file's first line is not that of one of these: %s", strings.Join(names, "; "))
}

// begins says that a file of the kind may have these first bytes.
func (f *file) begins(head []byte) bool {
	isXML, isZip := looksLikeXML(head), bytes.HasPrefix(head, []byte("PK\x03\x04"))
	if f.rows == nil {
		format, known := iso20022.Detect(head)
		if !known {
			format, known = cnaps.Detect(head)
		}
		return known && isVersionOf(format, f.format)
	}
	switch f.rows.Format {
	case layout.Sheet:
		return isZip
	case layout.FixedWidth:
		return !isXML && !isZip
	case layout.Delimited:
	}
	if isXML || isZip {
		return false
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	text, ok := layout.NewCoder(f.rows.Charset).Decode(nil, bytes.TrimSuffix(line, []byte("\r")))
	return ok && slices.Contains(f.firstFields(), f.fieldsIn(string(text)))
}

func looksLikeXML(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\uFEFF"))
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("<"))
}

// fieldsIn counts the fields of a line.
func (f *file) fieldsIn(line string) int {
	if f.rows.Separator == layout.Blank {
		return len(strings.Fields(line))
	}
	n := strings.Count(line, string(rune(f.rows.Separator))) + 1
	if f.rows.Trailing {
		n--
	}
	return n
}

// read gives the file to its codec.
func (p *Profile) read(
	ctx context.Context, b Bank, facts Facts, f *file, r io.Reader, emit bank.Emit,
) error {
	if f.rows == nil {
		return p.readMessage(ctx, f.format, facts, r, emit)
	}
	charset, err := p.charset(b)
	if err != nil {
		return err
	}
	facts.Bank, facts.BankNo = b.Code, b.BankNo
	err = readRows(ctx, r, fit(f.rows, charset, facts), emit)
	if malformed, ok := errors.AsType[*layout.MalformedError](err); ok && f.namesOther(malformed) {
		return ErrOtherBank.With("the file names another bank than the one in whose place it stands").
			At(malformed.Rows[0].Line).Because(err)
	}
	return err
}

// namesOther says that the first malformed row differs where the bank's own code or
// number must stand.
func (f *file) namesOther(e *layout.MalformedError) bool {
	if len(e.Rows) == 0 || e.Rows[0].Code != "constant" || e.Rows[0].Column == 0 {
		return false
	}
	row := f.rows.Fields
	if e.Rows[0].Line <= len(f.rows.Header) {
		row = f.rows.Header[e.Rows[0].Line-1].Fields
	}
	at := e.Rows[0].Column - 1
	return at < len(row) && strings.Contains(row[at].Text, "{bank")
}

// charset is the one of the bank's files: the registry's, where the profile leaves
// it the choice.
func (p *Profile) charset(b Bank) (layout.Charset, error) {
	if b.Charset == "" || len(p.charsets) == 0 {
		if len(p.charsets) == 0 {
			return "", nil
		}
		return p.charsets[0], nil
	}
	if !slices.Contains(p.charsets, layout.Charset(b.Charset)) {
		words := make([]string, 0, len(p.charsets))
		for _, c := range p.charsets {
			words = append(words, string(c))
		}
		return "", ErrCharset.With("the bank's charset is %s, and the files of %s are %s", b.Charset, p.name,
			orList(words))
	}
	return layout.Charset(b.Charset), nil
}

// isVersionOf says that a format is another one with a version: camt.054.001.08.
func isVersionOf(format, of string) bool { return format == of || strings.HasPrefix(format, of+".") }

// readMessage reads what is no rows of fields, and refuses another message.
func (p *Profile) readMessage(
	ctx context.Context, format string, facts Facts, r io.Reader, emit bank.Emit,
) error {
	if format == formatLines {
		return jsonl.Read(ctx, r, emit)
	}
	expected := func(record bank.Record) error {
		if head, ok := record.(bank.FileHead); ok && !isVersionOf(head.Format, format) {
			return ErrPart.With("expected a file of %s, and found %s", format, clip(head.Format))
		}
		return emit(record)
	}
	if strings.HasPrefix(format, "beps.") {
		return p.readClearing(ctx, facts.Area, r, expected)
	}
	return iso20022.Read(ctx, r, expected)
}

// withTotals compares a file with the totals in its name.
func withTotals(f Facts, emit bank.Emit) bank.Emit {
	if f.Count == nil && f.Amount == nil {
		return emit
	}
	var total money.Total
	count := 0
	return func(record bank.Record) error {
		switch v := record.(type) {
		case bank.Result:
			if !v.OfItem() {
				break
			}
			count++
			if v.Amount != nil {
				a, _ := v.Amount.Amount()
				total.Add(a)
			}
		case bank.End:
			sum, err := total.Amount()
			if err != nil {
				return err
			}
			for _, problem := range differences(f, count, sum) {
				if err := emit(problem); err != nil {
					return err
				}
				v.Problems++
			}
			return emit(v)
		}
		return emit(record)
	}
}

func differences(f Facts, count int, sum money.Amount) []bank.Problem {
	var all []bank.Problem
	add := func(format string, args ...any) {
		all = append(all, bank.Problem{
			Severity: bank.SeverityError, Code: "control_total", Line: 0, Path: "name",
			Text: fmt.Sprintf(format, args...),
		})
	}
	if f.Count != nil && *f.Count != count {
		add("the file's name says %d rows and the file has %d", *f.Count, count)
	}
	if f.Amount != nil && *f.Amount != sum {
		add("the file's name says %s in all and its rows make %s", *f.Amount, sum)
	}
	return all
}
