package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/approval"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/collection"
	"twoline/gateway/disbursement"
	"twoline/gateway/money"
	"twoline/gateway/report"
	"twoline/reconcile"
	"twoline/reconcile/business"
)

func (w *world) records(t *testing.T) (*business.Service, approval.Officer) {
	t.Helper()
	days, err := calendar.Official()
	if err != nil {
		t.Fatal(err)
	}
	by := approval.Officer{ //nolint:exhaustruct // who may look
		Login: "auditor", Person: 9, Organisation: approval.Auditor, Area: chencang, Duties: []approval.Duty{approval.Viewer},
	}
	return business.New(w.db.Records(), days, func() calendar.Day { return w.today }), by
}

// beside is March of the business records beside the book.
func (w *world) beside(t *testing.T) business.Comparison {
	t.Helper()
	s, by := w.records(t)
	c, err := s.Compare(t.Context(), by, march())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// step wants the month's items out of step to be these, each as its situation, its form,
// its place in items, its amount, and the days of money, answer and deadline.
func (w *world) step(t *testing.T, when string, items []int64, want ...string) {
	t.Helper()
	got := []string{}
	for _, o := range w.beside(t).Out {
		var sum money.Amount
		for _, i := range o.Items {
			sum += i.Amount
			got = append(got, fmt.Sprintf("%s %s %d %s %s/%s/%s", i.Situation, i.Reason, slices.Index(items, i.ID), i.Amount,
				i.ValueDate, i.AnsweredOn, i.Due))
			if i.Bank != "psbc" || i.Batch == "" || i.SocialNo == "" || i.Name.Plain() == "" {
				t.Errorf("%s: the place of an item is %+v", when, i)
			}
		}
		if o.Count != len(o.Items) || o.Amount != sum || o.More {
			t.Errorf("%s: %s counts %d of %s, named are %d of %s", when, o.Situation, o.Count, o.Amount, len(o.Items), sum)
		}
	}
	if len(want) == 0 {
		want = []string{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", when, diff)
	}
}

func idsOf[T any](items []T, id func(T) int64) []int64 {
	out := make([]int64, len(items))
	for i, it := range items {
		out[i] = id(it)
	}
	return out
}

// withheld is a world whose batch of n is with the bank, and the ids of its items.
func withheld(t *testing.T, n int) (*world, collection.Batch, []collection.ItemStanding, []int64) {
	t.Helper()
	w := newWorld(t, n)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	return w, b, items, idsOf(items, func(i collection.ItemStanding) int64 { return i.ID })
}

func (w *world) told(t *testing.T, b collection.Batch, rs ...collection.Result) {
	t.Helper()
	if got, err := w.results(t, b, rs); err != nil || got.Counts.Recorded != len(rs) {
		t.Fatalf("%+v, %v: want %d answers that are recorded", got.Counts, err, len(rs))
	}
}

// A result is late by the business day on which it came in, whatever the clock on the
// wall says: the day on which all these tests run is years after their money.
func TestALateDeductionResultIsToldByTheBusinessDay(t *testing.T) {
	t.Parallel()
	w, b, items, ids := withheld(t, 5)
	on := func(r collection.Result, day string) collection.Result {
		r.ValueDate = calendar.MustDay(day)
		return r
	}
	w.today = calendar.MustDay("2011-03-15")
	w.told(t, b, succeeded(items[0]))
	w.step(t, "on the last day", ids, "result_without_money not_booked 0 100.00 2011-03-10/2011-03-15/")
	w.today = calendar.MustDay("2011-03-16")
	w.told(t, b, succeeded(items[1]), failed(items[2], "TM01"))
	w.today = calendar.MustDay("2011-04-01")
	w.told(t, b, on(succeeded(items[3]), "2011-03-31"), on(failed(items[4], "TM01"), "2011-04-01"))
	w.arrive(t, "L1", b, 300_00)
	w.work(t)
	want := []string{
		"late_result after_deadline 1 100.00 2011-03-10/2011-03-16/2011-03-15",
		"late_result after_deadline 2 100.00 /2011-03-16/2011-03-15",
		"late_result after_month 3 100.00 2011-03-31/2011-04-01/2011-04-06",
	}
	w.step(t, "in the end", ids, want...)
	// What failed on both sides is counted by the same day.
	for day, want := range map[string]int{"2011-03-15": 0, "2011-03-16": 1, "2011-04-01": 2} {
		err := w.db.Reconcile().Read(t.Context(), func(tx reconcile.Tx) error {
			classes, err := tx.ClassCounts(t.Context(), reconcile.Account{Area: chencang, ID: w.income}, calendar.MustDay(day))
			if err == nil && classes[7].Count != want {
				t.Errorf("on %s %d failed on both sides, want %d", day, classes[7].Count, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// What came before there was such a day counts by its instant.
	w.sql(t, `alter table answer disable trigger all; update answer set business_day = null,
		answered_at = '2011-03-31 16:30+00' where item_id = `+fmt.Sprint(ids[0]))
	w.step(t, "half past midnight in Shanghai", ids,
		slices.Concat([]string{"late_result after_month 0 100.00 2011-03-10/2011-04-01/2011-03-15"}, want)...)
}

// A day so late that no deadline was made for it is of a month nonetheless.
func TestAResultForMoneyOfALaterSeasonIsLate(t *testing.T) {
	t.Parallel()
	w, b, items, ids := withheld(t, 1)
	w.today = calendar.MustDay("2011-08-01")
	late := failed(items[0], "TM01")
	late.ValueDate = calendar.MustDay("2011-07-29")
	w.told(t, b, late)
	w.step(t, "in August", ids, "late_result after_month 0 100.00 2011-07-29/2011-08-01/")
}

func TestMoneyThatNamesABatchWithoutResults(t *testing.T) {
	t.Parallel()
	w, b, items, ids := withheld(t, 3)
	w.step(t, "before", ids)
	w.tell(t, "L1", 100_00)
	w.step(t, "money of nobody", ids)
	w.statement(t, "L1", b, 100_00)
	named := func(n int, day, due string) string {
		return fmt.Sprintf("arrival_without_result batch_money %d 100.00 %s//%s", n, day, due)
	}
	w.step(t, "for one of three", ids, named(0, "2011-03-10", "2011-03-15"), named(1, "2011-03-10", "2011-03-15"),
		named(2, "2011-03-10", "2011-03-15"))
	// The result explains the money: the others' is not there yet.
	w.told(t, b, succeeded(items[0]))
	w.work(t)
	w.step(t, "one answered", ids)
	w.today = calendar.MustDay("2011-03-11")
	w.arrive(t, "L2", b, 200_00)
	w.step(t, "for all", ids, named(1, "2011-03-11", "2011-03-16"), named(2, "2011-03-11", "2011-03-16"))
	w.told(t, b, succeeded(items[1]), succeeded(items[2]))
	w.work(t)
	w.step(t, "answered", ids)
	if c := w.beside(t); !c.Agrees || c.Batches[0].Succeeded != (business.Tally{Count: 3, Amount: 300_00}) {
		t.Errorf("in the end: %+v", c)
	}
}

// Money whose batch an officer corrected is the other batch's, and no longer the first's.
func TestMoneyIsOfTheBatchThatWasNamedLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	w.sql(t, `update bank set row_limit = 1`)
	batches := w.withhold(t).Batches
	first, second := w.items(t, batches[0])[0].ID, w.items(t, batches[1])[0].ID
	w.arrive(t, "L1", batches[0], 100_00)
	ids := []int64{first, second}
	w.step(t, "as the bank said", ids, "arrival_without_result batch_money 0 100.00 2011-03-10//2011-03-15")
	var out collection.Arrived
	n := collection.Naming{Arrival: one[int64](t, w, `select id from arrival`), Batch: batches[1].ID, Reason: "slip 3"}
	if _, err := w.service.NameBatch(t.Context(), w.request("POST names", "", n), result(&out), w.officer, n); err != nil {
		t.Fatal(err)
	}
	w.step(t, "as the officer said", ids, "arrival_without_result batch_money 1 100.00 2011-03-10//2011-03-15")
}

func TestMoneyThatNamesAnItemWithoutAResult(t *testing.T) {
	t.Parallel()
	w, b, items, ids := withheld(t, 3)
	var arrived collection.Arrived
	a := collection.Arrival{ //nolint:exhaustruct // one item's
		Amount: 100_00, BankReference: "L1", ValueDate: w.today, Item: ids[1],
	}
	if _, err := w.service.Arrive(t.Context(), w.request("POST /v1/arrivals", "", a), result(&arrived), 0, w.psbc,
		"961001010000000011", a); err != nil {
		t.Fatal(err)
	}
	told := "arrival_without_result item_money 1 100.00 2011-03-10//2011-03-15"
	w.step(t, "by a notice", ids, told)
	w.bankSaysOf(t, 11, "2011-03-11",
		said{fen: 10_000, ref: "Z", item: fmt.Sprint(ids[2]), batch: "", reversal: false}, out(5, "Y", fmt.Sprint(ids[0]), ""))
	stated := "arrival_without_result item_money 2 100.00 2011-03-11//2011-03-16"
	w.step(t, "by the statement", ids, told, stated)
	w.bankSaysOf(t, 11, "2011-03-12", said{fen: -10_000, ref: "Z", item: fmt.Sprint(ids[2]), batch: "", reversal: true})
	w.step(t, "the bank took it back", ids, told)
	w.told(t, b, succeeded(items[1]))
	w.work(t)
	w.step(t, "answered", ids)
}

func TestADeductionResultWithoutItsMoney(t *testing.T) {
	t.Parallel()
	w, b, items, ids := withheld(t, 3)
	w.bankSaysOf(t, 11, "2011-03-09")
	w.told(t, b, succeeded(items[0]), succeeded(items[1]), failed(items[2], "TM01"))
	bare := func(reason string, n int) string {
		return fmt.Sprintf("result_without_money %s %d 100.00 2011-03-10/2011-03-10/", reason, n)
	}
	w.step(t, "no money", ids, bare("not_booked", 0), bare("not_booked", 1))
	if c := w.beside(t); c.Agrees || c.Batches[0].Agrees() || c.Batches[0].Booked.Count != 0 {
		t.Errorf("without money: %+v", c)
	}
	w.arrive(t, "L1", b, 200_00)
	w.work(t)
	w.step(t, "the notice came", ids)
	w.bankSaysOf(t, 11, "2011-03-17")
	w.step(t, "the statement lacks it", ids, bare("not_on_statement", 0), bare("not_on_statement", 1))
	w.bankSaysOf(t, 11, "2011-03-18", said{fen: 20_000, ref: "L1", item: "", batch: b.Number, reversal: false})
	w.step(t, "the statement has it", ids)
	if c := w.beside(t); !c.Agrees {
		t.Errorf("in the end: %+v", c)
	}
}

// answeredOn are the lines of an answer of a day.
func (w *answerWorld) answeredOn(t *testing.T, day string, lines ...bank.Answer) {
	t.Helper()
	w.today = calendar.MustDay(day)
	w.answer(t, w.batch, lines...)
}

func TestALatePaymentResultIsToldByTheBusinessDay(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 4, disbursement.SettlesNet)
	ids := idsOf(w.paying, func(i disbursement.Item) int64 { return i.ID })
	w.answeredOn(t, "2011-03-30", paidLine(w.paying[0]))
	w.step(t, "on the last day", ids)
	w.answeredOn(t, "2011-03-31", paidLine(w.paying[1]), failedLine(w.paying[2], "TM01"))
	w.answeredOn(t, "2011-04-01", paidLine(w.paying[3]))
	late := func(reason string, n int, day string) string {
		return fmt.Sprintf("late_result %s %d 55.00 2011-03-25/%s/2011-03-30", reason, n, day)
	}
	w.step(t, "in the end", ids, late("after_deadline", 1, "2011-03-31"), late("after_deadline", 2, "2011-03-31"),
		late("after_month", 3, "2011-04-01"))
}

func TestMoneyOfPaymentsWithoutResults(t *testing.T) {
	t.Parallel()
	for _, settlement := range []string{
		disbursement.SettlesNet, disbursement.SettlesGross, disbursement.SettlesItemised,
	} {
		t.Run(settlement, func(t *testing.T) {
			t.Parallel()
			w := newAnswerWorld(t, 3, settlement)
			ids := idsOf(w.paying, func(i disbursement.Item) int64 { return i.ID })
			w.bankSays(t, "2011-03-24")
			w.step(t, "before", ids)
			named := func(reason string, n int) string {
				return fmt.Sprintf("arrival_without_result %s %d 55.00 2011-03-25//2011-03-30", reason, n)
			}
			switch settlement {
			case disbursement.SettlesItemised:
				w.bankSays(t, "2011-03-25", out(5500, "R1", fmt.Sprint(ids[1]), w.batch.Number),
					said{fen: 5500, ref: "X", item: fmt.Sprint(ids[2]), batch: "", reversal: false})
				w.step(t, "a line of one", ids, named("item_money", 1))
				w.answer(t, w.batch, paidLine(w.paying[1]))
				w.step(t, "which is answered", ids)
			case disbursement.SettlesNet:
				w.bankSays(t, "2011-03-25", out(11_000, "L1", "", w.batch.Number))
				w.step(t, "a lump", ids, named("batch_money", 0), named("batch_money", 1), named("batch_money", 2))
				w.answer(t, w.batch, paidLine(w.paying[0]), paidLine(w.paying[1]))
				w.step(t, "explained by two results", ids)
			default:
				w.bankSays(t, "2011-03-25", out(16_500, "L1", "", w.batch.Number))
				w.step(t, "a lump", ids, named("batch_money", 0), named("batch_money", 1), named("batch_money", 2))
				w.answer(t, w.batch, paidLine(w.paying[0]), paidLine(w.paying[1]))
				w.step(t, "two results", ids, named("batch_money", 2))
				w.bankSays(t, "2011-03-26", said{fen: 5500, ref: "L2", item: "", batch: w.batch.Number, reversal: true})
				w.step(t, "the rest came back", ids)
			}
		})
	}
}

func TestAPaymentResultWithoutItsMoney(t *testing.T) {
	t.Parallel()
	for _, settlement := range []string{
		disbursement.SettlesNet, disbursement.SettlesGross, disbursement.SettlesItemised,
	} {
		t.Run(settlement, func(t *testing.T) {
			t.Parallel()
			w := newAnswerWorld(t, 3, settlement)
			ids := idsOf(w.paying, func(i disbursement.Item) int64 { return i.ID })
			w.bankSays(t, "2011-03-24")
			w.answer(t, w.batch, paidLine(w.paying[0]), paidLine(w.paying[1]), failedLine(w.paying[2], "TM01"))
			w.step(t, "answered and booked", ids)
			w.bankSays(t, "2011-03-30")
			bare := func(n int) string {
				return fmt.Sprintf("result_without_money not_on_statement %d 55.00 2011-03-25/2011-03-25/", n)
			}
			w.step(t, "the statement has nothing", ids, bare(0), bare(1))
			lines := map[string][]said{
				disbursement.SettlesNet: {out(11_000, "L1", "", w.batch.Number)},
				disbursement.SettlesGross: {
					out(16_500, "L1", "", w.batch.Number),
					{fen: 5500, ref: "L2", item: "", batch: w.batch.Number, reversal: true},
				},
				disbursement.SettlesItemised: {
					out(5500, "R0", fmt.Sprint(ids[0]), w.batch.Number), out(5500, "R1", fmt.Sprint(ids[1]), w.batch.Number),
				},
			}[settlement]
			w.bankSays(t, "2011-03-31", lines...)
			w.step(t, "the statement has it", ids)
			// What came back and is not on the statement is no result without money.
			w.today = calendar.MustDay("2011-04-01")
			w.giveBack(t, back(w.paying[0], "2011-04-01"))
			w.bankSays(t, "2011-04-12")
			w.step(t, "returned", ids)
			if c := w.beside(t); !c.Agrees || c.Batches[0].Returned != (business.Tally{Count: 1, Amount: 55_00}) {
				t.Errorf("in the end: %+v", c)
			}
		})
	}
}

// What somebody takes out of the book behind the triggers' back, and puts back.
func TestABookThatLacksAPostingDiffersFromTheRecords(t *testing.T) {
	t.Parallel()
	w := newAnswerWorld(t, 2, disbursement.SettlesNet)
	b := w.withhold(t).Batches[0]
	items := w.items(t, b)
	withholding := func(r collection.Result) collection.Result {
		r.ValueDate = w.today
		return r
	}
	w.told(t, b, withholding(succeeded(items[0])), withholding(succeeded(items[1])))
	w.arrive(t, "L1", b, 200_00)
	w.work(t)
	w.answer(t, w.batch, paidLine(w.paying[0]), paidLine(w.paying[1]))
	ids := append(idsOf(w.paying, func(i disbursement.Item) int64 { return i.ID }),
		idsOf(items, func(i collection.ItemStanding) int64 { return i.ID })...)
	whole := func(when string) {
		w.step(t, when, ids)
		c := w.beside(t)
		if !c.Agrees || len(c.Batches) != 2 || len(c.Accounts) != 1 {
			t.Errorf("%s: %+v", when, c)
		}
		if a := c.Accounts[0]; a.Fund != (business.Tally{Count: 2, Amount: 200_00}) || a.Personal != a.Fund {
			t.Errorf("%s: accounts %+v", when, a)
		}
	}
	whole("before")
	w.sql(t, `alter table posting disable trigger all; create table taken (like posting)`)
	without := func(where string, look func(c business.Comparison)) {
		w.sql(t, `with gone as (delete from posting where `+where+` returning *) insert into taken table gone`)
		c := w.beside(t)
		if c.Agrees {
			t.Errorf("without %s the month agrees", where)
		}
		look(c)
		w.sql(t, `insert into posting table taken; truncate taken`)
		whole("after " + where)
	}
	without(fmt.Sprintf(`cause_id = %d and kind = 'benefit'`, ids[0]), func(business.Comparison) {
		w.step(t, "a benefit", ids, "result_without_money not_booked 0 55.00 2011-03-25/2011-03-25/")
	})
	without(fmt.Sprintf(`cause_id = %d and role = 'contribution_individual'`, ids[2]), func(business.Comparison) {
		w.step(t, "a contribution", ids, "result_without_money not_booked 2 100.00 2011-03-25/2011-03-25/")
	})
	without(fmt.Sprintf(`cause_id = %d and role = 'personal_individual'`, ids[3]), func(c business.Comparison) {
		w.step(t, "a personal account", ids)
		if a := c.Accounts[0]; a.Fund != (business.Tally{Count: 2, Amount: 200_00}) ||
			a.Personal != (business.Tally{Count: 1, Amount: 100_00}) {
			t.Errorf("accounts differ by %+v", a)
		}
		paper := printed(t, c, report.Chinese)
		if !strings.Contains(paper, "业务与账务不符") || !strings.Contains(paper, "新型农村社会养老保险基金") {
			t.Errorf("the paper says\n%s", paper)
		}
	})
}

// printed is a paper as lines of text.
func printed(t *testing.T, c interface {
	Write(sheet report.Sheet, lang report.Language) error
}, lang report.Language,
) string {
	t.Helper()
	var page strings.Builder
	if err := c.Write(&lineSheet{to: &page}, lang); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// Pages of a situation are those of the whole list, and the month's report says how many
// it leaves out.
func TestItemsOutOfStepAreListedByPage(t *testing.T) {
	t.Parallel()
	const n = 205
	w, b, items, ids := withheld(t, n)
	w.arrive(t, "L1", b, b.Amount)
	c := w.beside(t)
	o := c.Out[1]
	if o.Count != n || o.Amount != b.Amount || len(o.Items) != 200 || !o.More {
		t.Errorf("%d of %s are out of step, %d are named, more %t", o.Count, o.Amount, len(o.Items), o.More)
	}
	if paper := printed(t, c, report.Chinese); !strings.Contains(paper, "另有 5 笔") {
		t.Error("the paper does not say how many it leaves out")
	}
	if paper := printed(t, c, report.English); !strings.Contains(paper, "and 5 others") || strings.Contains(paper, "款") {
		t.Error("the English paper does not say how many it leaves out")
	}
	s, by := w.records(t)
	var got []int64
	for after := int64(0); ; {
		page, err := s.Items(t.Context(), by, march(), business.ArrivalWithoutResult, after, 50)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, i := range page {
			got, after = append(got, i.ID), i.ID
		}
	}
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Errorf("pages hold %d items, want %d", len(got), len(ids))
	}
	lines := make([]collection.Result, n)
	for i := range items {
		lines[i] = failed(items[i], "TM01")
	}
	w.told(t, b, lines...)
	w.step(t, "answered", ids)
	if _, err := s.Compare(context.Background(), by, calendar.MustMonth("2011-04")); err == nil {
		t.Error("a month that has not begun was compared")
	}
}
