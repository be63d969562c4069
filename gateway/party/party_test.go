package party_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"twoline/gateway/party"
)

func TestNewIDNumber(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		give string
		want string
		err  error
	}{
		{"check character X", "11010519491231002X", "11010519491231002X", nil},
		{"check digit", "440524188001010014", "440524188001010014", nil},
		{"F-110 lower-case x", "11010519491231002x", "11010519491231002X", nil},
		{"leap day", withCheck("11010520000229001"), withCheck("11010520000229001"), nil},
		{"F-110 wrong check digit", "110105194912310021", "", party.ErrIDNumber},
		{"F-110 X where a digit belongs", "44052418800101001X", "", party.ErrIDNumber},
		{"F-110 digits swapped", "440524188001100014", "", party.ErrIDNumber},
		{"F-110 15 digits", "110105491231002", "", party.ErrIDNumber},
		{"F-110 30 February", withCheck("11010520240230001"), "", party.ErrIDNumber},
		{"F-110 29 February of a common year", withCheck("11010519000229001"), "", party.ErrIDNumber},
		{"F-110 month 13", withCheck("11010519491331002"), "", party.ErrIDNumber},
		{"F-110 day 00", withCheck("11010519491200002"), "", party.ErrIDNumber},
		{"F-110 year 0000", withCheck("11010500001231002"), "", party.ErrIDNumber},
		{"born before anyone", withCheck("11010518491231002"), "", party.ErrIDNumber},
		{"region begins with 0", withCheck("01010519491231002"), "", party.ErrIDNumber},
		{"empty", "", "", party.ErrIDNumber},
		{"17 characters", "11010519491231002", "", party.ErrIDNumber},
		{"19 characters", "11010519491231002X1", "", party.ErrIDNumber},
		{"outer blank", " 1010519491231002X", "", party.ErrIDNumber},
		{"full-width digits", "１１０１０５", "", party.ErrIDNumber},
		{"letter in the middle", "1101051949123100AX", "", party.ErrIDNumber},
		{"X in the middle", "1101051949123X002X", "", party.ErrIDNumber},
		{"letters that shrink in upper case", "11010519491231ıı", "", party.ErrIDNumber},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := party.NewIDNumber(tt.give)
			if !errors.Is(err, tt.err) || got.Plain() != tt.want {
				t.Fatalf("NewIDNumber(%q) = %q, %v; want %q, %v", tt.give, got.Plain(), err, tt.want, tt.err)
			}
			if err == nil && got.Birth() != tt.want[6:14] {
				t.Errorf("Birth() = %q", got.Birth())
			}
		})
	}
	if (party.IDNumber{}).Birth() != "" {
		t.Error("no number has no birth date")
	}
}

func withCheck(first17 string) string { return first17 + string(party.IDCheck(first17)) }

func TestF110_AnyOneWrongCharacterIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		valid := idNumbers().Draw(t, "valid")
		if got, err := party.NewIDNumber(valid); err != nil || got.Plain() != valid {
			t.Fatalf("NewIDNumber(%q) = %v", valid, err)
		}
		at := rapid.IntRange(0, 17).Draw(t, "at")
		alphabet := "0123456789"
		if at == 17 {
			alphabet += "X"
		}
		wrong := alphabet[rapid.IntRange(0, len(alphabet)-1).Draw(t, "wrong")]
		if wrong == valid[at] {
			return
		}
		if _, err := party.NewIDNumber(valid[:at] + string(wrong) + valid[at+1:]); err == nil {
			t.Fatalf("one wrong character at %d of %s passed", at, valid)
		}
	})
}

func idNumbers() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		return withCheck(fmt.Sprintf("%06d%04d%02d%02d%03d",
			rapid.IntRange(110000, 659004).Draw(t, "region"), rapid.IntRange(1850, 2030).Draw(t, "year"),
			rapid.IntRange(1, 12).Draw(t, "month"), rapid.IntRange(1, 28).Draw(t, "day"),
			rapid.IntRange(0, 999).Draw(t, "sequence")))
	})
}

func FuzzIDNumber(f *testing.F) {
	for _, s := range []string{
		"11010519491231002X", "440524188001010014", "11010519491231002x", "110105194912310021", "110105491231002",
		withCheck("11010520240230001"), "11010519491231ıı", "", "\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := party.NewIDNumber(s)
		if err != nil {
			if got.Plain() != "" {
				t.Fatalf("a refused number was kept: %q", got.Plain())
			}
			return
		}
		if len(s) != 18 || !strings.EqualFold(got.Plain(), s) || got.Plain() != withCheck(got.Plain()[:17]) {
			t.Fatalf("NewIDNumber(%q) = %q", s, got.Plain())
		}
	})
}

