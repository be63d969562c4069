package iso20022_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec" //nolint:depguard // xmllint is the judge of what is written
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"twoline/adapters/bank/iso20022"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

func writtenFormats() []string {
	return []string{
		iso20022.CreditTransfer2009, iso20022.CreditTransfer2019, iso20022.DirectDebit2009, iso20022.DirectDebit2019,
	}
}

// lint proves files by their schema; that xmllint is missing is a failure.
func lint(t *testing.T, format string, files ...string) {
	t.Helper()
	args := append([]string{"--noout", "--nonet", "--schema", filepath.Join("testdata", "xsd", format+".xsd")}, files...)
	out, err := exec.CommandContext(t.Context(), "xmllint", args...).CombinedOutput()
	if err != nil {
		t.Errorf("xmllint (package libxml2-utils) by %s: %v\n%s", format, err, out)
	}
}

// lintText is lint of a text.
func lintText(t *testing.T, format, text string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), format+".xml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	lint(t, format, name)
}

func TestTestdataIsValidByTheSchemas(t *testing.T) {
	t.Parallel()
	for _, format := range []string{
		"pain.001.001.03", "pain.001.001.09", "pain.001.001.12", "pain.008.001.02", "pain.008.001.08", "pain.002.001.03",
		"pain.002.001.10", "pacs.004.001.02", "pacs.004.001.09", "camt.029.001.03", "camt.029.001.09", "camt.053.001.08",
	} {
		lint(t, format, filepath.Join("testdata", format+".xml"))
	}
}

func direction(format string) bank.BatchDirection {
	if strings.HasPrefix(format, "pain.008") {
		return bank.Collection
	}
	return bank.Payment
}

// options are the least that a file is written with; fullOptions are all of them.
func options(format string) iso20022.BatchOptions {
	return iso20022.BatchOptions{
		Format: format, MessageID: "MSG-1", Created: time.Date(2026, 11, 25, 8, 0, 0, 0, calendar.Shanghai()),
		Initiator: iso20022.Party{Name: "青石县社会保险中心"}, Owner: "青石县社会保险中心",
		Agent: iso20022.Agent{MemberID: "402100000018"},
	}
}

func fullOptions(format string) iso20022.BatchOptions {
	o := options(format)
	o.Initiator.ID, o.Account, o.Agent.BIC, o.ClearingSystem = "A-0001", "6100001", "RCCBCNBJXXX", "CNAPS"
	o.BatchBooking, o.ChargeBearer, o.Identify = new(false), "SLEV", true
	o.ServiceLevel, o.LocalInstrument = iso20022.Code{Code: "NURG"}, iso20022.Code{Own: "00603"}
	o.CategoryPurpose, o.Purpose = iso20022.Code{Code: "PENS"}, iso20022.Code{Code: "SSBE"}
	if direction(format) == bank.Collection {
		o.SequenceType, o.MandateRequired = "RCUR", true
		o.CreditorScheme = iso20022.CreditorScheme{ID: "CN00ZZZ0001", Scheme: "SEPA"}
	}
	return o
}

// instructions are a file's records that need nothing left out with full options.
func instructions(format string) []bank.Record {
	day := calendar.MustDay("2026-11-26")
	records := []bank.Record{
		bank.FileHead{Format: format, Kind: "batch", MessageID: "MSG-1", Created: "2026-11-25T08:00:00+08:00"},
		bank.BatchHead{
			Direction: direction(format), BatchID: "00000007", Count: 2, Sum: figure("350.25"), ExecutionDate: day,
			Account: "6100001",
		},
		bank.BatchItem{
			ItemID: "1000001", Amount: figure("183.10"), Currency: "CNY", Name: "阿依古丽·买买提", Account: "6217000012345678",
			Bank: "403100000004", Mandate: "XY-1", IDNumber: "11010519491231002X", SocialNo: "610300001", Text: "城乡居民 <养老金>",
		},
		bank.BatchItem{
			Index: 1, ItemID: "1000002", Amount: figure("167.15"), Currency: "CNY", Name: "王 & 李",
			Account: "CH9300762011623852957", Bank: "PSBCCNBJXXX", Mandate: "XY-2",
		},
		bank.BatchHead{
			Index: 1, Direction: direction(format), BatchID: "00000008", Count: 1, Sum: figure("10.00"), ExecutionDate: day,
			Account: "6100001",
		},
		bank.BatchItem{Batch: 1, ItemID: "1000003", Amount: figure("10.00"), Currency: "CNY", Name: "赵", Account: "1", Mandate: "XY-3"},
		bank.End{Items: 3},
	}
	if direction(format) == bank.Payment {
		for i, r := range records {
			if item, ok := r.(bank.BatchItem); ok {
				item.Mandate = ""
				records[i] = item
			}
		}
	}
	return records
}

