// Package layout says what the rows of a bank's text or sheet file mean, and
// turns them into the gateway's records and back.
//
// A Layout is data: the fields of a row in order, the unit of amounts, what
// stands in header, trailer and total rows, and what the bank's codes and words
// mean. A new bank is a Layout, not code. The packages delimited, fixedwidth and
// sheet cut and join rows in their own form and know nothing else; the rules of
// what a row may hold are here, once for all three.
//
// # What a layout's errors name
//
// Validate names the place as somebody sees it who wrote the layout as YAML:
// fields[3].width, header[0].fields[2].name, answers.codes["4000"]: the names of
// the structs' fields in lower case, with an underscore between words.
//
// # Reading
//
// A file with any malformed row is refused whole: MalformedError names the first
// MaxFaults rows, what was expected and what stood there: numbers, codes and days
// as they were, what tells of a person only as its shape. A total that does not
// agree is a bank.Problem of severity error, code control_total; batch numbers
// that differ among header, rows, trailer and the file's name are one of code
// batch_differs. A last row without a line end, in a file that gives no count, is
// a warning, last_line_open: it may have been cut. Who takes the file in refuses
// it then. Records emitted before an error do not count: only bank.End says that a
// file was read.
//
// A file of instructions begins with its batch's count and sum. Where no header
// gives these, the file is read twice: the source must be able to seek, or at
// most MaxHeld bytes of it are held. Everything else is one pass in bounded
// memory.
//
// # Answers
//
// A result is taken for a success or a failure only where the layout says so. An
// empty code is never a failure; a code that nobody listed is unknown; a row
// that says success in one field and the contrary in another is unknown too.
// Unknown is asked about, never sent again.
//
// Phrases are looked for in the reason, and in a code that is not listed, such as a
// state in words. A phrase of a success must be the whole cell: 成功 is not found in
// 不成功, 未成功 or 户名不符，代发未成功. All others fit wherever they stand. Where phrases
// of different answers fit, the row is unknown, unless they are failures and the
// shorter stands only as part of the longer, which decides. A reason that denies a
// success (不, 未, 没 or 非 before its phrase) makes a row unknown that else says
// success.
//
// A refusal in place of results means by its code what that code means in rows,
// before Reject's Fixed; the code of a success (or of zeros only) is unknown there,
// and a bank.Problem of code contradiction.
//
// # Writing
//
// The Writer refuses what the file cannot carry: a control character or a line
// end in a field, a character that the charset lacks, an amount with parts of a
// fen, a field that is too long or would be read back as another, and a result
// that a reader of this layout would take for another outcome. A field is cut
// only where its layout says so, on the border of a character, and the Receipt
// counts it.
package layout
