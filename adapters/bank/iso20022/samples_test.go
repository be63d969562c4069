package iso20022_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"twoline/adapters/bank/iso20022"
	"twoline/gateway/bank"
)

// samples is the folder of public files named by TWOLINE_SAMPLES. They are not
// ours to ship: without them the files of testdata and the generated ones stand
// for the same.
func samples(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("TWOLINE_SAMPLES")
	if dir == "" {
		t.Skip("TWOLINE_SAMPLES names no folder of public sample files")
	}
	return dir
}

func TestSamples_agreeWithTheStandardDecoder(t *testing.T) {
	t.Parallel()
	dir := samples(t)
	read := 0
	for _, family := range []string{"camt.052", "camt.053", "camt.054", "pain.001", "pain.002", "pain.008"} {
		names, err := filepath.Glob(filepath.Join(dir, family, "*"))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: no files, %v", family, err)
		}
		for _, name := range names {
			file, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			format, ok := iso20022.Detect(file[:min(4096, len(file))])
			if !ok || !strings.HasPrefix(format, family) {
				t.Errorf("%s: detected as %q", name, format)
			}
			records, err := try(t.Context(), strings.NewReader(string(file)))
			if filepath.Base(name) == "genkgo__camt053.v2.wrong.xml" {
				// It holds no statement, of which the schema demands one: it says nothing
				// of any account, and must not count as a statement that was read.
				if !errors.Is(err, iso20022.ErrStructure) {
					t.Errorf("%s: got %v, want ErrStructure", name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			read++
			t.Run(filepath.Base(name), func(t *testing.T) { t.Parallel(); agree(t, file, records) })
		}
	}
	if read < 54 {
		t.Errorf("%d files were read, there are 54", read)
	}
	broken, err := filepath.Glob(filepath.Join(dir, "broken", "*"))
	if err != nil || len(broken) == 0 {
		t.Fatalf("no broken files, %v", err)
	}
	for _, name := range broken {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if records, err := try(t.Context(), strings.NewReader(string(file))); err == nil {
			t.Errorf("%s was read: %v", name, records)
		}
	}
}

// manifest is what two independent tools found in a sample.
type manifest struct {
	Statements *int `json:"statements"`
	Entries    int  `json:"entries"`
	Details    int  `json:"tx_details"`
	Each       []struct {
		Account  *string         `json:"account"`
		Entries  int             `json:"entries"`
		Credits  int             `json:"n_credit"`
		Debits   int             `json:"n_debit"`
		Credit   decimal.Decimal `json:"sum_credit"`
		Debit    decimal.Decimal `json:"sum_debit"`
		Opening  *string         `json:"opening"`
		Closing  *string         `json:"closing"`
		Reversed int             `json:"reversals"`
		Status   map[string]int  `json:"status"`
		Balanced *bool           `json:"balance_equation_holds"`
	} `json:"per_statement"`
	MsgID   string           `json:"MsgId"`
	Batches *int             `json:"n_pmtinf"`
	Items   int              `json:"n_tx"`
	Sum     *decimal.Decimal `json:"sum"`
	CountOK *bool            `json:"nb_matches"`
	SumOK   *bool            `json:"ctrlsum_matches"`
	Answers *int             `json:"n_tx_status"`
	GrpSts  string           `json:"GrpSts"`
	Reasons []string         `json:"grp_reasons"`
}

func TestSamples_haveTheFactsOfTheManifest(t *testing.T) {
	t.Parallel()
	dir := samples(t)
	f, err := os.Open(filepath.Join(dir, "manifest.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	table := csv.NewReader(f)
	table.Comma, table.LazyQuotes, table.FieldsPerRecord = '\t', false, -1
	rows, err := table.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	facts := slices.Index(rows[0], "expected_facts_json")
	class := slices.Index(rows[0], "class")
	checked := 0
	for _, row := range rows[1:] {
		if !strings.HasPrefix(row[1], "camt") && !strings.HasPrefix(row[1], "pain") {
			continue
		}
		var want manifest
		if err := json.Unmarshal([]byte(row[facts]), &want); err != nil {
			t.Fatalf("%s: %v", row[0], err)
		}
		file, err := os.ReadFile(filepath.Join(dir, row[0]))
		if err != nil {
			t.Fatal(err)
		}
		records, err := try(t.Context(), strings.NewReader(string(file)))
		if (err != nil) != (row[class] == "broken") {
			t.Errorf("%s: %v, the manifest says it is %s", row[0], err, row[class])
		}
		if err != nil {
			continue
		}
		checked++
		want.check(t, row[0], records)
	}
	if checked < 54 {
		t.Errorf("%d samples were checked", checked)
	}
}

func (m *manifest) check(t *testing.T, name string, records []bank.Record) {
	t.Helper()
	var statements []bank.StatementHead
	var entries []bank.StatementEntry
	var results []bank.Result
	details, batches, items := 0, 0, 0
	sum := decimal.Zero
	for _, r := range records {
		switch v := r.(type) {
		case bank.FileHead:
			if m.MsgID != "" && v.MessageID != m.MsgID {
				t.Errorf("%s: message %q, want %q", name, v.MessageID, m.MsgID)
			}
		case bank.StatementHead:
			statements = append(statements, v)
		case bank.StatementEntry:
			entries = append(entries, v)
		case bank.EntryDetail:
			details++
		case bank.BatchHead:
			batches++
		case bank.BatchItem:
			items++
			sum = sum.Add(decimal.RequireFromString(v.Amount.String()))
		case bank.Result:
			results = append(results, v)
		}
	}
	switch {
	case m.Statements != nil:
		if len(statements) != *m.Statements || len(entries) != m.Entries || details != m.Details {
			t.Errorf("%s: %d statements, %d entries, %d details; want %d, %d, %d",
				name, len(statements), len(entries), details, *m.Statements, m.Entries, m.Details)
			return
		}
		m.checkStatements(t, name, statements, entries)
	case m.Batches != nil:
		wrong := slices.Contains(problems(records), "error control_total")
		if batches != *m.Batches || items != m.Items || !sum.Equal(*m.Sum) || wrong == (*m.CountOK && *m.SumOK) {
			t.Errorf("%s: %d batches, %d items of %s, wrong totals %t; want %+v", name, batches, items, sum, wrong, m)
		}
	case m.Answers != nil:
		n := 0
		for _, r := range results {
			if r.Level == "item" {
				n++
			}
			if r.Level == "file" && (r.Status != m.GrpSts || len(m.Reasons) > 0 && r.Code != m.Reasons[0]) {
				t.Errorf("%s: %+v, want %s %v", name, r, m.GrpSts, m.Reasons)
			}
		}
		if n != *m.Answers || m.GrpSts != "" && (len(results) == 0 || results[0].Level != "file") {
			t.Errorf("%s: %d answers, want %d", name, n, *m.Answers)
		}
	default:
		t.Errorf("%s: the manifest says nothing", name)
	}
}

func (m *manifest) checkStatements(t *testing.T, name string, statements []bank.StatementHead, entries []bank.StatementEntry) {
	t.Helper()
	for i, want := range m.Each {
		s := statements[i]
		got := want
		got.Entries, got.Credits, got.Debits, got.Reversed, got.Status = 0, 0, 0, 0, map[string]int{}
		got.Credit, got.Debit = decimal.Zero, decimal.Zero
		for _, e := range entries {
			if e.Statement != i {
				continue
			}
			got.Entries++
			if e.Reversal {
				got.Reversed++
			}
			got.Status[map[string]string{"booked": "BOOK", "pending": "PDNG", "info": "INFO"}[e.Status]]++
			value := decimal.RequireFromString(e.Amount.String())
			if e.Direction == bank.Credit {
				got.Credits++
				got.Credit = got.Credit.Add(value)
			} else {
				got.Debits++
				got.Debit = got.Debit.Add(value)
			}
		}
		same := got.Entries == want.Entries && got.Credits == want.Credits && got.Debits == want.Debits &&
			got.Reversed == want.Reversed && got.Credit.Equal(want.Credit) && got.Debit.Equal(want.Debit)
		for status, n := range want.Status {
			same = same && got.Status[status] == n
		}
		if !same {
			t.Errorf("%s, statement %d: got %+v, want %+v", name, i, got, want)
		}
		equal := func(f *bank.Figure, w *string) bool {
			return (f == nil) == (w == nil) && (f == nil || number(f.String()) == number(*w))
		}
		if !equal(s.Opening, want.Opening) || !equal(s.Closing, want.Closing) ||
			want.Account != nil && *want.Account != s.Account ||
			want.Balanced != nil && (s.Balanced == nil || *s.Balanced != *want.Balanced) {
			t.Errorf("%s, statement %d: head %+v, want %+v", name, i, s, want)
		}
	}
}
