package delimited

import (
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// ErrLayout is a layout that cannot work.
var ErrLayout = fault.New(fault.Invalid, "layout", "the layout of the bank's file is not usable")

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
	Yuan Unit = "yuan"
	Fen  Unit = "fen"
)

// LineEnd is what the Writer ends a line with; the reader takes both.
type LineEnd string

// The line ends.
const (
	LF   LineEnd = "lf"
	CRLF LineEnd = "crlf"
)

// FieldName is what a field is: the fields of bank.BatchItem and bank.Result,
// and of totals.
type FieldName string

// The field names.
const (
	// ItemID is our line id.
	ItemID FieldName = "item_id"
	// Sequence is the number of the row, counted from 1.
	Sequence  FieldName = "sequence"
	SocialNo  FieldName = "social_no"
	Name      FieldName = "name"
	IDNumber  FieldName = "id_number"
	Amount    FieldName = "amount"
	Currency  FieldName = "currency"
	BatchID   FieldName = "batch_id"
	Account   FieldName = "account"
	Bank      FieldName = "bank"
	Mandate   FieldName = "mandate"
	Region    FieldName = "region"
	Text      FieldName = "text"
	Reference FieldName = "bank_reference"
	ValueDate FieldName = "value_date"
	// Code is the bank's result code, Reason its words; both are looked up in
	// Answers, and Reason is kept as the text.
	Code   FieldName = "code"
	Reason FieldName = "reason"
	// Count, Sum and ExecutionDate stand in header and trailer rows.
	Count         FieldName = "count"
	Sum           FieldName = "sum"
	ExecutionDate FieldName = "execution_date"
	// Constant is the field's Text, always; Ignored is read past and written empty.
	Constant FieldName = "constant"
	Ignored  FieldName = "ignored"
)

// Field is one field of a row.
type Field struct {
	Name FieldName
	// Text is what a Constant holds.
	Text string
	// Required refuses an empty field.
	Required bool
	// MaxBytes limits the field in the file's own charset; 0 is no limit.
	MaxBytes int
}

// Row is a header or trailer line.
type Row struct {
	Fields []Field
}

// Answer is what a code or phrase means.
type Answer struct {
	Outcome bank.Outcome
	Class   bank.Class
}

// Phrase is an answer to words that a reason holds.
type Phrase struct {
	Text   string
	Answer Answer
}

// Answers say what a result row means: Fixed, else by Code, else by the first of
// Phrases that the Reason holds, else unknown. What is not listed is never taken
// for a failure.
type Answers struct {
	// Fixed is the answer of every row, for files that hold one outcome only.
	Fixed   *Answer
	Codes   map[string]Answer
	Phrases []Phrase
}

// Layout describes one kind of file of one bank. It is data: check it with
// Validate. A Layout must not change while a reader or writer uses it.
type Layout struct {
	Name      string
	Content   Content
	Direction bank.BatchDirection
	Charset   Charset
	// Separator is one ASCII character that is no letter, digit or point.
	Separator byte
	// Trailing says that a separator also ends every line.
	Trailing bool
	LineEnd  LineEnd
	Unit     Unit
	// TotalsUnit is the unit of Sum; empty is as Unit.
	TotalsUnit Unit
	// DashedDates writes 2026-11-25 instead of 20261125; the reader takes both.
	DashedDates bool
	// Padded says that the bank fills fields with blanks, which are cut off.
	Padded  bool
	Header  []Row
	Trailer []Row
	Fields  []Field
	// RowLimit is the most rows a file may hold; 0 is no limit.
	RowLimit int
	// EmptyAllowed takes a file without rows, such as the failures of a good day.
	EmptyAllowed bool
	Answers      Answers
}

// Validate returns ErrLayout, naming the field, where the layout cannot work.
func (l *Layout) Validate() error {
	switch {
	case l.Content != Instructions && l.Content != Results:
		return ErrLayout.With("instructions or results").On("content")
	case l.Charset != GB18030 && l.Charset != GBK && l.Charset != UTF8 && l.Charset != Latin1:
		return ErrLayout.With("gb18030, gbk, utf-8 or latin-1").On("charset")
	case !isSeparator(l.Separator):
		return ErrLayout.With("one ASCII character that is no letter, digit, point or blank").On("separator")
	case l.LineEnd != LF && l.LineEnd != CRLF:
		return ErrLayout.With("lf or crlf").On("line_end")
	case l.Unit != Yuan && l.Unit != Fen:
		return ErrLayout.With("yuan or fen, without a default").On("unit")
	case l.TotalsUnit != "" && l.TotalsUnit != Yuan && l.TotalsUnit != Fen:
		return ErrLayout.With("yuan or fen").On("totals_unit")
	case l.RowLimit < 0:
		return ErrLayout.With("not negative").On("row_limit")
	case len(l.Fields) == 0 || len(l.Fields) > maxFields:
		return ErrLayout.With("1 to %d fields", maxFields).On("fields")
	}
	if err := l.checkFields(l.Fields, l.allowed()); err != nil {
		return err
	}
	for _, row := range append(append([]Row(nil), l.Header...), l.Trailer...) {
		if err := l.checkFields(row.Fields, "count sum execution_date batch_id account constant ignored"); err != nil {
			return err
		}
	}
	return l.checkAnswers()
}

func (l *Layout) allowed() string {
	if l.Content == Results {
		return "item_id sequence social_no name id_number amount batch_id account region text bank_reference " +
			"value_date code reason constant ignored"
	}
	return "item_id sequence social_no name id_number amount currency batch_id account bank mandate region text " +
		"constant ignored"
}

// checkAnswers proves that every result gets its outcome from somewhere.
func (l *Layout) checkAnswers() error {
	a := &l.Answers
	if l.Content != Results {
		return nil
	}
	if a.Fixed == nil && !l.has(Code) && !l.has(Reason) {
		return ErrLayout.With("results need a fixed answer, a code or a reason").On("answers")
	}
	if len(a.Codes) > 0 && !l.has(Code) || len(a.Phrases) > 0 && !l.has(Reason) {
		return ErrLayout.With("a table without its field").On("answers")
	}
	all := make([]Answer, 0, len(a.Codes)+len(a.Phrases)+1)
	if a.Fixed != nil {
		all = append(all, *a.Fixed)
	}
	for _, answer := range a.Codes {
		all = append(all, answer)
	}
	for _, p := range a.Phrases {
		if p.Text == "" {
			return ErrLayout.With("an empty phrase matches everything").On("answers")
		}
		all = append(all, p.Answer)
	}
	for _, answer := range all {
		succeeded := answer.Outcome == bank.OutcomeSucceeded
		if answer.Class == "" || succeeded != (answer.Class == bank.ClassSuccess) {
			return ErrLayout.With("success is the class of what succeeded and of nothing else").On("answers")
		}
	}
	return nil
}

func (l *Layout) has(name FieldName) bool {
	for _, f := range l.Fields {
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
