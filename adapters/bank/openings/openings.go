// Package openings writes and reads the files of account openings as the profile
// of a partner bank's format describes them; a bank whose format has no profile of
// openings is served canonical JSON Lines.
package openings

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"twoline/adapters/bank/profile"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
	"twoline/gateway/registry"
)

// Files implements registry.OpeningFiles. It is safe for concurrent use.
type Files struct{ files profile.Files }

// New makes Files of the shipped profiles and of the operator's own.
func New(own ...*profile.Profile) *Files { return &Files{files: profile.New(own...)} }

// ErrPart is returned for a result where nothing says which of a bank's files it is.
var ErrPart = fault.New(fault.Invalid, "part",
	"a result of account openings is part S, the accounts opened, or part F, those refused")

// profileOf is the one of the bank's format, or of canonical JSON Lines.
func (f *Files) profileOf(b registry.Bank) (*profile.Profile, error) {
	p, err := f.files.Profile(string(b.Format), profile.Opening)
	if err != nil {
		return f.files.Profile(string(registry.JSONL), profile.Opening)
	}
	return p, nil
}

func peer(b registry.Bank) profile.Bank {
	return profile.Bank{Code: b.Code, BankNo: b.BankNo, Charset: b.Charset}
}

// Check refuses a row with a character that the bank's charset lacks, or with what
// its file cannot hold.
func (f *Files) Check(b registry.Bank, row registry.OpeningRow) error {
	p, err := f.profileOf(b)
	if err != nil {
		return err
	}
	if err := p.CheckName(peer(b), row.Name); err != nil {
		return err
	}
	return p.CheckText(peer(b), row.RegionName)
}

// Write returns the file's bytes, the same for the same rows.
func (f *Files) Write(b registry.Bank, rows []registry.OpeningRow) ([]byte, error) {
	p, err := f.profileOf(b)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	batch := profile.Batch{Head: bank.BatchHead{Count: len(rows)}}
	err = p.WriteRequest(&out, peer(b), batch, func(yield func(bank.BatchItem) error) error {
		for i, r := range rows {
			if err := yield(itemOf(i, r)); err != nil {
				return err
			}
		}
		return nil
	})
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

// Read gives the results of a bank's file in its order.
func (f *Files) Read(ctx context.Context, b registry.Bank, part string, file io.Reader, emit bank.Emit) error {
	p, err := f.profileOf(b)
	if err != nil {
		return err
	}
	err = p.Read(ctx, peer(b), profile.Source{Part: part}, file, emit)
	if errors.Is(err, profile.ErrPart) {
		return ErrPart.Because(err)
	}
	return err
}
