package layout

import (
	"twoline/gateway/bank"
)

// Format is the form of a file's rows.
type Format string

// The formats.
const (
	// Delimited has a separator between fields.
	Delimited Format = "delimited"
	// FixedWidth gives every field a width in bytes.
	FixedWidth Format = "fixed-width"
	// Sheet is one sheet of an Office Open XML workbook.
	Sheet Format = "xlsx"
)

// Content says what the rows of a file are.
type Content string

// The contents.
const (
	Instructions Content = "instructions"
	Results      Content = "results"
)

// Charset of a file.
type Charset string

// The charsets.
const (
	GB18030 Charset = "gb18030"
	GBK     Charset = "gbk"
	UTF8    Charset = "utf-8"
	Latin1  Charset = "latin-1"
)

// Unit of amounts. There is no default: a wrong unit is the dearest mistake.
type Unit string

// The units.
const (
	// Yuan has exactly two decimals.
	Yuan Unit = "yuan"
	// Fen is 0.01 yuan, a whole number.
	Fen Unit = "fen"
	// Li is 0.001 yuan, a whole number; what makes no whole fen is refused.
	Li Unit = "li"
)

// LineEnd is what a writer ends a line with; a reader takes both.
type LineEnd string

// The line ends.
const (
	LF   LineEnd = "lf"
	CRLF LineEnd = "crlf"
)

// DateForm is how a writer writes a day. A reader takes all of them, with or
// without a time of day after them, which it reads past.
type DateForm string

// The forms of a day.
const (
	// Compact is 20261125, the default.
	Compact DateForm = "compact"
	// Dashed is 2026-11-25.
	Dashed DateForm = "dashed"
	// Slashed is 2026/11/25.
	Slashed DateForm = "slashed"
	// Characters is 2026年11月25日.
	Characters DateForm = "chinese"
)

// Separator is the ASCII character between the fields of a delimited file. Blank
// is any number of blanks. As text it is the character, or one of the words blanks
// and tab.
type Separator byte

// Blank separates fields by one or more blanks: no field can be empty.
const Blank Separator = ' '

// UnmarshalText reads one ASCII character, or the words blanks and tab.
func (s *Separator) UnmarshalText(b []byte) error {
	switch {
	case string(b) == "blanks":
		*s = Blank
	case string(b) == "tab":
		*s = '\t'
	case len(b) == 1 && b[0] < 0x80:
		*s = Separator(b[0])
	default:
		return ErrLayout.With("one ASCII character, blanks or tab").On("separator")
	}
	return nil
}

// Align is the side of its width on which a field stands.
type Align string

// The sides.
const (
	Left  Align = "left"
	Right Align = "right"
)

// Check is a rule that a field's text must keep, where it is not empty.
type Check string

// The checks.
const (
	// CheckDigits is ASCII digits only.
	CheckDigits Check = "digits"
	// CheckIDNumber is a citizen's number of 18 characters with a real date and
	// a right check character.
	CheckIDNumber Check = "id_number"
	// CheckCard is a card number with a right Luhn digit.
	CheckCard Check = "card"
	// CheckBankNo is a CNAPS bank number with a right check digit.
	CheckBankNo Check = "bank_no"
)

// Field is one field of a row.
type Field struct {
	Name FieldName
	// Text is what a Constant holds.
	Text string
	// Title heads the field's column: in a sheet, whose columns are found by it,
	// and in a row of titles.
	Title string
	// Required refuses an empty field.
	Required bool
	// Optional says that the column may be missing from a sheet.
	Optional bool
	// MaxBytes limits the field in the file's own charset; 0 is no limit.
	MaxBytes int
	// Width is the field's width in bytes of the file's charset. A fixed-width
	// file needs it; a delimited file may have it, which fills its fields up.
	Width int
	// Align and Pad say how a field fills its width. Unless they are given,
	// amounts and numbers stand right and are filled with 0, all else stands left
	// and is filled with blanks.
	Align Align
	// Pad is one ASCII character.
	Pad string
	// Cut lets a writer cut a name or a remark that is too long, on the border of
	// a character; the Receipt counts it. Without Cut it is refused.
	Cut bool
	// Default stands in for an empty value: it is written, and it is read where
	// the field is empty.
	Default string
	// Values are what the bank writes for our value, such as 156 for CNY. A value
	// that is not listed is refused both ways.
	Values map[string]string
	Check  Check
}

