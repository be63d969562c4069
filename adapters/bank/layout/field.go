package layout

import "strings"

// FieldName is what a field is: the fields of bank.BatchItem and bank.Result,
// of a batch's head, and of totals.
type FieldName string

// The field names.
const (
	// ItemID is our line id.
	ItemID FieldName = "item_id"
	// Sequence is the number of the row, counted from 1.
	Sequence FieldName = "sequence"
	SocialNo FieldName = "social_no"
	Name     FieldName = "name"
	IDNumber FieldName = "id_number"
	Amount   FieldName = "amount"
	// Moved is the amount that a result says was really debited or paid. Where it
	// is given, a success must have moved all and a failure nothing, or the result
	// is unknown.
	Moved    FieldName = "moved_amount"
	Currency FieldName = "currency"
	BatchID  FieldName = "batch_id"
	// Account is the payer's or payee's account; in a header or trailer our own.
	Account FieldName = "account"
	// OwnAccount is our own account, in a row.
	OwnAccount FieldName = "own_account"
	Bank       FieldName = "bank"
	Mandate    FieldName = "mandate"
	Region     FieldName = "region"
	Text       FieldName = "text"
	Reference  FieldName = "bank_reference"
	ValueDate  FieldName = "value_date"
	// Code is the bank's result code or state, Reason its words; both are looked
	// up in Answers, and Reason is kept as the text.
	Code   FieldName = "code"
	Reason FieldName = "reason"
	// Count and Sum are those of all rows.
	Count FieldName = "count"
	Sum   FieldName = "sum"
	// SucceededCount to FailedSum are those of the rows that succeeded or failed.
	SucceededCount FieldName = "succeeded_count"
	SucceededSum   FieldName = "succeeded_sum"
	FailedCount    FieldName = "failed_count"
	FailedSum      FieldName = "failed_sum"
	// ExecutionDate is the batch's day; every row of a batch has the same.
	ExecutionDate FieldName = "execution_date"
	// Constant is the field's Text, always; Ignored is read past and written empty,
	// or with its Default.
	Constant FieldName = "constant"
	Ignored  FieldName = "ignored"
)

const (
	instructionNames = "item_id sequence social_no name id_number amount currency batch_id account own_account bank " +
		"mandate region text execution_date constant ignored"
	resultNames = "item_id sequence social_no name id_number amount moved_amount batch_id account region text " +
		"bank_reference value_date code reason constant ignored"
	totalNames  = "count sum execution_date batch_id account constant ignored"
	outcomes    = " succeeded_count succeeded_sum failed_count failed_sum"
	rejectNames = "batch_id code reason text bank_reference constant ignored"
)

func isOneOf(name FieldName, names string) bool {
	for n := range strings.FieldsSeq(names) {
		if n == string(name) {
			return true
		}
	}
	return false
}

// isNumber says that a field holds a number without a sign: zeros before it mean
// nothing.
func isNumber(name FieldName) bool {
	switch name { //nolint:exhaustive // the others are text or days
	case Sequence, Amount, Moved, Count, Sum, SucceededCount, SucceededSum, FailedCount, FailedSum:
		return true
	}
	return false
}

// isByOutcome says that a total is of the rows of one outcome.
func isByOutcome(name FieldName) bool { return isOneOf(name, outcomes) }

// isSum says that a field of a header or trailer is an amount.
func isSum(name FieldName) bool { return name == Sum || name == SucceededSum || name == FailedSum }

// Fill returns the side on which a field stands in its width, and what fills the
// rest: as the field says, else by what it holds.
func (f *Field) Fill() (Align, byte) {
	align, pad := f.Align, byte(' ')
	number := isNumber(f.Name)
	if align == "" {
		align = Left
		if number {
			align = Right
		}
	}
	switch {
	case f.Pad != "":
		pad = f.Pad[0]
	case number && align == Right:
		pad = '0'
	}
	return align, pad
}

// fill is how fields lose what fills them up.
type fill struct {
	right, number bool
	pad           byte
}

// strip cuts off what fills a field up. A number keeps its last zero.
func (p fill) strip(text string) string {
	if !p.right {
		end := len(text)
		for end > 0 && text[end-1] == p.pad {
			end--
		}
		return text[:end]
	}
	start := 0
	for start < len(text) && text[start] == p.pad {
		start++
	}
	if p.number && p.pad == '0' && start > 0 && (start == len(text) || text[start] == '.') {
		start--
	}
	return text[start:]
}

// blanks are what fills fields of a padded layout.
const blanks = " \u3000"

// strips are how the fields of a row are stripped; nil where nothing is to do.
func (l *Layout) strips(fields []Field) []fill {
	fills := make([]fill, len(fields))
	any := l.Padded
	for i := range fields {
		f := &fields[i]
		if f.Width == 0 {
			continue
		}
		align, pad := f.Fill()
		fills[i] = fill{right: align == Right, number: isNumber(f.Name), pad: pad}
		any = true
	}
	if !any {
		return nil
	}
	return fills
}

// stripAll takes off the fields what fills them up.
func (l *Layout) stripAll(fills []fill, fields []string) {
	for i := range fields {
		if l.Padded {
			fields[i] = strings.Trim(fields[i], blanks)
		}
		if i < len(fills) && fills[i].pad != 0 {
			fields[i] = fills[i].strip(fields[i])
		}
	}
}
