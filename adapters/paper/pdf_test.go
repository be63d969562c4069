package paper_test

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"twoline/adapters/paper"
	"twoline/gateway/money"
	"twoline/gateway/report"
)

// placed is one line of text as it stands on a page, in points from the lower left.
type placed struct {
	x, y, size float64
	text       string
}

// page is one page as a reader of the format sees it.
type page struct {
	width, height float64
	texts         []placed
	content       string
}

func (p page) all() string {
	var words []string
	for _, t := range p.texts {
		words = append(words, t.text)
	}
	return strings.Join(words, "|")
}

var (
	objectRule = regexp.MustCompile(`(?s)(\d+) 0 obj\n(.*?)endobj`)
	lengthRule = regexp.MustCompile(`/Length (\d+)`)
	boxRule    = regexp.MustCompile(`/MediaBox \[ ?0 0 ([0-9.]+) ([0-9.]+) ?\]`)
	mapRule    = regexp.MustCompile(`<([0-9A-F]{4})><([0-9A-F]{4})><([0-9A-F]{4,})>`)
	textRule   = regexp.MustCompile(`BT\n([0-9.-]+) ([0-9.-]+) TD\n/F\d+ ([0-9.]+) Tf [0-9.]+ Tc\n(?:[0-9. ]+ (?:g|rg)\n)?\[<([0-9A-F]*)>\] TJ`)
)

// readPDF takes a file apart: every text of every page by the font's own map of
// glyphs to characters.
func readPDF(t *testing.T, file []byte) []page {
	t.Helper()
	if !bytes.HasPrefix(file, []byte("%PDF-1.7")) || !bytes.HasSuffix(file, []byte("%%EOF\n")) {
		t.Fatalf("%d bytes are no PDF", len(file))
	}
	runes := map[string]rune{}
	var pages []page
	var contents []string
	for _, m := range objectRule.FindAllSubmatch(file, -1) {
		body := m[2]
		if box := boxRule.FindSubmatch(body); box != nil && bytes.Contains(body, []byte("/Type /Page\n")) {
			w, _ := strconv.ParseFloat(string(box[1]), 64)
			h, _ := strconv.ParseFloat(string(box[2]), 64)
			pages = append(pages, page{width: w, height: h})
		}
		i := bytes.Index(body, []byte("stream\n"))
		if i < 0 {
			continue
		}
		n, _ := strconv.Atoi(string(lengthRule.FindSubmatch(body)[1]))
		stream := body[i+7:][:min(n, len(body)-i-7)]
		switch {
		case bytes.Contains(stream, []byte("beginbfrange")):
			for _, r := range mapRule.FindAllSubmatch(stream, -1) {
				code, _ := strconv.ParseInt(string(r[3]), 16, 32)
				runes[string(r[1])] = rune(code)
			}
		case bytes.Contains(body[:i], []byte("/Filter/FlateDecode")):
			z, err := zlib.NewReader(bytes.NewReader(stream))
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			contents = append(contents, string(text))
		}
	}
	if len(contents) != len(pages) || len(runes) == 0 {
		t.Fatalf("%d pages, %d contents, %d characters", len(pages), len(contents), len(runes))
	}
	for i, content := range contents {
		pages[i].content = content
		for _, m := range textRule.FindAllStringSubmatch(content, -1) {
			var at placed
			at.x, _ = strconv.ParseFloat(m[1], 64)
			at.y, _ = strconv.ParseFloat(m[2], 64)
			at.size, _ = strconv.ParseFloat(m[3], 64)
			for glyph := range slices.Chunk([]byte(m[4]), 4) {
				r, ok := runes[string(glyph)]
				if !ok {
					t.Errorf("glyph %s has no character", glyph)
				}
				at.text += string(r)
			}
			pages[i].texts = append(pages[i].texts, at)
		}
		if n := strings.Count(content, "BT\n"); n != len(pages[i].texts) {
			t.Errorf("page %d: %d of %d texts were read", i+1, len(pages[i].texts), n)
		}
	}
	return pages
}

