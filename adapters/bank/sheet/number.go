package sheet

import (
	"math/big"
	"strconv"
	"strings"

	"twoline/adapters/bank/layout"
	"twoline/gateway/calendar"
)

const (
	// maxNumber is the longest text of a number.
	maxNumber = 40
	// sure is how many digits a spreadsheet's number surely keeps.
	sure = 15
)

// decimal is an unsigned number as it is written: digits, of which the last ones
// are decimals.
type decimal struct {
	digits   string
	decimals int
}

// parseDecimal reads 12, 12.5, 1.25E+2; without a sign.
func parseDecimal(text string) (decimal, bool) {
	mantissa, exponent, hasExponent := strings.Cut(strings.ToUpper(text), "E")
	shift := 0
	if hasExponent {
		n, err := strconv.Atoi(exponent)
		if err != nil || n < -maxNumber || n > maxNumber {
			return decimal{}, false
		}
		shift = n
	}
	whole, part, _ := strings.Cut(mantissa, ".")
	digits := whole + part
	if len(text) > maxNumber || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return decimal{}, false
	}
	d := decimal{digits: digits, decimals: len(part) - shift}
	for d.decimals < 0 {
		d.digits, d.decimals = d.digits+"0", d.decimals+1
	}
	for d.decimals > 0 && strings.HasSuffix(d.digits, "0") {
		d.digits, d.decimals = d.digits[:len(d.digits)-1], d.decimals-1
	}
	for len(d.digits) <= d.decimals {
		d.digits = "0" + d.digits
	}
	for len(d.digits) > d.decimals+1 && d.digits[0] == '0' {
		d.digits = d.digits[1:]
	}
	return d, true
}

// text writes a number with so many decimals, which must be enough.
func (d decimal) text(decimals int) string {
	whole, part := d.digits[:len(d.digits)-d.decimals], d.digits[len(d.digits)-d.decimals:]
	if decimals == 0 {
		return whole
	}
	return whole + "." + part + strings.Repeat("0", decimals-d.decimals)
}

// rounded is the nearest number with so many decimals, where that is the very
// binary number that text stands for.
func (d decimal) rounded(text string, decimals int) (decimal, bool) {
	var n, half big.Int
	if _, ok := n.SetString(d.digits, 10); !ok {
		return decimal{}, false
	}
	unit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(d.decimals-decimals)), nil)
	n.Add(&n, half.Rsh(unit, 1)).Quo(&n, unit)
	digits := n.String()
	for len(digits) <= decimals {
		digits = "0" + digits
	}
	near := decimal{digits: digits, decimals: decimals}
	return near, len(digits) <= sure && sameBinary(text, near.text(decimals))
}

// sameBinary says that two decimals are the same number of 53 bits, as
// spreadsheets keep numbers.
func sameBinary(a, b string) bool {
	const bits = 53
	x, _, errX := big.ParseFloat(a, 10, bits, big.ToNearestEven)
	y, _, errY := big.ParseFloat(b, 10, bits, big.ToNearestEven)
	return errX == nil && errY == nil && x.Cmp(y) == 0
}

// amountText is the amount of a number's cell as the layout writes amounts of the
// unit, or false where it is none.
func amountText(unit layout.Unit, text string) (string, bool) {
	decimals := 0
	if unit == layout.Yuan {
		decimals = 2
	}
	d, ok := parseDecimal(text)
	if !ok {
		return "", false
	}
	if d.decimals > decimals {
		if d, ok = d.rounded(text, decimals); !ok {
			return "", false
		}
	}
	return d.text(decimals), true
}

// wholeText is a number's whole digits, where it is whole and has lost none.
func wholeText(text string) (string, bool) {
	d, ok := parseDecimal(text)
	if !ok || d.decimals > 0 || len(d.digits) > sure {
		return "", false
	}
	return d.digits, true
}

// dayText is the day of a number's cell: eight digits, or a serial number, whose
// part of a day is read past.
func (w *workbook) dayText(text string) (string, bool) {
	d, ok := parseDecimal(text)
	if !ok {
		return "", false
	}
	whole := d.text(d.decimals)
	whole, _, _ = strings.Cut(whole, ".")
	if len(whole) == 8 && d.decimals == 0 {
		return whole, true
	}
	// Day 0 is the one that makes 1 March 1900 the 61st, as all programs count.
	epoch := calendar.MustDay("1899-12-30")
	if w.from1904 {
		epoch = calendar.MustDay("1904-01-01")
	}
	n, err := strconv.Atoi(whole)
	const first, last = 61, 100_000
	if err != nil || n < first || n > last {
		return "", false
	}
	return epoch.AddDays(n).String(), true
}