// each gives records out, as often as it is asked.
func each(records []bank.Record) func(bank.Emit) error {
	return func(emit bank.Emit) error {
		for _, r := range records {
			if err := emit(r); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestWriteBatches_validAndReadBackInEveryFormat(t *testing.T) {
	t.Parallel()
	for _, format := range writtenFormats() {
		for name, o := range map[string]iso20022.BatchOptions{"least": options(format), "full": fullOptions(format)} {
			var b bytes.Buffer
			want := instructions(format)
			lost := 0
			o.Lost = func(p bank.Problem) error {
				if lost++; p.Code != "lost" || p.Severity != bank.SeverityWarning || p.Path != "batch 0, item 0" {
					t.Errorf("%s: told %+v", format, p)
				}
				return nil
			}
			if err := iso20022.WriteBatches(&b, o, each(want)); err != nil {
				t.Errorf("%s, %s: %v", format, name, err)
				continue
			}
			if name == "least" {
				if lost != 2 {
					t.Errorf("%s: %d losses told, want the id and the social-security number once each", format, lost)
				}
				item, _ := want[2].(bank.BatchItem)
				item.IDNumber, item.SocialNo = "", ""
				want[2] = item
			}
			lintText(t, format, b.String())
			if diff := cmp.Diff(want, read(t, bytes.NewReader(b.Bytes())), cmpFigures()); diff != "" {
				t.Errorf("%s, %s (-written, +read):\n%s", format, name, diff)
			}
			var again bytes.Buffer
			o.Lost = func(bank.Problem) error { return nil }
			if err := iso20022.WriteBatches(&again, o, each(instructions(format))); err != nil || again.String() != b.String() {
				t.Errorf("%s, %s: the same records gave other bytes, %v", format, name, err)
			}
			if name == "full" {
				checkElements(t, format, b.String())
			}
		}
	}
}

// checkElements looks for what the records do not say.
func checkElements(t *testing.T, format, text string) {
	t.Helper()
	want := []string{
		"<CreDtTm>2026-11-25T08:00:00+08:00</CreDtTm><NbOfTxs>3</NbOfTxs><CtrlSum>360.25</CtrlSum>",
		"<NbOfTxs>2</NbOfTxs><CtrlSum>350.25</CtrlSum>", "<NbOfTxs>1</NbOfTxs><CtrlSum>10.00</CtrlSum>",
		"<BtchBookg>false</BtchBookg>", "<SvcLvl><Cd>NURG</Cd></SvcLvl>", "<LclInstrm><Prtry>00603</Prtry></LclInstrm>",
		"<CtgyPurp><Cd>PENS</Cd></CtgyPurp>", "<ChrgBr>SLEV</ChrgBr>", "<Purp><Cd>SSBE</Cd></Purp>", "<Ccy>CNY</Ccy>",
		"<ClrSysMmbId><ClrSysId><Cd>CNAPS</Cd></ClrSysId><MmbId>403100000004</MmbId></ClrSysMmbId>",
	}
	switch format {
	case iso20022.CreditTransfer2009:
		want = append(want, "<ReqdExctnDt>2026-11-26</ReqdExctnDt>", "<BIC>PSBCCNBJXXX</BIC>", "<PmtMtd>TRF</PmtMtd>")
	case iso20022.CreditTransfer2019:
		want = append(want, "<ReqdExctnDt><Dt>2026-11-26</Dt></ReqdExctnDt>", "<BICFI>PSBCCNBJXXX</BICFI>")
	case iso20022.DirectDebit2009, iso20022.DirectDebit2019:
		want = append(want, "<SeqTp>RCUR</SeqTp>", "<MndtId>XY-2</MndtId>", "<PmtMtd>DD</PmtMtd>", "<ReqdColltnDt>2026-11-26</ReqdColltnDt>",
			"<CdtrSchmeId><Id><PrvtId><Othr><Id>CN00ZZZ0001</Id><SchmeNm><Prtry>SEPA</Prtry></SchmeNm></Othr></PrvtId></Id></CdtrSchmeId>",
			"<Othr><Id>NOTPROVIDED</Id></Othr>")
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%s lacks %s", format, w)
		}
	}
}

func TestNewBatchWriter_provesTheTotalsThatItWasTold(t *testing.T) {
	t.Parallel()
	format := iso20022.CreditTransfer2019
	right := iso20022.Totals{Count: 3, Sum: figure("360.25")}
	write := func(total iso20022.Totals, change func(*bank.BatchHead)) (string, error) {
		var b bytes.Buffer
		w := iso20022.NewBatchWriter(&b, fullOptions(format), total)
		for _, r := range instructions(format) {
			if h, ok := r.(bank.BatchHead); ok {
				change(&h)
				r = h
			}
			if err := w.Write(r); err != nil {
				return "", err
			}
		}
		return b.String(), w.Close()
	}
	if _, err := write(right, func(*bank.BatchHead) {}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		total  iso20022.Totals
		change func(*bank.BatchHead)
	}{
		"count of the file": {iso20022.Totals{Count: 2, Sum: figure("360.25")}, func(*bank.BatchHead) {}},
		"sum of the file":   {iso20022.Totals{Count: 3, Sum: figure("360.26")}, func(*bank.BatchHead) {}},
		"nothing":           {iso20022.Totals{}, func(*bank.BatchHead) {}},
		"count of a batch":  {right, func(h *bank.BatchHead) { h.Count++ }},
		"sum of a batch":    {right, func(h *bank.BatchHead) { h.Sum = figure("350.24") }},
		"none of a batch":   {right, func(h *bank.BatchHead) { h.Count, h.Sum = 0, bank.Figure{} }},
	} {
		if _, err := write(tt.total, tt.change); !errors.Is(err, bank.ErrControlTotal) {
			t.Errorf("%s: got %v, want ErrControlTotal", name, err)
		}
	}
}

func TestWriteBatches_computesTotalsAndRefusesOthers(t *testing.T) {
	t.Parallel()
	format := iso20022.DirectDebit2019
	for name, tt := range map[string]struct {
		change func(*bank.BatchHead)
		want   error
	}{
		"right":         {func(*bank.BatchHead) {}, nil},
		"left out":      {func(h *bank.BatchHead) { h.Count, h.Sum = 0, bank.Figure{} }, nil},
		"one more":      {func(h *bank.BatchHead) { h.Count++ }, bank.ErrControlTotal},
		"a fen less":    {func(h *bank.BatchHead) { h.Sum, _ = h.Sum.Add(figure("-0.01")) }, bank.ErrControlTotal},
		"only no count": {func(h *bank.BatchHead) { h.Count = 0 }, bank.ErrControlTotal},
	} {
		records := instructions(format)
		for i, r := range records {
			if h, ok := r.(bank.BatchHead); ok {
				tt.change(&h)
				records[i] = h
			}
		}
		var b bytes.Buffer
		err := iso20022.WriteBatches(&b, fullOptions(format), each(records))
		if !errors.Is(err, tt.want) || err == nil && tt.want != nil {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
		if err != nil && b.Len() > 0 {
			t.Errorf("%s: %d bytes were written of a file that was refused", name, b.Len())
		}
		if err == nil {
			checkElements(t, format, b.String())
		}
	}
	times := 0
	changing := func(emit bank.Emit) error {
		records := instructions(format)
		if times++; times == 2 {
			item, _ := records[5].(bank.BatchItem)
			item.Amount = figure("11.00")
			records[5] = item
		}
		return each(records)(emit)
	}
	if err := iso20022.WriteBatches(io.Discard, fullOptions(format), changing); !errors.Is(err, iso20022.ErrChanged) {
		t.Errorf("records that changed: got %v, want ErrChanged", err)
	}
}

// change is a change of the options, the first batch and the first item.
type change func(*iso20022.BatchOptions, *bank.BatchHead, *bank.BatchItem)

func TestWriteBatches_refusesWhatTheSchemaCannotHold(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("王", 36)
	for field, changes := range map[string]map[string]change{
		"options": {
			"format":        func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.Format = "pain.001.001.08" },
			"no message id": func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.MessageID = "" },
			"message id":    func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.MessageID = long },
			"no instant":    func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.Created = time.Time{} },
			"no initiator":  func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.Initiator = iso20022.Party{} },
			"no owner":      func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.Owner = "" },
			"owner": func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) {
				o.Owner = strings.Repeat("x", 141)
			},
			"no agent": func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.Agent = iso20022.Agent{} },
			"bic":      func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.Agent.BIC = "402100000018" },
			"clearing": func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.ClearingSystem = "CNAPS2" },
			"sequence": func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.SequenceType = "ONCE" },
			"charges":  func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.ChargeBearer = "OUR" },
			"scheme": func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) {
				o.CreditorScheme.Scheme, o.CreditorScheme.ID = "S", ""
			},
			"two codes": func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) {
				o.Purpose = iso20022.Code{Code: "PENS", Own: "00602"}
			},
			"code": func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) {
				o.Purpose = iso20022.Code{Code: "00603"}
			},
			"currency": func(o *iso20022.BatchOptions, _ *bank.BatchHead, _ *bank.BatchItem) { o.Currency = "RMB1" },
		},
		"batch 0": {
			"other account": func(_ *iso20022.BatchOptions, h *bank.BatchHead, _ *bank.BatchItem) { h.Account = "6100002" },
			"no account":    func(o *iso20022.BatchOptions, h *bank.BatchHead, _ *bank.BatchItem) { o.Account, h.Account = "", "" },
			"no id":         func(_ *iso20022.BatchOptions, h *bank.BatchHead, _ *bank.BatchItem) { h.BatchID = "" },
			"id":            func(_ *iso20022.BatchOptions, h *bank.BatchHead, _ *bank.BatchItem) { h.BatchID = long },
			"no day":        func(_ *iso20022.BatchOptions, h *bank.BatchHead, _ *bank.BatchItem) { h.ExecutionDate = calendar.Day{} },
			"direction": func(_ *iso20022.BatchOptions, h *bank.BatchHead, _ *bank.BatchItem) {
				h.Direction = map[bank.BatchDirection]bank.BatchDirection{bank.Payment: bank.Collection, bank.Collection: bank.Payment}[h.Direction]
			},
		},
		"batch 0, item 0": {
			"no id":           func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.ItemID = "" },
			"id":              func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.ItemID = long },
			"id that is none": func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.ItemID = "notprovided" },
			"no name":         func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.Name = "" },
			"name": func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) {
				i.Name = strings.Repeat("𠮷", 141)
			},
			"character":  func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.Name = "王\x01" },
			"not UTF-8":  func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.Name = "王\xFF" },
			"blank":      func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.Name = "王 " },
			"no account": func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.Account = "" },
			"account": func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) {
				i.Account = strings.Repeat("1", 35)
			},
			"bank":             func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.Bank = long },
			"bank that is not": func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.Bank = "NOTPROVIDED" },
			"text": func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) {
				i.Text = strings.Repeat("x", 141)
			},
			"id number":      func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.IDNumber = long },
			"negative":       func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.Amount = figure("-1.00") },
			"three decimals": func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.Amount = figure("1.001") },
			"other currency": func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.Currency = "USD" },
			"region":         func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) { i.Region = "610304" },
			"mandate": func(_ *iso20022.BatchOptions, _ *bank.BatchHead, i *bank.BatchItem) {
				// What one message demands the other has no element for.
				i.Mandate = map[bool]string{true: "", false: "XY"}[i.Mandate != ""]
			},
		},
	} {
		for _, format := range writtenFormats() {
			for name, alter := range changes {
				o, records := fullOptions(format), instructions(format)[1:]
				h, _ := records[0].(bank.BatchHead)
				i, _ := records[1].(bank.BatchItem)
				h.Count, h.Sum = 0, bank.Figure{}
				alter(&o, &h, &i)
				records[0], records[1] = h, i
				var b bytes.Buffer
				err := iso20022.WriteBatches(&b, o, each(records))
				var f *fault.Error
				if !errors.As(err, &f) || f.Kind != fault.Unprocessable || b.Len() > 0 || f.Field == "" {
					t.Errorf("%s, %s, %s: got %v and %d bytes", format, field, name, err, b.Len())
				} else if field != "options" && !strings.HasPrefix(f.Text, field+": ") {
					t.Errorf("%s, %s, %s: %q does not name the place", format, field, name, f.Text)
				}
			}
		}
	}
}

