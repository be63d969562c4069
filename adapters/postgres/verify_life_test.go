package postgres_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/adapters/postgres"
	"twoline/gateway/calendar"
	"twoline/gateway/lifeevent"
	"twoline/gateway/party"
	"twoline/gateway/policy"
)

func lifeCorruptions() []corruption {
	return []corruption{
		{
			id: "life", name: "certified before birth", sql: []string{
				`update certification set certified_on = '1900-01-01' where id = 7301`,
			},
			row: `'610305/certification 7301'`, text: "before the member was born",
		},
		{
			id: "life", name: "certified by a bank where nobody has an account", sql: []string{
				`update certification set way = 'silent', bank = 'rcc', evidence = 'visit', reference = 'X', document = 'rcc X'
					where id = 7301`,
			},
			row: `'610305/certification 7301'`, text: "names bank rcc",
		},
	}
}

func TestLifeEventsAreWhatWasDecided(t *testing.T) { t.Parallel(); corrupted(t, "life") }

// lived is a world in which a stop ended, a death was recovered and an heir was granted.
func lived(t *testing.T) *lifeWorld {
	t.Helper()
	w := newLifeWorld(t, 3)
	w.personal(t, 1001, 8000, 2000)
	w.hold(t, 1002, "certification_overdue", "2011-03-01")
	w.paysMonth(t, "2011-03")
	w.paysMonth(t, "2011-04")
	if err := w.endHold(t, one[int64](t, w.world, `select id from payment_hold`)); err != nil {
		t.Fatal(err)
	}
	w.died(t, 1001, "2011-02-28")
	w.sql(t, `insert into comparison_match (area, id, list, source, document, line, member_id, strength, agrees, happened_on,
			entered_by, entered_at)
		values (610304, 5, 'cremations', 'civil affairs', 'list', 2, 1001, 'strong', 'number_and_name', '2011-02-28', 'test', now())`)
	if err := w.life.Watch(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
	r := w.recovery(t, 1001)
	x := lifeevent.Receipt{ //nolint:exhaustruct // the service's
		Case: r.ID, Way: lifeevent.ByChannel, FundAccount: 13, Amount: 20_00, BankReference: "C1", ValueDate: w.today,
		Document: "note",
	}
	if _, err := w.life.AskReceipt(t.Context(), w.ask("POST /v1/recoveries/"+strconv.FormatInt(r.ID, 10)+"/receipts"), result(&x), w.maker, x); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, x.Decision); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `insert into area_rule values (610304, 'funeral_grant', '2009-09-01', '"fixed:600"', 'local rule 5')`)
	p := lifeevent.Plan{Case: r.ID, AskedOf: lifeevent.Family, Document: "minute"} //nolint:exhaustruct // the service's
	if _, err := w.life.AskPlan(t.Context(), w.ask("POST /v1/recoveries/"+strconv.FormatInt(r.ID, 10)+"/plan"), result(&p), w.maker, p); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, p.Decision); err != nil {
		t.Fatal(err)
	}
	c := lifeevent.Claim{ //nolint:exhaustruct // the service's
		Member: 1001, Funeral: true, Balance: true, Bank: "psbc", Kind: "passbook", Document: "certificate",
	}
	c.HeirName, c.HeirID, c.AccountNo = party.Stored("李四", "610304195001010011", "77001")
	if _, err := w.life.AskClaim(t.Context(), w.ask("POST /v1/estate-claims"), result(&c), w.maker, c); err != nil {
		t.Fatal(err)
	}
	if err := w.agreed(t, c.Decision); err != nil {
		t.Fatal(err)
	}
	return w
}

// found returns what a verification says, but of the entries that a world writes by hand and of
// triggers that it switched off.
func (w *lifeWorld) found(t *testing.T) string {
	t.Helper()
	r, err := w.db.Verify(t.Context(), postgres.Verification{}) //nolint:exhaustruct // all
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, f := range r.Findings {
		if f.ID == "I5" || f.ID == "append-only" {
			continue
		}
		for _, b := range f.Breaches {
			text = append(text, f.ID+" "+b.Row+" "+b.Text)
		}
	}
	return strings.Join(text, "; ")
}