func signed() report.Head {
	h := head()
	h.Title, h.Foot, h.Signatures = "银行存款余额调节表", []string{"调节后余额相符"}, []string{"编制:", "复核:", "审批:", "开户银行(签章):"}
	return h
}

func TestAPDFHoldsWhatWasWritten(t *testing.T) {
	t.Parallel()
	pages := readPDF(t, write(t, paper.PDF, signed(), row("收到保险费"), []report.Cell{report.Blank(), report.MoneyCell(-1)}))
	if len(pages) != 1 || pages[0].width != 595.28 || pages[0].height != 841.89 {
		t.Fatalf("%d pages, the first is %v", len(pages), pages[0])
	}
	want := "银行存款余额调节表|单位:元|摘要|金额|日期|笔数|收到保险费|9,999,999,999,999.99|2011-03-25|44007|-0.01|" +
		"调节后余额相符|编制:|复核:|审批:|开户银行(签章):|第1页 共1页"
	if got := pages[0].all(); got != want {
		t.Errorf("the page says\n%s, want\n%s", got, want)
	}
	// Money ends where its column does, whatever its length; a digit is 0.555 of its size wide.
	var ends []float64
	for _, at := range pages[0].texts {
		if strings.HasSuffix(at.text, ".99") || strings.HasSuffix(at.text, ".01") {
			width := 0.0
			for _, r := range at.text {
				switch r {
				case ',', '.':
					width += 0.278
				case '-':
					width += 0.347
				default:
					width += 0.555
				}
			}
			ends = append(ends, at.x+width*at.size)
		}
	}
	if len(ends) != 2 || ends[0]-ends[1] > 0.1 || ends[1]-ends[0] > 0.1 {
		t.Errorf("amounts end at %v", ends)
	}
	for _, at := range pages[0].texts {
		if at.x < 40 || at.x > 560 || at.y < 20 || at.y > 800 {
			t.Errorf("%q stands at %v, %v", at.text, at.x, at.y)
		}
	}
	english := signed()
	english.Language = report.English
	if got := readPDF(t, write(t, paper.PDF, english))[0].all(); !strings.HasSuffix(got, "|page 1 of 1") {
		t.Errorf("in English the page says %s", got)
	}
}

// A long table has its columns' names on every page and its signatures on the last;
// a cell that is longer than its column, or than a page, loses nothing.
func TestALongPDFGoesOnOverPages(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("养老金发放明细 and words that wrap ", 400)
	rows := [][]report.Cell{row(long)}
	for i := range 90 {
		rows = append(rows, row(fmt.Sprintf("第%d行", i)))
	}
	pages := readPDF(t, write(t, paper.PDF, signed(), rows...))
	if len(pages) < 4 {
		t.Fatalf("%d pages", len(pages))
	}
	var text strings.Builder
	seen := map[string]bool{}
	for i, p := range pages {
		all := p.all()
		if !strings.Contains(all, "摘要|金额|日期|笔数|") || !strings.HasSuffix(all, fmt.Sprintf("|第%d页 共%d页", i+1, len(pages))) {
			t.Errorf("page %d says %s", i+1, all)
		}
		if strings.Contains(all, "编制:") != (i == len(pages)-1) {
			t.Errorf("page %d of %d is the one that is signed", i+1, len(pages))
		}
		for _, at := range p.texts {
			seen[at.text] = true
			if strings.Contains(at.text, "and words") || strings.Contains(at.text, "养老金") || strings.Contains(at.text, "wrap") {
				text.WriteString(at.text)
			}
			if at.y < 20 {
				t.Errorf("%q stands below page %d", at.text, i+1)
			}
		}
	}
	if got, want := strings.ReplaceAll(text.String(), " ", ""), strings.ReplaceAll(long, " ", ""); !strings.Contains(want, got) ||
		len(got) < len(want)*9/10 {
		t.Errorf("of %d bytes of a long cell %d are on the pages", len(want), len(got))
	}
	for i := range 90 {
		if !seen[fmt.Sprintf("第%d行", i)] {
			t.Errorf("row %d is on no page", i)
		}
	}
}

