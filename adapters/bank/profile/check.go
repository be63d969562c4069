package profile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"twoline/adapters/bank/jsonl"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/message"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// maxExample bounds an example and its records, in bytes.
const maxExample = 4 << 20

// Finding is something that an example does not prove.
type Finding struct {
	// Line is the example's in the profile; 0 is the profile as a whole.
	Line int
	// File is the example, or empty.
	File string
	Text string
}

// String returns line, file and text.
func (f Finding) String() string {
	switch {
	case f.File == "":
		return f.Text
	case f.Line == 0:
		return f.File + ": " + f.Text
	}
	return fmt.Sprintf("line %d, %s: %s", f.Line, f.File, f.Text)
}

// Check proves the profile on its examples, which are files of fsys, beside the
// profile: each is read to exactly its records, a request is written back to the
// same bytes (an xlsx file: to the same records) under the same name, and every kind
// of file has an example. No finding is a proof.
func (p *Profile) Check(ctx context.Context, fsys fs.FS) []Finding {
	var all []Finding
	shown := make(map[*file]bool)
	for _, e := range p.examples {
		kind, err := p.prove(ctx, fsys, e)
		if kind != nil {
			shown[kind] = true
		}
		if err != nil {
			all = append(all, Finding{Line: e.line, File: e.file, Text: err.Error()})
		}
	}
	for _, f := range append([]*file{p.request}, p.results...) {
		if f != nil && !shown[f] {
			text := "no example shows a file " + strconv.Quote(f.names[0].text) + " (" + f.fileOf() + ")"
			all = append(all, Finding{Line: 0, File: "", Text: text})
		}
	}
	return all
}

// prove proves one example and says which kind of file it shows.
func (p *Profile) prove(ctx context.Context, fsys fs.FS, e example) (*file, error) {
	content, err := readSmall(fsys, e.file)
	if err != nil {
		return nil, err
	}
	want, err := readSmall(fsys, e.records)
	if err != nil {
		return nil, err
	}
	base := baseOf(e.file)
	what, _ := p.Recognise(base)
	own := e.bank
	if own.Code == "" {
		own.Code = what.Facts.Bank
	}
	if own.BankNo == "" {
		own.BankNo = what.Facts.BankNo
	}
	if !what.Request {
		return p.proveResult(ctx, own, e, content, want)
	}
	records, err := recordsOf(func(emit bank.Emit) error {
		return p.ReadRequest(ctx, own, base, bytes.NewReader(content), emit)
	})
	if err != nil {
		return p.request, fmt.Errorf("it cannot be read: %w", err)
	}
	if err := errors.Join(sameRecords(records, want), e.tells(records)); err != nil {
		return p.request, err
	}
	facts := factsOf(what.Facts, records)
	if again := p.RequestName(facts); again != base {
		return p.request, fmt.Errorf("expected the name %q from what it and its rows say, and found %q", again, base)
	}
	return p.request, p.proveWritten(ctx, own, facts, content, records)
}

// tells says where an example's reading tells a problem that it does not announce,
// or none where it does.
func (e *example) tells(records []bank.Record) error {
	for _, r := range records {
		p, ok := r.(bank.Problem)
		switch {
		case !ok || p.Severity != bank.SeverityError:
		case e.problems:
			return nil
		case p.Line > 0:
			return fmt.Errorf("its reading tells a problem, %s in line %d: %s; expected none, or the key "+
				"\"problems: true\"", p.Code, p.Line, p.Text)
		default:
			return fmt.Errorf("its reading tells a problem, %s: %s; expected none, or the key \"problems: true\"",
				p.Code, p.Text)
		}
	}
	if e.problems {
		return errors.New("it says \"problems: true\", and its reading tells none")
	}
	return nil
}

// baseOf is the name of an example without its folders.
func baseOf(file string) string { return file[strings.LastIndexByte(file, '/')+1:] }

func (p *Profile) proveResult(ctx context.Context, own Bank, e example, content, want []byte) (*file, error) {
	base := baseOf(e.file)
	_, kinds, err := p.kindsOf(Source{Name: base, Part: ""})
	if err != nil {
		return nil, err
	}
	kind, err := p.pick(kinds, content[:min(len(content), message.Looked)])
	if err != nil {
		return nil, err
	}
	records, err := recordsOf(func(emit bank.Emit) error {
		return p.Read(ctx, own, besides(ctx, base, want), bytes.NewReader(content), emit)
	})
	if err != nil {
		return kind, fmt.Errorf("it cannot be read: %w", err)
	}
	return kind, errors.Join(sameRecords(records, want), e.tells(records))
}

