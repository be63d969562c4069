package sheet

import (
	"context"
	"io"
	"strings"

	"twoline/adapters/bank/layout"
	"twoline/gateway/bank"
)

// headingWithin is how many rows are searched for the titles where the layout
// does not say.
const headingWithin = 20

// Read reads the sheet by its layout and emits its records, as layout.ReadText
// describes. Lines are rows of the sheet.
func Read(ctx context.Context, r io.Reader, l layout.Layout, emit bank.Emit) (layout.Summary, error) {
	if err := check(&l); err != nil {
		return layout.Summary{}, err
	}
	w, err := openWorkbook(ctx, r)
	if err != nil {
		return layout.Summary{}, err
	}
	part, err := w.choose(ctx, l.SheetName)
	if err != nil {
		return layout.Summary{}, err
	}
	return layout.Read(&l, func(to *layout.Reader) error {
		t := &table{l: &l, book: w, to: to, fields: make([]string, len(l.Fields))}
		if err := w.eachRow(ctx, part, t.row); err != nil {
			return err
		}
		return t.end()
	}, emit)
}

// Rows reads the rows of a sheet as they are, empty ones left out; name is the
// sheet's, or nothing where only one holds anything. The cells are valid until
// each returns.
func Rows(ctx context.Context, r io.Reader, name string, each func(row int, cells []Cell) error) error {
	w, err := openWorkbook(ctx, r)
	if err != nil {
		return err
	}
	part, err := w.choose(ctx, name)
	if err != nil {
		return err
	}
	return w.eachRow(ctx, part, each)
}

func check(l *layout.Layout) error {
	if err := l.Validate(); err != nil {
		return err
	}
	if l.Format != layout.Sheet {
		return layout.ErrLayout.With("the file is %s", string(l.Format)).On("format")
	}
	return nil
}

// errFilled ends reading a sheet at its first row.
var errFilled = ErrSheet.With("the sheet is not empty")

// choose finds the part of the sheet of a name, or of the only one that holds
// anything; it is the first where all are empty.
func (w *workbook) choose(ctx context.Context, name string) (string, error) {
	var filled []sheet
	names := make([]string, 0, len(w.sheets))
	for _, s := range w.sheets {
		names = append(names, s.name)
		if name != "" {
			if s.name == name {
				return s.part, nil
			}
			continue
		}
		if len(w.sheets) == 1 {
			return s.part, nil
		}
		holds := false
		err := w.eachRow(ctx, s.part, func(int, []Cell) error {
			holds = true
			return errFilled
		})
		if err != nil && !holds {
			return "", err
		}
		if holds {
			filled = append(filled, s)
		}
	}
	switch {
	case name != "":
		return "", ErrSheet.With("no sheet is called %s; there are %s", name, strings.Join(names, ", "))
	case len(filled) > 1:
		return "", ErrSheet.With("more than one sheet holds something: %s", strings.Join(names, ", "))
	case len(filled) == 1:
		return filled[0].part, nil
	}
	return w.sheets[0].part, nil
}

// table finds the columns of a sheet and gives its rows to the layout's reader.
type table struct {
	l    *layout.Layout
	book *workbook
	to   *layout.Reader
	// columns are where each field stands, -1 where its column is missing; nil
	// until the titles are found.
	columns []int
	// best says which title was missing in the row that had the most.
	best    string
	found   int
	totaled bool
	fields  []string
}

func (t *table) row(row int, cells []Cell) error {
	if t.columns != nil {
		return t.take(row, cells)
	}
	if row > t.within() {
		return t.noHeading()
	}
	return t.heading(row, cells)
}

func (t *table) within() int {
	if t.l.HeadingWithin > 0 {
		return t.l.HeadingWithin
	}
	return headingWithin
}

func (t *table) noHeading() error {
	within := t.within()
	if t.found == 0 {
		return ErrHeading.With("none of the titles stands in the first %d rows", within)
	}
	return ErrHeading.With("the first %d rows have no title %q", within, t.best)
}

// end refuses a sheet without titles, even where it may have no rows.
func (t *table) end() error {
	if t.columns != nil {
		return nil
	}
	return t.noHeading()
}

// heading looks whether a row is that of the titles.
func (t *table) heading(row int, cells []Cell) error {
	at := make(map[string]int, len(cells))
	twice := ""
	for i, c := range cells {
		text := c.Text
		if t.book.ours {
			text = plain(text)
		}
		key := layout.TitleKey(text)
		if key == "" || c.Number {
			continue
		}
		if _, ok := at[key]; ok {
			twice = key
		}
		at[key] = i
	}
	columns := make([]int, len(t.l.Fields))
	found, missing, again := 0, "", ""
	for i, f := range t.l.Fields {
		key := layout.TitleKey(f.Title)
		column, ok := at[key]
		switch {
		case ok:
			columns[i] = column
			found++
			if key == twice {
				again = f.Title
			}
		case f.Optional:
			columns[i] = -1
		default:
			missing = f.Title
		}
	}
	if found > t.found {
		t.found, t.best = found, missing
	}
	if missing != "" || found == 0 {
		return nil
	}
	if again != "" {
		return ErrHeading.With("the title %q stands twice", again).At(row)
	}
	t.columns = columns
	return nil
}

