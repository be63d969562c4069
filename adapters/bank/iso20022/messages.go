package iso20022

import (
	"bytes"
	"strings"

	"twoline/adapters/bank/iso20022/xmlscan"
)

// Detect returns the format of a file by its first bytes, such as
// "camt.053.001.08" or "pain.001.001.03.ch.02", without the version where the
// namespace does not say it, and false where it is no message that Read reads.
// The more of the file head holds, the surer; the first 4 KiB are plenty.
func Detect(head []byte) (string, bool) {
	// A tag's end is never part of a longer character, so no character is cut.
	s := xmlscan.New(bytes.NewReader(head[:bytes.LastIndexByte(head, '>')+1]))
	// A character that is none, further on, is for the reader to name.
	s.Quick()
	namespace, inside := "", false
	for {
		kind, err := s.Next()
		switch {
		case err != nil || kind == xmlscan.EOF:
			return "", false
		case kind != xmlscan.Start:
		case inside:
			return formatOf(namespace, string(s.Name()))
		case string(s.Name()) == "Document":
			namespace, inside = s.Namespace(), true
		case s.Depth() > maxWrap:
			return "", false
		}
	}
}

// formatOf names the format by the message element, and its version by the
// namespace where that agrees.
func formatOf(namespace, name string) (string, bool) {
	format := messageOf(name)
	i := strings.LastIndex(namespace, format+".")
	if format == "" || i < 0 {
		return format, format != ""
	}
	return format + version(namespace[i+len(format):]), true
}

func messageOf(name string) string {
	switch name {
	case "BkToCstmrStmt", "BkToCstmrStmtV01":
		return "camt.053"
	case "BkToCstmrAcctRpt", "BkToCstmrAcctRptV01":
		return "camt.052"
	case "BkToCstmrDbtCdtNtfctn", "BkToCstmrDbtCdtNtfctnV01":
		return "camt.054"
	case "CstmrCdtTrfInitn":
		return "pain.001"
	case "CstmrDrctDbtInitn":
		return "pain.008"
	case "CstmrPmtStsRpt":
		return "pain.002"
	case "PmtRtr":
		return "pacs.004"
	case "RsltnOfInvstgtn":
		return "camt.029"
	}
	return ""
}

// version returns the version that text begins with, such as ".001.08" or
// ".001.03.ch.02", or "" where it begins with none.
func version(text string) string {
	const variant, country = ".000.00", ".ch.00"
	if !alike(text, variant) {
		return ""
	}
	n := len(variant)
	if alike(text[n:], country) {
		n += len(country)
	}
	return text[:n]
}

// alike says that text begins like the form, a digit for each 0, and that no
// digit follows.
func alike(text, form string) bool {
	if len(text) < len(form) || len(text) > len(form) && isDigit(text[len(form)]) {
		return false
	}
	for i := range len(form) {
		if form[i] == '0' && !isDigit(text[i]) || form[i] != '0' && form[i] != text[i] {
			return false
		}
	}
	return true
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// isBatch says that the format is of instructions.
func isBatch(format string) bool {
	return strings.HasPrefix(format, "pain.001") || strings.HasPrefix(format, "pain.008")
}

// isResult says that the format is of answers.
func isResult(format string) bool {
	return strings.HasPrefix(format, "pain.002") || strings.HasPrefix(format, "pacs.004") ||
		strings.HasPrefix(format, "camt.029")
}
