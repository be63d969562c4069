package mt940_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/adapters/bank/mt940"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

func write(o mt940.WriterOptions, records ...bank.Record) (string, error) {
	var b bytes.Buffer
	w := mt940.NewWriter(&b, o)
	for _, r := range records {
		if err := w.Write(r); err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return b.String(), nil
}

// is takes a record for what it must be.
func is[T bank.Record](r bank.Record) T {
	v, ok := r.(T)
	if !ok {
		panic("another record than the test expects")
	}
	return v
}

func oneStatement(entries ...bank.Record) []bank.Record {
	day := calendar.MustDay("2026-11-25")
	return append([]bank.Record{
		bank.FileHead{Format: "mt940", Kind: "statement", MessageID: "M1"},
		bank.StatementHead{
			Account: "6100001", Currency: "CNY", Number: "7", From: day, To: day,
			Opening: new(figure("0.00")), Closing: new(figure("0.00")),
		},
	}, entries...)
}

func oneEntry() bank.StatementEntry {
	return bank.StatementEntry{
		Amount: figure("12.50"), Direction: bank.Credit, Status: "booked", ValueDate: calendar.MustDay("2026-11-25"),
		BookingDate: calendar.MustDay("2026-11-26"), EndToEndID: "E2E1", BankReference: "BK1", Text: "CONTRIBUTION",
	}
}

func TestWriter_writesTheForm(t *testing.T) {
	t.Parallel()
	long := oneEntry()
	long.Index, long.EndToEndID, long.BatchID = 1, "AN-ID-OF-MORE-THAN-16", "BATCH-0001"
	long.Counterparty, long.CounterpartyAccount = "WANG XIAOMING", "6217000011112222"
	bareEntry := bank.StatementEntry{
		Index: 2, Amount: figure("3.00"), Direction: bank.Debit, Status: "booked", Reversal: true,
		ValueDate: calendar.MustDay("2026-11-25"),
	}
	want := ":20:M1\r\n:25:6100001\r\n:28C:7\r\n:60F:C261125CNY0,00\r\n" +
		":61:2611251126C12,50NMSCE2E1//BK1\r\n:86:CONTRIBUTION\r\n" +
		":61:2611251126C12,50NMSCNONREF//BK1\r\n" +
		":86:000?20EREF+AN-ID-OF-MORE-THAN-16 ?21KREF+BATCH-0001 SVWZ+CONTRI?2\r\n" +
		"2BUTION?316217000011112222?32WANG XIAOMING\r\n" +
		":61:261125RC3,00NMSCNONREF\r\n" +
		":62F:C261125CNY0,00\r\n-\r\n"
	got, err := write(mt940.WriterOptions{}, oneStatement(oneEntry(), long, bareEntry)...)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want, +got):\n%s", diff)
	}
}

