package iso20022

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"twoline/adapters/bank/iso20022/xmlscan"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// MaxHeld is how much of a source that cannot seek is held in memory.
const MaxHeld = 64 << 20

const (
	// maxStatements bounds what the survey keeps; each costs some 600 bytes.
	maxStatements = 50_000
	// An entry beyond one of these gives its details out one by one.
	maxHeldDetails = 4096
	maxHeldBytes   = 4 << 20
	contextEvery   = 256
	// prolog is how far into a file its message is looked for.
	prolog = 64 << 10
)

// Errors of a file. Those of its XML are in package xmlscan.
var (
	ErrMessage = fault.New(fault.Invalid, "unknown_message",
		"the file is none of camt.029, camt.052, camt.053, camt.054, pacs.004, pain.001, pain.002, pain.008")
	ErrRepeated  = fault.New(fault.Invalid, "element_repeated", "an element that counts once stands twice")
	ErrStructure = fault.New(fault.Invalid, "statement_structure",
		"an element that every such message has is missing, empty or out of its place")
	ErrAmount   = fault.New(fault.Invalid, "amount", "an amount is not a plain decimal number without a sign")
	ErrTooLarge = fault.New(fault.TooLarge, "statement_too_large", "the file is larger than this source allows")
	ErrChanged  = fault.New(fault.Conflict, "source_changed", "the file changed while it was read")
)

// Read reads one file, whatever message it is, and emits its records: a
// FileHead, then statements with their entries and details, batches with their
// items, or results, in file order, each part followed by its Problems, and End
// after the whole file was read. It stops at the first error, of the file, of
// the source, of ctx or of emit; records emitted before an error do not count.
//
// Statements and batches are read twice from the place where r stands when it is
// an io.Seeker; else at most MaxHeld bytes of it are held. Results are read once.
// The message must begin within the first 64 KiB.
func Read(ctx context.Context, r io.Reader, emit bank.Emit) error {
	format, source, err := peek(ctx, r)
	if err != nil {
		return err
	}
	if isResult(format) {
		return readResults(ctx, source, emit)
	}
	again, start, err := seekable(source)
	if err != nil {
		return stopped(ctx, err)
	}
	if isBatch(format) {
		return readBatches(ctx, again, start, emit)
	}
	return readStatements(ctx, again, start, emit)
}

// peek looks at the beginning of the source for the message that it is, and
// returns a source that begins where r stood.
func peek(ctx context.Context, r io.Reader) (format string, source io.Reader, err error) {
	buffered := bufio.NewReaderSize(contextReader{ctx: ctx, r: r}, prolog)
	seeker, start, again := seeks(r)
	head, err := buffered.Peek(prolog)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", nil, stopped(ctx, xmlscan.ErrRead.Because(err))
	}
	format, _ = Detect(head)
	if !again {
		return format, buffered, nil
	}
	if _, err := seeker.Seek(start, io.SeekStart); err != nil {
		return "", nil, xmlscan.ErrRead.Because(err)
	}
	return format, r, nil
}

// readStatements reads a statement, report or notification.
func readStatements(ctx context.Context, source io.ReadSeeker, start int64, emit bank.Emit) error {
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
		p.skim = true
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

// seeks returns r with the place where it stands, if it can go back there.
func seeks(r io.Reader) (io.ReadSeeker, int64, bool) {
	s, ok := r.(io.ReadSeeker)
	if !ok {
		return nil, 0, false
	}
	start, err := s.Seek(0, io.SeekCurrent)
	return s, start, err == nil
}

// seekable returns r as it is where it can seek, else its content.
func seekable(r io.Reader) (io.ReadSeeker, int64, error) {
	if s, start, ok := seeks(r); ok {
		return s, start, nil
	}
	var content bytes.Buffer
	n, err := content.ReadFrom(io.LimitReader(r, MaxHeld+1))
	if err != nil {
		return nil, 0, xmlscan.ErrRead.Because(err)
	}
	if n > MaxHeld {
		return nil, 0, ErrTooLarge.With("a file of more than %d MiB must come from a file", MaxHeld>>20)
	}
	return bytes.NewReader(content.Bytes()), 0, nil
}

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