// take takes a row below the titles.
func (t *table) take(row int, cells []Cell) error {
	blank, lacking, amount := true, false, -1
	for i, column := range t.columns {
		c := cellAt(cells, column)
		f := &t.l.Fields[i]
		empty := c.Text == "" && !c.Broken
		blank = blank && empty
		lacking = lacking || f.Required && f.Name != layout.Amount && empty
		if f.Name == layout.Amount {
			amount = i
		}
	}
	switch {
	case blank:
		return nil
	case t.totaled && lacking && cellAt(cells, t.columnOf(amount)).Text == "":
		return nil
	case t.totaled:
		return t.to.Fault(layout.RowFault{Line: row, Code: "after_end", Want: "only notes after the row of totals"})
	case lacking && t.hasPhrase(cells):
		t.totaled = true
		return t.total(row, amount, cells)
	}
	for i, column := range t.columns {
		text, f := t.text(row, i, cellAt(cells, column))
		if f != nil {
			return t.to.Fault(*f)
		}
		t.fields[i] = text
	}
	return t.to.Row(row, t.fields)
}

func cellAt(cells []Cell, column int) Cell {
	if column < 0 || column >= len(cells) {
		return Cell{}
	}
	return cells[column]
}

func (t *table) columnOf(field int) int {
	if field < 0 {
		return -1
	}
	return t.columns[field]
}

// hasPhrase says that a cell begins with what totals begin with.
func (t *table) hasPhrase(cells []Cell) bool {
	for _, c := range cells {
		text := layout.TitleKey(c.Text)
		for _, phrase := range t.l.TotalPhrases {
			if !c.Number && strings.HasPrefix(text, layout.TitleKey(phrase)) {
				return true
			}
		}
	}
	return false
}

// total takes the row of totals.
func (t *table) total(row, amount int, cells []Cell) error {
	c := cellAt(cells, t.columnOf(amount))
	if c.Broken {
		return t.to.Fault(t.fault(row, amount, "amount", "a sum", c))
	}
	text := c.Text
	if c.Number {
		unit := t.l.TotalsUnit
		if unit == "" {
			unit = t.l.Unit
		}
		var ok bool
		if text, ok = amountText(unit, c.Text); !ok {
			return t.to.Fault(t.fault(row, amount, "amount", "a sum in "+string(unit), c))
		}
	}
	return t.to.Total(row, text)
}

func (t *table) fault(row, field int, code, want string, c Cell) layout.RowFault {
	f := layout.RowFault{Line: row, Code: code, Want: want, Got: layout.Shape(c.Text)}
	if field >= 0 {
		f.Field, f.Column = t.l.Fields[field].Name, t.columns[field]+1
		f.Got = layout.Seen(f.Field, c.Text)
	}
	return f
}

// text is a cell's text as the layout's reader takes it.
func (t *table) text(row, field int, c Cell) (string, *layout.RowFault) {
	wrong := func(code, want string) (string, *layout.RowFault) {
		f := t.fault(row, field, code, want, c)
		return "", &f
	}
	name := t.l.Fields[field].Name
	if name == layout.Ignored {
		return "", nil
	}
	if c.Broken {
		return wrong("cell", "a value, and not an error, an open formula or a damaged character")
	}
	if !c.Number {
		text := c.Text
		if t.book.ours {
			text = plain(text)
		}
		if layout.HasControl(text) {
			return wrong("control_character", "text without control characters")
		}
		return text, nil
	}
	switch name { //nolint:exhaustive // the others are text
	case layout.Amount, layout.Moved:
		text, ok := amountText(t.l.Unit, c.Text)
		if !ok {
			return wrong("amount", "an amount in "+string(t.l.Unit)+" without further decimals")
		}
		return text, nil
	case layout.ValueDate, layout.ExecutionDate:
		text, ok := t.book.dayText(c.Text)
		if !ok {
			return wrong("date", "a day")
		}
		return text, nil
	case layout.Account, layout.OwnAccount, layout.IDNumber, layout.Bank, layout.Mandate, layout.ItemID:
		return wrong("number_cell", "text: a spreadsheet's number loses digits and leading zeros")
	}
	text, ok := wholeText(c.Text)
	if !ok {
		return wrong("number_cell", "text, or a whole number of at most 15 digits")
	}
	return text, nil
}
