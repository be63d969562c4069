package bank_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"twoline/gateway/bank"
	"twoline/gateway/money"
)

func TestParseFigure(t *testing.T) {
	t.Parallel()
	tests := []struct{ give, want string }{
		{"0", "0.00"},
		{"-0", "0.00"},
		{"+5", "5.00"},
		{".5", "0.50"},
		{"-.05", "-0.05"},
		{"5.", "5.00"},
		{"183.10", "183.10"},
		{"1.50000", "1.50000"},
		{"-12.345", "-12.345"},
		{"000000000000149.87", "149.87"},
		{"0000000000000000000000000000000000149.87", "149.87"},
		{"999999999999999999", "999999999999999999.00"},
		{"-999999999999999999.", "-999999999999999999.00"},
		{"99999999999999999.9", "99999999999999999.90"},
		{"999999999999999999.00", "999999999999999999.00"},
		{"99999999999999999.50000", "99999999999999999.50"},
		{"0.12345678901234567", "0.12345678901234567"},
		{"0.123456789012345670", "0.12345678901234567"},
		{"0.00000000000000001", "0.00000000000000001"},
	}
	for _, tt := range tests {
		t.Run(tt.give, func(t *testing.T) {
			t.Parallel()
			got, err := bank.ParseFigure(tt.give)
			if err != nil || got.String() != tt.want {
				t.Errorf("ParseFigure(%q) = %q, %v; want %q", tt.give, got, err, tt.want)
			}
		})
	}
	for _, give := range badFigures() {
		if got, err := bank.ParseFigure(give); !errors.Is(err, bank.ErrFigure) || got != (bank.Figure{}) {
			t.Errorf("ParseFigure(%q) = %q, %v; want ErrFigure", give, got, err)
		}
	}
}

func badFigures() []string {
	return []string{
		"", "+", "-", ".", "+.", "-.", "+-5", "-+5", "--5", "++5", "5-", "1..2", "1.2.3", "1e3", "1E3", "0x1", "NaN",
		"INF", "-INF", "0x",
		" 5", "5 ", "5\n", "1,000", "4847,37", "119,", "１２", "−1", "1_0", "1000000000000000000", "9999999999999999999",
		"0.123456789012345678", "0.1234567890123456701", "99999999999999999.501", "9223372036854775808",
		"18446744073709551616",
		"1000000000000000000.00", strings.Repeat("0", 41), strings.Repeat("9", 41), "/", ":", "5/", "\x00",
	}
}

func figureText() *rapid.Generator[string] {
	return rapid.StringMatching(`[+-]?[0-9]{0,19}(\.[0-9]{0,19}0{0,3})?`)
}

// shopspring/decimal is the second opinion on value and size; what it does not
// share is taken out first: exponents and its own limits.
func TestParseFigureAgreesWithDecimal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { checkFigure(t, figureText().Draw(t, "text")) })
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

func checkFigure(t fataler, s string) {
	t.Helper()
	got, err := bank.ParseFigure(s)
	wellFormed := len(strings.TrimLeft(s, "+-")) <= 40 &&
		regexp.MustCompile(`\A[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)\z`).MatchString(s)
	if !wellFormed {
		if err == nil {
			t.Fatalf("ParseFigure(%q) = %q, want ErrFigure", s, got)
		}
		return
	}
	want, oracleErr := decimal.NewFromString(strings.TrimSuffix(s, "."))
	if oracleErr != nil {
		t.Fatalf("the oracle refuses %q: %v", s, oracleErr)
	}
	digits, decimals := size(s)
	if fits := digits <= 18 && decimals <= 17; fits != (err == nil) {
		t.Fatalf("ParseFigure(%q) = %q, %v, with %d digits and %d decimals", s, got, err, digits, decimals)
	}
	if err != nil {
		return
	}
	if !got.Decimal().Equal(want) || got.IsNegative() != want.IsNegative() {
		t.Fatalf("ParseFigure(%q) = %q, want %s", s, got, want)
	}
	printed, err := decimal.NewFromString(got.String())
	if err != nil || !printed.Equal(want) || printed.Exponent() > -2 {
		t.Fatalf("ParseFigure(%q) prints %q", s, got)
	}
	again, err := bank.ParseFigure(got.String())
	if err != nil || again.Compare(got) != 0 || again.String() != got.String() {
		t.Fatalf("%q does not come back: %q, %v", got, again, err)
	}
	checkFen(t, got, want)
}

// size counts digits as xs:decimal does: neither leading zeros nor zeros at the
// end of the decimals count.
func size(s string) (digits, decimals int) {
	whole, fraction, _ := strings.Cut(strings.TrimLeft(s, "+-"), ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		return len(strings.TrimLeft(fraction, "0")), len(fraction)
	}
	return len(whole) + len(fraction), len(fraction)
}

func checkFen(t fataler, got bank.Figure, want decimal.Decimal) {
	t.Helper()
	fen := want.Shift(2)
	limit := decimal.NewFromInt(int64(money.Max))
	whole := fen.IsInteger() && fen.Abs().LessThanOrEqual(limit)
	if signed, ok := got.Signed(); ok != whole || (ok && !decimal.NewFromInt(signed.Fen()).Equal(fen)) {
		t.Fatalf("Signed of %s = %v, %v", want, signed, ok)
	}
	if amount, ok := got.Amount(); ok != (whole && !want.IsNegative()) || (ok && amount.Fen() != fen.IntPart()) {
		t.Fatalf("Amount of %s = %v, %v", want, amount, ok)
	}
}

func FuzzParseFigure(f *testing.F) {
	for _, s := range append(badFigures(), "0", "+5", ".5", "5.", "-12.345", "999999999999999999.00") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkFigure(t, s) })
}

