package profile

import (
	"context"
	"io"

	"twoline/adapters/bank/delimited"
	"twoline/adapters/bank/fixedwidth"
	"twoline/adapters/bank/layout"
	"twoline/adapters/bank/sheet"
	"twoline/gateway/bank"
)

// readRows gives a file of rows to the reader of its form.
func readRows(ctx context.Context, r io.Reader, l *layout.Layout, emit bank.Emit) error {
	var err error
	switch l.Format {
	case layout.Delimited:
		_, err = delimited.Read(ctx, r, *l, emit)
	case layout.FixedWidth:
		_, err = fixedwidth.Read(ctx, r, *l, emit)
	case layout.Sheet:
		_, err = sheet.Read(ctx, r, *l, emit)
	default:
		err = ErrFormat
	}
	return err
}

// newRowWriter makes the writer of a file of rows.
func newRowWriter(w io.Writer, l *layout.Layout) (*layout.Writer, error) {
	switch l.Format {
	case layout.Delimited:
		return delimited.NewWriter(w, *l)
	case layout.FixedWidth:
		return fixedwidth.NewWriter(w, *l)
	case layout.Sheet:
		return sheet.NewWriter(w, *l)
	}
	return nil, ErrFormat
}
