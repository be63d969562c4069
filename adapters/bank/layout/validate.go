package layout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"twoline/gateway/bank"
)

const (
	maxFields = 64
	// MaxLine is the longest line in bytes.
	MaxLine = 64 << 10
)

// Validate returns ErrLayout where the layout cannot work, on the path of the
// place that is wrong, such as fields[3].width.
func (l *Layout) Validate() error {
	for _, check := range []func() error{
		l.checkForm, l.checkUnits, l.checkRows, l.checkSheet, l.checkReject, l.checkAnswers,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func wrong(path, format string, args ...any) error { return ErrLayout.With(format, args...).On(path) }

func isCharset(c Charset) bool { return c == GB18030 || c == GBK || c == UTF8 || c == Latin1 }

func (l *Layout) checkForm() error {
	text := l.Format != Sheet
	switch {
	case l.Format != Delimited && l.Format != FixedWidth && l.Format != Sheet:
		return wrong("format", "delimited, fixed-width or xlsx")
	case l.Content != Instructions && l.Content != Results:
		return wrong("content", "instructions or results")
	case !isCharset(l.Charset) && (text || l.Charset != ""):
		return wrong("charset", "gb18030, gbk, utf-8 or latin-1")
	case l.Format == Delimited && !isSeparator(l.Separator):
		return wrong("separator", "one ASCII character that is no letter, digit, point or hyphen; blanks; or tab")
	case l.Format != Delimited && l.Separator != 0:
		return wrong("separator", "only a delimited file has one")
	case l.Trailing && (l.Format != Delimited || l.Separator == Blank):
		return wrong("trailing_separator", "only a delimited file has one, and not of blanks")
	case text && l.LineEnd != LF && l.LineEnd != CRLF:
		return wrong("line_end", "lf or crlf")
	case !text && l.LineEnd != "":
		return wrong("line_end", "a sheet has no lines")
	case !isPlain(l.Prefix) || l.Prefix != "" && !text:
		return wrong("prefix", "printable ASCII, and not in a sheet")
	case l.Padded && l.Separator == Blank:
		return wrong("padded", "fields separated by blanks are not filled with them")
	case l.RowLimit < 0:
		return wrong("row_limit", "not negative")
	}
	return nil
}

// isPlain says that a text is printable ASCII.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

func isSeparator(c Separator) bool {
	switch {
	case c == '\t' || c == Blank:
		return true
	case c < ' ' || c >= 0x7F || c == '.' || c == '-' || c == '"':
		return false
	}
	return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
}

func (l *Layout) checkUnits() error {
	known := func(u Unit) bool { return u == Yuan || u == Fen || u == Li }
	switch {
	case !known(l.Unit):
		return wrong("unit", "yuan, fen or li, without a default")
	case l.TotalsUnit != "" && !known(l.TotalsUnit):
		return wrong("totals_unit", "yuan, fen or li")
	case l.LooseAmounts && l.Unit != Yuan && l.TotalsUnit != Yuan:
		return wrong("loose_amounts", "only amounts in yuan have decimals")
	case !slices.Contains([]DateForm{"", Compact, Dashed, Slashed, Characters}, l.Dates):
		return wrong("dates", "compact, dashed, slashed or chinese")
	}
	return nil
}

func (l *Layout) checkRows() error {
	names, totals := instructionNames, totalNames
	if l.Content == Results {
		names, totals = resultNames, totalNames+outcomes
	}
	if err := l.checkFields("fields", l.detail(), names); err != nil {
		return err
	}
	if l.has(Moved) && !l.has(Amount) {
		return wrong("fields", "moved_amount needs the amount beside it")
	}
	for _, place := range []struct {
		name string
		rows []Row
	}{{"header", l.Header}, {"trailer", l.Trailer}} {
		for i, row := range place.rows {
			path := place.name + "[" + strconv.Itoa(i) + "]"
			if l.Format == Sheet {
				return wrong(path, "a sheet has a row of titles and total_phrases")
			}
			if row.Titles && len(row.Fields) > 0 {
				return wrong(path+".titles", "a row of titles has no fields of its own")
			}
			if !isPlain(row.Prefix) {
				return wrong(path+".prefix", "printable ASCII")
			}
			if err := l.checkFields(path+".fields", l.row(row), totals); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkFields proves the fields of one row: every name is one of those allowed,
// and stands once.
func (l *Layout) checkFields(path string, row Row, allowed string) error {
	if len(row.Fields) == 0 || len(row.Fields) > maxFields {
		return wrong(path, "1 to %d fields", maxFields)
	}
	seen := make(map[FieldName]bool, len(row.Fields))
	bytes := len(row.Prefix)
	for i := range row.Fields {
		f := &row.Fields[i]
		at := fmt.Sprintf("%s[%d]", path, i)
		switch {
		case !isOneOf(f.Name, allowed):
			return wrong(at+".name", "%q is no field here; those are %s", string(f.Name), allowed)
		case seen[f.Name] && f.Name != Constant && f.Name != Ignored:
			return wrong(at+".name", "%s stands twice", string(f.Name))
		}
		seen[f.Name] = true
		for _, check := range []func(string, *Field) error{l.checkField, l.checkWidth, l.checkValues} {
			if err := check(at, f); err != nil {
				return err
			}
		}
		bytes += f.Width + 1
	}
	if bytes > MaxLine {
		return wrong(path, "a line has at most %d bytes", MaxLine)
	}
	return nil
}

func (l *Layout) checkField(at string, f *Field) error {
	checks := []Check{"", CheckDigits, CheckIDNumber, CheckCard, CheckBankNo}
	switch {
	case f.Text != "" && f.Name != Constant:
		return wrong(at+".text", "only a constant has a text")
	case l.breaks(f.Text):
		return wrong(at+".text", "it holds the separator or a control character")
	case l.breaks(f.Default):
		return wrong(at+".default", "it holds the separator or a control character")
	case l.breaks(f.Title) || strings.TrimSpace(f.Title) != f.Title:
		return wrong(at+".title", "it holds the separator, outer blanks or a control character")
	case f.Optional && l.Format != Sheet:
		return wrong(at+".optional", "only a column of a sheet can be missing")
	case f.Optional && f.Required:
		return wrong(at+".optional", "a required column cannot be missing")
	case f.MaxBytes < 0:
		return wrong(at+".max_bytes", "not negative")
	case f.Cut && f.Name != Name && f.Name != Text && f.Name != Reason:
		return wrong(at+".cut", "only a name, a text or a reason may be cut")
	case f.Cut && f.MaxBytes == 0 && f.Width == 0:
		return wrong(at+".cut", "cutting needs max_bytes or a width")
	case !slices.Contains(checks, f.Check):
		return wrong(at+".check", "digits, id_number, card or bank_no")
	case l.Separator == Blank && !f.Required && f.Default == "" && f.Text == "":
		return wrong(at+".required", "between blanks no field can be empty: it is required, or has a default")
	}
	return nil
}

// breaks says that a text cannot stand in a field of this file.
func (l *Layout) breaks(text string) bool {
	return l.Separator != 0 && strings.IndexByte(text, byte(l.Separator)) >= 0 || HasControl(text)
}

func (l *Layout) checkWidth(at string, f *Field) error {
	switch {
	case f.Width < 0 || f.Width > MaxLine:
		return wrong(at+".width", "0 to %d bytes", MaxLine)
	case f.Width == 0 && l.Format == FixedWidth:
		return wrong(at+".width", "a field of a fixed-width file has a width in bytes")
	case f.Width > 0 && (l.Format == Sheet || l.Separator == Blank):
		return wrong(at+".width", "a sheet and fields between blanks have no widths")
	case f.Align != "" && f.Align != Left && f.Align != Right:
		return wrong(at+".align", "left or right")
	case f.Pad != "" && (len(f.Pad) != 1 || f.Pad[0] < ' ' || f.Pad[0] > '~' || l.breaks(f.Pad)):
		return wrong(at+".pad", "one ASCII character, which is not the separator")
	case f.Width == 0 && (f.Align != "" || f.Pad != ""):
		return wrong(at+".width", "align and pad need a width")
	case f.Width == 0:
		return nil
	}
	align, pad := f.Fill()
	if pad >= '0' && pad <= '9' && (pad != '0' || align == Left) {
		return wrong(at+".pad", "of the digits only 0 fills a field, and only before what stands right")
	}
	p := fill{right: align == Right, number: isNumber(f.Name), pad: pad}
	for _, fixed := range [][2]string{{"text", f.Text}, {"default", f.Default}} {
		if fixed[1] == "" {
			continue
		}
		width, err := len(fixed[1]), error(nil)
		if !isPlain(fixed[1]) {
			width, err = NewCoder(l.Charset).Width(fixed[1])
		}
		if err != nil || width > f.Width || p.strip(fixed[1]) != fixed[1] {
			return wrong(at+"."+fixed[0], "it does not fit the width, or what fills the width is part of it")
		}
	}
	return nil
}

func (l *Layout) checkValues(at string, f *Field) error {
	if len(f.Values) == 0 {
		return nil
	}
	plain := isNumber(f.Name) || f.Name == ValueDate || f.Name == ExecutionDate || f.Name == Constant ||
		f.Name == Ignored || f.Name == Code || f.Name == Reason
	if plain {
		return wrong(at+".values", "%s has no table of values", string(f.Name))
	}
	written := make(map[string]bool, len(f.Values))
	for ours, theirs := range f.Values {
		if ours == "" || theirs == "" || written[theirs] || l.breaks(theirs) {
			return wrong(at+".values", "each value once, not empty, without the separator")
		}
		written[theirs] = true
	}
	if f.Default != "" && f.Values[f.Default] == "" {
		return wrong(at+".default", "it must be one of the values")
	}
	return nil
}

func (l *Layout) checkSheet() error {
	switch {
	case l.HeadingWithin < 0 || l.HeadingWithin > 1000:
		return wrong("heading_within", "0 to 1000")
	case l.Format == Sheet && !isSheetName(l.SheetName):
		return wrong("sheet_name", `at most 31 characters, none of them []:*?/\`)
	case l.Format == Sheet:
		return l.checkTitles()
	case l.SheetName != "":
		return wrong("sheet_name", "only an xlsx file has sheets")
	case l.HeadingWithin != 0:
		return wrong("heading_within", "only an xlsx file is searched for its titles")
	case len(l.TotalPhrases) > 0:
		return wrong("total_phrases", "only an xlsx file; a text file has a trailer")
	}
	return nil
}

func isSheetName(name string) bool {
	const most = 31
	return utf8.RuneCountInString(name) <= most && !strings.ContainsAny(name, `[]:*?/\`) && !HasControl(name)
}

func (l *Layout) checkTitles() error {
	seen := make(map[string]bool, len(l.Fields))
	required := 0
	for i, f := range l.Fields {
		at := fmt.Sprintf("fields[%d].title", i)
		key := TitleKey(f.Title)
		if key == "" {
			return wrong(at, "a column of a sheet is found by its title")
		}
		if seen[key] {
			return wrong(at, "%s stands twice", f.Title)
		}
		seen[key] = true
		if f.Required && f.Name != Amount {
			required++
		}
	}
	for i, phrase := range l.TotalPhrases {
		if TitleKey(phrase) == "" {
			return wrong(fmt.Sprintf("total_phrases[%d]", i), "an empty phrase begins every cell")
		}
	}
	if len(l.TotalPhrases) > 0 && (required < 2 || !l.has(Amount)) {
		return wrong("total_phrases",
			"a total row is told by an empty column: two must be required besides the amount, which has the sum")
	}
	return nil
}

// TitleKey is a title without blanks and line ends, as titles are compared.
func TitleKey(title string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(title, "\u3000", " ")), "")
}

func (l *Layout) checkReject() error {
	r := l.Reject
	if r == nil {
		return nil
	}
	first := l.detail()
	if len(l.Header) > 0 {
		first = l.row(l.Header[0])
	}
	switch {
	case l.Content != Results:
		return wrong("reject", "only results have a refusal in their place")
	case l.Format == Sheet:
		return wrong("reject", "not for a sheet")
	case r.Level != "file" && r.Level != "batch":
		return wrong("reject.level", "file or batch")
	case l.Format == Delimited && len(first.Fields) == len(r.Fields):
		return wrong("reject.fields", "their number must differ from that of the file's first line")
	case l.Format == FixedWidth && first.width() == (Row{Fields: r.Fields}).width():
		return wrong("reject.fields", "their width must differ from that of the file's first line")
	}
	if err := l.checkFields("reject.fields", Row{Fields: r.Fields}, rejectNames); err != nil {
		return err
	}
	if err := checkAnswers("reject.answers", r.Fields, &r.Answers); err != nil {
		return err
	}
	for path, answer := range r.Answers.all("reject.answers") {
		if answer.Outcome == bank.OutcomeSucceeded {
			return wrong(path, "what refuses a file never says that it succeeded")
		}
	}
	return nil
}

// width is the length of a fixed-width row in bytes.
func (r Row) width() int {
	width := len(r.Prefix)
	for _, f := range r.Fields {
		width += f.Width
	}
	return width
}

// checkAnswers proves that every result gets its outcome from somewhere.
func (l *Layout) checkAnswers() error {
	if l.Content != Results {
		if a := &l.Answers; a.Fixed != nil || len(a.Codes)+len(a.Phrases) > 0 {
			return wrong("answers", "only results have answers")
		}
		return nil
	}
	return checkAnswers("answers", l.Fields, &l.Answers)
}

func checkAnswers(path string, fields []Field, a *Answers) error {
	switch {
	case a.Fixed == nil && !has(fields, Code) && !has(fields, Reason):
		return wrong(path, "results need a fixed answer, a code or a reason")
	case len(a.Codes) > 0 && !has(fields, Code):
		return wrong(path+".codes", "a table of codes without a field code")
	case len(a.Phrases) > 0 && !has(fields, Reason) && !has(fields, Code):
		return wrong(path+".phrases", "phrases without a field reason or code")
	}
	if empty, ok := a.Codes[""]; ok && empty.Outcome.Final() {
		return wrong(path+`.codes[""]`, "an empty code is pending or unknown, never final")
	}
	for i, p := range a.Phrases {
		if p.Text == "" {
			return wrong(fmt.Sprintf("%s.phrases[%d].text", path, i), "an empty phrase matches everything")
		}
		if p.Answer.Class == "" {
			return wrong(fmt.Sprintf("%s.phrases[%d].class", path, i), "a phrase needs a class")
		}
	}
	for at, answer := range a.all(path) {
		open := answer.Class == "" && answer.Outcome == bank.OutcomeFailed && has(fields, Reason)
		if !open && !isClass(answer.Class) {
			return wrong(at+".class", "one of SUCCESS, RETRY_FUNDS, FIX_ACCOUNT, FIX_MANDATE, BLOCKED, "+
				"RETRY_TECHNICAL, DUPLICATE, UNKNOWN; it may be left out of a failure whose reason says it")
		}
		if (answer.Outcome == bank.OutcomeSucceeded) != (answer.Class == bank.ClassSuccess) {
			return wrong(at+".class", "SUCCESS is the class of what succeeded and of nothing else")
		}
	}
	return nil
}

func isClass(c bank.Class) bool {
	switch c {
	case bank.ClassSuccess, bank.ClassRetryFunds, bank.ClassFixAccount, bank.ClassFixMandate, bank.ClassBlocked,
		bank.ClassRetryTechnical, bank.ClassDuplicate, bank.ClassUnknown:
		return true
	}
	return false
}

// all gives every answer with its path, in a fixed order.
func (a *Answers) all(path string) func(yield func(string, Answer) bool) {
	return func(yield func(string, Answer) bool) {
		if a.Fixed != nil && !yield(path+".fixed", *a.Fixed) {
			return
		}
		codes := make([]string, 0, len(a.Codes))
		for code := range a.Codes {
			codes = append(codes, code)
		}
		slices.Sort(codes)
		for _, code := range codes {
			if !yield(fmt.Sprintf("%s.codes[%q]", path, code), a.Codes[code]) {
				return
			}
		}
		for i, p := range a.Phrases {
			if !yield(fmt.Sprintf("%s.phrases[%d]", path, i), p.Answer) {
				return
			}
		}
	}
}
