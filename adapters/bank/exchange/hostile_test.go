package exchange_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pkg/sftp"

	"twoline/adapters/bank/banktest"
	"twoline/adapters/bank/exchange"
	"twoline/gateway/bank"
	"twoline/gateway/fault"
)

// entry is what a server says of a file.
type entry struct {
	name string
	size int64
	mode fs.FileMode
}

func (e entry) Name() string       { return e.name }
func (e entry) Size() int64        { return e.size }
func (e entry) Mode() fs.FileMode  { return e.mode }
func (e entry) ModTime() time.Time { return time.Unix(1_700_000_000, 0) }
func (e entry) IsDir() bool        { return e.mode.IsDir() }
func (entry) Sys() any             { return nil }

// odd is a server that keeps files like any other, and beside them says and gives
// what it likes.
type odd struct {
	sftp.Handlers

	// listed gives the inbox's n-th entry; told counts how many were asked for.
	listed func(n int64) (entry, bool)
	told   atomic.Int64
	// endless is how much was read of a file that does not end.
	endless atomic.Int64
	// replaces has rename write over files, and drops loses what is written.
	replaces, drops bool
}

func serveOdd(t *testing.T, o *odd) *banktest.Server {
	t.Helper()
	o.Handlers = sftp.InMemHandler()
	return banktest.Serve(t, banktest.ServerOptions{Subsystem: func(channel io.ReadWriteCloser) {
		server := sftp.NewRequestServer(channel, sftp.Handlers{FileGet: o, FilePut: o, FileCmd: o, FileList: o})
		_ = server.Serve()
		_ = server.Close()
	}})
}

// openOdd opens a folder on the server; its root is a folder there.
func openOdd(t *testing.T, o *odd, options exchange.Options) (*exchange.Folder, error) {
	t.Helper()
	d := describe(serveOdd(t, o))
	d.Path = "/"
	return exchange.Open(remote(t, d), options)
}

// Filelist implements sftp.FileLister.
func (o *odd) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	if o.listed == nil || !strings.HasPrefix(r.Filepath, "/inbox") {
		return o.FileList.Filelist(r)
	}
	if r.Method == "List" {
		return o, nil
	}
	if e, ok := o.listed(-1); ok && path.Base(r.Filepath) == e.name {
		return alone(e), nil
	}
	return o.FileList.Filelist(r)
}

// Lstat implements sftp.LstatFileLister.
func (o *odd) Lstat(r *sftp.Request) (sftp.ListerAt, error) {
	r.Method = "Stat"
	return o.Filelist(r)
}

// ListAt implements sftp.ListerAt.
func (o *odd) ListAt(list []fs.FileInfo, from int64) (int, error) {
	for i := range list {
		e, ok := o.listed(from + int64(i))
		if !ok {
			return i, io.EOF
		}
		list[i] = e
		o.told.Add(1)
	}
	return len(list), nil
}

// alone is a list of one.
type alone entry

func (e alone) ListAt(list []fs.FileInfo, from int64) (int, error) {
	if from > 0 || len(list) == 0 {
		return 0, io.EOF
	}
	list[0] = entry(e)
	return 1, io.EOF
}

// Fileread implements sftp.FileReader.
func (o *odd) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	if strings.Contains(r.Filepath, "endless") {
		return o, nil
	}
	return o.FileGet.Fileread(r)
}

// ReadAt gives as much as is asked for.
func (o *odd) ReadAt(p []byte, _ int64) (int, error) {
	o.endless.Add(int64(len(p)))
	return len(p), nil
}

// Filewrite implements sftp.FileWriter.
func (o *odd) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	w, err := o.FilePut.Filewrite(r)
	if o.drops && err == nil {
		return forgetful{w}, nil
	}
	return w, err
}

// forgetful spoils what is written.
type forgetful struct{ io.WriterAt }

