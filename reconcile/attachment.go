package reconcile

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"

	"twoline/gateway/approval"
)

// isFileName says that a name is one of a file, and of no place.
func isFileName(name string) bool {
	return name != "" && name != "." && name != ".." &&
		approval.IsLine(name, maxName) && !strings.ContainsAny(name, `/\`)
}

// maxMembers bounds the members of a workbook that are looked at.
const maxMembers = 10_000

// isWorkbook says that an archive's directory is a workbook's. Nothing is unpacked.
func isWorkbook(b []byte) bool {
	archive, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil || len(archive.File) > maxMembers {
		return false
	}
	has := func(is func(*zip.File) bool) bool { return slices.ContainsFunc(archive.File, is) }
	return has(func(f *zip.File) bool { return f.Name == "[Content_Types].xml" }) &&
		has(func(f *zip.File) bool { return strings.HasPrefix(f.Name, "xl/") && len(f.Name) > len("xl/") })
}

// isOfType says that bytes are what their sender says. Only what is looked at safely is
// taken: no page, no script, no archive but a workbook.
func isOfType(mediaType string, b []byte) bool {
	begins := func(magic string) bool { return strings.HasPrefix(string(b[:min(len(b), 16)]), magic) }
	switch mediaType {
	case "application/pdf":
		return begins("%PDF-")
	case "image/png":
		return begins("\x89PNG\r\n\x1a\n")
	case "image/jpeg":
		return begins("\xff\xd8\xff")
	case "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":
		return begins("PK\x03\x04") && isWorkbook(b)
	case "text/plain", "text/csv":
		return utf8.Valid(b) && !slices.Contains(b, 0)
	}
	return false
}
