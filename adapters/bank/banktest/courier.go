package banktest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/bank"
	"twoline/gateway/money"
)

// Exercise proves a channel. open returns a courier as a new process would have it;
// peer is the other side of the same channel, whose folders are empty. Couriers take
// a file without a marker after two looks that found it the same.
func Exercise(t *testing.T, open func() bank.Courier, peer Peer) {
	t.Helper()
	x := exercise{open, peer}
	for _, one := range []struct {
		name string
		test func(*testing.T)
	}{
		{"a file arrives whole under its name", x.arrives},
		{"what is not the frozen file is not delivered", x.differs},
		{"the frozen file under its name is adopted", x.adopts},
		{"nothing is written over", x.inTheWay},
		{"a file is taken back", x.takesBack},
		{"any step may be the last one", x.crashes},
		{"two processes at once", x.twins},
		{"a process that slept delivers nothing", x.sleeper},
		{"a file counts when it is whole", x.whole},
		{"a file that is written over is not taken in", x.writtenOver},
		{"names of every kind", x.names},
	} {
		t.Run(one.name, one.test)
	}
}

type exercise struct {
	open func() bank.Courier
	peer Peer
}

// text is a file of several blocks.
func text() []byte {
	return bytes.Repeat([]byte("S001|王喆|440524188001010014|55.00|00000007|62170001|610304001001\n"), 1_500)
}

