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
	seen := make(map[string]sighting)
	at := f.options.Now()
	var ready []bank.Incoming
	for name, info := range names {
		now := sighting{glance{size: info.Size(), modified: info.ModTime().UnixNano()}, at}
		last, before := f.seen[name]
		if before = before && last.glance == now.glance; before {
			now.since = last.since
		}
		steady := before && at.Sub(now.since) >= f.options.Settle
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
		if !marked && (f.options.Markers || !steady) {
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
	if err := f.allowed(in.Size); err != nil {
		return errors.Join(err, source.Close())
	}
	err = fn(&exactly{from: source, left: in.Size})
	info, stat := source.Stat()
	if stat == nil && !same(in, info) {
		err = errors.Join(bank.ErrStillWritten, err)
	}
	return errors.Join(err, stat, source.Close())
}

// same says that a file is the one that was found ready.
func same(in bank.Incoming, info fs.FileInfo) bool {
	return info.Size() == in.Size && info.ModTime().Equal(in.Modified)
}

// Archive implements bank.Courier.
func (f *Folder) Archive(in bank.Incoming, digest [sha256.Size]byte) error {
	return f.put(in, archive, digest)
}

// Quarantine implements bank.Courier.
func (f *Folder) Quarantine(in bank.Incoming, digest [sha256.Size]byte) error {
	return f.put(in, quarantine, digest)
}

// put moves a file out of the inbox. One that the bank wrote over since it was read
// stays, or goes back: nobody has taken in what stands there now.
func (f *Folder) put(in bank.Incoming, to string, digest [sha256.Size]byte) error {
	from, kept := path.Join(inbox, in.Name), path.Join(to, keptName(in.Name, digest))
	other, err := f.changed(from, in, digest)
	if err == nil && other {
		err = bank.ErrStillWritten
	}
	if err == nil {
		err = gone(f.disk.Rename(from, kept))
	}
	if err != nil {
		return fmt.Errorf("move a file of the bank: %w", err)
	}
	if other, err = f.changed(kept, in, digest); err != nil {
		return fmt.Errorf("look at a file that was moved: %w", err)
	}
	if other {
		if err := f.disk.Link(kept, from); err != nil {
			return fmt.Errorf("put back to the inbox what the bank wrote over a file; it lies in %s: %w", to, err)
		}
		return errors.Join(bank.ErrStillWritten, gone(f.disk.Remove(kept)), f.disk.Sync(to), f.disk.Sync(inbox))
	}
	err = gone(f.disk.Rename(from+marker, kept+marker))
	return errors.Join(err, f.disk.Sync(to), f.disk.Sync(inbox))
}

// changed says that a file is not the one that was read. A server may give it another
// time with another name, so its content decides where its time differs.
func (f *Folder) changed(name string, in bank.Incoming, digest [sha256.Size]byte) (bool, error) {
	source, err := f.disk.Open(name)
	if err != nil {
		return false, gone(err)
	}
	info, err := source.Stat()
	if err = errors.Join(err, source.Close()); err != nil || same(in, info) {
		return false, err
	}
	now, there, err := f.digest(name)
	return there && now != digest, err
}
