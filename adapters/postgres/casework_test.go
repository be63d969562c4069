package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/casework"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/fault"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
)

// desk is a paid county whose officers decide what no rule can.
type desk struct {
	*answerWorld

	cases *casework.Service
}

func newDesk(w *answerWorld) *desk {
	return &desk{answerWorld: w, cases: casework.New(w.db.Casework(), func() calendar.Day { return w.today })}
}

func (w *desk) try(by approval.Officer, a casework.Ask) (casework.Request, error) {
	var out casework.Request
	_, err := w.cases.Ask(context.Background(), w.ask("POST decision"), result(&out), by, a)
	return out, err
}

func (w *desk) tryDecide(by approval.Officer, r casework.Request, d approval.Decision) (casework.Request, error) {
	var out casework.Request
	v := casework.Verdict{ID: r.ID, Digest: r.Digest, Reason: ""}
	act := w.cases.Approve
	if d == approval.Rejected {
		act = w.cases.Reject
	}
	_, err := act(context.Background(), w.ask("POST decisions"), result(&out), by, v)
	return out, err
}

// decide has two people agree, and does the work that follows.
func (w *desk) decide(t *testing.T, a casework.Ask) casework.Request {
	t.Helper()
	r, err := w.try(w.maker, a)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = w.tryDecide(w.checker, r, approval.Approved); err != nil {
		t.Fatal(err)
	}
	w.worked(t)
	return r
}

// worked does every job twice, as jobs may run.
func (w *desk) worked(t *testing.T) {
	t.Helper()
	w.jobs.mu.Lock()
	list := w.jobs.list
	w.jobs.list = nil
	w.jobs.mu.Unlock()
	for _, j := range slices.Concat(list, list) {
		err := error(nil)
		switch j := j.(type) {
		case collection.AgreementReached:
			err = w.service.Post(t.Context(), j.Area, j.Agreement)
		case bank.ReceiptArrived:
			switch j.What {
			case bank.ReceiptEvidence:
				err = w.service.TakeInEvidence(t.Context(), j.Area, j.Receipt)
			case bank.ReceiptPaymentEvidence:
				err = w.pay.TakeInEvidence(t.Context(), j.Area, j.Receipt)
			case bank.ReceiptPaymentResultFile:
				err = w.pay.TakeInResultFile(t.Context(), j.Area, j.Receipt)
			default:
				t.Fatalf("nobody takes in %s", j.What)
			}
		}
		if err != nil {
			t.Fatalf("job %+v: %v", j, err)
		}
	}
	if len(list) > 0 {
		w.worked(t)
	}
}

func (w *desk) receipt(t *testing.T, id int64) string {
	t.Helper()
	return one[string](t, w.world, `select concat_ws(' ', state, nullif(code, ''), recorded) from receipt where id = $1`, id)
}

func accept(r bank.Receipt) casework.Ask {
	return casework.Ask{ //nolint:exhaustruct // a file
		Kind: casework.File, Subject: r.ID, Word: casework.Accept, Document: "the bank's letter of 25 March",
	}
}

