package paper

import (
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"

	"github.com/signintech/gopdf"

	"twoline/gateway/fault"
	"twoline/gateway/report"
)

// MaxPages bounds a PDF, and so what it takes in memory until its last page is
// known: 50 to 100 KB a page.
const MaxPages = 500

// ErrTooManyPages is a table that nobody prints.
var ErrTooManyPages = fault.New(fault.Unprocessable, "paper_too_long",
	fmt.Sprintf("a PDF has at most %d pages; take it as xlsx, of a shorter time, or of a village instead of a township",
		MaxPages))

// Places on paper are counted in hundredths of a point, from the upper left.
const (
	inch       = 7200
	shortEdge  = 59528
	longEdge   = 84189
	marginSide = inch * 5 / 8
	marginTop  = inch * 5 / 8
	marginFoot = inch * 3 / 4
	// padding is between a cell's border and its text.
	padding = 300
	// largest and smallest are the sizes of the table's letters. Between them a table
	// that is too wide shrinks; a wider one still has its columns narrowed.
	largest  = 900
	smallest = 550
	// latin is the width of a Latin letter in thousandths of its size, as Column.Width
	// counts them.
	latin     = 560
	titleSize = 1500
	noteSize  = 900
	// signatureHeight leaves room for a name or a seal.
	signatureHeight = 4200
)

// document is a PDF in the making: A4, upright where the columns are few. Its
// pages are kept until the last is known, since each says how many there are.
type document struct {
	to   io.Writer
	pdf  *gopdf.GoPdf
	head report.Head
	// widths are the letters' in thousandths of their size.
	widths        map[rune]int
	width, height int
	columns       []int
	// size is that of the table's letters.
	size int
	// y is where the next row begins, top where the table of the page does.
	y, top int
	pages  int
	// inTable says that the page has a table whose border is not drawn yet.
	inTable bool
}

func newDocument(fonts *gopdf.FontContainer, w io.Writer) (*document, error) {
	pdf := &gopdf.GoPdf{}
	pdf.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4}) //nolint:exhaustruct // points, no password
	if err := pdf.AddTTFFontFromFontContainer(family, fonts); err != nil {
		return nil, fmt.Errorf("take the font: %w", err)
	}
	return &document{to: w, pdf: pdf, widths: map[rune]int{}}, nil //nolint:exhaustruct // of the first page
}

// OnPages implements what report.OnPages asks.
func (d *document) OnPages() bool { return true }

// points is a place as the library counts it.
func points(hundredths int) float64 { //nolint:forbidigo // a place on paper, no money
	return float64(hundredths) / 100 //nolint:forbidigo // as above
}

// Begin implements report.Sheet.
func (d *document) Begin(h report.Head) error {
	d.head = h
	d.pdf.SetInfo(gopdf.PdfInfo{ //nolint:exhaustruct // no time, no author
		Title: h.Name, Producer: "twoline",
	})
	if err := d.pdf.SetFont(family, "", 10); err != nil {
		return fmt.Errorf("begin %s: %w", h.Name, err)
	}
	d.measureColumns()
	if err := d.page(); err != nil {
		return err
	}
	title := h.Title
	if title == "" {
		title = h.Name
	}
	for _, line := range d.wrap(title, titleSize, d.width-2*marginSide) {
		x := (d.width - d.textWidth(line, titleSize)) / 2
		if err := d.text(x, d.y, titleSize, line); err != nil {
			return err
		}
		d.y += titleSize * 3 / 2
	}
	d.y += noteSize / 2
	if err := d.paragraphs(h.Notes); err != nil {
		return err
	}
	return d.beginTable()
}

// measureColumns chooses the page's form, the size of letters and the columns'
// widths so that all of them stand beside each other.
func (d *document) measureColumns() {
	letters := 0
	for _, c := range d.head.Columns {
		letters += max(c.Width, 1)
	}
	needed := letters*latin*largest/1000 + len(d.head.Columns)*2*padding
	d.width, d.height = shortEdge, longEdge
	if needed > (shortEdge-2*marginSide)*5/4 {
		d.width, d.height = longEdge, shortEdge
	}
	room := d.width - 2*marginSide - len(d.head.Columns)*2*padding
	d.size = largest
	if letters > 0 {
		d.size = min(largest, max(smallest, room*1000/(letters*latin)))
	}
	d.columns = make([]int, len(d.head.Columns))
	left := d.width - 2*marginSide
	for i, c := range d.head.Columns {
		d.columns[i] = 2*padding + room*max(c.Width, 1)/letters
		left -= d.columns[i]
	}
	if len(d.columns) > 0 {
		d.columns[len(d.columns)-1] += left
	}
}

