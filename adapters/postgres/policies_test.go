package postgres_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/calendar"
	"twoline/gateway/ledger"
)

// Once an area has a book, the database refuses a rule that nobody decided, or that is
// not as it was asked for, even from its owner; the nation's and another area's come in.
func TestAreaRule_NeedsItsDecision(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	_, d := pgtest.Open(t)
	pgtest.SeedBooks(t, d, 610304, ledger.Rural, calendar.MustDay("2011-01-01"))
	d.Exec(t, `insert into decision_request (area, id, kind, subject_id, word, document, about, digest, maker, maker_person,
			made_at, state) select 610304, 7, 'policies', 8, 'entered', 'x', 'x', sha256('x'), login, person_id, now(), 'approved'
			from officer where login = 'business-maker.610304'`)
	d.Exec(t, `insert into policy_asked values (610304, 8, 1, 'pay_day', '2011-01-01', '10', 'x')`)
	c, err := pgx.Connect(ctx, d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx) //nolint:errcheck // a connection of the test
	insert := func(values string) string {
		_, err := c.Exec(ctx, `insert into area_rule (area, rule, effective_from, value, document, decision_id, list_id)
			values (`+values+`)`)
		if err != nil {
			return err.Error()
		}
		return ""
	}
	expect := func(values, says string) {
		t.Helper()
		if got := insert(values); (says == "") != (got == "") || !strings.Contains(got, says) {
			t.Errorf("%s: %q, want %q", values, got, says)
		}
	}
	expect(`610304, 'claim_days', '2011-01-01', '5', 'x', null, null`, "rests on no decision, and the area has a book")
	expect(`0, 'claim_days', '2011-01-01', '5', 'x', null, null`, "")
	expect(`610305, 'claim_days', '2011-01-01', '5', 'x', null, null`, "")
	expect(`610304, 'pay_day', '2011-01-01', '10', 'x', 7, 8`, "is not as it was asked for and approved")
	d.Exec(t, `insert into approval (area, subject, subject_id, duty, decision, digest, maker_person, person_id, login, decided_at)
		select 610304, 'decision_request', 7, 'checker', 'approved', sha256('x'), 1, person_id, login, now()
		from officer where login = 'finance-checker.610304'`)
	expect(`610304, 'pay_day', '2011-01-01', '11', 'x', 7, 8`, "is not as it was asked for and approved")
	expect(`610304, 'pay_day', '2011-01-01', '10', 'y', 7, 8`, "is not as it was asked for and approved")
	expect(`610304, 'pay_day', '2011-01-02', '10', 'x', 7, 8`, "rule_as_asked")
	expect(`610304, 'pay_day', '2011-01-01', '10', 'x', 7, null`, "rule_names_its_list")
	expect(`610304, 'pay_day', '2011-01-01', '10', 'x', 7, 8`, "")
}
