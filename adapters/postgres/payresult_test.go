package postgres_test

import (
	"bytes"
	gocmp "cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
	"twoline/gateway/feedback"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
)

// answerWorld is a county that was paid: its run of March is with the bank, and it
// is pay day.
type answerWorld struct {
	*runWorld

	reader *payReader
	run    disbursement.Run
	batch  disbursement.Batch
	paying []disbursement.Item
}

// newAnswerWorld pays n pensioners from an account that settles as given. change
// is SQL that runs before the roster is made.
func newAnswerWorld(t *testing.T, n int, settlement string, change ...string) *answerWorld {
	t.Helper()
	w := &answerWorld{runWorld: newRunWorld(t, n, int64(n)*100_000), reader: &payReader{}} //nolint:exhaustruct // filled below
	w.serve(t)
	if settlement != disbursement.SettlesNet {
		w.sql(t, `update fund_account set settlement = '`+settlement+`' where id = 13`)
	}
	for _, sql := range change {
		w.sql(t, sql)
	}
	if one[int64](t, w.world, `select count(*) from fund_account where id = 23`) > 0 {
		w.fund(t, 23, int64(n)*100_000)
	}
	out := w.released(t, regular(march()))
	w.run, w.batch = out.Run, out.Batches[0]
	w.paying = w.payItems(t, w.batch)
	w.today = calendar.MustDay("2011-03-25")
	return w
}

// serve makes the service anew with what reading answers needs.
func (w *answerWorld) serve(t *testing.T) {
	t.Helper()
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	w.pay = disbursement.New(disbursement.Parts{
		Store: w.db.Disbursement(), Intake: bank.NewIntake(w.db.Receipts(), 1<<30), Writer: payLines{}, Reader: w.reader,
		Days: days, Today: func() calendar.Day { return w.today },
	})
}

// payReader reads lines "item outcome amount code" up to a last line "end". It
// breaks off, as a process that is killed does, where it is told to.
type payReader struct {
	reads   atomic.Int64
	breakOn func(read int64, line int) bool
}

func (r *payReader) ReadPaymentResults(
	ctx context.Context, _ disbursement.Partner, head bank.Receipt, body io.Reader, emit bank.Emit,
) error {
	read, line := r.reads.Add(1), 0
	nobody := collection.Partner{} //nolint:exhaustruct // the format needs none
	return lineReader{}.ReadResults(ctx, nobody, head, body, func(rec bank.Record) error {
		line++
		if r.breakOn != nil && r.breakOn(read, line) {
			return errKilled
		}
		return emit(rec)
	})
}

var errKilled = errors.New("the process was killed")

func paidLine(i disbursement.Item) bank.Answer {
	amount := i.Sum()
	return bank.Answer{ //nolint:exhaustruct // what a plain success says
		Item: i.ID, Outcome: bank.OutcomeSucceeded, Amount: &amount, BankReference: fmt.Sprintf("R%d", i.ID),
		ValueDate: calendar.MustDay("2011-03-25"),
	}
}

func failedLine(i disbursement.Item, code string) bank.Answer {
	return bank.Answer{ //nolint:exhaustruct // a plain failure
		Item: i.ID, Outcome: bank.OutcomeFailed, Code: code, ValueDate: calendar.MustDay("2011-03-25"),
	}
}

func change(a bank.Answer, fn func(*bank.Answer)) bank.Answer {
	fn(&a)
	return a
}

func (w *answerWorld) tryAnswer(by bank.Caller, batch int64, lines []bank.Answer) (disbursement.Taken, error) {
	rep := disbursement.Report{Count: len(lines), Amount: 0, Answers: slices.Clone(lines)}
	for i := range rep.Answers {
		rep.Answers[i].Line = i + 1
		if a := rep.Answers[i].Amount; a != nil {
			rep.Amount += *a
		}
	}
	var out disbursement.Taken
	_, err := w.pay.Results(context.Background(), w.ask("POST results"), result(&out), 0, by, batch, rep)
	return out, err
}

func (w *answerWorld) answer(t *testing.T, b disbursement.Batch, lines ...bank.Answer) disbursement.Taken {
	t.Helper()
	out, err := w.tryAnswer(bank.Caller{Code: b.Bank, KeyID: ""}, b.ID, lines)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func back(i disbursement.Item, on string) disbursement.Return {
	return disbursement.Return{ //nolint:exhaustruct // what a bank says
		Item: i.ID, Amount: i.Sum(), BankReference: fmt.Sprintf("B%d", i.ID), ValueDate: calendar.MustDay(on), Code: "AC04",
	}
}

func (w *answerWorld) tryReturn(by bank.Caller, lines []disbursement.Return) (disbursement.TakenReturns, error) {
	rep := disbursement.ReturnReport{Count: len(lines), Amount: 0, Returns: lines}
	for _, r := range lines {
		rep.Amount += r.Amount
	}
	var out disbursement.TakenReturns
	_, err := w.pay.Returns(context.Background(), w.ask("POST /v1/returns"), result(&out), 0, by, rep)
	return out, err
}

func (w *answerWorld) giveBack(t *testing.T, lines ...disbursement.Return) disbursement.TakenReturns {
	t.Helper()
	out, err := w.tryReturn(w.psbc, lines)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// upload stores a result file and leaves its job undone.
func (w *answerWorld) uploadPaid(t *testing.T, name string, b disbursement.Batch, body string) bank.Receipt {
	t.Helper()
	head := bank.Receipt{ //nolint:exhaustruct // what an upload says of itself
		Area: chencang, Bank: b.Bank, Kind: bank.ReceiptPaymentResultFile, Subject: b.ID, Name: name,
		ReceivedBy: "bank:" + b.Bank,
	}
	var out bank.Receipt
	_, err := bank.NewIntake(w.db.Receipts(), 1<<30).Receive(context.Background(),
		w.request("PUT result-file", "", fmt.Sprint(name, len(body), w.keys)), result(&out), head,
		bytes.NewReader([]byte(body)), func([32]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *answerWorld) takeIn(t *testing.T, r bank.Receipt) {
	t.Helper()
	if err := w.pay.TakeInResultFile(context.Background(), r.Area, r.ID); err != nil {
		t.Fatal(err)
	}
}

func payFileLine(i disbursement.Item) string {
	return fmt.Sprintf("%d succeeded %s -\n", i.ID, i.Sum())
}

// books is what the book holds beyond the opening, by role and side.
func (w *answerWorld) books(t *testing.T) string {
	t.Helper()
	return one[string](t, w.world, `select coalesce(string_agg(role || ' ' || sum, ' ' order by role), '') from (
		select role, sum(case when (side = 'debit') <> red then amount else -amount end)::bigint as sum
		from posting where kind <> 'opening' group by role) x where sum <> 0`)
}

// sound proves what holds after every story: both sets balance, no personal part
// is below zero, and what is booked as spent is what the answers say was paid.
func (w *answerWorld) sound(t *testing.T) {
	t.Helper()
	for name, sql := range map[string]string{
		"trial balance of the fund": `select coalesce(sum(case when (side = 'debit') <> red then amount else -amount end), 0)::bigint
			from posting where role not like 'personal%'`,
		"trial balance of the personal accounts": `select coalesce(sum(case when (side = 'debit') <> red then amount
			else -amount end), 0)::bigint from posting where role like 'personal%'`,
		"personal parts below zero": `select count(*) from (select member_id, role from posting
			where role like 'personal%' and member_id is not null group by 1, 2
			having sum(case when (side = 'credit') <> red then amount else -amount end) < 0) x`,
		"batches whose counters differ from their answers": `select count(*) from payment_batch b cross join lateral (
			select count(*) filter (where a.outcome = 'succeeded') as succeeded,
				count(*) filter (where a.outcome = 'failed') as failed,
				coalesce(sum(i.amount) filter (where a.outcome = 'succeeded'), 0) as succeeded_amount,
				coalesce(sum(i.amount) filter (where a.outcome = 'failed'), 0) as failed_amount, count(k.return_id) as returned,
				coalesce(sum(i.amount) filter (where k.return_id is not null), 0) as returned_amount
			from payment_item i left join answer a on a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
			left join payment_return r on r.area = i.area and r.item_id = i.id
			left join payment_return_booked k on k.area = r.area and k.return_id = r.id
			where i.area = b.area and i.batch_id = b.id) x
			where (b.succeeded, b.failed, b.succeeded_amount, b.failed_amount, b.returned, b.returned_amount) is distinct from
				(x.succeeded, x.failed, x.succeeded_amount, x.failed_amount, x.returned, x.returned_amount)`,
		"payments whose entries differ from their outcome": `select count(*) from payment_item i
			left join answer a on a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
			where coalesce((select sum(p.amount) from posting p where p.area = i.area and p.cause_id = i.id and p.side = 'debit' and not p.red
				and p.role not like 'personal%'), 0) <> case when a.outcome = 'succeeded' then i.amount else 0 end`,
		"returns whose entries differ": `select count(*) from payment_return r
			left join payment_return_booked k on k.area = r.area and k.return_id = r.id
			where coalesce((select sum(p.amount) from posting p where p.area = r.area and p.cause_id = r.id and p.kind = 'payment_return'
				and p.role not like 'personal%'), 0) <> case when k.return_id is not null then r.amount else 0 end`,
		"batches not booked up to their last answer": `select count(*) from payment_batch where last_answer <> posted_upto`,
	} {
		if n := one[int64](t, w.world, sql); n != 0 {
			t.Errorf("%s: %d", name, n)
		}
	}
}

func TestPaymentsAreBookedWithTheAnswerThatSaysSo(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 4, disbursement.SettlesNet)
	i := w.paying
	taken := w.answer(t, w.batch, paidLine(i[0]), paidLine(i[1]), failedLine(i[2], "AC04"))
	if taken.Batch.State != bank.BatchAcked || taken.Counts.Recorded != 3 || taken.Counts.Amount != 11_000 {
		t.Errorf("batch is %s with %+v", taken.Batch.State, taken.Counts)
	}
	if got, want := w.books(t), "benefit_base_pension 11000 expenditure -11000"; got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	taken = w.answer(t, w.batch, paidLine(i[3]))
	run, err := w.pay.Run(t.Context(), w.auditor, w.run.ID)
	if err != nil || taken.Batch.State != bank.BatchDone || run.State != disbursement.Closed {
		t.Errorf("after the last answer the batch is %s and the run %s, %v", taken.Batch.State, run.State, err)
	}
	w.sound(t)
}

func TestALumpIsInTransitUntilItsPaymentsAreKnown(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 3, disbursement.SettlesGross)
	if _, err := w.acknowledge(w.batch); err != nil {
		t.Fatal(err)
	}
	if got, want := w.books(t), "expenditure -16500 in_transit 16500"; got != want {
		t.Errorf("after the acknowledgement: %q, want %q", got, want)
	}
	i := w.paying
	w.answer(t, w.batch, paidLine(i[0]), failedLine(i[1], "AC04"))
	if got, want := w.books(t), "benefit_base_pension 5500 expenditure -11000 in_transit 5500"; got != want {
		t.Errorf("after two answers: %q, want %q", got, want)
	}
	w.answer(t, w.batch, paidLine(i[2]))
	w.giveBack(t, back(i[2], "2011-03-25"))
	if got, want := w.books(t), "benefit_base_pension 11000 expenditure -5500 suspense -5500"; got != want {
		t.Errorf("in the end: %q, want %q", got, want)
	}
	w.sound(t)
}

func TestAnswersWithoutAnAcknowledgementBookTheLumpFirst(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesGross)
	stranger := change(paidLine(w.paying[0]), func(a *bank.Answer) { a.Item = 999_999_999 })
	if taken := w.answer(t, w.batch, stranger); taken.Batch.State != bank.BatchSending || w.books(t) != "" {
		t.Errorf("a line of no payment makes the batch %s and books %q", taken.Batch.State, w.books(t))
	}
	taken := w.answer(t, w.batch, paidLine(w.paying[0]))
	if got, want := w.books(t), "benefit_base_pension 5500 expenditure -11000 in_transit 5500"; got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	if taken.Batch.HandedOverOn != w.today {
		t.Errorf("handed over on %s", taken.Batch.HandedOverOn)
	}
	if _, err := w.acknowledge(w.batch); err != nil {
		t.Fatal(err)
	}
	w.sound(t)
}

func TestPensionsDrawTheirOwnAccountsAndNoMore(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesGross,
		`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at) values
			(610304, 1001, 'account_pension', '2011-01-01', 1000, 'test', 'test', now()),
			(610304, 1002, 'account_pension', '2011-01-01', 1000, 'test', 'test', now()),
			(610304, 1002, 'one_off', '2011-01-01', 7000, 'test', 'test', now()),
			(610304, 1001, 'funeral_grant', '2011-01-01', 300, 'test', 'test', now())`)
	w.personal(t, 1001, 2000, 1000)
	w.personal(t, 1002, 400, 100)
	w.answer(t, w.batch, paidLine(w.paying[0]), paidLine(w.paying[1]))
	want := "benefit_account_pension 2000 benefit_base_pension 11000 benefit_funeral_grant 300 benefit_one_off 7000 " +
		"expenditure -20300 personal_control -1500 personal_individual 1067 personal_interest 433"
	if got := w.books(t); got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	w.sound(t)
	// What came back and is never paid again fills the account as it was.
	out := w.giveBack(t, back(w.paying[0], "2011-03-25"))
	if len(out.Decisions) != 1 {
		t.Fatalf("decisions: %+v", out.Decisions)
	}
	id := one[int64](t, w.world, `select id from payment_return`)
	if err := w.tryGiveUp(id, "died, no heirs"); err != nil {
		t.Fatal(err)
	}
	want = "benefit_account_pension 1000 benefit_base_pension 5500 benefit_one_off 7000 expenditure -13500 " +
		"personal_control -500 personal_individual 400 personal_interest 100"
	if got := w.books(t); got != want {
		t.Errorf("given up, books are %q, want %q", got, want)
	}
	if err := w.tryGiveUp(id, "died, no heirs"); !errors.Is(err, disbursement.ErrReturnState) {
		t.Errorf("given up twice: %v", err)
	}
	if d := w.draftReissue(t); d != nil {
		t.Errorf("what was given up is paid again: %+v", d)
	}
	w.sound(t)
}

