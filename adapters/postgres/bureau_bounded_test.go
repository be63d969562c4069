package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"twoline/gateway/calendar"
	"twoline/reconcile/bureau"
)

// drawnMove is a move of our book, drawnVoucher a line of the bureau's.
type drawnMove struct {
	id, fen   int64
	in        bool
	day       calendar.Day
	kind      string
	bank      string
	reverses  int64
	effective calendar.Day
}

type drawnVoucher struct {
	fen       int64
	in        bool
	day       calendar.Day
	reference string
}

// drawn is a world of the comparison: three months on both sides.
type drawn struct {
	moves    []drawnMove
	vouchers []drawnVoucher
	closings map[int]int64
}

// within is a day of the world's months.
func within(n int) calendar.Day { return nov(1).AddDays(max(0, min(n, 90))) }

func drawWorld(t *rapid.T) drawn {
	chance := func(n int, label string) bool { return rapid.IntRange(1, 100).Draw(t, label) <= n }
	fen := rapid.SampledFrom([]int64{100, 200, 300, 500, 700, 1100})
	var d drawn
	for i := range rapid.IntRange(0, 24).Draw(t, "moves") {
		at := rapid.IntRange(0, 90).Draw(t, "day")
		m := drawnMove{ //nolint:exhaustruct // filled by chance
			id: int64(5000 + i), fen: fen.Draw(t, "fen"), in: chance(50, "in"), day: within(at), effective: within(at),
			kind: rapid.SampledFrom([]string{"donation", "remittance_made", "interest"}).Draw(t, "kind"),
		}
		if chance(20, "effective before") {
			m.effective = within(at - 2)
		}
		if chance(30, "bank's reference") {
			m.bank = fmt.Sprintf("B%d", rapid.IntRange(1, 4).Draw(t, "reference"))
		}
		if len(d.moves) > 0 && chance(10, "reverses") {
			o := rapid.SampledFrom(d.moves).Draw(t, "reversed")
			m.reverses, m.fen, m.in = o.id, o.fen, !o.in
		}
		d.moves = append(d.moves, m)
		for range rapid.SampledFrom([]int{0, 1, 1, 1, 2}).Draw(t, "vouchers of it") {
			v := drawnVoucher{fen: m.fen, in: m.in, day: within(at + rapid.SampledFrom([]int{0, 0, 1, 5, 35}).Draw(t, "later")), reference: ""}
			if chance(15, "another amount") {
				v.fen = fen.Draw(t, "fen")
			}
			v.reference = rapid.SampledFrom([]string{"", "", fmt.Sprint(m.id), m.bank, "X"}).Draw(t, "reference")
			d.vouchers = append(d.vouchers, v)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "strays") {
		d.vouchers = append(d.vouchers, drawnVoucher{
			fen: fen.Draw(t, "fen"), in: chance(50, "in"), day: within(rapid.IntRange(0, 90).Draw(t, "day")), reference: "",
		})
	}
	d.drawLumps(chance)
	d.closings = map[int]int64{}
	for m := range 3 {
		if chance(60, "closing") {
			d.closings[m] = rapid.Int64Range(0, 5000).Draw(t, "closing")
		}
	}
	return d
}

// drawLumps adds vouchers that are the sum of a month's moves of one kind, or of all.
func (d *drawn) drawLumps(chance func(percent int, label string) bool) {
	for month := range 3 {
		for _, kind := range []string{"", "donation", "remittance_made"} {
			for _, in := range []bool{true, false} {
				if !chance(25, "lump") {
					continue
				}
				lump := drawnVoucher{fen: 0, in: in, day: nov(1).Month().Add(month).Last(), reference: ""}
				for _, m := range d.moves {
					if m.day.Month() == lump.day.Month() && m.in == in && (kind == "" || m.kind == kind) && m.reverses == 0 {
						lump.fen += m.fen
					}
				}
				if lump.fen > 0 {
					d.vouchers = append(d.vouchers, lump)
				}
			}
		}
	}
}

// become makes the stored rows those of a world.
func (w *bureauWorld) become(t require, d drawn) {
	t.Helper()
	ctx, b := context.Background(), &pgx.Batch{} //nolint:exhaustruct // empty
	area := int32(w.books.Area)
	for _, table := range []string{"bureau_line", "bureau_closing", "posting", "entry", "arrival"} {
		b.Queue(`delete from `+table+` where area = $1`, area)
	}
	for _, m := range d.moves {
		in := m.in
		if m.reverses != 0 {
			in = !in
		}
		side := map[bool]string{true: "debit", false: "credit"}[in]
		b.Queue(`insert into entry (area, id, scheme, kind, cause, reverses, accounted_on, effective_on, line_count, text,
				actor, booked_at)
			values ($1, $2, 'rural', $3, 'test:' || $2::bigint, $4, $5, $6, 2, '', 'test', now()) on conflict do nothing`,
			area, m.id, m.kind, orNothing(m.reverses), m.day.Time(), m.effective.Time())
		b.Queue(`insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red,
				reversal, amount, fund_account)
			select area, id, 1, scheme, kind, effective_on, accounted_on, $3, 'fiscal_special', 'direct', $4, $4, $5, $6
			from entry where area = $1 and id = $2`, area, m.id, side, m.reverses != 0, m.fen, w.special)
		if m.bank != "" {
			b.Queue(`insert into arrival (area, id, fund_account, amount, bank_reference, value_date, source, reported_by,
					reported_at, business_day)
				values ($1, $2::bigint, $2::bigint, $3, $4, $5, 'notice', 'test', now(), $5)`, area, m.id, m.fen, m.bank, m.day.Time())
		}
	}
	for i, v := range d.vouchers {
		b.Queue(`insert into bureau_line (area, fund_account, month, voucher_no, line, journal_id, date, side, amount,
				reference, text)
			values ($1, $2, $3, $4, 1, 1, $5, $6, $7, $8, 'text')`, area, w.special, v.day.Month().First().Time(),
			fmt.Sprint(i), v.day.Time(), map[bool]string{true: "debit", false: "credit"}[v.in], v.fen, v.reference)
	}
	for m, fen := range d.closings {
		b.Queue(`insert into bureau_closing (area, fund_account, month, amount, journal_id) values ($1, $2, $3, $4, 1)`, area,
			w.special, nov(1).Month().Add(m).First().Time(), fen)
	}
	err := pgx.BeginFunc(ctx, w.asker, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `set local session_replication_role = replica`); err != nil {
			return err
		}
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func orNothing(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

// What is read month by month, with the references of both sides told by the database,
// comes to what a comparison of two whole lists does.
func TestTheBureausComparisonIsThatOfWholeLists(t *testing.T) {
	t.Parallel()
	w := newBureauWorld(t)
	w.today = calendar.MustDay("2027-12-31")
	rules, reasons := map[string]int{}, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		w.become(t, drawWorld(t))
		for m := range 3 {
			month := nov(1).Month().Add(m)
			want, wantErr := w.byLists(t, month)
			got, err := w.bureau.Compare(context.Background(), w.finance(), w.special, month)
			if !errors.Is(err, wantErr) {
				t.Fatalf("%s: %v, want %v", month, err, wantErr)
			}
			if err != nil {
				continue
			}
			want.Holder = got.Holder
			if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b calendar.Day) bool { return a == b }),
				cmp.Comparer(func(a, b calendar.Month) bool { return a == b })); diff != "" {
				t.Fatalf("%s (-lists +streamed):\n%s", month, diff)
			}
			for _, a := range got.Agreed {
				rules[string(a.Rule)] += a.Matches
			}
			for _, d := range got.Differences {
				reasons[string(d.Reason)]++
			}
		}
	})
	for _, rule := range []string{"book_reversal", "reference", "bank_reference", "batch_total", "amount_day_unique", "amount_window_unique"} {
		if rules[rule] == 0 {
			t.Errorf("no world was matched by %s: %v", rule, rules)
		}
	}
	for _, reason := range []string{"absent_in_bank", "absent_in_book", "amount_differs", "ambiguous"} {
		if reasons[reason] == 0 {
			t.Errorf("no world differed by %s: %v", reason, reasons)
		}
	}
}

