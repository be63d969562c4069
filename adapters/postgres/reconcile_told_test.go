package postgres_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/ledger"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

// notice is the bank's word, on the third, of money for batch 700 or terminal's day 900.
type notice struct {
	reference      string
	amount         money.Amount
	batch, day     int64
	item           int64
	unagreed       bool
	namedAfterward bool
}

// days are the bank's lines, by the day of the statement that holds them.
type days map[int][]bank.StatementEntry

// telling is what the bank's notices and its statement tell of one batch or day.
type telling struct {
	notices []notice
	lines   days
	// book are the items of the two entries by which the money was posted.
	book [2]map[int64]money.Amount
	// other is an item of no batch.
	other money.Amount
	want  []string
	// unanswered is what the batch still waits for.
	unanswered money.Amount
}

// tell makes the notices, the agreement and its entries known.
func (w *bankWorld) tell(t *testing.T, of telling) {
	t.Helper()
	area, income := int32(w.books.Area), w.books.Accounts[ledger.Income]
	subject, id, total := "terminal_day", int64(900), money.Amount(0)
	for _, n := range of.notices {
		if n.batch != 0 {
			subject, id = "batch", n.batch
		}
		if !n.unagreed {
			total += n.amount
		}
	}
	upto := int64(0)
	for i, n := range of.notices {
		known := int64(1_000 + 10*i)
		if n.unagreed {
			known += 5_000
		}
		batch := n.batch
		if n.namedAfterward {
			batch = 0
		}
		w.d.Exec(t, `insert into arrival (area, id, fund_account, amount, bank_reference, value_date, batch_id, item_id, terminal_day,
				source, reported_by, reported_at, business_day)
			values ($1, $2, $3, $4, $5, '2026-11-03', nullif($6::bigint, 0), nullif($7::bigint, 0), nullif($8::bigint, 0), 'notice',
				'bank:psbc', now(), '2026-11-03')`, area, known, income, n.amount.Fen(), n.reference, batch, n.item, n.day)
		if n.namedAfterward {
			w.d.Exec(t, `insert into arrival_subject (area, arrival_id, id, batch_id, named_by, reason, named_at)
				values ($1, $2::bigint, $2::bigint + 5, $3, 'officer:maker', 'the bank said so', now())`, area, known, n.batch)
			known += 5
		}
		if !n.unagreed {
			upto = known
		}
	}
	if total == 0 {
		w.book(t, w.other(of.other))
		return
	}
	w.d.Exec(t, `insert into agreement (area, id, subject, subject_id, round, after_answer, upto_answer, upto_arrival,
			from_suspense, item_count, amount, fund_account, effective_on, agreed_at, business_day)
		values ($1, 710, $2, $3, 1, 0, 0, $4, false, 4, $5, $6, '2026-11-03', now(), '2026-11-03')`,
		area, subject, id, upto, total.Fen(), income)
	w.d.Exec(t, `update withholding_batch set state = case when $3::bigint = 0 then 'done' else 'sent' end, amount = $2::bigint + $3,
		item_count = 8, succeeded = 4, succeeded_amount = $2, agreed_count = 4, agreed_amount = $2 where area = $1`,
		area, total.Fen(), of.unanswered.Fen())
	for i, items := range of.book {
		batch := int64(0)
		if subject == "batch" {
			batch = id
		}
		e := w.contributions(batch, 3, 3, items)
		e.Cause = fmt.Sprintf("agreement:710:%d", 1+20*i)
		w.book(t, e)
	}
	if of.other != 0 {
		w.book(t, w.other(of.other))
	}
}

func (w *bankWorld) other(amount money.Amount) ledger.Entry {
	return w.contributions(0, 3, 3, map[int64]money.Amount{6_000: amount})
}

// ends is what became of the lines: matches and open breaks, the book's by their number.
func (w *bankWorld) ends(t *testing.T) []string {
	t.Helper()
	return ask[string](t, w, `
		with s as (select id, to_char(booking_date, 'FMDD') || '/' || bank_reference || case when batch_ref <> '' then '!' else '' end
			as name from statement_line where area = $1)
		select m.rule || ' ' || string_agg(s.name, ' ' order by s.name) || ' = ' || count(m.entry_id)
		from reconciliation_match m left join s on s.id = m.statement_line_id where m.area = $1 group by m.match_id, m.rule
		union all
		select b.reason || ' ' || b.amount || coalesce(' ' || string_agg(s.name, ' ' order by s.name), '')
			|| case when count(k.entry_id) > 0 then ' = ' || count(k.entry_id) else '' end
		from reconciliation_break b join break_line k on k.area = b.area and k.break_id = b.id
		left join s on s.id = k.statement_line_id
		where b.area = $1 and not exists (select from break_closed c where c.area = b.area and c.break_id = b.id)
		group by b.id, b.reason, b.amount order by 1`, int32(w.books.Area))
}