func TestNewCard(t *testing.T) {
	t.Parallel()
	tests := []struct {
		give string
		want error
	}{
		{"4111111111111111", nil},
		{"6222020000000000005", party.ErrCard},
		{"4222222222222", nil},
		{"79927398713", party.ErrCard}, // a Luhn number, but too short for a card
		{"4111111111111112", party.ErrCard},
		{"4111111111111161", party.ErrCard},
		{"4111 1111 1111 1111", party.ErrCard},
		{"４１１１１１１１１１１１１１１１", party.ErrCard},
		{"", party.ErrCard},
		{"0", party.ErrCard},
		{"00000000000000000000", party.ErrCard},
	}
	for _, tt := range tests {
		t.Run(tt.give, func(t *testing.T) {
			t.Parallel()
			got, err := party.NewCard(tt.give)
			if !errors.Is(err, tt.want) {
				t.Fatalf("NewCard(%q) = %v, want %v", tt.give, err, tt.want)
			}
			if err == nil && got.Plain() != tt.give {
				t.Errorf("Plain() = %q", got.Plain())
			}
		})
	}
	if got := party.LuhnCheck("7992739871"); got != '3' {
		t.Errorf("LuhnCheck = %c, want 3", got)
	}
}

func TestCardWithOneWrongDigitIsRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		leading := rapid.StringMatching(`[0-9]{12,18}`).Draw(t, "leading")
		card := leading + string(party.LuhnCheck(leading))
		if _, err := party.NewCard(card); err != nil {
			t.Fatalf("NewCard(%s) = %v", card, err)
		}
		at := rapid.IntRange(0, len(card)-1).Draw(t, "at")
		wrong := '0' + (card[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "more")))%10
		if _, err := party.NewCard(card[:at] + string(wrong) + card[at+1:]); err == nil {
			t.Fatalf("one wrong digit at %d of %s passed", at, card)
		}
	})
}

func TestNewPassbook(t *testing.T) {
	t.Parallel()
	for _, give := range []string{"12345", "60-123456789012345", "abcXYZ123", strings.Repeat("9", 32)} {
		if got, err := party.NewPassbook(give); err != nil || got.Plain() != give {
			t.Errorf("NewPassbook(%q) = %v, %v", give, got, err)
		}
	}
	for _, give := range []string{
		"", "1234", strings.Repeat("9", 33), "12 345", "12|345", "１２３４５", "12345\n", "=1+2+3",
	} {
		if _, err := party.NewPassbook(give); !errors.Is(err, party.ErrPassbook) {
			t.Errorf("NewPassbook(%q) = %v, want ErrPassbook", give, err)
		}
	}
}

func TestCheckBankNo(t *testing.T) {
	t.Parallel()
	for _, give := range []string{"102100099996", "103100000026", "105100000017", "403100000004"} {
		if err := party.CheckBankNo(give); err != nil {
			t.Errorf("CheckBankNo(%s) = %v", give, err)
		}
	}
	for _, give := range []string{
		"102100099997", "103100000062", "", "10210009999", "1021000999966", "10210009999X", " 02100099996", "１０２１",
	} {
		if err := party.CheckBankNo(give); !errors.Is(err, party.ErrBankNo) {
			t.Errorf("CheckBankNo(%q) = %v, want ErrBankNo", give, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		first11 := rapid.StringMatching(`[0-9]{11}`).Draw(t, "first 11")
		number := first11 + string(party.BankNoCheck(first11))
		if err := party.CheckBankNo(number); err != nil {
			t.Fatalf("CheckBankNo(%s) = %v", number, err)
		}
		at := rapid.IntRange(0, 11).Draw(t, "at")
		wrong := '0' + (number[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "more")))%10
		if party.CheckBankNo(number[:at]+string(wrong)+number[at+1:]) == nil {
			t.Fatalf("one wrong digit at %d of %s passed", at, number)
		}
	})
}

