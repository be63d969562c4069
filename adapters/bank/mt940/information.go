package mt940

import (
	"strings"
	"unicode/utf8"
)

const (
	// widthText is how many characters a line of :86: holds.
	widthText = 65
	// widthPart is how many characters a part ?20 holds.
	widthPart = 27
)

// information is what :86: says of an entry.
type information struct {
	text, counterparty, account string
	endToEnd, batch             string
}

// parseInformation reads the text of :86:, lines divided by \n.
func parseInformation(body string) information {
	if isParted(body) {
		return parted(strings.ReplaceAll(body, "\n", ""))
	}
	text := joinLines(body)
	if _, _, ok := codeAt(text); ok {
		return coded(unfold(body))
	}
	return information{text: text} //nolint:exhaustruct // it says nothing else
}

// unfold joins the lines of a coded text, which systems cut at 65 characters, or at
// 61 since they count the tag.
func unfold(body string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(body, "\n") {
		b.WriteString(line)
		if utf8.RuneCountInString(line) < widthText-len(":86:") {
			b.WriteByte(' ')
		}
	}
	return strings.TrimSpace(b.String())
}

// isParted says that the text has the German structure: a code of three digits,
// which some leave out, and ?00.
func isParted(body string) bool {
	if len(body) > 3 && allDigits([]byte(body[:3])) {
		body = body[3:]
	}
	return len(body) > 2 && body[0] == '?' && isDigit(body[1]) && isDigit(body[2])
}

// joinLines makes one text of lines: one of full width was cut and goes on in the
// next; any other ends where its sender ended it.
func joinLines(body string) string {
	if !strings.Contains(body, "\n") {
		return strings.TrimSpace(body)
	}
	var b strings.Builder
	full := true
	for line := range strings.SplitSeq(body, "\n") {
		cut := utf8.RuneCountInString(line) >= widthText && !strings.HasSuffix(line, " ")
		if !full {
			line = strings.TrimLeft(line, " ")
		}
		if !cut {
			line = strings.TrimRight(line, " ")
		}
		if line == "" {
			continue
		}
		if !full && b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(line)
		full = cut
	}
	return strings.TrimSpace(b.String())
}

// pieces joins parts of 27 characters: one that is shorter was not cut.
type pieces struct {
	b strings.Builder
	// starts are the places in b where a part begins.
	starts []int
	last   int
	used   bool
}

func (p *pieces) add(part string) {
	if p.used && p.last < widthPart && !strings.HasSuffix(p.b.String(), " ") && !strings.HasPrefix(part, " ") {
		p.b.WriteByte(' ')
	}
	p.starts = append(p.starts, p.b.Len())
	p.b.WriteString(part)
	p.last, p.used = utf8.RuneCountInString(part), true
}

// parted reads the German structure.
func parted(text string) information {
	var booking, account string
	var remittance, name pieces
	for text != "" {
		i := strings.IndexByte(text, '?')
		if i < 0 || len(text) < i+3 {
			break
		}
		code := text[i+1 : i+3]
		text = text[i+3:]
		end := partEnd(text)
		part := text[:end]
		text = text[end:]
		switch {
		case code == "00":
			booking = strings.TrimSpace(part)
		case code[0] == '2' || code >= "60" && code <= "63":
			remittance.add(part)
		case code == "31":
			account = strings.TrimSpace(part)
		case code == "32" || code == "33":
			name.add(part)
		}
	}
	info := tagged(&remittance)
	info.counterparty, info.account = strings.TrimSpace(name.b.String()), account
	if info.text == "" && remittance.b.Len() == 0 {
		info.text = booking
	}
	return info
}

// partEnd returns where the next ?nn begins.
func partEnd(text string) int {
	for i := 0; i+2 < len(text); i++ {
		if text[i] == '?' && isDigit(text[i+1]) && isDigit(text[i+2]) {
			return i
		}
	}
	return len(text)
}

// tagged takes EREF+ and KREF+ out of a remittance text, and the word SVWZ+, which
// says that the text itself follows.
func tagged(p *pieces) information {
	var info information //nolint:exhaustruct // filled step by step
	text := p.b.String()
	var kept []string
	tag := ""
	keep := func(value string) {
		value = strings.TrimSpace(value)
		switch {
		case tag == "EREF" && info.endToEnd == "":
			info.endToEnd = reference(value)
			return
		case tag == "KREF" && info.batch == "":
			info.batch = reference(value)
			return
		case tag != "" && tag != "SVWZ":
			value = tag + "+" + value
		}
		if value != "" {
			kept = append(kept, value)
		}
	}
	from := 0
	starts := p.starts
	for i := 0; i+5 <= len(text); i++ {
		for len(starts) > 0 && starts[0] < i {
			starts = starts[1:]
		}
		begins := i == 0 || text[i-1] == ' ' || len(starts) > 0 && starts[0] == i
		if !begins || text[i+4] != '+' || !isTag(text[i:i+4]) {
			continue
		}
		keep(text[from:i])
		tag, from = text[i:i+4], i+5
		i += 4
	}
	keep(text[from:])
	info.text = strings.Join(kept, " ")
	return info
}

func isTag(s string) bool {
	switch s {
	case "EREF", "KREF", "MREF", "BREF", "RREF", "CRED", "DEBT", "COAM", "OAMT", "SVWZ", "ABWA", "ABWE":
		return true
	}
	return false
}

// coded reads the structure /EREF/.../NAME/.
func coded(text string) information {
	var info information //nolint:exhaustruct // filled step by step
	remittance := false
	rest := text
	for {
		code, value, ok := codeAt(rest)
		if !ok {
			break
		}
		end := len(value)
		for i := range value {
			if _, _, next := codeAt(value[i:]); next {
				end = i
				break
			}
		}
		rest = value[end:]
		value = strings.TrimSpace(strings.TrimSuffix(value[:end], "/"))
		switch code {
		case "EREF":
			info.endToEnd = reference(value)
		case "NAME":
			info.counterparty = value
		case "IBAN":
			info.account = value
		case "REMI":
			info.text, remittance = value, true
		}
	}
	if !remittance {
		info.text = text
	}
	return info
}

// codeAt reads /CODE/ at the beginning of a text.
func codeAt(text string) (code, rest string, ok bool) {
	const size = len("/EREF/")
	if len(text) < size || text[0] != '/' || text[size-1] != '/' {
		return "", text, false
	}
	for i := 1; i < size-1; i++ {
		if !isCapital(text[i]) {
			return "", text, false
		}
	}
	return text[1 : size-1], text[size:], true
}