func TestBatchWriter_refusesRecordsOutOfOrder(t *testing.T) {
	t.Parallel()
	format := iso20022.CreditTransfer2009
	all := instructions(format)
	head, batch, item := all[0], all[1], all[2]
	for name, records := range map[string][]bank.Record{
		"nothing": {}, "head only": {head}, "two heads": {head, head}, "a head late": {batch, head}, "an item first": {item},
		"no item": {batch}, "an item again": {batch, item, item}, "a batch again": {batch, item, all[3], batch},
		"a statement": {bank.StatementHead{}}, "a result": {batch, bank.Result{}},
	} {
		if err := iso20022.WriteBatches(io.Discard, fullOptions(format), each(records)); !errors.Is(err, iso20022.ErrOrder) {
			t.Errorf("%s: got %v, want ErrOrder", name, err)
		}
	}
	if err := iso20022.WriteBatches(failing{}, fullOptions(format), each(all)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want the writer's error", err)
	}
	own := errors.New("no loss is taken")
	o := options(format)
	o.Lost = func(bank.Problem) error { return own }
	if err := iso20022.WriteBatches(io.Discard, o, each(all)); !errors.Is(err, own) {
		t.Errorf("got %v, want the error of Lost", err)
	}
	if err := iso20022.WriteBatches(io.Discard, options(format), each(all)); !errors.Is(err, iso20022.ErrLoss) {
		t.Errorf("got %v, want ErrLoss where nobody is told", err)
	}
}

