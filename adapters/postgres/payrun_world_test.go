package postgres_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/ledger"
	"twoline/gateway/once"
)

// runWorld is a world whose members draw pensions, with the officers who pay them.
type runWorld struct {
	*world

	pay *disbursement.Service
	// maker and second are two logins of one person; checker and both are too.
	maker, second, colleague, checker, both, releaser, auditor approval.Officer
	requests                                                   sync.Mutex
}

// newRunWorld is a county of n pensioners who each draw 55.00 from 2011-01 on,
// and an expenditure account that holds what is given, in fen.
func newRunWorld(t *testing.T, n int, funds int64) *runWorld {
	t.Helper()
	w := &runWorld{world: newWorld(t, n)} //nolint:exhaustruct // filled below
	w.pays(t)
	w.sql(t, `insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
		select area, id, 'base_pension', '2011-01-01', 5500, 'test', 'test', now() from member`)
	w.fund(t, 13, funds)
	w.officers(t)
	return w
}

// withhold makes the withholding run of a county whose members draw no pension at that moment:
// who draws one contributes nothing.
func (w *runWorld) withhold(t *testing.T) collection.RunResult {
	t.Helper()
	const move = `set session_replication_role = replica; update entitlement set from_month = from_month %s interval '50 years'`
	w.sql(t, fmt.Sprintf(move, "+"))
	defer w.sql(t, fmt.Sprintf(move, "-"))
	return w.world.withhold(t)
}

// pays makes the service that pays.
func (w *runWorld) pays(t *testing.T) {
	t.Helper()
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	w.pay = disbursement.New(disbursement.Parts{ //nolint:exhaustruct // nothing is read here
		Store: w.db.Disbursement(), Writer: payLines{}, Days: days, Today: func() calendar.Day { return w.today },
	})
}

func (w *runWorld) officers(t *testing.T) {
	t.Helper()
	var sql strings.Builder
	for _, o := range []struct {
		officer *approval.Officer
		login   string
		person  int64
		in      approval.Organisation
		duty    approval.Duty
	}{
		{&w.maker, "pay.maker", 501, approval.AgencyBusiness, approval.Maker},
		{&w.second, "pay.second", 501, approval.AgencyFinance, approval.Checker},
		{&w.checker, "pay.checker", 502, approval.AgencyBusiness, approval.Checker},
		{&w.both, "pay.both", 502, approval.AgencyFinance, approval.Releaser},
		{&w.releaser, "pay.releaser", 503, approval.AgencyFinance, approval.Releaser},
		{&w.colleague, "pay.colleague", 505, approval.AgencyBusiness, approval.Maker},
		{&w.auditor, "pay.auditor", 504, approval.Auditor, approval.Viewer},
	} {
		fmt.Fprintf(&sql, `
			insert into person (id, name) values (%[1]d, 'test') on conflict do nothing;
			insert into organisation (area, kind, name) values (610304, '%[2]s', 'pay') on conflict do nothing;
			insert into officer (login, person_id, organisation_id, password_hash, created_at)
				select '%[3]s', %[1]d, id, '', now() from organisation where area = 610304 and kind = '%[2]s' and name = 'pay';
			insert into duty_grant (login, duty, granted_at) values ('%[3]s', '%[4]s', '2009-09-01');`,
			o.person, o.in, o.login, o.duty)
		*o.officer = approval.Officer{
			Login: o.login, Person: o.person, Organisation: o.in, Area: chencang, Region: 0, Duties: []approval.Duty{o.duty},
		}
	}
	w.sql(t, sql.String())
}

// fund puts money on an expenditure account, as an opening balance.
func (w *runWorld) fund(t *testing.T, account, fen int64) {
	t.Helper()
	if fen == 0 {
		return
	}
	w.keys++
	w.sql(t, fmt.Sprintf(`
		with e as (insert into entry (area, id, scheme, kind, cause, accounted_on, effective_on, line_count, text, actor,
				booked_at)
			values (610304, nextval('fact_id'), (select scheme from fund_account where area = 610304 and id = %[3]d), 'opening', 'test:%[1]d', '2011-01-01', '2011-01-01', 2, '', 'test',
				now())
			returning *)
		insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red,
			reversal, amount, fund_account)
		select area, id, 1, scheme, kind, effective_on, accounted_on, 'debit', 'expenditure', 'direct', false, false,
			%[2]d, %[3]d from e
		union all
		select area, id, 2, scheme, kind, effective_on, accounted_on, 'credit', 'fund_balance', 'direct', false, false,
			%[2]d, null from e`, w.keys, fen, account))
}

