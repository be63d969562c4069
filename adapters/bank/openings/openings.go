// Package openings writes and reads the files of account openings in the format
// that a partner bank takes: the five fields of a rural cooperative, else
// canonical JSON Lines.
package openings

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"twoline/adapters/bank/delimited"
	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/jsonl"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
	"twoline/gateway/registry"
)

// Files implements registry.OpeningFiles. It is safe for concurrent use.
type Files struct{ codecs map[string]*gb18030.Codec }

// New makes Files with their tables of characters.
func New() *Files {
	return &Files{codecs: map[string]*gb18030.Codec{
		"gb18030": gb18030.New(gb18030.GB18030), "gbk": gb18030.New(gb18030.GBK),
	}}
}

// Check refuses a row with a character that the bank's charset lacks.
func (f *Files) Check(b registry.Bank, row registry.OpeningRow) error {
	codec, ok := f.codecs[b.Charset]
	if !ok || b.Format != registry.RuralCooperative {
		return nil
	}
	for _, text := range []string{row.Name.Plain(), row.RegionName} {
		if err := codec.Check(text); err != nil {
			return err
		}
	}
	return nil
}

// Write returns the file's bytes, the same for the same rows.
func (f *Files) Write(b registry.Bank, rows []registry.OpeningRow) ([]byte, error) {
	var out bytes.Buffer
	var err error
	if b.Format == registry.RuralCooperative {
		err = writeRural(&out, b, rows)
	} else {
		err = writeLines(&out, rows)
	}
	if err != nil {
		return nil, fmt.Errorf("write account openings: %w", err)
	}
	return out.Bytes(), nil
}

func itemOf(i int, r registry.OpeningRow) bank.BatchItem {
	return bank.BatchItem{
		Index: i, Name: r.Name.Plain(), IDNumber: r.IDNumber.Plain(), SocialNo: r.SocialNo, Region: r.Region.String(),
		Text: r.RegionName,
	}
}

func writeRural(out io.Writer, b registry.Bank, rows []registry.OpeningRow) error {
	layout := delimited.RuralCooperativeAccountOpening()
	layout.Charset = delimited.Charset(b.Charset)
	w, err := delimited.NewWriter(out, layout)
	if err != nil {
		return err
	}
	if err := w.WriteBatch(bank.BatchHead{Count: len(rows)}); err != nil {
		return err
	}
	for i, r := range rows {
		if err := w.WriteItem(itemOf(i, r)); err != nil {
			return err
		}
	}
	_, err = w.Close()
	return err
}

func writeLines(out io.Writer, rows []registry.OpeningRow) error {
	records := []bank.Record{
		bank.FileHead{Format: "jsonl", Kind: "batch"}, bank.BatchHead{Count: len(rows)},
	}
	for i, r := range rows {
		records = append(records, itemOf(i, r))
	}
	w := jsonl.NewWriter(out)
	for _, r := range append(records, bank.End{Items: len(rows)}) {
		if err := w.Write(r); err != nil {
			return err
		}
	}
	return w.Close()
}

// ErrPart is returned for a rural cooperative's result whose part is not known.
var ErrPart = fault.New(fault.Invalid, "part",
	"a result of account openings is part S, the accounts opened, or part F, those refused")

// Read gives the results of a bank's file in its order.
func (f *Files) Read(ctx context.Context, b registry.Bank, part string, file io.Reader, emit bank.Emit) error {
	if b.Format != registry.RuralCooperative {
		return jsonl.Read(ctx, file, emit)
	}
	var layout delimited.Layout
	switch part {
	case "S":
		layout = delimited.RuralCooperativeAccountsOpened()
	case "F":
		layout = delimited.RuralCooperativeAccountsRefused()
	default:
		return ErrPart
	}
	layout.Charset = delimited.Charset(b.Charset)
	_, err := delimited.Read(ctx, file, layout, emit)
	return err
}
