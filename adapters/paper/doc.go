// Package paper writes tables as files that people and other programs open: CSV,
// xlsx and PDF.
//
// The first two are streams: a row is written and forgotten, so that a table of a
// million rows takes the memory of one. A PDF is kept until its last page is known,
// and is bounded by MaxPages. All are deterministic: the same table gives the same
// bytes, on any day and machine.
//
// A PDF is A4 with the title, the notes, the columns' names on every page, the
// number of each page, and places for signatures at the end. Its font is embedded,
// as far as it is used. What the font cannot show is never left out: it stands as
// its code in brackets.
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
