package exchange

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// The parts of a folder.
const (
	outbox     = "outbox"
	inbox      = "inbox"
	archive    = "archive"
	quarantine = "quarantine"
)

const (
	unfinished = ".tmp"
	marker     = ".ok"
	// maxEntries bounds what one look takes notice of; the next look takes the rest.
	maxEntries = 10_000
	// maxMarker bounds the content of a marker.
	maxMarker = 1 << 10
	// maxProbes bounds how often a folder is proved while others sweep it.
	maxProbes = 10
	// maxKept bounds how much of a bank's name stays in the name of an archived file.
	maxKept = 180
)

// errNoFile is a name that stands for no ordinary file.
var errNoFile = errors.New("not an ordinary file")

// ErrTooLarge is a file that nobody reads because of its size.
var ErrTooLarge = fault.New(fault.TooLarge, "bank_file_too_large", "a file of the bank is larger than any that is read")

// Folder is one bank's folder; it implements bank.Courier. It is safe for
// concurrent use, also by other processes.
type Folder struct {
	disk    Disk
	options Options

	mu sync.Mutex
	// proved says that the disk does what a folder needs.
	proved bool
	// seen is what the last look found in the inbox and may still be written.
	seen map[string]sighting
}

// glance is what two looks must agree on.
type glance struct {
	size     int64
	modified int64
}

// sighting is a glance and when it was had first.
type sighting struct {
	glance

	since time.Time
}

// Options say how a bank uses its folder.
type Options struct {
	// Markers says that a file counts from its marker on, in both directions.
	Markers bool
	// Settle is how far apart the two looks must be that find a file the same; it needs
	// Now. Without it any two will do.
	Settle time.Duration
	Now    func() time.Time
	// MaxFile bounds the files that are read, in bytes; 0 is 4 GiB.
	MaxFile int64
}

// Open returns a folder after proving that files can be made, named and made
// durable there, and that no file is ever replaced by the name of another.
func Open(disk Disk, o Options) (*Folder, error) {
	f := OpenLater(disk, o)
	if err := f.Prove(); err != nil {
		return nil, err
	}
	return f, nil
}

// OpenLater returns a folder that proves itself before its first delivery: a server
// that does not answer now holds up nobody.
func OpenLater(disk Disk, o Options) *Folder {
	if o.Now == nil {
		o.Settle, o.Now = 0, func() time.Time { return time.Time{} }
	}
	if o.MaxFile == 0 {
		o.MaxFile = 4 << 30
	}
	return &Folder{disk: disk, options: o, mu: sync.Mutex{}, proved: false, seen: map[string]sighting{}}
}

