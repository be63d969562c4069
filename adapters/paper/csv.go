package paper

import (
	"encoding/csv"
	"fmt"
	"io"

	"twoline/gateway/fault"
	"twoline/gateway/report"
)

// The formats.
const (
	CSV  = "csv"
	XLSX = "xlsx"
	PDF  = "pdf"
)

// ErrFormat is a format that nobody writes.
var ErrFormat = fault.New(fault.Invalid, "invalid_request", "a paper is csv, xlsx or pdf")

// New returns a sheet that writes to w in the format. End completes the file; w is
// not closed. Who writes more than one takes a Press.
func New(format string, w io.Writer) (report.Sheet, error) { return NewPress().New(format, w) }

// New returns a sheet that writes to w in the format. End completes the file; w is
// not closed.
func (p *Press) New(format string, w io.Writer) (report.Sheet, error) {
	switch format {
	case CSV:
		return &csvSheet{to: w, csv: csv.NewWriter(w), row: nil, foot: nil}, nil
	case XLSX:
		return newWorkbook(w), nil
	case PDF:
		fonts, err := p.open()
		if err != nil {
			return nil, err
		}
		return newDocument(fonts, w)
	}
	return nil, ErrFormat.On("format")
}

// csvSheet writes UTF-8 as RFC 4180 says. The mark at the beginning tells
// spreadsheets that it is UTF-8; without it they show Chinese as noise.
type csvSheet struct {
	to  io.Writer
	csv *csv.Writer
	row []string
	// foot is what stands below the rows.
	foot []string
}

const byteOrderMark = "\uFEFF"

// Begin implements report.Sheet.
func (s *csvSheet) Begin(h report.Head) error {
	if _, err := io.WriteString(s.to, byteOrderMark); err != nil {
		return fmt.Errorf("write %s: %w", h.Name, err)
	}
	s.csv.UseCRLF = true
	s.foot = h.Foot
	if h.Title != "" {
		for _, line := range append([]string{h.Title}, h.Notes...) {
			if err := s.csv.Write([]string{report.Neutral(line)}); err != nil {
				return fmt.Errorf("write %s: %w", h.Name, err)
			}
		}
	}
	for _, c := range h.Columns {
		s.row = append(s.row, report.Neutral(c.Name))
	}
	if err := s.csv.Write(s.row); err != nil {
		return fmt.Errorf("write %s: %w", h.Name, err)
	}
	return nil
}

// Row implements report.Sheet.
func (s *csvSheet) Row(cells ...report.Cell) error {
	s.row = s.row[:0]
	for _, c := range cells {
		value := c.Value
		if c.Kind == report.Text {
			value = report.Neutral(value)
		}
		s.row = append(s.row, value)
	}
	if err := s.csv.Write(s.row); err != nil {
		return fmt.Errorf("write row: %w", err)
	}
	return nil
}

// End implements report.Sheet.
func (s *csvSheet) End() error {
	for _, line := range s.foot {
		if err := s.csv.Write([]string{report.Neutral(line)}); err != nil {
			return fmt.Errorf("write what stands below: %w", err)
		}
	}
	s.csv.Flush()
	if err := s.csv.Error(); err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}
