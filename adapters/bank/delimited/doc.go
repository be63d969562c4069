// Package delimited cuts and joins the rows of bank files whose fields are
// separated, one record a line. What the fields mean is the layout's: see
// package layout.
//
// Lines are cut on the byte 0x0A, decoded, and only then cut into fields, since
// the separator is also the second byte of some characters. Where the separator
// is layout.Blank, any number of blanks separates two fields.
//
// The Writer refuses a separator inside a field.
package delimited
