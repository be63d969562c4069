package profile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"twoline/gateway/fault"
)

// MaxSource is how large a profile may be, in bytes.
const MaxSource = 256 << 10

// maxFaults is how many faults of one profile are told at once.
const maxFaults = 20

// ErrProfile is a profile that cannot be used.
var ErrProfile = fault.New(fault.Invalid, "profile", "the profile is not usable")

// Fault is what is wrong at one place of a profile.
type Fault struct {
	// Line and Column are counted from 1; both are 0 where the whole file is meant.
	Line, Column int
	// Path leads to the place: files.request.fields[3].width.
	Path string
	// Text says what was expected and what stands there.
	Text string
}

// String returns the place and the text.
func (f Fault) String() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", f.Line, f.Column)
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	b.WriteString(f.Text)
	return b.String()
}

// ParseError lists what is wrong with a profile, in the order of its lines. It is
// ErrProfile.
type ParseError struct {
	// Name is the file's.
	Name   string
	Faults []Fault
	// More says that there are more faults than these.
	More bool
}

// Error returns one line a fault, each of which begins with the file's name.
func (e *ParseError) Error() string {
	lines := make([]string, 0, len(e.Faults)+1)
	for _, f := range e.Faults {
		lines = append(lines, e.Name+": "+f.String())
	}
	if e.More {
		lines = append(lines, e.Name+": and more")
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives ErrProfile with the first fault's text and line.
func (e *ParseError) Unwrap() error {
	if len(e.Faults) == 0 {
		return ErrProfile
	}
	first := e.Faults[0]
	return ErrProfile.With("%s: %s", e.Name, first.String()).At(first.Line).On(first.Path)
}

// faults gathers what is wrong.
type faults struct{ all []Fault }

func (f *faults) add(line, column int, path, format string, args ...any) {
	f.all = append(f.all, Fault{Line: line, Column: column, Path: path, Text: fmt.Sprintf(format, args...)})
}

// err returns a ParseError where something is wrong.
func (f *faults) err(name string) error {
	if len(f.all) == 0 {
		return nil
	}
	slices.SortStableFunc(f.all, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	e := &ParseError{Name: name, Faults: f.all, More: false}
	if len(f.all) > maxFaults {
		e.Faults, e.More = f.all[:maxFaults], true
	}
	return e
}

// nearest returns the word that was probably meant, or nothing.
func nearest(word string, known []string) string {
	best, least := "", max(1, len(word)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < least {
			best, least = k, d
		}
	}
	return best
}

// maxWord bounds the words that distance compares.
const maxWord = 40

// distance counts the letters to add, leave out, change or swap with the next.
func distance(a, b string) int {
	if len(a) > maxWord || len(b) > maxWord {
		return maxWord
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// didYouMean ends a sentence about a word that is not known.
func didYouMean(word string, known []string) string {
	if meant := nearest(word, known); meant != "" {
		return "; did you mean " + meant + "?"
	}
	return ""
}