// A file under a known name waits until two people accept it, and is then taken in
// as every other; one that they refuse stays where it is.
func TestF25_AFileSetAsideIsDecidedByTwoPeople(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 4, disbursement.SettlesNet))
	i := w.paying
	first := w.uploadPaid(t, "a.txt", w.batch, payFileLine(i[0])+"end\n")
	w.worked(t)
	if _, err := w.try(w.maker, accept(first)); fault.CodeOf(err) != "file_not_aside" {
		t.Errorf("a file that was taken in: %v", err)
	}
	aside := w.uploadPaid(t, "a.txt", w.batch, payFileLine(i[1])+"end\n")
	wrong := w.uploadPaid(t, "a.txt", w.batch, payFileLine(i[2])+payFileLine(i[3])+"end\n")
	list, err := w.cases.Quarantine(t.Context(), w.auditor, 0, 10)
	if err != nil || len(list) != 2 || list[0].ID != aside.ID || list[0].Code != "name_reused" {
		t.Fatalf("set aside %+v, %v", list, err)
	}
	if _, err := w.try(w.checker, accept(aside)); fault.CodeOf(err) != "duty_conflict" {
		t.Errorf("asked for by a checker: %v", err)
	}
	r, err := w.try(w.maker, accept(aside))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.try(w.colleague, accept(aside)); fault.CodeOf(err) != "decision_open" {
		t.Errorf("a second request: %v", err)
	}
	changed := r
	changed.Digest[0]++
	for name, refused := range map[string]struct {
		by   approval.Officer
		give casework.Request
		want string
	}{
		"the maker's other login": {w.second, r, "same_person"}, "no checker": {w.colleague, r, "duty_conflict"},
		"another digest": {w.checker, changed, "digest_differs"},
	} {
		if _, err := w.tryDecide(refused.by, refused.give, approval.Approved); fault.CodeOf(err) != refused.want {
			t.Errorf("%s: %v, want %s", name, err, refused.want)
		}
	}
	if err := w.asApp(t, `update decision_request set state = 'approved', version = 2`); err == nil {
		t.Error("the table lets a decision stand that nobody approved")
	}
	w.worked(t)
	if got := w.receipt(t, aside.ID); got != "quarantined name_reused 0" {
		t.Errorf("before the approval the file is %s", got)
	}
	if _, err := w.tryDecide(w.checker, r, approval.Approved); err != nil {
		t.Fatal(err)
	}
	w.worked(t)
	if got := w.receipt(t, aside.ID); got != "processed 1" {
		t.Errorf("the accepted file is %s", got)
	}
	refusal := accept(wrong)
	refusal.Word, refusal.Reason = casework.Refuse, "sent by mistake"
	w.decide(t, refusal)
	if got := w.receipt(t, wrong.ID); got != "quarantined name_reused 0" {
		t.Errorf("the refused file is %s", got)
	}
	if open := w.openCases(t, "file_quarantined"); open != "" {
		t.Errorf("cases %s are open", open)
	}
	if got, want := w.books(t), "benefit_base_pension 11000 expenditure -11000"; got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	w.sound(t)
}

// What officers accept is the name and the totals of a file. Its lines are compared
// as ever, and a file that cannot be read is set aside again.
func TestF27_AnAcceptedFileIsStillRead(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 2, disbursement.SettlesNet))
	i := w.paying
	count := 3
	send := func(name, body string, count *int) bank.Receipt {
		head := bank.Receipt{ //nolint:exhaustruct // what an upload says of itself
			Area: chencang, Bank: "psbc", Kind: bank.ReceiptPaymentResultFile, Subject: w.batch.ID, Name: name, Count: count,
			ReceivedBy: "bank:psbc",
		}
		var out bank.Receipt
		_, err := bank.NewIntake(w.db.Receipts(), 1<<30).Receive(context.Background(), w.ask("PUT "+name), result(&out), head,
			bytes.NewReader([]byte(body)), func([32]byte) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		w.worked(t)
		return out
	}
	over := strings.Replace(payFileLine(i[1]), i[1].Sum().String(), "99.00", 1)
	short := send("short.txt", payFileLine(i[0])+over+"end\n", &count)
	cut := send("cut.txt", payFileLine(i[1]), nil)
	for id, want := range map[int64]string{short.ID: "quarantined control_total 0", cut.ID: "quarantined file_quarantined 0"} {
		if got := w.receipt(t, id); got != want {
			t.Errorf("before: %s, want %s", got, want)
		}
	}
	w.decide(t, accept(short))
	w.decide(t, accept(cut))
	for id, want := range map[int64]string{short.ID: "processed 1", cut.ID: "quarantined file_quarantined 0"} {
		if got := w.receipt(t, id); got != want {
			t.Errorf("accepted: %s, want %s", got, want)
		}
	}
	if got, want := w.openCases(t, "file_quarantined"), fmt.Sprintf("receipt:%d", cut.ID); got != want {
		t.Errorf("open cases %q, want %q", got, want)
	}
	if got, want := w.openCases(t, "answer_refused"), fmt.Sprintf("receipt:%d:2", short.ID); got != want {
		t.Errorf("refused lines %q, want %q", got, want)
	}
	if got, want := w.books(t), "benefit_base_pension 5500 expenditure -5500"; got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	// An upload that broke off is not whole, whoever accepts it.
	w.sql(t, fmt.Sprintf(`update receipt set digest = decode(repeat('00', 32), 'hex') where id = %d`, cut.ID))
	if _, err := w.try(w.maker, accept(cut)); fault.CodeOf(err) != "file_not_whole" {
		t.Errorf("a file of which a part is missing: %v", err)
	}
	w.sound(t)
}

