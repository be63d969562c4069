package disbursement_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/calendar"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
	"twoline/gateway/report"
)

// keptSheet keeps what is written, the columns first.
type keptSheet struct{ rows []string }

func (s *keptSheet) Begin(h report.Head) error {
	names := make([]string, len(h.Columns))
	for i, c := range h.Columns {
		names[i] = c.Name
	}
	s.rows = append(s.rows, strings.Join(names, "|"))
	return nil
}

func (s *keptSheet) Row(cells ...report.Cell) error {
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = c.Value
	}
	s.rows = append(s.rows, strings.Join(texts, "|"))
	return nil
}

func (s *keptSheet) End() error { return nil }

// Every amount of a roster stands below its own name, and no line is left out or told twice where a page ends.
func TestARosterIsPrintedWhole(t *testing.T) {
	t.Parallel()
	name, _, _ := party.Stored("王秀英", "", "")
	r := disbursement.Roster{ID: 7, Scheme: ledger.Rural, Month: calendar.MustMonth("2011-03")} //nolint:exhaustruct // printed
	var pages []int
	next := func(after int) ([]disbursement.Line, error) {
		pages = append(pages, after)
		var page []disbursement.Line
		for seq := after + 1; seq <= min(after+2, 3); seq++ {
			l := disbursement.Line{Seq: seq, Month: r.Month, SocialNo: fmt.Sprint("S", seq), Name: name} //nolint:exhaustruct // printed
			l.Components = disbursement.Components{Base: 100, Account: 200, Funeral: 300, OneOff: money.Amount(400 * seq)}
			if seq == 2 {
				l.Held = disbursement.HeldSentenced
			}
			page = append(page, l)
		}
		return page, nil
	}
	var sheet keptSheet
	why := func(h disbursement.Hold) string { return "why " + string(h) }
	if err := r.Paper(&sheet, report.English, false, why, next); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"line|social no|name|month|base pension|account pension|funeral grant|one-off|amount|held because",
		"1|S1|王**|2011-03|1.00|2.00|3.00|4.00|10.00|",
		"2|S2|王**|2011-03|1.00|2.00|3.00|8.00|14.00|why sentenced",
		"3|S3|王**|2011-03|1.00|2.00|3.00|12.00|18.00|",
	}
	if d := cmp.Diff(want, sheet.rows); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int{0, 2, 3}, pages); d != "" {
		t.Errorf("read after: %s", d)
	}
}
