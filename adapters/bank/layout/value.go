package layout

import (
	"fmt"
	"strconv"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
	"twoline/gateway/party"
)

func (l *Layout) parseAmount(unit Unit, text string) (money.Amount, bool) {
	if unit == Yuan {
		if l.LooseAmounts {
			text = tighten(text)
		}
		a, err := money.Parse(text)
		return a, err == nil
	}
	if unit == Li && text != "0" {
		// Ten times 0.001 yuan are 0.01, so whole fen end in a zero.
		whole, ok := strings.CutSuffix(text, "0")
		if !ok {
			return 0, false
		}
		text = whole
	}
	a, err := money.ParseFen([]byte(text))
	return a, err == nil
}

// tighten writes 1,234.5 as 1234.50; what is no such number stays as it is.
func tighten(text string) string {
	whole, decimals, _ := strings.Cut(text, ".")
	groups := strings.Split(whole, ",")
	for i, g := range groups {
		if !isDigits(g) || i > 0 && len(g) != 3 || len(groups) > 1 && len(g) > 3 {
			return text
		}
	}
	if len(decimals) > 2 || decimals != "" && !isDigits(decimals) || strings.HasSuffix(text, ".") {
		return text
	}
	return strings.Join(groups, "") + "." + decimals + "00"[len(decimals):]
}

func amountWords(unit Unit) string {
	switch unit {
	case Yuan:
		return "yuan with two decimals"
	case Fen:
		return "a whole number of fen"
	case Li:
		return "a whole number of 0.001 yuan that makes whole fen"
	}
	return "an amount"
}

func formatAmount(unit Unit, a money.Amount) string {
	switch unit {
	case Fen:
		return strconv.FormatInt(a.Fen(), 10)
	case Li:
		if a == 0 {
			return "0"
		}
		return strconv.FormatInt(a.Fen(), 10) + "0"
	case Yuan:
	}
	return a.String()
}

// parseCount reads a whole number without a sign.
func parseCount(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && text[0] != '+' && text[0] != '-'
}

// parseDate reads a day in any of the forms, with or without a time of day after
// it; nothing is no day.
func parseDate(text string) (calendar.Day, bool) {
	if text == "" {
		return calendar.Day{}, true
	}
	if len(text) == 8 || len(text) == 14 && isDigits(text) {
		d, err := calendar.ParseCompact(text[:8])
		if err == nil && len(text) == 14 {
			return d, isTime(text[8:10], text[10:12], text[12:])
		}
		if err == nil {
			return d, true
		}
	}
	if len(text) < len("2026-1-1") || !isDigits(text[:4]) {
		return calendar.Day{}, false
	}
	rest := text[4:]
	month, rest, ok := dateParts(rest, "-", "/", ".", "年")
	if !ok {
		return calendar.Day{}, false
	}
	day, rest, ok := dateParts(rest, "-", "/", ".", "月")
	if !ok {
		return calendar.Day{}, false
	}
	if len(rest) >= len("日") && rest[:len("日")] == "日" {
		rest = rest[len("日"):]
	}
	d, err := calendar.ParseDay(text[:4] + "-" + two(month) + "-" + two(day))
	return d, err == nil && isClock(rest)
}

// dateParts reads one of the marks and one or two digits after it.
func dateParts(text string, marks ...string) (digits, rest string, ok bool) {
	for _, mark := range marks {
		if len(text) < len(mark)+1 || text[:len(mark)] != mark {
			continue
		}
		text = text[len(mark):]
		n := 0
		for n < len(text) && n < 2 && text[n] >= '0' && text[n] <= '9' {
			n++
		}
		return text[:n], text[n:], n > 0
	}
	return "", "", false
}

func two(digits string) string {
	if len(digits) == 1 {
		return "0" + digits
	}
	return digits
}

// isClock says that what follows a day is nothing or a time: 10:11, 10:11:12,
// after a blank or a T.
func isClock(text string) bool {
	if text == "" {
		return true
	}
	if text[0] != ' ' && text[0] != 'T' {
		return false
	}
	switch t := text[1:]; {
	case len(t) == 5 && t[2] == ':':
		return isTime(t[:2], t[3:], "00")
	case len(t) == 8 && t[2] == ':' && t[5] == ':':
		return isTime(t[:2], t[3:5], t[6:])
	case len(t) == 6:
		return isTime(t[:2], t[2:4], t[4:])
	}
	return false
}

func isTime(hour, minute, second string) bool {
	return isDigits(hour+minute+second) && hour < "24" && minute < "60" && second <= "60"
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

func formatDate(form DateForm, d calendar.Day) string {
	if d.IsZero() {
		return ""
	}
	dashed := d.String()
	switch form {
	case Dashed:
		return dashed
	case Slashed:
		return dashed[:4] + "/" + dashed[5:7] + "/" + dashed[8:]
	case Characters:
		return dashed[:4] + "年" + dashed[5:7] + "月" + dashed[8:] + "日"
	case Compact:
	}
	return d.Compact()
}

// passes says whether a text keeps a rule; nothing keeps them all.
func (c Check) passes(text string) error {
	var err error
	switch {
	case text == "" || c == "":
	case c == CheckDigits:
		if !isDigits(text) {
			err = ErrField.With("digits only")
		}
	case c == CheckIDNumber:
		_, err = party.NewIDNumber(text)
	case c == CheckCard:
		_, err = party.NewCard(text)
	case c == CheckBankNo:
		err = party.CheckBankNo(text)
	default:
		return fmt.Errorf("no check is called %q", string(c))
	}
	return err
}

// HasControl says that a text holds what would break a line: a control
// character or one of Unicode's line ends.
func HasControl(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c < 0x20 || c == 0x7F {
			return true
		}
		// U+0080 to U+009F, U+2028 and U+2029.
		if c == 0xC2 && i+1 < len(s) && s[i+1] < 0xA0 {
			return true
		}
		if c == 0xE2 && i+2 < len(s) && s[i+1] == 0x80 && (s[i+2] == 0xA8 || s[i+2] == 0xA9) {
			return true
		}
	}
	return false
}