// personal gives a member's account what it holds.
func (w *answerWorld) personal(t *testing.T, member, individual, interest int64) {
	t.Helper()
	w.keys++
	w.sql(t, fmt.Sprintf(`
		with e as (insert into entry (area, id, scheme, kind, cause, accounted_on, effective_on, line_count, text, actor,
				booked_at)
			values (610304, nextval('fact_id'), 'rural', 'opening', 'test:%[1]d', '2011-01-01', '2011-01-01', 3, '', 'test',
				now()) returning *)
		insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red,
			reversal, amount, cause_id, member_id)
		select area, id, u.line, scheme, kind, effective_on, accounted_on, u.side, u.role, u.nature, false, false, u.amount,
			case when u.nature = 'item' then %[2]d + 500000000 end, case when u.nature = 'item' then %[2]d end
		from e, (values (1, 'credit', 'personal_individual', 'item', %[3]d), (2, 'credit', 'personal_interest', 'item', %[4]d),
			(3, 'debit', 'personal_control', 'sum', %[3]d + %[4]d)) as u (line, side, role, nature, amount)`,
		w.keys, member, individual, interest))
}

// Two banks say at one moment that they paid one pensioner: neither draws what the
// other drew.
func TestTwoBanksDrawOneAccountInTurn(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 1, disbursement.SettlesNet, twoBanks,
		`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at) values
			(610304, 1001, 'account_pension', '2011-01-01', 1000, 'test', 'test', now())`)
	w.personal(t, 1001, 1200, 300)
	w.sql(t, `update instrument set bank = 'psbc'`)
	april := w.released(t, regular(march().Add(1))).Batches[0]
	if w.batch.Bank != "rcc" || april.Bank != "psbc" {
		t.Fatalf("batches of %s and %s", w.batch.Bank, april.Bank)
	}
	items := append(w.paying, w.payItems(t, april)...)
	// Nothing is booked until both have come as far as they can.
	w.atOnce(t, `lock table entry in exclusive mode`, func(k int) error {
		b := []disbursement.Batch{w.batch, april}[k]
		_, err := w.tryAnswer(bank.Caller{Code: b.Bank, KeyID: ""}, b.ID, []bank.Answer{paidLine(items[k])})
		return err
	})
	want := "benefit_account_pension 2000 benefit_base_pension 11000 expenditure -13000 personal_control -1500 " +
		"personal_individual 1200 personal_interest 300"
	if got := w.books(t); got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	w.sound(t)
}

// atOnce runs fn twice, and lets neither go on past the lock until both wait.
func (w *answerWorld) atOnce(t *testing.T, lock string, fn func(k int) error) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), w.d.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background()) //nolint:errcheck // a connection of the test
	if _, err := c.Exec(t.Context(), `begin; `+lock); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for k := range 2 {
		wg.Go(func() {
			if err := fn(k); err != nil {
				t.Error(err)
			}
		})
	}
	// Asked by others: within a transaction the answer stays as it was first given.
	for waiting := int64(0); waiting < 2; {
		waiting = one[int64](t, w.world, `select count(*) from pg_stat_activity
			where datname = current_database() and wait_event_type = 'Lock'`)
	}
	if _, err := c.Exec(t.Context(), `commit`); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
}

// draftReissue drafts a run of what is to be paid again, or returns nil where
// there is nothing.
func (w *answerWorld) draftReissue(t *testing.T) *disbursement.Drafted {
	t.Helper()
	d, err := w.tryDraft(disbursement.Order{Scheme: ledger.Rural, Month: w.today.Month(), Kind: disbursement.Reissue})
	if errors.Is(err, disbursement.ErrNothingToPay) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return &d
}

// reissue pays again what is to be, and returns its payments.
func (w *answerWorld) reissue(t *testing.T) (disbursement.Batch, []disbursement.Item) {
	t.Helper()
	v := verdict(w.approved(t, disbursement.Order{Scheme: ledger.Rural, Month: w.today.Month(), Kind: disbursement.Reissue}))
	v.Reason = "the hand-over of this month's run has passed"
	out, err := w.tryRelease(w.releaser, v)
	if err != nil {
		t.Fatal(err)
	}
	return out.Batches[0], w.payItems(t, out.Batches[0])
}

// corrected gives members another account, as the business office does.
func (w *answerWorld) corrected(t *testing.T, members ...int64) {
	t.Helper()
	for _, m := range members {
		w.sql(t, fmt.Sprintf(`update instrument set account_no = account_no || '9' where member_id = %d`, m))
	}
}

func TestF29_AnswersForABatchThatIsNotWithTheBankKeepNothing(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesNet)
	kept := func() string {
		return one[string](t, w.world, `select concat_ws(' ', (select count(*) from answer), (select count(*) from receipt),
			(select count(*) from posting where kind <> 'opening'), (select count(*) from idempotency where route = 'POST results'))`)
	}
	// A run that nobody released: the bank does not even know the batch.
	frozen := w.frozen(t, regular(march().Add(1)))
	_, err := w.tryAnswer(w.psbc, frozen.Batches[0].ID, []bank.Answer{paidLine(w.payItems(t, frozen.Batches[0])[0])})
	if !errors.Is(err, disbursement.ErrBatchUnknown) {
		t.Errorf("answer before the release: %v", err)
	}
	if _, err := w.tryRecall(w.releaser, w.batch.ID); err != nil {
		t.Fatal(err)
	}
	_, err = w.tryAnswer(w.psbc, w.batch.ID, []bank.Answer{paidLine(w.paying[0])})
	if !errors.Is(err, bank.ErrBatchState) || fault.KindOf(err) != fault.Conflict {
		t.Errorf("answer after the recall: %v", err)
	}
	if got := kept(); got != "0 0 0 0" {
		t.Errorf("kept %s", got)
	}
	if got := w.openCases(t, "recalled_batch_answered"); got != fmt.Sprintf("payment_batch:%d", w.batch.ID) {
		t.Errorf("cases: %q", got)
	}
	// A file is set aside, whole.
	r := w.uploadPaid(t, "late.txt", w.batch, payFileLine(w.paying[0])+"end\n")
	w.takeIn(t, r)
	state := one[string](t, w.world, `select state || ' ' || code from receipt where id = $1`, r.ID)
	if state != "quarantined batch_state" {
		t.Errorf("file is %s", state)
	}
	got := w.giveBack(t, back(w.paying[0], "2011-03-25")).Decisions[0]
	if got.Disposition != bank.Refused || got.Refusal != "batch_withdrawn" {
		t.Errorf("return of a recalled payment: %+v", got)
	}
	w.sound(t)
}

