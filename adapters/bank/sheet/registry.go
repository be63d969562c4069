package sheet

import (
	"context"
	"io"
	"strings"

	"twoline/adapters/bank/layout"
	"twoline/gateway/registry"
)

// Registry reads the sheet that is called name, whatever the letters' case, or else
// the workbook's first: it is a registry.Sheet. A file that cannot be read at any
// place may have MaxPacked bytes.
func Registry(
	ctx context.Context, workbook io.Reader, name string, each func(row int, cells []registry.Cell) error,
) error {
	w, err := openWorkbook(ctx, workbook)
	if err != nil {
		return err
	}
	part := w.sheets[0].part
	for _, s := range w.sheets {
		if strings.EqualFold(s.name, name) {
			part = s.part
			break
		}
	}
	var given []registry.Cell
	return w.eachRow(ctx, part, func(row int, cells []Cell) error {
		given = given[:0]
		for _, c := range cells {
			given = append(given, w.registryCell(c))
		}
		return each(row, given)
	})
}

// registryCell says what a cell is, and of a number what it may be.
func (w *workbook) registryCell(c Cell) registry.Cell {
	out := registry.Cell{Kind: registry.CellText, Text: c.Text, Whole: "", Amount: "", Day: ""}
	switch {
	case c.Flag && c.Text == "1":
		out.Kind = registry.CellTrue
	case c.Flag:
		out.Kind = registry.CellFalse
	case c.Broken:
		out.Kind = registry.CellBroken
	case c.Number:
		out.Kind = registry.CellNumber
		out.Whole, _ = wholeText(c.Text)
		out.Amount, _ = amountText(layout.Yuan, c.Text)
		out.Day, _ = w.dayText(c.Text)
		if len(out.Day) == len("20060102") {
			out.Day = out.Day[:4] + "-" + out.Day[4:6] + "-" + out.Day[6:]
		}
	case w.ours:
		out.Text = plain(c.Text)
	}
	return out
}