func (f forgetful) WriteAt(p []byte, at int64) (int, error) {
	spoilt := append([]byte{}, p...)
	spoilt[len(p)/2] ^= 1
	return f.WriterAt.WriteAt(spoilt, at)
}

// Filecmd implements sftp.FileCmder.
func (o *odd) Filecmd(r *sftp.Request) error {
	if o.replaces && r.Method == "Link" {
		return sftp.ErrSSHFxOpUnsupported
	}
	if o.replaces && r.Method == "Rename" {
		over, ok := o.FileCmd.(sftp.PosixRenameFileCmder)
		if !ok {
			return sftp.ErrSSHFxOpUnsupported
		}
		return over.PosixRename(r)
	}
	return o.FileCmd.Filecmd(r)
}

func TestF115_AMillionFilesAreReadInPartsAndBoundedMemory(t *testing.T) {
	t.Parallel()
	o := &odd{listed: func(n int64) (entry, bool) {
		return entry{fmt.Sprintf("P_610304_%08d_S.TXT", n), 10, 0o600}, n < 1_000_000
	}}
	f, err := openOdd(t, o, exchange.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o.told.Store(0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 2 {
		list, err := f.Ready()
		if err != nil || len(list) > 10_000 {
			t.Errorf("%d files are ready: %v", len(list), err)
		}
	}
	if n := o.told.Load(); n > 200_000 {
		t.Errorf("the server was heard for %d files in two looks", n)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("two looks keep %d MiB", grown>>20)
	}
	// Long names are cut off by their bytes.
	o.listed = func(n int64) (entry, bool) {
		return entry{fmt.Sprintf("%d_%s", n, strings.Repeat("x", 900)), 1, 0o600}, true
	}
	o.told.Store(0)
	if _, err := f.Ready(); err != nil || o.told.Load() > 5_000 {
		t.Errorf("an endless list of long names was heard for %d: %v", o.told.Load(), err)
	}
}

func TestF115_HugeAndEndlessFilesAreNotRead(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{5 << 20, 1 << 62, -1} {
		o := &odd{listed: func(n int64) (entry, bool) { return entry{"endless_00000007_S.TXT", size, 0o600}, n <= 0 }}
		f, err := openOdd(t, o, exchange.Options{MaxFile: 4 << 20})
		if err != nil {
			t.Fatal(err)
		}
		in := banktest.Ready(t, f)
		if len(in) != 1 {
			t.Fatalf("a file of %d bytes is ready as %v", size, in)
		}
		if err := f.Read(in[0], drain); !errors.Is(err, exchange.ErrTooLarge) || o.endless.Load() > 0 {
			t.Errorf("%d bytes were read of %d: %v", o.endless.Load(), size, err)
		}
	}
	// One that says it ends, and does not.
	o := &odd{listed: func(n int64) (entry, bool) { return entry{"endless_00000007_S.TXT", 1 << 20, 0o600}, n <= 0 }}
	f, err := openOdd(t, o, exchange.Options{MaxFile: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Read(banktest.Ready(t, f)[0], drain); !errors.Is(err, bank.ErrStillWritten) {
		t.Errorf("read: %v", err)
	}
	if n := o.endless.Load(); n > 4<<20 {
		t.Errorf("%d bytes were read of an endless file", n)
	}
	// One that ends before it says.
	p := newPlace(t)
	local := p.folder(t, exchange.Options{})
	p.put(t, "inbox/00000007_S.TXT", "whole")
	in := one(t, local)
	p.put(t, "inbox/00000007_S.TXT", "who")
	if err := local.Read(in, drain); !errors.Is(err, bank.ErrStillWritten) {
		t.Errorf("read half a file: %v", err)
	}
}

func drain(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func TestF115_LinksAndNamesThatLeadElsewhereAreLeftAlone(t *testing.T) {
	t.Parallel()
	names := []string{"..", ".", "../outbox/x", "/etc/passwd", "a/b", "link", "folder", "pipe", ""}
	o := &odd{listed: func(n int64) (entry, bool) {
		if n < 0 || n >= int64(len(names)) {
			return entry{}, false
		}
		e := entry{names[n], 3, 0o600}
		switch e.name {
		case "link":
			e.mode |= fs.ModeSymlink
		case "folder":
			e.mode |= fs.ModeDir
		case "pipe":
			e.mode |= fs.ModeNamedPipe
		}
		return e, true
	}}
	f, err := openOdd(t, o, exchange.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range banktest.Ready(t, f) {
		// What is left of a path is its last part, and that is looked for in the inbox.
		if strings.ContainsAny(in.Name, "/\x00") || in.Name == ".." || in.Name == "." || in.Name == "" {
			t.Errorf("ready: %q", in.Name)
		}
		if err := f.Read(in, drain); !errors.Is(err, bank.ErrStillWritten) {
			t.Errorf("read %q: %v", in.Name, err)
		}
	}
	// OpenSSH's own server follows links for whoever asks it to.
	s := banktest.Serve(t, banktest.ServerOptions{})
	f = remoteFolder(t, s, exchange.Options{})
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(s.Path, "inbox", "00000007_S.TXT")); err != nil {
		t.Fatal(err)
	}
	if list := banktest.Ready(t, f); len(list) > 0 {
		t.Errorf("ready: %v", list)
	}
	in := bank.Incoming{Name: "00000007_S.TXT", Size: 6, Modified: time.Now(), Beside: nil}
	if err := f.Read(in, func(io.Reader) error { t.Error("a link was followed"); return nil }); err == nil {
		t.Error("a link was read")
	}
}

// A server whose rename replaces what lies under a name cannot be used: two processes
// or a stranger would lose a file without a word.
func TestF08_AServerThatReplacesFilesIsRefused(t *testing.T) {
	t.Parallel()
	o := &odd{replaces: true}
	if _, err := openOdd(t, o, exchange.Options{}); err == nil || !strings.Contains(err.Error(), "replaced") {
		t.Errorf("opened: %v", err)
	}
}

func TestF06_WhatDoesNotArriveAsItWasSentHasNoName(t *testing.T) {
	t.Parallel()
	o := &odd{}
	f, err := openOdd(t, o, exchange.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o.drops = true
	p, write := banktest.Parcel(fileName, content())
	err = banktest.Deliver(f, p, write)
	if !errors.Is(err, exchange.ErrNotArrived) || fault.KindOf(err) == fault.Unavailable {
		t.Errorf("delivered: %v", err)
	}
	o.drops = false
	if _, there, err := f.InTheWay(p); err != nil || there {
		t.Errorf("something has the name: %v", err)
	}
	if err := banktest.Deliver(f, p, write); err != nil {
		t.Error(err)
	}
}

// Two looks that follow each other at once tell nothing: a bank may write slowly.
func TestF113_TwoLooksMustBeApart(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	clock := time.Unix(1_700_000_000, 0)
	f := p.folder(t, exchange.Options{Settle: 4 * time.Second, Now: func() time.Time { return clock }})
	p.put(t, "inbox/00000007_S.TXT", "half")
	for _, ready := range []bool{false, false, false, false, true, true} {
		if got := settled(t, f); got != ready {
			t.Errorf("at %s ready is %t", clock, got)
		}
		clock = clock.Add(time.Second)
	}
	p.put(t, "inbox/00000007_S.TXT", "whole")
	for _, ready := range []bool{false, false, true} {
		if got := settled(t, f); got != ready {
			t.Errorf("after it grew, at %s, ready is %t", clock, got)
		}
		clock = clock.Add(2 * time.Second)
	}
}

func settled(t *testing.T, f *exchange.Folder) bool {
	t.Helper()
	list, err := f.Ready()
	if err != nil {
		t.Fatal(err)
	}
	return len(list) == 1
}
