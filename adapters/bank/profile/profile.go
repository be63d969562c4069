// Package profile knows which files each partner bank takes and sends, and has
// the codecs write and read them.
//
// A bank's format is data of its row in the registry: "rural-cooperative" is the
// seven-field text of the rural credit cooperatives with its _S and _F answers;
// "json" and "jsonl" banks, which work through the API, are served canonical JSON
// Lines where they ask for a file. The same batch gives the same bytes at any
// time, so a file is never stored: its digest is.
package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"twoline/adapters/bank/delimited"
	"twoline/adapters/bank/gb18030"
	"twoline/adapters/bank/iso20022"
	"twoline/adapters/bank/jsonl"
	"twoline/gateway/bank"
	"twoline/gateway/collection"
	"twoline/gateway/fault"
	"twoline/gateway/party"
)

// RuralCooperative is the format of the rural credit cooperatives' text files.
const RuralCooperative = "rural-cooperative"

// The refusals of files.
var (
	ErrPart = fault.New(fault.Invalid, "file_part_unknown",
		"the file's name must end in _S (succeeded) or _F (failed) before its suffix")
	ErrCharset = fault.New(fault.Unprocessable, "text_not_encodable",
		"the bank's charset cannot carry this text")
)

// Files writes and reads partner banks' files. It is pure and safe for
// concurrent use. Make it with New.
type Files struct{ codecs map[string]*gb18030.Codec }

// New returns the files of every known format.
func New() Files {
	return Files{codecs: map[string]*gb18030.Codec{
		"gb18030": gb18030.New(gb18030.GB18030), "gbk": gb18030.New(gb18030.GBK),
	}}
}

// WithholdingFileName names a batch's file: bank, area, day, batch number.
func (Files) WithholdingFileName(p collection.Partner, b collection.Batch) string {
	suffix := "JSONL"
	if p.Format == RuralCooperative {
		suffix = "TXT"
	}
	return fmt.Sprintf("W_%s_%s_%s_%s.%s", b.Bank, b.Area, b.CreatedOn.Compact(), b.Number, suffix)
}

// CheckWithholding says why the bank's file cannot carry an item, or nil.
func (f Files) CheckWithholding(p collection.Partner, name party.Name) error {
	if p.Format != RuralCooperative {
		return nil
	}
	return f.check(p.Charset, name)
}

// check refuses a name that the charset cannot carry: never a question mark.
func (f Files) check(charset string, name party.Name) error {
	if charset == "utf-8" {
		return nil
	}
	codec, ok := f.codecs[charset]
	if !ok {
		return ErrCharset.With("charset %q is none of gb18030, gbk and utf-8", charset)
	}
	if err := codec.Check(name.Plain()); err != nil {
		return ErrCharset.With("the bank takes %s, which lacks a character of the name", charset).Because(err)
	}
	return nil
}

// WriteWithholding writes a batch in its bank's own format.
func (Files) WriteWithholding(
	w io.Writer, p collection.Partner, b collection.Batch, items func(yield func(collection.Item) error) error,
) error {
	layout := delimited.RuralCooperativeWithholding()
	layout.Charset = delimited.Charset(p.Charset)
	return writeBatch(w, batchFile{
		rural: p.Format == RuralCooperative, layout: layout, created: b.CreatedOn.String(),
		head: bank.BatchHead{
			Index: 0, Direction: bank.Collection, BatchID: b.Number, Count: b.Count, Sum: bank.FigureOf(b.Amount),
			ExecutionDate: b.CreatedOn, Account: b.AccountNo,
		},
	}, func(yield func(bank.BatchItem) error) error {
		return items(func(i collection.Item) error { return yield(withholding(i)) })
	})
}

