// Package money holds exact amounts of yuan.
//
// Inside the gateway an amount is a whole number of fen in an int64; at every
// edge (JSON, files, screens) it is a decimal string of yuan with exactly two
// decimals. There is no float and no sign: the direction of money is a ledger
// side, a red-letter posting is a mark.
package money

import (
	"errors"
	"fmt"
	"strconv"
)

// Amount is a sum of money in fen, 1/100 yuan. The zero value is 0.00.
// Amounts that were read from outside are never negative; a difference of two
// amounts may be.
type Amount int64

// Max is the largest amount that Parse takes: thirteen digits of yuan.
const Max Amount = 999_999_999_999_999

// ErrSyntax is returned for text that is not yuan with exactly two decimals.
var ErrSyntax = errors.New(`amount must be yuan with two decimals, such as "183.10"`)

// ErrRange is returned for an amount or a sum beyond what an int64 of fen holds.
var ErrRange = errors.New("amount is out of range")

// Parse reads yuan with exactly two decimals by the grammar
// ^(0|[1-9][0-9]{0,12})\.[0-9]{2}$: no sign, no blanks, no exponent, no
// leading zeros, ASCII digits only.
func Parse(s string) (Amount, error) {
	return parse(s)
}

// ParseBytes is Parse on bytes, without an allocation.
func ParseBytes(b []byte) (Amount, error) {
	return parse(b)
}

func parse[T string | []byte](s T) (Amount, error) {
	n := len(s)
	if n < 4 || n > 16 || s[n-3] != '.' {
		return 0, ErrSyntax
	}
	if s[0] == '0' && n != 4 {
		return 0, ErrSyntax
	}
	var fen int64
	for i := range n {
		if i == n-3 {
			continue
		}
		d := s[i] - '0'
		if d > 9 {
			return 0, ErrSyntax
		}
		fen = fen*10 + int64(d)
	}
	return Amount(fen), nil
}

// ParseFen reads a whole number of fen, as files with the unit "fen" carry it:
// ASCII digits only, at most 32 of them with leading zeros, at most Max.
func ParseFen(b []byte) (Amount, error) {
	if len(b) == 0 || len(b) > 32 {
		return 0, ErrSyntax
	}
	var fen int64
	for _, c := range b {
		d := c - '0'
		if d > 9 {
			return 0, ErrSyntax
		}
		fen = fen*10 + int64(d)
		if Amount(fen) > Max {
			return 0, ErrRange
		}
	}
	return Amount(fen), nil
}

// MustParse is Parse for constants in code and tests; it panics on bad text.
func MustParse(s string) Amount {
	a, err := Parse(s)
	if err != nil {
		panic(fmt.Sprintf("money.MustParse(%q): %v", s, err))
	}
	return a
}

// Add returns a + b, or ErrRange if the sum does not fit an int64 of fen.
func (a Amount) Add(b Amount) (Amount, error) {
	s := a + b
	if (b > 0 && s < a) || (b < 0 && s > a) {
		return 0, ErrRange
	}
	return s, nil
}

// Fen returns the amount as a whole number of fen.
func (a Amount) Fen() int64 { return int64(a) }

// String returns yuan with two decimals, with a leading minus below zero.
func (a Amount) String() string { return string(a.AppendYuan(make([]byte, 0, 21))) }

// AppendYuan appends yuan with two decimals to dst and returns the extended slice.
func (a Amount) AppendYuan(dst []byte) []byte {
	u := uint64(a) //nolint:gosec // below zero it is negated back at once, which holds for the least int64 too
	if a < 0 {
		dst = append(dst, '-')
		u = -u
	}
	dst = strconv.AppendUint(dst, u/100, 10)
	c := u % 100
	return append(dst, '.', byte('0'+c/10), byte('0'+c%10))
}

// MarshalText writes the amount as yuan with two decimals.
func (a Amount) MarshalText() ([]byte, error) { return a.AppendYuan(nil), nil }

// UnmarshalJSON reads a JSON string by the grammar of Parse. A number is refused,
// since a reader may have passed it through a float; so is null, which the
// standard decoder would else take for 0.00. No amount needs an escape.
func (a *Amount) UnmarshalJSON(b []byte) error {
	n := len(b)
	if n < 2 || b[0] != '"' || b[n-1] != '"' {
		return ErrSyntax
	}
	return a.UnmarshalText(b[1 : n-1])
}

// UnmarshalText reads an amount by the grammar of Parse.
func (a *Amount) UnmarshalText(b []byte) error {
	v, err := ParseBytes(b)
	if err != nil {
		return err
	}
	*a = v
	return nil
}

// Total adds amounts from an untrusted source and remembers an overflow, so
// that a file whose sum does not fit is refused instead of wrapping round.
// The zero value is an empty total.
type Total struct {
	count    int64
	sum      Amount
	overflow bool
}

// Add counts one more amount.
func (t *Total) Add(a Amount) {
	t.count++
	sum, err := t.sum.Add(a)
	if err != nil {
		t.overflow = true
	}
	t.sum = sum
}

// Count returns how many amounts were added.
func (t *Total) Count() int64 { return t.count }

// Amount returns the sum, or ErrRange if it ever left the range of an int64.
func (t *Total) Amount() (Amount, error) {
	if t.overflow {
		return 0, ErrRange
	}
	return t.sum, nil
}

// Sum adds amounts that are already inside the gateway and therefore bounded
// by Max each; it panics on overflow, which would be a broken invariant.
func Sum(amounts ...Amount) Amount {
	var t Total
	for _, a := range amounts {
		t.Add(a)
	}
	sum, err := t.Amount()
	if err != nil {
		panic("money.Sum: " + err.Error())
	}
	return sum
}
