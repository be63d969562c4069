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
// MaxFaults rows, what was expected and the shape of what stood there, never its
// content. A total that does not agree is a bank.Problem of severity error, code
// control_total; who takes the file in refuses it then. Records emitted before
// an error do not count: only bank.End says that a file was read.
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
// # Writing
//
// The Writer refuses what the file cannot carry: a control character or a line
// end in a field, a character that the charset lacks, an amount with parts of a
// fen, a field that is too long or would be read back as another, and a result
// that a reader of this layout would take for another outcome. A field is cut
// only where its layout says so, on the border of a character, and the Receipt
// counts it.
package layout