// tryGiveUp has two people of the business office agree that a return is never paid
// again, or returns the refusal that the first or the second meets.
func (w *runWorld) tryGiveUp(id int64, document string) error {
	cases := casework.New(w.db.Casework(), func() calendar.Day { return w.today })
	var r casework.Request
	_, err := cases.Ask(context.Background(), w.ask("POST unclaimed"), result(&r), w.maker, casework.Ask{
		Kind: casework.Return, Word: casework.Unclaimed, Subject: id, Document: document,
	})
	if err != nil {
		return err
	}
	_, err = cases.Approve(context.Background(), w.ask("POST decisions"), result(&r), w.checker,
		casework.Verdict{ID: r.ID, Digest: r.Digest, Reason: ""})
	return err
}

// decided writes a decision that two people made, and returns its id.
func (w *runWorld) decided(t *testing.T, kind, word string, subject int64) int64 {
	t.Helper()
	w.sql(t, fmt.Sprintf(`
		with q as (insert into decision_request (area, kind, subject_id, word, document, about, digest, maker, maker_person,
				made_at, state)
			values (610304, '%s', %d, '%s', 'test', 'test', sha256('x'), 'pay.maker', 501, now(), 'submitted') returning *)
		insert into approval (area, subject, subject_id, duty, decision, digest, maker_person, person_id, login, decided_at)
		select area, 'decision_request', id, 'checker', 'approved', digest, maker_person, 502, 'pay.checker', now() from q;
		update decision_request set state = 'approved', version = 2 where state = 'submitted'`, kind, subject, word))
	return one[int64](t, w.world, `select max(id) from decision_request`)
}

func march() calendar.Month { return calendar.MustMonth("2011-03") }

func regular(month calendar.Month) disbursement.Order {
	return disbursement.Order{Scheme: ledger.Rural, Month: month, Kind: disbursement.Regular}
}

// ask makes a request of its own key.
func (w *runWorld) ask(route string) once.Request {
	w.requests.Lock()
	defer w.requests.Unlock()
	return w.request(route, "", w.keys)
}

func (w *runWorld) tryDraft(o disbursement.Order) (disbursement.Drafted, error) {
	var out disbursement.Drafted
	_, err := w.pay.Draft(context.Background(), w.ask("POST /v1/pay-runs"), result(&out), w.maker, o)
	return out, err
}

