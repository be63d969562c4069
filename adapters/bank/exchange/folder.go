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

	"twoline/gateway/bank"
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
	// maxKept bounds how much of a bank's name stays in the name of an archived file.
	maxKept = 180
)

// errNoFile is a name that stands for no ordinary file.
var errNoFile = errors.New("not an ordinary file")

// Folder is one bank's folder; it implements bank.Courier. It is safe for
// concurrent use, also by other processes.
type Folder struct {
	disk Disk
	// markers says that a file is whole only with its marker, theirs and ours.
	markers bool

	mu sync.Mutex
	// seen is what the last look found in the inbox and may still be written.
	seen map[string]glance
}

// glance is what two looks must agree on.
type glance struct {
	size     int64
	modified int64
}

// Options say how a bank uses its folder.
type Options struct {
	// Markers says that a file counts from its marker on, in both directions.
	Markers bool
}

// Open returns a folder after proving that files can be made, linked and made
// durable there.
func Open(disk Disk, o Options) (*Folder, error) {
	f := &Folder{disk: disk, markers: o.Markers, mu: sync.Mutex{}, seen: map[string]glance{}}
	for _, part := range []string{inbox, archive, quarantine} {
		if _, err := disk.List(part, 1); err != nil {
			return nil, fmt.Errorf("%s: %w", part, err)
		}
	}
	staged, err := f.write("probe", func(w io.Writer) error {
		_, err := w.Write([]byte("probe\n"))
		return err
	})
	if err != nil {
		return nil, err
	}
	linked := staged + unfinished
	err = disk.Link(staged, linked)
	if err == nil {
		err = disk.Remove(linked)
	}
	if err = errors.Join(err, disk.Remove(staged), disk.Sync(outbox)); err != nil {
		return nil, fmt.Errorf("the folder does not take links: %w", err)
	}
	return f, nil
}

// Sweep implements bank.Courier.
func (f *Folder) Sweep() error {
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
			p.Number), f.disk.Remove(staged))
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
		case errors.Is(err, fs.ErrNotExist):
			err = bank.ErrSwept.Because(err)
		}
		if err != nil {
			return fmt.Errorf("place file: %w", err)
		}
	}
	if err := f.disk.Sync(outbox); err != nil {
		return fmt.Errorf("make the place of a file durable: %w", err)
	}
	if !f.markers {
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
	return errors.Join(err, gone(f.disk.Remove(staged)), f.disk.Sync(outbox))
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
	sum := sha256.New()
	_, err = io.Copy(sum, source)
	sum.Sum(digest[:0])
	return digest, true, errors.Join(err, source.Close())
}

// move brings a file and its marker to another part of the folder, under a name
// that begins with the digest. One that is gone was moved by somebody else.
func (f *Folder) move(from, name, to string, digest [sha256.Size]byte) error {
	kept := hex.EncodeToString(digest[:])
	if len(name) <= maxKept {
		kept += "_" + name
	}
	err := errors.Join(
		gone(f.disk.Rename(path.Join(from, name), path.Join(to, kept))),
		gone(f.disk.Rename(path.Join(from, name+marker), path.Join(to, kept+marker))))
	return errors.Join(err, f.disk.Sync(to), f.disk.Sync(from))
}
