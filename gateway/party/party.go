// Package party holds people, their documents and their bank accounts.
//
// Names, id numbers and account numbers are types that print masked, in text,
// logs and JSON alike (JR/T 0171-2020 annex A); only Plain gives the original,
// and code calls it where the value must really leave: to the bank, to the
// database, to the owner of the data. The values compare with == and serve as
// map keys; nothing here changes after it was made.
package party

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"twoline/gateway/calendar"
)

// Errors of the checks, each a sentence fit for an answer per line: none repeats
// the value that it refuses.
var (
	ErrName = errors.New("name must be 1 to 60 characters without outer blanks," +
		" control or invisible characters, separators or U+FFFD")
	ErrIDNumber = errors.New("id number must be 18 characters with a valid date and check character (GB 11643)")
	ErrCard     = errors.New("card number must be 13 to 19 digits with a valid Luhn check digit")
	ErrPassbook = errors.New("passbook number must be 5 to 32 digits, letters or hyphens")
	ErrBankNo   = errors.New("CNAPS bank number must be 12 digits with a valid check digit (ISO 7064 MOD 11,10)")
	ErrRegion   = errors.New("region code must be 12 digits: 6 GB/T 2260, 3 township, 3 village")
	ErrArea     = errors.New("area code must be 6 digits of GB/T 2260")
)

const (
	maxName  = 60
	idLength = 18
)

// Name is a person's or organisation's name as it was given.
type Name struct{ veiled veiled }

// NewName takes a name as given, after checking that every bank file can carry
// it as text: no control characters, no invisible ones that turn or hide text,
// no line or field separators, no U+FFFD. Private-use characters pass: older
// systems write rare characters of names with them.
func NewName(s string) (Name, error) {
	n := utf8.RuneCountInString(s)
	if n == 0 || n > maxName || !utf8.ValidString(s) || strings.TrimSpace(s) != s {
		return Name{}, ErrName
	}
	for _, r := range s {
		if !isNameRune(r) {
			return Name{}, ErrName
		}
	}
	return Name{veiled: veil(s)}, nil
}

func isNameRune(r rune) bool {
	isNoncharacter := r&0xFFFE == 0xFFFE || (r >= 0xFDD0 && r <= 0xFDEF)
	return r != '|' && r != utf8.RuneError && !isNoncharacter &&
		!unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}

// Plain returns the name as it was given.
func (n Name) Plain() string { return n.veiled.plain() }

// Equal says that both are the same name, character by character.
func (n Name) Equal(other Name) bool { return n == other }

// MatchKey folds what banks write differently, for comparison only: the
// interpuncts of minority names and the full stops that stand in for them become
// U+00B7, full-width letters, digits and signs become ASCII, letters upper case,
// blanks go. Like Plain it is personal data in clear.
func (n Name) MatchKey() string {
	return strings.Map(func(r rune) rune {
		if r >= '\uFF01' && r <= '\uFF5E' {
			r += '!' - '\uFF01'
		}
		switch r {
		case '.', '\u00B7', '\u2022', '\u2027', '\u2219', '\u22C5', '\u30FB', '\uFF65', '\u3002', '\uFF61':
			return '\u00B7'
		}
		if unicode.Is(unicode.Zs, r) {
			return -1
		}
		return unicode.ToUpper(r)
	}, n.Plain())
}

// IDNumber is a citizen's 18-character identity number (GB 11643-1999).
type IDNumber struct{ veiled veiled }

// NewIDNumber checks length, birth date and check character (ISO 7064 MOD
// 11-2); a lower-case x is taken as X. A 15-digit number is refused: which
// century it belongs to is not written in it.
func NewIDNumber(s string) (IDNumber, error) {
	if len(s) != idLength || !allDigits(s[:17]) || s[0] == '0' {
		return IDNumber{}, ErrIDNumber
	}
	check := s[17]
	if check == 'x' {
		check = 'X'
	}
	birth, err := calendar.ParseCompact(s[6:14])
	if err != nil || birth.Year() < firstBirthYear || check != IDCheck(s[:17]) {
		return IDNumber{}, ErrIDNumber
	}
	return IDNumber{veiled: veil(s[:17] + string(check))}, nil
}

// firstBirthYear is before anyone who could ever have been a member was born.
const firstBirthYear = 1850

// Plain returns all 18 characters.
func (n IDNumber) Plain() string { return n.veiled.plain() }

// Equal says that both are the same number.
func (n IDNumber) Equal(other IDNumber) bool { return n == other }

// Birth returns the birth date as YYYYMMDD, or "" where there is no number.
func (n IDNumber) Birth() string {
	plain := n.Plain()
	if len(plain) != idLength {
		return ""
	}
	return plain[6:14]
}

// AccountNo is a bank account number: a card or a passbook.
type AccountNo struct{ veiled veiled }

// NewCard checks a card number: 13 to 19 digits and Luhn.
func NewCard(s string) (AccountNo, error) {
	if len(s) < 13 || len(s) > 19 || !allDigits(s) || LuhnCheck(s[:len(s)-1]) != s[len(s)-1] {
		return AccountNo{}, ErrCard
	}
	return AccountNo{veiled: veil(s)}, nil
}

// NewPassbook checks a passbook or organisation account: these carry no check digit.
func NewPassbook(s string) (AccountNo, error) {
	if len(s) < 5 || len(s) > 32 {
		return AccountNo{}, ErrPassbook
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' {
			return AccountNo{}, ErrPassbook
		}
	}
	return AccountNo{veiled: veil(s)}, nil
}

// Plain returns the whole number.
func (a AccountNo) Plain() string { return a.veiled.plain() }

// Equal says that both are the same number.
func (a AccountNo) Equal(other AccountNo) bool { return a == other }

// Stored rebuilds values that the gateway checked before it stored them.
// It is for the storage adapter only.
func Stored(name, idNumber, account string) (Name, IDNumber, AccountNo) {
	return Name{veiled: veil(name)}, IDNumber{veiled: veil(idNumber)}, AccountNo{veiled: veil(account)}
}

// CheckBankNo checks a 12-digit CNAPS bank number: ISO 7064 MOD 11,10 over the
// first eleven digits. The first three digits name the bank (403 postal
// savings, 402 rural credit).
func CheckBankNo(s string) error {
	if len(s) != 12 || !allDigits(s) || BankNoCheck(s[:11]) != s[11] {
		return ErrBankNo
	}
	return nil
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) > 0
}