// drawInstructions draws a file that any of the formats can hold.
func drawInstructions(t *rapid.T, format string) []bank.Record {
	records := []bank.Record{bank.FileHead{
		Format: format, Kind: "batch", MessageID: "M" + drawText(t, 34, "message"), Created: "2026-11-25T08:00:00",
	}}
	items := 0
	for b := range rapid.IntRange(1, 3).Draw(t, "batches") {
		var total iso20022.Totals
		at := len(records)
		records = append(records, nil)
		for i := range rapid.IntRange(1, 4).Draw(t, "items") {
			item := bank.BatchItem{
				Batch: b, Index: i, ItemID: "E" + drawText(t, 34, "id"), Currency: "CNY", Name: "N" + drawText(t, 100, "name"),
				Amount:  bank.FigureOf(money.Amount(rapid.Int64Range(0, int64(money.Max)).Draw(t, "amount"))),
				Account: rapid.SampledFrom([]string{"1", "CH9300762011623852957", "A" + drawText(t, 33, "account")}).Draw(t, "which"),
				Bank:    rapid.SampledFrom([]string{"", "403100000004", "PSBCCNBJ", "psbccnbj", "12345678901"}).Draw(t, "bank"),
				Text:    drawText(t, 140, "text"), IDNumber: drawText(t, 35, "id number"), SocialNo: drawText(t, 35, "social"),
			}
			if direction(format) == bank.Collection {
				item.Mandate = drawText(t, 35, "mandate")
			}
			total.Count++
			total.Sum, _ = total.Sum.Add(item.Amount)
			records = append(records, item)
			items++
		}
		records[at] = bank.BatchHead{
			Index: b, Direction: direction(format), BatchID: "B" + drawText(t, 34, "batch"), Count: total.Count, Sum: total.Sum,
			ExecutionDate: calendar.MustDay("2026-11-25").AddDays(rapid.IntRange(-400, 400).Draw(t, "day")),
			Account:       "A" + drawText(t, 33, "own"),
		}
	}
	return append(records, bank.End{Items: items})
}

