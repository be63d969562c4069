package exchange_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"twoline/adapters/bank/exchange"
	"twoline/gateway/bank"
)

const fileName = "P_rcc_610304_20110310_00000007.TXT"

// content is a file of several writes.
func content() []byte {
	return bytes.Repeat([]byte("S001|王喆|440524188001010014|55.00|00000007|62170001|610304001001\n"), 4_000)
}

func parcel() bank.Parcel {
	text := content()
	return bank.Parcel{ //nolint:exhaustruct // what a folder asks
		Area: 610304, Batch: 7, Direction: bank.Payment, Bank: "rcc", Number: "00000007", Name: fileName,
		Digest: sha256.Sum256(text), Size: int64(len(text)), Count: 4_000, Amount: 22_000_000,
	}
}

// rows writes the content row by row.
func rows(w io.Writer) error {
	for line := range bytes.Lines(content()) {
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// place is a folder of the operating system.
type place struct {
	path string
	disk exchange.Disk
}

func newPlace(t *testing.T) place {
	t.Helper()
	p := place{path: filepath.Join(t.TempDir(), "rcc")}
	var err error
	if p.disk, err = exchange.OpenDisk(p.path); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p place) folder(t *testing.T, o exchange.Options) *exchange.Folder {
	t.Helper()
	f, err := exchange.Open(p.disk, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// names lists a part of the folder.
func (p place) names(t *testing.T, part string) []string {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(p.path, part))
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

func (p place) put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.path, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (p place) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.path, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// deliver is what a look does for one batch.
func deliver(f *exchange.Folder, p bank.Parcel) error {
	if err := f.Sweep(); err != nil {
		return err
	}
	staged, err := f.Stage(p, rows)
	if err != nil {
		return err
	}
	return errors.Join(f.Place(p, staged), f.Discard(staged))
}

// wholeOrNothing proves that the name holds the whole file or does not exist.
func (p place) wholeOrNothing(t *testing.T, when string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.path, "outbox", fileName))
	if err == nil && !bytes.Equal(text, content()) {
		t.Fatalf("%s: %d of %d bytes lie under the name", when, len(text), len(content()))
	}
}

var errDead = errors.New("the process is dead")

// mortalDisk is a disk whose process dies at its n-th call: half of what that call
// writes arrives, and nothing after it.
type mortalDisk struct {
	exchange.Disk

	left  int
	calls []string
}

func (d *mortalDisk) call(what string) error {
	d.calls = append(d.calls, what)
	if d.left--; d.left < 0 {
		return errDead
	}
	return nil
}

func (d *mortalDisk) Create(name string) (exchange.File, error) {
	if err := d.call("create"); err != nil {
		return nil, err
	}
	f, err := d.Disk.Create(name)
	return mortalFile{f, d}, err
}

func (d *mortalDisk) Link(name, other string) error {
	if err := d.call("link"); err != nil {
		return err
	}
	return d.Disk.Link(name, other)
}

func (d *mortalDisk) Remove(name string) error {
	if err := d.call("remove"); err != nil {
		return err
	}
	return d.Disk.Remove(name)
}

func (d *mortalDisk) Sync(folder string) error {
	if err := d.call("sync folder"); err != nil {
		return err
	}
	return d.Disk.Sync(folder)
}

type mortalFile struct {
	exchange.File

	disk *mortalDisk
}

func (f mortalFile) Write(p []byte) (int, error) {
	if err := f.disk.call("write"); err != nil {
		if f.disk.left == -1 {
			_, _ = f.File.Write(p[:len(p)/2])
		}
		return 0, err
	}
	return f.File.Write(p)
}

func (f mortalFile) Sync() error {
	if err := f.disk.call("sync"); err != nil {
		return err
	}
	return f.File.Sync()
}

func TestF04_DeadAtEachCallLeavesTheWholeFileOrNone(t *testing.T) {
	t.Parallel()
	for _, o := range []exchange.Options{{Markers: false}, {Markers: true}} {
		var order []string
		for n := 0; ; n++ {
			p := newPlace(t)
			f := p.folder(t, o)
			d := &mortalDisk{Disk: p.disk, left: n, calls: nil}
			mortal, err := exchange.Open(p.disk, o)
			if err != nil {
				t.Fatal(err)
			}
			exchange.Exchange(mortal, d)
			when := fmt.Sprintf("markers %t, dead at call %d", o.Markers, n+1)
			err = deliver(mortal, parcel())
			order = d.calls
			p.wholeOrNothing(t, when)
			for _, name := range p.names(t, "outbox") {
				if name != fileName && name != fileName+".ok" && !strings.HasSuffix(name, ".tmp") {
					t.Errorf("%s: the outbox holds %s", when, name)
				}
			}
			if err != nil && !errors.Is(err, errDead) {
				t.Fatalf("%s: %v", when, err)
			}
			// The next process.
			if again := deliver(f, parcel()); again != nil {
				t.Fatalf("%s, then: %v", when, again)
			}
			want := []string{fileName}
			if o.Markers {
				want = append(want, fileName+".ok")
			}
			if diff := cmp.Diff(want, p.names(t, "outbox")); diff != "" {
				t.Errorf("%s, then the outbox (-want +got):\n%s", when, diff)
			}
			p.wholeOrNothing(t, when+", then")
			if err == nil {
				break
			}
		}
		if n := slices.Index(order, "sync"); n < 5 || order[n+1] != "link" || order[n+2] != "sync folder" {
			t.Errorf("the calls are %v: write, make durable, name, make the name durable", order)
		}
	}
}

func TestF05_TheFrozenFileUnderItsNameIsAdoptedAndAnyOtherLeft(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	f := p.folder(t, exchange.Options{Markers: false})
	if err := deliver(f, parcel()); err != nil {
		t.Fatal(err)
	}
	staged, err := f.Stage(parcel(), func(io.Writer) error { return errors.New("nothing is to be written") })
	if err != nil || staged != "" {
		t.Errorf("staged %q again, %v", staged, err)
	}
	if err := f.Place(parcel(), staged); err != nil {
		t.Error(err)
	}

	for _, stranger := range []string{"", "one byte more", string(content()[1:])} {
		p.put(t, "outbox/"+fileName, stranger)
		if _, err := f.Stage(parcel(), rows); !errors.Is(err, bank.ErrInTheWay) {
			t.Errorf("a stranger's file of %d bytes: %v", len(stranger), err)
		}
		if got := p.read(t, "outbox/"+fileName); got != stranger {
			t.Errorf("a stranger's file of %d bytes was written over", len(stranger))
		}
		digest, there, err := f.InTheWay(parcel())
		if err != nil || !there || digest != sha256.Sum256([]byte(stranger)) {
			t.Errorf("in the way: %t, %v", there, err)
		}
		if err := f.SetAside(parcel(), digest); err != nil {
			t.Error(err)
		}
		if got := p.read(t, fmt.Sprintf("quarantine/%x_%s", digest, fileName)); got != stranger {
			t.Errorf("quarantine holds %d bytes", len(got))
		}
		if left := p.names(t, "outbox"); len(left) > 0 {
			t.Errorf("the outbox holds %v", left)
		}
	}
}

// A stranger is faster than the link.
func TestF05_ALinkNeverReplacesAFile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	f := p.folder(t, exchange.Options{Markers: false})
	staged, err := f.Stage(parcel(), rows)
	if err != nil {
		t.Fatal(err)
	}
	p.put(t, "outbox/"+fileName, "stranger")
	if err := f.Place(parcel(), staged); !errors.Is(err, bank.ErrInTheWay) {
		t.Errorf("placed over a stranger's file: %v", err)
	}
	if got := p.read(t, "outbox/"+fileName); got != "stranger" {
		t.Errorf("the name holds %d bytes", len(got))
	}
}

// A process sleeps between its last write and the name; meanwhile another delivers
// and the bank takes the file away.
func TestF19_ASleeperPlacesNothingAfterItsTurn(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	sleeper, other := p.folder(t, exchange.Options{Markers: false}), p.folder(t, exchange.Options{Markers: false})
	staged, err := sleeper.Stage(parcel(), rows)
	if err != nil {
		t.Fatal(err)
	}
	if err := deliver(other, parcel()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(p.path, "outbox", fileName)); err != nil {
		t.Fatal(err)
	}
	if err := sleeper.Place(parcel(), staged); !errors.Is(err, bank.ErrSwept) {
		t.Errorf("the sleeper's file was placed: %v", err)
	}
	if err := sleeper.Discard(staged); err != nil {
		t.Error(err)
	}
	if left := p.names(t, "outbox"); len(left) > 0 {
		t.Errorf("the outbox holds %v", left)
	}
}

// sweptDisk is a disk on which another process sweeps before files get their names.
type sweptDisk struct {
	exchange.Disk

	other *exchange.Folder
	left  int
}

func (d *sweptDisk) Link(name, other string) error {
	if d.left--; d.left >= 0 {
		if err := d.other.Sweep(); err != nil {
			return err
		}
	}
	return d.Disk.Link(name, other)
}

func TestF19_AMarkerThatAnotherSweptIsLeftToIt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	o := exchange.Options{Markers: true}
	first, other := p.folder(t, o), p.folder(t, o)
	staged, err := first.Stage(parcel(), rows)
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Place(parcel(), staged); err != nil {
		t.Fatal(err)
	}
	exchange.Exchange(first, &sweptDisk{Disk: p.disk, other: other, left: 1})
	if err := first.Place(parcel(), ""); !errors.Is(err, bank.ErrSwept) {
		t.Errorf("a marker was swept by another process: %v", err)
	}
}

