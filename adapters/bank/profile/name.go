package profile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// maxName bounds file names, in bytes.
const maxName = 200

// Facts fill the places of a file's name, and are what a bank's name tells.
type Facts struct {
	// Bank is the bank's code in the registry, BankNo its 12-digit CNAPS number.
	Bank, BankNo string
	// Area is six digits.
	Area string
	// Day is the day on which the batch was made, Execution the one it is for.
	Day, Execution calendar.Day
	// Batch is the batch's number, eight digits; of a bank's name it is as much of
	// its end as the name gives.
	Batch string
	// Clearing is the clearing bank of the batch's accounts, where it has one.
	Clearing string
	// Digest is the batch's digest in hexadecimal digits; of a bank's name its begin.
	Digest string
	// Count and Amount are the batch's totals; nil is not told.
	Count  *int
	Amount *money.Amount
}

// place is one {…} of a pattern.
type place struct {
	name, arg string
}

// piece is text as it is, or a place.
type piece struct {
	text  string
	place *place
}

// pattern writes names and recognises them.
type pattern struct {
	text   string
	pieces []piece
	re     *regexp.Regexp
}

// placeForms lists the places with what they may say after a colon.
func placeForms() map[string][]string {
	dates := []string{"", "yyyymmdd", "yymmdd", "yyyy-mm-dd", "yyyymm", "mmdd"}
	return map[string][]string{
		"bank": {""}, "bank_no": {""}, "area": {""}, "date": dates, "execution_date": dates,
		"batch": {"", "1", "2", "3", "4", "5", "6", "7"}, "sequence": {"1", "2", "3", "4", "5", "6", "7", "8"},
		"digest": {"4", "6", "8", "12", "16", "32", "64"}, "count": {""}, "amount": {"", "fen"}, "any": {""},
		"digits": {"", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"},
	}
}

// orArgs says what may follow a place's name after a colon.
func orArgs(args []string) string {
	named := slices.DeleteFunc(slices.Clone(args), func(s string) bool { return s == "" })
	if len(named) == 0 {
		return "nothing"
	}
	return orList(named)
}

// String is the piece as it stands in a profile.
func (p piece) String() string {
	switch {
	case p.place == nil:
		return p.text
	case p.place.arg == "":
		return "{" + p.place.name + "}"
	}
	return "{" + p.place.name + ":" + p.place.arg + "}"
}

// cut splits text on its places. Braces cannot stand in names as they are.
func cut(text string) ([]piece, error) {
	var all []piece
	for text != "" {
		open := strings.IndexAny(text, "{}")
		if open < 0 {
			return append(all, piece{text: text, place: nil}), nil
		}
		end := strings.IndexByte(text[open:], '}')
		if text[open] == '}' || end < 0 {
			return nil, fmt.Errorf("expected a place such as {batch}, and found a brace that stands alone")
		}
		if open > 0 {
			all = append(all, piece{text: text[:open], place: nil})
		}
		name, arg, _ := strings.Cut(text[open+1:open+end], ":")
		all = append(all, piece{text: "", place: &place{name: name, arg: arg}})
		text = text[open+end+1:]
	}
	return all, nil
}

// fill replaces the places that the profile's own values know.
func fill(pieces []piece, values map[string]string) []piece {
	var all []piece
	for _, p := range pieces {
		if p.place != nil && p.place.arg == "" {
			if text, ok := values[p.place.name]; ok {
				p = piece{text: text, place: nil}
			}
		}
		all = append(all, p)
	}
	return all
}

// newPattern reads a pattern. Names that we write need every place's value, so
// {any} and {digits} are for a bank's names only.
func newPattern(text string, values map[string]string, written bool) (*pattern, error) {
	pieces, err := cut(text)
	if err != nil {
		return nil, err
	}
	p := &pattern{text: text, pieces: fill(pieces, values), re: nil}
	forms := placeForms()
	known := make([]string, 0, len(forms))
	for name := range forms {
		if !written || name != "any" && name != "digits" {
			known = append(known, name)
		}
	}
	for name := range values {
		known = append(known, name)
	}
	slices.Sort(known)
	var expression strings.Builder
	expression.WriteString("(?i)^")
	for _, q := range p.pieces {
		if q.place == nil {
			if strings.ContainsAny(q.text, "/\\\x00\r\n\t") {
				return nil, fmt.Errorf("expected a name without folders, and found %q", clip(q.text))
			}
			expression.WriteString(regexp.QuoteMeta(q.text))
			continue
		}
		args, ok := forms[q.place.name]
		if !ok || !slices.Contains(known, q.place.name) {
			return nil, fmt.Errorf("{%s} is no place known here%s; known are %s", clip(q.place.name),
				didYouMean(q.place.name, known), strings.Join(known, ", "))
		}
		if !slices.Contains(args, q.place.arg) {
			return nil, fmt.Errorf("{%s:%s}: expected %s after the colon", q.place.name, clip(q.place.arg),
				orArgs(args))
		}
		expression.WriteString("(" + q.place.expression() + ")")
	}
	expression.WriteString("$")
	p.re, err = regexp.Compile(expression.String())
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(text, ".") || text == "" {
		return nil, fmt.Errorf("expected a name that is not hidden, and found %q", clip(text))
	}
	return p, nil
}

// tellsBatchesApart says that no two batches of a bank get the same name.
func (p *pattern) tellsBatchesApart() bool {
	short, dated := false, false
	for _, q := range p.pieces {
		if q.place == nil {
			continue
		}
		switch q.place.name {
		case "sequence", "digest":
			return true
		case "batch":
			if q.place.arg == "" {
				return true
			}
			short = true
		case "date":
			dated = dated || strings.HasSuffix(q.place.arg, "dd") || q.place.arg == ""
		}
	}
	return short && dated
}

// expression is what a place looks like in a name.
func (p *place) expression() string {
	switch p.name {
	case "bank":
		return "[a-z0-9-]+"
	case "bank_no":
		return "[0-9]{12}"
	case "area":
		return "[0-9]{6}"
	case "date", "execution_date":
		form := p.arg
		if form == "" {
			form = "yyyymmdd"
		}
		return strings.NewReplacer("y", "[0-9]", "m", "[0-9]", "d", "[0-9]").Replace(form)
	case "batch":
		if p.arg != "" {
			return "[0-9]{" + p.arg + "}"
		}
		return "[0-9]{8}"
	case "sequence":
		return "[0-9]{" + p.arg + ",8}"
	case "digest":
		return "[0-9a-f]{" + p.arg + "}"
	case "count":
		return "[0-9]{1,9}"
	case "amount":
		if p.arg == "fen" {
			return "[0-9]{1,18}"
		}
		return `[0-9]{1,16}\.[0-9]{2}`
	case "digits":
		if p.arg != "" {
			return "[0-9]{" + p.arg + "}"
		}
		return "[0-9]+"
	}
	return `[^/\\\x00-\x1f]+`
}

// write gives the name of a file.
func (p *pattern) write(f Facts) string {
	var b strings.Builder
	for _, q := range p.pieces {
		if q.place == nil {
			b.WriteString(q.text)
			continue
		}
		b.WriteString(q.place.write(f))
	}
	return b.String()
}

func (p *place) write(f Facts) string {
	switch p.name {
	case "bank":
		return f.Bank
	case "bank_no":
		return f.BankNo
	case "area":
		return f.Area
	case "date":
		return writeDay(f.Day, p.arg)
	case "execution_date":
		return writeDay(f.Execution, p.arg)
	case "batch":
		if n, err := strconv.Atoi(p.arg); err == nil && len(f.Batch) >= n {
			return f.Batch[max(0, len(f.Batch)-n):]
		}
		return f.Batch
	case "sequence":
		n, _ := strconv.Atoi(p.arg)
		short := strings.TrimLeft(f.Batch, "0")
		return strings.Repeat("0", max(0, n-len(short))) + short
	case "digest":
		n, _ := strconv.Atoi(p.arg)
		return f.Digest[:min(n, len(f.Digest))]
	case "count":
		if f.Count != nil {
			return strconv.Itoa(*f.Count)
		}
	case "amount":
		switch {
		case f.Amount == nil:
		case p.arg == "fen":
			return strconv.FormatInt(f.Amount.Fen(), 10)
		default:
			return f.Amount.String()
		}
	}
	return ""
}

func writeDay(d calendar.Day, form string) string {
	if d.IsZero() {
		return ""
	}
	compact := d.Compact()
	switch form {
	case "yymmdd":
		return compact[2:]
	case "yyyy-mm-dd":
		return d.String()
	case "yyyymm":
		return compact[:6]
	case "mmdd":
		return compact[4:]
	}
	return compact
}

// match reads the facts out of a name, where it is of the pattern.
func (p *pattern) match(name string) (Facts, bool) {
	var f Facts
	if len(name) > maxName {
		return f, false
	}
	found := p.re.FindStringSubmatch(name)
	if found == nil {
		return f, false
	}
	i := 0
	for _, q := range p.pieces {
		if q.place == nil {
			continue
		}
		i++
		if !q.place.read(found[i], &f) {
			return Facts{}, false
		}
	}
	return f, true
}

// read takes the text of a place in; false where it contradicts the place.
func (p *place) read(text string, f *Facts) bool {
	switch p.name {
	case "bank":
		return same(&f.Bank, strings.ToLower(text))
	case "bank_no":
		return same(&f.BankNo, text)
	case "area":
		return same(&f.Area, text)
	case "date":
		return readDay(text, p.arg, &f.Day)
	case "execution_date":
		return readDay(text, p.arg, &f.Execution)
	case "batch":
		// A name may hold the whole number and its end as well.
		if strings.HasSuffix(f.Batch, text) {
			return true
		}
		if strings.HasSuffix(text, f.Batch) {
			f.Batch = text
			return true
		}
		return false
	case "sequence":
		return same(&f.Batch, strings.Repeat("0", 8-len(text))+text)
	case "digest":
		return same(&f.Digest, strings.ToLower(text))
	case "count":
		n, err := strconv.Atoi(text)
		f.Count = &n
		return err == nil
	case "amount":
		parse := money.Parse
		if p.arg == "fen" {
			parse = func(s string) (money.Amount, error) { return money.ParseFen([]byte(s)) }
		}
		a, err := parse(text)
		f.Amount = &a
		return err == nil
	}
	return true
}

// same sets a fact, or proves that it stands twice as the same.
func same(to *string, text string) bool {
	if *to != "" && *to != text {
		return false
	}
	*to = text
	return true
}

func readDay(text, form string, to *calendar.Day) bool {
	switch form {
	case "yyyymm", "mmdd":
		return true // no whole day
	case "yymmdd":
		text = "20" + text
	case "yyyy-mm-dd":
		text = strings.ReplaceAll(text, "-", "")
	}
	d, err := calendar.ParseCompact(text)
	*to = d
	return err == nil
}
