package sheet

import (
	"context"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"twoline/adapters/bank/iso20022/xmlscan"
)

const (
	// MaxShared is how many bytes the texts may have that cells share.
	MaxShared = 16 << 20
	// maxShared is how many such texts there may be.
	maxShared = 1 << 20
	chunkSize = 256 << 10
	// maxSheets is how many sheets a workbook may name.
	maxSheets = 256
)

// workbook is an open workbook.
type workbook struct {
	parts archive
	// ours says that this package wrote it.
	ours bool
	// from1904 says that days are counted from 1904.
	from1904 bool
	shared   shared
	sheets   []sheet
}

// sheet is one sheet: its name and its part's.
type sheet struct{ name, part string }

func openWorkbook(ctx context.Context, r io.Reader) (*workbook, error) {
	file, err := source(r)
	if err != nil {
		return nil, err
	}
	parts, err := openArchive(file)
	if err != nil {
		return nil, err
	}
	w := &workbook{parts: parts}
	main, others, err := w.find()
	if err != nil {
		return nil, err
	}
	if err := w.book(main, others); err != nil {
		return nil, err
	}
	shared := slices.IndexFunc(others, func(r relation) bool { return strings.HasSuffix(r.kind, "/sharedStrings") })
	if shared >= 0 {
		if err := w.strings(ctx, others[shared].target); err != nil {
			return nil, err
		}
	}
	w.ours, err = w.isOurs()
	return w, err
}

// find finds the workbook's own part, and what it relates to.
func (w *workbook) find() (main string, others []relation, err error) {
	roots, err := w.relations("_rels/.rels", "")
	if err != nil {
		return "", nil, err
	}
	for _, r := range roots {
		if main == "" && strings.HasSuffix(r.kind, "/officeDocument") {
			main = r.target
		}
	}
	if main == "" {
		return "", nil, ErrWorkbook.With("it names no workbook")
	}
	folder, name := path.Split(main)
	others, err = w.relations(folder+"_rels/"+name+".rels", folder)
	return main, others, err
}

// each reads a part and calls visit on every start tag.
func (w *workbook) each(name string, visit func(s *xmlscan.Scanner) error) error {
	p, err := w.parts.open(name)
	if err != nil {
		return err
	}
	defer p.close()
	s := xmlscan.New(p)
	for {
		kind, err := s.Next()
		if err != nil {
			return inPart(name, err)
		}
		switch kind {
		case xmlscan.EOF:
			return nil
		case xmlscan.Start:
			if err := visit(s); err != nil {
				return inPart(name, err)
			}
		case xmlscan.End, xmlscan.Text:
		}
	}
}

// inPart says in which part an error is. What the scanner took for a source that
// broke off is a damaged archive, which no later try will mend.
func inPart(name string, err error) error {
	if errors.Is(err, ErrArchive) {
		err = ErrArchive.With("a part is damaged").Because(err)
	}
	return &PartError{Part: name, Err: err}
}

// PartError is an error in one part of a workbook.
type PartError struct {
	Part string
	Err  error
}

// Error names the part.
func (e *PartError) Error() string { return e.Part + ": " + e.Err.Error() }

// Unwrap gives the error itself.
func (e *PartError) Unwrap() error { return e.Err }

func attribute(s *xmlscan.Scanner, name string) string {
	value, _ := s.Attr(name)
	return string(value)
}

// relation leads from one part to another.
type relation struct{ id, kind, target string }

// relations reads a part's relations; the targets are whole paths.
func (w *workbook) relations(name, folder string) ([]relation, error) {
	var all []relation
	err := w.each(name, func(s *xmlscan.Scanner) error {
		if string(s.Name()) != "Relationship" || attribute(s, "TargetMode") == "External" {
			return nil
		}
		target := attribute(s, "Target")
		if !strings.HasPrefix(target, "/") {
			target = folder + target
		}
		if len(all) >= MaxParts {
			return ErrWorkbook.With("too many relations")
		}
		all = append(all, relation{
			id: attribute(s, "Id"), kind: attribute(s, "Type"), target: strings.TrimPrefix(path.Clean(target), "/"),
		})
		return nil
	})
	return all, err
}

// book reads the list of sheets.
func (w *workbook) book(name string, others []relation) error {
	var only []string
	parts := make(map[string]string, len(others))
	for _, r := range others {
		parts[r.id] = r.target
		if strings.HasSuffix(r.kind, "/worksheet") {
			only = append(only, r.target)
		}
	}
	err := w.each(name, func(s *xmlscan.Scanner) error {
		switch string(s.Name()) {
		case "workbookPr":
			on := attribute(s, "date1904")
			w.from1904 = on == "1" || on == "true"
		case "sheet":
			if len(w.sheets) >= maxSheets {
				return ErrWorkbook.With("more than %d sheets", maxSheets)
			}
			one := sheet{name: attribute(s, "name"), part: parts[attribute(s, "r:id")]}
			if one.part == "" && len(only) == 1 {
				// Only one sheet can be meant, whatever prefix its id has.
				one.part = only[0]
			}
			w.sheets = append(w.sheets, one)
		}
		return nil
	})
	if err == nil && len(w.sheets) == 0 {
		err = ErrWorkbook.With("it names no sheet")
	}
	return err
}