// Whoever edits what was decided about a life, past every trigger, is named with the row.
func TestEditsOfDecidedLivesAreNamed(t *testing.T) {
	t.Parallel()
	w := lived(t)
	w.namesEdits(t, []handEdit{
		{
			`update comparison_match set happened_on = '2011-02-27'`, `update comparison_match set happened_on = '2011-02-28'`,
			"is strong, and the member is not reported",
		},
		{
			`update resumption set back_pay = 'none'`, `update resumption set back_pay = 'from_stop'`,
			"pays nothing back, and has due",
		},
		{
			`update benefit_due set base_pension = base_pension + 1 where cause like 'resumption:%'`,
			`update benefit_due set base_pension = base_pension - 1 where cause like 'resumption:%'`,
			"its lines hold 11000",
		},
		{
			`update resumption_month set month = '2011-02-01' where month = '2011-03-01'`,
			`update resumption_month set month = '2011-03-01' where month = '2011-02-01'`,
			"months that the hold did not stop",
		},
		{
			`update resumption_month set member_id = 1003 where month = '2011-03-01'`,
			`update resumption_month set member_id = 1002`, "has a month of member 1003, whom the hold did not stop",
		},
		{
			`update recovery_planned set plan_id = plan_id + 1000000`, `update recovery_planned set plan_id = plan_id - 1000000`,
			"was decided or waits for it, and is not there",
		},
		{
			`update recovery_receipt set id = id + 1000000`, `update recovery_receipt set id = id - 1000000`,
			"was decided or waits for it, and is not there",
		},
		{
			`update recovery_plan set made_at = made_at + interval '1 hour'`, `update recovery_plan set made_at = made_at - interval '1 hour'`,
			"when no answer was kept",
		},
		{
			`update estate_claim set made_at = made_at - interval '1 hour'`, `update estate_claim set made_at = made_at + interval '1 hour'`,
			"was answered, and its effect is not there",
		},
		{
			`update recovery_line set base_pension = base_pension + 1`, `update recovery_line set base_pension = base_pension - 1`,
			"otherwise than it was paid",
		},
		{
			`update recovery_plan set individual = individual - 1, interest = interest + 1`,
			`update recovery_plan set individual = individual + 1, interest = interest - 1`, "otherwise than it is booked",
		},
		{
			`insert into recovery_instalment select area, id, 1, '2012-01-01', 5 from recovery_plan`,
			`delete from recovery_instalment`, "in instalments of 0.05",
		},
		{
			`update recovery_receipt set amount = amount + 1, base_pension = base_pension + 1`,
			`update recovery_receipt set amount = amount - 1, base_pension = base_pension - 1`,
			"is booked otherwise than it was decided",
		},
		{
			`update estate_claim set heir_name = '王五'`, `update estate_claim set heir_name = '李四'`,
			"goes to another account than the heir",
		},
		{
			`update estate_granted set balance = balance + 100, held = held + 100`,
			`update estate_granted set balance = balance - 100, held = held - 100`, "granted 11.00 of an account that held 10.00",
		},
		{
			`update benefit_due set funeral_grant = 70000 where cause like 'funeral:%'`,
			`update benefit_due set funeral_grant = 60000 where cause like 'funeral:%'`, "and due are 700.00",
		},
		{
			`update benefit_due set base_pension = 100 where cause like 'funeral:%'`,
			`update benefit_due set base_pension = 0 where cause like 'funeral:%'`, "is due with 1.00 of a pension in it",
		},
	})
}

// handEdit is SQL that edits what is stored, past every trigger, SQL that undoes it, and
// what a verification says in between.
type handEdit struct{ edit, undo, want string }

// namesEdits does each edit and looks that it is named, and that nothing is before and after.
func (w *lifeWorld) namesEdits(t *testing.T, edits []handEdit) {
	t.Helper()
	if text := w.found(t); text != "" {
		t.Fatalf("before any edit: %s", text)
	}
	c, err := pgx.Connect(t.Context(), w.d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
	run := func(sql string) {
		t.Helper()
		if _, err := c.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	run(`set session_replication_role = replica`)
	for _, give := range edits {
		run(give.edit)
		if text := w.found(t); !strings.Contains(text, give.want) {
			t.Errorf("%s is told as %q, want %q", give.edit, text, give.want)
		}
		run(give.undo)
	}
	if text := w.found(t); text != "" {
		t.Errorf("after every edit was undone: %s", text)
	}
}

// The day by which a pensioner certifies is one in Go and in SQL, over the change of the
// rule and over leap days.
func TestTheDayOfCertificationIsOneInBothLanguages(t *testing.T) {
	t.Parallel()
	w := newLifeWorld(t, 1)
	own := calendar.MustDay("2024-07-01")
	w.sql(t, `insert into area_rule (area, rule, effective_from, value, document) values
		(610304, 'certification_cycle', '2011-01-01', '"calendar_year"', 'x'),
		(610304, 'certification_cycle', '2018-01-01', '"months:12"', 'x'),
		(610304, 'certification_cycle', '2024-07-01', '"months:6"', 'x')`)
	cycles := []policy.Cycle{
		{Since: calendar.MustDay("2011-01-01"), Until: calendar.MustDay("2018-01-01"), Months: 0},
		{Since: calendar.MustDay("2018-01-01"), Until: own, Months: 12},
		{Since: own, Until: calendar.Day{}, Months: 6},
	}
	for _, give := range []struct{ last, want string }{
		{"2012-02-29", "2013-12-31"},
		{"2016-12-31", "2017-12-31"},
		{"2017-01-01", "2018-01-01"},
		{"2017-06-10", "2018-06-10"},
		{"2020-02-29", "2021-02-28"},
		{"2023-06-30", "2024-06-30"},
		{"2023-10-05", "2024-07-01"},
		{"2024-02-10", "2024-08-10"},
	} {
		w.sql(t, `set session_replication_role = replica; delete from certification;
			insert into certification (area, member_id, way, certified_on, document, entered_by, entered_at, business_day)
			values (610304, 1001, 'counter', '`+give.last+`', 'x', 'test', now(), '`+give.last+`')`)
		w.today = calendar.MustDay(give.last)
		list, _, err := w.life.Certifications(t.Context(), w.auditor, lifeevent.CertificationFilter{}) //nolint:exhaustruct // all
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		day := lifeevent.DueOn(cycles, calendar.MustMonth("2011-01"), calendar.MustDay(give.last))
		if list[0].DueOn.String() != give.want || day.String() != give.want {
			t.Errorf("after %s: SQL says %s, Go %s, want %s", give.last, list[0].DueOn, day, give.want)
		}
	}
}
