package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"twoline/gateway/calendar"
	"twoline/gateway/entitlement"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/personal"
	"twoline/gateway/report"
)

// statementRows is a sheet that keeps its rows as text.
type statementRows struct {
	head  report.Head
	rows  []string
	ended bool
}

func (r *statementRows) Begin(h report.Head) error { r.head = h; return nil }

func (r *statementRows) Row(cells ...report.Cell) error {
	var words []string
	for _, c := range cells {
		words = append(words, c.Value)
	}
	r.rows = append(r.rows, strings.Join(words, "|"))
	return nil
}

func (r *statementRows) End() error { r.ended = true; return nil }

// A member's year: what stood there, each booking with the bank's number, the rate of
// its interest, what is left; and the same of everybody of a township in one table.
func TestStatement_OfAMemberAndOfATownship(t *testing.T) {
	t.Parallel()
	w := newAccountsWorld(t)
	w.rule("interest_rate", "2024-01-01", "1.20%")
	w.book(ledger.Opening, "2024-01-01", part{1001, ledger.PersonalIndividual, "1000.00", 0}, part{1001, ledger.PersonalInterest, "20.00", 0})
	w.book(ledger.ContributionReceived, "2024-05-20", part{1001, ledger.PersonalIndividual, "100.00", 2024}, part{1002, ledger.PersonalIndividual, "300.00", 2023})
	w.book(ledger.BenefitPaid, "2024-09-25", part{1001, ledger.PersonalIndividual, "-60.00", 0})
	w.sql(t, `insert into counter_receipt (area, id, member_id, year, ordinal, amount, channel, bank, terminal, paid_on, fund_account,
		bank_reference, received_at) select 610304, cause_id, 1001, 2024, 1, 10000, 'counter', 'psbc', 'T1', '2024-05-20', 1, 'R77', now()
		from posting where member_id = 1001 and kind = 'contribution'`)
	w.sql(t, `insert into service_years (area, id, member_id, years, document, entered_by, entered_at) values
		(610304, 5, 1001, 9, 'list', 'test', now()), (610304, 6, 1001, 11, 'list 2', 'test', now()), (610304, 7, 1003, 2, 'list', 'test', now())`)
	w.mustRun(interest(2024, personal.Final, ""))
	s, err := w.personal.Statement(context.Background(), w.officer("auditor"), 1001, 2024)
	if err != nil {
		t.Fatal(err)
	}
	parts := func(individual, interest string) entitlement.Parts {
		return entitlement.Parts{Individual: money.MustParse(individual), Interest: money.MustParse(interest)} //nolint:exhaustruct // two parts
	}
	// 1020 × 1.2 % + 100 × 1.2 % × 7/12 − 60 × 1.2 % × 3/12
	if s.Opening != parts("1000.00", "20.00") || s.Closing != parts("1040.00", "32.76") || s.YearsPaid != 12 ||
		s.Earliest != calendar.MustMonth("2010-02") || len(s.Lines) != 3 {
		t.Fatalf("the statement is %+v", s)
	}
	if l := s.Lines[0]; l.BankReference != "R77" || l.Year != 2024 || l.Kind != ledger.ContributionReceived || l.Day != calendar.MustDay("2024-05-20") {
		t.Errorf("the contribution is %+v", l)
	}
	if len(s.Interest) != 1 || s.Interest[0].Percent != "1.2%" || s.Interest[0].Amount != money.MustParse("12.76") {
		t.Errorf("the interest is %+v", s.Interest)
	}
	// 60 is reached on the day from which the area asks for 62.
	w.sql(t, `insert into area_rule values (610304, 'pension_age', '2010-01-01', '62', 'test')`)
	later, err := w.personal.Statement(context.Background(), w.officer("auditor"), 1001, 2024)
	if err != nil || later.Earliest != calendar.MustMonth("2012-02") {
		t.Errorf("under the later age: %s, %v", later.Earliest, err)
	}
	next, err := w.personal.Statement(context.Background(), w.officer("auditor"), 1001, 2025)
	if err != nil || next.Opening != s.Closing || len(next.Lines) != 0 {
		t.Errorf("the next year begins with %+v, %v", next, err)
	}
	if _, err := w.personal.Statement(context.Background(), w.officer("auditor"), 77, 2024); !errors.Is(err, personal.ErrNoMember) {
		t.Errorf("a stranger: %v", err)
	}
	for lang, want := range map[report.Language]string{
		report.Chinese: "2024-05-20|缴费|2024|100.00|0.00|0.00|0.00|R77", report.English: "2024-05-20|contribution|2024|100.00|0.00|0.00|0.00|R77",
	} {
		sheet := &statementRows{} //nolint:exhaustruct // empty
		err := w.personal.WriteStatements(context.Background(), w.officer("auditor"),
			personal.StatementFilter{Year: 2024, Region: 610304101000}, lang, sheet) //nolint:exhaustruct // the service's
		if err != nil || !sheet.ended {
			t.Fatal(err)
		}
		if sheet.rows[2] != want || sheet.rows[0] != "|王1||||||S00000001 "+s.IDNumber.String() || sheet.head.Language != lang {
			t.Errorf("the paper says %q", sheet.rows[:3])
		}
		// Four rows each at least: the name, the two balances, the years; 1001 has three bookings and a rate more, 1002
		// two and a rate.
		if n := len(sheet.rows); n != 9*4+4+3 {
			t.Errorf("%d rows of nine members: %q", n, sheet.rows)
		}
	}
	// More members than are held in memory at a time.
	w.sql(t, `insert into region values (610304103201, 610304, '远村')`)
	w.sql(t, `insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
		select 610304, 3000 + g, lpad((61030419500301000 + g)::text, 17, '0') || '0', 'M' || lpad(g::text, 8, '0'),
			'王', 610304103201, 'rural', '2011-01-01' from generate_series(1, 501) g`)
	many := &statementRows{} //nolint:exhaustruct // empty
	err = w.personal.WriteStatements(context.Background(), w.officer("auditor"),
		personal.StatementFilter{Year: 2024, Region: 610304103000}, report.Chinese, many) //nolint:exhaustruct // the service's
	if err != nil || len(many.rows) != 501*4 || !many.ended {
		t.Errorf("501 members have %d rows, %v", len(many.rows), err)
	}
	empty := &statementRows{} //nolint:exhaustruct // empty
	err = w.personal.WriteStatements(context.Background(), w.officer("auditor"),
		personal.StatementFilter{Year: 2024, Region: 610304102000}, report.Chinese, empty) //nolint:exhaustruct // the service's
	if err != nil || len(empty.rows) != 0 || !empty.ended {
		t.Errorf("a township of nobody has %d rows, %v", len(empty.rows), err)
	}
}