// TestWriter_tellsOrRefusesALoss gives facts that MT940 has no room for: without
// Lost each is an error, with it each is told once and the rest is written.
func TestWriter_tellsOrRefusesALoss(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*bank.FileHead, *bank.StatementHead, *bank.StatementEntry) []bank.Record{
		"long message id": func(f *bank.FileHead, _ *bank.StatementHead, _ *bank.StatementEntry) []bank.Record {
			f.MessageID = "A-MESSAGE-ID-OF-20-C"
			return nil
		},
		"instant": func(f *bank.FileHead, _ *bank.StatementHead, _ *bank.StatementEntry) []bank.Record {
			f.Created = "2026-11-25T08:00:00"
			return nil
		},
		"no number": func(_ *bank.FileHead, s *bank.StatementHead, _ *bank.StatementEntry) []bank.Record {
			s.Number = ""
			return nil
		},
		"long bank reference": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry) []bank.Record {
			e.BankReference = "ABCDEFGHIJKLMNOPQ"
			return nil
		},
		"no value date": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry) []bank.Record {
			e.ValueDate = calendar.Day{}
			return nil
		},
		"information only": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry) []bank.Record {
			e.Status = "info"
			return nil
		},
		"two details": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry) []bank.Record {
			e.Details = 2
			return []bank.Record{bank.EntryDetail{}, bank.EntryDetail{Index: 1}}
		},
		"a detail of another amount": func(_ *bank.FileHead, _ *bank.StatementHead,
			e *bank.StatementEntry,
		) []bank.Record {
			e.Details = 1
			return []bank.Record{bank.EntryDetail{Amount: new(figure("1.00"))}}
		},
		"a detail of another id": func(_ *bank.FileHead, _ *bank.StatementHead,
			e *bank.StatementEntry,
		) []bank.Record {
			e.Details = 1
			return []bank.Record{bank.EntryDetail{EndToEndID: "E2E9"}}
		},
		"a return code": func(_ *bank.FileHead, _ *bank.StatementHead, e *bank.StatementEntry) []bank.Record {
			e.Details = 1
			return []bank.Record{bank.EntryDetail{ReturnCode: "AC04"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records := oneStatement()
			file, head, entry := is[bank.FileHead](records[0]), is[bank.StatementHead](records[1]), oneEntry()
			details := change(&file, &head, &entry)
			records = append([]bank.Record{file, head, entry}, details...)
			if _, err := write(mt940.WriterOptions{}, records...); !errors.Is(err, mt940.ErrLoss) {
				t.Errorf("without Lost: got %v", err)
			}
			var told []bank.Problem
			lost := func(p bank.Problem) error {
				told = append(told, p)
				return nil
			}
			content, err := write(mt940.WriterOptions{Lost: lost}, records...)
			if err != nil || len(told) != 1 || told[0].Code != "lost" || !strings.Contains(content, ":62F:") {
				t.Errorf("got %v and %+v", err, told)
			}
			stop := errors.New("no losses")
			if _, err := write(mt940.WriterOptions{Lost: func(bank.Problem) error { return stop }},
				records...); !errors.Is(err, stop) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestWriter_refusesWhatTheFormCannotHold(t *testing.T) {
	t.Parallel()
	type change func(*bank.StatementHead, *bank.StatementEntry)
	for name, tc := range map[string]struct {
		change change
		want   error
	}{
		"Chinese in set X":     {func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Text = "王" }, mt940.ErrLoss},
		"Chinese account":      {func(s *bank.StatementHead, _ *bank.StatementEntry) { s.Account = "王" }, mt940.ErrLoss},
		"no account":           {func(s *bank.StatementHead, _ *bank.StatementEntry) { s.Account = "" }, mt940.ErrLoss},
		"no currency":          {func(s *bank.StatementHead, _ *bank.StatementEntry) { s.Currency = "yuan" }, mt940.ErrLoss},
		"no opening balance":   {func(s *bank.StatementHead, _ *bank.StatementEntry) { s.Opening = nil }, mt940.ErrLoss},
		"no closing balance":   {func(s *bank.StatementHead, _ *bank.StatementEntry) { s.Closing = nil }, mt940.ErrLoss},
		"no day":               {func(s *bank.StatementHead, _ *bank.StatementEntry) { s.To = calendar.Day{} }, mt940.ErrLoss},
		"a day of 1979":        {func(s *bank.StatementHead, _ *bank.StatementEntry) { s.To = calendar.MustDay("1979-12-31") }, mt940.ErrLoss},
		"a number of letters":  {func(s *bank.StatementHead, _ *bank.StatementEntry) { s.Number = "A" }, mt940.ErrLoss},
		"a number of 6 digits": {func(s *bank.StatementHead, _ *bank.StatementEntry) { s.Number = "123456" }, mt940.ErrLoss},
		"a large amount": {
			func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Amount = figure("1234567890123.00") },
			mt940.ErrLoss,
		},
		"a long text": {
			func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Text = strings.Repeat("A", 400) },
			mt940.ErrLoss,
		},
		"seven lines": {
			func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Text = "A\nB\nC\nD\nE\nF\nG" },
			mt940.ErrLoss,
		},
		"a line that is an end": {
			func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Text = "A\n-\nB" },
			mt940.ErrLoss,
		},
		"a line that is a tag": {
			func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Text = "A\n:61:\nB" },
			mt940.ErrLoss,
		},
		"a name of 55": {
			func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Counterparty = strings.Repeat("A", 55) },
			mt940.ErrLoss,
		},
		"a name that is a part": {
			func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Counterparty = "A?20B" },
			mt940.ErrLoss,
		},
		"dates a year apart": {
			func(_ *bank.StatementHead, e *bank.StatementEntry) { e.BookingDate = calendar.MustDay("2027-11-25") },
			mt940.ErrLoss,
		},
		"out of order": {
			func(s *bank.StatementHead, _ *bank.StatementEntry) { s.Index = 1 },
			mt940.ErrOrder,
		},
		"another statement's entry": {
			func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Statement = 1 },
			mt940.ErrOrder,
		},
		"details that do not come": {
			func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Details = 1 },
			mt940.ErrOrder,
		},
	} {
		records := oneStatement()
		head, entry := is[bank.StatementHead](records[1]), oneEntry()
		tc.change(&head, &entry)
		lost := func(bank.Problem) error { return nil }
		if got, err := write(mt940.WriterOptions{Lost: lost}, records[0], head, entry); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v and\n%s", name, err, got)
		}
	}
	if _, err := write(mt940.WriterOptions{}, bank.FileHead{}); !errors.Is(err, mt940.ErrOrder) {
		t.Errorf("no statement: got %v", err)
	}
	if _, err := write(mt940.WriterOptions{}, bank.BatchHead{}); !errors.Is(err, mt940.ErrOrder) {
		t.Errorf("a batch: got %v", err)
	}
}

