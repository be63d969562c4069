package profile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"twoline/adapters/bank/banktest/bound"
	"twoline/adapters/bank/profile"
	"twoline/gateway/bank"
	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// examples gives every shipped example to a fuzz target, with its name and the
// place of its profile.
func examples(f *testing.F, add func(place int, name string, content []byte)) {
	f.Helper()
	shipped := profile.ShippedFiles()
	err := fs.WalkDir(shipped, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(p) == ".yaml" || path.Ext(p) == ".jsonl" {
			return err
		}
		content, err := fs.ReadFile(shipped, p)
		for i, one := range profile.Shipped() {
			if strings.HasPrefix(p, one.Name()+"/") {
				add(i, path.Base(p), content)
			}
		}
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
}

// No bytes under any name make a shipped profile panic, and only a file that was
// read to its end has an end.
func FuzzRead(f *testing.F) {
	examples(f, func(i int, name string, content []byte) { f.Add(i, name, "", content) })
	f.Add(9, "x", "S", []byte("a|b"))
	all := profile.Shipped()
	f.Fuzz(func(t *testing.T, i int, name, part string, content []byte) {
		defer bound.Second(t)()
		p := all[uint(i)%uint(len(all))]
		one, none := 1, money.Amount(0)
		ended := false
		err := p.Read(t.Context(), profile.Bank{Code: "rcc"}, profile.Source{Name: name, Part: part, Count: &one, Amount: &none},
			bytes.NewReader(content), func(r bank.Record) error {
				if ended {
					t.Fatalf("%T after the end", r)
				}
				_, ended = r.(bank.End)
				return nil
			})
		if (err == nil) != ended {
			t.Fatalf("ended %t, error %v", ended, err)
		}
	})
}

// What is read from a request is written back to the same facts.
func FuzzRequest(f *testing.F) {
	examples(f, func(i int, name string, content []byte) { f.Add(i, name, content) })
	all := profile.Shipped()
	f.Fuzz(func(t *testing.T, i int, name string, content []byte) {
		defer bound.Second(t)()
		p := all[uint(i)%uint(len(all))]
		head, items, err := request(t, p, name, content)
		if err != nil {
			return
		}
		what, _ := p.Recognise(name)
		facts := what.Facts
		if facts.Day.IsZero() {
			facts.Day = day("2011-03-10")
		}
		if facts.Batch == "" {
			facts.Batch = "00000001"
		}
		var out bytes.Buffer
		batch := profile.Batch{Head: head, Facts: facts}
		err = p.WriteRequest(&out, profile.Bank{}, batch, func(yield func(bank.BatchItem) error) error {
			for _, i := range items {
				if err := yield(i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return // the file says more than our own may
		}
		head2, items2, err := request(t, p, name, out.Bytes())
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, out.String())
		}
		equal := []cmp.Option{cmpopts.EquateComparable(calendar.Day{}, bank.Figure{})}
		if d := cmp.Diff(items, items2, equal...); d != "" {
			t.Errorf("%s: items %s", p.Name(), d)
		}
		if head.Count != head2.Count || head.Sum.Compare(head2.Sum) != 0 || head.BatchID != head2.BatchID {
			t.Errorf("%s: head %+v, then %+v", p.Name(), head, head2)
		}
	})
}

var errContradicts = errors.New("the file contradicts itself")

// request reads one batch that does not contradict itself.
func request(t *testing.T, p *profile.Profile, name string, content []byte) (
	head bank.BatchHead, items []bank.BatchItem, err error,
) {
	t.Helper()
	heads := 0
	err = p.ReadRequest(t.Context(), profile.Bank{}, name, bytes.NewReader(content), func(r bank.Record) error {
		switch v := r.(type) {
		case bank.BatchHead:
			head = v
			heads++
		case bank.BatchItem:
			items = append(items, v)
		case bank.Problem:
			return errContradicts
		}
		return nil
	})
	if err == nil && heads != 1 {
		err = errContradicts
	}
	return head, items, err
}
