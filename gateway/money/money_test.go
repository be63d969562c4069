package money_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"twoline/gateway/money"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		give string
		want int64
	}{
		{"0.00", 0},
		{"0.01", 1},
		{"0.10", 10},
		{"1.00", 100},
		{"183.10", 18310},
		{"10000.05", 1000005},
		{"9999999999999.99", int64(money.Max)},
	}
	for _, tt := range tests {
		t.Run(tt.give, func(t *testing.T) {
			t.Parallel()
			got, err := money.Parse(tt.give)
			if err != nil || got.Fen() != tt.want {
				t.Fatalf("Parse(%q) = %d fen, %v; want %d", tt.give, got.Fen(), err, tt.want)
			}
			if got.String() != tt.give {
				t.Errorf("String() = %q, want %q", got.String(), tt.give)
			}
		})
	}
}

func badAmounts() []string {
	return []string{
		"0", "-1", "−1", "-1.00", "0.001", "1e3", "１２", "１２.００", " 1", " 1.00", "1.00 ", "1,000", "1,000.00",
		"NaN", "nan", "Inf", "1e999999999", "92233720368547758.08", "92233720368547758.07",
		"", ".", ".00", "1", "1.", "1.0", "1.000", "01.00", "00.00", "+1.00", "0x1.00", "1_0.00", "1.0O",
		"10000000000000.00", "99999999999999.99", "1.00\n", "\t1.00", "1.00\x00", "1..00", "1.-1", "1.+1",
		"¥1.00", "1,00", "1.0\u0660", "/.00", ":.00", "1.0/", "1.0:", "null", "12 .00",
	}
}

func TestF108_BadAmountsAreRefused(t *testing.T) {
	t.Parallel()
	for _, give := range badAmounts() {
		t.Run(fmt.Sprintf("%q", give), func(t *testing.T) {
			t.Parallel()
			if got, err := money.Parse(give); !errors.Is(err, money.ErrSyntax) || got != 0 {
				t.Errorf("Parse(%q) = %v, %v; want ErrSyntax", give, got, err)
			}
			if got, err := money.ParseBytes([]byte(give)); !errors.Is(err, money.ErrSyntax) || got != 0 {
				t.Errorf("ParseBytes(%q) = %v, %v; want ErrSyntax", give, got, err)
			}
			a := money.Amount(7)
			if err := a.UnmarshalText([]byte(give)); err == nil || a != 7 {
				t.Errorf("UnmarshalText(%q) left %v, %v; want an error and no change", give, a, err)
			}
		})
	}
}

func TestF108_JSONAmountsAreStrings(t *testing.T) {
	t.Parallel()
	for _, give := range []string{
		`183.10`, `18310`, `1e3`, `null`, `true`, `{}`, `[]`, `["1.00"]`, `""`, `"-1.00"`, `"1"`, `" 1.00"`,
		`"\u0031.00"`,
	} {
		var got struct{ Amount money.Amount }
		if err := json.Unmarshal([]byte(`{"Amount":`+give+`}`), &got); err == nil {
			t.Errorf("amount %s was read as %v, want an error", give, got.Amount)
		}
	}
	var got struct{ Amount money.Amount }
	if err := json.Unmarshal([]byte(`{"Amount":"183.10"}`), &got); err != nil || got.Amount != 18310 {
		t.Fatalf("got %v, %v; want 183.10", got.Amount, err)
	}
	text, err := json.Marshal(got)
	if err != nil || string(text) != `{"Amount":"183.10"}` {
		t.Errorf("Marshal = %s, %v", text, err)
	}
	for _, give := range []string{``, `"`, `x1.00"`, `"1.00x`, `1.00`} {
		if err := new(money.Amount).UnmarshalJSON([]byte(give)); err == nil {
			t.Errorf("UnmarshalJSON(%s) passed", give)
		}
	}
	var absent struct{ Amount *money.Amount }
	if err := json.Unmarshal([]byte(`{"Amount":null}`), &absent); err != nil || absent.Amount != nil {
		t.Errorf("null into a pointer gave %v, %v; want nil", absent.Amount, err)
	}
}

func TestParseFen(t *testing.T) {
	t.Parallel()
	tests := []struct {
		give string
		want int64
		err  error
	}{
		{"0", 0, nil},
		{"18310", 18310, nil},
		{"000000000000000000000000018310", 18310, nil},
		{"999999999999999", int64(money.Max), nil},
		{"1000000000000000", 0, money.ErrRange},
		{"9223372036854775808", 0, money.ErrRange},
		{"99999999999999999999999999999999", 0, money.ErrRange},
		{"000000000000000000000000000000001", 0, money.ErrSyntax},
		{"", 0, money.ErrSyntax},
		{"-1", 0, money.ErrSyntax},
		{"+1", 0, money.ErrSyntax},
		{"1.00", 0, money.ErrSyntax},
		{"1 ", 0, money.ErrSyntax},
		{"１", 0, money.ErrSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.give, func(t *testing.T) {
			t.Parallel()
			got, err := money.ParseFen([]byte(tt.give))
			if !errors.Is(err, tt.err) || got.Fen() != tt.want {
				t.Errorf("ParseFen(%q) = %d, %v; want %d, %v", tt.give, got.Fen(), err, tt.want, tt.err)
			}
		})
	}
}

