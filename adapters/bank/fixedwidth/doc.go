// Package fixedwidth cuts and joins the rows of bank files whose fields have
// widths in bytes, one record a line. What the fields mean is the layout's: see
// package layout.
//
// A line is cut by bytes of the file's charset and each field decoded after: a
// width counts bytes and not characters. A line of another length than its
// widths make, and a width that ends inside a character, refuse the file. The
// Writer never writes a part of a character either; it fills up with the field's
// pad, and refuses what is too wide unless the field says that it may be cut.
package fixedwidth
