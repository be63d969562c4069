package bank

import (
	"errors"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"twoline/gateway/money"
)

// ErrFigure is returned for text that is not a plain decimal of at most 18
// digits, and for a sum beyond them.
var ErrFigure = errors.New("figure must be a plain decimal number of at most 18 digits")

const (
	maxFigure   = 999_999_999_999_999_999
	maxDecimals = 17
	maxText     = 40
)

// Figure is a number as a bank's file writes it: exact, signed, with the file's
// own decimals. Foreign files carry up to five; the gateway's own money is
// always money.Amount, and Amount is the only way from one to the other.
//
// The same number with other decimals (1.5 and 1.50) is another Figure: compare
// with Compare, not with ==.
type Figure struct {
	unscaled int64
	scale    int8
}

// FigureOf is the figure of an amount, with two decimals.
func FigureOf(a money.Amount) Figure { return Figure{unscaled: a.Fen(), scale: 2} }

// ParseFigure reads xs:decimal as ISO 20022 files carry it ("+5", ".5", "5.",
// leading zeros), at most 18 digits of which at most 17 decimals; it keeps the
// number of decimals written. As in xs:decimal, zeros at the end do not count:
// those that no longer fit are dropped.
func ParseFigure(s string) (Figure, error) {
	rest, negative := strings.CutPrefix(s, "-")
	if !negative {
		rest = strings.TrimPrefix(rest, "+")
	}
	if len(rest) > maxText {
		return Figure{}, ErrFigure
	}
	f, ok := parseUnsigned(rest)
	if !ok {
		return Figure{}, ErrFigure
	}
	if negative {
		f.unscaled = -f.unscaled
	}
	return f, nil
}

func parseUnsigned(s string) (Figure, bool) {
	var f Figure
	digits, point, dropped := false, false, false
	for i := range len(s) {
		c := s[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			return Figure{}, false
		}
		digits = true
		if f.unscaled > maxFigure/10 || f.scale >= maxDecimals {
			if !point || c != '0' {
				return Figure{}, false
			}
			dropped = true
			continue
		}
		if dropped {
			return Figure{}, false
		}
		f.unscaled = f.unscaled*10 + int64(c-'0')
		if point {
			f.scale++
		}
	}
	return f, digits
}

// String writes the figure with its own decimals, and with at least two.
// ParseFigure reads the same number back.
func (f Figure) String() string {
	digits := strconv.FormatInt(f.unscaled, 10)
	sign := ""
	if f.unscaled < 0 {
		sign, digits = "-", digits[1:]
	}
	scale := int(f.scale)
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, decimals := digits[:len(digits)-scale], digits[len(digits)-scale:]
	for len(decimals) < 2 {
		decimals += "0"
	}
	return sign + whole + "." + decimals
}

// Amount returns the figure as fen, and false where it is negative, beyond
// money.Max, or has decimals beyond the second that are not zero.
func (f Figure) Amount() (money.Amount, bool) {
	a, ok := f.Signed()
	if !ok || a < 0 {
		return 0, false
	}
	return a, true
}

// Signed is Amount for balances, which may be negative.
func (f Figure) Signed() (money.Amount, bool) {
	u, scale := f.unscaled, f.scale
	for scale > 2 {
		if u%10 != 0 {
			return 0, false
		}
		u, scale = u/10, scale-1
	}
	// The bound is checked before every multiplication, or the product could
	// wrap round into a small and believable amount.
	const limit = int64(money.Max)
	if u > limit || u < -limit {
		return 0, false
	}
	for scale < 2 {
		u, scale = u*10, scale+1
		if u > limit || u < -limit {
			return 0, false
		}
	}
	return money.Amount(u), true
}

// IsNegative says that the figure is below zero.
func (f Figure) IsNegative() bool { return f.unscaled < 0 }

// Negate returns the figure with the other sign.
func (f Figure) Negate() Figure { return Figure{unscaled: -f.unscaled, scale: f.scale} }

// Decimal returns the figure as a decimal with the same decimals.
func (f Figure) Decimal() decimal.Decimal { return decimal.New(f.unscaled, -int32(f.scale)) }

// Compare returns -1, 0 or +1 as f is less than, equal to or more than other,
// whatever decimals the two are written with.
func (f Figure) Compare(other Figure) int {
	if f.scale == other.scale {
		switch {
		case f.unscaled < other.unscaled:
			return -1
		case f.unscaled > other.unscaled:
			return 1
		}
		return 0
	}
	return f.Decimal().Cmp(other.Decimal())
}

// Add returns f + other with the longer decimals of the two, or ErrFigure where
// the sum has more than 18 digits.
func (f Figure) Add(other Figure) (Figure, error) {
	for f.scale < other.scale {
		if f.unscaled > maxFigure/10 || f.unscaled < -maxFigure/10 {
			return Figure{}, ErrFigure
		}
		f.unscaled, f.scale = f.unscaled*10, f.scale+1
	}
	for other.scale < f.scale {
		if other.unscaled > maxFigure/10 || other.unscaled < -maxFigure/10 {
			return Figure{}, ErrFigure
		}
		other.unscaled, other.scale = other.unscaled*10, other.scale+1
	}
	// Two numbers of 18 digits cannot overflow an int64, FigureOf of a larger
	// total could.
	if !isFigure(f.unscaled) || !isFigure(other.unscaled) || !isFigure(f.unscaled+other.unscaled) {
		return Figure{}, ErrFigure
	}
	f.unscaled += other.unscaled
	return f, nil
}

func isFigure(unscaled int64) bool { return unscaled <= maxFigure && unscaled >= -maxFigure }

// MarshalText writes String.
func (f Figure) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads ParseFigure's grammar.
func (f *Figure) UnmarshalText(b []byte) error {
	v, err := ParseFigure(string(b))
	if err != nil {
		return err
	}
	*f = v
	return nil
}

// UnmarshalJSON reads a JSON string by ParseFigure's grammar. A number and null
// are refused: the one may have passed through a float, the other is no figure.
func (f *Figure) UnmarshalJSON(b []byte) error {
	n := len(b)
	if n < 2 || b[0] != '"' || b[n-1] != '"' {
		return ErrFigure
	}
	return f.UnmarshalText(b[1 : n-1])
}
