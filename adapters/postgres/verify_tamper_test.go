package postgres_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"twoline/adapters/postgres"
)

// protected are the tables that random edits fall on.
func protected() []string {
	return []string{
		"entry", "posting", "sealed_balance", "sealed_day", "period_close", "period_proof", "period_outstanding", "book", "withholding_run",
		"withholding_batch",
		"batch_counter", "item_counter", "batch_event", "withholding_item", "receipt", "receipt_part", "answer", "arrival",
		"counter_receipt", "terminal_day", "agreement", "agreement_progress", "arrival_suspense", "refund_task",
		"exception_case", "statement", "statement_line", "fund_transfer", "transfer_event", "approval", "fixed_deposit",
		"opening_balance", "personal_opening", "account_opening", "account_opening_item", "two_line_rule", "bank_query",
		"tier_choice", "idempotency", "pay_run", "run_event", "roster", "roster_line", "release_hit", "payment_batch",
		"payment_item", "payment_return", "payment_return_booked", "return_unclaimed", "entitlement", "death_notice",
		"death_withdrawn", "payment_hold", "hold_release", "instrument_change", "funding_request",
		"decision_request", "personal_opening_asked", "reconciliation_break", "break_line", "break_desk", "break_owner",
		"break_due", "break_note", "break_attachment", "break_attachment_part", "break_letter", "break_letter_line",
		"break_resolution", "break_approval", "break_request", "break_booking", "policy_asked", "policy_setup", "area_rule_round", "service_years", "pension_case", "award_run",
		"benefit_due", "benefit_due_month", "due_list", "due_list_line", "due_list_approved",
		"interest_run", "interest_line", "interest_run_approved", "interest_progress", "subsidy_run",
		"subsidy_line", "subsidy_level", "subsidy_arrival", "subsidy_arrival_withdrawn", "subsidy_run_approved", "subsidy_progress",
		"award_line", "award_basis", "award_refused", "award_run_approved",
		"certification", "comparison_match", "resumption", "resumption_month", "recovery_case", "recovery_line",
		"recovery_plan", "recovery_instalment", "recovery_planned", "recovery_receipt", "recovery_received", "estate_claim",
		"estate_granted",
		"contribution_list", "contribution_line", "contribution_list_approved", "contribution_list_ended",
		"contribution_list_money", "contribution_claim", "refund_paid",
	}
}

// edit is one random change of one row, with what undoes it.
type edit struct {
	what, undo string
	// column is "table.column", or "table insert" or "table delete".
	column string
}

// tamperer edits rows of one database as the superuser, triggers off.
type tamperer struct {
	t *testing.T
	c *pgx.Conn
	r *rand.Rand
	// tables are those that edits fall on.
	tables []string
	cols   map[string][]column
	keys   map[string][]string
}

type column struct{ name, kind string }