func withholding(i collection.Item) bank.BatchItem {
	return bank.BatchItem{
		Batch: 0, Index: i.Seq - 1, ItemID: fmt.Sprint(i.ID), Amount: bank.FigureOf(i.Amount), Currency: "CNY",
		Name: i.Name.Plain(), IDNumber: i.IDNumber.Plain(), Account: i.Account.Plain(), Bank: "", Mandate: i.MandateNo,
		SocialNo: i.SocialNo, Region: i.Region.String(), Text: "",
	}
}

// batchFile is what a file of instructions says besides its items.
type batchFile struct {
	rural   bool
	layout  delimited.Layout
	created string
	head    bank.BatchHead
}

// writeBatch writes a file of instructions: the rural cooperatives' text, or
// canonical JSON Lines.
func writeBatch(w io.Writer, f batchFile, items func(yield func(bank.BatchItem) error) error) error {
	write := writeLines
	if f.rural {
		write = writeText
	}
	if err := write(w, f, items); err != nil {
		return fmt.Errorf("write batch %s: %w", f.head.BatchID, err)
	}
	return nil
}

func writeLines(w io.Writer, f batchFile, items func(yield func(bank.BatchItem) error) error) error {
	out := jsonl.NewWriter(w)
	err := out.Write(bank.FileHead{Format: "jsonl", Kind: "batch", MessageID: f.head.BatchID, Created: f.created})
	if err != nil {
		return err
	}
	if err := out.Write(f.head); err != nil {
		return err
	}
	n := 0
	err = items(func(i bank.BatchItem) error {
		n++
		return out.Write(i)
	})
	if err != nil {
		return err
	}
	if err := out.Write(bank.End{Entries: 0, Items: n, Results: 0, Problems: 0}); err != nil {
		return err
	}
	return out.Close()
}

func writeText(w io.Writer, f batchFile, items func(yield func(bank.BatchItem) error) error) error {
	out, err := delimited.NewWriter(w, f.layout)
	if err != nil {
		return err
	}
	if err := out.WriteBatch(f.head); err != nil {
		return err
	}
	if err := items(out.WriteItem); err != nil {
		return err
	}
	_, err = out.Close()
	return err
}

// ReadResults reads a bank's result file. Where the name or the first bytes say
// canonical JSON Lines it is read as such, whatever the bank's own format is.
func (Files) ReadResults(
	ctx context.Context, p collection.Partner, r bank.Receipt, body io.Reader, emit bank.Emit,
) error {
	return read(ctx, p.Format, p.Charset, r, body, delimited.RuralCooperativeResultFailed(), emit)
}

// read reads a result file of either direction: the answers look the same.
func read(
	ctx context.Context, format, charset string, r bank.Receipt, body io.Reader, failed delimited.Layout,
	emit bank.Emit,
) error {
	if format != RuralCooperative {
		return jsonl.Read(ctx, body, emit)
	}
	var layout delimited.Layout
	switch r.Part {
	case "S":
		layout = delimited.RuralCooperativeResultSucceeded()
	case "F":
		layout = failed
	default:
		return ErrPart
	}
	if r.Count == nil || r.Amount == nil {
		return bank.ErrControlTotal.With("count and amount must travel beside a file of this format")
	}
	layout.Charset = delimited.Charset(charset)
	_, err := delimited.Read(ctx, body, layout, emit)
	return err
}

// Decode reads a statement in any format that we know, by its first bytes.
func (Files) Decode(ctx context.Context, body io.Reader, emit bank.Emit) error {
	// A stored file can be read twice, which a codec of large files needs; a pipe cannot.
	source := body
	head := make([]byte, 512)
	n, err := io.ReadFull(body, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read statement: %w", err)
	}
	if again, ok := body.(io.Seeker); ok {
		if _, err := again.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read statement from its start: %w", err)
		}
	} else {
		source = io.MultiReader(bytes.NewReader(head[:n]), body)
	}
	if _, ok := iso20022.Detect(head[:n]); ok {
		return iso20022.Read(ctx, source, emit)
	}
	return jsonl.Read(ctx, source, emit)
}
