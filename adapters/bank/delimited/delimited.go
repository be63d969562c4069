package delimited

import (
	"context"
	"io"
	"strings"

	"twoline/adapters/bank/layout"
	"twoline/gateway/bank"
)

// manyFields is where cutting a line stops: more fields than any layout has.
const manyFields = 128

// Read reads a whole file by its layout and emits its records, as
// layout.ReadText describes.
func Read(ctx context.Context, r io.Reader, l layout.Layout, emit bank.Emit) (layout.Summary, error) {
	if err := check(&l); err != nil {
		return layout.Summary{}, err
	}
	return layout.ReadText(ctx, r, &l, func() layout.Cutter { return newCutter(&l) }, emit)
}

// Rows reads the lines of a file as they are: decoded and cut into fields, but
// not yet understood, header and trailer included. The fields are valid until
// each returns. A line that cannot be decoded comes with a fault and no fields.
// It checks neither the number of fields nor what is in them.
func Rows(ctx context.Context, r io.Reader, l *layout.Layout, each func(line int, fields []string,
	f *layout.RowFault) error,
) error {
	if err := check(l); err != nil {
		return err
	}
	c := newCutter(l)
	err := layout.EachLine(ctx, r, l, func(number int, line []byte, long bool) error {
		if long {
			return each(number, nil, &layout.RowFault{Line: number, Code: "line_length"})
		}
		fields, f := c.Cut(line, number, layout.Row{})
		return each(number, fields, f)
	})
	if err != nil {
		return err
	}
	return c.End()
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
	if l.Format != layout.Delimited {
		return layout.ErrLayout.With("the file is %s", string(l.Format)).On("format")
	}
	return nil
}

// cutter implements layout.Cutter.
type cutter struct {
	l      *layout.Layout
	coder  *layout.Coder
	text   []byte
	fields []string
}

func newCutter(l *layout.Layout) *cutter {
	return &cutter{l: l, coder: layout.NewCoder(l.Charset), fields: make([]string, 0, manyFields+1)}
}

// Cut implements layout.Cutter.
func (c *cutter) Cut(raw []byte, number int, _ layout.Row) ([]string, *layout.RowFault) {
	var ok bool
	if c.text, ok = c.coder.Decode(c.text[:0], raw); !ok {
		return nil, &layout.RowFault{Line: number, Code: "charset", Want: "text in " + string(c.l.Charset)}
	}
	line := string(c.text)
	if layout.HasControl(line) && (c.l.Separator != '\t' || layout.HasControl(strings.ReplaceAll(line, "\t", ""))) {
		return nil, &layout.RowFault{Line: number, Code: "control_character", Want: "text without control characters"}
	}
	if c.l.Separator == layout.Blank {
		return c.cutBlanks(line), nil
	}
	fields := c.fields[:0]
	for len(fields) < manyFields {
		i := strings.IndexByte(line, byte(c.l.Separator))
		if i < 0 {
			break
		}
		fields = append(fields, line[:i])
		line = line[i+1:]
	}
	if !c.l.Trailing {
		fields = append(fields, line)
	} else if line != "" {
		return nil, &layout.RowFault{Line: number, Code: "fields", Want: "a separator at the end of the line"}
	}
	c.fields = fields
	return fields, nil
}

// cutBlanks cuts a line at any number of blanks.
func (c *cutter) cutBlanks(line string) []string {
	fields := c.fields[:0]
	for len(fields) <= manyFields {
		line = strings.TrimLeft(line, " ")
		if line == "" {
			break
		}
		i := strings.IndexByte(line, ' ')
		if i < 0 {
			i = len(line)
		}
		fields = append(fields, line[:i])
		line = line[i:]
	}
	c.fields = fields
	return fields
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
		f := &row.Fields[i]
		if i > 0 {
			j.line = append(j.line, byte(j.l.Separator))
		}
		if strings.IndexByte(text, byte(j.l.Separator)) >= 0 {
			return layout.ErrField.With("the field holds the separator").On(string(f.Name))
		}
		var err error
		if j.line, err = j.coder.Append(j.line, f, text); err != nil {
			return err
		}
	}
	if j.l.Trailing {
		j.line = append(j.line, byte(j.l.Separator))
	}
	return j.l.EndLine(j.out, j.line)
}

// End implements layout.Joiner.
func (j *joiner) End(layout.Tally) error { return nil }
