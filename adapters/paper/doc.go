// Package paper writes tables as files that people and other programs open: CSV
// and xlsx. (PDF is not there yet.)
//
// Both are streams: a row is written and forgotten, so that a table of a million
// rows takes the memory of one. Both are deterministic: the same table gives the
// same bytes, on any day and machine.
//
// Amounts go from their decimal text into the file without passing through a
// float: in xlsx a cell of money is a number whose digits are those of the text,
// shown with two decimals, and a day is a whole number of days. What is text stays
// text: a cell that would begin a formula gets an apostrophe before it, in xlsx
// too, because a sheet is saved as CSV sooner or later.
//
// The workbook is written by hand, since the libraries for it take numbers as
// floats and keep the time of writing in the file.
package paper
