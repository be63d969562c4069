package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/collection"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

// with returns a result that was changed.
func with(r collection.Result, change func(*collection.Result)) collection.Result {
	change(&r)
	return r
}

// refused sends the lines, of which the last is good, and wants the others
// refused with a code each, a case each, and no effect of theirs whatever money
// arrives. It returns what was decided.
func (w *world) refused(t *testing.T, b collection.Batch, codes []string, lines ...collection.Result) []collection.Decision {
	t.Helper()
	good := lines[len(lines)-1]
	got, err := w.results(t, b, lines)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, d := range got.Decisions[:len(codes)] {
		have = append(have, string(d.Disposition)+" "+d.Refusal)
	}
	var want []string
	for _, c := range codes {
		want = append(want, "refused "+c)
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("dispositions (-want +got):\n%s", diff)
	}
	if d := got.Decisions[len(codes)]; d.Disposition != collection.Recorded {
		t.Errorf("the good line behind them is %s %s", d.Disposition, d.Refusal)
	}
	if n := one[int64](t, w, `select count(*) from exception_case where kind = 'answer_refused'`); n != int64(len(codes)) {
		t.Errorf("%d cases opened, want %d", n, len(codes))
	}
	w.arrive(t, "GOOD", b, *good.Amount)
	w.work(t)
	w.balanced(t)
	if paid := w.paid(t); !cmp.Equal(paid, map[int64]money.Amount{good.Item: *good.Amount}) {
		t.Errorf("posted items are %v, want only item %d", paid, good.Item)
	}
	return got.Decisions
}

// paid is what was posted to personal accounts, by item.
func (w *world) paid(t *testing.T) map[int64]money.Amount {
	t.Helper()
	text := one[string](t, w, `select coalesce(string_agg(cause_id || ' ' || amount, ' '), '') from posting
		where role = 'personal_individual' and nature = 'item'`)
	paid := map[int64]money.Amount{}
	f := strings.Fields(text)
	for i := 0; i+1 < len(f); i += 2 {
		var item, fen int64
		if _, err := fmt.Sscan(f[i]+" "+f[i+1], &item, &fen); err != nil {
			t.Fatal(err)
		}
		paid[item] += money.Amount(fen)
	}
	return paid
}

// state is everything that answers and money came to, for a comparison.
func (w *world) state(t *testing.T) string {
	t.Helper()
	return one[string](t, w, `select md5(string_agg(x, '; ' order by x)) from (
		select p::text as x from posting p union all select a::text from answer a
		union all select g::text from agreement g union all select b::text from withholding_batch b
		union all select c::text from exception_case c where kind <> 'file_quarantined') s`)
}

func TestF31_AResultForAnUnknownItemIsKeptAsItCameAndBooksNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	stranger := with(succeeded(items[0]), func(r *collection.Result) {
		r.Item, r.BankReference, r.Text = 999_999_999, "R-STRANGE", "不明"
	})
	w.refused(t, b, []string{"unknown_item"}, stranger, succeeded(items[1]))
	raw := one[string](t, w, `select concat_ws(' ', line, coalesce(item_id::text, 'none'), outcome, amount,
		bank_reference, value_date, text) from answer where disposition = 'refused'`)
	if want := "1 none succeeded 10000 R-STRANGE 2011-03-10 不明"; raw != want {
		t.Errorf("kept %q, want %q", raw, want)
	}
	text := one[string](t, w, `select text from exception_case where kind = 'answer_refused'`)
	if !strings.Contains(text, "999999999") {
		t.Errorf("the case does not name what the bank named: %s", text)
	}
}