func TestF30_AReturnThatComesBeforeItsPaymentWaits(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 3, disbursement.SettlesNet)
	i := w.paying
	out := w.giveBack(t, back(i[0], "2011-03-25"), back(i[1], "2011-03-25"))
	if c := out.Counts; c.Pending != 2 || c.Recorded != 0 || w.books(t) != "" {
		t.Fatalf("returns before their payments: %+v, books %q", c, w.books(t))
	}
	taken := w.answer(t, w.batch, paidLine(i[0]), failedLine(i[1], "AC04"), paidLine(i[2]))
	if p := taken.Batch.Progress; p.Returned != 1 || p.ReturnedAmount != 5500 {
		t.Errorf("progress %+v", p)
	}
	if got, want := w.books(t), "benefit_base_pension 11000 expenditure -5500 suspense -5500"; got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	// The second one came back and then failed: there was nothing to give back.
	failed := one[int64](t, w.world, `select id from payment_return where item_id = $1`, i[1].ID)
	if got := w.openCases(t, "return_refused"); got != fmt.Sprintf("return:%d", failed) {
		t.Errorf("cases %q", got)
	}
	w.sound(t)
}

// refusedLines sends the lines, of which the last is good, and wants the others
// refused with a code each, a case each, and no effect.
func (w *answerWorld) refusedLines(t *testing.T, codes []string, lines ...bank.Answer) []bank.Decision {
	t.Helper()
	got := w.answer(t, w.batch, lines...)
	var have []string
	for _, d := range got.Decisions[:len(codes)] {
		have = append(have, d.Refusal)
	}
	if diff := cmp.Diff(codes, have); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
	good := got.Decisions[len(codes)]
	if good.Disposition != bank.Recorded {
		t.Errorf("the good line behind them is %s %s", good.Disposition, good.Refusal)
	}
	if n := one[int64](t, w.world, `select count(*) from exception_case where kind = 'answer_refused'`); n != int64(len(codes)) {
		t.Errorf("%d cases, want %d", n, len(codes))
	}
	want := fmt.Sprintf("benefit_base_pension %[1]d expenditure -%[1]d", good.Amount.Fen())
	if books := w.books(t); books != want {
		t.Errorf("books are %q, want %q", books, want)
	}
	w.sound(t)
	return got.Decisions
}

func TestF31_AnAnswerForAnUnknownPaymentIsKeptAndBooksNothing(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesNet)
	stranger := change(paidLine(w.paying[0]), func(a *bank.Answer) { a.Item, a.BankReference, a.Text = 999_999_999, "R-STRANGE", "不明" })
	w.refusedLines(t, []string{"unknown_item"}, stranger, paidLine(w.paying[1]))
	raw := one[string](t, w.world, `select concat_ws(' ', line, coalesce(item_id::text, 'none'), outcome, amount,
		bank_reference, value_date, text) from answer where disposition = 'refused'`)
	if want := "1 none succeeded 5500 R-STRANGE 2011-03-25 不明"; raw != want {
		t.Errorf("kept %q, want %q", raw, want)
	}
	got := w.giveBack(t, disbursement.Return{ //nolint:exhaustruct // a stranger
		Item: 999_999_999, Amount: 1, BankReference: "B1", ValueDate: w.today,
	}).Decisions[0]
	if got.Refusal != "unknown_item" {
		t.Errorf("return of an unknown payment: %+v", got)
	}
	if !strings.HasPrefix(w.openCases(t, "return_refused"), "receipt:") {
		t.Errorf("cases: %q", w.openCases(t, "return_refused"))
	}
}

// twoBanks gives the second half of the members to another bank with an account of its own.
const twoBanks = `
	insert into bank values (610304, 'rcc', '402791000010', '信用社', 'json', 1000);
	insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
		(610304, 23, 'rural', 'expenditure', 'rcc', '961001010000000023', '支出户', '2011-01-01');
	update instrument set bank = 'rcc' where member_id > 1000 + (select count(*) from member) / 2`

func TestF32_AnotherBanksPaymentsAreNotFound(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 4, disbursement.SettlesNet, twoBanks)
	theirs := w.paying
	rcc := bank.Caller{Code: "rcc", KeyID: ""}
	all, err := w.pay.Batches(t.Context(), disbursement.BatchFilter{Run: w.run.ID}) //nolint:exhaustruct // of the run
	if err != nil || len(all) != 2 || all[0].Bank == all[1].Bank {
		t.Fatalf("batches %+v, %v", all, err)
	}
	mine := all[1]
	if w.batch.Bank != "psbc" || mine.Bank != "rcc" {
		t.Fatalf("batches are %s and %s", w.batch.Bank, mine.Bank)
	}
	_, err = w.tryAnswer(rcc, w.batch.ID, []bank.Answer{paidLine(theirs[0])})
	if !errors.Is(err, disbursement.ErrBatchUnknown) || fault.KindOf(err) != fault.NotFound {
		t.Errorf("another bank's batch: %v", err)
	}
	// Nor does a payment of another bank's batch pass under a batch of its own.
	got := w.answer(t, mine, paidLine(theirs[0]), paidLine(w.payItems(t, mine)[0]))
	if got.Decisions[0].Refusal != "unknown_item" || got.Decisions[1].Disposition != bank.Recorded {
		t.Errorf("decisions %+v", got.Decisions)
	}
	back, err := w.tryReturn(rcc, []disbursement.Return{back(theirs[0], "2011-03-25")})
	if err != nil || back.Decisions[0].Refusal != "unknown_item" {
		t.Errorf("return of another bank's payment: %+v, %v", back.Decisions, err)
	}
	_, err = w.pay.FindPayment(t.Context(), disbursement.PaymentFilter{Bank: "rcc", ID: theirs[0].ID}) //nolint:exhaustruct // by id
	if !errors.Is(err, disbursement.ErrPayItem) {
		t.Errorf("another bank's payment: %v", err)
	}
	w.sound(t)
}

func TestADayOnWhichNoMoneyCanHaveMovedIsRefused(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 4, disbursement.SettlesNet)
	on := func(i disbursement.Item, day string) bank.Answer {
		return change(paidLine(i), func(a *bank.Answer) { a.ValueDate = calendar.MustDay(day) })
	}
	i := w.paying
	w.refusedLines(t, []string{"value_date_out_of_range", "value_date_out_of_range"}, on(i[0], "2011-03-26"),
		on(i[1], "2011-03-09"), on(i[2], "2011-03-10"))
	// A format without value dates: the money moved by the day that we are told so.
	w.answer(t, w.batch, change(paidLine(i[3]), func(a *bank.Answer) { a.ValueDate = calendar.Day{} }))
	days := one[string](t, w.world, `select string_agg(concat_ws(' ', e.effective_on, a.value_date), ', ' order by a.id)
		from answer a join posting p on p.cause_id = a.item_id join entry e on e.id = p.entry_id
		where a.disposition = 'recorded'`)
	if days != "2011-03-10 2011-03-10, 2011-03-25 2011-03-25" {
		t.Errorf("booked on %s", days)
	}
	w.sound(t)
}

func TestALineWithoutAnIDIsNeverGuessed(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesNet)
	// No freeze makes such a batch: each person stands in it for two months, the second
	// one for the same amount in one case, and for another in the other.
	w.sql(t, `set session_replication_role = replica;
		insert into payment_item (area, id, batch_id, seq, member_id, month, cause, attempt, base_pension, account_pension,
			funeral_grant, one_off, amount, instrument_id, account_no, name, id_number, social_no, region, activated)
		select area, nextval('fact_id'), batch_id, seq + 2, member_id, '2011-02-01', cause, attempt,
			base_pension + 500 * (seq - 1), account_pension, funeral_grant, one_off, amount + 500 * (seq - 1), instrument_id,
			account_no, name, id_number, social_no, region, activated
		from payment_item;
		update payment_batch set item_count = 4, amount = amount + 11500`)
	items := w.payItems(t, w.batch)
	var lines []bank.Answer
	for _, i := range items {
		lines = append(lines, change(paidLine(i), func(a *bank.Answer) { a.Item, a.SocialNo = 0, i.SocialNo }))
	}
	got := w.answer(t, w.batch, lines...)
	for k, d := range got.Decisions {
		want := "recorded"
		if items[k].Member == 1001 {
			want = "refused ambiguous_item"
		}
		if have := strings.TrimSpace(string(d.Disposition) + " " + d.Refusal); have != want {
			t.Errorf("payment %d of member %d is %s, want %s", k, items[k].Member, have, want)
		}
	}
	if p := got.Batch.Progress; p.Succeeded != 2 || p.SucceededAmount != 11_500 {
		t.Errorf("progress %+v", p)
	}
	w.sound(t)
}