func TestStringOfAnyInt64(t *testing.T) {
	t.Parallel()
	tests := []struct {
		give money.Amount
		want string
	}{
		{-1, "-0.01"},
		{-100, "-1.00"},
		{math.MaxInt64, "92233720368547758.07"},
		{math.MinInt64, "-92233720368547758.08"},
	}
	for _, tt := range tests {
		if got := tt.give.String(); got != tt.want {
			t.Errorf("String of %d fen = %q, want %q", tt.give.Fen(), got, tt.want)
		}
		if got := fmt.Sprintf("%v %+v %s", tt.give, tt.give, tt.give); got != tt.want+" "+tt.want+" "+tt.want {
			t.Errorf("printed as %q", got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		fen := rapid.Int64().Draw(t, "fen")
		if got, want := money.Amount(fen).String(), decimal.New(fen, -2).StringFixed(2); got != want {
			t.Fatalf("String of %d fen = %q, want %q", fen, got, want)
		}
	})
}

func TestParseAndStringRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := money.Amount(rapid.Int64Range(0, int64(money.Max)).Draw(t, "fen"))
		got, err := money.Parse(want.String())
		if err != nil || got != want {
			t.Fatalf("Parse(%q) = %v, %v", want.String(), got, err)
		}
		fromFen, err := money.ParseFen(fmt.Append(nil, want.Fen()))
		if err != nil || fromFen != want {
			t.Fatalf("ParseFen(%d) = %v, %v", want.Fen(), fromFen, err)
		}
	})
}

func TestMustParsePanicsOnBadText(t *testing.T) {
	t.Parallel()
	if got := money.MustParse("1.50"); got != 150 {
		t.Errorf("MustParse = %v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("MustParse of bad text did not panic")
		}
	}()
	money.MustParse("1.5")
}

func TestF112_TotalRefusesOverflow(t *testing.T) {
	t.Parallel()
	var total money.Total
	total.Add(math.MaxInt64)
	if got, err := total.Amount(); err != nil || got != math.MaxInt64 {
		t.Fatalf("Amount = %v, %v", got, err)
	}
	total.Add(1)
	if got, err := total.Amount(); !errors.Is(err, money.ErrRange) || got != 0 {
		t.Fatalf("Amount after overflow = %v, %v; want ErrRange", got, err)
	}
	total.Add(-2)
	if _, err := total.Amount(); !errors.Is(err, money.ErrRange) {
		t.Error("an overflow was forgotten when the sum came back into range")
	}
	if total.Count() != 3 {
		t.Errorf("Count = %d, want 3", total.Count())
	}
}

func TestF112_TotalOfManyMaxAmounts(t *testing.T) {
	t.Parallel()
	var total money.Total
	for range 9223 {
		total.Add(money.Max)
	}
	if got, err := total.Amount(); err != nil || got != 9223*money.Max {
		t.Fatalf("Amount = %v, %v", got, err)
	}
	// From here on the sum no longer fits, and wraps round to a positive number again later.
	for range 9223 * 2 {
		total.Add(money.Max)
	}
	if got, err := total.Amount(); !errors.Is(err, money.ErrRange) {
		t.Fatalf("Amount = %v, %v; want ErrRange", got, err)
	}
}

func TestF112_TotalAgreesWithBigIntegers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fens := rapid.SliceOfN(rapid.Int64(), 0, 6).Draw(t, "fens")
		var total money.Total
		want, fits := new(big.Int), true
		for _, fen := range fens {
			total.Add(money.Amount(fen))
			want.Add(want, big.NewInt(fen))
			if !want.IsInt64() {
				fits = false
			}
			if !fits {
				break
			}
		}
		got, err := total.Amount()
		if fits && (err != nil || got.Fen() != want.Int64()) {
			t.Fatalf("Amount = %v, %v; want %v", got, err, want)
		}
		if !fits && !errors.Is(err, money.ErrRange) {
			t.Fatalf("Amount = %v, %v; want ErrRange", got, err)
		}
	})
}

func TestF112_AddRefusesOverflow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		got, err := money.Amount(a).Add(money.Amount(b))
		if want.IsInt64() != (err == nil) || (err == nil && got.Fen() != want.Int64()) {
			t.Fatalf("%d + %d = %v, %v; want %v", a, b, got, err, want)
		}
	})
}

func TestSum(t *testing.T) {
	t.Parallel()
	if got := money.Sum(); got != 0 {
		t.Errorf("Sum of nothing = %v", got)
	}
	if got := money.Sum(150, 250, -100); got != 300 {
		t.Errorf("Sum = %v, want 3.00", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("Sum did not panic on overflow")
		}
	}()
	money.Sum(math.MaxInt64, 1)
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range append(badAmounts(), "0.00", "183.10", "9999999999999.99") {
		f.Add(s)
	}
	grammar := regexp.MustCompile(`\A(0|[1-9][0-9]{0,12})\.[0-9]{2}\z`)
	f.Fuzz(func(t *testing.T, s string) {
		got, err := money.Parse(s)
		if grammar.MatchString(s) != (err == nil) {
			t.Fatalf("Parse(%q) = %v, %v against the grammar", s, got, err)
		}
		if same, sameErr := money.ParseBytes([]byte(s)); same != got || !errors.Is(sameErr, err) {
			t.Fatalf("ParseBytes(%q) = %v, %v; Parse %v, %v", s, same, sameErr, got, err)
		}
		if err == nil && (got.String() != s || got < 0 || got > money.Max) {
			t.Fatalf("Parse(%q) = %v", s, got)
		}
		if got, err := money.ParseFen([]byte(s)); err == nil &&
			strings.TrimLeft(s, "0") != strings.TrimLeft(fmt.Sprint(got.Fen()), "0") {
			t.Fatalf("ParseFen(%q) = %d", s, got.Fen())
		}
	})
}