func TestF32_AnotherBanksBatchIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	w.sql(t, `insert into bank values (610304, 'rcc', '402791000010', '信用社', 'json', 1000)`)
	w.sql(t, `insert into fund_account (area, id, scheme, role, bank, account_no, name, opened_on) values
		(610304, 21, 'rural', 'income', 'rcc', '961001010000000021', '收入户', '2011-01-01')`)
	for _, table := range []string{"instrument", "mandate"} {
		w.sql(t, `update `+table+` set bank = 'rcc' where member_id > 1002`)
	}
	batches := map[string]collection.Batch{}
	for _, b := range w.withhold(t).Batches {
		batches[b.Bank] = b
	}
	mine, theirs := batches["psbc"], batches["rcc"]
	foreign := w.items(t, theirs)
	_, err := w.results(t, theirs, []collection.Result{succeeded(foreign[0])})
	if !errors.Is(err, collection.ErrBatchUnknown) || fault.KindOf(err) != fault.NotFound {
		t.Fatalf("another bank's batch: %v", err)
	}
	// Nor does an item of another bank's batch pass under a batch of its own.
	w.refused(t, mine, []string{"unknown_item"}, succeeded(foreign[0]), succeeded(w.items(t, mine)[0]))
	for _, i := range w.items(t, theirs) {
		if i.Outcome != bank.OutcomeUnknown || i.Posted {
			t.Errorf("item %d of the other bank is %s", i.ID, i.Outcome)
		}
	}
}

func TestF36_OneFenMoreOrLessIsRefusedAndOurAmountIsBooked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	differ := func(i collection.ItemStanding, by money.Amount) collection.Result {
		return with(succeeded(i), func(r *collection.Result) { *r.Amount += by })
	}
	w.refused(t, b, []string{"amount_differs", "amount_differs"}, differ(items[0], 1), differ(items[1], -1),
		succeeded(items[2]))
	// The money of both came as the bank says, and settles nothing.
	w.arrive(t, "L0", b, items[0].Amount+1)
	w.arrive(t, "L1", b, items[1].Amount-1)
	w.work(t)
	if n := len(w.paid(t)); n != 1 {
		t.Errorf("%d items are posted, want 1", n)
	}
	for _, i := range w.items(t, b)[:2] {
		if i.Outcome != bank.OutcomeUnknown {
			t.Errorf("item %d is %s, want unknown", i.ID, i.Outcome)
		}
	}
	// The right amounts come: ours, to the fen, is what is booked.
	if _, err := w.results(t, b, []collection.Result{succeeded(items[0]), succeeded(items[1])}); err != nil {
		t.Fatal(err)
	}
	w.work(t)
	w.balanced(t)
	if paid := w.paid(t); len(paid) != 3 || paid[items[0].ID] != items[0].Amount || paid[items[1].ID] != items[1].Amount {
		t.Errorf("posted items are %v", paid)
	}
}

func TestF37_AnotherPartyIsRefusedAndNobodyIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 4)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	decided := w.refused(t, b, []string{"party_differs", "party_differs", "party_differs"},
		with(succeeded(items[0]), func(r *collection.Result) { r.Name = "李四光" }),
		with(succeeded(items[1]), func(r *collection.Result) { r.Account = "6100998877" }),
		with(succeeded(items[2]), func(r *collection.Result) { r.IDNumber = "610304194901019990" }),
		succeeded(items[3]))
	seen := one[string](t, w, `select string_agg(x, ' ') from (select c::text as x from exception_case c
		union all select a::text from answer a) s`)
	for _, d := range decided {
		seen += " " + d.Reason
	}
	secrets := []string{"李四光", "6100998877", "610304194901019990"}
	for _, i := range items[:3] {
		secrets = append(secrets, i.Name.Plain(), i.Account.Plain(), i.IDNumber.Plain())
	}
	for _, s := range secrets {
		if strings.Contains(seen, s) {
			t.Errorf("%s stands in a case, an answer or a reason", s)
		}
	}
}