// TestWriter_linesThatLookLikeMore writes texts whose lines begin as no line of SWIFT may.
func TestWriter_linesThatLookLikeMore(t *testing.T) {
	t.Parallel()
	wide := strings.Repeat("X", 64)
	for _, text := range []string{
		"-", ":61:A", "-B", "A\n-B", "A\n:B", "A\n- B\n:C:\nD", "A\n-" + wide, "A\n:" + wide + "Y\nZ", wide + "X-B",
	} {
		entry := oneEntry()
		entry.Text = text
		content, err := write(mt940.WriterOptions{}, oneStatement(entry)...)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		for _, r := range read(t, content, mt940.Automatic) {
			if e, ok := r.(bank.StatementEntry); ok && e.Text != text {
				t.Errorf("%q is read as %q from\n%s", text, e.Text, content)
			}
		}
	}
}

// TestWriter_saysWhereAndWhy compares whole sentences: they are what a clerk gets.
func TestWriter_saysWhereAndWhy(t *testing.T) {
	t.Parallel()
	type change func(*bank.StatementHead, *bank.StatementEntry)
	setX := "characters that SWIFT's set X lacks; name a charset"
	for want, tc := range map[string]struct {
		charset mt940.Charset
		change  change
	}{
		"statement 0, entry 1: the text has " + setX: {
			0, func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Text = "A\n王" },
		},
		"statement 0, entry 1: the counterparty has " + setX: {
			0, func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Counterparty = "王" },
		},
		"statement 0, entry 1: the bank's reference has " + setX: {
			0, func(_ *bank.StatementHead, e *bank.StatementEntry) { e.BankReference = "王" },
		},
		"statement 0: the account has " + setX: {
			0, func(s *bank.StatementHead, _ *bank.StatementEntry) { s.Account = "王" },
		},
		"statement 0, entry 1: the text has characters that iso-8859-1 lacks": {
			mt940.Latin1, func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Text = "王" },
		},
		"statement 0, entry 1: line 2 of the text is - or begins with -}, which ends a message": {
			0, func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Text = "A\n-" },
		},
		"statement 0, entry 1: line 2 of the text begins like a tag of MT940": {
			0, func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Text = "A\n:61:B" },
		},
		"statement 0, entry 1: line 2 of the text begins like an envelope of SWIFT": {
			mt940.UTF8, func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Text = "A\n{1:B" },
		},
		"statement 0, entry 1: line 3 of the text, which is cut at 65 characters, would begin with -": {
			0, func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Text = "A\n" + strings.Repeat("X", 65) + "-B" },
		},
		"statement 0, entry 1: an amount has at most 15 characters": {
			0, func(_ *bank.StatementHead, e *bank.StatementEntry) { e.Amount = figure("1234567890123.00") },
		},
		"statement 0: a day must lie between 1980 and 2079": {
			0, func(s *bank.StatementHead, _ *bank.StatementEntry) { s.To = calendar.MustDay("1979-12-31") },
		},
	} {
		records := oneStatement(oneEntry())
		head, entry := is[bank.StatementHead](records[1]), oneEntry()
		entry.Index = 1
		tc.change(&head, &entry)
		_, err := write(mt940.WriterOptions{Charset: tc.charset}, records[0], head, records[2], entry)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Text != want || !errors.Is(err, mt940.ErrLoss) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestWriter_writesWhatWasRead draws records and reads back what was written of them.
func TestWriter_writesWhatWasRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		charset := rapid.SampledFrom([]mt940.Charset{mt940.Automatic, mt940.UTF8, mt940.GB18030}).Draw(t, "charset")
		records := drawStatements(t, charset != mt940.Automatic)
		content, err := write(mt940.WriterOptions{Charset: charset}, records...)
		if errors.Is(err, mt940.ErrLoss) || errors.Is(err, mt940.ErrCharset) {
			return // refused, which the tables above tell of
		}
		if err != nil {
			t.Fatal(err)
		}
		var got []bank.Record
		for _, r := range readAll(t, content, charset) {
			switch v := r.(type) {
			case bank.StatementHead:
				v.Balanced = nil
				got = append(got, v)
			case bank.Problem, bank.End:
			default:
				got = append(got, r)
			}
		}
		if diff := cmp.Diff(records, got, plainly()); diff != "" {
			t.Fatalf("%s(-written, +read):\n%s", content, diff)
		}
	})
}