// lastTold is the last day of the statements.
const lastTold = 9

// tellings are stories of which the end rests upon no order.
func tellings() map[string]telling {
	credit := func(day int, reference string, amount money.Amount) bank.StatementEntry {
		return bankLine(bank.Credit, amount, day, reference)
	}
	named := credit(4, "L2", 60_000)
	named.BatchID = "B700"
	again := named
	again.BankReference, again.ValueDate = "T1", nov(3)
	early, late := credit(3, "T1", 60_000), credit(4, "T1", 60_000)
	early.ValueDate, late.ValueDate = nov(2), nov(3)
	backdated := credit(5, "T1", 30_000)
	backdated.ValueDate = nov(3)
	back := bankLine(bank.Debit, 60_000, 5, "T1")
	back.Reversal = true
	whole := [2]map[int64]money.Amount{{501: 10_000, 502: 20_000}, {503: 25_000, 504: 5_000}}
	parts := [2]map[int64]money.Amount{{501: 10_000, 502: 20_000}, {503: 45_000, 504: 5_000}}
	lump, day := notice{reference: "T1", amount: 60_000, batch: 700}, notice{reference: "T1", amount: 60_000, day: 900}
	lumpAgain, dayAgain := notice{reference: "T2", amount: 60_000, batch: 700, unagreed: true},
		notice{reference: "T2", amount: 60_000, day: 900, unagreed: true}
	t1, t2, next := credit(3, "T1", 60_000), credit(3, "T2", 60_000), credit(4, "T1", 60_000)
	of := func(lines days, want []string, notices ...notice) telling {
		return telling{notices: notices, lines: lines, book: whole, other: 0, unanswered: 0, want: want}
	}
	one := []string{"batch_total 3/T1 = 4"}
	and := func(more string) []string { return append(slices.Clone(one), more) }
	stories := map[string]telling{
		"a batch's lump":   of(days{3: {t1}}, one, lump),
		"a terminal's day": of(days{3: {t1}}, one, day),
		"an officer's name": of(days{3: {t1}}, one,
			notice{reference: "T1", amount: 60_000, batch: 700, namedAfterward: true}),
		"a batch's lump again the next day": of(days{3: {t1}, 4: {next}}, and("duplicate_bank_line 60000 4/T1"), lump),
		"a terminal's day twice in one day": of(days{3: {t1, t1}}, and("duplicate_bank_line 60000 3/T1"), day),
		"a terminal's day again the next day": of(days{3: {t1}, 4: {next}},
			and("duplicate_bank_line 60000 4/T1"), day),
		"a terminal's day again under a notice of its own": of(days{3: {t1, t2}},
			and("duplicate_bank_line 60000 3/T2"), day, dayAgain),
		"a batch's lump again under a notice of its own": of(days{3: {t1, t2}},
			and("duplicate_bank_line 60000 3/T2"), lump, lumpAgain),
		"a batch's lump again, the second by name": of(days{3: {t1}, 4: {named}},
			and("duplicate_bank_line 60000 4/L2!"), lump),
		"a batch's lump again by name under its reference": of(days{3: {t1}, 4: {again}},
			and("duplicate_bank_line 60000 4/T1!"), lump),
		"a second line of another value day before the first": of(days{3: {early}, 4: {late}},
			[]string{"batch_total 4/T1 = 4", "duplicate_bank_line 60000 3/T1"}, day),
		"a second line that the bank takes back": of(days{3: {t1}, 4: {next}, 5: {back}},
			[]string{"bank_reversal 4/T1 5/T1 = 0", one[0]}, day),
		"money of one payer": of(days{3: {credit(3, "T1", 20_000)}},
			[]string{
				"absent_in_bank 10000 = 1", "absent_in_bank 25000 = 1", "absent_in_bank 5000 = 1", "amount_day_unique 3/T1 = 1",
			}, notice{reference: "T1", amount: 20_000, batch: 700, item: 502}),
	}
	twice := of(days{3: {t1, t1}},
		[]string{"absent_in_bank 60000 = 1", one[0], "duplicate_bank_line 60000 3/T1"}, lump)
	twice.other = 60_000
	stories["a batch's lump twice in one day"] = twice
	pending := of(days{3: {t1, t2}}, []string{"absent_in_book 60000 3/T2", one[0]}, lump, lumpAgain)
	pending.unanswered = 60_000
	stories["a batch's second lump of the amount, not answered yet"] = pending
	first, second := named, named
	first.BookingDate, first.ValueDate, first.BankReference = nov(3), nov(3), "L1"
	second.BookingDate, second.ValueDate = nov(3), nov(3)
	halves := of(days{3: {first, second}}, []string{"absent_in_book 60000 3/L2!", "batch_total 3/L1! = 4"}, lump)
	halves.unanswered = 60_000
	stories["a batch's second lump by name, not answered yet"] = halves
	full := of(days{3: {first, second}}, []string{"batch_total 3/L1! = 4", "duplicate_bank_line 60000 3/L2!"}, lump)
	stories["a batch's second lump by name, answered in full"] = full
	branch := of(days{3: {credit(3, "T1", 30_000), credit(3, "T2", 50_000)}, 5: {backdated}},
		[]string{"batch_part 3/T1 = 2", "batch_total 3/T2 = 2", "duplicate_bank_line 30000 5/T1"},
		notice{reference: "T1", amount: 30_000, batch: 700}, notice{reference: "T2", amount: 50_000, batch: 700})
	branch.book = parts
	stories["one of two lumps again"] = branch
	open := of(days{3: {credit(3, "T1", 20_000)}}, []string{"amount_day_unique 3/T1 = 1"},
		notice{reference: "T1", amount: 20_000, batch: 700, unagreed: true})
	open.other = 20_000
	stories["a batch that the money does not agree with yet"] = open
	return stories
}