// peak is the most that the heap holds above what it held before, while fn runs.
func peak(fn func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done, seen := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			select {
			case <-done:
				seen <- most
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
			}
		}
	}()
	fn()
	close(done)
	return <-seen
}

// The most lines that a month may have on both sides: what is open, what is matched and
// what is named stay within one bound, whatever has an equal.
//
//nolint:paralleltest // it looks at the heap, which nobody else may fill
func TestTheBureausComparisonIsBounded(t *testing.T) {
	const lines, bound = 200_000, 256 << 20
	w := newBureauWorld(t)
	w.today = calendar.MustDay("2027-12-31")
	w.become(t, drawn{closings: map[int]int64{0: 0}, moves: nil, vouchers: nil})
	fill := func(sql string) {
		w.d.Exec(t, `set session_replication_role = replica; `+
			strings.NewReplacer("AREA", fmt.Sprint(int32(w.books.Area)), "ACCOUNT", fmt.Sprint(w.special)).Replace(sql)+
			`; reset session_replication_role`)
	}
	days := fmt.Sprintf(`(select n, date '2026-12-01' + n %% 30 as d from generate_series(1, %d) n) s`, lines)
	fill(`insert into entry (area, id, scheme, kind, cause, accounted_on, effective_on, line_count, text, actor, booked_at)
		select AREA, 5000 + n, 'rural', 'donation', 'test:' || 5000 + n, d, d, 2, '', 'test', now() from ` + days)
	fill(`insert into posting (area, entry_id, line, scheme, kind, effective_on, accounted_on, side, role, nature, red,
			reversal, amount, fund_account)
		select AREA, 5000 + n, 1, 'rural', 'donation', d, d, 'debit', 'fiscal_special', 'direct', false, false, 100 + n, ACCOUNT
		from ` + days)
	for _, world := range []struct {
		name, reference, amount string
		differences             int
	}{
		{"all are equal by our ids", `(5000 + n)::text`, `100 + n`, 0},
		{"nothing has an equal", `''`, `1000000 + n`, 2 * lines},
		{"everything equals everything", `''`, `100`, 1},
	} {
		if world.differences == 1 {
			fill(`update posting set amount = 100 where area = AREA`)
		}
		fill(`delete from bureau_line where area = AREA`)
		fill(`insert into bureau_line (area, fund_account, month, voucher_no, line, journal_id, date, side, amount, reference,
				text)
			select AREA, ACCOUNT, '2026-12-01', n::text, 1, 1, d, 'debit', ` + world.amount + `, ` + world.reference +
			`, 'text' from ` + days + `; analyze entry; analyze posting; analyze bureau_line`)
		var c bureau.Comparison
		var err error
		most := peak(func() {
			c, err = w.bureau.Compare(t.Context(), w.finance(), w.special, calendar.MustMonth("2026-12"))
		})
		if err != nil || c.Count != world.differences {
			t.Fatalf("%s: %d differences, %v", world.name, c.Count, err)
		}
		t.Logf("%s: the heap grew by %d MiB", world.name, most>>20)
		if most > bound {
			t.Errorf("%s: the heap grew by %d MiB, which is over %d", world.name, most>>20, uint64(bound)>>20)
		}
		named := 0
		for _, d := range c.Differences {
			named += len(d.Theirs) + len(d.Own)
		}
		if named > bureau.MaxNamed || len(c.Differences) > bureau.MaxDifferences {
			t.Errorf("%s: %d differences with %d lines are named", world.name, len(c.Differences), named)
		}
		if world.differences == 1 && c.Differences[0].More != 2*lines-bureau.MaxNamed {
			t.Errorf("%s: %d lines are left out", world.name, c.Differences[0].More)
		}
	}
	fill(`insert into bureau_line (area, fund_account, month, voucher_no, line, journal_id, date, side, amount, reference, text)
		values (AREA, ACCOUNT, '2026-12-01', 'X', 1, 1, '2026-12-31', 'debit', 5, '', '')`)
	_, err := w.bureau.Compare(t.Context(), w.finance(), w.special, calendar.MustMonth("2026-12"))
	if !errors.Is(err, bureau.ErrLong) || !strings.Contains(err.Error(), "2026-12") {
		t.Errorf("with a line more: %v", err)
	}
}