func TestF38_AnUnknownCodeIsNeitherSuccessNorFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	lines := []collection.Result{
		failed(items[0], "ZZ99"), failed(items[1], ""),
		// Not even where the bank's own words call the failure a success.
		failed(items[2], "0000"),
	}
	got, err := w.results(t, b, lines)
	if err != nil || got.Counts.Pending != 3 || got.Counts.Recorded != 0 {
		t.Fatalf("%+v, %v: want 3 that decide nothing", got.Counts, err)
	}
	w.arrive(t, "L1", b, b.Amount)
	w.work(t)
	if n := one[int64](t, w, `select count(*) from posting`); n != 0 {
		t.Errorf("%d lines posted on answers that nobody understands", n)
	}
	for _, i := range w.items(t, b) {
		if i.Outcome != bank.OutcomeUnknown || i.Class != bank.ClassUnknown {
			t.Errorf("item %d is %s %s, want unknown", i.ID, i.Outcome, i.Class)
		}
	}
	_, err = w.service.Withhold(context.Background(), w.request("POST /v1/withholding-runs", "", "again"),
		result(&collection.RunResult{}), w.officer, collection.Run{Scheme: "rural", Year: 2011, Banks: nil}) //nolint:exhaustruct // the rest is zero
	if !errors.Is(err, collection.ErrNothingDue) {
		t.Errorf("they would be sent again: %v", err)
	}
	// The bank says what it meant, and that settles them.
	if got, err = w.results(t, b, []collection.Result{
		succeeded(items[0]), succeeded(items[1]), succeeded(items[2]),
	}); err != nil || got.Batch.State != bank.BatchDone {
		t.Errorf("the answer that says it: %v, batch %s", err, got.Batch.State)
	}
	w.work(t)
	w.balanced(t)
	if n := len(w.paid(t)); n != 3 {
		t.Errorf("%d items posted, want 3", n)
	}
}

func TestF55_APartialDebitIsNotTakenForPaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	sixty := money.MustParse("60.00")
	part := with(succeeded(items[0]), func(r *collection.Result) { r.Amount = &sixty })
	w.refused(t, b, []string{"amount_differs"}, part, succeeded(items[1]))
	if a := w.arrive(t, "PART", b, sixty); a.Agreed {
		t.Error("a part of the amount settles the item")
	}
	w.work(t)
	if paid := w.paid(t); paid[items[0].ID] != 0 {
		t.Errorf("%s of a partial debit was credited", paid[items[0].ID])
	}
	due, err := w.service.Due(context.Background(), chencang, "psbc", items[0].Member, 2011)
	if err != nil || due.Posted != 0 || due.InFlight != items[0].Amount {
		t.Errorf("the member has %+v, %v; want nothing posted and all of it with the bank", due, err)
	}
}

func (w *world) upload(t *testing.T, name string, b collection.Batch, body string) bank.Receipt {
	t.Helper()
	return w.uploadWith(t, bank.Receipt{Name: name}, b, body) //nolint:exhaustruct // nothing beside it
}