// What a statement does not name and a notice does ends the same whenever the notice
// comes, in whatever runs the lines are matched.
func TestWhatANoticeNamesEndsTheSameInAnyOrder(t *testing.T) {
	t.Parallel()
	root := newBankWorld(t)
	area := root.books.Area
	for _, name := range slices.Sorted(maps.Keys(tellings())) {
		of := tellings()[name]
		for _, told := range []int{0, 2, 3, lastTold} {
			area++
			w := root.area(t, area)
			w.live(t, of, told)
			if diff := cmp.Diff(of.want, w.ends(t)); diff != "" {
				t.Errorf("%s, told on %d (-want +got):\n%s", name, told, diff)
			}
		}
	}
}

// live lets the days of a story pass: with a run after each statement, and the notice
// after that of the day told; where that is 2, before all of them; where it is 0, before
// all of them and with one run at the end. Two runs more change nothing.
func (w *bankWorld) live(t *testing.T, of telling, told int) {
	t.Helper()
	income := w.books.Accounts[ledger.Income]
	w.batch(t, 700, "B700")
	if told < 3 {
		w.tell(t, of)
	}
	from := 2
	for _, to := range []int{3, 4, 5, lastTold} {
		w.statement(t, income, from, to, of.lines[to]...)
		from = to + 1
		if told == 0 {
			continue
		}
		w.match(t, income)
		if to == told {
			w.tell(t, of)
		}
	}
	w.match(t, income)
	first := w.ends(t)
	for range 2 {
		w.match(t, income)
	}
	if diff := cmp.Diff(first, w.ends(t)); diff != "" {
		t.Errorf("runs more changed the end (-first +last):\n%s", diff)
	}
	w.wholeLines(t, income)
}

// Money that the bank took back and credited again is no second line: whichever line the
// book's money meets, the other one and the correction are each other's.
func TestMoneyThatWasTakenBackComesAgain(t *testing.T) {
	t.Parallel()
	root := newBankWorld(t)
	back, again := bankLine(bank.Debit, 60_000, 4, "T1"), bankLine(bank.Credit, 60_000, 5, "T1")
	back.Reversal, again.ValueDate = true, nov(3)
	of := tellings()["a terminal's day"]
	of.lines = days{3: {bankLine(bank.Credit, 60_000, 3, "T1")}, 4: {back}, 5: {again}}
	for _, told := range []int{0, 2, 3, 4, 5, lastTold} {
		w := root.area(t, root.books.Area+1+party.Area(told))
		w.live(t, of, told)
		if got := w.ends(t); len(got) != 2 || !strings.HasPrefix(got[0], "bank_reversal") ||
			!strings.HasPrefix(got[1], "batch_total") {
			t.Errorf("told on %d: %q", told, got)
		}
	}
}

// A notice that comes after its line's break was opened ends the break, by a match.
func TestANoticeEndsTheBreakOfALineThatCameBefore(t *testing.T) {
	t.Parallel()
	for name, of := range tellings() {
		if len(of.want) > 1 || of.other != 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newBankWorld(t)
			income := w.books.Accounts[ledger.Income]
			w.batch(t, 700, "B700")
			w.statement(t, income, 2, 3, of.lines[3]...)
			w.match(t, income)
			if diff := cmp.Diff([]string{"absent_in_book credit 600.00"}, w.open(t)); diff != "" {
				t.Fatal(diff)
			}
			w.tell(t, of)
			for range 2 {
				w.match(t, income)
				if diff := cmp.Diff(of.want, w.ends(t)); diff != "" {
					t.Error(diff)
				}
				got := ask[string](t, w, `select b.reason || ' ' || c.how from reconciliation_break b
					left join break_closed c on c.area = b.area and c.break_id = b.id order by b.id`)
				if diff := cmp.Diff([]string{"absent_in_book matched"}, got); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}
