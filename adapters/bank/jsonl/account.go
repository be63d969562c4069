package jsonl

import (
	"fmt"

	"twoline/gateway/bank"
)

// accounts prove that the figures of a file agree with each other: what canonical
// lines claim is no truer than what the codec of a bank's own form would have found.
type accounts struct {
	statement *bank.StatementHead
	batch     *bank.BatchHead
	sum       bank.Figure
	items     int
	// broken says that a sum became too long to be told.
	broken bool
	// told says that the file names this contradiction itself.
	told bool
}

// take looks at a record and returns what does not agree in the part that it ends.
func (a *accounts) take(r bank.Record) []bank.Problem {
	var problems []bank.Problem
	switch v := r.(type) {
	case bank.StatementHead:
		problems = a.end()
		*a = accounts{statement: &v} //nolint:exhaustruct // begins
		if v.Opening != nil {
			a.sum = *v.Opening
		}
	case bank.StatementEntry:
		a.broken = a.broken || v.Status == "" || v.Direction == bank.NoDirection
		if v.Status != "booked" {
			break
		}
		if v.Direction == bank.Debit {
			a.add(v.Amount.Negate())
		} else {
			a.add(v.Amount)
		}
	case bank.BatchHead:
		problems = a.end()
		*a = accounts{batch: &v} //nolint:exhaustruct // begins
	case bank.BatchItem:
		a.items++
		a.add(v.Amount)
	case bank.Result:
		a.batch = nil // the head of answers counts these, and they may be of a part
	case bank.Problem:
		a.told = a.told || v.Code == "balance" || v.Code == "control_total" || v.Code == "currency"
	case bank.End:
		problems = a.end()
		*a = accounts{} //nolint:exhaustruct // over
	default:
	}
	return problems
}

func (a *accounts) add(f bank.Figure) {
	sum, err := a.sum.Add(f)
	a.sum, a.broken = sum, a.broken || err != nil
}

func (a *accounts) end() []bank.Problem {
	wrong := func(code, path, text string, args ...any) []bank.Problem {
		return []bank.Problem{{ //nolint:exhaustruct // of no one line
			Severity: bank.SeverityError, Code: code, Path: path, Text: fmt.Sprintf(text, args...),
		}}
	}
	switch {
	case a.told || a.broken:
		return nil
	case a.batch != nil && a.batch.Count != 0 && a.batch.Count != a.items:
		return wrong("control_total", fmt.Sprintf("batch %d", a.batch.Index),
			"the count is said to be %d, there are %d items", a.batch.Count, a.items)
	case a.batch != nil && a.batch.Sum != (bank.Figure{}) && a.batch.Sum.Compare(a.sum) != 0:
		return wrong("control_total", fmt.Sprintf("batch %d", a.batch.Index),
			"the sum is said to be %s, the items make %s", a.batch.Sum, a.sum)
	case a.statement == nil || a.statement.Opening == nil || a.statement.Closing == nil:
		return nil
	}
	closes := a.statement.Closing.Compare(a.sum) == 0
	path := fmt.Sprintf("statement %d", a.statement.Index)
	switch {
	case !closes && a.statement.Balanced != nil && !*a.statement.Balanced:
		return nil // its head says so
	case !closes:
		return wrong("balance", path, "opening, booked credits and debits make %s, the closing balance is %s", a.sum,
			a.statement.Closing)
	case a.statement.Balanced != nil && !*a.statement.Balanced:
		return wrong("balance", path, "the statement is said not to balance, and does")
	}
	return nil
}
