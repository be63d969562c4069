package banktest

import (
	"os"
	"path/filepath"
	"testing"
)

// Peer is the bank's side of a channel, and that of whoever else writes there.
type Peer interface {
	// Marks says that files count from their marker on.
	Marks() bool
	// Begin writes a file for us that is not whole yet; Put writes a whole one.
	Begin(t *testing.T, name, content string)
	Put(t *testing.T, name, content string)
	// Outbox is what the bank finds of ours, by name; Take removes one as the bank does.
	Outbox(t *testing.T) map[string]string
	Take(t *testing.T, name string)
	// Lay puts a file of somebody else's among ours.
	Lay(t *testing.T, name, content string)
	// Archive and Quarantine are what we kept, by name.
	Archive(t *testing.T) map[string]string
	Quarantine(t *testing.T) map[string]string
}

// Local is a bank that works on the files themselves: its folder is one of this
// machine, whichever way we reach it.
type Local struct {
	Path    string
	Markers bool
}

const filesMode = 0o600

// Marks implements Peer.
func (l Local) Marks() bool { return l.Markers }

// Begin implements Peer.
func (l Local) Begin(t *testing.T, name, content string) {
	t.Helper()
	l.write(t, "inbox", name, content)
}

// Put implements Peer.
func (l Local) Put(t *testing.T, name, content string) {
	t.Helper()
	l.write(t, "inbox", name, content)
	if l.Markers {
		l.write(t, "inbox", name+".ok", "")
	}
}

// Lay implements Peer.
func (l Local) Lay(t *testing.T, name, content string) {
	t.Helper()
	l.write(t, "outbox", name, content)
}

func (l Local) write(t *testing.T, part, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(l.Path, part, name), []byte(content), filesMode); err != nil {
		t.Fatal(err)
	}
}

// Take implements Peer.
func (l Local) Take(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(l.Path, "outbox", name)); err != nil {
		t.Fatal(err)
	}
}

// Outbox implements Peer.
func (l Local) Outbox(t *testing.T) map[string]string {
	t.Helper()
	return l.part(t, "outbox")
}

// Archive implements Peer.
func (l Local) Archive(t *testing.T) map[string]string {
	t.Helper()
	return l.part(t, "archive")
}

// Quarantine implements Peer.
func (l Local) Quarantine(t *testing.T) map[string]string {
	t.Helper()
	return l.part(t, "quarantine")
}

func (l Local) part(t *testing.T, part string) map[string]string {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(l.Path, part))
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string, len(list))
	for _, e := range list {
		text, err := os.ReadFile(filepath.Join(l.Path, part, e.Name())) //nolint:gosec // a test's own folder
		if os.IsNotExist(err) {
			continue // moved meanwhile
		}
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(text)
	}
	return out
}
