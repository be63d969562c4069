package paper

import "twoline/gateway/report"

// SkipTo makes a workbook believe that it has so many rows.
func SkipTo(s report.Sheet, rows int) {
	if b, ok := s.(*workbook); ok {
		b.row = rows
	}
}