// Prove does what Open proves, once.
func (f *Folder) Prove() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.proved {
		return nil
	}
	for _, part := range []string{inbox, archive, quarantine} {
		if _, err := f.disk.List(part, 1); err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	err := fs.ErrNotExist
	// Another process that sweeps takes the probes of this one for leavings.
	for range maxProbes {
		if err = f.proveOutbox(); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	f.proved = err == nil
	return err
}

func (f *Folder) proveOutbox() error {
	first, err := f.probe("probe\n")
	if err != nil {
		return err
	}
	second, err := f.probe("another probe\n")
	if err == nil {
		err = f.proveNames(first, second)
	}
	return errors.Join(err, gone(f.disk.Remove(first)), f.disk.Sync(outbox))
}

func (f *Folder) probe(text string) (string, error) {
	return f.write("probe", func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// proveNames gives one of two files a name and fails to give it to the other.
func (f *Folder) proveNames(first, second string) error {
	named := first + unfinished
	err := f.disk.Link(first, named)
	if err != nil {
		err = fmt.Errorf("the folder does not take links: %w", err)
	} else if over := f.disk.Link(second, named); !errors.Is(over, fs.ErrExist) {
		err = errReplaced
		if over != nil {
			err = fmt.Errorf("name a file like another: %w", over)
		}
	}
	return errors.Join(err, gone(f.disk.Remove(named)), gone(f.disk.Remove(second)))
}

var errReplaced = errors.New("the folder lets a file be replaced by the name of another; it cannot be used")

// Sweep implements bank.Courier.
func (f *Folder) Sweep() error {
	if err := f.Prove(); err != nil {
		return err
	}
	list, err := f.disk.List(outbox, maxEntries)
	if err != nil {
		return fmt.Errorf("list outbox: %w", err)
	}
	var errs []error
	for _, e := range list {
		if strings.HasSuffix(e.Name(), unfinished) {
			errs = append(errs, gone(f.disk.Remove(path.Join(outbox, e.Name()))))
		}
	}
	return errors.Join(errs...)
}

// gone takes a file that is not there for one that was removed.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// swept says of a staged file that is gone who took it.
func swept(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return bank.ErrSwept.Because(err)
	}
	return err
}

// Stage implements bank.Courier.
func (f *Folder) Stage(p bank.Parcel, write func(io.Writer) error) (bank.Staged, error) {
	digest, there, err := f.digest(path.Join(outbox, p.Name))
	switch {
	case err != nil:
		return "", err
	case there && digest == p.Digest:
		return "", nil
	case there:
		return "", bank.ErrInTheWay
	}
	count := &counting{Hash: sha256.New(), size: 0}
	staged, err := f.write(p.Name, func(w io.Writer) error { return write(io.MultiWriter(w, count)) })
	if err != nil {
		return "", err
	}
	if count.size != p.Size || !bytes.Equal(count.Sum(nil), p.Digest[:]) {
		return "", errors.Join(bank.ErrParcelDiffers.With("batch %s no longer gives the file whose digest was frozen",
			p.Number), gone(f.disk.Remove(staged)))
	}
	if err := f.disk.Arrived(staged, p.Size, p.Digest); err != nil {
		return "", errors.Join(swept(err), gone(f.disk.Remove(staged)))
	}
	return bank.Staged(staged), nil
}

// write writes a durable file under a name of its own beside the given one. What
// cannot be written whole is removed.
func (f *Folder) write(name string, fill func(io.Writer) error) (string, error) {
	staged := path.Join(outbox, name+"."+rand.Text()[:8]+unfinished)
	file, err := f.disk.Create(staged)
	if err != nil {
		return "", fmt.Errorf("create file: %w", err)
	}
	buffer := bufio.NewWriterSize(file, 64<<10)
	err = fill(buffer)
	if err == nil {
		err = buffer.Flush()
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(fmt.Errorf("write file: %w", err), gone(f.disk.Remove(staged)))
	}
	return staged, nil
}

// counting is a hash that counts its bytes.
type counting struct {
	hash.Hash

	size int64
}

// Write implements io.Writer.
func (c *counting) Write(p []byte) (int, error) {
	n, err := c.Hash.Write(p)
	c.size += int64(n)
	return n, err
}

// Place implements bank.Courier.
func (f *Folder) Place(p bank.Parcel, s bank.Staged) error {
	name := path.Join(outbox, p.Name)
	if s != "" {
		err := f.disk.Link(string(s), name)
		switch {
		case errors.Is(err, fs.ErrExist):
			err = f.same(name, p)
		default:
			err = swept(err)
		}
		if err != nil {
			return fmt.Errorf("place file: %w", err)
		}
	}
	if err := f.disk.Sync(outbox); err != nil {
		return fmt.Errorf("make the place of a file durable: %w", err)
	}
	if !f.options.Markers {
		return nil
	}
	return f.mark(p)
}

// same refuses another content than the parcel's.
func (f *Folder) same(name string, p bank.Parcel) error {
	digest, there, err := f.digest(name)
	if err == nil && there && digest != p.Digest {
		return bank.ErrInTheWay
	}
	return err
}

// mark writes the marker of a file of ours: number of lines and amount.
func (f *Folder) mark(p bank.Parcel) error {
	staged, err := f.write(p.Name+marker, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%d %s\n", p.Count, p.Amount)
		return err
	})
	if err != nil {
		return err
	}
	err = f.disk.Link(staged, path.Join(outbox, p.Name+marker))
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	return errors.Join(swept(err), gone(f.disk.Remove(staged)), f.disk.Sync(outbox))
}

// Discard implements bank.Courier.
func (f *Folder) Discard(s bank.Staged) error {
	if s == "" {
		return nil
	}
	return gone(f.disk.Remove(string(s)))
}

// InTheWay implements bank.Courier.
func (f *Folder) InTheWay(p bank.Parcel) (digest [sha256.Size]byte, there bool, err error) {
	digest, there, err = f.digest(path.Join(outbox, p.Name))
	return digest, there && digest != p.Digest, err
}

// SetAside implements bank.Courier.
func (f *Folder) SetAside(p bank.Parcel, digest [sha256.Size]byte) error {
	return f.move(outbox, p.Name, quarantine, digest)
}

// TakeBack implements bank.Courier.
func (f *Folder) TakeBack(p bank.Parcel) (bool, error) {
	digest, there, err := f.digest(path.Join(outbox, p.Name))
	if err != nil || !there {
		return false, err
	}
	return true, f.move(outbox, p.Name, quarantine, digest)
}

// digest reads a file whole; there is false where no file has the name.
func (f *Folder) digest(name string) (digest [sha256.Size]byte, there bool, err error) {
	source, err := f.disk.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return digest, false, nil
	}
	if err != nil {
		return digest, false, err
	}
	info, err := source.Stat()
	if err == nil {
		sum := sha256.New()
		if err = f.allowed(info.Size()); err == nil {
			_, err = io.Copy(sum, &exactly{from: source, left: info.Size()})
		}
		sum.Sum(digest[:0])
	}
	return digest, true, errors.Join(err, source.Close())
}

// allowed refuses sizes that nobody reads.
func (f *Folder) allowed(size int64) error {
	if size < 0 || size > f.options.MaxFile {
		return ErrTooLarge.With("a file of %d bytes is larger than %d", size, f.options.MaxFile)
	}
	return nil
}

// exactly reads a file of a size: neither one that ends before it nor one that does
// not end there, however long it goes on.
type exactly struct {
	from io.Reader
	left int64
}

// Read implements io.Reader.
func (e *exactly) Read(p []byte) (int, error) {
	if int64(len(p)) > e.left+1 {
		p = p[:e.left+1]
	}
	n, err := e.from.Read(p)
	if e.left -= int64(n); e.left < 0 || errors.Is(err, io.EOF) && e.left > 0 {
		return 0, bank.ErrStillWritten
	}
	return n, err
}

// move brings a file and its marker to another part of the folder, under a name
// that begins with the digest. One that is gone was moved by somebody else.
func (f *Folder) move(from, name, to string, digest [sha256.Size]byte) error {
	kept := keptName(name, digest)
	err := errors.Join(
		gone(f.disk.Rename(path.Join(from, name), path.Join(to, kept))),
		gone(f.disk.Rename(path.Join(from, name+marker), path.Join(to, kept+marker))))
	return errors.Join(err, f.disk.Sync(to), f.disk.Sync(from))
}

// keptName is the digest, and the name where it is one that a person can read.
func keptName(name string, digest [sha256.Size]byte) string {
	kept := hex.EncodeToString(digest[:])
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if len(name) <= maxKept && utf8.ValidString(name) && !strings.ContainsFunc(name, odd) {
		kept += "_" + name
	}
	return kept
}