// Parcel is a file of ours under a name, and what writes it.
func Parcel(name string, content []byte) (bank.Parcel, func(io.Writer) error) {
	lines := bytes.Count(content, []byte("\n"))
	p := bank.Parcel{ //nolint:exhaustruct // what a channel asks
		Area: 610304, Batch: 7, Direction: bank.Payment, Bank: "rcc", Number: "00000007", Name: name,
		Digest: sha256.Sum256(content), Size: int64(len(content)), Count: lines, Amount: money.Amount(lines) * 5500,
	}
	return p, func(w io.Writer) error {
		for line := range bytes.Lines(content) {
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		return nil
	}
}

// Deliver is what one look does for one file.
func Deliver(c bank.Courier, p bank.Parcel, write func(io.Writer) error) error {
	if err := c.Sweep(); err != nil {
		return err
	}
	staged, err := c.Stage(p, write)
	if err != nil {
		return err
	}
	return errors.Join(c.Place(p, staged), c.Discard(staged))
}

// lies proves that the bank finds exactly this file of ours.
func (x exercise) lies(t *testing.T, name string, content []byte) {
	t.Helper()
	want := map[string]string{name: string(content)}
	if x.peer.Marks() {
		p, _ := Parcel(name, content)
		want[name+".ok"] = fmt.Sprintf("%d %s\n", p.Count, p.Amount)
	}
	x.holds(t, x.peer.Outbox(t), want)
}

// holds compares files by their names and digests, which make shorter differences.
func (x exercise) holds(t *testing.T, got, want map[string]string) {
	t.Helper()
	brief := func(files map[string]string) (out []string) {
		for _, name := range slices.Sorted(maps.Keys(files)) {
			sum := sha256.Sum256([]byte(files[name]))
			out = append(out, fmt.Sprintf("%q: %d bytes, %x", name, len(files[name]), sum[:4]))
		}
		return out
	}
	if diff := cmp.Diff(brief(want), brief(got)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// take has the bank take away what lies there.
func (x exercise) take(t *testing.T) {
	t.Helper()
	for name := range x.peer.Outbox(t) {
		x.peer.Take(t, name)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (x exercise) arrives(t *testing.T) {
	t.Helper()
	for name, content := range map[string][]byte{
		"P_rcc_610304_20110310_00000007.TXT": text(), "W_empty.TXT": {}, "代扣_00000008.TXT": text()[:80],
	} {
		p, write := Parcel(name, content)
		c := x.open()
		must(t, Deliver(c, p, write))
		x.lies(t, name, content)
		must(t, Deliver(c, p, write))
		x.lies(t, name, content)
		x.take(t)
	}
	must(t, x.open().Discard(""))
}

func (x exercise) differs(t *testing.T) {
	t.Helper()
	p, write := Parcel("P_00000007.TXT", text())
	c := x.open()
	for _, change := range []func(*bank.Parcel){
		func(p *bank.Parcel) { p.Digest[0]++ }, func(p *bank.Parcel) { p.Size++ },
	} {
		wrong := p
		change(&wrong)
		if staged, err := c.Stage(wrong, write); !errors.Is(err, bank.ErrParcelDiffers) || staged != "" {
			t.Errorf("staged %q: %v", staged, err)
		}
	}
	broken := errors.New("the rows end here")
	if _, err := c.Stage(p, func(w io.Writer) error {
		_, err := w.Write(text()[:100_000])
		return errors.Join(err, broken)
	}); !errors.Is(err, broken) {
		t.Errorf("staged: %v", err)
	}
	x.holds(t, x.peer.Outbox(t), map[string]string{})
}

func (x exercise) adopts(t *testing.T) {
	t.Helper()
	const name = "P_00000007.TXT"
	p, write := Parcel(name, text())
	must(t, Deliver(x.open(), p, write))
	c := x.open()
	staged, err := c.Stage(p, func(io.Writer) error { return errors.New("nothing is to be written") })
	if err != nil || staged != "" {
		t.Errorf("staged %q again: %v", staged, err)
	}
	must(t, c.Place(p, staged))
	if _, there, err := c.InTheWay(p); err != nil || there {
		t.Errorf("our own file is in the way: %v", err)
	}
	x.lies(t, name, text())
	x.take(t)
}

func (x exercise) inTheWay(t *testing.T) {
	t.Helper()
	const name = "P_00000007.TXT"
	p, write := Parcel(name, text())
	for _, stranger := range []string{"", "a stranger's", string(text()[1:]), string(text()) + "\n"} {
		c := x.open()
		// Before it is staged, and between that and its name.
		staged, err := c.Stage(p, write)
		must(t, err)
		x.peer.Lay(t, name, stranger)
		if err := c.Place(p, staged); !errors.Is(err, bank.ErrInTheWay) {
			t.Errorf("placed over %d bytes: %v", len(stranger), err)
		}
		must(t, c.Discard(staged))
		if _, err := c.Stage(p, write); !errors.Is(err, bank.ErrInTheWay) {
			t.Errorf("staged beside %d bytes: %v", len(stranger), err)
		}
		if got := x.peer.Outbox(t)[name]; got != stranger {
			t.Fatalf("%d bytes were written over", len(stranger))
		}
		digest, there, err := c.InTheWay(p)
		if err != nil || !there || digest != sha256.Sum256([]byte(stranger)) {
			t.Errorf("in the way: %t, %v", there, err)
		}
		must(t, c.SetAside(p, digest))
		must(t, c.SetAside(p, digest))
		kept := hex.EncodeToString(digest[:]) + "_" + name
		if got, there := x.peer.Quarantine(t)[kept]; !there || got != stranger {
			t.Errorf("quarantine holds %d bytes of %s", len(got), kept)
		}
		x.holds(t, x.peer.Outbox(t), map[string]string{})
	}
}

func (x exercise) takesBack(t *testing.T) {
	t.Helper()
	const name = "P_00000009.TXT"
	content := text()[:8_000]
	p, write := Parcel(name, content)
	c := x.open()
	if there, err := c.TakeBack(p); err != nil || there {
		t.Errorf("took back what was never there: %t, %v", there, err)
	}
	must(t, Deliver(c, p, write))
	if there, err := x.open().TakeBack(p); err != nil || !there {
		t.Errorf("took back: %t, %v", there, err)
	}
	if there, err := c.TakeBack(p); err != nil || there {
		t.Errorf("took back again: %t, %v", there, err)
	}
	x.holds(t, x.peer.Outbox(t), map[string]string{})
	kept := hex.EncodeToString(p.Digest[:]) + "_" + name
	if x.peer.Quarantine(t)[kept] != string(content) {
		t.Error("quarantine does not hold what was taken back")
	}
}

// crashes has a process end after each of its steps, and the next one begin.
func (x exercise) crashes(t *testing.T) {
	t.Helper()
	const name = "P_00000010.TXT"
	p, write := Parcel(name, text())
	for last := range 5 {
		var staged bank.Staged
		c := x.open()
		for n, step := range []func() error{
			c.Sweep,
			func() (err error) { staged, err = c.Stage(p, write); return err },
			func() error { return c.Place(p, staged) },
			func() error { return c.Discard(staged) },
		} {
			if n < last {
				must(t, step())
			}
		}
		if got, there := x.peer.Outbox(t)[name]; there != (last > 2) || there && got != string(text()) {
			t.Errorf("after %d steps %d bytes lie under the name", last, len(got))
		}
		next := x.open()
		must(t, Deliver(next, p, write))
		must(t, next.Sweep())
		x.lies(t, name, text())
		x.take(t)
	}
}

func (x exercise) twins(t *testing.T) {
	t.Helper()
	const name = "P_00000011.TXT"
	content := text()[:20_000]
	p, write := Parcel(name, content)
	first, second := x.open(), x.open()
	for range 5 {
		var both sync.WaitGroup
		for _, c := range []bank.Courier{first, second} {
			both.Go(func() {
				// One that was swept by the other leaves it the work.
				if err := Deliver(c, p, write); err != nil && !errors.Is(err, bank.ErrSwept) {
					t.Error(err)
				}
			})
		}
		both.Wait()
		must(t, Deliver(first, p, write))
		x.lies(t, name, content)
		x.take(t)
	}
}

func (x exercise) sleeper(t *testing.T) {
	t.Helper()
	const name = "P_00000012.TXT"
	p, write := Parcel(name, text()[:8_000])
	sleeper := x.open()
	staged, err := sleeper.Stage(p, write)
	must(t, err)
	must(t, Deliver(x.open(), p, write))
	x.take(t)
	if err := sleeper.Place(p, staged); !errors.Is(err, bank.ErrSwept) {
		t.Errorf("a file was placed whose turn was over: %v", err)
	}
	must(t, sleeper.Discard(staged))
	x.holds(t, x.peer.Outbox(t), map[string]string{})
}

// Ready looks until a courier finds files whole, three times at most.
func Ready(t *testing.T, c bank.Courier) []bank.Incoming {
	t.Helper()
	for range 3 {
		list, err := c.Ready()
		must(t, err)
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

func (x exercise) whole(t *testing.T) {
	t.Helper()
	const name = "P_rcc_610304_20110310_00000007_S.TXT"
	c := x.open()
	for _, part := range []string{"", "h", "ha", "hal"} {
		x.peer.Begin(t, name, part)
		if list, err := c.Ready(); err != nil || len(list) > 0 {
			t.Errorf("%q is ready: %v, %v", part, list, err)
		}
	}
	x.peer.Put(t, name, "half of it and the rest\n")
	list := Ready(t, c)
	if len(list) != 1 || list[0].Name != name || list[0].Size != 24 {
		t.Fatalf("ready: %+v", list)
	}
	x.read(t, c, list[0], "half of it and the rest\n")
	digest := sha256.Sum256([]byte("half of it and the rest\n"))
	must(t, c.Archive(list[0], digest))
	must(t, x.open().Archive(list[0], digest))
	if err := c.Read(list[0], func(io.Reader) error { return nil }); !errors.Is(err, bank.ErrStillWritten) {
		t.Errorf("read after it was taken in: %v", err)
	}
	kept := hex.EncodeToString(digest[:]) + "_" + name
	if x.peer.Archive(t)[kept] != "half of it and the rest\n" {
		t.Error("the archive does not hold the file as it was received")
	}
	// The same again, and now to quarantine.
	x.peer.Put(t, name, "half of it and the rest\n")
	list = Ready(t, x.open())
	if len(list) != 1 {
		t.Fatalf("ready: %+v", list)
	}
	must(t, c.Quarantine(list[0], digest))
	if x.peer.Quarantine(t)[kept] != "half of it and the rest\n" || len(Ready(t, c)) > 0 {
		t.Error("quarantine does not hold the file, or the inbox still does")
	}
}

func (x exercise) read(t *testing.T, c bank.Courier, in bank.Incoming, want string) {
	t.Helper()
	err := c.Read(in, func(r io.Reader) error {
		got, err := io.ReadAll(r)
		if string(got) != want {
			t.Errorf("read %d bytes of %q, want %d", len(got), in.Name, len(want))
		}
		return err
	})
	if err != nil {
		t.Errorf("read %q: %v", in.Name, err)
	}
}

func (x exercise) writtenOver(t *testing.T) {
	t.Helper()
	const name = "P_00000013_S.TXT"
	c := x.open()
	x.peer.Put(t, name, "first")
	in := Ready(t, c)[0]
	for _, longer := range []string{"first and more", strings.Repeat("x", 300_000), "1st"} {
		err := c.Read(in, func(r io.Reader) error {
			x.peer.Begin(t, name, longer)
			_, err := io.Copy(io.Discard, r)
			return err
		})
		if !errors.Is(err, bank.ErrStillWritten) {
			t.Errorf("read while %d bytes were written: %v", len(longer), err)
		}
	}
	// Read whole, and written over before it was moved: what stands there now is not
	// moved away as what was read.
	if err := c.Archive(in, sha256.Sum256([]byte("first"))); !errors.Is(err, bank.ErrStillWritten) {
		t.Errorf("archived another file than the one that was read: %v", err)
	}
	list := Ready(t, c)
	if len(list) != 1 {
		t.Fatalf("ready: %+v", list)
	}
	x.read(t, c, list[0], "1st")
	must(t, c.Archive(list[0], sha256.Sum256([]byte("1st"))))
}

func (x exercise) names(t *testing.T) {
	t.Helper()
	c := x.open()
	names := []string{
		"P_凤翔农信社_610304_代发结果_00000007_S.TXT", "two  blanks.txt", "-rf", "~root", "a\nb\x1b[31m.txt", "not \xff UTF-8",
		"glob*?[a].txt", "quote'\"`$(x).txt", "U+202E \u202e txt.exe", strings.Repeat("长", 80), "结果.TXT;rm",
	}
	slices.Sort(names)
	for _, name := range names {
		x.peer.Put(t, name, "content of "+name)
	}
	// What says of itself that it is not whole is left alone.
	for _, name := range []string{".hidden", "still.tmp", "still.part"} {
		x.peer.Begin(t, name, "half")
	}
	list := Ready(t, c)
	got := make([]string, 0, len(list))
	for _, in := range list {
		got = append(got, in.Name)
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Fatalf("ready (-want +got):\n%s", diff)
	}
	for n, in := range list {
		x.read(t, c, in, "content of "+in.Name)
		move := c.Archive
		if n%2 == 1 {
			move = c.Quarantine
		}
		must(t, move(in, sha256.Sum256([]byte("content of "+in.Name))))
	}
	if list := Ready(t, c); len(list) > 0 {
		t.Errorf("still ready: %+v", list)
	}
	for name := range x.peer.Archive(t) {
		if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			t.Errorf("the archive has an odd name, %q", name)
		}
	}
}