func TestAFolderIsProvedWhileAnotherProcessSweepsIt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	o := exchange.Options{Markers: false}
	d := &sweptDisk{Disk: p.disk, other: p.folder(t, o), left: 4}
	if _, err := exchange.Open(d, o); err != nil {
		t.Errorf("proved on the fifth time: %v", err)
	}
	d.left = 1_000
	if _, err := exchange.Open(d, o); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that never keeps a file is not proved: %v", err)
	}
}

// fullDisk has room for so many bytes.
type fullDisk struct {
	exchange.Disk

	room int
}

func (d *fullDisk) Create(name string) (exchange.File, error) {
	f, err := d.Disk.Create(name)
	return fullFile{f, d}, err
}

type fullFile struct {
	exchange.File

	disk *fullDisk
}

func (f fullFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p[:min(len(p), f.disk.room)])
	f.disk.room -= n
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return n, err
}

func TestF67_AFullDiskLeavesNothingUnderTheName(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	f := p.folder(t, exchange.Options{Markers: false})
	for _, room := range []int{0, 1, 64 << 10, len(content()) - 1} {
		exchange.Exchange(f, &fullDisk{Disk: p.disk, room: room})
		if err := deliver(f, parcel()); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
		if left := p.names(t, "outbox"); len(left) > 0 {
			t.Errorf("with room for %d bytes the outbox holds %v", room, left)
		}
	}
	exchange.Exchange(f, &fullDisk{Disk: p.disk, room: len(content())})
	if err := deliver(f, parcel()); err != nil {
		t.Fatal(err)
	}
	if got := p.read(t, "outbox/"+fileName); got != string(content()) {
		t.Errorf("%d bytes were delivered", len(got))
	}
}