func (w *runWorld) draft(t *testing.T, o disbursement.Order) disbursement.Drafted {
	t.Helper()
	out, err := w.tryDraft(o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *runWorld) trySubmit(by approval.Officer, run int64) (disbursement.Submitted, error) {
	var out disbursement.Submitted
	_, err := w.pay.Submit(context.Background(), w.ask("POST submit"), result(&out), by, run)
	return out, err
}

// frozen drafts and submits.
func (w *runWorld) frozen(t *testing.T, o disbursement.Order) disbursement.Submitted {
	t.Helper()
	out, err := w.trySubmit(w.maker, w.draft(t, o).Run.ID)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *runWorld) tryApprove(by approval.Officer, v disbursement.Verdict) (disbursement.Run, error) {
	var out disbursement.Run
	_, err := w.pay.Approve(context.Background(), w.ask("POST approve"), result(&out), by, v)
	return out, err
}

// approved drafts, submits and approves.
func (w *runWorld) approved(t *testing.T, o disbursement.Order) disbursement.Run {
	t.Helper()
	return w.approve(t, w.frozen(t, o).Run)
}

func (w *runWorld) approve(t *testing.T, run disbursement.Run) disbursement.Run {
	t.Helper()
	out, err := w.tryApprove(w.checker, verdict(run))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func verdict(run disbursement.Run) disbursement.Verdict {
	return disbursement.Verdict{Run: run.ID, Digest: run.Digest, Reason: ""}
}

func (w *runWorld) tryRelease(by approval.Officer, v disbursement.Verdict) (disbursement.ReleaseResult, error) {
	var out disbursement.ReleaseResult
	_, err := w.pay.Release(context.Background(), w.ask("POST release"), result(&out), by, v)
	return out, err
}

// released takes an order all the way to its banks.
func (w *runWorld) released(t *testing.T, o disbursement.Order) disbursement.ReleaseResult {
	t.Helper()
	out, err := w.tryRelease(w.releaser, verdict(w.approved(t, o)))
	if err != nil {
		t.Fatal(err)
	}
	if out.Run.State != disbursement.Released {
		t.Fatalf("run is %s with hits %v", out.Run.State, out.Hits)
	}
	return out
}

func (w *runWorld) tryRecall(by approval.Officer, batch int64) (disbursement.Batch, error) {
	var out disbursement.Batch
	_, err := w.pay.Recall(context.Background(), w.ask("POST recall"), result(&out), by, batch, "wrong month")
	return out, err
}

func (w *runWorld) acknowledge(b disbursement.Batch) (disbursement.Batch, error) {
	var out disbursement.Batch
	_, err := w.pay.Acknowledge(context.Background(), w.ask("POST acknowledgement"), result(&out), 0,
		bank.Caller{Code: b.Bank, KeyID: ""}, b.ID, //nolint:exhaustruct // all
		disbursement.Acknowledgement{Count: b.Count, Amount: b.Amount, Digest: hex.EncodeToString(b.FileDigest[:])})
	return out, err
}

func (w *runWorld) payItems(t *testing.T, b disbursement.Batch) []disbursement.Item {
	t.Helper()
	var items []disbursement.Item
	err := w.pay.EachItem(context.Background(), b, func(i disbursement.Item) error {
		items = append(items, i)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return items
}

// sameFile writes the batch's file again and proves that it is the frozen one.
func (w *runWorld) sameFile(t *testing.T, b disbursement.Batch) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := w.pay.WriteFile(context.Background(), &file, b); err != nil {
		t.Fatal(err)
	}
	if sha256.Sum256(file.Bytes()) != b.FileDigest || int64(file.Len()) != b.FileSize {
		t.Errorf("file of batch %s is not the frozen one:\n%s", b.Number, file.Bytes())
	}
	digest := disbursement.NewItemDigest(b)
	for _, i := range w.payItems(t, b) {
		digest.Add(i)
	}
	if digest.Sum() != b.Digest {
		t.Errorf("items of batch %s do not give its digest", b.Number)
	}
	return file.Bytes()
}

// payLines is a format as simple as can be, whose charset lacks one character.
type payLines struct{}

func (payLines) PaymentRows(disbursement.Partner) int { return 0 }

func (payLines) CheckPayment(_ disbursement.Partner, p disbursement.Payee) error {
	name := p.Name
	if strings.ContainsRune(name.Plain(), '𠮷') {
		return errors.New("the charset lacks a character")
	}
	return nil
}

func (payLines) PaymentFileName(_ disbursement.Partner, b disbursement.Batch) string {
	return "P" + b.Bank + b.Number + ".TXT"
}

func (payLines) WritePayment(
	w io.Writer, p disbursement.Partner, b disbursement.Batch, items func(yield func(disbursement.Item) error) error,
) error {
	if _, err := fmt.Fprintf(w, "%s|%s|%s|%d|%s\n", p.Code, b.Number, b.PayDay, b.Count, b.Amount); err != nil {
		return err
	}
	return items(func(i disbursement.Item) error {
		_, err := fmt.Fprintf(w, "%d|%s|%s|%s\n", i.ID, i.Name.Plain(), i.Account.Plain(), i.Sum())
		return err
	})
}

// cases lists the open cases of a kind, as subjects.
func (w *runWorld) openCases(t *testing.T, kind string) string {
	t.Helper()
	return one[string](t, w.world, `select coalesce(string_agg(c.subject, ' ' order by c.subject), '') from exception_case c
		where c.kind = $1 and not exists (select from exception_closed x where x.case_id = c.id)`, kind)
}

// asApp runs SQL as the application's role.
func (w *world) asApp(t *testing.T, sql string) error {
	t.Helper()
	c, err := pgx.Connect(t.Context(), w.d.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
	_, err = c.Exec(t.Context(), sql)
	return err
}

func (w *runWorld) batchesOf(t *testing.T, run int64) []disbursement.Batch {
	t.Helper()
	f := disbursement.BatchFilter{Area: chencang, Run: run, Limit: 100} //nolint:exhaustruct // all of the run
	batches, err := w.pay.Batches(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return batches
}

func (w *runWorld) died(t *testing.T, member int64, day string) {
	t.Helper()
	w.sql(t, fmt.Sprintf(`insert into death_notice (area, id, member_id, died_on, source, document, entered_by, entered_at)
		values (610304, %[1]d, %[1]d, '%[2]s', 'civil affairs', 'test', 'test', now())`, member, day))
}

func (w *runWorld) hold(t *testing.T, member int64, reason, from string) {
	t.Helper()
	w.sql(t, fmt.Sprintf(`insert into payment_hold (area, member_id, reason, from_month, opened_by, opened_at)
		values (610304, %d, '%s', '%s', 'test', now())`, member, reason, from))
}

// roster makes one and returns who is held and why.
func (w *runWorld) roster(t *testing.T, o disbursement.Order) (disbursement.Roster, map[int64]disbursement.Hold) {
	t.Helper()
	var out disbursement.Roster
	_, err := w.pay.MakeRoster(t.Context(), w.ask("POST /v1/rosters"), result(&out), w.maker, o)
	if err != nil {
		t.Fatal(err)
	}
	held := make(map[int64]disbursement.Hold)
	for after := 0; ; {
		lines, err := w.pay.Lines(t.Context(), w.maker, out.ID, disbursement.LinePage{Held: false, After: after, Limit: 5})
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) == 0 {
			return out, held
		}
		for _, l := range lines {
			held[l.Member], after = l.Held, l.Seq
		}
	}
}

// rows counts the rows of every table.
func (w *runWorld) rows(t *testing.T) map[string]int {
	t.Helper()
	names := one[string](t, w.world, `select string_agg(tablename, ' ') from pg_tables where schemaname = 'public'`)
	counts := make(map[string]int)
	for name := range strings.FieldsSeq(names) {
		counts[name] = one[int](t, w.world, `select count(*) from `+pgx.Identifier{name}.Sanitize())
	}
	return counts
}

// cuttingWriter loses its connection at the given item.
type cuttingWriter struct {
	payLines

	cut func()
	at  int
}

func (c cuttingWriter) WritePayment(
	w io.Writer, p disbursement.Partner, b disbursement.Batch, items func(yield func(disbursement.Item) error) error,
) error {
	return c.payLines.WritePayment(w, p, b, func(yield func(disbursement.Item) error) error {
		return items(func(i disbursement.Item) error {
			if i.Seq == c.at+1 {
				c.cut()
			}
			return yield(i)
		})
	})
}

// itemFailed writes that the bank could not pay an item, as the answers of a file would.
func (w *runWorld) itemFailed(t *testing.T, i disbursement.Item, class string) {
	t.Helper()
	w.sql(t, fmt.Sprintf(`
		insert into answer (area, receipt_id, line, batch_id, item_id, outcome, class, code, text, bank_reference,
			disposition, answered_at)
		values (610304, 1, %[1]d %% 1000000, %[2]d, %[1]d, 'failed', '%[3]s', 'X', '', '', 'recorded', now());
		update payment_batch set failed = failed + 1, failed_amount = failed_amount + %[4]d where id = %[2]d`,
		i.ID, i.Batch, class, i.Sum().Fen()))
}

// itemReturned writes that the bank gave an item back and that its money waits.
func (w *runWorld) itemReturned(t *testing.T, i disbursement.Item, class string) {
	t.Helper()
	w.sql(t, fmt.Sprintf(`
		insert into answer (area, receipt_id, line, batch_id, item_id, outcome, class, code, text, amount, bank_reference,
			value_date, disposition, answered_at)
		values (610304, 1, %[1]d %% 1000000, %[2]d, %[1]d, 'succeeded', 'SUCCESS', '', '', %[4]d, 'R%[1]d', '2011-03-25',
			'recorded', now());
		insert into payment_return (area, id, item_id, batch_id, amount, bank_reference, value_date, class, receipt_id,
			line, reported_by, reported_at, business_day)
		values (610304, %[1]d + 1000000, %[1]d, %[2]d, %[4]d, 'B%[1]d', '2011-03-28', '%[3]s', 3, %[1]d %% 1000000,
			'test', now(), '2011-03-28');
		insert into payment_return_booked values (610304, %[1]d + 1000000, '2011-03-28');
		insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red,
			reversal, amount, fund_account, batch_id, cause_id, member_id)
		values (610304, %[1]d, 1, 'rural', 'payment_return', '2011-03-28', '2011-03-28', 'credit', 'suspense', 'item', false,
			false, %[4]d, 13, %[2]d, %[1]d + 1000000, %[5]d);
		update payment_batch set succeeded = succeeded + 1, succeeded_amount = succeeded_amount + %[4]d,
			returned = returned + 1, returned_amount = returned_amount + %[4]d where id = %[2]d`,
		i.ID, i.Batch, class, i.Sum().Fen(), i.Member))
}
