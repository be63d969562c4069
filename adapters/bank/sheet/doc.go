// Package sheet reads and writes bank files that are one sheet of an Office Open
// XML workbook (xlsx). What the columns mean is the layout's: see package layout.
//
// # Reading
//
// A workbook is a zip archive that somebody else made: the archive is refused
// before anything in it is unpacked if it holds more than MaxParts parts, a path
// that leaves it, a link, an archive, a macro, something encrypted, two parts of
// one name, or more than MaxUnpacked bytes or MaxRatio bytes for one packed. The
// parts are then read as a stream, twice where the layout asks for it, by the
// strict scanner of package xmlscan; the texts that cells share are held, up to
// MaxShared bytes of them. A part that ends early or has a wrong checksum refuses
// the file.
//
// The row of titles is searched among the first rows: the first in which every
// title of the layout stands, in any order, blanks and line ends apart. What
// stands above it, merged or not, is read past, and so are columns without a title
// of ours and empty rows. A row of totals is told by its phrase, its sum is
// checked, and only notes may follow it.
//
// # Numbers in cells
//
// A spreadsheet's number is a binary one of some 15 digits. So a number in the
// column of an account, an id or a bank's number is refused: a card number of 19
// digits has lost its last ones already, and leading zeros are gone. A number in
// another column of text is taken as its whole digits, up to 15 of them. A date
// may be text in any form of package layout, eight digits, or a day's serial
// number, by the workbook's own epoch.
//
// An amount in a number's cell is read as the exact decimal that the file writes.
// One with more decimals than its unit has is refused, except where it is only
// another way to write the same binary number: 12.300000000000001, as some
// programs write it, is the very number that 12.3 is, so it is 12.30; while
// 12.3000000001 is another number and no amount. Nothing is computed with it.
//
// # Registries
//
// Registry gives the rows of a workbook to the imports of package registry, with
// what each number is as an amount, a count and a day; which of them a column may
// be, that package decides.
//
// # Writing
//
// The same records give the same bytes. Amounts and counts are numbers, all else
// is text, accounts too. A text that a program could read as a formula gets an
// apostrophe before it; the reader takes it off in workbooks that this package
// wrote, and nowhere else.
package sheet