func TestARequestWithWrongTotalsIsRefusedWhole(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesNet)
	lines := []bank.Answer{paidLine(w.paying[0]), paidLine(w.paying[1])}
	many := make([]bank.Answer, disbursement.MaxResults+1)
	for name, give := range map[string]struct {
		rep  disbursement.Report
		want error
	}{
		"count":  {disbursement.Report{Count: 1, Amount: 11_000, Answers: lines}, bank.ErrControlTotal},
		"amount": {disbursement.Report{Count: 2, Amount: 11_001, Answers: lines}, bank.ErrControlTotal},
		"lines":  {disbursement.Report{Count: len(many), Amount: 0, Answers: many}, disbursement.ErrTooManyLines},
	} {
		_, err := w.pay.Results(t.Context(), w.ask("POST results"), result(&disbursement.Taken{}), 0, w.psbc, w.batch.ID, give.rep) //nolint:exhaustruct // out
		if !errors.Is(err, give.want) {
			t.Errorf("wrong %s: %v", name, err)
		}
	}
	r := w.uploadPaid(t, "cut.txt", w.batch, payFileLine(w.paying[0]))
	w.takeIn(t, r)
	if state := one[string](t, w.world, `select state || ' ' || code from receipt where id = $1`, r.ID); state != "quarantined file_quarantined" {
		t.Errorf("a file that is cut off is %s", state)
	}
	if n := one[int64](t, w.world, `select count(*) from answer`); n != 0 || w.books(t) != "" {
		t.Errorf("%d lines kept, books %q", n, w.books(t))
	}
}

func TestTwoLastAnswersAtOneMomentCloseTheRunOnce(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 8, disbursement.SettlesNet, twoBanks, `update bank set row_limit = 2`)
	all, err := w.pay.Batches(t.Context(), disbursement.BatchFilter{Run: w.run.ID}) //nolint:exhaustruct // of the run
	if err != nil || len(all) != 4 {
		t.Fatalf("%d batches, %v", len(all), err)
	}
	var wg sync.WaitGroup
	for _, b := range all {
		i := w.payItems(t, b)
		wg.Go(func() {
			if _, err := w.tryAnswer(bank.Caller{Code: b.Bank, KeyID: ""}, b.ID, []bank.Answer{paidLine(i[0]), paidLine(i[1])}); err != nil {
				t.Errorf("batch %s: %v", b.Number, err)
			}
		})
	}
	wg.Wait()
	if got := one[string](t, w.world, `select string_agg(to_state, ' ' order by version) from run_event`); got != "draft frozen approved released closed" {
		t.Errorf("the run became %s", got)
	}
	w.sound(t)
}

func TestF33_TheSameSuccessAgainIsCountedAndBooksNothing(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesNet)
	w.answer(t, w.batch, paidLine(w.paying[0]), failedLine(w.paying[1], "AC04"))
	before := w.books(t)
	again := w.answer(t, w.batch, paidLine(w.paying[0]), failedLine(w.paying[1], "AC01"))
	if c := again.Counts; c.Repeated != 2 || c.Recorded != 0 || w.books(t) != before {
		t.Errorf("again: %+v, books %q", c, w.books(t))
	}
	w.sound(t)
}

func TestF34_ASuccessAfterAFailureBlocksThatItIsPaidAgain(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesNet)
	i := w.paying
	w.answer(t, w.batch, failedLine(i[0], "TM01"), failedLine(i[1], "TM01"))
	late := w.answer(t, w.batch, paidLine(i[0]))
	if d := late.Decisions[0]; d.Refusal != "contradicts_outcome" || w.books(t) != "" {
		t.Errorf("decided %+v, books %q", d, w.books(t))
	}
	if got := w.openCases(t, "possible_double_credit"); got != fmt.Sprintf("payment_item:%d", i[0].ID) {
		t.Errorf("alarms: %q", got)
	}
	d := w.draftReissue(t)
	if d == nil || d.Roster.Entitled != 2 || d.Roster.Held != 1 {
		t.Fatalf("what is paid again: %+v", d)
	}
	held, err := w.pay.Lines(t.Context(), w.auditor, d.Roster.ID, disbursement.LinePage{Held: true, After: 0, Limit: 10})
	if err != nil || len(held) != 1 || held[0].Held != disbursement.HeldDoubleCredit || held[0].Replaces != i[0].ID {
		t.Errorf("held: %+v, %v", held, err)
	}
	w.sound(t)
}

func TestF34_ASuccessOfWhatCameBackIsNoRepetition(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 1, disbursement.SettlesNet)
	i := w.paying[0]
	w.answer(t, w.batch, paidLine(i))
	w.giveBack(t, back(i, "2011-03-25"))
	same := w.answer(t, w.batch, paidLine(i))
	if same.Counts.Repeated != 1 {
		t.Errorf("the same line again is %+v", same.Decisions[0])
	}
	other := w.answer(t, w.batch, change(paidLine(i), func(a *bank.Answer) { a.BankReference = "OTHER" }))
	if other.Decisions[0].Refusal != "contradicts_outcome" || w.openCases(t, "possible_double_credit") == "" {
		t.Errorf("another payment of it is %+v", other.Decisions[0])
	}
	w.corrected(t, i.Member)
	if d := w.draftReissue(t); d != nil {
		t.Errorf("it is paid again: %+v", d)
	}
	w.sound(t)
}

// A bank that refuses or gives back a payment as one that it has seen before may
// have made that one: it is not paid again, whatever account the payee has now.
func TestF34_WhatABankCallsADuplicateIsNotPaidAgain(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 4, disbursement.SettlesNet)
	i := w.paying
	w.answer(t, w.batch, failedLine(i[0], "AM05"), paidLine(i[1]), failedLine(i[2], "RJ05"), paidLine(i[3]))
	w.giveBack(t, disbursement.Return{ //nolint:exhaustruct // what a bank says
		Item: i[1].ID, Amount: i[1].Sum(), BankReference: "B1", ValueDate: w.today, Code: "DU01",
	})
	w.corrected(t, i[0].Member, i[1].Member)
	_, held := w.roster(t, disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Reissue, Items: nil})
	want := map[int64]disbursement.Hold{
		i[0].Member: disbursement.HeldDoubleCredit, i[1].Member: disbursement.HeldDoubleCredit, i[2].Member: "",
	}
	if diff := cmp.Diff(want, held); diff != "" {
		t.Errorf("reissue, want first:\n%s", diff)
	}
	if got, want := w.openCases(t, "possible_double_credit"),
		fmt.Sprintf("payment_item:%d payment_item:%d", i[0].ID, i[1].ID); got != want {
		t.Errorf("cases about %q, want %q", got, want)
	}
	w.sound(t)
}

// What stands on an account that its person cannot draw from is paid for the bank
// and unpaid for the person: in the proof, and in the list that goes to the villages.
func TestWhatCannotBeDrawnIsUnpaidForThePerson(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 6, disbursement.SettlesNet, `update instrument set activated = false where member_id = 1002`,
		`insert into payment_hold (area, member_id, reason, from_month, opened_by, opened_at)
			values (610304, 1006, 'court', '2011-01-01', 'test', now())`)
	i := w.paying
	w.answer(t, w.batch, paidLine(i[0]), paidLine(i[1]), failedLine(i[2], "AC04"), paidLine(i[3]))
	w.giveBack(t, back(i[3], "2011-03-25"))
	told := feedback.New(w.db.Feedback())
	month := func(m calendar.Month) feedback.Subject {
		return feedback.Subject{Scheme: ledger.Rural, Month: m} //nolint:exhaustruct // no year
	}
	list, err := told.Lines(t.Context(), w.auditor, month(march()), 0)
	if err != nil || len(list.Villages) != 1 || len(list.Townships) != 1 {
		t.Fatalf("feedback %+v, %v", list, err)
	}
	got := list.Villages[0]
	want := feedback.Line{
		Region: got.Region, Name: got.Name, Due: 6, Paid: 1, InFlight: 1, Amount: 5500,
		Unpaid: map[feedback.Standing]int{"NOT_ACTIVATED": 1, "FIX_ACCOUNT": 1, "RETURNED": 1, "court": 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("feedback (-want +got):\n%s", diff)
	}
	people, err := told.People(t.Context(), w.auditor, month(march()), 0, feedback.PersonFilter{Limit: 9}) //nolint:exhaustruct // the first page
	if err != nil || len(people) != 5 {
		t.Errorf("of six, five are not paid; the names are %d, %v", len(people), err)
	}
	days, err := told.Progress(t.Context(), w.auditor, month(march()), 0)
	if err != nil || len(days) != 1 || days[0].PayersSoFar != 1 || days[0].AmountSoFar != 5500 {
		t.Errorf("three were credited, one came back and one cannot draw it: progress %+v, %v", days, err)
	}
	if other, err := told.Lines(t.Context(), w.auditor, month(march().Add(1)), 0); err != nil || len(other.Villages) != 0 {
		t.Errorf("another month has %+v, %v", other, err)
	}
	if p, err := w.pay.Proof(t.Context(), w.auditor, w.run.ID); err != nil || p.NotActivated.Count != 1 {
		t.Errorf("the proof has %+v, %v", p.NotActivated, err)
	}
}

// A reissue of some payments pays those and no others, and none in silence.
func TestAReissueIsLimitedToWhatWasAskedFor(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 4, disbursement.SettlesNet)
	i := w.paying
	w.answer(t, w.batch, failedLine(i[0], "RJ05"), failedLine(i[1], "RJ05"), failedLine(i[2], "RJ05"), paidLine(i[3]))
	again := func(items ...int64) (disbursement.Drafted, error) {
		var out disbursement.Drafted
		_, err := w.pay.PayAgain(t.Context(), w.ask("POST /v1/reissues"), result(&out), w.maker, ledger.Rural, items)
		return out, err
	}
	for name, items := range map[string][]int64{
		"one that was paid": {i[0].ID, i[3].ID}, "nobody's": {i[0].ID, 7}, "a batch": {w.batch.ID},
	} {
		if _, err := again(items...); fault.CodeOf(err) != "payment_not_reissuable" {
			t.Errorf("%s: %v", name, err)
		}
	}
	first, err := again(i[0].ID, i[2].ID)
	if err != nil || first.Roster.Entitled != 2 {
		t.Fatalf("the reissue of two has %d, %v", first.Roster.Entitled, err)
	}
	frozen, err := w.trySubmit(w.maker, first.Run.ID)
	if err != nil {
		t.Fatal(err)
	}
	var replaced []int64
	for _, b := range frozen.Batches {
		for _, item := range w.payItems(t, b) {
			replaced = append(replaced, item.Replaces)
		}
	}
	slices.Sort(replaced)
	if !slices.Equal(replaced, []int64{i[0].ID, i[2].ID}) {
		t.Errorf("payments %v are paid again, want %d and %d", replaced, i[0].ID, i[2].ID)
	}
	if _, err := again(i[0].ID); fault.CodeOf(err) != "payment_not_reissuable" {
		t.Errorf("what is being paid again: %v", err)
	}
	rest, err := again()
	if err != nil || rest.Roster.Entitled != 1 {
		t.Errorf("the reissue of the rest has %d, %v; want 1", rest.Roster.Entitled, err)
	}
}