func TestWriteBatches_thenReadGivesEqualRecords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		format := rapid.SampledFrom(writtenFormats()).Draw(t, "format")
		want := drawInstructions(t, format)
		o := options(format)
		o.MessageID, o.Created, o.Identify = "", time.Time{}, true
		var b bytes.Buffer
		if err := iso20022.WriteBatches(&b, o, each(want)); err != nil {
			t.Fatal(err)
		}
		got, err := try(t.Context(), bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
		if diff := cmp.Diff(want, got, withoutScale()); diff != "" {
			t.Fatalf("(-written, +read):\n%s", diff)
		}
	})
}

// Whatever is drawn is valid: many files in one run of xmllint, which is slow to start.
func TestWriteBatches_whatIsDrawnIsValid(t *testing.T) {
	t.Parallel()
	for _, format := range writtenFormats() {
		dir := t.TempDir()
		var files []string
		for seed := range 40 {
			records := rapid.Custom(func(t *rapid.T) []bank.Record { return drawInstructions(t, format) }).Example(seed)
			o := fullOptions(format)
			o.Account, o.MandateRequired = "", false
			if seed%2 == 0 {
				o = options(format)
				o.Lost = func(bank.Problem) error { return nil }
			}
			name := filepath.Join(dir, format+"-"+time.Duration(seed).String()+".xml")
			f, err := os.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(iso20022.WriteBatches(f, o, each(records)), f.Close()); err != nil {
				t.Fatal(err)
			}
			files = append(files, name)
		}
		lint(t, format, files...)
	}
}

// The statement writer is proved by the schema as well.
func TestWriter_whatIsDrawnIsValid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	for seed := range 40 {
		records := rapid.Custom(func(t *rapid.T) []bank.Record { return drawStatement(t, 0) }).Example(seed)
		name := filepath.Join(dir, time.Duration(seed).String()+".xml")
		var b bytes.Buffer
		if err := iso20022.WriteStatement(&b, append([]bank.Record{head()}, records...)...); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, name)
	}
	lint(t, iso20022.StatementFormat, files...)
}
