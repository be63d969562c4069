package iso20022

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// MaxHeld is how much of a source that cannot seek is held in memory.
const MaxHeld = 64 << 20

const (
	// maxStatements bounds what the survey keeps; each costs some 300 bytes.
	maxStatements = 100_000
	// An entry beyond one of these gives its details out one by one.
	maxHeldDetails = 4096
	maxHeldBytes   = 4 << 20
	contextEvery   = 256
)

// Errors of a statement file. Those of its XML are in package xmlscan.
var (
	ErrMessage = fault.New(fault.Invalid, "unknown_message",
		"the file is not a camt.052, camt.053 or camt.054 message")
	ErrRepeated  = fault.New(fault.Invalid, "element_repeated", "an element that counts once stands twice")
	ErrStructure = fault.New(fault.Invalid, "statement_structure",
		"an element that every statement has is missing or empty")
	ErrAmount   = fault.New(fault.Invalid, "amount", "an amount is not a plain decimal number without a sign")
	ErrTooLarge = fault.New(fault.TooLarge, "statement_too_large", "the statement is larger than this source allows")
	ErrChanged  = fault.New(fault.Conflict, "source_changed", "the file changed while it was read")
)

// Read reads one file and emits its records: a FileHead, every statement with
// its entries and details in file order and its Problems after them, and End
// after the whole file was read. It stops at the first error, of the file, of
// the source, of ctx or of emit; records emitted before an error do not count.
//
// Where r is an io.Seeker the file is read twice from the place where r stands;
// else at most MaxHeld bytes of it are held.
func Read(ctx context.Context, r io.Reader, emit bank.Emit) error {
	source, start, err := seekable(r)
	if err != nil {
		return err
	}
	found, err := look(ctx, source, start)
	if err != nil {
		return err
	}
	second := newParser(ctx, source, found)
	second.emit = emit
	if err := emit(found.head); err != nil {
		return err
	}
	if err := second.run(); err != nil {
		return err
	}
	if second.statement != len(found.statements) {
		return ErrChanged
	}
	return emit(bank.End{Entries: second.entries, Problems: second.problems})
}

// look surveys the source and goes back to its start. Details are counted and
// not read, but for the entries that have too many to hold: for these it looks
// a second time.
func look(ctx context.Context, source io.ReadSeeker, start int64) (*survey, error) {
	var thorough map[place2]bool
	for {
		found := &survey{large: make(map[place2]largeEntry)}
		p := newParser(ctx, source, found)
		p.thorough = thorough
		p.scan.Quick()
		if err := p.run(); err != nil {
			return nil, err
		}
		if _, err := source.Seek(start, io.SeekStart); err != nil {
			return nil, xmlscan.ErrRead.Because(err)
		}
		if len(found.large) == 0 || thorough != nil {
			return found, nil
		}
		thorough = make(map[place2]bool, len(found.large))
		for at := range found.large {
			thorough[at] = true
		}
	}
}

// seekable returns r as it is where it can seek, else its content.
func seekable(r io.Reader) (io.ReadSeeker, int64, error) {
	if s, ok := r.(io.ReadSeeker); ok {
		if start, err := s.Seek(0, io.SeekCurrent); err == nil {
			return s, start, nil
		}
	}
	var content bytes.Buffer
	n, err := content.ReadFrom(io.LimitReader(r, MaxHeld+1))
	if err != nil {
		return nil, 0, xmlscan.ErrRead.Because(err)
	}
	if n > MaxHeld {
		return nil, 0, ErrTooLarge.With("a statement of more than %d MiB must come from a file", MaxHeld>>20)
	}
	return bytes.NewReader(content.Bytes()), 0, nil
}

// Detect returns the format of a file by its first bytes, such as
// "camt.053.001.08", and false where it is not a statement message. The more of
// the file head holds, the surer; the first 4 KiB are plenty.
func Detect(head []byte) (string, bool) {
	// A tag's end is never part of a longer character, so no character is cut.
	s := xmlscan.New(bytes.NewReader(head[:bytes.LastIndexByte(head, '>')+1]))
	namespace, inside := "", false
	for {
		kind, err := s.Next()
		switch {
		case err != nil || kind == xmlscan.EOF:
			return "", false
		case kind != xmlscan.Start:
		case inside:
			return formatOf(namespace, string(s.Name()))
		case string(s.Name()) == "Document":
			namespace, inside = s.Namespace(), true
		case s.Depth() > maxWrap:
			return "", false
		}
	}
}

// formatOf names the format by the message element, and its version by the
// namespace where that agrees.
func formatOf(namespace, name string) (string, bool) {
	var format string
	switch strings.TrimSuffix(name, "V01") {
	case "BkToCstmrStmt":
		format = "camt.053"
	case "BkToCstmrAcctRpt":
		format = "camt.052"
	case "BkToCstmrDbtCdtNtfctn":
		format = "camt.054"
	default:
		return "", false
	}
	if i := strings.LastIndex(namespace, format+".001."); i >= 0 {
		version := namespace[i+len(format)+5:]
		if len(version) >= 2 && isDigit(version[0]) && isDigit(version[1]) && (len(version) == 2 ||
			!isDigit(version[2])) {
			return namespace[i : i+len(format)+7], true
		}
	}
	return format, true
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// contextReader makes a long read stop when its context ends.
type contextReader struct {
	ctx context.Context //nolint:containedctx // lives for one Read call only, whose context it is
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// stopped gives the context's own error where that is why reading stopped.
func stopped(ctx context.Context, err error) error {
	if c := ctx.Err(); c != nil && errors.Is(err, c) {
		return c
	}
	return err
}