// besides gives an example the totals that would travel beside it: those of the
// records that it must be read to.
func besides(ctx context.Context, name string, want []byte) Source {
	s := Source{Name: name} //nolint:exhaustruct // the totals follow
	count, total := 0, money.Total{}
	err := jsonl.Read(ctx, bytes.NewReader(want), func(r bank.Record) error {
		if v, ok := r.(bank.Result); ok {
			count++
			if v.Amount != nil {
				a, _ := v.Amount.Amount()
				total.Add(a)
			}
		}
		return nil
	})
	if sum, wrong := total.Amount(); err == nil && wrong == nil {
		s.Count, s.Amount = &count, &sum
	}
	return s
}

// readSmall reads a file of an example.
func readSmall(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("the file %s cannot be opened: %w", name, err)
	}
	defer f.Close() //nolint:errcheck // read only
	content, err := io.ReadAll(io.LimitReader(f, maxExample+1))
	if err != nil {
		return nil, fmt.Errorf("the file %s cannot be read: %w", name, err)
	}
	if len(content) > maxExample {
		return nil, fmt.Errorf("the file %s is larger than %d MiB", name, maxExample>>20)
	}
	return content, nil
}

func recordsOf(read func(bank.Emit) error) ([]bank.Record, error) {
	var all []bank.Record
	err := read(func(r bank.Record) error {
		all = append(all, r)
		return nil
	})
	return all, err
}

// sameRecords compares records with canonical JSON Lines, byte for byte, and names
// the first line that differs.
func sameRecords(records []bank.Record, want []byte) error {
	var got bytes.Buffer
	w := jsonl.NewWriter(&got)
	for _, r := range records {
		if err := w.Write(r); err != nil {
			return fmt.Errorf("its records cannot be written: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("its records cannot be written: %w", err)
	}
	if bytes.Equal(got.Bytes(), want) {
		return nil
	}
	gotLines, wantLines := bytes.Split(got.Bytes(), []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := lineAt(gotLines, i), lineAt(wantLines, i)
		if g != w {
			return fmt.Errorf("expected, as line %d of its records says, %s, and read %s", i+1, w, g)
		}
	}
	return errors.New("its records differ")
}

func lineAt(lines [][]byte, i int) string {
	if i >= len(lines) || len(lines[i]) == 0 {
		return "nothing"
	}
	const most = 400
	return string(lines[i][:min(len(lines[i]), most)])
}

// factsOf adds to what a request's name says what its rows do.
func factsOf(f Facts, records []bank.Record) Facts {
	for _, r := range records {
		if file, ok := r.(bank.FileHead); ok && f.Day.IsZero() && len(file.Created) >= len("2011-03-10") {
			f.Day, _ = calendar.ParseDay(file.Created[:len("2011-03-10")])
		}
		head, ok := r.(bank.BatchHead)
		if !ok {
			continue
		}
		if a, exact := head.Sum.Amount(); exact {
			f.Amount = &a
		}
		f.Count = &head.Count
		if head.BatchID != "" && len(head.BatchID) >= len(f.Batch) {
			f.Batch = head.BatchID
		}
		if !head.ExecutionDate.IsZero() {
			f.Execution = head.ExecutionDate
		}
	}
	return f
}

// proveWritten writes the records of a request and compares the bytes.
func (p *Profile) proveWritten(
	ctx context.Context, own Bank, facts Facts, content []byte, records []bank.Record,
) error {
	batch := Batch{Facts: facts} //nolint:exhaustruct // the head is the records'
	for _, r := range records {
		if head, ok := r.(bank.BatchHead); ok {
			batch.Head = head
		}
	}
	var out bytes.Buffer
	//nolint:contextcheck // the flows' ports of writing have no context
	err := p.WriteRequest(&out, own, batch, func(yield func(bank.BatchItem) error) error {
		for _, r := range records {
			if item, ok := r.(bank.BatchItem); ok {
				if err := yield(item); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("it cannot be written back: %w", err)
	}
	if p.request.rows != nil && p.request.rows.Format == layout.Sheet {
		return p.proveAgain(ctx, own, out.Bytes(), records)
	}
	return sameBytes(out.Bytes(), content)
}

// proveAgain reads what was written: the bytes of a workbook are its program's.
func (p *Profile) proveAgain(ctx context.Context, own Bank, written []byte, records []bank.Record) error {
	again, err := recordsOf(func(emit bank.Emit) error {
		return p.ReadRequest(ctx, own, "", bytes.NewReader(written), emit)
	})
	if err != nil {
		return fmt.Errorf("what is written back cannot be read: %w", err)
	}
	var want bytes.Buffer
	w := jsonl.NewWriter(&want)
	for _, r := range records {
		if err := w.Write(r); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return sameRecords(again, want.Bytes())
}

func sameBytes(got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	line := bytes.Count(got[:at], []byte("\n")) + 1
	return fmt.Errorf("written back it differs in line %d, at byte %d: expected %s, and wrote %s", line, at+1,
		hexAt(want, at), hexAt(got, at))
}

// hexAt shows a few bytes.
func hexAt(b []byte, at int) string {
	if at >= len(b) {
		return "the end"
	}
	return fmt.Sprintf("% X", b[at:min(len(b), at+8)])
}