func TestF35_AFailureAfterASuccessReversesNothing(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 1, disbursement.SettlesNet)
	w.answer(t, w.batch, paidLine(w.paying[0]))
	before := w.books(t)
	late := w.answer(t, w.batch, failedLine(w.paying[0], "AC04"))
	if d := late.Decisions[0]; d.Refusal != "contradicts_outcome" || w.books(t) != before {
		t.Errorf("decided %+v, books %q", d, w.books(t))
	}
	if w.openCases(t, "answer_refused") == "" || w.openCases(t, "possible_double_credit") != "" {
		t.Errorf("cases %q and %q", w.openCases(t, "answer_refused"), w.openCases(t, "possible_double_credit"))
	}
	w.sound(t)
}

func TestF36_OneFenMoreOrLessOfAPaymentIsRefused(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 4, disbursement.SettlesNet)
	by := func(i disbursement.Item, fen money.Amount) bank.Answer {
		return change(paidLine(i), func(a *bank.Answer) { *a.Amount += fen })
	}
	i := w.paying
	w.refusedLines(t, []string{"amount_differs", "amount_differs", "amount_missing"}, by(i[0], 1), by(i[1], -1),
		change(paidLine(i[2]), func(a *bank.Answer) { a.Amount = nil }), paidLine(i[3]))
}

func TestF37_AnotherPersonOrAccountThanWasSentIsRefused(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 4, disbursement.SettlesNet)
	i := w.paying
	w.refusedLines(t, []string{"party_differs", "party_differs", "party_differs"},
		change(paidLine(i[0]), func(a *bank.Answer) { a.Name = "李四光" }),
		change(paidLine(i[1]), func(a *bank.Answer) { a.Account = "6100998877" }),
		change(paidLine(i[2]), func(a *bank.Answer) { a.IDNumber = "610304194901019990" }), paidLine(i[3]))
	text := one[string](t, w.world, `select string_agg(text, ' ') from exception_case where kind = 'answer_refused'`)
	if strings.Contains(text, "李四光") || strings.Contains(text, "6100") || strings.Contains(text, "61030419") {
		t.Errorf("the cases show a person: %s", text)
	}
}

func TestF38_AnUnknownCodeLeavesAPaymentOpen(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesNet)
	got := w.answer(t, w.batch, failedLine(w.paying[0], "ZZ99"),
		bank.Answer{Item: w.paying[1].ID, Outcome: bank.OutcomePending}) //nolint:exhaustruct // still being processed
	if c := got.Counts; c.Pending != 2 || got.Batch.Progress.Open != 2 || w.books(t) != "" {
		t.Errorf("counts %+v, %d open, books %q", c, got.Batch.Progress.Open, w.books(t))
	}
	if d := w.draftReissue(t); d != nil {
		t.Errorf("what is open is paid again: %+v", d)
	}
	p, err := w.pay.FindPayment(t.Context(), disbursement.PaymentFilter{ID: w.paying[0].ID}) //nolint:exhaustruct // by id
	if err != nil || p.Outcome != bank.OutcomeUnknown || p.Class != bank.ClassUnknown {
		t.Errorf("payment is %s %s, %v", p.Outcome, p.Class, err)
	}
	w.answer(t, w.batch, paidLine(w.paying[0]), paidLine(w.paying[1]))
	w.sound(t)
}

func TestF39_ALateReturnWaitsInSuspenseUntilANewPaymentTakesItUp(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesNet)
	i := w.paying
	w.answer(t, w.batch, paidLine(i[0]), paidLine(i[1]))
	original := one[string](t, w.world, `select md5(string_agg(p::text, ' ' order by p::text)) from posting p where kind = 'benefit'`)
	// Weeks later, the books of March are sealed.
	w.today = calendar.MustDay("2011-04-18")
	w.sql(t, `update book set sealed_through = '2011-04-17'`)
	out := w.giveBack(t, back(i[0], "2011-03-29"))
	if out.Counts.Recorded != 1 || out.Batches[0].Progress.Returned != 1 || out.Batches[0].State != bank.BatchDone {
		t.Errorf("return: %+v, batch %+v", out.Counts, out.Batches[0])
	}
	days := one[string](t, w.world, `select accounted_on || ' ' || effective_on from entry where kind = 'payment_return'`)
	if days != "2011-04-18 2011-03-29" {
		t.Errorf("booked on %s", days)
	}
	if got, want := w.books(t), "benefit_base_pension 11000 expenditure -5500 suspense -5500"; got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	// The account is as it was: the claim is held until the business office corrects it.
	if d := w.draftReissue(t); d != nil {
		t.Errorf("paid again to the account that it came back from: %+v", d)
	}
	w.corrected(t, i[0].Member)
	b, again := w.reissue(t)
	if len(again) != 1 || again[0].Replaces != i[0].ID || !again[0].FromSuspense || again[0].Attempt != 2 {
		t.Fatalf("paid again by %+v", again)
	}
	if _, err := w.tryAnswer(w.psbc, b.ID, []bank.Answer{change(paidLine(again[0]), func(a *bank.Answer) { a.ValueDate = w.today })}); err != nil {
		t.Fatal(err)
	}
	if got, want := w.books(t), "benefit_base_pension 11000 expenditure -11000"; got != want {
		t.Errorf("paid again, books are %q, want %q", got, want)
	}
	if now := one[string](t, w.world, `select md5(string_agg(p::text, ' ' order by p::text)) from posting p where kind = 'benefit'`); now != original {
		t.Error("the original entries changed")
	}
	w.sound(t)
	w.proved(t, w.run.ID, "entitled 2 succeeded 2 returned 1 reissued 1 paid 2 open 0")
	// It comes back again, and is paid a third time: the chain goes on.
	w.giveBack(t, back(again[0], "2011-04-18"))
	w.proved(t, w.run.ID, "entitled 2 succeeded 2 returned 1 reissued 0 paid 1 open 1")
	w.corrected(t, i[0].Member)
	b, third := w.reissue(t)
	w.answer(t, b, change(failedLine(third[0], "AC04"), func(a *bank.Answer) { a.ValueDate = w.today }))
	w.corrected(t, i[0].Member)
	b, fourth := w.reissue(t)
	if fourth[0].Replaces != third[0].ID || !fourth[0].FromSuspense {
		t.Fatalf("the money still waits in suspense, and the fourth payment is %+v", fourth[0])
	}
	w.answer(t, b, change(paidLine(fourth[0]), func(a *bank.Answer) { a.ValueDate = w.today }))
	if got, want := w.books(t), "benefit_base_pension 11000 expenditure -11000"; got != want {
		t.Errorf("in the end books are %q, want %q", got, want)
	}
	w.sound(t)
	w.proved(t, w.run.ID, "entitled 2 succeeded 2 returned 1 reissued 1 paid 2 open 0")
	list, err := w.pay.Payments(t.Context(), w.auditor, disbursement.MemberPayments{Member: i[0].Member, Before: 0, Limit: 10}) //nolint:exhaustruct // own area
	if err != nil || len(list) != 4 || list[3].PaidAgain != again[0].ID || !list[3].Returned || list[0].Outcome != bank.OutcomeSucceeded {
		t.Errorf("payments of the member: %+v, %v", list, err)
	}
	p, err := w.pay.FindPayment(t.Context(), disbursement.PaymentFilter{BankReference: fmt.Sprintf("B%d", i[0].ID)}) //nolint:exhaustruct // by reference
	if err != nil || p.ID != i[0].ID || p.Return == nil || p.Return.Class != bank.ClassFixAccount || !p.ReturnBooked {
		t.Errorf("found by the reference of its return: %+v, %v", p, err)
	}
}