func readAll(t *rapid.T, content string, charset mt940.Charset) []bank.Record {
	var records []bank.Record
	err := mt940.Read(t.Context(), strings.NewReader(content), mt940.Options{Charset: charset}, func(r bank.Record) error {
		records = append(records, r)
		return nil
	})
	if err != nil {
		t.Fatalf("%s%v", content, err)
	}
	return records
}

func drawStatements(t *rapid.T, chinese bool) []bank.Record {
	letters := "AZ09 /-?:().,'+"
	if chinese {
		letters += "王東𠮷"
	}
	text := func(name string, longest int) string {
		s := rapid.StringOfN(rapid.SampledFrom([]rune(letters)), 0, longest, -1).Draw(t, name)
		return strings.TrimSpace(s)
	}
	day := func(name string) calendar.Day {
		return calendar.MustDay("2026-01-01").AddDays(rapid.IntRange(0, 3000).Draw(t, name))
	}
	amount := func(name string) bank.Figure {
		return bank.FigureOf(money.Amount(rapid.Int64Range(0, 99_999_999_999).Draw(t, name)))
	}
	signed := func(name string) *bank.Figure {
		f := amount(name)
		if rapid.Bool().Draw(t, name+" negative") {
			f = f.Negate()
		}
		return &f
	}
	records := []bank.Record{bank.FileHead{Format: "mt940", Kind: "statement", MessageID: text("message", 16)}}
	for s := range rapid.IntRange(1, 3).Draw(t, "statements") {
		records = append(records, bank.StatementHead{
			Index: s, Account: "6100001", Currency: "CNY", Number: rapid.StringMatching(`[0-9]{1,5}`).Draw(t, "number"),
			Page: rapid.StringMatching(`[0-9]{0,5}`).Draw(t, "page"), From: day("from"), To: day("to"),
			Opening: signed("opening"), Closing: signed("closing"),
		})
		for e := range rapid.IntRange(0, 3).Draw(t, "entries") {
			entry := bank.StatementEntry{
				Statement: s, Index: e, Amount: amount("amount"), ValueDate: day("value"),
				Direction: rapid.SampledFrom([]bank.Direction{bank.Credit, bank.Debit}).Draw(t, "direction"),
				Status:    "booked", Reversal: rapid.Bool().Draw(t, "reversal"),
				EndToEndID: text("end to end", 20), BankReference: text("bank", 16), Text: text("text", 200),
			}
			if rapid.Bool().Draw(t, "pending") {
				entry.Status, entry.Reversal = "pending", false
			}
			if rapid.Bool().Draw(t, "booking") {
				entry.BookingDate = entry.ValueDate.AddDays(rapid.IntRange(-180, 180).Draw(t, "days"))
			}
			if rapid.Bool().Draw(t, "party") {
				entry.Counterparty, entry.CounterpartyAccount = text("name", 40), text("account", 30)
				entry.BatchID = text("batch", 12)
			}
			records = append(records, entry)
		}
	}
	return records
}
