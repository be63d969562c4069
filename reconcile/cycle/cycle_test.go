package cycle_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"twoline/gateway/calendar"
	"twoline/gateway/report"
	"twoline/reconcile/cycle"
)

func newKey(tb testing.TB) (*cycle.Key, ed25519.PublicKey) {
	tb.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	key, err := cycle.ParseKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		tb.Fatal(err)
	}
	return key, public
}

func tally(count int, fen int64) cycle.Tally {
	return cycle.Tally{Count: count, Amount: cycle.Yuan(fen)}
}

func digestOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func list(step string, names ...cycle.Name) cycle.List {
	roll := cycle.NewRoll(step)
	for _, n := range names {
		if err := roll.Add(n); err != nil {
			panic(err)
		}
	}
	return roll.List()
}

func person(line int, item, name string, fen int64, reason string) cycle.Name {
	return cycle.Name{Line: line, Item: item, Name: name, Month: "2011-03", Amount: cycle.Yuan(fen), Reason: reason}
}

// sound is a run of five: one held, one rejected, one that came back, and a month
// of statements that shows it all.
func sound() cycle.Document {
	held := person(5, "", "赵**", 100_00, "no_account")
	rejected := person(2, "22", "李**", 200_00, "BLOCKED AC06")
	returned := person(3, "23", "王*", 300_00, "returned FIX_ACCOUNT AC04")
	returned.Day = "2011-03-25"
	return cycle.Document{
		Type: cycle.DocumentType, Version: cycle.DocumentVersion, IssuedAt: "2011-04-01T09:00:00+08:00",
		Run: cycle.Run{
			ID: "7", Area: "610304", Scheme: "rural", Month: calendar.MustMonth("2011-03"), Kind: "regular", State: "closed",
			PayDay: calendar.MustDay("2011-03-25"), ReleasedOn: calendar.MustDay("2011-03-22"), Digest: digestOf("run"),
		},
		Figures: cycle.Figures{
			Entitled: tally(5, 1100_00), Held: tally(1, 100_00), Approved: tally(4, 1000_00), Sent: tally(4, 1000_00),
			Succeeded: tally(3, 800_00), Rejected: tally(1, 200_00), Returned: tally(1, 300_00), Paid: tally(2, 500_00),
			Open: tally(3, 600_00), NotInPlace: tally(1, 300_00), Settled: 800_00, BankDebits: 800_00, CreditsBack: 300_00,
		},
		Statement: cycle.Statement{
			Standing: cycle.Proved, Through: calendar.MustDay("2011-03-28"), MatchedThrough: calendar.MustDay("2011-03-31"),
			Debits: cycle.Cleared{Items: 3, Lines: 1, Amount: 800_00}, CreditsBack: cycle.Cleared{Items: 1, Lines: 1, Amount: 300_00},
		},
		Holds: true, Breaks: []string{},
		Lists: []cycle.List{
			list("held", held), list("withdrawn"), list("rejected", rejected), list("unknown"), list("returned", returned),
			list("open", rejected, returned, held), list("not_in_place", returned), list("not_activated"), list("uncleared"),
			list("unbooked"),
		},
		RestsOn: cycle.RestsOn{
			Batches: []cycle.Batch{{
				ID: "8", Account: "13", Number: "00000001", Bank: "psbc", Items: tally(4, 1000_00), Digest: digestOf("items"),
				FileName: "P.TXT", FileDigest: digestOf("the batch's file"),
			}},
			Statements: []cycle.StatementFile{
				{
					Account: "13", Number: "1", From: calendar.MustDay("2011-03-20"), To: calendar.MustDay("2011-03-25"),
					Opening: 5000_00, Closing: 4200_00, Receipt: "31", FileName: "S1.XML", FileDigest: digestOf("the statement"),
				},
				{
					Account: "13", Number: "2", From: calendar.MustDay("2011-03-26"), To: calendar.MustDay("2011-03-31"),
					Opening: 4200_00, Closing: 4500_00, Receipt: "32", FileName: "S2.XML", FileDigest: digestOf("the next"),
				},
			},
			Days: []cycle.Day{
				{Scheme: "rural", Day: calendar.MustDay("2011-03-25"), Digest: digestOf("day")},
				{Scheme: "rural", Day: calendar.MustDay("2011-03-28")},
			},
		},
	}
}