func TestF40_ASecondReturnOrOneOfAnotherAmountIsRefused(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 5, disbursement.SettlesNet)
	i := w.paying
	w.answer(t, w.batch, paidLine(i[0]), paidLine(i[1]), paidLine(i[2]), failedLine(i[3], "AC04"), paidLine(i[4]))
	w.giveBack(t, back(i[0], "2011-03-25"))
	second := back(i[0], "2011-03-25")
	second.BankReference = "SECOND"
	more := back(i[1], "2011-03-25")
	more.Amount++
	reused := back(i[2], "2011-03-25")
	reused.BankReference = fmt.Sprintf("B%d", i[0].ID)
	early, ahead := back(i[2], "2011-03-01"), back(i[2], "2011-03-26")
	unnamed := back(i[2], "2011-03-25")
	unnamed.BankReference = ""
	out := w.giveBack(t, second, more, reused, back(i[3], "2011-03-25"), early, ahead, unnamed, back(i[0], "2011-03-25"),
		back(i[4], "2011-03-25"), back(i[4], "2011-03-25"))
	var got []string
	for _, d := range out.Decisions {
		got = append(got, strings.TrimSpace(string(d.Disposition)+" "+d.Refusal))
	}
	want := []string{
		"refused returned_before", "refused amount_differs", "refused bank_reference_reused", "refused item_failed",
		"refused value_date_out_of_range", "refused value_date_out_of_range", "refused reference_malformed", "repeated",
		"recorded", "repeated",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
	if books, want := w.books(t), "benefit_base_pension 22000 expenditure -11000 suspense -11000"; books != want {
		t.Errorf("books are %q, want %q", books, want)
	}
	if n := one[int64](t, w.world, `select count(*) from exception_case where kind = 'return_refused'`); n != 7 {
		t.Errorf("%d cases, want 7", n)
	}
	lines, err := w.pay.ReturnLines(t.Context(), bank.Receipt{Area: chencang, ID: out.Receipts[0]}, 0, 100) //nolint:exhaustruct // by id
	if err != nil || len(lines) != 10 || lines[8].Disposition != bank.Recorded || lines[1].Amount != 5501 {
		t.Errorf("lines of the receipt: %+v, %v", lines, err)
	}
	counts := one[string](t, w.world, `select concat_ws(' ', state, rows, recorded, repeated, pending, refused, amount)
		from receipt where id = $1`, out.Receipts[0])
	if counts != "processed 10 1 2 0 7 5500" {
		t.Errorf("receipt says %q", counts)
	}
	_, err = w.pay.Returns(t.Context(), w.ask("POST /v1/returns"), result(&disbursement.TakenReturns{}), 0, w.psbc, //nolint:exhaustruct // out
		disbursement.ReturnReport{Count: 1, Amount: 5501, Returns: []disbursement.Return{back(i[1], "2011-03-25")}})
	if !errors.Is(err, bank.ErrControlTotal) {
		t.Errorf("a wrong total: %v", err)
	}
	w.sound(t)
}

// proved wants the proof to hold, with these figures.
func (w *answerWorld) proved(t *testing.T, run int64, want string) disbursement.Proof {
	t.Helper()
	p, err := w.pay.Proof(context.Background(), w.auditor, run)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Breaks) > 0 {
		t.Errorf("the proof breaks: %v", p.Breaks)
	}
	figures := map[string]disbursement.Tally{
		"entitled": p.Entitled, "held": p.Held, "approved": p.Approved, "sent": p.Sent, "withdrawn": p.Withdrawn,
		"succeeded": p.Succeeded, "rejected": p.Rejected, "unknown": p.Unknown, "returned": p.Returned,
		"reissued": p.Reissued, "paid": p.Paid, "open": p.Open, "late": p.NotInPlace, "inactive": p.NotActivated,
	}
	words := strings.Fields(want)
	for k := 0; k+1 < len(words); k += 2 {
		if got := fmt.Sprint(figures[words[k]].Count); got != words[k+1] {
			t.Errorf("%s are %s, want %s", words[k], got, words[k+1])
		}
	}
	return p
}

func TestF51_ASilentBankIsAskedAndNothingIsPaidAgain(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 3, disbursement.SettlesNet)
	w.answer(t, w.batch, paidLine(w.paying[0]))
	watch := func(day string) string {
		w.today = calendar.MustDay(day)
		for range 2 {
			if err := w.pay.WatchAnswers(t.Context(), w.today); err != nil {
				t.Fatal(err)
			}
		}
		return one[string](t, w.world, `select concat_ws(' ', (select count(*) from bank_query), state,
			(select count(*) from exception_case where kind = 'bank_silent')) from payment_batch`)
	}
	// Pay day was Friday the 25th, and the area waits three working days.
	if got := watch("2011-03-29"); got != "0 acked 0" {
		t.Errorf("after two working days: %s", got)
	}
	if got := watch("2011-03-30"); got != "2 unknown 1" {
		t.Errorf("after three working days: %s", got)
	}
	if got := watch("2011-03-31"); got != "4 unknown 1" {
		t.Errorf("a day later: %s", got)
	}
	if n := one[int64](t, w.world, `select count(*) from payment_item`); n != 3 || w.draftReissue(t) != nil {
		t.Errorf("%d payments, and what is paid again is %+v", n, w.draftReissue(t))
	}
	// The late answer is evidence, and ends the question.
	taken := w.answer(t, w.batch, paidLine(w.paying[1]), paidLine(w.paying[2]))
	if taken.Batch.State != bank.BatchDone || w.openCases(t, "bank_silent") != "" {
		t.Errorf("late answer: batch %s, cases %q", taken.Batch.State, w.openCases(t, "bank_silent"))
	}
	w.sound(t)
}

func TestReturnsThatWaitTooLongAreCases(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesNet)
	i := w.paying
	w.answer(t, w.batch, paidLine(i[0]))
	w.giveBack(t, back(i[0], "2011-03-25"), back(i[1], "2011-03-25"))
	watch := func(day string) {
		w.today = calendar.MustDay(day)
		if err := w.pay.WatchAnswers(t.Context(), w.today); err != nil {
			t.Fatal(err)
		}
	}
	watch("2011-03-30")
	if w.openCases(t, "return_waits") == "" || w.openCases(t, "return_unpaid") != "" {
		t.Errorf("after three working days: %q and %q", w.openCases(t, "return_waits"), w.openCases(t, "return_unpaid"))
	}
	w.answer(t, w.batch, paidLine(i[1]))
	if got := w.openCases(t, "return_waits"); got != "" {
		t.Errorf("the payment is known, and the case is open: %q", got)
	}
	watch("2011-04-30")
	if got := w.openCases(t, "return_unpaid"); got != "" {
		t.Errorf("April's run may still pay them: %q", got)
	}
	watch("2011-05-01")
	if got := strings.Fields(w.openCases(t, "return_unpaid")); len(got) != 2 {
		t.Errorf("cases of what nobody paid again: %q", got)
	}
	w.corrected(t, i[0].Member, i[1].Member)
	b, again := w.reissue(t)
	w.answer(t, b, change(paidLine(again[0]), func(a *bank.Answer) { a.ValueDate = w.today }))
	watch("2011-05-02")
	if got := w.openCases(t, "return_unpaid"); got != "" {
		t.Errorf("both are being paid again, and the cases are open: %q", got)
	}
	w.sound(t)
}

// What came back is in the bank and must be in the books, whatever nobody decided.
func TestReturnsWithoutTheirRuleWaitInSuspenseWithACase(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 1, disbursement.SettlesNet, `delete from area_rule where rule = 'return_policy'`)
	i := w.paying[0]
	w.answer(t, w.batch, paidLine(i))
	w.giveBack(t, back(i, "2011-03-25"))
	if got := w.books(t); !strings.Contains(got, "suspense -5500") {
		t.Errorf("books are %q", got)
	}
	text := one[string](t, w.world, `select text from exception_case where kind = 'rule_missing'`)
	if !strings.Contains(text, "return_policy") || !strings.Contains(text, "suspense") {
		t.Errorf("the case says %q", text)
	}
	w.sound(t)
}

// From which part a pension is drawn is the area's rule of the first day of the month paid.
func TestAPensionIsDrawnInTheOrderOfItsMonth(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 1, disbursement.SettlesNet,
		`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at) values
			(610304, 1001, 'account_pension', '2011-01-01', 1200, 'test', 'test', now())`,
		`insert into area_rule values
			(610304, 'drawing_order', '2010-01-01', '"interest individual collective subsidy"', 'test'),
			(610304, 'drawing_order', '2011-03-02', '"individual interest collective subsidy"', 'test')`)
	w.personal(t, 1001, 2000, 1000)
	i := w.paying[0]
	w.answer(t, w.batch, paidLine(i))
	want := "benefit_account_pension 1200 benefit_base_pension 5500 expenditure -6700 personal_control -1200 " +
		"personal_individual 200 personal_interest 1000"
	if got := w.books(t); got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	// What came back is given up by the parts that it was drawn from.
	w.giveBack(t, back(i, "2011-03-25"))
	if err := w.tryGiveUp(one[int64](t, w.world, `select id from payment_return`), "no right"); err != nil {
		t.Fatal(err)
	}
	if got := w.books(t); got != "" {
		t.Errorf("what was given up leaves %q in the books", got)
	}
	w.sound(t)
}

func TestReturnsInRedLettersArePaidAgainAsBenefits(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 1, disbursement.SettlesNet,
		`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at) values
			(610304, 1001, 'account_pension', '2011-01-01', 1000, 'test', 'test', now())`,
		`insert into area_rule values (610304, 'return_policy', '2011-01-01', '"red"', 'test')`)
	w.personal(t, 1001, 2000, 1000)
	i := w.paying[0]
	w.answer(t, w.batch, paidLine(i))
	w.giveBack(t, back(i, "2011-03-25"))
	if got := w.books(t); got != "" {
		t.Errorf("what came back leaves %q in the books", got)
	}
	w.corrected(t, i.Member)
	b, again := w.reissue(t)
	if again[0].FromSuspense {
		t.Fatal("nothing waits in suspense")
	}
	w.answer(t, b, paidLine(again[0]))
	want := "benefit_account_pension 1000 benefit_base_pension 5500 expenditure -6500 personal_control -1000 " +
		"personal_individual 667 personal_interest 333"
	if got := w.books(t); got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	id := one[int64](t, w.world, `select id from payment_return`)
	if err := w.tryGiveUp(id, "x"); !errors.Is(err, disbursement.ErrReturnState) {
		t.Errorf("nothing waits to be given up: %v", err)
	}
	w.sound(t)
}

func TestWhatIsBeingPaidAgainIsNotGivenUp(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 1, disbursement.SettlesNet,
		`insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at) values
			(610304, 1001, 'account_pension', '2011-01-01', 1000, 'test', 'test', now())`)
	w.personal(t, 1001, 600, 200)
	i := w.paying[0]
	w.answer(t, w.batch, paidLine(i))
	w.giveBack(t, back(i, "2011-03-25"))
	w.corrected(t, i.Member)
	b, again := w.reissue(t)
	id := one[int64](t, w.world, `select id from payment_return`)
	try := func(id int64) error { return w.tryGiveUp(id, "died") }
	if err := try(id); !errors.Is(err, disbursement.ErrReturnState) {
		t.Errorf("while it is being paid again: %v", err)
	}
	w.answer(t, b, paidLine(again[0]))
	if err := try(id); !errors.Is(err, disbursement.ErrReturnState) {
		t.Errorf("after it was paid again: %v", err)
	}
	// It comes back once more, and what is paid then fails: the money waits, and the
	// account holds again what the first payment drew.
	w.giveBack(t, back(again[0], "2011-03-25"))
	w.corrected(t, i.Member)
	b, third := w.reissue(t)
	w.answer(t, b, failedLine(third[0], "MD07"))
	last := one[int64](t, w.world, `select max(id) from payment_return`)
	if err := try(id); !errors.Is(err, disbursement.ErrReturnState) {
		t.Errorf("the first return was paid again: %v", err)
	}
	if err := try(last); err != nil {
		t.Errorf("the last return: %v", err)
	}
	if got := w.books(t); got != "" {
		t.Errorf("books are %q", got)
	}
	w.sound(t)
}