// Row is a header or trailer line.
type Row struct {
	Fields []Field
	// Titles says that the row holds the Title of every field of the layout; it
	// has no fields of its own then.
	Titles bool
	// Prefix is what the line begins with, in ASCII.
	Prefix string
}

// Reject is the file that a bank sends in place of results when it refuses all:
// one line of its own. It must differ from the first line of a result file in
// its number of fields, or in a fixed-width file in its length.
type Reject struct {
	Fields []Field
	// Level is what is refused: "file" or "batch".
	Level string
	// Answers say what its code and reason mean: a failure, or unknown; what says
	// that a file was refused can never say that it succeeded.
	Answers Answers
	// Known are what the bank's codes mean in rows; nil is those of the layout's
	// Answers. They go before Fixed, and a code of a success refuses nothing: it is
	// unknown, and a Problem.
	Known map[string]Answer
}

// Layout describes one kind of file of one bank. It is data: check it with
// Validate. A Layout must not change while a reader or writer uses it.
type Layout struct {
	Name    string
	Format  Format
	Content Content
	// Direction of a file of instructions.
	Direction bank.BatchDirection
	// Charset of the text. A sheet carries every character; where it names a
	// charset all the same, the bank can take only that charset's characters.
	Charset Charset
	// Separator stands between the fields of a delimited file.
	Separator Separator
	// Trailing says that a separator also ends every line.
	Trailing bool
	// Prefix is what every line of a record begins with, in ASCII.
	Prefix  string
	LineEnd LineEnd
	Unit    Unit
	// TotalsUnit is the unit of sums; empty is as Unit.
	TotalsUnit Unit
	// LooseAmounts takes yuan with one decimal or none, and with commas between
	// groups of three digits: 1,234.5. A writer writes 1234.50 all the same.
	LooseAmounts bool
	// Dates is how days are written; empty is compact.
	Dates DateForm
	// Padded says that the bank fills fields with blanks, which are cut off.
	Padded  bool
	Header  []Row
	Trailer []Row
	Fields  []Field
	// BatchEnd is what the file's name says of the batch's number, as many of its last
	// digits as the name holds; a reader compares every batch_id with it.
	BatchEnd string
	// RowLimit is the most rows a file may hold; 0 is no limit.
	RowLimit int
	// EmptyAllowed takes a file without rows, such as the failures of a good day.
	EmptyAllowed bool
	Answers      Answers
	Reject       *Reject
	// SheetName is the sheet to read or write; without it a workbook may have only
	// one sheet that holds anything.
	SheetName string
	// HeadingWithin is how many rows of a sheet are searched for the row of
	// titles; 0 is 20.
	HeadingWithin int
	// TotalPhrases begin a cell of a sheet's total row, such as 合计. In that row
	// the column of the amount holds the sum, and at least one required column is
	// empty; only notes may follow it.
	TotalPhrases []string
}

func (l *Layout) has(name FieldName) bool { return has(l.Fields, name) }

// headed says that a header row has a field.
func (l *Layout) headed(name FieldName) bool {
	for _, row := range l.Header {
		if has(row.Fields, name) {
			return true
		}
	}
	return false
}

func has(fields []Field, name FieldName) bool {
	for _, f := range fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

func (l *Layout) totalsUnit() Unit {
	if l.TotalsUnit != "" {
		return l.TotalsUnit
	}
	return l.Unit
}

// counted says that the file gives its number of rows, or ends in a row of its own:
// one that was cut off is missed then.
func (l *Layout) counted() bool {
	if len(l.Trailer) > 0 {
		return true
	}
	for _, row := range l.Header {
		if has(row.Fields, Count) {
			return true
		}
	}
	return false
}

// announced says that the header gives count and sum before the first row.
func (l *Layout) announced() bool {
	count, sum := false, !l.has(Amount)
	for _, row := range l.Header {
		count = count || has(row.Fields, Count)
		sum = sum || has(row.Fields, Sum)
	}
	return count && sum
}

// titles gives the row of titles its fields: constants of the widths of the fields.
func (l *Layout) titles() []Field {
	fields := make([]Field, len(l.Fields))
	for i, f := range l.Fields {
		fields[i] = Field{Name: Constant, Text: f.Title, Width: f.Width, Align: f.Align, Pad: f.Pad}
	}
	return fields
}

// row returns a header or trailer row with its fields.
func (l *Layout) row(r Row) Row {
	if r.Titles {
		r.Fields = l.titles()
	}
	return r
}

// detail is the row of a record.
func (l *Layout) detail() Row { return Row{Fields: l.Fields, Prefix: l.Prefix} }