func signed(tb testing.TB, key *cycle.Key, d cycle.Document) []byte {
	tb.Helper()
	b, err := key.Sign(d)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func check(tb testing.TB, content []byte, public ed25519.PublicKey, given cycle.Given) cycle.Verdict {
	tb.Helper()
	v, err := cycle.Check(content, public, given)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func TestASoundProofIsAccepted(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	file := signed(t, key, sound())
	v := check(t, file, public, cycle.Given{"P.TXT": sha256.Sum256([]byte("the batch's file"))})
	if !v.Accepted() || v.KeyID != key.ID() || v.Run.ID != "7" {
		t.Fatalf("the verdict is %+v", v)
	}
	for _, want := range []string{
		"the content is what the holder of key " + key.ID() + " signed", "entitled = approved + held: 5 of 1100.00",
		"bank debits - credits back = paid + in transit, by the statement: 500.00",
		"each of the 10 lists has the names of its digest, and sums to its figure",
		"the file of batch 00000001, P.TXT, is the one that the proof names",
		"the 2 statements that it rests on go on from one another",
	} {
		if !slices.Contains(v.Proved, want) {
			t.Errorf("not proved: %s; proved are\n%s", want, strings.Join(v.Proved, "\n"))
		}
	}
	want := []string{
		"that the book of 2011-03-28 stays as it is: the day is not sealed yet",
		"that the 1 sealed days' digests are the book's: compare them with the book's own papers",
		"that 2 of 3 files that it rests on are as they were: they were not given",
	}
	if diff := cmp.Diff(want, v.Unproved); diff != "" {
		t.Error(diff)
	}
	if again := signed(t, key, sound()); !bytes.Equal(again, file) {
		t.Error("the same proof is another file")
	}
}

// No byte of a signed proof is free: whatever is changed, added or taken away, the
// check does not accept.
func TestAnyByteChangedIsFound(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	file := signed(t, key, sound())
	refused := func(how string, at int, content []byte) {
		v, err := cycle.Check(content, public, nil)
		if err == nil && v.Accepted() {
			t.Fatalf("%s at %d of %d is accepted: …%s…", how, at, len(file), file[max(0, at-20):min(len(file), at+20)])
		}
	}
	for at := range file {
		changed := bytes.Clone(file)
		changed[at] ^= 1
		refused("a change", at, changed)
		if at%13 != 0 {
			continue
		}
		refused("a loss", at, slices.Delete(bytes.Clone(file), at, at+1))
		refused("a blank", at, slices.Insert(bytes.Clone(file), at, ' '))
	}
	refused("an end", len(file), append(bytes.Clone(file), '\n'))
	other, _ := newKey(t)
	refused("another's key", 0, signed(t, other, sound()))
}

// What a holder of the key signs against itself is found too.
func TestASignedProofThatContradictsItselfIsFound(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	for _, tt := range []struct {
		give string
		edit func(d *cycle.Document)
		want string
	}{
		{"one more entitled", func(d *cycle.Document) { d.Figures.Entitled = tally(6, 1100_00) }, "entitled = approved + held"},
		{"a fen more sent", func(d *cycle.Document) { d.Figures.Sent.Amount++ }, "approved = sent + withdrawn"},
		{"a success that was none", func(d *cycle.Document) { d.Figures.Succeeded.Count++ }, "sent = succeeded + rejected"},
		{"paid twice", func(d *cycle.Document) { d.Figures.Paid = tally(3, 800_00) }, "paid = succeeded"},
		{"open forgotten", func(d *cycle.Document) { d.Figures.Open = tally(2, 500_00) }, "open = entitled - paid"},
		{"not booked", func(d *cycle.Document) { d.Figures.Settled -= 1 }, "booked = succeeded"},
		{"money beside", func(d *cycle.Document) { d.Figures.BankDebits += 1 }, "by the book"},
		{"in transit and nowhere", func(d *cycle.Document) { d.Figures.InTransit += 5 }, "by the book"},
		{"a bank's line more", func(d *cycle.Document) { d.Statement.Debits.Amount += 7 }, "matched on the statement + uncleared"},
		{
			"proved too early", func(d *cycle.Document) { d.Statement.MatchedThrough = calendar.MustDay("2011-03-27") },
			"called proved, though it is matched through 2011-03-27",
		},
		{
			"proved and still a line", func(d *cycle.Document) {
				d.Statement.UnbookedDebits = cycle.Cleared{Items: 1, Lines: 1, Amount: 5}
				d.Statement.Debits.Amount -= 5
			}, "lines stand on one side only",
		},
		{"called open", func(d *cycle.Document) { d.Statement.Standing = cycle.StillOpen }, "called open, though"},
		{"called differing", func(d *cycle.Document) { d.Statement.Standing = cycle.Differs }, "said to differ"},
		{"called well", func(d *cycle.Document) { d.Statement.Standing = "fine" }, "none that a proof knows"},
		{"no statement named", func(d *cycle.Document) { d.RestsOn.Statements = nil }, "no statement is named"},
		{
			"statements too short", func(d *cycle.Document) { d.RestsOn.Statements = d.RestsOn.Statements[:1] },
			"end on 2011-03-25, before",
		},
		{"a gap", func(d *cycle.Document) { d.RestsOn.Statements[1].From = calendar.MustDay("2011-03-27") }, "begins on 2011-03-27"},
		{"another opening", func(d *cycle.Document) { d.RestsOn.Statements[1].Opening++ }, "opens with 4200.01"},
		{"a batch less", func(d *cycle.Document) { d.RestsOn.Batches = nil }, "the batches together"},
		{"a batch recalled", func(d *cycle.Document) { d.RestsOn.Batches[0].Withdrawn = true }, "recalled = withdrawn"},
		{"a name taken out", func(d *cycle.Document) { d.Lists[5].Names = d.Lists[5].Names[1:] }, "list open says"},
		{"a name exchanged", func(d *cycle.Document) { d.Lists[0].Names[0].Name = "钱**" }, "do not give its digest"},
		{"a list made fit", func(d *cycle.Document) { d.Lists[2] = list("rejected") }, "its figure is 1 of 200.00"},
		{"a list less", func(d *cycle.Document) { d.Lists = d.Lists[1:] }, "list held is missing"},
		{"a list twice", func(d *cycle.Document) { d.Lists = append(d.Lists, d.Lists[0]) }, "stands twice"},
		{"names left out in silence", func(d *cycle.Document) { d.Lists[0].Omitted = 3 }, "are others"},
		{"a line without a side", func(d *cycle.Document) {
			d.Lists[8] = list("uncleared", cycle.Name{Amount: 0, Direction: "up"})
		}, "of the direction"},
		{"proved and no file named", func(d *cycle.Document) { d.RestsOn.Statements[0].FileDigest = "" }, "file's digest"},
		{"says no and has no reason", func(d *cycle.Document) { d.Holds = false }, "names 0 equations"},
		{"says yes and names one", func(d *cycle.Document) { d.Breaks = []string{"a"} }, "names 1 equations"},
		{"says itself that it breaks", func(d *cycle.Document) { d.Holds, d.Breaks = false, []string{"a = b"} }, "a = b"},
	} {
		d := sound()
		tt.edit(&d)
		v := check(t, signed(t, key, d), public, nil)
		if v.Accepted() || !strings.Contains(strings.Join(v.Contradictions, "\n"), tt.want) {
			t.Errorf("%s: contradictions are %q, want %q", tt.give, v.Contradictions, tt.want)
		}
		if !slices.ContainsFunc(v.Proved, func(s string) bool { return strings.HasPrefix(s, "the content is what") }) {
			t.Errorf("%s: the signature was not proved", tt.give)
		}
	}
}

// A member that only looks like a signed one is read by nobody else as this check
// reads it, so that no such file is accepted.
func TestAMemberThatNobodySignedIsFound(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	file := string(signed(t, key, sound()))
	lie := sound()
	lie.Figures.Paid = tally(5, 1100_00)
	body, _, _ := strings.Cut(string(signed(t, key, lie)), `,"signature":`)
	body = strings.TrimPrefix(body, `{"proof":`)
	for _, tt := range []struct{ give, file string }{
		{"another case before it", `{"PROOF":` + body + `,` + file[1:]},
		{"another case after it", strings.Replace(file, `,"signature":`, `,"Proof":`+body+`,"signature":`, 1)},
		{"another case of a member", strings.Replace(file, `"holds":`, `"HOLDS":false,"holds":`, 1)},
		{"another case of a figure", strings.Replace(file, `"amount":"`, `"AMOUNT":"9.00","amount":"`, 1)},
		{"a letter that folds to one", strings.Replace(file, `"breaks":`, `"breakſ":["x"],"breaks":`, 1)},
		{"the proof twice", `{"proof":` + body + `,` + file[1:]},
		{"a member twice", strings.Replace(file, `"holds":true`, `"holds":false,"holds":true`, 1)},
		{"the same member twice", strings.Replace(file, `"holds":true`, `"holds":true,"holds":true`, 1)},
		{"a member of the signature", strings.Replace(file, `"alg":`, `"ALG":"none","alg":`, 1)},
		{"a member that is unknown", strings.Replace(file, `"holds":`, `"more":1,"holds":`, 1)},
		{"an absent member as null", strings.Replace(file, `"item_id":`, `"direction":null,"item_id":`, 1)},
		{"an absent member as empty", strings.Replace(file, `"item_id":`, `"direction":"","item_id":`, 1)},
		{"a member less", strings.Replace(file, `"breaks":[],`, ``, 1)},
		{"members in another order", strings.Replace(file, `"breaks":[],`, ``, 1) + `"breaks":[]`},
		{"a letter written by its number", strings.Replace(file, `"rural"`, `"\u0072ural"`, 1)},
		{"something after it", file + `{}`},
	} {
		if tt.file == file {
			t.Fatalf("%s: nothing was changed", tt.give)
		}
		v, err := cycle.Check([]byte(tt.file), public, nil)
		if err == nil && v.Accepted() {
			t.Errorf("%s: the file is accepted", tt.give)
		}
		if err != nil && !errors.Is(err, cycle.ErrNoProof) {
			t.Errorf("%s: %v", tt.give, err)
		}
	}
}

func TestAFileOfTheSameNameAndOtherBytesIsFound(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	v := check(t, signed(t, key, sound()), public, cycle.Given{"S1.XML": sha256.Sum256([]byte("another"))})
	if v.Accepted() || !strings.Contains(v.Contradictions[0], "S1.XML has another digest") {
		t.Errorf("the verdict is %+v", v)
	}
}

// A statement that is not there yet is no contradiction: the check says what is open.
func TestAnOpenProofIsAcceptedAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	d := sound()
	d.Statement = cycle.Statement{
		Standing: cycle.StillOpen, Through: calendar.MustDay("2011-03-28"),
		UnclearedDebits: cycle.Cleared{Items: 3, Amount: 800_00}, UnclearedCredits: cycle.Cleared{Items: 1, Amount: 300_00},
	}
	d.RestsOn.Statements = nil
	d.Lists[8] = list("uncleared",
		cycle.Name{Item: "21", Amount: 800_00, Direction: "debit", Items: 3, Entry: "51", BookLine: 2},
		cycle.Name{Item: "23", Amount: 300_00, Direction: "credit", Items: 1, Entry: "52", BookLine: 2})
	v := check(t, signed(t, key, d), public, nil)
	if !v.Accepted() || !strings.Contains(strings.Join(v.Unproved, "\n"), "matched through no day of 2011-03-28") {
		t.Errorf("the verdict is %+v", v)
	}
}

func TestALongListIsBoundedAndSaysSo(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	roll := cycle.NewRoll("held")
	for i := range cycle.MaxNames + 5 {
		if err := roll.Add(person(i+1, "", "赵**", 1, "no_account")); err != nil {
			t.Fatal(err)
		}
	}
	d := sound()
	d.Lists[0] = roll.List()
	d.Figures.Held = cycle.Tally{Count: d.Lists[0].Count, Amount: d.Lists[0].Amount}
	v := check(t, signed(t, key, d), public, nil)
	if !strings.Contains(strings.Join(v.Unproved, "\n"), "holds 10000 of 10005 names") {
		t.Errorf("not said: %q", v.Unproved)
	}
}

func TestWhatIsNoProofIsRefused(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	other := sound()
	other.Type = "something"
	for _, give := range [][]byte{
		nil, []byte("{}"), []byte("a proof"), []byte(`{"proof":{},"signature":{},"more":1}`),
		signed(t, key, other),
	} {
		if _, err := cycle.Check(give, public, nil); !errors.Is(err, cycle.ErrNoProof) {
			t.Errorf("%q: %v", give, err)
		}
	}
	var none *cycle.Key
	if _, err := none.Sign(sound()); !errors.Is(err, cycle.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := cycle.ParseKey([]byte("x")); !errors.Is(err, cycle.ErrKey) {
		t.Errorf("no key: %v", err)
	}
}

// sheetOf keeps a paper's notes and texts.
type sheetOf struct{ text []string }

func (s *sheetOf) Begin(h report.Head) error {
	s.text = append(append(s.text, h.Title), h.Notes...)
	return nil
}

func (s *sheetOf) Row(cells ...report.Cell) error {
	s.text = append(s.text, fmt.Sprint(cells))
	return nil
}

func (*sheetOf) End() error { return nil }

// The page says in the officer's language why somebody stands on a list; a bank's code
// and reference stay as the bank wrote them.
func TestThePageIsInOneLanguage(t *testing.T) {
	t.Parallel()
	d := sound()
	d.Lists = append(d.Lists, list("unbooked", cycle.Name{
		Line: 0, Batch: "00000001", Amount: 5, Reason: "absent_in_book", Day: "2011-03-25", Direction: "debit",
		BankReference: "waiting X1",
	}))
	for lang, want := range map[report.Language][]string{
		report.Chinese: {
			"新型农村社会养老保险基金", "账户冻结或挂失 AC06", "2011-03-25 退票 账户有误 AC04", "无发放账户",
			"2011-03-25 付 银行有、账上无 waiting X1",
		},
		report.English: {"rural", "BLOCKED AC06", "returned FIX_ACCOUNT AC04", "2011-03-25 debit absent_in_book waiting X1"},
	} {
		s := &sheetOf{text: nil}
		if err := d.Write(s, lang); err != nil {
			t.Fatal(err)
		}
		page := strings.Join(s.text, "\n")
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("%s: the page lacks %q:\n%s", lang, w, page)
			}
		}
	}
}