// uploadWith sends a result file under head's name and with the totals beside it.
func (w *world) uploadWith(t *testing.T, head bank.Receipt, b collection.Batch, body string) bank.Receipt {
	t.Helper()
	head.Area, head.Bank, head.Kind, head.Subject = chencang, w.psbc.Code, bank.ReceiptResultFile, b.ID
	head.ReceivedBy = "bank:psbc"
	intake := bank.NewIntake(w.db.Receipts(), 1<<20)
	var out bank.Receipt
	_, err := intake.Receive(context.Background(), w.request("PUT result-file", "", head.Name+body), result(&out), head,
		bytes.NewReader([]byte(body)), func([32]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fileLine is one line of the test's result format.
func fileLine(i collection.ItemStanding) string {
	return fmt.Sprintf("%d succeeded %s -\n", i.ID, i.Amount)
}

// settled is a world whose batch of two was answered by a file, paid and posted.
func settled(t *testing.T) (w *world, b collection.Batch, file string, first bank.Receipt) {
	t.Helper()
	w = newWorld(t, 2)
	b = w.withhold(t).Batches[0]
	items := w.items(t, b)
	file = fileLine(items[0]) + fileLine(items[1]) + "end\n"
	first = w.upload(t, "a.txt", b, file)
	w.arrive(t, "L1", b, b.Amount)
	w.work(t)
	w.balanced(t)
	if n := len(w.paid(t)); n != 2 {
		t.Fatalf("%d items posted, want 2: this test would prove nothing", n)
	}
	return w, b, file, first
}

func TestF23_TheSameFileAgainIsKnownAndBooksNothing(t *testing.T) {
	t.Parallel()
	w, b, file, first := settled(t)
	before := w.state(t)
	again := w.upload(t, "a.txt", b, file)
	if again.State != bank.Duplicate || again.DuplicateOf != first.ID {
		t.Errorf("the same file is %s of %d, want a duplicate of %d", again.State, again.DuplicateOf, first.ID)
	}
	w.work(t)
	if w.state(t) != before {
		t.Error("the same file changed something")
	}
}

func TestF24_TheSameFileUnderAnotherNameIsKnownByItsBytes(t *testing.T) {
	t.Parallel()
	w, b, file, first := settled(t)
	before := w.state(t)
	if r := w.upload(t, "b.txt", b, file); r.State != bank.Duplicate || r.DuplicateOf != first.ID {
		t.Errorf("under another name it is %s of %d", r.State, r.DuplicateOf)
	}
	w.work(t)
	if w.state(t) != before {
		t.Error("another name for a file changed something")
	}
	if names := one[string](t, w, `select string_agg(name, ' ' order by name) from receipt`); names != "a.txt b.txt" {
		t.Errorf("names kept: %q", names)
	}
}

func TestF25_OtherContentUnderAKnownNameWaitsForAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	w.upload(t, "a.txt", b, fileLine(items[0])+"end\n")
	w.work(t)
	w.arrive(t, "L1", b, items[0].Amount)
	w.work(t)
	r := w.upload(t, "a.txt", b, fileLine(items[1])+"end\n")
	if r.State != bank.Quarantined || r.Code != "name_reused" {
		t.Errorf("other content under a known name is %s %s", r.State, r.Code)
	}
	alarm := one[string](t, w, `select subject || ' ' || bank from exception_case where kind = 'file_quarantined'`)
	if want := fmt.Sprintf("receipt:%d psbc", r.ID); alarm != want {
		t.Errorf("the alarm is %q, want %q", alarm, want)
	}
	// No later look takes it in by itself.
	if err := w.service.TakeInResultFile(context.Background(), chencang, r.ID); err != nil {
		t.Error(err)
	}
	if err := w.service.Tick(context.Background(), w.today); err != nil {
		t.Error(err)
	}
	w.arrive(t, "L2", b, items[1].Amount)
	w.work(t)
	if n := len(w.paid(t)); n != 1 {
		t.Errorf("%d items posted, want 1", n)
	}
	if n := one[int64](t, w, `select count(*) from answer where receipt_id = $1`, r.ID); n != 0 {
		t.Errorf("%d lines taken in", n)
	}
}

func TestF26_ALineTwiceInAFileIsBookedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	w.upload(t, "a.txt", b, fileLine(items[0])+fileLine(items[1])+fileLine(items[0])+"end\n")
	w.work(t)
	w.arrive(t, "L1", b, b.Amount)
	w.work(t)
	w.balanced(t)
	want := map[int64]money.Amount{items[0].ID: items[0].Amount, items[1].ID: items[1].Amount}
	if diff := cmp.Diff(want, w.paid(t)); diff != "" {
		t.Errorf("posted (-want +got):\n%s", diff)
	}
	second := one[string](t, w, `select line || ' ' || refusal from answer where disposition = 'refused'`)
	if second != "3 duplicate_line" {
		t.Errorf("the second line is %q", second)
	}
	if n := one[int64](t, w, `select count(*) from exception_case where kind = 'answer_refused'`); n != 1 {
		t.Errorf("%d cases, want 1", n)
	}
}

func TestF27_OfAFileThatContradictsItselfNothingIsTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	w.arrive(t, "L1", b, items[0].Amount) // the money for the first line is there
	line := fileLine(items[0])
	count, sum := 2, items[0].Amount+1
	for name, c := range map[string]struct {
		body   string
		count  *int
		amount *money.Amount
		code   string
	}{
		"cut in a line":          {line + fileLine(items[1])[:9], nil, nil, "file_malformed"},
		"cut between lines":      {line, nil, nil, "file_quarantined"},
		"empty":                  {"", nil, nil, ""},
		"a line that is none":    {line + "x\nend\n", nil, nil, "file_malformed"},
		"a count beside it":      {line + "end\n", &count, nil, "control_total"},
		"an amount beside it":    {line + "end\n", nil, &sum, "control_total"},
		"an amount of no figure": {fmt.Sprintf("%d succeeded 1e3 -\nend\n", items[0].ID), nil, nil, ""},
	} {
		r := w.uploadWith(t, bank.Receipt{Name: name, Count: c.count, Amount: c.amount}, b, c.body) //nolint:exhaustruct // the rest is the upload's
		w.work(t)
		got := one[string](t, w, `select state || ' ' || code from receipt where id = $1`, r.ID)
		if !strings.HasPrefix(got, "quarantined "+c.code) {
			t.Errorf("%s: the file is %q, want quarantined %s", name, got, c.code)
		}
		if n := one[int64](t, w, `select count(*) from exception_case where kind = 'file_quarantined'
			and subject = 'receipt:' || $1::bigint`, r.ID); n != 1 {
			t.Errorf("%s: %d alarms, want 1", name, n)
		}
	}
	if n := one[int64](t, w, `select (select count(*) from answer) + (select count(*) from posting)`); n != 0 {
		t.Errorf("%d lines were taken or posted", n)
	}
}

