package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"twoline/adapters/postgres/pgtest"
	"twoline/gateway/approval"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/personal"
)

// accountsWorld is a county whose members' accounts are written into the book line by
// line, so that every year can be worked out by hand.
type accountsWorld struct {
	*world

	t        *testing.T
	books    pgtest.Books
	personal *personal.Service
	desk     *casework.Service
	entries  int
	// scheme is that of the entries and members written.
	scheme ledger.Scheme
}

func newAccountsWorld(t *testing.T) *accountsWorld {
	t.Helper()
	w := &accountsWorld{world: &world{jobs: &jobList{}}, t: t, scheme: ledger.Rural} //nolint:exhaustruct // filled below
	w.db, w.d = pgtest.Open(t)
	w.db.UseJobs(w.jobs)
	w.today = calendar.MustDay("2026-01-15")
	w.books = pgtest.SeedBooks(t, w.d, chencang, ledger.Rural, calendar.MustDay("2024-01-01"))
	w.sql(t, `insert into region values (610304101201, 610304, '虢镇村')`)
	w.sql(t, `insert into member (area, id, id_number, social_no, name, region, scheme, joined_on)
		select 610304, 1000 + g, lpad((61030419500101000 + g)::text, 17, '0') || '0', 'S' || lpad(g::text, 8, '0'),
			'王' || g, 610304101201, 'rural', '2011-01-01' from generate_series(1, 9) g`)
	w.sql(t, `insert into person (id, name) values (7, 'test')`)
	w.sql(t, `insert into officer (login, person_id, organisation_id, password_hash, created_at)
		select 'desk-checker', 7, id, '', now() from organisation where area = 610304 and kind = 'agency_business'`)
	w.sql(t, `insert into duty_grant (login, duty, granted_at) values ('desk-checker', 'checker', '2009-09-01')`)
	w.books.Officers["business-checker"] = approval.Officer{
		Login: "desk-checker", Person: 7, Organisation: approval.AgencyBusiness, Area: chencang, Region: 0,
		Duties: []approval.Duty{approval.Checker},
	}
	today := func() calendar.Day { return w.today }
	w.personal = personal.New(w.db.Personal(), today)
	w.desk = casework.New(w.db.Casework(), today)
	return w
}

// part is one line of a member.
type part struct {
	member int64
	role   ledger.Role
	amount string
	year   int
}

// book writes an entry of one kind: the parts against the control account; a sign says
// that money leaves the account.
func (w *accountsWorld) book(kind ledger.Kind, on string, parts ...part) {
	w.t.Helper()
	w.entries++
	var rows []string
	var sum money.Amount
	for i, p := range parts {
		text, out := strings.CutPrefix(p.amount, "-")
		amount := money.MustParse(text)
		side, red := "credit", false
		switch {
		case out && kind == ledger.ContributionRefund:
			red = true
		case out:
			side = "debit"
		case comesBack(kind):
			side, red = "debit", true
		}
		if out {
			amount = -amount
		}
		sum += amount
		rows = append(rows, fmt.Sprintf("(%d, '%s', '%s', 'item', %t, %d, nextval('fact_id'), %d, nullif(%d, 0))", i+2, side, p.role, red,
			max(amount, -amount).Fen(), p.member, p.year))
	}
	side, red := "debit", kind == ledger.ContributionRefund
	if sum < 0 && !red || comesBack(kind) {
		side = "credit"
		red = comesBack(kind)
	}
	rows = append(rows, fmt.Sprintf("(1, '%s', 'personal_control', 'sum', %t, %d, null, null, null)", side, red, max(sum, -sum).Fen()))
	w.sql(w.t, fmt.Sprintf(`
		with head as (
			insert into entry (area, id, scheme, kind, cause, accounted_on, effective_on, line_count, text, actor, booked_at)
			values (610304, nextval('fact_id'), '%[7]s', '%[1]s', 'test:%[2]d', '%[3]s', '%[4]s', %[5]d, 'test', 'test', now()) returning *)
		insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red, reversal,
			amount, cause_id, member_id, year)
		select h.area, h.id, u.line, h.scheme, h.kind, h.effective_on, h.accounted_on, u.side, u.role, u.nature, u.red, false, u.amount,
			u.cause::bigint, u.member::bigint, u.year::smallint
		from head h cross join (values %[6]s) as u (line, side, role, nature, red, amount, cause, member, year)`,
		kind, w.entries, w.today, on, len(rows), strings.Join(rows, ","), w.scheme))
}

// comesBack is whether an entry of the kind undoes a drawing, in red.
func comesBack(kind ledger.Kind) bool {
	switch kind {
	case ledger.PaymentReturn, ledger.ReturnUnclaimed, ledger.RecoveryByChannel, ledger.RecoverySettled:
		return true
	}
	return false
}

func (w *accountsWorld) rule(rule, from, value string) {
	w.t.Helper()
	w.sql(w.t, fmt.Sprintf(`insert into area_rule values (610304, '%s', '%s', '"%s"', '%s of %s')`, rule, from, value, rule, from))
}

// ask asks for an interest run.
func (w *accountsWorld) ask(o personal.InterestOrder) (personal.InterestRun, error) {
	w.t.Helper()
	var run personal.InterestRun
	_, err := w.personal.AskInterest(context.Background(), w.request("POST /v1/interest-runs", "", w.keys), result(&run),
		w.books.Officers["business-maker"], o)
	return run, err
}

func interest(year int, rate personal.Rate, correction string) personal.InterestOrder {
	return personal.InterestOrder{Scheme: ledger.Rural, Year: year, Rate: rate, Correction: correction}
}

// must asks for a run, has it approved and posts it, each job twice.
func (w *accountsWorld) mustRun(o personal.InterestOrder) personal.InterestRun {
	w.t.Helper()
	run, err := w.ask(o)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.approve(run.Decision); err != nil {
		w.t.Fatal(err)
	}
	w.post()
	return run
}

func (w *accountsWorld) approve(decision int64) error {
	w.t.Helper()
	checker := w.books.Officers["business-checker"]
	asked, err := w.desk.Request(context.Background(), checker, decision)
	if err != nil {
		w.t.Fatal(err)
	}
	_, err = w.desk.Approve(context.Background(), w.request("POST approve", "", w.keys), result(new(casework.Request)), checker,
		casework.Verdict{ID: decision, Digest: asked.Digest, Reason: ""})
	return err //nolint:wrapcheck // of the service
}

func (w *accountsWorld) post() {
	w.t.Helper()
	list := w.jobs.list
	w.jobs.list = nil
	for _, j := range append(list, list...) {
		var err error
		switch j := j.(type) {
		case personal.InterestApproved:
			err = w.personal.PostInterest(context.Background(), j.Area, j.Run)
		case personal.SubsidiesApproved:
			err = w.personal.PostSubsidies(context.Background(), j.Area, j.Run)
		default:
			err = errors.New("no worker")
		}
		if err != nil {
			w.t.Fatalf("%T: %v", j, err)
		}
	}
}

// held is what a member's account holds in one part.
func (w *accountsWorld) held(member int64, role ledger.Role) string {
	w.t.Helper()
	return money.Amount(one[int64](w.t, w.world, `select coalesce(sum(case when (side = 'credit') <> red then amount else -amount end), 0)::bigint
		from posting where area = 610304 and member_id = $1 and role = $2`, member, string(role))).String()
}

func (w *accountsWorld) officer(name string) approval.Officer { return w.books.Officers[name] }