func evidence(item int64, word casework.Word) casework.Ask {
	a := casework.Ask{ //nolint:exhaustruct // the word decides the rest
		Kind: casework.Item, Subject: item, Word: word, Document: "answer of the bank to our query 7",
	}
	switch word {
	case casework.Succeeded:
		a.BankReference, a.ValueDate = fmt.Sprintf("E%d", item), calendar.MustDay("2011-03-25")
	case casework.Failed:
		a.Code = "AC04"
	}
	return a
}

// An item whose bank is silent is settled by what two people prove, as if the bank
// had said it; and what the bank says later is compared with it.
func TestF51_ASilentPaymentIsSettledOnEvidence(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 4, disbursement.SettlesNet))
	i := w.paying
	if _, err := w.try(w.maker, evidence(i[0].ID, casework.Succeeded)); fault.CodeOf(err) != "item_awaited" {
		t.Errorf("before the bank was asked: %v", err)
	}
	w.today = calendar.MustDay("2011-03-30")
	if err := w.pay.WatchAnswers(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]func(*casework.Ask){
		"no day":          func(a *casework.Ask) { a.ValueDate = calendar.Day{} },
		"a day ahead":     func(a *casework.Ask) { a.ValueDate = w.today.AddDays(1) },
		"a day before":    func(a *casework.Ask) { a.ValueDate = w.batch.CreatedOn.AddDays(-1) },
		"no number":       func(a *casework.Ask) { a.BankReference = "" },
		"an unknown code": func(a *casework.Ask) { *a = evidence(i[0].ID, casework.Failed); a.Code = "ODD" },
	} {
		a := evidence(i[0].ID, casework.Succeeded)
		bad(&a)
		if _, err := w.try(w.maker, a); fault.CodeOf(err) != "evidence_incomplete" {
			t.Errorf("%s: %v", name, err)
		}
	}
	late, err := w.try(w.maker, evidence(i[3].ID, casework.NotExecuted))
	if err != nil {
		t.Fatal(err)
	}
	w.decide(t, evidence(i[0].ID, casework.Succeeded))
	if err := w.batchesOf(t, w.batch.Run)[0].ForBank(); err != nil {
		t.Errorf("a batch of which nothing is settled as not executed: %v", err)
	}
	w.decide(t, evidence(i[1].ID, casework.Failed))
	if err := w.batchesOf(t, w.batch.Run)[0].ForBank(); fault.CodeOf(err) != "batch_withheld" {
		t.Errorf("a batch with a payment that may be sent again is handed out: %v", err)
	}
	w.decide(t, evidence(i[2].ID, casework.NotExecuted))
	got := one[string](t, w.world, `select string_agg(concat_ws(' ', a.outcome, a.class, nullif(a.code, '')), ', ' order by a.item_id)
		from answer a join receipt r on r.id = a.receipt_id and r.kind = 'payment_evidence' and r.state = 'processed'
		where a.disposition = 'recorded'`)
	if want := "succeeded SUCCESS, failed FIX_ACCOUNT AC04, failed RETRY_TECHNICAL NOT_EXECUTED"; got != want {
		t.Errorf("answers by evidence: %q, want %q", got, want)
	}
	if got, want := w.books(t), "benefit_base_pension 5500 expenditure -5500"; got != want {
		t.Errorf("books are %q, want %q", got, want)
	}
	_, held := w.roster(t, disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Reissue, Items: nil})
	want := map[int64]disbursement.Hold{i[1].Member: disbursement.HeldNotCorrected, i[2].Member: ""}
	if diff := cmp.Diff(want, held); diff != "" {
		t.Errorf("paid again, want first:\n%s", diff)
	}
	// The bank speaks after all: of the last item before its evidence is approved, and
	// against what was proved of another.
	w.answer(t, w.batch, paidLine(i[3]))
	if _, err := w.tryDecide(w.checker, late, approval.Approved); fault.CodeOf(err) != "item_decided" {
		t.Errorf("evidence about an item that the bank answered: %v", err)
	}
	taken := w.answer(t, w.batch, paidLine(i[2]))
	if d := taken.Decisions[0]; d.Refusal != "contradicts_outcome" {
		t.Errorf("the bank against the evidence: %s %s", d.Disposition, d.Refusal)
	}
	if got, want := w.openCases(t, "possible_double_credit"), fmt.Sprintf("payment_item:%d", i[2].ID); got != want {
		t.Errorf("cases about %q, want %q", got, want)
	}
	if open := w.openCases(t, "bank_silent"); open != "" {
		t.Errorf("the bank is still called silent: %s", open)
	}
	w.sound(t)
}