// application is what a workbook of ours says that it was made by.
const application = "twoline"

// isOurs says that this package wrote the workbook: then its apostrophes are ours.
func (w *workbook) isOurs() (bool, error) {
	const properties = "docProps/app.xml"
	if _, ok := w.parts[strings.ToLower(properties)]; !ok {
		return false, nil
	}
	p, err := w.parts.open(properties)
	if err != nil {
		return false, err
	}
	defer p.close()
	s := xmlscan.New(p)
	inside, ours := false, false
	for {
		kind, err := s.Next()
		switch {
		case err != nil:
			return false, inPart(properties, err)
		case kind == xmlscan.EOF:
			return ours, nil
		case kind == xmlscan.Text:
			ours = ours || inside && string(s.Text()) == application
		case kind == xmlscan.Start || kind == xmlscan.End:
			inside = kind == xmlscan.Start && string(s.Name()) == "Application"
		}
	}
}

// shared are the texts that cells share.
type shared struct {
	chunks [][]byte
	// places are chunk, start and length of every text.
	places []place
	bytes  int
}

type place struct{ chunk, start, length uint32 }

func (s *shared) add(text []byte) error {
	if s.bytes += len(text); s.bytes > MaxShared || len(s.places) >= maxShared {
		return ErrWorkbook.With("the texts of its cells are more than %d MiB or %d", MaxShared>>20, maxShared)
	}
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last])+len(text) > cap(s.chunks[last]) {
		s.chunks = append(s.chunks, make([]byte, 0, max(chunkSize, len(text))))
		last++
	}
	start := len(s.chunks[last])
	s.chunks[last] = append(s.chunks[last], text...)
	//nolint:gosec // all are at most MaxShared
	s.places = append(s.places, place{chunk: uint32(last), start: uint32(start), length: uint32(len(text))})
	return nil
}

func (s *shared) get(index string) (string, bool) {
	i, err := strconv.ParseUint(index, 10, 32)
	if err != nil || i >= uint64(len(s.places)) {
		return "", false
	}
	p := s.places[i]
	return string(s.chunks[p.chunk][p.start : p.start+p.length]), true
}

// strings reads the shared texts: the runs of each together, without the readings
// that stand above characters.
func (w *workbook) strings(ctx context.Context, name string) error {
	p, err := w.parts.open(name)
	if err != nil {
		return err
	}
	defer p.close()
	s := xmlscan.New(p)
	var text []byte
	t := texts{}
	for n := 0; ; n++ {
		if n%contextEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		kind, err := s.Next()
		if err != nil {
			return inPart(name, err)
		}
		t.see(s, kind)
		switch {
		case kind == xmlscan.EOF:
			return nil
		case kind == xmlscan.Start && string(s.Name()) == "si":
			text = text[:0]
		case kind == xmlscan.Text && t.in():
			text = append(text, s.Text()...)
		case kind == xmlscan.End && string(s.Name()) == "si":
			if err := w.shared.add(unescape(text)); err != nil {
				return inPart(name, err)
			}
		}
	}
}

const contextEvery = 4096

// texts follows whether the place reached is inside a text of a cell.
type texts struct{ t, reading int }

func (t *texts) see(s *xmlscan.Scanner, kind xmlscan.Kind) {
	step := 0
	switch kind {
	case xmlscan.Start:
		step = 1
	case xmlscan.End:
		step = -1
	case xmlscan.EOF, xmlscan.Text:
		return
	}
	switch string(s.Name()) {
	case "t":
		t.t += step
	case "rPh":
		t.reading += step
	}
}

func (t *texts) in() bool { return t.t > 0 && t.reading == 0 }

// unescape resolves _x000D_ and its like, which stand for characters that XML
// cannot carry.
func unescape(text []byte) []byte {
	if !hasEscape(text) {
		return text
	}
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		if isEscape(text[i:]) {
			code, _ := strconv.ParseUint(string(text[i+2:i+6]), 16, 16) // isEscape has seen four digits
			out = append(out, string(rune(code))...)
			i += escapeLength
			continue
		}
		out = append(out, text[i])
		i++
	}
	return out
}

const escapeLength = len("_x000D_")

func hasEscape[T string | []byte](text T) bool {
	for i := range len(text) {
		if isEscape(text[i:]) {
			return true
		}
	}
	return false
}

func isEscape[T string | []byte](text T) bool {
	if len(text) < escapeLength || text[0] != '_' || text[1] != 'x' || text[6] != '_' {
		return false
	}
	for _, c := range []byte(text[2:6]) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'F') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