func newTamperer(t *testing.T, ownerURL string, seed uint64, tables []string) *tamperer {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, ownerURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(ctx) })
	m := &tamperer{
		t: t, c: c, r: rand.New(rand.NewPCG(seed, 2)), tables: tables, cols: map[string][]column{}, keys: map[string][]string{},
	}
	m.exec(`set session_replication_role = replica`)
	var table, name, kind string
	var key bool
	rows, err := c.Query(ctx, `
		select c.relname, a.attname, format_type(a.atttypid, null), coalesce(a.attnum = any(i.indkey), false)
		  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
		       and a.attgenerated = ''
		  left join pg_index i on i.indrelid = c.oid and i.indisprimary
		 where c.relnamespace = 'public'::regnamespace and c.relname = any($1) order by c.relname, a.attnum`,
		tables)
	if err != nil {
		t.Fatal(err)
	}
	_, err = pgx.ForEachRow(rows, []any{&table, &name, &kind, &key}, func() error {
		m.cols[table] = append(m.cols[table], column{name, kind})
		if key {
			m.keys[table] = append(m.keys[table], name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *tamperer) exec(sql string) {
	m.t.Helper()
	if _, err := m.c.Exec(context.Background(), sql); err != nil {
		m.t.Fatalf("%s: %v", sql, err)
	}
}

// changed is SQL for another value of a column, of its own type.
func (m *tamperer) changed(c column) string {
	name := pgx.Identifier{c.name}.Sanitize()
	pick := func(list ...string) string { return list[m.r.IntN(len(list))] }
	switch c.kind {
	case "integer", "bigint", "smallint":
		return pick("coalesce("+name+", 0) + 1", "coalesce("+name+", 2) - 1", "coalesce("+name+", 0) + 100",
			"case when "+name+" is null then 5 end")
	case "numeric":
		return "coalesce(" + name + ", 0) + 0.01"
	case "boolean":
		return "not " + name
	case "date":
		return pick("coalesce("+name+", '2011-04-01') + 1", "coalesce("+name+", '2011-04-01') - 1",
			"coalesce("+name+", '2011-04-01') + 31", "coalesce("+name+", '2011-04-01') - 31")
	case "timestamp with time zone":
		return pick("coalesce("+name+", now()) + interval '1 hour'", "coalesce("+name+", now()) - interval '1 hour'",
			"coalesce("+name+", now()) - interval '30 days'")
	case "bytea":
		return "coalesce(set_byte(" + name + ", 0, (get_byte(" + name + ", 0) + 1) % 256), sha256('x'))"
	case "jsonb":
		return "'{}'"
	case "xid8":
		return "(" + name + "::text::bigint + 1)::text::xid8"
	}
	// A text becomes another row's value, where a check allows few, or a changed one.
	return pick(name+" || 'x'", "left("+name+", -1)", "reverse("+name+")")
}

// other is SQL for the value that another row has in the column.
func (m *tamperer) other(table string, c column) string {
	name := pgx.Identifier{c.name}.Sanitize()
	return fmt.Sprintf(`(select %[1]s from %[2]s where %[1]s is distinct from o.%[1]s order by md5(%[1]s::text
	    || '%[3]d') limit 1)`,
		name, table, m.r.IntN(1000))
}

// written are the columns of a table that a row is written with: the database
// computes the others itself.
func (m *tamperer) written(table string) string {
	names := make([]string, len(m.cols[table]))
	for i, c := range m.cols[table] {
		names[i] = pgx.Identifier{c.name}.Sanitize()
	}
	return strings.Join(names, ", ")
}

// row picks a row of a table by its place.
func (m *tamperer) row(table string) (ctid string, ok bool) {
	err := m.c.QueryRow(context.Background(),
		fmt.Sprintf(`select ctid::text from %s order by md5(ctid::text || '%d') limit 1`, table,
			m.r.IntN(1_000_000))).Scan(&ctid)
	return ctid, err == nil
}

// apply makes one random edit. It returns false where there was nothing to edit,
// the value stayed as it was, or a constraint refused it.
func (m *tamperer) apply() (edit, bool) {
	ctx := context.Background()
	table := m.tables[m.r.IntN(len(m.tables))]
	ctid, ok := m.row(table)
	if !ok {
		return edit{}, false
	}
	var before string
	err := m.c.QueryRow(ctx, fmt.Sprintf(`select to_jsonb(o)::text from %s o where ctid = '%s'`, table,
		ctid)).Scan(&before)
	if err != nil {
		m.t.Fatal(err)
	}
	again := fmt.Sprintf(`insert into %[1]s (%[3]s) select %[3]s from jsonb_populate_record(null::%[1]s, %[2]s::jsonb)`,
		table, quoted(before), m.written(table))
	switch m.r.IntN(10) {
	case 0:
		m.exec(fmt.Sprintf(`delete from %s where ctid = '%s'`, table, ctid))
		return edit{"delete from " + table + " " + before, again, table + " delete"}, true
	case 1:
		return m.insert(table, before)
	}
	c := m.cols[table][m.r.IntN(len(m.cols[table]))]
	value := m.changed(c)
	if m.r.IntN(3) == 0 && c.kind != "bytea" {
		value = m.other(table, c)
	}
	name := pgx.Identifier{c.name}.Sanitize()
	var at, now string
	err = m.c.QueryRow(ctx, fmt.Sprintf(`update %s o set %s = %s where ctid = '%s' and %[2]s is distinct from %[3]s
		returning ctid::text, coalesce(%[2]s::text, 'null')`, table, name, value, ctid)).Scan(&at, &now)
	if err != nil {
		return edit{}, m.refused(err)
	}
	return edit{
		what:   fmt.Sprintf("%s.%s of %s becomes %s", table, c.name, before, now),
		undo:   fmt.Sprintf(`delete from %s where ctid = '%s'; %s`, table, at, again),
		column: table + "." + c.name,
	}, true
}

// insert copies a row under another key, and as it is where its table has none.
func (m *tamperer) insert(table, row string) (edit, bool) {
	key := ""
	if keys := m.keys[table]; len(keys) > 0 {
		key = keys[len(keys)-1]
	}
	kind := ""
	for _, c := range m.cols[table] {
		if c.name == key {
			kind = c.kind
		}
	}
	value := "o." + key + " || 'x'"
	switch kind {
	case "bigint", "integer", "smallint":
		value = "o." + key + " + " + strconv.Itoa(1+m.r.IntN(3))
	case "date":
		value = "o." + key + " + 1"
	case "boolean":
		value = "not o." + key
	}
	other := fmt.Sprintf("jsonb_build_object('%s', %s)", key, value)
	if key == "" {
		other = "'{}'"
	}
	var at string
	err := m.c.QueryRow(context.Background(), fmt.Sprintf(`
		insert into %[1]s (%[4]s) select %[4]s from (
			select (jsonb_populate_record(o, %[2]s)).*
			  from jsonb_populate_record(null::%[1]s, %[3]s::jsonb) o) n returning ctid::text`, table, other,
		quoted(row), m.written(table))).Scan(&at)
	if err != nil {
		return edit{}, m.refused(err)
	}
	return edit{
		"copy into " + table + " of " + row, fmt.Sprintf(`delete from %s where ctid = '%s'`, table, at),
		table + " insert",
	}, true
}

// refused says false for an edit that the table's own constraints refused.
func (m *tamperer) refused(err error) bool {
	m.t.Helper()
	var pg *pgconn.PgError
	if err == pgx.ErrNoRows || strings.Contains(err.Error(), "no rows") { //nolint:errorlint // the driver's own value
		return false
	}
	if asPg(err, &pg) && (pg.Code[:2] == "23" || pg.Code[:2] == "22") {
		return false
	}
	m.t.Fatal(err)
	return false
}

func asPg(err error, into **pgconn.PgError) bool {
	e, ok := err.(*pgconn.PgError) //nolint:errorlint // straight from the driver
	*into = e
	return ok
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// TestL9_RandomEditsAreDetected edits rows at random behind the triggers' back and
// counts how many of the edits verification sees. An edit of an exempt column is not
// looked at: why it is exempt stands in the list.
func TestL9_RandomEditsAreDetected(t *testing.T) {
	t.Parallel()
	edits, seed := 100, uint64(1)
	if s := os.Getenv("TWOLINE_TAMPER_EDITS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		edits = n
	}
	if s := os.Getenv("TWOLINE_TAMPER_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	db, d := cloneWorld(t)
	tamper(t, db, newTamperer(t, d.OwnerURL, seed, protected()), edits)
}

// tamper makes so many edits, each undone, and tells of those that verification does not see.
func tamper(t *testing.T, db *postgres.DB, m *tamperer, edits int) {
	t.Helper()
	exempt := exemptEdits()
	before := breachesOf(t, db)
	var done, seen, free int
	missed := map[string][]string{}
	for done < edits {
		e, ok := m.apply()
		if !ok {
			continue
		}
		if exempt[e.column] != "" || exemptRow(e) != "" {
			m.exec(e.undo)
			free++
			continue
		}
		after := breachesOf(t, db)
		m.exec(e.undo)
		done++
		if after != before {
			seen++
			continue
		}
		missed[e.column] = append(missed[e.column], e.what)
	}
	t.Logf("%d of %d edits of protected columns detected; %d edits of exempt columns were not looked at", seen, done, free)
	for _, column := range slices.Sorted(maps.Keys(missed)) {
		t.Errorf("%s: %d edits not detected, such as: %s", column, len(missed[column]), missed[column][0])
	}
	if after := breachesOf(t, db); after != before {
		t.Errorf("the edits were not undone: %s, before %s", after, before)
	}
}

// breachesOf is all that verification finds: a world that was written by hand in part has
// breaches of its own.
func breachesOf(t *testing.T, db *postgres.DB) string {
	t.Helper()
	var text strings.Builder
	for _, f := range verify(t, db).Findings {
		fmt.Fprint(&text, f.ID, " ", f.Total, " ", f.Breaches, "\n")
	}
	return text.String()
}

// exemptEdits are the columns, and the ways to edit a table, of which nothing else
// in the database tells: a change of theirs changes no sum, no state and nobody's
// account. Each says why. The audit chain will cover them.
func exemptEdits() map[string]string {
	const (
		words     = "the bank's or an officer's own words, kept nowhere else in rows"
		file      = "stands in the bank's file, whose bytes are proved; the rows were taken from them"
		request   = "the request's own key, words and answer, kept nowhere else"
		surrogate = "an id that no other row names"
		registry  = "a choice that was entered once; that nobody paid more than it is proved"
		openings  = "the file of an account opening, whose writer is not given to verification"
		again     = "a question asked again; the first of a batch is proved by its event"
		instant   = "an instant that decides nothing and is nowhere repeated"
		asked     = "what was asked for: nobody approves it, and that no more was allocated is proved"
		decision  = "who says so and by which paper: kept nowhere else in rows"
		standing  = "a fact by itself that holds nobody yet"
		certified = "a proof of life by itself: the paper is kept elsewhere, and that nobody overdue was paid is proved by the hold"
		note      = "what an officer found out, or promised, about a break: kept nowhere else in rows"
	)
	return map[string]string{
		"account_opening.bank": openings, "account_opening.created_at": openings,
		"account_opening.created_by": openings,
		"account_opening.created_on": openings, "account_opening.file_digest": openings,
		"account_opening.file_name": openings, "account_opening_item.member_id": openings,
		"answer.bank_reference": words, "answer.code": words, "answer.text": words, "answer.value_date": words,
		"answer.class": words, "answer.refusal": words,
		"answer.business_day":    "says whether an answer was late, and stands nowhere else; nothing is booked by it",
		"approval.reason":        words,
		"arrival.value_date":     "the latest of an agreement's arrivals decides, and is proved",
		"receipt.declared_count": "where none was given, the true one changes nothing; a wrong one is seen",
		"arrival.id":             surrogate,
		"arrival.reported_at":    instant,
		"agreement.business_day": "where answers came last, their day stands in the entry, which may be a later one",
		"receipt.part":           words,
		"receipt.received_by":    words,
		"arrival.bank_reference": words, "arrival.item_id": "informs only: money is agreed by batch",
		"bank_query delete": again, "bank_query insert": again, "bank_query.asked_at": again,
		"bank_query.asked_on":            again,
		"bank_query.id":                  surrogate,
		"batch_event.at":                 instant,
		"counter_receipt.bank_reference": words, "counter_receipt.channel": words,
		"entry.booked_by":     "the transaction's number, asked only while it runs",
		"exception_case.text": words, "exception_case.due_on": "nobody sets it yet", "exception_case.id": surrogate,
		"idempotency insert": request, "idempotency delete": request, "idempotency.body": request,
		"idempotency.caller": request, "idempotency.content_type": request, "idempotency.fingerprint": request,
		"idempotency.key": request, "idempotency.route": request, "idempotency.status": request,
		"idempotency.created_at": request,
		"receipt.name":           words, "receipt.received_at": instant,
		"refund_task.id": surrogate, "refund_task.reason": words,
		"sealed_day.sealed_at": instant,
		"statement.number":     file,
		"statement_line.id":    surrogate,
		"statement_line.text":  file, "statement_line.counterparty": file, "statement_line.counterparty_account": file,
		"statement_line.reversal": file, "statement_line.value_date": file, "statement_line.bank_reference": file,
		"statement_line.end_to_end_id": file, "statement_line.batch_ref": file, "statement_line.booking_date": file,
		"terminal_day.closed_at": instant, "terminal_day.closed_by": instant, "terminal_day.id": surrogate,
		"tier_choice delete": registry, "tier_choice insert": registry, "tier_choice.amount": registry,
		"tier_choice.chosen_on": registry, "tier_choice.member_id": registry, "tier_choice.year": registry,
		"tier_choice.area":     registry,
		"certification delete": certified, "certification insert": certified, "certification.area": certified,
		"certification.id": surrogate, "certification.way": certified, "certification.certified_on": certified,
		"certification.document": certified, "certification.entered_by": certified, "certification.entered_at": instant,
		"certification.business_day": certified, "certification.member_id": certified,
		"death_notice.document": decision, "death_notice.source": decision, "death_notice.entered_by": decision,
		"death_notice.died_on": "which day it was is the paper's; that the month was not paid is proved",
		"death_notice.id":      surrogate, "funding_request.business_day": asked,
		"payment_item.activated": "as the registry had it that day", "payment_hold.text": words,
		"pay_run.released_on":       "the business day of the release; that it was not before the freeze is proved",
		"interest_run.business_day": "the day of asking; that nothing was posted before it is proved",
		"subsidy_run.business_day":  "the day of making; that it counts up to then, and that nothing was posted before it, is proved",
		"roster.business_day":       "where a run rests on the roster, the run's day is proved",
		"instrument_change.id":      "an id that no other row names before the request is decided",
		"death_notice.entered_at":   instant, "entitlement.document": decision, "entitlement.entered_by": decision,
		"entitlement.entered_at": instant, "entitlement.id": surrogate, "funding_request.amount": asked,
		"funding_request.document": asked, "funding_request.needed_by": asked, "funding_request.month": asked,
		"payment_hold.opened_by": decision, "payment_hold.opened_at": instant, "payment_hold insert": standing,
		"payment_return.bank_reference": words, "payment_return.code": words, "payment_return.class": words,
		"payment_return.text": words, "payment_return.line": words,
		"contribution_claim.asked_at": instant, "contribution_claim.asked_by": decision, "contribution_claim.document": decision,
		"contribution_claim.reason":        words,
		"contribution_claim.id":            surrogate,
		"contribution_list_ended delete":   "an officer's word by itself: that what is posted was agreed is proved",
		"contribution_list_ended.ended_at": instant, "contribution_list_ended.reason": words,
		"contribution_list_money.reason": words,
		"break_approval.decided_at":      instant, "break_approval.reason": words,
		"break_attachment.attached_at": instant, "break_attachment.attached_by": note, "break_attachment.break_id": note,
		"break_attachment.name": words, "break_attachment.media_type": words,
		"break_desk.due_on": "by the area's rule of that day and what went before", "break_desk.opened_at": instant,
		"break_desk.evidence": "what the bank's answers told on that day",
		"break_due delete":    note, "break_due insert": note, "break_due.break_id": note, "break_due.due_on": note,
		"break_due.id": note, "break_due.reason": note, "break_due.set_at": instant, "break_due.set_by": note,
		"break_due.set_on":       note,
		"break_letter.answer_by": words, "break_letter.drawn_at": instant, "break_letter.drawn_by": decision,
		"break_letter.drawn_on": "within the year that the number is of", "break_letter.wish": words,
		"break_letter_line.earlier": words,
		"break_note delete":         note, "break_note insert": note, "break_note.break_id": note, "break_note.id": surrogate,
		"break_note.noted_at": instant, "break_note.noted_by": note, "break_note.text": note,
		"break_owner delete": note, "break_owner insert": note, "break_owner.break_id": note, "break_owner.id": surrogate,
		"break_owner.set_at": instant, "break_owner.set_by": note,
		"policy_setup.kept_at":     instant,
		"break_resolution.made_at": instant, "reconciliation_break.opened_at": instant,
		"reconciliation_break.detail": "what the bank's answers told on that day",
	}
}

// exemptRow says why a whole row is exempt: it is a fact by itself that nothing
// rests on yet, so nothing can contradict it.
func exemptRow(e edit) string {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if !strings.Contains(e.what, p) {
				return false
			}
		}
		return true
	}
	table, _, _ := strings.Cut(strings.ReplaceAll(e.column, " ", "."), ".")
	switch {
	case table == "arrival" && has(`"batch_id": null`, `"terminal_day": null`):
		return "money of nobody, told by the bank, whose explanation may still be told"
	case table == "exception_case" && (has(`"kind": "uncleared"`) || has(`"kind": "possible_fraud"`)):
		return "a case that the next daily look opens again"
	case (table == "counter_receipt" || table == "terminal_day") && has(`"terminal": "T2"`):
		return "a terminal's day for which no money came yet"
	case table == "receipt" && (has(`"state": "quarantined"`) || has(`"state": "duplicate"`)):
		return "a file that was set aside: nothing of it was taken in"
	case table == "answer" && has(`"disposition": "refused"`):
		return "a refused line: what it said is the bank's own word, and it books nothing"
	case table == "answer" && has(`"disposition": "repeated"`):
		return "a line that said what was known: it changed nothing"
	case table == "death_notice" && has(`"id": 7102`):
		return "a notice that was taken back holds nobody"
	case table == "break_resolution" && has(`"state": "submitted"`) && strings.HasPrefix(e.what, "delete"):
		return "a proposal that nobody decided yet"
	case e.column == "payment_hold.id" && has(`"id": 7210`):
		return "an id that no other row names"
	}
	return ""
}
