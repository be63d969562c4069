package match

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"twoline/gateway/bank"
	"twoline/gateway/fault"
	"twoline/gateway/money"
)

// The bounds of what rules may allow. They keep a rule from becoming a guess.
const (
	MaxTolerance money.Amount = 100
	MaxDays      int          = 31
	MaxWords     int          = 64
)

// ErrRules is rules that allow what no account may be matched by.
var ErrRules = fault.New(fault.Invalid, "match_rules", "the rules of matching are not usable")

// Rules are how one account is matched. They are data of the account.
type Rules struct {
	// Tolerance is by how much a single line may differ from its equal, at most
	// MaxTolerance; the difference stays on the Match. 0 is the default.
	Tolerance money.Amount `json:"tolerance"`
	// Days is how far the value days of equal lines may be apart: a bank's
	// settlement day is not an accounting day. At most MaxDays.
	Days int `json:"days"`
	// Off lists the passes that are not run.
	Off []Rule `json:"off"`
	// Charges and Interest name what a bank takes and gives unannounced.
	Charges  []TextRule `json:"charges"`
	Interest []TextRule `json:"interest"`
}

// TextRule tells a line of the bank by its words.
type TextRule struct {
	// Words are parts of the line's text, any of which names it, in any case and width.
	Words []string `json:"words"`
	// Direction is credit or debit, as the bank sees it.
	Direction string `json:"direction"`
	// AtMost is the largest amount that such a line has; 0 is no bound.
	AtMost money.Amount `json:"at_most"`
}

// DefaultRules returns the rules of an account that has none of its own.
func DefaultRules() Rules {
	return Rules{
		Tolerance: 0, Days: 3, Off: []Rule{},
		Charges: []TextRule{{
			//nolint:gosmopolitan // words of banks
			Words:     []string{"手续费", "工本费", "服务费", "管理费", "汇划费", "charge", "fee"},
			Direction: bank.Debit.String(), AtMost: money.MustParse("10000.00"),
		}},
		Interest: []TextRule{{
			Words:     []string{"结息", "利息", "interest"}, //nolint:gosmopolitan // words of banks
			Direction: bank.Credit.String(), AtMost: 0,
		}},
	}
}

// ParseRules reads rules from JSON. A member that is left out keeps its default;
// one that is not known is refused, so that a slip of the pen changes nothing
// silently.
func ParseRules(data []byte) (Rules, error) {
	r, defaults := DefaultRules(), DefaultRules()
	// What is read into a list that is not empty would mix with it.
	r.Charges, r.Interest = nil, nil
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Rules{}, ErrRules.Because(err)
	}
	if d.More() {
		return Rules{}, ErrRules.With("one set of rules is read; something follows it")
	}
	if r.Charges == nil {
		r.Charges = defaults.Charges
	}
	if r.Interest == nil {
		r.Interest = defaults.Interest
	}
	return r, r.Validate()
}

// Validate returns ErrRules with the field that is out of bounds and its bound.
func (r Rules) Validate() error {
	if r.Tolerance < 0 || r.Tolerance > MaxTolerance {
		return ErrRules.With("the tolerance is at most %s", MaxTolerance).On("tolerance")
	}
	if r.Days < 0 || r.Days > MaxDays {
		return ErrRules.With("the days are 0 to %d", MaxDays).On("days")
	}
	for _, off := range r.Off {
		if !slices.Contains(AllRules(), off) {
			return ErrRules.With("off lists no rule that there is").On("off")
		}
	}
	if err := validTexts(r.Charges, "charges"); err != nil {
		return err
	}
	return validTexts(r.Interest, "interest")
}

func validTexts(rules []TextRule, field string) error {
	words := 0
	for _, t := range rules {
		if t.Direction != bank.Credit.String() && t.Direction != bank.Debit.String() {
			return ErrRules.With("the direction is credit or debit").On(field)
		}
		if t.AtMost < 0 {
			return ErrRules.With("the largest amount is not negative").On(field)
		}
		for _, w := range t.Words {
			if strings.TrimSpace(w) == "" {
				return ErrRules.With("a word that names a line is not empty").On(field)
			}
		}
		words += len(t.Words)
		if len(t.Words) == 0 || words > MaxWords {
			return ErrRules.With("the rules have words, at most %d", MaxWords).On(field)
		}
	}
	return nil
}

// Runs says that a pass is not switched off.
func (r Rules) Runs(rule Rule) bool { return !slices.Contains(r.Off, rule) }