func TestAreaAndRegion(t *testing.T) {
	t.Parallel()
	village, err := party.ParseRegion("513224103205")
	if err != nil {
		t.Fatal(err)
	}
	area, err := party.ParseArea("513224")
	if err != nil {
		t.Fatal(err)
	}
	if village.String() != "513224103205" || village.Township().String() != "513224103000" || village.Area() != area {
		t.Errorf("region %v lies in %v, %v", village, village.Township(), village.Area())
	}
	for _, give := range []string{"", "51322", "5132241", "013224", "51322A", "-13224", "５１"} {
		if got, err := party.ParseArea(give); !errors.Is(err, party.ErrArea) {
			t.Errorf("ParseArea(%q) = %v, %v; want ErrArea", give, got, err)
		}
	}
	for _, give := range []string{
		"", "513224", "51322410320", "5132241032050", "013224103205", "51322410320X", "+13224103205",
	} {
		if got, err := party.ParseRegion(give); !errors.Is(err, party.ErrRegion) {
			t.Errorf("ParseRegion(%q) = %v, %v; want ErrRegion", give, got, err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[1-9][0-9]{11}`).Draw(t, "region")
		var region party.Region
		if err := region.UnmarshalText([]byte(text)); err != nil || region.String() != text {
			t.Fatalf("region %s became %v, %v", text, region, err)
		}
		if region.Area().String() != text[:6] || region.Township().String() != text[:9]+"000" {
			t.Fatalf("region %s lies in %v, %v", text, region.Township(), region.Area())
		}
		var area party.Area
		if err := area.UnmarshalText([]byte(text[:6])); err != nil || area != region.Area() {
			t.Fatalf("area %s became %v, %v", text[:6], area, err)
		}
	})
}

func TestNewName(t *testing.T) {
	t.Parallel()
	for _, give := range []string{
		"王", "张三", "𠮷田㛃", "阿不都·热合曼", "麦麦提•吐尔逊", "Anna Maria", "某某村民委员会（本级）", "\uE000\uE815",
		strings.Repeat("王", 60), "=SUM", "O'Neil, A.",
	} {
		if got, err := party.NewName(give); err != nil || got.Plain() != give {
			t.Errorf("NewName(%q) = %q, %v", give, got.Plain(), err)
		}
	}
	for _, give := range []string{
		"", " ", "　", " 张三", "张三 ", "张三　", "\u00a0张三", "张\n三", "张\r三", "张\t三", "张\x00三", "张\u0085三",
		"张|三", "张\uFFFD三", "张\xff三", "\xd5\xc5\xc8\xfd", "张\u2028三", "张\u2029三", strings.Repeat("王", 61),
		"张\u202E三", "张\u200B三", "\uFEFF张三", "张\u00AD三", "张\uFFFE三", "张\uFDD0三", "张\U0001FFFF三",
	} {
		if got, err := party.NewName(give); !errors.Is(err, party.ErrName) || got != (party.Name{}) {
			t.Errorf("NewName(%q) = %v, want ErrName", give, err)
		}
	}
}

func TestMatchKeyFolds(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, a, b string }{
		{"bullet", "阿不都·热合曼", "阿不都•热合曼"},
		{"hyphenation point", "阿不都·热合曼", "阿不都‧热合曼"},
		{"katakana dot", "阿不都·热合曼", "阿不都・热合曼"},
		{"half-width katakana dot", "阿不都·热合曼", "阿不都･热合曼"},
		{"full stop", "阿不都·热合曼", "阿不都.热合曼"},
		{"full-width full stop", "阿不都·热合曼", "阿不都．热合曼"},
		{"ideographic full stop", "阿不都·热合曼", "阿不都。热合曼"},
		{"full-width letters", "ANNA1", "Ａｎｎａ１"},
		{"case", "Anna", "ANNA"},
		{"blanks", "张 三", "张　三"},
		{"no blanks", "张三", "张\u00a0三"},
		{"full-width brackets", "村委会(本级)", "村委会（本级）"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := newName(t, tt.a), newName(t, tt.b)
			if a.MatchKey() != b.MatchKey() {
				t.Errorf("%q and %q fold to %q and %q", tt.a, tt.b, a.MatchKey(), b.MatchKey())
			}
			if a.Plain() != tt.a || b.Plain() != tt.b {
				t.Error("folding changed the name as given")
			}
		})
	}
	for _, pair := range [][2]string{{"张三", "张山"}, {"张三", "三张"}, {"阿不都·热合曼", "阿不都热合曼"}, {"吉田", "𠮷田"}} {
		if newName(t, pair[0]).MatchKey() == newName(t, pair[1]).MatchKey() {
			t.Errorf("%q and %q are different people", pair[0], pair[1])
		}
	}
}

func TestMatchKeyIsStable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name, err := party.NewName(rapid.String().Draw(t, "name"))
		if err != nil {
			return
		}
		key := name.MatchKey()
		again, _, _ := party.Stored(key, "", "")
		if again.MatchKey() != key {
			t.Fatalf("key %q of %q folds again to %q", key, name.Plain(), again.MatchKey())
		}
	})
}

func newName(t *testing.T, s string) party.Name {
	t.Helper()
	n, err := party.NewName(s)
	if err != nil {
		t.Fatalf("NewName(%q): %v", s, err)
	}
	return n
}
