package sheet

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"io/fs"
	"strings"

	"twoline/adapters/bank/layout"
	"twoline/gateway/fault"
)

// Limits of a workbook.
const (
	// MaxPacked is the largest file that is held where its source cannot be read
	// at any place.
	MaxPacked = 16 << 20
	// MaxParts is how many parts an archive may have.
	MaxParts = 1000
	// MaxUnpacked is how many bytes all parts may make together.
	MaxUnpacked = 256 << 20
	// MaxRatio is how many bytes one packed byte of a large part may make.
	MaxRatio = 300

	// freeRatio is the size up to which a part may be packed as well as it can.
	freeRatio = 1 << 20
)

// Errors of a workbook.
var (
	// ErrArchive is a file that is no workbook, or one that could harm its reader.
	ErrArchive = fault.New(fault.Invalid, "workbook", "the file is no xlsx workbook that is read here")
	// ErrSheet is a workbook without the one sheet that is to be read.
	ErrSheet = fault.New(fault.Invalid, "sheet", "the sheet to read is not told apart")
	// ErrHeading is a sheet without its row of titles.
	ErrHeading = fault.New(fault.Invalid, "heading", "the row of titles was not found")
	// ErrWorkbook is a part that contradicts the format.
	ErrWorkbook = fault.New(fault.Invalid, "workbook_part", "the workbook contradicts its own format")
)

// at is a source that can be read at any place.
type at interface {
	io.ReaderAt
	io.Seeker
}

// source makes a file that can be read at any place of r, from where r stands.
func source(r io.Reader) (*io.SectionReader, error) {
	if s, ok := r.(at); ok {
		start, err := s.Seek(0, io.SeekCurrent)
		if err == nil {
			end, err := s.Seek(0, io.SeekEnd)
			if err != nil {
				return nil, layout.ErrRead.Because(err)
			}
			return io.NewSectionReader(s, start, end-start), nil
		}
	}
	var content bytes.Buffer
	n, err := content.ReadFrom(io.LimitReader(r, MaxPacked+1))
	if err != nil {
		return nil, layout.ErrRead.Because(err)
	}
	if n > MaxPacked {
		return nil, layout.ErrTooLarge.With("more than %d MiB must come from a file", MaxPacked>>20)
	}
	return io.NewSectionReader(bytes.NewReader(content.Bytes()), 0, n), nil
}

// archive is a zip archive that was found harmless, by its parts' names.
type archive map[string]*zip.File

func openArchive(file *io.SectionReader) (archive, error) {
	var head [8]byte
	if _, err := file.ReadAt(head[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, layout.ErrRead.Because(err)
	}
	if string(head[:4]) == "\xD0\xCF\x11\xE0" {
		return nil, ErrArchive.With("it is an old .xls workbook, or one locked with a password")
	}
	if err := countParts(file); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(file, file.Size())
	if err != nil {
		return nil, ErrArchive.With("it is no zip archive").Because(err)
	}
	a := make(archive, len(z.File))
	unpacked := uint64(0)
	for _, f := range z.File {
		name := strings.ToLower(f.Name)
		if err := harmless(f, name); err != nil {
			return nil, err
		}
		if _, twice := a[name]; twice {
			return nil, ErrArchive.With("two parts have the same name")
		}
		if unpacked += f.UncompressedSize64; unpacked > MaxUnpacked || f.UncompressedSize64 > MaxUnpacked {
			return nil, layout.ErrTooLarge.With("its parts make more than %d MiB", MaxUnpacked>>20)
		}
		a[name] = f
	}
	return a, a.peek()
}

// countParts counts the entries of the directory by their signature, before any
// memory is given to them: what the directory says of its own size is not proof.
func countParts(file *io.SectionReader) error {
	const signature = "PK\x01\x02"
	r := bufio.NewReaderSize(io.NewSectionReader(file, 0, file.Size()), 64<<10)
	block := make([]byte, 64<<10)
	found, kept := 0, 0
	for {
		n, err := r.Read(block[kept:])
		b := block[:kept+n]
		found += bytes.Count(b, []byte(signature))
		if found > MaxParts {
			return ErrArchive.With("it has more than %d parts", MaxParts)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return layout.ErrRead.Because(err)
		}
		kept = copy(block, b[max(0, len(b)-len(signature)+1):])
	}
}

// harmless refuses a part by what the directory says of it.
func harmless(f *zip.File, name string) error {
	const encrypted = 1
	switch {
	case name == "" || len(name) > 255 || !fs.ValidPath(strings.TrimSuffix(name, "/")) ||
		strings.ContainsAny(name, "\\:\x00"):
		return ErrArchive.With("a part's path leads out of it")
	case f.Mode()&fs.ModeType != 0 && !f.Mode().IsDir():
		return ErrArchive.With("a part is a link or a device")
	case f.Flags&encrypted != 0:
		return ErrArchive.With("a part is encrypted")
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return ErrArchive.With("a part is packed in an unusual way")
	case f.UncompressedSize64 > freeRatio && f.UncompressedSize64/MaxRatio > f.CompressedSize64:
		return layout.ErrTooLarge.With("a part makes more than %d bytes of one", MaxRatio)
	case strings.Contains(name, "vbaproject"):
		return ErrArchive.With("it holds a macro")
	}
	for _, suffix := range []string{".zip", ".xlsx", ".xlsm", ".docx", ".jar", ".gz", ".7z", ".rar", ".exe"} {
		if strings.HasSuffix(name, suffix) {
			return ErrArchive.With("it holds an archive or a program")
		}
	}
	return nil
}

// peek refuses parts that are archives under another name.
func (a archive) peek() error {
	for name := range a {
		if strings.HasSuffix(name, "/") {
			continue
		}
		part, err := a.open(name)
		if err != nil {
			return err
		}
		var head [4]byte
		n, err := io.ReadFull(part, head[:])
		part.close()
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		if string(head[:n]) == "PK\x03\x04" {
			return ErrArchive.With("it holds an archive or a program")
		}
	}
	return nil
}

// part is one part as it is unpacked. The archive's own reader ends at the size
// that the directory says and proves the checksum.
type part struct{ from io.ReadCloser }

func (a archive) open(name string) (part, error) {
	f, ok := a[strings.ToLower(name)]
	if !ok {
		return part{}, ErrWorkbook.With("the part %s is missing", name)
	}
	r, err := f.Open()
	if err != nil {
		return part{}, ErrArchive.With("a part cannot be unpacked").Because(err)
	}
	return part{from: r}, nil
}

// Read implements io.Reader.
func (p part) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	_, damaged := errors.AsType[flate.CorruptInputError](err)
	for _, what := range []error{zip.ErrFormat, zip.ErrChecksum, io.ErrUnexpectedEOF} {
		damaged = damaged || errors.Is(err, what)
	}
	if damaged {
		err = ErrArchive.With("a part is damaged").Because(err)
	}
	return n, err
}

func (p part) close() { _ = p.from.Close() } // it only gives back what reads it