// A debit is settled on evidence in the same way: posted when its money is there,
// due again where it was never executed.
func TestF51_ASilentDebitIsSettledOnEvidence(t *testing.T) {
	t.Parallel()
	w := newDesk(&answerWorld{runWorld: newRunWorld(t, 2, 0)}) //nolint:exhaustruct // nobody is paid
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	w.today = calendar.MustDay("2011-03-30")
	if err := w.service.Tick(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
	w.decide(t, evidence(items[0].ID, casework.Succeeded))
	if n := one[int64](t, w.world, `select count(*) from posting where kind = 'contribution'`); n != 0 {
		t.Error("evidence posted money that did not arrive")
	}
	w.arrive(t, "L1", b, items[0].Amount)
	w.worked(t)
	w.decide(t, evidence(items[1].ID, casework.NotExecuted))
	held, err := w.service.Batch(t.Context(), collection.BatchFilter{Area: b.Area, ID: b.ID}) //nolint:exhaustruct // one
	if err != nil || fault.CodeOf(held.ForBank()) != "batch_withheld" {
		t.Errorf("a batch with a debit that is due again is handed out: %v, %v", held.ForBank(), err)
	}
	paid := one[int64](t, w.world, `select sum(amount) from posting where role = 'contribution_individual'`)
	if money.Amount(paid) != items[0].Amount {
		t.Errorf("%d fen are posted, want %s", paid, items[0].Amount)
	}
	if s := one[string](t, w.world, `select state from withholding_batch`); s != "done" {
		t.Errorf("the batch is %s", s)
	}
	if open := w.openCases(t, "bank_silent"); open != "" {
		t.Errorf("the bank is still called silent: %s", open)
	}
	again := w.withhold(t)
	if len(again.Batches) != 1 || again.Batches[0].Count != 1 {
		t.Errorf("the next run takes up %+v, want the debit that was not executed", again.Batches)
	}
	w.balanced(t)
}

// A case that no event ends is ended by two people and a document; one that waits
// for an event is not. A doubt about a payment that was settled no longer holds it.
func TestACaseIsEndedByTwoPeople(t *testing.T) {
	t.Parallel()
	w := newDesk(newAnswerWorld(t, 3, disbursement.SettlesNet))
	i := w.paying
	w.answer(t, w.batch, failedLine(i[0], "AM05"), paidLine(i[1]))
	w.today = calendar.MustDay("2011-03-30")
	if err := w.pay.WatchAnswers(t.Context(), w.today); err != nil {
		t.Fatal(err)
	}
	caseOf := func(kind string) casework.Ask {
		return casework.Ask{ //nolint:exhaustruct // a case
			Kind: casework.Case, Word: casework.Settled, Document: "call note 4", Reason: "the bank never had the first one",
			Subject: one[int64](t, w.world, `select id from exception_case where kind = $1`, kind),
		}
	}
	if _, err := w.try(w.maker, caseOf("bank_silent")); fault.CodeOf(err) != "case_ends_itself" {
		t.Errorf("a silent bank: %v", err)
	}
	again := disbursement.Order{Scheme: ledger.Rural, Month: march(), Kind: disbursement.Reissue, Items: nil}
	if _, held := w.roster(t, again); held[i[0].Member] != disbursement.HeldDoubleCredit {
		t.Errorf("held for %q before anybody looked", held[i[0].Member])
	}
	doubt := caseOf("possible_double_credit")
	w.decide(t, doubt)
	if _, held := w.roster(t, again); held[i[0].Member] != "" {
		t.Errorf("held for %q after the doubt was settled", held[i[0].Member])
	}
	if _, err := w.try(w.maker, doubt); fault.CodeOf(err) != "case_closed" {
		t.Errorf("a closed case: %v", err)
	}
	text := one[string](t, w.world, `select concat_ws(', ', closed_by, text) from exception_closed`)
	if text != "officer:pay.maker, call note 4: the bank never had the first one" {
		t.Errorf("closed with %q", text)
	}
}
