package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
)

// yuanCurrency is the currency of every form that names none.
const yuanCurrency = "CNY"

// errContradicts is a file of instructions that cannot be converted as it stands.
var errContradicts = errors.New("nothing is written")

// loss is a field that the new form does not hold, or holds otherwise.
type loss struct {
	Record string `json:"record"`
	Field  string `json:"field,omitempty"`
	// Changed says that the new form holds another value.
	Changed bool `json:"changed,omitempty"`
	Count   int  `json:"count"`
	// First is the place of the first one.
	First string `json:"first"`
}

// String tells it in words, without what stood there.
func (l loss) String() string {
	what := l.Record
	if l.Field != "" {
		what = "the " + l.Field + " of " + l.Record + "s"
	} else if l.Count != 1 {
		what += "s"
	}
	if l.Changed {
		what += " as it was"
	}
	return fmt.Sprintf("%s: %d, the first is %s", what, l.Count, l.First)
}

// compare reads both forms of a file side by side and says what the second one does
// not hold. Amounts, directions and numbers of records must be the same: another
// one is an error.
func compare(ctx context.Context, before, after records) ([]loss, error) {
	var failed error
	next, stop := iter.Pull(pulled(ctx, after, &failed))
	defer stop()
	found := &losses{byKey: make(map[string]*loss), order: nil}
	there, more := next()
	err := before(ctx, func(r bank.Record) error {
		for {
			switch {
			case more && place(r) == place(there):
				err := found.compare(r, there)
				there, more = next()
				return err
			case optional(r):
				if _, told := r.(bank.Problem); !told {
					found.add(kindOf(r), "", false, place(r))
				}
				return nil
			case more && optional(there):
				there, more = next()
			default:
				return fmt.Errorf("%s is missing", place(r))
			}
		}
	})
	for more && optional(there) {
		there, more = next()
	}
	switch {
	case failed != nil:
		return nil, failed
	case err != nil:
		return nil, err
	case more:
		return nil, fmt.Errorf("%s was not in the file", place(there))
	}
	return found.list(), nil
}

// pulled makes a sequence of what a reader emits; its error is put into failed.
func pulled(ctx context.Context, read records, failed *error) iter.Seq[bank.Record] {
	return func(yield func(bank.Record) bool) {
		enough := errors.New("enough")
		err := read(ctx, func(r bank.Record) error {
			if !yield(r) {
				return enough
			}
			return nil
		})
		if err != nil && !errors.Is(err, enough) {
			*failed = err
		}
	}
}

// optional says of a record that a form may have no room for it as such.
func optional(r bank.Record) bool {
	switch r.(type) {
	case bank.EntryDetail, bank.Problem:
		return true
	default:
		return false
	}
}

// place names a record by where it stands.
func place(r bank.Record) string {
	switch r := r.(type) {
	case bank.FileHead:
		return "file"
	case bank.StatementHead:
		return fmt.Sprintf("statement %d", r.Index)
	case bank.StatementEntry:
		return fmt.Sprintf("statement %d entry %d", r.Statement, r.Index)
	case bank.EntryDetail:
		return fmt.Sprintf("statement %d entry %d detail %d", r.Statement, r.Entry, r.Index)
	case bank.BatchHead:
		return fmt.Sprintf("batch %d", r.Index)
	case bank.BatchItem:
		return fmt.Sprintf("batch %d item %d", r.Batch, r.Index)
	case bank.Result:
		return fmt.Sprintf("batch %d result %d", r.Batch, r.Index)
	case bank.Problem:
		return "problem " + r.Code
	case bank.End:
		return "end"
	}
	return ""
}

func kindOf(r bank.Record) string {
	switch r.(type) {
	case bank.FileHead:
		return "file"
	case bank.StatementHead:
		return "statement"
	case bank.StatementEntry:
		return "entry"
	case bank.EntryDetail:
		return "detail"
	case bank.BatchHead:
		return "batch"
	case bank.BatchItem:
		return "item"
	case bank.Result:
		return "result"
	case bank.Problem:
		return "problem"
	case bank.End:
		return "end"
	}
	return ""
}

// losses gathers what was lost, by record and field.
type losses struct {
	byKey map[string]*loss
	order []string
}

func (l *losses) add(record, field string, changed bool, where string) {
	key := fmt.Sprint(record, " ", field, " ", changed)
	known, ok := l.byKey[key]
	if !ok {
		known = &loss{Record: record, Field: field, Changed: changed, Count: 0, First: where}
		l.byKey[key] = known
		l.order = append(l.order, key)
	}
	known.Count++
}

func (l *losses) list() []loss {
	out := make([]loss, len(l.order))
	for i, key := range l.order {
		out[i] = *l.byKey[key]
	}
	return out
}

// neverOthers are the fields that may never become others.
func neverOthers() []string {
	return []string{"amount", "direction", "count", "sum", "opening", "closing"}
}

func (l *losses) compare(before, after bank.Record) error {
	switch before.(type) {
	case bank.End, bank.Problem:
		return nil
	default:
	}
	was, is := facts(before), facts(after)
	for _, f := range was {
		now := is.get(f.name)
		switch {
		case f.value == now || f.value == "" || passedOver(before, f.name):
		case now == "":
			l.add(kindOf(before), f.name, false, place(before))
		case slices.Contains(neverOthers(), f.name):
			return fmt.Errorf("%s: the %s is another one", place(before), f.name)
		default:
			l.add(kindOf(before), f.name, true, place(before))
		}
	}
	return nil
}

// passedOver are fields that say what form a file has.
func passedOver(r bank.Record, field string) bool {
	switch r := r.(type) {
	case bank.FileHead:
		return field == "format" || field == "kind"
	case bank.StatementEntry:
		return field == "details"
	case bank.BatchItem:
		return field == "currency" && r.Currency == yuanCurrency
	default:
		return false
	}
}

type fact struct{ name, value string }

type factList []fact

func (l factList) get(name string) string {
	for _, f := range l {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// facts are the fields of a record with their values; empty is absent.
func facts(r bank.Record) factList {
	v := reflect.ValueOf(r)
	out := make(factList, 0, v.NumField())
	for i := range v.NumField() {
		field := v.Field(i)
		f := fact{name: snake(v.Type().Field(i).Name), value: ""}
		if field.Kind() == reflect.Pointer && !field.IsNil() {
			field = field.Elem()
		}
		if !field.IsZero() {
			switch x := field.Interface().(type) {
			case bank.Figure:
				f.value = x.Decimal().String()
			case calendar.Day:
				f.value = x.String()
			default:
				f.value = fmt.Sprint(x)
			}
		}
		out = append(out, f)
	}
	return out
}

// snake turns a field's name into that of canonical JSON Lines.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		starts := unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if starts {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
