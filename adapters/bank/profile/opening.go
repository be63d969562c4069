package profile

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"twoline/adapters/bank/delimited"
	"twoline/gateway/bank"
	"twoline/gateway/registry"
)

// Check implements registry.OpeningFiles.
func (f Files) Check(b registry.Bank, row registry.OpeningRow) error {
	return f.check(b.Charset, row.Name)
}

// Write implements registry.OpeningFiles: five fields a row, in the rows' order.
func (Files) Write(b registry.Bank, rows []registry.OpeningRow) ([]byte, error) {
	layout := delimited.RuralCooperativeAccountOpening()
	layout.Charset = delimited.Charset(b.Charset)
	var file bytes.Buffer
	out, err := delimited.NewWriter(&file, layout)
	if err != nil {
		return nil, fmt.Errorf("write account opening: %w", err)
	}
	if err := out.WriteBatch(bank.BatchHead{}); err != nil { //nolint:exhaustruct // the format has no head
		return nil, fmt.Errorf("write account opening: %w", err)
	}
	for i, r := range rows {
		err := out.WriteItem(bank.BatchItem{ //nolint:exhaustruct // the five fields of the format
			Index: i, SocialNo: r.SocialNo, Name: r.Name.Plain(), IDNumber: r.IDNumber.Plain(), Region: r.Region.String(),
			Text: r.RegionName,
		})
		if err != nil {
			return nil, fmt.Errorf("write account opening row %d: %w", r.Seq, err)
		}
	}
	if _, err := out.Close(); err != nil {
		return nil, fmt.Errorf("write account opening: %w", err)
	}
	return file.Bytes(), nil
}

// Read implements registry.OpeningFiles: the opened accounts, or with part F the
// refused ones.
func (Files) Read(ctx context.Context, b registry.Bank, part string, file io.Reader, emit bank.Emit) error {
	layout := delimited.RuralCooperativeAccountsOpened()
	if part == "F" {
		layout = delimited.RuralCooperativeAccountsRefused()
	}
	layout.Charset = delimited.Charset(b.Charset)
	_, err := delimited.Read(ctx, file, layout, emit)
	return err
}