// page begins a page.
func (d *document) page() error {
	if d.pages == MaxPages {
		return ErrTooManyPages
	}
	d.pages++
	d.pdf.AddPageWithOption(gopdf.PageOption{ //nolint:exhaustruct // the whole of it
		PageSize: &gopdf.Rect{W: points(d.width), H: points(d.height)},
	})
	d.y = marginTop
	return nil
}

// next ends a page within the table and goes on with it on another one.
func (d *document) next() error {
	d.endTable()
	if err := d.page(); err != nil {
		return err
	}
	name := d.head.Title
	if name == "" {
		name = d.head.Name
	}
	if err := d.text(marginSide, d.y, noteSize, d.first(name, noteSize)); err != nil {
		return err
	}
	d.y += noteSize * 2
	return d.beginTable()
}

// bottom is where the table of a page ends at the latest.
func (d *document) bottom() int { return d.height - marginFoot }

func (d *document) beginTable() error {
	d.top, d.inTable = d.y, true
	d.rule(d.y)
	cells := make([]report.Cell, len(d.head.Columns))
	for i, c := range d.head.Columns {
		cells[i] = report.TextCell(c.Name)
	}
	if len(cells) == 0 {
		return nil
	}
	return d.row(cells)
}

// endTable draws the lines between the columns.
func (d *document) endTable() {
	if !d.inTable {
		return
	}
	d.inTable = false
	x := marginSide
	for i := range len(d.columns) + 1 {
		d.line(x, d.top, x, d.y)
		if i < len(d.columns) {
			x += d.columns[i]
		}
	}
}

func (d *document) rule(y int) { d.line(marginSide, y, d.width-marginSide, y) }

func (d *document) line(x1, y1, x2, y2 int) {
	d.pdf.SetLineWidth(points(40))
	d.pdf.Line(points(x1), points(y1), points(x2), points(y2))
}

// Row implements report.Sheet.
func (d *document) Row(cells ...report.Cell) error {
	if len(cells) > len(d.columns) {
		cells = cells[:len(d.columns):len(d.columns)]
	}
	return d.row(cells)
}

// row writes cells side by side, each in as many lines as it needs. A row that
// does not fit goes to the next page, and over as many as it is long.
func (d *document) row(cells []report.Cell) error {
	lines := make([][]string, len(cells))
	tall := 1
	for i, c := range cells {
		lines[i] = d.wrap(shown(c), d.size, d.columns[i]-2*padding)
		tall = max(tall, len(lines[i]))
	}
	leading := d.size * 13 / 10
	for from := 0; from < tall; {
		fit := (d.bottom() - d.y - 2*padding) / leading
		if fit < tall-from && fit < 3 || fit < 1 {
			if err := d.next(); err != nil {
				return err
			}
			fit = (d.bottom() - d.y - 2*padding) / leading
		}
		to := min(tall, from+max(fit, 1))
		if err := d.cells(cells, lines, from, to, leading); err != nil {
			return err
		}
		d.y += 2*padding + (to-from)*leading
		d.rule(d.y)
		from = to
	}
	return nil
}

// cells writes lines of each cell where the row begins.
func (d *document) cells(cells []report.Cell, lines [][]string, from, to, leading int) error {
	x := marginSide
	for i, c := range cells {
		y := d.y + padding
		for n := from; n < min(to, len(lines[i])); n++ {
			at := x + padding
			if c.Kind == report.Money || c.Kind == report.Count {
				at = x + d.columns[i] - padding - d.textWidth(lines[i][n], d.size)
			}
			if err := d.text(at, y, d.size, lines[i][n]); err != nil {
				return err
			}
			y += leading
		}
		x += d.columns[i]
	}
	return nil
}

// shown is a cell's value as people read it: thousands are grouped.
func shown(c report.Cell) string {
	if c.Kind != report.Money {
		return c.Value
	}
	sign, digits := "", c.Value
	if rest, ok := strings.CutPrefix(digits, "-"); ok {
		sign, digits = "-", rest
	}
	whole, cents, _ := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if cents != "" {
		cents = "." + cents
	}
	return sign + whole + cents
}

// paragraphs writes texts below each other over the whole width.
func (d *document) paragraphs(texts []string) error {
	for _, t := range texts {
		for _, line := range d.wrap(t, noteSize, d.width-2*marginSide) {
			if d.y+noteSize*3/2 > d.bottom() {
				if err := d.page(); err != nil {
					return err
				}
			}
			if err := d.text(marginSide, d.y, noteSize, line); err != nil {
				return err
			}
			d.y += noteSize * 3 / 2
		}
	}
	d.y += noteSize / 2
	return nil
}

