package match

import (
	"bytes"
	"strings"

	"twoline/gateway/bank"
	"twoline/gateway/party"
)

// foldAccount drops what banks put between an account's digits.
func foldAccount(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u3000' {
			return -1
		}
		return r
	}, s)
}

// foldName folds what banks write differently; a text that is no name stays as it is.
func foldName(s string) string {
	if s == "" {
		return ""
	}
	n, err := party.NewName(s)
	if err != nil {
		return strings.ToUpper(strings.TrimSpace(s))
	}
	return n.MatchKey()
}

// longestParty is the longest account and the longest name that are kept as they stand.
const longestParty = 1000

// party keeps a counterparty as account, zero byte, folded name.
func (m *Matcher) party(name, account string) span {
	if name == "" && account == "" {
		return 0
	}
	name, account = strings.ReplaceAll(foldName(name), "\x00", ""), strings.ReplaceAll(foldAccount(account), "\x00", "")
	if name == "" && account == "" {
		return 0
	}
	return m.text.add(clip(account, longestParty) + "\x00" + clip(name, longestParty))
}

func (m *Matcher) partyParts(s span) (account, name []byte) {
	if s == 0 {
		return nil, nil
	}
	account, name, _ = bytes.Cut(m.text.bytes(s), []byte{0})
	return account, name
}

func (m *Matcher) partyOf(s span) (name, account string) {
	a, n := m.partyParts(s)
	return string(n), string(a)
}

// agree says that two counterparties may be one: where both lines know an account
// it is equal, else where both know a name that is.
func (m *Matcher) agree(a, b span) bool {
	accountA, nameA := m.partyParts(a)
	accountB, nameB := m.partyParts(b)
	if len(accountA) > 0 && len(accountB) > 0 {
		return bytes.Equal(accountA, accountB)
	}
	return len(nameA) == 0 || len(nameB) == 0 || bytes.Equal(nameA, nameB)
}

// texts tells charges and interest by their words.
type texts struct {
	charges, interest []textRule
}

type textRule struct {
	TextRule

	words []string
}

func newTexts(r Rules) texts {
	fold := func(rules []TextRule) (out []textRule) {
		for _, t := range rules {
			f := textRule{TextRule: t, words: nil}
			for _, w := range t.Words {
				f.words = append(f.words, foldText(w))
			}
			out = append(out, f)
		}
		return out
	}
	return texts{charges: fold(r.Charges), interest: fold(r.Interest)}
}

// foldText makes full-width letters and signs ASCII, letters upper case, and drops blanks.
func foldText(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '\uFF01' && r <= '\uFF5E' {
			r += '!' - '\uFF01'
		}
		if r == ' ' || r == '\u3000' || r == '\t' {
			return -1
		}
		return r
	}, strings.ToUpper(s))
}

// of says what a line is by its text. One that echoes an id is a payment, whatever
// its text says.
func (t texts) of(s StatementLine) flags {
	if s.Text == "" || s.EndToEndID != "" {
		return 0
	}
	text := foldText(s.Text)
	switch {
	case named(t.charges, s, text):
		return isCharge
	case named(t.interest, s, text):
		return isInterest
	}
	return 0
}

func named(rules []textRule, s StatementLine, text string) bool {
	for _, r := range rules {
		if r.Direction == bank.Debit.String() != (s.Direction == bank.Debit) || (r.AtMost > 0 && s.Amount > r.AtMost) {
			continue
		}
		for _, w := range r.words {
			if strings.Contains(text, w) {
				return true
			}
		}
	}
	return false
}
