// Package profile reads what a bank's files are from one YAML file a bank and
// direction, and writes and reads the bank's files by it: a new bank is a
// profile, not code.
//
// A profile names the files of one direction (collection, payment or opening of
// accounts): the request that we send and the results that come back, each with
// its form, the pattern of its name, its rows, and what the bank's codes and words
// mean. It brings examples, and Check proves it on them. What is wrong with a
// profile is told at its line and column.
//
//	src ─► Parse ─► Profile ─► RequestName, WriteRequest ─► the bank
//	                        ◄─ Recognise, Read           ◄─ the bank
//	the bank's side: ReadRequest; InWords, ResultName, WriteResults
//
// Shipped gives the profiles that come with the program, Load those in a folder
// of the operator's. Files has both by the format that a bank's row in the
// registry names, as the gateway's flows ask for them; the formats json and jsonl
// are canonical JSON Lines and need no profile. The same batch gives the same
// bytes at any time, so a file is never stored: its digest is.
//
// The keys of a profile stand in one table, which the parser follows and from
// which the JSON schema for editors is made.
package profile

import (
	"slices"
	"sync"

	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/layout"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// Direction is what the files of a profile do.
type Direction string

// The directions.
const (
	// Collection debits payers.
	Collection Direction = "collection"
	// Payment pays out.
	Payment Direction = "payment"
	// Opening has accounts opened.
	Opening Direction = "opening"
)

// The refusals of files.
var (
	ErrPart = fault.New(fault.Invalid, "file_part_unknown",
		"the file's name must say which of the bank's result files it is, such as _S (succeeded) or _F (failed)")
	ErrCharset = fault.New(fault.Unprocessable, "text_not_encodable",
		"the bank's charset cannot carry this text")
	// ErrOtherBank is a file of one bank in the place of another.
	ErrOtherBank = fault.New(fault.Unprocessable, "other_bank", "the file is another bank's")
	// ErrFormat is a bank whose format has no profile.
	ErrFormat = bank.ErrNoForm
	// ErrNoStatement is a file of another kind in the place of a statement.
	ErrNoStatement = fault.New(fault.Unprocessable, "no_statement", "the file is no statement")
	// ErrNoRequest is a profile that says what a bank answers only.
	ErrNoRequest = fault.New(fault.Unprocessable, "no_request", "the profile describes no file that we could send")
	// ErrNoResults is a profile whose bank answers in messages, or not at all.
	ErrNoResults = fault.New(fault.Unprocessable, "no_results", "the profile describes no answer of rows")
)

// Profile is one bank's files of one direction. It is safe for concurrent use.
// Make it with Parse.
type Profile struct {
	name      string
	direction Direction
	titles    map[string]string
	charsets  []layout.Charset
	codecs    map[layout.Charset]func() *gb18030.Codec
	request   *file
	results   []*file
	beside    []string
	examples  []example
}

// file is one kind of file.
type file struct {
	format string
	// part tells the files of one answer apart; empty where there is one kind only.
	part  string
	names []*pattern
	// rows is nil where the format is no rows of fields. Constants may have places.
	rows *layout.Layout
	// options are what other formats want said, messageID how their message is called.
	options   *value
	messageID *pattern
	rowLimit  int
}

// example is a file that proves the profile.
type example struct {
	line          int
	file, records string
	bank          Bank
	// problems says that its reading tells a problem of severity error.
	problems bool
}

// Bank is the bank at the other end.
type Bank struct {
	// Code is its code in the registry, BankNo its 12-digit CNAPS number.
	Code, BankNo string
	// Charset is the one of its files; empty is the profile's first.
	Charset string
}

// newCodecs makes the tables of characters when they are first asked for.
func newCodecs() map[layout.Charset]func() *gb18030.Codec {
	return map[layout.Charset]func() *gb18030.Codec{ //nolint:exhaustive // the others need no table
		layout.GB18030: sync.OnceValue(func() *gb18030.Codec { return gb18030.New(gb18030.GB18030) }),
		layout.GBK:     sync.OnceValue(func() *gb18030.Codec { return gb18030.New(gb18030.GBK) }),
	}
}

// widthIn is how many bytes a text takes in a charset, or an error that names the
// character which it lacks.
func (p *Profile) widthIn(charset layout.Charset, text string) (int, error) {
	if codec, ok := p.codecs[charset]; ok {
		b, err := codec().Encode(nil, text)
		return len(b), err
	}
	return layout.NewCoder(charset).Width(text)
}

// Name returns the name that a bank's row in the registry has as its format.
func (p *Profile) Name() string { return p.name }

// Direction returns what the profile's files do.
func (p *Profile) Direction() Direction { return p.direction }

// Title returns the profile's title in a language, zh or en.
func (p *Profile) Title(language string) string { return p.titles[language] }

// RowLimit returns how many rows the bank takes in one file, or 0 where it set no
// limit: a larger batch is split before it is frozen.
func (p *Profile) RowLimit() int {
	if p.request == nil {
		return 0
	}
	return p.request.rowLimit
}

// Beside says which totals must travel beside a result file: "count", "amount".
func (p *Profile) Beside() []string { return slices.Clone(p.beside) }

// RequestName names the file of a batch, or returns nothing where the profile has
// no request.
func (p *Profile) RequestName(f Facts) string {
	if p.request == nil {
		return ""
	}
	return p.request.names[0].write(f)
}

// Recognised is what a file's name says.
type Recognised struct {
	// Request says that it is a file of ours.
	Request bool
	// Part is the part of an answer.
	Part  string
	Facts Facts
}

// Recognise says what a file is by its name, upper and lower case alike; false
// where the name is none of the profile's. A request's name comes first.
func (p *Profile) Recognise(name string) (Recognised, bool) {
	if p.request != nil {
		if f, ok := p.request.match(name); ok {
			return Recognised{Request: true, Part: "", Facts: f}, true
		}
	}
	for _, r := range p.results {
		if f, ok := r.match(name); ok {
			return Recognised{Request: false, Part: r.part, Facts: f}, true
		}
	}
	return Recognised{}, false //nolint:exhaustruct // none
}

// match reads the facts out of a name by the first pattern that it fits.
func (f *file) match(name string) (Facts, bool) {
	for _, p := range f.names {
		if facts, ok := p.match(name); ok {
			return facts, true
		}
	}
	return Facts{}, false //nolint:exhaustruct // none
}
