package registry

import (
	"strconv"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// fields reads one line by column names and keeps its first refusal. No refusal
// repeats the field's text: it may be personal.
type fields struct {
	index  map[string]int
	values []string
	fault  *fault.Error
	// line is the line's number in the file.
	line int
}

func (f *fields) refuse(column, text string) {
	if f.fault == nil {
		f.fault = ErrField.With("%s", text).On(column)
	}
}

func (f *fields) optional(column string) string {
	i, ok := f.index[column]
	if !ok {
		return ""
	}
	return f.values[i]
}

func (f *fields) text(column string) string {
	s := f.optional(column)
	if s == "" && f.fault == nil {
		f.fault = ErrRequired.On(column)
	}
	return s
}

// name reads 1 to 60 characters that every bank file can carry.
func (f *fields) name() party.Name {
	n, err := party.NewName(f.text("name"))
	if err != nil {
		f.refuse("name", err.Error())
	}
	return n
}

func (f *fields) idNumber() party.IDNumber {
	n, err := party.NewIDNumber(f.text("id_number"))
	if err != nil {
		f.refuse("id_number", err.Error())
	}
	return n
}

func (f *fields) day(column string) calendar.Day {
	d, err := calendar.ParseDay(f.text(column))
	if err != nil {
		f.refuse(column, "day must be YYYY-MM-DD and exist")
	}
	return d
}

func (f *fields) month(column string) calendar.Month {
	m, err := calendar.ParseMonth(f.text(column))
	if err != nil {
		f.refuse(column, "month must be YYYY-MM and exist")
	}
	return m
}

// past is a day that does not lie after today.
func (f *fields) past(column string, today calendar.Day) calendar.Day {
	d := f.day(column)
	if f.fault == nil && d.After(today) {
		f.fault = ErrFuture.On(column)
	}
	return d
}

func (f *fields) amount(column string) money.Amount {
	a, err := money.Parse(f.text(column))
	if err != nil {
		f.refuse(column, "amount must be yuan with two decimals, as 183.10")
	}
	return a
}

func (f *fields) number(column string, least, most int) int {
	s := f.text(column)
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s || n < least || n > most {
		f.refuse(column, "must be a whole number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
	}
	return n
}

func (f *fields) flag(column string) bool {
	s := f.text(column)
	if s != "true" && s != "false" {
		f.refuse(column, "must be true or false")
	}
	return s == "true"
}

// word is one of the given words; an optional column left empty is the first.
func word[T ~string](f *fields, column string, optional bool, words ...T) T {
	s := f.optional(column)
	if optional && s == "" {
		return words[0]
	}
	list := make([]string, len(words))
	for i, w := range words {
		if s == string(w) {
			return w
		}
		list[i] = string(w)
	}
	f.text(column)
	f.refuse(column, "must be one of: "+strings.Join(list, ", "))
	return ""
}

func (f *fields) scheme() ledger.Scheme {
	return word(f, "scheme", false, ledger.Resident, ledger.Rural, ledger.Urban, ledger.LandLost)
}

func (f *fields) bankCode() string {
	s := f.text("bank")
	if !isBankCode(s) {
		f.refuse("bank", "bank code must be 2 to 32 lower-case letters, digits and hyphens, a letter first")
	}
	return s
}

func isBankCode(s string) bool {
	if len(s) < 2 || len(s) > 32 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func (f *fields) socialNo() string {
	s := f.text("social_no")
	if len(s) < 4 || len(s) > 32 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != "" {
		f.refuse("social_no", "social-security number must be 4 to 32 digits, capitals and hyphens")
	}
	return s
}

// region is a 12-digit region of the area.
func (f *fields) region(area party.Area) party.Region {
	r, err := party.ParseRegion(f.text("region"))
	if err != nil {
		f.refuse("region", err.Error())
		return 0
	}
	if f.fault == nil && r.Area() != area {
		f.fault = ErrOutside.On("region")
	}
	return r
}

func (f *fields) mandateNumber() string {
	s := f.text("number")
	if !isMandateNumber(s) {
		f.refuse("number", "mandate number must be 1 to 60 visible ASCII characters without | and comma")
	}
	return s
}

func isMandateNumber(s string) bool {
	if s == "" || len(s) > 60 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '|' || s[i] == ',' {
			return false
		}
	}
	return true
}

// document is 1 to 200 printable characters.
func (f *fields) document(column string) string {
	s := f.text(column)
	if !isReason(s) {
		f.refuse(column, "must be 1 to 200 printable characters without outer blanks")
	}
	return s
}

// account reads account_no by the rules of its kind.
func (f *fields) account(kind InstrumentKind) party.AccountNo {
	const column = "account_no"
	read := party.NewPassbook
	if kind == Card {
		read = party.NewCard
	}
	a, err := read(f.text(column))
	if err != nil {
		f.refuse(column, err.Error())
	}
	return a
}