func TestF28_TheCompleteFileAfterAPartOfItBooksTheRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	w.arrive(t, "L1", b, b.Amount)
	// First a file that is cut, of which nothing is taken, then one of the first item alone.
	w.upload(t, "cut.txt", b, fileLine(items[0]))
	w.upload(t, "part.txt", b, fileLine(items[0])+"end\n")
	w.work(t)
	if n := one[int64](t, w, `select count(*) from answer where disposition = 'recorded'`); n != 1 {
		t.Fatalf("%d outcomes of the part, want 1", n)
	}
	whole := w.upload(t, "whole.txt", b, fileLine(items[0])+fileLine(items[1])+fileLine(items[2])+"end\n")
	w.work(t)
	counts := one[string](t, w, `select concat_ws(' ', state, rows, recorded, repeated, refused, amount) from receipt
		where id = $1`, whole.ID)
	if counts != "processed 3 2 1 0 20000" {
		t.Errorf("the whole file is %q, want 3 rows, 2 recorded, 1 repeated", counts)
	}
	batch := one[string](t, w, `select concat_ws(' ', state, succeeded, succeeded_amount, agreed_amount) from withholding_batch`)
	if batch != "done 3 30000 30000" {
		t.Errorf("the batch is %q", batch)
	}
	w.balanced(t)
	if paid := w.paid(t); len(paid) != 3 {
		t.Errorf("posted items are %v", paid)
	}
	for id, amount := range w.paid(t) {
		if amount != money.MustParse("100.00") {
			t.Errorf("item %d was posted with %s", id, amount)
		}
	}
}

// What answers say later about an item that has its outcome changes nothing.
func TestF33F35_ALaterAnswerIsRepeatedOrRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 1)
	b := w.withhold(t).Batches[0]
	item := w.items(t, b)[0]
	if _, err := w.results(t, b, []collection.Result{succeeded(item)}); err != nil {
		t.Fatal(err)
	}
	again, err := w.results(t, b, []collection.Result{failed(item, "AM04"), succeeded(item)})
	if err != nil {
		t.Fatal(err)
	}
	if again.Decisions[0].Refusal != "contradicts_outcome" || again.Decisions[1].Disposition != collection.Repeated {
		t.Errorf("got %+v", again.Decisions)
	}
}
