// Package delimited reads and writes bank files of separated fields, one record
// a line, as a Layout describes them: charset, separator, fields in order, unit
// of amounts, totals in header or trailer, and what the bank's codes and phrases
// mean. A new bank is a Layout, not code.
//
// # Reading
//
// Lines are cut on the byte 0x0A, decoded, and only then cut into fields, since
// the separator is also the second byte of some characters. A file with any
// malformed row is refused whole: MalformedError names the first MaxFaults rows
// and holds nothing of their content. A header or trailer total that does not
// agree is a bank.Problem of severity error, code control_total; who takes the
// file in refuses it then. Records emitted before an error do not count: only
// bank.End says that a file was read.
//
// A file of instructions begins with its batch's count and sum. Where no header
// gives these, the file is read twice: the source must be able to seek, or at
// most MaxHeld bytes of it are held. Everything else is one pass in bounded
// memory.
//
// # Writing
//
// The Writer refuses what the file cannot carry: a separator, a line end or a
// control character in a field, a character that the charset lacks, an amount
// with parts of a fen, a field that is too long, and a result that a reader of
// this layout would take for another outcome. It returns count, sum and SHA-256
// digest of the bytes, which travel beside the file.
//
// # The rural cooperative's layouts
//
// The functions RuralCooperative… describe files as they were seen; what was not
// seen and is our own choice is said there.
package delimited