func TestABatchThatGivesOtherBytesIsNotDelivered(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	f := p.folder(t, exchange.Options{Markers: false})
	one := parcel()
	one.Digest[0]++
	if _, err := f.Stage(one, rows); !errors.Is(err, bank.ErrParcelDiffers) {
		t.Errorf("staged: %v", err)
	}
	if left := p.names(t, "outbox"); len(left) > 0 {
		t.Errorf("the outbox holds %v", left)
	}
}

func TestTheMarkerOfOursTellsLinesAndAmount(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	f := p.folder(t, exchange.Options{Markers: true})
	if err := deliver(f, parcel()); err != nil {
		t.Fatal(err)
	}
	if got := p.read(t, "outbox/"+fileName+".ok"); got != "4000 220000.00\n" {
		t.Errorf("the marker says %q", got)
	}
}

func ready(t *testing.T, f *exchange.Folder) []string {
	t.Helper()
	list, err := f.Ready()
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, in := range list {
		out = append(out, strings.TrimSpace(in.Name+" "+string(in.Beside)))
	}
	return out
}

func TestF113_AFileCountsWhenItStandsStill(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	f := p.folder(t, exchange.Options{Markers: false})
	for _, name := range []string{"00000007_S.TXT", "still.part", "still.tmp", ".hidden"} {
		p.put(t, "inbox/"+name, "half")
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(p.path, "inbox", "link_00000007_S.TXT")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(p.path, "inbox", "folder_00000007_S.TXT"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := ready(t, f); len(got) > 0 {
		t.Errorf("after one look: %v", got)
	}
	p.put(t, "inbox/00000007_S.TXT", "whole")
	if got := ready(t, f); len(got) > 0 {
		t.Errorf("grown since the last look: %v", got)
	}
	if got := ready(t, f); !slices.Equal(got, []string{"00000007_S.TXT"}) {
		t.Errorf("after two equal looks: %v", got)
	}
	in := one(t, f)
	err := f.Read(in, func(io.Reader) error {
		p.put(t, "inbox/00000007_S.TXT", "whole and more")
		return nil
	})
	if !errors.Is(err, bank.ErrStillWritten) {
		t.Errorf("read while it was written: %v", err)
	}
	// Same size, another time.
	p.put(t, "inbox/00000007_S.TXT", "whole")
	in = one(t, f)
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(filepath.Join(p.path, "inbox", "00000007_S.TXT"), later, later); err != nil {
		t.Fatal(err)
	}
	if err := f.Read(in, func(io.Reader) error { return nil }); !errors.Is(err, bank.ErrStillWritten) {
		t.Errorf("read another file of the same size: %v", err)
	}
}

// one looks until a file is ready.
func one(t *testing.T, f *exchange.Folder) bank.Incoming {
	t.Helper()
	for range 3 {
		list, err := f.Ready()
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 1 {
			return list[0]
		}
	}
	t.Fatal("no file is ready")
	return bank.Incoming{} //nolint:exhaustruct // never
}

func TestF113_AMarkerVouchesForItsOwnFile(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	f := p.folder(t, exchange.Options{Markers: true})
	p.put(t, "inbox/00000007_S.TXT", "whole")
	for range 3 {
		if got := ready(t, f); len(got) > 0 {
			t.Errorf("without its marker: %v", got)
		}
	}
	p.put(t, "inbox/00000007_S.TXT.ok", "12 1200.00\n")
	if got := ready(t, f); !slices.Equal(got, []string{"00000007_S.TXT 12 1200.00"}) {
		t.Errorf("with its marker: %v", got)
	}
	in := one(t, f)
	if err := f.Archive(in, sha256.Sum256([]byte("whole"))); err != nil {
		t.Fatal(err)
	}
	// Another process does the same.
	if err := f.Archive(in, sha256.Sum256([]byte("whole"))); err != nil {
		t.Error(err)
	}
	kept := fmt.Sprintf("%x_00000007_S.TXT", sha256.Sum256([]byte("whole")))
	if diff := cmp.Diff([]string{kept, kept + ".ok"}, p.names(t, "archive")); diff != "" {
		t.Errorf("archive (-want +got):\n%s", diff)
	}
	// A marker that a broken move left vouches for nothing that comes later.
	p.put(t, "inbox/00000008_S.TXT.ok", "")
	for range 2 {
		ready(t, f)
	}
	p.put(t, "inbox/00000008_S.TXT", "half")
	if got := ready(t, f); len(got) > 0 {
		t.Errorf("with the marker of an earlier file: %v", got)
	}
}

func TestALongNameIsKeptAsItsDigest(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	f := p.folder(t, exchange.Options{Markers: false})
	p.put(t, "inbox/"+strings.Repeat("x", 240), "whole")
	in := one(t, f)
	if err := f.Quarantine(in, sha256.Sum256([]byte("whole"))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{fmt.Sprintf("%x", sha256.Sum256([]byte("whole")))}, p.names(t, "quarantine")); diff != "" {
		t.Errorf("quarantine (-want +got):\n%s", diff)
	}
}

// linkless is a file system without links.
type linkless struct{ exchange.Disk }

func (linkless) Link(_, _ string) error { return syscall.EPERM }

func TestF121_AFolderThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if _, err := exchange.Open(linkless{p.disk}, exchange.Options{Markers: false}); !errors.Is(err, syscall.EPERM) {
		t.Errorf("without links: %v", err)
	}
	if _, err := exchange.Open(&fullDisk{Disk: p.disk, room: 2}, exchange.Options{Markers: false}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("without room: %v", err)
	}
	if left := p.names(t, "outbox"); len(left) > 0 {
		t.Errorf("the outbox holds %v", left)
	}
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := exchange.OpenDisk(path); err == nil {
		t.Error("a file was taken for a folder")
	}
}