func TestAProofNamesEveryDifference(t *testing.T) {
	t.Parallel()
	// Nine pensioners: 1001 to 1004 at the postal bank, which pays as it goes; 1005 to
	// 1009 at the cooperative, which takes the lump.
	w := newAnswerWorld(t, 9, disbursement.SettlesNet, twoBanks,
		`update fund_account set settlement = 'gross' where id = 23;
		update instrument set activated = false where member_id = 1002;
		insert into payment_hold (area, member_id, reason, from_month, opened_by, opened_at) values
			(610304, 1001, 'court', '2011-03-01', 'test', now())`)
	all, err := w.pay.Batches(t.Context(), disbursement.BatchFilter{Run: w.run.ID}) //nolint:exhaustruct // of the run
	if err != nil || len(all) != 2 {
		t.Fatalf("%d batches, %v", len(all), err)
	}
	net, gross := all[0], all[1]
	n, g := w.payItems(t, net), w.payItems(t, gross)
	w.proved(t, w.run.ID, "entitled 9 held 1 approved 8 sent 8 unknown 8 paid 0 open 9")
	late := calendar.MustDay("2011-03-28")
	w.today = late
	w.answer(t, net, paidLine(n[0]), change(paidLine(n[1]), func(a *bank.Answer) { a.ValueDate = late }), failedLine(n[2], "TM01"))
	w.answer(t, gross, paidLine(g[0]), paidLine(g[1]), paidLine(g[2]), failedLine(g[3], "AC04"))
	rcc := bank.Caller{Code: "rcc", KeyID: ""}
	if _, err := w.tryReturn(rcc, []disbursement.Return{back(g[0], "2011-03-28"), back(g[1], "2011-03-28")}); err != nil {
		t.Fatal(err)
	}
	w.corrected(t, g[0].Member)
	_, again := w.reissue(t)
	if len(again) != 1 {
		// What failed for a technical reason is paid at the postal bank, what came back at the cooperative.
		t.Fatalf("the first batch of what is paid again has %d payments", len(again))
	}
	batches, err := w.pay.Batches(t.Context(), disbursement.BatchFilter{Area: chencang, After: gross.ID}) //nolint:exhaustruct // newer ones
	if err != nil || len(batches) != 2 {
		t.Fatalf("%d batches of what is paid again, %v", len(batches), err)
	}
	for _, b := range batches {
		for _, i := range w.payItems(t, b) {
			w.answer(t, b, change(paidLine(i), func(a *bank.Answer) { a.ValueDate = late }))
		}
	}
	p := w.proved(t, w.run.ID, "entitled 9 held 1 approved 8 sent 8 withdrawn 0 succeeded 5 rejected 2 unknown 1 "+
		"returned 2 reissued 2 paid 5 open 4 late 3 inactive 1")
	if p.BankDebits != 49_500 || p.CreditsBack != 16_500 || p.InTransit != 5500 {
		t.Errorf("bank debits %s, credits back %s, in transit %s", p.BankDebits, p.CreditsBack, p.InTransit)
	}
	got := map[disbursement.Step][]string{}
	for _, l := range p.Lists {
		for _, name := range l.Names {
			text := fmt.Sprintf("%d %s", name.Member, name.Reason)
			if name.PaidBy != 0 {
				text += " paid again"
			}
			if strings.Contains(fmt.Sprint(name), name.Name.Plain()) {
				t.Errorf("a name prints in clear: %v", name)
			}
			got[l.Step] = append(got[l.Step], strings.TrimSpace(text))
		}
	}
	want := map[disbursement.Step][]string{
		disbursement.StepHeld:     {"1001 court"},
		disbursement.StepRejected: {"1004 RETRY_TECHNICAL TM01 paid again", "1008 FIX_ACCOUNT AC04"},
		disbursement.StepUnknown:  {"1009"},
		disbursement.StepReturned: {
			"1005 returned FIX_ACCOUNT AC04 paid again", "1006 returned FIX_ACCOUNT AC04",
		},
		disbursement.StepOpen: {"1001 court", "1006 returned FIX_ACCOUNT AC04", "1008 FIX_ACCOUNT AC04", "1009"},
		disbursement.StepNotInPlace: {
			"1003 SUCCESS", "1005 returned FIX_ACCOUNT AC04 paid again", "1006 returned FIX_ACCOUNT AC04",
		},
		disbursement.StepNotActivated: {"1002 SUCCESS"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	w.sound(t)
	// A line that somebody took out of the book is a break of the proof.
	w.sql(t, `alter table posting disable trigger all; delete from posting where nature = 'sum' and kind = 'payment_return'`)
	if p, err = w.pay.Proof(t.Context(), w.auditor, w.run.ID); err != nil || len(p.Breaks) != 1 {
		t.Errorf("breaks %v, %v", p.Breaks, err)
	}
	if _, err := w.pay.Proof(t.Context(), w.auditor, 1); !errors.Is(err, disbursement.ErrRunUnknown) {
		t.Errorf("proof of no run: %v", err)
	}
}

func TestARecalledBatchIsWithdrawnInTheProof(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 4, disbursement.SettlesNet, twoBanks)
	if _, err := w.tryRecall(w.releaser, w.batch.ID); err != nil {
		t.Fatal(err)
	}
	all, err := w.pay.Batches(t.Context(), disbursement.BatchFilter{Run: w.run.ID}) //nolint:exhaustruct // of the run
	if err != nil {
		t.Fatal(err)
	}
	i := w.payItems(t, all[1])
	taken := w.answer(t, all[1], paidLine(i[0]), paidLine(i[1]))
	p := w.proved(t, w.run.ID, "entitled 4 approved 4 sent 2 withdrawn 2 succeeded 2 paid 2 open 2")
	if taken.Batch.State != bank.BatchDone || p.Run.State != disbursement.Closed {
		t.Errorf("batch %s, run %s", taken.Batch.State, p.Run.State)
	}
	w.sound(t)
}

// A county's month by file: killed in the middle of booking and taken in again,
// and once more as if it had been killed between its last row and its end.
func TestF09F10_AFileThatWasKilledIsTakenInOnce(t *testing.T) {
	t.Parallel()
	const pensioners = 44_007
	w := newAnswerWorld(t, pensioners, disbursement.SettlesNet, `update bank set row_limit = 150000`)
	if len(w.paying) != pensioners {
		t.Fatalf("%d payments in the batch", len(w.paying))
	}
	var file strings.Builder
	failed := 0
	for k, i := range w.paying {
		if k%1000 == 999 {
			failed++
			fmt.Fprintf(&file, "%d failed %s AC04\n", i.ID, i.Sum())
			continue
		}
		file.WriteString(payFileLine(i))
	}
	file.WriteString("end\n")
	receipt := w.uploadPaid(t, "march.txt", w.batch, file.String())
	w.reader.breakOn = func(read int64, line int) bool { return read == 2 && line > 22_000 }
	if err := w.pay.TakeInResultFile(t.Context(), receipt.Area, receipt.ID); !errors.Is(err, errKilled) {
		t.Fatalf("the first attempt ends in %v", err)
	}
	progress := func() string {
		return one[string](t, w.world, `select concat_ws(' ', (select count(*) from answer),
			(select count(*) from posting where nature = 'item'), b.succeeded, b.failed, b.state, r.state)
			from payment_batch b, receipt r where r.id = $1`, receipt.ID)
	}
	if got := progress(); got != "20000 19980 19980 20 acked received" {
		t.Errorf("after the kill: %s", got)
	}
	w.reader.breakOn = nil
	began := time.Now()
	w.takeIn(t, receipt)
	t.Logf("%d answers read, decided and booked in %v", pensioners-20_000, time.Since(began).Round(time.Millisecond))
	want := fmt.Sprintf("%d %d %d %d done processed", pensioners, pensioners-failed, pensioners-failed, failed)
	if got := progress(); got != want {
		t.Errorf("in the end: %s, want %s", got, want)
	}
	// Whoever proves a run at once asks before anything is known of what was written.
	began = time.Now()
	w.proved(t, w.run.ID, fmt.Sprintf("entitled %d succeeded %d rejected %d", pensioners, pensioners-failed, failed))
	t.Logf("proved in %v", time.Since(began).Round(time.Millisecond))
	w.sql(t, `analyze`) // for the questions of this test
	before := w.books(t)
	w.sql(t, fmt.Sprintf(`update receipt set state = 'received', rows = 0, recorded = 0, amount = 0 where id = %d`, receipt.ID))
	w.takeIn(t, receipt)
	counts := one[string](t, w.world, `select concat_ws(' ', state, rows, recorded, repeated, pending, refused, amount)
		from receipt where id = $1`, receipt.ID)
	if want := fmt.Sprintf("processed %d %d 0 0 0 %d", pensioners, pensioners, (pensioners-failed)*5500); counts != want {
		t.Errorf("receipt says %q, want %q", counts, want)
	}
	if w.books(t) != before {
		t.Errorf("books were %q and are %q", before, w.books(t))
	}
	w.sound(t)
}

func TestTwoProcessesTakeInOneFileOnce(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 3, disbursement.SettlesNet)
	receipt := w.uploadPaid(t, "march.txt", w.batch, payFileLine(w.paying[0])+payFileLine(w.paying[1])+"end\n")
	w.atOnce(t, `select from payment_batch for update`, func(int) error {
		return w.pay.TakeInResultFile(context.Background(), receipt.Area, receipt.ID)
	})
	counts := one[string](t, w.world, `select concat_ws(' ', state, rows, recorded, refused, amount) from receipt where id = $1`,
		receipt.ID)
	if counts != "processed 2 2 0 11000" {
		t.Errorf("receipt says %q", counts)
	}
	w.sound(t)
}

