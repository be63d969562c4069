package iso20022_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/adapters/bank/iso20022"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

func head() bank.FileHead {
	return bank.FileHead{
		Format: iso20022.StatementFormat, Kind: "statement", MessageID: "MSG-2", Created: "2026-11-25T18:00:00+08:00",
	}
}

func account() bank.StatementHead {
	return bank.StatementHead{
		Account: "6100001", Currency: "CNY", From: calendar.MustDay("2026-11-25"), To: calendar.MustDay("2026-11-25"),
		Opening: new(figure("0.00")),
	}
}

func TestWriter_writesWhatWasRead(t *testing.T) {
	t.Parallel()
	want := wanted(iso20022.StatementFormat)
	var b bytes.Buffer
	if err := iso20022.WriteStatement(&b, want...); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, read(t, &b), withoutScale()); diff != "" {
		t.Errorf("(-written, +read):\n%s", diff)
	}
}

// withoutScale compares figures as they print: 500 and 500.00 are the same.
func withoutScale() cmp.Option {
	return cmp.Options{
		cmp.Comparer(func(a, b bank.Figure) bool { return a.String() == b.String() }),
		cmp.AllowUnexported(calendar.Day{}),
	}
}

func TestWriter_refusesWhatTheSchemaCannotHold(t *testing.T) {
	t.Parallel()
	entry := bank.StatementEntry{Amount: figure("1.00"), Direction: bank.Credit, Status: "booked"}
	detailed := entry
	detailed.Details = 1
	long := strings.Repeat("王", 36)
	for name, change := range map[string]func(*bank.FileHead, *bank.StatementHead, *bank.StatementEntry,
		*bank.EntryDetail){
		"no message id": func(f *bank.FileHead, _ *bank.StatementHead, _ *bank.StatementEntry, _ *bank.EntryDetail) {
			f.MessageID = ""
		},
		"no instant": func(f *bank.FileHead, _ *bank.StatementHead, _ *bank.StatementEntry, _ *bank.EntryDetail) {
			f.Created = ""
		},
		"a date only": func(f *bank.FileHead, _ *bank.StatementHead, _ *bank.StatementEntry, _ *bank.EntryDetail) {
			f.Created = "2026-11-25"
		},
		"long message id": func(f *bank.FileHead, _ *bank.StatementHead, _ *bank.StatementEntry, _ *bank.EntryDetail) {
			f.MessageID = long
		},
		"no account": func(_ *bank.FileHead, s *bank.StatementHead, _ *bank.StatementEntry, _ *bank.EntryDetail) {
			s.Account = ""
		},
		"long account": func(_ *bank.FileHead, s *bank.StatementHead, _ *bank.StatementEntry, _ *bank.EntryDetail) {
			s.Account = long
		},
		"no currency": func(_ *bank.FileHead, s *bank.StatementHead, _ *bank.StatementEntry, _ *bank.EntryDetail) {
			s.Currency = ""
		},
		"no balance": func(_ *bank.FileHead, s *bank.StatementHead, _ *bank.StatementEntry, _ *bank.EntryDetail) {
			s.Opening = nil
		},
		"number of letters": func(_ *bank.FileHead, s *bank.StatementHead, _ *bank.StatementEntry,
			_ *bank.EntryDetail,
		) {
			s.Number = "7a"
		},
		"long page": func(_ *bank.FileHead, s *bank.StatementHead, _ *bank.StatementEntry, _ *bank.EntryDetail) {
			s.Page = "123456"
		},
		"no status": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry, _ *bank.EntryDetail) {
			e.Status = ""
		},
		"no direction": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry, _ *bank.EntryDetail) {
			e.Direction = 0
		},
		"negative": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry, _ *bank.EntryDetail) {
			e.Amount = figure("-1.00")
		},
		"six decimals": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry, _ *bank.EntryDetail) {
			e.Amount = figure("1.000001")
		},
		"long reference": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry, _ *bank.EntryDetail) {
			e.BankReference = long
		},
		"long batch": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry, _ *bank.EntryDetail) {
			e.BatchID = long
		},
		"control character": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry,
			_ *bank.EntryDetail,
		) {
			e.Text = "\x01"
		},
		"not UTF-8": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry, _ *bank.EntryDetail) {
			e.Text = "\xFF"
		},
		"blanks around": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry, _ *bank.EntryDetail) {
			e.Text = " x"
		},
		"long text": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry, _ *bank.EntryDetail) {
			e.Text = strings.Repeat("x", 501)
		},
		"long end to end": func(_ *bank.FileHead, _ *bank.StatementHead, _ *bank.StatementEntry, d *bank.EntryDetail) {
			d.EndToEndID = long
		},
		"long name": func(_ *bank.FileHead, _ *bank.StatementHead, _ *bank.StatementEntry, d *bank.EntryDetail) {
			d.Counterparty = strings.Repeat("x", 141)
		},
		"long remittance": func(_ *bank.FileHead, _ *bank.StatementHead, _ *bank.StatementEntry, d *bank.EntryDetail) {
			d.Text = strings.Repeat("x", 141)
		},
		"detail of another": func(_ *bank.FileHead, _ *bank.StatementHead, _ *bank.StatementEntry,
			d *bank.EntryDetail,
		) {
			d.Entry = 1
		},
		"too few details": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry, _ *bank.EntryDetail) {
			e.Details = 2
		},
		"entry of another": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry, _ *bank.EntryDetail) {
			e.Statement = 1
		},
		"statement of number": func(_ *bank.FileHead, s *bank.StatementHead, _ *bank.StatementEntry,
			_ *bank.EntryDetail,
		) {
			s.Index = 1
		},
		"balance without day": func(_ *bank.FileHead, s *bank.StatementHead, _ *bank.StatementEntry,
			_ *bank.EntryDetail,
		) {
			s.From, s.To = calendar.Day{}, calendar.Day{}
		},
	} {
		f, s, e, d := head(), account(), detailed, bank.EntryDetail{}
		change(&f, &s, &e, &d)
		err := iso20022.WriteStatement(io.Discard, f, s, e, d)
		if !errors.Is(err, iso20022.ErrField) && !errors.Is(err, iso20022.ErrOrder) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for name, records := range map[string][]bank.Record{
		"nothing": {}, "head only": {head()}, "no head": {account()}, "two heads": {head(), head()},
		"entry before": {head(), entry},
		"a batch":      {head(), account(), bank.BatchHead{}}, "detail before": {head(), account(), bank.EntryDetail{}},
	} {
		if err := iso20022.WriteStatement(io.Discard, records...); !errors.Is(err, iso20022.ErrOrder) {
			t.Errorf("%s: got %v, want ErrOrder", name, err)
		}
	}
	if err := iso20022.WriteStatement(failing{}, head(), account()); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want the writer's error", err)
	}
	if _, err := try(t.Context(), iotest.ErrReader(io.ErrClosedPipe)); err == nil {
		t.Error("a broken source was read")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWriter_carriesAnEntrysOwnReference(t *testing.T) {
	t.Parallel()
	e := bank.StatementEntry{
		Amount: figure("1.00"), Direction: bank.Debit, Status: "booked", EndToEndID: "E-1", Counterparty: "王",
		CounterpartyAccount: "6217",
	}
	var b bytes.Buffer
	if err := iso20022.WriteStatement(&b, head(), account(), e); err != nil {
		t.Fatal(err)
	}
	got, ok := read(t, &b)[2].(bank.StatementEntry)
	e.Details = 1
	if diff := cmp.Diff(e, got, cmpFigures()); !ok || diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}

func drawText(t *rapid.T, limit int, name string) string {
	return strings.Trim(rapid.StringOfN(rapid.SampledFrom([]rune("aZ9 <>&\"'王𠮷]\r\n\t")), 0, limit, -1).Draw(t, name),
		" \t\r\n")
}

func drawFigure(t *rapid.T, name string) *bank.Figure {
	return new(bank.FigureOf(money.Amount(rapid.Int64Range(0, int64(money.Max)).Draw(t, name))))
}

// drawStatement draws the records that a written statement gives when it is read.
func drawStatement(t *rapid.T, index int) []bank.Record {
	day := calendar.MustDay("2026-11-25").AddDays(rapid.IntRange(-400, 400).Draw(t, "day"))
	s := bank.StatementHead{
		Index: index, Account: "A" + drawText(t, 30, "account"), Currency: "CNY",
		Number: rapid.StringMatching("[0-9]{0,5}").Draw(t, "number"), Page: rapid.StringMatching("[0-9]{0,5}").Draw(t,
			"page"),
		From: day, To: day, Opening: drawFigure(t, "opening"),
	}
	credits, debits := money.Total{}, money.Total{}
	var rest []bank.Record
	for i := range rapid.IntRange(0, 3).Draw(t, "entries") {
		e := bank.StatementEntry{
			Statement: index, Index: i, Amount: *drawFigure(t, "amount"), ValueDate: day, BankReference: drawText(t,
				35, "reference"),
			Direction: rapid.SampledFrom([]bank.Direction{bank.Credit, bank.Debit}).Draw(t, "direction"),
			Status:    rapid.SampledFrom([]string{"booked", "pending", "info"}).Draw(t, "status"),
			Reversal:  rapid.Bool().Draw(t, "reversal"), BatchID: drawText(t, 35, "batch"),
			Details: rapid.SampledFrom([]int{0, 2, 3}).Draw(t, "details"), Text: drawText(t, 60, "text"),
		}
		a, _ := e.Amount.Amount()
		switch {
		case e.Status != "booked":
		case e.Direction == bank.Credit:
			credits.Add(a)
		default:
			debits.Add(a)
		}
		rest = append(rest, e)
		for d := range e.Details {
			detail := bank.EntryDetail{
				Statement: index, Entry: i, Index: d, Direction: e.Direction, EndToEndID: drawText(t, 35, "end to end"),
				Counterparty: drawText(t, 60, "party"), CounterpartyAccount: drawText(t, 34, "account"),
				ReturnCode: rapid.SampledFrom([]string{"", "AC04", "BANK-OWN-1"}).Draw(t, "return"), Text: drawText(t,
					140, "text"),
			}
			rest = append(rest, detail)
		}
	}
	in, err := credits.Amount()
	if err != nil {
		t.Fatal(err)
	}
	out, err := debits.Amount()
	if err != nil {
		t.Fatal(err)
	}
	opening, _ := s.Opening.Amount()
	closing := opening + in - out
	s.Closing, s.Balanced = new(bank.FigureOf(closing)), new(true)
	return append([]bank.Record{s}, rest...)
}

func TestWriter_thenReadGivesEqualRecords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := []bank.Record{head()}
		end := bank.End{}
		for i := range rapid.IntRange(1, 3).Draw(t, "statements") {
			want = append(want, drawStatement(t, i)...)
		}
		for _, r := range want {
			if _, ok := r.(bank.StatementEntry); ok {
				end.Entries++
			}
		}
		want = append(want, end)
		var b bytes.Buffer
		if err := iso20022.WriteStatement(&b, want...); err != nil {
			t.Fatal(err)
		}
		got, err := try(t.Context(), bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		if diff := cmp.Diff(want, got, cmpFigures()); diff != "" {
			t.Fatalf("(-written, +read):\n%s", diff)
		}
	})
}
