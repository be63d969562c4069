package sheet

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"twoline/adapters/bank/iso20022/xmlscan"
)

const (
	// maxRows is what every spreadsheet program reads.
	maxRows = 1 << 20
	// MaxColumns is how many columns are read; a cell beyond them refuses the file.
	MaxColumns = 256
	// maxCell is the longest text of a cell.
	maxCell = 32 << 10
)

// Cell is what stands in one cell.
type Cell struct {
	Text string
	// Number says that the cell holds a number: Text is how the file writes it, and
	// digits may be lost already.
	Number bool
	// Broken says that the cell holds no value: an error such as #N/A, a formula
	// that was not computed, a yes or no, or text with a damaged character.
	Broken bool
	// Flag says that it is a yes or no: Text is 1 or 0.
	Flag bool
}

// rows reads a sheet row by row.
type rows struct {
	book *workbook
	s    *xmlscan.Scanner
	each func(row int, cells []Cell) error

	row   int
	cells []Cell
	// next is the column after the last cell.
	next int
	cell struct {
		kind     string
		formula  bool
		hasValue bool
		text     []byte
	}
	texts texts
	// inValue says that the place reached is inside a cell's value.
	inCell, inValue bool
	// inData says that it is inside the sheet's rows, and not in a drawing that has
	// rows too.
	inData bool
}

// eachRow gives every row of a sheet that is not empty, in order, with its cells
// from the first column on; they are valid until each returns.
func (w *workbook) eachRow(ctx context.Context, name string, each func(row int, cells []Cell) error) error {
	p, err := w.parts.open(name)
	if err != nil {
		return err
	}
	defer p.close()
	r := &rows{book: w, s: xmlscan.New(p), each: each}
	for n := 0; ; n++ {
		if n%contextEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		kind, err := r.s.Next()
		if err != nil {
			return inPart(name, err)
		}
		if r.inCell {
			r.texts.see(r.s, kind)
		}
		switch kind {
		case xmlscan.EOF:
			return nil
		case xmlscan.Start:
			err = r.start()
		case xmlscan.End:
			err = r.end()
		case xmlscan.Text:
			err = r.characters()
		}
		if err != nil {
			return err
		}
	}
}

func (r *rows) wrong(format string, args ...any) error {
	return ErrWorkbook.With(format, args...).At(r.row)
}

func (r *rows) start() error {
	name := string(r.s.Name())
	if name == "sheetData" {
		r.inData = true
	}
	if !r.inData {
		return nil
	}
	switch name {
	case "row":
		return r.startRow()
	case "c":
		return r.startCell()
	case "f":
		r.cell.formula = r.inCell
	case "v":
		r.inValue = r.inCell
		r.cell.hasValue = r.inCell
	}
	return nil
}

func (r *rows) startRow() error {
	number := r.row + 1
	if given, ok := r.s.Attr("r"); ok {
		n, err := strconv.ParseUint(string(given), 10, 32)
		if err != nil || int(n) < number {
			return r.wrong("the rows are not in order")
		}
		number = int(n)
	}
	if number > maxRows {
		return r.wrong("a sheet has at most %d rows", maxRows)
	}
	r.row, r.cells, r.next = number, r.cells[:0], 0
	return nil
}

func (r *rows) startCell() error {
	column := r.next
	if given, ok := r.s.Attr("r"); ok {
		if column, ok = columnOf(given); !ok || column < r.next {
			return r.wrong("the cells are not in order")
		}
	}
	if r.row == 0 || r.inCell {
		return r.wrong("a cell stands outside the rows")
	}
	kind, _ := r.s.Attr("t")
	r.inCell, r.next = true, column+1
	r.cell.kind, r.cell.formula, r.cell.hasValue = cellKind(kind), false, false
	r.cell.text = r.cell.text[:0]
	r.texts = texts{}
	return nil
}

// cellKind is the type of a cell, without keeping memory for every cell.
func cellKind(kind []byte) string {
	for _, known := range []string{"s", "n", "inlineStr", "str", "b", "e", "d"} {
		if string(kind) == known {
			return known
		}
	}
	if len(kind) == 0 {
		return "n"
	}
	return "?"
}

// columnOf is the column of a reference such as AB12, from 0 on.
func columnOf(reference []byte) (int, bool) {
	column := 0
	for _, c := range reference {
		if c >= '0' && c <= '9' {
			return column - 1, column > 0
		}
		if c < 'A' || c > 'Z' || column > maxRows {
			return 0, false
		}
		column = column*26 + int(c-'A') + 1
	}
	return 0, false
}

func (r *rows) characters() error {
	if !r.inCell || !r.inValue && (!r.texts.in() || r.cell.kind != "inlineStr") {
		return nil
	}
	r.cell.text = append(r.cell.text, r.s.Text()...)
	if len(r.cell.text) > maxCell {
		return r.wrong("a cell is longer than %d bytes", maxCell)
	}
	return nil
}

func (r *rows) end() error {
	if !r.inData {
		return nil
	}
	switch string(r.s.Name()) {
	case "sheetData":
		r.inData = false
	case "v":
		r.inValue = false
	case "c":
		if !r.inCell {
			return nil
		}
		r.inCell, r.inValue = false, false
		return r.endCell()
	case "row":
		for _, c := range r.cells {
			if c.Text != "" || c.Broken {
				return r.each(r.row, r.cells)
			}
		}
		r.cells = r.cells[:0]
	}
	return nil
}

func (r *rows) endCell() error {
	c, err := r.value()
	if err != nil || c == (Cell{}) {
		return err
	}
	column := r.next - 1
	if column >= MaxColumns {
		return r.wrong("a sheet of a bank has at most %d columns", MaxColumns)
	}
	for len(r.cells) < column {
		r.cells = append(r.cells, Cell{})
	}
	r.cells = append(r.cells, c)
	return nil
}

func (r *rows) value() (Cell, error) {
	switch r.cell.kind {
	case "s":
		text, ok := "", true
		if r.cell.hasValue {
			text, ok = r.book.shared.get(string(r.cell.text))
		}
		if !ok {
			return Cell{}, r.wrong("a cell names a text that is not there")
		}
		return textCell(text), nil
	case "inlineStr", "str", "d":
		if r.cell.formula && !r.cell.hasValue {
			return Cell{Broken: true}, nil
		}
		return textCell(string(unescape(r.cell.text))), nil
	case "n":
		if r.cell.formula && len(r.cell.text) == 0 {
			return Cell{Broken: true}, nil
		}
		if len(r.cell.text) == 0 {
			return Cell{}, nil
		}
		return Cell{Text: strings.TrimSpace(string(r.cell.text)), Number: true}, nil
	}
	text := string(r.cell.text)
	return Cell{Text: text, Broken: true, Flag: r.cell.kind == "b" && (text == "1" || text == "0")}, nil
}

func textCell(text string) Cell {
	if !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError) {
		return Cell{Broken: true}
	}
	return Cell{Text: text}
}
