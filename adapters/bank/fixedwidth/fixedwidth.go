package fixedwidth

import (
	"context"
	"io"
	"strconv"

	"twoline/adapters/bank/layout"
	"twoline/gateway/bank"
)

// Read reads a whole file by its layout and emits its records, as
// layout.ReadText describes.
func Read(ctx context.Context, r io.Reader, l layout.Layout, emit bank.Emit) (layout.Summary, error) {
	if err := check(&l); err != nil {
		return layout.Summary{}, err
	}
	return layout.ReadText(ctx, r, &l, func() layout.Cutter {
		return &cutter{l: &l, coder: layout.NewCoder(l.Charset)}
	}, emit)
}

// NewWriter makes a writer on w, or returns layout.ErrLayout.
func NewWriter(w io.Writer, l layout.Layout) (*layout.Writer, error) {
	if err := check(&l); err != nil {
		return nil, err
	}
	return layout.NewWriter(w, &l, func(out io.Writer) layout.Joiner {
		return &joiner{l: &l, coder: layout.NewCoder(l.Charset), out: out}
	})
}

func check(l *layout.Layout) error {
	if err := l.Validate(); err != nil {
		return err
	}
	if l.Format != layout.FixedWidth {
		return layout.ErrLayout.With("the file is %s", string(l.Format)).On("format")
	}
	return nil
}

// cutter implements layout.Cutter.
type cutter struct {
	l      *layout.Layout
	coder  *layout.Coder
	text   []byte
	ends   []int
	fields []string
}

// Cut implements layout.Cutter.
func (c *cutter) Cut(line []byte, number int, row layout.Row) ([]string, *layout.RowFault) {
	width := 0
	for i := range row.Fields {
		width += row.Fields[i].Width
	}
	if len(line) != width {
		return nil, &layout.RowFault{
			Line: number, Code: "line_length", Want: strconv.Itoa(len(row.Prefix)+width) + " bytes",
			Got: strconv.Itoa(len(row.Prefix) + len(line)),
		}
	}
	c.text, c.ends = c.text[:0], c.ends[:0]
	rest := line
	for i := range row.Fields {
		f := &row.Fields[i]
		var ok bool
		if c.text, ok = c.coder.Decode(c.text, rest[:f.Width]); !ok {
			if c.coder.Whole(rest, f.Width) < f.Width {
				return nil, fault(number, i, f, "cut_character", "a field that ends with a whole character")
			}
			return nil, fault(number, i, f, "charset", "text in "+string(c.l.Charset))
		}
		c.ends = append(c.ends, len(c.text))
		rest = rest[f.Width:]
	}
	text := string(c.text)
	if layout.HasControl(text) {
		return nil, &layout.RowFault{Line: number, Code: "control_character", Want: "text without control characters"}
	}
	c.fields = c.fields[:0]
	start := 0
	for _, end := range c.ends {
		c.fields = append(c.fields, text[start:end])
		start = end
	}
	return c.fields, nil
}

func fault(number, i int, f *layout.Field, code, want string) *layout.RowFault {
	return &layout.RowFault{Line: number, Code: code, Field: f.Name, Column: i + 1, Want: want}
}

// End implements layout.Cutter.
func (c *cutter) End() error { return c.coder.End() }

// joiner implements layout.Joiner.
type joiner struct {
	l     *layout.Layout
	coder *layout.Coder
	out   io.Writer
	line  []byte
}

// Join implements layout.Joiner.
func (j *joiner) Join(_ layout.Kind, row layout.Row, texts []string) error {
	j.line = append(j.line[:0], row.Prefix...)
	for i, text := range texts {
		var err error
		if j.line, err = j.coder.Append(j.line, &row.Fields[i], text); err != nil {
			return err
		}
	}
	return j.l.EndLine(j.out, j.line)
}

// End implements layout.Joiner.
func (j *joiner) End(layout.Tally) error { return nil }
