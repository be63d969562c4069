package report

import (
	"strconv"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// Language is that of a paper's words. What officers entered stands as they did.
type Language string

// The languages.
const (
	Chinese Language = "zh"
	English Language = "en"
)

// CellKind is what a cell holds.
type CellKind int

// The kinds of cell.
const (
	// Text is read as text by whatever opens the table, never as a formula.
	Text CellKind = iota
	// Money is yuan with two decimals, below zero with a minus sign.
	Money
	// Count is a whole number.
	Count
	// Date is YYYY-MM-DD.
	Date
)

// Cell is one value, written as its kind says. An empty one is blank.
type Cell struct {
	Kind  CellKind
	Value string
}

// TextCell is a text.
func TextCell(s string) Cell { return Cell{Kind: Text, Value: s} }

// MoneyCell is an amount.
func MoneyCell(a money.Amount) Cell { return Cell{Kind: Money, Value: a.String()} }

// CountCell is a number of things.
func CountCell(n int) Cell { return Cell{Kind: Count, Value: strconv.Itoa(n)} }

// DateCell is a day, or blank where there is none.
func DateCell(d calendar.Day) Cell { return Cell{Kind: Date, Value: d.String()} }

// Blank is a cell without a value.
func Blank() Cell { return Cell{Kind: Text, Value: ""} }

// Column is the head of a column.
type Column struct {
	Name string
	// Width is about how many Latin letters it shows; a Chinese character takes two.
	Width int
}

// Head is what stands above the rows.
type Head struct {
	// Name is what the table is called, in at most 31 characters.
	Name string
	// Title and Notes stand above the columns, where the table is for people. A table
	// for a program has neither.
	Title   string
	Notes   []string
	Columns []Column
	// Foot stands below the rows.
	Foot []string
	// Signatures are the places at the end of a paper that is signed, in their order:
	// what stands before each line. A table as CSV has none.
	Signatures []string
	// Language is that of the words a sheet adds by itself, such as the number of a
	// page; none is Chinese.
	Language Language
}

// Sheet takes a table: its head once, its rows in order, its end once. It holds no
// row longer than it takes to write it.
type Sheet interface {
	Begin(h Head) error
	Row(cells ...Cell) error
	End() error
}

// OnPages says that a sheet ends as pages of paper. What has a customary form there
// takes it, where another sheet gets rows that are good to count with.
func OnPages(s Sheet) bool {
	p, ok := s.(interface{ OnPages() bool })
	return ok && p.OnPages()
}

// Neutral keeps a program that opens a table from reading a text as a formula: it
// puts an apostrophe before what would begin one, in full width too.
func Neutral(s string) string {
	if strings.IndexAny(s, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + s
	}
	return s
}
