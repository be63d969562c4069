package party

import (
	"fmt"
	"strconv"
)

// IDCheck returns the eighteenth character for the first seventeen digits of
// an id number, by ISO 7064 MOD 11-2. It panics on fewer than seventeen.
func IDCheck(first17 string) byte {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(first17[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

// LuhnCheck returns the check digit for a card number's leading digits.
func LuhnCheck(leading string) byte {
	sum := 0
	for i := range len(leading) {
		d := int(leading[len(leading)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return "0987654321"[sum%10]
}

// BankNoCheck returns the twelfth digit for the first eleven of a CNAPS bank
// number, by ISO 7064 MOD 11,10. It panics on fewer than eleven.
func BankNoCheck(first11 string) byte {
	p := 10
	for i := range 11 {
		p = (p + int(first11[i]-'0')) % 10
		if p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	return "1098765432"[p%10]
}

// Area is a pooling area, the county or city that keeps one set of fund books:
// six digits of GB/T 2260. It leads the key of every row of money.
type Area int32

// ParseArea reads six digits that do not begin with 0.
func ParseArea(s string) (Area, error) {
	if len(s) != 6 || !allDigits(s) || s[0] == '0' {
		return 0, ErrArea
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0, ErrArea
	}
	return Area(n), nil
}

// String returns the six digits.
func (a Area) String() string { return fmt.Sprintf("%06d", int32(a)) }

// MarshalText writes the six digits.
func (a Area) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads six digits.
func (a *Area) UnmarshalText(b []byte) error {
	v, err := ParseArea(string(b))
	if err != nil {
		return err
	}
	*a = v
	return nil
}

// Region is an administrative region: 6 digits of GB/T 2260, 3 of the township,
// 3 of the village. A township ends in 000, a county in 000000.
type Region int64

// ParseRegion reads twelve digits that do not begin with 0.
func ParseRegion(s string) (Region, error) {
	if len(s) != 12 || !allDigits(s) || s[0] == '0' {
		return 0, ErrRegion
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, ErrRegion
	}
	return Region(n), nil
}

// String returns the twelve digits.
func (r Region) String() string { return fmt.Sprintf("%012d", int64(r)) }

// Area returns the county-level code, the first six digits.
func (r Region) Area() Area {
	return Area(r / 1_000_000) //nolint:gosec // a region has twelve digits, so six are left
}

// Township returns the township's region, ending in 000.
func (r Region) Township() Region { return r / 1000 * 1000 }

// MarshalText writes the twelve digits.
func (r Region) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads twelve digits.
func (r *Region) UnmarshalText(b []byte) error {
	v, err := ParseRegion(string(b))
	if err != nil {
		return err
	}
	*r = v
	return nil
}