func TestFigureToAmount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		give   string
		amount string
		signed string
	}{
		{"183.1", "183.10", "183.10"},
		{"183.10000", "183.10", "183.10"},
		{"183", "183.00", "183.00"},
		{"9999999999999.99", "9999999999999.99", "9999999999999.99"},
		{"-0.01", "", "-0.01"},
		{"-0", "0.00", "0.00"},
		{"0.001", "", ""},
		{"-0.001", "", ""},
		{"183.101", "", ""},
		{"10000000000000.00", "", ""},
		{"-10000000000000", "", ""},
		// Times a hundred, these wrap round an int64 into a small amount.
		{"184467440737095517", "", ""},
		{"99999999999999999.9", "", ""},
		{"999999999999999999", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.give, func(t *testing.T) {
			t.Parallel()
			f, err := bank.ParseFigure(tt.give)
			if err != nil {
				t.Fatal(err)
			}
			if a, ok := f.Amount(); ok != (tt.amount != "") || (ok && a.String() != tt.amount) {
				t.Errorf("Amount() = %v, %v; want %q", a, ok, tt.amount)
			}
			if a, ok := f.Signed(); ok != (tt.signed != "") || (ok && a.String() != tt.signed) {
				t.Errorf("Signed() = %v, %v; want %q", a, ok, tt.signed)
			}
		})
	}
}

func TestFigureOfAmountRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := money.Amount(rapid.Int64Range(-int64(money.Max), int64(money.Max)).Draw(t, "fen"))
		figure := bank.FigureOf(want)
		if got, ok := figure.Signed(); !ok || got != want || figure.String() != want.String() {
			t.Fatalf("FigureOf(%v) = %s, back %v, %v", want, figure, got, ok)
		}
		text, err := json.Marshal(figure)
		if err != nil {
			t.Fatal(err)
		}
		var back bank.Figure
		if err := json.Unmarshal(text, &back); err != nil || back != figure {
			t.Fatalf("%s came back as %v, %v", text, back, err)
		}
	})
}

func TestFigureJSONIsAString(t *testing.T) {
	t.Parallel()
	for _, give := range []string{`1.5`, `null`, `""`, `"x"`, `true`, `["1.00"]`, `"1e3"`} {
		var got struct{ F bank.Figure }
		if err := json.Unmarshal([]byte(`{"F":`+give+`}`), &got); err == nil {
			t.Errorf("figure %s was read as %v", give, got.F)
		}
	}
}

func TestFigureArithmetic(t *testing.T) {
	t.Parallel()
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(18), nil)
	rapid.Check(t, func(t *rapid.T) {
		a, err := bank.ParseFigure(figureText().Draw(t, "a"))
		b, otherErr := bank.ParseFigure(figureText().Draw(t, "b"))
		if err != nil || otherErr != nil {
			return
		}
		if got, want := a.Compare(b), a.Decimal().Cmp(b.Decimal()); got != want {
			t.Fatalf("Compare(%s, %s) = %d, want %d", a, b, got, want)
		}
		if negated := a.Negate(); !negated.Decimal().Equal(a.Decimal().Neg()) || negated.Negate() != a {
			t.Fatalf("Negate(%s) = %s", a, negated)
		}
		want := a.Decimal().Add(b.Decimal())
		sum, err := a.Add(b)
		if err == nil && (!sum.Decimal().Equal(want) || sum.Decimal().Exponent() != want.Exponent()) {
			t.Fatalf("%s + %s = %s, want %s", a, b, sum, want)
		}
		if fits := want.Coefficient().CmpAbs(limit) < 0; fits && err != nil && sameScale(a, b) {
			t.Fatalf("%s + %s = %v, want %s", a, b, err, want)
		} else if !fits && !errors.Is(err, bank.ErrFigure) {
			t.Fatalf("%s + %s = %v, %v; want ErrFigure", a, b, sum, err)
		}
	})
}

func sameScale(a, b bank.Figure) bool { return a.Decimal().Exponent() == b.Decimal().Exponent() }

func TestFigureAdd(t *testing.T) {
	t.Parallel()
	tests := []struct{ a, b, want string }{
		{"1.5", "1.25000", "2.75000"},
		{"1000.00", "-12.50", "987.50"},
		{"-0.01", "0.01", "0.00"},
		{"999999999999999999", "1", ""},
		{"-999999999999999999", "-1", ""},
		{"999999999999999999", "0.1", ""},
		{"0.1", "-999999999999999999", ""},
		{"999999999999999999", "-999999999999999999", "0.00"},
		{"99999999999999999", "0.1", "99999999999999999.10"},
	}
	for _, tt := range tests {
		t.Run(tt.a+" "+tt.b, func(t *testing.T) {
			t.Parallel()
			a, err := bank.ParseFigure(tt.a)
			b, otherErr := bank.ParseFigure(tt.b)
			if err != nil || otherErr != nil {
				t.Fatal(err, otherErr)
			}
			got, err := a.Add(b)
			if (tt.want == "") != errors.Is(err, bank.ErrFigure) || (err == nil && got.String() != tt.want) {
				t.Errorf("%s + %s = %s, %v; want %q", tt.a, tt.b, got, err, tt.want)
			}
		})
	}
	tooBig := bank.FigureOf(9_000_000_000_000_000_000)
	if got, err := tooBig.Add(tooBig); !errors.Is(err, bank.ErrFigure) {
		t.Errorf("a sum that overflows an int64 = %s, %v", got, err)
	}
	if got := fmt.Sprint(tooBig); got != "90000000000000000.00" {
		t.Errorf("printed %s", got)
	}
}
