package exchange

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Disk is what a folder needs of a file system. Names are relative to the folder.
type Disk interface {
	// Create makes a file that must not exist.
	Create(name string) (File, error)
	Open(name string) (Source, error)
	// Link gives a file another name, which must not exist; the old name may be gone
	// afterwards. It never replaces a file.
	Link(name, other string) error
	// Arrived proves that what was written and closed under a name is there as it was
	// meant, where the writer itself has not proved that.
	Arrived(name string, size int64, digest [sha256.Size]byte) error
	// Rename moves a file over what may lie there.
	Rename(name, other string) error
	Remove(name string) error
	// List returns at most limit entries of a folder, as they are without following
	// links.
	List(folder string, limit int) ([]fs.FileInfo, error)
	// Sync makes the names of a folder durable.
	Sync(folder string) error
}

// File is a file that is being written.
type File interface {
	io.WriteCloser
	// Sync makes the content durable.
	Sync() error
}

// Source is a file that is being read.
type Source interface {
	io.ReadCloser
	Stat() (fs.FileInfo, error)
}

// osDisk is a folder of the operating system. No name leads out of it.
type osDisk struct{ root *os.Root }

// OpenDisk opens a folder of the operating system, and makes it with its parts
// where they are not there yet.
func OpenDisk(path string) (Disk, error) {
	for _, part := range []string{outbox, inbox, archive, quarantine} {
		if err := os.MkdirAll(filepath.Join(path, part), 0o750); err != nil {
			return nil, fmt.Errorf("make folder: %w", err)
		}
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	return osDisk{root}, nil
}

const fileMode = 0o640

// Create implements Disk.
func (d osDisk) Create(name string) (File, error) {
	return d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
}

// Open implements Disk.
func (d osDisk) Open(name string) (Source, error) {
	before, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", name, errNoFile)
	}
	f, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	// What was opened is what was looked at, and no link that was put there meanwhile.
	opened, err := f.Stat()
	if err == nil && !os.SameFile(before, opened) {
		err = fmt.Errorf("%s: %w", name, errNoFile)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Link implements Disk.
func (d osDisk) Link(name, other string) error { return d.root.Link(name, other) }

// Arrived implements Disk: the operating system vouches for what it made durable.
func (d osDisk) Arrived(string, int64, [sha256.Size]byte) error { return nil }

// Rename implements Disk.
func (d osDisk) Rename(name, other string) error { return d.root.Rename(name, other) }

// Remove implements Disk.
func (d osDisk) Remove(name string) error { return d.root.Remove(name) }

// List implements Disk.
func (d osDisk) List(folder string, limit int) ([]fs.FileInfo, error) {
	f, err := d.root.Open(folder)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	list, err := f.Readdir(limit)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return list, err
}

// Sync implements Disk.
func (d osDisk) Sync(folder string) error {
	f, err := d.root.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