// What the font has no glyph for is told by its code, and nothing vanishes.
func TestEveryCharacterIsSeenInAPDF(t *testing.T) {
	t.Parallel()
	for give, want := range map[string]string{
		"𠮷田":        "[U+20BB7]田",
		"a\u202eb":  "a[U+202E]b",
		"\u0f00x":   "[U+0F00]x",
		"\ue000":    "[U+E000]",
		"a\x00b":    "a[U+0000]b",
		"\u200b":    "[U+200B]",
		"\ufeff":    "[U+FEFF]",
		"😀":         "[U+1F600]",
		"tab\tstop": "tab stop",
		"䶮㛃赵·阿":     "䶮㛃赵·阿",
		"=1+1":      "=1+1",
		"two\nrows": "two|rows",
	} {
		pages := readPDF(t, write(t, paper.PDF, report.Head{Name: "x", Columns: []report.Column{{Name: "c", Width: 30}}},
			[]report.Cell{report.TextCell(give)}))
		if got := pages[0].all(); got != "x|c|"+want+"|第1页 共1页" {
			t.Errorf("%q stands there as %q", give, got)
		}
	}
}

// The file is that of this table and of nothing else: no time, no chance.
func TestAPDFIsTheSameForEver(t *testing.T) {
	t.Parallel()
	file := write(t, paper.PDF, signed(), row("收到保险费"), row("𠮷"))
	for _, word := range []string{"CreationDate", "ModDate", "/ID"} {
		if bytes.Contains(file, []byte(word)) {
			t.Errorf("the file has %s", word)
		}
	}
	// What stands on the page; the bytes around it are the compressor's.
	sum := sha256.Sum256([]byte(readPDF(t, file)[0].content))
	if got := hex.EncodeToString(sum[:]); got != goldenPage {
		t.Errorf("the page's digest is %s", got)
	}
	// One press serves many at once.
	press := paper.NewPress()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			var b bytes.Buffer
			s, err := press.New(paper.PDF, &b)
			if err == nil {
				err = errors.Join(s.Begin(signed()), s.Row(row("收到保险费")...), s.Row(row("𠮷")...), s.End())
			}
			if err != nil || !bytes.Equal(b.Bytes(), file) {
				t.Errorf("another file of %d bytes, %v", b.Len(), err)
			}
		})
	}
	group.Wait()
}

const goldenPage = "155e69d907b9edd5f7e86efe324e65fb00b6f857307cb1094614ebff724f9ff9"

// Nobody prints a hundred thousand rows, and a server does not keep them.
func TestAPDFHasAnEnd(t *testing.T) {
	t.Parallel()
	s, err := paper.New(paper.PDF, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Begin(head()); err != nil {
		t.Fatal(err)
	}
	cells := []report.Cell{report.TextCell("x"), report.MoneyCell(money.Amount(1))}
	for n := range 100_000 {
		if err = s.Row(cells...); err != nil {
			if n < paper.MaxPages*30 {
				t.Errorf("it ends after %d rows", n)
			}
			break
		}
	}
	if !errors.Is(err, paper.ErrTooManyPages) || !strings.Contains(err.Error(), "xlsx") {
		t.Errorf("a hundred thousand rows: %v", err)
	}
}

// A wide table lies on its side and becomes smaller, and each column keeps its place.
func TestAWidePDFLiesOnItsSide(t *testing.T) {
	t.Parallel()
	h := report.Head{Name: "wide"}
	for i := range 12 {
		h.Columns = append(h.Columns, report.Column{Name: fmt.Sprintf("c%d", i), Width: 14})
	}
	p := readPDF(t, write(t, paper.PDF, h))[0]
	if p.width != 841.89 || p.height != 595.28 {
		t.Errorf("the page is %v by %v", p.width, p.height)
	}
	var before float64
	for _, at := range p.texts[1:13] {
		if at.x <= before || at.size >= 9 {
			t.Errorf("%q stands at %v in size %v", at.text, at.x, at.size)
		}
		before = at.x
	}
}
