package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"twoline/gateway/calendar"
	"twoline/gateway/money"
)

// Rule names what is decided.
type Rule string

// The rules.
const (
	// CollectionMode says who collects: the agency, or the tax authority.
	CollectionMode Rule = "collection_mode"
	// IncomeZeroAtMonthEnd says whether a month with money left on the income
	// account is refused to close.
	IncomeZeroAtMonthEnd Rule = "income_zero_at_month_end"
	// ContributionTiers are the yearly amounts that a member may choose.
	ContributionTiers Rule = "contribution_tiers"
	// CollectionCutoff is the last day of a year on which its contribution is taken.
	CollectionCutoff Rule = "collection_cutoff"
	// ArrivalSuspenseDays is how many working days arrived money waits for the
	// result that explains it.
	ArrivalSuspenseDays Rule = "arrival_suspense_days"
)

// Mode is who collects contributions.
type Mode string

// The modes.
const (
	Agency Mode = "agency"
	Tax    Mode = "tax"
)

// Cutoff is a day of every year, as month and day.
type Cutoff struct{ month, day int }

// In returns the cut-off's day in a year.
func (c Cutoff) In(year int) calendar.Day {
	// The day was checked in a common year, so it stands in every year.
	d, err := calendar.Date(year, c.month, c.day)
	if err != nil {
		return calendar.Day{}
	}
	return d
}

// String returns MM-DD.
func (c Cutoff) String() string { return fmt.Sprintf("%02d-%02d", c.month, c.day) }

// The errors of values. Each says what the value must be.
var (
	ErrRule = errors.New("rule must be one of: arrival_suspense_days, collection_cutoff, collection_mode, " +
		"contribution_tiers, income_zero_at_month_end")
	ErrMode   = errors.New("value must be agency or tax")
	ErrFlag   = errors.New("value must be true or false")
	ErrTiers  = errors.New("value must be rising amounts of yuan above zero, each once, separated by one blank")
	ErrCutoff = errors.New("value must be a day of every year as MM-DD")
	ErrDays   = errors.New("value must be a number of working days from 0 to 366")
)

const maxDays = 366

// Value is what a rule says. It was checked when it was made and never changes;
// its zero value is no value.
type Value struct {
	rule   Rule
	mode   Mode
	flag   bool
	tiers  []money.Amount
	cutoff Cutoff
	days   int
}

// ParseText reads a value as a person writes it in a file: agency, true,
// "100 200 300.00", 12-25, 3.
func ParseText(rule Rule, s string) (Value, error) {
	switch rule {
	case CollectionMode:
		return parseMode(s)
	case IncomeZeroAtMonthEnd:
		return parseFlag(s)
	case ContributionTiers:
		var words []string
		if s != "" {
			words = strings.Split(s, " ")
		}
		return parseTiers(words)
	case CollectionCutoff:
		return parseCutoff(s)
	case ArrivalSuspenseDays:
		return parseDays(s)
	}
	return Value{}, ErrRule
}

// ParseJSON reads a value as it is stored: a string, a boolean, a number of days
// or a list of amounts as strings of yuan.
func ParseJSON(rule Rule, raw []byte) (Value, error) {
	switch rule {
	case CollectionMode, CollectionCutoff:
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ParseText(rule, "")
		}
		return ParseText(rule, s)
	case IncomeZeroAtMonthEnd, ArrivalSuspenseDays:
		return ParseText(rule, string(raw))
	case ContributionTiers:
		var words []string
		if json.Unmarshal(raw, &words) != nil {
			return Value{}, ErrTiers
		}
		return parseTiers(words)
	}
	return Value{}, ErrRule
}

func parseMode(s string) (Value, error) {
	switch m := Mode(s); m {
	case Agency, Tax:
		return Value{rule: CollectionMode, mode: m}, nil
	}
	return Value{}, ErrMode
}

func parseFlag(s string) (Value, error) {
	if s != "true" && s != "false" {
		return Value{}, ErrFlag
	}
	return Value{rule: IncomeZeroAtMonthEnd, flag: s == "true"}, nil
}

func parseTiers(words []string) (Value, error) {
	tiers := make([]money.Amount, 0, len(words))
	for _, w := range words {
		if !strings.Contains(w, ".") {
			w += ".00"
		}
		a, err := money.Parse(w)
		if err != nil || a <= 0 || (len(tiers) > 0 && a <= tiers[len(tiers)-1]) {
			return Value{}, ErrTiers
		}
		tiers = append(tiers, a)
	}
	if len(tiers) == 0 {
		return Value{}, ErrTiers
	}
	return Value{rule: ContributionTiers, tiers: tiers}, nil
}

func parseCutoff(s string) (Value, error) {
	// Read in a common year: 29 February is no day of every year.
	d, err := calendar.ParseDay("2001-" + s)
	if err != nil {
		return Value{}, ErrCutoff
	}
	return Value{rule: CollectionCutoff, cutoff: Cutoff{d.Month().Number(), d.DayOfMonth()}}, nil
}

func parseDays(s string) (Value, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > maxDays || strconv.Itoa(n) != s {
		return Value{}, ErrDays
	}
	return Value{rule: ArrivalSuspenseDays, days: n}, nil
}

// JSON returns the value as it is stored; ParseJSON reads it back.
func (v Value) JSON() string {
	switch v.rule {
	case CollectionMode, CollectionCutoff:
		return strconv.Quote(v.String())
	case IncomeZeroAtMonthEnd, ArrivalSuspenseDays:
		return v.String()
	case ContributionTiers:
		return `["` + strings.Join(v.words(), `","`) + `"]`
	}
	return "null"
}

// String returns the value as a file carries it; ParseText reads it back.
func (v Value) String() string {
	switch v.rule {
	case CollectionMode:
		return string(v.mode)
	case IncomeZeroAtMonthEnd:
		return strconv.FormatBool(v.flag)
	case ContributionTiers:
		return strings.Join(v.words(), " ")
	case CollectionCutoff:
		return v.cutoff.String()
	case ArrivalSuspenseDays:
		return strconv.Itoa(v.days)
	}
	return ""
}

func (v Value) words() []string {
	words := make([]string, len(v.tiers))
	for i, t := range v.tiers {
		words[i] = t.String()
	}
	return words
}

// Equal says that both are the same value of the same rule.
func (v Value) Equal(other Value) bool {
	return v.rule == other.rule && v.mode == other.mode && v.flag == other.flag && v.cutoff == other.cutoff &&
		v.days == other.days && slices.Equal(v.tiers, other.tiers)
}