// fates are what can become of a payment in the story below.
const (
	fatePaid = iota
	fateFailed
	fateOpen
	fateBack
	fateOnlyBack
)

// fact is one line that a bank says, of the payment at a place of its batch.
type fact struct {
	at   int
	back bool
}

// Whatever the order in which a bank tells what it did, in however many files and
// requests, and however often: the books are the same. Two batches of equal
// payments are told the same facts, one in order and one at random.
func TestF30_AnyOrderOfAnswersAndReturnsEndsInTheSameBooks(t *testing.T) {
	t.Parallel()
	const inBatch, pairs = 5, 50
	w := newAnswerWorld(t, 2*2*pairs*inBatch, disbursement.SettlesNet, twoBanks, `
		update fund_account set settlement = 'gross' where id = 23;
		update bank set row_limit = 5;
		insert into entitlement (area, member_id, component, from_month, amount, document, entered_by, entered_at)
			select area, id, 'account_pension', '2011-01-01'::date, 700 * ((id - 1001) % 5), 'test', 'test', now() from member
			where (id - 1001) % 5 > 0
			union all
			select area, id, 'one_off', '2011-01-01'::date, 900, 'test', 'test', now() from member where (id - 1001) % 5 > 2;
		with e as (insert into entry (area, id, scheme, kind, cause, accounted_on, effective_on, line_count, text, actor,
				booked_at)
			select 610304, nextval('fact_id'), 'rural', 'opening', 'test:parts', '2011-01-01', '2011-01-01',
				2 * count(*) + 1, '', 'test', now() from member returning *),
		u as (
			select row_number() over (order by id, role) as line, 'credit' as side, role, 'item' as nature,
				case role when 'personal_individual' then 1000 else 70 * (1 + (id - 1001) % 5) end as amount, id
			from member, (values ('personal_individual'), ('personal_subsidy')) as r (role))
		insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red,
			reversal, amount, cause_id, member_id)
		select e.area, e.id, u.line, scheme, kind, effective_on, accounted_on, u.side, u.role, u.nature, false, false,
			u.amount, 500000000 + u.id, u.id from e, u
		union all
		select e.area, e.id, line_count, scheme, kind, effective_on, accounted_on, 'debit', 'personal_control', 'sum',
			false, false, (select sum(amount) from u), null, null from e`)
	all, err := w.pay.Batches(t.Context(), disbursement.BatchFilter{Run: w.run.ID}) //nolint:exhaustruct // of the run
	if err != nil || len(all) != 4*pairs {
		t.Fatalf("%d batches, %v", len(all), err)
	}
	next := map[string][]disbursement.Batch{}
	for _, b := range all {
		next[b.Bank] = append(next[b.Bank], b)
	}
	var turn int
	rapid.Check(t, func(r *rapid.T) {
		turn++
		code := []string{"psbc", "rcc"}[turn%2]
		if len(next[code]) < 2 {
			r.Skip("no batch is left")
		}
		inOrder, atRandom := next[code][0], next[code][1]
		next[code] = next[code][2:]
		fates := rapid.SliceOfN(rapid.IntRange(fatePaid, fateOnlyBack), inBatch, inBatch).Draw(r, "fates")
		var facts []fact
		for at, fate := range fates {
			if fate != fateOnlyBack {
				facts = append(facts, fact{at, false})
			}
		}
		for at, fate := range fates {
			if fate >= fateBack {
				facts = append(facts, fact{at, true})
			}
		}
		w.tell(t, inOrder, fates, facts, false)
		if len(facts) > 0 {
			facts = append(facts, rapid.SliceOfN(rapid.SampledFrom(facts), 0, 3).Draw(r, "told again")...)
			facts = rapid.Permutation(facts).Draw(r, "order")
		}
		for files := rapid.IntRange(1, 5).Draw(r, "files"); len(facts) > 0; files-- {
			n := len(facts)
			if files > 1 {
				n = rapid.IntRange(1, len(facts)).Draw(r, "lines")
			}
			w.tell(t, atRandom, fates, facts[:n], rapid.Bool().Draw(r, "by file"))
			facts = facts[n:]
		}
		if diff := cmp.Diff(w.endState(t, inOrder), w.endState(t, atRandom)); diff != "" {
			r.Fatalf("fates %v end otherwise (-in order +at random):\n%s", fates, diff)
		}
	})
	w.sound(t)
}

// tell has a bank say facts of a batch: its answers, then its returns.
func (w *answerWorld) tell(t *testing.T, b disbursement.Batch, fates []int, facts []fact, byFile bool) {
	t.Helper()
	items := w.payItems(t, b)
	var answers []bank.Answer
	var backs []disbursement.Return
	for _, f := range facts {
		i := items[f.at]
		switch {
		case f.back:
			backs = append(backs, back(i, "2011-03-25"))
		case fates[f.at] == fateFailed:
			answers = append(answers, failedLine(i, "AC04"))
		case fates[f.at] == fateOpen:
			answers = append(answers, bank.Answer{Item: i.ID, Outcome: bank.OutcomePending}) //nolint:exhaustruct // no more
		default:
			answers = append(answers, paidLine(i))
		}
	}
	if len(answers) > 0 && byFile {
		var file strings.Builder
		for _, a := range answers {
			i := items[slices.IndexFunc(items, func(i disbursement.Item) bool { return i.ID == a.Item })]
			fmt.Fprintf(&file, "%d %s %s %s\n", a.Item, a.Outcome, i.Sum(), gocmp.Or(a.Code, "-"))
		}
		w.keys++
		r := w.uploadPaid(t, fmt.Sprintf("%d.txt", w.keys), b, file.String()+"end\n")
		w.takeIn(t, r)
		w.takeIn(t, r)
	} else if len(answers) > 0 {
		w.answer(t, b, answers...)
	}
	if len(backs) > 0 {
		if _, err := w.tryReturn(bank.Caller{Code: b.Bank, KeyID: ""}, backs); err != nil {
			t.Fatal(err)
		}
	}
}

// endState is everything that became of a batch's payments, without ids.
func (w *answerWorld) endState(t *testing.T, b disbursement.Batch) string {
	t.Helper()
	return one[string](t, w.world, `
		select concat_ws(' ', b.state, b.succeeded, b.failed, b.returned, b.succeeded_amount, b.failed_amount,
			b.returned_amount, b.handed_over_on) || E'\n' || string_agg(concat_ws(' ', i.seq, i.amount, a.outcome, r.amount,
			k.business_day, (select string_agg(concat_ws(' ', p.kind, p.role, p.side, p.red, p.amount), ', '
				order by p.kind, p.role, p.side, p.red) from posting p
				where p.area = i.area and p.cause_id = any(array[i.id, r.id]))), E'\n' order by i.seq)
		from payment_batch b join payment_item i on i.area = b.area and i.batch_id = b.id
		left join answer a on a.area = i.area and a.item_id = i.id and a.disposition = 'recorded'
		left join payment_return r on r.area = i.area and r.item_id = i.id
		left join payment_return_booked k on k.area = r.area and k.return_id = r.id
		where b.id = $1 group by b.area, b.id`, b.ID)
}

// A bank that refuses a whole file has paid nobody of it: where its reason is known
// every payment failed by it, else every one stays open; people look in any case.
func TestARefusedFileSpeaksOfEveryPayment(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"DT05": "done: 3 recorded failed RETRY_TECHNICAL DT05", "FF01": "acked: 3 pending unknown UNKNOWN FF01",
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			w := newAnswerWorld(t, 3, disbursement.SettlesNet)
			r := w.uploadPaid(t, "refused.txt", w.batch, "file failed 0 "+code+"\nend\n")
			w.takeIn(t, r)
			w.takeIn(t, r)
			got := one[string](t, w.world, `select b.state || ': ' || count(*) || ' ' || concat_ws(' ', a.disposition, a.outcome,
				a.class, a.code) from answer a join payment_batch b on b.id = a.batch_id
				group by b.state, a.disposition, a.outcome, a.class, a.code`)
			if got != want {
				t.Errorf("answers are %q, want %q", got, want)
			}
			if cases := w.openCases(t, "batch_refused"); cases != fmt.Sprintf("payment_batch:%d", w.batch.ID) {
				t.Errorf("cases about %q", cases)
			}
			w.sound(t)
		})
	}
}

// Where the bank names items beside, it speaks of these only.
func TestAPartlyRefusedFileSpeaksOfItsLines(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesNet)
	w.takeIn(t, w.uploadPaid(t, "part.txt", w.batch, "file failed 0 DT05\n"+payFileLine(w.paying[0])+"end\n"))
	if n := one[int64](t, w.world, `select count(*) from answer`); n != 1 {
		t.Errorf("%d answers, want that of the one line", n)
	}
	if cases := w.openCases(t, "batch_refused"); cases != "" {
		t.Errorf("cases about %q", cases)
	}
}

// The same holds of a file of debits.
func TestARefusedFileSpeaksOfEveryDebit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	b := w.withhold(t).Batches[0]
	w.upload(t, "refused.txt", b, "file failed 0 DT05\nend\n")
	w.work(t)
	if n := one[int64](t, w, `select count(*) from answer where disposition = 'recorded' and class = 'RETRY_TECHNICAL'`); n != 3 {
		t.Errorf("%d debits failed, want 3", n)
	}
	if again := w.withhold(t); len(again.Batches) != 1 || again.Batches[0].Count != 3 {
		t.Errorf("the next run takes up %+v", again.Batches)
	}
}
