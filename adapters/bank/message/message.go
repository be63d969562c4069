// Package message reads every bank file that says by its first bytes what it is:
// ISO 20022 messages, CNAPS2 messages, MT940 and MT942, and canonical JSON Lines.
// Files of separated or fixed fields and spreadsheets do not say it; package
// profile reads these.
package message

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"twoline/adapters/bank/cnaps"
	"twoline/adapters/bank/iso20022"
	"twoline/adapters/bank/jsonl"
	"twoline/adapters/bank/mt940"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// JSONL is the format of canonical JSON Lines.
const JSONL = "jsonl"

// Looked is how much of a file is looked at to tell its form, in bytes.
const Looked = 4 << 10

// The refusals of files.
var (
	// ErrUnknown is a file whose first bytes say nothing.
	ErrUnknown = fault.New(fault.Invalid, "format_not_told", "the first bytes of the file do not say what it is")
	// ErrOther is a file of another format than the one that was named.
	ErrOther = fault.New(fault.Invalid, "format_differs", "the file is of another format")
)

// Options say what a file does not say of itself.
type Options struct {
	// Format is what the file must be, with or without its version; empty is any.
	Format string
	// Charset is that of an MT940 or MT942.
	Charset mt940.Charset
}

// Detect returns the format of a file by its first bytes, with its version where it
// has one: camt.053.001.08, beps.382.001.01, mt940, jsonl. It is false where they
// do not say it. The first 4 KiB are plenty.
func Detect(head []byte) (string, bool) {
	for _, detect := range []func([]byte) (string, bool){cnaps.Detect, iso20022.Detect, mt940.Detect} {
		if format, ok := detect(head); ok {
			return format, true
		}
	}
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\uFEFF")), " \t\r\n")
	swift := bytes.HasPrefix(head, []byte("{1:")) || bytes.HasPrefix(head, []byte("{H:"))
	if bytes.HasPrefix(head, []byte("{")) && !swift {
		return JSONL, true
	}
	return "", false
}

// IsOf says that a detected format is the named one: a version may be left out.
func IsOf(format, named string) bool {
	return format == named || strings.HasPrefix(format, named+".")
}

// Read reads a file of any format that Detect knows and emits its records, as the
// codec of the format says. Records emitted before an error do not count. Where r
// can seek it stands at the file's begin and is read from there.
func Read(ctx context.Context, r io.Reader, o Options, emit bank.Emit) error {
	head, source, err := Peek(r)
	if err != nil {
		return err
	}
	format, ok := Detect(head)
	switch {
	case !ok:
		return ErrUnknown
	case o.Format != "" && !IsOf(format, o.Format):
		return ErrOther.With("the file is %s, and not %s", format, o.Format)
	case format == JSONL:
		return jsonl.Read(ctx, source, emit)
	case strings.HasPrefix(format, "mt"):
		return mt940.Read(ctx, source, mt940.Options{Charset: o.Charset}, emit)
	case strings.HasPrefix(format, "beps."):
		return cnaps.Read(ctx, source, cnaps.Options{}, emit) //nolint:exhaustruct // as the file is
	}
	return iso20022.Read(ctx, source, emit)
}

// Peek returns the first bytes of r and a source that begins with them. A source
// that can seek stays one: codecs of large files read twice.
func Peek(r io.Reader) ([]byte, io.Reader, error) {
	start, seeker := int64(-1), io.Seeker(nil)
	if s, ok := r.(io.Seeker); ok {
		if at, err := s.Seek(0, io.SeekCurrent); err == nil {
			start, seeker = at, s
		}
	}
	head := make([]byte, Looked)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, nil, fmt.Errorf("read the begin of the file: %w", err)
	}
	head = head[:n]
	if seeker == nil {
		return head, io.MultiReader(bytes.NewReader(head), r), nil
	}
	if _, err := seeker.Seek(start, io.SeekStart); err != nil {
		return nil, nil, fmt.Errorf("read the file from its start: %w", err)
	}
	return head, r, nil
}