// sign leaves the places for names and seals, all on one page, a row of at most
// four beside each other.
func (d *document) sign() error {
	const beside = 4
	rows := (len(d.head.Signatures) + beside - 1) / beside
	if d.y+rows*signatureHeight > d.bottom() {
		if err := d.page(); err != nil {
			return err
		}
	}
	each := (d.width - 2*marginSide) / min(beside, max(1, len(d.head.Signatures)))
	for i, name := range d.head.Signatures {
		x := marginSide + i%beside*each
		y := d.y + i/beside*signatureHeight + signatureHeight*2/3
		name = d.first(name, noteSize)
		if err := d.text(x, y-noteSize, noteSize, name); err != nil {
			return err
		}
		d.line(x+d.textWidth(name, noteSize)+padding, y+padding, x+each-4*padding, y+padding)
	}
	d.y += rows * signatureHeight
	return nil
}

// End implements report.Sheet: it ends the last page, numbers all and writes them.
func (d *document) End() error {
	d.endTable()
	if len(d.head.Foot) > 0 {
		d.y += noteSize
		if err := d.paragraphs(d.head.Foot); err != nil {
			return err
		}
	}
	if len(d.head.Signatures) > 0 {
		if err := d.sign(); err != nil {
			return err
		}
	}
	for n := range d.pages {
		if err := d.pdf.SetPage(n + 1); err != nil {
			return fmt.Errorf("number page %d: %w", n+1, err)
		}
		number := fmt.Sprintf("第%d页 共%d页", n+1, d.pages) //nolint:gosmopolitan // what officers read
		if d.head.Language == report.English {
			number = fmt.Sprintf("page %d of %d", n+1, d.pages)
		}
		x := (d.width - d.textWidth(number, noteSize)) / 2
		if err := d.text(x, d.height-marginFoot/2-noteSize, noteSize, number); err != nil {
			return err
		}
	}
	w := &steady{to: d.to, err: nil}
	_, err := d.pdf.WriteTo(w)
	if err = errors.Join(err, w.err); err != nil {
		return fmt.Errorf("write %s: %w", d.head.Name, err)
	}
	return nil
}

// steady keeps the first error of a writer: the library looks at none.
type steady struct {
	to  io.Writer
	err error
}

// Write implements io.Writer.
func (s *steady) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.to.Write(p)
	s.err = err
	return n, err
}

// text writes one line whose letters' upper edge is at y.
func (d *document) text(x, y, size int, line string) error {
	if line == "" {
		return nil
	}
	if err := d.pdf.SetFontSize(points(size)); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	d.pdf.SetXY(points(x), points(y+size*88/100))
	if err := d.pdf.Text(line); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

// first is what of a text stands on one line.
func (d *document) first(s string, size int) string {
	return d.wrap(s, size, d.width-2*marginSide)[0]
}

func (d *document) textWidth(line string, size int) int {
	sum := 0
	for _, r := range line {
		sum += d.runeWidth(r)
	}
	return sum * size / 1000
}

// runeWidth is a letter's in thousandths of its size.
func (d *document) runeWidth(r rune) int {
	if w, ok := d.widths[r]; ok {
		return w
	}
	// The width of the letter at a size of 10 points, as the font gives it.
	_ = d.pdf.SetFontSize(10)
	width, err := d.pdf.MeasureTextWidth(string(r))
	w := int(math.Round(width * 100))
	if err != nil {
		w = 1000
	}
	d.widths[r] = w
	return w
}

// wrap cuts a text into lines that are at most so wide, between words where it
// can. It has one line at the least.
func (d *document) wrap(s string, size, width int) []string {
	var out []string
	for paragraph := range strings.SplitSeq(s, "\n") {
		out = d.wrapLine(out, []rune(d.legible(paragraph)), size, width)
	}
	return out
}

func (d *document) wrapLine(out []string, line []rune, size, width int) []string {
	for {
		used, fit, gap := 0, 0, 0
		for fit < len(line) {
			used += d.runeWidth(line[fit])
			if used*size > width*1000 && fit > 0 {
				break
			}
			if fit++; line[fit-1] == ' ' {
				gap = fit
			}
		}
		if fit == len(line) {
			return append(out, string(line))
		}
		// A word is cut only where it fills more than half of the line.
		if gap > fit/2 && unicode.IsLetter(line[fit]) && line[fit] < 0x2E80 {
			fit = gap
		}
		out = append(out, strings.TrimRight(string(line[:fit]), " "))
		line = line[fit:]
	}
}

// legible is a text without anything that the font would drop or not show: such a
// character stands as its code in brackets, as [U+20BB7].
func (d *document) legible(s string) string {
	bad := func(r rune) bool {
		if r > 0xFFFF || unicode.Is(unicode.C, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return true
		}
		if _, ok := d.widths[r]; ok {
			return false
		}
		there, err := d.pdf.IsCurrFontContainGlyph(r)
		return err != nil || !there
	}
	s = strings.NewReplacer("\t", " ", "\r", "").Replace(s)
	if strings.IndexFunc(s, bad) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if bad(r) {
			fmt.Fprintf(&b, "[U+%04X]", r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
