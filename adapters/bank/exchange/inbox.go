package exchange

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"twoline/gateway/bank"
)

// Ready implements bank.Courier. Entries that are no ordinary files, and names that
// say that a file is still written, are left alone.
func (f *Folder) Ready() ([]bank.Incoming, error) {
	list, err := f.disk.List(inbox, maxEntries)
	if err != nil {
		return nil, fmt.Errorf("list inbox: %w", err)
	}
	names := make(map[string]fs.FileInfo, len(list))
	for _, e := range list {
		if e.Mode().IsRegular() {
			names[e.Name()] = e
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := make(map[string]glance)
	var ready []bank.Incoming
	for name, info := range names {
		now := glance{size: info.Size(), modified: info.ModTime().UnixNano()}
		last, before := f.seen[name]
		steady := before && last == now
		switch {
		case strings.HasSuffix(name, marker):
			seen[name] = now
			if _, whose := names[strings.TrimSuffix(name, marker)]; !whose && steady {
				// Left by a move that was broken off: it must not vouch for a later file.
				if err := f.disk.Rename(path.Join(inbox, name), path.Join(quarantine, name)); gone(err) != nil {
					return nil, fmt.Errorf("move a marker without a file: %w", err)
				}
			}
			continue
		case strings.HasPrefix(name, "."), strings.HasSuffix(name, unfinished), strings.HasSuffix(name, ".part"):
			continue
		}
		seen[name] = now
		_, marked := names[name+marker]
		if !marked && (f.markers || !steady) {
			continue
		}
		in := bank.Incoming{Name: name, Size: info.Size(), Modified: info.ModTime(), Beside: nil}
		if marked {
			in.Beside, err = f.beside(name + marker)
			if errors.Is(err, fs.ErrNotExist) {
				continue // another process took it in meanwhile
			}
			if err != nil {
				return nil, err
			}
		}
		ready = append(ready, in)
	}
	f.seen = seen
	slices.SortFunc(ready, func(a, b bank.Incoming) int { return strings.Compare(a.Name, b.Name) })
	return ready, nil
}

// beside reads a marker, or the beginning of one that is too long to be any.
func (f *Folder) beside(name string) ([]byte, error) {
	source, err := f.disk.Open(path.Join(inbox, name))
	if err != nil {
		return nil, fmt.Errorf("open marker: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(source, maxMarker))
	return text, errors.Join(err, source.Close())
}

// Read implements bank.Courier.
func (f *Folder) Read(in bank.Incoming, fn func(io.Reader) error) error {
	source, err := f.disk.Open(path.Join(inbox, in.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return bank.ErrStillWritten.Because(err) // taken back, or taken in by another process
	}
	if err != nil {
		return fmt.Errorf("open file of the bank: %w", err)
	}
	err = fn(source)
	info, stat := source.Stat()
	if stat == nil && (info.Size() != in.Size || !info.ModTime().Equal(in.Modified)) {
		err = errors.Join(bank.ErrStillWritten, err)
	}
	return errors.Join(err, stat, source.Close())
}

// Archive implements bank.Courier.
func (f *Folder) Archive(in bank.Incoming, digest [sha256.Size]byte) error {
	return f.move(inbox, in.Name, archive, digest)
}

// Quarantine implements bank.Courier.
func (f *Folder) Quarantine(in bank.Incoming, digest [sha256.Size]byte) error {
	return f.move(inbox, in.Name, quarantine, digest)
}
