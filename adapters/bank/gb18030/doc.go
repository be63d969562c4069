// Package gb18030 reads and writes the text of Chinese bank files, GB18030 and
// GBK, so that no name is ever damaged in silence.
//
// The decoder of golang.org/x/text turns what it cannot read into U+FFFD
// without an error, and does not know the table of GB18030-2022. This package
// takes its table, adds the 2022 characters (U+1E3F, U+9FB4 to U+9FBB, U+FE10
// to U+FE19), refuses every byte sequence without a character, and accepts only
// what encodes back to the very same bytes. A character that the charset lacks
// is an error that names it; nothing is ever replaced by a question mark.
//
// Facts of the encoding that callers rely on: 0x0A and 0x0D are never part of a
// longer character, so lines may be cut on bytes; 0x7C and other ASCII bytes
// from 0x30 up may be, so fields may not: Split walks the lead bytes.
package gb18030
